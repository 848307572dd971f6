//! The path that a caller has probably meant.

use uuid::Uuid;

/// The longest path, in bytes, for which a similar one is looked for. Anybody can send a path.
const PATH_BYTES_MAX: usize = 100;

/// The path that is most like a given one; `None` if none is like it. Paths have `{id}` in place of an id.
pub(crate) fn nearest<'p>(
    given: &str,
    paths: impl IntoIterator<Item = &'p str>,
) -> Option<&'p str> {
    if given.len() > PATH_BYTES_MAX {
        return None;
    }
    let given = with_placeholders(given);
    let last = last_part(&given);
    let ends_alike = |path: &str| last.is_some() && last == last_part(path);
    paths
        .into_iter()
        .map(|path| {
            let lower = path.to_ascii_lowercase();
            (path, changes(given.as_bytes(), lower.as_bytes()))
        })
        .filter(|(path, changes)| changes.saturating_mul(4) <= path.len() || ends_alike(path))
        .min_by_key(|(path, changes)| (!ends_alike(path), *changes))
        .map(|(path, _)| path)
}

/// The path in lower case, with `{id}` in place of each UUID and without a slash at the end.
fn with_placeholders(path: &str) -> String {
    let parts = path.trim_end_matches('/').split('/');
    let part = |part: &str| match Uuid::try_parse(part) {
        Ok(_) => "{id}".to_owned(),
        Err(_) => part.to_ascii_lowercase(),
    };
    parts.map(part).collect::<Vec<_>>().join("/")
}

/// The last part of a path; `None` if it is an id.
fn last_part(path: &str) -> Option<String> {
    let last = path.rsplit('/').next()?.to_ascii_lowercase();
    (!last.is_empty() && !last.starts_with('{')).then_some(last)
}

/// The number of bytes that must be added, removed or replaced to make one text of another.
fn changes(from: &[u8], to: &[u8]) -> usize {
    // The row of the table of Levenshtein's distance for the bytes of `from` so far.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, from) in from.iter().enumerate() {
        let mut diagonal = place;
        let mut left = place.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, to) in row.iter_mut().skip(1).zip(to) {
            let replaced = diagonal.saturating_add(usize::from(from != to));
            diagonal = *above;
            left = replaced
                .min(left.saturating_add(1))
                .min(above.saturating_add(1));
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_path_with_a_slip_of_the_pen_finds_the_right_one() {
        let paths = [
            "/api/v1/operations/sale",
            "/api/v1/operations/return",
            "/api/v1/receipts",
            "/api/v1/receipts/{id}",
            "/healthz",
            "/livez",
            "/operations/{id}",
        ];
        for (given, right) in [
            ("/api/v1/operation/sale", Some("/api/v1/operations/sale")),
            ("/api/v1/Operations/Sales", Some("/api/v1/operations/sale")),
            ("/operations/sale", Some("/api/v1/operations/sale")),
            ("/sale", Some("/api/v1/operations/sale")),
            ("/api/v1/receipt", Some("/api/v1/receipts")),
            (
                "/api/v1/receipt/7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0190",
                Some("/api/v1/receipts/{id}"),
            ),
            ("/health", Some("/healthz")),
            ("/api/v1/healthz", Some("/healthz")),
            ("/wp-login.php", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, paths), right, "{given}");
        }
        let long = format!("/healthz{}", "z".repeat(100));
        assert_eq!(nearest(&long, paths), None);
    }
}
