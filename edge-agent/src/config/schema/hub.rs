//! The keys of `[hub]`.

use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const HUB: &[KeyRow] = &[
    key(
        "url",
        ValueKind::Text("the https address of the hub, such as \"https://hub.example:8443\""),
        Preset::Required,
        "The address at which the hub listens for tills. The till is enrolled there once: `ferrotill hub enrol`.",
    )
    .off("\"https://hub.example:8443\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with a certificate in PEM"),
        Preset::Unset("hub.ca.pem in the data folder, which the enrolment writes"),
        "The file with the certificate of the hub's own certificate authority; no other is trusted.",
    )
    .off("\"/etc/ferrotill/hub.ca.pem\""),
];
