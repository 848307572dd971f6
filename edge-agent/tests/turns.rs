//! One queue of jobs a device: nothing is carried out behind a "no", slips and documents take turns, and a till without its printer
//! closes the days of its alternative receipts.

mod shop;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use ferrotill_core::event::Mode;
use ferrotill_core::profile::MOLDOVA;
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power};
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use shop::Reply;
use shop::till::{SALE, Till};

/// The printer's command that closes a receipt.
const CLOSE: u8 = 0x38;
/// The time between two calls, so that no two calls have the same signature.
const APART: Duration = Duration::from_millis(5);

/// The sale with these members and an id of its own.
fn sale_with(members: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id = format!("7a0b9f0e-4a4e-4a53-9a3b-0d6f{count:08x}");
    SALE.replacen('{', &format!("{{\"id\":\"{id}\",{members},"), 1)
}

fn with_slip() -> String {
    sale_with(r#""receiptMode":"AlternativeReceiptOnly","print":true"#)
}

fn without_slip() -> String {
    sale_with(r#""receiptMode":"AlternativeReceiptOnly","print":false"#)
}

fn fiscal() -> String {
    sale_with(r#""receiptMode":"FiscalReceiptOnly""#)
}

fn sells(till: &Till, body: &str) {
    let sold = till.client().post("operations/sale", body);
    assert_eq!(sold.status, 200, "{}", sold.text);
}

fn refused(reply: &Reply, error: &str) {
    let found = (reply.status, reply.at("errorType"));
    assert_eq!(found, (422, error.to_owned()), "{}", reply.text);
}

/// No row of the journal and no table has a flaw.
fn check(till: &Till) {
    let verified = verify(&Wanted {
        folder: &till.folder.path().join("books"),
        profile: &MOLDOVA,
        mode: Mode::Test,
        devices: &[shop::DEVICE.parse().unwrap()],
        range: VerifyRange::ALL,
    })
    .unwrap();
    assert!(verified.flaws.is_empty(), "{:?}", verified.flaws);
}

#[test]
fn no_drawer_request_that_was_refused_is_carried_out_when_the_power_returns() {
    let till = Till::open_with(|config| config.set("till", "answer_timeout_ms", 1_500));
    sells(&till, &fiscal());
    let before = till.rig.snapshot(false).drawer_pulses;
    till.rig.add_fault(FaultOrder {
        kind: FaultKind::PowerCut,
        command: Some(CLOSE),
        times: 1,
        ms: 0,
    });
    let lost = fiscal();
    refused(
        &till.client().post("operations/sale", &lost),
        "OutcomeUnknown",
    );
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let opened = till.client().post("misc/opencashdrawer", "");
                refused(&opened, "DrawerNotOpened");
                assert!(opened.text.contains("not settled"), "{}", opened.text);
            });
            thread::sleep(APART);
        }
    });
    till.rig.set_power(Power::On);
    till.until("the sale is found", |till| {
        till.client().post("operations/sale", &lost).status == 200
    });
    // The printer carries out one job after another: a request that was still in line would be carried out before this sale.
    sells(&till, &fiscal());
    assert_eq!(till.rig.snapshot(false).drawer_pulses, before);
    let opened = till.client().post("misc/opencashdrawer", "");
    assert_eq!(opened.status, 200, "{}", opened.text);
    assert_eq!(till.rig.snapshot(false).drawer_pulses, before + 1);
}

#[test]
fn slips_on_a_slow_line_do_not_hold_up_a_fiscal_sale_and_the_end_of_the_day() {
    let mut till = Till::new_on(Some(9_600), |config| {
        config.set("till", "answer_timeout_ms", 12_000)
    });
    till.start();
    sells(&till, &fiscal());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    let sold = till.client().post("operations/sale", &with_slip());
                    if sold.status != 200 {
                        over.store(true, Ordering::Release);
                        panic!("{}", sold.text);
                    }
                }
            });
        }
        // The fourth document is sealed after the first slip was printed.
        while till.numbers().len() < 4 && !over.load(Ordering::Acquire) {
            thread::sleep(APART);
        }
        let sold = till.client().post("operations/sale", &fiscal());
        let closed = till.client().post("operations/closeday", "");
        over.store(true, Ordering::Release);
        assert_eq!(sold.status, 200, "{}", sold.text);
        assert_eq!(closed.status, 200, "{}", closed.text);
    });
    check(&till);
}

#[test]
fn the_slip_that_has_no_room_is_told_to_its_caller_at_once() {
    let till = Till::open_with(|config| config.set("till", "answer_timeout_ms", 4_000));
    sells(&till, &fiscal());
    till.rig.add_fault(FaultOrder {
        kind: FaultKind::Delay,
        command: None,
        times: u32::MAX,
        ms: 350,
    });
    let notes: Vec<String> = thread::scope(|scope| {
        let callers: Vec<_> = (0..26)
            .map(|_| {
                thread::sleep(APART);
                scope.spawn(|| {
                    let sold = till.client().post("operations/sale", &with_slip());
                    assert_eq!(sold.verdict().0, 200, "{}", sold.text);
                    assert_eq!(sold.state.as_deref(), Some("registered"));
                    sold.at("data.alternativeReceipt.printErrorMessage")
                })
            })
            .collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });
    till.rig.clear_faults();
    let no_room = |note: &&String| note.contains("20 slips already wait");
    let told = notes.iter().filter(no_room).count();
    assert!((3..=6).contains(&told), "{notes:?}");
    check(&till);
}

#[test]
fn a_till_without_its_printer_closes_days_of_alternative_receipts_and_sells_on() {
    let mut till = Till::new(|config| config);
    till.rig.set_power(Power::Off);
    till.start();
    for day in 1..=3 {
        for _ in 0..2 {
            sells(&till, &without_slip());
        }
        till.clock.set_offset(day * 90_000);
        till.printer_ahead_s.store(day * 90_000, Ordering::Release);
        let late = till.client().post("operations/sale", &without_slip());
        refused(&late, "ShiftTooLong");
        let closed = till.client().post("operations/closeday", "");
        assert_eq!(closed.status, 200, "{}", closed.text);
        assert_eq!(closed.state.as_deref(), Some("registered"));
    }
    check(&till);
    // The printer comes back. It has printed nothing, and its day is its own.
    till.rig.set_power(Power::On);
    till.until("the printer is connected", |till| {
        till.health().at("printers.0.connected") == "true"
    });
    let printer = till.rig.snapshot(false);
    assert_eq!((printer.z_number, printer.last_document), (0, 0));
    sells(&till, &fiscal());
    sells(&till, &without_slip());
    let closed = till.client().post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert_eq!(till.rig.snapshot(false).z_number, 1);
    check(&till);
}

#[test]
fn a_caller_of_a_sale_that_hangs_for_want_of_paper_is_told_so() {
    let till = Till::open_with(|config| config.set("till", "answer_timeout_ms", 2_500));
    sells(&till, &fiscal());
    till.rig.add_fault(FaultOrder {
        kind: FaultKind::PaperOut,
        command: Some(CLOSE),
        times: 1,
        ms: 0,
    });
    let body = fiscal();
    let sold = till.client().post("operations/sale", &body);
    refused(&sold, "OutcomeUnknown");
    assert!(sold.text.contains("out of paper"), "{}", sold.text);
    let id = &body[7..43];
    let operation = till.client().open(&format!("/operations/{id}"));
    assert_eq!(operation.at("state"), "in_progress", "{}", operation.text);
    let reason = operation.at("reason");
    assert!(reason.contains("out of paper"), "{}", operation.text);
    assert_eq!(operation.at("needs_a_person"), "false");
    till.rig.set_paper(ferrotill_device::Paper::Ok);
    till.until("the sale is found", |till| {
        till.client().post("operations/sale", &body).status == 200
    });
}

#[test]
fn a_caller_whose_sale_was_not_begun_gets_the_reason_of_the_printer() {
    let till = Till::open_with(|config| config.set("till", "answer_timeout_ms", 2_500));
    sells(&till, &fiscal());
    till.rig.set_power(Power::Off);
    till.until("the printer's silence is noticed", |till| {
        till.health().at("printers.0.connected") == "false"
    });
    let reason = till.health().at("printers.0.trouble");
    let body = fiscal();
    let sold = till.client().post("operations/sale", &body);
    refused(&sold, "OutcomeUnknown");
    assert!(sold.text.contains(&reason), "{reason}: {}", sold.text);
    till.rig.set_power(Power::On);
    till.until("the same id is sold", |till| {
        till.client().post("operations/sale", &body).status == 200
    });
}
