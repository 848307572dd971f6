//! The fault matrix: every command of every job of every family, with every fault, before and after execution, with the driver
//! restarted or not. The test checks that no document is doubled, lost or confused with another one, and every job is settled.
#![cfg(feature = "emulator")]

mod bench;

use bench::cases::*;
use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::emulator::{FaultKind, FaultOrder};
use ferrotill_device::family::{FAMILIES, Protocol, datecs, datecs_mx, datecs_x};
use ferrotill_device::{Fault, FiscalPrinter, Job, JournalEvidence, Performed, Recovered};

/// One cell of the matrix.
struct Cell<'a> {
    family: &'static Protocol,
    case: &'a Case,
    kind: FaultKind,
    /// The command that is affected; `None` for all commands.
    command: Option<u8>,
    times: u32,
    restart: bool,
    /// Whether the printer still has its last answer after a power cut.
    remembers: bool,
    /// The commands that the printer's firmware does not support.
    lacks: &'a [u8],
}

impl Cell<'_> {
    fn says(&self) -> String {
        format!(
            "{}, {}, {} x{} on {:02X?}, restart {}, remembers {}",
            self.family.name,
            self.case.name,
            self.kind.name(),
            self.times,
            self.command,
            self.restart,
            self.remembers
        )
    }

    fn check(&self) {
        let says = self.says();
        let job = &self.case.job;
        let (bench, mut driver, baseline) = begun_day_without(self.family, job, self.lacks);
        let before = count(&bench, job);
        set_up(&bench, self.case, |emulator| {
            emulator.printer_mut().keeps_last_answer = self.remembers;
        });
        bench.order(self.kind, self.command, self.times);
        let mut notes = Notes::new();
        let first = driver.perform(job, &baseline, &mut notes);
        self.check_commands(&notes);
        let decided = notes.decided;
        let (mut driver, outcome) =
            settle(&bench, driver, job, &baseline, first, decided, self.restart);
        check(&bench, job, &outcome, before, &says);
        if self.case.miscount != 0 {
            assert!(
                matches!(outcome, Performed::NotBegun(_) | Performed::Absent(..)),
                "{says}"
            );
        }
        // The job did not use this command, so the fault did not happen and there is nothing to check.
        if bench.order_is_begun(self.times) {
            sells_on(&bench, &mut driver, &says);
        }
    }

    /// A new command of the driver must be in the list, or the matrix would skip it.
    fn check_commands(&self, notes: &Notes) {
        let known = commands(self.family, &self.case.job);
        for line in notes.lines.iter().filter(|line| line.contains(" -> ")) {
            let command = u8::from_str_radix(&line[..2], 16).unwrap();
            assert!(known.contains(&command), "{line}");
        }
    }
}

/// The number of times that each fault happens: once, and as often as one exchange sends its request.
const TIMES: [u32; 2] = [1, 5];

fn matrix(family: &'static Protocol, case: &Case, lacks: &[u8]) {
    for kind in FaultKind::ALL {
        let memories: &[bool] = if cuts_power(kind) {
            &[false, true]
        } else {
            &[false]
        };
        let befallen = commands(family, &case.job).into_iter().map(Some);
        for command in befallen.chain([None]) {
            let times = if stays(kind) { &TIMES[..1] } else { &TIMES };
            for times in times {
                for restart in [false, true] {
                    for remembers in memories {
                        Cell {
                            family,
                            case,
                            kind,
                            command,
                            times: *times,
                            restart,
                            remembers: *remembers,
                            lacks,
                        }
                        .check();
                    }
                }
            }
        }
    }
}

fn on_every_family(name: &str) {
    let case = case(name);
    let families = FAMILIES.iter().copied();
    for family in families.filter(|family| can(family, &case.job)) {
        matrix(family, &case.clone().on(family), &[]);
    }
}

#[test]
fn a_sale_is_settled_once_under_every_fault() {
    on_every_family("sale");
}

#[test]
fn a_sale_to_be_cancelled_is_settled_under_every_fault() {
    on_every_family("sale to be cancelled");
}

#[test]
fn a_refund_is_settled_once_under_every_fault() {
    on_every_family("refund");
}

#[test]
fn cash_in_is_settled_once_under_every_fault() {
    on_every_family("cash in");
}

#[test]
fn cash_out_is_settled_once_under_every_fault() {
    on_every_family("cash out");
}

#[test]
fn the_report_of_the_day_is_settled_under_every_fault() {
    on_every_family("X");
}

#[test]
fn the_report_that_closes_the_day_is_settled_once_under_every_fault() {
    on_every_family("Z");
}

#[test]
fn a_slip_is_settled_under_every_fault() {
    on_every_family("slip");
}

#[test]
fn a_duplicate_is_settled_under_every_fault() {
    on_every_family("duplicate");
}

#[test]
fn a_report_of_the_fiscal_memory_is_settled_under_every_fault() {
    on_every_family("memory");
}

#[test]
fn firmware_of_x_and_mx_without_variables_is_settled_by_the_other_counters() {
    // Without command 255, neither the number of the last document nor that of the next fiscal receipt is reported.
    for name in ["sale", "sale to be cancelled", "Z"] {
        matrix(&datecs_x::PROTOCOL, &case(name), &[0xFF]);
        matrix(&datecs_mx::PROTOCOL, &case(name), &[0xFF]);
    }
}

#[test]
fn mx_machines_of_every_country_settle_sales_and_refunds() {
    let family: &'static Protocol = &datecs_mx::PROTOCOL;
    for country in ["MD", "BG"] {
        let form = family.of_country(country);
        assert_eq!(form.country, country);
        for name in ["sale", "refund"] {
            matrix(form, &case(name).on(form), &[]);
        }
    }
}

#[test]
fn every_job_is_in_the_matrix() {
    let mut names: Vec<&str> = cases().iter().map(|case| case.name).collect();
    names.sort_unstable();
    let text = include_str!("matrix.rs");
    for name in names {
        let call = ["on_every_family(\"", name, "\")"].concat();
        assert!(text.contains(&call), "{name}");
    }
}

#[test]
fn one_disturbed_frame_never_changes_the_outcome() {
    // The frame is lost or damaged in either direction, or executed by a printer that loses its power and has it back before the
    // answer arrives. That printer has lost the sequence number, so that a repeat of the same bytes would be executed again. The
    // caller does not notice the fault, and the job is executed once.
    for family in FAMILIES {
        for case in cases_of(family) {
            for kind in [
                FaultKind::Blink,
                FaultKind::DropRequest,
                FaultKind::DropAnswer,
                FaultKind::Nak,
                FaultKind::Garble,
                FaultKind::Busy,
            ] {
                // The fault happens at each frame in turn, until the frame is so late that the job has ended before it.
                let survived = (1..FRAMES_MAX).find(|frame| !befalls(family, &case, kind, *frame));
                let frames = survived.expect("every job ends");
                assert!(frames > 3, "{}, {}: {frames}", family.name, case.name);
            }
        }
    }
}

/// The largest number of frames; no job of the matrix needs more.
const FRAMES_MAX: u32 = 100;

/// Runs a job with a fault at one frame; returns whether the fault affected a frame before the job ended.
fn befalls(family: &'static Protocol, case: &Case, kind: FaultKind, frame: u32) -> bool {
    let says = format!(
        "{}, {}, {}, frame {frame}",
        family.name,
        case.name,
        kind.name()
    );
    let job = &case.job;
    let (bench, mut driver, baseline) = begun_day(family, job);
    let before = count(&bench, job);
    set_up(&bench, case, |_| {});
    bench.line.with(|emulator| {
        // A delay of 0 changes nothing.
        for (kind, times) in [(FaultKind::Delay, frame - 1), (kind, 1)] {
            emulator.add_fault(FaultOrder {
                kind,
                command: None,
                times,
                ms: 0,
            });
        }
    });
    let outcome = driver.perform(job, &baseline, &mut Notes::new());
    check(&bench, job, &outcome, before, &says);
    let befell = bench.line.with(|emulator| emulator.faults().is_empty());
    match outcome {
        Performed::Registered(_) => assert_eq!(case.miscount, 0, "{says}"),
        Performed::NotBegun(_) | Performed::Absent(..) => assert_ne!(case.miscount, 0, "{says}"),
        Performed::Unknown(_) => unreachable!("checked above"),
    }
    if befell {
        sells_on(&bench, &mut driver, &says);
    }
    befell
}

#[test]
fn one_disturbed_frame_never_changes_the_outcome_of_a_pulse() {
    // An open drawer does not open again, so a pulse is repeated as it is.
    for family in FAMILIES {
        for kind in [
            FaultKind::Blink,
            FaultKind::DropRequest,
            FaultKind::DropAnswer,
            FaultKind::Nak,
        ] {
            let (bench, mut driver, baseline) = begun_day(family, &cash_in());
            bench.order(kind, Some(family.drawer.command), 1);
            let _ = registered(driver.perform(&Job::Drawer, &baseline, &mut Notes::new()));
            let pulses = bench
                .line
                .with(|emulator| emulator.printer().memory().drawer_pulses);
            let is_executed = !family.framing.replays() && kind == FaultKind::DropAnswer;
            let again = u32::from(kind == FaultKind::Blink || is_executed);
            assert_eq!(pulses, 1 + again, "{}, {}", family.name, kind.name());
        }
    }
}

#[test]
fn a_leftover_receipt_is_ended_once_in_spite_of_one_disturbed_frame() {
    for family in FAMILIES {
        for kind in [
            FaultKind::Blink,
            FaultKind::DropRequest,
            FaultKind::DropAnswer,
        ] {
            for paid in [false, true] {
                let says = format!("{}, {}, paid {paid}", family.name, kind.name());
                let (bench, mut driver, baseline) = begun_day(family, &sale());
                // The cable is pulled before the payment, or after it.
                let next = if paid {
                    family.close.command
                } else {
                    family.payment.command
                };
                bench.order(FaultKind::Unplug, Some(next), 1);
                let _ = driver.perform(&sale(), &baseline, &mut Notes::new());
                bench.repair();
                for command in [family.cancel.command, family.close.command] {
                    bench.order(kind, Some(command), 1);
                }
                let after = driver.clear_leftover(&mut Notes::new()).unwrap();
                bench.check(1 + usize::from(paid), false);
                assert_eq!(after.last_document, baseline.last_document + 1, "{says}");
            }
        }
    }
}

#[test]
fn a_lost_close_is_registered_in_the_same_call() {
    for family in FAMILIES {
        for times in [1, 4, 5, 9] {
            let (bench, mut driver, baseline) = begun_day(family, &sale());
            bench.order(FaultKind::DropAnswer, Some(family.close.command), times);
            let outcome = driver.perform(&sale(), &baseline, &mut Notes::new());
            let registered = registered(outcome);
            assert_eq!(registered.document, baseline.last_document + 1, "{times}");
            assert_eq!(bench.fiscal_receipts(), 2);
        }
    }
}

#[test]
fn a_power_cut_after_the_close_is_found_registered() {
    let (bench, mut driver, baseline) = begun_day(&datecs::PROTOCOL, &sale());
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let first = driver.perform(&sale(), &baseline, &mut Notes::new());
    assert!(matches!(first, Performed::Unknown(_)), "{first:?}");
    // While the printer is without power, the outcome stays unknown.
    let again = driver.recover(
        &sale(),
        &baseline,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert!(matches!(again, Recovered::Unknown(_)), "{again:?}");
    bench.repair();
    let outcome = driver.recover(
        &sale(),
        &baseline,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert_eq!(registered(outcome).document, baseline.last_document + 1);
    assert_eq!(bench.fiscal_receipts(), 2);
}

#[test]
fn lost_answers_of_one_command_never_change_the_outcome() {
    // The receipt continues at the doubtful line, in the same call, and is not cancelled.
    for family in FAMILIES {
        for command in [
            family.open.command,
            family.sale.command,
            family.subtotal.command,
            family.payment.command,
            family.text.command,
            family.close.command,
        ] {
            for kind in [FaultKind::DropAnswer, FaultKind::DropRequest] {
                let (bench, mut driver, baseline) = begun_day(family, &sale());
                bench.order(kind, Some(command), 5);
                let mut notes = Notes::new();
                let outcome = driver.perform(&sale(), &baseline, &mut notes);
                let _ = registered(outcome);
                assert!(!notes.decided, "{command:02X} {}", kind.name());
                assert_eq!(bench.fiscal_receipts(), 2);
            }
        }
    }
}

#[test]
fn a_receipt_with_total_0_is_settled_once() {
    // The tender of a receipt with total 0 does not show its payment, so the table of recovery has less evidence.
    let Job::Receipt(mut receipt) = sale() else {
        unreachable!()
    };
    receipt.lines.truncate(1);
    receipt.lines[0].adjustment = Amount::from_minor(-1_620);
    receipt.total = Amount::ZERO;
    receipt.change = Amount::ZERO;
    receipt.payments.truncate(1);
    receipt.payments[0].amount = Amount::ZERO;
    let job = Job::Receipt(receipt);
    for family in FAMILIES {
        if family.asked.is_some() {
            // Nothing distinguishes such a receipt from a cancelled one, so it is not begun.
            let (_, mut driver, baseline) = begun_day(family, &sale());
            let outcome = driver.perform(&job, &baseline, &mut Notes::new());
            let refused = not_registered(outcome);
            assert_eq!(refused.fault, Fault::JobNotPrintable);
            continue;
        }
        for kind in FaultKind::ALL {
            nothing(family, &job, kind);
        }
    }
}

fn nothing(family: &'static Protocol, job: &Job, kind: FaultKind) {
    let befallen = commands(family, job).into_iter().map(Some);
    for command in befallen.chain([None]) {
        for times in [1, 5, 12] {
            for restart in [false, true] {
                let (name, kind_name) = (family.name, kind.name());
                let says = format!("{name}, {kind_name} x{times} on {command:02X?}, {restart}");
                let (bench, mut driver, baseline) = begun_day(family, &sale());
                let before = count(&bench, job);
                bench.order(kind, command, times);
                let mut notes = Notes::new();
                let first = driver.perform(job, &baseline, &mut notes);
                let decided = notes.decided;
                let (mut driver, outcome) =
                    settle(&bench, driver, job, &baseline, first, decided, restart);
                let new = count(&bench, job) - before;
                match outcome {
                    Performed::Registered(_) => assert_eq!(new, 1, "{says}"),
                    Performed::NotBegun(_) | Performed::Absent(..) => assert_eq!(new, 0, "{says}"),
                    Performed::Unknown(_) => panic!("{says}: {outcome:?}"),
                }
                if bench.order_is_begun(times) {
                    sells_on(&bench, &mut driver, &says);
                }
            }
        }
    }
}

#[test]
fn the_test_notices_a_driver_that_retries_with_new_numbers() {
    // Checks the test itself: a driver that repeats a command makes two documents, so the test would notice such a repeat in our
    // driver.
    let bench = Bench::new();
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::DropAnswer, Some(0x46), 5);
    let _ = registered(driver.perform(&cash_in(), &baseline, &mut Notes::new()));
    assert_eq!(count(&bench, &cash_in()), 1);
    let naive = driver.connect().unwrap().baseline;
    let _ = registered(driver.perform(&cash_in(), &naive, &mut Notes::new()));
    assert_eq!(count(&bench, &cash_in()), 2);
}
