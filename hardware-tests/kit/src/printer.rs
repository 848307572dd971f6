//! A scripted printer for tests: it does what a test says, call by call, or registers everything at once.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrotill_core::Amount;
use ferrotill_device::Fault;
use ferrotill_device::judge::SamePrinter;
use ferrotill_device::printer::{
    Baseline, ClosedDay, Condition, Connected, FiscalPrinter, Job, JournalEvidence, NoDocument,
    Performed, Recovered, Registered, TextPaper, Watch,
};

/// How long a test waits for a call of the printer that must come.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// A call that the scripted printer has received.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// True for a call of `recover`, false for a call of `perform`.
    pub recover: bool,
    /// The job that the printer is asked to perform or to recover.
    pub job: Job,
    /// The printer's counters from which the job begins.
    pub baseline: Baseline,
    /// The evidence from the journal, for recovery.
    pub books: JournalEvidence,
}

impl Call {
    /// The total of a receipt in minor units; none if the job is no receipt.
    #[must_use]
    pub fn total(&self) -> Option<i64> {
        match &self.job {
            Job::Receipt(receipt) => Some(receipt.total.minor()),
            _ => None,
        }
    }
}

/// The function that decides the printer's outcome of a call.
type Reply = Box<dyn FnOnce(&mut dyn Watch) -> Performed + Send>;

/// What a printer keeps without power. This memory outlives the program that uses the printer.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The counters of the printer.
    pub baseline: Baseline,
    /// The last Z-report of the printer.
    pub last_z: Option<ClosedDay>,
    /// The rates of the printer's tax groups.
    pub groups: [Option<u32>; 8],
    /// True while a person has a receipt open at the printer's keyboard.
    pub open: bool,
    /// Whether the printer has an option of its own that opens the drawer with a payment.
    pub drawer_option: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            baseline: baseline(0),
            last_z: None,
            groups: [None; 8],
            open: false,
            drawer_option: true,
        }
    }
}

/// Memory that a test and its printer share.
pub type SharedMemory = Arc<Mutex<Memory>>;

fn locked(memory: &SharedMemory) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A printer that reports every job to its [`Script`] and waits for a reply, or that registers every job at once. Opening the
/// drawer needs no reply.
pub struct ScriptedPrinter {
    /// The channels to the test; without them the printer registers every job at once.
    script: Option<(Sender<Call>, Receiver<Reply>)>,
    present: Arc<AtomicBool>,
    pulses: Arc<AtomicU32>,
    memory: SharedMemory,
}

/// The test's side of a scripted printer.
pub struct Script {
    calls: Receiver<Call>,
    /// A call that was received and that the test has not taken yet.
    next: RefCell<Option<Call>>,
    replies: Sender<Reply>,
    /// True while the printer can be connected to.
    pub present: Arc<AtomicBool>,
    /// How many times the drawer was opened.
    pub pulses: Arc<AtomicU32>,
    /// What the printer keeps without power.
    pub memory: SharedMemory,
}

impl Script {
    /// Makes a printer and the script that controls it.
    #[must_use]
    pub fn new(present: bool, memory: SharedMemory) -> (Self, ScriptedPrinter) {
        let (calls, received) = channel();
        let (orders, replies) = channel();
        let mut printer = ScriptedPrinter::registering(memory);
        printer.present.store(present, Ordering::Release);
        printer.script = Some((calls, replies));
        let script = Self {
            calls: received,
            next: RefCell::default(),
            replies: orders,
            present: Arc::clone(&printer.present),
            pulses: Arc::clone(&printer.pulses),
            memory: Arc::clone(&printer.memory),
        };
        (script, printer)
    }

    /// Changes the memory of the printer, which the printer reports at its next connection.
    pub fn remember(&self, change: impl FnOnce(&mut Memory)) {
        change(&mut locked(&self.memory));
    }

    /// Waits for the next call of the printer, which must come.
    ///
    /// # Panics
    ///
    /// No call comes within the time limit.
    pub fn call(&self) -> Call {
        if let Some(call) = self.next.take() {
            return call;
        }
        let call = self.calls.recv_timeout(CALL_TIMEOUT);
        call.unwrap_or_else(|_| panic!("the printer is not asked"))
    }

    /// Whether the printer has received no call that the test has not seen.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.asked().is_none()
    }

    /// A call that the printer has received already, if there is one.
    pub fn asked(&self) -> Option<Call> {
        self.next.take().or_else(|| self.calls.try_recv().ok())
    }

    /// Whether the printer has received the question what became of a document. A call that begins a job is left for
    /// [`call`](Self::call).
    pub fn asked_about_an_outcome(&self) -> bool {
        let asked = self.asked();
        let about_an_outcome = asked.as_ref().is_some_and(|call| call.recover);
        if !about_an_outcome {
            self.next.replace(asked);
        }
        about_an_outcome
    }

    /// Replies to the waiting call with an outcome.
    pub fn reply(&self, outcome: Performed) {
        self.act(move |_| outcome);
    }

    /// Replies to the waiting call with a function that computes the outcome.
    ///
    /// # Panics
    ///
    /// The printer's thread has ended.
    pub fn act(&self, act: impl FnOnce(&mut dyn Watch) -> Performed + Send + 'static) {
        let sent = self.replies.send(Box::new(act));
        sent.unwrap_or_else(|_| panic!("the printer's thread has ended"));
    }

    /// Expects that the next call begins a receipt with this total in minor units, and registers it as this document.
    ///
    /// # Panics
    ///
    /// The next call is another one.
    pub fn sells(&self, total: i64, number: u32) -> Call {
        let call = self.call();
        assert_eq!(call.total(), Some(total), "{call:?}");
        assert!(!call.recover);
        self.reply(registered(number));
        call
    }
}

impl ScriptedPrinter {
    /// A printer that registers every job at once.
    #[must_use]
    pub fn registering(memory: SharedMemory) -> Self {
        Self {
            script: None,
            present: Arc::new(AtomicBool::new(true)),
            pulses: Arc::default(),
            memory,
        }
    }

    fn ask(&mut self, call: Call, watch: &mut dyn Watch) -> Performed {
        let Some((calls, replies)) = &self.script else {
            return register(&call.job, &mut locked(&self.memory).baseline);
        };
        if calls.send(call).is_err() {
            return Performed::Unknown(Fault::PortLost);
        }
        match replies.recv() {
            Ok(reply) => reply(watch),
            Err(_) => Performed::Unknown(Fault::PortLost),
        }
    }
}

/// Counts a job in the printer's counters and returns its registered outcome.
fn register(job: &Job, counters: &mut Baseline) -> Performed {
    counters.last_document += 1;
    let mut fiscal_receipt = None;
    match job {
        Job::Receipt(receipt) => {
            fiscal_receipt = Some(counters.next_fiscal_receipt);
            counters.next_fiscal_receipt += 1;
            let cash = counters.cash.checked_add(receipt.total);
            counters.cash = cash.unwrap_or(Amount::ZERO);
        }
        Job::ZReport => {
            counters.z_number = counters.z_number.map(|last| last + 1);
            counters.next_fiscal_receipt = 1;
            counters.cash = Amount::ZERO;
        }
        _ => {}
    }
    Performed::Registered(Registered {
        document: counters.last_document,
        fiscal_receipt,
        after: counters.clone(),
        report: None,
        printed_at: None,
        module: None,
    })
}

/// What recovery says if the script says that the job was not registered: the printer's counters are still those of the baseline.
fn absent(baseline: &Baseline, no_document: NoDocument) -> Recovered {
    match SamePrinter::compare(baseline, baseline).map(SamePrinter::unchanged) {
        Ok(Some(evidence)) => Recovered::Absent(evidence, no_document),
        _ => Recovered::Unknown(Fault::PrinterSwapped),
    }
}

impl FiscalPrinter for ScriptedPrinter {
    fn family(&self) -> &'static str {
        FAMILY
    }

    fn text_paper(&self) -> TextPaper {
        TextPaper {
            columns: 42,
            large: false,
            code_bytes_max: 0,
            picture_dots: 0,
        }
    }

    fn letters(&self, text: &str) -> usize {
        text.chars().count()
    }

    fn opens_drawer_itself(&self) -> bool {
        locked(&self.memory).drawer_option
    }

    fn connect(&mut self) -> Result<Connected, Fault> {
        if !self.present.load(Ordering::Acquire) {
            return Err(Fault::PortUnavailable);
        }
        let memory = locked(&self.memory);
        Ok(Connected {
            baseline: memory.baseline.clone(),
            model: "SCRIPTED".to_owned(),
            firmware: "1".to_owned(),
            address: "a script".to_owned(),
            clock: None,
            condition: Condition::default(),
            receipt_open: false,
            groups: memory.groups,
            missing: Vec::new(),
            country: "",
            training: false,
        })
    }

    fn last_z(&self) -> Option<ClosedDay> {
        locked(&self.memory).last_z.clone()
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        if *job == Job::Drawer {
            self.pulses.fetch_add(1, Ordering::AcqRel);
            return registered_at(baseline.clone());
        }
        let call = Call {
            recover: false,
            job: job.clone(),
            baseline: baseline.clone(),
            books: JournalEvidence::default(),
        };
        self.ask(call, watch)
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        books: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let call = Call {
            recover: true,
            job: job.clone(),
            baseline: baseline.clone(),
            books: *books,
        };
        match self.ask(call, watch) {
            Performed::Registered(registered) => Recovered::Registered(registered),
            Performed::NotBegun(no_document) | Performed::Absent(_, no_document) => {
                absent(baseline, no_document)
            }
            Performed::Unknown(fault) => Recovered::Unknown(fault),
        }
    }

    fn clear_leftover(&mut self, _watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        Err(Fault::Unclear)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        Ok(Condition {
            fiscal_receipt_open: locked(&self.memory).open,
            ..Condition::default()
        })
    }
}

/// The family of scripted printers.
const FAMILY: &str = "scripted";

/// The counters of a scripted printer whose last document has this number.
#[must_use]
pub fn baseline(last_document: u32) -> Baseline {
    Baseline {
        family: FAMILY.to_owned(),
        serial: "SC000001".to_owned(),
        fiscal_memory: "90000001".to_owned(),
        last_document,
        next_fiscal_receipt: last_document + 1,
        z_number: Some(0),
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
    }
}

/// The outcome of a job that was registered as this document.
pub fn registered(document: u32) -> Performed {
    registered_at(baseline(document))
}

/// The outcome of a registered job, with the printer's counters after it.
pub fn registered_at(after: Baseline) -> Performed {
    Performed::Registered(Registered {
        document: after.last_document,
        fiscal_receipt: None,
        after,
        report: None,
        printed_at: None,
        module: None,
    })
}

/// The outcome of a job that was not begun because another user of the printer has changed its counters to these.
pub fn moved(after: Baseline) -> Performed {
    not_registered(Fault::BaselineDiffers, after)
}

/// The outcome of a job that was not registered; the printer's last document still has this number.
pub fn refused(fault: Fault, last_document: u32) -> Performed {
    not_registered(fault, baseline(last_document))
}

fn not_registered(fault: Fault, after: Baseline) -> Performed {
    Performed::NotBegun(NoDocument {
        fault,
        detail: String::new(),
        after: Some(after),
    })
}
