//! Notices when an answer was written completely to its connection.
//!
//! A handler puts a [`WhenWritten`] among the extensions of its response. Its function is called after the last byte of the
//! response was handed to the operating system for a connection that was still open. The caller need not have received the
//! response: a network that fails at that moment is not noticed. If the connection ends earlier, the function is dropped.

use std::fmt;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};

use crate::locked::Locked;

type Call = Box<dyn FnOnce() + Send>;

/// A function that is called at most once: when the response with this extension was written completely to its connection.
#[derive(Clone)]
pub struct WhenWritten(Arc<Locked<Option<Call>>>);

impl WhenWritten {
    /// Makes an extension for a response.
    pub fn new(call: impl FnOnce() + Send + 'static) -> Self {
        Self(Arc::new(Locked::new(Some(Box::new(call)))))
    }

    fn call(&self) {
        let call = self.0.lock().take();
        if let Some(call) = call {
            call();
        }
    }
}

impl fmt::Debug for WhenWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WhenWritten")
    }
}

/// The responses of one connection whose bodies have ended, and whose last bytes may still be in the connection's buffer.
#[derive(Clone, Debug, Default)]
pub(super) struct EndedAnswers(Arc<Locked<Vec<WhenWritten>>>);

impl EndedAnswers {
    /// Watches the body of a response that has a [`WhenWritten`].
    pub(super) fn watch(&self, mut response: Response<Body>) -> Response<Body> {
        match response.extensions_mut().remove::<WhenWritten>() {
            Some(when_written) => response.map(|body| {
                Body::new(WatchedBody {
                    body,
                    ended: false,
                    when_written,
                    answers: self.clone(),
                })
            }),
            None => response,
        }
    }

    /// The buffer of the connection is empty, so every ended response was written.
    fn flushed(&self) {
        let ended = std::mem::take(&mut *self.0.lock());
        for when_written in ended {
            when_written.call();
        }
    }
}

/// A body that says when all of it was taken.
struct WatchedBody {
    body: Body,
    ended: bool,
    when_written: WhenWritten,
    answers: EndedAnswers,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.ended |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        // A body that is dropped before its end was not written completely.
        if self.ended || self.body.is_end_stream() {
            self.answers.0.lock().push(self.when_written.clone());
        }
    }
}

/// A connection that says when its buffer is empty.
pub(super) struct WatchedStream<S> {
    stream: S,
    answers: EndedAnswers,
}

impl<S> WatchedStream<S> {
    pub(super) fn new(stream: S, answers: EndedAnswers) -> Self {
        Self { stream, answers }
    }
}

impl<S: Read + Unpin> Read for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    /// hyper flushes the stream only when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.answers.flushed();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::body::Body;
    use axum::http::Response;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::{EndedAnswers, WatchedStream, WhenWritten};

    const BODY_BYTES: usize = 100_000;

    /// Sends one request over a connection that holds few bytes, reads at most this many bytes of the answer, and disconnects.
    /// Returns whether the answer counts as written.
    async fn written_after(bytes: u64) -> bool {
        let (mut caller, stream) = duplex(1_000);
        let answers = EndedAnswers::default();
        let written = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let (answers, written) = (answers.clone(), Arc::clone(&written));
            move |_| {
                let mut response = Response::new(Body::from(vec![b'x'; BODY_BYTES]));
                let written = Arc::clone(&written);
                let note = WhenWritten::new(move || written.store(true, Ordering::Release));
                response.extensions_mut().insert(note);
                let response = answers.watch(response);
                async move { Ok::<_, std::convert::Infallible>(response) }
            }
        });
        let stream = WatchedStream::new(TokioIo::new(stream), answers);
        let server = tokio::spawn(http1::Builder::new().serve_connection(stream, service));
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        caller.write_all(request).await.unwrap();
        let mut answer = caller.take(bytes);
        answer.read_to_end(&mut Vec::new()).await.unwrap();
        drop(answer);
        // The connection of a caller that has left ends with an error.
        let _ = server.await.unwrap();
        written.load(Ordering::Acquire)
    }

    #[tokio::test]
    async fn an_answer_is_written_when_its_last_byte_has_left() {
        assert!(written_after(u64::MAX).await);
        for bytes in [0, 1, 500, 50_000] {
            assert!(!written_after(bytes).await, "{bytes}");
        }
    }
}
