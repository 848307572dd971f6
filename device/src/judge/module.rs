//! What the counters of a fiscal module, and the last receipt that it tells, prove of a receipt and of the closing of a shift.
//!
//! | new receipts | the module's last receipt | shifts closed | finding |
//! | --- | --- | --- | --- |
//! | any | has the id of the receipt | any | registered |
//! | 0 | any other, or not told | 0 | absent |
//! | 1 | has another id | any | absent: the only new receipt is another one |
//! | all other cases | | | not known |
//!
//! Other programs may use the module too, so a counter that has grown is no proof by itself. A module reports errors for receipts that it
//! has registered, so an error is no proof either.

use super::{AbsenceEvidence, SamePrinter};
use crate::baseline::Baseline;
use crate::fault::Fault;

/// The last receipt of a module, as far as it tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldReceipt {
    /// It has the id of the receipt in question.
    Ours,
    /// It has another id.
    Another,
    /// The module does not tell it.
    NotTold,
}

/// What the counters prove of a receipt or of a closing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleFinding {
    /// The module has registered it.
    Registered,
    /// The module has not registered it.
    Absent(AbsenceEvidence),
    /// The counters fit neither case.
    Unclear,
}

/// Judges a receipt by the table above, from the counters before it and now.
///
/// # Errors
///
/// [`Fault::PrinterSwapped`] if the counters are not of one module.
pub fn module_receipt(
    before: &Baseline,
    now: &Baseline,
    last: ToldReceipt,
) -> Result<ModuleFinding, Fault> {
    SamePrinter::compare(before, now).map(|same| receipt(same, last))
}

fn receipt(same: SamePrinter<'_>, last: ToldReceipt) -> ModuleFinding {
    let new_receipts = same
        .now
        .last_document
        .checked_sub(same.before.last_document);
    let closed = same.now.z_number != same.before.z_number;
    match (new_receipts, last) {
        (Some(1..), ToldReceipt::Ours) => ModuleFinding::Registered,
        (Some(0), ToldReceipt::Another | ToldReceipt::NotTold) if !closed => {
            ModuleFinding::Absent(same.absent("the number of the last receipt is unchanged"))
        }
        (Some(1), ToldReceipt::Another) => {
            ModuleFinding::Absent(same.absent("the only new receipt has another id"))
        }
        _ => ModuleFinding::Unclear,
    }
}

/// Judges the closing of a shift by the number of the last closed shift.
///
/// # Errors
///
/// [`Fault::PrinterSwapped`] if the counters are not of one module.
pub fn module_closing(before: &Baseline, now: &Baseline) -> Result<ModuleFinding, Fault> {
    SamePrinter::compare(before, now).map(closing)
}

fn closing(same: SamePrinter<'_>) -> ModuleFinding {
    match same.before.z_number.zip(same.now.z_number) {
        Some((before, now)) if before == now => {
            ModuleFinding::Absent(same.absent("the number of the last closed shift is unchanged"))
        }
        Some((before, now)) if before.checked_add(1) == Some(now) => ModuleFinding::Registered,
        _ => ModuleFinding::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferrotill_core::Amount;

    fn reading(last_document: u32, z_number: u32) -> Baseline {
        Baseline {
            family: "fiscalbox".to_owned(),
            serial: "UZ170703100189".to_owned(),
            fiscal_memory: "UZ170703100189".to_owned(),
            last_document,
            next_fiscal_receipt: 0,
            z_number: Some(z_number),
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
        }
    }

    fn judged(new: u32, closed: u32, last: ToldReceipt) -> &'static str {
        let (before, now) = (reading(10, 3), reading(10 + new, 3 + closed));
        match module_receipt(&before, &now, last).unwrap() {
            ModuleFinding::Registered => "registered",
            ModuleFinding::Absent(_) => "absent",
            ModuleFinding::Unclear => "unclear",
        }
    }

    #[test]
    fn a_receipt_is_judged_by_its_id_and_the_counters_together() {
        use ToldReceipt::{Another, NotTold, Ours};
        for (new, closed, last, expected) in [
            (0, 0, Another, "absent"),
            (0, 0, NotTold, "absent"),
            (0, 1, NotTold, "unclear"),
            (0, 0, Ours, "unclear"),
            (1, 0, Ours, "registered"),
            (2, 0, Ours, "registered"),
            (1, 1, Ours, "registered"),
            (1, 0, Another, "absent"),
            (1, 0, NotTold, "unclear"),
            (2, 0, Another, "unclear"),
            (2, 0, NotTold, "unclear"),
        ] {
            assert_eq!(
                judged(new, closed, last),
                expected,
                "{new} {closed} {last:?}"
            );
        }
        let (before, now) = (reading(10, 3), reading(9, 3));
        assert_eq!(
            module_receipt(&before, &now, NotTold),
            Ok(ModuleFinding::Unclear)
        );
    }

    #[test]
    fn a_closing_is_judged_by_the_number_of_the_last_closed_shift() {
        let closing = |closed: u32| {
            let (before, now) = (reading(10, 3), reading(10, 3 + closed));
            module_closing(&before, &now).unwrap()
        };
        assert!(matches!(closing(0), ModuleFinding::Absent(_)));
        assert_eq!(closing(1), ModuleFinding::Registered);
        assert_eq!(closing(2), ModuleFinding::Unclear);
    }
}
