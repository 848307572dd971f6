//! How much of the tills' work is in memory at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::Limits;

/// The places for batches in work, and the bytes for them.
#[derive(Debug)]
pub(super) struct Admission {
    batches: Arc<Semaphore>,
    kibibytes: Arc<Semaphore>,
    /// The minute, and how many wrong codes there were in it.
    wrong_codes: Mutex<(i64, u32)>,
}

/// A place for one request, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _batch: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            batches: Arc::new(Semaphore::new(limits.batches)),
            kibibytes: Arc::new(Semaphore::new(limits.bytes / 1024)),
            wrong_codes: Mutex::default(),
        }
    }

    /// A place for a request with a body of at most this size. It waits a moment for one; `None` if there is none then.
    pub(super) async fn place(&self, bytes: usize) -> Option<Place> {
        let kibibytes = u32::try_from(bytes / 1024 + 1).ok()?;
        let both = async {
            let batch = Arc::clone(&self.batches).acquire_owned().await.ok()?;
            let bytes = Arc::clone(&self.kibibytes)
                .acquire_many_owned(kibibytes)
                .await
                .ok()?;
            Some(Place {
                _batch: batch,
                _bytes: bytes,
            })
        };
        timeout(WAIT, both).await.ok().flatten()
    }

    /// Whether another code may be tried in this minute.
    pub(super) fn may_try_code(&self, now_ms: i64) -> bool {
        let counted = self
            .wrong_codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        counted.0 != now_ms / crate::clock::MINUTE_MS || counted.1 < WRONG_CODES_PER_MINUTE
    }

    /// Counts a wrong code.
    pub(super) fn wrong_code(&self, now_ms: i64) {
        let mut counted = self
            .wrong_codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let minute = now_ms / crate::clock::MINUTE_MS;
        let before = if counted.0 == minute { counted.1 } else { 0 };
        *counted = (minute, before.saturating_add(1));
    }
}

/// How long a request waits for a place. While it waits its body is not read.
const WAIT: Duration = Duration::from_millis(500);
/// How many wrong codes this process hears in a minute, of all tills together.
const WRONG_CODES_PER_MINUTE: u32 = 60;
