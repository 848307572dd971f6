//! Kills the built program at random moments of a sale, chosen by a seed. In the end every request id has one receipt.

mod shop;

use std::collections::BTreeSet;
use std::fs;

use ferrotill::api::json::JsonValue;
use ferrotill_store::{ChainKey, Reader};
use shop::outside::{Process, finished, until};
use shop::{Client, Reply, configuration, count, value};
use uuid::Uuid;

/// The seed of the random moments.
const SEED: u64 = 0xF155_CA1E;
const SALES: u64 = 20;
/// The largest number of commands before a kill. A sale has about ten commands, so some kills are before its first command and
/// some after its answer.
const COMMANDS_MAX: u64 = 13;

#[test]
fn a_killed_agent_sells_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
    let books = folder.path().join("books");
    // The serial line is so slow that the agent can be killed between two commands.
    let printer = Process::emulator(&link, &memory, "57600");
    let authority = Process::authority();
    let file = folder.path().join("ferrotill.toml");
    let uri = format!("datecs+serial://{}?baud=57600", link.display());
    let text = configuration(books.to_str().unwrap(), &uri, &authority.client.url);
    fs::write(&file, text).unwrap();

    let mut state = SEED;
    let mut unique_ids = BTreeSet::new();
    let mut cut_off = 0;
    let mut agent = Process::agent(&file);
    for sale in 0..SALES {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let moment = (state >> 33) % COMMANDS_MAX;
        let context = format!("seed {SEED:#x}, sale {sale}, killed after {moment} commands");
        let body = body_of(sale);
        let before = commands(&printer.client);
        let seller = std::thread::spawn({
            let (client, body) = (agent.client.clone(), body.clone());
            move || client.call("POST", "operations/sale", &body, |_| ())
        });
        until(&context, || {
            seller.is_finished() || commands(&printer.client) >= before + moment
        });
        agent.kill();
        let first = seller.join().unwrap();
        cut_off += u32::from(first.is_err());

        agent = Process::agent(&file);
        if moment.is_multiple_of(3) {
            // The agent is killed once more, while it asks the printer for the outcome of the sale.
            let asked = commands(&printer.client);
            until(&context, || commands(&printer.client) >= asked + moment / 3);
            agent.kill();
            agent = Process::agent(&file);
        }
        let sold = sell(&agent.client, &body, &context);
        if let Ok(first) = first
            && first.status == 200
        {
            assert!(sold.replayed, "{context}");
            assert_eq!(sold.text, first.text, "{context}");
        }
        let number = (sale + 1).to_string();
        assert_eq!(sold.receipt("number"), number, "{context}: {}", sold.text);
        assert!(unique_ids.insert(sold.receipt("uniqueId")), "{context}");
        let again = agent.client.post("operations/sale", &body);
        assert!(again.replayed, "{context}");
        assert_eq!(again.text, sold.text, "{context}");
    }
    assert!(
        cut_off > 5,
        "only {cut_off} callers were cut off: the moments are badly chosen"
    );

    let printed = printer.client.look("/sim/printer?receipts=all");
    assert_eq!(texts(value(&printed, "fiscal_receipts"), "total"), prices());
    assert_eq!(value(&printed, "receipt_open"), &JsonValue::Bool(false));

    until("the authority has every document", || {
        count(&agent.client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received?kind=sale");
    let keys = texts(&received, "key");
    assert_eq!(keys.len(), unique_ids.len());
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), unique_ids);

    let closed = agent.client.post("operations/closeday", "");
    assert_eq!(closed.at("data.receiptCount"), SALES.to_string());
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );
    // The store is verified while the agent runs, and again after the agent was killed for the last time.
    let file = file.to_str().unwrap();
    for killed in [false, true] {
        if killed {
            agent.kill();
        }
        let (code, books) = finished(&["verify", "--config", file]);
        assert_eq!(code, Some(0), "{}", books);
        assert_eq!(value(&books, "ok"), &JsonValue::Bool(true));
        assert_eq!(value(&books, "z_reports.0.agrees"), &JsonValue::Bool(true));
        assert_eq!(count(&books, "documents"), SALES + 1);
    }
    let key = ChainKey::load(&books.join("journal.key")).unwrap();
    let rows = Reader::new(&books).verify(&key).unwrap();
    assert!(rows > i64::try_from(2 * SALES).unwrap());
}

/// Repeats a sale until it is sold, as a caller does: the id of a sale that was not registered may be used again.
fn sell(client: &Client, body: &str, context: &str) -> Reply {
    for _ in 0..10 {
        let reply = client.post("operations/sale", body);
        match reply.state.as_deref() {
            Some("registered") => return reply,
            Some("unknown" | "not_registered") => {}
            other => panic!("{context}: {other:?}: {}", reply.text),
        }
    }
    panic!("{context}: it does not come to an end");
}

/// The body of a sale with its own id and its own price.
fn body_of(sale: u64) -> String {
    let id = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0000_0000_0000 + u128::from(sale));
    let price = prices().swap_remove(usize::try_from(sale).unwrap());
    format!(
        r#"{{"id":"{id}","receiptMode":"FiscalReceiptOnly","items":[{{"name":"Piine","quantity":1,"price":{price},"taxGroupCode":"B"}}],"payments":[{{"typeCode":1,"amount":1.00}},{{"typeCode":0,"amount":20.00}}]}}"#
    )
}

fn prices() -> Vec<String> {
    (0..SALES).map(|sale| format!("10.{sale:02}")).collect()
}

/// The number of commands that the printer has executed.
fn commands(printer: &Client) -> u64 {
    count(&printer.look("/sim/printer"), "commands")
}

/// The text under this name in every member of a list.
fn texts(list: &JsonValue, name: &str) -> Vec<String> {
    let JsonValue::Array(items) = list else {
        panic!("{list:?}");
    };
    items
        .iter()
        .map(|item| match item.get(name) {
            Some(JsonValue::Text(text)) => text.clone(),
            other => panic!("{name} is {other:?}"),
        })
        .collect()
}
