//! The frames, parameters and error codes of Datecs X printers.
//!
//! LEN and CMD are four nibbles, the status has eight bytes, every parameter is followed by a TAB, also the last,
//! and every answer begins with an error code: 0, or a negative number and nothing else.
//!
//! Manual: Datecs X (group C), v2.08, "Low level protocol" and "Message composition". See `docs/protocols/isl.md`.

use super::codepage;
use super::fields::parse_decimal;
use super::framing::{Framing, Repeat, Width};

/// The frames of Datecs X. Newer firmware accepts more data (PM 2.11.4: 496), and every firmware accepts the limit used here.
pub const FRAMING: Framing = Framing {
    width: Width::Nibbles,
    status_len: 8,
    seq_last: 0xFF,
    request_data_max: 213,
    // This is the limit of the answers of newer firmware.
    answer_data_max: 480,
    repeat: Repeat::SameNumber,
    busy_every_ms: 60,
};

/// The byte that ends a parameter.
pub const TAB: u8 = 0x09;

/// Writes parameters, each with its TAB.
#[must_use]
pub fn emit<T: AsRef<str>>(parameters: &[T]) -> Vec<u8> {
    let mut data = Vec::new();
    for parameter in parameters {
        data.extend_from_slice(&codepage::encode(parameter.as_ref()));
        data.push(TAB);
    }
    data
}

/// Reads the parameters of data; `None` unless every parameter has its TAB.
#[must_use]
pub fn parse(data: &[u8]) -> Option<Vec<String>> {
    if data.is_empty() {
        return Some(Vec::new());
    }
    let data = data.strip_suffix(&[TAB])?;
    Some(
        data.split(|byte| *byte == TAB)
            .map(codepage::decode)
            .collect(),
    )
}

/// Writes an answer with its error code in front; 0 means no error.
#[must_use]
pub fn with_error(code: i64, data: &[u8]) -> Vec<u8> {
    let mut all = code.to_string().into_bytes();
    all.push(TAB);
    all.extend_from_slice(data);
    all
}

/// Splits an answer into its error code and the data after it.
#[must_use]
pub fn split_error(data: &[u8]) -> Option<(i64, &[u8])> {
    let tab = data.iter().position(|byte| *byte == TAB)?;
    let (code, rest) = data.split_at_checked(tab)?;
    let code = parse_decimal(core::str::from_utf8(code).ok()?, 0)?;
    Some((code, rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_a_tab_each() {
        assert_eq!(emit(&["1", "", "x"]), b"1\t\tx\t");
        assert_eq!(parse(b"1\t\tx\t").unwrap(), ["1", "", "x"]);
        assert_eq!(parse(b"\t").unwrap(), [""]);
        assert_eq!(parse(b"1\tx"), None);
        assert_eq!(parse(b"").unwrap().len(), 0);
    }

    #[test]
    fn the_error_code_is_first() {
        assert_eq!(split_error(b"0\t472\t"), Some((0, &b"472\t"[..])));
        assert_eq!(split_error(b"-111018\t"), Some((-111_018, &b""[..])));
        assert_eq!(split_error(b""), None);
        assert_eq!(with_error(-111_018, b""), b"-111018\t");
    }
}
