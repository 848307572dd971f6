//! A port that plays a transcript ([`super::tracer`]): the port returns the device's bytes at the recorded times and checks every
//! byte that the host sends.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Port, PortOpener};

/// A transcript that is played. Clones play the same transcript.
#[derive(Clone, Debug)]
pub struct Replay(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    left: VecDeque<(usize, Entry)>,
    unread: Vec<u8>,
    now: u64,
    /// The first difference from the transcript.
    differs: Option<String>,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Opened,
    Sent(Vec<u8>),
    Heard(Vec<u8>),
    Passed(u64),
    Lost,
}

impl Replay {
    /// Reads a transcript.
    ///
    /// # Errors
    ///
    /// The error names the line that cannot be read.
    pub fn of(transcript: &str) -> Result<Self, String> {
        let mut left = VecDeque::new();
        for (number, line) in (1..).zip(transcript.lines()) {
            let entry = parse(line).ok_or_else(|| format!("line {number}: {line}"))?;
            left.extend(entry.map(|entry| (number, entry)));
        }
        Ok(Self(Arc::new(Mutex::new(State {
            left,
            unread: Vec::new(),
            now: 0,
            differs: None,
        }))))
    }

    /// Checks that everything was played and that the host sent the recorded bytes.
    ///
    /// # Errors
    ///
    /// The error names the first difference, or the line that was not played.
    pub fn finish(&self) -> Result<(), String> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&state.differs, state.left.front()) {
            (Some(differs), _) => Err(differs.clone()),
            (None, Some((line, entry))) => Err(format!("line {line} was not played: {entry:02X?}")),
            (None, None) => Ok(()),
        }
    }

    fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn parse(line: &str) -> Option<Option<Entry>> {
    let (mark, rest) = line.split_at_checked(1).unwrap_or((line, ""));
    Some(match mark {
        "" | "#" | "%" | "=" => None,
        "*" => Some(Entry::Opened),
        ">" => Some(Entry::Sent(bytes(rest)?)),
        "<" => Some(Entry::Heard(bytes(rest)?)),
        "~" => Some(Entry::Passed(rest.trim().parse().ok()?)),
        "!" => Some(Entry::Lost),
        _ => return None,
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    text.split_whitespace()
        .map(|digits| u8::from_str_radix(digits, 16).ok())
        .collect()
}

impl State {
    fn differs(&mut self, what: &str) -> io::Error {
        let place = match self.left.front() {
            Some((line, entry)) => format!("line {line}: {what} instead of {entry:02X?}"),
            None => format!("after the end: {what}"),
        };
        self.differs.get_or_insert(place.clone());
        io::Error::new(io::ErrorKind::InvalidData, place)
    }

    /// Lets the recorded time pass before the next entry.
    fn skip_time(&mut self) {
        while let Some((_, Entry::Passed(ms))) = self.left.front() {
            self.now = self.now.saturating_add(*ms);
            self.left.pop_front();
        }
    }

    fn next_is(&mut self, wanted: &Entry) -> bool {
        let fits = self.left.front().is_some_and(|(_, entry)| entry == wanted);
        if fits {
            self.left.pop_front();
        }
        fits
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.skip_time();
        if !self.next_is(&Entry::Sent(bytes.to_vec())) {
            let sent = format!("> {}", super::tracer::hexadecimal(bytes));
            return Err(self.differs(&sent));
        }
        if self.next_is(&Entry::Lost) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        let until = self.now.saturating_add(timeout_ms);
        if self.unread.is_empty() {
            while let Some((_, Entry::Passed(ms))) = self.left.front_mut() {
                let patience = until.saturating_sub(self.now);
                if *ms > patience {
                    *ms = ms.saturating_sub(patience);
                    self.now = until;
                    return Ok(0);
                }
                self.now = self.now.saturating_add(*ms);
                self.left.pop_front();
            }
            match self.left.front() {
                Some((_, Entry::Heard(bytes))) => {
                    self.unread.clone_from(bytes);
                    self.left.pop_front();
                }
                Some((_, Entry::Lost)) => {
                    self.left.pop_front();
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                _ => {
                    self.now = until;
                    return Ok(0);
                }
            }
        }
        let count = buffer.len().min(self.unread.len());
        for (place, byte) in buffer.iter_mut().zip(self.unread.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

impl PortOpener for Replay {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        self.with(|state| {
            state.skip_time();
            state.unread.clear();
            if state.next_is(&Entry::Lost) {
                return Err(io::ErrorKind::NotFound.into());
            }
            if state.next_is(&Entry::Opened) {
                return Ok(());
            }
            Err(state.differs("the port was opened"))
        })?;
        Ok(Box::new(ReplayPort(self.clone())))
    }

    fn address(&self) -> String {
        "transcript".to_owned()
    }
}

struct ReplayPort(Replay);

impl Port for ReplayPort {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.with(|state| state.write(bytes))
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.0.with(|state| state.read(buffer, timeout_ms))
    }

    fn now(&self) -> u64 {
        self.0.with(|state| state.now)
    }
}
