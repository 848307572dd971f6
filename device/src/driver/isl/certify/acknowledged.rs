//! Procedures about a family whose commands are acknowledged and whose figures have questions of their own (ZFP, Tremol).

use super::TrialFinding;
use super::trial::{Found, Made, PRICE, TEXT, Trial, confirmed_if, not_tried};
use crate::driver::isl::command::CommandFault;
use crate::family::Asked;
use crate::fault::Fault;
use crate::wire::zfp_payments::PaymentSums;

/// The questions of the family.
fn asked(trial: &Trial) -> Found<&'static Asked> {
    let table = trial.protocol().asked.as_ref();
    table.ok_or_else(|| TrialFinding::NotTried("the commands are answered with figures".to_owned()))
}

/// The finding of a command whose refusal refutes the inference.
fn accepted(number: u8, sent: Result<(), CommandFault>) -> Found<TrialFinding> {
    match sent {
        Ok(()) => Ok(TrialFinding::Confirmed),
        Err(CommandFault::Refused(fault, digits)) => Ok(TrialFinding::Refuted(format!(
            "{number:02X}h is refused: {fault} ({digits})"
        ))),
        Err(lost) => Err(not_tried(number, lost)),
    }
}

/// A slip is opened by the operator and the password with which receipts are opened.
pub(super) fn slip_by_operator(trial: &mut Trial) -> Found<TrialFinding> {
    let number = asked(trial)?.slip_open.command;
    let found = accepted(number, trial.open_slip())?;
    if found == TrialFinding::Confirmed {
        trial.must_perform(&trial.protocol().slip_text, &TEXT.to_vec())?;
        trial.must_perform(&trial.protocol().slip_close, &())?;
    }
    Ok(found)
}

/// Cash is put in by the operator and the password with which receipts are opened.
pub(super) fn cash_by_operator(trial: &mut Trial) -> Found<TrialFinding> {
    let number = asked(trial)?.cash.command;
    accepted(number, trial.send_cash(PRICE))
}

/// The last fiscal receipt is reported with the number that the question for the last document has after it.
pub(super) fn receipt_code_number(trial: &mut Trial) -> Found<TrialFinding> {
    let asked = asked(trial)?;
    trial.make(Made::Sale)?;
    let last = trial.document()?;
    let code = trial.told(&asked.receipt_code, &())?.number;
    confirmed_if(code == last, || {
        format!("71h has the number {last} after a sale, and 72h `B` the number {code}")
    })
}

/// While no receipt is open, the question for the open one is answered, and names none.
pub(super) fn no_receipt_reported(trial: &mut Trial) -> Found<TrialFinding> {
    let asked = asked(trial)?;
    match trial.ask(&asked.receipt, &()) {
        Ok(receipt) => confirmed_if(!receipt.open, || "a receipt is reported as open".to_owned()),
        Err(fault @ (Fault::AnswerUnreadable | Fault::NotAllowed)) => Ok(TrialFinding::Refuted(
            format!("72h while no receipt is open: {fault}"),
        )),
        Err(fault) => Err(TrialFinding::NotTried(fault.to_string())),
    }
}

/// Before the first payment the payments of the receipt are those of the receipt before, or none.
pub(super) fn payments_before_first(trial: &mut Trial) -> Found<TrialFinding> {
    let asked = asked(trial)?;
    trial.make(Made::Sale)?;
    trial.open_sale()?;
    trial.sell(PRICE.saturating_mul(3))?;
    let told = trial.told(&asked.receipt_payments, &())?.total();
    confirmed_if(matches!(told, 0 | PRICE), || {
        format!(
            "before the first payment {told} minor units are reported as paid, and the receipt before had {PRICE}"
        )
    })
}

/// A payment with change is reported with the change or without it.
pub(super) fn payments_of_receipt(trial: &mut Trial) -> Found<TrialFinding> {
    let asked = asked(trial)?;
    trial.open_sale()?;
    trial.sell(PRICE)?;
    trial.subtotal()?;
    trial.pay('P', TENDERED)?;
    let told = trial.told(&asked.receipt_payments, &())?.total();
    trial.close_receipt()?;
    confirmed_if(matches!(told, PRICE | TENDERED), || {
        format!("{TENDERED} minor units were paid for {PRICE}, and {told} are reported")
    })
}

/// The cash with which a trial pays, if it wants change.
const TENDERED: i64 = PRICE * 2;

/// The registers of cash: put in, taken out, received from sales, given as change.
fn cash_in_registers(trial: &mut Trial) -> Found<[i64; 4]> {
    let [_, paid_in, taken_out, received, change] = &asked(trial)?.registers;
    let cash = |sums: PaymentSums| {
        let [cash, ..] = sums.sums;
        cash
    };
    Ok([
        trial.told(paid_in, &()).map(cash)?,
        trial.told(taken_out, &()).map(cash)?,
        trial.told(received, &()).map(cash)?,
        trial.told(change, &()).map(cash)?,
    ])
}

/// How much each register has grown.
fn grown(before: [i64; 4], after: [i64; 4]) -> [i64; 4] {
    let mut grown = after;
    for (sum, before) in grown.iter_mut().zip(before) {
        *sum = sum.saturating_sub(before);
    }
    grown
}

/// What is received from a sale has its change, and the change is counted on its own.
pub(super) fn received_with_change(trial: &mut Trial) -> Found<TrialFinding> {
    let before = cash_in_registers(trial)?;
    trial.open_sale()?;
    trial.sell(PRICE)?;
    trial.subtotal()?;
    trial.pay('P', TENDERED)?;
    trial.close_receipt()?;
    let [_, _, received, change] = grown(before, cash_in_registers(trial)?);
    confirmed_if((received, change) == (TENDERED, PRICE), || {
        format!(
            "{TENDERED} minor units were paid for {PRICE}: 6Eh `4` has {received} more, and 6Eh `6` {change} more"
        )
    })
}

/// The registers of cash that is put in and taken out count 3Bh, and no sale.
pub(super) fn cash_registers_apart(trial: &mut Trial) -> Found<TrialFinding> {
    let before = cash_in_registers(trial)?;
    trial.make(Made::Sale)?;
    trial.make(Made::CashIn)?;
    trial.make(Made::CashIn)?;
    trial.make(Made::CashOut)?;
    let [paid_in, taken_out, _, _] = grown(before, cash_in_registers(trial)?);
    confirmed_if((paid_in, taken_out) == (TENDERED, PRICE), || {
        format!(
            "{TENDERED} minor units were put in and {PRICE} taken out: 6Eh `2` has {paid_in} more, and 6Eh `3` {taken_out} more"
        )
    })
}

/// A Z-report clears the registers of cash.
pub(super) fn registers_cleared(trial: &mut Trial) -> Found<TrialFinding> {
    trial.make(Made::Sale)?;
    trial.make(Made::CashIn)?;
    trial.make(Made::CashOut)?;
    let before = trial.z_number()?;
    trial.make(Made::ZReport)?;
    if trial.z_number()? == before {
        return Err(TrialFinding::NotTried(
            "the Z-report has closed no day".to_owned(),
        ));
    }
    let after = cash_in_registers(trial)?;
    confirmed_if(after == [0; 4], || {
        format!("after a Z-report 6Eh `2`, `3`, `4` and `6` have {after:?}")
    })
}

/// A tax group with a rate below zero takes no sale.
pub(super) fn disabled_group(trial: &mut Trial) -> Found<TrialFinding> {
    let rates = trial.told(&trial.protocol().rates, &())?.rates;
    let disabled = rates.iter().position(Option::is_none);
    let Some(group) = disabled.and_then(|place| u8::try_from(place).ok()) else {
        return Err(TrialFinding::NotTried(
            "no tax group has a rate below zero".to_owned(),
        ));
    };
    trial.open_sale()?;
    let mut sale = trial.sale_of(PRICE, TEXT);
    sale.group = group;
    match trial.perform(&trial.protocol().sale, &sale) {
        Err(CommandFault::Refused(..)) => Ok(TrialFinding::Confirmed),
        Err(lost) => Err(not_tried(trial.protocol().sale.command, lost)),
        Ok(_) => Ok(TrialFinding::Refuted(format!(
            "a sale in group {} is accepted, whose rate is below zero",
            char::from(b'A'.saturating_add(group))
        ))),
    }
}

/// The payment types are reported in one of the two forms, cash is type 0, and the sums have as many types.
pub(super) fn payment_types_reported(trial: &mut Trial) -> Found<TrialFinding> {
    let asked = asked(trial)?;
    let types = trial.accepted(&asked.payment_types, &())?;
    let [_, _, _, received, _] = &asked.registers;
    let sums = trial.told(received, &())?;
    let (is_old, cash) = (types.kinds.is_some(), types.number_of(0));
    confirmed_if(cash == Some(0) && is_old == sums.is_old, || {
        format!(
            "64h names the types {}, cash has the number {cash:?}, and 6Eh has the sums of {} machine",
            types.names.join(", "),
            if sums.is_old { "an older" } else { "a newer" }
        )
    })
}
