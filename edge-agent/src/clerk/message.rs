//! What is sent to the clerk, and the handle that sends it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use ferrotill_core::Amount;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::{ProviderStep, RegistrationStep};
use ferrotill_core::numbers::Span;
use ferrotill_core::refusal::Refusal;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::answer::{
    Answer, AsideOutcome, DeclarationOutcome, DrawerOutcome, ResourceOutcome, WaitingOrder,
};
use crate::locked::Locked;
use crate::order::provider::{ProviderNewsOutcome, ProviderWord};
use crate::order::resource::{ReceiptNote, ResourceWish};
use crate::order::{AsideRequest, Declaration, OrderForm, PersonNote};
use crate::payment::{TerminalListener, TerminalNews};
use crate::seal::printer::{DocumentSlip, Listener, News};
use crate::seal::signature::Signed;
use ferrotill_store::{
    BuyerContact, DeliveryChannel, DeliveryEnd, EReceiptChange, EReceiptOutcome, SeenPayment,
};

/// A message to the clerk.
#[derive(Debug)]
pub enum Message {
    /// A caller orders a document.
    Order {
        /// The device that is to make the document.
        device: Uuid,
        /// The order.
        form: Box<OrderForm>,
        /// The moment by which the caller must have an answer.
        deadline: Instant,
        /// Where the answer goes.
        reply: oneshot::Sender<Answer>,
    },
    /// A signature unit was asked about the prepared receipt of a device.
    Signed(Uuid, Signed),
    /// A caller wants the cash drawer opened.
    Drawer {
        /// The device with the drawer.
        device: Uuid,
        /// The moment by which the caller must have an answer. The drawer is not opened after it.
        deadline: Instant,
        /// Where the answer goes.
        reply: oneshot::Sender<DrawerOutcome>,
    },
    /// A caller wants the slip of a sealed document printed again.
    Duplicate {
        /// The device whose printer prints.
        device: Uuid,
        /// The request id of the document.
        id: Uuid,
        /// The moment by which the caller must have an answer.
        deadline: Instant,
        /// Where the answer goes: `Registered` says that the copy is printed.
        reply: oneshot::Sender<Answer>,
    },
    /// A caller wants a paper printed that belongs to no document.
    Paper {
        /// The device whose printer prints.
        device: Uuid,
        /// The paper.
        paper: Box<DocumentSlip>,
        /// The moment by which the caller must have an answer.
        deadline: Instant,
        /// Where the answer goes: `Registered` says that the paper is printed.
        reply: oneshot::Sender<Answer>,
    },
    /// A caller asks whether the order with this request id is still in the queue or being sealed.
    Waiting {
        /// The request id.
        id: Uuid,
        /// Where the answer goes.
        reply: oneshot::Sender<Option<WaitingOrder>>,
    },
    /// A caller waits until no document of a device is outstanding, because an outstanding document may change what the device tells.
    WhenSettled {
        /// The device.
        device: Uuid,
        /// Gets a message when nothing is outstanding.
        reply: oneshot::Sender<()>,
    },
    /// An operator declares what became of a document that its printer cannot prove.
    Declare {
        /// The declaration.
        declaration: Box<Declaration>,
        /// Where the answer goes.
        reply: oneshot::Sender<DeclarationOutcome>,
    },
    /// An operator lays a document aside that a recipient refuses.
    LayAside {
        /// What the operator asks for.
        request: Box<AsideRequest>,
        /// Where the answer goes.
        reply: oneshot::Sender<AsideOutcome>,
    },
    /// A person says that a device goes on, although its printer has fiscal receipts that the till has not made.
    GoOn {
        /// The device.
        device: Uuid,
        /// The person's name; never empty.
        by: String,
        /// Where the answer goes.
        reply: oneshot::Sender<ResourceOutcome>,
    },
    /// An operator corrects the time.
    SetClock {
        /// The time from now on, in milliseconds since the epoch.
        at_ms: i64,
        /// The operator's name; never empty.
        by: String,
        /// Where the answer goes.
        reply: oneshot::Sender<ClockOutcome>,
    },
    /// A receipt was sent to a buyer, or could not be sent.
    DeliveryEnded {
        /// The channel of the delivery.
        channel: DeliveryChannel,
        /// The number of the delivery.
        id: i64,
        /// What became of it.
        end: DeliveryEnd,
        /// Gets true once it is on disk.
        reply: SyncSender<bool>,
    },
    /// A caller wants a copy of a sealed document sent to a buyer.
    OrderCopy {
        /// The request id of the document.
        document: Uuid,
        /// Where the copy is sent.
        contact: Box<BuyerContact>,
        /// Gets true once the order is on disk.
        reply: SyncSender<bool>,
    },
    /// News from the printer of this device.
    Printer(Uuid, News),
    /// News from a bank terminal.
    Terminal(TerminalNews),
    /// The printer of this device is about to cancel the document with this id. The reply is true once the decision is on disk.
    DecideCancel(Uuid, Uuid, SyncSender<bool>),
    /// News from the authority, sent by the outbox.
    Authority(AuthorityNews),
    /// The authority has reserved fiscal numbers for this device.
    Numbers(Uuid, Vec<Span>),
    /// News about a payment of a payment provider. The reply is true once it is on disk, and false if it does not fit.
    Provider(Box<ProviderNews>, SyncSender<ProviderNewsOutcome>),
    /// News about the registration of signature units, cash boxes and receipts.
    Registration(RegistrationNews),
    /// The agent asks whether the clerk handles its messages: [`LiveStatus::clerk_answered`](crate::status::LiveStatus) is the answer.
    HealthCheck,
    /// A caller creates or changes a resource of its API.
    ChangeResource {
        /// The wish.
        wish: Box<ResourceWish>,
        /// Where the answer goes.
        reply: oneshot::Sender<ResourceOutcome>,
    },
    /// A caller replaces the data that it keeps with a receipt.
    NoteReceipt {
        /// The receipt and the data.
        note: Box<ReceiptNote>,
        /// Where the answer goes.
        reply: oneshot::Sender<ResourceOutcome>,
    },
    /// A caller uploads a receipt, changes the look of uploaded receipts, or writes the particulars of a meal.
    EReceipt {
        /// The change.
        change: Box<EReceiptChange>,
        /// Where the answer goes.
        reply: oneshot::Sender<EReceiptOutcome>,
    },
    /// A person orders something of the register of signed receipts of a device.
    OrderOfRegister {
        /// The device.
        device: Uuid,
        /// What is ordered.
        order: RegisterOrder,
        /// Where the answer goes.
        reply: oneshot::Sender<ResourceOutcome>,
    },
    /// A person orders something at the dashboard.
    NotePerson {
        /// Who orders what.
        note: Box<PersonNote>,
        /// Gets the outcome once it is on disk.
        reply: oneshot::Sender<ResourceOutcome>,
    },
    /// The clerk finishes the batch that contains this message, and ends.
    Stop,
}

/// What a person orders of a register of signed receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOrder {
    /// A receipt over zero, now.
    NullReceipt,
    /// The closing receipt: the register is out of use for ever.
    Close,
    /// The protocol was copied to another medium.
    BackedUp {
        /// How many receipts the copy has.
        receipts: u64,
        /// The SHA-256 of the copy.
        sha256: [u8; 32],
    },
    /// A person has had a receipt checked that the authority wants checked.
    Checked {
        /// The id of the cash box, `_`, and the id of the receipt.
        subject: String,
        /// The name of the person; never empty.
        by: String,
    },
}

/// What became of an operator's correction of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockOutcome {
    /// The correction is in the journal.
    Set,
    /// No clock shows this time within ten minutes.
    NotShown,
    /// A device refuses the correction: a document is outstanding, or its shift is open and the time would go back.
    Refused(Uuid, Refusal),
    /// The store could not be written: it is not known whether the correction is in the journal.
    Unknown(String),
}

/// What the worker of a recipient reports. Only the authority's worker reports [`Gone`](Self::Gone) and
/// [`Switched`](Self::Switched).
#[derive(Clone, Debug)]
pub enum AuthorityNews {
    /// A recipient has acknowledged documents.
    Acknowledged {
        /// The recipient.
        recipient: Recipient,
        /// The environment of the recipient: `TEST` or `LIVE`.
        environment: String,
        /// The journal rows with which the documents were sealed; they identify the outbox entries.
        sealed_seqs: Vec<i64>,
    },
    /// A recipient has refused a document. Its outbox entry stays.
    Refused {
        /// The recipient.
        recipient: Recipient,
        /// The journal row with which the document was sealed; it identifies the outbox entry.
        sealed_seq: i64,
        /// The text of the refusal.
        words: String,
        /// How long the document waits before it is sent again, in milliseconds.
        pause_ms: u64,
    },
    /// The state of the authority is already offline, and one more attempt to reach it has failed.
    Gone,
    /// The state of the authority has changed (online, suspect, offline, recovering).
    Switched {
        /// The state before.
        from: &'static str,
        /// The state after.
        to: &'static str,
        /// Why the state changed.
        reason: String,
    },
}

/// News about the registration of signature units, cash boxes and receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationNews {
    /// A step is to be taken, perhaps again.
    Wanted {
        /// The step.
        step: RegistrationStep,
        /// What the step is about.
        subject: String,
        /// The journal row with the receipt that is to be checked; 0 for another step, or if the store knows the row.
        row: i64,
    },
    /// The authority has answered about a step. If the step has become due again meanwhile, the answer counts no more.
    Answered {
        /// The step.
        step: RegistrationStep,
        /// What the step is about.
        subject: String,
        /// The journal row that had made the step due.
        due_seq: i64,
        /// True if the step is done, false if the authority refuses it.
        done: bool,
        /// The authority's code.
        code: String,
        /// The authority's text; may be empty.
        message: String,
    },
    /// A caller asks again about a step that the authority has accepted: its answer is stored once more.
    AcceptedAgain {
        /// The step.
        step: RegistrationStep,
        /// What the step is about.
        subject: String,
    },
}

/// News about a payment of a payment provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderNews {
    /// The provider is about to be asked.
    Asked {
        /// The payment.
        reference: Uuid,
        /// The device through which the provider is asked.
        device: Uuid,
        /// What the provider is asked to do.
        step: ProviderStep,
        /// The name of the provider.
        provider: String,
        /// The amount.
        amount: Amount,
        /// The digest of the caller's request.
        fingerprint: [u8; 32],
        /// What was known of the payment as the step was decided: the news are not taken if the payment has changed since. `None` for a
        /// new payment.
        seen: Option<SeenPayment>,
    },
    /// The provider has answered.
    Answered {
        /// The payment.
        reference: Uuid,
        /// The step that is answered.
        step: ProviderStep,
        /// The answer.
        answer: ProviderWord,
    },
    /// A person says what became of the payment.
    Declared {
        /// The payment.
        reference: Uuid,
        /// What became of it.
        answer: ProviderWord,
    },
    /// The request with this id names the payment as its own.
    Used {
        /// The payment.
        reference: Uuid,
        /// The request id.
        document: Uuid,
    },
}

/// Sends messages to the clerk. Copies of a handle send to the same clerk.
#[derive(Clone, Debug)]
pub struct ClerkHandle {
    inbox: Sender<Message>,
}

impl ClerkHandle {
    /// Creates a handle and the inbox in which its messages arrive.
    #[must_use]
    pub fn new() -> (Self, Receiver<Message>) {
        let (inbox, messages) = channel();
        (Self { inbox }, messages)
    }

    /// Sends a message to the clerk. If the clerk has ended, the message is dropped and its reply channel is closed.
    pub fn send(&self, message: Message) {
        if self.inbox.send(message).is_err() {
            tracing::warn!("a message was dropped because the clerk has ended");
        }
    }

    /// Asks the clerk to note in the live status that it handles its messages. Returns false if the clerk has ended.
    #[must_use]
    pub fn check_health(&self) -> bool {
        self.inbox.send(Message::HealthCheck).is_ok()
    }

    /// Makes the clerk store news of a payment of a provider, and waits until they are on disk.
    #[must_use]
    pub fn store_provider_news(&self, news: ProviderNews) -> ProviderNewsOutcome {
        let (reply, answer) = sync_channel(1);
        self.send(Message::Provider(Box::new(news), reply));
        let outcome = answer.recv_timeout(DECISION_WAIT);
        outcome.unwrap_or(ProviderNewsOutcome::Unknown)
    }

    /// The listener that passes news from bank terminals to the clerk.
    #[must_use]
    pub fn terminal_listener(&self) -> Arc<dyn TerminalListener> {
        Arc::new(Locked::new(self.clone()))
    }

    /// The listener that passes news from a device's printer to the clerk.
    #[must_use]
    pub fn listener(&self, device: Uuid) -> Box<dyn Listener> {
        Box::new(DeviceListener {
            clerk_handle: self.clone(),
            device,
        })
    }
}

impl TerminalListener for Locked<ClerkHandle> {
    fn send(&self, news: TerminalNews) {
        self.lock().send(Message::Terminal(news));
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

/// How long a printer's thread waits until a decision to cancel is on disk.
const DECISION_WAIT: Duration = Duration::from_secs(10);
