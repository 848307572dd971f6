//! Measures a signed call and its answer over a real connection, beside a bare axum handler that answers the same bytes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header;
use axum::routing::get as on_get;
use ferrotill::agent::Agent;
use ferrotill::clerk::Message;
use ferrotill::hmac::signature_of;
use ferrotill::listener::{ConnectionLimits, serve};
use ferrotill::order::ReceiptMode;
use ferrotill::time::clock::system_ms;

use super::figures::{Hundredths, Nanoseconds, Row, Times, median, ratio};
use super::shop::{DEVICE, LINES, config, registered, sale, sale_order};
use super::{MeasurePlan, Measured};
use crate::error_text::with_sources;
use ferrotill_testkit::config::{KEY, SECRET};

const BLOCK: usize = 100;
const ROUND: usize = 10;

/// Measures two reads: one answered from memory, and one of a receipt in the store.
pub(super) fn get(wanted: &MeasurePlan, folder: &Path) -> Measured<Vec<Row>> {
    let agent = Agent::start(config(folder)?, None).map_err(with_sources)?;
    let (order, answer) = sale_order(sale(LINES, ReceiptMode::AlternativeOnly));
    let Message::Order { form, .. } = &order else {
        return Err("the message is no order".into());
    };
    let id = form.id;
    agent.service().clerk_handle.send(order);
    registered(answer.blocking_recv())?;
    let router =
        ferrotill::api::router(agent.service(), agent.served(), Router::new(), Router::new);
    let ours = spawn_server(move |listener| async move {
        serve(
            listener,
            router,
            ConnectionLimits::default(),
            std::future::pending(),
        )
        .await;
    })?;
    let mut rows = Vec::new();
    for (what, path) in [
        (
            "signed request to answer, nothing stored: `GET /api/v1/devices`",
            "/api/v1/devices".to_owned(),
        ),
        (
            "the same for a ten-line receipt out of the store: `GET /api/v1/alternativereceipts/{id}`",
            format!("/api/v1/alternativereceipts/{id}"),
        ),
    ] {
        rows.push(beside_bare(wanted, ours, what, &path)?);
    }
    Ok(rows)
}

fn beside_bare(
    wanted: &MeasurePlan,
    ours: SocketAddr,
    what: &'static str,
    path: &str,
) -> Measured<Row> {
    let signed = signed_get(path, &ours.to_string());
    let mut our_line = Line::new(ours)?;
    let answer = our_line.call(&signed)?.to_vec();
    let body = body_of(&answer).ok_or("an answer without a body")?.to_vec();
    if !answer.starts_with(b"HTTP/1.1 200") {
        return Err(format!("GET {path}: {}", String::from_utf8_lossy(&answer)));
    }
    let length = body.len();
    let bare = bare_server(path, body)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {bare}\r\n\r\n");
    let mut bare_line = Line::new(bare)?;
    let (mut ratios, mut ours_p50, mut bare_p50) = (vec![], vec![], vec![]);
    for _ in 0..wanted.times(15) {
        let [mut ours, mut bare] = [Times::default(), Times::default()];
        for _ in 0..ROUND {
            for _ in 0..BLOCK {
                ours.push(our_line.timed(&signed)?);
            }
            for _ in 0..BLOCK {
                bare.push(bare_line.timed(request.as_bytes())?);
            }
        }
        ratios.push(ratio(ours.p50(), bare.p50()));
        ours_p50.push(ours.p50());
        bare_p50.push(bare.p50());
    }
    let middle = median(ratios);
    let baseline = format!(
        "a bare axum handler, the same {length} bytes: {}",
        Nanoseconds(median(bare_p50))
    );
    let measured = format!("{}×: {}", Hundredths(middle), Nanoseconds(median(ours_p50)));
    Ok(if path.ends_with("devices") {
        Row::at_most(what, "at most 1.3×", (middle, 130), baseline, measured)
    } else {
        Row::without_target(what, baseline, measured)
    })
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

fn bare_server(path: &str, body: Vec<u8>) -> Measured<SocketAddr> {
    let body = bytes::Bytes::from(body);
    let handler = move || {
        let body = body.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], body) }
    };
    let router = Router::new().route(path, on_get(handler));
    spawn_server(move |listener| async move {
        // If the bare server ends, the next call to it gets an error.
        let _ = axum::serve(listener, router).await;
    })
}

/// A server on a runtime of one thread, as the agent has it.
fn spawn_server<F>(
    serve: impl FnOnce(tokio::net::TcpListener) -> F + Send + 'static,
) -> Measured<SocketAddr>
where
    F: Future<Output = ()>,
{
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> Measured {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(with_sources)?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .map_err(with_sources)?;
            tell.send(listener.local_addr().map_err(with_sources)?)
                .map_err(with_sources)?;
            serve(listener).await;
            Ok(())
        })
    });
    told.recv().map_err(with_sources)
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

    fn timed(&mut self, request: &[u8]) -> Measured<Duration> {
        let begun = Instant::now();
        self.call(request)?;
        Ok(begun.elapsed())
    }
}

fn body_of(answer: &[u8]) -> Option<&[u8]> {
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
