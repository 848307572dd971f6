//! Seals: what makes a reserved document legal.
//!
//! - `printer`: the fiscal printer, with a thread of its own;
//! - `series`: the numbers of alternative receipts;
//! - `fiscal_numbers`: the fiscal numbers that the authority has reserved;
//! - `fiscal_module`: fiscal modules, of which the printer's thread is the caller;
//! - `signature`: the signature units, where the law has receipts signed;
//! - `books`: the journal, for a shift in which no printer has a part, and for non-fiscal receipts.
//!
//! A [`Sealer`] makes everything that a document needs to be sealed *before* the document is reserved, so that nothing is reserved
//! that cannot be carried out. The result says when the document is sealed: in the same transaction, or later by a worker's thread.
//! A sealer keeps no number of its own: numbers come from the copy of the till in the batch.

pub mod books;
pub mod fiscal_module;
pub mod fiscal_numbers;
pub mod printer;
pub mod series;
pub mod signature;

use std::time::{Duration, Instant};

use ferrotill_core::Currency;
use ferrotill_core::event::Reserved;
use ferrotill_core::facts::Facts;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::{PrintedNumber, Seal};
use ferrotill_core::till::Till;
use ferrotill_render::PrintedSeller;
use ferrotill_store::StoredDocument;
use uuid::Uuid;

use crate::order::ModuleRequest;

use printer::SealingJob;
use signature::SigningJob;

/// For so long a printer that does not answer is waited for before a person may settle its document.
pub const WAITED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Prepares the seal of documents.
pub trait Sealer {
    /// Makes what the document needs to be sealed.
    ///
    /// # Errors
    ///
    /// The document cannot be sealed: it must not be reserved.
    fn prepare(&self, document: &Unsealed<'_>) -> Result<Preparation, Refusal>;
}

/// A document that is to be sealed: one that is about to be reserved, or one that is outstanding after a start.
#[derive(Clone, Copy, Debug)]
pub struct Unsealed<'a> {
    /// The device that makes the document.
    pub device: Uuid,
    /// The till of the document, with all earlier events of the batch.
    pub till: &'a Till,
    /// The document as the journal contains it, or will contain it.
    pub reserved: &'a Reserved<'a>,
    /// The sale that a return gives back; `None` for other documents, or if the journal does not contain the sale.
    pub original: Option<&'a StoredDocument>,
    /// How far the clock of that sale's printer is ahead of the till's time, in milliseconds; 0 if it is not known.
    pub printer_ahead_ms: i64,
    /// The number that the caller wants for an alternative receipt.
    pub wanted: Option<PrintedNumber<'a>>,
    /// The currency of the document's amounts.
    pub currency: Currency,
    /// Who sells, for the slip of a return.
    pub seller: &'a PrintedSeller,
    /// The facts of the country's law.
    pub facts: &'static Facts,
    /// Whether a cancellation of the document was decided; false for a document that is about to be reserved.
    pub cancel_decided: bool,
    /// From this moment on a person may settle the document if its printer does not answer.
    pub given_up_at: Instant,
    /// What the fiscal module is asked for; `None` after a start, because it is never asked again.
    pub module_request: Option<&'a ModuleRequest>,
}

/// What a document needs to be sealed.
#[derive(Debug)]
pub enum Preparation {
    /// The document is reserved and sealed in one transaction.
    AtOnce(NumberSeal),
    /// After the transaction with the reservation, the device's worker carries out this job and reports its outcome.
    Later(Box<SealingJob>),
    /// In the transaction with the reservation this receipt is prepared; after the transaction a signature unit signs it.
    Sign(Box<SigningJob>),
}

/// A seal that needs nothing outside of the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberSeal {
    /// The number of a preloaded range.
    Range {
        /// The series of the number.
        series: String,
        /// The number in the series.
        number: u32,
        /// The number of digits with which the number is printed.
        number_length: u8,
    },
    /// A fiscal number that the authority has reserved.
    FiscalNumber(u64),
    /// No number: an X-report changes no counter, a shift of alternative receipts alone is closed by the books, and of a non-fiscal receipt
    /// no law demands a seal.
    Journal,
}

impl NumberSeal {
    /// The seal as the journal stores it.
    #[must_use]
    pub fn seal(&self) -> Seal<'_> {
        match self {
            Self::Range {
                series,
                number,
                number_length,
            } => Seal::Range {
                series,
                number: *number,
                number_length: *number_length,
            },
            Self::FiscalNumber(number) => Seal::FiscalNumber {
                number: *number,
                reserved: true,
            },
            Self::Journal => Seal::Journal,
        }
    }

    /// The number of a stored seal; `None` if a fiscal printer or a signature unit sealed the document.
    #[must_use]
    pub fn of(seal: &Seal<'_>) -> Option<Self> {
        match *seal {
            Seal::Printer { .. } | Seal::Signature { .. } | Seal::Module(_) => None,
            Seal::Range {
                series,
                number,
                number_length,
            } => Some(Self::Range {
                series: series.to_owned(),
                number,
                number_length,
            }),
            Seal::FiscalNumber { number, .. } => Some(Self::FiscalNumber(number)),
            Seal::Journal => Some(Self::Journal),
        }
    }
}
