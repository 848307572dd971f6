//! The keys of `[audit]`.

use crate::config::key::{KeyRow, Preset, ValueKind, reloadable_key};

pub(super) const AUDIT: &[KeyRow] = &[reloadable_key(
    "at",
    ValueKind::Text("a time of the day such as \"04:00\", or \"\" for never"),
    Preset::Text("04:00"),
    "When the till audits itself, once a day in its own time zone: the whole store as `ferrotill verify` does, what the printers' counters have shown, and the documents that wait. A till that was off then, or sells then, does it later. With an empty text it never does.",
)];
