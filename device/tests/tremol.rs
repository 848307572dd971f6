//! Tremol: raw commands of the manual against the emulated printer, the bytes that the driver sends, and its recovery without any
//! repeat of a command.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_device::emulator::FaultKind;
use ferrotill_device::family::tremol::{KL_V2, PROTOCOL};
use ferrotill_device::port::loopback::Peer;
use ferrotill_device::wire::zfp;
use ferrotill_device::{Fault, FiscalPrinter, Job, JournalEvidence, Performed};

const SALE: &str = "Bread                               ;А;8.00*2.000";

/// A host that knows nothing of our driver.
fn host() -> host::Host {
    host::Host::of(&PROTOCOL)
}

/// The digits with which a command is acknowledged.
fn digits(host: &mut host::Host, command: u8, data: &str) -> String {
    let answer = host.send(command, data);
    assert!(answer.data.is_empty(), "{command:02X} {data}: {answer:?}");
    String::from_utf8(answer.status.bytes().to_vec()).unwrap()
}

#[test]
fn a_sale_is_open_until_it_is_closed_and_its_code_proves_it() {
    let mut host = host();
    assert_eq!(digits(&mut host, 0x31, SALE), "02", "no receipt is open");
    assert_eq!(digits(&mut host, 0x30, "1;0000;1;1;0"), "00");
    assert_eq!(digits(&mut host, 0x30, "1;0000;1;1;0"), "42");
    assert_eq!(digits(&mut host, 0x31, SALE), "00");
    assert_eq!(host.text(0x33, "0;0"), "16.00");
    let open = host.text(0x72, "");
    assert!(open.starts_with("1;001;16.00;0.00;0.00;0;"), "{open}");
    assert_eq!(digits(&mut host, 0x38, ""), "52", "nothing is paid");
    assert_eq!(digits(&mut host, 0x35, "7;0;10.00"), "00");
    assert_eq!(digits(&mut host, 0x31, SALE), "52", "the payment has begun");
    assert_eq!(digits(&mut host, 0x35, "0;0;10.00"), "00");
    assert_eq!(digits(&mut host, 0x38, ""), "00");
    assert_eq!(host.text(0x71, ""), "000001");
    assert_eq!(
        host.text(0x72, "B"),
        "02700001*0000001*2026-11-21*00:35:30*16.00"
    );
    assert!(
        host.text(0x72, "P")
            .starts_with("P;0;10.00;0.00;0.00;0.00;0.00;0.00;0.00;10.00;")
    );
    assert!(host.text(0x73, "").ends_with(";0"));
    assert_eq!(digits(&mut host, 0x99, ""), "01");
    assert_eq!(digits(&mut host, 0x35, "x"), "04");
}

#[test]
fn a_cancellation_after_a_payment_makes_the_receipt_fiscal() {
    let mut host = host();
    host.send(0x30, "1;0000;1;1;0");
    host.send(0x31, SALE);
    assert_eq!(digits(&mut host, 0x35, "7;0;10.00"), "00");
    assert_eq!(digits(&mut host, 0x39, ""), "00");
    assert!(host.text(0x72, "B").ends_with("*16.00"));
    assert_eq!(host.printer.receipts().len(), 1);
    host.send(0x30, "1;0000;1;1;0");
    host.send(0x31, SALE);
    assert_eq!(digits(&mut host, 0x39, ""), "00");
    assert_eq!(host.printer.receipts().len(), 1);
}

#[test]
fn a_frame_with_the_same_number_is_executed_again() {
    let mut host = host();
    for _ in 0..2 {
        let frame = ferrotill_device::wire::framing::Request {
            seq: 0x41,
            command: 0x3B,
            data: b"1;0000;0;5.00".to_vec(),
        };
        let _ = host.printer.answer(&frame);
    }
    assert!(host.text(0x6E, "2").starts_with("2;10.00;"));
}

/// The frames that the driver sends during a job, without their numbers and checksums; a ping is `09`.
fn sent(notes: &Notes) -> Vec<String> {
    notes
        .lines
        .iter()
        .filter_map(|line| line.split(" -> ").next())
        .filter(|line| !line.starts_with(['=', '!']))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_sale_is_sent_step_by_step_and_paid_by_meaning() {
    let bench = Bench::of(&PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&sale(), &baseline, &mut notes));
    let sent = sent(&notes);
    for expected in [
        "30 \"1;****;1;1;0$DT700001-OP01-0000001\"",
        "31 \"Paine alba                          ;Б;8.10*2.000:-5.87\"",
        "33 \"0;0\"",
        "35 \"7;0;10.00\"",
        "35 \"0;0;15.00\"",
        "38 \"\"",
    ] {
        assert_eq!(
            sent.iter().filter(|line| *line == expected).count(),
            1,
            "{expected}: {sent:#?}"
        );
    }
}

#[test]
fn a_card_is_type_1_on_an_older_machine() {
    let bench = Bench::of_firmware(&PROTOCOL, KL_V2);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let mut notes = Notes::new();
    let sold = registered(driver.perform(&sale(), &baseline, &mut notes));
    let sent = sent(&notes);
    assert!(sent.contains(&"35 \"1;0;10.00\"".to_owned()), "{sent:#?}");
    bench.line.with(|emulator| {
        let last = emulator.printer().receipts().last().unwrap();
        assert_eq!(last.payments, [('D', 1000), ('P', 1500)]);
    });
    let report = registered(driver.perform(&Job::XReport, &sold.after, &mut Notes::new()));
    let after = report.after;
    let payments = report.report.unwrap().payments.unwrap();
    let of = |letter| {
        let mut found = payments.iter().filter(|payment| payment.letter == letter);
        found.next().unwrap().amount.minor()
    };
    assert_eq!((of('P'), of('D'), of('Q')), (858, 1_000, 0));
    // Packaging has no type on this machine.
    let Job::Receipt(mut receipt) = sale() else {
        unreachable!()
    };
    receipt.payments[1].letter = 'K';
    let outcome = driver.perform(&Job::Receipt(receipt), &after, &mut Notes::new());
    assert_eq!(not_registered(outcome).fault, Fault::JobNotPrintable);
}

#[test]
fn payments_reported_with_or_without_the_change_prove_a_receipt() {
    for lacks_change in [false, true] {
        for cancelled_has_code in [false, true] {
            for (command, miscount) in [(0x35, 0), (0x38, 0), (0x39, 1), (0x31, 0)] {
                let case = format!("{lacks_change}, {cancelled_has_code}, {command:02X}");
                let bench = Bench::of(&PROTOCOL);
                bench.line.with(|emulator| {
                    let printer = emulator.printer_mut();
                    printer.payments_lack_change = lacks_change;
                    printer.cancelled_has_code = cancelled_has_code;
                    // Until the first payment a printer may report the payments of the receipt before.
                    printer.payments_of_receipt_before = command != 0x31;
                });
                let mut driver = bench.driver(1);
                let baseline = driver.connect().unwrap().baseline;
                let first = driver.perform(&sale(), &baseline, &mut Notes::new());
                let baseline = registered(first).after;
                bench
                    .line
                    .with(|emulator| emulator.printer_mut().miscount = miscount);
                bench.order(FaultKind::PowerCut, Some(command), 1);
                let mut notes = Notes::new();
                let first = driver.perform(&sale(), &baseline, &mut notes);
                assert!(matches!(first, Performed::Unknown(_)), "{case}: {first:?}");
                let (_, outcome) = settle(
                    &bench,
                    driver,
                    &sale(),
                    &baseline,
                    first,
                    notes.decided,
                    true,
                );
                bench.check_outcome(&outcome, 1, &case);
            }
        }
    }
}

#[test]
fn a_command_whose_answer_is_lost_is_never_sent_again_before_the_printer_was_asked() {
    // The printer executes the command and its answer is lost: a repeat would sell twice.
    for command in [0x30, 0x31, 0x35, 0x37, 0x38] {
        for kind in [FaultKind::DropAnswer, FaultKind::Garble, FaultKind::Blink] {
            let bench = Bench::of(&PROTOCOL);
            let mut driver = bench.driver(1);
            let baseline = driver.connect().unwrap().baseline;
            bench.order(kind, Some(command), 1);
            let before = bench.line.with(|emulator| emulator.printer().commands());
            let mut notes = Notes::new();
            let sold = registered(driver.perform(&sale(), &baseline, &mut notes));
            assert_eq!(sold.document, baseline.last_document + 1);
            bench.check(1, false);
            let times = sent(&notes)
                .iter()
                .filter(|line| line.starts_with("31 "))
                .count();
            assert_eq!(
                times, 2,
                "{command:02X} {kind:?}: one request for each sale"
            );
            let executed = bench.line.with(|emulator| emulator.printer().commands());
            assert!(executed > before);
        }
    }
}

#[test]
fn an_emulated_printer_answers_the_questions_of_one_byte() {
    let bench = Bench::of(&PROTOCOL);
    let ask = |byte: u8| {
        bench.line.with(|emulator| {
            emulator.handle_bytes(&[byte], 0);
            emulator.poll_transmit(0)
        })
    };
    assert_eq!(ask(zfp::ALIVE), Some(vec![zfp::ALIVE]));
    assert_eq!(ask(zfp::PING), Some(vec![zfp::READY]));
    bench.line.with(|emulator| {
        emulator
            .printer_mut()
            .set_paper(ferrotill_device::Paper::Out);
    });
    assert_eq!(ask(zfp::PING), Some(vec![zfp::READY | zfp::NO_PAPER]));
}

#[test]
fn a_printer_without_any_fiscal_receipt_proves_nothing_of_its_first_cancellation() {
    let bench = Bench::of(&PROTOCOL);
    bench
        .line
        .with(|emulator| emulator.printer_mut().miscount = 1);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::PowerCut, Some(0x39), 1);
    let first = driver.perform(&sale(), &baseline, &mut Notes::new());
    assert!(matches!(first, Performed::Unknown(_)), "{first:?}");
    bench.repair();
    let evidence = JournalEvidence::of_decision(true);
    let outcome = driver.recover(&sale(), &baseline, &evidence, &mut Notes::new());
    assert_eq!(
        outcome,
        ferrotill_device::Recovered::Unknown(Fault::Unclear)
    );
}

#[test]
fn a_z_report_at_the_keyboard_is_noticed_before_the_next_job() {
    let bench = Bench::of(&PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new())).after;
    bench.line.with(|emulator| {
        assert!(emulator.printer_mut().keyboard_z());
    });
    let outcome = driver.perform(&sale(), &sold, &mut Notes::new());
    assert_eq!(not_registered(outcome).fault, Fault::BaselineDiffers);
}
