//! Which key streams of the turnover counter were used.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ferrotill_core::profile::at::rksv::{CashBoxId, ReceiptId, start_value};

/// The start values of the encryption that were used, each with the number of its receipt.
///
/// The start value depends on cash box id and receipt id written one after the other, so that two different pairs of ids can have
/// the same one. Two counters under one start value reveal their difference.
#[derive(Debug, Default)]
pub(crate) struct KeyStreams(HashMap<[u8; 16], u64>);

impl KeyStreams {
    /// Notes that a receipt uses its key stream.
    ///
    /// # Errors
    ///
    /// The number of the earlier receipt that has used it.
    pub(crate) fn take(
        &mut self,
        cash_box: CashBoxId<'_>,
        receipt: ReceiptId<'_>,
        number: u64,
    ) -> Result<(), u64> {
        match self.0.entry(start_value(cash_box, receipt)) {
            Entry::Occupied(used) => Err(*used.get()),
            Entry::Vacant(free) => {
                free.insert(number);
                Ok(())
            }
        }
    }
}
