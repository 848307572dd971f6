//! Reads the schema of a receipt: `standard_v1`, `raw` or `ekabs_v0`, as loosely as shipped clients write them.

use ferrotill_core::Amount;
use ferrotill_core::document::{AmountsKind, AmountsReceipt};

use crate::api::json::{FaultList, Fields, JsonValue, RequestFault};

/// A receipt as a caller wants it.
#[derive(Debug)]
pub(super) struct WantedReceipt {
    /// Its amounts.
    pub(super) amounts: AmountsReceipt,
    /// The schema as the caller wrote it, without the buyer's contacts.
    pub(super) schema: JsonValue,
    /// The schema for the fingerprint: numbers are written in one way.
    pub(super) said: String,
}

/// One of the five amounts of a receipt.
#[derive(Clone, Copy, Debug)]
enum Rate {
    Standard,
    Reduced,
    SecondReduced,
    Special,
    Zero,
}

/// The names of the rates. `NULL` is known to one client.
const RATES: &[(&str, Rate)] = &[
    ("STANDARD", Rate::Standard),
    ("REDUCED_1", Rate::Reduced),
    ("REDUCED_2", Rate::SecondReduced),
    ("SPECIAL", Rate::Special),
    ("ZERO", Rate::Zero),
    ("NULL", Rate::Zero),
];

const RAW_AMOUNTS: &[(&str, Rate)] = &[
    ("gross_amount_standard", Rate::Standard),
    ("gross_amount_reduced_1", Rate::Reduced),
    ("gross_amount_reduced_2", Rate::SecondReduced),
    ("gross_amount_special", Rate::Special),
    ("gross_amount_zero", Rate::Zero),
];

const KINDS: &[(&str, AmountsKind)] = &[
    ("NORMAL", AmountsKind::Sale),
    ("CANCELLATION", AmountsKind::Void),
    ("TRAINING", AmountsKind::Training),
];

/// Reads the body of a receipt. All faults are added to the list.
pub(super) fn receipt(body: &JsonValue, faults: &mut FaultList) -> Option<WantedReceipt> {
    let mut fields = Fields::of(body, "", faults);
    if fields.member("receipt_type").is_none() {
        fields.fault("receipt_type", "Missing", "is a required property");
    }
    let kind = fields.named("receipt_type", KINDS);
    let schema = fields.member("schema");
    if schema.is_none() {
        fields.fault("schema", "Missing", "is a required property");
    }
    let schema = schema?;
    let mut sums = Sums::default();
    {
        let mut forms = Fields::of(schema, "schema", fields.faults());
        let names = ["standard_v1", "raw", "ekabs_v0"];
        let given: Vec<(&str, &JsonValue)> = names
            .into_iter()
            .filter_map(|name| forms.member(name).map(|form| (name, form)))
            .collect();
        match given.as_slice() {
            [] => forms.fault(
                "standard_v1",
                "Missing",
                "one of standard_v1, raw and ekabs_v0 is needed",
            ),
            [(name, form)] => {
                let path = format!("schema.{name}");
                match *name {
                    "standard_v1" => sums.standard(form, &path, forms.faults()),
                    "raw" => sums.raw(form, &path, forms.faults()),
                    _ => sums.ekabs(form, &path, forms.faults()),
                }
            }
            // Only one of them could be signed.
            [(first, _), others @ ..] => {
                for (name, _) in others {
                    let sentence = format!("stands beside {first}; give one form");
                    forms.fault(name, "UnknownValue", sentence);
                }
            }
        }
    }
    if sums.too_large {
        fields.fault("schema", "NumberTooLarge", "has amounts that are too large");
    }
    let kind = kind.filter(|_| faults.is_empty())?;
    let schema = without_contacts(schema);
    Some(WantedReceipt {
        amounts: AmountsReceipt {
            kind,
            ..sums.receipt()
        },
        said: canonical(&schema).to_string(),
        schema,
    })
}

/// The five amounts in cents.
#[derive(Debug, Default)]
struct Sums {
    cents: [i64; 5],
    too_large: bool,
}

impl Sums {
    fn add(&mut self, rate: Rate, cents: i64) {
        let place = match rate {
            Rate::Standard => 0,
            Rate::Reduced => 1,
            Rate::SecondReduced => 2,
            Rate::Zero => 3,
            Rate::Special => 4,
        };
        if let Some(sum) = self.cents.get_mut(place) {
            match sum.checked_add(cents) {
                Some(added) => *sum = added,
                None => self.too_large = true,
            }
        }
    }

    fn receipt(&self) -> AmountsReceipt {
        let [standard, reduced, second_reduced, zero, special] = self.cents.map(Amount::from_minor);
        AmountsReceipt {
            kind: AmountsKind::Sale,
            standard,
            reduced,
            second_reduced,
            zero,
            special,
        }
    }

    fn raw(&mut self, form: &JsonValue, path: &str, faults: &mut FaultList) {
        let mut fields = Fields::of(form, path, faults);
        let mut has_amount = false;
        for (name, rate) in RAW_AMOUNTS {
            has_amount |= is_given(&mut fields, name);
            if let Some(cents) = cents(&mut fields, name) {
                self.add(*rate, cents);
            }
        }
        let misspelt =
            refuse_misspelt(form, &mut fields, RAW_AMOUNTS.iter().map(|(name, _)| *name));
        if !has_amount && !misspelt && matches!(form, JsonValue::Object(_)) {
            let sentence = "has no amount; a receipt over nothing has gross_amount_zero 0.00";
            faults.push(RequestFault {
                path: path.to_owned(),
                code: "Missing",
                sentence: sentence.to_owned(),
            });
        }
    }

    fn standard(&mut self, form: &JsonValue, path: &str, faults: &mut FaultList) {
        let mut fields = Fields::of(form, path, faults);
        match fields.member("amounts_per_vat_rate") {
            None => fields.fault("amounts_per_vat_rate", "Missing", "is a required property"),
            Some(JsonValue::Array(items)) if items.is_empty() => fields.fault(
                "amounts_per_vat_rate",
                "Missing",
                "has no amount; a receipt over nothing has one of ZERO 0.00",
            ),
            Some(_) => {}
        }
        let rates = fields.list("amounts_per_vat_rate");
        let payments = fields.list("amounts_per_payment_type");
        fields.list("line_items");
        for (place, item) in rates.iter().enumerate() {
            let path = format!("{path}.amounts_per_vat_rate[{place}]");
            let mut fields = Fields::of(item, &path, fields.faults());
            required(&mut fields, &["vat_rate", "amount"]);
            let rate = fields.named("vat_rate", RATES);
            let cents = cents(&mut fields, "amount");
            refuse_misspelt(item, &mut fields, ["amount"]);
            if let (Some(rate), Some(cents)) = (rate, cents) {
                self.add(rate, cents);
            }
        }
        for (place, item) in payments.iter().enumerate() {
            let path = format!("{path}.amounts_per_payment_type[{place}]");
            let mut fields = Fields::of(item, &path, fields.faults());
            cents(&mut fields, "amount");
        }
    }

    fn ekabs(&mut self, form: &JsonValue, path: &str, faults: &mut FaultList) {
        let mut fields = Fields::of(form, path, faults);
        let Some(data) = fields.member("data") else {
            fields.fault("data", "Missing", "is a required property");
            return;
        };
        let path = format!("{path}.data");
        let mut data = Fields::of(data, &path, fields.faults());
        let amounts = data.list("vat_amounts");
        if !amounts.is_empty() {
            self.vat_amounts(amounts, &path, data.faults());
            return;
        }
        let lines = data.list("lines");
        if lines.is_empty() {
            data.fault("vat_amounts", "Missing", "is a required property");
        }
        for (place, line) in lines.iter().enumerate() {
            let path = format!("{path}.lines[{place}]");
            let mut line = Fields::of(line, &path, data.faults());
            let amounts = line.list("vat_amounts");
            self.vat_amounts(amounts, &path, line.faults());
        }
    }

    /// The amounts of an EKaBS receipt: the rate's name decides, and without one its percentage.
    fn vat_amounts(&mut self, amounts: &[JsonValue], path: &str, faults: &mut FaultList) {
        for (place, item) in amounts.iter().enumerate() {
            let path = format!("{path}.vat_amounts[{place}]");
            let mut fields = Fields::of(item, &path, faults);
            required(&mut fields, &["incl_vat"]);
            let rate = match fields.named("vat_rate", RATES) {
                Some(rate) => Some(rate),
                None if fields.member("vat_rate").is_some() => None,
                None => {
                    required(&mut fields, &["percentage"]);
                    fields
                        .decimal("percentage", 2)
                        .map(|hundredths| match hundredths {
                            2_000 => Rate::Standard,
                            1_000 => Rate::Reduced,
                            1_300 => Rate::SecondReduced,
                            0 => Rate::Zero,
                            _ => Rate::Special,
                        })
                }
            };
            let cents = cents(&mut fields, "incl_vat");
            if let (Some(rate), Some(cents)) = (rate, cents) {
                self.add(rate, cents);
            }
        }
    }
}

fn required(fields: &mut Fields<'_, '_>, names: &[&str]) {
    for name in names {
        if fields.member(name).is_none() {
            fields.fault(name, "Missing", "is a required property");
        }
    }
}

/// Whether an amount is given. The empty text is no amount: clients write it for what they do not have.
fn is_given(fields: &mut Fields<'_, '_>, name: &str) -> bool {
    let value = fields.member(name);
    value.is_some_and(|value| *value != JsonValue::Text(String::new()))
}

/// An amount in cents. A number of JSON may have an exponent, a text may not.
fn cents(fields: &mut Fields<'_, '_>, name: &str) -> Option<i64> {
    if !is_given(fields, name) {
        return None;
    }
    match fields.member(name) {
        Some(JsonValue::Text(text)) if text.contains(['e', 'E']) => {
            fields.fault(name, "NotANumber", "is not a decimal number such as 12.00");
            None
        }
        _ => fields.decimal(name, 2),
    }
}

/// Refuses members that look like amounts and are none of the known ones: what a caller has misspelt would be missing in what is signed.
/// Other members that the till does not know are kept. Returns whether there is such a member.
fn refuse_misspelt<'a>(
    form: &JsonValue,
    fields: &mut Fields<'_, '_>,
    known: impl IntoIterator<Item = &'a str>,
) -> bool {
    let JsonValue::Object(members) = form else {
        return false;
    };
    let known: Vec<&str> = known.into_iter().collect();
    let mut found = false;
    for (name, value) in members {
        let lower = name.to_ascii_lowercase();
        let looks_so = lower.starts_with("gross") || lower.starts_with("amount");
        if looks_so && *value != JsonValue::Null && !known.contains(&lower.as_str()) {
            let names = known.join(", ");
            fields.fault(
                name,
                "UnknownField",
                format!("is no amount; known are {names}"),
            );
            found = true;
        }
    }
    found
}

/// The schema without the members that name how the buyer is reached: they do not enter the journal.
fn without_contacts(value: &JsonValue) -> JsonValue {
    match value {
        JsonValue::Object(members) => {
            let kept = members.iter().filter(|(name, _)| {
                let name = name.to_ascii_lowercase().replace(['_', '-'], "");
                !CONTACTS.contains(&name.as_str())
            });
            let kept = kept.map(|(name, value)| (name.clone(), without_contacts(value)));
            JsonValue::Object(kept.collect())
        }
        JsonValue::Array(items) => JsonValue::Array(items.iter().map(without_contacts).collect()),
        other => other.clone(),
    }
}

const CONTACTS: &[&str] = &[
    "email",
    "emailaddress",
    "phone",
    "phonenumber",
    "telephone",
    "mobile",
    "fax",
];

/// A value in which equal numbers are written equally, whether they are numbers or texts: 8.1, 8.10 and "8.10".
fn canonical(value: &JsonValue) -> JsonValue {
    match value {
        JsonValue::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .filter(|(_, value)| *value != JsonValue::Null)
                .map(|(name, value)| (name.clone(), canonical(value)))
                .collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            JsonValue::Object(members)
        }
        JsonValue::Array(items) => JsonValue::Array(items.iter().map(canonical).collect()),
        JsonValue::Number(text) | JsonValue::Text(text) => JsonValue::Text(shortest(text)),
        other => other.clone(),
    }
}

/// A decimal number without zeros at its end; any other text as it is.
fn shortest(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = digits.split_once('.').is_some_and(|(whole, part)| {
        let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        all(whole) && all(part)
    });
    if !is_decimal {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::receipt;
    use crate::api::json::{FaultList, JsonValue};

    fn read(text: &str) -> Result<([i64; 5], String), String> {
        let body = JsonValue::parse(text.as_bytes()).unwrap();
        let mut faults = FaultList::default();
        match receipt(&body, &mut faults) {
            Some(wanted) => {
                let amounts = wanted.amounts.amounts().map(|amount| amount.minor());
                Ok((amounts, wanted.said))
            }
            None => Err(faults.message()),
        }
    }

    #[test]
    fn each_schema_gives_the_amount_of_each_rate() {
        for (schema, amounts) in [
            (
                r#""raw":{"gross_amount_standard":"12.00","gross_amount_reduced_1":"-1.5","gross_amount_zero":3}"#,
                [1200, -150, 0, 300, 0],
            ),
            (r#""raw":{"gross_amount_zero":"0.00"}"#, [0; 5]),
            (
                r#""raw":{"gross_amount_standard":"0.00","gross_amount_reduced_1":"0.00","gross_amount_reduced_2":"0.00","gross_amount_special":"0.00","gross_amount_zero":"0.00","note":"x","amount_x":null}"#,
                [0; 5],
            ),
            // A number of JSON has an exponent where the caller's library writes one.
            (
                r#""raw":{"gross_amount_standard":1E+2}"#,
                [10_000, 0, 0, 0, 0],
            ),
            (
                r#""standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"STANDARD","amount":"1.00"},{"vat_rate":"STANDARD","amount":2},{"vat_rate":"REDUCED_2","amount":"0.10"},{"vat_rate":"SPECIAL","amount":"4.90"}],"amounts_per_payment_type":[{"payment_type":"CASH","amount":"8.00","currency_code":"EUR"}],"line_items":[{"quantity":"1","text":"a","price_per_unit":"8"}]}"#,
                [300, 0, 10, 0, 490],
            ),
            // Control receipts, as public clients send them.
            (
                r#""standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"ZERO","amount":"0.00"}],"line_items":[{"quantity":"1","text":"Nullbeleg","price_per_unit":"0.00"}]}"#,
                [0; 5],
            ),
            (
                r#""standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"NULL","amount":"0.00","percentage":"0"}],"line_items":null,"amounts_per_payment_type":[]}"#,
                [0; 5],
            ),
            (
                r#""ekabs_v0":{"head":{"number":7,"seller":{"tax_exemption":false},"buyer":{"name":""}},"data":{"full_amount_incl_vat":"12.00","payment_types":[{"name":"Karte","amount":"12.00"}],"vat_amounts":[{"percentage":"20.00","incl_vat":"6.00"},{"percentage":10,"incl_vat":2},{"percentage":"13.00","incl_vat":"1.00"},{"percentage":"0.00","incl_vat":"2.00"},{"percentage":"4.90","incl_vat":"1.00"}]}}"#,
                [600, 200, 100, 200, 100],
            ),
            (
                r#""ekabs_v0":{"data":{"lines":[{"text":"a","vat_amounts":[{"percentage":"20.00","incl_vat":"6.00"}]}]}}"#,
                [600, 0, 0, 0, 0],
            ),
        ] {
            let text =
                format!(r#"{{"receipt_type":"NORMAL","receipt_id":"x","schema":{{{schema}}}}}"#);
            assert_eq!(read(&text).map(|read| read.0), Ok(amounts), "{schema}");
        }
    }

    #[test]
    fn all_faults_are_named_with_their_paths() {
        for (text, faults) in [
            (
                "{}",
                "receipt_type: is a required property\nschema: is a required property",
            ),
            (
                r#"{"receipt_type":"SALE","schema":{"raw":{"gross_amount_zero":"a"}}}"#,
                "receipt_type: is \"SALE\"; allowed are NORMAL, CANCELLATION, TRAINING\nschema.raw.gross_amount_zero: a is not a number",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{}}"#,
                "schema.standard_v1: one of standard_v1, raw and ekabs_v0 is needed",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"raw":{}}}"#,
                "schema.raw: has no amount",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"raw":{"gross_amount_standard":""}}}"#,
                "schema.raw: has no amount",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"raw":{"gross_amount_standard":"1.00","gross_amount_x":"2.00","Amount_zero":"3.00"}}}"#,
                "schema.raw.gross_amount_x: is no amount\nschema.raw.Amount_zero: is no amount",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"raw":{"gross_amount_standard":"1e2","gross_amount_zero":"1E2"}}}"#,
                "schema.raw.gross_amount_standard: no\nschema.raw.gross_amount_zero: no",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"raw":{"gross_amount_standard":"1.00"},"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"ZERO","amount":"1.00"}]}}}"#,
                "schema.raw: stands beside standard_v1",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"standard_v1":{"amounts_per_vat_rate":[],"line_items":"x"}}}"#,
                "schema.standard_v1.amounts_per_vat_rate: has no amount\nschema.standard_v1.line_items: is a text",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"ZERO","amount":"1.00","amounts":"2.00"}]}}}"#,
                "schema.standard_v1.amounts_per_vat_rate[0].amounts: is no amount",
            ),
            (
                r#"{"receipt_type":"NORMAL","schema":{"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"NORMAL","amount":"1.005"},{}]}}}"#,
                "schema.standard_v1.amounts_per_vat_rate[0].vat_rate: is \"NORMAL\"; allowed are STANDARD, REDUCED_1, REDUCED_2, SPECIAL, ZERO, NULL\nschema.standard_v1.amounts_per_vat_rate[0].amount: 1.005 has 3 decimals; at most 2 are allowed\nschema.standard_v1.amounts_per_vat_rate[1].vat_rate: is a required property\nschema.standard_v1.amounts_per_vat_rate[1].amount: is a required property",
            ),
        ] {
            let found = read(text).unwrap_err();
            let places = |text: &str| -> Vec<String> {
                text.lines()
                    .map(|line| line.split(": ").next().unwrap_or_default().to_owned())
                    .collect()
            };
            assert_eq!(places(&found), places(faults), "{found}");
        }
    }

    #[test]
    fn equal_amounts_are_the_same_request_and_contacts_are_left_out() {
        let with = |amount: &str, email: &str| {
            let text = format!(
                r#"{{"receipt_type":"NORMAL","schema":{{"standard_v1":{{"amounts_per_vat_rate":[{{"vat_rate":"ZERO","amount":{amount}}}],"buyer":{{"e_mail":"{email}"}}}}}}}}"#
            );
            read(&text).unwrap().1
        };
        let first = with("8.1", "a@b.at");
        assert_eq!(first, with("\"8.10\"", "c@d.at"));
        assert_ne!(first, with("8.11", "a@b.at"));
        assert!(!first.contains("a@b.at"));
    }
}
