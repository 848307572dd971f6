//! Recorded frames, byte for byte, in both directions.

use ferrotill_device::wire::codepage;
use ferrotill_device::wire::isl::{Answer, Request, Status};

const TRANSCRIPT: &str = include_str!("transcripts/datecs-classic.txt");

/// What the line after a frame says of it.
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
            .then(|| Status::from_bytes(status.try_into().expect("six status bytes"))),
    }
}

#[test]
fn recorded_frames_are_read_and_written_byte_for_byte() {
    let mut lines = TRANSCRIPT
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
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
                assert_eq!(request.emit().as_ref(), Ok(&frame), "{line}");
                assert_eq!(Request::parse(&frame), Ok(request), "{line}");
            }
            "<" => {
                let answer = Answer {
                    seq: said.seq,
                    command: said.command,
                    data: said.data,
                    status: said.status.expect("an answer has a status"),
                };
                assert_eq!(answer.emit().as_ref(), Ok(&frame), "{line}");
                assert_eq!(Answer::parse(&frame), Ok(answer), "{line}");
            }
            other => panic!("{other}"),
        }
        count += 1;
    }
    assert_eq!(count, 25, "a recorded frame was lost");
}
