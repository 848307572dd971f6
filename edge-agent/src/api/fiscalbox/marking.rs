//! Marking codes: their check by the state, and codes that were sold before.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::document::DocumentKind;
use ferrotill_store::StoreError;
use serde_json::Value;

use super::asked::asked;
use super::envelope::failure;
use super::faults::{FaultKind, Faults};
use super::payments::read_body;
use super::request::Members;
use super::{Call, Shop};
use crate::api::lanes::Lane;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::seal::fiscal_module::marking::cut;
use crate::seal::fiscal_module::{ModuleCall, Operation};

/// The most receipts among which a marking code is looked for.
const RECEIPTS_MAX: u32 = 20_000;
/// The most products and codes of a check.
const ITEMS_MAX: usize = 1_000;

/// `POST okm/validation`. Its answer is no envelope.
pub(super) async fn validate(shop: &Shop, call: &Call, body: &Bytes) -> Response {
    let mut faults = Faults::default();
    let mut asks = ModuleCall::new(Operation::Marking);
    if let Some((read, value)) = read_body(shop, body, &mut faults).await {
        let mut fields = Members::of(&read, "", &mut faults);
        let products = fields.list("products", ITEMS_MAX);
        if products.is_empty() {
            fields.fault("products", FaultKind::Empty, &[]);
        }
        for (place, product) in products.iter().enumerate() {
            let mut product = Members::of(product, &format!("products[{place}]"), &mut faults);
            product.needed_text_or_number("productCode");
            product.needed_whole("amount");
            product.list("kmIds", ITEMS_MAX);
            product.list("fullKmIds", ITEMS_MAX);
        }
        asks = asks.body(value);
    }
    if !faults.is_empty() {
        return failure(&faults.error(call.language));
    }
    match asked(shop, call, asks).await {
        Ok(data) => json_response(StatusCode::OK, &data),
        Err(error) => failure(&error),
    }
}

/// Notes the marking codes of a sale that stand twice in it, or that this till has sold and not taken back.
pub(super) async fn check_codes(
    service: &Arc<Service>,
    call: &Call,
    request: &str,
    faults: &mut Faults,
) -> Result<(), StoreError> {
    let order: Value = serde_json::from_str(request).unwrap_or_default();
    let mut codes = Vec::new();
    labels_in(&order, &mut codes);
    if codes.is_empty() {
        return Ok(());
    }
    let mut once = BTreeSet::new();
    for code in &codes {
        if !once.insert(code.clone()) {
            faults.push("products", FaultKind::LabelUsed, vec![code.clone()]);
        }
    }
    let id = order
        .get("uuid")
        .and_then(Value::as_str)
        .unwrap_or("")
        .to_owned();
    for code in sold(service, call, once, id).await? {
        faults.push("products", FaultKind::LabelUsed, vec![code]);
    }
    Ok(())
}

/// Which of the codes the newest receipts have sold. The newest receipt with a code decides: a refund frees it.
async fn sold(
    service: &Arc<Service>,
    call: &Call,
    mut wanted: BTreeSet<String>,
    id: String,
) -> Result<Vec<String>, StoreError> {
    let device = call.device.id;
    let found = service.read(Lane::Sales, move |reader| {
        let mut sold = Vec::new();
        let kinds = [DocumentKind::Sale, DocumentKind::Refund];
        reader.each_on_page(device, &kinds, (0, RECEIPTS_MAX), |document, _| {
            let is_sale = document.row.kind == DocumentKind::Sale;
            // A repeat of the same request is no second sale.
            if document.row.id.to_string() != id {
                for code in kept_codes(&document) {
                    if wanted.remove(&code) && is_sale {
                        sold.push(code);
                    }
                }
            }
            if wanted.is_empty() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(sold)
    });
    found.await
}

/// The codes of a stored document.
fn kept_codes(document: &ferrotill_store::StoredDocument) -> Vec<String> {
    let annex = document.reserved().map(|reserved| reserved.annex.to_vec());
    let annex: Value = annex
        .and_then(|annex| serde_json::from_slice(&annex).ok())
        .unwrap_or_default();
    let mut codes = Vec::new();
    labels_in(&annex, &mut codes);
    codes
}

/// The labels anywhere in a stored value.
fn labels_in(node: &Value, codes: &mut Vec<String>) {
    match node {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("labels", Value::Array(labels)) => codes.extend(
                        labels
                            .iter()
                            .filter_map(Value::as_str)
                            .filter(|label| !label.is_empty())
                            // The journal has points in long numbers, so codes are compared without points.
                            .map(|label| cut(&label.replace('.', ""))),
                    ),
                    // The order stands in the annex as text too.
                    (_, Value::String(text)) if text.contains("labels") => {
                        if let Ok(inner) = serde_json::from_str(text) {
                            labels_in(&inner, codes);
                        }
                    }
                    _ => labels_in(value, codes),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| labels_in(item, codes)),
        Value::String(text) if text.contains("labels") => {
            if let Ok(inner) = serde_json::from_str(text) {
                labels_in(&inner, codes);
            }
        }
        _ => {}
    }
}

/// The goods codes that receipts may have; read from a file.
#[derive(Debug, Default)]
pub(super) struct ClassTable(BTreeMap<String, BTreeSet<String>>);

impl ClassTable {
    /// Reads a table: on each line a code and its package codes.
    pub(super) fn parse(text: &str) -> Self {
        let mut table = BTreeMap::<String, BTreeSet<String>>::new();
        for line in text.lines() {
            let mut words = line
                .split([',', ';', ' ', '\t'])
                .map(str::trim)
                .filter(|word| !word.is_empty());
            let Some(code) = words.next().filter(|code| code.len() == 17) else {
                continue;
            };
            table
                .entry(code.to_owned())
                .or_default()
                .extend(words.map(str::to_owned));
        }
        Self(table)
    }

    /// Notes the products whose codes are not in the table.
    pub(super) fn check(&self, request: &str, faults: &mut Faults) {
        let order: Value = serde_json::from_str(request).unwrap_or_default();
        let products = order.get("products").and_then(Value::as_array);
        for (place, product) in products.into_iter().flatten().enumerate() {
            let text = |name: &str| match product.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            let (class, package) = (text("class_code"), text("package_code"));
            match self.0.get(&class) {
                None => {
                    let path = format!("products[{place}].class_code");
                    faults.push(&path, FaultKind::ClassUnknown, vec![class]);
                }
                // Programs send 0 for a package that they do not know.
                Some(packages)
                    if !packages.is_empty() && package != "0" && !packages.contains(&package) =>
                {
                    let path = format!("products[{place}].package_code");
                    faults.push(&path, FaultKind::PackageUnknown, vec![package]);
                }
                Some(_) => {}
            }
        }
    }
}
