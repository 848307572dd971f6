//! A lock whose value can still be used after a thread has panicked while it held the lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A value that several threads use in turn.
///
/// In the release build a panic ends the process, so a poisoned lock exists in tests only.
#[derive(Debug, Default)]
pub struct Locked<T>(Mutex<T>);

impl<T> Locked<T> {
    /// Puts a value behind a lock.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::Locked;

    #[test]
    fn a_value_can_be_used_after_a_panic_under_the_lock() {
        let number = Locked::new(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut held = number.lock();
            *held = 2;
            panic!("while the lock is held");
        }));
        assert!(panicked.is_err());
        assert_eq!(*number.lock(), 2);
    }
}
