//! The callers: each has one order at a time, repeats it with the same id until it knows, and remembers what it was told.

use ferrotill::clerk::Answer;
use ferrotill::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode};
use ferrotill_core::{Amount, Quantity};
use ferrotill_disk::Dice;
use tokio::sync::oneshot;
use uuid::Uuid;

/// What a caller was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing, or that nobody knows.
    Open,
    /// Registered.
    Yes,
    /// Not registered.
    No,
}

/// An order, and what is known of it outside.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) till: usize,
    pub(super) form: OrderForm,
    /// What its fiscal receipt comes to, which no other one does; a refund has that of its sale.
    pub(super) total: Option<(bool, i64)>,
    pub(super) said: Said,
    /// It has been given back.
    pub(super) refunded: bool,
}

/// A caller.
#[derive(Debug, Default)]
pub(super) struct Caller {
    pub(super) order: Option<usize>,
    pub(super) pending: Option<oneshot::Receiver<Answer>>,
    pub(super) deadline_ms: u64,
    pub(super) again_ms: u64,
}

/// What is ordered next: by chance, and at the end of the day a Z-report.
pub(super) fn new_order(orders: &[Order], till: usize, z: bool, dice: &mut Dice) -> Order {
    let number = orders.len();
    let cents = 1_000 + i64::try_from(number).unwrap_or(0);
    let mut total = None;
    let kind = match dice.below(20) {
        _ if z => OrderKind::Report { z: true },
        0 => OrderKind::Report { z: false },
        1 => OrderKind::Cash(Amount::from_minor(100_000 + cents)),
        2 => OrderKind::Cash(Amount::from_minor(-cents)),
        3..=5 if let Some(original) = refundable(orders, till, dice) => {
            total = original.total.map(|(_, sum)| (true, sum));
            OrderKind::Refund {
                original: original.form.id,
                draft: draft_of(&original.form),
            }
        }
        chance => {
            total = Some((false, cents));
            OrderKind::Sale {
                draft: sale(cents, dice),
                mode: match chance {
                    3..=6 => ReceiptMode::AlternativeOnly,
                    7 => ReceiptMode::FiscalOnly,
                    8 | 9 => ReceiptMode::FiscalThenAlternative,
                    _ => ReceiptMode::Automatic,
                },
                number: None,
                print: dice.coin(),
            }
        }
    };
    Order {
        till,
        form: OrderForm {
            id: Uuid::from_u128(1 + u128::try_from(number).unwrap_or(0)),
            point_of_sale: Uuid::from_u128(1),
            kind,
            echo: String::new(),
            found: String::new(),
        },
        total,
        said: Said::Open,
        refunded: false,
    }
}

fn refundable<'o>(orders: &'o [Order], till: usize, dice: &mut Dice) -> Option<&'o Order> {
    let sold: Vec<&Order> = orders
        .iter()
        .filter(|order| order.till == till && order.said == Said::Yes && !order.refunded)
        .filter(|order| matches!(order.form.kind, OrderKind::Sale { .. }))
        .collect();
    sold.get(dice.below(sold.len())).copied()
}

fn draft_of(form: &OrderForm) -> OrderDraft {
    match &form.kind {
        OrderKind::Sale { draft, .. } => draft.clone(),
        _ => OrderDraft::default(),
    }
}

fn sale(cents: i64, dice: &mut Dice) -> OrderDraft {
    let first = 100 + i64::try_from(dice.below(800)).unwrap_or(0);
    let line = |name: &str, price: i64, group: &str| OrderLine {
        name: name.to_owned(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(price),
        modifier: None,
        tax_group: Some(group.to_owned()),
        comment: String::new(),
        final_amount: None,
    };
    let lines = if dice.coin() {
        vec![line("Piine Praga", cents, "B")]
    } else {
        vec![
            line("Lapte 1l", first, "B"),
            line("Cafea", cents - first, "A"),
        ]
    };
    OrderDraft {
        lines,
        payments: vec![(0, Amount::from_minor(cents))],
        ..OrderDraft::default()
    }
}
