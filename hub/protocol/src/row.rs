//! One document, as the hub stores it.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::byte_string::ByteString;
use crate::fault::Fault;
use crate::limits::{
    DIFFERENCES_MAX, NAME_BYTES_MAX, RECORDED_MAX, ROW_BYTES_MAX, SERIES_BYTES_MAX, SUMS_MAX,
};

/// One document, as the hub stores it. There is no contact of a buyer and nothing rendered in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The hub's sequence of the till: 1 for its first row, without a gap.
    pub sequence: u64,
    /// The row of the till's journal that made the document what the row says: the row that sealed or voided it.
    pub journal_row: u64,
    /// The device of the document.
    pub device: Uuid,
    /// The document's own id, which is unique over all tills.
    pub document: Uuid,
    /// The business time of the document, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// How far the till's local time is ahead of UTC, in minutes. The business day is the day of the local time.
    pub utc_offset_min: i16,
    /// What the document is.
    pub kind: RowKind,
    /// The series of the number; empty if the number has none.
    pub series: String,
    /// The document's number; `None` if it has none.
    pub number: Option<u64>,
    /// The currency of the total.
    pub currency: Currency,
    /// The total in the smallest unit of the currency; below zero if money was paid out. Zero for a document without money.
    pub total: i64,
    /// What has become of the document.
    pub state: RowState,
    /// The number of the Z-report of the document's shift, or of the Z-report itself; `None` if there is none.
    pub z_number: Option<u32>,
    /// The sums of a Z-report; only rows of [`RowKind::ZReport`] have them.
    pub z_report: Option<ZReport>,
    /// The document in its recorded form: its events of the journal, such as its reservation and its seal.
    pub recorded: Vec<Recorded>,
}

/// An event of the till's journal as it is recorded there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The number of the event's kind.
    pub event: u16,
    /// The version of its encoding.
    pub version: u16,
    /// The encoded event.
    pub bytes: ByteString,
}

/// What a row is. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RowKind {
    /// A fiscal sale.
    Sale,
    /// A sale with an alternative receipt.
    AlternativeSale,
    /// A refund.
    Refund,
    /// Cash put into the drawer.
    CashIn,
    /// Cash taken out of the drawer.
    CashOut,
    /// A report that closes nothing.
    XReport,
    /// A report that closes the shift.
    ZReport,
    /// A text without money and tax.
    NonfiscalReceipt,
    /// A receipt that consists of its amounts by tax rate.
    AmountsReceipt,
    /// The till was restored from a backup: the first row of an epoch after the first.
    Restored,
    /// The shift was opened by a document of its own.
    ShiftOpening,
}

impl RowKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Sale,
        Self::AlternativeSale,
        Self::Refund,
        Self::CashIn,
        Self::CashOut,
        Self::XReport,
        Self::ZReport,
        Self::NonfiscalReceipt,
        Self::AmountsReceipt,
        Self::Restored,
        Self::ShiftOpening,
    ];

    /// The number of the kind, as messages and the hub's tables have it.
    #[must_use]
    pub fn number(self) -> u8 {
        let place = Self::ALL.iter().position(|kind| *kind == self);
        u8::try_from(place.unwrap_or_default()).unwrap_or_default()
    }

    /// The kind with a number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The kind in JSON and CSV.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::AlternativeSale => "alternative_sale",
            Self::Refund => "refund",
            Self::CashIn => "cash_in",
            Self::CashOut => "cash_out",
            Self::XReport => "x_report",
            Self::ZReport => "z_report",
            Self::NonfiscalReceipt => "nonfiscal_receipt",
            Self::AmountsReceipt => "amounts_receipt",
            Self::Restored => "restored",
            Self::ShiftOpening => "shift_opening",
        }
    }
}

/// What has become of a document, at the time when the till made the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RowState {
    /// The document is legal, and the authority has not acknowledged it yet.
    Sealed,
    /// The authority has acknowledged the document, or no authority need know of it.
    Sent,
    /// The document is known to exist nowhere; its row shows that its id was used.
    Voided,
}

impl RowState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Sealed, Self::Sent, Self::Voided];

    /// The number of the state, as messages and the hub's tables have it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sealed => 0,
            Self::Sent => 1,
            Self::Voided => 2,
        }
    }

    /// The state with a number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The state in JSON and CSV.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Sent => "sent",
            Self::Voided => "voided",
        }
    }
}

/// The sums of a Z-report, and how it compares with the other sides of the reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZReport {
    /// How many documents the shift has.
    pub documents: u32,
    /// The sums, such as `sales`, `refunds`, `cash in drawer`, or one for each tax group and payment type.
    pub sums: Vec<Sum>,
    /// What does not agree between till, documents, printer and authority; empty if the report reconciles.
    pub differences: Vec<Difference>,
}

/// One sum of a Z-report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// What is summed.
    pub name: String,
    /// The sum in the smallest unit of the row's currency.
    pub amount: i64,
}

/// One difference of a reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What was compared with the till, such as `printer`.
    pub side: String,
    /// The sum or count that differs.
    pub name: String,
    /// What the till has.
    pub till: i64,
    /// What the other side has.
    pub other: i64,
}

/// The three capital letters of a currency (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency with this code; `None` if the text has not three capital letters.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        Self(letters).is_valid().then_some(Self(letters))
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("???")
    }

    fn is_valid(self) -> bool {
        self.0.iter().all(u8::is_ascii_uppercase)
    }

    pub(crate) fn check(self, path: impl FnOnce() -> String) -> Result<(), Fault> {
        if self.is_valid() {
            return Ok(());
        }
        Err(Fault::wrong(path(), "must be three capital letters"))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Row {
    /// Refuses a row that cannot be sent. A till that calls this on each row learns which row it is.
    ///
    /// # Errors
    /// The first fault, with its place behind `path`, such as `rows[3].series`.
    pub fn check(&self, path: &str) -> Result<(), Fault> {
        let at = |name: &str| format!("{path}.{name}");
        if self.sequence == 0 {
            return Err(Fault::wrong(at("sequence"), "must be at least 1"));
        }
        if !(AT_MS_MIN..=AT_MS_MAX).contains(&self.at_ms) {
            return Err(Fault::wrong(
                at("at_ms"),
                "must be in the years 2000 to 2199",
            ));
        }
        if !(-UTC_OFFSET_MIN_MAX..=UTC_OFFSET_MIN_MAX).contains(&self.utc_offset_min) {
            return Err(Fault::wrong(at("utc_offset_min"), "must be within a day"));
        }
        // The hub's tables have signed numbers.
        let numbers = [Some(self.sequence), Some(self.journal_row), self.number];
        if numbers
            .into_iter()
            .flatten()
            .any(|number| i64::try_from(number).is_err())
        {
            return Err(Fault::wrong(path, "its numbers must be below 2^63"));
        }
        check_text(&self.series, SERIES_BYTES_MAX, || at("series"))?;
        self.currency.check(|| at("currency"))?;
        if self.z_report.is_some() != (self.kind == RowKind::ZReport) {
            return Err(Fault::wrong(
                at("z_report"),
                "must be there for a Z-report, and only for a Z-report",
            ));
        }
        if let Some(report) = &self.z_report {
            report.check(&at("z_report"))?;
        }
        Fault::limit(self.recorded.len(), RECORDED_MAX, || at("recorded"))?;
        let bytes: usize = self
            .recorded
            .iter()
            .map(|recorded| recorded.bytes.0.len())
            .sum();
        Fault::limit(bytes, RECORDED_BYTES_MAX, || at("recorded"))
    }
}

impl ZReport {
    fn check(&self, path: &str) -> Result<(), Fault> {
        Fault::limit(self.sums.len(), SUMS_MAX, || format!("{path}.sums"))?;
        for (n, sum) in self.sums.iter().enumerate() {
            check_text(&sum.name, NAME_BYTES_MAX, || {
                format!("{path}.sums[{n}].name")
            })?;
        }
        Fault::limit(self.differences.len(), DIFFERENCES_MAX, || {
            format!("{path}.differences")
        })?;
        for (n, difference) in self.differences.iter().enumerate() {
            let names = [("side", &difference.side), ("name", &difference.name)];
            for (member, text) in names {
                check_text(text, NAME_BYTES_MAX, || {
                    format!("{path}.differences[{n}].{member}")
                })?;
            }
        }
        Ok(())
    }
}

/// Refuses a text that is too long, or that a database cannot store.
pub(crate) fn check_text(
    text: &str,
    bytes_max: usize,
    path: impl Fn() -> String,
) -> Result<(), Fault> {
    Fault::limit(text.len(), bytes_max, &path)?;
    if text.contains('\0') {
        return Err(Fault::wrong(path(), "must have no zero character"));
    }
    Ok(())
}

/// What remains of a row for its recorded events when every text of the row is as long as it may be.
const RECORDED_BYTES_MAX: usize = ROW_BYTES_MAX - 96 * 1024;

/// 2000-01-01 and the end of 2199, in milliseconds since 1970.
const AT_MS_MIN: i64 = 946_684_800_000;
const AT_MS_MAX: i64 = 7_258_118_400_000 - 1;

const UTC_OFFSET_MIN_MAX: i16 = 24 * 60 - 1;
