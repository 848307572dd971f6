//! The tables of documents, one for each month of the business time. They are made when they are first needed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use tokio_postgres::error::SqlState;

use super::{Store, StoreError};
use crate::clock::DAY_MS;

/// The months whose tables are known to exist.
#[derive(Debug, Default)]
pub(super) struct Months(Mutex<BTreeSet<(i16, i8)>>);

impl Store {
    /// Makes the tables of the months of these business times. A time before 2020 or more than two months ahead gets no table of its
    /// own: a till's clock may be wrong by years.
    pub(super) async fn make_months(
        &self,
        times_ms: impl Iterator<Item = i64>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let wanted: BTreeSet<(i16, i8)> = times_ms
            .filter(|at| (FIRST_MS..now_ms.saturating_add(AHEAD_MS)).contains(at))
            .map(month_of)
            .collect();
        for month in wanted {
            if !self.months.know(month) {
                self.make_month(month).await?;
                self.months.add(month);
            }
        }
        Ok(())
    }

    /// Makes the tables of this month and the next one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn make_next_months(&self, now_ms: i64) -> Result<(), StoreError> {
        let times = [now_ms, now_ms.saturating_add(32 * DAY_MS)];
        self.make_months(times.into_iter(), now_ms).await
    }

    async fn make_month(&self, (year, month): (i16, i8)) -> Result<(), StoreError> {
        let Some((from, until)) = bounds_ms(year, month) else {
            return Ok(());
        };
        let sql = format!(
            "BEGIN; SELECT pg_advisory_xact_lock(7233101, 2); \
             CREATE TABLE IF NOT EXISTS document_{year:04}_{month:02} PARTITION OF document FOR VALUES FROM ({from}) TO ({until}); COMMIT"
        );
        let lease = self.pool.lease().await?;
        match lease.client().batch_execute(&sql).await {
            Ok(()) => lease.done(),
            // Documents of this month are in the table of other times already: the others stay with them.
            Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => {
                tracing::warn!(
                    year,
                    month,
                    "this month has documents in document_other, so it gets no table of its own"
                );
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

impl Months {
    fn know(&self, month: (i16, i8)) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&month)
    }

    fn add(&self, month: (i16, i8)) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(month);
    }
}

fn month_of(at_ms: i64) -> (i16, i8) {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    let day = TimeZone::UTC.to_datetime(at).date();
    (day.year(), day.month())
}

fn bounds_ms(year: i16, month: i8) -> Option<(i64, i64)> {
    let first = Date::new(year, month, 1).ok()?;
    let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
    Some((start_ms(first), start_ms(next)))
}

fn start_ms(day: Date) -> i64 {
    i64::from((day - date(1970, 1, 1)).get_days()) * DAY_MS
}

/// 2020-01-01.
const FIRST_MS: i64 = 1_577_836_800_000;
const AHEAD_MS: i64 = 62 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_bounds() {
        assert_eq!(month_of(1_577_836_799_999), (2019, 12));
        assert_eq!(month_of(1_577_836_800_000), (2020, 1));
        let bounds = bounds_ms(2020, 1).unwrap();
        assert_eq!(bounds, (1_577_836_800_000, 1_580_515_200_000));
        assert_eq!(
            bounds_ms(2026, 12).unwrap().1,
            bounds_ms(2027, 1).unwrap().0
        );
    }
}
