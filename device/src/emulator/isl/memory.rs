//! The permanent memory of the emulated printer: fiscal memory, counters of the day, and the open receipt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calendar::Moment;

/// The data that survive a loss of power, except the receipts, which are too many to be written again each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The serial number of the printer.
    pub serial: String,
    /// The number of the fiscal memory.
    pub fiscal_memory: String,
    /// The tax rates in hundredths of a percent, A to H; `None` is a disabled group.
    pub rates: [Option<i64>; 8],
    /// The letters of the currency.
    pub currency: String,
    /// The number of the last document of any kind.
    pub last_document: u32,
    /// The sum of all sales since fiscalisation, in minor units.
    pub grand_total: i64,
    /// The number of valid fiscal receipts in the receipts' file; later entries are ignored.
    pub receipts: usize,
    /// All Z-reports, oldest first.
    pub closures: Vec<Closure>,
    /// The counters of the day since the last Z-report.
    pub day: WorkingDay,
    /// The receipt or slip that is open; `None` if none is open.
    pub open: Option<OpenReceipt>,
    /// The last receipt, for the answer of 4Ch.
    pub last: LastReceipt,
    /// Whether a duplicate of the last closed fiscal receipt may be printed.
    pub may_duplicate: bool,
    /// Whether a duplicate of the last receipt was printed.
    #[serde(default)]
    pub has_duplicate: bool,
    /// The number of pulses that were sent to the drawer.
    pub drawer_pulses: u32,
    /// The number of seconds by which the clock was set forward.
    pub clock_offset_s: i64,
    /// The taxpayer's number.
    #[serde(default = "tax_id")]
    pub tax_id: String,
    /// The header and footer lines and switches that a host has set, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The number of Z-reports for which the fiscal memory has room, those made included.
    #[serde(default = "closures_max")]
    pub closures_max: u32,
    /// Whether the working memory was lost, so that the clock must be set before anything is sold.
    #[serde(default)]
    pub reset: bool,
}

fn tax_id() -> String {
    "1003600012346".to_owned()
}

/// The fiscal memory has room for a Z-report on each day of five years.
const fn closures_max() -> u32 {
    1_825
}

impl Memory {
    /// The memory of a new, fiscalised printer.
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
            has_duplicate: false,
            drawer_pulses: 0,
            clock_offset_s: 0,
            tax_id: tax_id(),
            settings: BTreeMap::new(),
            closures_max: closures_max(),
            reset: false,
        }
    }

    /// The memory of the same printer after this number of Z-reports of days without receipts. There is room for as many as before.
    #[must_use]
    pub fn after(mut self, z_reports: u32) -> Self {
        for number in 1..=z_reports {
            let document = self.next_document();
            self.closures.push(Closure {
                number,
                document,
                at: 0,
                day: WorkingDay::default(),
            });
        }
        self.closures_max = self.closures_max.saturating_add(z_reports);
        self
    }

    /// Assigns the next document number.
    pub(super) fn next_document(&mut self) -> u32 {
        self.last_document = self.last_document.saturating_add(1);
        self.last_document
    }

    /// The number of further Z-reports for which the fiscal memory has room.
    #[must_use]
    pub fn closures_left(&self) -> u32 {
        self.closures_max.saturating_sub(self.z_number())
    }

    /// The number of the last Z-report.
    #[must_use]
    pub fn z_number(&self) -> u32 {
        u32::try_from(self.closures.len()).unwrap_or(u32::MAX)
    }
}

/// The counters of a day, since the last Z-report. Sales and refunds are never netted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingDay {
    /// The sales by tax group, in minor units.
    pub sales: [i64; 8],
    /// The refunds by tax group, in minor units.
    pub refunds: [i64; 8],
    /// The payments of sales without change, in minor units, in the order of 6Eh.
    pub payments: [i64; 8],
    /// The payments of refunds, in minor units, in the order of 6Eh.
    pub refund_payments: [i64; 8],
    /// The cash in the drawer, in minor units.
    pub cash: i64,
    /// The cash paid in, in minor units.
    pub cash_in: i64,
    /// The cash taken out, in minor units, as a positive sum.
    pub cash_out: i64,
    /// The number of receipts of all kinds.
    pub all_receipts: u32,
    /// The number of fiscal receipts, without cancelled ones.
    pub fiscal_receipts: u32,
    /// When the first fiscal receipt was opened, in seconds since 1970: the limit of 24 hours begins then.
    pub opened_at: Option<i64>,
    /// The numbers and sums of what happened besides sales, for the questions of other drivers.
    #[serde(default)]
    pub tallies: Tallies,
}

/// A number of events and their sum in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedSum {
    /// The number of events.
    pub count: u32,
    /// The sum of the events in minor units, as a positive sum.
    pub sum: i64,
}

impl CountedSum {
    /// Adds one event; only the magnitude of its sum counts.
    pub(super) fn add(&mut self, sum: i64) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(sum.saturating_abs());
    }
}

/// What happened in a day besides sales.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// The fiscal receipts that are sales.
    pub sales: CountedSum,
    /// The refund receipts.
    pub refunds: CountedSum,
    /// The discounts of lines and of subtotals.
    pub discounts: CountedSum,
    /// The surcharges of lines and of subtotals.
    pub surcharges: CountedSum,
    /// The lines that were taken back before payment.
    pub voids: CountedSum,
    /// The cancelled receipts.
    pub cancelled: CountedSum,
    /// The cash slips that put cash in.
    pub paid_in: CountedSum,
    /// The cash slips that took cash out.
    pub taken_out: CountedSum,
}

impl Tallies {
    /// Counts the discounts, surcharges and voids of a receipt that was issued.
    pub(super) fn add_lines(&mut self, sales: &[BookedSale], subtotal_changes: &[i64]) {
        let sold = sales.iter().filter(|sale| sale.price > 0);
        let changes = sold.map(|sale| sale.change);
        for change in changes.chain(subtotal_changes.iter().copied()) {
            match change {
                1.. => self.surcharges.add(change),
                ..=-1 => self.discounts.add(change),
                0 => {}
            }
        }
        for sale in sales.iter().filter(|sale| sale.price < 0) {
            self.voids.add(sale.amount);
        }
    }
}

/// A Z-report in the fiscal memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// The number of the Z-report.
    pub number: u32,
    /// The document number of the Z-report.
    pub document: u32,
    /// The time of the Z-report in seconds since 1970.
    pub at: i64,
    /// The counters of the day that the Z-report closed.
    pub day: WorkingDay,
}

/// The kind of receipt that is open.
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
    /// The kind of the open receipt.
    pub kind: OpenKind,
    /// The time of opening in seconds since 1970.
    pub at: i64,
    /// The sales of the receipt, voids included.
    pub sales: Vec<BookedSale>,
    /// The sums of the receipt by tax group, in minor units.
    pub groups: [i64; 8],
    /// The payments with their letters, as tendered, in minor units.
    pub payments: Vec<(char, i64)>,
    /// Whether a payment was accepted, after which the receipt can no longer be cancelled.
    pub payment_started: bool,
    /// The printed lines of the receipt so far.
    pub tape: Vec<String>,
    /// Whether the receipt was opened as an invoice.
    #[serde(default)]
    pub invoice: bool,
    /// The discounts and surcharges of the receipt's subtotals, in minor units.
    #[serde(default)]
    pub subtotal_changes: Vec<i64>,
    /// The sale that a refund has named.
    #[serde(default)]
    pub original: Option<NamedOriginal>,
    /// What the host has chosen when it opened the receipt (30h of ZFP).
    #[serde(default)]
    pub form: ReceiptForm,
}

/// What a host of ZFP chooses when it opens a receipt (30h).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptForm {
    /// Whether the receipt is detailed.
    pub detailed: bool,
    /// Whether the VAT is printed on it.
    pub vat: bool,
    /// Whether it is printed at its end only.
    pub postponed: bool,
    /// Whether it is not printed at all, because the buyer gets it as data.
    pub electronic: bool,
}

/// The sale that a refund has named when it was opened. The printer does not check it: no manual says that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedOriginal {
    /// The number of the sale's document.
    pub document: u32,
    /// The date and time of the sale, `DDMMYYhhmmss`; empty if the refund has named only the number.
    pub at: String,
    /// The number of the sale's fiscal memory; empty if the refund has named only the number of the document.
    pub fiscal_memory: String,
    /// The reason of the refund, as group B writes it: 0 error of the operator, 1 return, 2 lower tax base.
    #[serde(default = "a_return")]
    pub reason: u8,
}

/// The reason of a refund in a memory that an earlier version wrote.
const fn a_return() -> u8 {
    1
}

impl OpenReceipt {
    /// The sum of the receipt's tax groups, in minor units.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.groups
            .iter()
            .fold(0, |sum, group| i64::saturating_add(sum, *group))
    }

    /// The sum of the receipt's payments, in minor units.
    #[must_use]
    pub fn tendered(&self) -> i64 {
        self.payments
            .iter()
            .fold(0, |sum, (_, amount)| i64::saturating_add(sum, *amount))
    }

    /// The number of sales on the receipt.
    #[must_use]
    pub fn items(&self) -> u32 {
        u32::try_from(self.sales.len()).unwrap_or(u32::MAX)
    }
}

/// A sale as it was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedSale {
    /// The tax group: 0 is A, 7 is H.
    pub group: u8,
    /// The price in minor units, negative for a void.
    pub price: i64,
    /// The quantity in thousandths.
    pub quantity: i64,
    /// The amount that the sale added to its tax group, in minor units.
    pub amount: i64,
    /// Whether a later line voided the sale, or the sale is itself a void.
    pub voided: bool,
    /// The discount (negative) or surcharge of the line, in minor units.
    #[serde(default)]
    pub change: i64,
    /// The name of what was sold.
    #[serde(default)]
    pub name: String,
    /// The department of the sale; `None` if the host has named a tax group instead.
    #[serde(default)]
    pub department: Option<u32>,
}

/// The last receipt, for the answer of 4Ch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastReceipt {
    /// The number of sales of the receipt.
    pub items: u32,
    /// The sum of the receipt, in minor units.
    pub amount: i64,
    /// The sum that was tendered, in minor units.
    pub tender: i64,
}

/// A fiscal receipt in the printer's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiscalReceipt {
    /// The document number of the receipt.
    pub document: u32,
    /// The time of the receipt in seconds since 1970.
    pub at: i64,
    /// Whether the receipt is a refund.
    pub refund: bool,
    /// The sum of the receipt, in minor units.
    pub total: i64,
    /// The number of sales of the receipt.
    pub items: u32,
    /// The sums of the receipt by tax group, in minor units.
    pub groups: [i64; 8],
    /// The payments with their letters, as tendered, in minor units.
    pub payments: Vec<(char, i64)>,
    /// The cash given back, in minor units.
    pub change: i64,
    /// The lines of the receipt, voids included; empty in a memory that an earlier version wrote.
    #[serde(default)]
    pub sales: Vec<BookedSale>,
    /// The discounts and surcharges of the receipt's subtotals, in minor units.
    #[serde(default)]
    pub subtotal_changes: Vec<i64>,
    /// Whether the receipt is an invoice.
    #[serde(default)]
    pub invoice: bool,
    /// The sale that a refund has named.
    #[serde(default)]
    pub original: Option<NamedOriginal>,
}

impl FiscalReceipt {
    /// The reason of a refund, as [`NamedOriginal::reason`] has it; `None` for a sale.
    #[must_use]
    pub fn refund_reason(&self) -> Option<u8> {
        let named = self.original.as_ref();
        self.refund
            .then(|| named.map_or(a_return(), |original| original.reason))
    }

    /// The date and time of the receipt as a refund names them: `DDMMYYhhmmss`.
    #[must_use]
    pub fn stamp(&self) -> String {
        let stamp = Moment::of(self.at).stamp();
        stamp.chars().filter(char::is_ascii_digit).collect()
    }
}
