//! The fiscal module as a sealer: makes the job for a document before the document is reserved, and again after a start.

use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::receipt::ReceiptKind;
use ferrotill_core::refusal::Refusal;
use ferrotill_device::printer::{Job, JournalEvidence, ModuleJob};
use uuid::Uuid;

use super::composed::composed;
use crate::order::ModuleRequest;
use crate::seal::printer::SealingJob;
use crate::seal::printer::job::baseline_of;
use crate::seal::{Preparation, Sealer, Unsealed};

/// Seals documents by a fiscal module.
#[derive(Clone, Copy, Debug)]
pub struct FiscalModuleSealer;

impl Sealer for FiscalModuleSealer {
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        let reserved = document.reserved;
        let id = Uuid::from_bytes(reserved.id.0);
        let job = match &reserved.body {
            Body::Receipt(receipt) => Job::Module(ModuleJob {
                refund: matches!(receipt.kind, ReceiptKind::Refund { .. }),
                id: id.to_string(),
                request: match document.module_request {
                    Some(ModuleRequest::AsGiven(request)) => Some(request.clone()),
                    Some(ModuleRequest::OfReceipt(goods)) => {
                        let original = document.original;
                        Some(composed(receipt, (reserved, original), goods)?.to_string())
                    }
                    None => None,
                },
            }),
            Body::Report(ReportKind::X) => Job::XReport,
            Body::Report(ReportKind::Z) => Job::ZReport,
            Body::Cash(_) | Body::Nonfiscal(_) | Body::Amounts(_) => {
                return Err(Refusal::SealMismatch);
            }
        };
        let opens_drawer = match &reserved.body {
            Body::Receipt(receipt) => receipt
                .payments
                .iter()
                .any(|payment| payment.open_drawer && payment.amount.is_positive()),
            _ => false,
        };
        // The clerk gives a document to the module only while it knows the module's counters.
        let stored = reserved.baseline.as_ref().ok_or(Refusal::SealMismatch)?;
        Ok(Preparation::Later(Box::new(SealingJob {
            id,
            job,
            return_slip: None,
            opens_drawer,
            evidence: JournalEvidence::of_decision(document.cancel_decided),
            baseline: baseline_of(stored),
            given_up_at: document.given_up_at,
        })))
    }
}
