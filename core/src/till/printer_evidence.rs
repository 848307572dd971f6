//! What the books can testify where a printer's numbers are blurred: whose the open shift's sums are, and how the printer counts.

use serde::{Deserialize, Serialize};

use crate::seal::{Baseline, Seal};

/// What is known of the printer that a till's documents are given to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PrinterEvidence {
    sums: Source,
    /// The printer whose last Z-report took exactly one of its document numbers.
    z_counted_on: Option<Printer>,
    /// Where the printer stood before the outstanding document.
    before: Option<Before>,
    /// A person answers for the outstanding document.
    declared: bool,
}

/// Where the fiscal sums of the open shift come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Source {
    /// No document of it was given to a printer yet.
    #[default]
    Nobody,
    /// All were given to this one.
    One(Printer),
    /// To several, or somebody's word counts among them.
    Mixed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    printer: Printer,
    last_document: u32,
    z_number: u32,
}

/// A printer and its fiscal memory, by the digest of their names: it tells a shop's few apart, and a name may be of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Printer(u64);

impl Printer {
    /// FNV-1a.
    fn of(baseline: &Baseline<'_>) -> Self {
        let name = baseline.serial.bytes().chain([0]);
        let name = name.chain(baseline.fiscal_memory.bytes());
        Self(name.fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }
}

impl PrinterEvidence {
    /// A document is given to this printer, or to none.
    pub(super) fn reserved(&mut self, baseline: Option<&Baseline<'_>>) {
        self.declared = false;
        self.before = baseline.map(|baseline| Before {
            printer: Printer::of(baseline),
            last_document: baseline.last_document,
            z_number: baseline.z_number,
        });
        if let Some(before) = self.before {
            self.sums = match self.sums {
                Source::Nobody => Source::One(before.printer),
                Source::One(known) if known == before.printer => self.sums,
                Source::One(_) | Source::Mixed => Source::Mixed,
            };
        }
    }

    /// A person answers for the document.
    pub(super) const fn declared(&mut self) {
        self.declared = true;
        self.sums = Source::Mixed;
    }

    /// The document is a Z-report, and it is legal: the printer counts anew.
    pub(super) fn z_report(&mut self, seal: &Seal<'_>) {
        self.sums = if self.declared {
            // Whether it does rests on the word, too.
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

    /// The sums are those of this printer's documents and of no others.
    pub(super) fn sums_are_of(&self, baseline: &Baseline<'_>) -> bool {
        match self.sums {
            Source::Nobody => true,
            Source::One(known) => known == Printer::of(baseline),
            Source::Mixed => false,
        }
    }

    /// The last Z-report on this printer took exactly one document number.
    pub(super) fn z_takes_a_number_on(&self, baseline: &Baseline<'_>) -> bool {
        self.z_counted_on == Some(Printer::of(baseline))
    }
}
