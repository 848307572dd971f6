//! `[till]`: the till and its owner.

use std::path::PathBuf;
use std::time::Duration;

use ferrotill_core::facts::Facts;

use super::paper_look::{PaperLook, paper_look};
use super::reader::{Reader, Section};
use super::values::Mode;

/// `[till]`: the till and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillConfig {
    /// The country: two letters of ISO 3166-1. The profiles of the core define which countries exist.
    pub country: String,
    /// Whether the till is for practice or for real sales.
    pub mode: Mode,
    /// The folder of the journal.
    pub data_dir: PathBuf,
    /// The longest time that a caller waits for the outcome of a request.
    pub answer_timeout: Duration,
    /// The IANA name of the time zone of the till; `None` for the zone of the country.
    pub time_zone: Option<String>,
    /// How long the contact of a buyer is kept after its document, in milliseconds.
    pub contact_ms: i64,
    /// The owner of the till.
    pub owner: Owner,
}

impl TillConfig {
    /// The IANA name of the time zone of the till: the one that is configured, or that of the country.
    #[must_use]
    pub fn zone<'a>(&'a self, facts: &'a Facts) -> &'a str {
        self.time_zone.as_deref().unwrap_or(facts.time_zone)
    }
}

/// The identity of the till's owner, as it is printed and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The owner's name.
    pub organization_name: Option<String>,
    /// The owner's tax number.
    pub idnx: Option<String>,
    /// The address of the shop.
    pub address: Option<String>,
    /// The till's number in the register of the authority.
    pub registration_number: Option<String>,
    /// How the till's papers look.
    pub paper: PaperLook,
}

/// Reads the section `[till]`. `mode` was read before, because it decides how strict the other rules are.
pub(super) fn till(reader: &mut Reader, section: &Section<'_>, mode: Mode) -> TillConfig {
    let mut owner_text = |key| reader.text(section, key).map(|found| found.value);
    let mut owner = Owner {
        organization_name: owner_text("organization_name"),
        idnx: owner_text("idnx"),
        address: owner_text("address"),
        registration_number: owner_text("registration_number"),
        paper: PaperLook::default(),
    };
    owner.paper = paper_look(reader, section, owner.registration_number.is_some());
    TillConfig {
        country: country(reader, section),
        mode,
        data_dir: reader
            .path(section, "data_dir")
            .map(|found| found.value)
            .unwrap_or_default(),
        answer_timeout: reader
            .milliseconds(section, "answer_timeout_ms")
            .unwrap_or_default(),
        time_zone: time_zone(reader, section),
        contact_ms: reader
            .number::<i64>(section, "contact_days")
            .unwrap_or_default()
            .saturating_mul(DAY_MS),
        owner,
    }
}

const DAY_MS: i64 = 24 * 3_600_000;

fn country(reader: &mut Reader, section: &Section<'_>) -> String {
    let Some(found) = reader.text(section, "country") else {
        return String::new();
    };
    if found.value.len() != 2 || !found.value.bytes().all(|byte| byte.is_ascii_uppercase()) {
        reader.fault(
            &found.place,
            section.path_of("country"),
            format!("is {:?}", found.value),
            "write two capital letters, such as \"MD\"",
        );
    }
    found.value
}

fn time_zone(reader: &mut Reader, section: &Section<'_>) -> Option<String> {
    let found = reader.text(section, "time_zone")?;
    if crate::time::clock::zone_of(&found.value).is_err() {
        reader.fault(
            &found.place,
            section.path_of("time_zone"),
            format!("is {:?}, which this machine does not know", found.value),
            "write an IANA name such as \"Europe/Chisinau\"",
        );
    }
    Some(found.value)
}
