//! What a document is: a receipt, a cash movement, a report or a non-fiscal text.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::receipt::{OriginalKind, Receipt, ReceiptKind};

/// The contents of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body<'a> {
    /// A sale, an alternative sale or a refund.
    Receipt(#[serde(borrow)] Receipt<'a>),
    /// Cash put into the drawer (above zero) or taken out of it (below zero).
    Cash(Amount),
    /// An X-report or a Z-report.
    Report(ReportKind),
    /// A text that is no receipt of the tax law: no money, no tax. Rows have it since version 3.
    Nonfiscal(&'a str),
    /// A receipt that consists of its amounts by tax bucket, because its caller gives no lines. Rows have it since version 4.
    Amounts(AmountsReceipt),
}

/// A receipt without lines: the gross amounts by tax bucket are all that the law has signed. It opens no shift and is part of no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountsReceipt {
    /// What the receipt is for.
    pub kind: AmountsKind,
    /// Standard rate; amounts are in minor units, tax included, and may be below zero.
    pub standard: Amount,
    /// First reduced rate.
    pub reduced: Amount,
    /// Second reduced rate.
    pub second_reduced: Amount,
    /// No tax.
    pub zero: Amount,
    /// Every other rate, in one sum.
    pub special: Amount,
}

/// What a receipt without lines is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AmountsKind {
    /// A sale.
    Sale,
    /// The void of an earlier receipt.
    Void,
    /// A training: its amounts are not counted.
    Training,
}

impl AmountsReceipt {
    /// The five amounts: standard, reduced, second reduced, zero, special.
    #[must_use]
    pub const fn amounts(&self) -> [Amount; 5] {
        [
            self.standard,
            self.reduced,
            self.second_reduced,
            self.zero,
            self.special,
        ]
    }

    /// The sum of the five amounts; `None` if it does not fit.
    #[must_use]
    pub fn total(&self) -> Option<Amount> {
        let mut amounts = self.amounts().into_iter();
        amounts.try_fold(Amount::ZERO, |sum, amount| sum.checked_add(amount))
    }
}

/// The longest text of a non-fiscal receipt, in bytes.
pub const NONFISCAL_BYTES_MAX: usize = 4_000;

impl Body<'_> {
    /// The kind of the document with these contents.
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
            Self::Nonfiscal(_) => DocumentKind::NonfiscalReceipt,
            Self::Amounts(_) => DocumentKind::AmountsReceipt,
        }
    }
}

/// The kind of a report: what it does to the shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportKind {
    /// The X-report shows the counters and does not change them.
    X,
    /// The Z-report closes the shift.
    Z,
}

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// A fiscal sale.
    Sale,
    /// A sale with an alternative receipt.
    AlternativeSale,
    /// A refund.
    Refund,
    /// Cash put into the drawer.
    CashIn,
    /// Cash taken out of the drawer.
    CashOut,
    /// An X-report.
    XReport,
    /// A Z-report.
    ZReport,
    /// A text that is no receipt of the tax law. It opens no shift and is part of no report.
    NonfiscalReceipt,
    /// A receipt that consists of its amounts by tax bucket. It opens no shift and is part of no report.
    AmountsReceipt,
}

impl From<DocumentKind> for OriginalKind {
    fn from(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::Sale => Self::Fiscal,
            DocumentKind::AlternativeSale => Self::Alternative,
            DocumentKind::Refund
            | DocumentKind::CashIn
            | DocumentKind::CashOut
            | DocumentKind::XReport
            | DocumentKind::ZReport
            | DocumentKind::NonfiscalReceipt
            | DocumentKind::AmountsReceipt => Self::Other,
        }
    }
}

impl DocumentKind {
    /// Every kind of document.
    pub const ALL: [Self; 9] = [
        Self::Sale,
        Self::AlternativeSale,
        Self::Refund,
        Self::CashIn,
        Self::CashOut,
        Self::XReport,
        Self::ZReport,
        Self::NonfiscalReceipt,
        Self::AmountsReceipt,
    ];

    /// The name of the kind in the journal and the store.
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
            Self::NonfiscalReceipt => "nonfiscal_receipt",
            Self::AmountsReceipt => "amounts_receipt",
        }
    }
}
