//! Names of things, as 128-bit values that the caller or the agent gives.

use serde::{Deserialize, Serialize};

/// The id of a document: the caller's request id if it gave one, else one that the agent made.
///
/// It is unique within a device and the key of exactly-once: one id has one document for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentId(pub [u8; 16]);

/// An id that is unique over all tills, made by the agent: the idempotency key towards the tax office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UniqueId(pub [u8; 16]);

/// The point of sale that a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PointOfSaleId(pub [u8; 16]);

/// A digest of a parsed command, made by the agent: the same id with the same fingerprint is a repeat, with another one a clash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub [u8; 32]);
