//! The digest of a set of rows, whatever their order: equal sets have equal digests, and different sets have different ones.
//!
//! The digest of a row begins with a secret that is drawn anew for each verification, so that rows that cancel each other out
//! cannot be prepared. The digest of a set is the sum of its rows' digests.

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::super::chain::ChainKey;

/// The digest of a set of rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowsDigest {
    rows: i64,
    sum: [u64; 4],
}

impl RowsDigest {
    pub(super) fn add(&mut self, row: RowDigest) {
        self.rows = self.rows.wrapping_add(1);
        for (sum, part) in self.sum.iter_mut().zip(row.0) {
            *sum = sum.wrapping_add(part);
        }
    }

    /// Takes a row out that was added before.
    pub(super) fn remove(&mut self, row: RowDigest) {
        self.rows = self.rows.wrapping_sub(1);
        for (sum, part) in self.sum.iter_mut().zip(row.0) {
            *sum = sum.wrapping_sub(part);
        }
    }
}

/// The digest of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowDigest([u64; 4]);

/// Makes the digests of rows.
#[derive(Clone)]
pub(super) struct RowHasher {
    /// The hash after the secret, which fills one block of SHA-256.
    secret: Sha256,
    /// The row as bytes; the room is used again for the next row.
    bytes: Vec<u8>,
}

impl RowHasher {
    pub(super) fn new(key: &ChainKey) -> Self {
        let secret = key.proof(Uuid::new_v4().as_bytes());
        Self {
            secret: Sha256::new_with_prefix([secret, secret].concat()),
            bytes: Vec::new(),
        }
    }

    /// The digest of a row with these values, in the order of the columns.
    pub(super) fn row<'v>(&mut self, values: impl IntoIterator<Item = ValueRef<'v>>) -> RowDigest {
        self.bytes.clear();
        for value in values {
            self.push(value);
        }
        let mut hash = self.secret.clone();
        hash.update(&self.bytes);
        let hash: [u8; 32] = hash.finalize().into();
        let mut parts = [0; 4];
        let (eights, _) = hash.as_chunks();
        for (part, eight) in parts.iter_mut().zip(eights) {
            *part = u64::from_le_bytes(*eight);
        }
        RowDigest(parts)
    }

    /// Each value has its type before it, and each text its length, so that no two rows have the same bytes.
    fn push(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.bytes.push(0),
            ValueRef::Integer(number) => {
                self.bytes.push(1);
                self.bytes.extend_from_slice(&number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                self.bytes.push(2);
                self.bytes
                    .extend_from_slice(&number.to_bits().to_le_bytes());
            }
            ValueRef::Text(text) => self.push_long(3, text),
            ValueRef::Blob(blob) => self.push_long(4, blob),
        }
    }

    fn push_long(&mut self, kind: u8, content: &[u8]) {
        self.bytes.push(kind);
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(content);
    }
}
