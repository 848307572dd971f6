//! The errors of the API: `{status_code, error, code, message}`.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_store::{EReceiptOutcome, StoreError};

use crate::api::auth::Unauthorized;
use crate::api::json::{FaultList, RequestFault};
use crate::api::problem::Problem;
use crate::api::response::{json_response, with_retry_after, with_retry_after_time};
use crate::object;

/// Why a call has no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    message: String,
    /// When the caller may try again, if that is known.
    wait: Option<Duration>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            wait: None,
        }
    }

    /// The same failure with the time after which the caller may try again.
    pub(super) fn after(self, wait: Duration) -> Self {
        Self {
            wait: Some(wait),
            ..self
        }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::bad("E_REQUEST_INVALID", message)
    }

    pub(super) fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(super) fn no_receipt() -> Self {
        Self::missing("E_RECEIPT_NOT_FOUND", "the receipt does not exist")
    }

    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TEMPORARILY_UNAVAILABLE",
            message,
        )
    }

    /// The body has faults: a line for each of them.
    pub(super) fn of_faults(faults: &FaultList) -> Self {
        let card = faults.iter().find(|fault| fault.code == CARD_NUMBER);
        let mut lines: Vec<String> = faults.iter().map(line_of).collect();
        if faults.is_cut() {
            // The last line of the list counts the faults that it does not name.
            lines.extend(faults.message().lines().last().map(str::to_owned));
        }
        let only_card = card.is_some() && faults.iter().all(|fault| fault.code == CARD_NUMBER);
        let code = if only_card {
            CARD_NUMBER
        } else {
            "E_REQUEST_INVALID"
        };
        Self::bad(code, lines.join("\n"))
    }

    pub(super) fn of_unauthorized(error: &Unauthorized) -> Self {
        let code = match error.status {
            StatusCode::FORBIDDEN => "E_ACCESS_DENIED",
            StatusCode::TOO_MANY_REQUESTS => "E_TOO_MANY_REQUESTS",
            _ if error.message.starts_with("Authorization: is missing") => "E_TOKEN_MISSING",
            _ => "E_AUTHENTICATION",
        };
        Self {
            wait: error.retry_after,
            ..Self::new(error.status, code, error.message.clone())
        }
    }

    /// A request that was refused before its route was known.
    pub(super) fn of_rejection(status: StatusCode, problem: &Problem) -> Self {
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Self::busy(problem.message.clone());
        }
        let code = match status {
            StatusCode::FORBIDDEN => "E_ACCESS_DENIED",
            StatusCode::METHOD_NOT_ALLOWED => "E_METHOD_NOT_ALLOWED",
            StatusCode::PAYLOAD_TOO_LARGE => "E_PAYLOAD_TOO_LARGE",
            StatusCode::NOT_FOUND => "E_ROUTE_NOT_FOUND",
            StatusCode::REQUEST_TIMEOUT => "TEMPORARILY_UNAVAILABLE",
            _ => "E_REQUEST_INVALID",
        };
        Self::new(status, code, problem.message.clone())
    }

    /// What became of a change, if it is no success. `what` names what was changed.
    pub(super) fn of_outcome(outcome: EReceiptOutcome, what: &str) -> Result<(), Self> {
        let conflict = |code, message| Err(Self::new(StatusCode::CONFLICT, code, message));
        match outcome {
            EReceiptOutcome::Done | EReceiptOutcome::Same => Ok(()),
            EReceiptOutcome::Other => conflict(
                "E_RESOURCE_ALREADY_EXISTS",
                format!("{what} exists with other content"),
            ),
            EReceiptOutcome::Unknown => Err(Self::no_receipt()),
            EReceiptOutcome::Outdated => Err(Self::busy(format!(
                "{what} was changed by others at the same time; send the request again"
            ))),
            EReceiptOutcome::Final => conflict(
                "E_CONFLICT",
                format!("{what} is final, and cannot be changed any more"),
            ),
            EReceiptOutcome::TooMany => conflict(
                "E_CONFLICT",
                format!("{what} cannot be stored: the till keeps no more of its kind"),
            ),
            EReceiptOutcome::NotKnown(why) => {
                Err(Self::busy(format!("{why}; send the same request again")))
            }
        }
    }

    pub(super) fn response(&self) -> Response {
        let body = object! {
            "status_code" => i64::from(self.status.as_u16()),
            "error" => self.status.canonical_reason().unwrap_or("Error"),
            "code" => self.code,
            "message" => self.message.as_str(),
        };
        let response = json_response(self.status, &body);
        match (self.wait, self.status) {
            (Some(wait), _) => with_retry_after_time(response, wait),
            (None, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
                with_retry_after(response)
            }
            _ => response,
        }
    }
}

/// A fault with the path of its field in the body.
fn line_of(fault: &RequestFault) -> String {
    let RequestFault { path, sentence, .. } = fault;
    match path.as_str() {
        "" | "body" => format!("body: {sentence}"),
        path if path.starts_with('[') => format!("body{path}: {sentence}"),
        path => format!("body.{path}: {sentence}"),
    }
}

/// The code of a card number beside a payment that is no card payment.
pub(super) const CARD_NUMBER: &str = "E_MASKED_CARD_NUMBER_NON_CARD_PAYMENT";

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = Problem::from(error).message;
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "E_INTERNAL", message)
    }
}
