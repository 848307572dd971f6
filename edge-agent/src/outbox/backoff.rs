//! How long to wait before the next attempt: the wait doubles, has random jitter, and never exceeds a limit.
//!
//! Pure: the seed of the jitter is an argument. A test gets the same waits every time, and tills with different seeds do not all retry at the same moment.

/// A wait that doubles with every failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait in milliseconds.
    pub first_ms: u64,
    /// The longest wait in milliseconds, jitter included.
    pub longest_ms: u64,
    /// Makes the waits of this till differ from those of other tills.
    pub seed: u64,
}

impl Backoff {
    /// Waits from a quarter of a second up to [`LONGEST_MS`].
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            first_ms: 250,
            longest_ms: LONGEST_MS,
            seed,
        }
    }

    /// The same waits with another upper limit in milliseconds.
    #[must_use]
    pub const fn up_to(self, longest_ms: u64) -> Self {
        Self { longest_ms, ..self }
    }

    /// The wait in milliseconds after `failures` failures in a row, counted from one. Zero if there was no failure.
    ///
    /// The result is between half of the doubled wait and all of it.
    /// If the server's `Retry-After` is longer, the wait is that long instead, but never longer than the limit:
    /// a server that asks for a pause of a day may be able to answer again after a minute.
    #[must_use]
    pub fn wait_ms(&self, failures: u32, retry_after_ms: Option<u64>) -> u64 {
        if failures == 0 {
            return 0;
        }
        let doubled = 1_u64
            .checked_shl(failures.saturating_sub(1))
            .and_then(|factor| self.first_ms.checked_mul(factor))
            .unwrap_or(u64::MAX)
            .min(self.longest_ms);
        let half = doubled / 2;
        let room = doubled.saturating_sub(half).saturating_add(1);
        let jitter = mix(self.seed ^ u64::from(failures))
            .checked_rem(room)
            .unwrap_or_default();
        half.saturating_add(jitter)
            .max(retry_after_ms.unwrap_or(0))
            .min(self.longest_ms)
    }
}

/// The longest wait between two attempts. [`RETURN_MS_MAX`](super::reachability::RETURN_MS_MAX) relies on an attempt every ten seconds.
pub const LONGEST_MS: u64 = 10_000;

/// The finaliser of SplitMix64: spreads neighbouring inputs over all of u64.
const fn mix(input: u64) -> u64 {
    let mut mixed = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Backoff, LONGEST_MS};

    #[test]
    fn a_wait_lies_between_half_of_the_doubled_wait_and_all_of_it() {
        for (failures, low, high) in [
            (0, 0, 0),
            (1, 125, 250),
            (2, 250, 500),
            (3, 500, 1_000),
            (6, 4_000, 8_000),
            (7, 5_000, LONGEST_MS),
            (64, 5_000, LONGEST_MS),
            (65, 5_000, LONGEST_MS),
            (u32::MAX, 5_000, LONGEST_MS),
        ] {
            for seed in 0..50 {
                let wait = Backoff::new(seed).wait_ms(failures, None);
                assert!(
                    (low..=high).contains(&wait),
                    "seed {seed}, {failures} failures: {wait}"
                );
                assert_eq!(wait, Backoff::new(seed).wait_ms(failures, None));
            }
        }
    }

    #[test]
    fn tills_with_different_seeds_wait_for_different_times() {
        let mut waits: Vec<u64> = (0..20)
            .map(|seed| Backoff::new(seed).wait_ms(7, None))
            .collect();
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 15, "{waits:?}");
    }

    #[test]
    fn retry_after_is_obeyed_up_to_the_limit() {
        let backoff = Backoff::new(1);
        assert_eq!(backoff.wait_ms(1, Some(4_000)), 4_000);
        assert_eq!(backoff.wait_ms(1, Some(86_400_000)), LONGEST_MS);
        assert!(backoff.wait_ms(7, Some(1)) >= 5_000);
        assert_eq!(backoff.up_to(1_000).wait_ms(9, Some(4_000)), 1_000);
    }
}
