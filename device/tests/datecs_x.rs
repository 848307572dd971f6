//! Datecs X: the emulated printer's answers to raw commands of the manual, and the driver's reading of them.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::family::datecs_x;
use ferrotill_device::wire::framing::Answer;
use ferrotill_device::wire::isl_status::Flag;
use ferrotill_device::{Fault, FiscalPrinter as _, Job, JournalEvidence, Paper, Recovered};

/// A host that sends raw commands in which `|` is written for each TAB.
struct Host(host::Host);

impl Host {
    fn new() -> Self {
        let mut host = host::Host::of(&datecs_x::PROTOCOL);
        // Without this switch a refusal shows only in its code.
        host.printer.errors_in_status = true;
        Self(host)
    }

    fn send(&mut self, command: u8, parameters: &str) -> Answer {
        self.0.send(command, &parameters.replace('|', "\t"))
    }

    fn text(&mut self, command: u8, parameters: &str) -> String {
        let answer = self.send(command, parameters);
        String::from_utf8_lossy(&answer.data).replace('\t', "|")
    }

    /// Sends a command that must be refused with this code and the bits of a refusal, without data.
    fn no(&mut self, command: u8, parameters: &str, code: &str) {
        let answer = self.send(command, parameters);
        assert_eq!(
            String::from_utf8_lossy(&answer.data),
            format!("{code}\t"),
            "{command:02X} {parameters}"
        );
        assert!(has(&answer, Flag::GeneralError), "{command:02X}");
    }
}

fn has(answer: &Answer, flag: Flag) -> bool {
    datecs_x::PROTOCOL.status.has(answer.status, flag)
}

#[test]
fn the_idle_status_is_that_of_the_manuals_frames() {
    let mut host = Host::new();
    let idle = host.send(0x4A, "");
    assert_eq!(
        idle.status.bytes(),
        [0x80, 0x80, 0x80, 0x80, 0x86, 0x9A, 0x80, 0x80]
    );
    assert_eq!(idle.data, b"0\t\x80\x80\x80\x80\x86\x9A\x80\x80\t");
    host.text(0x30, "1|0000|1||");
    let open = host.send(0x4A, "");
    assert_eq!(open.status.bytes()[2], 0x88);
    let mut host = Host::new();
    host.text(0x26, "");
    assert_eq!(host.send(0x4A, "").status.bytes()[2], 0xA0);
}

#[test]
fn a_receipt_after_the_manual() {
    let mut host = Host::new();
    assert_eq!(host.text(0x30, "1|0000|1||"), "0|1|");
    assert_eq!(host.text(0x31, "Paine|1|9.50|2.000|0||0|"), "0|1|");
    assert_eq!(host.text(0x31, "Lapte|2|12.00||2|10.00|0|"), "0|1|");
    assert_eq!(
        host.text(0x33, "1|0|||"),
        "0|1|29.80|19.00|10.80|0.00|0.00|0.00|0.00|0.00|0.00|"
    );
    assert_eq!(host.text(0x4C, ""), "0|1|1|2|29.80|0.00|");
    assert_eq!(
        host.text(0x67, ""),
        "0|19.00|10.80|0.00|0.00|0.00|0.00|0.00|0.00|0|0|0|"
    );
    assert_eq!(host.text(0x35, "0|20.00||"), "0|D|9.80|");
    assert_eq!(host.text(0x35, "0|40.00||"), "0|R|30.20|");
    assert_eq!(host.text(0x38, ""), "0|1|");
    assert_eq!(host.text(0x4C, ""), "0|0|1|2|29.80|60.00|");
    assert_eq!(host.text(0xFF, "nBon|||"), "0|1|");
    assert_eq!(host.text(0xFF, "nFBon|||"), "0|1|");
    // During a refund 4Ch answers 3, and 67h shows the refund too.
    let refund = "1|0000|1|1|1|21-11-26 00:35:30|02700001|||||";
    assert_eq!(host.text(0x2B, refund), "0|2|");
    host.text(0x31, "Paine|1|9.50|1.000|0||0|");
    assert_eq!(host.text(0x4C, ""), "0|3|2|1|9.50|0.00|");
    assert!(host.text(0x67, "").ends_with("|0|0|1|"));
    host.text(0x35, "0|9.50||");
    host.text(0x38, "");
    assert_eq!(
        host.text(0x45, "X|"),
        "0|1|19.00|10.80|0.00|0.00|0.00|0.00|0.00|0.00|9.50|0.00|0.00|0.00|0.00|0.00|0.00|0.00|"
    );
    assert_eq!(
        host.text(0x6E, "0|"),
        "0|29.80|0.00|0.00|0.00|0.00|0.00|0.00|"
    );
    assert_eq!(host.text(0x46, "0|0.00|"), "0|20.30|0.00|0.00|");
    assert!(host.text(0x45, "Z|").starts_with("0|1|19.00|"));
    assert!(host.text(0x40, "0|").starts_with("0|1|19.00|10.80|"));
    assert_eq!(host.text(0xFF, "nFBonDailyCount|||"), "0|0|");
    assert_eq!(host.text(0xFF, "nFBon|||"), "0|2|");
}

#[test]
fn the_wrong_command_in_the_wrong_state_is_refused_by_its_code() {
    let mut host = Host::new();
    for (command, parameters) in [
        (0x31, "x|1|1.00|1.000|0||0|"),
        (0x33, "0|0|||"),
        (0x35, "0|1.00||"),
        (0x36, "x||||||"),
        (0x38, ""),
        (0x3C, ""),
        (0x2A, "x|"),
        (0x27, ""),
    ] {
        host.no(command, parameters, "-111016");
    }
    host.no(0x99, "", "-112001");
    host.no(0x31, "x|1|1.00|1.000|0||0", "-111002");
    host.no(0xFF, "nNothing|||", "-111002");
    host.no(0x46, "1|0.01|", "-111017");
    host.no(0x30, "1|1|1||", "-102002");
    host.text(0x30, "1|0000|1||");
    for (command, parameters) in [
        (0x30, "1|0000|1||"),
        (0x26, ""),
        (0x45, "Z|"),
        (0x46, "0|1.00|"),
        (0x2B, "1|0000|1|1|1|||||||"),
    ] {
        host.no(command, parameters, "-111015");
    }
    host.no(0x31, "x|3|1.00|1.000|0||0|", "-111005");
    host.no(0x31, "x|1|0.00|1.000|0||0|", "-111065");
    host.no(0x31, "x|1|-1.00|1.000|0||0|", "-111003");
    host.no(0x38, "", "-111050");
    host.text(0x31, "x|1|10.00|1.000|0||0|");
    host.no(0x31, "x|1|1.00|1.000|4|2.00|0|", "-111021");
    assert_eq!(host.text(0x35, "0|4.00||"), "0|D|6.00|");
    host.no(0x3C, "", "-111018");
    host.no(0x31, "x|1|1.00|1.000|0||0|", "-111018");
    host.no(0x38, "", "-111050");
    host.no(0x35, "1|6.01||", "-111061");
    host.text(0x35, "1|6.00||");
    assert_eq!(host.text(0x38, ""), "0|1|");
    // A slip and a refund have codes of their own.
    host.text(0x26, "");
    host.no(0x45, "X|", "-111046");
    host.text(0x27, "");
    host.text(0x2B, "1|0000|1|1|1|||||||");
    host.no(0x45, "X|", "-111067");
}

#[test]
fn paper_and_cover_are_reported_by_code_and_by_bit() {
    let mut host = Host::new();
    host.text(0x30, "1|0000|1||");
    host.0.printer.set_paper(Paper::Out);
    let refused = host.send(0x31, "x|1|1.00|1.000|0||0|");
    assert_eq!(refused.data, b"-100403\t");
    assert!(has(&refused, Flag::PaperOut));
    assert_eq!(host.text(0x4C, ""), "0|1|1|0|0.00|0.00|");
    host.0.printer.set_paper(Paper::Ok);
    host.0.printer.set_cover_open(true);
    host.no(0x31, "x|1|1.00|1.000|0||0|", "-100404");
    assert!(has(&host.send(0x4A, ""), Flag::CoverOpen));
}

#[test]
fn the_clock_the_rates_and_the_fiscal_memory() {
    let mut host = Host::new();
    assert_eq!(host.text(0x3E, ""), "0|21-11-26 00:35:30|");
    assert_eq!(host.text(0x3D, "22-11-26 10:00:00|"), "0|");
    assert_eq!(
        host.text(0x32, ""),
        "0|1|20.00|8.00|100.00|100.00|100.00|100.00|100.00|100.00|01-01-26|"
    );
    host.text(0x30, "1|0000|1||");
    host.text(0x31, "x|1|1.00|1.000|0||0|");
    host.text(0x35, "0|1.00||");
    host.text(0x38, "");
    host.no(0x3D, "21-11-26 10:00:00|", "-111003");
    host.no(
        0x53,
        "20.00|8.00|100.00|100.00|100.00|100.00|100.00|100.00|2|",
        "-104000",
    );
    host.text(0x45, "Z|");
    assert_eq!(host.text(0x5F, "0|1|1|"), "0|");
    assert_eq!(host.text(0x5E, "1|22-11-26|22-11-26|"), "0|");
    host.no(0x5F, "2|1|1|", "-111002");
    let paper = host.0.printer.paper_text();
    assert_eq!(paper.matches("RAPORT MEMORIE FISCALA").count(), 2);
    assert_eq!(
        host.text(0x5A, "1|"),
        "0|FP-700X|2.08BG|21NOV26|1000|FFFF|00000000|DT700001|02700001|"
    );
}

#[test]
fn error_codes_become_faults() {
    // The error code decides, whether the printer also sets the status bits of a refusal or not.
    for in_status in [false, true] {
        check_faults_of_codes(in_status);
    }
}

fn check_faults_of_codes(in_status: bool) {
    let bench = Bench::of(&datecs_x::PROTOCOL);
    bench
        .line
        .with(|emulator| emulator.printer_mut().errors_in_status = in_status);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let refusal = not_registered(driver.perform(
        &Job::Cash(Amount::from_minor(-1)),
        &baseline,
        &mut Notes::new(),
    ));
    assert_eq!(
        (refusal.fault, refusal.detail.as_str()),
        (Fault::NotEnoughCash, "-111017")
    );
    let Job::Receipt(mut receipt) = sale() else {
        unreachable!()
    };
    receipt.lines[1].group = 5;
    let refusal =
        not_registered(driver.perform(&Job::Receipt(receipt), &baseline, &mut Notes::new()));
    assert_eq!(
        (refusal.fault, refusal.detail.as_str()),
        (Fault::TaxGroup, "-111005")
    );
    let after =
        registered(driver.perform(&sale(), &refusal.after.unwrap(), &mut Notes::new())).after;
    bench.advance(86_401);
    let refusal = not_registered(driver.perform(&sale(), &after, &mut Notes::new()));
    assert_eq!(
        (refusal.fault, refusal.detail.as_str()),
        (Fault::DayTooLong, "-111024")
    );
}

#[test]
fn other_totals_than_ours_are_cancelled_and_never_paid() {
    let bench = Bench::of(&datecs_x::PROTOCOL);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    bench
        .line
        .with(|emulator| emulator.printer_mut().miscount = 1);
    let mut notes = Notes::new();
    let refusal = not_registered(driver.perform(&sale(), &baseline, &mut notes));
    assert_eq!(refusal.fault, Fault::TotalsDiffer);
    assert!(!notes.lines.iter().any(|line| line.starts_with("35")));
    bench.check(0, false);
}

#[test]
fn the_day_is_reported_with_its_refunds() {
    let bench = Bench::of(&datecs_x::PROTOCOL);
    let mut driver = bench.driver(1);
    let mut baseline = driver.connect().unwrap().baseline;
    for job in [cash_in(), sale(), sale(), refund()] {
        baseline = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
    }
    assert_eq!(baseline.next_fiscal_receipt, 4);
    let z = registered(driver.perform(&Job::ZReport, &baseline, &mut Notes::new()));
    let report = z.report.unwrap();
    assert_eq!(report.groups[..2], [1650, 2066].map(Amount::from_minor));
    assert_eq!(
        report.refunds.unwrap()[..2],
        [825, 1033].map(Amount::from_minor)
    );
    let payments = report.payments.unwrap();
    assert_eq!(payments[0].amount, Amount::from_minor(2 * 858));
    assert_eq!(
        (payments[2].letter, payments[2].amount),
        ('D', Amount::from_minor(2 * 1000))
    );
    assert_eq!(report.fiscal_receipts, Some(3));
    // The counter of fiscal receipts of X is never cleared.
    assert_eq!(
        (z.after.z_number, z.after.next_fiscal_receipt),
        (Some(1), 4)
    );
}

#[test]
fn firmware_without_variables_has_no_fiscal_counter() {
    let bench = Bench::of(&datecs_x::PROTOCOL);
    bench
        .line
        .with(|emulator| emulator.printer_mut().lacks = vec![0xFF]);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    assert_eq!(
        (baseline.last_document, baseline.next_fiscal_receipt),
        (0, 0)
    );
    let sold = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    assert_eq!((sold.document, sold.fiscal_receipt), (1, None));
    // If another host printed a receipt meanwhile, neither "issued" nor "not issued" is proved for our receipt.
    let mut other = baseline;
    other.last_document = 0;
    let outcome = driver.recover(
        &exact_twin(),
        &other,
        &JournalEvidence::default(),
        &mut Notes::new(),
    );
    assert_eq!(outcome, Recovered::Unknown(Fault::Unclear));
}

/// A sale with other figures than the printed one.
fn exact_twin() -> Job {
    let Job::Receipt(mut receipt) = exact_sale() else {
        unreachable!()
    };
    receipt.lines.truncate(1);
    receipt.total = Amount::from_minor(1_033);
    receipt.payments[0].amount = receipt.total;
    Job::Receipt(receipt)
}
