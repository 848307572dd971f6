//! Recorded frames, byte for byte, in both directions.

use std::path::Path;

use ferrotill_device::family::{self, Protocol};
use ferrotill_device::session::{Again, Ask, Session, SessionEvent, Timing};
use ferrotill_device::wire::codepage;
use ferrotill_device::wire::framing::{Answer, Framing, Request, SEQ_FIRST};
use ferrotill_device::wire::isl_status::Status;

/// The number of recorded frames. Frames may be added; no frame may be removed.
const FRAMES: usize = 41;

/// The content of a frame in the line after it.
struct Meaning {
    seq: u8,
    command: u8,
    data: Vec<u8>,
    status: Option<Status>,
}

fn bytes(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|digits| u8::from_str_radix(digits, 16).expect("two hexadecimal digits"))
        .collect()
}

fn meaning(line: &str) -> Meaning {
    let text = line.strip_prefix("= ").expect("a meaning after each frame");
    let (head, rest) = text.split_once(" \"").expect("data in quotes");
    let (data, status) = rest.rsplit_once('"').expect("data in quotes");
    let head = bytes(head);
    let status = bytes(status);
    Meaning {
        seq: head[0],
        command: head[1],
        data: data
            .split("\\t")
            .map(codepage::encode)
            .collect::<Vec<_>>()
            .join(&b'\t'),
        status: (!status.is_empty())
            .then(|| Status::from_slice(&status).expect("six or eight status bytes")),
    }
}

#[test]
fn recorded_frames_are_read_and_written_byte_for_byte() {
    let mut count = 0;
    for (family, transcript) in files("tests/transcripts") {
        let (frames, exchanges) = check(&transcript, &family.framing);
        assert!(exchanges > 0, "no answer ends an exchange");
        count += frames;
    }
    assert!(count >= FRAMES, "a recorded frame was lost: {count}");
}

/// The files of a folder that have the name of a family.
fn files(folder: &str) -> Vec<(&'static Protocol, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter_map(|path| {
            let family = family::of_name(path.file_stem()?.to_str()?)?;
            Some((family, std::fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

/// The digests (FNV-1a, 64 bits) of the frames that makers' programs and real printers sent. A file is never edited; a new
/// frame goes into a new file, or at the end of a file together with its new digest.
const FIELD: &[(&str, usize, u64)] = &[
    ("daisy", 12, 0x6C9C_E5B9_98FC_916C),
    ("datecs", 31, 0xDA52_F585_467E_9851),
    ("datecs-b", 35, 0xD9A6_39E7_DB1B_6FF6),
    ("datecs-x", 39, 0xECB7_A25C_EB59_EA6A),
];

#[test]
fn frames_of_makers_programs_and_of_real_printers_are_frozen() {
    let mut found = 0;
    for (family, transcript) in files("tests/transcripts/field") {
        let (frames, _) = check(&transcript, &family.framing);
        let digest = transcript
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |digest: u64, byte| {
                (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
            });
        let frozen = FIELD.iter().find(|(name, _, _)| *name == family.name);
        assert_eq!(
            frozen,
            Some(&(family.name, frames, digest)),
            "{:#018X}",
            digest
        );
        for part in transcript.split("\n\n").skip(1) {
            assert!(part.starts_with("# Source: "), "{part}");
        }
        found += 1;
    }
    assert_eq!(found, FIELD.len());
}

/// Checks the frames of a transcript; returns how many frames there are, and how many answers end an exchange.
fn check(transcript: &str, framing: &Framing) -> (usize, usize) {
    let mut lines = transcript
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    let mut asked = None;
    let mut conversed = 0;
    while let Some(line) = lines.next() {
        let (direction, frame) = line.split_at(1);
        let frame = bytes(frame);
        let said = meaning(lines.next().expect("a meaning after each frame"));
        match direction {
            ">" => {
                let request = Request {
                    seq: said.seq,
                    command: said.command,
                    data: said.data,
                };
                assert_eq!(request.emit(framing).as_ref(), Ok(&frame), "{line}");
                assert_eq!(
                    Request::parse(framing, &frame),
                    Ok(request.clone()),
                    "{line}"
                );
                asked = Some(ask(framing, request, &frame));
            }
            "<" => {
                let answer = Answer {
                    seq: said.seq,
                    command: said.command,
                    data: said.data,
                    status: said.status.expect("an answer has a status"),
                };
                assert_eq!(answer.emit(framing).as_ref(), Ok(&frame), "{line}");
                assert_eq!(Answer::parse(framing, &frame), Ok(answer.clone()), "{line}");
                // The answer to the request above ends its exchange; many requests have no answer here.
                if let Some(session) = asked.as_mut().and_then(|(seq, command, session)| {
                    (*seq == answer.seq && *command == answer.command).then_some(session)
                }) {
                    session.handle_bytes(&frame, 1);
                    assert_eq!(
                        session.poll_event(),
                        Some(SessionEvent::Answered(answer)),
                        "{line}"
                    );
                    conversed += 1;
                }
            }
            other => panic!("{other}"),
        }
        count += 1;
    }
    (count, conversed)
}

/// Checks that a session with this request sends this frame.
fn ask(framing: &Framing, request: Request, frame: &[u8]) -> (u8, u8, Session) {
    let first = request.seq - SEQ_FIRST;
    let mut session = Session::new(*framing, Timing::default(), first);
    let command = request.command;
    let ask = Ask {
        command,
        data: request.data,
        limit_ms: 1_000,
        any_command: false,
        again: Again::Same,
    };
    let seq = session.start(ask, 0).unwrap();
    assert_eq!(session.poll_transmit().as_deref(), Some(frame));
    (seq, command, session)
}
