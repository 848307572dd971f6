//! The end of a day: the troubles end, everybody gets an answer, the day is closed, and all books are held against each other.

use std::sync::Arc;

use ferrotill_device::emulator::IslEmulator;

use super::super::callers::{Said, new_order};
use super::super::office::Weather;
use super::troubles::repair;
use super::{CALLERS, Told, World, words};

/// A day that has not ended after so many steps without trouble does not end.
const CLOSING_STEPS_MAX: u32 = 1_200;
/// So often a till is asked to close its day.
const Z_ATTEMPTS_MAX: u32 = 2;
/// From one opening to the next.
const DAY_MS: u64 = 86_400_000;
/// Every kind of document.
const KINDS: [&str; 7] = [
    "sale",
    "refund",
    "alternative_receipt",
    "cash_in",
    "cash_out",
    "x_report",
    "z_report",
];

impl World {
    pub(super) fn close(&mut self) -> Told {
        self.disk.fail(None);
        self.disk_ill = 0;
        self.outage = false;
        self.sky.set(Weather::Fair);
        self.clock.set_wrong(0);
        for till in &self.tills {
            till.line.clear();
            till.line.line.with(IslEmulator::clear_faults);
            repair(&till.line.line);
        }
        if let Some(agent) = &self.agent {
            agent.life.ends_after(-1);
        }
        self.note("closing".to_owned());
        self.until("callers have their answers", |world| {
            world.callers.iter().all(|mine| mine.order.is_none())
        })?;
        self.close_shifts()?;
        self.sky.arrive_all();
        self.until("the office knows everything", |world| {
            let agent = world.agent.as_ref();
            agent.is_some_and(|agent| {
                agent
                    .reader
                    .unsent()
                    .is_ok_and(|unsent| unsent.documents == 0)
            })
        })?;
        self.verify()?;
        self.check_promises()
    }

    /// A Z-report at each till. A till that refuses it is asked once more: what made it refuse may be over.
    fn close_shifts(&mut self) -> Told {
        let mut open: Vec<usize> = (0..self.tills.len()).collect();
        for _ in 0..Z_ATTEMPTS_MAX {
            let mut asked = Vec::new();
            for till in open {
                let order = new_order(&self.orders, till, true, &mut self.dice);
                let place = self.begin(order);
                self.send(till * CALLERS, place, true);
                asked.push((till, place));
            }
            self.until("the day is closed", |world| {
                world.callers.iter().all(|mine| mine.order.is_none())
            })?;
            let refused = asked.into_iter().filter(|(_, place)| {
                let order = self.orders.get(*place);
                order.is_some_and(|order| order.said != Said::Yes)
            });
            open = refused.map(|(till, _)| till).collect();
        }
        Ok(())
    }

    /// The shop is dark, and opens again at the same hour.
    pub(super) fn night(&mut self, day: u32) -> Told {
        self.crash("for the night")?;
        self.spoil_a_page()?;
        let opening = u64::from(day) * DAY_MS;
        let left = opening.saturating_sub(self.now_ms);
        self.pass(left);
        for till in &self.tills {
            repair(&till.line.line);
        }
        if self.dice.coin() {
            self.switch_on(left)?;
        }
        Ok(())
    }

    /// The box was off all night, and its clock went on, or stood still with it. Nobody knows how long it was before somebody says so.
    fn switch_on(&mut self, night_ms: u64) -> Told {
        self.agent = None;
        self.clock = Arc::new(self.clock.after_a_reboot());
        let stopped = self.dice.coin();
        if stopped {
            let night_ms = i64::try_from(night_ms).unwrap_or(i64::MAX);
            self.clock.set_wrong(night_ms.saturating_neg());
        }
        // Printers may be switched on when somebody wants a receipt of them.
        let later = self.dice.coin();
        for till in self.tills.iter().filter(|_| later) {
            till.line.line.with(|emulator| emulator.set_power(false));
        }
        self.note(format!(
            "the box was off all night, its clock too: {stopped}, printers still off: {later}"
        ));
        self.open()
    }

    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Told {
        for _ in 0..CLOSING_STEPS_MAX {
            if done(self) {
                return Ok(());
            }
            self.step(true)?;
            // People put right what was still to come.
            for till in &self.tills {
                repair(&till.line.line);
            }
        }
        let open: Vec<_> = self.callers.iter().map(|mine| mine.order).collect();
        Err(format!("it never comes that {what}: {open:?}"))
    }

    /// Every caller's last answer is true, no order is left open, and all books agree.
    fn check_promises(&mut self) -> Told {
        for place in 0..self.orders.len() {
            self.check_order(place)?;
            if self
                .orders
                .get(place)
                .is_some_and(|order| order.said == Said::Open)
            {
                return Err(format!("order {place} has no answer"));
            }
        }
        self.check_books()?;
        self.check_office()?;
        let yes = self.orders.iter().filter(|order| order.said == Said::Yes);
        self.tally.registered = u64::try_from(yes.count()).unwrap_or(0);
        Ok(())
    }

    /// Each till's new documents, one by one, against the orders and the printer; and every Z-report's account.
    fn check_books(&mut self) -> Told {
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        for till in &mut self.tills {
            let page = agent.reader.page(till.device, &KINDS, 0, 1);
            let total = page.map_err(words)?.total;
            let new = total.saturating_sub(till.ledger.documents);
            let page = agent.reader.page(till.device, &KINDS, 0, new);
            let documents = page.map_err(words)?.documents;
            for document in documents.iter().rev() {
                till.ledger.take(document, &self.orders, &till.line.line)?;
                if let Some(account) = &document.account
                    && !account.agrees()
                {
                    let figure = account.figures.iter().find(|figure| !figure.agrees());
                    return Err(format!(
                        "Z-report {} does not reconcile: {figure:?}",
                        account.z_number
                    ));
                }
            }
            if till.ledger.documents != total {
                return Err(format!("{total} documents, {} read", till.ledger.documents));
            }
            till.ledger.check_end(&till.line.line)?;
        }
        Ok(())
    }

    /// The office has what it must have, once, and in the till's own words.
    fn check_office(&mut self) -> Told {
        let received = self.office.received();
        for document in received.iter().skip(self.office_seen) {
            let due = self
                .tills
                .iter_mut()
                .find_map(|till| till.ledger.due.remove(&document.key));
            let Some(due) = due else {
                return Err(format!(
                    "the office has a document that is in no books, or twice: {}",
                    document.body
                ));
            };
            let body = document.body.get();
            let missing = due.parts.iter().find(|part| !body.contains(part.as_str()));
            if due.kind != document.kind || missing.is_some() {
                return Err(format!(
                    "the office was told {} {body}, and it was a {} with {missing:?}",
                    document.kind, due.kind
                ));
            }
        }
        self.office_seen = received.len();
        // Keys are made by chance: the first by what it says is the same each time.
        let due = self.tills.iter().flat_map(|till| till.ledger.due.values());
        match due.min_by_key(|due| (&due.kind, &due.parts)) {
            Some(due) => Err(format!(
                "the office never heard of a {}: {:?}",
                due.kind, due.parts
            )),
            None => Ok(()),
        }
    }

    /// A page of the books goes bad: somebody must notice, or nothing that is read may be wrong. Then the good disk is put back.
    fn spoil_a_page(&mut self) -> Told {
        let good = self.disk.image();
        let mut bad = good.clone();
        let names: Vec<String> = bad.keys().cloned().collect();
        let name = names.get(self.dice.below(names.len())).cloned();
        let Some((name, bytes)) = name.and_then(|name| {
            let bytes = bad.get_mut(&name)?;
            Some((name, bytes))
        }) else {
            return Ok(());
        };
        let at = self.dice.below(bytes.len());
        let length = 1 << self.dice.below(10);
        for byte in bytes.iter_mut().skip(at).take(length) {
            *byte ^= 0x5A;
        }
        self.agent = None;
        self.disk.put(&bad);
        // An agent that does not start, and a verification that ends with an error or a flaw, are people's business.
        let noticed = !matches!(self.flaw(), Ok(None)) || self.open().is_err();
        self.note(format!(
            "{length} bytes of {name} at {at} go bad, noticed: {noticed}"
        ));
        if !noticed {
            for place in 0..self.orders.len() {
                let told = self.check_order(place);
                told.map_err(|words| format!("{length} bytes of {name} at {at} are bad: {words}"))?;
            }
        }
        self.agent = None;
        self.disk.put(&good);
        self.open()
    }
}
