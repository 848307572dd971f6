//! The keys of `[mail]` and `[sms]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const MAIL: &[KeyRow] = &[
    key(
        "host",
        ValueKind::Text("the name of the mail server, such as \"mail.example\""),
        Preset::Required,
        "The mail server. TLS is used from the first byte on port 465 and begun with STARTTLS on others; without TLS nothing is sent, unless the server is on this machine.",
    )
    .off("\"mail.example\""),
    key(
        "port",
        ValueKind::Integer(1, 65_535),
        Preset::Integer(587),
        "The port of the mail server.",
    )
    .off("587"),
    key(
        "user",
        ValueKind::Text("the user of the mail server"),
        Preset::Unset("no login"),
        "The user with whom the till logs in.",
    )
    .off("\"receipts@shop.example\""),
    key(
        "password",
        ValueKind::Secret("the password of the user"),
        Preset::Unset("`password_file` is needed with `user`"),
        "The password of the user; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "password_file",
        SECRET_FILE,
        Preset::Unset("no login"),
        "The file with the password of the user; only the user that runs ferrotill may read it (mode 0600).",
    )
    .off("\"/etc/ferrotill/mail.password\""),
    key(
        "from",
        ValueKind::Text("an e-mail address, such as \"Shop <receipts@shop.example>\""),
        Preset::Required,
        "The sender of the mails.",
    )
    .off("\"Shop <receipts@shop.example>\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with certificates in PEM"),
        Preset::Unset("the certification bodies that browsers trust"),
        "The file with the certificates of the certification bodies that may have issued the certificate of the mail server; no others are trusted then.",
    )
    .off("\"/etc/ferrotill/mail.pem\""),
];

pub(super) const SMS: &[KeyRow] = &[
    key(
        "url",
        ValueKind::Text("an https url without user, such as \"https://gateway.example/send\""),
        Preset::Required,
        "The address to which `{\"to\": …, \"text\": …}` is posted for each message.",
    )
    .off("\"https://gateway.example/send\""),
    key(
        "header",
        ValueKind::Text("letters, digits and hyphens, such as \"X-Api-Key\""),
        Preset::Text("Authorization"),
        "The header that holds the secret.",
    )
    .off("\"Authorization\""),
    key(
        "secret",
        ValueKind::Secret("the value of the header"),
        Preset::Unset("no secret"),
        "The value of the header; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("no secret"),
        "The file with the value of the header, such as `Bearer …`; only the user that runs ferrotill may read it (mode 0600).",
    )
    .off("\"/etc/ferrotill/sms.secret\""),
];
