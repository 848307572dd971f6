//! Orders: the clerk joins repeated orders, refuses or queues new ones, and reserves their documents.

use ferrotill_core::budget::{Budget, Left};
use ferrotill_core::document::Body;
use ferrotill_core::event::{Event, NumberRange, Reserved};
use ferrotill_core::facts::SealPlan;
use ferrotill_core::id::{Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::receipt::{Original, Scratch};
use ferrotill_core::refusal::{Faults, IgnoreFaults, Place, Refusal};
use ferrotill_core::till::{Command, Known, Order};
use uuid::Uuid;

use super::super::answer::{Answer, Caller, FiscalState};
use super::super::device_state::DeviceState;
use super::super::devices::DevicePlace;
use super::super::queue::{Job, QUEUE_MAX, QueuedOrder};
use super::document_lines::DocumentLine;
use super::originals::{ComparableTexts, number_unknown, original_lines};
use super::{Effect, Encoded, Tills, document_id, moment_of};
use crate::order::fingerprint::RequestFingerprint;
use crate::order::{ChosenNumber, OrderForm, OrderKind, ReceiptMode, WishRoom};
use crate::seal::books::BooksSealer;
use crate::seal::fiscal_module::FiscalModuleSealer;
use crate::seal::fiscal_numbers::FiscalNumberSealer;
use crate::seal::printer::FiscalPrinterSealer;
use crate::seal::printer::job::stored_baseline;
use crate::seal::series::SeriesSealer;
use crate::seal::{Preparation, Sealer, Unsealed, WAITED_FOR};
use ferrotill_store::{Appended, Batch, DocumentRow, RequestState, StoreError, StoredDocument};

impl Tills {
    /// Handles a new order. Its caller joins the callers of the same request, or is refused at once, or the order is queued.
    pub(super) fn take_order(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        form: OrderForm,
        caller: Caller,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let device = self.devices[index].device;
        let fingerprint = form.fingerprint(device);
        let mut devices = self.devices.iter_mut();
        if let Some((first, callers)) =
            devices.find_map(|device_state| device_state.callers_of(form.id))
        {
            if first.is_of(&form, device) {
                callers.push(Caller {
                    joined: true,
                    ..caller
                });
            } else {
                effects.push(Effect::Respond(vec![caller], clash(FiscalState::Unknown)));
            }
            return Ok(());
        }
        let entry = QueuedOrder {
            form,
            fingerprint,
            unique: Uuid::now_v7(),
            callers: vec![caller],
            attempts: 0,
            is_decided: true,
        };
        let Some(entry) = self.join_card_order(index, entry, effects) else {
            return Ok(());
        };
        let Some(mut entry) = self.join_held_report(index, entry, effects) else {
            return Ok(());
        };
        let alternative = self.wants_alternative(index, &entry.form);
        let is_begun = self.devices[index].begins_next_order();
        let admitted = if is_begun && !self.terminal_is_busy(&entry.form) {
            // It is decided once, when its document is reserved: in this batch, because nothing is before it.
            entry.is_decided = false;
            Ok(())
        } else {
            self.admit(batch, index, &entry, alternative)?
        };
        match admitted {
            // The order is allowed now, or as soon as the outstanding document is settled.
            Ok(()) | Err((Refusal::DeviceUnsettled, _)) => {
                let order = Job::Order(Box::new(entry));
                if let Some(Job::Order(order)) = self.devices[index].queue.push(order) {
                    let message = format!("{QUEUE_MAX} orders already wait for this device");
                    effects.push(Effect::Respond(
                        order.callers,
                        Answer::Unavailable { message },
                    ));
                }
                Ok(())
            }
            Err(refused) => self.refuse(batch, entry, refused, effects),
        }
    }

    /// Decides the orders that were to be begun in this batch and wait all the same, because the answer of a bank terminal or the printer
    /// has put another one before them. An order that waits was decided: a repeated request must not wait behind its own document.
    pub(super) fn decide_waiting(
        &mut self,
        batch: &Batch<'_>,
        index: DevicePlace,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        while let Some((place, entry)) = self.devices[index].queue.take_undecided() {
            let alternative = self.wants_alternative(index, &entry.form);
            match self.admit(batch, index, &entry, alternative)? {
                Ok(()) | Err((Refusal::DeviceUnsettled, _)) => {
                    self.devices[index].queue.put_decided(place, entry);
                }
                Err(refused) => self.refuse(batch, entry, refused, effects)?,
            }
        }
        Ok(())
    }

    /// Refuses an order. A repeated request whose document is sealed is answered with that document.
    pub(super) fn refuse(
        &self,
        batch: &Batch<'_>,
        entry: QueuedOrder,
        (refusal, faults): Refused,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let state = match batch
            .request_anywhere(document_id(id))?
            .map(|row| row.state)
        {
            Some(RequestState::Sealed) => FiscalState::Registered,
            Some(RequestState::Reserved) => FiscalState::Unknown,
            // The id is that of an uploaded receipt.
            None if refusal == Refusal::RequestIdClash => FiscalState::Registered,
            Some(RequestState::Voided) | None => FiscalState::NotRegistered,
        };
        let answer = match (refusal, state) {
            (Refusal::Repeated, FiscalState::Registered) => {
                Answer::Registered { id, replayed: true }
            }
            (Refusal::Repeated, _) => Answer::Unknown {
                message: "the outcome of the first request with this id is not known yet"
                    .to_owned(),
            },
            _ => Answer::Refused {
                refusal,
                faults,
                state,
            },
        };
        effects.push(Effect::Respond(entry.callers, answer));
        Ok(())
    }

    /// True if a sale gets an alternative receipt now (`docs/api/own.md`, "Receipt modes").
    pub(super) fn wants_alternative(&self, index: DevicePlace, form: &OrderForm) -> bool {
        let has_alternative = self.devices[index]
            .current_till()
            .configuration()
            .alternative_receipts;
        match form.mode() {
            ReceiptMode::FiscalOnly => false,
            ReceiptMode::AlternativeOnly => true,
            // A till with fiscal numbers needs no alternative receipts: it has reserved numbers also while the authority is offline.
            ReceiptMode::Automatic | ReceiptMode::FiscalThenAlternative => {
                has_alternative
                    && self.needs_printer(false)
                    && self.settings.live_status.sells_alternative()
            }
        }
    }

    /// Checks whether an order could be reserved now. Appends nothing.
    pub(super) fn admit(
        &mut self,
        batch: &Batch<'_>,
        index: DevicePlace,
        entry: &QueuedOrder,
        alternative: bool,
    ) -> Result<Result<(), Refused>, StoreError> {
        let event = self.decide_order(batch, index, entry, (alternative, false))?;
        Ok(event.map(drop))
    }

    /// What seals a document: the signature units, the numbers of a range, the fiscal printer, or the fiscal numbers of the authority.
    fn sealer(&self, index: DevicePlace, form: &OrderForm, alternative: bool) -> &dyn Sealer {
        if let Some(signatures) = &self.settings.signatures {
            &**signatures
        } else if alternative {
            &SeriesSealer
        } else if self.is_sealed_by_books(index, form) {
            &BooksSealer
        } else if self.needs_printer(alternative) {
            self.device_sealer()
        } else {
            &FiscalNumberSealer
        }
    }

    /// What makes the jobs of the device that seals: a fiscal printer or a fiscal module.
    pub(super) fn device_sealer(&self) -> &'static dyn Sealer {
        match self.settings.profile.facts().seal_plan {
            SealPlan::FiscalModule => &FiscalModuleSealer,
            SealPlan::Printer | SealPlan::Signature | SealPlan::FiscalNumber => {
                &FiscalPrinterSealer
            }
        }
    }

    /// Decides on an order, makes what its document needs to be sealed, and then appends the reservation. A document that nobody
    /// can seal is refused, and nothing is appended.
    pub(super) fn reserve(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        entry: &QueuedOrder,
        alternative: bool,
    ) -> Result<Result<Reservation, Refused>, StoreError> {
        let (event, preparation) =
            match self.decide_order(batch, index, entry, (alternative, true))? {
                Ok((event, Some(preparation))) => (event, preparation),
                // The clerk reserves a document for the printer only while it knows the printer's counters.
                Ok((_, None)) => return Ok(Err((Refusal::SealMismatch, Vec::new()))),
                Err(refused) => return Ok(Err(refused)),
            };
        let Appended { seq, reserved } = self.append(batch, index, event)?;
        let mut document = reserved.ok_or(StoreError::NoDocument { seq })?;
        if let Some(contact) = &entry.form.contact {
            batch.keep_contact(seq, document.row.at, contact)?;
            document.contact = Some(contact.clone());
        }
        Ok(Ok(Reservation {
            document,
            preparation,
        }))
    }

    /// Decides on an order and returns its event, and what its document needs to be sealed. `reserve` is true if the caller then
    /// appends the event.
    ///
    /// There is no preparation while the counters of a printer that is needed are not known.
    fn decide_order(
        &mut self,
        batch: &Batch<'_>,
        index: DevicePlace,
        entry: &QueuedOrder,
        (alternative, reserve): (bool, bool),
    ) -> Result<Result<(Encoded, Option<Preparation>), Refused>, StoreError> {
        let device = self.devices[index].device;
        let request = batch
            .request_anywhere(document_id(entry.form.id))?
            .filter(|row| row.state != RequestState::Voided)
            .map(|row| known_fingerprint(&row, entry, device));
        if request.is_none() && batch.is_uploaded(document_id(entry.form.id))? {
            return Ok(Err((Refusal::RequestIdClash, Vec::new())));
        }
        if request.is_none()
            && let Some(payment) = entry.form.said.provider_payment
            && !batch.can_pay(payment, document_id(entry.form.id))?
        {
            return Ok(Err((Refusal::PaymentNotUsable, Vec::new())));
        }
        let original_document = match &entry.form.kind {
            OrderKind::Refund { original, .. } => {
                match batch.request(device, document_id(*original))? {
                    Some(row) if row.state == RequestState::Sealed => Some(batch.document(row)?),
                    _ => None,
                }
            }
            _ => None,
        };
        let texts = original_document.as_ref().map(ComparableTexts::of);
        let lines = match (&original_document, &texts) {
            (Some(document), Some(texts)) => original_lines(batch, document, texts)?,
            _ => Vec::new(),
        };
        let original = original_document.as_ref().map(|document| Original {
            kind: document.row.kind.into(),
            number_unknown: number_unknown(document),
            lines: &lines,
        });
        let context = Context {
            fingerprint: entry.fingerprint,
            unique: entry.unique,
            request,
            original: original.as_ref(),
            number_taken: self.is_number_taken(batch, index, &entry.form)?,
        };
        let event =
            match self.encode_reservation(index, &entry.form, (alternative, reserve), &context) {
                Ok(event) => event,
                Err(refused) => return Ok(Err(refused)),
            };
        let original = original_document.as_ref();
        let prepared = self.prepare(index, &entry.form, &event, original, alternative);
        Ok(match prepared {
            Ok(preparation) => Ok((event, preparation)),
            Err(refusal) => Err((refusal, Vec::new())),
        })
    }

    /// True if the number that the caller has chosen is used already, or lies in a range of another device and in none of this one.
    fn is_number_taken(
        &self,
        batch: &Batch<'_>,
        index: DevicePlace,
        form: &OrderForm,
    ) -> Result<bool, StoreError> {
        let Some(wanted) = form.chosen_number().map(ChosenNumber::printed) else {
            return Ok(false);
        };
        if batch.is_number_used(&wanted)? {
            return Ok(true);
        }
        let Some(alone) = NumberRange::of(&wanted) else {
            return Ok(false);
        };
        let contains = |device_state: &DeviceState| {
            let mut ranges = device_state.current_till().configuration().ranges.iter();
            ranges.any(|range| range.shares_a_number_with(&alone))
        };
        Ok(!contains(&self.devices[index]) && self.devices.iter().any(contains))
    }

    /// Makes what a document needs to be sealed; `None` while the counters of a printer that is needed are not known.
    fn prepare(
        &self,
        index: DevicePlace,
        form: &OrderForm,
        event: &Encoded,
        original: Option<&StoredDocument>,
        alternative: bool,
    ) -> Result<Option<Preparation>, Refusal> {
        let Ok(Event::Reserved(reserved)) = event.event() else {
            return Err(Refusal::SealMismatch);
        };
        if self.settings.live_status.is_taken_over() {
            return Err(Refusal::TillTakenOver);
        }
        let by_printer = self.is_sealed_by_printer(index, form, alternative);
        if by_printer && reserved.baseline.is_none() {
            return Ok(None);
        }
        let wanted = form.chosen_number().map(ChosenNumber::printed);
        let document = Unsealed {
            device: self.devices[index].device,
            till: self.devices[index].current_till(),
            reserved: &reserved,
            original,
            printer_ahead_ms: self.printer_ahead_ms(original),
            wanted,
            currency: self.settings.profile.facts().currency,
            seller: &self.settings.seller,
            facts: self.settings.profile.facts(),
            cancel_decided: false,
            given_up_at: self.after(WAITED_FOR),
            module_request: form.said.module_request.as_ref(),
        };
        self.sealer(index, form, alternative)
            .prepare(&document)
            .map(Some)
    }

    /// Decides on an order. The event is returned encoded, because it borrows from the till.
    fn encode_reservation(
        &mut self,
        index: DevicePlace,
        form: &OrderForm,
        (alternative, reserve): (bool, bool),
        context: &Context<'_>,
    ) -> Result<Encoded, Refused> {
        let guard = &self.settings.guard;
        let now = if reserve {
            guard.selling()
        } else {
            guard.now()
        };
        let left = self.budget_left(&self.settings.profile.facts().offline);
        let owner_limit_reached = self.owner_limit_reached();
        let annex = form.annex();
        let by_printer = self.is_sealed_by_printer(index, form, alternative);
        let mut wish_room = WishRoom::default();
        let device_state = &self.devices[index];
        let command = Command::Reserve(Order {
            id: document_id(form.id),
            unique: UniqueId(*context.unique.as_bytes()),
            fingerprint: context.fingerprint.digest,
            fingerprint_form: context.fingerprint.form,
            point_of_sale: PointOfSaleId(*form.point_of_sale.as_bytes()),
            annex: &annex,
            baseline: device_state
                .baseline
                .as_ref()
                .filter(|_| by_printer)
                .map(stored_baseline),
            wish: form.wish(alternative, &mut wish_room),
        });
        let known = Known {
            request: context.request,
            original: context.original,
            offline: Some(left),
            range_next: None,
            number_taken: context.number_taken,
            printer_swapped: device_state.printer_swapped,
            printer_rates: device_state.printer_rates.as_ref().filter(|_| by_printer),
        };
        let mut faults = CollectFaults::default();
        let scratch = Scratch {
            lines: &mut self.line_scratch,
            bytes: &mut self.byte_scratch,
        };
        let event = device_state.current_till().decide(
            self.settings.profile,
            &command,
            &known,
            now,
            scratch,
            &mut faults,
        );
        match event {
            Ok(Event::Reserved(Reserved {
                body: Body::Receipt(_),
                ..
            })) if owner_limit_reached => Err((Refusal::OfflineBudgetUsedUp, Vec::new())),
            Ok(event) => Encoded::of(&event, &mut self.event_buffer)
                .ok_or((Refusal::ScratchTooSmall, Vec::new())),
            Err(refusal) => Err((refusal, faults.0)),
        }
    }

    /// What is left of an offline limit. Its hours count only while the authority is offline.
    fn budget_left(&self, budget: &Budget) -> Left {
        let left = self.settings.guard.left(budget, self.unsent);
        if self.settings.guard.is_offline() {
            left
        } else {
            left.while_online()
        }
    }

    /// True if the owner's own limit is used up and the owner wants sales to stop then.
    fn owner_limit_reached(&self) -> bool {
        let owner_budget = &self.settings.owner_budget;
        owner_budget.admit(self.budget_left(owner_budget)).is_err()
    }

    /// Decides on a command other than a reservation, and appends its event. Returns the journal row.
    pub(super) fn decide(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        command: &Command<'_>,
    ) -> Result<Result<i64, Refusal>, StoreError> {
        self.decide_knowing(batch, index, command, &Known::default())
    }

    /// [`decide`](Self::decide) with facts of the store.
    pub(super) fn decide_knowing(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        command: &Command<'_>,
        known: &Known<'_>,
    ) -> Result<Result<i64, Refusal>, StoreError> {
        let now = self.settings.guard.now();
        let scratch = Scratch {
            lines: &mut [],
            bytes: &mut [],
        };
        let device_state = &self.devices[index];
        let event = match device_state.current_till().decide(
            self.settings.profile,
            command,
            known,
            now,
            scratch,
            &mut IgnoreFaults,
        ) {
            Ok(event) => Encoded::of(&event, &mut self.event_buffer),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let appended = self.append(batch, index, event.ok_or(StoreError::TooLarge)?)?;
        Ok(Ok(appended.seq))
    }

    /// Appends an event to the journal and applies it, decoded again, to the copy of the till, as a replay would. Every event of a
    /// device takes this way.
    pub(super) fn append(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        encoded: Encoded,
    ) -> Result<Appended, StoreError> {
        let event = encoded.event().map_err(|source| StoreError::Unreadable {
            seq: batch.seq().saturating_add(1),
            source,
        })?;
        if matches!(event, Event::Sealed(_)) {
            // The count is corrected at the end of the batch (`Tills::count_unsent`).
            self.unsent.documents = self.unsent.documents.saturating_add(1);
        }
        let device_state = &mut self.devices[index];
        let at = moment_of(&event).unwrap_or_else(|| self.settings.guard.now().utc_ms);
        let till = device_state
            .uncommitted
            .get_or_insert_with(|| device_state.till.clone());
        let device = device_state.device;
        let appended = batch.append((device, &mut *till), at, &event, &encoded.payload)?;
        if let Some(latest) = till.latest() {
            self.settings.guard.written(latest.utc_ms);
        }
        let line = DocumentLine::of(batch, device, &event)?;
        self.document_lines.extend(line);
        Ok(appended)
    }
}

/// Collects all faults of a draft.
#[derive(Default)]
struct CollectFaults(Vec<(Place, Refusal)>);

impl Faults for CollectFaults {
    fn fault(&mut self, place: Place, refusal: Refusal) {
        self.0.push((place, refusal));
    }
}

/// A document that is in the batch, and what it needs to be sealed.
pub(super) struct Reservation {
    pub(super) document: StoredDocument,
    pub(super) preparation: Preparation,
}

/// A refusal with all faults of the order.
type Refused = (Refusal, Vec<(Place, Refusal)>);

/// The ids of an order, and what the journal contains about its request id and its original.
struct Context<'c> {
    fingerprint: RequestFingerprint,
    unique: Uuid,
    request: Option<Fingerprint>,
    original: Option<&'c Original<'c>>,
    number_taken: bool,
}

/// The fingerprint of the document that has the id of an order, for comparison with the order's own fingerprint.
///
/// Both are equal if the order repeats the request of the document, in whichever form the document's fingerprint was stored.
fn known_fingerprint(row: &DocumentRow, entry: &QueuedOrder, device: Uuid) -> Fingerprint {
    let stored = RequestFingerprint::of_row(row);
    if stored.is_of(&entry.form, device) {
        entry.fingerprint.digest
    } else {
        stored.digest
    }
}

/// The answer to a request whose id already belongs to another request.
pub(super) const fn clash(state: FiscalState) -> Answer {
    Answer::Refused {
        refusal: Refusal::RequestIdClash,
        faults: Vec::new(),
        state,
    }
}
