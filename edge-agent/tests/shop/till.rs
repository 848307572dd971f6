//! A till in this process that can be stopped and started again, also after a power cut, with a network that can fail.
//!
//! If another program is tested, the till is a process of that program. Then its pauses last their real time, and a test that moves
//! its clock fails with the reason.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use ferrotill::simulator::tax_office::{self, Strictness, TaxOfficeSimulator};
use ferrotill::time::clock::{Clock, system_ms};
use ferrotill_device::emulator::{Family, Rig, RigOptions};
use ferrotill_store::FILE_NAME;
use ferrotill_testkit::config::{ConfigText, text};
use ferrotill_testkit::network::Proxy;
use ferrotill_testkit::program;

use super::agent_thread::{ANYWHERE, AgentThread, RunningAgent, in_runtime};
use super::outside::Process;
use super::{Client, Reply, config, count};

/// A till, its printer and its tax authority.
pub struct Till {
    pub folder: tempfile::TempDir,
    pub rig: Rig,
    /// The number of seconds by which the printer's clock is ahead of the real time.
    pub printer_ahead_s: Arc<AtomicI64>,
    pub authority: TaxOfficeSimulator,
    pub network: Proxy,
    pub clock: Arc<Clock>,
    config: ConfigText,
    open: Option<RunningAgent>,
}

impl Till {
    /// A till that is not started yet; `change` may change its configuration.
    pub fn new(change: impl Fn(ConfigText) -> ConfigText) -> Self {
        Self::new_on(None, change)
    }

    /// A till that is not started yet, with a printer on a line of this speed in bits per second.
    pub fn new_on(baud: Option<u32>, change: impl Fn(ConfigText) -> ConfigText) -> Self {
        Self::new_of("datecs", baud, change)
    }

    /// A till that is not started yet, with a printer of a family on a line of this speed.
    pub fn new_of(
        family: &str,
        baud: Option<u32>,
        change: impl Fn(ConfigText) -> ConfigText,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let printer_ahead_s = Arc::new(AtomicI64::new(0));
        let rig = Rig::start(RigOptions {
            family: Family::parse(family).unwrap(),
            memory: Some(folder.path().join("memory")),
            baud,
            clock: Some(Arc::new({
                let ahead = Arc::clone(&printer_ahead_s);
                move || system_ms() / 1_000 + ahead.load(Ordering::Acquire)
            })),
            ..RigOptions::new(link.clone())
        })
        .unwrap();
        let authority = TaxOfficeSimulator::new(Strictness::AnyObject);
        let network = Proxy::to(serve_authority(authority.clone()));
        let uri = format!("{family}+serial://{}?baud=115200", link.display());
        let config = config(&folder.path().join("books"), &uri, &network.url)
            .set("upstream", "dwell_s", 0)
            .set("upstream", "timeout_ms", 400)
            .set("upstream", "offline_after_ms", 600)
            // The clock of the emulated printer shows UTC.
            .set("till", "time_zone", text("UTC"));
        Self {
            folder,
            rig,
            printer_ahead_s,
            authority,
            network,
            clock: Arc::new(Clock::new(Some("UTC")).unwrap()),
            config: change(config),
            open: None,
        }
    }

    /// Makes a till and starts it.
    pub fn open() -> Self {
        Self::open_with(|config| config)
    }

    pub fn open_with(change: impl Fn(ConfigText) -> ConfigText) -> Self {
        let mut till = Self::new(change);
        till.start();
        till
    }

    /// Changes the configuration of a till that is stopped; the next start reads it.
    pub fn configure(&mut self, change: impl FnOnce(ConfigText) -> ConfigText) {
        self.config = change(self.config.clone());
    }

    /// Writes the configuration into a file, for the commands of the program.
    pub fn write_configuration(&self) -> std::path::PathBuf {
        let file = self.folder.path().join("ferrotill.toml");
        std::fs::write(&file, self.config.to_string()).unwrap();
        file
    }

    /// Starts the till.
    pub fn start(&mut self) {
        if program::other().is_some() {
            self.start_other();
            return;
        }
        let config = self.config.to_string();
        let (agent, ()) = AgentThread::start(&config, Some(&self.clock), |_| ());
        self.open = Some(RunningAgent::InThisProcess(agent));
    }

    /// Starts the till as a process of the other program.
    fn start_other(&mut self) {
        self.check_clock();
        let file = self.folder.path().join("ferrotill.toml");
        std::fs::write(&file, self.config.to_string()).unwrap();
        let process = Process::agent(&file);
        self.open = Some(RunningAgent::Other(process));
    }

    /// The clock of another program cannot be moved.
    fn check_clock(&self) {
        let moved = (self.clock.now().utc_ms - system_ms()).abs() > 1_000;
        assert!(
            program::other().is_none() || !moved,
            "this test moves the till's clock, which another program does not have"
        );
    }

    /// Stops the till, changes its configuration, and starts it again.
    pub fn restart_with(&mut self, change: impl FnOnce(ConfigText) -> ConfigText) {
        self.stop();
        self.config = change(self.config.clone());
        self.start();
    }

    /// Stops the till.
    pub fn stop(&mut self) {
        if let Some(agent) = self.open.take() {
            agent.stop();
        }
    }

    /// Cuts the power of the machine. Afterwards the machine's clock is wrong by this many milliseconds.
    pub fn power_cut(&mut self, wrong_ms: i64) {
        assert!(
            program::other().is_none(),
            "this test starts the machine again, which another program does not notice"
        );
        self.stop();
        self.clock = Arc::new(self.clock.after_a_reboot());
        self.clock.set_wrong(wrong_ms);
        self.start();
    }

    pub fn client(&self) -> &Client {
        self.check_clock();
        self.open.as_ref().expect("open").client()
    }

    /// Makes a sale, which must succeed. Returns true if its receipt is fiscal.
    pub fn sells(&self) -> bool {
        let sold = self.client().post("operations/sale", SALE);
        assert_eq!(
            (sold.status, sold.state.as_deref()),
            (200, Some("registered")),
            "{}",
            sold.text
        );
        sold.at("data.receiptType") == "FiscalReceipt"
    }

    /// Sells until a receipt is of the wanted kind. Every sale must succeed.
    pub fn sells_until(&self, fiscal: bool) -> u32 {
        let begun = Instant::now();
        let mut sales = 1;
        while self.sells() != fiscal {
            sales += 1;
            assert!(
                begun.elapsed() < LONG,
                "fiscal {fiscal}: not after {sales} sales"
            );
            // The sender's pauses are skipped, so that the test does not wait for them.
            self.clock.skip(SKIP_MS);
            std::thread::sleep(STEP);
        }
        sales
    }

    pub fn health(&self) -> Reply {
        self.client().open("/healthz")
    }

    pub fn unsent(&self) -> u64 {
        count(&self.health().body, "unsent.documents")
    }

    /// Waits for a condition. The till's clock runs fifty times as fast as the machine's meanwhile, so nothing else may end in that time.
    pub fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        self.wait(what, SKIP_MS, condition);
    }

    /// Waits for a condition that the till reaches before a time of its own has passed. The till's clock runs as the machine's does.
    pub fn until_in_time(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        self.wait(what, 0, condition);
    }

    fn wait(&self, what: &str, skip_ms: u64, condition: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            assert!(begun.elapsed() < LONG, "{what}: {}", self.health().text);
            self.clock.skip(skip_ms);
            std::thread::sleep(STEP);
        }
    }

    /// The times of the journal rows, in the order of the rows.
    pub fn moments(&self) -> Vec<i64> {
        self.raw()
            .prepare("SELECT at FROM journal ORDER BY seq")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// The encoded events of one kind in the journal.
    pub fn payloads(&self, kind: u16) -> Vec<Vec<u8>> {
        self.raw()
            .prepare("SELECT payload FROM journal WHERE kind = ?1 ORDER BY seq")
            .unwrap()
            .query_map([kind], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// The numbers of the sealed documents, in the order in which they were sealed.
    pub fn numbers(&self) -> Vec<u32> {
        self.raw()
            .prepare("SELECT number FROM document WHERE number IS NOT NULL ORDER BY settled_seq")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    /// How many contacts of buyers are kept.
    pub fn contacts(&self) -> u32 {
        self.raw()
            .query_row("SELECT count(*) FROM contact", [], |row| row.get(0))
            .unwrap()
    }

    pub fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("books").join(FILE_NAME)).unwrap()
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Serves an authority simulator until the process ends.
pub fn serve_authority(authority: TaxOfficeSimulator) -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        in_runtime(async {
            let listener = tokio::net::TcpListener::bind(ANYWHERE).await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            tax_office::serve(listener, authority, std::future::pending()).await;
        });
    });
    told.recv().unwrap()
}

/// The body of a sale of one coffee. The till decides which kind of receipt the sale gets.
pub const SALE: &str = r#"{"items":[{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":30}]}"#;
const LONG: Duration = Duration::from_secs(60);
/// Between two checks the sender's pauses are shortened by this many milliseconds, and the other threads get this much real
/// time.
const SKIP_MS: u64 = 250;
const STEP: Duration = Duration::from_millis(5);
