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

#[cfg(test)]
mod tests {
    use ferrotill_core::budget::{AtTheEnd, Budget};

    use crate::config::Config;

    fn read(section: &str) -> Result<Option<Budget>, String> {
        let text = format!(
            r#"{section}
[till]
country = "MD"
mode = "TEST"
[[api.clients]]
key = "till"
secret = "s3cret"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
name = "Till 1"
uri = "datecs+serial:///dev/ttyUSB0?baud=115200"
tax_groups = [ {{ code = "A", rate = "20.00" }} ]
payment_types = [ {{ code = 0, name = "Numerar", cash = true }} ]
"#
        );
        Config::parse(&text, "t.toml")
            .map(|config| config.offline)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_owners_budget_is_what_is_written() {
        assert_eq!(read(""), Ok(None));
        let hour_ms = 3_600_000;
        let section = "[offline]\nhours_at_a_stretch = 36\nhours_in_a_month = 168\ndays_unsent = 3\ndocuments_unsent = 500\nat_the_end = \"refuse\"\n";
        let budget = Budget {
            stretch_ms: Some(36 * hour_ms),
            month_ms: Some(168 * hour_ms),
            unsent_ms: Some(72 * hour_ms),
            unsent_documents: Some(500),
            at_the_end: AtTheEnd::Stop,
        };
        assert_eq!(read(section), Ok(Some(budget)));
        let warning = Budget {
            unsent_ms: Some(24 * hour_ms),
            ..Budget::UNLIMITED
        };
        assert_eq!(read("[offline]\ndays_unsent = 1\n"), Ok(Some(warning)));
    }

    #[test]
    fn a_budget_that_means_nothing_is_a_fault_with_its_place() {
        for (section, words) in [
            (
                "at_the_end = \"stop\"",
                "t.toml:2:14: offline.at_the_end: is \"stop\"; allowed are \"warn\" and \"refuse\"",
            ),
            ("days_unsent = 0", "t.toml:2:15: offline.days_unsent: "),
            (
                "hours_in_a_month = 745",
                "t.toml:2:20: offline.hours_in_a_month: ",
            ),
            ("hours = 3", "t.toml:2:1: offline.hours: "),
        ] {
            let fault = read(&format!("[offline]\n{section}\n")).unwrap_err();
            assert!(fault.contains(words), "{section}: {fault}");
        }
    }
}
