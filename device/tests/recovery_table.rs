//! Every outcome of every job under every fault, compared with a recorded table.
//!
//! The first table (`recovery/outcomes.txt`) was recorded before the outcomes "not begun" and "absent" had types of their own, and
//! with emulated printers that answered every question of the driver. No job may have an outcome that its line there does not have,
//! except by a decision that is written down beside it.
//! The second table (`recovery/outcomes-2.txt`) was recorded with printers that answer as their makers' manuals say, so that other
//! questions are asked and other frames are lost.
//! The third table (`recovery/outcomes-3.txt`) was recorded when the driver began to ask for the time of a sale right after its
//! close: a job has one frame more that can be lost. A change of the driver or of the table that judges may change no line of it.
#![cfg(feature = "emulator")]

mod bench;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use bench::cases::*;
use bench::crash::crashing_driver;
use bench::*;
use ferrotill_device::driver::escpos::{Escpos, Options};
use ferrotill_device::emulator::{EscposEmulator, FaultKind};
use ferrotill_device::family::{FAMILIES, Protocol};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::{Baseline, Fault, FiscalPrinter, Job, JournalEvidence, Performed};

/// If this variable is set, the table is recorded instead of compared.
const RECORD: &str = "FERROTILL_RECORD_OUTCOMES";

/// The lines that a decision has changed since: the end of the line, and what it is now. A pulse moves no counter, so nothing shows
/// whether it was sent if its answer was lost, and "not sent" was no evidence (docs/decisions/0016).
const DECIDED: &[(&str, &str)] = &[
    (
        ", drawer: R0>N76 N3>N76*2",
        ", drawer: R0>U77>U77>U77>U77>U77 U3>U77>U77>U77>U77>U77*2",
    ),
    ("escpos, drawer: R0>N76", "escpos, drawer: R0>U77"),
];

/// The largest number of frames; no job needs more.
const FRAMES_MAX: usize = 100;

/// The number of a fault in the tables, which were recorded before a missing port had a fault of its own.
fn number_of(fault: Fault) -> u16 {
    match fault {
        Fault::PortMissing => Fault::PortUnavailable.code(),
        other => other.code(),
    }
}

/// The outcome in short: `R` and the number of new documents, `N` and the number of the fault, `U` and the number of the fault.
fn short(outcome: &Performed, baseline: &Baseline) -> String {
    match outcome {
        Performed::Registered(registered) => {
            let new = i64::from(registered.document) - i64::from(baseline.last_document);
            format!(
                "R{new}{}",
                if registered.fiscal_receipt.is_some() {
                    "f"
                } else {
                    ""
                }
            )
        }
        Performed::NotBegun(refused) | Performed::Absent(_, refused) => {
            format!("N{}", number_of(refused.fault))
        }
        Performed::Unknown(fault) => format!("U{}", number_of(*fault)),
    }
}

/// Outcomes one after another, equal ones next to each other written once with their number.
#[derive(Default)]
struct Row {
    seen: Vec<(String, u32)>,
}

impl Row {
    fn add(&mut self, told: String) {
        match self.seen.last_mut() {
            Some((last, times)) if *last == told => *times += 1,
            _ => self.seen.push((told, 1)),
        }
    }

    fn text(&self) -> String {
        let told = self.seen.iter().map(|(told, times)| match times {
            1 => told.clone(),
            times => format!("{told}*{times}"),
        });
        told.collect::<Vec<_>>().join(" ")
    }
}

/// A job under a fault: the first outcome, and the outcomes of a new driver that asks until the job is settled, 5 times at most.
fn under_fault(
    family: &'static Protocol,
    case: &Case,
    (kind, command, times): (FaultKind, Option<u8>, u32),
) -> String {
    let job = &case.job;
    let (bench, mut driver, baseline) = begun_day(family, job);
    set_up(&bench, case, |_| {});
    bench.order(kind, command, times);
    let mut notes = Notes::new();
    let first = driver.perform(job, &baseline, &mut notes);
    check_not_begun(&bench, &first, &baseline);
    bench.repair();
    let mut told = short(&first, &baseline);
    if matches!(first, Performed::Unknown(_)) {
        told.push_str(&recovered(&bench, job, &baseline, notes.decided));
    }
    told
}

/// After "not begun" the printer has made no document.
fn check_not_begun(bench: &Bench, outcome: &Performed, baseline: &Baseline) {
    if matches!(outcome, Performed::NotBegun(_)) {
        let memory = bench
            .line
            .with(|emulator| emulator.printer().memory().clone());
        assert_eq!(memory.last_document, baseline.last_document, "{outcome:?}");
        assert!(memory.open.is_none(), "{outcome:?}");
    }
}

fn recovered(bench: &Bench, job: &Job, baseline: &Baseline, mut decided: bool) -> String {
    let mut told = String::new();
    for attempt in 0..5 {
        let mut notes = Notes::new();
        let evidence = JournalEvidence::of_decision(decided);
        let outcome: Performed = bench
            .driver(attempt + 40)
            .recover(job, baseline, &evidence, &mut notes)
            .into();
        decided |= notes.decided;
        write!(told, ">{}", short(&outcome, baseline)).unwrap();
        if !matches!(outcome, Performed::Unknown(_)) {
            break;
        }
        bench.repair();
    }
    told
}

/// A job whose host crashes at this frame; `None` if the job ended before.
fn after_crash(
    family: &'static Protocol,
    case: &Case,
    (frames, last_frame_arrives): (usize, bool),
) -> Option<String> {
    let job = &case.job;
    let (bench, _, baseline) = begun_day(family, job);
    set_up(&bench, case, |_| {});
    let (mut driver, frames_left) = crashing_driver(&bench, family, frames, last_frame_arrives);
    let mut notes = Notes::new();
    let first = driver.perform(job, &baseline, &mut notes);
    if frames_left.load(Relaxed) > 0 {
        return None;
    }
    check_not_begun(&bench, &first, &baseline);
    bench
        .line
        .with(|emulator| emulator.printer_mut().miscount = 0);
    let told = recovered(&bench, job, &baseline, notes.decided);
    Some(format!("{}{told}", short(&first, &baseline)))
}

/// What a printer says that is not the one of the baseline.
fn swapped(family: &'static Protocol, case: &Case, change: fn(&mut Baseline)) -> String {
    let (bench, mut driver, mut baseline) = begun_day(family, &case.job);
    change(&mut baseline);
    let first = driver.perform(&case.job, &baseline, &mut Notes::new());
    let told = recovered(&bench, &case.job, &baseline, false);
    format!("{}{told}", short(&first, &baseline))
}

/// A pulse under no fault and without answers, and what a new driver says of it.
fn pulses(family: &'static Protocol) -> String {
    let mut row = Row::default();
    for times in [0, 5, 12] {
        let (bench, mut driver, baseline) = begun_day(family, &sale());
        bench.order(FaultKind::DropAnswer, None, times);
        let first = driver.perform(&Job::Drawer, &baseline, &mut Notes::new());
        bench.line.with(|emulator| emulator.clear_faults());
        let told = recovered(&bench, &Job::Drawer, &baseline, false);
        row.add(format!("{}{told}", short(&first, &baseline)));
    }
    row.text()
}

fn on_receipt_printer(job: &Job) -> String {
    let line = Loopback::new(EscposEmulator::new(None));
    let mut printer = Escpos::new(Box::new(line), Options::default(), 7);
    let baseline = printer.connect().unwrap().baseline;
    let first = printer.perform(job, &baseline, &mut Notes::new());
    let again: Performed = printer
        .recover(
            job,
            &baseline,
            &JournalEvidence::default(),
            &mut Notes::new(),
        )
        .into();
    format!("{}>{}", short(&first, &baseline), short(&again, &baseline))
}

/// The families that came after the table of the first ones was recorded; each has a file of its own.
const LATER: [&str; 3] = ["datecs-mx", "daisy", "tremol"];

fn is_later(family: &Protocol) -> bool {
    LATER.contains(&family.name)
}

/// The table of the first families, and of receipt printers.
fn table() -> String {
    let mut text = String::new();
    let first = || FAMILIES.iter().copied().filter(|family| !is_later(family));
    for family in first() {
        text.push_str(&table_of(family));
    }
    for case in cases() {
        let told = on_receipt_printer(&case.job);
        writeln!(text, "escpos, {}: {told}", case.name).unwrap();
    }
    for family in first() {
        writeln!(text, "{}, drawer: {}", family.name, pulses(family)).unwrap();
    }
    writeln!(text, "escpos, drawer: {}", on_receipt_printer(&Job::Drawer)).unwrap();
    text
}

fn table_of(family: &'static Protocol) -> String {
    let mut text = String::new();
    for case in cases_of(family) {
        let head = format!("{}, {}", family.name, case.name);
        for kind in FaultKind::ALL {
            let mut row = Row::default();
            let befallen = commands(family, &case.job).into_iter().map(Some);
            for command in befallen.chain([None]) {
                for times in [1, 5] {
                    row.add(under_fault(family, &case, (kind, command, times)));
                }
            }
            writeln!(text, "{head}, {}: {}", kind.name(), row.text()).unwrap();
        }
        for arrives in [false, true] {
            let mut row = Row::default();
            (1..FRAMES_MAX)
                .map_while(|frames| after_crash(family, &case, (frames, arrives)))
                .for_each(|told| row.add(told));
            writeln!(text, "{head}, crash, arrives {arrives}: {}", row.text()).unwrap();
        }
        let other_serial: fn(&mut Baseline) = |baseline| baseline.serial.push('1');
        let other_memory: fn(&mut Baseline) = |baseline| baseline.fiscal_memory.push('1');
        for (name, change) in [("serial", other_serial), ("memory", other_memory)] {
            let told = swapped(family, &case, change);
            writeln!(text, "{head}, another {name}: {told}").unwrap();
        }
    }
    text
}

#[test]
fn every_outcome_is_the_recorded_one() {
    compare("outcomes-3.txt", table());
}

#[test]
fn every_outcome_of_a_later_family_is_the_recorded_one() {
    for family in FAMILIES.iter().filter(|family| is_later(family)) {
        let drawer = format!("{}, drawer: {}\n", family.name, pulses(family));
        let name = format!("outcomes-{}.txt", family.name);
        compare(&name, table_of(family) + &drawer);
    }
}

fn compare(name: &str, now: String) {
    let path = recorded_at(name);
    if std::env::var_os(RECORD).is_some() {
        fs::write(path, now).unwrap();
        return;
    }
    let recorded = fs::read_to_string(path).unwrap();
    let differences: Vec<_> = recorded
        .lines()
        .zip(now.lines())
        .filter(|(recorded, now)| recorded != now)
        .map(|(recorded, now)| format!("recorded {recorded}\n     now {now}"))
        .collect();
    assert_eq!(recorded.lines().count(), now.lines().count());
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn no_outcome_is_one_that_an_earlier_table_does_not_have() {
    no_outcome_is_new("outcomes.txt", "outcomes-2.txt");
    no_outcome_is_new("outcomes-2.txt", "outcomes-3.txt");
}

/// Compares two tables, but for the number of frames of each job.
fn no_outcome_is_new(earlier: &str, later: &str) {
    let first = fs::read_to_string(recorded_at(earlier)).unwrap();
    let second = fs::read_to_string(recorded_at(later)).unwrap();
    let decided = |line: &str| {
        let changed = DECIDED.iter().find_map(|(recorded, now)| {
            let head = line.strip_suffix(recorded)?;
            Some(format!("{head}{now}"))
        });
        changed.unwrap_or_else(|| line.to_owned())
    };
    assert_eq!(first.lines().count(), second.lines().count());
    for (first, second) in first.lines().map(decided).zip(second.lines()) {
        let (head, outcomes) = first.rsplit_once(": ").unwrap();
        let (same, now) = second.rsplit_once(": ").unwrap();
        assert_eq!(head, same);
        let (outcomes, now) = (kinds(outcomes), kinds(now));
        assert!(
            now.is_subset(&outcomes),
            "{head}: {now:?} and before {outcomes:?}"
        );
    }
}

/// The outcomes of a line, each once: how often one follows another depends on the number of frames of the job.
fn kinds(outcomes: &str) -> BTreeSet<&str> {
    outcomes
        .split([' ', '>'])
        .map(|outcome| outcome.split('*').next().unwrap_or(outcome))
        .collect()
}

fn recorded_at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/recovery")
        .join(name)
}
