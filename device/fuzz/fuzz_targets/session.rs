//! A session receives any bytes at any time: the session sends only its frame and its question, and ends once, in bounded time.
#![no_main]

use ferrotill_device::session::{Again, Ask, SessionEvent, Session, Timing};
use ferrotill_device::wire::framing::{Framing, Request};
use ferrotill_device::wire::{isl, isl_x};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for framing in [isl::FRAMING, isl_x::FRAMING] {
        converse(framing, Again::Same, bytes);
        converse(framing, Again::Ask(QUESTION, Vec::new()), bytes);
    }
});

const LIMIT_MS: u64 = 30_000;

const COMMAND: u8 = 0x38;
const QUESTION: u8 = 0x4A;

fn converse(framing: Framing, again: Again, bytes: &[u8]) {
    let timing = Timing::default();
    let mut session = Session::new(framing, timing, bytes.first().copied().unwrap_or(0));
    let ask = Ask {
        command: COMMAND,
        data: Vec::new(),
        limit_ms: LIMIT_MS,
        any_command: false,
        again: again.clone(),
    };
    let seq = session.start(ask, 0).expect("no data fit");
    let frame = session.poll_transmit().expect("the first attempt");
    let question = match again {
        Again::Same => None,
        Again::Ask(command, data) => {
            let question = Request { seq, command, data };
            Some(question.emit(&framing).expect("no data fit"))
        }
    };
    let mut asked = false;
    let mut sent = 1;
    let mut now = 0;
    // Each piece of the input is a pause, at most twice as long as the silence limit, and up to seven bytes.
    for piece in bytes.chunks(8) {
        let (pause, heard) = piece.split_first().expect("chunks are not empty");
        now += u64::from(*pause) * 4;
        session.handle_bytes(heard, now);
        session.handle_timeout(now);
        while let Some(again) = session.poll_transmit() {
            asked |= question.as_ref() == Some(&again);
            // After the question was sent, the command is not sent again.
            assert!(again == frame && !asked || question.as_ref() == Some(&again));
            sent += 1;
        }
        if let Some(event) = session.poll_event() {
            if let SessionEvent::Answered(answer) = event {
                assert_eq!((answer.seq, answer.command), (seq, COMMAND));
            }
            assert_eq!(session.poll_event(), None);
            assert_eq!(session.poll_timeout(), None);
            return;
        }
        assert!(
            session
                .poll_timeout()
                .is_some_and(|due| due <= LIMIT_MS.max(now + timing.silence_ms))
        );
    }
    assert!(sent <= u32::from(timing.attempts_max));
    session.handle_timeout(now.max(LIMIT_MS));
    assert!(session.poll_event().is_some(), "an exchange ends");
}
