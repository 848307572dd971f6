//! `[api] tls_…`: the certificate that callers get.

use std::path::PathBuf;

use super::reader::{Found, Reader, Section};
use super::values::{Mode, is_host_and_port, others_may_read};
use crate::listener::ServerCertificate;

/// TLS to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerTlsConfig {
    /// Where the certificate comes from.
    pub certificate: CallerCertificate,
    /// Names under which callers reach the till, beside the machine's own.
    pub names: Vec<String>,
}

/// Where the certificate for callers comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerCertificate {
    /// From two files in PEM.
    Files {
        /// The certificate, and those of its issuers.
        certificate: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// The till makes it.
    Made,
}

/// Reads the keys of TLS to callers; `None` if none of them is written.
pub(super) fn caller_tls(
    reader: &mut Reader,
    section: &Section<'_>,
    mode: Mode,
) -> Option<CallerTlsConfig> {
    let certificate = reader.path(section, "tls_certificate");
    let key = reader.path(section, "tls_key");
    let is_made = reader.flag(section, "tls_make_certificate");
    let names = names(reader, section);
    let certificate = match (certificate, key) {
        (Some(certificate), Some(_)) if is_made => {
            reader.fault(
                &certificate.place,
                section.path_of("tls_certificate"),
                "is written beside tls_make_certificate",
                "remove one of the two",
            );
            return None;
        }
        (Some(certificate), Some(key)) => files(reader, section, mode, certificate, key),
        (Some(alone), None) | (None, Some(alone)) => {
            let has_key = section.has("tls_key");
            let [written, missing] = if has_key {
                ["tls_key", "tls_certificate"]
            } else {
                ["tls_certificate", "tls_key"]
            };
            reader.fault(
                &alone.place,
                section.path_of(written),
                format!("is written without {missing}"),
                format!("add {missing}, or write tls_make_certificate = true instead"),
            );
            return None;
        }
        (None, None) if is_made => CallerCertificate::Made,
        (None, None) => {
            if section.has("tls_names") {
                reader.fault(
                    &section.place_of("tls_names"),
                    section.path_of("tls_names"),
                    "is written, and no certificate is",
                    "add tls_certificate and tls_key, or tls_make_certificate = true",
                );
            }
            return None;
        }
    };
    Some(CallerTlsConfig { certificate, names })
}

/// The pair of a certificate and its key, which must fit each other.
fn files(
    reader: &mut Reader,
    section: &Section<'_>,
    mode: Mode,
    certificate: Found<PathBuf>,
    key: Found<PathBuf>,
) -> CallerCertificate {
    if let Err(fault) = ServerCertificate::read(&certificate.value, &key.value) {
        let (found, name) = if fault.is_key {
            (&key, "tls_key")
        } else {
            (&certificate, "tls_certificate")
        };
        reader.fault(
            &found.place,
            section.path_of(name),
            format!("{} {}", fault.path.display(), fault.why),
            fault.fix,
        );
    }
    if others_may_read(&key.value) {
        let place = (&key.place, section.path_of("tls_key"));
        reader.open_to_others(place, &key.value, mode);
    }
    CallerCertificate::Files {
        certificate: certificate.value,
        key: key.value,
    }
}

fn names(reader: &mut Reader, section: &Section<'_>) -> Vec<String> {
    let found = reader.texts(section, "tls_names");
    for name in &found {
        if !is_host_and_port(&name.value) || name.value.contains(':') {
            reader.fault(
                &name.place,
                section.path_of("tls_names"),
                format!("holds {:?}", name.value),
                "write names of hosts, such as \"till.shop.example\"",
            );
        }
    }
    found
        .into_iter()
        .map(|name| name.value.to_ascii_lowercase())
        .collect()
}
