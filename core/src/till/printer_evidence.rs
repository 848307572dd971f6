//! Evidence from the journal for recovery: whether all documents of the open shift went to one printer, and whether that printer's
//! Z-report uses a document number.

use serde::{Deserialize, Serialize};

use super::digest::short_digest;
use crate::seal::{Seal, StoredBaseline};

/// What the journal proves about the printer that prints the till's documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PrinterEvidence {
    sums: Source,
    /// The printer whose last Z-report took exactly one document number.
    z_counted_on: Option<Printer>,
    /// The printer's counters before the outstanding document.
    before: Option<Before>,
    /// Whether an operator has declared what became of the outstanding document.
    declared: bool,
}

/// Which printer has counted the documents of the open shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Source {
    /// No document of the shift went to a printer yet.
    #[default]
    Nobody,
    /// All documents of the shift went to this printer.
    One(Printer),
    /// The documents of the shift went to several printers, or one of them was settled by an operator's declaration.
    Mixed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    printer: Printer,
    last_document: u32,
    z_number: u32,
}

/// A printer and its fiscal memory, as digests of their numbers. The numbers may have any length, and a shop has few printers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Printer {
    serial: u64,
    /// The fiscal memory; `None` if the printer has not reported its number.
    fiscal_memory: Option<u64>,
}

impl Printer {
    fn of(baseline: &StoredBaseline<'_>) -> Self {
        let memory = baseline.fiscal_memory;
        Self {
            serial: short_digest(baseline.serial.bytes()),
            fiscal_memory: (!memory.is_empty()).then(|| short_digest(memory.bytes())),
        }
    }

    /// Whether both are one printer. As in [`PrinterNumbers::are_of_one_printer`](crate::seal::PrinterNumbers::are_of_one_printer),
    /// a fiscal memory that one of them lacks is no difference.
    fn is(self, other: Self) -> bool {
        let memories = self.fiscal_memory.zip(other.fiscal_memory);
        self.serial == other.serial && memories.is_none_or(|(one, other)| one == other)
    }

    /// This printer with the fiscal memory of another reading of it, if this reading lacks it.
    fn with_memory_of(self, other: Self) -> Self {
        Self {
            fiscal_memory: self.fiscal_memory.or(other.fiscal_memory),
            ..self
        }
    }
}

impl PrinterEvidence {
    /// A document goes to this printer, or to none.
    pub(super) fn reserved(&mut self, baseline: Option<&StoredBaseline<'_>>) {
        self.declared = false;
        self.before = baseline.map(|baseline| Before {
            printer: Printer::of(baseline),
            last_document: baseline.last_document,
            z_number: baseline.z_number,
        });
        if let Some(before) = self.before {
            self.sums = match self.sums {
                Source::Nobody => Source::One(before.printer),
                Source::One(known) if known.is(before.printer) => {
                    Source::One(known.with_memory_of(before.printer))
                }
                Source::One(_) | Source::Mixed => Source::Mixed,
            };
        }
    }

    /// An operator declares what became of the document.
    pub(super) const fn declared(&mut self) {
        self.declared = true;
        self.sums = Source::Mixed;
    }

    /// Whether the outstanding document was given to a printer.
    pub(super) const fn is_on_printer(&self) -> bool {
        self.before.is_some()
    }

    /// A Z-report is sealed: the printer's day sums begin again at zero. A Z-report of the journal changes nothing at the printer.
    pub(super) fn z_report(&mut self, seal: &Seal<'_>) {
        if matches!(seal, Seal::Journal) {
            return;
        }
        self.sums = if self.declared {
            // Only the declaration states that the Z-report was printed, so it is not certain that the printer's sums are zero.
            Source::Mixed
        } else {
            Source::Nobody
        };
        self.z_counted_on = match (self.before, seal) {
            (
                Some(before),
                Seal::Printer {
                    document,
                    counters: Some(counters),
                    ..
                },
            ) if before.last_document.checked_add(1) == Some(*document)
                && before.z_number.checked_add(1) == Some(counters.z_number) =>
            {
                Some(before.printer)
            }
            _ => None,
        };
    }

    /// Whether the printer's day sums are the sums of this till's documents and of no others.
    pub(super) fn sums_are_of(&self, baseline: &StoredBaseline<'_>) -> bool {
        match self.sums {
            Source::Nobody => true,
            Source::One(known) => known.is(Printer::of(baseline)),
            Source::Mixed => false,
        }
    }

    /// Whether the last Z-report on this printer took exactly one document number.
    pub(super) fn z_takes_a_number_on(&self, baseline: &StoredBaseline<'_>) -> bool {
        self.z_counted_on
            .is_some_and(|known| known.is(Printer::of(baseline)))
    }
}
