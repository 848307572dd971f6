//! A document that the office refuses for ever, in an office that wants documents in order: an operator lays it aside, and the shop goes
//! on. Everything that speaks of the document names who has done it and why.

mod shop;

use ferrotill::api::json::JsonValue;
use ferrotill::people::{People, Right};
use ferrotill_device::emulator::{Rig, RigOptions};
use shop::browser::Browser;
use shop::outside::{Process, finished, program, until};
use shop::{Client, Reply, config, count, value};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0095";
const REASON: &str = "the office does not know the goods";

struct Shop {
    agent: Process,
    office: Process,
    file: String,
    _rig: Rig,
    folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let rig = Rig::start(RigOptions::new(link.clone())).unwrap();
        let office = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let text = config(&folder.path().join("books"), &uri, &office.client.url).set(
            "upstream",
            "strict_order",
            true,
        );
        let file = folder.path().join("ferrotill.toml");
        // The verbs find the agent by the address in its configuration.
        let text = text.set("api", "listen", "\"127.0.0.1:0\"");
        std::fs::write(&file, text.to_string()).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let agent = Process::agent_with_log(&file, log);
        until("the printer is connected", || {
            agent.client.open("/healthz").at("printers.0.connected") == "true"
        });
        Self {
            agent,
            office,
            file: file.to_str().unwrap().to_owned(),
            _rig: rig,
            folder,
        }
    }

    fn client(&self) -> &Client {
        &self.agent.client
    }

    fn office(&self, body: &str) {
        let url = format!("{}/sim/authority", self.office.client.url);
        let answer = ureq::put(url).content_type("application/json").send(body);
        assert_eq!(answer.unwrap().status(), 200);
    }

    fn sells(&self, id: &str) -> Reply {
        let body = format!(
            r#"{{"id":"{id}","items":[{{"name":"Piine","quantity":1,"price":1.00,"taxGroupCode":"B"}}],"payments":[{{"typeCode":0,"amount":1.00}}]}}"#
        );
        let sold = self.client().post("operations/sale", &body);
        assert_eq!(sold.status, 200, "{}", sold.text);
        sold
    }

    fn delivery(&self) -> String {
        let told = self.client().open(&format!("/operations/{ID}"));
        told.at("deliveries.0.state")
    }

    fn received(&self) -> usize {
        match self.office.client.look("/sim/authority/received") {
            JsonValue::Array(received) => received.len(),
            other => panic!("{other:?}"),
        }
    }

    /// The office refuses the first sale for ever, and a second sale waits behind it.
    fn with_a_refused_sale() -> Self {
        let shop = Self::open();
        shop.office(r#"{"state":"refuse","message":"unknown goods"}"#);
        shop.sells(ID);
        until("the sale is refused", || shop.delivery() == "refused");
        let told = shop.client().open(&format!("/operations/{ID}"));
        let key = told.at("document.unique_id");
        shop.office(&format!(
            r#"{{"state":"refuse","message":"unknown goods","key":"{key}"}}"#
        ));
        shop.sells("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0096");
        shop
    }

    fn unsent(&self) -> u64 {
        count(&self.client().open("/healthz").body, "unsent.documents")
    }

    /// Runs a verb of the till.
    fn verb(&self, arguments: &[&str]) -> (Option<i32>, JsonValue) {
        let listen = self.client().url.trim_start_matches("http://").to_owned();
        let whole = ["--config", &self.file, "--listen", &listen];
        let mut all: Vec<&str> = arguments.to_vec();
        if arguments[0] == "queue" {
            all.extend(whole);
        } else {
            all.extend(&whole[..2]);
        }
        finished(&all)
    }
}

#[test]
fn a_shop_goes_on_after_an_operator_has_laid_the_refused_document_aside() {
    let shop = Shop::with_a_refused_sale();
    let (code, queue) = shop.verb(&["queue", "list"]);
    assert_eq!(
        (code, count(&queue, "waiting"), count(&queue, "refused")),
        (Some(0), 2, 1)
    );
    assert_eq!(
        value(&queue, "documents.0.refusal"),
        &JsonValue::from("unknown goods")
    );
    let (code, short) = shop.verb(&["queue", "list", "--limit", "1"]);
    let JsonValue::Array(listed) = value(&short, "documents") else {
        panic!("{short}");
    };
    assert_eq!(
        (code, listed.len(), count(&short, "not_listed")),
        (Some(0), 1, 1)
    );
    assert_eq!(count(&queue, "not_listed"), 0);
    let list = ["queue", "list", "--limit", "1", "--config", &shop.file];
    let said = program().args(list).output().unwrap();
    let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    let others = "1 document waits besides; `queue list --limit 2` lists all of them";
    assert!(said.contains(others), "{said}");
    assert_eq!((shop.unsent(), shop.received()), (2, 0), "strict order");
    let (code, told) = shop.verb(&[
        "queue",
        "lay-aside",
        ID,
        "--reason",
        REASON,
        "--by",
        "Maria Popescu",
    ]);
    let log = std::fs::read_to_string(shop.folder.path().join("log")).unwrap();
    assert!(
        log.contains(&format!(r#"event="laid_aside" id={ID} recipient"#)),
        "{log}"
    );
    assert_eq!(code, Some(0), "{told:?}");
    assert_eq!(
        value(&told, "deliveries.0.state"),
        &JsonValue::from("laid_aside")
    );
    assert_eq!(
        value(&told, "deliveries.0.laid_aside.by"),
        &JsonValue::from("Maria Popescu")
    );
    assert_eq!(
        value(&told, "deliveries.0.laid_aside.reason"),
        &JsonValue::from(REASON)
    );
    until("the sale behind it is sent", || {
        shop.received() == 1 && shop.unsent() == 0
    });
    // Health and metrics, the Z-report, `verify` and the queue name it.
    let health = shop.client().open("/healthz");
    assert_eq!(health.at("unsent.laid_aside"), "1");
    let mut metrics = ureq::get(format!("{}/metrics", shop.client().url))
        .call()
        .unwrap();
    let metrics = metrics.body_mut().read_to_string().unwrap();
    assert!(
        metrics.contains("\nferrotill_laid_aside_documents 1\n"),
        "{metrics}"
    );
    let closed = shop.client().post(
        "operations/closeday",
        r#"{"id":"7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0097"}"#,
    );
    assert_eq!(closed.status, 200, "{}", closed.text);
    until("the Z-report is sent", || {
        shop.received() == 2 && shop.unsent() == 0
    });
    let z = shop
        .client()
        .open("/operations/7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0097");
    assert_eq!(z.at("reconciliation.agrees"), "true", "{}", z.text);
    assert_eq!(z.at("reconciliation.laid_aside.0.id"), ID);
    assert_eq!(
        z.at("reconciliation.laid_aside.0.laid_aside.reason"),
        REASON
    );
    let (code, verified) = shop.verb(&["verify"]);
    assert_eq!(code, Some(0), "{verified:?}");
    assert_eq!(
        value(&verified, "laid_aside.0.by"),
        &JsonValue::from("Maria Popescu")
    );
    assert_eq!(
        value(&verified, "laid_aside.0.refusal"),
        &JsonValue::from("unknown goods")
    );
    let (_, queue) = shop.verb(&["queue"]);
    assert_eq!(value(&queue, "laid_aside.0.id"), &JsonValue::from(ID));
    // The same request again is answered as the first, and another one is not.
    let again = |reason: &str, by: &str| {
        let body = format!(r#"{{"reason":"{reason}","by":"{by}"}}"#);
        let path = format!("/operations/{ID}/aside");
        shop.client().signed("POST", &path, &body, |_| ()).unwrap()
    };
    assert_eq!(again(REASON, "Maria Popescu").status, 200);
    let other = again("another reason", "Ana");
    assert_eq!(
        (other.status, other.at("error").as_str()),
        (409, "LaidAsideBefore")
    );
}

#[test]
fn only_a_refused_document_is_laid_aside_by_a_named_person_with_a_reason() {
    let shop = Shop::with_a_refused_sale();
    let path = |id: &str| format!("/operations/{id}/aside");
    let ask = |id: &str, body: &str| {
        let answer = shop
            .client()
            .signed("POST", &path(id), body, |_| ())
            .unwrap();
        (answer.status, answer.at("error"))
    };
    let good = r#"{"reason":"unknown goods","by":"Maria"}"#;
    let waits = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0096";
    for (id, body, expected) in [
        (waits, good, (409, "NotRefused")),
        (
            "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0099",
            good,
            (404, "UnknownId"),
        ),
        ("x", good, (400, "NotAUuid")),
        (ID, r#"{"reason":"unknown goods"}"#, (400, "Missing")),
        (ID, r#"{"by":"Maria"}"#, (400, "Missing")),
        (
            ID,
            r#"{"reason":"\u200b","by":"Maria"}"#,
            (400, "ReasonMissing"),
        ),
        (
            ID,
            r#"{"reason":"r","by":"Maria","recipient":"library"}"#,
            (409, "NotSent"),
        ),
    ] {
        let (status, error) = ask(id, body);
        assert_eq!((status, error.as_str()), expected, "{body}");
    }
    let unsigned = ureq::post(format!("{}{}", shop.client().url, path(ID)))
        .config()
        .http_status_as_error(false)
        .build()
        .send(good);
    assert_eq!(unsigned.unwrap().status(), 401);
    assert_eq!((shop.delivery().as_str(), shop.unsent()), ("refused", 2));
}

/// What was answered as laid aside stays so after the power was cut.
#[test]
fn a_document_stays_laid_aside_after_the_agent_was_killed() {
    let mut shop = Shop::with_a_refused_sale();
    let (code, _) = shop.verb(&[
        "queue",
        "lay-aside",
        ID,
        "--reason",
        REASON,
        "--by",
        "Maria Popescu",
    ]);
    assert_eq!(code, Some(0));
    shop.agent.kill();
    shop.agent = Process::agent(std::path::Path::new(&shop.file));
    assert_eq!(shop.delivery(), "laid_aside");
    until("the sale behind it is sent", || {
        shop.received() == 1 && shop.unsent() == 0
    });
    assert_eq!(shop.client().open("/healthz").at("unsent.laid_aside"), "1");
}

/// The journal takes no row: callers learn why, and not that the agent is stopping.
#[test]
fn a_journal_that_takes_no_row_is_named_to_the_caller() {
    let shop = Shop::with_a_refused_sale();
    let database =
        rusqlite::Connection::open(shop.folder.path().join("books/ferrotill.db")).unwrap();
    database
        .busy_timeout(std::time::Duration::from_secs(10))
        .unwrap();
    database
        .execute_batch(
            "CREATE TRIGGER no_row BEFORE INSERT ON journal BEGIN SELECT raise(ABORT, 'no row'); END",
        )
        .unwrap();
    let now = shop.client().open("/healthz").at("clock.now");
    let aside = format!("/operations/{ID}/aside");
    for (path, body) in [
        (
            aside.as_str(),
            r#"{"reason":"unknown goods","by":"Maria"}"#.to_owned(),
        ),
        ("/clock", format!(r#"{{"at":"{now}","by":"Maria"}}"#)),
    ] {
        let reply = shop.client().signed("POST", path, &body, |_| ()).unwrap();
        assert_eq!(
            (reply.status, reply.at("error").as_str()),
            (503, "BooksUnwritable"),
            "{path}: {}",
            reply.text
        );
    }
    let sale = r#"{"items":[{"name":"Piine","quantity":1,"price":1.00,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":1.00}]}"#;
    let sold = shop.client().post("operations/sale", sale);
    assert_eq!(sold.status, 422, "{}", sold.text);
    assert!(
        sold.text.contains("cannot write its journal"),
        "{}",
        sold.text
    );
    database.execute_batch("DROP TRIGGER no_row").unwrap();
    until("the document is laid aside", || {
        let body = r#"{"reason":"unknown goods","by":"Maria"}"#;
        let reply = shop.client().signed("POST", &aside, body, |_| ()).unwrap();
        reply.status == 200
    });
}

#[test]
fn the_page_of_a_refused_document_says_what_the_office_has_said() {
    let shop = Shop::with_a_refused_sale();
    let people = shop.folder.path().join("books/people.toml");
    People::new(people)
        .add("Ana", &[Right::Look], "482915", false)
        .unwrap();
    let mut ana = Browser::new(&shop.client().url);
    assert_eq!(ana.sign_in("Ana", "482915").to, "/");
    let page = ana.open(&format!("/documents/{ID}"));
    assert!(page.text.contains("unknown goods"), "{}", page.text);
    // The list of problems says in the language of the person what is wrong.
    ana.open("/?language=ru");
    let problems = ana.open("/");
    assert!(
        problems.text.contains("Налоговая отклоняет документы."),
        "{}",
        problems.text
    );
}
