//! What tills and the hub say to each other, as bytes. There is no IO in this crate; the till and the hub both use it.
//!
//! # The till's way
//!
//! 1. A person types a one-time code at the till: [`OneTimeCode::parse`]. The code names the hub's certificate authority
//!    ([`OneTimeCode::is_authority`]), the till and a secret.
//! 2. The till makes a P-256 key and a certificate request, and posts an [`EnrolRequest`] to [`path::ENROL`], without a client
//!    certificate. The answer is [`Answer::Enrolled`] or [`Answer::CodeRefused`].
//! 3. The till numbers the documents that it sends: the hub's sequence of a till begins with 1 and has no gap. It makes a
//!    [`Batch`] of consecutive [`Row`]s, signs it with the enrolment key ([`Batch::sign`]), and posts [`SignedBatch::to_bytes`]
//!    to [`path::BATCHES`] with its client certificate. One batch is under way at a time.
//! 4. Only [`Answer::Acknowledged`] says that the hub has stored the rows. On any other end (no answer, an HTTP status without
//!    an [`Answer`]) the same batch is sent again.
//!
//! # Sequence, hash and epoch
//!
//! Each batch names the hash of the batch before ([`Batch::hash`]; [`Hash::ZERO`] before the first batch). The hash covers the
//! header, and the header covers the rows by their SHA-256; the signature is not part of the hash, so a batch that is signed a
//! second time has the same hash. A till should store `first`, `last` and the hash of a batch before it sends it, and build the
//! same batch again after a crash. If it has lost the bounds, it sends a [`PositionRequest`]: [`Position`] names the bounds and
//! the hash of the last batch that the hub has stored, so that the till can build this batch again and compare the hashes.
//!
//! | The hub has stored up to `n`, in epoch `e`; a batch arrives | Answer |
//! | --- | --- |
//! | epoch `e`, first = `n` + 1, names the hash of the last batch | [`Answer::Acknowledged`] after the commit |
//! | a stored batch once more (same bounds, same hash) | [`Answer::Acknowledged`] up to `n` |
//! | first > `n` + 1 | [`Answer::Gap`]: send again from `expected` |
//! | first ≤ `n`, other bounds, the same rows as far as they are stored | [`Answer::Gap`] |
//! | first ≤ `n`, continues an older batch of the till with other rows, or an old epoch of a till that knows no newer one | [`Answer::RolledBack`]: the till was restored from an old backup |
//! | any other rows or hash for a known sequence | [`Answer::Forked`]: two machines use one identity |
//! | an epoch below `e` | [`Answer::NewerEpoch`]: another machine has taken over this till; sell nothing more |
//! | epoch above `e`, first = `n` + 1, names the last hash, and its first row is [`RowKind::Restored`] | [`Answer::Acknowledged`], and the epoch is known from now on |
//!
//! After a restore that a person has accepted, the till raises its epoch, goes on at [`Position::expected`] with
//! [`Position::before`], and its first row is [`RowKind::Restored`].
//!
//! # Bytes
//!
//! Each message begins with one byte for its kind and one byte for its version ([`Message`]); the rest is postcard. There is
//! one encoding of each message: a decoder refuses bytes that it would not have written itself. Everything has a limit
//! ([`limits`]). Released encodings are not changed: `tests/golden` has one file for each message.
//!
//! # HTTP
//!
//! Requests are `POST` with `Content-Type:` [`CONTENT_TYPE`]; each body and each answer is one message. [`Answer::status`] is
//! the HTTP status that goes with an answer; the till reads the answer in the body, whatever the status.

mod answer;
mod batch;
mod byte_string;
mod code;
mod enrolment;
mod fault;
mod health;
pub mod limits;
mod message;
mod row;
mod signature;

pub use answer::{Answer, CodeRefusal, Missing, Position, PositionRequest};
pub use batch::{Batch, Header, SignedBatch};
pub use byte_string::{ByteString, Hash};
pub use code::{CodeError, OneTimeCode, SECRET_BYTES};
pub use enrolment::{EnrolRequest, Enrolled, RenewRequest};
pub use fault::Fault;
pub use health::{HealthProblem, HealthReport, Severity, Unsent};
pub use message::{Message, VERSION};
pub use row::{Currency, Difference, Recorded, Row, RowKind, RowState, Sum, ZReport};
pub use signature::{SignatureError, SigningKey, public_key_of_pkcs8};

/// The media type of every request and answer.
pub const CONTENT_TYPE: &str = "application/vnd.ferrotill.hub";

/// The paths of the hub's listener for tills.
pub mod path {
    /// Takes a [`SignedBatch`](crate::SignedBatch); needs the till's certificate.
    pub const BATCHES: &str = "/hub/v1/batches";
    /// Takes a [`HealthReport`](crate::HealthReport); needs the till's certificate.
    pub const HEALTH: &str = "/hub/v1/health";
    /// Takes a [`PositionRequest`](crate::PositionRequest); needs the till's certificate. Answers with
    /// [`Answer::Position`](crate::Answer::Position).
    pub const POSITION: &str = "/hub/v1/position";
    /// Takes an [`EnrolRequest`](crate::EnrolRequest); needs no certificate but the code's secret.
    pub const ENROL: &str = "/hub/v1/enrol";
    /// Takes a [`RenewRequest`](crate::RenewRequest); needs the till's certificate.
    pub const RENEW: &str = "/hub/v1/renew";
}
