//! ESC/POS as a printer receives it: one decoder for real-time requests, one for commands in order.

use super::escpos::{
    CLEAR_TAIL, DC4, DLE, ENQ, EOT, ESC, EscposCommand, FS, GS, LF, RealTime, align_of, pulse_of,
    size_of, symbol_of,
};
use super::escpos_raster::Raster;

/// Finds real-time requests in all bytes, those of images included, as printers do.
#[derive(Clone, Debug, Default)]
pub struct RealTimeDecoder {
    received: Vec<u8>,
}

impl RealTimeDecoder {
    /// Takes one byte; returns the request that it completes.
    pub fn push(&mut self, byte: u8) -> Option<RealTime> {
        self.received.push(byte);
        loop {
            match request(&self.received) {
                Found::More => return None,
                Found::All(request) => {
                    self.received.clear();
                    return Some(request);
                }
                Found::Nothing => {
                    // A request may still begin later.
                    self.received.remove(0);
                    if self.received.is_empty() {
                        return None;
                    }
                }
            }
        }
    }

    /// Discards an incomplete request.
    pub fn clear(&mut self) {
        self.received.clear();
    }
}

enum Found {
    All(RealTime),
    More,
    Nothing,
}

fn request(bytes: &[u8]) -> Found {
    match bytes {
        [DLE] | [DLE, EOT | ENQ | DC4] | [DLE, DC4, 1] | [DLE, DC4, 1, 0 | 1 | b'0' | b'1'] => {
            Found::More
        }
        [DLE, EOT, which @ 1..=4] => Found::All(RealTime::Status(*which)),
        [DLE, ENQ, how @ 1..=2] => Found::All(RealTime::Recover(*how)),
        [DLE, DC4, 1, pin, time] => RealTime::pulse(*pin, *time).map_or(Found::Nothing, Found::All),
        [DLE, DC4, 8, tail @ ..] if tail == CLEAR_TAIL => Found::All(RealTime::Clear),
        [DLE, DC4, 8, tail @ ..] if CLEAR_TAIL.starts_with(tail) => Found::More,
        _ => Found::Nothing,
    }
}

/// Reads commands in order. A real-time request between two commands was executed on receipt and is skipped.
#[derive(Clone, Debug, Default)]
pub struct EscposDecoder {
    pending: Vec<u8>,
}

/// The largest number of bytes of one command; a longer command is treated as noise.
pub const COMMAND_BYTES_MAX: usize = 1 << 20;
/// The largest number of bytes of a command without a length: the data of a barcode have at most 255.
const UNMEASURED_BYTES_MAX: usize = 512;

impl EscposDecoder {
    /// Takes bytes; returns the commands that are complete now. Text may come in pieces.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<EscposCommand> {
        let mut commands = Vec::new();
        let mut text = Vec::new();
        for byte in bytes {
            if self.pending.is_empty() && *byte >= b' ' {
                text.push(*byte);
                continue;
            }
            if !text.is_empty() {
                commands.push(EscposCommand::Text(std::mem::take(&mut text)));
            }
            self.pending.push(*byte);
            let Some(length) = length(&self.pending) else {
                // A barcode that never ends is noise.
                if self.pending.len() > UNMEASURED_BYTES_MAX {
                    commands.push(EscposCommand::Other(std::mem::take(&mut self.pending)));
                }
                continue;
            };
            if length > COMMAND_BYTES_MAX {
                commands.push(EscposCommand::Other(std::mem::take(&mut self.pending)));
            } else if self.pending.len() >= length {
                let command = command(std::mem::take(&mut self.pending));
                commands.extend(command);
            }
        }
        if !text.is_empty() {
            commands.push(EscposCommand::Text(text));
        }
        commands
    }

    /// Discards an incomplete command.
    pub fn clear(&mut self) {
        self.pending.clear();
    }
}

/// The length of the command that begins here, as soon as the received bytes show it.
fn length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [DLE, rest @ ..] => real_time_length(rest),
        [ESC, rest @ ..] => escape_length(rest),
        [FS, rest @ ..] => match rest {
            [b'!' | b'-' | b'W' | b'C', ..] => Some(3),
            [b'S' | b'p', ..] => Some(4),
            [b'(', ..] => counted(bytes),
            [] => None,
            _ => Some(2),
        },
        [GS, rest @ ..] => group_length(bytes, rest),
        _ => Some(1),
    }
}

fn real_time_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [] | [DC4] => None,
        [EOT | ENQ, ..] => Some(3),
        [DC4, 1 | 2, ..] => Some(5),
        [DC4, 3, ..] => Some(8),
        [DC4, 7, ..] => Some(4),
        [DC4, 8, ..] => Some(10),
        [DC4, ..] => Some(3),
        _ => Some(1),
    }
}

fn escape_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [] => None,
        [
            b't' | b'a' | b'E' | b'-' | b'!' | b'd' | b'J' | b'M' | b'3' | b'G' | b'r' | b'R'
            | b'{' | b'V' | b'U' | b'e' | b' ' | b'=' | b'T' | b'u',
            ..,
        ] => Some(3),
        [b'c' | b'$' | b'\\', ..] => Some(4),
        [b'p', ..] => Some(5),
        [b'W', ..] => Some(10),
        [b'(', _, low, high, ..] => Some(word(*low, *high).saturating_add(5)),
        [b'(' | b'*', ..] if rest.len() < 4 => None,
        [b'*', mode, low, high, ..] => {
            let per_column = if matches!(mode, 32 | 33) { 3 } else { 1 };
            Some(
                word(*low, *high)
                    .saturating_mul(per_column)
                    .saturating_add(5),
            )
        }
        [b'D', tabs @ ..] => tabs
            .iter()
            .position(|tab| *tab == 0)
            .map(|place| place.saturating_add(3))
            .or_else(|| (tabs.len() > 32).then_some(2)),
        _ => Some(2),
    }
}

fn group_length(bytes: &[u8], rest: &[u8]) -> Option<usize> {
    match rest {
        [] | [b'V'] | [b'k'] => None,
        [
            b'!' | b'B' | b'H' | b'f' | b'h' | b'w' | b'a' | b'r' | b'I' | b'b' | b'T' | b'/',
            ..,
        ] => Some(3),
        [b'L' | b'W' | b'P' | b'$' | b'\\', ..] => Some(4),
        [b'V', b'A' | b'B' | b'a' | b'b' | b'g' | b'h', ..] => Some(4),
        [b'V', ..] => Some(3),
        [b'(', ..] => counted(bytes),
        [b'v', b'0', _, x_low, x_high, y_low, y_high, ..] => Some(
            word(*x_low, *x_high)
                .saturating_mul(word(*y_low, *y_high))
                .saturating_add(8),
        ),
        [b'v', ..] if rest.len() < 7 => None,
        [b'8', b'L', a, b, c, d, ..] => usize::try_from(u32::from_le_bytes([*a, *b, *c, *d]))
            .ok()
            .map(|count| count.saturating_add(7)),
        [b'8', ..] if rest.len() < 6 => None,
        [b'k', 0..=6, data @ ..] => data
            .iter()
            .position(|byte| *byte == 0)
            .map(|place| place.saturating_add(4)),
        [b'k', 65..=79, count, ..] => Some(usize::from(*count).saturating_add(4)),
        [b'k', 65..=79] => None,
        [b'k', _, ..] => Some(3),
        _ => Some(2),
    }
}

/// The length of a command such as `GS ( H pL pH …`, in which two bytes after the three bytes of its name contain the number of
/// the remaining bytes.
fn counted(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, _, _, low, high, ..] => Some(word(*low, *high).saturating_add(5)),
        _ => None,
    }
}

fn word(low: u8, high: u8) -> usize {
    usize::from(u16::from_le_bytes([low, high]))
}

/// The meaning of a complete command; `None` for a real-time request, which was executed on receipt.
fn command(bytes: Vec<u8>) -> Option<EscposCommand> {
    let known = match bytes.as_slice() {
        [DLE, EOT | ENQ | DC4, ..] => return None,
        [LF] => Some(EscposCommand::LineFeed),
        [ESC, b'@'] => Some(EscposCommand::Initialize),
        [FS, b'.'] => Some(EscposCommand::SingleBytes),
        [ESC, b't', number] => Some(EscposCommand::CodePage(*number)),
        [ESC, b'a', number] => Some(EscposCommand::Align(align_of(*number))),
        [ESC, b'E', on] => Some(EscposCommand::Bold(on & 1 == 1)),
        [ESC, b'-', on] => Some(EscposCommand::Underline(on & 3 != 0)),
        [ESC, b'd', lines] => Some(EscposCommand::Feed(*lines)),
        [ESC, b'p', pin, on, off] => pulse_of(*pin, *on, *off),
        [GS, b'!', size] => Some(size_of(*size)),
        [GS, b'V', b'A' | b'a', feed] => Some(EscposCommand::Cut {
            full: true,
            feed: *feed,
        }),
        [GS, b'V', b'B' | b'b', feed] => Some(EscposCommand::Cut {
            full: false,
            feed: *feed,
        }),
        [GS, b'V', kind] => Some(EscposCommand::Cut {
            full: matches!(kind, 0 | b'0'),
            feed: 0,
        }),
        [GS, b'r', which] => Some(EscposCommand::TellStatus(*which)),
        [GS, b'I', which] => Some(EscposCommand::TellIdentity(*which)),
        [GS, b'a', what] => Some(EscposCommand::TellUnasked(*what)),
        [GS, b'(', b'H', _, _, b'0', b'0', a, b, c, d] => {
            Some(EscposCommand::TellProcessed([*a, *b, *c, *d]))
        }
        [GS, b'(', b'k', _, _, body @ ..] => symbol_of(body),
        [GS, b'v', b'0', _, x_low, x_high, _, _, data @ ..] => {
            Raster::of(word(*x_low, *x_high), data).map(EscposCommand::Image)
        }
        _ => None,
    };
    Some(known.unwrap_or(EscposCommand::Other(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::escpos::{Align, Pin, QrLevel, qr};

    fn everything() -> Vec<EscposCommand> {
        let mut raster = Raster::new(20, 3).unwrap();
        raster.set(3, 1);
        let mut commands = vec![
            EscposCommand::Initialize,
            EscposCommand::SingleBytes,
            EscposCommand::CodePage(16),
            EscposCommand::Text(b"Abc \xE0".to_vec()),
            EscposCommand::LineFeed,
            EscposCommand::Align(Align::Right),
            EscposCommand::Bold(true),
            EscposCommand::Underline(true),
            EscposCommand::Size {
                width: 2,
                height: 3,
            },
            EscposCommand::Feed(16),
            EscposCommand::Cut {
                full: false,
                feed: 0,
            },
            EscposCommand::Pulse {
                pin: Pin::Five,
                on: 25,
                off: 250,
            },
            EscposCommand::TellStatus(1),
            EscposCommand::TellIdentity(67),
            EscposCommand::TellUnasked(0),
            EscposCommand::TellProcessed(*b"~ 01"),
            EscposCommand::Image(raster),
        ];
        commands.extend(qr("https://example.md/r/1?x=ă", 6, QrLevel::Q));
        commands
    }

    #[test]
    fn an_image_wider_than_any_head_is_read_as_it_is() {
        // Fuzzing found this case: the image was written again with another width.
        let mut bytes = vec![GS, b'v', b'0', 0, 8, 1, 2, 0];
        bytes.extend([0x55; 264 * 2]);
        let commands = EscposDecoder::default().feed(&bytes);
        assert_eq!(commands.len(), 1);
        assert_eq!(commands[0].emit(), bytes);
    }

    #[test]
    fn a_barcode_that_never_ends_is_discarded() {
        let mut decoder = EscposDecoder::default();
        let mut bytes = vec![GS, b'k', 2];
        bytes.extend([b'1'; 600]);
        bytes.push(LF);
        let commands = decoder.feed(&bytes);
        assert!(matches!(commands[0], EscposCommand::Other(_)));
        assert_eq!(commands.last(), Some(&EscposCommand::LineFeed));
    }

    #[test]
    fn what_is_emitted_is_read_again_in_any_pieces() {
        let mut bytes = Vec::new();
        for command in everything() {
            command.emit_into(&mut bytes);
            // Between two commands a real-time request is skipped.
            bytes.extend(RealTime::Status(4).emit());
        }
        let mut whole = EscposDecoder::default();
        assert_eq!(whole.feed(&bytes), everything());
        for size in 2..9 {
            let mut pieces = EscposDecoder::default();
            let read: Vec<EscposCommand> = bytes
                .chunks(size)
                .flat_map(|chunk| pieces.feed(chunk))
                .filter(|command| !matches!(command, EscposCommand::Text(_)))
                .collect();
            let expected: Vec<EscposCommand> = everything()
                .into_iter()
                .filter(|command| !matches!(command, EscposCommand::Text(_)))
                .collect();
            assert_eq!(read, expected, "{size}");
        }
    }

    #[test]
    fn real_time_requests_are_found_everywhere() {
        let mut requests = RealTimeDecoder::default();
        let mut bytes = vec![GS, b'v', b'0', 0, 4, 0, 1, 0, DLE, DLE, EOT, 1];
        bytes.extend(RealTime::Clear.emit());
        bytes.extend([DLE, DC4, 1, 0, 9, DLE, DC4, 8, 1, DLE, ENQ, 2]);
        let received: Vec<RealTime> = bytes
            .iter()
            .filter_map(|byte| requests.push(*byte))
            .collect();
        assert_eq!(
            received,
            [RealTime::Status(1), RealTime::Clear, RealTime::Recover(2)]
        );
    }

    #[test]
    fn noise_ends() {
        let mut state = 11_u64;
        let mut decoder = EscposDecoder::default();
        let mut requests = RealTimeDecoder::default();
        for _ in 0..200_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let byte = u8::try_from(state & 0xFF).unwrap();
            requests.push(byte);
            decoder.feed(&[byte]);
            assert!(decoder.pending.len() <= COMMAND_BYTES_MAX);
        }
    }
}
