//! The keys of `[[goods]]`.

use crate::config::key::{KeyRow, Preset, ValueKind, key};

/// The largest number of goods.
pub(super) const GOODS_MAX: usize = 20_000;

pub(super) const GOODS: &[KeyRow] = &[
    key(
        "good_id",
        ValueKind::Text("the UUID that callers send as `goodId`"),
        Preset::Required,
        "The id of the good, which callers send as `goodId` of an item.",
    )
    .off("\"1b4e28ba-2fa1-41d2-883f-0016d3cca427\""),
    key(
        "class_code",
        ValueKind::Text("17 digits"),
        Preset::Required,
        "The code of the good in the state's catalogue (MXIK, IKPU).",
    )
    .off("\"01905001001000000\""),
    key(
        "package_code",
        ValueKind::Text("1 to 20 digits"),
        Preset::Required,
        "The code of the package in the state's catalogue; `\"0\"` if it is not known.",
    )
    .off("\"1282556\""),
    key(
        "owner_type",
        ValueKind::Integer(0, 2),
        Preset::Integer(0),
        "0 for goods that were bought, 1 for goods of the shop's own production, 2 for a service.",
    ),
    key(
        "unit",
        ValueKind::Line(63),
        Preset::Text("dona"),
        "The unit in which the good is counted, as the state's catalogue writes it in Latin letters, such as dona, kilogramm or litr.",
    ),
];
