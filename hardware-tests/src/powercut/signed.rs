//! Power cuts of a till whose receipts are signed (Austria): the whole agent on a disk that keeps only what was synced.
//!
//! Callers of several registers sell, return, void and train in the last minutes of a month, while the signature units fail and work
//! again. What a caller was told is noted, and what a unit was asked to sign.
//! Then the power is cut at moments all over the shift, in several ways, and each time the agent starts on what is left. Every caller
//! without an answer repeats its order, each register sells once more, and the protocol of each register is judged:
//!
//! - It has every order once and nothing else, without a gap, and the check of the RKSV finds nothing.
//! - A receipt that a caller has got is there in the same form.
//! - No receipt id was ever given to a unit, or is in the protocol, with a second turnover counter: the key stream of the first one would
//!   be used twice.
//! - After an outage the collective receipt is the first one with a signature, and a month that is over has its receipt.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ferrotill::clerk::Answer;
use ferrotill::time::clock::Clock;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::AUSTRIA;
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX};
use ferrotill_disk::{Disk, Image, SeededRandom, Syncs};
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use ferrotill_store::{Reader, Store, StoreError};
use tempfile::TempDir;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Tally, Violation, cut_at_moments};
use crate::error_text::with_sources;
use crate::signed::Checked;
use crate::signed::goods::{Outcome, SignedOrder, new_order};
use crate::signed::protocol::{AskedPayloads, Protocol};
use crate::signed::till::{OPENINGS, SignedTill, UnitKeys, ZONE, cash_box, device, open_store};

/// How many callers each register has.
const CALLERS: usize = 2;
/// How many images of one shift are opened: many shifts show more than every image of a few.
const STATES_OF_A_SHIFT: usize = 500;
/// How long a caller waits for an answer, in milliseconds.
const WAIT_MS: u64 = 600_000;
/// How many turns the agent may need after a power cut until every caller has its answer.
const TURNS_MAX: usize = 200;

/// A fault that is planted as a control: a violation must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// No fault.
    Nothing,
    /// From the first start on, the syncs of the disk do nothing.
    IgnoredSyncs,
    /// A unit was asked to sign a receipt a second time, with the turnover counter of another receipt.
    SecondCounter,
}

/// Plays shifts and cuts the power at moments that are spread over each of them, until this number of images was opened.
///
/// # Errors
///
/// The first violation, with the seed and the moment that repeat it.
pub fn cut_power(
    planted: Planted,
    seed: u64,
    states: usize,
    steps: usize,
) -> Result<Tally, Violation> {
    let mut tally = Tally::default();
    let mut shift = 0_u64;
    while tally.states < states {
        let seed = seed.wrapping_add(shift);
        shift += 1;
        let mut random = SeededRandom::new(seed);
        let at = |violated| format!("seed {seed}, {violated}");
        let mut shop = SignedShop::new(planted, &mut random).map_err(at)?;
        shop.play(steps, &mut random).map_err(at)?;
        if planted == Planted::SecondCounter {
            shop.plant_second_counter();
        }
        let history = shop.disk.history();
        tally.commits += shop.told.len();
        let wanted = (states - tally.states).min(STATES_OF_A_SHIFT);
        let opened = cut_at_moments(&history, wanted, &mut random, |image, moment| {
            shop.check_image(image, moment)
        });
        tally.states += opened.map_err(at)?;
    }
    Ok(tally)
}

/// A receipt that a caller has got.
struct Told {
    /// How many operations the disk had done by then.
    moment: usize,
    order: usize,
    compact: String,
}

/// A till with its store on a disk, and its callers.
struct SignedShop {
    folder: TempDir,
    disk: Disk,
    clock: Arc<Clock>,
    registers: usize,
    keys: UnitKeys,
    till: Option<SignedTill>,
    orders: Vec<SignedOrder>,
    /// How many operations the disk had done when each order was sent.
    sent: Vec<usize>,
    callers: Vec<Option<(usize, oneshot::Receiver<Answer>)>>,
    told: Vec<Told>,
    /// What the units were asked to sign, and how many operations the disk had done by then.
    asked: Vec<(usize, String)>,
    /// Operations of the disk when the first start had made the store.
    made_at: usize,
    /// The key of the journal, which the first start makes after the database.
    key: Vec<u8>,
}

impl SignedShop {
    fn new(planted: Planted, random: &mut SeededRandom) -> Checked<Self> {
        let memory = Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(with_sources)?;
        let disk = Disk::mount(folder.path());
        let opens_ms = OPENINGS.get(random.below(OPENINGS.len())).copied();
        let clock = Clock::by_hand(ZONE, opens_ms.unwrap_or_default()).map_err(with_sources)?;
        let registers = 2 + random.below(2);
        let mut shop = Self {
            folder,
            disk,
            clock: Arc::new(clock),
            registers,
            keys: UnitKeys::new(1 + random.below(2))?,
            till: None,
            orders: Vec::new(),
            sent: Vec::new(),
            callers: (0..registers * CALLERS).map(|_| None).collect(),
            told: Vec::new(),
            asked: Vec::new(),
            made_at: 0,
            key: Vec::new(),
        };
        let store = open_store(shop.folder.path(), &shop.clock).map_err(with_sources)?;
        shop.made_at = shop.disk.operations();
        shop.key = std::fs::read(shop.key_file()).map_err(with_sources)?;
        shop.start(store)?;
        if planted == Planted::IgnoredSyncs {
            shop.disk.set_syncs(Syncs::Ignored);
        }
        Ok(shop)
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("journal.key")
    }

    fn start(&mut self, store: Store) -> Checked {
        let till = SignedTill::start(store, &self.clock, &self.keys, self.registers, false)?;
        self.till = Some(till);
        Ok(())
    }

    /// Plays a shift, and stops the till.
    fn play(&mut self, steps: usize, random: &mut SeededRandom) -> Checked {
        for _ in 0..steps {
            self.clock.pass(match random.below(12) {
                // The unit that has failed may be asked again after this.
                0 => 31_000,
                _ => 1_000,
            });
            if random.below(8) == 0 {
                let down = random.coin();
                self.till.iter().for_each(|till| till.units.set_down(down));
            }
            for caller in 0..self.callers.len() {
                if random.below(4) == 0 {
                    self.call(caller, random)?;
                }
            }
            for _ in 0..2 {
                if random.below(4) != 0 {
                    self.clerk_turn();
                }
                if random.below(4) != 0 {
                    self.unit_turn();
                }
            }
        }
        self.till = None;
        self.callers.clear();
        Ok(())
    }

    /// A caller reads its answer, or makes an order.
    fn call(&mut self, place: usize, random: &mut SeededRandom) -> Checked {
        let Some(caller) = self.callers.get_mut(place) else {
            return Ok(());
        };
        let Some((order, answer)) = caller else {
            let order = new_order(&mut self.orders, place / CALLERS, random);
            if let Some(till) = &self.till {
                let answer = till.order(&self.clock, &order, WAIT_MS);
                *caller = Some((self.orders.len(), answer));
            }
            self.orders.push(order);
            self.sent.push(self.disk.operations());
            return Ok(());
        };
        let order = *order;
        match answer.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => Ok(()),
            Ok(Answer::Registered { .. }) => {
                *caller = None;
                self.note_told(order)
            }
            other => Err(format!("order {order} is answered with {other:?}")),
        }
    }

    fn note_told(&mut self, place: usize) -> Checked {
        let moment = self.disk.operations();
        let Some(order) = self.orders.get_mut(place) else {
            return Ok(());
        };
        order.outcome = Outcome::Registered;
        let reader = Reader::new(self.folder.path());
        let found = reader.signed_document(device(order.register), order.form.id);
        let receipt = found
            .map_err(with_sources)?
            .ok_or_else(|| format!("order {place} is registered and has no receipt"))?;
        self.told.push(Told {
            moment,
            order: place,
            compact: receipt.compact,
        });
        Ok(())
    }

    fn clerk_turn(&mut self) {
        if let Some(till) = &mut self.till {
            let _ = till.clerk.turn(None);
        }
    }

    /// Gives the units a turn, and notes what they were asked to sign. False if they had nothing to do.
    fn unit_turn(&mut self) -> bool {
        let moment = self.disk.operations();
        let task = self.till.as_ref().and_then(|till| till.turns.turn());
        let worked = task.is_some();
        self.asked.extend(task.map(|task| (moment, task.payload)));
        worked
    }

    /// Notes that a unit was asked about a receipt again, with the counter of another receipt of the same register.
    fn plant_second_counter(&mut self) {
        let is_counter = |element: &str| !["STO", "TRA"].contains(&element);
        let last = self.asked.last().cloned();
        let found = self.asked.iter().find_map(|(moment, payload)| {
            let (_, last) = last.as_ref()?;
            let mut elements: Vec<&str> = payload.split('_').collect();
            let other = last.split('_').nth(COUNTER)?;
            let own = elements.get_mut(COUNTER)?;
            if *own == other || !is_counter(own) || !is_counter(other) {
                return None;
            }
            *own = other;
            Some((*moment, elements.join("_")))
        });
        self.asked.extend(found);
    }

    /// Starts the agent on an image of a moment, has every open order repeated, and judges what the till has made.
    fn check_image(&mut self, image: &Image, moment: usize) -> Checked {
        self.open(image, moment)?;
        let mut asked = AskedPayloads::default();
        for (_, payload) in self.asked.iter().filter(|(at, _)| *at <= moment) {
            asked.take(payload)?;
        }
        let told: Vec<(usize, String)> = self
            .told
            .iter()
            .filter(|told| told.moment <= moment)
            .map(|told| (told.order, told.compact.clone()))
            .collect();
        let mut orders: Vec<SignedOrder> = self
            .orders
            .iter()
            .zip(&self.sent)
            .filter(|(_, sent)| **sent <= moment)
            .map(|(order, _)| order.clone())
            .collect();
        for register in 0..self.registers {
            orders.push(SignedOrder::sale(1_000_000 + register, register));
        }
        self.repeat(&orders, &mut asked)?;
        self.judge(&orders, &told, &mut asked)
    }

    /// Puts an image on the disk, and starts the agent.
    fn open(&mut self, image: &Image, moment: usize) -> Checked {
        // The process ends before its files change.
        self.till = None;
        // Anchor and key are files of the system, which no power cut of this disk sets back.
        let _ = std::fs::remove_file(self.folder.path().join("journal.anchor"));
        std::fs::write(self.key_file(), &self.key).map_err(with_sources)?;
        self.disk.put(image);
        self.clock = Arc::new(self.clock.after_a_reboot());
        let mut opened = open_store(self.folder.path(), &self.clock);
        if moment < self.made_at && matches!(opened, Err(StoreError::FileMissing { .. })) {
            // The power was cut before the first start had made the key.
            std::fs::remove_file(self.key_file()).map_err(with_sources)?;
            opened = open_store(self.folder.path(), &self.clock);
        }
        let store =
            opened.map_err(|error| format!("the store does not open: {}", with_sources(error)))?;
        self.start(store)
            .map_err(|words| format!("the agent does not start: {words}"))
    }

    /// Sends all these orders again, also those that were registered, and waits until each has its receipt.
    fn repeat(&mut self, orders: &[SignedOrder], asked: &mut AskedPayloads) -> Checked {
        let Some(till) = &mut self.till else {
            return Ok(());
        };
        for order in orders {
            let mut answer = till.order(&self.clock, order, WAIT_MS);
            let mut turns = 0;
            loop {
                let _ = till.clerk.turn(None);
                while let Some(task) = till.turns.turn() {
                    asked.take(&task.payload)?;
                }
                turns += 1;
                match answer.try_recv() {
                    Ok(Answer::Registered { .. }) => break,
                    Err(oneshot::error::TryRecvError::Empty) if turns < TURNS_MAX => {}
                    other => {
                        return Err(format!(
                            "the repeated order {} is answered with {other:?}",
                            order.form.id
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn judge(
        &mut self,
        orders: &[SignedOrder],
        told: &[(usize, String)],
        asked: &mut AskedPayloads,
    ) -> Checked {
        self.till = None;
        let devices: Vec<Uuid> = (0..self.registers).map(device).collect();
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &AUSTRIA,
            mode: Mode::Test,
            devices: &devices,
            range: VerifyRange::ALL,
        });
        let verified = verified.map_err(with_sources)?;
        if let Some(flaw) = verified.flaws.first() {
            return Err(format!("verify finds {}: {flaw}", flaw.place()));
        }
        for register in 0..self.registers {
            let told = told.iter().filter(|(order, _)| {
                let order = self.orders.get(*order);
                order.is_some_and(|order| order.register == register)
            });
            let compacts = told.map(|(_, compact)| compact.as_str());
            self.judge_register(register, orders, compacts, asked)
                .map_err(|words| format!("{}: {words}", cash_box(register)))?;
        }
        Ok(())
    }

    fn judge_register<'t>(
        &self,
        register: usize,
        orders: &[SignedOrder],
        mut told: impl Iterator<Item = &'t str>,
        asked: &mut AskedPayloads,
    ) -> Checked {
        let reader = Reader::new(self.folder.path());
        let protocol = Protocol::read(&reader, register, &self.keys)?;
        if !protocol.last_signed {
            return Err("the units work, and the last receipt has no signature".to_owned());
        }
        protocol.judge_periods(&self.clock)?;
        let own = orders.iter().filter(|order| order.register == register);
        let sums = own.fold((0, 0), |(sum, count), order| {
            (sum + order.turnover, count + 1)
        });
        protocol.judge_orders(sums)?;
        for compact in &protocol.compacts {
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let code =
                Code::parse_compact(compact, &mut room).map_err(|fault| fault.to_string())?;
            asked.take(&code.payload.to_string())?;
        }
        match told.find(|told| protocol.compacts.iter().all(|compact| compact != told)) {
            Some(lost) => Err(format!(
                "a caller has got this receipt, and the protocol does not have it: {lost}"
            )),
            None => Ok(()),
        }
    }
}

/// The place of the turnover counter among the elements of a receipt's code.
const COUNTER: usize = 10;
