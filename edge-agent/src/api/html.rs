//! Pages for people: what every page of the agent has in common. A page loads nothing and has no script.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Nothing is loaded, no script runs, and no other page may show this one in a frame.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The answer with a page.
#[must_use]
pub fn page_response(status: StatusCode, page: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, page).into_response()
}

/// A whole page with this title; `style` is added to the style that all pages share, and `body` is HTML.
#[must_use]
pub fn whole_page(title: &str, style: &str, body: &str) -> String {
    let title = escaped(title);
    [
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        &title,
        "</title>\n<style>\n",
        STYLE,
        style,
        "</style>\n</head>\n<body>\n<main>\n",
        body,
        "</main>\n</body>\n</html>\n",
    ]
    .concat()
}

const STYLE: &str = "body { font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; color: #111; background: #fff; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: #eee; padding: 0.5rem; }
dd { margin: 0 0 0.5rem 0; }
a { color: #0645ad; }
";

/// A text in which HTML has no meaning.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn html_has_no_meaning_in_an_escaped_text() {
        assert_eq!(
            escaped(r#"<a href="x">&</a>"#),
            "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;"
        );
    }
}
