//! A shop whose law has receipts signed: several registers in one till, their signature units, and everything that can go wrong.
//!
//! ```text
//! callers ──orders──► Clerk::turn ──► Store on ferrotill-disk           cuts, failing writes
//!                       │   ▲
//!                  UnitTurns::turn ──► signature units                  down, fail once, killed before and after they sign
//! ```
//!
//! The shop opens a few minutes before the end of a month or a year, or in the night in which the clocks change, or is closed for weeks.
//! After each day the judge reads the protocols ([`judge`]).

mod judge;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use ferrotill::clerk::{Answer, Message, RegisterOrder, ResourceOutcome};
use ferrotill::time::clock::Clock;
use ferrotill_disk::{Disk, DiskCall, DiskFault, SeededRandom, Syncs};
use ferrotill_store::Reader;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Tally, Violation};
use crate::error_text::with_sources;
use crate::signed::Checked;
use crate::signed::goods::{Outcome, SignedOrder, new_order};
use crate::signed::protocol::AskedPayloads;
use crate::signed::till::{OPENINGS, SignedTill, UnitKeys, ZONE, device, open_store};

/// How many steps a day has.
const STEPS: u32 = 100;
/// How many steps without faults the end of a day may take.
const CLOSING_STEPS_MAX: u32 = 400;
/// How many callers each register has.
const CALLERS: usize = 2;
/// How many notes are kept for the report of a violation.
const NOTES_MAX: usize = 300;
/// How long a caller waits for an answer, in milliseconds.
const WAIT_MS: u64 = 30_000;
const DAY_MS: u64 = 86_400_000;

/// A caller: the place of its order, and where the answer comes from.
#[derive(Default)]
struct SignedCaller {
    order: Option<usize>,
    answer: Option<oneshot::Receiver<Answer>>,
    deadline_ms: u64,
}

struct SignedWorld {
    syncs: Syncs,
    random: SeededRandom,
    folder: TempDir,
    disk: Disk,
    clock: Arc<Clock>,
    now_ms: u64,
    registers: usize,
    keys: UnitKeys,
    agent: Option<SignedTill>,
    down: bool,
    callers: Vec<SignedCaller>,
    orders: Vec<SignedOrder>,
    /// The answers to orders of receipts over zero that were not read yet.
    nulls: Vec<oneshot::Receiver<ResourceOutcome>>,
    asked: AskedPayloads,
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
    let mut world = SignedWorld::new(syncs, seed).map_err(unborn)?;
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

impl SignedWorld {
    fn new(syncs: Syncs, seed: u64) -> Checked<Self> {
        let memory = Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(with_sources)?;
        let disk = Disk::mount(folder.path());
        // The seeds of the other shops play other numbers.
        let mut random = SeededRandom::new(seed ^ 0x5167_4e00);
        let opens_ms = OPENINGS.get(random.below(OPENINGS.len())).copied();
        let clock = Clock::by_hand(ZONE, opens_ms.unwrap_or_default()).map_err(with_sources)?;
        let registers = 1 + random.below(3);
        let units = 1 + random.below(2);
        let keys = UnitKeys::new(units)?;
        let mut world = Self {
            syncs,
            random,
            disk,
            clock: Arc::new(clock),
            now_ms: 0,
            registers,
            keys,
            agent: None,
            down: false,
            callers: (0..registers * CALLERS)
                .map(|_| SignedCaller::default())
                .collect(),
            orders: Vec::new(),
            nulls: Vec::new(),
            asked: AskedPayloads::default(),
            disk_fault_steps: 0,
            tally: Tally {
                trace: 0xcbf2_9ce4_8422_2325,
                ..Tally::default()
            },
            notes: VecDeque::new(),
            day: 0,
            folder,
        };
        world.note(format!("{registers} registers, {units} units"));
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

    /// The till is off for a night, or for weeks, and starts again.
    fn night(&mut self) -> Checked {
        let nights = match self.random.below(4) {
            0 => 20 + self.random.below(40),
            _ => 1,
        };
        self.crash("for the night", false)?;
        self.agent = None;
        self.pass(DAY_MS * u64::try_from(nights).unwrap_or(1));
        self.clock = Arc::new(self.clock.after_a_reboot());
        self.note(format!("closed for {nights} nights"));
        self.open()
    }

    /// Starts the agent.
    fn open(&mut self) -> Checked {
        self.disk.set_syncs(self.syncs);
        let broken = |error| format!("the agent does not start: {}", with_sources(error));
        let store = open_store(self.folder.path(), &self.clock).map_err(broken)?;
        let agent = SignedTill::start(store, &self.clock, &self.keys, self.registers, self.down)
            .map_err(|words| format!("the agent does not start: {words}"))?;
        self.agent = Some(agent);
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
        self.nulls.clear();
        self.disk_fault_steps = 0;
        self.disk.fail(None);
        self.disk.put(&image);
        if power {
            self.clock = Arc::new(self.clock.after_a_reboot());
        }
        self.note(format!("the agent dies {place}, power cut: {power}"));
        if restart { self.open() } else { Ok(()) }
    }

    /// One step: time passes, callers act, and the parts of the agent may get a turn.
    fn step(&mut self, closing: bool) -> Checked {
        self.tally.steps += 1;
        let passed = match self.random.below(40) {
            _ if closing => 1_000,
            // The unit that has failed may be asked again after this.
            0 => 1_800_000,
            1..=6 => 31_000,
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
            self.call(caller, closing);
        }
        for _ in 0..2 {
            if closing || self.random.below(4) != 0 {
                self.clerk_turn();
            }
            if closing || self.random.below(4) != 0 {
                self.unit_turn()?;
            }
        }
        Ok(())
    }

    fn clerk_turn(&mut self) {
        if let Some(agent) = &mut self.agent {
            let _ = agent.clerk.turn(None);
        }
    }

    /// Gives the units a turn, and remembers what they were asked to sign.
    fn unit_turn(&mut self) -> Checked {
        let task = self.agent.as_ref().and_then(|agent| agent.turns.turn());
        match task {
            Some(task) => self.asked.take(&task.payload),
            None => Ok(()),
        }
    }

    /// Causes a random fault, or repairs one.
    fn trouble(&mut self) -> Checked {
        if self.random.below(3) != 0 {
            return Ok(());
        }
        self.tally.troubles += 1;
        match self.random.below(14) {
            0..=2 => self.switch_units(true),
            3..=5 => self.switch_units(false),
            6 => {
                // The units fail at one receipt, and work again at once.
                self.switch_units(true);
                self.clerk_turn();
                self.unit_turn()?;
                self.switch_units(false);
            }
            7 | 8 => {
                // The unit signs, and the till is dead before it has the answer.
                self.clerk_turn();
                if let Some(agent) = &self.agent {
                    agent.dies();
                }
                self.unit_turn()?;
                self.crash("after a unit was asked", true)?;
            }
            9 => {
                self.clerk_turn();
                self.crash("before a unit was asked", true)?;
            }
            10 => self.crash("between two steps", true)?,
            11 => self.order_null(),
            _ => {
                let kind = DiskCall::ALL.get(self.random.below(DiskCall::ALL.len()));
                let fault = DiskFault {
                    kind: *kind.unwrap_or(&DiskCall::Write),
                    after: self.random.below(20),
                    for_ever: self.random.coin(),
                };
                self.disk.fail(Some(fault));
                self.disk_fault_steps = 1 + u32::try_from(self.random.below(5)).unwrap_or(0);
                self.note(format!("disk: {fault:?}"));
            }
        }
        Ok(())
    }

    fn switch_units(&mut self, down: bool) {
        self.down = down;
        if let Some(agent) = &self.agent {
            agent.units.set_down(down);
        }
        self.note(format!("the units are down: {down}"));
    }

    /// A person orders a receipt over zero.
    fn order_null(&mut self) {
        let register = self.random.below(self.registers);
        let Some(agent) = &self.agent else { return };
        let (reply, answer) = oneshot::channel();
        agent.clerk_handle.send(Message::OrderOfRegister {
            device: device(register),
            order: RegisterOrder::NullReceipt,
            reply,
        });
        self.nulls.push(answer);
        self.note(format!(
            "register {register}: a receipt over zero is ordered"
        ));
    }

    /// A caller reads its answer, repeats its order, or makes a new one.
    fn call(&mut self, place: usize, closing: bool) {
        let register = place / CALLERS;
        let mut told = None;
        let Some(caller) = self.callers.get_mut(place) else {
            return;
        };
        if let Some(answer) = &mut caller.answer {
            match answer.try_recv() {
                Ok(Answer::Registered { .. }) => {
                    let order = caller.order.take().and_then(|it| self.orders.get_mut(it));
                    caller.answer = None;
                    if let Some(order) = order {
                        order.outcome = Outcome::Registered;
                        self.tally.registered += 1;
                    }
                }
                Ok(other) => {
                    caller.answer = None;
                    told = Some(format!("caller {place} is told {other:?}"));
                }
                Err(oneshot::error::TryRecvError::Closed) => caller.answer = None,
                Err(oneshot::error::TryRecvError::Empty) if self.now_ms > caller.deadline_ms => {
                    caller.answer = None;
                }
                Err(oneshot::error::TryRecvError::Empty) => return,
            }
        }
        let is_free = caller.order.is_none();
        if let Some(told) = told {
            self.note(told);
        }
        if is_free {
            if closing || self.random.below(6) != 0 {
                return;
            }
            let order = new_order(&mut self.orders, register, &mut self.random);
            let (number, turnover) = (self.orders.len(), order.turnover);
            self.note(format!(
                "register {register}: order {number} over {turnover}"
            ));
            self.tally.orders += 1;
            self.orders.push(order);
            if let Some(caller) = self.callers.get_mut(place) {
                caller.order = Some(self.orders.len() - 1);
            }
        } else if !closing && self.random.coin() {
            return;
        }
        self.send(place);
    }

    fn send(&mut self, place: usize) {
        let (Some(agent), Some(caller)) = (&self.agent, self.callers.get_mut(place)) else {
            return;
        };
        let Some(order) = caller.order.and_then(|order| self.orders.get(order)) else {
            return;
        };
        let answer = agent.order(&self.clock, order, WAIT_MS);
        caller.answer = Some(answer);
        caller.deadline_ms = self.now_ms + WAIT_MS;
    }

    fn pass(&mut self, milliseconds: u64) {
        self.clock.pass(milliseconds);
        self.now_ms += milliseconds;
    }

    /// The end of a day: all faults end, every caller gets its receipt, and the protocols are judged.
    fn close(&mut self) -> Checked {
        self.disk.fail(None);
        self.disk_fault_steps = 0;
        self.switch_units(false);
        self.note("closing".to_owned());
        self.until("every caller has its receipt", |world| {
            world.callers.iter().all(|caller| caller.order.is_none())
        })?;
        // The last receipt of each register must have a signature: an outage does not stay.
        for register in 0..self.registers {
            let Some(agent) = &self.agent else { continue };
            agent.guard.caller_says("key", self.clock.system_ms());
            let (reply, answer) = oneshot::channel();
            agent.clerk_handle.send(Message::OrderOfRegister {
                device: device(register),
                order: RegisterOrder::NullReceipt,
                reply,
            });
            self.nulls.push(answer);
        }
        self.until("the receipts over zero are made", |world| {
            world.nulls.is_empty()
        })?;
        self.judge()
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Checked {
        for _ in 0..CLOSING_STEPS_MAX {
            let mut failed = None;
            self.nulls.retain_mut(|answer| match answer.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => true,
                Ok(ResourceOutcome::Failed(why)) => {
                    failed = Some(why);
                    false
                }
                _ => false,
            });
            if let Some(why) = failed {
                return Err(format!("a receipt over zero is refused: {why}"));
            }
            if done(self) {
                return Ok(());
            }
            self.step(true)?;
        }
        let open: Vec<_> = self.callers.iter().map(|caller| caller.order).collect();
        Err(format!(
            "at the end of the day this is still not true: {what}: {open:?}"
        ))
    }

    fn reader(&self) -> Reader {
        Reader::new(self.folder.path())
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

    /// What the orders of a register add to its counter, in cents, and how many orders have a receipt.
    fn expected(&self, register: usize) -> (i64, u64) {
        let orders = self
            .orders
            .iter()
            .filter(|order| order.register == register);
        let registered = orders.filter(|order| order.outcome == Outcome::Registered);
        registered.fold((0, 0), |(sum, count), order| {
            (sum + order.turnover, count + 1)
        })
    }
}
