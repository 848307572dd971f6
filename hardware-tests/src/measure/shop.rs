//! A shop in this process: the real clerk, the real store, and a printer that takes no time.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ferrotill::authority::DutyForms;
use ferrotill::clerk::{
    Answer, AuthorityNews, Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message,
};
use ferrotill::config::Config;
use ferrotill::config::adopt;
use ferrotill::order::{
    OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse,
};
use ferrotill::seal::printer::PrinterTask;
use ferrotill::status::LiveStatus;
use ferrotill::time::clock::Clock;
use ferrotill::time::guarded_clock::GuardedClock;
use ferrotill_core::budget::Budget;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::{Amount, Quantity};
use ferrotill_store::{DeviceIdentity, Founding, Reader, Store};
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::printer::{Memory, ScriptedPrinter, SharedMemory};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::Measured;
use crate::error_text::with_sources;

/// The device id of every shop.
pub const DEVICE: Uuid = Uuid::from_u128(0x0875_b8a5_0668_41a3_a3fa_8eec_cf66_d289);
/// How many lines the measured receipt has.
pub(super) const LINES: usize = 10;

/// The configuration file of every shop. No printer answers at the device's address.
pub(super) fn configuration(folder: &Path, port: u16) -> String {
    let device = Device::new(DEVICE, "Till 1", "datecs+tcp://127.0.0.1:9")
        .tax_group("A", "20.00")
        .tax_group("B", "8.00")
        .range("ABC", 1, 99_999_999, 8);
    ConfigText::new("MD", folder)
        .set("api", "listen", text(format!("127.0.0.1:{port}")))
        .device(device)
        .to_string()
}

/// The configuration of a shop as the agent reads it.
pub(super) fn config(folder: &Path) -> Measured<Config> {
    Config::parse(&configuration(folder, 0), "measure.toml").map_err(with_sources)
}

/// The memory of a new printer that has printed this number of Z-reports.
pub(super) fn new_memory(z_number: u32) -> SharedMemory {
    let mut memory = Memory::default();
    memory.baseline.z_number = Some(z_number);
    (memory.groups[0], memory.groups[1]) = (Some(200_000), Some(80_000));
    Arc::new(Mutex::new(memory))
}

/// An open shop. Dropping this value ends its clerk.
pub(super) struct TestShop {
    pub(super) clerk_handle: ClerkHandle,
    pub(super) reader: Reader,
    clerk: Option<JoinHandle<()>>,
}

impl TestShop {
    /// Opens the store in a folder, as the agent does.
    pub(super) fn open(folder: &Path, memory: &SharedMemory) -> Measured<Self> {
        let config = config(folder)?;
        let device = config.devices.first().ok_or("the shop has no device")?;
        let clock = Arc::new(Clock::new(None).map_err(with_sources)?);
        let founding = Founding::new(MOLDOVA.facts(), Mode::Test, clock.now());
        let mut store = Store::open(folder, &founding).map_err(with_sources)?;
        store.start_maintenance().map_err(with_sources)?;
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&clock),
            store.stored_clock().map_err(with_sources)?,
            store.latest_moment().map_err(with_sources)?,
        ));
        let (clerk_handle, inbox) = ClerkHandle::new();
        let printer = PrinterTask::start(
            "measured",
            Box::new(ScriptedPrinter::registering(Arc::clone(memory))),
            clerk_handle.listener(DEVICE),
            Arc::clone(&clock),
        )
        .map_err(with_sources)?;
        let plan = DevicePlan {
            device: DEVICE,
            configuration: adopt::configuration(device, MOLDOVA.facts()).expect("the tables fit"),
            identity: DeviceIdentity::default(),
            printer,
            point_of_sale: Uuid::from_u128(1),
            serial: None,
        };
        let setting = Arc::new(ClerkSettings {
            profile: &MOLDOVA,
            clock,
            guard,
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::new(LiveStatus::default()),
            forms: Arc::new(DutyForms::of(&config, &MOLDOVA)),
            wake_senders: vec![Arc::new(Notify::new())],
            contact_ms: i64::MAX,
            signatures: None,
            seller: ferrotill_render::PrintedSeller::default(),
            terminals: ferrotill::payment::Terminals::default(),
            deliveries: None,
        });
        let clerk = spawn_clerk(store, setting, plan, inbox)?;
        Ok(Self {
            clerk_handle,
            reader: Reader::new(folder),
            clerk: Some(clerk),
        })
    }

    /// Sends an order to the clerk; the returned receiver gets the answer.
    pub(super) fn order(&self, kind: OrderKind) -> oneshot::Receiver<Answer> {
        let (order, answer) = sale_order(kind);
        self.clerk_handle.send(order);
        answer
    }

    /// Sends an order to the clerk and returns how long its caller waited for the answer.
    pub(super) fn timed(&self, kind: OrderKind) -> Measured<Duration> {
        let begun = Instant::now();
        let answer = self.order(kind).blocking_recv();
        let took = begun.elapsed();
        registered(answer)?;
        Ok(took)
    }

    /// Acknowledges all documents in the outbox.
    pub(super) fn acknowledge_all(&self) -> Measured {
        loop {
            let waiting = self
                .reader
                .outbox_entries(Recipient::AUTHORITY, 0, 256)
                .map_err(with_sources)?;
            if waiting.is_empty() {
                return Ok(());
            }
            let sealed_seqs = waiting.iter().map(|letter| letter.sealed_seq).collect();
            let news = AuthorityNews::Acknowledged {
                recipient: Recipient::AUTHORITY,
                environment: "TEST".to_owned(),
                sealed_seqs,
            };
            self.clerk_handle.send(Message::Authority(news));
            self.settle()?;
        }
    }

    /// Waits until the clerk has handled all messages that were sent so far.
    pub(super) fn settle(&self) -> Measured {
        let (reply, waits) = oneshot::channel();
        let id = Uuid::nil();
        self.clerk_handle.send(Message::Waiting { id, reply });
        waits.blocking_recv().map(drop).map_err(with_sources)
    }
}

impl Drop for TestShop {
    fn drop(&mut self) {
        self.clerk_handle.send(Message::Stop);
        if let Some(clerk) = self.clerk.take() {
            // A panic of the clerk has been printed already.
            let _ = clerk.join();
        }
    }
}

fn spawn_clerk(
    store: Store,
    setting: Arc<ClerkSettings>,
    plan: DevicePlan,
    inbox: Receiver<Message>,
) -> Measured<JoinHandle<()>> {
    let clerk = Clerk::open(store, setting, vec![plan], inbox).map_err(with_sources)?;
    let thread = std::thread::Builder::new().name("clerk".to_owned());
    thread.spawn(move || clerk.run()).map_err(with_sources)
}

/// Returns an error if the order was not registered.
pub(super) fn registered(answer: Result<Answer, oneshot::error::RecvError>) -> Measured {
    match answer {
        Ok(Answer::Registered { .. }) => Ok(()),
        other => Err(format!("a sale was not registered: {other:?}")),
    }
}

/// An order for the clerk, and the receiver of the answer.
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
        // The ids are random, as callers choose them; random ids are the worst case for an index.
        id: Uuid::new_v4(),
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

/// A sale with this number of lines.
pub(super) fn sale(lines: usize, mode: ReceiptMode) -> OrderKind {
    let line = |number: usize| OrderLine {
        name: format!("Piine Praga (Franzeluta) {number}").into(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(810),
        modifier: None,
        tax_group: Some(if number.is_multiple_of(2) { "A" } else { "B" }.to_owned()),
        comment: "".into(),
        final_amount: None,
        copied: CopiedLine::NONE,
    };
    let owed = 810 * i64::try_from(lines).unwrap_or(0);
    OrderKind::Sale {
        draft: OrderDraft {
            lines: (0..lines).map(line).collect(),
            payments: vec![(Some(0), Amount::from_minor(owed))],
            ..OrderDraft::default()
        },
        mode,
        number: None,
        print: false,
    }
}
