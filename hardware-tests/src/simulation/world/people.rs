//! People in the shop who are told that a printer cannot prove what became of a document: they read its paper, and say so.

use std::num::NonZeroU32;

use ferrotill::clerk::Message;
use ferrotill::order::{Declaration, OrderKind};
use ferrotill_core::event::PaperSays;
use ferrotill_device::emulator::journal::PrintedKind;
use tokio::sync::oneshot;

use super::super::callers::{Order, Said};
use super::{Told, World, words};

/// What a till and its printer know of a document that nobody has settled.
struct Outstanding {
    /// Z-reports since its baseline.
    z_reports: u32,
    /// The printer's number of it, if it was printed.
    printed: Option<u32>,
}

impl World {
    /// Somebody looks at the tills that ask for a person. Nobody hurries, except when the shop is closing.
    pub(super) fn people(&mut self, closing: bool) -> Told {
        if self.dice.below(if closing { 4 } else { 12 }) != 0 {
            return Ok(());
        }
        for place in 0..self.orders.len() {
            self.look_at_the_paper(place)?;
        }
        Ok(())
    }

    fn look_at_the_paper(&mut self, place: usize) -> Told {
        let Some((order, agent)) = self.orders.get(place).zip(self.agent.as_ref()) else {
            return Ok(());
        };
        if order.said != Said::Open || agent.board.needs_a_person(order.form.id).is_none() {
            return Ok(());
        }
        let id = order.form.id;
        let word = order.word();
        let Some(outstanding) = self.outstanding(order)? else {
            return Ok(());
        };
        let word_on = self.tills.get(order.till).and_then(|till| till.word_on);
        let till = order.till;
        if is_provable(order, &outstanding, word_on == Some(self.day)) {
            return Err(format!(
                "a person is asked about order {place} ({word}), which the printer's own figures prove"
            ));
        }
        let paper = match outstanding.printed {
            Some(number) => PaperSays::Registered {
                document: NonZeroU32::new(number),
            },
            None => PaperSays::NotRegistered,
        };
        // Whether it was heard shows in the books; who was not heard says it again.
        let (reply, _) = oneshot::channel();
        agent.door.tell(Message::Declare {
            declaration: Box::new(Declaration {
                id,
                paper,
                by: "Maria".to_owned(),
            }),
            reply,
        });
        if let Some(till) = self.tills.get_mut(till) {
            till.word_on = Some(self.day);
        }
        self.tally.declared += 1;
        self.note(format!(
            "a person says of order {place} ({word}): {paper:?}"
        ));
        Ok(())
    }

    /// What is to be read on the paper of an order's printer; nothing if it has no document that is outstanding.
    fn outstanding(&self, order: &Order) -> Told<Option<Outstanding>> {
        let Some((till, agent)) = self.tills.get(order.till).zip(self.agent.as_ref()) else {
            return Ok(None);
        };
        let found = agent.reader.find(Some(till.device), order.form.id);
        let Some(document) = found.map_err(words)? else {
            return Ok(None);
        };
        let Some(baseline) = document.reserved().and_then(|reserved| reserved.baseline) else {
            return Ok(None);
        };
        let kind = match order.form.kind {
            OrderKind::Sale { .. } => PrintedKind::Sale,
            OrderKind::Refund { .. } => PrintedKind::Refund,
            OrderKind::Cash(_) => PrintedKind::Cash,
            OrderKind::Report { z: true } => PrintedKind::ZReport,
            OrderKind::Report { z: false } => PrintedKind::XReport,
        };
        Ok(Some(till.line.line.with(|emulator| {
            let printer = emulator.printer();
            let printed = printer.documents_after(baseline.last_document);
            Outstanding {
                z_reports: printer
                    .memory()
                    .z_number()
                    .saturating_sub(baseline.z_number),
                printed: printed
                    .filter(|document| document.kind == kind)
                    .map(|document| document.number)
                    .next(),
            }
        })))
    }
}

/// The driver must settle it by itself: what the fiscal memory has of one Z-report tells a sale, unless the books of that day rest
/// on a person's word; and the day's figures tell everything.
fn is_provable(order: &Order, outstanding: &Outstanding, word: bool) -> bool {
    match order.form.kind {
        OrderKind::Sale { .. } => outstanding.z_reports <= u32::from(!word),
        OrderKind::Refund { .. } | OrderKind::Cash(_) => outstanding.z_reports == 0,
        OrderKind::Report { .. } => true,
    }
}
