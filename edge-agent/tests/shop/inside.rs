//! The whole shop in this process: emulated printer, authority simulator, agent, and a recording of the commands to the
//! printer. If another program is tested, the agent is a process of that program.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ferrotill::api::service::Service;
use ferrotill::simulator::tax_office::{Strictness, TaxOfficeSimulator};
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_device::wire::decoder::{Decoder, Token};
use ferrotill_device::wire::framing::Request;
use ferrotill_device::wire::isl::FRAMING;
use ferrotill_testkit::config::ConfigText;
use ferrotill_testkit::program;

use super::agent_thread::{ANYWHERE, AgentThread, RunningAgent};
use super::outside::Process;
use super::till::serve_authority;
use super::{Client, config};

/// A running shop. Dropping this value stops it.
pub struct Shop {
    pub rig: Rig,
    pub office: TaxOfficeSimulator,
    pub client: Client,
    pub service: ServiceInside,
    /// The commands that were sent to the printer.
    tapped: Arc<Mutex<Vec<Request>>>,
    agent: RunningAgent,
    _folder: tempfile::TempDir,
}

/// The shared state of the routes, if the agent is in this process.
pub struct ServiceInside(Option<Arc<Service>>);

impl Deref for ServiceInside {
    type Target = Service;

    fn deref(&self) -> &Service {
        let service = self.0.as_ref();
        service.expect("this test looks into the agent, which another program does not allow")
    }
}

impl Shop {
    pub fn open() -> Self {
        Self::open_with(|config| config)
    }

    /// A shop whose configuration is changed.
    pub fn open_with(change: impl Fn(ConfigText) -> ConfigText) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let rig = Rig::start(RigOptions::new(link.clone())).unwrap();
        let (printer, tapped) = tap(&link);
        let uri = format!("datecs+tcp://{printer}");
        let office = TaxOfficeSimulator::new(Strictness::Rules);
        let url = format!("http://{}", serve_authority(office.clone()));
        let config = change(config(&folder.path().join("books"), &uri, &url)).to_string();
        let (client, service, agent) = if program::other().is_some() {
            let file = folder.path().join("ferrotill.toml");
            std::fs::write(&file, config).unwrap();
            let process = Process::agent(&file);
            (
                process.client.clone(),
                ServiceInside(None),
                RunningAgent::Other(process),
            )
        } else {
            let (agent, service) =
                AgentThread::start(&config, None, |agent| Arc::clone(agent.service()));
            (
                agent.client.clone(),
                ServiceInside(Some(service)),
                RunningAgent::InThisProcess(agent),
            )
        };
        Self {
            rig,
            office,
            client,
            service,
            tapped,
            agent,
            _folder: folder,
        }
    }

    /// The data of all commands of one kind that were sent to the printer, in order.
    pub fn sent(&self, command: u8) -> Vec<Vec<u8>> {
        let tapped = self.tapped.lock().unwrap();
        tapped
            .iter()
            .filter(|request| request.command == command)
            .map(|request| request.data.clone())
            .collect()
    }

    /// Total, items and kind of the fiscal receipts in the memory of the printer.
    pub fn receipts(&self) -> Vec<(String, u32, &'static str)> {
        let snapshot = self.rig.snapshot(true);
        snapshot
            .fiscal_receipts
            .into_iter()
            .map(|receipt| (receipt.total, receipt.items, receipt.kind))
            .collect()
    }
}

/// Starts a printer server in front of the line at `link`. It forwards the commands to the printer and records them.
fn tap(link: &Path) -> (SocketAddr, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind(ANYWHERE).unwrap();
    let address = listener.local_addr().unwrap();
    let tapped = Arc::new(Mutex::new(Vec::new()));
    let no_terminal_of_ours = nix::fcntl::OFlag::O_NOCTTY.bits();
    let line = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(no_terminal_of_ours)
        .open(link)
        .unwrap();
    std::thread::spawn({
        let tapped = Arc::clone(&tapped);
        move || {
            for host in listener.incoming() {
                let Ok(host) = host else { return };
                relay(host, &line, &tapped);
            }
        }
    });
    (address, tapped)
}

/// Forwards bytes both ways until the host disconnects.
fn relay(host: TcpStream, line: &File, tapped: &Mutex<Vec<Request>>) {
    let (mut to_line, mut from_line) = (line.try_clone().unwrap(), line.try_clone().unwrap());
    let (mut from_host, mut to_host) = (host.try_clone().unwrap(), host);
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok(count @ 1..) = from_line.read(&mut buffer) {
            if to_host.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    });
    let mut decoder = Decoder::new(FRAMING);
    let mut buffer = [0; 512];
    while let Ok(count @ 1..) = from_host.read(&mut buffer) {
        for byte in &buffer[..count] {
            if let Some(Token::Frame(frame)) = decoder.push(*byte) {
                tapped
                    .lock()
                    .unwrap()
                    .push(Request::parse(&FRAMING, &frame).unwrap());
            }
        }
        if to_line.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
