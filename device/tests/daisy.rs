//! Daisy: the driver's commands, and the emulated printer's answers to raw commands of the maker's manual.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::emulator::FaultKind;
use ferrotill_device::emulator::memory::OpenKind;
use ferrotill_device::family::{Protocol, daisy};
use ferrotill_device::wire::framing::{Answer, Request};
use ferrotill_device::wire::isl_status::Flag;
use ferrotill_device::{
    DaySums, Fault, FiscalPrinter as _, Job, JournalEvidence, Performed, Recovered,
};

const FAMILY: &Protocol = &daisy::PROTOCOL;
const UNIQUE: &str = "1,1,DY000600-OP01-0000001";

/// Sends raw commands to an emulated printer.
struct Host<'a> {
    bench: &'a Bench,
    seq: u8,
}

impl<'a> Host<'a> {
    fn new(bench: &'a Bench) -> Self {
        Self { bench, seq: 0xFD }
    }

    fn send(&mut self, command: u8, data: &[u8]) -> Answer {
        self.seq = FAMILY.framing.seq_after(self.seq);
        self.send_as(self.seq, command, data)
    }

    fn send_as(&self, seq: u8, command: u8, data: &[u8]) -> Answer {
        let request = Request {
            seq,
            command,
            data: data.to_vec(),
        };
        self.bench.line.with(|emulator| {
            let frame = emulator.printer_mut().answer(&request);
            Answer::parse(&FAMILY.framing, &frame).unwrap()
        })
    }

    /// The text of the answer to a command that must be carried out.
    fn done(&mut self, command: u8, data: &[u8]) -> String {
        let answer = self.send(command, data);
        assert!(
            !FAMILY.status.has(answer.status, Flag::GeneralError),
            "{command:02X}: {:?}",
            answer.status
        );
        String::from_utf8(answer.data).unwrap()
    }

    /// The error number of a command that must be refused.
    fn refused(&mut self, command: u8, data: &[u8]) -> u8 {
        let answer = self.send(command, data);
        assert!(
            FAMILY.status.has(answer.status, Flag::GeneralError),
            "{command:02X}: {:?}",
            answer.status
        );
        answer.status.number_in(3)
    }
}

/// The requests of one command in the notes, without their answers.
fn requests(notes: &Notes, command: u8) -> Vec<String> {
    let start = format!("{command:02X} ");
    notes
        .lines
        .iter()
        .filter(|line| line.starts_with(&start))
        .filter_map(|line| line.split(" -> ").next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_driver_sends_the_commands_of_the_manual() {
    let bench = Bench::of(FAMILY);
    let mut driver = bench.driver(200);
    let baseline = driver.connect().unwrap().baseline;
    let mut notes = Notes::new();
    let after = registered(driver.perform(&sale(), &baseline, &mut notes)).after;
    assert_eq!(
        requests(&notes, 0x30),
        ["30 \"1,****,DT700001-OP01-0000001\""]
    );
    assert_eq!(
        requests(&notes, 0x31)[0],
        "31 \"Paine alba\\tА8.10*2.000$-5.87\"".replace('А', "Б")
    );
    assert_eq!(
        requests(&notes, 0x35),
        ["35 \"\\tD10.00\"", "35 \"\\tP15.00\""]
    );
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&refund_on(FAMILY), &after, &mut notes));
    assert_eq!(
        requests(&notes, 0x30),
        ["30 \"20,****,DT700001-OP20-0000002\\tR0,1,21-11-26 00:35:30\\t02700001\""]
    );
    bench.line.with(|emulator| {
        let receipts = emulator.printer().receipts();
        assert_eq!([receipts[0].refund, receipts[1].refund], [false, true]);
    });
}

#[test]
fn no_two_receipts_have_the_same_unique_sale_number() {
    let bench = Bench::of(FAMILY);
    let mut driver = bench.driver(1);
    let mut baseline = driver.connect().unwrap().baseline;
    let mut opened = Vec::new();
    for (place, job) in [sale(), cash_in(), sale(), sale()].into_iter().enumerate() {
        if place == 2 {
            // The receipt is cancelled, and the same job is done again.
            bench
                .line
                .with(|emulator| emulator.printer_mut().miscount = 1);
            let mut notes = Notes::new();
            let refused = not_registered(driver.perform(&job, &baseline, &mut notes));
            assert_eq!(refused.fault, Fault::TotalsDiffer);
            baseline = refused.after.unwrap();
            opened.extend(requests(&notes, 0x30));
            bench
                .line
                .with(|emulator| emulator.printer_mut().miscount = 0);
        }
        let mut notes = Notes::new();
        baseline = registered(driver.perform(&job, &baseline, &mut notes)).after;
        opened.extend(requests(&notes, 0x30));
    }
    assert_eq!(opened.len(), 4);
    opened.sort();
    opened.dedup();
    assert_eq!(opened.len(), 4, "{opened:?}");
}

#[test]
fn raw_commands_are_accepted_and_refused_as_the_manual_says() {
    let bench = Bench::of(FAMILY);
    let mut host = Host::new(&bench);
    // The unique sale number is mandatory.
    assert_eq!(host.refused(0x30, b"1,1,1"), 14);
    assert_eq!(host.done(0x30, UNIQUE.as_bytes()), "000001,000000");
    assert_eq!(host.refused(0x30, UNIQUE.as_bytes()), 19);
    assert_eq!(host.refused(0x38, b""), 25);
    // A Latin letter is no tax group.
    assert_eq!(host.refused(0x31, b"Paine\tA9.50"), 14);
    assert_eq!(host.done(0x31, b"Paine\t\xC09.50*2"), "");
    assert_eq!(
        host.done(0x33, b"00"),
        "0000001900,0000001900,0000000000,0000000000,0000000000,0000000000,0000000000,0000000000,0000000000"
    );
    assert_eq!(
        host.done(0x4C, b"T"),
        "1,0001,0000001900,0000000000,0000001900"
    );
    assert_eq!(host.done(0x35, b"\tC10.00"), "D9.00");
    assert_eq!(
        host.done(0x4C, b"T"),
        "1,0001,0000001900,0000001000,0000000900"
    );
    assert_eq!(host.refused(0x31, b"Paine\t\xC09.50"), 6);
    assert_eq!(host.refused(0x82, b""), 6);
    assert_eq!(host.done(0x35, b"\tP10.00"), "R1.00");
    assert_eq!(host.done(0x38, b""), "000001,000001");
    assert_eq!(host.done(0x71, b""), "000001");
    assert_eq!(
        host.done(0x74, b""),
        "PF,0,02700001*000001*2026-11-21*00:35:30*19.00"
    );
    assert_eq!(
        host.done(0x6E, b""),
        "0000000900,0000000000,0000001000,0000000000,0000000000,0000,000002,0000000001"
    );
    let sums = |first: &str| [first, &",0.00".repeat(15)].concat();
    assert_eq!(host.done(0x41, b"T"), sums("19.00"));
    // Without `T` the sums are without tax.
    assert_eq!(host.done(0x41, b""), sums("15.83"));
    assert_eq!(host.done(0x45, b"0"), format!("0001,{}", sums("19.00")));
    assert_eq!(
        host.done(0x40, b"T"),
        format!("0001,{},211126", sums("19.00"))
    );
    assert_eq!(host.done(0x74, b""), "PF,XXXXX");
    assert_eq!(host.done(0x3E, b""), "21.11.26 00:35:30");
    // The document of a number is asked for by the number before it.
    assert_eq!(
        host.done(0x74, b"0"),
        "PF,0,02700001*000001*2026-11-21*00:35:30*19.00"
    );
}

#[test]
fn a_cancelled_receipt_is_issued_with_the_sum_0_and_takes_a_number() {
    let bench = Bench::of(FAMILY);
    let mut host = Host::new(&bench);
    let _ = host.done(0x30, UNIQUE.as_bytes());
    let _ = host.done(0x31, b"Paine\t\xC09.50*2");
    assert_eq!(host.done(0x82, b""), "000001,000001");
    assert_eq!(
        host.done(0x74, b""),
        "PF,0,02700001*000001*2026-11-21*00:35:30*0.00"
    );
    assert_eq!(
        host.done(0x4C, b"T"),
        "0,0002,0000000000,0000000000,0000000000"
    );
    assert_eq!(bench.fiscal_receipts(), 0);
}

#[test]
fn a_refund_needs_its_operator_and_is_paid_in_cash() {
    let bench = Bench::of(FAMILY);
    let mut host = Host::new(&bench);
    let rest = "\tR0,1,21-11-26 00:35:30\t02700001";
    let opening = |head: &str| format!("{head},DY000600-OP20-0000003{rest}").into_bytes();
    // Operator 1 may not, and a wrong password is refused by a bit of its own.
    assert_eq!(host.refused(0x30, &opening("1,1")), 7);
    let wrong = host.send(0x30, &opening("20,1"));
    assert!(FAMILY.status.has(wrong.status, Flag::WrongPassword));
    let _ = host.done(0x30, &opening("20,9999"));
    bench.line.with(|emulator| {
        let open = emulator.printer().memory().open.clone();
        assert_eq!(open.map(|open| open.kind), Some(OpenKind::Refund));
    });
    let _ = host.done(0x31, b"Paine\t\xC09.50");
    assert_eq!(host.done(0x35, b"\tC9.50"), "F");
    assert_eq!(host.done(0x35, b"\tP9.50"), "D0.00");
}

#[test]
fn a_repeat_is_recognised_by_its_number_and_its_command() {
    let bench = Bench::of(FAMILY);
    let host = Host::new(&bench);
    let first = host.send_as(0x30, 0x46, b"100.00");
    assert_eq!(host.send_as(0x30, 0x46, b"100.00"), first);
    // The same number with another command is a new request.
    assert_eq!(host.send_as(0x30, 0x71, b"").data, b"000001");
    let again = host.send_as(0x30, 0x46, b"100.00");
    assert_ne!(again, first, "the printer remembers one request only");
}

#[test]
fn a_lost_answer_is_settled_by_the_printers_counters_and_the_command_is_not_sent_again() {
    let bench = Bench::of(FAMILY);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::DropAnswer, Some(0x46), 1);
    let mut notes = Notes::new();
    let _ = registered(driver.perform(&cash_in(), &baseline, &mut notes));
    let moved = requests(&notes, 0x46);
    let commands = moved.iter().filter(|line| line.contains("100.00"));
    assert_eq!(commands.count(), 1, "{moved:?}");
    bench.line.with(|emulator| {
        assert_eq!(emulator.printer().memory().day.cash_in, 10_000);
    });
}

#[test]
fn a_printer_that_is_not_in_its_printer_mode_is_named_and_sells_nothing() {
    let bench = Bench::of(FAMILY);
    let mut driver = bench.driver(1);
    bench.line.with(|emulator| emulator.printer_mut().mode = 1);
    let connected = driver.connect().unwrap();
    let doubts = driver.doubts().join(" ");
    assert!(doubts.contains("a till cannot print"), "{doubts}");
    let refused = driver.perform(&sale(), &connected.baseline, &mut Notes::new());
    let refused = not_registered(refused);
    assert_eq!(refused.fault, Fault::NotInPrinterMode);
    bench.line.with(|emulator| emulator.printer_mut().mode = 0);
    let connected = driver.connect().unwrap();
    assert!(driver.doubts().is_empty());
    let _ = registered(driver.perform(&sale(), &connected.baseline, &mut Notes::new()));
}

#[test]
fn what_the_printer_cannot_print_is_refused_before_anything_is_sent() {
    let bench = Bench::of(FAMILY);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let Job::Receipt(free) = sale() else {
        unreachable!()
    };
    let mut free = free;
    free.lines.truncate(1);
    free.lines[0].adjustment = Amount::from_minor(-1_620);
    free.total = Amount::ZERO;
    free.change = Amount::ZERO;
    free.payments.truncate(1);
    free.payments[0].amount = Amount::ZERO;
    let Job::Receipt(mut far) = refund_on(FAMILY) else {
        unreachable!()
    };
    if let Some(original) = &mut far.refund_of {
        original.at.clear();
    }
    for (job, words) in [
        (
            refund(),
            "a refund on this printer can be paid in cash only",
        ),
        (
            Job::Receipt(free),
            "the total is 0, and this printer issues a cancelled receipt with that total",
        ),
        (
            Job::Receipt(far),
            "a daisy printer needs the time and the fiscal memory of the original of a refund",
        ),
    ] {
        let outcome = driver.perform(&job, &baseline, &mut Notes::new());
        let Performed::NotBegun(refused) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (refused.fault, refused.detail.as_str()),
            (Fault::JobNotPrintable, words)
        );
    }
    bench.check(0, false);
}

#[test]
fn lines_are_as_long_as_the_printer_reports_and_short_if_it_does_not() {
    for (lacks, longest) in [(vec![], 28), (vec![0x80], 20)] {
        let bench = Bench::of(FAMILY);
        bench
            .line
            .with(|emulator| emulator.printer_mut().lacks = lacks);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        assert_eq!(driver.text_paper().columns, longest);
        let text = "A text that is rather longer than one line of this printer";
        let mut notes = Notes::new();
        let _ = registered(driver.perform(&Job::text([text]), &baseline, &mut notes));
        let lines = requests(&notes, 0x2A);
        let lengths = lines.iter().map(|line| line.len() - "2A \"\"".len());
        let most = lengths.max().unwrap();
        assert!(most <= longest && most > longest - 8, "{lines:?}");
    }
}

#[test]
fn a_lost_close_is_found_although_documents_followed_and_the_day_was_closed() {
    for keys in [&[false][..], &[false, true], &[true, false]] {
        let bench = Bench::of(FAMILY);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        bench.order(FaultKind::PowerCut, Some(0x38), 1);
        let lost = driver.perform(&sale(), &baseline, &mut Notes::new());
        assert!(matches!(lost, Performed::Unknown(_)), "{lost:?}");
        bench.repair();
        bench.line.with(|emulator| {
            for z in keys {
                let printer = emulator.printer_mut();
                let _ = if *z {
                    printer.keyboard_z()
                } else {
                    printer.keyboard_x()
                };
            }
        });
        let found = bench.driver(77).recover(
            &sale(),
            &baseline,
            &JournalEvidence::default(),
            &mut Notes::new(),
        );
        assert_eq!(registered(found).document, 1, "{keys:?}");
    }
}

/// A refund of a sale whose time is not known, which a Daisy cannot print.
fn refund_without_time() -> Job {
    let Job::Receipt(mut job) = refund_on(FAMILY) else {
        panic!("a refund is a receipt");
    };
    if let Some(refund) = &mut job.refund_of {
        refund.at.clear();
    }
    Job::Receipt(job)
}

#[test]
fn a_document_that_could_never_be_sent_is_settled_by_the_counters_and_no_person_is_asked() {
    let job = refund_without_time();
    // The first edition proves only its last document by 74h, so the sums of the day must decide.
    for (firmware, others, known) in [
        ("daisy-1.8", 0, false),
        ("daisy-1.8", 2, false),
        ("daisy-1.0", 0, false),
        ("daisy-1.0", 2, true),
    ] {
        let bench = Bench::of_firmware(FAMILY, firmware);
        let mut driver = bench.driver(1);
        let baseline = driver.connect().unwrap().baseline;
        let sold = driver.perform(&sale(), &baseline, &mut Notes::new());
        let before = registered(sold).after;
        let refused = not_registered(driver.perform(&job, &before, &mut Notes::new()));
        assert_eq!(refused.fault, Fault::JobNotPrintable);
        // The host stops before it says so. Meanwhile others print at the printer.
        bench.line.with(|emulator| {
            for _ in 0..others {
                let _ = emulator.printer_mut().keyboard_x();
            }
        });
        let evidence = JournalEvidence {
            day: known.then(|| DaySums {
                sales: sales_of(&bench),
                refunds: [Amount::ZERO; 8],
            }),
            ..JournalEvidence::default()
        };
        let outcome = bench
            .driver(7)
            .recover(&job, &before, &evidence, &mut Notes::new());
        let Recovered::Absent(_, no_document) = outcome else {
            panic!("{firmware} {others}: {outcome:?}");
        };
        assert_eq!(no_document.fault, Fault::JobNotPrintable);
    }
}

/// The sales of the printer's day.
fn sales_of(bench: &Bench) -> [Amount; 8] {
    let sales = bench
        .line
        .with(|emulator| emulator.printer().memory().day.sales);
    sales.map(Amount::from_minor)
}

#[test]
fn the_first_edition_reports_the_last_document_only_and_more_stays_unknown() {
    let bench = Bench::of_firmware(FAMILY, "daisy-1.0");
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let _ = driver.perform(&sale(), &baseline, &mut Notes::new());
    bench.repair();
    bench.line.with(|emulator| {
        let _ = emulator.printer_mut().keyboard_x();
    });
    let evidence = JournalEvidence::default();
    let found = bench
        .driver(77)
        .recover(&sale(), &baseline, &evidence, &mut Notes::new());
    assert_eq!(found, Recovered::Unknown(Fault::Unclear));
}
