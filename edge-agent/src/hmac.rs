//! Signatures of the FiscalCloud API and of requests to the authority: HMAC-SHA256 as hexadecimal text.

use ::hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 over the parts, in lower-case hexadecimal digits.
#[must_use]
pub fn signature_of(secret: &[u8], parts: &[&[u8]]) -> String {
    let mut hmac = match Hmac::<Sha256>::new_from_slice(secret) {
        Ok(hmac) => hmac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    for part in parts {
        hmac.update(part);
    }
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let mut text = String::with_capacity(64);
    for byte in hmac.finalize().into_bytes() {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
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
