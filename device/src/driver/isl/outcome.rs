//! How a job ended, in the words of [`Outcome`].

use crate::fault::Fault;
use crate::printer::{Baseline, NotRegistered, Outcome, PrinterReport, Registered};

/// A job that made the last document.
pub(super) fn registered(after: Baseline, report: Option<PrinterReport>) -> Outcome {
    Outcome::Registered(Registered {
        document: after.last_document,
        fiscal_receipt: None,
        after,
        report,
    })
}

/// A job that left nothing; `after` where it is known.
pub(super) fn not_registered(fault: Fault, detail: String, after: Option<&Baseline>) -> Outcome {
    Outcome::NotRegistered(NotRegistered {
        fault,
        detail,
        after: after.cloned(),
    })
}
