//! `/ui/events`: tells an open page that the till's state has changed, as server-sent events.
//!
//! The number of streams is limited, and each ends after some minutes: the browser then asks again, and its session is checked again.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::MissedTickBehavior;

use super::Dashboard;
use super::pages::state;
use super::visitor::Visitor;
use super::words::Words;
use crate::api::lanes::Lane;
use crate::people::Right;

/// The largest number of open streams. A page without one shows the state of the moment at which it was loaded.
pub const STREAMS_MAX: usize = 8;
/// The pause between two looks at the live status.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The number of looks after which a stream without news says that it lives.
const ALIVE_EVERY: u32 = 20;
/// The number of looks after which a stream ends: five minutes.
const LOOKS_MAX: u32 = 600;

/// What a stream shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Kiosk,
    Overview,
}

/// `GET /ui/events`.
pub async fn events(State(dashboard): State<Arc<Dashboard>>, visitor: Visitor) -> Response {
    let view = match visitor.query.text("view") {
        "overview" if visitor.may(Right::Look) => View::Overview,
        "overview" => return StatusCode::FORBIDDEN.into_response(),
        _ => View::Kiosk,
    };
    let Ok(place) = Arc::clone(&dashboard.streams).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(send(dashboard, view, visitor.words, sender));
    let mut response = Response::new(Body::new(Stream {
        receiver,
        _place: place,
    }));
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Sends the state whenever it has changed, until the caller is gone or the agent stops.
async fn send(
    dashboard: Arc<Dashboard>,
    view: View,
    words: &'static Words,
    sender: mpsc::Sender<Bytes>,
) {
    let mut stopping = dashboard.stopping.subscribe();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = String::new();
    for look in 0..LOOKS_MAX {
        tokio::select! {
            _ = looks.tick() => {}
            _ = stopping.wait_for(|stops| *stops) => return,
            () = sender.closed() => return,
        }
        let mark = state::mark(&dashboard.service);
        let event = if mark == known {
            if look % ALIVE_EVERY != 0 {
                continue;
            }
            ": alive\n\n".to_owned()
        } else {
            known = mark;
            let lane = match view {
                View::Kiosk => Lane::Unsigned,
                View::Overview => Lane::Lists,
            };
            let made = dashboard.service.work(lane, move |service, _| match view {
                View::Kiosk => Some(state::kiosk(service, words)),
                View::Overview => state::overview(service, words).ok(),
            });
            match made.await {
                Some(made) => as_event(&made),
                None => continue,
            }
        };
        if sender.send(event.into()).await.is_err() {
            return;
        }
    }
}

/// A text as an event: each line with its mark.
fn as_event(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("data: {line}\n")).collect();
    format!("retry: 1000\n{}\n", lines.concat())
}

/// The body of a stream. It keeps its place until the connection is closed.
#[derive(Debug)]
struct Stream {
    receiver: mpsc::Receiver<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.receiver
            .poll_recv(context)
            .map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

#[cfg(test)]
mod tests {
    use super::as_event;

    #[test]
    fn each_line_of_an_event_has_its_mark() {
        assert_eq!(as_event("a\nb\n"), "retry: 1000\ndata: a\ndata: b\n\n");
    }
}
