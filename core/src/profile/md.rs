//! Moldova: a fiscal printer seals; alternative receipts ("bon de plată") while the tax office cannot be reached.
//!
//! Sources: spec/fiscalcloud.md, A.7 to A.9. The legal text of the 24-hour shift was not found; the API has an operation
//! that assures it (`devices/assureno24h`).

use super::{DefaultGroup, Facts, Profile, SealPlan, always, letter};
use crate::amount::{Amount, Currency};
use crate::budget::Budget;
use crate::quantity::Quantity;
use crate::rounding::Rounding;
use crate::tax::{Bucket, DatedRate, TaxRounding};

/// The profile of Moldova.
pub static MOLDOVA: Moldova = Moldova;

/// See the module.
#[derive(Debug)]
pub struct Moldova;

static STANDARD: [DatedRate; 1] = [always(2_000)];
static REDUCED: [DatedRate; 1] = [always(800)];

// A and B are confirmed; what C to H are in Moldova was not found (spec/fiscalcloud.md, A.6).
static GROUPS: [DefaultGroup; 2] = [
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
];

static FACTS: Facts = Facts {
    code: "MD",
    currency: Currency::MDL,
    rounding: Rounding::COMMERCIAL,
    // "A receipt that rounds per line" (contract, "Numbers and Z").
    tax_rounding: TaxRounding::PerLine,
    cash_rounding: None,
    groups: &GROUPS,
    taxes_per_line_max: 1,
    seal_plan: SealPlan::Printer,
    lines_max: 512,
    text_bytes_max: 400,
    payments_max: 10,
    modifiers_max: 10,
    // Eight significant digits are what the printer's sale command takes (spec/printers.md, 2, 31h).
    price_max: Amount::from_minor(99_999_999),
    quantity_max: Quantity::from_thousandths(99_999_999),
    // Nine digits are what the printer's transaction counter shows (spec/printers.md, 2, 4Ch).
    amount_max: Amount::from_minor(99_999_999),
    alternative_receipt_title: "BON DE PLATA",
    shift_ms_max: Some(24 * 3_600_000),
    // No legal text was found that limits it; the numbers of the ranges do.
    offline: Budget::UNLIMITED,
};

impl Profile for Moldova {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }
}
