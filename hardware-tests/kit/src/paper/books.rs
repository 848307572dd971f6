//! What the books say of a receipt, as far as its paper must say the same.

/// A receipt in the books.
#[derive(Clone, Debug, Default)]
pub struct BookedReceipt {
    /// A part of the heading: the number under which the document is legal.
    pub number: String,
    /// The local date, `28.11.2026`; empty if it is not compared.
    pub date: String,
    /// The local time, `13:52:30`; empty if it is not compared.
    pub time: String,
    /// The lines of goods.
    pub lines: Vec<BookedLine>,
    /// The sum of the lines.
    pub sub_total: i64,
    /// The percentages of the receipt's modifiers with their sign, such as `-10%`.
    pub percents: Vec<String>,
    /// The sum of the amounts of the receipt's modifiers.
    pub modification: i64,
    /// What the buyer owes.
    pub total: i64,
    /// The difference of the cash rounding.
    pub rounding: i64,
    /// The payments as they were handed over, without those of 0.00.
    pub payments: Vec<(String, i64)>,
    /// What was given back.
    pub change: i64,
    /// The taxes of all groups.
    pub tax: i64,
    /// The tax of each group.
    pub taxes: Vec<BookedTax>,
}

/// A line in the books.
#[derive(Clone, Debug, Default)]
pub struct BookedLine {
    /// The name.
    pub name: String,
    /// The quantity.
    pub quantity: i64,
    /// The price of one unit.
    pub price: i64,
    /// Quantity × price, rounded.
    pub before: i64,
    /// The amount after the line's own modifier, with the tax.
    pub amount: i64,
    /// The percentage of the line's modifier with its sign, such as `-10%`.
    pub percent: Option<String>,
    /// The letters of the tax groups.
    pub letters: String,
    /// The comment; empty if there is none.
    pub comment: String,
}

/// The tax of a group in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookedTax {
    /// The letter of the group.
    pub letter: char,
    /// The amount in which the tax is included.
    pub gross: i64,
    /// The tax; `None` if the books have only the sum of all taxes of a line.
    pub tax: Option<i64>,
}
