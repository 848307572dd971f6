//! What a browser sends with a form: names and values.

use std::collections::BTreeMap;

/// The largest body of a form in bytes.
pub const BODY_BYTES_MAX: usize = 8 * 1_024;
/// The largest number of fields.
const FIELDS_MAX: usize = 64;

/// The fields of a form. A name that stands several times has all its values.
#[derive(Debug, Default)]
pub struct PageForm {
    fields: BTreeMap<String, Vec<String>>,
}

impl PageForm {
    /// Reads a body of the type `application/x-www-form-urlencoded`, or a query; `None` if it is too large or not in this form.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        if body.len() > BODY_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(body).ok()?;
        let mut form = Self::default();
        for (place, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if place >= FIELDS_MAX {
                return None;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let values = form.fields.entry(decoded(name)?).or_default();
            values.push(decoded(value)?);
        }
        Some(form)
    }

    /// The first value of a field without blanks around it; empty if the field is missing.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        let values = self.fields.get(name);
        values
            .and_then(|values| values.first())
            .map_or("", |value| value.trim())
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}

/// A text without the escapes of a URL.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::PageForm;

    #[test]
    fn a_form_is_read_as_browsers_send_it() {
        let form =
            PageForm::read("name=Ana+N%C4%83stase&right=z&right=look&empty=&flag".as_bytes())
                .unwrap();
        assert_eq!(form.text("name"), "Ana Năstase");
        assert_eq!(form.all("right").collect::<Vec<_>>(), ["z", "look"]);
        assert_eq!((form.text("empty"), form.text("missing")), ("", ""));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let many = "a=1&".repeat(65);
        let long = "a".repeat(9_000);
        for body in [
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%ff",
            many.as_str(),
            long.as_str(),
        ] {
            assert!(PageForm::read(body.as_bytes()).is_none(), "{body}");
        }
        assert!(PageForm::read(b"a=\xff").is_none());
    }
}
