//! The questions and commands of a Datecs classic printer, typed, with its refusals put into our words.

use ferrotill_core::Amount;

use super::super::line::{COMMAND_LIMIT_MS, Line};
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{Baseline, Condition, Paper, Watch};
use crate::wire::isl::{Answer, Flag, Status, command};
use crate::wire::isl_report::{
    Cash, DayPayments, DeviceInfo, LastError, LastZ, Rates, ReceiptSums, Transaction,
    parse_document, parse_groups,
};

/// Why a command did not go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No answer: it may have been executed.
    Lost(Fault),
    /// Answered with a refusal, and perhaps the device's own words.
    Refused(Fault, String),
}

impl Trouble {
    /// The fault alone.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Lost(fault) | Self::Refused(fault, _) => *fault,
        }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        trouble.fault()
    }
}

/// Where a device stands: what recovery needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Counters and identity.
    pub(super) counters: Baseline,
    /// Condition, with the kind of receipt that is open.
    pub(super) condition: Condition,
    /// The current or last receipt.
    pub(super) transaction: Transaction,
    /// Sums of the current receipt.
    pub(super) groups: [i64; 8],
}

/// A Datecs classic printer at the end of a line.
pub(super) struct Device {
    line: Line,
    identity: Option<DeviceInfo>,
}

impl Device {
    pub(super) fn new(opener: Box<dyn PortOpener>, first_seq: u8) -> Self {
        Self {
            line: Line::new(opener, first_seq),
            identity: None,
        }
    }

    /// Hands were shaken on this port.
    pub(super) fn is_attached(&self) -> bool {
        self.identity.is_some() && self.line.is_open()
    }

    /// Opens the port if need be, shakes hands, asks who is there.
    ///
    /// A port that stays silent is let go, so that the next call opens it anew:
    /// a converter that was restarted, or a device node that was replaced, is found only that way.
    pub(super) fn attach(&mut self, watch: &mut dyn Watch) -> Result<Status, Fault> {
        self.identity = None;
        self.line.open(watch)?;
        let status = match self.line.handshake(watch) {
            Ok(answer) => answer.status,
            Err(fault) => {
                self.line.close();
                return Err(fault);
            }
        };
        // "1" asks for the checksum too; the field is there either way.
        let data = self.read(command::DEVICE_INFO, b"1", watch)?;
        let identity = DeviceInfo::parse(&data).ok_or(Fault::AnswerUnreadable)?;
        self.identity = Some(identity);
        Ok(status)
    }

    /// Lets the port go; nothing is outstanding on it.
    pub(super) fn detach(&mut self) {
        self.identity = None;
        self.line.close();
    }

    /// Who is there.
    pub(super) fn identity(&self) -> Option<&DeviceInfo> {
        self.identity.as_ref()
    }

    /// Sends a command that changes or prints something.
    pub(super) fn execute(
        &mut self,
        number: u8,
        data: Vec<u8>,
        limit_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Answer, Trouble> {
        let answer = match self.line.command(number, data, limit_ms, watch) {
            Ok(answer) => answer,
            Err(Fault::JobNotPrintable) => {
                return Err(Trouble::Refused(Fault::JobNotPrintable, String::new()));
            }
            Err(fault) => return Err(Trouble::Lost(fault)),
        };
        match refusal(answer.status) {
            None => Ok(answer),
            Some(fault) => Err(self.explain(number, fault, answer.status, watch)),
        }
    }

    /// Asks something that changes nothing.
    pub(super) fn read(
        &mut self,
        number: u8,
        data: &[u8],
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, Fault> {
        let answer = self
            .line
            .command(number, data.to_vec(), COMMAND_LIMIT_MS, watch)?;
        // Missing paper does not keep a printer from telling; only these bits speak of the question itself.
        if answer.status.has(Flag::UnknownCommand) {
            return Err(Fault::UnknownCommand);
        }
        if answer.status.has(Flag::Syntax) {
            return Err(Fault::Syntax);
        }
        if answer.status.has(Flag::NotAllowed) && answer.data.is_empty() {
            return Err(Fault::NotAllowed);
        }
        Ok(answer.data)
    }

    fn ask<T>(
        &mut self,
        number: u8,
        data: &[u8],
        parse: impl FnOnce(&[u8]) -> Option<T>,
        watch: &mut dyn Watch,
    ) -> Result<T, Fault> {
        let data = self.read(number, data, watch)?;
        parse(&data).ok_or(Fault::AnswerUnreadable)
    }

    /// 4Ah.
    pub(super) fn status(&mut self, watch: &mut dyn Watch) -> Result<Status, Fault> {
        let answer = self
            .line
            .command(command::STATUS, Vec::new(), COMMAND_LIMIT_MS, watch)?;
        Ok(answer.status)
    }

    /// 4Ch with the tender.
    pub(super) fn transaction(&mut self, watch: &mut dyn Watch) -> Result<Transaction, Fault> {
        self.ask(command::TRANSACTION, b"T", Transaction::parse, watch)
    }

    /// 67h.
    pub(super) fn receipt_sums(&mut self, watch: &mut dyn Watch) -> Result<ReceiptSums, Fault> {
        self.ask(command::RECEIPT_SUMS, b"", ReceiptSums::parse, watch)
    }

    /// 6Eh.
    pub(super) fn day_payments(&mut self, watch: &mut dyn Watch) -> Result<DayPayments, Fault> {
        self.ask(command::DAY_PAYMENTS, b"", DayPayments::parse, watch)
    }

    /// 40h.
    pub(super) fn last_z(&mut self, watch: &mut dyn Watch) -> Result<LastZ, Fault> {
        self.ask(command::LAST_Z, b"", LastZ::parse, watch)
    }

    /// 41h with `0`: sales, or `2`: refunds.
    pub(super) fn day_totals(
        &mut self,
        option: &[u8],
        watch: &mut dyn Watch,
    ) -> Result<[i64; 8], Fault> {
        self.ask(command::DAY_TOTALS, option, parse_groups, watch)
    }

    /// 46h without data: with `0` some FP-700 print a slip (spec 2, 46h).
    pub(super) fn cash(&mut self, watch: &mut dyn Watch) -> Result<Cash, Fault> {
        self.ask(command::CASH, b"", Cash::parse, watch)
    }

    /// 53h without data; `None` for every group where the device does not tell.
    pub(super) fn rates(&mut self, watch: &mut dyn Watch) -> [Option<u32>; 8] {
        let rates = self.ask(command::RATES, b"", Rates::parse, watch);
        rates.map_or([None; 8], |rates| {
            rates.rates.map(|rate| {
                let hundredths = u32::try_from(rate?).ok()?;
                hundredths.checked_mul(100)
            })
        })
    }

    /// 3Eh, where the device tells it.
    pub(super) fn clock(&mut self, watch: &mut dyn Watch) -> Option<String> {
        let data = self.read(command::CLOCK, b"", watch).ok()?;
        String::from_utf8(data).ok().filter(|text| !text.is_empty())
    }

    /// The counters of a baseline.
    pub(super) fn counters(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        let (serial, fiscal_memory) = self
            .identity
            .as_ref()
            .map(|identity| (identity.serial.clone(), identity.fiscal_memory.clone()))
            .ok_or(Fault::PortLost)?;
        let last_document = self.ask(command::LAST_DOCUMENT, b"", parse_document, watch)?;
        let next_fiscal_receipt = self.day_payments(watch)?.next_receipt;
        // 6Eh has a closure number too, but the manuals leave open whether it is the last one's or the next one's.
        let z_number = self.last_z(watch)?.closure;
        let cash = self.cash(watch)?;
        Ok(Baseline {
            serial,
            fiscal_memory,
            last_document,
            next_fiscal_receipt,
            z_number,
            cash: Amount::from_minor(cash.cash),
            cash_in: Amount::from_minor(cash.paid_in),
            cash_out: Amount::from_minor(cash.taken_out),
        })
    }

    /// Everything that recovery looks at.
    pub(super) fn standing(&mut self, watch: &mut dyn Watch) -> Result<Standing, Fault> {
        let condition = condition(self.status(watch)?);
        let transaction = self.transaction(watch)?;
        let groups = if condition.fiscal_receipt_open {
            self.receipt_sums(watch)?.groups
        } else {
            [0; 8]
        };
        Ok(Standing {
            counters: self.counters(watch)?,
            condition,
            transaction,
            groups,
        })
    }

    /// Asks for the reason of a refusal (20h), where the firmware knows the question.
    fn explain(
        &mut self,
        number: u8,
        fault: Fault,
        status: Status,
        watch: &mut dyn Watch,
    ) -> Trouble {
        if fault != Fault::NotAllowed {
            return Trouble::Refused(fault, String::new());
        }
        let told = self
            .ask(command::LAST_ERROR, b"", LastError::parse, watch)
            .ok()
            .filter(|error| error.command == u32::from(number) && error.code != 0);
        let detail = told.as_ref().map_or_else(String::new, |error| {
            format!("{} {}", error.code, error.text).trim().to_owned()
        });
        let reason = told
            .and_then(|error| fault_of_code(error.code))
            // The open cover has no error bit of its own (spec 1.1, S0.6).
            .or_else(|| status.has(Flag::CoverOpen).then_some(Fault::CoverOpen))
            .unwrap_or(fault);
        Trouble::Refused(reason, detail)
    }
}

/// What the status of an answer says about a command that was to print or to change something.
fn refusal(status: Status) -> Option<Fault> {
    let by_flag = [
        (Flag::Syntax, Fault::Syntax),
        (Flag::UnknownCommand, Fault::UnknownCommand),
        (Flag::MemoryReset, Fault::MemoryReset),
        (Flag::PaperOut, Fault::PaperOut),
        (Flag::Mechanism, Fault::Mechanism),
        (Flag::Overflow, Fault::Overflow),
        (Flag::NotAllowed, Fault::NotAllowed),
        (Flag::FiscalMemoryFull, Fault::FiscalMemoryFull),
        (Flag::FiscalMemoryError, Fault::FiscalMemoryDamaged),
    ];
    by_flag
        .into_iter()
        .find(|(flag, _)| status.has(*flag))
        .map(|(_, fault)| fault)
}

/// The codes of 20h that a till can meet (spec 2, error codes).
fn fault_of_code(code: i64) -> Option<Fault> {
    Some(match code {
        -150_001 => Fault::Syntax,
        -150_002 => Fault::UnknownCommand,
        -150_010 => Fault::Blocked,
        -150_100 => Fault::ClockNotSet,
        -150_101 => Fault::PaperOut,
        -150_102 => Fault::JournalFull,
        -150_103 => Fault::Overflow,
        -150_104 => Fault::Password,
        -150_200 => Fault::ReceiptOpen,
        -150_201 => Fault::NoReceiptOpen,
        -150_204 => Fault::DayTooLong,
        -150_205 | -150_206 => Fault::ClockNotSet,
        -150_300 | -150_800 => Fault::NotFiscalised,
        -150_314..=-150_301 => Fault::FiscalMemoryDamaged,
        -150_402 | -150_403 => Fault::TaxGroup,
        -150_404 | -150_420 => Fault::TooManyLines,
        -150_406 | -150_408 | -150_431 => Fault::Value,
        -150_405 | -150_409 | -150_411 => Fault::PaymentStarted,
        -150_410 | -150_414 | -150_415 => Fault::PaymentType,
        -150_412 => Fault::NotPaid,
        -150_413 => Fault::NotEnoughCash,
        -150_434 => Fault::PaymentRefused,
        -150_811..=-150_807 => Fault::TaxTerminal,
        _ => return None,
    })
}

/// The status in the words that every family shares.
pub(super) fn condition(status: Status) -> Condition {
    Condition {
        paper: if status.has(Flag::PaperOut) {
            Paper::Out
        } else if status.has(Flag::PaperLow) {
            Paper::Low
        } else {
            Paper::Ok
        },
        cover_open: status.has(Flag::CoverOpen),
        mechanism_fault: status.has(Flag::Mechanism) || status.has(Flag::Overheated),
        clock_not_set: status.has(Flag::ClockNotSet),
        memory_reset: status.has(Flag::MemoryReset),
        fiscal_receipt_open: status.has(Flag::ReceiptOpen),
        slip_open: status.has(Flag::SlipOpen),
        fiscal_memory_full: status.has(Flag::FiscalMemoryFull),
        fiscal_memory_low: status.has(Flag::FiscalMemoryLow),
        fiscal_memory_fault: status.has(Flag::FiscalMemoryError)
            || status.has(Flag::FiscalMemoryRead),
        journal_low: status.has(Flag::JournalLow),
        journal_full: status.has(Flag::JournalFull),
        fiscalised: status.has(Flag::Fiscalised),
    }
}
