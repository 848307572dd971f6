//! The card payments of a request whose document is not sealed yet.

use std::time::Instant;

use ferrotill_core::Amount;
use ferrotill_core::event::TerminalOperation;
use ferrotill_core::id::Fingerprint;
use ferrotill_store::{CardOperation, CardOperationState};
use uuid::Uuid;

use super::queue::QueuedOrder;
use crate::order::fingerprint::RequestFingerprint;
use crate::order::{TerminalApproval, TerminalPayment};

/// The open operations of bank terminals for one request: money may move, or money has moved and the document is not sealed.
///
/// The operations are in the journal, so a start makes the same value again, without the order itself.
#[derive(Debug)]
pub(super) struct CardOrder {
    /// The request id.
    pub(super) id: Uuid,
    /// The device of the document.
    pub(super) device: Uuid,
    /// The fingerprint of the request.
    pub(super) fingerprint: RequestFingerprint,
    /// The open operations, in the order in which the terminals were asked.
    pub(super) steps: Vec<CardStep>,
    /// The order, while a terminal is asked for it. It is in the queue, or being sealed, once its payments are approved.
    pub(super) held: Option<QueuedOrder>,
    /// The money is given back, whoever waits.
    pub(super) gives_back: bool,
    /// Until when the money is kept while no caller waits.
    pub(super) kept_until: Instant,
    /// When the next attempt to give the money back may begin.
    pub(super) void_again_at: Option<Instant>,
    /// Why it is not known what became of an operation, or why the money is not given back yet.
    pub(super) trouble: Option<String>,
}

/// An open operation of a bank terminal.
#[derive(Clone, Debug)]
pub(super) struct CardStep {
    pub(super) reference: Uuid,
    /// The journal row in which the terminal was asked.
    pub(super) asked_seq: i64,
    pub(super) payment: TerminalPayment,
    pub(super) amount: Amount,
    pub(super) operation: TerminalOperation,
    pub(super) state: CardStepState,
}

/// What is known of an open operation.
#[derive(Clone, Debug)]
pub(super) enum CardStepState {
    /// The terminal is asked. `is_sent` is false until the terminal's thread has got the question.
    Asked { is_sent: bool },
    /// The operation is done.
    Approved(TerminalApproval),
}

impl CardStep {
    /// The open operation as the store has it.
    fn of_store(stored: &CardOperation) -> Self {
        let payment = TerminalPayment {
            position: stored.position,
            terminal: stored.terminal,
        };
        Self {
            reference: stored.reference,
            asked_seq: stored.asked_seq,
            payment,
            amount: stored.amount,
            operation: stored.operation,
            state: match stored.state {
                CardOperationState::Asked => CardStepState::Asked { is_sent: false },
                // Only these two are open.
                _ => CardStepState::Approved(TerminalApproval {
                    payment,
                    number: stored.number.clone(),
                    operation: stored.operation_number.clone(),
                    slip: Vec::new(),
                }),
            },
        }
    }

    pub(super) const fn is_void(&self) -> bool {
        matches!(self.operation, TerminalOperation::Void(_))
    }

    pub(super) const fn is_asked(&self) -> bool {
        matches!(self.state, CardStepState::Asked { .. })
    }

    /// The approval of a charge or a refund.
    pub(super) const fn approval(&self) -> Option<&TerminalApproval> {
        match &self.state {
            CardStepState::Approved(approval) if !self.is_void() => Some(approval),
            CardStepState::Approved(_) | CardStepState::Asked { .. } => None,
        }
    }
}

impl CardOrder {
    /// The requests with open operations, as the store has them. Their orders are not known any more.
    pub(super) fn of_store(
        operations: &[CardOperation],
        kept_until: impl Fn(Uuid) -> Instant,
    ) -> Vec<Self> {
        let mut orders: Vec<Self> = Vec::new();
        for stored in operations {
            let step = CardStep::of_store(stored);
            let is_void = step.is_void();
            let mut known = orders.iter_mut();
            match known.find(|order| order.id == stored.id && order.device == stored.device) {
                Some(order) => {
                    order.gives_back = order.gives_back || is_void;
                    order.steps.push(step);
                }
                None => orders.push(Self {
                    id: stored.id,
                    device: stored.device,
                    fingerprint: RequestFingerprint {
                        form: stored.fingerprint_form,
                        digest: Fingerprint(stored.fingerprint),
                        point_of_sale: Uuid::nil(),
                    },
                    steps: vec![step],
                    held: None,
                    gives_back: is_void,
                    kept_until: kept_until(stored.terminal),
                    void_again_at: None,
                    trouble: None,
                }),
            }
        }
        orders
    }

    /// The approvals of the charges and refunds.
    pub(super) fn approvals(&self) -> Vec<TerminalApproval> {
        let approvals = self.steps.iter().filter_map(CardStep::approval);
        approvals.cloned().collect()
    }

    /// True if a terminal is asked for something, and has not answered.
    pub(super) fn is_asked(&self) -> bool {
        self.steps.iter().any(CardStep::is_asked)
    }

    /// What a terminal has said when it refused to give the money back; `None` if none has refused it, or while one is asked.
    pub(super) fn void_refusal(&self) -> Option<&str> {
        let trouble = self.trouble.as_deref();
        trouble.filter(|_| self.void_again_at.is_some() && !self.is_asked())
    }

    /// True if the money of a card has moved.
    pub(super) fn is_paid(&self) -> bool {
        self.steps.iter().any(|step| step.approval().is_some())
    }
}
