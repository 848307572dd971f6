//! Datecs MX: the country of a machine, its numbers of next documents, its modes, and what a machine without refunds can do.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_device::driver::DriverUri;
use ferrotill_device::emulator::{FaultKind, FaultOrder, IslEmulator};
use ferrotill_device::family::datecs_mx;
use ferrotill_device::wire::framing::{Answer, Request};
use ferrotill_device::{
    Fault, FiscalPrinter as _, Job, JournalEvidence, Performed, PrinterFigure, Recovered,
};

/// The commands and their data that the driver sent, as in a trace.
fn sent(notes: &Notes, command: &str) -> Vec<String> {
    let lines = notes.lines.iter();
    lines
        .filter(|line| line.starts_with(&format!("{command} ")))
        .map(|line| line.split(" -> ").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_country_is_found_at_the_connection_and_decides_the_commands() {
    for (firmware, country, opening, payment) in [
        (
            "mx-ro",
            "RO",
            "30 \"1\\t****\\t1\\t\\t\\t\\t\"",
            "35 \"0\\t15.00\\t\"",
        ),
        (
            "mx-md",
            "MD",
            "30 \"1\\t****\\t1\\t\"",
            "35 \"0\\t15.00\\t\"",
        ),
        (
            "mx-bg",
            "BG",
            "30 \"1\\t****\\t1\\t\\t\"",
            "35 \"0\\t15.00\\t\\t\"",
        ),
    ] {
        let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, firmware);
        let mut driver = bench.driver(9);
        let connected = driver.connect().unwrap();
        assert_eq!(connected.country, country);
        assert_eq!(connected.missing, [], "{country}");
        // The number of the fiscal memory is in 5Ah or in 7Bh.
        assert_eq!(connected.baseline.fiscal_memory, "02700001", "{country}");
        assert_eq!(connected.groups[..3], [Some(200_000), Some(80_000), None]);
        let mut notes = Notes::new();
        let sold =
            registered(driver.perform(&paid_by('N', sale()), &connected.baseline, &mut notes));
        assert_eq!(
            (sold.document, sold.fiscal_receipt),
            (1, Some(1)),
            "{country}"
        );
        assert_eq!(sent(&notes, "30"), [opening]);
        assert_eq!(sent(&notes, "35").last().unwrap(), payment);
        let sales = sent(&notes, "31");
        let has_unit = sales[0].ends_with("\\t0\\tbuc\\t\"");
        assert_eq!(has_unit, country != "BG", "{sales:?}");
        bench.check(1, false);
    }
}

#[test]
fn a_machine_without_refunds_gets_no_command_2bh_which_would_write_its_header() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    let sold = registered(driver.perform(&paid_by('N', sale()), &baseline, &mut Notes::new()));
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&paid_by('N', refund()), &sold.after, &mut notes));
    assert_eq!(sent(&notes, "2B"), [""; 0]);
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-bg");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&paid_by('N', refund()), &baseline, &mut notes));
    assert_eq!(sent(&notes, "2B").len(), 1);
}

/// A return with this permission to take the cash out of the drawer.
fn return_of(withdraw: bool) -> Job {
    let Job::Receipt(mut receipt) = refund() else {
        panic!("a refund is a receipt");
    };
    receipt.refund_of.as_mut().unwrap().withdraw = withdraw;
    Job::Receipt(receipt)
}

/// A Romanian machine with cash in its drawer.
fn with_cash() -> (Bench, ferrotill_device::Baseline) {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    let paid = driver.perform(&cash_in(), &baseline, &mut Notes::new());
    let baseline = registered(paid).after;
    (bench, baseline)
}

fn taken_out(bench: &Bench) -> i64 {
    bench
        .line
        .with(|emulator| emulator.printer().memory().day.cash_out)
}

#[test]
fn a_return_takes_the_cash_out_and_prints_a_slip() {
    let (bench, baseline) = with_cash();
    let mut driver = bench.driver(9);
    driver.connect().unwrap();
    let done = registered(driver.perform(&return_of(true), &baseline, &mut Notes::new()));
    assert_eq!((done.document, done.after.last_document), (2, 3));
    assert_eq!(taken_out(&bench), 858);
    let paper = bench.line.with(|emulator| emulator.printer().paper_text());
    for words in ["RETUR", "BON 1", "Paine alba", "TOTAL 18.58", "SUME IESITE"] {
        assert!(paper.contains(words), "{words}\n{paper}");
    }
    // The report does not compare what the machine counts in another way.
    let closed = registered(driver.perform(&Job::ZReport, &done.after, &mut Notes::new()));
    let report = closed.report.unwrap();
    assert_eq!(
        (report.refunds, report.cash_out, report.fiscal_receipts),
        (None, None, None)
    );
    assert!(report.cash.is_some() && report.cash_in.is_some());
}

#[test]
fn a_return_without_a_withdrawal_is_a_slip_alone() {
    let (bench, baseline) = with_cash();
    let mut driver = bench.driver(9);
    driver.connect().unwrap();
    let done = registered(driver.perform(&return_of(false), &baseline, &mut Notes::new()));
    assert_eq!((done.document, done.after.last_document), (2, 2));
    assert_eq!(taken_out(&bench), 0);
}

#[test]
fn a_return_for_which_the_drawer_has_not_enough_cash_leaves_nothing() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    let refused = not_registered(driver.perform(&refund(), &baseline, &mut Notes::new()));
    assert_eq!(refused.fault, Fault::NotEnoughCash);
    let documents = bench
        .line
        .with(|emulator| emulator.printer().memory().last_document);
    assert_eq!(documents, 0);
}

#[test]
fn a_return_whose_slip_was_not_printed_stands_and_is_settled_once() {
    for command in [0x26, 0x2A, 0x27] {
        let (bench, baseline) = with_cash();
        let mut driver = bench.driver(9);
        driver.connect().unwrap();
        bench.order(FaultKind::PaperOut, Some(command), 1);
        let done = registered(driver.perform(&refund(), &baseline, &mut Notes::new()));
        assert_eq!(
            (done.document, taken_out(&bench)),
            (2, 858),
            "{command:02X}"
        );
        bench.repair();
        // The host has forgotten the outcome: the withdrawal proves it.
        let mut driver = bench.driver(77);
        let evidence = JournalEvidence::default();
        let found = driver.recover(&refund(), &baseline, &evidence, &mut Notes::new());
        let Recovered::Registered(found) = found else {
            panic!("{command:02X}: {found:?}");
        };
        assert_eq!(
            (found.document, taken_out(&bench)),
            (2, 858),
            "{command:02X}"
        );
        let connected = driver.connect().unwrap();
        let sold = driver.perform(&sale(), &connected.baseline, &mut Notes::new());
        assert!(matches!(sold, Performed::Registered(_)), "{sold:?}");
    }
}

#[test]
fn a_refund_that_was_begun_on_a_bulgarian_machine_is_settled_after_a_restart() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-bg");
    let refund = paid_by('N', refund());
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let lost = driver.perform(&refund, &baseline, &mut Notes::new());
    assert!(matches!(lost, Performed::Unknown(_)), "{lost:?}");
    bench.repair();
    let mut driver = bench.driver(77);
    let evidence = JournalEvidence::default();
    let found = driver.recover(&refund, &baseline, &evidence, &mut Notes::new());
    assert!(matches!(found, Recovered::Registered(_)), "{found:?}");
    bench.check(1, false);
}

#[test]
fn the_last_document_is_one_before_the_next_one_that_the_machine_counts() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let mut baseline = driver.connect().unwrap().baseline;
    assert_eq!(
        (baseline.last_document, baseline.next_fiscal_receipt),
        (0, 1)
    );
    let mut notes = Notes::new();
    baseline = registered(driver.perform(&sale(), &baseline, &mut notes)).after;
    assert_eq!(
        (baseline.last_document, baseline.next_fiscal_receipt),
        (1, 2)
    );
    let told = notes
        .lines
        .iter()
        .rfind(|line| line.starts_with("FF \"nBon"));
    assert!(told.unwrap().contains("-> \"0\\t2\\t\""), "{told:?}");
    // A Z-report clears the number of the day's receipts, and that number then proves nothing about the day before.
    baseline = registered(driver.perform(&Job::ZReport, &baseline, &mut Notes::new())).after;
    assert_eq!(
        (baseline.last_document, baseline.next_fiscal_receipt),
        (2, 1)
    );
    assert_eq!(baseline.z_number, Some(1));
}

#[test]
fn a_sale_whose_close_was_lost_over_a_z_report_at_the_keyboard_is_never_printed_again() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let lost = driver.perform(&sale(), &baseline, &mut Notes::new());
    assert!(matches!(lost, Performed::Unknown(_)), "{lost:?}");
    bench.repair();
    bench
        .line
        .with(|emulator| assert!(emulator.printer_mut().keyboard_z()));
    // The number of the day's receipts equals that of the baseline again, and the sale is in the fiscal memory.
    let mut driver = bench.driver(77);
    let evidence = JournalEvidence::default();
    let found = driver.recover(&sale(), &baseline, &evidence, &mut Notes::new());
    assert!(!matches!(found, Recovered::Absent(..)), "{found:?}");
}

#[test]
fn the_service_and_training_modes_are_told() {
    for mode in [2, 3] {
        let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
        bench
            .line
            .with(|emulator| emulator.printer_mut().mode = mode);
        let mut driver = bench.driver(9);
        let connected = driver.connect().unwrap();
        assert!(connected.training, "{mode}");
        let [doubt] = driver.doubts().try_into().unwrap();
        assert!(doubt.contains("service or training mode"), "{doubt}");
        // The answers have the document number alone in these modes.
        let sold = driver.perform(&sale(), &connected.baseline, &mut Notes::new());
        assert_eq!(registered(sold).document, 1);
    }
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    assert!(!bench.driver(9).fiscal_only().connect().unwrap().training);
    bench.line.with(|emulator| emulator.printer_mut().mode = 3);
    let refused = bench.driver(9).fiscal_only().connect();
    assert_eq!(refused.map(|_| ()), Err(Fault::Training));
}

#[test]
fn a_machine_that_is_busy_without_end_is_given_up_at_the_deadline_and_settled_by_its_counters() {
    // Without paper a machine sends SYN without end.
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    bench.line.with(|emulator: &mut IslEmulator| {
        emulator.add_fault(FaultOrder {
            kind: FaultKind::Busy,
            command: Some(0x38),
            times: 100_000,
            ms: 0,
        });
    });
    let mut notes = Notes::new();
    let outcome = driver.perform(&sale(), &baseline, &mut notes);
    let closes = sent(&notes, "38");
    assert_eq!(closes.len(), 1, "{:#?}", notes.lines);
    match outcome {
        Performed::Unknown(_) => {}
        // The counters were asked after the deadline.
        Performed::Registered(_) => bench.check(1, false),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nul_bytes_between_busy_bytes_and_before_an_answer_are_skipped() {
    let framing = datecs_mx::PROTOCOL.framing;
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let request = Request {
        seq: 0x30,
        command: 0x4C,
        data: Vec::new(),
    };
    let answer = bench
        .line
        .with(|emulator| emulator.printer_mut().answer(&request));
    let mut decoder = ferrotill_device::wire::decoder::Decoder::new(framing);
    let noise = [0x16, 0x00, 0x00, 0x16, 0x00];
    let frames: Vec<_> = noise
        .iter()
        .chain(&answer)
        .filter_map(|byte| match decoder.push(*byte) {
            Some(ferrotill_device::wire::decoder::Token::Frame(frame)) => Some(frame),
            Some(ferrotill_device::wire::decoder::Token::Syn) | None => None,
            Some(other) => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(frames, std::slice::from_ref(&answer));
    assert!(Answer::parse(&framing, &answer).is_ok());
}

#[test]
fn frames_of_the_manual_are_sent() {
    // Computed from the manual's description: an opening with the password 0001, and a payment of 50.00 in cash.
    let framing = datecs_mx::PROTOCOL.framing;
    let frame = |seq, command, data: &[u8]| {
        let request = Request {
            seq,
            command,
            data: data.to_vec(),
        };
        let bytes = request.emit(&framing).unwrap();
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(" ")
    };
    assert_eq!(
        frame(0x21, 0x30, b"1\t0001\t1\t\t\t\t"),
        "01 30 30 33 36 21 30 30 33 30 31 09 30 30 30 31 09 31 09 09 09 09 05 30 33 30 3B 03"
    );
    assert_eq!(
        frame(0x23, 0x35, b"0\t50.00\t"),
        "01 30 30 33 32 23 30 30 33 35 30 09 35 30 2E 30 30 09 05 30 32 3E 3A 03"
    );
}

#[test]
fn an_unknown_country_sells_in_the_romanian_form_and_is_told() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    bench.line.with(|emulator| {
        // Neither 7Bh nor FFh: the number of the last document is in 4Ch.
        emulator.printer_mut().lacks = vec![0x7B, 0xFF];
    });
    let mut driver = bench.driver(9);
    let connected = driver.connect().unwrap();
    assert_eq!(connected.country, "?");
    assert!(connected.missing.contains(&PrinterFigure::FiscalMemory));
    let sold = driver.perform(&sale(), &connected.baseline, &mut Notes::new());
    assert_eq!(registered(sold).document, 1);
}

#[test]
fn romanian_letters_are_folded() {
    let bench = Bench::of_firmware(&datecs_mx::PROTOCOL, "mx-ro");
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    let lines = vec!["Pâine țărănească și brânză".into()];
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&Job::Text(lines), &baseline, &mut notes));
    assert!(
        sent(&notes, "2A")[0].contains("Paine taraneasca si branza"),
        "{:?}",
        notes.lines
    );
}

#[test]
fn the_address_has_the_usual_port_and_a_country() {
    let uri = DriverUri::parse("datecs-mx+tcp://192.168.1.20?country=md").unwrap();
    assert_eq!(
        uri.to_string(),
        "datecs-mx+tcp://192.168.1.20:3999?country=md"
    );
}
