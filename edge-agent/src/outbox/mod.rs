//! The sender: outbox entries are sent to the authority until each one is acknowledged.
//!
//! One thread sends the entries, oldest first.
//! A document that the authority refuses stays in the outbox, where callers can see it, and is sent again later.
//! A refused document does not delay the others, unless `[upstream] strict_order` demands that documents arrive in order.
//! [`reachability`] derives the state of the authority from the result of each attempt, and the clerk stores the results.

pub mod backoff;
mod entry;
pub mod number_supply;
pub mod office_time;
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

pub use entry::{identity, reported_document};
pub use transport::Transport;
pub use worker::OutboxWorker;

/// Everything that the sender needs from the rest of the agent.
#[derive(Debug)]
pub struct OutboxParts {
    /// The owner and the devices.
    pub party: Arc<ReportingParty>,
    /// Currency of all documents.
    pub currency: Currency,
    /// Reads the store.
    pub reader: Reader,
    /// Sends messages to the clerk.
    pub clerk_handle: ClerkHandle,
    /// The live status, which the sender updates.
    pub live_status: Arc<LiveStatus>,
    /// Notified when there is a new entry in the outbox.
    pub wake: Arc<Notify>,
    /// The machine's clocks.
    pub clock: Arc<Clock>,
    /// The guarded clock: it gets the `Date` of the authority's answers.
    pub guard: Arc<GuardedClock>,
}

/// How long a shutdown waits for the sender's thread.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);
/// The sender's thread. Dropping this value stops the thread.
#[derive(Debug)]
pub struct OutboxThread {
    stop: Arc<AtomicBool>,
    wake: Arc<Notify>,
    /// A channel without messages. Its other end is dropped when the thread ends.
    ended: Receiver<()>,
}

impl OutboxThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
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
        // The shutdown waits a moment, so that acknowledgements that have just arrived are stored. An authority that does not
        // answer delays the shutdown no longer than this.
        let _ = self.ended.recv_timeout(SHUTDOWN_GRACE);
    }
}
