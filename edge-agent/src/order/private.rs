//! What must never enter the journal, because its rows can never be deleted: card numbers and contacts of buyers.
//!
//! A card number is a number of 13 to 19 digits whose check digit is right ([`is_card`]). Each number of a text is decided by itself, so
//! that a GLN beside a card number is left as it is.

mod first_rule;

use std::fmt::Write as _;
use std::ops::Range;

pub(super) use first_rule::of_journal;

/// JSON text for the journal: without the texts in `secrets`, and with card numbers of which only the first six and the last four
/// digits are left. A text that is a UUID is left as it is. A text that is not JSON becomes `null`.
pub(super) fn storable_json(json: &str, secrets: &[&str]) -> String {
    filtered(json, secrets, without_cards)
}

/// A text of a receipt without full card numbers; `None` if it has none.
#[must_use]
pub(super) fn printable_text(text: &str) -> Option<String> {
    // Most texts have no card number, and they are not copied.
    if text.bytes().filter(u8::is_ascii_digit).count() < CARD_DIGITS_MIN {
        return None;
    }
    let hidden = without_cards(text);
    (hidden != text).then_some(hidden)
}

/// JSON text whose texts and long numbers `hide` has changed, and that has `null` in place of each secret.
fn filtered(json: &str, secrets: &[&str], hide: fn(&str) -> String) -> String {
    if secrets.is_empty() && has_nothing_to_hide(json) {
        return json.to_owned();
    }
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
                Ok(text) => out.push_str(&storable_text(&text, secrets, hide)),
                Err(_) => return "null".to_owned(),
            },
            '-' | '0'..='9' if is_long_number(token) => {
                let hidden = hide(token);
                match hidden == token {
                    true => out.push_str(token),
                    false => out.push_str(&quoted(&hidden)),
                }
            }
            _ => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// True if a JSON text has neither a text nor a number with as many digits as a card number, and nothing that is escaped: nearly all have
/// none, and are read once. Digits are counted from quote to quote, so that no number is taken apart.
fn has_nothing_to_hide(json: &str) -> bool {
    let (mut digits, mut quotes) = (0_usize, 0_usize);
    for byte in json.bytes() {
        match byte {
            b'"' => {
                quotes = quotes.wrapping_add(1);
                digits = 0;
            }
            b'0'..=b'9' => {
                digits = digits.wrapping_add(1);
                if digits >= CARD_DIGITS_MIN {
                    return false;
                }
            }
            b'\\' | 0..b' ' => return false,
            _ => {}
        }
    }
    // A text without its second quote is no JSON.
    quotes.is_multiple_of(2)
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

fn storable_text(text: &str, secrets: &[&str], hide: fn(&str) -> String) -> String {
    if secrets.contains(&text) {
        return "null".to_owned();
    }
    match uuid::Uuid::try_parse(text) {
        Ok(_) => quoted(text),
        Err(_) => quoted(&hide(text)),
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

/// A text in which of each card number only the first six and the last four digits are left.
fn without_cards(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(|c: char| c.is_ascii_digit());
        let (before, run) = split(rest, start.unwrap_or(rest.len()));
        out.push_str(before);
        let (run, after) = split(run, run_end(run));
        hide(run, &hidden_places(run), &mut out);
        rest = after;
    }
    out
}

/// The places of the digits that are hidden in a run of digits, counted without its separators: of each card number all but the first six
/// and the last four.
///
/// One group of digits may be a card number, or several groups that follow one another. Where a card number can end at several groups,
/// each of these counts.
fn hidden_places(run: &str) -> Vec<Range<usize>> {
    let digits: Vec<u32> = run.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() < CARD_DIGITS_MIN {
        return Vec::new();
    }
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut end = 0_usize;
    for group in run.split([' ', '-']) {
        let start = end;
        end = end.saturating_add(group.len());
        groups.push(start..end);
    }
    let number = |range: &Range<usize>| digits.get(range.clone()).unwrap_or_default();
    let mut hidden = Vec::new();
    for (place, first) in groups.iter().enumerate() {
        for (further, last) in groups.iter().skip(place).enumerate() {
            let whole = first.start..last.end;
            if whole.len() > CARD_DIGITS_MAX {
                break;
            }
            // A number of goods or of a place beside another number is not a part of it.
            let of_goods = |group: &Range<usize>| is_goods_number(number(group));
            let is_joined = further > 0;
            let parts = groups.iter().skip(place).take(further.saturating_add(1));
            if is_joined && parts.clone().any(of_goods) {
                break;
            }
            if is_card(number(&whole)) {
                let shown = (SHOWN_FIRST, SHOWN_LAST);
                hidden.push(whole.start.saturating_add(shown.0)..whole.end.saturating_sub(shown.1));
            }
        }
    }
    hidden
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

/// Writes a run of digits with a star for each digit at a hidden place.
fn hide(run: &str, hidden: &[Range<usize>], out: &mut String) {
    let mut place = 0_usize;
    for c in run.chars() {
        let is_digit = c.is_ascii_digit();
        let is_hidden = is_digit && hidden.iter().any(|range| range.contains(&place));
        if is_digit {
            place = place.saturating_add(1);
        }
        // Writing to a string cannot fail.
        let _ = out.write_char(if is_hidden { '*' } else { c });
    }
}

/// True for the number of a card: 13 to 19 digits, a first digit that issuers have, the right check digit, and no number of goods, places or
/// telephones.
fn is_card(digits: &[u32]) -> bool {
    let may_begin = match digits {
        // No issuer has numbers that begin with 0 (ISO/IEC 7812-1, major industry identifier).
        [] | [0, ..] => false,
        // Airlines' cards (1) have 15 digits.
        [1, ..] => digits.len() == AIRLINE_DIGITS,
        _ => true,
    };
    may_begin
        && (CARD_DIGITS_MIN..=CARD_DIGITS_MAX).contains(&digits.len())
        && check_digit_fits(digits)
        && !is_goods_number(digits)
        && !is_equipment_number(digits)
}

/// True for a GTIN or a GLN of 13 or 14 digits with the right check digit (GS1 General Specifications, 7.9.1).
fn is_goods_number(digits: &[u32]) -> bool {
    let weighted = digits.iter().rev().enumerate();
    let sum: u32 = weighted
        .map(|(place, digit)| match place.is_multiple_of(2) {
            true => *digit,
            false => digit.saturating_mul(3),
        })
        .sum();
    matches!(digits.len(), 13 | 14) && sum.is_multiple_of(10)
}

/// True for the number of a mobile phone (IMEI): 15 digits that begin with the number of a body that gives such numbers. Their check
/// digit is that of cards, and no cards of 15 digits begin so. Numbers of bodies that begin with 0 need no rule.
const fn is_equipment_number(digits: &[u32]) -> bool {
    matches!(digits, [3, 5, ..] | [8, 6, ..] | [9, 9, ..]) && digits.len() == 15
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

/// The smallest number of digits of a card number.
const CARD_DIGITS_MIN: usize = 13;
/// The largest number of digits of a card number (ISO/IEC 7812-1).
const CARD_DIGITS_MAX: usize = 19;
const AIRLINE_DIGITS: usize = 15;
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
            // Cards of Uzbekistan (HUMO, UZCARD), and one of 13 digits.
            (r#""9860010111112222""#, r#""986001******2222""#),
            (r#""9860 0101 1111 2222""#, r#""9860 01** **** 2222""#),
            (r#""8600490111112223""#, r#""860049******2223""#),
            (r#""4222222222222""#, r#""422222***2222""#),
            // Each number is decided by itself.
            (
                r#""Kasse 9012345678906 4111111111111111 4006381333931""#,
                r#""Kasse 9012345678906 411111******1111 4006381333931""#,
            ),
            (
                r#""4006381333931 5555 5555 5555 4444-9012345678906""#,
                r#""4006381333931 5555 55** **** 4444-9012345678906""#,
            ),
            (
                r#""Ref 123 4111 1111 1111 1111 2026""#,
                r#""Ref 123 4111 11** **** 1111 2026""#,
            ),
            // A GLN, GTINs, a wrong check digit, an IMEI, a time in milliseconds, an element string of GS1, and 20 digits.
            (r#"{"gln":"9012345678906"}"#, r#"{"gln":"9012345678906"}"#),
            (r#"{"gtin":4006381333931}"#, r#"{"gtin":4006381333931}"#),
            (r#""14006381333938""#, r#""14006381333938""#),
            (r#""4111111111111112""#, r#""4111111111111112""#),
            (r#""356938035643809""#, r#""356938035643809""#),
            (r#""1764417600004""#, r#""1764417600004""#),
            (r#""0104841234567890215""#, r#""0104841234567890215""#),
            (r#""41111111111111110000""#, r#""41111111111111110000""#),
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
