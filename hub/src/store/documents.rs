//! Documents as they were stored: for comparisons, and for export.

use ferrotill_hub_protocol::{Currency, Recorded, Row, RowKind, RowState, ZReport};
use futures_util::{Stream, StreamExt as _};
use tokio_postgres::Client;
use uuid::Uuid;

use super::pool::Lease;
use super::{Store, StoreError, signed, unsigned};

/// Which documents are exported.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Of this till alone.
    pub till: Option<Uuid>,
    /// From this business day on, as `2026-05-31`.
    pub from: Option<jiff::civil::Date>,
    /// Up to this business day.
    pub until: Option<jiff::civil::Date>,
}

/// A document for export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The till.
    pub till: Uuid,
    /// The name of its shop.
    pub shop: String,
    /// The epoch of the batch.
    pub epoch: i32,
    /// The business day, as `2026-05-31`.
    pub business_day: String,
    /// The document, without its recorded events.
    pub row: Row,
}

/// The stored rows of a till from one sequence to another.
pub(super) async fn rows_between(
    client: &Client,
    till: Uuid,
    first: u64,
    last: u64,
) -> Result<Vec<Row>, StoreError> {
    let rows = client
        .query(BETWEEN, &[&till, &signed(first), &signed(last)])
        .await?;
    rows.iter()
        .map(|row| {
            let recorded: &[u8] = row.get(14);
            let recorded: Vec<Recorded> = postcard::from_bytes(recorded)
                .map_err(|_| StoreError::Inconsistent("a document that cannot be read"))?;
            row_of(row, 0, recorded)
        })
        .collect()
}

impl Store {
    /// The rows of a till from one sequence to another, with their recorded events.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rows(&self, till: Uuid, first: u64, last: u64) -> Result<Vec<Row>, StoreError> {
        let lease = self.pool.lease().await?;
        let rows = rows_between(lease.client(), till, first, last).await?;
        lease.done();
        Ok(rows)
    }

    /// How many documents there are, of all tills.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let lease = self.pool.lease().await?;
        let row = lease
            .client()
            .query_one("SELECT count(*) FROM document", &[])
            .await?;
        lease.done();
        Ok(unsigned(row.get(0)))
    }
}

/// The selected documents one by one, in the order of tills and sequences. They are read from the database as they are used.
///
/// # Errors
/// If the database fails.
pub async fn export(
    lease: &Lease<'_>,
    selection: &Selection,
) -> Result<impl Stream<Item = Result<Exported, StoreError>> + use<>, StoreError> {
    // Dates are compared as days since 1970: the driver has no dates without another crate.
    let day = |day: Option<jiff::civil::Date>| {
        day.map(|day| (day - jiff::civil::date(1970, 1, 1)).get_days())
    };
    let (from, until) = (day(selection.from), day(selection.until));
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&selection.till, &from, &until];
    let rows = lease.client().query_raw(EXPORT, params).await?;
    Ok(rows.map(|row| {
        let row = row?;
        Ok(Exported {
            till: row.get(0),
            shop: row.get(1),
            epoch: row.get(2),
            business_day: row.get(3),
            row: row_of(&row, 4, Vec::new())?,
        })
    }))
}

/// The document in the columns from `at` on.
fn row_of(
    row: &tokio_postgres::Row,
    at: usize,
    recorded: Vec<Recorded>,
) -> Result<Row, StoreError> {
    let unknown = |what| StoreError::Inconsistent(what);
    let kind: i16 = row.get(at + 5);
    let state: i16 = row.get(at + 10);
    let report: Option<&str> = row.get(at + 12);
    let report: Option<ZReport> = report
        .map(serde_json::from_str)
        .transpose()
        .map_err(|_| unknown("a Z-report that cannot be read"))?;
    Ok(Row {
        sequence: unsigned(row.get(at)),
        at_ms: row.get(at + 1),
        utc_offset_min: row.get(at + 2),
        device: row.get(at + 3),
        document: row.get(at + 4),
        kind: u8::try_from(kind)
            .ok()
            .and_then(RowKind::of_number)
            .ok_or_else(|| unknown("an unknown kind of document"))?,
        series: row.get(at + 6),
        number: row.get::<_, Option<i64>>(at + 7).map(unsigned),
        currency: Currency::new(row.get(at + 8)).ok_or_else(|| unknown("an unknown currency"))?,
        total: row.get(at + 9),
        state: u8::try_from(state)
            .ok()
            .and_then(RowState::of_number)
            .ok_or_else(|| unknown("an unknown state of a document"))?,
        z_number: row.get::<_, Option<i32>>(at + 11).map(i32::cast_unsigned),
        z_report: report,
        journal_row: unsigned(row.get(at + 13)),
        recorded,
    })
}

const BETWEEN: &str = "\
SELECT sequence, at_ms, utc_offset_min, device, document, kind, series, number, currency, total, state, z_number, z_report::text, journal_row, \
       recorded \
FROM document WHERE till = $1 AND sequence BETWEEN $2 AND $3 ORDER BY sequence";

const EXPORT: &str = "\
SELECT d.till, t.shop, d.epoch, d.business_day::text, \
       sequence, at_ms, utc_offset_min, device, document, kind, series, number, currency, total, state, z_number, z_report::text, journal_row \
FROM document d JOIN till t ON t.id = d.till \
WHERE ($1::uuid IS NULL OR d.till = $1) \
  AND ($2::integer IS NULL OR d.business_day >= DATE '1970-01-01' + $2::integer) \
  AND ($3::integer IS NULL OR d.business_day <= DATE '1970-01-01' + $3::integer) \
ORDER BY d.till, d.sequence";
