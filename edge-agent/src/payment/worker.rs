//! The thread of one terminal: it carries out one task after the other, and asks about operations whose outcome is not known.
//!
//! While the outcome of an operation is not known, the terminal is asked about it before it is asked for anything else. A terminal that
//! cannot say what became of the last card gets no next card.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ferrotill_core::event::TerminalOperation;
use uuid::Uuid;

use super::{
    Approval, CardOutcome, NoMoney, Terminal, TerminalJob, TerminalListener, TerminalNews,
    TerminalTask,
};
use crate::order::TerminalTotals;

/// The first pause before a terminal is asked again about an operation; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause before a terminal is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How many answers are kept for questions about operations that have ended. A question waits behind a few tasks at most.
const ENDED_MAX: usize = 256;

/// The work of a terminal's thread.
pub struct TerminalWorker {
    id: Uuid,
    terminal: Box<dyn Terminal>,
    listener: Arc<dyn TerminalListener>,
    inbox: Receiver<TerminalTask>,
    /// The operations whose outcome is not known. The clerk asks for few at a time.
    unknown: Vec<TerminalJob>,
    /// The newest answers. The clerk may ask about an operation while its answer is on the way. The question gets the same answer again:
    /// the terminal is not asked, because a void that it has declined would be carried out after the answer.
    ended: VecDeque<(Uuid, Result<Approval, NoMoney>)>,
    pause: Duration,
}

impl std::fmt::Debug for TerminalWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TerminalWorker")
            .field("id", &self.id)
            .field("unknown", &self.unknown)
            .finish_non_exhaustive()
    }
}

impl TerminalWorker {
    pub(super) fn new(
        id: Uuid,
        terminal: Box<dyn Terminal>,
        listener: Arc<dyn TerminalListener>,
        inbox: Receiver<TerminalTask>,
    ) -> Self {
        Self {
            id,
            terminal,
            listener,
            inbox,
            unknown: Vec::new(),
            ended: VecDeque::new(),
            pause: FIRST_PAUSE,
        }
    }

    /// Works until the clerk has ended.
    pub(super) fn run(mut self) {
        while self.wait_and_work().is_continue() {}
    }

    fn wait_and_work(&mut self) -> ControlFlow<()> {
        let received = if self.unknown.is_empty() {
            self.pause = FIRST_PAUSE;
            self.inbox
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            self.inbox.recv_timeout(self.pause)
        };
        match received {
            Ok(task) => self.work(task),
            Err(RecvTimeoutError::Timeout) => {
                self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
                self.ask_again();
            }
            Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    /// Does what is to be done now, without waiting: one task, or one more question about operations whose outcome is not known.
    /// Returns false if there was nothing to do.
    pub fn turn(&mut self) -> bool {
        match self.inbox.try_recv() {
            Ok(task) => self.work(task),
            Err(_) if self.unknown.is_empty() => return false,
            Err(_) => self.ask_again(),
        }
        true
    }

    fn work(&mut self, task: TerminalTask) {
        // The thread asks about these itself, and now.
        let asked = |job: &TerminalJob| self.unknown.iter().any(|known| known == job);
        let is_asked = matches!(&task, TerminalTask::Recover(job) if asked(job));
        self.ask_again();
        match task {
            TerminalTask::Perform(job) => self.perform(job),
            TerminalTask::Recover(_) if is_asked => {}
            TerminalTask::Recover(job) => match self.answer_of(job.reference) {
                Some(answer) => self
                    .listener
                    .send(TerminalNews::Answered(job.reference, answer)),
                None => self.find(job),
            },
            TerminalTask::Settle(report) => {
                let totals = self.terminal.settle();
                self.listener.send(self.day(report, totals));
            }
            TerminalTask::Totals(report) => {
                let totals = self.terminal.totals();
                self.listener.send(self.day(report, totals));
            }
        }
    }

    fn day(&self, report: Uuid, totals: Result<TerminalTotals, String>) -> TerminalNews {
        TerminalNews::Day {
            report,
            terminal: self.id,
            totals,
        }
    }

    /// Asks about every operation whose outcome is not known.
    fn ask_again(&mut self) {
        for job in std::mem::take(&mut self.unknown) {
            self.find(job);
        }
    }

    fn perform(&mut self, job: TerminalJob) {
        if self.unknown.is_empty() {
            match self.terminal.perform(&job) {
                // The answer may have been lost on its way, and the terminal may answer now.
                CardOutcome::Unknown(_) => self.find(job),
                outcome => self.report(job, outcome),
            }
        } else {
            let reason = "the terminal does not say what became of an earlier card payment";
            self.report(job, CardOutcome::NotMoved(NoMoney::not_begun(reason)));
        }
    }

    /// Asks what became of an operation. A void that was never begun is begun.
    fn find(&mut self, job: TerminalJob) {
        let outcome = match self.terminal.find(&job) {
            CardOutcome::NotMoved(no_money) if is_void(&job) && !no_money.is_declined() => {
                self.terminal.perform(&job)
            }
            outcome => outcome,
        };
        self.report(job, outcome);
    }

    /// Reports an outcome. An operation whose outcome is not known, and a void that was not begun, are kept: they are asked about again.
    fn report(&mut self, job: TerminalJob, outcome: CardOutcome) {
        let reference = job.reference;
        let news = match outcome {
            CardOutcome::Approved(approval) => self.end(reference, Ok(approval)),
            CardOutcome::NotMoved(no_money) if is_void(&job) && !no_money.is_declined() => {
                self.unknown.push(job);
                TerminalNews::Unknown(reference, no_money.reason().to_owned())
            }
            CardOutcome::NotMoved(no_money) => self.end(reference, Err(no_money)),
            CardOutcome::Unknown(reason) => {
                self.unknown.push(job);
                TerminalNews::Unknown(reference, reason)
            }
        };
        self.listener.send(news);
    }

    /// Keeps the answer of an operation, and returns it as news.
    fn end(&mut self, reference: Uuid, answer: Result<Approval, NoMoney>) -> TerminalNews {
        if self.ended.len() >= ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back((reference, answer.clone()));
        TerminalNews::Answered(reference, answer)
    }

    fn answer_of(&self, reference: Uuid) -> Option<Result<Approval, NoMoney>> {
        let mut ended = self.ended.iter();
        let (_, answer) = ended.find(|(known, _)| *known == reference)?;
        Some(answer.clone())
    }
}

const fn is_void(job: &TerminalJob) -> bool {
    matches!(job.operation, TerminalOperation::Void(_))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use ferrotill_core::Amount;
    use ferrotill_core::id::OperationReference;

    use super::*;
    use crate::locked::Locked;
    use crate::payment::simulated::{SimulatedBank, TerminalSwitch};

    #[derive(Default)]
    struct Heard(Locked<Vec<TerminalNews>>);

    impl TerminalListener for Heard {
        fn send(&self, news: TerminalNews) {
            self.0.lock().push(news);
        }
    }

    struct Bench {
        bank: Arc<SimulatedBank>,
        heard: Arc<Heard>,
        tasks: Sender<TerminalTask>,
        worker: TerminalWorker,
    }

    impl Bench {
        fn new() -> Self {
            let bank = Arc::new(SimulatedBank::default());
            let heard = Arc::new(Heard::default());
            let (tasks, inbox) = channel();
            let id = Uuid::from_u128(1);
            let listener = Arc::clone(&heard) as Arc<dyn TerminalListener>;
            let worker = TerminalWorker::new(id, bank.terminal(id), listener, inbox);
            Self {
                bank,
                heard,
                tasks,
                worker,
            }
        }

        fn work(&mut self, tasks: &[TerminalTask]) -> Vec<TerminalNews> {
            for task in tasks {
                self.tasks.send(*task).expect("the worker lives");
            }
            for _ in tasks {
                assert!(self.worker.turn());
            }
            std::mem::take(&mut *self.heard.0.lock())
        }
    }

    fn job(reference: u128, operation: TerminalOperation) -> TerminalJob {
        TerminalJob {
            reference: Uuid::from_u128(reference),
            operation,
            amount: Amount::from_minor(1000),
        }
    }

    #[test]
    fn a_question_behind_the_answer_gets_the_same_answer_and_moves_no_money() {
        let mut bench = Bench::new();
        let charge = job(7, TerminalOperation::Charge);
        bench.work(&[TerminalTask::Perform(charge)]);
        let of = OperationReference(*charge.reference.as_bytes());
        let void = job(8, TerminalOperation::Void(of));
        bench.bank.switch_to(TerminalSwitch::DeclineVoids);
        let first = bench.work(&[TerminalTask::Perform(void)]);
        assert!(
            matches!(first.as_slice(), [TerminalNews::Answered(_, Err(_))]),
            "{first:?}"
        );
        // The terminal would carry out the void now. The clerk has asked before it heard the answer.
        bench.bank.switch_to(TerminalSwitch::Up);
        let again = bench.work(&[TerminalTask::Recover(void), TerminalTask::Recover(void)]);
        assert_eq!(again, [first.clone(), first].concat());
        let operations = bench.bank.operations();
        assert_eq!(
            operations.len(),
            1,
            "the bank has the charge alone: {operations:?}"
        );
    }
}
