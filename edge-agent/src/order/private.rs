//! What must never enter the journal, because its rows can never be deleted: card numbers and contacts of buyers.

use std::fmt::Write as _;

/// JSON text for the journal: without the texts in `secrets`, and with card numbers of which only the first six and the last four
/// digits are left.
///
/// In the data of an API every run of 13 or more digits counts as a card number, also if the digits stand in groups of at least
/// three. A text that is a UUID is left as it is. A text that is not JSON becomes `null`.
pub(super) fn storable_json(json: &str, secrets: &[&str]) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => split(rest, string_end(rest)),
            '-' | '0'..='9' => split(rest, number_end(rest)),
            _ => split(rest, first.len_utf8()),
        };
        match first {
            '"' if is_storable(token, secrets) => out.push_str(token),
            '"' => match serde_json::from_str::<String>(token) {
                Ok(text) => out.push_str(&storable_text(&text, secrets)),
                Err(_) => return "null".to_owned(),
            },
            '-' | '0'..='9' if is_long_number(token) => {
                out.push_str(&quoted(&without_cards(token, |_| true)));
            }
            _ => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// A text of a receipt without full card numbers. Goods and devices have long numbers too, so only 16 digits count that begin like
/// a card number and whose last digit checks the others.
#[must_use]
pub(super) fn printable_text(text: &str) -> Option<String> {
    // Most texts have no card number, and they are not copied.
    if text.bytes().filter(u8::is_ascii_digit).count() < CARD_DIGITS_MIN {
        return None;
    }
    let is_card = |digits: &[u32]| {
        digits.len() == 16 && matches!(digits.first(), Some(2..=6)) && check_digit_fits(digits)
    };
    let hidden = without_cards(text, is_card);
    (hidden != text).then_some(hidden)
}

/// The two parts of a text. A place outside the text, or within a letter, counts as its end.
fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// True if a text in quotes is stored as it is: nothing in it is escaped, it is no secret, and has fewer digits than a card number.
/// Nearly all texts are, and they are not copied.
fn is_storable(quoted: &str, secrets: &[&str]) -> bool {
    let inner = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let Some(inner) = inner else {
        return false;
    };
    let is_plain = inner.bytes().all(|byte| byte >= b' ' && byte != b'\\');
    is_plain
        && !secrets.contains(&inner)
        && inner.bytes().filter(u8::is_ascii_digit).count() < CARD_DIGITS_MIN
}

fn storable_text(text: &str, secrets: &[&str]) -> String {
    if secrets.contains(&text) {
        return "null".to_owned();
    }
    match uuid::Uuid::try_parse(text) {
        Ok(_) => quoted(text),
        Err(_) => quoted(&without_cards(text, |_| true)),
    }
}

fn quoted(text: &str) -> String {
    // A text always serialises.
    serde_json::to_string(text).unwrap_or_else(|_| "null".to_owned())
}

/// The length of the JSON string at the start of a text, with its quotes.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

/// The length of the JSON number at the start of a text.
fn number_end(text: &str) -> usize {
    text.bytes()
        .position(|byte| !(byte.is_ascii_digit() || b"+-.eE".contains(&byte)))
        .unwrap_or(text.len())
}

fn is_long_number(token: &str) -> bool {
    let mut runs = token.split(|c: char| !c.is_ascii_digit());
    runs.any(|run| run.len() >= CARD_DIGITS_MIN)
}

/// A text in which of each run of digits for which `is_card` is true only the first six and the last four are left.
fn without_cards(text: &str, is_card: impl Fn(&[u32]) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|c: char| c.is_ascii_digit());
        let (before, run) = split(rest, start.unwrap_or(rest.len()));
        out.push_str(before);
        let (run, after) = split(run, run_end(run));
        let digits: Vec<u32> = run.chars().filter_map(|c| c.to_digit(10)).collect();
        if digits.len() >= CARD_DIGITS_MIN && is_card(&digits) {
            hide(run, digits.len(), &mut out);
        } else {
            out.push_str(run);
        }
        rest = after;
    }
    out
}

/// The length of the run of digits at the start of a text: groups of at least three digits with a space or a hyphen between them,
/// or one group of any length.
fn run_end(text: &str) -> usize {
    let group = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = group(text);
    if end < GROUP_MIN {
        return end;
    }
    loop {
        let after = text.get(end..).unwrap_or_default();
        let Some(next) = after.strip_prefix([' ', '-']) else {
            return end;
        };
        match group(next) {
            length if length >= GROUP_MIN => end = end.saturating_add(length).saturating_add(1),
            _ => return end,
        }
    }
}

/// Writes a run of digits with a star for each digit but the first six and the last four.
fn hide(run: &str, digits: usize, out: &mut String) {
    let mut place = 0_usize;
    for c in run.chars() {
        let is_hidden = place >= SHOWN_FIRST && place < digits.saturating_sub(SHOWN_LAST);
        if c.is_ascii_digit() {
            place = place.saturating_add(1);
        }
        let shown = if c.is_ascii_digit() && is_hidden {
            '*'
        } else {
            c
        };
        // Writing to a string cannot fail.
        let _ = out.write_char(shown);
    }
}

/// True if the last digit is the check digit of the others (ISO/IEC 7812-1, annex B).
fn check_digit_fits(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place.is_multiple_of(2), digit) {
            (true, digit) => *digit,
            (false, 0..=4) => digit.saturating_mul(2),
            (false, digit) => digit.saturating_mul(2).saturating_sub(9),
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The smallest number of digits of a card number (ISO/IEC 7812-1 allows up to 19).
const CARD_DIGITS_MIN: usize = 13;
const SHOWN_FIRST: usize = 6;
const SHOWN_LAST: usize = 4;
/// The smallest number of digits in a group of a card number that is written in groups. Dates and times have smaller groups.
const GROUP_MIN: usize = 3;

#[cfg(test)]
mod tests {
    use super::{printable_text, storable_json};

    #[test]
    fn of_a_card_number_the_first_six_and_last_four_digits_are_stored() {
        for (json, stored) in [
            (r#""4111111111111111""#, r#""411111******1111""#),
            (
                r#"{"pan":4111111111111111}"#,
                r#"{"pan":"411111******1111"}"#,
            ),
            (
                r#""card 4111 1111 1111 1111 ok""#,
                r#""card 4111 11** **** 1111 ok""#,
            ),
            (r#""3782-822463-10005""#, r#""3782-82****-*0005""#),
            (r#""\u0034111111111111111""#, r#""411111******1111""#),
            (r#"{"4111111111111111":1}"#, r#"{"411111******1111":1}"#),
            (
                r#""6304000000000000000=26121011""#,
                r#""630400*********0000=26121011""#,
            ),
            (r#""1234567890123""#, r#""123456***0123""#),
            // Shorter numbers, times and ids are no card numbers.
            (r#""123456789012""#, r#""123456789012""#),
            (r#""2026-11-28 09:30:00""#, r#""2026-11-28 09:30:00""#),
            (r#""28-11-2026 09-30-00""#, r#""28-11-2026 09-30-00""#),
            (
                r#""07900000-1111-2222-3333-444444444444""#,
                r#""07900000-1111-2222-3333-444444444444""#,
            ),
            (
                r#"[1,-2.50,1e5,true,null,"ă\n\"x"]"#,
                r#"[1,-2.50,1e5,true,null,"ă\n\"x"]"#,
            ),
            // Text that is not JSON is not stored.
            (r#"{"a":"4111"#, "null"),
        ] {
            assert_eq!(storable_json(json, &[]), stored, "{json}");
        }
    }

    #[test]
    fn a_contact_is_not_stored_wherever_it_stands() {
        let json = r#"{"emailAddress":"ion@mail.md","also":["ion@mail.md"],"phoneNumber":"+373 79 000 001","x":"y"}"#;
        assert_eq!(
            storable_json(json, &["ion@mail.md", "+373 79 000 001"]),
            r#"{"emailAddress":null,"also":[null],"phoneNumber":null,"x":"y"}"#
        );
    }

    #[test]
    fn printed_texts_lose_card_numbers_and_keep_numbers_of_goods() {
        for (text, hidden) in [
            ("Card 4111111111111111", Some("Card 411111******1111")),
            ("Card 5555 5555 5555 4444", Some("Card 5555 55** **** 4444")),
            // The check digit is wrong.
            ("Card 4111111111111112", None),
            ("IMEI 356938035643809", None),
            ("EAN 4841234567897", None),
            ("Marca 0104841234567890215abc", None),
            ("Cafea", None),
        ] {
            assert_eq!(printable_text(text).as_deref(), hidden, "{text}");
        }
    }
}
