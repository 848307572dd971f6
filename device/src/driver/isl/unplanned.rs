//! Settling a receipt for which no plan can be made.
//!
//! Either the receipt was never sent, because this printer cannot print it and the host stopped before it said so; or it was begun
//! under other limits: with another configuration, or on a printer of another family. No line of the receipt can be compared with the
//! printer: it may be proved that the receipt was not issued, by the counters, by the sums of the day, or by the kinds and totals of the
//! documents that the printer has made since, but never that it was issued.

use super::judge::judge_without_plan;
use super::outcome::no_document;
use super::printer::IslPrinter;
use crate::fault::Fault;
use crate::judge::Verdict;
use crate::printer::{Baseline, JournalEvidence, ReceiptJob, Recovered, Watch};

impl IslPrinter {
    /// Settles a receipt that was begun earlier and for which no plan can be made; `reason` says why.
    pub(super) fn recover_without_plan(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        reason: String,
        watch: &mut dyn Watch,
    ) -> Recovered {
        watch.trace(&format!("= no plan: {reason}"));
        let (verdict, now) = match self.verdict_without_plan(job, baseline, evidence, watch) {
            Ok(judged) => judged,
            Err(fault) => return Recovered::Unknown(fault),
        };
        match verdict {
            Verdict::NotIssued(proof) => {
                self.settled = Some(now.clone());
                Recovered::Absent(
                    proof,
                    no_document(Fault::JobNotPrintable, reason, Some(&now)),
                )
            }
            Verdict::Unclear(fault) => Recovered::Unknown(fault),
            // A receipt is open, and nothing shows whether it is this one: it is neither continued nor cancelled.
            _ => Recovered::Unknown(Fault::Unclear),
        }
    }

    fn verdict_without_plan(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Result<(Verdict, Baseline), Fault> {
        self.settled = None;
        self.device.attach(watch)?;
        let mut state = self.device.state(watch)?;
        if !state.condition.fiscal_receipt_open {
            state.documents = self
                .device
                .documents_between(baseline, &state.counters, watch)?;
            if evidence.day.is_some() {
                state.sums = self.device.sums(watch)?;
            }
        }
        let job = (job, self.device.protocol().counts_for_ever);
        let (verdict, says) = judge_without_plan(job, baseline, evidence, &state);
        watch.trace(&format!("= {says}"));
        Ok((verdict, state.counters))
    }
}
