//! Reserved fiscal numbers: asked for before they are needed (spec/online-ecr.md, C.5).
//!
//! One thread asks for all devices. The key of a request follows from the highest number that was ever taken, so that a request
//! whose answer was lost is the same request again, and its numbers are not lost with it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ferrotill_core::numbers::{GRANT_SPANS_MAX, Span};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::online_ecr::{Answer, OnlineEcr, Sign, url_of};
use super::send::{agent, post};
use super::{Authority, Identity};
use crate::board::{Board, Stock};
use crate::clerk::{ClerkDoor, Message};
use crate::config::{ReportingParty, Upstream};
use crate::sync::backoff::Backoff;
use crate::sync::identity;

/// The thread that keeps the devices in fiscal numbers. Dropping it ends it.
#[derive(Debug)]
pub struct NumberKeeper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NumberKeeper {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// The system cannot make a thread.
    pub fn start(
        party: Arc<ReportingParty>,
        upstream: &Upstream,
        board: Arc<Board>,
        door: ClerkDoor,
    ) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            agent: agent(upstream.timeout, &upstream.trust),
            url: upstream.url.clone(),
            protocol: OnlineEcr::new(upstream.online_ecr.clone()),
            wanted: upstream.online_ecr.numbers,
            numbers_field: upstream.online_ecr.numbers_field.clone(),
            success_field: upstream.online_ecr.success_field.clone(),
            party,
            board,
            door,
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new()
            .name("fiscal numbers".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for NumberKeeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // It ends by itself within its pause; what it has asked for meanwhile is asked for again at the next start.
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
        }
    }
}

struct Worker {
    agent: ureq::Agent,
    url: String,
    protocol: OnlineEcr,
    wanted: u32,
    numbers_field: String,
    success_field: Option<String>,
    party: Arc<ReportingParty>,
    board: Arc<Board>,
    door: ClerkDoor,
    stop: Arc<AtomicBool>,
}

/// The longest pause between two requests that brought nothing, and between two looks.
const PAUSE_MS_MAX: u64 = 5_000;

impl Worker {
    fn run(self) {
        let backoff = Backoff::new(1).up_to(PAUSE_MS_MAX);
        let mut failures = 0_u32;
        while !self.stop.load(Ordering::Acquire) {
            let low = self.party.devices.iter().filter_map(|device| {
                let stock = self.board.stock(*device)?;
                (stock.left <= u64::from(self.wanted) / 2).then_some((*device, stock))
            });
            let mut asked = false;
            for (device, stock) in low {
                asked = true;
                match self.ask(device, stock) {
                    Ok(spans) => {
                        failures = 0;
                        self.door.tell(Message::Numbers(device, spans));
                    }
                    Err(words) => {
                        failures = failures.saturating_add(1);
                        tracing::warn!(%device, left = stock.left, "no fiscal numbers from the tax office: {words}");
                    }
                }
            }
            if asked && failures > 0 {
                // Sales change the stock, too, and are no reason to press the office.
                let pause = backoff.wait_ms(failures, None).max(1);
                std::thread::park_timeout(Duration::from_millis(pause));
            } else {
                // The clerk takes what came, and that changes the stock, which ends the wait.
                let pause = Duration::from_millis(PAUSE_MS_MAX);
                self.board.wait_for_stock(pause);
            }
        }
    }

    fn ask(&self, device: Uuid, stock: Stock) -> Result<Vec<Span>, String> {
        let body = Request {
            message_number: u64::from(stock.last_document).saturating_add(1),
            count: self.wanted,
            identity: identity(&self.party, device),
        };
        let body = serde_json::to_string(&body).map_err(|error| error.to_string())?;
        let url = url_of(&self.url, self.protocol.path_of("fiscal_ranges"));
        let headers = self.protocol.headers(&body);
        let answer = post(&self.agent, &url, &headers, key(device, stock), &body).answer;
        let (status, body) = answer.map_err(|failure| failure.to_string())?;
        let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(&body) else {
            return Err(format!("HTTP {status} without a readable answer"));
        };
        let answer = Answer(&answer);
        let sign = answer.sign(self.success_field.as_deref());
        let numbers = numbers(&answer, &self.numbers_field);
        // An answer that carries numbers needs no other sign that it is one.
        match numbers {
            Some(numbers) if (200..300).contains(&status) && sign != Sign::Failure => {
                let spans = spans(numbers, stock.highest);
                if spans.is_empty() {
                    Err("it grants none now".to_owned())
                } else {
                    Ok(spans)
                }
            }
            _ => Err(answer.message(status)),
        }
    }
}

/// GET_FISC_RANGES.
#[derive(Serialize)]
struct Request {
    #[serde(rename = "msgID")]
    message_number: u64,
    #[serde(rename = "fiscalNumbersCnt")]
    count: u32,
    identity: Identity,
}

/// The same for every attempt to get the numbers after the highest one.
fn key(device: Uuid, stock: Stock) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(b"fiscal numbers of ");
    digest.update(device.as_bytes());
    digest.update(stock.highest.unwrap_or(0).to_be_bytes());
    let digest: [u8; 32] = digest.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.split_at(16).0);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The numbers of an answer, as first and last of each span: a list of numbers, or of objects with the ends of a range.
fn numbers(answer: &Answer<'_>, field: &str) -> Option<Vec<Span>> {
    let list = match answer.field(field) {
        Some(list) => list,
        None => {
            let data = answer.field("data").or_else(|| answer.field("object"))?;
            Answer(data.as_object()?).field(field)?
        }
    };
    list.as_array()?
        .iter()
        .map(|item| {
            if let Some(number) = item.as_u64() {
                return Some(Span {
                    first: number,
                    last: number,
                });
            }
            let range = Answer(item.as_object()?);
            let end = |names: &[&str]| {
                let values = names.iter().filter_map(|name| range.field(name));
                values.filter_map(Value::as_u64).next()
            };
            Some(Span {
                first: end(&["first", "from", "start", "min"])?,
                last: end(&["last", "to", "end", "max"])?,
            })
        })
        .collect()
}

/// Ascending spans without what the till has had already; as many as a grant holds.
fn spans(mut numbers: Vec<Span>, highest: Option<u64>) -> Vec<Span> {
    numbers.retain(|span| span.first <= span.last);
    numbers.sort_by_key(|span| span.first);
    let mut spans: Vec<Span> = Vec::new();
    // The first number that may still be taken; none behind the last number there is.
    let mut free = highest.map_or(Some(0), |highest| highest.checked_add(1));
    for span in numbers {
        let Some(from) = free else { break };
        if span.last < from {
            continue;
        }
        let first = span.first.max(from);
        match spans.last_mut() {
            Some(before) if before.last.checked_add(1) == Some(first) => before.last = span.last,
            _ => spans.push(Span {
                first,
                last: span.last,
            }),
        }
        free = span.last.checked_add(1);
    }
    spans.truncate(GRANT_SPANS_MAX);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, highest: Option<u64>) -> Option<Vec<(u64, u64)>> {
        let Value::Object(answer) = serde_json::from_str(text).unwrap() else {
            panic!("{text}");
        };
        let found = numbers(&Answer(&answer), "fiscalNumbers")?;
        let ends = |span: Span| (span.first, span.last);
        Some(spans(found, highest).into_iter().map(ends).collect())
    }

    #[test]
    fn numbers_come_as_a_list_or_as_ranges_and_never_twice() {
        type Case = (&'static str, Option<u64>, Option<Vec<(u64, u64)>>);
        #[rustfmt::skip]
        let cases: &[Case] = &[
            (r#"{"fiscalNumbers":[7,8,9,12]}"#, None, Some(vec![(7, 9), (12, 12)])),
            (r#"{"fiscalNumbers":[12,9,8,9,7]}"#, Some(8), Some(vec![(9, 9), (12, 12)])),
            (r#"{"FISCALNUMBERS":[{"from":70113,"to":70212}]}"#, None, Some(vec![(70_113, 70_212)])),
            (r#"{"data":{"fiscalNumbers":[{"first":5,"last":9},{"first":8,"last":20}]}}"#, Some(6), Some(vec![(7, 20)])),
            (r#"{"fiscalNumbers":[{"first":9,"last":5}]}"#, None, Some(vec![])),
            (r#"{"fiscalNumbers":[18446744073709551615]}"#, Some(u64::MAX), Some(vec![])),
            (r#"{"fiscalNumbers":[]}"#, None, Some(vec![])),
            (r#"{"fiscalNumbers":[1.5]}"#, None, None),
            (r#"{"fiscalNumbers":["7"]}"#, None, None),
            (r#"{"fiscalNumbers":[-1]}"#, None, None),
            (r#"{"numbers":[7]}"#, None, None),
        ];
        for (text, highest, expected) in cases {
            assert_eq!(read(text, *highest), *expected, "{text}");
        }
        let far_apart: Vec<String> = (0..20).map(|number| (number * 10).to_string()).collect();
        let text = format!(r#"{{"fiscalNumbers":[{}]}}"#, far_apart.join(","));
        assert_eq!(read(&text, None).unwrap().len(), GRANT_SPANS_MAX);
    }

    #[test]
    fn the_request_in_golden_bytes() {
        let request = Request {
            message_number: 17,
            count: 200,
            identity: Identity {
                device_token: "567765".to_owned(),
                tin: "1111111111".to_owned(),
                shop_name: "SHOP #1".to_owned(),
                shop_address: "Unknown st., 404".to_owned(),
            },
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"msgID":17,"fiscalNumbersCnt":200,"identity":{"fn":"567765","tin":"1111111111","shopName":"SHOP #1","shopAddress":"Unknown st., 404"}}"#
        );
    }

    #[test]
    fn a_request_is_the_same_until_its_numbers_were_taken() {
        let stock = |highest, left| Stock {
            left,
            highest,
            last_document: 1,
        };
        let device = Uuid::from_u128(1);
        assert_eq!(
            key(device, stock(Some(9), 4)),
            key(device, stock(Some(9), 2))
        );
        assert_ne!(
            key(device, stock(Some(9), 4)),
            key(device, stock(Some(10), 4))
        );
        assert_ne!(
            key(device, stock(None, 0)),
            key(Uuid::from_u128(2), stock(None, 0))
        );
    }
}
