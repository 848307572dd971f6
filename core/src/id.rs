//! The ids and digests that the caller or the agent gives to documents.

use serde::{Deserialize, Serialize};

/// The id of a document: the caller's request id if it gave one, else an id that the agent made.
///
/// The id is unique within a device, and one id never has more than one document, so that a repeated request sells only once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub [u8; 16]);

/// An id that is unique over all tills, made by the agent: the idempotency key in requests to the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UniqueId(pub [u8; 16]);

/// The point of sale that a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PointOfSaleId(pub [u8; 16]);

/// A digest of a parsed request, made by the agent. The same id with the same fingerprint is a repeated request; the same id with
/// a different fingerprint is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub [u8; 32]);

/// A bank terminal of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TerminalId(pub [u8; 16]);

/// The reference under which a bank terminal keeps one operation; made by the agent and unique over all tills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationReference(pub [u8; 16]);
