//! The first form: JSON of the order's structs as they were in the first release, and the point of sale of the document. Texts are as
//! the caller wrote them, because that release hid no card numbers.
//!
//! The structs below are a copy of those. They are never changed, whatever becomes of [`OrderForm`].

use ferrotill_core::receipt::Modifier;
use ferrotill_core::{Amount, Quantity};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::order::{OrderDraft, OrderForm, OrderKind, ReceiptMode};

/// The number of this form.
pub(super) const NUMBER: u8 = 0;

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    quantity: Quantity,
    price: Amount,
    modifier: Option<Modifier>,
    tax_group: Option<&'a str>,
    comment: &'a str,
    final_amount: Option<Amount>,
}

#[derive(Serialize)]
struct Draft<'a> {
    lines: Vec<Line<'a>>,
    modifiers: &'a [Modifier],
    payments: Vec<(i32, Amount)>,
    header: &'a str,
    footer: &'a str,
}

#[derive(Serialize)]
enum Mode {
    Automatic,
    FiscalOnly,
    AlternativeOnly,
    FiscalThenAlternative,
}

#[derive(Serialize)]
enum Kind<'a> {
    Sale {
        draft: Draft<'a>,
        mode: Mode,
        number: Option<(&'a str, u32)>,
        print: bool,
    },
    Refund {
        original: Uuid,
        draft: Draft<'a>,
    },
    Cash(Amount),
    Report {
        z: bool,
    },
    Nonfiscal(&'a str),
}

impl<'a> Draft<'a> {
    fn of(draft: &'a OrderDraft) -> Self {
        let lines = draft.lines.iter().map(|line| Line {
            name: line.name.as_said(),
            quantity: line.quantity,
            price: line.price,
            modifier: line.modifier,
            tax_group: line.tax_group.as_deref(),
            comment: line.comment.as_said(),
            final_amount: line.final_amount,
        });
        Self {
            lines: lines.collect(),
            modifiers: &draft.modifiers,
            // A program that made this form took no payment without a code.
            payments: draft
                .payments
                .iter()
                .map(|(code, amount)| (code.unwrap_or_default(), *amount))
                .collect(),
            header: draft.header.as_said(),
            footer: draft.footer.as_said(),
        }
    }
}

/// The digest of an order for a device in this form.
pub(super) fn digest(order: &OrderForm, device: Uuid, point_of_sale: Uuid) -> [u8; 32] {
    let kind = match &order.kind {
        OrderKind::Sale {
            draft,
            mode,
            number,
            print,
        } => Kind::Sale {
            draft: Draft::of(draft),
            mode: match mode {
                ReceiptMode::Automatic => Mode::Automatic,
                ReceiptMode::FiscalOnly => Mode::FiscalOnly,
                ReceiptMode::AlternativeOnly => Mode::AlternativeOnly,
                ReceiptMode::FiscalThenAlternative => Mode::FiscalThenAlternative,
            },
            number: number
                .as_ref()
                .map(|chosen| (chosen.series.as_str(), chosen.number)),
            print: *print,
        },
        OrderKind::Refund { original, draft } => Kind::Refund {
            original: *original,
            draft: Draft::of(draft),
        },
        OrderKind::Cash(amount) => Kind::Cash(*amount),
        OrderKind::Report { z } => Kind::Report { z: *z },
        // A program that made this form made no such document.
        OrderKind::Nonfiscal { text, .. } => Kind::Nonfiscal(text.as_said()),
        OrderKind::Amounts(_) => Kind::Nonfiscal(""),
    };
    let mut digest = Sha256::new();
    digest.update(device.as_bytes());
    // These types always serialise. If they did not, the digest would still contain the other parts.
    digest.update(serde_json::to_vec(&kind).unwrap_or_default());
    digest.update([0]);
    digest.update(order.echo.as_bytes());
    digest.update(point_of_sale.as_bytes());
    digest.finalize().into()
}
