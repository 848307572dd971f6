//! `[upstream]`: the address of the authority, which certificates it may show, and when it counts as offline.

use std::fs;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

use super::key::ShownValue;
use super::online_ecr::{OnlineEcrConfig, online_ecr};
use super::reader::{Found, Reader, Section};
use super::values::{MODES, Mode, is_host_and_port};

/// `[upstream]`: the authority, and when it counts as offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The authority's URL without a slash at the end.
    pub url: String,
    /// The certificate authorities that may have issued the certificate of an https server.
    pub trust: Trust,
    /// The longest wait for one answer of the authority.
    pub timeout: Duration,
    /// The authority counts as offline after this many failures in a row.
    pub offline_after_failures: u32,
    /// The authority also counts as offline when this time has passed since the first of the failures.
    pub offline_after: Duration,
    /// The shortest time that the authority counts as offline, so that an unstable line does not change the kind of receipt
    /// again and again.
    pub dwell: Duration,
    /// True if a refused document delays the later documents of all devices.
    pub strict_order: bool,
    /// The settings for what the published description of the Online-ECR form leaves open.
    pub online_ecr: OnlineEcrConfig,
}

/// The certificate authorities that may have issued the certificate of an https server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The certificate authorities that browsers trust; their certificates are built into the program.
    #[default]
    BuiltIn,
    /// Only the certificate authorities with these certificates, at least one.
    Only(Vec<CertificateDer<'static>>),
}

/// Reads the section `[upstream]`. Without this section, documents wait in the till.
pub(super) fn upstream(reader: &mut Reader, root: &Section<'_>, mode: Mode) -> Option<Upstream> {
    if !root.has("upstream") {
        return None;
    }
    let section = reader.child(root, "upstream");
    let is_written = check_environment(reader, &section, mode);
    let url = reader.text(&section, "url");
    if let Some(url) = &url {
        check_url(reader, &section, url, (mode, is_written));
    }
    let trust = trust(reader, &section, url.as_ref());
    Some(Upstream {
        url: url.map_or_else(String::new, |url| {
            url.value.trim_end_matches('/').to_owned()
        }),
        trust,
        timeout: reader
            .milliseconds(&section, "timeout_ms")
            .unwrap_or_default(),
        offline_after_failures: reader
            .number(&section, "offline_after_failures")
            .unwrap_or_default(),
        offline_after: reader
            .milliseconds(&section, "offline_after_ms")
            .unwrap_or_default(),
        dwell: reader.seconds(&section, "dwell_s").unwrap_or_default(),
        strict_order: reader.flag(&section, "strict_order"),
        online_ecr: online_ecr(reader, &section, mode),
    })
}

/// A TEST till must not reach a LIVE authority, and a LIVE till must not reach a TEST authority. Returns true if the mode of the
/// authority is written.
fn check_environment(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> bool {
    let written = reader.choice(section, "environment", MODES);
    match written {
        Some(environment) if environment != mode => reader.fault(
            &section.place_of("environment"),
            section.path_of("environment"),
            format!("is {environment} and the till is {mode}"),
            "point url at an authority of the till's own mode, or change till.mode",
        ),
        Some(_) => {}
        None => reader.computed(section, "environment", ShownValue::Text(mode.to_string())),
    }
    written.is_some() || section.has("environment")
}

/// Checks that the URL is `http://` or `https://` with host and port, and perhaps a path.
///
/// A TEST till reaches an address beyond this machine only if `environment` is written: what it defaults to says nothing about the
/// server.
fn check_url(
    reader: &mut Reader,
    section: &Section<'_>,
    url: &Found<String>,
    (mode, environment_is_written): (Mode, bool),
) {
    let over_tls = url.value.strip_prefix("https://");
    let rest = over_tls.or_else(|| url.value.strip_prefix("http://"));
    let host_and_port = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    let plain =
        url.value.bytes().all(|byte| byte.is_ascii_graphic()) && !url.value.contains(['?', '#']);
    let host = host_and_port
        .filter(|text| plain && is_host_and_port(text))
        .map(host_of);
    let Some(host) = host.filter(|host| over_tls.is_none() || ServerName::try_from(*host).is_ok())
    else {
        reader.fault(
            &url.place,
            section.path_of("url"),
            format!("is {:?}", url.value),
            "write an http or https url without user, query and fragment, such as \"https://office.example\"",
        );
        return;
    };
    if mode == Mode::Test && !is_this_machine(host) && !environment_is_written {
        reader.fault(
            &url.place,
            section.path_of("url"),
            format!("is {:?}, beyond this machine, and the till is {mode}", url.value),
            "write environment = \"TEST\" if this server is the authority's server for tests; a TEST till must not reach the real one",
        );
    }
    if over_tls.is_none() && mode == Mode::Live && !is_this_machine(host) {
        reader.warn(
            &url.place,
            section.path_of("url"),
            "is not encrypted: others on the network can read the documents and can answer in place of the authority",
            "write an https url",
        );
    }
}

/// The host of a url, without the port and without the brackets of an IPv6 address.
pub(super) fn host_of(host_and_port: &str) -> &str {
    match host_and_port.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host_and_port.split(':').next().unwrap_or_default(),
    }
}

pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Reads `ca_file`: the certificates of the only certificate authorities that the till trusts here. They replace the built-in
/// ones.
fn trust(reader: &mut Reader, section: &Section<'_>, url: Option<&Found<String>>) -> Trust {
    let Some(file) = reader.path(section, "ca_file") else {
        return Trust::BuiltIn;
    };
    if !url.is_some_and(|url| url.value.starts_with("https://")) {
        reader.fault(
            &file.place,
            section.path_of("ca_file"),
            "is written beside a url that is not encrypted",
            "write an https url, or remove ca_file",
        );
        return Trust::BuiltIn;
    }
    certificates(reader, section, &file)
}

/// Reads the certificates in the file of the key `ca_file`.
pub(super) fn certificates(
    reader: &mut Reader,
    section: &Section<'_>,
    file: &Found<PathBuf>,
) -> Trust {
    let path = &file.value;
    let mut text = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(CA_FILE_BYTES_MAX + 1).read_to_end(&mut text));
    if let Err(error) = read {
        reader.unreadable(
            (&file.place, section.path_of("ca_file")),
            path,
            &error,
            "write the path of a file with the certificate of the body that issued the server's certificate",
        );
        return Trust::BuiltIn;
    }
    let mut fault = |what: String, remedy: &str| {
        reader.fault(&file.place, section.path_of("ca_file"), what, remedy);
        Trust::BuiltIn
    };
    if u64::try_from(text.len()).is_ok_and(|length| length > CA_FILE_BYTES_MAX) {
        return fault(
            format!(
                "{} is larger than {CA_FILE_BYTES_MAX} bytes",
                path.display()
            ),
            "keep only the certificate of the body that issued the server's certificate in it",
        );
    }
    let found: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&text).collect();
    let sound = |certificate: &CertificateDer<'static>| {
        RootCertStore::empty().add(certificate.clone()).is_ok()
    };
    match found {
        Ok(found) if !found.is_empty() && found.iter().all(sound) => Trust::Only(found),
        Ok(found) if found.is_empty() => fault(
            format!("{} holds no certificate", path.display()),
            PEM_REMEDY,
        ),
        _ => fault(
            format!(
                "{} holds something that is not a certificate",
                path.display()
            ),
            PEM_REMEDY,
        ),
    }
}

const PEM_REMEDY: &str = "write certificates in PEM, each between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----";

/// The largest `ca_file` in bytes. The certificates of all certificate authorities that browsers trust have a quarter of this
/// size.
const CA_FILE_BYTES_MAX: u64 = 1024 * 1024;
