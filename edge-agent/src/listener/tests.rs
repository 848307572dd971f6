//! The listener over loopback connections, with ordinary, slow and hostile callers.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::routing::{get, post};

use super::{ConnectionLimits, RequestId, serve};

const QUICK: ConnectionLimits = ConnectionLimits {
    connections: 8,
    head_timeout: Duration::from_millis(300),
    body_timeout: Duration::from_millis(300),
    body_bytes: 1_000,
    is_large: |path| path == "/large",
    large_body_bytes: 100_000,
    refusal: |unread| {
        let mut own = axum::response::Response::new(axum::body::Body::from("own"));
        *own.status_mut() = unread.status;
        (unread.path == "/own").then_some(own)
    },
    other_id_header: |path| (path == "/own").then_some("request-id"),
    head_bytes: 8 * 1024,
    write_timeout: Duration::from_millis(300),
    shutdown: Duration::from_millis(500),
};

/// More than the system keeps for a caller that does not read.
const LONG_BYTES: usize = 32 * 1024 * 1024;

/// A listener on its own port and thread. `finished` gets a message when it has ended.
struct Running {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    finished: mpsc::Receiver<()>,
    /// How many slow requests have reached the router.
    running_requests: Arc<AtomicUsize>,
}

fn start(limits: ConnectionLimits) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (finish, finished) = mpsc::channel();
    let running_requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&running_requests);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let router = Router::new()
                .route(
                    "/length",
                    post(|body: Bytes| async move { body.len().to_string() }),
                )
                .route(
                    "/name",
                    get(|Extension(id): Extension<RequestId>| async move { id.to_string() }),
                )
                .route("/slow/{ms}", get(slow))
                .route("/long", get(|| async { "x".repeat(LONG_BYTES) }))
                .layer(Extension(counted));
            serve(listener, router, limits, async move { drop(stopped.await) }).await;
        });
        finish.send(()).unwrap();
    });
    Running {
        address,
        stop,
        finished,
        running_requests,
    }
}

async fn slow(
    Extension(running_requests): Extension<Arc<AtomicUsize>>,
    axum::extract::Path(ms): axum::extract::Path<u64>,
) -> &'static str {
    running_requests.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "done"
}

impl Running {
    fn wait_for_running(&self, requests: usize) {
        let begun = Instant::now();
        while self.running_requests.load(Ordering::SeqCst) < requests {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "the requests did not reach the router"
            );
            std::thread::yield_now();
        }
    }

    /// Opens a connection and writes. [`answer`] reads the answer.
    fn write(&self, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(text).unwrap();
        stream
    }

    fn call(&self, text: &str) -> String {
        answer(self.write(text.as_bytes()))
    }
}

/// Reads everything until the server closes the connection. If the connection is reset, the text says so.
fn answer(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => String::from_utf8(bytes).unwrap(),
        Err(error) => format!(
            "{:?} after {}",
            error.kind(),
            String::from_utf8_lossy(&bytes)
        ),
    }
}

fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let line = answer.lines().find(|line| {
        line.split_once(':')
            .is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
    });
    line.and_then(|line| line.split_once(": "))
        .map_or("", |(_, value)| value)
}

#[test]
fn every_answer_has_an_id_and_it_is_the_callers_if_that_is_a_token() {
    let running = start(QUICK);
    let named = running.call(
        "GET /name HTTP/1.1\r\nHost: t\r\nConnection: close\r\nX-Request-Id: till-7.a_b\r\n\r\n",
    );
    assert_eq!(header(&named, "X-Request-Id"), "till-7.a_b");
    assert!(named.ends_with("\r\n\r\ntill-7.a_b"), "{named}");
    for bad in ["", "two words", "<script>", &"x".repeat(65)] {
        let made = running.call(&format!(
            "GET /missing HTTP/1.1\r\nHost: t\r\nConnection: close\r\nX-Request-Id: {bad}\r\n\r\n"
        ));
        assert!(made.starts_with("HTTP/1.1 404"), "{made}");
        assert!(
            uuid::Uuid::try_parse(header(&made, "X-Request-Id")).is_ok(),
            "{made}"
        );
    }
}

#[test]
fn a_caller_with_a_too_large_body_gets_the_refusal() {
    let running = start(QUICK);
    let fits = running.call(&format!(
        "POST /length HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{}",
        "x".repeat(1000)
    ));
    assert!(fits.ends_with("\r\n\r\n1000"), "{fits}");
    let large = "x".repeat(1_000_000);
    let announced = format!(
        "POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{large}",
        large.len()
    );
    let chunked = format!(
        "POST /length HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    let expecting =
        "POST /length HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n"
            .to_owned();
    for request in [announced, chunked, expecting] {
        let refused = running.call(&request);
        assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
        assert_eq!(header(&refused, "X-Fiscal-State"), "unknown");
        assert!(!header(&refused, "X-Request-Id").is_empty());
        assert!(
            refused.contains("\"errorType\":\"BodyTooLarge\""),
            "{refused}"
        );
        let own = running.call(&request.replace("/length", "/own"));
        assert!(own.starts_with("HTTP/1.1 413"), "{own}");
        assert!(!own.to_lowercase().contains("x-fiscal-state"), "{own}");
        let ids = (header(&own, "X-Request-Id"), header(&own, "request-id"));
        assert_eq!(ids.0, ids.1);
        assert!(own.ends_with("own") && !ids.0.is_empty(), "{own}");
    }
}

#[test]
fn a_body_that_does_not_arrive_is_refused_after_the_timeout() {
    let running = start(QUICK);
    let begun = Instant::now();
    let refused =
        running.call("POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf");
    assert!(refused.starts_with("HTTP/1.1 408"), "{refused}");
    assert_eq!(header(&refused, "X-Fiscal-State"), "unknown");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_incomplete_head_and_an_idle_connection_are_closed() {
    let running = start(QUICK);
    for text in ["", "GET /na", "GET /name HTTP/1.1\r\nHost: t\r\nX: "] {
        let begun = Instant::now();
        let answered = running.call(text);
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{text}: {answered}"
        );
    }
    let kept = running.call("GET /name HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(kept.starts_with("HTTP/1.1 200"), "{kept}");
    let large = running.call(&format!(
        "GET /name HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    ));
    assert!(
        large.starts_with("HTTP/1.1 431") || large.starts_with("ConnectionReset"),
        "{large}"
    );
}

#[test]
fn two_thousand_half_open_connections_do_not_delay_a_sale() {
    let running = start(ConnectionLimits {
        connections: 64,
        // A sale that waited for one of them to end would wait this long.
        head_timeout: Duration::from_secs(90),
        ..QUICK
    });
    // The test process may not open thousands of files, so only the newest few hundred connections stay open.
    let mut flood = std::collections::VecDeque::new();
    for number in 0..2_000 {
        let text: &[u8] = if number % 2 == 0 {
            b"POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n"
        } else {
            b"GET /na"
        };
        flood.push_back(running.write(text));
        if flood.len() > 300 {
            flood.pop_front();
        }
        if number % 200 == 199 {
            let begun = Instant::now();
            let answered = running.call("POST /length HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 4\r\n\r\nsale");
            assert!(
                answered.ends_with("\r\n\r\n4"),
                "after {number}: {answered}"
            );
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "after {number}: {:?}",
                begun.elapsed()
            );
        }
    }
}

#[test]
fn when_all_slots_are_busy_a_new_connection_gets_503() {
    let running = start(ConnectionLimits {
        connections: 2,
        ..QUICK
    });
    let request = b"GET /slow/700 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    let busy = [running.write(request), running.write(request)];
    let sale =
        "POST /length HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 4\r\n\r\nsale";
    running.wait_for_running(2);
    let refused = running.call(sale);
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert_eq!(header(&refused, "X-Fiscal-State"), "unknown");
    assert_eq!(header(&refused, "Retry-After"), "1");
    assert!(!header(&refused, "X-Request-Id").is_empty());
    for stream in busy {
        let answered = answer(stream);
        assert!(answered.ends_with("done"), "{answered}");
    }
    assert!(running.call(sale).ends_with("\r\n\r\n4"));
}

#[test]
fn shutdown_ends_idle_connections_at_once_and_running_requests_within_the_limit() {
    let running = start(ConnectionLimits {
        head_timeout: Duration::from_secs(90),
        shutdown: Duration::from_secs(60),
        ..QUICK
    });
    let idle = running.write(b"");
    let mut busy = running.write(b"GET /slow/300 HTTP/1.1\r\nHost: t\r\n\r\nG");
    running.wait_for_running(1);
    let begun = Instant::now();
    running.stop.send(()).unwrap();
    let mut answered = String::new();
    let _ = busy.read_to_string(&mut answered);
    assert!(answered.ends_with("done"), "{answered}");
    assert_eq!(answer(idle), "");
    running
        .finished
        .recv_timeout(Duration::from_secs(40))
        .unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(40),
        "{:?}",
        begun.elapsed()
    );
    let refused = TcpStream::connect(running.address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_request_that_never_ends_does_not_delay_the_shutdown_beyond_the_limit() {
    let running = start(QUICK);
    let busy = running.write(b"GET /slow/60000 HTTP/1.1\r\nHost: t\r\n\r\n");
    running.wait_for_running(1);
    running.stop.send(()).unwrap();
    running
        .finished
        .recv_timeout(Duration::from_secs(40))
        .unwrap();
    let _ = busy.shutdown(Shutdown::Both);
}

#[test]
fn a_caller_that_does_not_take_its_answer_loses_its_connection() {
    let running = start(QUICK);
    let mut caller = running.write(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
    // The caller reads the first byte, and then nothing until the listener has ended, which waits for open connections.
    let mut first = [0];
    caller.read_exact(&mut first).unwrap();
    let other = running.call("GET /name HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    let mut taken = 1;
    // Two times the longest wait is enough for the connection to end, and the test waits as long as it takes.
    std::thread::sleep(2 * QUICK.write_timeout);
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = caller.read(&mut bytes) {
        taken += count;
    }
    assert!(taken < LONG_BYTES, "the answer was not cut off");
}
