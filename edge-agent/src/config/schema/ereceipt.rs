//! The keys of `[ereceipt]`.

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
