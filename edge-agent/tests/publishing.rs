//! Receipts that are published: as files in a bucket, and at an eReceipt service, whatever their servers answer.

mod shop;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread;

use ferrotill_testkit::config::{ConfigText, text};
use ferrotill_testkit::health_page::check_says;
use shop::Client;
use shop::inside::Shop;
use shop::outside::until;
use shop::till::Till;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";

fn sale(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","items":[{{"name":"Pâine","price":8.10,"quantity":1,"taxGroupCode":"B"}}],"payments":[{{"typeCode":0,"amount":10}}]}}"#
    )
}

fn sell(client: &Client, number: u8) -> String {
    let id = ID.replace("0001", &format!("{number:04}"));
    let sold = client.post("operations/sale", &sale(&id));
    assert_eq!(sold.status, 200, "{}", sold.text);
    id
}

/// A member of what became of a publication; empty if the document has none.
fn publication(client: &Client, id: &str, recipient: &str, member: &str) -> String {
    let shown = client.open(&format!("/operations/{id}"));
    (0..shown.list("deliveries"))
        .find(|place| shown.at(&format!("deliveries.{place}.recipient")) == recipient)
        .map(|place| shown.at(&format!("deliveries.{place}.{member}")))
        .unwrap_or_default()
}

fn until_state(client: &Client, id: &str, recipient: &str, state: &str) {
    until(&format!("{id} {recipient} {state}"), || {
        publication(client, id, recipient, "state") == state
    });
}

/// Waits until health lists a problem, and compares what it says with the page.
fn until_listed(client: &Client, id: &str) {
    let says = || {
        let health = client.open("/healthz");
        (0..health.list("problems"))
            .find(|place| health.at(&format!("problems.{place}.id")) == id)
            .map(|place| health.at(&format!("problems.{place}.says")))
    };
    until(id, || says().is_some());
    check_says(id, &says().unwrap());
}

fn until_over(client: &Client, id: &str) {
    until("the problem is over", || {
        !client.open("/healthz").text.contains(id)
    });
}

/// A request that a server has taken.
#[derive(Clone, Debug)]
struct Taken {
    line: String,
    head: String,
    body: Vec<u8>,
}

/// A server that answers each request with the next of its answers, and then with the last one: status and body. An empty status
/// ends the connection without an answer, after the request was taken.
#[derive(Clone)]
struct Server {
    url: String,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Server {
    fn answering(answers: &'static [(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            taken: Arc::default(),
        };
        let taken = Arc::clone(&server.taken);
        thread::spawn(move || {
            let mut place = 0;
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let Some(request) = request(&stream) else {
                    continue;
                };
                taken.lock().unwrap().push(request);
                let (status, body) = answers[place.min(answers.len() - 1)];
                place += 1;
                if status.is_empty() {
                    stream.shutdown(Shutdown::Both).unwrap();
                    continue;
                }
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        server
    }

    fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

fn request(stream: &TcpStream) -> Option<Taken> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let head = head.to_lowercase();
    let length = |line: &str| line.strip_prefix("content-length: ")?.parse().ok();
    let length: usize = head.lines().find_map(length).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Taken {
        line: line.trim().to_owned(),
        head,
        body,
    })
}

fn with_bucket(config: ConfigText, url: &str) -> ConfigText {
    config
        .set(
            "ereceipt",
            "public_url",
            text("https://receipts.shop.example"),
        )
        .set("ereceipt", "public_days", 1)
        .set("ereceipt.bucket", "url", text(url))
        .set("ereceipt.bucket", "name", text("receipts"))
        .set("ereceipt.bucket", "region", text("eu-central-1"))
        .set("ereceipt.bucket", "key", text("AKIAEXAMPLE"))
        .set("ereceipt.bucket", "secret", text("s3cret"))
}

fn with_service(config: ConfigText, url: &str) -> ConfigText {
    config
        .set("ereceipt.service", "url", text(url))
        .set("ereceipt.service", "key", text("test_key"))
        .set("ereceipt.service", "secret", text("s3cret"))
}

#[test]
fn a_bucket_gets_the_page_after_its_pdf_once_it_takes_them() {
    let server = Server::answering(&[
        (
            "403 Forbidden",
            "<Error><Code>SignatureDoesNotMatch</Code></Error>",
        ),
        ("200 OK", ""),
    ]);
    let shop = Shop::open_with(|config| with_bucket(config, &server.url));
    let id = sell(&shop.client, 1);
    until_listed(&shop.client, "bucket_away");
    let error = publication(&shop.client, &id, "bucket", "last_error");
    assert!(error.contains("403 (SignatureDoesNotMatch)"), "{error}");
    until_state(&shop.client, &id, "bucket", "sent");
    until_over(&shop.client, "bucket_away");
    let taken = server.taken();
    let lines: Vec<_> = taken.iter().map(|one| one.line.as_str()).collect();
    let [refused, pdf, page] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(
        refused == pdf && pdf.starts_with("PUT /receipts/r/") && pdf.contains("/pdf HTTP/1.1"),
        "{lines:?}"
    );
    assert_eq!(pdf.replace("/pdf", ""), *page);
    assert!(taken[1].body.starts_with(b"%PDF-"));
    let html = String::from_utf8(taken[2].body.clone()).unwrap();
    let token = page.split('/').nth(3).unwrap().split(' ').next().unwrap();
    assert!(
        html.contains(&format!("href=\"{token}/pdf\"")) && html.contains("8.10"),
        "{html}"
    );
    assert!(
        html.contains("http-equiv=\"Content-Security-Policy\"") && !html.contains("<form"),
        "{html}"
    );
    for one in &taken {
        let signed = "credential=akiaexample/";
        assert!(
            one.head.contains(signed) && one.head.contains("/eu-central-1/s3/aws4_request"),
            "{}",
            one.head
        );
    }
    // The same request again publishes nothing.
    assert!(shop.client.post("operations/sale", &sale(&id)).replayed);
    let other = sell(&shop.client, 2);
    until_state(&shop.client, &other, "bucket", "sent");
    assert_eq!(server.taken().len(), 5);
}

#[test]
fn a_receipt_whose_time_is_over_before_the_bucket_is_back_is_given_up() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let till = Till::open_with(|config| with_bucket(config, &url));
    assert!(till.sells());
    until_listed(till.client(), "bucket_away");
    let ahead_s = 26 * 3_600;
    till.printer_ahead_s.store(ahead_s, Ordering::Release);
    till.clock.set_offset(ahead_s);
    until_listed(till.client(), "bucket_failed");
}

const TOKEN: &str = r#"{"access_token":"t0ken","access_token_expires_in":86400}"#;
const MADE: &str = r#"{"public_link":{"href":"https://receipt.example/abc"}}"#;
const REFUSED: &str = r#"{"status_code":400,"code":"E_REQUEST_INVALID","message":"no"}"#;

#[test]
fn a_service_is_asked_again_after_its_own_faults_and_never_after_a_refusal() {
    let server = Server::answering(&[
        ("200 OK", TOKEN),
        ("503 Service Unavailable", ""),
        ("401 Unauthorized", ""),
        ("200 OK", TOKEN),
        ("400 Bad Request", REFUSED),
        // The answer of the next receipt is lost, and the same receipt is sent again.
        ("", ""),
        ("200 OK", MADE),
    ]);
    let shop = Shop::open_with(|config| with_service(config, &server.url));
    let refused = sell(&shop.client, 1);
    until_listed(&shop.client, "ereceipt_away");
    until_state(&shop.client, &refused, "ereceipt", "failed");
    until_listed(&shop.client, "ereceipt_failed");
    until_over(&shop.client, "ereceipt_away");
    let error = publication(&shop.client, &refused, "ereceipt", "last_error");
    assert!(error.contains("400 (E_REQUEST_INVALID: no)"), "{error}");
    let made = sell(&shop.client, 2);
    until_state(&shop.client, &made, "ereceipt", "sent");
    until_over(&shop.client, "ereceipt_failed");
    let link = publication(&shop.client, &made, "ereceipt", "link");
    assert_eq!(link, "https://receipt.example/abc");
    let taken = server.taken();
    let lines: Vec<_> = taken.iter().map(|one| one.line.as_str()).collect();
    let login = "POST /auth HTTP/1.1".to_owned();
    let put = |id: &str| format!("PUT /receipt/{id} HTTP/1.1");
    let (first, second) = (put(&refused), put(&made));
    let expected = [&login, &first, &first, &login, &first, &second, &second];
    assert_eq!(lines, expected);
    let body = String::from_utf8(taken[5].body.clone()).unwrap();
    assert!(
        body.contains(r#""ekabs_v0":{"#) && body.contains(r#""full_amount_incl_vat":"8.10""#),
        "{body}"
    );
    assert!(taken[5].head.contains("authorization: bearer t0ken"));
}

#[test]
fn what_was_sold_while_the_network_was_away_is_published_after_a_restart() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let mut till = Till::open_with(|config| with_service(config, &url));
    let ids: Vec<String> = (1..=5).map(|number| sell(till.client(), number)).collect();
    until_listed(till.client(), "ereceipt_away");
    till.stop();
    let server = Server::answering(&[("200 OK", r#"{"access_token":"t0ken","public_link":{}}"#)]);
    till.configure(|config| with_service(config, &server.url));
    till.start();
    for id in &ids {
        until_state(till.client(), id, "ereceipt", "sent");
    }
    let puts: Vec<String> = server.taken().into_iter().map(|one| one.line).collect();
    for id in &ids {
        let of_this = puts.iter().filter(|line| line.contains(id.as_str()));
        assert_eq!(of_this.count(), 1, "{puts:?}");
    }
}
