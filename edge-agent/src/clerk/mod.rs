//! The clerk: sole owner of the tills, and the one writer of the books.
//!
//! It takes what has arrived (orders, news of printers, news of the tax office) as one batch: decides and applies on copies of the
//! tills, appends the events, commits once, and only then lets anything out: answers, jobs for printers, a wake-up for the sender.
//! On any error the copies are dropped and everything is read again from the books.

mod batch;
mod device_state;
mod message;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

pub use batch::{ClerkSettings, DevicePlan};
pub use device_state::{Answer, DeclarationOutcome, FiscalState};
pub use message::{AuthorityNews, ClerkHandle, Message};

use crate::error_chain::chain_of;
use batch::{Effect, Tills};
use ferrotill_store::{Store, StoreError};

/// The clerk.
#[derive(Debug)]
pub struct Clerk {
    store: Store,
    tills: Tills,
    inbox: Receiver<Message>,
    /// What must not be lost when the books cannot be written: it is tried again.
    kept: Vec<Message>,
    /// What is held in memory may not be what is on disk: it is read again before anything else.
    stale: bool,
}

/// Messages that share one transaction at most (spec/engineering.md, Storage).
const BATCH_MAX: usize = 256;
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
        setting: Arc<ClerkSettings>,
        plans: Vec<DevicePlan>,
        inbox: Receiver<Message>,
    ) -> Result<Self, StoreError> {
        let mut tills = Tills::open(&store, setting, plans)?;
        let mut batch = store.batch()?;
        let before = batch.seq();
        let mut effects = Vec::new();
        tills.count_unsent(&batch)?;
        tills.adopt(&mut batch)?;
        tills.resume_outstanding(&batch, &mut effects)?;
        // A start with nothing to write writes nothing; the clock is stored with the first commit, or after a minute.
        let written = batch.seq() != before;
        tills.store_clock(&mut batch, written)?;
        batch.commit()?;
        tills.commit();
        let mut clerk = Self {
            store,
            tills,
            inbox,
            kept: Vec::new(),
            stale: false,
        };
        clerk.release_effects(effects);
        clerk.tills.begin();
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
        self.tills
            .next_deadline()
            .map_or(Duration::from_secs(60), |deadline| {
                deadline.saturating_duration_since(self.tills.monotonic())
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
                self.tills.reload(&self.store)?;
                self.stale = false;
            }
            let mut batch = self.store.batch()?;
            let before = batch.seq();
            self.tills.resume_outstanding(&batch, &mut effects)?;
            for message in messages {
                self.tills.handle(&mut batch, message, &mut effects)?;
            }
            self.tills.advance_all(&mut batch, &mut effects)?;
            self.tills.expire(&mut effects);
            self.tills.snapshot(&mut batch)?;
            let written = stops || batch.seq() != before;
            self.tills.store_clock(&mut batch, written)?;
            self.tills.count_unsent(&batch)?;
            batch.commit()
        })();
        match outcome {
            Ok(()) => {
                self.tills.commit();
                self.release_effects(effects);
                if self.store.anchor_is_due() {
                    self.store.anchor_in_background();
                }
            }
            Err(error) => self.trouble(&error, must_keep, effects),
        }
    }

    fn release_effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.tills.release_effect(effect);
        }
        for effect in self.tills.start_idle_printers() {
            self.tills.release_effect(effect);
        }
    }

    /// The books could not be written: what is durable is unknown, so nothing held in memory is believed.
    fn trouble(&mut self, error: &StoreError, must_keep: Vec<Message>, effects: Vec<Effect>) {
        let words = chain_of(error);
        tracing::error!("the books could not be written: {words}");
        self.tills.roll_back(effects, &must_keep, &words);
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
            Message::Authority(AuthorityNews::Refused { sealed_seq, .. }) => {
                heard_of.insert(*sealed_seq)
            }
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
        Message::Authority(news) => Some(Message::Authority(news.clone())),
        Message::Numbers(device, spans) => Some(Message::Numbers(*device, spans.clone())),
        _ => None,
    }
}
