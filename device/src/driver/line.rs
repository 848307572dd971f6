//! A session on a port: one blocking exchange at a time.

use super::option::HIDDEN;
use crate::fault::Fault;
use crate::port::{self, Port, PortOpener};
use crate::printer::Watch;
use crate::session::{Again, Ask, Session, SessionEvent, SessionFailure, Timing};
use crate::wire::codepage;
use crate::wire::framing::{Answer, Framing};

/// The host's end of a line to one device.
pub(super) struct Line {
    opener: Box<dyn PortOpener>,
    port: Option<Box<dyn Port>>,
    session: Session,
    /// Whether a device has answered since the start, so that the right speed is known.
    known: bool,
    /// The numbers of the commands whose second field is a password.
    with_password: Box<[u8]>,
}

/// The longest exchange of a command that prints a line or nothing, in milliseconds, busy answers included.
pub(super) const COMMAND_LIMIT_MS: u64 = 30_000;
/// The longest exchange of a report, in milliseconds: real printers took 20 to 40 s.
pub(super) const REPORT_LIMIT_MS: u64 = 180_000;
/// The number of attempts of a question at each speed of a search.
const SEARCH_ATTEMPTS: u8 = 2;
/// How many times the silence a printer that is busy has for the answer to a question that is asked once.
const ASKED_ONCE_BUSY: u64 = 3;
/// The largest number of reads while old bytes are discarded. A line that never becomes silent is noise, and the session handles
/// noise.
const DRAIN_READS_MAX: usize = 64;

impl Line {
    /// A line that is not open yet.
    pub(super) fn new(opener: Box<dyn PortOpener>, framing: Framing, first_seq: u8) -> Self {
        Self {
            opener,
            port: None,
            session: Session::new(framing, Timing::default(), first_seq),
            known: false,
            with_password: Box::default(),
        }
    }

    /// The second field of these commands is a password, which a trace must not show.
    pub(super) fn hide_passwords_of(&mut self, commands: &[u8]) {
        self.with_password = commands.into();
    }

    /// Whether the port is open, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.port.is_some()
    }

    /// The port's own time in milliseconds; `None` if it is not open.
    pub(super) fn now(&self) -> Option<u64> {
        self.port.as_ref().map(|port| port.now())
    }

    /// Closes the port.
    pub(super) fn close(&mut self) {
        self.port = None;
    }

    /// Opens the port unless it is open.
    fn open(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if self.port.is_none() {
            match self.opener.open() {
                Ok(port) => self.port = Some(port),
                Err(error) => {
                    watch.trace(&format!("! {}: {error}", self.opener.address()));
                    return Err(port::fault_of(&error));
                }
            }
        }
        Ok(())
    }

    /// The address of the line, with the speed that was found.
    pub(super) fn address(&self) -> String {
        self.opener.address()
    }

    /// Opens the port and makes contact, at each speed if the speed is searched for; the speed that works is tried first from
    /// then on. A port that stays silent is closed.
    pub(super) fn attach(
        &mut self,
        question: &(u8, Vec<u8>),
        watch: &mut dyn Watch,
    ) -> Result<Answer, Fault> {
        let patient = Timing::default().attempts_max;
        let ways = self.opener.ways();
        let mut fault = Fault::NoAnswer;
        for way in 0..ways.max(1) {
            self.open(watch)?;
            if ways > 1 && !(way == 0 && self.known) {
                self.session.set_attempts(SEARCH_ATTEMPTS);
            }
            let answer = self.handshake(question.clone(), watch);
            self.session.set_attempts(patient);
            match answer {
                Ok(answer) => {
                    self.known = true;
                    self.opener.answered();
                    return Ok(answer);
                }
                Err(silent) => {
                    fault = silent;
                    self.close();
                    self.opener.pass();
                }
            }
        }
        Err(fault)
    }

    /// Opens the port and asks a harmless question once. An answer to another command is one too.
    pub(super) fn ask_once(
        &mut self,
        question: (u8, Vec<u8>),
        silence_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Answer, Fault> {
        self.open(watch)?;
        self.session.set_attempts(1);
        self.session.set_silence(silence_ms);
        let (number, data) = question;
        let question = Ask {
            any_command: true,
            ..ask(number, data, silence_ms.saturating_mul(ASKED_ONCE_BUSY))
        };
        self.exchange(question, watch)
    }

    /// Asks a harmless question twice, with two consecutive sequence numbers.
    ///
    /// The sequence number of the first question may be the last one that the device has seen; in that case the device repeats an
    /// old answer. The second question has another number, so its answer is new.
    fn handshake(
        &mut self,
        question: (u8, Vec<u8>),
        watch: &mut dyn Watch,
    ) -> Result<Answer, Fault> {
        let (number, data) = question;
        let first = Ask {
            any_command: true,
            ..ask(number, data.clone(), COMMAND_LIMIT_MS)
        };
        self.exchange(first, watch)?;
        self.exchange(ask(number, data, COMMAND_LIMIT_MS), watch)
    }

    /// Sends a command that may be executed twice, such as a question, and waits for its answer, which may be a refusal.
    ///
    /// After a fault it is not known whether the command was executed, with one exception:
    /// [`Fault::JobNotPrintable`] means that its data do not fit a frame and nothing was sent.
    pub(super) fn ask(
        &mut self,
        number: u8,
        data: Vec<u8>,
        limit_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Answer, Fault> {
        self.exchange(ask(number, data, limit_ms), watch)
    }

    /// Sends a command that must not be executed twice, and waits for its answer. While it is in doubt whether the command was
    /// executed, this question is sent with the command's number instead of the command.
    pub(super) fn order(
        &mut self,
        number: u8,
        data: Vec<u8>,
        question: (u8, Vec<u8>),
        limit_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Answer, Fault> {
        let (asked, asked_data) = question;
        let order = Ask {
            again: Again::Ask(asked, asked_data),
            ..ask(number, data, limit_ms)
        };
        self.exchange(order, watch)
    }

    fn exchange(&mut self, ask: Ask, watch: &mut dyn Watch) -> Result<Answer, Fault> {
        if !watch.is_traced() {
            return self.converse(ask);
        }
        let sent = if self.with_password.contains(&ask.command) {
            describe(ask.command, &without_password(&ask.data))
        } else {
            describe(ask.command, &ask.data)
        };
        let result = self.converse(ask);
        match &result {
            Ok(answer) => watch.trace(&format!(
                "{sent} -> \"{}\" {:?}",
                readable(&answer.data),
                answer.status
            )),
            Err(fault) => watch.trace(&format!("{sent} -> {fault}")),
        }
        result
    }

    fn converse(&mut self, ask: Ask) -> Result<Answer, Fault> {
        let port = self.port.as_mut().ok_or(Fault::PortLost)?;
        let result = talk(port.as_mut(), &mut self.session, ask);
        if result == Err(Fault::PortLost) {
            self.port = None;
        }
        result
    }
}

fn ask(number: u8, data: Vec<u8>, limit_ms: u64) -> Ask {
    Ask {
        command: number,
        data,
        limit_ms,
        any_command: false,
        again: Again::Same,
    }
}

fn talk(port: &mut dyn Port, session: &mut Session, ask: Ask) -> Result<Answer, Fault> {
    let mut buffer = [0; 512];
    for _ in 0..DRAIN_READS_MAX {
        // Bytes that have already arrived belong to an older question.
        if port.read(&mut buffer, 0).map_err(|_| Fault::PortLost)? == 0 {
            break;
        }
    }
    session
        .start(ask, port.now())
        .map_err(|_| Fault::JobNotPrintable)?;
    loop {
        while let Some(bytes) = session.poll_transmit() {
            port.write_all(&bytes).map_err(|_| Fault::PortLost)?;
        }
        match session.poll_event() {
            Some(SessionEvent::Answered(answer)) => return Ok(answer),
            Some(SessionEvent::Failed(SessionFailure::Silent | SessionFailure::NotRemembered)) => {
                return Err(Fault::NoAnswer);
            }
            Some(SessionEvent::Failed(SessionFailure::Busy)) => return Err(Fault::Busy),
            Some(SessionEvent::Failed(SessionFailure::Noise)) => return Err(Fault::LineNoise),
            None => {}
        }
        let now = port.now();
        let wait = session
            .poll_timeout()
            .map_or(0, |deadline| deadline.saturating_sub(now));
        let count = port.read(&mut buffer, wait).map_err(|_| Fault::PortLost)?;
        let now = port.now();
        session.handle_bytes(buffer.get(..count).unwrap_or_default(), now);
        session.handle_timeout(now);
    }
}

/// The data of a command without its second field, the password.
fn without_password(data: &[u8]) -> Vec<u8> {
    let is_end = |byte: &u8| matches!(byte, b',' | b'\t' | b';');
    let mut without_password = Vec::with_capacity(data.len());
    for (place, field) in data.split_inclusive(is_end).enumerate() {
        match field.split_last() {
            Some((end, _)) if place == 1 && is_end(end) => {
                without_password.extend_from_slice(HIDDEN.as_bytes());
                without_password.push(*end);
            }
            Some(_) if place == 1 => without_password.extend_from_slice(HIDDEN.as_bytes()),
            _ => without_password.extend_from_slice(field),
        }
    }
    without_password
}

fn describe(number: u8, data: &[u8]) -> String {
    format!("{number:02X} \"{}\"", readable(data))
}

/// The data as readable text: control characters and status bytes as `\xNN`.
fn readable(data: &[u8]) -> String {
    if data.len() >= 6 && data.iter().all(|byte| *byte >= 0x80) {
        return crate::port::tracer::hexadecimal(data);
    }
    let mut text = String::new();
    for letter in codepage::decode(data).chars() {
        if letter.is_control() {
            text.push_str(&letter.escape_default().to_string());
        } else {
            text.push(letter);
        }
    }
    text
}
