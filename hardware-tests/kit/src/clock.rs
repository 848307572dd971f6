//! A clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ferrotill_device::emulator::ClockSource;

/// Seconds of local time. A clone is the same clock.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock at a time, in seconds.
    #[must_use]
    pub fn at(seconds: i64) -> Self {
        let clock = Self::default();
        clock.set(seconds);
        clock
    }

    /// Moves it to a time.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Release);
    }

    /// What it shows.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }

    /// The clock of an emulated printer.
    #[must_use]
    pub fn source(&self) -> ClockSource {
        let clock = self.clone();
        Arc::new(move || clock.seconds())
    }
}
