//! A return on a printer without refund receipts: the cash is taken out of the drawer (46h), and a slip that is not fiscal names the
//! goods.
//!
//! The withdrawal comes first, because the printer's total of cash taken out proves it. The slip moves no money: if it is lost after
//! the withdrawal, the return stands, and the slip is printed later or not at all. A return that takes no cash out of the drawer is
//! the slip alone, which the number of the last document proves.

use ferrotill_core::Amount;

use super::command::CommandFault;
use super::printer::IslPrinter;
use crate::fault::Fault;
use crate::printer::{
    Baseline, JournalEvidence, Performed, ReceiptJob, Recovered, Registered, TextLine, Watch,
};

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
            return self.slip(slip_of(job), baseline, watch);
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
        let after = match self.slip(slip_of(job), &paid.after, watch) {
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
fn slip_of(job: &ReceiptJob) -> &[TextLine] {
    job.refund_of
        .as_ref()
        .map_or(&[], |refund| refund.slip.as_slice())
}
