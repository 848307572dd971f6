//! The country seam: what a country's law allows, demands and seals.
//!
//! A country is one file here, listed in [`by_code`]. Countries are named nowhere else in the core.

mod md;

use crate::amount::{Amount, Currency};
use crate::quantity::Quantity;
use crate::rounding::Rounding;

pub use md::MOLDOVA;

/// Who makes a receipt legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPlan {
    /// A fiscal printer, with its fiscal memory.
    Printer,
}

/// What of a country is data: limits, rounding and defaults.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// ISO 3166 code.
    pub code: &'static str,
    /// The currency of its receipts.
    pub currency: Currency,
    /// How a product, a percentage and a tax are rounded.
    pub rounding: Rounding,
    /// Who makes a receipt legal.
    pub seal_plan: SealPlan,
    /// Lines of a receipt.
    pub lines_max: usize,
    /// Bytes of a line's name, of a comment, and of header and footer each.
    pub text_bytes_max: usize,
    /// Payments of a receipt.
    pub payments_max: usize,
    /// Receipt-level modifiers.
    pub modifiers_max: usize,
    /// Price of a line's unit.
    pub price_max: Amount,
    /// Quantity of a line.
    pub quantity_max: Quantity,
    /// Total of a receipt, and any amount on the way to it.
    pub amount_max: Amount,
    /// What stands above an alternative receipt.
    pub alternative_receipt_title: &'static str,
    /// How long a shift may be open, in milliseconds.
    pub shift_ms_max: i64,
}

/// A country's law, as far as it is not the same everywhere.
pub trait Profile: Sync + core::fmt::Debug {
    /// What of it is data.
    fn facts(&self) -> &'static Facts;
}

/// The profile of an ISO 3166 code.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static dyn Profile> {
    let all: [&'static dyn Profile; 1] = [&MOLDOVA];
    all.into_iter().find(|profile| profile.facts().code == code)
}
