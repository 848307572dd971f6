//! The emulated printer: its mechanics, its working memory, and the table of its commands.
//!
//! It behaves as the maker's manual says (spec/printers.md 1 to 5), not as our driver would like;
//! where the manual is silent the choice is listed in `device/README.md`.
//! What its family says and how it is written is in the family's table ([`crate::family`]).

use std::io;
use std::path::Path;

use super::calendar::Moment;
use super::journal::{Document, DocumentKind, Journal};
use super::memory::{FiscalReceipt, Kind, Memory};
use super::rig::ClockSource;
use super::store::Store;
use super::tape::Tape;
use crate::family::{Errors, Protocol, Row, datecs};
use crate::printer::Paper;
use crate::wire::cause::Cause;
use crate::wire::framing::{Answer, Request};
use crate::wire::isl_status::{Flag, Status};
use crate::wire::isl_x::with_error;

/// A refusal, before it is put into the family's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused<A> {
    cause: Cause,
    /// An answer that says so, with families that have no error code in front of it.
    instead: Option<Box<A>>,
}

impl<A> From<Cause> for Refused<A> {
    fn from(cause: Cause) -> Self {
        Self {
            cause,
            instead: None,
        }
    }
}

/// A refusal that some families tell in the answer alone, as 35h and 46h of Datecs classic do.
pub(super) fn in_answer<A>(cause: Cause, answer: A) -> Refused<A> {
    Refused {
        cause,
        instead: Some(Box::new(answer)),
    }
}

/// The answer of a command, or its refusal.
pub(super) type Reply<A> = Result<A, Refused<A>>;

/// A refusal and its data, where it is told in the data alone.
type Refusal = (Cause, Option<Vec<u8>>);

/// Room that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Enough.
    Enough,
    /// It is near its end.
    Little,
    /// There is none.
    None,
}

/// What befalls the printer's mechanics while it executes a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterCommand {
    /// The command used the last of the paper.
    PaperEnds,
    /// Somebody opens the cover.
    CoverOpens,
}

/// One emulated printer.
pub struct Printer {
    pub(super) protocol: &'static Protocol,
    pub(super) memory: Memory,
    pub(super) receipts: Vec<FiscalReceipt>,
    pub(super) tape: Tape,
    pub(super) journal: Journal,
    pub(super) last_error: (u8, Option<Cause>),
    pub(super) wrong_passwords: u8,
    pub(super) locked: bool,
    pub(super) cause_in_data: bool,
    /// Says `D` with 0 instead of `R` with 0 to an exact payment, as some firmware does (spec 0.8).
    pub exact_payment_says_rest: bool,
    /// Adds this to every price that is multiplied: a printer that computes otherwise than the till.
    pub miscount: i64,
    /// Keeps its last sequence number and answer over a loss of power: the manuals do not say whether a printer does.
    pub keeps_last_answer: bool,
    /// Commands that this firmware does not know, though its family does.
    pub lacks: Vec<u8>,
    store: Option<Store>,
    clock: ClockSource,
    power: bool,
    paper: Paper,
    cover_open: bool,
    memory_fault: bool,
    journal_room: Room,
    /// Happens with the next command, so that its answer says so.
    pub(super) after_command: Option<AfterCommand>,
    commands: u64,
    last_answer: Option<(u8, Vec<u8>)>,
}

impl Printer {
    /// A new Datecs classic printer of group A that forgets everything when it is dropped.
    #[must_use]
    pub fn new(memory: Memory, clock: ClockSource) -> Self {
        Self {
            protocol: &datecs::PROTOCOL,
            memory,
            receipts: Vec::new(),
            tape: Tape::default(),
            journal: Journal::default(),
            last_error: (0, None),
            wrong_passwords: 0,
            locked: false,
            cause_in_data: false,
            exact_payment_says_rest: false,
            miscount: 0,
            keeps_last_answer: false,
            lacks: Vec::new(),
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
        }
    }

    /// The same printer, of another family.
    #[must_use]
    pub fn of_family(mut self, protocol: &'static Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// The same printer with these fiscal receipts in its journal, oldest first: with a copy of another one's
    /// memory it stands where that one stood.
    #[must_use]
    pub fn with_receipts(mut self, receipts: Vec<FiscalReceipt>) -> Self {
        self.receipts = receipts;
        self
    }

    /// Its family.
    #[must_use]
    pub fn family(&self) -> &'static Protocol {
        self.protocol
    }

    /// A printer whose memory is in a file; `new` is what it holds the first time.
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

    /// What it never forgets.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Its fiscal receipts, oldest first.
    #[must_use]
    pub fn receipts(&self) -> &[FiscalReceipt] {
        &self.receipts
    }

    /// Commands executed.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// It is switched on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.power
    }

    /// Its paper.
    #[must_use]
    pub fn paper_state(&self) -> Paper {
        self.paper
    }

    /// Its cover is open.
    #[must_use]
    pub fn is_cover_open(&self) -> bool {
        self.cover_open
    }

    /// Somebody asks for the Z-report at the printer itself; true if it printed one.
    ///
    /// It refuses what it would refuse the host, for want of paper or with a receipt open.
    pub fn keyboard_z(&mut self) -> bool {
        self.keyboard_report(true)
    }

    /// The same for the X-report, which closes nothing and takes a document number.
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

    /// Takes the power away or gives it back. Working memory goes: the last sequence number (or not), the password lock.
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
        if on && let Some(open) = &mut self.memory.open {
            open.tape.push("*VOLTAGE DROP*".to_owned());
        }
    }

    /// Loads or removes paper.
    pub fn set_paper(&mut self, paper: Paper) {
        self.paper = paper;
    }

    /// Opens or closes the cover.
    pub fn set_cover_open(&mut self, open: bool) {
        self.cover_open = open;
    }

    /// Loses its working memory, as with an empty battery: the clock must be set before anything is sold.
    pub fn reset_memory(&mut self) {
        self.memory.reset = true;
        self.last_answer = None;
    }

    /// The journal has this much room; without any nothing can be sold.
    pub fn set_journal_room(&mut self, room: Room) {
        self.journal_room = room;
    }

    /// What is on the paper.
    #[must_use]
    pub fn paper_text(&self) -> String {
        self.tape
            .text(self.memory.open.as_ref().map(|open| open.tape.as_slice()))
    }

    /// Takes a request frame and gives the bytes of the answer.
    ///
    /// A sequence number equal to the last one is a repeat: nothing is executed, the last answer is given again,
    /// whatever its command (spec 0.1, 0.2).
    pub fn answer(&mut self, request: &Request) -> Vec<u8> {
        if let Some((seq, frame)) = &self.last_answer
            && *seq == request.seq
        {
            return frame.clone();
        }
        self.commands = self.commands.saturating_add(1);
        let (data, status) = self.settle(request);
        let answer = Answer {
            seq: request.seq,
            command: request.command,
            data,
            status,
        };
        // An answer that does not fit is a fault of the table below; the device would send an empty one.
        let framing = &self.protocol.framing;
        let frame = answer
            .emit(framing)
            .or_else(|_| {
                Answer {
                    data: Vec::new(),
                    ..answer
                }
                .emit(framing)
            })
            .unwrap_or_default();
        self.last_answer = Some((request.seq, frame.clone()));
        frame
    }

    /// Executes, keeps what changed, and composes data and status.
    fn settle(&mut self, request: &Request) -> (Vec<u8>, Status) {
        if let Some(row) = &self.protocol.others.device_info_bare
            && row.command == request.command
            && (row.ask.parse)(&request.data).is_some()
        {
            return ((row.answer.emit)(&self.device_info()), self.status());
        }
        let reply = self.kept(|printer| printer.execute(request.command, &request.data));
        match self.after_command.take() {
            Some(AfterCommand::PaperEnds) => self.paper = Paper::Out,
            Some(AfterCommand::CoverOpens) => self.cover_open = true,
            None => {}
        }
        match reply {
            Ok(data) => (self.told(0, data), self.status()),
            Err(refusal) => self.refuse(request.command, refusal),
        }
    }

    /// Keeps what an action changes; what cannot be written never happened.
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

    /// Data as the family sends them: with its error code in front, or without.
    fn told(&self, code: i64, data: Vec<u8>) -> Vec<u8> {
        match self.protocol.errors {
            Errors::First => with_error(code, &data),
            Errors::Asked(_) | Errors::Silent => data,
        }
    }

    fn refuse(&mut self, number: u8, (cause, data): Refusal) -> (Vec<u8>, Status) {
        let layout = &self.protocol.status;
        let (code, _) = self.protocol.code_of(cause);
        self.last_error = (number, Some(cause));
        let in_data = data.is_some() && !matches!(self.protocol.errors, Errors::First);
        let mut status = self.status();
        if !in_data {
            status = layout.with(status, flag_of(cause));
            // Overflow raises "not allowed" too (spec 1.1, S1.0).
            if cause == Cause::Overflow {
                status = layout.with(status, Flag::NotAllowed);
            }
        }
        let data = if in_data { data } else { None };
        let mut data = self.told(code, data.unwrap_or_default());
        if self.cause_in_data {
            data.extend_from_slice(format!("@{code}").as_bytes());
        }
        (data, status)
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
        // Lines of an open receipt are many and cheap to lose with the whole machine; documents are not.
        let durable = self.memory.last_document != before.last_document
            || self.memory.rates != before.rates
            || self.memory.open.as_ref().map(|open| open.payments.len())
                != before.open.as_ref().map(|open| open.payments.len());
        store.save(&self.memory, durable)
    }

    /// The status bytes of the moment.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut flags = vec![
            Flag::Numbered,
            Flag::TaxIdSet,
            Flag::RatesSet,
            Flag::Fiscalised,
            Flag::Formatted,
        ];
        if self.cover_open {
            flags.push(Flag::CoverOpen);
        }
        match self.paper {
            Paper::Ok => {}
            Paper::Low => flags.push(Flag::PaperLow),
            Paper::Out => flags.push(Flag::PaperOut),
        }
        if self.memory_fault {
            flags.push(Flag::FiscalMemoryWrite);
        }
        if self.memory.reset {
            flags.extend([Flag::MemoryReset, Flag::ClockNotSet]);
        }
        match self.journal_room {
            Room::Enough => {}
            Room::Little => flags.push(Flag::JournalLow),
            Room::None => flags.extend([Flag::JournalLow, Flag::JournalFull]),
        }
        match self.memory.closures_left() {
            0 => flags.push(Flag::FiscalMemoryFull),
            left if left < self.protocol.limits.records_low => flags.push(Flag::FiscalMemoryLow),
            _ => {}
        }
        match self.memory.open.as_ref().map(|open| open.kind) {
            Some(Kind::Sale) => flags.push(Flag::ReceiptOpen),
            Some(Kind::Refund) => flags.extend([Flag::ReceiptOpen, Flag::RefundOpen]),
            Some(Kind::Slip) => flags.push(Flag::SlipOpen),
            None => {}
        }
        let layout = &self.protocol.status;
        flags
            .into_iter()
            .fold(Status::empty(layout.len), |status, flag| {
                layout.with(status, flag)
            })
    }

    /// The table of commands.
    fn execute(&mut self, number: u8, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut incoming = Incoming {
            known: false,
            reply: None,
            number,
            data,
            printer: self,
        };
        if !incoming.printer.lacks.contains(&number) {
            incoming.receipt();
            incoming.paper();
            incoming.questions();
            incoming.others();
        }
        let known = incoming.known;
        incoming.reply.unwrap_or(Err((
            if known {
                Cause::Syntax
            } else {
                Cause::UnknownCommand
            },
            None,
        )))
    }

    /// Refuses what cannot be printed now. Where the cover has no error bit of its own, S1.1 says that the command was refused.
    pub(super) fn printing(&self) -> Result<(), Cause> {
        if self.cover_open {
            return Err(Cause::CoverOpen);
        }
        if self.paper == Paper::Out {
            return Err(Cause::PaperOut);
        }
        Ok(())
    }

    /// Refuses to open a fiscal receipt that could not be closed and kept (spec 2, 30h).
    pub(super) fn fit_to_sell(&self) -> Result<(), Cause> {
        if self.memory.reset {
            return Err(Cause::ClockNotSet);
        }
        if self.journal_room == Room::None {
            return Err(Cause::JournalFull);
        }
        if self.memory.closures_left() == 0 {
            return Err(Cause::FiscalMemoryFull);
        }
        Ok(())
    }

    /// Prints a document and writes it into the journal.
    pub(super) fn issue(&mut self, number: u32, kind: DocumentKind, lines: &[String]) {
        self.tape.push(lines);
        self.journal.push(Document {
            number,
            at: self.now(),
            kind,
            z_number: self.memory.z_number().saturating_add(1),
            lines: lines.to_vec(),
        });
    }

    /// Refuses while anything is open, and says what.
    pub(super) fn closed(&self) -> Result<(), Cause> {
        Err(match self.memory.open.as_ref().map(|open| open.kind) {
            None => return Ok(()),
            Some(Kind::Sale) => Cause::ReceiptOpen,
            Some(Kind::Refund) => Cause::RefundOpen,
            Some(Kind::Slip) => Cause::SlipOpen,
        })
    }

    /// Seconds since 1970 by the printer's clock.
    pub(super) fn now(&self) -> i64 {
        (self.clock)().saturating_add(self.memory.clock_offset_s)
    }

    /// The clock behind the printer's clock.
    pub(super) fn source_now(&self) -> i64 {
        (self.clock)()
    }

    /// The printer's clock as it prints it.
    pub(super) fn stamp(&self) -> String {
        Moment::of(self.now()).stamp()
    }
}

/// A request, looked up row by row until one of them fits.
struct Incoming<'a> {
    number: u8,
    data: &'a [u8],
    /// A row has this number.
    known: bool,
    reply: Option<Result<Vec<u8>, Refusal>>,
    printer: &'a mut Printer,
}

impl Incoming<'_> {
    fn on<Q, A>(&mut self, row: &Row<Q, A>, act: impl FnOnce(&mut Printer, Q) -> Reply<A>) {
        if self.reply.is_some() || row.command != self.number {
            return;
        }
        self.known = true;
        let Some(ask) = (row.ask.parse)(self.data) else {
            return;
        };
        self.reply = Some(match act(self.printer, ask) {
            Ok(answer) => Ok((row.answer.emit)(&answer)),
            Err(refused) => Err((
                refused.cause,
                refused.instead.map(|answer| (row.answer.emit)(&answer)),
            )),
        });
    }

    fn receipt(&mut self) {
        let table = self.printer.protocol;
        self.on(&table.open, |printer, open| printer.receipt_open(&open));
        self.on(&table.refund, |printer, refund| {
            printer.refund_open(&refund)
        });
        self.on(&table.sale, |printer, sale| printer.sale(&sale));
        self.on(&table.subtotal, |printer, ask| printer.subtotal(&ask));
        self.on(&table.payment, |printer, payment| printer.payment(&payment));
        self.on(&table.text, |printer, text| printer.receipt_text(&text));
        self.on(&table.close, |printer, ()| printer.receipt_close());
        self.on(&table.cancel, |printer, ()| printer.receipt_cancel());
    }

    fn paper(&mut self) {
        let table = self.printer.protocol;
        self.on(&table.slip_open, |printer, ()| printer.slip_open());
        self.on(&table.slip_text, |printer, text| printer.slip_text(&text));
        self.on(&table.slip_close, |printer, ()| printer.slip_close());
        self.on(&table.duplicate, |printer, ()| printer.duplicate());
        self.on(&table.x_report, |printer, ()| printer.daily_report(false));
        self.on(&table.z_report, |printer, ()| printer.daily_report(true));
        for row in &table.by_number {
            self.on(row, |printer, (first, last)| {
                printer.memory_by_number(first, last)
            });
        }
        for row in &table.by_date {
            self.on(row, |printer, (first, last)| {
                printer.memory_by_date(&first, &last)
            });
        }
        self.on(&table.cash, |printer, amount| printer.cash(amount));
        self.on(&table.drawer, |printer, _| printer.drawer());
    }

    fn questions(&mut self) {
        let table = self.printer.protocol;
        self.on(&table.state, |printer, ()| Ok(printer.status()));
        self.on(&table.transaction, |printer, tender| {
            Ok(printer.transaction(tender))
        });
        self.on(
            &table.receipt_sums,
            |printer, ()| Ok(printer.receipt_sums()),
        );
        self.on(&table.last_document, |printer, ()| {
            Ok(printer.memory.last_document)
        });
        if let Some(row) = &table.next_fiscal {
            self.on(row, |printer, ()| Ok(printer.next_fiscal()));
        }
        if let Some(row) = &table.day_receipts {
            self.on(row, |printer, ()| Ok(printer.memory.day.fiscal_receipts));
        }
        self.on(
            &table.day_payments,
            |printer, ()| Ok(printer.day_payments()),
        );
        let [sales, taxes, refunds, refund_taxes] = &table.day_groups;
        self.on(sales, |printer, ()| Ok(printer.memory.day.sales));
        self.on(taxes, |printer, ()| {
            Ok(printer.taxes(printer.memory.day.sales))
        });
        self.on(refunds, |printer, ()| Ok(printer.memory.day.refunds));
        self.on(refund_taxes, |printer, ()| {
            Ok(printer.taxes(printer.memory.day.refunds))
        });
        self.on(&table.last_z, |printer, ()| Ok(printer.last_z()));
        self.on(&table.device_info, |printer, ()| Ok(printer.device_info()));
        self.on(&table.rates, |printer, ()| Ok(printer.rates()));
        self.on(&table.clock, |printer, ()| Ok(printer.stamp()));
        self.on(&table.clock_set, |printer, at| printer.clock_set(&at));
        if let Errors::Asked(row) = &table.errors {
            self.on(row, |printer, clear| Ok(printer.error_told(clear)));
        }
    }

    fn others(&mut self) {
        let others = self.printer.protocol.others;
        for row in others.sales {
            self.on(row, |printer, sale| printer.sale(&sale));
        }
        if let Some(row) = &others.rates_set {
            self.on(row, |printer, rates| printer.rates_set(rates));
        }
        if let Some(row) = &others.rates_read {
            self.on(row, |printer, ()| Ok(printer.rates()));
        }
        if let Some(row) = &others.feed {
            self.on(row, |printer, _| Ok(printer.printing()?));
        }
        for row in others.cut {
            self.on(row, |printer, ()| Ok(printer.printing()?));
        }
        for row in others.ornament {
            self.on(row, |printer, _| printer.ornament());
        }
        if let Some(row) = &others.options {
            self.on(row, |printer, data| printer.options(&data));
        }
        for row in others.daily {
            self.on(row, |printer, closes| printer.daily_report(closes));
        }
        for row in others.services {
            self.on(row, |printer, service| printer.service(service));
        }
    }
}

/// The status bit that goes with a refusal.
const fn flag_of(cause: Cause) -> Flag {
    match cause {
        Cause::Syntax => Flag::Syntax,
        Cause::UnknownCommand => Flag::UnknownCommand,
        Cause::PaperOut => Flag::PaperOut,
        Cause::Overflow => Flag::Overflow,
        Cause::FiscalMemory => Flag::FiscalMemoryWrite,
        _ => Flag::NotAllowed,
    }
}
