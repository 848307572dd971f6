//! The printer's own date and time of a sale: read right after the close, and never a reason for another outcome.
#![cfg(feature = "emulator")]

mod bench;

use std::sync::atomic::Ordering::Relaxed;

use bench::cases::begun_day_without;
use bench::crash::crashing_driver;
use bench::*;
use ferrotill_core::printer_time::PrinterTime;
use ferrotill_device::emulator::FaultKind;
use ferrotill_device::family::{FAMILIES, Protocol};
use ferrotill_device::{FiscalPrinter, JournalEvidence, Performed, Recovered, Registered};

fn with_refunds() -> impl Iterator<Item = &'static Protocol> {
    FAMILIES
        .iter()
        .copied()
        .filter(|family| family.refund.is_some())
}

/// The command that tells the time of a sale also later, if the family has one.
fn later_question(family: &Protocol) -> Option<u8> {
    let last = family.last_receipt.map(|row| row.command);
    let issued = family.issued_document.map(|row| row.command);
    last.or(family.journal_document.map(|row| row.command))
        .or(issued)
}

/// The command that asks for the time of a sale right after its close.
fn question(family: &Protocol) -> u8 {
    later_question(family).unwrap_or(family.clock.command)
}

/// Whether the time is that of the printer's last receipt.
fn is_the_printers(bench: &Bench, registered: &Registered) -> bool {
    let stamp = bench.line.with(|emulator| {
        let last = emulator.printer().receipts().last().unwrap();
        assert_eq!(last.document, registered.document);
        last.stamp()
    });
    let digits = |at: PrinterTime| -> String {
        at.to_string()
            .chars()
            .filter(char::is_ascii_digit)
            .collect()
    };
    registered.printed_at.map(digits) == Some(stamp)
}

#[test]
fn a_sale_has_the_printers_own_time() {
    for family in with_refunds() {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let mut baseline = driver.connect().unwrap().baseline;
        for _ in 0..3 {
            bench.advance(3_701);
            let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
            assert!(is_the_printers(&bench, &sold), "{}: {sold:?}", family.name);
            baseline = sold.after;
        }
        let back = registered(driver.perform(&refund_on(family), &baseline, &mut Notes::new()));
        assert_eq!(back.printed_at, None, "no refund is refunded");
    }
}

#[test]
fn firmware_that_tells_no_time_of_a_receipt_is_asked_once_and_has_a_clock() {
    for family in with_refunds() {
        let Some(question) = later_question(family) else {
            continue;
        };
        let (bench, mut driver, mut baseline) = begun_day_without(family, &sale(), &[question]);
        let clock = family.clock.command;
        for expected in [vec![question, clock], vec![clock]] {
            bench.advance(61);
            let mut notes = Notes::new();
            let sold = registered(driver.perform(&sale(), &baseline, &mut notes));
            if family.clock_tells_seconds {
                assert!(is_the_printers(&bench, &sold), "{sold:?}");
            } else {
                assert_eq!(sold.printed_at, None, "{}", family.name);
            }
            let commands = notes.lines.iter().filter(|line| line.contains(" -> "));
            let asked: Vec<u8> = commands
                .map(|line| u8::from_str_radix(&line[..2], 16).unwrap())
                .filter(|command| [question, clock].contains(command))
                .collect();
            if family.clock_tells_seconds {
                assert_eq!(asked, expected, "{}", family.name);
            } else {
                assert!(!asked.contains(&clock), "{}", family.name);
            }
            baseline = sold.after;
        }
    }
}

#[test]
fn a_lost_or_garbled_time_leaves_the_sale_registered() {
    let kinds = [
        FaultKind::DropRequest,
        FaultKind::DropAnswer,
        FaultKind::Garble,
        FaultKind::Nak,
        FaultKind::Busy,
    ];
    for family in with_refunds() {
        for kind in kinds {
            for times in [1, 5, 40] {
                let bench = Bench::of(family);
                let mut driver = bench.driver(1);
                let baseline = driver.connect().unwrap().baseline;
                bench.order(kind, Some(question(family)), times);
                let done = driver.perform(&sale(), &baseline, &mut Notes::new());
                // The command that tells the time may be the one that proves the receipt, too.
                let is_proof = family.asked.is_some();
                if is_proof && matches!(done, Performed::Unknown(_)) {
                    assert!(times > 1, "{} {kind:?}*{times}", family.name);
                    continue;
                }
                let sold = registered(done);
                assert!(
                    sold.printed_at.is_none() || is_the_printers(&bench, &sold),
                    "{} {kind:?}*{times}: {sold:?}",
                    family.name
                );
                bench.check(1, false);
            }
        }
    }
}

#[test]
fn a_sale_that_is_found_later_never_gets_the_time_at_which_it_was_found() {
    for family in with_refunds() {
        let mut found = 0;
        for frames in 1..60 {
            for arrives in [false, true] {
                let bench = Bench::of(family);
                let baseline = bench.driver(1).connect().unwrap().baseline;
                let (mut driver, left) = crashing_driver(&bench, family, frames, arrives);
                let mut notes = Notes::new();
                let _ = driver.perform(&sale(), &baseline, &mut notes);
                if left.load(Relaxed) > 0 || bench.fiscal_receipts() == 0 {
                    continue;
                }
                bench.advance(7_200);
                let evidence = JournalEvidence::of_decision(notes.decided);
                let recovered =
                    bench
                        .driver(90)
                        .recover(&sale(), &baseline, &evidence, &mut Notes::new());
                let sold = registered(recovered);
                let told = later_question(family).is_some();
                assert_eq!(sold.printed_at.is_some(), told, "{} {frames}", family.name);
                assert!(!told || is_the_printers(&bench, &sold), "{}", family.name);
                found += 1;
            }
        }
        assert!(found > 0, "{}", family.name);
    }
}

#[test]
fn a_sale_that_recovery_closes_has_the_time_of_its_close() {
    for family in with_refunds() {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        bench.order(FaultKind::PowerCutBefore, Some(family.close.command), 1);
        let first = driver.perform(&sale(), &baseline, &mut Notes::new());
        bench.advance(7_200);
        bench.repair();
        let (_, outcome) = settle(&bench, driver, &sale(), &baseline, first, false, false);
        let sold = registered(outcome);
        assert!(is_the_printers(&bench, &sold), "{}: {sold:?}", family.name);
    }
}

#[test]
fn a_time_of_a_later_document_is_not_taken() {
    for family in with_refunds() {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
        bench.advance(3_600);
        let next = registered(driver.perform(&cash_in(), &sold.after, &mut Notes::new()));
        assert_eq!(next.printed_at, None, "cash has no time of its own");
        let evidence = JournalEvidence::default();
        let mut finder = bench.driver(5);
        let found = finder.recover(&sale(), &baseline, &evidence, &mut Notes::new());
        if let Recovered::Registered(found) = found {
            assert!(
                found.printed_at.is_none() || is_the_printers(&bench, &found),
                "{}: {found:?}",
                family.name
            );
        }
    }
}
