//! Ukraine, as far as the Online ECR description shows it: every document gets a fiscal number from the authority, or offline from a
//! reserved range.
//!
//! Source of the documents (kopecks, thousandths, several taxes on one line): `docs/protocols/online-ecr.md`.
//! Rates, the levy and the offline hours are general knowledge of the law and not confirmed by a source:
//! `docs/countries/ua.md` lists what is unknown. The table in force comes from the configuration.

use super::{CashRounding, DefaultGroup, Facts, Profile, SealPlan, always, from, letter};
use crate::amount::{Amount, Currency};
use crate::budget::{AtTheEnd, Budget};
use crate::document::DocumentKind;
use crate::duty::{self, Duty};
use crate::quantity::Quantity;
use crate::rounding::{Rounding, RoundingMode};
use crate::tax::{Bucket, DatedRate, TaxRounding};
use crate::time::Day;

/// The profile of Ukraine.
pub static UKRAINE: Ukraine = Ukraine;

/// The type of [`UKRAINE`].
#[derive(Debug)]
pub struct Ukraine;

const HOUR_MS: i64 = 3_600_000;

static STANDARD: [DatedRate; 1] = [always(2_000)];
static REDUCED: [DatedRate; 1] = [always(700)];
static FARMING: [DatedRate; 1] = [from(Day::of_date(2021, 3, 1), 1_400)];
static NOTHING: [DatedRate; 1] = [always(0)];
static LEVY: [DatedRate; 1] = [from(Day::of_date(2015, 1, 1), 500)];

static GROUPS: [DefaultGroup; 6] = [
    DefaultGroup {
        code: letter(b'A'),
        bucket: Bucket::Standard,
        rates: &STANDARD,
    },
    DefaultGroup {
        code: letter(b'B'),
        bucket: Bucket::Reduced,
        rates: &REDUCED,
    },
    DefaultGroup {
        code: letter(b'C'),
        bucket: Bucket::SecondReduced,
        rates: &FARMING,
    },
    DefaultGroup {
        code: letter(b'D'),
        bucket: Bucket::Zero,
        rates: &NOTHING,
    },
    DefaultGroup {
        code: letter(b'E'),
        bucket: Bucket::Exempt,
        rates: &NOTHING,
    },
    // The retail excise on alcohol and tobacco is a second tax on a line with value added tax: "AF".
    DefaultGroup {
        code: letter(b'F'),
        bucket: Bucket::Special,
        rates: &LEVY,
    },
];

static FACTS: Facts = Facts {
    code: "UA",
    time_zone: "Europe/Kyiv",
    language: "uk",
    currency: Currency::UAH,
    rounding: Rounding::COMMERCIAL,
    tax_rounding: TaxRounding::PerLine,
    cash_rounding: Some(CashRounding {
        rule: match Rounding::new(RoundingMode::HalfAwayFromZero, 50) {
            Some(rule) => rule,
            None => Rounding::COMMERCIAL,
        },
        name: "Заокруглення",
        from: Day::of_date(2025, 10, 1),
    }),
    groups: &GROUPS,
    taxes_per_line_max: 2,
    seal_plan: SealPlan::FiscalNumber,
    lines_max: 512,
    text_bytes_max: 400,
    payments_max: 10,
    modifiers_max: 10,
    price_max: Amount::from_minor(9_999_999_999),
    quantity_max: Quantity::from_thousandths(9_999_999_999),
    amount_max: Amount::from_minor(99_999_999_999),
    alternative_receipt_title: "",
    shift_ms_max: Some(24 * HOUR_MS),
    offline: Budget {
        stretch_ms: Some(36 * HOUR_MS),
        month_ms: Some(168 * HOUR_MS),
        unsent_ms: None,
        unsent_documents: None,
        at_the_end: AtTheEnd::Stop,
    },
    apis: &["fiscalcloud", "ereceipt"],
};

impl Profile for Ukraine {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        duty::to_the_authority(kind)
    }
}
