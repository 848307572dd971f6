//! Tremol: what the maker's protocol (version 1910211454) answers to other drivers, byte for byte. The frames are made here and not by
//! our codecs.
#![cfg(feature = "emulator")]

mod bench;

use bench::host::{clock, memory};
use ferrotill_device::emulator::{IslEmulator, Printer};
use ferrotill_device::family::tremol::{KL_V2, PROTOCOL};
use ferrotill_device::port::loopback::Peer;
use ferrotill_device::wire::codepage;
use ferrotill_device::wire::framing::Request;

const NAME: &str = "Bread                               ";

/// LEN and NBL are 20h at least; CS is the exclusive or as two bytes.
fn message(nbl: u8, command: u8, data: &[u8]) -> Vec<u8> {
    let mut inner = vec![0x23 + u8::try_from(data.len()).unwrap(), nbl, command];
    inner.extend(data);
    closed(0x02, &inner)
}

fn closed(begin: u8, inner: &[u8]) -> Vec<u8> {
    let sum = inner.iter().fold(0, |sum, byte| sum ^ byte);
    let mut frame = vec![begin];
    frame.extend(inner);
    frame.extend([0x30 | (sum >> 4), 0x30 | (sum & 0x0F), 0x0A]);
    frame
}

struct Other {
    printer: Printer,
    nbl: u8,
}

impl Other {
    fn of(firmware: &str) -> Self {
        let printer = Printer::new(memory(), clock()).of_family(&PROTOCOL);
        Self {
            printer: printer.with_firmware(firmware),
            nbl: 0x20,
        }
    }

    fn new() -> Self {
        Self::of("zfp-2019")
    }

    fn answer(&mut self, command: u8, data: &[u8]) -> Vec<u8> {
        self.nbl = if self.nbl == 0x9F { 0x20 } else { self.nbl + 1 };
        let frame = message(self.nbl, command, data);
        let heard = Request::parse(&PROTOCOL.framing, &frame).unwrap();
        self.printer.answer(&heard)
    }

    /// The command is acknowledged with these digits.
    fn digits(&mut self, command: u8, data: &str, digits: &str) {
        let answer = self.answer(command, &codepage::encode(data));
        let [device, of_command] = digits.as_bytes() else {
            panic!("{digits}")
        };
        let expected = closed(0x06, &[self.nbl, *device, *of_command]);
        assert_eq!(answer, expected, "{command:02X} {data}");
    }

    fn ok(&mut self, command: u8, data: &str) {
        self.digits(command, data, "00");
    }

    /// The question has exactly this answer.
    fn says(&mut self, command: u8, data: &str, expected: &str) {
        let answer = self.answer(command, &codepage::encode(data));
        let expected = message(self.nbl, command, &codepage::encode(expected));
        let text = codepage::decode(&answer);
        assert_eq!(answer, expected, "{command:02X} {data}: {text}");
    }

    /// The status has exactly these bytes.
    fn status(&mut self, expected: [u8; 7]) {
        let answer = self.answer(0x20, b"");
        assert_eq!(answer, message(self.nbl, 0x20, &expected), "{answer:02X?}");
    }

    fn sell(&mut self, price: &str) {
        self.ok(0x31, &format!("{NAME};А;{price}"));
    }

    fn pay_and_close(&mut self) {
        self.ok(0x35, "0;0;\"");
        self.ok(0x38, "");
    }
}

/// The buyer of an invoice, with the widths of the protocol.
fn buyer() -> String {
    let (name, person, number, address) = ("Hotel", "Ivan", "131123456", "Sofia");
    format!("{name:<26};{person:<16};BG{number:<11};{number:<13};{address:<30};0")
}

#[test]
fn the_status_names_every_property_of_the_open_receipt() {
    let mut other = Other::new();
    other.status([0x80, 0x80, 0x80, 0xF0, 0x80, 0x80, 0x80]);
    for (choice, bits) in [
        ("0;0;0", 0x82),
        ("1;0;0", 0x86),
        ("0;1;0", 0x8A),
        ("1;1;4", 0x8E),
    ] {
        other.ok(0x30, &format!("1;0000;{choice}"));
        let day = if choice == "0;0;0" { 0x80 } else { 0x88 };
        other.status([0x80, day, bits, 0xF0, 0x80, 0x80, 0x80]);
        other.ok(0x39, "");
    }
    other.ok(0x30, &format!("1;0000;0;0;1;{}", buyer()));
    other.status([0x80, 0x88, 0x92, 0xF0, 0x80, 0x80, 0x80]);
    other.printer.set_power(false);
    other.printer.set_power(true);
    other.status([0x82, 0x88, 0x92, 0xF0, 0x80, 0x80, 0x80]);
    other.ok(0x39, "");
    other.ok(0x2E, "1;0000;0;0");
    other.status([0x80, 0x88, 0x81, 0xF0, 0x80, 0x80, 0x80]);
    other.ok(0x2F, "");
    other.ok(0x7C, "Z");
    other.status([0x80, 0x80, 0x80, 0xF0, 0x80, 0x80, 0x80]);
}

#[test]
fn the_status_shows_a_printed_copy_until_the_next_receipt() {
    let mut other = Other::new();
    for status in [0x88, 0xC8] {
        if status == 0xC8 {
            other.ok(0x3A, "");
        } else {
            other.ok(0x30, "1;0000;1;1;0");
            other.sell("1.00");
            other.pay_and_close();
        }
        other.status([0x80, status, 0x80, 0xF0, 0x80, 0x80, 0x80]);
    }
    other.digits(0x3A, "", "02");
    other.ok(0x30, "1;0000;1;1;0");
    other.sell("1.00");
    other.pay_and_close();
    other.status([0x80, 0x88, 0x80, 0xF0, 0x80, 0x80, 0x80]);
}

#[test]
fn an_open_receipt_reports_its_form_and_its_kind() {
    let mut other = Other::new();
    let original = "1;1;28-11-26 16:31:07;02700001";
    let free = buyer();
    let credit = format!("A;{free};1;0000000001;28-11-26 16:31:07;1;02700001");
    for (choice, flags, kind) in [
        ("1;1;0".to_owned(), "1;1", '0'),
        ("1;0;2".to_owned(), "0;1", '2'),
        ("0;1;8".to_owned(), "1;0", '2'),
        (format!("0;0;1;{free}"), "0;0", '1'),
        (format!("0;0;3;{free}"), "0;0", '3'),
        (format!("1;1;@;{original}"), "1;1", '4'),
        (format!("1;1;B;{original}"), "1;1", '6'),
        (format!("0;0;{credit}"), "0;0", '5'),
        (format!("0;0;{}", credit.replacen('A', "C", 1)), "0;0", '7'),
    ] {
        other.ok(0x30, &format!("1;0000;{choice}"));
        let number = other.printer.memory().last_document + 1;
        other.says(
            0x72,
            "",
            &format!("1;000;0.00;0.00;0.00;0;{flags};0;0;0;{kind};0.00;0;0.00;0.00;0.00;0.00;0.00;{number:06}"),
        );
        other.ok(0x39, "");
    }
    // A buyer's code has four kinds, and a credit note its whole original.
    let buyer_of = |kind| format!("1;0000;0;0;1;{}{kind}", &free[..free.len() - 1]);
    other.digits(0x30, &buyer_of('4'), "04");
    other.digits(0x30, &format!("1;0000;0;0;A;{free};1;0000000001"), "04");
}

#[test]
fn the_kind_of_the_last_document_names_invoices_and_credit_notes() {
    let mut other = Other::new();
    let original = "1;0000000001;28-11-26 16:31:07;1;02700001";
    for (number, (choice, kind)) in [
        ("1;1;0".to_owned(), '0'),
        (format!("0;0;1;{}", buyer()), '1'),
        ("1;1;@;1;1;28-11-26 16:31:07;02700001".to_owned(), '4'),
        (format!("0;0;A;{};{original}", buyer()), '5'),
    ]
    .into_iter()
    .enumerate()
    {
        other.ok(0x30, &format!("1;0000;{choice}"));
        other.sell("1.00");
        other.pay_and_close();
        let number = number + 1;
        other.says(
            0x73,
            "",
            &format!("01-01-1970;0;0;{number:06};21-11-2026 00:35;1;{kind}"),
        );
    }
    other.ok(0x2E, "1;0000");
    other.ok(0x2F, "");
    other.says(0x73, "", "01-01-1970;0;0;000005;21-11-2026 00:35;1;2");
}

#[test]
fn an_unpaid_receipt_has_no_payments_and_a_closed_one_keeps_them() {
    let mut other = Other::new();
    let zeros = ";0.00".repeat(11);
    other.ok(0x30, "1;0000;1;1;0");
    other.sell("3.00");
    other.ok(0x36, "");
    other.says(0x72, "P", &format!("P;0;3.00{zeros}"));
    other.ok(0x30, "1;0000;1;1;0");
    other.says(0x72, "P", &format!("P;1;0.00{zeros}"));
    other.sell("4.00");
    other.ok(0x35, "0;0;5.00");
    other.says(0x72, "P", &format!("P;1;5.00{zeros}"));
    other.ok(0x38, "");
    other.says(0x72, "P", &format!("P;0;5.00{zeros}"));
}

#[test]
fn the_code_of_every_receipt_can_be_asked_for() {
    let mut other = Other::new();
    for price in ["1.00", "2.00"] {
        other.ok(0x30, "1;0000;1;1;0");
        other.sell(price);
        other.pay_and_close();
    }
    let code = |number, sum| format!("02700001*{number:07}*2026-11-21*00:35:30*{sum}");
    other.says(0x72, "b;000001", &code(1, "1.00"));
    other.says(0x72, "b;000002", &code(2, "2.00"));
    other.says(0x72, "B", &code(2, "2.00"));
    other.digits(0x72, "b;000003", "02");
}

#[test]
fn departments_are_sold_counted_printed_and_cleared() {
    let mut other = Other::new();
    other.ok(0x30, "1;0000;1;1;0");
    // Department 1 is 81h, which is `Ѓ` in Windows-1251; department 2 is `‚`.
    other.ok(0x31, &format!("{NAME}; ;2.50*2.000,0.0:0.0!Ѓ"));
    other.ok(0x31, &format!("{NAME};А;1.00!‚"));
    other.ok(0x34, &format!("{NAME};Ѓ;4.00"));
    other.ok(0x34, &format!("{NAME};Ѓ;1.00!Б"));
    other.ok(0x31, &format!("{NAME};А;8.00"));
    other.digits(0x31, &format!("{NAME}; ;2.50"), "04");
    other.digits(0x31, &format!("{NAME};А;2.50!1"), "04");
    other.digits(0x31, &format!("{NAME}; ;2.50!Б"), "04");
    other.says(
        0x72,
        "",
        "1;005;18.00;1.00;0.00;0;1;1;0;0;0;0;0.00;0;0.00;0.00;0.00;0.00;0.00;000001",
    );
    other.pay_and_close();
    let never = "0;00-00-0000 00:00";
    other.says(
        0x67,
        "01",
        &format!("01;Department 01       ;А;10.00;4.000;{never}"),
    );
    other.says(
        0x67,
        "02;\"",
        &format!("02;\";Department 02                     ;Б;0.00;1;1.00;1.000;0.00;0.000;{never}"),
    );
    other.ok(0x76, "X");
    other.ok(0x76, "Z");
    other.says(
        0x67,
        "01",
        "01;Department 01       ;А;0.00;0.000;1;21-11-2026 00:35",
    );
    other.says(
        0x67,
        "09",
        "09;Department 09       ;*;0.00;0.000;1;21-11-2026 00:35",
    );
    other.digits(0x67, "20", "04");
}

#[test]
fn a_correction_with_a_discount_takes_back_the_whole_line() {
    let mut other = Other::new();
    other.ok(0x30, "1;0000;1;1;0");
    for change in [":-1.00", ",-10.00", ":1.00"] {
        let line = |price| format!("{NAME};А;{price}*1.000{change}");
        other.ok(0x31, &line("10.00"));
        other.ok(0x31, &line("-10.00"));
        other.says(0x33, "0;0", "0.00");
        other.digits(0x31, &line("-10.00"), "07");
    }
}

#[test]
fn a_discount_is_of_the_subtotal_or_of_the_last_sale() {
    let mut other = Other::new();
    other.digits(0x3E, "0;0,-10.00", "02");
    other.ok(0x30, "1;0000;1;1;0");
    other.digits(0x3E, "0;0,-10.00", "07");
    other.sell("10.00");
    other.sell("20.00");
    other.ok(0x3E, "0;0,-10.00");
    other.says(0x33, "0;0", "28.00");
    other.ok(0x3E, "1;0:-8.00");
    other.says(0x33, "0;0", "20.00");
    other.digits(0x3E, "2;0:-8.00", "04");
    other.digits(0x3E, "0;0", "04");
}

#[test]
fn operators_have_names_passwords_and_reports() {
    let mut other = Other::new();
    other.says(0x6A, "1", "1;                    ;0000  ");
    other.ok(0x4A, "2;Иван                ;1234  ");
    other.says(0x6A, "2", "2;Иван                ;1234  ");
    other.digits(0x4A, "21;Иван;1234", "04");
    other.digits(0x30, "2;0000;1;1;0", "92");
    other.ok(0x30, "2;1234;1;1;0");
    other.ok(0x39, "");
    other.ok(0x30, "1;0000;1;1;0");
    other.ok(0x31, &format!("{NAME};А;10.00*1.000,-10.00"));
    other.ok(0x35, "0;0;10.00");
    other.ok(0x38, "");
    other.ok(0x3B, "1;0000;0;5.00");
    let zeros = ";0.00".repeat(11);
    other.says(0x6F, "1;1", "1;1;1;1;1.00;0;0.00;0;0.00");
    other.says(0x6F, "2;1", &format!("2;1;5.00{zeros};1"));
    other.says(0x6F, "3;1", &format!("3;1;0.00{zeros};0"));
    other.says(0x6F, "4;1", &format!("4;1;10.00{zeros}"));
    other.says(0x6F, "5;1", "5;1;0;00-00-0000 00:00");
    other.says(0x6F, "6;1", &format!("6;1;1.00{zeros}"));
    other.says(0x6F, "1;2", "1;2;0;0;0.00;0;0.00;0;0.00");
    other.says(0x6F, "4;2", &format!("4;2;0.00{zeros}"));
}

#[test]
fn an_older_machine_names_itself_and_has_five_payment_types() {
    let mut other = Other::of(KL_V2);
    let version = "2;014;01-03-2019 10:00;TREMOL FP01-KL V2;Ver. 1.00 TRA20 C.S. 2EB3";
    other.says(0x21, "", version);
    other.says(0x6F, "2;1", "2;1;0.00;0.00;0.00;0.00;0.00;;0");
    other.says(0x6F, "4;1", "4;1;0.00;0.00;0.00;0.00;0.00");
    other.says(0x6F, "6;1", "6;1;0.00;0.00;0.00;0.00;0.00;");
    let version = "2;014;01-03-2019 10:00;TREMOL FP15;Ver. 1.00 TRA20 C.S. 2EB3";
    Other::new().says(0x21, "", version);
}

#[test]
fn invoice_numbers_and_sent_receipts_are_reported() {
    let mut other = Other::new();
    other.says(0x70, "", "0000000001;0000001000");
    other.ok(0x50, "0000000501;0000000600");
    other.says(0x70, "", "0000000501;0000000600");
    let none = "0;00-00-0000 00:00";
    other.says(0x4E, "R;R;R", &format!("{none};{none};"));
    other.ok(0x30, "1;0000;1;1;0");
    other.digits(0x4E, "R;R;R", "42");
    other.sell("1.00");
    other.pay_and_close();
    other.says(0x4E, "R;R;R", &format!("1;21-11-2026 00:35;{none};"));
    other.digits(0x4E, "", "04");
}

#[test]
fn the_journal_is_sent_line_by_line_and_printed() {
    let mut other = Other::new();
    other.ok(0x3B, "1;0000;0;5.00");
    other.ok(0x30, "1;0000;1;1;0");
    other.sell("1.00");
    other.pay_and_close();
    for question in [
        "J0;N;000001;000001",
        "J8;D;211126;211126",
        "J0;Z;0001;0001",
        "J0;*",
    ] {
        let answer = other.answer(0x7C, question.as_bytes());
        let mut expected = closed(0x06, &[other.nbl, 0x30, 0x30]);
        let documents = if question == "J0;N;000001;000001" {
            1
        } else {
            2
        };
        for document in other.printer.documents_after(0).take(documents) {
            for line in &document.lines {
                expected.extend(message(other.nbl, 0x7C, &codepage::encode(line)));
            }
        }
        expected.extend(message(other.nbl, 0x7C, b"@"));
        assert_eq!(
            answer,
            expected,
            "{question}: {}",
            codepage::decode(&answer)
        );
    }
    let papers = |other: &Other| other.printer.paper_text().matches("SUME INTRATE").count();
    assert_eq!(papers(&other), 1);
    other.ok(0x7C, "J1;N;000001;000002");
    assert_eq!(papers(&other), 2);
    // Bit 0 of the receipts is a sale, bit 4 cash that is put in.
    other.ok(0x7C, "j1;X;A;@;N;000001;000002");
    assert_eq!(papers(&other), 2);
    other.ok(0x7C, "j1;X;P;@;N;000001;000002");
    assert_eq!(papers(&other), 3);
    other.ok(0x30, "1;0000;1;1;0");
    other.digits(0x7C, "J0;*", "42");
}

#[test]
fn an_electronic_receipt_is_in_the_journal_and_not_on_paper() {
    let mut other = Other::new();
    other.ok(0x30, "1;0000;1;1;8$ZK123456-0001-0000015");
    other.sell("1.00");
    other.pay_and_close();
    assert_eq!(other.printer.paper_text(), "");
    assert_eq!(other.printer.receipts().len(), 1);
    assert_eq!(other.printer.documents_after(0).count(), 1);
    other.says(0x71, "", "000001");
}

#[test]
fn two_bytes_ask_for_information_and_for_the_model() {
    let ask = |firmware: &str, bytes: &[u8]| {
        let printer = Printer::new(memory(), clock()).of_family(&PROTOCOL);
        let mut line = IslEmulator::new(printer.with_firmware(firmware), None);
        line.handle_bytes(bytes, 0);
        line.poll_transmit(0)
            .map(|answer| String::from_utf8(answer).unwrap())
    };
    let new = "I32;99999;19;20;8;07;12;10;00;200;1000\n";
    let old = "I32;99999;19;20;8;07;05;10;00;200;1000\n";
    assert_eq!(ask("zfp-2019", &[0x1D, 0x49]).as_deref(), Some(new));
    assert_eq!(ask(KL_V2, &[0x1D, 0x49]).as_deref(), Some(old));
    let model =
        "MBG;1251;2;014;01-03-2019;RS232,USB;USB;;E;0;1;FAT;0;1;32;30;36;34;20;20;1;99999;7;7;1\n";
    assert_eq!(ask("zfp-2019", &[0x1D, 0x4D]).as_deref(), Some(model));
    // 1Dh alone, and 1Dh in front of something else, is noise.
    assert_eq!(ask("zfp-2019", &[0x1D]), None);
    assert_eq!(ask("zfp-2019", &[0x1D, 0x04]).as_deref(), Some("\u{4}"));
    assert_eq!(ask("zfp-2019", &[0x1D, 0x1D, 0x49]).as_deref(), Some(new));
}
