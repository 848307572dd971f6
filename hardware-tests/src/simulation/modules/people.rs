//! People: they read what a module and a provider have, and say it where the till cannot find it out.

use std::num::NonZeroU32;

use ferrotill::clerk::Message;
use ferrotill::order::Declaration;
use ferrotill::order::provider::ProviderWord;
use ferrotill::seal::fiscal_module::provider::Provider;
use ferrotill_core::event::{PaperSays, ProviderStep};
use ferrotill_store::{ProviderPayment, ProviderPaymentState, RequestState};
use serde_json::Value;
use tokio::sync::oneshot;

use super::goods::Means;
use super::purchases::{Purchase, Stage, What};
use super::{Checked, ModuleWorld};

/// A person looks after a payment or a document that has waited for so long, in milliseconds.
const LOOKS_AFTER_MS: i64 = 60_000;

/// A payment, as the provider has it.
pub(super) struct PaidAtProvider {
    pub(super) number: String,
    pub(super) amount: i64,
    pub(super) refunded: i64,
    /// The link that the provider has.
    pub(super) link: Option<String>,
}

impl ModuleWorld {
    /// People do what the till asks them for.
    pub(super) fn people(&mut self) -> Checked {
        self.declare()?;
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        // A person whose till cannot read its disk looks again later.
        let Ok(open) = agent.reader.open_provider_payments() else {
            return Ok(());
        };
        let now_ms = agent.payments.guard.now().utc_ms;
        for payment in open {
            if now_ms - payment.changed_ms >= LOOKS_AFTER_MS {
                self.look_after(&payment, now_ms);
            }
        }
        Ok(())
    }

    /// The purchase of a payment: its amount is its own.
    fn purchase_of(&self, payment: &ProviderPayment) -> Option<usize> {
        self.purchases.iter().position(|purchase| {
            let provider = purchase.means.provider().map(Provider::name);
            purchase.what == What::Sale
                && purchase.tiyin == payment.amount.minor()
                && provider == Some(payment.provider.as_str())
        })
    }

    fn look_after(&mut self, payment: &ProviderPayment, now_ms: i64) {
        let Some(number) = self.purchase_of(payment) else {
            return;
        };
        let paid = self.paid_at_provider(number);
        let is_in_progress = self.callers.contains(&Some(number));
        let has_word = |word: ProviderWord| Some(word);
        let laid_aside = |reason: &str| {
            has_word(ProviderWord::LaidAside {
                reason: reason.to_owned(),
                by: "Aziza".to_owned(),
            })
        };
        let limit = i64::try_from(self.give_back_after.as_millis()).unwrap_or(i64::MAX);
        let is_late = now_ms - payment.changed_ms >= limit;
        let confirms = Provider::of_name(&payment.provider).is_some_and(Provider::confirms);
        let word = match payment.state {
            // Money that was given back is that of an earlier payment.
            ProviderPaymentState::Asked if payment.number.is_empty() => match &paid {
                Some(paid) if paid.refunded < paid.amount => has_word(ProviderWord::Done {
                    number: paid.number.clone(),
                    answer: r#"{"by":"Aziza"}"#.to_owned(),
                }),
                _ => has_word(ProviderWord::NotDone("Aziza: not in the list".to_owned())),
            },
            ProviderPaymentState::Paid if payment.step == ProviderStep::GiveBack.name() => {
                match &paid {
                    Some(paid) if paid.refunded == payment.given_back.minor() => {
                        // It was not given back: the till may do it.
                        has_word(ProviderWord::Done {
                            number: String::new(),
                            answer: String::new(),
                        })
                    }
                    _ => laid_aside("the provider has given it back"),
                }
            }
            // The link of a receipt that a person has declared is not known.
            ProviderPaymentState::Paid if payment.is_sealed && confirms => {
                let id = payment.document.unwrap_or_default();
                let document = self.agent.as_ref().map(|agent| agent.reader.find(None, id));
                let is_declared = match document {
                    Some(Ok(Some(document))) => document.declared_by.is_some(),
                    _ => false,
                };
                is_declared
                    .then(|| laid_aside("the receipt was declared"))
                    .flatten()
            }
            ProviderPaymentState::Paid
                if !payment.is_taken && is_late && !is_in_progress && !payment.is_sealed =>
            {
                let gives_back =
                    Provider::of_name(&payment.provider).is_some_and(Provider::gives_back);
                if gives_back && payment.reason.is_empty() {
                    None
                } else {
                    self.by_hand.insert(number);
                    laid_aside("given back by hand")
                }
            }
            _ => None,
        };
        let (Some(word), Some(agent)) = (word, &self.agent) else {
            return;
        };
        let short = match &word {
            ProviderWord::Done { .. } => "paid",
            ProviderWord::NotDone(_) => "not paid",
            _ => "looked after",
        };
        let stored = agent.providers.settle(payment.reference, word);
        self.note(format!(
            "a person says of purchase {number} ({}): {short}, {stored:?}",
            payment.state.name()
        ));
    }

    /// The person who has settled a payment tells the caller its number.
    pub(super) fn tell_number(&mut self, number: usize) {
        let paid = self.paid_at_provider(number);
        let Some(purchase) = self.purchases.get_mut(number) else {
            return;
        };
        match paid {
            Some(paid) => {
                purchase.payment = paid.number.clone();
                purchase.transaction = paid.number;
            }
            None => purchase.stage = Stage::Done,
        }
    }

    /// The payment of a purchase, as its provider has it.
    pub(super) fn paid_at_provider(&self, number: usize) -> Option<PaidAtProvider> {
        let purchase = self.purchases.get(number)?;
        let Means::Provider(provider) = purchase.means else {
            return None;
        };
        let mut paid = self.all_paid(purchase.till, provider);
        paid.retain(|paid| paid.amount == purchase.tiyin);
        // The one whose money the provider still has, or the newest.
        let kept = paid.iter().position(|paid| paid.refunded < paid.amount);
        match kept {
            Some(place) => paid.into_iter().nth(place),
            None => paid.pop(),
        }
    }

    /// The payments that a provider has of a till.
    pub(super) fn all_paid(&self, till: usize, provider: Provider) -> Vec<PaidAtProvider> {
        let shown = self
            .tills
            .get(till)
            .map(|till| till.module.shown_providers())
            .unwrap_or_default();
        let list = |name: &str| {
            let list = shown.get(provider.name()).and_then(|of| of.get(name));
            list.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let confirmed = list("confirmed");
        let text = |node: &Value, name: &str| super::goods::text(node, name);
        let whole = |node: &Value, name: &str| node.get(name).and_then(Value::as_i64).unwrap_or(0);
        list("paid")
            .iter()
            .map(|paid| {
                let number = text(paid, "payment_id");
                let mut links = confirmed.iter();
                let link = links.find(|node| text(node, "payment_id") == number);
                PaidAtProvider {
                    amount: whole(paid, "amount"),
                    refunded: whole(paid, "refunded"),
                    link: link.map(|node| text(node, "qr_code")),
                    number,
                }
            })
            .collect()
    }

    /// The module's number of the receipt with an id.
    pub(super) fn registered(&self, till: usize, id: &str) -> Option<u32> {
        let shown = self.tills.get(till)?.module.shown();
        let receipts = shown.get("receipts").and_then(Value::as_array)?;
        let of_id = |receipt: &&Value| receipt.get("uuid").and_then(Value::as_str) == Some(id);
        let number = receipts.iter().find(of_id)?.get("number")?.as_u64()?;
        u32::try_from(number).ok()
    }

    /// A person declares a document that the module cannot prove, after a look into the list of the operator of fiscal data.
    fn declare(&mut self) -> Checked {
        for number in 0..self.purchases.len() {
            let (Some(purchase), Some(agent)) = (self.purchases.get(number), &self.agent) else {
                continue;
            };
            let id = purchase.id(number);
            if agent.live_status.needs_a_person(id).is_none() {
                continue;
            }
            let paper = match purchase.what {
                What::Report { .. } => {
                    return Err(format!("a person is asked about the report {number}"));
                }
                _ => match self.registered(purchase.till, &id.to_string()) {
                    Some(document) => PaperSays::Registered {
                        document: NonZeroU32::new(document),
                    },
                    None => PaperSays::NotRegistered,
                },
            };
            let (reply, _) = oneshot::channel();
            agent.clerk_handle.send(Message::Declare {
                declaration: Box::new(Declaration {
                    id,
                    paper,
                    by: "Aziza".to_owned(),
                }),
                reply,
            });
            let till = purchase.till;
            if let Some(till) = self.tills.get_mut(till) {
                till.is_disturbed = true;
            }
            self.tally.declared += 1;
            self.note(format!("a person declares purchase {number}: {paper:?}"));
        }
        Ok(())
    }

    /// No document is outstanding, and nothing is left to do about a payment.
    pub(super) fn nothing_is_open(&self) -> bool {
        let Some(agent) = &self.agent else {
            return false;
        };
        let payments = agent.reader.open_provider_payments();
        let is_open = |(number, purchase): (usize, &Purchase)| {
            let found = agent.reader.find(None, purchase.id(number));
            !found.is_ok_and(|found| found.is_none_or(|it| it.row.state != RequestState::Reserved))
        };
        payments.is_ok_and(|open| open.is_empty())
            && !self.purchases.iter().enumerate().any(is_open)
    }
}
