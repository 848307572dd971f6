//! A clock whose time changes only when a test sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ferrotill_device::emulator::ClockSource;

/// A clock in seconds of local time that only a test moves. A clone is the same clock.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows this time, in seconds.
    #[must_use]
    pub fn at(seconds: i64) -> Self {
        let clock = Self::default();
        clock.set(seconds);
        clock
    }

    /// Moves the clock to a time, in seconds.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Release);
    }

    /// The time that the clock shows, in seconds.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }

    /// This clock as the clock of an emulated printer.
    #[must_use]
    pub fn source(&self) -> ClockSource {
        let clock = self.clone();
        Arc::new(move || clock.seconds())
    }
}
