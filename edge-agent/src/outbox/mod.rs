//! Telling the tax office: the outbox is worked until every document is acknowledged.
//!
//! One thread sends, oldest first. A document that the office refuses stays in the outbox, visible, and is sent again later;
//! it does not hold up the rest, unless `[upstream] strict_order` says that the office wants them in order. What an attempt brought is judged by [`reachability`], and the clerk writes it down.

pub mod backoff;
mod entry;
pub mod number_supply;
pub mod reachability;
mod read_ahead;
mod transport;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ferrotill_core::Currency;
use tokio::sync::Notify;

use crate::authority::Authority;
use crate::clerk::ClerkHandle;
use crate::config::{ReportingParty, Upstream};
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::Reader;
use read_ahead::ReadingAhead;
use transport::Network;

pub use entry::{identity, letter_document};
pub use transport::Transport;
pub use worker::OutboxWorker;

/// What the sender works with.
#[derive(Debug)]
pub struct OutboxParts {
    /// The owner and the devices.
    pub party: Arc<ReportingParty>,
    /// Currency of all documents.
    pub currency: Currency,
    /// The books.
    pub reader: Reader,
    /// The way to the clerk.
    pub clerk_handle: ClerkHandle,
    /// The board that everybody reads.
    pub live_status: Arc<LiveStatus>,
    /// Rung when there is something new in the outbox.
    pub wake: Arc<Notify>,
    /// The machine's clocks.
    pub clock: Arc<Clock>,
    /// The guarded clock, which hears what time the office says.
    pub guard: Arc<GuardedClock>,
}

/// How long the end waits for the sender.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);
/// The sender's thread.
#[derive(Debug)]
pub struct OutboxThread {
    stop: Arc<AtomicBool>,
    wake: Arc<Notify>,
    /// Says nothing, and ends with the thread.
    ended: Receiver<()>,
}

impl OutboxThread {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// The system cannot make a thread.
    pub fn start(
        parts: OutboxParts,
        upstream: &Upstream,
        authority: Box<dyn Authority + Send>,
    ) -> io::Result<Self> {
        let ahead = ReadingAhead::start(
            parts.reader.clone(),
            Arc::clone(&parts.party),
            parts.currency,
        )?;
        let transport = Box::new(Network::to(upstream));
        let worker = OutboxWorker::new(parts, upstream, authority, transport, ahead);
        let (stop, wake) = (Arc::clone(&worker.stop), Arc::clone(&worker.parts.wake));
        let (running, ended) = channel();
        std::thread::Builder::new()
            .name("sender".to_owned())
            .spawn(move || {
                let _running = running;
                worker.run();
            })?;
        Ok(Self { stop, wake, ended })
    }
}

impl Drop for OutboxThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.wake.notify_one();
        // What the office has just taken is still written down; an office that does not answer is not waited for.
        let _ = self.ended.recv_timeout(SHUTDOWN_GRACE);
    }
}
