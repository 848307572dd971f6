//! Shared by the fault matrix, the crashes and the noise: the jobs, the commands that they send, and the checks after each of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ferrotill_core::Amount;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::memory::{FiscalReceipt, Memory};
use ferrotill_device::emulator::{FaultKind, IslEmulator};
use ferrotill_device::family::{Errors, Protocol};
use ferrotill_device::{Baseline, FiscalPrinter, Job, Performed};

use super::{Bench, Notes, cash_in, on, refund, refund_on, registered, sale};

/// A job of the matrix.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    pub job: Job,
    /// The minor units by which the printer's sums differ from the till's, so that the receipt must be cancelled.
    pub miscount: i64,
}

impl Case {
    /// The case as a printer of this family can do it.
    pub fn on(self, family: &Protocol) -> Self {
        Self {
            job: on(family, self.job),
            ..self
        }
    }

    fn of(name: &'static str, job: Job) -> Self {
        Self {
            name,
            job,
            miscount: 0,
        }
    }
}

/// Every job of the matrix.
pub fn cases() -> Vec<Case> {
    vec![
        Case::of("sale", sale()),
        Case {
            miscount: 1,
            ..Case::of("sale to be cancelled", sale())
        },
        Case::of("refund", refund()),
        Case::of("cash in", cash_in()),
        Case::of("cash out", Job::Cash(Amount::from_minor(-500))),
        Case::of("Z", Job::ZReport),
        Case::of("X", Job::XReport),
        Case::of("slip", Job::text(["one", "two"])),
        Case::of("duplicate", Job::Duplicate),
        Case::of(
            "memory",
            Job::ByNumber {
                first: 1,
                last: 9,
                detailed: false,
            },
        ),
    ]
}

/// Every job of the matrix that a printer of this family can do.
pub fn cases_of(family: &Protocol) -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| can(family, &case.job));
    cases.into_iter().map(|case| case.on(family)).collect()
}

/// Whether the job is a return on a printer that has no refund receipts: a withdrawal of 8.58 and a slip.
pub fn is_slip_return(family: &Protocol, job: &Job) -> bool {
    let is_return = matches!(job, Job::Receipt(receipt) if receipt.refund_of.is_some());
    is_return && family.refund.is_none()
}

/// Whether a printer of this family can do the job: not every one has a command for a duplicate.
pub fn can(family: &Protocol, job: &Job) -> bool {
    match job {
        Job::Duplicate => family.duplicate.is_some(),
        _ => true,
    }
}

/// The case of this name.
pub fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

/// The command of the last Z-report, which no printer of Eltrade knows.
const LAST_Z: u8 = 0x40;

/// The commands that a job of a family may send, including questions.
pub fn commands(family: &Protocol, job: &Job) -> Vec<u8> {
    let mut commands = vec![
        family.state.command,
        family.transaction.command,
        family.receipt_sums.command,
        family.last_document.command,
        family.day_payments.command,
        family.last_z.as_ref().map_or(LAST_Z, |row| row.command),
        family.cash.command,
        family.device_info.command,
    ];
    if let Some(asked) = &family.asked {
        commands.extend([
            asked.version.command,
            asked.last.command,
            asked.payment_types.command,
            asked.day.command,
            asked.registers[0].command,
        ]);
    }
    commands.extend(family.line_lengths.iter().map(|row| row.command));
    commands.extend(family.issued_document.iter().map(|row| row.command));
    if let Errors::Asked(question) = &family.errors {
        commands.push(question.command);
    }
    let is_sale = matches!(job, Job::Receipt(receipt) if receipt.refund_of.is_none());
    if is_sale && family.refund.is_some() {
        commands.push(family.clock.command);
        commands.extend(family.last_receipt.map(|row| row.command));
        commands.extend(family.journal_document.map(|row| row.command));
    }
    commands.extend(match job {
        Job::Receipt(_) if is_slip_return(family, job) => vec![
            family.slip_open.command,
            family.slip_text.command,
            family.slip_close.command,
        ],
        Job::Receipt(receipt) => vec![
            if receipt.refund_of.is_some() {
                family
                    .refund
                    .as_ref()
                    .map_or(family.open.command, |row| row.command)
            } else {
                family.open.command
            },
            family.sale.command,
            family.text.command,
            family.subtotal.command,
            family.payment.command,
            family.close.command,
            family.cancel.command,
        ],
        Job::Cash(_) => vec![],
        Job::ZReport => vec![family.z_report.command, family.day_sales[0].command],
        Job::XReport => vec![family.x_report.command, family.day_sales[0].command],
        Job::Text(_) => vec![
            family.slip_open.command,
            family.slip_text.command,
            family.slip_close.command,
        ],
        Job::Duplicate => family.duplicate.iter().map(|row| row.command).collect(),
        Job::ByNumber { .. } => vec![family.by_number[0].command],
        other => panic!("{other:?} is not in the matrix"),
    });
    commands.sort_unstable();
    commands.dedup();
    commands
}

/// A printer in the middle of a day whose last receipt equals the next one: the hardest case for recovery.
/// The returned driver has settled its counters.
pub fn begun_day(family: &'static Protocol, job: &Job) -> (Bench, IslPrinter, Baseline) {
    begun_day_without(family, job, &[])
}

/// The same printer and driver, with firmware that lacks these commands.
pub fn begun_day_without(
    family: &'static Protocol,
    job: &Job,
    lacks: &[u8],
) -> (Bench, IslPrinter, Baseline) {
    type Days = BTreeMap<(&'static str, &'static str, bool), (Memory, Vec<FiscalReceipt>)>;
    // The morning of the day is always the same, so it is played once and its result is copied.
    static DAYS: Mutex<Days> = Mutex::new(BTreeMap::new());
    let is_refund = matches!(job, Job::Receipt(receipt) if receipt.refund_of.is_some());
    let mut days = DAYS.lock().unwrap();
    let (memory, receipts) = days
        .entry((family.name, family.country, is_refund))
        .or_insert_with(|| {
            morning(
                family,
                if is_refund {
                    refund_on(family)
                } else {
                    on(family, sale())
                },
            )
        })
        .clone();
    drop(days);
    let bench = Bench::with(family, memory, receipts);
    bench
        .line
        .with(|emulator| emulator.printer_mut().lacks = lacks.to_vec());
    let mut driver = bench.driver(9);
    let baseline = driver.connect().unwrap().baseline;
    (bench, driver, baseline)
}

fn morning(family: &'static Protocol, twin: Job) -> (Memory, Vec<FiscalReceipt>) {
    let bench = Bench::of(family);
    let mut driver = bench.driver(9);
    let mut baseline = driver.connect().unwrap().baseline;
    for job in [cash_in(), twin] {
        baseline = registered(driver.perform(&job, &baseline, &mut Notes::new())).after;
    }
    bench.line.with(|emulator| {
        let printer = emulator.printer();
        (printer.memory().clone(), printer.receipts().to_vec())
    })
}

/// The printer's own count of the documents that a job makes.
pub fn count(bench: &Bench, job: &Job) -> i64 {
    bench.line.with(|emulator| {
        let printer = emulator.printer();
        let memory = printer.memory();
        match job {
            Job::Receipt(_) if is_slip_return(bench.family, job) => memory.day.cash_out / 858,
            Job::Receipt(_) => i64::try_from(printer.receipts().len()).unwrap(),
            Job::Cash(amount) if amount.is_negative() => memory.day.cash_out / 500,
            Job::Cash(_) => memory.day.cash_in / 10_000,
            Job::ZReport => i64::from(memory.z_number()),
            _ => i64::from(memory.last_document),
        }
    })
}

/// Checks that a settled outcome agrees with the printer's memory.
pub fn check(bench: &Bench, job: &Job, outcome: &Performed, before: i64, case: &str) {
    let new = count(bench, job) - before;
    match (job, outcome) {
        (_, Performed::Unknown(_)) => panic!("{case}: never settled: {outcome:?}"),
        (Job::Receipt(_), Performed::Registered(_)) if is_slip_return(bench.family, job) => {
            assert_eq!(new, 1, "{case}: {outcome:?}");
        }
        (Job::Receipt(_), _) if is_slip_return(bench.family, job) => {
            assert_eq!(new, 0, "{case}: {outcome:?}");
        }
        (Job::Receipt(_), _) => {
            bench.check_outcome(outcome, usize::try_from(before).unwrap(), case);
        }
        // An interrupted slip uses a number and is not registered; the slip is not a fiscal document.
        (Job::Text(_), _) => assert!(new <= 1, "{case}"),
        (_, Performed::Registered(_)) => assert_eq!(new, 1, "{case}: {outcome:?}"),
        (_, Performed::NotBegun(_) | Performed::Absent(..)) => {
            assert_eq!(new, 0, "{case}: {outcome:?}")
        }
    }
}

/// Checks that the printer sells after the fault.
pub fn sells_on(bench: &Bench, driver: &mut IslPrinter, case: &str) {
    bench.line.with(|emulator| {
        emulator.clear_faults();
        emulator.printer_mut().miscount = 0;
    });
    bench.repair();
    let baseline = driver
        .connect()
        .unwrap_or_else(|fault| panic!("{case}: {fault}"))
        .baseline;
    let before = bench.fiscal_receipts();
    let outcome = driver.perform(&on(bench.family, sale()), &baseline, &mut Notes::new());
    let _ = registered(outcome);
    assert_eq!(bench.fiscal_receipts(), before + 1, "{case}");
}

/// Whether a fault remains until paper is loaded or the cover is closed: such a fault need not happen twice.
pub fn stays(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::PaperOut
            | FaultKind::PaperEnd
            | FaultKind::CoverOpen
            | FaultKind::CoverOpenAfter
    )
}

/// Whether a fault cuts the power, so that the result depends on what the printer remembers.
pub fn cuts_power(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::PowerCut | FaultKind::PowerCutBefore | FaultKind::Blink
    )
}

/// Prepares the printer of a case.
pub fn set_up(bench: &Bench, case: &Case, set: impl FnOnce(&mut IslEmulator)) {
    bench.line.with(|emulator| {
        emulator.printer_mut().miscount = case.miscount;
        set(emulator);
    });
}
