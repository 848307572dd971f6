//! The slots for connections, and which connection loses its slot when all are taken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use crate::locked::Locked;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A limited number of slots, one for each open connection.
#[derive(Debug)]
pub(super) struct ConnectionSlots {
    limit: usize,
    /// The instant from which the times of all slots are counted.
    opened: Instant,
    slots: Locked<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    taken: HashMap<u64, Arc<Slot>>,
}

/// The slot of one connection.
#[derive(Debug)]
struct Slot {
    /// The state of the slot: [`WAITING`], [`WORKING`] or [`EVICTED`].
    state: AtomicU8,
    /// Since when the connection has been waiting for the rest of a request, in microseconds since `opened`.
    waiting_since: AtomicU64,
    /// Notified when another connection gets the slot.
    evicted: Notify,
}

impl ConnectionSlots {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            opened: Instant::now(),
            slots: Locked::default(),
        }
    }

    /// Takes a free slot, or the slot of the connection that has waited longest. `None` if a request is running in every slot.
    pub(super) fn take(self: &Arc<Self>) -> Option<SlotGuard> {
        let mut slots = self.slots();
        if slots.taken.len() >= self.limit {
            let longest = slots
                .taken
                .iter()
                .filter(|(_, slot)| slot.state.load(Ordering::Acquire) == WAITING)
                .min_by_key(|(id, slot)| (slot.waiting_since.load(Ordering::Relaxed), **id))
                .map(|(id, _)| *id)?;
            let slot = slots.taken.get(&longest)?;
            // A request may have begun in this slot since the state was read. In that case the new connection gets no slot.
            slot.state
                .compare_exchange(WAITING, EVICTED, Ordering::AcqRel, Ordering::Acquire)
                .ok()?;
            slot.evicted.notify_one();
            slots.taken.remove(&longest);
        }
        let id = slots.next;
        slots.next = slots.next.wrapping_add(1);
        let slot = Arc::new(Slot {
            state: AtomicU8::new(WAITING),
            waiting_since: AtomicU64::new(self.now()),
            evicted: Notify::new(),
        });
        slots.taken.insert(id, Arc::clone(&slot));
        Some(SlotGuard {
            id,
            slot,
            slots: Arc::clone(self),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// No operation leaves the map half changed, so a panic elsewhere does not make it invalid.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock()
    }
}

/// A slot in use. Dropping this value frees the slot.
#[derive(Debug)]
pub(super) struct SlotGuard {
    id: u64,
    slot: Arc<Slot>,
    slots: Arc<ConnectionSlots>,
}

impl SlotGuard {
    /// From now on the connection waits for the rest of a request, or for the next one.
    pub(super) fn wait_from_now(&self) {
        self.slot
            .waiting_since
            .store(self.slots.now(), Ordering::Relaxed);
    }

    /// Completes when another connection has got this slot.
    pub(super) async fn evicted(&self) {
        self.slot.evicted.notified().await;
    }

    /// From now on no other connection can get the slot. False if another connection has just got the slot.
    pub(super) fn start_work(&self) -> bool {
        self.slot
            .state
            .compare_exchange(WAITING, WORKING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The answer is ready. Another connection can get the slot again.
    pub(super) fn end_work(&self) {
        self.wait_from_now();
        self.slot.state.store(WAITING, Ordering::Release);
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        self.slots.slots().taken.remove(&self.id);
    }
}

/// Waiting for the rest of a request, or for the next one.
const WAITING: u8 = 0;
/// The router is handling a request.
const WORKING: u8 = 1;
/// Another connection has got the slot.
const EVICTED: u8 = 2;
