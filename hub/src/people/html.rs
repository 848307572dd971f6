//! What every page has in common.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::visitor::OpenSession;

/// Everything comes from the hub itself, there is no script, and no other site may show a page in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Text inside of HTML.
pub(super) fn escaped(text: &str) -> String {
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

/// A text as a part of a URL's parameters.
pub(super) fn in_url(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

/// A page; `path` is the entry of the navigation that is shown as the present one.
pub(super) fn page(
    status: StatusCode,
    session: Option<&OpenSession>,
    path: &str,
    title: &str,
    body: &str,
) -> Response {
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{} – Ferrotill hub</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
         <body>\n<a class=skip href=\"#content\">To the content</a>\n<header>\n\
         <a class=brand href=\"/\"><img src=\"/icon.svg\" alt=\"\" width=28 height=28><span>Ferrotill hub</span></a>\n",
        escaped(title)
    );
    if let Some(session) = session {
        text.push_str("<nav class=pages aria-label=\"Pages\"><ul>");
        for (to, name) in [("/", "Overview"), ("/tills", "Tills"), ("/z", "Z-reports")] {
            let current = if to == path { " aria-current=page" } else { "" };
            text.push_str(&format!("<li><a href=\"{to}\"{current}>{name}</a></li>"));
        }
        text.push_str(&format!(
            "</ul></nav>\n<form class=who method=post action=\"/sign-out\"><input type=hidden name=token value=\"{}\">\
             <span>{}</span><button class=quiet>Sign out</button></form>\n",
            escaped(&session.row.form_token),
            escaped(&session.row.person)
        ));
    }
    text.push_str(&format!(
        "</header>\n<main id=content>\n<h1>{}</h1>\n{body}</main>\n</body>\n</html>\n",
        escaped(title)
    ));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}

/// A message above the content.
pub(super) fn notice(kind: &str, says: &str) -> String {
    let role = if kind == "bad" { "alert" } else { "status" };
    format!(
        "<p class=\"notice {kind}\" role={role}>{}</p>\n",
        escaped(says)
    )
}

/// The answer that sends the browser to another page of the hub.
pub(super) fn redirect(to: &'static str) -> Response {
    let headers = [
        (header::LOCATION, HeaderValue::from_static(to)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}
