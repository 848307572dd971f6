//! Moldova: a fiscal printer makes receipts legal; alternative receipts ("bon de plată") while the tax authority cannot be reached.
//!
//! Sources: `docs/countries/md.md` and `docs/api/fiscalcloud.md`. The legal text about the shift of 24 hours was not found; the API has
//! an operation for it (`devices/assureno24h`).

use super::{DefaultGroup, Facts, Profile, SealPlan, always, letter};
use crate::amount::{Amount, Currency};
use crate::budget::Budget;
use crate::document::DocumentKind;
use crate::duty::{self, Duty};
use crate::quantity::Quantity;
use crate::rounding::Rounding;
use crate::tax::{Bucket, DatedRate, TaxRounding};

/// The profile of Moldova.
pub static MOLDOVA: Moldova = Moldova;

/// The type of [`MOLDOVA`].
#[derive(Debug)]
pub struct Moldova;

static STANDARD: [DatedRate; 1] = [always(2_000)];
static REDUCED: [DatedRate; 1] = [always(800)];

// A and B are confirmed. What C to H mean in Moldova was not found (docs/countries/md.md).
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
    time_zone: "Europe/Chisinau",
    language: "ro",
    currency: Currency::MDL,
    rounding: Rounding::COMMERCIAL,
    // The rounding is that of the API's example "A receipt that rounds per line" (docs/api/fiscalcloud.md).
    tax_rounding: TaxRounding::PerLine,
    cash_rounding: None,
    groups: &GROUPS,
    taxes_per_line_max: 1,
    seal_plan: SealPlan::Printer,
    lines_max: 512,
    text_bytes_max: 400,
    payments_max: 10,
    modifiers_max: 10,
    // The printer's sale command takes eight significant digits (docs/protocols/isl.md, command 31h).
    price_max: Amount::from_minor(99_999_999),
    quantity_max: Quantity::from_thousandths(99_999_999),
    // The printer's transaction counter shows nine digits (docs/protocols/isl.md, command 4Ch).
    amount_max: Amount::from_minor(99_999_999),
    alternative_receipt_title: "BON DE PLATĂ",
    shift_ms_max: Some(24 * 3_600_000),
    // No legal limit on the offline time was found. The numbers of the ranges are the limit.
    offline: Budget::UNLIMITED,
    apis: &["fiscalcloud", "ereceipt"],
};

impl Profile for Moldova {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        duty::to_the_authority(kind)
    }
}
