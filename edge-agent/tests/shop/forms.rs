//! Emulated printers behind relays that rewrite one answer each, and one agent with a till for each of them.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use ferrotill_device::emulator::{Family, FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_device::family::Protocol;
use ferrotill_device::wire::framing::{PREAMBLE, TERMINATOR};
use ferrotill_device::wire::zfp_frame as zfp;
use ferrotill_testkit::config::{ConfigText, Device};
use ferrotill_testkit::relay::AnswerRewriter;
use uuid::Uuid;

use super::outside::{Process, until};
use super::{Client, Reply};

/// The answers that a relay rewrites; a test may change it.
type Rewriting = Arc<Mutex<Option<AnswerRewriter>>>;

/// A till with a printer of its own behind a relay.
pub struct FormTill {
    pub family: &'static Protocol,
    pub rig: Rig,
    /// The id of the till's device.
    pub device: &'static str,
    address: SocketAddr,
    rewriting: Rewriting,
}

impl FormTill {
    /// A printer of this family, behind a relay that rewrites these answers.
    pub fn new(
        family: &'static Protocol,
        folder: &Path,
        change: impl FnOnce(RigOptions) -> RigOptions,
        rewriter: Option<AnswerRewriter>,
    ) -> Self {
        let device = Uuid::new_v4().to_string().leak();
        let rig = Rig::start(change(RigOptions {
            family: Family::parse(family.name).unwrap(),
            tcp: Some("127.0.0.1:0".parse().unwrap()),
            ..RigOptions::new(folder.join(&*device))
        }))
        .unwrap();
        let rewriting: Rewriting = Arc::new(Mutex::new(rewriter));
        let address = relay(rig.address().unwrap(), family, Arc::clone(&rewriting));
        Self {
            family,
            rig,
            device,
            address,
            rewriting,
        }
    }

    /// Lets the relay rewrite other answers.
    pub fn rewrite(&self, rewriter: Option<AnswerRewriter>) {
        *self.rewriting.lock().unwrap() = rewriter;
    }

    /// The till's section of the configuration.
    pub fn section(&self) -> Device {
        let uri = format!("{}+tcp://{}", self.family.name, self.address);
        Device::new(self.device, self.device, &uri)
            .tax_group("A", "20.00")
            .tax_group("B", "8.00")
    }

    /// Makes the printer lose its power when it has closed the receipt of the next sale, and switches it on again. Returns the
    /// answer to the sale, which is repeated until its outcome is known or a person must say it.
    pub fn sells_and_loses_the_close(&self, client: &Client, id: Uuid, sale: &str) -> Reply {
        let caller = self.loses_the_close(client, id, sale);
        self.rig.set_power(Power::On);
        self.repeats(client, id, sale, caller.join().unwrap())
    }

    /// Sends a sale and makes the printer lose its power when it has closed the receipt. Returns the caller, who waits for the
    /// answer.
    pub fn loses_the_close(&self, client: &Client, id: Uuid, sale: &str) -> JoinHandle<Reply> {
        self.rig.add_fault(FaultOrder {
            kind: FaultKind::PowerCut,
            command: Some(self.family.close.command),
            times: 1,
            ms: 0,
        });
        let (client, body) = (client.clone(), with_id(sale, id));
        let caller = thread::spawn(move || client.post("operations/sale", &body));
        until("the close is executed", || {
            self.rig.snapshot(false).power != "on"
        });
        caller
    }

    /// Repeats a sale after this answer until its outcome is known or a person must say it. Returns the last answer.
    pub fn repeats(&self, client: &Client, id: Uuid, sale: &str, mut answer: Reply) -> Reply {
        let body = with_id(sale, id);
        until("the outcome is known, or a person is asked", || {
            if answer.status != 200 && !needs_a_person(client, id) {
                answer = client.post("operations/sale", &body);
            }
            answer.status == 200 || needs_a_person(client, id)
        });
        answer
    }
}

/// The body of a sale with its request id.
pub fn with_id(sale: &str, id: Uuid) -> String {
    sale.replacen('{', &format!("{{\"id\":\"{id}\","), 1)
}

/// Whether a person must say what became of this order.
fn needs_a_person(client: &Client, id: Uuid) -> bool {
    let order = client.open(&format!("/operations/{id}"));
    order.text.contains("\"needs_a_person\":true")
}

/// An agent with these tills, and its authority.
pub struct FormShop {
    pub agent: Process,
    pub tills: Vec<FormTill>,
    file: PathBuf,
    _office: Process,
}

impl FormShop {
    pub fn open(
        folder: &Path,
        tills: Vec<FormTill>,
        section: impl Fn(usize, &FormTill) -> Device,
    ) -> Self {
        Self::open_with(folder, tills, section, |config| config)
    }

    /// A shop whose configuration is changed.
    pub fn open_with(
        folder: &Path,
        tills: Vec<FormTill>,
        section: impl Fn(usize, &FormTill) -> Device,
        change: impl FnOnce(ConfigText) -> ConfigText,
    ) -> Self {
        let office = Process::authority();
        let config = ConfigText::new("MD", folder.join("books"))
            .owner("Test SRL", "1003600000001")
            .upstream(&office.client.url);
        let sections = tills.iter().enumerate();
        let sections = sections.map(|(place, till)| section(place, till));
        let config = change(sections.fold(config, ConfigText::device));
        let file = folder.join("ferrotill.toml");
        std::fs::write(&file, config.to_string()).unwrap();
        Self {
            agent: Process::agent(&file),
            tills,
            file,
            _office: office,
        }
    }

    /// Ends the agent and starts it again.
    pub fn restart(&mut self) {
        self.agent.kill();
        self.agent = Process::agent(&self.file);
    }

    /// Plays something at every till at the same time, and panics with all failures.
    pub fn at_every_till(&self, play: impl Fn(usize, &FormTill, &Client) + Sync) {
        let mut failed = Vec::new();
        thread::scope(|scope| {
            let players: Vec<_> = (self.tills.iter().enumerate())
                .map(|(place, till)| {
                    let client = self.agent.client.on(till.device);
                    scope.spawn({
                        let play = &play;
                        move || play(place, till, &client)
                    })
                })
                .collect();
            for (place, player) in players.into_iter().enumerate() {
                if player.join().is_err() {
                    failed.push(self.tills[place].family.name);
                }
            }
        });
        assert!(failed.is_empty(), "tills that failed: {failed:?}");
    }
}

/// The next bytes of a printer: a whole frame, or a single byte outside of a frame. `None` at the end of the connection.
fn next_frame(line: &mut impl BufRead, family: &Protocol) -> Option<Vec<u8>> {
    let (starts, end): (&[u8], u8) = if family.framing.replays() {
        (&[PREAMBLE], TERMINATOR)
    } else {
        (&[zfp::STX, zfp::ACK], zfp::ETX)
    };
    let mut frame = vec![0];
    line.read_exact(&mut frame).ok()?;
    if starts.contains(&frame[0]) && line.read_until(end, &mut frame).ok()? == 0 {
        return None;
    }
    Some(frame)
}

/// A relay between the agent and a printer.
fn relay(printer: SocketAddr, family: &'static Protocol, rewriting: Rewriting) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for host in listener.incoming() {
            let (mut host, line) = (host.unwrap(), TcpStream::connect(printer).unwrap());
            let mut from_host = host.try_clone().unwrap();
            let mut to_line = line.try_clone().unwrap();
            thread::spawn(move || {
                let _ = std::io::copy(&mut from_host, &mut to_line);
                let _ = to_line.shutdown(std::net::Shutdown::Both);
            });
            let mut line = BufReader::new(line);
            while let Some(mut frame) = next_frame(&mut line, family) {
                if let Some(rewriter) = &*rewriting.lock().unwrap() {
                    frame = rewriter.pass(&frame);
                }
                if host.write_all(&frame).is_err() {
                    break;
                }
            }
            let _ = host.shutdown(std::net::Shutdown::Both);
        }
    });
    address
}
