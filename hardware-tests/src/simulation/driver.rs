//! The printer's driver with a deliberate bug, or without one.

use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::printer::{
    Baseline, ClosedDay, Condition, Connected, Job, JournalEvidence, NotRegistered, Outcome,
    Registered, Watch,
};
use ferrotill_device::{Fault, FiscalPrinter};

use super::bug::Bug;

/// The real driver, and the bug that a run may be about.
pub(super) struct Driver {
    pub(super) real: IslPrinter,
    pub(super) bug: Option<Bug>,
}

impl Driver {
    fn spoilt(&self, outcome: Outcome, baseline: &Baseline) -> Outcome {
        match (self.bug, outcome) {
            (Some(Bug::SilenceIsNo), Outcome::Unknown(fault)) => {
                Outcome::NotRegistered(NotRegistered {
                    fault,
                    detail: String::new(),
                    after: None,
                })
            }
            (Some(Bug::SilenceIsYes), Outcome::Unknown(_)) => {
                let mut after = baseline.clone();
                after.last_document = after.last_document.saturating_add(1);
                Outcome::Registered(Registered {
                    document: after.last_document,
                    fiscal_receipt: None,
                    after,
                    report: None,
                })
            }
            (_, outcome) => outcome,
        }
    }
}

impl FiscalPrinter for Driver {
    fn connect(&mut self) -> Result<Connected, Fault> {
        self.real.connect()
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Outcome {
        let outcome = self.real.perform(job, baseline, watch);
        if self.bug == Some(Bug::PrintAgainAtOnce)
            && matches!(outcome, Outcome::Unknown(_))
            && let Ok(now) = self.real.counters()
        {
            return self.real.perform(job, &now, watch);
        }
        self.spoilt(outcome, baseline)
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        books: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Outcome {
        match self.bug {
            Some(Bug::PrintAgain) => match self.real.connect() {
                Ok(now) => self.real.perform(job, &now.baseline, watch),
                Err(fault) => Outcome::Unknown(fault),
            },
            Some(Bug::BaselineOfNow) => match self.real.connect() {
                Ok(now) => self.real.recover(job, &now.baseline, books, watch),
                Err(fault) => Outcome::Unknown(fault),
            },
            Some(Bug::RecoveryGivesUp) => match self.real.connect() {
                Ok(now) => Outcome::NotRegistered(NotRegistered {
                    fault: Fault::PortLost,
                    detail: String::new(),
                    after: Some(now.baseline),
                }),
                Err(fault) => Outcome::Unknown(fault),
            },
            Some(bug) if bug.takes_the_sums_away() => {
                let forgets = bug == Bug::RecoveryForgetsDecision;
                let books = JournalEvidence {
                    cancel_decided: books.cancel_decided && !forgets,
                    day: None,
                    ..*books
                };
                self.real.recover(job, baseline, &books, watch)
            }
            _ => {
                let outcome = self.real.recover(job, baseline, books, watch);
                self.spoilt(outcome, baseline)
            }
        }
    }

    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        self.real.clear_leftover(watch)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        self.real.status()
    }

    fn counters(&mut self) -> Result<Baseline, Fault> {
        self.real.counters()
    }

    fn last_z(&self) -> Option<ClosedDay> {
        self.real.last_z()
    }
}
