//! Long work: reading bodies, reading the store, writing answers. It runs on threads of its own, so that the one thread that
//! serves all connections stays free.
//!
//! Callers of different kinds have places of their own: a list never takes the place that a sale needs, and a call without a
//! signature never takes the place of a signed one. A place is free again when its work has ended, also if its caller is gone.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// For whom long work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Signed calls that make a document, and everything that they wait for.
    Sales,
    /// Signed calls that only read.
    Lists,
    /// Calls without a signature.
    Unsigned,
}

/// The places of all lanes.
#[derive(Debug)]
pub struct Lanes {
    sales: Arc<Semaphore>,
    lists: Arc<Semaphore>,
    unsigned: Arc<Semaphore>,
}

impl Default for Lanes {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            sales: places(SALES_MAX),
            lists: places(LISTS_MAX),
            unsigned: places(UNSIGNED_MAX),
        }
    }
}

/// A place in a lane. Dropping this value frees the place.
#[derive(Debug)]
pub struct LanePlace {
    /// `None` cannot happen, because the lanes are never closed.
    _permit: Option<OwnedSemaphorePermit>,
}

/// Shows that the code that has this value runs on a thread for long work.
#[derive(Debug)]
pub struct WorkThread(());

impl WorkThread {
    /// For programs and tests that serve no connections: their own thread may do long work.
    #[must_use]
    pub const fn without_connections() -> Self {
        Self(())
    }
}

impl Lanes {
    /// Waits for a place in a lane.
    pub async fn enter(&self, lane: Lane) -> LanePlace {
        let lane = match lane {
            Lane::Sales => &self.sales,
            Lane::Lists => &self.lists,
            Lane::Unsigned => &self.unsigned,
        };
        LanePlace {
            _permit: Arc::clone(lane).acquire_owned().await.ok(),
        }
    }

    /// Waits for a place in a lane, and does work there.
    pub async fn work<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce(&WorkThread) -> T + Send + 'static,
    ) -> T {
        self.enter(lane).await.work(work).await
    }
}

impl LanePlace {
    /// Does work in this place, which is free again after it.
    pub async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce(&WorkThread) -> T + Send + 'static,
    ) -> T {
        self.work_and_keep(|thread, _place| work(thread)).await
    }

    /// Does work in this place, which is free again when the work has dropped it.
    pub async fn work_and_keep<T: Send + 'static>(
        self,
        work: impl FnOnce(&WorkThread, Self) -> T + Send + 'static,
    ) -> T {
        let job = move || work(&WorkThread(()), self);
        match tokio::task::spawn_blocking(job).await {
            Ok(outcome) => outcome,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// The places for signed calls that make a document.
const SALES_MAX: usize = 4;
/// The places for signed calls that only read.
const LISTS_MAX: usize = 2;
/// The places for calls without a signature.
const UNSIGNED_MAX: usize = 1;
/// The most threads that do long work. Further work waits, so that memory has a limit.
pub const WORK_THREADS_MAX: usize = SALES_MAX + LISTS_MAX + UNSIGNED_MAX;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{LISTS_MAX, Lane, Lanes, SALES_MAX, UNSIGNED_MAX, WORK_THREADS_MAX};

    /// Runs a test on a runtime of the same kind as the agent's.
    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(WORK_THREADS_MAX)
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn the_thread_that_serves_connections_is_free_while_work_is_done() {
        run(async {
            let lanes = Lanes::default();
            let (release, released) = mpsc::channel();
            let work = lanes.work(Lane::Sales, move |_| released.recv().unwrap());
            // The other future runs on the thread of the runtime. If the work ran there too, neither would ever end.
            let other = async {
                tokio::task::yield_now().await;
                release.send(7).unwrap();
            };
            let (outcome, ()) = tokio::join!(work, other);
            assert_eq!(outcome, 7);
        });
    }

    #[test]
    fn full_lanes_of_unsigned_calls_and_lists_leave_the_places_of_sales() {
        run(async {
            let lanes = Lanes::default();
            let mut held = Vec::new();
            for (lane, places) in [(Lane::Unsigned, UNSIGNED_MAX), (Lane::Lists, LISTS_MAX)] {
                for _ in 0..places {
                    held.push(lanes.enter(lane).await);
                }
            }
            for _ in 0..SALES_MAX {
                held.push(lanes.enter(Lane::Sales).await);
            }
            assert_eq!(held.len(), WORK_THREADS_MAX);
        });
    }

    #[test]
    fn a_place_is_free_again_after_its_work_although_the_caller_is_gone() {
        run(async {
            let lanes = Lanes::default();
            let (begin, begun) = mpsc::channel();
            let (release, released) = mpsc::channel();
            {
                let place = lanes.enter(Lane::Unsigned).await;
                let work = place.work(move |_| {
                    begin.send(()).unwrap();
                    released.recv().unwrap();
                });
                let mut work = std::pin::pin!(work);
                // The first poll starts the work, and then the caller goes away.
                let polled = std::future::poll_fn(|context| {
                    let _ = work.as_mut().poll(context);
                    std::task::Poll::Ready(())
                });
                polled.await;
            }
            begun.recv().unwrap();
            assert_eq!(lanes.unsigned.available_permits(), 0);
            release.send(()).unwrap();
            drop(lanes.enter(Lane::Unsigned).await);
        });
    }
}
