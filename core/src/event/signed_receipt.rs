//! Signed receipts: the unit of a device, and the two steps of a receipt.

use serde::{Deserialize, Serialize};

use crate::id::DocumentId;
use crate::profile::signed;
use crate::time::Moment;

/// A signature unit signs the receipts of a device from this event on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitAdopted<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The number of the unit's provider; 0 for a closed system.
    pub provider: u16,
    /// The serial of the unit's certificate, or the id of its key, as it stands in the receipts.
    pub serial: &'a str,
    /// Whether `public` is a certificate; otherwise it is a public key.
    pub certificate: bool,
    /// The certificate (X.509) or the public key (`SubjectPublicKeyInfo`), in DER.
    pub public: &'a [u8],
}

/// A receipt is about to be signed. The event is stored before the signature unit gets the receipt, so that the id of the receipt, its
/// turnover counter and the hash of the receipt before it are used once, whatever happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPrepared<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The document that the receipt makes legal; `None` for a receipt without a document, such as the one that ends a month.
    pub document: Option<DocumentId>,
    /// The kind of the receipt.
    pub kind: signed::Kind,
    /// What is signed: elements 0 to 11 of the receipt's code.
    pub payload: &'a str,
}

/// A receipt without a document is signed, or the signature unit has failed.
///
/// The receipt of a document is in the seal of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptSigned<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The kind of the receipt.
    pub kind: signed::Kind,
    /// The receipt in its compact form.
    pub compact: &'a str,
}
