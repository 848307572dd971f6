//! Signing in and out, and a person's own PIN.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::super::Dashboard;
use super::super::form::PageForm;
use super::super::session::{COOKIE, LIFETIME_S};
use super::super::visitor::Visitor;
use super::super::words::filled;
use super::frame::{Frame, form_begin, live, notice, redirect, signed_in};
use super::state;
use crate::api::lanes::Lane;
use crate::limited_log::LimitedLog;
use crate::people::pin::{DIGITS_MAX, DIGITS_MIN, fits};
use crate::people::{PeopleError, Person};

/// The form for signing in.
fn form(dashboard: &Dashboard, visitor: &Visitor, says: Option<&str>) -> String {
    let words = visitor.words;
    let nobody = dashboard
        .service
        .people
        .list()
        .is_ok_and(|people| people.is_empty());
    let mut text = says.map_or_else(String::new, |says| notice("bad", says));
    if nobody {
        text.push_str(&format!("<p class=quiet>{}</p>\n", words.no_people));
        return text;
    }
    text.push_str(&format!(
        "<form class=\"panel sign-in\" method=post action=\"/sign-in\"><h2>{}</h2>\n<label>{}<input name=name autocomplete=username required maxlength=60></label>\n<label>{}<input name=pin type=password inputmode=numeric autocomplete=current-password required maxlength={DIGITS_MAX}></label>\n<button>{}</button></form>\n",
        words.sign_in, words.name, words.pin, words.sign_in
    ));
    text
}

/// The kiosk view with the form for signing in; `says` is why the last try has failed.
pub async fn kiosk_page(
    dashboard: &Arc<Dashboard>,
    visitor: &Visitor,
    status: StatusCode,
    says: Option<String>,
) -> Response {
    let words = visitor.words;
    let made = dashboard.service.work(Lane::Unsigned, move |service, _| {
        state::kiosk(service, words)
    });
    let mut body = live("/ui/events?view=kiosk", &made.await);
    body.push_str(&form(dashboard, visitor, says.as_deref()));
    let title = if says.is_some() {
        words.sign_in
    } else {
        words.page_kiosk
    };
    Frame::new(visitor, dashboard, title).page(status, &body)
}

/// `POST /sign-in`.
pub async fn sign_in(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    let words = visitor.words;
    let refuse = |status, says: String| kiosk_page(&dashboard, &visitor, status, Some(says));
    let Some(form) = PageForm::read(&body) else {
        return refuse(StatusCode::BAD_REQUEST, words.faulty.to_owned()).await;
    };
    // A page of another site must not sign a person's browser in under a name of its choice.
    if visitor.is_foreign {
        return refuse(StatusCode::FORBIDDEN, words.form_old.to_owned()).await;
    }
    let (name, pin) = (form.text("name").to_owned(), form.text("pin").to_owned());
    let now = dashboard.service.clock.monotonic();
    if let Some(wait) = dashboard.lockout.wait(&name, visitor.is_here, now) {
        let minutes = wait.as_secs().div_ceil(60).to_string();
        let says = filled(words.locked, &[("minutes", &minutes)]);
        return refuse(StatusCode::TOO_MANY_REQUESTS, says).await;
    }
    let Some(_turn) = dashboard.sign_in_turn() else {
        return refuse(StatusCode::TOO_MANY_REQUESTS, words.busy.to_owned()).await;
    };
    let wanted = name.clone();
    let is_here = visitor.is_here;
    let checking = dashboard.service.work(Lane::Unsigned, move |service, _| {
        let person = service.people.find(&wanted)?;
        // A name that does not exist takes as long as a wrong PIN.
        let stored = person.as_ref().map_or("", |person| &person.pin);
        let right = fits(&pin, stored);
        Ok::<_, PeopleError>(person.filter(|_| right))
    });
    match checking.await {
        Ok(Some(person)) => {
            dashboard.lockout.right(&name);
            tracing::info!(
                event = "signed_in",
                by = person.name,
                "a person has signed in at the dashboard"
            );
            begin(&dashboard, &person, is_here)
        }
        Ok(None) => {
            let now = dashboard.service.clock.monotonic();
            if dashboard.lockout.wrong(&name, now) {
                WRONG.warn("NameLocked", || {
                    "a name at the dashboard had five wrong PINs and is locked for fifteen minutes".to_owned()
                });
            }
            WRONG.warn("WrongPin", || {
                "a wrong name or PIN was given at the dashboard".to_owned()
            });
            refuse(StatusCode::FORBIDDEN, words.wrong_pin.to_owned()).await
        }
        Err(error) => {
            tracing::error!("a person cannot sign in: {error}");
            refuse(StatusCode::SERVICE_UNAVAILABLE, error.to_string()).await
        }
    }
}

/// The answer that begins a session.
fn begin(dashboard: &Dashboard, person: &Person, is_here: bool) -> Response {
    let mut response = redirect(if person.first_pin { "/pin" } else { "/" });
    match dashboard.sessions.begin(person, dashboard.now_s()) {
        Ok(cookie) => {
            // With TLS, plain HTTP is for this machine alone.
            let secure = if dashboard.service.settings.has_tls && !is_here {
                "; Secure"
            } else {
                ""
            };
            let cookie = format!(
                "{COOKIE}={cookie}; Path=/; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Strict{secure}"
            );
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        Err(error) => tracing::error!("a session cannot begin: {error}"),
    }
    response
}

/// `POST /sign-out`.
pub async fn sign_out(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.posted(&dashboard, &body) {
        return *response;
    }
    if let Some(session) = &visitor.session {
        dashboard.sessions.end(session);
    }
    ended()
}

/// The answer that ends a session in the browser.
fn ended() -> Response {
    let mut response = redirect("/");
    let cookie = format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `/pin`: the form with which a person changes the own PIN.
pub async fn pin(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    if visitor.session.is_none() {
        return redirect("/");
    }
    pin_page(&dashboard, &visitor, StatusCode::OK, None)
}

fn pin_page(
    dashboard: &Dashboard,
    visitor: &Visitor,
    status: StatusCode,
    says: Option<&str>,
) -> Response {
    let words = visitor.words;
    let is_first = visitor
        .session
        .as_ref()
        .is_some_and(|session| session.person.first_pin);
    let mut body = format!("<h1>{}</h1>\n", words.page_pin);
    body.push_str(&says.map_or_else(String::new, |says| notice("bad", says)));
    if is_first {
        body.push_str(&notice("good", words.first_pin_note));
    }
    let input = |label: &str, name: &str, complete: &str| {
        format!(
            "<label>{label}<input name={name} type=password inputmode=numeric autocomplete={complete} required minlength={DIGITS_MIN} maxlength={DIGITS_MAX} aria-describedby=rule></label>\n"
        )
    };
    body.push_str(&format!(
        "<div class=\"panel narrow\">{}<p>{}</p>\n{}{}{}<p id=rule class=quiet>{}</p><button>{}</button></form></div>\n",
        form_begin(visitor, "/pin"),
        signed_in(visitor),
        input(words.old_pin, "old", "current-password"),
        input(words.new_pin, "new", "new-password"),
        input(words.repeat_pin, "again", "new-password"),
        words.pin_rule,
        words.change_pin
    ));
    Frame::new(visitor, dashboard, words.page_pin).page(status, &body)
}

/// `POST /pin`. The session of the old PIN ends.
pub async fn change_pin(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    let form = match visitor.posted(&dashboard, &body) {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let words = visitor.words;
    let refuse = |status, says: &str| pin_page(&dashboard, &visitor, status, Some(says));
    let Some(session) = &visitor.session else {
        return redirect("/");
    };
    if form.text("new") != form.text("again") {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, words.pins_differ);
    }
    let name = session.person.name.clone();
    let now = dashboard.service.clock.monotonic();
    if let Some(wait) = dashboard.lockout.wait(&name, visitor.is_here, now) {
        let minutes = wait.as_secs().div_ceil(60).to_string();
        let says = filled(words.locked, &[("minutes", &minutes)]);
        return refuse(StatusCode::TOO_MANY_REQUESTS, &says);
    }
    let Some(_turn) = dashboard.sign_in_turn() else {
        return refuse(StatusCode::TOO_MANY_REQUESTS, words.busy);
    };
    let (old, new) = (form.text("old").to_owned(), form.text("new").to_owned());
    let (stored, own) = (session.person.pin.clone(), name.clone());
    let changing = dashboard.service.work(Lane::Unsigned, move |service, _| {
        if !fits(&old, &stored) {
            return Ok(false);
        }
        service.people.set_pin(&own, &new).map(|()| true)
    });
    match changing.await {
        Ok(true) => {
            dashboard.people_changed();
            tracing::info!(
                event = "pin_changed",
                by = name,
                "a person has changed the own PIN"
            );
            ended()
        }
        Ok(false) => {
            dashboard.lockout.wrong(&name, now);
            refuse(StatusCode::FORBIDDEN, words.wrong_pin)
        }
        Err(PeopleError::Pin(_)) => refuse(StatusCode::UNPROCESSABLE_ENTITY, words.pin_rule),
        Err(error) => refuse(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

static WRONG: LimitedLog = LimitedLog::new();
