//! The recipient `hub`: enrolment, documents over mutual TLS, answers that are lost, and a hub that refuses.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ferrotill::config::HubConfig;
use ferrotill::outbox::hub::enrolment::{EnrolError, enrol};
use ferrotill::outbox::hub::{HubIdentity, HubPlace};
use ferrotill_hub_protocol::{CodeRefusal, OneTimeCode, RowKind, RowState, path};
use ferrotill_store::{HubRow, Reader};
use ferrotill_testkit::config::text;
use ferrotill_testkit::health_page::check_says;
use shop::hub::Hub;
use shop::outside::{Process, finished, until};
use shop::till::Till;
use shop::{DEVICE, value};
use uuid::Uuid;

const TILL: Uuid = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0d6f_6f1f_0001);

/// A till with a hub. It is not started yet.
fn till_of(hub: &Hub) -> Till {
    let url = text(&hub.url);
    Till::new(|config| config.set("hub", "url", &url))
}

fn folder(till: &Till) -> PathBuf {
    till.folder.path().join("books")
}

fn enrolled(till: &Till, hub: &Hub) {
    enrol_with(till, hub, &hub.code(TILL)).unwrap();
}

fn enrol_with(till: &Till, hub: &Hub, code: &OneTimeCode) -> Result<(), EnrolError> {
    let folder = folder(till);
    fs::create_dir_all(&folder).unwrap();
    let config = HubConfig {
        url: hub.url.clone(),
        ca_file: folder.join("hub.ca.pem"),
    };
    enrol(code, &config, &folder).map(drop)
}

/// A till that is enrolled and started.
fn open(hub: &Hub) -> Till {
    let mut till = till_of(hub);
    enrolled(&till, hub);
    till.start();
    till
}

/// The rows that the hub must have: device, document, number and journal row of everything that was sealed, in its order.
fn sealed(till: &Till) -> Vec<(Uuid, Uuid, Option<u64>, u64)> {
    let rows = Reader::new(&folder(till)).hub_rows(0, 10_000).unwrap();
    let documents = rows.iter().filter_map(|row| match row {
        HubRow::Sealed(sealed) => {
            let row = &sealed.document.row;
            let number = row.number.map(u64::from);
            Some((row.device, row.unique_id, number, sealed.seq.unsigned_abs()))
        }
        HubRow::Restored(_) => None,
    });
    documents.collect()
}

/// The rows that the hub has, after a check that their sequences have no gap.
fn stored(hub: &Hub) -> Vec<(Uuid, Uuid, Option<u64>, u64)> {
    let rows = hub.books(TILL).rows;
    let sequences = rows.iter().map(|row| row.sequence);
    assert!(sequences.eq(1..=rows.len() as u64), "{rows:?}");
    let documents = rows.iter().filter(|row| row.kind != RowKind::Restored);
    documents
        .map(|row| (row.device, row.document, row.number, row.journal_row))
        .collect()
}

/// Waits until the hub has every document of the till exactly once and in order.
fn until_stored(till: &Till, hub: &Hub) {
    till.until("the hub has every document", |till| {
        stored(hub).len() >= sealed(till).len()
    });
    assert_eq!(stored(hub), sealed(till));
}

/// Waits until health lists a problem, and compares what it says with the page.
fn until_listed(till: &Till, id: &str) {
    let says = |till: &Till| {
        let health = till.health();
        (0..health.list("problems"))
            .find(|place| health.at(&format!("problems.{place}.id")) == id)
            .map(|place| health.at(&format!("problems.{place}.says")))
    };
    till.until(id, |till| says(till).is_some());
    check_says(id, &says(till).unwrap());
}

/// Waits until health lists a problem that says something.
fn until_listed_as(till: &Till, id: &str, part: &str) {
    till.until(id, |till| {
        let health = till.health().text;
        health.contains(id) && health.contains(part)
    });
}

fn until_over(till: &Till, id: &str) {
    till.until("the problem is over", |till| {
        !till.health().text.contains(id)
    });
}

#[test]
fn an_enrolled_till_sends_every_document_once_and_in_order() {
    let hub = Hub::start();
    let mut till = till_of(&hub);
    till.start();
    // A till that is not enrolled sells, and says so.
    assert!(till.sells());
    until_listed(&till, "hub_not_enrolled");
    enrolled(&till, &hub);
    until_over(&till, "hub_not_enrolled");
    assert!(till.sells());
    let client = till.client().clone();
    assert_eq!(client.post("cashoperations", r#"{"amount":5}"#).status, 200);
    assert_eq!(client.post("operations/closeday", "{}").status, 200);
    until_stored(&till, &hub);
    let rows = hub.books(TILL).rows;
    let kinds: Vec<RowKind> = rows.iter().map(|row| row.kind).collect();
    assert_eq!(
        kinds,
        [
            RowKind::Sale,
            RowKind::Sale,
            RowKind::CashIn,
            RowKind::ZReport
        ]
    );
    let report = rows[3].z_report.as_ref().unwrap();
    let sum = |name: &str| {
        let sum = report.sums.iter().find(|sum| sum.name == name);
        sum.unwrap_or_else(|| panic!("{name}: {report:?}")).amount
    };
    assert_eq!(sum("sales"), rows[0].total + rows[1].total);
    assert_eq!(sum("cash in"), 500);
    assert!(report.differences.is_empty(), "{report:?}");
    assert_eq!(report.documents, 4);
    assert_eq!(rows[0].state, RowState::Sealed);
    assert_eq!(rows[0].recorded.len(), 2);
    // The report of the till comes at once, and again each minute.
    till.until("a report", |_| !hub.books(TILL).reports.is_empty());
    let reports = hub.books(TILL).reports;
    let report = reports.last().unwrap();
    assert_eq!((report.till, report.epoch), (TILL, 1));
    assert!(report.last_sale_ms.is_some() && report.ready, "{report:?}");
    // What was acknowledged is known after a stop, and nothing is sent again.
    till.stop();
    let place = HubPlace::read(&folder(&till)).unwrap().unwrap();
    assert_eq!((place.till, place.sequence), (TILL, 4));
    till.start();
    assert!(till.sells());
    until_stored(&till, &hub);
    assert_eq!(hub.books(TILL).repeats, 0);
}

#[test]
fn answers_that_are_lost_a_busy_hub_and_a_dead_hub_lose_nothing() {
    let hub = Hub::start();
    let mut till = open(&hub);
    hub.state().lost_answers = 2;
    assert!(till.sells());
    until_stored(&till, &hub);
    assert!(till.sells());
    until_stored(&till, &hub);
    assert!(
        hub.books(TILL).repeats >= 1,
        "{:?}",
        hub.books(TILL).repeats
    );
    hub.state().busy = 2;
    assert!(till.sells());
    until_stored(&till, &hub);
    // The till sells while the hub is away, over a restart too.
    hub.state().is_down = true;
    for _ in 0..3 {
        assert!(till.sells());
    }
    till.stop();
    till.start();
    assert!(till.sells());
    hub.state().is_down = false;
    until_stored(&till, &hub);
    assert_eq!(hub.books(TILL).contradictions, 0);
}

#[test]
fn a_till_that_has_lost_its_place_asks_the_hub() {
    let hub = Hub::start();
    let mut till = open(&hub);
    for _ in 0..3 {
        assert!(till.sells());
    }
    until_stored(&till, &hub);
    till.stop();
    let place = folder(&till).join("hub.place");
    let old = fs::read(&place).unwrap();
    fs::remove_file(&place).unwrap();
    till.start();
    assert!(till.sells());
    until_stored(&till, &hub);
    till.stop();
    // A place that is too old, as after a crash right behind an acknowledgement.
    fs::write(&place, &old).unwrap();
    till.start();
    assert!(till.sells());
    until_stored(&till, &hub);
    assert_eq!(hub.books(TILL).contradictions, 0);
    // A hub that was itself restored from a backup gets again what it has lost.
    hub.state().books.lose_behind(TILL, 1);
    assert!(till.sells());
    until_stored(&till, &hub);
}

#[test]
fn nothing_is_sent_to_another_hub_and_a_code_works_once() {
    let (hub, other) = (Hub::start(), Hub::start());
    let till = till_of(&hub);
    let foreign = other.code(TILL);
    let refused = enrol_with(&till, &hub, &foreign).unwrap_err();
    assert!(matches!(refused, EnrolError::OtherHub { .. }), "{refused}");
    assert_eq!(hub.state().requests, Vec::<String>::new());
    let code = hub.code(TILL);
    enrol_with(&till, &hub, &code).unwrap();
    let first = HubIdentity::read(&folder(&till)).unwrap();
    let refused = enrol_with(&till, &hub, &code).unwrap_err();
    assert!(
        matches!(refused, EnrolError::Code(CodeRefusal::Used)),
        "{refused}"
    );
    // A code that is refused changes nothing.
    let second = HubIdentity::read(&folder(&till)).unwrap();
    assert_eq!(first.certificate, second.certificate);
    let unknown = OneTimeCode::parse(&hub.code(TILL).to_string()).unwrap();
    hub.state().is_down = true;
    let refused = enrol_with(&till, &hub, &unknown).unwrap_err();
    assert!(
        matches!(refused, EnrolError::Unreachable { .. }),
        "{refused}"
    );
}

#[test]
fn a_certificate_that_was_revoked_or_has_ended_is_refused_and_the_till_sells_on() {
    let hub = Hub::start();
    let mut till = open(&hub);
    assert!(till.sells());
    until_stored(&till, &hub);
    // Another machine is enrolled for the same till.
    let another = till_of(&hub);
    enrolled(&another, &hub);
    assert!(till.sells());
    until_listed(&till, "hub_refused");
    assert!(till.sells());
    // The till itself is enrolled again.
    enrolled(&till, &hub);
    until_over(&till, "hub_refused");
    until_stored(&till, &hub);
    // A certificate that has ended does not open a connection.
    till.stop();
    hub.state().ends = Some(2001);
    enrolled(&till, &hub);
    let before = hub.books(TILL).rows.len();
    till.start();
    assert!(till.sells());
    till.until("an attempt", |_| true);
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(hub.books(TILL).rows.len(), before);
    hub.state().ends = None;
    enrolled(&till, &hub);
    until_stored(&till, &hub);
}

#[test]
fn the_certificate_is_renewed_before_it_ends() {
    let hub = Hub::start();
    hub.state().renew_from_ms = Some(0);
    let till = till_of(&hub);
    enrolled(&till, &hub);
    hub.state().renew_from_ms = None;
    let first = HubIdentity::read(&folder(&till)).unwrap();
    let mut till = till;
    till.start();
    till.until("another certificate", |till| {
        HubIdentity::read(&folder(till)).unwrap().certificate != first.certificate
    });
    assert!(
        hub.state()
            .requests
            .iter()
            .any(|asked| asked == path::RENEW)
    );
    assert!(till.sells());
    until_stored(&till, &hub);
}

#[test]
fn a_hub_that_is_away_for_a_minute_is_told() {
    let hub = Hub::start();
    let till = open(&hub);
    hub.state().is_down = true;
    assert!(till.sells());
    until_listed(&till, "hub_away");
    hub.state().is_down = false;
    until_over(&till, "hub_away");
    until_stored(&till, &hub);
}

#[test]
fn a_certificate_that_ends_soon_is_told() {
    let hub = Hub::start();
    let mut till = till_of(&hub);
    hub.state().ends_ms = Some(till.clock.now().utc_ms + 5 * 86_400_000);
    enrolled(&till, &hub);
    till.start();
    until_listed(&till, "hub_certificate_ends");
    hub.state().ends_ms = None;
    enrolled(&till, &hub);
    until_over(&till, "hub_certificate_ends");
}

#[test]
fn a_till_whose_folder_was_restored_elsewhere_sells_nothing_more() {
    let hub = Hub::start();
    let mut till = open(&hub);
    assert!(till.sells());
    until_stored(&till, &hub);
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0002";
    let sale = shop::till::SALE.replacen('{', &format!("{{\"id\":\"{id}\","), 1);
    let first = till.client().post("operations/sale", &sale);
    assert_eq!(first.status, 200, "{}", first.text);
    until_stored(&till, &hub);
    if let Some(books) = hub.state().books.tills.get_mut(&TILL) {
        books.epoch = 2;
    }
    until_listed(&till, "till_taken_over");
    for _ in 0..2 {
        let refused = till.client().post("operations/sale", shop::till::SALE);
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert_eq!(refused.at("errorType"), "TillTakenOver");
        assert_eq!(refused.state.as_deref(), Some("not_registered"));
        // What is registered stays registered.
        let again = till.client().post("operations/sale", &sale);
        assert_eq!(
            (again.status, again.replayed),
            (200, true),
            "{}",
            again.text
        );
        // The till knows it after a restart too, also if the hub is away.
        hub.state().is_down = true;
        till.stop();
        till.start();
    }
}

/// The files of a folder, without folders in it.
fn copy_of(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// The printer has receipts that the folder does not have, and a person lets the device go on.
fn goes_on(till: &Till) {
    until_listed(till, "receipts_of_others");
    let path = format!("/devices/{DEVICE}/go-on");
    let client = till.client();
    let decided = client.signed("POST", &path, r#"{"by":"Maria"}"#, |_| ());
    let decided = decided.unwrap();
    assert_eq!(decided.status, 200, "{}", decided.text);
}

#[test]
fn an_old_copy_of_the_folder_is_noticed_at_its_first_batch() {
    let hub = Hub::start();
    let mut till = open(&hub);
    assert!(till.sells());
    until_stored(&till, &hub);
    till.stop();
    let old = till.folder.path().join("old");
    copy_of(&folder(&till), &old);
    till.start();
    for _ in 0..2 {
        assert!(till.sells());
    }
    until_stored(&till, &hub);
    till.stop();
    let before = stored(&hub);
    fs::rename(folder(&till), till.folder.path().join("newer")).unwrap();
    fs::rename(&old, folder(&till)).unwrap();
    till.start();
    goes_on(&till);
    assert!(till.sells());
    until_listed_as(&till, "hub_refused", "its folder is an old copy");
    // The hub has noticed it, and has kept what it had.
    assert!(hub.books(TILL).contradictions > 0);
    assert_eq!(stored(&hub), before);
}

#[test]
fn a_restored_till_goes_on_above_what_the_hub_has_and_the_old_machine_sells_nothing_more() {
    let hub = Hub::start();
    let mut till = till_of(&hub);
    enrolled(&till, &hub);
    till.start();
    let file = till.write_configuration();
    let config = file.to_str().unwrap();
    let backup = till.folder.path().join("till.backup");
    let backup = backup.to_str().unwrap();
    for _ in 0..3 {
        assert!(till.sells());
    }
    until_stored(&till, &hub);
    till.stop();
    let (code, made) = finished(&["backup", "create", backup, "--config", config]);
    assert_eq!(code, Some(0), "{made}");
    till.start();
    for _ in 0..2 {
        assert!(till.sells());
    }
    until_stored(&till, &hub);
    till.stop();
    // The machine is lost, and its folder is restored on a new one. Its key was in no backup.
    let lost = till.folder.path().join("lost");
    fs::rename(folder(&till), &lost).unwrap();
    let restore =
        |more: &[&str]| finished(&[&["restore", backup, "--config", config], more].concat());
    let (code, restored) = restore(&[]);
    assert_eq!(code, Some(0), "{restored}");
    assert_eq!(value(&restored, "hub.compared").to_string(), "false");
    let (code, refused) = restore(&["--accept-loss", "--by", "Maria"]);
    assert_eq!(code, Some(7), "{refused}");
    assert!(refused.to_string().contains("HubNotCompared"), "{refused}");
    enrolled(&till, &hub);
    let (code, compared) = restore(&[]);
    assert_eq!(code, Some(0), "{compared}");
    for (member, expected) in [("first", "4"), ("last", "5"), ("count", "2")] {
        let found = value(&compared, &format!("hub.missing.0.{member}"));
        assert_eq!(found.to_string(), expected, "{compared}");
    }
    let (code, accepted) = restore(&["--accept-loss", "--by", "Maria"]);
    assert_eq!(code, Some(0), "{accepted}");
    till.start();
    assert!(till.sells());
    till.until("the new epoch", |_| hub.books(TILL).rows.len() == 7);
    let books = hub.books(TILL);
    assert_eq!((books.epoch, books.contradictions), (2, 0));
    let kinds: Vec<RowKind> = books.rows.iter().map(|row| row.kind).collect();
    assert_eq!(
        kinds[5..],
        [RowKind::Restored, RowKind::Sale],
        "{:?}",
        books.rows
    );
    assert!(
        books.rows[6].number > books.rows[4].number,
        "{:?}",
        books.rows
    );
    till.stop();
    // The old machine is started again.
    let new = till.folder.path().join("new");
    fs::rename(folder(&till), &new).unwrap();
    fs::rename(&lost, folder(&till)).unwrap();
    till.start();
    until_listed(&till, "till_taken_over");
    let refused_as = || {
        let refused = till.client().post("operations/sale", shop::till::SALE);
        refused.at("errorType")
    };
    assert_eq!(refused_as(), "ReceiptsOfOthers");
    // A person who does not know better changes nothing.
    goes_on(&till);
    assert_eq!(refused_as(), "TillTakenOver");
    assert_eq!(hub.books(TILL).rows.len(), 7);
}

/// The transactions and the pages in the write-ahead log of a till.
fn written(till: &Till) -> (usize, usize) {
    let log = fs::read(folder(till).join("ferrotill.db-wal")).unwrap();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let page = usize::try_from(number(&log[8..12])).unwrap();
    let salts = &log[16..24];
    let frames: Vec<&[u8]> = log[32..]
        .chunks_exact(24 + page)
        .take_while(|frame| frame[8..16] == *salts)
        .collect();
    let commits = frames.iter().filter(|frame| number(&frame[4..8]) != 0);
    (commits.count(), frames.len())
}

/// What twenty sales write: transactions and pages.
fn twenty_sales(till: &Till) -> (usize, usize) {
    assert!(till.sells());
    let before = written(till);
    for _ in 0..20 {
        assert!(till.sells());
    }
    let after = written(till);
    (after.0 - before.0, after.1 - before.1)
}

#[test]
fn a_sale_writes_the_same_with_a_hub_and_without_one() {
    let alone = |hub: Option<&Hub>| {
        let url = hub.map(|hub| text(&hub.url));
        Till::new(move |config| {
            let config = config.without("upstream");
            match &url {
                Some(url) => config.set("hub", "url", url),
                None => config,
            }
        })
    };
    let mut without = alone(None);
    without.start();
    let expected = twenty_sales(&without);
    assert_eq!(expected.0, 40, "two transactions a sale");
    drop(without);
    // Later sales split pages of other tables now and then, with a hub and without one.
    let is_same = |found: (usize, usize), when: &str| {
        assert_eq!(found.0, expected.0, "{when}: transactions");
        assert!(
            found.1.abs_diff(expected.1) <= 5,
            "{when}: {found:?} pages, {expected:?}"
        );
    };
    let hub = Hub::start();
    let mut with = alone(Some(&hub));
    enrolled(&with, &hub);
    with.start();
    is_same(twenty_sales(&with), "the hub is up");
    until_stored(&with, &hub);
    hub.state().pause = Duration::from_secs(2);
    is_same(twenty_sales(&with), "the hub is slow");
    hub.state().pause = Duration::ZERO;
    hub.state().is_down = true;
    is_same(twenty_sales(&with), "the hub is away");
    hub.state().is_down = false;
    until_stored(&with, &hub);
}

#[test]
fn a_till_that_is_killed_before_the_answer_sends_nothing_twice() {
    let hub = Hub::start();
    let till = till_of(&hub);
    enrolled(&till, &hub);
    let file = till.write_configuration();
    let mut agent = Process::agent(&file);
    let sell = |agent: &Process| {
        let sold = agent.client.post("operations/sale", shop::till::SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
    };
    sell(&agent);
    until("the first document", || stored(&hub).len() == 1);
    // The hub has stored the second one, and its answer is on the way for a long time.
    hub.state().pause = Duration::from_secs(20);
    sell(&agent);
    until("the second document", || stored(&hub).len() == 2);
    agent.kill();
    hub.state().pause = Duration::ZERO;
    let mut agent = Process::agent(&file);
    sell(&agent);
    until("every document", || stored(&hub).len() == 3);
    assert_eq!(stored(&hub), sealed(&till));
    assert_eq!(hub.books(TILL).contradictions, 0);
    agent.kill();
}
