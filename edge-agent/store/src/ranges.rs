//! The ranges of numbers for alternative receipts: which of their numbers any device of the data folder has used.

use ferrotill_core::event::NumberRange;
use rusqlite::params;

use super::journal::Batch;
use super::used_numbers::{last, printed_number};
use super::{Context, Reader, StoreError};

impl Batch<'_> {
    /// The last number of a range that any device has used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_of_range(&self, range: &NumberRange) -> Result<Option<u32>, StoreError> {
        last(self.connection(), range).context(self.path(), "numbers of a range")
    }

    /// The number that comes next in a range of alternative receipts: one more than the last number of it that any device has used.
    ///
    /// # Errors
    ///
    /// [`StoreError::RangeUsed`] if numbers in the middle of the range are used and earlier ones are not; [`StoreError::Database`].
    pub fn next_of_range(&self, range: &NumberRange) -> Result<u32, StoreError> {
        // The printed text of every number that counts begins with the series, and goes on with digits.
        let (count, last) = self
            .connection()
            .query_row(
                "SELECT count(DISTINCT number), max(number) FROM \
                   (SELECT CAST(substr(printed, length(?1) + 1) AS INTEGER) AS number FROM alternative_number \
                    WHERE printed >= ?1 AND printed < ?1 || ':' AND (series = ?1 OR length(printed) = length(?1) + ?2)) \
                 WHERE number BETWEEN ?3 AND ?4",
                params![
                    range.series.as_str(),
                    range.number_length,
                    range.start,
                    range.end
                ],
                |row| Ok((row.get::<_, u32>(0)?, row.get::<_, Option<u32>>(1)?)),
            )
            .context(self.path(), "numbers of a range")?;
        let next = range.start.saturating_add(count);
        let unbroken = last.is_none_or(|last| last.saturating_add(1) == next);
        if unbroken {
            Ok(next)
        } else {
            Err(StoreError::RangeUsed {
                first: printed_number(&range.series, range.start, range.number_length),
                used: last.map_or_else(String::new, |last| {
                    printed_number(&range.series, last, range.number_length)
                }),
            })
        }
    }
}

impl Reader {
    /// The last number of a range for alternative receipts that any device has used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_of_range(&self, range: &NumberRange) -> Result<Option<u32>, StoreError> {
        self.with("ranges", |connection| last(connection, range))
    }
}
