//! The contacts of buyers, which stand beside the journal and can be erased.

use rusqlite::params;
use sha2::{Digest, Sha256};

use super::journal::Batch;
use super::{Context, StoreError};

/// The contact of a buyer: where the receipt is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuyerContact {
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
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

impl Batch<'_> {
    /// Stores the contact of the buyer beside a reserved document; `at` in milliseconds since the epoch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn keep_contact(
        &mut self,
        reserved_seq: i64,
        at: i64,
        contact: &BuyerContact,
    ) -> Result<(), StoreError> {
        self.connection()
            .prepare_cached(
                "INSERT INTO contact (reserved_seq, at, salt, email, phone) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    reserved_seq,
                    at,
                    contact.salt,
                    contact.email,
                    contact.phone
                ])
            })
            .map(drop)
            .context(self.path(), "contact of a buyer")
    }

    /// Erases the contacts of documents that were reserved before `before`, in milliseconds since the epoch, and at most
    /// [`ERASED_MAX`] of them. Returns true if none of them is left. The bytes of an erased contact are overwritten in the file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn erase_contacts(&mut self, before: i64) -> Result<bool, StoreError> {
        let erase = || {
            let is_due: bool = self
                .connection()
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM contact WHERE at < ?1)")?
                .query_row([before], |row| row.get(0))?;
            if !is_due {
                return Ok(true);
            }
            self.connection()
                .pragma_update(None, "secure_delete", true)?;
            let erased = self.connection().execute(
                "DELETE FROM contact WHERE reserved_seq IN (SELECT reserved_seq FROM contact WHERE at < ?1 LIMIT ?2)",
                params![before, i64::try_from(ERASED_MAX).unwrap_or(i64::MAX)],
            );
            self.connection()
                .pragma_update(None, "secure_delete", false)?;
            erased.map(|erased| erased < ERASED_MAX)
        };
        erase().context(self.path(), "contacts of buyers")
    }
}

/// The most contacts that are erased in one transaction, so that no sale waits long.
const ERASED_MAX: usize = 200;
