//! Every form of an answer that a family's table has, one at a time: a relay rewrites the emulated printer's answers to one command,
//! and the driver sells, returns, recovers a lost close, closes the day, and connects again.
#![cfg(feature = "emulator")]

mod bench;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use bench::relay::{Relay, Rewrite, Rewritten};
use bench::*;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{FaultKind, FaultOrder, IslEmulator, Printer};
use ferrotill_device::family::{
    AnswerForm, Answers, CommandRow, Errors, FAMILIES, Protocol, Source,
};
use ferrotill_device::family::{datecs_b, datecs_x, eltrade};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::wire::framing::Answer;
use ferrotill_device::wire::isl_status::Flag;
use ferrotill_device::{
    Fault, FiscalPrinter as _, Job, JournalEvidence, Performed, PrinterFigure, Recovered,
};

/// A question of a family, and what the relay makes of its answers.
struct Cell {
    family: &'static Protocol,
    /// The name of the question.
    question: &'static str,
    command: u8,
    /// The shape of the answer, or what stands in its place.
    shape: String,
    /// Where the form is known from; `None` for what stands in its place.
    source: Option<Source>,
    /// The firmware that answers so.
    firmware: &'static [&'static str],
    rewrite: Rewrite,
    /// Whether the driver must read the answer.
    is_read: bool,
    /// The witness that is missing if it is not read.
    witness: Option<PrinterFigure>,
}

/// The answer without the error code of X.
fn body(family: &Protocol, data: &[u8]) -> Vec<u8> {
    match family.errors {
        Errors::First => data.strip_prefix(b"0\t").unwrap_or(data).to_vec(),
        _ => data.to_vec(),
    }
}

/// The answer as it is on the line: forms of X with fields that end with a TAB have an error code in front.
fn on_line(family: &Protocol, data: Vec<u8>) -> Vec<u8> {
    match family.errors {
        Errors::First if data.ends_with(b"\t") => [b"0\t", data.as_slice()].concat(),
        _ => data,
    }
}

fn cells_of<Q: 'static, A: 'static>(
    family: &'static Protocol,
    question: &'static str,
    row: &CommandRow<Q, A>,
    witness: Option<PrinterFigure>,
    cells: &mut Vec<Cell>,
) {
    let answers: Answers<A> = row.answer;
    let mut push = |shape: &str, source, firmware, rewrite: Rewrite, is_read| {
        cells.push(Cell {
            family,
            question,
            command: row.command,
            shape: shape.to_owned(),
            source,
            firmware,
            rewrite,
            is_read,
            witness,
        });
    };
    for form in answers.forms() {
        let form: &'static AnswerForm<A> = form;
        let rewrite: Rewrite = Arc::new(move |data| {
            let told = answers.read(&body(family, data));
            Rewritten::Data(match told {
                Some(told) => on_line(family, (form.codec.emit)(&told)),
                None => data.to_vec(),
            })
        });
        push(form.shape, Some(form.source), form.firmware, rewrite, true);
    }
    push(
        "the command is not known",
        None,
        &[],
        Arc::new(|_| Rewritten::UnknownCommand),
        false,
    );
    push(
        "F",
        None,
        &[],
        Arc::new(move |_| Rewritten::Data(on_line(family, b"F".to_vec()))),
        false,
    );
    push(
        "an unknown form",
        None,
        &[],
        Arc::new(move |_| Rewritten::Data(on_line(family, b"Q,1,2,3\t".to_vec()))),
        false,
    );
}

/// Every cell of the table.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for family in FAMILIES.iter().copied() {
        let all = &mut cells;
        cells_of(family, "identity", &family.device_info, None, all);
        if let Some(row) = &family.last_z {
            cells_of(
                family,
                "last Z-report",
                row,
                Some(PrinterFigure::LastZReport),
                all,
            );
        }
        let payments = Some(PrinterFigure::DayPayments);
        cells_of(
            family,
            "day's payments",
            &family.day_payments,
            payments,
            all,
        );
        let groups = Some(PrinterFigure::OpenReceiptGroups);
        cells_of(family, "open receipt", &family.receipt_sums, groups, all);
        let last = Some(PrinterFigure::LastReceipt);
        cells_of(family, "last receipt", &family.transaction, last, all);
        let sales = Some(PrinterFigure::DaySales);
        cells_of(family, "day's sales", &family.day_sales[0], sales, all);
        cells_of(family, "cash", &family.cash, Some(PrinterFigure::Cash), all);
        cells_of(family, "last document", &family.last_document, None, all);
    }
    cells
}

/// A printer behind a relay.
struct Line {
    line: Loopback<Relay>,
    family: &'static Protocol,
}

impl Line {
    fn of(cell: &Cell) -> Self {
        let printer =
            Printer::new(host::memory(), Arc::new(|| 1_795_221_330)).of_family(cell.family);
        let emulator = IslEmulator::new(printer, None);
        Self {
            line: Loopback::new(Relay::new(
                emulator,
                cell.family,
                cell.command,
                Arc::clone(&cell.rewrite),
            )),
            family: cell.family,
        }
    }

    fn driver(&self, seq: u8) -> IslPrinter {
        IslPrinter::new(self.family, Box::new(self.line.clone()), seq)
    }

    fn receipts(&self) -> usize {
        self.line
            .with(|relay| relay.emulator.printer().receipts().len())
    }

    fn lose_close(&self) {
        let command = Some(self.family.close.command);
        self.line.with(|relay| {
            relay.emulator.add_fault(FaultOrder {
                kind: FaultKind::PowerCut,
                command,
                times: 1,
                ms: 0,
            });
        });
    }
}

/// Sells, returns, recovers a lost close, closes the day and connects again.
fn plays(cell: &Cell) {
    let case = format!("{} {}: {}", cell.family.name, cell.question, cell.shape);
    let line = Line::of(cell);
    let mut driver = line.driver(9);
    let connected = driver
        .connect()
        .unwrap_or_else(|fault| panic!("{case}: {fault}"));
    let knows_forms = driver.unknown_answers().is_empty();
    assert_eq!(knows_forms, cell.shape != "an unknown form", "{case}");
    if let (Some(witness), false) = (cell.witness, cell.is_read) {
        // A printer before its first Z-report refuses the question about it, so a refusal of groups A and B is an answer.
        let refusal = cell.shape == "F"
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
            && matches!(cell.shape.as_str(), "F" | "the command is not known");
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
    line.line.with(|relay| relay.emulator.set_power(true));
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
            assert_eq!(
                (fault, cell.witness),
                (Fault::Unclear, Some(PrinterFigure::LastReceipt)),
                "{case}"
            );
            baseline = driver.counters().unwrap();
        }
    }
    let closed = driver.perform(&Job::ZReport, &baseline, &mut Notes::new());
    let Performed::Registered(closed) = closed else {
        panic!("{case}: {closed:?}");
    };
    let report = closed
        .report
        .unwrap_or_else(|| panic!("{case}: no figures"));
    assert_eq!(report.z_number, Some(1), "{case}");
    let sales = if cell.family.refund.is_some() { 2 } else { 3 };
    assert_eq!(report.groups[1].minor(), sales * 1_033, "{case}");
    let again = line.driver(3).connect().unwrap();
    let sold = driver.perform(&sale(), &again.baseline, &mut Notes::new());
    assert!(matches!(sold, Performed::Registered(_)), "{case}: {sold:?}");
}

#[test]
fn a_printer_that_answers_in_any_known_form_or_lacks_one_answer_works() {
    let mut played = 0;
    for cell in cells() {
        let is_floor = cell.witness.is_none() && !cell.is_read;
        if !is_floor {
            plays(&cell);
            played += 1;
        }
    }
    assert!(played > 60, "{played}");
}

#[test]
fn without_a_serial_number_or_a_number_of_documents_nothing_is_sold() {
    for cell in cells() {
        let is_floor = cell.witness.is_none() && !cell.is_read;
        if !is_floor {
            continue;
        }
        let case = format!("{} {}: {}", cell.family.name, cell.question, cell.shape);
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
    let mut cells = cells().into_iter();
    let cell = cells
        .find(|cell| cell.question == "last Z-report" && cell.shape == "an unknown form")
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

/// Answers as a manual, a maker's code or a trace shows them, each read by exactly one form.
#[test]
fn answers_of_real_printers_and_of_manuals_are_read() {
    let info = |family: &Protocol, data: &[u8]| {
        let read = family.device_info.answer.read(data).unwrap();
        (read.serial, read.fiscal_memory)
    };
    let known = |serial: &str, memory: &str| (serial.to_owned(), memory.to_owned());
    // A trace of a DP-25MX with firmware 3.00: the question with a TAB is answered without one.
    assert_eq!(
        info(
            &datecs_x::PROTOCOL,
            b"DP-25MX,3.00 22Jul25 0922,FFFF,00000000,DA020990,79020990"
        ),
        known("DA020990", "79020990")
    );
    // The end of a trace of a DP-150MX: the serial number is filled with blanks, and there is no fiscal memory.
    assert_eq!(
        info(
            &datecs_x::PROTOCOL,
            b"DP-150MX,609428 ,9460,00000000,    02500002"
        ),
        known("02500002", "")
    );
    // The form of Eltrade's manual: the switches are not taken for the serial number.
    assert_eq!(
        info(
            &eltrade::PROTOCOL,
            b"A1,KL,KL5101.1811.0.3 15Nov18 15:49,8D6F,00000000,ED123456,44123456"
        ),
        known("ED123456", "44123456")
    );
    assert!(
        eltrade::PROTOCOL
            .device_info
            .answer
            .read(b"A1,KL5101,8D6F,00000000,ED123456,44123456")
            .is_none()
    );
    // The closed receipt of the Romanian manual: document 101, Z-report 12, fiscal receipt 5.
    let last = datecs_x::PROTOCOL
        .transaction
        .answer
        .read(b"0\t101\t12\t5\t1\t19.00\t50.00\t")
        .unwrap();
    assert_eq!(
        (last.document, last.items, last.amount, last.tender),
        (Some(101), 1, 1_900, Some(5_000))
    );
    // The counters of group B's day are not its refunds.
    let [refunds, _] = datecs_b::PROTOCOL.day_refunds.as_ref().unwrap();
    assert!(refunds.answer.read(b"1,2,3,4,5,6,7,8,9,10").is_none());
    // An unknown command as Eltrade answers it, a whole frame.
    let unknown = [
        0x01, 0x2B, 0x39, 0x40, 0x04, 0xA2, 0x80, 0x80, 0x80, 0x86, 0x9A, 0x05, 0x30, 0x33, 0x3E,
        0x3F, 0x03,
    ];
    let family = &eltrade::PROTOCOL;
    let answer = Answer::parse(&family.framing, &unknown).unwrap();
    assert!(family.status.has(answer.status, Flag::UnknownCommand));
}

#[test]
fn emulated_printers_answer_only_in_forms_that_a_maker_or_a_trace_shows() {
    for cell in cells() {
        let case = format!("{} {}: {}", cell.family.name, cell.question, cell.shape);
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
        "| Family | Question | Form | Source | Emulated firmware |\n| --- | --- | --- | --- | --- |\n",
    );
    let mut seen = BTreeSet::new();
    for cell in cells() {
        let Some(source) = cell.source else { continue };
        let firmware: Vec<&str> = cell
            .firmware
            .iter()
            .copied()
            .filter(|name| cell.family.firmware_of(name).is_some())
            .collect();
        let firmware = if firmware.is_empty() {
            "none: a relay rewrites the answers".to_owned()
        } else {
            firmware.join(", ")
        };
        let row = format!(
            "| `{}` | {:02X}h, {} | `{}` | {source} | {firmware} |",
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
