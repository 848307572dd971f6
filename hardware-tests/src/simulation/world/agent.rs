//! How the simulated agent starts and crashes.

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ferrotill::authority::DutyForms;
use ferrotill::authority::online_ecr::OnlineEcr;
use ferrotill::clerk::{Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use ferrotill::config::adopt;
use ferrotill::outbox::hub::HubSender;
use ferrotill::outbox::{OutboxParts, OutboxWorker};
use ferrotill::payment::TerminalWorker;
use ferrotill::seal::printer::{Listener, News, PrinterTask, PrinterWorker};
use ferrotill::status::LiveStatus;
use ferrotill::time::guarded_clock::GuardedClock;
use ferrotill_core::budget::Budget;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_device::driver::escpos::{Escpos, Options};
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::printer::FiscalPrinter;
use ferrotill_store::{DeviceIdentity, Founding, Reader, Store};
use tokio::sync::Notify;
use uuid::Uuid;

use super::super::line::{Life, Line};
use super::{Checked, SimulatedTill, World};
use crate::error_text::with_sources;

/// The parts of a running agent.
pub(super) struct Agent {
    pub(super) clerk: Arc<Mutex<Clerk>>,
    pub(super) clerk_handle: ClerkHandle,
    pub(super) live_status: Arc<LiveStatus>,
    /// The worker of each till; none while the till's device is not in the configuration.
    pub(super) workers: Vec<Option<PrinterWorker>>,
    /// The worker of the bank terminal, if the shop has one.
    pub(super) terminal: Option<TerminalWorker>,
    pub(super) sender: OutboxWorker,
    /// The sender of the hub.
    pub(super) hub: HubSender,
    pub(super) reader: Reader,
    pub(super) guard: Arc<GuardedClock>,
    pub(super) life: Life,
}

impl World {
    /// Starts the agent.
    pub(super) fn open(&mut self) -> Checked {
        self.disk.set_syncs(self.syncs);
        self.starts = self.starts.wrapping_add(1);
        // The shop moves between two starts: what waits must be told as it was sealed.
        Arc::make_mut(&mut self.config).till.owner.address =
            Some(format!("Street {}", self.starts));
        let broken = |error| format!("the agent does not start: {}", with_sources(error));
        let founding = Founding::new(MOLDOVA.facts(), Mode::Test, self.clock.now());
        let store = Store::open(self.folder.path(), &founding).map_err(broken)?;
        let known = store.device_identities().map_err(broken)?;
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&self.clock),
            store.stored_clock().map_err(broken)?,
            store.latest_moment().map_err(broken)?,
        ));
        if let Some(date_ms) = self.network.date_ms() {
            guard.authority_says(date_ms);
        }
        let (clerk_handle, inbox) = ClerkHandle::new();
        let live_status = Arc::new(LiveStatus::default());
        let life = Life::new();
        let clerk_slot = Arc::new(Mutex::new(None));
        let (workers, plans) = self.printers(&clerk_handle, &clerk_slot, &life, &known);
        let (terminals, terminal) = self.terminals(&clerk_handle, &life);
        let wake = Arc::new(Notify::new());
        let setting = Arc::new(ClerkSettings {
            profile: &MOLDOVA,
            clock: Arc::clone(&self.clock),
            guard: Arc::clone(&guard),
            owner_budget: self.config.offline.unwrap_or(Budget::UNLIMITED),
            live_status: Arc::clone(&live_status),
            forms: Arc::new(DutyForms::of(&self.config, &MOLDOVA)),
            wake_senders: vec![Arc::clone(&wake)],
            contact_ms: i64::MAX,
            signatures: None,
            seller: ferrotill_render::PrintedSeller::default(),
            terminals,
            deliveries: None,
        });
        let clerk = Clerk::open(store, setting, plans, inbox).map_err(broken)?;
        let clerk = Arc::new(Mutex::new(clerk));
        *clerk_slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(&clerk));
        let reader = Reader::new(self.folder.path());
        let upstream = self.config.upstream.as_ref();
        let upstream = upstream.ok_or("the configuration has no tax authority")?;
        let parts = OutboxParts {
            recipient: Recipient::AUTHORITY,
            environment: self.config.till.mode.to_string(),
            seed: 1,
            reader: reader.clone(),
            clerk_handle: clerk_handle.clone(),
            live_status: Arc::clone(&live_status),
            wake,
            clock: Arc::clone(&self.clock),
            guard: Arc::clone(&guard),
        };
        let authority = Box::new(OnlineEcr::new(upstream.online_ecr.clone()));
        let sender =
            OutboxWorker::by_hand(parts, upstream, authority, Box::new(self.network.clone()));
        let hub = self.hub.sender(self.folder.path(), &reader)?;
        self.agent = Some(Agent {
            clerk,
            clerk_handle,
            live_status,
            workers,
            terminal,
            sender,
            hub,
            reader,
            guard,
            life,
        });
        Ok(())
    }

    /// The workers of the printers, and the plan of each device for the clerk.
    fn printers(
        &self,
        clerk_handle: &ClerkHandle,
        clerk: &Arc<Mutex<Option<Weak<Mutex<Clerk>>>>>,
        life: &Life,
        known: &[(Uuid, DeviceIdentity)],
    ) -> (Vec<Option<PrinterWorker>>, Vec<DevicePlan>) {
        let mut workers = Vec::new();
        let mut plans = Vec::new();
        let identities = adopt::identities(&self.config, known);
        let mut devices = self.config.devices.iter().zip(identities);
        for (place, till) in self.tills.iter().enumerate() {
            if self.changes.away == Some(place) {
                workers.push(None);
                continue;
            }
            let Some((device, identity)) = devices.next() else {
                continue;
            };
            let driver = self.driver(place, till, life);
            let listener = PrinterListener {
                clerk_handle: clerk_handle.clone(),
                device: till.device,
                clerk: Arc::clone(clerk),
                life: life.clone(),
            };
            let clock = Arc::clone(&self.clock);
            let (printer, worker) = PrinterTask::by_hand(driver, Box::new(listener), clock);
            workers.push(Some(worker));
            plans.push(DevicePlan {
                device: till.device,
                configuration: adopt::configuration(device, MOLDOVA.facts())
                    .expect("the tables fit"),
                identity,
                printer,
                point_of_sale: Uuid::from_u128(1),
                serial: None,
            });
        }
        (workers, plans)
    }

    /// The line to another printer of the till's family, if one is at its place now.
    fn spare_line(&self, place: usize) -> Option<Line> {
        if self.changes.spare != Some(place) {
            return None;
        }
        let documents = self.outstanding_baseline(place)?;
        let time = self.printer_clock.source();
        Some(Line::to(self.shop.spare(place, time, documents)?))
    }

    /// The driver that the configuration names for a till's printer.
    fn driver(&self, place: usize, till: &SimulatedTill, life: &Life) -> Box<dyn FiscalPrinter> {
        let spare = self.spare_line(place);
        let line = Box::new(spare.as_ref().unwrap_or(&till.line).until_the_end_of(life));
        if self.changes.wrong_family == Some(place) {
            Box::new(Escpos::new(line, Options::default(), self.starts))
        } else {
            Box::new(IslPrinter::new(till.make.driver, line, self.starts))
        }
    }

    /// Kills the agent and starts it again: only its process ends, or the power is cut too.
    pub(super) fn crash(&mut self, place: &str) -> Checked {
        self.tally.crashes += 1;
        let power = self.random.coin();
        let history = self.disk.history();
        let image = if power {
            history.cut(history.len(), &mut self.random)
        } else {
            self.disk.image()
        };
        self.agent = None;
        for till in &mut self.tills {
            till.turns.agent_ended();
        }
        self.disk_fault_steps = 0;
        self.disk.put(&image);
        // A report is printed at the keyboard of a random printer, in one crash out of three. A place beyond the last till means no
        // printer.
        let pressed = self.random.below(self.tills.len() * 3);
        self.report_at_keyboard(pressed);
        self.forget_unstored_time(power);
        if power {
            // At the start the clock is stored again.
            self.clock_stored_ms = self.now_ms;
            self.clock = Arc::new(self.clock.after_a_reboot());
            if self.random.coin() {
                for till in &self.tills {
                    till.line.line.with(|emulator| emulator.set_power(false));
                }
            }
        }
        self.note(format!("the agent dies {place}, power cut: {power}"));
        if power {
            self.verify()?;
        }
        self.change_configuration()?;
        self.open()
    }
}

/// Receives the messages of a printer worker during the worker's turn.
struct PrinterListener {
    clerk_handle: ClerkHandle,
    device: Uuid,
    clerk: Arc<Mutex<Option<Weak<Mutex<Clerk>>>>>,
    life: Life,
}

impl Listener for PrinterListener {
    fn send(&self, news: News) {
        if !self.life.is_over() {
            self.clerk_handle.send(Message::Printer(self.device, news));
        }
    }

    fn decide_cancel(&self, id: Uuid) -> bool {
        if self.life.is_over() {
            return false;
        }
        let (reply, answer) = sync_channel(1);
        self.clerk_handle
            .send(Message::DecideCancel(self.device, id, reply));
        let clerk = self.clerk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clerk) = clerk.as_ref().and_then(Weak::upgrade) {
            let mut clerk = clerk.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = clerk.turn(None);
        }
        answer.try_recv().unwrap_or(false)
    }
}
