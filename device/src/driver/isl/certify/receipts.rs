//! Procedures about receipts: how they are opened, filled, paid and cancelled.

use super::TrialFinding;
use super::trial::{Found, Made, PRICE, TEXT, Trial, confirmed_if, said};
use crate::driver::isl::command::CommandFault;
use crate::family::{CommandRow, Errors, NO_DATA};
use crate::fault::Fault;
use crate::wire::isl_counters::IssuedCode;
use crate::wire::isl_payment::PaidCode;

pub(super) fn open_sale(trial: &mut Trial) -> Found<TrialFinding> {
    let open = trial.opening()?;
    trial.accepted_perform(&trial.protocol().open, &open)?;
    let is_open = trial.condition()?.fiscal_receipt_open;
    confirmed_if(is_open, || {
        "the opening is answered, and no receipt is open".to_owned()
    })
}

fn refund(trial: &mut Trial, with_origin: bool) -> Found<TrialFinding> {
    let Some(row) = &trial.protocol().refund else {
        return Err(TrialFinding::NotTried("no refund receipts".to_owned()));
    };
    trial.make(Made::Sale)?;
    let open = trial.refund_opening(with_origin)?;
    trial.accepted_perform(row, &open)?;
    let is_open = trial.condition()?.fiscal_receipt_open;
    confirmed_if(is_open, || {
        "the opening is answered, and no receipt is open".to_owned()
    })
}

pub(super) fn open_refund(trial: &mut Trial) -> Found<TrialFinding> {
    refund(trial, true)
}

pub(super) fn refund_number_only(trial: &mut Trial) -> Found<TrialFinding> {
    refund(trial, false)
}

pub(super) fn refund_transaction(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_refund()?;
    trial.sell(PRICE)?;
    let amount = trial.told(&trial.protocol().transaction, &true)?.amount;
    confirmed_if(amount.checked_abs() == Some(PRICE), || {
        format!("a refund of {PRICE} minor units is reported as {amount}")
    })
}

pub(super) fn refund_groups(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_refund()?;
    trial.sell(PRICE)?;
    let groups = trial.told(&trial.protocol().receipt_sums, &())?.groups;
    let group = usize::from(trial.group());
    let is_so = groups.iter().enumerate().all(|(place, sum)| {
        let expected = if place == group { PRICE } else { 0 };
        sum.checked_abs() == Some(expected)
    });
    confirmed_if(is_so, || {
        format!("a refund of {PRICE} minor units is reported as {groups:?}")
    })
}

pub(super) fn text_before_subtotal(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_sale()?;
    trial.sell(PRICE)?;
    trial.accepted(&trial.protocol().text, &TEXT.to_vec())?;
    let total = trial.subtotal()?;
    confirmed_if(total == PRICE, || {
        format!("the subtotal is {total} after the text, and {PRICE} were sold")
    })
}

pub(super) fn amounts_have_two_decimals(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_sale()?;
    trial.sell(PRICE)?;
    let total = trial.subtotal()?;
    let amount = trial.told(&trial.protocol().transaction, &true)?.amount;
    confirmed_if((total, amount) == (PRICE, PRICE), || {
        format!(
            "{PRICE} hundredths were sold; the subtotal is {total}, and the receipt has {amount}"
        )
    })
}

/// Lines of the longest length that is sent are accepted.
pub(super) fn line_lengths(trial: &mut Trial) -> Found<TrialFinding> {
    let (name, text) = trial.widths();
    trial.open_sale()?;
    let sale = trial.sale_of(PRICE, &vec![b'W'; name]);
    trial.accepted_perform(&trial.protocol().sale, &sale)?;
    trial.accepted(&trial.protocol().text, &vec![b'W'; text])?;
    let total = trial.subtotal()?;
    confirmed_if(total == PRICE, || format!("the subtotal is {total}"))
}

pub(super) fn payment_after_paid(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_sale()?;
    trial.sell(PRICE)?;
    trial.subtotal()?;
    trial.pay('P', PRICE)?;
    let row = &trial.protocol().payment;
    let again = trial.order(row, &Trial::payment('P', PRICE));
    let found = match again {
        Err(CommandFault::Refused(..)) => Ok(TrialFinding::Confirmed),
        Ok(paid) if !matches!(paid.code, PaidCode::Rest | PaidCode::Change) => {
            Ok(TrialFinding::Confirmed)
        }
        Ok(paid) => Ok(TrialFinding::Refuted(format!(
            "a second payment is answered with {:?} {}",
            paid.code, paid.amount
        ))),
        Err(CommandFault::Lost(fault)) => Err(TrialFinding::NotTried(fault.to_string())),
    };
    trial.close_receipt()?;
    found
}

pub(super) fn cancel_after_payment(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_sale()?;
    trial.sell(PRICE)?;
    trial.subtotal()?;
    trial.pay('P', PRICE)?;
    let cancelled = trial.order(&trial.protocol().cancel, &());
    match cancelled {
        Err(CommandFault::Refused(..)) => {
            trial.close_receipt()?;
            Ok(TrialFinding::Confirmed)
        }
        Err(CommandFault::Lost(fault)) => Err(TrialFinding::NotTried(fault.to_string())),
        Ok(()) => Ok(TrialFinding::Refuted(
            "a receipt is cancelled after its payment".to_owned(),
        )),
    }
}

/// A refusal has a reason that the family's table of codes knows.
pub(super) fn refusal_has_reason(trial: &mut Trial) -> Found<TrialFinding> {
    let (fault, words) = refused_sale(trial)?;
    confirmed_if(fault == Fault::NoReceiptOpen && !words.is_empty(), || {
        format!(
            "a sale without a receipt is refused as: {}",
            said(fault, &words)
        )
    })
}

/// Sends a sale while no receipt is open; the result is the refusal.
fn refused_sale(trial: &mut Trial) -> Found<(Fault, String)> {
    let sale = trial.sale_of(PRICE, TEXT);
    let row = &trial.protocol().sale;
    match trial.order(row, &sale) {
        Err(CommandFault::Refused(fault, words)) => Ok((fault, words)),
        Err(CommandFault::Lost(fault)) => Err(TrialFinding::NotTried(fault.to_string())),
        Ok(_) => Err(TrialFinding::Refuted(
            "a sale is accepted without a receipt".into(),
        )),
    }
}

/// 20h, which tells the reason of a refusal on printers of group A.
const LAST_ERROR: CommandRow<()> = CommandRow::new(0x20, NO_DATA, NO_DATA);

pub(super) fn no_question_for_the_reason(trial: &mut Trial) -> Found<TrialFinding> {
    match trial.order(&LAST_ERROR, &()) {
        Err(CommandFault::Refused(Fault::UnknownCommand, _)) => Ok(TrialFinding::Confirmed),
        Err(CommandFault::Refused(fault, words)) => Ok(TrialFinding::Refuted(format!(
            "20h is refused as: {}",
            said(fault, &words)
        ))),
        Err(CommandFault::Lost(fault)) => Err(TrialFinding::NotTried(fault.to_string())),
        Ok(()) => Ok(TrialFinding::Refuted("20h is answered".to_owned())),
    }
}

/// A byte of the status is 0 after a command that was executed, and has the reason of a refusal.
pub(super) fn reason_in_status(trial: &mut Trial) -> Found<TrialFinding> {
    let Errors::InStatus(byte) = trial.protocol().errors else {
        return Err(TrialFinding::NotTried(
            "no status byte has a reason".to_owned(),
        ));
    };
    let idle = trial.status_number(byte)?;
    let (fault, words) = refused_sale(trial)?;
    confirmed_if(idle == 0 && !words.is_empty(), || {
        format!(
            "status byte {byte} has {idle} while nothing is refused; a refusal: {}",
            said(fault, &words)
        )
    })
}

pub(super) fn open_amount_is_reported(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_sale()?;
    trial.sell(PRICE)?;
    let told = trial.told(&trial.protocol().transaction, &true)?;
    confirmed_if(told.open && told.amount == PRICE, || {
        format!(
            "an open receipt of {PRICE} minor units is reported as {}",
            told.amount
        )
    })
}

/// The document of a number: the question has that number, or the number before it. The numbers of other documents that are answered
/// are the text of the second result.
fn issued(trial: &mut Trial, number: u32) -> Found<Result<IssuedCode, String>> {
    let Some(row) = &trial.protocol().issued_document else {
        return Err(TrialFinding::NotTried(
            "no question for a document".to_owned(),
        ));
    };
    let mut seen = Vec::new();
    for asked in [number.saturating_sub(1), number] {
        match trial.ask(row, &Some(asked)) {
            Ok(told) => match told.code {
                Some(code) if code.number == number => return Ok(Ok(code)),
                Some(code) => seen.push(format!("{asked} is answered with {}", code.number)),
                None => seen.push(format!("{asked} is answered without figures")),
            },
            Err(fault @ (Fault::NotAllowed | Fault::AnswerUnreadable)) => {
                seen.push(format!("{asked}: {fault}"));
            }
            Err(fault) => return Err(TrialFinding::NotTried(fault.to_string())),
        }
    }
    Ok(Err(format!("document {number}: {}", seen.join("; "))))
}

pub(super) fn cancelled_is_zero_sale(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Cancelled)?;
    let number = trial.document()?;
    let code = issued(trial, number)?.map_err(TrialFinding::NotTried)?;
    confirmed_if(code.is_sale() && code.sum == 0, || {
        format!(
            "the cancelled receipt {number} has the kind {} and the sum {}",
            code.kind, code.sum
        )
    })
}

pub(super) fn document_is_reported(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    let number = trial.document()?;
    let code = issued(trial, number)?.map_err(TrialFinding::Refuted)?;
    confirmed_if(code.sum == PRICE, || {
        format!("document {number} is reported with the sum {}", code.sum)
    })
}
