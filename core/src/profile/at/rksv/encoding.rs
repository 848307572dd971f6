//! Bytes as text: Base64, Base64url and Base32, each in the variant that the code uses.

use core::fmt::{self, Write};

/// An alphabet of RFC 4648 with its padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoding {
    alphabet: &'static [u8],
    /// The value of each digit by its byte; [`NO_DIGIT`] for bytes that are none.
    values: &'static [u8; 256],
    bits: u32,
    /// The number of characters to which a group is padded with `=`; 1 without padding.
    group: usize,
}

const NO_DIGIT: u8 = u8::MAX;

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "runs in the compiler alone, which refuses what does not fit"
)]
const fn values(alphabet: &[u8]) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let (mut place, mut value) = (0_usize, 0_u8);
    while place < alphabet.len() {
        let (mut index, mut byte) = (0_usize, 0_u8);
        while byte != alphabet[place] {
            index += 1;
            byte += 1;
        }
        values[index] = value;
        place += 1;
        value += 1;
    }
    values
}

const STANDARD: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const THIRTY_TWO: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static STANDARD_VALUES: [u8; 256] = values(STANDARD);
static URL_VALUES: [u8; 256] = values(URL);
static THIRTY_TWO_VALUES: [u8; 256] = values(THIRTY_TWO);

/// The Base64 that is used inside the payload and in the QR text.
pub(super) const BASE64: Encoding = Encoding {
    alphabet: STANDARD,
    values: &STANDARD_VALUES,
    bits: 6,
    group: 4,
};

/// The Base64url that is used for the three parts of the compact form (RFC 7515). Its alphabet contains `_`, which separates
/// elements, so it is not used inside the payload.
pub(super) const BASE64URL: Encoding = Encoding {
    alphabet: URL,
    values: &URL_VALUES,
    bits: 6,
    group: 1,
};

/// The Base32 that is used in the OCR line (Anlage Z 14).
pub(super) const BASE32: Encoding = Encoding {
    alphabet: THIRTY_TWO,
    values: &THIRTY_TWO_VALUES,
    bits: 5,
    group: 8,
};

impl Encoding {
    /// Writes bytes as text.
    pub(super) fn write(self, bytes: &[u8], out: &mut dyn Write) -> fmt::Result {
        let mut encoder = Encoder::new(self, out);
        bytes.iter().try_for_each(|byte| encoder.byte(*byte))?;
        encoder.finish()
    }

    /// Reads text into the front of `room`; `None` for a text that [`Self::write`] never writes, or if `room` is too small.
    pub(super) fn read<'r>(self, text: &str, room: &'r mut [u8]) -> Option<&'r [u8]> {
        let digits = text.trim_end_matches('=');
        let padding = text.len().checked_sub(digits.len())?;
        let beyond = digits.len().checked_rem(self.group)?;
        let missing = if beyond == 0 {
            0
        } else {
            self.group.checked_sub(beyond)?
        };
        if padding != missing {
            return None;
        }
        let (mut held, mut bits, mut used) = (0_u32, 0_u32, 0_usize);
        for digit in digits.bytes() {
            let value = *self.values.get(usize::from(digit))?;
            if value == NO_DIGIT {
                return None;
            }
            held = held.checked_shl(self.bits)? | u32::from(value);
            bits = bits.checked_add(self.bits)?;
            if let Some(rest) = bits.checked_sub(8) {
                *room.get_mut(used)? = u8::try_from(held.checked_shr(rest)?).ok()?;
                used = used.checked_add(1)?;
                held &= mask(rest);
                bits = rest;
            }
        }
        // A whole digit left over, or bits that belong to no byte, are never written by `write`.
        if bits >= self.bits || held != 0 {
            return None;
        }
        room.get(..used)
    }
}

/// Encodes the text that is written to it, so that encoding and hashing need no buffer.
pub(super) struct Encoder<'w> {
    encoding: Encoding,
    out: &'w mut dyn Write,
    held: u32,
    bits: u32,
    written: usize,
    /// Digits that are not written yet: `out` is called for many at once.
    waiting: heapless::String<64>,
}

impl<'w> Encoder<'w> {
    pub(super) fn new(encoding: Encoding, out: &'w mut dyn Write) -> Self {
        Self {
            encoding,
            out,
            held: 0,
            bits: 0,
            written: 0,
            waiting: heapless::String::new(),
        }
    }

    fn byte(&mut self, byte: u8) -> fmt::Result {
        // At most seven bits are left from the byte before, so the buffer never has more than fifteen bits.
        self.held = self.held.wrapping_shl(8) | u32::from(byte);
        self.bits = self.bits.saturating_add(8);
        while let Some(rest) = self.bits.checked_sub(self.encoding.bits) {
            self.digit(self.held.wrapping_shr(rest))?;
            self.held &= mask(rest);
            self.bits = rest;
        }
        Ok(())
    }

    fn digit(&mut self, value: u32) -> fmt::Result {
        let place = usize::try_from(value).map_err(|_| fmt::Error)?;
        let letter = self.encoding.alphabet.get(place).ok_or(fmt::Error)?;
        self.letter(char::from(*letter))
    }

    fn letter(&mut self, letter: char) -> fmt::Result {
        self.written = self.written.wrapping_add(1);
        if self.waiting.len() == self.waiting.capacity() {
            self.out.write_str(&self.waiting)?;
            self.waiting.clear();
        }
        self.waiting.push(letter).map_err(|_| fmt::Error)
    }

    /// Writes the remaining bits and the padding.
    pub(super) fn finish(mut self) -> fmt::Result {
        if self.bits > 0 {
            let missing = self.encoding.bits.saturating_sub(self.bits);
            self.digit(self.held.wrapping_shl(missing))?;
        }
        while self.written.checked_rem(self.encoding.group) != Some(0) {
            self.letter('=')?;
        }
        self.out.write_str(&self.waiting)
    }
}

impl Write for Encoder<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().try_for_each(|byte| self.byte(byte))
    }
}

/// The lowest bits.
fn mask(bits: u32) -> u32 {
    1_u32.wrapping_shl(bits).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{BASE32, BASE64, BASE64URL, Encoding};

    fn check(encoding: Encoding, bytes: &[u8], text: &str) {
        let mut out = heapless::String::<64>::new();
        encoding.write(bytes, &mut out).unwrap();
        assert_eq!(out, text);
        assert_eq!(encoding.read(text, &mut [0; 32]), Some(bytes), "{text}");
    }

    #[test]
    fn examples_of_rfc_4648() {
        for (bytes, base64, base32) in [
            ("", "", ""),
            ("f", "Zg==", "MY======"),
            ("fo", "Zm8=", "MZXQ===="),
            ("foo", "Zm9v", "MZXW6==="),
            ("foob", "Zm9vYg==", "MZXW6YQ="),
            ("fooba", "Zm9vYmE=", "MZXW6YTB"),
            ("foobar", "Zm9vYmFy", "MZXW6YTBOI======"),
        ] {
            check(BASE64, bytes.as_bytes(), base64);
            check(BASE64URL, bytes.as_bytes(), base64.trim_end_matches('='));
            check(BASE32, bytes.as_bytes(), base32);
        }
        check(BASE64URL, &[0xFB, 0xFF], "-_8");
    }

    #[test]
    fn other_variants_are_refused() {
        for text in [
            "Zg", "Zg=", "Zg===", "Zh==", "Z", "Z===", "Zm9v====", "Zm9v\n", "=", "-_8=",
            "Zg==Zg==",
        ] {
            assert_eq!(BASE64.read(text, &mut [0; 8]), None, "{text}");
        }
        for text in ["Zg==", "Zh", "+/8", "Zm9vY", "A", "AAAAA"] {
            assert_eq!(BASE64URL.read(text, &mut [0; 8]), None, "{text}");
        }
        assert_eq!(BASE32.read("my======", &mut [0; 8]), None);
        assert_eq!(
            BASE64.read("Zm9vYg==", &mut [0; 3]),
            None,
            "the room is too small"
        );
    }
}
