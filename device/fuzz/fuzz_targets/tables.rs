//! Every row of every family reads any data without a panic; a value that was read and written again is read as the same value.
#![no_main]

use ferrotill_device::family::{Answers, Codec, FAMILIES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for family in FAMILIES {
        again(&family.open.ask, bytes);
        if let Some(row) = &family.refund {
            again(&row.ask, bytes);
        }
        again(&family.sale.ask, bytes);
        again(&family.subtotal.ask, bytes);
        all(&family.subtotal.answer, bytes);
        all(&family.payment.answer, bytes);
        again(&family.cash.ask, bytes);
        all(&family.cash.answer, bytes);
        all(&family.transaction.answer, bytes);
        if let Some(row) = &family.last_z {
            all(&row.answer, bytes);
        }
        if let Some(row) = &family.issued_document {
            again(&row.ask, bytes);
            all(&row.answer, bytes);
        }
        if let Some(row) = &family.line_lengths {
            all(&row.answer, bytes);
        }
        all(&family.last_document.answer, bytes);
        all(&family.day_sales[0].answer, bytes);
        all(&family.receipt_sums.answer, bytes);
        all(&family.day_payments.answer, bytes);
        all(&family.device_info.answer, bytes);
        let _ = (family.payment.ask.parse)(bytes);
        let _ = family.z_report.answer.read(bytes);
        let _ = family.rates.answer.read(bytes);
        let _ = family.clock.answer.read(bytes);
        for service in family.others.services {
            let _ = (service.ask.parse)(bytes);
        }
        for daily in family.others.daily {
            let _ = (daily.ask.parse)(bytes);
        }
    }
});

fn all<T>(answers: &Answers<T>, bytes: &[u8]) {
    match answers {
        Answers::One(codec) => again(codec, bytes),
        Answers::Forms(forms) => forms.iter().for_each(|form| again(&form.codec, bytes)),
    }
}

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
