//! Commands and forms of other drivers and of the makers' own programs, which the emulated printers know.
#![cfg(feature = "emulator")]

mod bench;

use bench::host::{Host, clock, memory};
use ferrotill_device::emulator::{IslEmulator, Printer};
use ferrotill_device::family::{Protocol, datecs, datecs_b, datecs_x, eltrade};
use ferrotill_device::port::loopback::Peer as _;
use ferrotill_device::wire::framing::{NAK, SYN};
use ferrotill_device::wire::isl_status::Flag;

/// Sends a command of X in which `|` is written for each TAB; returns the answer in the same form.
fn x(host: &mut Host, command: u8, parameters: &str) -> String {
    let answer = host.text(command, &parameters.replace('|', "\t"));
    answer.replace('\t', "|")
}

/// A printer that has issued a sale of 18.00 with a discount, a cancelled receipt and a cash slip.
fn after_a_sale(family: &'static Protocol) -> Host {
    let mut host = Host::of(family);
    host.ok(0x46, "100.00");
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Хлеб\tA10.00*2.000;-2.00");
    host.ok(0x35, "\tP20.00");
    host.ok(0x38, "");
    host.ok(0x30, "1,0000,1");
    host.ok(0x31, "Lapte\tB5.00");
    host.ok(0x3C, "");
    host
}

#[test]
fn a_unit_may_be_cyrillic() {
    for family in [&datecs::PROTOCOL, &datecs_b::PROTOCOL] {
        let mut host = Host::of(family);
        host.ok(
            0x30,
            if family.name == "datecs" {
                "1,0000,1"
            } else {
                "1,1,1"
            },
        );
        host.ok(0x31, "С мярка\tA1.00*2.000#кг");
        host.ok(0x31, "С мярка\tA1.00*2.000#кг,-10.00");
        assert_eq!(host.ok(0x33, "00").split(',').next(), Some("380"));
        host.no(0x31, "С мярка\tA1.00*2.000#килограмм", Flag::Syntax);
    }
}

#[test]
fn the_buyer_of_group_b_has_seven_fields_and_an_answer() {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    host.ok(0x30, "1,1,1,I");
    host.ok(0x31, "Paine\tA10.00");
    let buyer = "100360001\t0\tSeller\tReceiver\tClient\tBG100360001\tAddress";
    assert_eq!(host.text(0x39, buyer), "F");
    host.ok(0x35, "\tP10.00");
    assert_eq!(host.text(0x39, buyer), "P");
    host.ok(0x38, "");
    let mut host = Host::of(&datecs::PROTOCOL);
    host.ok(0x30, "1,0000,1,I");
    host.ok(0x31, "Paine\tA10.00");
    host.ok(0x35, "\tP10.00");
    host.ok(0x39, "*100360001\tA\tB\tC\tD\tE\tAccountant");
    host.no(0x39, "100360001\tA\tB\tC\tD\tE\tF\tG", Flag::Syntax);
}

#[test]
fn reports_of_a_month_and_of_a_year() {
    for family in [&datecs::PROTOCOL, &eltrade::PROTOCOL] {
        let mut host = Host::of(family);
        host.ok(0x45, "0");
        for (command, data) in [
            (0x4F, "1126"),
            (0x4F, "26"),
            (0x5E, "#*1126"),
            (0x5E, "0226"),
        ] {
            host.ok(command, data);
        }
        let paper = host.printer.paper_text();
        assert_eq!(paper.matches("\nZ 0001").count(), 3, "{paper}");
        host.no(0x4F, "1326", Flag::Syntax);
    }
}

#[test]
fn eltrade_opens_with_a_name_alone_and_with_an_empty_field() {
    for (data, invoice) in [
        ("Ivan", false),
        ("Оператор: 1,ED000001-0001-0000001,", false),
        ("Оператор: 1,ED000001-0001-0000001,,I", true),
    ] {
        let mut host = Host::of(&eltrade::PROTOCOL);
        host.ok(0x90, data);
        let open = host.printer.memory().open.as_ref().unwrap();
        assert_eq!(open.invoice, invoice, "{data}");
    }
}

#[test]
fn group_a_reads_and_prints_its_journal_by_every_choice() {
    let mut host = after_a_sale(&datecs::PROTOCOL);
    let mut lines = |first: &str| {
        let mut all = vec![host.text(0x77, first)];
        while all.last().is_some_and(|line| line != "F") {
            all.push(host.text(0x77, "N"));
        }
        all.join("\n")
    };
    let day = lines("R,A,211126,211126");
    let none = lines("R,A,201126,201126");
    assert_eq!(none, "F");
    let all = lines("R,#A,1,9");
    assert!(all.contains("Хлеб") && all.contains("=CANCELLED="), "{all}");
    assert_eq!(day, all);
    assert!(!lines("R,#F,1,9").contains("=CANCELLED="));
    assert!(!lines("R,#C,1,9").contains("Хлеб"));
    assert_eq!(lines("R,*1,1,3"), all);
    assert_eq!(host.text(0x77, "P,#A,2"), "1");
    assert_eq!(host.text(0x77, "P,#F,1,9"), "1");
    assert!(host.text(0x77, "I").starts_with("P,16777216,"));
    assert!(host.text(0x77, "I").ends_with(",1,1,1,3"));
}

#[test]
fn group_b_searches_and_reads_its_journal() {
    let mut host = Host::of(&datecs_b::PROTOCOL);
    host.ok(0x46, "100.00");
    host.ok(0x30, "1,1,1");
    host.ok(0x31, "Paine\tA10.00");
    host.ok(0x35, "\tP10.00");
    host.ok(0x38, "");
    host.ok(0x45, "0");
    assert_eq!(host.text(0x7C, "D,0,201126,221126"), "P,1,3");
    assert_eq!(host.text(0x7C, "D,1,201126,221126"), "P,2,3");
    assert_eq!(host.text(0x7C, "D,7,201126,221126"), "F");
    assert_eq!(host.text(0x7C, "Z,2,1,1"), "P,3,3");
    assert!(host.text(0x7C, "I").ends_with(",1,1,1,3,4000,1"));
    assert!(host.text(0x7D, "0,2,0").starts_with("P,2,21-11-26 "));
    let mut lines = Vec::new();
    while let Some(line) = host.text(0x7D, "1").strip_prefix("P,") {
        lines.push(line.to_owned());
    }
    assert!(lines.iter().any(|line| line.contains("Paine")), "{lines:?}");
    assert_eq!(host.text(0x7D, "3,2,0"), "P");
    assert_eq!(host.text(0x7D, "3,9,0"), "F");
    assert!(host.text(0x77, "R,A201126,221126").starts_with("P,"));
    assert!(host.text(0x77, "N").starts_with("P,"));
}

#[test]
fn group_a_returns_a_receipt_as_data() {
    let mut host = after_a_sale(&datecs::PROTOCOL);
    let mut lines = vec![host.text(0x77, "W,2")];
    while lines.last().is_some_and(|line| line != "F") {
        lines.push(host.text(0x77, "w"));
    }
    let kinds: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(kinds, ["U", "V", "R", "T", "P", "D", "*", "F"]);
    assert_eq!(lines[2], "R,1,20.00,10.00,2.000,-2.00,18.00,Хлеб");
    assert!(lines[3].starts_with("T,1,2.00,0,0.00,0,0.00,1,18.00,18.00,"));
    assert!(lines[4].starts_with("P,20.00,0.00,"));
    assert_eq!(host.text(0x77, "W,9"), "F");
}

#[test]
fn group_a_answers_about_payments_operators_and_closures() {
    let mut host = after_a_sale(&datecs::PROTOCOL);
    assert_eq!(host.text(0x5D, ""), "1,2.00,0,0.00");
    assert_eq!(host.text(0x30, "*"), "2,DT700001-0001-0000001");
    assert_eq!(host.text(0x30, ""), "0000001");
    assert!(
        host.text(0x70, "1")
            .starts_with("1,1;18.00,1;2.00,0;0.00,0;0.00")
    );
    let usual = host.text(0x6E, "").split(',').count();
    assert_eq!(host.text(0x6E, "*").split(',').count(), usual + 7);
    assert_eq!(host.text(0x55, "I"), "");
    assert_eq!(host.text(0x55, "I,Tichete"), "F");
    assert_eq!(host.text(0x72, "1,1"), "E");
    host.ok(0x45, "0");
    assert_eq!(host.text(0x55, "i,Tichete"), "P");
    assert_eq!(host.text(0x55, "I"), "Tichete");
    assert_eq!(
        host.text(0x72, "1,1"),
        "P,1,1,18.00,0.00,0.00,0.00,0.00,0.00,0.00,0.00"
    );
    assert!(host.text(0x72, "1,3").starts_with("P,1,1,3.00,"));
    assert_eq!(host.text(0x72, "1,9"), "P,1,100.00,0,0.00");
    assert_eq!(host.text(0x72, "1,8"), "P,1,2.00,0,0.00,0,0.00,1,5.00");
    assert_eq!(host.text(0x72, "1,10"), "P,18.00,3.00");
    for (command, data) in [
        (0x21, ""),
        (0x23, "Total"),
        (0x2F, "Total"),
        (0x50, "2000,300"),
        (0x47, ""),
    ] {
        host.ok(command, data);
    }
    assert_eq!(host.text(0x4A, "L"), "0");
    assert_eq!(host.text(0x4A, "P").split(',').count(), 5);
    assert!(host.text(0x4A, "R").contains(",(0,01-01-2000 00:00:00,0)"));
}

#[test]
fn x_pays_everything_without_an_amount_and_with_the_amount_zero() {
    for pay in ["0||", "0|||", "||", "", "0|0.0|", "0|0.00||", "1||"] {
        let mut host = Host::of(&datecs_x::PROTOCOL);
        x(&mut host, 0x30, "1|0000|1||");
        assert!(x(&mut host, 0x31, "Paine|1|9.50|2.000|0|0|0|").starts_with("0|"));
        assert_eq!(x(&mut host, 0x35, pay), "0|R|0.00|", "{pay:?}");
        assert_eq!(x(&mut host, 0x38, ""), "0|1|", "{pay:?}");
        assert_eq!(host.printer.receipts()[0].total, 1_900);
    }
    let mut host = Host::of(&datecs_x::PROTOCOL);
    x(&mut host, 0x30, "1|0000|1||");
    assert_eq!(x(&mut host, 0x31, "Paine|1|9.50|2.000|0|1|0|"), "-111002|");
}

#[test]
fn x_opens_in_the_forms_of_romania() {
    for open in ["1|0000|1|", "1|0000|1||||", "1|0000|1|I|RO123||"] {
        let mut host = Host::of(&datecs_x::PROTOCOL);
        assert_eq!(x(&mut host, 0x30, open), "0|1|", "{open}");
        let invoice = open.contains('I');
        assert_eq!(
            host.printer.memory().open.as_ref().unwrap().invoice,
            invoice
        );
    }
    let mut host = Host::of(&datecs_x::PROTOCOL);
    assert!(x(&mut host, 0x53, "19.00|9.00|5.00|0.00|100.02|").starts_with("0|"));
    assert_eq!(
        host.printer.memory().rates[..5],
        [Some(1_900), Some(900), Some(500), Some(0), None]
    );
    assert_eq!(x(&mut host, 0x45, "E|"), "0|");
}

#[test]
fn x_answers_about_its_day() {
    let mut host = Host::of(&datecs_x::PROTOCOL);
    x(&mut host, 0x46, "0|100.00|");
    x(&mut host, 0x46, "1|40.00|");
    x(&mut host, 0x30, "1|0000|1||");
    x(&mut host, 0x31, "Paine|1|10.00|2.000|4|2.00|0|");
    assert_eq!(x(&mut host, 0x4A, "0|"), "0|0|1|3|0.00|0||");
    x(&mut host, 0x35, "0||");
    x(&mut host, 0x38, "");
    x(&mut host, 0x30, "1|0000|1||");
    x(&mut host, 0x31, "Paine|1|10.00|1.000|0||0|");
    x(&mut host, 0x3C, "");
    assert_eq!(x(&mut host, 0x6E, "2|"), "0|1|18.00|");
    assert_eq!(x(&mut host, 0x6E, "3|"), "0|0|0.00|1|2.00|");
    assert_eq!(x(&mut host, 0x6E, "4|"), "0|0|0.00|1|10.00|");
    assert_eq!(
        x(&mut host, 0x6E, "5|"),
        "0|1|100.00|1|40.00|0|0.00|0|0.00|"
    );
    assert_eq!(x(&mut host, 0x70, "1|"), "0|1|18.00|1|2.00|0|0.00|0|0.00|");
    assert!(x(&mut host, 0x4A, "0|").starts_with("0|0|0|4|18.00|3|"));
    let code = x(&mut host, 0x4A, "1|");
    assert!(
        code.starts_with("0|02700001*0000003*2026-11-2") && code.ends_with("*18.00|"),
        "{code}"
    );
    x(&mut host, 0x45, "Z|");
    assert!(x(&mut host, 0x40, "1|").starts_with("0|1|3.00|"));
    assert!(x(&mut host, 0x40, "2|").starts_with("0|1|0.00|"));
    assert_eq!(x(&mut host, 0xFF, "PrintColumns|||"), "0|42|");
    assert_eq!(x(&mut host, 0xFF, "CurrNameLocal|||"), "0|MDL|");
    assert_eq!(x(&mut host, 0x7B, "2|").split('|').count(), 6);
    assert_eq!(x(&mut host, 0x7B, "4|"), "0|");
    assert_eq!(x(&mut host, 0x7D, "3|3|0|"), "0|");
    assert_eq!(x(&mut host, 0x7D, "3|99|0|"), "-111003|");
    assert_eq!(x(&mut host, 0x47, "2|").split('|').count(), 15);
    assert_eq!(x(&mut host, 0x47, "2").split('|').count(), 15);
    assert_eq!(x(&mut host, 0x58, "1|").split('|').count(), 9);
    for (command, data) in [
        (0x47, "0|"),
        (0x69, "1|30|0|"),
        (0x6F, "0|||"),
        (0x21, ""),
        (0x23, "Total|"),
    ] {
        assert_eq!(x(&mut host, command, data), "0|", "{command:02X}");
    }
}

#[test]
fn x_keeps_articles_and_passwords() {
    let mut host = Host::of(&datecs_x::PROTOCOL);
    assert_eq!(x(&mut host, 0x6B, "I|"), "0|3000|0|72|");
    assert_eq!(x(&mut host, 0x6B, "F||"), "-111003|");
    assert_eq!(
        x(&mut host, 0x6B, "P|7|A|0|1|0|9.50||5.000|||||Paine|"),
        "0|"
    );
    assert_eq!(
        x(&mut host, 0x6B, "P|9|B|0|1|0|3.00||1.000|||||Lapte|2|"),
        "0|"
    );
    let bread = "0|7|A|0|1|0|9.50|0.00|0.000|5.000|||||Paine|0|";
    assert_eq!(x(&mut host, 0x6B, "R|7|"), bread);
    assert_eq!(x(&mut host, 0x6B, "F||"), bread);
    assert!(x(&mut host, 0x6B, "N|").starts_with("0|9|B|"));
    assert_eq!(x(&mut host, 0x6B, "N|"), "-111003|");
    assert!(x(&mut host, 0x6B, "L||").starts_with("0|9|"));
    assert_eq!(x(&mut host, 0x6B, "X||"), "0|1|");
    assert_eq!(x(&mut host, 0x6B, "A|7|2.000|"), "0|");
    assert!(x(&mut host, 0x6B, "R|7|").contains("|2.000|"));
    assert_eq!(x(&mut host, 0x6B, "D|A||"), "0|");
    assert_eq!(x(&mut host, 0x6B, "I|"), "0|3000|0|72|");
    assert_eq!(x(&mut host, 0x65, "1|1234|4711|"), "-102002|");
    assert_eq!(x(&mut host, 0x65, "1|0000|4711|"), "0|");
    assert_eq!(x(&mut host, 0x30, "1|0000|1||"), "-102002|");
    assert_eq!(x(&mut host, 0x30, "1|4711|1||"), "0|1|");
}

#[test]
fn a_refusal_of_x_shows_only_in_its_code_as_recorded() {
    let mut host = Host::of(&datecs_x::PROTOCOL);
    let refused = host.send(0x35, "4\t1.53\t1\t");
    assert_eq!(refused.data, b"-111016\t");
    assert_eq!(
        refused.status.bytes(),
        [0x80, 0x80, 0x80, 0x80, 0x86, 0x9A, 0x80, 0x80]
    );
}

#[test]
fn x_answers_a_classic_frame_with_syn_and_nak_as_recorded() {
    let classic = [
        0x01, 0x25, 0x21, 0x5A, 0x31, 0x05, 0x30, 0x30, 0x3D, 0x36, 0x03,
    ];
    for (family, expected) in [
        (&datecs_x::PROTOCOL, Some(vec![SYN, NAK])),
        (&datecs::PROTOCOL, None),
    ] {
        let printer = Printer::new(memory(), clock()).of_family(family);
        let mut emulator = IslEmulator::new(printer, None);
        emulator.handle_bytes(&classic, 0);
        let sent = emulator.poll_transmit(0);
        match expected {
            Some(bytes) => assert_eq!(sent, Some(bytes)),
            None => assert!(sent.is_some_and(|sent| sent.len() > 20)),
        }
    }
}
