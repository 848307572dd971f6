//! Operators: if a printer cannot prove the outcome of a document, an operator reads the paper and declares what is printed.

use std::num::NonZeroU32;

use ferrotill::clerk::Message;
use ferrotill::order::{AsideRequest, Declaration, OrderKind};
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::PaperSays;
use ferrotill_device::emulator::journal::{PrintedDocument, PrintedKind};
use tokio::sync::oneshot;

use super::super::callers::{LastAnswer, Order};
use super::super::network::FOR_EVER;
use super::super::printers::returns_by_slip;
use super::{Checked, World};

/// The largest number of documents that an operator looks at, the oldest first.
const LOOKED_AT_MAX: u32 = 20;

/// The printer's facts about a document that is not settled.
struct Outstanding {
    /// How many Z-reports the printer has made since the document's baseline.
    z_reports: u32,
    /// Whether the printer reports the sales of its last Z-report.
    tells_last_z: bool,
    /// Whether the printer reports the refunds of its day.
    tells_refunds: bool,
    /// The document's number in the printer; none if it was not printed.
    printed: Option<u32>,
    /// Whether only the sums of the day prove that a receipt was cancelled: the printer keeps neither a number of fiscal receipts nor the
    /// payments of a cancelled receipt.
    only_sums_prove: bool,
    /// Whether the document is a withdrawal that the printer's total of cash proves, as with a return on a printer without refund
    /// receipts.
    is_cash: bool,
    /// A receipt is begun at the printer and has no end.
    unfinished: bool,
}

impl World {
    /// Operators look at the tills that ask for a declaration: seldom, and more often while the shop is closing.
    pub(super) fn operators(&mut self, closing: bool) -> Checked {
        if self.random.below(if closing { 4 } else { 12 }) != 0 {
            return Ok(());
        }
        for place in 0..self.orders.len() {
            self.declare_if_asked(place)?;
        }
        self.lay_aside();
        Ok(())
    }

    /// An operator lays aside what the authority refuses for ever.
    fn lay_aside(&mut self) {
        let Some(agent) = self.agent.as_ref().filter(|_| self.shop.refuses_one) else {
            return;
        };
        // An operator whose disk cannot be read now looks again later. What was never laid aside is found at the end of the day.
        let Ok(waiting) = agent.reader.waiting(Recipient::AUTHORITY, LOOKED_AT_MAX) else {
            return;
        };
        let refused: Vec<_> = waiting
            .into_iter()
            .filter(|document| document.refusal.as_deref() == Some(FOR_EVER))
            .collect();
        for document in &refused {
            // The store shows whether the document was laid aside; if it was not, the operator asks again later.
            let (reply, _) = oneshot::channel();
            agent.clerk_handle.send(Message::LayAside {
                request: Box::new(AsideRequest {
                    id: document.id,
                    recipient: Recipient::AUTHORITY.name().to_owned(),
                    reason: "the goods are sold".to_owned(),
                    by: "Maria".to_owned(),
                }),
                reply,
            });
        }
        for document in refused {
            let number = document.number;
            self.note(format!("an operator lays document {number} aside"));
        }
    }

    fn declare_if_asked(&mut self, place: usize) -> Checked {
        let Some((order, agent)) = self.orders.get(place).zip(self.agent.as_ref()) else {
            return Ok(());
        };
        if order.last_answer != LastAnswer::Unknown {
            return Ok(());
        }
        let Some(instruction) = agent.live_status.needs_a_person(order.form.id) else {
            return Ok(());
        };
        let till = Some(order.till);
        if self.changes.wrong_family == till || self.changes.spare == till {
            // A person corrects the address, or connects the right printer, first.
            return Ok(());
        }
        let nobody_is_asked = self.changes.away == till;
        let id = order.form.id;
        let word = order.word();
        let Some(outstanding) = self.outstanding(order) else {
            return Ok(());
        };
        let till = order.till;
        let declared_on = self.tills.get(till).and_then(|till| till.declared_on);
        let provable = is_provable(order, &outstanding, declared_on == Some(self.day));
        if provable && nobody_is_asked && matches!(order.form.kind, OrderKind::Report { .. }) {
            // The device is put back, and the printer itself proves its reports.
            return Ok(());
        }
        if outstanding.unfinished && nobody_is_asked {
            // The paper has no end yet. The device is put back, and the agent ends the receipt.
            return Ok(());
        }
        let unasked_on = self
            .tills
            .get(till)
            .and_then(|till| till.declared_unasked_on);
        if provable && !nobody_is_asked && unasked_on != Some(self.day) {
            return Err(format!(
                "a declaration is asked for about order {place} ({word}), which the figures of printer {till} prove: {instruction}"
            ));
        }
        let paper = match outstanding.printed {
            Some(number) => PaperSays::Registered {
                document: NonZeroU32::new(number),
            },
            None => PaperSays::NotRegistered,
        };
        // The store shows whether a declaration was accepted; if it was not, the operator declares again later.
        let (reply, _) = oneshot::channel();
        agent.clerk_handle.send(Message::Declare {
            declaration: Box::new(Declaration {
                id,
                paper,
                by: "Maria".to_owned(),
            }),
            reply,
        });
        if let Some(till) = self.tills.get_mut(till) {
            till.declared_on = Some(self.day);
            if nobody_is_asked {
                till.declared_unasked_on = Some(self.day);
            }
        }
        self.tally.declared += 1;
        self.note(format!(
            "an operator declares about order {place} ({word}): {paper:?}"
        ));
        Ok(())
    }

    /// What the paper at the printer of an order shows; none if the order has no outstanding document. An operator whose disk cannot
    /// be read now looks again later.
    fn outstanding(&self, order: &Order) -> Option<Outstanding> {
        let (till, agent) = self.tills.get(order.till).zip(self.agent.as_ref())?;
        let found = agent.reader.find(Some(till.device), order.form.id);
        let document = found.ok().flatten()?;
        let baseline = document.reserved()?.baseline?;
        let withdrawal = returns_by_slip(&till.line.line).then(|| order.withdrawal());
        let kind = match order.form.kind {
            OrderKind::Sale { .. } => PrintedKind::Sale,
            OrderKind::Refund { .. } => match withdrawal {
                None => PrintedKind::Refund,
                Some(0) => PrintedKind::Slip,
                Some(_) => PrintedKind::Cash,
            },
            OrderKind::Cash(_) => PrintedKind::Cash,
            OrderKind::Report { z: true } => PrintedKind::ZReport,
            OrderKind::Report { z: false } => PrintedKind::XReport,
            OrderKind::Nonfiscal { .. } | OrderKind::Amounts(_) => PrintedKind::Slip,
        };
        Some(till.line.line.with(|emulator| {
            let printer = emulator.printer();
            let printed = printer.documents_after(baseline.last_document);
            Outstanding {
                z_reports: printer
                    .memory()
                    .z_number()
                    .saturating_sub(baseline.z_number),
                tells_last_z: printer.family().last_z.is_some(),
                tells_refunds: printer.family().day_refunds.is_some(),
                only_sums_prove: printer.family().name == "tremol",
                is_cash: kind == PrintedKind::Cash,
                printed: printed
                    .filter(|document| document.kind == kind)
                    .filter(|document| kind != PrintedKind::Slip || is_slip_of_return(document))
                    .map(|document| document.number)
                    .next(),
                unfinished: printer.memory().open.is_some(),
            }
        }))
    }
}

/// Whether the driver must settle the document by itself: the fiscal memory of one Z-report proves a sale, unless that day contains
/// a declaration; the sums of the open day prove every document.
fn is_provable(order: &Order, outstanding: &Outstanding, declared: bool) -> bool {
    match order.form.kind {
        OrderKind::Sale { .. } => {
            // A declaration among the documents of the day makes its sums worthless as evidence.
            !(declared && outstanding.only_sums_prove)
                && outstanding.z_reports <= u32::from(!declared && outstanding.tells_last_z)
        }
        OrderKind::Refund { .. } => {
            outstanding.z_reports == 0 && (outstanding.tells_refunds || outstanding.is_cash)
        }
        OrderKind::Cash(_) => outstanding.z_reports == 0,
        OrderKind::Report { .. } | OrderKind::Nonfiscal { .. } | OrderKind::Amounts(_) => true,
    }
}

/// Whether a slip is that of a return; other slips are those of alternative receipts.
fn is_slip_of_return(slip: &PrintedDocument) -> bool {
    slip.lines.iter().any(|line| line.contains("RETUR"))
}
