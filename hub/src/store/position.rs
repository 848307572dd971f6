//! What the hub has of a till, for its answers.

use ferrotill_hub_protocol::{Answer, Hash, Missing, Position, PositionRequest, limits};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::{Store, StoreError, signed, unsigned, unsigned_epoch};
use crate::progress::Progress;

/// A certificate with its till, as the tables have it.
#[derive(Debug)]
pub(super) struct ProgressRow {
    pub(super) till: Uuid,
    pub(super) progress: Progress,
    pub(super) public_key: Vec<u8>,
    revoked: bool,
    ends_ms: i64,
}

impl ProgressRow {
    pub(super) fn of(row: &Row) -> Result<Self, StoreError> {
        let hash: &[u8] = row.get(4);
        let last_hash =
            Hash::from_slice(hash).ok_or(StoreError::Inconsistent("a hash of another length"))?;
        Ok(Self {
            till: row.get(0),
            progress: Progress {
                epoch: unsigned_epoch(row.get(1)),
                last: unsigned(row.get(2)),
                last_batch_first: unsigned(row.get(3)),
                last_hash,
            },
            public_key: row.get(5),
            revoked: row.get::<_, Option<i64>>(6).is_some(),
            ends_ms: row.get(7),
        })
    }

    /// Why a request for `till` with this certificate is not taken.
    pub(super) fn refusal(&self, till: Uuid, epoch: u32, now_ms: i64) -> Option<Answer> {
        if self.till != till {
            return Some(Answer::OtherTill {
                certificate: self.till,
            });
        }
        if self.revoked && epoch < self.progress.epoch {
            return Some(Answer::NewerEpoch {
                epoch: self.progress.epoch,
            });
        }
        if self.revoked {
            return Some(Answer::Revoked);
        }
        (self.ends_ms < now_ms).then_some(Answer::NotEnrolled)
    }
}

impl Store {
    /// Answers a till that asks what the hub has of it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn position(
        &self,
        certificate: &[u8; 32],
        request: &PositionRequest,
        now_ms: i64,
    ) -> Result<Answer, StoreError> {
        let mut lease = self.pool.lease().await?;
        let statement = lease.prepared(PROGRESS).await?;
        let row = lease
            .client()
            .query_opt(&statement, &[&&certificate[..]])
            .await?;
        let found = row.as_ref().map(ProgressRow::of).transpose()?;
        let answer = match found {
            None => Answer::NotEnrolled,
            Some(found) => match found.refusal(request.till, request.epoch, now_ms) {
                Some(refusal) => refusal,
                None => {
                    let known = request.acknowledged;
                    Answer::Position(
                        position_behind(lease.client(), request.till, &found.progress, known)
                            .await?,
                    )
                }
            },
        };
        lease.done();
        Ok(answer)
    }
}

/// The position of a till, with the documents behind `known`.
pub(super) async fn position_behind(
    client: &Client,
    till: Uuid,
    progress: &Progress,
    known: u64,
) -> Result<Position, StoreError> {
    let mut position = Position {
        epoch: progress.epoch,
        expected: progress.last.saturating_add(1),
        before: progress.last_hash,
        last_batch_first: progress.last_batch_first,
        missing: Vec::new(),
        missing_documents: progress.last.saturating_sub(known),
    };
    if known < progress.last {
        let limit = i64::try_from(limits::MISSING_MAX).unwrap_or(i64::MAX);
        let rows = client
            .query(MISSING, &[&till, &signed(known), &limit])
            .await?;
        position.missing = rows
            .iter()
            .map(|row| Missing {
                device: row.get(0),
                series: row.get(1),
                first: row.get::<_, Option<i64>>(2).map(unsigned),
                last: row.get::<_, Option<i64>>(3).map(unsigned),
                documents: unsigned(row.get(4)),
                last_at_ms: row.get(5),
            })
            .collect();
    }
    Ok(position)
}

pub(super) const PROGRESS: &str = "\
SELECT t.id, t.epoch, t.last_sequence, t.last_batch_first, t.last_hash, c.public_key, \
       COALESCE(t.revoked_ms, c.revoked_ms), c.ends_ms \
FROM certificate c JOIN till t ON t.id = c.till \
WHERE c.sha256 = $1";

const MISSING: &str = "\
SELECT device, series, min(number), max(number), count(*), max(at_ms) FROM document \
WHERE till = $1 AND sequence > $2 GROUP BY device, series ORDER BY device, series LIMIT $3";
