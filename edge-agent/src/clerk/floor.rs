//! The shop floor: what happens to a message inside a batch.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use ferrotill_core::event::{Body, Configuration, Event, Switched};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::profile::Profile;
use ferrotill_core::quantity::Quantity;
use ferrotill_core::receipt::{LineTotals, Original, OriginalLine, Receipt, Scratch};
use ferrotill_core::refusal::{Faults, Place, Refusal, Unheard};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Order};
use ferrotill_core::Amount;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::desk::{Active, Answer, Desk, Entry, FiscalState, Printing, Slip, Waiter};
use super::{Message, OfficeNews};
use crate::board::Board;
use crate::clock::Clock;
use crate::job::{baseline_of, job_of, seal_of, slip_of, stored};
use crate::order::{OrderForm, OrderKind, ReceiptMode, WishRoom};
use crate::printer::{Document, News, PrinterTask, Settled, Task};
use crate::store::{Batch, RequestState, Store, StoreError, StoredDocument};

/// What the floor works with and never changes.
#[derive(Debug)]
pub struct Setting {
    /// The country's law.
    pub profile: &'static dyn Profile,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The board that everybody reads.
    pub board: Arc<Board>,
    /// Wakes the sender of documents.
    pub wake_sender: Arc<Notify>,
}

/// A device as it is to be set up.
#[derive(Debug)]
pub struct DeskPlan {
    /// Its id.
    pub device: Uuid,
    /// Its tables.
    pub configuration: Configuration,
    /// Its printer's task.
    pub printer: PrinterTask,
}

/// What is let out once the batch is durable.
#[derive(Debug)]
pub(super) enum Effect {
    /// An answer to one or more callers.
    Tell(Vec<Waiter>, Answer),
    /// A task for a desk's printer.
    Print(usize, Task),
    /// A decision is durable.
    Decided(SyncSender<bool>),
    /// An answer about the drawer.
    Drawer(oneshot::Sender<Result<(), String>>, Result<(), String>),
    /// There is something new in the outbox.
    WakeSender,
}

/// All desks.
#[derive(Debug)]
pub(super) struct Floor {
    setting: Arc<Setting>,
    desks: Vec<Desk>,
    plans: Vec<Configuration>,
    lines: Vec<LineTotals>,
    bytes: Vec<u8>,
    room: Vec<u8>,
}

/// Orders that wait at one desk at most.
const QUEUE_MAX: usize = 256;
/// Callers get their answer so long before their patience ends, so that it still reaches them.
const MARGIN: Duration = Duration::from_millis(100);
/// Bytes for one event: 512 lines with names and comments of 400 bytes, and room to spare.
const EVENT_BYTES_MAX: usize = 512 * 1024;
/// Events between two snapshots of a till.
const SNAPSHOT_EVERY: u32 = 256;

/// Collects the faults of a draft.
#[derive(Default)]
struct Heard(Vec<(Place, Refusal)>);

impl Faults for Heard {
    fn fault(&mut self, place: Place, refusal: Refusal) {
        self.0.push((place, refusal));
    }
}

/// A refusal with all faults.
type Refused = (Refusal, Vec<(Place, Refusal)>);

/// The ids of an order, and what is known of what it refers to.
struct Context<'c> {
    fingerprint: Fingerprint,
    unique: Uuid,
    request: Option<Fingerprint>,
    original: Option<&'c Original<'c>>,
}

impl Floor {
    pub(super) fn open(store: &Store, setting: Arc<Setting>, plans: Vec<DeskPlan>) -> Result<Self, StoreError> {
        let mut desks = Vec::with_capacity(plans.len());
        let mut configurations = Vec::with_capacity(plans.len());
        for plan in plans {
            let till = store.load_till(plan.device)?;
            desks.push(Desk::new(plan.device, till, plan.printer));
            configurations.push(plan.configuration);
        }
        let lines = vec![LineTotals::default(); setting.profile.facts().lines_max];
        Ok(Self {
            setting,
            desks,
            plans: configurations,
            lines,
            bytes: vec![0; EVENT_BYTES_MAX],
            room: vec![0; EVENT_BYTES_MAX],
        })
    }

    /// Adopts the configuration where it has changed.
    pub(super) fn adopt(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        for index in 0..self.desks.len() {
            if *self.desks[index].till.configuration() != self.plans[index] {
                let plan = self.plans[index].clone();
                let outcome = self.decide(batch, index, &Command::Adopt(&plan))?;
                if let Err(refusal) = outcome {
                    return Err(StoreError::Configuration { device: self.desks[index].device, refusal });
                }
            }
        }
        Ok(())
    }

    /// Finds out what became of documents that were given to a printer before the start, or before trouble with the books.
    pub(super) fn take_up(&mut self, batch: &Batch<'_>, effects: &mut Vec<Effect>) -> Result<(), StoreError> {
        for index in 0..self.desks.len() {
            let desk = &self.desks[index];
            let Some(outstanding) = desk.current().outstanding() else { continue };
            if matches!(desk.printing, Printing::Document) {
                continue;
            }
            let cancel_decided = outstanding.cancel_decided;
            let Some(row) = batch.request(desk.device, outstanding.id)? else { continue };
            let stored_document = batch.document(row)?;
            let Some(document) = self.document_of(batch, index, &stored_document, cancel_decided)? else { continue };
            let desk = &mut self.desks[index];
            desk.active = Some(Active {
                id: document.id,
                fingerprint: Fingerprint(stored_document.row.fingerprint),
                form: None,
                waiters: Vec::new(),
            });
            desk.printing = Printing::Document;
            tracing::info!(id = %document.id, "asking the printer what became of an outstanding document");
            effects.push(Effect::Print(index, Task::Recover(document)));
        }
        Ok(())
    }

    /// The batch is durable: the copies of the tills become the tills.
    pub(super) fn keep(&mut self) {
        for desk in &mut self.desks {
            if let Some(till) = desk.working.take() {
                desk.till = till;
            }
        }
    }

    /// The batch is not durable, or nobody knows: callers are told so, and what was not let out is forgotten.
    pub(super) fn give_up(&mut self, effects: Vec<Effect>, kept: &[Message], words: &str) {
        let answer = Answer::Unknown { message: words.to_owned() };
        for effect in effects {
            match effect {
                Effect::Tell(waiters, _) => tell(waiters, &answer),
                Effect::Print(index, _) => self.desks[index].printing = Printing::Nothing,
                Effect::Decided(reply) => reply.send(false).unwrap_or(()),
                Effect::Drawer(reply, _) => drop(reply.send(Err(words.to_owned()))),
                Effect::WakeSender => {}
            }
        }
        for desk in &mut self.desks {
            desk.working = None;
            let waiters = desk.take_waiters();
            tell(waiters, &answer);
        }
        for message in kept {
            if let Message::Printer(device, News::Settled(..)) = message
                && let Some(desk) = self.desks.iter_mut().find(|desk| desk.device == *device)
            {
                // The printer has settled it; the message will be tried again.
                desk.printing = Printing::Document;
            }
        }
    }

    /// Reads the tills again.
    pub(super) fn reload(&mut self, store: &Store) -> Result<(), StoreError> {
        for desk in &mut self.desks {
            desk.working = None;
            desk.till = store.load_till(desk.device)?;
        }
        Ok(())
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.desks.iter().filter_map(Desk::next_deadline).min().and_then(|deadline| deadline.checked_sub(MARGIN))
    }

    /// Carries out what had to wait for the commit.
    pub(super) fn let_out(&mut self, effect: Effect) {
        match effect {
            Effect::Tell(waiters, answer) => tell(waiters, &answer),
            Effect::Print(index, task) => self.desks[index].printer.ask(task),
            Effect::Decided(reply) => reply.send(true).unwrap_or(()),
            Effect::Drawer(reply, outcome) => drop(reply.send(outcome)),
            Effect::WakeSender => self.setting.wake_sender.notify_one(),
        }
    }

    pub(super) fn snapshot(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        for desk in &mut self.desks {
            if desk.events_since_snapshot >= SNAPSHOT_EVERY {
                desk.events_since_snapshot = 0;
                batch.snapshot(desk.device, desk.working.as_ref().unwrap_or(&desk.till))?;
            }
        }
        Ok(())
    }

    pub(super) fn handle(
        &mut self,
        batch: &mut Batch<'_>,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        match message {
            Message::Order { device, form, deadline, reply } => {
                let waiter = Waiter { reply, deadline };
                match self.desk(device) {
                    Some(index) => self.take_order(batch, index, *form, waiter, effects),
                    None => {
                        let message = "the agent has no such device".to_owned();
                        effects.push(Effect::Tell(vec![waiter], Answer::Unavailable { message }));
                        Ok(())
                    }
                }
            }
            Message::Drawer { device, reply } => {
                match self.desk(device) {
                    Some(index) => {
                        self.desks[index].drawer_waiters.push_back(reply);
                        self.desks[index].drawers_due += 1;
                    }
                    None => effects.push(Effect::Drawer(reply, Err("the agent has no such device".to_owned()))),
                }
                Ok(())
            }
            Message::Waiting { id, reply } => {
                let waits = self.desks.iter_mut().any(|desk| desk.waiting_for(id).is_some());
                let _ = reply.send(waits);
                Ok(())
            }
            Message::Printer(device, news) => match self.desk(device) {
                Some(index) => self.hear_printer(batch, index, news, effects),
                None => Ok(()),
            },
            Message::DecideCancel(device, id, reply) => {
                let decided = match self.desk(device) {
                    Some(index) => self.decide(batch, index, &Command::DecideCancel(document_id(id)))?.is_ok(),
                    None => false,
                };
                effects.push(if decided { Effect::Decided(reply) } else { Effect::refuse(reply) });
                Ok(())
            }
            Message::Office(news) => self.hear_office(batch, news),
            Message::Stop => Ok(()),
        }
    }

    fn desk(&self, device: Uuid) -> Option<usize> {
        self.desks.iter().position(|desk| desk.device == device)
    }

    // --- Orders ---

    /// An order arrives: it joins those who wait for the same id, or is refused at once, or queues up.
    fn take_order(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        form: OrderForm,
        waiter: Waiter,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let fingerprint = form.fingerprint();
        if let Some((own, waiters)) = self.desks[index].waiting_for(form.id) {
            if own == fingerprint {
                waiters.push(waiter);
            } else {
                effects.push(Effect::Tell(vec![waiter], clash(FiscalState::Unknown)));
            }
            return Ok(());
        }
        let entry = Entry { form, fingerprint, unique: Uuid::now_v7(), waiters: vec![waiter] };
        let alternative = self.wants_alternative(index, &entry.form);
        match self.try_reserve(batch, index, &entry, alternative, false)? {
            // It would go, or it only has to wait.
            Ok(_) | Err((Refusal::DeviceUnsettled, _)) => {
                if self.desks[index].queue.len() >= QUEUE_MAX {
                    let message = format!("{QUEUE_MAX} orders are waiting at this device already");
                    effects.push(Effect::Tell(entry.waiters, Answer::Unavailable { message }));
                } else {
                    self.desks[index].queue.push_back(entry);
                }
                Ok(())
            }
            Err(refused) => self.refuse(batch, index, entry, refused, effects),
        }
    }

    fn refuse(
        &self,
        batch: &Batch<'_>,
        index: usize,
        entry: Entry,
        (refusal, faults): Refused,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let state = match batch.request(self.desks[index].device, document_id(id))?.map(|row| row.state) {
            Some(RequestState::Sealed) => FiscalState::Registered,
            Some(RequestState::Reserved) => FiscalState::Unknown,
            Some(RequestState::Voided) | None => FiscalState::NotRegistered,
        };
        let answer = match (refusal, state) {
            (Refusal::Repeated, FiscalState::Registered) => Answer::Registered { id, replayed: true },
            _ => Answer::Refused { refusal, faults, state },
        };
        effects.push(Effect::Tell(entry.waiters, answer));
        Ok(())
    }

    /// The receipt that a sale gets now (contract, "Receipt modes").
    fn wants_alternative(&self, index: usize, form: &OrderForm) -> bool {
        let has = self.desks[index].current().configuration().alternative_receipts;
        match form.mode() {
            ReceiptMode::FiscalOnly => false,
            ReceiptMode::AlternativeOnly => true,
            ReceiptMode::Automatic | ReceiptMode::FiscalThenAlternative => has && self.setting.board.sells_alternative(),
        }
    }

    /// Lets every order go whose turn it is.
    pub(super) fn advance_all(&mut self, batch: &mut Batch<'_>, effects: &mut Vec<Effect>) -> Result<(), StoreError> {
        for index in 0..self.desks.len() {
            self.advance(batch, index, effects)?;
            self.advance_printer(index, effects);
        }
        Ok(())
    }

    fn advance(&mut self, batch: &mut Batch<'_>, index: usize, effects: &mut Vec<Effect>) -> Result<(), StoreError> {
        let mut place = 0;
        while place < self.desks[index].queue.len() {
            if self.desks[index].current().outstanding().is_some() {
                return Ok(());
            }
            let alternative = self.wants_alternative(index, &self.desks[index].queue[place].form);
            if !alternative && !self.desks[index].printer_free() {
                // It waits for the printer; those behind it may not need one.
                place += 1;
                continue;
            }
            let Some(entry) = self.desks[index].queue.remove(place) else { return Ok(()) };
            if entry.waiters.iter().all(|waiter| waiter.reply.is_closed()) {
                // Nobody waits any more: nothing is sold behind a caller's back.
                continue;
            }
            match self.try_reserve(batch, index, &entry, alternative, true)? {
                Err(refused) => self.refuse(batch, index, entry, refused, effects)?,
                Ok(seq) if alternative => self.issue_alternative(batch, index, seq, entry.form, entry.waiters, effects)?,
                Ok(seq) => self.give_to_printer(batch, index, seq, entry, effects)?,
            }
        }
        Ok(())
    }

    /// Decides on an order, and appends its reservation if it is to be kept. The row is 0 if not.
    fn try_reserve(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        entry: &Entry,
        alternative: bool,
        keep: bool,
    ) -> Result<Result<i64, Refused>, StoreError> {
        let device = self.desks[index].device;
        let request = batch
            .request(device, document_id(entry.form.id))?
            .filter(|row| row.state != RequestState::Voided)
            .map(|row| Fingerprint(row.fingerprint));
        let original_document = match &entry.form.kind {
            OrderKind::Refund { original, .. } => match batch.request(device, document_id(*original))? {
                Some(row) if row.state == RequestState::Sealed => Some(batch.document(row)?),
                _ => None,
            },
            _ => None,
        };
        let lines = match &original_document {
            Some(document) => original_lines(batch, document)?,
            None => Vec::new(),
        };
        let original = original_document
            .as_ref()
            .map(|document| Original { fiscal_sale: document.row.kind == "sale", lines: &lines });
        let context =
            Context { fingerprint: entry.fingerprint, unique: entry.unique, request, original: original.as_ref() };
        let event = match self.reserve(index, &entry.form, alternative, &context) {
            Ok(event) => event,
            Err(refused) => return Ok(Err(refused)),
        };
        if keep { self.append(batch, index, event).map(Ok) } else { Ok(Ok(0)) }
    }

    /// Decides on an order; the event comes back encoded, because it borrows from the till.
    fn reserve(
        &mut self,
        index: usize,
        form: &OrderForm,
        alternative: bool,
        context: &Context<'_>,
    ) -> Result<Encoded, Refused> {
        let annex = form.annex();
        let mut wish_room = WishRoom::default();
        let desk = &self.desks[index];
        let command = Command::Reserve(Order {
            id: document_id(form.id),
            unique: UniqueId(*context.unique.as_bytes()),
            fingerprint: context.fingerprint,
            point_of_sale: PointOfSaleId(*form.point_of_sale.as_bytes()),
            annex: &annex,
            baseline: if alternative { None } else { desk.baseline.as_ref().map(stored) },
            wish: form.wish(alternative, &mut wish_room),
        });
        let known = Known { request: context.request, original: context.original };
        let mut heard = Heard::default();
        let scratch = Scratch { lines: &mut self.lines, bytes: &mut self.bytes };
        let now = self.setting.clock.now();
        let event = desk.current().decide(self.setting.profile, &command, &known, now, scratch, &mut heard);
        match event {
            Ok(event) => Encoded::of(&event, &mut self.room).ok_or((Refusal::ScratchTooSmall, Vec::new())),
            Err(refusal) => Err((refusal, heard.0)),
        }
    }

    /// Decides on anything that has no draft, and appends the event.
    fn decide(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        command: &Command<'_>,
    ) -> Result<Result<i64, Refusal>, StoreError> {
        let now = self.setting.clock.now();
        let scratch = Scratch { lines: &mut [], bytes: &mut [] };
        let desk = &self.desks[index];
        let known = Known::default();
        let event = match desk.current().decide(self.setting.profile, command, &known, now, scratch, &mut Unheard) {
            Ok(event) => Encoded::of(&event, &mut self.room),
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.append(batch, index, event.ok_or(StoreError::TooLarge)?).map(Ok)
    }

    /// Appends an event and applies it to the copy of the till, as a replay would.
    fn append(&mut self, batch: &mut Batch<'_>, index: usize, encoded: Encoded) -> Result<i64, StoreError> {
        let event = encoded.event().map_err(|source| StoreError::Unreadable { seq: batch.seq() + 1, source })?;
        let desk = &mut self.desks[index];
        let at = moment_of(&event).unwrap_or_else(|| self.setting.clock.now().utc_ms);
        let seq = batch.append(desk.device, at, &event, &encoded.payload)?;
        desk.working.get_or_insert_with(|| desk.till.clone()).apply(&event);
        desk.events_since_snapshot += 1;
        Ok(seq)
    }

    // --- The printer ---

    fn give_to_printer(
        &mut self,
        batch: &Batch<'_>,
        index: usize,
        seq: i64,
        entry: Entry,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let Some(row) = batch.request(self.desks[index].device, document_id(entry.form.id))? else { return Ok(()) };
        debug_assert_eq!(row.reserved_seq, seq, "the request leads to the document just reserved");
        let stored_document = batch.document(row)?;
        let document = self.document_of(batch, index, &stored_document, false)?;
        let desk = &mut self.desks[index];
        desk.active = Some(Active {
            id: entry.form.id,
            fingerprint: entry.fingerprint,
            form: Some(entry.form),
            waiters: entry.waiters,
        });
        if let Some(document) = document {
            desk.printing = Printing::Document;
            effects.push(Effect::Print(index, Task::Perform(document)));
        }
        Ok(())
    }

    /// The printer's side of a reserved document.
    fn document_of(
        &self,
        batch: &Batch<'_>,
        index: usize,
        stored_document: &StoredDocument,
        cancel_decided: bool,
    ) -> Result<Option<Document>, StoreError> {
        let Some(reserved) = stored_document.reserved() else { return Ok(None) };
        let original = match &reserved.body {
            Body::Receipt(Receipt { kind: ferrotill_core::receipt::ReceiptKind::Refund { original }, .. }) => {
                match batch.request(self.desks[index].device, *original)? {
                    Some(row) => Some(batch.document(row)?),
                    None => None,
                }
            }
            _ => None,
        };
        let job = job_of(&reserved, original.as_ref(), self.setting.profile.facts().currency);
        let baseline = reserved.baseline.as_ref().map(baseline_of);
        Ok(job.zip(baseline).map(|(job, baseline)| Document {
            id: stored_document.row.id,
            job,
            baseline,
            cancel_decided,
        }))
    }

    /// Gives a free printer what does not need the books: slips and pulses.
    fn advance_printer(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let desk = &mut self.desks[index];
        if !desk.printer_free() {
            return;
        }
        if let Some(slip) = desk.slips.pop_front() {
            effects.push(Effect::Print(index, Task::Slip(slip.id, slip.job.clone())));
            desk.printing = Printing::Slip(slip);
        } else if desk.drawers_due > 0 {
            desk.drawers_due -= 1;
            desk.printing = Printing::Drawer;
            effects.push(Effect::Print(index, Task::Drawer));
        }
    }

    fn hear_printer(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        news: News,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let board = Arc::clone(&self.setting.board);
        let desk = &mut self.desks[index];
        match news {
            News::Ready(connected) => {
                tracing::info!(device = %desk.device, model = connected.model, "the printer is there");
                board.printer_ready(desk.device, &connected);
                desk.baseline = Some(connected.baseline);
            }
            News::Lost(words) => {
                tracing::warn!(device = %desk.device, "the printer cannot be reached: {words}");
                board.printer_lost(desk.device, &words);
                if !matches!(desk.printing, Printing::Document) {
                    desk.baseline = None;
                }
                while let Some(reply) = desk.drawer_waiters.pop_front() {
                    effects.push(Effect::Drawer(reply, Err(words.clone())));
                }
                desk.drawers_due = 0;
            }
            News::SlipDone(_, words, after) => {
                desk.baseline = after;
                if let Printing::Slip(slip) = std::mem::take(&mut desk.printing) {
                    if let Some(words) = words {
                        batch.note_print_error(slip.reserved_seq, &words)?;
                    }
                    effects.push(Effect::Tell(slip.waiters, Answer::Registered { id: slip.id, replayed: false }));
                }
            }
            News::DrawerDone(words, after) => {
                desk.baseline = after;
                desk.printing = Printing::Nothing;
                if let Some(reply) = desk.drawer_waiters.pop_front() {
                    effects.push(Effect::Drawer(reply, words.map_or(Ok(()), Err)));
                }
            }
            News::Settled(id, settled) => self.settle(batch, index, id, *settled, effects)?,
        }
        Ok(())
    }

    /// A document is settled on the printer: it gets its numbers, or it never was.
    fn settle(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        id: Uuid,
        settled: Settled,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let desk = &mut self.desks[index];
        desk.printing = Printing::Nothing;
        let active = desk.active.take_if(|active| active.id == id);
        let (waiters, form) = active.map_or((Vec::new(), None), |active| (active.waiters, active.form));
        match settled {
            Settled::Registered(registered) => {
                desk.baseline = Some(registered.after.clone());
                match self.decide(batch, index, &Command::Settle(document_id(id), seal_of(&registered)))? {
                    Ok(_) => {
                        effects.push(Effect::Tell(waiters, Answer::Registered { id, replayed: false }));
                        effects.push(Effect::WakeSender);
                    }
                    Err(refusal) => tracing::error!(%id, "a settled document is not outstanding: {refusal}"),
                }
            }
            Settled::NotRegistered(not_registered) => {
                desk.baseline = not_registered.after;
                let fault = not_registered.fault;
                let message = match not_registered.detail.as_str() {
                    "" => fault.to_string(),
                    detail => format!("{fault}: {detail}"),
                };
                match self.decide(batch, index, &Command::Void(document_id(id), fault.code(), &message))? {
                    Ok(_) => self.after_void(batch, index, form, waiters, format!("{fault:?}"), message, effects)?,
                    Err(refusal) => tracing::error!(%id, "a settled document is not outstanding: {refusal}"),
                }
            }
        }
        Ok(())
    }

    /// A fiscal attempt is settled as not registered: the caller is told, or gets the alternative receipt that it asked for in this case.
    #[expect(clippy::too_many_arguments, reason = "what is left of one order, taken apart")]
    fn after_void(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        form: Option<OrderForm>,
        waiters: Vec<Waiter>,
        error: String,
        message: String,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let has = self.desks[index].current().configuration().alternative_receipts;
        if let Some(form) = form.filter(|form| has && form.mode() == ReceiptMode::FiscalThenAlternative) {
            let entry = Entry { fingerprint: form.fingerprint(), form, unique: Uuid::now_v7(), waiters };
            return match self.try_reserve(batch, index, &entry, true, true)? {
                Ok(seq) => self.issue_alternative(batch, index, seq, entry.form, entry.waiters, effects),
                Err(refused) => self.refuse(batch, index, entry, refused, effects),
            };
        }
        effects.push(Effect::Tell(waiters, Answer::NotRegistered { error, message }));
        Ok(())
    }

    /// An alternative receipt is legal with its number, in the same transaction as its reservation; its paper comes after.
    fn issue_alternative(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        reserved_seq: i64,
        form: OrderForm,
        waiters: Vec<Waiter>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = form.id;
        let (print, wanted) = match &form.kind {
            OrderKind::Sale { print, number, .. } => (*print, number.clone()),
            _ => (false, None),
        };
        let wanted = wanted.as_ref().map(|(series, number)| (series.as_str(), *number));
        let (series, number, number_length) = match self.desks[index].current().next_alternative(wanted) {
            Ok(Seal::Range { series, number, number_length }) => (series.to_owned(), number, number_length),
            // The reservation was admitted with this very question, in this batch.
            other => return Err(StoreError::Number { found: format!("{other:?}") }),
        };
        let seal = Seal::Range { series: &series, number, number_length };
        if let Err(refusal) = self.decide(batch, index, &Command::Settle(document_id(id), seal))? {
            return Err(StoreError::Number { found: refusal.to_string() });
        }
        effects.push(Effect::WakeSender);
        if !print {
            effects.push(Effect::Tell(waiters, Answer::Registered { id, replayed: false }));
            return Ok(());
        }
        if self.desks[index].baseline.is_none() {
            batch.note_print_error(reserved_seq, "the printer cannot be reached; print a duplicate once it can")?;
            effects.push(Effect::Tell(waiters, Answer::Registered { id, replayed: false }));
            return Ok(());
        }
        let Some(row) = batch.request(self.desks[index].device, document_id(id))? else { return Ok(()) };
        let document = batch.document(row)?;
        let facts = self.setting.profile.facts();
        if let Some(Body::Receipt(receipt)) = document.reserved().map(|reserved| reserved.body) {
            let numbered = format!("{series}{number:0width$}", width = usize::from(number_length));
            let job = slip_of(facts.alternative_receipt_title, &numbered, &receipt, facts.currency);
            self.desks[index].slips.push_back(Slip { id, reserved_seq, job, waiters });
        }
        Ok(())
    }

    // --- The tax office ---

    fn hear_office(&mut self, batch: &mut Batch<'_>, news: OfficeNews) -> Result<(), StoreError> {
        let now = self.setting.clock.now();
        match news {
            OfficeNews::Acknowledged { sealed_seq } => batch.acknowledge(sealed_seq, now.utc_ms),
            OfficeNews::Refused { sealed_seq, words } => batch.note_refusal(sealed_seq, &words),
            OfficeNews::Switched { from, to, reason } => {
                let event = Event::Switched(Switched { at: now, from, to, reason: &reason });
                let encoded = Encoded::of(&event, &mut self.room).ok_or(StoreError::TooLarge)?;
                // The office is the same for all devices.
                batch.append(Uuid::nil(), now.utc_ms, &event, &encoded.payload).map(drop)
            }
        }
    }

    // --- Patience ---

    /// Answers those whose patience ends, and takes orders that nobody waits for any more off the queue.
    pub(super) fn expire(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let due = |waiter: &Waiter| waiter.deadline.checked_sub(MARGIN).is_none_or(|end| end <= now);
        for desk in &mut self.desks {
            let unsettled = desk.current().outstanding().is_some();
            let answer = if unsettled {
                Answer::Refused {
                    refusal: Refusal::DeviceUnsettled,
                    faults: Vec::new(),
                    state: FiscalState::NotRegistered,
                }
            } else {
                Answer::Unknown { message: PRINTER_NOT_THERE.to_owned() }
            };
            for entry in &mut desk.queue {
                let (due, waiting) = entry.waiters.drain(..).partition(due);
                entry.waiters = waiting;
                effects.push(Effect::Tell(due, answer.clone()));
            }
            desk.queue.retain(|entry| !entry.waiters.is_empty());
            let printing = match &mut desk.printing {
                Printing::Slip(slip) => Some(slip),
                _ => None,
            };
            for slip in desk.slips.iter_mut().chain(printing) {
                let (due, waiting) = slip.waiters.drain(..).partition(due);
                slip.waiters = waiting;
                effects.push(Effect::Tell(due, Answer::Registered { id: slip.id, replayed: false }));
            }
        }
    }
}

/// What a caller is told whose patience ended while the printer was being connected.
const PRINTER_NOT_THERE: &str =
    "the printer could not be reached in time; repeat the request with the same id, which is always safe";

impl Effect {
    /// A decision that was not made.
    fn refuse(reply: SyncSender<bool>) -> Self {
        let _ = reply.send(false);
        Self::Tell(Vec::new(), Answer::Unknown { message: String::new() })
    }
}

/// An event with its encoding.
struct Encoded {
    kind: u16,
    payload: Vec<u8>,
}

impl Encoded {
    fn of(event: &Event<'_>, room: &mut [u8]) -> Option<Self> {
        let payload = event.encode(room).ok()?.to_vec();
        Some(Self { kind: event.kind(), payload })
    }

    fn event(&self) -> Result<Event<'_>, ferrotill_core::event::EventError> {
        Event::decode(self.kind, Event::VERSION, &self.payload)
    }
}

fn tell(waiters: Vec<Waiter>, answer: &Answer) {
    for waiter in waiters {
        // A caller who has gone asks again with the same id.
        drop(waiter.reply.send(answer.clone()));
    }
}

fn clash(state: FiscalState) -> Answer {
    Answer::Refused { refusal: Refusal::RequestIdClash, faults: Vec::new(), state }
}

fn document_id(id: Uuid) -> DocumentId {
    DocumentId(*id.as_bytes())
}

fn moment_of(event: &Event<'_>) -> Option<i64> {
    let moment = match event {
        Event::ConfigurationAdopted(_) => return None,
        Event::Reserved(reserved) => reserved.at,
        Event::CancelDecided(decided) => decided.at,
        Event::Sealed(sealed) => sealed.at,
        Event::Voided(voided) => voided.at,
        Event::Switched(switched) => switched.at,
    };
    Some(moment.utc_ms)
}

/// The lines of a sale with what returns have taken back of them.
fn original_lines<'d>(
    batch: &Batch<'_>,
    document: &'d StoredDocument,
) -> Result<Vec<OriginalLine<'d>>, StoreError> {
    let Some(Body::Receipt(receipt)) = document.reserved().map(|reserved| reserved.body) else {
        return Ok(Vec::new());
    };
    let returned = batch.returned(document.row.reserved_seq)?;
    Ok(receipt
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let taken = returned.iter().find(|(place, ..)| usize::from(*place) == index);
            OriginalLine {
                line,
                returned_quantity: Quantity::from_thousandths(taken.map_or(0, |(_, quantity, _)| *quantity)),
                returned_amount: Amount::from_minor(taken.map_or(0, |(.., amount)| *amount)),
            }
        })
        .collect())
}
