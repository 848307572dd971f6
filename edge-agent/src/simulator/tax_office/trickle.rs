//! An answer that comes drop by drop: each byte is forward movement of the line, and none is an answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The pause between two bytes where the switch gives none.
const PAUSE: Duration = Duration::from_millis(100);

/// The same answer, a byte at a time. Its length is not told beforehand.
pub(super) async fn drop_by_drop(response: Response, pause: Duration) -> Response {
    let (mut parts, body) = response.into_parts();
    let text = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // A body of ours is in memory and does not fail.
        Err(_) => Bytes::new(),
    };
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    let pause = if pause.is_zero() { PAUSE } else { pause };
    let mut drops = interval(pause);
    drops.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Response::from_parts(parts, Body::new(Drip { text, drops }))
}

struct Drip {
    text: Bytes,
    drops: Interval,
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.text.is_empty() {
            return Poll::Ready(None);
        }
        match self.drops.poll_tick(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                let byte = self.text.split_to(1);
                Poll::Ready(Some(Ok(Frame::data(byte))))
            }
        }
    }
}
