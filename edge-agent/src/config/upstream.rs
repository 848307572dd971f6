//! `[upstream]`: where the tax office is, whom the till believes to be it, and when it counts as gone.

use std::fs;
use std::io::Read as _;
use std::net::IpAddr;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};

use super::reader::{Found, Reader, Section};
use super::sections::{is_authority, milliseconds, mode_of, resolve};
use super::{Mode, Upstream, online_ecr};

/// The certificate authorities that may have issued the certificate of an https server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The authorities that browsers trust, built into the program.
    #[default]
    BuiltIn,
    /// Only these authorities, at least one.
    Only(Vec<CertificateDer<'static>>),
}

/// Reads the section; without one, documents wait.
pub(super) fn upstream(reader: &mut Reader, root: &Section<'_>, mode: Mode) -> Option<Upstream> {
    if !root.has("upstream") {
        return None;
    }
    let section = reader.child(root, "upstream", UPSTREAM);
    if let Some(environment) = mode_of(reader, &section, "environment")
        && environment != mode
    {
        reader.fault(
            &section.place_of("environment"),
            section.path_of("environment"),
            format!("is {environment} and the till is {mode}"),
            "point url at an authority of the till's own mode, or change till.mode",
        );
    }
    let url = reader.required_text(&section, "url", "\"http://127.0.0.1:7100\" or the like")?;
    check_url(reader, &section, &url, mode);
    let trust = trust(reader, &section, &url);
    let failures = reader.integer(&section, "offline_after_failures", 1..=1_000);
    let dwell = reader.integer(&section, "dwell_s", DWELL_S);
    Some(Upstream {
        url: url.value.trim_end_matches('/').to_owned(),
        trust,
        timeout: milliseconds(reader, &section, "timeout_ms", UPSTREAM_TIMEOUT_MS)
            .unwrap_or(Duration::from_millis(5_000)),
        offline_after_failures: failures
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(3),
        offline_after: milliseconds(reader, &section, "offline_after_ms", 0..=600_000)
            .unwrap_or(Duration::from_millis(3_000)),
        dwell: dwell
            .and_then(|number| u64::try_from(number).ok())
            .map_or(Duration::from_secs(10), Duration::from_secs),
        strict_order: reader.flag(&section, "strict_order").unwrap_or(false),
        online_ecr: online_ecr::online_ecr(reader, &section, mode),
    })
}

/// `http://` or `https://` with host and port, and perhaps a path.
fn check_url(reader: &mut Reader, section: &Section<'_>, url: &Found<String>, mode: Mode) {
    let over_tls = url.value.strip_prefix("https://");
    let rest = over_tls.or_else(|| url.value.strip_prefix("http://"));
    let authority = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    let plain =
        url.value.bytes().all(|byte| byte.is_ascii_graphic()) && !url.value.contains(['?', '#']);
    let host = authority
        .filter(|authority| plain && is_authority(authority))
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
    if over_tls.is_none() && mode == Mode::Live && !is_this_machine(host) {
        reader.warn(
            &url.place,
            section.path_of("url"),
            "is not encrypted: whoever is on the way can read, and answer in the tax office's place",
            "write an https url",
        );
    }
}

/// An authority without its port, an address of version 6 without its brackets.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// `ca_file`: the authorities of which one must stand behind the server's certificate, instead of the ones that are built in.
fn trust(reader: &mut Reader, section: &Section<'_>, url: &Found<String>) -> Trust {
    let Some(file) = reader.text(section, "ca_file") else {
        return Trust::BuiltIn;
    };
    let path = resolve(&file);
    let mut fault = |what: String, remedy: &str| {
        reader.fault(&file.place, section.path_of("ca_file"), what, remedy);
        Trust::BuiltIn
    };
    if !url.value.starts_with("https://") {
        return fault(
            "stands beside a url that is not encrypted".to_owned(),
            "write an https url, or remove ca_file",
        );
    }
    let mut text = Vec::new();
    let read = fs::File::open(&path)
        .and_then(|file| file.take(CA_FILE_BYTES_MAX + 1).read_to_end(&mut text));
    if let Err(error) = read {
        return fault(
            format!("{} cannot be read: {error}", path.display()),
            "write the path of a file with the certificate of the office's authority",
        );
    }
    if u64::try_from(text.len()).is_ok_and(|length| length > CA_FILE_BYTES_MAX) {
        return fault(
            format!(
                "{} is larger than {CA_FILE_BYTES_MAX} bytes",
                path.display()
            ),
            "keep the certificate of the office's authority in it, and no others",
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
            format!("{} holds what is no certificate", path.display()),
            PEM_REMEDY,
        ),
    }
}

const PEM_REMEDY: &str = "write certificates in PEM, each between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----";

const UPSTREAM: &[&str] = &[
    "url",
    "environment",
    "ca_file",
    "timeout_ms",
    "offline_after_failures",
    "offline_after_ms",
    "dwell_s",
    "strict_order",
    "online_ecr",
];
/// While the office is offline it is tried at least every ten seconds, so no try may last longer.
const UPSTREAM_TIMEOUT_MS: std::ops::RangeInclusive<i64> = 1..=10_000;
/// Fiscal receipts have to return within sixty seconds after the office, so the dwell stays well below.
const DWELL_S: std::ops::RangeInclusive<i64> = 0..=30;
/// All authorities that browsers know fit into a quarter of it.
const CA_FILE_BYTES_MAX: u64 = 1024 * 1024;
