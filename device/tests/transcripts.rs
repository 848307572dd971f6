//! Recorded frames, byte for byte, in both directions.

use std::path::Path;

use ferrotill_device::family::{self, Protocol};
use ferrotill_device::session::{Again, Ask, Session, SessionEvent, Timing};
use ferrotill_device::wire::codepage;
use ferrotill_device::wire::framing::{Answer, Framing, Request, SEQ_FIRST};
use ferrotill_device::wire::isl_status::{Flag, Status};

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
    ("tremol", 15, 0x040F_9B0D_4A79_3115),
    ("eltrade", 2, 0x8322_C2AC_77F0_1B80),
];

#[test]
fn frames_of_makers_programs_and_of_real_printers_are_frozen() {
    let mut found = 0;
    for (family, transcript) in files("tests/transcripts/field") {
        let (frames, _) = check(&transcript, &family.framing);
        let digest = digest_of(&transcript);
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

/// The answers whose data alone are known, and the digest of their file.
const ANSWERS: (usize, u64) = (10, 0x1237_BAF3_EABE_6732);

/// What is read of an answer to a question, in words.
fn read_of(family: &Protocol, command: u8, data: &[u8]) -> String {
    let known = match command {
        0x5A => family.device_info.answer.read(data).map(|info| {
            let memory = match info.fiscal_memory.as_str() {
                "" => "none",
                number => number,
            };
            format!("serial {}, fiscal memory {memory}", info.serial)
        }),
        0x4C => family.transaction.answer.read(data).map(|last| {
            let document = last
                .document
                .map_or("none".to_owned(), |number| number.to_string());
            let tender = last
                .tender
                .map_or("none".to_owned(), |tender| tender.to_string());
            let (items, amount) = (last.items, last.amount);
            format!("document {document}, items {items}, amount {amount}, tender {tender}")
        }),
        0x41 => {
            let refunds = family.day_refunds.as_ref().expect("refunds of the day");
            refunds[0]
                .answer
                .read(data)
                .map(|groups| format!("{groups:?}"))
        }
        other => panic!("{other:02X}"),
    };
    known.unwrap_or_else(|| "unknown form".to_owned())
}

#[test]
fn answers_of_manuals_and_of_traces_are_read_by_one_form_and_frozen() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/field/answers.txt");
    let text = std::fs::read_to_string(path).unwrap();
    for part in text.split("\n\n").skip(1) {
        assert!(part.starts_with("# Source: "), "{part}");
    }
    let mut lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    while let Some(line) = lines.next() {
        let (head, data) = line.split_once(" \"").expect("data in quotes");
        let (name, command) = head.split_once(' ').expect("a family and a command");
        let data = data.strip_suffix('"').expect("data in quotes");
        let data = data.replace("\\t", "\t");
        let family = family::of_name(name).expect("a family");
        let command = u8::from_str_radix(command, 16).expect("a command");
        let wanted = lines.next().and_then(|line| line.strip_prefix("= "));
        let read = read_of(family, command, data.as_bytes());
        assert_eq!(Some(read.as_str()), wanted, "{line}");
        count += 1;
    }
    assert_eq!(
        (count, digest_of(&text)),
        ANSWERS,
        "{:#018X}",
        digest_of(&text)
    );
}

#[test]
fn an_unknown_command_of_eltrade_sets_its_status_bit() {
    let text = files("tests/transcripts/field");
    let (family, frames) = text
        .iter()
        .find(|(family, _)| family.name == "eltrade")
        .unwrap();
    let answer = frames
        .lines()
        .find_map(|line| line.strip_prefix("< "))
        .unwrap();
    let answer = Answer::parse(&family.framing, &bytes(answer)).unwrap();
    assert!(family.status.has(answer.status, Flag::UnknownCommand));
}

/// FNV-1a, 64 bits.
fn digest_of(text: &str) -> u64 {
    text.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |digest: u64, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
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
                    // The answer to a question of ZFP has none.
                    status: said.status.unwrap_or(Status::empty(0)),
                };
                assert_eq!(answer.emit(framing).as_ref(), Ok(&frame), "{line}");
                assert_eq!(Answer::parse(framing, &frame), Ok(answer.clone()), "{line}");
                // The answer to the request above ends its exchange; many requests have no answer here.
                if let Some(session) = asked.as_mut().and_then(|(seq, command, session)| {
                    let is_its_answer = framing.is_answer_to(&answer, *command);
                    (*seq == answer.seq && is_its_answer).then_some(session)
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
