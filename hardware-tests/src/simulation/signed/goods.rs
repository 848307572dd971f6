//! What the callers of a shop with signed receipts order.

use ferrotill::order::{
    OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse,
};
use ferrotill_core::document::{AmountsKind, AmountsReceipt};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::{Amount, Quantity};
use uuid::Uuid;

pub(super) fn amounts(kind: AmountsKind, cents: i64) -> (OrderKind, i64) {
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

pub(super) fn draft(cents: i64, group: &str) -> OrderDraft {
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

pub(super) fn sale(draft: OrderDraft) -> OrderKind {
    OrderKind::Sale {
        draft,
        mode: ReceiptMode::Automatic,
        number: None,
        print: false,
    }
}

pub(super) fn form(number: usize, kind: OrderKind) -> OrderForm {
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
