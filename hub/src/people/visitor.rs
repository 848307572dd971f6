//! Who asks: a person with a session, or a program with a name and password.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{PeopleRoutes, password};
use crate::clock::{HOUR_MS, MINUTE_MS, now_ms};
use crate::store::{SessionRow, StoreError};

/// The name of the cookie.
pub(super) const COOKIE: &str = "ferrotill_hub_session";
/// How long a session lasts.
pub(super) const SESSION_MS: i64 = 12 * HOUR_MS;
/// How long a name is locked after five wrong passwords.
const LOCKED_MS: i64 = 15 * MINUTE_MS;

/// Who has a name and a password, or why not.
#[derive(Debug)]
pub(super) enum SignIn {
    Right(String),
    Wrong,
    Locked { minutes: i64 },
    Busy,
}

/// A session with the digest of its token.
#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) token: [u8; 32],
    pub(super) row: SessionRow,
}

/// The session of a request's cookie; `None` if there is none or it has ended.
pub(super) async fn session(
    routes: &PeopleRoutes,
    headers: &HeaderMap,
) -> Result<Option<OpenSession>, StoreError> {
    let Some(cookie) = cookie(headers) else {
        return Ok(None);
    };
    let token = digest(cookie);
    let now = now_ms();
    let row = routes.store.session(&token, now).await?;
    let open = row.filter(|row| (0..SESSION_MS).contains(&now.saturating_sub(row.made_ms)));
    Ok(open.map(|row| OpenSession { token, row }))
}

/// The name of who asks: by a session or by a name and password in the request (HTTP Basic).
pub(super) async fn who(
    routes: &Arc<PeopleRoutes>,
    headers: &HeaderMap,
) -> Result<SignIn, StoreError> {
    if let Some(session) = session(routes, headers).await? {
        return Ok(SignIn::Right(session.row.person));
    }
    let Some((name, password)) = basic(headers) else {
        return Ok(SignIn::Wrong);
    };
    check(routes, &name, password).await
}

/// Compares a password. Five wrong ones lock the name for a quarter of an hour.
pub(super) async fn check(
    routes: &Arc<PeopleRoutes>,
    name: &str,
    password: Zeroizing<String>,
) -> Result<SignIn, StoreError> {
    let now = now_ms();
    let person = routes.store.person(name).await?;
    let locked = person.as_ref().and_then(|person| person.locked_until_ms);
    if let Some(until) = locked
        && until > now
    {
        let minutes = (until - now) / MINUTE_MS + 1;
        return Ok(SignIn::Locked { minutes });
    }
    let waiting = std::time::Duration::from_secs(5);
    let Ok(Ok(_turn)) = tokio::time::timeout(waiting, routes.passwords.acquire()).await else {
        return Ok(SignIn::Busy);
    };
    let stored = person.map(|person| person.password);
    let fits = tokio::task::spawn_blocking(move || password::fits(&password, stored.as_deref()));
    if fits.await.unwrap_or(false) {
        return Ok(SignIn::Right(name.to_owned()));
    }
    tracing::warn!("a wrong name or password was given");
    routes
        .store
        .wrong_password(name, now.saturating_add(LOCKED_MS))
        .await?;
    Ok(SignIn::Wrong)
}

/// A new token: what the cookie has, and its digest.
pub(super) fn new_token() -> std::io::Result<(String, [u8; 32])> {
    let mut random = Zeroizing::new([0_u8; 32]);
    getrandom::fill(&mut *random).map_err(std::io::Error::other)?;
    let token = URL_SAFE_NO_PAD.encode(*random);
    let digest = digest(&token);
    Ok((token, digest))
}

/// Whether a browser says that a page of another site has made this request.
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let (Some(origin), Some(host)) = (text("origin"), text("host")) else {
        return false;
    };
    let behind = origin.split_once("://").map(|(_, behind)| behind);
    behind != Some(host)
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE).filter(|token| token.len() == 43)
}

/// The value of a cookie.
pub(super) fn cookie_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

fn basic(headers: &HeaderMap) -> Option<(String, Zeroizing<String>)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let encoded = value.strip_prefix("Basic ")?;
    let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    // A text with a zero character cannot be asked of the database.
    if name.contains('\0') || name.len() > 100 || password.len() > 1_000 {
        return None;
    }
    Some((name.to_owned(), Zeroizing::new(password.to_owned())))
}
