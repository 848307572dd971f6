//! Datecs classic, group A. Skeleton: bodies follow.
use crate::fault::Fault;
use crate::printer::{Baseline, Condition, Connected, FiscalPrinter, Job, Outcome, Watch};

/// A Datecs printer.
#[derive(Debug, Default)]
pub struct Datecs;

impl Datecs {
    /// Not connected yet.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl FiscalPrinter for Datecs {
    fn connect(&mut self) -> Result<Connected, Fault> {
        Err(Fault::NoAnswer)
    }
    fn perform(&mut self, _: &Job, _: &Baseline, _: &mut dyn Watch) -> Outcome {
        Outcome::Unknown(Fault::NoAnswer)
    }
    fn recover(&mut self, _: &Job, _: &Baseline, _: bool, _: &mut dyn Watch) -> Outcome {
        Outcome::Unknown(Fault::NoAnswer)
    }
    fn clear_leftover(&mut self, _: &mut dyn Watch) -> Result<Baseline, Fault> {
        Err(Fault::NoAnswer)
    }
    fn status(&mut self) -> Result<Condition, Fault> {
        Err(Fault::NoAnswer)
    }
}
