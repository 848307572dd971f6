//! The time of documents: a first start with a wrong clock, a printer in another time zone, and an operator who sets the time.

mod shop;

use std::fs;
use std::sync::atomic::Ordering;

use ferrotill::api::json::JsonValue;
use ferrotill::time::clock::{iso_utc, system_ms};
use ferrotill_core::event::Event;
use ferrotill_testkit::config::{Device, text};
use ferrotill_testkit::health_page::check_says_of;
use ferrotill_testkit::network::ProxyMode;
use shop::outside::{Process, finished};
use shop::till::{SALE, Till};
use shop::{Reply, configuration};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The kinds of the events that are looked at.
const RESERVED: u16 = 2;
const NUMBERS_GRANTED: u16 = 7;
const CLOCK_SET: u16 = 13;

/// A fiscal sale, which needs the printer.
fn fiscal() -> String {
    sale_with(r#""receiptMode":"FiscalReceiptOnly""#)
}

/// A sale on an alternative receipt without paper, which needs nothing but the till.
fn alternative() -> String {
    sale_with(r#""receiptMode":"AlternativeReceiptOnly","print":false"#)
}

fn sale_with(members: &str) -> String {
    SALE.replacen('{', &format!("{{{members},"), 1)
}

/// Sells, and returns how far the time of the document is ahead of the real time, in milliseconds.
fn sells(till: &Till, body: &str) -> i64 {
    let sold = till.client().post("operations/sale", body);
    assert_eq!(sold.status, 200, "{}", sold.text);
    document_times(till).last().unwrap() - system_ms()
}

/// The times of the documents, in the order of the journal.
fn document_times(till: &Till) -> Vec<i64> {
    let rows = till.payloads(RESERVED).into_iter();
    rows.map(|payload| {
        match Event::decode(RESERVED, Event::version_of(RESERVED), &payload).unwrap() {
            Event::Reserved(reserved) => reserved.at.utc_ms,
            other => panic!("{other:?}"),
        }
    })
    .collect()
}

/// The ids of the problems with the time that the health of the till names.
fn problems(till: &Till) -> Vec<String> {
    clock_problems(till).into_iter().map(|(id, _)| id).collect()
}

/// The problems with the time: id, and what to do.
fn clock_problems(till: &Till) -> Vec<(String, String)> {
    let health = till.health();
    let all = (0..health.list("problems")).map(|place| {
        let of = |name| health.at(&format!("problems.{place}.{name}"));
        check_says_of("tests/clock.rs", &of("id"), &of("says"));
        (of("id"), of("fix"))
    });
    all.filter(|(id, _)| id.starts_with("clock")).collect()
}

fn is_confirmed(till: &Till) -> bool {
    till.health().at("clock.witnessed") == "true"
}

/// How far the till's time is ahead of the real time, in milliseconds.
fn ahead_ms(till: &Till) -> i64 {
    let now: jiff::Timestamp = till.health().at("clock.now").parse().unwrap();
    now.as_millisecond() - system_ms()
}

/// A till whose printer is not there.
fn without_printer() -> Till {
    Till::new(|config| {
        config.change_device(0, |device| {
            device.set("uri", text("datecs+serial:///nowhere/printer?baud=115200"))
        })
    })
}

fn set_clock(till: &Till, at_ms: i64, by: &str) -> Reply {
    let body = format!(r#"{{"at":"{}","by":"{by}"}}"#, iso_utc(at_ms));
    till.client()
        .signed("POST", "/clock", &body, |_| ())
        .unwrap()
}

#[test]
fn a_first_start_with_a_clock_400_days_ahead_spoils_no_document() {
    let mut till = Till::new(|config| config);
    till.clock.set_wrong(400 * DAY_MS);
    till.start();
    for _ in 0..3 {
        let off_ms = sells(&till, &fiscal());
        assert!(off_ms.abs() < 60_000, "{off_ms}");
    }
    till.until("two clocks agree", is_confirmed);
    assert_eq!(problems(&till), [""; 0]);
    // After further starts with the same wrong clock, and with the right one.
    for wrong_ms in [400 * DAY_MS, 0] {
        till.stop();
        till.start();
        assert!(sells(&till, &fiscal()).abs() < 60_000);
        till.power_cut(wrong_ms);
        assert!(sells(&till, &fiscal()).abs() < 60_000);
    }
    assert!(document_times(&till).is_sorted());
}

#[test]
fn at_the_first_start_the_office_is_asked_for_the_time_without_a_document() {
    for wrong_ms in [-10 * HOUR_MS, 3 * HOUR_MS, 400 * DAY_MS] {
        let mut till = without_printer();
        till.clock.set_wrong(wrong_ms);
        till.start();
        till.until("the office's time is used", |till| {
            ahead_ms(till).abs() < 60_000
        });
        assert_eq!(problems(&till), ["clock_unconfirmed"]);
        let (_, fix) = clock_problems(&till).remove(0);
        assert!(fix.contains("ferrotill clock set"), "{fix}");
        // The first signed order is the second clock.
        let off_ms = sells(&till, &alternative());
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: {off_ms}");
        assert!(is_confirmed(&till));
        assert_eq!(problems(&till), [""; 0]);
    }
}

/// Neither printer nor office: the callers are right, and the machine's clock is hours off.
#[test]
fn at_the_first_start_no_caller_is_refused_for_the_machines_wrong_clock() {
    for wrong_ms in [2, -3, 10, -10].map(|hours| hours * HOUR_MS) {
        let mut till = without_printer();
        till.network.set(ProxyMode::Refused);
        till.clock.set_wrong(wrong_ms);
        till.start();
        assert_eq!(till.client().get("devices").status, 200, "{wrong_ms}");
        let off_ms = sells(&till, &alternative());
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: {off_ms}");
        assert_eq!(problems(&till), ["clock_unconfirmed"]);
        till.stop();
        till.start();
        let off_ms = sells(&till, &alternative());
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: {off_ms}");
    }
    // A caller that is hundreds of days off does not move the time.
    let mut till = without_printer();
    till.network.set(ProxyMode::Refused);
    till.clock.set_wrong(400 * DAY_MS);
    till.start();
    let off_ms = sells(&till, &alternative());
    assert!((off_ms - 400 * DAY_MS).abs() < 60_000, "{off_ms}");
    assert_eq!(problems(&till), ["clock_unconfirmed"]);
    // It is not refused afterwards either.
    assert_eq!(till.client().get("devices").status, 200);
    sells(&till, &alternative());
}

/// At the first start the machine's clock is in 1970, and neither printer nor office can be asked.
#[test]
fn beside_a_clock_without_a_battery_no_second_caller_moves_the_time_by_months() {
    let mut till = without_printer();
    till.network.set(ProxyMode::Refused);
    till.clock.set_wrong(-system_ms());
    till.start();
    let microseconds = sale_signed_at(&till, &alternative(), system_ms() * 1_000);
    assert_eq!(microseconds.status, 401, "{}", microseconds.text);
    let off_ms = sells(&till, &alternative());
    assert!(off_ms.abs() < 60_000, "{off_ms}");
    for wrong_ms in [400 * DAY_MS, 60 * DAY_MS, -60 * DAY_MS] {
        let off_ms = sells_at_wrong_time(&till, &alternative(), wrong_ms);
        assert!(off_ms.abs() < 60_000, "{wrong_ms}: {off_ms}");
    }
    assert_eq!(problems(&till), ["clock_unconfirmed"]);
    // The office answers, and nothing has to be mended.
    till.network.set(ProxyMode::Forward);
    let off_ms = sells(&till, &alternative());
    assert!(off_ms.abs() < 60_000, "{off_ms}");
    till.until("office and caller agree", is_confirmed);
    assert_eq!(problems(&till), [""; 0]);
}

/// The first fiscal numbers come before any clock shows that the machine's clock is 400 days ahead.
#[test]
fn numbers_that_are_granted_at_a_wrong_time_bind_no_document() {
    let mut till = Till::new(|config| {
        let device = |_| {
            Device::new(shop::DEVICE, "Till 1", "none")
                .tax_group("A", "20.00")
                .payment_names("Готівка", "Картка")
                .point_of_sale(shop::POINT_OF_SALE, "1")
        };
        config
            .owner("Крамниця", "1111111111")
            .set("till", "address", text("вул. Прикладна, 1"))
            .set("till", "country", text("UA"))
            .change_device(0, device)
    });
    till.network.set(ProxyMode::Refused);
    till.clock.set_wrong(400 * DAY_MS);
    till.start();
    // The office is asked for its time again after two seconds, and for numbers sooner.
    till.network.set(ProxyMode::Forward);
    till.until("numbers are granted", |till| {
        !till.payloads(NUMBERS_GRANTED).is_empty()
    });
    till.until("the office's time is used", |till| {
        ahead_ms(till).abs() < 60_000
    });
    for _ in 0..2 {
        let off_ms = sells(&till, SALE);
        assert!(off_ms.abs() < 60_000, "{off_ms}");
        till.stop();
        till.start();
    }
    assert_eq!(problems(&till), [""; 0]);
}

/// The clock is stored at least once a minute, so a power cut may lose a minute.
#[test]
fn each_start_of_the_machine_costs_a_minute_of_the_owners_hours() {
    let mut till = Till::new(|config| {
        let gone = text("datecs+serial:///nowhere/printer?baud=115200");
        config
            .set("offline", "hours_at_a_stretch", 100)
            .change_device(0, |device| device.set("uri", gone.clone()))
    });
    till.start();
    till.network.set(ProxyMode::Refused);
    sells(&till, &alternative());
    till.until("the hours are counted", |till| {
        till.health().at("offline.counting") == "true"
    });
    let remaining_s = |till: &Till| {
        let left = till.health().at("offline.remaining_s");
        left.parse::<i64>().unwrap()
    };
    for cut in 1..=3 {
        let before_s = remaining_s(&till);
        till.power_cut(0);
        let spent_s = before_s - remaining_s(&till);
        assert!((60..600).contains(&spent_s), "cut {cut}: {spent_s}");
        // A start of the agent alone costs nothing.
        let before_s = remaining_s(&till);
        till.stop();
        till.start();
        let spent_s = before_s - remaining_s(&till);
        assert!((0..60).contains(&spent_s), "cut {cut}: {spent_s}");
    }
}

#[test]
fn a_printer_in_another_time_zone_moves_no_document() {
    for hours in [2, 1, -2, -3] {
        let mut till = Till::new(|config| config);
        till.printer_ahead_s.store(hours * 3_600, Ordering::Release);
        till.network.set(ProxyMode::Refused);
        till.start();
        for _ in 0..2 {
            let off_ms = sells(&till, &fiscal());
            assert!(off_ms.abs() < 60_000, "{hours} h: {off_ms}");
            assert!(is_confirmed(&till), "machine and caller agree");
            // The machine is started again, and its clock is right.
            till.power_cut(0);
        }
        // The machine's clock has stopped in a night, and the office cannot be reached. The printer's zone is known now.
        let off_ms = sells(&till, &fiscal());
        assert!(off_ms.abs() < 60_000, "{hours} h: {off_ms}");
        till.power_cut(-14 * HOUR_MS);
        let off_ms = sells(&till, &fiscal());
        assert!(off_ms.abs() < 60_000, "{hours} h, stopped: {off_ms}");
    }
}

/// Machine and printer were both set wrong, so that the documents of the first day are a month ahead.
#[test]
fn an_operator_sets_the_time_between_two_shifts_and_the_journal_keeps_it() {
    let month_ms = 30 * DAY_MS;
    let mut till = Till::new(|config| config);
    till.network.set(ProxyMode::Refused);
    till.clock.set_wrong(month_ms);
    till.printer_ahead_s
        .store(month_ms / 1_000, Ordering::Release);
    till.start();
    till.until("machine and printer agree", is_confirmed);
    let off_ms = sells_at_wrong_time(&till, &fiscal(), month_ms);
    assert!((off_ms - month_ms).abs() < 60_000);
    // Both are set right, and the machine is started again.
    till.printer_ahead_s.store(0, Ordering::Release);
    till.power_cut(0);
    till.until("the clocks agree", is_confirmed);
    assert_eq!(problems(&till), ["clock_ahead"]);
    assert!(clock_problems(&till)[0].1.contains("close the day"));

    let refused = set_clock(&till, system_ms(), "Ana");
    let verdict = (refused.status, refused.at("error"));
    assert_eq!(verdict, (409, "ClockBackInShift".to_owned()));
    assert_eq!(till.client().post("operations/closeday", "").status, 200);
    let refused = set_clock(&till, system_ms() + 2 * DAY_MS, "Ana");
    let verdict = (refused.status, refused.at("error"));
    assert_eq!(verdict, (422, "NoClockAgrees".to_owned()));
    let set = set_clock(&till, system_ms(), "Ana");
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(problems(&till), [""; 0]);
    let off_ms = sells(&till, &fiscal());
    assert!(off_ms.abs() < 60_000, "{off_ms}");
    let rows = till.payloads(CLOCK_SET);
    let Ok(Event::ClockSet(kept)) = Event::decode(CLOCK_SET, 1, &rows[0]) else {
        panic!("{rows:?}");
    };
    assert_eq!((rows.len(), kept.by), (1, "Ana"));
    assert!(kept.before.utc_ms - kept.at.utc_ms > month_ms - HOUR_MS);
    // The time stays right over starts of the agent and of the machine.
    till.stop();
    till.start();
    assert!(sells(&till, &fiscal()).abs() < 60_000);
    till.power_cut(0);
    assert!(sells(&till, &fiscal()).abs() < 60_000);
}

/// Orders a sale as a caller whose clock shows another time.
fn sale_signed_at(till: &Till, body: &str, at_ms: i64) -> Reply {
    let signed = |headers: &mut shop::Headers| {
        let timestamp = at_ms.to_string();
        let path = "/api/v1/operations/sale";
        let parts = [shop::DEVICE, &timestamp, "POST", path, body].map(str::as_bytes);
        headers[2].1 = ferrotill::hmac::signature_of(shop::SECRET.as_bytes(), &parts);
        headers[3].1 = timestamp;
    };
    till.client()
        .call("POST", "operations/sale", body, signed)
        .unwrap()
}

/// Sells as a caller whose clock is wrong. Returns how far the time of the document is ahead of the real time, in milliseconds.
fn sells_at_wrong_time(till: &Till, body: &str, wrong_ms: i64) -> i64 {
    let sold = sale_signed_at(till, body, system_ms() + wrong_ms);
    assert_eq!(sold.status, 200, "{}", sold.text);
    document_times(till).last().unwrap() - system_ms()
}

#[test]
fn a_correction_needs_a_signature_a_time_and_a_name() {
    let till = Till::open();
    let post = |body: &str, change: fn(&mut shop::Headers)| {
        let reply = till.client().signed("POST", "/clock", body, change);
        let reply = reply.unwrap();
        (reply.status, reply.at("error"))
    };
    let now = iso_utc(system_ms());
    let right = format!(r#"{{"at":"{now}","by":"Ana"}}"#);
    let unsigned = |headers: &mut shop::Headers| headers[2].1 = "0".repeat(64);
    assert_eq!(
        post(&right, unsigned),
        (401, "SignatureMismatch".to_owned())
    );
    for (body, error) in [
        ("{", "MalformedJson"),
        (r#"{"by":"Ana"}"#, "Missing"),
        (r#"{"at":"2026-11-28","by":"Ana"}"#, "UnknownValue"),
    ] {
        assert_eq!(post(body, |_| ()), (400, error.to_owned()), "{body}");
    }
    assert_eq!(till.payloads(CLOCK_SET).len(), 0);
}

#[test]
fn without_a_configured_zone_receipts_have_the_countrys_and_the_verb_sets_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
    // The clock of this printer shows UTC, or whatever the zone of this machine is.
    let _printer = Process::emulator(&link, &memory, "115200");
    let authority = Process::authority();
    let books = folder.path().join("books");
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let config = configuration(books.to_str().unwrap(), &uri, &authority.client.url);
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, config).unwrap();
    let agent = Process::agent(&file);
    let sold = agent.client.post("operations/sale", &fiscal());
    let written = sold.receipt("dateTime");
    let offset = &written[written.len() - 6..];
    assert!(["+02:00", "+03:00"].contains(&offset), "{written}");
    let at: jiff::Timestamp = written.parse().unwrap();
    assert!((at.as_millisecond() - system_ms()).abs() < 60_000);

    let (file, url) = (file.to_str().unwrap(), agent.client.url.clone());
    let listen = url.trim_start_matches("http://");
    let set = |at_ms: i64| {
        let at = iso_utc(at_ms);
        let arguments = [
            "clock", "set", "--at", &at, "--by", "Ana", "--config", file, "--listen", listen,
        ];
        let (code, said) = finished(&arguments);
        let error = match said.get("error").and_then(|error| error.get("code")) {
            Some(JsonValue::Text(error)) => error.clone(),
            _ => String::new(),
        };
        (code, error)
    };
    assert_eq!(
        set(system_ms() - 60_000),
        (Some(7), "ClockBackInShift".to_owned())
    );
    assert_eq!(
        set(system_ms() + DAY_MS),
        (Some(7), "NoClockAgrees".to_owned())
    );
    assert_eq!(agent.client.post("operations/closeday", "").status, 200);
    assert_eq!(set(system_ms() - 60_000), (Some(0), String::new()));
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let (code, said) = finished(&["verify", "--config", file]);
    assert_eq!(code, Some(0), "{said}");
}
