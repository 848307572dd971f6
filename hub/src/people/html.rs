//! What every page has in common.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::language::{Language, PARAMETER};
use super::visitor::OpenSession;
use super::words::LANGUAGES;

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

/// What all pages have around their content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'f> {
    pub(super) language: Language,
    /// The session of the person who has signed in.
    pub(super) session: Option<&'f OpenSession>,
    /// The entry of the navigation that is shown as the present one.
    pub(super) path: &'static str,
}

impl Frame<'_> {
    /// The answer with a page.
    pub(super) fn page(&self, status: StatusCode, title: &str, body: &str) -> Response {
        let words = self.language.words;
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{} – Ferrotill hub</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n\
             <body>\n<a class=skip href=\"#content\">{}</a>\n<header>\n\
             <a class=brand href=\"/\"><img src=\"/icon.svg\" alt=\"\" width=28 height=28><span>Ferrotill hub</span></a>\n",
            words.language,
            escaped(title),
            words.skip
        );
        text.push_str(&self.navigation());
        text.push_str(&format!(
            "</header>\n<main id=content>\n<h1>{}</h1>\n{body}</main>\n<footer>{}</footer>\n</body>\n</html>\n",
            escaped(title),
            self.languages()
        ));
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "same-origin"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        let mut response = (status, headers, text).into_response();
        if let Some(cookie) = self.language.cookie() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    fn navigation(&self) -> String {
        let Some(session) = self.session else {
            return String::new();
        };
        let words = self.language.words;
        let mut text = format!("<nav class=pages aria-label=\"{}\"><ul>", words.pages);
        for (to, name) in [
            ("/", words.overview),
            ("/tills", words.tills),
            ("/z", words.z_reports),
        ] {
            let current = if to == self.path {
                " aria-current=page"
            } else {
                ""
            };
            text.push_str(&format!("<li><a href=\"{to}\"{current}>{name}</a></li>"));
        }
        text.push_str(&format!(
            "</ul></nav>\n<form class=who method=post action=\"/sign-out\"><input type=hidden name=token value=\"{}\">\
             <span>{}</span><button class=quiet>{}</button></form>\n",
            escaped(&session.row.form_token),
            escaped(&session.row.person),
            words.sign_out
        ));
        text
    }

    fn languages(&self) -> String {
        let words = self.language.words;
        let mut text = format!(
            "<nav aria-label=\"{}\"><ul class=languages>",
            words.language_choice
        );
        for (code, name) in LANGUAGES {
            let current = if code == words.code() {
                " aria-current=true"
            } else {
                ""
            };
            text.push_str(&format!(
                "<li><a href=\"?{PARAMETER}={code}\" lang={code} hreflang={code}{current}>{name}</a></li>"
            ));
        }
        text.push_str("</ul></nav>");
        text
    }
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
