//! The slots for connections, and who has to give way when they are all taken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use crate::locked::Locked;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The slots for connections.
#[derive(Debug)]
pub(super) struct ConnectionSlots {
    limit: usize,
    opened: Instant,
    slots: Locked<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    taken: HashMap<u64, Arc<Slot>>,
}

/// What a connection is doing, as far as giving up its place goes.
#[derive(Debug)]
struct Slot {
    state: AtomicU8,
    /// Since when it has been waiting for the rest of a request, in microseconds since the slots were opened.
    waiting_since: AtomicU64,
    leave: Notify,
}

impl ConnectionSlots {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            opened: Instant::now(),
            slots: Locked::default(),
        }
    }

    /// A place: a free one, or that of the connection that has waited longest. `None` if all are at work.
    pub(super) fn take(self: &Arc<Self>) -> Option<SlotGuard> {
        let mut slots = self.slots();
        if slots.taken.len() >= self.limit {
            let longest = slots
                .taken
                .iter()
                .filter(|(_, seat)| seat.state.load(Ordering::Acquire) == WAITING)
                .min_by_key(|(id, seat)| (seat.waiting_since.load(Ordering::Relaxed), **id))
                .map(|(id, _)| *id)?;
            let seat = slots.taken.get(&longest)?;
            // It may have started work since the look at it; then the newcomer is turned away.
            seat.state
                .compare_exchange(WAITING, LEAVING, Ordering::AcqRel, Ordering::Acquire)
                .ok()?;
            seat.leave.notify_one();
            slots.taken.remove(&longest);
        }
        let id = slots.next;
        slots.next += 1;
        let seat = Arc::new(Slot {
            state: AtomicU8::new(WAITING),
            waiting_since: AtomicU64::new(self.now()),
            leave: Notify::new(),
        });
        slots.taken.insert(id, Arc::clone(&seat));
        Some(SlotGuard {
            id,
            seat,
            slots: Arc::clone(self),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The map is whole between any two of its operations, so a panic elsewhere does not spoil it.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock()
    }
}

/// A place in use; dropping it frees it.
#[derive(Debug)]
pub(super) struct SlotGuard {
    id: u64,
    seat: Arc<Slot>,
    slots: Arc<ConnectionSlots>,
}

impl SlotGuard {
    /// The connection waits for the rest of a request, or for the next one, from now on.
    pub(super) fn wait_from_now(&self) {
        self.seat
            .waiting_since
            .store(self.slots.now(), Ordering::Relaxed);
    }

    /// Comes when the place was given to another connection.
    pub(super) async fn given_away(&self) {
        self.seat.leave.notified().await;
    }

    /// From now on the place is kept. False if it has just been given away.
    pub(super) fn start_work(&self) -> bool {
        self.seat
            .state
            .compare_exchange(WAITING, WORKING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The answer is ready: the place can be given away again.
    pub(super) fn end_work(&self) {
        self.wait_from_now();
        self.seat.state.store(WAITING, Ordering::Release);
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        self.slots.slots().taken.remove(&self.id);
    }
}

/// Waiting for the rest of a request, or for the next one.
const WAITING: u8 = 0;
/// A request is with the router.
const WORKING: u8 = 1;
/// The place was given to another connection.
const LEAVING: u8 = 2;
