//! What the readers have counted of the lists: how many rows there are, and where a page begins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_core::document::DocumentKind;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::marks::Marks;

/// The marks of the prepared signed receipts of each device.
pub(super) type PreparedRows = Arc<Mutex<BTreeMap<Uuid, Marks>>>;

/// The marks of the uploaded receipts.
pub(super) type UploadedRows = Arc<Mutex<Marks>>;

/// Where a page begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct PagePlace {
    /// The number of documents on all pages.
    pub(super) total: u32,
    /// The documents of the page have numbers below this one.
    pub(super) below: i64,
    /// How many documents below that number are not on the page, but on one before it.
    pub(super) skip: u32,
}

/// How many documents of each kind a device has.
///
/// A number is given at the seal and rises within a device, and a sealed document stays sealed: what was counted stays true.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted(Arc<Mutex<BTreeMap<(Uuid, &'static str), Marks>>>);

impl Counted {
    /// Finds the place of the page that begins with the document of this index.
    pub(super) fn find(
        &self,
        connection: &Connection,
        device: Uuid,
        kinds: &[DocumentKind],
        start: u32,
    ) -> Result<PagePlace, rusqlite::Error> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = connection.prepare_cached(
            "SELECT count(*), max(number) FROM (SELECT number FROM document \
             WHERE device = ?1 AND kind = ?2 AND number > ?3 ORDER BY number LIMIT ?4)",
        )?;
        for kind in kinds {
            let marks = counted.entry((device, kind.name())).or_default();
            marks.go_on(|last, count| {
                let values = params![device.as_bytes(), kind.name(), last, count];
                next.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))
            })?;
        }
        let counts: Vec<(DocumentKind, &Marks)> = kinds
            .iter()
            .filter_map(|kind| Some((*kind, counted.get(&(device, kind.name()))?)))
            .collect();
        let sum = |of: &dyn Fn(&Marks) -> u32| {
            let counts = counts.iter();
            counts.fold(0_u32, |sum, (_, marks)| sum.saturating_add(of(marks)))
        };
        let first = PagePlace {
            total: sum(&Marks::total),
            below: i64::MAX,
            skip: start,
        };
        if start <= sum(&Marks::rest) {
            return Ok(first);
        }
        // The lowest number from which on there are, for certain, not more documents than those before the page.
        let (mut low, mut high) = (0, i64::from(u32::MAX));
        while low < high {
            let middle = i64::midpoint(low, high);
            if sum(&|marks| marks.from(middle)) <= start {
                high = middle;
            } else {
                low = middle.saturating_add(1);
            }
        }
        let mut between = connection.prepare_cached(
            "SELECT count(*) FROM document WHERE device = ?1 AND kind = ?2 AND number > ?3 AND number < ?4",
        )?;
        let mut newer = sum(&|marks| marks.from(low));
        for (kind, marks) in &counts {
            let values = params![device.as_bytes(), kind.name(), marks.before(low).0, low];
            let older: u32 = between.query_row(values, |row| row.get(0))?;
            newer = newer.saturating_sub(older);
        }
        Ok(PagePlace {
            below: low,
            skip: start.saturating_sub(newer),
            ..first
        })
    }
}
