//! The keys of `[ui]`.

use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const UI: &[KeyRow] = &[key(
    "people_file",
    ValueKind::Path("a file that only the till can read, such as \"/etc/ferrotill/people.toml\""),
    Preset::Unset("people.toml in the data folder"),
    "The file with the names, rights and PINs of the people who may use the dashboard; `ferrotill person` changes it.",
)
.off("\"/etc/ferrotill/people.toml\"")];
