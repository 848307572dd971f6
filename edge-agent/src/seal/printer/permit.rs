//! The permit of a job that is carried out for its caller only, such as opening the drawer.
//!
//! The clerk and the printer's thread share a permit. The thread takes it right before it begins the job; the clerk withdraws it before
//! it answers the caller that the job is not carried out. Only one of the two succeeds, so that no such job begins after that answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

/// The permit to begin one job, once, before a deadline. Copies share their state.
#[derive(Clone, Debug)]
pub struct Permit {
    state: Arc<AtomicU8>,
    deadline: Instant,
}

/// Nobody has taken or withdrawn the permit.
const OPEN: u8 = 0;
/// The job has begun.
const TAKEN: u8 = 1;
/// The job has not begun and never will.
const WITHDRAWN: u8 = 2;

impl Permit {
    /// Makes a permit with which a job may begin before `deadline`.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self {
            state: Arc::new(AtomicU8::new(OPEN)),
            deadline,
        }
    }

    /// Takes the permit. Returns true if the job may begin now, and false if it must never begin.
    #[must_use]
    pub fn take(&self, now: Instant) -> bool {
        now < self.deadline && self.change_to(TAKEN)
    }

    /// Withdraws the permit. Returns true if the job has not begun and never will, and false if it has begun.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        self.change_to(WITHDRAWN)
    }

    fn change_to(&self, state: u8) -> bool {
        self.state
            .compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_permit_is_taken_or_withdrawn_but_never_both() {
        let now = Instant::now();
        let deadline = now + Duration::from_secs(1);
        let taken = Permit::until(deadline);
        assert!(taken.clone().take(now) && !taken.take(now) && !taken.withdraw());
        let withdrawn = Permit::until(deadline);
        assert!(withdrawn.clone().withdraw() && !withdrawn.take(now));
        let late = Permit::until(deadline);
        assert!(!late.take(deadline) && late.withdraw());
    }

    #[test]
    fn of_two_threads_only_one_gets_the_permit() {
        for _ in 0..200 {
            let permit = Permit::until(Instant::now() + Duration::from_secs(60));
            let of_worker = permit.clone();
            let worker = std::thread::spawn(move || of_worker.take(Instant::now()));
            let withdrawn = permit.withdraw();
            assert_ne!(worker.join().unwrap(), withdrawn);
        }
    }
}
