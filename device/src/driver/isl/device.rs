//! The connection to a printer: sends commands and turns its refusals into faults.

mod closings;
mod country;
mod meaning;
mod questions;
mod registers;

use ferrotill_core::seal::PrinterNumbers;

use self::closings::Closings;
use self::meaning::{acknowledged, condition, fault_of, is_printing_disabled, refusal, unanswered};
pub(super) use self::questions::optional;
use super::command::{Command, CommandFault};
use super::groups::GroupOrder;
use super::options::Options;
use crate::driver::line::{COMMAND_LIMIT_MS, Line};
use crate::family::{CommandRow, Errors, LineWidth, Protocol, TextWidths, families_of_model};
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{Baseline, Condition, PrinterFigure, UnknownAnswer, Watch};
use crate::wire::framing::Answer;
use crate::wire::isl_counters::{DeviceInfo, LastZ};
use crate::wire::isl_receipt::Open;
use crate::wire::isl_report::LineLengths;
use crate::wire::isl_status::{Flag, Status};
use crate::wire::isl_x::split_error;

/// The number of the payment type of each letter of a family on a machine; `None` if the machine has no such type.
pub(super) type PaymentNumbers = [Option<usize>; 8];

/// Numbers of the connected machine that a question of their own has told.
struct AskedNumbers {
    /// The number of the last Z-report as of the last reading of the counters.
    z_number: Option<u32>,
    /// The numbers of the payment types on the machine, in the order of the family's letters.
    payments: PaymentNumbers,
}

/// The numbers of a family whose letters are the same on every machine.
pub(super) const SAME_NUMBERS: PaymentNumbers = [
    Some(0),
    Some(1),
    Some(2),
    Some(3),
    Some(4),
    Some(5),
    Some(6),
    Some(7),
];

/// A printer that is reached by a line.
pub(super) struct Device {
    /// The family, in its usual form.
    family: &'static Protocol,
    /// The family in the form of the connected machine's country.
    protocol: &'static Protocol,
    /// The country of the connected machine; `?` if its answers show none; empty if the family has one form.
    country: &'static str,
    /// The serial number of the machine whose country is known.
    country_of: Option<Box<str>>,
    /// The number of that machine's fiscal memory, if only the answer about its registration has it.
    fiscal_number: String,
    line: Line,
    options: Options,
    identity: Option<DeviceInfo>,
    /// Whether the device reported, when it was connected, that a host cannot print.
    printing_disabled: bool,
    /// The serial number of the device that was asked for the lengths of its lines, and its answer.
    line_lengths: Option<Box<(String, Option<LineLengths>)>>,
    /// The last Z-report as of the last reading of the counters.
    last_z: Option<LastZ>,
    /// What the connected machine was asked for because its answers do not tell it.
    asked: Box<AskedNumbers>,
    /// Whether this firmware does not support the question for the number of the last document.
    no_last_document: bool,
    /// Whether this firmware does not support the question for the time of the last receipt.
    no_receipt_time: bool,
    /// The figures that this firmware does not report, or reports in an unknown form, as of the last question for each.
    missing: Vec<PrinterFigure>,
    /// The answers in unknown forms since the port was opened, one for each command.
    unknown_answers: Vec<UnknownAnswer>,
    /// The family of the model that answered last, if it is another one.
    other_families: &'static [&'static str],
    /// The configured rates of the till's tax groups.
    till_rates: [Option<u32>; 8],
    /// The order of the machine's tax groups, read when it was connected.
    groups: GroupOrder,
    /// For sales and for refunds: whether such a receipt has moved the counters as predicted since the device was connected.
    counters_predictable: [bool; 2],
    /// What the answers to closes have told since then.
    pub(super) closings: Closings,
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
            let openings = protocol.refund.iter().map(|row| row.command);
            let mut openings: Vec<u8> = openings.chain([protocol.open.command]).collect();
            if let Some(asked) = &protocol.asked {
                openings.extend([asked.slip_open.command, asked.cash.command]);
            }
            line.hide_passwords_of(&openings);
        }
        Self {
            family: protocol,
            protocol,
            country: "",
            country_of: None,
            fiscal_number: String::new(),
            line,
            options,
            identity: None,
            printing_disabled: false,
            line_lengths: None,
            last_z: None,
            asked: Box::new(AskedNumbers {
                z_number: None,
                payments: SAME_NUMBERS,
            }),
            no_last_document: false,
            no_receipt_time: false,
            missing: Vec::new(),
            unknown_answers: Vec::new(),
            other_families: &[],
            till_rates: [None; 8],
            groups: GroupOrder::SAME,
            counters_predictable: [false; 2],
            closings: Closings::default(),
        }
    }

    /// Takes the configured rates of the till's tax groups. Returns true if they are new and the machine must be connected again.
    pub(super) fn use_tax_rates(&mut self, rates: &[Option<u32>; 8]) -> bool {
        let changed = self.family.groups_by_rate && self.till_rates != *rates;
        self.till_rates = *rates;
        if changed && self.is_attached() {
            self.detach();
            return true;
        }
        false
    }

    /// Reads the order of the tax groups of the machine that was just connected. If it cannot be read, the groups are used by their
    /// letters, as on every other family.
    fn read_groups(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if self.protocol.groups_by_rate && self.till_rates != [None; 8] {
            let rates = optional(self.machine_rates(watch))?.unwrap_or(self.till_rates);
            self.groups = GroupOrder::by_rate(&self.till_rates, &rates);
        }
        Ok(())
    }

    /// The order of the machine's tax groups.
    pub(super) const fn groups(&self) -> GroupOrder {
        self.groups
    }

    /// The answers in unknown forms.
    pub(super) fn unknown_answers(&self) -> &[UnknownAnswer] {
        &self.unknown_answers
    }

    /// The last Z-report as of the last reading of the counters.
    pub(super) fn last_z_read(&self) -> Option<&LastZ> {
        self.last_z.as_ref().filter(|last| last.closure > 0)
    }

    /// The family of the printer.
    pub(super) fn protocol(&self) -> &'static Protocol {
        self.protocol
    }

    /// The country of the connected machine, as in the option `country` of its address; `?` if its answers show none; empty if the
    /// family has one form.
    pub(super) const fn country(&self) -> &'static str {
        self.country
    }

    /// The model of the printer; empty if it was not asked.
    fn model(&self) -> &str {
        self.identity
            .as_ref()
            .map_or("", |identity| identity.name.as_str())
    }

    /// Whether the device has answered on this port.
    pub(super) fn is_attached(&self) -> bool {
        self.identity.is_some() && self.line.is_open()
    }

    /// Opens the port if needed, makes contact and asks for the device's identity.
    ///
    /// A port that stays silent is closed, so that the next call opens it again: only a newly opened port finds a converter that
    /// was restarted or a device file that was replaced.
    pub(super) fn attach(&mut self, watch: &mut dyn Watch) -> Result<Condition, Fault> {
        self.identity = None;
        self.no_last_document = false;
        self.no_receipt_time = false;
        self.counters_predictable = [false; 2];
        self.closings = Closings::default();
        let question = Command::of(&self.protocol.state, &());
        let answer = self.line.attach(&(question.number, question.data), watch)?;
        let identity = optional(self.ask(&self.protocol.device_info, &(), watch))?;
        self.refuse_other_family(identity.as_ref())?;
        let mut identity = identity.ok_or(Fault::NoSerialNumber)?;
        self.complete(&mut identity, watch)?;
        if self.options.is_another(&identity.serial) {
            self.line.close();
            return Err(Fault::PrinterSwapped);
        }
        self.identity = Some(identity);
        let status = self.status_in(&answer)?;
        self.printing_disabled = is_printing_disabled(&self.protocol.status, status);
        let known = self.choose_country(watch);
        if let Err(fault) = known
            .and_then(|()| self.ask_line_lengths(watch))
            .and_then(|()| self.read_groups(watch))
        {
            self.identity = None;
            return Err(fault);
        }
        Ok(condition(&self.protocol.status, status))
    }

    /// Refuses a printer whose model belongs to another family. Such a printer may answer the question for its identity in a form that
    /// this family does not have; the name of the model is the first field of the answer then too.
    fn refuse_other_family(&mut self, identity: Option<&DeviceInfo>) -> Result<(), Fault> {
        let command = self.protocol.device_info.command;
        let mut unknown = self.unknown_answers.iter();
        let unread = unknown.find(|answer| answer.command == command);
        let model = match (identity, unread) {
            (Some(identity), _) => identity.name.clone(),
            (None, Some(answer)) => {
                let is_end = |byte: &u8| matches!(byte, b',' | b'\t' | b';');
                let name = answer.data.split(is_end).next().unwrap_or_default();
                String::from_utf8_lossy(name).into_owned()
            }
            (None, None) => String::new(),
        };
        let families = families_of_model(&model);
        if families.is_empty() || families.contains(&self.family.name) {
            self.other_families = &[];
            return Ok(());
        }
        self.other_families = families;
        self.line.close();
        Err(Fault::WrongFamily)
    }

    /// The families of the model that answered last, if it is of none that the address names.
    pub(super) const fn other_families(&self) -> &'static [&'static str] {
        self.other_families
    }

    /// The status in an answer to the question for it.
    fn status_in(&self, answer: &Answer) -> Result<Status, Fault> {
        match self.protocol.asked {
            None => Ok(answer.status),
            // Only the data of this answer have the status.
            Some(_) => {
                let told = self.protocol.state.answer.read(&answer.data);
                told.ok_or(Fault::AnswerUnreadable)
            }
        }
    }

    /// Asks a device that was not asked before for the lengths of its lines.
    fn ask_line_lengths(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        let Some(row) = &self.protocol.line_lengths else {
            return Ok(());
        };
        let serial = self
            .identity
            .as_ref()
            .map_or_else(String::new, |identity| identity.serial.clone());
        let is_known = self
            .line_lengths
            .as_ref()
            .is_some_and(|known| known.0 == serial);
        if !is_known {
            let lengths = optional(self.ask(row, &(), watch))?;
            self.line_lengths = Some(Box::new((serial, lengths)));
        }
        Ok(())
    }

    /// The lengths of lines that are sent: those that the connected model reports, or else those of the family.
    pub(super) fn widths(&self) -> TextWidths {
        let usual = self.protocol.limits.widths;
        match self.line_lengths.as_deref() {
            Some((_, Some(lengths))) => TextWidths {
                name: LineWidth::of(lengths.name),
                receipt: LineWidth::of(lengths.text),
                slip: LineWidth::of(lengths.text),
                ..usual
            },
            _ => usual,
        }
    }

    /// Whether nothing that the printer prints now is fiscal, because it is in the service or training mode. A printer that does not
    /// answer the question is taken to be in its usual mode.
    pub(super) fn is_training(&mut self, watch: &mut dyn Watch) -> Result<bool, Fault> {
        let Some(row) = &self.protocol.mode else {
            return Ok(false);
        };
        let mode = optional(self.ask(row, &(), watch))?;
        Ok(mode.is_some_and(|mode| mode != 0))
    }

    /// Whether the device reported, when it was connected, that a host cannot print.
    pub(super) const fn is_printing_disabled(&self) -> bool {
        self.printing_disabled
    }

    /// Closes the port; no answer is outstanding.
    pub(super) fn detach(&mut self) {
        self.identity = None;
        self.line.close();
    }

    /// The printer has just answered a close with these data.
    pub(super) fn closed(&mut self, data: &[u8]) {
        let counters = self.protocol.close.answer.read(data);
        self.closings.answered(counters, self.line.now());
    }

    /// Whether a receipt of this kind has moved the counters as predicted.
    pub(super) fn counters_are_predictable(&self, refund: bool) -> bool {
        let [sales, refunds] = self.counters_predictable;
        if refund { refunds } else { sales }
    }

    /// Remembers whether a receipt of this kind has moved the counters as predicted.
    pub(super) fn remember_prediction(&mut self, refund: bool, as_predicted: bool) {
        let [sales, refunds] = &mut self.counters_predictable;
        *(if refund { refunds } else { sales }) = as_predicted;
    }

    /// The address of the printer, with the speed that was found.
    pub(super) fn address(&self) -> String {
        self.line.address()
    }

    /// Operator, password, till and unique sale number for the opening of the receipt that follows this baseline.
    ///
    /// The unique sale number has the number of the document that the receipt will be, so that no two receipts of a printer have the
    /// same, and a restarted driver finds the same again.
    pub(super) fn seller(&self, refund: bool, baseline: &Baseline) -> Open {
        let usual = &self.protocol.seller;
        let open = self.options.seller(usual, self.model(), refund);
        let number = baseline.last_document.saturating_add(1);
        let unique = format!("{}-OP{:02}-{number:07}", baseline.serial, open.operator);
        Open {
            unique: if usual.has_unique_number {
                unique
            } else {
                String::new()
            },
            ..open
        }
    }

    /// The identity of the printer; `None` before it was asked.
    pub(super) fn identity(&self) -> Option<&DeviceInfo> {
        self.identity.as_ref()
    }

    /// Whether the connected printer is the one of this baseline: the same serial number, and no other fiscal memory.
    pub(super) fn is_that_of(&self, baseline: &Baseline) -> bool {
        self.identity.as_ref().is_some_and(|identity| {
            let numbers = PrinterNumbers {
                serial: &identity.serial,
                fiscal_memory: &identity.fiscal_memory,
            };
            numbers.are_of_one_printer(baseline.numbers())
        })
    }

    /// Sends a command that changes or prints something, so that it is executed at most once; returns the data of its answer.
    ///
    /// [`CommandFault::Lost`] is also the result if the device answers but has no record of the command. The device's counters
    /// show whether the command was executed.
    pub(super) fn execute(
        &mut self,
        command: &Command,
        limit_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, CommandFault> {
        let question = Command::of(&self.protocol.state, &());
        let question = (question.number, question.data);
        let data = command.data.clone();
        let sent = self
            .line
            .order(command.number, data, question, limit_ms, watch);
        self.executed(command, sent, watch)
    }

    /// Sends a command that may be executed twice without harm; returns the data of its answer.
    pub(super) fn execute_freely(
        &mut self,
        command: &Command,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, CommandFault> {
        let data = command.data.clone();
        let sent = self.line.ask(command.number, data, COMMAND_LIMIT_MS, watch);
        self.executed(command, sent, watch)
    }

    fn executed(
        &mut self,
        command: &Command,
        sent: Result<Answer, Fault>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, CommandFault> {
        let answer = match sent {
            Ok(answer) => answer,
            Err(Fault::JobNotPrintable) => {
                return Err(CommandFault::Refused(Fault::JobNotPrintable, String::new()));
            }
            Err(fault) => return Err(CommandFault::Lost(fault)),
        };
        let by_status = refusal(&self.protocol.status, answer.status);
        match self.protocol.errors {
            Errors::First => self.by_code(&answer, by_status),
            Errors::Asked(question) => match by_status {
                None => Ok(answer.data),
                Some(fault) => Err(self.explain(&question, command.number, fault, &answer, watch)),
            },
            Errors::InStatus(byte) => match by_status {
                None => Ok(answer.data),
                Some(fault) => Err(self.by_number(fault, answer.status, byte)),
            },
            Errors::Silent => match by_status {
                None => Ok(answer.data),
                Some(fault) => Err(CommandFault::Refused(
                    self.or_cover(fault, answer.status),
                    String::new(),
                )),
            },
            Errors::Acknowledged => acknowledged(self.protocol, answer),
        }
    }

    /// The result of an answer that begins with an error code: the code decides, and the status bits are used only if the code is
    /// missing or unknown.
    fn by_code(&self, answer: &Answer, by_status: Option<Fault>) -> Result<Vec<u8>, CommandFault> {
        match split_error(&answer.data) {
            Some((0, data)) => Ok(data.to_vec()),
            Some((code, _)) => {
                let fault = self
                    .protocol
                    .cause_of(code)
                    .map(fault_of)
                    .or(by_status)
                    .unwrap_or(Fault::NotAllowed);
                Err(CommandFault::Refused(fault, code.to_string()))
            }
            None => Err(match by_status {
                Some(fault) => CommandFault::Refused(fault, String::new()),
                // An answer that cannot be understood is treated as lost.
                None => CommandFault::Lost(Fault::AnswerUnreadable),
            }),
        }
    }

    /// The refusal of an answer whose status has the number of the reason.
    fn by_number(&self, fault: Fault, status: Status, byte: usize) -> CommandFault {
        let number = i64::from(status.number_in(byte));
        let layout = &self.protocol.status;
        let reason = match self.protocol.cause_of(number).map(fault_of) {
            _ if fault != Fault::NotAllowed => fault,
            Some(reason) if reason != Fault::NotAllowed => reason,
            _ if is_printing_disabled(layout, status) => Fault::NotInPrinterMode,
            _ => self.or_cover(fault, status),
        };
        let detail = if number == 0 {
            String::new()
        } else {
            format!("error {number}")
        };
        CommandFault::Refused(reason, detail)
    }

    /// Asks for the reason of a refusal, if the firmware supports the question.
    fn explain(
        &mut self,
        question: &CommandRow<bool, crate::wire::isl_report::LastError>,
        number: u8,
        fault: Fault,
        answer: &Answer,
        watch: &mut dyn Watch,
    ) -> CommandFault {
        if fault != Fault::NotAllowed {
            return CommandFault::Refused(fault, String::new());
        }
        let reported = self
            .ask(question, &false, watch)
            .ok()
            .filter(|error| error.command == u32::from(number) && error.code != 0);
        let detail = reported.as_ref().map_or_else(String::new, |error| {
            format!("{} {}", error.code, error.text).trim().to_owned()
        });
        let reason = reported
            .and_then(|error| self.protocol.cause_of(error.code))
            .map(fault_of)
            .filter(|reason| *reason != Fault::NotAllowed)
            .unwrap_or_else(|| self.or_cover(fault, answer.status));
        CommandFault::Refused(reason, detail)
    }

    /// An open cover sets its status bit (S0.6), but no error bit of its own.
    fn or_cover(&self, fault: Fault, status: Status) -> Fault {
        if fault == Fault::NotAllowed && self.protocol.status.has(status, Flag::CoverOpen) {
            Fault::CoverOpen
        } else {
            fault
        }
    }

    /// Sends a question, which changes nothing.
    pub(super) fn ask<Q, A>(
        &mut self,
        row: &CommandRow<Q, A>,
        question: &Q,
        watch: &mut dyn Watch,
    ) -> Result<A, Fault> {
        self.ask_with_status(row, question, watch)
            .map(|(reported, _)| reported)
    }

    /// Sends a question and returns its answer with the status that is part of every answer.
    pub(super) fn ask_with_status<Q, A>(
        &mut self,
        row: &CommandRow<Q, A>,
        question: &Q,
        watch: &mut dyn Watch,
    ) -> Result<(A, Status), Fault> {
        let command = Command::of(row, question);
        let answer = self
            .line
            .ask(command.number, command.data, COMMAND_LIMIT_MS, watch)?;
        let status = answer.status;
        if matches!(self.protocol.errors, Errors::Acknowledged) && answer.data.is_empty() {
            // The device acknowledges a question only if it does not answer it.
            let refused = acknowledged(self.protocol, answer);
            return Err(refused.err().map_or(Fault::AnswerUnreadable, Fault::from));
        }
        let refused = unanswered(&self.protocol.status, &answer);
        let is_bare = split_error(&answer.data).is_none() && refused.is_none();
        let data = match self.protocol.errors {
            // An answer in the form of another family has no error code in front.
            Errors::First if !is_bare => self.by_code(&answer, refused).map_err(Fault::from)?,
            _ => match refused {
                Some(fault) => return Err(fault),
                None => answer.data,
            },
        };
        match row.answer.read(&data) {
            Some(reported) => Ok((reported, status)),
            // Some commands of groups A and B report a refusal as their data.
            None if data == REFUSED_IN_DATA => Err(Fault::NotAllowed),
            None => {
                self.remember_unknown(command.number, data);
                Err(Fault::AnswerUnreadable)
            }
        }
    }

    /// Forgets the answers in unknown forms, because another device is connected.
    pub(super) fn forget_unknown_answers(&mut self) {
        self.unknown_answers.clear();
    }

    /// Remembers the first answer in an unknown form of each command.
    fn remember_unknown(&mut self, command: u8, data: Vec<u8>) {
        let is_new = self
            .unknown_answers
            .iter()
            .all(|known| known.command != command);
        if is_new {
            self.unknown_answers.push(UnknownAnswer { command, data });
        }
    }
}

/// The data of an answer by which groups A and B report that a command was not carried out.
const REFUSED_IN_DATA: &[u8] = b"F";
