//! A till that loses acknowledgements, sends batches twice and in another order, and goes on until everything is acknowledged.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ferrotill_hub_protocol::{Answer, SignedBatch, path};
use tokio::time::{sleep, timeout};

use super::support::client::Connection;
use super::support::till::TestTill;

/// What all players share.
pub(crate) struct Plan {
    pub(crate) hubs: [SocketAddr; 2],
    pub(crate) documents: u64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) counts: Counts,
}

/// What has happened to the batches.
#[derive(Default)]
pub(crate) struct Counts {
    batches: AtomicU64,
    lost: AtomicU64,
    doubled: AtomicU64,
    reordered: AtomicU64,
    forgotten: AtomicU64,
    later: AtomicU64,
    broken: AtomicU64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        write!(
            f,
            "{} batches, {} acknowledgements lost, {} sent twice at once, {} sent too early, {} bounds forgotten, {} asked to come later, \
             {} connections broken",
            of(&self.batches),
            of(&self.lost),
            of(&self.doubled),
            of(&self.reordered),
            of(&self.forgotten),
            of(&self.later),
            of(&self.broken)
        )
    }
}

/// A till at work.
pub(crate) struct Player {
    till: TestTill,
    random: u64,
    plan: Arc<Plan>,
    connection: Option<Connection>,
    hub: usize,
}

impl Player {
    pub(crate) fn new(till: TestTill, random: u64, plan: Arc<Plan>) -> Self {
        Self {
            till,
            random,
            plan,
            connection: None,
            hub: usize::from(random % 2 == 1),
        }
    }

    /// Sends all documents.
    pub(crate) async fn play(mut self) {
        while self.till.acknowledged.0 < self.plan.documents {
            let left = self.plan.documents - self.till.acknowledged.0;
            let rows = (5 + self.percent() * 25 / 100).min(left);
            let batch = self.till.next(rows);
            add(&self.plan.counts.batches);
            if self.percent() < 3 {
                self.sends_too_early(&batch).await;
            }
            self.carry_out(&batch).await;
            let last = batch.batch().header().last;
            self.till.acknowledged = (last, batch.batch().hash());
            self.plan.acknowledged.fetch_add(rows, Ordering::Relaxed);
        }
    }

    /// Sends a batch until it is acknowledged.
    async fn carry_out(&mut self, batch: &SignedBatch) {
        let bytes = batch.to_bytes();
        let last = batch.batch().header().last;
        loop {
            match self.percent() {
                0..5 => {
                    add(&self.plan.counts.lost);
                    self.loses_the_answer(&bytes).await;
                    continue;
                }
                5..9 => {
                    add(&self.plan.counts.doubled);
                    self.other_hub_gets(&bytes).await;
                }
                9..10 => {
                    add(&self.plan.counts.forgotten);
                    self.asks_for_the_position(batch).await;
                }
                _ => {}
            }
            match self.post(path::BATCHES, &bytes).await {
                Some(Answer::Acknowledged { up_to }) => {
                    assert_eq!(up_to, last, "a till sends one batch at a time");
                    return;
                }
                Some(Answer::TooBusy { .. } | Answer::Unavailable { .. }) => {
                    add(&self.plan.counts.later);
                    self.pause().await;
                }
                Some(other) => panic!("{}: {other:?}", self.till.id),
                None => {
                    add(&self.plan.counts.broken);
                    self.pause().await;
                }
            }
        }
    }

    /// The batch behind the next one arrives first.
    async fn sends_too_early(&mut self, batch: &SignedBatch) {
        let header = batch.batch().header();
        let last = header.last + 3;
        let early = self.till.batch(header.last + 1, last, batch.batch().hash());
        add(&self.plan.counts.reordered);
        match self.post(path::BATCHES, &early.to_bytes()).await {
            Some(Answer::Gap(position)) => assert_eq!(position.expected, header.first),
            Some(Answer::TooBusy { .. } | Answer::Unavailable { .. }) | None => {}
            Some(other) => panic!("{}: {other:?}", self.till.id),
        }
    }

    /// The request is sent, and the connection is closed before the answer.
    async fn loses_the_answer(&mut self, bytes: &[u8]) {
        let moment = Duration::from_millis(self.percent() / 3);
        if let Some(connection) = self.connected().await {
            let _ = connection.send("POST", path::BATCHES, "", bytes).await;
            sleep(moment).await;
        } else {
            self.pause().await;
        }
        self.connection = None;
        self.hub = 1 - self.hub;
    }

    /// The other hub process gets the same batch at the same time.
    async fn other_hub_gets(&mut self, bytes: &[u8]) {
        let other = self.plan.hubs[1 - self.hub];
        if let Ok(mut connection) = self.till.connect(other).await {
            let _ = connection.send("POST", path::BATCHES, "", bytes).await;
            tokio::spawn(async move { connection.reply().await });
        }
    }

    /// A till that does not know whether a batch was stored asks, and compares the hashes.
    async fn asks_for_the_position(&mut self, batch: &SignedBatch) {
        let request = ferrotill_hub_protocol::PositionRequest {
            till: self.till.id,
            epoch: self.till.epoch,
            acknowledged: self.till.acknowledged.0,
            acknowledged_hash: self.till.acknowledged.1,
        };
        let bytes = ferrotill_hub_protocol::Message::to_bytes(&request).unwrap();
        if let Some(Answer::Position(position)) = self.post(path::POSITION, &bytes).await {
            let header = batch.batch().header();
            let before = (header.first, header.before);
            let behind = (header.last + 1, batch.batch().hash());
            let found = (position.expected, position.before);
            assert!(found == before || found == behind, "{found:?}");
        }
    }

    async fn post(&mut self, path: &str, bytes: &[u8]) -> Option<Answer> {
        let replied = match self.connected().await {
            None => None,
            Some(connection) => {
                let posted = timeout(ANSWER_TIMEOUT, connection.post(path, bytes)).await;
                posted.ok().and_then(Result::ok)
            }
        };
        if replied.is_none() {
            self.connection = None;
            self.hub = 1 - self.hub;
        }
        replied.map(|reply| reply.answer())
    }

    async fn connected(&mut self) -> Option<&mut Connection> {
        if self.connection.is_none() {
            let opened = timeout(ANSWER_TIMEOUT, self.till.connect(self.plan.hubs[self.hub])).await;
            self.connection = opened.ok().and_then(Result::ok);
        }
        self.connection.as_mut()
    }

    async fn pause(&mut self) {
        let moment = Duration::from_millis(20 + 2 * self.percent());
        sleep(moment).await;
    }

    /// The next number from 0 to 99 (SplitMix64).
    fn percent(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % 100
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
