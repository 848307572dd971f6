//! Functions for numbers as printers write them: decimals with a point, and whole minor units with a sign and leading zeros.

use core::fmt::Write as _;

/// Decimal text as an integer scaled by ten to the power of `places`; the text may begin with a sign.
///
/// `None` if the text is no number, has more decimals, or does not fit.
#[must_use]
pub fn parse_decimal(text: &str, places: u8) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    if !whole
        .bytes()
        .chain(part.bytes())
        .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    if part.len() > usize::from(places) {
        return None;
    }
    let padding = usize::from(places).checked_sub(part.len())?;
    let mut value: i64 = 0;
    for digit in whole
        .bytes()
        .chain(part.bytes())
        .chain(core::iter::repeat_n(b'0', padding))
    {
        value = value
            .checked_mul(10)?
            .checked_add(i64::from(digit.wrapping_sub(b'0')))?;
    }
    if negative {
        value.checked_neg()
    } else {
        Some(value)
    }
}

/// An integer scaled by ten to the power of `places` as decimal text.
#[must_use]
pub fn decimal(value: i64, places: u8) -> String {
    let mut digits = value.unsigned_abs().to_string();
    let places = usize::from(places);
    while digits.len() <= places {
        digits.insert(0, '0');
    }
    if places > 0 {
        let point = digits.len().saturating_sub(places);
        digits.insert(point, '.');
    }
    if value < 0 {
        digits.insert(0, '-');
    }
    digits
}

/// An amount of an answer in minor units: `+00002980`, and from some firmware `29.80`.
#[must_use]
pub fn parse_minor(text: &str) -> Option<i64> {
    let text = text.trim();
    parse_decimal(text, if text.contains('.') { 2 } else { 0 })
}

/// Minor units with a sign, filled with zeros to `width` characters in total.
#[must_use]
pub fn signed(value: i64, width: usize) -> String {
    let mut text = String::from(if value < 0 { '-' } else { '+' });
    let digits = width.saturating_sub(1);
    let magnitude = value.unsigned_abs();
    // Writing into a String cannot fail.
    let _ = write!(text, "{magnitude:0digits$}");
    text
}

/// A whole number without sign.
#[must_use]
pub fn parse_count(text: &str) -> Option<u32> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The data of an answer as text; answers with names are decoded by their own code page instead.
#[must_use]
pub fn text(data: &[u8]) -> String {
    super::codepage::decode(data)
}

/// `DDMMYYhhmmss` as `DD-MM-YY hh:mm:ss`; any other text stays as it is, and the device refuses it.
#[must_use]
pub fn dashed(at: &str) -> String {
    let pair = |from: usize| at.get(from..from.saturating_add(2)).unwrap_or("");
    if at.len() != 12 {
        return at.to_owned();
    }
    format!(
        "{}-{}-{} {}:{}:{}",
        pair(0),
        pair(2),
        pair(4),
        pair(6),
        pair(8),
        pair(10)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_in_and_out() {
        for (written, places, value) in [
            ("8.10", 2, Some(810)),
            ("+8.1", 2, Some(810)),
            ("-0.05", 2, Some(-5)),
            ("2", 3, Some(2000)),
            (".5", 2, Some(50)),
            ("8.105", 2, None),
            ("", 2, None),
            ("-", 2, None),
            ("1,0", 2, None),
            ("99999999999999999999", 0, None),
        ] {
            assert_eq!(parse_decimal(written, places), value, "{written}");
        }
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(2000, 3), "2.000");
        assert_eq!(decimal(7, 0), "7");
    }

    #[test]
    fn amounts_of_answers() {
        assert_eq!(parse_minor("+00002980"), Some(2980));
        assert_eq!(parse_minor("29.80"), Some(2980));
        assert_eq!(parse_minor("-00000005"), Some(-5));
        assert_eq!(signed(2980, 9), "+00002980");
        assert_eq!(signed(-5, 12), "-00000000005");
    }
}
