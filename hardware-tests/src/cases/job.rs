//! The amounts that the suite sells, and the jobs for them. All amounts are in minor units.

use ferrotill_core::{Amount, Quantity};
use ferrotill_device::{Job, LineJob, PaymentJob, ReceiptJob};

use crate::stage::TestStage;

/// Sums of the suite's sales in the first enabled tax group (three sales) and in the second one.
pub(super) const FIRST_GROUP: i64 = 825 + 100 + 100;
pub(super) const SECOND_GROUP: i64 = 1_033;
/// The amount that the suite returns, in the second tax group.
pub(super) const TAKEN_BACK: i64 = 517;
/// The sum that the suite pays by card.
pub(super) const BY_CARD: i64 = 1_500 + 100;
/// Cash from the suite's sales that stays in the drawer.
pub(super) const CASH_KEPT: i64 = 358 + 100;
pub(super) const CASH_IN: i64 = 10_000;
/// Cash that the suite takes out of the drawer, in two parts.
pub(super) const CASH_OUT: i64 = 5_000;
pub(super) const CASH_OUT_BETWEEN: i64 = 100;

/// The first two enabled tax groups; the same group twice if only one is enabled.
pub(super) fn groups(stage: &TestStage<'_>) -> (u8, u8) {
    let mut enabled = (0_u8..)
        .zip(stage.groups)
        .filter(|(_, rate)| rate.is_some())
        .map(|(group, _)| group);
    let first = enabled.next().unwrap_or(0);
    (first, enabled.next().unwrap_or(first))
}

pub(super) fn simple(line: LineJob, total: i64, payment: PaymentJob) -> Job {
    Job::Receipt(ReceiptJob {
        refund_of: None,
        header: Vec::new(),
        lines: vec![line],
        footer: Vec::new(),
        total: Amount::from_minor(total),
        payments: vec![payment],
        change: Amount::ZERO,
    })
}

pub(super) fn line(
    name: &str,
    group: u8,
    price: i64,
    thousandths: i64,
    adjustment: i64,
) -> LineJob {
    LineJob {
        name: name.to_owned(),
        group,
        price: Amount::from_minor(price),
        quantity: Quantity::from_thousandths(thousandths),
        adjustment: Amount::from_minor(adjustment),
        notes: Vec::new(),
    }
}

pub(super) fn payment(letter: char, cash: bool, amount: i64) -> PaymentJob {
    PaymentJob {
        letter,
        cash,
        amount: Amount::from_minor(amount),
    }
}
