//! The worker that sends the outbox entries, oldest first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ferrotill_store::{OutboxEntry, StoreError};

use super::OutboxParts;
use super::backoff::Backoff;
use super::reachability::{Reachability, State, Switch, Thresholds};
use super::read_ahead::{Prepared, ReadingAhead};
use super::transport::Transport;
use crate::authority::failure::{DeliveryFailure, Progress};
use crate::authority::http::Delivery;
use crate::authority::remedy::remedy_of;
use crate::authority::tls::TlsFault;
use crate::authority::{Authority, EncodedRequest, Verdict};
use crate::clerk::{AuthorityNews, Message};
use crate::config::Upstream;

/// The sender reads the outbox at least this often.
const READ_EVERY: Duration = Duration::from_secs(5);
/// The longest pause in milliseconds before a refused document is sent again, up to [`REFUSED_OFTEN`] refusals.
const REFUSED_PAUSE_MS_MAX: u64 = 10_000;
/// After this many refusals of a document only a person can help, and [`REFUSED_OFTEN_PAUSE_MS_MAX`] applies.
const REFUSED_OFTEN: u32 = 40;
/// The longest pause in milliseconds before a document that was refused often is sent again.
const REFUSED_OFTEN_PAUSE_MS_MAX: u64 = 300_000;
/// While a backlog is sent, acknowledgements go to the clerk in batches, one per this many milliseconds.
const REPORTED_EVERY_MS: u64 = 250;
/// While a backlog is sent, there is one log line per this many documents.
const PROGRESS_EVERY: u32 = 500;

/// The worker that sends one document after another.
pub struct OutboxWorker {
    pub(super) parts: OutboxParts,
    transport: Box<dyn Transport>,
    authority: Box<dyn Authority + Send>,
    reachability: Reachability,
    /// Documents that the authority has refused, by journal row: how often, and when they are sent again, in milliseconds since `started`.
    refused: BTreeMap<i64, (u32, u64)>,
    /// Whether a refused document stops all later documents until the authority acknowledges the refused one.
    strict_order: bool,
    backoff: Backoff,
    /// Outbox entries that are sent next, oldest first.
    queue: VecDeque<Prepared>,
    ahead: ReadingAhead,
    /// Every entry up to this journal row has been acknowledged or refused. The clerk may not have stored all these results yet.
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

impl OutboxWorker {
    /// The worker without a thread, also for reading ahead: the caller decides when to call [`turn`](Self::turn).
    /// [`OutboxThread::start`](super::OutboxThread::start) runs the same worker on a thread.
    #[must_use]
    pub fn by_hand(
        parts: OutboxParts,
        upstream: &Upstream,
        authority: Box<dyn Authority + Send>,
        transport: Box<dyn Transport>,
    ) -> Self {
        let ahead = ReadingAhead::by_hand(
            parts.reader.clone(),
            Arc::clone(&parts.party),
            parts.currency,
        );
        Self::new(parts, upstream, authority, transport, ahead)
    }

    pub(super) fn new(
        parts: OutboxParts,
        upstream: &Upstream,
        authority: Box<dyn Authority + Send>,
        transport: Box<dyn Transport>,
        ahead: ReadingAhead,
    ) -> Self {
        let thresholds = Thresholds {
            failures: upstream.offline_after_failures,
            failing_ms: millis(upstream.offline_after),
            dwell_ms: millis(upstream.dwell),
        };
        let seed = parts
            .party
            .devices
            .first()
            .map_or(1, |device| device.as_u64_pair().1);
        parts
            .live_status
            .authority_switched(&State::Online.to_string(), "the start", false);
        Self {
            transport,
            authority,
            reachability: Reachability::new(thresholds, seed),
            refused: BTreeMap::new(),
            strict_order: upstream.strict_order,
            backoff: Backoff::new(seed),
            ahead,
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
        }
    }

    pub(super) fn run(mut self) {
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
            let Some(pause) = self.turn() else { continue };
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
            && let Some(prepared) = self.queue.pop_front()
        {
            self.deliver(prepared);
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
            .min(self.next_refused(now));
        // Waiting entries are read again after the pause. By then they may be acknowledged, or an older entry may be due.
        self.queue.clear();
        Some(Duration::from_millis(until.saturating_sub(now).max(1)).min(READ_EVERY))
    }

    /// Fills the queue with entries that the authority has not answered yet, oldest first, and then one refused entry whose pause is over.
    /// Refused entries never delay new ones, unless the order is strict.
    fn fill_queue(&mut self, now: u64) -> Result<(), StoreError> {
        // A new document is sent at once unless the authority is offline.
        let newest = self.parts.reader.newest_outbox_entry()?;
        if let Some(newest) = newest.filter(|newest| *newest > self.newest_entry) {
            self.newest_entry = newest;
            self.reachability.document_added(now);
        }
        if !self.strict_order || self.refused.is_empty() {
            self.queue
                .extend(self.ahead.batch_after(self.answered_up_to)?);
        }
        while let Some(sealed_seq) = self.refused_and_due(now) {
            if let Some(prepared) = self.ahead.entry_at(sealed_seq)? {
                self.queue.push_back(prepared);
                break;
            }
            // The entry is not waiting any more, so it was acknowledged.
            self.refused.remove(&sealed_seq);
        }
        if self.queue.is_empty() {
            self.acknowledged_count = 0;
        }
        Ok(())
    }

    /// The refused entry that is due, and has been due for the longest time.
    fn refused_and_due(&self, now: u64) -> Option<i64> {
        let due = self.refused.iter().filter(|(_, (_, again))| *again <= now);
        due.min_by_key(|(_, (_, again))| *again)
            .map(|(sealed_seq, _)| *sealed_seq)
    }

    /// When the next pause of a refused entry ends, in milliseconds since `started`. Pauses that are over do not count: their entries wait for the next attempt.
    fn next_refused(&self, now: u64) -> u64 {
        let ends = self.refused.values().map(|(_, again)| *again);
        ends.filter(|again| *again > now).min().unwrap_or(u64::MAX)
    }

    fn deliver(&mut self, prepared: Prepared) {
        let Prepared { entry, document } = &prepared;
        let request = match document
            .as_ref()
            .map(|document| self.authority.encode(document))
        {
            Some(Ok(request)) => request,
            Some(Err(error)) => return self.refuse(entry, &error.to_string()),
            None => return self.refuse(entry, "the document cannot be read in the journal"),
        };
        self.reachability.started(self.now_ms());
        let delivery = self.send(&request);
        let now = self.now_ms();
        let progress = delivery.verdict.progress();
        match &delivery.verdict {
            Verdict::Acknowledged => self.acknowledged(entry.sealed_seq),
            Verdict::Refused { message } => self.refuse(entry, message),
            Verdict::Failed(failure) => {
                tracing::debug!("a document could not be delivered to the tax office: {failure}");
                self.log_tls_fault(*failure);
                // The next attempt begins with the oldest document again.
                self.queue.clear();
            }
        }
        if let (Progress::Acknowledged | Progress::Refused, Some(date_ms)) =
            (progress, delivery.date_ms)
        {
            self.parts.guard.authority_says(date_ms);
        }
        let pending = progress != Progress::Acknowledged || !self.queue.is_empty();
        let switch = self.reachability.observe(now, progress, pending);
        if matches!(progress, Progress::Failed(_)) && self.reachability.sells_alternative() {
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
            Verdict::Failed(DeliveryFailure::Broken | DeliveryFailure::Unreachable) => over(false),
            _ => delivery,
        }
    }

    /// Logs a TLS fault once, with what a person can do about it.
    fn log_tls_fault(&mut self, failure: DeliveryFailure) {
        let DeliveryFailure::Tls(fault) = failure else {
            return;
        };
        if self.logged_tls_fault.replace(fault) != Some(fault) {
            tracing::warn!(
                "no documents are sent to the tax office, because {fault}; {}",
                fault.advice()
            );
        }
    }

    fn acknowledged(&mut self, sealed_seq: i64) {
        self.logged_tls_fault = None;
        self.refused.remove(&sealed_seq);
        self.answered_up_to = self.answered_up_to.max(sealed_seq);
        self.unreported.push(sealed_seq);
        self.acknowledged_count = self.acknowledged_count.saturating_add(1);
        if self.acknowledged_count.is_multiple_of(PROGRESS_EVERY) {
            let left = self.parts.live_status.unsent().documents;
            tracing::info!(
                "the tax office has acknowledged {} documents; about {left} are left",
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
        let news = AuthorityNews::Acknowledged { sealed_seqs };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    fn refuse(&mut self, entry: &OutboxEntry, message: &str) {
        let now = self.now_ms();
        self.answered_up_to = self.answered_up_to.max(entry.sealed_seq);
        let (times, again) = self.refused.entry(entry.sealed_seq).or_insert((0, now));
        *times = times.saturating_add(1);
        let longest_ms = if *times < REFUSED_OFTEN {
            REFUSED_PAUSE_MS_MAX
        } else {
            REFUSED_OFTEN_PAUSE_MS_MAX
        };
        let pause_ms = self.backoff.up_to(longest_ms).wait_ms(*times, None);
        *again = now.saturating_add(pause_ms.max(1));
        if self.strict_order {
            self.queue.clear();
        }
        let known = remedy_of(message);
        tracing::warn!(
            document = entry.message_number,
            remedy = %known.remedy,
            "the tax office refuses a document: {message}; {}",
            known.advice
        );
        let news = AuthorityNews::Refused {
            sealed_seq: entry.sealed_seq,
            words: message.to_owned(),
        };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    fn switched(&self, switch: Switch) {
        let Switch { from, to, reason } = switch;
        tracing::info!("the tax office is {to} (before: {from}): {reason}");
        self.parts.live_status.authority_switched(
            &to.to_string(),
            &reason.to_string(),
            self.reachability.sells_alternative(),
        );
        let news = AuthorityNews::Switched {
            from: name(from),
            to: name(to),
            reason: reason.to_string(),
        };
        self.parts.clerk_handle.send(Message::Authority(news));
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
