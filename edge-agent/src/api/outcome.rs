//! What became of an order, in the form that every API translates into its own answer.

use axum::http::HeaderValue;
use axum::response::Response;
use ferrotill_core::refusal::{Place, Refusal};
use uuid::Uuid;

use super::problem::Problem;
use super::response::{with_operation, with_retry_after};
use crate::clerk::{Answer, FiscalState};
use crate::listener::WhenWritten;

/// What became of an order: the request id, and whether the id has its document.
#[derive(Debug)]
pub struct Outcome {
    /// The request id. The agent made it if the caller gave none.
    pub id: Uuid,
    /// What the caller is told.
    pub told: Told,
    /// What is done when the answer was written to its connection.
    when_written: Option<WhenWritten>,
}

/// What a caller is told about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The id has its document.
    Document {
        /// True if an earlier request made the document.
        replayed: bool,
    },
    /// A rule forbids the order. This request has changed nothing.
    Refused {
        /// The refusal that decides.
        refusal: Refusal,
        /// All faults of the order, each with its place.
        faults: Vec<(Place, Refusal)>,
        /// The state of the id, which may belong to an earlier request.
        state: FiscalState,
    },
    /// The clerk was not asked, because the body has faults or the signature was used before. This request has changed nothing.
    NotAsked {
        /// What is wrong with the request.
        problem: Problem,
        /// The state of the id, which may belong to an earlier request.
        state: FiscalState,
    },
    /// It is proved that nothing was registered.
    NotRegistered(Problem),
    /// It is not known yet whether the document exists.
    Unknown(Problem),
    /// The request was not looked at. The id may belong to an earlier request.
    Busy(Problem),
}

impl Outcome {
    /// An outcome whose answer needs no attention after it was written.
    pub(super) fn new(id: Uuid, told: Told) -> Self {
        Self {
            id,
            told,
            when_written: None,
        }
    }

    /// The outcome of an order that the clerk has answered.
    pub(super) fn of(id: Uuid, answer: Answer) -> Self {
        let told = match answer {
            Answer::Registered { replayed, .. } => Told::Document { replayed },
            Answer::Refused {
                refusal,
                faults,
                state,
            } => Told::Refused {
                refusal,
                faults,
                state,
            },
            Answer::NotRegistered { error, message } => {
                // What a bank terminal has said names the terminal itself.
                let place = match error.starts_with("BankTerminal") {
                    true => "",
                    false => "printer: ",
                };
                let message =
                    format!("{place}{message}; to try again, send the request with the id {id}");
                Told::NotRegistered(Problem::new(error, message))
            }
            Answer::Unknown { message } => Told::Unknown(Problem::new(
                "OutcomeUnknown",
                format!("outcome: {message}; repeat the request with the id {id}"),
            )),
            Answer::Unavailable { message } => Told::Busy(Problem::new(
                "Busy",
                format!("agent: {message}; repeat the request with the id {id}"),
            )),
        };
        Self::new(id, told)
    }

    /// Adds what is done when the answer was written to its connection.
    pub(super) fn when_written(mut self, when_written: WhenWritten) -> Self {
        self.when_written = Some(when_written);
        self
    }

    /// The state of the request id.
    #[must_use]
    pub const fn state(&self) -> FiscalState {
        match &self.told {
            Told::Document { .. } => FiscalState::Registered,
            Told::Refused { state, .. } | Told::NotAsked { state, .. } => *state,
            Told::NotRegistered(_) => FiscalState::NotRegistered,
            Told::Unknown(_) | Told::Busy(_) => FiscalState::Unknown,
        }
    }

    /// Writes a line to the log if the order is refused or its outcome is not known. The clerk writes one for each document that is
    /// registered or void.
    fn log(&self) {
        let (id, state) = (self.id, self.state().name());
        match &self.told {
            Told::Document { .. } | Told::NotRegistered(_) => {}
            Told::Refused {
                refusal, faults, ..
            } => {
                let (error, faults) = (refusal.name(), faults.len());
                tracing::info!(event = "refused", %id, state, error, faults, "an order is refused: {refusal}; {}", refusal.hint());
            }
            Told::NotAsked { problem, .. } => {
                // Only the place of the first fault: the sentence may name what the caller wrote.
                let error = &*problem.code;
                let place = problem.message.split(": ").next().unwrap_or_default();
                tracing::info!(event = "refused", %id, state, error, place, "an order is refused");
            }
            Told::Unknown(problem) | Told::Busy(problem) => {
                let error = &*problem.code;
                tracing::warn!(event = "unknown", %id, state, error, "the outcome of an order is not known yet: {}", problem.message);
            }
        }
    }

    /// Adds to the answer of an API what every API's answer has: the state, the request id, whether the answer is a repeated one,
    /// and when to send the request again.
    #[must_use]
    pub fn with_headers(self, response: Response) -> Response {
        self.log();
        let mut response = with_operation(response, Some(self.id), self.state());
        if self.told == (Told::Document { replayed: true }) {
            response
                .headers_mut()
                .insert("Idempotent-Replayed", HeaderValue::from_static("true"));
        }
        if let Some(when_written) = self.when_written {
            response.extensions_mut().insert(when_written);
        }
        match self.told {
            Told::Unknown(_) | Told::Busy(_) => with_retry_after(response),
            _ => response,
        }
    }
}
