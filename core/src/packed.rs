//! The lists inside events. There is no allocator, so a list is one borrowed byte slice with an iterator over it.

use core::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// A list of postcard-encoded items in a borrowed slice.
#[derive(Debug, Serialize, Deserialize)]
pub struct Packed<'a, T> {
    count: u16,
    #[serde(borrow)]
    bytes: &'a [u8],
    #[serde(skip)]
    items: PhantomData<fn() -> T>,
}

impl<T> Clone for Packed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Packed<'_, T> {}

impl<T> PartialEq for Packed<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.bytes == other.bytes
    }
}

impl<T> Eq for Packed<'_, T> {}

impl<'a, T: Serialize + Deserialize<'a>> Packed<'a, T> {
    /// The empty list.
    pub const EMPTY: Self = Self {
        count: 0,
        bytes: &[],
        items: PhantomData,
    };

    /// Packs items into the front of `room` and returns the list and the rest of `room`.
    pub(crate) fn pack(
        room: &'a mut [u8],
        items: impl Iterator<Item = Result<T, Refusal>>,
    ) -> Result<(Self, &'a mut [u8]), Refusal> {
        let mut used: usize = 0;
        let mut count: u16 = 0;
        for item in items {
            let rest = room.get_mut(used..).ok_or(Refusal::ScratchTooSmall)?;
            let length = postcard::to_slice(&item?, rest)
                .map_err(|_| Refusal::ScratchTooSmall)?
                .len();
            used = used.checked_add(length).ok_or(Refusal::ScratchTooSmall)?;
            count = count.checked_add(1).ok_or(Refusal::ScratchTooSmall)?;
        }
        let (packed, rest) = room
            .split_at_mut_checked(used)
            .ok_or(Refusal::ScratchTooSmall)?;
        Ok((
            Self {
                count,
                bytes: packed,
                items: PhantomData,
            },
            rest,
        ))
    }

    /// The number of items in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether the list has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The items in order. The list ends at bytes that do not decode. The journal's hash chain shows that the bytes of a stored
    /// list are unchanged, so they decode.
    #[must_use]
    pub fn iter(&self) -> Items<'a, T> {
        Items {
            left: self.count,
            bytes: self.bytes,
            items: PhantomData,
        }
    }
}

/// An iterator over a [`Packed`] list.
#[derive(Debug)]
pub struct Items<'a, T> {
    left: u16,
    bytes: &'a [u8],
    items: PhantomData<fn() -> T>,
}

impl<'a, T: Deserialize<'a>> Iterator for Items<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let (item, rest) = postcard::take_from_bytes(self.bytes).ok()?;
        self.bytes = rest;
        Some(item)
    }
}
