//! The permanent memory of the emulated printer: fiscal memory, counters of the day, and the open receipt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that survives a loss of power, except the receipts, which are too many to be written again each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Serial number.
    pub serial: String,
    /// Number of the fiscal memory.
    pub fiscal_memory: String,
    /// Tax rates in hundredths of a percent, A to H; `None` is disabled.
    pub rates: [Option<i64>; 8],
    /// The currency's letters.
    pub currency: String,
    /// Number of the last document of any kind.
    pub last_document: u32,
    /// Sold since fiscalisation.
    pub grand_total: i64,
    /// The number of valid fiscal receipts in the receipts' file; later entries are ignored.
    pub receipts: usize,
    /// Every Z-report.
    pub closures: Vec<Closure>,
    /// The day since the last Z-report.
    pub day: WorkingDay,
    /// The receipt or slip that is open.
    pub open: Option<OpenReceipt>,
    /// The last receipt, for the answer of 4Ch.
    pub last: LastReceipt,
    /// A duplicate of the last receipt may be printed.
    pub may_duplicate: bool,
    /// Pulses sent to the drawer.
    pub drawer_pulses: u32,
    /// The seconds by which the clock was set forward.
    pub clock_offset_s: i64,
    /// The taxpayer's number.
    #[serde(default = "tax_id")]
    pub tax_id: String,
    /// Header and footer lines and switches, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// How many Z-reports the fiscal memory has room for.
    #[serde(default = "closures_max")]
    pub closures_max: u32,
    /// Working memory was lost: the clock must be set before anything is sold.
    #[serde(default)]
    pub reset: bool,
}

fn tax_id() -> String {
    "1003600012346".to_owned()
}

/// Five years of days.
const fn closures_max() -> u32 {
    1_825
}

impl Memory {
    /// A new, fiscalised printer.
    #[must_use]
    pub fn new(rates: [Option<i64>; 8]) -> Self {
        Self {
            serial: "DT700001".to_owned(),
            fiscal_memory: "02700001".to_owned(),
            rates,
            currency: "MDL".to_owned(),
            last_document: 0,
            grand_total: 0,
            receipts: 0,
            closures: Vec::new(),
            day: WorkingDay::default(),
            open: None,
            last: LastReceipt::default(),
            may_duplicate: false,
            drawer_pulses: 0,
            clock_offset_s: 0,
            tax_id: tax_id(),
            settings: BTreeMap::new(),
            closures_max: closures_max(),
            reset: false,
        }
    }

    /// Assigns the next document number.
    pub(super) fn next_document(&mut self) -> u32 {
        self.last_document = self.last_document.saturating_add(1);
        self.last_document
    }

    /// How many more Z-reports the fiscal memory has room for.
    #[must_use]
    pub fn closures_left(&self) -> u32 {
        self.closures_max.saturating_sub(self.z_number())
    }

    /// Number of the last Z-report.
    #[must_use]
    pub fn z_number(&self) -> u32 {
        u32::try_from(self.closures.len()).unwrap_or(u32::MAX)
    }
}

/// Counters since the last Z-report. Sales and refunds are never netted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingDay {
    /// Sales by tax group.
    pub sales: [i64; 8],
    /// Refunds by tax group.
    pub refunds: [i64; 8],
    /// Payments of sales without change, in the order of 6Eh.
    pub payments: [i64; 8],
    /// Payments of refunds, likewise.
    pub refund_payments: [i64; 8],
    /// Cash in the drawer.
    pub cash: i64,
    /// Cash paid in.
    pub cash_in: i64,
    /// Cash taken out, positive.
    pub cash_out: i64,
    /// Receipts of all kinds.
    pub all_receipts: u32,
    /// Fiscal receipts without cancelled ones.
    pub fiscal_receipts: u32,
    /// When the first fiscal receipt was opened: the 24 hours begin here.
    pub opened_at: Option<i64>,
}

/// One Z-report in fiscal memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Its number.
    pub number: u32,
    /// Its document number.
    pub document: u32,
    /// Seconds since 1970.
    pub at: i64,
    /// The day that it closed.
    pub day: WorkingDay,
}

/// What kind of receipt is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenKind {
    /// A sale.
    Sale,
    /// A refund.
    Refund,
    /// A non-fiscal slip.
    Slip,
}

/// A receipt that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenReceipt {
    /// What it is.
    pub kind: OpenKind,
    /// Seconds since 1970 of its opening.
    pub at: i64,
    /// Its sales, voids included.
    pub sales: Vec<BookedSale>,
    /// Sums by tax group.
    pub groups: [i64; 8],
    /// Payments with their letters, as tendered.
    pub payments: Vec<(char, i64)>,
    /// A payment was accepted: it can no longer be cancelled.
    pub payment_started: bool,
    /// Its printed lines so far.
    pub tape: Vec<String>,
    /// It was opened as an invoice.
    #[serde(default)]
    pub invoice: bool,
}

impl OpenReceipt {
    /// Sum of the groups.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.groups
            .iter()
            .fold(0, |sum, group| i64::saturating_add(sum, *group))
    }

    /// Sum of the payments.
    #[must_use]
    pub fn tendered(&self) -> i64 {
        self.payments
            .iter()
            .fold(0, |sum, (_, amount)| i64::saturating_add(sum, *amount))
    }

    /// Sales registered.
    #[must_use]
    pub fn items(&self) -> u32 {
        u32::try_from(self.sales.len()).unwrap_or(u32::MAX)
    }
}

/// A sale as it was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedSale {
    /// Tax group.
    pub group: u8,
    /// Price, negative for a void.
    pub price: i64,
    /// Thousandths.
    pub quantity: i64,
    /// The amount that it added to its group.
    pub amount: i64,
    /// A later line voided it, or it is itself a void.
    pub voided: bool,
}

/// The last receipt, for the answer of 4Ch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastReceipt {
    /// Its sales.
    pub items: u32,
    /// Its sum.
    pub amount: i64,
    /// What was tendered.
    pub tender: i64,
}

/// A fiscal receipt in the printer's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalReceipt {
    /// Its document number.
    pub document: u32,
    /// Seconds since 1970.
    pub at: i64,
    /// A refund.
    pub refund: bool,
    /// Its sum.
    pub total: i64,
    /// Its sales.
    pub items: u32,
    /// Its sums by tax group.
    pub groups: [i64; 8],
    /// Its payments with their letters, as tendered.
    pub payments: Vec<(char, i64)>,
    /// Cash given back.
    pub change: i64,
}
