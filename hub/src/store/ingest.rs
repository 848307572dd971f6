//! Batches into the tables: one transaction for each batch.

use ferrotill_hub_protocol::{Answer, Hash, Row, SignedBatch};
use tokio::try_join;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::pool::Lease;
use super::position::{ProgressRow, position_behind};
use super::{Store, StoreError, signed, signed_epoch};
use crate::clock::DAY_MS;
use crate::progress::{self, Compared, Comparison, Progress, Step};

type Param<'p> = &'p (dyn ToSql + Sync);

/// What became of a batch.
#[derive(Debug)]
pub struct Stored {
    /// What the till is answered.
    pub answer: Answer,
    /// How many rows were stored by this call.
    pub rows: usize,
}

impl Store {
    /// Stores a batch that came with the certificate of this fingerprint. The answer [`Answer::Acknowledged`] is given after the commit.
    ///
    /// # Errors
    /// If the database fails: then it is not known whether the batch is stored, and the till sends it again.
    pub async fn ingest(
        &self,
        certificate: &[u8; 32],
        batch: &SignedBatch,
        bytes: &[u8],
        now_ms: i64,
    ) -> Result<Stored, StoreError> {
        let rows = batch.batch().rows();
        self.make_months(rows.iter().map(|row| row.at_ms), now_ms)
            .await?;
        let mut lease = self.pool.lease().await?;
        let found = lock(&mut lease, certificate).await?;
        let decided = decide(lease.client(), found.as_ref(), batch, bytes, now_ms).await?;
        let (answer, stored) = match decided {
            Decided::Store => {
                insert(&mut lease, batch, now_ms).await?;
                let up_to = batch.batch().header().last;
                (Answer::Acknowledged { up_to }, rows.len())
            }
            Decided::Answer(answer) => {
                lease.client().batch_execute("COMMIT").await?;
                (answer, 0)
            }
        };
        lease.done();
        Ok(Stored {
            answer,
            rows: stored,
        })
    }
}

enum Decided {
    Store,
    Answer(Answer),
}

/// Begins the transaction and locks the row of the certificate's till: of several batches of one till, in whatever processes, one is
/// in work at a time.
async fn lock(
    lease: &mut Lease<'_>,
    certificate: &[u8; 32],
) -> Result<Option<ProgressRow>, StoreError> {
    let statement = lease.prepared(LOCK).await?;
    let client = lease.client();
    let certificate = &certificate[..];
    let params: [Param<'_>; 1] = [&certificate];
    let (_, row) = try_join!(
        biased;
        client.batch_execute("BEGIN"),
        client.query_opt(&statement, &params)
    )?;
    row.as_ref().map(ProgressRow::of).transpose()
}

async fn decide(
    client: &Client,
    found: Option<&ProgressRow>,
    signed_batch: &SignedBatch,
    bytes: &[u8],
    now_ms: i64,
) -> Result<Decided, StoreError> {
    let answer = |answer| Ok(Decided::Answer(answer));
    let batch = signed_batch.batch();
    let header = batch.header();
    let Some(found) = found else {
        return answer(Answer::NotEnrolled);
    };
    if let Some(refusal) = found.refusal(header.till, header.epoch, now_ms) {
        return answer(refusal);
    }
    if signed_batch.verify(&found.public_key).is_err() {
        return answer(Answer::WrongSignature);
    }
    let progress = &found.progress;
    let first = batch.rows().first().map(|row| row.kind);
    let Some(first) = first else {
        return Err(StoreError::Inconsistent("a batch without rows"));
    };
    let why = match progress::step(progress, header, first) {
        Step::Store => return Ok(Decided::Store),
        Step::Gap => {
            let position = position_behind(client, header.till, progress, progress.last).await?;
            return answer(Answer::Gap(position));
        }
        Step::NewerEpoch => {
            keep_refused(client, signed_batch, bytes, "old_epoch", now_ms).await?;
            return answer(Answer::NewerEpoch {
                epoch: progress.epoch,
            });
        }
        Step::RestoreInOldEpoch => {
            return answer(Answer::Invalid {
                fault: "header.epoch: must be higher than before when the first row is that of a restore".to_owned(),
            });
        }
        Step::Forked => Compared::Forked {
            sequence: progress.last,
        },
        Step::Compare => progress::compared(&compare(client, progress, signed_batch).await?),
    };
    match why {
        Compared::Repeated => answer(Answer::Acknowledged {
            up_to: progress.last,
        }),
        Compared::Gap => {
            let position = position_behind(client, header.till, progress, progress.last).await?;
            answer(Answer::Gap(position))
        }
        Compared::RolledBack { sequence } => {
            keep_refused(client, signed_batch, bytes, "rolled_back", now_ms).await?;
            let known = sequence.saturating_sub(1);
            let position = position_behind(client, header.till, progress, known).await?;
            answer(Answer::RolledBack(position))
        }
        Compared::Forked { sequence } => {
            keep_refused(client, signed_batch, bytes, "forked", now_ms).await?;
            let position = position_behind(client, header.till, progress, progress.last).await?;
            answer(Answer::Forked { position, sequence })
        }
    }
}

/// Compares a batch that begins with a stored sequence with what is stored.
async fn compare(
    client: &Client,
    progress: &Progress,
    signed_batch: &SignedBatch,
) -> Result<Comparison, StoreError> {
    let batch = signed_batch.batch();
    let header = batch.header();
    let (hash, before) = (batch.hash(), header.before);
    let row = client
        .query_one(
            "SELECT EXISTS (SELECT 1 FROM batch WHERE till = $1 AND first = $2 AND hash = $3), \
                    $4::bigint = 0 OR EXISTS (SELECT 1 FROM batch WHERE till = $1 AND last = $4 AND hash = $5 AND first <= $4)",
            &[
                &header.till,
                &signed(header.first),
                &&hash.0[..],
                &signed(header.first - 1),
                &&before.0[..],
            ],
        )
        .await?;
    let is_stored = row.get(0);
    let mut comparison = Comparison {
        is_stored,
        continues_a_stored_batch: row.get(1),
        first_difference: None,
    };
    if !is_stored {
        let up_to = header.last.min(progress.last);
        let stored =
            super::documents::rows_between(client, header.till, header.first, up_to).await?;
        let known = batch.rows().iter().take_while(|row| row.sequence <= up_to);
        let mut stored = stored.iter();
        comparison.first_difference = known
            .filter(|row| stored.next() != Some(*row))
            .map(|row| row.sequence)
            .next();
    }
    Ok(comparison)
}

/// Keeps a batch that contradicts what is stored, for people to look at. Of one till only the first twenty are kept.
async fn keep_refused(
    client: &Client,
    batch: &SignedBatch,
    bytes: &[u8],
    why: &str,
    now_ms: i64,
) -> Result<(), StoreError> {
    let header = batch.batch().header();
    let hash = batch.batch().hash();
    client
        .execute(
            "INSERT INTO refused_batch (till, hash, why, epoch, first, last, received_ms, bytes) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 \
             WHERE (SELECT count(*) FROM refused_batch WHERE till = $1) < 20 \
             ON CONFLICT DO NOTHING",
            &[
                &header.till,
                &&hash.0[..],
                &why,
                &signed_epoch(header.epoch),
                &signed(header.first),
                &signed(header.last),
                &now_ms,
                &bytes,
            ],
        )
        .await?;
    Ok(())
}

/// Inserts rows and batch, moves the till on, and commits.
async fn insert(
    lease: &mut Lease<'_>,
    signed_batch: &SignedBatch,
    now_ms: i64,
) -> Result<(), StoreError> {
    let documents = lease.prepared(INSERT_DOCUMENTS).await?;
    let advance = lease.prepared(ADVANCE).await?;
    let client = lease.client();
    let batch = signed_batch.batch();
    let header = batch.header();
    let epoch = signed_epoch(header.epoch);
    let columns = Columns::of(batch.rows())?;
    let (hash, Hash(before), Hash(rows_hash)) = (batch.hash(), header.before, header.rows);
    let (first, last) = (signed(header.first), signed(header.last));
    let params: [Param<'_>; 18] = [
        &header.till,
        &epoch,
        &columns.sequence,
        &columns.at_ms,
        &columns.day,
        &columns.utc_offset_min,
        &columns.journal_row,
        &columns.device,
        &columns.document,
        &columns.kind,
        &columns.series,
        &columns.number,
        &columns.currency,
        &columns.total,
        &columns.state,
        &columns.z_number,
        &columns.z_report,
        &columns.recorded,
    ];
    let (rows_hash, hash, before) = (&rows_hash[..], &hash.0[..], &before[..]);
    let signature = &signed_batch.signature()[..];
    let advance_params: [Param<'_>; 9] = [
        &header.till,
        &first,
        &last,
        &epoch,
        &rows_hash,
        &hash,
        &before,
        &signature,
        &now_ms,
    ];
    // Both statements are sent together.
    let (inserted, _) = try_join!(
        biased;
        client.execute(&documents, &params),
        client.execute(&advance, &advance_params)
    )?;
    if usize::try_from(inserted).ok() != Some(batch.rows().len()) {
        return Err(StoreError::Inconsistent(
            "documents behind the last sequence of their till",
        ));
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// The rows of a batch as one array for each column.
#[derive(Default)]
struct Columns<'b> {
    sequence: Vec<i64>,
    at_ms: Vec<i64>,
    day: Vec<i32>,
    utc_offset_min: Vec<i16>,
    journal_row: Vec<i64>,
    device: Vec<Uuid>,
    document: Vec<Uuid>,
    kind: Vec<i16>,
    series: Vec<&'b str>,
    number: Vec<Option<i64>>,
    currency: Vec<&'b str>,
    total: Vec<i64>,
    state: Vec<i16>,
    z_number: Vec<Option<i32>>,
    z_report: Vec<Option<String>>,
    recorded: Vec<Vec<u8>>,
}

impl<'b> Columns<'b> {
    fn of(rows: &'b [Row]) -> Result<Self, StoreError> {
        let unwritable = StoreError::Inconsistent;
        let mut columns = Self::default();
        for row in rows {
            columns.sequence.push(signed(row.sequence));
            columns.at_ms.push(row.at_ms);
            columns.day.push(business_day(row));
            columns.utc_offset_min.push(row.utc_offset_min);
            columns.journal_row.push(signed(row.journal_row));
            columns.device.push(row.device);
            columns.document.push(row.document);
            columns.kind.push(i16::from(row.kind.number()));
            columns.series.push(&row.series);
            columns.number.push(row.number.map(signed));
            columns.currency.push(row.currency.as_str());
            columns.total.push(row.total);
            columns.state.push(i16::from(row.state.number()));
            // The numbers of reports have the bits of the table's numbers.
            columns
                .z_number
                .push(row.z_number.map(|number| number.cast_signed()));
            let report = row.z_report.as_ref().map(serde_json::to_string);
            columns.z_report.push(
                report
                    .transpose()
                    .map_err(|_| unwritable("a Z-report that cannot be written"))?,
            );
            columns.recorded.push(
                postcard::to_stdvec(&row.recorded)
                    .map_err(|_| unwritable("a document that cannot be written"))?,
            );
        }
        Ok(columns)
    }
}

/// The local day of a document, in days since 1970.
fn business_day(row: &Row) -> i32 {
    let local = row.at_ms + i64::from(row.utc_offset_min) * crate::clock::MINUTE_MS;
    i32::try_from(local.div_euclid(DAY_MS)).unwrap_or_default()
}

const LOCK: &str = "\
SELECT t.id, t.epoch, t.last_sequence, t.last_batch_first, t.last_hash, c.public_key, \
       COALESCE(t.revoked_ms, c.revoked_ms), c.ends_ms \
FROM certificate c JOIN till t ON t.id = c.till \
WHERE c.sha256 = $1 FOR UPDATE OF t";

const INSERT_DOCUMENTS: &str = "\
INSERT INTO document (till, epoch, sequence, at_ms, business_day, utc_offset_min, journal_row, device, document, kind, series, number, \
                      currency, total, state, z_number, z_report, recorded) \
SELECT $1::uuid, $2::integer, r.sequence, r.at_ms, DATE '1970-01-01' + r.day, r.utc_offset_min, r.journal_row, r.device, r.document, \
       r.kind, r.series, r.number, r.currency, r.total, r.state, r.z_number, r.z_report::jsonb, r.recorded \
FROM unnest($3::bigint[], $4::bigint[], $5::integer[], $6::smallint[], $7::bigint[], $8::uuid[], $9::uuid[], $10::smallint[], $11::text[], \
            $12::bigint[], $13::text[], $14::bigint[], $15::smallint[], $16::integer[], $17::text[], $18::bytea[]) \
  AS r(sequence, at_ms, day, utc_offset_min, journal_row, device, document, kind, series, number, currency, total, state, z_number, \
       z_report, recorded) \
ON CONFLICT DO NOTHING";

const ADVANCE: &str = "\
WITH stored AS (INSERT INTO batch (till, first, last, epoch, rows_hash, hash, before, signature, received_ms) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)) \
UPDATE till SET epoch = $4, last_sequence = $3, last_batch_first = $2, last_hash = $6, last_batch_ms = $9 WHERE id = $1";
