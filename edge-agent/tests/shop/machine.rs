//! An agent with one emulated printer of any family at a TCP port.

use std::fs;
use std::path::PathBuf;

use ferrotill_device::emulator::{Family, Rig, RigOptions};

use super::configuration;
use super::outside::Process;

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
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::start(RigOptions {
            family: Family::parse(family).unwrap(),
            firmware: firmware.map(str::to_owned),
            tcp: Some("127.0.0.1:0".parse().unwrap()),
            ..RigOptions::new(folder.path().join("printer"))
        })
        .unwrap();
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
}
