//! Receipts that callers have uploaded, and their look. They are no documents of this till: they have a table of their own, and the
//! journal has a digest of each.

use std::sync::PoisonError;

use ferrotill_core::event::{Event, HospitalityChanged, LookChanged, LookKind, ReceiptUploaded};
use ferrotill_core::time::Moment;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::ereceipt_rows::{digest_of, is_uploaded};
use super::journal::Batch;
use super::query::Reader;
use super::{Context, StoreError, rows};

/// A receipt that a caller has uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedReceipt {
    /// The id that the caller gave.
    pub id: Uuid,
    /// When it was uploaded, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The revision of the configuration with which it is shown; 0 if there was none.
    pub revision: u32,
    /// The receipt, as JSON.
    pub body: String,
}

/// A part of the look of uploaded receipts: a configuration, a custom section or an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookPart {
    /// What it is.
    pub kind: LookKind,
    /// Its id; nil of the configuration.
    pub id: Uuid,
    /// Its revision, counted from 1.
    pub revision: u32,
    /// When it was changed, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What the API keeps of it, as JSON.
    pub details: String,
    /// The bytes of an image.
    pub data: Option<Vec<u8>>,
}

/// The particulars of a business meal beside an uploaded receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hospitality {
    /// When they were written first, in milliseconds since the epoch.
    pub created_ms: i64,
    /// When they were changed last, in milliseconds since the epoch.
    pub modified_ms: i64,
    /// When they were made final, in seconds since the epoch, as the buyer says.
    pub finalized_s: Option<i64>,
    /// The particulars, as JSON; `None` once they are erased.
    pub particulars: Option<String>,
}

/// A part of the list of uploaded receipts.
#[derive(Clone, Copy, Debug)]
pub struct UploadedPage {
    /// Whether the newest come first.
    pub descending: bool,
    /// How many are left out before the first.
    pub offset: u64,
    /// The largest number of receipts.
    pub limit: u64,
}

/// What changes of the uploaded receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EReceiptChange {
    /// A receipt is uploaded.
    Upload {
        /// Its id.
        id: Uuid,
        /// The receipt, as JSON.
        body: String,
        /// The digest of the receipt with its members in one certain order.
        fingerprint: [u8; 32],
    },
    /// A part of the look gets its next revision.
    Look {
        /// What the part is.
        kind: LookKind,
        /// Its id; nil of the configuration.
        id: Uuid,
        /// The revision that the caller has read; 0 if the part is new. `None` if any revision may be replaced.
        after: Option<u32>,
        /// What the API keeps of it, as JSON.
        details: String,
        /// The bytes of an image.
        data: Option<Vec<u8>>,
    },
    /// A buyer writes the particulars of a business meal.
    Hospitality {
        /// The uploaded receipt.
        receipt: Uuid,
        /// The particulars, as JSON.
        particulars: String,
        /// When they are made final, in seconds since the epoch; `None` if they may still be changed.
        finalized_s: Option<i64>,
        /// Random bytes for the digest.
        salt: [u8; 16],
    },
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EReceiptOutcome {
    /// It is in the journal.
    Done,
    /// The same receipt was uploaded, or the same particulars were written before; nothing was written.
    Same,
    /// The id belongs to another receipt or to a document.
    Other,
    /// There is no such receipt.
    Unknown,
    /// Another caller has changed the part meanwhile; the caller reads it again.
    Outdated,
    /// The particulars are final.
    Final,
    /// No further part, or no further change, is taken.
    TooMany,
    /// It is not known whether the change is in the journal; why.
    NotKnown(String),
}

/// The largest number of images of a folder.
pub const MEDIA_MAX: u32 = 200;
/// The largest number of custom sections of a folder.
pub const SECTIONS_MAX: u32 = 200;
/// The largest number of revisions of one part.
const REVISIONS_MAX: u32 = 10_000;
/// The largest number of changes of the particulars of one receipt, without the one that makes them final.
pub const HOSPITALITY_CHANGES_MAX: u32 = 20;
const PLACE: &str = "uploaded receipts";

impl Batch<'_> {
    /// Makes a change, and appends its event. The event belongs to no till.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn change_ereceipt(
        &mut self,
        at: Moment,
        change: &EReceiptChange,
    ) -> Result<EReceiptOutcome, StoreError> {
        match change {
            EReceiptChange::Upload {
                id,
                body,
                fingerprint,
            } => self.upload(at, *id, (body, fingerprint)),
            EReceiptChange::Look {
                kind,
                id,
                after,
                details,
                data,
            } => self.change_look(at, (*kind, *id, *after), (details, data.as_deref())),
            EReceiptChange::Hospitality {
                receipt,
                particulars,
                finalized_s,
                salt,
            } => self.change_hospitality(at, *receipt, (particulars, *finalized_s), salt),
        }
    }

    fn upload(
        &mut self,
        at: Moment,
        id: Uuid,
        (body, fingerprint): (&str, &[u8; 32]),
    ) -> Result<EReceiptOutcome, StoreError> {
        let known: Option<Option<[u8; 32]>> = self
            .connection()
            .query_row(
                "SELECT fingerprint FROM uploaded_receipt WHERE id = ?1",
                [id.as_bytes()],
                |row| row.get(0),
            )
            .optional()
            .context(self.path(), PLACE)?;
        if let Some(known) = known {
            return Ok(match known.as_ref() == Some(fingerprint) {
                true => EReceiptOutcome::Same,
                false => EReceiptOutcome::Other,
            });
        }
        let document = rows::request(self.connection(), None, id).context(self.path(), PLACE)?;
        if document.is_some() {
            return Ok(EReceiptOutcome::Other);
        }
        let revision = latest_revision(self.connection(), LookKind::Configuration, Uuid::nil())
            .context(self.path(), PLACE)?;
        let event = Event::ReceiptUploaded(ReceiptUploaded {
            at,
            id: *id.as_bytes(),
            revision,
            digest: digest_of(body, None),
        });
        self.append_apart(at, &event)?;
        self.note_upload();
        self.connection()
            .execute(
                "UPDATE uploaded_receipt SET body = ?2, fingerprint = ?3 WHERE id = ?1",
                params![id.as_bytes(), body, fingerprint],
            )
            .context(self.path(), PLACE)?;
        Ok(EReceiptOutcome::Done)
    }

    fn change_look(
        &mut self,
        at: Moment,
        (kind, id, after): (LookKind, Uuid, Option<u32>),
        (details, data): (&str, Option<&[u8]>),
    ) -> Result<EReceiptOutcome, StoreError> {
        let latest = latest_revision(self.connection(), kind, id).context(self.path(), PLACE)?;
        if after.is_some_and(|after| after != latest) {
            return Ok(EReceiptOutcome::Outdated);
        }
        let most = match kind {
            LookKind::Configuration => REVISIONS_MAX,
            LookKind::Section => SECTIONS_MAX,
            LookKind::Media => MEDIA_MAX,
        };
        if latest >= REVISIONS_MAX || (latest == 0 && self.count_of(kind)? >= most) {
            return Ok(EReceiptOutcome::TooMany);
        }
        let revision = latest.saturating_add(1);
        let event = Event::LookChanged(LookChanged {
            at,
            kind,
            id: *id.as_bytes(),
            revision,
            digest: digest_of(details, data),
        });
        self.append_apart(at, &event)?;
        self.connection()
            .execute(
                "UPDATE receipt_look SET details = ?4, data = ?5 WHERE kind = ?1 AND id = ?2 AND revision = ?3",
                params![kind.name(), id.as_bytes(), revision, details, data],
            )
            .context(self.path(), PLACE)?;
        Ok(EReceiptOutcome::Done)
    }

    fn count_of(&self, kind: LookKind) -> Result<u32, StoreError> {
        self.connection()
            .query_row(
                "SELECT count(DISTINCT id) FROM receipt_look WHERE kind = ?1",
                [kind.name()],
                |row| row.get(0),
            )
            .context(self.path(), PLACE)
    }

    fn change_hospitality(
        &mut self,
        at: Moment,
        receipt: Uuid,
        (particulars, finalized_s): (&str, Option<i64>),
        salt: &[u8; 16],
    ) -> Result<EReceiptOutcome, StoreError> {
        let read = || {
            let exists = is_uploaded(self.connection(), receipt)?;
            let known: Option<(i64, Option<i64>, u32, Option<String>)> = self
                .connection()
                .query_row(
                    "SELECT seq, finalized_s, changes, names FROM hospitality \
                     LEFT JOIN contact ON contact.reserved_seq = hospitality.seq WHERE receipt = ?1",
                    [receipt.as_bytes()],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                )
                .optional()?;
            Ok((exists, known))
        };
        let (exists, known) = read().context(self.path(), PLACE)?;
        match &known {
            _ if !exists => return Ok(EReceiptOutcome::Unknown),
            // The answer to a caller was lost, and the caller sends the same again.
            Some((_, known_s, _, Some(names)))
                if *known_s == finalized_s && names == particulars =>
            {
                return Ok(EReceiptOutcome::Same);
            }
            Some((_, Some(_), ..)) => return Ok(EReceiptOutcome::Final),
            Some((_, _, changes, _))
                if *changes >= HOSPITALITY_CHANGES_MAX && finalized_s.is_none() =>
            {
                return Ok(EReceiptOutcome::TooMany);
            }
            _ => {}
        }
        let mut digest = Sha256::new();
        digest.update(salt);
        digest.update(particulars.as_bytes());
        let event = Event::HospitalityChanged(HospitalityChanged {
            at,
            receipt: *receipt.as_bytes(),
            finalized_s,
            digest: digest.finalize().into(),
        });
        self.append_apart(at, &event)?;
        let seq = self.seq();
        let write = || {
            if let Some((before, ..)) = known {
                self.connection()
                    .execute("DELETE FROM contact WHERE reserved_seq = ?1", [before])?;
            }
            self.connection().execute(
                "INSERT INTO contact (reserved_seq, at, salt, names) VALUES (?1, ?2, ?3, ?4)",
                params![seq, at.utc_ms, salt, particulars],
            )
        };
        write().context(self.path(), PLACE)?;
        Ok(EReceiptOutcome::Done)
    }

    /// Appends an event that belongs to no till.
    fn append_apart(&mut self, at: Moment, event: &Event<'_>) -> Result<(), StoreError> {
        let mut buffer = [0; EVENT_BYTES_MAX];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), at.utc_ms, event, payload).map(drop)
    }
}

/// Room for the largest event of this file.
const EVENT_BYTES_MAX: usize = 128;

fn latest_revision(
    connection: &Connection,
    kind: LookKind,
    id: Uuid,
) -> Result<u32, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(revision), 0) FROM receipt_look WHERE kind = ?1 AND id = ?2",
        )?
        .query_row(params![kind.name(), id.as_bytes()], |row| row.get(0))
}

impl Reader {
    /// An uploaded receipt.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn uploaded_receipt(&self, id: Uuid) -> Result<Option<UploadedReceipt>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(
                    "SELECT id, at, revision, body FROM uploaded_receipt WHERE id = ?1 AND body IS NOT NULL",
                )?
                .query_row([id.as_bytes()], uploaded_row)
                .optional()
        })
    }

    /// A part of the list of uploaded receipts, and the number of all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn uploaded_receipts(
        &self,
        page: UploadedPage,
    ) -> Result<(u64, Vec<UploadedReceipt>), StoreError> {
        self.with(PLACE, |connection| {
            let mut marks = self.uploaded.lock().unwrap_or_else(PoisonError::into_inner);
            let mut next = connection.prepare_cached(
                "SELECT count(*), max(seq) FROM (SELECT seq FROM uploaded_receipt WHERE seq > ?1 ORDER BY seq LIMIT ?2)",
            )?;
            marks.go_on(|mark, count| {
                next.query_row([mark, count.into()], |row| Ok((row.get(0)?, row.get(1)?)))
            })?;
            let place = marks.place(page.descending, page.offset, i64::MAX);
            let total = marks.total();
            drop(marks);
            let order = if page.descending { "DESC" } else { "ASC" };
            let mut statement = connection.prepare_cached(&format!(
                "SELECT id, at, revision, body FROM uploaded_receipt WHERE body IS NOT NULL AND seq > ?1 AND seq <= ?2 \
                 ORDER BY seq {order} LIMIT ?3 OFFSET ?4"
            ))?;
            let values = params![place.above, place.to, signed(page.limit), place.skip];
            let rows = statement.query_map(values, uploaded_row)?;
            Ok((total.into(), rows.collect::<Result<_, _>>()?))
        })
    }

    /// A part of the look: a certain revision, or the newest.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn look(
        &self,
        kind: LookKind,
        id: Uuid,
        revision: Option<u32>,
    ) -> Result<Option<LookPart>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(
                    "SELECT id, revision, at, details, data FROM receipt_look \
                     WHERE kind = ?1 AND id = ?2 AND (?3 IS NULL OR revision = ?3) AND details IS NOT NULL ORDER BY revision DESC LIMIT 1",
                )?
                .query_row(params![kind.name(), id.as_bytes(), revision], |row| {
                    look_row(kind, row)
                })
                .optional()
        })
    }

    /// The newest revision of all parts of a kind in the order of their creation, without the bytes of images.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn looks(&self, kind: LookKind) -> Result<Vec<LookPart>, StoreError> {
        self.with(PLACE, |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, max(revision), at, details, NULL FROM receipt_look WHERE kind = ?1 AND details IS NOT NULL \
                 GROUP BY id ORDER BY min(seq)",
            )?;
            let rows = statement.query_map([kind.name()], |row| look_row(kind, row))?;
            rows.collect()
        })
    }

    /// The particulars of a business meal beside an uploaded receipt.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn hospitality(&self, receipt: Uuid) -> Result<Option<Hospitality>, StoreError> {
        self.with(PLACE, |connection| {
            connection
                .prepare_cached(
                    "SELECT created_at, modified_at, finalized_s, names FROM hospitality \
                     LEFT JOIN contact ON contact.reserved_seq = hospitality.seq WHERE receipt = ?1",
                )?
                .query_row([receipt.as_bytes()], |row| {
                    Ok(Hospitality {
                        created_ms: row.get(0)?,
                        modified_ms: row.get(1)?,
                        finalized_s: row.get(2)?,
                        particulars: row.get(3)?,
                    })
                })
                .optional()
        })
    }
}

/// SQLite counts with signed numbers; no list is longer than they are.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uploaded_row(row: &Row<'_>) -> Result<UploadedReceipt, rusqlite::Error> {
    Ok(UploadedReceipt {
        id: Uuid::from_bytes(row.get(0)?),
        at_ms: row.get(1)?,
        revision: row.get(2)?,
        body: row.get(3)?,
    })
}

fn look_row(kind: LookKind, row: &Row<'_>) -> Result<LookPart, rusqlite::Error> {
    Ok(LookPart {
        kind,
        id: Uuid::from_bytes(row.get(0)?),
        revision: row.get(1)?,
        at_ms: row.get(2)?,
        details: row.get(3)?,
        data: row.get(4)?,
    })
}
