//! The bytes of ZFP's frames; the frames are described in [`super::zfp`].

/// The device found the frame damaged.
pub const NACK: u8 = 0x15;

/// The fault of the bytes of a frame.
pub(super) enum Wrong {
    /// The bytes are no frame, or would be none.
    Shape,
    /// LEN is not the number of bytes.
    Length,
    /// The checksum is wrong.
    Checksum,
    /// There are too many data.
    TooMuchData,
}

/// What a receiver finds in the stream of bytes.
pub(super) enum Found {
    /// A frame whose length and checksum are correct.
    Frame(Vec<u8>),
    /// [`NACK`].
    Nack,
    /// [`RETRY`], or the answer to [`PING`] of a device that executes a command.
    Busy,
    /// The answer to [`PING`] of a device that is ready.
    Ready,
    /// [`PING`], [`ALIVE`], or the letter after [`GS`].
    Ping(u8),
    /// Bytes that begin like a frame and are not one.
    Damaged,
}

/// The byte that begins a command and the answer to a question.
pub const STX: u8 = 0x02;
/// The byte that begins an acknowledgement.
pub const ACK: u8 = 0x06;
/// The byte that ends a frame.
pub const ETX: u8 = 0x0A;
/// Begins a question of two bytes, outside any frame; the second byte is [`INFORMATION`] or [`MODEL`].
pub const GS: u8 = 0x1D;
/// After [`GS`]: asks for the numbers of lines, departments, payment types and others.
pub const INFORMATION: u8 = b'I';
/// After [`GS`]: asks for the model. The maker's protocol writes the letter `M` and the number 77h, which is `w`.
pub const MODEL: u8 = b'M';
/// The device is busy with the former command.
pub const RETRY: u8 = 0x0E;
/// Asks whether the device is switched on; it answers with the same byte.
pub const ALIVE: u8 = 0x04;
/// Asks whether the device is ready; it answers with 40h plus [`BUSY`], [`NO_PAPER`] and other bits.
pub const PING: u8 = 0x09;
/// The answer to [`PING`] of a device that is ready.
pub const READY: u8 = 0x40;
/// The bit of the answer to [`PING`] for a device that executes a command.
pub const BUSY: u8 = 0x01;
/// The bit of the answer to [`PING`] for a device without paper.
pub const NO_PAPER: u8 = 0x02;
/// The number of the command in the content of an acknowledgement, which names none.
pub const ACKNOWLEDGED: u8 = 0x00;
/// The digits of an acknowledgement without an error.
pub const DONE: [u8; 2] = [0x30, 0x30];

/// The number that is added to LEN.
const LEN_OFFSET: usize = 0x20;
/// The number of bytes that LEN counts beside the data: LEN, NBL, CMD.
const COUNTED: usize = 3;

/// The bytes of a command, or of the answer to a question.
pub(super) fn emit(seq: u8, command: u8, data: &[u8], data_max: usize) -> Result<Vec<u8>, Wrong> {
    if data.len() > data_max {
        return Err(Wrong::TooMuchData);
    }
    // A control byte inside a frame would end or begin one.
    if data.iter().any(u8::is_ascii_control) {
        return Err(Wrong::Shape);
    }
    let len = data
        .len()
        .checked_add(COUNTED)
        .and_then(|count| count.checked_add(LEN_OFFSET))
        .and_then(|len| u8::try_from(len).ok())
        .ok_or(Wrong::TooMuchData)?;
    let mut frame = vec![STX, len, seq, command];
    frame.extend_from_slice(data);
    Ok(closed(frame))
}

/// The bytes of an acknowledgement with these two digits.
pub(super) fn acknowledge(seq: u8, digits: &[u8]) -> Result<Vec<u8>, Wrong> {
    let [device, command] = digits else {
        return Err(Wrong::Shape);
    };
    Ok(closed(vec![ACK, seq, *device, *command]))
}

fn closed(mut frame: Vec<u8>) -> Vec<u8> {
    let sum = checksum(frame.get(1..).unwrap_or_default());
    frame.extend_from_slice(&sum);
    frame.push(ETX);
    frame
}

/// The content of a frame.
pub(super) enum Content<'a> {
    /// A command, or the answer to a question.
    Message {
        /// The number of the message.
        seq: u8,
        /// The number of the command.
        command: u8,
        /// The data.
        data: &'a [u8],
    },
    /// An acknowledgement.
    Acknowledgement {
        /// The number of the message that is acknowledged.
        seq: u8,
        /// The digits of its errors.
        digits: [u8; 2],
    },
}

/// Checks a frame and returns its content.
pub(super) fn parse(frame: &[u8]) -> Result<Content<'_>, Wrong> {
    let (begin, inner) = match frame {
        [begin @ (STX | ACK), inner @ .., ETX] => (*begin, inner),
        _ => return Err(Wrong::Shape),
    };
    let (summed, sum) = inner.split_last_chunk::<2>().ok_or(Wrong::Shape)?;
    let content = match (begin, summed) {
        (ACK, [seq, device, command]) => Content::Acknowledgement {
            seq: *seq,
            digits: [*device, *command],
        },
        (STX, [len, seq, command, data @ ..]) => {
            if usize::from(*len).checked_sub(LEN_OFFSET) != Some(summed.len()) {
                return Err(Wrong::Length);
            }
            Content::Message {
                seq: *seq,
                command: *command,
                data,
            }
        }
        _ => return Err(Wrong::Shape),
    };
    if *sum != checksum(summed) {
        return Err(Wrong::Checksum);
    }
    Ok(content)
}

/// Takes one byte into the incomplete `frame`; returns what it completes. A frame of more than `frame_max` bytes is noise.
pub(super) fn push(frame: &mut Vec<u8>, byte: u8, frame_max: usize) -> Option<Found> {
    if matches!(byte, STX | ACK) {
        // Neither byte can occur inside a frame, so the incomplete frame is lost.
        frame.clear();
        frame.push(byte);
        return None;
    }
    if frame.is_empty() {
        return match byte {
            NACK => Some(Found::Nack),
            RETRY => Some(Found::Busy),
            PING | ALIVE => Some(Found::Ping(byte)),
            GS => {
                frame.push(byte);
                None
            }
            // The other bits are the paper, the printing head and the customer's display.
            READY..=0x4F if byte & BUSY == 0 => Some(Found::Ready),
            READY..=0x4F => Some(Found::Busy),
            _ => None,
        };
    }
    if frame.as_slice() == [GS] {
        frame.clear();
        return match byte {
            INFORMATION | MODEL => Some(Found::Ping(byte)),
            other => push(frame, other, frame_max),
        };
    }
    if (byte < 0x20 && byte != ETX) || frame.len() >= frame_max {
        frame.clear();
        return Some(Found::Damaged);
    }
    frame.push(byte);
    if byte != ETX {
        return None;
    }
    let whole = core::mem::take(frame);
    Some(match parse(&whole) {
        Ok(_) => Found::Frame(whole),
        Err(_) => Found::Damaged,
    })
}

/// The exclusive or of the bytes as two bytes of 30h plus one nibble each, high first.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum ^ byte);
    [sum >> 4, sum & 0x0F].map(|nibble| nibble | 0x30)
}
