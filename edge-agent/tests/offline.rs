//! Tests of the till without the tax authority: every kind of outage, the return to fiscal receipts, and a till that never had
//! a connection.

mod shop;

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use ferrotill::hmac::signature_of;
use ferrotill::simulator::tax_office::AuthorityCondition;
use ferrotill::time::clock::system_ms;
use ferrotill_core::event::Event;
use ferrotill_testkit::config::text;
use ferrotill_testkit::network::ProxyMode;
use shop::till::{SALE, Till};
use shop::{Headers, Reply, value};

const HOUR_MS: i64 = 3_600_000;

/// What the law wants of a return of such goods is not known, so the till says what a shop can do instead.
#[test]
fn goods_sold_on_an_alternative_receipt_are_not_returned_and_the_answer_says_what_to_do() {
    let till = Till::open();
    let fiscal = till.client().post("operations/sale", SALE);
    till.network.set(ProxyMode::Refused);
    till.sells_until(false);
    let sold = till.client().post("operations/sale", SALE);
    let id = sold.at("data.alternativeReceipt.id");
    let give_back = |original: &str| {
        let body = format!(
            r#"{{"originalReceiptId":"{original}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":25.50}}]}}"#
        );
        till.client().post("operations/return", &body)
    };
    let refused = give_back(&id);
    assert_eq!(
        refused.verdict(),
        (422, "not_registered", "OriginalAlternative".to_owned())
    );
    assert_eq!(refused.paths(), ["originalReceiptId"]);
    let message = refused.at("message");
    for needed in ["alternative receipt", "cash operation", "paper"] {
        assert!(message.contains(needed), "{message}");
    }
    // What the answer proposes is possible, and a fiscal receipt is returned as before.
    let taken_out = till.client().post("cashoperations", r#"{"amount":-25.50}"#);
    assert_eq!(taken_out.status, 200, "{}", taken_out.text);
    assert_eq!(give_back(&fiscal.at("data.fiscalReceipt.id")).status, 200);
}

/// The changes of the authority's state in the journal: state before, state after, reason.
fn switches(till: &Till) -> Vec<(String, String, String)> {
    till.payloads(6)
        .iter()
        .map(|payload| match Event::decode(6, 1, payload).unwrap() {
            Event::Switched(switched) => (
                switched.from.to_owned(),
                switched.to.to_owned(),
                switched.reason.to_owned(),
            ),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn state(till: &Till) -> String {
    till.health().at("office.state")
}

/// No outage prevents a sale: alternative receipts are sold during the outage, and fiscal receipts after it.
#[test]
fn in_every_outage_the_till_keeps_selling_and_is_online_again_by_itself() {
    thread::scope(|scope| {
        for mode in ProxyMode::OUTAGES {
            scope.spawn(move || {
                let till = Till::open();
                assert!(till.sells(), "{mode:?}: the first sale is fiscal");
                till.until("the authority has it", |till| till.unsent() == 0);
                till.network.set(mode);
                till.sells_until(false);
                assert!(!till.sells(), "{mode:?}: alternative, and it stays so");
                assert_eq!(state(&till), "offline", "{mode:?}");
                let reason = till.health().at("office.reason");
                let expected = match mode {
                    ProxyMode::Forward => unreachable!("it is no outage"),
                    ProxyMode::Refused => "the connection was refused",
                    ProxyMode::Broken => "the connection broke",
                    ProxyMode::Silent | ProxyMode::Trickle => "no answer in time",
                    ProxyMode::LoginPage | ProxyMode::Redirect | ProxyMode::Tls => {
                        "the answer is not the tax authority's"
                    }
                    ProxyMode::Unable => "the server is unable",
                };
                assert!(reason.contains(expected), "{mode:?}: {reason}");
                till.network.set(ProxyMode::Forward);
                till.sells_until(true);
                till.until("the authority has every document", |till| {
                    till.unsent() == 0
                });
                let keys: BTreeSet<String> = till
                    .authority
                    .received()
                    .into_iter()
                    .map(|one| one.key)
                    .collect();
                assert_eq!(keys.len(), till.numbers().len(), "{mode:?}");
                let sent = switches(&till);
                let went = sent.iter().find(|(_, to, _)| to == "offline").unwrap();
                assert!(went.2.contains(expected), "{mode:?}: {sent:?}");
                assert_eq!(sent.last().unwrap().1, "online", "{mode:?}: {sent:?}");
                for pair in sent.windows(2) {
                    assert_eq!(pair[0].1, pair[1].0, "{mode:?}: {sent:?}");
                }
            });
        }
    });
}

#[test]
fn a_refused_document_keeps_the_till_online_and_delays_no_other() {
    let till = Till::open();
    till.authority
        .set(AuthorityCondition::Refuse, Duration::ZERO);
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
    let with_id = SALE.replacen('{', &format!("{{\"id\":\"{id}\","), 1);
    assert_eq!(till.client().post("operations/sale", &with_id).status, 200);
    for _ in 0..5 {
        assert!(till.sells(), "fiscal receipts go on");
    }
    till.until("all are refused", |till| {
        shop::count(&till.health().body, "unsent.refused") == 6
    });
    assert_eq!(state(&till), "online");
    let operation = till.client().open(&format!("/operations/{id}"));
    assert_eq!(operation.at("deliveries.0.state"), "refused");
    assert!(operation.at("deliveries.0.refusal").contains("refused"));
    // Later documents are delivered before the authority accepts the refused ones.
    till.authority.set(AuthorityCondition::Up, Duration::ZERO);
    till.until("all are acknowledged", |till| till.unsent() == 0);
    assert_eq!(till.authority.received().len(), 6);
    let operation = till.client().open(&format!("/operations/{id}"));
    assert_eq!(operation.list("deliveries"), 1);
    for (path, value) in [
        ("deliveries.0.recipient", "authority"),
        ("deliveries.0.state", "acknowledged"),
        ("deliveries.0.refusal", "null"),
        ("deliveries.0.again_at", "null"),
        ("timeline.2.event", "acknowledged"),
        ("timeline.2.recipient", "authority"),
    ] {
        assert_eq!(operation.at(path), value, "{path}");
    }
    let acknowledged_at = operation.at("deliveries.0.acknowledged_at");
    assert_eq!(operation.at("timeline.2.at"), acknowledged_at);
}

#[test]
fn with_strict_order_a_refused_document_delays_the_later_ones() {
    let till = Till::open_with(|config| config.set("upstream", "strict_order", true));
    till.authority
        .set(AuthorityCondition::Refuse, Duration::ZERO);
    for _ in 0..4 {
        till.sells();
    }
    till.until("the first is refused", |till| {
        shop::count(&till.health().body, "unsent.refused") > 0
    });
    assert_eq!(shop::count(&till.health().body, "unsent.refused"), 1);
    till.authority.set(AuthorityCondition::Up, Duration::ZERO);
    till.until("all are acknowledged", |till| till.unsent() == 0);
    let numbers: Vec<String> = till
        .authority
        .received()
        .iter()
        .map(|one| {
            let body = ferrotill::api::json::JsonValue::parse(one.body.get().as_bytes()).unwrap();
            value(&body, "msgID").to_string()
        })
        .collect();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
}

fn remaining_s(till: &Till) -> i64 {
    let health = till.health();
    health.at("offline.remaining_s").parse().unwrap()
}

fn refused(reply: &Reply, error: &str) {
    assert_eq!(
        (reply.status, reply.at("errorType").as_str()),
        (422, error),
        "{}",
        reply.text
    );
    assert_eq!(reply.state.as_deref(), Some("not_registered"));
}

/// The clock is moved forward by a day, back by half a day, and to 1970, each time with a power cut, during an outage.
#[test]
fn no_clock_change_refunds_a_budget_reorders_documents_or_shortens_a_shift() {
    let mut till = Till::open_with(|config| config.set("offline", "hours_at_a_stretch", 100));
    assert!(till.sells());
    till.network.set(ProxyMode::Refused);
    till.sells_until(false);
    till.until("the budget is counted", |till| {
        till.health().at("offline.counting") == "true"
    });
    let mut left_s = remaining_s(&till);
    assert!((359_000..=360_000).contains(&left_s), "{left_s}");

    for wrong_ms in [25 * HOUR_MS, -12 * HOUR_MS, -system_ms()] {
        till.power_cut(wrong_ms);
        // A fiscal receipt needs the printer, whose clock is right.
        let fiscal = SALE.replacen('{', "{\"receiptMode\":\"FiscalReceiptOnly\",", 1);
        let sold = till.client().post("operations/sale", &fiscal);
        assert_eq!(sold.status, 200, "{wrong_ms}: {}", sold.text);
        let last = *till.moments().last().unwrap();
        assert!(
            (last - system_ms()).abs() < 60_000,
            "{wrong_ms}: a document's time is {} ms off",
            last - system_ms()
        );
        let now_left_s = remaining_s(&till);
        assert!(now_left_s <= left_s, "{wrong_ms}: the budget grew");
        assert!(now_left_s > left_s - 600, "{wrong_ms}: nothing was spent");
        left_s = now_left_s;
    }

    // The till was off for a day, as the clocks of printer and machine show. The shift is now too long, and the budget is a day
    // smaller.
    till.printer_ahead_s
        .store(25 * 3_600, std::sync::atomic::Ordering::Release);
    till.power_cut(25 * HOUR_MS);
    till.until("the printer is there", |till| {
        till.health().at("clock.witnessed") == "true"
    });
    let now_left_s = remaining_s(&till);
    // The printer's clock shows whole seconds, so the clocks differ by up to a second.
    let spent_s = left_s - now_left_s;
    assert!((89_998..=90_600).contains(&spent_s), "{spent_s}");
    let fiscal = SALE.replacen('{', "{\"receiptMode\":\"FiscalReceiptOnly\",", 1);
    refused(
        &till.client().post("operations/sale", &fiscal),
        "ShiftTooLong",
    );
    assert_eq!(till.client().post("operations/closeday", "").status, 200);
    assert_eq!(till.client().post("operations/sale", &fiscal).status, 200);

    let moments = till.moments();
    assert!(moments.is_sorted(), "{moments:?}");
    let numbers = till.numbers();
    let expected: Vec<u32> = (1..=u32::try_from(numbers.len()).unwrap()).collect();
    assert_eq!(numbers, expected);
}

/// A till that was never connected to a network starts, sells and closes days until the owner's budget is used up.
#[test]
fn a_till_without_a_network_sells_and_closes_days_until_its_budget_is_used_up() {
    let mut till = Till::new(|config| {
        config
            .upstream("http://authority.invalid:7100")
            .set("upstream", "environment", text("TEST"))
            .set("offline", "documents_unsent", 12)
            .set("offline", "at_the_end", text("refuse"))
    });
    till.start();
    till.sells_until(false);
    while till.unsent() < 5 {
        till.sells();
    }
    let closed = till.client().post("operations/closeday", "");
    assert_eq!(closed.at("data.additionalData.zNumber"), "1");
    till.stop();
    till.start();
    let mut sold = 0;
    let last = loop {
        let reply = till.client().post("operations/sale", SALE);
        if reply.status != 200 {
            break reply;
        }
        sold += 1;
    };
    assert_eq!(
        sold, 6,
        "twelve documents may wait: five or so sales, a Z-report, and these"
    );
    refused(&last, "OfflineBudgetUsedUp");
    assert!(last.at("message").contains("restore the connection"));
    assert_eq!(
        till.health().at("offline.owner.used_up"),
        "true",
        "{}",
        till.health().text
    );
    // The day can be closed although the budget is used up.
    let closed = till.client().post("operations/closeday", "");
    assert_eq!(closed.at("data.additionalData.zNumber"), "2");
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );
}

fn sale_with(members: &str) -> String {
    SALE.replacen('{', &format!("{{{members},"), 1)
}

/// The value of a header in an answer of a route that needs no signature.
fn header(till: &Till, name: &str) -> Option<String> {
    let answer = ureq::get(format!("{}/livez", till.client().url)).call();
    let headers = answer.unwrap().headers().clone();
    headers
        .get(name)
        .map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn numbers_are_used_in_order_and_their_end_is_announced() {
    let till = Till::open_with(|config| {
        config.change_device(0, |device| {
            let device = device.without_ranges();
            device.range("ABC", 1, 48, 4).range("ABC", 60, 63, 4)
        })
    });
    let sell = |members: &str| till.client().post("operations/sale", &sale_with(members));
    let alternative = r#""receiptMode":"AlternativeReceiptOnly","print":false"#;
    let given =
        |number: &str| format!(r#"{alternative},"alternativeReceiptSeriesAndNumber":"{number}""#);
    let number = |reply: &Reply| {
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.at("data.alternativeReceipt.seriesAndNumber")
    };
    assert_eq!(
        header(&till, "X-Alternative-Numbers-Left"),
        None,
        "52 are plenty"
    );
    assert_eq!(number(&sell(alternative)), "ABC0001");
    assert_eq!(
        number(&sell(&given("ABC0002"))),
        "ABC0002",
        "the number of the caller is used"
    );
    for wrong in ["ABC0002", "ABC0005"] {
        refused(&sell(&given(wrong)), "AlternativeNumberNotNext");
    }
    // A number of the caller's own, outside of every range, is taken once.
    for outside in ["ABC0055", "XYZ00000007"] {
        assert_eq!(number(&sell(&given(outside))), outside);
        refused(&sell(&given(outside)), "AlternativeNumberNotNext");
    }
    for no_number in ["ABC", "ABCDEFGHIJK1", "4111111111111111"] {
        refused(&sell(&given(no_number)), "AlternativeNumberNotNext");
    }
    assert_eq!(
        header(&till, "X-Alternative-Numbers-Left").as_deref(),
        Some("50")
    );
    for _ in 3..=48 {
        sell(alternative);
    }
    assert_eq!(number(&sell(alternative)), "ABC0060");
    let device = till.client().get(&format!("devices/{}", shop::DEVICE));
    for (path, expected) in [
        ("0.expendedCompletely", "true"),
        ("1.willSoonBeExpended", "true"),
        ("1.expendedCompletely", "false"),
    ] {
        let path = format!("data.alternativeReceiptsRanges.{path}");
        assert_eq!(device.at(&path), expected, "{path}");
    }
    let expended = |place| {
        device.at(&format!(
            "data.alternativeReceiptsRanges.{place}.dateExpended"
        ))
    };
    let list = till
        .client()
        .get("alternativereceipts?startIndex=0&count=100");
    let count: usize = list.at("data.totalCount").parse().unwrap();
    let member = |place, name| list.at(&format!("data.data.{place}.{name}"));
    let last = (0..count).find(|place| member(*place, "seriesAndNumber") == "ABC0048");
    assert_eq!(expended(0), member(last.unwrap(), "dateTime"));
    assert_eq!(expended(1), "null");
    for _ in 61..=63 {
        sell(alternative);
    }
    refused(&sell(alternative), "RangesUsedUp");
    assert_eq!(till.health().at("printers.0.alternative_numbers_left"), "0");
    assert!(till.sells(), "fiscal receipts need no such number");
}

#[test]
fn a_device_without_alternative_receipts_always_sells_fiscal_ones() {
    let till = Till::open_with(|config| {
        config.change_device(0, |device| device.set("use_alternative_receipts", false))
    });
    let wanted = sale_with(r#""receiptMode":"AlternativeReceiptOnly""#);
    refused(
        &till.client().post("operations/sale", &wanted),
        "NoAlternativeReceipts",
    );
    till.network.set(ProxyMode::Refused);
    let offline = |till: &Till| state(till) == "offline";
    for _ in 0..200 {
        assert!(till.sells());
        if offline(&till) {
            break;
        }
    }
    assert!(offline(&till) && till.sells());
    let either = sale_with(r#""receiptMode":"FiscalThenAlternativeReceipt""#);
    let sold = till.client().post("operations/sale", &either);
    assert_eq!(sold.at("data.receiptType"), "FiscalReceipt");
}

/// The simulator moves the clock of the printer too, so the moved time is trusted at once and goes on from there.
#[test]
fn the_simulated_clock_is_trusted_and_time_goes_on_after_it() {
    let till = Till::open();
    assert!(till.sells());
    till.clock.set_offset(90_000);
    let sold = till.client().post("operations/sale", SALE);
    refused(&sold, "ShiftTooLong");
    assert_eq!(till.client().post("operations/closeday", "").status, 200);
    assert!(till.sells());
    for offset_s in [0, -43_200, 43_200, 0] {
        till.clock.set_offset(offset_s);
        let before = *till.moments().last().unwrap();
        till.sells();
        let after = *till.moments().last().unwrap();
        assert!(after > before, "time stands still after {offset_s} s");
    }
    assert!(till.moments().is_sorted());
}

#[test]
fn a_till_that_stops_while_it_sends_a_backlog_sends_nothing_twice() {
    let mut till = Till::new(|config| config);
    till.network.set(ProxyMode::Refused);
    till.start();
    let body = sale_with(r#""receiptMode":"AlternativeReceiptOnly","print":false"#);
    for _ in 0..150 {
        assert_eq!(till.client().post("operations/sale", &body).status, 200);
    }
    till.network.set(ProxyMode::Forward);
    for _ in 0..3 {
        let sent = till.authority.received().len();
        till.until("some are sent", |till| {
            let now = till.authority.received().len();
            now > sent || now == 150
        });
        till.stop();
        till.start();
    }
    till.until("all are sent", |till| till.unsent() == 0);
    assert_eq!(till.authority.received().len(), 150);
    assert_eq!(till.authority.duplicates(), 0);
}

/// The shop opens after a night without power. No printer is connected and the authority cannot be reached, so only the caller knows
/// the time. The clock of the machine is right, has stopped with the power, or shows 1970.
#[test]
fn after_a_night_without_power_the_first_signed_order_sets_the_time() {
    const NIGHT_MS: i64 = 14 * HOUR_MS;
    let body = sale_with(r#""receiptMode":"AlternativeReceiptOnly","print":false"#);
    for wrong_ms in [0, -NIGHT_MS, -system_ms()] {
        let mut till = Till::new(|config| {
            config.change_device(0, |device| {
                device.set("uri", text("datecs+serial:///nowhere/printer?baud=115200"))
            })
        });
        till.network.set(ProxyMode::Refused);
        till.clock.set_wrong(-NIGHT_MS);
        till.start();
        let sells = |till: &Till| {
            let sold = till.client().post("operations/sale", &body);
            assert_eq!(sold.status, 200, "{wrong_ms}: {}", sold.text);
            system_ms() - *till.moments().last().unwrap()
        };
        // In the evening the caller signs with the time of the evening.
        let signed = |path: &str, body: &str, off_ms: i64, headers: &mut Headers| {
            let timestamp = (system_ms() + off_ms).to_string();
            let parts = [shop::DEVICE, &timestamp, "POST", path, body].map(str::as_bytes);
            headers[2].1 = signature_of(shop::SECRET.as_bytes(), &parts);
            headers[3].1 = timestamp;
        };
        let path = "/api/v1/operations/sale";
        let sold = till
            .client()
            .call("POST", "operations/sale", &body, |headers| {
                signed(path, &body, -NIGHT_MS, headers);
            });
        assert_eq!(sold.unwrap().status, 200);
        let off_ms = system_ms() - *till.moments().last().unwrap() - NIGHT_MS;
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: the evening, {off_ms}");
        till.power_cut(wrong_ms);
        let evening = |till: &Till| {
            let now: jiff::Timestamp = till.health().at("clock.now").parse().unwrap();
            (system_ms() - NIGHT_MS - now.as_millisecond()).abs() < 60_000
        };
        assert!(evening(&till), "{wrong_ms}: {}", till.health().text);
        // A call without a valid signature does not set the time.
        type Change = fn(&mut Headers);
        let spoil: [(&str, Change); 4] = [
            ("SignatureMissing", |headers| {
                headers.retain(|(name, _)| *name != "Api-Signature");
            }),
            ("SignatureMismatch", |headers| headers[2].1 = "0".repeat(64)),
            ("SignatureMismatch", |headers| {
                headers[3].1 = (system_ms() + HOUR_MS).to_string();
            }),
            ("UnknownApiKey", |headers| {
                headers[0].1 = "nobody".to_owned();
            }),
        ];
        for (error, change) in spoil {
            let reply = till
                .client()
                .call("POST", "operations/sale", &body, change)
                .unwrap();
            assert_eq!(reply.at("errorType"), error);
            assert!(evening(&till), "{wrong_ms}: {error}");
        }
        // The time is not set by a call without an order. It is not set by a call that is a month ahead either, although that
        // call is processed.
        assert_eq!(till.client().get("devices").status, 200);
        assert_eq!(till.client().get("receipts").status, 200);
        assert!(evening(&till), "{wrong_ms}: a question");
        let reply = till
            .client()
            .call("POST", "operations/sale", "{}", |headers| {
                signed(path, "{}", 31 * 24 * HOUR_MS, headers);
            })
            .unwrap();
        assert_eq!(reply.status, 422, "{}", reply.text);
        assert!(evening(&till), "{wrong_ms}: a month");
        let off_ms = sells(&till);
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: {off_ms} ms off");
        // If the machine's clock is right, the caller has confirmed it.
        let confirmed = wrong_ms == 0;
        assert_eq!(
            till.health().at("clock.witnessed"),
            confirmed.to_string(),
            "{wrong_ms}"
        );
        assert!(till.moments().is_sorted());
        // If the agent is restarted and the machine is not, the till's time goes on.
        till.stop();
        till.start();
        let off_ms = sells(&till);
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: {off_ms} ms off");
    }
}
