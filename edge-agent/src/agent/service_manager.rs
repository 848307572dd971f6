//! What the service manager hears from the agent (`Type=notify`): that it is ready, that it works, and that it stops.
//!
//! Without a service manager every message is dropped.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::status::LiveStatus;
use crate::status::at_work;

/// Says that the agent can be called.
pub fn ready() {
    send(&[NotifyState::Ready]);
}

/// Says that the agent was asked to stop.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// Feeds the watchdog while the agent works.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// The pause between two signs of life; `None` if the service manager watches nothing.
    every: Option<Duration>,
    next_at: Instant,
    /// What keeps the watchdog unfed; noted once.
    reported: Option<String>,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Self {
            every: sd_notify::watchdog_enabled().map(|limit| limit / 3),
            next_at: Instant::now(),
            reported: None,
        }
    }

    /// Gives a sign of life if one is due and every part of the agent works. Printer, authority and disk play no part: a restart would
    /// not mend them.
    pub(super) fn look(&mut self, live_status: &LiveStatus) {
        let Some(every) = self.every else { return };
        let now = Instant::now();
        if now < self.next_at {
            return;
        }
        if let Some(stuck) = stuck(live_status) {
            if self.reported.as_ref() != Some(&stuck) {
                tracing::error!("{stuck}; the service manager will start the till again");
                self.reported = Some(stuck);
            }
            return;
        }
        self.reported = None;
        self.next_at = now.checked_add(every).unwrap_or(now);
        send(&[NotifyState::Watchdog]);
    }
}

/// What does not work any more.
fn stuck(live_status: &LiveStatus) -> Option<String> {
    if live_status.clerk_is_silent() {
        return Some("the part that writes the journal does not answer".to_owned());
    }
    at_work::stuck().map(|part| format!("the thread \"{part}\" does not come back from its work"))
}

fn send(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("the service manager cannot be reached: {error}");
    }
}
