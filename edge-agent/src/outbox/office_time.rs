//! Asks the authority's server for the time at the start, whether documents wait or not: its `Date` has a time zone, unlike a
//! printer's clock, and nobody in the shop can set it.
//!
//! Any HTTP answer will do. The thread asks with growing pauses until one answer has come, and ends then.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::authority::http::{agent, ask_date};
use crate::config::Upstream;
use crate::time::guarded_clock::GuardedClock;

/// The thread that asks for the time. Dropping this value ends the thread after its current question.
#[derive(Debug)]
pub struct OfficeTime {
    /// A channel without messages. The thread ends when this end is dropped.
    _running: Sender<()>,
}

impl OfficeTime {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub fn start(upstream: &Upstream, guard: Arc<GuardedClock>) -> io::Result<Self> {
        let (running, stopped) = channel();
        let (agent, url) = (
            agent(upstream.timeout, &upstream.trust),
            upstream.url.clone(),
        );
        std::thread::Builder::new()
            .name("office time".to_owned())
            .spawn(move || {
                if let Some(date_ms) = answered(&stopped, || ask_date(&agent, &url)) {
                    guard.authority_says(date_ms);
                }
            })?;
        Ok(Self { _running: running })
    }
}

/// Asks until there is an answer; `None` if the other end of the channel was dropped before.
fn answered(stopped: &Receiver<()>, ask: impl Fn() -> Option<i64>) -> Option<i64> {
    let mut pause = PAUSE_MIN;
    loop {
        let answer = ask();
        if answer.is_some() {
            return answer;
        }
        match stopped.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => pause = pause.saturating_mul(2).min(PAUSE_MAX),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

const PAUSE_MIN: Duration = Duration::from_secs(2);
const PAUSE_MAX: Duration = Duration::from_secs(120);
