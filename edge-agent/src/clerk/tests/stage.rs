//! A clerk at work with printers that do what the test says, one call after the other.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ferrotill_core::budget::Budget;
use ferrotill_core::event::{Configuration, NumberRange};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::{Amount, Quantity};
use ferrotill_testkit::printer::SharedMemory;
pub(super) use ferrotill_testkit::printer::{
    Call, Script, baseline, moved, refused, registered, registered_at,
};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::clerk::{Answer, AuthorityNews, Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use crate::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode};
use crate::seal::printer::PrinterTask;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{FILE_NAME, Reader, Store, StoredDocument};

/// How long a test waits for what must come.
const LONG: Duration = Duration::from_secs(20);
/// A caller who waits until the answer is there.
pub(super) const PATIENT: Duration = Duration::from_secs(60);
/// A caller who waits little; the clerk answers a tenth of a second earlier.
pub(super) const HASTY: Duration = Duration::from_millis(400);

/// When writing fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// At once.
    Insert,
    /// Only at the commit, when all has been decided.
    Commit,
}

/// A clerk with its books and printers.
pub(super) struct Stage {
    folder: Arc<tempfile::TempDir>,
    pub(super) live_status: Arc<LiveStatus>,
    clerk_handle: ClerkHandle,
    clerk: Option<JoinHandle<()>>,
    pub(super) printers: Vec<Script>,
}

impl Stage {
    /// One device whose printer is there.
    pub(super) fn new() -> Self {
        Self::with(&[true])
    }

    /// A device for each entry, its printer there or not.
    pub(super) fn with(present: &[bool]) -> Self {
        let memories = present.iter().map(|_| Arc::default()).collect();
        let stage = Self::open(Arc::new(tempfile::tempdir().unwrap()), present, memories);
        for (index, _) in present.iter().enumerate().filter(|(_, present)| **present) {
            stage.until_ready(index);
        }
        stage
    }

    /// A printer connects only once the books are open, so that a test that needs it waits for it.
    pub(super) fn until_ready(&self, index: usize) {
        let begun = std::time::Instant::now();
        while !self.live_status.printer(device(index)).connected {
            assert!(begun.elapsed() < LONG, "the printer is never there");
            std::thread::yield_now();
        }
    }

    /// One device whose printer is there, under another law.
    pub(super) fn under(profile: &'static dyn Profile) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let stage = Self::open_under(profile, folder, &[true], vec![Arc::default()]);
        stage.until_ready(0);
        stage
    }

    fn open(folder: Arc<tempfile::TempDir>, present: &[bool], memories: Vec<SharedMemory>) -> Self {
        Self::open_under(&MOLDOVA, folder, present, memories)
    }

    fn open_under(
        profile: &'static dyn Profile,
        folder: Arc<tempfile::TempDir>,
        present: &[bool],
        memories: Vec<SharedMemory>,
    ) -> Self {
        let clock = Arc::new(Clock::new(None).unwrap());
        let live_status = Arc::new(LiveStatus::default());
        let (clerk_handle, inbox) = ClerkHandle::new();
        let mut printers = Vec::new();
        let mut plans = Vec::new();
        for ((index, present), memory) in present.iter().enumerate().zip(memories) {
            let (script, printer) = Script::new(*present, memory);
            printers.push(script);
            plans.push(DevicePlan {
                device: device(index),
                configuration: configuration(),
                printer: PrinterTask::start(
                    "scripted",
                    Box::new(printer),
                    clerk_handle.listener(device(index)),
                    Arc::clone(&clock),
                )
                .unwrap(),
                point_of_sale: Uuid::from_u128(1),
                serial: None,
            });
        }
        let store = Store::open(folder.path()).unwrap();
        let guard = GuardedClock::new(
            Arc::clone(&clock),
            store.stored_clock().unwrap(),
            store.latest_moment().unwrap(),
        );
        let setting = Arc::new(ClerkSettings {
            profile,
            clock,
            guard: Arc::new(guard),
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::clone(&live_status),
            wake_sender: Arc::new(Notify::new()),
        });
        let clerk = Clerk::open(store, setting, plans, inbox).unwrap();
        Self {
            folder,
            live_status,
            clerk_handle,
            clerk: Some(std::thread::spawn(move || clerk.run())),
            printers,
        }
    }

    /// The process ends without a word to anybody, and another one begins on the same books.
    pub(super) fn restart(self) -> Self {
        self.restart_with(true)
    }

    /// The same, with its printers there or not.
    pub(super) fn restart_with(mut self, present: bool) -> Self {
        let devices = vec![present; self.printers.len()];
        let printers = self.printers.iter();
        let memories = printers.map(|script| Arc::clone(&script.memory)).collect();
        self.stop();
        Self::open(Arc::clone(&self.folder), &devices, memories)
    }

    fn stop(&mut self) {
        // A printer's thread that waits for the test must not keep the books open.
        self.printers.clear();
        self.clerk_handle.send(Message::Stop);
        if let Some(clerk) = self.clerk.take() {
            clerk.join().unwrap();
        }
    }

    /// News of the office, as the sender tells them.
    pub(super) fn office(&self, news: AuthorityNews) {
        self.clerk_handle.send(Message::Authority(news));
    }

    pub(super) fn printer(&self) -> &Script {
        &self.printers[0]
    }

    pub(super) fn order(&self, form: OrderForm, patience: Duration) -> Pending {
        self.order_at(0, form, patience)
    }

    pub(super) fn order_at(&self, index: usize, form: OrderForm, patience: Duration) -> Pending {
        order_through(&self.clerk_handle, index, form, patience)
    }

    /// A door of its own for another thread.
    pub(super) fn clerk_handle(&self) -> ClerkHandle {
        self.clerk_handle.clone()
    }

    pub(super) fn open_drawer(&self, index: usize) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(Message::Drawer {
            device: device(index),
            reply,
        });
        wait(answer)
    }

    /// Everything told so far has been worked on; and whether this id still waits.
    pub(super) fn waits(&self, id: u128) -> bool {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(Message::Waiting {
            id: Uuid::from_u128(id),
            reply,
        });
        wait(answer)
    }

    pub(super) fn find(&self, id: u128) -> Option<StoredDocument> {
        self.find_at(0, id)
    }

    pub(super) fn find_at(&self, index: usize, id: u128) -> Option<StoredDocument> {
        Reader::new(self.folder.path())
            .find(Some(device(index)), Uuid::from_u128(id))
            .unwrap()
    }

    /// The document is there and sealed: its number and kind.
    pub(super) fn sealed(&self, id: u128) -> (u32, String) {
        let row = self.find(id).expect("in the books").row;
        (row.number.expect("sealed"), row.kind.name().to_owned())
    }

    /// The newest Z-report of the first device.
    pub(super) fn newest_z(&self) -> StoredDocument {
        let id: Vec<u8> = raw(self.path())
            .query_row(
                "SELECT id FROM document WHERE kind = 'z_report' ORDER BY reserved_seq DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .unwrap();
        self.find(Uuid::from_slice(&id).unwrap().as_u128()).unwrap()
    }

    /// Documents that are to be reported to the office.
    pub(super) fn letters(&self) -> i64 {
        raw(self.path())
            .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
            .unwrap()
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The journal's rows of a kind of event.
    pub(super) fn rows_of(path: &Path, kind: u16) -> i64 {
        raw(path)
            .query_row(
                "SELECT count(*) FROM journal WHERE kind = ?1",
                [kind],
                |row| row.get(0),
            )
            .unwrap()
    }

    /// The encoded events of a kind, in their order.
    pub(super) fn payloads_of(path: &Path, kind: u16) -> Vec<Vec<u8>> {
        let connection = raw(path);
        let mut rows = connection
            .prepare("SELECT payload FROM journal WHERE kind = ?1 ORDER BY seq")
            .unwrap();
        let payloads = rows.query_map([kind], |row| row.get(0)).unwrap();
        payloads.collect::<Result<_, _>>().unwrap()
    }

    /// Waits for something that must come without anybody asking for it.
    pub(super) fn until(&self, condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(begun.elapsed() < LONG, "it never comes");
            std::thread::yield_now();
        }
    }

    /// From here on nothing can be written.
    pub(super) fn break_disk(&self, trouble: Trouble) {
        let statements = match trouble {
            Trouble::Insert => {
                "CREATE TRIGGER broken BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
            }
            Trouble::Commit => {
                "CREATE TABLE empty_table (id INTEGER PRIMARY KEY);
                 CREATE TABLE promise (id INTEGER REFERENCES empty_table DEFERRABLE INITIALLY DEFERRED);
                 CREATE TRIGGER broken BEFORE INSERT ON journal BEGIN INSERT INTO promise VALUES (1); END"
            }
        };
        raw(self.path()).execute_batch(statements).unwrap();
    }

    pub(super) fn mend_disk(&self) {
        raw(self.path())
            .execute_batch("DROP TRIGGER broken")
            .unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(super) fn order_through(
    clerk_handle: &ClerkHandle,
    index: usize,
    form: OrderForm,
    patience: Duration,
) -> Pending {
    let (reply, answer) = oneshot::channel();
    clerk_handle.send(Message::Order {
        device: device(index),
        form: Box::new(form),
        deadline: Instant::now() + patience,
        reply,
    });
    Pending(answer)
}

/// An answer that is still to come.
pub(super) struct Pending(oneshot::Receiver<Answer>);

impl Pending {
    pub(super) fn answer(self) -> Answer {
        wait(self.0)
    }

    /// The answer is that the document is in the books; whether it was there before.
    pub(super) fn replayed(self) -> bool {
        match self.answer() {
            Answer::Registered { replayed, .. } => replayed,
            other => panic!("{other:?}"),
        }
    }

    /// The answer is that nobody can say yet. The sender dropped means the same to a caller (`api`).
    pub(super) fn nobody_knows(self) -> bool {
        matches!(wait_for(self.0), Ok(Answer::Unknown { .. }) | Err(_))
    }

    pub(super) fn is_open(&mut self) -> bool {
        matches!(self.0.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }
}

fn wait<T>(answer: oneshot::Receiver<T>) -> T {
    wait_for(answer).expect("the clerk lives")
}

fn wait_for<T>(answer: oneshot::Receiver<T>) -> Result<T, oneshot::error::RecvError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime
        .block_on(async { tokio::time::timeout(LONG, answer).await })
        .expect("an answer in time")
}

fn raw(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path.join(FILE_NAME)).unwrap()
}

pub(super) fn device(index: usize) -> Uuid {
    Uuid::from_u128(0xD0 + u128::try_from(index).unwrap())
}

/// One thing at this price, for cash.
pub(super) fn sale(id: u128, price: i64) -> OrderForm {
    sale_as(id, price, ReceiptMode::Automatic, true)
}

pub(super) fn sale_as(id: u128, price: i64, mode: ReceiptMode, print: bool) -> OrderForm {
    let line = OrderLine {
        name: "Piine".to_owned(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(price),
        modifier: None,
        tax_group: Some("B".to_owned()),
        comment: String::new(),
        final_amount: None,
    };
    let draft = OrderDraft {
        lines: vec![line],
        payments: vec![(0, Amount::from_minor(price))],
        ..OrderDraft::default()
    };
    let kind = OrderKind::Sale {
        draft,
        mode,
        number: None,
        print,
    };
    form(id, kind)
}

pub(super) fn z_report(id: u128) -> OrderForm {
    form(id, OrderKind::Report { z: true })
}

fn form(id: u128, kind: OrderKind) -> OrderForm {
    OrderForm {
        id: Uuid::from_u128(id),
        point_of_sale: Uuid::from_u128(1),
        kind,
        echo: String::new(),
        found: String::new(),
    }
}

/// The total of a receipt's job in minor units.
pub(super) fn total_of(call: &Call) -> Option<i64> {
    call.total()
}

fn configuration() -> Configuration {
    let group = TaxGroup::new(
        TaxCode::new(b'B').unwrap(),
        TaxRate::from_ten_thousandths(80_000).unwrap(),
    );
    let cash = PaymentType {
        code: 0,
        name: "Numerar".try_into().unwrap(),
        cash: true,
        printer_letter: b'P',
        open_drawer: true,
    };
    let range = NumberRange {
        series: "ABC".try_into().unwrap(),
        start: 1,
        end: 500,
        number_length: 8,
    };
    Configuration {
        taxes: TaxTable::new(&[group]).unwrap(),
        payments: PaymentTable::new([cash].into_iter()).unwrap(),
        ranges: [range].into_iter().collect(),
        alternative_receipts: true,
    }
}
