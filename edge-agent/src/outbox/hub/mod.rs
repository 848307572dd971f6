//! The recipient `hub`: the hub of a head office gets every sealed document of the till.
//!
//! `sender` makes batches of the journal's rows and sends them over `connection`; `place` is how far the hub has acknowledged them.
//! `identity` is the till's certificate, which `enrolment` gets with a one-time code. `report` is what the till says about itself.
//! One thread does all of it, and only on a till that has a hub. No sale waits for it, and no sale writes anything for it.

mod connection;
pub mod enrolment;
mod identity;
mod place;
mod refusal;
mod report;
mod rows;
mod sender;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::Thread;
use std::time::Duration;

use ferrotill_core::profile::Profile;
use ferrotill_store::Reader;
use uuid::Uuid;

pub use connection::{HubConnection, HubFailure, HubTransport};
pub use identity::{HubIdentity, IdentityFault, NewKey};
pub use place::HubPlace;
pub use refusal::{HubRefusal, MissingRange};
pub use sender::{HubSender, HubSenderParts, HubTurn};

use crate::config::HubConfig;
use crate::status::LiveStatus;
use crate::status::at_work::Part;
use crate::status::problems::ProblemKind;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use worker::HubWorker;

/// What the thread needs from the rest of the agent.
#[derive(Debug)]
pub struct HubParts {
    /// The hub of the configuration.
    pub config: HubConfig,
    /// The data folder.
    pub folder: PathBuf,
    /// The law of the country.
    pub profile: &'static dyn Profile,
    /// The devices.
    pub devices: Vec<Uuid>,
    /// Makes the waits of this till differ from those of other tills.
    pub seed: u64,
    /// Reads the store.
    pub reader: Reader,
    /// The live status: its problems go to the hub, and the hub's are noted there.
    pub live_status: Arc<LiveStatus>,
    /// The machine's clock, for pauses.
    pub clock: Arc<Clock>,
    /// The till's time.
    pub guard: Arc<GuardedClock>,
    /// The part of the till that a problem belongs to.
    pub part_of: fn(ProblemKind) -> &'static str,
}

/// How long one message to the hub may take.
const WORK_MAX: Duration = Duration::from_secs(5 * 60);
/// How long a shutdown waits for the thread.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// The thread of the hub. Dropping this value stops the thread.
#[derive(Debug)]
pub struct HubThread {
    stop: Arc<AtomicBool>,
    thread: Thread,
    /// A channel without messages. Its other end is dropped when the thread ends.
    ended: Receiver<()>,
}

impl HubThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub fn start(parts: HubParts) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopping = Arc::clone(&stop);
        let (running, ended) = channel();
        let part = Part::new("hub", WORK_MAX);
        let started = std::thread::Builder::new()
            .name("hub".to_owned())
            .spawn(move || {
                let _running = running;
                let mut worker = HubWorker::new(parts);
                while !is_stopping.load(Ordering::Acquire) {
                    let pause = part.at_work(|| worker.turn());
                    std::thread::park_timeout(pause);
                }
                worker.end();
            })?;
        Ok(Self {
            stop,
            thread: started.thread().clone(),
            ended,
        })
    }
}

impl Drop for HubThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.thread.unpark();
        let _ = self.ended.recv_timeout(SHUTDOWN_GRACE);
    }
}
