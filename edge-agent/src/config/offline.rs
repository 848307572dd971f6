//! `[offline]`: the owner's own budget of selling without the tax office. It stands beside the law's and never widens it.

use ferrotill_core::budget::{AtTheEnd, Budget};

use super::reader::{Reader, Section};

/// Reads the section; none where it is not there.
pub(super) fn budget(reader: &mut Reader, root: &Section<'_>) -> Option<Budget> {
    if !root.has("offline") {
        return None;
    }
    let section = reader.child(root, "offline", OFFLINE);
    let mut limit = |key, unit_ms: i64, most: i64| {
        reader
            .integer(&section, key, 1..=most)
            .map(|number| number.saturating_mul(unit_ms))
    };
    let stretch_ms = limit("hours_at_a_stretch", HOUR_MS, HOURS_MAX);
    let month_ms = limit("hours_in_a_month", HOUR_MS, HOURS_IN_A_MONTH);
    let unsent_ms = limit("days_unsent", 24 * HOUR_MS, DAYS_MAX);
    let documents = limit("documents_unsent", 1, DOCUMENTS_MAX);
    Some(Budget {
        stretch_ms,
        month_ms,
        unsent_ms,
        unsent_documents: documents.and_then(|number| u32::try_from(number).ok()),
        at_the_end: at_the_end(reader, &section),
    })
}

fn at_the_end(reader: &mut Reader, section: &Section<'_>) -> AtTheEnd {
    match reader.text(section, "at_the_end") {
        None => AtTheEnd::Report,
        Some(found) => match found.value.as_str() {
            "warn" => AtTheEnd::Report,
            "refuse" => AtTheEnd::Stop,
            other => {
                reader.fault(
                    &found.place,
                    section.path_of("at_the_end"),
                    format!("is {other:?}"),
                    "allowed are \"warn\" and \"refuse\"",
                );
                AtTheEnd::Report
            }
        },
    }
}

pub(super) const OFFLINE: &[&str] = &[
    "hours_at_a_stretch",
    "hours_in_a_month",
    "days_unsent",
    "documents_unsent",
    "at_the_end",
];
const HOUR_MS: i64 = 3_600_000;
/// Ten years: more is no limit.
const HOURS_MAX: i64 = 87_600;
const HOURS_IN_A_MONTH: i64 = 744;
const DAYS_MAX: i64 = 3_650;
const DOCUMENTS_MAX: i64 = 10_000_000;
