//! Signed calls over a real connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_testkit::config::{KEY, SECRET};
use uuid::Uuid;

use super::Measured;
use super::shop::DEVICE;
use crate::error_text::with_sources;

/// A signed sale of this number of lines with a random id, and the id.
pub(super) fn sale_call(host: &str, lines: u32, mode: &str) -> (Uuid, Vec<u8>) {
    let id = Uuid::new_v4();
    let items: Vec<String> = (0..lines)
        .map(|number| {
            let group = if number.is_multiple_of(2) { "A" } else { "B" };
            format!(
                "{{\"name\":\"Piine Praga (Franzeluta) {number}\",\"quantity\":1,\"price\":8.10,\"taxGroupCode\":\"{group}\"}}"
            )
        })
        .collect();
    let cents = 810 * lines;
    let body = format!(
        "{{\"id\":\"{id}\",\"receiptMode\":\"{mode}\",\"items\":[{}],\"payments\":[{{\"typeCode\":0,\"amount\":{}.{:02}}}]}}",
        items.join(","),
        cents / 100,
        cents % 100
    );
    let request = signed_call("POST", "/api/v1/operations/sale", host, &body);
    (id, request)
}

/// A signed call without a body. The call only reads, so it may be repeated unchanged.
pub(super) fn signed_get(path: &str, host: &str) -> Vec<u8> {
    signed_call("GET", path, host, "")
}

/// A signed call with a body.
pub(super) fn signed_call(method: &str, path: &str, host: &str, body: &str) -> Vec<u8> {
    let at = system_ms();
    let head = format!("{DEVICE}{at}{method}{path}");
    let signature = signature_of(SECRET.as_bytes(), &[head.as_bytes(), body.as_bytes()]);
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nApi-Key: {KEY}\r\nApi-DeviceId: {DEVICE}\r\nApi-Timestamp: {at}\r\n\
         Api-Signature: {signature}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A connection that is kept open for many requests.
pub(super) struct Line {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Line {
    pub(super) fn new(address: SocketAddr) -> Measured<Self> {
        let stream = TcpStream::connect(address).map_err(with_sources)?;
        stream.set_nodelay(true).map_err(with_sources)?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .map_err(with_sources)?;
        Ok(Self {
            stream,
            heard: Vec::new(),
        })
    }

    /// Sends a request and reads the answer to it.
    pub(super) fn call(&mut self, request: &[u8]) -> Measured<&[u8]> {
        self.stream.write_all(request).map_err(with_sources)?;
        self.heard.clear();
        let mut room = [0; 16 * 1024];
        loop {
            let read = self.stream.read(&mut room).map_err(with_sources)?;
            if read == 0 {
                return Err("the connection was closed".to_owned());
            }
            self.heard
                .extend_from_slice(room.get(..read).unwrap_or_default());
            if is_whole(&self.heard) {
                return Ok(&self.heard);
            }
        }
    }

    /// Sends a request whose answer must be 200, and reads the answer.
    pub(super) fn good_call(&mut self, request: &[u8]) -> Measured<&[u8]> {
        let answer = self.call(request)?;
        match answer.starts_with(b"HTTP/1.1 200") {
            true => Ok(answer),
            false => {
                let request = request.split(|byte| *byte == b'\r').next();
                let asked = String::from_utf8_lossy(request.unwrap_or_default()).into_owned();
                Err(format!("{asked}: {}", String::from_utf8_lossy(answer)))
            }
        }
    }

    /// How long a request takes whose answer must be 200.
    pub(super) fn timed(&mut self, request: &[u8]) -> Measured<Duration> {
        let begun = Instant::now();
        self.good_call(request)?;
        Ok(begun.elapsed())
    }
}

/// The body of an answer, if its head is complete.
pub(super) fn body_of(answer: &[u8]) -> Option<&[u8]> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    answer.get(end + 4..)
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(body) = body_of(answer) else {
        return false;
    };
    let head = answer.get(..answer.len() - body.len()).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| {
        line.strip_prefix("content-length:")?
            .trim()
            .parse::<usize>()
            .ok()
    });
    length.is_some_and(|length| body.len() >= length)
}
