//! Tests of recovery on a printer that cannot be the one on which the job was begun: the outcome is unknown.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::driver::escpos::{Escpos, Options};
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{EscposEmulator, FaultKind};
use ferrotill_device::family::{Protocol, datecs, datecs_b, datecs_x};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::{
    Baseline, Fault, FiscalPrinter, Job, JournalEvidence, LineJob, PaymentJob, Performed, Recovered,
};

const SWAPPED: Recovered = Recovered::Unknown(Fault::PrinterSwapped);

/// A receipt with more lines than a printer of group B allows.
fn long_sale() -> Job {
    let Job::Receipt(mut receipt) = exact_sale() else {
        panic!("a sale is a receipt");
    };
    let line = LineJob {
        adjustment: Amount::ZERO,
        notes: Vec::new(),
        price: Amount::from_minor(10),
        ..receipt.lines[1].clone()
    };
    receipt.lines = vec![line; 121];
    receipt.total = Amount::from_minor(1_210);
    receipt.payments[0].amount = receipt.total;
    Job::Receipt(receipt)
}

/// A receipt that is paid with a letter that group X does not have.
fn sale_by_cheque() -> Job {
    let Job::Receipt(mut receipt) = exact_sale() else {
        panic!("a sale is a receipt");
    };
    receipt.payments = vec![PaymentJob {
        letter: 'C',
        cash: false,
        ..receipt.payments[0]
    }];
    Job::Receipt(receipt)
}

/// A printer of group A that has executed the close of this job; the answer is lost.
fn lost_close(bench: &Bench, job: &Job) -> Baseline {
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let outcome = driver.perform(job, &baseline, &mut Notes::new());
    assert_eq!(outcome, Performed::Unknown(Fault::NoAnswer));
    assert_eq!(bench.fiscal_receipts(), 1);
    bench.repair();
    baseline
}

#[test]
fn a_receipt_that_the_configured_family_cannot_print_is_not_called_unprinted() {
    let others: [(Job, &'static Protocol); 2] = [
        (long_sale(), &datecs_b::PROTOCOL),
        (sale_by_cheque(), &datecs_x::PROTOCOL),
    ];
    for (job, other) in others {
        let bench = Bench::of(&datecs::PROTOCOL);
        let baseline = lost_close(&bench, &job);
        let mut wrong = IslPrinter::new(other, Box::new(bench.line.clone()), 2);
        let outcome = wrong.recover(
            &job,
            &baseline,
            &JournalEvidence::default(),
            &mut Notes::new(),
        );
        assert_eq!(outcome, SWAPPED, "{}", other.name);
        // A driver of the right family finds the receipt.
        let mut right = bench.driver(3);
        let outcome = right.recover(
            &job,
            &baseline,
            &JournalEvidence::default(),
            &mut Notes::new(),
        );
        assert_eq!(registered(outcome).document, 1, "{}", other.name);
        assert_eq!(bench.fiscal_receipts(), 1);
    }
}

#[test]
fn a_receipt_printer_never_settles_a_fiscal_job() {
    let bench = Bench::of(&datecs::PROTOCOL);
    let baseline = lost_close(&bench, &sale());
    let line = Loopback::new(EscposEmulator::new(None));
    let mut wrong = Escpos::new(Box::new(line), Options::default(), 7);
    let jobs = [
        sale(),
        refund(),
        cash_in(),
        Job::XReport,
        Job::ZReport,
        Job::Duplicate,
    ];
    for job in jobs {
        for baseline in [&baseline, &wrong.connect().unwrap().baseline] {
            let outcome = wrong.recover(
                &job,
                baseline,
                &JournalEvidence::default(),
                &mut Notes::new(),
            );
            assert_eq!(outcome, SWAPPED, "{job:?}");
        }
    }
}

#[test]
fn the_open_slip_of_another_printer_proves_nothing_and_stays_open() {
    let bench = Bench::of(&datecs::PROTOCOL);
    let job = Job::text(["one line"]);
    let mut driver = bench.driver(1);
    let mut baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::PowerCut, Some(0x27), 1);
    let outcome = driver.perform(&job, &baseline, &mut Notes::new());
    assert_eq!(outcome, Performed::Unknown(Fault::NoAnswer));
    baseline.serial = "another".to_owned();
    bench.repair();
    let mut driver = bench.driver(2);
    let mut notes = Notes::new();
    let outcome = driver.recover(&job, &baseline, &JournalEvidence::default(), &mut notes);
    assert_eq!(outcome, SWAPPED);
    let closes = notes.lines.iter().filter(|line| line.starts_with("27 "));
    assert_eq!(closes.count(), 0, "{:?}", notes.lines);
}

#[test]
fn a_baseline_names_the_family_and_another_family_proves_nothing() {
    let bench = Bench::of(&datecs::PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    assert_eq!(baseline.family, "datecs");
    // The same printer, reached by the driver of another family: nothing is sent to it.
    let mut wrong = IslPrinter::new(&datecs_b::PROTOCOL, Box::new(bench.line.clone()), 2);
    let mut notes = Notes::new();
    let evidence = JournalEvidence::default();
    let outcome = wrong.recover(&sale(), &baseline, &evidence, &mut notes);
    assert_eq!(outcome, SWAPPED);
    assert!(notes.lines.is_empty(), "{:?}", notes.lines);
}

#[test]
fn a_baseline_without_a_family_is_judged_by_serial_number_memory_and_counters() {
    let bench = Bench::of(&datecs::PROTOCOL);
    let job = sale();
    let stored_before_families_were = Baseline {
        family: String::new(),
        ..lost_close(&bench, &job)
    };
    let recover = |baseline: &Baseline| {
        bench.driver(3).recover(
            &job,
            baseline,
            &JournalEvidence::default(),
            &mut Notes::new(),
        )
    };
    let found = registered(recover(&stored_before_families_were));
    assert_eq!(found.document, 1);
    let of_another_memory = Baseline {
        fiscal_memory: "another".to_owned(),
        ..stored_before_families_were
    };
    assert_eq!(recover(&of_another_memory), SWAPPED);
}
