//! The table of `docs/HEALTH.md`: what a test has seen of a problem is compared with the problem's row.

/// The page.
pub const PAGE: &str = include_str!("../../../docs/HEALTH.md");

/// The row of a problem.
///
/// # Panics
///
/// The page has no such row.
#[must_use]
pub fn row(id: &str) -> &'static str {
    let start = format!("| `{id}` |");
    let row = PAGE.lines().find(|line| line.starts_with(&start));
    row.unwrap_or_else(|| panic!("docs/HEALTH.md has no row of {id}"))
}

/// The cells of the row of a problem.
#[must_use]
pub fn cells(id: &str) -> Vec<&'static str> {
    let row = row(id).trim_matches('|');
    row.split(" | ").map(str::trim).collect()
}

/// Compares what health says of a problem with the page. `…` in the page stands for any text.
///
/// # Panics
///
/// The page says something else.
pub fn check_says(id: &str, says: &str) {
    let expected = cells(id).get(4).copied().unwrap_or_default();
    let seen = masked(says);
    let mut rest = Some(seen.as_str());
    for (place, part) in expected.split('…').enumerate() {
        rest = rest.and_then(|rest| match place {
            0 => rest.strip_prefix(part),
            _ => rest.split_once(part).map(|(_, after)| after),
        });
    }
    let is_whole = rest == Some("") || (rest.is_some() && expected.ends_with('…'));
    assert!(
        is_whole,
        "docs/HEALTH.md needs for {id}:\n{seen}\nand has:\n{expected}"
    );
}

/// Compares what health says of a problem with the page, if the page names a test of this file for the problem.
///
/// # Panics
///
/// The page says something else.
pub fn check_says_of(file: &str, id: &str, says: &str) {
    if cells(id).get(1).is_some_and(|test| test.contains(file)) {
        check_says(id, says);
    }
}

/// A text without what differs in each test run: ids, times, numbers and paths.
#[must_use]
pub fn masked(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let core = word.trim_matches(|letter: char| ",;:`()".contains(letter));
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let name = if is_id(core) {
            "ID"
        } else if core.len() > 15 && core.starts_with("20") && core.contains('T') {
            "TIME"
        } else if core.starts_with("/tmp/") || core.contains("://") {
            "PATH"
        } else if !core.is_empty() && core.bytes().all(is_digit) {
            "N"
        } else {
            return word.to_owned();
        };
        word.replace(core, name)
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    text.len() == 36 && text.bytes().all(is_part) && text.matches('-').count() == 4
}

#[cfg(test)]
mod tests {
    use super::{check_says, masked};

    #[test]
    fn a_text_loses_what_differs_in_each_run() {
        let text = "document 7 (7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0093): /tmp/a/printer at 2026-03-02T15:35:21Z, 9 %";
        assert_eq!(masked(text), "document N (ID): PATH at TIME, N %");
    }

    #[test]
    #[should_panic(expected = "docs/HEALTH.md needs for clock_ahead")]
    fn other_words_than_those_of_the_page_are_found() {
        check_says("clock_ahead", "the last document is ahead");
    }
}
