//! The daily audit: what it finds, and what health says until one finds nothing.

mod shop;

use std::fs;
use std::sync::Arc;

use ferrotill::agent::audit::audit;
use ferrotill::status::audit::{AuditOutcome, AuditRecord};
use ferrotill::time::clock::Clock;
use ferrotill_testkit::config::text;
use ferrotill_testkit::health_page::check_says;
use ferrotill_testkit::program;
use shop::agent_thread::AgentThread;
use shop::inside::Shop;
use shop::outside::{Process, until};
use shop::{Client, config};

fn says(client: &Client) -> Option<String> {
    let health = client.open("/healthz");
    let problems = (0..health.list("problems")).map(|place| format!("problems.{place}"));
    let mut audits = problems.filter(|path| health.at(&format!("{path}.id")) == "audit_failed");
    audits.next().map(|path| health.at(&format!("{path}.says")))
}

/// Another program changes a table, and changes it back.
#[test]
fn an_audit_that_finds_a_fault_is_a_problem_until_one_finds_nothing() {
    if program::other().is_some() {
        return;
    }
    let shop = Shop::open();
    let client = &shop.client;
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
    let sold = client.post(
        "operations/sale",
        r#"{"items":[{"name":"Ceai","quantity":1,"price":5.00,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":5.00}]}"#,
    );
    assert_eq!(sold.status, 200, "{}", sold.text);
    assert_eq!(client.open("/healthz").at("audit.last"), "null");
    assert_eq!(audit(&shop.service).outcome, AuditOutcome::Good);
    assert_eq!(client.open("/healthz").at("audit.ok"), "true");

    let books = shop.service.settings.data_dir.clone();
    let database = rusqlite::Connection::open(books.join("ferrotill.db")).unwrap();
    let change = |by: i64| {
        let sql = "UPDATE document SET at = at + ?1";
        assert!(database.execute(sql, [by]).unwrap() > 0);
    };
    change(1);
    let found = audit(&shop.service);
    let AuditOutcome::Failed(fault) = &found.outcome else {
        panic!("{found:?}");
    };
    let health = client.open("/healthz");
    assert_eq!(health.at("audit.ok"), "false");
    assert_eq!(&health.at("audit.says"), fault);
    assert!(health.at("audit.last").ends_with('Z'));
    check_says("audit_failed", &says(client).unwrap());
    assert_eq!(AuditRecord::read(&books), Some(found));
    change(-1);
    assert_eq!(audit(&shop.service).outcome, AuditOutcome::Good);
    assert_eq!(says(client), None);
}

/// A till that is switched off over night still says in the morning what was found.
#[test]
fn what_an_audit_has_found_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let file = folder.path().join("ferrotill.toml");
    let config = config(&books, "datecs+tcp://127.0.0.1:9", "http://127.0.0.1:9");
    fs::write(&file, config.to_string()).unwrap();
    fs::create_dir(&books).unwrap();
    let record = AuditRecord {
        at_ms: 1_764_468_001_000,
        outcome: AuditOutcome::Failed("request row 1: it differs".to_owned()),
    };
    record.write(&books).unwrap();
    let agent = Process::agent(&file);
    let said = says(&agent.client).unwrap();
    assert_eq!(said, "the daily audit has found: request row 1: it differs");
    let health = agent.client.open("/healthz");
    assert_eq!(health.at("audit.last"), "2025-11-30T02:00:01.000Z");
    drop(agent);
    // A till that never audits itself does not speak of it.
    fs::write(&file, config.set("audit", "at", text("")).to_string()).unwrap();
    let agent = Process::agent(&file);
    assert_eq!(says(&agent.client), None);
}

/// A new till makes its first audit after the next time of the day, without being asked.
#[test]
fn a_till_audits_itself_once_a_day() {
    const NOON_MS: i64 = 1_764_504_000_000;
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let config = config(&books, "datecs+tcp://127.0.0.1:9", "http://127.0.0.1:9").set(
        "till",
        "time_zone",
        text("UTC"),
    );
    let clock = Arc::new(Clock::by_hand("UTC", NOON_MS).unwrap());
    let (agent, ()) = AgentThread::start(&config.to_string(), Some(&clock), |_| ());
    let record = || AuditRecord::read(&books);
    until("the record of a new till", || {
        clock.pass(1_000);
        record().is_some()
    });
    assert_eq!(record().unwrap().outcome, AuditOutcome::NotYet);
    assert_eq!(agent.client.open("/healthz").at("audit.last"), "null");
    clock.pass(24 * 3_600_000);
    until("the audit", || {
        clock.pass(1_000);
        record().unwrap().outcome != AuditOutcome::NotYet
    });
    let made = record().unwrap();
    assert_eq!(made.outcome, AuditOutcome::Good);
    until("health has the audit", || {
        agent.client.open("/healthz").at("audit.ok") == "true"
    });
}
