//! Tests of calls that give no request id, over real HTTP: a retry never sells twice, a second sale is never lost without a word,
//! and every answer names the id with which its request can be repeated.

mod shop;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;

use ferrotill_device::emulator::{FaultKind, FaultOrder};
use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::till::{SALE, Till};
use shop::{Client, Headers, Reply};
use uuid::Uuid;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
const SALE_PATH: &str = "/api/v1/operations/sale";
/// The command with which the printer closes a receipt.
const CLOSE: u8 = 0x38;

/// Sends a call, and returns its headers too, so that the same bytes can be sent again.
fn sent(client: &Client, operation: &str, body: &str) -> (Reply, Headers) {
    let mut headers = Headers::new();
    let reply = client.call("POST", operation, body, |signed| headers = signed.clone());
    (reply.unwrap(), headers)
}

fn again(client: &Client, operation: &str, body: &str, headers: &Headers) -> Reply {
    let same = |signed: &mut Headers| signed.clone_from(headers);
    client.call("POST", operation, body, same).unwrap()
}

/// Sends a sale and disconnects when `until` returns, before an answer could have come. Returns the headers.
fn sent_without_listening(client: &Client, until: impl FnOnce()) -> Headers {
    let mut headers = Headers::new();
    // This call fails: its target has no server. It is made for its headers.
    let nowhere = Client::new("http://127.0.0.1:1".to_owned());
    let _ = nowhere.call("POST", "operations/sale", SALE, |signed| {
        headers = signed.clone();
    });
    let address = client.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let length = SALE.len();
    let head = format!(
        "POST {SALE_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: {length}\r\n\r\n"
    );
    stream
        .write_all(format!("{head}{SALE}").as_bytes())
        .unwrap();
    until();
    headers
}

/// The printer takes this many milliseconds longer to close the next receipt.
fn slow_close(ms: u64) -> FaultOrder {
    FaultOrder {
        kind: FaultKind::Delay,
        command: Some(CLOSE),
        times: 1,
        ms,
    }
}

/// Checks the refusal of a second equal call, whose first call made the document with this id.
fn refused(reply: &Reply, id: &str) {
    let expected = (422, "registered", "SignatureReplayed".to_owned());
    assert_eq!(reply.verdict(), expected, "{}", reply.text);
    assert_eq!(reply.operation.as_deref(), Some(id));
    assert!(reply.at("message").contains(id), "{}", reply.text);
    assert!(!reply.replayed);
}

#[test]
fn a_second_equal_call_after_the_answer_is_refused_visibly() {
    let shop = Shop::open();
    for (operation, body, given) in [
        ("operations/sale", SALE, "data.fiscalReceipt.id"),
        ("receipts", SALE, "data.id"),
        ("cashoperations", r#"{"amount":5.00}"#, "data.id"),
        ("operations/closeday", "", "data.id"),
    ] {
        let (first, headers) = sent(&shop.client, operation, body);
        assert_eq!(first.status, 200, "{operation}: {}", first.text);
        let id = first.at(given);
        assert_eq!(first.operation.as_deref(), Some(id.as_str()), "{operation}");
        for _ in 0..3 {
            refused(&again(&shop.client, operation, body, &headers), &id);
        }
        // The refusal names the id, and a request with the id is a repetition of the first request.
        let with_id = match body {
            "" => format!(r#"{{"id":"{id}"}}"#),
            body => body.replacen('{', &format!(r#"{{"id":"{id}","#), 1),
        };
        let repeated = shop.client.post(operation, &with_id);
        assert!(repeated.replayed, "{operation}: {}", repeated.text);
        assert_eq!(repeated.text, first.text, "{operation}");
    }
    assert_eq!(shop.receipts().len(), 2);
}

#[test]
fn a_retry_of_a_caller_that_got_no_answer_gets_the_first_document() {
    let shop = Shop::open();
    shop.rig.add_fault(slow_close(300));
    let headers = sent_without_listening(&shop.client, || {
        // The printer has begun with the receipt, so the order is not dropped because its caller has gone.
        shop::outside::until("the receipt is begun", || {
            shop.rig.snapshot(false).receipt_open
        });
    });
    let retried = again(&shop.client, "operations/sale", SALE, &headers);
    assert_eq!(
        (retried.status, retried.replayed),
        (200, true),
        "{}",
        retried.text
    );
    let id = retried.receipt("id");
    // The retry got the whole answer, so that an equal call is another sale from now on.
    refused(&again(&shop.client, "operations/sale", SALE, &headers), &id);
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn equal_calls_at_once_make_one_document_and_the_others_are_told() {
    let shop = Shop::open();
    let mut headers = Headers::new();
    let nowhere = Client::new("http://127.0.0.1:1".to_owned());
    let _ = nowhere.call("POST", "operations/sale", SALE, |signed| {
        headers = signed.clone();
    });
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (client, headers) = (shop.client.clone(), headers.clone());
            std::thread::spawn(move || again(&client, "operations/sale", SALE, &headers))
        })
        .collect();
    let replies: Vec<Reply> = callers
        .into_iter()
        .map(|caller| caller.join().unwrap())
        .collect();
    let first: Vec<&Reply> = replies
        .iter()
        .filter(|reply| reply.status == 200 && !reply.replayed)
        .collect();
    assert_eq!(first.len(), 1, "{replies:?}");
    let id = first[0].receipt("id");
    for reply in &replies {
        if reply.status == 200 {
            assert_eq!(reply.receipt("id"), id);
        } else {
            refused(reply, &id);
        }
    }
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn a_restart_forgets_no_answer() {
    let mut till = Till::open();
    let (answered, of_answered) = sent(till.client(), "operations/sale", SALE);
    let id = answered.receipt("id");
    till.rig.set_paper(Paper::Out);
    let body = SALE.replacen('{', r#"{"receiptMode":"FiscalReceiptOnly","#, 1);
    let (without_paper, of_refused) = sent(till.client(), "operations/sale", &body);
    assert_eq!(
        without_paper.verdict().1,
        "not_registered",
        "{}",
        without_paper.text
    );
    till.rig.set_paper(Paper::Ok);
    till.rig.add_fault(slow_close(300));
    let of_unanswered = sent_without_listening(till.client(), || {
        shop::outside::until("the receipt is begun", || {
            till.rig.snapshot(false).receipt_open
        });
    });
    till.until("the document is sealed", |till| till.numbers().len() == 2);
    till.stop();
    till.start();
    refused(
        &again(till.client(), "operations/sale", SALE, &of_answered),
        &id,
    );
    let reply = again(till.client(), "operations/sale", &body, &of_refused);
    let expected = (422, "not_registered", "SignatureReplayed".to_owned());
    assert_eq!(reply.verdict(), expected, "{}", reply.text);
    let retried = again(till.client(), "operations/sale", SALE, &of_unanswered);
    assert_eq!(
        (retried.status, retried.replayed),
        (200, true),
        "{}",
        retried.text
    );
    let second = retried.receipt("id");
    refused(
        &again(till.client(), "operations/sale", SALE, &of_unanswered),
        &second,
    );
    assert_eq!(till.numbers().len(), 2);
}

/// The agent remembers 8,192 calls. Of a call that it has forgotten it does not know whether its caller got the answer.
#[test]
fn a_call_that_was_forgotten_is_refused_after_a_restart() {
    let mut till = Till::open();
    let (answered, headers) = sent(till.client(), "operations/sale", SALE);
    assert_eq!(answered.status, 200, "{}", answered.text);
    let id = answered.receipt("id");
    till.stop();
    let path = till.folder.path().join("books/calls.ended");
    let mut ended = fs::read(&path).unwrap();
    let newest = ended[..8].to_owned();
    for number in 1..=8_192_u64 {
        ended.extend_from_slice(&newest);
        ended.extend_from_slice(&number.to_le_bytes().repeat(4));
    }
    fs::write(&path, ended).unwrap();
    // The second start reads the file that the first one has made shorter.
    for _ in 0..2 {
        till.start();
        till.stop();
    }
    till.start();
    refused(
        &again(till.client(), "operations/sale", SALE, &headers),
        &id,
    );
    assert_eq!(till.numbers().len(), 1);
}

#[test]
fn a_call_with_an_unknown_outcome_is_repeated_with_the_id_of_the_answer() {
    let till = Till::open_with(|config| config.set("till", "answer_timeout_ms", 500));
    till.rig.add_fault(slow_close(1_500));
    let (waited, headers) = sent(till.client(), "operations/sale", SALE);
    let expected = (422, "unknown", "OutcomeUnknown".to_owned());
    assert_eq!(waited.verdict(), expected, "{}", waited.text);
    let id = waited.operation.clone().expect("the id of the call");
    let advice = format!("repeat the request with the id {id}");
    assert!(waited.at("message").contains(&advice), "{}", waited.text);
    // A caller that looks for the document never reads that it does not exist, and so does not sell again.
    let looks = [
        till.client().get(&format!("receipts/{id}")),
        till.client().post(&format!("receipts/{id}/duplicate"), ""),
    ];
    for look in looks {
        let code = look.at("errorType");
        assert!(
            ["OutcomeUnknown", "DuplicateNotPrinted", "null"].contains(&code.as_str()),
            "{}",
            look.text
        );
    }
    till.until("the document is sealed", |till| till.numbers().len() == 1);
    refused(
        &again(till.client(), "operations/sale", SALE, &headers),
        &id,
    );
    let with_id = SALE.replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    let repeated = till.client().post("operations/sale", &with_id);
    assert!(repeated.replayed, "{}", repeated.text);
    assert_eq!(repeated.receipt("id"), id);
    assert_eq!(till.numbers().len(), 1);
}

#[test]
fn every_answer_of_a_creating_operation_names_its_id() {
    let shop = Shop::open();
    let bad_price = |body: &str| body.replace("25.50", "25.505");
    let with_id = SALE.replacen('{', &format!(r#"{{"id":"{ID}","#), 1);
    let wrong = |headers: &mut Headers| {
        for (name, value) in headers {
            if *name == "Api-Signature" {
                *value = "0".repeat(64);
            }
        }
    };
    // A call with an id that can be read names that id.
    for (what, reply) in [
        (
            "a fault",
            shop.client.post("operations/sale", &bad_price(&with_id)),
        ),
        ("a sale", shop.client.post("operations/sale", &with_id)),
        (
            "a repetition",
            shop.client.post("operations/sale", &with_id),
        ),
        (
            "another kind",
            shop.client
                .post("cashoperations", &format!(r#"{{"id":"{ID}","amount":1}}"#)),
        ),
        (
            "a wrong signature",
            shop.client
                .call("POST", "operations/sale", &with_id, wrong)
                .unwrap(),
        ),
    ] {
        assert_eq!(
            reply.operation.as_deref(),
            Some(ID),
            "{what}: {}",
            reply.text
        );
    }
    // A signed call without an id gets one, whatever becomes of the call.
    for (what, operation, body) in [
        ("a fault", "operations/sale", bad_price(SALE)),
        (
            "a refusal",
            "operations/sale",
            SALE.replace("\"A\"", "\"E\""),
        ),
        ("a sale", "operations/sale", SALE.to_owned()),
        ("a report", "operations/intermediatetotals", String::new()),
    ] {
        let reply = shop.client.post(operation, &body);
        let id = reply.operation.as_deref().expect(what);
        assert!(Uuid::try_parse(id).is_ok(), "{what}: {id}");
        let operation = shop.client.open(&format!("/operations/{id}"));
        assert_eq!(operation.at("fiscal_state"), reply.state.unwrap(), "{what}");
    }
    // The agent names no id that it does not know.
    for (what, reply) in [
        (
            "no JSON",
            shop.client.post("operations/sale", &with_id[..40]),
        ),
        (
            "no id",
            shop.client
                .post("operations/sale", &with_id.replace(ID, "seven")),
        ),
        (
            "a wrong signature and no id",
            shop.client
                .call("POST", "operations/sale", SALE, wrong)
                .unwrap(),
        ),
    ] {
        assert_eq!(reply.operation, None, "{what}: {}", reply.text);
        assert_eq!(reply.state.as_deref(), Some("unknown"), "{what}");
    }
    assert_eq!(shop.client.get("receipts").operation, None);
}
