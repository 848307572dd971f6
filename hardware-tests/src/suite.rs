//! Runs the cases one after the other; each case begins with the printer as the last one left it.

use core::fmt;

use ferrotill_device::{Connected, FiscalPrinter};

use crate::cases;
use crate::stage::{Switches, TestStage, Verdict};

/// A case that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The name of the case.
    pub name: &'static str,
    /// The verdict of the case.
    pub verdict: Verdict,
}

/// All cases that were run, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The cases in their order. The first failed case is the last one, because later results would mean nothing.
    pub cases: Vec<Case>,
}

impl Report {
    /// Whether no case failed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.cases
            .iter()
            .all(|case| !matches!(case.verdict, Verdict::Failed(_)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for case in &self.cases {
            match &case.verdict {
                Verdict::Passed => writeln!(f, "passed   {}", case.name)?,
                Verdict::Skipped(why) => writeln!(f, "skipped  {}: {why}", case.name)?,
                Verdict::Failed(words) => writeln!(f, "FAILED   {}: {words}", case.name)?,
            }
        }
        Ok(())
    }
}

/// Runs every case on a printer that may be printed on; `connected` is the printer's report when it was connected to.
pub fn run(
    printer: &mut dyn FiscalPrinter,
    connected: &Connected,
    switches: &mut dyn Switches,
) -> Report {
    let mut stage = TestStage::new(printer, connected, switches);
    let mut report = Report::default();
    for (name, play) in cases::ALL {
        let verdict = match play(&mut stage) {
            Ok(verdict) => verdict,
            Err(words) => Verdict::Failed(words),
        };
        let failed = matches!(verdict, Verdict::Failed(_));
        report.cases.push(Case { name, verdict });
        if failed {
            break;
        }
    }
    report
}
