//! The tax office's server: what it is told, and what its answers mean.
//!
//! An authority turns a [`ReportedDocument`] into a [`EncodedRequest`] and an HTTP answer into a [`Verdict`]; both are pure.
//! The sending between them is [`send::send`] and the same for all of them.
//! One file per protocol: `online_ecr.rs`; a country with a protocol of its own adds a file and implements [`Authority`].

use std::fmt;

use ferrotill_core::{Amount, Quantity};
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use failure::{DeliveryFailure, Progress};

pub mod failure;
pub mod http;
pub mod online_ecr;
pub mod remedy;
pub mod tls;

/// A tax office's protocol: pure in both directions.
pub trait Authority {
    /// The document in the form of this authority.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] where the form has no room for what the document says.
    fn encode(&self, document: &ReportedDocument) -> Result<EncodedRequest, EncodeError>;

    /// What an HTTP answer means for the document it answers.
    fn decode(&self, status: u16, body: &[u8]) -> Verdict;

    /// The path of a kind below the authority's url.
    fn path(&self, kind: RequestKind) -> &str {
        kind.name()
    }

    /// Headers that go with a body besides those that every delivery has.
    fn headers(&self, _body: &str) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A request ready to be sent: `POST {url}/{kind}` with the key as `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRequest {
    /// Names the path.
    pub kind: RequestKind,
    /// The same for every attempt to deliver the same document.
    pub key: Uuid,
    /// JSON.
    pub body: String,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The office has the document.
    Acknowledged,
    /// The office has read the document and does not take it.
    Refused {
        /// Why, in the office's words, in one line.
        message: String,
    },
    /// There is no answer of the office.
    Failed(DeliveryFailure),
}

impl Verdict {
    /// What it says about the office's being there.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        match self {
            Self::Acknowledged => Progress::Acknowledged,
            Self::Refused { .. } => Progress::Refused,
            Self::Failed(failure) => Progress::Failed(*failure),
        }
    }
}

/// Why a document has no form for an authority. Each is a mistake of ours, not of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A tax rate with more decimals than the form holds.
    #[error(
        "a tax rate of {0} ten-thousandths of a percent has more than two decimals; configure the rate with two"
    )]
    Rate(u32),
    /// More change than was paid, or an amount beyond all bounds.
    #[error(
        "a payment of {paid} with {change} change, in minor units, leaves nothing that was kept; correct the payment"
    )]
    Change {
        /// Handed over.
        paid: i64,
        /// Handed back.
        change: i64,
    },
    /// JSON could not be written.
    #[error("the document cannot be written as JSON; report this as a defect")]
    Json,
}

/// The kinds of documents, which are also the paths they are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// Goods went out.
    Sale,
    /// Goods came back.
    Refund,
    /// Cash went into the drawer.
    Deposit,
    /// Cash went out of the drawer.
    Withdraw,
    /// A sale on a number given out in advance, while the office was offline.
    AlternativeReceipt,
    /// The end of a shift.
    ZReport,
}

impl RequestKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Sale,
        Self::Refund,
        Self::Deposit,
        Self::Withdraw,
        Self::AlternativeReceipt,
        Self::ZReport,
    ];

    /// The name in paths and lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Deposit => "deposit",
            Self::Withdraw => "withdraw",
            Self::AlternativeReceipt => "alternative_receipt",
            Self::ZReport => "z_report",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for RequestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything the tax office is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedDocument {
    /// A sale, a refund or an alternative receipt.
    Receipt(ReportedReceipt),
    /// Cash put into the drawer or taken from it.
    Cash(CashOperation),
    /// The end of a shift.
    ZReport(ZReport),
}

impl ReportedDocument {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> RequestKind {
        match self {
            Self::Receipt(receipt) => match receipt.form {
                ReportedForm::Sale => RequestKind::Sale,
                ReportedForm::Refund { .. } => RequestKind::Refund,
                ReportedForm::Alternative { .. } => RequestKind::AlternativeReceipt,
            },
            Self::Cash(operation) => match operation.direction {
                CashDirection::Deposit => RequestKind::Deposit,
                CashDirection::Withdraw => RequestKind::Withdraw,
            },
            Self::ZReport(_) => RequestKind::ZReport,
        }
    }
}

/// What every document carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The document's id: the key of its delivery.
    pub key: Uuid,
    /// The number of the message, increasing per device.
    pub message_number: u64,
    /// The device-wide number of the document; a refund names its original by it. Left out if `None`.
    pub fiscal_number: Option<u64>,
    /// ISO 4217 letters.
    pub currency: String,
    /// The number of the shift, which is that of its Z-report.
    pub z_number: u32,
    /// Who was at the till.
    pub cashier: String,
    /// ISO 8601, UTC, with milliseconds: `2026-03-02T15:35:21.076Z`.
    pub at: String,
    /// Whose till it is.
    pub identity: Identity,
}

/// Who speaks to the tax office.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The device's token at the tax office; one per device, since numbers are unique per device.
    #[serde(rename = "fn")]
    pub device_token: String,
    /// The owner's tax number.
    pub tin: String,
    /// The shop's name.
    pub shop_name: String,
    /// The shop's address.
    pub shop_address: String,
}

/// A sale, a refund or an alternative receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedReceipt {
    /// What every document carries.
    pub heading: Heading,
    /// Which of the three it is.
    pub form: ReportedForm,
    /// The number within the shift.
    pub receipt_number: u32,
    /// The sum of the items, and of what was kept of the payments.
    pub total: Amount,
    /// The lines.
    pub items: Vec<ReportedItem>,
    /// How it was paid.
    pub payments: Vec<ReportedPayment>,
    /// Tax per group.
    pub tax_totals: Vec<TaxTotal>,
}

/// The three forms of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedForm {
    /// On the fiscal printer.
    Sale,
    /// Back from the buyer.
    Refund {
        /// The original's device-wide number, if it has one.
        parent: Option<u64>,
    },
    /// On a number from a range.
    Alternative {
        /// The range's series.
        series: String,
        /// The number in it.
        number: u32,
    },
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedItem {
    /// What it is called.
    pub name: String,
    /// What it is counted in.
    pub unit: String,
    /// How much.
    pub quantity: Quantity,
    /// For one unit.
    pub price: Amount,
    /// For the line, after all modifications.
    pub amount: Amount,
    /// Every tax on it, at least one.
    pub taxes: Vec<TaxTotal>,
    /// What the taxes are counted from: `amount` without them where prices include them.
    pub tax_base: Amount,
}

/// One payment of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedPayment {
    /// With what.
    pub means: Means,
    /// What was handed over.
    pub paid: Amount,
    /// What of it was handed back.
    pub change: Amount,
}

/// What is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Notes and coins.
    Cash,
    /// Everything else.
    Card,
}

/// The tax of one group, of a line or of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxTotal {
    /// The tax group's letter.
    pub code: char,
    /// Ten-thousandths of a percent.
    pub rate: u32,
    /// The tax.
    pub amount: Amount,
}

/// Cash put into the drawer or taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOperation {
    /// What every document carries.
    pub heading: Heading,
    /// In or out.
    pub direction: CashDirection,
    /// The number within the shift.
    pub receipt_number: u32,
    /// How much; never negative.
    pub amount: Amount,
}

/// In or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CashDirection {
    /// Into the drawer.
    Deposit,
    /// Out of the drawer.
    Withdraw,
}

/// The end of a shift. What did not occur is absent, never zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZReport {
    /// What every document carries.
    pub heading: Heading,
    /// The number of the shift's first document.
    pub first_number: u32,
    /// The number of the shift's last document.
    pub last_number: u32,
    /// Sales.
    pub sale: Option<Total>,
    /// Cash put in.
    pub deposit: Option<Total>,
    /// Refunds.
    pub refund: Option<Total>,
    /// Cash taken out.
    pub withdraw: Option<Total>,
    /// What was kept of the payments of sales; sums to `sale`.
    pub sale_payments: Vec<(Means, Amount)>,
    /// What was paid out for refunds; sums to `refund`.
    pub refund_payments: Vec<(Means, Amount)>,
    /// The tax in sales.
    pub sale_tax: Vec<TaxTotal>,
    /// The tax in refunds.
    pub refund_tax: Vec<TaxTotal>,
}

/// How often and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Documents.
    pub count: u32,
    /// Their sum.
    pub amount: Amount,
}
