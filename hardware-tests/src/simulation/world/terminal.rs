//! The bank terminal of a shop, its troubles, and the judge of its money: what the bank has moved is what the documents say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ferrotill::clerk::{ClerkHandle, Message};
use ferrotill::order::{OrderKind, TerminalPayment};
use ferrotill::payment::simulated::{BankOperation, SimulatedBank, TerminalSwitch};
use ferrotill::payment::{TerminalListener, TerminalNews, TerminalPlan, TerminalWorker, Terminals};
use ferrotill_core::event::TerminalOperation;
use ferrotill_disk::SeededRandom;
use ferrotill_store::RequestState;
use uuid::Uuid;

use super::super::callers::Order;
use super::super::goods::CARD;
use super::super::line::Life;
use super::{Checked, World};
use crate::error_text::with_sources;

/// The id of the terminal.
const TERMINAL: Uuid = Uuid::from_u128(0x7e57);
/// How long the money of a card is kept for a document that is not registered.
const VOID_AFTER: Duration = Duration::from_secs(60);

/// The terminal of a shop, and the bank behind it, which outlives every crash of the agent.
pub(super) struct ShopTerminal {
    bank: Arc<SimulatedBank>,
    /// The terminal has random numbers of its own, so that shops without one are played as before.
    random: SeededRandom,
    /// The agent dies when the terminal has done its next task, before the clerk hears of it.
    kills: bool,
}

impl ShopTerminal {
    /// The terminal of the shop of a seed; none in most shops.
    pub(super) fn of(seed: u64) -> Option<Self> {
        matches!(seed % 5, 1 | 3).then(|| Self {
            bank: Arc::default(),
            random: SeededRandom::new(!seed),
            kills: false,
        })
    }
}

impl World {
    /// The terminals of the agent, and the worker of the shop's terminal.
    pub(super) fn terminals(
        &self,
        clerk_handle: &ClerkHandle,
        life: &Life,
    ) -> (Terminals, Option<TerminalWorker>) {
        let Some(terminal) = &self.terminal else {
            return (Terminals::default(), None);
        };
        let bank = Arc::clone(&terminal.bank);
        let plan = TerminalPlan {
            id: TERMINAL,
            name: "Terminal".to_owned(),
            void_after: VOID_AFTER,
            always_settled: true,
            open: Box::new(move || bank.terminal(TERMINAL)),
        };
        let listener: Arc<dyn TerminalListener> = Arc::new(LivingListener {
            clerk: std::sync::Mutex::new(clerk_handle.clone()),
            life: life.clone(),
        });
        let terminals = Terminals::new(vec![plan], &listener);
        let worker = terminals.worker_by_hand(TERMINAL);
        (terminals, worker)
    }

    /// Half of the card payments are made at the terminal, and half of the reports ask it.
    pub(super) fn use_terminal(&mut self, order: &mut Order) {
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        if terminal.random.coin() {
            return;
        }
        let used = &mut order.form.terminals;
        match &order.form.kind {
            OrderKind::Sale { draft, .. } | OrderKind::Refund { draft, .. } => {
                let mut payments = draft.payments.iter();
                let place = payments.position(|(code, _)| *code == Some(CARD));
                used.payments.extend(place.map(|place| TerminalPayment {
                    position: u8::try_from(place).unwrap_or(u8::MAX),
                    terminal: TERMINAL,
                }));
            }
            OrderKind::Report { .. } => used.with_report = true,
            OrderKind::Cash(_) | OrderKind::Nonfiscal { .. } | OrderKind::Amounts(_) => {}
        }
    }

    /// Causes a random trouble of the terminal, or repairs it.
    pub(super) fn terminal_trouble(&mut self) {
        let is_being_set_up = self.is_being_set_up();
        let Some(terminal) = &mut self.terminal else {
            return;
        };
        match terminal.random.below(24) {
            0..=3 => {
                let place = terminal.random.below(TerminalSwitch::ALL.len());
                if let Some((name, switch)) = TerminalSwitch::ALL.get(place) {
                    terminal.bank.switch_to(*switch);
                    self.note(format!("terminal: {name}"));
                }
            }
            4 if !is_being_set_up => {
                terminal.kills = true;
                self.note("the agent dies after the next task of the terminal".to_owned());
            }
            5..=8 => terminal.bank.switch_to(TerminalSwitch::Up),
            _ => {}
        }
    }

    /// Ends all trouble of the terminal.
    pub(super) fn repair_terminal(&mut self) {
        if let Some(terminal) = &mut self.terminal {
            terminal.bank.switch_to(TerminalSwitch::Up);
            terminal.kills = false;
        }
    }

    /// Gives a turn to the terminal's worker.
    pub(super) fn terminal_turn(&mut self) {
        let Some((terminal, agent)) = self.terminal.as_mut().zip(self.agent.as_mut()) else {
            return;
        };
        let Some(worker) = &mut agent.terminal else {
            return;
        };
        let before = terminal.bank.operations().len();
        if terminal.kills {
            // The clerk hears nothing of what the terminal does now.
            agent.life.end();
            terminal.kills = false;
        }
        let _ = worker.turn();
        let done = terminal.bank.operations().len() - before;
        if done > 0 {
            self.note(format!("the bank carries out {done} operations"));
        }
    }

    /// True if no money of a card is without its document.
    pub(super) fn no_card_waits(&self) -> bool {
        let agent = self.agent.as_ref();
        agent.is_none_or(|agent| {
            let open = agent.reader.open_card_operations();
            open.is_ok_and(|open| open.is_empty())
        })
    }

    /// The operations with a card that the bank has carried out for an order, without those that were undone; and how many are known in
    /// all.
    fn card_operations_of(&self, order: &Order) -> Checked<(Vec<BankOperation>, usize)> {
        let Some((terminal, agent)) = self.terminal.as_ref().zip(self.agent.as_ref()) else {
            return Ok((Vec::new(), 0));
        };
        let asked = agent.reader.card_operations(order.form.id);
        let asked = asked.map_err(with_sources)?;
        let asked: BTreeSet<Uuid> = asked.iter().map(|asked| asked.reference).collect();
        let mut operations = terminal.bank.operations();
        operations.retain(|known| asked.contains(&known.job.reference));
        let known = operations.len();
        operations.retain(|known| {
            !known.is_voided && !matches!(known.job.operation, TerminalOperation::Void(_))
        });
        Ok((operations, known))
    }

    /// Checks that the bank has the money of an order at most once, and exactly once if the order is registered.
    pub(super) fn check_card(&self, place: usize, state: Option<RequestState>) -> Checked {
        let Some(order) = self.orders.get(place) else {
            return Ok(());
        };
        if order.form.terminals.payments.is_empty() {
            return Ok(());
        }
        let (operations, _) = self.card_operations_of(order)?;
        let amounts: Vec<i64> = operations
            .iter()
            .map(|known| known.job.amount.minor())
            .collect();
        let card = order.goods.as_ref().map_or(0, |goods| goods.card);
        match (state, amounts.as_slice()) {
            (Some(RequestState::Sealed), [amount]) if *amount == card => Ok(()),
            (Some(RequestState::Sealed), _) => Err(format!(
                "order {place} is registered with {card} on the card, and the bank has moved {amounts:?}"
            )),
            (_, [] | [_]) => Ok(()),
            (..) => Err(format!(
                "the card of order {place} was charged twice: {amounts:?}"
            )),
        }
    }

    /// Checks at the end of a day that the bank has moved the money of the registered documents, and nothing else.
    pub(super) fn check_bank(&self) -> Checked {
        let Some((terminal, agent)) = self.terminal.as_ref().zip(self.agent.as_ref()) else {
            return Ok(());
        };
        let mut known = 0;
        for (place, order) in self.orders.iter().enumerate() {
            if order.form.terminals.payments.is_empty() {
                continue;
            }
            let device = self.tills.get(order.till).map(|till| till.device);
            let found = agent
                .reader
                .find(device, order.form.id)
                .map_err(with_sources)?;
            let state = found.map(|document| document.row.state);
            self.check_card(place, state)?;
            let (operations, of_order) = self.card_operations_of(order)?;
            if state != Some(RequestState::Sealed) && !operations.is_empty() {
                return Err(format!(
                    "order {place} is not registered, and the bank has kept its money"
                ));
            }
            known += of_order;
        }
        let carried_out = terminal.bank.operations().len();
        if carried_out != known {
            return Err(format!(
                "the bank has carried out {carried_out} operations, and the journal knows {known}"
            ));
        }
        Ok(())
    }
}

/// Passes the terminal's news to the clerk while the agent lives.
struct LivingListener {
    clerk: std::sync::Mutex<ClerkHandle>,
    life: Life,
}

impl TerminalListener for LivingListener {
    fn send(&self, news: TerminalNews) {
        if !self.life.is_over()
            && let Ok(clerk) = self.clerk.lock()
        {
            clerk.send(Message::Terminal(news));
        }
    }
}
