//! Driver and emulator in one thread, on a simulated clock.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::emulator::{FaultKind, IslEmulator};
use ferrotill_device::family::FAMILIES;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::wire::framing::Request;
use ferrotill_device::wire::isl_payment::PaymentRequest;
use ferrotill_device::{
    Fault, FiscalPrinter, Job, JournalEvidence, Paper, Performed, Recovered, Watch,
};

#[test]
fn a_sale_is_printed_once_with_our_figures() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let connected = driver.connect().unwrap();
    assert_eq!(connected.groups[..3], [Some(200_000), Some(80_000), None]);
    let registered = registered(driver.perform(&sale(), &connected.baseline, &mut Notes::new()));
    assert_eq!(registered.document, 1);
    assert_eq!(registered.fiscal_receipt, Some(1));
    assert_eq!(registered.after.cash, Amount::from_minor(858));
    bench.line.with(|emulator| {
        let receipts = emulator.printer().receipts();
        assert_eq!(receipts.len(), 1);
        assert_eq!((receipts[0].total, receipts[0].items), (1858, 2));
        assert_eq!(receipts[0].groups[..2], [825, 1033]);
        let paper = emulator.printer().paper_text();
        for text in ["Paine alba", "Кофе", "-15.00% = -2.43", "18.58", "6.42"] {
            assert!(paper.contains(text), "{text}\n{paper}");
        }
    });
}

#[test]
fn a_sale_after_a_settled_one_asks_only_for_the_last_document() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let after = registered(driver.perform(&sale(), &baseline, &mut Notes::new())).after;
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&sale(), &after, &mut notes));
    let before_opening: Vec<&str> = notes
        .lines
        .iter()
        .take_while(|line| !line.starts_with("30"))
        .map(|line| &line[..2])
        .collect();
    assert_eq!(before_opening, ["71"]);
}

#[test]
fn a_device_with_predictable_counters_is_asked_only_for_its_document_number() {
    for family in ferrotill_device::family::FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let cash = driver.perform(
            &Job::Cash(Amount::from_minor(100_000)),
            &baseline,
            &mut Notes::new(),
        );
        let mut after = registered(cash).after;
        let jobs = [sale(), refund_on(family)].into_iter();
        for job in jobs.filter(|job| !cases::is_slip_return(family, job)) {
            let read_in_full = registered(driver.perform(&job, &after, &mut Notes::new()));
            let mut notes = Notes::new();
            let foreseen = registered(driver.perform(&job, &read_in_full.after, &mut notes));
            let asked = |notes: &Notes, command: u8| {
                let start = format!("{command:02X} ");
                notes
                    .lines
                    .iter()
                    .filter(|line| line.starts_with(&start))
                    .count()
            };
            assert_eq!(
                asked(&notes, family.cash.command),
                0,
                "{} {:#?}",
                family.name,
                notes.lines
            );
            assert_eq!(
                asked(&notes, family.day_payments.command),
                0,
                "{}",
                family.name
            );
            // The driver's prediction equals the device's counters.
            assert_eq!(
                driver.counters().unwrap(),
                foreseen.after,
                "{}",
                family.name
            );
            assert_eq!(
                foreseen.document,
                read_in_full.document + 1,
                "{}",
                family.name
            );

            // A document is printed right after the close. Where the number is asked, all counters are read again.
            let mut meddler = Meddler {
                bench: &bench,
                close: family.close.command,
            };
            let moved = registered(driver.perform(&job, &foreseen.after, &mut meddler));
            assert_eq!(moved.document, foreseen.document + 1, "{}", family.name);
            after = moved.after;
            if after.last_document == moved.document {
                // The answer to the close has shown the number. The next job is not begun, and the printer's counters are told.
                let outcome = driver.perform(&job, &after, &mut Notes::new());
                let refusal = not_registered(outcome);
                assert_eq!(refusal.fault, Fault::BaselineDiffers, "{}", family.name);
                after = refusal.after.unwrap();
            }
            assert_eq!(
                after.last_document,
                foreseen.document + 2,
                "{}",
                family.name
            );
        }
    }
}

/// Prints a report at the printer itself once the receipt is closed.
struct Meddler<'b> {
    bench: &'b Bench,
    close: u8,
}

impl ferrotill_device::Watch for Meddler<'_> {
    fn about_to_cancel(&mut self) -> bool {
        true
    }

    fn trace(&mut self, line: &str) {
        if line.starts_with(&format!("{:02X} ", self.close)) {
            self.bench
                .line
                .with(|emulator| emulator.printer_mut().keyboard_x());
        }
    }
}

#[test]
fn cash_is_paid_last_whatever_the_order() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let _ = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    bench.line.with(|emulator| {
        let payments = &emulator.printer().receipts()[0].payments;
        assert_eq!(payments, &[('D', 1000), ('P', 1500)]);
    });
}

#[test]
fn both_answers_to_an_exact_payment_are_understood() {
    for says_rest in [false, true] {
        let bench = Bench::new();
        bench
            .line
            .with(|emulator| emulator.printer_mut().exact_payment_says_rest = says_rest);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let _ = registered(driver.perform(&exact_sale(), &baseline, &mut Notes::new()));
    }
}

#[test]
fn other_totals_than_ours_are_cancelled_and_never_paid() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench
        .line
        .with(|emulator| emulator.printer_mut().miscount = 1);
    let mut notes = Notes::new();
    let refusal = not_registered(driver.perform(&sale(), &baseline, &mut notes));
    assert_eq!(refusal.fault, Fault::TotalsDiffer);
    assert!(
        refusal.detail.contains("total: printer 18.60, till 18.58")
            && refusal
                .detail
                .contains("group B: printer 10.34, till 10.33"),
        "{}",
        refusal.detail
    );
    assert!(notes.decided);
    assert!(!notes.lines.iter().any(|line| line.starts_with("35")));
    bench.check(0, false);
    assert_eq!(refusal.after.unwrap().last_document, 1);
}

#[test]
fn without_a_stored_decision_nothing_is_cancelled() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench
        .line
        .with(|emulator| emulator.printer_mut().miscount = 1);
    let mut notes = Notes::new();
    notes.may_cancel = false;
    let outcome = driver.perform(&sale(), &baseline, &mut notes);
    assert_eq!(outcome, Performed::Unknown(Fault::CancelNotDecided));
    bench.check(0, true);
    let outcome = driver.recover(
        &sale(),
        &baseline,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert_eq!(not_registered(outcome).fault, Fault::Cancelled);
    bench.check(0, false);
}

/// A watch that opens the cover after one command. When the cancellation is decided, it closes the cover again, and the payments
/// that are still on the line reach the printer.
struct Stray {
    line: Loopback<IslEmulator>,
    cover_opens_after: u8,
    payments: Vec<(u8, Vec<u8>)>,
    decided: bool,
}

impl Watch for Stray {
    fn trace(&mut self, line: &str) {
        if line.starts_with(&format!("{:02X} ", self.cover_opens_after)) {
            self.line
                .with(|emulator| emulator.printer_mut().set_cover_open(true));
        }
    }

    fn about_to_cancel(&mut self) -> bool {
        self.decided = true;
        for (seq, (command, data)) in (0x70..).zip(self.payments.drain(..)) {
            self.line.with(|emulator| {
                let printer = emulator.printer_mut();
                printer.set_cover_open(false);
                let _ = printer.answer(&Request { seq, command, data });
            });
        }
        true
    }
}

#[test]
fn a_payment_booked_during_the_decision_to_cancel_is_found_after_a_lost_close() {
    // The values are the numbers of lost answers to the close; with 40 the host gets an answer only after it has asked again.
    for family in FAMILIES {
        for (stray, lost) in [(1, 0), (1, 5), (1, 40), (2, 0), (2, 5), (2, 40)] {
            let case = format!("{}, {stray} stray, {lost} lost", family.name);
            let bench = Bench::of(family);
            let mut driver = bench.driver(1);
            let baseline = driver.connect().unwrap().baseline;
            let pay = |mode, amount| {
                let payment = PaymentRequest {
                    text: Vec::new(),
                    mode: Some(mode),
                    amount: Some(amount),
                };
                let row = &family.payment;
                (row.command, (row.ask.emit)(&payment))
            };
            let mut watch = Stray {
                line: bench.line.clone(),
                cover_opens_after: family.subtotal.command,
                payments: vec![pay('D', 1_000), pay('P', 1_500)],
                decided: false,
            };
            watch.payments.truncate(stray);
            let outcome = driver.perform(&sale(), &baseline, &mut watch);
            assert!(watch.decided, "{case}: {outcome:?}");
            if family.asked.is_some() {
                // The cancellation has paid the rest in cash and closed the receipt, which has our payments without the change.
                assert!(matches!(outcome, Performed::Registered(_)), "{case}");
                bench.check(1, false);
                continue;
            }
            assert_eq!(outcome, Performed::Unknown(Fault::PaymentStarted), "{case}");
            bench.order(FaultKind::DropAnswer, Some(family.close.command), lost);
            let (_, outcome) = settle(&bench, driver, &sale(), &baseline, outcome, true, true);
            assert!(
                matches!(outcome, Performed::Registered(_)),
                "{case}: {outcome:?}"
            );
            bench.check_outcome(&outcome, 0, &case);
        }
    }
}

#[test]
fn no_paper_and_an_open_cover_refuse_before_anything_is_begun() {
    for (fault, out) in [(Fault::PaperOut, true), (Fault::CoverOpen, false)] {
        let bench = Bench::new();
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        bench.line.with(|emulator| {
            let printer = emulator.printer_mut();
            if out {
                printer.set_paper(Paper::Out);
            } else {
                printer.set_cover_open(true);
            }
        });
        let refusal = not_registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
        assert_eq!(refusal.fault, fault);
        assert_eq!(refusal.after, Some(baseline.clone()));
        bench.line.with(|emulator| {
            emulator.printer_mut().set_paper(Paper::Ok);
            emulator.printer_mut().set_cover_open(false);
        });
        let _ = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    }
}

#[test]
fn paper_that_ends_inside_a_receipt_is_settled_once_it_is_loaded() {
    // The values are the numbers of frames of the sale after which the paper ends; the largest are after the first payment.
    for frames in 1..14 {
        let bench = Bench::new();
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let mut notes = Notes::new();
        notes.paper_ends_after = Some((bench.line.clone(), frames));
        let mut outcome = driver.perform(&sale(), &baseline, &mut notes);
        let mut decided = notes.decided;
        if let Performed::Unknown(fault) = outcome {
            assert_eq!(fault, Fault::PaperOut, "after {frames}");
            outcome = driver
                .recover(
                    &sale(),
                    &baseline,
                    &JournalEvidence::of_decision(decided),
                    &mut Notes::new(),
                )
                .into();
            assert_eq!(
                outcome,
                Performed::Unknown(Fault::PaperOut),
                "after {frames}"
            );
            bench
                .line
                .with(|emulator| emulator.printer_mut().set_paper(Paper::Ok));
            let mut notes = Notes::new();
            outcome = driver
                .recover(
                    &sale(),
                    &baseline,
                    &JournalEvidence::of_decision(decided),
                    &mut notes,
                )
                .into();
            decided |= notes.decided;
        }
        bench.check_outcome(&outcome, 0, &format!("after {frames}, decided {decided}"));
    }
}

#[test]
fn a_day_older_than_24_hours_needs_its_z_report() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let after = registered(driver.perform(&sale(), &baseline, &mut Notes::new())).after;
    bench.advance(86_401);
    let refusal = not_registered(driver.perform(&sale(), &after, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::DayTooLong);
    assert!(refusal.detail.contains("-150204"), "{}", refusal.detail);
    let z = registered(driver.perform(&Job::ZReport, &refusal.after.unwrap(), &mut Notes::new()));
    let _ = registered(driver.perform(&sale(), &z.after, &mut Notes::new()));
}

#[test]
fn a_z_report_at_the_keyboard_is_found_before_the_next_document_begins() {
    for family in ferrotill_device::family::FAMILIES {
        let bench = Bench::of(family);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        assert_eq!(driver.last_z(), None, "{}", family.name);
        let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new())).after;
        let press = || {
            bench
                .line
                .with(|emulator| emulator.printer_mut().keyboard_z())
        };
        assert!(press());
        // No document of any kind is begun if the printer's counters show a day that the till has not recorded.
        for job in [
            sale(),
            Job::ZReport,
            Job::XReport,
            Job::Cash(Amount::from_minor(100)),
        ] {
            let refusal = not_registered(driver.perform(&job, &sold, &mut Notes::new()));
            assert_eq!(
                refusal.fault,
                Fault::BaselineDiffers,
                "{} {job:?}",
                family.name
            );
            assert_eq!(refusal.after.unwrap().z_number, Some(1), "{}", family.name);
        }
        bench.check(1, false);
        // The printers of Eltrade have no question for the last Z-report.
        let day = driver.last_z();
        assert_eq!(day.is_some(), family.last_z.is_some(), "{}", family.name);
        if let Some(day) = day {
            let told = (day.z_number, day.groups[1].minor());
            assert_eq!(told, (1, 1033), "{}", family.name);
        }
        let after = driver.counters().unwrap();
        let _ = registered(driver.perform(&sale(), &after, &mut Notes::new()));
        // The printer refuses the keyboard in the same cases as the host.
        bench
            .line
            .with(|emulator| emulator.printer_mut().set_paper(Paper::Out));
        assert!(!press());
    }
}

#[test]
fn our_own_z_report_is_registered_although_another_one_followed() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new())).after;
    // The host stops when the answer arrives, and the next day is closed at the keyboard.
    bench.order(FaultKind::Unplug, Some(0x45), 1);
    let lost = driver.perform(&Job::ZReport, &sold, &mut Notes::new());
    assert!(matches!(lost, Performed::Unknown(_)), "{lost:?}");
    bench.repair();
    let made = bench
        .line
        .with(|emulator| emulator.printer().memory().z_number());
    bench.line.with(|emulator| {
        for _ in made..2 {
            assert!(emulator.printer_mut().keyboard_z());
        }
    });
    let mut restarted = bench.driver(90);
    let settled = restarted.recover(
        &Job::ZReport,
        &sold,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    let settled = registered(settled);
    assert_eq!(settled.after.z_number, Some(2));
    assert_eq!(
        settled.report, None,
        "what is not known of it is not made up"
    );
}

#[test]
fn the_z_report_returns_the_figures_of_the_day() {
    let bench = Bench::of(&ferrotill_device::family::datecs_b::PROTOCOL);
    let mut driver = bench.driver(1);
    let mut baseline = driver.connect().unwrap().baseline;
    for job in [cash_in(), sale(), sale(), refund()] {
        baseline = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
    }
    let x = registered(driver.perform(&Job::XReport, &baseline, &mut Notes::new()));
    let z = registered(driver.perform(&Job::ZReport, &x.after, &mut Notes::new()));
    for report in [x.report.unwrap(), z.report.unwrap()] {
        assert_eq!(report.z_number, Some(1));
        assert_eq!(report.groups[..2], [1650, 2066].map(Amount::from_minor));
        assert_eq!(
            report.refunds.unwrap()[..2],
            [825, 1033].map(Amount::from_minor)
        );
        let payments = report.payments.unwrap();
        assert_eq!(payments[0].amount, Amount::from_minor(2 * 858));
        let debit = payments.iter().find(|payment| payment.letter == 'D');
        assert_eq!(
            debit.map(|sum| sum.amount),
            Some(Amount::from_minor(2 * 1000))
        );
        assert_eq!(report.cash, Some(Amount::from_minor(10_000 + 858)));
        assert_eq!(report.fiscal_receipts, Some(3));
    }
    assert_eq!(z.after.z_number, Some(1));
    assert_eq!(z.after.next_fiscal_receipt, 1);
}

#[test]
fn more_cash_than_there_is_cannot_be_taken_out() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let job = Job::Cash(Amount::from_minor(-1));
    let refusal = not_registered(driver.perform(&job, &baseline, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::NotEnoughCash);
    assert_eq!(refusal.after, Some(baseline));
}

#[test]
fn a_wrong_baseline_and_another_printer_are_different_faults() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let mut other = baseline.clone();
    other.last_document = 7;
    let refusal = not_registered(driver.perform(&sale(), &other, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::BaselineDiffers);
    assert_eq!(refusal.after, Some(baseline.clone()));
    other = baseline;
    other.serial = "X".to_owned();
    let refusal = not_registered(driver.perform(&sale(), &other, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::PrinterSwapped);
    let outcome = driver.recover(
        &sale(),
        &other,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert_eq!(outcome, Recovered::Unknown(Fault::PrinterSwapped));
    bench.check(0, false);
}

#[test]
fn a_leftover_receipt_is_reported_and_cleared_before_and_after_payment() {
    for paid in [false, true] {
        let bench = Bench::new();
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let command = if paid { 0x38 } else { 0x33 };
        bench.order(FaultKind::Unplug, Some(command), 1);
        let outcome = driver.perform(&sale(), &baseline, &mut Notes::new());
        assert_eq!(outcome, Performed::Unknown(Fault::PortMissing));
        bench.repair();
        let mut driver = bench.driver(2);
        let connected = driver.connect().unwrap();
        assert!(connected.receipt_open);
        let refusal =
            not_registered(driver.perform(&sale(), &connected.baseline, &mut Notes::new()));
        assert_eq!(refusal.fault, Fault::ReceiptOpen);
        let after = driver.clear_leftover(&mut Notes::new()).unwrap();
        assert_eq!(after.last_document, 1);
        bench.check(usize::from(paid), false);
        let _ = registered(driver.perform(&sale(), &after, &mut Notes::new()));
    }
}

#[test]
fn a_first_number_equal_to_the_devices_last_does_no_harm() {
    // The first driver begins with every possible number, so that in one of the cases the second driver begins with the device's last number.
    for first in 0..96 {
        let bench = Bench::new();
        let mut driver = bench.driver(first);
        let baseline = driver.connect().unwrap().baseline;
        let after = registered(driver.perform(&cash_in(), &baseline, &mut Notes::new())).after;
        let mut again = bench.driver(42);
        let connected = again.connect().unwrap();
        assert_eq!(connected.baseline, after, "first {first}");
        let after = registered(again.perform(&cash_in(), &after, &mut Notes::new())).after;
        assert_eq!(after.cash_in, Amount::from_minor(20_000));
    }
}

#[test]
fn an_impossible_refund_data_or_group_is_refused_and_leaves_nothing() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let Job::Receipt(mut receipt) = sale() else {
        unreachable!()
    };
    receipt.lines[1].group = 5;
    let refusal =
        not_registered(driver.perform(&Job::Receipt(receipt), &baseline, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::TaxGroup);
    bench.check(0, false);
    let _ = registered(driver.perform(&sale(), &refusal.after.unwrap(), &mut Notes::new()));
}

#[test]
fn a_slip_and_the_drawer() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let job = Job::text(["Bon de plată ABC 00000001", ""]);
    let after = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
    assert_eq!(after.last_document, 1);
    let _ = registered(driver.perform(&Job::Drawer, &after, &mut Notes::new()));
    bench.line.with(|emulator| {
        assert!(emulator.printer().paper_text().contains("Bon de plata ABC"));
        assert_eq!(emulator.printer().memory().drawer_pulses, 1);
    });
    bench.check(0, false);
}

#[test]
fn a_slip_interrupted_by_paper_out_is_closed_before_the_next_job() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let job = Job::text(["one", "two"]);
    let mut notes = Notes::new();
    notes.paper_ends_after = Some((bench.line.clone(), 3));
    let refusal = not_registered(driver.perform(&job, &baseline, &mut notes));
    assert_eq!(refusal.fault, Fault::PaperOut);
    bench
        .line
        .with(|emulator| emulator.printer_mut().set_paper(Paper::Ok));
    let refusal = not_registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    assert_eq!(refusal.fault, Fault::BaselineDiffers);
    let _ = registered(driver.perform(&sale(), &refusal.after.unwrap(), &mut Notes::new()));
}
