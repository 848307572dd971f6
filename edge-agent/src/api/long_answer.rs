//! The body of a long answer. It keeps its place in a lane until the caller has taken it, so that the number of long answers in
//! memory is limited.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::lanes::LanePlace;

/// A body that is given to the connection piece by piece, as fast as the caller takes it.
#[derive(Debug)]
pub(super) struct LongAnswer {
    rest: Bytes,
    _place: LanePlace,
}

impl LongAnswer {
    pub(super) fn new(text: String, place: LanePlace) -> Self {
        Self {
            rest: text.into(),
            _place: place,
        }
    }
}

impl Body for LongAnswer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.rest.len().min(PIECE_BYTES);
        if length == 0 {
            return Poll::Ready(None);
        }
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.rest.len()).unwrap_or(u64::MAX))
    }
}

/// The size of a piece in bytes.
const PIECE_BYTES: usize = 64 * 1_024;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::{LongAnswer, PIECE_BYTES};
    use crate::api::lanes::{Lane, Lanes};

    #[tokio::test]
    async fn a_long_answer_keeps_its_place_until_its_last_piece_is_taken() {
        let lanes = Lanes::default();
        let text = "x".repeat(2 * PIECE_BYTES + 1);
        let place = lanes.enter(Lane::Unsigned).await;
        let mut answer = Box::pin(LongAnswer::new(text.clone(), place));
        let mut taken = Vec::new();
        while let Some(frame) = answer.frame().await {
            let waiting = lanes.enter(Lane::Unsigned);
            let mut waiting = std::pin::pin!(waiting);
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())
            });
            assert!(polled.await, "the only place is taken");
            taken.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(taken.len(), 3);
        assert_eq!(taken.concat(), text.as_bytes());
        drop(answer);
        drop(lanes.enter(Lane::Unsigned).await);
    }
}
