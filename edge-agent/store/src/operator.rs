//! An operator's declaration about a document: its journal row comes directly before the seal or the void that it justifies.

use ferrotill_core::event::{Event, PaperSays};
use rusqlite::OptionalExtension;

use super::StoreError;
use super::query::Reader;
use super::rows::DocumentRow;

/// An operator's declaration about a document that its printer cannot prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorDeclaration {
    /// The time of the declaration, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What the operator has read on the paper.
    pub paper: PaperSays,
    /// The operator's name.
    pub by: String,
    /// Why the printer cannot prove the outcome.
    pub why: String,
}

impl Reader {
    /// The declaration by which a document was settled; `None` if its printer has proved the outcome.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn declaration_of(
        &self,
        document: &DocumentRow,
    ) -> Result<Option<OperatorDeclaration>, StoreError> {
        let Some(settled) = document.settled_seq else {
            return Ok(None);
        };
        self.with("declaration", |connection| {
            let row: Option<(u16, u16, Vec<u8>)> = connection
                .prepare_cached("SELECT kind, version, payload FROM journal WHERE seq = ?1")?
                .query_row([settled.saturating_sub(1)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((kind, version, payload)) = row else {
                return Ok(None);
            };
            Ok(match Event::decode(kind, version, &payload) {
                Ok(Event::Declared(declared)) if declared.id.0 == *document.id.as_bytes() => {
                    Some(OperatorDeclaration {
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
