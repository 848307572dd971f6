//! Orders: what any API asks for, in one common form with owned data. An order becomes the core's [`Wish`].

pub mod fingerprint;
pub mod goods;
mod private;
pub mod provider;
pub mod resource;
mod terminal;
mod text;

use std::fmt::{self, Write as _};

use ferrotill_core::document::{AmountsReceipt, ReportKind};
use ferrotill_core::event::{PaperSays, PersonAct};
use ferrotill_core::id::DocumentId;
use ferrotill_core::receipt::{CopiedLine, Draft, DraftLine, DraftPayment, Modifier, Prices};
use ferrotill_core::seal::PrintedNumber;
use ferrotill_core::till::Wish;
use ferrotill_core::{Amount, Quantity};
use ferrotill_store::BuyerContact;
use goods::GoodFacts;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

pub use terminal::{
    TerminalApproval, TerminalDay, TerminalPayment, TerminalTotals, TerminalUse, terminal_slips_of,
};
pub use text::{ReceiptText, comparable};

/// Which kind of receipt a sale gets (`docs/api/own.md`, "Receipt modes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReceiptMode {
    /// The receipt is fiscal while the authority is online or suspect. It is alternative while the authority is offline and the
    /// device has alternative receipts.
    #[default]
    Automatic,
    /// The receipt is always fiscal, also while the authority is offline.
    FiscalOnly,
    /// The receipt is always alternative, also while the authority is online.
    AlternativeOnly,
    /// As `Automatic`. In addition, a sale gets an alternative receipt if its fiscal attempt is known to have registered nothing.
    FiscalThenAlternative,
}

/// A line of an order.
#[derive(Clone, Debug)]
pub struct OrderLine {
    /// The name of the goods or the service.
    pub name: ReceiptText,
    /// The quantity in units of the item.
    pub quantity: Quantity,
    /// The price of one unit, tax included.
    pub price: Amount,
    /// A discount or surcharge on this line.
    pub modifier: Option<Modifier>,
    /// The letter of the tax group.
    pub tax_group: Option<String>,
    /// A comment that is printed with the line.
    pub comment: ReceiptText,
    /// For returns only: the amount to give back.
    pub final_amount: Option<Amount>,
    /// For returns only: what else the caller has copied of the original's line.
    pub copied: CopiedLine,
}

/// The content of an ordered receipt.
#[derive(Clone, Debug, Default)]
pub struct OrderDraft {
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// Discounts and surcharges on the whole receipt.
    pub modifiers: Vec<Modifier>,
    /// The payments: the code of the payment type, and the amount.
    pub payments: Vec<(Option<i32>, Amount)>,
    /// Text above the lines.
    pub header: ReceiptText,
    /// Text below the payments.
    pub footer: ReceiptText,
}

/// A number of an alternative receipt that the caller has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenNumber {
    /// The series of the number.
    pub series: String,
    /// The number in the series.
    pub number: u32,
    /// The number of digits with which the number is printed.
    pub number_length: u8,
}

impl ChosenNumber {
    /// The number in the core's borrowed form.
    #[must_use]
    pub fn printed(&self) -> PrintedNumber<'_> {
        PrintedNumber {
            series: &self.series,
            number: self.number,
            number_length: self.number_length,
        }
    }
}

/// What is ordered.
#[derive(Clone, Debug)]
pub enum OrderKind {
    /// A sale.
    Sale {
        /// The content of the receipt.
        draft: OrderDraft,
        /// The rule for the kind of receipt.
        mode: ReceiptMode,
        /// The number of an alternative receipt, if the caller chooses it.
        number: Option<ChosenNumber>,
        /// True if a slip is printed for an alternative receipt.
        print: bool,
    },
    /// A return of sold goods.
    Refund {
        /// The request id of the sale that is returned.
        original: Uuid,
        /// The content of the receipt.
        draft: OrderDraft,
    },
    /// Cash in (above zero) or cash out (below zero).
    Cash(Amount),
    /// A report.
    Report {
        /// True for a Z-report, which closes the shift; false for an X-report.
        z: bool,
    },
    /// A text that is no receipt of the tax law.
    Nonfiscal {
        /// The text, with its line breaks.
        text: ReceiptText,
        /// True if the text is printed.
        print: bool,
    },
    /// A receipt that consists of its amounts by tax bucket.
    Amounts(AmountsReceipt),
}

/// Who orders something at the dashboard, for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonNote {
    /// What is ordered.
    pub act: PersonAct,
    /// The document that is made or copied, if there is one.
    pub document: Option<Uuid>,
    /// The name of the person whom the order is about; may be empty.
    pub subject: String,
    /// The name of the person who orders.
    pub by: String,
}

/// An order with its id, its point of sale, and the data that the caller's API returns with the document.
#[derive(Clone, Debug)]
pub struct OrderForm {
    /// The request id. The agent makes one if the caller gave none.
    pub id: Uuid,
    /// The point of sale.
    pub point_of_sale: Uuid,
    /// What is ordered.
    pub kind: OrderKind,
    /// JSON text that the caller's API returns with the document, as the caller gave it. Form 0 of the fingerprint contains it.
    pub echo: String,
    /// JSON text that the agent added to the order, such as the user of the client. It is not part of the fingerprint.
    pub found: String,
    /// Whether the till prints a slip where the document has one. False if the caller prints the document itself. What a fiscal printer
    /// seals is printed all the same. It is not part of the fingerprint.
    pub on_paper: bool,
    /// What the order has to do with bank terminals. Their answers become a part of what is stored beside `found`.
    pub terminals: TerminalUse,
    /// Where the receipt is sent. It stands beside the journal and is erased some days later.
    pub contact: Option<BuyerContact>,
    /// What the caller said and the other fields do not contain, for the fingerprint.
    pub said: Said,
}

/// What a caller said beside the fields of [`OrderForm`], without any default of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The point of sale, if the caller named one.
    pub point_of_sale: Option<Uuid>,
    /// The number of an alternative receipt as the caller wrote it, if the caller chose one.
    pub number: Option<String>,
    /// What the caller's API returns with the document: names and values, in the order in which the API reads them. It comes from
    /// [`storable`] text, because the journal contains the digest.
    pub more: Vec<(String, String)>,
    /// What the fiscal module that seals the document is asked for. It may have what the journal must not keep, so it is not stored, and it is
    /// no part of the fingerprint.
    pub module_request: Option<ModuleRequest>,
    /// The payment of a provider that the order names. The document is reserved only while the payment can pay it. It is no part of the
    /// fingerprint.
    pub provider_payment: Option<Uuid>,
}

/// What a fiscal module is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleRequest {
    /// The request in the form of the module, as the caller gave it.
    AsGiven(String),
    /// The request is made of the receipt and of what a fiscal module receives about the good of each line.
    OfReceipt(Vec<GoodFacts>),
}

impl OrderDraft {
    /// The draft in the core's borrowed form. `lines` and `payments` are buffers that this function fills.
    fn borrow<'a>(
        &'a self,
        lines: &'a mut Vec<DraftLine<'a>>,
        payments: &'a mut Vec<DraftPayment>,
    ) -> Draft<'a> {
        lines.extend(self.lines.iter().map(|line| DraftLine {
            name: line.name.as_str(),
            quantity: line.quantity,
            price: line.price,
            modifier: line.modifier,
            tax_group: line.tax_group.as_deref(),
            comment: line.comment.as_str(),
            final_amount: line.final_amount,
            voided: false,
            copied: line.copied,
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
            header: self.header.as_str(),
            footer: self.footer.as_str(),
        }
    }
}

/// Buffers for an order in the core's borrowed form.
#[derive(Debug, Default)]
pub struct WishRoom<'a> {
    lines: Vec<DraftLine<'a>>,
    payments: Vec<DraftPayment>,
}

/// The field of a return by which the caller keeps the printer from taking out the cash that is given back.
pub const WITHDRAWAL: &str = "issueCashOperationWhenNecessary";

impl OrderForm {
    /// The order in the core's form. With `alternative`, a sale becomes an alternative receipt.
    pub fn wish<'a>(&'a self, alternative: bool, room: &'a mut WishRoom<'a>) -> Wish<'a> {
        let WishRoom { lines, payments } = room;
        match &self.kind {
            OrderKind::Sale { draft, number, .. } if alternative => {
                let number = number.as_ref().map(ChosenNumber::printed);
                Wish::AlternativeSale(draft.borrow(lines, payments), number)
            }
            OrderKind::Sale { draft, .. } => Wish::Sale(draft.borrow(lines, payments)),
            OrderKind::Refund { original, draft } => Wish::Refund(
                DocumentId(*original.as_bytes()),
                draft.borrow(lines, payments),
            ),
            OrderKind::Cash(amount) => Wish::Cash(*amount),
            OrderKind::Report { z } => Wish::Report(if *z { ReportKind::Z } else { ReportKind::X }),
            OrderKind::Nonfiscal { text, .. } => Wish::Nonfiscal(text.as_str()),
            OrderKind::Amounts(receipt) => Wish::Amounts(*receipt),
        }
    }

    /// Why bank terminals have not done what the report wants of them, as one text; `None` if all have done it.
    #[must_use]
    pub fn terminal_failure(&self) -> Option<String> {
        let settles = !matches!(self.kind, OrderKind::Report { z: false });
        self.terminals.failure(settles)
    }

    /// The number of an alternative receipt that the caller has chosen.
    #[must_use]
    pub const fn chosen_number(&self) -> Option<&ChosenNumber> {
        match &self.kind {
            OrderKind::Sale { number, .. } => number.as_ref(),
            OrderKind::Refund { .. }
            | OrderKind::Cash(_)
            | OrderKind::Report { .. }
            | OrderKind::Nonfiscal { .. }
            | OrderKind::Amounts(_) => None,
        }
    }

    /// The annex that the journal stores with the document: a JSON array of `echo` and `found`, each null if empty, and of the
    /// salted digest of the contact in hexadecimal digits, if there is a contact.
    ///
    /// `echo` and `found` enter the journal only here, without the contact and without full card numbers.
    #[must_use]
    pub fn annex(&self) -> Vec<u8> {
        let contact = self.contact.as_ref();
        let text = |part: &str| match part {
            "" => "null".to_owned(),
            part => storable(part, contact),
        };
        let digest = contact.map(|contact| {
            let digest = contact.digest();
            let hex = digest.iter().fold(String::new(), |mut hex, byte| {
                // Writing to a string cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            format!(",\"{hex}\"")
        });
        let found = self.terminals.added_to(&self.found);
        let (echo, found) = (text(&self.echo), text(&found));
        format!("[{echo},{found}{}]", digest.unwrap_or_default()).into_bytes()
    }

    /// Whether a return with this annex takes the cash out of the drawer of a printer that has no refund receipts. Only the caller's
    /// own "no" prevents that. A quotation mark inside a text of the annex has a backslash before it, so no text looks like the field.
    #[must_use]
    pub fn withdraws_cash(annex: &[u8]) -> bool {
        let refused = format!("\"{WITHDRAWAL}\":false");
        !annex
            .windows(refused.len())
            .any(|part| part == refused.as_bytes())
    }

    /// The rule for the kind of receipt of this order.
    #[must_use]
    pub fn mode(&self) -> ReceiptMode {
        match self.kind {
            OrderKind::Sale { mode, .. } => mode,
            _ => ReceiptMode::FiscalOnly,
        }
    }
}

/// The ids of the goods of a document's lines, as the caller gave them, from the annex that the journal stores with the document.
/// Empty if the annex has no such list.
#[must_use]
pub fn goods_of(annex: &[u8]) -> Vec<Option<Uuid>> {
    let annex: serde_json::Value = serde_json::from_slice(annex).unwrap_or_default();
    let items = annex.get(0).and_then(|echo| echo.get("items"));
    let items = items.and_then(serde_json::Value::as_array);
    items.map_or_else(Vec::new, |items| {
        let good_of = |item: &serde_json::Value| item.get("goodId")?.as_str()?.parse().ok();
        items.iter().map(good_of).collect()
    })
}

/// The user of the client that has ordered a document, from the annex that the journal stores with the document. Empty names are none.
#[must_use]
pub fn user_of(annex: &[u8]) -> Option<String> {
    let found: FoundFields = serde_json::from_slice(annex).ok()?;
    found.user.filter(|user| !user.is_empty())
}

/// The second part of an annex, as far as it is read. The first part, the longest, is stepped over.
struct FoundFields {
    user: Option<String>,
}

impl<'de> Deserialize<'de> for FoundFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FoundVisitor)
    }
}

struct FoundVisitor;

impl<'de> Visitor<'de> for FoundVisitor {
    type Value = FoundFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the parts of an annex")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<FoundFields, A::Error> {
        #[derive(Deserialize)]
        struct Found {
            user: Option<String>,
        }
        parts.next_element::<IgnoredAny>()?;
        let found: Option<Found> = parts.next_element()?;
        while parts.next_element::<IgnoredAny>()?.is_some() {}
        Ok(FoundFields {
            user: found.and_then(|found| found.user),
        })
    }
}

/// JSON text of an API as it may enter the journal: without the contact of the buyer and without full card numbers.
#[must_use]
pub fn storable(json: &str, contact: Option<&BuyerContact>) -> String {
    let secrets: Vec<&str> = contact
        .into_iter()
        .flat_map(|contact| [&contact.email, &contact.phone])
        .filter_map(|part| part.as_deref())
        .collect();
    private::storable_json(json, &secrets)
}

/// JSON text that is storable, as programs stored it before decision 0066: their journals have stars in every number of 13 and more
/// digits. What is compared with the past is compared in this form.
#[must_use]
pub fn as_stored_at_first(storable: &str) -> String {
    private::of_journal(storable)
}

/// What an operator declares about a document that its printer cannot prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The document's id.
    pub id: Uuid,
    /// What the operator read on the paper.
    pub paper: PaperSays,
    /// The operator's name.
    pub by: String,
}

/// That an operator lays aside what a recipient refuses for ever: a sealed document, or the money of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideRequest {
    /// The request id.
    pub id: Uuid,
    /// The name of the recipient of the document, or [`AsideRequest::BANK_TERMINAL`].
    pub recipient: String,
    /// The operator's reason.
    pub reason: String,
    /// The operator's name.
    pub by: String,
}

impl AsideRequest {
    /// The recipient that stands for the bank terminals of a request: its money is laid aside, and no document.
    pub const BANK_TERMINAL: &str = "bank_terminal";
}

#[cfg(test)]
mod tests {
    use super::{OrderForm, OrderKind, Said, TerminalUse};
    use ferrotill_core::Amount;
    use ferrotill_store::BuyerContact;
    use uuid::Uuid;

    #[test]
    fn only_the_callers_own_no_keeps_the_cash_in_the_drawer() {
        for (annex, withdraws) in [
            (
                &br#"[{"issueCashOperationWhenNecessary":false},null]"#[..],
                false,
            ),
            (br#"[{"issueCashOperationWhenNecessary":true},null]"#, true),
            (br#"[{"issueCashOperationWhenNecessary":null},null]"#, true),
            (br#"[null,null]"#, true),
            (b"", true),
            // A text that looks like the field.
            (
                br#"[{"comment":"\"issueCashOperationWhenNecessary\":false"},null]"#,
                true,
            ),
        ] {
            assert_eq!(OrderForm::withdraws_cash(annex), withdraws, "{annex:?}");
        }
    }

    #[test]
    fn the_annex_has_a_digest_of_the_contact_and_not_the_contact() {
        let contact = BuyerContact {
            email: Some("ion@mail.md".into()),
            phone: None,
            salt: [7; 16],
            ..BuyerContact::default()
        };
        let form = |contact: Option<BuyerContact>| OrderForm {
            id: Uuid::nil(),
            point_of_sale: Uuid::nil(),
            kind: OrderKind::Cash(Amount::ZERO),
            echo: r#"{"emailAddress":"ion@mail.md"}"#.into(),
            found: String::new(),
            on_paper: true,
            terminals: TerminalUse::default(),
            contact,
            said: Said::default(),
        };
        let annex = |contact| String::from_utf8(form(contact).annex()).unwrap();
        let stored = annex(Some(contact.clone()));
        assert!(
            stored.starts_with(r#"[{"emailAddress":null},null,""#),
            "{stored}"
        );
        assert!(!stored.contains("ion@mail.md"), "{stored}");
        let other = BuyerContact {
            salt: [8; 16],
            ..contact
        };
        assert_ne!(annex(Some(other)), stored, "the digest is salted");
        assert_eq!(annex(None), r#"[{"emailAddress":"ion@mail.md"},null]"#);
    }
}
