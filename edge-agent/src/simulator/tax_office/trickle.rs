//! An answer that is sent one byte at a time. Bytes keep arriving, but the answer is not complete in time.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// The pause between two bytes, unless `/sim/authority` has set one.
const PAUSE: Duration = Duration::from_millis(100);

/// The same answer, one byte at a time and without `Content-Length`.
pub(super) async fn byte_by_byte(response: Response, pause: Duration) -> Response {
    let (mut parts, body) = response.into_parts();
    let text = match body.collect().await {
        Ok(body) => body.to_bytes(),
        // The simulator's bodies are in memory, so reading a body does not fail.
        Err(_) => Bytes::new(),
    };
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    let pause = if pause.is_zero() { PAUSE } else { pause };
    let mut ticks = interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Response::from_parts(parts, Body::new(ByteByByte { text, ticks }))
}

struct ByteByByte {
    text: Bytes,
    ticks: Interval,
}

impl HttpBody for ByteByByte {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.text.is_empty() {
            return Poll::Ready(None);
        }
        match self.ticks.poll_tick(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                let byte = self.text.split_to(1);
                Poll::Ready(Some(Ok(Frame::data(byte))))
            }
        }
    }
}
