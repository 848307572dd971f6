//! What a caller asks for, owned: the step between a compatible API's JSON and the core's [`Wish`].

use ferrotill_core::document::ReportKind;
use ferrotill_core::event::PaperSays;
use ferrotill_core::id::{DocumentId, Fingerprint};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment, Modifier, Prices};
use ferrotill_core::till::Wish;
use ferrotill_core::{Amount, Quantity};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Which receipt a sale gets (contract, "Receipt modes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum ReceiptMode {
    /// Fiscal while the office is online or suspect, alternative while it is offline.
    #[default]
    Automatic,
    /// Fiscal, offline too.
    FiscalOnly,
    /// Alternative, online too.
    AlternativeOnly,
    /// As automatic, and alternative also after a fiscal attempt that the device settled as not registered.
    FiscalThenAlternative,
}

/// A line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct OrderLine {
    /// What.
    pub name: String,
    /// How much.
    pub quantity: Quantity,
    /// Gross price of one unit.
    pub price: Amount,
    /// Discount or surcharge.
    pub modifier: Option<Modifier>,
    /// Letter of the tax group.
    pub tax_group: Option<String>,
    /// Comment.
    pub comment: String,
    /// Returns only: the amount to give back.
    pub final_amount: Option<Amount>,
}

/// A receipt as it is ordered.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OrderDraft {
    /// Lines.
    pub lines: Vec<OrderLine>,
    /// Modifiers of the whole receipt.
    pub modifiers: Vec<Modifier>,
    /// Payments: code and amount.
    pub payments: Vec<(i32, Amount)>,
    /// Text above the lines.
    pub header: String,
    /// Text below the payments.
    pub footer: String,
}

/// What is ordered.
#[derive(Clone, Debug, Serialize)]
pub enum OrderKind {
    /// A sale.
    Sale {
        /// The receipt.
        draft: OrderDraft,
        /// Which receipt it gets.
        mode: ReceiptMode,
        /// Series and number of an alternative receipt, where the caller chooses them.
        number: Option<(String, u32)>,
        /// An alternative receipt is printed.
        print: bool,
    },
    /// A return.
    Refund {
        /// The sale.
        original: Uuid,
        /// The receipt.
        draft: OrderDraft,
    },
    /// Cash in (above zero) or out.
    Cash(Amount),
    /// A report; true for Z.
    Report {
        /// It closes the shift.
        z: bool,
    },
}

/// An order with its place and what the caller's interface wants back.
#[derive(Clone, Debug)]
pub struct OrderForm {
    /// The request id; made by the agent where the caller gave none.
    pub id: Uuid,
    /// Point of sale.
    pub point_of_sale: Uuid,
    /// What is ordered.
    pub kind: OrderKind,
    /// What the caller's interface wants back with the document, as the caller gave it: part of "the same body".
    pub echo: String,
    /// What was found out for this order on the way (a terminal's approval): not part of "the same body".
    pub found: String,
}

impl OrderDraft {
    /// The draft in the core's borrowed form; `lines` and `payments` are room that the caller lends.
    fn borrow<'a>(
        &'a self,
        lines: &'a mut Vec<DraftLine<'a>>,
        payments: &'a mut Vec<DraftPayment>,
    ) -> Draft<'a> {
        lines.extend(self.lines.iter().map(|line| DraftLine {
            name: &line.name,
            quantity: line.quantity,
            price: line.price,
            modifier: line.modifier,
            tax_group: line.tax_group.as_deref(),
            comment: &line.comment,
            final_amount: line.final_amount,
            voided: false,
        }));
        payments.extend(self.payments.iter().map(|(code, amount)| DraftPayment {
            code: *code,
            amount: *amount,
        }));
        Draft {
            lines,
            prices: Prices::TaxIncluded,
            modifiers: &self.modifiers,
            payments,
            header: &self.header,
            footer: &self.footer,
        }
    }
}

/// Room for an order in the core's borrowed form.
#[derive(Debug, Default)]
pub struct WishRoom<'a> {
    lines: Vec<DraftLine<'a>>,
    payments: Vec<DraftPayment>,
}

impl OrderForm {
    /// The order in the core's form, with or without the fiscal seal.
    pub fn wish<'a>(&'a self, alternative: bool, room: &'a mut WishRoom<'a>) -> Wish<'a> {
        let WishRoom { lines, payments } = room;
        match &self.kind {
            OrderKind::Sale { draft, number, .. } if alternative => {
                let number = number
                    .as_ref()
                    .map(|(series, number)| (series.as_str(), *number));
                Wish::AlternativeSale(draft.borrow(lines, payments), number)
            }
            OrderKind::Sale { draft, .. } => Wish::Sale(draft.borrow(lines, payments)),
            OrderKind::Refund { original, draft } => Wish::Refund(
                DocumentId(*original.as_bytes()),
                draft.borrow(lines, payments),
            ),
            OrderKind::Cash(amount) => Wish::Cash(*amount),
            OrderKind::Report { z } => Wish::Report(if *z { ReportKind::Z } else { ReportKind::X }),
        }
    }

    /// Digest of the parsed command on a device: two bodies that mean the same have the same one (8.1 = 8.10).
    #[must_use]
    pub fn fingerprint(&self, device: Uuid) -> Fingerprint {
        let mut digest = Sha256::new();
        digest.update(device.as_bytes());
        // Values of ours always serialise; an empty part would still leave the other in the digest.
        digest.update(serde_json::to_vec(&self.kind).unwrap_or_default());
        digest.update([0]);
        digest.update(self.echo.as_bytes());
        digest.update(self.point_of_sale.as_bytes());
        Fingerprint(digest.finalize().into())
    }

    /// The annex of the document: what was given and what was found, as two JSON texts in an array.
    #[must_use]
    pub fn annex(&self) -> Vec<u8> {
        let text = |part: &str| {
            if part.is_empty() {
                "null".to_owned()
            } else {
                part.to_owned()
            }
        };
        format!("[{},{}]", text(&self.echo), text(&self.found)).into_bytes()
    }

    /// Which receipt it gets.
    #[must_use]
    pub fn mode(&self) -> ReceiptMode {
        match self.kind {
            OrderKind::Sale { mode, .. } => mode,
            _ => ReceiptMode::FiscalOnly,
        }
    }
}

/// What a person says of a document that its printer cannot prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The document's id.
    pub id: Uuid,
    /// What the paper says.
    pub paper: PaperSays,
    /// The person's name.
    pub by: String,
}

#[cfg(test)]
mod tests {
    use super::{OrderForm, OrderKind};
    use ferrotill_core::Amount;
    use uuid::Uuid;

    #[test]
    fn the_same_command_has_the_same_fingerprint_and_another_has_not() {
        let form = |minor, echo: &str, found: &str| OrderForm {
            id: Uuid::new_v4(),
            point_of_sale: Uuid::nil(),
            kind: OrderKind::Cash(Amount::from_minor(minor)),
            echo: echo.into(),
            found: found.into(),
        };
        let first = form(810, "{}", "1").fingerprint(Uuid::nil());
        assert_eq!(
            first,
            form(810, "{}", "2").fingerprint(Uuid::nil()),
            "what was found on the way is not part of the request"
        );
        assert_ne!(first, form(811, "{}", "1").fingerprint(Uuid::nil()));
        assert_ne!(first, form(810, "{\"a\":1}", "1").fingerprint(Uuid::nil()));
    }
}
