//! A port that records what passes through another port, so that people can read it and [`super::replay`] can play it.
//!
//! A transcript is text, one entry per line:
//!
//! ```text
//! * open
//! > 01 24 20 4A 05 30 30 39 33 03      to the device
//! = 20 4A ""                           the content of that frame: SEQ CMD "data"
//! ~ 12                                 milliseconds pass
//! < 01 31 20 4A …                      from the device, as it was read
//! = 20 4A "ЂЂЂЂ†љ" 80 80 80 80 86 9A   … and the status
//! ! broken pipe                        the line was lost
//! ```
//!
//! Lines that begin with `#` are for people, those that begin with `%` for the program that plays it.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Port, PortOpener};
use crate::wire::codepage;
use crate::wire::decoder::{Decoder, Token};
use crate::wire::framing::{Answer, Framing, Request};

/// Writes a transcript of a port.
#[derive(Debug)]
pub struct Tracer<P, W> {
    port: P,
    transcript: W,
    framing: Option<Framing>,
    /// The decoder that assembles the device's frames.
    decoder: Option<Decoder>,
    noted_at: u64,
}

impl<P: Port, W: Write + Send> Tracer<P, W> {
    /// Wraps a port.
    pub fn new(port: P, transcript: W) -> Self {
        let noted_at = port.now();
        Self {
            port,
            transcript,
            framing: None,
            decoder: None,
            noted_at,
        }
    }

    /// Writes the content of each frame of this kind below it.
    #[must_use]
    pub fn with_frames(mut self, framing: Framing) -> Self {
        self.framing = Some(framing);
        self.decoder = Some(Decoder::new(framing));
        self
    }

    fn note(&mut self, direction: char, text: &str) -> io::Result<()> {
        let now = self.port.now();
        let passed = now.saturating_sub(self.noted_at);
        self.noted_at = now;
        if passed > 0 {
            writeln!(self.transcript, "~ {passed}")?;
        }
        writeln!(self.transcript, "{direction} {text}")
    }

    fn note_error<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.note('!', &error.to_string())?;
        }
        result
    }
}

impl<P: Port, W: Write + Send> Port for Tracer<P, W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.note('>', &hexadecimal(bytes))?;
        if let Some(request) = self
            .framing
            .and_then(|framing| Request::parse(&framing, bytes).ok())
        {
            let said = meaning(request.seq, request.command, &request.data, &[]);
            writeln!(self.transcript, "{said}")?;
        }
        let sent = self.port.write_all(bytes);
        self.note_error(sent)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        let read = self.port.read(buffer, timeout_ms);
        let count = self.note_error(read)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(0);
        }
        self.note('<', &hexadecimal(bytes))?;
        if let (Some(framing), Some(decoder)) = (&self.framing, &mut self.decoder) {
            for token in bytes.iter().filter_map(|byte| decoder.push(*byte)) {
                let said = match token {
                    Token::Frame(frame) => match Answer::parse(framing, &frame) {
                        Ok(answer) => {
                            let status = answer.status.bytes();
                            meaning(answer.seq, answer.command, &answer.data, status)
                        }
                        Err(_) => "# no answer".to_owned(),
                    },
                    Token::Nak => "# NAK".to_owned(),
                    Token::Syn => "# SYN".to_owned(),
                    Token::Ready => "# ready".to_owned(),
                    Token::Ping(_) => "# ping".to_owned(),
                    Token::Damaged => "# damaged".to_owned(),
                };
                writeln!(self.transcript, "{said}")?;
            }
        }
        Ok(count)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

/// Opens ports that are traced into one transcript.
pub struct TracerOpener<O> {
    opener: O,
    framing: Option<Framing>,
    transcript: Transcript,
}

impl<O: PortOpener> TracerOpener<O> {
    /// Wraps an opener; frames of this kind are explained.
    pub fn new(opener: O, framing: Option<Framing>, transcript: Transcript) -> Self {
        Self {
            opener,
            framing,
            transcript,
        }
    }
}

impl<O: PortOpener> PortOpener for TracerOpener<O> {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        match self.opener.open() {
            Ok(port) => {
                self.transcript.say("* open");
                let tracer = Tracer::new(port, self.transcript.clone());
                Ok(match self.framing {
                    Some(framing) => Box::new(tracer.with_frames(framing)),
                    None => Box::new(tracer),
                })
            }
            Err(error) => {
                self.transcript.say(&format!("! {error}"));
                Err(error)
            }
        }
    }

    fn address(&self) -> String {
        self.opener.address()
    }

    fn ways(&self) -> usize {
        self.opener.ways()
    }

    fn answered(&mut self) {
        self.opener.answered();
    }

    fn pass(&mut self) {
        self.opener.pass();
    }
}

/// A transcript in memory that several ports and their owner share.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<Vec<u8>>>);

impl Transcript {
    /// Adds a line to the transcript.
    pub fn say(&self, line: &str) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }

    /// The transcript since the last call; it begins anew.
    #[must_use]
    pub fn take(&self) -> String {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *bytes)).into_owned()
    }

    /// The transcript so far.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Transcript {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes as hexadecimal text: `01 24 20`.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(" ")
}

/// The content of a frame as text: `= 20 4A "data" 80 80 80 80 86 9A`; a TAB is `\t`, another control byte `\xNN`.
fn meaning(seq: u8, command: u8, data: &[u8], status: &[u8]) -> String {
    let mut line = format!("= {seq:02X} {command:02X} \"");
    for letter in codepage::decode(data).chars() {
        match letter {
            '\t' => line.push_str("\\t"),
            control if control.is_control() => {
                // Writing into a String cannot fail.
                let _ = write!(line, "\\x{:02X}", u32::from(control));
            }
            plain => line.push(plain),
        }
    }
    line.push('"');
    if !status.is_empty() {
        line.push(' ');
        line.push_str(&hexadecimal(status));
    }
    line
}
