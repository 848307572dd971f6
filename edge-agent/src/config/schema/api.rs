//! The keys of `[api]` and `[[api.clients]]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key, reloadable_key};

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
        "The certificate that callers get over TLS, and those of its issuers; a new file is read while the till runs.",
    )
    .off("\"/etc/ferrotill/till.certificate.pem\""),
    key(
        "tls_key",
        ValueKind::Path("the path of a file in PEM"),
        Preset::Unset("no TLS"),
        "The private key of `tls_certificate`, without a password; only the user that runs ferrotill may read it (mode 0600).",
    )
    .off("\"/etc/ferrotill/till.key.pem\""),
    key(
        "tls_make_certificate",
        ValueKind::Flag,
        Preset::Flag(false),
        "The till makes its own certificate for callers, in the data folder (callers.certificate.pem); callers must trust this file.",
    )
    .off("false"),
    key(
        "tls_names",
        ValueKind::Texts("names of hosts, such as \"till.shop.example\""),
        Preset::EmptyList,
        "Names under which callers reach the till, beside the name of the machine and its addresses.",
    )
    .off("[\"till.shop.example\"]"),
];

pub(super) const API_FISCALBOX: &[KeyRow] = &[key(
    "allow",
    ValueKind::Texts("networks, such as \"192.168.0.0/24\""),
    Preset::EmptyList,
    "The networks whose callers may use the API, which has no authentication of its own; callers on this machine always may.",
)
.off("[\"192.168.0.0/24\"]")];

pub(super) const API_CLIENTS: &[KeyRow] = &[
    reloadable_key(
        "key",
        ValueKind::Text("the name that the caller sends as Api-Key"),
        Preset::Required,
        "The name that the caller sends in the header `Api-Key`.",
    )
    .set("\"pos-1\""),
    reloadable_key(
        "secret",
        ValueKind::Secret("the secret that signs the calls"),
        Preset::Unset("`secret_file` is needed"),
        "The secret that signs the calls; only a TEST till may have it here.",
    )
    .hidden(),
    reloadable_key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("`secret` is needed"),
        "The file with the secret that signs the calls; only the user that runs ferrotill may read it (mode 0600).",
    )
    .set("\"/etc/ferrotill/api.secret\""),
    reloadable_key(
        "second_secret",
        ValueKind::Secret("the other secret that signs the calls"),
        Preset::Unset("one secret"),
        "Like `secret`: both are accepted, while the caller changes from one to the other; only a TEST till may have it here.",
    )
    .hidden(),
    reloadable_key(
        "second_secret_file",
        SECRET_FILE,
        Preset::Unset("one secret"),
        "The file with a second secret: both are accepted, while the caller changes from one to the other.",
    )
    .off("\"/etc/ferrotill/api.second-secret\""),
    reloadable_key(
        "token_secret",
        ValueKind::Secret("the secret that gets tokens"),
        Preset::Unset("no tokens on a LIVE till; `secret` on a TEST till"),
        "The secret that gets tokens, in the APIs that have them; only a TEST till may have it here.",
    )
    .hidden(),
    reloadable_key(
        "token_secret_file",
        SECRET_FILE,
        Preset::Unset("no tokens on a LIVE till; `secret` on a TEST till"),
        "The file with the secret that gets tokens, in the APIs that have them; a LIVE till never takes `secret` for that.",
    )
    .off("\"/etc/ferrotill/api.token-secret\""),
    reloadable_key(
        "user",
        ValueKind::Line(100),
        Preset::Computed("`key`"),
        "The name of the seller on documents, in answers and in what is sent to the authority.",
    )
    .off("\"Ana\""),
    reloadable_key(
        "apis",
        API_NAMES,
        Preset::Unset("`fiscalcloud` alone"),
        "The compatible APIs that the caller may use.",
    )
    .off("[\"fiscalcloud\"]"),
    reloadable_key(
        "permissions",
        ValueKind::Texts("names of permissions, such as \"sell\""),
        Preset::Unset("`sell`, `return` and `report`"),
        "What the caller may do beside reading: `sell` (sales, cash, copies, the drawer), `return`, `report` (X and Z), `settle` (declare what became of a document, lay documents aside), `settings` (time, levels of the log).",
    )
    .off("[\"sell\", \"return\", \"report\", \"settle\", \"settings\"]"),
];

const API_NAMES: ValueKind = ValueKind::Texts("names of APIs, such as \"fiscalcloud\"");
