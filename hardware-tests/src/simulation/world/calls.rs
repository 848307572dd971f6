//! The callers' requests and the network between callers and agent, which loses, delays, doubles and reorders requests.

use std::time::Duration;

use ferrotill::clerk::{Answer, FiscalState, Message};
use ferrotill_core::refusal::Refusal;
use ferrotill_store::RequestState;
use tokio::sync::oneshot;

use super::super::callers::{LastAnswer, Order, new_order};
use super::{CALLERS, Checked, REGULAR_CALLERS, Request, World};

/// How long a caller waits for an answer, in milliseconds.
const CALLER_TIMEOUT_MS: u64 = 20_000;
/// After what time a caller that disconnects early does so, in milliseconds.
const HANG_UP_AFTER_MS: u64 = 3_000;
/// How long a caller that has disconnected early waits before it repeats its order, in milliseconds.
const RETRY_AFTER_HANG_UP_MS: u64 = 60_000;
/// How long the agent lets a caller wait, in milliseconds.
const ANSWER_TIMEOUT_MS: u64 = 15_000;
/// The arrival time of a request that never arrives.
const LOST: u64 = u64::MAX;
/// How far the time of a document may be from the true time, in milliseconds. The machine's clock is wrong by two hours at most.
pub(super) const ASTRAY_MS: i64 = 3 * 3_600_000;
/// How long after the owner's limit a till may still sell, in milliseconds, beside the time that power cuts have lost: two minutes
/// until the clerk knows that the authority cannot be reached, and twice the five minutes by which the till's time follows a machine's
/// clock that is set back.
const BUDGET_SLACK_MS: u64 = 120_000 + 2 * FOLLOWED_MS;
/// The till's time follows the machine's clock by this many milliseconds, also backwards, after each start of the machine.
const FOLLOWED_MS: u64 = 300_000;

/// A time without the authority.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    /// Since when the till itself reports the authority as offline, in milliseconds of the run.
    since_ms: u64,
    /// How much of the time since then the till cannot know, because power cuts came before it had stored its clock.
    unknown_ms: u64,
}

impl Outage {
    pub(super) const fn since(since_ms: u64) -> Self {
        Self {
            since_ms,
            unknown_ms: 0,
        }
    }
}

impl World {
    /// Plays the turn of one caller.
    pub(super) fn call(&mut self, caller: usize, closing: bool) -> Checked {
        self.receive(caller)?;
        let now = self.now_ms;
        let Some(mine) = self.callers.get_mut(caller) else {
            return Ok(());
        };
        if !mine.pending.is_empty() || now < mine.again_ms {
            return Ok(());
        }
        let till = caller / CALLERS;
        let place = match mine.order {
            Some(place) => {
                let last_answer = self.orders.get(place).map(|order| order.last_answer);
                let again = match last_answer {
                    Some(LastAnswer::Unknown) => true,
                    // A caller may repeat its order although it knows the outcome.
                    _ => !closing && self.random.below(4) == 0,
                };
                if !again {
                    mine.order = None;
                    return Ok(());
                }
                mine.clashing =
                    last_answer == Some(LastAnswer::Registered) && self.random.below(4) == 0;
                place
            }
            None if caller % CALLERS >= REGULAR_CALLERS => {
                if closing || self.rush != Some(till) {
                    return Ok(());
                }
                let order = self.order_in_a_rush(till, caller % CALLERS == REGULAR_CALLERS);
                self.begin(order)
            }
            None if closing || self.random.below(3) != 0 => return Ok(()),
            None => {
                let order = new_order(&self.orders, till, false, &mut self.random);
                self.begin(order)
            }
        };
        self.is_still_given_up(place)?;
        self.send(caller, place, closing);
        Ok(())
    }

    /// A caller receives its answers. The caller concludes the outcome when all of its requests are answered or its timeout has passed.
    fn receive(&mut self, caller: usize) -> Checked {
        let now = self.now_ms;
        let Some(mine) = self.callers.get_mut(caller) else {
            return Ok(());
        };
        if mine.pending.is_empty() {
            return Ok(());
        }
        let mut news = Vec::new();
        let mut unanswered = false;
        mine.pending.retain_mut(|pending| match pending.try_recv() {
            Ok(answer) => {
                news.push(answer);
                false
            }
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => {
                unanswered = true;
                false
            }
        });
        if mine.loses_answer && !news.is_empty() {
            // The connection broke while the answer was being sent.
            unanswered = true;
            news.clear();
        }
        if now > mine.deadline_ms {
            unanswered |= !mine.pending.is_empty();
            mine.pending.clear();
        }
        mine.unanswered |= unanswered;
        mine.answers.extend(news.iter().cloned());
        let done = mine.pending.is_empty();
        for answer in &news {
            self.check_answer(caller, answer)?;
        }
        if done { self.conclude(caller) } else { Ok(()) }
    }

    /// Concludes the outcome for a caller: "registered" if any answer says so, "not registered" if all answers say so.
    fn conclude(&mut self, caller: usize) -> Checked {
        let now = self.now_ms;
        let Some(mine) = self.callers.get_mut(caller) else {
            return Ok(());
        };
        let answers = std::mem::take(&mut mine.answers);
        let unanswered = std::mem::take(&mut mine.unanswered);
        let clashing = std::mem::take(&mut mine.clashing);
        let hung_up = std::mem::take(&mut mine.hangs_up) && unanswered;
        let loses_answer = mine.loses_answer;
        mine.again_ms = now
            + match unanswered {
                true if hung_up => RETRY_AFTER_HANG_UP_MS,
                true => 1_000,
                false => 2_000,
            };
        let Some(place) = mine.order else {
            return Ok(());
        };
        // A failed commit may be durable after all, so no order counts as given up while the disk fails.
        let given_up = hung_up && !loses_answer && self.disk_fault_steps == 0;
        // An order whose card may have been charged is carried out although its caller has gone.
        let by_terminal = |order: &Order| !order.form.terminals.payments.is_empty();
        let given_up = given_up && !self.orders.get(place).is_some_and(by_terminal);
        let given_up = given_up && self.has_document(place) == Some(false);
        if let Some(order) = self.orders.get_mut(place) {
            order.given_up = given_up;
        }
        if clashing {
            return Ok(());
        }
        let states: Vec<FiscalState> = answers.iter().map(state_of).collect();
        let last_answer = if states.contains(&FiscalState::Registered) {
            LastAnswer::Registered
        } else if !unanswered
            && states
                .iter()
                .all(|state| *state == FiscalState::NotRegistered)
        {
            LastAnswer::NotRegistered
        } else {
            LastAnswer::Unknown
        };
        if let Some(order) = self.orders.get_mut(place) {
            order.last_answer = last_answer;
            if last_answer == LastAnswer::NotRegistered {
                order.arrived_ms = None;
            }
        }
        // While the disk fails, the store cannot be read; the order is checked at the end of the day.
        if self.disk_fault_steps > 0 {
            return Ok(());
        }
        self.check_order(place)
    }

    /// Checks that an answer is true when it arrives.
    fn check_answer(&mut self, caller: usize, answer: &Answer) -> Checked {
        let mine = self.callers.get(caller);
        let Some((place, clashing)) = mine.and_then(|mine| Some((mine.order?, mine.clashing)))
        else {
            return Ok(());
        };
        let off_ms = self.time_off(place);
        self.note(format!(
            "caller {caller} gets for order {place}: {answer:?} (its time is off by {off_ms:?} ms)"
        ));
        self.check_printers()?;
        let Some(order) = self.orders.get(place) else {
            return Ok(());
        };
        if order.is_for_the_printer()
            && let Some(till) = self.tills.get_mut(order.till)
        {
            till.turns.another_job();
        }
        if let Some(off_ms) = off_ms.filter(|off_ms| *off_ms > ASTRAY_MS) {
            return Err(format!("order {place} has a time {off_ms} ms ahead"));
        }
        match answer {
            Answer::Registered { .. } if clashing => Err(format!(
                "another command was registered under the id of order {place}"
            )),
            Answer::Refused { refusal, .. } if clashing && *refusal != Refusal::RequestIdClash => {
                Err(format!(
                    "another command under the id of order {place}: {refusal}"
                ))
            }
            Answer::Refused { refusal, .. }
                if self.is_first_return(place) && is_about_what_is_left(*refusal) =>
            {
                Err(format!(
                    "order {place} is the first return of its sale and was refused: {refusal}"
                ))
            }
            Answer::Registered { id, .. } if *id != order.form.id => {
                Err(format!("order {place} was answered with the document {id}"))
            }
            Answer::Registered {
                replayed: false, ..
            } if order.goods.is_some() && self.is_beyond_the_budget(order) => Err(format!(
                "order {place} was sold beyond the owner's limit of selling without the authority"
            )),
            _ => Ok(()),
        }
    }

    /// Whether an order returns a sale of which no other order has returned anything.
    fn is_first_return(&self, place: usize) -> bool {
        let original_of = |order: &Order| order.returns.map(|(original, _)| original);
        let original = self.orders.get(place).and_then(original_of);
        let others = self
            .orders
            .iter()
            .enumerate()
            .filter(|(other, order)| *other != place && original_of(order) == original);
        let mut others = others.map(|(other, _)| self.has_document(other));
        original.is_some() && others.all(|document| document == Some(false))
    }

    /// Whether the store has a document for an order; none if the store cannot be read.
    pub(super) fn has_document(&self, place: usize) -> Option<bool> {
        let (order, agent) = self.orders.get(place).zip(self.agent.as_ref())?;
        let device = self.tills.get(order.till).map(|till| till.device);
        let found = agent.reader.find(device, order.form.id).ok()?;
        Some(found.is_some_and(|document| document.row.state != RequestState::Voided))
    }

    /// Checks that an order was not sold after its caller had disconnected.
    fn is_still_given_up(&self, place: usize) -> Checked {
        let given_up = self.orders.get(place).is_some_and(|order| order.given_up);
        if given_up && self.has_document(place) == Some(true) {
            return Err(format!(
                "order {place} was carried out although no caller waited for it"
            ));
        }
        Ok(())
    }

    /// How far the time in an order's document is ahead of the true time now, in milliseconds.
    fn time_off(&self, place: usize) -> Option<i64> {
        let (order, agent) = self.orders.get(place).zip(self.agent.as_ref())?;
        let device = self.tills.get(order.till).map(|till| till.device);
        let document = agent.reader.find(device, order.form.id).ok().flatten()?;
        Some(document.row.at - self.clock.system_ms())
    }

    /// Whether the owner's limit was passed, with all that the till cannot know, before the order reached the agent.
    fn is_beyond_the_budget(&self, order: &Order) -> bool {
        let limit = self.shop.budget_ms.zip(self.without_authority);
        let beyond = limit.zip(order.arrived_ms);
        beyond.is_some_and(|((budget_ms, outage), arrived_ms)| {
            let passed_ms = arrived_ms.saturating_sub(outage.since_ms);
            passed_ms > budget_ms + BUDGET_SLACK_MS + outage.unknown_ms
        })
    }

    /// The agent ends. What its clock has not stored it does not know afterwards, unless the machine goes on.
    pub(super) fn forget_unstored_time(&mut self, power: bool) {
        let stored_ms = self.clock_stored_ms;
        // If the till has not stored that the authority cannot be reached, it must notice it again.
        let known = self
            .without_authority
            .filter(|outage| outage.since_ms < stored_ms);
        let lost_ms = self.now_ms.saturating_sub(stored_ms) + FOLLOWED_MS;
        self.without_authority = known.map(|outage| Outage {
            unknown_ms: outage.unknown_ms + if power { lost_ms } else { 0 },
            ..outage
        });
    }

    /// The machine was without power for so long, and no clock needs to show it.
    pub(super) fn was_without_power(&mut self, off_ms: u64) {
        self.clock_stored_ms = self.now_ms;
        if let Some(outage) = &mut self.without_authority {
            outage.unknown_ms += off_ms;
        }
    }

    pub(super) fn begin(&mut self, mut order: Order) -> usize {
        self.tally.orders += 1;
        self.use_terminal(&mut order);
        order.asked_ms = self.clock.system_ms();
        if let Some((original, _)) = order.returns
            && let Some(original) = self.orders.get_mut(original)
        {
            original.returned = true;
        }
        self.orders.push(order);
        self.orders.len() - 1
    }

    /// A caller sends its order once or twice. While the shop is closing, the network has no faults.
    pub(super) fn send(&mut self, caller: usize, place: usize, closing: bool) {
        let clashing = self.callers.get(caller).is_some_and(|mine| mine.clashing);
        let Some(order) = self.orders.get_mut(place) else {
            return;
        };
        let Some(device) = self.tills.get(order.till).map(|till| till.device) else {
            return;
        };
        let form = if clashing {
            order.another_under_its_id()
        } else {
            order.last_answer = LastAnswer::Unknown;
            order.given_up = false;
            order.form.clone()
        };
        let twice = !closing && !clashing && self.random.below(12) == 0;
        let mut pending = Vec::new();
        for _ in 0..if twice { 2 } else { 1 } {
            let (reply, answer) = oneshot::channel();
            pending.push(answer);
            let delay = match self.random.below(16) {
                _ if closing => 0,
                0 => LOST,
                1 => 25_000,
                2 | 3 => 4_000,
                4 | 5 => 400,
                _ => 0,
            };
            if delay != LOST {
                self.on_the_way.push(Request {
                    order: (!clashing).then_some(place),
                    arrives_ms: self.now_ms + delay,
                    signed_ms: self.clock.system_ms(),
                    device,
                    form: form.clone(),
                    reply,
                });
            }
        }
        let loses_answer = !closing && self.random.below(16) == 0;
        let hangs_up = !closing && self.random.below(8) == 0;
        if let Some(mine) = self.callers.get_mut(caller) {
            mine.order = Some(place);
            mine.pending = pending;
            mine.loses_answer = loses_answer;
            mine.hangs_up = hangs_up;
            mine.deadline_ms = self.now_ms
                + if hangs_up {
                    HANG_UP_AFTER_MS
                } else {
                    CALLER_TIMEOUT_MS
                };
        }
        let word = self.orders.get(place).map_or("", Order::word);
        self.note(format!(
            "caller {caller} sends order {place} ({word}), another body: {clashing}, twice: {twice}"
        ));
    }

    /// Hands the requests that have arrived to the agent, in random order.
    pub(super) fn hand_over(&mut self, closing: bool) {
        let now = self.now_ms;
        let (mut arrived, late): (Vec<Request>, Vec<Request>) =
            std::mem::take(&mut self.on_the_way)
                .into_iter()
                .partition(|request| closing || request.arrives_ms <= now);
        self.on_the_way = late;
        while !arrived.is_empty() {
            let place = self.random.below(arrived.len());
            let request = arrived.swap_remove(place);
            let Some(agent) = &self.agent else { continue };
            let order = request.order.and_then(|place| self.orders.get_mut(place));
            if let Some(order) = order {
                order.arrived_ms.get_or_insert(now);
            }
            for till in &mut self.tills {
                if till.device == request.device {
                    till.turns.waiting.push(request.form.id);
                }
            }
            // A valid signature's time is reported to the clock, as the API does for an order.
            agent.guard.caller_says("key", request.signed_ms);
            agent.clerk_handle.send(Message::Order {
                device: request.device,
                form: Box::new(request.form),
                deadline: self.clock.monotonic() + Duration::from_millis(ANSWER_TIMEOUT_MS),
                reply: request.reply,
            });
        }
    }
}

const fn state_of(answer: &Answer) -> FiscalState {
    match answer {
        Answer::Registered { .. } => FiscalState::Registered,
        Answer::Refused { state, .. } => *state,
        Answer::NotRegistered { .. } => FiscalState::NotRegistered,
        Answer::Unknown { .. } | Answer::Unavailable { .. } => FiscalState::Unknown,
    }
}

/// Whether a return was refused because of its lines or its total.
fn is_about_what_is_left(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::ReturnLineUnknown
            | Refusal::ReturnExceedsQuantity { .. }
            | Refusal::ReturnExceedsAmount { .. }
            | Refusal::RefundUneven { .. }
    )
}
