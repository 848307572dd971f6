//! The money of a card that a bank terminal refuses for ever to give back: health says so, an operator lays it aside with a reason, and the
//! request id is free again.

mod shop;

use ferrotill::api::json::JsonValue;
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_device::printer::Paper;
use shop::outside::{Process, finished, until};
use shop::{Client, config, value};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0501";
const OTHER: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0502";
const FOR_CASH: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0503";
const TERMINAL: &str = "3f0c1f0e-51d8-4b5c-9a56-0f6f0a6b7c01";
const REASON: &str = "the buyer has the money in cash";

struct Shop {
    agent: Process,
    rig: Rig,
    file: String,
    _office: Process,
    _folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let rig = Rig::start(RigOptions::new(link.clone())).unwrap();
        let office = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let text = config(&folder.path().join("books"), &uri, &office.client.url)
            .bank_terminal(TERMINAL, "Terminal 1", 1)
            .set("till", "answer_timeout_ms", 1_500)
            .set("api", "listen", "\"127.0.0.1:0\"");
        let file = folder.path().join("ferrotill.toml");
        std::fs::write(&file, text.to_string()).unwrap();
        Self {
            agent: Process::agent(&file),
            rig,
            file: file.to_str().unwrap().to_owned(),
            _office: office,
            _folder: folder,
        }
    }

    fn client(&self) -> &Client {
        &self.agent.client
    }

    fn switch(&self, state: &str) {
        let body = format!(r#"{{"state":"{state}"}}"#);
        let reply = self
            .client()
            .signed("PUT", "/sim/bank_terminal", &body, |_| ());
        assert_eq!(reply.unwrap().status, 200);
    }

    /// What health says of card payments, and what is to be done; `None` if there is no problem.
    fn problem(&self) -> Option<(String, String)> {
        let health = self.client().open("/healthz");
        let mut problems = (0..health.list("problems")).map(|place| format!("problems.{place}"));
        let path =
            problems.find(|path| health.at(&format!("{path}.id")) == "card_payment_waits")?;
        let at = |name| health.at(&format!("{path}.{name}"));
        Some((at("says"), at("fix")))
    }

    fn balance(&self) -> String {
        self.client().open("/sim/bank_terminal").at("balance")
    }

    /// A card is charged, the printer is out of paper, and the bank refuses to give the money back.
    fn with_money_that_is_kept() -> Self {
        let shop = Self::open();
        shop.switch("decline_voids");
        shop.rig.set_paper(Paper::Out);
        let refused = shop.client().post("operations/sale", &card_sale(ID));
        assert_eq!(refused.state.as_deref(), Some("not_registered"));
        until("health names the refusal", || {
            let problem = shop.problem();
            problem.is_some_and(|(says, _)| says.contains("refuses"))
        });
        shop.rig.set_paper(Paper::Ok);
        shop
    }

    fn lay_aside(&self, id: &str, reason: &str) -> (Option<i32>, JsonValue) {
        let listen = self.client().url.trim_start_matches("http://").to_owned();
        let place = ["--config", &self.file, "--listen", &listen];
        let mut arguments = vec!["queue", "lay-aside", id, "--recipient", "bank_terminal"];
        arguments.extend(["--reason", reason, "--by", "Maria Popescu"]);
        arguments.extend(place);
        finished(&arguments)
    }

    fn verifies(&self) {
        let (code, said) = finished(&["verify", "--config", &self.file]);
        assert_eq!(code, Some(0), "{said}");
    }
}

fn card_sale(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"FiscalReceiptOnly","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":15.00,"useBankTerminal":true}},{{"typeCode":0,"amount":20.00}}]}}"#
    )
}

fn text(node: &JsonValue, path: &str) -> String {
    match value(node, path) {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn money_that_no_terminal_gives_back_is_named_and_an_operator_lays_it_aside_with_a_reason() {
    let mut shop = Shop::with_money_that_is_kept();
    let (says, fix) = shop.problem().unwrap();
    let wanted = format!(
        "the card payment of request {ID} is not settled: the bank terminal refuses to give the money back: the bank has settled the operation"
    );
    assert_eq!(says, wanted);
    assert!(fix.contains(&format!(
        "ferrotill queue lay-aside {ID} --recipient bank_terminal"
    )));
    let (code, queue) = finished(&["queue", "list", "--config", &shop.file]);
    assert_eq!(code, Some(0));
    assert_eq!(text(&queue, "card_payments.0.id"), ID);
    assert_eq!(text(&queue, "card_payments.0.amount"), "1500");
    // The shop sells meanwhile, and a repetition of the request charges no card before the money is settled.
    let cash = card_sale(FOR_CASH).replace(",\"useBankTerminal\":true", "");
    until("the printer prints again", || {
        shop.client().post("operations/sale", &cash).status == 200
    });
    let waits = shop.client().post("operations/sale", &card_sale(ID));
    assert_eq!(waits.state.as_deref(), Some("unknown"), "{}", waits.text);
    assert_eq!(shop.balance(), "15.00");

    let (code, told) = shop.lay_aside(ID, REASON);
    assert_eq!(code, Some(0), "{told}");
    for (path, expected) in [
        ("bank_terminal.0.kind", "charge"),
        ("bank_terminal.0.settled", "true"),
        ("bank_terminal.0.laid_aside.by", "Maria Popescu"),
        ("bank_terminal.0.laid_aside.reason", REASON),
    ] {
        assert_eq!(value(&told, path).to_string().trim_matches('"'), expected);
    }
    until("health is well again", || shop.problem().is_none());
    shop.verifies();
    // The same request again gets the same answer; another reason does not replace the first one.
    let (code, again) = shop.lay_aside(ID, REASON);
    assert_eq!(
        (code, text(&again, "bank_terminal.0.laid_aside.reason")),
        (Some(0), REASON.to_owned())
    );
    let (code, other) = shop.lay_aside(ID, "something else");
    assert_eq!(
        (code, text(&other, "error.code")),
        (Some(7), "LaidAsideBefore".to_owned())
    );

    // After a start nothing asks for the money, and the books are right.
    shop.agent.kill();
    shop.agent = Process::agent(std::path::Path::new(&shop.file));
    shop.verifies();
    assert!(shop.problem().is_none());
    let shown = shop.client().open(&format!("/operations/{ID}"));
    assert_eq!(
        shown.at("bank_terminal.0.laid_aside.reason"),
        REASON,
        "{}",
        shown.text
    );
}

/// The request that waited while the money was kept is carried out with a new charge.
#[test]
fn after_the_money_is_laid_aside_the_request_id_is_free() {
    let shop = Shop::with_money_that_is_kept();
    let (code, told) = shop.lay_aside(ID, REASON);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(text(&told, "fiscal_state"), "not_registered");
    shop.switch("up");
    until("the printer prints again", || {
        let sold = shop.client().post("operations/sale", &card_sale(ID));
        sold.state.as_deref() == Some("registered")
    });
    // The bank has kept the first payment, and the operator has answered for it.
    assert_eq!(shop.balance(), "30.00");
    assert!(shop.problem().is_none());
    shop.verifies();
}

#[test]
fn money_that_the_till_still_settles_by_itself_cannot_be_laid_aside() {
    let shop = Shop::open();
    shop.switch("silent");
    let unknown = shop.client().post("operations/sale", &card_sale(ID));
    assert_eq!(
        unknown.state.as_deref(),
        Some("unknown"),
        "{}",
        unknown.text
    );
    for (id, error) in [(ID, "NotRefused"), (OTHER, "UnknownId")] {
        let (code, told) = shop.lay_aside(id, REASON);
        assert_eq!(
            (code, text(&told, "error.code")),
            (Some(7), error.to_owned())
        );
    }
    shop.switch("up");
    until("the request has an outcome", || {
        let shown = shop.client().open(&format!("/operations/{ID}"));
        shown.at("fiscal_state") != "unknown"
    });
    let (code, told) = shop.lay_aside(ID, REASON);
    assert_eq!(
        (code, text(&told, "error.code")),
        (Some(7), "NotSent".to_owned())
    );
}
