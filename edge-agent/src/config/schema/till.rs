//! The keys of `[till]`.

use super::{ANSWER_TIMEOUT_MS, MODES};
use crate::config::key::{KeyRow, Preset, ValueKind, key};

pub(super) const TILL: &[KeyRow] = &[
    key(
        "country",
        ValueKind::Text("two capital letters, such as \"MD\""),
        Preset::Required,
        "The country whose law applies, by its two letters of ISO 3166-1.",
    )
    .environment()
    .set("\"MD\""),
    key(
        "mode",
        ValueKind::Choice(MODES),
        Preset::Required,
        "`TEST` is for practice and has the switches of the simulators; `LIVE` is for real sales.",
    )
    .environment()
    .set("\"TEST\""),
    key(
        "data_dir",
        ValueKind::Path("the folder of the journal, such as \"/var/lib/ferrotill\""),
        Preset::Text("/var/lib/ferrotill"),
        "The folder of the journal.",
    )
    .environment()
    .set("\"/var/lib/ferrotill\""),
    key(
        "answer_timeout_ms",
        ANSWER_TIMEOUT_MS,
        Preset::Integer(15_000),
        "The longest time that a caller waits for the outcome of a document, in milliseconds.",
    )
    .environment(),
    key(
        "time_zone",
        ValueKind::Text("an IANA name such as \"Europe/Chisinau\""),
        Preset::Unset("the zone of the country"),
        "The time zone that decides when the till's day begins, by its IANA name.",
    )
    .environment()
    .off("\"Europe/Chisinau\""),
    key(
        "contact_days",
        // Ten years.
        ValueKind::Integer(1, 3_650),
        Preset::Integer(30),
        "How many days the e-mail address and the telephone number of a buyer are kept after the document.",
    )
    .environment(),
    key(
        "organization_name",
        OWNER_TEXT,
        Preset::Unset("empty on documents"),
        "The owner's name, as it is printed and reported.",
    )
    .environment()
    .set("\"Magazin SRL\""),
    key(
        "idnx",
        OWNER_TEXT,
        Preset::Unset("empty on documents"),
        "The owner's tax number.",
    )
    .environment()
    .set("\"1003600000001\""),
    key(
        "address",
        OWNER_TEXT,
        Preset::Unset("empty on documents"),
        "The address of the shop.",
    )
    .environment()
    .set("\"str. Independentei 1, Chisinau\""),
    key(
        "registration_number",
        OWNER_TEXT,
        Preset::Unset("the id of the device"),
        "The till's number in the register of the authority. It belongs to the device that the data folder knows by it, or else to the only device; where there are several devices, write it at its device.",
    )
    .environment()
    .off("\"J803000123\""),
    key(
        "language",
        ValueKind::Choice(LANGUAGES),
        Preset::Unset("the language of the country"),
        "The language of the words on the till's papers and print forms; what a fiscal printer prints by itself has the printer's language. `uz-Latn` and `uz-Cyrl` are Uzbek in Latin and in Cyrillic letters.",
    )
    .environment()
    .off("\"ru\""),
    key(
        "logo",
        ValueKind::Path("the path of a PNG, such as \"/etc/ferrotill/logo.png\""),
        Preset::Unset("no logo"),
        "A PNG of at most 576 × 400 pixels and 262144 bytes that is shown above the seller's name on print forms and on the slips of a receipt printer (`escpos`), which prints a logo that is wider than its paper smaller. Each pixel becomes black or white.",
    )
    .environment()
    .off("\"/etc/ferrotill/logo.png\""),
    key(
        "verification_link",
        ValueKind::Text("the address of a web page with {number}"),
        Preset::Unset("no QR code"),
        "The address at which a buyer checks a receipt; print forms and the slips of a receipt printer show it as a QR code, and the slips of other printers as text. A receipt replaces `{number}` by its fiscal number or by the fiscal printer's number, `{total}` by its total (`54.33`), `{date}` by its local date (`2026-11-28`), and `{registration}` by `registration_number` of `[till]`. Alternative receipts have none.",
    )
    .environment()
    .off("\"https://example.org/check/{registration}/{total}/{number}/{date}\""),
];

/// The languages of which there are word lists.
const LANGUAGES: &[&str] = &["de", "en", "ro", "ru", "uk", "uz-Cyrl", "uz-Latn"];

const OWNER_TEXT: ValueKind = ValueKind::Line(200);
