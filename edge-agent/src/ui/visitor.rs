//! Who asks for a page: the language, the address, and the session.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::Dashboard;
use super::form::PageForm;
use super::session::{COOKIE, PageSession};
use super::words::Words;
use crate::people::Right;

/// The cookie with the language that a link has chosen.
pub const LANGUAGE_COOKIE: &str = "ferrotill_language";

/// Who asks for a page.
#[derive(Debug)]
pub struct Visitor {
    /// The words of the person's language.
    pub words: &'static Words,
    /// True if a link has just chosen the language, so that it is to be remembered.
    pub chooses_language: bool,
    /// The session, if the person has signed in.
    pub session: Option<PageSession>,
    /// True if the request comes from this machine.
    pub is_here: bool,
    /// True if the browser says that another site's page has caused the request.
    pub is_foreign: bool,
    /// The path of the request.
    pub path: String,
    /// The fields of the query.
    pub query: PageForm,
}

impl FromRequestParts<Arc<Dashboard>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        dashboard: &Arc<Dashboard>,
    ) -> Result<Self, Infallible> {
        Ok(Self::of(parts, dashboard))
    }
}

impl Visitor {
    fn of(parts: &Parts, dashboard: &Dashboard) -> Self {
        let headers = &parts.headers;
        let query =
            PageForm::read(parts.uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
        let chosen = query.text("language");
        let chooses_language = Words::known(chosen).is_some();
        let remembered = cookie(headers, LANGUAGE_COOKIE);
        let chosen = if chooses_language {
            Some(chosen)
        } else {
            remembered
        };
        let accepted = text(headers, &header::ACCEPT_LANGUAGE);
        let of_country = dashboard.service.profile.facts().language;
        let set = dashboard.service.settings.owner.paper.words;
        let words = Words::choose(
            chosen,
            set.map(|words| words.language),
            accepted,
            of_country,
        );
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let is_here = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback());
        let session = cookie(headers, COOKIE).and_then(|value| {
            let now_s = dashboard.now_s();
            dashboard
                .sessions
                .of_cookie(value, &dashboard.service.people, now_s)
        });
        Self {
            words,
            chooses_language,
            session,
            is_here,
            is_foreign: !matches!(text(headers, "sec-fetch-site"), "" | "same-origin" | "none"),
            path: parts.uri.path().to_owned(),
            query,
        }
    }

    /// Whether the person has signed in and may do something.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.person.may(right))
    }

    /// The name of the person who has signed in; empty if nobody has.
    #[must_use]
    pub fn name(&self) -> &str {
        self.session
            .as_ref()
            .map_or("", |session| &session.person.name)
    }
}

/// The value of a cookie.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> &str {
    let value = headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
