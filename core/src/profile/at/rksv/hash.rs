//! The SHA-256 hash of text that is written to the hasher, so that hashing needs no buffer (Anlage Z 2: suite R1).

use core::fmt::{self, Write};

use sha2::{Digest, Sha256};

#[derive(Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Write for Hasher {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

/// The first bytes of a hash.
pub(super) fn front<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut front = [0; N];
    for (byte, hashed) in front.iter_mut().zip(hash) {
        *byte = *hashed;
    }
    front
}
