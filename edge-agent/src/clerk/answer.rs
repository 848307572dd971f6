//! The clerk's answers, and the callers that wait for them.

use std::sync::Arc;
use std::time::Instant;

use ferrotill_core::Amount;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::ResourceState;
use ferrotill_core::refusal::{Place, Refusal};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::locked::Locked;
pub use crate::seal::printer::DrawerOutcome;

/// What is known about a request id. Answers carry it in the header `X-Fiscal-State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiscalState {
    /// The request has its document.
    Registered,
    /// The request has no document: nothing was registered for it.
    NotRegistered,
    /// The outcome is not known yet. The caller can safely repeat the request with the same id.
    Unknown,
}

impl FiscalState {
    /// The name of the state in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::NotRegistered => "not_registered",
            Self::Unknown => "unknown",
        }
    }
}

/// The clerk's answer to an order.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The document with this id is in the journal and legal.
    Registered {
        /// The request id.
        id: Uuid,
        /// True if an earlier request with the same id made the document.
        replayed: bool,
    },
    /// A rule forbids the document.
    Refused {
        /// The refusal that decides.
        refusal: Refusal,
        /// All faults of the order, each with its place.
        faults: Vec<(Place, Refusal)>,
        /// What is known about the request id.
        state: FiscalState,
    },
    /// It is proved or declared that the printer has not registered the document.
    NotRegistered {
        /// The name of the printer's fault.
        error: String,
        /// The fault as text.
        message: String,
    },
    /// The outcome is not known yet.
    Unknown {
        /// Why it is not known.
        message: String,
    },
    /// The clerk did not decide on the order: its queue is full, or the device does not exist.
    Unavailable {
        /// The reason.
        message: String,
    },
}

/// A caller that waits for an answer.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) reply: AnswerReply,
    pub(super) deadline: Instant,
    /// True if an earlier caller with the same request was already waiting.
    pub(super) joined: bool,
}

/// The channel to a caller. If it is dropped without an answer, because an error of the store has ended the batch meanwhile, it is kept:
/// the caller is answered with the reason when the batch is rolled back.
#[derive(Debug)]
pub(super) struct AnswerReply {
    /// `None` once the caller was answered.
    sender: Option<oneshot::Sender<Answer>>,
    dropped: DroppedReplies,
}

impl AnswerReply {
    /// The channel to a caller, which goes to `dropped` if it is dropped without an answer.
    pub(super) fn new(sender: oneshot::Sender<Answer>, dropped: &DroppedReplies) -> Self {
        Self {
            sender: Some(sender),
            dropped: dropped.clone(),
        }
    }

    /// Answers the caller. A caller whose connection has ended can repeat the request with the same id.
    pub(super) fn send(mut self, answer: Answer) {
        if let Some(sender) = self.sender.take() {
            drop(sender.send(answer));
        }
    }

    /// True if the caller does not wait any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

impl Drop for AnswerReply {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            self.dropped.0.lock().push(sender);
        }
    }
}

/// The channels to callers that were dropped without an answer in the present batch.
#[derive(Clone, Debug, Default)]
pub(super) struct DroppedReplies(Arc<Locked<Vec<oneshot::Sender<Answer>>>>);

impl DroppedReplies {
    /// Closes the channels: the batch was committed, and these callers get no further answer.
    pub(super) fn close(&self) {
        self.0.lock().clear();
    }

    /// Answers these callers.
    pub(super) fn answer(&self, answer: &Answer) {
        for sender in self.0.lock().drain(..) {
            drop(sender.send(answer.clone()));
        }
    }
}

/// What became of an operator's declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclarationOutcome {
    /// The declaration is in the journal, together with the seal or void of the document.
    Booked,
    /// The document is not outstanding: the journal contains its outcome, or the document does not exist.
    NotOutstanding,
    /// The printer may still prove the outcome; the text says why it has not done so yet.
    CanStillSay(String),
    /// The printer has printed no document with the declared number; its last one is this.
    NumberNotPrinted(u32),
    /// A different declaration about the same document is being handled at this moment.
    Contradicted,
    /// The store could not be written: it is not known whether the declaration is in the journal.
    Unknown(String),
}

/// What became of an operator's request to lay a document aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsideOutcome {
    /// It is in the journal: the document is not sent to the recipient any more, or the money of the card is not asked for any more.
    Booked,
    /// No document with this id waits for the recipient, or no money of a card waits for its terminal.
    NotWaiting,
    /// The recipient has not refused the document, and it can be sent; or the terminal may still give the money back.
    NotRefused,
    /// The till refuses the name or the reason.
    Refused(Refusal),
    /// The store could not be written: it is not known whether the request is in the journal.
    Unknown(String),
}

/// What became of a caller's wish to create or change a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceOutcome {
    /// The resource is as the caller wants it.
    Done,
    /// There is no such resource.
    Unknown,
    /// The resource exists with other content.
    OtherContent,
    /// No further resource of this kind may be created.
    TooMany,
    /// The resource has this state, which does not allow the wanted one.
    Forbidden(ResourceState),
    /// A register needs a signature unit in use first.
    NoUnit,
    /// No signature unit works, and the receipt that is needed is not valid without a signature.
    UnitFails,
    /// The resource cannot be made; why, and what to do.
    Failed(String),
    /// The store could not be written: it is not known whether the change is in the journal.
    NotKnown(String),
}

/// An order that the clerk has not ended yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingOrder {
    /// The order is in a queue. The journal has no document of it.
    Queued(QueuedOrderSummary),
    /// The journal has the document of the order, and the document is being sealed.
    BeingSealed,
    /// A bank terminal was asked for money for the order, and no caller waits for the order now. The journal has no document of it.
    AtTerminal,
}

/// What can be said of an order in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedOrderSummary {
    /// The device that is to make the document.
    pub device: Uuid,
    /// The kind of the document. A sale may still become an alternative receipt.
    pub kind: DocumentKind,
    /// The amount of the document, below zero for cash out. `None` if the document has no amount, or if it is not known yet.
    pub amount: Option<Amount>,
}
