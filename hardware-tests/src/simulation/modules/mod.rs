//! A shop whose law has a fiscal module seal each receipt: tills, their modules, payment providers, and everything that can go wrong.
//!
//! ```text
//! callers ──orders──► Clerk::turn ──► Store on ferrotill-disk            cuts, failing writes
//!    │                  │   ▲
//!    │             PrinterWorker::turn ──► ModuleDriver ──► module         in software, or behind the requests of its device
//!    └─payments──► Providers ─────────────────────────────► providers      killed before and after each call and each row
//! ```
//!
//! Modules and providers outlive the agent, as the real ones do. At the end of a day the judge compares module, journal and providers
//! ([`judge`]).

mod goods;
mod judge;
mod life;
mod people;
mod purchases;
mod troubles;

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ferrotill::authority::DutyForms;
use ferrotill::clerk::{Clerk, ClerkHandle, ClerkSettings, DevicePlan};
use ferrotill::config::{FiscalBoxConfig, OnlineEcrConfig};
use ferrotill::outbox::providers::{ProviderParts, Providers};
use ferrotill::seal::fiscal_module::http::HttpModule;
use ferrotill::seal::fiscal_module::software::{SoftwareModule, SoftwareOptions};
use ferrotill::seal::fiscal_module::statuses::Generation;
use ferrotill::seal::fiscal_module::{FiscalModule, ModuleDriver, Modules};
use ferrotill::seal::printer::{PrinterTask, PrinterWorker};
use ferrotill::status::LiveStatus;
use ferrotill::time::clock::Clock;
use ferrotill::time::guarded_clock::GuardedClock;
use ferrotill_core::budget::Budget;
use ferrotill_core::event::{Configuration, Mode};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{Profile as _, UZBEKISTAN};
use ferrotill_disk::{Disk, SeededRandom, Syncs};
use ferrotill_store::{DeviceIdentity, Founding, Reader, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::line::Life;
use super::{Tally, Violation};
use crate::error_text::with_sources;
use goods::{CARD, CASH};
use life::{ClerkSlot, ModuleListener, MortalModule, ShopJournal, SimulatedLine};
use purchases::Purchase;

/// How many steps a day has.
const STEPS: u32 = 100;
/// How many steps without faults the end of a day may take.
const CLOSING_STEPS_MAX: u32 = 600;
/// After so many steps of the end of a day time passes faster, so that the till's own limits end.
const CLOSING_STEPS_SLOW: u32 = 60;
/// How many callers each till has.
const CALLERS: usize = 2;
/// How many notes are kept for the report of a violation.
const NOTES_MAX: usize = 300;
const DAY_MS: u64 = 86_400_000;
const ZONE: &str = "Asia/Tashkent";
/// An ordinary morning, two minutes before midnight, and two minutes before a year ends, in milliseconds of UTC.
const OPENINGS: [i64; 3] = [1_795_752_000_000, 1_795_805_880_000, 1_798_743_480_000];
/// The times after which the till takes the next step of a payment.
const CONFIRM_AFTER: Duration = Duration::from_secs(60);
const GIVE_BACK_AFTER: Duration = Duration::from_secs(900);
/// The same in two of five shops: shorter than a caller waits for its receipt.
const GIVE_BACK_SOON: Duration = Duration::from_secs(1);

type Checked<T = ()> = Result<T, String>;

/// The parts of a running agent.
struct Agent {
    clerk: Arc<Mutex<Clerk>>,
    clerk_handle: ClerkHandle,
    workers: Vec<PrinterWorker>,
    providers: Arc<Providers>,
    payments: ProviderParts,
    reader: Reader,
    live_status: Arc<LiveStatus>,
    life: Life,
}

/// A till and its module.
struct ModuleTill {
    device: Uuid,
    module: Arc<SoftwareModule>,
    /// The line to the module's device; none if the module is in software.
    line: Option<SimulatedLine>,
    /// The ids of receipts that another program has registered.
    foreign: BTreeSet<String>,
    /// Another program has used the module, or a person has declared a document, since the last judgement.
    is_disturbed: bool,
    /// The number of the last document that was judged.
    judged: u32,
}

struct ModuleWorld {
    syncs: Syncs,
    give_back_after: Duration,
    random: SeededRandom,
    folder: TempDir,
    disk: Disk,
    clock: Arc<Clock>,
    /// The clock of modules and buyers.
    module_clock: Arc<Clock>,
    now_ms: u64,
    tills: Vec<ModuleTill>,
    references: Arc<AtomicU64>,
    agent: Option<Agent>,
    callers: Vec<Option<usize>>,
    purchases: Vec<Purchase>,
    /// The purchases whose money a person has given back at the provider.
    by_hand: BTreeSet<usize>,
    disk_fault_steps: u32,
    tally: Tally,
    notes: VecDeque<String>,
    day: u32,
}

/// Plays some days of a shop.
pub(super) fn play(syncs: Syncs, seed: u64, days: u32) -> Result<Tally, Box<Violation>> {
    let unborn = |words| {
        Box::new(Violation {
            seed,
            day: 0,
            step: 0,
            words,
            before: Vec::new(),
        })
    };
    let mut world = ModuleWorld::new(syncs, seed).map_err(unborn)?;
    match world.days(days) {
        Ok(()) => Ok(world.tally),
        Err(words) => Err(Box::new(Violation {
            seed,
            day: world.day,
            step: world.tally.steps,
            words: words.replace(&*world.folder.path().to_string_lossy(), "FOLDER"),
            before: world.notes.into(),
        })),
    }
}

fn configuration() -> Option<Configuration> {
    let types = [(CASH, "Naqd", true), (CARD, "Karta", false)].map(|(code, name, cash)| {
        Some(PaymentType {
            code,
            name: name.try_into().ok()?,
            cash,
            printer_letter: b'P',
            open_drawer: cash,
        })
    });
    let types: Option<Vec<PaymentType>> = types.into_iter().collect();
    Some(Configuration {
        taxes: UZBEKISTAN.facts().tax_table(),
        payments: PaymentTable::new(types?.into_iter())?,
        ..Configuration::default()
    })
}

impl ModuleWorld {
    fn new(syncs: Syncs, seed: u64) -> Checked<Self> {
        let memory = Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(with_sources)?;
        let disk = Disk::mount(folder.path());
        // The seeds of the other shops play other numbers.
        let mut random = SeededRandom::new(seed ^ 0x4655_0000_5a42);
        let opens_ms = OPENINGS.get(random.below(OPENINGS.len())).copied();
        let opens_ms = opens_ms.unwrap_or_default();
        let clock = Clock::by_hand(ZONE, opens_ms).map_err(with_sources)?;
        let module_clock = Arc::new(Clock::by_hand(ZONE, opens_ms).map_err(with_sources)?);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = Arc::new(runtime.map_err(with_sources)?);
        let count = 1 + random.below(2);
        let tills = (0..count).map(|place| till(place, &mut random, &module_clock, &runtime));
        let tills = tills.collect::<Checked<Vec<_>>>()?;
        let mut world = Self {
            syncs,
            give_back_after: match seed % 5 {
                0 | 1 => GIVE_BACK_SOON,
                _ => GIVE_BACK_AFTER,
            },
            random,
            disk,
            clock: Arc::new(clock),
            module_clock,
            now_ms: 0,
            callers: vec![None; tills.len() * CALLERS],
            tills,
            references: Arc::default(),
            agent: None,
            purchases: Vec::new(),
            by_hand: BTreeSet::new(),
            disk_fault_steps: 0,
            tally: Tally {
                trace: 0xcbf2_9ce4_8422_2325,
                ..Tally::default()
            },
            notes: VecDeque::new(),
            day: 0,
            folder,
        };
        let made: Vec<&str> = world
            .tills
            .iter()
            .map(|till| match till.line {
                Some(_) => "a device over HTTP",
                None => "a module in software",
            })
            .collect();
        world.note(format!("{count} tills: {made:?}"));
        world.open()?;
        Ok(world)
    }

    fn days(&mut self, days: u32) -> Checked {
        for day in 1..=days {
            self.day = day;
            for _ in 0..STEPS {
                self.trouble()?;
                self.step(false)?;
            }
            self.close()?;
            self.night()?;
        }
        Ok(())
    }

    /// The till is off for a night, or for some days, and starts again.
    fn night(&mut self) -> Checked {
        let nights = match self.random.below(4) {
            0 => 3,
            _ => 1,
        };
        self.crash("for the night", false)?;
        self.pass(DAY_MS * nights);
        self.clock = Arc::new(self.clock.after_a_reboot());
        self.note(format!("closed for {nights} nights"));
        self.open()
    }

    /// Starts the agent.
    fn open(&mut self) -> Checked {
        self.disk.set_syncs(self.syncs);
        let broken = |error| format!("the agent does not start: {}", with_sources(error));
        let founding = Founding::new(UZBEKISTAN.facts(), Mode::Test, self.clock.now());
        let store = Store::open(self.folder.path(), &founding).map_err(broken)?;
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&self.clock),
            store.stored_clock().map_err(broken)?,
            store.latest_moment().map_err(broken)?,
        ));
        let (clerk_handle, inbox) = ClerkHandle::new();
        let live_status = Arc::new(LiveStatus::default());
        let life = Life::new();
        let mut modules = Modules::default();
        let (mut workers, mut plans) = (Vec::new(), Vec::new());
        for till in &self.tills {
            let reached: Arc<dyn FiscalModule> = match &till.line {
                Some(line) => Arc::new(HttpModule::behind(Box::new(line.clone()))),
                None => Arc::clone(&till.module) as Arc<dyn FiscalModule>,
            };
            let module: Arc<dyn FiscalModule> = Arc::new(MortalModule {
                module: reached,
                life: life.clone(),
            });
            modules.add(till.device, Arc::clone(&module));
            let driver = ModuleDriver::new(module, Arc::clone(&self.clock));
            let listener = ModuleListener {
                clerk_handle: clerk_handle.clone(),
                device: till.device,
                life: life.clone(),
            };
            let clock = Arc::clone(&self.clock);
            let (printer, worker) =
                PrinterTask::by_hand(Box::new(driver), Box::new(listener), clock);
            workers.push(worker);
            plans.push(DevicePlan {
                device: till.device,
                configuration: configuration().ok_or("the payment table")?,
                identity: DeviceIdentity {
                    fiscal_number: till.device.to_string(),
                    ..DeviceIdentity::default()
                },
                printer,
                point_of_sale: Uuid::from_u128(1),
                serial: None,
            });
        }
        let settings = Arc::new(ClerkSettings {
            profile: &UZBEKISTAN,
            clock: Arc::clone(&self.clock),
            guard: Arc::clone(&guard),
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::clone(&live_status),
            forms: Arc::new(DutyForms::new(&UZBEKISTAN, &OnlineEcrConfig::default())),
            wake_senders: Vec::new(),
            contact_ms: i64::MAX,
            seller: ferrotill_render::PrintedSeller::default(),
            signatures: None,
            terminals: ferrotill::payment::Terminals::default(),
            deliveries: None,
        });
        let clerk = Clerk::open(store, settings, plans, inbox).map_err(broken)?;
        let clerk = Arc::new(Mutex::new(clerk));
        let slot: ClerkSlot = Arc::new(Mutex::new(Some(Arc::downgrade(&clerk))));
        let reader = Reader::new(self.folder.path());
        let config = FiscalBoxConfig {
            stored_max: Duration::from_secs(48 * 3_600),
            confirm_after: CONFIRM_AFTER,
            give_back_after: self.give_back_after,
            classes_file: None,
            in_soms: Vec::new(),
            billing: None,
        };
        let journal = ShopJournal {
            clerk_handle: clerk_handle.clone(),
            clerk: slot,
            life: life.clone(),
            references: Arc::clone(&self.references),
        };
        let providers = Providers::new(modules, reader.clone(), Box::new(journal), config.clone());
        let providers = Arc::new(providers);
        let payments = ProviderParts {
            providers: Arc::clone(&providers),
            reader: reader.clone(),
            config,
            live_status: Arc::clone(&live_status),
            guard,
        };
        self.agent = Some(Agent {
            clerk,
            clerk_handle,
            workers,
            providers,
            payments,
            reader,
            live_status,
            life,
        });
        Ok(())
    }

    /// Kills the agent and starts it again: only its process ends, or the power is cut too.
    fn crash(&mut self, place: &str, restart: bool) -> Checked {
        self.tally.crashes += 1;
        let power = self.random.coin();
        let history = self.disk.history();
        let image = match power {
            true => history.cut(history.len(), &mut self.random),
            false => self.disk.image(),
        };
        self.agent = None;
        self.disk_fault_steps = 0;
        self.disk.fail(None);
        self.disk.put(&image);
        if power {
            self.clock = Arc::new(self.clock.after_a_reboot());
        }
        self.note(format!("the agent dies {place}, power cut: {power}"));
        if restart { self.open() } else { Ok(()) }
    }

    /// One step: time passes, callers and people act, and the parts of the agent may get a turn.
    fn step(&mut self, closing: bool) -> Checked {
        self.tally.steps += 1;
        let passed = match self.random.below(40) {
            _ if closing => 1_000,
            0 => 1_000_000,
            1..=3 => 200_000,
            4..=8 => 20_000,
            _ => 300,
        };
        self.pass(passed);
        if self.disk_fault_steps > 0 {
            self.disk_fault_steps -= 1;
            if self.disk_fault_steps == 0 {
                self.disk.fail(None);
            }
        }
        for caller in 0..self.callers.len() {
            self.act(caller, closing)?;
            self.after_a_turn()?;
        }
        if self.random.below(if closing { 2 } else { 8 }) == 0 {
            self.people()?;
            self.after_a_turn()?;
        }
        let parts = self.tills.len() + 2;
        let first = self.random.below(parts);
        for turn in 0..parts {
            if closing || self.random.below(5) != 0 {
                self.turn((first + turn) % parts);
                self.after_a_turn()?;
            }
        }
        Ok(())
    }

    /// Gives a turn to the clerk, to the worker of the payments, or to the worker of a module.
    fn turn(&mut self, who: usize) {
        let Some(agent) = &mut self.agent else { return };
        match who {
            0 => {
                let mut clerk = agent.clerk.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = clerk.turn(None);
            }
            // A worker whose disk cannot be read now looks again later.
            1 => drop(agent.payments.turn()),
            worker => {
                if let Some(worker) = agent.workers.get_mut(worker - 2) {
                    let _ = worker.turn();
                }
            }
        }
    }

    /// Time that a worker has waited has passed for everything; an agent that was killed is started again.
    fn after_a_turn(&mut self) -> Checked {
        let waited = self.clock.system_ms() - self.module_clock.system_ms();
        let waited = u64::try_from(waited).unwrap_or(0);
        self.module_clock.pass(waited);
        self.now_ms += waited;
        let is_over = self
            .agent
            .as_ref()
            .is_some_and(|agent| agent.life.is_over());
        if is_over {
            self.crash("in the middle of a step", true)?;
        }
        Ok(())
    }

    fn pass(&mut self, milliseconds: u64) {
        self.clock.pass(milliseconds);
        self.module_clock.pass(milliseconds);
        self.now_ms += milliseconds;
    }

    /// The end of a day: all faults end, every caller gets its answer, every payment is ended, each till closes its shift, and the judge
    /// compares.
    fn close(&mut self) -> Checked {
        self.disk.fail(None);
        self.disk_fault_steps = 0;
        self.mend();
        if let Some(agent) = &self.agent {
            agent.life.ends_after(-1);
        }
        self.note("closing".to_owned());
        self.until("every caller has its answer", |world| {
            world.callers.iter().all(Option::is_none)
        })?;
        self.until("no document is open, and every payment is ended", |world| {
            world.nothing_is_open()
        })?;
        for place in 0..self.tills.len() {
            self.begin_report(place);
        }
        self.until("the shifts are closed", |world| {
            world.callers.iter().all(Option::is_none)
        })?;
        self.judge()
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Checked {
        for step in 0..CLOSING_STEPS_MAX {
            if done(self) {
                return Ok(());
            }
            if step > CLOSING_STEPS_SLOW {
                self.pass(29_000);
            }
            self.step(true)?;
        }
        let open = self
            .agent
            .as_ref()
            .and_then(|agent| agent.reader.open_provider_payments().ok());
        let callers: Vec<String> = self
            .callers
            .iter()
            .flatten()
            .filter_map(|place| self.purchases.get(*place))
            .map(|purchase| format!("{purchase:?}"))
            .collect();
        Err(format!(
            "at the end of the day this is still not true: {what}: {callers:?}, {open:?}"
        ))
    }

    fn note(&mut self, words: String) {
        for byte in words.bytes() {
            self.tally.trace ^= u64::from(byte);
            self.tally.trace = self.tally.trace.wrapping_mul(0x0100_0000_01b3);
        }
        self.tally.trace ^= self.now_ms;
        if self.notes.len() >= NOTES_MAX {
            self.notes.pop_front();
        }
        let (step, now) = (self.tally.steps, self.now_ms);
        self.notes.push_back(format!("{step} ({now} ms): {words}"));
    }
}

/// A till with its module, drawn at random: in software or behind a device, with a program of either generation.
fn till(
    place: usize,
    random: &mut SeededRandom,
    clock: &Arc<Clock>,
    runtime: &Arc<Runtime>,
) -> Checked<ModuleTill> {
    let options = SoftwareOptions {
        terminal: format!("UZ1707031001{place:02}"),
        generation: if random.coin() {
            Generation::Decimal
        } else {
            Generation::Text
        },
        stored_max: Duration::from_secs(48 * 3_600),
        file: None,
    };
    let module = SoftwareModule::open(options, Arc::clone(clock)).map_err(with_sources)?;
    let module = Arc::new(module);
    let line = random.coin().then(|| SimulatedLine {
        module: Arc::clone(&module),
        runtime: Arc::clone(runtime),
        faults: Arc::default(),
    });
    Ok(ModuleTill {
        device: Uuid::from_u128(0xC1 + u128::try_from(place).unwrap_or(0)),
        module,
        line,
        foreign: BTreeSet::new(),
        is_disturbed: false,
        judged: 0,
    })
}
