//! The results of deliveries to the authority simulator, to other servers, and to no server.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::super::online_ecr::OnlineEcr;
use super::super::online_ecr::tests::sale;
use super::super::{Authority, EncodedRequest, ReportedDocument, Verdict};
use super::{Delivery, agent, send};
use crate::authority::failure::DeliveryFailure;
use crate::config::Trust;
use crate::simulator::tax_office::tests::Running;
use crate::simulator::tax_office::{AuthorityCondition, Strictness};

const TIMEOUT: Duration = Duration::from_millis(400);

fn encoded() -> EncodedRequest {
    OnlineEcr::default()
        .encode(&ReportedDocument::Receipt(sale()))
        .unwrap()
}

fn deliver(url: &str) -> Delivery {
    send(
        &agent(TIMEOUT, &Trust::BuiltIn),
        &OnlineEcr::default(),
        url,
        &encoded(),
    )
}

#[test]
fn deliveries_to_the_authority_simulator_in_all_its_conditions() {
    let running = Running::start(Strictness::Rules);
    for (condition, verdict) in [
        (
            AuthorityCondition::Down,
            Verdict::Failed(DeliveryFailure::Broken),
        ),
        (
            AuthorityCondition::Error,
            Verdict::Failed(DeliveryFailure::Unable(500)),
        ),
        (
            AuthorityCondition::Refuse,
            Verdict::Refused {
                message: "refused by the simulator".to_owned(),
            },
        ),
        (
            AuthorityCondition::CaptivePortal,
            Verdict::Failed(DeliveryFailure::NotTheAuthority(200)),
        ),
        (
            AuthorityCondition::EmptyObject,
            Verdict::Failed(DeliveryFailure::NotTheAuthority(200)),
        ),
        (
            AuthorityCondition::Slow,
            Verdict::Failed(DeliveryFailure::TimedOut),
        ),
        (
            AuthorityCondition::Trickle,
            Verdict::Failed(DeliveryFailure::TimedOut),
        ),
        (AuthorityCondition::Up, Verdict::Acknowledged),
    ] {
        running.simulator.set(condition, Duration::from_secs(5));
        assert_eq!(deliver(&running.url()).verdict, verdict, "{condition}");
    }
    // The slow simulator had accepted the document. The two attempts after it were its second and third delivery.
    assert_eq!(running.simulator.received().len(), 1);
    assert_eq!(running.simulator.duplicates(), 2);
    assert_eq!(
        running.simulator.received()[0].key,
        encoded().key.to_string()
    );
}

/// A server that answers every connection with these bytes, followed by spaces without end if `endless`.
fn server(answer: &'static [u8], endless: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
            while endless && stream.write_all(&[b' '; 4096]).is_ok() {}
        }
    });
    url
}

/// The beginning of a head whose last line has no end.
static HEAD_WITHOUT_END: [u8; 21] = *b"HTTP/1.1 200 OK\r\nX: y";

#[test]
fn a_wrong_or_broken_answer_is_not_the_authoritys() {
    for (answer, endless, failure) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<html></html>\n"[..], false, DeliveryFailure::NotTheAuthority(200)),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", false, DeliveryFailure::NotTheAuthority(302)),
        (b"HTTP/1.1 307 Again\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 20\r\n\r\n{\"status\":\"success\"}", false, DeliveryFailure::NotTheAuthority(307)),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":\"success\"}", true, DeliveryFailure::NotHttp),
        (b"SSH-2.0-OpenSSH_9.2\r\n", false, DeliveryFailure::NotHttp),
        (&HEAD_WITHOUT_END, true, DeliveryFailure::NotHttp),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"stat", false, DeliveryFailure::Broken),
        (b"", false, DeliveryFailure::Broken),
    ] {
        let delivery = deliver(&server(answer, endless));
        assert_eq!(delivery.verdict, Verdict::Failed(failure), "{}", String::from_utf8_lossy(answer));
    }
}

#[test]
fn retry_after_of_a_server_that_is_unable_is_returned() {
    let url = server(
        b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
        false,
    );
    assert_eq!(
        deliver(&url),
        Delivery {
            verdict: Verdict::Failed(DeliveryFailure::Unable(503)),
            retry_after: Some(Duration::from_secs(7)),
            date_ms: None,
        }
    );
}

#[test]
fn no_server_is_unreachable_and_a_trickling_answer_times_out() {
    let no_server = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(
        deliver(&format!("http://{no_server}")).verdict,
        Verdict::Failed(DeliveryFailure::Refused)
    );
    assert_eq!(
        deliver("http://no-such-office.invalid").verdict,
        Verdict::Failed(DeliveryFailure::NoSuchHost)
    );

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while stream.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let begun = Instant::now();
    assert_eq!(
        deliver(&url).verdict,
        Verdict::Failed(DeliveryFailure::TimedOut)
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
}
