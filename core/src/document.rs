//! What a document is: a receipt, a cash movement or a report.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::receipt::{Receipt, ReceiptKind};

/// What a document contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body<'a> {
    /// A sale, an alternative sale or a refund.
    Receipt(#[serde(borrow)] Receipt<'a>),
    /// Cash into the drawer (above zero) or out of it (below).
    Cash(Amount),
    /// A report.
    Report(ReportKind),
}

impl Body<'_> {
    /// The kind of the document.
    #[must_use]
    pub const fn kind(&self) -> DocumentKind {
        match self {
            Self::Receipt(Receipt {
                kind: ReceiptKind::Sale,
                ..
            }) => DocumentKind::Sale,
            Self::Receipt(Receipt {
                kind: ReceiptKind::AlternativeSale,
                ..
            }) => DocumentKind::AlternativeSale,
            Self::Receipt(Receipt {
                kind: ReceiptKind::Refund { .. },
                ..
            }) => DocumentKind::Refund,
            Self::Cash(amount) if amount.is_negative() => DocumentKind::CashOut,
            Self::Cash(_) => DocumentKind::CashIn,
            Self::Report(ReportKind::X) => DocumentKind::XReport,
            Self::Report(ReportKind::Z) => DocumentKind::ZReport,
        }
    }
}

/// What a report does to the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportKind {
    /// Shows the counters and leaves them.
    X,
    /// Closes the shift.
    Z,
}

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// A fiscal sale.
    Sale,
    /// A sale on an alternative receipt.
    AlternativeSale,
    /// A refund.
    Refund,
    /// Cash in.
    CashIn,
    /// Cash out.
    CashOut,
    /// X-report.
    XReport,
    /// Z-report.
    ZReport,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Sale,
        Self::AlternativeSale,
        Self::Refund,
        Self::CashIn,
        Self::CashOut,
        Self::XReport,
        Self::ZReport,
    ];

    /// Its name in the journal and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::AlternativeSale => "alternative_receipt",
            Self::Refund => "refund",
            Self::CashIn => "cash_in",
            Self::CashOut => "cash_out",
            Self::XReport => "x_report",
            Self::ZReport => "z_report",
        }
    }
}
