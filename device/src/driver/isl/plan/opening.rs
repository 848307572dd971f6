//! The opening of a receipt, or the reason why a family cannot open it.

use super::super::command::Command;
use super::Step;
use crate::family::Protocol;
use crate::printer::ReceiptJob;
use crate::wire::isl_receipt::{Open, RefundKind, RefundOpen};

/// The first step of a receipt.
///
/// # Errors
///
/// The reason why the receipt cannot be printed, as text.
pub(super) fn opening(protocol: &Protocol, open: Open, job: &ReceiptJob) -> Result<Step, String> {
    if protocol.asked.is_some() {
        // Nothing but its payment distinguishes such a receipt from a cancelled one, which has the sum 0 too.
        if job.total.is_zero() {
            return Err(format!(
                "a {} printer does not prove what became of a receipt with the total 0",
                protocol.name
            ));
        }
        if job
            .refund_of
            .as_ref()
            .is_some_and(|sale| sale.at.is_empty())
        {
            return Err(format!(
                "a {} printer refunds a sale only with the time of its receipt",
                protocol.name
            ));
        }
    }
    Ok(Step::Open(match &job.refund_of {
        None => Command::of(&protocol.open, &open),
        Some(refund) => {
            let refund = RefundOpen {
                open,
                kind: RefundKind::Return,
                document: refund.document,
                // With the number alone the device searches its own journal, as it must if it does not report its fiscal memory: a time
                // without that number is refused.
                origin: (!refund.at.is_empty() && !refund.fiscal_memory.is_empty())
                    .then(|| (refund.at.clone(), refund.fiscal_memory.clone())),
            };
            let Some(row) = &protocol.refund else {
                return Err(format!(
                    "a {} printer{} has no refund receipts",
                    protocol.name,
                    of_country(protocol.country)
                ));
            };
            if protocol.receipts.refund_needs_origin && refund.origin.is_none() {
                return Err(format!(
                    "a {} printer needs the time and the fiscal memory of the original of a refund",
                    protocol.name
                ));
            }
            Command::of(row, &refund)
        }
    }))
}

/// The country of a form of a family in a sentence.
fn of_country(country: &str) -> String {
    match country {
        "" => String::new(),
        country => format!(" of the form {country}"),
    }
}
