//! The index of a write-ahead log, which the connections of one process share, and its locks.

use std::collections::HashMap;

/// How many locks SQLite uses in its shared memory.
const SLOTS: usize = 8;

/// The shared memory of one database file.
#[derive(Debug, Default)]
pub(crate) struct SharedMemory {
    /// Each region is a block of its own, so that its address stays.
    regions: Vec<Box<[u64]>>,
    /// What each handle holds: none, shared or exclusive, slot by slot.
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
    /// The address of a region, which is made if `extend` is true.
    pub(crate) fn region(&mut self, index: usize, size: usize, extend: bool) -> Option<*mut u8> {
        while self.regions.len() <= index {
            if !extend {
                return None;
            }
            // 64-bit words, so that the block is aligned for any type.
            self.regions
                .push(vec![0; size.div_ceil(8)].into_boxed_slice());
        }
        self.regions
            .get_mut(index)
            .map(|region| region.as_mut_ptr().cast())
    }

    /// Takes locks; false where a lock of another handle forbids it.
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

    /// Releases locks.
    pub(crate) fn unlock(&mut self, handle: u64, first: usize, count: usize) {
        if let Some(own) = self.held.get_mut(&handle) {
            own[first..(first + count).min(SLOTS)].fill(Hold::None);
        }
    }

    /// Removes a handle. True if it was the last one.
    pub(crate) fn leave(&mut self, handle: u64) -> bool {
        self.held.remove(&handle);
        self.held.is_empty()
    }

    /// Adds a handle.
    pub(crate) fn enter(&mut self, handle: u64) {
        self.held.entry(handle).or_default();
    }
}
