//! The second form: a text with one line for each value that the caller gave.
//!
//! A line is `name LENGTH:VALUE`. The length in bytes makes the text unambiguous, because a value may contain a line break. A
//! value that was not given has no line, so a value that a later release reads does not change the text of requests without it.
//! Money is in minor units, a quantity in thousandths, a percentage in hundredths.

use core::fmt::{Display, Write as _};

use ferrotill_core::document::AmountsKind;
use ferrotill_core::receipt::{CopiedLine, Modifier};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said};

/// The number of this form.
pub(super) const NUMBER: u8 = 1;

/// The digest of an order for a device in this form.
pub(super) fn digest(order: &OrderForm, device: Uuid) -> [u8; 32] {
    Sha256::digest(text(order, device).as_bytes()).into()
}

/// The text of an order for a device in this form.
pub(super) fn text(order: &OrderForm, device: Uuid) -> String {
    let mut text = Text::default();
    text.put("form", NUMBER);
    text.put("device", device);
    let Said {
        point_of_sale,
        number,
        more,
        module_request: _,
        provider_payment: _,
    } = &order.said;
    text.put_some("point_of_sale", *point_of_sale);
    match &order.kind {
        OrderKind::Sale {
            draft,
            mode,
            number: chosen,
            print,
        } => {
            text.put_str("kind", "sale");
            text.put_str("mode", mode_name(*mode));
            match (number, chosen) {
                // How this text is divided into series and number depends on the ranges of the configuration.
                (Some(number), _) => text.put("number", number),
                (None, Some(chosen)) => {
                    text.put("number.series", &chosen.series);
                    text.put("number.value", chosen.number);
                }
                (None, None) => {}
            }
            text.put("print", print);
            text.draft(draft);
        }
        OrderKind::Refund { original, draft } => {
            text.put_str("kind", "refund");
            text.put("original", original);
            text.draft(draft);
        }
        OrderKind::Cash(amount) => {
            text.put_str("kind", "cash");
            text.put_number("amount", amount.minor());
        }
        OrderKind::Report { z } => text.put_str("kind", if *z { "z_report" } else { "x_report" }),
        OrderKind::Nonfiscal { text: said, print } => {
            text.put_str("kind", "nonfiscal");
            text.put("print", print);
            text.put_text("text", said.as_str());
        }
        OrderKind::Amounts(receipt) => {
            let kind = match receipt.kind {
                AmountsKind::Sale => "amounts",
                AmountsKind::Void => "amounts_void",
                AmountsKind::Training => "amounts_training",
            };
            text.put_str("kind", kind);
            for amount in receipt.amounts() {
                text.put_number("amount", amount.minor());
            }
        }
    }
    for (name, value) in more {
        // A name may be one that the caller has invented.
        text.put_str("said", name);
        text.put_str("said.value", value);
    }
    text.0
}

/// The text as far as it is written, and room for the value of a line.
#[derive(Default)]
struct Text(String, String);

impl Text {
    fn put(&mut self, name: &str, value: impl Display) {
        let mut room = std::mem::take(&mut self.1);
        room.clear();
        // Writing to a string cannot fail.
        let _ = write!(room, "{value}");
        self.put_str(name, &room);
        self.1 = room;
    }

    fn put_str(&mut self, name: &str, value: &str) {
        let Self(text, _) = self;
        text.push_str(name);
        text.push(' ');
        text.push_str(itoa::Buffer::new().format(value.len()));
        text.push(':');
        text.push_str(value);
        text.push('\n');
    }

    fn put_number(&mut self, name: &str, value: i64) {
        self.put_str(name, itoa::Buffer::new().format(value));
    }

    fn put_some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// A text that was not given is empty.
    fn put_text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.put_str(name, value);
        }
    }

    fn draft(&mut self, draft: &OrderDraft) {
        let OrderDraft {
            lines,
            modifiers,
            payments,
            header,
            footer,
        } = draft;
        for line in lines {
            self.line(line);
        }
        for modifier in modifiers {
            self.modifier("modifier", *modifier);
        }
        for (code, amount) in payments {
            // A payment without a code has an empty one, whatever type of cash the device has.
            match code {
                Some(code) => self.put_number("payment", (*code).into()),
                None => self.put_str("payment", ""),
            }
            self.put_number("payment.amount", amount.minor());
        }
        self.put_text("header", header.as_str());
        self.put_text("footer", footer.as_str());
    }

    /// A field that is added to [`OrderLine`] must be added here, and only written if the caller gave it.
    fn line(&mut self, line: &OrderLine) {
        let OrderLine {
            name,
            quantity,
            price,
            modifier,
            tax_group,
            comment,
            final_amount,
            copied:
                CopiedLine {
                    good,
                    position,
                    amount,
                    tax,
                    final_tax,
                    // They only check the others, and older programs did not digest them.
                    before: _,
                    rate: _,
                },
        } = line;
        self.put_str("line", name.as_str());
        self.put_number("line.quantity", quantity.thousandths());
        self.put_number("line.price", price.minor());
        if let Some(modifier) = modifier {
            self.modifier("line.modifier", *modifier);
        }
        if let Some(tax_group) = tax_group {
            self.put_str("line.tax_group", tax_group);
        }
        self.put_text("line.comment", comment.as_str());
        self.put_some(
            "line.final_amount",
            final_amount.map(|amount| amount.minor()),
        );
        for (name, amount) in [
            ("line.copied.amount", amount),
            ("line.copied.tax", tax),
            ("line.copied.final_tax", final_tax),
        ] {
            self.put_some(name, amount.map(|amount| amount.minor()));
        }
        self.put_some("line.copied.good", good.map(Uuid::from_bytes));
        self.put_some("line.copied.position", *position);
    }

    fn modifier(&mut self, name: &str, modifier: Modifier) {
        match modifier {
            Modifier::Percent(hundredths) => self.put(&format!("{name}.percent"), hundredths),
            Modifier::Amount(amount) => self.put(&format!("{name}.amount"), amount.minor()),
        }
    }
}

/// The name of a mode in the text.
const fn mode_name(mode: ReceiptMode) -> &'static str {
    match mode {
        ReceiptMode::Automatic => "automatic",
        ReceiptMode::FiscalOnly => "fiscal",
        ReceiptMode::AlternativeOnly => "alternative",
        ReceiptMode::FiscalThenAlternative => "fiscal_then_alternative",
    }
}
