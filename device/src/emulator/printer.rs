//! The emulated printer: its mechanics, its working memory, and the table of its commands.
//!
//! It behaves as the maker's manual says (Datecs group A, v1.00BG; spec/printers.md 1 and 2), not as our driver would like;
//! where the manual is silent the choice is listed in `device/README.md`.

use std::io;
use std::path::Path;

use super::calendar::Moment;
use super::memory::{FiscalReceipt, Kind, Memory};
use super::rig::ClockSource;
use super::store::Store;
use super::tape::Tape;
use crate::printer::Paper;
use crate::wire::isl::{Answer, Flag, Request, Status, command};

/// Why a command is refused: the status bit, and the code that 20h tells afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) flag: Option<Flag>,
    pub(super) code: i64,
    pub(super) data: Vec<u8>,
}

impl Refusal {
    /// Refused in this state, with S1.1.
    pub(super) const fn not_allowed(code: i64) -> Self {
        Self {
            flag: Some(Flag::NotAllowed),
            code,
            data: Vec::new(),
        }
    }

    /// The data cannot be read: S0.0.
    pub(super) const fn syntax() -> Self {
        Self {
            flag: Some(Flag::Syntax),
            code: code::SYNTAX,
            data: Vec::new(),
        }
    }

    /// A sum does not fit: S1.0 with S1.1.
    pub(super) const fn overflow() -> Self {
        Self {
            flag: Some(Flag::Overflow),
            code: code::OVERFLOW,
            data: Vec::new(),
        }
    }

    /// Refused in the data alone, as 35h and 46h do.
    pub(super) const fn in_data(data: Vec<u8>, code: i64) -> Self {
        Self {
            flag: None,
            code,
            data,
        }
    }
}

/// The answer of a command, or its refusal.
pub(super) type Reply = Result<Vec<u8>, Refusal>;

/// The codes of 20h (classic, new firmware).
pub(super) mod code {
    pub(crate) const SYNTAX: i64 = -150_001;
    pub(crate) const UNKNOWN_COMMAND: i64 = -150_002;
    pub(crate) const NOT_PERMITTED: i64 = -150_003;
    pub(crate) const BLOCKED: i64 = -150_010;
    pub(crate) const PAPER_OUT: i64 = -150_101;
    pub(crate) const OVERFLOW: i64 = -150_103;
    pub(crate) const PASSWORD: i64 = -150_104;
    pub(crate) const RECEIPT_OPEN: i64 = -150_200;
    pub(crate) const NO_RECEIPT_OPEN: i64 = -150_201;
    pub(crate) const RECEIPTS_AFTER_Z: i64 = -150_202;
    pub(crate) const DAY_TOO_LONG: i64 = -150_204;
    pub(crate) const DATE_BEFORE_LAST: i64 = -150_205;
    pub(crate) const MEMORY_WRITE: i64 = -150_308;
    pub(crate) const GROUP_DISABLED: i64 = -150_403;
    pub(crate) const TOO_MANY_SALES: i64 = -150_404;
    pub(crate) const NEGATIVE: i64 = -150_406;
    pub(crate) const VOID_OF_NOTHING: i64 = -150_408;
    pub(crate) const PAYMENT_STARTED: i64 = -150_409;
    pub(crate) const PAYMENT_TYPE: i64 = -150_410;
    pub(crate) const ALREADY_PAID: i64 = -150_411;
    pub(crate) const NOT_PAID: i64 = -150_412;
    pub(crate) const NOT_ENOUGH_CASH: i64 = -150_413;
    pub(crate) const NO_CHANGE: i64 = -150_415;
    pub(crate) const ZERO_PRICE: i64 = -150_431;
}

/// One emulated printer.
pub struct Printer {
    pub(super) memory: Memory,
    pub(super) receipts: Vec<FiscalReceipt>,
    pub(super) tape: Tape,
    pub(super) last_error: (u8, i64),
    pub(super) wrong_passwords: u8,
    pub(super) locked: bool,
    pub(super) cause_in_data: bool,
    /// Says `D` with 0 instead of `R` with 0 to an exact payment, as some firmware does (spec 0.8).
    pub exact_payment_says_rest: bool,
    /// Adds this to every price that is multiplied: a printer that computes otherwise than the till.
    pub miscount: i64,
    store: Option<Store>,
    clock: ClockSource,
    power: bool,
    paper: Paper,
    cover_open: bool,
    memory_fault: bool,
    commands: u64,
    last_answer: Option<(u8, Vec<u8>)>,
}

impl Printer {
    /// A new printer that forgets everything when it is dropped.
    #[must_use]
    pub fn new(memory: Memory, clock: ClockSource) -> Self {
        Self {
            memory,
            receipts: Vec::new(),
            tape: Tape::default(),
            last_error: (0, 0),
            wrong_passwords: 0,
            locked: false,
            cause_in_data: false,
            exact_payment_says_rest: false,
            miscount: 0,
            store: None,
            clock,
            power: true,
            paper: Paper::Ok,
            cover_open: false,
            memory_fault: false,
            commands: 0,
            last_answer: None,
        }
    }

    /// A printer whose memory is in a file; `new` is what it holds the first time.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn with_file(path: &Path, new: Memory, clock: ClockSource) -> io::Result<Self> {
        let (store, memory, receipts) = Store::open(path, new)?;
        let mut printer = Self::new(memory, clock);
        printer.store = Some(store);
        printer.receipts = receipts;
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

    /// Takes the power away or gives it back. Working memory goes: the last sequence number, the password lock.
    pub fn set_power(&mut self, on: bool) {
        if self.power == on {
            return;
        }
        self.power = on;
        self.last_answer = None;
        self.wrong_passwords = 0;
        self.locked = false;
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
        let frame = answer
            .emit()
            .or_else(|_| {
                Answer {
                    data: Vec::new(),
                    ..answer
                }
                .emit()
            })
            .unwrap_or_default();
        self.last_answer = Some((request.seq, frame.clone()));
        frame
    }

    /// Executes, keeps what changed, and composes data and status.
    fn settle(&mut self, request: &Request) -> (Vec<u8>, Status) {
        let before = self.memory.clone();
        let receipts_before = self.receipts.len();
        let mut reply = self.execute(request.command, &request.data);
        if self.memory != before && self.keep(receipts_before, &before).is_err() {
            // What could not be written never happened.
            self.memory = before;
            self.receipts.truncate(receipts_before);
            self.memory_fault = true;
            reply = Err(Refusal {
                flag: Some(Flag::FiscalMemoryWrite),
                code: code::MEMORY_WRITE,
                data: Vec::new(),
            });
        }
        match reply {
            Ok(data) if request.command == command::STATUS => {
                let status = self.status();
                let data = if data.is_empty() {
                    status.bytes().to_vec()
                } else {
                    data
                };
                (data, status)
            }
            Ok(data) => (data, self.status()),
            Err(refusal) => {
                self.last_error = (request.command, refusal.code);
                let status = refusal
                    .flag
                    .map_or(self.status(), |flag| self.status().with(flag));
                // Overflow raises "not allowed" too (spec 1.1, S1.0).
                let status = if refusal.flag == Some(Flag::Overflow) {
                    status.with(Flag::NotAllowed)
                } else {
                    status
                };
                let mut data = refusal.data;
                if self.cause_in_data {
                    data.extend_from_slice(format!("@{}", refusal.code).as_bytes());
                }
                (data, status)
            }
        }
    }

    fn keep(&mut self, receipts_before: usize, before: &Memory) -> io::Result<()> {
        self.memory.receipts = self.receipts.len();
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        for receipt in self.receipts.iter().skip(receipts_before) {
            store.append(receipt)?;
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
        let mut status = Status::EMPTY
            .with(Flag::Numbered)
            .with(Flag::TaxIdSet)
            .with(Flag::RatesSet)
            .with(Flag::Fiscalised)
            .with(Flag::Formatted);
        if self.cover_open {
            status = status.with(Flag::CoverOpen);
        }
        match self.paper {
            Paper::Ok => {}
            Paper::Low => status = status.with(Flag::PaperLow),
            Paper::Out => status = status.with(Flag::PaperOut),
        }
        if self.memory_fault {
            status = status.with(Flag::FiscalMemoryWrite);
        }
        match self.memory.open.as_ref().map(|open| open.kind) {
            Some(Kind::Sale) => status.with(Flag::ReceiptOpen),
            Some(Kind::Refund) => status.with(Flag::ReceiptOpen).with(Flag::RefundOpen),
            Some(Kind::Slip) => status.with(Flag::SlipOpen),
            None => status,
        }
    }

    /// The table of commands.
    fn execute(&mut self, number: u8, data: &[u8]) -> Reply {
        match number {
            command::RECEIPT_OPEN => self.receipt_open(data),
            command::REFUND_OPEN => self.refund_open(data),
            command::SALE | command::SALE_SHOWN => self.sale(data),
            command::SUBTOTAL => self.subtotal(data),
            command::PAYMENT => self.payment(data),
            command::RECEIPT_TEXT => self.receipt_text(data),
            command::RECEIPT_CLOSE => self.receipt_close(),
            command::RECEIPT_CANCEL => self.receipt_cancel(),
            command::SLIP_OPEN => self.slip_open(),
            command::SLIP_TEXT => self.slip_text(data),
            command::SLIP_CLOSE => self.slip_close(),
            command::BARCODE | command::LINE => self.ornament(number),
            command::DUPLICATE => self.duplicate(),
            command::DAILY_REPORT => self.daily_report(data),
            command::CASH => self.cash(data),
            command::DRAWER => self.drawer(data),
            command::FEED => self.feed(data),
            command::CUT | command::FLUSH => self.printing().map(|()| Vec::new()),
            command::STATUS => Ok(Vec::new()),
            command::TRANSACTION => self.transaction(data),
            command::RECEIPT_SUMS => self.receipt_sums(),
            command::LAST_DOCUMENT => Ok(self.document_number()),
            command::DAY_PAYMENTS => Ok(self.day_payments()),
            command::LAST_Z => Ok(self.last_z()),
            command::DAY_TOTALS => self.day_totals(data),
            command::CLOCK => Ok(self.stamp().into_bytes()),
            command::CLOCK_SET => self.clock_set(data),
            command::DEVICE_INFO => Ok(self.device_info()),
            command::RATES => self.rates(data),
            command::RATES_READ => Ok(self.rates_read()),
            command::LAST_ERROR => Ok(self.error_told(data)),
            command::OPTIONS => self.options(data),
            _ => Err(Refusal {
                flag: Some(Flag::UnknownCommand),
                code: code::UNKNOWN_COMMAND,
                data: Vec::new(),
            }),
        }
    }

    /// Refuses what cannot be printed now. The cover has no error bit of its own, so S1.1 says that the command was refused.
    pub(super) fn printing(&self) -> Result<(), Refusal> {
        if self.cover_open {
            return Err(Refusal::not_allowed(code::NOT_PERMITTED));
        }
        if self.paper == Paper::Out {
            return Err(Refusal {
                flag: Some(Flag::PaperOut),
                code: code::PAPER_OUT,
                data: Vec::new(),
            });
        }
        Ok(())
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
