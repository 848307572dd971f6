//! What generated clients send: every member of every request, with the value that the generator gives it if the program sets none. Each
//! operation takes it, and the client compares each answer with the vendor's schema.

mod shop;

use std::collections::BTreeSet;

use ferrotill::api::json::JsonValue;
use shop::inside::Shop;
use shop::outside::until;
use shop::schema::{members, operations, request, resolved};
use shop::{DEVICE, Reply, value};
use uuid::Uuid;

/// Which values a generator gives to members that the program does not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defaults {
    /// Null where the schema allows it, and else the zero of the type.
    Nulls,
    /// The zero of the type: an empty text, 0, false, the first name, an empty list.
    Zeros,
    /// As [`Self::Zeros`], with the position of a name in place of the name.
    Positions,
}

/// A value of a schema: the members that are given, and the generator's defaults for all others.
fn filled(schema: &'static JsonValue, given: &JsonValue, defaults: Defaults) -> JsonValue {
    let kind = resolved(schema);
    match given {
        JsonValue::Object(_) => {
            let known = members(value(kind, "properties"));
            let member = |(name, schema): &'static (_, _)| {
                let name: &std::borrow::Cow<'static, str> = name;
                let value = match given.get(name) {
                    Some(given) => filled(schema, given, defaults),
                    None => default(schema, defaults)?,
                };
                Some((name.clone(), value))
            };
            JsonValue::Object(known.iter().filter_map(member).collect())
        }
        JsonValue::Array(items) => {
            let of_item = value(kind, "items");
            let items = items.iter().map(|item| filled(of_item, item, defaults));
            JsonValue::Array(items.collect())
        }
        other => other.clone(),
    }
}

/// The generator's default; `None` for a moment, which no generator invents.
fn default(schema: &'static JsonValue, defaults: Defaults) -> Option<JsonValue> {
    let kind = resolved(schema);
    let is = |name: &str, wanted: &str| kind.get(name) == Some(&JsonValue::from(wanted));
    let may_be_null = schema.get("nullable") == Some(&JsonValue::Bool(true));
    // A generator has no zero of a moment that may be null.
    if may_be_null && (defaults == Defaults::Nulls || is("format", "date-time")) {
        return Some(JsonValue::Null);
    }
    if let Some(JsonValue::Array(names)) = kind.get("enum") {
        return Some(match defaults {
            Defaults::Positions => JsonValue::from(0),
            _ => names[0].clone(),
        });
    }
    Some(if is("format", "uuid") {
        JsonValue::from(Uuid::nil().to_string())
    } else if is("format", "date-time") {
        return None;
    } else if is("type", "string") {
        JsonValue::from("")
    } else if is("type", "boolean") {
        JsonValue::Bool(false)
    } else if is("type", "array") {
        JsonValue::Array(Vec::new())
    } else if is("type", "object") {
        filled(schema, &JsonValue::Object(Vec::new()), defaults)
    } else {
        JsonValue::from(0)
    })
}

/// A caller that was generated.
struct Generated<'s> {
    shop: &'s Shop,
    defaults: Defaults,
    used: BTreeSet<String>,
}

impl Generated<'_> {
    /// Calls an operation with these members and the defaults of all others.
    fn calls(&mut self, operation: &str, given: &str) -> Reply {
        let path = format!("/api/v1/{operation}");
        let name = shop::schema::operation_name("POST", &path);
        self.used.insert(name);
        let body = request("POST", &path).map_or_else(String::new, |schema| {
            let mut given = JsonValue::parse(given.as_bytes()).unwrap();
            let has_id = value(schema, "properties").get("id").is_some();
            // A program that makes ids gives a new one each time.
            if let JsonValue::Object(given) = &mut given
                && has_id
                && self.defaults != Defaults::Nulls
            {
                given.push(("id".into(), Uuid::new_v4().to_string().into()));
            }
            filled(schema, &given, self.defaults).to_string()
        });
        let reply = self.shop.client.post(operation, &body);
        let defaults = self.defaults;
        assert_eq!(reply.status, 200, "{defaults:?}: {body}: {}", reply.text);
        reply
    }
}

const SALE: &str = r#"{"items":[{"name":"Cafea","quantity":2,"price":12.75,"taxGroupCode":"A"}],"payments":[{"amount":30.00}]}"#;

/// The return of a whole receipt, with the amounts of its answer.
fn return_of(receipt: &JsonValue) -> String {
    let item = value(receipt, "items.0");
    let names = "name quantity price taxGroupCode amountBeforeModification amount taxRate taxAmount finalAmount finalTaxAmount";
    let fields: Vec<String> = names
        .split(' ')
        .map(|name| format!("{name:?}:{}", value(item, name)))
        .collect();
    format!(
        r#"{{"originalReceiptId":{},"items":[{{{}}}],"payments":[{{"amount":25.50}}]}}"#,
        value(receipt, "id"),
        fields.join(",")
    )
}

/// A day of all operations.
fn plays_a_day(caller: &mut Generated<'_>) {
    caller.calls("misc/opencashdrawer", "{}");
    let cash = caller.calls("cashoperations", r#"{"amount":100.00}"#);
    let sold = caller.calls("operations/sale", SALE);
    let receipt = caller.calls("receipts", SALE);
    let alternative = caller.calls("alternativereceipts", SALE);
    caller.calls("nonfiscalreceipts", r#"{"text":"Parcare"}"#);
    let first = return_of(value(&sold.body, "data.fiscalReceipt"));
    assert_eq!(
        caller
            .calls("operations/return", &first)
            .at("data.totalAmount"),
        "25.50"
    );
    let second = return_of(value(&receipt.body, "data"));
    caller.calls("returnreceipts", &second);
    caller.calls("operations/intermediatetotals", "{}");
    let report = caller.calls("reports", r#"{"type":"XReport"}"#);
    for (group, made) in [
        ("receipts", &receipt),
        ("alternativereceipts", &alternative),
        ("cashoperations", &cash),
        ("reports", &report),
    ] {
        let path = format!("{group}/{}/duplicate", made.at("data.id"));
        caller.calls(&path, "{}");
    }
    let closed = caller.calls("operations/closeday", "{}");
    assert_eq!(closed.at("data.receiptCount"), "2");
    let agree = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agree, "true", "{}", closed.text);
    let period =
        r#"{"firstZReportNumber":"1","lastZReportNumber":"1","filterType":"ByZReportNumber"}"#;
    caller.calls(
        "periodicreports",
        &format!(r#"{{"reportSettings":{period}}}"#),
    );
    caller.calls("periodicreports/print", period);
}

#[test]
fn every_operation_takes_the_defaults_of_generated_clients() {
    for defaults in [Defaults::Nulls, Defaults::Zeros, Defaults::Positions] {
        let shop = Shop::open();
        until("the printer is connected", || {
            shop.client.open("/healthz").at("printers.0.connected") == "true"
        });
        let mut caller = Generated {
            shop: &shop,
            defaults,
            used: BTreeSet::new(),
        };
        plays_a_day(&mut caller);
        let posts = operations()
            .into_iter()
            .filter(|(method, _)| method == "POST");
        let posts: BTreeSet<String> = posts
            .map(|(method, path)| format!("{method} {path}"))
            .collect();
        assert_eq!(caller.used, posts, "every operation with a body");
        assert_eq!(shop.client.get("devices").at("data.data.0.id"), DEVICE);
    }
}
