//! The commands that the till can be asked to carry out, and the facts that the caller must look up for them.

use crate::amount::Amount;
use crate::budget::Left;
use crate::document::{AmountsReceipt, ReportKind};
use crate::event::{
    CardLaidAside, ClockSet, ClosedByPrinter, Configuration, Declared, LaidAside, ReceiptPrepared,
    ReceiptSigned, ReceiptsOfOthers, TerminalAnswered, TerminalAsked, UnitAdopted,
};
use crate::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use crate::numbers::Span;
use crate::receipt::{Draft, Original};
use crate::seal::{PrintedNumber, Seal, StoredBaseline};

/// The kind of document that a caller wants.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// A fiscal receipt.
    Sale(Draft<'a>),
    /// An alternative receipt, with the next number of a range or with this number.
    AlternativeSale(Draft<'a>, Option<PrintedNumber<'a>>),
    /// A return of goods; the id is that of the original sale.
    Refund(DocumentId, Draft<'a>),
    /// Cash put into the drawer (above zero) or taken out of it (below zero).
    Cash(Amount),
    /// An X-report or a Z-report.
    Report(ReportKind),
    /// A text that is no receipt of the tax law.
    Nonfiscal(&'a str),
    /// A receipt that consists of its amounts by tax bucket.
    Amounts(AmountsReceipt),
}

/// The wish of a caller for a document, and everything else that the document needs.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The id of the document.
    pub id: DocumentId,
    /// The id of the document that is unique over all tills.
    pub unique: UniqueId,
    /// The digest of the caller's request.
    pub fingerprint: Fingerprint,
    /// The form of the text that the digest was made of.
    pub fingerprint_form: u8,
    /// The point of sale of the document.
    pub point_of_sale: PointOfSaleId,
    /// Bytes that the caller's interface stores with the document. The core does not read these bytes.
    pub annex: &'a [u8],
    /// The printer's last reported counters; `None` if no printer takes part.
    pub baseline: Option<StoredBaseline<'a>>,
    /// The document that the caller wants.
    pub wish: Wish<'a>,
}

/// A command that the till can be asked to carry out.
#[derive(Clone, Debug)]
pub enum Command<'a> {
    /// Use this configuration from now on.
    Adopt(&'a Configuration),
    /// Take over the fiscal numbers that the authority has reserved for the till.
    TakeNumbers(&'a [Span]),
    /// Reserve a document.
    Reserve(Order<'a>),
    /// Cancel the outstanding document on the printer.
    DecideCancel(DocumentId),
    /// Seal the outstanding document with this seal, which makes it legal.
    Settle(DocumentId, Seal<'a>),
    /// Void the outstanding document, because it was not registered; with the number and the words of the fault.
    Void(DocumentId, u16, &'a str),
    /// An operator corrects the time of the till. The till gets this time, also if it is before its latest event.
    SetClock(ClockSet<'a>),
    /// The printer has closed its day without being asked. The till sets the time of the event (`at`).
    ///
    /// The same batch closes the till's own shift with a Z-report.
    NoteClosed(ClosedByPrinter<'a>),
    /// An operator declares what became of the outstanding document. The till sets the time of the event (`at`).
    ///
    /// The next command of the same batch settles or voids the document, as the declaration says.
    Declare(Declared<'a>),
    /// An operator lays a sealed document aside that a recipient refuses. The till sets the time of the event (`at`).
    ///
    /// The caller has checked that the document is sealed and waits for the recipient.
    LayAside(LaidAside<'a>),
    /// A signature unit signs the receipts from now on. The till sets the time of the event (`at`).
    AdoptUnit(UnitAdopted<'a>),
    /// Prepare a receipt to be signed. The till sets the time of the event (`at`).
    PrepareReceipt(ReceiptPrepared<'a>),
    /// The prepared receipt, which has no document, is signed. The till sets the time of the event (`at`).
    SignReceipt(ReceiptSigned<'a>),
    /// Ask a bank terminal for an operation. The till sets the time of the event (`at`).
    AskTerminal(TerminalAsked),
    /// Keep the answer of a bank terminal. The till sets the time of the event (`at`).
    ///
    /// The caller has checked that the terminal was asked and that its answer is not known yet.
    KeepAnswer(TerminalAnswered<'a>),
    /// An operator lays the card payments of a request aside. The till sets the time of the event (`at`).
    ///
    /// The caller has checked that money of the request waits, and that no terminal gives it back.
    LayCardAside(CardLaidAside<'a>),
    /// The printer has fiscal receipts that this till has not made, or a person has accepted them. The till sets the time of the event
    /// (`at`).
    NoteOthers(ReceiptsOfOthers<'a>),
}

/// The facts that the store has about the things that a command refers to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// The fingerprint of the document that already has this request id; `None` if no document has the id or the document was
    /// voided.
    pub request: Option<Fingerprint>,
    /// The original sale of a return, with what is left of its lines.
    pub original: Option<&'k Original<'k>>,
    /// The part of the offline budget that is left; while the authority can be reached, only the limits on unsent documents
    /// ([`Left::while_online`]).
    pub offline: Option<Left>,
    /// Whether the connected printer is not the one that printed the open shift, and no configuration confirms that this is
    /// intended.
    pub printer_swapped: bool,
    /// The printer's own rates of the groups A to H, in ten-thousandths of a percent.
    ///
    /// A group without a rate is not checked: the printer itself refuses to sell in it.
    pub printer_rates: Option<&'k [Option<u32>; 8]>,
    /// Whether the number that the caller has chosen for an alternative receipt is used already, or lies in a range of another device
    /// and in none of this one.
    pub number_taken: bool,
    /// For each range of the configuration that is to be adopted, the number after the last one that any device of the data folder
    /// has used of it. `None` without a data folder: the till then knows only what it remembers itself.
    pub range_next: Option<&'k [u32]>,
}
