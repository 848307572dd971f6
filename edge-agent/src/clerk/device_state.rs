//! A device's place in the shop: its till, its printer, and who waits for what.

use std::collections::VecDeque;
use std::time::Instant;

use ferrotill_core::id::Fingerprint;
use ferrotill_core::refusal::{Place, Refusal};
use ferrotill_core::till::Till;
use ferrotill_device::printer::{Baseline, ClosedDay, DaySums, Job, JournalEvidence};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::order::{Declaration, OrderForm};
use crate::seal::printer::PrinterTask;
use crate::seal::printer::job::stored;

/// What is known about a request id: the header `X-Fiscal-State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiscalState {
    /// It has its document.
    Registered,
    /// It has none, and nothing was registered for it.
    NotRegistered,
    /// It cannot be said yet; repeating the same id is always safe.
    Unknown,
}

impl FiscalState {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::NotRegistered => "not_registered",
            Self::Unknown => "unknown",
        }
    }
}

/// What a caller is told.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The document with this id is in the books.
    Registered {
        /// Its id.
        id: Uuid,
        /// It was there before.
        replayed: bool,
    },
    /// A rule says no.
    Refused {
        /// The refusal that goes first.
        refusal: Refusal,
        /// All faults with their places.
        faults: Vec<(Place, Refusal)>,
        /// What is known about the request id.
        state: FiscalState,
    },
    /// The printer did not do it, and it is settled that it did not.
    NotRegistered {
        /// Name of the fault.
        error: String,
        /// The fault in words.
        message: String,
    },
    /// It cannot be said yet.
    Unknown {
        /// Why not.
        message: String,
    },
    /// The agent is too busy, or its disk is in trouble: the order was not looked at.
    Unavailable {
        /// Why.
        message: String,
    },
}

/// A caller who waits.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) reply: oneshot::Sender<Answer>,
    pub(super) deadline: Instant,
    /// It joined the wait of an earlier caller with the same request.
    pub(super) joined: bool,
}

/// An order that waits for its turn.
#[derive(Debug)]
pub(super) struct QueuedOrder {
    pub(super) form: OrderForm,
    pub(super) fingerprint: Fingerprint,
    pub(super) unique: Uuid,
    pub(super) callers: Vec<Caller>,
    /// How often it was given to the printer.
    pub(super) attempts: u8,
}

/// The document that is being sealed on the printer.
#[derive(Debug)]
pub(super) struct SealingDocument {
    pub(super) id: Uuid,
    pub(super) fingerprint: Fingerprint,
    /// The order, unless the agent was started anew since.
    pub(super) form: Option<OrderForm>,
    pub(super) callers: Vec<Caller>,
    pub(super) attempts: u8,
}

/// What became of a person's word on a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclarationOutcome {
    /// It is in the books, and so is the end of the document.
    Booked,
    /// The document is not outstanding: the books say how it ended.
    NotOutstanding,
    /// The printer can still speak for the document; why it has not yet.
    CanStillSay(String),
    /// Somebody else says otherwise at this very moment.
    Contradicted,
    /// The books could not be written: nobody knows yet.
    Unknown(String),
}

/// A person's word that waits for the printer to let go of the document.
#[derive(Debug)]
pub(super) struct PendingDeclaration {
    pub(super) declaration: Declaration,
    pub(super) replies: Vec<oneshot::Sender<DeclarationOutcome>>,
}

/// An alternative receipt's paper.
#[derive(Debug)]
pub(super) struct Slip {
    pub(super) id: Uuid,
    pub(super) reserved_seq: i64,
    pub(super) job: Job,
    pub(super) callers: Vec<Caller>,
}

/// A pulse for the drawer, and the caller who waits for it. For payments the printer opens the drawer by its own option.
pub(super) type DrawerPulse = oneshot::Sender<Result<(), String>>;

/// What the printer is busy with.
#[derive(Debug, Default)]
pub(super) enum Printing {
    #[default]
    Nothing,
    Document,
    Slip(Box<Slip>),
    Drawer(DrawerPulse),
}

/// A device's place.
#[derive(Debug)]
pub(super) struct DeviceState {
    pub(super) device: Uuid,
    /// The till as the journal has it.
    pub(super) till: Till,
    /// The till as it will be once the batch is committed.
    pub(super) working: Option<Till>,
    pub(super) printer: PrinterTask,
    pub(super) printing: Printing,
    /// The printer's counters as of its last settled answer; none while it cannot be reached.
    pub(super) baseline: Option<Baseline>,
    pub(super) active: Option<SealingDocument>,
    /// A person's word on the active document.
    pub(super) declaring: Option<PendingDeclaration>,
    pub(super) queue: VecDeque<QueuedOrder>,
    pub(super) slips: VecDeque<Slip>,
    pub(super) pulses: VecDeque<DrawerPulse>,
    /// Where a Z-report that nobody asked for is booked.
    pub(super) point_of_sale: Uuid,
    /// The serial number that the address names: this printer is meant, also in the middle of a shift.
    pub(super) serial: Option<String>,
    /// The printer's counters as the books know them: what it did on its own shows against these.
    pub(super) seen: Option<Baseline>,
    /// The last Z-report in the printer's fiscal memory.
    pub(super) last_z: Option<ClosedDay>,
    /// The printer's own tax rates.
    pub(super) rates: Option<[Option<u32>; 8]>,
    /// Where they are not the configured ones, in words.
    pub(super) rates_unlike: Vec<String>,
    /// It is another printer than the one that the open shift is on.
    pub(super) swapped: bool,
    /// The row of the journal after which the till was last stored, by this process.
    pub(super) snapshot_seq: i64,
}

impl DeviceState {
    pub(super) fn new(device: Uuid, till: Till, printer: PrinterTask) -> Self {
        Self {
            device,
            till,
            working: None,
            printer,
            printing: Printing::Nothing,
            baseline: None,
            active: None,
            declaring: None,
            queue: VecDeque::new(),
            slips: VecDeque::new(),
            pulses: VecDeque::new(),
            point_of_sale: Uuid::nil(),
            serial: None,
            seen: None,
            last_z: None,
            rates: None,
            rates_unlike: Vec::new(),
            swapped: false,
            snapshot_seq: 0,
        }
    }

    /// The till with all that this batch has decided so far.
    pub(super) fn current(&self) -> &Till {
        self.working.as_ref().unwrap_or(&self.till)
    }

    /// What the books say of a document that is printed after this baseline, or was.
    pub(super) fn books(&self, baseline: &Baseline, cancel_decided: bool) -> JournalEvidence {
        let (till, printer) = (self.current(), stored(baseline));
        // The document itself is in none of these sums before it is settled.
        let day = match till.shift() {
            Some(shift) => DaySums {
                sales: shift.sales.groups.by_letter(),
                refunds: shift.refunds.groups.by_letter(),
            },
            None => DaySums::default(),
        };
        JournalEvidence {
            cancel_decided,
            // A false word, or sums of another printer, would speak for this document.
            day: Some(day).filter(|_| till.sums_are_of(&printer)),
            z_takes_a_number: till.z_takes_a_number_on(&printer),
        }
    }

    /// The printer is there, or busy with a document that it will settle.
    pub(super) fn printer_there(&self) -> bool {
        self.baseline.is_some() || matches!(self.printing, Printing::Document)
    }

    /// Takes back what was to be given to the printer and was not.
    pub(super) fn take_back(&mut self) {
        match std::mem::take(&mut self.printing) {
            Printing::Slip(slip) => self.slips.push_front(*slip),
            Printing::Drawer(pulse) => self.pulses.push_front(pulse),
            Printing::Nothing | Printing::Document => {}
        }
    }

    /// The printer can be given a document.
    pub(super) fn printer_free(&self) -> bool {
        self.baseline.is_some() && matches!(self.printing, Printing::Nothing)
    }

    /// The callers who wait for an id, with the fingerprint of what they wait for.
    pub(super) fn waiting_for(&mut self, id: Uuid) -> Option<(Fingerprint, &mut Vec<Caller>)> {
        if let Some(active) = self.active.as_mut().filter(|active| active.id == id) {
            return Some((active.fingerprint, &mut active.callers));
        }
        self.queue
            .iter_mut()
            .find(|entry| entry.form.id == id)
            .map(|entry| (entry.fingerprint, &mut entry.callers))
    }

    /// Everybody who waits at this desk, taken off.
    pub(super) fn take_waiters(&mut self) -> Vec<Caller> {
        let mut callers: Vec<Caller> = self
            .queue
            .drain(..)
            .flat_map(|entry| entry.callers)
            .collect();
        if let Some(active) = &mut self.active {
            callers.append(&mut active.callers);
        }
        callers
    }

    /// The moment at which the first of those who wait in the queue or for a slip wants an answer.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let slips = self.slips.iter().chain(match &self.printing {
            Printing::Slip(slip) => Some(&**slip),
            _ => None,
        });
        let queued = self.queue.iter().flat_map(|entry| &entry.callers);
        queued
            .chain(slips.flat_map(|slip| &slip.callers))
            .map(|caller| caller.deadline)
            .min()
    }
}
