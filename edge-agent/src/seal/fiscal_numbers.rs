//! Fiscal numbers: the next number that the authority has reserved for the till makes a document legal.
//!
//! The till uses reserved numbers also while the authority is online, for two reasons: the format of a number in the authority's
//! own answer is not published, and a number that the till already has cannot be lost with an answer.

use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::refusal::Refusal;

use super::{NumberSeal, Preparation, Sealer, Unsealed};

/// Seals documents with the fiscal numbers that the authority has reserved.
#[derive(Clone, Copy, Debug)]
pub struct FiscalNumberSealer;

impl Sealer for FiscalNumberSealer {
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        if matches!(document.reserved.body, Body::Report(ReportKind::X)) {
            return Ok(Preparation::AtOnce(NumberSeal::Journal));
        }
        let number = document.till.fiscal_numbers().next()?;
        Ok(Preparation::AtOnce(NumberSeal::FiscalNumber(number)))
    }
}
