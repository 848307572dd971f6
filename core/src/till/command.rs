//! What the till can be asked to do, and what the caller must look up for it.

use crate::amount::Amount;
use crate::budget::Left;
use crate::document::ReportKind;
use crate::event::{ClosedByPrinter, Configuration, Declared};
use crate::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use crate::numbers::Span;
use crate::receipt::{Draft, Original};
use crate::seal::{Seal, StoredBaseline};

/// What a caller wants.
#[derive(Clone, Copy, Debug)]
pub enum Wish<'a> {
    /// A fiscal receipt.
    Sale(Draft<'a>),
    /// An alternative receipt, with the next number of a range or with this series and number.
    AlternativeSale(Draft<'a>, Option<(&'a str, u32)>),
    /// A return of goods; the id is that of the original sale.
    Refund(DocumentId, Draft<'a>),
    /// Cash in (above zero) or out (below zero).
    Cash(Amount),
    /// A report.
    Report(ReportKind),
}

/// A wish, and everything else that its document needs.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Id of the document.
    pub id: DocumentId,
    /// Its id that is unique over all tills.
    pub unique: UniqueId,
    /// Digest of the request.
    pub fingerprint: Fingerprint,
    /// Its point of sale.
    pub point_of_sale: PointOfSaleId,
    /// Bytes that the caller's interface stores with the document. The core does not read them.
    pub annex: &'a [u8],
    /// The printer's last answer about itself; `None` if no printer takes part.
    pub baseline: Option<StoredBaseline<'a>>,
    /// The wish.
    pub wish: Wish<'a>,
}

/// What the till can be asked to do.
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
    /// The printer has closed its day without being asked. The till sets the `at` of the event.
    ///
    /// The same batch closes the till's own shift with a Z-report.
    NoteClosed(ClosedByPrinter<'a>),
    /// An operator declares what became of the outstanding document. The till sets the `at` of the event.
    ///
    /// The next command of the same batch settles or voids the document, as the declaration says.
    Declare(Declared<'a>),
}

/// What the store knows of the things that a command refers to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// The fingerprint of the document that has this request id already; `None` if there is none or it was voided.
    pub request: Option<Fingerprint>,
    /// The original of a return, with what is left of it.
    pub original: Option<&'k Original<'k>>,
    /// What is left of the offline budget; while the authority can be reached, only its limits on unsent documents
    /// ([`Left::while_online`]).
    pub offline: Option<Left>,
    /// The connected printer is not the one that printed the open shift, and nobody has confirmed that this is intended.
    pub printer_swapped: bool,
    /// The printer's own rates of the groups A to H, in ten-thousandths of a percent.
    ///
    /// A group without a rate is not checked: the printer itself refuses to sell in it.
    pub printer_rates: Option<&'k [Option<u32>; 8]>,
}
