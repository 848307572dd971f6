//! From a [`Draft`], which a caller gives, to a [`Receipt`]: every amount is exact, and every fault is reported with its place.

mod compute;
mod matching;
mod part;
mod pay;
mod refund;
mod sale;
mod spread;
mod taxes;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::facts::Facts;
use crate::id::DocumentId;
use crate::packed::Packed;
use crate::payment::PaymentTable;
use crate::quantity::Quantity;
pub use crate::tax::Prices;
use crate::tax::{
    Bucket, LineGroups, LineTax, TAXES_PER_LINE_MAX, TaxGroup, TaxRate, TaxShares, TaxTable,
    is_levy,
};
use crate::time::Day;

/// A discount (negative) or surcharge (positive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Modifier {
    /// The modifier in hundredths of a percent: `-1500` is -15 %.
    Percent(i32),
    /// The modifier as an absolute amount.
    Amount(Amount),
}

/// A line as the caller gives it.
#[derive(Clone, Copy, Debug, Default)]
pub struct DraftLine<'a> {
    /// The name of what is sold.
    pub name: &'a str,
    /// The quantity that is sold.
    pub quantity: Quantity,
    /// The price of one unit; [`Draft::prices`] says whether the tax is included.
    pub price: Amount,
    /// The discount or surcharge of this line, applied before tax is added.
    pub modifier: Option<Modifier>,
    /// The letter of the tax group, or the letters if the line has several taxes (`"AF"`).
    pub tax_group: Option<&'a str>,
    /// A comment that is printed below the line.
    pub comment: &'a str,
    /// Only for returns: the amount to give back, if the caller has computed it; otherwise the core computes the amount.
    pub final_amount: Option<Amount>,
    /// Whether the line was entered and cancelled before the end: a cancelled line stays on the receipt with amounts of zero.
    pub voided: bool,
    /// Only for returns: what else the caller has copied of the original's line.
    pub copied: CopiedLine,
}

/// What the caller of a return has copied of the original's line, beside the fields of [`DraftLine`]. It serves to find that line
/// and changes no amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedLine {
    /// The caller's id of the good, see [`OriginalLine::good`].
    pub good: Option<[u8; 16]>,
    /// The index of the line in the original, counted from 0.
    pub position: Option<u16>,
    /// The amount of the line, see [`Line::amount`], in proportion to the returned quantity.
    pub amount: Option<Amount>,
    /// The tax of the line, see [`Line::tax`], in proportion to the returned quantity.
    pub tax: Option<Amount>,
    /// The final tax of the line, see [`Line::final_tax`], in proportion to the returned quantity.
    pub final_tax: Option<Amount>,
    /// The amount of the line before its modifier, see [`Line::before_modification`], in proportion to the returned quantity.
    pub before: Option<Amount>,
    /// The rate of the line's only tax.
    pub rate: Option<TaxRate>,
}

impl CopiedLine {
    /// Nothing else was copied.
    pub const NONE: Self = Self {
        good: None,
        position: None,
        amount: None,
        tax: None,
        final_tax: None,
        before: None,
        rate: None,
    };
}

/// A payment as the caller gives it.
#[derive(Clone, Copy, Debug)]
pub struct DraftPayment {
    /// The code of the payment type; without one it is the first type of cash.
    pub code: Option<i32>,
    /// The amount handed over.
    pub amount: Amount,
}

/// A receipt as the caller gives it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    /// The lines that are sold or returned.
    pub lines: &'a [DraftLine<'a>],
    /// Whether the prices of the lines include the tax.
    pub prices: Prices,
    /// The modifiers of the whole receipt, applied one after another to the total so far.
    pub modifiers: &'a [Modifier],
    /// The payments of the receipt.
    pub payments: &'a [DraftPayment],
    /// The text that is printed above the lines.
    pub header: &'a str,
    /// The text that is printed below the payments.
    pub footer: &'a str,
}

/// A line of a sale, and what was returned of it so far.
#[derive(Clone, Debug)]
pub struct OriginalLine<'a> {
    /// The line as it was sold.
    pub line: Line<'a>,
    /// The quantity of the earlier returns of this line.
    pub returned_quantity: Quantity,
    /// The amount of the earlier returns of this line.
    pub returned_amount: Amount,
    /// The id of the good that the caller of the sale gave.
    pub good: Option<[u8; 16]>,
}

/// What the original of a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginalKind {
    /// A fiscal receipt of a sale.
    Fiscal,
    /// A sale with an alternative receipt.
    Alternative,
    /// No sale.
    Other,
}

/// The sale that a return refers to.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// What the original is; only a fiscal receipt of a sale is returned.
    pub kind: OriginalKind,
    /// Whether a printer sealed the original and the number that the printer gave it is not known. A printer needs this number to
    /// print the return.
    pub number_unknown: bool,
    /// The lines of the original sale.
    pub lines: &'a [OriginalLine<'a>],
}

/// Memory for what is computed of one line. The caller provides one such value for each line of the draft.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineTotals {
    before: Amount,
    amount: Amount,
    tax: Amount,
    /// The part of `tax` that is levies.
    levies: Amount,
    final_amount: Amount,
    final_tax: Amount,
    /// The part of `final_tax` that is levies.
    final_levies: Amount,
    groups: LineGroups,
    remainder: i64,
    original: Option<u16>,
    /// For a return, the tax and the final tax by group; a sale divides its taxes by the rates.
    part: Option<[TaxShares; 2]>,
}

impl LineTotals {
    /// The amount before modification, see [`Line::before_modification`].
    #[must_use]
    pub const fn before_modification(&self) -> Amount {
        self.before
    }

    /// The amount of the line, see [`Line::amount`].
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// The tax of the line, see [`Line::tax`].
    #[must_use]
    pub const fn tax(&self) -> Amount {
        self.tax
    }

    /// The final amount of the line, see [`Line::final_amount`].
    #[must_use]
    pub const fn final_amount(&self) -> Amount {
        self.final_amount
    }

    /// The final tax of the line, see [`Line::final_tax`].
    #[must_use]
    pub const fn final_tax(&self) -> Amount {
        self.final_tax
    }
}

/// The sums of a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// The sum of the lines' amounts, see [`Receipt::sub_total`].
    pub sub_total: Amount,
    /// The sum of the receipt's modifiers, see [`Receipt::modification`].
    pub modification: Amount,
    /// The total of the receipt, see [`Receipt::total`].
    pub total: Amount,
    /// The tax of the receipt, see [`Receipt::tax`].
    pub tax: Amount,
    /// The cash rounding of the receipt, see [`Receipt::rounding`].
    pub rounding: Option<RoundingLine<'static>>,
    /// The sum of the payments, see [`Receipt::paid`].
    pub paid: Amount,
    /// The change of the receipt, see [`Receipt::change`].
    pub change: Amount,
}

/// A line that was sold or returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<'a> {
    /// The name of what was sold.
    pub name: &'a str,
    /// The quantity that was sold.
    pub quantity: Quantity,
    /// The price of one unit; [`Receipt::prices`] says whether the tax is included.
    pub price: Amount,
    /// The discount or surcharge of this line.
    pub modifier: Option<Modifier>,
    /// The tax group as it was at the sale; if the line has several taxes, the group of the first one.
    pub group: TaxGroup,
    /// The taxes of the line after the first one.
    pub more_taxes: heapless::Vec<LineTax, { TAXES_PER_LINE_MAX - 1 }>,
    /// The amount before any modifier: `price × quantity`, rounded.
    pub before_modification: Amount,
    /// Amount after the line's own modifier, tax included.
    pub amount: Amount,
    /// The tax included in `amount`; the sum if the line has several taxes.
    pub tax: Amount,
    /// Amount after the receipt's modifiers, tax included: what the buyer owes for this line.
    pub final_amount: Amount,
    /// The tax included in `final_amount`; the sum if the line has several taxes.
    pub final_tax: Amount,
    /// The comment that is printed below the line.
    pub comment: &'a str,
    /// Only for returns: the index of the line in the original, counted from 0.
    pub original_line: Option<u16>,
    /// Whether the line was entered and cancelled before the end: the amounts of such a line are zero.
    pub voided: bool,
}

impl Line<'_> {
    /// Every tax of the line with its share of the line's tax.
    pub fn taxes(&self) -> impl Iterator<Item = LineTax> + '_ {
        let less = |whole: Amount, share: fn(&LineTax) -> Amount| {
            self.more_taxes.iter().fold(whole, |left, tax| {
                left.checked_sub(share(tax)).unwrap_or(left)
            })
        };
        let first = LineTax {
            group: self.group,
            tax: less(self.tax, |tax| tax.tax),
            final_tax: less(self.final_tax, |tax| tax.final_tax),
        };
        core::iter::once(first).chain(self.more_taxes.iter().copied())
    }

    /// The base of one of the line's taxes: the part of the final amount on which it is charged.
    ///
    /// It is the final amount without all taxes, unless the line has a levy beside another tax. With prices that include tax the levy
    /// comes first, so that its base is the final amount without the levy. With prices that exclude tax it comes last, so that the base
    /// of the other taxes is the final amount without them. In both cases the base times the rate is the tax, but for rounding.
    #[must_use]
    pub fn tax_base(&self, tax: &LineTax, prices: Prices) -> Amount {
        let levy = |tax: &LineTax| is_levy(tax.group, self.taxes().map(|tax| tax.group));
        let is_first = |tax: &LineTax| levy(tax) == (prices == Prices::TaxIncluded);
        let has_levy = self.taxes().any(|tax| levy(&tax));
        self.taxes()
            .filter(|other| !has_levy || !is_first(tax) || is_first(other))
            .fold(self.final_amount, |base, other| {
                base.checked_sub(other.final_tax).unwrap_or(base)
            })
    }
}

/// A payment that was taken or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment<'a> {
    /// The code of the payment type.
    pub code: i32,
    /// The name of the payment type at the time of the receipt.
    pub name: &'a str,
    /// Whether the payment is in cash.
    pub cash: bool,
    /// The printer's letter for the payment type.
    pub printer_letter: u8,
    /// Whether the drawer opens for this payment.
    pub open_drawer: bool,
    /// The amount handed over; zero for cash that goes back as it came, because the other payments cover the total.
    pub amount: Amount,
    /// The change given for this payment.
    pub change: Amount,
}

/// A modifier of the whole receipt and its amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptModifier {
    /// The modifier as it was given.
    pub modifier: Modifier,
    /// The amount by which the modifier changed the total.
    pub amount: Amount,
}

/// The kind of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptKind {
    /// A sale, made legal by the seal of the country's profile.
    Sale,
    /// A sale on an alternative receipt with a number of a preloaded range.
    AlternativeSale,
    /// A return of goods of an earlier sale.
    Refund {
        /// The id of the earlier sale.
        original: DocumentId,
    },
}

/// A receipt. Its amounts are always consistent, because only [`Draft::compute`] makes a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt<'a> {
    /// The kind of the receipt.
    pub kind: ReceiptKind,
    /// The lines of the receipt.
    #[serde(borrow)]
    pub lines: Packed<'a, Line<'a>>,
    /// The modifiers of the whole receipt.
    #[serde(borrow)]
    pub modifiers: Packed<'a, ReceiptModifier>,
    /// The payments of the receipt.
    #[serde(borrow)]
    pub payments: Packed<'a, Payment<'a>>,
    /// Whether the prices of the lines include the tax.
    pub prices: Prices,
    /// The sum of the lines' amounts.
    pub sub_total: Amount,
    /// The sum of the amounts of the receipt's modifiers.
    pub modification: Amount,
    /// What the buyer owes: the sum of the lines' final amounts.
    pub total: Amount,
    /// The sum of the lines' final taxes.
    pub tax: Amount,
    /// The difference of a cash rounding, made because there are no smaller coins. This difference is neither turnover nor taxed.
    #[serde(borrow)]
    pub rounding: Option<RoundingLine<'a>>,
    /// The sum of the payments.
    pub paid: Amount,
    /// The change given back in cash: `paid - total - rounding`.
    pub change: Amount,
    /// The text that is printed above the lines.
    pub header: &'a str,
    /// The text that is printed below the payments.
    pub footer: &'a str,
}

impl Receipt<'_> {
    /// The final gross amounts of the lines by legal bucket, in the order of [`Bucket::ALL`]; their sum is the total.
    ///
    /// A line with several taxes counts in the bucket of its first tax.
    #[must_use]
    pub fn gross_by_bucket(&self) -> [Amount; Bucket::ALL.len()] {
        let mut buckets = [Amount::ZERO; Bucket::ALL.len()];
        for line in self.lines.iter() {
            if let Some(sum) = buckets.get_mut(line.group.bucket.place()) {
                // The total was checked and no line is negative, so the sum of the lines fits.
                *sum = sum.checked_add(line.final_amount).unwrap_or(*sum);
            }
        }
        buckets
    }

    /// The amount of the cash rounding; zero for a receipt without cash rounding.
    #[must_use]
    pub fn rounded_by(&self) -> Amount {
        self.rounding.map_or(Amount::ZERO, |line| line.amount)
    }
}

/// The difference of a cash rounding, which is printed as a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundingLine<'a> {
    /// The name of the printed line.
    pub name: &'a str,
    /// The amount that is paid more (above zero) or less (below zero) than the total.
    pub amount: Amount,
}

/// Memory that the caller provides for a receipt: [`LineTotals`] for each line, and bytes for the packed lists.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// One [`LineTotals`] for each line.
    pub lines: &'a mut [LineTotals],
    /// The bytes for the packed lists: the length of the texts and about 60 bytes for each line.
    pub bytes: &'a mut [u8],
}

/// The tables and limits that a draft must fit.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'t> {
    /// The country's limits and rounding.
    pub facts: &'t Facts,
    /// The tax groups in force.
    pub taxes: &'t TaxTable,
    /// The payment types in force.
    pub payments: &'t PaymentTable,
    /// The local day of the receipt, which determines the rates.
    pub day: Day,
}
