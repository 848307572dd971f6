//! `/people`: who may use the dashboard.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use ferrotill_core::event::PersonAct;

use super::super::Dashboard;
use super::super::form::PageForm;
use super::super::visitor::Visitor;
use super::super::words::Words;
use super::frame::{Frame, form_begin, notice, redirect};
use crate::api::html::escaped;
use crate::api::lanes::Lane;
use crate::people::pin::{DIGITS_MAX, DIGITS_MIN};
use crate::people::{NAME_BYTES_MAX, PeopleError, Right};

/// `/people`.
pub async fn show(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Settings) {
        return *response;
    }
    let says = (visitor.query.text("saved") == "yes").then_some(visitor.words.saved);
    page(
        &dashboard,
        &visitor,
        StatusCode::OK,
        says.map(|says| ("good", says)),
    )
}

fn page(
    dashboard: &Dashboard,
    visitor: &Visitor,
    status: StatusCode,
    says: Option<(&str, &str)>,
) -> Response {
    let words = visitor.words;
    let mut body = format!("<h1>{}</h1>\n", words.page_people);
    body.push_str(&says.map_or_else(String::new, |(kind, says)| notice(kind, says)));
    match dashboard.service.people.list() {
        Ok(people) => {
            for (number, person) in people.iter().enumerate() {
                let name = escaped(&person.name);
                let _ = write!(
                    body,
                    "<section class=panel><h2>{name}</h2>\n{}<input type=hidden name=name value=\"{name}\">\n{}<div class=row><button name=do value=rights>{}</button></div></form>\n<details><summary>{} · {} <span class=hidden>{name}</span></summary>{}<input type=hidden name=name value=\"{name}\">{}<div class=row><button name=do value=pin>{}</button></div></form>\n{}<input type=hidden name=name value=\"{name}\"><div class=row><button class=danger name=do value=remove>{} <span class=hidden>{name}</span></button></div></form></details></section>\n",
                    form_begin(visitor, "/people"),
                    rights_boxes(words, &person.rights, number),
                    words.set_rights,
                    words.change_pin,
                    words.remove,
                    form_begin(visitor, "/people"),
                    pin_input(words),
                    words.change_pin,
                    form_begin(visitor, "/people"),
                    words.remove,
                );
            }
        }
        Err(error) => body.push_str(&notice("bad", &error.to_string())),
    }
    let _ = write!(
        body,
        "<section class=panel><h2>{}</h2>\n{}<label>{}<input name=name required maxlength=60 autocomplete=off></label>\n{}{}<p class=quiet>{}</p><div class=row><button name=do value=add>{}</button></div></form></section>\n",
        words.add_person,
        form_begin(visitor, "/people"),
        words.name,
        pin_input(words),
        rights_boxes(words, &[Right::Look], 1_000),
        words.pin_rule,
        words.add_person
    );
    Frame::new(visitor, dashboard, words.page_people).page(status, &body)
}

fn pin_input(words: &Words) -> String {
    format!(
        "<label>{}<input name=pin type=password inputmode=numeric autocomplete=new-password required minlength={DIGITS_MIN} maxlength={DIGITS_MAX}></label>\n",
        words.new_pin
    )
}

fn rights_boxes(words: &Words, held: &[Right], number: usize) -> String {
    let mut text = format!("<fieldset><legend>{}</legend>", words.rights);
    for right in Right::ALL {
        let name = match right {
            Right::Look => words.right_look,
            Right::Refund => words.right_refund,
            Right::Z => words.right_z,
            Right::Settle => words.right_settle,
            Right::Settings => words.right_settings,
        };
        let checked = if held.contains(&right) {
            " checked"
        } else {
            ""
        };
        let id = right.name();
        let _ = write!(
            text,
            "<label class=box for=\"{id}-{number}\"><input type=checkbox id=\"{id}-{number}\" name=right value={id}{checked}>{name}</label>"
        );
    }
    text + "</fieldset>\n"
}

/// `POST /people`.
pub async fn change(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Settings) {
        return *response;
    }
    let form = match visitor.posted(&dashboard, &body) {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let Some(_turn) = dashboard.sign_in_turn() else {
        let says = Some(("bad", visitor.words.busy));
        return page(&dashboard, &visitor, StatusCode::TOO_MANY_REQUESTS, says);
    };
    let (by, what, name) = (
        visitor.name().to_owned(),
        form.text("do").to_owned(),
        form.text("name").to_owned(),
    );
    if name.len() > NAME_BYTES_MAX {
        let says = Some(("bad", visitor.words.faulty));
        return page(&dashboard, &visitor, StatusCode::UNPROCESSABLE_ENTITY, says);
    }
    let noted = dashboard.note(PersonAct::People, None, (&name, &by));
    if let Err(says) = noted.await {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return page(&dashboard, &visitor, status, Some(("bad", &says)));
    }
    let changing = dashboard.service.work(Lane::Unsigned, move |service, _| {
        change_people(&service.people, &form)
    });
    match changing.await {
        Ok(true) => {
            dashboard.people_changed();
            tracing::info!(
                event = "people_changed",
                by,
                name,
                "a person has changed the people of the dashboard: {what}"
            );
            redirect("/people?saved=yes")
        }
        Ok(false) => page(
            &dashboard,
            &visitor,
            StatusCode::BAD_REQUEST,
            Some(("bad", visitor.words.faulty)),
        ),
        Err(error) => {
            let says = match &error {
                PeopleError::Pin(_) => visitor.words.pin_rule.to_owned(),
                error => error.to_string(),
            };
            page(
                &dashboard,
                &visitor,
                StatusCode::UNPROCESSABLE_ENTITY,
                Some(("bad", &says)),
            )
        }
    }
}

/// Carries a form out; false if it asks for nothing that exists.
fn change_people(people: &crate::people::People, form: &PageForm) -> Result<bool, PeopleError> {
    let name = form.text("name");
    let rights: Option<Vec<Right>> = form.all("right").map(Right::named).collect();
    let Some(rights) = rights else {
        return Ok(false);
    };
    match form.text("do") {
        "add" => people.add(name, &rights, form.text("pin"), false)?,
        "pin" => people.set_pin(name, form.text("pin"))?,
        "rights" => people.set_rights(name, &rights)?,
        "remove" => people.remove(name)?,
        _ => return Ok(false),
    }
    Ok(true)
}
