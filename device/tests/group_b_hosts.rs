//! Answers of groups A and B that only other drivers ask for, byte for byte as the makers' manuals write them.
#![cfg(feature = "emulator")]

mod bench;

use bench::host::Host;
use ferrotill_device::family::{datecs, datecs_b};
use ferrotill_device::wire::framing::{Answer, Request};
use ferrotill_device::wire::isl_status::Flag;

/// A printer of group B after a sale of 18.00 in group A with a discount, a sale of 15.00 by department 2 paid by card, a cancelled
/// receipt of 5.00, a refund of 9.00, 100.00 put in and 30.00 taken out.
fn day() -> Host {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    host.ok(0x46, "100.00");
    host.ok(0x46, "-30.00");
    host.ok(0x30, "1,1,1");
    host.ok(0x31, "Хлеб\tA10.00*2.000;-2.00");
    host.ok(0x35, "\tP20.00");
    host.ok(0x38, "");
    host.ok(0x30, "1,1,1,I");
    host.ok(0x31, "Lapte\t2\t7.00");
    host.ok(0x31, "Lapte\t2\t5.00*3");
    host.ok(0x31, "Lapte\t2\t-7.00");
    host.ok(0x35, "\tC15.00");
    host.ok(0x38, "");
    host.ok(0x30, "1,1,1");
    host.ok(0x31, "Lapte\tB5.00");
    host.ok(0x3C, "");
    host.ok(0x2E, "1,1,,1,0,3,2111260035,02700001");
    host.ok(0x31, "Lapte\t2\t9.00");
    host.ok(0x35, "\tP9.00");
    host.ok(0x38, "");
    host
}

#[test]
fn group_b_reports_the_counters_and_payments_of_its_day() {
    let mut host = day();
    assert_eq!(
        host.ok(0x41, "2"),
        "0002,+00000003300,+00000000000,0000,+00000000200,0001,+00000000700,0001,+00000000500,0001"
    );
    assert_eq!(
        host.ok(0x41, "3"),
        "+00000000000,+00000003300,+00000010000,0001,+00000003000,0001,+00000000000,0000,+00000000000,0000"
    );
    assert_eq!(
        host.ok(0x41, "4"),
        "+00000001800,+00000000000,+00000001500,+00000000000,+00000000000,+00000000000"
    );
    assert_eq!(
        host.ok(0x41, "7"),
        "+00000000900,+00000000000,+00000000000,+00000000000,+00000000000,+00000000000,+00000000000,+00000000900"
    );
    host.no(0x41, "8", Flag::Syntax);
}

#[test]
fn group_b_reports_the_refunds_of_its_last_z_report() {
    let mut host = day();
    assert_eq!(host.ok(0x40, "1"), "F");
    host.ok(0x45, "0");
    let rest = ",+00000000000".repeat(6);
    assert_eq!(
        host.ok(0x40, "0"),
        format!("P,0001,+00000001800,+00000001500{rest},211126")
    );
    assert_eq!(
        host.ok(0x40, "1"),
        format!("P,0001,+00000000000,+00000000900{rest},211126")
    );
}

#[test]
fn group_b_describes_its_terminal_its_modem_and_its_flash_memory() {
    let mut host = day();
    assert_eq!(
        host.ok(0x47, "6"),
        "P,1,0,21-11-26 00:35:30,6,0,0,0,0,0,0,0,0,0,21-11-26 00:35:30,0"
    );
    assert_eq!(host.ok(0x47, "7"), "P,1,284010000000001,1,EMULATOR,100");
    assert_eq!(host.ok(0x47, "8"), "P,EF4017,8388608,2048,4096");
    let before = host.printer.memory().last_document;
    for option in ["0", "1", "5"] {
        assert_eq!(host.ok(0x47, option), "P");
    }
    assert_eq!(host.printer.memory().last_document, before + 3);
    host.no(0x47, "9", Flag::Syntax);
}

#[test]
fn group_b_reports_what_its_departments_have_sold() {
    let mut host = day();
    // The last receipt is a refund because of an error.
    assert_eq!(
        host.ok(0x58, "2"),
        "PБ,0.000,0.00,3.000,15.00,DEPARTAMENT 2"
    );
    assert_eq!(
        host.ok(0x58, "2,2"),
        "PБ,1.000,9.00,1.000,9.00,DEPARTAMENT 2"
    );
    assert_eq!(
        host.ok(0x58, "2,1"),
        "PБ,0.000,0.00,0.000,0.00,DEPARTAMENT 2"
    );
    assert_eq!(host.ok(0x58, "10"), "P,0.000,0.00,2.000,18.00,");
    host.ok(0x30, "1,1,1");
    host.ok(0x31, "Lapte\t2\t5.00*1.500");
    assert_eq!(
        host.ok(0x58, "2"),
        "PБ,1.500,7.50,3.000,15.00,DEPARTAMENT 2"
    );
    assert_eq!(host.ok(0x58, "11"), "F");
    host.no(0x58, "1,4", Flag::Syntax);
}

#[test]
fn group_b_reads_a_document_as_text_and_as_rows_of_figures() {
    let mut host = day();
    assert_eq!(host.ok(0x7D, "0,3,0"), "P,3,21-11-26 00:35:30,1,1");
    assert!(host.ok(0x7D, "4").starts_with("P,1, "));
    assert_eq!(host.ok(0x7D, "2"), "F");
    let mut rows = |document: &str| {
        host.ok(0x7D, document);
        let mut rows = Vec::new();
        while let Some(row) = host.ok(0x7D, "5").strip_prefix("P,") {
            rows.push(row.to_owned());
        }
        assert_eq!(host.ok(0x7D, "5"), "F");
        rows
    };
    assert_eq!(
        rows("0,3,0"),
        ["3,1,3,,2", "4,1000,2000,2000,1,Хлеб", "5,-200,", "6,1800"]
    );
    // What was voided has no row.
    assert_eq!(
        rows("0,4,1"),
        ["3,7,4,,2", "4,500,3000,1500,2,Lapte", "6,1500"]
    );
    assert_eq!(
        rows("0,6,7"),
        ["3,8,6,,2", "4,900,1000,900,2,Lapte", "6,900", "7,3,0,"]
    );
    // A slip of cash has no figures.
    assert!(rows("0,1,0").is_empty());
}

/// Sends FFh; the bytes are no text.
fn article(host: &mut Host, data: &[u8]) -> Vec<u8> {
    let framing = host.printer.family().framing;
    let request = Request {
        seq: 0x20 + u8::try_from(host.printer.commands() % 60).unwrap(),
        command: 0xFF,
        data: data.to_vec(),
    };
    let answer = host.printer.answer(&request);
    Answer::parse(&framing, &answer).unwrap().data
}

#[test]
fn group_b_keeps_articles_with_barcodes() {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    let program = b"\x860;12;\xD5\xEB\xE5\xE1;1;5941123456789;9.50;1;2;3;0;";
    assert_eq!(article(&mut host, program), b"D");
    let kept = b"0;12;\xD5\xEB\xE5\xE1;1;5941123456789;9.50;1;2;3;0;";
    assert_eq!(article(&mut host, b"\x840;12;"), kept);
    assert_eq!(article(&mut host, b"\x890;1;"), kept);
    for (data, error) in [
        (&b"\xFD0;12;"[..], &b"E0001"[..]),
        (b"\x8421;1;", b"E0002"),
        (b"\x840;13;", b"E0003"),
        (b"\x890;13;", b"E0003"),
        (b"\x840;1234567890123456;", b"E0003"),
        (b"\x860;12;Name;1;;9.50;1;2;3;", b"E0004"),
        (b"\x860;12;Name;9;;9.50;1;2;3;0;", b"E0005"),
    ] {
        assert_eq!(article(&mut host, data), error, "{data:?}");
    }
}

#[test]
fn group_a_reports_the_taxes_and_the_time_of_its_last_z_report() {
    let mut host = Host::of(&datecs::PROTOCOL);
    assert_eq!(host.ok(0x40, "*"), "F");
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Paine\tA12.00");
    host.ok(0x35, "\tP12.00");
    host.ok(0x38, "");
    host.ok(0x45, "0");
    let rest = ",+00000000000".repeat(7);
    let sales = format!("P,0001,+00000001200{rest},211126");
    let taxes = format!("P,0001,+00000000200{rest},211126");
    assert_eq!(host.ok(0x40, ""), sales);
    assert_eq!(host.ok(0x40, "0"), sales);
    assert_eq!(host.ok(0x40, "1"), taxes);
    assert_eq!(host.ok(0x40, "*"), format!("{sales}003530"));
    assert_eq!(host.ok(0x40, "*0"), format!("{sales}003530"));
    assert_eq!(host.ok(0x40, "*1"), format!("{taxes}003530"));
}
