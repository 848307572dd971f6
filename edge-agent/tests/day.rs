//! A day of trouble, played to the end: two hundred sales from four clients, an office that goes away twenty times in every way there
//! is, and an agent that is killed five times. In the end everything is where it belongs, once.

mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ferrotill::api::json::Node;
use ferrotill::standin::{Condition, StandIn, Strictness};
use ferrotill::store::{ChainKey, Reader};
use ferrotill_device::emulator::{Rig, RigOptions};
use shop::outside::{Process, until};
use shop::till::serve_office;
use shop::weather::{Line, Weather};
use shop::{Client, configuration, count, value};
use uuid::Uuid;

const CLIENTS: usize = 4;
const SALES: usize = 200;
/// After so many sales the weather turns, so that it is bad twenty times.
const WEATHER_EVERY: usize = 5;
/// Sales after which the agent is killed.
const KILLS: [usize; 5] = [33, 71, 102, 143, 188];

/// How the office goes away, in turns.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Line(Weather),
    Office(Condition),
}

const TROUBLES: [Trouble; 12] = [
    Trouble::Line(Weather::Refused),
    Trouble::Office(Condition::Down),
    Trouble::Line(Weather::Silent),
    Trouble::Office(Condition::Error),
    Trouble::Line(Weather::Portal),
    Trouble::Office(Condition::Slow),
    Trouble::Line(Weather::Broken),
    Trouble::Office(Condition::Refuse),
    Trouble::Line(Weather::Drip),
    Trouble::Line(Weather::Tls),
    Trouble::Line(Weather::Redirect),
    Trouble::Line(Weather::Unable),
];

#[test]
fn a_day_of_trouble_ends_with_every_document_in_its_place_once() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let rig = Rig::start(RigOptions::new(link.clone())).unwrap();
    let office = StandIn::new(Strictness::AnyObject);
    let line = Line::to(serve_office(office.clone()));
    let books = folder.path().join("books");
    let port = free_port();
    let file = folder.path().join("ferrotill.toml");
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let text = configuration(books.to_str().unwrap(), &uri, &line.url)
        .replace("127.0.0.1:0", &format!("127.0.0.1:{port}"))
        .replace("timeout_ms = 2000", "timeout_ms = 300")
        .replace("offline_after_ms = 1000", "offline_after_ms = 400")
        .replace("dwell_s = 1", "dwell_s = 0");
    fs::write(&file, text).unwrap();

    let mut agent = Process::agent(&file);
    let client = Client::new(format!("http://127.0.0.1:{port}"));
    let sold = AtomicUsize::new(0);
    let (outages, kills) = thread::scope(|scope| {
        for seller in 0..CLIENTS {
            let (client, sold) = (client.clone(), &sold);
            scope.spawn(move || {
                for sale in (seller..SALES).step_by(CLIENTS) {
                    sell(&client, sale);
                    sold.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        let (mut outages, mut kills) = (0, 0);
        let mut turned = 0;
        loop {
            let done = sold.load(Ordering::Acquire);
            if done >= SALES {
                return (outages, kills);
            }
            if done / WEATHER_EVERY > turned {
                turned = done / WEATHER_EVERY;
                line.set(Weather::Fair);
                office.set(Condition::Up, Duration::ZERO);
                if turned % 2 == 1 {
                    match TROUBLES[outages % TROUBLES.len()] {
                        Trouble::Line(weather) => line.set(weather),
                        Trouble::Office(condition) => {
                            office.set(condition, Duration::from_millis(700));
                        }
                    }
                    outages += 1;
                }
            }
            if kills < KILLS.len() && done >= KILLS[kills] {
                agent.kill();
                agent = Process::agent(&file);
                kills += 1;
            }
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!((outages, kills), (20, KILLS.len()));
    line.set(Weather::Fair);
    office.set(Condition::Up, Duration::ZERO);

    until("the office is told everything", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let closed = client.post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
    until("the Z-report is told", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });

    // Each sale has one document, fiscal or alternative, and the numbers have no gap.
    let fiscal = listed(&client, "receipts/full?count=1000");
    let alternative = listed(&client, "alternativereceipts/full?count=1000");
    let mut documents = BTreeMap::new();
    for document in fiscal.iter().chain(&alternative) {
        let words = |name: &str| match value(document, name) {
            Node::Text(text) => text.clone(),
            other => panic!("{name} is {other:?}"),
        };
        let earlier = documents.insert(words("id"), words("uniqueId"));
        assert_eq!(earlier, None, "two documents for {}", words("id"));
    }
    let expected: BTreeSet<String> = (0..SALES).map(|sale| id_of(sale).to_string()).collect();
    assert!(
        documents.keys().eq(expected.iter()),
        "{} documents",
        documents.len()
    );
    // How many are alternative depends on how fast the sales are; that each weather leads to them is shown in `offline.rs`.
    assert!(!fiscal.is_empty());
    let numbers: BTreeSet<u64> = fiscal
        .iter()
        .chain(&alternative)
        .map(|document| count(document, "number"))
        .collect();
    assert!(numbers.into_iter().eq(1..=200));

    // The printer has the fiscal ones, the office has them all, each once.
    assert_eq!(rig.snapshot(true).fiscal_receipts.len(), fiscal.len());
    let received = office.received();
    let mut keys: BTreeSet<String> = received.iter().map(|one| one.key.clone()).collect();
    assert_eq!(keys.len(), received.len(), "a key was taken twice");
    for unique_id in documents.values() {
        assert!(
            keys.remove(unique_id),
            "the office does not have {unique_id}"
        );
    }
    assert_eq!(keys.len(), 1, "and the Z-report");

    // Till, printer and office agree on the sums.
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );
    let of_kind = |kind: &str| received.iter().filter(|one| one.kind == kind).count();
    assert_eq!(
        (of_kind("sale"), of_kind("alternative_receipt")),
        (fiscal.len(), alternative.len())
    );
    let told: u64 = received
        .iter()
        .filter(|one| one.kind == "sale")
        .map(|one| {
            count(
                &Node::parse(one.body.get().as_bytes()).unwrap(),
                "totalAmount",
            )
        })
        .sum();
    let total = closed.at("data.totalAmount").replace('.', "");
    assert_eq!(told.to_string(), total);

    agent.kill();
    let key = ChainKey::load_or_create(&books.join("journal.key")).unwrap();
    assert!(Reader::new(&books).verify(&key).unwrap() > 400);
}

/// Repeats a sale until it is sold, as a caller does whose agent may be gone for a moment.
fn sell(client: &Client, sale: usize) {
    let begun = Instant::now();
    let body = format!(
        r#"{{"id":"{}","items":[{{"name":"Piine","quantity":1,"price":{}.{:02},"taxGroupCode":"B"}}],"payments":[{{"typeCode":0,"amount":20.00}}]}}"#,
        id_of(sale),
        10 + sale / 100,
        sale % 100
    );
    loop {
        match client.call("POST", "operations/sale", &body, |_| ()) {
            Ok(reply) if reply.state.as_deref() == Some("registered") => return,
            Ok(reply) => assert!(
                matches!(reply.state.as_deref(), Some("unknown" | "not_registered")),
                "{}",
                reply.text
            ),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "sale {sale}");
    }
}

fn id_of(sale: usize) -> Uuid {
    Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0000_0000_0000 + u128::try_from(sale).unwrap())
}

fn listed(client: &Client, path: &str) -> Vec<Node> {
    match value(&client.get(path).body, "data.data") {
        Node::Array(items) => items.clone(),
        other => panic!("{path}: {other:?}"),
    }
}

/// A port for the agent's lives: each of them is at the same address.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
