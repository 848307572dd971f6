//! The signature units of a till, and the thread that asks them.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use ferrotill_core::profile::signed::{Fault, Payload, SignatureUnit};
use ferrotill_rksv::{KeyKind, SigningUnit as _, SoftwareUnit, SwitchedUnit};
use uuid::Uuid;

use super::{Signed, UnitPublic};
use crate::locked::Locked;
use crate::time::clock::Clock;

/// A unit that has failed is not asked again before this time.
const FAILED_FOR: Duration = Duration::from_secs(30);

/// Where the outcome of a task goes: the device and what became of its receipt.
pub type UnitReport = Box<dyn Fn(Uuid, Signed) + Send>;

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
    unit: SwitchedUnit<SoftwareUnit>,
    failed_at: Locked<Option<Instant>>,
}

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
        let again = |at: Instant| now.saturating_duration_since(at) >= FAILED_FOR;
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
    pub fn new(units: Vec<SoftwareUnit>, clock: Arc<Clock>) -> Self {
        let in_use = units.into_iter().map(|unit| UnitInUse {
            unit: SwitchedUnit::new(unit),
            failed_at: Locked::new(None),
        });
        Self {
            units: in_use.collect(),
            clock,
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
            *unit.failed_at.lock() = None;
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

/// Has tasks carried out one by one. The thread of the units has one of these; the simulator has one without a thread.
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
    pub(super) fn new(units: Arc<Units>, tasks: Receiver<SigningTask>, report: UnitReport) -> Self {
        Self {
            units,
            tasks,
            report,
        }
    }

    /// Carries out the next task that was sent, and returns it; `None` if there is none.
    #[must_use]
    pub fn turn(&self) -> Option<SigningTask> {
        let task = self.tasks.try_recv().ok()?;
        self.carry_out(task.clone());
        Some(task)
    }

    fn carry_out(&self, task: SigningTask) {
        let signature = self.units.sign(&task);
        let SigningTask {
            device, payload, ..
        } = task;
        (self.report)(device, Signed { payload, signature });
    }
}

/// Starts the thread that asks the units. It ends when no task can be sent any more.
pub(super) fn start(turns: UnitTurns) -> std::io::Result<()> {
    let sign_all = move || {
        while let Ok(task) = turns.tasks.recv() {
            turns.carry_out(task);
        }
    };
    std::thread::Builder::new()
        .name("signatures".to_owned())
        .spawn(sign_all)
        .map(drop)
}
