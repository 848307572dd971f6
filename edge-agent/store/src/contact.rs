//! The contacts of buyers, which stand beside the journal and can be erased.

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

/// The contact of a buyer: where the receipt is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuyerContact {
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// Whether the receipt is sent to the e-mail address. A contact that is read from the store does not say it.
    pub send_email: bool,
    /// Whether the receipt is sent to the telephone number. A contact that is read from the store does not say it.
    pub send_phone: bool,
    /// Random bytes. Without them nobody can try which contact the digest in the journal belongs to.
    pub salt: [u8; 16],
}

impl BuyerContact {
    /// The salted digest of the contact, which stands in the journal and shows later what the contact was.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.salt);
        for part in [&self.email, &self.phone] {
            let part = part.as_deref().unwrap_or_default();
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        digest.finalize().into()
    }
}

/// Stores the contact of the buyer beside a reserved document.
pub(super) fn keep(
    connection: &Connection,
    reserved_seq: i64,
    at: i64,
    contact: &BuyerContact,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO contact (reserved_seq, at, salt, email, phone) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            reserved_seq,
            at,
            contact.salt,
            contact.email,
            contact.phone
        ])
        .map(drop)
}

/// Erases contacts of documents that were reserved before a time. Returns true if none of them is left.
pub(super) fn erase(connection: &Connection, before: i64) -> Result<bool, rusqlite::Error> {
    let is_due: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM contact WHERE at < ?1)")?
        .query_row([before], |row| row.get(0))?;
    if !is_due {
        return Ok(true);
    }
    connection.pragma_update(None, "secure_delete", true)?;
    let erased = connection.execute(
        "DELETE FROM contact WHERE reserved_seq IN (SELECT reserved_seq FROM contact WHERE at < ?1 LIMIT ?2)",
        params![before, i64::try_from(ERASED_MAX).unwrap_or(i64::MAX)],
    );
    connection.pragma_update(None, "secure_delete", false)?;
    erased.map(|erased| erased < ERASED_MAX)
}

/// The most contacts that are erased in one transaction, so that no sale waits long.
const ERASED_MAX: usize = 200;
