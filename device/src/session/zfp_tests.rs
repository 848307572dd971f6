//! A session with a device that remembers no sequence number: a command is sent once.

use super::*;
use crate::wire::framing::NAK;
use crate::wire::isl_status::Status;
use crate::wire::zfp::{ACKNOWLEDGED, DONE, FRAMING, PING, READY, RETRY};

const SALE: u8 = 0x31;
const STATE: u8 = 0x20;
/// The answer of a device that is busy.
const STILL_BUSY: u8 = READY | crate::wire::zfp::BUSY;

fn ask(command: u8, again: Again) -> Ask {
    Ask {
        command,
        data: Vec::new(),
        limit_ms: 10_000,
        any_command: false,
        again,
    }
}

/// A session in which a sale is sent.
fn sale() -> (Session, u8) {
    let mut session = Session::new(FRAMING, Timing::default(), 7);
    let again = Again::Ask(STATE, Vec::new());
    let seq = session.start(ask(SALE, again), 0).unwrap();
    let frame = session.poll_transmit().unwrap();
    assert_eq!(Request::parse(&FRAMING, &frame).unwrap().command, SALE);
    (session, seq)
}

fn done(seq: u8) -> Vec<u8> {
    let answer = Answer {
        seq,
        command: ACKNOWLEDGED,
        data: Vec::new(),
        status: Status::from_slice(&DONE).unwrap(),
    };
    answer.emit(&FRAMING).unwrap()
}

fn state(seq: u8) -> Vec<u8> {
    let answer = Answer {
        seq,
        command: STATE,
        data: vec![0x80; 7],
        status: Status::empty(0),
    };
    answer.emit(&FRAMING).unwrap()
}

fn failed(failure: SessionFailure) -> Option<SessionEvent> {
    Some(SessionEvent::Failed(failure))
}

#[test]
fn whatever_follows_a_command_its_frame_is_not_sent_again() {
    let noise: [&[u8]; 4] = [&[NAK], &[RETRY], &[0x02, 0x24, 0x0A], &[]];
    for bytes in noise {
        let (mut session, _) = sale();
        session.handle_bytes(bytes, 10);
        session.handle_timeout(600);
        let mut pings = 0;
        while let Some(sent) = session.poll_transmit() {
            assert_eq!(sent, [PING], "{bytes:02X?}");
            pings += 1;
        }
        assert!(pings > 0, "{bytes:02X?}");
        // The device is ready, so it is asked: with a number of its own.
        session.handle_bytes(&[READY], 610);
        let question = session.poll_transmit().unwrap();
        let question = Request::parse(&FRAMING, &question).unwrap();
        assert_eq!(question.command, STATE);
        session.handle_bytes(&state(question.seq), 620);
        // "Busy" may belong to the frame before or to this one: only the counters show what was executed.
        assert_eq!(
            session.poll_event(),
            failed(SessionFailure::NotRemembered),
            "{bytes:02X?}"
        );
        assert_eq!(session.poll_transmit(), None);
    }
}

#[test]
fn the_own_acknowledgement_ends_the_doubt() {
    let (mut session, seq) = sale();
    session.handle_timeout(500);
    assert_eq!(session.poll_transmit(), Some(vec![PING]));
    session.handle_bytes(&done(FRAMING.seq_after(seq)), 505);
    assert_eq!(session.poll_event(), None, "another number");
    session.handle_bytes(&done(seq), 510);
    assert!(matches!(
        session.poll_event(),
        Some(SessionEvent::Answered(_))
    ));
}

#[test]
fn a_busy_device_is_waited_for_up_to_the_limit() {
    let (mut session, _) = sale();
    let mut now = 0;
    while now < 9_500 {
        now += 500;
        session.handle_timeout(now);
        assert_eq!(session.poll_transmit(), Some(vec![PING]), "{now}");
        session.handle_bytes(&[STILL_BUSY], now);
    }
    session.handle_timeout(10_000);
    assert_eq!(session.poll_event(), failed(SessionFailure::Busy));
}

#[test]
fn a_silent_device_is_given_up_after_five_frames() {
    let (mut session, _) = sale();
    for attempt in 1..5 {
        session.handle_timeout(attempt * 500);
        assert_eq!(session.poll_transmit(), Some(vec![PING]));
    }
    session.handle_timeout(2_500);
    assert_eq!(session.poll_transmit(), None);
    assert_eq!(session.poll_event(), failed(SessionFailure::Silent));
}

#[test]
fn a_question_is_repeated_with_a_new_number() {
    let mut session = Session::new(FRAMING, Timing::default(), 7);
    let first = session.start(ask(STATE, Again::Same), 0).unwrap();
    let _ = session.poll_transmit();
    session.handle_timeout(500);
    assert_eq!(session.poll_transmit(), Some(vec![PING]));
    session.handle_bytes(&[READY], 510);
    let again = Request::parse(&FRAMING, &session.poll_transmit().unwrap()).unwrap();
    assert_eq!(
        (again.command, again.seq),
        (STATE, FRAMING.seq_after(first))
    );
    session.handle_bytes(&state(again.seq), 520);
    assert!(matches!(
        session.poll_event(),
        Some(SessionEvent::Answered(_))
    ));
    // An answer about readiness without a question changes nothing.
    session.start(ask(STATE, Again::Same), 600).unwrap();
    let _ = session.poll_transmit();
    session.handle_bytes(&[READY], 610);
    assert_eq!(session.poll_transmit(), None);
}
