//! The authority, which is the tax office's server: the documents that it gets, and what its answers mean.
//!
//! An [`Authority`] turns a [`ReportedDocument`] into an [`EncodedRequest`], and an HTTP answer into a [`Verdict`]. Both are pure.
//! [`http::send`] sends the request between them, in the same way for every authority.
//! There is one folder per protocol, such as `online_ecr/`. A country with its own protocol adds a folder and implements [`Authority`].

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

/// The protocol of a tax office. Requests and answers are only data here; nothing is sent.
pub trait Authority {
    /// The document as a request in the form of this authority.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the form cannot express a value of the document.
    fn encode(&self, document: &ReportedDocument) -> Result<EncodedRequest, EncodeError>;

    /// What an HTTP answer means for the document that was sent.
    fn decode(&self, status: u16, body: &[u8]) -> Verdict;

    /// The path below the authority's URL to which documents of a kind are sent.
    fn path(&self, kind: RequestKind) -> &str {
        kind.name()
    }

    /// Additional headers for a body, as names and values.
    fn headers(&self, _body: &str) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A request that is ready to be sent: `POST {url}/{path of the kind}`, with the key as `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRequest {
    /// The kind of the document. It determines the path.
    pub kind: RequestKind,
    /// The idempotency key. It is the same for every attempt to deliver the same document.
    pub key: Uuid,
    /// The body, as JSON.
    pub body: String,
}

/// What an answer means for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The authority has accepted the document.
    Acknowledged,
    /// The authority has read the document and refuses it.
    Refused {
        /// The authority's error text, in one line.
        message: String,
    },
    /// No answer of the authority came.
    Failed(DeliveryFailure),
}

impl Verdict {
    /// What this verdict shows about whether the authority can be reached.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        match self {
            Self::Acknowledged => Progress::Acknowledged,
            Self::Refused { .. } => Progress::Refused,
            Self::Failed(failure) => Progress::Failed(*failure),
        }
    }
}

/// Why a document cannot be put into the form of an authority. The cause is always this program or its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A tax rate has more decimals than the form can express. The value is in ten-thousandths of a percent.
    #[error(
        "a tax rate of {0} ten-thousandths of a percent has more than two decimals; configure the rate with two"
    )]
    Rate(u32),
    /// A payment has more change than was paid, or the difference is out of range.
    #[error(
        "a payment of {paid} with {change} change, in minor units, has more change than was paid; correct the payment"
    )]
    Change {
        /// The amount that was handed over, in minor units.
        paid: i64,
        /// The amount that was handed back, in minor units.
        change: i64,
    },
    /// The document could not be written as JSON.
    #[error("the document cannot be written as JSON; report this as a defect")]
    Json,
}

/// The kinds of documents. The name of a kind is also the default path to which it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A sale.
    Sale,
    /// A refund: goods came back, and money was paid out.
    Refund,
    /// Cash was put into the drawer.
    Deposit,
    /// Cash was taken out of the drawer.
    Withdraw,
    /// A sale with a number from a preloaded range, made while the authority was offline.
    AlternativeReceipt,
    /// A Z-report, the end of a shift.
    ZReport,
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Sale,
        Self::Refund,
        Self::Deposit,
        Self::Withdraw,
        Self::AlternativeReceipt,
        Self::ZReport,
    ];

    /// The name of the kind in paths and lists.
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

/// A document as it is reported to the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedDocument {
    /// A sale, a refund or an alternative receipt.
    Receipt(ReportedReceipt),
    /// Cash put into the drawer or taken from it.
    Cash(CashOperation),
    /// A Z-report, the end of a shift.
    ZReport(ZReport),
}

impl ReportedDocument {
    /// The kind of the document.
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

/// The fields that every document has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The document's id, which is the `Idempotency-Key` of its requests.
    pub key: Uuid,
    /// The number of the message. It increases for each device.
    pub message_number: u64,
    /// The number of the document, unique for its device. A refund refers to its original by it. The number is left out of the
    /// request if it is `None`.
    pub fiscal_number: Option<u64>,
    /// The currency's three letters by ISO 4217.
    pub currency: String,
    /// The number of the shift, which is also the number of its Z-report.
    pub z_number: u32,
    /// The name of the cashier.
    pub cashier: String,
    /// The time of the document in ISO 8601, UTC, with milliseconds: `2026-03-02T15:35:21.076Z`.
    pub at: String,
    /// The owner and the device.
    pub identity: Identity,
}

/// The owner and the device of a document, as the authority knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The device's token at the authority. Each device has its own, because document numbers are unique for each device.
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
    /// The fields that every document has.
    pub heading: Heading,
    /// Whether the receipt is a sale, a refund or an alternative receipt.
    pub form: ReportedForm,
    /// The number within the shift.
    pub receipt_number: u32,
    /// The sum of the items. It equals the sum of the payments without their change.
    pub total: Amount,
    /// The lines.
    pub items: Vec<ReportedItem>,
    /// The payments.
    pub payments: Vec<ReportedPayment>,
    /// The tax of each tax group.
    pub tax_totals: Vec<TaxTotal>,
}

/// The three forms of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedForm {
    /// A sale.
    Sale,
    /// Goods came back from the buyer.
    Refund {
        /// The original's number for the device ([`Heading::fiscal_number`]), if it has one.
        parent: Option<u64>,
    },
    /// A sale with a number from a preloaded range.
    Alternative {
        /// The range's series.
        series: String,
        /// The number in the series.
        number: u32,
    },
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedItem {
    /// The name of the item.
    pub name: String,
    /// The unit of the quantity, such as pieces.
    pub unit: String,
    /// The quantity, in thousandths of the unit.
    pub quantity: Quantity,
    /// The price of one unit.
    pub price: Amount,
    /// The amount of the line, after discounts and surcharges.
    pub amount: Amount,
    /// Every tax on the line, at least one.
    pub taxes: Vec<TaxTotal>,
    /// The amount from which the taxes are computed: `amount` without the taxes, if prices include them.
    pub tax_base: Amount,
}

/// One payment of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedPayment {
    /// Cash or card.
    pub means: Means,
    /// The amount that was handed over.
    pub paid: Amount,
    /// The amount that was handed back.
    pub change: Amount,
}

/// A means of payment.
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
    /// The tax rate in ten-thousandths of a percent.
    pub rate: u32,
    /// The amount of the tax.
    pub amount: Amount,
}

/// Cash put into the drawer or taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOperation {
    /// The fields that every document has.
    pub heading: Heading,
    /// Into the drawer or out of it.
    pub direction: CashDirection,
    /// The number within the shift.
    pub receipt_number: u32,
    /// The amount. It is never negative.
    pub amount: Amount,
}

/// Into the drawer or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CashDirection {
    /// Into the drawer.
    Deposit,
    /// Out of the drawer.
    Withdraw,
}

/// A Z-report. If no document of a kind was made in the shift, its total is absent and not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZReport {
    /// The fields that every document has.
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
    /// The payments of sales, without their change. Their sum equals `sale`.
    pub sale_payments: Vec<(Means, Amount)>,
    /// The payments of refunds. Their sum equals `refund`.
    pub refund_payments: Vec<(Means, Amount)>,
    /// The tax in sales.
    pub sale_tax: Vec<TaxTotal>,
    /// The tax in refunds.
    pub refund_tax: Vec<TaxTotal>,
}

/// A number of documents, and their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The number of documents.
    pub count: u32,
    /// The sum of their amounts.
    pub amount: Amount,
}
