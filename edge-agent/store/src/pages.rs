//! Pages of the lists of documents. A page is found without reading the documents before it, however many there are.

use std::ops::ControlFlow;

use ferrotill_core::document::DocumentKind;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::StoreError;
use super::counted::PagePlace;
use super::query::{Reader, z_report};
use super::rows::{COLUMNS, DocumentRow, StoredDocument, document, document_row};

/// One page of a list of documents.
#[derive(Debug)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<StoredDocument>,
    /// The number of documents on all pages.
    pub total: u32,
}

impl Reader {
    /// A page of the sealed documents of some kinds, newest first. The whole page is in memory.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn page(
        &self,
        device: Uuid,
        kinds: &[DocumentKind],
        start: u32,
        count: u32,
    ) -> Result<Page, StoreError> {
        let mut documents = Vec::new();
        let total = self.each_on_page(device, kinds, (start, count), |document, _| {
            documents.push(document);
            ControlFlow::Continue(())
        })?;
        Ok(Page { documents, total })
    }

    /// Gives the sealed documents of a page to `take`, newest first, one after the other, until `take` breaks off. Only one
    /// document is in memory at a time. With each document `take` gets the request id of the Z-report of its shift, if the
    /// shift is closed. `page` is the index of the first document and the number of documents.
    ///
    /// Returns the number of documents on all pages.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn each_on_page(
        &self,
        device: Uuid,
        kinds: &[DocumentKind],
        (start, count): (u32, u32),
        mut take: impl FnMut(StoredDocument, Option<Uuid>) -> ControlFlow<()>,
    ) -> Result<u32, StoreError> {
        self.with("page of documents", |connection| {
            // One state of the database for all statements, which also makes each of them cheaper.
            let state = connection.unchecked_transaction()?;
            let place = self.counted.find(&state, device, kinds, start)?;
            for row in rows_of(&state, device, kinds, place, count)? {
                let z_report = z_report(&state, device, row.z_number)?;
                if take(document(&state, row)?, z_report).is_break() {
                    break;
                }
            }
            Ok(place.total)
        })
    }
}

/// The documents of a page, newest first.
fn rows_of(
    connection: &Connection,
    device: Uuid,
    kinds: &[DocumentKind],
    place: PagePlace,
    count: u32,
) -> Result<Vec<DocumentRow>, rusqlite::Error> {
    // The index has the documents of each kind in their order; to sort those of several kinds, SQLite would read all of them.
    let mut of_kind = connection.prepare_cached(
        "SELECT number FROM document WHERE device = ?1 AND kind = ?2 AND number < ?3 ORDER BY number DESC LIMIT ?4",
    )?;
    let end = place.skip.saturating_add(count);
    let mut numbers: Vec<u32> = Vec::new();
    for kind in kinds {
        let values = params![device.as_bytes(), kind.name(), place.below, end];
        for number in of_kind.query_map(values, |row| row.get(0))? {
            numbers.push(number?);
        }
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let mut numbered = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM document WHERE device = ?1 AND number = ?2"
    ))?;
    let on_page = numbers.iter().skip(place.skip as usize);
    on_page
        .take(count as usize)
        .map(|number| numbered.query_row(params![device.as_bytes(), number], document_row))
        .collect()
}
