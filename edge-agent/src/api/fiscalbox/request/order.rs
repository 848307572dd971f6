//! Reads an order or a refund as a whole: products, payments, time, and what wallets need.

use ferrotill_core::receipt::Modifier;
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, facts::Facts};
use uuid::Uuid;

use super::Members;
use super::products::{ProductContext, product};
use crate::api::fiscalbox::faults::{FaultKind, Faults};
use crate::api::fiscalbox::units;
use crate::api::json::JsonValue;
use crate::config::Device;
use crate::order::goods::with_points;
use crate::order::{OrderDraft, storable};
use crate::time::clock::local;

/// What an order is read with.
#[derive(Clone, Copy)]
pub(in crate::api::fiscalbox) struct ReadContext<'c> {
    pub(in crate::api::fiscalbox) device: &'c Device,
    pub(in crate::api::fiscalbox) facts: &'c Facts,
    pub(in crate::api::fiscalbox) now: Moment,
    pub(in crate::api::fiscalbox) refund: bool,
}

/// An order that was read.
pub(in crate::api::fiscalbox) struct ReadOrder {
    /// The id that the caller gave.
    pub(in crate::api::fiscalbox) id: Option<Uuid>,
    /// The receipt for the books.
    pub(in crate::api::fiscalbox) draft: OrderDraft,
    /// The receipt that a refund gives back.
    pub(in crate::api::fiscalbox) original: Option<OriginalLink>,
    /// The name of the seller.
    pub(in crate::api::fiscalbox) cashier: String,
    /// What the books keep of the request: everything but time, id and contacts.
    pub(in crate::api::fiscalbox) kept: String,
    /// The request for the module.
    pub(in crate::api::fiscalbox) request: String,
}

/// The link of a receipt: its module and its number there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalbox) struct OriginalLink {
    pub(in crate::api::fiscalbox) terminal: String,
    pub(in crate::api::fiscalbox) receipt: u32,
    pub(in crate::api::fiscalbox) sign: String,
}

impl OriginalLink {
    /// Reads `https://ofd.soliq.uz/check?t=&r=&c=&s=`.
    pub(in crate::api::fiscalbox) fn read(link: &str) -> Option<Self> {
        let (_, query) = link.split_once('?')?;
        let value = |name: &str| {
            let mut parts = query.split('&').filter_map(|part| part.split_once('='));
            parts.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        Some(Self {
            terminal: value("t").filter(|value| !value.is_empty())?.to_owned(),
            receipt: value("r")?.parse().ok()?,
            sign: value("s").filter(|value| !value.is_empty())?.to_owned(),
        })
    }
}

/// How far the time of an order may be from the till's, in seconds.
const TIME_APART_MAX_S: u64 = 300;
/// The longest texts, in characters.
const TEXT_MAX: usize = 300;
/// Providers of wallets.
const PROVIDERS: [&str; 4] = ["141", "64", "161", "187"];
/// The members that the books do not keep.
const NOT_KEPT: [&str; 5] = ["time", "uuid", "email", "sms_phone_number", "phone_number"];

/// Reads an order or a refund, and notes all its faults.
pub(in crate::api::fiscalbox) fn read(
    body: &JsonValue,
    context: ReadContext<'_>,
    faults: &mut Faults,
) -> ReadOrder {
    let mut fields = Members::of(body, "", faults);
    if context.refund {
        if fields.needed_text_or_number("number").is_none() && fields.get("number").is_some() {
            fields.fault("number", FaultKind::WrongType, &["1".to_owned()]);
        }
    } else {
        receipt_type(&mut fields);
    }
    let original = context.refund.then(|| link(&mut fields)).flatten();
    time(&mut fields, context.now);
    let cashier = fields.needed_text("cashier", TEXT_MAX).unwrap_or("");
    let cash = fields.needed_whole("received_cash").unwrap_or(0);
    let card = fields.needed_whole("received_card").unwrap_or(0);
    fields.needed_whole("change");
    card_type(&mut fields);
    wallet(&mut fields, card);
    let id = id(&mut fields);
    let nodes = fields.list("products", context.facts.lines_max);
    if nodes.is_empty() && fields.get("products").is_none_or(is_empty_list) {
        fields.fault("products", FaultKind::Empty, &[]);
    }
    let of_product = ProductContext {
        device: context.device,
        facts: context.facts,
        today: context.now.local_day(),
        refund: context.refund,
    };
    let mut draft = OrderDraft::default();
    let mut lines = 0_i64;
    for (place, node) in nodes.iter().enumerate() {
        let path = format!("products[{place}]");
        let (line, amount) = product(node, &path, of_product, fields.faults());
        lines = lines.saturating_add(amount);
        draft.lines.push(line);
    }
    let paid = cash.saturating_add(card);
    if paid.abs_diff(lines) > units::SUM_TOLERANCE {
        let apart = i64::try_from(paid.abs_diff(lines)).unwrap_or(i64::MAX);
        let values = [units::soms(paid), units::soms(lines), units::soms(apart)];
        fields.fault("received_cash", FaultKind::SumsDiffer, &values);
    }
    settle_difference(&mut draft, paid.saturating_sub(lines), context.refund);
    draft.payments = payments(context.device, (cash, card));
    ReadOrder {
        id,
        draft,
        original,
        cashier: cashier.to_owned(),
        kept: storable(&kept(body).to_string(), None),
        request: body.to_string(),
    }
}

fn is_empty_list(node: &JsonValue) -> bool {
    matches!(node, JsonValue::Array(items) if items.is_empty())
}

/// What is paid within the tolerance is the total of the receipt: the difference is a modification of the receipt, or of the last line of a
/// refund.
fn settle_difference(draft: &mut OrderDraft, difference: i64, refund: bool) {
    if difference == 0 {
        return;
    }
    let difference = Amount::from_minor(difference);
    if !refund {
        draft.modifiers.push(Modifier::Amount(difference));
    } else if let Some(last) = draft.lines.last_mut() {
        last.final_amount = last
            .final_amount
            .and_then(|amount| amount.checked_add(difference));
    }
}

/// The payments of the books: the device's cash, and its first other type for everything else.
fn payments(device: &Device, (cash, card): (i64, i64)) -> Vec<(Option<i32>, Amount)> {
    let code = |is_cash: bool| {
        let mut types = device.payment_types.iter();
        types
            .find(|payment| payment.cash == is_cash)
            .map(|payment| payment.code)
    };
    let parts = [(code(true), cash), (code(false), card)];
    parts
        .into_iter()
        .filter(|(_, amount)| *amount > 0)
        .map(|(code, amount)| (code, units::money(amount)))
        .collect()
}

fn receipt_type(fields: &mut Members<'_, '_>) {
    if fields.get("receipt_type").is_none() {
        fields.fault("receipt_type", FaultKind::Missing, &[]);
        return;
    }
    if let Some(text) = fields.text("receipt_type", TEXT_MAX)
        && !["order", "prepaid", "credit"].contains(&text)
    {
        let allowed = ["order, prepaid, credit".to_owned()];
        fields.fault("receipt_type", FaultKind::UnknownValue, &allowed);
    }
}

fn link(fields: &mut Members<'_, '_>) -> Option<OriginalLink> {
    let text = fields.needed_text("qr_code", TEXT_MAX)?;
    let link = OriginalLink::read(text);
    if link.is_none() {
        fields.fault("qr_code", FaultKind::Link, &[]);
    }
    link
}

fn time(fields: &mut Members<'_, '_>, now: Moment) {
    let Some(text) = fields.needed_text("time", TEXT_MAX) else {
        return;
    };
    let time = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim());
    match time {
        Ok(time) => {
            let now = local(now);
            let apart = now.duration_since(time).as_secs();
            if apart.unsigned_abs() > TIME_APART_MAX_S {
                let shown = now.strftime("%Y-%m-%d %H:%M:%S").to_string();
                fields.fault("time", FaultKind::TimeApart, &[shown]);
            }
        }
        Err(_) => fields.fault("time", FaultKind::TimeForm, &[]),
    }
}

fn id(fields: &mut Members<'_, '_>) -> Option<Uuid> {
    let text = fields
        .text("uuid", TEXT_MAX)
        .filter(|text| !text.is_empty())?;
    let id = Uuid::try_parse(text).ok();
    if id.is_none() {
        let form = ["497f6eca-6276-4993-bfeb-53cbbbba6f08".to_owned()];
        fields.fault("uuid", FaultKind::WrongType, &form);
    }
    id
}

/// The further members, which some programs write as a list of one object.
fn extra_info<'n>(fields: &Members<'n, '_>) -> Option<&'n JsonValue> {
    match fields.get("extra_info")? {
        JsonValue::Array(items) => items.first(),
        node => Some(node),
    }
}

/// The kind of a card; 0 is sent for "none".
fn card_type(fields: &mut Members<'_, '_>) {
    let Some(kind) = fields.text_or_number("card_type") else {
        return;
    };
    let number = extra_info(fields).and_then(|info| info.get("card_number"));
    let has_number = matches!(number, Some(JsonValue::Text(text)) if !text.is_empty());
    let is_right = match kind {
        "" | "0" | "1" | "2" => true,
        "3" => has_number,
        _ => false,
    };
    if !is_right {
        fields.fault("card_type", FaultKind::CardType, &[]);
    }
}

/// A payment with a wallet names the provider and the payment, and is no cash.
fn wallet(fields: &mut Members<'_, '_>, card: i64) {
    let info = extra_info(fields);
    let text = |name: &str| match info.and_then(|info| info.get(name)) {
        Some(JsonValue::Text(text) | JsonValue::Number(text)) => text.as_str(),
        _ => "",
    };
    let (id, provider) = (text("qr_payment_id"), text("qr_payment_provider"));
    let is_none = id.is_empty() && matches!(provider, "" | "0");
    let provider = provider.trim_start_matches('0');
    // UzQR has no known number of a provider: its payment is named alone.
    let is_known = provider.is_empty() || PROVIDERS.contains(&provider);
    if !is_none && (id.is_empty() || !is_known || card == 0) {
        fields.fault("extra_info", FaultKind::Wallet, &[]);
    }
}

/// The part of a request that the books keep. Long numbers of goods get points between their digits, because the journal hides every long
/// number that could be one of a card.
fn kept(node: &JsonValue) -> JsonValue {
    match node {
        JsonValue::Object(members) => {
            let members = members.iter();
            let members = members.filter(|(name, _)| !NOT_KEPT.contains(&&**name));
            JsonValue::Object(
                members
                    .map(|(name, value)| {
                        let value = match (&**name, value) {
                            ("class_code" | "barcode" | "qr_code", JsonValue::Text(text)) => {
                                JsonValue::Text(with_points(text))
                            }
                            ("labels", JsonValue::Array(labels)) => {
                                JsonValue::Array(labels.iter().map(kept_label).collect())
                            }
                            _ => kept(value),
                        };
                        (name.clone(), value)
                    })
                    .collect(),
            )
        }
        JsonValue::Array(items) => JsonValue::Array(items.iter().map(kept).collect()),
        _ => node.clone(),
    }
}

fn kept_label(label: &JsonValue) -> JsonValue {
    match label {
        JsonValue::Text(text) => JsonValue::Text(with_points(text)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::OriginalLink;

    #[test]
    fn the_link_of_a_receipt_names_its_module_number_and_sign() {
        let link =
            "https://ofd.soliq.uz/check?t=UZ170703100189&r=7&c=20240109155315&s=012345678901";
        let read = OriginalLink::read(link).unwrap();
        assert_eq!(read.terminal, "UZ170703100189");
        assert_eq!(read.receipt, 7);
        assert_eq!(read.sign, "012345678901");
        for wrong in ["", "UZ17", "https://x?t=1&r=a&s=1", "https://x?t=&r=1&s=1"] {
            assert_eq!(OriginalLink::read(wrong), None, "{wrong}");
        }
    }
}
