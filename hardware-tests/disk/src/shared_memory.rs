//! The index of a write-ahead log, which the connections of one process share, and its locks.

use std::collections::HashMap;

/// How many locks SQLite uses in its shared memory.
const SLOTS: usize = 8;

/// The shared memory that belongs to one database file.
#[derive(Debug, Default)]
pub(crate) struct SharedMemory {
    /// The regions of the shared memory. Each region is a block of its own, so that its address never changes.
    regions: Vec<Box<[u64]>>,
    /// The locks by file handle: for each lock slot none, shared or exclusive.
    held: HashMap<u64, [Hold; SLOTS]>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hold {
    #[default]
    None,
    Shared,
    Exclusive,
}

impl SharedMemory {
    /// The address of a region of shared memory; a missing region is created if `extend` is true.
    pub(crate) fn region(&mut self, index: usize, size: usize, extend: bool) -> Option<*mut u8> {
        while self.regions.len() <= index {
            if !extend {
                return None;
            }
            // The block consists of 64-bit words, so that it is aligned for any type.
            self.regions
                .push(vec![0; size.div_ceil(8)].into_boxed_slice());
        }
        self.regions
            .get_mut(index)
            .map(|region| region.as_mut_ptr().cast())
    }

    /// Takes locks for a handle; false if a lock of another handle forbids it.
    pub(crate) fn lock(
        &mut self,
        handle: u64,
        first: usize,
        count: usize,
        exclusive: bool,
    ) -> bool {
        let slots = first..(first + count).min(SLOTS);
        let in_the_way = self.held.iter().any(|(other, held)| {
            *other != handle
                && held[slots.clone()].iter().any(|hold| match hold {
                    Hold::None => false,
                    Hold::Shared => exclusive,
                    Hold::Exclusive => true,
                })
        });
        if in_the_way {
            return false;
        }
        let wanted = if exclusive {
            Hold::Exclusive
        } else {
            Hold::Shared
        };
        let own = self.held.entry(handle).or_default();
        own[slots].fill(wanted);
        true
    }

    /// Releases locks of a handle.
    pub(crate) fn unlock(&mut self, handle: u64, first: usize, count: usize) {
        if let Some(own) = self.held.get_mut(&handle) {
            own[first..(first + count).min(SLOTS)].fill(Hold::None);
        }
    }

    /// Removes a handle from the shared memory. True if it was the last one.
    pub(crate) fn leave(&mut self, handle: u64) -> bool {
        self.held.remove(&handle);
        self.held.is_empty()
    }

    /// Adds a handle to the shared memory.
    pub(crate) fn enter(&mut self, handle: u64) {
        self.held.entry(handle).or_default();
    }
}
