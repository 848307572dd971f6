//! The keys of `[finanzonline]`.

use super::SECRET_FILE;
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const FINANZ_ONLINE: &[KeyRow] = &[
    key(
        "url",
        ValueKind::Text("an https url without user, query and fragment, or an http url on this machine"),
        Preset::Text("https://finanzonline.bmf.gv.at/fonws/ws"),
        "The address of the web services; a TEST till sends its requests there as tests, with which nothing is registered for good.",
    ),
    key(
        "participant_id",
        ValueKind::Line(12),
        Preset::Unset("a caller of the API gives the user"),
        "The id of the participant (Teilnehmer-Identifikation), 8 to 12 letters and digits.",
    )
    .off("\"123456789\""),
    key(
        "user_id",
        ValueKind::Line(12),
        Preset::Unset("a caller of the API gives the user"),
        "The id of the user (Benutzer-Identifikation), of the kind \"Registrierkassen-Webservice\": not that of a person.",
    )
    .off("\"kassews01\""),
    key(
        "pin_file",
        SECRET_FILE,
        Preset::Unset("a caller of the API gives the user"),
        "The file with the PIN of the user. A wrong PIN is sent once: the authority locks a user after several wrong ones.",
    )
    .off("\"/run/credentials/ferrotill.service/finanzonline.pin\""),
    key(
        "manufacturer_id",
        ValueKind::Line(24),
        Preset::Required,
        "The VAT id of the maker of the program (Hersteller-Identifikation), 10 to 24 letters and digits.",
    )
    .off("\"ATU12345678\""),
];
