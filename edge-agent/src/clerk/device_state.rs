//! The clerk's state of one device: its till, its printer, the jobs that wait, and the one job that is being carried out.

use std::time::Instant;

use ferrotill_core::event::{Configuration, ResourceState};
use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::till::Till;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Baseline, ClosedDay};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::answer::{Caller, DeclarationOutcome, DrawerOutcome, ResourceOutcome};
use super::queue::{JobQueue, Slip, earliest};
use crate::order::fingerprint::RequestFingerprint;
use crate::order::{Declaration, OrderForm};
use crate::seal::printer::{Permit, PrinterTask};
use ferrotill_store::DeviceIdentity;

/// The most callers of a device that wait until no document is outstanding. Others get no answer in time.
const WAITING_MAX: usize = 64;

/// What a device is doing.
#[derive(Debug, Default)]
pub(super) enum Activity {
    /// The printer's thread has no job.
    #[default]
    Idle,
    /// The printer's thread has a job that makes no document.
    Busy(BusyJob),
    /// A document is reserved, and its outcome is not in the journal yet.
    Unsettled(Box<SealingDocument>),
}

/// A job that makes no document.
#[derive(Debug)]
pub(super) enum BusyJob {
    /// The slip of a sealed document.
    Slip(Box<Slip>),
    /// Opening the drawer.
    Drawer(OpeningDrawer),
}

/// A drawer request that the printer's thread has.
#[derive(Debug)]
pub(super) struct OpeningDrawer {
    /// Where the answer goes; `None` if the caller is answered.
    pub(super) reply: Option<oneshot::Sender<DrawerOutcome>>,
    pub(super) deadline: Instant,
    /// The thread takes this permit right before it opens the drawer.
    pub(super) permit: Permit,
}

/// The document that was given to the printer and is not settled yet.
#[derive(Debug)]
pub(super) struct SealingDocument {
    pub(super) id: Uuid,
    pub(super) fingerprint: RequestFingerprint,
    /// The order; `None` if the clerk has read the outstanding document again from the journal.
    pub(super) form: Option<OrderForm>,
    pub(super) callers: Vec<Caller>,
    pub(super) attempts: u8,
    /// The printer was asked what became of the document, and could not be reached or could not prove it. Documents of other sealers do
    /// not wait for it any more.
    pub(super) asked_in_vain: bool,
    /// Why nobody can be asked about the document: its job cannot be made, or the configuration has no printer for it.
    pub(super) nobody_to_ask: Option<Fault>,
    /// An operator's declaration about this document.
    pub(super) declaration: Option<PendingDeclaration>,
}

/// An operator's declaration that waits until the printer's thread releases the document.
#[derive(Debug)]
pub(super) struct PendingDeclaration {
    pub(super) declaration: Declaration,
    pub(super) replies: Vec<oneshot::Sender<DeclarationOutcome>>,
}

/// A caller that waits for a receipt which gives a register a new state.
#[derive(Debug)]
pub(super) struct RegisterWish {
    pub(super) state: ResourceState,
    pub(super) reply: oneshot::Sender<ResourceOutcome>,
}

/// What a printer's clock showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrinterClockReading {
    /// What the clock showed.
    pub(super) shown: PrinterTime,
    /// When it was read.
    pub(super) read_at: Instant,
    /// How often the simulator had moved the clocks until then.
    pub(super) moves: u64,
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
    pub(super) activity: Activity,
    /// The document whose receipt is being signed. The printer may print a slip meanwhile.
    pub(super) signing: Option<Box<SealingDocument>>,
    /// The thread of the signature units has the prepared receipt of the till.
    pub(super) unit_asked: bool,
    /// The callers that wait until no document is outstanding.
    pub(super) until_settled: Vec<oneshot::Sender<()>>,
    /// The jobs that wait for this device.
    pub(super) queue: JobQueue,
    /// The printer's counters as it last reported them; `None` while the printer cannot be reached.
    pub(super) baseline: Option<Baseline>,
    /// Why the last attempt to reach the printer has failed; `None` if it has not.
    pub(super) printer_lost: Option<String>,
    /// The point of sale that gets a Z-report which no caller has ordered.
    pub(super) point_of_sale: Uuid,
    /// The serial number that the printer's configured address names. This printer is accepted even while a shift is open.
    pub(super) configured_serial: Option<String>,
    /// The last known counters of the printer that the till uses. A difference shows what the printer did by itself.
    pub(super) known_counters: Option<Baseline>,
    /// The counters of the printer were compared with the journal since the start, as far as the last commit knows.
    pub(super) met_printer: bool,
    /// They are compared in the running batch.
    pub(super) meets_printer: bool,
    /// The last Z-report in the printer's fiscal memory.
    pub(super) last_z: Option<ClosedDay>,
    /// The tax rates in the printer, for the groups A to H.
    pub(super) printer_rates: Option<[Option<u32>; 8]>,
    /// The configured rates of the tax groups A to H that were sent to the printer's thread last.
    pub(super) sent_rates: [Option<u32>; 8],
    /// One text for each tax group whose rate in the printer differs from the configured rate.
    pub(super) rate_differences: Vec<String>,
    /// What is doubtful about the connected printer, as its driver says.
    pub(super) doubts: Vec<String>,
    /// What the printer's clock showed when it was read last.
    pub(super) printer_clock: Option<PrinterClockReading>,
    /// The objection to the printer's clock, while it differs from the till's time.
    pub(super) clock_differs: Option<String>,
    /// The connected printer is not the printer of the open shift.
    pub(super) printer_swapped: bool,
    /// The journal row after which this process last stored a snapshot of the till; 0 before the first.
    pub(super) snapshot_seq: i64,
    /// The tables and the identity that the device gets; `None` for a device that the configuration does not have.
    pub(super) wanted: Option<Box<(Configuration, DeviceIdentity)>>,
    /// A compatible API has created the device, and it has no line of configuration.
    pub(super) of_api: bool,
    /// The callers that wait for a receipt which gives the register of this device a new state.
    pub(super) register_wishes: Vec<RegisterWish>,
    /// The callers that wait for a null receipt.
    pub(super) null_wishes: Vec<oneshot::Sender<ResourceOutcome>>,
    /// The books know this device, and the configuration does not have it any more. It takes no orders.
    pub(super) removed: bool,
    /// For such a device, the number of its documents that the authority has not acknowledged.
    pub(super) removed_unsent: u32,
    /// True if the running batch has changed what such a device has left to do.
    pub(super) removed_changed: bool,
}

impl DeviceState {
    pub(super) fn new(device: Uuid, till: Till, printer: PrinterTask) -> Self {
        Self {
            device,
            till,
            uncommitted: None,
            printer,
            activity: Activity::Idle,
            signing: None,
            unit_asked: false,
            until_settled: Vec::new(),
            queue: JobQueue::default(),
            baseline: None,
            printer_lost: None,
            point_of_sale: Uuid::nil(),
            configured_serial: None,
            known_counters: None,
            met_printer: false,
            meets_printer: false,
            last_z: None,
            printer_rates: None,
            sent_rates: [None; 8],
            rate_differences: Vec::new(),
            doubts: Vec::new(),
            printer_clock: None,
            clock_differs: None,
            printer_swapped: false,
            snapshot_seq: 0,
            wanted: None,
            of_api: false,
            register_wishes: Vec::new(),
            null_wishes: Vec::new(),
            removed: false,
            removed_unsent: 0,
            removed_changed: false,
        }
    }

    /// Adds a caller that waits until no document is outstanding. Callers that have gone are forgotten.
    pub(super) fn wait_until_settled(&mut self, reply: oneshot::Sender<()>) {
        self.until_settled.retain(|reply| !reply.is_closed());
        if self.until_settled.len() < WAITING_MAX {
            self.until_settled.push(reply);
        }
    }

    /// The callers that waited until no document is outstanding, if none is.
    pub(super) fn take_until_settled(&mut self) -> Vec<oneshot::Sender<()>> {
        if self.until_settled.is_empty() || self.current_till().outstanding().is_some() {
            return Vec::new();
        }
        std::mem::take(&mut self.until_settled)
    }

    /// The till with all events of the running batch.
    pub(super) fn current_till(&self) -> &Till {
        self.uncommitted.as_ref().unwrap_or(&self.till)
    }

    /// The document whose outcome is not in the journal yet.
    pub(super) const fn sealing(&self) -> Option<&SealingDocument> {
        match &self.activity {
            Activity::Unsettled(sealing) => Some(sealing),
            Activity::Idle | Activity::Busy(_) => None,
        }
    }

    /// Nobody knows when the outstanding document will be settled: its printer cannot be reached or cannot prove what became of it, or
    /// nobody can be asked.
    pub(super) const fn unsettled_for_long(&self) -> bool {
        matches!(self.sealing(), Some(sealing) if sealing.asked_in_vain || sealing.nobody_to_ask.is_some())
    }

    /// [`sealing`](Self::sealing), to be changed.
    pub(super) const fn sealing_mut(&mut self) -> Option<&mut SealingDocument> {
        match &mut self.activity {
            Activity::Unsettled(sealing) => Some(sealing),
            Activity::Idle | Activity::Busy(_) => None,
        }
    }

    /// Notes whether the printer was asked in vain about the document that is not settled, if there is one.
    pub(super) const fn set_asked_in_vain(&mut self, in_vain: bool) {
        if let Some(sealing) = self.sealing_mut() {
            sealing.asked_in_vain = in_vain;
        }
    }

    /// The outcome of the document with this id is known: takes the document, so that the device is idle.
    pub(super) fn take_sealing(&mut self, id: Uuid) -> Option<SealingDocument> {
        if self.sealing().is_none_or(|sealing| sealing.id != id) {
            return None;
        }
        match std::mem::take(&mut self.activity) {
            Activity::Unsettled(sealing) => Some(*sealing),
            Activity::Idle | Activity::Busy(_) => None,
        }
    }

    /// Forgets a document that nobody can be asked about, because it is not outstanding any more.
    pub(super) fn forget_document_without_printer(&mut self) {
        if self.sealing().is_some() && !self.printer_has_document() {
            self.activity = Activity::Idle;
        }
    }

    /// The printer's thread has finished a job that makes no document: takes the job, so that the device is idle.
    pub(super) fn take_busy(&mut self) -> Option<BusyJob> {
        match std::mem::take(&mut self.activity) {
            Activity::Busy(job) => Some(job),
            unsettled_or_idle => {
                self.activity = unsettled_or_idle;
                None
            }
        }
    }

    /// The printer's thread is working on a document.
    pub(super) const fn printer_has_document(&self) -> bool {
        matches!(self.sealing(), Some(sealing) if sealing.nobody_to_ask.is_none())
    }

    /// The printer is connected, or its thread is working on a document.
    pub(super) const fn printer_reachable(&self) -> bool {
        self.baseline.is_some() || self.printer_has_document()
    }

    /// The last attempt to reach the printer has failed, and its thread has no document. Until the first attempt after a start has ended,
    /// this is false.
    pub(super) const fn printer_gone(&self) -> bool {
        self.printer_lost.is_some() && !self.printer_reachable()
    }

    /// The printer is connected, its thread has no work, and no document is outstanding.
    pub(super) fn printer_free(&self) -> bool {
        self.baseline.is_some()
            && matches!(self.activity, Activity::Idle)
            && (self.is_signing() || self.current_till().outstanding().is_none())
    }

    /// The next order is begun with the batch that brings it: no job waits, and nothing is outstanding.
    pub(super) fn begins_next_order(&self) -> bool {
        self.queue.is_empty() && self.printer_free() && !self.is_signing()
    }

    /// The outstanding document is being signed. No printer has a part in it.
    pub(super) fn is_signing(&self) -> bool {
        let prepared = self.current_till().signed().prepared();
        prepared.is_some_and(|receipt| receipt.document.is_some())
    }

    /// The callers that wait for the order with this id, and the fingerprint of the order.
    pub(super) fn callers_of(
        &mut self,
        id: Uuid,
    ) -> Option<(RequestFingerprint, &mut Vec<Caller>)> {
        if self.sealing().is_some_and(|sealing| sealing.id == id) {
            return self
                .sealing_mut()
                .map(|sealing| (sealing.fingerprint, &mut sealing.callers));
        }
        if self
            .signing
            .as_ref()
            .is_some_and(|signing| signing.id == id)
        {
            let signing = self.signing.as_mut();
            return signing.map(|signing| (signing.fingerprint, &mut signing.callers));
        }
        self.queue
            .order_mut(id)
            .map(|order| (order.fingerprint, &mut order.callers))
    }

    /// The earliest deadline of the callers whom the clerk answers at their deadline. The callers of an unsettled document are not among
    /// them: they wait for its outcome.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let busy = match &self.activity {
            Activity::Busy(BusyJob::Slip(slip)) => earliest(&slip.callers),
            Activity::Busy(BusyJob::Drawer(opening)) => {
                opening.reply.as_ref().map(|_| opening.deadline)
            }
            Activity::Idle | Activity::Unsettled(_) => None,
        };
        self.queue.next_deadline().into_iter().chain(busy).min()
    }
}
