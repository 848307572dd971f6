//! From what a caller asks for ([`Draft`]) to what is sold ([`Receipt`]): every amount exact, every fault named.

mod compute;
mod refund;
mod spread;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::id::DocumentId;
use crate::packed::Packed;
use crate::payment::PaymentTable;
use crate::profile::Facts;
use crate::quantity::Quantity;
use crate::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};

/// A discount (negative) or surcharge (positive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Modifier {
    /// Hundredths of a percent: `-1500` is -15 %.
    Percent(i32),
    /// An absolute amount.
    Amount(Amount),
}

/// A line as the caller gives it.
#[derive(Clone, Copy, Debug)]
pub struct DraftLine<'a> {
    /// What is sold.
    pub name: &'a str,
    /// How much of it.
    pub quantity: Quantity,
    /// Gross price of one unit.
    pub price: Amount,
    /// Discount or surcharge of this line.
    pub modifier: Option<Modifier>,
    /// The letter of the tax group.
    pub tax_group: Option<&'a str>,
    /// A comment, printed below the line.
    pub comment: &'a str,
    /// Returns only: the amount to give back, as the caller scaled it from the original; absent, it is computed.
    pub final_amount: Option<Amount>,
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
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// What is sold or returned.
    pub lines: &'a [DraftLine<'a>],
    /// Modifiers of the whole receipt, one after another.
    pub modifiers: &'a [Modifier],
    /// What is paid.
    pub payments: &'a [DraftPayment],
    /// Text above the lines.
    pub header: &'a str,
    /// Text below the payments.
    pub footer: &'a str,
}

/// What is left of a line of a sale that is being returned.
#[derive(Clone, Copy, Debug)]
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
    rate: TaxRate,
    code: Option<TaxCode>,
    remainder: i64,
    topped_up: bool,
    original: Option<usize>,
}

/// A line that was sold or returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line<'a> {
    /// What.
    pub name: &'a str,
    /// How much of it.
    pub quantity: Quantity,
    /// Gross price of one unit.
    pub price: Amount,
    /// Discount or surcharge of this line.
    pub modifier: Option<Modifier>,
    /// The tax group as it was then.
    pub group: TaxGroup,
    /// `price × quantity`, rounded.
    pub before_modification: Amount,
    /// After the line's own modifier.
    pub amount: Amount,
    /// The tax inside `amount`.
    pub tax: Amount,
    /// After the receipt's modifiers: what the buyer owes for this line.
    pub final_amount: Amount,
    /// The tax inside `final_amount`.
    pub final_tax: Amount,
    /// A comment.
    pub comment: &'a str,
    /// Returns only: the line of the original, counted from 0.
    pub original_line: Option<u16>,
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
    /// Sum of the lines' amounts.
    pub sub_total: Amount,
    /// Sum of what the receipt's modifiers came to.
    pub modification: Amount,
    /// What is owed: sum of the lines' final amounts.
    pub total: Amount,
    /// Sum of the lines' final taxes.
    pub tax: Amount,
    /// Sum of the payments.
    pub paid: Amount,
    /// Given back in cash.
    pub change: Amount,
    /// Text above the lines.
    pub header: &'a str,
    /// Text below the payments.
    pub footer: &'a str,
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
}
