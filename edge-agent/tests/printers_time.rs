//! A refund names its sale by the printer's own date and time, whatever the till's clock shows, and a printer whose clock differs from
//! the till's time is an objection.

mod shop;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use ferrotill::time::clock::system_ms;
use ferrotill_device::emulator::memory::FiscalReceipt;
use ferrotill_device::emulator::{Family, FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_device::family::{FAMILIES, Protocol};
use ferrotill_testkit::config::text;
use shop::outside::{Process, until};
use shop::till::{SALE, Till};
use shop::{Client, config};

/// The return of everything that was sold.
fn refund_of(sale: &str) -> String {
    format!(
        r#"{{"originalReceiptId":"{sale}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":25.50}}]}}"#
    )
}

/// A till with a printer of a family, whose clock is ahead of the machine's.
struct Counter {
    folder: tempfile::TempDir,
    _rig: Rig,
    ahead_s: Arc<AtomicI64>,
    _office: Process,
    agent: Process,
}

impl Counter {
    fn open(family: &str, ahead_s: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let ahead_s = Arc::new(AtomicI64::new(ahead_s));
        let rig = Rig::start(RigOptions {
            family: Family::parse(family).unwrap(),
            memory: Some(folder.path().join("memory")),
            clock: Some(Arc::new({
                let ahead = Arc::clone(&ahead_s);
                move || system_ms() / 1_000 + ahead.load(Ordering::Acquire)
            })),
            ..RigOptions::new(link.clone())
        })
        .unwrap();
        let office = Process::authority();
        let file = folder.path().join("ferrotill.toml");
        let uri = format!("{family}+serial://{}?baud=115200", link.display());
        let books = folder.path().join("books");
        let text = config(&books, &uri, &office.client.url).set("till", "time_zone", text("UTC"));
        fs::write(&file, text.to_string()).unwrap();
        let agent = Process::agent(&file);
        Self {
            folder,
            _rig: rig,
            ahead_s,
            _office: office,
            agent,
        }
    }

    fn client(&self) -> &Client {
        &self.agent.client
    }

    fn sell(&self) -> String {
        let sold = self.client().post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        sold.receipt("id")
    }

    fn printed(&self) -> Vec<FiscalReceipt> {
        printed_in(&self.folder)
    }

    /// The objections in health.
    fn objections(&self) -> String {
        self.client().open("/healthz").at("printers.0.objections")
    }
}

/// The fiscal receipts in the memory of the printer of this folder.
fn printed_in(folder: &tempfile::TempDir) -> Vec<FiscalReceipt> {
    let lines = fs::read_to_string(folder.path().join("memory.receipts")).unwrap();
    let receipts = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    receipts.collect()
}

fn with_refunds() -> impl Iterator<Item = &'static Protocol> {
    let families = FAMILIES.iter().copied();
    families.filter(|family| family.refund.is_some())
}

#[test]
fn a_refund_names_the_printers_own_time_of_its_sale() {
    for family in with_refunds() {
        for ahead_s in [90, -3_600] {
            let counter = Counter::open(family.name, ahead_s);
            let sale = counter.sell();
            // What the clock shows later does not matter.
            counter.ahead_s.fetch_add(17, Ordering::Release);
            let back = counter
                .client()
                .post("operations/return", &refund_of(&sale));
            assert_eq!(back.status, 200, "{}: {}", family.name, back.text);
            let [sold, returned] = counter.printed().try_into().unwrap();
            let original = returned.original.unwrap();
            let case = format!("{}, {ahead_s} s", family.name);
            assert_eq!(original.document, sold.document, "{case}");
            assert_eq!(original.at, sold.stamp(), "{case}");
        }
    }
}

#[test]
fn a_sale_that_was_settled_later_is_returned_by_its_own_time() {
    for family in with_refunds() {
        let mut till = Till::new_of(family.name, None, |config| config);
        till.printer_ahead_s.store(3_600, Ordering::Release);
        till.start();
        till.rig.add_fault(FaultOrder {
            kind: FaultKind::PowerCut,
            command: Some(family.close.command),
            times: 1,
            ms: 0,
        });
        let caller = thread::spawn({
            let client = till.client().clone();
            move || client.post("operations/sale", SALE)
        });
        until("the close is executed", || {
            till.rig.snapshot(false).power != "on"
        });
        // The printer is switched on two hours later, by every clock.
        till.printer_ahead_s.fetch_add(7_200, Ordering::Release);
        till.clock.set_offset(7_200);
        till.rig.set_power(Power::On);
        let sold = caller.join().unwrap();
        assert_eq!(sold.status, 200, "{}", sold.text);
        let back = till
            .client()
            .post("operations/return", &refund_of(&sold.receipt("id")));
        assert_eq!(back.status, 200, "{}: {}", family.name, back.text);
        let [sold, returned] = printed_in(&till.folder).try_into().unwrap();
        let named = returned.original.unwrap();
        assert_eq!(named.document, sold.document);
        let apart = seconds(&named.at) - seconds(&sold.stamp());
        if family.last_receipt.is_some() || family.journal_document.is_some() {
            assert_eq!(apart, 0, "{}: the printer tells it", family.name);
        } else {
            // The printer does not tell it: the time at which the sale was begun, as this printer's clock showed it.
            assert!((-60..=1).contains(&apart), "{}: {apart} s", family.name);
        }
    }
}

/// Seconds of the day of `DDMMYYhhmmss`, with the day of the month.
fn seconds(stamp: &str) -> i64 {
    let pair = |at: usize| stamp[at..at + 2].parse::<i64>().unwrap();
    ((pair(0) * 24 + pair(6)) * 60 + pair(8)) * 60 + pair(10)
}

#[test]
fn a_printer_whose_clock_differs_is_an_objection_until_it_is_right() {
    let counter = Counter::open("datecs", 90);
    counter.sell();
    assert_eq!(counter.objections(), "[]", "within ten minutes");
    counter.ahead_s.store(7_200, Ordering::Release);
    counter.sell();
    until("the objection", || {
        counter.objections().contains("120 minutes ahead")
    });
    let health = counter.client().open("/healthz");
    assert_eq!(health.status, 200);
    assert_eq!(health.at("status"), "degraded", "{}", health.text);
    counter.ahead_s.store(-660, Ordering::Release);
    counter.sell();
    until("the other objection", || {
        counter.objections().contains("11 minutes behind")
    });
    counter.ahead_s.store(0, Ordering::Release);
    counter.sell();
    until("no objection", || counter.objections() == "[]");
}

#[test]
fn a_printer_in_another_zone_is_an_objection_from_its_first_sale_on() {
    let counter = Counter::open("datecs-x", 2 * 3_600);
    counter.sell();
    until("the objection", || {
        counter.objections().contains("120 minutes ahead")
    });
}

#[test]
fn the_answer_has_the_time_on_the_paper() {
    let counter = Counter::open("eltrade", 3_600);
    let sold = counter.client().post("operations/sale", SALE);
    let told = sold.receipt("additionalData.printer.printedAt");
    let digits: String = told.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits, counter.printed()[0].stamp(), "{}", sold.text);
}
