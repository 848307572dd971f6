//! `[offline]`: the owner's own limits for selling while the authority is offline. They never widen the limits of the law.

use ferrotill_core::budget::{AtTheEnd, Budget};

use super::reader::{Reader, Section};

/// Reads the section `[offline]`; `None` if it is not written.
pub(super) fn budget(reader: &mut Reader, root: &Section<'_>) -> Option<Budget> {
    if !root.has("offline") {
        return None;
    }
    let section = reader.child(root, "offline");
    let mut duration_ms = |key, unit_ms: i64| {
        let number: i64 = reader.number(&section, key)?;
        Some(number.saturating_mul(unit_ms))
    };
    let stretch_ms = duration_ms("hours_at_a_stretch", HOUR_MS);
    let month_ms = duration_ms("hours_in_a_month", HOUR_MS);
    let unsent_ms = duration_ms("days_unsent", 24 * HOUR_MS);
    let at_the_end = [("warn", AtTheEnd::Report), ("refuse", AtTheEnd::Stop)];
    Some(Budget {
        stretch_ms,
        month_ms,
        unsent_ms,
        unsent_documents: reader.number(&section, "documents_unsent"),
        at_the_end: reader
            .choice(&section, "at_the_end", &at_the_end)
            .unwrap_or(AtTheEnd::Report),
    })
}

const HOUR_MS: i64 = 3_600_000;
