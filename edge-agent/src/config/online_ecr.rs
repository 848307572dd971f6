//! `[upstream.online_ecr]`: what the published description of the Online-ECR form leaves open.
//!
//! Addresses, headers, the signature and the fields of an answer are not published. The defaults are this program's own form,
//! which the authority simulator understands. The form of a real authority is written here.

use std::path::Path;
use std::sync::Arc;

use super::fault::SourcePlace;
use super::reader::{Reader, Section};
use super::schema;
use super::values::{Mode, Secret, secret};

/// `[upstream.online_ecr]`: what the published description of the form leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineEcrConfig {
    /// The path below `url` for each kind of document.
    pub paths: Vec<(&'static str, String)>,
    /// Additional headers of every request: names and values.
    pub headers: Vec<(String, String)>,
    /// How requests are signed; `None` if they are not signed.
    pub signature: Option<SignatureConfig>,
    /// The field of an answer that alone decides whether it is a success; by default every usual sign counts.
    pub success_field: Option<String>,
    /// The field of an answer with the reserved fiscal numbers.
    pub numbers_field: String,
    /// The field of a receipt with its cash rounding in minor units; `None` if the rounding is not told.
    pub rounding_field: Option<String>,
    /// How many fiscal numbers one request asks for; the till asks again when half of them are used.
    pub numbers: u32,
}

/// The signature of a request: HMAC-SHA256 over the body, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureConfig {
    /// The name of the header that contains the signature.
    pub header: String,
    /// The key of the signature.
    pub secret: Secret,
}

/// The defaults are those in the table of keys.
impl Default for OnlineEcrConfig {
    fn default() -> Self {
        let row = schema::section(PATH).unwrap_or(&schema::ROOT);
        let nowhere = SourcePlace::File {
            file: Arc::from(Path::new("")),
            line: 1,
            column: 1,
        };
        let absent = Section::absent(PATH.to_owned(), nowhere, row);
        read(&mut Reader::default(), &absent, Mode::Test)
    }
}

/// Reads the section `[upstream.online_ecr]`.
pub(super) fn online_ecr(
    reader: &mut Reader,
    upstream: &Section<'_>,
    mode: Mode,
) -> OnlineEcrConfig {
    let section = reader.child(upstream, "online_ecr");
    read(reader, &section, mode)
}

fn read(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> OnlineEcrConfig {
    OnlineEcrConfig {
        paths: paths(reader, section),
        headers: headers(reader, section),
        signature: signature(reader, section, mode),
        success_field: reader
            .text(section, "success_field")
            .map(|found| found.value),
        numbers_field: reader
            .text(section, "numbers_field")
            .map(|found| found.value)
            .unwrap_or_default(),
        rounding_field: rounding_field(reader, section),
        numbers: reader.number(section, "numbers").unwrap_or_default(),
    }
}

fn rounding_field(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let found = reader.text(section, "rounding_field")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if found.value.is_empty() || !found.value.bytes().all(plain) {
        reader.fault(
            &found.place,
            section.path_of("rounding_field"),
            format!("is {:?}", found.value),
            "write letters, digits and underscores, such as \"rounding\"",
        );
    }
    if RECEIPT_FIELDS.contains(&found.value.as_str()) {
        reader.fault(
            &found.place,
            section.path_of("rounding_field"),
            format!(
                "is {:?}, which the form uses for something else",
                found.value
            ),
            "write the name that the authority has given for the cash rounding",
        );
    }
    Some(found.value)
}

fn paths(reader: &mut Reader, form: &Section<'_>) -> Vec<(&'static str, String)> {
    let section = reader.child(form, "paths");
    let mut paths = Vec::with_capacity(section.row.keys.len());
    for key in section.row.keys {
        let Some(found) = reader.text(&section, key.name) else {
            continue;
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        let trimmed = found.value.trim_matches('/');
        if trimmed.is_empty() || !trimmed.bytes().all(plain) {
            reader.fault(
                &found.place,
                section.path_of(key.name),
                format!("is {:?}", found.value),
                format!("write {}", key.kind.hint()),
            );
        }
        paths.push((key.name, trimmed.to_owned()));
    }
    paths
}

fn headers(reader: &mut Reader, form: &Section<'_>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for section in reader.children(form, "headers") {
        let name = header_name(reader, &section, "name");
        let value = reader.text(&section, "value");
        let (Some(name), Some(value)) = (name, value) else {
            continue;
        };
        if !value.value.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
            reader.fault(
                &value.place,
                section.path_of("value"),
                "has a character that a header cannot hold",
                "write printable ASCII",
            );
        }
        headers.push((name, value.value));
    }
    headers
}

fn signature(reader: &mut Reader, form: &Section<'_>, mode: Mode) -> Option<SignatureConfig> {
    if !form.has("signature") {
        return None;
    }
    let section = reader.child(form, "signature");
    let header = header_name(reader, &section, "header");
    let secret = secret(reader, &section, mode);
    Some(SignatureConfig {
        header: header?,
        secret: secret?,
    })
}

fn header_name(reader: &mut Reader, section: &Section<'_>, key: &str) -> Option<String> {
    let found = reader.text(section, key)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !found.value.bytes().all(plain) {
        reader.fault(
            &found.place,
            section.path_of(key),
            format!("is {:?}", found.value),
            "write letters, digits and hyphens, such as \"X-Signature\"",
        );
    }
    Some(found.value)
}

/// The fields that a receipt of the form has already (docs/protocols/online-ecr.md).
const RECEIPT_FIELDS: &[&str] = &[
    "msgID",
    "currency",
    "totalAmount",
    "zNumber",
    "fiscalNum",
    "receiptNumber",
    "parentFiscalNum",
    "series",
    "number",
    "cashier",
    "dateTime",
    "items",
    "payments",
    "taxTotals",
    "identity",
    "location",
];

const PATH: &str = "upstream.online_ecr";
