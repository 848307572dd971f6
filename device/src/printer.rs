//! What the agent sees of a fiscal printer: jobs in, settled outcomes out.
//!
//! Read [`Outcome`] first.
//! A job ends *registered*, *not registered* or *unknown*, and the driver never guesses between them:
//! the counters of the device before the job (the [`Baseline`], which the caller keeps durably) and after it decide.

use ferrotill_core::scale::Decimal;
use ferrotill_core::{Amount, Quantity};

use crate::fault::Fault;

/// A fiscal printer of any family.
///
/// One thread owns it; every method blocks until the device has answered or given up.
pub trait FiscalPrinter: Send {
    /// Opens the port, shakes hands, and reads identity, status and counters.
    ///
    /// A leftover non-fiscal slip is closed.
    /// A leftover *fiscal* receipt is only reported in [`Connected::receipt_open`]:
    /// whether it belongs to a job is known to the caller alone, who then calls [`recover`](Self::recover) or [`clear_leftover`](Self::clear_leftover).
    ///
    /// # Errors
    ///
    /// The fault that kept the device from being asked.
    fn connect(&mut self) -> Result<Connected, Fault>;

    /// Carries out a job from its start.
    ///
    /// `baseline` is the one that the caller stored durably before; nothing is sent that prints while the device disagrees with it.
    /// Connects by itself when there is no connection.
    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Outcome;

    /// Settles a job that was begun earlier and whose end is not known (lost answers, a power cut, a crash of the host).
    ///
    /// Never prints the job again: what is open and unpaid is cancelled, what is paid in part is completed exactly as planned,
    /// what is closed is compared with the job, and where people were at the keyboard meanwhile, with the caller's books.
    /// Answers [`Outcome::Unknown`] while the device cannot be asked or its answers fit nothing; the caller calls again with back-off.
    ///
    /// Answers [`Outcome::NotRegistered`] for a document only after comparing the counters of the baseline's own printer
    /// (same serial number, same fiscal memory). A printer that cannot be that one, or has no counters, or cannot carry out
    /// such a job at all, proves nothing: the answer is [`Outcome::Unknown`] with [`Fault::PrinterSwapped`].
    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Outcome;

    /// Ends an open fiscal receipt that belongs to no job: cancels it while nothing is paid, and closes it where all is paid.
    /// One that is paid in part is left to the people at the printer: nobody here knows how the rest was to be paid.
    ///
    /// # Errors
    ///
    /// The fault that kept the receipt open.
    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault>;

    /// One cheap question: is it there, and in what condition.
    ///
    /// # Errors
    ///
    /// The fault that kept the device from being asked.
    fn status(&mut self) -> Result<Condition, Fault>;

    /// Reads the counters anew: what people did at the device meanwhile shows there and nowhere else.
    ///
    /// # Errors
    ///
    /// The fault that kept the device from being asked.
    fn counters(&mut self) -> Result<Baseline, Fault> {
        self.connect().map(|connected| connected.baseline)
    }

    /// The last Z-report as the fiscal memory told it when the counters were read the last time; asks nothing.
    fn last_z(&self) -> Option<ClosedDay> {
        None
    }

    /// Its clock, `DD-MM-YY HH:MM:SS`.
    ///
    /// # Errors
    ///
    /// The fault that kept the device from being asked; [`Fault::UnknownCommand`] where it has no clock.
    fn clock(&mut self) -> Result<String, Fault> {
        Err(Fault::UnknownCommand)
    }

    /// Sets its clock to `DD-MM-YY HH:MM:SS`. No device goes back behind its last record.
    ///
    /// # Errors
    ///
    /// The fault that kept the clock from being set; after a lost answer, read the clock.
    fn set_clock(&mut self, _at: &str) -> Result<(), Fault> {
        Err(Fault::UnknownCommand)
    }

    /// The rates of its tax groups, as [`Connected::groups`] has them.
    ///
    /// # Errors
    ///
    /// The fault that kept the device from being asked; [`Fault::UnknownCommand`] where it has no tax groups.
    fn tax_groups(&mut self) -> Result<[Option<u32>; 8], Fault> {
        Err(Fault::UnknownCommand)
    }
}

/// The caller's side of a running job.
pub trait Watch {
    /// Called before a cancellation goes out; the caller makes the decision durable and answers true.
    ///
    /// False, or a decision that could not be stored, means that the cancellation is not sent.
    fn about_to_cancel(&mut self) -> bool;

    /// Diagnosis: one readable line per exchange.
    fn trace(&mut self, _line: &str) {}
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "one exists per job, and the common variant is the large one"
)]
pub enum Outcome {
    /// It is in the printer's memory, once.
    Registered(Registered),
    /// It is not in the printer's memory and never will be.
    NotRegistered(NotRegistered),
    /// It cannot be said yet; ask again with [`FiscalPrinter::recover`].
    Unknown(Fault),
}

/// A job that the printer has carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The printer's number of the document, one sequence over all kinds; the last one's for a job that makes no document (the drawer).
    pub document: u32,
    /// The number of the fiscal receipt, for receipts where the printer tells it.
    pub fiscal_receipt: Option<u32>,
    /// The baseline of the next job.
    pub after: Baseline,
    /// What the printer says of its day, for X and Z.
    pub report: Option<PrinterReport>,
}

/// A job that left no document, or only a cancelled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRegistered {
    /// Why.
    pub fault: Fault,
    /// The same with figures and the device's own words; may be empty.
    pub detail: String,
    /// The device's counters now, where they were read. `None` means that they are unknown, not that they are unchanged.
    pub after: Option<Baseline>,
}

/// The identity and the counters of a device between two jobs.
///
/// Whoever begins a job stores this first; recovery compares it with the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The device's serial number.
    pub serial: String,
    /// The number of its fiscal memory.
    pub fiscal_memory: String,
    /// Number of its last document, of whatever kind: cancelled receipts and slips have one too.
    pub last_document: u32,
    /// Number that its next fiscal receipt will have: on some families since the last Z-report, on others since fiscalisation.
    /// 0 where the device does not tell it.
    pub next_fiscal_receipt: u32,
    /// Number of its last Z-report, 0 before the first; `None` where the device does not tell it.
    pub z_number: Option<u32>,
    /// Cash in the drawer by the device's count.
    pub cash: Amount,
    /// Cash paid in since the last Z-report, sales not included.
    pub cash_in: Amount,
    /// Cash taken out since the last Z-report, positive, refunds not included.
    pub cash_out: Amount,
}

/// What the caller's books say of a job that is to be settled, beside its baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalEvidence {
    /// [`Watch::about_to_cancel`] was answered with true for this job before.
    pub cancel_decided: bool,
    /// What the device's day had come to before the job; `None` where the books do not know.
    ///
    /// Where the document numbers prove nothing any more, because somebody asked for a report at the keyboard,
    /// the device's own sums are held against these.
    pub day: Option<DaySums>,
    /// A Z-report of this very device was seen to take one document number.
    ///
    /// Then as many new documents as Z-reports mean that nothing else was printed.
    pub z_takes_a_number: bool,
}

impl JournalEvidence {
    /// JournalEvidence that know of a decision to cancel, or of none, and of nothing else.
    #[must_use]
    pub fn of_decision(cancel_decided: bool) -> Self {
        Self {
            cancel_decided,
            ..Self::default()
        }
    }
}

/// Gross sums of a device's day since its last Z-report, per tax group A to H.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DaySums {
    /// Sales, refunds not taken off.
    pub sales: [Amount; 8],
    /// Refunds, positive.
    pub refunds: [Amount; 8],
}

/// What a device says of itself on connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Identity and counters.
    pub baseline: Baseline,
    /// Its model, as it names itself.
    pub model: String,
    /// Its firmware, as it names it.
    pub firmware: String,
    /// Where it was found, with the speed of its line.
    pub address: String,
    /// Its clock, as it prints it (`DD-MM-YY HH:MM:SS`), where it could be read.
    pub clock: Option<String>,
    /// Its condition.
    pub condition: Condition,
    /// A fiscal receipt is open.
    pub receipt_open: bool,
    /// The rate of each tax group A to H in ten-thousandths of a percent (`200_000` is 20 %);
    /// `None` for a group that is disabled or could not be read.
    pub groups: [Option<u32>; 8],
}

impl Connected {
    /// Where the device's tax rates are not the configured ones. A group that is not configured may be anything.
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

/// A tax group whose rate in the device is not the configured one; rates are ten-thousandths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateDifference {
    /// The group's letter.
    pub group: char,
    /// The configured rate.
    pub till: u32,
    /// The device's; `None` if it is disabled or could not be read.
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
    /// Enough.
    #[default]
    Ok,
    /// Near its end.
    Low,
    /// None: nothing can be printed.
    Out,
}

/// The condition of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Its paper.
    pub paper: Paper,
    /// The cover is open.
    pub cover_open: bool,
    /// The printing mechanism has failed or is overheated.
    pub mechanism_fault: bool,
    /// The clock must be set before anything else.
    pub clock_not_set: bool,
    /// The working memory was lost.
    pub memory_reset: bool,
    /// A fiscal receipt (sale or refund) is open.
    pub fiscal_receipt_open: bool,
    /// A non-fiscal slip is open.
    pub slip_open: bool,
    /// The fiscal memory is full.
    pub fiscal_memory_full: bool,
    /// The fiscal memory holds fewer than fifty more Z-reports.
    pub fiscal_memory_low: bool,
    /// The fiscal memory cannot be read or written.
    pub fiscal_memory_fault: bool,
    /// The electronic journal is near its end.
    pub journal_low: bool,
    /// The electronic journal is at its end.
    pub journal_full: bool,
    /// The device is fiscalised: what it prints counts.
    pub fiscalised: bool,
}

impl Condition {
    /// The gravest thing that keeps the device from printing, if there is one.
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

/// What a printer is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// A fiscal receipt: a sale, or a refund.
    Receipt(ReceiptJob),
    /// Cash put into the drawer (positive) or taken out (negative).
    Cash(Amount),
    /// The report of the day so far.
    XReport,
    /// The report that closes the day.
    ZReport,
    /// A non-fiscal slip of these lines.
    Text(Vec<String>),
    /// The pulse that opens the drawer. Nothing is printed, and there is no sensor that tells whether it opened.
    Drawer,
    /// The last receipt once more, marked as a duplicate. Most devices print one once.
    Duplicate,
    /// The Z-reports of the fiscal memory from one number to another.
    ByNumber {
        /// The first Z-report.
        first: u32,
        /// The last one.
        last: u32,
        /// Each report rather than sums.
        detailed: bool,
    },
    /// The Z-reports of the fiscal memory from one day to another.
    ByDate {
        /// The first day, `DDMMYY`.
        first: String,
        /// The last one.
        last: String,
        /// Each report rather than sums.
        detailed: bool,
    },
}

/// A fiscal receipt, computed to the last minor unit: the printer's arithmetic is checked against it, never the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptJob {
    /// The sale that is taken back; `None` for a sale.
    pub refund_of: Option<RefundOf>,
    /// Text before the first line.
    pub header: Vec<String>,
    /// The lines.
    pub lines: Vec<LineJob>,
    /// Text after the last line.
    pub footer: Vec<String>,
    /// What is to be paid. Positive, also for a refund.
    pub total: Amount,
    /// Payments in any order; cash goes to the printer last.
    pub payments: Vec<PaymentJob>,
    /// Cash given back: the payments' sum less `total`.
    pub change: Amount,
}

/// The sale that a refund takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOf {
    /// The printer's number of the document.
    pub document: u32,
    /// When it was printed, `DDMMYYhhmmss`.
    pub at: String,
    /// The fiscal memory that holds it.
    pub fiscal_memory: String,
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineJob {
    /// What was sold.
    pub name: String,
    /// The printer's tax group: 0 is A, 7 is H.
    pub group: u8,
    /// Price of one unit.
    pub price: Amount,
    /// How much.
    pub quantity: Quantity,
    /// Signed, so that price times quantity (rounded half away from zero) plus this is what the line costs.
    pub adjustment: Amount,
    /// Text printed below the line, such as `-15.00% = -2.43`.
    pub notes: Vec<String>,
}

/// One payment of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentJob {
    /// The printer's letter of the payment type: `P` is cash with Datecs.
    pub letter: char,
    /// Cash: goes last, and alone may be more than what is left to pay.
    pub cash: bool,
    /// What was given.
    pub amount: Amount,
}

/// What a printer says of its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterReport {
    /// The number of this Z-report; in an X-report the number that the next Z-report will have.
    /// `None` where the device tells neither this number nor that of its last Z-report.
    pub z_number: Option<u32>,
    /// Gross sales of the day per tax group A to H, refunds not taken off.
    pub groups: [Amount; 8],
    /// Gross refunds of the day per tax group, where the device tells them.
    pub refunds: Option<[Amount; 8]>,
    /// The day's payments by the device's letters.
    /// `None` where the day was closed by a Z-report whose answer was lost together with the host: the device has forgotten them.
    /// Also `None` where the device does not tell them.
    pub payments: Option<Vec<PaymentTotal>>,
    /// Cash in the drawer at the time of the report. `None` under the same condition.
    pub cash: Option<Amount>,
    /// Cash paid in since the last Z-report. `None` under the same condition.
    pub cash_in: Option<Amount>,
    /// Cash taken out since the last Z-report, positive. `None` under the same condition.
    pub cash_out: Option<Amount>,
    /// Fiscal receipts of the day, refunds included. `None` under the same condition.
    pub fiscal_receipts: Option<u32>,
}

/// A Z-report as the fiscal memory tells it: all that is left of a day that the device closed on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// Its number.
    pub z_number: u32,
    /// Gross sales of the day per tax group A to H.
    pub groups: [Amount; 8],
    /// Its day as the device tells it (`DDMMYY`); may be empty.
    pub day: String,
}

/// What was paid in a day with one type of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentTotal {
    /// The printer's letter.
    pub letter: char,
    /// The sum, change taken off.
    pub amount: Amount,
}
