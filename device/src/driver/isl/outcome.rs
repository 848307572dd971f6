//! How a job ended, as an [`Outcome`].

use crate::fault::Fault;
use crate::printer::{Baseline, NotRegistered, Outcome, PrinterReport, Registered};

/// The outcome of a job that made the printer's last document.
pub(super) fn registered(after: Baseline, report: Option<PrinterReport>) -> Outcome {
    Outcome::Registered(Registered {
        document: after.last_document,
        fiscal_receipt: None,
        after,
        report,
    })
}

/// The outcome of a job that left no document; `after` contains the counters after it, if they are known.
pub(super) fn not_registered(fault: Fault, detail: String, after: Option<&Baseline>) -> Outcome {
    Outcome::NotRegistered(NotRegistered {
        fault,
        detail,
        after: after.cloned(),
    })
}
