//! Random numbers that a seed repeats.

/// Random numbers: the same seed gives the same ones (splitmix64).
#[derive(Clone, Debug)]
pub struct SeededRandom(u64);

impl SeededRandom {
    /// The random numbers that follow from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next random number, from all 64-bit values.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next random number below a limit; 0 if the limit is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let number = usize::try_from(self.number() >> 1).unwrap_or(0);
        number.checked_rem(limit).unwrap_or(0)
    }

    /// True or false, each equally often.
    pub fn coin(&mut self) -> bool {
        self.number() & 1 == 1
    }
}
