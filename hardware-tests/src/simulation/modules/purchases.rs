//! Callers: they take money, make the receipt, and give the provider the link of the receipt, each step again until its outcome is known.
//! Some leave in the middle.

use std::time::Duration;

use ferrotill::clerk::{Answer, FiscalState, Message};
use ferrotill::order::OrderKind;
use ferrotill::seal::fiscal_module::ModuleCall;
use ferrotill::seal::fiscal_module::provider::{
    Provider, ProviderAction, ProviderCall, ProviderTold,
};
use ferrotill_core::seal::Seal;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::goods::{Means, call, draft, form, pay, request, sale, soms, text};
use super::{CALLERS, Checked, ModuleWorld};

/// How long a caller waits for an answer, in milliseconds.
const WAIT_MS: u64 = 30_000;
/// How often a caller tries a receipt that was not registered.
const ATTEMPTS_MAX: u32 = 4;

/// What a caller orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Sale,
    /// The refund of another purchase.
    Refund(usize),
    Report {
        z: bool,
    },
}

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Pay,
    /// Asks whether the buyer has paid.
    Status,
    /// Asks for the money back, although there is no receipt.
    GiveBack,
    Order,
    Confirm,
    /// Asks for the money of a refunded receipt back.
    GiveBackRefund,
    Done,
}

/// A purchase, as its caller knows it.
#[derive(Debug)]
pub(super) struct Purchase {
    pub(super) till: usize,
    pub(super) what: What,
    pub(super) means: Means,
    /// The amount: no other purchase has the same.
    pub(super) tiyin: i64,
    pub(super) attempt: u32,
    pub(super) stage: Stage,
    /// The number of the payment that the order names.
    pub(super) payment: String,
    /// The number under which the provider takes the link, and gives money back.
    pub(super) transaction: String,
    /// The caller knows that the receipt is registered.
    pub(super) is_registered: bool,
    pub(super) is_refunded: bool,
    /// The caller has asked for money back before the receipt.
    pub(super) has_asked_back: bool,
    answer: Option<oneshot::Receiver<Answer>>,
    deadline_ms: u64,
}

impl Purchase {
    /// The request id of the receipt.
    pub(super) fn id(&self, number: usize) -> Uuid {
        self.id_of(number, self.attempt)
    }

    pub(super) fn id_of(&self, number: usize, attempt: u32) -> Uuid {
        let number = u128::try_from(number).unwrap_or(0);
        Uuid::from_u128(0x52_0000_0000 + number * 256 + u128::from(attempt))
    }
}

impl ModuleWorld {
    /// A caller takes its next step, repeats the one whose outcome it does not know, or begins a purchase.
    pub(super) fn act(&mut self, caller: usize, closing: bool) -> Checked {
        if self.agent.is_none() {
            return Ok(());
        }
        let Some(number) = self.callers.get(caller).copied().flatten() else {
            if !closing && self.random.below(4) == 0 {
                self.begin(caller);
            }
            return Ok(());
        };
        if !closing && self.random.below(40) == 0 {
            self.note(format!("caller {caller} leaves purchase {number}"));
            self.free(caller);
            return Ok(());
        }
        let Some(purchase) = self.purchases.get(number) else {
            return Ok(());
        };
        if purchase.answer.is_none() && !closing && self.random.coin() {
            return Ok(());
        }
        match purchase.stage {
            Stage::Pay => self.pay(number)?,
            Stage::Status => self.ask_status(number)?,
            Stage::GiveBack | Stage::GiveBackRefund => self.ask_back(number)?,
            Stage::Order if purchase.answer.is_some() => self.hear(number)?,
            Stage::Order => self.order(number)?,
            Stage::Confirm => self.confirm(number)?,
            Stage::Done => {}
        }
        let is_done = |purchase: &Purchase| purchase.stage == Stage::Done;
        if self.purchases.get(number).is_some_and(is_done) {
            self.free(caller);
        }
        Ok(())
    }

    fn free(&mut self, caller: usize) {
        if let Some(slot) = self.callers.get_mut(caller) {
            *slot = None;
        }
    }

    fn begin(&mut self, caller: usize) {
        let till = caller / CALLERS;
        let number = self.purchases.len();
        let (mut means, mut tiyin) = (
            Means::Cash,
            100_000 + 100 * i64::try_from(number).unwrap_or(0),
        );
        let what = match self.random.below(40) {
            0 => What::Report { z: true },
            1 => What::Report { z: false },
            2..=6 => match self.refundable(till) {
                Some(original) => What::Refund(original),
                None => What::Sale,
            },
            _ => What::Sale,
        };
        match what {
            What::Sale => {
                means = match self.random.below(12) {
                    0 | 1 => Means::Cash,
                    2 => Means::Card,
                    _ => {
                        let provider = Provider::ALL.get(self.random.below(Provider::ALL.len()));
                        provider.map_or(Means::Cash, |it| Means::Provider(*it))
                    }
                };
            }
            What::Refund(original) => {
                if let Some(original) = self.purchases.get_mut(original) {
                    original.is_refunded = true;
                    (means, tiyin) = (original.means, original.tiyin);
                }
            }
            What::Report { .. } => {}
        }
        let stage = match (what, means) {
            (What::Sale, Means::Provider(_)) => Stage::Pay,
            _ => Stage::Order,
        };
        self.note(format!(
            "caller {caller}: purchase {number}, {what:?} of {tiyin} by {means:?}"
        ));
        self.add(caller, till, (what, stage), (means, tiyin));
    }

    /// The first caller of a till closes the shift.
    pub(super) fn begin_report(&mut self, till: usize) {
        let what = What::Report { z: true };
        self.add(till * CALLERS, till, (what, Stage::Order), (Means::Cash, 0));
    }

    fn add(
        &mut self,
        caller: usize,
        till: usize,
        (what, stage): (What, Stage),
        (means, tiyin): (Means, i64),
    ) {
        if matches!(what, What::Sale) {
            self.tally.orders += 1;
        }
        self.purchases.push(Purchase {
            till,
            what,
            means,
            tiyin,
            attempt: 0,
            stage,
            payment: String::new(),
            transaction: String::new(),
            is_registered: false,
            is_refunded: false,
            has_asked_back: false,
            answer: None,
            deadline_ms: 0,
        });
        if let Some(slot) = self.callers.get_mut(caller) {
            *slot = Some(self.purchases.len() - 1);
        }
    }

    /// A sale of a till that is registered, as its caller knows, and was not refunded.
    fn refundable(&self, till: usize) -> Option<usize> {
        self.purchases.iter().position(|purchase| {
            purchase.till == till
                && purchase.what == What::Sale
                && purchase.stage == Stage::Done
                && purchase.is_registered
                && !purchase.is_refunded
        })
    }

    fn device(&self, till: usize) -> Uuid {
        self.tills.get(till).map_or_else(Uuid::nil, |it| it.device)
    }

    /// Asks a provider; none if the agent was killed meanwhile, so that the caller has no answer.
    fn ask(&self, till: usize, asked: &(ProviderCall, ModuleCall)) -> Option<ProviderTold> {
        let agent = self.agent.as_ref()?;
        let told = agent
            .providers
            .carry_out(self.device(till), asked.0, &asked.1);
        (!agent.life.is_over()).then_some(told)
    }

    fn set(&mut self, number: usize, change: impl FnOnce(&mut Purchase)) {
        if let Some(purchase) = self.purchases.get_mut(number) {
            change(purchase);
        }
    }

    fn parts(&self, number: usize) -> Option<(usize, Provider, i64)> {
        let purchase = self.purchases.get(number)?;
        Some((purchase.till, purchase.means.provider()?, purchase.tiyin))
    }

    fn pay(&mut self, number: usize) -> Checked {
        let Some((till, provider, tiyin)) = self.parts(number) else {
            return Ok(());
        };
        let asked = call(provider, ProviderAction::Pay, pay(provider, number, tiyin));
        let told = asked.and_then(|asked| self.ask(till, &asked));
        let words = told.as_ref().map(words_of);
        self.note(format!("purchase {number}: pay: {words:?}"));
        match told {
            Some(ProviderTold::Done {
                data, reference, ..
            }) => {
                if self.random.below(6) == 0 {
                    // The answer is lost on its way to the caller.
                    return Ok(());
                }
                if let (Some(reference), Some(agent)) = (reference, &self.agent) {
                    agent.providers.written(reference);
                }
                let begun = matches!(provider, Provider::Scan2Pay | Provider::UzQr);
                let goes_back = provider.is_pinpad() && self.random.below(12) == 0;
                self.set(number, |purchase| {
                    match provider {
                        Provider::Xumo | Provider::Uzcard => {
                            purchase.payment = text(&data, "ppt_id");
                        }
                        Provider::Scan2Pay => purchase.payment = number.to_string(),
                        Provider::UzQr => purchase.payment = text(&data, "invoice_id"),
                        _ => purchase.payment = text(&data, "payment_id"),
                    }
                    purchase.transaction = match provider {
                        Provider::Anor => text(&data, "transaction_id"),
                        _ => purchase.payment.clone(),
                    };
                    purchase.stage = match (begun, goes_back) {
                        (true, _) => Stage::Status,
                        (_, true) => Stage::GiveBack,
                        _ => Stage::Order,
                    };
                });
                if let Some(purchase) = self.purchases.get(number)
                    && purchase.payment.is_empty()
                {
                    // A person has said that it is paid, and the person knows the number.
                    self.tell_number(number);
                }
                Ok(())
            }
            // An error of the journal says nothing about the money.
            Some(ProviderTold::Refused(error)) if error.code == 303 => Ok(()),
            Some(ProviderTold::Refused(error)) => {
                // What is refused was not paid.
                let paid = self.paid_at_provider(number);
                if paid.is_some_and(|paid| paid.refunded < paid.amount) {
                    return Err(format!(
                        "purchase {number}: the caller is told {error}, and the provider has the money"
                    ));
                }
                if self.random.below(3) == 0 {
                    self.set(number, |purchase| purchase.stage = Stage::Done);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn ask_status(&mut self, number: usize) -> Checked {
        let Some((till, provider, _)) = self.parts(number) else {
            return Ok(());
        };
        let payment = self.purchases.get(number).map(|it| it.payment.clone());
        let payment = payment.unwrap_or_default();
        let asked = call(provider, ProviderAction::Status, Value::Null).map(|(asked, call)| {
            let call = match provider {
                Provider::Scan2Pay => call.body(json!({ "order_id": payment })),
                _ => call.with("invoice_id", payment),
            };
            (asked, call)
        });
        let told = asked.and_then(|asked| self.ask(till, &asked));
        let words = told.as_ref().map(words_of);
        self.note(format!("purchase {number}: status: {words:?}"));
        let Some(ProviderTold::Done { data, .. }) = told else {
            return Ok(());
        };
        match (provider, text(&data, "status").as_str()) {
            (Provider::UzQr, "2") => self.set(number, |purchase| {
                purchase.payment = text(&data, "pay_id");
                purchase.transaction.clone_from(&purchase.payment);
                purchase.stage = Stage::Order;
            }),
            (Provider::UzQr, "3") => self.set(number, |purchase| purchase.stage = Stage::Done),
            (Provider::Scan2Pay, _) => self.set(number, |purchase| purchase.stage = Stage::Order),
            _ => {}
        }
        Ok(())
    }

    /// Asks for the whole money back.
    fn ask_back(&mut self, number: usize) -> Checked {
        let Some((till, provider, tiyin)) = self.parts(number) else {
            return Ok(());
        };
        let transaction = self.purchases.get(number).map(|it| it.transaction.clone());
        let asked = match provider {
            Provider::UzQr => call(
                provider,
                ProviderAction::Refund,
                json!({ "pay_id": transaction, "amount": soms(tiyin) }),
            ),
            _ => call(
                provider,
                ProviderAction::Pay,
                json!({ "amount": tiyin, "request_id": transaction, "is_return": true }),
            ),
        };
        let told = asked.and_then(|asked| self.ask(till, &asked));
        let words = told.as_ref().map(words_of);
        self.note(format!("purchase {number}: money back: {words:?}"));
        // Some callers sell with the payment all the same.
        let sells = self.random.below(3) == 0;
        self.set(number, |purchase| {
            purchase.has_asked_back = true;
            purchase.stage = match purchase.stage {
                Stage::GiveBack if sells => Stage::Order,
                _ => Stage::Done,
            };
        });
        Ok(())
    }

    /// Sends the order of a purchase.
    fn order(&mut self, number: usize) -> Checked {
        let Some(purchase) = self.purchases.get(number) else {
            return Ok(());
        };
        let (till, id) = (purchase.till, purchase.id(number));
        let (kind, asks) = match purchase.what {
            What::Sale => (
                sale(draft(purchase.tiyin, purchase.means)),
                Some(request(
                    purchase.tiyin,
                    purchase.means,
                    &purchase.payment,
                    None,
                )),
            ),
            What::Refund(original) => {
                let sold = self.purchases.get(original);
                let Some((original, link)) = sold.and_then(|sold| {
                    let id = sold.id(original);
                    Some((id, self.link(id)?))
                }) else {
                    // The link of a declared receipt is not known.
                    self.set(number, |purchase| purchase.stage = Stage::Done);
                    return Ok(());
                };
                let draft = draft(purchase.tiyin, purchase.means);
                (
                    OrderKind::Refund { original, draft },
                    Some(request(purchase.tiyin, purchase.means, "", Some(&link))),
                )
            }
            What::Report { z } => (OrderKind::Report { z }, None),
        };
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        let named = match (purchase.what, &asks) {
            (What::Sale, Some(asks)) => agent.providers.use_for(self.device(till), asks, id),
            _ => Ok(None),
        };
        let payment = match named {
            Ok(payment) => payment,
            Err(error) => {
                let refused = error.code == 104;
                self.note(format!("purchase {number}: the payment: {}", error.code));
                if refused && !self.agent.as_ref().is_none_or(|agent| agent.life.is_over()) {
                    self.set(number, |purchase| purchase.stage = Stage::Done);
                }
                return Ok(());
            }
        };
        if agent.life.is_over() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        agent.clerk_handle.send(Message::Order {
            device: self.device(till),
            form: Box::new(form(id, kind, asks.as_ref(), payment)),
            deadline: self.clock.monotonic() + Duration::from_millis(WAIT_MS),
            reply,
        });
        let deadline_ms = self.now_ms + WAIT_MS;
        self.set(number, |purchase| {
            purchase.answer = Some(answer);
            purchase.deadline_ms = deadline_ms;
        });
        Ok(())
    }

    /// Reads the answer to an order, and checks that it is true.
    fn hear(&mut self, number: usize) -> Checked {
        let now_ms = self.now_ms;
        let Some(purchase) = self.purchases.get_mut(number) else {
            return Ok(());
        };
        let Some(answer) = &mut purchase.answer else {
            return Ok(());
        };
        let told = match answer.try_recv() {
            Ok(told) => told,
            Err(oneshot::error::TryRecvError::Empty) if now_ms <= purchase.deadline_ms => {
                return Ok(());
            }
            Err(_) => {
                purchase.answer = None;
                return Ok(());
            }
        };
        purchase.answer = None;
        let (what, id, till) = (purchase.what, purchase.id(number), purchase.till);
        let is_no = match &told {
            Answer::NotRegistered { .. } => true,
            Answer::Refused { state, .. } => *state == FiscalState::NotRegistered,
            _ => false,
        };
        let words = match &told {
            Answer::Registered { replayed, .. } => format!("registered, replayed: {replayed}"),
            Answer::NotRegistered { error, .. } => format!("not registered: {error}"),
            Answer::Refused { refusal, .. } => format!("refused: {refusal:?}"),
            Answer::Unknown { .. } => "unknown".to_owned(),
            Answer::Unavailable { .. } => "unavailable".to_owned(),
        };
        self.note(format!("purchase {number} is told {words}"));
        let is_receipt = !matches!(what, What::Report { .. });
        let registered = self.registered(till, &id.to_string());
        if matches!(told, Answer::Registered { .. }) {
            if is_receipt && registered.is_none() {
                return Err(format!(
                    "purchase {number} is told that it is registered, and the module has no receipt of it"
                ));
            }
            self.tally.registered += 1;
            let original = match what {
                What::Refund(original) => self.parts(original).map(|_| original),
                _ => None,
            };
            let after = match original.and_then(|original| self.purchases.get(original)) {
                Some(original)
                    if original.means.provider().is_some_and(Provider::gives_back)
                        && !original.transaction.is_empty() =>
                {
                    let transaction = original.transaction.clone();
                    self.set(number, |purchase| purchase.transaction = transaction);
                    Stage::GiveBackRefund
                }
                _ => Stage::Done,
            };
            self.set(number, |purchase| {
                purchase.is_registered = true;
                let confirms = purchase.means.provider().is_some_and(Provider::confirms);
                purchase.stage = match purchase.what {
                    What::Sale if confirms => Stage::Confirm,
                    _ => after,
                };
            });
        } else if is_no {
            if is_receipt && registered.is_some() {
                return Err(format!(
                    "purchase {number} is told that it is not registered, and the module has its receipt"
                ));
            }
            let gives_up = self.random.below(3) == 0;
            self.set(number, |purchase| {
                purchase.attempt += 1;
                if gives_up || purchase.attempt >= ATTEMPTS_MAX || !is_receipt {
                    purchase.stage = Stage::Done;
                }
            });
        }
        Ok(())
    }

    /// Gives the provider the link of the receipt.
    fn confirm(&mut self, number: usize) -> Checked {
        let Some((till, provider, _)) = self.parts(number) else {
            return Ok(());
        };
        let Some((id, transaction)) = self
            .purchases
            .get(number)
            .map(|it| (it.id(number), it.transaction.clone()))
        else {
            return Ok(());
        };
        let Some(link) = self.link(id) else {
            self.set(number, |purchase| purchase.stage = Stage::Done);
            return Ok(());
        };
        let body = match provider {
            Provider::UzQr => json!({ "pay_id": transaction, "fiscal_receipt_url": link }),
            Provider::Anor => json!({ "transaction_id": transaction, "qr_code": link }),
            _ => json!({ "payment_id": transaction, "qr_code": link }),
        };
        let told =
            call(provider, ProviderAction::Confirm, body).and_then(|asked| self.ask(till, &asked));
        let words = told.as_ref().map(words_of);
        self.note(format!("purchase {number}: confirm: {words:?}"));
        let leaves = self.random.below(3) == 0;
        if leaves || matches!(told, Some(ProviderTold::Done { .. })) {
            self.set(number, |purchase| purchase.stage = Stage::Done);
        }
        Ok(())
    }

    /// The link of a sealed receipt.
    pub(super) fn link(&self, id: Uuid) -> Option<String> {
        let agent = self.agent.as_ref()?;
        let document = agent.reader.find(None, id).ok().flatten()?;
        match document.sealed()?.seal {
            Seal::Module(module) if !module.link.is_empty() => Some(module.link.to_owned()),
            _ => None,
        }
    }
}

fn words_of(told: &ProviderTold) -> String {
    match told {
        ProviderTold::Done { replayed, .. } => format!("done, replayed: {replayed}"),
        ProviderTold::Refused(error) => format!("refused {}", error.code),
        ProviderTold::Unknown(_) => "unknown".to_owned(),
    }
}
