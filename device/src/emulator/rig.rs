//! A running emulated printer on a pty or a TCP port, with the controls for a test or an operator.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use super::escpos::EscposEmulator;
use super::fault::FaultOrder;
use super::isl::calendar::ClockSource;
use super::isl::memory::Memory;
use super::isl::{IslEmulator, Printer};
use super::machine::Machine;
use super::pty::Pty;
use super::snapshot::Snapshot;
use super::tcp::TcpEnd;
use crate::family::{self, FAMILIES, Protocol, datecs};
use crate::printer::Paper;

/// The printer families that can be emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A fiscal printer, by the table of its family.
    Isl(&'static Protocol),
    /// An ESC/POS receipt printer.
    Escpos,
}

const ESCPOS: &str = "escpos";

impl Family {
    /// Every name that [`parse`](Self::parse) accepts.
    pub const NAMES: &[&str] = &names();

    /// The family of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == ESCPOS {
            return Some(Self::Escpos);
        }
        family::of_name(name).map(Self::Isl)
    }

    /// The names of its firmware, the newest manual's first. A receipt printer has one form of every answer.
    #[must_use]
    pub fn firmware(&self) -> Vec<&'static str> {
        match self {
            Self::Isl(protocol) => protocol.firmware.iter().map(|one| one.name).collect(),
            Self::Escpos => Vec::new(),
        }
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "an iterator cannot run here, and this is computed when it is compiled"
)]
const fn names() -> [&'static str; FAMILIES.len() + 1] {
    let mut names = [ESCPOS; FAMILIES.len() + 1];
    let mut place = 0;
    while place < FAMILIES.len() {
        names[place] = FAMILIES[place].name;
        place += 1;
    }
    names
}

/// The options of a running emulated printer.
#[derive(Clone)]
pub struct RigOptions {
    /// The family of the printer.
    pub family: Family,
    /// The path at which the slave of the printer's pty is linked.
    pub link: PathBuf,
    /// The address at which the printer listens for its host; if there is one, there is no pty, and `link` is not used.
    pub tcp: Option<SocketAddr>,
    /// The file of its fiscal memory (the receipts are in `FILE.receipts`); without a file the memory is lost when the printer
    /// stops.
    pub memory: Option<PathBuf>,
    /// The speed in bits per second to which the line is slowed; `None` for no delay.
    pub baud: Option<u32>,
    /// The printer's clock; `None` for the system's clock.
    pub clock: Option<ClockSource>,
    /// Rates of the tax groups A to H in ten-thousandths of a percent; `None` disables a group.
    /// A printer with a memory file keeps the rates of its first start.
    pub groups: [Option<u32>; 8],
    /// The numbers of the commands that the firmware does not support, though the family does.
    pub lacks: Vec<u8>,
    /// The name of the firmware in the family's table; `None` is the firmware of the newest manual.
    pub firmware: Option<String>,
    /// Whether the printer reports that it is fiscalised.
    pub fiscalised: bool,
    /// How many Z-reports a printer without a memory file has printed before it starts.
    pub z_reports: u32,
    /// The inferences about its family that are turned round ([`INVERSIONS`](super::INVERSIONS)).
    pub inverted: Vec<String>,
}

impl RigOptions {
    /// The options of the usual printer: Datecs, A 20 %, B 8 %, no delay on the line, no memory file.
    #[must_use]
    pub fn new(link: PathBuf) -> Self {
        Self {
            family: Family::Isl(&datecs::PROTOCOL),
            link,
            tcp: None,
            memory: None,
            baud: None,
            clock: None,
            groups: [
                Some(200_000),
                Some(80_000),
                None,
                None,
                None,
                None,
                None,
                None,
            ],
            lacks: Vec::new(),
            firmware: None,
            fiscalised: true,
            z_reports: 0,
            inverted: Vec::new(),
        }
    }

    fn machine(&self) -> io::Result<Box<dyn Machine>> {
        match self.family {
            Family::Isl(protocol) => {
                let mut printer = self.printer()?.of_family(protocol);
                if let Some(firmware) = &self.firmware {
                    if protocol.firmware_of(firmware).is_none() {
                        let unknown = format!("{} has no firmware `{firmware}`", protocol.name);
                        return Err(io::Error::new(io::ErrorKind::InvalidInput, unknown));
                    }
                    printer = printer.with_firmware(firmware);
                }
                printer.lacks.clone_from(&self.lacks);
                printer.fiscalised = self.fiscalised;
                printer.invert(&self.inverted).map_err(|unknown| {
                    let unknown = format!("no inferences: {}", unknown.join(", "));
                    io::Error::new(io::ErrorKind::InvalidInput, unknown)
                })?;
                Ok(Box::new(IslEmulator::new(printer, self.baud)))
            }
            // A receipt printer has no fiscal memory, no clock and no rates.
            Family::Escpos => Ok(Box::new(EscposEmulator::new(self.baud))),
        }
    }

    fn printer(&self) -> io::Result<Printer> {
        // The printer stores rates in hundredths of a percent.
        let rates = self
            .groups
            .map(|rate| rate.and_then(|rate| i64::from(rate).checked_div(100)));
        let clock = self.clock.clone().unwrap_or_else(|| Arc::new(system_clock));
        let new = Memory::new(rates);
        match &self.memory {
            Some(path) => Printer::with_file(path, new, clock),
            None => Ok(Printer::new(new.after(self.z_reports), clock)),
        }
    }
}

/// The printer's power switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// The printer is switched on.
    On,
    /// The printer is switched off.
    Off,
}

/// The printer's cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// The cover is closed.
    Closed,
    /// The cover is open.
    Open,
}

/// The cable between host and printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cable {
    /// The cable is plugged in.
    In,
    /// The cable is pulled out.
    Out,
}

/// A running emulated printer. Dropping this value stops the printer and removes its link.
pub struct Rig {
    emulator: Arc<Mutex<Box<dyn Machine>>>,
    address: Option<SocketAddr>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Rig {
    /// Starts an emulated printer. When this returns, the link exists, or the printer listens on its TCP port.
    ///
    /// # Errors
    ///
    /// The pty, the link or the memory file could not be made, or the address is in use.
    pub fn start(options: RigOptions) -> io::Result<Self> {
        let machine = match (options.machine(), &options.memory) {
            (Err(error), Some(path)) => return Err(at(path, &error)),
            (machine, _) => machine?,
        };
        let emulator = Arc::new(Mutex::new(machine));
        let stop = Arc::new(AtomicBool::new(false));
        let end = End::open(&options.link, options.tcp)?;
        let address = end.address()?;
        let thread = std::thread::Builder::new()
            .name("emulated printer".to_owned())
            .spawn({
                let emulator = Arc::clone(&emulator);
                let stop = Arc::clone(&stop);
                move || {
                    // A cable that is plugged in again leads to the same port.
                    serve(&emulator, &stop, || End::open(&options.link, address), end)
                }
            })?;
        Ok(Self {
            emulator,
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// The address at which the printer listens for its host; `None` on a pty.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The state of the printer, with all receipts or the newest thousand.
    #[must_use]
    pub fn snapshot(&self, all_receipts: bool) -> Snapshot {
        self.lock().snapshot(all_receipts)
    }

    /// Switches the printer on or off.
    pub fn set_power(&self, power: Power) {
        self.lock().set_power(power == Power::On);
    }

    /// Loads or removes paper.
    pub fn set_paper(&self, paper: Paper) {
        self.lock().set_paper(paper);
    }

    /// Opens or closes the cover.
    pub fn set_cover(&self, cover: Cover) {
        self.lock().set_cover_open(cover == Cover::Open);
    }

    /// Pulls the cable (the link is removed) or plugs it in (a new pty at the same link).
    /// This takes effect within some milliseconds.
    pub fn set_cable(&self, cable: Cable) {
        self.lock().set_plugged(cable == Cable::In);
    }

    /// Presses the keys for the Z-report at the printer itself; returns true if the report was printed.
    pub fn keyboard_z(&self) -> bool {
        self.lock().keyboard_z()
    }

    /// Orders a fault.
    pub fn add_fault(&self, order: FaultOrder) {
        self.lock().add_fault(order);
    }

    /// Discards the faults that have not happened yet.
    pub fn clear_faults(&self) {
        self.lock().clear_faults();
    }

    /// The printed text of the newest documents.
    #[must_use]
    pub fn paper(&self) -> String {
        self.lock().paper_text()
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Machine>> {
        self.emulator.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the printer's thread was reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The milliseconds for which the thread sleeps when nothing is due; a switch takes effect within this time.
const NAP_MS: u16 = 10;

/// The printer's end of its line.
enum End {
    Pty(Pty),
    Tcp(TcpEnd),
}

impl End {
    fn open(link: &Path, tcp: Option<SocketAddr>) -> io::Result<Self> {
        match tcp {
            None => Pty::open(link)
                .map(Self::Pty)
                .map_err(|error| at(link, &error)),
            Some(address) => TcpEnd::open(address)
                .map(Self::Tcp)
                .map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}"))),
        }
    }

    fn address(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Pty(_) => Ok(None),
            Self::Tcp(end) => end.address().map(Some),
        }
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u16) -> io::Result<usize> {
        match self {
            Self::Pty(end) => end.read(buffer, timeout_ms),
            Self::Tcp(end) => end.read(buffer, timeout_ms),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Pty(end) => end.write(bytes),
            Self::Tcp(end) => end.write(bytes),
        }
    }
}

fn serve(
    emulator: &Mutex<Box<dyn Machine>>,
    stop: &AtomicBool,
    open: impl Fn() -> io::Result<End>,
    end: End,
) {
    let clock = Instant::now();
    let mut end = Some(end);
    let mut buffer = [0; 512];
    while !stop.load(Ordering::Relaxed) {
        if !lock(emulator).is_plugged() {
            end = None;
            std::thread::sleep(Duration::from_millis(u64::from(NAP_MS)));
            continue;
        }
        let Some(line) = &mut end else {
            // The pty cannot be opened now (for example because no file descriptors are left), so this is tried again later.
            end = open().ok();
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        let wait = nap(lock(emulator).poll_timeout(), elapsed(clock));
        let Ok(count) = line.read(&mut buffer, wait) else {
            end = None;
            continue;
        };
        let mut emulator = lock(emulator);
        let now = elapsed(clock);
        emulator.handle_bytes(buffer.get(..count).unwrap_or_default(), now);
        while let Some(bytes) = emulator.poll_transmit(now) {
            if line.write(&bytes).is_err() {
                break;
            }
        }
    }
}

fn lock(emulator: &Mutex<Box<dyn Machine>>) -> MutexGuard<'_, Box<dyn Machine>> {
    emulator.lock().unwrap_or_else(PoisonError::into_inner)
}

fn elapsed(clock: Instant) -> u64 {
    u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn nap(due: Option<u64>, now: u64) -> u16 {
    due.map_or(NAP_MS, |due| {
        u16::try_from(due.saturating_sub(now)).map_or(NAP_MS, |wait| wait.min(NAP_MS))
    })
}

/// The same error, with the path in its text.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn system_clock() -> i64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(0)
}
