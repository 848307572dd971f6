//! The printer between two cases: what a case may ask of the printer, and what must be true after each job.

use core::fmt;

use ferrotill_core::Amount;
use ferrotill_device::{
    Baseline, Condition, Connected, Fault, FiscalPrinter, Job, JournalEvidence, NoDocument, Paper,
    Performed, PrinterReport, Recovered, Registered, Watch,
};

/// The parts of a rig that a program can switch from outside.
pub trait Switches {
    /// Loads or removes the printer's paper; false if this rig cannot do that.
    fn set_paper(&mut self, paper: Paper) -> bool;
}

/// A rig without switches: the cases that need a switch are reported as skipped.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSwitches;

impl Switches for NoSwitches {
    fn set_paper(&mut self, _paper: Paper) -> bool {
        false
    }
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The case ended as expected.
    Passed,
    /// The case cannot be run on this printer; the text is the reason.
    Skipped(&'static str),
    /// Something else happened than the case expected; the text says what.
    Failed(String),
}

/// The result of a case; an error text means that the case failed.
pub(crate) type Played = Result<Verdict, String>;

/// The printer between two cases, with what the suite has learned about it.
pub(crate) struct TestStage<'s> {
    printer: &'s mut dyn FiscalPrinter,
    switches: &'s mut dyn Switches,
    /// The rates of the printer's tax groups.
    pub(crate) groups: [Option<u32>; 8],
    /// The printer's counters after the last job.
    pub(crate) now: Baseline,
    /// The printer's X-report from before the suite.
    pub(crate) begun_with: Option<PrinterReport>,
    /// The sale that is returned later: the job, the counters before it, and the document's number.
    pub(crate) sold: Option<(Job, Baseline, u32)>,
    asked_to_cancel: bool,
}

impl<'s> TestStage<'s> {
    /// The state before the first case.
    pub(crate) fn new(
        printer: &'s mut dyn FiscalPrinter,
        connected: &Connected,
        switches: &'s mut dyn Switches,
    ) -> Self {
        Self {
            printer,
            switches,
            groups: connected.groups,
            now: connected.baseline.clone(),
            begun_with: None,
            sold: None,
            asked_to_cancel: false,
        }
    }

    /// Performs a job that must be registered. The counters that come with the outcome must equal those that the printer reports
    /// when it is asked again.
    pub(crate) fn registers(&mut self, job: &Job) -> Result<Registered, String> {
        let outcome = self.perform(job);
        let Performed::Registered(registered) = outcome else {
            return Err(format!("{job:?} ended as {outcome:?}"));
        };
        same("counters after the job", &registered.after, &self.asked()?)?;
        self.now = registered.after.clone();
        Ok(registered)
    }

    /// Performs a job that must not be registered. No fiscal counter may change.
    pub(crate) fn refuses(&mut self, job: &Job) -> Result<NoDocument, String> {
        let outcome = self.perform(job);
        let (Performed::NotBegun(refused) | Performed::Absent(_, refused)) = outcome else {
            return Err(format!("{job:?} ended as {outcome:?}"));
        };
        self.nothing_fiscal_moved()?;
        Ok(refused)
    }

    /// Asks the printer what became of a job that was begun from other counters.
    pub(crate) fn recovers(&mut self, job: &Job, before: &Baseline) -> Result<Recovered, String> {
        let outcome =
            self.printer
                .recover(job, before, &JournalEvidence::default(), &mut Asked::new());
        self.nothing_fiscal_moved()?;
        Ok(outcome)
    }

    /// Performs a job that was begun from counters that the printer does not have.
    pub(crate) fn performs_from(
        &mut self,
        job: &Job,
        before: &Baseline,
    ) -> Result<Performed, String> {
        let outcome = self.printer.perform(job, before, &mut Asked::new());
        self.nothing_fiscal_moved()?;
        Ok(outcome)
    }

    /// Whether the driver asked the host during the last job before it cancelled a receipt.
    pub(crate) fn asked_to_cancel(&self) -> bool {
        self.asked_to_cancel
    }

    /// Asks the printer the questions that are allowed at any time.
    pub(crate) fn questions(&mut self) -> Result<Reported, String> {
        let asked = |fault: Fault| format!("the printer cannot be asked: {fault}");
        Ok(Reported {
            condition: self.printer.status().map_err(asked)?,
            clock: self.printer.clock().map_err(asked)?,
            groups: self.printer.tax_groups().map_err(asked)?,
        })
    }

    /// Prints a document that registers nothing. A printer on which such documents are switched off refuses the job.
    pub(crate) fn prints_if_it_can(&mut self, job: &Job) -> Played {
        match self.perform(job) {
            Performed::Registered(registered) => {
                let before = self.now.clone();
                self.nothing_fiscal_moved()?;
                same("counters after the job", &registered.after, &self.now)?;
                if self.now.last_document == before.last_document {
                    return Err(format!("{job:?} took no number"));
                }
                Ok(Verdict::Passed)
            }
            Performed::Absent(
                _,
                NoDocument {
                    fault: Fault::NotAllowed | Fault::UnknownCommand,
                    ..
                },
            ) => {
                self.nothing_fiscal_moved()?;
                Ok(Verdict::Skipped("the printer has it switched off"))
            }
            other => Err(format!("{job:?} ended as {other:?}")),
        }
    }

    /// Sets the printer's clock to the time that it shows.
    pub(crate) fn sets_its_clock(&mut self) -> Played {
        let now = self.questions()?.clock;
        match self.printer.set_clock(&now) {
            Ok(()) => {
                let after = self.questions()?.clock;
                // Some seconds may have passed, and the minute may have changed.
                same(
                    "the day of the printer's clock",
                    &after.get(..8),
                    &now.get(..8),
                )?;
                self.nothing_fiscal_moved()?;
                Ok(Verdict::Passed)
            }
            Err(Fault::NotAllowed | Fault::UnknownCommand | Fault::ClockNotSet) => Ok(
                Verdict::Skipped("the printer does not let its clock be set now"),
            ),
            Err(fault) => Err(format!("the clock cannot be set: {fault}")),
        }
    }

    pub(crate) fn set_paper(&mut self, paper: Paper) -> bool {
        self.switches.set_paper(paper)
    }

    /// The time of the printer's clock in the form that a refund needs: `DDMMYYhhmmss`.
    pub(crate) fn clock(&mut self) -> Result<String, String> {
        let connected = self.connect()?;
        let clock = connected
            .clock
            .ok_or("the printer does not report the time of its clock")?;
        Ok(clock.chars().filter(char::is_ascii_digit).collect())
    }

    fn perform(&mut self, job: &Job) -> Performed {
        let mut watch = Asked::new();
        let outcome = self.printer.perform(job, &self.now, &mut watch);
        self.asked_to_cancel = watch.to_cancel;
        outcome
    }

    fn nothing_fiscal_moved(&mut self) -> Result<(), String> {
        let asked = self.asked()?;
        let before = &self.now;
        // A cancelled receipt and a slip use up a document number and no other number.
        let expected = Baseline {
            last_document: asked.last_document,
            ..before.clone()
        };
        same(
            "fiscal counters after what was not registered",
            &asked,
            &expected,
        )?;
        if asked.last_document < before.last_document {
            return Err("the number of the last document went back".to_owned());
        }
        self.now = asked;
        Ok(())
    }

    fn asked(&mut self) -> Result<Baseline, String> {
        let asked = |fault: Fault| format!("the printer cannot be asked: {fault}");
        // The question uses the same connection, so that the driver keeps and checks what it has learned about the printer.
        let counters = self.printer.counters().map_err(asked)?;
        if self.printer.status().map_err(asked)?.fiscal_receipt_open {
            return Err("a fiscal receipt was left open".to_owned());
        }
        Ok(counters)
    }

    fn connect(&mut self) -> Result<Connected, String> {
        let connected = self
            .printer
            .connect()
            .map_err(|fault| format!("the printer cannot be asked: {fault}"))?;
        if connected.receipt_open {
            return Err("a fiscal receipt was left open".to_owned());
        }
        Ok(connected)
    }
}

/// The printer's answers to the questions that are allowed at any time.
pub(crate) struct Reported {
    pub(crate) condition: Condition,
    pub(crate) clock: String,
    pub(crate) groups: [Option<u32>; 8],
}

/// Agrees to every cancellation, and remembers whether the driver asked for one.
struct Asked {
    to_cancel: bool,
}

impl Asked {
    const fn new() -> Self {
        Self { to_cancel: false }
    }
}

impl Watch for Asked {
    fn about_to_cancel(&mut self) -> bool {
        self.to_cancel = true;
        true
    }
}

/// Compares two values that must be equal.
pub(crate) fn same<T: PartialEq + fmt::Debug>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: found {found:?}, expected {expected:?}"))
    }
}

/// Checks that a refusal has this reason.
pub(crate) fn because(refused: &NoDocument, fault: Fault) -> Result<(), String> {
    same("the reason of the refusal", &refused.fault, &fault)
}

/// The sum of some amounts, which must not overflow.
pub(crate) fn plus(one: Amount, other: i64) -> Amount {
    one.checked_add(Amount::from_minor(other)).unwrap_or(one)
}
