//! Tests of finding a printer: under another name, at another speed, and only the configured printer.
#![cfg(all(feature = "emulator", feature = "serial"))]

mod bench;

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bench::*;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{FaultKind, IslEmulator, Rig, RigOptions};
use ferrotill_device::family::{FAMILIES, datecs};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::speed::{SPEEDS, SpeedSearch};
use ferrotill_device::port::{Port, PortOpener};
use ferrotill_device::{DriverUri, Fault, FiscalPrinter, Job, driver};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("ferrotill-supervision-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn printer_at(path: &Path, options: &str) -> Box<dyn FiscalPrinter> {
    let uri = format!("datecs+serial://{}{options}", path.display());
    driver::open(&DriverUri::parse(&uri).unwrap())
}

/// An emulated printer whose fiscal memory is in a file, on a pty of its own.
fn rig(folder: &Folder, link: &str) -> Rig {
    let mut options = RigOptions::new(folder.at(link));
    options.memory = Some(folder.at("memory"));
    Rig::start(options).unwrap()
}

#[test]
fn a_changed_link_is_followed_again() {
    let folder = Folder::new("link");
    let by_id = folder.at("usb-FTDI_FT232R-if00-port0");
    let first = rig(&folder, "ttyUSB0");
    symlink(folder.at("ttyUSB0"), &by_id).unwrap();
    let mut printer = printer_at(&by_id, "");
    let connected = printer.connect().unwrap();
    let sold = registered(printer.perform(&sale(), &connected.baseline, &mut Notes::new()));
    // The cable is plugged in again and gets another name, and udev changes its link.
    drop(first);
    std::fs::remove_file(&by_id).unwrap();
    assert_eq!(printer.connect(), Err(Fault::PortLost));
    let _second = rig(&folder, "ttyUSB1");
    assert_eq!(
        printer.connect(),
        Err(Fault::PortMissing),
        "nothing else is taken, though it is there"
    );
    symlink(folder.at("ttyUSB1"), &by_id).unwrap();
    let again = registered(printer.perform(&sale(), &sold.after, &mut Notes::new()));
    assert_eq!(again.document, 2);
}

#[test]
fn a_pattern_finds_one_device_and_never_chooses_among_two() {
    let folder = Folder::new("pattern");
    let pattern = folder.at("usb-*FTDI*-if00");
    let mut printer = printer_at(&pattern, "");
    let _other = RigOptions::new(folder.at("usb-1a86_Serial-if00"));
    assert_eq!(printer.connect(), Err(Fault::PortMissing));
    let one = rig(&folder, "usb-FTDI_A1-if00");
    let connected = printer.connect().unwrap();
    let sold = registered(printer.perform(&sale(), &connected.baseline, &mut Notes::new()));
    drop(one);
    // Another converter is plugged in instead of the first one.
    let one = rig(&folder, "usb-FTDI_B2-if00");
    let again = registered(printer.perform(&sale(), &sold.after, &mut Notes::new()));
    assert_eq!(again.document, 2);
    drop(one);
    let _two = [
        Rig::start(RigOptions::new(folder.at("usb-FTDI_C3-if00"))).unwrap(),
        Rig::start(RigOptions::new(folder.at("usb-FTDI_D4-if00"))).unwrap(),
    ];
    assert_eq!(printer.connect(), Err(Fault::PortLost));
    assert_eq!(printer.connect(), Err(Fault::PortAmbiguous));
    assert!(Fault::PortAmbiguous.to_string().contains("several ports"));
}

#[test]
fn another_printer_than_the_configured_one_is_not_used() {
    let folder = Folder::new("serial");
    let rig = rig(&folder, "printer");
    let mut wrong = printer_at(&folder.at("printer"), "?serial=DT700002");
    assert_eq!(wrong.connect(), Err(Fault::PrinterSwapped));
    let mut right = printer_at(&folder.at("printer"), "?serial=DT700001");
    let baseline = right.connect().unwrap().baseline;
    drop(right);
    let swapped = not_registered(wrong.perform(&sale(), &baseline, &mut Notes::new()));
    assert_eq!(swapped.fault, Fault::PrinterSwapped);
    assert!(rig.snapshot(true).fiscal_receipts.is_empty());
}

#[test]
fn operator_and_till_come_from_the_address_and_the_password_is_not_traced() {
    let folder = Folder::new("seller");
    let rig = rig(&folder, "printer");
    let mut wrong = printer_at(&folder.at("printer"), "?operator=2&password=4711&till=3");
    let baseline = wrong.connect().unwrap().baseline;
    let mut notes = Notes::new();
    let refused = not_registered(wrong.perform(&sale(), &baseline, &mut notes));
    assert_eq!(refused.fault, Fault::Password, "{refused:?}");
    let opening = notes.lines.iter().find(|line| line.starts_with("30 "));
    assert!(
        opening.unwrap().starts_with("30 \"2,****,3\""),
        "{opening:?}"
    );
    drop(wrong);
    let mut right = printer_at(&folder.at("printer"), "?operator=2&password=0000&till=3");
    let mut notes = Notes::new();
    let _ = registered(right.perform(&sale(), &baseline, &mut notes));
    let _ = right.perform(&refund(), &baseline, &mut notes);
    assert!(
        notes.lines.iter().all(|line| !line.contains(",0000,")),
        "{:#?}",
        notes.lines
    );
    assert_eq!(rig.snapshot(true).fiscal_receipts.len(), 1);
}

#[test]
fn no_family_shows_a_password_in_its_trace() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let mut now = driver.connect().unwrap().baseline;
        let refunds = family
            .refund
            .iter()
            .map(|row| (refund_on(family), row.command));
        for (job, row) in [(sale(), family.open.command)].into_iter().chain(refunds) {
            let mut notes = Notes::new();
            now = registered(driver.perform(&job, &now, &mut notes)).after;
            let start = format!("{row:02X} ");
            let opening = notes.lines.iter().find(|line| line.starts_with(&start));
            let asked = opening.unwrap().split(" -> ").next().unwrap();
            let hidden = family.seller.password_digits.is_some();
            assert_eq!(asked.contains("****"), hidden, "{} {asked}", family.name);
            let password = family.seller.password_on(family.model.name);
            let shown = asked.split(['"', ',']).chain(asked.split("\\t"));
            if password.len() > 1 {
                assert!(shown.into_iter().all(|field| field != password), "{asked}");
            }
        }
    }
}

/// A line on which the device receives only noise at any other speed than its own.
struct AtSpeed {
    line: Loopback<IslEmulator>,
    speed: Arc<Mutex<u32>>,
    search: SpeedSearch,
    opened: Arc<Mutex<Vec<u32>>>,
}

impl PortOpener for AtSpeed {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        let speed = self.search.current().unwrap();
        self.opened.lock().unwrap().push(speed);
        let port = self.line.open()?;
        if speed == *self.speed.lock().unwrap() {
            return Ok(port);
        }
        Ok(Box::new(Garbled(port)))
    }

    fn address(&self) -> String {
        format!("loopback at {} baud", self.search.current().unwrap())
    }

    fn ways(&self) -> usize {
        self.search.goes()
    }

    fn answered(&mut self) {
        self.search.answered();
    }

    fn pass(&mut self) {
        self.search.pass();
    }
}

/// The device receives other bytes than were sent.
struct Garbled(Box<dyn Port>);

impl Port for Garbled {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let heard: Vec<u8> = bytes.iter().map(|byte| byte ^ 0x55).collect();
        self.0.write_all(&heard)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.0.read(buffer, timeout_ms)
    }

    fn now(&self) -> u64 {
        self.0.now()
    }
}

#[test]
fn the_speed_is_searched_in_bounded_time_and_remembered() {
    for family in FAMILIES {
        for speed in SPEEDS {
            let bench = Bench::of(family);
            let opened = Arc::new(Mutex::new(Vec::new()));
            let set = Arc::new(Mutex::new(*speed));
            let opener = AtSpeed {
                line: bench.line.clone(),
                speed: Arc::clone(&set),
                search: SpeedSearch::among(SPEEDS),
                opened: Arc::clone(&opened),
            };
            let mut driver = IslPrinter::new(family, Box::new(opener), 1);
            let begun = bench.line.now();
            let connected = driver.connect().unwrap();
            assert_eq!(connected.address, format!("loopback at {speed} baud"));
            // A search takes at most two questions of half a second at each of five speeds.
            assert!(
                bench.line.now() - begun <= 5 * 1_000 + 100,
                "{}",
                family.name
            );
            let tried = std::mem::take(&mut *opened.lock().unwrap());
            let place = SPEEDS.iter().position(|known| known == speed).unwrap();
            assert_eq!(tried, SPEEDS[..=place]);
            // The speed that was found is tried first, also after the printer was switched off.
            bench.order(FaultKind::Unplug, Some(family.cash.command), 1);
            let lost = driver.perform(
                &Job::Cash(ferrotill_core::Amount::from_minor(100)),
                &connected.baseline,
                &mut Notes::new(),
            );
            bench.repair();
            drop(lost);
            driver.connect().unwrap();
            let tried = std::mem::take(&mut *opened.lock().unwrap());
            assert!(tried.iter().all(|tried| tried == speed), "{tried:?}");
        }
    }
}

#[test]
fn a_printer_that_was_set_to_another_speed_is_found_in_a_few_attempts() {
    let bench = Bench::of(&datecs::PROTOCOL);
    let set = Arc::new(Mutex::new(115_200));
    let opener = AtSpeed {
        line: bench.line.clone(),
        speed: Arc::clone(&set),
        search: SpeedSearch::among(SPEEDS),
        opened: Arc::default(),
    };
    let opened = Arc::clone(&opener.opened);
    let mut driver = IslPrinter::new(&datecs::PROTOCOL, Box::new(opener), 1);
    driver.connect().unwrap();
    bench.line.with(|emulator| emulator.set_plugged(false));
    assert!(driver.connect().is_err());
    bench.line.with(|emulator| emulator.set_plugged(true));
    *set.lock().unwrap() = 9_600;
    opened.lock().unwrap().clear();
    let mut attempts = 0;
    while driver.connect().is_err() {
        attempts += 1;
        let tried = std::mem::take(&mut *opened.lock().unwrap());
        assert!(
            tried.len() <= 2,
            "a printer that is off is not asked at every speed: {tried:?}"
        );
    }
    assert!(attempts <= SPEEDS.len(), "{attempts}");
    assert_eq!(driver.connect().unwrap().address, "loopback at 9600 baud");
}

#[test]
fn each_cause_of_a_closed_port_is_its_own_fault() {
    let folder = Folder::new("causes");
    std::fs::write(folder.at("file"), "no printer").unwrap();
    std::fs::create_dir(folder.at("folder")).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refuses = closed.local_addr().unwrap().to_string();
    drop(closed);
    for (address, fault) in [
        (
            format!("datecs+serial://{}", folder.at("nothing").display()),
            Fault::PortMissing,
        ),
        (
            format!("datecs+serial://{}", folder.at("file").display()),
            Fault::NotAPort,
        ),
        (
            format!("datecs+serial://{}", folder.at("folder").display()),
            Fault::NotAPort,
        ),
        (format!("datecs+tcp://{refuses}"), Fault::ConnectionRefused),
        (
            "datecs+tcp://no-such-host.invalid:4999".to_owned(),
            Fault::HostUnknown,
        ),
    ] {
        let uri = DriverUri::parse(&address).unwrap();
        assert_eq!(driver::open(&uri).connect(), Err(fault), "{address}");
    }
}

#[test]
fn a_printer_of_another_family_is_named_with_its_family() {
    let folder = Folder::new("family");
    let _rig = rig(&folder, "printer");
    for family in ["datecs-b", "eltrade", "daisy"] {
        let uri = format!("{family}+serial://{}", folder.at("printer").display());
        let mut printer = driver::open(&DriverUri::parse(&uri).unwrap());
        assert_eq!(printer.connect(), Err(Fault::WrongFamily), "{family}");
        assert_eq!(
            printer.families_of_model(),
            ["datecs", "datecs-mx"],
            "{family}"
        );
    }
    let mut right = printer_at(&folder.at("printer"), "");
    right.connect().unwrap();
    assert!(right.families_of_model().is_empty());
}
