//! The ranges of numbers for alternative receipts: which of their numbers any device of the data folder has used.

use ferrotill_core::event::NumberRange;
use ferrotill_core::seal::PrintedNumber;
use rusqlite::params;

use super::journal::Batch;
use super::used_numbers::{UsedNumber, last};
use super::{Context, Reader, StoreError};

impl Batch<'_> {
    /// The last number of a range that any device has used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_of_range(&self, range: &NumberRange) -> Result<Option<u32>, StoreError> {
        let last = last(self.connection(), range).context(self.path(), "numbers of a range")?;
        Ok(last.map(|used| used.number))
    }

    /// True if an alternative receipt of any device has this number: a number that is printed with the same text.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn is_number_used(&self, number: &PrintedNumber<'_>) -> Result<bool, StoreError> {
        self.connection()
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM alternative_number WHERE printed = ?1)")
            .and_then(|mut statement| statement.query_row([number.to_string()], |row| row.get(0)))
            .context(self.path(), "numbers of a range")
    }

    /// The number that comes next in a range of alternative receipts: one more than the last number of it that any device has used.
    ///
    /// Unused numbers before the last used one are left out, because a gap is better than a number that is given out twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn next_of_range(&self, range: &NumberRange) -> Result<u32, StoreError> {
        // The printed text of every number that counts begins with the series, and goes on with digits.
        let last = self
            .connection()
            .query_row(
                "SELECT max(number) FROM \
                   (SELECT CAST(substr(printed, length(?1) + 1) AS INTEGER) AS number FROM alternative_number \
                    WHERE printed >= ?1 AND printed < ?1 || ':' AND (series = ?1 OR length(printed) = length(?1) + ?2)) \
                 WHERE number BETWEEN ?3 AND ?4",
                params![
                    range.series.as_str(),
                    range.number_length,
                    range.start,
                    range.end
                ],
                |row| row.get::<_, Option<u32>>(0),
            )
            .context(self.path(), "numbers of a range")?;
        Ok(last.map_or(range.start, |last| last.saturating_add(1)))
    }
}

impl Reader {
    /// The last number of a range for alternative receipts that any device has used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_of_range(&self, range: &NumberRange) -> Result<Option<UsedNumber>, StoreError> {
        self.with("ranges", |connection| last(connection, range))
    }
}
