//! The data of a country: limits, rounding, defaults, and who makes a receipt legal.

use crate::amount::{Amount, Currency};
use crate::budget::Budget;
use crate::quantity::Quantity;
use crate::refusal::Refusal;
use crate::rounding::Rounding;
use crate::tax::{Bucket, DatedRate, TaxCode, TaxEntry, TaxRounding, TaxTable};
use crate::time::Day;

/// Who makes a receipt legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPlan {
    /// A fiscal printer, with its fiscal memory.
    Printer,
    /// A signature over the text of the receipt, which contains a hash of the receipt before.
    Signature,
    /// A fiscal number: the authority gives the number, or the number is the next one of a reserved range while the authority
    /// cannot be reached.
    FiscalNumber,
    /// A fiscal module: it numbers and signs each receipt, counts the shift, and sends its receipts to the tax office by itself. Cash that
    /// is put in or taken out it does not know.
    FiscalModule,
}

impl SealPlan {
    /// Whether a device with counters of its own makes receipts legal, so that its counters prove what became of a document.
    #[must_use]
    pub const fn is_by_counting_device(self) -> bool {
        matches!(self, Self::Printer | Self::FiscalModule)
    }
}

/// A tax group of a country's law, as a default. The table in force comes from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct DefaultGroup {
    /// The usual letter of the tax group.
    pub code: TaxCode,
    /// The legal bucket of the tax group.
    pub bucket: Bucket,
    /// The rates of the tax group, in the order of their days.
    pub rates: &'static [DatedRate],
}

/// How a sum in cash is rounded if there are no smallest coins any more, and the name of the line of the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashRounding {
    /// The rounding rule; its step is the smallest sum that can be paid in cash.
    pub rule: Rounding,
    /// The name of the printed line that shows the difference.
    pub name: &'static str,
    /// The first day on which cash is rounded in this way.
    pub from: Day,
}

/// The data of a country: limits, rounding and defaults.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The country's ISO 3166 code.
    pub code: &'static str,
    /// The IANA name of the time zone of the country's receipts, unless the configuration names another one.
    pub time_zone: &'static str,
    /// The ISO 639 code of the language of the words that are printed on the country's receipts.
    pub language: &'static str,
    /// The currency of the country's receipts.
    pub currency: Currency,
    /// How a product, a percentage and a tax are rounded.
    pub rounding: Rounding,
    /// Where tax is rounded: by line or by tax group.
    pub tax_rounding: TaxRounding,
    /// How a sum in cash is rounded.
    pub cash_rounding: Option<CashRounding>,
    /// The tax groups of the country's law.
    pub groups: &'static [DefaultGroup],
    /// The largest number of taxes on one line, at most [`TAXES_PER_LINE_MAX`](crate::tax::TAXES_PER_LINE_MAX).
    pub taxes_per_line_max: usize,
    /// Who makes a receipt legal.
    pub seal_plan: SealPlan,
    /// The largest number of lines of a receipt.
    pub lines_max: usize,
    /// The largest length of a line's name, of a comment, of the header and of the footer, in bytes.
    pub text_bytes_max: usize,
    /// The largest number of payments of a receipt.
    pub payments_max: usize,
    /// The largest number of modifiers of the whole receipt.
    pub modifiers_max: usize,
    /// The largest price of one unit.
    pub price_max: Amount,
    /// The largest quantity of a line.
    pub quantity_max: Quantity,
    /// The largest total of a receipt, and the largest of the amounts that it is computed from.
    pub amount_max: Amount,
    /// The printed title of an alternative receipt.
    pub alternative_receipt_title: &'static str,
    /// How long a shift may be open, in milliseconds; `None` without a legal limit.
    pub shift_ms_max: Option<i64>,
    /// How long the till may sell while the authority cannot be reached.
    pub offline: Budget,
    /// The names of the compatible APIs that a till of the country serves if its configuration names none.
    pub apis: &'static [&'static str],
}

impl Facts {
    /// The table with the country's default tax groups. The table would be empty if the groups contradicted each other; a test
    /// checks that they do not.
    #[must_use]
    pub fn tax_table(&self) -> TaxTable {
        let entries = self
            .groups
            .iter()
            .map(|group| TaxEntry::new(group.code, group.bucket, group.rates));
        TaxTable::dated(entries).unwrap_or_default()
    }

    pub(crate) const fn too_large(&self) -> Refusal {
        Refusal::AmountTooLarge {
            limit: self.amount_max.display(self.currency),
        }
    }
}
