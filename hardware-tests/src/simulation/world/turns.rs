//! Jobs that make no document: slips take turns with documents, and the drawer is never opened for callers who were told "no".

use std::time::Duration;

use ferrotill::clerk::{DrawerOutcome, Message};
use ferrotill_device::emulator::journal::PrintedKind;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::callers::{Order, number_of, order_in_a_rush};
use super::{CALLERS, Checked, SimulatedTill, World};

/// How long the agent lets a caller wait for the drawer, in milliseconds.
const DRAWER_TIMEOUT_MS: u64 = 15_000;
/// How many slips may follow each other while an order waits for the printer: the slip that was begun before the order came, and one for
/// each time that the order was given to the printer in vain.
const SLIPS_IN_A_ROW_MAX: u32 = 4;

/// What the simulation knows of a till's jobs without a document.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The ids of the orders that the agent has got.
    pub(super) waiting: Vec<Uuid>,
    /// The number of the printer's last document that was looked at.
    seen: u32,
    /// How many slips were printed one after another while an order waited for the printer.
    slips_in_a_row: u32,
    /// The drawer requests that are not answered.
    drawers: Vec<oneshot::Receiver<DrawerOutcome>>,
    /// How often the drawer was opened until the printer's last turn began.
    pulses: u32,
}

impl Turns {
    /// The printer has had a job that is no slip.
    pub(super) const fn another_job(&mut self) {
        self.slips_in_a_row = 0;
    }

    /// The agent has ended with all its jobs.
    pub(super) fn agent_ended(&mut self) {
        self.waiting.clear();
        self.drawers.clear();
        self.slips_in_a_row = 0;
    }
}

impl SimulatedTill {
    fn pulses(&self) -> u32 {
        self.line
            .line
            .with(|emulator| emulator.printer().memory().drawer_pulses)
    }

    /// Takes the answers to drawer requests that have arrived before the printer's worker gets its turn.
    pub(super) fn before_the_printer(&mut self) {
        self.turns.pulses = self.pulses();
        self.turns.drawers.retain_mut(|answer| {
            matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Empty))
        });
    }

    /// Checks that the drawer was opened for nobody but a caller who still waits.
    pub(super) fn check_drawer(&self) -> Checked {
        if self.pulses() > self.turns.pulses && self.turns.drawers.is_empty() {
            return Err("the drawer was opened although no caller waits for it".to_owned());
        }
        Ok(())
    }
}

impl World {
    /// The order of a buyer in a rush.
    pub(super) fn order_in_a_rush(&mut self, till: usize, fiscal: bool) -> Order {
        order_in_a_rush(&self.orders, till, fiscal, &mut self.random)
    }

    /// Some callers ask for the drawer, and more of them in a rush.
    pub(super) fn ask_for_drawers(&mut self, closing: bool) {
        if closing || self.random.below(12) != 0 {
            return;
        }
        let place = self.random.below(self.tills.len());
        let count = 1 + self.random.below(3);
        let Some((till, agent)) = self.tills.get_mut(place).zip(self.agent.as_ref()) else {
            return;
        };
        for _ in 0..count {
            let (reply, answer) = oneshot::channel();
            till.turns.drawers.push(answer);
            agent.clerk_handle.send(Message::Drawer {
                device: till.device,
                deadline: self.clock.monotonic() + Duration::from_millis(DRAWER_TIMEOUT_MS),
                reply,
            });
        }
        self.note(format!("{count} callers ask till {place} for its drawer"));
    }

    /// Checks that no order waits for the printer while one slip after another is printed.
    ///
    /// An order with a document waits for its answer alone. While the disk cannot be read, it is not known which orders have one, and
    /// slips are not counted.
    pub(super) fn check_turns(&mut self) -> Checked {
        for place in 0..self.tills.len() {
            let callers = self.callers.iter().skip(place * CALLERS).take(CALLERS);
            let pending: Vec<usize> = callers
                .filter(|mine| !mine.pending.is_empty())
                .filter_map(|mine| mine.order)
                .collect();
            let Some(till) = self.tills.get_mut(place) else {
                continue;
            };
            let orders = &self.orders;
            till.turns.waiting.retain(|id| {
                let number = number_of(*id).filter(|number| pending.contains(number));
                let order = number.and_then(|number| orders.get(number));
                order.is_some_and(Order::is_for_the_printer)
            });
            let seen = till.turns.seen;
            let new: Vec<(u32, bool)> = till.line.line.with(|emulator| {
                let printed = emulator.printer().documents_after(seen);
                printed
                    .map(|document| (document.number, document.kind == PrintedKind::Slip))
                    .collect()
            });
            let Some(last) = new.last() else { continue };
            till.turns.seen = till.turns.seen.max(last.0);
            let waiting = till.turns.waiting.clone();
            let order_waits = self.disk_fault_steps == 0
                && waiting.into_iter().any(|id| self.has_no_document(id));
            let Some(till) = self.tills.get_mut(place) else {
                continue;
            };
            for (_, slip) in new {
                till.turns.slips_in_a_row = match slip {
                    true if order_waits => till.turns.slips_in_a_row + 1,
                    _ => 0,
                };
            }
            if till.turns.slips_in_a_row > SLIPS_IN_A_ROW_MAX {
                return Err(format!(
                    "till {place} has printed {} slips while an order waits for its turn",
                    till.turns.slips_in_a_row
                ));
            }
        }
        Ok(())
    }

    /// Whether the order with this id has no document yet.
    fn has_no_document(&self, id: Uuid) -> bool {
        number_of(id).is_some_and(|number| self.has_document(number) == Some(false))
    }
}
