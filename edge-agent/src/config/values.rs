//! Values and checks that several sections share.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use ferrotill_core::event::Mode;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::fault::SourcePlace;
use super::reader::{Found, Reader, Section};
use crate::hmac::HmacKey;

/// The texts of a mode in the configuration.
pub(super) const MODES: &[(&str, Mode)] = &[("TEST", Mode::Test), ("LIVE", Mode::Live)];

/// A secret. Logs never contain it, and it is overwritten in memory when it is dropped.
#[derive(Clone)]
pub struct Secret {
    text: Zeroizing<String>,
    /// What signatures begin with, made when the first one is.
    hmac_key: OnceLock<Box<HmacKey>>,
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Secret {}

impl Secret {
    /// Makes a secret from its text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self {
            text: Zeroizing::new(text),
            hmac_key: OnceLock::new(),
        }
    }

    /// The text of the secret.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// The bytes of the secret, for signing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The key for signatures with this secret.
    #[must_use]
    pub fn hmac_key(&self) -> &HmacKey {
        let key = || Box::new(HmacKey::of(self.as_bytes()));
        self.hmac_key.get_or_init(key)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// The two keys of a secret: its text, which only a TEST till may have in the configuration, and the file that holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SecretKeys {
    pub(super) direct: &'static str,
    pub(super) file: &'static str,
}

impl SecretKeys {
    /// Both keys.
    pub(super) const fn both(self) -> [&'static str; 2] {
        [self.direct, self.file]
    }
}

/// Reads `secret_file`, or `secret` in TEST mode. Exactly one of both keys must be written.
pub(super) fn secret(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<Secret> {
    let keys = SecretKeys {
        direct: "secret",
        file: "secret_file",
    };
    let found = optional_secret(reader, section, mode, keys);
    if !section.has(keys.direct) && !section.has(keys.file) {
        reader.fault(
            &section.place,
            section.path_of(keys.file),
            "is missing",
            "add it: the path of a file with mode 0600 that holds the secret",
        );
    }
    found
}

/// Reads a secret from its file, or from the configuration in TEST mode. At most one of both keys may be written.
pub(super) fn optional_secret(
    reader: &mut Reader,
    section: &Section<'_>,
    mode: Mode,
    keys: SecretKeys,
) -> Option<Secret> {
    let direct = reader.text(section, keys.direct);
    let file = reader.path(section, keys.file);
    match (direct, file) {
        (Some(direct), Some(_)) => {
            reader.fault(
                &direct.place,
                section.path_of(keys.direct),
                format!("is written beside {}", keys.file),
                "remove one of the two",
            );
            None
        }
        (Some(direct), None) if mode == Mode::Live => {
            reader.fault(
                &direct.place,
                section.path_of(keys.direct),
                "is written in the configuration of a LIVE till",
                format!(
                    "put it into a file with mode 0600 and name the file with {}",
                    keys.file
                ),
            );
            None
        }
        (Some(direct), None) => {
            secret_text(reader, section, keys.direct, &direct.place, direct.value)
        }
        (None, Some(file)) => secret_in(reader, section, keys.file, &file, mode),
        (None, None) => None,
    }
}

/// Reads the secret in the file that a key names.
pub(super) fn secret_in(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    file: &Found<PathBuf>,
    mode: Mode,
) -> Option<Secret> {
    let path = &file.value;
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            reader.unreadable(
                (&file.place, section.path_of(key)),
                path,
                &error,
                "create it with mode 0600, owned by the user that runs ferrotill",
            );
            return None;
        }
    };
    if others_may_read(path) {
        reader.open_to_others((&file.place, section.path_of(key)), path, mode);
    }
    let secret = text.trim_end_matches(['\r', '\n']).to_owned();
    secret_text(reader, section, key, &file.place, secret)
}

fn secret_text(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    place: &SourcePlace,
    text: String,
) -> Option<Secret> {
    if text.is_empty() {
        reader.fault(
            place,
            section.path_of(key),
            "holds no secret",
            "write the secret that the caller signs with",
        );
        return None;
    }
    Some(Secret::new(text))
}

pub(super) fn others_may_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Whether a text is a host with or without a port, as a url writes them: `[::1]:80`, `host`, `10.0.0.1:7100`; no user, no path.
pub(super) fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host_is_good = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        }
    };
    host_is_good && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Reads a required UUID. The result is the nil UUID only if a fault was reported.
pub(super) fn uuid(reader: &mut Reader, section: &Section<'_>, key: &str) -> Uuid {
    let Some(found) = reader.text(section, key) else {
        return Uuid::nil();
    };
    match Uuid::try_parse(&found.value) {
        Ok(id) if !id.is_nil() => id,
        _ => {
            reader.fault(
                &found.place,
                section.path_of(key),
                format!("{:?} is not a UUID", found.value),
                "write 32 hexadecimal digits, such as \"0875b8a5-0668-41a3-a3fa-8eeccf66d289\"",
            );
            Uuid::nil()
        }
    }
}

/// Checks that a list has an item. An empty list is reported only if there is no other fault, because a faulty item is treated
/// as absent.
pub(super) fn require_items(
    reader: &mut Reader,
    parent: &Section<'_>,
    key: &str,
    empty: bool,
    example: &str,
) {
    if !parent.has(key) || (empty && reader.faults.is_empty()) {
        reader.fault(
            &parent.place_of(key),
            parent.path_of(key),
            if parent.has(key) {
                "is empty"
            } else {
                "is missing"
            },
            format!("add at least one, such as {example}"),
        );
    }
}

/// The fault of a value that is used twice and must be unique. `owner` is the kind of thing that has the value, such as `tax
/// group`.
pub(super) fn used_twice(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    value: &dyn fmt::Display,
    owner: &str,
) {
    reader.fault(
        &section.place_of(key),
        section.path_of(key),
        format!("{key} {value} is used twice"),
        format!("give each {owner} its own {key}"),
    );
}
