//! The keys of `[offline]`.

use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const OFFLINE: &[KeyRow] = &[
    key(
        "hours_at_a_stretch",
        // Ten years: more is no limit.
        ValueKind::Integer(1, 87_600),
        Preset::Unset("no limit of the owner's"),
        "How many hours without a break the till may sell while the authority is offline.",
    )
    .off("72"),
    key(
        "hours_in_a_month",
        ValueKind::Integer(1, 744),
        Preset::Unset("no limit of the owner's"),
        "How many hours of one month the till may sell while the authority is offline.",
    )
    .off("168"),
    key(
        "days_unsent",
        ValueKind::Integer(1, 3_650),
        Preset::Unset("no limit of the owner's"),
        "How many days a document may wait until it is sent.",
    )
    .off("3"),
    key(
        "documents_unsent",
        ValueKind::Integer(1, 10_000_000),
        Preset::Unset("no limit of the owner's"),
        "How many documents may wait until they are sent.",
    )
    .off("5000"),
    key(
        "at_the_end",
        ValueKind::Choice(&["warn", "refuse"]),
        Preset::Text("warn"),
        "What happens at a limit: `warn` reports it and sells on, `refuse` refuses sales.",
    ),
];
