//! `/printers/{id}/go-on`: a person decides about fiscal receipts of a printer that the till has not made.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use uuid::Uuid;

use super::super::Dashboard;
use super::super::visitor::Visitor;
use super::frame::{Frame, form_begin, notice, redirect};
use crate::api::html::escaped;
use crate::api::own::others;
use crate::people::Right;
use crate::status::problems::ProblemKind;

/// `GET /printers/{id}/go-on`: what was found, and the form.
pub async fn show(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    page(&dashboard, &visitor, StatusCode::OK, (&id, None))
}

/// `POST /printers/{id}/go-on`: the device goes on. The journal keeps the name.
pub async fn go_on(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Settle) {
        return *response;
    }
    let form = match visitor.posted(&dashboard, &body) {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let (Ok(device), "yes") = (Uuid::try_parse(&id), form.text("sure")) else {
        let says = Some(visitor.words.faulty.to_owned());
        return page(
            &dashboard,
            &visitor,
            StatusCode::UNPROCESSABLE_ENTITY,
            (&id, says),
        );
    };
    let by = visitor.name().to_owned();
    tracing::info!(%device, by, "a person wants a device to go on at the dashboard");
    match others::decide(&dashboard.service, device, by).await {
        Ok(()) => redirect("/"),
        Err((status, problem)) => page(&dashboard, &visitor, status, (&id, Some(problem.message))),
    }
}

fn page(
    dashboard: &Arc<Dashboard>,
    visitor: &Visitor,
    status: StatusCode,
    (id, says): (&str, Option<String>),
) -> Response {
    let words = visitor.words;
    let device = Uuid::try_parse(id).ok();
    let problems = dashboard.service.live_status.problems().list();
    let found = problems.into_iter().find(|problem| {
        problem.kind == ProblemKind::RECEIPTS_OF_OTHERS && problem.device == device
    });
    let Some((problem, device)) = found.zip(device) else {
        return visitor.refusal(dashboard, StatusCode::NOT_FOUND, words.not_found);
    };
    let mut body = says.map_or_else(String::new, |says| notice("bad", &says));
    body.push_str(&format!(
        "<h1>{}</h1><section class=panel><p>{}</p>\n<details><summary>{}</summary><p lang=en>{}</p></details>\n",
        words.why_others,
        words.fix_others,
        words.details,
        escaped(&problem.says)
    ));
    if visitor.may(Right::Settle) {
        body.push_str(&format!(
            "{}<label class=box><input type=checkbox name=sure value=yes required>{}</label><p class=quiet>{}</p><div class=row><button>{}</button></div></form>",
            form_begin(visitor, &format!("/printers/{device}/go-on")),
            words.others_sure,
            words.settle_warning,
            words.others_send
        ));
    } else {
        body.push_str(&format!("<p class=quiet>{}</p>", words.no_right));
    }
    body.push_str("</section>\n");
    Frame::new(visitor, dashboard, words.why_others).page(status, &body)
}
