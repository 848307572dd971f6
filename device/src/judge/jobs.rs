//! What the counters prove of the jobs other than receipts, and of receipts that were not opened.

use ferrotill_core::Amount;

use super::{AbsenceEvidence, SamePrinter};
use crate::baseline::JournalEvidence;

/// What the counters prove of a job.
pub(crate) enum Finding {
    /// The job was carried out.
    Done,
    /// The job left no document.
    Absent(AbsenceEvidence),
    /// The counters fit neither case.
    Unclear,
}

/// What the counters prove of a Z-report.
pub(crate) enum Closing {
    /// The day was closed by the Z-report with this number.
    Closed(u32),
    /// The day is still open.
    Open(AbsenceEvidence),
    /// The counters fit neither case.
    Unclear,
}

/// What the printer answered to the command of a Z-report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ZAnswer {
    /// The number of the report.
    Number(u32),
    /// A refusal.
    Refused,
    /// Nothing that says what happened.
    Nothing,
}

/// Whether a printer reports its totals of cash In and Out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CashTotals {
    /// The totals are reported.
    Reported,
    /// The totals are not reported now.
    NotReported {
        /// Whether the printer answered the command of the movement without a refusal.
        accepted: bool,
    },
}

/// Judges a cash movement by the printer's totals In and Out. Without them its own answer and the document number decide.
pub(crate) fn cash(
    same: SamePrinter<'_>,
    amount: Amount,
    totals: CashTotals,
    evidence: &JournalEvidence,
) -> Finding {
    if only_z_reports(same, evidence) {
        return Finding::Absent(same.absent(ONLY_Z_REPORTS));
    }
    let SamePrinter { before, now } = same;
    let documents = now.last_document.checked_sub(before.last_document);
    if let CashTotals::NotReported { accepted } = totals {
        return match documents {
            Some(0) if !accepted => {
                Finding::Absent(same.absent("the number of the last document is unchanged"))
            }
            Some(1) if accepted => Finding::Done,
            _ => Finding::Unclear,
        };
    }
    let is_same_day = before.z_number.is_some() && now.z_number == before.z_number;
    // In and Out are cleared by a Z-report. If the device does not report the number of its last Z-report, the totals prove
    // something only while no document, or only the document of this job, was printed.
    let not_reported = before.z_number.is_none() || now.z_number.is_none();
    let is_proved = |moved: u32| is_same_day || (not_reported && documents == Some(moved));
    let (total_before, total_now, by) = if amount.is_negative() {
        (before.cash_out, now.cash_out, amount.checked_neg())
    } else {
        (before.cash_in, now.cash_in, Some(amount))
    };
    if total_now == total_before && is_proved(0) {
        Finding::Absent(same.absent("the totals of cash in and out are unchanged on the same day"))
    } else if Some(total_now) == by.and_then(|by| total_before.checked_add(by)) && is_proved(1) {
        Finding::Done
    } else {
        Finding::Unclear
    }
}

/// Judges a Z-report by the number of the last Z-report. If the device does not report that number, its answer decides.
pub(crate) fn z_report(same: SamePrinter<'_>, answer: ZAnswer) -> Closing {
    let SamePrinter { before, now } = same;
    match (before.z_number, now.z_number, answer) {
        (Some(before), Some(now), _) if now == before => {
            Closing::Open(same.absent("the number of the last Z-report is unchanged"))
        }
        (Some(before), Some(now), ZAnswer::Number(closing))
            if now.checked_sub(before) == Some(1) =>
        {
            Closing::Closed(closing)
        }
        // The first Z-report after the baseline has closed the day of the baseline, also if it was printed at the keyboard.
        (Some(before), Some(now), _) if now > before => Closing::Closed(before.saturating_add(1)),
        (None, _, ZAnswer::Number(closing)) | (_, None, ZAnswer::Number(closing)) => {
            Closing::Closed(closing)
        }
        (None, _, ZAnswer::Refused) => match same.unchanged() {
            Some(evidence) => Closing::Open(evidence),
            None => Closing::Unclear,
        },
        _ => Closing::Unclear,
    }
}

/// Judges a document that registers nothing: its answer decides, and without an answer the document number.
pub(crate) fn paper(same: SamePrinter<'_>, evidence: &JournalEvidence, answered: bool) -> Finding {
    if answered {
        Finding::Done
    } else if same.now.last_document == same.before.last_document {
        Finding::Absent(same.absent("the number of the last document is unchanged"))
    } else if only_z_reports(same, evidence) {
        Finding::Absent(same.absent(ONLY_Z_REPORTS))
    } else {
        // "Out of paper" may be the answer to the command of a document that was printed with the last paper.
        Finding::Done
    }
}

/// Judges a slip that was still open when the printer was asked: it was not finished, so it counts as not printed.
pub(crate) fn unfinished_slip(same: SamePrinter<'_>) -> AbsenceEvidence {
    same.absent("the slip was still open on the printer, so it was not finished")
}

/// Judges a receipt whose opening was refused because another receipt is open on the printer.
pub(crate) fn opening_refused(same: SamePrinter<'_>) -> AbsenceEvidence {
    same.absent("the opening was refused, because another receipt is open on the printer")
}

const ONLY_Z_REPORTS: &str = "as many documents more as Z-reports: nothing else was printed";

/// Whether only the day was closed, at the keyboard or by the device's clock, and nothing else was printed.
fn only_z_reports(same: SamePrinter<'_>, evidence: &JournalEvidence) -> bool {
    let SamePrinter { before, now } = same;
    let more = |now: u32, before: u32| now.checked_sub(before).filter(|more| *more > 0);
    let z_numbers = now.z_number.zip(before.z_number);
    let z_reports = z_numbers.and_then(|(now, before)| more(now, before));
    evidence.z_takes_a_number
        && z_reports.is_some()
        && z_reports == more(now.last_document, before.last_document)
}
