//! The questions and commands of a printer, typed, with its refusals put into our words.

use ferrotill_core::Amount;

use super::super::line::{COMMAND_LIMIT_MS, Line};
use super::options::Options;
use crate::family::{Errors, Protocol, Row};
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{Baseline, Condition, Paper, Watch};
use crate::wire::cause::Cause;
use crate::wire::framing::Answer;
use crate::wire::isl_receipt::Open;
use crate::wire::isl_report::{Cash, DayPayments, DeviceInfo, LastZ, Transaction};
use crate::wire::isl_status::{Flag, Layout, Status};
use crate::wire::isl_x::split_error;

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

    /// The fault and the device's own words.
    pub(super) fn told(self) -> (Fault, String) {
        match self {
            Self::Lost(fault) => (fault, String::new()),
            Self::Refused(fault, words) => (fault, words),
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
    /// What its days have come to: asked for where the numbers prove nothing.
    pub(super) sums: Option<Sums>,
}

/// Gross sums per tax group, in minor units, of the day since the last Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Today {
    /// Sales.
    pub(super) sales: [i64; 8],
    /// Refunds, where the firmware tells them.
    pub(super) refunds: Option<[i64; 8]>,
}

/// What a device says of its day, and of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// The day since the last Z-report.
    pub(super) today: Today,
    /// The sales that the last Z-report put into the fiscal memory, where it is told.
    pub(super) last_z: Option<[i64; 8]>,
}

/// A command in the words of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    /// Its number.
    pub(super) command: u8,
    /// Its data.
    pub(super) data: Vec<u8>,
}

impl Wire {
    /// What a row says.
    pub(super) fn of<Q, A>(row: &Row<Q, A>, ask: &Q) -> Self {
        Self {
            command: row.command,
            data: (row.ask.emit)(ask),
        }
    }
}

/// A printer at the end of a line.
pub(super) struct Device {
    protocol: &'static Protocol,
    line: Line,
    options: Options,
    identity: Option<DeviceInfo>,
    /// The last Z-report as of the last reading of the counters.
    last_z: Option<LastZ>,
    /// This firmware does not know the question for the last document.
    no_last_document: bool,
    /// Sales, and refunds, were seen to move the counters as foreseen, since hands were shaken.
    foreseeable: [bool; 2],
}

impl Device {
    pub(super) fn new(
        protocol: &'static Protocol,
        opener: Box<dyn PortOpener>,
        options: Options,
        first_seq: u8,
    ) -> Self {
        let mut line = Line::new(opener, protocol.framing, first_seq);
        if protocol.seller.password_digits.is_some() {
            line.hide_passwords_of(&[protocol.open.command, protocol.refund.command]);
        }
        Self {
            protocol,
            line,
            options,
            identity: None,
            last_z: None,
            no_last_document: false,
            foreseeable: [false; 2],
        }
    }

    /// The last Z-report as of the last reading of the counters.
    pub(super) fn last_z_read(&self) -> Option<&LastZ> {
        self.last_z.as_ref().filter(|last| last.closure > 0)
    }

    /// Its family.
    pub(super) fn protocol(&self) -> &'static Protocol {
        self.protocol
    }

    /// Its model, as far as it was asked.
    fn model(&self) -> &str {
        self.identity
            .as_ref()
            .map_or("", |identity| identity.name.as_str())
    }

    /// Hands were shaken on this port.
    pub(super) fn is_attached(&self) -> bool {
        self.identity.is_some() && self.line.is_open()
    }

    /// Opens the port if need be, shakes hands, asks who is there.
    ///
    /// A port that stays silent is let go, so that the next call opens it anew:
    /// a converter that was restarted, or a device node that was replaced, is found only that way.
    pub(super) fn attach(&mut self, watch: &mut dyn Watch) -> Result<Condition, Fault> {
        self.identity = None;
        self.no_last_document = false;
        self.foreseeable = [false; 2];
        let question = Wire::of(&self.protocol.state, &());
        let status = self
            .line
            .attach(&(question.command, question.data), watch)?
            .status;
        let identity = self.ask(&self.protocol.device_info, &(), watch)?;
        if self.options.is_another(&identity.serial) {
            self.line.close();
            return Err(Fault::PrinterSwapped);
        }
        self.identity = Some(identity);
        Ok(condition(&self.protocol.status, status))
    }

    /// Lets the port go; nothing is outstanding on it.
    pub(super) fn detach(&mut self) {
        self.identity = None;
        self.line.close();
    }

    /// Whether receipts of this kind were seen to move the counters as foreseen.
    pub(super) fn is_foreseeable(&self, refund: bool) -> bool {
        let [sales, refunds] = self.foreseeable;
        if refund { refunds } else { sales }
    }

    /// What was seen of a receipt of this kind.
    pub(super) fn learn(&mut self, refund: bool, as_foreseen: bool) {
        let [sales, refunds] = &mut self.foreseeable;
        *(if refund { refunds } else { sales }) = as_foreseen;
    }

    /// Where it is, with the speed that was found.
    pub(super) fn address(&self) -> String {
        self.line.address()
    }

    /// What the head of a receipt says of who sells.
    pub(super) fn seller(&self) -> Open {
        self.options.seller(&self.protocol.seller, self.model())
    }

    /// Who is there.
    pub(super) fn identity(&self) -> Option<&DeviceInfo> {
        self.identity.as_ref()
    }

    /// The printer that answers is the one of this baseline: same serial number, same fiscal memory.
    pub(super) fn is_that_of(&self, baseline: &Baseline) -> bool {
        self.identity.as_ref().is_some_and(|identity| {
            identity.serial == baseline.serial && identity.fiscal_memory == baseline.fiscal_memory
        })
    }

    /// Sends a command that changes or prints something, and sees to it that it is not done twice; gives the data of its answer.
    ///
    /// [`Trouble::Lost`] may come of a device that is there and knows nothing of the command: its counters tell what that means.
    pub(super) fn execute(
        &mut self,
        wire: &Wire,
        limit_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, Trouble> {
        let question = Wire::of(&self.protocol.state, &());
        let question = (question.command, question.data);
        let data = wire.data.clone();
        let sent = self
            .line
            .order(wire.command, data, question, limit_ms, watch);
        self.executed(wire, sent, watch)
    }

    /// The same for what may be done twice, because twice is as good as once.
    pub(super) fn execute_freely(
        &mut self,
        wire: &Wire,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, Trouble> {
        let data = wire.data.clone();
        let sent = self.line.ask(wire.command, data, COMMAND_LIMIT_MS, watch);
        self.executed(wire, sent, watch)
    }

    fn executed(
        &mut self,
        wire: &Wire,
        sent: Result<Answer, Fault>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, Trouble> {
        let answer = match sent {
            Ok(answer) => answer,
            Err(Fault::JobNotPrintable) => {
                return Err(Trouble::Refused(Fault::JobNotPrintable, String::new()));
            }
            Err(fault) => return Err(Trouble::Lost(fault)),
        };
        let by_status = refusal(&self.protocol.status, answer.status);
        match self.protocol.errors {
            Errors::First => self.by_code(&answer, by_status),
            Errors::Asked(question) => match by_status {
                None => Ok(answer.data),
                Some(fault) => Err(self.explain(&question, wire.command, fault, &answer, watch)),
            },
            Errors::Silent => match by_status {
                None => Ok(answer.data),
                Some(fault) => Err(Trouble::Refused(
                    self.or_cover(fault, answer.status),
                    String::new(),
                )),
            },
        }
    }

    /// The error code counts, whatever the status bits say (spec 0.5).
    fn by_code(&self, answer: &Answer, by_status: Option<Fault>) -> Result<Vec<u8>, Trouble> {
        match split_error(&answer.data) {
            Some((0, data)) => Ok(data.to_vec()),
            Some((code, _)) => {
                let fault = self
                    .protocol
                    .cause_of(code)
                    .map(fault_of)
                    .or(by_status)
                    .unwrap_or(Fault::NotAllowed);
                Err(Trouble::Refused(fault, code.to_string()))
            }
            None => Err(match by_status {
                Some(fault) => Trouble::Refused(fault, String::new()),
                // Answered, and nobody knows what: as if the answer were lost.
                None => Trouble::Lost(Fault::AnswerUnreadable),
            }),
        }
    }

    /// Asks for the reason of a refusal, where the firmware knows the question.
    fn explain(
        &mut self,
        question: &Row<bool, crate::wire::isl_report::LastError>,
        number: u8,
        fault: Fault,
        answer: &Answer,
        watch: &mut dyn Watch,
    ) -> Trouble {
        if fault != Fault::NotAllowed {
            return Trouble::Refused(fault, String::new());
        }
        let told = self
            .ask(question, &false, watch)
            .ok()
            .filter(|error| error.command == u32::from(number) && error.code != 0);
        let detail = told.as_ref().map_or_else(String::new, |error| {
            format!("{} {}", error.code, error.text).trim().to_owned()
        });
        let reason = told
            .and_then(|error| self.protocol.cause_of(error.code))
            .map(fault_of)
            .filter(|reason| *reason != Fault::NotAllowed)
            .unwrap_or_else(|| self.or_cover(fault, answer.status));
        Trouble::Refused(reason, detail)
    }

    /// The open cover has no error bit of its own (spec 1.1, S0.6).
    fn or_cover(&self, fault: Fault, status: Status) -> Fault {
        if fault == Fault::NotAllowed && self.protocol.status.has(status, Flag::CoverOpen) {
            Fault::CoverOpen
        } else {
            fault
        }
    }

    /// Asks something that changes nothing.
    pub(super) fn ask<Q, A>(
        &mut self,
        row: &Row<Q, A>,
        question: &Q,
        watch: &mut dyn Watch,
    ) -> Result<A, Fault> {
        self.ask_with_status(row, question, watch)
            .map(|(told, _)| told)
    }

    /// The same, with the status that stands beside every answer.
    fn ask_with_status<Q, A>(
        &mut self,
        row: &Row<Q, A>,
        question: &Q,
        watch: &mut dyn Watch,
    ) -> Result<(A, Status), Fault> {
        let wire = Wire::of(row, question);
        let answer = self
            .line
            .ask(wire.command, wire.data, COMMAND_LIMIT_MS, watch)?;
        let status = answer.status;
        let data = if matches!(self.protocol.errors, Errors::First) {
            let by_status = unanswered(&self.protocol.status, &answer);
            self.by_code(&answer, by_status).map_err(Fault::from)?
        } else if let Some(fault) = unanswered(&self.protocol.status, &answer) {
            return Err(fault);
        } else {
            answer.data
        };
        let told = (row.answer.parse)(&data).ok_or(Fault::AnswerUnreadable)?;
        Ok((told, status))
    }

    /// Its condition and the number of its last document, in one question: nobody has printed anything if that stands still.
    /// The number is none where the firmware does not know the question.
    pub(super) fn glance(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<(Condition, Option<u32>), Fault> {
        if !self.no_last_document {
            let row = &self.protocol.last_document;
            match self.ask_with_status(row, &(), watch) {
                Ok((number, status)) => {
                    return Ok((condition(&self.protocol.status, status), Some(number)));
                }
                Err(fault) if is_silence(fault) => return Err(fault),
                Err(_) => {}
            }
        }
        let row = &self.protocol.transaction;
        match self.ask_with_status(row, &true, watch) {
            Ok((transaction, status)) => Ok((
                condition(&self.protocol.status, status),
                transaction.document,
            )),
            Err(fault) if is_silence(fault) => Err(fault),
            Err(_) => self.status(watch).map(|condition| (condition, None)),
        }
    }

    /// Its condition.
    pub(super) fn status(&mut self, watch: &mut dyn Watch) -> Result<Condition, Fault> {
        let wire = Wire::of(&self.protocol.state, &());
        let answer = self
            .line
            .ask(wire.command, wire.data, COMMAND_LIMIT_MS, watch)?;
        Ok(condition(&self.protocol.status, answer.status))
    }

    /// The day's payments, where this firmware tells them.
    pub(super) fn day_payments(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<DayPayments>, Fault> {
        optional(self.ask(&self.protocol.day_payments, &(), watch))
    }

    /// The last Z-report, where this firmware tells it. A device that has printed none may refuse the question.
    fn last_z(&mut self, watch: &mut dyn Watch) -> Result<Option<LastZ>, Fault> {
        optional(self.ask(&self.protocol.last_z, &(), watch))
    }

    /// The cash in the drawer.
    pub(super) fn cash(&mut self, watch: &mut dyn Watch) -> Result<Cash, Fault> {
        self.ask(&self.protocol.cash, &None, watch)
    }

    /// The tax rates in ten-thousandths of a percent.
    pub(super) fn rates(&mut self, watch: &mut dyn Watch) -> Result<[Option<u32>; 8], Fault> {
        let rates = self.ask(&self.protocol.rates, &(), watch)?;
        Ok(rates.rates.map(|rate| {
            let hundredths = u32::try_from(rate?).ok()?;
            hundredths.checked_mul(100)
        }))
    }

    /// The clock.
    pub(super) fn clock(&mut self, watch: &mut dyn Watch) -> Result<String, Fault> {
        self.ask(&self.protocol.clock, &(), watch)
    }

    /// The counters of a baseline.
    pub(super) fn counters(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        let (serial, fiscal_memory) = self
            .identity
            .as_ref()
            .map(|identity| (identity.serial.clone(), identity.fiscal_memory.clone()))
            .ok_or(Fault::PortLost)?;
        let last_document = self.last_document(watch)?;
        let next_fiscal_receipt = self.next_fiscal(watch)?;
        // 6Eh has a closure number too, but the manuals leave open whether it is the last one's or the next one's.
        self.last_z = self.last_z(watch)?;
        let z_number = self.last_z.as_ref().map(|last_z| last_z.closure);
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

    fn last_document(&mut self, watch: &mut dyn Watch) -> Result<u32, Fault> {
        match self.ask(&self.protocol.last_document, &(), watch) {
            // This firmware does not know the question; the transaction may tell the number too.
            Err(refused) if !refused.is_line() => {
                self.no_last_document = true;
                let transaction = self.ask(&self.protocol.transaction, &true, watch)?;
                transaction.document.ok_or(refused)
            }
            told => told,
        }
    }

    /// The number of the next fiscal receipt; 0 where the firmware does not tell it.
    fn next_fiscal(&mut self, watch: &mut dyn Watch) -> Result<u32, Fault> {
        let told = match &self.protocol.next_fiscal {
            None => self.day_payments(watch)?.and_then(|day| day.next_receipt),
            Some(question) => optional(self.ask(question, &(), watch))?,
        };
        Ok(told.unwrap_or(0))
    }

    /// What the day has come to.
    pub(super) fn today(&mut self, watch: &mut dyn Watch) -> Result<Today, Fault> {
        let [sales, _, refunds, _] = &self.protocol.day_groups;
        let sales = self.ask(sales, &(), watch)?;
        // Refunds are an option that not every firmware has; a refusal of the question is no fault.
        let refunds = optional(self.ask(refunds, &(), watch))?;
        Ok(Today { sales, refunds })
    }

    /// The day and the one before, where this firmware tells them: witnesses of a receipt. The counters were read just before.
    pub(super) fn sums(&mut self, watch: &mut dyn Watch) -> Result<Option<Sums>, Fault> {
        let today = optional(self.today(watch))?;
        Ok(today.map(|today| Sums {
            today,
            last_z: self.last_z.as_ref().map(|last_z| last_z.groups),
        }))
    }

    /// Everything that recovery looks at.
    pub(super) fn standing(&mut self, watch: &mut dyn Watch) -> Result<Standing, Fault> {
        let condition = self.status(watch)?;
        let transaction = self.ask(&self.protocol.transaction, &true, watch)?;
        let groups = if condition.fiscal_receipt_open {
            self.ask(&self.protocol.receipt_sums, &(), watch)?.groups
        } else {
            [0; 8]
        };
        Ok(Standing {
            counters: self.counters(watch)?,
            condition,
            transaction,
            groups,
            sums: None,
        })
    }
}

/// Nothing was heard of the device. An answer that cannot be understood is not silence.
fn is_silence(fault: Fault) -> bool {
    fault.is_line() && fault != Fault::AnswerUnreadable
}

/// What not every firmware tells: a refusal of the question, or an answer in an unknown form, is no fault.
fn optional<T>(told: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(fault) if is_silence(fault) => Err(fault),
        Err(_) => Ok(None),
    }
}

/// What the status of an answer says about a command that was to print or to change something.
fn refusal(layout: &Layout, status: Status) -> Option<Fault> {
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
        .find(|(flag, _)| layout.has(status, *flag))
        .map(|(_, fault)| fault)
}

/// What the status says about a question. Missing paper does not keep a printer from telling.
fn unanswered(layout: &Layout, answer: &Answer) -> Option<Fault> {
    if layout.has(answer.status, Flag::UnknownCommand) {
        Some(Fault::UnknownCommand)
    } else if layout.has(answer.status, Flag::Syntax) {
        Some(Fault::Syntax)
    } else if layout.has(answer.status, Flag::NotAllowed) && answer.data.is_empty() {
        Some(Fault::NotAllowed)
    } else {
        None
    }
}

/// A family's cause as a fault.
const fn fault_of(cause: Cause) -> Fault {
    match cause {
        Cause::Syntax => Fault::Syntax,
        Cause::UnknownCommand => Fault::UnknownCommand,
        Cause::NotPermitted | Cause::ReceiptsAfterZ => Fault::NotAllowed,
        Cause::Blocked | Cause::Locked => Fault::Blocked,
        Cause::Password => Fault::Password,
        Cause::ClockNotSet | Cause::DateBeforeLast => Fault::ClockNotSet,
        Cause::PaperOut => Fault::PaperOut,
        Cause::CoverOpen => Fault::CoverOpen,
        Cause::JournalFull => Fault::JournalFull,
        Cause::Overflow => Fault::Overflow,
        Cause::ReceiptOpen | Cause::RefundOpen | Cause::SlipOpen => Fault::ReceiptOpen,
        Cause::NoReceiptOpen => Fault::NoReceiptOpen,
        Cause::ZNeeded | Cause::DayTooLong => Fault::DayTooLong,
        Cause::NotFiscalised => Fault::NotFiscalised,
        Cause::FiscalMemoryFull => Fault::FiscalMemoryFull,
        Cause::FiscalMemory => Fault::FiscalMemoryDamaged,
        Cause::GroupDisabled => Fault::TaxGroup,
        Cause::TooManySales => Fault::TooManyLines,
        Cause::Negative | Cause::VoidOfNothing | Cause::Zero => Fault::Value,
        Cause::PaymentStarted | Cause::AlreadyPaid => Fault::PaymentStarted,
        Cause::NotPaid => Fault::NotPaid,
        Cause::PaymentType | Cause::NoChange => Fault::PaymentType,
        Cause::NotEnoughCash => Fault::NotEnoughCash,
        Cause::CardRefused => Fault::PaymentRefused,
        Cause::TaxTerminal => Fault::TaxTerminal,
    }
}

/// The status in the words that every family shares.
fn condition(layout: &Layout, status: Status) -> Condition {
    let has = |flag| layout.has(status, flag);
    Condition {
        paper: if has(Flag::PaperOut) {
            Paper::Out
        } else if has(Flag::PaperLow) {
            Paper::Low
        } else {
            Paper::Ok
        },
        cover_open: has(Flag::CoverOpen),
        mechanism_fault: has(Flag::Mechanism) || has(Flag::Overheated),
        clock_not_set: has(Flag::ClockNotSet),
        memory_reset: has(Flag::MemoryReset),
        fiscal_receipt_open: has(Flag::ReceiptOpen),
        slip_open: has(Flag::SlipOpen),
        fiscal_memory_full: has(Flag::FiscalMemoryFull),
        fiscal_memory_low: has(Flag::FiscalMemoryLow),
        fiscal_memory_fault: has(Flag::FiscalMemoryError) || has(Flag::FiscalMemoryRead),
        journal_low: has(Flag::JournalLow),
        journal_full: has(Flag::JournalFull),
        fiscalised: has(Flag::Fiscalised),
    }
}
