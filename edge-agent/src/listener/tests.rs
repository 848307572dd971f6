//! What callers, slow ones and hostile ones see of the listener, over loopback.

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
    head_bytes: 8 * 1024,
    shutdown: Duration::from_millis(500),
};

/// A listener on a port and a thread of its own; `finished` hears when it has ended.
struct Running {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    finished: mpsc::Receiver<()>,
    /// How many slow requests have reached the router.
    at_work: Arc<AtomicUsize>,
}

fn start(limits: ConnectionLimits) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (finish, finished) = mpsc::channel();
    let at_work = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&at_work);
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
                .layer(Extension(counted));
            serve(listener, router, limits, async move { drop(stopped.await) }).await;
        });
        finish.send(()).unwrap();
    });
    Running {
        address,
        stop,
        finished,
        at_work,
    }
}

async fn slow(
    Extension(at_work): Extension<Arc<AtomicUsize>>,
    axum::extract::Path(ms): axum::extract::Path<u64>,
) -> &'static str {
    at_work.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "done"
}

impl Running {
    fn until_at_work(&self, requests: usize) {
        let begun = Instant::now();
        while self.at_work.load(Ordering::SeqCst) < requests {
            assert!(begun.elapsed() < Duration::from_secs(10), "never at work");
            std::thread::yield_now();
        }
    }

    /// Opens a connection and writes; what comes back is read with [`answer`].
    fn write(&self, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(text).unwrap();
        stream
    }

    fn ask(&self, text: &str) -> String {
        answer(self.write(text.as_bytes()))
    }
}

/// Everything until the server closes; a reset is told as such.
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
fn every_answer_has_a_name_the_callers_if_it_is_a_token() {
    let running = start(QUICK);
    let named = running.ask(
        "GET /name HTTP/1.1\r\nHost: t\r\nConnection: close\r\nX-Request-Id: till-7.a_b\r\n\r\n",
    );
    assert_eq!(header(&named, "X-Request-Id"), "till-7.a_b");
    assert!(named.ends_with("\r\n\r\ntill-7.a_b"), "{named}");
    for bad in ["", "two words", "<script>", &"x".repeat(65)] {
        let made = running.ask(&format!(
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
fn a_body_too_large_is_refused_and_the_answer_is_heard() {
    let running = start(QUICK);
    let fits = running.ask(&format!(
        "POST /length HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{}",
        "x".repeat(1000)
    ));
    assert!(fits.ends_with("\r\n\r\n1000"), "{fits}");
    let large = "x".repeat(1_000_000);
    let told = format!(
        "POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{large}",
        large.len()
    );
    let chunked = format!(
        "POST /length HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    let asked =
        "POST /length HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n"
            .to_owned();
    for request in [told, chunked, asked] {
        let refused = running.ask(&request);
        assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
        assert_eq!(header(&refused, "X-Fiscal-State"), "unknown");
        assert!(!header(&refused, "X-Request-Id").is_empty());
        assert!(
            refused.contains("\"errorType\":\"BodyTooLarge\""),
            "{refused}"
        );
    }
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let running = start(QUICK);
    let begun = Instant::now();
    let refused = running.ask("POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf");
    assert!(refused.starts_with("HTTP/1.1 408"), "{refused}");
    assert_eq!(header(&refused, "X-Fiscal-State"), "unknown");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_head_that_does_not_come_and_an_idle_connection_are_closed() {
    let running = start(QUICK);
    for text in ["", "GET /na", "GET /name HTTP/1.1\r\nHost: t\r\nX: "] {
        let begun = Instant::now();
        let said = running.ask(text);
        assert!(begun.elapsed() < Duration::from_secs(3), "{text}: {said}");
    }
    let kept = running.ask("GET /name HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(kept.starts_with("HTTP/1.1 200"), "{kept}");
    let large = running.ask(&format!(
        "GET /name HTTP/1.1\r\nHost: t\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    ));
    assert!(
        large.starts_with("HTTP/1.1 431") || large.starts_with("ConnectionReset"),
        "{large}"
    );
}

#[test]
fn two_thousand_half_open_connections_do_not_hold_up_a_sale() {
    let running = start(ConnectionLimits {
        connections: 64,
        head_timeout: Duration::from_secs(3),
        ..QUICK
    });
    // The test process may not open thousands of files, so the flood keeps its newest few hundred open.
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
            let said = running.ask("POST /length HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 4\r\n\r\nsale");
            assert!(said.ends_with("\r\n\r\n4"), "after {number}: {said}");
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "after {number}: {:?}",
                begun.elapsed()
            );
        }
    }
}

#[test]
fn when_every_place_is_at_work_a_newcomer_hears_so() {
    let running = start(ConnectionLimits {
        connections: 2,
        ..QUICK
    });
    let request = b"GET /slow/700 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
    let at_work = [running.write(request), running.write(request)];
    let sale =
        "POST /length HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 4\r\n\r\nsale";
    running.until_at_work(2);
    let refused = running.ask(sale);
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert_eq!(header(&refused, "X-Fiscal-State"), "unknown");
    assert_eq!(header(&refused, "Retry-After"), "1");
    assert!(!header(&refused, "X-Request-Id").is_empty());
    for stream in at_work {
        let said = answer(stream);
        assert!(said.ends_with("done"), "{said}");
    }
    assert!(running.ask(sale).ends_with("\r\n\r\n4"));
}

#[test]
fn shutdown_ends_idle_connections_at_once_and_requests_within_the_bound() {
    let running = start(ConnectionLimits {
        head_timeout: Duration::from_secs(60),
        shutdown: Duration::from_secs(5),
        ..QUICK
    });
    let idle = running.write(b"");
    let mut at_work = running.write(b"GET /slow/300 HTTP/1.1\r\nHost: t\r\n\r\nG");
    running.until_at_work(1);
    let begun = Instant::now();
    running.stop.send(()).unwrap();
    let mut said = String::new();
    let _ = at_work.read_to_string(&mut said);
    assert!(said.ends_with("done"), "{said}");
    assert_eq!(answer(idle), "");
    running
        .finished
        .recv_timeout(Duration::from_secs(10))
        .unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    let refused = TcpStream::connect(running.address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn a_request_that_never_ends_does_not_hold_up_the_shutdown() {
    let running = start(QUICK);
    let at_work = running.write(b"GET /slow/60000 HTTP/1.1\r\nHost: t\r\n\r\n");
    running.until_at_work(1);
    running.stop.send(()).unwrap();
    running
        .finished
        .recv_timeout(Duration::from_secs(5))
        .unwrap();
    let _ = at_work.shutdown(Shutdown::Both);
}
