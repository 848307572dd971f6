//! What a till says about itself: whether it sells, what it could not send, its problems.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::byte_string::Hash;
use crate::fault::Fault;
use crate::limits::{NAME_BYTES_MAX, PROBLEMS_MAX, TEXT_BYTES_MAX, UNSENT_MAX, VERSION_BYTES_MAX};
use crate::message::Message;
use crate::row::{Currency, check_text};

/// What a till says about itself. The answer is [`Answer::Taken`](crate::Answer::Taken).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// The till.
    pub till: Uuid,
    /// How often the till was restored from a backup, plus 1.
    pub epoch: u32,
    /// The last sequence that the hub has acknowledged to this till; 0 if there is none.
    pub acknowledged: u64,
    /// The hash of the batch with this sequence; [`Hash::ZERO`] if there is none.
    pub acknowledged_hash: Hash,
    /// How many rows wait for the hub.
    pub waiting: u64,
    /// When the report was made, by the till's clock, in milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// The version of the till's program.
    pub version: String,
    /// Whether the till can sell.
    pub ready: bool,
    /// When the till made its last sale; `None` if it has made none.
    pub last_sale_ms: Option<i64>,
    /// Since when the till does not reach the authority; `None` if it does, or if there is no authority to reach.
    pub offline_since_ms: Option<i64>,
    /// What the authority has not acknowledged yet, for each currency.
    pub unsent: Vec<Unsent>,
    /// The problems that a person should do something about.
    pub problems: Vec<HealthProblem>,
}

/// Documents that the authority has not acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// The currency of the documents.
    pub currency: Currency,
    /// How many documents there are.
    pub documents: u64,
    /// The sum of their totals in the smallest unit.
    pub total: i64,
}

/// A problem of a till, as its `/healthz` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthProblem {
    /// The problem's name, such as `printer_silent`.
    pub id: String,
    /// The part of the till that has it, such as `printer`.
    pub part: String,
    /// How bad it is.
    pub severity: Severity,
    /// Since when, in milliseconds since 1970 (UTC).
    pub since_ms: i64,
    /// The problem in words, and what to do.
    pub text: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// The till sells, and a person should look soon.
    Warning,
    /// The till does not sell, or something is wrong with its books.
    Error,
}

impl Severity {
    /// The severity in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Message for HealthReport {
    const KIND: u8 = 2;
    const NAME: &'static str = "health report";

    fn check(&self) -> Result<(), Fault> {
        check_text(&self.version, VERSION_BYTES_MAX, || "version".to_owned())?;
        if i32::try_from(self.epoch).is_err() || self.epoch == 0 {
            return Err(Fault::wrong("epoch", "must be at least 1 and below 2^31"));
        }
        Fault::limit(self.unsent.len(), UNSENT_MAX, || "unsent".to_owned())?;
        for (n, unsent) in self.unsent.iter().enumerate() {
            unsent.currency.check(|| format!("unsent[{n}].currency"))?;
        }
        Fault::limit(self.problems.len(), PROBLEMS_MAX, || "problems".to_owned())?;
        for (n, problem) in self.problems.iter().enumerate() {
            let texts = [
                ("id", &problem.id, NAME_BYTES_MAX),
                ("part", &problem.part, NAME_BYTES_MAX),
                ("text", &problem.text, TEXT_BYTES_MAX),
            ];
            for (name, text, max) in texts {
                check_text(text, max, || format!("problems[{n}].{name}"))?;
            }
        }
        Ok(())
    }
}
