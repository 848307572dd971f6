//! The clerk: one thread that owns all tills and alone writes to the store.
//!
//! The clerk handles all messages that have arrived (orders, news from printers, news from the authority) as one batch.
//! It decides on copies of the tills, appends the events to the journal, and commits once.
//! Only after the commit does it send answers to callers, jobs to printers, and a wake-up to the workers that send requests.
//! On any error the clerk drops the copies and reads the tills again from the store.

mod answer;
mod batch;
mod card_order;
mod device_state;
mod devices;
mod message;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

pub use answer::{
    Answer, AsideOutcome, DeclarationOutcome, DrawerOutcome, FiscalState, QueuedOrderSummary,
    ResourceOutcome, WaitingOrder,
};
pub use batch::{BuyerDeliveries, ClerkSettings, DevicePlan};
pub use message::{
    AuthorityNews, ClerkHandle, ClockOutcome, Message, ProviderNews, RegisterOrder,
    RegistrationNews,
};

use crate::error_chain::chain_of;
use crate::explanation::Explanation;
use crate::seal::printer::News;
use crate::status::write_problem;
use batch::{Effect, Tills};
use ferrotill_store::{Store, StoreError};
use uuid::Uuid;

/// The clerk.
#[derive(Debug)]
pub struct Clerk {
    store: Store,
    tills: Tills,
    inbox: Receiver<Message>,
    /// Messages of a batch that could not be written and that must not be lost. The next batch begins with them.
    retry: Vec<Message>,
    /// The tills in memory may differ from the store. They are read again before the next batch.
    stale: bool,
    /// The last error of writing, until a batch is written. The same error is logged once.
    reported_error: Option<Explanation>,
}

/// The largest number of messages in one transaction.
const BATCH_MAX: usize = 256;
/// The pause before a batch that could not be written is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

impl Clerk {
    /// Loads the tills from the store, writes a changed configuration to the journal, and has the printers asked about outstanding
    /// documents.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read or written, or if the configuration contradicts the journal.
    pub fn open(
        mut store: Store,
        settings: Arc<ClerkSettings>,
        plans: Vec<DevicePlan>,
        inbox: Receiver<Message>,
    ) -> Result<Self, StoreError> {
        store.freeze_with(Arc::clone(&settings.forms));
        let (now, utc_ms) = (settings.clock.monotonic(), settings.guard.now().utc_ms);
        settings.live_status.transaction_begins(now, utc_ms);
        let clock_must_be_stored = settings.guard.must_be_stored();
        let mut tills = Tills::open(&store, settings, plans)?;
        let mut batch = store.batch()?;
        let before = batch.seq();
        let mut effects = Vec::new();
        tills.identify_devices(&mut batch)?;
        tills.adopt_configuration(&mut batch)?;
        tills.register_configured(&mut batch)?;
        let frozen = batch.freeze_waiting()?;
        if frozen > 0 {
            tracing::info!(
                "{frozen} documents that wait have got the requests in which they are reported"
            );
        }
        tills.count_unsent(&mut batch)?;
        tills.resume_outstanding(&batch, &mut effects)?;
        tills.prepare_due_receipts(&mut batch, &mut effects)?;
        tills.advance_terminals(&mut batch, &mut effects)?;
        tills.snapshot_left_behind(&mut batch)?;
        // If this start wrote no event and the machine was not started, the clock is stored with the next commit, or after a minute.
        let written = batch.seq() != before;
        tills.store_clock(&mut batch, written || clock_must_be_stored)?;
        effects.extend(batch.published_at().into_iter().map(Effect::Deliver));
        batch.commit()?;
        tills.commit();
        tills.committed(store.figures(), written);
        tills.anchors_counted(store.anchors_set_aside());
        tills.note_distrusted_snapshots(&store);
        let mut clerk = Self {
            store,
            tills,
            inbox,
            retry: Vec::new(),
            stale: false,
            reported_error: None,
        };
        clerk.tills.send_all_rates();
        clerk.release_effects(effects);
        clerk.tills.begin_printers();
        Ok(clerk)
    }

    /// Handles messages until [`Message::Stop`] arrives or all senders are dropped.
    pub fn run(mut self) {
        loop {
            let first = match self.inbox.recv_timeout(self.wait_time()) {
                Ok(Message::HealthCheck) => {
                    self.tills.answer_health_check();
                    if !self.stale && self.retry.is_empty() {
                        continue;
                    }
                    None
                }
                Ok(message) => Some(message),
                // No message is waiting, so that writing the anchor delays no sale.
                Err(RecvTimeoutError::Timeout) => {
                    self.store.anchor();
                    let set_aside = self.store.anchors_set_aside();
                    self.tills.anchors_counted(set_aside);
                    None
                }
                Err(RecvTimeoutError::Disconnected) => return self.store.anchor(),
            };
            if self.turn(first).is_break() {
                return self.store.anchor();
            }
        }
    }

    /// Handles one batch as one transaction: the messages to be tried again, then `first`, then all messages that have arrived.
    /// Does not wait for more messages. Returns `Break` if [`Message::Stop`] was among them.
    pub fn turn(&mut self, first: Option<Message>) -> ControlFlow<()> {
        let mut messages = std::mem::take(&mut self.retry);
        messages.extend(first);
        while messages.len() < BATCH_MAX
            && let Ok(message) = self.inbox.try_recv()
        {
            match message {
                // It needs no transaction, so that a disk that fails does not keep the answer back.
                Message::HealthCheck => self.tills.answer_health_check(),
                message => messages.push(message),
            }
        }
        let stop = messages
            .iter()
            .any(|message| matches!(message, Message::Stop));
        self.handle_batch(messages);
        if stop {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn wait_time(&self) -> Duration {
        // The last batch could not be written. It is tried again after a pause.
        if self.stale || !self.retry.is_empty() {
            return RETRY_PAUSE;
        }
        self.tills.wait_time()
    }

    fn handle_batch(&mut self, messages: Vec<Message>) {
        let to_retry = messages_to_retry(&messages);
        let outcomes = outcomes_of(&messages);
        let stops = messages
            .iter()
            .any(|message| matches!(message, Message::Stop));
        let mut effects = Vec::new();
        let mut messages = messages.into_iter();
        self.tills.transaction_begins();
        // After an error the next batch writes at least the clock, which proves that the disk can be written again.
        let probes = self.stale;
        let outcome = (|| {
            if self.stale {
                self.store.reload_head()?;
                self.tills.reload(&self.store)?;
                self.tills.note_distrusted_snapshots(&self.store);
                self.stale = false;
            }
            let mut batch = self.store.batch()?;
            let before = batch.seq();
            self.tills.resume_outstanding(&batch, &mut effects)?;
            for message in messages.by_ref() {
                self.tills.handle(&mut batch, message, &mut effects)?;
            }
            // Callers are answered before jobs are begun, so that nothing is begun for callers whose waiting time is over.
            self.tills.answer_expired_callers(&mut effects);
            self.tills.advance_all(&mut batch, &mut effects)?;
            self.tills.advance_terminals(&mut batch, &mut effects)?;
            self.tills.snapshot(&mut batch)?;
            self.tills.erase_contacts(&mut batch)?;
            let written = stops || probes || batch.seq() != before;
            self.tills.store_clock(&mut batch, written)?;
            self.tills.count_unsent(&mut batch)?;
            effects.extend(batch.published_at().into_iter().map(Effect::Deliver));
            batch.commit().map(|()| written)
        })();
        match outcome {
            Ok(written) => {
                self.tills.commit();
                self.tills.committed(self.store.figures(), written);
                if written && self.reported_error.take().is_some() {
                    tracing::info!("the till can write its journal again");
                }
                self.release_effects(effects);
                if self.store.anchor_is_due() {
                    self.store.anchor_in_background();
                }
            }
            Err(error) => {
                self.on_write_error(&error, effects, &outcomes);
                // The transaction has failed before these messages were handled.
                let reason = self.reported_error.as_ref();
                let reason = reason.map_or_else(String::new, Explanation::for_callers);
                messages.for_each(|message| self.tills.refuse_message(message, &reason));
                self.retry = to_retry;
            }
        }
    }

    fn release_effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.tills.release_effect(effect);
        }
    }

    /// The batch could not be written. It is unknown what is on disk, so the tills are read again before the next batch.
    /// `outcomes` are the documents whose outcomes the batch contained.
    fn on_write_error(
        &mut self,
        error: &StoreError,
        effects: Vec<Effect>,
        outcomes: &[(Uuid, Uuid)],
    ) {
        let trouble = error.in_words();
        let place = trouble
            .path
            .map_or_else(String::new, |path| path.display().to_string());
        let what = "the till cannot write its journal";
        let explained = Explanation::new(what, place, trouble.why, trouble.fix);
        // The same error comes back with every attempt until it is over.
        if self.reported_error.as_ref() != Some(&explained) {
            let problem = write_problem(error).id();
            tracing::error!(problem, "{explained} ({})", chain_of(error));
        }
        self.tills.write_failed(error, &explained);
        self.tills.roll_back(effects, outcomes, &explained);
        self.reported_error = Some(explained);
        self.stale = true;
    }
}

/// The devices and ids of the documents whose outcomes are among the messages.
fn outcomes_of(messages: &[Message]) -> Vec<(Uuid, Uuid)> {
    let outcomes = messages.iter().filter_map(|message| match message {
        Message::Printer(device, News::Settled(id, _)) => Some((*device, *id)),
        Message::Printer(device, News::Released(declaration, _)) => Some((*device, declaration.id)),
        _ => None,
    });
    outcomes.collect()
}

/// Copies of the messages that must not be lost if the batch cannot be written.
///
/// Of several refusals of one document only the last one is copied. So the list does not grow without limit while the disk is full.
fn messages_to_retry(messages: &[Message]) -> Vec<Message> {
    let mut refused = BTreeSet::new();
    let mut copies: Vec<Message> = messages
        .iter()
        .rev()
        .filter(|message| match message {
            Message::Authority(AuthorityNews::Refused {
                recipient,
                sealed_seq,
                ..
            }) => refused.insert((*recipient, *sealed_seq)),
            _ => true,
        })
        .filter_map(copy_for_retry)
        .collect();
    copies.reverse();
    copies
}

/// A copy of a message whose content is stored nowhere else yet; `None` for any other message.
fn copy_for_retry(message: &Message) -> Option<Message> {
    match message {
        // The printer's thread keeps the outcome of a document, and reports it again when it is asked.
        Message::Printer(_, News::Settled(..) | News::Released(..)) => None,
        Message::Printer(device, news) => Some(Message::Printer(*device, news.clone())),
        Message::Authority(news) => Some(Message::Authority(news.clone())),
        Message::Terminal(news) => Some(Message::Terminal(news.clone())),
        Message::Numbers(device, spans) => Some(Message::Numbers(*device, spans.clone())),
        Message::Registration(news) => Some(Message::Registration(news.clone())),
        _ => None,
    }
}
