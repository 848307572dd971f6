//! The keys of `[api]` and `[[api.clients]]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const API: &[KeyRow] = &[
    key(
        "listen",
        ValueKind::Text("address and port, such as \"127.0.0.1:50700\""),
        Preset::Text("127.0.0.1:50700"),
        "The address and the port at which the till listens.",
    )
    .environment()
    .set("\"127.0.0.1:50700\""),
    key(
        "allowed_origins",
        ValueKind::Texts("scheme and host without a path, such as \"https://shop.example\""),
        Preset::EmptyList,
        "The origins of web pages that may call the API from a browser.",
    )
    .environment()
    .off("[\"https://shop.example\"]"),
    key(
        "serve",
        API_NAMES,
        Preset::Unset("the APIs of the country that this build has"),
        "The compatible APIs that the till serves.",
    )
    .off("[\"fiscalcloud\"]"),
    key(
        "tls_certificate",
        ValueKind::Path("the path of a file in PEM"),
        Preset::Unset("no TLS"),
        "Reserved: this build has no TLS for callers and refuses the key; put a TLS proxy in front of it.",
    )
    .hidden(),
    key(
        "tls_key",
        ValueKind::Path("the path of a file in PEM"),
        Preset::Unset("no TLS"),
        "Reserved, like `tls_certificate`.",
    )
    .hidden(),
];

pub(super) const API_CLIENTS: &[KeyRow] = &[
    key(
        "key",
        ValueKind::Text("the name that the caller sends as Api-Key"),
        Preset::Required,
        "The name that the caller sends in the header `Api-Key`.",
    )
    .set("\"pos-1\""),
    key(
        "secret",
        ValueKind::Secret("the secret that signs the calls"),
        Preset::Unset("`secret_file` is needed"),
        "The secret that signs the calls; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("`secret` is needed"),
        "The file with the secret that signs the calls; only the user that runs ferrotill may read it (mode 0600).",
    )
    .set("\"/etc/ferrotill/api.secret\""),
    key(
        "user",
        ValueKind::Line(100),
        Preset::Computed("`key`"),
        "The name of the seller on documents, in answers and in what the authority is told.",
    )
    .off("\"Ana\""),
    key(
        "apis",
        API_NAMES,
        Preset::Unset("`fiscalcloud` alone"),
        "The compatible APIs that the caller may use.",
    )
    .off("[\"fiscalcloud\"]"),
];

const API_NAMES: ValueKind = ValueKind::Texts("names of APIs, such as \"fiscalcloud\"");
