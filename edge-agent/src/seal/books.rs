//! The journal as a sealer: it closes a shift in which no printer has a part, and keeps non-fiscal receipts.
//!
//! A till may sell on alternative receipts alone while its printer is away for days. No printer has counted anything of such a shift, so
//! that none can confirm it, and the shift must be closed before the legal limit of its length stops all sales.

use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::facts::SealPlan;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::shift::Shift;

use super::{NumberSeal, Preparation, Sealer, Unsealed};

/// Seals the Z-report of a shift that has alternative receipts only, and that is given to no printer; and non-fiscal receipts, of which no
/// law demands a seal; and cash movements of a till whose fiscal module does not know them.
#[derive(Clone, Copy, Debug)]
pub struct BooksSealer;

impl Sealer for BooksSealer {
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        let by_module = document.facts.seal_plan == SealPlan::FiscalModule;
        let is_of_books = match document.reserved.body {
            Body::Nonfiscal(_) => true,
            Body::Cash(_) => by_module,
            Body::Receipt(_) | Body::Report(_) | Body::Amounts(_) => false,
        };
        if is_of_books {
            return Ok(Preparation::AtOnce(NumberSeal::Journal));
        }
        let z_report = matches!(document.reserved.body, Body::Report(ReportKind::Z));
        let by_printer = document.reserved.baseline.is_some();
        let shift = document.till.shift();
        if z_report && !by_printer && shift.is_some_and(Shift::is_alternative) {
            Ok(Preparation::AtOnce(NumberSeal::Journal))
        } else {
            Err(Refusal::SealMismatch)
        }
    }
}
