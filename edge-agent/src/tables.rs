//! The tables of a device's configuration in the core's form.

use ferrotill_core::event::{Configuration, NumberRange};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};

use crate::config::Device;

/// The configuration of a device as its till adopts it.
///
/// The values were checked when they were read (`config`), so that nothing falls out here.
#[must_use]
pub fn configuration(device: &Device) -> Configuration {
    let groups: Vec<TaxGroup> = device
        .tax_groups
        .iter()
        .filter_map(|group| {
            Some(TaxGroup::new(
                TaxCode::new(u8::try_from(group.code).ok()?)?,
                TaxRate::from_ten_thousandths(group.rate)?,
            ))
        })
        .collect();
    let types = device.payment_types.iter().map(|payment| PaymentType {
        code: payment.code,
        name: shortened(&payment.name),
        cash: payment.cash,
        printer_letter: u8::try_from(payment.printer).unwrap_or(b'P'),
        open_drawer: payment.open_cash_drawer,
    });
    let ranges = device
        .alternative_receipts_ranges
        .iter()
        .filter_map(|range| {
            Some(NumberRange {
                series: range.series.as_str().try_into().ok()?,
                start: range.start,
                end: range.end,
                number_length: range.number_length,
            })
        });
    Configuration {
        taxes: TaxTable::new(&groups).unwrap_or_default(),
        payments: PaymentTable::new(types).unwrap_or_default(),
        ranges: ranges.take(RANGES_MAX).collect(),
        alternative_receipts: device.use_alternative_receipts,
    }
}

/// Ranges of a device at most.
const RANGES_MAX: usize = 8;

fn shortened(name: &str) -> heapless::String<32> {
    let mut short = heapless::String::new();
    for letter in name.chars() {
        if short.push(letter).is_err() {
            break;
        }
    }
    short
}
