//! Moldova: a fiscal printer seals; alternative receipts ("bon de plată") while the tax office cannot be reached.
//!
//! Sources: spec/fiscalcloud.md, A.7 to A.9. The legal text of the 24-hour shift was not found; the API has an operation
//! that assures it (`devices/assureno24h`).

use super::{Facts, Profile, SealPlan};
use crate::amount::{Amount, Currency};
use crate::quantity::Quantity;
use crate::rounding::Rounding;

/// The profile of Moldova.
pub static MOLDOVA: Moldova = Moldova;

/// See the module.
#[derive(Debug)]
pub struct Moldova;

static FACTS: Facts = Facts {
    code: "MD",
    currency: Currency::MDL,
    rounding: Rounding::COMMERCIAL,
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
    shift_ms_max: 24 * 3_600_000,
};

impl Profile for Moldova {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }
}
