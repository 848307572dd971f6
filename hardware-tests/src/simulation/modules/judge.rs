//! The judge of a shop with fiscal modules: module, journal and providers have the same, and nothing was paid or registered twice.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ferrotill::seal::fiscal_module::provider::Provider;
use ferrotill::seal::fiscal_module::{FiscalModule as _, ModuleCall, Operation};
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::Mode;
use ferrotill_core::profile::UZBEKISTAN;
use ferrotill_core::seal::Seal;
use ferrotill_store::ProviderPaymentState;
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use serde_json::Value;
use uuid::Uuid;

use super::goods::{Means, text};
use super::people::PaidAtProvider;
use super::purchases::What;
use super::{Checked, ModuleWorld};
use crate::error_text::with_sources;

/// The most documents of a till.
const DOCUMENTS_MAX: u32 = 30_000;

/// A sealed receipt of the journal.
struct Sold {
    is_refund: bool,
    /// The module's number; none if a person has declared the receipt.
    number: Option<u32>,
    total: i64,
    link: String,
}

impl ModuleWorld {
    pub(super) fn judge(&mut self) -> Checked {
        let devices: Vec<Uuid> = self.tills.iter().map(|till| till.device).collect();
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &UZBEKISTAN,
            mode: Mode::Test,
            devices: &devices,
            range: VerifyRange::ALL,
        })
        .map_err(with_sources)?;
        // Z-reports are judged below: another program may have used a module.
        let mut flaws = verified.flaws.iter();
        let is_z_report = |place: String| place.starts_with("Z-report");
        if let Some(flaw) = flaws.find(|flaw| !is_z_report(flaw.place().to_string())) {
            return Err(format!("verify finds {}: {flaw}", flaw.place()));
        }
        for place in 0..self.tills.len() {
            let sold = self.sold(place)?;
            self.judge_module(place, &sold)
                .map_err(|words| format!("module {place}: {words}"))?;
            self.judge_money(place, &sold)
                .map_err(|words| format!("providers of till {place}: {words}"))?;
            if let Some(till) = self.tills.get_mut(place) {
                till.is_disturbed = false;
            }
        }
        self.judge_journal_of_payments()
    }

    /// The sealed receipts of a till; each new Z-report must agree.
    fn sold(&mut self, place: usize) -> Checked<BTreeMap<Uuid, Sold>> {
        let (Some(till), Some(agent)) = (self.tills.get_mut(place), &self.agent) else {
            return Ok(BTreeMap::new());
        };
        let mut sold = BTreeMap::new();
        let (mut wrong, mut newest) = (None, 0);
        let kinds = [
            DocumentKind::Sale,
            DocumentKind::Refund,
            DocumentKind::ZReport,
        ];
        let page = (0, DOCUMENTS_MAX);
        let read = agent
            .reader
            .each_on_page(till.device, &kinds, page, |document, _| {
                let number = document.row.number.unwrap_or(0);
                newest = newest.max(number);
                if let Some(z) = &document.reconciliation
                    && number > till.judged
                    && !till.is_disturbed
                    && !z.agrees_at_the_till()
                {
                    wrong.get_or_insert(format!(
                        "the Z-report {} does not agree: {z:?}",
                        z.z_number
                    ));
                }
                let total = match document.reserved().map(|reserved| reserved.body) {
                    Some(Body::Receipt(receipt)) => receipt.total.minor(),
                    _ => return ControlFlow::Continue(()),
                };
                let (number, link) = match document.sealed().map(|sealed| sealed.seal) {
                    Some(Seal::Module(module)) => (Some(module.receipt), module.link.to_owned()),
                    _ => (None, String::new()),
                };
                let receipt = Sold {
                    is_refund: document.row.kind == DocumentKind::Refund,
                    number,
                    total,
                    link,
                };
                if sold.insert(document.row.id, receipt).is_some() {
                    wrong.get_or_insert(format!("{} has two documents", document.row.id));
                }
                ControlFlow::Continue(())
            });
        read.map_err(with_sources)?;
        till.judged = newest;
        wrong.map_or(Ok(sold), Err)
    }

    /// Every receipt of the module is sealed in the journal, once, and the other way round; the shifts add up.
    fn judge_module(&self, place: usize, sold: &BTreeMap<Uuid, Sold>) -> Checked {
        let Some(till) = self.tills.get(place) else {
            return Ok(());
        };
        let shown = till.module.shown();
        let receipts = shown.get("receipts").and_then(Value::as_array);
        let receipts = receipts.map(Vec::as_slice).unwrap_or_default();
        let mut seen = BTreeMap::new();
        let (mut sales, mut refunds) = ((0, 0), (0, 0));
        for receipt in receipts {
            let (id, number) = (text(receipt, "uuid"), text(receipt, "number"));
            let total = receipt.get("total").and_then(Value::as_i64).unwrap_or(0);
            let is_refund = text(receipt, "kind") == "refund";
            let side = if is_refund { &mut refunds } else { &mut sales };
            *side = (side.0 + 1, side.1 + total);
            if till.foreign.contains(&id) {
                continue;
            }
            if let Some(before) = seen.insert(id.clone(), number.clone()) {
                return Err(format!("{id} is registered twice: {before} and {number}"));
            }
            let document = Uuid::try_parse(&id).ok().and_then(|id| sold.get(&id));
            let Some(document) = document else {
                return Err(format!(
                    "the receipt {number} ({id}) has no sealed document"
                ));
            };
            let has_number = document.number.is_none_or(|own| own.to_string() == number);
            if !has_number || document.total != total || document.is_refund != is_refund {
                return Err(format!("the receipt {number} ({id}) has another document"));
            }
        }
        let missing = sold.keys().find(|id| !seen.contains_key(&id.to_string()));
        if let Some(id) = missing {
            return Err(format!("the sealed document {id} has no receipt"));
        }
        self.judge_shifts(place, sales, refunds)
    }

    /// The sums of all shifts of a module are those of its receipts.
    fn judge_shifts(&self, place: usize, sales: (i64, i64), refunds: (i64, i64)) -> Checked {
        let Some(till) = self.tills.get(place) else {
            return Ok(());
        };
        let mut counted = [(0, 0); 2];
        for back in 0.. {
            let call = ModuleCall::new(Operation::ShiftInfo).with("number", back.to_string());
            let Ok(figures) = till.module.call(&call) else {
                break;
            };
            for (side, name) in counted.iter_mut().zip(["sale", "refund"]) {
                let figure = |of: &str| {
                    let figure = figures.get(format!("total_{name}_{of}"));
                    figure.and_then(Value::as_i64).unwrap_or(0)
                };
                *side = (
                    side.0 + figure("count"),
                    side.1 + figure("cash") + figure("card"),
                );
            }
        }
        if counted != [sales, refunds] {
            return Err(format!(
                "the shifts have {counted:?}, the receipts {sales:?} and {refunds:?}"
            ));
        }
        Ok(())
    }

    /// Every purchase was paid at most once, has one receipt if it is paid, and its provider has the link of it.
    fn judge_money(&self, place: usize, sold: &BTreeMap<Uuid, Sold>) -> Checked {
        let mut paid = BTreeMap::new();
        for provider in Provider::ALL {
            for payment in self.all_paid(place, provider) {
                let key = (provider, payment.amount);
                if payment.refunded > payment.amount {
                    return Err(format!("{key:?}: {} were given back", payment.refunded));
                }
                // A payment that was given back whole is over: its buyer may pay again.
                let is_kept = |payment: &PaidAtProvider| payment.refunded < payment.amount;
                let known = paid.get(&key);
                if known.is_some_and(is_kept) && is_kept(&payment) {
                    return Err(format!("{key:?} was paid twice"));
                }
                if known.is_none() || is_kept(&payment) {
                    paid.insert(key, payment);
                }
            }
        }
        for (number, purchase) in self.purchases.iter().enumerate() {
            if purchase.till != place || purchase.what != What::Sale {
                continue;
            }
            let attempts = (0..=purchase.attempt).map(|attempt| purchase.id_of(number, attempt));
            let receipts: Vec<&Sold> = attempts.filter_map(|id| sold.get(&id)).collect();
            if receipts.len() > 1 {
                return Err(format!("purchase {number} was sold twice"));
            }
            let Means::Provider(provider) = purchase.means else {
                continue;
            };
            let payment = paid.remove(&(provider, purchase.tiyin));
            let kept = payment
                .as_ref()
                .map_or(0, |payment| payment.amount - payment.refunded);
            match receipts.first() {
                None if kept > 0 && !self.by_hand.contains(&number) => {
                    return Err(format!(
                        "purchase {number}: {provider:?} has {kept}, and there is no receipt"
                    ));
                }
                Some(_) if kept < purchase.tiyin && !purchase.is_refunded => {
                    return Err(format!(
                        "purchase {number}: there is a receipt of {}, and {provider:?} has {kept}",
                        purchase.tiyin
                    ));
                }
                Some(_) if self.by_hand.contains(&number) => {
                    return Err(format!(
                        "purchase {number}: there is a receipt, and a person has given the money back"
                    ));
                }
                Some(receipt) if provider.confirms() && !receipt.link.is_empty() && kept > 0 => {
                    let link = payment.and_then(|payment| payment.link);
                    if link.as_deref() != Some(receipt.link.as_str()) {
                        return Err(format!(
                            "purchase {number}: {provider:?} has the link {link:?} instead of {}",
                            receipt.link
                        ));
                    }
                }
                _ => {}
            }
        }
        match paid.keys().next() {
            Some(key) => Err(format!("{key:?} is the payment of no purchase")),
            None => Ok(()),
        }
    }

    /// The journal has the payments that the providers have.
    fn judge_journal_of_payments(&self) -> Checked {
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        let known = agent.reader.provider_payments_since(i64::MIN);
        let known = known.map_err(with_sources)?;
        let mut of_journal: BTreeMap<(usize, String, i64), Vec<i64>> = BTreeMap::new();
        for payment in &known {
            let till = self.tills.iter().position(|it| it.device == payment.device);
            let key = (
                till.unwrap_or(usize::MAX),
                payment.provider.clone(),
                payment.amount.minor(),
            );
            let given_back = match payment.state {
                ProviderPaymentState::Paid | ProviderPaymentState::GivenBack => {
                    payment.given_back.minor()
                }
                // A person has looked at the provider's own list.
                ProviderPaymentState::LaidAside => -1,
                ProviderPaymentState::NotPaid => continue,
                ProviderPaymentState::Asked => return Err(format!("{key:?} is still open")),
            };
            of_journal.entry(key).or_default().push(given_back);
        }
        for till in 0..self.tills.len() {
            for provider in Provider::ALL {
                for payment in self.all_paid(till, provider) {
                    let key = (till, provider.name().to_owned(), payment.amount);
                    let known = of_journal.entry(key.clone()).or_default();
                    let mut places = known.iter();
                    let same = places.position(|given_back| *given_back == payment.refunded);
                    let place = same.or_else(|| known.iter().position(|aside| *aside == -1));
                    let Some(place) = place else {
                        return Err(format!(
                            "{key:?}: the provider has given {} back, the journal {known:?}",
                            payment.refunded
                        ));
                    };
                    known.remove(place);
                }
            }
        }
        of_journal.retain(|_, given_back| given_back.iter().any(|amount| *amount >= 0));
        match of_journal.keys().next() {
            Some(key) => Err(format!(
                "the journal has {key:?}, and the provider does not"
            )),
            None => Ok(()),
        }
    }
}
