//! An agent with one emulated printer of any family at a TCP port.

use std::fs;
use std::path::PathBuf;
use std::thread;

use ferrotill_device::emulator::{Family, FaultKind, FaultOrder, Power, Rig, RigOptions};

use super::configuration;
use super::outside::{Process, until};

/// A running agent, its printer and its authority.
pub struct MachineShop {
    pub agent: Process,
    pub rig: Rig,
    pub file: PathBuf,
    _office: Process,
    _folder: tempfile::TempDir,
}

impl MachineShop {
    /// A shop with a printer of this family; without a firmware it has the family's usual one.
    pub fn open(family: &str, firmware: Option<&str>) -> Self {
        let firmware = firmware.map(str::to_owned);
        Self::open_with(
            family,
            |options| RigOptions {
                firmware,
                ..options
            },
            |_| {},
        )
    }

    /// A shop with a printer of this family and these options; `before` is done to the printer before the agent starts.
    pub fn open_with(
        family: &str,
        machine: impl FnOnce(RigOptions) -> RigOptions,
        before: impl FnOnce(&Rig),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::start(machine(RigOptions {
            family: Family::parse(family).unwrap(),
            tcp: Some("127.0.0.1:0".parse().unwrap()),
            ..RigOptions::new(folder.path().join("printer"))
        }))
        .unwrap();
        before(&rig);
        let office = Process::authority();
        let file = folder.path().join("ferrotill.toml");
        let books = folder.path().join("books");
        let uri = format!("{family}+tcp://{}", rig.address().unwrap());
        let text = configuration(books.to_str().unwrap(), &uri, &office.client.url);
        fs::write(&file, text).unwrap();
        Self {
            agent: Process::agent(&file),
            rig,
            file,
            _office: office,
            _folder: folder,
        }
    }

    /// Sends a request, and starts printer and agent again after a crash at this command: the printer executes it and loses its power
    /// before it answers, and the agent is killed.
    pub fn crash_at(&mut self, command: u8, path: &'static str, body: &str) {
        self.rig.add_fault(FaultOrder {
            kind: FaultKind::PowerCut,
            command: Some(command),
            times: 1,
            ms: 0,
        });
        let caller = thread::spawn({
            let (client, body) = (self.agent.client.clone(), body.to_owned());
            move || client.post(path, &body)
        });
        until("the command is executed", || {
            self.rig.snapshot(false).power != "on"
        });
        self.agent.kill();
        // The caller gets no answer, and ends with that.
        let _ = caller.join();
        self.rig.set_power(Power::On);
        self.agent = Process::agent(&self.file);
    }
}
