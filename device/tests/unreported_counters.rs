//! Firmware that does not report its last Z-report or its day's payments: a printer with such firmware still sells and makes
//! reports, and recovery has less evidence. Answers in other forms are in `forms.rs`.
#![cfg(feature = "emulator")]

mod bench;

use bench::cases::*;
use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::emulator::FaultKind;
use ferrotill_device::family::{
    FAMILIES, Protocol, daisy, datecs, datecs_b, datecs_mx, datecs_x, eltrade,
};
use ferrotill_device::{Fault, FiscalPrinter as _, Job, JournalEvidence, Performed};

const LAST_Z: u8 = 0x40;
const DAY_PAYMENTS: u8 = 0x6E;

/// The commands that firmware does not support.
type Lacks = &'static [u8];

const FIRMWARE: [Lacks; 4] = [&[], &[LAST_Z], &[DAY_PAYMENTS], &[LAST_Z, DAY_PAYMENTS]];

fn bench_with(family: &'static Protocol, lacks: Lacks) -> Bench {
    let bench = Bench::of(family);
    bench
        .line
        .with(|emulator| emulator.printer_mut().lacks = lacks.to_vec());
    bench
}

/// Whether the number of the last Z-report is known: by its own question, or by that for the day's payments.
fn tells_last_z(family: &Protocol, lacks: Lacks) -> bool {
    match family.last_z {
        Some(_) => !lacks.contains(&LAST_Z),
        // A printer of ZFP has a question of its own for it.
        None => family.asked.is_some() || !lacks.contains(&DAY_PAYMENTS),
    }
}

#[test]
fn every_form_of_firmware_sells_and_makes_reports_for_two_days() {
    for family in FAMILIES {
        for firmware in FIRMWARE {
            let bench = bench_with(family, firmware);
            let mut driver = bench.driver(1);
            for day in 1..=2 {
                let case = format!("{}, {firmware:?}, day {day}", family.name);
                let mut baseline = driver.connect().unwrap().baseline;
                if !tells_last_z(family, firmware) {
                    assert_eq!(baseline.z_number, None, "{case}");
                }
                for job in [cash_in(), sale()] {
                    let outcome = driver.perform(&job, &baseline, &mut Notes::new());
                    baseline = registered(outcome).after;
                }
                for job in [Job::XReport, Job::ZReport] {
                    let outcome = driver.perform(&job, &baseline, &mut Notes::new());
                    let done = registered(outcome);
                    baseline = done.after;
                    let report = done.report.expect("a report");
                    assert_eq!(report.z_number, Some(day), "{case}, {job:?}");
                    assert_eq!(report.groups[1].minor(), 1_033, "{case}, {job:?}");
                    // With ZFP the command of the day's payments reports the cash too.
                    let tells_cash = family.asked.is_none() || !firmware.contains(&DAY_PAYMENTS);
                    let cash = tells_cash.then_some(Amount::from_minor(10_000));
                    assert_eq!(report.cash_in, cash, "{case}, {job:?}");
                }
                if tells_last_z(family, firmware) {
                    assert_eq!(baseline.z_number, Some(day), "{case}");
                }
            }
            bench.line.with(|emulator| {
                let memory = emulator.printer().memory();
                assert_eq!(memory.z_number(), 2, "{}, {firmware:?}", family.name);
            });
            bench.check(2, false);
        }
    }
}

/// Settles a job on firmware that does not report its Z-reports, after a lost answer and reports at the keyboard, and checks
/// that the outcome is true.
fn settled(
    family: &'static Protocol,
    case: &Case,
    keys: &[bool],
    command: u8,
) -> Option<Performed> {
    let job = &case.job;
    let lacks = [LAST_Z, DAY_PAYMENTS];
    let (bench, mut driver, baseline) = begun_day_without(family, job, &lacks);
    assert_eq!(baseline.z_number, None);
    set_up(&bench, case, |_| {});
    bench.order(FaultKind::PowerCut, Some(command), 1);
    let mut notes = Notes::new();
    let first = driver.perform(job, &baseline, &mut notes);
    if !matches!(first, Performed::Unknown(_)) {
        return None;
    }
    bench.repair();
    bench.line.with(|emulator| {
        let printer = emulator.printer_mut();
        for z in keys {
            let _ = if *z {
                printer.keyboard_z()
            } else {
                printer.keyboard_x()
            };
        }
    });
    let books = JournalEvidence {
        z_takes_a_number: true,
        ..JournalEvidence::of_decision(notes.decided)
    };
    let outcome: Performed = bench
        .driver(77)
        .recover(job, &baseline, &books, &mut Notes::new())
        .into();
    let executed = bench.line.with(|emulator| {
        let memory = emulator.printer().memory();
        let days = || memory.closures.iter().map(|closure| &closure.day);
        let days = || days().chain([&memory.day]);
        match job {
            // The morning has a return of its own.
            job if is_slip_return(family, job) => days().any(|day| day.cash_out > 858),
            Job::Receipt(_) => emulator.printer().receipts().len() > 1,
            Job::Cash(amount) if amount.is_negative() => days().any(|day| day.cash_out > 0),
            Job::Cash(_) => days().any(|day| day.cash_in > 10_000),
            _ => memory.z_number() > 0,
        }
    });
    let says = format!("{}, {}, {keys:?}, {command:02X}", family.name, case.name);
    match &outcome {
        Performed::Registered(_) => assert!(executed, "{says}: {outcome:?}"),
        Performed::NotBegun(_) | Performed::Absent(..) => assert!(!executed, "{says}: {outcome:?}"),
        Performed::Unknown(fault) => assert!(!fault.is_line(), "{says}: {fault:?}"),
    }
    Some(outcome)
}

#[test]
fn without_the_number_of_the_last_z_report_recovery_is_never_wrong() {
    let keys: [&[bool]; 5] = [&[], &[false], &[true], &[true, false], &[false, true]];
    let (mut cases_seen, mut unknown) = (0, 0);
    for family in [
        &datecs::PROTOCOL,
        &datecs_b::PROTOCOL,
        &datecs_x::PROTOCOL,
        &datecs_mx::PROTOCOL,
        &eltrade::PROTOCOL,
        &daisy::PROTOCOL,
    ] {
        for name in [
            "sale",
            "sale to be cancelled",
            "refund",
            "cash in",
            "cash out",
            "Z",
        ] {
            let case = case(name).on(family);
            if !can(family, &case.job) {
                continue;
            }
            for command in commands(family, &case.job) {
                for keys in keys {
                    let Some(outcome) = settled(family, &case, keys, command) else {
                        continue;
                    };
                    cases_seen += 1;
                    unknown += usize::from(matches!(outcome, Performed::Unknown(_)));
                }
            }
        }
    }
    assert!(cases_seen > 200, "{cases_seen}");
    assert!(unknown > 20, "{unknown} of {cases_seen}");
}

#[test]
fn a_lost_close_is_settled_by_the_document_number_and_the_last_receipt_alone() {
    for family in [&datecs::PROTOCOL, &datecs_b::PROTOCOL, &eltrade::PROTOCOL] {
        let case = case("sale");
        let closed = settled(family, &case, &[], family.close.command).unwrap();
        assert_eq!(registered(closed).document, 3, "{}", family.name);
    }
}

#[test]
fn a_z_report_whose_answer_is_lost_is_not_sent_again_and_waits_for_a_person() {
    let lacks: Lacks = &[LAST_Z, DAY_PAYMENTS];
    for family in [&datecs::PROTOCOL, &eltrade::PROTOCOL] {
        let bench = bench_with(family, lacks);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        bench.order(FaultKind::Blink, Some(family.z_report.command), 1);
        let outcome = driver.perform(&Job::ZReport, &baseline, &mut Notes::new());
        assert_eq!(
            outcome,
            Performed::Unknown(Fault::Unclear),
            "{}",
            family.name
        );
        bench.line.with(|emulator| {
            let memory = emulator.printer().memory();
            assert_eq!(memory.z_number(), 1, "{}", family.name);
        });
    }
}
