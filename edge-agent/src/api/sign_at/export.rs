//! The protocol of a register (DEP 7), receipt by receipt, as fast as the caller takes it.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use ferrotill_core::event::Event;
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX};
use ferrotill_core::seal::Seal;
use ferrotill_rksv::DepWriter;
use hyper::body::Frame;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use uuid::Uuid;

use super::problem::Failure;
use super::registers::register;
use super::request::{number, pairs};
use crate::api::service::Service;

/// The largest number of protocols that are written at once.
const EXPORTS_MAX: usize = 2;
/// The pieces of a protocol that wait for the caller.
const PIECES: usize = 4;
/// The size of a piece in bytes.
const PIECE_BYTES: usize = 64 * 1_024;

/// Which receipts are wanted. Both ends are included.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    from_s: Option<u64>,
    to_s: Option<u64>,
    from_number: Option<u64>,
    to_number: Option<u64>,
}

impl Wanted {
    fn of_query(query: &str) -> Result<Self, Failure> {
        let pairs = pairs(query);
        Ok(Self {
            from_s: number(&pairs, "start_time_signature")?,
            to_s: number(&pairs, "end_time_signature")?,
            from_number: number(&pairs, "start_receipt_number")?,
            to_number: number(&pairs, "end_receipt_number")?,
        })
    }

    fn has(self, at_ms: i64, compact: &str) -> bool {
        let second = u64::try_from(at_ms.div_euclid(1_000)).unwrap_or_default();
        let fits = |value: u64, from: Option<u64>, to: Option<u64>| {
            from.is_none_or(|from| value >= from) && to.is_none_or(|to| value <= to)
        };
        if !fits(second, self.from_s, self.to_s) {
            return false;
        }
        if self.from_number.is_none() && self.to_number.is_none() {
            return true;
        }
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let code = Code::parse_compact(compact, &mut room).ok();
        let number = code.and_then(|code| code.payload.receipt.as_str().parse().ok());
        number.is_some_and(|number| fits(number, self.from_number, self.to_number))
    }
}

/// The protocol of a register. The bare document, without an envelope.
pub(super) async fn export(
    service: &Arc<Service>,
    register_id: Uuid,
    query: &str,
) -> Result<Response, Failure> {
    register(service, register_id)?;
    let wanted = Wanted::of_query(query)?;
    let place = Place::take(service)?;
    let (pieces, taken) = channel(PIECES);
    let write = move || {
        let writer = Pieces {
            service: Arc::clone(&place.0),
            pieces,
            piece: Vec::with_capacity(PIECE_BYTES),
        };
        if let Err(error) = write_protocol(writer, register_id, wanted) {
            // The answer is cut short, so that its caller sees that it is not complete.
            tracing::warn!("a protocol was not written to its end: {error}");
        }
        drop(place);
    };
    let thread = std::thread::Builder::new().name("protocol".to_owned());
    thread
        .spawn(write)
        .map_err(|error| Failure::busy(format!("the system starts no thread: {error}")))?;
    let mut response = Response::new(Body::new(Protocol(taken)));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// A place for a protocol that is being written.
struct Place(Arc<Service>);

impl Place {
    fn take(service: &Arc<Service>) -> Result<Self, Failure> {
        if service.exports.fetch_add(1, Ordering::AcqRel) >= EXPORTS_MAX {
            service.exports.fetch_sub(1, Ordering::AcqRel);
            return Err(Failure::busy("other protocols are being written"));
        }
        Ok(Self(Arc::clone(service)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.exports.fetch_sub(1, Ordering::AcqRel);
    }
}

fn write_protocol(pieces: Pieces, register: Uuid, wanted: Wanted) -> io::Result<()> {
    let service = Arc::clone(&pieces.service);
    let mut writer = DepWriter::new(pieces)?;
    let mut failed = None;
    let read = service.reader.each_signed(register, |at_ms, event| {
        let compact = match event {
            Event::ReceiptSigned(receipt) => receipt.compact,
            Event::Sealed(sealed) => match sealed.seal {
                Seal::Signature { compact, .. } => compact,
                _ => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        if !wanted.has(at_ms, compact) {
            return ControlFlow::Continue(());
        }
        match writer.receipt(compact) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    read.map_err(io::Error::other)?;
    if let Some(error) = failed {
        return Err(error);
    }
    writer.finish()?.end()
}

/// Gives the protocol to the connection piece by piece. It waits while the caller takes none.
struct Pieces {
    service: Arc<Service>,
    pieces: Sender<Option<Bytes>>,
    piece: Vec<u8>,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        self.give(Some(piece.into()))
    }

    fn give(&self, piece: Option<Bytes>) -> io::Result<()> {
        self.pieces
            .blocking_send(piece)
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the caller is gone"))
    }

    /// The protocol is complete.
    fn end(mut self) -> io::Result<()> {
        self.send()?;
        self.give(None)
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The body of the answer. It ends with an error if the protocol was not written to its end.
struct Protocol(Receiver<Option<Bytes>>);

impl hyper::body::Body for Protocol {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.0.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Some(piece))) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            Poll::Ready(Some(None)) => Poll::Ready(None),
            Poll::Ready(None) => Poll::Ready(Some(Err(io::Error::other(
                "the protocol was not written to its end",
            )))),
        }
    }
}
