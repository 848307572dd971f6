//! Alternative receipts: the next number of a range makes them legal.

use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;

use super::{NumberSeal, Preparation, Sealer, Unsealed};

/// Seals alternative receipts with the numbers of the till's ranges.
#[derive(Clone, Copy, Debug)]
pub struct SeriesSealer;

impl Sealer for SeriesSealer {
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal> {
        match document.till.next_alternative(document.wanted)? {
            Seal::Range {
                series,
                number,
                number_length,
            } => Ok(Preparation::AtOnce(NumberSeal::Range {
                series: series.to_owned(),
                number,
                number_length,
            })),
            _ => Err(Refusal::SealMismatch),
        }
    }
}
