//! Procedures about sums, the cash, the clock and what a machine tells of itself.

use ferrotill_core::printer_time::PrinterTime;

use super::TrialFinding;
use super::trial::{Found, Made, PRICE, Trial, confirmed_if};
use crate::driver::isl::command::CommandFault;
use crate::family::{Codec, CommandRow, NO_DATA, PaymentMeaning};

pub(super) fn cash_question_prints_nothing(trial: &mut Trial) -> Found<TrialFinding> {
    let before = trial.document()?;
    let first = trial.cash()?;
    let second = trial.cash()?;
    let after = trial.document()?;
    confirmed_if(before == after && first == second, || {
        format!(
            "the number of the last document was {before} and is {after}; the sums were {first:?} and are {second:?}"
        )
    })
}

pub(super) fn cash_question_in_receipt(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_sale()?;
    trial.sell(PRICE)?;
    trial.accepted(&trial.protocol().cash, &None)?;
    let total = trial.subtotal()?;
    confirmed_if(total == PRICE, || {
        format!("the subtotal is {total} after the question, and {PRICE} were sold")
    })
}

/// 41h with the kind 2, which group A does not have.
const REFUNDS_OF_DAY: CommandRow<()> = CommandRow::new(
    0x41,
    Codec {
        emit: |()| b"2".to_vec(),
        parse: |data| (data == b"2").then_some(()),
    },
    NO_DATA,
);

pub(super) fn refunds_are_not_reported(trial: &mut Trial) -> Found<TrialFinding> {
    match trial.order(&REFUNDS_OF_DAY, &()) {
        Err(CommandFault::Refused(..)) => Ok(TrialFinding::Confirmed),
        Err(CommandFault::Lost(fault)) => Err(TrialFinding::NotTried(fault.to_string())),
        Ok(()) => Ok(TrialFinding::Refuted(
            "41h with the kind 2 is answered".to_owned(),
        )),
    }
}

/// Pays one receipt with each letter, and looks where the sum of the day has grown.
pub(super) fn payments_order(trial: &mut Trial) -> Found<TrialFinding> {
    let payments = &trial.protocol().payments;
    for (place, letter) in payments.day.iter().enumerate() {
        // The terminal of a printer charges a card.
        if payments.meaning_of(*letter) == Some(PaymentMeaning::Pinpad) {
            continue;
        }
        let before = trial.day_payments()?.payments;
        trial.open_sale()?;
        trial.sell(PRICE)?;
        trial.subtotal()?;
        trial.pay(*letter, PRICE)?;
        trial.close_receipt()?;
        let after = trial.day_payments()?.payments;
        let grown = |(at, (old, new)): (usize, (&i64, &i64))| {
            new.saturating_sub(*old) == if at == place { PRICE } else { 0 }
        };
        if !before.iter().zip(&after).enumerate().all(grown) {
            return Ok(TrialFinding::Refuted(format!(
                "a payment of {PRICE} with `{letter}`: the sums were {before:?} and are {after:?}"
            )));
        }
    }
    Ok(TrialFinding::Confirmed)
}

pub(super) fn refund_payments_are_apart(trial: &mut Trial) -> Found<TrialFinding> {
    trial.open_refund()?;
    let before = trial.day_payments()?.payments;
    trial.finish_open()?;
    let after = trial.day_payments()?.payments;
    confirmed_if(before == after, || {
        format!("the payments were {before:?} before a refund and are {after:?}")
    })
}

pub(super) fn withdrawal_is_counted(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::CashIn)?;
    let before = trial.cash()?.taken_out;
    trial.make(Made::CashOut)?;
    let after = trial.cash()?.taken_out;
    confirmed_if(before.checked_add(PRICE) == Some(after), || {
        format!("the sum of the withdrawals was {before} and is {after}")
    })
}

pub(super) fn z_report_clears_withdrawals(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::CashIn)?;
    trial.make(Made::CashOut)?;
    let before = trial.cash()?.taken_out;
    if before == 0 {
        return Err(TrialFinding::NotTried(
            "no withdrawal is reported".to_owned(),
        ));
    }
    trial.make(Made::XReport)?;
    let after_x = trial.cash()?.taken_out;
    trial.make(Made::ZReport)?;
    let after_z = trial.cash()?.taken_out;
    confirmed_if((after_x, after_z) == (before, 0), || {
        format!(
            "the sum of the withdrawals was {before}, {after_x} after an X-report and {after_z} after a Z-report"
        )
    })
}

pub(super) fn larger_withdrawal_is_refused(trial: &mut Trial) -> Found<TrialFinding> {
    let cash = trial.cash()?.cash;
    let more = cash.saturating_add(PRICE).saturating_neg();
    match trial.order(&trial.protocol().cash, &Some(more)) {
        Err(CommandFault::Refused(..)) => Ok(TrialFinding::Confirmed),
        Err(CommandFault::Lost(fault)) => Err(TrialFinding::NotTried(fault.to_string())),
        Ok(told) => confirmed_if(!told.done, || {
            format!("the drawer had {cash}, and {more} were booked")
        }),
    }
}

/// The clock takes the time that it shows.
pub(super) fn clock_is_set(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::ZReport)?;
    let shown = trial.told(&trial.protocol().clock, &())?;
    let Some(time) = PrinterTime::read(&shown) else {
        return Ok(TrialFinding::Refuted(format!("the clock shows `{shown}`")));
    };
    trial.accepted(&trial.protocol().clock_set, &time.to_string())?;
    Ok(TrialFinding::Confirmed)
}

/// The journal, or a question of its own, tells the time of the receipt that was closed last.
pub(super) fn receipt_time_is_told(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    let number = trial.document()?;
    let table = trial.protocol();
    let at = match (&table.journal_document, &table.last_receipt) {
        (Some(row), _) => {
            let told = trial.accepted(row, &number)?;
            if told.document != number {
                return Ok(TrialFinding::Refuted(format!(
                    "document {number} is reported with the number {}",
                    told.document
                )));
            }
            told.at
        }
        (None, Some(row)) => trial.accepted(row, &())?.at,
        (None, None) => {
            return Err(TrialFinding::NotTried(
                "no question for the time".to_owned(),
            ));
        }
    };
    confirmed_if(PrinterTime::read(&at).is_some(), || {
        format!("the time is reported as `{at}`")
    })
}

pub(super) fn country_is_shown(trial: &mut Trial) -> Found<TrialFinding> {
    let country = trial.country();
    confirmed_if(country != "?", || {
        "the answers show no country, or more than one".to_owned()
    })
}

pub(super) fn rates_are_told(trial: &mut Trial) -> Found<TrialFinding> {
    let rates = trial.accepted(&trial.protocol().rates, &())?.rates;
    confirmed_if(rates.iter().any(Option::is_some), || {
        format!("the rates are reported as {rates:?}")
    })
}
