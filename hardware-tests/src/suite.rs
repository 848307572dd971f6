//! Playing the cases, one after the other, each from where the last one left the printer.

use core::fmt;

use ferrotill_core::Amount;
use ferrotill_device::{
    Baseline, Condition, Connected, Fault, FiscalPrinter, Job, JournalEvidence, NotRegistered,
    Outcome, Paper, PrinterReport, Registered, Watch,
};

use crate::cases;

/// What can be switched from outside on this rig.
pub trait Switches {
    /// Loads or removes the paper; false where nobody can.
    fn set_paper(&mut self, paper: Paper) -> bool;
}

/// A rig that nobody can switch: the cases that need it are skipped, and said to be.
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
    /// As it should.
    Passed,
    /// It could not be played here.
    Skipped(&'static str),
    /// Something else happened than what was asked for.
    Failed(String),
}

/// A case that was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
}

/// All cases that were played, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The cases. The last one is the first that failed, because nothing after it could be believed.
    pub cases: Vec<Case>,
}

impl Report {
    /// No case failed.
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

/// Plays every case on a printer that was admitted; `connected` is what it said of itself.
pub fn run(
    printer: &mut dyn FiscalPrinter,
    connected: &Connected,
    switches: &mut dyn Switches,
) -> Report {
    let mut stage = Stage {
        printer,
        switches,
        groups: connected.groups,
        now: connected.baseline.clone(),
        begun_with: None,
        sold: None,
        asked_to_cancel: false,
    };
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

/// How a case ends; the error is what went wrong, in words.
pub(crate) type Played = Result<Verdict, String>;

/// A printer between two cases.
pub(crate) struct Stage<'s> {
    printer: &'s mut dyn FiscalPrinter,
    switches: &'s mut dyn Switches,
    /// The rates of the tax groups.
    pub(crate) groups: [Option<u32>; 8],
    /// Its counters.
    pub(crate) now: Baseline,
    /// Its day before the suite.
    pub(crate) begun_with: Option<PrinterReport>,
    /// The sale that is taken back later, with the counters before it and its document.
    pub(crate) sold: Option<(Job, Baseline, u32)>,
    asked_to_cancel: bool,
}

impl Stage<'_> {
    /// A job that must be registered. The counters that come with it must be those that the printer tells when it is asked anew.
    pub(crate) fn registers(&mut self, job: &Job) -> Result<Registered, String> {
        let outcome = self.perform(job);
        let Outcome::Registered(registered) = outcome else {
            return Err(format!("{job:?} ended as {outcome:?}"));
        };
        same("counters after the job", &registered.after, &self.asked()?)?;
        self.now = registered.after.clone();
        Ok(registered)
    }

    /// A job that must not be registered. Nothing fiscal may have moved.
    pub(crate) fn refuses(&mut self, job: &Job) -> Result<NotRegistered, String> {
        let outcome = self.perform(job);
        let Outcome::NotRegistered(refused) = outcome else {
            return Err(format!("{job:?} ended as {outcome:?}"));
        };
        self.nothing_fiscal_moved()?;
        Ok(refused)
    }

    /// Asks what became of a job that was begun from other counters.
    pub(crate) fn recovers(&mut self, job: &Job, before: &Baseline) -> Result<Outcome, String> {
        let outcome =
            self.printer
                .recover(job, before, &JournalEvidence::default(), &mut Asked::new());
        self.nothing_fiscal_moved()?;
        Ok(outcome)
    }

    /// A job begun from counters that the printer does not have.
    pub(crate) fn performs_from(
        &mut self,
        job: &Job,
        before: &Baseline,
    ) -> Result<Outcome, String> {
        let outcome = self.printer.perform(job, before, &mut Asked::new());
        self.nothing_fiscal_moved()?;
        Ok(outcome)
    }

    /// The last job asked before it cancelled a receipt.
    pub(crate) fn asked_to_cancel(&self) -> bool {
        self.asked_to_cancel
    }

    /// What can be asked at any time.
    pub(crate) fn questions(&mut self) -> Result<Told, String> {
        let asked = |fault: Fault| format!("the printer cannot be asked: {fault}");
        Ok(Told {
            condition: self.printer.status().map_err(asked)?,
            clock: self.printer.clock().map_err(asked)?,
            groups: self.printer.tax_groups().map_err(asked)?,
        })
    }

    /// A document that registers nothing. A printer may have it switched off, and says so.
    pub(crate) fn prints_if_it_can(&mut self, job: &Job) -> Played {
        match self.perform(job) {
            Outcome::Registered(registered) => {
                let before = self.now.clone();
                self.nothing_fiscal_moved()?;
                same("counters after the job", &registered.after, &self.now)?;
                if self.now.last_document == before.last_document {
                    return Err(format!("{job:?} took no number"));
                }
                Ok(Verdict::Passed)
            }
            Outcome::NotRegistered(NotRegistered {
                fault: Fault::NotAllowed | Fault::UnknownCommand,
                ..
            }) => {
                self.nothing_fiscal_moved()?;
                Ok(Verdict::Skipped("the printer has it switched off"))
            }
            other => Err(format!("{job:?} ended as {other:?}")),
        }
    }

    /// Sets the clock to what it says.
    pub(crate) fn sets_its_clock(&mut self) -> Played {
        let now = self.questions()?.clock;
        match self.printer.set_clock(&now) {
            Ok(()) => {
                let after = self.questions()?.clock;
                // Seconds may have gone by; minutes have not, or one.
                same("the day of its clock", &after.get(..8), &now.get(..8))?;
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

    /// The printer's clock as a refund names it: `DDMMYYhhmmss`.
    pub(crate) fn clock(&mut self) -> Result<String, String> {
        let connected = self.connect()?;
        let clock = connected
            .clock
            .ok_or("the printer does not tell its clock")?;
        Ok(clock.chars().filter(char::is_ascii_digit).collect())
    }

    fn perform(&mut self, job: &Job) -> Outcome {
        let mut watch = Asked::new();
        let outcome = self.printer.perform(job, &self.now, &mut watch);
        self.asked_to_cancel = watch.to_cancel;
        outcome
    }

    fn nothing_fiscal_moved(&mut self) -> Result<(), String> {
        let asked = self.asked()?;
        let before = &self.now;
        // A cancelled receipt and a slip have a number of a document, and of nothing else.
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
        // On the same connection, so that what the driver has learned of the printer stays in use and is held against it.
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

/// What a printer says at any time.
pub(crate) struct Told {
    pub(crate) condition: Condition,
    pub(crate) clock: String,
    pub(crate) groups: [Option<u32>; 8],
}

/// Agrees to every cancellation, and remembers that it was asked.
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

/// Two values that must be the same.
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

/// A refusal that must be for this reason.
pub(crate) fn because(refused: &NotRegistered, fault: Fault) -> Result<(), String> {
    same("the reason of the refusal", &refused.fault, &fault)
}

/// The sum of amounts that fit.
pub(crate) fn plus(one: Amount, other: i64) -> Amount {
    one.checked_add(Amount::from_minor(other)).unwrap_or(one)
}
