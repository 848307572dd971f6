//! The clerk: sole owner of the tills, and the one writer of the books.
//!
//! It takes what has arrived (orders, news of printers, news of the tax office) as one batch: decides and applies on copies of the
//! tills, appends the events, commits once, and only then lets anything out: answers, jobs for printers, a wake-up for the sender.
//! On any error the copies are dropped and everything is read again from the books.

mod desk;
mod floor;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use ferrotill_core::numbers::Span;
use tokio::sync::oneshot;
use uuid::Uuid;

pub use desk::{Answer, FiscalState, Hearing};
pub use floor::{DeskPlan, Setting};

use crate::order::{Declaration, OrderForm};
use crate::printer::{Listener, News};
use crate::store::{Store, StoreError};
use floor::{Effect, Floor};

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
        reply: oneshot::Sender<Hearing>,
    },
    /// News of a printer.
    Printer(Uuid, News),
    /// A printer is about to cancel a document: true once the decision is durable.
    DecideCancel(Uuid, Uuid, SyncSender<bool>),
    /// News of the tax office.
    Office(OfficeNews),
    /// The tax office has reserved fiscal numbers for a device.
    Numbers(Uuid, Vec<Span>),
    /// End.
    Stop,
}

/// What the sender of documents tells.
#[derive(Clone, Debug)]
pub enum OfficeNews {
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
pub struct ClerkDoor {
    inbox: Sender<Message>,
}

impl ClerkDoor {
    /// A door, and the inbox behind it.
    #[must_use]
    pub fn new() -> (Self, Receiver<Message>) {
        let (inbox, messages) = channel();
        (Self { inbox }, messages)
    }

    /// Tells the clerk something. A clerk that has gone hears nothing, and callers see their answer's sender dropped.
    pub fn tell(&self, message: Message) {
        if self.inbox.send(message).is_err() {
            tracing::warn!("the clerk has gone");
        }
    }

    /// The listener for a device's printer.
    #[must_use]
    pub fn listener(&self, device: Uuid) -> Box<dyn Listener> {
        Box::new(DeviceListener {
            door: self.clone(),
            device,
        })
    }
}

struct DeviceListener {
    door: ClerkDoor,
    device: Uuid,
}

impl Listener for DeviceListener {
    fn tell(&self, news: News) {
        self.door.tell(Message::Printer(self.device, news));
    }

    fn decide_cancel(&self, id: Uuid) -> bool {
        let (reply, answer) = sync_channel(1);
        self.door
            .tell(Message::DecideCancel(self.device, id, reply));
        answer.recv_timeout(DECISION_WAIT).unwrap_or(false)
    }
}

/// The clerk.
#[derive(Debug)]
pub struct Clerk {
    store: Store,
    floor: Floor,
    inbox: Receiver<Message>,
    /// What must not be lost when the books cannot be written: it is tried again.
    kept: Vec<Message>,
    /// What is held in memory may not be what is on disk: it is read again before anything else.
    stale: bool,
}

/// Messages that share one transaction at most (spec/engineering.md, Storage).
const BATCH_MAX: usize = 256;
/// How long a printer's thread waits for a decision to become durable.
const DECISION_WAIT: Duration = Duration::from_secs(10);
/// The pause after the books could not be written.
const TROUBLE_PAUSE: Duration = Duration::from_millis(500);

impl Clerk {
    /// Opens the tills from the books, adopts the configuration, and takes up what is outstanding.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the books cannot be read or written.
    pub fn open(
        mut store: Store,
        setting: Arc<Setting>,
        plans: Vec<DeskPlan>,
        inbox: Receiver<Message>,
    ) -> Result<Self, StoreError> {
        let mut floor = Floor::open(&store, setting, plans)?;
        let mut batch = store.batch()?;
        let before = batch.seq();
        let mut effects = Vec::new();
        floor.count_unsent(&batch)?;
        floor.adopt(&mut batch)?;
        floor.take_up(&batch, &mut effects)?;
        // A start with nothing to write writes nothing; the clock is stored with the first commit, or after a minute.
        let written = batch.seq() != before;
        floor.store_clock(&mut batch, written)?;
        batch.commit()?;
        floor.keep();
        let mut clerk = Self {
            store,
            floor,
            inbox,
            kept: Vec::new(),
            stale: false,
        };
        clerk.let_out(effects);
        clerk.floor.begin();
        Ok(clerk)
    }

    /// Works until it is told to stop.
    pub fn run(mut self) {
        loop {
            let first = match self.inbox.recv_timeout(self.wait()) {
                Ok(message) => Some(message),
                // Nobody waits: the time for what no sale has to pay for.
                Err(RecvTimeoutError::Timeout) => {
                    self.store.anchor();
                    None
                }
                Err(RecvTimeoutError::Disconnected) => return self.store.anchor(),
            };
            if self.turn(first).is_break() {
                return self.store.anchor();
            }
        }
    }

    /// One turn: what was kept, the first message, and all that has arrived behind it, as one transaction. Waits for nothing.
    /// It breaks off once the clerk is told to stop.
    pub fn turn(&mut self, first: Option<Message>) -> ControlFlow<()> {
        let mut messages = std::mem::take(&mut self.kept);
        messages.extend(first);
        while messages.len() < BATCH_MAX
            && let Ok(message) = self.inbox.try_recv()
        {
            messages.push(message);
        }
        let stop = messages
            .iter()
            .any(|message| matches!(message, Message::Stop));
        self.work(messages);
        if stop {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn wait(&self) -> Duration {
        // Facts that could not be written are tried again after a pause.
        if self.stale || !self.kept.is_empty() {
            return TROUBLE_PAUSE;
        }
        self.floor
            .next_deadline()
            .map_or(Duration::from_secs(60), |deadline| {
                deadline.saturating_duration_since(self.floor.monotonic())
            })
    }

    fn work(&mut self, messages: Vec<Message>) {
        let must_keep = facts_of(&messages);
        let stops = messages
            .iter()
            .any(|message| matches!(message, Message::Stop));
        let mut effects = Vec::new();
        let outcome = (|| {
            if self.stale {
                self.store.reload_head()?;
                self.floor.reload(&self.store)?;
                self.stale = false;
            }
            let mut batch = self.store.batch()?;
            let before = batch.seq();
            self.floor.take_up(&batch, &mut effects)?;
            for message in messages {
                self.floor.handle(&mut batch, message, &mut effects)?;
            }
            self.floor.advance_all(&mut batch, &mut effects)?;
            self.floor.expire(&mut effects);
            self.floor.snapshot(&mut batch)?;
            let written = stops || batch.seq() != before;
            self.floor.store_clock(&mut batch, written)?;
            self.floor.count_unsent(&batch)?;
            batch.commit()
        })();
        match outcome {
            Ok(()) => {
                self.floor.keep();
                self.let_out(effects);
                if self.store.anchor_is_due() {
                    self.store.anchor_in_background();
                }
            }
            Err(error) => self.trouble(&error, must_keep, effects),
        }
    }

    fn let_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.floor.let_out(effect);
        }
        for effect in self.floor.print_idle() {
            self.floor.let_out(effect);
        }
    }

    /// The books could not be written: what is durable is unknown, so nothing held in memory is believed.
    fn trouble(&mut self, error: &StoreError, must_keep: Vec<Message>, effects: Vec<Effect>) {
        let words = describe(error);
        tracing::error!("the books could not be written: {words}");
        self.floor.give_up(effects, &must_keep, &words);
        self.kept = must_keep;
        self.stale = true;
    }
}

/// Copies of the messages that must not be lost. Of what the office said of one document the last word counts, so that a disk that
/// stays full keeps no more of them than there are documents.
fn facts_of(messages: &[Message]) -> Vec<Message> {
    let mut heard_of = BTreeSet::new();
    let mut facts: Vec<Message> = messages
        .iter()
        .rev()
        .filter(|message| match message {
            Message::Office(OfficeNews::Refused { sealed_seq, .. }) => heard_of.insert(*sealed_seq),
            _ => true,
        })
        .filter_map(kept_copy)
        .collect();
    facts.reverse();
    facts
}

/// Messages that carry a fact which exists nowhere else yet.
fn kept_copy(message: &Message) -> Option<Message> {
    match message {
        Message::Printer(device, news) => Some(Message::Printer(*device, news.clone())),
        Message::Office(news) => Some(Message::Office(news.clone())),
        Message::Numbers(device, spans) => Some(Message::Numbers(*device, spans.clone())),
        _ => None,
    }
}

/// An error with all its sources.
fn describe(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        source = inner.source();
    }
    words
}
