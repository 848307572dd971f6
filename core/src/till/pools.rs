//! Which fiscal numbers the till may use: those that the authority granted to the device's present number.
//!
//! The authority grants fiscal numbers to the number under which it knows the device. A device whose number changes keeps the rest
//! of the granted numbers apart, and uses them only if it gets its earlier number again.

use serde::{Deserialize, Serialize};

use super::digest::short_digest;
use crate::numbers::{FiscalNumbers, Span};

/// The fiscal numbers of a device, one pool for each of its numbers towards the authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pools {
    current: Pool,
    /// The pools of earlier numbers of the device, in the order in which they were left.
    former: heapless::Vec<Pool, FORMER_MAX>,
    /// The ordinal of the pool that was begun last.
    begun: u32,
}

/// How many pools of earlier numbers are kept. A pool that is dropped is never used again: if the device gets that number once more, it
/// begins a new pool, whose ordinal is a new one.
const FORMER_MAX: usize = 3;

/// The fiscal numbers that were granted to one number of the device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pool {
    /// `None` before the journal names the device: what was granted until then belongs to the first number that it names.
    holder: Option<Holder>,
    /// Counts the pools of the till from 0.
    ordinal: u32,
    numbers: FiscalNumbers,
}

/// A number of the device towards the authority, as a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Holder(u64);

impl Pools {
    /// The authority knows the device by this number from now on.
    pub(super) fn identify(&mut self, fiscal_number: &str) {
        let holder = Some(Holder(short_digest(fiscal_number.bytes())));
        if self.current.holder.is_none() || self.current.holder == holder {
            self.current.holder = holder;
            return;
        }
        let known = self.former.iter().position(|pool| pool.holder == holder);
        let next = match known {
            Some(place) => self.former.remove(place),
            None => {
                self.begun = self.begun.saturating_add(1);
                Pool {
                    holder,
                    ordinal: self.begun,
                    numbers: FiscalNumbers::default(),
                }
            }
        };
        let left = core::mem::replace(&mut self.current, next);
        if self.former.is_full() {
            self.former.remove(0);
        }
        // There is room for it now.
        self.former.push(left).unwrap_or(());
    }

    /// The numbers that were granted to the present number of the device.
    pub(super) const fn numbers(&self) -> &FiscalNumbers {
        &self.current.numbers
    }

    /// The ordinal of the present pool.
    pub(super) const fn ordinal(&self) -> u32 {
        self.current.ordinal
    }

    /// Takes a grant that was checked.
    pub(super) fn take_grant(&mut self, grant: &[Span]) {
        self.current.numbers.take_grant(grant);
    }

    /// A document has this number. Builds before the pools used numbers of the former pools too: such a number is taken out of its pool,
    /// so that it is not used a second time.
    pub(super) fn take(&mut self, number: u64) {
        if self.current.numbers.take(number) {
            return;
        }
        for pool in &mut self.former {
            if pool.numbers.take(number) {
                return;
            }
        }
    }
}
