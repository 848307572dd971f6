//! The Z-report of a shift in which no printer has a part, while the printer is gone: the journal seals it.

use ferrotill_core::refusal::Refusal;

use super::{NumberSeal, Preparation, Sealer, Unsealed};

/// Seals documents by the journal alone.
#[derive(Clone, Copy, Debug)]
pub struct BooksSealer;

impl Sealer for BooksSealer {
    fn prepare(&self, _document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        Ok(Preparation::AtOnce(NumberSeal::Journal))
    }
}
