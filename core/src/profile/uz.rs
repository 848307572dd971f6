//! Uzbekistan: a fiscal module numbers and signs each receipt, and sends it to the operator of fiscal data by itself.
//!
//! Sources: `docs/countries/uz.md` and `docs/api/fiscalbox.md`. The rates of value added tax are those of the public documents of FiscalBox
//! (12 percent, 0 percent, and "without VAT"). The table in force comes from the configuration.

use core::fmt::Write;

use super::{DefaultGroup, Facts, Profile, SealPlan, TextError, always, from, letter};
use crate::amount::{Amount, Currency};
use crate::budget::Budget;
use crate::document::DocumentKind;
use crate::duty::Duty;
use crate::quantity::Quantity;
use crate::rounding::Rounding;
use crate::tax::{Bucket, DatedRate, TaxRounding};
use crate::time::Day;

/// The profile of Uzbekistan.
pub static UZBEKISTAN: Uzbekistan = Uzbekistan;

/// The type of [`UZBEKISTAN`].
#[derive(Debug)]
pub struct Uzbekistan;

static STANDARD: [DatedRate; 2] = [always(1_500), from(Day::of_date(2023, 1, 1), 1_200)];
static NOTHING: [DatedRate; 1] = [always(0)];

static GROUPS: [DefaultGroup; 3] = [
    DefaultGroup {
        code: letter(b'A'),
        bucket: Bucket::Standard,
        rates: &STANDARD,
    },
    DefaultGroup {
        code: letter(b'B'),
        bucket: Bucket::Zero,
        rates: &NOTHING,
    },
    // Goods without value added tax: `vat_percent` is null there.
    DefaultGroup {
        code: letter(b'C'),
        bucket: Bucket::Exempt,
        rates: &NOTHING,
    },
];

static FACTS: Facts = Facts {
    code: "UZ",
    time_zone: "Asia/Tashkent",
    language: "uz-Latn",
    currency: Currency::UZS,
    rounding: Rounding::COMMERCIAL,
    tax_rounding: TaxRounding::PerLine,
    cash_rounding: None,
    groups: &GROUPS,
    taxes_per_line_max: 1,
    seal_plan: SealPlan::FiscalModule,
    lines_max: 512,
    text_bytes_max: 400,
    payments_max: 10,
    modifiers_max: 10,
    price_max: Amount::from_minor(99_999_999_999),
    quantity_max: Quantity::from_thousandths(9_999_999_999),
    amount_max: Amount::from_minor(999_999_999_999),
    alternative_receipt_title: "",
    shift_ms_max: None,
    // How long a module sells without sending is a limit of the module itself, not of the till.
    offline: Budget::UNLIMITED,
    apis: &["fiscalbox", "ereceipt"],
};

impl Profile for Uzbekistan {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// The address at which a buyer checks a receipt. `seal` is terminal, number, time and fiscal sign with a blank between them.
    fn check_text(&self, seal: &str, out: &mut dyn Write) -> Result<(), TextError> {
        let mut parts = seal.split(' ');
        let (Some(terminal), Some(receipt), Some(at), Some(sign), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(TextError::Unreadable);
        };
        write!(
            out,
            "https://ofd.soliq.uz/check?t={terminal}&r={receipt}&c={at}&s={sign}"
        )?;
        Ok(())
    }

    /// The module itself sends its receipts.
    fn duties(&self, _kind: DocumentKind) -> &'static [Duty] {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::UZBEKISTAN;
    use crate::profile::Profile;

    /// The address of the public documents of FiscalBox.
    #[test]
    fn the_check_code_is_the_address_of_the_tax_office() {
        let mut text = heapless::String::<128>::new();
        UZBEKISTAN
            .check_text("UZ170703100189 7 20240109155315 012345678901", &mut text)
            .unwrap();
        assert_eq!(
            text,
            "https://ofd.soliq.uz/check?t=UZ170703100189&r=7&c=20240109155315&s=012345678901"
        );
    }
}
