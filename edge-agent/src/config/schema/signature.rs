//! The keys of `[[signature_unit]]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const SIGNATURE_UNIT: &[KeyRow] = &[
    key(
        "kind",
        ValueKind::Choice(KINDS),
        Preset::Required,
        "What the unit is: `software` is a private key in a file; this build has no other kind yet.",
    )
    .off("\"software\""),
    key(
        "id",
        ValueKind::Line(64),
        Preset::Required,
        "The name of the unit; in a closed system (`R1-AT0`) the id of the key as it is registered, such as `U:ATU12345678-K1`.",
    )
    .off("\"unit-1\""),
    key(
        "suite",
        ValueKind::Text("\"R1-AT9\" on a TEST till, or \"R1-AT0\" for a closed system"),
        Preset::Required,
        "The suite of the unit: `R1-AT9`, with a certificate of its own, on a TEST till only; `R1-AT0`, a closed system.",
    )
    .off("\"R1-AT9\""),
    key(
        "key_file",
        ValueKind::Path("the path of a file with mode 0600 that holds the encrypted private key"),
        Preset::Required,
        "The file with the private key, encrypted under the secret of `pin_file`. A TEST till makes it at its first start; `ferrotill rksv key` makes it for a LIVE till.",
    )
    .off("\"/etc/ferrotill/signature-unit.key\""),
    key(
        "pin_file",
        SECRET_FILE,
        Preset::Unset("a LIVE till needs it; a TEST till makes a secret beside `key_file`, with `.pin` at the end of its name"),
        "The file with the secret under which the private key is encrypted, for example a credential of systemd.",
    )
    .off("\"/run/credentials/ferrotill.service/signature-unit.pin\""),
    key(
        "closed_system",
        ValueKind::Line(64),
        Preset::Unset("a LIVE till needs it for a unit in software"),
        "The number of the decision with which the tax authority has confirmed the closed system (Feststellungsbescheid).",
    )
    .off("\"123/2026\""),
];

/// The kinds of units that the law and the configuration know.
pub(in crate::config) const KINDS: &[&str] = &["software", "pkcs11", "http"];
