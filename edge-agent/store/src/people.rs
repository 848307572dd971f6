//! Who has ordered what at the dashboard.

use ferrotill_core::event::{Event, PersonAct, PersonActed};
use ferrotill_core::id::DocumentId;
use uuid::Uuid;

use super::StoreError;
use super::journal::Batch;
use super::query::Reader;

/// What a person has ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAct {
    /// The time, in milliseconds since the epoch.
    pub at_ms: i64,
    /// What was ordered.
    pub act: PersonAct,
    /// The name of the person whom the order was about; may be empty.
    pub subject: String,
    /// The name of the person who has ordered it.
    pub by: String,
}

impl Batch<'_> {
    /// Appends that a person orders something. The event belongs to no till.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_person_act(&mut self, acted: PersonActed<'_>) -> Result<(), StoreError> {
        let event = Event::PersonActed(acted);
        let mut buffer = [0; PersonActed::NAME_BYTES_MAX * 2 + 64];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), acted.at.utc_ms, &event, payload)
            .map(drop)
    }
}

impl Reader {
    /// What people have ordered about a document, the oldest first; at most the newest hundred.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn person_acts(&self, document: Uuid) -> Result<Vec<StoredAct>, StoreError> {
        self.with("orders at the dashboard", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT version, payload FROM journal WHERE kind = 39 ORDER BY seq DESC",
            )?;
            let mut rows = statement.query([])?;
            let mut acts = Vec::new();
            while let Some(row) = rows.next()? {
                let payload = row.get_ref(1)?.as_blob()?;
                let Ok(Event::PersonActed(acted)) = Event::decode(39, row.get(0)?, payload) else {
                    continue;
                };
                if acted.document == Some(DocumentId(*document.as_bytes())) {
                    acts.push(StoredAct {
                        at_ms: acted.at.utc_ms,
                        act: acted.act,
                        subject: acted.subject.to_owned(),
                        by: acted.by.to_owned(),
                    });
                }
                if acts.len() >= ACTS_MAX {
                    break;
                }
            }
            acts.reverse();
            Ok(acts)
        })
    }
}

/// So many orders about one document are read.
const ACTS_MAX: usize = 100;
