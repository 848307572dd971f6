//! The clerk's state of one device: its till, its printer, its queue of orders, and the callers that wait for answers.

use std::collections::VecDeque;
use std::time::Instant;

use ferrotill_core::id::Fingerprint;
use ferrotill_core::refusal::{Place, Refusal};
use ferrotill_core::till::Till;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Baseline, ClosedDay, Job};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::order::{Declaration, OrderForm};
use crate::seal::printer::PrinterTask;

/// What is known about a request id. Answers carry it in the header `X-Fiscal-State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiscalState {
    /// The request has its document.
    Registered,
    /// The request has no document: nothing was registered for it.
    NotRegistered,
    /// The outcome is not known yet. The caller can safely repeat the request with the same id.
    Unknown,
}

impl FiscalState {
    /// The name of the state in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::NotRegistered => "not_registered",
            Self::Unknown => "unknown",
        }
    }
}

/// The clerk's answer to an order.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The document with this id is in the journal and legal.
    Registered {
        /// The request id.
        id: Uuid,
        /// True if an earlier request with the same id made the document.
        replayed: bool,
    },
    /// A rule forbids the document.
    Refused {
        /// The refusal that decides.
        refusal: Refusal,
        /// All faults of the order, each with its place.
        faults: Vec<(Place, Refusal)>,
        /// What is known about the request id.
        state: FiscalState,
    },
    /// It is proved or declared that the printer has not registered the document.
    NotRegistered {
        /// The name of the printer's fault.
        error: String,
        /// The fault as text.
        message: String,
    },
    /// The outcome is not known yet.
    Unknown {
        /// Why it is not known.
        message: String,
    },
    /// The clerk did not decide on the order: its queue is full, or the device does not exist.
    Unavailable {
        /// The reason.
        message: String,
    },
}

/// A caller that waits for an answer.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) reply: oneshot::Sender<Answer>,
    pub(super) deadline: Instant,
    /// True if an earlier caller with the same request was already waiting.
    pub(super) joined: bool,
}

/// An order in the queue of a device.
#[derive(Debug)]
pub(super) struct QueuedOrder {
    pub(super) form: OrderForm,
    pub(super) fingerprint: Fingerprint,
    pub(super) unique: Uuid,
    pub(super) callers: Vec<Caller>,
    /// How often the order was given to the printer.
    pub(super) attempts: u8,
}

/// The document that is being sealed by the printer.
#[derive(Debug)]
pub(super) struct SealingDocument {
    pub(super) id: Uuid,
    pub(super) fingerprint: Fingerprint,
    /// The order; `None` if the clerk has read the outstanding document again from the journal.
    pub(super) form: Option<OrderForm>,
    pub(super) callers: Vec<Caller>,
    pub(super) attempts: u8,
}

/// What became of an operator's declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclarationOutcome {
    /// The declaration is in the journal, together with the seal or void of the document.
    Booked,
    /// The document is not outstanding: the journal contains its outcome, or the document does not exist.
    NotOutstanding,
    /// The printer may still prove the outcome; the text says why it has not done so yet.
    CanStillSay(String),
    /// A different declaration about the same document is being handled at this moment.
    Contradicted,
    /// The store could not be written: it is not known whether the declaration is in the journal.
    Unknown(String),
}

/// An operator's declaration that waits until the printer's thread releases the document.
#[derive(Debug)]
pub(super) struct PendingDeclaration {
    pub(super) declaration: Declaration,
    pub(super) replies: Vec<oneshot::Sender<DeclarationOutcome>>,
}

/// The slip of a document that is legal without paper: an alternative receipt, or a receipt with a fiscal number.
#[derive(Debug)]
pub(super) struct Slip {
    pub(super) id: Uuid,
    pub(super) reserved_seq: i64,
    pub(super) job: Job,
    pub(super) callers: Vec<Caller>,
}

/// A request to open the drawer: where its caller waits for the answer. After a payment the printer opens the drawer by itself.
pub(super) type DrawerRequest = oneshot::Sender<Result<(), String>>;

/// What the printer's thread is working on.
#[derive(Debug, Default)]
pub(super) enum PrinterWork {
    #[default]
    Idle,
    Document,
    Slip(Box<Slip>),
    Drawer(DrawerRequest),
}

/// The clerk's state of one device.
#[derive(Debug)]
pub(super) struct DeviceState {
    pub(super) device: Uuid,
    /// The till after the last commit.
    pub(super) till: Till,
    /// The till with the events of the running batch; `None` if the batch has no event for this device.
    pub(super) uncommitted: Option<Till>,
    pub(super) printer: PrinterTask,
    pub(super) printer_work: PrinterWork,
    /// The printer's counters as it last reported them; `None` while the printer cannot be reached.
    pub(super) baseline: Option<Baseline>,
    /// The document that was given to the printer and is not settled yet.
    pub(super) sealing: Option<SealingDocument>,
    /// Why nobody can be asked about the outstanding document: its job cannot be made, or the configuration has no printer for it.
    pub(super) nobody_to_ask: Option<Fault>,
    /// An operator's declaration about the outstanding document.
    pub(super) pending_declaration: Option<PendingDeclaration>,
    pub(super) queue: VecDeque<QueuedOrder>,
    pub(super) slips: VecDeque<Slip>,
    pub(super) drawer_requests: VecDeque<DrawerRequest>,
    /// The point of sale that gets a Z-report which the printer made by itself.
    pub(super) point_of_sale: Uuid,
    /// The serial number that the printer's configured address names. This printer is accepted even while a shift is open.
    pub(super) configured_serial: Option<String>,
    /// The last known counters of the printer that the till uses. A difference shows what the printer did by itself.
    pub(super) known_counters: Option<Baseline>,
    /// The last Z-report in the printer's fiscal memory.
    pub(super) last_z: Option<ClosedDay>,
    /// The tax rates in the printer, for the groups A to H.
    pub(super) printer_rates: Option<[Option<u32>; 8]>,
    /// One text for each tax group whose rate in the printer differs from the configured rate.
    pub(super) rate_differences: Vec<String>,
    /// The connected printer is not the printer of the open shift.
    pub(super) printer_swapped: bool,
    /// The books know this device, and the configuration does not have it any more. It takes no orders.
    pub(super) removed: bool,
    /// The journal row after which this process last stored a snapshot of the till; 0 before the first.
    pub(super) snapshot_seq: i64,
}

impl DeviceState {
    pub(super) fn new(device: Uuid, till: Till, printer: PrinterTask) -> Self {
        Self {
            device,
            till,
            uncommitted: None,
            printer,
            printer_work: PrinterWork::Idle,
            baseline: None,
            sealing: None,
            nobody_to_ask: None,
            pending_declaration: None,
            queue: VecDeque::new(),
            slips: VecDeque::new(),
            drawer_requests: VecDeque::new(),
            point_of_sale: Uuid::nil(),
            configured_serial: None,
            known_counters: None,
            last_z: None,
            printer_rates: None,
            rate_differences: Vec::new(),
            printer_swapped: false,
            removed: false,
            snapshot_seq: 0,
        }
    }

    /// The till with all events of the running batch.
    pub(super) fn current_till(&self) -> &Till {
        self.uncommitted.as_ref().unwrap_or(&self.till)
    }

    /// The printer is connected, or its thread is working on a document.
    pub(super) fn printer_reachable(&self) -> bool {
        self.baseline.is_some() || matches!(self.printer_work, PrinterWork::Document)
    }

    /// Puts a slip or a drawer request back into its queue, because it was not sent to the printer.
    pub(super) fn requeue_printer_work(&mut self) {
        match std::mem::take(&mut self.printer_work) {
            PrinterWork::Slip(slip) => self.slips.push_front(*slip),
            PrinterWork::Drawer(request) => self.drawer_requests.push_front(request),
            PrinterWork::Idle | PrinterWork::Document => {}
        }
    }

    /// The printer is connected and its thread has no work.
    pub(super) fn printer_free(&self) -> bool {
        self.baseline.is_some() && matches!(self.printer_work, PrinterWork::Idle)
    }

    /// The callers that wait for the order with this id, and the fingerprint of the order.
    pub(super) fn callers_of(&mut self, id: Uuid) -> Option<(Fingerprint, &mut Vec<Caller>)> {
        if let Some(sealing) = self.sealing.as_mut().filter(|sealing| sealing.id == id) {
            return Some((sealing.fingerprint, &mut sealing.callers));
        }
        self.queue
            .iter_mut()
            .find(|entry| entry.form.id == id)
            .map(|entry| (entry.fingerprint, &mut entry.callers))
    }

    /// Removes and returns all callers that wait for a document of this device. The queue is empty afterwards.
    pub(super) fn take_callers(&mut self) -> Vec<Caller> {
        let mut callers: Vec<Caller> = self
            .queue
            .drain(..)
            .flat_map(|entry| entry.callers)
            .collect();
        if let Some(sealing) = &mut self.sealing {
            callers.append(&mut sealing.callers);
        }
        callers
    }

    /// The earliest deadline of the callers that wait in the queue or for a slip.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let slips = self.slips.iter().chain(match &self.printer_work {
            PrinterWork::Slip(slip) => Some(&**slip),
            _ => None,
        });
        let queued = self.queue.iter().flat_map(|entry| &entry.callers);
        queued
            .chain(slips.flat_map(|slip| &slip.callers))
            .map(|caller| caller.deadline)
            .min()
    }
}
