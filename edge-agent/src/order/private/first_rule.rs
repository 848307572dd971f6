//! The rule by which programs before decision 0066 hid numbers. Fingerprints of documents and details of resources contain what it left, so
//! that a repeated request is compared in this form.

use super::{CARD_DIGITS_MIN, SHOWN_FIRST, SHOWN_LAST, filtered, hide, run_end, split};

/// JSON of the journal as the first rule left it.
pub(in crate::order) fn of_journal(json: &str) -> String {
    filtered(json, &[], hidden)
}

/// A text of an API as the first rule left it: in every number of 13 and more digits only the first six and the last four were shown.
fn hidden(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|c: char| c.is_ascii_digit());
        let (before, run) = split(rest, start.unwrap_or(rest.len()));
        out.push_str(before);
        let (run, after) = split(run, run_end(run));
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        if digits >= CARD_DIGITS_MIN {
            let places = SHOWN_FIRST..digits.saturating_sub(SHOWN_LAST);
            hide(run, &[places], &mut out);
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::of_journal;

    #[test]
    fn numbers_are_hidden_as_older_programs_hid_them() {
        for (json, stored) in [
            (r#"{"gln":"9012345678906"}"#, r#"{"gln":"901234***8906"}"#),
            (r#"{"a":1234567890123}"#, r#"{"a":"123456***0123"}"#),
            (
                r#""07900000-1111-2222-3333-444444444444""#,
                r#""07900000-1111-2222-3333-444444444444""#,
            ),
        ] {
            assert_eq!(of_journal(json), stored);
        }
    }
}
