//! The outbox: messages are sent to their recipients until each one is acknowledged.
//!
//! Each recipient has a worker on a thread of its own, with its own reachability and back-off, so that a recipient that is slow or
//! cannot be reached holds up no other. A worker sends the bytes that the store froze when the document was sealed, oldest first.
//! A document that the recipient refuses stays in the outbox, where callers can see it, and is sent again later.
//! A refused document does not delay the others, unless `[upstream] strict_order` demands that documents arrive in order.
//! [`reachability`] derives the state of a recipient from the result of each attempt, and the clerk stores the results.

pub mod backoff;
pub mod hub;
pub mod module_limits;
pub mod number_supply;
pub mod office_time;
pub mod providers;
pub mod reachability;
mod refused;
pub mod registrations;
#[cfg(test)]
mod tests;
mod transport;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ferrotill_core::duty::Recipient;
use tokio::sync::Notify;

use crate::authority::Authority;
use crate::clerk::ClerkHandle;
use crate::config::Upstream;
use crate::status::LiveStatus;
use crate::status::at_work::Part;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::Reader;
use transport::Network;

pub use transport::Transport;
pub use worker::OutboxWorker;

/// What a worker needs from the rest of the agent.
#[derive(Debug)]
pub struct OutboxParts {
    /// The recipient that the worker tells.
    pub recipient: Recipient,
    /// The environment of the recipient, `TEST` or `LIVE`, which is stored with its acknowledgements.
    pub environment: String,
    /// Makes the waits of this till differ from those of other tills.
    pub seed: u64,
    /// Reads the store.
    pub reader: Reader,
    /// Sends messages to the clerk.
    pub clerk_handle: ClerkHandle,
    /// The live status, which the worker of the authority updates.
    pub live_status: Arc<LiveStatus>,
    /// Notified when there is a new entry in the outbox. No other worker waits for it.
    pub wake: Arc<Notify>,
    /// The machine's clocks.
    pub clock: Arc<Clock>,
    /// The guarded clock: it gets the `Date` of the authority's answers.
    pub guard: Arc<GuardedClock>,
}

/// How long one attempt of a sender may take; the limits of its requests are much shorter.
const WORK_MAX: Duration = Duration::from_secs(10 * 60);
/// How long a shutdown waits for a worker's thread.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// The thread of one recipient's worker. Dropping this value stops the thread.
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
        authority: Box<dyn Authority>,
    ) -> io::Result<Self> {
        let transport = Box::new(Network::to(upstream));
        Self::start_over(parts, upstream, authority, transport)
    }

    /// Starts the thread with a way to the recipient of the caller's own.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub fn start_over(
        parts: OutboxParts,
        upstream: &Upstream,
        authority: Box<dyn Authority>,
        transport: Box<dyn Transport>,
    ) -> io::Result<Self> {
        let name = format!("sender {}", parts.recipient);
        let worker = OutboxWorker::by_hand(parts, upstream, authority, transport);
        let (stop, wake) = (Arc::clone(&worker.stop), Arc::clone(&worker.parts.wake));
        let (running, ended) = channel();
        let part = Part::new(&name, WORK_MAX);
        std::thread::Builder::new().name(name).spawn(move || {
            let _running = running;
            worker.run(&part);
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
