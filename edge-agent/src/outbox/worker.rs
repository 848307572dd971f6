//! The worker that sends what the outbox holds, oldest entry first.

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

/// The sender looks at the outbox at least so often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The longest pause before a refused document is sent again…
const REFUSED_PAUSE_MS_MAX: u64 = 10_000;
/// …and once it was refused so often that it takes a person…
const REFUSED_OFTEN: u32 = 40;
/// …the longest pause from then on.
const REFUSED_OFTEN_PAUSE_MS_MAX: u64 = 300_000;
/// While a backlog is told, acknowledgements are written down so often.
const WRITTEN_EVERY_MS: u64 = 250;
/// While a backlog is told, the log hears of it after so many documents.
const PROGRESS_EVERY: u32 = 500;

/// The sender from inside: it sends one document after another.
pub struct OutboxWorker {
    pub(super) parts: OutboxParts,
    transport: Box<dyn Transport>,
    authority: Box<dyn Authority + Send>,
    reach: Reachability,
    /// Documents that the office has refused: how often, and when they are sent again.
    refused: BTreeMap<i64, (u32, u64)>,
    /// A refused document holds up all that come after it.
    strict_order: bool,
    backoff: Backoff,
    /// Letters whose turn it is, oldest first.
    queue: VecDeque<Prepared>,
    ahead: ReadingAhead,
    /// Every letter up to here is acknowledged or refused; the clerk may not have written all of that down yet.
    told_up_to: i64,
    /// Letters that are acknowledged and that the clerk has not heard of, and when it last heard of some.
    unwritten: Vec<i64>,
    written: u64,
    /// The newest letter that has been seen.
    newest: i64,
    /// Letters that were acknowledged since there was last nothing left to tell.
    drained: u32,
    /// Why the last attempt did not believe the server; told once, not with every attempt.
    distrusted: Option<TlsFault>,
    started: Instant,
    pub(super) stop: Arc<AtomicBool>,
}

impl OutboxWorker {
    /// The worker that [`OutboxThread::start`](super::OutboxThread::start) gives a thread, for whoever decides when it works; it reads ahead without a thread too.
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
            reach: Reachability::new(thresholds, seed),
            refused: BTreeMap::new(),
            strict_order: upstream.strict_order,
            backoff: Backoff::new(seed),
            ahead,
            queue: VecDeque::new(),
            told_up_to: 0,
            unwritten: Vec::new(),
            written: 0,
            newest: 0,
            drained: 0,
            distrusted: None,
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
                // The end of the pause and the bell are the same to this loop.
                tokio::select! {
                    () = wake.notified() => {}
                    () = clock.pause(pause) => {}
                }
            });
        }
        self.write_down(u64::MAX);
    }

    /// Delivers the next document if one is due; otherwise says how long there is nothing to do, unless the bell rings.
    pub fn turn(&mut self) -> Option<Duration> {
        let now = self.now_ms();
        if let Some(switch) = self.reach.tick(now) {
            self.switched(switch);
        }
        if self.queue.is_empty()
            && let Err(error) = self.fill_queue(now)
        {
            tracing::error!("the outbox could not be read: {error}");
        }
        let due = self.reach.attempt_at(now);
        if due <= now
            && let Some(prepared) = self.queue.pop_front()
        {
            self.deliver(prepared);
            let now = self.now_ms();
            if self.queue.is_empty() || now.saturating_sub(self.written) >= WRITTEN_EVERY_MS {
                self.write_down(now);
            }
            return None;
        }
        self.write_down(now);
        let mut until = if self.queue.is_empty() { u64::MAX } else { due };
        until = until
            .min(self.reach.tick_at(now).unwrap_or(u64::MAX))
            .min(self.next_refused(now));
        // What waits is read again after the pause: it may have been told meanwhile, or something older may be due.
        self.queue.clear();
        Some(Duration::from_millis(until.saturating_sub(now).max(1)).min(LOOK_AGAIN))
    }

    /// Reads the letters whose turn it is: those that the office has not seen, oldest first, and then one refused letter
    /// whose pause is over. What the office does not want never stands before what it has not seen, unless order is strict.
    fn fill_queue(&mut self, now: u64) -> Result<(), StoreError> {
        // A document that was not there at the last look is tried at once while the office is not offline.
        let newest = self.parts.reader.newest_outbox_entry()?;
        if let Some(newest) = newest.filter(|newest| *newest > self.newest) {
            self.newest = newest;
            self.reach.document_added(now);
        }
        if !self.strict_order || self.refused.is_empty() {
            self.queue.extend(self.ahead.lot(self.told_up_to)?);
        }
        while let Some(sealed_seq) = self.refused_and_due(now) {
            if let Some(prepared) = self.ahead.one(sealed_seq)? {
                self.queue.push_back(prepared);
                break;
            }
            // It was acknowledged after all.
            self.refused.remove(&sealed_seq);
        }
        if self.queue.is_empty() {
            self.drained = 0;
        }
        Ok(())
    }

    /// The refused letter that has waited longest for its turn.
    fn refused_and_due(&self, now: u64) -> Option<i64> {
        let due = self.refused.iter().filter(|(_, (_, again))| *again <= now);
        due.min_by_key(|(_, (_, again))| *again)
            .map(|(sealed_seq, _)| *sealed_seq)
    }

    /// When the next pause of a refused letter ends. Pauses that are over are no reason to look again: their letters wait for an attempt.
    fn next_refused(&self, now: u64) -> u64 {
        let ends = self.refused.values().map(|(_, again)| *again);
        ends.filter(|again| *again > now).min().unwrap_or(u64::MAX)
    }

    fn deliver(&mut self, prepared: Prepared) {
        let Prepared { letter, document } = &prepared;
        let parcel = match document
            .as_ref()
            .map(|document| self.authority.encode(document))
        {
            Some(Ok(parcel)) => parcel,
            Some(Err(error)) => return self.refuse(letter, &error.to_string()),
            None => return self.refuse(letter, "the document cannot be read in the journal"),
        };
        self.reach.started(self.now_ms());
        let delivery = self.send(&parcel);
        let now = self.now_ms();
        let progress = delivery.verdict.progress();
        match &delivery.verdict {
            Verdict::Acknowledged => self.acknowledged(letter.sealed_seq),
            Verdict::Refused { message } => self.refuse(letter, message),
            Verdict::Failed(failure) => {
                tracing::debug!("the tax office could not be told: {failure}");
                self.distrust(*failure);
                // The oldest goes first, also the next time.
                self.queue.clear();
            }
        }
        if let (Progress::Acknowledged | Progress::Refused, Some(date_ms)) =
            (progress, delivery.date_ms)
        {
            self.parts.guard.office_says(date_ms);
        }
        let pending = progress != Progress::Acknowledged || !self.queue.is_empty();
        let switch = self.reach.observe(now, progress, pending);
        if matches!(progress, Progress::Failed(_)) && self.reach.sells_alternative() {
            // What it answered within the dwell is written down first: the stretch without it begins again now.
            self.write_down(now);
            self.parts
                .clerk_handle
                .send(Message::Authority(AuthorityNews::Gone));
        }
        if let Some(switch) = switch {
            self.switched(switch);
        }
        if let Some(wait) = delivery.retry_after {
            self.reach.retry_after(now, millis(wait));
        }
    }

    /// One attempt. A backlog goes over one connection; where that breaks, the office is asked with a new one.
    fn send(&self, parcel: &EncodedRequest) -> Delivery {
        let with = |kept| self.transport.deliver(&*self.authority, parcel, kept);
        if self.drained == 0 && self.queue.is_empty() {
            return with(false);
        }
        let delivery = with(true);
        match delivery.verdict {
            Verdict::Failed(DeliveryFailure::Broken | DeliveryFailure::Unreachable) => with(false),
            _ => delivery,
        }
    }

    /// A server that is not believed stays so until a person does something: the log says what.
    fn distrust(&mut self, failure: DeliveryFailure) {
        let DeliveryFailure::Tls(fault) = failure else {
            return;
        };
        if self.distrusted.replace(fault) != Some(fault) {
            tracing::warn!("the tax office is not told, {fault}; {}", fault.advice());
        }
    }

    fn acknowledged(&mut self, sealed_seq: i64) {
        self.distrusted = None;
        self.refused.remove(&sealed_seq);
        self.told_up_to = self.told_up_to.max(sealed_seq);
        self.unwritten.push(sealed_seq);
        self.drained = self.drained.saturating_add(1);
        if self.drained.is_multiple_of(PROGRESS_EVERY) {
            let left = self.parts.live_status.unsent().documents;
            tracing::info!(
                "the tax office has taken {} documents; about {left} are left",
                self.drained
            );
        }
    }

    /// Has the acknowledgements written down: at once when there is nothing more to send, else many in one transaction.
    /// What a power cut keeps from being written is told once more, under the same key.
    fn write_down(&mut self, now: u64) {
        if self.unwritten.is_empty() {
            return;
        }
        self.written = now;
        let sealed_seqs = std::mem::take(&mut self.unwritten);
        let news = AuthorityNews::Acknowledged { sealed_seqs };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    fn refuse(&mut self, letter: &OutboxEntry, words: &str) {
        let now = self.now_ms();
        self.told_up_to = self.told_up_to.max(letter.sealed_seq);
        let (times, again) = self.refused.entry(letter.sealed_seq).or_insert((0, now));
        *times = times.saturating_add(1);
        let longest = if *times < REFUSED_OFTEN {
            REFUSED_PAUSE_MS_MAX
        } else {
            REFUSED_OFTEN_PAUSE_MS_MAX
        };
        let pause = self.backoff.up_to(longest).wait_ms(*times, None);
        *again = now.saturating_add(pause.max(1));
        if self.strict_order {
            self.queue.clear();
        }
        let known = remedy_of(words);
        tracing::warn!(
            document = letter.message_number,
            remedy = %known.remedy,
            "the tax office refuses a document: {words}; {}",
            known.advice
        );
        let news = AuthorityNews::Refused {
            sealed_seq: letter.sealed_seq,
            words: words.to_owned(),
        };
        self.parts.clerk_handle.send(Message::Authority(news));
    }

    fn switched(&self, switch: Switch) {
        let Switch { from, to, reason } = switch;
        tracing::info!("the tax office is {to} (was {from}): {reason}");
        self.parts.live_status.authority_switched(
            &to.to_string(),
            &reason.to_string(),
            self.reach.sells_alternative(),
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
