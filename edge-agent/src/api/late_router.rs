//! Routes that are put together when they are first called.
//!
//! The till has some two hundred routes. A start needs one of them, and a till that sells through one API never calls those of the
//! others, so that their memory is never taken.

use std::fmt;
use std::sync::OnceLock;

use axum::Router;

use crate::locked::Locked;

/// Routes that a function makes at their first call.
pub(super) struct LateRouter {
    make: Locked<Option<Box<dyn FnOnce() -> Router + Send>>>,
    made: OnceLock<Router>,
}

impl LateRouter {
    pub(super) fn new(make: impl FnOnce() -> Router + Send + 'static) -> Self {
        Self {
            make: Locked::new(Some(Box::new(make))),
            made: OnceLock::new(),
        }
    }

    /// The routes.
    pub(super) fn routes(&self) -> Router {
        let make = || {
            let make = self.make.lock().take();
            // `get_or_init` calls this once.
            make.map_or_else(Router::new, |make| make())
        };
        self.made.get_or_init(make).clone()
    }
}

impl fmt::Debug for LateRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LateRouter")
            .field("made", &self.made.get().is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_routes_are_made_once_and_only_when_they_are_called() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let late = LateRouter::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Router::new()
        });
        assert_eq!(count.load(Ordering::SeqCst), 0);
        let [_, _] = [late.routes(), late.routes()];
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}
