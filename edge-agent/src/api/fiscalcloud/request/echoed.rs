//! Fields of a request that do not change the receipt and are returned with the document.

use std::borrow::Cow;

use uuid::Uuid;

use super::parsed::{GivenId, Parsed};
use crate::api::fiscalcloud::context::RequestContext;
use crate::api::json::{FaultList, JsonValue};
use crate::object;
use crate::order::{OrderForm, OrderKind};
use ferrotill_store::BuyerContact;

/// Fields of a body that are stored beside the receipt.
#[derive(Debug, Default)]
pub(super) struct EchoedFields {
    echo: Vec<(Cow<'static, str>, JsonValue)>,
    pub(super) items: Vec<JsonValue>,
    pub(super) payments: Vec<JsonValue>,
    /// One flag for each payment: true if the payment uses a bank terminal.
    pub(super) terminals: Vec<bool>,
    /// The e-mail address and the telephone number of the buyer.
    pub(super) contact: (Option<String>, Option<String>),
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
        given_id: GivenId,
        faults: FaultList,
        context: RequestContext<'_>,
    ) -> Parsed {
        let id = match given_id {
            GivenId::Read(id) => id,
            GivenId::None | GivenId::Unreadable => context.own_id,
        };
        let terminals: Vec<JsonValue> = self
            .terminals
            .iter()
            .map(|used| if *used { approval(id) } else { JsonValue::Null })
            .collect();
        let mut echo = self.echo;
        echo.push(("items".into(), JsonValue::Array(self.items)));
        echo.push(("payments".into(), JsonValue::Array(self.payments)));
        let form = OrderForm {
            id,
            point_of_sale: context.point_of_sale,
            kind,
            echo: JsonValue::Object(echo).to_string(),
            found: object! { "terminals" => JsonValue::Array(terminals) }.to_string(),
            contact: contact(self.contact),
        };
        Parsed {
            form,
            given_id,
            faults,
        }
    }
}

/// The contact of the buyer, with a new salt; `None` if the caller gave none.
fn contact((email, phone): (Option<String>, Option<String>)) -> Option<BuyerContact> {
    let given = |part: Option<String>| part.filter(|part| !part.is_empty());
    let (email, phone) = (given(email), given(phone));
    (email.is_some() || phone.is_some()).then(|| BuyerContact {
        email,
        phone,
        salt: *Uuid::new_v4().as_bytes(),
    })
}

/// The approval code of the simulated bank terminal in TEST mode. The same request always gets the same approval code.
fn approval(id: Uuid) -> JsonValue {
    let number = id.as_u128() % 1_000_000_000_000;
    object! { "rrn" => format!("{number:012}"), "operation" => format!("{}", number % 1_000) }
}
