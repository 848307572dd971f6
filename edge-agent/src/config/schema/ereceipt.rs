//! The keys of `[ereceipt]`, `[ereceipt.bucket]` and `[ereceipt.service]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const ERECEIPT: &[KeyRow] = &[
    key(
        "listen",
        ValueKind::Text("address:port, such as \"0.0.0.0:50701\""),
        Preset::Unset("no listener for buyers"),
        "The address at which buyers read receipts: only `/r/…` is served there. On the main listener these pages are for this machine.",
    )
    .off("\"0.0.0.0:50701\""),
    key(
        "public_url",
        ValueKind::Text("the address without a user, such as \"https://receipts.shop.example\""),
        Preset::Unset("no link and no QR code on receipts"),
        "The address under which buyers reach the listener: what the links and QR codes of receipts begin with.",
    )
    .off("\"https://receipts.shop.example\""),
    key(
        "public_days",
        ValueKind::Integer(1, 3_650),
        Preset::Integer(30),
        "How many days a receipt is public.",
    )
    .off("30"),
    key(
        "hospitality",
        ValueKind::Flag,
        Preset::Flag(true),
        "Whether buyers may write the particulars of a business meal beside a receipt that a caller has uploaded.",
    )
    .off("true"),
];

pub(super) const ERECEIPT_BUCKET: &[KeyRow] = &[
    key(
        "url",
        SERVER,
        Preset::Required,
        "The address of the S3-compatible server, without the bucket.",
    )
    .off("\"https://s3.eu-central-1.amazonaws.com\""),
    key(
        "region",
        ValueKind::Text("the region, such as \"eu-central-1\""),
        Preset::Text("us-east-1"),
        "The region of the server, which is part of each signature.",
    )
    .off("\"eu-central-1\""),
    key(
        "name",
        ValueKind::Text("small letters, digits, dots and hyphens, such as \"receipts\""),
        Preset::Required,
        "The name of the bucket.",
    )
    .off("\"receipts\""),
    key(
        "key",
        ValueKind::Text("the id of the access key"),
        Preset::Required,
        "The id of an access key that may write objects below `r/`.",
    )
    .off("\"AKIAIOSFODNN7EXAMPLE\""),
    key(
        "secret",
        ValueKind::Secret("the secret of the access key"),
        Preset::Unset("`secret_file` is needed"),
        "The secret of the access key; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("the access key has a secret"),
        "The file with the secret of the access key; only the user that runs ferrotill may read it (mode 0600).",
    )
    .off("\"/etc/ferrotill/bucket.secret\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with certificates in PEM"),
        Preset::Unset("the certification bodies that browsers trust"),
        "The file with the certificates of the certification bodies that may have issued the certificate of the server; no others are trusted then.",
    )
    .off("\"/etc/ferrotill/bucket.pem\""),
];

pub(super) const ERECEIPT_SERVICE: &[KeyRow] = &[
    key(
        "url",
        SERVER,
        Preset::Required,
        "The address below which the operations of the service are.",
    )
    .off("\"https://receipt.fiskaly.com/api/v1\""),
    key(
        "key",
        ValueKind::Line(200),
        Preset::Required,
        "The API key.",
    )
    .off("\"live_abc\""),
    key(
        "secret",
        ValueKind::Secret("the API secret"),
        Preset::Unset("`secret_file` is needed"),
        "The API secret; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("the API key has a secret"),
        "The file with the API secret; only the user that runs ferrotill may read it (mode 0600).",
    )
    .off("\"/etc/ferrotill/ereceipt.secret\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with certificates in PEM"),
        Preset::Unset("the certification bodies that browsers trust"),
        "The file with the certificates of the certification bodies that may have issued the certificate of the service; no others are trusted then.",
    )
    .off("\"/etc/ferrotill/ereceipt.pem\""),
];

const SERVER: ValueKind = ValueKind::Text(
    "an https url without user, query and fragment, or an http url on this machine",
);
