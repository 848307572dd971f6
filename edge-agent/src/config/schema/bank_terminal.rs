//! The keys of `[[bank_terminal]]`.

use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const BANK_TERMINAL: &[KeyRow] = &[
    key(
        "id",
        ValueKind::Text("a UUID of your choice"),
        Preset::Required,
        "The id of the terminal, which callers give as `bankTerminal`; keep it as long as the terminal is in use.",
    )
    .set("\"3f0c1f0e-51d8-4b5c-9a56-0f6f0a6b7c01\""),
    key(
        "name",
        ValueKind::Line(100),
        Preset::Computed("`Terminal` and its position in the list"),
        "The name of the terminal for people.",
    )
    .set("\"Terminal 1\""),
    key(
        "uri",
        ValueKind::Text("\"simulated:\""),
        Preset::Text("simulated:"),
        "How the terminal is reached. This build has the simulated terminal of a TEST till, `simulated:`, and no real one.",
    )
    .set("\"simulated:\""),
    key(
        "void_after_s",
        ValueKind::Integer(1, 3_600),
        Preset::Integer(60),
        "For how many seconds the money of a card is kept after the last caller has gone, if its document is not registered yet; then the till gives the money back.",
    ),
];
