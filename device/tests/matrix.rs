//! Every command of every job of every family, under every trouble: nothing is doubled, nothing is lost, and everything is settled.
#![cfg(feature = "emulator")]

mod bench;

use std::io;

use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{Emulator, FaultKind};
use ferrotill_device::family::{FAMILIES, Protocol, datecs, datecs_x};
use ferrotill_device::port::fault::{Damage, FaultPort};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};
use ferrotill_device::{Baseline, FiscalPrinter, Job, Outcome};

/// The commands that the jobs of a family send, reads and handshakes included, and "any".
fn commands(family: &Protocol) -> Vec<Option<u8>> {
    let mut commands = vec![
        family.open.command,
        family.refund.command,
        family.sale.command,
        family.subtotal.command,
        family.payment.command,
        family.text.command,
        family.close.command,
        family.cancel.command,
        family.slip_open.command,
        family.slip_text.command,
        family.slip_close.command,
        family.duplicate.command,
        family.z_report.command,
        family.cash.command,
        family.state.command,
        family.transaction.command,
        family.receipt_sums.command,
        family.last_document.command,
        family.day_payments.command,
        family.day_groups[0].command,
        family.last_z.command,
        family.device_info.command,
    ];
    commands.sort_unstable();
    commands.dedup();
    let mut all: Vec<Option<u8>> = commands.into_iter().map(Some).collect();
    all.insert(0, None);
    all
}

/// A family, how often each trouble happens, and whether the driver is restarted meanwhile.
///
/// Once, and as often as one exchange tries, with and without a restart, for the family that is oldest
/// and for the one whose frames and answers are unlike. The families that share both are thinned out.
fn dimensions() -> Vec<(&'static Protocol, &'static [u32], &'static [bool])> {
    FAMILIES
        .iter()
        .map(|family| {
            if [&datecs::PROTOCOL, &datecs_x::PROTOCOL].contains(family) {
                (*family, &[1, 5][..], &[false, true][..])
            } else {
                (*family, &[5][..], &[true][..])
            }
        })
        .collect()
}

fn jobs() -> Vec<(&'static str, Job)> {
    vec![
        ("sale", sale()),
        ("refund", refund()),
        ("cash in", cash_in()),
        ("cash out", Job::Cash(Amount::from_minor(-500))),
        ("Z", Job::ZReport),
        ("X", Job::XReport),
        ("slip", Job::Text(vec!["one".to_owned(), "two".to_owned()])),
    ]
}

/// A printer in the middle of a day whose last receipt looks just like the one to come: the hardest case for recovery.
fn begun_day(bench: &Bench, job: &Job) -> (IslPrinter, Baseline) {
    let mut driver = bench.driver(9);
    let mut baseline = driver.connect().unwrap().baseline;
    let twin = match job {
        Job::Receipt(_) => job.clone(),
        _ => sale(),
    };
    for job in [cash_in(), twin] {
        baseline = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
    }
    (driver, baseline)
}

/// The printer's own count of what a job does.
fn count(bench: &Bench, job: &Job) -> i64 {
    bench.line.with(|emulator| {
        let printer = emulator.printer();
        let memory = printer.memory();
        match job {
            Job::Receipt(_) => i64::try_from(printer.receipts().len()).unwrap(),
            Job::Cash(amount) if amount.is_negative() => memory.day.cash_out / 500,
            Job::Cash(_) => memory.day.cash_in / 10_000,
            Job::ZReport => i64::from(memory.z_number()),
            _ => i64::from(memory.last_document),
        }
    })
}

fn check(bench: &Bench, job: &Job, outcome: &Outcome, before: i64, case: &str) {
    let new = count(bench, job) - before;
    match (job, outcome) {
        (_, Outcome::Unknown(_)) => panic!("{case}: never settled: {outcome:?}"),
        (Job::Receipt(_), _) => {
            bench.check_outcome(outcome, usize::try_from(before).unwrap(), case);
        }
        // A slip that was cut short takes a number and is not registered; it is no fiscal document.
        (Job::Text(_), _) => assert!(new <= 1, "{case}"),
        (_, Outcome::Registered(_)) => assert_eq!(new, 1, "{case}: {outcome:?}"),
        (_, Outcome::NotRegistered(_)) => assert_eq!(new, 0, "{case}: {outcome:?}"),
    }
}

/// After the trouble the printer sells on.
fn sells_on(bench: &Bench, driver: &mut IslPrinter, case: &str) {
    bench.line.with(Emulator::clear_faults);
    bench.repair();
    let baseline = driver
        .connect()
        .unwrap_or_else(|fault| panic!("{case}: {fault}"))
        .baseline;
    let before = bench.fiscal_receipts();
    let outcome = driver.perform(&sale(), &baseline, &mut Notes::new());
    let _ = registered(outcome);
    assert_eq!(bench.fiscal_receipts(), before + 1, "{case}");
}

fn try_one(
    bench: &Bench,
    job: &Job,
    kind: FaultKind,
    command: Option<u8>,
    times: u32,
    restart: bool,
    case: &str,
) {
    let (mut driver, baseline) = begun_day(bench, job);
    let before = count(bench, job);
    bench.order(kind, command, times);
    let mut notes = Notes::new();
    let first = driver.perform(job, &baseline, &mut notes);
    let (mut driver, outcome) =
        settle(bench, driver, job, &baseline, first, notes.decided, restart);
    check(bench, job, &outcome, before, case);
    sells_on(bench, &mut driver, case);
}

/// All troubles on all commands during one job, on every family.
fn try_all(name: &str, job: &Job) {
    for (family, times, restarts) in dimensions() {
        try_family(name, job, family, times, restarts, &[]);
    }
}

fn try_family(
    name: &str,
    job: &Job,
    family: &'static Protocol,
    times: &[u32],
    restarts: &[bool],
    lacks: &[u8],
) {
    for kind in FaultKind::ALL {
        for command in commands(family) {
            for times in times {
                for restart in restarts {
                    let case = format!(
                        "{}, {name}, {} x{times} on {command:02X?}, restart {restart}",
                        family.name,
                        kind.name()
                    );
                    let bench = Bench::of(family);
                    bench
                        .line
                        .with(|emulator| emulator.printer_mut().lacks = lacks.to_vec());
                    try_one(&bench, job, kind, command, *times, *restart, &case);
                }
            }
        }
    }
}

#[test]
fn firmware_of_x_without_variables_is_settled_by_what_is_left() {
    // Without 255 neither the number of the last document nor that of the next fiscal receipt is told.
    for (name, job) in [("sale", sale()), ("Z", Job::ZReport)] {
        try_family(name, &job, &datecs_x::PROTOCOL, &[1, 5], &[true], &[0xFF]);
    }
}

#[test]
fn duplicates_and_reports_of_the_fiscal_memory_are_settled_under_every_trouble() {
    let by_number = Job::ByNumber {
        first: 1,
        last: 9,
        detailed: false,
    };
    for family in FAMILIES {
        for (name, job) in [("duplicate", Job::Duplicate), ("memory", by_number.clone())] {
            try_family(name, &job, family, &[5], &[true], &[]);
        }
    }
}

#[test]
fn a_sale_is_settled_once_under_every_trouble() {
    try_all("sale", &sale());
}

#[test]
fn a_refund_is_settled_once_under_every_trouble() {
    try_all("refund", &refund());
}

#[test]
fn cash_is_settled_once_under_every_trouble() {
    try_all("cash in", &cash_in());
    try_all("cash out", &Job::Cash(Amount::from_minor(-500)));
}

#[test]
fn reports_are_settled_once_under_every_trouble() {
    try_all("Z", &Job::ZReport);
    try_all("X", &Job::XReport);
}

#[test]
fn a_slip_is_settled_under_every_trouble() {
    try_all("slip", &Job::Text(vec!["one".to_owned(), "two".to_owned()]));
}

#[test]
fn a_lost_close_is_registered_in_the_same_call() {
    for family in FAMILIES {
        for times in [1, 4, 5, 9] {
            let bench = Bench::of(family);
            let (mut driver, baseline) = begun_day(&bench, &sale());
            bench.order(FaultKind::DropAnswer, Some(family.close.command), times);
            let outcome = driver.perform(&sale(), &baseline, &mut Notes::new());
            let registered = registered(outcome);
            assert_eq!(registered.document, baseline.last_document + 1, "{times}");
            assert_eq!(bench.fiscal_receipts(), 2);
        }
    }
}

#[test]
fn a_power_cut_after_the_close_is_found_registered() {
    let bench = Bench::new();
    let (mut driver, baseline) = begun_day(&bench, &sale());
    bench.order(FaultKind::PowerCut, Some(0x38), 1);
    let first = driver.perform(&sale(), &baseline, &mut Notes::new());
    assert!(matches!(first, Outcome::Unknown(_)), "{first:?}");
    // Still without power: still unknown.
    let again = driver.recover(&sale(), &baseline, false, &mut Notes::new());
    assert!(matches!(again, Outcome::Unknown(_)), "{again:?}");
    bench.repair();
    let outcome = driver.recover(&sale(), &baseline, false, &mut Notes::new());
    assert_eq!(registered(outcome).document, baseline.last_document + 1);
    assert_eq!(bench.fiscal_receipts(), 2);
}

#[test]
fn lost_answers_of_one_command_cost_the_customer_nothing() {
    // The receipt goes on at the doubtful line, in the same call, and is not cancelled.
    for family in FAMILIES {
        for command in [
            family.open.command,
            family.sale.command,
            family.subtotal.command,
            family.payment.command,
            family.text.command,
            family.close.command,
        ] {
            for kind in [FaultKind::DropAnswer, FaultKind::DropRequest] {
                let bench = Bench::of(family);
                let (mut driver, baseline) = begun_day(&bench, &sale());
                bench.order(kind, Some(command), 5);
                let mut notes = Notes::new();
                let outcome = driver.perform(&sale(), &baseline, &mut notes);
                let _ = registered(outcome);
                assert!(!notes.decided, "{command:02X} {}", kind.name());
                assert_eq!(bench.fiscal_receipts(), 2);
            }
        }
    }
}

/// A port that dies with its process: after so many frames nothing leaves or reaches the host any more.
struct CrashOpener {
    line: Loopback<Emulator>,
    frames_left: usize,
    last_frame_arrives: bool,
}

struct CrashPort {
    port: Box<dyn Port>,
    frames_left: usize,
    last_frame_arrives: bool,
}

impl PortOpener for CrashOpener {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        if self.frames_left == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        let frames_left = std::mem::take(&mut self.frames_left);
        Ok(Box::new(CrashPort {
            port: self.line.open()?,
            frames_left,
            last_frame_arrives: self.last_frame_arrives,
        }))
    }

    fn address(&self) -> String {
        "crash".to_owned()
    }
}

impl Port for CrashPort {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.frames_left == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.frames_left -= 1;
        if self.frames_left > 0 {
            return self.port.write_all(bytes);
        }
        if self.last_frame_arrives {
            self.port.write_all(bytes)?;
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.port.read(buffer, timeout_ms)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

#[test]
fn a_crash_of_the_host_at_any_frame_is_settled_once() {
    for (family, _, restarts) in dimensions() {
        // Where the matrix is thinned out, every third frame.
        let every = if restarts.len() > 1 { 1 } else { 3 };
        for (name, job) in jobs() {
            crash_everywhere(family, name, &job, every);
        }
    }
}

fn crash_everywhere(family: &'static Protocol, name: &str, job: &Job, every: usize) {
    for frames in (1..45).step_by(every) {
        for last_frame_arrives in [false, true] {
            for miscount in [0, 1] {
                let case = format!(
                    "{}, {name}, {frames} {last_frame_arrives} {miscount}",
                    family.name
                );
                let bench = Bench::of(family);
                let (_, baseline) = begun_day(&bench, job);
                let before = count(&bench, job);
                // With other totals than ours the receipt is being cancelled when the crash comes.
                bench
                    .line
                    .with(|emulator| emulator.printer_mut().miscount = miscount);
                let mut crashing = IslPrinter::new(
                    bench.family,
                    Box::new(CrashOpener {
                        line: bench.line.clone(),
                        frames_left: frames,
                        last_frame_arrives,
                    }),
                    3,
                );
                let mut notes = Notes::new();
                let _ = crashing.perform(job, &baseline, &mut notes);
                bench
                    .line
                    .with(|emulator| emulator.printer_mut().miscount = 0);
                let mut driver = bench.driver(77);
                let outcome = driver.recover(job, &baseline, notes.decided, &mut Notes::new());
                check(&bench, job, &outcome, before, &case);
                sells_on(&bench, &mut driver, &case);
            }
        }
    }
}

/// A line on which bytes are lost and turned, the same for the same seed.
struct NoisyOpener {
    line: Loopback<Emulator>,
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
fn a_noisy_line_doubles_and_loses_nothing() {
    for (place, family) in FAMILIES.iter().enumerate() {
        for (name, job) in jobs() {
            for seed in (1 + place as u64..100).step_by(2) {
                noise(family, name, &job, seed);
            }
        }
    }
}

fn noise(family: &'static Protocol, name: &str, job: &Job, seed: u64) {
    let case = format!("{}, {name}, seed {seed}", family.name);
    let bench = Bench::of(family);
    let (_, baseline) = begun_day(&bench, job);
    let before = count(&bench, job);
    let line = bench.line.clone();
    let mut driver = IslPrinter::new(family, Box::new(NoisyOpener { line, seed }), 5);
    let mut notes = Notes::new();
    let mut outcome = driver.perform(job, &baseline, &mut notes);
    for _ in 0..500 {
        if !matches!(outcome, Outcome::Unknown(_)) {
            break;
        }
        let decided = notes.decided;
        outcome = driver.recover(job, &baseline, decided, &mut notes);
    }
    check(&bench, job, &outcome, before, &case);
    sells_on(&bench, &mut bench.driver(60), &case);
}

#[test]
fn a_receipt_of_nothing_is_settled_once_too() {
    // Its payment does not show in what was tendered, so the table of recovery is blind in one eye.
    let Job::Receipt(mut receipt) = sale() else {
        unreachable!()
    };
    receipt.lines.truncate(1);
    receipt.lines[0].adjustment = Amount::from_minor(-1_620);
    receipt.total = Amount::ZERO;
    receipt.change = Amount::ZERO;
    receipt.payments.truncate(1);
    receipt.payments[0].amount = Amount::ZERO;
    let job = Job::Receipt(receipt);
    for kind in FaultKind::ALL {
        for command in commands(&datecs::PROTOCOL) {
            for times in [1, 5, 12] {
                for restart in [false, true] {
                    let case = format!("{} x{times} on {command:02X?}, {restart}", kind.name());
                    let bench = Bench::new();
                    let (driver, baseline) = begun_day(&bench, &sale());
                    let mut driver = driver;
                    let before = count(&bench, &job);
                    bench.order(kind, command, times);
                    let mut notes = Notes::new();
                    let first = driver.perform(&job, &baseline, &mut notes);
                    let decided = notes.decided;
                    let (mut driver, outcome) =
                        settle(&bench, driver, &job, &baseline, first, decided, restart);
                    let new = count(&bench, &job) - before;
                    match outcome {
                        Outcome::Registered(_) => assert_eq!(new, 1, "{case}"),
                        Outcome::NotRegistered(_) => assert_eq!(new, 0, "{case}"),
                        Outcome::Unknown(_) => panic!("{case}: {outcome:?}"),
                    }
                    sells_on(&bench, &mut driver, &case);
                }
            }
        }
    }
}

#[test]
fn a_driver_that_retries_with_new_numbers_is_seen_to_double() {
    // The control: what the drivers of spec 7.3 do shows up as two documents, so a doubling of ours would show as well.
    let bench = Bench::new();
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    bench.order(FaultKind::DropAnswer, Some(0x46), 5);
    let _ = registered(driver.perform(&cash_in(), &baseline, &mut Notes::new()));
    assert_eq!(count(&bench, &cash_in()), 1);
    let naive = driver.connect().unwrap().baseline;
    let _ = registered(driver.perform(&cash_in(), &naive, &mut Notes::new()));
    assert_eq!(count(&bench, &cash_in()), 2);
}
