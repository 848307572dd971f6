//! Tests of calls without a signature: however many there are, they take nothing that sales need.

mod shop;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use ferrotill::api::lanes::{Lane, LanePlace};
use ferrotill::simulator::tax_office::AuthorityCondition;
use shop::inside::Shop;
use shop::outside::until;
use shop::till::SALE;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";

/// Takes all places of a lane. They are free again when the result is dropped.
fn fill(shop: &Shop, lane: Lane) -> Vec<LanePlace> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut places = Vec::new();
    while let Some(place) = runtime.block_on(async {
        tokio::select! {
            biased;
            place = shop.service.lanes.enter(lane) => Some(place),
            () = tokio::task::yield_now() => None,
        }
    }) {
        places.push(place);
    }
    assert!(!places.is_empty(), "{lane:?}");
    places
}

/// The whole answer to an unsigned GET of a path, as text.
fn raw(shop: &Shop, path: &str) -> String {
    let address = shop.client.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let call = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(call.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn unsigned_calls_take_no_place_that_sales_need() {
    let shop = Shop::open_with(|config| config.set("till", "answer_timeout_ms", 500));
    let others = [fill(&shop, Lane::Unsigned), fill(&shop, Lane::Lists)];
    let sold = shop.client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let outcome = shop.client.open(&format!("/operations/{ID}"));
    assert_eq!(
        (outcome.status, outcome.state.as_deref()),
        (503, Some("unknown"))
    );
    let list = shop.client.get("receipts");
    assert_eq!(
        (list.status, list.at("errorType")),
        (503, "Overloaded".to_owned())
    );
    // While nothing can be read, calls that read nothing are answered, and a sale is refused when its time is over.
    let sales = fill(&shop, Lane::Sales);
    for path in ["/healthz", "/operations/none"] {
        assert!(
            [200, 400].contains(&shop.client.open(path).status),
            "{path}"
        );
    }
    for path in ["livez", "readyz", "metrics"] {
        let said = raw(&shop, path);
        assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    }
    let refused = shop.client.post("operations/sale", SALE);
    let expected = (503, "unknown", "Overloaded".to_owned());
    assert_eq!(refused.verdict(), expected, "{}", refused.text);
    drop((sales, others));
    assert_eq!(shop.client.post("operations/sale", SALE).status, 200);
    assert_eq!(shop.receipts().len(), 2);
}

/// What `/metrics` says of the outbox must not be counted for each caller, and not where sales are read.
#[test]
fn metrics_of_a_long_outbox_hold_up_no_sale() {
    let shop = Shop::open();
    shop.office.set(AuthorityCondition::Down, Duration::ZERO);
    let waiting = 40;
    let cash = r#"{"amount":1.00}"#;
    for _ in 0..waiting {
        assert_eq!(shop.client.post("cashoperations", cash).status, 200);
    }
    let expected = format!("\nferrotill_unsent_documents {waiting}\n");
    until("the figures are known", || {
        raw(&shop, "metrics").contains(&expected)
    });
    let others = [fill(&shop, Lane::Unsigned), fill(&shop, Lane::Lists)];
    let sales = fill(&shop, Lane::Sales);
    // No place for reading is free, and all callers are answered: so none of them waits for a reader of the store.
    thread::scope(|scope| {
        let callers: Vec<_> = (0..60)
            .map(|_| scope.spawn(|| raw(&shop, "metrics")))
            .collect();
        for caller in callers {
            let said = caller.join().unwrap();
            assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
            assert!(said.contains(&expected), "{said}");
        }
    });
    drop(sales);
    // The places of unsigned calls stay taken while such calls come and a sale is made.
    thread::scope(|scope| {
        for _ in 0..60 {
            scope.spawn(|| raw(&shop, &format!("operations/{ID}")));
            scope.spawn(|| raw(&shop, "metrics"));
        }
        let sold = shop.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        drop(others);
    });
}
