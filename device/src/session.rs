//! One request and its answer on a master/slave line: NAK, busy, silence, noise and stale answers.
//!
//! A session has no IO and no clock: bytes and the time are arguments; the caller asks what to send and until when to wait. The
//! sequence number is the device's idempotency key. The device remembers one number: a request with the last number is not
//! executed again, but answered with the last answer. A new request always has a new number (`docs/protocols/isl.md`).
//!
//! No manual promises that the device keeps the number without power. A device that executes a command, loses its power before
//! the answer arrives and is back at once would execute a repeat of the same bytes again. Therefore a command that must not be
//! executed twice is repeated only after NAK, which means that the device did not accept it. If the command may have been
//! executed, after silence or a damaged answer, a harmless question is sent with the command's number instead ([`Again::Ask`]). A
//! device that remembers the number repeats the command's own answer. A device that answers the question has never received the
//! command or has forgotten it ([`SessionFailure::NotRemembered`]); only the device's counters show which of the two happened.
//!
//! A device of ZFP remembers no number ([`Framing::replays`]), and NAK or "busy" may belong to a frame before. A command is
//! therefore sent once. After anything but its own answer the device is asked with one byte whether it is ready; while it is busy,
//! the session waits, and then the question is sent with a number of its own. Questions are repeated in the same way.

use std::collections::VecDeque;

use crate::wire::decoder::{Decoder, Token};
use crate::wire::framing::{Answer, FrameError, Framing, Request, SEQ_FIRST};
use crate::wire::zfp;

/// The most memory of a session in bytes, whatever the device sends: the session itself, the request and its repeats that were
/// not sent yet, the frame that is arriving, and the answer.
pub const SESSION_BYTES_MAX: usize = 8 * 1024;

/// The waiting time and the number of attempts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The silence after which the request is sent again, in milliseconds; 500 in the manual.
    pub silence_ms: u64,
    /// The number of attempts in total.
    pub attempts_max: u8,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            silence_ms: 500,
            attempts_max: 5,
        }
    }
}

/// A request to be exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The number of the command.
    pub command: u8,
    /// The data of the command.
    pub data: Vec<u8>,
    /// The longest time of the exchange in milliseconds, however often the device answers "busy".
    pub limit_ms: u64,
    /// Whether an answer to another command is accepted too. This is needed for the first request after connecting: its sequence
    /// number may be the last one that the device has seen, and then the device sends its old answer again.
    pub any_command: bool,
    /// What is sent when it is not known whether the device has executed the request.
    pub again: Again,
}

/// What is sent after a request that may have been executed without an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// The same bytes are sent: executing them twice does no harm.
    Same,
    /// This command and its data are sent with the same number: a question that changes nothing, and that differs from the
    /// request's command.
    Ask(u8, Vec<u8>),
}

/// The reason why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionFailure {
    /// Nothing came from the device.
    Silent,
    /// The device answered "busy" beyond the limit.
    Busy,
    /// The answers were damaged, or the device always reported damaged requests.
    Noise,
    /// The device answers and has no record of the request: the request never arrived, or was executed and forgotten when the
    /// power was lost.
    NotRemembered,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The exchange ended with an answer, which may be a refusal. The answer is final for its sequence number.
    Answered(Answer),
    /// The exchange ended without an answer: it is not known whether the command was executed.
    Failed(SessionFailure),
}

/// The host's end of the line.
#[derive(Debug)]
pub struct Session {
    framing: Framing,
    timing: Timing,
    next_seq: u8,
    decoder: Decoder,
    running: Option<Exchange>,
    transmit: VecDeque<Vec<u8>>,
    event: Option<SessionEvent>,
}

#[derive(Debug)]
struct Exchange {
    seq: u8,
    command: u8,
    any_command: bool,
    frame: Vec<u8>,
    /// The question that is sent instead of a repeat, and its frame.
    question: Option<(u8, Vec<u8>)>,
    /// The sequence number of the question, which is the request's own on a device that replays.
    question_seq: u8,
    /// Whether the device was asked if it is ready, and has not answered.
    pinged: bool,
    /// Whether the request may have been executed.
    in_doubt: bool,
    attempts: u8,
    silent_at: u64,
    over_at: u64,
    last_failure: SessionFailure,
}

impl Session {
    /// A session with these frames. Its first request has the sequence number `first_seq`, moved into the allowed range.
    ///
    /// Choose another number each time: a device that remembers the number from an earlier run treats the request as a repeat.
    #[must_use]
    pub fn new(framing: Framing, timing: Timing, first_seq: u8) -> Self {
        let span = framing.seq_last.wrapping_sub(SEQ_FIRST).wrapping_add(1);
        let next_seq = first_seq
            .checked_rem(span)
            .unwrap_or(0)
            .wrapping_add(SEQ_FIRST);
        Self {
            framing,
            timing,
            next_seq,
            decoder: Decoder::new(framing),
            running: None,
            transmit: VecDeque::new(),
            event: None,
        }
    }

    /// Sets how often a request is sent in total, from the next exchange on.
    pub fn set_attempts(&mut self, attempts_max: u8) {
        self.timing.attempts_max = attempts_max;
    }

    /// Sets the silence after which a request is sent again, from the next exchange on.
    pub fn set_silence(&mut self, silence_ms: u64) {
        self.timing.silence_ms = silence_ms;
    }

    /// Begins an exchange, and abandons an exchange that runs; returns the sequence number of the request.
    ///
    /// # Errors
    ///
    /// The error means that the data do not fit into a frame; nothing is sent.
    pub fn start(&mut self, ask: Ask, now: u64) -> Result<u8, FrameError> {
        let seq = self.next_seq;
        let command = ask.command;
        let emit = |command, data| Request { seq, command, data }.emit(&self.framing);
        let frame = emit(command, ask.data)?;
        let question = match ask.again {
            Again::Same => None,
            Again::Ask(command, data) => Some((command, emit(command, data)?)),
        };
        self.next_seq = self.framing.seq_after(seq);
        self.decoder.clear();
        self.event = None;
        self.transmit.clear();
        self.transmit.push_back(frame.clone());
        self.running = Some(Exchange {
            seq,
            command,
            any_command: ask.any_command,
            frame,
            question,
            question_seq: seq,
            pinged: false,
            in_doubt: false,
            attempts: 1,
            silent_at: now.saturating_add(self.timing.silence_ms),
            over_at: now.saturating_add(ask.limit_ms),
            last_failure: SessionFailure::Silent,
        });
        Ok(seq)
    }

    /// Handles bytes from the device.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        if bytes.is_empty() {
            return;
        }
        // On a slow line one frame may take longer than the timeout: any byte extends it.
        if let Some(running) = &mut self.running {
            running.silent_at = now.saturating_add(self.timing.silence_ms);
        }
        for byte in bytes {
            match self.decoder.push(*byte) {
                Some(Token::Frame(frame)) => self.handle_frame(&frame),
                // The request was not accepted, so it was not executed.
                Some(Token::Nak) if self.framing.replays() => {
                    self.repeat(SessionFailure::Noise, now);
                }
                Some(Token::Nak | Token::Damaged) => self.doubt(SessionFailure::Noise, now),
                Some(Token::Syn) => self.wait(),
                Some(Token::Ready) => self.ask_again(),
                Some(Token::Ping(_)) | None => {}
            }
        }
    }

    /// Handles the time that has passed.
    pub fn handle_timeout(&mut self, now: u64) {
        let Some(running) = &self.running else { return };
        if now >= running.over_at {
            let failure = running.last_failure;
            self.fail(failure);
        } else if now >= running.silent_at {
            self.doubt(SessionFailure::Silent, now);
        }
    }

    /// The next bytes that must be sent.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The moment at which [`handle_timeout`](Self::handle_timeout) must be called, unless bytes come earlier.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.running
            .as_ref()
            .map(|running| running.silent_at.min(running.over_at))
    }

    /// The memory that the session uses now in bytes, including the heap.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let frames = self.transmit.iter().map(Vec::capacity);
        let running = self.running.as_ref().map(|running| {
            let question = running.question.as_ref();
            let question = question.map_or(0, |(_, frame)| frame.capacity());
            running.frame.capacity().saturating_add(question)
        });
        let answer = match &self.event {
            Some(SessionEvent::Answered(answer)) => answer.data.capacity(),
            _ => 0,
        };
        let queue = self
            .transmit
            .capacity()
            .saturating_mul(size_of::<Vec<u8>>());
        frames
            .chain(running)
            .chain([answer, queue, self.decoder.capacity(), size_of::<Self>()])
            .fold(0, usize::saturating_add)
    }

    /// How the exchange ended, if it has.
    pub fn poll_event(&mut self) -> Option<SessionEvent> {
        self.event.take()
    }

    fn handle_frame(&mut self, frame: &[u8]) {
        let Some(running) = &self.running else { return };
        // An echo of our own request is no answer, and an answer to another request is stale: both are discarded.
        let Ok(answer) = Answer::parse(&self.framing, frame) else {
            return;
        };
        let asked = running.question.as_ref().map(|(command, _)| *command);
        let is_to = |command| self.framing.is_answer_to(&answer, command);
        if answer.seq == running.seq && (running.any_command || is_to(running.command)) {
            self.running = None;
            self.transmit.clear();
            self.event = Some(SessionEvent::Answered(answer));
        } else if answer.seq == running.question_seq && running.in_doubt && asked.is_some_and(is_to)
        {
            self.fail(SessionFailure::NotRemembered);
        }
    }

    /// Handles the answer that the device is busy.
    fn wait(&mut self) {
        let replays = self.framing.replays();
        if let Some(running) = &mut self.running {
            running.last_failure = SessionFailure::Busy;
            if !replays {
                // A device that is busy is not silent: the limit of the exchange decides.
                running.pinged = false;
                running.attempts = 1;
            }
        }
    }

    /// Handles a failure after which the request may have been executed.
    fn doubt(&mut self, failure: SessionFailure, now: u64) {
        if let Some(running) = &mut self.running {
            running.in_doubt = true;
        }
        if self.framing.replays() {
            self.repeat(failure, now);
        } else {
            self.ping(failure, now);
        }
    }

    /// Asks a device that remembers no number whether it is ready for a question.
    fn ping(&mut self, failure: SessionFailure, now: u64) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.last_failure = failure;
        if running.attempts >= self.timing.attempts_max {
            self.fail(failure);
            return;
        }
        running.attempts = running.attempts.saturating_add(1);
        running.silent_at = now.saturating_add(self.timing.silence_ms);
        running.pinged = true;
        self.decoder.clear();
        self.transmit.push_back(vec![zfp::PING]);
    }

    /// Sends the question, or a question once more, to a device that has said that it is ready.
    fn ask_again(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        if !running.pinged {
            return;
        }
        running.pinged = false;
        let seq = self.next_seq;
        let (place, frame) = match &mut running.question {
            Some((_, question)) => (&mut running.question_seq, question),
            None => (&mut running.seq, &mut running.frame),
        };
        let renumbered = Request::parse(&self.framing, frame)
            .and_then(|request| Request { seq, ..request }.emit(&self.framing));
        // The frame was emitted by this session, so it can be read.
        let Ok(renumbered) = renumbered else { return };
        self.next_seq = self.framing.seq_after(seq);
        *place = seq;
        frame.clone_from(&renumbered);
        self.transmit.push_back(renumbered);
    }

    fn repeat(&mut self, failure: SessionFailure, now: u64) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.last_failure = failure;
        if running.attempts >= self.timing.attempts_max {
            self.fail(failure);
            return;
        }
        running.attempts = running.attempts.saturating_add(1);
        running.silent_at = now.saturating_add(self.timing.silence_ms);
        let frame = match &running.question {
            Some((_, question)) if running.in_doubt => question.clone(),
            _ => running.frame.clone(),
        };
        self.decoder.clear();
        self.transmit.push_back(frame);
    }

    fn fail(&mut self, failure: SessionFailure) {
        self.running = None;
        self.transmit.clear();
        self.event = Some(SessionEvent::Failed(failure));
    }
}

#[cfg(test)]
mod zfp_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::isl::{FRAMING, NAK, SYN, Status, command};
    use crate::wire::isl_x;

    fn ask() -> Ask {
        Ask {
            command: command::STATUS,
            data: vec![],
            limit_ms: 10_000,
            any_command: false,
            again: Again::Same,
        }
    }

    /// A session in which a cash movement is begun: its frame, and that of the question with the same number.
    fn once() -> (Session, u8, Vec<u8>, Vec<u8>) {
        let mut session = Session::new(FRAMING, Timing::default(), 7);
        let once = Ask {
            command: command::CASH,
            data: b"100.00".to_vec(),
            again: Again::Ask(command::STATUS, vec![]),
            ..ask()
        };
        let seq = session.start(once, 0).unwrap();
        let frame = session.poll_transmit().unwrap();
        let question = Request {
            seq,
            command: command::STATUS,
            data: vec![],
        };
        (session, seq, frame, question.emit(&FRAMING).unwrap())
    }

    fn answer(seq: u8, command: u8) -> Vec<u8> {
        Answer {
            seq,
            command,
            data: vec![],
            status: Status::empty(FRAMING.status_len),
        }
        .emit(&FRAMING)
        .unwrap()
    }

    fn started() -> (Session, u8, Vec<u8>) {
        let mut session = Session::new(FRAMING, Timing::default(), 7);
        let seq = session.start(ask(), 0).unwrap();
        let frame = session.poll_transmit().unwrap();
        (session, seq, frame)
    }

    fn is_answered(session: &mut Session) -> bool {
        matches!(session.poll_event(), Some(SessionEvent::Answered(_)))
    }

    #[test]
    fn silence_repeats_the_same_bytes_and_gives_up_after_five() {
        let (mut session, _, frame) = started();
        for attempt in 1..5 {
            session.handle_timeout(attempt * 500);
            assert_eq!(session.poll_transmit(), Some(frame.clone()));
        }
        session.handle_timeout(2_500);
        assert_eq!(session.poll_transmit(), None);
        assert_eq!(
            session.poll_event(),
            Some(SessionEvent::Failed(SessionFailure::Silent))
        );
        let next = session.start(ask(), 3_000).unwrap();
        assert_ne!(session.poll_transmit().unwrap(), frame, "{next:02X}");
    }

    #[test]
    fn nak_and_noise_repeat_the_same_bytes() {
        for noise in [vec![NAK], vec![0x01, 0x24, 0x20, 0x03]] {
            let (mut session, seq, frame) = started();
            session.handle_bytes(&noise, 10);
            assert_eq!(session.poll_transmit(), Some(frame));
            session.handle_bytes(&answer(seq, command::STATUS), 20);
            assert!(is_answered(&mut session));
        }
    }

    #[test]
    fn a_command_that_must_not_run_twice_is_repeated_only_after_nak() {
        let (mut session, seq, frame, question) = once();
        session.handle_bytes(&[NAK], 10);
        assert_eq!(session.poll_transmit(), Some(frame));
        session.handle_timeout(510);
        assert_eq!(session.poll_transmit(), Some(question.clone()));
        // NAK to the question proves nothing about the command.
        session.handle_bytes(&[NAK], 520);
        assert_eq!(session.poll_transmit(), Some(question));
        session.handle_bytes(&answer(seq, command::CASH), 530);
        assert!(is_answered(&mut session));
    }

    #[test]
    fn after_a_damaged_answer_a_question_is_sent_and_not_the_command() {
        let (mut session, _, _, question) = once();
        session.handle_bytes(&[0x01, 0x24, 0x20, 0x03], 10);
        assert_eq!(session.poll_transmit(), Some(question));
    }

    #[test]
    fn a_device_that_answers_the_question_has_not_executed_or_has_forgotten_the_command() {
        let (mut session, seq, _, _) = once();
        // An answer that comes before the question was sent belongs to something else.
        session.handle_bytes(&answer(seq, command::STATUS), 10);
        assert_eq!(session.poll_event(), None);
        session.handle_timeout(510);
        session.handle_bytes(&answer(FRAMING.seq_after(seq), command::STATUS), 520);
        assert_eq!(session.poll_event(), None);
        session.handle_bytes(&answer(seq, command::STATUS), 530);
        assert_eq!(
            session.poll_event(),
            Some(SessionEvent::Failed(SessionFailure::NotRemembered))
        );
        assert_eq!(session.poll_timeout(), None);
    }

    #[test]
    fn silence_to_the_question_gives_up_after_five_too() {
        let (mut session, _, _, question) = once();
        for attempt in 1..5 {
            session.handle_timeout(attempt * 500);
            assert_eq!(session.poll_transmit(), Some(question.clone()));
        }
        session.handle_timeout(2_500);
        assert_eq!(
            session.poll_event(),
            Some(SessionEvent::Failed(SessionFailure::Silent))
        );
    }

    #[test]
    fn busy_waits_up_to_the_limit() {
        let (mut session, _, _) = started();
        let mut now = 0;
        while now < 9_960 {
            now += 60;
            session.handle_bytes(&[SYN], now);
            session.handle_timeout(now);
            assert_eq!(session.poll_transmit(), None);
        }
        session.handle_timeout(10_000);
        assert_eq!(
            session.poll_event(),
            Some(SessionEvent::Failed(SessionFailure::Busy))
        );
    }

    #[test]
    fn stale_answers_and_echoes_are_dropped() {
        let (mut session, seq, frame) = started();
        session.handle_bytes(&frame, 1);
        session.handle_bytes(&answer(FRAMING.seq_after(seq), command::STATUS), 2);
        session.handle_bytes(&answer(seq, command::CASH), 3);
        assert_eq!(session.poll_event(), None);
        session.handle_bytes(&answer(seq, command::STATUS), 4);
        assert!(is_answered(&mut session));
    }

    #[test]
    fn the_first_exchange_accepts_an_old_answer() {
        let mut session = Session::new(FRAMING, Timing::default(), 7);
        let first = Ask {
            any_command: true,
            ..ask()
        };
        let seq = session.start(first, 0).unwrap();
        session.handle_bytes(&answer(seq, command::CASH), 3);
        assert!(is_answered(&mut session));
    }

    #[test]
    fn an_answer_in_pieces_is_assembled() {
        let (mut session, seq, _) = started();
        for (place, byte) in answer(seq, command::STATUS).into_iter().enumerate() {
            let now = 400 * (u64::try_from(place).unwrap() + 1);
            session.handle_bytes(&[byte], now);
            session.handle_timeout(now);
        }
        assert!(is_answered(&mut session));
    }

    #[test]
    fn every_start_is_in_range() {
        for framing in [FRAMING, isl_x::FRAMING] {
            for first in 0..=u8::MAX {
                let mut session = Session::new(framing, Timing::default(), first);
                let seq = session.start(ask(), 0).unwrap();
                assert!((SEQ_FIRST..=framing.seq_last).contains(&seq));
            }
        }
    }
}
