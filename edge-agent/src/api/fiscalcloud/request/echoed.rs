//! Fields of a request that do not change the receipt and are returned with the document.

use std::borrow::Cow;
use std::fmt::Write as _;

use uuid::Uuid;

use super::parsed::{BodyHead, GivenId, Parsed};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::fiscalcloud::print_form::PaperWish;
use crate::api::json::{FaultList, JsonValue};
use crate::object;
use crate::order::goods::GoodFacts;
use crate::order::{OrderForm, OrderKind, Said, TerminalUse, as_stored_at_first, storable};
use ferrotill_store::BuyerContact;

/// Fields of a body that are stored beside the receipt.
#[derive(Debug, Default)]
pub(super) struct EchoedFields {
    echo: Vec<(Cow<'static, str>, JsonValue)>,
    pub(super) items: Vec<JsonValue>,
    pub(super) payments: Vec<JsonValue>,
    /// What a fiscal module receives about the good of each item, as far as it is known; empty where no module seals.
    pub(super) goods: Vec<Option<GoodFacts>>,
    /// The number of an alternative receipt as the caller wrote it.
    pub(super) number: Option<String>,
    /// What the order has to do with bank terminals.
    pub(super) terminals: TerminalUse,
    /// The e-mail address and the telephone number of the buyer, and whether the receipt is sent there.
    pub(super) contact: GivenContact,
}

impl EchoedFields {
    /// Keeps a field of the body so that the answer can return it.
    pub(super) fn keep(&mut self, name: &'static str, value: impl Into<JsonValue>) {
        self.echo.push((name.into(), value.into()));
    }

    /// Puts together what was read of the body.
    pub(super) fn parsed(
        self,
        kind: OrderKind,
        head: BodyHead,
        faults: FaultList,
        context: RequestContext<'_>,
    ) -> Parsed {
        let id = match head.given_id {
            GivenId::Read(id) => id,
            GivenId::None | GivenId::Unreadable => context.own_id,
        };
        let mut echo = self.echo;
        echo.push(("items".into(), JsonValue::Array(self.items)));
        echo.push(("payments".into(), JsonValue::Array(self.payments)));
        let given = JsonValue::Object(echo);
        let echo = given.to_string();
        let contact = contact(self.contact);
        let storable = storable(&echo, contact.as_ref());
        // Fingerprints are made of what the first programs stored.
        let storable = as_stored_at_first(&storable);
        let stored = match storable == echo {
            true => given,
            false => JsonValue::parse(storable.as_bytes()).unwrap_or(JsonValue::Null),
        };
        let form = OrderForm {
            id,
            point_of_sale: context.point_of_sale.used,
            kind,
            echo,
            said: Said {
                point_of_sale: context.point_of_sale.said,
                number: self.number,
                // The digest of a secret shows the secret to whoever tries enough of them.
                more: said_in(&stored, contact.as_ref()),
                module_request: None,
                provider_payment: None,
            },
            found: object! { "user" => context.user }.to_string(),
            terminals: self.terminals,
            on_paper: head.paper == PaperWish::OnPrinter,
            contact,
        };
        Parsed {
            form,
            head,
            faults,
            goods: self.goods,
        }
    }
}

/// The values of the fields as names and texts, for the fingerprint. An absent value has none.
fn said_in(echo: &JsonValue, contact: Option<&BuyerContact>) -> Vec<(String, String)> {
    let mut said = Vec::new();
    say(&mut String::new(), echo, &mut said);
    // Of a contact only that it was given is digested.
    for (name, is_given) in [
        (
            "emailAddress",
            contact.is_some_and(|contact| contact.email.is_some()),
        ),
        (
            "phoneNumber",
            contact.is_some_and(|contact| contact.phone.is_some()),
        ),
    ] {
        if is_given {
            said.push((name.to_owned(), "given".to_owned()));
        }
    }
    said
}

/// Adds the values in a value whose path is `path`. The depth of a body is limited, so this function does not call itself often.
fn say(path: &mut String, value: &JsonValue, said: &mut Vec<(String, String)>) {
    let length = path.len();
    match value {
        JsonValue::Null => {}
        JsonValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // Writing to a text cannot fail.
                let _ = write!(path, "[{index}]");
                say(path, item, said);
                path.truncate(length);
            }
        }
        JsonValue::Object(members) => {
            for (name, member) in members {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                say(path, member, said);
                path.truncate(length);
            }
        }
        JsonValue::Text(text) | JsonValue::Number(text) => {
            said.push((path.clone(), text.clone()));
        }
        JsonValue::Bool(_) => said.push((path.clone(), value.to_string())),
    }
}

/// The contact of a buyer as a body gives it: the e-mail address and whether the receipt is sent there, and the same for the telephone
/// number.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenContact {
    pub(super) email: (Option<String>, bool),
    pub(super) phone: (Option<String>, bool),
}

/// The contact of the buyer, with a new salt; `None` if the caller gave none.
pub(super) fn contact(given: GivenContact) -> Option<BuyerContact> {
    let said = |part: Option<String>| part.filter(|part| !part.is_empty());
    let (email, phone) = (said(given.email.0), said(given.phone.0));
    (email.is_some() || phone.is_some()).then(|| BuyerContact {
        email,
        phone,
        salt: *Uuid::new_v4().as_bytes(),
        send_email: given.email.1,
        send_phone: given.phone.1,
    })
}
