//! The signature units of a till, and the threads that ask them: one for each unit, so that no unit waits for another one.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ferrotill_core::profile::signed::{Fault, Payload, SignatureUnit};
use ferrotill_rksv::{KeyKind, SigningUnit as _, SwitchedUnit};
use uuid::Uuid;

use super::any_unit::AnyUnit;
use super::public_side::UnitTrouble;
use super::{Signed, UnitPublic};
use crate::authority::finanz_online::rkdb::UnitForm;
use crate::locked::Locked;
use crate::status::at_work::Part;
use crate::time::clock::Clock;

/// A unit in software that has failed is not asked again before this time.
const FAILED_FOR: Duration = Duration::from_secs(30);
/// How long the units may take for one signature.
const WORK_MAX: Duration = Duration::from_secs(10 * 60);
/// Another unit that has failed is checked this often, and is asked again when it has passed a check.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// Where the outcome of a task goes: the device and what became of its receipt.
pub type UnitReport = Box<dyn Fn(Uuid, Signed) + Send + Sync>;

/// A prepared receipt that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningTask {
    /// The device of the receipt.
    pub device: Uuid,
    /// What is signed.
    pub payload: String,
    /// Whether a unit is asked: during an outage none is, but for the collective receipt.
    pub ask: bool,
}

/// The units, in the order of their use.
#[derive(Debug)]
pub struct Units {
    units: Vec<UnitInUse>,
    clock: Arc<Clock>,
}

/// A unit, and when it has failed last.
#[derive(Debug)]
pub struct UnitInUse {
    unit: SwitchedUnit<AnyUnit>,
    failed_at: Locked<Option<Instant>>,
}

/// A unit, and why it does not work now.
pub type OpenedUnit = (AnyUnit, Option<String>);

impl UnitInUse {
    /// The name of the unit in the receipts.
    ///
    /// # Errors
    ///
    /// [`Fault::SerialMalformed`].
    pub fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        self.unit.identity()
    }

    fn works(&self, now: Instant) -> bool {
        let failed_at = *self.failed_at.lock();
        let again = |at: Instant| {
            !self.unit.unit().needs_check() && now.saturating_duration_since(at) >= FAILED_FOR
        };
        !self.unit.is_down() && failed_at.is_none_or(again)
    }

    fn is(&self, provider: u16, serial: &str) -> bool {
        let same = |unit: SignatureUnit<'_>| unit.provider() == provider && unit.serial() == serial;
        self.identity().is_ok_and(same)
    }
}

impl Units {
    /// Units in the order of their use.
    #[must_use]
    pub fn new(units: Vec<impl Into<AnyUnit>>, clock: Arc<Clock>) -> Self {
        let opened = units.into_iter().map(|unit| (unit.into(), None));
        Self::of_opened(opened.collect(), clock)
    }

    /// Units in the order of their use, of which some may not work now.
    #[must_use]
    pub fn of_opened(units: Vec<OpenedUnit>, clock: Arc<Clock>) -> Self {
        let in_use = units.into_iter().map(|(unit, trouble)| {
            if let Some(why) = &trouble {
                let serial = unit.identity().map(|unit| unit.serial().to_owned());
                let serial = serial.unwrap_or_default();
                tracing::warn!("the signature unit {serial} does not work: {why}");
            }
            UnitInUse {
                unit: SwitchedUnit::new(unit),
                failed_at: Locked::new(trouble.map(|_| clock.monotonic())),
            }
        });
        Self {
            units: in_use.collect(),
            clock,
        }
    }

    /// What the tax authority is told that a unit is made of.
    #[must_use]
    pub fn form_of(&self, serial: &str) -> UnitForm {
        let is_this = |unit: &&UnitInUse| unit.identity().is_ok_and(|it| it.serial() == serial);
        let unit = self.units.iter().find(is_this);
        unit.map_or(UnitForm::OwnModule, |unit| unit.unit.unit().form())
    }

    /// Checks the units that have failed. A unit that passes is used again.
    fn check_failed(&self) {
        for unit in &self.units {
            let any = unit.unit.unit();
            if !any.needs_check() || unit.failed_at.lock().is_none() {
                continue;
            }
            match any.check() {
                Ok(()) => {
                    *unit.failed_at.lock() = None;
                    let serial = unit.identity().map(|unit| unit.serial().to_owned());
                    tracing::info!(
                        "the signature unit {} works again",
                        serial.unwrap_or_default()
                    );
                }
                Err(UnitTrouble::NotNow(why)) => tracing::debug!("a unit does not work: {why}"),
                Err(UnitTrouble::Wrong(explained)) => tracing::debug!("{explained}"),
            }
        }
    }

    /// The first unit that works.
    #[must_use]
    pub fn working(&self) -> Option<&UnitInUse> {
        let now = self.clock.monotonic();
        self.units.iter().find(|unit| unit.works(now))
    }

    /// The unit that the next receipt names: the first one that works, or the first one if none works.
    #[must_use]
    pub fn next_unit(&self) -> Option<&UnitInUse> {
        self.working().or(self.units.first())
    }

    /// Switches all units off or on, as the simulator does.
    pub fn set_down(&self, down: bool) {
        for unit in &self.units {
            unit.unit.set_down(down);
            if !unit.unit.unit().needs_check() {
                *unit.failed_at.lock() = None;
            }
        }
    }

    /// The names of the units in the receipts, in the order of their use.
    pub fn serials(&self) -> impl Iterator<Item = String> {
        let identities = self.units.iter().filter_map(|unit| unit.identity().ok());
        identities.map(|unit| unit.serial().to_owned())
    }

    /// The certificate or public key of the unit with this serial; `None` if the till has no such unit.
    #[must_use]
    pub fn public_of(&self, serial: &str) -> Option<UnitPublic> {
        let mut identities = self.units.iter().filter_map(|unit| unit.identity().ok());
        let unit = identities.find(|unit| unit.serial() == serial)?;
        self.public(unit.provider(), serial)
    }

    /// The certificate or public key of a unit; `None` if the till has no such unit.
    #[must_use]
    pub fn public(&self, provider: u16, serial: &str) -> Option<UnitPublic> {
        let unit = self.units.iter().find(|unit| unit.is(provider, serial))?;
        let key = unit.unit.unit().key();
        Some(UnitPublic {
            provider,
            serial: serial.to_owned(),
            certificate: key.kind() == KeyKind::Certificate,
            der: key.to_der(),
        })
    }

    /// Has a receipt signed by the unit that it names.
    fn sign(&self, task: &SigningTask) -> Option<[u8; 64]> {
        if !task.ask {
            return None;
        }
        let payload = Payload::parse(&task.payload).ok()?;
        let (provider, serial) = (payload.unit.provider(), payload.unit.serial());
        let unit = self.units.iter().find(|unit| unit.is(provider, serial))?;
        let signed = unit.unit.sign(&payload);
        *unit.failed_at.lock() = signed.is_err().then(|| self.clock.monotonic());
        signed.ok()
    }
}

/// Has tasks carried out one by one by a caller without a thread: the simulator.
pub struct UnitTurns {
    units: Arc<Units>,
    tasks: Receiver<SigningTask>,
    report: UnitReport,
}

impl std::fmt::Debug for UnitTurns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnitTurns").finish_non_exhaustive()
    }
}

impl UnitTurns {
    /// Carries out the next task that was sent, and returns it; `None` if there is none.
    #[must_use]
    pub fn turn(&self) -> Option<SigningTask> {
        let task = self.tasks.try_recv().ok()?;
        let signature = self.units.sign(&task);
        let payload = task.payload.clone();
        (self.report)(task.device, Signed { payload, signature });
        Some(task)
    }
}

/// The threads that ask the units.
#[derive(Debug)]
pub(super) struct SigningThreads {
    units: Arc<Units>,
    /// A thread for each unit, and the last one for receipts for which no unit is asked.
    tasks: Vec<Sender<SigningTask>>,
}

impl SigningThreads {
    /// Starts the threads. They end when this value is dropped.
    ///
    /// # Errors
    ///
    /// The operating system's error if a thread cannot be started.
    pub(super) fn start(units: &Arc<Units>, report: UnitReport) -> std::io::Result<Self> {
        let report: Arc<dyn Fn(Uuid, Signed) + Send + Sync> = Arc::from(report);
        let mut tasks = Vec::new();
        for _ in 0..=units.units.len() {
            let (sender, inbox) = channel();
            sign_all(Arc::clone(units), inbox, Arc::clone(&report))?;
            tasks.push(sender);
        }
        if units
            .units
            .iter()
            .any(|unit| unit.unit.unit().needs_check())
        {
            check_all(Arc::downgrade(units))?;
        }
        Ok(Self {
            units: Arc::clone(units),
            tasks,
        })
    }

    /// No threads: the caller gives the units their turns.
    pub(super) fn by_hand(units: &Arc<Units>, report: UnitReport) -> (Self, UnitTurns) {
        let (sender, tasks) = channel();
        let threads = Self {
            units: Arc::clone(units),
            tasks: vec![sender],
        };
        let turns = UnitTurns {
            units: Arc::clone(units),
            tasks,
            report,
        };
        (threads, turns)
    }

    /// Has a prepared receipt signed by the thread of its unit.
    pub(super) fn ask(&self, task: SigningTask) {
        let payload = Payload::parse(&task.payload).ok();
        let unit = payload.filter(|_| task.ask).and_then(|payload| {
            let (provider, serial) = (payload.unit.provider(), payload.unit.serial());
            let mut units = self.units.units.iter();
            units.position(|unit| unit.is(provider, serial))
        });
        let thread = unit
            .and_then(|place| self.tasks.get(place))
            .or(self.tasks.last());
        if let Some(thread) = thread {
            // The sending fails only if the thread has ended, which it does with this value.
            let _ = thread.send(task);
        }
    }
}

fn sign_all(
    units: Arc<Units>,
    tasks: Receiver<SigningTask>,
    report: Arc<dyn Fn(Uuid, Signed) + Send + Sync>,
) -> std::io::Result<()> {
    let part = Part::new("signatures", WORK_MAX);
    let sign_all = move || {
        for task in tasks {
            let signature = part.at_work(|| units.sign(&task));
            let SigningTask {
                device, payload, ..
            } = task;
            report(device, Signed { payload, signature });
        }
    };
    std::thread::Builder::new()
        .name("signatures".to_owned())
        .spawn(sign_all)
        .map(drop)
}

/// Checks the units that have failed, until there are no units any more.
fn check_all(units: Weak<Units>) -> std::io::Result<()> {
    let check_all = move || {
        loop {
            std::thread::sleep(CHECK_EVERY);
            let Some(units) = units.upgrade() else {
                return;
            };
            units.check_failed();
        }
    };
    std::thread::Builder::new()
        .name("signature unit check".to_owned())
        .spawn(check_all)
        .map(drop)
}
