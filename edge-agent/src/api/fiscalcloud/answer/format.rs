//! Writes numbers and times in the form of the FiscalCloud API.

use ferrotill_core::event::Sealed;
use ferrotill_core::seal::Seal;
use ferrotill_core::time::Moment;

use crate::time::clock::local;

/// The number of a row from its index: the first row has the number one.
pub(in crate::api::fiscalcloud) const fn row_number(index: usize) -> usize {
    index.saturating_add(1)
}

/// Series and number of an alternative receipt as one text: `ABC00000001`.
pub(super) fn series_and_number(sealed: &Sealed<'_>) -> Option<String> {
    match sealed.seal {
        Seal::Range {
            series,
            number,
            number_length,
        } => Some(format!(
            "{series}{number:0width$}",
            width = usize::from(number_length)
        )),
        Seal::Printer { .. }
        | Seal::FiscalNumber { .. }
        | Seal::Journal
        | Seal::Signature { .. }
        | Seal::Module(_) => None,
    }
}

/// ISO 8601 with the local offset and seven decimals, as this API writes it.
pub(in crate::api::fiscalcloud) fn date_time(at: Moment) -> String {
    let civil = local(at);
    let offset = at.offset_minutes;
    let sign = if offset < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}0000{sign}{hours:02}:{minutes:02}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
        civil.millisecond(),
    )
}
