//! Why the hub does not take the till's documents, and what a person can do.

use std::fmt;
use std::time::Duration;

use ferrotill_hub_protocol::{Answer, Missing, Position};

use super::connection::HubFailure;

/// Why the hub does not take the till's rows. The till goes on selling, unless another machine has taken it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubRefusal {
    /// The hub has other rows under the till's sequences.
    Forked {
        /// The first sequence with other rows.
        sequence: u64,
    },
    /// The hub has rows that the till's journal does not have.
    RolledBack {
        /// The last sequence that the hub has.
        last: u64,
        /// The first ranges of documents that the till does not have.
        missing: Vec<Missing>,
        /// How many documents there are.
        documents: u64,
    },
    /// Another machine has taken over this till.
    TakenOver {
        /// The epoch of the other machine.
        epoch: u32,
    },
    /// The hub does not know the till.
    NotEnrolled,
    /// The till's certificate was revoked.
    Revoked,
    /// The certificate is of another till.
    OtherTill,
    /// The signature is not by the key of the certificate.
    WrongSignature,
    /// The hub finds a fault in what the till sends.
    Invalid(String),
    /// The till cannot make the rows that the hub expects.
    Unmade(String),
}

impl HubRefusal {
    /// The hub has rows that the till's journal does not have.
    pub(super) fn rolled_back(position: Position) -> Self {
        Self::RolledBack {
            last: position.expected.saturating_sub(1),
            missing: position.missing,
            documents: position.missing_documents,
        }
    }

    /// One thing that a person can do.
    #[must_use]
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::Forked { .. } => {
                "find out which other machine or copy uses this till's folder, and stop it; then ask the head office to look at the till's page at the hub"
            }
            Self::RolledBack { .. } => {
                "put the newest backup back with `ferrotill restore FILE`, which names the missing documents and goes on above their numbers"
            }
            Self::TakenOver { .. } => "sell on the other machine, and take this one out of use",
            Self::NotEnrolled | Self::Revoked | Self::OtherTill | Self::WrongSignature => {
                "ask the head office for a code, and enrol the till again with `ferrotill hub enrol CODE`"
            }
            Self::Invalid(_) => "update the older of till and hub, or report this as a defect",
            Self::Unmade(_) => {
                "run `ferrotill verify`; if it finds nothing, ask the head office to enrol this till as a new one"
            }
        }
    }
}

impl fmt::Display for HubRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forked { sequence } => write!(
                f,
                "the hub has other documents under this till's sequence {sequence}: two machines use one identity"
            ),
            Self::RolledBack {
                last,
                missing,
                documents,
            } => {
                write!(
                    f,
                    "the hub has documents up to sequence {last} that this till does not have: its folder is an old copy"
                )?;
                if *documents > 0 {
                    write!(f, " ({documents} documents are missing")?;
                    for range in missing.iter().take(RANGES_SAID_MAX) {
                        write!(f, ", {}", MissingRange(range))?;
                    }
                    f.write_str(")")?;
                }
                Ok(())
            }
            Self::TakenOver { .. } => {
                f.write_str("the folder of this till was restored on another machine, which sells now")
            }
            Self::NotEnrolled => f.write_str("the hub does not know this till's certificate"),
            Self::Revoked => f.write_str(
                "this till's certificate was revoked at the hub, or another machine was enrolled for this till",
            ),
            Self::OtherTill => f.write_str("this till's certificate is for another till"),
            Self::WrongSignature => {
                f.write_str("the hub finds a signature that is not by this till's key")
            }
            Self::Invalid(fault) => write!(f, "the hub refuses what the till sends: {fault}"),
            Self::Unmade(why) => write!(f, "the till cannot make what the hub expects: {why}"),
        }
    }
}

/// A range of missing documents, for people.
#[derive(Debug)]
pub struct MissingRange<'m>(pub &'m Missing);

impl fmt::Display for MissingRange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing {
            device,
            series,
            first,
            last,
            ..
        } = self.0;
        write!(f, "device {device}")?;
        if !series.is_empty() {
            write!(f, " series {series}")?;
        }
        match (first, last) {
            (Some(first), Some(last)) if first == last => write!(f, " number {first}"),
            (Some(first), Some(last)) => write!(f, " numbers {first} to {last}"),
            _ => f.write_str(" without numbers"),
        }
    }
}

/// What an answer says against the till.
///
/// # Errors
///
/// [`HubFailure`] if it says nothing of the kind: the hub cannot do it now, or the answer belongs to another request.
pub(super) fn refusal_in(answer: Answer) -> Result<HubRefusal, HubFailure> {
    Ok(match answer {
        Answer::Forked { sequence, .. } => HubRefusal::Forked { sequence },
        Answer::RolledBack(position) => HubRefusal::rolled_back(position),
        Answer::NewerEpoch { epoch } => HubRefusal::TakenOver { epoch },
        Answer::NotEnrolled => HubRefusal::NotEnrolled,
        Answer::Revoked => HubRefusal::Revoked,
        Answer::OtherTill { .. } => HubRefusal::OtherTill,
        Answer::WrongSignature => HubRefusal::WrongSignature,
        Answer::Invalid { fault } => HubRefusal::Invalid(fault),
        Answer::TooBusy { retry_after_s } | Answer::Unavailable { retry_after_s } => {
            return Err(HubFailure::Busy(Duration::from_secs(retry_after_s.into())));
        }
        other => return Err(HubFailure::NotTheHub(other.status())),
    })
}

/// So many ranges of missing documents are named in one sentence.
const RANGES_SAID_MAX: usize = 5;
