//! Austria: a signature unit signs every receipt, chained to the one before ([`rksv`]).
//!
//! Source of the rates: § 10 UStG, as consolidated on 2026-08-05 and read in a secondary copy.
//! `docs/countries/at.md` gives the source of each rule and what is unknown.

pub mod rksv;

use core::fmt::Write;

use super::{DefaultGroup, Facts, Profile, SealPlan, TextError, always, from, letter};
use crate::amount::{Amount, Currency};
use crate::budget::{AtTheEnd, Budget};
use crate::document::{Body, DocumentKind};
use crate::duty::Duty;
use crate::quantity::Quantity;
use crate::refusal::Refusal;
use crate::rounding::Rounding;
use crate::tax::{Bucket, DatedRate, TaxRounding};
use crate::time::{Day, Moment};
use rksv::{COMPACT_BYTES_MAX, Code, Form, Payload, UNIT_FAILED};

/// The profile of Austria.
pub static AUSTRIA: Austria = Austria;

/// The type of [`AUSTRIA`].
#[derive(Debug)]
pub struct Austria;

// § 10 Abs. 1 UStG.
static STANDARD: [DatedRate; 1] = [always(2_000)];
// § 10 Abs. 2 UStG.
static REDUCED: [DatedRate; 1] = [always(1_000)];
// § 10 Abs. 3 UStG; Steuerreformgesetz 2015/2016.
static SECOND_REDUCED: [DatedRate; 1] = [from(Day::of_date(2016, 1, 1), 1_300)];
// § 10 Abs. 4 UStG: Jungholz and Mittelberg.
static EXCLAVES: [DatedRate; 1] = [always(1_900)];
// § 10 Abs. 1a and § 28 Abs. 69 UStG, BGBl. I Nr. 37/2026: basic foodstuffs.
static FOOD: [DatedRate; 1] = [from(Day::of_date(2026, 7, 1), 490)];
static NOTHING: [DatedRate; 1] = [always(0)];

// The law has no letters for the rates; the letters A to H are chosen by this program.
static GROUPS: [DefaultGroup; 8] = [
    group(b'A', Bucket::Standard, &STANDARD),
    group(b'B', Bucket::Reduced, &REDUCED),
    group(b'C', Bucket::SecondReduced, &SECOND_REDUCED),
    group(b'D', Bucket::Zero, &NOTHING),
    // Both special rates are in "Betrag-Satz-Besonders" (Anlage Z 4 RKSV, BGBl. II Nr. 134/2026).
    group(b'E', Bucket::Special, &EXCLAVES),
    group(b'F', Bucket::Special, &FOOD),
    group(b'G', Bucket::Exempt, &NOTHING),
    group(b'H', Bucket::OutOfScope, &NOTHING),
];

static FACTS: Facts = Facts {
    code: "AT",
    time_zone: "Europe/Vienna",
    language: "de",
    currency: Currency::EUR,
    rounding: Rounding::COMMERCIAL,
    // The signed amounts are gross, so the RKSV does not say how tax is rounded. Invoices round it by group.
    tax_rounding: TaxRounding::PerGroup,
    cash_rounding: None,
    groups: &GROUPS,
    taxes_per_line_max: 1,
    seal_plan: SealPlan::Signature,
    lines_max: 512,
    text_bytes_max: 400,
    payments_max: 10,
    modifiers_max: 10,
    // The law sets no limits. A turnover counter of five bytes can hold five times this total.
    price_max: Amount::from_minor(9_999_999_999),
    quantity_max: Quantity::from_thousandths(9_999_999_999),
    amount_max: Amount::from_minor(99_999_999_999),
    alternative_receipt_title: UNIT_FAILED,
    // The law has no shifts; its periods are month and year (§ 8 Abs. 2 and 3 RKSV).
    shift_ms_max: None,
    // Sales may go on without the unit for any time; an outage of more than 48 hours must be reported (§ 17 RKSV; docs/countries/at.md).
    offline: Budget {
        stretch_ms: Some(48 * 3_600_000),
        month_ms: None,
        unsent_ms: None,
        unsent_documents: None,
        at_the_end: AtTheEnd::Report,
    },
    apis: &["sign_at", "fiscalcloud", "ereceipt"],
};

const fn group(code: u8, bucket: Bucket, rates: &'static [DatedRate]) -> DefaultGroup {
    DefaultGroup {
        code: letter(code),
        bucket,
        rates,
    }
}

impl Profile for Austria {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// Every receipt is signed, so there are no receipts with the number of a range (§ 9 RKSV).
    fn admit(&self, body: &Body<'_>, _at: Moment) -> Result<(), Refusal> {
        match body.kind() {
            DocumentKind::AlternativeSale => Err(Refusal::NoAlternativeReceipts),
            _ => Ok(()),
        }
    }

    /// `payload` is the text of elements 0 to 11 of the code; the signed text is Anlage Z 6 RKSV.
    fn sealed_text(&self, payload: &str, out: &mut dyn Write) -> Result<(), TextError> {
        let payload = Payload::parse(payload).map_err(|_| TextError::Unreadable)?;
        Ok(payload.write_signing_input(out)?)
    }

    /// `seal` is the compact form of the protocol (Anlage Z 7 RKSV); the code is Anlage Z 12.
    fn check_text(&self, seal: &str, out: &mut dyn Write) -> Result<(), TextError> {
        let mut room = [0; COMPACT_BYTES_MAX];
        let code = Code::parse_compact(seal, &mut room).map_err(|_| TextError::Unreadable)?;
        Ok(write!(out, "{}", code.display(Form::Qr))?)
    }

    /// No adapter of this build tells FinanzOnline yet, so that there are no duties (docs/countries/at.md).
    fn duties(&self, _kind: DocumentKind) -> &'static [Duty] {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::AUSTRIA;
    use super::rksv::BucketSums;
    use crate::Amount;
    use crate::profile::Profile as _;
    use crate::tax::TaxCode;
    use crate::time::Day;

    /// One line per case: the day, the letter, its rate in ten-thousandths of a percent, the element of the code that gets its amount.
    #[test]
    fn each_group_has_its_rate_and_its_element() {
        let today = (2026, 8, 1);
        for (day, letter, rate, element) in [
            (today, b'A', Some(200_000), 0),
            (today, b'B', Some(100_000), 1),
            (today, b'C', Some(130_000), 2),
            ((2016, 1, 1), b'C', Some(130_000), 2),
            ((2015, 12, 31), b'C', None, 2),
            (today, b'D', Some(0), 3),
            (today, b'E', Some(190_000), 4),
            ((2026, 6, 30), b'F', None, 4),
            ((2026, 7, 1), b'F', Some(49_000), 4),
            (today, b'G', Some(0), 3),
            (today, b'H', Some(0), 3),
        ] {
            let (year, month, day) = day;
            let table = AUSTRIA.facts().tax_table();
            let code = TaxCode::new(letter).unwrap();
            let group = table.group(code, Day::of_date(year, month, day));
            let found = group.map(|group| group.rate.ten_thousandths());
            assert_eq!(found, rate, "{}", char::from(letter));
            let bucket = table.entry(code).unwrap().bucket();
            let mut sums = BucketSums::default();
            sums.add(bucket, Amount::from_minor(1)).unwrap();
            assert_eq!(
                sums.elements()[element],
                Amount::from_minor(1),
                "{bucket:?}"
            );
        }
    }
}
