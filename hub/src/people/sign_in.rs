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
use super::html::{notice, page, redirect};
use super::visitor::{COOKIE, SESSION_MS, SignIn, check, is_foreign, new_token, session};
use crate::clock::now_ms;
use crate::store::{SessionRow, StoreError};

type Fields = Result<Form<Vec<(String, String)>>, FormRejection>;

/// `GET /sign-in`.
pub(super) async fn form() -> Response {
    form_page(StatusCode::OK, None)
}

fn form_page(status: StatusCode, says: Option<&str>) -> Response {
    let mut body = says.map_or_else(String::new, |says| notice("bad", says));
    body.push_str(
        "<form class=\"panel sign-in\" method=post action=\"/sign-in\">\n\
         <label>Name<input name=name autocomplete=username required maxlength=100></label>\n\
         <label>Password<input name=password type=password autocomplete=current-password required maxlength=200></label>\n\
         <button>Sign in</button></form>\n\
         <p class=quiet>A person is added on the hub's machine: ferrotill-hub person NAME</p>\n",
    );
    page(status, None, "/sign-in", "Sign in", &body)
}

/// `POST /sign-in`.
pub(super) async fn sign_in(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    // A page of another site must not sign a person's browser in under a name of its choice.
    if is_foreign(&headers) {
        return form_page(
            StatusCode::FORBIDDEN,
            Some("The form came from another site."),
        );
    }
    let Ok(Form(fields)) = fields else {
        return form_page(StatusCode::BAD_REQUEST, Some("The form cannot be read."));
    };
    let (name, password) = (field(&fields, "name"), field(&fields, "password"));
    if name.contains('\0') || name.len() > 100 {
        return form_page(StatusCode::FORBIDDEN, Some(WRONG));
    }
    let password = Zeroizing::new(password.to_owned());
    match check(&routes, name, password).await {
        Ok(SignIn::Right(person)) => match begin(&routes, person).await {
            Ok(response) => response,
            Err(error) => trouble(&error),
        },
        Ok(SignIn::Wrong) => form_page(StatusCode::FORBIDDEN, Some(WRONG)),
        Ok(SignIn::Locked { minutes }) => form_page(
            StatusCode::TOO_MANY_REQUESTS,
            Some(&format!(
                "There were five wrong passwords. Try again in {minutes} minutes."
            )),
        ),
        Ok(SignIn::Busy) => form_page(
            StatusCode::TOO_MANY_REQUESTS,
            Some("Too many people sign in at once. Try again."),
        ),
        Err(error) => trouble(&error),
    }
}

fn trouble(error: &StoreError) -> Response {
    tracing::error!(%error, "a person cannot sign in");
    form_page(
        StatusCode::SERVICE_UNAVAILABLE,
        Some("The hub cannot use its database at present. Try again."),
    )
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
    headers: HeaderMap,
    fields: Fields,
) -> Response {
    let open = match session(&routes, &headers).await {
        Ok(Some(open)) => open,
        Ok(None) => return redirect("/sign-in"),
        Err(error) => return trouble(&error),
    };
    let given = fields.map(|Form(fields)| field(&fields, "token").to_owned());
    let is_own =
        given.is_ok_and(|given| bool::from(given.as_bytes().ct_eq(open.row.form_token.as_bytes())));
    if !is_own {
        return form_page(StatusCode::FORBIDDEN, Some("The form is too old."));
    }
    if let Err(error) = routes.store.end_session(&open.token).await {
        return trouble(&error);
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

const WRONG: &str = "The name or the password is wrong.";
