//! Orders: they join, are refused, queue up, and become reservations.

use ferrotill_core::Amount;
use ferrotill_core::budget::{Budget, Left};
use ferrotill_core::event::{Body, DocumentKind, Event, Reserved};
use ferrotill_core::id::{Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::quantity::Quantity;
use ferrotill_core::receipt::{Original, OriginalLine, Scratch};
use ferrotill_core::refusal::{Faults, Place, Refusal, Unheard};
use ferrotill_core::till::{Command, Known, Order};
use uuid::Uuid;

use super::super::desk::{Answer, Entry, FiscalState, Waiter};
use super::{Effect, Encoded, Floor, document_id, moment_of};
use crate::job::stored;
use crate::order::{OrderForm, OrderKind, ReceiptMode, WishRoom};
use crate::store::{Batch, RequestState, StoreError, StoredDocument};

impl Floor {
    /// An order arrives: it joins those who wait for the same id, or is refused at once, or queues up.
    pub(super) fn take_order(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        form: OrderForm,
        waiter: Waiter,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let fingerprint = form.fingerprint(self.desks[index].device);
        let mut desks = self.desks.iter_mut();
        if let Some((own, waiters)) = desks.find_map(|desk| desk.waiting_for(form.id)) {
            if own == fingerprint {
                waiters.push(Waiter {
                    joined: true,
                    ..waiter
                });
            } else {
                effects.push(Effect::Tell(vec![waiter], clash(FiscalState::Unknown)));
            }
            return Ok(());
        }
        let entry = Entry {
            form,
            fingerprint,
            unique: Uuid::now_v7(),
            waiters: vec![waiter],
            attempts: 0,
        };
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
            Err(refused) => self.refuse(batch, entry, refused, effects),
        }
    }

    pub(super) fn refuse(
        &self,
        batch: &Batch<'_>,
        entry: Entry,
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
        effects.push(Effect::Tell(entry.waiters, answer));
        Ok(())
    }

    /// The receipt that a sale gets now (contract, "Receipt modes").
    pub(super) fn wants_alternative(&self, index: usize, form: &OrderForm) -> bool {
        let has = self.desks[index]
            .current()
            .configuration()
            .alternative_receipts;
        match form.mode() {
            ReceiptMode::FiscalOnly => false,
            ReceiptMode::AlternativeOnly => true,
            // A fiscal number is there without the office, so that nothing has to stand in for it.
            ReceiptMode::Automatic | ReceiptMode::FiscalThenAlternative => {
                has && self.on_printer(false) && self.setting.board.sells_alternative()
            }
        }
    }

    /// Lets every order go whose turn it is.
    pub(in crate::clerk) fn advance_all(
        &mut self,
        batch: &mut Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in 0..self.desks.len() {
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
        while place < self.desks[index].queue.len() {
            if self.desks[index].current().outstanding().is_some() {
                return Ok(());
            }
            let alternative = self.wants_alternative(index, &self.desks[index].queue[place].form);
            if self.on_printer(alternative) && !self.desks[index].printer_free() {
                // It waits for the printer; those behind it may not need one.
                place += 1;
                continue;
            }
            let Some(entry) = self.desks[index].queue.remove(place) else {
                return Ok(());
            };
            if entry.waiters.iter().all(|waiter| waiter.reply.is_closed()) {
                // Nobody waits any more: nothing is sold behind a caller's back.
                continue;
            }
            match self.try_reserve(batch, index, &entry, alternative, true)? {
                Err(refused) => self.refuse(batch, entry, refused, effects)?,
                Ok(seq) if alternative => {
                    self.issue_alternative(batch, index, seq, entry.form, entry.waiters, effects)?
                }
                Ok(seq) if !self.on_printer(alternative) => {
                    self.issue_numbered(batch, index, seq, entry.form, entry.waiters, effects)?
                }
                Ok(seq) => self.give_to_printer(batch, index, seq, entry, effects)?,
            }
        }
        Ok(())
    }

    /// Decides on an order, and appends its reservation if it is to be kept. The row is 0 if not.
    pub(super) fn try_reserve(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        entry: &Entry,
        alternative: bool,
        keep: bool,
    ) -> Result<Result<i64, Refused>, StoreError> {
        let device = self.desks[index].device;
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
        let event = match self.reserve(index, &entry.form, (alternative, keep), &context) {
            Ok(event) => event,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refusal) = self.number_for(index, &entry.form, alternative) {
            return Ok(Err((refusal, Vec::new())));
        }
        if keep {
            self.append(batch, index, event).map(Ok)
        } else {
            Ok(Ok(0))
        }
    }

    /// Decides on an order; the event comes back encoded, because it borrows from the till.
    fn reserve(
        &mut self,
        index: usize,
        form: &OrderForm,
        (alternative, keep): (bool, bool),
        context: &Context<'_>,
    ) -> Result<Encoded, Refused> {
        let guard = &self.setting.guard;
        let now = if keep { guard.selling() } else { guard.now() };
        let left = self.left(&self.setting.profile.facts().offline);
        let house_stops = self.house_stops();
        let annex = form.annex();
        let mut wish_room = WishRoom::default();
        let desk = &self.desks[index];
        let command = Command::Reserve(Order {
            id: document_id(form.id),
            unique: UniqueId(*context.unique.as_bytes()),
            fingerprint: context.fingerprint,
            point_of_sale: PointOfSaleId(*form.point_of_sale.as_bytes()),
            annex: &annex,
            baseline: desk
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
            printer_swapped: desk.swapped,
            printer_rates: desk.rates.as_ref().filter(|_| self.on_printer(alternative)),
        };
        let mut heard = Heard::default();
        let scratch = Scratch {
            lines: &mut self.lines,
            bytes: &mut self.bytes,
        };
        let event = desk.current().decide(
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
            })) if house_stops => Err((Refusal::OfflineBudgetUsedUp, Vec::new())),
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
    fn house_stops(&self) -> bool {
        let house = &self.setting.house;
        house.admit(self.left(house)).is_err()
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
        let desk = &self.desks[index];
        let known = Known::default();
        let event = match desk.current().decide(
            self.setting.profile,
            command,
            &known,
            now,
            scratch,
            &mut Unheard,
        ) {
            Ok(event) => Encoded::of(&event, &mut self.room),
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.append(batch, index, event.ok_or(StoreError::TooLarge)?)
            .map(Ok)
    }

    /// Appends an event and applies it to the copy of the till, as a replay would.
    pub(super) fn append(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        encoded: Encoded,
    ) -> Result<i64, StoreError> {
        let event = encoded.event().map_err(|source| StoreError::Unreadable {
            seq: batch.seq() + 1,
            source,
        })?;
        if matches!(event, Event::Sealed(_)) {
            // The exact count comes at the end of the batch.
            self.unsent.documents = self.unsent.documents.saturating_add(1);
        }
        let desk = &mut self.desks[index];
        let at = moment_of(&event).unwrap_or_else(|| self.setting.guard.now().utc_ms);
        let seq = batch.append(desk.device, at, &event, &encoded.payload)?.seq;
        desk.working
            .get_or_insert_with(|| desk.till.clone())
            .apply(&event);
        Ok(seq)
    }
}

/// Orders that wait at one desk at most.
const QUEUE_MAX: usize = 256;

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
