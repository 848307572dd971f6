//! The shared state of the HTTP routes: their only access to the clerk and the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrotill_core::budget::{Budget, Left};
use ferrotill_core::profile::Profile;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::lanes::{Lane, Lanes, WorkThread};
use super::replay::Replays;
use crate::clerk::{ClerkHandle, FiscalState, Message};
use crate::config::Config;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{Reader, RequestState, StoreError};

/// The shared state that every route works with.
#[derive(Debug)]
pub struct Service {
    /// The configuration.
    pub config: Config,
    /// The country's law.
    pub profile: &'static dyn Profile,
    /// Sends messages to the clerk.
    pub clerk_handle: ClerkHandle,
    /// Reads the store.
    pub reader: Reader,
    /// The machine's clock.
    pub clock: Arc<Clock>,
    /// The guarded clock: the agent's time.
    pub guard: Arc<GuardedClock>,
    /// The owner's own limit for selling without the authority.
    pub owner_budget: Budget,
    /// The live status of printers, authority and number stocks.
    pub live_status: Arc<LiveStatus>,
    /// The signatures of the calls that ended without a document.
    pub replays: Replays,
    /// The places for long work.
    pub lanes: Lanes,
}

/// Why the clerk has not answered a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The agent is stopping.
    Stopping,
    /// The deadline has passed before the clerk answered.
    TooLate,
}

impl Service {
    /// Does long work in a lane: reading a body, reading the store, writing an answer.
    pub async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        lane: Lane,
        work: impl FnOnce(&Self, &WorkThread) -> T + Send + 'static,
    ) -> T {
        let service = Arc::clone(self);
        self.lanes
            .work(lane, move |thread| work(&service, thread))
            .await
    }

    /// Reads the store in a lane.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        lane: Lane,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader.clone();
        self.lanes.work(lane, move |_| read(&reader)).await
    }

    /// Waits for something until `deadline`; `None` if it did not come in time.
    pub async fn within<T>(&self, deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
        let wait = deadline.saturating_duration_since(self.clock.monotonic());
        tokio::time::timeout(wait, future).await.ok()
    }

    /// Sends the clerk a message and waits for its answer until `deadline`.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if the clerk does not answer in time.
    pub async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(message(reply));
        match self.within(deadline, answer).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(NoAnswer::Stopping),
            None => Err(NoAnswer::TooLate),
        }
    }

    /// The deadline of a wait that begins now.
    #[must_use]
    pub fn deadline(&self, wait: Duration) -> Instant {
        let now = self.clock.monotonic();
        now.checked_add(wait).unwrap_or(now)
    }

    /// The law's limit and the owner's limit for selling without the authority, each with its remaining part.
    #[must_use]
    pub fn budgets(&self) -> [(&Budget, Left); 2] {
        let unsent = self.live_status.unsent();
        [&self.profile.facts().offline, &self.owner_budget]
            .map(|budget| (budget, self.guard.left(budget, unsent)))
    }

    /// Seconds until the nearest time limit for selling without the authority.
    #[must_use]
    pub fn offline_remaining_s(&self) -> Option<i64> {
        self.budgets()
            .into_iter()
            .filter_map(|(_, left)| left.least_ms())
            .min()
            .map(|left_ms| left_ms / 1_000)
    }

    /// The fiscal state of a request id. An order that still waits in the queue may become a document, so its state is unknown
    /// whatever the store contains.
    pub async fn state_of(self: &Arc<Self>, id: Uuid) -> FiscalState {
        if self.waits(id).await != Some(false) {
            return FiscalState::Unknown;
        }
        let found = self
            .read(Lane::Sales, move |reader| reader.find(None, id))
            .await;
        match found.map(|found| found.map(|stored| stored.row.state)) {
            Ok(Some(RequestState::Sealed)) => FiscalState::Registered,
            Ok(Some(RequestState::Reserved)) | Err(_) => FiscalState::Unknown,
            Ok(Some(RequestState::Voided) | None) => FiscalState::NotRegistered,
        }
    }

    /// Whether an order with this id waits in the queue or is being printed; `None` while the clerk stops.
    pub async fn waits(&self, id: Uuid) -> Option<bool> {
        let (reply, waiting) = oneshot::channel();
        self.clerk_handle.send(Message::Waiting { id, reply });
        waiting.await.ok()
    }
}
