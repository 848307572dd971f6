//! ESC/POS, what the printer sends: status bytes, blocks, and reports that were not asked for.
//!
//! An answer does not name its question; its fixed bits show its kind (`docs/protocols/escpos.md`).

use super::escpos::{DLE, EOT};

/// A printer's condition in its four real-time status bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EscposStatus {
    /// Whether pin 3 of the drawer's connector is high. The meaning depends on the drawer's wiring.
    pub drawer_pin_high: bool,
    /// Whether the printer prints nothing now.
    pub offline: bool,
    /// Whether the feed button is pressed.
    pub feed_button: bool,
    /// Whether the cover is open.
    pub cover_open: bool,
    /// Whether the roll is near its end.
    pub paper_low: bool,
    /// Whether there is no paper.
    pub paper_out: bool,
    /// Whether the knife is stuck.
    pub cutter_error: bool,
    /// Whether there is an error that remains until the printer is switched off.
    pub fatal_error: bool,
    /// Whether there is an error that ends by itself, such as a hot head.
    pub passing_error: bool,
    /// Whether there is an error that the operator can end.
    pub other_error: bool,
}

/// The fixed bits of every real-time status byte: 1 and 4.
const FIXED: u8 = 0x12;
/// The number of real-time status bytes.
pub const STATUS_BYTES: usize = 4;

impl EscposStatus {
    /// Reads the answers to DLE EOT 1 to 4.
    #[must_use]
    pub fn of([printer, offline, error, paper]: [u8; STATUS_BYTES]) -> Self {
        let has = |byte: u8, bits: u8| byte & bits != 0;
        Self {
            drawer_pin_high: has(printer, 0x04),
            offline: has(printer, 0x08),
            feed_button: has(printer, 0x40) || has(offline, 0x08),
            cover_open: has(offline, 0x04),
            paper_low: has(paper, 0x0C),
            paper_out: has(paper, 0x60) || has(offline, 0x20),
            cutter_error: has(error, 0x08),
            fatal_error: has(error, 0x20),
            passing_error: has(error, 0x40),
            other_error: has(error, ERROR_RECOVERABLE),
        }
    }

    /// The answer to DLE EOT `which`.
    #[must_use]
    pub fn byte(self, which: u8) -> Option<u8> {
        let bit = |on: bool, bits: u8| if on { bits } else { 0 };
        let bits = match which {
            1 => bit(self.drawer_pin_high, 0x04) | bit(self.offline, 0x08),
            2 => {
                bit(self.cover_open, ERROR_RECOVERABLE)
                    | bit(self.feed_button, 0x08)
                    | bit(self.paper_out, 0x20)
                    | bit(self.is_error(), 0x40)
            }
            3 => {
                bit(self.other_error, ERROR_RECOVERABLE)
                    | bit(self.cutter_error, 0x08)
                    | bit(self.fatal_error, 0x20)
                    | bit(self.passing_error, 0x40)
            }
            // The printer reports a roll that is at its end also as near its end.
            EOT => bit(self.paper_low || self.paper_out, 0x0C) | bit(self.paper_out, 0x60),
            _ => return None,
        };
        Some(FIXED | bits)
    }

    /// The answer to GS r: 1 the paper, 2 the drawer.
    #[must_use]
    pub fn transmitted(self, which: u8) -> Option<u8> {
        let bit = |on: bool, bits: u8| if on { bits } else { 0 };
        match which {
            1 | b'1' => {
                Some(bit(self.paper_low || self.paper_out, 0x03) | bit(self.paper_out, 0x0C))
            }
            2 | b'2' => Some(bit(self.drawer_pin_high, 0x01)),
            _ => None,
        }
    }

    /// Whether the status reports an error.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.cutter_error || self.fatal_error || self.passing_error || self.other_error
    }
}

const ERROR_RECOVERABLE: u8 = 0x04;

/// An answer or a report that a printer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EscposAnswer {
    /// A real-time status byte.
    Status(u8),
    /// The byte of GS r, or of GS I with a small number.
    Told(u8),
    /// A block: its header byte, and the bytes before the NUL that ends the block.
    Block(u8, Vec<u8>),
    /// Four bytes that were not asked for (ASB).
    Unasked([u8; 4]),
}

/// The header of the answers of `GS ( H` and of clearing.
pub const BLOCK_PROCESSED: u8 = 0x37;
/// The header of the answers of GS I.
pub const BLOCK_IDENTITY: u8 = 0x5F;
const BLOCK_LONG: u8 = 0x3D;
/// The byte between the header and the id of `GS ( H`.
const PROCESSED: u8 = 0x22;
/// The byte after the header when the buffers are cleared.
const CLEARED: u8 = 0x25;
/// The length of the longest block that is assembled, in bytes.
const BLOCK_BYTES_MAX: usize = 256;

impl EscposAnswer {
    /// The id of a `GS ( H` that was processed.
    #[must_use]
    pub fn processed(&self) -> Option<[u8; 4]> {
        match self {
            Self::Block(BLOCK_PROCESSED, body) => match body.as_slice() {
                [PROCESSED, id @ ..] => id.try_into().ok(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text of a GS I block.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        match self {
            Self::Block(BLOCK_IDENTITY, body) => Some(
                body.iter()
                    .filter(|byte| (b' '..=b'~').contains(*byte))
                    .map(|byte| char::from(*byte))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The bytes of the answer that everything before the `GS ( H` with this id is processed.
    #[must_use]
    pub fn emit_processed(id: [u8; 4]) -> Vec<u8> {
        let mut bytes = vec![BLOCK_PROCESSED, PROCESSED];
        bytes.extend(id);
        bytes.push(0);
        bytes
    }

    /// The bytes of the answer that everything received was discarded.
    #[must_use]
    pub fn emit_cleared() -> Vec<u8> {
        vec![BLOCK_PROCESSED, CLEARED, 0]
    }

    /// The bytes of the answer with a part of the printer's identity.
    #[must_use]
    pub fn emit_identity(text: &str) -> Vec<u8> {
        let mut bytes = vec![BLOCK_IDENTITY];
        bytes.extend(text.bytes().filter(|byte| (b' '..=b'~').contains(byte)));
        bytes.push(0);
        bytes
    }
}

/// Assembles the answers of a printer from its bytes.
#[derive(Clone, Debug, Default)]
pub struct AnswerDecoder {
    block: Option<(u8, Vec<u8>)>,
    unasked: Vec<u8>,
}

impl AnswerDecoder {
    /// Takes one byte; returns the answer that it completes.
    pub fn push(&mut self, byte: u8) -> Option<EscposAnswer> {
        if let Some((header, mut body)) = self.block.take() {
            if byte == 0 {
                return Some(EscposAnswer::Block(header, body));
            }
            if byte < b' ' {
                // The byte is not a letter of a block: it is a status byte in between, or noise.
                self.block = Some((header, body));
                return is_status(byte).then_some(EscposAnswer::Status(byte));
            }
            body.push(byte);
            if body.len() <= BLOCK_BYTES_MAX {
                self.block = Some((header, body));
            }
            return None;
        }
        if !self.unasked.is_empty() {
            if byte & DLE == 0 {
                self.unasked.push(byte);
                if let Ok(bytes) = <[u8; 4]>::try_from(self.unasked.as_slice()) {
                    self.unasked.clear();
                    return Some(EscposAnswer::Unasked(bytes));
                }
                return None;
            }
            self.unasked.clear();
        }
        match byte {
            BLOCK_PROCESSED | BLOCK_IDENTITY | BLOCK_LONG => {
                self.block = Some((byte, Vec::new()));
                None
            }
            _ if is_status(byte) => Some(EscposAnswer::Status(byte)),
            _ if byte & 0x93 == DLE => {
                self.unasked.push(byte);
                None
            }
            _ if byte & 0x90 == 0 => Some(EscposAnswer::Told(byte)),
            // These bytes are XON, XOFF or noise.
            _ => None,
        }
    }

    /// The memory that the decoder uses now in bytes, including the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let block = self.block.as_ref().map_or(0, |(_, body)| body.capacity());
        size_of::<Self>()
            .saturating_add(block)
            .saturating_add(self.unasked.capacity())
    }

    /// Discards an incomplete answer.
    pub fn clear(&mut self) {
        self.block = None;
        self.unasked.clear();
    }
}

fn is_status(byte: u8) -> bool {
    byte & 0x93 == FIXED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<EscposAnswer> {
        let mut decoder = AnswerDecoder::default();
        bytes
            .iter()
            .filter_map(|byte| decoder.push(*byte))
            .collect()
    }

    #[test]
    fn the_bytes_that_were_observed() {
        // These status bytes are from an independent emulator: idle, pulse sent, no paper, cover open, roll near its end.
        let idle = EscposStatus::default();
        assert_eq!(EscposStatus::of([0x12; 4]), idle);
        let pulsed = EscposStatus {
            drawer_pin_high: true,
            ..idle
        };
        assert_eq!(pulsed.byte(1), Some(0x16));
        let no_paper = EscposStatus {
            paper_out: true,
            offline: true,
            ..idle
        };
        assert_eq!(
            [1, 2, 3, 4].map(|which| no_paper.byte(which)),
            [Some(0x1A), Some(0x32), Some(0x12), Some(0x7E)]
        );
        let seen = EscposStatus::of([0x1E, 0x32, 0x12, 0x7E]);
        assert!(seen.paper_out && seen.offline && seen.drawer_pin_high && !seen.cover_open);
        let cover = EscposStatus::of([0x1A, 0x16, 0x12, 0x12]);
        assert!(cover.cover_open && cover.offline && !cover.is_error());
        assert!(EscposStatus::of([0x12, 0x12, 0x12, 0x1E]).paper_low);
        assert_eq!(idle.byte(5), None);
    }

    #[test]
    fn kinds_of_answers_are_recognised_also_when_they_interleave() {
        assert_eq!(
            read(&[0x12, 0x37, 0x22, b'a', 0x16, b'b', b'c', b'd', 0x00, 0x0C]),
            [
                EscposAnswer::Status(0x12),
                EscposAnswer::Status(0x16),
                EscposAnswer::Block(BLOCK_PROCESSED, b"\x22abcd".to_vec()),
                EscposAnswer::Told(0x0C),
            ]
        );
        assert_eq!(
            read(&[0x14, 0x00, 0x00, 0x00, 0x11, 0x13, 0x1A]),
            [
                EscposAnswer::Unasked([0x14, 0, 0, 0]),
                EscposAnswer::Status(0x1A)
            ]
        );
    }

    #[test]
    fn blocks_are_read_as_written() {
        let processed = read(&EscposAnswer::emit_processed(*b" ~7_"));
        assert_eq!(processed[0].processed(), Some(*b" ~7_"));
        let identity = read(&EscposAnswer::emit_identity("TM-T20"));
        assert_eq!(identity[0].identity().as_deref(), Some("TM-T20"));
    }
}
