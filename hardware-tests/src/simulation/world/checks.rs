//! What must be true: after each answer and each step, and when a day is closed.

use std::collections::BTreeSet;

use ferrotill::store::RequestState;
use ferrotill::store::verify::{Range, Wanted, verify};
use ferrotill_core::profile::MOLDOVA;
use ferrotill_core::seal::Seal;
use ferrotill_device::emulator::Emulator;
use uuid::Uuid;

use super::super::callers::{Said, new_order};
use super::super::office::Weather;
use super::{CALLERS, TILLS, Told, World, repair, words};

/// A day that has not ended after so many steps without trouble does not end.
const CLOSING_STEPS_MAX: u32 = 4_000;

impl World {
    /// What a caller was told last is so.
    pub(super) fn check_order(&self, place: usize) -> Told {
        let Some((order, agent)) = self.orders.get(place).zip(self.agent.as_ref()) else {
            return Ok(());
        };
        let device = self.tills.get(order.till).map(|till| till.device);
        let found = agent.reader.find(device, order.form.id).map_err(words)?;
        let row = found.as_ref().map(|document| &document.row);
        let sealed = row.is_some_and(|row| row.state == RequestState::Sealed);
        let alternative = row.is_some_and(|row| row.kind == "alternative_receipt");
        let count = order
            .total
            .and_then(|key| self.printed.get(&key))
            .copied()
            .unwrap_or(0);
        let said = order.said;
        let wrong = |why: &str| {
            Err(format!(
                "order {place} was told {said:?}: {why} (in the books: {:?} {:?}; fiscal receipts: {count})",
                row.map(|row| row.state),
                row.map(|row| row.kind.as_str()),
            ))
        };
        match said {
            Said::Yes if !sealed => wrong("it is not in the books"),
            Said::No if sealed => wrong("it is in the books"),
            Said::No if count > 0 => wrong("it is in the printer's memory"),
            _ if sealed && alternative && count > 0 => wrong("it has two receipts"),
            _ if sealed && !alternative && order.total.is_some() && count != 1 => {
                wrong("its receipt is not in the printer's memory once")
            }
            _ => Ok(()),
        }
    }

    /// Every fiscal receipt is one order's, and the only one.
    pub(super) fn look_at_printers(&mut self) -> Told {
        for till in &mut self.tills {
            let seen = till.seen;
            let new: Vec<(bool, i64)> = till.line.with(|emulator| {
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
                if !self.orders.iter().any(|order| order.total == Some(key)) {
                    return Err(format!(
                        "a receipt over {key:?} was printed that nobody ordered"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The troubles end, everybody gets an answer, the day is closed, and all the books are held against each other.
    pub(super) fn close(&mut self) -> Told {
        self.disk.fail(None);
        self.disk_ill = 0;
        self.weather = Weather::Fair;
        self.clock.set_wrong(0);
        for till in &self.tills {
            till.line.with(Emulator::clear_faults);
            repair(&till.line);
        }
        if let Some(agent) = &self.agent {
            agent.life.ends_after(-1);
        }
        self.note("closing".to_owned());
        self.until("callers have their answers", |world| {
            world.callers.iter().all(|mine| mine.order.is_none())
        })?;
        for till in 0..TILLS {
            let order = new_order(&self.orders, till, true, &mut self.dice);
            let place = self.begin(order);
            self.send(till * CALLERS, place);
        }
        self.until("the day is closed", |world| {
            world.callers.iter().all(|mine| mine.order.is_none())
        })?;
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
        for place in 0..self.orders.len() {
            self.check_order(place)?;
        }
        self.check_books()?;
        // The night: the shop is dark, and opens at eight.
        self.crash("for the night")?;
        self.pass(20 * 3_600_000);
        for till in &self.tills {
            repair(&till.line);
        }
        Ok(())
    }

    pub(super) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Told {
        for _ in 0..CLOSING_STEPS_MAX {
            if done(self) {
                return Ok(());
            }
            self.step(true)?;
        }
        let open: Vec<_> = self.callers.iter().map(|mine| mine.order).collect();
        Err(format!("it never comes that {what}: {open:?}"))
    }

    pub(super) fn verify(&self) -> Told {
        let devices: Vec<Uuid> = self.tills.iter().map(|till| till.device).collect();
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &MOLDOVA,
            devices: &devices,
            range: Range::ALL,
        })
        .map_err(words)?;
        if let Some(flaw) = verified.flaws.first() {
            return Err(format!("verify finds {}: {flaw}", flaw.place()));
        }
        Ok(())
    }

    /// At the end of a day: numbers without gaps, the printer's books, the office's books, and every Z-report.
    pub(super) fn check_books(&mut self) -> Told {
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        let mut told = 0;
        for till in &self.tills {
            let kinds = [
                "sale",
                "refund",
                "alternative_receipt",
                "cash_in",
                "cash_out",
                "x_report",
                "z_report",
            ];
            let page = agent.reader.page(till.device, &kinds, 0, 1_000_000);
            let documents = page.map_err(words)?.documents;
            let numbers: BTreeSet<_> = documents.iter().filter_map(|one| one.row.number).collect();
            let count = u32::try_from(documents.len()).unwrap_or(0);
            if numbers.len() != documents.len() || numbers.last().is_some_and(|last| *last != count)
            {
                return Err(format!("{count} documents have the numbers {numbers:?}"));
            }
            let mut alternative: Vec<u32> = documents
                .iter()
                .filter_map(|one| match one.sealed()?.seal {
                    Seal::Range { number, .. } => Some(number),
                    _ => None,
                })
                .collect();
            alternative.sort_unstable();
            if alternative
                .iter()
                .zip(1..)
                .any(|(found, due)| *found != due)
            {
                return Err(format!(
                    "alternative receipts have the numbers {alternative:?}"
                ));
            }
            told += documents
                .iter()
                .filter(|one| one.row.kind != "x_report")
                .count();
            let fiscal = documents
                .iter()
                .filter(|one| matches!(one.row.kind.as_str(), "sale" | "refund"));
            let printed = till
                .line
                .with(|emulator| emulator.printer().receipts().len());
            if fiscal.count() != printed {
                return Err(format!(
                    "the printer has {printed} fiscal receipts, the books another count"
                ));
            }
            for document in documents.iter().filter(|one| one.row.kind == "z_report") {
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
        }
        let received = self.office.received();
        let keys: BTreeSet<&str> = received.iter().map(|one| one.key.as_str()).collect();
        if keys.len() != received.len() || received.len() != told {
            return Err(format!(
                "the office has {} documents under {} keys; the books have {told}",
                received.len(),
                keys.len()
            ));
        }
        let yes = self.orders.iter().filter(|order| order.said == Said::Yes);
        self.tally.registered = u64::try_from(yes.count()).unwrap_or(0);
        Ok(())
    }
}
