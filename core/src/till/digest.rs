//! Short digests of names, so that the till can compare names of any length in a state of a bounded size.

/// The digest of some bytes: FNV-1a with 64 bits. Two names of one shop have practically never the same digest.
pub(super) fn short_digest(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
