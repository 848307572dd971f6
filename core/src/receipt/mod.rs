//! From what a caller asks for ([`Draft`]) to what is sold ([`Receipt`]): every amount exact, every fault named.

mod compute;
mod pay;
mod refund;
mod sale;
mod spread;
mod taxes;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::id::DocumentId;
use crate::packed::Packed;
use crate::payment::PaymentTable;
use crate::profile::Facts;
use crate::quantity::Quantity;
use crate::tax::{Bucket, LineGroups, LineTax, TAXES_PER_LINE_MAX, TaxGroup, TaxTable};
use crate::time::Day;

/// A discount (negative) or surcharge (positive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Modifier {
    /// Hundredths of a percent: `-1500` is -15 %.
    Percent(i32),
    /// An absolute amount.
    Amount(Amount),
}

/// What the prices of a receipt's lines say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prices {
    /// What the buyer pays: the tax is inside.
    #[default]
    TaxIncluded,
    /// What the seller keeps: the tax comes on top.
    TaxExcluded,
}

/// A line as the caller gives it.
#[derive(Clone, Copy, Debug, Default)]
pub struct DraftLine<'a> {
    /// What is sold.
    pub name: &'a str,
    /// How much of it.
    pub quantity: Quantity,
    /// Price of one unit, with the tax inside or without it as [`Draft::prices`] says.
    pub price: Amount,
    /// Discount or surcharge of this line, on the price as it is given.
    pub modifier: Option<Modifier>,
    /// The letter of the tax group; of each one, where a line has several taxes (`"AF"`).
    pub tax_group: Option<&'a str>,
    /// A comment, printed below the line.
    pub comment: &'a str,
    /// Returns only: the amount to give back, as the caller scaled it from the original; absent, it is computed.
    pub final_amount: Option<Amount>,
    /// Keyed and taken back before the end: the line stays on the receipt and counts for nothing.
    pub voided: bool,
}

/// A payment as the caller gives it.
#[derive(Clone, Copy, Debug)]
pub struct DraftPayment {
    /// Code of the payment type.
    pub code: i32,
    /// The amount handed over.
    pub amount: Amount,
}

/// A receipt as the caller gives it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft<'a> {
    /// What is sold or returned.
    pub lines: &'a [DraftLine<'a>],
    /// What the prices of the lines say.
    pub prices: Prices,
    /// Modifiers of the whole receipt, one after another, on what the buyer owes so far.
    pub modifiers: &'a [Modifier],
    /// What is paid.
    pub payments: &'a [DraftPayment],
    /// Text above the lines.
    pub header: &'a str,
    /// Text below the payments.
    pub footer: &'a str,
}

/// What is left of a line of a sale that is being returned.
#[derive(Clone, Debug)]
pub struct OriginalLine<'a> {
    /// The line as it was sold.
    pub line: Line<'a>,
    /// Quantity that earlier returns took back.
    pub returned_quantity: Quantity,
    /// Amount that earlier returns gave back.
    pub returned_amount: Amount,
}

/// The sale that a return refers to.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// It is a fiscal receipt of a sale.
    pub fiscal_sale: bool,
    /// Its lines.
    pub lines: &'a [OriginalLine<'a>],
}

/// Room for what is computed of one line; the caller lends as many as the draft has lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineTotals {
    before: Amount,
    amount: Amount,
    tax: Amount,
    final_amount: Amount,
    final_tax: Amount,
    groups: LineGroups,
    remainder: i64,
    original: Option<u16>,
}

impl LineTotals {
    /// See [`Line::before_modification`].
    #[must_use]
    pub const fn before_modification(&self) -> Amount {
        self.before
    }

    /// See [`Line::amount`].
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// See [`Line::tax`].
    #[must_use]
    pub const fn tax(&self) -> Amount {
        self.tax
    }

    /// See [`Line::final_amount`].
    #[must_use]
    pub const fn final_amount(&self) -> Amount {
        self.final_amount
    }

    /// See [`Line::final_tax`].
    #[must_use]
    pub const fn final_tax(&self) -> Amount {
        self.final_tax
    }
}

/// The sums of a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// See [`Receipt::sub_total`].
    pub sub_total: Amount,
    /// See [`Receipt::modification`].
    pub modification: Amount,
    /// See [`Receipt::total`].
    pub total: Amount,
    /// See [`Receipt::tax`].
    pub tax: Amount,
    /// See [`Receipt::rounding`].
    pub rounding: Option<RoundingLine<'static>>,
    /// See [`Receipt::paid`].
    pub paid: Amount,
    /// See [`Receipt::change`].
    pub change: Amount,
}

/// A line that was sold or returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<'a> {
    /// What.
    pub name: &'a str,
    /// How much of it.
    pub quantity: Quantity,
    /// Price of one unit, with the tax inside or without it as [`Receipt::prices`] says.
    pub price: Amount,
    /// Discount or surcharge of this line.
    pub modifier: Option<Modifier>,
    /// The tax group as it was then; the first one, where the line has several taxes.
    pub group: TaxGroup,
    /// The taxes beside the first.
    pub more_taxes: heapless::Vec<LineTax, { TAXES_PER_LINE_MAX - 1 }>,
    /// `price × quantity`, rounded.
    pub before_modification: Amount,
    /// After the line's own modifier, the tax inside.
    pub amount: Amount,
    /// The tax inside `amount`; all of it, where the line has several taxes.
    pub tax: Amount,
    /// After the receipt's modifiers: what the buyer owes for this line.
    pub final_amount: Amount,
    /// The tax inside `final_amount`; all of it, where the line has several taxes.
    pub final_tax: Amount,
    /// A comment.
    pub comment: &'a str,
    /// Returns only: the line of the original, counted from 0.
    pub original_line: Option<u16>,
    /// Keyed and taken back before the end: it counts for nothing, and its amounts are zero.
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

    /// What the taxes of the line are taken on: the final amount without them.
    #[must_use]
    pub fn tax_base(&self) -> Amount {
        self.final_amount
            .checked_sub(self.final_tax)
            .unwrap_or(self.final_amount)
    }
}

/// A payment that was taken or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment<'a> {
    /// Code of its type.
    pub code: i32,
    /// Name of its type, then.
    pub name: &'a str,
    /// Cash.
    pub cash: bool,
    /// The printer's letter for it.
    pub printer_letter: u8,
    /// The drawer opens for it.
    pub open_drawer: bool,
    /// The amount handed over.
    pub amount: Amount,
    /// The change given for it.
    pub change: Amount,
}

/// A modifier of the whole receipt and what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptModifier {
    /// As it was given.
    pub modifier: Modifier,
    /// What it changed the total by.
    pub amount: Amount,
}

/// What a receipt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptKind {
    /// A sale, made legal by the profile's seal.
    Sale,
    /// A sale on an alternative receipt with a number of a preloaded range.
    AlternativeSale,
    /// A return of goods of an earlier sale.
    Refund {
        /// That sale.
        original: DocumentId,
    },
}

/// A receipt: if it exists, it is consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt<'a> {
    /// What it is for.
    pub kind: ReceiptKind,
    /// Its lines.
    #[serde(borrow)]
    pub lines: Packed<'a, Line<'a>>,
    /// Its modifiers.
    #[serde(borrow)]
    pub modifiers: Packed<'a, ReceiptModifier>,
    /// Its payments.
    #[serde(borrow)]
    pub payments: Packed<'a, Payment<'a>>,
    /// What the prices of its lines say.
    pub prices: Prices,
    /// Sum of the lines' amounts.
    pub sub_total: Amount,
    /// Sum of what the receipt's modifiers came to.
    pub modification: Amount,
    /// What is owed: sum of the lines' final amounts.
    pub total: Amount,
    /// Sum of the lines' final taxes.
    pub tax: Amount,
    /// What is paid more or less because cash has no smaller coins; outside of turnover and tax.
    #[serde(borrow)]
    pub rounding: Option<RoundingLine<'a>>,
    /// Sum of the payments.
    pub paid: Amount,
    /// Given back in cash: `paid - total - rounding`.
    pub change: Amount,
    /// Text above the lines.
    pub header: &'a str,
    /// Text below the payments.
    pub footer: &'a str,
}

impl Receipt<'_> {
    /// Final gross amounts of the lines by legal bucket, in the order of [`Bucket::ALL`]; their sum is the total.
    ///
    /// A line with several taxes counts in the bucket of its first.
    #[must_use]
    pub fn gross_by_bucket(&self) -> [Amount; Bucket::ALL.len()] {
        let mut buckets = [Amount::ZERO; Bucket::ALL.len()];
        for line in self.lines.iter() {
            if let Some(sum) = buckets.get_mut(line.group.bucket.place()) {
                // The total was checked, and no line is negative.
                *sum = sum.checked_add(line.final_amount).unwrap_or(*sum);
            }
        }
        buckets
    }

    /// What the cash rounding came to, or nothing.
    #[must_use]
    pub fn rounded_by(&self) -> Amount {
        self.rounding.map_or(Amount::ZERO, |line| line.amount)
    }
}

/// The line of a cash rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundingLine<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What is paid more (above zero) or less than the total.
    pub amount: Amount,
}

/// Room that the caller lends for a receipt: [`LineTotals`] for each line, and bytes for the packed lists.
#[derive(Debug)]
pub struct Scratch<'a> {
    /// One for each line.
    pub lines: &'a mut [LineTotals],
    /// For the packed lists: the texts and about 60 bytes for each line.
    pub bytes: &'a mut [u8],
}

/// The tables and limits that a draft is held against.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'t> {
    /// The country's limits and rounding.
    pub facts: &'t Facts,
    /// The tax groups in force.
    pub taxes: &'t TaxTable,
    /// The payment types in force.
    pub payments: &'t PaymentTable,
    /// The local day of the receipt, which decides on the rates.
    pub day: Day,
}
