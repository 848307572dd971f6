//! Tests of crashes of the host, noisy lines, and combined faults, each from a seed.
#![cfg(feature = "emulator")]

mod bench;

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use bench::cases::*;
use bench::crash::crashing_driver;
use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{FaultKind, IslEmulator};
use ferrotill_device::family::{FAMILIES, Protocol};
use ferrotill_device::port::fault::{Damage, FaultPort};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};
use ferrotill_device::{Baseline, DaySums, FiscalPrinter, Job, JournalEvidence, Performed};

#[test]
fn a_crash_of_the_host_at_any_frame_is_settled_once() {
    for family in FAMILIES {
        for case in cases_of(family) {
            for last_frame_arrives in [false, true] {
                // The host crashes at each frame in turn, until the frame is so late that the job has ended before it.
                let survived = (1..FRAMES_MAX)
                    .find(|frames| !crash(family, &case, *frames, last_frame_arrives));
                let frames = survived.expect("every job ends");
                assert!(frames > 5, "{family:?}, {}: {frames} frames", case.name);
            }
        }
    }
}

/// The largest number of frames; no job of the matrix needs more.
const FRAMES_MAX: usize = 100;

#[test]
fn after_a_crash_and_reports_at_the_keyboard_the_journal_settles_the_job_or_nothing_does() {
    for family in FAMILIES {
        for case in cases_of(family) {
            for keys in KEYS {
                let survived =
                    (1..FRAMES_MAX).find(|frames| !keyboard(family, &case, *frames, keys));
                assert!(survived.expect("every job ends") > 5, "{}", case.name);
            }
        }
    }
}

/// The reports that are printed at the keyboard while the host is down: false is X, true is Z.
const KEYS: [&[bool]; 5] = [
    &[false],
    &[true],
    &[false, true],
    &[true, false],
    &[true, true],
];

/// The host crashes, reports are printed at the keyboard, and the job is settled by evidence of the journal. Returns whether the
/// host crashed before the job ended.
fn keyboard(family: &'static Protocol, case: &Case, frames: usize, keys: &[bool]) -> bool {
    let job = &case.job;
    let (bench, _, baseline) = begun_day(family, job);
    let before = done(&bench, job);
    let day = bench
        .line
        .with(|emulator| emulator.printer().memory().day.clone());
    set_up(&bench, case, |_| {});
    let (mut crashing, frames_left) = crashing_driver(&bench, family, frames, true);
    let mut notes = Notes::new();
    let _ = crashing.perform(job, &baseline, &mut notes);
    if frames_left.load(Relaxed) > 0 {
        return false;
    }
    let executed = done(&bench, job) - before;
    let says = format!(
        "{family:?}, {}, {frames}, {keys:?}, executed {executed}",
        case.name
    );
    let pressed: Vec<bool> = bench.line.with(|emulator| {
        let printer = emulator.printer_mut();
        printer.miscount = 0;
        let press = |z: &bool| {
            if *z {
                printer.keyboard_z()
            } else {
                printer.keyboard_x()
            }
        };
        keys.iter().map(press).collect()
    });
    let z_reports = keys
        .iter()
        .zip(&pressed)
        .filter(|(z, done)| **z && **done)
        .count();
    let documents = bench
        .line
        .with(|emulator| emulator.printer().memory().last_document)
        - baseline.last_document;
    let only_z_reports = z_reports > 0 && usize::try_from(documents).unwrap() == z_reports;
    let by_letter = |groups: [i64; 8]| groups.map(Amount::from_minor);
    let told = JournalEvidence {
        cancel_decided: notes.decided,
        day: Some(DaySums {
            sales: by_letter(day.sales),
            refunds: by_letter(day.refunds),
        }),
        z_takes_a_number: true,
    };
    let untold = JournalEvidence::of_decision(notes.decided);
    let without_numbers = JournalEvidence {
        z_takes_a_number: false,
        ..told
    };
    for (books, knows) in [(untold, false), (without_numbers, false), (told, true)] {
        let outcome: Performed = bench
            .driver(77)
            .recover(job, &baseline, &books, &mut Notes::new())
            .into();
        let now = done(&bench, job) - before;
        if matches!(outcome, Performed::Unknown(_)) {
            let provable = is_provable(family, job, z_reports, only_z_reports, now);
            assert!(!knows || !provable, "{says}: {outcome:?}");
            continue;
        }
        check_settled(job, &outcome, &baseline, now, &says);
        sells_on(&bench, &mut bench.driver(60), &says);
        return true;
    }
    true
}

/// Whether evidence of the journal can settle the job after this number of Z-reports.
fn is_provable(
    family: &Protocol,
    job: &Job,
    z_reports: usize,
    only_z_reports: bool,
    executed: i64,
) -> bool {
    let never_begins_again = family.counts_for_ever;
    match job {
        // A Z-report in the fiscal memory has the sales of its day, if a command reports it.
        Job::Receipt(receipt) if receipt.refund_of.is_none() => {
            z_reports == 0 || (z_reports == 1 && family.last_z.is_some()) || only_z_reports
        }
        // The Z-report in the fiscal memory has no cash.
        Job::Receipt(_) if is_slip_return(family, job) => z_reports == 0 || only_z_reports,
        // The Z-report in the fiscal memory has no refunds.
        Job::Receipt(_) => {
            let tells_refunds = family.day_refunds.is_some();
            (z_reports == 0 && tells_refunds)
                || only_z_reports
                || (executed == 0 && never_begins_again)
        }
        // The Z-report in the fiscal memory has no cash.
        Job::Cash(_) => z_reports == 0 || only_z_reports,
        _ => true,
    }
}

/// Checks that a settled outcome agrees with the number of times that the printer has executed the job.
fn check_settled(job: &Job, outcome: &Performed, baseline: &Baseline, executed: i64, says: &str) {
    let is_receipt = matches!(job, Job::Receipt(_));
    match outcome {
        Performed::Registered(registered) if is_receipt => {
            assert_eq!(executed, 1, "{says}: {outcome:?}");
            assert_eq!(registered.document, baseline.last_document + 1, "{says}");
        }
        Performed::Registered(_) if matches!(job, Job::Cash(_)) => {
            assert_eq!(executed, 1, "{says}: {outcome:?}");
        }
        Performed::NotBegun(_) | Performed::Absent(..)
            if is_receipt || matches!(job, Job::Cash(_)) =>
        {
            assert_eq!(executed, 0, "{says}: {outcome:?}");
        }
        // A Z-report from the keyboard closes the day as well, and other documents are not fiscal.
        _ => {}
    }
}

/// The number of times that the printer has executed the job, including closed days.
fn done(bench: &Bench, job: &Job) -> i64 {
    let closed = bench.line.with(|emulator| {
        let days = emulator
            .printer()
            .memory()
            .closures
            .iter()
            .map(|closure| &closure.day);
        match job {
            Job::Cash(amount) if amount.is_negative() => days.map(|day| day.cash_out / 500).sum(),
            Job::Cash(_) => days.map(|day| day.cash_in / 10_000).sum(),
            job if is_slip_return(bench.family, job) => days.map(|day| day.cash_out / 858).sum(),
            _ => 0,
        }
    });
    closed + count(bench, job)
}

/// Runs a job with a crash of the host and settles it; returns whether the host crashed before the job ended.
fn crash(family: &'static Protocol, case: &Case, frames: usize, last_frame_arrives: bool) -> bool {
    let says = format!("{family:?}, {}, {frames} {last_frame_arrives}", case.name);
    let job = &case.job;
    let (bench, _, baseline) = begun_day(family, job);
    let before = count(&bench, job);
    set_up(&bench, case, |_| {});
    let (mut crashing, frames_left) = crashing_driver(&bench, family, frames, last_frame_arrives);
    let mut notes = Notes::new();
    let first = crashing.perform(job, &baseline, &mut notes);
    if frames_left.load(Relaxed) > 0 {
        check(&bench, job, &first, before, &says);
        return false;
    }
    bench
        .line
        .with(|emulator| emulator.printer_mut().miscount = 0);
    let mut driver = bench.driver(77);
    let outcome: Performed = driver
        .recover(
            job,
            &baseline,
            &JournalEvidence::of_decision(notes.decided),
            &mut Notes::new(),
        )
        .into();
    check(&bench, job, &outcome, before, &says);
    sells_on(&bench, &mut driver, &says);
    true
}

/// A line on which bytes are lost and changed, the same for the same seed.
struct NoisyOpener {
    line: Loopback<IslEmulator>,
    seed: u64,
}

impl PortOpener for NoisyOpener {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005) + 1;
        let damage = Damage {
            lost_write_in: 5,
            lost_read_in: 5,
            turned_bit_in: 4,
        };
        Ok(Box::new(FaultPort::new(
            self.line.open()?,
            damage,
            self.seed,
        )))
    }

    fn address(&self) -> String {
        "noise".to_owned()
    }
}

#[test]
fn a_noisy_line_never_doubles_or_loses_a_document() {
    for family in FAMILIES {
        for case in cases_of(family) {
            for seed in 1..=SEEDS {
                noise(family, &case, seed);
            }
        }
    }
}

/// The number of seeds for each job of each family.
const SEEDS: u64 = 50;

fn noise(family: &'static Protocol, case: &Case, seed: u64) {
    let says = format!("{family:?}, {}, seed {seed}", case.name);
    let job = &case.job;
    let (bench, _, baseline) = begun_day(family, job);
    let before = count(&bench, job);
    set_up(&bench, case, |_| {});
    let line = bench.line.clone();
    let mut driver = IslPrinter::new(family, Box::new(NoisyOpener { line, seed }), 5);
    let mut notes = Notes::new();
    let mut outcome = driver.perform(job, &baseline, &mut notes);
    for _ in 0..500 {
        if !matches!(outcome, Performed::Unknown(_)) {
            break;
        }
        let decided = notes.decided;
        outcome = driver
            .recover(
                job,
                &baseline,
                &JournalEvidence::of_decision(decided),
                &mut notes,
            )
            .into();
    }
    check(&bench, job, &outcome, before, &says);
    sells_on(&bench, &mut bench.driver(60), &says);
}

#[test]
fn combined_faults_never_double_or_lose_a_document() {
    for family in FAMILIES {
        for case in cases_of(family) {
            for seed in 1..=SEEDS {
                together(family, &case, seed);
            }
        }
    }
}

/// Up to six faults, on any commands, any number of times; the seed determines when the driver is restarted.
fn together(family: &'static Protocol, case: &Case, seed: u64) {
    let mut dice = Dice::new(seed);
    let job = &case.job;
    let (bench, mut driver, baseline) = begun_day(family, job);
    let before = count(&bench, job);
    let befallen = commands(family, job);
    let mut says = format!("{family:?}, {}, seed {seed}:", case.name);
    let remembers = dice.below(2) == 0;
    set_up(&bench, case, |emulator| {
        emulator.printer_mut().keeps_last_answer = remembers;
    });
    for _ in 0..=dice.below(6) {
        let kind = FaultKind::ALL[dice.below(FaultKind::ALL.len())];
        let command = befallen.get(dice.below(befallen.len() + 1)).copied();
        let times = u32::try_from(1 + dice.below(7)).unwrap();
        bench.order(kind, command, times);
        says.push_str(&format!(" {} x{times} on {command:02X?};", kind.name()));
    }
    let mut notes = Notes::new();
    let mut outcome = driver.perform(job, &baseline, &mut notes);
    for attempt in 0..80 {
        if !matches!(outcome, Performed::Unknown(_)) {
            break;
        }
        bench.repair();
        if dice.below(2) == 0 {
            driver = bench.driver(attempt);
        }
        let decided = notes.decided;
        outcome = driver
            .recover(
                job,
                &baseline,
                &JournalEvidence::of_decision(decided),
                &mut notes,
            )
            .into();
    }
    check(&bench, job, &outcome, before, &says);
    sells_on(&bench, &mut driver, &says);
}

/// Pseudo-random numbers from a seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        dice.below(1);
        dice
    }

    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % u64::try_from(sides).unwrap()).unwrap()
    }
}
