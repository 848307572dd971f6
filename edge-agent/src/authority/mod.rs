//! The authority, which is the tax authority's server: the documents that it gets, and what its answers mean.
//!
//! An [`Authority`] turns a [`ReportedDocument`] into an [`EncodedRequest`], and an HTTP answer into a [`Verdict`]. Both are pure.
//! [`DutyForms`] makes the request once, when the document is sealed, and the store keeps it.
//! [`http::send`] sends a request, in the same way for every authority.
//! There is one folder per protocol, such as `online_ecr/`. A country with its own protocol adds a folder that implements [`Authority`],
//! and a line in [`by_country`].

use std::fmt;

use ferrotill_core::duty::DutyKind;
use thiserror::Error;
use uuid::Uuid;

use crate::config::OnlineEcrConfig;

use failure::{DeliveryFailure, Progress};
use online_ecr::OnlineEcr;

pub mod billing;
mod document;
pub mod failure;
pub mod finanz_online;
mod forms;
pub mod http;
pub mod online_ecr;
pub mod remedy;
pub mod tls;

pub use document::{
    CashDirection, CashOperation, DeviceForm, Heading, Identity, ItemTax, Means, ReportedDocument,
    ReportedForm, ReportedItem, ReportedPayment, ReportedReceipt, TaxTotal, Total, ZReport,
    reported_document,
};
pub use forms::DutyForms;

/// The adapter for the tax authority of a country, by the country's ISO 3166 code; `None` if this build has no adapter for it.
#[must_use]
pub fn by_country(country: &str, form: &OnlineEcrConfig) -> Option<Box<dyn Authority>> {
    match country {
        "MD" | "UA" => Some(Box::new(OnlineEcr::new(form.clone()))),
        _ => None,
    }
}

/// The protocol of a tax authority. Requests and answers are only data here; nothing is sent.
pub trait Authority: fmt::Debug + Send + Sync {
    /// The document as a request in the form of this authority.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the form cannot express a value of the document.
    fn encode(&self, document: &ReportedDocument) -> Result<EncodedRequest, EncodeError>;

    /// What an HTTP answer means for the document that was sent.
    fn decode(&self, status: u16, body: &[u8]) -> Verdict;

    /// The path below the authority's URL to which documents of a kind are sent.
    fn path(&self, kind: DutyKind) -> &str {
        kind.name()
    }

    /// Additional headers for a body, as names and values.
    fn headers(&self, _body: &[u8]) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A request that is ready to be sent: `POST {url}/{path of the kind}`, with the key as `Idempotency-Key`. It is the same, byte for
/// byte, at every attempt to deliver the same document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRequest {
    /// The kind of the document. It determines the path.
    pub kind: DutyKind,
    /// The idempotency key.
    pub key: Uuid,
    /// The media type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

#[cfg(test)]
impl EncodedRequest {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
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
    /// The document is a report without figures.
    #[error("the report has no figures; report this as a defect")]
    NoFigures,
    /// The document could not be written as JSON.
    #[error("the document cannot be written as JSON; report this as a defect")]
    Json,
}
