//! What callers order at a shop with fiscal modules, and what they ask payment providers for.

use ferrotill::order::{
    ModuleRequest, OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse,
};
use ferrotill::seal::fiscal_module::provider::{Provider, ProviderAction, ProviderCall};
use ferrotill::seal::fiscal_module::{ModuleCall, Operation};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::{Amount, Quantity};
use serde_json::{Value, json};
use uuid::Uuid;

/// The codes of the payment types.
pub(super) const CASH: i32 = 0;
pub(super) const CARD: i32 = 1;

/// How a sale is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    Cash,
    Card,
    Provider(Provider),
}

impl Means {
    pub(super) const fn provider(self) -> Option<Provider> {
        match self {
            Self::Provider(provider) => Some(provider),
            Self::Cash | Self::Card => None,
        }
    }
}

/// The receipt for the books.
pub(super) fn draft(tiyin: i64, means: Means) -> OrderDraft {
    let code = if means == Means::Cash { CASH } else { CARD };
    OrderDraft {
        lines: vec![OrderLine {
            name: "Non".into(),
            quantity: Quantity::ONE,
            price: Amount::from_minor(tiyin),
            modifier: None,
            tax_group: Some("A".to_owned()),
            comment: "".into(),
            final_amount: None,
            copied: CopiedLine::NONE,
        }],
        payments: vec![(Some(code), Amount::from_minor(tiyin))],
        ..OrderDraft::default()
    }
}

/// The request for the module; `original` is the link of the receipt that a refund gives back.
pub(super) fn request(tiyin: i64, means: Means, payment: &str, original: Option<&str>) -> Value {
    let (cash, card) = match means {
        Means::Cash => (tiyin, 0),
        Means::Card | Means::Provider(_) => (0, tiyin),
    };
    let mut request = json!({
        "products": [{
            "name": "Non", "barcode": "", "amount": 1000, "unit_name": "dona", "price": tiyin, "product_price": tiyin,
            "vat": tiyin * 12 / 112, "vat_percent": 12, "discount": 0, "other": 0, "labels": [],
            "class_code": "06111001001000000", "package_code": "1282556", "owner_type": 0,
        }],
        "time": "", "cashier": "Aziza", "received_cash": cash, "change": 0, "received_card": card,
    });
    let put = |name: &str, value: Value| (name.to_owned(), value);
    let mut more = Vec::new();
    match original {
        Some(link) => {
            more.push(put("number", 1.into()));
            more.push(put("qr_code", link.into()));
        }
        None => more.push(put("receipt_type", "order".into())),
    }
    match means.provider().filter(|_| original.is_none()) {
        Some(provider) if provider.is_pinpad() => more.push(put("ppt_id", payment.into())),
        Some(Provider::Scan2Pay) => {
            more.push(put("extra_info", json!({ "scan2pay_id": payment })));
        }
        Some(Provider::UzQr) => {
            more.push(put("extra_info", json!({ "qr_payment_id": payment })));
        }
        Some(provider) => {
            let number = match provider {
                Provider::Click => 64,
                Provider::Payme => 141,
                Provider::Uzum => 161,
                _ => 187,
            };
            let info = json!({ "qr_payment_id": payment, "qr_payment_provider": number });
            more.push(put("extra_info", info));
        }
        None => {}
    }
    if let Some(members) = request.as_object_mut() {
        members.extend(more);
    }
    request
}

/// An order with its request for the module, and the payment that it names.
pub(super) fn form(
    id: Uuid,
    kind: OrderKind,
    request: Option<&Value>,
    payment: Option<Uuid>,
) -> OrderForm {
    let asked = request.map(|request| ModuleRequest::AsGiven(request.to_string()));
    OrderForm {
        id,
        point_of_sale: Uuid::from_u128(1),
        kind,
        echo: String::new(),
        found: String::new(),
        on_paper: false,
        terminals: TerminalUse::default(),
        said: Said {
            module_request: asked,
            provider_payment: payment,
            ..Said::default()
        },
        contact: None,
    }
}

pub(super) fn sale(draft: OrderDraft) -> OrderKind {
    OrderKind::Sale {
        draft,
        mode: ReceiptMode::FiscalOnly,
        number: None,
        print: false,
    }
}

/// A call of a provider.
pub(super) fn call(
    provider: Provider,
    action: ProviderAction,
    body: Value,
) -> Option<(ProviderCall, ModuleCall)> {
    let asked = ProviderCall::of(provider, action)?;
    Some((
        asked,
        ModuleCall::new(Operation::Provider(asked)).body(body),
    ))
}

/// What asks a provider for the money of a purchase.
pub(super) fn pay(provider: Provider, number: usize, tiyin: i64) -> Value {
    match provider {
        Provider::UzQr => json!({ "external_id": format!("e{number}"), "amount": soms(tiyin) }),
        Provider::Scan2Pay => json!({ "amount": tiyin, "order_id": number }),
        Provider::Xumo | Provider::Uzcard => json!({ "amount": tiyin }),
        _ => json!({ "amount": tiyin, "qr_code": format!("code-{number}") }),
    }
}

/// An amount in soms as text.
pub(super) fn soms(tiyin: i64) -> String {
    format!("{}.{:02}", tiyin / 100, tiyin % 100)
}

/// A member as text.
pub(super) fn text(node: &Value, name: &str) -> String {
    match node.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
