//! Jobs and questions besides receipts, on every family: duplicates, the fiscal memory, the clock, the tax rates.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_device::family::FAMILIES;
use ferrotill_device::{Fault, FiscalPrinter as _, Job};

fn by_number(first: u32, last: u32, detailed: bool) -> Job {
    Job::ByNumber {
        first,
        last,
        detailed,
    }
}

fn by_date(date: &str, detailed: bool) -> Job {
    Job::ByDate {
        first: date.to_owned(),
        last: date.to_owned(),
        detailed,
    }
}

#[test]
fn a_receipt_is_duplicated_once() {
    let families = FAMILIES.iter().copied();
    for family in families.filter(|family| family.duplicate.is_some()) {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let refusal = not_registered(driver.perform(&Job::Duplicate, &baseline, &mut Notes::new()));
        assert_eq!(refusal.fault, Fault::NotAllowed, "{family:?}");
        let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
        let copy = registered(driver.perform(&Job::Duplicate, &sold.after, &mut Notes::new()));
        assert_eq!(copy.document, 2, "{family:?}");
        let _ = not_registered(driver.perform(&Job::Duplicate, &copy.after, &mut Notes::new()));
        bench.check(1, false);
    }
}

#[test]
fn the_fiscal_memory_is_printed_by_number_and_by_date() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let mut baseline = driver.connect().unwrap().baseline;
        for job in [
            sale(),
            Job::ZReport,
            by_number(1, 1, false),
            by_number(1, 9, true),
            by_date("211126", false),
            by_date("211126", true),
        ] {
            baseline = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
        }
        let paper = bench.line.with(|emulator| emulator.printer().paper_text());
        // The text is once on the Z-report itself, and once on each of the four reports of the fiscal memory.
        assert_eq!(paper.matches("Z 0001").count(), 5, "{family:?}\n{paper}");
        let refusal =
            not_registered(driver.perform(&by_number(2, 1, false), &baseline, &mut Notes::new()));
        assert_eq!(refusal.fault, Fault::Syntax);
        let refusal =
            not_registered(driver.perform(&by_date("311326", true), &baseline, &mut Notes::new()));
        assert_eq!(refusal.fault, Fault::Syntax);
    }
}

#[test]
fn the_clock_is_read_and_set_but_not_behind_the_last_record() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let connected = driver.connect().unwrap();
        // A printer of ZFP does not tell its seconds.
        let second = if family.asked.is_some() { "00" } else { "30" };
        let at = format!("21-11-26 00:35:{second}");
        assert_eq!(connected.clock.as_ref(), Some(&at));
        driver.set_clock("21-11-26 12:00:00").unwrap();
        assert_eq!(driver.clock().unwrap(), "21-11-26 12:00:00");
        let _ = registered(driver.perform(&sale(), &connected.baseline, &mut Notes::new()));
        assert!(driver.set_clock("20-11-26 12:00:00").is_err(), "{family:?}");
        assert_eq!(driver.clock().unwrap(), "21-11-26 12:00:00");
        assert_eq!(driver.set_clock("noon"), Err(Fault::Syntax), "{family:?}");
    }
}

#[test]
fn tax_rates_are_read_and_compared() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let connected = driver.connect().unwrap();
        let groups = driver.tax_groups().unwrap();
        assert_eq!(groups, connected.groups, "{family:?}");
        assert_eq!(groups[..3], [Some(200_000), Some(80_000), None]);
        let mut configured = [None; 8];
        configured[0] = Some(200_000);
        assert_eq!(connected.rates_unlike(&configured), []);
        configured[1] = Some(120_000);
        configured[2] = Some(0);
        let unlike: Vec<(char, Option<u32>)> = connected
            .rates_unlike(&configured)
            .iter()
            .map(|difference| (difference.group, difference.printer))
            .collect();
        assert_eq!(unlike, [('B', Some(80_000)), ('C', None)]);
    }
}

#[test]
fn every_family_sells_refunds_and_counts() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let connected = driver.connect().unwrap();
        assert_eq!(connected.model, family.model.name);
        let mut baseline = connected.baseline;
        for job in [
            cash_in(),
            sale(),
            exact_sale(),
            if family.refund.is_some() {
                refund_on(family)
            } else {
                sale()
            },
            Job::XReport,
            Job::text(["one", ""]),
            Job::Drawer,
            Job::ZReport,
        ] {
            baseline = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
        }
        assert_eq!((baseline.z_number, baseline.last_document), (Some(1), 7));
        bench.check(3, false);
    }
}

#[test]
fn a_leftover_receipt_is_cleared_before_payment_and_left_alone_when_half_paid_on_every_family() {
    for family in FAMILIES {
        for paid in [false, true] {
            let bench = Bench::of(family);
            let mut driver = bench.driver(1);
            let baseline = driver.connect().unwrap().baseline;
            // The receipt is interrupted before the payment, or between the card and the cash.
            let command = if paid {
                family.payment.command
            } else {
                family.subtotal.command
            };
            let kind = if paid {
                ferrotill_device::emulator::FaultKind::PowerCut
            } else {
                ferrotill_device::emulator::FaultKind::Unplug
            };
            bench.order(kind, Some(command), 1);
            let _ = driver.perform(&sale(), &baseline, &mut Notes::new());
            bench.repair();
            let mut driver = bench.driver(2);
            assert!(driver.connect().unwrap().receipt_open);
            let cleared = driver.clear_leftover(&mut Notes::new());
            if paid {
                assert_eq!(cleared, Err(Fault::PaymentStarted), "{family:?}");
                continue;
            }
            let after = cleared.unwrap();
            assert_eq!(after.last_document, 1, "{family:?}");
            bench.check(0, false);
            let _ = registered(driver.perform(&sale(), &after, &mut Notes::new()));
        }
    }
}

#[test]
fn the_last_report_that_the_fiscal_memory_has_room_for_is_registered_and_nothing_is_sold_after_it()
{
    for family in FAMILIES {
        let mut rates = [None; 8];
        rates[0] = Some(2_000);
        rates[1] = Some(800);
        let mut memory = ferrotill_device::emulator::memory::Memory::new(rates);
        memory.closures_max = 1;
        let bench = Bench::with(family, memory, Vec::new());
        let mut driver = bench.driver(1);
        let connected = driver.connect().unwrap();
        assert!(connected.condition.fiscal_memory_low, "{family:?}");
        let after =
            registered(driver.perform(&sale(), &connected.baseline, &mut Notes::new())).after;
        let z = registered(driver.perform(&Job::ZReport, &after, &mut Notes::new()));
        assert_eq!(z.after.z_number, Some(1), "{family:?}");
        let refusal = not_registered(driver.perform(&sale(), &z.after, &mut Notes::new()));
        assert_eq!(refusal.fault, Fault::FiscalMemoryFull, "{family:?}");
        bench.check(1, false);
    }
}

#[test]
fn a_printer_that_lost_its_working_memory_sells_after_its_clock_is_set() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        bench
            .line
            .with(|emulator| emulator.printer_mut().reset_memory());
        let refusal = not_registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
        assert!(
            matches!(refusal.fault, Fault::ClockNotSet | Fault::MemoryReset),
            "{family:?}: {refusal:?}"
        );
        bench.check(0, false);
        driver.set_clock("21-11-26 10:00:00").unwrap();
        let _ = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    }
}
