//! What is sent to the clerk, and the handle that sends it.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use ferrotill_core::numbers::Span;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::device_state::{Answer, DeclarationOutcome};
use crate::order::{Declaration, OrderForm};
use crate::seal::printer::{Listener, News};

/// What the clerk is told.
#[derive(Debug)]
pub enum Message {
    /// A caller's order.
    Order {
        /// Its device.
        device: Uuid,
        /// The order.
        form: Box<OrderForm>,
        /// The caller wants an answer by then.
        deadline: Instant,
        /// Where the answer goes.
        reply: oneshot::Sender<Answer>,
    },
    /// A caller wants the drawer open.
    Drawer {
        /// Its device.
        device: Uuid,
        /// Where the answer goes: what went wrong in words.
        reply: oneshot::Sender<Result<(), String>>,
    },
    /// Somebody asks whether an id still waits for its turn.
    Waiting {
        /// The id.
        id: Uuid,
        /// Where the answer goes.
        reply: oneshot::Sender<bool>,
    },
    /// A person says what became of a document that its printer cannot prove.
    Declare {
        /// What the person says.
        declaration: Box<Declaration>,
        /// Where the answer goes.
        reply: oneshot::Sender<DeclarationOutcome>,
    },
    /// News of a printer.
    Printer(Uuid, News),
    /// A printer is about to cancel a document: true once the decision is durable.
    DecideCancel(Uuid, Uuid, SyncSender<bool>),
    /// News of the tax office.
    Authority(AuthorityNews),
    /// The tax office has reserved fiscal numbers for a device.
    Numbers(Uuid, Vec<Span>),
    /// End.
    Stop,
}

/// What the sender of documents tells.
#[derive(Clone, Debug)]
pub enum AuthorityNews {
    /// Documents were acknowledged.
    Acknowledged {
        /// Their places in the outbox.
        sealed_seqs: Vec<i64>,
    },
    /// A document was refused, in words; it stays in the outbox.
    Refused {
        /// Its place in the outbox.
        sealed_seq: i64,
        /// The office's words.
        words: String,
    },
    /// The office, which is offline, has not answered once more.
    Gone,
    /// The till has changed its mind about the office.
    Switched {
        /// State before.
        from: &'static str,
        /// State after.
        to: &'static str,
        /// Why.
        reason: String,
    },
}

/// The way to the clerk.
#[derive(Clone, Debug)]
pub struct ClerkHandle {
    inbox: Sender<Message>,
}

impl ClerkHandle {
    /// A door, and the inbox behind it.
    #[must_use]
    pub fn new() -> (Self, Receiver<Message>) {
        let (inbox, messages) = channel();
        (Self { inbox }, messages)
    }

    /// Tells the clerk something. A clerk that has gone hears nothing, and callers see their answer's sender dropped.
    pub fn send(&self, message: Message) {
        if self.inbox.send(message).is_err() {
            tracing::warn!("the clerk has gone");
        }
    }

    /// The listener for a device's printer.
    #[must_use]
    pub fn listener(&self, device: Uuid) -> Box<dyn Listener> {
        Box::new(DeviceListener {
            clerk_handle: self.clone(),
            device,
        })
    }
}

struct DeviceListener {
    clerk_handle: ClerkHandle,
    device: Uuid,
}

impl Listener for DeviceListener {
    fn send(&self, news: News) {
        self.clerk_handle.send(Message::Printer(self.device, news));
    }

    fn decide_cancel(&self, id: Uuid) -> bool {
        let (reply, answer) = sync_channel(1);
        self.clerk_handle
            .send(Message::DecideCancel(self.device, id, reply));
        answer.recv_timeout(DECISION_WAIT).unwrap_or(false)
    }
}

/// How long a printer's thread waits for a decision to become durable.
const DECISION_WAIT: Duration = Duration::from_secs(10);
