//! What a person does with the register of signed receipts of a device.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// The protocol of a register was copied to another medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolBackedUp {
    /// The moment of the event.
    pub at: Moment,
    /// How many receipts the copy has.
    pub receipts: u64,
    /// The SHA-256 of the copied file.
    pub sha256: [u8; 32],
}

/// The register of a device is out of use for ever: the data folder was restored from a copy, and it is not proved that the last receipt
/// of the copy is the last receipt of the register. Another receipt could repeat an id, and with it the key stream of the turnover
/// counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterRetired<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The name of the person who has restored the folder; never empty.
    pub by: &'a str,
    /// How many receipts the copy has.
    pub receipts: u64,
}
