//! The notation of schemas, and their JSON Schema.
//!
//! Schemas are written as text, because hundreds of fields are read and compared most easily so, and because the text needs no memory
//! until it is asked for:
//!
//! ```text
//! answer Receipt : Head, Body
//!   id uuid The request id.
//!   +items [Item]?
//!   ~at time
//! ```
//!
//! A schema begins with `answer` or `request`, its name, and the schemas whose members it has too.
//! Each further line is a member: its name, its type, and what it means.
//! All members of an answer are always there, but for those with `~`; members of a request may be left out, but for those with `!`.
//! `+` marks a member that examples fill although it may be null.
//! A member with the name `*` stands for all other names, which the schema does not have otherwise.
//!
//! Types: `text`, `uuid`, `time` (RFC 3339), `bool`, `int` (32 bits), `index` (`int` from 0), `long` (64 bits), `money` and `percent` (two decimals),
//! `quantity` (three decimals), `any`, `object` (any members), names with `|` between them, `=` and the only name, `[T]` for a list of T, and names of schemas.
//! A question mark behind a type allows null.

use std::borrow::Cow;

use super::EXAMPLE_ID;
use crate::api::json::JsonValue;
use crate::object;

/// The schemas of several tables.
#[derive(Clone, Debug)]
pub struct Schemas {
    texts: Vec<&'static str>,
}

/// One schema as it is written.
#[derive(Clone, Debug)]
pub struct WrittenSchema {
    /// The name.
    pub name: String,
    /// True if it is the body of a request or a part of one.
    pub is_request: bool,
    /// The names of the schemas whose members it has too.
    pub parents: Vec<&'static str>,
    /// Its own members.
    pub members: Vec<WrittenMember>,
}

/// One member of a schema.
#[derive(Clone, Debug)]
pub struct WrittenMember {
    /// The name.
    pub name: &'static str,
    /// The type in the notation.
    pub kind: Cow<'static, str>,
    /// What it means. May be empty.
    pub says: &'static str,
    /// True if the member is always there.
    pub is_needed: bool,
    /// True if examples fill the member although it may be null.
    is_shown: bool,
}

impl Schemas {
    /// The schemas of these texts.
    #[must_use]
    pub fn new(texts: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            texts: texts.into_iter().collect(),
        }
    }

    /// The schema with a name. If none is written: `<X>ApiResponse` is the envelope with an `<X>`, and `<X>PagedResponse` is a page
    /// of `<X>`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<WrittenSchema> {
        if let Some(schema) = self.texts.iter().find_map(|text| written(text, name)) {
            return Some(schema);
        }
        let member = |name, kind: String, is_shown| WrittenMember {
            name,
            kind: Cow::Owned(kind),
            says: "",
            is_needed: true,
            is_shown,
        };
        let (parents, members) = if let Some(data) = name
            .strip_suffix("ApiResponse")
            .filter(|data| !data.is_empty())
        {
            (
                vec!["ApiResponse"],
                vec![member("data", format!("{data}?"), true)],
            )
        } else {
            let item = name.strip_suffix("PagedResponse")?;
            let members = vec![
                member("data", format!("[{item}]"), true),
                member("totalCount", "int".to_owned(), true),
            ];
            (Vec::new(), members)
        };
        Some(WrittenSchema {
            name: name.to_owned(),
            is_request: false,
            parents,
            members,
        })
    }

    /// All members of a schema, those of its parents first.
    #[must_use]
    pub fn members(&self, schema: &WrittenSchema) -> Vec<WrittenMember> {
        let mut members = Vec::new();
        for parent in &schema.parents {
            let parent = self.find(parent);
            members.extend(parent.iter().flat_map(|parent| self.members(parent)));
        }
        members.extend(schema.members.iter().cloned());
        members
    }

    /// The names of the schemas that are reached from these, in order of their names.
    #[must_use]
    pub fn reached(&self, names: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut reached: Vec<String> = Vec::new();
        let mut open: Vec<String> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if reached.contains(&name) {
                continue;
            }
            if let Some(schema) = self.find(&name) {
                for member in self.members(&schema) {
                    open.extend(named(&member.kind).map(str::to_owned));
                }
            }
            reached.push(name);
        }
        reached.sort_unstable();
        reached
    }

    /// The JSON Schema of a written schema.
    #[must_use]
    pub fn json(&self, name: &str) -> JsonValue {
        let Some(schema) = self.find(name) else {
            return object! {};
        };
        let mut members = self.members(&schema);
        let others = members.iter().find(|member| member.name == OTHERS);
        let others = match others.map(|others| others.kind.as_ref()) {
            None => false.into(),
            Some("any") => true.into(),
            Some(kind) => type_json(kind),
        };
        members.retain(|member| member.name != OTHERS);
        let needed = members.iter().filter(|member| member.is_needed);
        let needed: Vec<JsonValue> = needed.map(|member| member.name.into()).collect();
        let properties = members.iter().map(|member| {
            let mut json = type_json(&member.kind);
            if let JsonValue::Object(parts) = &mut json
                && !member.says.is_empty()
            {
                parts.push(("description".into(), member.says.into()));
            }
            (member.name.into(), json)
        });
        let mut parts = vec![
            ("type".into(), "object".into()),
            ("properties".into(), JsonValue::Object(properties.collect())),
            ("additionalProperties".into(), others),
        ];
        if !needed.is_empty() {
            parts.push(("required".into(), JsonValue::Array(needed)));
        }
        JsonValue::Object(parts)
    }

    /// An example of a type.
    #[must_use]
    pub fn example(&self, member: &str, kind: &str) -> JsonValue {
        let kind = kind.trim_end_matches('?');
        if let Some(item) = kind
            .strip_prefix('[')
            .and_then(|kind| kind.strip_suffix(']'))
        {
            return JsonValue::Array(vec![self.example(member, item)]);
        }
        if let Some(name) = named(kind) {
            return self.example_object(name);
        }
        if let Some((first, _)) = kind.split_once('|') {
            return first.into();
        }
        // A text that is always the same.
        if let Some(text) = kind.strip_prefix('=') {
            return text.into();
        }
        let known = EXAMPLES.iter().find(|(name, _)| *name == member);
        match (kind, known) {
            ("text", Some((_, value))) => (*value).into(),
            ("text", None) => "".into(),
            ("any", _) => JsonValue::Null,
            ("object", _) => object! {},
            ("uuid", _) => EXAMPLE_ID.into(),
            ("time", _) => "2026-03-02T17:35:21.0000000+02:00".into(),
            ("bool", _) => (member != "isDeregistered").into(),
            (_, Some((_, value))) => JsonValue::Number((*value).to_owned()),
            ("money", None) => JsonValue::Number("8.10".to_owned()),
            ("percent", None) => JsonValue::Number("8.00".to_owned()),
            ("quantity", None) => JsonValue::Number("1.000".to_owned()),
            _ => JsonValue::Number("1".to_owned()),
        }
    }

    fn example_object(&self, name: &str) -> JsonValue {
        let members = self.find(name).map(|schema| self.members(&schema));
        let members = members.unwrap_or_default().into_iter();
        let members = members.filter(|member| member.name != OTHERS);
        let members = members.map(|member| {
            let value = if member.kind.ends_with('?') && !member.is_shown {
                JsonValue::Null
            } else {
                self.example(member.name, &member.kind)
            };
            (member.name.into(), value)
        });
        JsonValue::Object(members.collect())
    }
}

/// Values of examples by the names of their members, where a value by type would mislead.
const EXAMPLES: &[(&str, &str)] = &[
    ("taxAmount", "0.60"),
    ("finalTaxAmount", "0.60"),
    ("totalTaxAmount", "0.60"),
    ("grandTotalTaxAmount", "0.60"),
    ("annualTotalTaxAmount", "0.60"),
    ("totalNettoAmount", "7.50"),
    ("grandTotalNettoAmount", "7.50"),
    ("annualTotalNettoAmount", "7.50"),
    ("untaxedAmount", "0.00"),
    ("cashInAmount", "0.00"),
    ("cashOutAmount", "0.00"),
    ("totalPaid", "10.00"),
    ("totalChange", "1.90"),
    ("change", "1.90"),
    ("totalAmountModifications", "0.00"),
    ("modifierValue", "0.00"),
    ("value", "0.00"),
    ("typeCode", "0"),
    ("code", "1"),
    ("name", "Piine"),
    ("taxGroupCode", "B"),
    ("taxRatePresentation", "8.00%"),
    ("typeName", "Numerar"),
    ("numberPresentation", "00000001"),
    ("currentNumberPresentation", "0001"),
    ("dateTimePresentation", "02.03.2026 17:35:21"),
    ("organizationName", "Test SRL"),
    ("idnx", "1003600000001"),
    ("pointOfSaleCode", "1"),
    ("additionalData", "{}"),
    ("series", "ABC"),
    ("seriesAndNumber", "ABC00000001"),
    ("state", "registered"),
    ("recipient", "authority"),
    ("says", "the printer is out of paper"),
    ("fix", "load a roll"),
    ("id", "printer_condition"),
];

/// The name that stands for all other names.
pub(in crate::api) const OTHERS: &str = "*";

/// The schema that a type names, alone or in a list.
fn named(kind: &str) -> Option<&str> {
    let kind = kind.trim_end_matches('?');
    let kind = kind.strip_prefix('[').unwrap_or(kind);
    let kind = kind.strip_suffix(']').unwrap_or(kind).trim_end_matches('?');
    let is_name = kind.starts_with(|first: char| first.is_ascii_uppercase()) && !kind.contains('|');
    is_name.then_some(kind)
}

/// The JSON Schema of a type.
#[must_use]
pub fn type_json(kind: &str) -> JsonValue {
    let (kind, nullable) = kind
        .strip_suffix('?')
        .map_or((kind, false), |kind| (kind, true));
    if let Some(item) = kind
        .strip_prefix('[')
        .and_then(|kind| kind.strip_suffix(']'))
    {
        return plain("array", nullable, vec![("items".into(), type_json(item))]);
    }
    if kind.contains('|') || kind.starts_with('=') {
        let names = kind.trim_start_matches('=').split('|');
        let mut names: Vec<JsonValue> = names.map(JsonValue::from).collect();
        if nullable {
            names.push(JsonValue::Null);
        }
        return plain(
            "string",
            nullable,
            vec![("enum".into(), JsonValue::Array(names))],
        );
    }
    let decimals = |count: i32| vec![("x-decimals".into(), count.into())];
    let format = |name: &str| vec![("format".into(), name.into())];
    match kind {
        "text" => plain("string", nullable, Vec::new()),
        "uuid" => plain("string", nullable, format("uuid")),
        "time" => plain("string", nullable, format("date-time")),
        "bool" => plain("boolean", nullable, Vec::new()),
        "int" => plain("integer", nullable, format("int32")),
        "index" => {
            let mut parts = format("int32");
            parts.push(("minimum".into(), 0.into()));
            plain("integer", nullable, parts)
        }
        "long" => plain("integer", nullable, format("int64")),
        "money" | "percent" => plain("number", nullable, decimals(2)),
        "quantity" => plain("number", nullable, decimals(3)),
        "object" => plain("object", nullable, Vec::new()),
        "any" => object! {},
        name => {
            let reference = object! { "$ref" => format!("#/components/schemas/{name}") };
            if nullable {
                let nothing = object! { "type" => "null" };
                object! { "anyOf" => JsonValue::Array(vec![reference, nothing]) }
            } else {
                reference
            }
        }
    }
}

fn plain(name: &str, nullable: bool, parts: Vec<(Cow<'static, str>, JsonValue)>) -> JsonValue {
    let kind = if nullable {
        JsonValue::Array(vec![name.into(), "null".into()])
    } else {
        name.into()
    };
    let mut members = vec![("type".into(), kind)];
    members.extend(parts);
    JsonValue::Object(members)
}

/// The schema with a name in a text.
fn written(text: &'static str, name: &str) -> Option<WrittenSchema> {
    let mut lines = text.lines();
    let (is_request, parents) = lines.find_map(|line| {
        let (kind, rest) = line.split_once(' ')?;
        let is_request = match kind {
            "answer" => false,
            "request" => true,
            _ => return None,
        };
        let (found, parents) = rest.split_once(" : ").unwrap_or((rest, ""));
        (found == name).then_some((is_request, parents))
    })?;
    let members = lines.map_while(|line| line.strip_prefix("  ")).map(|line| {
        let (head, rest) = line.split_once(' ').unwrap_or((line, "any"));
        let (kind, says) = rest.split_once(' ').unwrap_or((rest, ""));
        WrittenMember {
            name: head.trim_start_matches(['~', '!', '+']),
            kind: Cow::Borrowed(kind),
            says,
            is_needed: head.starts_with('!') || (!is_request && !head.starts_with('~')),
            is_shown: head.starts_with('+'),
        }
    });
    Some(WrittenSchema {
        name: name.to_owned(),
        is_request,
        parents: parents
            .split(", ")
            .filter(|name| !name.is_empty())
            .collect(),
        members: members.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Schemas, type_json};

    const TEXT: &str = "\
# A comment.
answer Head
  id uuid The id.

answer Receipt : Head
  +items [Item]? What is sold.
  ~at time
  kind sale|refund

answer Item
  name text

request Sale
  !items [Item]
  note =once?
";

    #[test]
    fn members_are_those_of_the_parents_and_the_own_ones() {
        let schemas = Schemas::new([TEXT]);
        let receipt = schemas.find("Receipt").unwrap();
        let members = schemas.members(&receipt);
        let names: Vec<_> = members
            .iter()
            .map(|member| (member.name, member.is_needed))
            .collect();
        assert_eq!(
            names,
            [("id", true), ("items", true), ("at", false), ("kind", true)]
        );
        let sale = schemas.find("Sale").unwrap();
        let needed: Vec<bool> = sale.members.iter().map(|member| member.is_needed).collect();
        assert_eq!((sale.is_request, needed), (true, vec![true, false]));
        assert!(schemas.find("Nothing").is_none());
    }

    #[test]
    fn pages_and_envelopes_are_made_of_what_they_hold() {
        let schemas = Schemas::new([TEXT]);
        let reached = schemas.reached(["ReceiptPagedResponseApiResponse".to_owned()]);
        assert_eq!(
            reached,
            [
                "Item",
                "Receipt",
                "ReceiptPagedResponse",
                "ReceiptPagedResponseApiResponse"
            ]
        );
        let page = schemas.json("ReceiptPagedResponse").to_string();
        assert!(
            page.contains(r#""required":["data","totalCount"]"#),
            "{page}"
        );
    }

    #[test]
    fn types_are_written_as_json_schema() {
        for (kind, json) in [
            ("text?", r#"{"type":["string","null"]}"#),
            ("uuid", r#"{"type":"string","format":"uuid"}"#),
            ("=once", r#"{"type":"string","enum":["once"]}"#),
            (
                "a|b?",
                r#"{"type":["string","null"],"enum":["a","b",null]}"#,
            ),
            ("money", r#"{"type":"number","x-decimals":2}"#),
            (
                "index",
                r#"{"type":"integer","format":"int32","minimum":0}"#,
            ),
            (
                "Item?",
                r##"{"anyOf":[{"$ref":"#/components/schemas/Item"},{"type":"null"}]}"##,
            ),
            (
                "[Item]?",
                r##"{"type":["array","null"],"items":{"$ref":"#/components/schemas/Item"}}"##,
            ),
            ("any", "{}"),
        ] {
            assert_eq!(type_json(kind).to_string(), json, "{kind}");
        }
    }
}
