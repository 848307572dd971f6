//! Which parts of the agent are at work, and since when.
//!
//! A part that does not come back from its work is stuck. The watchdog of the service manager then ends the process, and the next start
//! reads from the journal what was under way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::locked::Locked;

/// A part of the agent with a thread of its own, which waits for work or does some.
#[derive(Debug)]
pub struct Part {
    name: String,
    /// How long one piece of work may take.
    limit: Duration,
    begun: Instant,
    /// When the present piece of work began, in milliseconds since `begun`, plus one; zero while the part waits.
    since_ms: AtomicU64,
}

impl Part {
    /// A part that waits for work. Its name is for people; `limit` is how long one piece of its work may take.
    #[must_use]
    pub fn new(name: &str, limit: Duration) -> Arc<Self> {
        let part = Arc::new(Self {
            name: name.to_owned(),
            limit,
            begun: Instant::now(),
            since_ms: AtomicU64::new(0),
        });
        let mut parts = PARTS.lock();
        parts.retain(|known| known.strong_count() > 0);
        parts.push(Arc::downgrade(&part));
        part
    }

    /// Does one piece of work.
    pub fn at_work<T>(&self, work: impl FnOnce() -> T) -> T {
        let now_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since_ms
            .store(now_ms.saturating_add(1), Ordering::Release);
        let result = work();
        self.since_ms.store(0, Ordering::Release);
        result
    }

    fn is_stuck(&self, now: Instant) -> bool {
        let Some(since_ms) = self.since_ms.load(Ordering::Acquire).checked_sub(1) else {
            return false;
        };
        let at_work = now
            .saturating_duration_since(self.begun)
            .saturating_sub(Duration::from_millis(since_ms));
        at_work > self.limit
    }
}

/// The parts of the process. The list belongs to the process and not to an agent, because a process has one watchdog.
static PARTS: Locked<Vec<Weak<Part>>> = Locked::new(Vec::new());

/// The name of a part that has not come back from its work in time; `None` if there is none.
#[must_use]
pub fn stuck() -> Option<String> {
    let now = Instant::now();
    let parts = PARTS.lock();
    let mut parts = parts.iter().filter_map(Weak::upgrade);
    let stuck = parts.find(|part| part.is_stuck(now))?;
    Some(stuck.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_stuck_when_its_work_takes_longer_than_its_limit() {
        let printer = Part::new("the printer", Duration::from_secs(60));
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        assert!(!printer.is_stuck(after(10_000)), "it waits");
        printer.at_work(|| {
            assert!(!printer.is_stuck(after(50)));
            assert!(printer.is_stuck(after(70)));
        });
        assert!(!printer.is_stuck(after(10_000)), "it waits again");
    }

    #[test]
    fn a_stuck_part_is_named_until_it_comes_back_or_is_gone() {
        let sender = Part::new("the sender of this test", Duration::ZERO);
        let is_named = || stuck().as_deref() == Some("the sender of this test");
        sender.at_work(|| {
            std::thread::sleep(Duration::from_millis(2));
            assert!(is_named());
        });
        assert!(!is_named());
        sender.since_ms.store(1, Ordering::Release);
        drop(sender);
        assert!(!is_named());
    }
}
