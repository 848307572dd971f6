//! A person's word on a document, read again: it stands in the row before the seal or the void that it justifies.

use ferrotill_core::event::{Event, PaperSays};
use rusqlite::OptionalExtension;

use super::StoreError;
use super::query::Reader;
use super::rows::DocumentRow;

/// What a person said of a document that its printer could not prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// When, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What the paper says.
    pub paper: PaperSays,
    /// The person's name.
    pub by: String,
    /// Why the printer could not say it itself.
    pub why: String,
}

impl Reader {
    /// The word that a settled document rests on; none where its printer spoke for itself.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn word_on(&self, document: &DocumentRow) -> Result<Option<Word>, StoreError> {
        let Some(settled) = document.settled_seq else {
            return Ok(None);
        };
        self.with("declaration", |connection| {
            let row: Option<(u16, u16, Vec<u8>)> = connection
                .prepare_cached("SELECT kind, version, payload FROM journal WHERE seq = ?1")?
                .query_row([settled - 1], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((kind, version, payload)) = row else {
                return Ok(None);
            };
            Ok(match Event::decode(kind, version, &payload) {
                Ok(Event::Declared(declared)) if declared.id.0 == *document.id.as_bytes() => {
                    Some(Word {
                        at_ms: declared.at.utc_ms,
                        paper: declared.paper,
                        by: declared.by.to_owned(),
                        why: declared.why.to_owned(),
                    })
                }
                _ => None,
            })
        })
    }
}
