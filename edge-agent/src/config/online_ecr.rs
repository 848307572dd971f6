//! `[upstream.online_ecr]`: what the published description of the Online-ECR form leaves open.
//!
//! Addresses, headers, the form of the signature and the fields of an answer are not published.
//! The defaults are this program's own form (the stand-in speaks it); a real office's are written here.

use super::reader::{Reader, Section};
use super::{Mode, OnlineEcr, Signature, sections};

/// Reads the section, or takes the defaults where there is none.
pub(super) fn online_ecr(reader: &mut Reader, upstream: &Section<'_>, mode: Mode) -> OnlineEcr {
    let mut form = OnlineEcr::default();
    if !upstream.has("online_ecr") {
        return form;
    }
    let section = reader.child(upstream, "online_ecr", KEYS);
    let paths = reader.child(&section, "paths", &PATHS);
    for (name, path) in &mut form.paths {
        if let Some(found) = reader.text(&paths, name) {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
            let trimmed = found.value.trim_matches('/');
            if trimmed.is_empty() || !trimmed.bytes().all(plain) {
                reader.fault(
                    &found.place,
                    paths.path_of(name),
                    format!("is {:?}", found.value),
                    "write a path below url, such as \"sale\" or \"v1/receipts\"",
                );
            }
            *path = trimmed.to_owned();
        }
    }
    for header in reader.children(&section, "headers", &["name", "value"]) {
        let name = header_name(reader, &header, "name");
        let value = reader.required_text(&header, "value", "the header's value");
        if let (Some(name), Some(value)) = (name, value) {
            if !value.value.bytes().all(|byte| (0x20..0x7F).contains(&byte)) {
                reader.fault(
                    &value.place,
                    header.path_of("value"),
                    "holds what a header cannot hold",
                    "write printable ASCII",
                );
            }
            form.headers.push((name, value.value));
        }
    }
    if section.has("signature") {
        let signature = reader.child(&section, "signature", &["header", "secret", "secret_file"]);
        let header = header_name(reader, &signature, "header");
        let secret = sections::secret(reader, &signature, mode);
        if let (Some(header), Some(secret)) = (header, secret) {
            form.signature = Some(Signature { header, secret });
        }
    }
    if let Some(found) = reader.text(&section, "success_field") {
        form.success_field = Some(found.value);
    }
    if let Some(found) = reader.text(&section, "numbers_field") {
        form.numbers_field = found.value;
    }
    if let Some(count) = reader.integer(&section, "numbers", 1..=100_000)
        && let Ok(count) = u32::try_from(count)
    {
        form.numbers = count;
    }
    form
}

fn header_name(reader: &mut Reader, section: &Section<'_>, key: &str) -> Option<String> {
    let found = reader.required_text(section, key, "a header's name, such as \"X-Signature\"")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if found.value.is_empty() || !found.value.bytes().all(plain) {
        reader.fault(
            &found.place,
            section.path_of(key),
            format!("is {:?}", found.value),
            "write letters, digits and hyphens, such as \"X-Signature\"",
        );
    }
    Some(found.value)
}

const KEYS: &[&str] = &[
    "paths",
    "headers",
    "signature",
    "success_field",
    "numbers_field",
    "numbers",
];

/// The kinds of messages, each with its default path: the kind's own name.
pub(super) const PATHS: [&str; 7] = [
    "sale",
    "refund",
    "deposit",
    "withdraw",
    "alternative_receipt",
    "z_report",
    "fiscal_ranges",
];
