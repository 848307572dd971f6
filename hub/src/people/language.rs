//! In which language a person reads: chosen by a link and remembered in a cookie, else the browser's, else English.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};

use super::visitor::cookie_of;
use super::words::Words;

/// The parameter of the links of the languages.
pub(super) const PARAMETER: &str = "language";
/// The name of the cookie.
const COOKIE: &str = "ferrotill_hub_language";
/// How long the choice is remembered, in seconds.
const REMEMBERED_S: u32 = 365 * 24 * 3_600;

/// The language of a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language {
    pub(super) words: &'static Words,
    /// True if this request chooses it.
    pub(super) is_chosen_now: bool,
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(
            parts.uri.query().unwrap_or_default(),
            &parts.headers,
        ))
    }
}

impl Language {
    /// The cookie that remembers a choice of this request.
    pub(super) fn cookie(self) -> Option<HeaderValue> {
        let code = self.words.code();
        let cookie =
            format!("{COOKIE}={code}; Path=/; Max-Age={REMEMBERED_S}; HttpOnly; SameSite=Strict");
        let cookie = self.is_chosen_now.then_some(cookie)?;
        HeaderValue::try_from(cookie).ok()
    }

    fn of(query: &str, headers: &HeaderMap) -> Self {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let chosen = pairs.find(|(name, _)| *name == PARAMETER);
        if let Some(words) = chosen.and_then(|(_, language)| Words::known(language)) {
            return Self {
                words,
                is_chosen_now: true,
            };
        }
        let remembered = cookie_of(headers, COOKIE).and_then(Words::known);
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let words = remembered
            .or_else(|| Words::accepted(accepted.unwrap_or_default()))
            .unwrap_or_else(Words::english);
        Self {
            words,
            is_chosen_now: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str, cookie: &str, accepted: &'static str) -> (&'static str, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        let language = Language::of(query, &headers);
        (language.words.code(), language.is_chosen_now)
    }

    #[test]
    fn the_language_is_chosen_by_link_cookie_and_browser() {
        let remembered = "a=b; ferrotill_hub_language=uk";
        assert_eq!(of("day=x&language=de", remembered, "ro"), ("de", true));
        assert_eq!(of("language=xx", remembered, "ro"), ("uk", false));
        assert_eq!(of("", "a=b", "fr, ru;q=0.5"), ("ru", false));
        assert_eq!(of("", "ferrotill_hub_language=xx", "fr"), ("en", false));
    }
}
