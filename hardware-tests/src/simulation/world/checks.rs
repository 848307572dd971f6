//! Checks of what must be true after each answer and each step.

use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::MOLDOVA;
use ferrotill_store::RequestState;
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use uuid::Uuid;

use super::super::callers::{Key, LastAnswer};
use super::super::printers::returns_by_slip;
use super::calls::Outage;
use super::{Checked, World};
use crate::error_text::with_sources;

impl World {
    /// Checks that the last answer to a caller is true.
    pub(super) fn check_order(&self, place: usize) -> Checked {
        let Some((order, agent)) = self.orders.get(place).zip(self.agent.as_ref()) else {
            return Ok(());
        };
        let device = self.tills.get(order.till).map(|till| till.device);
        let found = agent
            .reader
            .find(device, order.form.id)
            .map_err(with_sources)?;
        let row = found.as_ref().map(|document| &document.row);
        self.check_card(place, row.map(|row| row.state))?;
        let sealed = row.is_some_and(|row| row.state == RequestState::Sealed);
        let alternative = row.is_some_and(|row| row.kind == DocumentKind::AlternativeSale);
        let key = order.key();
        let count = key
            .and_then(|key| self.printed.get(&key))
            .copied()
            .unwrap_or(0);
        let last_answer = order.last_answer;
        let slip_return = order.returns.is_some()
            && self
                .tills
                .get(order.till)
                .is_some_and(|till| returns_by_slip(&till.line.line));
        let wrong = |why: &str| {
            Err(format!(
                "order {place} was answered {last_answer:?}: {why} (in the store: {:?} {:?}; fiscal receipts: {count})",
                row.map(|row| row.state),
                row.map(|row| row.kind.name()),
            ))
        };
        match last_answer {
            LastAnswer::Registered if !sealed => wrong("the document is not in the store"),
            LastAnswer::NotRegistered if sealed => wrong("the document is in the store"),
            LastAnswer::NotRegistered if count > 0 && !self.has_another(place, key) => {
                wrong("the receipt is in the printer's memory")
            }
            _ if sealed && alternative && count > 0 => wrong("the order has two receipts"),
            // Such a return is no fiscal receipt; the cash that it takes out is compared at the end of the day.
            _ if slip_return => Ok(()),
            _ if sealed && !alternative && key.is_some() && count != 1 => {
                wrong("the printer's memory does not have the receipt exactly once")
            }
            _ => Ok(()),
        }
    }

    /// Whether the same part of the same sale was returned under another id too.
    fn has_another(&self, place: usize, key: Option<Key>) -> bool {
        let mut orders = self.orders.iter().enumerate();
        orders.any(|(other, order)| {
            other != place && order.key() == key && order.last_answer != LastAnswer::NotRegistered
        })
    }

    /// Checks that every fiscal receipt belongs to an order, and that no order has two.
    pub(super) fn check_printers(&mut self) -> Checked {
        for till in &mut self.tills {
            let seen = till.seen;
            let new: Vec<Key> = till.line.line.with(|emulator| {
                let receipts = emulator.printer().receipts();
                let new = receipts.iter().skip(seen);
                new.map(|receipt| (receipt.refund, receipt.total)).collect()
            });
            till.seen += new.len();
            for key in new {
                let count = self.printed.entry(key).or_insert(0);
                *count += 1;
                if *count > 1 {
                    return Err(format!("a receipt over {key:?} was printed twice"));
                }
                if !self.orders.iter().any(|order| order.key() == Some(key)) {
                    return Err(format!(
                        "a receipt over {key:?} was printed that no caller ordered"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Records since when the till itself reports the authority as offline. An acknowledged document ends this period, although
    /// the till may report "offline" a while longer. A refusal does not end it.
    pub(super) fn check_authority(&mut self) -> Checked {
        if self.network.has_acknowledged() {
            self.without_authority = None;
        }
        let offline = self
            .agent
            .as_ref()
            .is_some_and(|agent| agent.live_status.office().state == "offline");
        if offline && self.network.is_silent() {
            let outage = Outage::since(self.now_ms);
            self.without_authority.get_or_insert(outage);
        }
        self.network.refused().map_or(Ok(()), Err)
    }

    pub(super) fn verify(&self) -> Checked {
        match self.flaw()? {
            Some(flaw) => Err(format!("verify finds {flaw}")),
            None => Ok(()),
        }
    }

    /// The first flaw that `verify` finds.
    pub(super) fn flaw(&self) -> Checked<Option<String>> {
        let devices: Vec<Uuid> = self.tills.iter().map(|till| till.device).collect();
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &MOLDOVA,
            mode: Mode::Test,
            devices: &devices,
            range: VerifyRange::ALL,
        })
        .map_err(with_sources)?;
        let flaw = verified.flaws.first();
        Ok(flaw.map(|flaw| format!("{}: {flaw}", flaw.place())))
    }
}
