//! The fiscal printer as a sealer: makes the job for a document before the document is reserved, and again after a start.

use ferrotill_core::document::Body;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::till::Till;
use ferrotill_device::printer::{Baseline, DaySums, Job, JournalEvidence, ReceiptJob};
use uuid::Uuid;

use super::job::{baseline_of, job_of, stored_baseline};
use super::{DocumentSlip, SealingJob};
use crate::order::terminal_slips_of;
use crate::seal::{Preparation, Sealer, Unsealed};

/// Seals documents by the fiscal printer.
#[derive(Clone, Copy, Debug)]
pub struct FiscalPrinterSealer;

impl Sealer for FiscalPrinterSealer {
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        let reserved = document.reserved;
        let original = document
            .original
            .map(|original| (original, document.printer_ahead_ms));
        let job =
            job_of(reserved, original, document.currency).ok_or(Refusal::OriginalNotPrinted)?;
        let opens_drawer = match &reserved.body {
            Body::Receipt(receipt) => receipt
                .payments
                .iter()
                .any(|payment| payment.open_drawer && payment.amount.is_positive()),
            _ => false,
        };
        let return_slip = match (&reserved.body, &job) {
            (
                Body::Receipt(receipt),
                Job::Receipt(ReceiptJob {
                    refund_of: Some(sale),
                    ..
                }),
            ) => {
                let (seller, facts) = (document.seller, document.facts);
                Some(DocumentSlip::of_return(
                    sale.document,
                    reserved.at,
                    (receipt, &terminal_slips_of(reserved.annex)),
                    seller,
                    facts,
                ))
            }
            _ => None,
        };
        // The clerk gives a document to the printer only while it knows the printer's counters.
        let stored = reserved.baseline.as_ref().ok_or(Refusal::SealMismatch)?;
        let baseline = baseline_of(stored);
        Ok(Preparation::Later(Box::new(SealingJob {
            id: Uuid::from_bytes(reserved.id.0),
            job,
            return_slip,
            opens_drawer,
            evidence: evidence(document.till, &baseline, document.cancel_decided),
            baseline,
            given_up_at: document.given_up_at,
        })))
    }
}

/// What the journal can prove about a document whose printing begins with this baseline.
fn evidence(till: &Till, baseline: &Baseline, cancel_decided: bool) -> JournalEvidence {
    let printer = stored_baseline(baseline);
    // The sums do not contain the document itself, which is added when it is sealed.
    let day = match till.shift() {
        Some(shift) => DaySums {
            sales: shift.sales.groups.by_letter(),
            refunds: shift.refunds.groups.by_letter(),
        },
        None => DaySums::default(),
    };
    JournalEvidence {
        cancel_decided,
        // The day sums are used only if all of them come from this printer and no operator's declaration is among them.
        // Otherwise they prove nothing.
        day: Some(day).filter(|_| till.sums_are_of(&printer)),
        z_takes_a_number: till.z_takes_a_number_on(&printer),
    }
}
