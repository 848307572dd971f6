//! ESC/POS, what the host sends: commands in order, and real-time requests that a printer executes on receipt.
//!
//! Source: Epson's ESC/POS command reference; see `docs/protocols/escpos.md`.
//! A command that is processed in order is an [`EscposCommand`]; one that is executed at once is a [`RealTime`] request.
//!
//! **A printer looks for real-time requests in every byte that it receives**, also inside images and lengths. Therefore an
//! [`EscposCommand`] that is emitted here never contains `10 04`, `10 05` or `10 14`: pulse times are changed by 2 ms, QR data
//! are limited, and images change one dot ([`super::escpos_raster`]).

pub use super::escpos_control::{DC4, DLE, ENQ, EOT, ESC, FS, GS, LF};
use super::escpos_raster::Raster;

/// The largest number of bytes of one QR code: a longer length could look like a real-time request.
pub const QR_BYTES_MAX: usize = 1_000;

/// The alignment of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// The line is at the left edge.
    #[default]
    Left,
    /// The line is in the middle.
    Centre,
    /// The line is at the right edge.
    Right,
}

/// The error correction of a QR code: how much of it may be damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QrLevel {
    /// 7 % of the code may be damaged.
    L,
    /// 15 % of the code may be damaged.
    #[default]
    M,
    /// 25 % of the code may be damaged.
    Q,
    /// 30 % of the code may be damaged.
    H,
}

/// The pin of the connector that opens a drawer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pin {
    /// Pin 2, the usual one.
    #[default]
    Two,
    /// Pin 5, the second drawer.
    Five,
}

impl Pin {
    const fn number(self) -> u8 {
        match self {
            Self::Two => 0,
            Self::Five => 1,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        match number {
            0 | b'0' => Some(Self::Two),
            1 | b'1' => Some(Self::Five),
            _ => None,
        }
    }
}

/// A command that is processed in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EscposCommand {
    /// Printable bytes in the code page in force.
    Text(Vec<u8>),
    /// `0A`: prints the line.
    LineFeed,
    /// `1B 40`: sets everything as after switching on; the unprinted line is discarded.
    Initialize,
    /// `1C 2E`: switches Asian double bytes off. Without this command, printers sold in Asia read two high bytes as one letter.
    SingleBytes,
    /// `1B 74 n`: selects the code page with the printer's own number.
    CodePage(u8),
    /// `1B 61 n`: sets the alignment.
    Align(Align),
    /// `1B 45 n`: switches bold letters on or off.
    Bold(bool),
    /// `1B 2D n`: switches the underline on or off.
    Underline(bool),
    /// `1D 21 n`: sets the size of letters: times as wide and as high, 1 to 8.
    Size {
        /// The multiple of the usual width.
        width: u8,
        /// The multiple of the usual height.
        height: u8,
    },
    /// `1B 64 n`: prints the line and feeds this number of lines.
    Feed(u8),
    /// `1D 56 42 n`: feeds to the knife and `n` dots more, and cuts with a bridge; `1D 56 41 n` cuts completely.
    Cut {
        /// Whether the paper is cut without a bridge.
        full: bool,
        /// The number of dots that are fed after the knife.
        feed: u8,
    },
    /// `1B 70 m t1 t2`: sends the drawer's pulse, with times in units of 2 ms.
    Pulse {
        /// The pin of the drawer.
        pin: Pin,
        /// The time that the pulse is on, in units of 2 ms.
        on: u8,
        /// The shortest time that the pulse is off, in units of 2 ms; never less than `on`.
        off: u8,
    },
    /// `1D 72 n`: asks for the state of the paper (1) or the drawer (2); the printer answers when everything before the question
    /// is processed.
    TellStatus(u8),
    /// `1D 49 n`: asks for the printer's identity.
    TellIdentity(u8),
    /// `1D 28 48 06 00 30 30 d1 d2 d3 d4`: asks for an answer with these four bytes (20h to 7Eh) when everything before it is
    /// printed.
    TellProcessed([u8; 4]),
    /// `1D 61 n`: selects what the printer reports without being asked; 0 is nothing.
    TellUnasked(u8),
    /// `1D 28 6B 04 00 31 41 n 00`: selects the QR code's model, 31h or 32h.
    QrModel(u8),
    /// `1D 28 6B 03 00 31 43 n`: sets the width of one module of the QR code in dots.
    QrModule(u8),
    /// `1D 28 6B 03 00 31 45 n`: sets the error correction of the QR code.
    QrLevel(QrLevel),
    /// `1D 28 6B pL pH 31 50 30 …`: stores the data of the QR code.
    QrData(Vec<u8>),
    /// `1D 28 6B 03 00 31 51 30`: prints the QR code.
    QrPrint,
    /// `1D 76 30 m xL xH yL yH …`: prints an image.
    Image(Raster),
    /// Bytes of commands that this crate does not support; as far as we know they print nothing.
    Other(Vec<u8>),
}

/// A request that is executed when it is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RealTime {
    /// `10 04 n`: asks for one status byte, n 1 to 4.
    Status(u8),
    /// `10 05 n`: 1 continues after an error, 2 discards what was received and continues.
    Recover(u8),
    /// `10 14 01 m t`: sends the drawer's pulse, with the time in units of 100 ms, 1 to 8.
    Pulse {
        /// The pin of the drawer.
        pin: Pin,
        /// The length of the pulse in units of 100 ms.
        time: u8,
    },
    /// `10 14 08 01 03 14 01 06 02 08`: discards everything that was received.
    Clear,
}

/// The bytes that follow `10 14 08` in the request to discard.
pub(super) const CLEAR_TAIL: [u8; 7] = [0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08];

impl RealTime {
    /// The bytes of the request. They are sent between two commands, never inside one.
    #[must_use]
    pub fn emit(self) -> Vec<u8> {
        match self {
            Self::Status(which) => vec![DLE, EOT, which],
            Self::Recover(how) => vec![DLE, ENQ, how],
            Self::Pulse { pin, time } => vec![DLE, DC4, 1, pin.number(), time.clamp(1, 8)],
            Self::Clear => {
                let mut bytes = vec![DLE, DC4, 8];
                bytes.extend_from_slice(&CLEAR_TAIL);
                bytes
            }
        }
    }

    /// The request of a received `10 14 01 m t`.
    pub(super) fn pulse(pin: u8, time: u8) -> Option<Self> {
        let pin = Pin::of(pin)?;
        (1..=8).contains(&time).then_some(Self::Pulse { pin, time })
    }
}

impl EscposCommand {
    /// The code of the command in fault orders: the last byte of its name, such as `0x70` of ESC p; 20h for text.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Text(_) => b' ',
            Self::LineFeed => LF,
            Self::Initialize => b'@',
            Self::SingleBytes => b'.',
            Self::CodePage(_) => b't',
            Self::Align(_) => b'a',
            Self::Bold(_) => b'E',
            Self::Underline(_) => b'-',
            Self::Size { .. } => b'!',
            Self::Feed(_) => b'd',
            Self::Cut { .. } => b'V',
            Self::Pulse { .. } => b'p',
            Self::TellStatus(_) => b'r',
            Self::TellIdentity(_) => b'I',
            Self::TellProcessed(_) => b'H',
            Self::TellUnasked(_) => b'a',
            Self::QrModel(_)
            | Self::QrModule(_)
            | Self::QrLevel(_)
            | Self::QrData(_)
            | Self::QrPrint => b'k',
            Self::Image(_) => b'v',
            Self::Other(bytes) => bytes.get(1).or_else(|| bytes.first()).copied().unwrap_or(0),
        }
    }

    /// Appends the bytes of the command. Values out of range are limited, so that nothing looks like a real-time request.
    pub fn emit_into(&self, out: &mut Vec<u8>) {
        match self {
            // A control byte in text would be a command.
            Self::Text(bytes) => out.extend(
                bytes
                    .iter()
                    .map(|byte| if *byte < b' ' { b' ' } else { *byte }),
            ),
            Self::LineFeed => out.push(LF),
            Self::Initialize => out.extend([ESC, b'@']),
            Self::SingleBytes => out.extend([FS, b'.']),
            Self::CodePage(number) => out.extend([ESC, b't', *number]),
            Self::Align(align) => out.extend([ESC, b'a', align_number(*align)]),
            Self::Bold(on) => out.extend([ESC, b'E', u8::from(*on)]),
            Self::Underline(on) => out.extend([ESC, b'-', u8::from(*on)]),
            Self::Size { width, height } => out.extend([GS, b'!', size_byte(*width, *height)]),
            Self::Feed(lines) => out.extend([ESC, b'd', *lines]),
            Self::Cut { full, feed } => {
                out.extend([GS, b'V', if *full { b'A' } else { b'B' }, *feed]);
            }
            Self::Pulse { pin, on, off } => {
                let (on, off) = pulse_times(*on, *off);
                out.extend([ESC, b'p', pin.number(), on, off]);
            }
            Self::TellStatus(which) => out.extend([GS, b'r', *which]),
            Self::TellIdentity(which) => out.extend([GS, b'I', *which]),
            Self::TellProcessed(id) => {
                out.extend([GS, b'(', b'H', 6, 0, b'0', b'0']);
                out.extend(id.map(|byte| byte.clamp(b' ', b'~')));
            }
            Self::TellUnasked(what) => out.extend([GS, b'a', *what]),
            Self::QrModel(model) => symbol(out, b'A', &[*model, 0]),
            Self::QrModule(dots) => symbol(out, b'C', &[(*dots).clamp(1, 16)]),
            Self::QrLevel(level) => symbol(out, b'E', &[qr_level_number(*level)]),
            Self::QrData(data) => {
                // The addresses and numbers on receipts contain no control bytes, and DLE would be dangerous.
                let data: Vec<u8> = std::iter::once(b'0')
                    .chain(
                        data.iter()
                            .take(QR_BYTES_MAX)
                            .copied()
                            .filter(|byte| *byte >= b' '),
                    )
                    .collect();
                symbol(out, b'P', &data);
            }
            Self::QrPrint => symbol(out, b'Q', b"0"),
            Self::Image(raster) => raster.emit_into(out),
            Self::Other(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// The bytes of the command.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.emit_into(&mut out);
        out
    }
}

/// All commands that print a QR code.
#[must_use]
pub fn qr(data: &str, module_dots: u8, level: QrLevel) -> [EscposCommand; 5] {
    [
        EscposCommand::QrModel(b'2'),
        EscposCommand::QrModule(module_dots),
        EscposCommand::QrLevel(level),
        EscposCommand::QrData(data.as_bytes().to_vec()),
        EscposCommand::QrPrint,
    ]
}

/// Appends `1D 28 6B pL pH 31 fn …`, a function of QR codes.
fn symbol(out: &mut Vec<u8>, function: u8, data: &[u8]) {
    let length = u16::try_from(data.len().saturating_add(2)).unwrap_or(u16::MAX);
    out.extend([GS, b'(', b'k']);
    out.extend(length.to_le_bytes());
    out.extend([b'1', function]);
    out.extend_from_slice(data);
}

/// The times of a pulse, changed so that off is never shorter than on, and the two bytes never look like a real-time request.
fn pulse_times(on: u8, off: u8) -> (u8, u8) {
    let on = on.max(1);
    let off = off.max(on);
    if on == DLE && off == DC4 {
        (on.saturating_add(1), off)
    } else {
        (on, off)
    }
}

const fn align_number(align: Align) -> u8 {
    match align {
        Align::Left => 0,
        Align::Centre => 1,
        Align::Right => 2,
    }
}

const fn qr_level_number(level: QrLevel) -> u8 {
    match level {
        QrLevel::L => b'0',
        QrLevel::M => b'1',
        QrLevel::Q => b'2',
        QrLevel::H => b'3',
    }
}

/// The size as a byte: the width's multiple in the high half, the height's multiple in the low half, both less 1.
fn size_byte(width: u8, height: u8) -> u8 {
    let part = |times: u8| times.clamp(1, 8).saturating_sub(1);
    (part(width) << 4) | part(height)
}

/// The command of a received `1D 21 n`.
pub(super) fn size_of(byte: u8) -> EscposCommand {
    EscposCommand::Size {
        width: ((byte >> 4) & 7).saturating_add(1),
        height: (byte & 7).saturating_add(1),
    }
}

/// The alignment of a received `1B 61 n`.
pub(super) const fn align_of(number: u8) -> Align {
    match number & 3 {
        1 => Align::Centre,
        2 => Align::Right,
        _ => Align::Left,
    }
}

/// The command of a received `1B 70 m t1 t2`.
pub(super) fn pulse_of(pin: u8, on: u8, off: u8) -> Option<EscposCommand> {
    Pin::of(pin).map(|pin| EscposCommand::Pulse { pin, on, off })
}

/// The command of a received `1D 28 6B`, of which `body` follows the length.
pub(super) fn symbol_of(body: &[u8]) -> Option<EscposCommand> {
    match body {
        [b'1', b'A', model, _] => Some(EscposCommand::QrModel(*model)),
        [b'1', b'C', dots] => Some(EscposCommand::QrModule(*dots)),
        [b'1', b'E', level] => Some(EscposCommand::QrLevel(match level {
            b'0' => QrLevel::L,
            b'1' => QrLevel::M,
            b'2' => QrLevel::Q,
            b'3' => QrLevel::H,
            _ => return None,
        })),
        [b'1', b'P', b'0', data @ ..] => Some(EscposCommand::QrData(data.to_vec())),
        [b'1', b'Q', b'0'] => Some(EscposCommand::QrPrint),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::tracer::hexadecimal;

    #[test]
    fn commands_have_the_bytes_of_the_reference() {
        for (command, bytes) in [
            (EscposCommand::Initialize, "1B 40"),
            (EscposCommand::SingleBytes, "1C 2E"),
            (EscposCommand::CodePage(46), "1B 74 2E"),
            (EscposCommand::Align(Align::Centre), "1B 61 01"),
            (EscposCommand::Bold(true), "1B 45 01"),
            (
                EscposCommand::Size {
                    width: 2,
                    height: 1,
                },
                "1D 21 10",
            ),
            (EscposCommand::Feed(3), "1B 64 03"),
            (
                EscposCommand::Cut {
                    full: false,
                    feed: 0,
                },
                "1D 56 42 00",
            ),
            (
                EscposCommand::Pulse {
                    pin: Pin::Two,
                    on: 0x19,
                    off: 0xFA,
                },
                "1B 70 00 19 FA",
            ),
            (EscposCommand::TellStatus(1), "1D 72 01"),
            (
                EscposCommand::TellProcessed(*b"abcd"),
                "1D 28 48 06 00 30 30 61 62 63 64",
            ),
            (EscposCommand::QrModel(b'2'), "1D 28 6B 04 00 31 41 32 00"),
            (EscposCommand::QrModule(6), "1D 28 6B 03 00 31 43 06"),
            (
                EscposCommand::QrLevel(QrLevel::H),
                "1D 28 6B 03 00 31 45 33",
            ),
            (
                EscposCommand::QrData(b"AB".to_vec()),
                "1D 28 6B 05 00 31 50 30 41 42",
            ),
            (EscposCommand::QrPrint, "1D 28 6B 03 00 31 51 30"),
        ] {
            assert_eq!(hexadecimal(&command.emit()), bytes, "{command:?}");
        }
        for (request, bytes) in [
            (RealTime::Status(4), "10 04 04"),
            (RealTime::Recover(2), "10 05 02"),
            (
                RealTime::Pulse {
                    pin: Pin::Five,
                    time: 2,
                },
                "10 14 01 01 02",
            ),
            (RealTime::Clear, "10 14 08 01 03 14 01 06 02 08"),
        ] {
            assert_eq!(hexadecimal(&request.emit()), bytes);
        }
    }

    #[test]
    fn no_command_contains_a_real_time_request() {
        let mut commands = vec![
            EscposCommand::Text((0..=255).collect()),
            EscposCommand::QrData(vec![DLE, EOT, DLE, DC4, b'x']),
        ];
        for first in 0..=u8::MAX {
            commands.push(EscposCommand::CodePage(first));
            commands.push(EscposCommand::Feed(first));
            for second in 0..=u8::MAX {
                commands.push(EscposCommand::Pulse {
                    pin: Pin::Two,
                    on: first,
                    off: second,
                });
            }
        }
        for length in 0..2_000 {
            commands.push(EscposCommand::QrData(vec![b'q'; length]));
        }
        for command in commands {
            let mut bytes = command.emit();
            // The line feed stands for the next command: no command and no text begins with 04, 05 or 14.
            bytes.push(LF);
            assert!(
                !bytes
                    .windows(2)
                    .any(|pair| pair[0] == DLE && [EOT, ENQ, DC4].contains(&pair[1])),
                "{command:?}"
            );
        }
    }
}
