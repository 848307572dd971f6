//! What the hub answers.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::byte_string::Hash;
use crate::enrolment::Enrolled;
use crate::fault::Fault;
use crate::limits::{MISSING_MAX, SERIES_BYTES_MAX, TEXT_BYTES_MAX};
use crate::message::Message;
use crate::row::check_text;

/// What the hub answers to any request of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The hub has stored every row up to this sequence. The answer is given after the commit.
    Acknowledged {
        /// The last stored sequence.
        up_to: u64,
    },
    /// The hub has taken the health report.
    Taken,
    /// The batch does not continue what the hub has: send again from [`Position::expected`].
    Gap(Position),
    /// The batch has other rows than the hub has stored under the same sequences. The hub keeps the batch and shows it to people. The
    /// till stops sending and shows a problem; it goes on selling.
    Forked {
        /// What the hub has.
        position: Position,
        /// The first sequence with other rows.
        sequence: u64,
    },
    /// The till knows less than it has sent before: it was restored from an old backup. A person accepts the loss at the till, then the
    /// till goes on in the next epoch.
    RolledBack(Position),
    /// Another machine has taken over this till. This machine must sell nothing more.
    NewerEpoch {
        /// The epoch of the other machine.
        epoch: u32,
    },
    /// The answer to a [`PositionRequest`].
    Position(Position),
    /// The till has its certificate.
    Enrolled(Enrolled),
    /// The one-time code is not accepted.
    CodeRefused(CodeRefusal),
    /// The request came without a certificate of this hub, or the hub does not know its till.
    NotEnrolled,
    /// The certificate was revoked, or another machine has enrolled for this till since.
    Revoked,
    /// The request names another till than the certificate.
    OtherTill {
        /// The till of the certificate.
        certificate: Uuid,
    },
    /// The signature of the batch is not by the key of the till's certificate.
    WrongSignature,
    /// The hub has too much to do. Nothing is stored.
    TooBusy {
        /// After how many seconds to send again.
        retry_after_s: u32,
    },
    /// The request has a fault; the same request will get the same answer.
    Invalid {
        /// What is wrong, with its place.
        fault: String,
    },
    /// The hub cannot use its database at present. Whether the rows are stored is not known: send the same batch again.
    Unavailable {
        /// After how many seconds to send again.
        retry_after_s: u32,
    },
}

/// What the hub has of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The newest epoch that the hub knows.
    pub epoch: u32,
    /// The sequence that the next batch begins with: the last stored sequence plus 1.
    pub expected: u64,
    /// The hash that the next batch names: that of the last stored batch.
    pub before: Hash,
    /// The first sequence of the last stored batch; 0 if there is none. With it the till can build this batch again.
    pub last_batch_first: u64,
    /// For a till that was restored: which numbers the hub has behind what the till has.
    pub missing: Vec<Missing>,
    /// How many documents there are behind what the till has; `missing` names the first ranges of them only.
    pub missing_documents: u64,
}

/// Documents of one device that the hub has and the till has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The device.
    pub device: Uuid,
    /// The series of the numbers.
    pub series: String,
    /// The lowest number; `None` if the documents have no numbers.
    pub first: Option<u64>,
    /// The highest number; `None` if the documents have no numbers.
    pub last: Option<u64>,
    /// How many documents there are.
    pub documents: u64,
    /// The business time of the last of them, in milliseconds since 1970 (UTC).
    pub last_at_ms: i64,
}

/// A till asks what the hub has of it: after a crash between sending and the answer, and before a restore is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRequest {
    /// The till.
    pub till: Uuid,
    /// The till's epoch.
    pub epoch: u32,
    /// The last sequence that the till knows to be acknowledged; 0 if there is none. The answer's `missing` is behind it.
    pub acknowledged: u64,
    /// The hash of the batch with this sequence; [`Hash::ZERO`] if there is none.
    pub acknowledged_hash: Hash,
}

/// Why a one-time code is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeRefusal {
    /// The hub has made no such code for this till, or the secret is wrong.
    Unknown {
        /// How many tries remain for the code of this till; 0 if none.
        tries_left: u8,
    },
    /// The code was used.
    Used,
    /// The code is older than an hour.
    Expired,
    /// There were five wrong tries for this till's code.
    TooManyTries,
}

impl fmt::Display for CodeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { tries_left: 0 } => {
                f.write_str("the hub has no code for this till; make one with `ferrotill-hub enrol`")
            }
            Self::Unknown { tries_left } => write!(
                f,
                "the hub has made another code for this till; {tries_left} tries remain"
            ),
            Self::Used => f.write_str(
                "the code was used before; if not by you, revoke the till at the hub and make a new code with `ferrotill-hub enrol`",
            ),
            Self::Expired => f.write_str(
                "the code is older than an hour; make a new one with `ferrotill-hub enrol`",
            ),
            Self::TooManyTries => f.write_str(
                "there were five wrong tries for this till's code; make a new one with `ferrotill-hub enrol`",
            ),
        }
    }
}

impl Answer {
    /// The HTTP status that goes with the answer.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Acknowledged { .. } | Self::Taken | Self::Position(_) | Self::Enrolled(_) => 200,
            Self::Gap(_) | Self::Forked { .. } | Self::RolledBack(_) | Self::NewerEpoch { .. } => {
                409
            }
            Self::CodeRefused(_) | Self::NotEnrolled | Self::Revoked | Self::OtherTill { .. } => {
                403
            }
            Self::WrongSignature | Self::Invalid { .. } => 422,
            Self::TooBusy { .. } | Self::Unavailable { .. } => 503,
        }
    }
}

impl Message for Answer {
    const KIND: u8 = 5;
    const NAME: &'static str = "answer";

    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Gap(position)
            | Self::Forked { position, .. }
            | Self::RolledBack(position)
            | Self::Position(position) => position.check(),
            Self::Enrolled(enrolled) => enrolled.check(),
            Self::Invalid { fault } => check_text(fault, TEXT_BYTES_MAX, || "fault".to_owned()),
            _ => Ok(()),
        }
    }
}

impl Position {
    fn check(&self) -> Result<(), Fault> {
        if self.expected == 0 {
            return Err(Fault::wrong("expected", "must be at least 1"));
        }
        Fault::limit(self.missing.len(), MISSING_MAX, || "missing".to_owned())?;
        for (n, missing) in self.missing.iter().enumerate() {
            check_text(&missing.series, SERIES_BYTES_MAX, || {
                format!("missing[{n}].series")
            })?;
        }
        Ok(())
    }
}

impl Message for PositionRequest {
    const KIND: u8 = 6;
    const NAME: &'static str = "position request";

    fn check(&self) -> Result<(), Fault> {
        if self.epoch == 0 {
            return Err(Fault::wrong("epoch", "must be at least 1"));
        }
        Ok(())
    }
}
