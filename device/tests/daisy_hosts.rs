//! Answers of Daisy that only other drivers ask for, byte for byte as the maker's manuals write them.
#![cfg(feature = "emulator")]

mod bench;

use bench::host::{Host, clock, memory};
use ferrotill_device::emulator::{IslEmulator, Printer};
use ferrotill_device::family::daisy;
use ferrotill_device::port::loopback::Peer as _;
use ferrotill_device::wire::framing::Request;
use ferrotill_device::wire::isl_status::Flag;

const SALE: &str = "1,1,DY000600-OP01-0000001";

fn of_firmware(name: &str) -> Host {
    let printer = Printer::new(memory(), clock()).of_family(&daisy::PROTOCOL);
    Host::with(printer.with_firmware(name))
}

/// A sale of 19.00 of group А by card; a refund of 5.00 because of an error.
fn day() -> Host {
    let mut host = Host::of(&daisy::PROTOCOL);
    host.ok(0x30, SALE);
    host.ok(0x31, "Paine\tА10.00*2$-1.00");
    host.ok(0x35, "\tC19.00");
    host.ok(0x38, "");
    host.ok(
        0x30,
        "20,9999,DY000600-OP20-0000002\tR1,1,21-11-26 00:35:30\t02700001",
    );
    host.ok(0x31, "Paine\tА5.00");
    host.ok(0x35, "\tP5.00");
    host.ok(0x38, "");
    host
}

#[test]
fn a_void_takes_back_the_last_sale_with_its_discount_whatever_it_names_itself() {
    for void in [
        "Paine\tА-10.00*2.000",
        "Paine\tА-10.00*2.000$-20.00",
        "Paine\tА-10.00*2.000,-10.00",
    ] {
        let mut host = Host::of(&daisy::PROTOCOL);
        host.ok(0x30, SALE);
        host.ok(0x31, "Paine\tА10.00*2.000$-3.50");
        host.ok(0x31, "Lapte\tБ1.00");
        host.ok(0x31, void);
        let sums = host.ok(0x33, "00");
        assert!(
            sums.starts_with("0000000100,0000000000,0000000100,"),
            "{sums}"
        );
        // Each sale is voided once.
        host.no(0x31, void, Flag::NotAllowed);
    }
    // Price, quantity and group must be those of a sale.
    let mut host = Host::of(&daisy::PROTOCOL);
    host.ok(0x30, SALE);
    host.ok(0x31, "Paine\tА10.00*2.000$-3.50");
    for other in [
        "Paine\tБ-10.00*2.000",
        "Paine\tА-10.00",
        "Paine\tА-8.25*2.000",
    ] {
        host.no(0x31, other, Flag::NotAllowed);
    }
}

#[test]
fn a_slip_answers_the_number_of_receipts_in_six_digits() {
    let mut host = day();
    assert_eq!(host.ok(0x26, ""), "000003");
    assert_eq!(host.ok(0x27, ""), "000003");
}

#[test]
fn a_refund_has_its_reason_in_its_code() {
    let mut host = day();
    assert_eq!(
        host.ok(0x74, ""),
        "PF,2,02700001*000002*2026-11-21*00:35:30*5.00"
    );
}

#[test]
fn departments_are_reported_and_programmed() {
    let mut host = Host::of(&daisy::PROTOCOL);
    host.ok(0x30, SALE);
    host.ok(0x8A, "2@5.00*3$-1.00");
    host.ok(0x8A, "2@2.00");
    host.ok(0x8A, "-2@2.00");
    host.ok(0x35, "\t");
    host.ok(0x38, "");
    assert_eq!(
        host.ok(0x83, "R2"),
        "P,2,DEPARTAMENT 2\nБ,0.00,3.000,14.00,3.000,14.00,8,1"
    );
    assert_eq!(host.ok(0x83, "R9"), "F");
    assert_eq!(host.ok(0x83, "P9,Хляб\nА,0,4"), "P");
    assert_eq!(
        host.ok(0x83, "R9"),
        "P,9,Хляб\nА,0.00,0.000,0.00,0.000,0.00,4,1"
    );
    // A department that has sold stays until the Z-report.
    assert_eq!(host.ok(0x83, "P2,Хляб\nА,0,4"), "F");
    host.ok(0x45, "0");
    assert_eq!(host.ok(0x83, "P2,Хляб\nА,0"), "P");
    host.ok(0x30, "1,1,DY000600-OP01-0000002");
    // Without a number of digits a department sells nothing.
    host.no(0x8A, "2@5.00", Flag::NotAllowed);
    host.ok(0x8A, "9@5.00");
    assert!(host.ok(0x33, "00").starts_with("0000000500,0000000500,"));
    let mut old = of_firmware("daisy-1.0");
    assert_eq!(
        old.ok(0x83, "R1"),
        "P,1,DEPARTAMENT 1\nА,0.00,0.000,0.00,0.000,0.00,8"
    );
}

#[test]
fn payments_are_numbered_from_0_since_the_second_edition() {
    let mut host = Host::of(&daisy::PROTOCOL);
    assert_eq!(host.ok(0x97, "R0"), "0,В БРОЙ\t1.00000,0");
    assert_eq!(host.ok(0x97, "R2"), "2,КАРТА\t1.00000,7");
    assert_eq!(host.ok(0x97, "P3,Талон\t1.00000,2"), "");
    assert_eq!(host.ok(0x97, "R3"), "3,Талон\t1.00000,2");
    host.no(0x97, "P0,Пари\t1.00000,0", Flag::NotAllowed);
    host.no(0x97, "R5", Flag::NotAllowed);
    assert_eq!(host.ok(0x80, "").split(',').nth(2), Some("5"));
    let mut old = of_firmware("daisy-1.0");
    old.no(0x97, "R0", Flag::NotAllowed);
    assert_eq!(old.ok(0x97, "R1"), "1,С ЧЕК\t1.00000,1");
    assert_eq!(old.ok(0x80, "").split(',').nth(2), Some("4"));
}

#[test]
fn operators_have_names_and_rights() {
    let mut host = Host::of(&daisy::PROTOCOL);
    let refund = "2,1,DY000600-OP02-0000003\tR0,1,21-11-26 00:35:30\t02700001";
    host.no(0x30, refund, Flag::NotAllowed);
    host.no(0x66, "2,7,Иван", Flag::NotAllowed);
    assert!(host.has(Flag::Fiscalised));
    assert_eq!(host.ok(0x66, "2,1,Иван\t1"), "");
    assert_eq!(
        host.ok(0x70, "2"),
        "0,0;0.00,0;0.00,0;0.00,0;0.00,Иван\t1,0,0,0;0.00,0;0.00,0;0.00"
    );
    host.ok(0x30, refund);
    host.ok(0x82, "");
    host.no(0x30, &refund.replace("R0", "R1"), Flag::NotAllowed);
    let mut host = day();
    assert_eq!(
        host.ok(0x70, "1"),
        "1,1;19.00,1;1.00,0;0.00,0;0.00,\t0,0,0,0;0.00,0;0.00,0;0.00"
    );
    assert_eq!(
        host.ok(0x70, "20"),
        "1,0;0.00,0;0.00,0;0.00,0;0.00,\t1,1,1,0;0.00,1;5.00,0;0.00"
    );
    // After his first document an operator keeps his name until the Z-report.
    host.no(0x66, "1,1,Мария", Flag::NotAllowed);
    host.ok(0x45, "0");
    host.ok(0x66, "1,1,Мария");
    host.no(0x70, "21", Flag::NotAllowed);
}

#[test]
fn the_modem_and_the_journal_are_reported() {
    let mut host = day();
    assert_eq!(
        host.ok(0xC2, "T"),
        "0,100,1,284010000000001,89359010000000000001,350000000000001"
    );
    assert_eq!(host.ok(0xC2, "W"), "0");
    assert_eq!(host.ok(0xC2, "I"), "284010000000001,359880000001,0");
    assert_eq!(host.ok(0xC2, "C1234"), "");
    let lines: usize = host
        .printer
        .documents_after(0)
        .map(|document| document.lines.len())
        .sum();
    assert_eq!(host.ok(0x45, "5"), format!("{},3000000", 3_000_000 - lines));
    let copies = |host: &Host| host.printer.paper_text().matches("Paine").count();
    assert_eq!(copies(&host), 2);
    assert_eq!(host.ok(0xC3, "R1,2,2"), "");
    assert_eq!(copies(&host), 3);
    assert_eq!(host.ok(0xC3, "R23,211126,211126"), "");
    assert_eq!(copies(&host), 5);
    assert_eq!(host.ok(0xC3, "R12,1,1"), "");
    assert_eq!(host.ok(0xC3, "S"), "");
    assert_eq!(copies(&host), 5);
    host.no(0xC3, "R31,1,1", Flag::Syntax);
}

#[test]
fn the_fiscal_memory_is_read_by_number_and_by_date() {
    let mut host = day();
    assert_eq!(host.ok(0x72, "1,0"), "E");
    host.ok(0x45, "0");
    host.ok(0x45, "0");
    let sums = |sales: &str, refunds: &str| {
        let rest = ",0.00".repeat(7);
        format!("P,{sales}{rest},{refunds}{rest}")
    };
    for (command, first) in [(0x72, "1"), (0x92, "211126")] {
        assert_eq!(
            host.ok(command, &format!("{first},0")),
            sums("19.00", "5.00")
        );
        assert_eq!(
            host.ok(command, &format!("{first},1")),
            sums("15.83", "4.17")
        );
        assert_eq!(
            host.ok(command, &format!("{first},2")),
            sums("3.17", "0.83")
        );
        assert_eq!(
            host.ok(command, &format!("{first},3")),
            "P,20.00,8.00,-1.00,-1.00,-1.00,-1.00,-1.00,-1.00"
        );
    }
    assert_eq!(host.ok(0x72, "2,0"), sums("0.00", "0.00"));
    assert_eq!(host.ok(0x72, "1,4,2"), sums("19.00", "5.00"));
    assert_eq!(host.ok(0x92, "211126,6,211126"), sums("3.17", "0.83"));
    assert_eq!(host.ok(0x92, "201126,0"), "E");
    host.no(0x72, "1,0,2", Flag::Syntax);
    let before = host.printer.memory().last_document;
    assert_eq!(
        host.ok(0x32, "211126"),
        "P,20.00,8.00,-1.00,-1.00,-1.00,-1.00,-1.00,-1.00,010126"
    );
    assert_eq!(host.printer.memory().last_document, before + 1);
}

#[test]
fn each_edition_reports_its_firmware_in_its_own_form() {
    assert_eq!(
        of_firmware("daisy-1.8").ok(0x5A, "1"),
        "4.01BG 01-12-2022 10:30,FFFF,0000,6,DT700001,02700001"
    );
    assert_eq!(
        of_firmware("daisy-1.0").ok(0x5A, "1"),
        "4.01 011222 1030,FFFF,0000,6,DT700001,02700001"
    );
}

/// An emulated printer on a line without delay.
struct Line(IslEmulator);

impl Line {
    fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.handle_bytes(bytes, 0);
        self.0.poll_transmit(0).unwrap_or_default()
    }

    fn command(&mut self, seq: u8, command: u8, data: &[u8]) -> Vec<u8> {
        let data = data.to_vec();
        let request = Request { seq, command, data };
        self.send(&request.emit(&daisy::PROTOCOL.framing).unwrap())
    }

    /// Sends a command, confirms every line with this byte, and returns the lines and the answer behind them.
    fn lines_of(&mut self, seq: u8, command: u8, data: &[u8], confirmation: u8) -> Vec<Vec<u8>> {
        let mut lines = vec![self.command(seq, command, data)];
        while lines.last().is_some_and(|line| line.first() == Some(&0x1A)) {
            lines.push(self.send(&[confirmation]));
        }
        lines
    }
}

#[test]
fn a_report_is_sent_line_by_line_after_99h() {
    let mut host = day();
    host.ok(0x45, "0");
    let before = host.printer.memory().clone();
    let mut line = Line(IslEmulator::new(host.printer, None));
    assert_eq!(line.command(0x70, 0x99, b"")[..4], [0x01, 0x2B, 0x70, 0x99]);
    let mut lines = line.lines_of(0x71, 0x49, b"1,1", 0x1A);
    let answer = lines.pop().unwrap();
    assert_eq!(answer[..4], [0x01, 0x2B, 0x71, 0x49]);
    let end = lines.pop().unwrap();
    assert_eq!(end, b"\x1A\tE\r\n");
    let texts = [
        "          RAPORT MEMORIE FISCALA",
        "Z 0001                          ",
    ];
    for ((number, line), text) in (1..).zip(&lines).zip(texts) {
        let expected = format!("\x1A{number:06}\tN\t{text}\r\n");
        assert_eq!(line, expected.as_bytes());
    }
    assert_eq!(lines.len(), 3);
    // Nothing was printed, and the next report is printed again.
    assert_eq!(line.0.printer().memory(), &before);
    let _ = line.command(0x72, 0x49, b"1,1");
    let printed = line.0.printer().memory().last_document;
    assert_eq!(printed, before.last_document + 1);
}

#[test]
fn the_journal_is_sent_line_by_line() {
    let mut line = Line(IslEmulator::new(day().printer, None));
    let mut lines = line.lines_of(0x70, 0xC3, b"R1,2,2,1", 0x11);
    assert_eq!(lines.pop().unwrap()[..4], [0x01, 0x2B, 0x70, 0xC3]);
    assert_eq!(lines.pop().unwrap(), b"\x1AE\r\n");
    assert_eq!(lines[0], b"\x1AD\t000002 21.11.2026 00:35:30\r\n");
    assert!(lines[1..].iter().all(|line| {
        line.starts_with(b"\x1AT\tN B ") && line.ends_with(b"\r\n") && line.len() == 9 + 32
    }));
    let expected = "Paine".as_bytes();
    let named = lines
        .iter()
        .filter(|line| line.windows(5).any(|word| word == expected));
    assert_eq!(named.count(), 1);
    // A host that sends another command gets no more lines.
    let _ = line.command(0x71, 0xC3, b"R1,1,1,1");
    assert_eq!(line.command(0x72, 0x71, b"")[3], 0x71);
    assert!(line.send(&[0x11]).is_empty());
}
