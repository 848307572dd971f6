//! The keys of `[fiscalbox]`, `[fiscalbox.units]` and `[fiscalbox.billing]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const FISCALBOX: &[KeyRow] = &[
    key(
        "stored_hours_max",
        ValueKind::Integer(1, 720),
        Preset::Integer(48),
        "For how many hours a fiscal module keeps receipts that it cannot send before it refuses further ones.",
    ),
    key(
        "confirm_after_s",
        ValueKind::Integer(1, 86_400),
        Preset::Integer(60),
        "After so many seconds the till itself gives a payment provider the link of a receipt, if the caller has not done it.",
    ),
    key(
        "give_back_after_s",
        ValueKind::Integer(1, 86_400),
        Preset::Integer(900),
        "For how many seconds the money of a payment without a receipt is kept; then the till gives it back, or has a person do it where the provider has no call for that.",
    ),
    key(
        "classes_file",
        ValueKind::Path("the path of a text file with one goods code and its package codes a line"),
        Preset::Unset("goods codes are checked for their form alone"),
        "The goods codes that receipts may have: on each line a code of 17 digits and, after a comma or a blank, its package codes.",
    )
    .off("\"/var/lib/ferrotill/classes.txt\""),
];

const UNIT: ValueKind = ValueKind::Choice(&["tiyin", "som"]);

pub(super) const FISCALBOX_UNITS: &[KeyRow] = &[
    key(
        "click",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of Click.",
    ),
    key(
        "payme",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of Payme.",
    ),
    key(
        "uzum",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of Uzum.",
    ),
    key(
        "anor",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of Anor.",
    ),
    key(
        "xumo",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of the Humo pinpad.",
    ),
    key(
        "uzcard",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of the Uzcard pinpad.",
    ),
    key(
        "scan2pay",
        UNIT,
        Preset::Text("tiyin"),
        "The unit of amounts of Scan2Pay.",
    ),
];

pub(super) const FISCALBOX_BILLING: &[KeyRow] = &[
    key(
        "url",
        ValueKind::Text(
            "an https url without user, query and fragment, or an http url on this machine",
        ),
        Preset::Text("https://api.fbox.uz"),
        "The address of the billing.",
    ),
    key(
        "user",
        ValueKind::Line(100),
        Preset::Required,
        "The user of the billing.",
    )
    .off("\"shop\""),
    key(
        "password",
        ValueKind::Secret("the password of the user"),
        Preset::Unset("`password_file` is needed"),
        "The password of the user; only a TEST till may have it here.",
    )
    .hidden(),
    key(
        "password_file",
        SECRET_FILE,
        Preset::Unset("the billing has a password"),
        "The file with the password of the user.",
    )
    .off("\"/run/credentials/ferrotill.service/billing\""),
];
