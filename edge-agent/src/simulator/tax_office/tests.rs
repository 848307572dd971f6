//! The authority simulator over real connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{AuthorityCondition, Strictness, TaxOfficeSimulator, serve};
use crate::authority::online_ecr::OnlineEcr;
use crate::authority::online_ecr::tests::{deposit, refund, sale, z_report};
use crate::authority::{Authority, ReportedDocument};

/// An authority simulator on its own loopback port and thread. It ends with the test.
pub(crate) struct Running {
    pub(crate) simulator: TaxOfficeSimulator,
    pub(crate) address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Running {
    pub(crate) fn start(strictness: Strictness) -> Self {
        let simulator = TaxOfficeSimulator::new(strictness);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = simulator.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let stopped = async move { drop(stopped.await) };
                serve(listener, served, stopped).await;
            });
        });
        Self {
            simulator,
            address,
            stop: Some(stop),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Status and body of the answer to one request over a new connection.
    fn call(
        &self,
        method: &str,
        path: &str,
        key: &str,
        body: &str,
    ) -> std::io::Result<(u16, Value)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let key = if key.is_empty() {
            String::new()
        } else {
            format!("Idempotency-Key: {key}\r\n")
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{key}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let status = text
            .get(9..12)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    fn post(&self, kind: &str, key: &str, body: &str) -> Value {
        let (status, answer) = self.call("POST", &format!("/{kind}"), key, body).unwrap();
        assert_eq!(status, 200);
        answer
    }

    fn send(&self, document: ReportedDocument) -> Value {
        let encoded = OnlineEcr::default().encode(&document).unwrap();
        self.post(
            encoded.kind.name(),
            &encoded.key.to_string(),
            encoded.text(),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn refusal(message: &str) -> Value {
    json!({"status": "error", "message": message})
}

#[test]
fn the_documents_of_a_day_are_accepted_and_listed() {
    let running = Running::start(Strictness::Rules);
    for document in [
        ReportedDocument::Receipt(sale()),
        ReportedDocument::Receipt(refund()),
        ReportedDocument::Cash(deposit()),
        ReportedDocument::ZReport(z_report()),
    ] {
        let answer = running.send(document);
        assert_eq!(answer["status"], "success", "{answer}");
    }
    let (_, state) = running.call("GET", "/sim/authority", "", "").unwrap();
    assert_eq!(
        state,
        json!({"state": "up", "received": 4, "duplicates": 0})
    );
    let (_, documents) = running
        .call("GET", "/sim/authority/received", "", "")
        .unwrap();
    assert_eq!(documents.as_array().unwrap().len(), 4);
    let (_, reports) = running
        .call("GET", "/sim/authority/received?kind=z_report", "", "")
        .unwrap();
    assert_eq!(reports[0]["kind"], "z_report");
    assert_eq!(reports[0]["key"], "00000000-0000-0000-0000-000000000009");
    assert_eq!(
        reports[0]["body"]["totals"]["sale"],
        json!({"count": 1, "amount": 1858})
    );
    assert_eq!(reports.as_array().unwrap().len(), 1);
}

#[test]
fn a_key_is_accepted_once_and_with_one_body() {
    let running = Running::start(Strictness::AnyObject);
    let first = running.post("sale", "k", "{\"a\":1}");
    assert_eq!(first, json!({"status": "success", "key": "k"}));
    assert_eq!(running.post("sale", "k", "{ \"a\": 1 }"), first);
    assert_eq!(
        running.post("sale", "k", "{\"a\":2}"),
        refusal("another document has come under the key k before")
    );
    assert_eq!(
        (
            running.simulator.received().len(),
            running.simulator.duplicates()
        ),
        (1, 1)
    );
    assert_eq!(running.simulator.received()[0].body.get(), "{\"a\":1}");
}

#[test]
fn a_broken_request_changes_nothing() {
    let running = Running::start(Strictness::AnyObject);
    assert_eq!(
        running.post("sale", "k", "[]"),
        refusal("the body is not a JSON object")
    );
    assert_eq!(running.post("sale", "k", "{\"a\":")["status"], "error");
    assert_eq!(
        running.post("receipt", "k", "{}"),
        refusal("there is no document kind receipt")
    );
    assert_eq!(
        running.post("sale", "", "{}"),
        refusal("the header Idempotency-Key is missing")
    );
    let mut half = TcpStream::connect(running.address).unwrap();
    write!(
        half,
        "POST /sale HTTP/1.1\r\nHost: t\r\nIdempotency-Key: k\r\nContent-Length: 99\r\n\r\n{{}}"
    )
    .unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = half.read_to_end(&mut Vec::new());
    assert!(running.simulator.received().is_empty());
    assert_eq!(running.post("sale", "k", "{}")["status"], "success");
}

#[test]
fn the_conditions_down_slow_refuse_and_error() {
    let running = Running::start(Strictness::AnyObject);
    let switch = |body: &str| running.call("PUT", "/sim/authority", "", body).unwrap();
    assert_eq!(switch("{\"state\":\"refuse\"}").1["state"], "refuse");
    assert_eq!(
        running.post("sale", "k", "{}"),
        refusal("refused by the simulator")
    );
    switch("{\"state\":\"error\"}");
    assert_eq!(running.call("POST", "/sale", "k", "{}").unwrap().0, 500);
    switch("{\"state\":\"down\"}");
    for path in ["/sale", "/nothing", "/"] {
        let error = running.call("POST", path, "k", "{}").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{path}");
    }
    assert_eq!(
        running.call("GET", "/sim/authority", "", "").unwrap().1,
        json!({"state": "down", "received": 0, "duplicates": 0})
    );
    assert_eq!(running.call("GET", "/sim/nothing", "", "").unwrap().0, 404);
    switch("{\"state\":\"slow\",\"ms\":80}");
    let asked = Instant::now();
    assert_eq!(running.post("sale", "k", "{}")["status"], "success");
    assert!(asked.elapsed() >= Duration::from_millis(80));
    assert_eq!(switch("{\"state\":\"gone\"}").0, 422);
    switch("{\"state\":\"up\"}");
    running
        .simulator
        .set(AuthorityCondition::Up, Duration::ZERO);
    assert_eq!(running.simulator.received().len(), 1);
}

/// The result for the body of a sale in which one piece of text is replaced.
fn verdict(from: &str, to: &str) -> String {
    let encoded = OnlineEcr::default()
        .encode(&ReportedDocument::Receipt(sale()))
        .unwrap();
    assert!(
        encoded.text().contains(from),
        "{from} in {}",
        encoded.text()
    );
    let mut accepted = super::rules::AcceptedDocuments::default();
    let text = encoded.text().replacen(from, to, 1);
    accepted
        .accept(encoded.kind, text.as_bytes())
        .err()
        .unwrap_or_else(|| "accepted".to_owned())
}

#[test]
fn a_receipt_that_breaks_a_rule_is_refused() {
    for (from, to, expected) in [
        ("\"msgID\":1", "\"mgsID\":1", "accepted"),
        (
            "\"totalAmount\":1858",
            "\"totalAmount\":1859",
            "total amount not equal to real amount",
        ),
        (
            "\"totalAmount\":1858",
            "\"totalAmount\":18.58",
            "validation error: invalid type: floating point `18.58`, expected i64 at line 1 column 47",
        ),
        (
            "\"amount\":358,",
            "\"amount\":359,",
            "paid amount not equal to real amount",
        ),
        (
            "\"amount\":358,\"change\":642",
            "\"amount\":358,\"change\":-1",
            "Payments validation error",
        ),
        (
            "\"taxAmount\":138}]",
            "\"taxAmount\":137}]",
            "Taxes validation error",
        ),
        (
            "\"taxRate\":2000",
            "\"taxRate\":1900",
            "tax rates must be equal per code",
        ),
        (
            "\"2026-03-02T",
            "\"2026-13-02T",
            "incorrect date and time of operation",
        ),
        (
            "\"fn\":\"567765\"",
            "\"fn\":\"\"",
            "device with the given token not found",
        ),
        (
            "01.076Z",
            "01.0760Z",
            "incorrect date and time of operation",
        ),
        (
            "\"type\":\"CARD\"",
            "\"type\":\"GOLD\"",
            "payment type with payment code GOLD not found",
        ),
        ("\"MDL\"", "\"lei\"", "validation error: currency"),
        (
            "\"receiptNumber\":1",
            "\"receiptNumber\":0",
            "validation error: receiptNumber",
        ),
        (
            "\"qty\":2000",
            "\"qty\":0",
            "validation error: item Piine Praga (Franzeluta)",
        ),
    ] {
        assert_eq!(verdict(from, to), expected, "{from} -> {to}");
    }
    assert!(verdict("\"zNumber\":4,", "").starts_with("validation error: missing field `zNumber`"));
}

#[test]
fn numbers_must_be_unique_and_times_must_go_forward_within_a_shift() {
    let mut accepted = super::rules::AcceptedDocuments::default();
    let mut accept = |document: ReportedDocument| {
        let encoded = OnlineEcr::default().encode(&document).unwrap();
        accepted
            .accept(encoded.kind, &encoded.body)
            .err()
            .unwrap_or_else(|| "accepted".to_owned())
    };
    assert_eq!(accept(ReportedDocument::Receipt(sale())), "accepted");
    assert_eq!(
        accept(ReportedDocument::Receipt(sale())),
        "document number not unique"
    );
    let mut earlier = deposit();
    earlier.heading.at = "2026-03-02T15:35:01.075Z".to_owned();
    assert_eq!(
        accept(ReportedDocument::Cash(earlier)),
        "date/time less than last document"
    );
    let mut back = refund();
    back.items[0].name = "Water".to_owned();
    assert_eq!(
        accept(ReportedDocument::Receipt(back)),
        "no item with name Water and unit buc"
    );
    let mut back = refund();
    let more = ferrotill_core::Amount::from_minor(826);
    (back.items[0].amount, back.total, back.payments[0].paid) = (more, more, more);
    assert_eq!(
        accept(ReportedDocument::Receipt(back)),
        "amount of item Gura Cainarului 1.5l Necarbogazoasa too big"
    );
    let mut orphan = refund();
    orphan.form = crate::authority::ReportedForm::Refund { parent: Some(77) };
    assert_eq!(
        accept(ReportedDocument::Receipt(orphan)),
        "no document with fiscal number 77"
    );
    let mut again = refund();
    again.heading.fiscal_number = Some(1);
    assert_eq!(
        accept(ReportedDocument::Receipt(again)),
        "fiscal number 1 not unique"
    );
    assert_eq!(accept(ReportedDocument::Receipt(refund())), "accepted");
    let mut late = z_report();
    late.heading.at = "2026-03-03T15:35:01.077Z".to_owned();
    assert_eq!(
        accept(ReportedDocument::ZReport(late)),
        "shift is too long (device 567765, shift 4)"
    );
    let mut early = z_report();
    early.heading.at = "2026-03-02T15:35:01.076Z".to_owned();
    assert_eq!(
        accept(ReportedDocument::ZReport(early)),
        "date/time less than last document"
    );
    assert_eq!(accept(ReportedDocument::ZReport(z_report())), "accepted");
    assert_eq!(
        accept(ReportedDocument::ZReport(z_report())),
        "shift with fiscal number 4 is not unique for the device"
    );
}

#[test]
fn a_z_report_whose_sums_differ_is_refused() {
    let refusal_of = |change: fn(&mut crate::authority::ZReport)| {
        let mut report = z_report();
        change(&mut report);
        let encoded = OnlineEcr::default()
            .encode(&ReportedDocument::ZReport(report))
            .unwrap();
        super::rules::AcceptedDocuments::default()
            .accept(encoded.kind, &encoded.body)
            .err()
    };
    assert_eq!(refusal_of(|_| ()), None);
    assert_eq!(
        refusal_of(|z| z.sale_payments[0].1 = ferrotill_core::Amount::from_minor(1)).as_deref(),
        Some("Payments validation error")
    );
    assert_eq!(
        refusal_of(|z| z
            .refund_payments
            .push((crate::authority::Means::Card, ferrotill_core::Amount::ZERO)))
        .as_deref(),
        Some("Payments validation error")
    );
    assert_eq!(
        refusal_of(|z| z.withdraw = Some(crate::authority::Total {
            count: 0,
            amount: ferrotill_core::Amount::ZERO
        }))
        .as_deref(),
        Some("Totals validation error")
    );
    assert_eq!(
        refusal_of(|z| z.first_number = 4).as_deref(),
        Some("Totals validation error")
    );
    assert_eq!(
        refusal_of(|z| z.refund_tax[0].amount = ferrotill_core::Amount::from_minor(-1)).as_deref(),
        Some("Taxes validation error")
    );
}

const RANGES: &str = r#"{"msgID":1,"fiscalNumbersCnt":10,"identity":{"fn":"567765","tin":"1","shopName":"S","shopAddress":"A"}}"#;

#[test]
fn fiscal_numbers_are_reserved_once_and_up_to_twice_the_requested_count() {
    let running = Running::start(Strictness::Rules);
    let request = |key: &str| running.post("fiscal_ranges", key, RANGES)["fiscalNumbers"].clone();
    assert_eq!(request("a"), json!([{"first": 70113, "last": 70122}]));
    assert_eq!(
        request("a"),
        json!([{"first": 70113, "last": 70122}]),
        "a request whose answer was lost is the same request again"
    );
    assert_eq!(request("b"), json!([{"first": 70123, "last": 70132}]));
    assert_eq!(
        request("c"),
        json!([]),
        "twice the requested count is available already"
    );

    let mut foreign = sale();
    foreign.heading.fiscal_number = Some(70_133);
    assert_eq!(
        running.send(ReportedDocument::Receipt(foreign)),
        refusal("fiscal number 70133 is not reserved for the device")
    );
    let mut own = sale();
    own.heading.fiscal_number = Some(70_113);
    assert_eq!(
        running.send(ReportedDocument::Receipt(own))["status"],
        "success"
    );
    assert_eq!(
        request("c"),
        json!([{"first": 70133, "last": 70133}]),
        "one number was used"
    );
    let other = RANGES.replace("567765", "567766");
    assert_eq!(
        running.post("fiscal_ranges", "d", &other)["fiscalNumbers"],
        json!([{"first": 70134, "last": 70143}]),
        "no two devices have the same number"
    );
    for (from, to, expected) in [
        (
            "\"fiscalNumbersCnt\":10",
            "\"fiscalNumbersCnt\":0",
            "validation error: fiscalNumbersCnt",
        ),
        (
            "\"fn\":\"567765\"",
            "\"fn\":\"\"",
            "device with the given token not found",
        ),
    ] {
        let answer = running.post("fiscal_ranges", "e", &RANGES.replace(from, to));
        assert_eq!(answer, refusal(expected));
    }
    assert_eq!(
        running.simulator.received().len(),
        1,
        "a request for numbers is no document"
    );
}

#[test]
fn the_conditions_drip_lie_and_hollow_and_a_given_error_text() {
    let running = Running::start(Strictness::AnyObject);
    let switch = |body: &str| running.call("PUT", "/sim/authority", "", body).unwrap().0;
    assert_eq!(switch(r#"{"state":"lie"}"#), 200);
    assert_eq!(
        running.call("POST", "/sale", "k", "{}").unwrap(),
        (200, Value::Null),
        "a page is no JSON"
    );
    assert_eq!(switch(r#"{"state":"hollow"}"#), 200);
    assert_eq!(running.post("sale", "k", "{}"), json!({}));
    assert_eq!(
        switch(r#"{"state":"refuse","message":"device not active"}"#),
        200
    );
    assert_eq!(
        running.post("sale", "k", "{}"),
        refusal("device not active")
    );
    assert!(running.simulator.received().is_empty());
    assert_eq!(switch(r#"{"state":"drip","ms":1}"#), 200);
    // Each byte arrives alone, and the answer is complete in the end.
    let (status, _) = running.call("POST", "/sale", "k", "{}").unwrap();
    assert_eq!((status, running.simulator.received().len()), (200, 1));
    assert_eq!(switch(r#"{"state":"up","strict":true}"#), 200);
    assert_eq!(running.post("sale", "l", "{}")["status"], "error");
}
