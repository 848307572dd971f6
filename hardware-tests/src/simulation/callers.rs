//! The callers: each has one order at a time, repeats the order with the same id until the outcome is known, and stores the last
//! answer.

use ferrotill::clerk::Answer;
use ferrotill::order::{OrderForm, OrderKind, ReceiptMode, Said, TerminalUse};
use ferrotill_core::Amount;
use ferrotill_disk::SeededRandom;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::goods::{Goods, Part};

/// The last answer that a caller got to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastAnswer {
    /// The caller got no answer, or the answer "unknown".
    Unknown,
    /// The answer was "registered".
    Registered,
    /// The answer was "not registered".
    NotRegistered,
}

/// An order, and what its caller has learned about the outcome.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) till: usize,
    pub(super) form: OrderForm,
    /// When the caller sent the order first, in milliseconds of true UTC time.
    pub(super) asked_ms: i64,
    /// When the order reached the agent, in milliseconds of the run; none before, and after the order was not registered.
    pub(super) arrived_ms: Option<u64>,
    /// The goods and the money of the ordered receipt; none for other orders.
    pub(super) goods: Option<Goods>,
    /// For a return: the place of the original sale among the orders, and the part that is returned.
    pub(super) returns: Option<(usize, Part)>,
    pub(super) last_answer: LastAnswer,
    /// True if a return of this sale was ordered.
    pub(super) returned: bool,
    /// True if the caller has disconnected and the order has no document: the order must get none before the caller repeats it.
    pub(super) given_up: bool,
}

/// Identifies a fiscal receipt: whether it is a refund, and its total in minor units.
pub(super) type Key = (bool, i64);

impl Order {
    /// The key of the fiscal receipt that the order asks for; none for other orders.
    pub(super) fn key(&self) -> Option<Key> {
        let goods = self.goods.as_ref()?;
        Some((self.returns.is_some(), goods.total))
    }

    /// The cash that a return gives back, in minor units; 0 for other orders.
    pub(super) fn withdrawal(&self) -> i64 {
        let goods = self.goods.as_ref().filter(|_| self.returns.is_some());
        goods.map_or(0, |goods| goods.total - goods.card)
    }

    /// The kind of the order as text for the notes.
    pub(super) const fn word(&self) -> &'static str {
        match self.form.kind {
            OrderKind::Sale { .. } => "a sale",
            OrderKind::Refund { .. } => "a refund",
            OrderKind::Cash(_) => "cash",
            OrderKind::Report { z: true } => "Z",
            OrderKind::Report { z: false } => "X",
            OrderKind::Nonfiscal { .. } => "a text",
            OrderKind::Amounts(_) => "amounts",
        }
    }

    /// Whether only the printer can make the document of this order, so that the order waits for its turn at the printer.
    pub(super) const fn is_for_the_printer(&self) -> bool {
        match self.form.kind {
            // Such an order may wait for the bank terminal instead.
            _ if self.asks_terminal() => false,
            OrderKind::Sale { mode, .. } => matches!(mode, ReceiptMode::FiscalOnly),
            // The journal may close a shift of alternative receipts.
            OrderKind::Report { z } => !z,
            OrderKind::Refund { .. } | OrderKind::Cash(_) => true,
            OrderKind::Nonfiscal { .. } | OrderKind::Amounts(_) => false,
        }
    }

    /// Whether a bank terminal is asked before the document is made.
    const fn asks_terminal(&self) -> bool {
        !self.form.terminals.payments.is_empty() || self.form.terminals.with_report
    }

    /// Another command under the id of this order. The agent must refuse it once the id has its document.
    pub(super) fn another_under_its_id(&self) -> OrderForm {
        OrderForm {
            kind: OrderKind::Cash(Amount::from_minor(777)),
            terminals: TerminalUse::default(),
            ..self.form.clone()
        }
    }
}

/// A simulated caller.
#[derive(Debug, Default)]
pub(super) struct Caller {
    pub(super) order: Option<usize>,
    /// The receivers of the answers to requests that are not answered yet.
    pub(super) pending: Vec<oneshot::Receiver<Answer>>,
    /// The answers that have arrived to the current requests.
    pub(super) answers: Vec<Answer>,
    /// True if at least one request got no answer.
    pub(super) unanswered: bool,
    /// True if the caller has sent another command under the id of its order.
    pub(super) clashing: bool,
    /// True if the answer will be lost on the network.
    pub(super) loses_answer: bool,
    /// True if the caller disconnects before the agent would answer "unknown".
    pub(super) hangs_up: bool,
    pub(super) deadline_ms: u64,
    pub(super) again_ms: u64,
}

/// A new random order; if `z` is true, a Z-report.
pub(super) fn new_order(
    orders: &[Order],
    till: usize,
    z: bool,
    random: &mut SeededRandom,
) -> Order {
    let number = orders.len();
    let cents = 1_000 + i64::try_from(number).unwrap_or(0);
    let mut goods = None;
    let mut returns = None;
    let kind = match random.below(20) {
        _ if z => OrderKind::Report { z: true },
        // Without a chance of its own, so that the seeds of the deliberate bugs find them still.
        0 if number % 2 == 1 => OrderKind::Nonfiscal {
            text: format!("Numarul {number}\nVa asteptam").into(),
            print: number % 4 == 1,
        },
        0 => OrderKind::Report { z: false },
        1 => OrderKind::Cash(Amount::from_minor(100_000 + cents)),
        2 => OrderKind::Cash(Amount::from_minor(-cents)),
        3..=6 if let Some((original, part, back)) = to_return(orders, till, random) => {
            let draft = back.draft(true);
            goods = Some(back);
            returns = Some((original, part));
            OrderKind::Refund {
                original: id_of(original),
                draft,
            }
        }
        chance => {
            let sold = Goods::new(number, random);
            let draft = sold.draft(false);
            goods = Some(sold);
            OrderKind::Sale {
                draft,
                mode: match chance {
                    4..=6 => ReceiptMode::AlternativeOnly,
                    7 => ReceiptMode::FiscalOnly,
                    8 | 9 => ReceiptMode::FiscalThenAlternative,
                    _ => ReceiptMode::Automatic,
                },
                number: None,
                print: random.coin(),
            }
        }
    };
    Order {
        till,
        form: OrderForm {
            id: id_of(number),
            point_of_sale: Uuid::from_u128(1),
            kind,
            echo: String::new(),
            found: String::new(),
            on_paper: true,
            terminals: TerminalUse::default(),
            said: Said::default(),
            contact: None,
        },
        asked_ms: 0,
        arrived_ms: None,
        goods,
        returns,
        last_answer: LastAnswer::Unknown,
        returned: false,
        given_up: false,
    }
}

/// A sale of a buyer in a rush: fiscal, or an alternative receipt with its slip.
pub(super) fn order_in_a_rush(
    orders: &[Order],
    till: usize,
    fiscal: bool,
    random: &mut SeededRandom,
) -> Order {
    let sold = Goods::new(orders.len(), random);
    let kind = OrderKind::Sale {
        draft: sold.draft(false),
        mode: if fiscal {
            ReceiptMode::FiscalOnly
        } else {
            ReceiptMode::AlternativeOnly
        },
        number: None,
        print: true,
    };
    let mut order = new_order(orders, till, true, random);
    order.form.kind = kind;
    order.goods = Some(sold);
    order
}

/// A registered sale that can be returned, and the part to return; sometimes a sale that was returned before.
fn to_return(
    orders: &[Order],
    till: usize,
    random: &mut SeededRandom,
) -> Option<(usize, Part, Goods)> {
    let twice = random.below(4) == 0;
    let sold: Vec<(usize, &Order)> = orders
        .iter()
        .enumerate()
        .filter(|(_, order)| order.till == till && order.last_answer == LastAnswer::Registered)
        .filter(|(_, order)| order.returned == twice)
        .filter(|(_, order)| matches!(order.form.kind, OrderKind::Sale { .. }))
        .collect();
    let (place, order) = *sold.get(random.below(sold.len()))?;
    let part = *[Part::Whole, Part::Whole, Part::First, Part::Rest].get(random.below(4))?;
    let goods = order.goods.as_ref()?.part(part)?;
    Some((place, part, goods))
}

/// The request id of the n-th order.
fn id_of(number: usize) -> Uuid {
    Uuid::from_u128(1 + u128::try_from(number).unwrap_or(0))
}

/// The place of the order that has this request id.
pub(super) fn number_of(id: Uuid) -> Option<usize> {
    usize::try_from(id.as_u128().checked_sub(1)?).ok()
}
