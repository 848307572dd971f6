//! The interface of a fiscal printer: it takes jobs and returns settled outcomes.
//!
//! Read [`Performed`] and [`Recovered`] first.
//! A job ends *registered*, without a document, or *unknown*, and the driver never guesses: it compares the counters of the device
//! before the job (the [`Baseline`], which the caller stores durably) with those after it. "No document" has two forms: nothing
//! was sent ([`Performed::NotBegun`]), or the counters prove it ([`AbsenceEvidence`], which only [`crate::judge`] can make).

use std::sync::Arc;

use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::ModuleCounters;
use ferrotill_core::{Amount, Quantity};

pub use crate::baseline::{Baseline, DaySums, JournalEvidence, PrinterFigure, UnknownAnswer};
use crate::fault::Fault;
pub use crate::judge::AbsenceEvidence;
use crate::wire::escpos_raster::Raster;

/// A fiscal printer of any family.
///
/// One thread owns the printer. Every method blocks until the device has answered or the time limit is over.
pub trait FiscalPrinter: Send {
    /// The name of the printer's family, as in its address. It is part of every [`Baseline`] that this driver reads.
    fn family(&self) -> &'static str;

    /// The paper of the printer. The device is not asked.
    fn text_paper(&self) -> TextPaper;

    /// The number of letters with which the printer prints a text: one character may be printed as several letters.
    fn letters(&self, text: &str) -> usize;

    /// What is doubtful about the connected printer: what the driver had to assume of it, or a mode in which its paper is worth
    /// nothing. Sentences for people; empty if nothing. The device is not asked.
    fn doubts(&self) -> Vec<String> {
        Vec::new()
    }

    /// The port of the printer, for people, with the speed of a serial line; empty if there is none. The device is not asked.
    fn address(&self) -> String {
        String::new()
    }

    /// After [`Fault::WrongFamily`]: the families that the printer's model can be of, as in the address, the most likely one first.
    /// The device is not asked.
    fn families_of_model(&self) -> &'static [&'static str] {
        &[]
    }

    /// Opens the port, makes contact, and reads identity, status and counters.
    ///
    /// A leftover non-fiscal slip is closed.
    /// A leftover *fiscal* receipt is only reported in [`Connected::receipt_open`]:
    /// only the caller knows whether it belongs to a job, and calls [`recover`](Self::recover) or [`clear_leftover`](Self::clear_leftover).
    ///
    /// # Errors
    ///
    /// The reason why the device could not be asked.
    fn connect(&mut self) -> Result<Connected, Fault>;

    /// Carries out a job from its start.
    ///
    /// `baseline` is the baseline that the caller stored durably before. Nothing that prints is sent unless the device's counters
    /// equal it. The method connects by itself when there is no connection.
    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Performed;

    /// Settles a job that was begun earlier and whose outcome is unknown (lost answers, a power cut, a crash of the host).
    ///
    /// The job is never printed again. A receipt that is open and unpaid is cancelled; a receipt that is paid in part is
    /// completed exactly as planned; a closed receipt is compared with the job. If the printer's keyboard was used meanwhile, the
    /// printer's sums are compared with the caller's evidence. The result is [`Recovered::Unknown`] while the device cannot be
    /// asked or its answers fit no outcome; the caller then calls again, after longer and longer pauses.
    ///
    /// The result is [`Recovered::Absent`] only with evidence from the counters of the baseline's own printer: same family (if the
    /// baseline names one), same serial number, same fiscal memory. A printer that cannot be the baseline's printer, or has no
    /// counters, or cannot carry out such a job at all, proves nothing: the answer is [`Recovered::Unknown`] with
    /// [`Fault::PrinterSwapped`].
    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered;

    /// Ends an open fiscal receipt that belongs to no job: cancels it if nothing is paid, and closes it if everything is paid. A
    /// receipt that is paid in part is left open for the people at the printer, because the driver has no information on how the
    /// rest was to be paid.
    ///
    /// # Errors
    ///
    /// The reason why the receipt is still open.
    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault>;

    /// Asks one cheap question: whether the printer answers, and in what condition it is.
    ///
    /// # Errors
    ///
    /// The reason why the device could not be asked.
    fn status(&mut self) -> Result<Condition, Fault>;

    /// Reads the counters again. Only the counters show what people did at the device meanwhile.
    ///
    /// # Errors
    ///
    /// The reason why the device could not be asked.
    fn counters(&mut self) -> Result<Baseline, Fault> {
        self.connect().map(|connected| connected.baseline)
    }

    /// The answers of the connected device in unknown forms, at most one for each command. The device is not asked.
    fn unknown_answers(&self) -> &[UnknownAnswer] {
        &[]
    }

    /// The last Z-report in the fiscal memory, as of the last reading of the counters. The device is not asked.
    fn last_z(&self) -> Option<ClosedDay> {
        None
    }

    /// The time of the printer's clock, `DD-MM-YY HH:MM:SS`.
    ///
    /// # Errors
    ///
    /// The reason why the device could not be asked; [`Fault::UnknownCommand`] if the device has no clock.
    fn clock(&mut self) -> Result<String, Fault> {
        Err(Fault::UnknownCommand)
    }

    /// Sets the printer's clock to `DD-MM-YY HH:MM:SS`. Devices refuse a time before their last fiscal record.
    ///
    /// # Errors
    ///
    /// The reason why the clock was not set. After a lost answer, read the clock.
    fn set_clock(&mut self, _at: &str) -> Result<(), Fault> {
        Err(Fault::UnknownCommand)
    }

    /// Whether the device has an option of its own that opens the drawer with the payment of a fiscal receipt. If it has, the owner of
    /// the device decides, and the caller sends no pulse with such a receipt. The device is not asked.
    fn opens_drawer_itself(&self) -> bool {
        true
    }

    /// The configured rates of the till's tax groups A to H, in ten-thousandths of a percent; `None` for a group that the till does
    /// not have.
    ///
    /// A driver whose machines differ in the order of their tax groups finds the group of a sale by its rate; before this call it
    /// uses the groups by their letters. The device is not asked now. Returns true if the device must be connected again, because
    /// what was read of it was read with other rates.
    fn use_tax_rates(&mut self, _rates: &[Option<u32>; 8]) -> bool {
        false
    }

    /// The rates of the printer's tax groups, in the form of [`Connected::groups`].
    ///
    /// # Errors
    ///
    /// The reason why the device could not be asked; [`Fault::UnknownCommand`] if the device has no tax groups.
    fn tax_groups(&mut self) -> Result<[Option<u32>; 8], Fault> {
        Err(Fault::UnknownCommand)
    }
}

/// The caller's side of a running job.
pub trait Watch {
    /// Called before a cancellation is sent. The caller stores the decision durably and returns true.
    ///
    /// If it returns false, the cancellation is not sent.
    fn about_to_cancel(&mut self) -> bool;

    /// Called for diagnosis, with one readable line per exchange.
    fn trace(&mut self, _line: &str) {}

    /// Whether the lines of [`trace`](Self::trace) are read now. Otherwise they need not be made.
    fn is_traced(&self) -> bool {
        true
    }
}

/// What became of a job that was just begun.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Performed {
    /// The job is in the printer's memory, once.
    Registered(Registered),
    /// No command that can make a document was sent, so no document of the job exists and none will.
    ///
    /// This is also the outcome of what makes no document: a pulse that failed, a slip that a receipt printer did not finish.
    NotBegun(NoDocument),
    /// The job was begun, and the printer's counters prove that it left no document.
    Absent(AbsenceEvidence, NoDocument),
    /// The outcome is not known yet; ask again with [`FiscalPrinter::recover`].
    Unknown(Fault),
}

/// What became of a job that was begun earlier.
///
/// A job that was begun earlier is absent only by evidence: there is no variant for "not begun", because whoever asks later does
/// not know what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Recovered {
    /// The job is in the printer's memory, once.
    Registered(Registered),
    /// The counters of the baseline's own printer prove that the job left no document.
    Absent(AbsenceEvidence, NoDocument),
    /// The outcome is not known yet; ask again.
    Unknown(Fault),
}

impl From<Recovered> for Performed {
    fn from(recovered: Recovered) -> Self {
        match recovered {
            Recovered::Registered(registered) => Self::Registered(registered),
            Recovered::Absent(evidence, no_document) => Self::Absent(evidence, no_document),
            Recovered::Unknown(fault) => Self::Unknown(fault),
        }
    }
}

/// A job that the printer has carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The printer's number of the document, in one sequence of all kinds of documents. For a job that makes no document (the
    /// drawer), the number of the last document.
    pub document: u32,
    /// The number of the fiscal receipt, if the job is a receipt and the printer reports the number.
    pub fiscal_receipt: Option<u32>,
    /// The baseline of the next job.
    pub after: Baseline,
    /// The printer's figures of the day, for the X-report and the Z-report.
    pub report: Option<PrinterReport>,
    /// The printer's own date and time of the document, if the job is a sale and the printer told it. A refund of the sale names this
    /// time. An answer that was lost leaves it out; it never changes the outcome.
    pub printed_at: Option<PrinterTime>,
    /// What a fiscal module answered; `None` from a printer.
    pub module: Option<Box<ModuleAnswer>>,
}

/// What a fiscal module answered about a document that it has registered. The fields are those of
/// [`ModuleSeal`](ferrotill_core::seal::ModuleSeal).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleAnswer {
    /// The number of the module.
    pub terminal: String,
    /// The module's number of the receipt; 0 for a report.
    pub receipt: u32,
    /// The module's time of the receipt, `YYYYMMDDHHMMSS`; empty for a report.
    pub at: String,
    /// The fiscal sign of the receipt; empty for a report.
    pub sign: String,
    /// The version of the module's program.
    pub applet: String,
    /// The address at which a buyer checks the receipt; empty for a report.
    pub link: String,
    /// The figures that the module had counted, if the document is a report.
    pub counters: Option<ModuleCounters>,
}

/// Why a job left no document, or only a cancelled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoDocument {
    /// The fault because of which the job left no document.
    pub fault: Fault,
    /// Details with figures and the device's own text; may be empty.
    pub detail: String,
    /// The device's counters now, if they were read. `None` means that they are unknown, not that they are unchanged.
    pub after: Option<Baseline>,
}

/// The facts that a device reports when it is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The identity and the counters of the device.
    pub baseline: Baseline,
    /// The model of the device, as the device reports it.
    pub model: String,
    /// The firmware of the device, as the device reports it.
    pub firmware: String,
    /// The address at which the device was found, with the speed of the line.
    pub address: String,
    /// The time of the device's clock (`DD-MM-YY HH:MM:SS`), if it could be read.
    pub clock: Option<String>,
    /// The condition of the device.
    pub condition: Condition,
    /// Whether a fiscal receipt is open.
    pub receipt_open: bool,
    /// The rate of each tax group A to H of the till in ten-thousandths of a percent (`200_000` is 20 %);
    /// `None` for a group that is disabled or could not be read. A group whose rate was not found on a machine with its own order of
    /// groups has the rate of the machine's group with the same letter, or 0 ([`FiscalPrinter::use_tax_rates`]).
    pub groups: [Option<u32>; 8],
    /// The figures that this device does not report, or reports in an unknown form: recovery works without them.
    pub missing: Vec<PrinterFigure>,
    /// The country for which the device was made, if machines of its family differ by country; `?` if the device does not show it.
    pub country: &'static str,
    /// Whether the device is in its service or training mode, in which nothing that it prints is fiscal.
    pub training: bool,
}

impl Connected {
    /// The groups whose rate in the device differs from the configured one. A group that is not configured may have any rate.
    #[must_use]
    pub fn rates_unlike(&self, configured: &[Option<u32>; 8]) -> Vec<RateDifference> {
        ('A'..='H')
            .zip(configured.iter().zip(self.groups))
            .filter_map(|(group, (till, printer))| {
                let till = (*till)?;
                (printer != Some(till)).then_some(RateDifference {
                    group,
                    till,
                    printer,
                })
            })
            .collect()
    }
}

/// A tax group whose rate in the device differs from the configured one; rates are ten-thousandths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateDifference {
    /// The letter of the tax group.
    pub group: char,
    /// The configured rate in ten-thousandths of a percent.
    pub till: u32,
    /// The rate in the device in ten-thousandths of a percent; `None` if the group is disabled or could not be read.
    pub printer: Option<u32>,
}

impl core::fmt::Display for RateDifference {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let percent = |rate: u32| Decimal::new(i64::from(rate), 4);
        write!(
            f,
            "group {}: {} percent configured, ",
            self.group,
            percent(self.till)
        )?;
        match self.printer {
            Some(rate) => write!(f, "{} in the printer", percent(rate)),
            None => f.write_str("none in the printer"),
        }
    }
}

/// The state of the paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// There is enough paper.
    #[default]
    Ok,
    /// The paper is near its end.
    Low,
    /// There is no paper, so nothing can be printed.
    Out,
}

/// The condition of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The state of the paper.
    pub paper: Paper,
    /// Whether the cover is open.
    pub cover_open: bool,
    /// Whether the printing mechanism has failed or is overheated.
    pub mechanism_fault: bool,
    /// Whether the clock must be set before anything else.
    pub clock_not_set: bool,
    /// Whether the working memory was lost.
    pub memory_reset: bool,
    /// Whether a fiscal receipt (sale or refund) is open.
    pub fiscal_receipt_open: bool,
    /// Whether a non-fiscal slip is open.
    pub slip_open: bool,
    /// Whether the fiscal memory is full.
    pub fiscal_memory_full: bool,
    /// Whether the fiscal memory has room for fewer than fifty more Z-reports.
    pub fiscal_memory_low: bool,
    /// Whether the fiscal memory cannot be read or written.
    pub fiscal_memory_fault: bool,
    /// Whether the electronic journal is near its end.
    pub journal_low: bool,
    /// Whether the electronic journal is full.
    pub journal_full: bool,
    /// Whether the device is fiscalised, so that its receipts are legal.
    pub fiscalised: bool,
}

impl Condition {
    /// The most serious fault that keeps the device from printing, if there is one.
    #[must_use]
    pub const fn fault(&self) -> Option<Fault> {
        if self.memory_reset {
            Some(Fault::MemoryReset)
        } else if self.clock_not_set {
            Some(Fault::ClockNotSet)
        } else if self.fiscal_memory_full {
            Some(Fault::FiscalMemoryFull)
        } else if self.fiscal_memory_fault {
            Some(Fault::FiscalMemoryDamaged)
        } else if self.cover_open {
            Some(Fault::CoverOpen)
        } else if matches!(self.paper, Paper::Out) {
            Some(Fault::PaperOut)
        } else if self.mechanism_fault {
            Some(Fault::Mechanism)
        } else if self.journal_full {
            Some(Fault::JournalFull)
        } else {
            None
        }
    }
}

/// A job that a printer is asked to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// A fiscal receipt: a sale, or a refund.
    Receipt(ReceiptJob),
    /// A receipt that a fiscal module registers.
    Module(ModuleJob),
    /// Cash put into the drawer (positive) or taken out (negative).
    Cash(Amount),
    /// The report of the day so far.
    XReport,
    /// The report that closes the day.
    ZReport,
    /// A non-fiscal slip of these lines.
    Text(Vec<TextLine>),
    /// The pulse that opens the drawer. Nothing is printed, and no sensor reports whether it opened.
    Drawer,
    /// A second print of the last receipt, marked as a duplicate. Most devices allow one duplicate.
    Duplicate,
    /// The Z-reports of the fiscal memory from one number to another.
    ByNumber {
        /// The number of the first Z-report.
        first: u32,
        /// The number of the last Z-report.
        last: u32,
        /// Whether each report is printed, instead of sums.
        detailed: bool,
    },
    /// The Z-reports of the fiscal memory from one day to another.
    ByDate {
        /// The first day, `DDMMYY`.
        first: String,
        /// The last day, `DDMMYY`.
        last: String,
        /// Whether each report is printed, instead of sums.
        detailed: bool,
    },
}

/// A receipt that a fiscal module registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleJob {
    /// Whether the receipt is a refund.
    pub refund: bool,
    /// The id by which the module knows the receipt afterwards.
    pub id: String,
    /// The request in the module's own form; `None` after a restart, because it is never sent again.
    pub request: Option<String>,
}

impl Job {
    /// A non-fiscal slip of plain lines.
    pub fn text<T: Into<TextLine>>(lines: impl IntoIterator<Item = T>) -> Self {
        Self::Text(lines.into_iter().map(Into::into).collect())
    }
}

/// A line of a slip. A line that is longer than a row of the paper is broken between words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextLine {
    /// The text.
    pub text: String,
    /// How strongly the text is printed.
    pub style: TextStyle,
    /// A picture that is printed in place of the text, in the middle. Only a printer with [`TextPaper::picture_dots`] prints it.
    pub picture: Option<Arc<Raster>>,
}

impl<T: Into<String>> From<T> for TextLine {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// How strongly a line of a slip is printed. A printer that has only one kind of letters prints every line plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextStyle {
    /// As all other text.
    #[default]
    Plain,
    /// Bold.
    Bold,
    /// Bold, twice as wide and twice as high.
    Large,
    /// The text as a QR code in the middle. A printer without QR codes prints it as text.
    Code,
}

/// The paper of a printer, for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPaper {
    /// The number of letters of a row.
    pub columns: usize,
    /// Whether the printer prints [large](TextStyle::Large) letters.
    pub large: bool,
    /// The largest number of bytes that the printer prints as a QR [code](TextStyle::Code); 0 if it prints none.
    pub code_bytes_max: usize,
    /// The width of the widest [picture](TextLine::picture) that the printer prints, in dots; 0 if it prints none.
    pub picture_dots: usize,
}

/// A fiscal receipt, computed to the last minor unit. The printer's sums are compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptJob {
    /// The sale that is refunded; `None` for a sale.
    pub refund_of: Option<RefundOf>,
    /// Text before the first line.
    pub header: Vec<String>,
    /// The lines of the receipt.
    pub lines: Vec<LineJob>,
    /// Text after the last line.
    pub footer: Vec<String>,
    /// The amount that is to be paid; positive, also for a refund.
    pub total: Amount,
    /// The payments in any order; cash is sent to the printer last.
    pub payments: Vec<PaymentJob>,
    /// The cash given back: the sum of the payments minus `total`.
    pub change: Amount,
}

/// The sale that is refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOf {
    /// The printer's number of the document of the sale.
    pub document: u32,
    /// The time when the sale was printed, `DDMMYYhhmmss`, by the printer's clock as far as it is known.
    pub at: String,
    /// The number of the fiscal memory that contains the sale.
    pub fiscal_memory: String,
    /// Whether a printer without refund receipts takes the cash that is given back out of its drawer. On a printer with refund
    /// receipts the receipt does so itself.
    pub withdraw: bool,
    /// The lines of the slip that a printer without refund receipts prints in place of the receipt. They are laid out by the caller
    /// for the paper of the printer ([`FiscalPrinter::text_paper`]).
    pub slip: Vec<TextLine>,
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineJob {
    /// The name of what was sold.
    pub name: String,
    /// The till's tax group: 0 is A, 7 is H. It is the printer's group too, unless the order of the groups differs from machine to
    /// machine ([`FiscalPrinter::use_tax_rates`]).
    pub group: u8,
    /// The price of one unit.
    pub price: Amount,
    /// The quantity that was sold.
    pub quantity: Quantity,
    /// The difference, with its sign, between the amount of the line and price times quantity (rounded half away from zero).
    pub adjustment: Amount,
    /// Text printed below the line, such as `-15.00% = -2.43`.
    pub notes: Vec<String>,
}

/// One payment of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentJob {
    /// The printer's letter of the payment type: `P` is cash with Datecs.
    pub letter: char,
    /// Whether the payment is cash: cash is sent last, and only cash may be more than what is left to pay.
    pub cash: bool,
    /// The amount that was given.
    pub amount: Amount,
}

/// The printer's figures of its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterReport {
    /// The number of this Z-report; in an X-report the number that the next Z-report will have.
    /// `None` if the device reports neither this number nor that of its last Z-report.
    pub z_number: Option<u32>,
    /// The gross sales of the day per tax group A to H; refunds are not subtracted.
    pub groups: [Amount; 8],
    /// The gross refunds of the day per tax group, if the device reports them.
    pub refunds: Option<[Amount; 8]>,
    /// The day's payments by the device's letters.
    /// `None` if the answer of the Z-report was lost and the host restarted: the device has cleared them.
    /// Also `None` if the device does not report them.
    pub payments: Option<Vec<PrinterPayment>>,
    /// The cash in the drawer at the time of the report. `None` if the answer was lost, as for `payments`.
    pub cash: Option<Amount>,
    /// The cash paid in since the last Z-report. `None` if the answer was lost.
    pub cash_in: Option<Amount>,
    /// The cash taken out since the last Z-report, as a positive amount. `None` if the answer was lost.
    pub cash_out: Option<Amount>,
    /// The number of fiscal receipts of the day, refunds included. `None` if the answer was lost.
    pub fiscal_receipts: Option<u32>,
}

/// A Z-report in the fiscal memory: all that is known of a day that was closed at the device itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// The number of the Z-report.
    pub z_number: u32,
    /// Gross sales of the day per tax group A to H.
    pub groups: [Amount; 8],
    /// The day of the report as the device reports it (`DDMMYY`); may be empty.
    pub day: String,
}

/// The sum of the day's payments of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrinterPayment {
    /// The printer's letter of the payment type.
    pub letter: char,
    /// The sum of the payments without change.
    pub amount: Amount,
}
