//! What the callers of a shop with signed receipts order.

use ferrotill::order::{
    OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse,
};
use ferrotill_core::document::{AmountsKind, AmountsReceipt};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::{Amount, Quantity};
use ferrotill_disk::SeededRandom;
use uuid::Uuid;

/// The letters of the tax groups that are in force on every opening of the shops.
const GROUPS: [&str; 5] = ["A", "B", "C", "D", "E"];

/// What became of an order, as its caller knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Open,
    Registered,
}

/// An order of a caller.
#[derive(Clone)]
pub(crate) struct SignedOrder {
    pub(crate) register: usize,
    pub(crate) form: OrderForm,
    /// What the receipt adds to the turnover counter, in cents.
    pub(crate) turnover: i64,
    pub(crate) outcome: Outcome,
    pub(crate) returned: bool,
}

impl SignedOrder {
    /// A sale with this number as its id, over one euro.
    pub(crate) fn sale(number: usize, register: usize) -> Self {
        Self {
            register,
            form: form(number, sale(draft(100, "A"))),
            turnover: 100,
            outcome: Outcome::Open,
            returned: false,
        }
    }
}

/// A new random order: a sale of lines, the return of one, or a receipt of amounts, which may be a void or a training.
pub(crate) fn new_order(
    orders: &mut [SignedOrder],
    register: usize,
    random: &mut SeededRandom,
) -> SignedOrder {
    let number = orders.len();
    let cents = 100 + i64::try_from(number).unwrap_or(0);
    let group = GROUPS.get(random.below(GROUPS.len())).copied();
    let (kind, turnover) = match random.below(10) {
        0 => return_of(orders, register, number),
        1 | 2 => amounts(AmountsKind::Sale, cents),
        3 => amounts(AmountsKind::Void, -cents),
        4 => amounts(AmountsKind::Training, cents),
        _ => {
            let draft = draft(cents, group.unwrap_or("A"));
            (sale(draft), cents)
        }
    };
    SignedOrder {
        register,
        form: form(number, kind),
        turnover,
        outcome: Outcome::Open,
        returned: false,
    }
}

/// The return of a sale that was registered; another sale if there is none.
fn return_of(orders: &mut [SignedOrder], register: usize, number: usize) -> (OrderKind, i64) {
    let found = orders.iter_mut().find(|order| {
        order.register == register
            && !order.returned
            && order.outcome == Outcome::Registered
            && matches!(order.form.kind, OrderKind::Sale { .. })
    });
    match found {
        Some(order) => {
            order.returned = true;
            let OrderKind::Sale { draft, .. } = &order.form.kind else {
                return amounts(AmountsKind::Sale, 1);
            };
            let kind = OrderKind::Refund {
                original: order.form.id,
                draft: draft.clone(),
            };
            (kind, -order.turnover)
        }
        None => {
            let cents = 100 + i64::try_from(number).unwrap_or(0);
            (sale(draft(cents, "A")), cents)
        }
    }
}

fn amounts(kind: AmountsKind, cents: i64) -> (OrderKind, i64) {
    let receipt = AmountsReceipt {
        kind,
        standard: Amount::from_minor(cents),
        reduced: Amount::ZERO,
        second_reduced: Amount::ZERO,
        zero: Amount::ZERO,
        special: Amount::ZERO,
    };
    let turnover = match kind {
        AmountsKind::Training => 0,
        AmountsKind::Sale | AmountsKind::Void => cents,
    };
    (OrderKind::Amounts(receipt), turnover)
}

fn draft(cents: i64, group: &str) -> OrderDraft {
    let line = OrderLine {
        name: "Semmel".into(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(cents),
        modifier: None,
        tax_group: Some(group.to_owned()),
        comment: "".into(),
        final_amount: None,
        copied: CopiedLine::NONE,
    };
    OrderDraft {
        lines: vec![line],
        payments: vec![(Some(0), Amount::from_minor(cents))],
        ..OrderDraft::default()
    }
}

fn sale(draft: OrderDraft) -> OrderKind {
    OrderKind::Sale {
        draft,
        mode: ReceiptMode::Automatic,
        number: None,
        print: false,
    }
}

fn form(number: usize, kind: OrderKind) -> OrderForm {
    OrderForm {
        id: Uuid::from_u128(0x51_0000 + u128::try_from(number).unwrap_or(0)),
        point_of_sale: Uuid::from_u128(1),
        kind,
        echo: String::new(),
        found: String::new(),
        on_paper: false,
        terminals: TerminalUse::default(),
        said: Said::default(),
        contact: None,
    }
}
