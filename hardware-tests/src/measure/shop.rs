//! A shop in this process: the real clerk on real books, and a printer that takes no time.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ferrotill::board::Board;
use ferrotill::clerk::{Answer, Clerk, ClerkDoor, DeskPlan, Message, OfficeNews, Setting};
use ferrotill::clock::Clock;
use ferrotill::config::Config;
use ferrotill::guard::GuardedClock;
use ferrotill::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode};
use ferrotill::printer::PrinterTask;
use ferrotill::store::{Reader, Store};
use ferrotill::tables;
use ferrotill_core::budget::Budget;
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::{Amount, Quantity};
use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, Condition, Connected, FiscalPrinter, Job, JournalEvidence, Outcome, Registered, Watch,
};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::Told;

/// The device of every shop.
pub(super) const DEVICE: Uuid = Uuid::from_u128(0x0875_b8a5_0668_41a3_a3fa_8eec_cf66_d289);
/// The caller's key and secret.
pub(super) const KEY: &str = "measure";
pub(super) const SECRET: &str = "a-secret-of-some-length-for-measuring";
/// Lines of the receipt that is measured.
pub(super) const LINES: usize = 10;

/// The configuration of every shop; nobody is at the printer's address.
pub(super) fn configuration(folder: &Path, port: u16) -> String {
    format!(
        r#"
[till]
country = "MD"
mode = "TEST"
data_dir = {folder:?}

[api]
listen = "127.0.0.1:{port}"

[[api.clients]]
key = "{KEY}"
secret = "{SECRET}"

[[device]]
id = "{DEVICE}"
name = "Till 1"
uri = "datecs+tcp://127.0.0.1:9"
use_alternative_receipts = true
tax_groups = [ {{ code = "A", rate = "20.00" }}, {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }}, {{ code = 1, name = "Card" }} ]
alternative_receipts_ranges = [ {{ series = "ABC", start = 1, end = 99999999, number_length = 8 }} ]
"#
    )
}

/// The configuration as the agent reads it.
pub(super) fn config(folder: &Path) -> Told<Config> {
    Config::parse(&configuration(folder, 0), "measure.toml").map_err(words)
}

pub(super) fn words(error: impl std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}

/// A printer's memory; it outlives the agent.
pub(super) type Memory = Arc<Mutex<Baseline>>;

/// A printer that settles every job at once.
struct InstantPrinter(Memory);

/// A new printer.
pub(super) fn new_memory(z_number: u32) -> Memory {
    Arc::new(Mutex::new(Baseline {
        serial: "DT700001".to_owned(),
        fiscal_memory: "02700001".to_owned(),
        last_document: 0,
        next_fiscal_receipt: 1,
        z_number: Some(z_number),
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
    }))
}

impl InstantPrinter {
    fn now(&self) -> Baseline {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.clone()
    }
}

impl FiscalPrinter for InstantPrinter {
    fn connect(&mut self) -> Result<Connected, Fault> {
        let mut groups = [None; 8];
        (groups[0], groups[1]) = (Some(200_000), Some(80_000));
        Ok(Connected {
            baseline: self.now(),
            model: "instant".to_owned(),
            firmware: "1".to_owned(),
            address: "here".to_owned(),
            clock: None,
            condition: Condition::default(),
            receipt_open: false,
            groups,
        })
    }

    fn perform(&mut self, job: &Job, _baseline: &Baseline, _watch: &mut dyn Watch) -> Outcome {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.last_document += 1;
        let document = memory.last_document;
        let mut fiscal_receipt = None;
        match job {
            Job::Receipt(receipt) => {
                fiscal_receipt = Some(memory.next_fiscal_receipt);
                memory.next_fiscal_receipt += 1;
                let cash = memory.cash.checked_add(receipt.total);
                memory.cash = cash.unwrap_or(Amount::ZERO);
            }
            Job::ZReport => {
                memory.z_number = memory.z_number.map(|last| last + 1);
                memory.next_fiscal_receipt = 1;
                memory.cash = Amount::ZERO;
            }
            _ => {}
        }
        Outcome::Registered(Registered {
            document,
            fiscal_receipt,
            after: memory.clone(),
            report: None,
        })
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        _books: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Outcome {
        self.perform(job, baseline, watch)
    }

    fn clear_leftover(&mut self, _watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        Ok(self.now())
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        Ok(Condition::default())
    }

    fn counters(&mut self) -> Result<Baseline, Fault> {
        Ok(self.now())
    }
}

/// An open shop. Dropping it ends the clerk.
pub(super) struct Shop {
    pub(super) door: ClerkDoor,
    pub(super) reader: Reader,
    clerk: Option<JoinHandle<()>>,
}

impl Shop {
    /// Opens the books of a folder, as the agent does.
    pub(super) fn open(folder: &Path, memory: &Memory) -> Told<Self> {
        let config = config(folder)?;
        let device = config.devices.first().ok_or("the shop has no device")?;
        let clock = Arc::new(Clock::new(None).map_err(words)?);
        let mut store = Store::open(folder).map_err(words)?;
        store.work_beside().map_err(words)?;
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&clock),
            store.remembered_clock().map_err(words)?,
            store.latest_moment().map_err(words)?,
        ));
        let (door, inbox) = ClerkDoor::new();
        let printer = PrinterTask::start(
            "measured",
            Box::new(InstantPrinter(Arc::clone(memory))),
            door.listener(DEVICE),
            Arc::clone(&clock),
        )
        .map_err(words)?;
        let plan = DeskPlan {
            device: DEVICE,
            configuration: tables::configuration(device, MOLDOVA.facts()),
            printer,
            point_of_sale: Uuid::from_u128(1),
            serial: None,
        };
        let setting = Arc::new(Setting {
            profile: &MOLDOVA,
            clock,
            guard,
            house: Budget::UNLIMITED,
            board: Arc::new(Board::default()),
            wake_sender: Arc::new(Notify::new()),
        });
        let clerk = spawn_clerk(store, setting, plan, inbox)?;
        Ok(Self {
            door,
            reader: Reader::new(folder),
            clerk: Some(clerk),
        })
    }

    /// Hands an order in; the answer comes through the receiver.
    pub(super) fn order(&self, kind: OrderKind) -> oneshot::Receiver<Answer> {
        let (order, answer) = sale_order(kind);
        self.door.tell(order);
        answer
    }

    /// Does it, and says how long its caller waited.
    pub(super) fn timed(&self, kind: OrderKind) -> Told<Duration> {
        let begun = Instant::now();
        let answer = self.order(kind).blocking_recv();
        let took = begun.elapsed();
        registered(answer)?;
        Ok(took)
    }

    /// The office takes everything that waits.
    pub(super) fn acknowledge_all(&self) -> Told {
        loop {
            let waiting = self.reader.letters(0, 256).map_err(words)?;
            if waiting.is_empty() {
                return Ok(());
            }
            let sealed_seqs = waiting.iter().map(|letter| letter.sealed_seq).collect();
            let news = OfficeNews::Acknowledged { sealed_seqs };
            self.door.tell(Message::Office(news));
            self.settle()?;
        }
    }

    /// Waits until the clerk has done what it was told before.
    pub(super) fn settle(&self) -> Told {
        let (reply, waits) = oneshot::channel();
        let id = Uuid::nil();
        self.door.tell(Message::Waiting { id, reply });
        waits.blocking_recv().map(drop).map_err(words)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.door.tell(Message::Stop);
        if let Some(clerk) = self.clerk.take() {
            // A clerk that panicked has said so already.
            let _ = clerk.join();
        }
    }
}

fn spawn_clerk(
    store: Store,
    setting: Arc<Setting>,
    plan: DeskPlan,
    inbox: Receiver<Message>,
) -> Told<JoinHandle<()>> {
    let clerk = Clerk::open(store, setting, vec![plan], inbox).map_err(words)?;
    let thread = std::thread::Builder::new().name("clerk".to_owned());
    thread.spawn(move || clerk.run()).map_err(words)
}

/// An answer that says that there is a document.
pub(super) fn registered(answer: Result<Answer, oneshot::error::RecvError>) -> Told {
    match answer {
        Ok(Answer::Registered { .. }) => Ok(()),
        other => Err(format!("a sale was not registered: {other:?}")),
    }
}

/// An order for the clerk, and where its answer comes.
pub(super) fn sale_order(kind: OrderKind) -> (Message, oneshot::Receiver<Answer>) {
    let (reply, answer) = oneshot::channel();
    let order = Message::Order {
        device: DEVICE,
        form: Box::new(form(kind)),
        deadline: Instant::now() + Duration::from_secs(60),
        reply,
    };
    (order, answer)
}

fn form(kind: OrderKind) -> OrderForm {
    OrderForm {
        // Callers choose at random: the worst for an index.
        id: Uuid::new_v4(),
        point_of_sale: Uuid::from_u128(1),
        kind,
        echo: String::new(),
        found: String::new(),
    }
}

/// A sale of so many lines.
pub(super) fn sale(lines: usize, mode: ReceiptMode) -> OrderKind {
    let line = |number: usize| OrderLine {
        name: format!("Piine Praga (Franzeluta) {number}"),
        quantity: Quantity::ONE,
        price: Amount::from_minor(810),
        modifier: None,
        tax_group: Some(if number.is_multiple_of(2) { "A" } else { "B" }.to_owned()),
        comment: String::new(),
        final_amount: None,
    };
    let owed = 810 * i64::try_from(lines).unwrap_or(0);
    OrderKind::Sale {
        draft: OrderDraft {
            lines: (0..lines).map(line).collect(),
            payments: vec![(0, Amount::from_minor(owed))],
            ..OrderDraft::default()
        },
        mode,
        number: None,
        print: false,
    }
}
