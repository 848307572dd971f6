//! What every page has in common: the head, the navigation, the policy, and the parts that pages are made of.

use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::super::Dashboard;
use super::super::visitor::{LANGUAGE_COOKIE, Visitor};
use super::super::words::{LANGUAGES, filled};
use crate::api::html::escaped;
use crate::people::Right;

/// Everything comes from the till itself, no script stands in a page, and no other site may show a page in a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The paper of a document stands in a frame of a page, and has its style in itself.
const PAPER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";

/// A page that is being made.
#[derive(Debug)]
pub struct Frame<'v> {
    visitor: &'v Visitor,
    title: &'v str,
    shop: String,
    is_live: bool,
    has_simulator: bool,
}

impl<'v> Frame<'v> {
    /// A page with this title.
    #[must_use]
    pub fn new(visitor: &'v Visitor, dashboard: &Dashboard, title: &'v str) -> Self {
        let owner = &dashboard.service.settings.owner;
        Self {
            visitor,
            title,
            shop: owner
                .organization_name
                .clone()
                .unwrap_or_else(|| "Ferrotill".to_owned()),
            is_live: dashboard.is_live(),
            has_simulator: dashboard.simulator.is_some(),
        }
    }

    /// The answer with the page.
    #[must_use]
    pub fn page(&self, status: StatusCode, body: &str) -> Response {
        let mut response = html(status, self.text(body), POLICY);
        if self.visitor.chooses_language {
            let cookie = format!(
                "{LANGUAGE_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly",
                self.visitor.words.code()
            );
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        response
    }

    fn text(&self, body: &str) -> String {
        let words = self.visitor.words;
        let (title, shop) = (escaped(self.title), escaped(&self.shop));
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} – {shop}</title>\n<link rel=\"icon\" href=\"/ui/icon.svg\">\n<link rel=\"stylesheet\" href=\"/ui/style.css\">\n<script src=\"/ui/live.js\" defer></script>\n</head>\n<body>\n<a class=skip href=\"#content\">{}</a>\n<header>\n<a class=brand href=\"/\"><img src=\"/ui/icon.svg\" alt=\"\" width=28 height=28><span>{shop}</span></a>\n",
            words.language, words.skip
        );
        if let Some(session) = &self.visitor.session {
            page.push_str(&self.navigation());
            let _ = writeln!(
                page,
                "<form class=who method=post action=\"/sign-out\"><input type=hidden name=token value=\"{}\"><a href=\"/pin\"><span class=hidden>{} </span>{}</a><button class=quiet>{}</button></form>",
                session.form_token,
                words.page_pin,
                escaped(&session.person.name),
                words.sign_out
            );
        }
        page.push_str("</header>\n");
        page.push_str("<main id=content>\n");
        if !self.is_live {
            let _ = writeln!(page, "<p class=mode>{}</p>", words.test_mode);
        }
        let _ = writeln!(page, "{body}</main>\n<footer>");
        let _ = write!(
            page,
            "<nav aria-label=\"{}\"><ul class=languages>",
            words.language_choice
        );
        for (code, name) in LANGUAGES {
            let current = if code == words.code() {
                " aria-current=true"
            } else {
                ""
            };
            let _ = write!(
                page,
                "<li><a href=\"?language={code}\" lang={code} hreflang={code}{current}>{name}</a></li>"
            );
        }
        page.push_str("</ul></nav>\n</footer>\n</body>\n</html>\n");
        page
    }

    fn navigation(&self) -> String {
        let words = self.visitor.words;
        let mut links = vec![
            ("/", words.page_overview),
            ("/receipts", words.page_receipts),
            ("/reports", words.page_reports),
        ];
        if self.visitor.may(Right::Settings) {
            links.push(("/people", words.page_people));
        }
        if self.has_simulator {
            links.push(("/simulator", words.page_simulator));
        }
        links.push(("/kiosk", words.page_kiosk));
        let mut text = format!(
            "<nav class=pages aria-label=\"{}\"><ul>",
            escaped(&self.shop)
        );
        for (path, name) in links {
            let current = if path == self.visitor.path {
                " aria-current=page"
            } else {
                ""
            };
            let _ = write!(text, "<li><a href=\"{path}\"{current}>{name}</a></li>");
        }
        text + "</ul></nav>\n"
    }
}

/// A message above the content: `kind` is `good` or `bad`.
#[must_use]
pub fn notice(kind: &str, says: &str) -> String {
    let role = if kind == "bad" { "alert" } else { "status" };
    format!(
        "<p class=\"notice {kind}\" role={role}>{}</p>\n",
        escaped(says)
    )
}

/// The part of a page that the script replaces when the till's state changes.
#[must_use]
pub fn live(events: &str, body: &str) -> String {
    format!(
        "<p class=hidden role=status id=said></p>\n<div id=live data-events=\"{events}\">\n{body}</div>\n"
    )
}

/// The beginning of a form of a session.
#[must_use]
pub fn form_begin(visitor: &Visitor, action: &str) -> String {
    let token = visitor
        .session
        .as_ref()
        .map_or("", |session| &session.form_token);
    format!(
        "<form method=post action=\"{}\"><input type=hidden name=token value=\"{token}\">",
        escaped(action)
    )
}

/// "Signed in as".
#[must_use]
pub fn signed_in(visitor: &Visitor) -> String {
    escaped(&filled(
        visitor.words.signed_in_as,
        &[("name", visitor.name())],
    ))
}

/// The answer that sends the browser to another page of the till.
#[must_use]
pub fn redirect(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = [
        (header::LOCATION, to),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The answer with the paper of a document.
#[must_use]
pub fn paper_response(page: String) -> Response {
    html(StatusCode::OK, page, PAPER_POLICY)
}

fn html(status: StatusCode, page: String, policy: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        // Without a referrer a browser would send its own forms as those of an unknown page.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, page).into_response()
}
