//! Whether another machine has taken over this till.

use std::sync::atomic::Ordering;

use super::LiveStatus;
use super::problems::{HealthProblem, ProblemKind};

impl LiveStatus {
    /// Notes that another machine has taken over this till: it makes no document any more.
    pub fn taken_over(&self, at_ms: i64, epoch: u32) {
        self.taken_over.store(epoch, Ordering::Release);
        self.problems.raise(HealthProblem {
            kind: ProblemKind::TILL_TAKEN_OVER,
            device: None,
            since_ms: at_ms,
            says: format!(
                "the folder of this till was restored on another machine (restore {}), which sells now; this machine sells nothing more",
                epoch.saturating_sub(1)
            ),
            fix: FIX.to_owned(),
        });
    }

    /// True if another machine has taken over this till.
    #[must_use]
    pub fn is_taken_over(&self) -> bool {
        self.taken_over.load(Ordering::Acquire) != 0
    }
}

const FIX: &str = "sell on the other machine, and take this one out of use; if this one is to sell again, restore its folder from a backup of the other";
