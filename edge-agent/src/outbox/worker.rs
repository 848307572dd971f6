//! The worker that sends the messages of one recipient, oldest first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ferrotill_core::duty::Recipient;
use ferrotill_store::{FrozenRequest, OutboxEntry, StoreError};

use super::OutboxParts;
use super::backoff::Backoff;
use super::reachability::{Reachability, State, Switch, Thresholds};
use super::refused::{OFTEN_PAUSE_MS_MAX, RefusedDocuments};
use super::transport::Transport;
use crate::authority::failure::{DeliveryFailure, Progress};
use crate::authority::http::Delivery;
use crate::authority::remedy::remedy_of;
use crate::authority::tls::TlsFault;
use crate::authority::{Authority, EncodedRequest, Verdict};
use crate::clerk::{AuthorityNews, Message};
use crate::config::Upstream;
use crate::explanation::Explanation;
use crate::status::at_work::Part;
use crate::status::problems::ProblemKind;

/// The worker reads the outbox at least this often.
const READ_EVERY: Duration = Duration::from_secs(5);
/// Entries that are read at once.
const ENTRIES_MAX: u32 = 64;
/// While a backlog is sent, acknowledgements go to the clerk in batches, one per this many milliseconds.
const REPORTED_EVERY_MS: u64 = 250;
/// While a backlog is sent, there is one log line per this many documents.
const PROGRESS_EVERY: u32 = 500;

/// The worker that sends the documents of one recipient one after another.
pub struct OutboxWorker {
    pub(super) parts: OutboxParts,
    transport: Box<dyn Transport>,
    authority: Box<dyn Authority>,
    /// The address of the recipient, for messages to people.
    url: String,
    reachability: Reachability,
    /// `None` until the documents that were refused before the start are read.
    refused: Option<RefusedDocuments>,
    /// Whether a refused document stops all later documents until the recipient acknowledges the refused one.
    strict_order: bool,
    backoff: Backoff,
    /// Messages that are sent next, oldest first.
    queue: VecDeque<Outgoing>,
    /// Every entry up to this journal row that had no answer at the start has one now. The clerk may not have stored it yet.
    answered_up_to: i64,
    /// The journal rows of acknowledged entries that were not reported to the clerk yet.
    unreported: Vec<i64>,
    /// When acknowledgements were last sent to the clerk, in milliseconds since `started`.
    reported_ms: u64,
    /// The newest entry at the last reading of the outbox.
    newest_entry: i64,
    /// Entries that were acknowledged since there was last nothing to send.
    acknowledged_count: u32,
    /// The TLS fault that was logged last. The same fault is logged once, not with every attempt.
    logged_tls_fault: Option<TlsFault>,
    started: Instant,
    pub(super) stop: Arc<AtomicBool>,
}

/// A message of the outbox with its request.
struct Outgoing {
    sealed_seq: i64,
    message_number: u32,
    /// Whether the recipient has never answered about the document.
    first: bool,
    request: EncodedRequest,
}

impl Outgoing {
    /// The message of an entry. `None` if the entry has no request, so that it cannot be sent.
    fn of(entry: OutboxEntry, first: bool) -> Option<Self> {
        let FrozenRequest { content_type, body } = entry.request?;
        Some(Self {
            sealed_seq: entry.sealed_seq,
            message_number: entry.message_number,
            first,
            request: EncodedRequest {
                kind: entry.kind,
                key: entry.key,
                content_type,
                body,
            },
        })
    }
}

impl OutboxWorker {
    /// The worker without a thread: the caller decides when to call [`turn`](Self::turn).
    /// [`OutboxThread::start`](super::OutboxThread::start) runs the same worker on a thread.
    #[must_use]
    pub fn by_hand(
        parts: OutboxParts,
        upstream: &Upstream,
        authority: Box<dyn Authority>,
        transport: Box<dyn Transport>,
    ) -> Self {
        let thresholds = Thresholds {
            failures: upstream.offline_after_failures,
            failing_ms: millis(upstream.offline_after),
            dwell_ms: millis(upstream.dwell),
        };
        let worker = Self {
            transport,
            authority,
            url: upstream.url.clone(),
            reachability: Reachability::new(thresholds, parts.seed),
            refused: None,
            strict_order: upstream.strict_order,
            backoff: Backoff::new(parts.seed),
            queue: VecDeque::new(),
            answered_up_to: 0,
            unreported: Vec::new(),
            reported_ms: 0,
            newest_entry: 0,
            acknowledged_count: 0,
            logged_tls_fault: None,
            started: parts.clock.monotonic(),
            stop: Arc::new(AtomicBool::new(false)),
            parts,
        };
        worker.show_state(State::Online, "the start", None);
        worker
    }

    pub(super) fn run(mut self, part: &Part) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
        else {
            tracing::error!(
                "the sender could not be started; documents stay in the outbox until the next start"
            );
            return;
        };
        while !self.stop.load(Ordering::Acquire) {
            let Some(pause) = part.at_work(|| self.turn()) else {
                continue;
            };
            let (wake, clock) = (Arc::clone(&self.parts.wake), Arc::clone(&self.parts.clock));
            runtime.block_on(async {
                // The loop does the same after a wake-up as after the pause.
                tokio::select! {
                    () = wake.notified() => {}
                    () = clock.pause(pause) => {}
                }
            });
        }
        self.report_acknowledgements(u64::MAX);
    }

    /// Delivers the next document and returns `None`. If no document is due, returns how long to wait; a wake-up ends the wait earlier.
    pub fn turn(&mut self) -> Option<Duration> {
        let now = self.now_ms();
        if let Some(switch) = self.reachability.tick(now) {
            self.switched(switch);
        }
        if self.queue.is_empty()
            && let Err(error) = self.fill_queue(now)
        {
            tracing::error!("the outbox could not be read: {error}");
        }
        let due = self.reachability.attempt_at(now);
        if due <= now
            && let Some(outgoing) = self.queue.pop_front()
        {
            self.deliver(&outgoing);
            let now = self.now_ms();
            if self.queue.is_empty() || now.saturating_sub(self.reported_ms) >= REPORTED_EVERY_MS {
                self.report_acknowledgements(now);
            }
            return None;
        }
        self.report_acknowledgements(now);
        let mut until = if self.queue.is_empty() { u64::MAX } else { due };
        until = until
            .min(self.reachability.tick_at(now).unwrap_or(u64::MAX))
            .min(
                self.refused
                    .as_ref()
                    .map_or(u64::MAX, |refused| refused.next(now)),
            );
        // Waiting entries are read again after the pause. By then they may be acknowledged, or an older entry may be due.
        self.queue.clear();
        Some(Duration::from_millis(until.saturating_sub(now).max(1)).min(READ_EVERY))
    }

    /// Fills the queue with entries that the recipient has not answered yet, oldest first, and then one refused entry whose pause is
    /// over. Refused entries never delay new ones, unless the order is strict.
    fn fill_queue(&mut self, now: u64) -> Result<(), StoreError> {
        let OutboxParts {
            reader, recipient, ..
        } = &self.parts;
        let refused = match &mut self.refused {
            Some(refused) => refused,
            unread => unread.insert(refused_before(&self.parts, self.backoff, now)?),
        };
        // A new document is sent at once unless the recipient is offline.
        let newest = reader.newest_outbox_entry(*recipient)?;
        if let Some(newest) = newest.filter(|newest| *newest > self.newest_entry) {
            self.newest_entry = newest;
            self.reachability.document_added(now);
        }
        let entries = reader.unanswered_entries(*recipient, self.answered_up_to, ENTRIES_MAX)?;
        // In strict order, entries behind one that was refused or cannot be sent wait for it.
        let barrier = if self.strict_order {
            // An operator may have laid the oldest refused document aside. Then it holds nothing up any more.
            while let Some(oldest) = refused.oldest()
                && reader.outbox_entry(*recipient, oldest)?.is_none()
            {
                refused.forget(oldest);
            }
            let unsendable = reader.oldest_without_request(*recipient)?;
            [refused.oldest(), unsendable].into_iter().flatten().min()
        } else {
            None
        };
        let unanswered = entries
            .into_iter()
            .take_while(|entry| barrier.is_none_or(|barrier| entry.sealed_seq < barrier));
        self.queue
            .extend(unanswered.filter_map(|entry| Outgoing::of(entry, true)));
        let blocked = self.strict_order && (!self.queue.is_empty() || barrier != refused.oldest());
        while !blocked && let Some(sealed_seq) = refused.due(now, self.strict_order) {
            let entry = reader.outbox_entry(*recipient, sealed_seq)?;
            if let Some(outgoing) = entry.and_then(|entry| Outgoing::of(entry, false)) {
                self.queue.push_back(outgoing);
                break;
            }
            // The entry is not waiting any more, so it was acknowledged.
            refused.forget(sealed_seq);
        }
        if self.queue.is_empty() {
            self.acknowledged_count = 0;
        }
        Ok(())
    }

    fn deliver(&mut self, outgoing: &Outgoing) {
        self.reachability.started(self.now_ms());
        let delivery = self.send(&outgoing.request);
        let now = self.now_ms();
        let progress = delivery.verdict.progress();
        match &delivery.verdict {
            Verdict::Acknowledged => self.acknowledged(outgoing),
            Verdict::Refused { message } => self.refuse(outgoing, message),
            Verdict::Failed(failure) => {
                let recipient = self.parts.recipient;
                tracing::debug!(%recipient, "a document could not be delivered: {failure}");
                self.log_tls_fault(*failure);
                // The next attempt begins with the oldest document again.
                self.queue.clear();
            }
        }
        if self.tells_the_authority()
            && let (Progress::Acknowledged | Progress::Refused, Some(date_ms)) =
                (progress, delivery.date_ms)
        {
            self.parts.guard.authority_says(date_ms);
        }
        let pending = progress != Progress::Acknowledged || !self.queue.is_empty();
        let switch = self.reachability.observe(now, progress, pending);
        if self.tells_the_authority()
            && matches!(progress, Progress::Failed(_))
            && self.reachability.sells_alternative()
        {
            // Acknowledgements from the dwell time are stored first. After them the time without the authority is counted from now.
            self.report_acknowledgements(now);
            self.parts
                .clerk_handle
                .send(Message::Authority(AuthorityNews::Gone));
        }
        if let Some(switch) = switch {
            self.switched(switch);
        }
        if let Some(wait) = delivery.retry_after {
            self.reachability.retry_after(now, millis(wait));
        }
    }

    /// One attempt. A backlog is sent over one kept connection. If that connection is broken, the same request is sent again over a new one.
    fn send(&self, request: &EncodedRequest) -> Delivery {
        let over = |kept| self.transport.deliver(&*self.authority, request, kept);
        if self.acknowledged_count == 0 && self.queue.is_empty() {
            return over(false);
        }
        let delivery = over(true);
        match delivery.verdict {
            Verdict::Failed(
                DeliveryFailure::Broken | DeliveryFailure::Refused | DeliveryFailure::Unreachable,
            ) => over(false),
            _ => delivery,
        }
    }

    /// Logs a TLS fault once, with what a person can do about it.
    fn log_tls_fault(&mut self, failure: DeliveryFailure) {
        let DeliveryFailure::Tls(fault) = failure else {
            return;
        };
        if self.logged_tls_fault.replace(fault) != Some(fault) {
            tracing::warn!("{}", failure.explained(&self.url));
        }
    }

    /// Only the authority's state decides which kind of receipt is sold, and only its answers count for the offline limits.
    fn tells_the_authority(&self) -> bool {
        self.parts.recipient == Recipient::AUTHORITY
    }

    fn acknowledged(&mut self, outgoing: &Outgoing) {
        self.logged_tls_fault = None;
        if let Some(refused) = &mut self.refused {
            refused.acknowledged(outgoing.sealed_seq);
        }
        self.answered(outgoing);
        self.unreported.push(outgoing.sealed_seq);
        self.acknowledged_count = self.acknowledged_count.saturating_add(1);
        if self.acknowledged_count.is_multiple_of(PROGRESS_EVERY) {
            tracing::info!(
                recipient = %self.parts.recipient,
                "{} documents of the backlog are acknowledged",
                self.acknowledged_count
            );
        }
    }

    /// Sends the acknowledgements to the clerk, which stores them in one transaction.
    /// If a power cut prevents that, the documents are sent again under the same keys.
    fn report_acknowledgements(&mut self, now: u64) {
        if self.unreported.is_empty() {
            return;
        }
        self.reported_ms = now;
        let sealed_seqs = std::mem::take(&mut self.unreported);
        let news = AuthorityNews::Acknowledged {
            recipient: self.parts.recipient,
            environment: self.parts.environment.clone(),
            sealed_seqs,
        };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    /// Entries that were never answered are read behind this one from now on.
    fn answered(&mut self, outgoing: &Outgoing) {
        if outgoing.first {
            self.answered_up_to = self.answered_up_to.max(outgoing.sealed_seq);
        }
    }

    fn refuse(&mut self, outgoing: &Outgoing, message: &str) {
        let now = self.now_ms();
        self.answered(outgoing);
        let refused = self
            .refused
            .get_or_insert_with(|| RefusedDocuments::new(self.backoff));
        let pause_ms = refused.refuse(outgoing.sealed_seq, now);
        if self.strict_order {
            self.queue.clear();
        }
        let known = remedy_of(message);
        tracing::warn!(
            recipient = %self.parts.recipient,
            document = outgoing.message_number,
            remedy = %known.remedy,
            "a document is refused: {message}; {}",
            known.advice
        );
        let news = AuthorityNews::Refused {
            recipient: self.parts.recipient,
            sealed_seq: outgoing.sealed_seq,
            words: message.to_owned(),
            pause_ms,
        };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    fn switched(&self, switch: Switch) {
        let Switch { from, to, reason } = switch;
        let recipient = self.parts.recipient;
        let offline = reason
            .failure()
            .filter(|_| to == State::Offline)
            .map(|failure| failure.explained(&self.url));
        match &offline {
            Some(why) => {
                let problem = self
                    .tells_the_authority()
                    .then(|| ProblemKind::OFFICE_OFFLINE.id());
                tracing::warn!(event = "switch", problem, %recipient, %from, %to, "the recipient is {to} (before: {from}): {why}")
            }
            None => {
                tracing::info!(event = "switch", %recipient, %from, %to, "the recipient is {to} (before: {from}): {reason}")
            }
        }
        self.show_state(to, &reason.to_string(), offline.as_ref());
        if !self.tells_the_authority() {
            return;
        }
        let news = AuthorityNews::Switched {
            from: name(from),
            to: name(to),
            reason: reason.to_string(),
        };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    fn show_state(&self, state: State, reason: &str, offline: Option<&Explanation>) {
        if self.tells_the_authority() {
            self.parts.live_status.authority_switched(
                &state.to_string(),
                reason,
                self.reachability.sells_alternative(),
                offline,
            );
        }
    }

    fn now_ms(&self) -> u64 {
        millis(
            self.parts
                .clock
                .monotonic()
                .saturating_duration_since(self.started),
        )
    }
}

/// The documents that the recipient refused before the start. The remaining part of a pause is never longer than the longest pause,
/// whatever the clock says now.
fn refused_before(
    parts: &OutboxParts,
    backoff: Backoff,
    now: u64,
) -> Result<RefusedDocuments, StoreError> {
    let mut refused = RefusedDocuments::new(backoff);
    let utc_ms = parts.guard.now().utc_ms;
    let mut after = i64::MIN;
    loop {
        let entries = parts
            .reader
            .refused_entries(parts.recipient, after, ENTRIES_MAX)?;
        let Some(last) = entries.last() else {
            return Ok(refused);
        };
        after = last.sealed_seq;
        for entry in entries {
            let left_ms = entry.again_at_ms.unwrap_or(utc_ms).saturating_sub(utc_ms);
            let left_ms = u64::try_from(left_ms).unwrap_or(0).min(OFTEN_PAUSE_MS_MAX);
            refused.remember(
                entry.sealed_seq,
                entry.attempts,
                now.saturating_add(left_ms),
            );
        }
    }
}

const fn name(state: State) -> &'static str {
    match state {
        State::Online => "online",
        State::Suspect => "suspect",
        State::Offline => "offline",
        State::Recovering => "recovering",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
