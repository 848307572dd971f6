//! `[till]` and `[api]`: their keys, their rules and their defaults.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::fault::Place;
use super::reader::{Found, Reader, Section};
use super::tree::Node;
use super::{Api, Client, Config, Mode, Owner, Places, Secret, Till, device, offline, upstream};

/// Reads the whole tree; `None` only together with a fault.
pub(super) fn root(reader: &mut Reader, tree: &Node) -> Option<Config> {
    let root = reader.section(tree, String::new(), ROOT)?;
    let till_section = reader.child(&root, "till", TILL);
    let mode = mode_of(reader, &till_section, "mode");
    if !till_section.has("mode") {
        reader.fault(
            &till_section.place,
            "till.mode".to_owned(),
            "is missing",
            "add it: \"TEST\" for practice or \"LIVE\" for real",
        );
    }
    // Until the mode is known the stricter rules hold.
    let mode = mode.unwrap_or(Mode::Live);
    let till = till(reader, &till_section, mode);
    let api_section = reader.child(&root, "api", API);
    let api = api(reader, &api_section, mode);
    let (devices, device_uris) = device::devices(reader, &root, mode, till.answer_timeout);
    let upstream = upstream::upstream(reader, &root, mode);
    let offline = offline::budget(reader, &root);
    Some(Config {
        places: Places {
            country: till_section.place_of("country"),
            device_uris,
        },
        till,
        api,
        devices,
        upstream,
        offline,
        warnings: Vec::new(),
    })
}

/// Milliseconds under a key, within bounds.
pub(super) fn milliseconds(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    allowed: std::ops::RangeInclusive<i64>,
) -> Option<Duration> {
    let number = reader.integer(section, key, allowed)?;
    Some(Duration::from_millis(u64::try_from(number).ok()?))
}

fn till(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Till {
    let country = reader
        .required_text(section, "country", "two capital letters, such as \"MD\"")
        .map(|found| found.value)
        .unwrap_or_default();
    let two_capitals = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    if !country.is_empty() && !two_capitals {
        reader.fault(
            &section.place_of("country"),
            section.path_of("country"),
            format!("is {country:?}"),
            "write two capital letters, such as \"MD\"",
        );
    }
    let data_dir = match reader.text(section, "data_dir") {
        Some(found) if found.value.trim().is_empty() => {
            reader.fault(
                &found.place,
                section.path_of("data_dir"),
                "is empty",
                "write the folder of the journal, such as \"/var/lib/ferrotill\"",
            );
            PathBuf::new()
        }
        Some(found) => resolve(&found),
        None => PathBuf::from(DATA_DIR),
    };
    Till {
        country,
        mode,
        data_dir,
        answer_timeout: milliseconds(reader, section, "answer_timeout_ms", ANSWER_TIMEOUT_MS)
            .unwrap_or(ANSWER_TIMEOUT),
        time_zone: time_zone(reader, section),
        owner: Owner {
            organization_name: owner_text(reader, section, "organization_name"),
            idnx: owner_text(reader, section, "idnx"),
            address: owner_text(reader, section, "address"),
            registration_number: owner_text(reader, section, "registration_number"),
        },
    }
}

fn owner_text(reader: &mut Reader, section: &Section<'_>, key: &str) -> Option<String> {
    let found = reader.text(section, key)?;
    if found.value.chars().count() > OWNER_TEXT_MAX || found.value.chars().any(char::is_control) {
        reader.fault(
            &found.place,
            section.path_of(key),
            "does not fit on one line",
            format!("write at most {OWNER_TEXT_MAX} characters in one line"),
        );
    }
    Some(found.value)
}

fn time_zone(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let found = reader.text(section, "time_zone")?;
    if crate::time::clock::zone_of(&found.value).is_err() {
        reader.fault(
            &found.place,
            section.path_of("time_zone"),
            format!("is {:?}, which this machine does not know", found.value),
            "write an IANA name such as \"Europe/Chisinau\", or install the package tzdata",
        );
    }
    Some(found.value)
}

pub(super) fn mode_of(reader: &mut Reader, section: &Section<'_>, key: &str) -> Option<Mode> {
    let found = reader.text(section, key)?;
    match found.value.as_str() {
        "TEST" => Some(Mode::Test),
        "LIVE" => Some(Mode::Live),
        other => {
            reader.fault(
                &found.place,
                section.path_of(key),
                format!("is {other:?}"),
                "allowed are \"TEST\" and \"LIVE\"",
            );
            None
        }
    }
}

fn api(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Api {
    for key in ["tls_certificate", "tls_key"] {
        if section.has(key) {
            reader.fault(
                &section.place_of(key),
                section.path_of(key),
                "this build does not speak TLS yet",
                "remove it and listen on 127.0.0.1, or put a TLS proxy in front",
            );
        }
    }
    let clients = clients(reader, section, mode);
    if clients.is_empty() && reader.faults.is_empty() {
        reader.warn(
            &section.place,
            section.path_of("clients"),
            "is empty: nobody can call the API",
            "add an [[api.clients]] with key and secret_file",
        );
    }
    Api {
        listen: listen(reader, section),
        allowed_origins: origins(reader, section),
        clients,
    }
}

fn listen(reader: &mut Reader, section: &Section<'_>) -> SocketAddr {
    let default = SocketAddr::from(([127, 0, 0, 1], LISTEN_PORT));
    let Some(found) = reader.text(section, "listen") else {
        return default;
    };
    found.value.parse().unwrap_or_else(|_| {
        reader.fault(
            &found.place,
            section.path_of("listen"),
            format!("is {:?}", found.value),
            format!("write address and port, such as \"{default}\""),
        );
        default
    })
}

fn origins(reader: &mut Reader, section: &Section<'_>) -> Vec<String> {
    let found = reader.texts(section, "allowed_origins");
    for origin in &found {
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| origin.value.strip_prefix(scheme));
        if host.is_none_or(|host| !is_authority(host)) {
            reader.fault(
                &origin.place,
                section.path_of("allowed_origins"),
                format!("holds {:?}", origin.value),
                "write scheme and host without a path, such as \"https://shop.example\"",
            );
        }
    }
    found.into_iter().map(|origin| origin.value).collect()
}

fn clients(reader: &mut Reader, api: &Section<'_>, mode: Mode) -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    for section in reader.children(api, "clients", CLIENT) {
        let key = reader.required_text(&section, "key", "the name the caller sends as Api-Key");
        let secret = secret(reader, &section, mode);
        let (Some(key), Some(secret)) = (key, secret) else {
            continue;
        };
        if !key.value.bytes().all(|byte| byte.is_ascii_graphic()) {
            reader.fault(
                &key.place,
                section.path_of("key"),
                "holds a space or a letter that does not fit into an HTTP header",
                "write ASCII letters, digits and signs",
            );
        }
        if clients.iter().any(|client| client.key == key.value) {
            reader.fault(
                &key.place,
                section.path_of("key"),
                format!("{:?} stands twice", key.value),
                "give every client a key of its own",
            );
        }
        clients.push(Client {
            key: key.value,
            secret,
        });
    }
    clients
}

/// `secret_file`, or `secret` in TEST mode; never both, never neither.
pub(super) fn secret(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> Option<Secret> {
    let direct = reader.text(section, "secret");
    let file = reader.text(section, "secret_file");
    match (direct, file) {
        (Some(direct), Some(_)) => {
            reader.fault(
                &direct.place,
                section.path_of("secret"),
                "stands beside secret_file",
                "remove one of the two",
            );
            None
        }
        (Some(direct), None) if mode == Mode::Live => {
            reader.fault(
                &direct.place,
                section.path_of("secret"),
                "stands in the configuration of a LIVE till",
                "put it into a file with mode 0600 and name it with secret_file",
            );
            None
        }
        (Some(direct), None) => secret_text(
            reader,
            section,
            "secret",
            &direct.place,
            direct.value.clone(),
        ),
        (None, Some(file)) => secret_file(reader, section, &file, mode),
        (None, None) => {
            if !section.has("secret") && !section.has("secret_file") {
                reader.fault(
                    &section.place,
                    section.path_of("secret_file"),
                    "is missing",
                    "add it: the path of a file with mode 0600 that holds the secret",
                );
            }
            None
        }
    }
}

fn secret_file(
    reader: &mut Reader,
    section: &Section<'_>,
    file: &Found<String>,
    mode: Mode,
) -> Option<Secret> {
    let path = resolve(file);
    let key = section.path_of("secret_file");
    let text = match fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            reader.fault(
                &file.place,
                key,
                format!("{} cannot be read: {error}", path.display()),
                "create it with mode 0600, owned by the user that runs ferrotill",
            );
            return None;
        }
    };
    if others_may_read(&path) {
        let what = format!("{} can be read by other users", path.display());
        let remedy = format!("run chmod 600 {}", path.display());
        match mode {
            Mode::Live => reader.fault(&file.place, key, what, remedy),
            Mode::Test => reader.warn(&file.place, key, what, remedy),
        }
    }
    let secret = text.trim_end_matches(['\r', '\n']).to_owned();
    secret_text(reader, section, "secret_file", &file.place, secret)
}

fn secret_text(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    place: &Place,
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

fn others_may_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Host and port as a url writes them: `[::1]:80`, `host`, `10.0.0.1:7100`; no user, no path.
pub(super) fn is_authority(text: &str) -> bool {
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

/// A path as written, from the folder of the file it was written in.
pub(super) fn resolve(found: &Found<String>) -> PathBuf {
    match found.place.folder() {
        Some(folder) => folder.join(&found.value),
        None => PathBuf::from(&found.value),
    }
}

/// The keys that an environment variable can set, section by section.
pub(super) const SCALARS: &[(&str, &str)] = &[
    ("till", "country"),
    ("till", "mode"),
    ("till", "data_dir"),
    ("till", "answer_timeout_ms"),
    ("till", "time_zone"),
    ("till", "organization_name"),
    ("till", "idnx"),
    ("till", "address"),
    ("till", "registration_number"),
    ("api", "listen"),
    ("api", "allowed_origins"),
    ("upstream", "url"),
    ("upstream", "environment"),
    ("upstream", "ca_file"),
    ("upstream", "timeout_ms"),
    ("upstream", "offline_after_failures"),
    ("upstream", "offline_after_ms"),
    ("upstream", "dwell_s"),
];

/// Whether a key of [`SCALARS`] holds a whole number.
pub(super) fn is_integer(key: &str) -> bool {
    key.ends_with("_ms") || key.ends_with("_s") || key == "offline_after_failures"
}

/// Milliseconds a caller may be made to wait.
pub(super) const ANSWER_TIMEOUT_MS: std::ops::RangeInclusive<i64> = 1..=600_000;

const ROOT: &[&str] = &["till", "api", "device", "upstream", "offline"];
const TILL: &[&str] = &[
    "country",
    "mode",
    "data_dir",
    "answer_timeout_ms",
    "time_zone",
    "organization_name",
    "idnx",
    "address",
    "registration_number",
];
const API: &[&str] = &[
    "listen",
    "allowed_origins",
    "tls_certificate",
    "tls_key",
    "clients",
];
const CLIENT: &[&str] = &["key", "secret", "secret_file"];
const DATA_DIR: &str = "/var/lib/ferrotill";
const LISTEN_PORT: u16 = 50_700;
const ANSWER_TIMEOUT: Duration = Duration::from_millis(15_000);
const OWNER_TEXT_MAX: usize = 200;
