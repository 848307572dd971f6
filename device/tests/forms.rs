//! Every form of an answer that a family's table has, one at a time: a relay rewrites the emulated printer's answers to one command,
//! and the driver sells, returns, recovers a lost close, closes the day, and connects again.
#![cfg(feature = "emulator")]

mod bench;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use bench::*;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{FaultKind, FaultOrder, IslEmulator, Printer};
use ferrotill_device::family::{FAMILIES, Protocol, Source};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::{
    Fault, FiscalPrinter as _, Job, JournalEvidence, Performed, PrinterFigure, Recovered,
};
use ferrotill_testkit::answers::{AnswerCell, NOT_KNOWN, REFUSED, UNKNOWN_FORM, answer_cells};
use ferrotill_testkit::relay::Relay;

/// A printer behind a relay.
struct Line {
    line: Loopback<Relay>,
    family: &'static Protocol,
}

impl Line {
    fn of(cell: &AnswerCell) -> Self {
        let printer =
            Printer::new(host::memory(), Arc::new(|| 1_795_221_330)).of_family(cell.family);
        let emulator = IslEmulator::new(printer, None);
        Self {
            line: Loopback::new(Relay::new(emulator, Some(cell.rewriter()))),
            family: cell.family,
        }
    }

    fn driver(&self, seq: u8) -> IslPrinter {
        IslPrinter::new(self.family, Box::new(self.line.clone()), seq)
    }

    fn receipts(&self) -> usize {
        self.line.with(|relay| relay.printer().receipts().len())
    }

    fn lose_close(&self) {
        let command = Some(self.family.close.command);
        self.line.with(|relay| {
            relay.add_fault(FaultOrder {
                kind: FaultKind::PowerCut,
                command,
                times: 1,
                ms: 0,
            });
        });
    }
}

/// Sells, returns, recovers a lost close, closes the day and connects again.
fn plays(cell: &AnswerCell) {
    let case = cell.name();
    let line = Line::of(cell);
    let mut driver = line.driver(9);
    let connected = driver
        .connect()
        .unwrap_or_else(|fault| panic!("{case}: {fault}"));
    let knows_forms = driver.unknown_answers().is_empty();
    assert_eq!(knows_forms, cell.shape != UNKNOWN_FORM, "{case}");
    if let (Some(witness), false) = (cell.witness, cell.is_read) {
        // A printer before its first Z-report refuses the question about it, so a refusal of groups A and B is an answer.
        let refusal = cell.shape == REFUSED
            && match witness {
                PrinterFigure::LastZReport => cell.family.status.len == 6,
                other => other == PrinterFigure::OpenReceiptGroups,
            };
        let missing = connected.missing.contains(&witness);
        assert_eq!(missing, !refusal, "{case}: {:?}", connected.missing);
    }
    if cell.is_read {
        assert_eq!(
            connected
                .missing
                .iter()
                .find(|one| Some(**one) == cell.witness),
            None,
            "{case}"
        );
    }
    let mut baseline = connected.baseline;
    let third = if cell.family.refund.is_some() {
        refund_on(cell.family)
    } else {
        sale()
    };
    for job in [cash_in(), sale(), third] {
        // The relay also refuses the command that puts cash in.
        let is_refused = cell.witness == Some(PrinterFigure::Cash)
            && matches!(cell.shape.as_str(), REFUSED | NOT_KNOWN);
        if is_refused && job == cash_in() {
            continue;
        }
        let done = driver.perform(&job, &baseline, &mut Notes::new());
        let Performed::Registered(done) = done else {
            panic!("{case}: {done:?}");
        };
        baseline = done.after;
    }
    line.lose_close();
    let lost = driver.perform(&sale(), &baseline, &mut Notes::new());
    assert!(matches!(lost, Performed::Unknown(_)), "{case}: {lost:?}");
    line.line.with(|relay| relay.set_power(true));
    let mut driver = line.driver(77);
    let evidence = JournalEvidence::default();
    let found = driver.recover(&sale(), &baseline, &evidence, &mut Notes::new());
    assert_eq!(line.receipts(), 3, "{case}");
    match found {
        Recovered::Registered(found) => baseline = found.after,
        Recovered::Absent(evidence, _) => panic!("{case}: {}", evidence.proof()),
        Recovered::Unknown(fault) => {
            // Without the last receipt nothing shows whose receipt was closed, and a person reads the paper.
            assert!(!cell.is_read, "{case}: {fault}");
            // With ZFP one command reports the open receipt and the last one.
            let is_last = cell.witness == Some(PrinterFigure::LastReceipt)
                || cell.command == cell.family.transaction.command;
            assert_eq!((fault, is_last), (Fault::Unclear, true), "{case}");
            baseline = driver.counters().unwrap();
        }
    }
    let closed = driver.perform(&Job::ZReport, &baseline, &mut Notes::new());
    let Performed::Registered(closed) = closed else {
        panic!("{case}: {closed:?}");
    };
    if let Some(report) = closed.report {
        assert_eq!(report.z_number, Some(1), "{case}");
        let sales = if cell.family.refund.is_some() { 2 } else { 3 };
        assert_eq!(report.groups[1].minor(), sales * 1_033, "{case}");
    } else {
        // An acknowledgement has no figures, so that only the question for the day's sales has them.
        let is_only = cell.family.asked.is_some() && cell.witness == Some(PrinterFigure::DaySales);
        assert!(is_only && !cell.is_read, "{case}: no figures");
    }
    let again = line.driver(3).connect().unwrap();
    let sold = driver.perform(&sale(), &again.baseline, &mut Notes::new());
    assert!(matches!(sold, Performed::Registered(_)), "{case}: {sold:?}");
}

#[test]
fn a_printer_that_answers_in_any_known_form_or_lacks_one_answer_works() {
    let mut played = 0;
    for cell in answer_cells() {
        if !cell.is_below_the_floor() {
            plays(&cell);
            played += 1;
        }
    }
    assert!(played > 60, "{played}");
}

#[test]
fn without_a_serial_number_or_a_number_of_documents_nothing_is_sold() {
    for cell in answer_cells() {
        if !cell.is_below_the_floor() {
            continue;
        }
        let case = cell.name();
        let told = Line::of(&cell).driver(9).connect().map(|_| ());
        let expected = match (cell.question, cell.family.name) {
            // The answer about the last receipt of X has the number too.
            ("last document", "datecs-x" | "datecs-mx") => Ok(()),
            ("last document", _) => Err(Fault::NoDocumentNumber),
            _ => Err(Fault::NoSerialNumber),
        };
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn an_answer_in_an_unknown_form_is_kept_once_with_its_bytes() {
    let mut cells = answer_cells().into_iter();
    let cell = cells
        .find(|cell| cell.question == "last Z-report" && cell.shape == UNKNOWN_FORM)
        .unwrap();
    let line = Line::of(&cell);
    let mut driver = line.driver(9);
    driver.connect().unwrap();
    driver.counters().unwrap();
    let told: Vec<String> = driver
        .unknown_answers()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["command 40h: 51 2C 31 2C 32 2C 33 09"]);
}

#[test]
fn emulated_printers_answer_only_in_forms_that_a_maker_or_a_trace_shows() {
    for cell in answer_cells() {
        let case = cell.name();
        if matches!(cell.source, Some(Source::Inference(_))) {
            assert!(cell.firmware.is_empty(), "{case}");
        }
        for name in cell.firmware {
            let is_of_some_family = FAMILIES
                .iter()
                .any(|family| family.firmware_of(name).is_some());
            assert!(is_of_some_family, "{case}: {name}");
        }
    }
    for family in FAMILIES {
        let mut names: Vec<&str> = family.firmware.iter().map(|one| one.name).collect();
        assert!(!names.is_empty(), "{}", family.name);
        names.dedup();
        assert_eq!(names.len(), family.firmware.len(), "{}", family.name);
    }
}

#[test]
fn every_firmware_sells_and_closes_two_days() {
    for family in FAMILIES {
        for firmware in family.firmware {
            let case = format!("{} {}", family.name, firmware.name);
            let bench = Bench::of_firmware(family, firmware.name);
            let mut driver = bench.driver(9);
            for day in 1..=2 {
                let connected = driver.connect().unwrap();
                assert_eq!(connected.baseline.z_number, Some(day - 1), "{case}");
                assert_eq!(connected.missing, [], "{case}");
                let mut baseline = connected.baseline;
                let jobs = [sale(), refund_on(family), Job::ZReport].into_iter();
                for job in jobs.filter(|job| cases::can(family, job)) {
                    let letter = if family.asked.is_some() { 'D' } else { 'N' };
                    let job = paid_by(letter, job);
                    let done = driver.perform(&job, &baseline, &mut Notes::new());
                    baseline = registered(done).after;
                }
                assert_eq!(baseline.z_number, Some(day), "{case}");
            }
            assert!(driver.unknown_answers().is_empty(), "{case}");
        }
    }
}

/// The table of `device/README.md`, from the tables of the families.
fn table() -> String {
    let mut text = String::from(
        "| Family | Question | Form | Source | Tried with |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut seen = BTreeSet::new();
    for cell in answer_cells() {
        let Some(source) = cell.source else { continue };
        let firmware: Vec<&str> = cell
            .firmware
            .iter()
            .copied()
            .filter(|name| cell.family.firmware_of(name).is_some())
            .collect();
        let tried_with = if firmware.is_empty() {
            "a relay".to_owned()
        } else {
            format!("a relay; firmware {}", firmware.join(", "))
        };
        let row = format!(
            "| `{}` | {:02X}h, {} | `{}` | {source} | {tried_with} |",
            cell.family.name, cell.command, cell.question, cell.shape
        );
        if seen.insert(row.clone()) {
            let _ = writeln!(text, "{row}");
        }
    }
    text
}

#[test]
fn the_readme_has_the_table_of_the_forms() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- forms: begin -->\n", "<!-- forms: end -->");
    let start = readme.find(begin).unwrap() + begin.len();
    let stop = readme.find(end).unwrap();
    let expected = table();
    if readme[start..stop] != expected && std::env::var_os("FERROTILL_RECORD").is_some() {
        let new = format!("{}{expected}{}", &readme[..start], &readme[stop..]);
        std::fs::write(path, new).unwrap();
        return;
    }
    assert_eq!(
        &readme[start..stop],
        expected,
        "write it with FERROTILL_RECORD=1"
    );
}
