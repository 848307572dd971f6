//! What the counters of a printer prove of a job: the only place that can say "no document".
//!
//! - this file: the comparison of two readings of one printer, and the evidence that follows from it;
//! - `jobs`: cash, reports, slips;
//! - `receipt`: the table of recovery for receipts;
//! - `module`: the table for fiscal modules.
//!
//! Nothing here asks a printer: a driver reads the counters and gives them to these functions.

mod jobs;
mod module;
mod receipt;

pub(crate) use jobs::{
    CashTotals, Closing, Finding, ZAnswer, cash, opening_refused, paper, unfinished_slip, z_report,
};
pub use module::{ModuleFinding, ToldReceipt, module_closing, module_receipt};
pub(crate) use receipt::{DayMatch, DocumentMatch, ReceiptFacts, Verdict, ZReports, receipt};

use crate::baseline::Baseline;
use crate::fault::Fault;

/// Evidence that a job which was begun left no document: the counters of the very printer of the baseline, and what they prove.
///
/// Only the functions of [`crate::judge`] make it, and they need a [`SamePrinter`]. No driver, sealer or test can make it in
/// another way:
///
/// ```compile_fail,E0451
/// # fn forged(now: ferrotill_device::Baseline) -> ferrotill_device::AbsenceEvidence {
/// ferrotill_device::AbsenceEvidence { now, proof: "the printer was not asked" }
/// # }
/// ```
///
/// A recovery cannot say "no document" without it:
///
/// ```compile_fail,E0061
/// use ferrotill_device::{NoDocument, Recovered};
/// # fn forged(no_document: NoDocument) -> Recovered {
/// Recovered::Absent(no_document)
/// # }
/// ```
///
/// ```compile_fail,E0599
/// use ferrotill_device::{NoDocument, Recovered};
/// # fn forged(no_document: NoDocument) -> Recovered {
/// Recovered::NotBegun(no_document)
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsenceEvidence {
    now: Baseline,
    proof: &'static str,
}

impl AbsenceEvidence {
    /// The identity and the counters of the printer when they were judged.
    #[must_use]
    pub const fn counters(&self) -> &Baseline {
        &self.now
    }

    /// The rule by which the counters prove that there is no document.
    #[must_use]
    pub const fn proof(&self) -> &'static str {
        self.proof
    }
}

/// Two readings of one printer: before a job, and now.
///
/// [`SamePrinter::compare`] alone makes this value, and only if family and serial number are the same and the fiscal memories do not differ.
#[derive(Clone, Copy, Debug)]
pub struct SamePrinter<'c> {
    before: &'c Baseline,
    now: &'c Baseline,
}

impl<'c> SamePrinter<'c> {
    /// Compares the identity of two readings. A baseline without a family is compared by serial number and fiscal memory alone, and a
    /// fiscal memory that one of the readings lacks is no difference.
    ///
    /// # Errors
    ///
    /// [`Fault::PrinterSwapped`] if the readings are not of one printer.
    pub fn compare(before: &'c Baseline, now: &'c Baseline) -> Result<Self, Fault> {
        let same_family = before.family.is_empty() || before.family == now.family;
        if same_family && now.numbers().are_of_one_printer(before.numbers()) {
            Ok(Self { before, now })
        } else {
            Err(Fault::PrinterSwapped)
        }
    }

    /// Evidence that nothing was printed at all, if this is a printer with a fiscal memory and none of its counters has changed.
    #[must_use]
    pub fn unchanged(self) -> Option<AbsenceEvidence> {
        let before = Baseline {
            family: self.now.family.clone(),
            fiscal_memory: self.now.fiscal_memory.clone(),
            ..self.before.clone()
        };
        let has_counters = !self.now.fiscal_memory.is_empty();
        (has_counters && before == *self.now).then(|| self.absent("no counter has changed"))
    }

    fn absent(self, proof: &'static str) -> AbsenceEvidence {
        AbsenceEvidence {
            now: self.now.clone(),
            proof,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrotill_core::Amount;

    fn reading() -> Baseline {
        Baseline {
            family: "datecs".to_owned(),
            serial: "S".to_owned(),
            fiscal_memory: "F".to_owned(),
            last_document: 10,
            next_fiscal_receipt: 4,
            z_number: Some(2),
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
        }
    }

    #[test]
    fn evidence_needs_the_same_family_serial_number_and_memory() {
        let swapped = |change: fn(&mut Baseline)| {
            let mut now = reading();
            change(&mut now);
            SamePrinter::compare(&reading(), &now).err()
        };
        assert_eq!(swapped(|_| ()), None);
        let another = Some(Fault::PrinterSwapped);
        assert_eq!(swapped(|now| now.family = "datecs-b".to_owned()), another);
        assert_eq!(swapped(|now| now.serial = "T".to_owned()), another);
        assert_eq!(swapped(|now| now.fiscal_memory = "G".to_owned()), another);
    }

    #[test]
    fn a_fiscal_memory_that_one_reading_lacks_is_no_difference() {
        let without = Baseline {
            fiscal_memory: String::new(),
            ..reading()
        };
        let (old, new) = (without.clone(), reading());
        let same = SamePrinter::compare(&old, &new).unwrap();
        assert_eq!(same.unchanged().unwrap().counters(), &new);
        let same = SamePrinter::compare(&new, &without).unwrap();
        assert_eq!(same.unchanged(), None);
    }

    #[test]
    fn a_baseline_without_a_family_is_compared_by_the_rest() {
        let before = Baseline {
            family: String::new(),
            ..reading()
        };
        let now = reading();
        let same = SamePrinter::compare(&before, &now).unwrap();
        assert!(same.unchanged().is_some());
    }

    #[test]
    fn unchanged_counters_prove_nothing_of_a_printer_without_counters() {
        let slip_printer = Baseline {
            fiscal_memory: String::new(),
            ..reading()
        };
        let same = SamePrinter::compare(&slip_printer, &slip_printer).unwrap();
        assert_eq!(same.unchanged(), None);
        let (before, now) = (reading(), reading());
        let evidence = SamePrinter::compare(&before, &now).unwrap().unchanged();
        assert_eq!(evidence.unwrap().counters(), &now);
    }
}
