//! The events of the journal. Each row contains one event, encoded in postcard, with its kind and version.

mod founding;
mod others;
mod person;
mod provider;
mod registration;
mod resource;
mod restored;
mod signed_receipt;
mod signed_register;
mod terminal;
mod uploaded;
mod version_1;

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

pub use founding::{DeviceIdentified, Founded, Mode};
pub use others::{OthersStep, ReceiptsOfOthers};
pub use person::{PersonAct, PersonActed};
pub use provider::{ProviderAnswer, ProviderAnswered, ProviderAsked, ProviderStep, ProviderUsed};
pub use registration::{RegistrationAnswered, RegistrationStep, RegistrationWanted};
pub use resource::{ReceiptNoted, ResourceChanged, ResourceKind, ResourceState};
pub use restored::{LossAccepted, Restored};
pub use signed_receipt::{ReceiptPrepared, ReceiptSigned, UnitAdopted};
pub use signed_register::{ProtocolBackedUp, RegisterRetired};
pub use terminal::{
    CardLaidAside, TerminalAnswer, TerminalAnswered, TerminalAsked, TerminalOperation,
};
pub use uploaded::{HospitalityChanged, LookChanged, LookKind, ReceiptUploaded};

/// A document is about to be sealed. The event contains everything that is needed to print or send the document, or to find out
/// later what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved<'a> {
    /// The id of the document.
    pub id: DocumentId,
    /// The id of the document that is unique over all tills.
    pub unique: UniqueId,
    /// The digest of the caller's request.
    pub fingerprint: Fingerprint,
    /// The form of the text that the digest was made of: a number that the caller's interface gives. 0 is the form of the rows of
    /// version 1.
    pub fingerprint_form: u8,
    /// The moment of the decision; never before an earlier event.
    pub at: Moment,
    /// The point of sale of the document.
    pub point_of_sale: PointOfSaleId,
    /// The number of the Z-report that will close the document's shift.
    pub z_number: u32,
    /// The contents of the document.
    #[serde(borrow)]
    pub body: Body<'a>,
    /// The printer's counters before the document; `None` if no printer takes part.
    #[serde(borrow)]
    pub baseline: Option<StoredBaseline<'a>>,
    /// Bytes that the caller's interface stores with the document. The core does not read these bytes.
    pub annex: &'a [u8],
}

/// The figures of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFigures {
    /// The shift that is reported.
    pub shift: Shift,
    /// The cash in the drawer.
    pub cash: Amount,
    /// The sales since 1 January.
    pub year: Running,
    /// The sales since the first document.
    pub grand: Running,
    /// The counters of the shift compared with the printer's, if the printer reported them.
    pub reconciliation: Option<Reconciliation>,
}

/// A document is legal. The document gets its numbers with this event and not earlier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed<'a> {
    /// The id of the document.
    pub id: DocumentId,
    /// The moment of sealing.
    pub at: Moment,
    /// The document's number: one sequence over all kinds of documents, without a gap.
    pub number: u32,
    /// The document's number within the shift.
    pub current_number: u32,
    /// The seal that made the document legal.
    #[serde(borrow)]
    pub seal: Seal<'a>,
    /// The figures of a report; `None` for other documents.
    pub report: Option<ReportFigures>,
}

/// A document is void: nothing was registered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voided<'a> {
    /// The id of the document.
    pub id: DocumentId,
    /// The moment when it was known that the document is void.
    pub at: Moment,
    /// The number of the device's fault.
    pub fault: u16,
    /// The text of the device's fault.
    pub reason: &'a str,
}

/// The decision to cancel a receipt on the printer. The decision is stored before the command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelDecided {
    /// The id of the document.
    pub id: DocumentId,
    /// The moment of the decision.
    pub at: Moment,
}

/// A preloaded range of numbers for alternative receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRange {
    /// The series of the numbers.
    pub series: heapless::String<10>,
    /// The first number of the range.
    pub start: u32,
    /// The last number of the range.
    pub end: u32,
    /// The number of digits with which a number is printed.
    pub number_length: u8,
}

/// The authority has reserved fiscal numbers for this till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumbersGranted {
    /// The moment when the numbers were granted.
    pub at: Moment,
    /// The granted numbers in ascending order.
    pub spans: heapless::Vec<Span, GRANT_SPANS_MAX>,
}

/// The tables that a device's configuration gives to its till.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The tax groups in force.
    pub taxes: TaxTable,
    /// The payment types in force.
    pub payments: PaymentTable,
    /// The ranges of numbers for alternative receipts, in the order of their use.
    pub ranges: heapless::Vec<NumberRange, RANGES_MAX>,
    /// Whether alternative receipts are allowed.
    pub alternative_receipts: bool,
}

/// The largest number of ranges in one configuration.
pub const RANGES_MAX: usize = 8;

/// A configuration is in force from this event on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The configuration.
    pub configuration: Configuration,
    /// For each range of the configuration, the number that its next receipt gets. The data folder gives it, because the numbers of
    /// a range belong to the folder and not to a device: another device may have used some of them.
    ///
    /// Empty in rows of version 1: a till of that version remembered itself what it had used of each range.
    pub next: heapless::Vec<u32, RANGES_MAX>,
}

/// The till went online or offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched<'a> {
    /// The moment of the change.
    pub at: Moment,
    /// The state before the change.
    pub from: &'a str,
    /// The state after the change.
    pub to: &'a str,
    /// The reason of the change.
    pub reason: &'a str,
}

/// The printer has closed its day without being asked: by a key of its own, or by its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedByPrinter<'a> {
    /// The moment when the till noticed that the printer had closed its day; the printer's report itself is older.
    pub at: Moment,
    /// The Z-report with which the till closed its own shift; `None` if no shift was open.
    pub document: Option<DocumentId>,
    /// The number of the printer's last Z-report that the till knew before.
    pub z_number_known: u32,
    /// The day on the printer's report, as the printer writes it; empty if the printer reported none.
    pub day: &'a str,
    /// The printer's identity and counters now.
    #[serde(borrow)]
    pub now: StoredBaseline<'a>,
}

/// What an operator has read on the paper or in the printer's own journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaperSays {
    /// The document was printed.
    Registered {
        /// The printer's number of the document, if the operator gave it.
        document: Option<NonZeroU32>,
    },
    /// The document was not printed, or what was printed of it was cancelled.
    NotRegistered,
}

/// An operator declares what became of the outstanding document, because the printer's counters prove nothing.
///
/// The `Sealed` or `Voided` event that follows from the declaration is the next row of the journal, in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared<'a> {
    /// The id of the document.
    pub id: DocumentId,
    /// The moment of the declaration.
    pub at: Moment,
    /// The operator's statement of what is on the paper.
    pub paper: PaperSays,
    /// The operator's name; never empty.
    pub by: &'a str,
    /// The number of the device's fault: why the printer could not prove what became of the document.
    pub fault: u16,
    /// The text of the device's fault.
    pub why: &'a str,
}

impl Declared<'_> {
    /// The largest length of the operator's name, in bytes.
    pub const BY_BYTES_MAX: usize = 100;
}

/// An operator has corrected the time of the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSet<'a> {
    /// The time of the till before the correction.
    pub before: Moment,
    /// The time of the till from this event on.
    pub at: Moment,
    /// The operator's name; never empty.
    pub by: &'a str,
}

/// An operator lays a sealed document aside: a recipient refuses it, or it cannot be put into the recipient's form, and it is not
/// sent to this recipient any more.
///
/// The document stays what it is: sealed, with its numbers, and part of its Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaidAside<'a> {
    /// The id of the document.
    pub id: DocumentId,
    /// The moment of the event.
    pub at: Moment,
    /// The name of the recipient ([`Recipient::name`](crate::duty::Recipient::name)).
    pub recipient: &'a str,
    /// The operator's reason; never empty.
    pub reason: &'a str,
    /// The operator's name; never empty.
    pub by: &'a str,
    /// What the recipient has last said of the document, or why the document cannot be sent.
    pub refusal: &'a str,
}

impl LaidAside<'_> {
    /// The largest length of the operator's reason, in bytes.
    pub const REASON_BYTES_MAX: usize = 400;
}

/// One event of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A configuration is in force from this event on.
    ConfigurationAdopted(Adopted),
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
    /// What the data folder is for.
    Founded(Founded<'a>),
    /// The identity of a device towards the authority.
    DeviceIdentified(DeviceIdentified<'a>),
    /// The data folder was restored from a backup.
    Restored(Restored),
    /// An operator has corrected the time of the till.
    ClockSet(ClockSet<'a>),
    /// An operator has laid a sealed document aside that a recipient refuses.
    LaidAside(LaidAside<'a>),
    /// A signature unit signs the receipts of a device.
    UnitAdopted(UnitAdopted<'a>),
    /// A receipt is about to be signed.
    ReceiptPrepared(ReceiptPrepared<'a>),
    /// A receipt without a document is signed.
    ReceiptSigned(ReceiptSigned<'a>),
    /// A bank terminal is about to be asked for an operation.
    TerminalAsked(TerminalAsked),
    /// What a bank terminal has answered.
    TerminalAnswered(TerminalAnswered<'a>),
    /// An operator has laid the card payments of a request aside.
    CardLaidAside(CardLaidAside<'a>),
    /// The authority is to be told something of a signature unit, a cash box or a receipt.
    RegistrationWanted(RegistrationWanted<'a>),
    /// The authority has answered about a signature unit, a cash box or a receipt.
    RegistrationAnswered(RegistrationAnswered<'a>),
    /// A resource of a compatible API is created or changed.
    ResourceChanged(ResourceChanged<'a>),
    /// The data that a caller keeps with a receipt are replaced.
    ReceiptNoted(ReceiptNoted<'a>),
    /// A person has accepted that a restored folder lacks documents of a device.
    LossAccepted(LossAccepted<'a>),
    /// A caller has uploaded a receipt, which is no sale of this till.
    ReceiptUploaded(ReceiptUploaded),
    /// The look of uploaded receipts has changed.
    LookChanged(LookChanged),
    /// A buyer has written the particulars of a business meal beside an uploaded receipt.
    HospitalityChanged(HospitalityChanged),
    /// The protocol of a register of signed receipts was copied to another medium.
    ProtocolBackedUp(ProtocolBackedUp),
    /// The register of a device is out of use for ever, because its folder was restored from a copy.
    RegisterRetired(RegisterRetired<'a>),
    /// A payment provider is about to be asked.
    ProviderAsked(ProviderAsked<'a>),
    /// What a payment provider has answered, or what a person says of a payment.
    ProviderAnswered(ProviderAnswered<'a>),
    /// A request names a payment of a provider as its own.
    ProviderUsed(ProviderUsed),
    /// A person has ordered something at the pages of the till.
    PersonActed(PersonActed<'a>),
    /// A printer has fiscal receipts that this till has not made, or a person has accepted them.
    ReceiptsOfOthers(ReceiptsOfOthers<'a>),
}

/// Why a stored event cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventError {
    /// The kind or the version of the row is unknown to this build: a newer build wrote it.
    Unknown {
        /// The number of the row's kind.
        kind: u16,
        /// The version of the row's encoding.
        version: u16,
    },
    /// The payload cannot be decoded as an event of its kind.
    Malformed,
    /// The buffer is too small for the event.
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
    /// The number of the event's kind in the journal; never reused.
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
            Self::Founded(_) => 10,
            Self::DeviceIdentified(_) => 11,
            Self::Restored(_) => 12,
            Self::ClockSet(_) => 13,
            Self::LaidAside(_) => 14,
            Self::UnitAdopted(_) => 15,
            Self::ReceiptPrepared(_) => 16,
            Self::ReceiptSigned(_) => 17,
            Self::TerminalAsked(_) => 18,
            Self::TerminalAnswered(_) => 19,
            Self::CardLaidAside(_) => 20,
            Self::RegistrationWanted(_) => 22,
            Self::RegistrationAnswered(_) => 23,
            Self::ResourceChanged(_) => 25,
            Self::ReceiptNoted(_) => 26,
            Self::LossAccepted(_) => 31,
            Self::ReceiptUploaded(_) => 41,
            Self::LookChanged(_) => 42,
            Self::HospitalityChanged(_) => 43,
            Self::ProtocolBackedUp(_) => 34,
            Self::RegisterRetired(_) => 35,
            Self::ProviderAsked(_) => 36,
            Self::ProviderAnswered(_) => 37,
            Self::ProviderUsed(_) => 38,
            Self::PersonActed(_) => 39,
            Self::ReceiptsOfOthers(_) => 44,
        }
    }

    /// The version of the encoding in which this build writes the event.
    #[must_use]
    pub const fn version(&self) -> u16 {
        match self {
            // Older programs do not know such a document, and must not take its row for a damaged one.
            Self::Reserved(Reserved {
                body: Body::Nonfiscal(_),
                ..
            }) => 3,
            Self::Reserved(Reserved {
                body: Body::Amounts(_),
                ..
            }) => 4,
            // The steps of version 2 are unknown to older programs.
            Self::RegistrationWanted(RegistrationWanted { step, .. })
            | Self::RegistrationAnswered(RegistrationAnswered { step, .. })
                if matches!(
                    step,
                    RegistrationStep::CashBoxFails | RegistrationStep::CashBoxWorks
                ) =>
            {
                2
            }
            _ => Self::version_of(self.kind()),
        }
    }

    /// The version of the encoding in which this build writes events of a kind. A reservation of a non-fiscal receipt, or of one without lines, has a
    /// version of its own, [`version`](Self::version), and is read in this one too.
    #[must_use]
    pub const fn version_of(kind: u16) -> u16 {
        match kind {
            // Since version 2 a configuration says which number of each range comes next, the counters of a printer name its
            // family, a document names the form of its fingerprint, and a printer's seal has the printer's own time.
            1 | 2 | 4 | 8 => 2,
            _ => 1,
        }
    }

    /// Encodes the payload of the event into `room`.
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
            Self::Founded(event) => postcard::to_slice(event, room),
            Self::DeviceIdentified(event) => postcard::to_slice(event, room),
            Self::Restored(event) => postcard::to_slice(event, room),
            Self::ClockSet(event) => postcard::to_slice(event, room),
            Self::LaidAside(event) => postcard::to_slice(event, room),
            Self::UnitAdopted(event) => postcard::to_slice(event, room),
            Self::ReceiptPrepared(event) => postcard::to_slice(event, room),
            Self::ReceiptSigned(event) => postcard::to_slice(event, room),
            Self::TerminalAsked(event) => postcard::to_slice(event, room),
            Self::TerminalAnswered(event) => postcard::to_slice(event, room),
            Self::CardLaidAside(event) => postcard::to_slice(event, room),
            Self::RegistrationWanted(event) => postcard::to_slice(event, room),
            Self::RegistrationAnswered(event) => postcard::to_slice(event, room),
            Self::ResourceChanged(event) => postcard::to_slice(event, room),
            Self::ReceiptNoted(event) => postcard::to_slice(event, room),
            Self::LossAccepted(event) => postcard::to_slice(event, room),
            Self::ReceiptUploaded(event) => postcard::to_slice(event, room),
            Self::LookChanged(event) => postcard::to_slice(event, room),
            Self::HospitalityChanged(event) => postcard::to_slice(event, room),
            Self::ProtocolBackedUp(event) => postcard::to_slice(event, room),
            Self::RegisterRetired(event) => postcard::to_slice(event, room),
            Self::ProviderAsked(event) => postcard::to_slice(event, room),
            Self::ProviderAnswered(event) => postcard::to_slice(event, room),
            Self::ProviderUsed(event) => postcard::to_slice(event, room),
            Self::PersonActed(event) => postcard::to_slice(event, room),
            Self::ReceiptsOfOthers(event) => postcard::to_slice(event, room),
        };
        encoded
            .map(|bytes| &*bytes)
            .map_err(|_| EventError::RoomTooSmall)
    }

    /// Decodes the payload of an event. The event borrows from the payload.
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
        /// A function of its own, because the figures of a report would have two places in one stack frame.
        #[inline(never)]
        fn sealed_1(payload: &[u8]) -> Result<Event<'_>, EventError> {
            read::<version_1::Sealed<'_>>(payload).map(|old| Event::Sealed(old.into()))
        }
        match (kind, version) {
            (1, 1) => read(payload).map(|configuration| {
                Self::ConfigurationAdopted(Adopted {
                    configuration,
                    next: heapless::Vec::new(),
                })
            }),
            (1, 2) => read(payload).map(Self::ConfigurationAdopted),
            (2, 1) => {
                read::<version_1::Reserved<'a>>(payload).map(|old| Self::Reserved(old.into()))
            }
            (2, 2) => read(payload).map(Self::Reserved),
            (2, 3 | 4) => reserved_of_kind(version, payload),
            (3, 1) => read(payload).map(Self::CancelDecided),
            (4, 1) => sealed_1(payload),
            (4, 2) => read(payload).map(Self::Sealed),
            (5, 1) => read(payload).map(Self::Voided),
            (6, 1) => read(payload).map(Self::Switched),
            (7, 1) => read(payload).map(Self::NumbersGranted),
            (8, 1) => read::<version_1::ClosedByPrinter<'a>>(payload)
                .map(|old| Self::ClosedByPrinter(old.into())),
            (8, 2) => read(payload).map(Self::ClosedByPrinter),
            (9, 1) => read(payload).map(Self::Declared),
            (10, 1) => read(payload).map(Self::Founded),
            (11, 1) => read(payload).map(Self::DeviceIdentified),
            (12, 1) => read(payload).map(Self::Restored),
            (13, 1) => read(payload).map(Self::ClockSet),
            (14, 1) => read(payload).map(Self::LaidAside),
            (15, 1) => read(payload).map(Self::UnitAdopted),
            (16, 1) => read(payload).map(Self::ReceiptPrepared),
            (17, 1) => read(payload).map(Self::ReceiptSigned),
            (18, 1) => read(payload).map(Self::TerminalAsked),
            (19, 1) => read(payload).map(Self::TerminalAnswered),
            (20, 1) => read(payload).map(Self::CardLaidAside),
            (22, 1 | 2) => read(payload).map(Self::RegistrationWanted),
            (23, 1 | 2) => read(payload).map(Self::RegistrationAnswered),
            (25, 1) => read(payload).map(Self::ResourceChanged),
            (26, 1) => read(payload).map(Self::ReceiptNoted),
            (31, 1) => read(payload).map(Self::LossAccepted),
            (41, 1) => read(payload).map(Self::ReceiptUploaded),
            (42, 1) => read(payload).map(Self::LookChanged),
            (43, 1) => read(payload).map(Self::HospitalityChanged),
            (34, 1) => read(payload).map(Self::ProtocolBackedUp),
            (35, 1) => read(payload).map(Self::RegisterRetired),
            (36, 1) => read(payload).map(Self::ProviderAsked),
            (37, 1) => read(payload).map(Self::ProviderAnswered),
            (38, 1) => read(payload).map(Self::ProviderUsed),
            (39, 1) => read(payload).map(Self::PersonActed),
            (44, 1) => read(payload).map(Self::ReceiptsOfOthers),
            _ => Err(EventError::Unknown { kind, version }),
        }
    }
}

/// A reservation whose version is that of the kind of its document.
fn reserved_of_kind(version: u16, payload: &[u8]) -> Result<Event<'_>, EventError> {
    let Ok((reserved, [])) = postcard::take_from_bytes::<Reserved<'_>>(payload) else {
        return Err(EventError::Malformed);
    };
    match (version, &reserved.body) {
        (3, Body::Nonfiscal(_)) | (4, Body::Amounts(_)) => Ok(Event::Reserved(reserved)),
        _ => Err(EventError::Malformed),
    }
}
