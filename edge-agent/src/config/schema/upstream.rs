//! The keys of `[upstream]` and `[upstream.online_ecr]`.

use super::{MODES, SECRET_FILE};
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const UPSTREAM: &[KeyRow] = &[
    key(
        "url",
        ValueKind::Text(
            "an http or https url without user, query and fragment, such as \"https://office.example\"",
        ),
        Preset::Required,
        "The address of the authority; use https if it is not on this machine.",
    )
    .environment()
    .set("\"http://127.0.0.1:7100\""),
    key(
        "environment",
        ValueKind::Choice(MODES),
        Preset::Computed("`mode` of `[till]`; a TEST till needs it for an address beyond this machine"),
        "The mode that the authority's server is meant for; it must be the till's own mode.",
    )
    .environment()
    .off("\"TEST\""),
    key(
        "ca_file",
        ValueKind::Path("the path of a file with certificates in PEM"),
        Preset::Unset("the certification bodies that browsers trust"),
        "The file with the certificates of the certification bodies that may have issued the authority's certificate; no others are trusted then.",
    )
    .environment()
    .off("\"/etc/ferrotill/office.pem\""),
    key(
        "timeout_ms",
        // While the authority is offline the till tries it at least every ten seconds, so no attempt may last longer.
        ValueKind::Integer(1, 10_000),
        Preset::Integer(5_000),
        "The longest time that the till waits for one answer of the authority, in milliseconds.",
    )
    .environment()
    .set("5000"),
    key(
        "offline_after_failures",
        ValueKind::Integer(1, 1_000),
        Preset::Integer(3),
        "The number of failures in a row after which the authority counts as offline.",
    )
    .environment()
    .set("3"),
    key(
        "offline_after_ms",
        ValueKind::Integer(0, 600_000),
        Preset::Integer(3_000),
        "The time since the first of these failures after which the authority counts as offline, in milliseconds.",
    )
    .environment()
    .set("3000"),
    key(
        "dwell_s",
        // Fiscal receipts must return within sixty seconds after the authority answers again.
        ValueKind::Integer(0, 30),
        Preset::Integer(10),
        "The shortest time that the authority counts as offline, in seconds, so that an unstable line does not change the kind of receipt again and again.",
    )
    .environment()
    .set("10"),
    key(
        "strict_order",
        ValueKind::Flag,
        Preset::Flag(false),
        "Whether a refused document holds back all later documents of all devices.",
    ),
];

pub(super) const ONLINE_ECR: &[KeyRow] = &[
    key(
        "success_field",
        ValueKind::Text("the name of a field of the answer"),
        Preset::Unset("every usual sign of success counts"),
        "The field of an answer that alone decides whether the message was accepted.",
    )
    .off("\"success\""),
    key(
        "numbers_field",
        ValueKind::Text("the name of a field of the answer"),
        Preset::Text("fiscalNumbers"),
        "The field of an answer with the reserved fiscal numbers.",
    ),
    key(
        "rounding_field",
        ValueKind::Text("the name of a field of the form"),
        Preset::Unset("the cash rounding is not told"),
        "The field of a sale or refund that tells its cash rounding, in the smallest unit of the currency. The payments stay those without the rounding.",
    ),
    key(
        "numbers",
        ValueKind::Integer(1, 100_000),
        Preset::Integer(200),
        "How many fiscal numbers one request asks for; the till asks again when half of them are used.",
    ),
];

pub(super) const ONLINE_ECR_PATHS: &[KeyRow] = &[
    path("sale", "The path for sales."),
    path("refund", "The path for refunds."),
    path("deposit", "The path for cash put into the drawer."),
    path("withdraw", "The path for cash taken out of the drawer."),
    path("alternative_receipt", "The path for alternative receipts."),
    path("z_report", "The path for Z-reports."),
    path(
        "fiscal_ranges",
        "The path at which the till asks for fiscal numbers.",
    ),
];

pub(super) const ONLINE_ECR_HEADERS: &[KeyRow] = &[
    key(
        "name",
        HEADER_NAME,
        Preset::Required,
        "The name of the header.",
    ),
    key(
        "value",
        ValueKind::Secret("the header's value"),
        Preset::Required,
        "The value of the header, in printable ASCII.",
    ),
];

pub(super) const ONLINE_ECR_SIGNATURE: &[KeyRow] = &[
    key(
        "header",
        HEADER_NAME,
        Preset::Required,
        "The header that carries the signature.",
    ),
    key(
        "secret",
        ValueKind::Secret("the secret that signs the messages"),
        Preset::Unset("`secret_file` is needed"),
        "The secret that signs the messages; only a TEST till may have it here.",
    ),
    key(
        "secret_file",
        SECRET_FILE,
        Preset::Unset("`secret` is needed"),
        "The file with the secret that signs the messages (mode 0600).",
    ),
];

/// A path below `url`; by default the name of the kind of message.
const fn path(name: &'static str, says: &'static str) -> KeyRow {
    key(
        name,
        ValueKind::Text("a path below url, such as \"sale\" or \"v1/receipts\""),
        Preset::Text(name),
        says,
    )
}

const HEADER_NAME: ValueKind = ValueKind::Text("a header's name, such as \"X-Signature\"");
