//! Commands of other drivers besides receipts and reports, as raw commands: identity, settings, the electronic journal,
//! and the conditions in which nothing can be sold.
#![cfg(feature = "emulator")]

mod bench;

use std::path::PathBuf;

use bench::host::{Host, clock, memory};
use bench::{Bench, Notes, cash_in, exact_sale, registered};
use ferrotill_device::FiscalPrinter as _;
use ferrotill_device::emulator::{Printer, Room};
use ferrotill_device::family::{datecs, datecs_b, datecs_x, eltrade};
use ferrotill_device::wire::framing::Request;
use ferrotill_device::wire::isl_status::Flag;

/// A sale of group A or B, paid in cash.
fn sell(host: &mut Host) {
    let is_a = host.printer.family() == &datecs::PROTOCOL;
    host.text(0x30, if is_a { "1,0000,1" } else { "1,1,1" });
    host.text(0x31, "Paine\tA9.50");
    host.text(0x35, "\t");
    host.text(0x38, "");
}

/// A sale with a printer of X, paid in cash.
fn sell_x(host: &mut Host) {
    host.text(0x30, "1\t0000\t1\t\t");
    host.text(0x31, "Paine\t1\t9.50\t1.000\t0\t\t0\t");
    host.text(0x35, "0\t9.50\t\t");
    assert!(host.text(0x38, "").starts_with("0\t"));
}

#[test]
fn a_classic_printer_reports_its_identity_and_its_free_memory() {
    for family in [&datecs::PROTOCOL, &datecs_b::PROTOCOL, &eltrade::PROTOCOL] {
        let mut host = Host::of(family);
        assert_eq!(host.text(0x63, ""), "1003600012346,IDNO");
        assert_eq!(host.text(0x44, ""), "1825,1825");
        assert_eq!(host.text(0x56, ""), "01-01-1970 00:00:00");
        host.text(0x45, "0");
        assert_eq!(host.text(0x44, ""), "1824,1824");
        assert_eq!(host.text(0x56, ""), "21-11-2026 00:35:30");
        if family.name == "eltrade" {
            // Its manual does not list these commands.
            for command in [0x32, 0x48, 0x5B, 0x62, 0x77] {
                host.no(command, "x", Flag::UnknownCommand);
            }
            continue;
        }
        assert_eq!(host.text(0x32, ""), "P20.00,8.00,DT,DT,DT,DT,DT,DT,010126");
        // Fiscalisation cannot be undone.
        for command in [0x48, 0x5B, 0x62] {
            host.no(command, "x", Flag::NotAllowed);
        }
    }
}

#[test]
fn reports_with_articles_and_departments_are_reports_of_the_day() {
    for (command, closes) in [(0x6C, true), (0x75, true), (0x76, true), (0x6C, false)] {
        let mut host = Host::of(&datecs::PROTOCOL);
        sell(&mut host);
        let told = host.text(command, if closes { "0" } else { "2" });
        assert!(told.starts_with("0001,"), "{told}");
        assert_eq!(host.printer.memory().z_number(), u32::from(closes));
    }
    let mut host = Host::of(&datecs_x::PROTOCOL);
    sell_x(&mut host);
    for kind in ["D\t", "G\t"] {
        assert!(host.text(0x45, kind).starts_with("0\t1\t"), "{kind}");
    }
    assert_eq!(host.printer.memory().z_number(), 0);
    let mut host = Host::of(&datecs::PROTOCOL);
    for command in [0x69, 0x6F] {
        assert_eq!(host.text(command, ""), "");
    }
    assert_eq!(host.text(0x71, ""), "0000002");
    assert!(host.printer.paper_text().contains("RAPORT ARTICOLE"));
}

#[test]
fn a_sale_by_department_is_a_sale_of_its_group() {
    let mut host = Host::of(&datecs::PROTOCOL);
    host.text(0x30, "1,0000,1");
    host.text(0x31, "Paine\t2\t9.50*2");
    assert_eq!(host.text(0x33, "00"), "1900,0,1900,0,0,0,0,0,0");
    // Without its TAB the data are a price without a tax group.
    host.no(0x31, "Paine\t29.50", Flag::Syntax);
    // Department 3 belongs to a group that is disabled.
    host.no(0x31, "Paine\t3\t9.50", Flag::NotAllowed);
}

#[test]
fn an_invoice_accepts_its_buyer_after_payment() {
    let mut host = Host::of(&datecs::PROTOCOL);
    host.no(0x39, "1003600099999\tVinzator", Flag::NotAllowed);
    host.text(0x30, "1,0000,1,I");
    host.text(0x31, "Paine\tA9.50");
    host.no(0x39, "1003600099999\tVinzator", Flag::NotAllowed);
    host.text(0x35, "\t");
    host.no(0x39, "", Flag::Syntax);
    assert_eq!(host.text(0x39, "1003600099999\tVinzator"), "");
    host.text(0x38, "");
    assert!(host.printer.paper_text().contains("1003600099999"));
    // An ordinary receipt has no buyer.
    host.text(0x30, "1,0000,1");
    host.text(0x31, "Paine\tA9.50");
    host.text(0x35, "\t");
    host.no(0x39, "1003600099999", Flag::NotAllowed);
}

/// Group A 2Bh `X` and X FFh `EcrSafeOpening`: the printer itself opens the drawer with a payment and with a cash operation.
#[test]
fn the_option_of_the_drawer_sends_a_pulse_with_each_payment() {
    for (family, on) in [
        (&datecs::PROTOCOL, (0x2B, "X0")),
        (&datecs_x::PROTOCOL, (0xFF, "EcrSafeOpening\t\t1\t")),
    ] {
        let bench = Bench::of(family);
        let mut driver = bench.driver(9);
        let baseline = driver.connect().unwrap().baseline;
        assert!(driver.opens_drawer_itself(), "{family:?}");
        let pulses = || {
            bench
                .line
                .with(|emulator| emulator.printer().memory().drawer_pulses)
        };
        let sold = registered(driver.perform(&exact_sale(), &baseline, &mut Notes::new()));
        assert_eq!(pulses(), 0, "a new printer's option is off");
        bench.line.with(|emulator| {
            let set = Request {
                seq: 0x7F,
                command: on.0,
                data: on.1.as_bytes().to_vec(),
            };
            emulator.printer_mut().answer(&set);
        });
        let sold = registered(driver.perform(&exact_sale(), &sold.after, &mut Notes::new()));
        assert_eq!(pulses(), 1, "{family:?}");
        let _ = registered(driver.perform(&cash_in(), &sold.after, &mut Notes::new()));
        assert_eq!(pulses(), 2, "{family:?}");
    }
}

#[test]
fn header_lines_and_switches_are_read_as_they_were_set() {
    let mut host = Host::of(&datecs::PROTOCOL);
    assert_eq!(host.text(0x2B, "I0"), "");
    assert_eq!(host.text(0x2B, "0Magazin «Ёлка»"), "");
    assert_eq!(host.text(0x2B, "I0"), "Magazin «Ёлка»");
    assert_eq!(host.text(0x2B, "IX"), "1");
    host.text(0x2B, "X0");
    assert_eq!(host.text(0x2B, "IX"), "0");
    // The stored settings are not in working memory, so they survive a loss of power.
    host.printer.set_power(false);
    host.printer.set_power(true);
    assert_eq!(host.text(0x2B, "IX"), "0");
}

#[test]
fn the_journal_of_a_classic_printer_is_read_line_by_line() {
    let mut host = Host::of(&datecs::PROTOCOL);
    sell(&mut host);
    host.text(0x30, "1,0000,1");
    host.text(0x31, "Lapte\tB1.00");
    host.text(0x3C, "");
    // By number: the first line at once, the others one by one, then the end of the document.
    let mut lines = vec![host.text(0x77, "R1")];
    while lines.last().unwrap().starts_with("P,") {
        lines.push(host.text(0x77, "N"));
    }
    assert_eq!(lines.last().unwrap(), "*,");
    assert!(lines.iter().any(|line| line == "P,Paine"), "{lines:?}");
    assert_eq!(host.text(0x77, "N"), "F");
    // By time: both documents, the cancelled one too.
    let mut ends = 0;
    let mut text = host.text(0x77, "R#F,211126,211126");
    let mut all = String::new();
    while text != "F" {
        ends += usize::from(text == "*,");
        all.push_str(&text);
        text = host.text(0x77, "N");
    }
    assert_eq!(ends, 2);
    assert!(all.contains("Paine") && all.contains("Lapte") && all.contains("=CANCELLED="));
    assert_eq!(host.text(0x77, "R#F,010100,020100"), "F");
    assert_eq!(host.text(0x77, "R99"), "F");
    host.no(0x77, "x", Flag::Syntax);
    // The reading position is in working memory, so it is lost with the power.
    host.text(0x77, "R1");
    host.printer.set_power(false);
    host.printer.set_power(true);
    assert_eq!(host.text(0x77, "N"), "F");
    // Group B reads its journal by other forms and commands.
    Host::of(&datecs_b::PROTOCOL).no(0x77, "R1", Flag::Syntax);
}

#[test]
fn the_journal_of_x_is_searched_and_read() {
    let mut host = Host::of(&datecs_x::PROTOCOL);
    sell_x(&mut host);
    host.text(0x30, "1\t0000\t1\t\t");
    host.text(0x3C, "");
    host.text(0x45, "X\t");
    host.text(0x45, "Z\t");
    for (kind, first, last) in [
        (0, 1, 4),
        (1, 1, 1),
        (2, 4, 4),
        (8, 2, 2),
        (9, 3, 3),
        (10, 1, 1),
    ] {
        let told = host.text(0x7C, &format!("\t\t{kind}\t"));
        assert_eq!(told, format!("0\t\t\t{first}\t{last}\t"), "{kind}");
    }
    assert_eq!(host.text(0x7C, "\t\t6\t"), "-111003\t");
    assert_eq!(host.text(0x7C, "\t\t11\t"), "-111002\t");
    let span = "01-01-26 00:00:00\t02-01-26 00:00:00\t0\t";
    assert_eq!(host.text(0x7C, span), "-111003\t");

    let told = host.text(0x7D, "0\t1\t0\t");
    let fields: Vec<&str> = told.split('\t').collect();
    assert_eq!(
        (fields[0], fields[1], fields[3], fields[4], fields[5]),
        ("0", "1", "21-11-26 00:35:30", "1", "1")
    );
    let mut lines = Vec::new();
    loop {
        let line = host.text(0x7D, "1\t\t\t");
        let Some(text) = line.strip_prefix("0\t") else {
            assert_eq!(line, "-111003\t");
            break;
        };
        lines.push(text.trim_end_matches('\t').to_owned());
    }
    assert_eq!(lines.len().to_string(), fields[2]);
    assert!(lines.iter().any(|line| line == "Paine"), "{lines:?}");
    assert_eq!(host.text(0x7D, "0\t9\t0\t"), "-111003\t");
    // A copy on paper is no document.
    host.text(0x7D, "0\t1\t0\t");
    let before = host.text(0xFF, "nBon\t\t\t");
    assert_eq!(host.text(0x7D, "3\t\t\t"), "0\t");
    assert_eq!(host.text(0xFF, "nBon\t\t\t"), before);
}

#[test]
fn x_reports_its_identity_its_last_receipt_and_its_variables() {
    let mut host = Host::of(&datecs_x::PROTOCOL);
    host.text(0xFF, "Header\t0\tMagazin\t");
    assert_eq!(
        host.text(0x7B, "1\t"),
        "0\tDT700001\t02700001\tMagazin\t\t1003600012346\t\t\t"
    );
    assert_eq!(host.text(0x7B, "3\t"), "0\t0\t\t0\t\t");
    sell_x(&mut host);
    sell_x(&mut host);
    assert_eq!(host.text(0x7B, "3\t"), "0\t2\t21-11-26 00:35:30\t1\t\t");
    host.text(0x45, "Z\t");
    assert_eq!(
        host.text(0x7B, "3\t"),
        "0\t2\t21-11-26 00:35:30\t1\t21-11-26 00:35:30\t"
    );
    for (name, value) in [
        ("nBon", "3"),
        ("nFBon", "2"),
        ("nFBonDailyCount", "0"),
        ("nLastFiscalDoc", "2"),
        ("nZreport", "2"),
        ("Fiscalized", "1"),
        ("FMnumber", "02700001"),
        ("IDnumber", "DT700001"),
        ("Header", "Magazin"),
        ("Footer", ""),
    ] {
        let told = host.text(0xFF, &format!("{name}\t0\t\t"));
        assert_eq!(told, format!("0\t{value}\t"), "{name}");
    }
    assert_eq!(host.text(0xFF, "Header\t1\t\t"), "0\t\t");
    assert_eq!(host.text(0xFF, "nonsense\t\t\t"), "-111002\t");
    // Counters cannot be set, and nothing can be set inside a receipt.
    assert_eq!(host.text(0xFF, "nFBon\t\t7\t"), "-111003\t");
    host.text(0x30, "1\t0000\t1\t\t");
    assert_eq!(host.text(0xFF, "Footer\t0\tx\t"), "-111015\t");

    assert_eq!(host.text(0x63, ""), "0\t1003600012346\t");
    assert_eq!(host.text(0x44, ""), "0\t1824\t");
    assert_eq!(host.text(0x56, ""), "0\t21-11-2026 00:35:30\t");
    assert_eq!(
        host.text(0x64, "-111018\t"),
        "0\t-111018\tPayment started\t"
    );
    assert_eq!(host.text(0x64, "-5\t"), "-111002\t");
    assert_eq!(host.text(0x48, "\t"), "-111003\t");
}

#[test]
fn the_refunds_of_the_day_are_reported_by_payment() {
    let mut host = Host::of(&datecs_x::PROTOCOL);
    sell_x(&mut host);
    host.text(
        0x2B,
        "1\t0000\t1\t1\t1\t21-11-26 00:35:30\t02700001\t\t\t\t\t",
    );
    host.text(0x31, "Paine\t1\t9.50\t1.000\t0\t\t0\t");
    host.text(0x35, "0\t9.50\t\t");
    host.text(0x38, "");
    assert_eq!(
        host.text(0x6E, "1\t"),
        "0\t9.50\t0.00\t0.00\t0.00\t0.00\t0.00\t"
    );
}

#[test]
fn conditions_in_which_a_printer_cannot_sell_are_reported() {
    for family in [&datecs::PROTOCOL, &datecs_x::PROTOCOL] {
        let is_x = family == &datecs_x::PROTOCOL;
        let open = if is_x { "1\t0000\t1\t\t" } else { "1,0000,1" };
        let z = if is_x { "Z\t" } else { "0" };

        // After the working memory was lost, the clock must be set first.
        let mut host = Host::of(family);
        host.printer.errors_in_status = true;
        host.printer.reset_memory();
        assert!(host.has(Flag::ClockNotSet));
        host.no(0x30, open, Flag::NotAllowed);
        host.text(
            0x3D,
            if is_x {
                "21-11-26 10:00:00\t"
            } else {
                "21-11-26 10:00:00"
            },
        );
        assert!(!host.has(Flag::ClockNotSet) && !host.has(Flag::MemoryReset));
        host.text(0x30, open);
        assert!(host.has(Flag::ReceiptOpen));

        // This case is about a full electronic journal.
        let mut host = Host::of(family);
        host.printer.errors_in_status = true;
        host.printer.set_journal_room(Room::Little);
        assert!(host.has(Flag::JournalLow) && !host.has(Flag::JournalFull));
        host.printer.set_journal_room(Room::None);
        assert!(host.has(Flag::JournalFull));
        host.no(0x30, open, Flag::NotAllowed);

        // The fiscal memory has room for fewer than 50 Z-reports, or 60 with X.
        let few = if is_x { 59 } else { 49 };
        for (left, low) in [(few, true), (few + 1, false)] {
            let mut memory = memory();
            memory.closures_max = left;
            let mut host = Host::with(Printer::new(memory, clock()).of_family(family));
            assert_eq!(host.has(Flag::FiscalMemoryLow), low, "{left}");
        }

        // The fiscal memory has room for one more Z-report.
        let mut memory = memory();
        memory.closures_max = 1;
        let mut host = Host::with(Printer::new(memory, clock()).of_family(family));
        host.printer.errors_in_status = true;
        assert!(host.has(Flag::FiscalMemoryLow) && !host.has(Flag::FiscalMemoryFull));
        host.text(0x45, z);
        assert_eq!(host.printer.memory().z_number(), 1);
        assert!(host.has(Flag::FiscalMemoryFull) && host.has(Flag::FiscalMemoryError));
        host.no(0x30, open, Flag::NotAllowed);
        host.no(0x45, z, Flag::NotAllowed);
        assert_eq!(host.printer.memory().z_number(), 1);
    }
}

#[test]
fn the_journal_and_the_settings_survive_a_restart_with_a_file() {
    let folder = std::env::temp_dir().join(format!("ferrotill-services-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path: PathBuf = folder.join("memory");
    let started = || Host::with(Printer::with_file(&path, memory(), clock()).unwrap());
    let mut host = started();
    sell(&mut host);
    host.text(0x2B, "0Magazin");
    drop(host);
    // A document is ignored if the memory file was not written after it.
    let journal = folder.join("memory.journal");
    let mut text = std::fs::read_to_string(&journal).unwrap();
    assert_eq!(text.lines().count(), 1);
    text.push_str(&text.replace("\"number\":1", "\"number\":2"));
    std::fs::write(&journal, &text[..text.len() - 3]).unwrap();
    let mut host = started();
    assert_eq!(host.text(0x2B, "I0"), "Magazin");
    assert!(host.text(0x77, "R1").starts_with("P,"));
    assert_eq!(host.text(0x77, "R2"), "F");
    sell(&mut host);
    assert!(host.text(0x77, "R2").starts_with("P,"));
    drop(host);
    let mut host = started();
    assert!(host.text(0x77, "R2").starts_with("P,"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn commands_of_other_drivers_are_understood() {
    // These are commands of a published driver of group C: no data to 7Bh, then 5Ah without its TAB; letters for tax groups;
    // parameters at the end are missing.
    let mut host = Host::of(&datecs_x::PROTOCOL);
    assert_eq!(host.text(0x7B, ""), "-111002\t");
    let told = host.text(0x5A, "");
    let fields: Vec<&str> = told.split(',').collect();
    assert_eq!(fields.len(), 6, "{told}");
    assert_eq!(
        (fields[0], fields[4], fields[5]),
        ("FP-700X", "DT700001", "02700001")
    );
    assert!(host.text(0x5A, "1\t").starts_with("0\tFP-700X\t"));
    assert_eq!(
        host.text(0x30, "1\t0000\tDT700001-0001-0000001\t1\t\t"),
        "0\t1\t"
    );
    for (letter, sum) in [("А", "9.50"), ("Б", "19.00"), ("A", "28.50")] {
        let sale = format!("Хляб\t{letter}\t9.50\t1.000\t\t\t\t");
        assert!(host.text(0x31, &sale).starts_with("0\t"), "{letter}");
        let told = host.text(0x33, "0\t0\t");
        assert!(told.starts_with(&format!("0\t1\t{sum}\t")), "{told}");
    }
    assert_eq!(host.text(0x31, "Хляб\tI\t9.50\t1.000\t\t\t\t"), "-111002\t");
    assert_eq!(host.text(0x35, "0\t50.00\t"), "0\tR\t21.50\t");
    assert_eq!(host.text(0x38, ""), "0\t1\t");
    assert!(host.text(0x45, "X\t").starts_with("0\t1\t19.00\t9.50\t"));
    assert_eq!(host.text(0x46, "0\t0\t"), "0\t28.50\t0.00\t0.00\t");

    // These are commands of a published driver of group B: the unique number third, Cyrillic groups, everything paid by a TAB
    // alone.
    let mut host = Host::of(&datecs_b::PROTOCOL);
    assert!(host.text(0x5A, "1").starts_with("DP-25,"));
    for open in ["1,1,DT000001-0001-0000001,1", "1,1,,1"] {
        host.text(0x30, open);
        assert!(host.has(Flag::ReceiptOpen), "{open}");
        host.text(0x31, "Хляб\tА9.50*2,-10.00");
        host.text(0x31, "Мляко\tБ1.00*0.5");
        assert_eq!(host.text(0x35, "\tP10.00"), "D000000760");
        assert!(host.text(0x35, "\t").starts_with('R'));
        host.text(0x38, "");
        assert!(!host.has(Flag::ReceiptOpen));
    }
    assert_eq!(host.printer.receipts().len(), 2);
    assert_eq!(host.printer.receipts()[0].total, 1_760);
    host.text(0x6D, "1");
    host.text(0x45, "");
    assert_eq!(host.printer.memory().z_number(), 1);
}
