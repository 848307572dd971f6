//! The last health report of each till.

use ferrotill_hub_protocol::{Answer, HealthReport};
use serde_json::{Value, json};

use super::position::{PROGRESS, ProgressRow, position_behind};
use super::{Store, StoreError, signed, signed_epoch};
use crate::progress;

impl Store {
    /// Keeps a health report that came with the certificate of this fingerprint. A till that knows less than it has sent gets an answer that says so.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn take_health(
        &self,
        certificate: &[u8; 32],
        report: &HealthReport,
        now_ms: i64,
    ) -> Result<Answer, StoreError> {
        let mut lease = self.pool.lease().await?;
        let find = lease.prepared(PROGRESS).await?;
        let keep = lease.prepared(KEEP).await?;
        let client = lease.client();
        let row = client.query_opt(&find, &[&&certificate[..]]).await?;
        let found = row.as_ref().map(ProgressRow::of).transpose()?;
        let Some(found) = found else {
            lease.done();
            return Ok(Answer::NotEnrolled);
        };
        if let Some(refusal) = found.refusal(report.till, report.epoch, now_ms) {
            lease.done();
            return Ok(refusal);
        }
        let progress = &found.progress;
        if report.epoch < progress.epoch {
            lease.done();
            return Ok(Answer::NewerEpoch {
                epoch: progress.epoch,
            });
        }
        let (unsent, problems) = texts_of(report);
        client
            .execute(
                &keep,
                &[
                    &report.till,
                    &now_ms,
                    &report.at_ms,
                    &signed_epoch(report.epoch),
                    &report.version,
                    &report.ready,
                    &signed(report.waiting),
                    &report.last_sale_ms,
                    &report.offline_since_ms,
                    &unsent,
                    &problems,
                ],
            )
            .await?;
        let is_same_epoch = report.epoch == progress.epoch;
        let answer = if is_same_epoch && progress::is_behind(progress, report.acknowledged) {
            let known = report.acknowledged;
            Answer::RolledBack(position_behind(client, report.till, progress, known).await?)
        } else {
            Answer::Taken
        };
        lease.done();
        Ok(answer)
    }
}

/// What is unsent and the problems, as JSON.
fn texts_of(report: &HealthReport) -> (String, String) {
    let unsent = report.unsent.iter().map(|unsent| {
        json!({
            "currency": unsent.currency.as_str(),
            "documents": unsent.documents,
            "total": unsent.total,
        })
    });
    let problems = report.problems.iter().map(|problem| {
        json!({
            "id": problem.id,
            "part": problem.part,
            "severity": problem.severity.name(),
            "since_ms": problem.since_ms,
            "text": problem.text,
        })
    });
    let unsent: Value = unsent.collect();
    let problems: Value = problems.collect();
    (unsent.to_string(), problems.to_string())
}

const KEEP: &str = "\
INSERT INTO health (till, received_ms, at_ms, epoch, version, ready, waiting, last_sale_ms, offline_since_ms, unsent, problems) \
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb, $11::text::jsonb) \
ON CONFLICT (till) DO UPDATE SET received_ms = EXCLUDED.received_ms, at_ms = EXCLUDED.at_ms, epoch = EXCLUDED.epoch, \
    version = EXCLUDED.version, ready = EXCLUDED.ready, waiting = EXCLUDED.waiting, last_sale_ms = EXCLUDED.last_sale_ms, \
    offline_since_ms = EXCLUDED.offline_since_ms, unsent = EXCLUDED.unsent, problems = EXCLUDED.problems";
