//! The events of the journal. Each row holds one, encoded in postcard, with its kind and version.

use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::document::Body;
use crate::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use crate::numbers::{GRANT_SPANS_MAX, Span};
use crate::payment::PaymentTable;
use crate::reconciliation::Reconciliation;
use crate::seal::{Seal, StoredBaseline};
use crate::shift::{Running, Shift};
use crate::tax::TaxTable;
use crate::time::Moment;

/// A document is about to be sealed. This is everything that is needed to print or send it, or to find out later what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved<'a> {
    /// Its id.
    pub id: DocumentId,
    /// Its id that is unique over all tills.
    pub unique: UniqueId,
    /// Digest of the request.
    pub fingerprint: Fingerprint,
    /// When it was decided; never before an earlier event.
    pub at: Moment,
    /// Its point of sale.
    pub point_of_sale: PointOfSaleId,
    /// Number of the Z-report that will close its shift.
    pub z_number: u32,
    /// What it contains.
    #[serde(borrow)]
    pub body: Body<'a>,
    /// The printer's answer about itself before the document; `None` if no printer takes part.
    #[serde(borrow)]
    pub baseline: Option<StoredBaseline<'a>>,
    /// Bytes that the caller's interface stores with the document. The core does not read them.
    pub annex: &'a [u8],
}

/// The figures of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFigures {
    /// The shift.
    pub shift: Shift,
    /// Cash in the drawer.
    pub cash: Amount,
    /// Sales since 1 January.
    pub year: Running,
    /// Sales since the first document.
    pub grand: Running,
    /// The shift compared with the printer's counters, if the printer reported them.
    pub reconciliation: Option<Reconciliation>,
}

/// A document is legal. It gets its numbers here and not earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed<'a> {
    /// Its id.
    pub id: DocumentId,
    /// When it was sealed.
    pub at: Moment,
    /// Its number: one sequence over all kinds of documents, without a gap.
    pub number: u32,
    /// Its number within the shift.
    pub current_number: u32,
    /// What made it legal.
    #[serde(borrow)]
    pub seal: Seal<'a>,
    /// The figures, if it is a report.
    pub report: Option<ReportFigures>,
}

/// A document is void: nothing was registered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided<'a> {
    /// Its id.
    pub id: DocumentId,
    /// When that was known.
    pub at: Moment,
    /// Number of the device's fault.
    pub fault: u16,
    /// The fault in words.
    pub reason: &'a str,
}

/// The decision to cancel a receipt on the printer. It is stored before the command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelDecided {
    /// The document's id.
    pub id: DocumentId,
    /// When.
    pub at: Moment,
}

/// A preloaded range of numbers for alternative receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRange {
    /// The series.
    pub series: heapless::String<10>,
    /// First number.
    pub start: u32,
    /// Last number.
    pub end: u32,
    /// Digits that a number is printed with.
    pub number_length: u8,
}

/// The authority has reserved fiscal numbers for this till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumbersGranted {
    /// When.
    pub at: Moment,
    /// The numbers, ascending.
    pub spans: heapless::Vec<Span, GRANT_SPANS_MAX>,
}

/// The configuration that is in force from here on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Tax groups in force.
    pub taxes: TaxTable,
    /// Payment types in force.
    pub payments: PaymentTable,
    /// Ranges of alternative receipts, in the order of their use.
    pub ranges: heapless::Vec<NumberRange, 8>,
    /// Alternative receipts are allowed.
    pub alternative_receipts: bool,
}

/// The till went online or offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched<'a> {
    /// When.
    pub at: Moment,
    /// State before.
    pub from: &'a str,
    /// State after.
    pub to: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// The printer has closed its day without being asked: by a key of its own, or by its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedByPrinter<'a> {
    /// When the till noticed it; the report itself is older.
    pub at: Moment,
    /// The Z-report with which the till closed its own shift; `None` if no shift was open.
    pub document: Option<DocumentId>,
    /// Number of the printer's last Z-report that the till knew before.
    pub z_number_known: u32,
    /// The day on the printer's report, as the printer writes it; empty if it reported none.
    pub day: &'a str,
    /// The printer's answer about itself now.
    #[serde(borrow)]
    pub now: StoredBaseline<'a>,
}

/// What an operator has read on the paper or in the printer's own journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaperSays {
    /// It was printed.
    Registered {
        /// The printer's number of the document, if the operator gave it.
        document: Option<NonZeroU32>,
    },
    /// It was not printed, or what was printed of it was cancelled.
    NotRegistered,
}

/// An operator declares what became of the outstanding document, because the printer's counters prove nothing.
///
/// The `Sealed` or `Voided` that follows from it is the next row of the journal, in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared<'a> {
    /// The document's id.
    pub id: DocumentId,
    /// When it was declared.
    pub at: Moment,
    /// What the paper says.
    pub paper: PaperSays,
    /// The operator's name; never empty.
    pub by: &'a str,
    /// Number of the device's fault: why the printer could not prove it.
    pub fault: u16,
    /// The fault in words.
    pub why: &'a str,
}

impl Declared<'_> {
    /// The largest length of the operator's name, in bytes.
    pub const BY_BYTES_MAX: usize = 100;
}

/// One event of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A configuration is in force from here on.
    ConfigurationAdopted(Configuration),
    /// A document is about to be sealed.
    Reserved(Reserved<'a>),
    /// The outstanding document is to be cancelled on the printer.
    CancelDecided(CancelDecided),
    /// The outstanding document is legal.
    Sealed(Sealed<'a>),
    /// The outstanding document is void.
    Voided(Voided<'a>),
    /// The till went online or offline.
    Switched(Switched<'a>),
    /// The authority has reserved fiscal numbers for this till.
    NumbersGranted(NumbersGranted),
    /// The printer has closed its day without being asked.
    ClosedByPrinter(ClosedByPrinter<'a>),
    /// An operator declares what became of the outstanding document.
    Declared(Declared<'a>),
}

/// Why a stored event cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// A kind or version that this build does not know: a newer build wrote it.
    Unknown {
        /// Kind of the row.
        kind: u16,
        /// Version of the row.
        version: u16,
    },
    /// The payload does not decode as its kind.
    Malformed,
    /// The buffer is too small.
    RoomTooSmall,
}

impl core::fmt::Display for EventError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unknown { kind, version } => {
                write!(
                    f,
                    "this build does not know event kind {kind} version {version}; use the newer build that wrote it"
                )
            }
            Self::Malformed => f.write_str("the payload of the event does not decode"),
            Self::RoomTooSmall => f.write_str("the buffer for the event is too small"),
        }
    }
}

impl core::error::Error for EventError {}

impl<'a> Event<'a> {
    /// Version of the encoding that this build writes.
    pub const VERSION: u16 = 1;

    /// The number of the kind in the journal; never reused.
    #[must_use]
    pub const fn kind(&self) -> u16 {
        match self {
            Self::ConfigurationAdopted(_) => 1,
            Self::Reserved(_) => 2,
            Self::CancelDecided(_) => 3,
            Self::Sealed(_) => 4,
            Self::Voided(_) => 5,
            Self::Switched(_) => 6,
            Self::NumbersGranted(_) => 7,
            Self::ClosedByPrinter(_) => 8,
            Self::Declared(_) => 9,
        }
    }

    /// Encodes the payload into `room`.
    ///
    /// # Errors
    ///
    /// [`EventError::RoomTooSmall`].
    pub fn encode<'r>(&self, room: &'r mut [u8]) -> Result<&'r [u8], EventError> {
        let encoded = match self {
            Self::ConfigurationAdopted(event) => postcard::to_slice(event, room),
            Self::Reserved(event) => postcard::to_slice(event, room),
            Self::CancelDecided(event) => postcard::to_slice(event, room),
            Self::Sealed(event) => postcard::to_slice(event, room),
            Self::Voided(event) => postcard::to_slice(event, room),
            Self::Switched(event) => postcard::to_slice(event, room),
            Self::NumbersGranted(event) => postcard::to_slice(event, room),
            Self::ClosedByPrinter(event) => postcard::to_slice(event, room),
            Self::Declared(event) => postcard::to_slice(event, room),
        };
        encoded
            .map(|bytes| &*bytes)
            .map_err(|_| EventError::RoomTooSmall)
    }

    /// Decodes a payload. The event borrows from it.
    ///
    /// # Errors
    ///
    /// [`EventError::Unknown`] or [`EventError::Malformed`].
    pub fn decode(kind: u16, version: u16, payload: &'a [u8]) -> Result<Self, EventError> {
        fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, EventError> {
            match postcard::take_from_bytes(payload) {
                Ok((event, [])) => Ok(event),
                _ => Err(EventError::Malformed),
            }
        }
        match (kind, version) {
            (1, 1) => read(payload).map(Self::ConfigurationAdopted),
            (2, 1) => read(payload).map(Self::Reserved),
            (3, 1) => read(payload).map(Self::CancelDecided),
            (4, 1) => read(payload).map(Self::Sealed),
            (5, 1) => read(payload).map(Self::Voided),
            (6, 1) => read(payload).map(Self::Switched),
            (7, 1) => read(payload).map(Self::NumbersGranted),
            (8, 1) => read(payload).map(Self::ClosedByPrinter),
            (9, 1) => read(payload).map(Self::Declared),
            _ => Err(EventError::Unknown { kind, version }),
        }
    }
}
