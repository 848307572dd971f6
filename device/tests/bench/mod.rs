//! Shared by the conversation tests: a printer on a loopback, the jobs, and the check that no document is doubled or lost.
#![allow(dead_code, unreachable_pub)]

pub mod cases;
pub mod crash;
pub mod host;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ferrotill_core::{Amount, Quantity};
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::memory::{FiscalReceipt, Memory, OpenKind};
use ferrotill_device::emulator::{FaultKind, FaultOrder, IslEmulator, Printer};
use ferrotill_device::family::{Protocol, datecs};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::{
    Baseline, FiscalPrinter, Job, JournalEvidence, LineJob, NoDocument, Paper, PaymentJob,
    Performed, ReceiptJob, RefundOf, Registered, Watch, printer::TextLine,
};

/// A printer on a line in this thread, and its clock.
pub struct Bench {
    pub line: Loopback<IslEmulator>,
    pub family: &'static Protocol,
    seconds: Arc<AtomicI64>,
}

impl Bench {
    pub fn new() -> Self {
        Self::of(&datecs::PROTOCOL)
    }

    pub fn of(family: &'static Protocol) -> Self {
        Self::with(family, host::memory(), Vec::new())
    }

    pub fn of_firmware(family: &'static Protocol, firmware: &str) -> Self {
        let clock = Arc::new(|| 1_795_221_330);
        let printer = Printer::new(host::memory(), clock)
            .of_family(family)
            .with_firmware(firmware);
        Self {
            family,
            line: Loopback::new(IslEmulator::new(printer, None)),
            seconds: Arc::default(),
        }
    }

    pub fn with(family: &'static Protocol, memory: Memory, receipts: Vec<FiscalReceipt>) -> Self {
        let seconds = Arc::new(AtomicI64::new(1_795_221_330));
        let clock = Arc::clone(&seconds);
        let clock = Arc::new(move || clock.load(Ordering::Relaxed));
        let printer = Printer::new(memory, clock)
            .of_family(family)
            .with_receipts(receipts);
        Self {
            family,
            line: Loopback::new(IslEmulator::new(printer, None)),
            seconds,
        }
    }

    pub fn driver(&self, first_seq: u8) -> IslPrinter {
        IslPrinter::new(self.family, Box::new(self.line.clone()), first_seq)
    }

    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn order(&self, kind: FaultKind, command: Option<u8>, times: u32) {
        self.line.with(|emulator| {
            emulator.add_fault(FaultOrder {
                kind,
                command,
                times,
                ms: if kind == FaultKind::Bytewise {
                    100
                } else {
                    700
                },
            });
        });
    }

    /// Whether the ordered fault has affected a frame.
    pub fn order_is_begun(&self, times: u32) -> bool {
        self.line
            .with(|emulator| !emulator.faults().iter().any(|order| order.times == times))
    }

    /// Restores power, cable, paper and cover; ordered faults stay.
    pub fn repair(&self) {
        self.line.with(|emulator| {
            if !emulator.printer().is_on() {
                emulator.set_power(true);
            }
            emulator.set_plugged(true);
            emulator.printer_mut().set_paper(Paper::Ok);
            emulator.printer_mut().set_cover_open(false);
        });
    }

    pub fn fiscal_receipts(&self) -> usize {
        self.line
            .with(|emulator| emulator.printer().receipts().len())
    }

    pub fn check(&self, receipts: usize, open: bool) {
        assert_eq!(self.fiscal_receipts(), receipts);
        self.line
            .with(|emulator| assert_eq!(emulator.printer().memory().open.is_some(), open));
    }

    /// Checks a settled receipt: a registered receipt is in the printer's memory once, another is not in it, and nothing is left
    /// open.
    pub fn check_outcome(&self, outcome: &Performed, before: usize, case: &str) {
        let new = self.fiscal_receipts() - before;
        match outcome {
            Performed::Registered(registered) => {
                assert_eq!(new, 1, "{case}: {outcome:?}");
                self.line.with(|emulator| {
                    let last = emulator.printer().receipts().last().unwrap();
                    assert_eq!(last.document, registered.document, "{case}");
                    assert_eq!((last.total, last.items), (1858, 2), "{case}");
                    let in_cash = last.refund && self.family.receipts.refund_in_cash;
                    let payments = [(card(self.family), 1000), ('P', 1500)];
                    let expected = if in_cash {
                        &[('P', 2500)][..]
                    } else {
                        &payments
                    };
                    assert_eq!(last.payments, expected, "{case}");
                });
            }
            Performed::NotBegun(_) | Performed::Absent(..) => {
                assert_eq!(new, 0, "{case}: {outcome:?}")
            }
            Performed::Unknown(_) => panic!("{case}: {outcome:?}"),
        }
        self.line.with(|emulator| {
            let open = emulator.printer().memory().open.as_ref();
            assert!(
                open.is_none_or(|open| open.kind == OpenKind::Slip),
                "{case}: left open after {outcome:?}"
            );
        });
    }
}

/// A watch that keeps notes of the exchanges.
pub struct Notes {
    pub lines: Vec<String>,
    pub decided: bool,
    pub may_cancel: bool,
    /// If set, the paper of this printer ends after this number of exchanges.
    pub paper_ends_after: Option<(Loopback<IslEmulator>, usize)>,
}

impl Notes {
    pub fn new() -> Self {
        Self {
            lines: Vec::new(),
            decided: false,
            may_cancel: true,
            paper_ends_after: None,
        }
    }
}

impl Watch for Notes {
    fn about_to_cancel(&mut self) -> bool {
        self.decided |= self.may_cancel;
        self.may_cancel
    }

    fn trace(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        if let Some((printer, frames)) = &self.paper_ends_after
            && *frames == self.lines.len()
        {
            printer.with(|emulator| emulator.printer_mut().set_paper(Paper::Out));
        }
    }
}

fn line(name: &str, group: u8, price: i64, thousandths: i64, adjustment: i64) -> LineJob {
    LineJob {
        name: name.to_owned(),
        group,
        price: Amount::from_minor(price),
        quantity: Quantity::from_thousandths(thousandths),
        adjustment: Amount::from_minor(adjustment),
        notes: vec!["-15.00% = -2.43".to_owned()],
    }
}

fn payment(letter: char, cash: bool, amount: i64) -> PaymentJob {
    PaymentJob {
        letter,
        cash,
        amount: Amount::from_minor(amount),
    }
}

fn receipt(refund_of: Option<RefundOf>) -> ReceiptJob {
    ReceiptJob {
        refund_of,
        header: vec!["Till 1".to_owned()],
        lines: vec![
            line("Paine alba", 1, 810, 2_000, -587),
            line("Кофе", 0, 1_200, 1_000, -375),
        ],
        footer: vec!["Mulțumim".to_owned()],
        total: Amount::from_minor(1_858),
        payments: vec![payment('P', true, 1_500), payment('D', false, 1_000)],
        change: Amount::from_minor(642),
    }
}

/// A sale of two lines, paid by card and cash.
pub fn sale() -> Job {
    Job::Receipt(receipt(None))
}

/// The letter with which the receipts of these tests are paid beside cash: `D`, which the Bulgarian MX does not take.
pub fn card(family: &Protocol) -> char {
    if family.payments.meaning_of('D').is_some() {
        'D'
    } else {
        'N'
    }
}

/// The same receipt with this letter in the place of `D`, which the Bulgarian MX does not take.
pub fn paid_by(letter: char, job: Job) -> Job {
    match job {
        Job::Receipt(mut receipt) => {
            let payments = receipt.payments.iter_mut();
            for payment in payments.filter(|payment| payment.letter == 'D') {
                payment.letter = letter;
            }
            Job::Receipt(receipt)
        }
        other => other,
    }
}

pub fn exact_sale() -> Job {
    let mut receipt = receipt(None);
    receipt.payments = vec![payment('P', true, 1_858)];
    receipt.change = Amount::ZERO;
    Job::Receipt(receipt)
}

pub fn refund() -> Job {
    Job::Receipt(receipt(Some(RefundOf {
        document: 1,
        at: "211126003530".to_owned(),
        fiscal_memory: "02700001".to_owned(),
        withdraw: true,
        slip: SLIP.iter().map(|line| TextLine::from(*line)).collect(),
    })))
}

/// The slip of the refund on a printer without refund receipts.
const SLIP: [&str; 15] = [
    "RETUR",
    "BON 1",
    "Till 1",
    "Paine alba",
    "2.000 x 8.10 = 16.20",
    "-5.87",
    "-15.00% = -2.43",
    "Кофе",
    "1.000 x 12.00 = 12.00",
    "-3.75",
    "-15.00% = -2.43",
    "TOTAL 18.58",
    "NUMERAR 15.00",
    "CREDIT 10.00",
    "Mulțumim",
];
/// The refund on a printer of this family: some pay back in cash only.
pub fn refund_on(family: &Protocol) -> Job {
    on(family, refund())
}

/// The job as a printer of this family can do it.
pub fn on(family: &Protocol, job: Job) -> Job {
    match paid_by(card(family), job) {
        Job::Receipt(mut receipt)
            if receipt.refund_of.is_some() && family.receipts.refund_in_cash =>
        {
            receipt.payments = vec![payment('P', true, 2_500)];
            Job::Receipt(receipt)
        }
        job => job,
    }
}

pub fn cash_in() -> Job {
    Job::Cash(Amount::from_minor(10_000))
}

pub fn registered(outcome: impl Into<Performed>) -> Registered {
    match outcome.into() {
        Performed::Registered(registered) => registered,
        other => panic!("{other:?}"),
    }
}

pub fn not_registered(outcome: impl Into<Performed>) -> NoDocument {
    match outcome.into() {
        Performed::NotBegun(refusal) | Performed::Absent(_, refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Settles a job as the agent does: repairs the printer, then asks until it is settled.
pub fn settle(
    bench: &Bench,
    driver: IslPrinter,
    job: &Job,
    baseline: &Baseline,
    first: Performed,
    mut decided: bool,
    restart: bool,
) -> (IslPrinter, Performed) {
    let mut driver = driver;
    let mut outcome = first;
    for attempt in 0..80_u8 {
        if !matches!(outcome, Performed::Unknown(_)) {
            return (driver, outcome);
        }
        bench.repair();
        if restart {
            driver = bench.driver(attempt);
        }
        let mut notes = Notes::new();
        outcome = driver
            .recover(
                job,
                baseline,
                &JournalEvidence::of_decision(decided),
                &mut notes,
            )
            .into();
        decided |= notes.decided;
    }
    (driver, outcome)
}
