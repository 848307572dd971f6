//! Signing in and out.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::PeopleRoutes;
use super::html::{Frame, notice, redirect};
use super::language::Language;
use super::visitor::{COOKIE, SESSION_MS, SignIn, check, is_foreign, new_token, session};
use super::words::filled;
use crate::clock::now_ms;
use crate::store::{SessionRow, StoreError};

type Fields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// `GET /sign-in`.
pub(super) async fn form(language: Language) -> Response {
    form_page(language, StatusCode::OK, None)
}

fn form_page(language: Language, status: StatusCode, says: Option<&str>) -> Response {
    let words = language.words;
    let command = [("command", "ferrotill-hub person NAME")];
    let mut body = says.map_or_else(String::new, |says| notice("bad", says));
    body.push_str(&format!(
        "<form class=\"panel sign-in\" method=post action=\"/sign-in\">\n\
         <label>{}<input name=name autocomplete=username required maxlength=100></label>\n\
         <label>{}<input name=password type=password autocomplete=current-password required maxlength=200></label>\n\
         <button>{}</button></form>\n<p class=quiet>{}</p>\n",
        words.name,
        words.password,
        words.sign_in,
        filled(words.add_person, &command)
    ));
    let frame = Frame {
        language,
        session: None,
        path: "/sign-in",
    };
    frame.page(status, words.sign_in, &body)
}

/// `POST /sign-in`.
pub(super) async fn sign_in(
    State(routes): State<Arc<PeopleRoutes>>,
    language: Language,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let words = language.words;
    // A page of another site must not sign a person's browser in under a name of its choice.
    if is_foreign(&headers) {
        return form_page(language, StatusCode::FORBIDDEN, Some(words.foreign_form));
    }
    let Ok(Form(fields)) = fields else {
        let says = Some(words.unreadable_form);
        return form_page(language, StatusCode::BAD_REQUEST, says);
    };
    let (name, password) = (field(&fields, "name"), field(&fields, "password"));
    if name.contains('\0') || name.len() > 100 {
        let says = Some(words.wrong_password);
        return form_page(language, StatusCode::FORBIDDEN, says);
    }
    let password = Zeroizing::new(password.to_owned());
    match check(&routes, name, password).await {
        Ok(SignIn::Right(person)) => match begin(&routes, person).await {
            Ok(response) => response,
            Err(error) => trouble(language, &error),
        },
        Ok(SignIn::Wrong) => {
            let says = Some(words.wrong_password);
            form_page(language, StatusCode::FORBIDDEN, says)
        }
        Ok(SignIn::Locked { minutes }) => {
            let says = filled(words.locked, &[("minutes", &minutes.to_string())]);
            form_page(language, StatusCode::TOO_MANY_REQUESTS, Some(&says))
        }
        Ok(SignIn::Busy) => form_page(language, StatusCode::TOO_MANY_REQUESTS, Some(words.busy)),
        Err(error) => trouble(language, &error),
    }
}

fn trouble(language: Language, error: &StoreError) -> Response {
    tracing::error!(%error, "a person cannot sign in");
    let says = Some(language.words.no_database);
    form_page(language, StatusCode::SERVICE_UNAVAILABLE, says)
}

async fn begin(routes: &PeopleRoutes, person: String) -> Result<Response, StoreError> {
    let unusable = |_| StoreError::Inconsistent("the system has no random numbers");
    let (token, digest) = new_token().map_err(unusable)?;
    let (form_token, _) = new_token().map_err(unusable)?;
    let now = now_ms();
    let row = SessionRow {
        person,
        form_token,
        made_ms: now,
        used_ms: now,
    };
    let ended_before = now.saturating_sub(SESSION_MS);
    routes
        .store
        .begin_session(&digest, &row, ended_before)
        .await?;
    Ok(with_cookie(routes, &token, SESSION_MS / 1_000))
}

/// `POST /sign-out`.
pub(super) async fn sign_out(
    State(routes): State<Arc<PeopleRoutes>>,
    language: Language,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let open = match session(&routes, &headers).await {
        Ok(Some(open)) => open,
        Ok(None) => return redirect("/sign-in"),
        Err(error) => return trouble(language, &error),
    };
    let given = fields.map(|Form(fields)| field(&fields, "token").to_owned());
    let is_own =
        given.is_ok_and(|given| bool::from(given.as_bytes().ct_eq(open.row.form_token.as_bytes())));
    if !is_own {
        let says = Some(language.words.old_form);
        return form_page(language, StatusCode::FORBIDDEN, says);
    }
    if let Err(error) = routes.store.end_session(&open.token).await {
        return trouble(language, &error);
    }
    with_cookie(&routes, "", 0)
}

/// Sends the browser to the first page, with the cookie of a session.
fn with_cookie(routes: &PeopleRoutes, token: &str, seconds: i64) -> Response {
    let secure = if routes.has_tls { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut response = redirect("/");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    let found = fields.iter().find(|field| field.0 == name);
    found.map_or("", |field| field.1.as_str())
}
