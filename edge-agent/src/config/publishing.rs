//! `[ereceipt.bucket]` and `[ereceipt.service]`: where receipts are published.

use super::reader::{Found, Reader, Section};
use super::upstream::{Trust, certificates, is_this_machine};
use super::values::{Mode, Secret, SecretKeys, is_host_and_port, optional_secret};

/// `[ereceipt.bucket]`: a bucket of an S3-compatible server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketConfig {
    /// The address of the server, without a slash at its end.
    pub url: String,
    /// The region of the server.
    pub region: String,
    /// The name of the bucket.
    pub name: String,
    /// The id of the access key.
    pub key: String,
    /// The secret of the access key.
    pub secret: Secret,
    /// The certificate authorities that may have issued the server's certificate.
    pub trust: Trust,
}

/// `[ereceipt.service]`: an eReceipt service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptServiceConfig {
    /// The address below which its operations are, without a slash at its end.
    pub url: String,
    /// The API key.
    pub key: String,
    /// The API secret.
    pub secret: Secret,
    /// The certificate authorities that may have issued the server's certificate.
    pub trust: Trust,
}

const SECRET: SecretKeys = SecretKeys {
    direct: "secret",
    file: "secret_file",
};

/// Reads `[ereceipt.bucket]`. `has_pages` says whether the links of receipts lead anywhere.
pub(super) fn bucket(
    reader: &mut Reader,
    parent: &Section<'_>,
    mode: Mode,
    has_pages: bool,
) -> Option<BucketConfig> {
    if !parent.has("bucket") {
        return None;
    }
    let section = reader.child(parent, "bucket");
    let (url, trust) = server(reader, &section);
    let word = |reader: &mut Reader, key: &str, is_right: fn(u8) -> bool, remedy: &'static str| {
        let found = reader.text(&section, key)?;
        let value = &found.value;
        if (1..=128).contains(&value.len()) && value.bytes().all(is_right) {
            return Some(found.value);
        }
        reader.fault(
            &found.place,
            section.path_of(key),
            format!("is {value:?}"),
            remedy,
        );
        None
    };
    let region = word(
        reader,
        "region",
        |byte| byte.is_ascii_alphanumeric() || byte == b'-',
        "write the region, such as \"eu-central-1\"",
    );
    let name = word(
        reader,
        "name",
        |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte),
        "write the name with small letters, digits, dots and hyphens, such as \"receipts\"",
    );
    let key = word(
        reader,
        "key",
        |byte| byte.is_ascii_graphic() && !b"/,=".contains(&byte),
        "write the id of the access key",
    );
    let secret = secret(reader, &section, mode);
    if !has_pages {
        reader.fault(
            &section.place,
            parent.path_of("public_url"),
            "is missing beside ereceipt.bucket",
            "add it: the address under which buyers read the bucket",
        );
    }
    Some(BucketConfig {
        url: url?,
        region: region?,
        name: name?,
        key: key?,
        secret: secret?,
        trust,
    })
}

/// Reads `[ereceipt.service]`.
pub(super) fn service(
    reader: &mut Reader,
    parent: &Section<'_>,
    mode: Mode,
) -> Option<ReceiptServiceConfig> {
    if !parent.has("service") {
        return None;
    }
    let section = reader.child(parent, "service");
    let (url, trust) = server(reader, &section);
    let key = reader.text(&section, "key");
    let secret = secret(reader, &section, mode);
    Some(ReceiptServiceConfig {
        url: url?,
        key: key?.value,
        secret: secret?,
        trust,
    })
}

fn secret(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<Secret> {
    let secret = optional_secret(reader, section, mode, SECRET);
    if SECRET.both().iter().all(|key| !section.has(key)) {
        reader.fault(
            &section.place,
            section.path_of(SECRET.file),
            "is missing",
            "add it: the path of a file with mode 0600 that holds the secret",
        );
    }
    secret
}

/// The address of a server, and whose certificates it may have.
fn server(reader: &mut Reader, section: &Section<'_>) -> (Option<String>, Trust) {
    let url = reader.text(section, "url");
    let url = url.filter(|url| is_server(reader, section, url));
    let trust = match reader.path(section, "ca_file") {
        Some(file) => certificates(reader, section, &file),
        None => Trust::BuiltIn,
    };
    let url = url.map(|url| url.value.trim_end_matches('/').to_owned());
    (url, trust)
}

/// Receipts and secrets go only over TLS, or to this machine.
fn is_server(reader: &mut Reader, section: &Section<'_>, url: &Found<String>) -> bool {
    let (secured, plain) = (
        url.value.strip_prefix("https://"),
        url.value.strip_prefix("http://"),
    );
    let host = secured
        .or(plain)
        .map(|rest| rest.split('/').next().unwrap_or_default());
    let is_plain_text = url
        .value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"?#@".contains(&byte));
    let Some(host) = host.filter(|host| is_host_and_port(host) && is_plain_text) else {
        let remedy = "write an https url without user, query and fragment, such as \"https://s3.eu-central-1.amazonaws.com\"";
        let what = format!("is {:?}", url.value);
        reader.fault(&url.place, section.path_of("url"), what, remedy);
        return false;
    };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if plain.is_some() && !is_this_machine(name.trim_matches(['[', ']'])) {
        reader.fault(
            &url.place,
            section.path_of("url"),
            "is not encrypted: others on the network can read receipts and secrets",
            "write an https url",
        );
        return false;
    }
    true
}
