//! The shop: what there is in it, and how a step of it goes.

mod agent;
mod books;
mod calls;
mod checks;
mod day;
mod people;
mod troubles;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};

use ferrotill::clerk::Answer;
use ferrotill::clock::Clock;
use ferrotill::config::Config;
use ferrotill::order::OrderForm;
use ferrotill::standin::{StandIn, Strictness};
use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_disk::{Dice, Disk};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::bug::Bug;
use super::callers::{Caller, Key, Order};
use super::line::Line;
use super::office::Sky;
use super::shop::{Make, Shop, clock_source};
use super::{Tally, Violation};
use agent::Agent;
use books::Ledger;

/// Callers for each device.
const CALLERS: usize = 2;
/// Steps of a day.
const STEPS: u32 = 120;
/// Notes that are kept for a violation.
const NOTES_MAX: usize = 300;

type Told<T = ()> = Result<T, String>;

/// A device with its printer's end of the line.
struct Till {
    device: Uuid,
    make: Make,
    line: Line,
    /// Receipts in the printer's memory that have been looked at.
    seen: usize,
    /// The last day on which a person said what was printed here.
    word_on: Option<u32>,
    /// What the simulation itself has counted.
    ledger: Ledger,
}

/// A request on its way to the agent.
struct Request {
    arrives_ms: u64,
    /// What the caller's clock says, which it signs; it is right.
    signed_ms: i64,
    device: Uuid,
    form: OrderForm,
    reply: oneshot::Sender<Answer>,
}

struct World {
    bug: Option<Bug>,
    dice: Dice,
    folder: TempDir,
    disk: Disk,
    shop: Shop,
    clock: Arc<Clock>,
    /// Local time in seconds, as printers see it.
    seconds: Arc<AtomicI64>,
    now_ms: u64,
    config: Arc<Config>,
    tills: Vec<Till>,
    office: StandIn,
    sky: Sky,
    /// Documents of the office that have been looked at.
    office_seen: usize,
    agent: Option<Agent>,
    callers: Vec<Caller>,
    orders: Vec<Order>,
    on_the_way: Vec<Request>,
    /// Fiscal receipts by what they are known by.
    printed: BTreeMap<Key, u32>,
    /// Since when the till itself says that the office is offline.
    offline_since: Option<u64>,
    /// The office is gone for the rest of the day, and the day is long.
    outage: bool,
    /// Steps until the disk is well again.
    disk_ill: u32,
    starts: u8,
    day: u32,
    tally: Tally,
    notes: VecDeque<String>,
}

/// Plays days of a shop.
pub(super) fn play(seed: u64, days: u32, bug: Option<Bug>) -> Result<Tally, Box<Violation>> {
    let unborn = |words| {
        Box::new(Violation {
            seed,
            day: 0,
            step: 0,
            words,
            before: Vec::new(),
        })
    };
    let mut world = World::new(seed, bug).map_err(unborn)?;
    match world.days(days) {
        Ok(()) => Ok(world.tally),
        Err(words) => {
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
    fn new(seed: u64, bug: Option<Bug>) -> Told<Self> {
        // Key and anchor are files of the system; in memory their syncs cost nothing.
        let memory = std::path::Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(words)?;
        let disk = Disk::mount(folder.path());
        let shop = Shop::of(seed);
        let clock = Arc::new(Clock::by_hand("Europe/Chisinau", shop.opens_ms).map_err(words)?);
        let seconds = Arc::new(AtomicI64::new(clock.local_s()));
        let config = Config::parse(&shop.configuration(folder.path()), "simulation.toml");
        let config = Arc::new(config.map_err(words)?);
        let tills = (0..shop.makes.len()).filter_map(|place| {
            let (printer, make) = shop.printer(place, clock_source(&seconds))?;
            Some(Till {
                device: Shop::device(place),
                make,
                line: Line::to(Loopback::new(IslEmulator::new(printer, None))),
                seen: 0,
                word_on: None,
                ledger: Ledger::default(),
            })
        });
        let tills: Vec<Till> = tills.collect();
        let office = StandIn::new(if shop.strict {
            Strictness::Rules
        } else {
            Strictness::AnyObject
        });
        let mut dice = Dice::new(seed);
        let sky = Sky::over(office.clone(), Dice::new(dice.throw()), bug);
        let mut world = Self {
            bug,
            dice,
            disk,
            clock,
            seconds,
            now_ms: 0,
            callers: tills
                .iter()
                .flat_map(|_| [(); CALLERS])
                .map(|()| Caller::default())
                .collect(),
            tills,
            office,
            sky,
            office_seen: 0,
            agent: None,
            orders: Vec::new(),
            on_the_way: Vec::new(),
            printed: BTreeMap::new(),
            offline_since: None,
            outage: false,
            disk_ill: 0,
            starts: 0,
            day: 0,
            tally: Tally {
                trace: 0xcbf2_9ce4_8422_2325,
                ..Tally::default()
            },
            notes: VecDeque::new(),
            config,
            shop,
            folder,
        };
        let shop = format!("{:?}", world.shop);
        world.note(shop);
        world.open()?;
        Ok(world)
    }

    fn days(&mut self, days: u32) -> Told {
        for day in 1..=days {
            self.day = day;
            self.outage = self.shop.budget_ms.is_some() && self.dice.coin();
            if self.outage {
                self.sky.set(super::office::Weather::Down);
                self.note("the office is gone for the day".to_owned());
            }
            for _ in 0..STEPS {
                self.trouble()?;
                self.step(false)?;
            }
            self.close()?;
            self.night(day)?;
        }
        Ok(())
    }

    /// One step: time passes, callers do something, and everybody who has something to do may come to it.
    fn step(&mut self, closing: bool) -> Told {
        self.tally.steps += 1;
        let passed = if closing { 500 } else { self.moment() };
        self.pass(passed);
        if self.disk_ill > 0 {
            self.disk_ill -= 1;
            if self.disk_ill == 0 {
                self.disk.fail(None);
            }
        }
        for caller in 0..self.callers.len() {
            self.call(caller, closing)?;
        }
        self.hand_over(closing);
        let everybody = self.tills.len() + 2;
        let first = self.dice.below(everybody);
        for turn in 0..everybody {
            let who = (first + turn) % everybody;
            if !closing && self.dice.below(5) == 0 {
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
        self.people(closing)?;
        self.look_at_the_office()?;
        self.look_at_printers()
    }

    /// How long a step takes: mostly less than a second, and now and then nobody comes for a while.
    fn moment(&mut self) -> u64 {
        let quiet = if self.outage { 12 } else { 60 };
        if self.dice.below(quiet) == 0 {
            return 600_000 + u64::try_from(self.dice.below(1_800_000)).unwrap_or(0);
        }
        match self.dice.below(10) {
            0 => 20_000,
            1 | 2 => 3_000,
            _ => 200,
        }
    }

    /// The turn of the clerk, the sender, or a printer's worker.
    fn turn(&mut self, who: usize) -> Told {
        let Some(agent) = &mut self.agent else {
            return Ok(());
        };
        match who {
            0 => {
                let mut clerk = agent.clerk.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = clerk.turn(None);
                Ok(())
            }
            1 => {
                let _ = agent.sender.turn();
                self.sky.refused().map_or(Ok(()), Err)
            }
            worker => {
                let workers = agent.workers.get_mut(worker - 2);
                let Some((worker, till)) = workers.zip(self.tills.get(worker - 2)) else {
                    return Ok(());
                };
                let before = till.line.line.now();
                let _ = worker.turn();
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
        self.seconds.store(local_s, Ordering::Relaxed);
        self.sky.pass(utc_ms);
    }

    /// Where the printers stand, for whoever reads a violation.
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

    fn note(&mut self, words: String) {
        // The folder has another name each time, and a trace has not.
        let words = words.replace(&*self.folder.path().to_string_lossy(), "FOLDER");
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

/// An error with all its sources.
fn words<E: std::error::Error>(error: E) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        source = inner.source();
    }
    words
}
