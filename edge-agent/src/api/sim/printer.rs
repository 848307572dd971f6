//! `/sim/printer`: the switches of the emulated printer.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ferrotill_device::emulator::{Cable, Cover, FaultKind, FaultOrder, Power, Rig};
use ferrotill_device::printer::Paper;

use super::{done, read, refuse};
use crate::api::json::RequestFault;
use crate::api::problem::Problem;

/// The routes of `/sim/printer`.
pub fn router(rig: Arc<Rig>) -> Router {
    Router::new()
        .route("/sim/printer", get(show).put(set))
        .route("/sim/printer/faults", post(add_fault).delete(clear_faults))
        .route("/sim/printer/paper", get(paper))
        .with_state(rig)
}

async fn show(State(rig): State<Arc<Rig>>, RawQuery(query): RawQuery) -> Response {
    let all = query.is_some_and(|query| query.split('&').any(|pair| pair == "receipts=all"));
    match serde_json::to_string(&rig.snapshot(all)) {
        Ok(text) => {
            let mut response = text.into_response();
            response.headers_mut().insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            response
        }
        Err(error) => Problem::new("Unreadable", error.to_string())
            .response(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn set(State(rig): State<Arc<Rig>>, body: Bytes) -> Response {
    read(&body, |fields| {
        let power = fields.named("power", &[("on", Power::On), ("off", Power::Off)]);
        let paper = fields.named(
            "paper",
            &[("out", Paper::Out), ("low", Paper::Low), ("ok", Paper::Ok)],
        );
        let cover = fields.named("cover", &[("open", Cover::Open), ("closed", Cover::Closed)]);
        let cable = fields.named("cable", &[("in", Cable::In), ("out", Cable::Out)]);
        let keyboard = fields.named("keyboard", &[("z", Key::Z)]);
        let others = [power.is_some(), paper.is_some(), cover.is_some(), cable.is_some()];
        if keyboard.is_some() && others.contains(&true) {
            // A key press may print nothing, and then the request is refused. So the same request must not change any other
            // switch.
            fields.fault("keyboard", "NotAlone", "must be pressed in a request of its own");
        }
        (power, paper, cover, cable, keyboard)
    })
    .map_or_else(
        |faults| refuse(&faults),
        |(power, paper, cover, cable, keyboard)| {
            power.into_iter().for_each(|power| rig.set_power(power));
            paper.into_iter().for_each(|paper| rig.set_paper(paper));
            cover.into_iter().for_each(|cover| rig.set_cover(cover));
            let pressed = keyboard.is_none_or(|Key::Z| rig.keyboard_z());
            // The cable is switched last, so that the printer is in its new state when the cable is plugged in again.
            cable.into_iter().for_each(|cable| rig.set_cable(cable));
            if pressed {
                done()
            } else {
                let fault = RequestFault {
                    path: "keyboard".to_owned(),
                    code: "NotPrinted",
                    sentence: "printed nothing: the printer is off, has no paper, has a receipt open, or has no such key".to_owned(),
                };
                refuse(&fault.into())
            }
        },
    )
}

/// A key of the keyboard of the printer.
#[derive(Clone, Copy)]
enum Key {
    /// Prints a Z-report.
    Z,
}

async fn add_fault(State(rig): State<Arc<Rig>>, body: Bytes) -> Response {
    read(&body, |fields| {
        let kinds: Vec<(&str, FaultKind)> = FaultKind::ALL
            .iter()
            .map(|kind| (kind.name(), *kind))
            .collect();
        let kind = fields.named("kind", &kinds);
        if kind.is_none() && fields.member("kind").is_none() {
            fields.fault("kind", "Missing", "is needed");
        }
        let command = fields.text("command").and_then(|text| {
            let digits = text.strip_prefix("0x").unwrap_or(&text);
            let command = u8::from_str_radix(digits, 16).ok();
            if command.is_none() {
                fields.fault(
                    "command",
                    "UnknownValue",
                    "is not a command; write it as 0x38",
                );
            }
            command
        });
        let whole = |value: Option<i64>, default: i64| u64::try_from(value.unwrap_or(default)).ok();
        let times =
            whole(fields.decimal("times", 0), 1).and_then(|times| u32::try_from(times).ok());
        let ms = whole(fields.decimal("ms", 0), 0);
        for (name, missing) in [("times", times.is_none()), ("ms", ms.is_none())] {
            if missing {
                fields.fault(name, "UnknownValue", "is not a whole number from 0");
            }
        }
        if matches!(kind, Some(FaultKind::Busy)) && times.is_some_and(|times| times > BUSY_MAX) {
            let sentence = format!("is the count of busy bytes; at most {BUSY_MAX} are sent");
            fields.fault("times", "NumberTooLarge", sentence);
        }
        kind.zip(times)
            .zip(ms)
            .map(|((kind, times), ms)| FaultOrder {
                kind,
                command,
                times,
                ms,
            })
    })
    .map_or_else(
        |faults| refuse(&faults),
        |order| {
            order.into_iter().for_each(|order| rig.add_fault(order));
            done()
        },
    )
}

/// The largest number of busy bytes before one answer: the emulator puts all of them into memory.
const BUSY_MAX: u32 = 10_000;

async fn clear_faults(State(rig): State<Arc<Rig>>) -> Response {
    rig.clear_faults();
    done()
}

async fn paper(State(rig): State<Arc<Rig>>) -> String {
    rig.paper()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Rig, router};
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use ferrotill_device::emulator::RigOptions;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_key_must_be_pressed_in_a_request_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let rig = Arc::new(Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap());
        let body = r#"{"keyboard":"z","power":"off"}"#;
        let call = Request::put("/sim/printer").body(Body::from(body)).unwrap();
        let answer = router(Arc::clone(&rig)).oneshot(call).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(rig.snapshot(false).power, "on");
    }

    #[tokio::test]
    async fn a_switch_takes_no_position_of_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let rig = Arc::new(Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap());
        for (method, path, body) in [
            ("PUT", "/sim/printer", r#"{"power":1}"#),
            ("PUT", "/sim/printer", r#"{"paper":0}"#),
            ("POST", "/sim/printer/faults", r#"{"kind":3}"#),
        ] {
            let call = Request::builder().method(method).uri(path);
            let call = call.body(Body::from(body)).unwrap();
            let answer = router(Arc::clone(&rig)).oneshot(call).await.unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        }
        let shown = rig.snapshot(false);
        assert_eq!((shown.power, shown.paper), ("on", "ok"));
    }

    #[tokio::test]
    async fn a_switch_takes_a_body_with_a_byte_order_mark() {
        let folder = tempfile::tempdir().unwrap();
        let rig = Arc::new(Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap());
        let body = "\u{feff}{\"power\":\"off\"}";
        let call = Request::put("/sim/printer").body(Body::from(body)).unwrap();
        let answer = router(Arc::clone(&rig)).oneshot(call).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(rig.snapshot(false).power, "off");
    }

    #[tokio::test]
    async fn a_fault_sends_at_most_ten_thousand_busy_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let rig = Arc::new(Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap());
        for (times, status) in [
            (10_000, StatusCode::OK),
            (u32::MAX, StatusCode::BAD_REQUEST),
        ] {
            let body = format!("{{\"kind\":\"busy\",\"times\":{times}}}");
            let call = Request::post("/sim/printer/faults")
                .body(Body::from(body))
                .unwrap();
            let answer = router(Arc::clone(&rig)).oneshot(call).await.unwrap();
            assert_eq!(answer.status(), status, "{times}");
        }
    }
}
