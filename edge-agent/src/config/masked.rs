//! Texts without the secrets that an address may have in it: user and password, the values of a query, and a token in the path.

use super::key::{ShownValue, without_password};

impl ShownValue {
    /// The value as it may leave the machine: the addresses in it have no secrets.
    #[must_use]
    pub fn masked(&self) -> Self {
        match self {
            Self::Text(text) => Self::Text(without_secrets(text)),
            Self::List(items) => Self::List(items.iter().map(Self::masked).collect()),
            other => other.clone(),
        }
    }
}

/// A text in which each address has lost its secrets. Scheme, host and port stay, the names in a query, and the parts of a path that are
/// words or short, such as `api` and `v1`.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = rest.find(MARK) {
        let scheme = scheme_before(rest, mark);
        let address = rest.get(scheme..).unwrap_or_default();
        let end = address.find(ends_address).unwrap_or(address.len());
        shown.push_str(rest.get(..scheme).unwrap_or_default());
        shown.push_str(&masked_address(address.get(..end).unwrap_or_default()));
        rest = address.get(end..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

const MARK: &str = "://";

/// Where the scheme begins that ends at a place.
fn scheme_before(text: &str, end: usize) -> usize {
    let before = text.get(..end).unwrap_or_default();
    let is_scheme = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    before.trim_end_matches(is_scheme).len()
}

/// True if a letter cannot be part of an address in a text.
fn ends_address(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || "\"'<>`\\".contains(letter)
}

fn masked_address(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once(MARK) else {
        return address.to_owned();
    };
    // The address of a printer has a place and options, of which only the password is secret.
    if scheme.contains('+') {
        return without_password(address);
    }
    let (before, fragment) = match rest.split_once('#') {
        Some((before, _)) => (before, "#****"),
        None => (rest, ""),
    };
    let (place, query) = match before.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (before, None),
    };
    let path = place.find('/').and_then(|at| place.get(at..));
    let path = path.unwrap_or_default();
    let authority = place.strip_suffix(path).unwrap_or(place);
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => format!("****@{host}"),
        None => authority.to_owned(),
    };
    let parts: Vec<&str> = path.split('/').map(masked_part).collect();
    let query = query.map_or_else(String::new, |query| {
        let pairs: Vec<String> = query.split('&').map(masked_pair).collect();
        format!("?{}", pairs.join("&"))
    });
    format!("{scheme}://{host}{}{query}{fragment}", parts.join("/"))
}

/// A part of a path, if it is a word, is short or is filled in later; a token is masked.
fn masked_part(part: &str) -> &str {
    let is_word = |letter: char| letter.is_ascii_lowercase() || "-_.".contains(letter);
    let is_short = part.len() <= SHORT_LETTERS;
    match is_short || is_filled_in(part) || part.len() <= WORD_LETTERS && part.chars().all(is_word)
    {
        true => part,
        false => "****",
    }
}

/// A pair of a query with its name only.
fn masked_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((_, value)) if is_filled_in(value) => pair.to_owned(),
        Some((name, _)) => format!("{name}=****"),
        None if pair.is_empty() => String::new(),
        None => "****".to_owned(),
    }
}

/// True if a message puts another text in its place, such as `{to}`.
fn is_filled_in(text: &str) -> bool {
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    inner.is_some_and(|inner| {
        inner
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    })
}

/// A part of a path with so few letters is no secret.
const SHORT_LETTERS: usize = 4;
/// A part of a path with at most so many letters is no secret if it is a word.
const WORD_LETTERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::{ShownValue, without_secrets};

    #[test]
    fn every_secret_of_an_address_is_masked() {
        for (text, shown) in [
            (
                "https://till:geheim@office.example/x",
                "https://****@office.example/x",
            ),
            (
                "https://gateway.example:8443/send?apikey=4711abc&to={to}&text={text}",
                "https://gateway.example:8443/send?apikey=****&to={to}&text={text}",
            ),
            (
                "https://hooks.example/services/T024BE7LD/B0J4/9dXq8sUe2k#end",
                "https://hooks.example/services/****/B0J4/****#****",
            ),
            (
                "https://api.example/bot110201543:AAHdqTcv/sendMessage?x",
                "https://api.example/****/****?****",
            ),
            (
                "the host of http://u:p@a.example/api is not found: see \"https://b.example/?key=1\"",
                "the host of http://****@a.example/api is not found: see \"https://b.example/?key=****\"",
            ),
            (
                "datecs+serial:///dev/ttyUSB0?baud=19200&password=4711",
                "datecs+serial:///dev/ttyUSB0?baud=19200&password=****",
            ),
            (
                "https://office.example/api/v1/",
                "https://office.example/api/v1/",
            ),
            ("http://127.0.0.1:7100", "http://127.0.0.1:7100"),
            ("Till 1: a@b, 3://", "Till 1: a@b, 3://"),
            ("://", "://"),
        ] {
            assert_eq!(without_secrets(text), shown);
            assert_eq!(without_secrets(shown), shown, "masked again");
        }
        let list = ShownValue::List(vec![ShownValue::Text("http://a:b@c".to_owned())]);
        assert_eq!(list.masked().to_string(), "[\"http://****@c\"]");
    }
}
