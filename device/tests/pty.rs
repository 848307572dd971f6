//! Tests of all parts together: driver, serial port, pseudo-terminal, emulated printer in its own thread.
#![cfg(all(feature = "emulator", feature = "serial"))]

mod bench;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bench::*;
use ferrotill_device::emulator::{Cable, Family, FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_device::port::PortOpener as _;
use ferrotill_device::port::serial::SerialOpener;
use ferrotill_device::{
    DriverUri, Fault, FiscalPrinter, Job, JournalEvidence, Performed, Recovered, driver,
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("ferrotill-pty-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn link(&self) -> PathBuf {
        self.0.join("printer")
    }

    fn driver(&self) -> Box<dyn FiscalPrinter> {
        self.driver_of("datecs")
    }

    fn driver_of(&self, family: &str) -> Box<dyn FiscalPrinter> {
        let uri = format!("{family}+serial://{}", self.link().display());
        driver::open(&DriverUri::parse(&uri).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_day_over_a_real_pty() {
    let folder = Folder::new("day");
    let mut options = RigOptions::new(folder.link());
    options.memory = Some(folder.0.join("memory"));
    let rig = Rig::start(options.clone()).unwrap();
    let mut printer = folder.driver();
    let baseline = printer.connect().unwrap().baseline;
    let sold = registered(printer.perform(&sale(), &baseline, &mut Notes::new()));
    assert_eq!(rig.snapshot(false).fiscal_receipts[0].total, "18.58");
    assert!(rig.paper().contains("Paine alba"));

    // The answer of the close is lost until the driver asks.
    rig.add_fault(FaultOrder {
        kind: FaultKind::DropAnswer,
        command: Some(0x38),
        times: 1,
        ms: 0,
    });
    let again = registered(printer.perform(&sale(), &sold.after, &mut Notes::new()));
    assert_eq!(again.document, 2);
    let z = registered(printer.perform(&Job::ZReport, &again.after, &mut Notes::new()));
    assert_eq!(z.report.unwrap().z_number, Some(1));

    // The printer is restarted with the same link: the driver finds the printer again, with its memory.
    drop(rig);
    assert!(!folder.link().exists());
    let refusal = not_registered(printer.perform(&sale(), &z.after, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::PortMissing);
    let rig = Rig::start(options).unwrap();
    let last = registered(printer.perform(&sale(), &z.after, &mut Notes::new()));
    assert_eq!(last.document, 4);
    let snapshot = rig.snapshot(true);
    assert_eq!((snapshot.z_number, snapshot.fiscal_receipts.len()), (1, 3));
}

#[test]
fn a_job_is_settled_after_cable_and_power_were_out() {
    let folder = Folder::new("cable");
    let rig = Rig::start(RigOptions::new(folder.link())).unwrap();
    let mut printer = folder.driver();
    let baseline = printer.connect().unwrap().baseline;
    rig.add_fault(FaultOrder {
        kind: FaultKind::Unplug,
        command: Some(0x35),
        times: 1,
        ms: 0,
    });
    let outcome = printer.perform(&sale(), &baseline, &mut Notes::new());
    assert!(matches!(outcome, Performed::Unknown(_)), "{outcome:?}");
    until("the link goes", || !folder.link().exists());
    let outcome = printer.recover(
        &sale(),
        &baseline,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert_eq!(outcome, Recovered::Unknown(Fault::PortMissing));
    rig.set_cable(Cable::In);
    until("the link comes back", || folder.link().exists());
    let outcome = printer.recover(
        &sale(),
        &baseline,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    let cancelled = not_registered(outcome);
    assert_eq!(cancelled.fault, Fault::Cancelled);

    rig.add_fault(FaultOrder {
        kind: FaultKind::PowerCut,
        command: Some(0x38),
        times: 1,
        ms: 0,
    });
    let baseline = cancelled.after.unwrap();
    let outcome = printer.perform(&sale(), &baseline, &mut Notes::new());
    assert_eq!(outcome, Performed::Unknown(Fault::NoAnswer));
    assert_eq!(rig.snapshot(false).power, "off");
    rig.set_power(Power::On);
    let outcome = printer.recover(
        &sale(),
        &baseline,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert_eq!(registered(outcome).document, baseline.last_document + 1);
    assert_eq!(rig.snapshot(false).fiscal_receipts.len(), 1);
}

#[test]
fn a_line_opens_at_every_speed_and_for_one_program_only() {
    let folder = Folder::new("speeds");
    let _rig = Rig::start(RigOptions::new(folder.link())).unwrap();
    for baud in [
        1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400,
    ] {
        let uri = format!("datecs+serial://{}?baud={baud}", folder.link().display());
        let Ok(uri) = DriverUri::parse(&uri) else {
            assert_eq!(baud, 230_400, "not a speed of a printer");
            continue;
        };
        let mut printer = driver::open(&uri);
        let found = printer.connect().unwrap().address;
        assert!(found.ends_with(&format!("at {baud} baud")), "{found}");
        let mut second = driver::open(&uri);
        assert_eq!(second.connect(), Err(Fault::PortTaken), "{baud}");
        let mut opener = SerialOpener::new(folder.link().to_str().unwrap(), baud);
        let busy = opener.open().err().unwrap().to_string();
        assert!(busy.contains("another program uses"), "{busy}");
    }
}

#[test]
fn a_missing_line_is_reported_with_the_lines_of_the_machine() {
    let error = SerialOpener::new("/dev/no-such-line", 9_600).open();
    let error = error.err().unwrap().to_string();
    assert!(error.contains("/dev/no-such-line"), "{error}");
    assert!(error.contains("serial port"), "{error}");
}

#[test]
fn every_family_sells_over_a_real_pty() {
    for name in Family::NAMES {
        let Some(family) = ferrotill_device::family::of_name(name) else {
            continue;
        };
        let folder = Folder::new(name);
        let mut options = RigOptions::new(folder.link());
        options.family = Family::parse(name).unwrap();
        let rig = Rig::start(options).unwrap();
        let mut printer = folder.driver_of(name);
        let connected = printer.connect().unwrap();
        assert_eq!(connected.model, family.model.name);
        // The answer of the close is lost until the driver asks.
        rig.add_fault(FaultOrder {
            kind: FaultKind::DropAnswer,
            command: Some(family.close.command),
            times: 1,
            ms: 0,
        });
        let sold = registered(printer.perform(&sale(), &connected.baseline, &mut Notes::new()));
        let z = registered(printer.perform(&Job::ZReport, &sold.after, &mut Notes::new()));
        assert_eq!(z.report.unwrap().z_number, Some(1));
        let snapshot = rig.snapshot(true);
        assert_eq!(snapshot.fiscal_receipts.len(), 1, "{name}");
        assert_eq!(snapshot.fiscal_receipts[0].total, "18.58");
    }
}

#[test]
fn only_the_link_of_an_emulated_printer_is_replaced() {
    let folder = Folder::new("link");
    let start = |link: &std::path::Path| Rig::start(RigOptions::new(link.to_owned()));
    // A printer that was killed leaves its link.
    std::os::unix::fs::symlink("/dev/pts/999999", folder.link()).unwrap();
    drop(start(&folder.link()).unwrap());
    assert!(
        std::fs::symlink_metadata(folder.link()).is_err(),
        "removed at the end"
    );

    let file = folder.link().with_file_name("file");
    std::fs::write(&file, "mine").unwrap();
    let to_file = folder.link().with_file_name("to-file");
    std::os::unix::fs::symlink(&file, &to_file).unwrap();
    let to_device = folder.link().with_file_name("to-device");
    std::os::unix::fs::symlink("/dev/null", &to_device).unwrap();
    let below = folder.link().with_file_name("folder");
    std::fs::create_dir(&below).unwrap();
    let mut paths = vec![&file, &to_file, &to_device, &below];
    // Only root makes a device node.
    let node = folder.link().with_file_name("node");
    let made = std::process::Command::new("mknod")
        .arg(&node)
        .args(["c", "1", "3"])
        .output();
    if made.is_ok_and(|made| made.status.success()) {
        paths.push(&node);
    }
    for path in paths {
        let before = std::fs::symlink_metadata(path).unwrap().file_type();
        let error = start(path).err().unwrap();
        assert!(error.to_string().contains("is not replaced"), "{error}");
        assert_eq!(std::fs::symlink_metadata(path).unwrap().file_type(), before);
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let beside = folder.link().with_file_name("beside");
    std::fs::write(beside.with_file_name("beside.new"), "mine").unwrap();
    assert!(
        start(&beside).is_err(),
        "the name that the new link has at first"
    );
    assert_eq!(
        std::fs::read_to_string(beside.with_file_name("beside.new")).unwrap(),
        "mine"
    );
}
