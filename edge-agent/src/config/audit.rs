//! `[audit]`: the daily audit of the till.

use jiff::civil::Time;

use super::reader::{Reader, Section};

/// `[audit]`: the daily audit of the till.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditConfig {
    /// When the till audits itself, in its own time zone; `None` for never.
    pub at: Option<Time>,
}

/// Reads the section `[audit]`, which may be left out.
pub(super) fn audit(reader: &mut Reader, root: &Section<'_>) -> AuditConfig {
    let section = reader.child(root, "audit");
    let Some(written) = reader.text(&section, "at") else {
        return AuditConfig::default();
    };
    if written.value.is_empty() {
        return AuditConfig::default();
    }
    let at = time_of(&written.value);
    if at.is_none() {
        reader.fault(
            &written.place,
            section.path_of("at"),
            format!("is {:?}", written.value),
            "write a time of the day such as \"04:00\", or \"\" for never",
        );
    }
    AuditConfig { at }
}

/// A time of the day with hours and minutes, such as `04:00`.
fn time_of(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_two_digits.then(|| text.parse().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::time_of;

    #[test]
    fn a_time_has_two_digits_for_hours_and_for_minutes() {
        let shown = |text| time_of(text).map(|time| time.to_string());
        assert_eq!(shown("04:00").as_deref(), Some("04:00:00"));
        assert_eq!(shown("23:59").as_deref(), Some("23:59:00"));
        for text in [
            "4:00", "24:00", "04:60", "04", "04:00:00", "+4:00", "", "noon",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
