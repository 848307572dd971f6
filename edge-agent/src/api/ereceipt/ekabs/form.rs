//! The form of an uploaded receipt, as one table.

use super::LANGUAGES;
use crate::api::ereceipt::problem::CARD_NUMBER;
use crate::api::ereceipt::sections;
use crate::api::json::{FaultList, JsonValue, RequestFault, shortened};

/// What a member may be.
#[derive(Clone, Copy)]
enum Kind {
    /// A text with at most so many letters.
    Text(usize),
    /// An amount or a quantity: a text with two decimals.
    Amount,
    /// A percentage: a text with two to four decimals.
    Percentage,
    /// Seconds since the epoch.
    Time,
    /// A whole number.
    Whole,
    /// A word in capital letters. The vendor's lists of words are not public as a whole.
    Word,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Digits and stars.
    CardNumber,
    /// An object with these members and others.
    Object(&'static [Member]),
    /// A list.
    List(&'static Kind),
    /// An object with any members.
    AnyObject,
}

struct Member {
    name: &'static str,
    kind: Kind,
    needed: bool,
}

const fn may(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        needed: false,
    }
}

const fn must(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        kind,
        needed: true,
    }
}

const NAME: Kind = Kind::Text(200);
const LONG: Kind = Kind::Text(4_000);

const ADDRESS: &[Member] = &[
    may("street", NAME),
    may("postal_code", Kind::Text(10)),
    may("city", NAME),
    may("country_code", Kind::Text(3)),
];
const SELLER: &[Member] = &[
    may("name", NAME),
    may("tax_number", NAME),
    may("tax_exemption", NAME),
    may("tax_exemption_note", LONG),
    may("phone", NAME),
    may("address", Kind::Object(ADDRESS)),
];
const BUYER: &[Member] = &[
    may("customer_number", NAME),
    may("name", NAME),
    may("tax_number", NAME),
    may("address", Kind::Object(ADDRESS)),
];
const HEAD: &[Member] = &[
    may("id", NAME),
    may("number", NAME),
    may("date", Kind::Time),
    may("seller", Kind::Object(SELLER)),
    may("buyer", Kind::Object(BUYER)),
    may("buyer_text", LONG),
    may("store_number", NAME),
    may("cashier_name", NAME),
    may("cash_register_number", NAME),
];
const TRANSACTION: &[Member] = &[
    may("id", NAME),
    may("type", Kind::Word),
    may("payment_network", Kind::Word),
    may("payment_type", Kind::Word),
    may("local_date_time", Kind::Time),
    may("acquirer_id", NAME),
    may("authorization_code", NAME),
    may("AID", NAME),
    may("terminal_id", NAME),
    may("response", Kind::Word),
    // It belongs to the payment, but callers have put it here.
    may("masked_card_number", Kind::CardNumber),
];
const PAYMENT: &[Member] = &[
    may("name", Kind::Word),
    may("display_name", NAME),
    must("amount", Kind::Amount),
    may("change", Kind::Amount),
    may("foreign_amount", Kind::Amount),
    may("foreign_currency", Kind::Text(3)),
    may("masked_card_number", Kind::CardNumber),
    may("payment_identifier", NAME),
    may("remaining_balance", Kind::Amount),
    may("sort_order", Kind::Whole),
    may("transaction_details", Kind::Object(TRANSACTION)),
];
const VAT: &[Member] = &[
    must("percentage", Kind::Percentage),
    must("incl_vat", Kind::Amount),
    must("excl_vat", Kind::Amount),
    must("vat", Kind::Amount),
];
/// Gross, or net and tax; which of both is checked beside the table.
const LINE_VAT: &[Member] = &[
    must("percentage", Kind::Percentage),
    may("incl_vat", Kind::Amount),
    may("excl_vat", Kind::Amount),
    may("vat", Kind::Amount),
];
const DISCOUNT: &[Member] = &[
    may("name", NAME),
    must("discount_value", Kind::Amount),
    may("sort_order", Kind::Whole),
];
const ITEM: &[Member] = &[
    may("number", NAME),
    must("quantity", Kind::Amount),
    may("quantity_measure", NAME),
    must("price_per_unit", Kind::Amount),
    may("full_amount", Kind::Amount),
];
const LINE: &[Member] = &[
    may("text", NAME),
    may("additional_text", LONG),
    may("sort_order", Kind::Whole),
    may("vat_amounts", Kind::List(&Kind::Object(LINE_VAT))),
    must("item", Kind::Object(ITEM)),
    may("discounts", Kind::List(&Kind::Object(DISCOUNT))),
];
const DATA: &[Member] = &[
    must("currency", Kind::Text(3)),
    must("full_amount_incl_vat", Kind::Amount),
    may("full_amount_incl_vat_before_discount", Kind::Amount),
    may("total_discount_value", Kind::Amount),
    may("discounts", Kind::List(&Kind::Object(DISCOUNT))),
    must("payment_types", Kind::List(&Kind::Object(PAYMENT))),
    must("vat_amounts", Kind::List(&Kind::Object(VAT))),
    must("lines", Kind::List(&Kind::Object(LINE))),
];
const SIGNATURE: &[Member] = &[
    may("value", LONG),
    may("algorithm", NAME),
    may("public_key", LONG),
];
const TSE: &[Member] = &[
    may("tss_serial_number", LONG),
    may("client_serial_number", LONG),
    may("number", Kind::Whole),
    may("time_start", Kind::Time),
    may("time_end", Kind::Time),
    may("qr_code_data", LONG),
    may("signature", Kind::Object(SIGNATURE)),
    may("log", Kind::Object(&[may("timestamp_format", NAME)])),
    may("legal_text", Kind::List(&LONG)),
];
const SECURITY: &[Member] = &[may("tse", Kind::Object(TSE))];
const MISC: &[Member] = &[may("footer_text", LONG), may("conformity_text", LONG)];
const CUSTOM: &[Member] = &[
    may("alignment", Kind::OneOf(sections::ALIGNMENTS)),
    must("content", Kind::AnyObject),
    must("orientation", Kind::OneOf(sections::ORIENTATIONS)),
    must("position", Kind::OneOf(sections::POSITIONS)),
    may("sort_order", Kind::Whole),
];
const EKABS: &[Member] = &[
    may("language", Kind::OneOf(&LANGUAGES)),
    must("head", Kind::Object(HEAD)),
    must("data", Kind::Object(DATA)),
    may("security", Kind::Object(SECURITY)),
    may("misc", Kind::Object(MISC)),
    may("custom_elements", Kind::List(&Kind::Object(CUSTOM))),
];
const BODY: &[Member] = &[
    must(
        "schema",
        Kind::Object(&[must("ekabs_v0", Kind::Object(EKABS))]),
    ),
    may("user_association", Kind::AnyObject),
];

/// Checks the body of an upload. Every fault is added to the list with its path.
pub(in crate::api::ereceipt) fn check(body: &JsonValue, faults: &mut FaultList) {
    check_object(body, BODY, "", faults);
    let ekabs = body.get("schema").and_then(|schema| schema.get("ekabs_v0"));
    let Some(ekabs) = ekabs else { return };
    let data = super::part(ekabs, "data");
    for (index, line) in list(data, "lines").iter().enumerate() {
        for (place, vat) in list(line, "vat_amounts").iter().enumerate() {
            let has = |name: &str| !super::text(vat, name).is_empty();
            let is_whole = has("incl_vat") || (has("excl_vat") && has("vat"));
            if !is_whole {
                fault(
                    faults,
                    &format!("schema.ekabs_v0.data.lines[{index}].vat_amounts[{place}]"),
                    "Missing",
                    "should have incl_vat, or excl_vat and vat".to_owned(),
                );
            }
        }
    }
    for (index, payment) in list(data, "payment_types").iter().enumerate() {
        let details = super::part(payment, "transaction_details");
        for (of, path) in [(payment, ""), (details, ".transaction_details")] {
            let number = super::text(of, "masked_card_number");
            if !number.is_empty() && super::text(payment, "name") != "CARD" {
                fault(
                    faults,
                    &format!(
                        "schema.ekabs_v0.data.payment_types[{index}]{path}.masked_card_number"
                    ),
                    CARD_NUMBER,
                    "is allowed with the payment type CARD only".to_owned(),
                );
            }
        }
    }
    for (index, element) in list(ekabs, "custom_elements").iter().enumerate() {
        if let Some(content) = element.get("content") {
            let path = format!("schema.ekabs_v0.custom_elements[{index}].content");
            sections::check_content(content, None, &path, faults);
        }
    }
}

fn list<'v>(value: &'v JsonValue, name: &str) -> &'v [JsonValue] {
    match value.get(name) {
        Some(JsonValue::Array(items)) => items,
        _ => &[],
    }
}

fn fault(faults: &mut FaultList, path: &str, code: &'static str, sentence: String) {
    faults.push(RequestFault {
        path: path.to_owned(),
        code,
        sentence,
    });
}

fn check_object(value: &JsonValue, members: &[Member], path: &str, faults: &mut FaultList) {
    let JsonValue::Object(given) = value else {
        let path = if path.is_empty() { "body" } else { path };
        return fault(faults, path, "WrongType", "should be object".to_owned());
    };
    let at = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    for (place, (name, _)) in given.iter().enumerate() {
        let before = given.iter().take(place);
        if before.into_iter().any(|(other, _)| other == name) {
            let sentence = "is given twice; give it once".to_owned();
            fault(faults, &at(&shortened(name)), "GivenTwice", sentence);
        }
    }
    for member in members {
        let empty = JsonValue::Text(String::new());
        let found = value
            .get(member.name)
            .filter(|value| **value != JsonValue::Null && (member.needed || **value != empty));
        match found {
            Some(value) => check_value(value, member.kind, &at(member.name), faults),
            None if member.needed => {
                fault(
                    faults,
                    &at(member.name),
                    "Missing",
                    "is required".to_owned(),
                );
            }
            None => {}
        }
    }
}

fn check_value(value: &JsonValue, kind: Kind, path: &str, faults: &mut FaultList) {
    let mut wrong = |sentence: String| fault(faults, path, "Value", sentence);
    match (kind, value) {
        (Kind::Object(members), value) => check_object(value, members, path, faults),
        (Kind::AnyObject, JsonValue::Object(_)) => {}
        (Kind::AnyObject, _) => wrong("should be object".to_owned()),
        (Kind::List(kind), JsonValue::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check_value(item, *kind, &format!("{path}[{index}]"), faults);
            }
        }
        (Kind::List(_), _) => wrong("should be array".to_owned()),
        (Kind::Time, JsonValue::Number(text) | JsonValue::Text(text)) => {
            let is_time = text
                .parse::<i64>()
                .is_ok_and(|at| (0..=TIME_MAX).contains(&at));
            if !is_time {
                wrong("should be seconds since the epoch, a whole number".to_owned());
            }
        }
        (Kind::Whole, JsonValue::Number(text) | JsonValue::Text(text)) => {
            if text.parse::<i64>().is_err() {
                wrong("should be integer".to_owned());
            }
        }
        (Kind::Time | Kind::Whole, _) => wrong("should be integer".to_owned()),
        (_, JsonValue::Text(text)) => {
            if let Some(sentence) = text_fault(text, kind) {
                wrong(sentence);
            }
        }
        _ => wrong("should be string".to_owned()),
    }
}

/// What is wrong with a text.
fn text_fault(text: &str, kind: Kind) -> Option<String> {
    let shown = shortened(text);
    match kind {
        Kind::Text(most) if text.chars().count() > most => {
            Some(format!("should NOT be longer than {most} characters"))
        }
        Kind::Amount if !has_decimals(text, 2, 2) => Some(format!(
            "{shown:?} should match ^-?\\d+\\.\\d{{2}}$, with at most {DIGITS_MAX} digits"
        )),
        Kind::Percentage if !has_decimals(text, 2, 4) => Some(format!(
            "{shown:?} should match ^-?\\d+\\.\\d{{2,4}}$, with at most {DIGITS_MAX} digits"
        )),
        Kind::Word if !is_word(text) => {
            Some(format!("{shown:?} should be a word in capital letters"))
        }
        Kind::OneOf(words) if !words.contains(&text) => Some(format!(
            "{shown:?} should be equal to one of the allowed values: {}",
            words.join(", ")
        )),
        Kind::CardNumber if !is_card_number(text) => Some(format!(
            "should have at most {CARD_NUMBER_MAX} digits and stars, with stars for all digits but the first {SHOWN_FIRST} and the last {SHOWN_LAST}"
        )),
        _ => None,
    }
}

/// Whether a text is a decimal number with this number of decimals.
fn has_decimals(text: &str, least: usize, most: usize) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    text.split_once('.').is_some_and(|(whole, decimals)| {
        digits(whole)
            && digits(decimals)
            && whole.len() <= DIGITS_MAX
            && (least..=most).contains(&decimals.len())
    })
}

fn is_word(text: &str) -> bool {
    text.len() <= 40
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// More digits of a card number than the first six and the last four must not be stored or shown.
fn is_card_number(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_form = text.bytes().all(|byte| is_digit(byte) || byte == b'*');
    let is_masked = match (text.find('*'), text.rfind('*')) {
        (Some(first), Some(last)) => {
            let after = text.len().saturating_sub(last).saturating_sub(1);
            first <= SHOWN_FIRST && after <= SHOWN_LAST && digits == first.saturating_add(after)
        }
        _ => digits <= SHOWN_FIRST.saturating_add(SHOWN_LAST),
    };
    text.len() <= CARD_NUMBER_MAX && is_form && is_masked
}

const CARD_NUMBER_MAX: usize = 19;
const SHOWN_FIRST: usize = 6;
const SHOWN_LAST: usize = 4;
const DIGITS_MAX: usize = 12;
/// The year 9999.
const TIME_MAX: i64 = 253_402_300_799;

/// The rows of the table of the documentation: each object, and its members with their kinds.
#[cfg(test)]
pub(in crate::api::ereceipt) fn documented_members() -> Vec<String> {
    fn kind_of(kind: Kind) -> String {
        match kind {
            Kind::Text(200) => String::new(),
            Kind::Text(most) => format!(" ({most})"),
            Kind::Amount => " amount".to_owned(),
            Kind::Percentage => " percentage".to_owned(),
            Kind::Time => " time".to_owned(),
            Kind::Whole => " whole number".to_owned(),
            Kind::Word => " word".to_owned(),
            Kind::OneOf(words) => format!(" {}", words.join("/")),
            Kind::CardNumber => " card number".to_owned(),
            Kind::Object(_) | Kind::AnyObject => " object".to_owned(),
            Kind::List(Kind::Object(_)) => " list of objects".to_owned(),
            Kind::List(kind) => format!(" list of texts{}", kind_of(*kind)),
        }
    }
    fn rows_of(path: &str, members: &[Member], rows: &mut Vec<String>) {
        let cells = members.iter().map(|member| {
            let kind = kind_of(member.kind);
            match member.needed {
                true => format!("**`{}`**{kind}", member.name),
                false => format!("`{}`{kind}", member.name),
            }
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        rows.push(format!("| `{path}` | {cells} |"));
        for member in members {
            let (inner, mark) = match member.kind {
                Kind::Object(inner) => (inner, ""),
                Kind::List(Kind::Object(inner)) => (*inner, "[]"),
                _ => continue,
            };
            let name = member.name;
            let below = match path {
                "ekabs_v0" => format!("{name}{mark}"),
                path => format!("{path}.{name}{mark}"),
            };
            rows_of(&below, inner, rows);
        }
    }
    let mut rows = Vec::new();
    rows_of("ekabs_v0", EKABS, &mut rows);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(text: &str) -> Vec<String> {
        let mut faults = FaultList::default();
        check(&JsonValue::parse(text.as_bytes()).unwrap(), &mut faults);
        faults.iter().map(|fault| fault.path.clone()).collect()
    }

    const LEAST: &str = r#"{"schema":{"ekabs_v0":{"head":{"_id":"x","buyer":{"name":"","tax_number":""}},"data":{"currency":"EUR","full_amount_incl_vat":"10.00","payment_types":[{"name":"CASH","amount":"10.00","change":""}],"vat_amounts":[{"percentage":"0.19","incl_vat":"10.00","excl_vat":"8.40","vat":"1.60"}],"lines":[{"text":"a","item":{"quantity":"1.00","price_per_unit":"10.00"},"more":{"a":[1]}}],"date":1}, "security":{}}}}"#;

    #[test]
    fn what_shipped_clients_send_is_taken() {
        assert_eq!(faults_of(LEAST), [""; 0]);
        let whole = LEAST.replace("\"0.19\"", "\"19.00\"");
        assert_eq!(faults_of(&whole), [""; 0]);
        assert_eq!(faults_of(&LEAST.replace("\"0.19\"", "\"0.0550\"")), [""; 0]);
    }

    #[test]
    fn every_fault_is_named_with_its_path() {
        assert_eq!(faults_of("[]"), ["body"]);
        assert_eq!(faults_of("{}"), ["schema"]);
        let faulty = LEAST
            .replace(
                "\"full_amount_incl_vat\":\"10.00\"",
                "\"full_amount_incl_vat\":10.00",
            )
            .replace("\"excl_vat\":\"8.40\",", "")
            .replace("\"0.19\"", "\"0.19123\"")
            .replace("\"quantity\":\"1.00\"", "\"quantity\":\"1\"")
            .replace(
                "\"name\":\"CASH\",",
                "\"name\":\"CASH\",\"masked_card_number\":\"****1234\",",
            );
        let data = "schema.ekabs_v0.data";
        assert_eq!(
            faults_of(&faulty),
            [
                format!("{data}.full_amount_incl_vat"),
                format!("{data}.vat_amounts[0].percentage"),
                format!("{data}.vat_amounts[0].excl_vat"),
                format!("{data}.lines[0].item.quantity"),
                format!("{data}.payment_types[0].masked_card_number"),
            ]
        );
        let net = LEAST.replace(
            "\"text\":\"a\"",
            "\"vat_amounts\":[{\"percentage\":\"0.19\",\"vat\":\"1.00\"}]",
        );
        assert_eq!(faults_of(&net), [format!("{data}.lines[0].vat_amounts[0]")]);
        let twice = LEAST.replace("\"text\":\"a\"", "\"text\":\"a\",\"text\":\"b\"");
        assert_eq!(faults_of(&twice), [format!("{data}.lines[0].text")]);
    }

    #[test]
    fn more_of_a_card_number_than_its_ends_is_refused() {
        assert!(is_card_number("************1234"));
        assert!(is_card_number("411111******1111"));
        assert!(is_card_number("411111*1111"));
        assert!(is_card_number("1234"));
        assert!(!is_card_number("4111111111111*11"));
        assert!(!is_card_number("411111*****11111"));
        assert!(!is_card_number("4111*1111*11111"));
        assert!(!is_card_number("411111111111"));
        assert!(!is_card_number("4111111111111111"));
        assert!(!is_card_number("4111 **** 1111"));
        assert!(!is_card_number("********************"));
    }
}
