//! Events of bank terminals. A terminal is asked only after the question is stored, so that a crash never hides that money may have
//! moved.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::id::{DocumentId, Fingerprint, OperationReference, TerminalId};
use crate::time::Moment;

/// What a bank terminal is asked to do with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TerminalOperation {
    /// Take the amount from the buyer.
    Charge,
    /// Give the amount back to the buyer, for a return of goods.
    Refund,
    /// Undo the approved operation with this reference, because its document was not registered.
    Void(OperationReference),
}

impl TerminalOperation {
    /// The name of the kind of operation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Void(_) => "void",
        }
    }
}

/// A bank terminal is about to be asked for an operation. Until the answer is stored too, it is not known whether money has moved.
///
/// The event contains neither a card number nor anything else of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalAsked {
    /// The reference under which the terminal keeps the operation; unique over all tills.
    pub reference: OperationReference,
    /// The moment of the question.
    pub at: Moment,
    /// The id of the request whose document the money belongs to.
    pub id: DocumentId,
    /// The digest of the caller's request.
    pub fingerprint: Fingerprint,
    /// The form of the text that the digest was made of.
    pub fingerprint_form: u8,
    /// The terminal.
    pub terminal: TerminalId,
    /// The place of the payment among the payments of the document, counted from 0.
    pub position: u8,
    /// The amount; above zero, also if it is given back.
    pub amount: Amount,
    /// What the terminal is asked to do.
    pub operation: TerminalOperation,
}

/// What a bank terminal has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TerminalAnswer<'a> {
    /// The operation is done.
    Approved {
        /// The number of the transaction at the bank (RRN); may be empty.
        number: &'a str,
        /// The number of the operation at the terminal; may be empty.
        operation: &'a str,
    },
    /// The terminal or the bank has refused the operation: no money has moved.
    Declined {
        /// The terminal's reason.
        reason: &'a str,
    },
    /// The operation was never begun: the terminal could not be reached, or it does not know the reference.
    NotBegun {
        /// How that is known.
        reason: &'a str,
    },
}

/// An operator lays the card payments of a request aside: a terminal refuses for ever to give their money back, or there is no such
/// terminal any more. The till does not ask for this money any more, and the operator answers for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardLaidAside<'a> {
    /// The id of the request whose document is not registered.
    pub id: DocumentId,
    /// The moment of the event.
    pub at: Moment,
    /// What became of the money; never empty, at most [`LaidAside::REASON_BYTES_MAX`](super::LaidAside::REASON_BYTES_MAX) bytes.
    pub reason: &'a str,
    /// The operator's name; never empty.
    pub by: &'a str,
    /// Why the till could not give the money back.
    pub refusal: &'a str,
}

/// What became of an operation that a bank terminal was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalAnswered<'a> {
    /// The reference of the operation.
    pub reference: OperationReference,
    /// The moment when the answer was known.
    pub at: Moment,
    /// The answer.
    #[serde(borrow)]
    pub answer: TerminalAnswer<'a>,
}
