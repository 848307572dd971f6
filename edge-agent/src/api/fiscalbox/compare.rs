//! Sverka: what the module has counted, what the journal has, and what payment providers have, with a name for each difference.

use std::ops::ControlFlow;

use axum::response::Response;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::seal::Seal;
use ferrotill_store::{ProviderPayment, ProviderPaymentState};

use super::asked::asked;
use super::envelope::{Wrapping, failure, success};
use super::orders::unreadable;
use super::{Call, Shop};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::object;
use crate::seal::fiscal_module::provider::Provider;
use crate::seal::fiscal_module::{ModuleCall, Operation};

/// The most documents of a shift.
const DOCUMENTS_MAX: u32 = 30_000;
/// The most differences that are named.
const NAMED_MAX: usize = 100;

/// What the journal has of the open shift.
#[derive(Default)]
struct Journal {
    sales: (u32, i64),
    refunds: (u32, i64),
    /// The module's numbers of the receipts, newest first.
    numbers: Vec<u32>,
    /// When the first document was reserved.
    since_ms: Option<i64>,
}

/// `GET sverka`.
pub(super) async fn compare(shop: &Shop, call: &Call) -> Response {
    let figures = match asked(shop, call, ModuleCall::new(Operation::ShiftInfo)).await {
        Ok(figures) => figures,
        Err(error) => return failure(&error),
    };
    let device = call.device.id;
    let read = shop.service.read(Lane::Lists, move |reader| {
        let mut journal = Journal::default();
        let kinds = [
            DocumentKind::Sale,
            DocumentKind::Refund,
            DocumentKind::ZReport,
        ];
        reader.each_on_page(device, &kinds, (0, DOCUMENTS_MAX), |document, _| {
            if document.row.kind == DocumentKind::ZReport {
                return ControlFlow::Break(());
            }
            journal.since_ms = Some(document.row.at);
            let total = match document.reserved().map(|reserved| reserved.body) {
                Some(Body::Receipt(receipt)) => receipt.total.minor(),
                _ => 0,
            };
            let side = match document.row.kind {
                DocumentKind::Refund => &mut journal.refunds,
                _ => &mut journal.sales,
            };
            *side = (side.0.saturating_add(1), side.1.saturating_add(total));
            if let Some(Seal::Module(module)) = document.sealed().map(|sealed| sealed.seal) {
                journal.numbers.push(module.receipt);
            }
            ControlFlow::Continue(())
        })?;
        // A payment may have come before the first document of the shift.
        let since = journal
            .since_ms
            .unwrap_or(i64::MAX)
            .saturating_sub(3_600_000);
        let payments = reader.provider_payments_since(since)?;
        let open = reader.open_provider_payments()?;
        Ok((journal, payments, open))
    });
    let (journal, payments, open) = match read.await {
        Ok(read) => read,
        Err(error) => return failure(&unreadable(error)),
    };
    let mut differences = differences_of_module(&figures, &journal);
    differences.extend(open.iter().map(of_payment));
    differences.truncate(NAMED_MAX);
    let providers: Vec<JsonValue> = Provider::ALL
        .into_iter()
        .filter_map(|provider| of_provider(provider, &payments))
        .collect();
    let shown: Vec<JsonValue> = differences.iter().map(|it| it.as_str().into()).collect();
    let data = object! {
        "reconciled" => differences.is_empty(),
        "module" => figures,
        "journal" => object! {
            "total_sale_count" => journal.sales.0,
            "total_sale" => journal.sales.1,
            "total_refund_count" => journal.refunds.0,
            "total_refund" => journal.refunds.1,
        },
        "providers" => JsonValue::Array(providers),
        "differences" => JsonValue::Array(shown),
    };
    success(data, Wrapping::Plain)
}

fn figure(figures: &JsonValue, name: &str) -> i64 {
    match figures.get(name) {
        Some(JsonValue::Number(text) | JsonValue::Text(text)) => text.parse().unwrap_or(0),
        _ => 0,
    }
}

/// Compares the counters of the module with the documents, and names receipts that only one of them has.
fn differences_of_module(figures: &JsonValue, journal: &Journal) -> Vec<String> {
    let mut differences = Vec::new();
    let sums = |side: &str| {
        let cash = figure(figures, &format!("total_{side}_cash"));
        cash.saturating_add(figure(figures, &format!("total_{side}_card")))
    };
    for (side, (count, total)) in [("sale", journal.sales), ("refund", journal.refunds)] {
        let counted = figure(figures, &format!("total_{side}_count"));
        if counted != i64::from(count) {
            differences.push(format!(
                "total_{side}_count: the module has {counted}, the journal {count}"
            ));
        }
        let sum = sums(side);
        if sum != total {
            differences.push(format!(
                "total_{side}: the module has {sum}, the journal {total}"
            ));
        }
    }
    let first = figure(figures, "first_receipt_seq");
    let last = figure(figures, "last_receipt_seq");
    if first > 0 {
        let mut numbers = (first..=last).take(usize::try_from(DOCUMENTS_MAX).unwrap_or(usize::MAX));
        let missing = numbers.by_ref().filter(|number| {
            let known = |own: &u32| i64::from(*own) == *number;
            !journal.numbers.iter().any(known)
        });
        differences.extend(missing.take(NAMED_MAX).map(|number| {
            format!("receipt {number}: the module has it, and the journal does not")
        }));
    }
    let foreign = journal.numbers.iter().filter(|own| {
        let own = i64::from(**own);
        own > 0 && !(first..=last).contains(&own)
    });
    differences.extend(foreign.take(NAMED_MAX).map(|number| {
        format!("receipt {number}: the journal has it in this shift, and the module does not")
    }));
    differences
}

/// What is left to do about a payment.
fn of_payment(payment: &ProviderPayment) -> String {
    let what = if payment.state == ProviderPaymentState::Asked {
        "it is not known whether it was paid, or the buyer has not paid yet"
    } else if !payment.step.is_empty() {
        "the answer to its last step is not known"
    } else if payment.is_sealed {
        "the provider does not have the link of its receipt yet"
    } else {
        "it is paid and has no receipt"
    };
    let ProviderPayment {
        provider,
        number,
        reference,
        ..
    } = payment;
    format!("{provider} {number} (payment {reference}): {what}")
}

/// The sums of a provider; `None` without payments.
fn of_provider(provider: Provider, payments: &[ProviderPayment]) -> Option<JsonValue> {
    let of_provider = |payment: &&ProviderPayment| payment.provider == provider.name();
    let (mut paid, mut given_back, mut with_receipt) = ((0_u32, 0_i64), 0_i64, 0_u32);
    for payment in payments.iter().filter(of_provider) {
        let has_money = matches!(
            payment.state,
            ProviderPaymentState::Paid | ProviderPaymentState::GivenBack
        );
        if has_money {
            paid = (
                paid.0.saturating_add(1),
                paid.1.saturating_add(payment.amount.minor()),
            );
            given_back = given_back.saturating_add(payment.given_back.minor());
            with_receipt = with_receipt.saturating_add(u32::from(payment.is_sealed));
        }
    }
    (paid.0 > 0).then(|| {
        object! {
            "provider" => provider.name(),
            "paid_count" => paid.0,
            "paid" => paid.1,
            "given_back" => given_back,
            "with_receipt" => with_receipt,
        }
    })
}
