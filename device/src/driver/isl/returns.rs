//! A return on a printer without refund receipts: the cash is taken out of the drawer (46h), and a slip that is not fiscal names the
//! goods.
//!
//! The withdrawal comes first, because the printer's total of cash taken out proves it. The slip moves no money: if it is lost after
//! the withdrawal, the return stands, and the slip is printed later or not at all. A return that takes no cash out of the drawer is
//! the slip alone, which the number of the last document proves.

use ferrotill_core::Amount;

use super::command::CommandFault;
use super::printer::IslPrinter;
use crate::family::Protocol;
use crate::fault::Fault;
use crate::printer::{
    Baseline, JournalEvidence, LineJob, Performed, ReceiptJob, Recovered, Registered, TextLine,
    Watch,
};
use crate::wire::fields::decimal;

impl IslPrinter {
    /// Whether the receipt is a return, and the printer has no refund receipts.
    pub(super) fn is_slip_return(&self, job: &ReceiptJob) -> bool {
        job.refund_of.is_some() && self.device.protocol().refund.is_none()
    }

    /// Gives goods back.
    pub(super) fn give_back(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Performed {
        let Some(amount) = withdrawal(job) else {
            let lines: Vec<TextLine> = slip_of(job, self.device.protocol())
                .into_iter()
                .map(TextLine::from)
                .collect();
            return self.slip(&lines, baseline, watch);
        };
        match self.cash(amount, baseline, watch) {
            Performed::Registered(paid) => {
                Performed::Registered(self.with_slip(job, baseline, paid, watch))
            }
            other => other,
        }
    }

    /// Settles a return that was begun earlier. The withdrawal is never made a second time.
    pub(super) fn recover_return(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let Some(amount) = withdrawal(job) else {
            let lost = Err(CommandFault::Lost(Fault::NotExecuted));
            return self.settle_slip(baseline, evidence, lost, watch);
        };
        let reason = (Fault::NotExecuted, String::new());
        match self.settle_cash((amount, false), baseline, evidence, reason, watch) {
            Recovered::Registered(paid) => {
                Recovered::Registered(self.with_slip(job, baseline, paid, watch))
            }
            other => other,
        }
    }

    /// Prints the slip of a return whose cash was taken out, unless another document follows the withdrawal: that one may be the
    /// slip. What becomes of the slip does not change the outcome.
    fn with_slip(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        paid: Registered,
        watch: &mut dyn Watch,
    ) -> Registered {
        let document = baseline.last_document.saturating_add(1);
        let paid = Registered { document, ..paid };
        if paid.after.last_document != document {
            return paid;
        }
        let lines: Vec<TextLine> = slip_of(job, self.device.protocol())
            .into_iter()
            .map(TextLine::from)
            .collect();
        let after = match self.slip(&lines, &paid.after, watch) {
            Performed::Registered(slip) => Some(slip.after),
            Performed::NotBegun(no_document) | Performed::Absent(_, no_document) => {
                no_document.after
            }
            Performed::Unknown(_) => None,
        };
        if after.is_none() {
            // The counters after the slip are not known; the next job reads them.
            self.settled = None;
        }
        Registered {
            after: after.unwrap_or_else(|| paid.after.clone()),
            ..paid
        }
    }
}

/// The cash that the return takes out of the drawer, as a negative amount; `None` if it takes none.
fn withdrawal(job: &ReceiptJob) -> Option<Amount> {
    let takes_cash = job.refund_of.as_ref().is_some_and(|refund| refund.withdraw);
    let cash = job
        .payments
        .iter()
        .filter(|payment| payment.cash)
        .fold(0_i64, |sum, payment| {
            sum.saturating_add(payment.amount.minor())
        })
        .saturating_sub(job.change.minor());
    (takes_cash && cash > 0).then(|| Amount::from_minor(cash.saturating_neg()))
}

/// The lines of the slip.
fn slip_of(job: &ReceiptJob, protocol: &Protocol) -> Vec<String> {
    let mut lines = vec!["RETUR".to_owned()];
    if let Some(refund) = &job.refund_of {
        lines.push(format!("BON {}", refund.document));
    }
    lines.extend(job.header.iter().cloned());
    for line in &job.lines {
        lines.push(line.name.clone());
        lines.push(format!(
            "{} x {} = {}",
            decimal(line.quantity.thousandths(), 3),
            decimal(line.price.minor(), 2),
            decimal(gross_of(line), 2)
        ));
        if line.adjustment.minor() != 0 {
            lines.push(decimal(line.adjustment.minor(), 2));
        }
        lines.extend(line.notes.iter().cloned());
    }
    lines.push(format!("TOTAL {}", decimal(job.total.minor(), 2)));
    for payment in &job.payments {
        let meaning = protocol.payments.meaning_of(payment.letter);
        let name = meaning.map_or("", |meaning| meaning.on_paper());
        lines.push(format!("{name} {}", decimal(payment.amount.minor(), 2)));
    }
    lines.extend(job.footer.iter().cloned());
    lines
}

/// The amount of a line before its adjustment: price times quantity, rounded half away from zero.
fn gross_of(line: &LineJob) -> i64 {
    line.price
        .minor()
        .saturating_mul(line.quantity.thousandths())
        .saturating_add(500)
        .checked_div(1_000)
        .unwrap_or(0)
}
