//! Telling the tax office: the outbox is worked until every document is acknowledged.
//!
//! One thread sends, oldest first. A document that the office refuses stays in the outbox, visible, and is sent again later;
//! it does not hold up the rest. What an attempt brought is judged by [`reachability`], and the clerk writes it down.

pub mod backoff;
mod letter;
pub mod reachability;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ferrotill_core::Currency;
use tokio::sync::Notify;

use crate::authority::remedy::remedy_of;
use crate::authority::send::{agent, send};
use crate::authority::{Authority, Verdict};
use crate::board::Board;
use crate::clerk::{ClerkDoor, Message, OfficeNews};
use crate::clock::Clock;
use crate::config::{Config, Upstream};
use crate::store::{Letter, Reader};
use backoff::Backoff;
use reachability::{Progress, Reachability, State, Switch, Thresholds};

pub use letter::{identity, letter_document};

/// What the sender works with.
#[derive(Debug)]
pub struct SenderParts {
    /// The configuration: devices and owner.
    pub config: Arc<Config>,
    /// Currency of all documents.
    pub currency: Currency,
    /// The books.
    pub reader: Reader,
    /// The way to the clerk.
    pub door: ClerkDoor,
    /// The board that everybody reads.
    pub board: Arc<Board>,
    /// Rung when there is something new in the outbox.
    pub wake: Arc<Notify>,
    /// The clock.
    pub clock: Arc<Clock>,
}

/// Letters that are read at a time.
const LETTERS_MAX: u32 = 32;
/// The sender looks at the outbox at least so often.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The longest pause before a refused document is sent again.
const REFUSED_PAUSE_MS_MAX: u64 = 10_000;

/// The sender's thread.
#[derive(Debug)]
pub struct Sender {
    stop: Arc<AtomicBool>,
    wake: Arc<Notify>,
}

impl Sender {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// The system cannot make a thread.
    pub fn start(
        parts: SenderParts,
        upstream: &Upstream,
        authority: Box<dyn Authority + Send>,
    ) -> io::Result<Self> {
        let thresholds = Thresholds {
            failures: upstream.offline_after_failures,
            failing_ms: millis(upstream.offline_after),
            dwell_ms: millis(upstream.dwell),
        };
        let seed = parts
            .config
            .devices
            .first()
            .map_or(1, |device| device.id.as_u64_pair().1);
        let stop = Arc::new(AtomicBool::new(false));
        let wake = Arc::clone(&parts.wake);
        let started = parts.clock.monotonic();
        let worker = Worker {
            agent: agent(upstream.timeout),
            url: upstream.url.clone(),
            authority,
            reach: Reachability::new(thresholds, seed),
            refused: HashMap::new(),
            backoff: Backoff::new(seed).up_to(REFUSED_PAUSE_MS_MAX),
            told: BTreeSet::new(),
            queue: VecDeque::new(),
            newest: 0,
            started,
            stop: Arc::clone(&stop),
            parts,
        };
        worker
            .parts
            .board
            .office_switched(&State::Online.to_string(), "the start", false);
        std::thread::Builder::new()
            .name("sender".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self { stop, wake })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

struct Worker {
    parts: SenderParts,
    agent: ureq::Agent,
    url: String,
    authority: Box<dyn Authority + Send>,
    reach: Reachability,
    /// Documents that the office has refused: how often, and when they are sent again.
    refused: HashMap<i64, (u32, u64)>,
    backoff: Backoff,
    /// Documents that the office has acknowledged and the clerk may not have written down yet.
    told: BTreeSet<i64>,
    /// Letters whose turn it is, oldest first.
    queue: VecDeque<Letter>,
    /// The newest letter that has been seen.
    newest: i64,
    started: Instant,
    stop: Arc<AtomicBool>,
}

impl Worker {
    fn run(mut self) {
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
            let now = self.now_ms();
            if let Some(switch) = self.reach.tick(now) {
                self.switched(switch);
            }
            if self.queue.is_empty() {
                self.fill_queue(now);
            }
            let due = self.reach.attempt_at(now);
            if due <= now
                && let Some(letter) = self.queue.pop_front()
            {
                self.deliver(&letter);
                continue;
            }
            let mut until = if self.queue.is_empty() { u64::MAX } else { due };
            until = until
                .min(self.reach.tick_at(now).unwrap_or(u64::MAX))
                .min(self.next_refused(now));
            let pause = Duration::from_millis(until.saturating_sub(now).max(1)).min(LOOK_AGAIN);
            let wake = Arc::clone(&self.parts.wake);
            runtime.block_on(async {
                // The end of the pause and the bell are the same to this loop.
                let _ = tokio::time::timeout(pause, wake.notified()).await;
            });
            self.queue.clear();
        }
    }

    /// Reads the letters whose turn it is: those that the office has not refused, oldest first, and then one refused letter
    /// whose pause is over. What the office does not want never stands before what it has not seen.
    fn fill_queue(&mut self, now: u64) {
        let mut after = 0;
        let mut again = None;
        while self.queue.is_empty() {
            let letters = match self.parts.reader.letters(after, LETTERS_MAX) {
                Ok(letters) => letters,
                Err(error) => return tracing::error!("the outbox could not be read: {error}"),
            };
            if after == 0 {
                // What is older than the oldest waiting letter is written down as acknowledged.
                let oldest = letters.first().map_or(i64::MAX, |letter| letter.sealed_seq);
                self.told = self.told.split_off(&oldest);
            }
            let Some(last) = letters.last() else { break };
            after = last.sealed_seq;
            for letter in letters {
                match self.refused.get(&letter.sealed_seq) {
                    _ if self.told.contains(&letter.sealed_seq) => {}
                    None => self.queue.push_back(letter),
                    Some((_, pause_ends)) if *pause_ends <= now && again.is_none() => {
                        again = Some(letter)
                    }
                    Some(_) => {}
                }
            }
        }
        // A document that was not there at the last look is tried at once while the office is not offline.
        let newest = self.queue.back().map(|letter| letter.sealed_seq);
        if let Some(newest) = newest.filter(|newest| *newest > self.newest) {
            self.newest = newest;
            self.reach.document_added(now);
        }
        self.queue.extend(again);
    }

    /// When the next pause of a refused letter ends. Pauses that are over are no reason to look again: their letters wait for an attempt.
    fn next_refused(&self, now: u64) -> u64 {
        let ends = self.refused.values().map(|(_, again)| *again);
        ends.filter(|again| *again > now).min().unwrap_or(u64::MAX)
    }

    fn deliver(&mut self, letter: &Letter) {
        let config = Arc::clone(&self.parts.config);
        let document = letter_document(letter, &config, self.parts.currency);
        let parcel = match document.map(|document| self.authority.encode(&document)) {
            Some(Ok(parcel)) => parcel,
            Some(Err(error)) => return self.refuse(letter, &error.to_string()),
            None => return self.refuse(letter, "the document cannot be read in the journal"),
        };
        self.reach.started(self.now_ms());
        let delivery = send(&self.agent, &*self.authority, &self.url, &parcel);
        let now = self.now_ms();
        let progress = delivery.verdict.progress();
        match &delivery.verdict {
            Verdict::Acknowledged => {
                self.refused.remove(&letter.sealed_seq);
                self.told.insert(letter.sealed_seq);
                let sealed_seq = letter.sealed_seq;
                self.parts
                    .door
                    .tell(Message::Office(OfficeNews::Acknowledged { sealed_seq }));
            }
            Verdict::Refused { message } => self.refuse(letter, message),
            Verdict::Failed(failure) => {
                tracing::debug!("the tax office could not be told: {failure}");
                // The oldest goes first, also the next time.
                self.queue.clear();
            }
        }
        let pending = progress != Progress::Acknowledged || !self.queue.is_empty();
        if let Some(switch) = self.reach.observe(now, progress, pending) {
            self.switched(switch);
        }
        if let Some(wait) = delivery.retry_after {
            self.reach.retry_after(now, millis(wait));
        }
    }

    fn refuse(&mut self, letter: &Letter, words: &str) {
        let now = self.now_ms();
        let (times, again) = self.refused.entry(letter.sealed_seq).or_insert((0, now));
        *times += 1;
        *again = now.saturating_add(self.backoff.wait_ms(*times, None).max(1));
        let known = remedy_of(words);
        tracing::warn!(
            document = letter.message_number,
            remedy = %known.remedy,
            "the tax office refuses a document: {words}; {}",
            known.advice
        );
        let news = OfficeNews::Refused {
            sealed_seq: letter.sealed_seq,
            words: words.to_owned(),
        };
        self.parts.door.tell(Message::Office(news));
    }

    fn switched(&self, switch: Switch) {
        let Switch { from, to, reason } = switch;
        tracing::info!("the tax office is {to} (was {from}): {reason}");
        self.parts.board.office_switched(
            &to.to_string(),
            &reason.to_string(),
            self.reach.sells_alternative(),
        );
        let news = OfficeNews::Switched {
            from: name(from),
            to: name(to),
            reason: reason.to_string(),
        };
        self.parts.door.tell(Message::Office(news));
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
