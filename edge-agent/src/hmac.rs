//! Signatures of the FiscalCloud API and of requests to the authority: HMAC-SHA256 as hexadecimal text.

use ::hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret as HMAC uses it: hashed into the state in which each signature begins. It is overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    /// The key of a secret.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        match Hmac::new_from_slice(secret) {
            Ok(hmac) => Self(hmac),
            Err(_) => unreachable!("HMAC takes keys of any length"),
        }
    }

    /// HMAC-SHA256 over the parts, in lower-case hexadecimal digits.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> Signature {
        let mut hmac = self.0.clone();
        for part in parts {
            hmac.update(part);
        }
        let mut text = [0; 64];
        let mut digits = text.iter_mut();
        for byte in hmac.finalize().into_bytes() {
            for half in [byte >> 4, byte & 0x0f] {
                if let Some(digit) = digits.next() {
                    *digit = if half < 10 { b'0' } else { b'a' - 10 }.wrapping_add(half);
                }
            }
        }
        text
    }
}

/// A signature as text: hexadecimal digits.
pub type Signature = [u8; 64];

/// HMAC-SHA256 over the parts, in lower-case hexadecimal digits.
#[must_use]
pub fn signature_of(secret: &[u8], parts: &[&[u8]]) -> String {
    HmacKey::of(secret)
        .sign(parts)
        .map(char::from)
        .iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::signature_of;

    /// Test vectors of the FiscalCloud documentation.
    #[test]
    fn the_vectors_of_fiscalcloud_hold() {
        let secret = b"w6IcKa2UsJe63gqwTuaidvQOZclmaJvlyXHOwgDplU5K3hZWGCUSmVj1rI5n8xU5";
        let device = "0875b8a5-0668-41a3-a3fa-8eeccf66d289";
        for (device, method, path, body, expected) in [
            (
                device,
                "GET",
                "/api/v1/cashoperations?StartIndex=30",
                "",
                "a31f7a3a3e7f69b6ed485ca705d528bd95471bf2abd968080119cf3136045065",
            ),
            (
                device,
                "POST",
                "/api/v1/operations/closeday",
                "{}",
                "bbfe0ca3f31609edc15071cd8f11585a537f7c077e97d04474633c90aba60a3a",
            ),
            (
                "",
                "GET",
                "/api/v1/devices",
                "",
                "411f1c9e2628aaffdcf94dcbf6073a34cf84c54b9f0e1b2b428fe33218584cc2",
            ),
        ] {
            let head = format!("{device}1685536200000{method}{path}");
            assert_eq!(
                signature_of(secret, &[head.as_bytes(), body.as_bytes()]),
                expected,
                "{path}"
            );
        }
    }
}
