//! Payments of payment providers that a device with a fiscal module reaches.
//!
//! A question is stored before the provider gets it, and an answer before the caller gets it. A provider is asked for money
//! once: an equal call while the outcome is not known is not sent. The worker takes the next step of payments that their callers have left:
//! it gives the provider the link of the receipt, asks what became of a payment where there is a call for that, and gives money back.

mod answer;
mod named;
mod worker;

use std::collections::BTreeSet;
use std::fmt;

use ferrotill_core::Amount;
use ferrotill_core::event::ProviderStep;
use ferrotill_core::scale::parse;
use ferrotill_store::{ProviderPayment, ProviderPaymentState, Reader};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clerk::{ClerkHandle, ProviderNews};
use crate::config::FiscalBoxConfig;
use crate::locked::Locked;
use crate::order::provider::{ProviderNewsOutcome, ProviderWord};
use crate::seal::fiscal_module::provider::{Provider, ProviderAction, ProviderCall, ProviderTold};
use crate::seal::fiscal_module::{CallFault, ModuleCall, ModuleError, Modules, Operation};
use answer::{number_of, proves_nothing, without_contacts};

pub use worker::{ProviderParts, ProviderThread};

/// Where it is stored what happens to payments.
pub trait PaymentJournal: Send + Sync + fmt::Debug {
    /// Stores news of a payment, and says whether they are on disk.
    fn store(&self, news: ProviderNews) -> ProviderNewsOutcome;

    /// The reference of a new payment.
    fn new_reference(&self) -> Uuid {
        Uuid::new_v4()
    }
}

impl PaymentJournal for ClerkHandle {
    fn store(&self, news: ProviderNews) -> ProviderNewsOutcome {
        self.store_provider_news(news)
    }
}

/// Asks payment providers on behalf of callers and of the worker.
#[derive(Debug)]
pub struct Providers {
    modules: Modules,
    reader: Reader,
    journal: Box<dyn PaymentJournal>,
    config: FiscalBoxConfig,
    memory: Locked<ProviderMemory>,
}

/// What is known until the till ends.
#[derive(Debug, Default)]
struct ProviderMemory {
    /// The calls for money that are not answered yet.
    in_progress: BTreeSet<[u8; 32]>,
    /// Answers in full: the journal keeps them without contacts.
    answers: Vec<(Uuid, Value)>,
    /// The payments whose answers their callers have.
    written: BTreeSet<Uuid>,
}

/// The most answers that are kept in full.
const ANSWERS_MAX: usize = 1_000;
/// The code of an outcome that is not known.
const NOT_STORED: &str = "SAVE_ORDER_ERROR: the journal cannot be written, and nothing was sent";
const NOT_WRITTEN: &str = "the journal cannot be written";
/// The code of an order that names a payment that cannot pay it.
pub const NOT_USABLE: i64 = 104;

impl Providers {
    /// The providers behind the modules of a till.
    #[must_use]
    pub fn new(
        modules: Modules,
        reader: Reader,
        journal: Box<dyn PaymentJournal>,
        config: FiscalBoxConfig,
    ) -> Self {
        Self {
            modules,
            reader,
            journal,
            config,
            memory: Locked::default(),
        }
    }

    /// The caller has the answer of a payment: an equal call at a pinpad is a new one from now on.
    pub fn written(&self, reference: Uuid) {
        self.memory.lock().written.insert(reference);
    }

    /// Carries out a call of a caller.
    #[must_use]
    pub fn carry_out(&self, device: Uuid, asked: ProviderCall, call: &ModuleCall) -> ProviderTold {
        let body = &call.body;
        match asked.action {
            ProviderAction::Pay if gives_back(body) => {
                self.give_back_of_caller(device, asked, call)
            }
            ProviderAction::Pay => self.pay(device, asked, call),
            ProviderAction::Confirm => {
                let number = [
                    text_of(body, "payment_id"),
                    text_of(body, "transaction_id"),
                    text_of(body, "pay_id"),
                ];
                let number = number.into_iter().find(|number| !number.is_empty());
                match self.find(device, asked.provider, &number.unwrap_or_default()) {
                    // A question about money that is given back stays the newest one until it is answered.
                    Ok(Some(payment))
                        if !payment.is_ended && payment.step != ProviderStep::GiveBack.name() =>
                    {
                        self.step(&payment, ProviderStep::Confirm, call)
                    }
                    Ok(_) => self.pass_on(device, call),
                    Err(error) => ProviderTold::Refused(error),
                }
            }
            ProviderAction::Refund => self.give_back_of_caller(device, asked, call),
            ProviderAction::Status => self.status(device, asked.provider, call),
            ProviderAction::Cancel => {
                let known = self.find(device, asked.provider, &text_of(body, "invoice_id"));
                let known = match known {
                    Ok(known) => known,
                    Err(error) => return ProviderTold::Refused(error),
                };
                let told = self.pass_on(device, call);
                if let (ProviderTold::Done { .. }, Some(payment)) = (&told, known)
                    && payment.state == ProviderPaymentState::Asked
                {
                    let word = ProviderWord::NotDone("the caller has cancelled it".to_owned());
                    self.store_answer(payment.reference, ProviderStep::Pay, word);
                }
                told
            }
            _ => self.pass_on(device, call),
        }
    }

    /// Names a document as the one that is paid with the payment that an order names, and returns the payment; `None` if the order names
    /// none.
    ///
    /// # Errors
    ///
    /// Another document is paid with the payment, or the journal cannot be written.
    pub fn use_for(
        &self,
        device: Uuid,
        order: &Value,
        document: Uuid,
    ) -> Result<Option<Uuid>, ModuleError> {
        let Some(payment) = self.payment_of_order(device, order)? else {
            return Ok(None);
        };
        let is_its_own = payment.document == Some(document);
        if is_its_own && payment.is_sealed {
            return Ok(Some(payment.reference));
        }
        // Money that was given back, or may have been, pays nothing.
        let is_open = matches!(
            payment.state,
            ProviderPaymentState::Asked | ProviderPaymentState::Paid
        ) && payment.step != ProviderStep::GiveBack.name();
        let not_usable = || {
            let text = format!(
                "INVALID_ARGUMENT: payment {}: is the payment of another receipt, or was given back",
                payment.number
            );
            ModuleError::new(NOT_USABLE, text)
        };
        if (payment.is_taken && !is_its_own) || !is_open {
            return Err(not_usable());
        }
        // The outstanding document of an earlier request may be voided while this one waits: its money is not given back meanwhile.
        let news = ProviderNews::Used {
            reference: payment.reference,
            document,
        };
        match self.journal.store(news) {
            ProviderNewsOutcome::Stored => Ok(Some(payment.reference)),
            // Another order was faster, or the money goes back.
            ProviderNewsOutcome::DoesNotFit => Err(not_usable()),
            ProviderNewsOutcome::Unknown => Err(ModuleError::new(303, NOT_STORED)),
        }
    }

    /// Asks for money, once.
    fn pay(&self, device: Uuid, asked: ProviderCall, call: &ModuleCall) -> ProviderTold {
        let provider = asked.provider;
        let amount = match self.amount(provider, &call.body) {
            Ok(amount) => amount,
            Err(error) => return ProviderTold::Refused(error),
        };
        let key = fingerprint(device, provider, amount, &call.body);
        if !self.memory.lock().in_progress.insert(key) {
            return ProviderTold::Unknown("an equal payment is in progress".to_owned());
        }
        let told = match self.known(provider, &key) {
            Ok(Some(told)) => told,
            Ok(None) => self.ask_for_money(device, provider, (amount, key), call),
            Err(reason) => ProviderTold::Refused(ModuleError::new(303, reason)),
        };
        self.memory.lock().in_progress.remove(&key);
        told
    }

    /// What a caller is told of an equal payment; `None` if there is none, or if the call is for a new one.
    fn known(&self, provider: Provider, key: &[u8; 32]) -> Result<Option<ProviderTold>, String> {
        let known = self
            .reader
            .provider_payment_of_request(provider.name(), key)
            .map_err(|error| error.to_string())?;
        let Some(known) = known else {
            return Ok(None);
        };
        let is_begun = known.state == ProviderPaymentState::Asked && !known.number.is_empty();
        let answer = || {
            let memory = self.memory.lock();
            let mut answers = memory.answers.iter();
            let full = answers.find(|(reference, _)| *reference == known.reference);
            ProviderTold::Done {
                data: full.map_or_else(
                    || serde_json::from_str(&known.answer).unwrap_or_default(),
                    |(_, answer)| answer.clone(),
                ),
                replayed: true,
                reference: Some(known.reference),
            }
        };
        Ok(match known.state {
            ProviderPaymentState::Asked if is_begun => Some(answer()),
            ProviderPaymentState::Asked => Some(ProviderTold::Unknown(format!(
                "it is not known whether an equal payment was made; payment {}",
                known.reference
            ))),
            // The code of a buyer is used once. At a pinpad, an equal payment whose answer the caller has is another one.
            ProviderPaymentState::Paid if provider.is_pinpad() => {
                let is_other =
                    known.is_taken || self.memory.lock().written.contains(&known.reference);
                (!is_other).then(answer)
            }
            ProviderPaymentState::Paid => Some(answer()),
            _ => None,
        })
    }

    fn ask_for_money(
        &self,
        device: Uuid,
        provider: Provider,
        (amount, fingerprint): (Amount, [u8; 32]),
        call: &ModuleCall,
    ) -> ProviderTold {
        let reference = self.journal.new_reference();
        let news = ProviderNews::Asked {
            reference,
            device,
            step: ProviderStep::Pay,
            provider: provider.name().to_owned(),
            amount,
            fingerprint,
            seen: None,
        };
        if self.journal.store(news) != ProviderNewsOutcome::Stored {
            // If the question is stored all the same, it is answered with the truth.
            let word = ProviderWord::NotDone("nothing was sent".to_owned());
            self.store_answer(reference, ProviderStep::Pay, word);
            return ProviderTold::Refused(ModuleError::new(303, NOT_STORED));
        }
        let data = match self.ask(device, call) {
            Ok(data) => data,
            Err(fault) => return self.not_paid(reference, fault),
        };
        let number = number_of(provider, &data, &call.body);
        let answer = without_contacts(&data);
        let is_begun = matches!(provider, Provider::Scan2Pay | Provider::UzQr);
        let word = if is_begun {
            ProviderWord::Begun { number, answer }
        } else {
            ProviderWord::Done { number, answer }
        };
        match self.store_answer(reference, ProviderStep::Pay, word) {
            ProviderNewsOutcome::Stored => {}
            ProviderNewsOutcome::DoesNotFit => {
                return unknown(reference, "a person has looked after the payment meanwhile");
            }
            ProviderNewsOutcome::Unknown => return unknown(reference, NOT_WRITTEN),
        }
        self.keep(reference, &data);
        ProviderTold::Done {
            data,
            replayed: false,
            reference: Some(reference),
        }
    }

    /// The provider has not said that it has the money.
    fn not_paid(&self, reference: Uuid, fault: CallFault) -> ProviderTold {
        let (word, told) = match fault {
            CallFault::NotSent(reason) => {
                let text = format!("Printer not working; {reason}");
                (reason, ProviderTold::Refused(ModuleError::new(101, text)))
            }
            CallFault::Refused(error) if !proves_nothing(&error) => {
                (error.to_string(), ProviderTold::Refused(error))
            }
            CallFault::Refused(error) => return unknown(reference, &error.to_string()),
            CallFault::Lost(reason) => return unknown(reference, &reason),
        };
        self.store_answer(reference, ProviderStep::Pay, ProviderWord::NotDone(word));
        told
    }

    /// Asks for a step after the payment. The question is stored before.
    fn step(
        &self,
        payment: &ProviderPayment,
        step: ProviderStep,
        call: &ModuleCall,
    ) -> ProviderTold {
        let provider = Provider::of_name(&payment.provider);
        let amount = match (step, provider) {
            (ProviderStep::GiveBack, Some(provider)) => match self.amount(provider, &call.body) {
                Ok(amount) => amount,
                Err(error) => return ProviderTold::Refused(error),
            },
            _ => payment.amount,
        };
        let reference = payment.reference;
        let news = ProviderNews::Asked {
            reference,
            device: payment.device,
            step,
            provider: payment.provider.clone(),
            amount,
            fingerprint: payment.fingerprint,
            seen: Some(payment.seen()),
        };
        match self.journal.store(news) {
            ProviderNewsOutcome::Stored => {}
            ProviderNewsOutcome::DoesNotFit => {
                let text = "Printer not working; the payment has changed meanwhile, and nothing was sent; ask again";
                return ProviderTold::Refused(ModuleError::new(101, text));
            }
            ProviderNewsOutcome::Unknown => {
                return ProviderTold::Refused(ModuleError::new(303, NOT_STORED));
            }
        }
        let refused = |error: ModuleError, reason: String| {
            self.store_answer(reference, step, ProviderWord::NotDone(reason));
            ProviderTold::Refused(error)
        };
        match self.ask(payment.device, call) {
            Ok(data) => {
                let word = ProviderWord::Done {
                    number: String::new(),
                    answer: String::new(),
                };
                self.store_answer(reference, step, word);
                ProviderTold::Done {
                    data,
                    replayed: false,
                    reference: None,
                }
            }
            Err(CallFault::NotSent(reason)) => {
                let text = format!("Printer not working; {reason}");
                refused(ModuleError::new(101, text), reason)
            }
            Err(CallFault::Refused(error)) if !proves_nothing(&error) => {
                let reason = error.to_string();
                refused(error, reason)
            }
            Err(CallFault::Refused(error)) => unknown(reference, &error.to_string()),
            Err(CallFault::Lost(reason)) => unknown(reference, &reason),
        }
    }

    /// A caller gives money back. Only the money of a payment of this till is given back, and a step whose outcome is not known is not
    /// repeated.
    fn give_back_of_caller(
        &self,
        device: Uuid,
        asked: ProviderCall,
        call: &ModuleCall,
    ) -> ProviderTold {
        let names = ["request_id", "pay_id"];
        let mut numbers = names.iter().map(|name| text_of(&call.body, name));
        let number = numbers
            .find(|number| !number.is_empty())
            .unwrap_or_default();
        let known = match self.find(device, asked.provider, &number) {
            Ok(known) => known.filter(|known| known.device == device),
            Err(error) => return ProviderTold::Refused(error),
        };
        let Some(payment) = known.filter(|known| known.state == ProviderPaymentState::Paid) else {
            let text = "Transaction not found: no payment of this till has the number, or it was given back";
            return ProviderTold::Refused(ModuleError::new(105, text));
        };
        if payment.step == ProviderStep::GiveBack.name() {
            return unknown(
                payment.reference,
                "the provider was asked to give the money back before",
            );
        }
        // Its receipt may be at the module: the money is given back when it is known that there is no receipt, or for a refund of it.
        if payment.is_taken && !payment.is_sealed {
            let text = format!(
                "Transaction not found: the receipt that is paid with payment {number} is being made; ask again when its outcome is known"
            );
            return ProviderTold::Refused(ModuleError::new(105, text));
        }
        self.step(&payment, ProviderStep::GiveBack, call)
    }

    /// Asks what became of a payment, and stores it.
    fn status(&self, device: Uuid, provider: Provider, call: &ModuleCall) -> ProviderTold {
        let number = match provider {
            Provider::Scan2Pay => text_of(&call.body, "order_id"),
            _ => call.parameter("invoice_id").unwrap_or("").to_owned(),
        };
        let known = match self.find(device, provider, &number) {
            Ok(known) => known,
            Err(error) => return ProviderTold::Refused(error),
        };
        let told = self.pass_on(device, call);
        // A buyer whose payment was declined may pay the same invoice after that.
        let is_undone = |known: &ProviderPayment| {
            matches!(
                known.state,
                ProviderPaymentState::Asked | ProviderPaymentState::NotPaid
            )
        };
        if let (ProviderTold::Done { data, .. }, Some(payment)) = (&told, known.filter(is_undone)) {
            let is_asked = payment.state == ProviderPaymentState::Asked;
            let status = data.get("status").and_then(Value::as_i64);
            let is_paid = provider == Provider::Scan2Pay || status == Some(2);
            let word = match (is_paid, status) {
                (true, _) => Some(ProviderWord::Done {
                    number,
                    answer: without_contacts(data),
                }),
                (false, Some(3)) if is_asked => Some(ProviderWord::NotDone("declined".to_owned())),
                _ => None,
            };
            // An order can name the payment only by a number that the journal has. An answer that came after a later one does not fit, and
            // is not needed.
            if let Some(word) = word
                && self.store_answer(payment.reference, ProviderStep::Pay, word)
                    == ProviderNewsOutcome::Unknown
            {
                return unknown(payment.reference, NOT_WRITTEN);
            }
        }
        told
    }

    /// A person says what became of a payment.
    #[must_use]
    pub fn settle(&self, reference: Uuid, word: ProviderWord) -> ProviderNewsOutcome {
        self.journal.store(ProviderNews::Declared {
            reference,
            answer: word,
        })
    }

    fn pass_on(&self, device: Uuid, call: &ModuleCall) -> ProviderTold {
        match self.ask(device, call) {
            Ok(data) => ProviderTold::Done {
                data,
                replayed: false,
                reference: None,
            },
            Err(CallFault::Refused(error)) => ProviderTold::Refused(error),
            Err(CallFault::NotSent(reason)) => {
                let text = format!("Printer not working; {reason}");
                ProviderTold::Refused(ModuleError::new(101, text))
            }
            Err(CallFault::Lost(reason)) => ProviderTold::Unknown(reason),
        }
    }

    fn ask(&self, device: Uuid, call: &ModuleCall) -> Result<Value, CallFault> {
        match self.modules.of(device) {
            Some(module) => module.call(call),
            None => Err(CallFault::NotSent(
                "the device has no fiscal module".to_owned(),
            )),
        }
    }

    fn store_answer(
        &self,
        reference: Uuid,
        step: ProviderStep,
        answer: ProviderWord,
    ) -> ProviderNewsOutcome {
        self.journal.store(ProviderNews::Answered {
            reference,
            step,
            answer,
        })
    }

    fn keep(&self, reference: Uuid, data: &Value) {
        let mut memory = self.memory.lock();
        if memory.answers.len() >= ANSWERS_MAX {
            let (oldest, _) = memory.answers.remove(0);
            memory.written.remove(&oldest);
        }
        memory.answers.push((reference, data.clone()));
    }

    /// The amount of a call, in tiyin.
    fn amount(&self, provider: Provider, body: &Value) -> Result<Amount, ModuleError> {
        let wrong = || ModuleError::new(104, "INVALID_ARGUMENT: amount: must be above zero");
        let minor = match body.get("amount") {
            Some(Value::String(text)) if provider == Provider::UzQr => parse(text, 2).ok(),
            Some(Value::Number(number)) if provider != Provider::UzQr => {
                let in_soms = self.config.in_soms.contains(&provider.name());
                let factor = if in_soms { 100 } else { 1 };
                number
                    .as_i64()
                    .and_then(|amount| amount.checked_mul(factor))
            }
            _ => None,
        };
        let minor = minor.filter(|minor| *minor > 0).ok_or_else(wrong)?;
        Ok(Amount::from_minor(minor))
    }

    /// An amount as a provider wants it.
    fn amount_for(&self, provider: Provider, amount: Amount) -> Value {
        let minor = amount.minor();
        if provider == Provider::UzQr {
            return ferrotill_core::scale::Decimal::new(minor, 2)
                .to_string()
                .into();
        }
        if self.config.in_soms.contains(&provider.name()) {
            return minor.checked_div(100).unwrap_or(0).into();
        }
        minor.into()
    }

    /// Gives a provider the link of a receipt.
    fn confirm(&self, payment: &ProviderPayment, link: &str) {
        let provider = Provider::of_name(&payment.provider);
        let call = provider.and_then(|it| ProviderCall::of(it, ProviderAction::Confirm));
        let (Some(provider), Some(asked)) = (provider, call) else {
            // The provider wants no link: the receipt ends the payment.
            let word = ProviderWord::Done {
                number: String::new(),
                answer: String::new(),
            };
            self.store_answer(payment.reference, ProviderStep::Confirm, word);
            return;
        };
        let answer: Value = serde_json::from_str(&payment.answer).unwrap_or_default();
        let name = match provider {
            Provider::Anor => "transaction_id",
            Provider::UzQr => "pay_id",
            _ => "payment_id",
        };
        let number = answer.get(name).cloned();
        let number = number.unwrap_or_else(|| payment.number.clone().into());
        let body = match provider {
            Provider::UzQr => json!({ "pay_id": number, "fiscal_receipt_url": link }),
            _ => json!({ name: number, "qr_code": link }),
        };
        let call = ModuleCall::new(Operation::Provider(asked)).body(body);
        drop(self.step(payment, ProviderStep::Confirm, &call));
    }

    /// Gives the money of a payment back; false if the provider has no call for that.
    fn give_back(&self, payment: &ProviderPayment) -> bool {
        let Some(provider) = Provider::of_name(&payment.provider).filter(|it| it.gives_back())
        else {
            return false;
        };
        let left = payment.amount.checked_sub(payment.given_back);
        let amount = self.amount_for(provider, left.unwrap_or(payment.amount));
        let answer: Value = serde_json::from_str(&payment.answer).unwrap_or_default();
        let (action, body) = if provider.is_pinpad() {
            let body = json!({ "amount": amount, "request_id": payment.number, "is_return": true });
            (ProviderAction::Pay, body)
        } else {
            let body = json!({ "amount": amount, "pay_id": text_of(&answer, "pay_id") });
            (ProviderAction::Refund, body)
        };
        let Some(asked) = ProviderCall::of(provider, action) else {
            return false;
        };
        let call = ModuleCall::new(Operation::Provider(asked)).body(body);
        drop(self.step(payment, ProviderStep::GiveBack, &call));
        true
    }
}

fn unknown(reference: Uuid, reason: &str) -> ProviderTold {
    ProviderTold::Unknown(format!("{reason}; payment {reference}"))
}

/// True if a call of a pinpad gives money back.
fn gives_back(body: &Value) -> bool {
    matches!(body.get("is_return"), Some(Value::Bool(true))) || text_of(body, "is_return") == "true"
}

/// A member as text.
fn text_of(node: &Value, name: &str) -> String {
    match node.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The digest by which an equal call for money is known.
fn fingerprint(device: Uuid, provider: Provider, amount: Amount, body: &Value) -> [u8; 32] {
    let key = ["qr_code", "order_id", "external_id"].map(|name| text_of(body, name));
    let text = format!(
        "{device} {} {} {}",
        provider.name(),
        amount.minor(),
        key.join(" ")
    );
    Sha256::digest(text.as_bytes()).into()
}
