//! `[[signature_unit]]`: the units that sign receipts, where the law asks for signatures.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use ferrotill_core::profile::signed::SignatureUnit;
use ferrotill_rksv::UnitKey;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use super::reader::{Found, Reader, Section};
use super::upstream::{Trust, certificates};
use super::values::{Mode, Secret, is_host_and_port, secret_in};

/// `[[signature_unit]]`: a unit that signs receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureUnitConfig {
    /// The name of the unit; in a closed system the id of its key, as it stands in the receipts.
    pub id: String,
    /// The number of the provider: what follows `R1-AT` in the suite; 0 is a closed system.
    pub provider: u16,
    /// What the unit is.
    pub kind: SignatureUnitKind,
    /// The file with the encrypted private key; empty unless the unit is in software.
    pub key_file: PathBuf,
    /// The secret under which the key of a unit in software is encrypted, the PIN of a token, or the secret that a signature service
    /// gets. `None` if there is none: a TEST till has a file of its own for a unit in software, and a service may need no secret.
    pub pin: Option<Secret>,
    /// The number of the decision about the closed system.
    pub closed_system: Option<String>,
}

/// What a signature unit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureUnitKind {
    /// A private key in a file.
    Software,
    /// A signature service in the network.
    Http(HttpUnitConfig),
    /// A card or module behind a PKCS#11 library.
    Pkcs11(Pkcs11UnitConfig),
}

/// A signature service in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUnitConfig {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The certificate authorities that may have issued its certificate.
    pub trust: Trust,
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// The certificate or public key of the unit, in DER.
    pub public: Vec<u8>,
}

/// A card or module behind a PKCS#11 library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pkcs11UnitConfig {
    /// The library of the card or module.
    pub library: PathBuf,
    /// The label of the token.
    pub token: String,
    /// The label of the private key.
    pub key: String,
    /// Whether it is a card, and no module.
    pub is_card: bool,
    /// The certificate or public key of the unit, in DER.
    pub public: Vec<u8>,
}

/// The provider of a closed system (`R1-AT0`).
pub(super) const CLOSED_SYSTEM: u16 = 0;
/// The provider of a unit in software on a TEST till (`R1-AT9`).
const TEST_PROVIDER: u16 = 9;
/// The fictitious provider of the official test suites (`R1-AT100`).
const FICTITIOUS_PROVIDER: u16 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Software,
    Pkcs11,
    Http,
}

/// The keys that belong to some kinds only.
const KEYS_OF: &[(&str, &[Kind])] = &[
    ("key_file", &[Kind::Software]),
    ("pin_file", &[Kind::Software, Kind::Pkcs11]),
    ("certificate_file", &[Kind::Pkcs11, Kind::Http]),
    ("url", &[Kind::Http]),
    ("token_file", &[Kind::Http]),
    ("ca_file", &[Kind::Http]),
    ("timeout_ms", &[Kind::Http]),
    ("library", &[Kind::Pkcs11]),
    ("module", &[Kind::Pkcs11]),
    ("token_label", &[Kind::Pkcs11]),
    ("key_label", &[Kind::Pkcs11]),
    ("form", &[Kind::Pkcs11]),
];

pub(super) fn signature_units(
    reader: &mut Reader,
    root: &Section<'_>,
    mode: Mode,
) -> Vec<SignatureUnitConfig> {
    let sections = reader.children(root, "signature_unit");
    let units = sections
        .iter()
        .filter_map(|section| unit(reader, section, mode));
    units.collect()
}

fn unit(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<SignatureUnitConfig> {
    let kinds = [
        ("software", Kind::Software),
        ("pkcs11", Kind::Pkcs11),
        ("http", Kind::Http),
    ];
    let kind = reader.choice(section, "kind", &kinds);
    if let Some(kind) = kind {
        check_keys(reader, section, kind);
    }
    if kind == Some(Kind::Pkcs11) && !cfg!(feature = "pkcs11") {
        reader.fault(
            &section.place_of("kind"),
            section.path_of("kind"),
            "is \"pkcs11\", and this program was built without it, because it loads a library",
            "use a program that was built with `--features pkcs11`, or another kind of unit",
        );
    }
    let id = reader.text(section, "id");
    let provider = provider(reader, section, mode, kind);
    if let (Some(id), Some(CLOSED_SYSTEM)) = (&id, provider) {
        check_key_id(reader, section, id);
    }
    let key_file = reader.path(section, "key_file");
    let closed_system = reader.text(section, "closed_system");
    let secrets = ["pin_file", "token_file"].map(|key| {
        let file = reader.path(section, key)?;
        secret_in(reader, section, key, &file, mode)
    });
    let public = public(reader, section, provider);
    let http = http(reader, section, (public.as_deref(), mode));
    let pkcs11 = pkcs11(reader, section, public.as_deref());
    if mode == Mode::Live {
        if kind == Some(Kind::Software) {
            needed_live(
                reader,
                section,
                "pin_file",
                "add it: the path of a file with mode 0600 that holds the secret of the private key",
            );
        }
        if provider.is_none_or(|provider| provider == CLOSED_SYSTEM) {
            needed_live(
                reader,
                section,
                "closed_system",
                "add it: this suite signs for a closed system only, whose decision has this number",
            );
        }
    }
    let kind = match kind? {
        Kind::Software => SignatureUnitKind::Software,
        Kind::Http => SignatureUnitKind::Http(http?),
        Kind::Pkcs11 => SignatureUnitKind::Pkcs11(pkcs11?),
    };
    Some(SignatureUnitConfig {
        id: id?.value,
        provider: provider?,
        key_file: match kind {
            SignatureUnitKind::Software => key_file?.value,
            _ => PathBuf::new(),
        },
        kind,
        pin: secrets.into_iter().flatten().next(),
        closed_system: closed_system.map(|found| found.value),
    })
}

/// The id of a key of a closed system stands in the receipts, in the form in which it is registered.
fn check_key_id(reader: &mut Reader, section: &Section<'_>, id: &Found<String>) {
    if SignatureUnit::new(CLOSED_SYSTEM, &id.value).is_ok() {
        return;
    }
    reader.fault(
        &id.place,
        section.path_of("id"),
        format!(
            "is {:?}, which is no id of a key of a closed system",
            id.value
        ),
        "write U: and the UID, S: and the tax number, or G: and the GLN of the owner, and then - and letters and digits, such as \"U:ATU12345678-K1\"",
    );
}

/// Each key belongs to some kinds; the keys that a kind needs are named.
fn check_keys(reader: &mut Reader, section: &Section<'_>, kind: Kind) {
    let needed: &[&str] = match kind {
        Kind::Software => &["key_file"],
        Kind::Http => &["url", "certificate_file"],
        Kind::Pkcs11 => &[
            "library",
            "token_label",
            "key_label",
            "pin_file",
            "certificate_file",
        ],
    };
    let is_there = |name: &str| section.has(name) || (name == "library" && section.has("module"));
    for name in needed.iter().filter(|name| !is_there(name)) {
        let what = "is missing, and this kind of unit needs it";
        reader.fault(&section.place, section.path_of(name), what, "add it");
    }
    for (name, kinds) in KEYS_OF {
        if section.has(name) && !kinds.contains(&kind) {
            reader.warn(
                &section.place_of(name),
                section.path_of(name),
                "belongs to another kind of unit and is not used",
                "remove it, or correct kind",
            );
        }
    }
}

fn http(
    reader: &mut Reader,
    section: &Section<'_>,
    (public, mode): (Option<&[u8]>, Mode),
) -> Option<HttpUnitConfig> {
    let url = reader.text(section, "url");
    if let Some(url) = &url {
        check_service_url(reader, section, url, mode);
    }
    let trust = match reader.path(section, "ca_file") {
        Some(file) => certificates(reader, section, &file),
        None => Trust::BuiltIn,
    };
    let timeout = reader.milliseconds(section, "timeout_ms");
    Some(HttpUnitConfig {
        url: url?.value.trim_end_matches('/').to_owned(),
        trust,
        timeout: timeout.unwrap_or(TIMEOUT),
        public: public?.to_vec(),
    })
}

/// The default of `timeout_ms`.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The address is `https://`, or `http://` on this machine for a service in the same machine or a simulated one.
fn check_service_url(reader: &mut Reader, section: &Section<'_>, url: &Found<String>, mode: Mode) {
    let text = url.value.as_str();
    let over_tls = text.strip_prefix("https://");
    let rest = over_tls.or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['?', '#']);
    let right = plain && host.is_some_and(is_host_and_port);
    let local = host.is_some_and(|host| {
        let name = host.split(':').next().unwrap_or_default();
        matches!(name, "127.0.0.1" | "localhost") || host.starts_with("[::1]")
    });
    if !right || !(over_tls.is_some() || (local && mode == Mode::Test)) {
        reader.fault(
            &url.place,
            section.path_of("url"),
            format!("is {text:?}"),
            "write an https url without query and fragment; a TEST till takes an http url on this machine (127.0.0.1), too",
        );
    } else if over_tls.is_none() && section.has("ca_file") {
        reader.fault(
            &section.place_of("ca_file"),
            section.path_of("ca_file"),
            "is written beside a url that is not encrypted",
            "write an https url, or remove ca_file",
        );
    }
}

fn pkcs11(
    reader: &mut Reader,
    section: &Section<'_>,
    public: Option<&[u8]>,
) -> Option<Pkcs11UnitConfig> {
    let [library, module] = ["library", "module"].map(|key| reader.path(section, key));
    if let (Some(library), Some(module)) = (&library, &module)
        && library.value != module.value
    {
        let what = "is another path than that of library, which means the same";
        let path = section.path_of("module");
        reader.fault(&module.place, path, what, "remove one of both");
    }
    let library = library.or(module);
    let token = reader.text(section, "token_label");
    let key = reader.text(section, "key_label");
    let is_card = reader.choice(section, "form", &[("card", true), ("module", false)]);
    Some(Pkcs11UnitConfig {
        library: library?.value,
        token: token?.value,
        key: key?.value,
        is_card: is_card.unwrap_or(true),
        public: public?.to_vec(),
    })
}

/// The certificate of the unit, or the public key of one of a closed system, in PEM or DER.
fn public(reader: &mut Reader, section: &Section<'_>, provider: Option<u16>) -> Option<Vec<u8>> {
    let file = reader.path(section, "certificate_file")?;
    let bytes = match fs::read(&file.value) {
        Ok(bytes) => bytes,
        Err(error) => {
            let key = section.path_of("certificate_file");
            let remedy = "write the path of the certificate";
            reader.unreadable((&file.place, key), &file.value, &error, remedy);
            return None;
        }
    };
    let mut fault = |what: String, remedy: &str| {
        reader.fault(
            &file.place,
            section.path_of("certificate_file"),
            what,
            remedy,
        );
        None
    };
    let path = file.value.display();
    if bytes.len() > CERTIFICATE_BYTES_MAX {
        return fault(
            format!("{path} is larger than {CERTIFICATE_BYTES_MAX} bytes"),
            "keep only the certificate of the unit in it",
        );
    }
    let der = match CertificateDer::from_pem_slice(&bytes) {
        Ok(der) => der.to_vec(),
        Err(_) => match SubjectPublicKeyInfoDer::from_pem_slice(&bytes) {
            Ok(der) => der.to_vec(),
            Err(_) => bytes,
        },
    };
    let closed = provider? == CLOSED_SYSTEM;
    let read = match closed {
        true => UnitKey::of_spki(&der),
        false => UnitKey::of_certificate(der.clone()),
    };
    match read {
        Ok(_) => Some(der),
        Err(why) => fault(
            format!("{path} cannot be used: {why}"),
            match closed {
                true => {
                    "write the file of a public key (SubjectPublicKeyInfo) of P-256, in PEM or DER"
                }
                false => "write the file of a certificate with a key of P-256, in PEM or DER",
            },
        ),
    }
}

const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;

fn needed_live(reader: &mut Reader, section: &Section<'_>, key: &str, remedy: &str) {
    if !section.has(key) {
        let what = "is missing, and the till is LIVE";
        reader.fault(&section.place, section.path_of(key), what, remedy);
    }
}

/// The provider of the suite. A LIVE till with a unit in software is a closed system.
fn provider(
    reader: &mut Reader,
    section: &Section<'_>,
    mode: Mode,
    kind: Option<Kind>,
) -> Option<u16> {
    let suite = reader.text(section, "suite")?;
    let number: Option<u16> = suite
        .value
        .strip_prefix("R1-AT")
        .filter(|number| !number.starts_with('0') || *number == "0")
        .and_then(|number| number.parse().ok());
    let software = kind.is_none_or(|kind| kind == Kind::Software);
    let allowed = match number {
        Some(CLOSED_SYSTEM) => true,
        Some(TEST_PROVIDER) => mode == Mode::Test,
        Some(FICTITIOUS_PROVIDER) => mode == Mode::Test && !software,
        Some(number) => number < FICTITIOUS_PROVIDER && !software,
        None => false,
    };
    if !allowed {
        let remedy = match (software, mode) {
            (true, Mode::Test) => "write \"R1-AT9\", or \"R1-AT0\" for a closed system",
            (true, Mode::Live) => {
                "write \"R1-AT0\": on a LIVE till a unit in software signs for a closed system only"
            }
            (false, Mode::Test) => {
                "write \"R1-AT\" and the number of the provider, or \"R1-AT0\" for a closed system"
            }
            (false, Mode::Live) => {
                "write \"R1-AT\" and the number of the provider, not one of a test, or \"R1-AT0\" for a closed system"
            }
        };
        let what = if software {
            "a unit in software"
        } else {
            "such a unit"
        };
        reader.fault(
            &suite.place,
            section.path_of("suite"),
            format!(
                "is {:?}, which {what} cannot have on a {mode} till",
                suite.value
            ),
            remedy,
        );
    }
    number.filter(|_| allowed)
}
