//! Procedures about counters: which documents have a number, and what a Z-report does.

use super::TrialFinding;
use super::trial::{Found, Made, Trial, confirmed_if};
use crate::fault::Fault;

/// Whether the number of the last document rises with a document.
fn numbers(trial: &mut Trial, made: Made) -> Found<TrialFinding> {
    if made == Made::CashOut {
        trial.make(Made::CashIn)?;
    }
    let (before, after) = if made == Made::Refund {
        // The sale that is refunded has a number of its own.
        trial.open_refund()?;
        let before = trial.document()?;
        trial.finish_open()?;
        (before, trial.document()?)
    } else {
        let before = trial.document()?;
        trial.make(made)?;
        (before, trial.document()?)
    };
    confirmed_if(after > before, || {
        format!("the number of the last document was {before} and is {after}")
    })
}

pub(super) fn document_sale(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::Sale)
}

pub(super) fn document_refund(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::Refund)
}

pub(super) fn document_cancelled(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::Cancelled)
}

pub(super) fn document_slip(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::Slip)
}

pub(super) fn document_cash_in(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::CashIn)
}

pub(super) fn document_cash_out(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::CashOut)
}

pub(super) fn document_x_report(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::XReport)
}

pub(super) fn document_z_report(trial: &mut Trial) -> Found<TrialFinding> {
    numbers(trial, Made::ZReport)
}

pub(super) fn document_duplicate(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    numbers(trial, Made::Duplicate)
}

/// Whether the number of the next fiscal receipt rises with a document by this much.
fn counts(trial: &mut Trial, made: Made, expected: u32) -> Found<TrialFinding> {
    let (before, after) = if made == Made::Refund {
        trial.open_refund()?;
        let before = trial.next_fiscal()?;
        trial.finish_open()?;
        (before, trial.next_fiscal()?)
    } else {
        let before = trial.next_fiscal()?;
        trial.make(made)?;
        (before, trial.next_fiscal()?)
    };
    confirmed_if(before.checked_add(expected) == Some(after), || {
        format!("the number of the next fiscal receipt was {before} and is {after}")
    })
}

pub(super) fn fiscal_sale(trial: &mut Trial) -> Found<TrialFinding> {
    counts(trial, Made::Sale, 1)
}

pub(super) fn fiscal_refund(trial: &mut Trial) -> Found<TrialFinding> {
    counts(trial, Made::Refund, 1)
}

pub(super) fn fiscal_cancelled(trial: &mut Trial) -> Found<TrialFinding> {
    counts(trial, Made::Cancelled, 0)
}

pub(super) fn fiscal_slip(trial: &mut Trial) -> Found<TrialFinding> {
    counts(trial, Made::Slip, 0)
}

pub(super) fn fiscal_cash(trial: &mut Trial) -> Found<TrialFinding> {
    counts(trial, Made::CashIn, 0)
}

pub(super) fn fiscal_z_report(trial: &mut Trial) -> Found<TrialFinding> {
    counts(trial, Made::ZReport, 0)
}

/// The number of the day's fiscal receipts.
fn day_receipts(trial: &mut Trial) -> Found<u32> {
    match &trial.protocol().day_receipts {
        Some(row) => trial.told(row, &()),
        None => Err(TrialFinding::NotTried(
            "no question for the day's receipts".to_owned(),
        )),
    }
}

pub(super) fn day_receipts_sale(trial: &mut Trial) -> Found<TrialFinding> {
    let before = day_receipts(trial)?;
    trial.make(Made::Sale)?;
    let after = day_receipts(trial)?;
    confirmed_if(before.checked_add(1) == Some(after), || {
        format!("the number of the day's receipts was {before} and is {after}")
    })
}

pub(super) fn day_receipts_cancelled(trial: &mut Trial) -> Found<TrialFinding> {
    let before = day_receipts(trial)?;
    trial.make(Made::Cancelled)?;
    let after = day_receipts(trial)?;
    confirmed_if(before == after, || {
        format!("the number of the day's receipts was {before} and is {after}")
    })
}

pub(super) fn day_receipts_z_report(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    trial.make(Made::ZReport)?;
    let after = day_receipts(trial)?;
    confirmed_if(after == 0, || {
        format!("the number of the day's receipts is {after} after the Z-report")
    })
}

/// Before the first Z-report its question is refused or has the number 0, and the payments of the day name number 1 as the next.
pub(super) fn last_z_before_first(trial: &mut Trial) -> Found<TrialFinding> {
    let Some(row) = &trial.protocol().last_z else {
        return Err(TrialFinding::NotTried(
            "no question for the last Z-report".to_owned(),
        ));
    };
    let next = trial.day_payments()?.closure;
    let told = trial.ask(row, &());
    let made = || {
        Err(TrialFinding::NotTried(
            "the printer has made a Z-report".to_owned(),
        ))
    };
    match told {
        // The family does not tell the number of the next Z-report among the payments.
        Ok(last) if next == 0 && last.closure > 0 => made(),
        Ok(last) if next > 1 && last.closure.checked_add(1) == Some(next) => made(),
        Err(Fault::NotAllowed) if next > 1 => Ok(TrialFinding::Refuted(format!(
            "the last Z-report is refused, and the next one has the number {next}"
        ))),
        Ok(last) => confirmed_if(last.closure == 0 && next <= 1, || {
            format!(
                "the last Z-report has the number {}, and the next one {next}",
                last.closure
            )
        }),
        Err(Fault::NotAllowed) => Ok(TrialFinding::Confirmed),
        Err(fault) => Ok(TrialFinding::Refuted(fault.to_string())),
    }
}

/// Makes a Z-report; the result is the number in its answer, and the number of the last Z-report before and after it.
fn close_day(trial: &mut Trial) -> Found<(u32, u32, u32)> {
    trial.make(Made::Sale)?;
    let before = trial.z_number()?;
    let report = trial.must(&trial.protocol().z_report, &())?;
    Ok((report.closure, before, trial.z_number()?))
}

pub(super) fn z_report_closes_day(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    let before = trial.z_number()?;
    trial.make(Made::ZReport)?;
    let after = trial.z_number()?;
    let sales = trial.day_payments()?.payments;
    confirmed_if(after > before && sales == [0; 8], || {
        format!(
            "the number of the last Z-report was {before} and is {after}; the day's payments are {sales:?}"
        )
    })
}

/// The number in a Z-report's own answer is that of the last Z-report afterwards.
pub(super) fn z_answer_number(trial: &mut Trial) -> Found<TrialFinding> {
    let (answered, before, after) = close_day(trial)?;
    if after == before {
        return Err(TrialFinding::NotTried(
            "the Z-report has closed no day".to_owned(),
        ));
    }
    confirmed_if(answered == after, || {
        format!("the Z-report had the number {answered}, and the last one is {after}")
    })
}

/// The number of the last Z-report is one less than that of the next one, which the day's payments name.
pub(super) fn z_number_is_one_less(trial: &mut Trial) -> Found<TrialFinding> {
    let before = trial.z_number()?;
    let (answered, _, after) = close_day(trial)?;
    let next = trial.day_payments()?.closure;
    if after == before {
        return Err(TrialFinding::NotTried(
            "the Z-report has closed no day".to_owned(),
        ));
    }
    confirmed_if(answered.checked_add(1) == Some(next), || {
        format!("the Z-report had the number {answered}, and the next one has {next}")
    })
}

pub(super) fn x_report_keeps_day(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    let before = (trial.z_number()?, trial.day_payments()?.payments);
    trial.make(Made::XReport)?;
    let after = (trial.z_number()?, trial.day_payments()?.payments);
    confirmed_if(before == after, || {
        format!("last Z-report and the day's payments were {before:?} and are {after:?}")
    })
}
