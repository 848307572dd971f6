//! Card payments: the terminal is asked before the document is reserved, and the money is given back if there will be no document
//! (decision 0041).
//!
//! Each question is in the journal before the terminal gets it, and each answer before anything follows from it. So after a crash the
//! journal says which operations may have moved money, and the terminals are asked what became of them. A document is reserved only when
//! all its card payments are approved. If the document is voided, or if the request is not repeated in time, the till gives the money back.

use std::time::{Duration, Instant};

use ferrotill_core::Amount;
use ferrotill_core::event::{TerminalAnswer, TerminalAnswered, TerminalAsked, TerminalOperation};
use ferrotill_core::id::{OperationReference, TerminalId};
use ferrotill_core::till::Command;
use uuid::Uuid;

use super::super::answer::{Answer, Caller, FiscalState};
use super::super::card_order::{CardOrder, CardStep, CardStepState};
use super::super::device_state::DeviceState;
use super::super::devices::DevicePlace;
use super::super::queue::{QueuedOrder, take_due};
use super::orders::clash;
use super::{Effect, Tills, document_id};
use crate::order::fingerprint::RequestFingerprint;
use crate::order::{OrderForm, OrderKind, TerminalApproval, TerminalPayment};
use crate::payment::{Approval, NoMoney, TerminalJob, TerminalNews, TerminalTask};
use crate::status::problems::{HealthProblem, ProblemKind};
use ferrotill_store::{Batch, RequestState, Store, StoreError};

/// The pause after a terminal has refused to give money back.
const VOID_PAUSE: Duration = Duration::from_secs(30);

impl Tills {
    /// Reads the open operations of bank terminals.
    pub(super) fn load_card_orders(&mut self, store: &Store) -> Result<(), StoreError> {
        let open = store.open_card_operations()?;
        let terminals = &self.settings.terminals;
        self.card_orders =
            CardOrder::of_store(&open, |terminal| self.after(terminals.void_after(terminal)));
        Ok(())
    }

    /// Returns the order if all its card payments are approved, or if it has none. Otherwise a terminal is asked first.
    pub(super) fn pay_first(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        order: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<Option<QueuedOrder>, StoreError> {
        let Some(payment) = order.form.terminals.next_payment() else {
            return Ok(Some(order));
        };
        let Some((amount, operation)) = asked_for(&order.form, payment) else {
            return Ok(Some(order));
        };
        // No card is charged for an order that is refused.
        let alternative = self.wants_alternative(index, &order.form);
        if let Err(refused) = self.admit(batch, index, &order, alternative)? {
            self.give_back(order.form.id);
            self.refuse(batch, order, refused, effects)?;
            return Ok(None);
        }
        let (id, fingerprint) = (order.form.id, order.fingerprint);
        let question = (id, fingerprint, payment);
        let step = self.ask_terminal(batch, index, question, (amount, operation), effects)?;
        let kept_until = self.kept_until(&order.callers, payment.terminal);
        match self.card_orders.iter_mut().find(|card| card.id == id) {
            Some(card) => {
                card.steps.push(step);
                card.held = Some(order);
                card.kept_until = card.kept_until.max(kept_until);
            }
            None => self.card_orders.push(CardOrder {
                id,
                device: self.devices[index].device,
                fingerprint,
                steps: vec![step],
                held: Some(order),
                gives_back: false,
                kept_until,
                void_again_at: None,
                trouble: None,
            }),
        }
        Ok(None)
    }

    /// Stores the question for a terminal. The terminal gets it after the commit.
    fn ask_terminal(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
        (id, fingerprint, payment): (Uuid, RequestFingerprint, TerminalPayment),
        (amount, operation): (Amount, TerminalOperation),
        effects: &mut Vec<Effect>,
    ) -> Result<CardStep, StoreError> {
        let reference = Uuid::now_v7();
        let asked = TerminalAsked {
            reference: OperationReference(*reference.as_bytes()),
            at: self.settings.guard.now(),
            id: document_id(id),
            fingerprint: fingerprint.digest,
            fingerprint_form: fingerprint.form,
            terminal: TerminalId(*payment.terminal.as_bytes()),
            position: payment.position,
            amount,
            operation,
        };
        let decided = self.decide(batch, index, &Command::AskTerminal(asked))?;
        let asked_seq = decided.map_err(|refusal| not_kept(&refusal))?;
        let job = TerminalJob {
            reference,
            operation,
            amount,
        };
        effects.push(Effect::AskTerminal(
            payment.terminal,
            TerminalTask::Perform(job),
        ));
        Ok(CardStep {
            reference,
            asked_seq,
            payment,
            amount,
            operation,
            state: CardStepState::Asked { is_sent: true },
        })
    }

    /// Until when the money of a card is kept for these callers.
    fn kept_until(&self, callers: &[Caller], terminal: Uuid) -> Instant {
        let now = self.monotonic();
        let last = callers.iter().map(|caller| caller.deadline).max();
        let last = last.map_or(now, |last| last.max(now));
        let kept = self.settings.terminals.void_after(terminal);
        last.checked_add(kept).unwrap_or(last)
    }

    /// True if a terminal of the order is busy with another order. The order then waits in the queue.
    pub(super) fn terminal_is_busy(&self, form: &OrderForm) -> bool {
        let Some(payment) = form.terminals.next_payment() else {
            return false;
        };
        self.card_orders.iter().any(|card| {
            // A terminal that does not say what became of an operation refuses the next one at once.
            card.trouble.is_none()
                && card
                    .steps
                    .iter()
                    .any(|step| step.is_asked() && step.payment.terminal == payment.terminal)
        })
    }

    /// The money of this request is given back, if some has moved.
    pub(super) fn give_back(&mut self, id: Uuid) {
        let mut cards = self.card_orders.iter_mut();
        if let Some(card) = cards.find(|card| card.id == id) {
            card.gives_back = true;
        }
    }

    /// An order whose request has open operations of terminals joins them. Returns the order if its request has none.
    pub(super) fn join_card_order(
        &mut self,
        index: DevicePlace,
        order: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Option<QueuedOrder> {
        let id = order.form.id;
        let device = self.devices[index].device;
        let Some(place) = self.card_orders.iter().position(|card| card.id == id) else {
            return Some(order);
        };
        let terminal = order.form.terminals.payments.first();
        let terminal = terminal.map_or_else(Uuid::nil, |payment| payment.terminal);
        let kept_until = self.kept_until(&order.callers, terminal);
        let card = self.card_orders.get_mut(place)?;
        if !card.fingerprint.is_of(&order.form, device) {
            let clash = clash(FiscalState::Unknown);
            effects.push(Effect::Respond(order.callers, clash));
            return None;
        }
        card.kept_until = card.kept_until.max(kept_until);
        if card.trouble.is_some() {
            // A caller waits, so the terminal is asked now and not after its pause.
            card.ask_once_more();
        }
        let waits = card.gives_back || card.is_asked();
        match &mut card.held {
            Some(held) => {
                let joined = order.callers.into_iter().map(|caller| Caller {
                    joined: true,
                    ..caller
                });
                held.callers.extend(joined);
            }
            None if waits => card.held = Some(order),
            None => {
                let order = with_approvals(order, card.approvals());
                self.devices[index].queue.put_back(order);
            }
        }
        None
    }

    /// Handles what a terminal's thread reports.
    pub(super) fn on_terminal_news(
        &mut self,
        batch: &mut Batch<'_>,
        news: TerminalNews,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        match news {
            TerminalNews::Answered(reference, answer) => {
                self.take_terminal_answer(batch, reference, answer, effects)?;
            }
            TerminalNews::Unknown(reference, reason) => {
                let mut cards = self.card_orders.iter_mut();
                let card = cards.find(|card| has_asked(card, reference));
                if let Some(card) = card.filter(|card| card.trouble.as_ref() != Some(&reason)) {
                    tracing::warn!(id = %card.id, %reference, "it is not known what became of an operation of a bank terminal: {reason}");
                    card.trouble = Some(reason);
                }
            }
            TerminalNews::Day {
                report,
                terminal,
                totals,
            } => self.take_terminal_day(report, terminal, totals),
        }
        Ok(())
    }

    /// Stores the answer of a terminal, and does what follows from it.
    fn take_terminal_answer(
        &mut self,
        batch: &mut Batch<'_>,
        reference: Uuid,
        answer: Result<Approval, NoMoney>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        // An answer that was given twice is known already.
        let mut cards = self.card_orders.iter();
        let Some(place) = cards.position(|card| has_asked(card, reference)) else {
            return Ok(());
        };
        let device = self.card_orders.get(place).map(|card| card.device);
        let Some(index) = device.and_then(|device| self.place_of(device)) else {
            return Ok(());
        };
        let answered = TerminalAnswered {
            reference: OperationReference(*reference.as_bytes()),
            at: self.settings.guard.now(),
            answer: stored_answer(&answer),
        };
        let decided = self.decide(batch, index, &Command::KeepAnswer(answered))?;
        decided.map_err(|refusal| not_kept(&refusal))?;
        let mut card = self.card_orders.remove(place);
        card.trouble = None;
        let void_again_at = self.after(VOID_PAUSE);
        let answered_callers = card.take_answer(reference, answer, void_again_at);
        effects.extend(answered_callers.map(|(callers, answer)| Effect::Respond(callers, answer)));
        let is_ready = card.steps.is_empty() || !(card.gives_back || card.is_asked());
        if is_ready && let Some(order) = card.held.take() {
            let order = with_approvals(order, card.approvals());
            self.devices[index].queue.put_back(order);
        }
        if !card.steps.is_empty() {
            self.card_orders.push(card);
        }
        Ok(())
    }

    /// Takes the next step of every request with open operations, after the documents of the batch.
    pub(in crate::clerk) fn advance_terminals(
        &mut self,
        batch: &mut Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for mut card in std::mem::take(&mut self.card_orders) {
            if self.advance_card_order(batch, &mut card, effects)? {
                self.card_orders.push(card);
            }
        }
        Ok(())
    }

    /// Returns false if the request has no open operations any more.
    fn advance_card_order(
        &mut self,
        batch: &mut Batch<'_>,
        card: &mut CardOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<bool, StoreError> {
        card.ask_again(effects);
        let Some(index) = self.place_of(card.device) else {
            return Ok(true);
        };
        if self.is_under_way(index, card) {
            return Ok(true);
        }
        match batch.request_anywhere(document_id(card.id))? {
            Some(row) if row.state == RequestState::Sealed => return Ok(false),
            Some(row) if row.state == RequestState::Reserved => return Ok(true),
            // The document for which the money was taken is not registered.
            Some(row) if card.is_older_than(row.reserved_seq) => card.gives_back = true,
            Some(_) | None => {}
        }
        let now = self.monotonic();
        if now >= card.kept_until && card.is_paid() {
            card.gives_back = true;
        }
        let may_ask = card.void_again_at.is_none_or(|again_at| again_at <= now);
        let Some(step) = card.next_to_void().filter(|_| card.gives_back && may_ask) else {
            return Ok(true);
        };
        let of = OperationReference(*step.reference.as_bytes());
        let (payment, amount) = (step.payment, step.amount);
        tracing::info!(event = "repair", id = %card.id, reference = %step.reference, "the money of a card is given back, because its document is not registered");
        let question = (card.id, card.fingerprint, payment);
        let void = (amount, TerminalOperation::Void(of));
        let step = self.ask_terminal(batch, index, question, void, effects)?;
        card.steps.push(step);
        Ok(true)
    }

    /// True while the order of the request is being carried out, or waits for that. An order that no caller has waited for during the time
    /// for which money is kept is dropped.
    fn is_under_way(&mut self, index: DevicePlace, card: &mut CardOrder) -> bool {
        let is_late = self.monotonic() >= card.kept_until;
        let device_state = &mut self.devices[index];
        if device_state
            .sealing()
            .is_some_and(|sealing| sealing.id == card.id)
        {
            return true;
        }
        let is_given_up = |order: &QueuedOrder| {
            is_late && order.callers.iter().all(|caller| caller.reply.is_closed())
        };
        if let Some(order) = device_state.queue.order(card.id) {
            if !is_given_up(order) {
                return true;
            }
            drop(device_state.queue.take_order(|form| form.id == card.id));
            card.gives_back = true;
        }
        match &card.held {
            Some(order) if !card.gives_back => {
                if !is_given_up(order) {
                    return true;
                }
                card.held = None;
                card.gives_back = card.is_paid();
                false
            }
            _ => false,
        }
    }

    /// Notes in health which devices have money of cards without a document, or money whose way is not known.
    pub(super) fn publish_card_orders(&mut self) {
        let has_orders = !self.card_orders.is_empty();
        if std::mem::replace(&mut self.had_card_orders, has_orders) || has_orders {
            self.compare_card_problems();
        }
    }

    fn compare_card_problems(&self) {
        let problems = self.settings.live_status.problems();
        for device_state in &self.devices {
            let device = device_state.device;
            let mut cards = self.card_orders.iter().filter(|card| card.device == device);
            let waits = cards.find_map(|card| Some((card, self.card_trouble(device_state, card)?)));
            let Some((card, says)) = waits else {
                if problems.is_noted(ProblemKind::CARD_PAYMENT_WAITS, Some(device)) {
                    problems.clear(ProblemKind::CARD_PAYMENT_WAITS, Some(device));
                }
                continue;
            };
            problems.raise(HealthProblem {
                kind: ProblemKind::CARD_PAYMENT_WAITS,
                device: Some(device),
                since_ms: self.settings.guard.now().utc_ms,
                says,
                fix: card_fix(card),
            });
        }
    }

    /// What is wrong with the card payments of a request; `None` while its order is being carried out without trouble.
    fn card_trouble(&self, device_state: &DeviceState, card: &CardOrder) -> Option<String> {
        let id = card.id;
        let terminals = &self.settings.terminals;
        let mut steps = card.steps.iter();
        if steps.any(|step| terminals.name(step.payment.terminal).is_none()) {
            return Some(format!(
                "the card payment of request {id} is not settled: the configuration does not have its bank terminal any more; put it back"
            ));
        }
        if let Some(trouble) = &card.trouble {
            return Some(format!(
                "the card payment of request {id} is not settled: {trouble}"
            ));
        }
        let is_sealing = device_state
            .sealing()
            .is_some_and(|sealing| sealing.id == id);
        let is_begun = is_sealing || device_state.queue.order(id).is_some();
        if is_begun || card.held.is_some() || !card.is_paid() {
            return None;
        }
        let what = if card.gives_back {
            "is being given back, because its document is not registered"
        } else {
            "is made, and its document is not registered"
        };
        Some(format!("the card payment of request {id} {what}"))
    }

    fn place_of(&self, device: Uuid) -> Option<DevicePlace> {
        self.devices
            .place_of(|device_state| device_state.device == device)
    }

    /// Answers callers whose order waits for a terminal, shortly before their deadline. The order goes on.
    pub(super) fn answer_expired_card_callers(&mut self, effects: &mut Vec<Effect>) {
        let now = self.monotonic();
        for card in &mut self.card_orders {
            if let Some(order) = &mut card.held {
                let callers = take_due(&mut order.callers, now);
                if !callers.is_empty() {
                    let message = card.trouble.as_ref().map_or_else(
                        || format!("the bank terminal has not answered yet; {REPEAT}"),
                        |trouble| format!("{trouble}; {REPEAT}"),
                    );
                    effects.push(Effect::Respond(callers, Answer::Unknown { message }));
                }
            }
        }
    }

    /// The next moment at which something must be done for a request with open operations.
    pub(super) fn next_terminal_moment(&self) -> Option<Instant> {
        let now = self.monotonic();
        let moments = self.card_orders.iter().flat_map(|card| {
            let kept = Some(card.kept_until).filter(|kept_until| *kept_until > now);
            let again = card.void_again_at.filter(|again_at| *again_at > now);
            [kept, again]
        });
        moments.flatten().min()
    }

    /// The earliest deadline of a caller whose order waits for a terminal.
    pub(super) fn next_terminal_deadline(&self) -> Option<Instant> {
        let cards = self
            .card_orders
            .iter()
            .filter_map(|card| card.held.as_ref());
        let reports = self.held_reports.iter().map(|report| &report.order);
        let deadlines = cards.chain(reports).flat_map(|order| &order.callers);
        deadlines.map(|caller| caller.deadline).min()
    }

    /// Takes the callers of all orders that wait for a terminal. What the terminals were asked stays in the journal.
    pub(super) fn take_terminal_callers(&mut self) -> Vec<Caller> {
        let cards = std::mem::take(&mut self.card_orders).into_iter();
        let cards = cards.filter_map(|card| card.held);
        let reports = std::mem::take(&mut self.held_reports).into_iter();
        let orders = cards.chain(reports.map(|report| report.order));
        orders.flat_map(|order| order.callers).collect()
    }
}

impl CardOrder {
    /// Changes the steps as an answer says. Returns the callers whose order has ended with it.
    fn take_answer(
        &mut self,
        reference: Uuid,
        answer: Result<Approval, NoMoney>,
        void_again_at: Instant,
    ) -> Option<(Vec<Caller>, Answer)> {
        let place = self
            .steps
            .iter()
            .position(|step| step.reference == reference)?;
        let step = self.steps.remove(place);
        match (step.operation, answer) {
            (TerminalOperation::Void(of), Ok(_)) => {
                self.steps.retain(|step| step.reference.as_bytes() != &of.0);
                None
            }
            (TerminalOperation::Void(_), Err(no_money)) => {
                tracing::error!(id = %self.id, "a bank terminal has refused to give money back: {}", no_money.reason());
                self.trouble = Some(format!(
                    "the bank terminal refuses to give the money back: {}",
                    no_money.reason()
                ));
                self.void_again_at = Some(void_again_at);
                None
            }
            (TerminalOperation::Charge | TerminalOperation::Refund, Ok(approval)) => {
                let state = CardStepState::Approved(TerminalApproval {
                    payment: step.payment,
                    number: approval.number().to_owned(),
                    operation: approval.operation().to_owned(),
                    slip: approval.slip().to_vec(),
                });
                self.steps.insert(place, CardStep { state, ..step });
                None
            }
            (TerminalOperation::Charge | TerminalOperation::Refund, Err(no_money)) => {
                if self.gives_back {
                    // The order that is held is a repetition, which begins when all money is back.
                    return None;
                }
                self.gives_back = true;
                let order = self.held.take()?;
                Some((order.callers, not_paid(&no_money)))
            }
        }
    }

    /// Has the terminals asked again about every operation without an answer.
    fn ask_once_more(&mut self) {
        for step in &mut self.steps {
            if let CardStepState::Asked { is_sent } = &mut step.state {
                *is_sent = false;
            }
        }
    }

    /// Asks the terminals again about operations whose questions a terminal's thread may not have got.
    fn ask_again(&mut self, effects: &mut Vec<Effect>) {
        for step in &mut self.steps {
            if let CardStepState::Asked {
                is_sent: is_sent @ false,
            } = &mut step.state
            {
                *is_sent = true;
                let job = TerminalJob {
                    reference: step.reference,
                    operation: step.operation,
                    amount: step.amount,
                };
                let terminal = step.payment.terminal;
                effects.push(Effect::AskTerminal(terminal, TerminalTask::Recover(job)));
            }
        }
    }

    /// True if money has moved before this row of the journal.
    fn is_older_than(&self, reserved_seq: i64) -> bool {
        let mut approved = self.steps.iter().filter(|step| step.approval().is_some());
        approved.any(|step| step.asked_seq < reserved_seq)
    }

    /// The next operation to undo; `None` while a terminal is asked to undo one.
    fn next_to_void(&self) -> Option<&CardStep> {
        if self.steps.iter().any(CardStep::is_void) {
            return None;
        }
        self.steps.iter().find(|step| step.approval().is_some())
    }
}

/// What is to be done about the card payments of a request that are not settled.
fn card_fix(card: &CardOrder) -> String {
    let id = card.id;
    if card.void_refusal().is_none() {
        return format!(
            "the till settles it by itself as soon as the bank terminal answers; repeat the request {id} to get its document, or leave it, and the money is given back"
        );
    }
    format!(
        "the till asks again every 30 seconds; if the bank gives the money back in another way, or the buyer has it in cash, tell the till: ferrotill queue lay-aside {id} --recipient bank_terminal --reason TEXT --by NAME"
    )
}

fn has_asked(card: &CardOrder, reference: Uuid) -> bool {
    let mut asked = card.steps.iter().filter(|step| step.is_asked());
    asked.any(|step| step.reference == reference)
}

fn with_approvals(mut order: QueuedOrder, approvals: Vec<TerminalApproval>) -> QueuedOrder {
    order.form.terminals.approvals = approvals;
    order
}

/// What a terminal is asked for a payment of an order: the amount, and whether it is taken or given back.
fn asked_for(form: &OrderForm, payment: TerminalPayment) -> Option<(Amount, TerminalOperation)> {
    let (draft, operation) = match &form.kind {
        OrderKind::Sale { draft, .. } => (draft, TerminalOperation::Charge),
        OrderKind::Refund { draft, .. } => (draft, TerminalOperation::Refund),
        OrderKind::Cash(_)
        | OrderKind::Nonfiscal { .. }
        | OrderKind::Amounts(_)
        | OrderKind::Report { .. } => return None,
    };
    let (_, amount) = draft.payments.get(usize::from(payment.position))?;
    Some((*amount, operation))
}

fn stored_answer(answer: &Result<Approval, NoMoney>) -> TerminalAnswer<'_> {
    match answer {
        Ok(approval) => TerminalAnswer::Approved {
            number: approval.number(),
            operation: approval.operation(),
        },
        Err(no_money) if no_money.is_declined() => TerminalAnswer::Declined {
            reason: no_money.reason(),
        },
        Err(no_money) => TerminalAnswer::NotBegun {
            reason: no_money.reason(),
        },
    }
}

/// The answer to the callers of an order whose card payment has moved no money.
fn not_paid(no_money: &NoMoney) -> Answer {
    let error = if no_money.is_declined() {
        "BankTerminalDeclined"
    } else {
        "BankTerminalUnreachable"
    };
    Answer::NotRegistered {
        error: error.to_owned(),
        message: format!("bank terminal: {}; no money has moved", no_money.reason()),
    }
}

fn not_kept(refusal: &ferrotill_core::refusal::Refusal) -> StoreError {
    StoreError::Number {
        found: refusal.to_string(),
    }
}

/// The end of each answer to a caller whose order waits for a terminal.
const REPEAT: &str = "do not sell it again under another id: repeat with the same id, or ask `/operations/{id}`; the card is never charged twice; the till makes the receipt if the terminal soon says that the card was charged, and gives the money back otherwise";
