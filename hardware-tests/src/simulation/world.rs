//! The shop: what there is in it, how a step of it goes, and what must be true after one.

mod checks;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ferrotill::board::Board;
use ferrotill::clerk::{Answer, Clerk, ClerkDoor, DeskPlan, FiscalState, Message, Setting};
use ferrotill::clock::Clock;
use ferrotill::config::Config;
use ferrotill::guard::GuardedClock;
use ferrotill::order::OrderKind;
use ferrotill::printer::{Listener, News, PrinterTask, Worker};
use ferrotill::standin::{StandIn, Strictness};
use ferrotill::store::{Reader, Store};
use ferrotill::tables;
use ferrotill_core::budget::Budget;
use ferrotill_core::profile::{MOLDOVA, Profile};
use ferrotill_device::Paper;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::emulator::{Emulator, FaultKind, FaultOrder, Printer};
use ferrotill_device::family::datecs;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_disk::{Dice, Disk, Kind, Trouble};
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::callers::{Caller, Order, Said, new_order};
use super::office::{Outbox, Weather};
use super::printer::{Driver, Life, Line};
use super::{Bug, Tally, Violation};

/// Devices of the shop.
const TILLS: usize = 2;
/// Callers for each device.
const CALLERS: usize = 2;
/// Steps of a day.
const STEPS: u32 = 120;
/// How long a caller waits.
const PATIENCE_MS: u64 = 20_000;
/// 2026-11-21 08:00 in Chisinau.
const MORNING: i64 = 1_795_240_800_000;

type Told<T = ()> = Result<T, String>;

/// A device with its printer's end of the line.
struct Till {
    device: Uuid,
    line: Loopback<Emulator>,
    /// Receipts in the printer's memory that have been looked at.
    seen: usize,
}

/// A running agent.
struct Agent {
    clerk: Arc<Mutex<Clerk>>,
    door: ClerkDoor,
    workers: Vec<Worker>,
    outbox: Outbox,
    reader: Reader,
    life: Life,
}

struct World {
    bug: Option<Bug>,
    dice: Dice,
    folder: TempDir,
    disk: Disk,
    clock: Arc<Clock>,
    /// Local time in seconds, as printers see it.
    seconds: Arc<AtomicI64>,
    now_ms: u64,
    config: Arc<Config>,
    tills: Vec<Till>,
    office: StandIn,
    /// The office holds documents to its rules, and the till sends them in order. Where it does not, they may overtake each other.
    strict: bool,
    weather: Weather,
    agent: Option<Agent>,
    callers: Vec<Caller>,
    orders: Vec<Order>,
    /// Fiscal receipts by sum, sales and refunds apart.
    printed: BTreeMap<(bool, i64), u32>,
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
        Err(words) => Err(Box::new(Violation {
            seed,
            day: world.day,
            step: world.tally.steps,
            words,
            before: world.notes.into(),
        })),
    }
}

impl World {
    fn new(seed: u64, bug: Option<Bug>) -> Told<Self> {
        // Key and anchor are files of the system; in memory their syncs cost nothing.
        let memory = std::path::Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(words)?;
        let disk = Disk::mount(folder.path());
        let clock = Arc::new(Clock::by_hand("Europe/Chisinau", MORNING).map_err(words)?);
        let seconds = Arc::new(AtomicI64::new(clock.local_s()));
        let config = Config::parse(&configuration(folder.path()), "simulation.toml");
        let config = Arc::new(config.map_err(words)?);
        let tills = config.devices.iter().enumerate().map(|(place, device)| {
            let mut rates = [None; 8];
            for (rate, known) in rates.iter_mut().zip([2_000, 800]) {
                *rate = Some(known);
            }
            let mut memory = Memory::new(rates);
            memory.serial = format!("DT70000{place}");
            memory.fiscal_memory = format!("0270000{place}");
            let seconds = Arc::clone(&seconds);
            let time = Arc::new(move || seconds.load(Ordering::Relaxed));
            let printer = Printer::new(memory, time).of_family(&datecs::PROTOCOL);
            Till {
                device: device.id,
                line: Loopback::new(Emulator::new(printer, None)),
                seen: 0,
            }
        });
        let tills = tills.collect();
        let strict = seed.is_multiple_of(2);
        let mut world = Self {
            bug,
            dice: Dice::new(seed),
            disk,
            clock,
            seconds,
            now_ms: 0,
            tills,
            office: StandIn::new(if strict {
                Strictness::Rules
            } else {
                Strictness::AnyObject
            }),
            strict,
            weather: Weather::Fair,
            agent: None,
            callers: (0..TILLS * CALLERS).map(|_| Caller::default()).collect(),
            orders: Vec::new(),
            printed: BTreeMap::new(),
            disk_ill: 0,
            starts: 0,
            day: 0,
            tally: Tally {
                trace: 0xcbf2_9ce4_8422_2325,
                ..Tally::default()
            },
            notes: VecDeque::new(),
            config,
            folder,
        };
        world.open()?;
        Ok(world)
    }

    /// A start of the agent.
    fn open(&mut self) -> Told {
        if self.bug == Some(Bug::SyncIsIgnored) {
            self.disk.lie();
        }
        self.starts = self.starts.wrapping_add(1);
        let broken = |error| format!("the agent does not start: {}", words(error));
        let store = Store::open(self.folder.path()).map_err(broken)?;
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&self.clock),
            store.remembered_clock().map_err(broken)?,
            store.latest_moment().map_err(broken)?,
        ));
        let (door, inbox) = ClerkDoor::new();
        let board = Arc::new(Board::default());
        let life = Life::new();
        let desk = Arc::new(Mutex::new(None));
        let mut workers = Vec::new();
        let mut plans = Vec::new();
        for (till, device) in self.tills.iter().zip(&self.config.devices) {
            let line = Line {
                line: till.line.clone(),
                life: life.clone(),
            };
            let driver = Driver {
                real: IslPrinter::new(&datecs::PROTOCOL, Box::new(line), self.starts),
                bug: self.bug,
            };
            let ear = Ear {
                door: door.clone(),
                device: till.device,
                clerk: Arc::clone(&desk),
                life: life.clone(),
                bug: self.bug,
            };
            let clock = Arc::clone(&self.clock);
            let (printer, worker) = PrinterTask::by_hand(Box::new(driver), Box::new(ear), clock);
            workers.push(worker);
            plans.push(DeskPlan {
                device: till.device,
                configuration: tables::configuration(device, MOLDOVA.facts()),
                printer,
                point_of_sale: Uuid::from_u128(1),
                serial: None,
            });
        }
        let setting = Arc::new(Setting {
            profile: &MOLDOVA,
            clock: Arc::clone(&self.clock),
            guard,
            house: Budget::UNLIMITED,
            board: Arc::clone(&board),
            wake_sender: Arc::new(Notify::new()),
        });
        let clerk = Clerk::open(store, setting, plans, inbox).map_err(broken)?;
        let clerk = Arc::new(Mutex::new(clerk));
        *desk.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(&clerk));
        let reader = Reader::new(self.folder.path());
        let books = (
            reader.clone(),
            Arc::clone(&self.config),
            MOLDOVA.facts().currency,
        );
        self.agent = Some(Agent {
            outbox: Outbox::new(books, door.clone(), board, (self.strict, self.bug)),
            clerk,
            door,
            workers,
            reader,
            life,
        });
        Ok(())
    }

    fn days(&mut self, days: u32) -> Told {
        for day in 1..=days {
            self.day = day;
            for _ in 0..STEPS {
                self.trouble()?;
                self.step(false)?;
            }
            self.close()?;
        }
        Ok(())
    }

    /// One step: time passes, callers do something, and everybody who has something to do may come to it.
    fn step(&mut self, closing: bool) -> Told {
        self.tally.steps += 1;
        let passed = if closing {
            500
        } else {
            match self.dice.below(10) {
                0 => 20_000,
                1 | 2 => 3_000,
                _ => 200,
            }
        };
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
        let first = self.dice.below(TILLS + 2);
        for turn in 0..TILLS + 2 {
            let who = (first + turn) % (TILLS + 2);
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
        self.look_at_printers()
    }

    /// The turn of the clerk, the outbox, or a printer's worker.
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
            // The disk's trouble is the clerk's here: what the outbox cannot read it reads later.
            1 if self.disk_ill > 0 => Ok(()),
            1 => {
                let (office, dice) = (&self.office, &mut self.dice);
                agent.outbox.turn(self.now_ms, office, self.weather, dice)
            }
            worker => {
                let Some((worker, till)) = agent
                    .workers
                    .get_mut(worker - 2)
                    .zip(self.tills.get(worker - 2))
                else {
                    return Ok(());
                };
                let before = till.line.now();
                let _ = worker.turn();
                let took = till.line.now().saturating_sub(before);
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
    }

    /// Something goes wrong, or right again.
    fn trouble(&mut self) -> Told {
        if self.dice.below(3) != 0 {
            return Ok(());
        }
        self.tally.troubles += 1;
        let place = self.dice.below(TILLS);
        let line = self.tills.get(place).map(|till| till.line.clone());
        let Some(line) = line else { return Ok(()) };
        match self.dice.below(24) {
            0..=9 => {
                let kind = FaultKind::ALL.get(self.dice.below(FaultKind::ALL.len()));
                let kind = *kind.unwrap_or(&FaultKind::DropAnswer);
                let times = if self.dice.coin() { 1 } else { 6 };
                line.with(|emulator| {
                    emulator.add_fault(FaultOrder {
                        kind,
                        command: None,
                        times,
                        ms: 700,
                    });
                });
                self.note(format!("printer {place}: {} x{times}", kind.name()));
            }
            10..=14 => {
                repair(&line);
                self.note(format!("printer {place}: repaired"));
            }
            15 => line.with(|emulator| emulator.set_power(false)),
            16 | 17 => {
                let weathers = [
                    Weather::Fair,
                    Weather::Down,
                    Weather::AnswersLost,
                    Weather::Refuses,
                    Weather::Broken,
                    Weather::Mixed,
                ];
                let weather = weathers.get(self.dice.below(weathers.len()));
                self.weather = *weather.unwrap_or(&Weather::Fair);
                self.note(format!("office: {:?}", self.weather));
            }
            18 | 19 => {
                let calls = i64::try_from(self.dice.below(60)).unwrap_or(0);
                if let Some(agent) = &self.agent {
                    agent.life.ends_after(calls);
                }
                self.note(format!("the agent dies after {calls} calls of a port"));
            }
            20 => {
                let kind = Kind::ALL.get(self.dice.below(Kind::ALL.len()));
                let trouble = Trouble {
                    kind: *kind.unwrap_or(&Kind::Write),
                    after: self.dice.below(20),
                    for_ever: self.dice.coin(),
                };
                self.disk.fail(Some(trouble));
                self.disk_ill = 1 + u32::try_from(self.dice.below(6)).unwrap_or(0);
                self.note(format!("disk: {trouble:?} for {} steps", self.disk_ill));
            }
            21 => {
                let wrong_ms = i64::try_from(self.dice.below(14_400_000)).unwrap_or(0) - 7_200_000;
                self.clock.set_wrong(wrong_ms);
                self.note(format!("the machine's clock is wrong by {wrong_ms} ms"));
            }
            _ => self.crash("between two steps")?,
        }
        Ok(())
    }

    /// The agent ends without a word, and begins again: its process alone, or with the power.
    fn crash(&mut self, place: &str) -> Told {
        self.tally.crashes += 1;
        let power = self.dice.coin();
        let history = self.disk.history();
        let image = if self.bug == Some(Bug::OlderBooks) {
            history.cut(history.len() / 2, &mut self.dice)
        } else if power {
            history.cut(history.len(), &mut self.dice)
        } else {
            self.disk.image()
        };
        self.agent = None;
        self.disk_ill = 0;
        self.disk.put(&image);
        if power {
            self.clock = Arc::new(self.clock.after_a_reboot());
            if self.dice.coin() {
                for till in &self.tills {
                    till.line.with(|emulator| emulator.set_power(false));
                }
            }
        }
        self.note(format!("the agent dies {place}, the power goes: {power}"));
        if power {
            self.verify()?;
        }
        self.open()
    }

    /// What a caller does.
    fn call(&mut self, caller: usize, closing: bool) -> Told {
        let now = self.now_ms;
        let Some(mine) = self.callers.get_mut(caller) else {
            return Ok(());
        };
        if let Some(pending) = &mut mine.pending {
            match pending.try_recv() {
                Ok(answer) => {
                    mine.pending = None;
                    mine.again_ms = now + 2_000;
                    return self.hear(caller, &answer);
                }
                Err(oneshot::error::TryRecvError::Empty) if now <= mine.deadline_ms => {
                    return Ok(());
                }
                // Nobody answered in time, or the agent died: the caller knows nothing.
                Err(_) => {
                    mine.pending = None;
                    mine.again_ms = now + 1_000;
                    return Ok(());
                }
            }
        }
        let till = caller / CALLERS;
        let place = match mine.order {
            Some(place) => {
                let said = self.orders.get(place).map(|order| order.said);
                let again = match said {
                    Some(Said::Open) => true,
                    // A caller may ask again although it knows.
                    _ => !closing && self.dice.below(4) == 0,
                };
                if !again {
                    mine.order = None;
                    return Ok(());
                }
                if now < mine.again_ms {
                    return Ok(());
                }
                place
            }
            None if closing || self.dice.below(3) != 0 => return Ok(()),
            None => {
                let order = new_order(&self.orders, till, false, &mut self.dice);
                self.begin(order)
            }
        };
        self.send(caller, place);
        Ok(())
    }

    fn begin(&mut self, order: Order) -> usize {
        self.tally.orders += 1;
        if let OrderKind::Refund { original, .. } = &order.form.kind {
            let original = self.orders.iter_mut().find(|one| one.form.id == *original);
            if let Some(original) = original {
                original.refunded = true;
            }
        }
        self.orders.push(order);
        self.orders.len() - 1
    }

    fn send(&mut self, caller: usize, place: usize) {
        let (reply, answer) = oneshot::channel();
        let Some((agent, order)) = self.agent.as_ref().zip(self.orders.get_mut(place)) else {
            return;
        };
        let Some(device) = self.tills.get(order.till).map(|till| till.device) else {
            return;
        };
        order.said = Said::Open;
        let deadline = self.clock.monotonic() + Duration::from_millis(PATIENCE_MS);
        if self.bug == Some(Bug::AnswerBeforeCommit) && place % 16 == 7 {
            let id = order.form.id;
            let _ = reply.send(Answer::Registered {
                id,
                replayed: false,
            });
        } else {
            agent.door.tell(Message::Order {
                device,
                form: Box::new(order.form.clone()),
                deadline,
                reply,
            });
        }
        if let Some(mine) = self.callers.get_mut(caller) {
            mine.order = Some(place);
            mine.pending = Some(answer);
            mine.deadline_ms = self.now_ms + PATIENCE_MS;
        }
        self.note(format!("caller {caller} sends order {place}"));
    }

    /// An answer must be true when it is heard.
    fn hear(&mut self, caller: usize, answer: &Answer) -> Told {
        let Some(place) = self.callers.get(caller).and_then(|mine| mine.order) else {
            return Ok(());
        };
        self.note(format!(
            "caller {caller} hears of order {place}: {answer:?}"
        ));
        let state = match answer {
            Answer::Registered { .. } => FiscalState::Registered,
            Answer::Refused { state, .. } => *state,
            Answer::NotRegistered { .. } => FiscalState::NotRegistered,
            Answer::Unknown { .. } | Answer::Unavailable { .. } => FiscalState::Unknown,
        };
        let said = match state {
            FiscalState::Registered if self.bug == Some(Bug::YesIsHeardAsNo) => Said::No,
            FiscalState::Registered => Said::Yes,
            FiscalState::NotRegistered => Said::No,
            FiscalState::Unknown => Said::Open,
        };
        if let Some(order) = self.orders.get_mut(place) {
            order.said = said;
        }
        self.look_at_printers()?;
        // While the disk fails nobody can look into the books; the end of the day does.
        if self.disk_ill > 0 {
            return Ok(());
        }
        self.check_order(place)
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

/// Notes that are kept for a violation.
const NOTES_MAX: usize = 60;

/// Hears a printer's worker, inside its turn.
struct Ear {
    door: ClerkDoor,
    device: Uuid,
    clerk: Arc<Mutex<Option<std::sync::Weak<Mutex<Clerk>>>>>,
    life: Life,
    bug: Option<Bug>,
}

impl Listener for Ear {
    fn tell(&self, news: News) {
        let lost = self.bug == Some(Bug::NewsIsLost) && matches!(news, News::Settled(..));
        if !self.life.is_over() && !lost {
            self.door.tell(Message::Printer(self.device, news));
        }
    }

    fn decide_cancel(&self, id: Uuid) -> bool {
        if self.life.is_over() {
            return false;
        }
        if self.bug == Some(Bug::CancelBeforeDurable) {
            return true;
        }
        let (reply, answer) = sync_channel(1);
        self.door
            .tell(Message::DecideCancel(self.device, id, reply));
        let clerk = self.clerk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clerk) = clerk.as_ref().and_then(std::sync::Weak::upgrade) {
            let mut clerk = clerk.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = clerk.turn(None);
        }
        answer.try_recv().unwrap_or(false)
    }
}

fn repair(line: &Loopback<Emulator>) {
    line.with(|emulator| {
        if !emulator.printer().is_on() {
            emulator.set_power(true);
        }
        emulator.set_plugged(true);
        emulator.printer_mut().set_paper(Paper::Ok);
        emulator.printer_mut().set_cover_open(false);
    });
}

fn configuration(folder: &std::path::Path) -> String {
    let devices: String = (1..=TILLS)
        .map(|till| {
            format!(
                r#"
[[device]]
id = "{}"
name = "Till {till}"
uri = "datecs+tcp://127.0.0.1:{till}"
use_alternative_receipts = true
tax_groups = [ {{ code = "A", rate = "20.00" }}, {{ code = "B", rate = "8.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }} ]
alternative_receipts_ranges = [ {{ series = "S{till}", start = 1, end = 9999999, number_length = 8 }} ]
"#,
                Uuid::from_u128(0xD0 + u128::try_from(till).unwrap_or(0))
            )
        })
        .collect();
    format!(
        r#"
[till]
country = "MD"
mode = "TEST"
data_dir = {folder:?}

[[api.clients]]
key = "key"
secret = "a-secret-of-some-length"
{devices}"#
    )
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
