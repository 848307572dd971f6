//! A day with faults: two hundred sales from four clients, twenty outages of the tax authority of every kind, and an agent that is
//! killed five times. At the end the printer, the journal and the authority have every document exactly once.

mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ferrotill::api::json::JsonValue;
use ferrotill::simulator::tax_office::{
    AuthorityCondition, Received, Strictness, TaxOfficeSimulator,
};
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_store::{ChainKey, Reader};
use ferrotill_testkit::config::text;
use ferrotill_testkit::network::{Proxy, ProxyMode};
use ferrotill_testkit::paper::{BookedReceipt, PaperWords, ReadReceipt, documents_of};
use shop::books::{assert_fiscal_receipt, assert_receipt, booked, money};
use shop::outside::{Process, run_agent_process, until};
use shop::till::serve_authority;
use shop::{Client, config, count, value};
use uuid::Uuid;

const CLIENTS: usize = 4;
const SALES: usize = 200;
/// The number of sales between two changes of the authority, chosen so that the authority has twenty outages.
const PHASE: usize = 5;
/// The number of sales at the beginning of an outage. Further sales wait until the till has noticed the outage.
const UNNOTICED: usize = 2;
/// While the test waits for the sender, each check shortens the sender's pauses by this many milliseconds.
const SKIP_MS: u64 = 250;
/// The agent is killed after these numbers of sales.
const KILLS: [usize; 5] = [33, 71, 102, 143, 188];

/// The way in which the authority fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Network(ProxyMode),
    Authority(AuthorityCondition),
}

impl Trouble {
    fn begin(self, network: &Proxy, authority: &TaxOfficeSimulator) {
        match self {
            Self::Network(mode) => network.set(mode),
            // The authority answers more slowly than the till waits.
            Self::Authority(condition) => authority.set(condition, Duration::from_millis(700)),
        }
    }

    /// True if the till goes offline. An authority that refuses documents can be reached, so the till stays online.
    fn is_an_outage(self) -> bool {
        self != Self::Authority(AuthorityCondition::Refuse)
    }
}

/// Assigns sales to the sellers, and counts the finished ones.
#[derive(Default)]
struct Counter {
    next: AtomicUsize,
    allowed: AtomicUsize,
    sold: AtomicUsize,
}

impl Counter {
    /// The work of one seller: sells one sale after another, each one when it is allowed.
    fn work(&self, sell: impl Fn(usize)) {
        loop {
            let sale = self.next.fetch_add(1, Ordering::AcqRel);
            if sale >= SALES {
                return;
            }
            while self.allowed.load(Ordering::Acquire) <= sale {
                thread::sleep(Duration::from_millis(1));
            }
            sell(sale);
            self.sold.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Allows this many sales and does not wait for them.
    fn allow(&self, sales: usize) {
        self.allowed.store(sales, Ordering::Release);
    }

    /// Allows this many sales and waits until they are finished.
    fn let_until(&self, sales: usize) {
        self.allow(sales);
        until("the sales are sold", || {
            self.sold.load(Ordering::Acquire) >= sales
        });
    }
}

const TROUBLES: [Trouble; 12] = [
    Trouble::Network(ProxyMode::Refused),
    Trouble::Authority(AuthorityCondition::Down),
    Trouble::Network(ProxyMode::Silent),
    Trouble::Authority(AuthorityCondition::Error),
    Trouble::Network(ProxyMode::LoginPage),
    Trouble::Authority(AuthorityCondition::Slow),
    Trouble::Network(ProxyMode::Broken),
    Trouble::Authority(AuthorityCondition::Refuse),
    Trouble::Network(ProxyMode::Trickle),
    Trouble::Network(ProxyMode::Tls),
    Trouble::Network(ProxyMode::Redirect),
    Trouble::Network(ProxyMode::Unable),
];

/// If the test fails, dropping this value lets the sellers finish, so that the test ends.
struct AllowAll<'a>(&'a Counter);

impl Drop for AllowAll<'_> {
    fn drop(&mut self) {
        self.0.allow(SALES);
    }
}

/// The agent of the day, in a process of its own: the test below starts and kills it. When the test harness runs it directly,
/// this test does nothing.
#[test]
fn agent_process() {
    run_agent_process();
}

#[test]
fn a_day_of_trouble_ends_with_every_document_in_its_place_once() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let rig = Rig::start(RigOptions::new(link.clone())).unwrap();
    let authority = TaxOfficeSimulator::new(Strictness::AnyObject);
    let network = Proxy::to(serve_authority(authority.clone()));
    let books = folder.path().join("books");
    let port = free_port();
    let file = folder.path().join("ferrotill.toml");
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let config = config(&books, &uri, &network.url)
        .set("api", "listen", text(format!("127.0.0.1:{port}")))
        .set("upstream", "timeout_ms", 300)
        .set("upstream", "offline_after_ms", 400)
        .set("upstream", "dwell_s", 0);
    fs::write(&file, config.to_string()).unwrap();

    let client = Client::new(format!("http://127.0.0.1:{port}"));
    let mut agent = sell_all(&file, &client, &network, &authority);
    let mut until_sent = |what: &str| {
        until(what, || {
            agent.skip(SKIP_MS);
            count(&client.open("/healthz").body, "unsent.documents") == 0
        });
    };
    until_sent("the authority has every document");
    let closed = client.post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
    until_sent("the authority has the Z-report");

    let fiscal = listed(&client, "receipts/full?count=1000");
    let alternative = listed(&client, "alternativereceipts/full?count=1000");
    let documents = check_documents(&fiscal, &alternative);
    check_papers(&rig.paper(), fiscal.iter().chain(&alternative));
    assert_eq!(rig.snapshot(true).fiscal_receipts.len(), fiscal.len());
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );
    let total = closed.at("data.totalAmount").replace('.', "");
    let received = authority.received();
    assert_eq!(sum_of_sales(&received).to_string(), total);
    let of_kind = |kind: &str| received.iter().filter(|one| one.kind == kind).count();
    assert_eq!(
        (of_kind("sale"), of_kind("alternative_receipt")),
        (fiscal.len(), alternative.len())
    );
    check_keys(&received, documents);

    agent.kill();
    let key = ChainKey::load(&books.join("journal.key")).unwrap();
    assert!(Reader::new(&books).verify(&key).unwrap() > 400);
}

/// Sells everything while the authority has its outages and the agent is killed; returns the last agent.
fn sell_all(
    file: &Path,
    client: &Client,
    network: &Proxy,
    authority: &TaxOfficeSimulator,
) -> Process {
    let mut agent = Process::skippable_agent(file);
    let counter = Counter::default();
    let mut kills = KILLS.iter().copied().peekable();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| counter.work(|sale| sell(client, sale)));
        }
        let _allow_all = AllowAll(&counter);
        for phase in 0..SALES / PHASE {
            let begin = phase * PHASE;
            let end = begin + PHASE;
            network.set(ProxyMode::Forward);
            authority.set(AuthorityCondition::Up, Duration::ZERO);
            until_state(&mut agent, client, "online");
            if phase % 2 == 1 {
                let trouble = TROUBLES[phase / 2 % TROUBLES.len()];
                trouble.begin(network, authority);
                counter.let_until(begin + UNNOTICED);
                if trouble.is_an_outage() {
                    until_state(&mut agent, client, "offline");
                }
            }
            if kills.next_if(|kill| (begin..end).contains(kill)).is_some() {
                counter.allow(end);
                agent.kill();
                agent = Process::skippable_agent(file);
            }
            counter.let_until(end);
        }
    });
    assert_eq!(
        kills.next(),
        None,
        "the agent was killed as often as planned"
    );
    network.set(ProxyMode::Forward);
    authority.set(AuthorityCondition::Up, Duration::ZERO);
    agent
}

/// Waits until the till is online or offline.
fn until_state(agent: &mut Process, client: &Client, state: &str) {
    until(&format!("the till is {state}"), || {
        agent.skip(SKIP_MS);
        client.open("/healthz").at("office.state") == state
    });
}

/// Checks that each sale has one document, fiscal or alternative, and that the numbers have no gap. Returns the documents'
/// unique ids by their ids.
fn check_documents(fiscal: &[JsonValue], alternative: &[JsonValue]) -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    for document in fiscal.iter().chain(alternative) {
        let text = |name: &str| match value(document, name) {
            JsonValue::Text(text) => text.clone(),
            other => panic!("{name} is {other:?}"),
        };
        let earlier = documents.insert(text("id"), text("uniqueId"));
        assert_eq!(earlier, None, "two documents for {}", text("id"));
    }
    let expected: BTreeSet<String> = (0..SALES).map(|sale| id_of(sale).to_string()).collect();
    assert!(
        documents.keys().eq(expected.iter()),
        "{} documents",
        documents.len()
    );
    let numbers = fiscal.iter().chain(alternative);
    let numbers: BTreeSet<u64> = numbers.map(|document| count(document, "number")).collect();
    assert!(numbers.into_iter().eq(1..=200));
    assert!(!fiscal.is_empty());
    let expected = alternative_at_least();
    assert!(
        alternative.len() >= expected,
        "{} of {expected}",
        alternative.len()
    );
    documents
}

/// Reads every paper back that is still on the printer's roll, and compares it with its document. Each sale has a price of its own.
fn check_papers<'d>(roll: &str, documents: impl Iterator<Item = &'d JsonValue>) {
    let facts = ferrotill_core::profile::by_code("MD").unwrap().facts();
    let words = PaperWords::of(facts.language, facts.currency);
    let by_total: BTreeMap<i64, BookedReceipt> = documents
        .map(|document| (money(document, "totalAmount"), booked(document)))
        .collect();
    assert_eq!(by_total.len(), SALES);
    let mut compared = BTreeSet::new();
    for paper in documents_of(roll) {
        let lines = paper.iter().copied();
        match paper[0].trim() {
            "BON FISCAL" if !paper.iter().any(|line| line.contains("ANULAT")) => {
                let total = ReadReceipt::of_fiscal_printer(lines).total.unwrap();
                assert_fiscal_receipt("day", &paper, &by_total[&total]);
                compared.insert(total);
            }
            "BON NEFISCAL" => {
                let total = ReadReceipt::of(lines, &words).total.unwrap();
                assert_receipt("day", &paper, &words, &by_total[&total]);
                compared.insert(total);
            }
            _ => {}
        }
    }
    // The roll keeps the newest documents, and no slip was printed while the agent was killed.
    assert!(compared.len() > SALES / 2, "{}", compared.len());
}

/// The smallest number of alternative receipts: the sales of each outage after the till has noticed it, except outages in which
/// the agent was killed and had to notice it again.
fn alternative_at_least() -> usize {
    let outages = (0..SALES / PHASE / 2).filter(|turn| {
        let begin = (turn * 2 + 1) * PHASE;
        let killed = KILLS
            .iter()
            .any(|kill| (begin..begin + PHASE).contains(kill));
        TROUBLES[turn % TROUBLES.len()].is_an_outage() && !killed
    });
    outages.count() * (PHASE - UNNOTICED)
}

/// Checks that the authority has every document once, and the Z-report.
fn check_keys(received: &[Received], documents: BTreeMap<String, String>) {
    let mut keys: BTreeSet<String> = received.iter().map(|one| one.key.clone()).collect();
    assert_eq!(keys.len(), received.len(), "a key was accepted twice");
    for unique_id in documents.into_values() {
        assert!(
            keys.remove(&unique_id),
            "the authority does not have {unique_id}"
        );
    }
    assert_eq!(keys.len(), 1, "and the Z-report");
}

/// The sum of the sales that the authority has received, in minor units.
fn sum_of_sales(received: &[Received]) -> u64 {
    let sales = received.iter().filter(|one| one.kind == "sale");
    let bodies = sales.map(|one| JsonValue::parse(one.body.get().as_bytes()).unwrap());
    bodies.map(|body| count(&body, "totalAmount")).sum()
}

/// Repeats a sale until it is sold, as a caller does while the agent starts again.
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

fn listed(client: &Client, path: &str) -> Vec<JsonValue> {
    match value(&client.get(path).body, "data.data") {
        JsonValue::Array(items) => items.clone(),
        other => panic!("{path}: {other:?}"),
    }
}

/// A port that every process of the agent uses in turn.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
