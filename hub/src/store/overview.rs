//! What the pages show: tills with their health, Z-reports by shop and day, refused batches.

use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Store, StoreError, unsigned};

/// A till with its progress and its last health report.
#[derive(Clone, Debug, PartialEq)]
pub struct TillSummary {
    /// The till.
    pub id: Uuid,
    /// The name of its shop.
    pub shop: String,
    /// When it was added.
    pub made_ms: i64,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
    /// Whether it has a certificate that can be used.
    pub is_enrolled: bool,
    /// The newest epoch.
    pub epoch: i32,
    /// The last stored sequence.
    pub last_sequence: u64,
    /// When the last batch was stored.
    pub last_batch_ms: Option<i64>,
    /// How many refused batches are kept.
    pub refused: i64,
    /// When the last of them was received.
    pub last_refused_ms: Option<i64>,
    /// The last health report.
    pub health: Option<TillHealth>,
}

/// The last health report of a till.
#[derive(Clone, Debug, PartialEq)]
pub struct TillHealth {
    /// When the hub received it.
    pub received_ms: i64,
    /// The version of the till's program.
    pub version: String,
    /// Whether the till can sell.
    pub ready: bool,
    /// How many documents wait for the hub.
    pub waiting: i64,
    /// The last sale.
    pub last_sale_ms: Option<i64>,
    /// Since when the authority is not reached.
    pub offline_since_ms: Option<i64>,
    /// What the authority has not acknowledged, by currency.
    pub unsent: Value,
    /// The problems.
    pub problems: Value,
}

/// A Z-report of a shop and day.
#[derive(Clone, Debug, PartialEq)]
pub struct ZDay {
    /// The till.
    pub till: Uuid,
    /// The name of its shop.
    pub shop: String,
    /// The device.
    pub device: Uuid,
    /// The business day, as `2026-05-31`.
    pub business_day: String,
    /// The number of the Z-report.
    pub z_number: Option<u32>,
    /// The number of the Z-report of the device before this one.
    pub z_before: Option<u32>,
    /// The currency.
    pub currency: String,
    /// The total of the Z-report.
    pub total: i64,
    /// Its sums and differences.
    pub report: Value,
}

impl ZDay {
    /// How many Z-reports are missing between the one before and this one.
    #[must_use]
    pub fn missing_before(&self) -> u32 {
        match (self.z_before, self.z_number) {
            (Some(before), Some(number)) => number.saturating_sub(before).saturating_sub(1),
            _ => 0,
        }
    }
}

/// A batch that was refused because it contradicts what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedBatch {
    /// Why: `forked`, `rolled_back` or `old_epoch`.
    pub why: String,
    /// Its epoch.
    pub epoch: i32,
    /// Its first sequence.
    pub first: u64,
    /// Its last sequence.
    pub last: u64,
    /// When it was received.
    pub received_ms: i64,
}

impl Store {
    /// The tills in the order of shop and id, behind `after`; at most `limit`. With `silent_before_ms` only those that a person should
    /// look at: silent since then, not ready to sell, without the authority, with problems or with refused batches.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tills(
        &self,
        after: Option<(&str, Uuid)>,
        silent_before_ms: Option<i64>,
        limit: i64,
    ) -> Result<Vec<TillSummary>, StoreError> {
        let lease = self.pool.lease().await?;
        let (shop, id) = after.map_or((None, None), |(shop, id)| (Some(shop), Some(id)));
        let sql = format!("{TILLS} {PAGE}");
        let rows = lease
            .client()
            .query(&sql, &[&shop, &id, &limit, &silent_before_ms])
            .await?;
        lease.done();
        Ok(rows.iter().map(summary_of).collect())
    }

    /// One till.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn till(&self, id: Uuid) -> Result<Option<TillSummary>, StoreError> {
        let lease = self.pool.lease().await?;
        let sql = format!("{TILLS} WHERE t.id = $1");
        let row = lease.client().query_opt(&sql, &[&id]).await?;
        lease.done();
        Ok(row.as_ref().map(summary_of))
    }

    /// How many tills there are; how many of them have not reported since `silent_before_ms`, have said that they cannot sell, and have
    /// problems; and the unsent money by currency.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn totals(&self, silent_before_ms: i64) -> Result<Value, StoreError> {
        let lease = self.pool.lease().await?;
        let row = lease
            .client()
            .query_one(TOTALS, &[&silent_before_ms])
            .await?;
        lease.done();
        let text: &str = row.get(0);
        serde_json::from_str(text).map_err(|_| StoreError::Inconsistent("totals are no JSON"))
    }

    /// The Z-reports of the business days from `from` to `until`, in days since 1970, of one till or of all; at most `limit`, the
    /// newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn z_days(
        &self,
        till: Option<Uuid>,
        from: i32,
        until: i32,
        limit: i64,
    ) -> Result<Vec<ZDay>, StoreError> {
        let lease = self.pool.lease().await?;
        let rows = lease
            .client()
            .query(Z_DAYS, &[&till, &from, &until, &limit])
            .await?;
        lease.done();
        rows.iter()
            .map(|row| {
                let report: Option<&str> = row.get(8);
                Ok(ZDay {
                    till: row.get(0),
                    shop: row.get(1),
                    device: row.get(2),
                    business_day: row.get(3),
                    z_number: row.get::<_, Option<i32>>(4).map(i32::cast_unsigned),
                    z_before: row.get::<_, Option<i32>>(5).map(i32::cast_unsigned),
                    currency: row.get(6),
                    total: row.get(7),
                    report: report
                        .map_or(Ok(Value::Null), serde_json::from_str)
                        .map_err(|_| StoreError::Inconsistent("a Z-report is no JSON"))?,
                })
            })
            .collect()
    }

    /// The refused batches of a till, the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn refused(&self, till: Uuid) -> Result<Vec<RefusedBatch>, StoreError> {
        let lease = self.pool.lease().await?;
        let rows = lease
            .client()
            .query(
                "SELECT why, epoch, first, last, received_ms FROM refused_batch WHERE till = $1 ORDER BY received_ms DESC, hash",
                &[&till],
            )
            .await?;
        lease.done();
        Ok(rows
            .iter()
            .map(|row| RefusedBatch {
                why: row.get(0),
                epoch: row.get(1),
                first: unsigned(row.get(2)),
                last: unsigned(row.get(3)),
                received_ms: row.get(4),
            })
            .collect())
    }
}

fn summary_of(row: &Row) -> TillSummary {
    let json = |at: usize| {
        let text: Option<&str> = row.get(at);
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or(Value::Array(Vec::new()))
    };
    let received: Option<i64> = row.get(10);
    TillSummary {
        id: row.get(0),
        shop: row.get(1),
        made_ms: row.get(2),
        revoked_ms: row.get(3),
        is_enrolled: row.get(4),
        epoch: row.get(5),
        last_sequence: unsigned(row.get(6)),
        last_batch_ms: row.get(7),
        refused: row.get(8),
        last_refused_ms: row.get(9),
        health: received.map(|received_ms| TillHealth {
            received_ms,
            version: row.get(11),
            ready: row.get(12),
            waiting: row.get(13),
            last_sale_ms: row.get(14),
            offline_since_ms: row.get(15),
            unsent: json(16),
            problems: json(17),
        }),
    }
}

const TILLS: &str = "\
SELECT t.id, t.shop, t.made_ms, t.revoked_ms, \
       EXISTS (SELECT 1 FROM certificate c WHERE c.till = t.id AND c.revoked_ms IS NULL), \
       t.epoch, t.last_sequence, t.last_batch_ms, \
       (SELECT count(*) FROM refused_batch r WHERE r.till = t.id), \
       (SELECT max(received_ms) FROM refused_batch r WHERE r.till = t.id), \
       h.received_ms, h.version, h.ready, h.waiting, h.last_sale_ms, h.offline_since_ms, h.unsent::text, h.problems::text \
FROM till t LEFT JOIN health h ON h.till = t.id";

const PAGE: &str = "\
WHERE ($1::text IS NULL OR (t.shop, t.id) > ($1, $2::uuid)) \
  AND ($4::bigint IS NULL OR (t.revoked_ms IS NULL AND ( \
      COALESCE(h.received_ms, 0) < $4 OR NOT h.ready OR h.offline_since_ms IS NOT NULL OR jsonb_array_length(h.problems) > 0 \
      OR EXISTS (SELECT 1 FROM refused_batch r WHERE r.till = t.id)))) \
ORDER BY t.shop, t.id LIMIT $3";

const TOTALS: &str = "\
SELECT json_build_object( \
    'tills', (SELECT count(*) FROM till WHERE revoked_ms IS NULL), \
    'silent', (SELECT count(*) FROM till t LEFT JOIN health h ON h.till = t.id \
               WHERE t.revoked_ms IS NULL AND COALESCE(h.received_ms, 0) < $1), \
    'not_ready', (SELECT count(*) FROM health h JOIN till t ON t.id = h.till WHERE t.revoked_ms IS NULL AND NOT h.ready), \
    'with_problems', (SELECT count(*) FROM health h JOIN till t ON t.id = h.till \
                      WHERE t.revoked_ms IS NULL AND jsonb_array_length(h.problems) > 0), \
    'offline', (SELECT count(*) FROM health h JOIN till t ON t.id = h.till \
                WHERE t.revoked_ms IS NULL AND h.offline_since_ms IS NOT NULL), \
    'refused', (SELECT count(DISTINCT till) FROM refused_batch), \
    'unsent', COALESCE((SELECT json_agg(u ORDER BY u.currency) FROM ( \
        SELECT e->>'currency' AS currency, sum((e->>'documents')::bigint)::bigint AS documents, sum((e->>'total')::bigint)::bigint AS total \
        FROM health h JOIN till t ON t.id = h.till, jsonb_array_elements(h.unsent) e WHERE t.revoked_ms IS NULL GROUP BY 1) u), '[]'::json) \
)::text";

// The number before is taken from all Z-reports of the device, so that the first one of the chosen days has one too.
const Z_DAYS: &str = "\
SELECT till, shop, device, business_day, z_number, z_before, currency, total, z_report FROM ( \
    SELECT d.till, t.shop, d.device, d.business_day::text AS business_day, d.business_day AS day, d.z_number, \
           (SELECT max(b.z_number) FROM document b WHERE b.kind = 6 AND b.till = d.till AND b.device = d.device \
               AND b.sequence < d.sequence AND b.business_day BETWEEN d.business_day - 40 AND d.business_day) AS z_before, \
           d.currency, d.total, d.z_report::text AS z_report \
    FROM document d JOIN till t ON t.id = d.till \
    WHERE d.kind = 6 AND ($1::uuid IS NULL OR d.till = $1) \
      AND d.business_day BETWEEN DATE '1970-01-01' + $2::integer AND DATE '1970-01-01' + $3::integer \
) z ORDER BY day DESC, shop, till, z_number DESC LIMIT $4";
