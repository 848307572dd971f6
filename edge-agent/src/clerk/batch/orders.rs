//! Orders: they join, are refused, queue up, and become reservations.

use ferrotill_core::Amount;
use ferrotill_core::budget::{Budget, Left};
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::{Event, Reserved};
use ferrotill_core::id::{Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::quantity::Quantity;
use ferrotill_core::receipt::{Original, OriginalLine, Scratch};
use ferrotill_core::refusal::{Faults, IgnoreFaults, Place, Refusal};
use ferrotill_core::till::{Command, Known, Order};
use uuid::Uuid;

use super::super::device_state::{Answer, Caller, FiscalState, QueuedOrder};
use super::{Effect, Encoded, Tills, document_id, moment_of};
use crate::order::{OrderForm, OrderKind, ReceiptMode, WishRoom};
use crate::seal::printer::job::stored;
use ferrotill_store::{Appended, Batch, RequestState, StoreError, StoredDocument};

impl Tills {
    /// An order arrives: it joins those who wait for the same id, or is refused at once, or queues up.
    pub(super) fn take_order(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        form: OrderForm,
        caller: Caller,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let fingerprint = form.fingerprint(self.devices[index].device);
        let mut devices = self.devices.iter_mut();
        if let Some((own, callers)) =
            devices.find_map(|device_state| device_state.waiting_for(form.id))
        {
            if own == fingerprint {
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
        };
        let alternative = self.wants_alternative(index, &entry.form);
        match self.admit(batch, index, &entry, alternative)? {
            // It would go, or it only has to wait.
            Ok(()) | Err((Refusal::DeviceUnsettled, _)) => {
                if self.devices[index].queue.len() >= QUEUE_MAX {
                    let message = format!("{QUEUE_MAX} orders are waiting at this device already");
                    effects.push(Effect::Respond(
                        entry.callers,
                        Answer::Unavailable { message },
                    ));
                } else {
                    self.devices[index].queue.push_back(entry);
                }
                Ok(())
            }
            Err(refused) => self.refuse(batch, entry, refused, effects),
        }
    }

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
            Some(RequestState::Voided) | None => FiscalState::NotRegistered,
        };
        let answer = match (refusal, state) {
            (Refusal::Repeated, FiscalState::Registered) => {
                Answer::Registered { id, replayed: true }
            }
            _ => Answer::Refused {
                refusal,
                faults,
                state,
            },
        };
        effects.push(Effect::Respond(entry.callers, answer));
        Ok(())
    }

    /// The receipt that a sale gets now (contract, "Receipt modes").
    pub(super) fn wants_alternative(&self, index: usize, form: &OrderForm) -> bool {
        let has = self.devices[index]
            .current()
            .configuration()
            .alternative_receipts;
        match form.mode() {
            ReceiptMode::FiscalOnly => false,
            ReceiptMode::AlternativeOnly => true,
            // A fiscal number is there without the office, so that nothing has to stand in for it.
            ReceiptMode::Automatic | ReceiptMode::FiscalThenAlternative => {
                has && self.on_printer(false) && self.setting.live_status.sells_alternative()
            }
        }
    }

    /// Lets every order go whose turn it is.
    pub(in crate::clerk) fn advance_all(
        &mut self,
        batch: &mut Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in 0..self.devices.len() {
            // What people did at the printer goes first: the next document may open a new shift.
            self.look_at_the_day(batch, index, effects)?;
            // The drawer opens and the slip comes for the buyer who stands there now; then it is the next one's turn.
            self.advance_printer(index, effects);
            self.advance(batch, index, effects)?;
            self.advance_printer(index, effects);
        }
        Ok(())
    }

    pub(super) fn advance(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let mut place = 0;
        while place < self.devices[index].queue.len() {
            if self.devices[index].current().outstanding().is_some() {
                return Ok(());
            }
            let alternative = self.wants_alternative(index, &self.devices[index].queue[place].form);
            if self.on_printer(alternative) && !self.devices[index].printer_free() {
                // It waits for the printer; those behind it may not need one.
                place += 1;
                continue;
            }
            let Some(entry) = self.devices[index].queue.remove(place) else {
                return Ok(());
            };
            if entry.callers.iter().all(|caller| caller.reply.is_closed()) {
                // Nobody waits any more: nothing is sold behind a caller's back.
                continue;
            }
            match self.reserve(batch, index, &entry, alternative)? {
                Err(refused) => self.refuse(batch, entry, refused, effects)?,
                Ok(document) if alternative => {
                    self.issue_alternative(batch, index, &document, entry, effects)?
                }
                Ok(document) if !self.on_printer(alternative) => {
                    self.issue_numbered(batch, index, &document, entry, effects)?
                }
                Ok(document) => self.give_to_printer(batch, index, &document, entry, effects)?,
            }
        }
        Ok(())
    }

    /// Whether an order would be reserved now. Nothing is appended.
    fn admit(
        &mut self,
        batch: &Batch<'_>,
        index: usize,
        entry: &QueuedOrder,
        alternative: bool,
    ) -> Result<Result<(), Refused>, StoreError> {
        let event = self.decide_order(batch, index, entry, (alternative, false))?;
        Ok(event.map(drop))
    }

    /// Decides on an order and appends its reservation. The reserved document comes back as the journal has it.
    pub(super) fn reserve(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        entry: &QueuedOrder,
        alternative: bool,
    ) -> Result<Result<StoredDocument, Refused>, StoreError> {
        let event = match self.decide_order(batch, index, entry, (alternative, true))? {
            Ok(event) => event,
            Err(refused) => return Ok(Err(refused)),
        };
        let Appended { seq, reserved } = self.append(batch, index, event)?;
        reserved.map(Ok).ok_or(StoreError::NoDocument { seq })
    }

    /// Decides on an order, whose event comes back; `keep` says whether it is to be appended.
    fn decide_order(
        &mut self,
        batch: &Batch<'_>,
        index: usize,
        entry: &QueuedOrder,
        (alternative, keep): (bool, bool),
    ) -> Result<Result<Encoded, Refused>, StoreError> {
        let device = self.devices[index].device;
        let request = batch
            .request_anywhere(document_id(entry.form.id))?
            .filter(|row| row.state != RequestState::Voided)
            .map(|row| Fingerprint(row.fingerprint));
        let original_document = match &entry.form.kind {
            OrderKind::Refund { original, .. } => {
                match batch.request(device, document_id(*original))? {
                    Some(row) if row.state == RequestState::Sealed => Some(batch.document(row)?),
                    _ => None,
                }
            }
            _ => None,
        };
        let lines = match &original_document {
            Some(document) => original_lines(batch, document)?,
            None => Vec::new(),
        };
        let original = original_document.as_ref().map(|document| Original {
            fiscal_sale: document.row.kind == DocumentKind::Sale,
            lines: &lines,
        });
        let context = Context {
            fingerprint: entry.fingerprint,
            unique: entry.unique,
            request,
            original: original.as_ref(),
        };
        let event = match self.encode_reservation(index, &entry.form, (alternative, keep), &context)
        {
            Ok(event) => event,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refusal) = self.number_for(index, &entry.form, alternative) {
            return Ok(Err((refusal, Vec::new())));
        }
        Ok(Ok(event))
    }

    /// Decides on an order; the event comes back encoded, because it borrows from the till.
    fn encode_reservation(
        &mut self,
        index: usize,
        form: &OrderForm,
        (alternative, keep): (bool, bool),
        context: &Context<'_>,
    ) -> Result<Encoded, Refused> {
        let guard = &self.setting.guard;
        let now = if keep { guard.selling() } else { guard.now() };
        let left = self.left(&self.setting.profile.facts().offline);
        let owner_limit_reached = self.owner_limit_reached();
        let annex = form.annex();
        let mut wish_room = WishRoom::default();
        let device_state = &self.devices[index];
        let command = Command::Reserve(Order {
            id: document_id(form.id),
            unique: UniqueId(*context.unique.as_bytes()),
            fingerprint: context.fingerprint,
            point_of_sale: PointOfSaleId(*form.point_of_sale.as_bytes()),
            annex: &annex,
            baseline: device_state
                .baseline
                .as_ref()
                .filter(|_| self.on_printer(alternative))
                .map(stored),
            wish: form.wish(alternative, &mut wish_room),
        });
        let known = Known {
            request: context.request,
            original: context.original,
            offline: Some(left),
            printer_swapped: device_state.swapped,
            printer_rates: device_state
                .rates
                .as_ref()
                .filter(|_| self.on_printer(alternative)),
        };
        let mut heard = CollectFaults::default();
        let scratch = Scratch {
            lines: &mut self.lines,
            bytes: &mut self.bytes,
        };
        let event = device_state.current().decide(
            self.setting.profile,
            &command,
            &known,
            now,
            scratch,
            &mut heard,
        );
        match event {
            Ok(Event::Reserved(Reserved {
                body: Body::Receipt(_),
                ..
            })) if owner_limit_reached => Err((Refusal::OfflineBudgetUsedUp, Vec::new())),
            Ok(event) => {
                Encoded::of(&event, &mut self.room).ok_or((Refusal::ScratchTooSmall, Vec::new()))
            }
            Err(refusal) => Err((refusal, heard.0)),
        }
    }

    /// What is left of a budget: its hours count only while the office cannot be reached.
    fn left(&self, budget: &Budget) -> Left {
        let left = self.setting.guard.left(budget, self.unsent);
        if self.setting.guard.is_offline() {
            left
        } else {
            left.while_online()
        }
    }

    /// The owner's own budget is used up, and the owner stops sales then.
    fn owner_limit_reached(&self) -> bool {
        let owner_budget = &self.setting.owner_budget;
        owner_budget.admit(self.left(owner_budget)).is_err()
    }

    /// Decides on anything that has no draft, and appends the event.
    pub(super) fn decide(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        command: &Command<'_>,
    ) -> Result<Result<i64, Refusal>, StoreError> {
        let now = self.setting.guard.now();
        let scratch = Scratch {
            lines: &mut [],
            bytes: &mut [],
        };
        let device_state = &self.devices[index];
        let known = Known::default();
        let event = match device_state.current().decide(
            self.setting.profile,
            command,
            &known,
            now,
            scratch,
            &mut IgnoreFaults,
        ) {
            Ok(event) => Encoded::of(&event, &mut self.room),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let appended = self.append(batch, index, event.ok_or(StoreError::TooLarge)?)?;
        Ok(Ok(appended.seq))
    }

    /// Appends an event and applies it to the copy of the till, as a replay would.
    pub(super) fn append(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        encoded: Encoded,
    ) -> Result<Appended, StoreError> {
        let event = encoded.event().map_err(|source| StoreError::Unreadable {
            seq: batch.seq() + 1,
            source,
        })?;
        if matches!(event, Event::Sealed(_)) {
            // The exact count comes at the end of the batch.
            self.unsent.documents = self.unsent.documents.saturating_add(1);
        }
        let device_state = &mut self.devices[index];
        let at = moment_of(&event).unwrap_or_else(|| self.setting.guard.now().utc_ms);
        let appended = batch.append(device_state.device, at, &event, &encoded.payload)?;
        device_state
            .working
            .get_or_insert_with(|| device_state.till.clone())
            .apply(&event);
        Ok(appended)
    }
}

/// Orders that wait at one desk at most.
const QUEUE_MAX: usize = 256;

/// Collects the faults of a draft.
#[derive(Default)]
struct CollectFaults(Vec<(Place, Refusal)>);

impl Faults for CollectFaults {
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

fn clash(state: FiscalState) -> Answer {
    Answer::Refused {
        refusal: Refusal::RequestIdClash,
        faults: Vec::new(),
        state,
    }
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
            let taken = returned
                .iter()
                .find(|(place, ..)| usize::from(*place) == index);
            OriginalLine {
                line,
                returned_quantity: Quantity::from_thousandths(
                    taken.map_or(0, |(_, quantity, _)| *quantity),
                ),
                returned_amount: Amount::from_minor(taken.map_or(0, |(.., amount)| *amount)),
            }
        })
        .collect())
}
