//! What the tax authority is told of a document is what was frozen when the document was sealed, whatever the configuration says
//! later; and refused documents hold up no other document.

mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ferrotill::api::json::JsonValue;
use ferrotill::simulator::tax_office::AuthorityCondition;
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::network::ProxyMode;
use shop::till::{SALE, Till};
use shop::{DEVICE, POINT_OF_SALE, count, value};

/// What the office does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// It takes the document, and answers.
    Accepts,
    /// It takes the document, and its answer is lost.
    AnswerLost,
    /// It refuses the document.
    Refuses,
}

/// An office that knows a document by its key, and takes no other body under a known key.
#[derive(Clone)]
struct Office(Arc<Mutex<Ledger>>);

struct Ledger {
    mood: Mood,
    /// The key and the body of every request, in the order in which they came.
    requests: Vec<(String, String)>,
    /// The bodies that were taken, by key.
    taken: BTreeMap<String, String>,
    /// Requests with a known key and another body.
    clashes: usize,
}

impl Office {
    fn start() -> (Self, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let office = Self(Arc::new(Mutex::new(Ledger {
            mood: Mood::Accepts,
            requests: Vec::new(),
            taken: BTreeMap::new(),
            clashes: 0,
        })));
        let serving = office.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let office = serving.clone();
                thread::spawn(move || while office.answer(&stream).is_some() {});
            }
        });
        (office, url)
    }

    fn set(&self, mood: Mood) {
        self.0.lock().unwrap().mood = mood;
    }

    /// Reads one request and answers it. `None` at the end of the connection.
    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (mut key, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, content)) = line.split_once(": ") {
                match name.to_ascii_lowercase().as_str() {
                    "idempotency-key" => key = content.to_owned(),
                    "content-length" => length = content.parse().unwrap(),
                    _ => {}
                }
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).unwrap();
        let answer = self.hear(key, body)?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(answer.as_bytes()).ok()
    }

    fn hear(&self, key: String, body: String) -> Option<&'static str> {
        let mut ledger = self.0.lock().unwrap();
        if key.is_empty() {
            // The till asks for the time, which is no document.
            return Some("{}");
        }
        ledger.requests.push((key.clone(), body.clone()));
        if ledger.mood == Mood::Refuses {
            return Some(r#"{"status":"error","message":"not today"}"#);
        }
        let known = ledger.taken.entry(key).or_insert_with(|| body.clone());
        if *known != body {
            ledger.clashes += 1;
            return Some(
                r#"{"status":"error","message":"another document has come under the key"}"#,
            );
        }
        (ledger.mood == Mood::Accepts).then_some(r#"{"status":"success"}"#)
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap().requests.clone()
    }

    /// The bodies of the documents that were taken, after a check that no key came with two bodies.
    fn taken(&self) -> Vec<JsonValue> {
        let ledger = self.0.lock().unwrap();
        assert_eq!(ledger.clashes, 0, "a document came again with another body");
        let bodies = ledger.taken.values();
        bodies
            .map(|body| JsonValue::parse(body.as_bytes()).unwrap())
            .collect()
    }
}

const SECOND: &str = "5c6f2f0a-92f3-4c06-a8b5-1e5a3a2a0002";

fn with_second_device(config: ConfigText) -> ConfigText {
    let second = Device::new(SECOND, "Till 2", "datecs+tcp://127.0.0.1:9")
        .tax_group("A", "20.00")
        .range("XYZ", 1, 500, 8)
        .point_of_sale(POINT_OF_SALE, "1");
    config.device(second)
}

fn till_at(url: &str, address: &str) -> Till {
    Till::new(|config| {
        config
            .upstream(url)
            .set("till", "address", text(address))
            .set("till", "registration_number", text("J105002238"))
    })
}

fn identity(document: &JsonValue, field: &str) -> String {
    match value(document, &format!("identity.{field}")) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{other}"),
    }
}

/// The office takes a document and its answer is lost. Until the next start the shop moves, gets another name, or gets a second
/// device: the document is told again byte for byte, and the office knows it.
#[test]
fn a_document_is_told_again_with_the_same_bytes_whatever_changed_meanwhile() {
    type Change = fn(ConfigText) -> ConfigText;
    let changes: [(&str, Change); 3] = [
        ("the address", |config| {
            config.set("till", "address", text("str. Noua 2"))
        }),
        ("the owner", |config| {
            config.owner("Alta SRL", "1003600000099")
        }),
        ("a second device", with_second_device),
    ];
    for (what, change) in changes {
        let (office, url) = Office::start();
        office.set(Mood::AnswerLost);
        let mut till = till_at(&url, "str. Veche 1");
        till.start();
        assert!(till.sells(), "{what}");
        till.until("the office has the document", |_| {
            !office.requests().is_empty()
        });
        till.stop();
        till.configure(change);
        office.set(Mood::Accepts);
        till.start();
        till.until("the document is acknowledged", |till| till.unsent() == 0);
        let requests: BTreeSet<(String, String)> = office.requests().into_iter().collect();
        assert_eq!(requests.len(), 1, "{what}: {requests:?}");
        let taken = office.taken();
        assert_eq!(identity(&taken[0], "shopAddress"), "str. Veche 1", "{what}");
        assert_eq!(identity(&taken[0], "fn"), "J105002238", "{what}");
    }
}

/// A device is removed while its document waits: the document is told under the device's own number, and not under the one of the
/// device that is left.
#[test]
fn the_document_of_a_removed_device_is_told_under_its_own_number() {
    let (office, url) = Office::start();
    let mut till = till_at("http://127.0.0.1:9", "str. Veche 1");
    till.configure(with_second_device);
    till.start();
    assert_eq!(till.client().post("operations/sale", SALE).status, 200);
    assert_eq!(till.unsent(), 1);
    till.stop();
    till.configure(|config| config.without_device(0).upstream(&url));
    till.start();
    till.until("the document is acknowledged", |till| till.unsent() == 0);
    let taken = office.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(identity(&taken[0], "fn"), DEVICE);
}

/// Forty documents were refused before a restart. The next sale reaches the office before they are all sent again.
#[test]
fn after_a_restart_refused_documents_hold_up_no_new_one() {
    const REFUSED: u64 = 40;
    /// Attempts before the new document: one that is being made, and those for which the pause ends meanwhile.
    const ATTEMPTS_MAX: usize = 5;
    let (office, url) = Office::start();
    office.set(Mood::Refuses);
    let mut till = till_at(&url, "str. Veche 1");
    till.start();
    let sale = SALE.replacen(
        '{',
        r#"{"receiptMode":"AlternativeReceiptOnly","print":false,"#,
        1,
    );
    for _ in 0..REFUSED {
        assert_eq!(till.client().post("operations/sale", &sale).status, 200);
    }
    till.until("all are refused", |till| {
        count(&till.health().body, "unsent.refused") == REFUSED
    });
    till.stop();
    let old: BTreeSet<String> = office.requests().into_iter().map(|(key, _)| key).collect();
    till.start();
    let before = office.requests().len();
    assert_eq!(till.client().post("operations/sale", &sale).status, 200);
    let is_new = |(key, _): &(String, String)| !old.contains(key);
    till.until("the new document reaches the office", |_| {
        office.requests().iter().any(is_new)
    });
    let requests = office.requests();
    let attempts = requests[before..].iter().position(is_new).unwrap();
    assert!(attempts <= ATTEMPTS_MAX, "{attempts} attempts before it");

    // Nothing is lost: when the office takes documents, it gets all of them.
    office.set(Mood::Accepts);
    till.until("all are acknowledged", |till| till.unsent() == 0);
    assert_eq!(office.taken().len(), old.len() + 1);
}

/// An office that answers and refuses everything has taken nothing over: the time without the authority goes on.
#[test]
fn an_office_that_only_refuses_does_not_end_the_time_without_it() {
    let mut till = Till::new(|config| config.set("offline", "hours_at_a_stretch", 100));
    till.network.set(ProxyMode::Refused);
    till.start();
    till.sells_until(false);
    till.until("the budget is counted", |till| {
        till.health().at("offline.counting") == "true"
    });
    till.authority
        .set(AuthorityCondition::Refuse, Duration::ZERO);
    till.network.set(ProxyMode::Forward);
    till.until("the office answers", |till| {
        till.health().at("office.state") == "online"
    });
    assert_eq!(till.health().at("offline.counting"), "true");
    till.authority.set(AuthorityCondition::Up, Duration::ZERO);
    till.until("all are acknowledged", |till| till.unsent() == 0);
    assert_eq!(till.health().at("offline.counting"), "false");
}

/// The acknowledgement names the environment that gave it, and the body is gone from the database; its digest stays.
#[test]
fn an_acknowledgement_names_its_environment_and_clears_the_body() {
    let (_office, url) = Office::start();
    let mut till = till_at(&url, "str. Veche 1");
    till.start();
    assert!(till.sells());
    till.until("the document is acknowledged", |till| till.unsent() == 0);
    let row: (String, String, Option<Vec<u8>>, i64) = till
        .raw()
        .query_row(
            "SELECT recipient, environment, digest, (SELECT count(*) FROM outbox_request) FROM outbox",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!((row.0.as_str(), row.1.as_str()), ("authority", "TEST"));
    assert_eq!(row.2.map(|digest| digest.len()), Some(32));
    assert_eq!(row.3, 0, "the body is cleared");
}
