//! The test stage: a running clerk with a store and scripted printers.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ferrotill_core::budget::Budget;
use ferrotill_core::event::{Configuration, Mode, NumberRange};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::tax::{TaxCode, TaxGroup, TaxRate, TaxTable};
use ferrotill_core::{Amount, Quantity};
use ferrotill_testkit::printer::SharedMemory;
pub(super) use ferrotill_testkit::printer::{
    Call, Script, baseline, moved, refused, registered, registered_at,
};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::authority::DutyForms;
use crate::clerk::{
    Answer, AuthorityNews, Clerk, ClerkHandle, ClerkSettings, DevicePlan, DrawerOutcome, Message,
};
use crate::config::OnlineEcrConfig;
use crate::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse};
use crate::seal::printer::PrinterTask;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;
use ferrotill_store::{DeviceIdentity, FILE_NAME, Founding, Reader, Store, StoredDocument};

/// How long a test waits for something that must happen.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// The timeout of a caller that waits until the answer arrives.
pub(super) const LONG_TIMEOUT: Duration = Duration::from_secs(60);
/// The timeout of a caller that waits a short time. The clerk answers 100 ms before it ends.
pub(super) const SHORT_TIMEOUT: Duration = Duration::from_millis(400);

/// The moment at which writing to the store fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum WriteFailure {
    /// Writing fails when the first row is inserted.
    Insert,
    /// Writing fails at the commit, after all decisions.
    Commit,
}

/// A running clerk with its store and its printers.
pub(super) struct Stage {
    folder: Arc<tempfile::TempDir>,
    pub(super) live_status: Arc<LiveStatus>,
    pub(super) guard: Arc<GuardedClock>,
    pub(super) clock: Arc<Clock>,
    clerk_handle: ClerkHandle,
    clerk: Option<JoinHandle<()>>,
    pub(super) printers: Vec<Script>,
}

impl Stage {
    /// One device with a connected printer.
    pub(super) fn new() -> Self {
        Self::with(&[true])
    }

    /// One device for each entry, which says whether its printer is connected.
    pub(super) fn with(present: &[bool]) -> Self {
        let memories = present.iter().map(|_| Arc::default()).collect();
        let stage = Self::open(Arc::new(tempfile::tempdir().unwrap()), present, memories);
        for (index, _) in present.iter().enumerate().filter(|(_, present)| **present) {
            stage.wait_until_ready(index);
        }
        stage
    }

    /// Waits until a printer is connected. It connects only after the store is open.
    pub(super) fn wait_until_ready(&self, index: usize) {
        let begun = std::time::Instant::now();
        while !self.live_status.printer(device(index)).connected {
            assert!(
                begun.elapsed() < WAIT_MAX,
                "the printer was not connected in time"
            );
            std::thread::yield_now();
        }
    }

    /// One device with a connected printer, and another country's rules.
    pub(super) fn with_profile(profile: &'static dyn Profile) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let stage = Self::open_with_profile(profile, folder, &[true], vec![Arc::default()]);
        stage.wait_until_ready(0);
        stage
    }

    fn open(folder: Arc<tempfile::TempDir>, present: &[bool], memories: Vec<SharedMemory>) -> Self {
        Self::open_with_profile(&MOLDOVA, folder, present, memories)
    }

    fn open_with_profile(
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
                identity: DeviceIdentity::default(),
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
        let founding = Founding::new(profile.facts(), Mode::Test, clock.now());
        let store = Store::open(folder.path(), &founding).unwrap();
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&clock),
            store.stored_clock().unwrap(),
            store.latest_moment().unwrap(),
        ));
        let settings = Arc::new(ClerkSettings {
            profile,
            clock: Arc::clone(&clock),
            guard: Arc::clone(&guard),
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::clone(&live_status),
            forms: Arc::new(DutyForms::new(profile, &OnlineEcrConfig::default())),
            wake_senders: vec![Arc::new(Notify::new())],
            contact_ms: i64::MAX,
            signatures: None,
            seller: ferrotill_render::PrintedSeller::default(),
            terminals: crate::payment::Terminals::default(),
            deliveries: None,
        });
        let clerk = Clerk::open(store, settings, plans, inbox).unwrap();
        Self {
            folder,
            live_status,
            guard,
            clock,
            clerk_handle,
            clerk: Some(std::thread::spawn(move || clerk.run())),
            printers,
        }
    }

    /// Stops the clerk and starts another one with the same store. The printers are connected.
    pub(super) fn restart(self) -> Self {
        self.restart_with(true)
    }

    /// Stops the clerk and starts another one with the same store; `present` says whether the printers are connected.
    pub(super) fn restart_with(mut self, present: bool) -> Self {
        let devices = vec![present; self.printers.len()];
        let printers = self.printers.iter();
        let memories = printers.map(|script| Arc::clone(&script.memory)).collect();
        self.stop();
        Self::open(Arc::clone(&self.folder), &devices, memories)
    }

    /// Stops the clerk, changes the store, and starts another clerk.
    pub(super) fn restart_after(mut self, change: impl FnOnce(&Path)) -> Self {
        let memories = vec![Arc::clone(&self.printer().memory)];
        self.stop();
        change(self.folder.path());
        Self::open(Arc::clone(&self.folder), &[true], memories)
    }

    /// Stops the clerk and starts another one with the same store and another country's rules.
    pub(super) fn restart_as(mut self, profile: &'static dyn Profile) -> Self {
        let memories = vec![Arc::clone(&self.printer().memory)];
        self.stop();
        Self::open_with_profile(profile, Arc::clone(&self.folder), &[true], memories)
    }

    fn stop(&mut self) {
        // Without this line, a printer's thread that waits for a reply from the test would keep the store open.
        self.printers.clear();
        self.clerk_handle.send(Message::Stop);
        if let Some(clerk) = self.clerk.take() {
            clerk.join().unwrap();
        }
    }

    /// Sends news from the authority to the clerk, as the worker of the authority does.
    pub(super) fn authority(&self, news: AuthorityNews) {
        self.clerk_handle.send(Message::Authority(news));
    }

    pub(super) fn printer(&self) -> &Script {
        &self.printers[0]
    }

    pub(super) fn order(&self, form: OrderForm, timeout: Duration) -> Pending {
        self.order_at(0, form, timeout)
    }

    pub(super) fn order_at(&self, index: usize, form: OrderForm, timeout: Duration) -> Pending {
        order_through(&self.clerk_handle, index, form, timeout)
    }

    /// A handle for another thread.
    pub(super) fn clerk_handle(&self) -> ClerkHandle {
        self.clerk_handle.clone()
    }

    pub(super) fn open_drawer(&self, index: usize) -> DrawerOutcome {
        wait(self.request_drawer(index, LONG_TIMEOUT))
    }

    pub(super) fn request_drawer(
        &self,
        index: usize,
        timeout: Duration,
    ) -> oneshot::Receiver<DrawerOutcome> {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(Message::Drawer {
            device: device(index),
            deadline: Instant::now() + timeout,
            reply,
        });
        answer
    }

    /// True if the order with this id waits or is being sealed. All messages sent before are handled when this returns.
    pub(super) fn waits(&self, id: u128) -> bool {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(Message::Waiting {
            id: Uuid::from_u128(id),
            reply,
        });
        wait(answer).is_some()
    }

    pub(super) fn find(&self, id: u128) -> Option<StoredDocument> {
        self.find_at(0, id)
    }

    pub(super) fn find_at(&self, index: usize, id: u128) -> Option<StoredDocument> {
        Reader::new(self.folder.path())
            .find(Some(device(index)), Uuid::from_u128(id))
            .unwrap()
    }

    /// The number and the kind of a document that must be sealed.
    pub(super) fn sealed(&self, id: u128) -> (u32, String) {
        let row = self.find(id).expect("in the journal").row;
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

    /// How many documents wait to be sent to the authority.
    pub(super) fn outbox_entries(&self) -> i64 {
        raw(self.path())
            .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
            .unwrap()
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// How many journal rows have an event of this kind.
    pub(super) fn rows_of(path: &Path, kind: u16) -> i64 {
        raw(path)
            .query_row(
                "SELECT count(*) FROM journal WHERE kind = ?1",
                [kind],
                |row| row.get(0),
            )
            .unwrap()
    }

    /// The encoded events of this kind, in the order of the journal.
    pub(super) fn payloads_of(path: &Path, kind: u16) -> Vec<Vec<u8>> {
        let connection = raw(path);
        let mut rows = connection
            .prepare("SELECT payload FROM journal WHERE kind = ?1 ORDER BY seq")
            .unwrap();
        let payloads = rows.query_map([kind], |row| row.get(0)).unwrap();
        payloads.collect::<Result<_, _>>().unwrap()
    }

    /// Waits until a condition is true that needs no further action of the test.
    pub(super) fn wait_until(&self, condition: impl Fn() -> bool) {
        let begun = Instant::now();
        while !condition() {
            assert!(
                begun.elapsed() < WAIT_MAX,
                "the condition did not become true in time"
            );
            std::thread::yield_now();
        }
    }

    /// From now on every write to the journal fails.
    pub(super) fn break_disk(&self, failure: WriteFailure) {
        Self::break_disk_of(self.path(), failure);
    }

    pub(super) fn break_disk_of(path: &Path, failure: WriteFailure) {
        let statements = match failure {
            WriteFailure::Insert => {
                "CREATE TRIGGER broken BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
            }
            WriteFailure::Commit => {
                "CREATE TABLE empty_table (id INTEGER PRIMARY KEY);
                 CREATE TABLE promise (id INTEGER REFERENCES empty_table DEFERRABLE INITIALLY DEFERRED);
                 CREATE TRIGGER broken BEFORE INSERT ON journal BEGIN INSERT INTO promise VALUES (1); END"
            }
        };
        raw(path).execute_batch(statements).unwrap();
    }

    pub(super) fn repair_disk(&self) {
        Self::repair_disk_of(self.path());
    }

    pub(super) fn repair_disk_of(path: &Path) {
        raw(path).execute_batch("DROP TRIGGER broken").unwrap();
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
    timeout: Duration,
) -> Pending {
    let (reply, answer) = oneshot::channel();
    clerk_handle.send(Message::Order {
        device: device(index),
        form: Box::new(form),
        deadline: Instant::now() + timeout,
        reply,
    });
    Pending(answer)
}

/// The answer to an order; it may not have arrived yet.
pub(super) struct Pending(oneshot::Receiver<Answer>);

impl Pending {
    pub(super) fn answer(self) -> Answer {
        wait(self.0)
    }

    /// Waits for the answer, which must be `Registered`. Returns true if the document existed before.
    pub(super) fn replayed(self) -> bool {
        match self.answer() {
            Answer::Registered { replayed, .. } => replayed,
            other => panic!("{other:?}"),
        }
    }

    /// True if the answer is that the outcome is unknown. A closed reply channel means the same to a caller.
    pub(super) fn outcome_unknown(self) -> bool {
        matches!(wait_for(self.0), Ok(Answer::Unknown { .. }) | Err(_))
    }

    pub(super) fn is_open(&mut self) -> bool {
        matches!(self.0.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }
}

pub(super) fn wait<T>(answer: oneshot::Receiver<T>) -> T {
    wait_for(answer).expect("the clerk is running")
}

fn wait_for<T>(answer: oneshot::Receiver<T>) -> Result<T, oneshot::error::RecvError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime
        .block_on(async { tokio::time::timeout(WAIT_MAX, answer).await })
        .expect("an answer in time")
}

pub(super) fn raw(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path.join(FILE_NAME)).unwrap()
}

pub(super) fn device(index: usize) -> Uuid {
    Uuid::from_u128(0xD0 + u128::try_from(index).unwrap())
}

/// A sale of one piece at this price, paid in cash.
pub(super) fn sale(id: u128, price: i64) -> OrderForm {
    sale_as(id, price, ReceiptMode::Automatic, true)
}

pub(super) fn sale_as(id: u128, price: i64, mode: ReceiptMode, print: bool) -> OrderForm {
    let line = OrderLine {
        name: "Piine".into(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(price),
        modifier: None,
        tax_group: Some("B".to_owned()),
        comment: "".into(),
        final_amount: None,
        copied: CopiedLine::NONE,
    };
    let draft = OrderDraft {
        lines: vec![line],
        payments: vec![(Some(0), Amount::from_minor(price))],
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
        on_paper: true,
        terminals: TerminalUse::default(),
        said: Said::default(),
        contact: None,
    }
}

/// The total of a receipt's job in minor units.
pub(super) fn total_of(call: &Call) -> Option<i64> {
    call.total()
}

pub(super) fn configuration() -> Configuration {
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
    let card = PaymentType {
        code: 1,
        name: "Card".try_into().unwrap(),
        cash: false,
        printer_letter: b'D',
        open_drawer: false,
    };
    let range = NumberRange {
        series: "ABC".try_into().unwrap(),
        start: 1,
        end: 500,
        number_length: 8,
    };
    Configuration {
        taxes: TaxTable::new(&[group]).unwrap(),
        payments: PaymentTable::new([cash, card].into_iter()).unwrap(),
        ranges: [range].into_iter().collect(),
        alternative_receipts: true,
    }
}
