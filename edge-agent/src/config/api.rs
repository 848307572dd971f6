//! `[api]`: the address of the HTTP API, and its callers.

use std::net::{Ipv4Addr, SocketAddr};

use ferrotill_core::is_blank;

use super::caller_tls::{CallerTlsConfig, caller_tls};
use super::fault::SourcePlace;
use super::key::{ShownValue, quoted};
use super::reader::{Reader, Section};
use super::values::{
    Mode, Secret, SecretKeys, is_host_and_port, optional_secret, secret, used_twice,
};

/// `[api]`: the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The address and port on which the API listens.
    pub listen: SocketAddr,
    /// Origins of web pages that may call, such as `https://shop.example`.
    pub allowed_origins: Vec<String>,
    /// The names of the compatible APIs that the till serves; `None` for those of the country.
    pub serve: Option<Vec<String>>,
    /// TLS to callers; `None` for HTTP alone.
    pub tls: Option<CallerTlsConfig>,
    /// The callers that may use the API.
    pub clients: Vec<Client>,
}

/// One caller of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The caller's public name.
    pub key: String,
    /// The secret with which the caller signs its requests.
    pub secret: Secret,
    /// The other secret that is accepted while the caller changes from one secret to the next.
    pub second_secret: Option<Secret>,
    /// The secret with which the caller gets tokens, in the APIs that have them.
    pub token_secret: Option<Secret>,
    /// The name of the seller on the documents of this caller.
    pub user: String,
    /// The names of the compatible APIs that the caller may use.
    pub apis: Vec<String>,
    /// What the caller may do beside reading.
    pub permissions: Vec<Permission>,
}

impl Client {
    /// The secrets with which the caller gets tokens. A LIVE till never takes the secret that signs the calls, because a password is sent.
    pub fn login_secrets(&self, mode: Mode) -> impl Iterator<Item = &Secret> {
        let signing = [Some(&self.secret), self.second_secret.as_ref()];
        let signing = signing.into_iter().flatten();
        let signing = signing.filter(move |_| mode == Mode::Test);
        self.token_secret.iter().chain(signing)
    }
}

/// What a caller may do. Reading needs no permission but the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Makes sales, cash operations and copies of them, and opens the drawer.
    Sell,
    /// Gives goods back.
    Return,
    /// Makes X-reports and Z-reports, which close the day.
    Report,
    /// Declares what became of a document, and lays documents aside.
    Settle,
    /// Sets the time and the levels of the log.
    Settings,
}

impl Permission {
    /// The name of the permission in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        let mut named = PERMISSIONS.iter();
        let named = named.find(|(_, permission)| *permission == self);
        named.map_or("", |(name, _)| name)
    }
}

/// All permissions with their names in the configuration.
const PERMISSIONS: &[(&str, Permission)] = &[
    ("sell", Permission::Sell),
    ("return", Permission::Return),
    ("report", Permission::Report),
    ("settle", Permission::Settle),
    ("settings", Permission::Settings),
];

/// The permissions of a client whose table names none.
const USUAL_PERMISSIONS: &[Permission] =
    &[Permission::Sell, Permission::Return, Permission::Report];

/// The name of a compatible API, and where it is written.
#[derive(Clone, Debug)]
pub(super) struct WrittenApi {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) place: SourcePlace,
}

/// Reads the section `[api]`.
///
/// Adds every name of a compatible API to `written`: only the APIs themselves know which of them exist.
pub(super) fn api(
    reader: &mut Reader,
    section: &Section<'_>,
    mode: Mode,
    written: &mut Vec<WrittenApi>,
) -> Api {
    let clients = clients(reader, section, mode, written);
    if clients.is_empty() && reader.faults.is_empty() {
        reader.warn(
            &section.place,
            section.path_of("clients"),
            "is empty, so nobody can call the API",
            "add an [[api.clients]] with key and secret_file",
        );
    }
    Api {
        listen: listen(reader, section),
        allowed_origins: origins(reader, section),
        serve: api_names(reader, section, "serve", written),
        tls: caller_tls(reader, section, mode),
        clients,
    }
}

fn listen(reader: &mut Reader, section: &Section<'_>) -> SocketAddr {
    let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let Some(found) = reader.text(section, "listen") else {
        return nowhere;
    };
    found.value.parse().unwrap_or_else(|_| {
        reader.fault(
            &found.place,
            section.path_of("listen"),
            format!("is {:?}", found.value),
            "write address and port, such as \"127.0.0.1:50700\"",
        );
        nowhere
    })
}

fn origins(reader: &mut Reader, section: &Section<'_>) -> Vec<String> {
    let found = reader.texts(section, "allowed_origins");
    for origin in &found {
        let host = ["http://", "https://"]
            .iter()
            .find_map(|scheme| origin.value.strip_prefix(scheme));
        if host.is_none_or(|host| !is_host_and_port(host)) {
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

/// Reads a list of names of compatible APIs; `None` if the key is not written.
fn api_names(
    reader: &mut Reader,
    section: &Section<'_>,
    key: &str,
    written: &mut Vec<WrittenApi>,
) -> Option<Vec<String>> {
    let found = reader.texts(section, key);
    if !section.has(key) {
        return None;
    }
    if found.is_empty() {
        reader.fault(
            &section.place_of(key),
            section.path_of(key),
            "names no API",
            "name at least one API, or remove the key",
        );
    }
    let mut names = Vec::new();
    for (index, api) in found.into_iter().enumerate() {
        names.push(api.value.clone());
        written.push(WrittenApi {
            path: format!("{}[{index}]", section.path_of(key)),
            name: api.value,
            place: api.place,
        });
    }
    Some(names)
}

fn clients(
    reader: &mut Reader,
    api: &Section<'_>,
    mode: Mode,
    written: &mut Vec<WrittenApi>,
) -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    for section in reader.children(api, "clients") {
        let key = reader.text(&section, "key");
        let secret = secret(reader, &section, mode);
        let apis = api_names(reader, &section, "apis", written)
            .unwrap_or_else(|| vec![CLIENT_API.to_owned()]);
        let permissions = permissions(reader, &section);
        let second_secret = optional_secret(reader, &section, mode, SECOND_SECRET);
        let token_secret = optional_secret(reader, &section, mode, TOKEN_SECRET);
        let (Some(key), Some(secret)) = (key, secret) else {
            continue;
        };
        if !key.value.bytes().all(|byte| byte.is_ascii_graphic()) {
            reader.fault(
                &key.place,
                section.path_of("key"),
                "holds a space or a letter that an HTTP header cannot hold",
                "write ASCII letters, digits and signs",
            );
        }
        if clients.iter().any(|client| client.key == key.value) {
            used_twice(reader, &section, "key", &key.value, "client");
        }
        let user = user(reader, &section, &key.value);
        clients.push(Client {
            key: key.value,
            secret,
            second_secret,
            token_secret,
            user,
            apis,
            permissions,
        });
    }
    clients
}

/// The permissions of a client. An empty list is one too: such a client only reads.
fn permissions(reader: &mut Reader, section: &Section<'_>) -> Vec<Permission> {
    let key = "permissions";
    let found = reader.texts(section, key);
    if !section.has(key) {
        return USUAL_PERMISSIONS.to_vec();
    }
    let mut permissions = Vec::new();
    for (index, found) in found.into_iter().enumerate() {
        let named = PERMISSIONS.iter().find(|(name, _)| *name == found.value);
        match named {
            Some((_, permission)) if !permissions.contains(permission) => {
                permissions.push(*permission)
            }
            Some(_) => {}
            None => {
                let names: Vec<&str> = PERMISSIONS.iter().map(|(name, _)| *name).collect();
                reader.fault(
                    &found.place,
                    format!("{}[{index}]", section.path_of(key)),
                    format!("is {:?}", found.value),
                    format!("allowed are {}", quoted(&names, "and")),
                );
            }
        }
    }
    permissions
}

/// The name of the seller on the documents of a client; without one, the client's key.
fn user(reader: &mut Reader, section: &Section<'_>, key: &str) -> String {
    let found = reader.text(section, "user");
    if let Some(found) = found.filter(|found| !is_blank(&found.value)) {
        return found.value;
    }
    reader.computed(section, "user", ShownValue::Text(key.to_owned()));
    key.to_owned()
}

/// The keys of a client's other secret.
const SECOND_SECRET: SecretKeys = SecretKeys {
    direct: "second_secret",
    file: "second_secret_file",
};
/// The keys of a client's secret for tokens.
const TOKEN_SECRET: SecretKeys = SecretKeys {
    direct: "token_secret",
    file: "token_secret_file",
};
/// The API of a client whose table names none.
const CLIENT_API: &str = "fiscalcloud";
