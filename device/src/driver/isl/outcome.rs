//! How a job ended.

use crate::fault::Fault;
use crate::printer::{Baseline, NoDocument, Performed, PrinterReport, Recovered, Registered};

/// A job that made the printer's last document.
pub(super) fn registered(after: Baseline, report: Option<PrinterReport>) -> Recovered {
    Recovered::Registered(Registered {
        document: after.last_document,
        fiscal_receipt: None,
        after,
        report,
        printed_at: None,
        module: None,
    })
}

/// Why a job left no document; `after` contains the counters after it, if they are known.
pub(super) fn no_document(fault: Fault, detail: String, after: Option<&Baseline>) -> NoDocument {
    NoDocument {
        fault,
        detail,
        after: after.cloned(),
    }
}

/// A job of which no command was sent that can make a document.
pub(super) fn not_begun(fault: Fault, detail: String, after: Option<&Baseline>) -> Performed {
    Performed::NotBegun(no_document(fault, detail, after))
}
