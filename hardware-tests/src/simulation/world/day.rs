//! The end of a day: all faults end, every caller gets an answer, the day is closed, and all totals are compared.

use std::sync::Arc;

use ferrotill_core::document::DocumentKind;

use super::super::callers::{LastAnswer, new_order};
use super::super::network::NetworkFault;
use super::troubles::repair;
use super::{CALLERS, Checked, World};
use crate::error_text::with_sources;

/// How many steps without faults the end of a day may take.
const CLOSING_STEPS_MAX: u32 = 1_200;
/// How many times a till is asked to close its day.
const Z_ATTEMPTS_MAX: u32 = 2;
/// Milliseconds from one opening to the next.
const DAY_MS: u64 = 86_400_000;

impl World {
    pub(super) fn close(&mut self) -> Checked {
        self.disk.fail(None);
        self.disk_fault_steps = 0;
        self.outage = false;
        self.network.set(NetworkFault::None);
        self.clock.set_wrong(0);
        for till in &self.tills {
            till.line.clear();
            till.line.line.with(|emulator| emulator.clear_faults());
            repair(&till.line.line);
        }
        if let Some(agent) = &self.agent {
            agent.life.ends_after(-1);
        }
        self.repair_terminal();
        self.note("closing".to_owned());
        self.undo_changes()?;
        self.until("callers have their answers", |world| {
            world.callers.iter().all(|mine| mine.order.is_none())
        })?;
        self.until(
            "no money of a card is without its document",
            Self::no_card_waits,
        )?;
        self.close_shifts()?;
        self.network.arrive_all();
        self.until("the authority has every document", |world| {
            let agent = world.agent.as_ref();
            agent.is_some_and(|agent| {
                agent
                    .reader
                    .unsent()
                    .is_ok_and(|unsent| unsent.documents == 0)
            })
        })?;
        self.until("the hub has every document", Self::hub_has_everything)?;
        self.check_hub()?;
        self.verify()?;
        self.check_answers()
    }

    /// Asks each till for a Z-report. A till that refuses is asked once more, because the reason may be gone.
    fn close_shifts(&mut self) -> Checked {
        let mut open: Vec<usize> = (0..self.tills.len()).collect();
        for _ in 0..Z_ATTEMPTS_MAX {
            let mut asked = Vec::new();
            for till in open {
                let order = new_order(&self.orders, till, true, &mut self.random);
                let place = self.begin(order);
                self.send(till * CALLERS, place, true);
                asked.push((till, place));
            }
            self.until("the day is closed", |world| {
                world.callers.iter().all(|mine| mine.order.is_none())
            })?;
            let refused = asked.into_iter().filter(|(_, place)| {
                let order = self.orders.get(*place);
                order.is_some_and(|order| order.last_answer != LastAnswer::Registered)
            });
            open = refused.map(|(till, _)| till).collect();
        }
        Ok(())
    }

    /// Plays the night: the shop closes and opens again at the same hour.
    pub(super) fn night(&mut self, day: u32) -> Checked {
        self.crash("for the night")?;
        self.refused_starts()?;
        self.damage_a_file()?;
        let opening = u64::from(day) * DAY_MS;
        let left = opening.saturating_sub(self.now_ms);
        self.pass(left);
        for till in &self.tills {
            repair(&till.line.line);
        }
        if self.random.coin() {
            self.switch_on(left)?;
        }
        Ok(())
    }

    /// Plays a night in which the till was off, and its clock went on or stopped. Afterwards only a caller or a printer can report
    /// the true time.
    fn switch_on(&mut self, night_ms: u64) -> Checked {
        self.agent = None;
        self.was_without_power(night_ms);
        self.clock = Arc::new(self.clock.after_a_reboot());
        let stopped = self.random.coin();
        if stopped {
            let night_ms = i64::try_from(night_ms).unwrap_or(i64::MAX);
            self.clock.set_wrong(night_ms.saturating_neg());
        }
        // The printers may stay off until a receipt is needed.
        let later = self.random.coin();
        for till in self.tills.iter().filter(|_| later) {
            till.line.line.with(|emulator| emulator.set_power(false));
        }
        // The authority may not answer the question for the time at the start.
        let silent = self.random.coin();
        if silent {
            self.network.set(NetworkFault::Down);
        }
        self.note(format!(
            "the till was off all night, its clock too: {stopped}, printers still off: {later}, the authority silent: {silent}"
        ));
        let opened = self.open();
        if silent {
            self.network.set(NetworkFault::None);
        }
        opened
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Checked {
        for _ in 0..CLOSING_STEPS_MAX {
            if done(self) {
                return Ok(());
            }
            self.step(true)?;
            // A printer fault that begins while the day is being closed is repaired at once.
            for till in &self.tills {
                repair(&till.line.line);
            }
        }
        let open: Vec<_> = self.callers.iter().map(|mine| mine.order).collect();
        Err(format!(
            "at the end of the day this is still not true: {what}: {open:?}"
        ))
    }

    /// Checks that the last answer to every caller is true, that no order is without an answer, and that all totals agree.
    fn check_answers(&mut self) -> Checked {
        for place in 0..self.orders.len() {
            self.check_order(place)?;
            if self
                .orders
                .get(place)
                .is_some_and(|order| order.last_answer == LastAnswer::Unknown)
            {
                return Err(format!("order {place} has no answer"));
            }
        }
        self.check_bank()?;
        self.check_totals()?;
        self.check_authority_documents()?;
        let yes = self
            .orders
            .iter()
            .filter(|order| order.last_answer == LastAnswer::Registered);
        self.tally.registered = u64::try_from(yes.count()).unwrap_or(0);
        Ok(())
    }

    /// Compares the new documents of each till with the orders and the printer, and checks the reconciliation of every Z-report.
    fn check_totals(&mut self) -> Checked {
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        for till in &mut self.tills {
            let page = agent.reader.page(till.device, &DocumentKind::ALL, 0, 1);
            let total = page.map_err(with_sources)?.total;
            let new = total.saturating_sub(till.expected.documents);
            let page = agent.reader.page(till.device, &DocumentKind::ALL, 0, new);
            let documents = page.map_err(with_sources)?.documents;
            for document in documents.iter().rev() {
                till.expected
                    .take(document, &self.orders, &till.line.line)?;
                if let Some(account) = &document.reconciliation
                    && !account.agrees()
                {
                    let figure = account.figures.iter().find(|figure| !figure.agrees());
                    return Err(format!(
                        "Z-report {} does not reconcile: {figure:?}",
                        account.z_number
                    ));
                }
            }
            if till.expected.documents != total {
                return Err(format!(
                    "{total} documents, {} read",
                    till.expected.documents
                ));
            }
            till.expected.check_end(&till.line.line)?;
            for (series, number) in till.expected.numbers.drain(..) {
                let used = self.numbers.entry(series.clone()).or_default();
                if !used.insert(number) {
                    return Err(format!("the number {number} of {series} was used twice"));
                }
            }
        }
        let gap = self.numbers.iter().find(|(_, used)| {
            let last = used.last().copied().unwrap_or(0);
            usize::try_from(last) != Ok(used.len())
        });
        match gap {
            Some((series, used)) => Err(format!("the numbers of {series} have a gap: {used:?}")),
            None => Ok(()),
        }
    }

    /// Checks that the authority has every document that it must have, exactly once, and with the content of the till.
    fn check_authority_documents(&mut self) -> Checked {
        let received = self.authority.received();
        for document in received.iter().skip(self.authority_checked) {
            let due = self
                .tills
                .iter_mut()
                .find_map(|till| till.expected.due.remove(&document.key));
            let Some(due) = due else {
                return Err(format!(
                    "the authority has a document that no till has, or has it twice: {}",
                    document.body
                ));
            };
            let body = document.body.get();
            let missing = due.parts.iter().find(|part| !body.contains(part.as_str()));
            if due.kind != document.kind || missing.is_some() {
                return Err(format!(
                    "the authority got {} {body}; expected was a {} with {missing:?}",
                    document.kind, due.kind
                ));
            }
        }
        self.authority_checked = received.len();
        self.check_laid_aside()?;
        // The keys are random, so the missing documents are sorted by content and the first one is reported.
        let due = self
            .tills
            .iter()
            .flat_map(|till| till.expected.due.values());
        match due.min_by_key(|due| (&due.kind, &due.parts)) {
            Some(due) => Err(format!(
                "the authority never got a {}: {:?}",
                due.kind, due.parts
            )),
            None => Ok(()),
        }
    }

    /// Checks that exactly the documents that the authority refuses for ever were laid aside. They are not due any more.
    fn check_laid_aside(&mut self) -> Checked {
        let refused = self.network.refused_for_ever();
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        let aside = agent.reader.laid_aside().map_err(with_sources)?;
        if aside.len() != refused.len() {
            let (aside, refused) = (aside.len(), refused.len());
            return Err(format!(
                "{aside} documents are laid aside, and the authority refuses {refused} for ever"
            ));
        }
        for till in &mut self.tills {
            till.expected.due.retain(|key, _| !refused.contains(key));
        }
        Ok(())
    }

    /// Damages bytes of a file of the store: `verify` or the start must notice it, or all data that is read must be true. The
    /// undamaged disk is put back afterwards.
    fn damage_a_file(&mut self) -> Checked {
        let good = self.disk.image();
        let mut bad = good.clone();
        let names: Vec<String> = bad.keys().cloned().collect();
        let name = names.get(self.random.below(names.len())).cloned();
        let Some((name, bytes)) = name.and_then(|name| {
            let bytes = bad.get_mut(&name)?;
            Some((name, bytes))
        }) else {
            return Ok(());
        };
        let at = self.random.below(bytes.len());
        let length = 1 << self.random.below(10);
        for byte in bytes.iter_mut().skip(at).take(length) {
            *byte ^= 0x5A;
        }
        self.agent = None;
        self.disk.put(&bad);
        // An agent that does not start, or a verification that ends with an error or a flaw, counts as noticing the damage.
        let noticed = !matches!(self.flaw(), Ok(None)) || self.open().is_err();
        self.note(format!(
            "{length} bytes of {name} at {at} are changed, noticed: {noticed}"
        ));
        if !noticed {
            for place in 0..self.orders.len() {
                let checked = self.check_order(place);
                checked.map_err(|words| {
                    format!("{length} bytes of {name} at {at} were changed, and no check noticed it: {words}")
                })?;
            }
        }
        self.agent = None;
        self.disk.put(&good);
        self.open()
    }
}
