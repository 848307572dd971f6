//! The tax groups of MX are found by their rates: a machine in another order books the same, and all its sums come back in the
//! till's order.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::FaultKind;
use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::family::{Protocol, datecs_mx};
use ferrotill_device::wire::framing::Request;
use ferrotill_device::{Baseline, Fault, FiscalPrinter as _, Job, JournalEvidence, PrinterReport};

/// The till's groups: A 20 %, B 8 %.
const TILL: [Option<u32>; 8] = {
    let mut rates = [None; 8];
    rates[0] = Some(200_000);
    rates[1] = Some(80_000);
    rates
};

fn machine(rates: &[(usize, i64)]) -> Bench {
    let mut of_machine = [None; 8];
    for (place, rate) in rates {
        of_machine[*place] = Some(*rate);
    }
    Bench::with(&datecs_mx::PROTOCOL, Memory::new(of_machine), Vec::new())
}

fn driver(bench: &Bench, seq: u8) -> IslPrinter {
    let mut driver = bench.driver(seq);
    assert!(!driver.use_tax_rates(&TILL), "not connected yet");
    driver
}

/// A day: a sale, a sale whose close is lost with the power of the host, X, Z. Returns the two reports.
fn day(bench: &Bench) -> [PrinterReport; 2] {
    let mut printer = driver(bench, 9);
    let connected = printer.connect().unwrap();
    assert_eq!(connected.groups[..2], TILL[..2]);
    assert_eq!(connected.rates_unlike(&TILL), []);
    let first = registered(printer.perform(&sale(), &connected.baseline, &mut Notes::new()));
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let lost = printer.perform(&sale(), &first.after, &mut Notes::new());
    let (_, found) = settle_again(bench, &first.after, lost);
    let mut printer = driver(bench, 50);
    let mut baseline: Baseline = found;
    [Job::XReport, Job::ZReport].map(|job| {
        let done = registered(printer.perform(&job, &baseline, &mut Notes::new()));
        baseline = done.after;
        if job == Job::ZReport {
            let closed = printer.last_z().unwrap();
            assert_eq!(
                Some(closed.groups),
                done.report.as_ref().map(|report| report.groups)
            );
        }
        done.report.unwrap()
    })
}

/// Settles a sale with a new driver, as after a start.
fn settle_again(
    bench: &Bench,
    baseline: &Baseline,
    lost: ferrotill_device::Performed,
) -> (IslPrinter, Baseline) {
    assert!(
        matches!(lost, ferrotill_device::Performed::Unknown(_)),
        "{lost:?}"
    );
    bench.repair();
    let mut printer = driver(bench, 77);
    let evidence = JournalEvidence::default();
    let found = printer.recover(&sale(), baseline, &evidence, &mut Notes::new());
    let found = registered(found);
    (printer, found.after)
}

#[test]
fn a_machine_in_another_order_reports_the_same_day() {
    let usual = machine(&[(0, 2_000), (1, 800)]);
    let swapped = machine(&[(0, 800), (1, 2_000)]);
    let apart = machine(&[(0, 500), (3, 800), (6, 2_000)]);
    let reports = day(&usual);
    assert_ne!(reports[1].groups[0], reports[1].groups[1]);
    for (other, of_a, of_b) in [(&swapped, 1, 0), (&apart, 6, 3)] {
        assert_eq!(day(other), reports);
        let booked = |bench: &Bench| {
            bench
                .line
                .with(|emulator| emulator.printer().receipts()[0].groups)
        };
        let (here, there) = (booked(&usual), booked(other));
        assert_eq!((there[of_a], there[of_b]), (here[0], here[1]));
    }
}

#[test]
fn a_receipt_in_a_group_whose_rate_the_machine_lacks_is_not_begun() {
    let bench = machine(&[(0, 2_000), (2, 900)]);
    let mut driver = driver(&bench, 9);
    let connected = driver.connect().unwrap();
    let unlike = connected.rates_unlike(&TILL);
    let unlike: Vec<String> = unlike.iter().map(ToString::to_string).collect();
    assert_eq!(
        unlike,
        ["group B: 8.0000 percent configured, 0.0000 in the printer"]
    );
    let refused = driver.perform(&sale(), &connected.baseline, &mut Notes::new());
    let refused = not_registered(refused);
    assert_eq!(refused.fault, Fault::JobNotPrintable);
    assert!(
        refused.detail.contains("no tax group with its rate"),
        "{refused:?}"
    );
    bench.check(0, false);
}

#[test]
fn the_order_is_read_again_at_each_connection() {
    let bench = machine(&[(0, 2_000), (1, 800)]);
    let mut driver = driver(&bench, 9);
    let baseline = driver.connect().unwrap().baseline;
    bench.line.with(|emulator| {
        // Another host sets other rates.
        let set = Request {
            seq: 0x30,
            command: 0x53,
            data: b"8.00\t20.00\t100.02\t100.02\t100.02\t".to_vec(),
        };
        let answer = emulator.printer_mut().answer(&set);
        assert_eq!(
            emulator.printer().memory().rates[0],
            Some(800),
            "{answer:?}"
        );
        emulator.set_power(false);
        emulator.set_power(true);
    });
    let _ = driver.connect().unwrap();
    let _ = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    let groups = bench
        .line
        .with(|emulator| emulator.printer().receipts()[0].groups);
    assert_eq!((groups[0], groups[1]), (1_033, 825));
    // Other rates of the till ask for a new connection.
    assert!(driver.use_tax_rates(&[Some(80_000); 8]));
}

#[test]
fn other_families_use_the_letters() {
    for family in ferrotill_device::family::FAMILIES {
        let by_rate = |family: &Protocol| family.groups_by_rate;
        assert_eq!(by_rate(family), family.name == "datecs-mx");
    }
}
