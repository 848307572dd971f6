//! The simulated shop: its parts, and one step of it.

mod agent;
mod calls;
mod changes;
mod checks;
mod day;
mod expected_totals;
mod hub;
mod operator;
mod terminal;
mod troubles;
mod turns;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError};

use ferrotill::clerk::Answer;
use ferrotill::config::Config;
use ferrotill::order::OrderForm;
use ferrotill::simulator::tax_office::{Strictness, TaxOfficeSimulator};
use ferrotill::time::clock::Clock;
use ferrotill_disk::{Disk, SeededRandom, Syncs};
use ferrotill_testkit::clock::ManualClock;
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::callers::{Caller, Key, Order};
use super::line::Line;
use super::network::Network;
use super::printers::{PrinterDraw, PrinterModel};
use super::shop_config::ShopConfig;
use super::{Tally, Violation};
use crate::error_text::with_sources;
use agent::Agent;
use calls::Outage;
pub(super) use changes::Changes;
use expected_totals::ExpectedTotals;
use hub::ShopHub;
use terminal::ShopTerminal;
use turns::Turns;

/// How many callers each device has.
const CALLERS: usize = 8;
/// How many of the callers of a device act all the time. The others come only in a rush.
const REGULAR_CALLERS: usize = 2;
/// How many steps a day has.
const STEPS: u32 = 120;
/// How long the clerk waits for a message, in milliseconds: then it stores the clock.
const CLERK_WAITS_MS: u64 = 60_000;
/// How many notes are kept for the report of a violation.
const NOTES_MAX: usize = 300;

type Checked<T = ()> = Result<T, String>;

/// A device, and its emulated printer at the other end of a line.
struct SimulatedTill {
    device: Uuid,
    make: PrinterModel,
    line: Line,
    /// How many receipts in the printer's memory were checked.
    seen: usize,
    /// The last day on which an operator made a declaration about a document of this till.
    declared_on: Option<u32>,
    /// The last day on which an operator made one although the printer could have been asked, because its device was not configured. The
    /// sums of that day prove no other document.
    declared_unasked_on: Option<u32>,
    /// The totals that the simulation itself has counted for this till.
    expected: ExpectedTotals,
    /// The jobs that make no document, as their callers see them.
    turns: Turns,
}

/// A request on its way to the agent.
struct Request {
    /// The place of its order among the orders; none for another body under the id of an order.
    order: Option<usize>,
    arrives_ms: u64,
    /// The time that the caller signs, in milliseconds of UTC; the caller's clock is right.
    signed_ms: i64,
    device: Uuid,
    form: OrderForm,
    reply: oneshot::Sender<Answer>,
}

struct World {
    syncs: Syncs,
    random: SeededRandom,
    printer_draw: PrinterDraw,
    folder: TempDir,
    disk: Disk,
    shop: ShopConfig,
    clock: Arc<Clock>,
    /// The clock of the printers: local time in seconds.
    printer_clock: ManualClock,
    now_ms: u64,
    config: Arc<Config>,
    /// The numbers of alternative receipts that any till has used, by series.
    numbers: BTreeMap<String, BTreeSet<u32>>,
    /// What was changed in the configuration.
    changes: Changes,
    tills: Vec<SimulatedTill>,
    authority: TaxOfficeSimulator,
    network: Network,
    /// How many documents of the authority were checked.
    authority_checked: usize,
    /// The hub that gets every document.
    hub: ShopHub,
    /// The bank terminal of the shop, if it has one.
    terminal: Option<ShopTerminal>,
    agent: Option<Agent>,
    callers: Vec<Caller>,
    /// The till to which many buyers come in this step.
    rush: Option<usize>,
    orders: Vec<Order>,
    on_the_way: Vec<Request>,
    /// How many times each fiscal receipt was printed.
    printed: BTreeMap<Key, u32>,
    /// The time since the till itself reports the authority as offline; none while it does not.
    without_authority: Option<Outage>,
    /// When the clerk last had a turn with a working disk, in milliseconds of the run: the till's clock is stored at each turn if it was
    /// not stored for a minute.
    clock_stored_ms: u64,
    /// True if the authority takes no document for the rest of the day; such a day is longer than others.
    outage: bool,
    /// True if two clocks have agreed on the time in this shop.
    was_set_up: bool,
    /// How many steps remain until the disk has no fault any more.
    disk_fault_steps: u32,
    starts: u8,
    day: u32,
    tally: Tally,
    notes: VecDeque<String>,
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
    let mut world = World::new(syncs, seed).map_err(unborn)?;
    match world.days(days) {
        Ok(()) => Ok(world.tally),
        Err(words) => {
            let words = world.without_folder(&words);
            world.note_printers();
            Err(Box::new(Violation {
                seed,
                day: world.day,
                step: world.tally.steps,
                words,
                before: world.notes.into(),
            }))
        }
    }
}

impl World {
    fn new(syncs: Syncs, seed: u64) -> Checked<Self> {
        // The files for key and anchor are on the real file system; in memory their syncs cost nothing.
        let memory = std::path::Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(with_sources)?;
        let disk = Disk::mount(folder.path());
        let mut printer_draw = PrinterDraw::of(seed);
        let shop = ShopConfig::of(seed, &mut printer_draw);
        let clock =
            Arc::new(Clock::by_hand("Europe/Chisinau", shop.opens_ms).map_err(with_sources)?);
        let printer_clock = ManualClock::at(clock.local_s() + shop.printers_ahead_s);
        clock.set_wrong(shop.first_wrong_ms);
        let config = Config::parse(
            &shop.configuration(folder.path(), &Changes::default()),
            "simulation.toml",
        );
        let config = Arc::new(config.map_err(with_sources)?);
        let tills = (0..shop.printers.len()).filter_map(|place| {
            let (line, make) = shop.printer(place, printer_clock.source())?;
            Some(SimulatedTill {
                device: ShopConfig::device(place),
                make,
                line: Line::to(line),
                seen: 0,
                declared_on: None,
                declared_unasked_on: None,
                expected: ExpectedTotals::default(),
                turns: Turns::default(),
            })
        });
        let tills: Vec<SimulatedTill> = tills.collect();
        let authority = TaxOfficeSimulator::new(if shop.strict {
            Strictness::Rules
        } else {
            Strictness::AnyObject
        });
        let mut random = SeededRandom::new(seed);
        let network = Network::to(authority.clone(), SeededRandom::new(random.number()));
        network.pass(shop.opens_ms);
        let mut world = Self {
            syncs,
            random,
            printer_draw,
            disk,
            clock,
            printer_clock,
            now_ms: 0,
            callers: tills
                .iter()
                .flat_map(|_| [(); CALLERS])
                .map(|()| Caller::default())
                .collect(),
            tills,
            rush: None,
            authority,
            network,
            authority_checked: 0,
            hub: ShopHub::new(seed)?,
            terminal: ShopTerminal::of(seed),
            agent: None,
            orders: Vec::new(),
            on_the_way: Vec::new(),
            printed: BTreeMap::new(),
            without_authority: None,
            clock_stored_ms: 0,
            outage: false,
            was_set_up: false,
            disk_fault_steps: 0,
            starts: 0,
            day: 0,
            tally: Tally {
                trace: 0xcbf2_9ce4_8422_2325,
                ..Tally::default()
            },
            notes: VecDeque::new(),
            config,
            numbers: BTreeMap::new(),
            changes: Changes::default(),
            shop,
            folder,
        };
        let shop = format!("{:?}", world.shop);
        world.note(shop);
        world.open()?;
        Ok(world)
    }

    fn days(&mut self, days: u32) -> Checked {
        for day in 1..=days {
            self.day = day;
            self.outage = self.shop.budget_ms.is_some() && self.random.coin();
            if self.outage {
                self.network.set(super::network::NetworkFault::Down);
                self.note("the authority cannot be reached today".to_owned());
            }
            if self.shop.refuses_one {
                self.network.refuse_the_next_sale();
            }
            for _ in 0..STEPS {
                self.trouble()?;
                self.terminal_trouble();
                self.step(false)?;
            }
            self.close()?;
            self.night(day)?;
        }
        Ok(())
    }

    /// One step: time passes, callers act, and every part of the agent may get a turn.
    fn step(&mut self, closing: bool) -> Checked {
        self.tally.steps += 1;
        let passed = if closing { 500 } else { self.moment() };
        self.wait(passed)?;
        if self.disk_fault_steps > 0 {
            self.disk_fault_steps -= 1;
            if self.disk_fault_steps == 0 {
                self.disk.fail(None);
            }
        }
        for caller in 0..self.callers.len() {
            self.call(caller, closing)?;
        }
        self.rush = None;
        self.ask_for_drawers(closing);
        self.hand_over(closing);
        let everybody = self.tills.len() + 2 + usize::from(self.terminal.is_some());
        let first = self.random.below(everybody);
        for turn in 0..everybody {
            let who = (first + turn) % everybody;
            if !closing && self.random.below(5) == 0 {
                continue;
            }
            self.turn(who)?;
            if self
                .agent
                .as_ref()
                .is_some_and(|agent| agent.life.is_over())
            {
                self.crash("in the middle of a job")?;
            }
        }
        self.hub_turn(closing)?;
        self.operators(closing)?;
        self.check_turns()?;
        self.check_authority()?;
        self.check_printers()
    }

    /// Lets a step pass. In a quiet while the clerk has a turn at least once a minute, as a clerk without messages has.
    fn wait(&mut self, milliseconds: u64) -> Checked {
        let mut left_ms = milliseconds;
        while left_ms > CLERK_WAITS_MS {
            self.pass(CLERK_WAITS_MS);
            self.turn(0)?;
            left_ms -= CLERK_WAITS_MS;
        }
        self.pass(left_ms);
        Ok(())
    }

    /// How long a step takes, in milliseconds: mostly less than a second; sometimes nothing happens for a while.
    fn moment(&mut self) -> u64 {
        let quiet = if self.outage { 12 } else { 60 };
        if self.random.below(quiet) == 0 {
            return 600_000 + u64::try_from(self.random.below(1_800_000)).unwrap_or(0);
        }
        match self.random.below(10) {
            0 => 20_000,
            1 | 2 => 3_000,
            _ => 200,
        }
    }

    /// Gives one turn to the clerk, the sender, or a printer's worker.
    fn turn(&mut self, who: usize) -> Checked {
        if who == self.tills.len() + 2 {
            self.terminal_turn();
            return Ok(());
        }
        let Some(agent) = &mut self.agent else {
            return Ok(());
        };
        match who {
            0 => {
                let is_established = agent.guard.is_established();
                let mut clerk = agent.clerk.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = clerk.turn(None);
                drop(clerk);
                if self.disk_fault_steps == 0 && !agent.life.is_over() {
                    self.clock_stored_ms = self.now_ms;
                    self.was_set_up |= is_established;
                }
                Ok(())
            }
            1 => {
                let _ = agent.sender.turn();
                self.network.refused().map_or(Ok(()), Err)
            }
            worker => {
                let workers = agent.workers.get_mut(worker - 2);
                let workers = workers.and_then(Option::as_mut);
                let Some((worker, till)) = workers.zip(self.tills.get_mut(worker - 2)) else {
                    return Ok(());
                };
                let before = till.line.line.now();
                till.before_the_printer();
                let _ = worker.turn();
                till.check_drawer()?;
                let took = till.line.line.now().saturating_sub(before);
                self.pass(took);
                Ok(())
            }
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.clock.pass(milliseconds);
        self.now_ms += milliseconds;
        let utc_ms = self.clock.system_ms();
        let ahead_s = i64::from(self.clock.moment(utc_ms).offset_minutes) * 60;
        let local_s = utc_ms.div_euclid(1_000) + ahead_s;
        self.printer_clock.set(local_s + self.shop.printers_ahead_s);
        self.network.pass(utc_ms);
    }

    /// Writes the state of the printers into the notes, for the reader of a violation.
    fn note_printers(&mut self) {
        for place in 0..self.tills.len() {
            let words = self.tills.get(place).map(|till| {
                till.line.line.with(|emulator| {
                    let printer = emulator.printer();
                    let memory = printer.memory();
                    format!(
                        "printer {place} ({:?}): on {}, paper {:?}, cover open {}, document {}, Z {}, {:?}, open {:?}, last {:?}",
                        till.make,
                        printer.is_on(),
                        printer.paper_state(),
                        printer.is_cover_open(),
                        memory.last_document,
                        memory.z_number(),
                        memory.day,
                        memory.open,
                        memory.last,
                    )
                })
            });
            self.note(words.unwrap_or_default());
        }
    }

    /// A text without the name of the data folder, which differs from run to run.
    fn without_folder(&self, words: &str) -> String {
        words.replace(&*self.folder.path().to_string_lossy(), "FOLDER")
    }

    fn note(&mut self, words: String) {
        let words = self.without_folder(&words);
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
