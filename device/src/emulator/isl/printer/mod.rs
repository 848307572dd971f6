//! The emulated printer: its working memory, its last answer, and its stored data.
//!
//! - `as_text`: reports that are sent line by line;
//! - `table`: its commands, looked up in the rows of its family;
//! - `refusal`: how the printer refuses a command;
//! - `inversion`: what it turns round for a test;
//! - `condition`: the printer's mechanics, and the status bytes.
//!
//! The emulated printer follows the maker's manual (`docs/protocols/isl.md`) and was not written to suit our driver.
//! `device/README.md` lists what the emulated printer does where the manual gives no answer. The commands of a family and their
//! form are in the family's table ([`crate::family`]).

mod as_text;
mod condition;
mod inversion;
mod refusal;
mod table;

use std::collections::VecDeque;
use std::io;
use std::path::Path;

pub(super) use self::condition::AfterCommand;
pub use self::condition::Room;
pub(super) use self::inversion::Inverted;
use self::refusal::Refusal;
pub(super) use self::refusal::{Answered, Reply, in_answer, written};

use super::calendar::{ClockSource, Moment};
use super::journal::{Journal, PrintedDocument, PrintedKind};
use super::memory::{FiscalReceipt, Memory};
use super::store::Store;
use super::text_report::TextReport;
use crate::emulator::tape::Tape;
use crate::family::{Protocol, datecs};
use crate::printer::Paper;
use crate::wire::cause::Cause;
use crate::wire::framing::{Answer, Request};
use crate::wire::isl_status::Status;

/// One emulated printer.
pub struct Printer {
    pub(super) protocol: &'static Protocol,
    pub(super) memory: Memory,
    pub(super) receipts: Vec<FiscalReceipt>,
    pub(super) tape: Tape,
    pub(super) journal: Journal,
    /// The lines of documents as data (77h `w`) that are still to be read.
    pub(super) data_lines: VecDeque<String>,
    /// The article that a host has read last, and whether the next one has a larger number.
    pub(super) article: Option<(u32, bool)>,
    pub(super) text_report: TextReport,
    pub(super) last_error: (u8, Option<Cause>),
    pub(super) wrong_passwords: u8,
    pub(super) locked: bool,
    pub(super) cause_in_data: bool,
    /// Whether an exact payment is answered with `D` and 0 instead of `R` and 0, as by some firmware.
    pub exact_payment_says_rest: bool,
    /// The minor units that are added to every price that is multiplied, for a printer whose sums differ from the till's.
    pub miscount: i64,
    /// Whether the last sequence number and answer are kept without power; the manuals do not describe this.
    pub keeps_last_answer: bool,
    /// The numbers of the commands that this firmware does not support, though its family does.
    pub lacks: Vec<u8>,
    /// The mode: 0 is the usual one. Of an MX printer 2 is the service mode and 3 the training mode; a printer with a status bit for
    /// the mode in which a host can print prints nothing in any other mode.
    pub mode: u32,
    /// The name of the firmware, which decides the form of some answers.
    pub(super) firmware: &'static str,
    /// Whether a cancelled receipt is reported as the last fiscal receipt, with the sum 0 (72h `B` of ZFP).
    pub cancelled_has_code: bool,
    /// Whether the payments of a receipt are reported without its change (72h `P` of ZFP).
    pub payments_lack_change: bool,
    /// Whether the payments of the receipt before are reported until the open one has a payment (72h `P` of ZFP).
    pub payments_of_receipt_before: bool,
    /// Whether a refusal of a family with error codes (X) also sets the status bits. A recorded DP-25X (erpnet/ErpNet.FP issue
    /// 135) sets none.
    pub errors_in_status: bool,
    /// Whether the printer reports that it is fiscalised.
    pub fiscalised: bool,
    /// The inferences that are turned round.
    pub(super) inverted: Inverted,
    store: Option<Store>,
    clock: ClockSource,
    power: bool,
    paper: Paper,
    cover_open: bool,
    memory_fault: bool,
    journal_room: Room,
    /// An event that happens with the next command and shows in its answer.
    pub(super) after_command: Option<AfterCommand>,
    commands: u64,
    last_answer: Option<(Request, Vec<u8>)>,
    /// The data of further messages of the answer, after the first one (7Ch `J0` of ZFP).
    pub(super) further: Vec<Vec<u8>>,
}

impl Printer {
    /// A new Datecs classic printer of group A; its memory is lost when the value is dropped.
    #[must_use]
    pub fn new(memory: Memory, clock: ClockSource) -> Self {
        Self {
            protocol: &datecs::PROTOCOL,
            memory,
            receipts: Vec::new(),
            tape: Tape::default(),
            journal: Journal::default(),
            data_lines: VecDeque::new(),
            article: None,
            text_report: TextReport::Printed,
            last_error: (0, None),
            wrong_passwords: 0,
            locked: false,
            cause_in_data: false,
            exact_payment_says_rest: false,
            miscount: 0,
            keeps_last_answer: false,
            lacks: Vec::new(),
            mode: 0,
            firmware: newest(&datecs::PROTOCOL),
            cancelled_has_code: false,
            payments_lack_change: false,
            payments_of_receipt_before: false,
            errors_in_status: false,
            fiscalised: true,
            inverted: Inverted::default(),
            store: None,
            clock,
            power: true,
            paper: Paper::Ok,
            cover_open: false,
            memory_fault: false,
            journal_room: Room::Enough,
            after_command: None,
            commands: 0,
            last_answer: None,
            further: Vec::new(),
        }
    }

    /// The same printer, of another family.
    #[must_use]
    pub fn of_family(mut self, protocol: &'static Protocol) -> Self {
        self.protocol = protocol;
        self.firmware = newest(protocol);
        self.settle_in_country();
        self
    }

    /// The same printer, with this firmware of its family ([`Protocol::firmware`]). Unknown firmware changes nothing.
    #[must_use]
    pub fn with_firmware(mut self, name: &str) -> Self {
        self.set_firmware(name);
        self
    }

    /// Gives the printer this firmware of its family, and of its country where that differs by country. Unknown firmware changes
    /// nothing.
    pub fn set_firmware(&mut self, name: &str) {
        if let Some(firmware) = self.protocol.firmware_of(name) {
            self.firmware = firmware.name;
            let forms = self.protocol.countries.iter();
            let form = forms.copied().find(|form| form.firmware_of(name).is_some());
            self.protocol = form.unwrap_or(self.protocol);
            self.settle_in_country();
        }
    }

    /// Gives a new printer of a family that differs by country the currency and the taxpayer of its country.
    fn settle_in_country(&mut self) {
        if let Some((currency, tax_id)) = self.protocol.model.owner {
            self.memory.currency = currency.to_owned();
            self.memory.tax_id = tax_id.to_owned();
        }
    }

    /// The name of the firmware.
    #[must_use]
    pub const fn firmware(&self) -> &'static str {
        self.firmware
    }

    /// The same printer with these fiscal receipts in its journal, oldest first. With a copy of another printer's
    /// memory it has the same state.
    #[must_use]
    pub fn with_receipts(mut self, receipts: Vec<FiscalReceipt>) -> Self {
        self.receipts = receipts;
        self
    }

    /// The family of the printer.
    #[must_use]
    pub fn family(&self) -> &'static Protocol {
        self.protocol
    }

    /// A printer whose memory is in a file; `new` is its first content.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn with_file(path: &Path, new: Memory, clock: ClockSource) -> io::Result<Self> {
        let kept = Store::open(path, new)?;
        let mut printer = Self::new(kept.memory, clock);
        printer.store = Some(kept.store);
        printer.receipts = kept.receipts;
        printer.journal = Journal::of(kept.documents);
        Ok(printer)
    }

    /// The permanent memory of the printer.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The fiscal receipts of the printer, oldest first.
    #[must_use]
    pub fn receipts(&self) -> &[FiscalReceipt] {
        &self.receipts
    }

    /// The number of commands that were executed.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// The fiscal receipts since the last Z-report, oldest first.
    pub(super) fn receipts_of_day(&self) -> impl Iterator<Item = &FiscalReceipt> {
        let last_z = self.memory.closures.last();
        let since = last_z.map_or(0, |closure| closure.document);
        self.receipts
            .iter()
            .filter(move |receipt| receipt.document > since)
    }

    /// The password of an operator: of the model, or as a host has set it.
    pub(super) fn password_of(&self, operator: u32) -> String {
        let set = self.memory.settings.get(&format!("OperPasw {operator}"));
        let seller = &self.protocol.seller;
        if let Some((refunds, password)) = seller.refund
            && refunds == operator
        {
            return set.map_or_else(|| password.to_owned(), String::clone);
        }
        set.cloned()
            .unwrap_or_else(|| seller.password_on(self.protocol.model.name).to_owned())
    }

    /// The name of an operator, as a host has set it.
    pub(super) fn operator_name(&self, operator: u32) -> String {
        let name = self.memory.settings.get(&format!("OperName {operator}"));
        name.cloned().unwrap_or_default()
    }

    /// Whether the printer is switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.power
    }

    /// Asks for the Z-report at the printer's keyboard; returns true if the report was printed.
    ///
    /// The printer refuses the keyboard in the same cases as the host: without paper, or with a receipt open.
    pub fn keyboard_z(&mut self) -> bool {
        self.keyboard_report(true)
    }

    /// Asks for the X-report at the printer's keyboard. The X-report closes nothing and uses a document number.
    pub fn keyboard_x(&mut self) -> bool {
        self.keyboard_report(false)
    }

    fn keyboard_report(&mut self, closes: bool) -> bool {
        let press = |printer: &mut Self| {
            let report = printer.daily_report(closes);
            report.map_err(|refused| (refused.cause, None))
        };
        self.power && self.kept(press).is_ok()
    }

    /// Switches the power. Without power the working memory is lost: the password lock, the reading position in the journal and,
    /// unless `keeps_last_answer` is set, the last sequence number.
    pub fn set_power(&mut self, on: bool) {
        if self.power == on {
            return;
        }
        self.power = on;
        if !self.keeps_last_answer {
            self.last_answer = None;
        }
        self.wrong_passwords = 0;
        self.locked = false;
        self.journal.stop_reading();
        self.data_lines.clear();
        self.text_report = TextReport::Printed;
        if on && let Some(open) = &mut self.memory.open {
            open.tape.push("*VOLTAGE DROP*".to_owned());
        }
    }

    /// Clears the working memory, as with an empty battery: the clock must be set before anything is sold.
    pub fn reset_memory(&mut self) {
        self.memory.reset = true;
        self.last_answer = None;
    }

    /// The printed paper as text.
    #[must_use]
    pub fn paper_text(&self) -> String {
        self.tape
            .text(self.memory.open.as_ref().map(|open| open.tape.as_slice()))
    }

    /// The documents of the printer's journal after this number, oldest first.
    pub fn documents_after(&self, number: u32) -> impl Iterator<Item = &PrintedDocument> {
        self.journal.after(number)
    }

    /// Handles a request and returns the bytes of the answer.
    ///
    /// A sequence number equal to the last one is a repeat: nothing is executed, and the last answer is sent again, whatever its
    /// command. Some families compare the command too ([`Repeat`](crate::wire::framing::Repeat)).
    pub fn answer(&mut self, request: &Request) -> Vec<u8> {
        if let Some((last, frame)) = &self.last_answer
            && self.protocol.framing.is_repeat(last, request)
        {
            return frame.clone();
        }
        self.commands = self.commands.saturating_add(1);
        let (data, status) = self.settle(request);
        let message = |data, status| Answer {
            seq: request.seq,
            command: request.command,
            data,
            status,
        };
        let answer = message(data, status);
        // An answer that does not fit into a frame is a fault of the table; the emulated printer sends an empty answer in that
        // case.
        let framing = &self.protocol.framing;
        let mut frame = answer
            .emit(framing)
            .or_else(|_| {
                Answer {
                    data: Vec::new(),
                    ..answer
                }
                .emit(framing)
            })
            .unwrap_or_default();
        for data in std::mem::take(&mut self.further) {
            frame.extend(message(data, status).emit(framing).unwrap_or_default());
        }
        self.last_answer = Some((request.clone(), frame.clone()));
        frame
    }

    /// Executes a request, stores the changes, and composes the data and the status of the answer.
    fn settle(&mut self, request: &Request) -> (Vec<u8>, Status) {
        if let Some(row) = &self.protocol.others.device_info_bare
            && row.command == request.command
            && (row.ask.parse)(&request.data).is_some()
        {
            let data = row.answer.write(self.firmware, &self.device_info());
            return (data.unwrap_or_default(), self.answer_status());
        }
        let reply = if self.sends_as_text(request.command) {
            self.report_as_text(request)
        } else {
            self.kept(|printer| printer.execute_inverted(request.command, &request.data))
        };
        match self.after_command.take() {
            Some(AfterCommand::PaperEnds) => self.paper = Paper::Out,
            Some(AfterCommand::CoverOpens) => self.cover_open = true,
            None => {}
        }
        match reply {
            Ok(data) => (self.with_code(0, data), self.answer_status()),
            Err(refusal) => self.refuse(request.command, refusal),
        }
    }

    /// Stores the changes of an action; if they cannot be written, the action is undone.
    fn kept<A>(&mut self, act: impl FnOnce(&mut Self) -> Result<A, Refusal>) -> Result<A, Refusal> {
        if self.store.is_none() {
            let reply = act(self);
            self.memory.receipts = self.receipts.len();
            return reply;
        }
        let before = self.memory.clone();
        let receipts_before = self.receipts.len();
        let reply = act(self);
        if self.memory != before && self.keep(receipts_before, &before).is_err() {
            self.memory = before;
            self.receipts.truncate(receipts_before);
            self.journal.forget_after(self.memory.last_document);
            self.memory_fault = true;
            return Err((Cause::FiscalMemory, None));
        }
        reply
    }

    fn keep(&mut self, receipts_before: usize, before: &Memory) -> io::Result<()> {
        self.memory.receipts = self.receipts.len();
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        for receipt in self.receipts.iter().skip(receipts_before) {
            store.append(receipt)?;
        }
        for document in self.journal.after(before.last_document) {
            store.append_document(document)?;
        }
        // The many lines of an open receipt may be lost if the whole machine stops; documents may not be lost.
        let durable = self.memory.last_document != before.last_document
            || self.memory.rates != before.rates
            || self.memory.open.as_ref().map(|open| open.payments.len())
                != before.open.as_ref().map(|open| open.payments.len());
        store.save(&self.memory, durable)
    }

    /// Prints a document and writes it into the journal.
    pub(super) fn issue(&mut self, number: u32, kind: PrintedKind, lines: &[String]) {
        let open = self.memory.open.as_ref();
        if !open.is_some_and(|open| open.form.electronic) {
            self.tape.push(lines);
        }
        self.journal.push(PrintedDocument {
            number,
            at: self.now(),
            kind,
            z_number: self.memory.z_number().saturating_add(1),
            lines: lines.to_vec(),
        });
    }

    /// The seconds since 1970 by the printer's clock.
    pub(super) fn now(&self) -> i64 {
        (self.clock)().saturating_add(self.memory.clock_offset_s)
    }

    /// The source of the printer's clock.
    pub(super) fn source_now(&self) -> i64 {
        (self.clock)()
    }

    /// The time of the printer's clock, as it is printed.
    pub(super) fn stamp(&self) -> String {
        Moment::of(self.now()).stamp()
    }
}

/// The name of the firmware of the newest manual of a family.
fn newest(protocol: &Protocol) -> &'static str {
    protocol.firmware.first().map_or("", |newest| newest.name)
}
