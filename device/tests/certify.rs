//! The inferences of `device/README.md`, tried at emulated printers: all are confirmed, and each one that is turned round is refuted.
#![cfg(feature = "emulator")]

use std::collections::BTreeSet;
use std::sync::Arc;

use ferrotill_device::driver::isl::certify::{
    Certified, NotCertified, TrialFinding, certify_on, inferences,
};
use ferrotill_device::driver::{self, DriverUri};
use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::emulator::{INVERSIONS, IslEmulator, Printer};
use ferrotill_device::family::{self, Protocol};
use ferrotill_device::port::loopback::Loopback;

const FAMILIES: &[&str] = &[
    "datecs",
    "datecs-b",
    "datecs-x",
    "datecs-mx",
    "eltrade",
    "daisy",
    "tremol",
];

/// The numbers in the lists of the README that no procedure can try, as its section on `printer certify` says.
const WITHOUT_PROCEDURE: &[(&str, u32)] = &[
    ("datecs", 10),
    ("datecs-b", 6),
    ("datecs-mx", 3),
    ("datecs-mx", 8),
    ("datecs-mx", 9),
    ("datecs-mx", 12),
    ("tremol", 6),
    ("tremol", 9),
];

fn printer(protocol: &'static Protocol) -> Printer {
    let mut rates = [None; 8];
    rates[0] = Some(2_000);
    rates[1] = Some(800);
    let clock = Arc::new(|| 1_795_221_330);
    let mut printer = Printer::new(Memory::new(rates), clock).of_family(protocol);
    printer.fiscalised = false;
    printer
}

fn certified(printer: Printer) -> Result<Certified, NotCertified> {
    let protocol = printer.family();
    let line = Loopback::new(IslEmulator::new(printer, None));
    let usual = family::of_name(protocol.name).unwrap();
    certify_on(usual, Box::new(line))
}

/// The names of the inferences with a finding, with what was seen.
fn refuted(certified: &Certified) -> Vec<(&'static str, String)> {
    let refuted = certified.tried.iter().filter_map(|it| match &it.finding {
        TrialFinding::Refuted(seen) => Some((it.inference.id, seen.clone())),
        _ => None,
    });
    refuted.collect()
}

fn not_tried(certified: &Certified) -> Vec<(&'static str, String)> {
    let left = certified.tried.iter().filter_map(|it| match &it.finding {
        TrialFinding::NotTried(why) => Some((it.inference.id, why.clone())),
        _ => None,
    });
    left.collect()
}

#[test]
fn all_inferences_are_confirmed_at_the_emulated_printers() {
    let mut wrong = Vec::new();
    for name in FAMILIES {
        let protocol = family::of_name(name).unwrap();
        for firmware in protocol.firmware {
            let printer = printer(protocol).with_firmware(firmware.name);
            let certified = certified(printer).unwrap();
            assert_eq!(certified.tried.len(), inferences(name).count());
            assert!(!certified.serial.is_empty() && certified.frames.contains("= "));
            for it in &certified.tried {
                assert!(!it.inference.page(name).is_empty() && !it.inference.place.is_empty());
                if it.inference.id != "country_shown" {
                    let shown = it.frames.contains("\n> ") || it.frames.starts_with("> ");
                    assert!(shown, "{}: {}", it.inference.id, it.frames);
                }
            }
            for (id, seen) in refuted(&certified).iter().chain(&not_tried(&certified)) {
                wrong.push(format!("{} {id}: {seen}", firmware.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(inferences("datecs").count() >= 20);
}

#[test]
fn an_inference_that_is_turned_round_is_refuted_and_no_other() {
    let mut wrong = Vec::new();
    let mut turned = BTreeSet::new();
    for name in FAMILIES {
        let protocol = family::of_name(name).unwrap();
        for inference in inferences(name) {
            let mut printer = printer(protocol);
            printer.invert(&[inference.id.to_owned()]).unwrap();
            let certified = certified(printer).unwrap();
            let refuted = refuted(&certified);
            let names: Vec<&str> = refuted.iter().map(|(id, _)| *id).collect();
            if names != [inference.id] {
                wrong.push(format!("{name} {}: {refuted:?}", inference.id));
            }
            turned.insert(inference.id);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(turned, INVERSIONS.iter().copied().collect());
}

#[test]
fn a_printer_without_fiscal_memory_has_no_table_of_inferences() {
    let uri = DriverUri::parse("escpos+tcp://127.0.0.1:1").unwrap();
    let tried = driver::certify(&uri).unwrap_err();
    assert_eq!(tried, NotCertified::NoTable("escpos"));
    assert!(tried.to_string().contains("datecs, "), "{tried}");
    assert!(tried.to_string().contains("tremol"), "{tried}");
}

#[test]
fn ten_inferences_that_are_turned_round_are_named() {
    let ten = [
        "refund_number_only",
        "refunds_not_reported",
        "cash_question_in_receipt",
        "text_before_subtotal",
        "payment_after_paid",
        "refusal_reason",
        "document_slip",
        "document_x_report",
        "fiscal_cancelled",
        "z_report_closes_day",
    ];
    let mut printer = printer(family::of_name("datecs").unwrap());
    printer.invert(&ten.map(str::to_owned)).unwrap();
    let certified = certified(printer).unwrap();
    let refuted = refuted(&certified);
    let names: Vec<&str> = refuted.iter().map(|(id, _)| *id).collect();
    assert_eq!(names, ten, "{refuted:?}");
    // The bytes are in the report: the refused text, with its content as text below.
    let text = certified
        .tried
        .iter()
        .find(|it| it.inference.id == "text_before_subtotal")
        .unwrap();
    assert!(text.frames.contains("36 \"TEST\""), "{}", text.frames);
}

#[test]
fn ten_inferences_that_a_tremol_printer_turns_round_are_named() {
    let ten = [
        "line_lengths",
        "document_sale",
        "slip_by_operator",
        "cash_by_operator",
        "receipt_code_number",
        "no_receipt_reported",
        "payments_of_receipt",
        "received_with_change",
        "disabled_group",
        "payment_types_reported",
    ];
    for firmware in family::of_name("tremol").unwrap().firmware {
        let mut printer = printer(family::of_name("tremol").unwrap()).with_firmware(firmware.name);
        printer.invert(&ten.map(str::to_owned)).unwrap();
        let certified = certified(printer).unwrap();
        let refuted = refuted(&certified);
        let names: Vec<&str> = refuted.iter().map(|(id, _)| *id).collect();
        assert_eq!(names, ten, "{}: {refuted:?}", firmware.name);
    }
}

#[test]
fn an_unknown_name_turns_nothing_round() {
    let mut printer = printer(family::of_name("datecs").unwrap());
    let unknown = printer.invert(&["open_sale".into(), "opened".into()]);
    assert_eq!(unknown, Err(vec!["opened".to_owned()]));
    assert_eq!(refuted(&certified(printer).unwrap()), []);
}

#[test]
fn a_printer_that_reports_that_it_is_fiscalised_prints_nothing() {
    for name in FAMILIES {
        let protocol = family::of_name(name).unwrap();
        let mut printer = printer(protocol);
        printer.fiscalised = true;
        let line = Loopback::new(IslEmulator::new(printer, None));
        let tried = certify_on(protocol, Box::new(line.clone()));
        assert_eq!(tried.unwrap_err(), NotCertified::Fiscalised, "{name}");
        line.with(|emulator| {
            assert_eq!(emulator.printer().memory().last_document, 0, "{name}");
            assert!(emulator.printer().memory().open.is_none(), "{name}");
        });
    }
}

/// The numbers of a list under "Inferences" of the README.
fn numbers(readme: &str, list: &str) -> BTreeSet<u32> {
    let begin = format!("\nFor `{list}`");
    let after = readme.split(&begin).nth(1).unwrap();
    let lines = after.lines().skip(2);
    let lines = lines.take_while(|line| !line.is_empty());
    let numbers = lines.filter_map(|line| line.split_once(". ")?.0.parse().ok());
    numbers.collect()
}

#[test]
fn every_inference_of_the_readme_has_a_procedure_or_is_named() {
    let readme = include_str!("../README.md");
    for list in FAMILIES {
        let mut covered: BTreeSet<u32> = WITHOUT_PROCEDURE
            .iter()
            .filter(|(of, _)| of == list)
            .map(|(_, number)| *number)
            .collect();
        for family in FAMILIES {
            for (of, list_of, number) in inferences(family).flat_map(|it| it.listed) {
                if of == family && list_of == list {
                    covered.insert(*number);
                }
            }
        }
        assert_eq!(covered, numbers(readme, list), "{list}");
    }
    for inference in FAMILIES.iter().flat_map(|family| inferences(family)) {
        let name = format!("`{}`", inference.id);
        assert!(readme.contains(&name), "the README has no {name}");
    }
}
