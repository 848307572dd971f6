//! Every row of every family reads any data without a panic; a value that was read and written again is read as the same value.
#![no_main]

use ferrotill_device::family::{Codec, FAMILIES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for family in FAMILIES {
        again(&family.open.ask, bytes);
        again(&family.refund.ask, bytes);
        again(&family.sale.ask, bytes);
        again(&family.subtotal.ask, bytes);
        again(&family.subtotal.answer, bytes);
        again(&family.payment.answer, bytes);
        again(&family.cash.ask, bytes);
        again(&family.cash.answer, bytes);
        again(&family.transaction.answer, bytes);
        again(&family.last_z.answer, bytes);
        again(&family.last_document.answer, bytes);
        for codec in [&family.day_groups[0].answer] {
            again(codec, bytes);
        }
        let _ = (family.payment.ask.parse)(bytes);
        let _ = (family.receipt_sums.answer.parse)(bytes);
        let _ = (family.day_payments.answer.parse)(bytes);
        let _ = (family.z_report.answer.parse)(bytes);
        let _ = (family.device_info.answer.parse)(bytes);
        let _ = (family.rates.answer.parse)(bytes);
        let _ = (family.clock.answer.parse)(bytes);
        for service in family.others.services {
            let _ = (service.ask.parse)(bytes);
        }
        for daily in family.others.daily {
            let _ = (daily.ask.parse)(bytes);
        }
    }
});

/// Writing a value that was read gives the same bytes again, although not everything that is read is written (unique sale
/// numbers, names).
fn again<T>(codec: &Codec<T>, bytes: &[u8]) {
    if let Some(read) = (codec.parse)(bytes) {
        let written = (codec.emit)(&read);
        if let Some(read) = (codec.parse)(&written) {
            assert_eq!((codec.emit)(&read), written);
        }
    }
}
