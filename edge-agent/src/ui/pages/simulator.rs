//! `/simulator`: the paper roll and the switches of the simulator, in TEST mode.
//!
//! The page calls the same routes as programs do (`/sim/…`), within the process.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use tower::ServiceExt as _;

use super::super::Dashboard;
use super::super::form::PageForm;
use super::super::visitor::Visitor;
use super::frame::{Frame, form_begin, notice, redirect};
use crate::api::html::escaped;
use crate::api::json::JsonValue;
use crate::object;
use crate::people::Right;

/// The largest answer of a switch that is read.
const ANSWER_BYTES_MAX: usize = 2 * 1_024 * 1_024;
/// So many letters of the end of the paper are shown.
const ROLL_LETTERS_MAX: usize = 20_000;

/// The faults that the page offers, by their names in `/sim/printer/faults`.
const FAULTS: [&str; 12] = [
    "drop_request",
    "drop_answer",
    "nak",
    "busy",
    "garble",
    "power_cut",
    "power_cut_before",
    "unplug",
    "unplug_after",
    "paper_out",
    "paper_end",
    "cover_open",
];

/// `/simulator`.
pub async fn show(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    page(&dashboard, &visitor, StatusCode::OK, None).await
}

async fn page(
    dashboard: &Dashboard,
    visitor: &Visitor,
    status: StatusCode,
    says: Option<String>,
) -> Response {
    let words = visitor.words;
    let Some(simulator) = &dashboard.simulator else {
        return visitor.refusal(dashboard, StatusCode::NOT_FOUND, words.no_simulator);
    };
    let mut body = format!("<h1>{}</h1>\n", words.page_simulator);
    body.push_str(&says.map_or_else(String::new, |says| notice("bad", &says)));
    let printer = look(simulator, "/sim/printer").await;
    let authority = look(simulator, "/sim/authority").await;
    body.push_str("<div class=two><div>\n");
    let _ = writeln!(body, "<h2>{}</h2>", words.switches);
    if let Some(printer) = &printer {
        body.push_str(&printer_switches(visitor, printer));
    }
    if let Some(authority) = &authority {
        let states = [
            ("up", words.switch_up),
            ("down", words.switch_down),
            ("slow", words.switch_slow),
            ("refuse", words.switch_refuse),
            ("error", words.switch_error),
        ];
        body.push_str(&switch(
            visitor,
            ("authority", "state", words.switch_office),
            authority,
            &states,
        ));
    }
    if printer.is_some() {
        body.push_str(&fault_form(visitor));
    }
    let (_, roll) = call(simulator, Method::GET, "/sim/printer/paper", String::new()).await;
    let begin = roll.len().saturating_sub(ROLL_LETTERS_MAX);
    let roll = roll
        .get(roll.ceil_char_boundary(begin)..)
        .unwrap_or_default();
    let shown = if roll.trim().is_empty() {
        format!("<p class=quiet>{}</p>", words.roll_empty)
    } else {
        format!(
            "<pre class=roll tabindex=0 role=region aria-label=\"{}\">{}</pre>",
            words.paper_roll,
            escaped(roll)
        )
    };
    let _ = writeln!(
        body,
        "</div><div><h2>{}</h2>{shown}</div></div>",
        words.paper_roll
    );
    Frame::new(visitor, dashboard, words.page_simulator).page(status, &body)
}

fn printer_switches(visitor: &Visitor, printer: &JsonValue) -> String {
    let words = visitor.words;
    let (on, off) = (words.switch_on, words.switch_off);
    let mut text = switch(
        visitor,
        ("printer", "power", words.switch_power),
        printer,
        &[("on", on), ("off", off)],
    );
    text.push_str(&switch(
        visitor,
        ("printer", "paper", words.switch_paper),
        printer,
        &[
            ("ok", words.switch_ok),
            ("low", words.switch_low),
            ("out", words.switch_out),
        ],
    ));
    text.push_str(&switch(
        visitor,
        ("printer", "cover", words.switch_cover),
        printer,
        &[("closed", words.switch_closed), ("open", words.switch_open)],
    ));
    text + &switch(
        visitor,
        ("printer", "cable", words.switch_cable),
        printer,
        &[("in", words.switch_in), ("out", words.switch_unplugged)],
    )
}

/// A switch: a button for each of its positions.
fn switch(
    visitor: &Visitor,
    (part, name, label): (&str, &str, &str),
    state: &JsonValue,
    positions: &[(&str, &str)],
) -> String {
    let now = state.get(name).map_or("", JsonValue::scalar);
    let mut text = format!(
        "{}<input type=hidden name=part value={part}><input type=hidden name=switch value={name}><fieldset class=switch><legend>{label}</legend><div class=row>",
        form_begin(visitor, "/simulator")
    );
    for (position, label) in positions {
        let pressed = *position == now;
        let class = if pressed { "" } else { " class=quiet" };
        let _ = write!(
            text,
            "<button{class} name=position value={position} aria-pressed={pressed}>{label}</button>"
        );
    }
    text + "</div></fieldset></form>\n"
}

fn fault_form(visitor: &Visitor) -> String {
    let words = visitor.words;
    let mut text = format!(
        "<section class=panel>{}<input type=hidden name=part value=fault><label>{}<select name=position>",
        form_begin(visitor, "/simulator"),
        words.fault_next
    );
    for fault in FAULTS {
        let _ = write!(
            text,
            "<option value={fault} lang=en>{}</option>",
            fault.replace('_', " ")
        );
    }
    let _ = writeln!(
        text,
        "</select></label><div class=row><button>{}</button></div></form>{}<input type=hidden name=part value=clear><div class=row><button class=quiet>{}</button></div></form></section>",
        words.set_fault,
        form_begin(visitor, "/simulator"),
        words.clear_faults
    );
    text
}

/// `POST /simulator`: moves one switch.
pub async fn set(
    State(dashboard): State<Arc<Dashboard>>,
    visitor: Visitor,
    body: Bytes,
) -> Response {
    if let Err(response) = visitor.needs(&dashboard, Right::Look) {
        return *response;
    }
    let form = match visitor.posted(&dashboard, &body) {
        Ok(form) => form,
        Err(response) => return *response,
    };
    let Some(simulator) = &dashboard.simulator else {
        return visitor.refusal(
            &dashboard,
            StatusCode::NOT_FOUND,
            visitor.words.no_simulator,
        );
    };
    let Some((method, path, body)) = order(&form) else {
        let says = Some(visitor.words.faulty.to_owned());
        return page(&dashboard, &visitor, StatusCode::BAD_REQUEST, says).await;
    };
    let (status, answer) = call(simulator, method, path, body).await;
    if status.is_success() {
        return redirect("/simulator");
    }
    page(&dashboard, &visitor, status, Some(answer)).await
}

/// The call of `/sim` that a form asks for.
fn order(form: &PageForm) -> Option<(Method, &'static str, String)> {
    let position = form.text("position").to_owned();
    let names = ["power", "paper", "cover", "cable", "state"];
    let name = names.into_iter().find(|name| *name == form.text("switch"));
    Some(match (form.text("part"), name) {
        ("printer", Some(name)) => (
            Method::PUT,
            "/sim/printer",
            JsonValue::Object(vec![(name.into(), position.into())]).to_string(),
        ),
        ("authority", Some("state")) => (
            Method::PUT,
            "/sim/authority",
            object! { "state" => position }.to_string(),
        ),
        ("fault", None) => (
            Method::POST,
            "/sim/printer/faults",
            object! { "kind" => position, "times" => 1 }.to_string(),
        ),
        ("clear", None) => (Method::DELETE, "/sim/printer/faults", String::new()),
        _ => return None,
    })
}

/// The state behind a route; `None` if the simulator does not have it.
async fn look(simulator: &Router, path: &'static str) -> Option<JsonValue> {
    let (status, text) = call(simulator, Method::GET, path, String::new()).await;
    status
        .is_success()
        .then(|| JsonValue::parse(text.as_bytes()).ok())?
}

/// The answer of a route of the simulator.
async fn call(
    simulator: &Router,
    method: Method,
    path: &'static str,
    body: String,
) -> (StatusCode, String) {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = axum::http::Uri::from_static(path);
    let Ok(response) = simulator.clone().oneshot(request).await;
    let status = response.status();
    let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await;
    let text = body.map(|body| String::from_utf8_lossy(&body).into_owned());
    (status, text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::{PageForm, order};

    #[test]
    fn a_form_moves_one_switch_and_nothing_else() {
        let form = |text: &str| order(&PageForm::read(text.as_bytes()).unwrap());
        assert_eq!(
            form("part=printer&switch=paper&position=out"),
            Some((Method::PUT, "/sim/printer", r#"{"paper":"out"}"#.to_owned()))
        );
        assert_eq!(form("part=printer&switch=keyboard&position=z"), None);
        assert_eq!(form("part=clock&switch=state&position=z"), None);
    }
}
