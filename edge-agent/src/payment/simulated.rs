//! The simulated bank terminals of a TEST till, and the bank behind them.
//!
//! The bank keeps what it has done in a file, as a real one does beside the till, so that it still knows everything after a crash of the
//! agent. Each operation is one line of the file.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ferrotill_core::Amount;
use ferrotill_core::event::TerminalOperation;
use ferrotill_core::id::OperationReference;
use uuid::Uuid;

use super::{Approval, CardOutcome, NoMoney, Terminal, TerminalJob};
use crate::locked::Locked;
use crate::order::TerminalTotals;
use crate::secret_file::give_to_owner;

/// What the simulated terminals do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TerminalSwitch {
    /// They approve everything.
    #[default]
    Up,
    /// They cannot be reached.
    Down,
    /// The bank declines charges and refunds. Voids are carried out.
    Decline,
    /// The bank declines to undo anything. Charges and refunds are carried out.
    DeclineVoids,
    /// They carry out everything, and the answer is lost. A question what became of an operation is answered.
    DropAnswer,
    /// They carry out everything, and answer nothing at all.
    Silent,
}

impl TerminalSwitch {
    /// Every switch with its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("up", Self::Up),
        ("down", Self::Down),
        ("decline", Self::Decline),
        ("decline_voids", Self::DeclineVoids),
        ("drop_answer", Self::DropAnswer),
        ("silent", Self::Silent),
    ];

    /// The name of the switch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Decline => "decline",
            Self::DeclineVoids => "decline_voids",
            Self::DropAnswer => "drop_answer",
            Self::Silent => "silent",
        }
    }
}

/// An operation that the bank has carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankOperation {
    /// The terminal.
    pub terminal: Uuid,
    /// The operation and its amount.
    pub job: TerminalJob,
    /// True if a later operation has undone it.
    pub is_voided: bool,
    /// True if the terminal was settled after it.
    pub is_settled: bool,
}

/// The bank behind the simulated terminals.
#[derive(Debug, Default)]
pub struct SimulatedBank(Locked<Bank>);

#[derive(Debug, Default)]
struct Bank {
    switch: TerminalSwitch,
    operations: Vec<BankOperation>,
    settlements: u32,
    file: Option<PathBuf>,
}

/// The file of the bank in the data folder of a TEST till.
pub const BANK_FILE: &str = "simulated-bank.txt";
/// The largest number of operations that the bank keeps. Older ones are forgotten.
const OPERATIONS_MAX: usize = 100_000;

impl SimulatedBank {
    /// A bank that keeps its operations in a file of this folder. A file of an earlier run is read.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn in_folder(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join(BANK_FILE);
        let mut bank = Bank::default();
        match std::fs::read_to_string(&path) {
            Ok(text) => text.lines().for_each(|line| bank.read(line)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        bank.file = Some(path);
        Ok(Self(Locked::new(bank)))
    }

    /// Changes what the terminals do.
    pub fn switch_to(&self, switch: TerminalSwitch) {
        self.0.lock().switch = switch;
    }

    /// What the terminals do.
    pub fn switch(&self) -> TerminalSwitch {
        self.0.lock().switch
    }

    /// The operations that the bank has carried out, the oldest first.
    pub fn operations(&self) -> Vec<BankOperation> {
        self.0.lock().operations.clone()
    }

    /// True if the bank has carried out nothing.
    pub fn is_empty(&self) -> bool {
        self.0.lock().operations.is_empty()
    }

    /// How often a terminal was settled.
    pub fn settlements(&self) -> u32 {
        self.0.lock().settlements
    }

    /// A terminal of this bank.
    #[must_use]
    pub fn terminal(self: &Arc<Self>, id: Uuid) -> Box<dyn Terminal> {
        Box::new(SimulatedTerminal {
            id,
            bank: Arc::clone(self),
        })
    }
}

impl Bank {
    /// Carries out an operation and keeps it. The same reference twice is one operation.
    fn carry_out(&mut self, terminal: Uuid, job: &TerminalJob) -> Result<Approval, NoMoney> {
        if let Some(approval) = self.approval_of(job) {
            return Ok(approval);
        }
        if let TerminalOperation::Void(of) = job.operation {
            let mut operations = self.operations.iter();
            let known =
                operations.any(|known| known.job.reference.as_bytes() == &of.0 && !known.is_voided);
            if !known {
                return Err(NoMoney::declined("the bank has no such operation to undo"));
            }
        }
        let voids = match job.operation {
            TerminalOperation::Void(of) => Uuid::from_bytes(of.0).to_string(),
            TerminalOperation::Charge | TerminalOperation::Refund => "-".to_owned(),
        };
        let name = job.operation.name();
        self.write(&format!(
            "{name} {} {terminal} {} {voids}",
            job.reference,
            job.amount.minor()
        ));
        self.approval_of(job)
            .ok_or_else(|| NoMoney::declined("the bank cannot write its file"))
    }

    fn approval_of(&self, job: &TerminalJob) -> Option<Approval> {
        let place = self
            .operations
            .iter()
            .position(|known| known.job.reference == job.reference)?;
        let number = job.reference.as_u128() % 1_000_000_000_000;
        let number = format!("{number:012}");
        let operation = place.saturating_add(1).to_string();
        let mut slip = vec!["BANK TERMINAL (TEST)".to_owned()];
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = write!(line, "{} RRN {number}", job.operation.name().to_uppercase());
        slip.push(line);
        Some(Approval::of_answer(&number, &operation, slip))
    }

    fn totals(&self, terminal: Uuid) -> TerminalTotals {
        let mut totals = TerminalTotals::default();
        for known in &self.operations {
            if known.terminal != terminal || known.is_voided || known.is_settled {
                continue;
            }
            let (count, sum) = match known.job.operation {
                TerminalOperation::Charge => (&mut totals.charges, &mut totals.charged),
                TerminalOperation::Refund => (&mut totals.refunds, &mut totals.refunded),
                TerminalOperation::Void(_) => continue,
            };
            *count = count.saturating_add(1);
            *sum = sum.checked_add(known.job.amount).unwrap_or(*sum);
        }
        totals
    }

    /// Writes a line to the file, and then takes it. A line that cannot be written is not taken.
    fn write(&mut self, line: &str) {
        let written = self.file.as_ref().is_none_or(|path| {
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).mode(0o600).open(path);
            file.and_then(|mut file: File| {
                give_to_owner(&file, path.parent().unwrap_or(Path::new(".")))?;
                file.write_all(format!("{line}\n").as_bytes())
            })
            .is_ok()
        });
        if written {
            self.read(line);
        }
    }

    /// Takes a line of the file. A line that was cut off is skipped: its operation was never answered.
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["settle", terminal] => {
                self.settlements = self.settlements.saturating_add(1);
                let terminal = Uuid::try_parse(terminal).unwrap_or_default();
                for known in &mut self.operations {
                    known.is_settled = known.is_settled || known.terminal == terminal;
                }
            }
            [name, reference, terminal, amount, voids] => {
                let operation = operation(name, voids);
                if let (Some(operation), Ok(reference), Ok(terminal), Ok(amount)) = (
                    operation,
                    Uuid::try_parse(reference),
                    Uuid::try_parse(terminal),
                    amount.parse(),
                ) {
                    let job = TerminalJob {
                        reference,
                        operation,
                        amount: Amount::from_minor(amount),
                    };
                    self.keep(terminal, job);
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, terminal: Uuid, job: TerminalJob) {
        if let TerminalOperation::Void(of) = job.operation {
            for known in &mut self.operations {
                known.is_voided = known.is_voided || known.job.reference.as_bytes() == &of.0;
            }
        }
        if self.operations.len() >= OPERATIONS_MAX {
            self.operations.remove(0);
        }
        self.operations.push(BankOperation {
            terminal,
            job,
            is_voided: false,
            is_settled: false,
        });
    }
}

/// The operation with this name in the bank's file.
fn operation(name: &str, voids: &str) -> Option<TerminalOperation> {
    match name {
        "charge" => Some(TerminalOperation::Charge),
        "refund" => Some(TerminalOperation::Refund),
        "void" => Uuid::try_parse(voids)
            .ok()
            .map(|of| TerminalOperation::Void(OperationReference(*of.as_bytes()))),
        _ => None,
    }
}

/// A simulated terminal.
struct SimulatedTerminal {
    id: Uuid,
    bank: Arc<SimulatedBank>,
}

const UNREACHABLE: &str = "the terminal cannot be reached";
const ANSWER_LOST: &str = "the terminal's answer was lost";

impl Terminal for SimulatedTerminal {
    fn perform(&mut self, job: &TerminalJob) -> CardOutcome {
        let mut bank = self.bank.0.lock();
        let is_void = matches!(job.operation, TerminalOperation::Void(_));
        match bank.switch {
            TerminalSwitch::Down => CardOutcome::NotMoved(NoMoney::not_begun(UNREACHABLE)),
            TerminalSwitch::Decline if !is_void => {
                CardOutcome::NotMoved(NoMoney::declined("the bank declines the card"))
            }
            TerminalSwitch::DeclineVoids if is_void => {
                CardOutcome::NotMoved(NoMoney::declined("the bank has settled the operation"))
            }
            switch => match bank.carry_out(self.id, job) {
                _ if matches!(switch, TerminalSwitch::DropAnswer | TerminalSwitch::Silent) => {
                    CardOutcome::Unknown(ANSWER_LOST.to_owned())
                }
                Ok(approval) => CardOutcome::Approved(approval),
                Err(no_money) => CardOutcome::NotMoved(no_money),
            },
        }
    }

    fn find(&mut self, job: &TerminalJob) -> CardOutcome {
        let bank = self.bank.0.lock();
        if matches!(bank.switch, TerminalSwitch::Down | TerminalSwitch::Silent) {
            return CardOutcome::Unknown(UNREACHABLE.to_owned());
        }
        match bank.approval_of(job) {
            Some(approval) => CardOutcome::Approved(approval),
            None => CardOutcome::NotMoved(NoMoney::not_begun(
                "the terminal does not know the operation",
            )),
        }
    }

    fn settle(&mut self) -> Result<TerminalTotals, String> {
        let mut bank = self.bank.0.lock();
        if bank.switch == TerminalSwitch::Down {
            return Err(UNREACHABLE.to_owned());
        }
        let totals = bank.totals(self.id);
        bank.write(&format!("settle {}", self.id));
        match bank.switch {
            TerminalSwitch::DropAnswer | TerminalSwitch::Silent => Err(ANSWER_LOST.to_owned()),
            _ => Ok(totals),
        }
    }

    fn totals(&mut self) -> Result<TerminalTotals, String> {
        let bank = self.bank.0.lock();
        match bank.switch {
            TerminalSwitch::Down | TerminalSwitch::Silent => Err(UNREACHABLE.to_owned()),
            _ => Ok(bank.totals(self.id)),
        }
    }
}
