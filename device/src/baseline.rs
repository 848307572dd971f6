//! The identity and the counters of a device, and what a caller's journal adds to them when a job is settled.

use ferrotill_core::Amount;
use ferrotill_core::seal::PrinterNumbers;

/// The identity and the counters of a device between two jobs.
///
/// The caller stores the baseline before it begins a job; recovery compares the baseline with the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// The name of the device's family, as its driver gives it ([`FiscalPrinter::family`](crate::FiscalPrinter::family)); empty
    /// if a caller stored the baseline before families were stored.
    pub family: String,
    /// The device's serial number.
    pub serial: String,
    /// The number of the device's fiscal memory.
    pub fiscal_memory: String,
    /// The number of the device's last document of any kind; cancelled receipts and slips are numbered too.
    pub last_document: u32,
    /// The number that the device's next fiscal receipt will have: on some families counted since the last Z-report, on others
    /// since fiscalisation. 0 if the device does not report it.
    pub next_fiscal_receipt: u32,
    /// The number of the device's last Z-report, 0 before the first one; `None` if the device does not report it.
    pub z_number: Option<u32>,
    /// The cash in the drawer by the device's count.
    pub cash: Amount,
    /// The cash paid in since the last Z-report, sales not included.
    pub cash_in: Amount,
    /// The cash taken out since the last Z-report, as a positive amount, refunds not included.
    pub cash_out: Amount,
}

impl Baseline {
    /// The numbers by which the device is recognised.
    #[must_use]
    pub fn numbers(&self) -> PrinterNumbers<'_> {
        PrinterNumbers {
            serial: &self.serial,
            fiscal_memory: &self.fiscal_memory,
        }
    }

    /// Whether the device counts its fiscal receipts since fiscalisation, so that a Z-report does not clear the counter.
    #[must_use]
    pub fn counts_receipts_for_ever(&self) -> bool {
        crate::family::of_name(&self.family).is_some_and(|protocol| protocol.counts_for_ever)
    }
}

/// Evidence from the caller's journal for settling a job, in addition to the baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalEvidence {
    /// Whether [`Watch::about_to_cancel`](crate::Watch::about_to_cancel) was answered with true for this job before.
    pub cancel_decided: bool,
    /// The sums of the device's day before the job; `None` if the journal does not contain them.
    ///
    /// If a report was printed at the printer's keyboard meanwhile, document numbers prove nothing; in that case the device's
    /// sums are compared with these sums.
    pub day: Option<DaySums>,
    /// Whether an earlier Z-report of this device used exactly one document number.
    ///
    /// If it did, as many new documents as new Z-reports prove that nothing else was printed.
    pub z_takes_a_number: bool,
}

impl JournalEvidence {
    /// Evidence that consists only of whether a cancellation was decided.
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
    /// The sales; refunds are not subtracted.
    pub sales: [Amount; 8],
    /// The refunds, as positive amounts.
    pub refunds: [Amount; 8],
}

/// A figure that sharpens the proof of what became of a job. Without it a printer still sells, and more jobs end as unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrinterFigure {
    /// The number of the last Z-report.
    LastZReport,
    /// The number of the next fiscal receipt.
    NextFiscalReceipt,
    /// The number of the fiscal memory.
    FiscalMemory,
    /// The items, the amount and the tender of the current or last receipt.
    LastReceipt,
    /// The sums of the open receipt by tax group.
    OpenReceiptGroups,
    /// The sums of the day by tax group.
    DaySales,
    /// The payments of the day.
    DayPayments,
    /// The cash, and the totals of cash in and out.
    Cash,
    /// The kind and the sum of the last document.
    IssuedDocument,
}

impl PrinterFigure {
    /// The name of the figure, as it follows "without".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LastZReport => "the number of the last Z-report",
            Self::NextFiscalReceipt => "the number of the next fiscal receipt",
            Self::FiscalMemory => "the number of the fiscal memory",
            Self::LastReceipt => "the items, amount and tender of the last receipt",
            Self::OpenReceiptGroups => "the sums of the open receipt by tax group",
            Self::DaySales => "the sums of the day by tax group",
            Self::DayPayments => "the payments of the day",
            Self::Cash => "the totals of cash in and out",
            Self::IssuedDocument => "the kind and the sum of the last document",
        }
    }
}

/// An answer in a form that is in no manual, code or trace that the driver knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAnswer {
    /// The number of the question's command.
    pub command: u8,
    /// The data of the answer, as bytes.
    pub data: Vec<u8>,
}

impl core::fmt::Display for UnknownAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "command {:02X}h:", self.command)?;
        for byte in &self.data {
            write!(f, " {byte:02X}")?;
        }
        Ok(())
    }
}
