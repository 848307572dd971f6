//! The errors of the API: `{status_code, error, code, message}`.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::ResourceState;
use ferrotill_store::StoreError;

use crate::api::auth::Unauthorized;
use crate::api::json::FaultList;
use crate::api::problem::Problem;
use crate::api::response::{json_response, with_retry_after, with_retry_after_time};
use crate::clerk::ResourceOutcome;
use crate::object;

/// Why a call has no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    code: &'static str,
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

    /// There is no such resource: clients create it then.
    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "E_RESOURCE_NOT_FOUND", message)
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The call may be repeated.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TEMPORARILY_UNAVAILABLE",
            message,
        )
    }

    /// The body or the query has faults: a line for each of them.
    pub(super) fn of_faults(faults: &FaultList) -> Self {
        let mut lines: Vec<String> = faults.iter().map(|fault| format!("body.{fault}")).collect();
        if lines.is_empty() {
            lines.push(faults.message());
        }
        Self::new(
            StatusCode::BAD_REQUEST,
            "E_FAILED_SCHEMA_VALIDATION",
            lines.join("\n"),
        )
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "E_FAILED_SCHEMA_VALIDATION",
            message,
        )
    }

    pub(super) fn of_unauthorized(error: &Unauthorized) -> Self {
        let code = match error.status {
            StatusCode::FORBIDDEN => "E_ACCESS_DENIED",
            StatusCode::TOO_MANY_REQUESTS => "E_TOO_MANY_REQUESTS",
            _ => "E_UNAUTHORIZED",
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
            StatusCode::NOT_FOUND => "E_RESOURCE_NOT_FOUND",
            StatusCode::REQUEST_TIMEOUT => "TEMPORARILY_UNAVAILABLE",
            _ => "E_FAILED_SCHEMA_VALIDATION",
        };
        Self::new(status, code, problem.message.clone())
    }

    /// What became of a change, if it is no success. `what` names the resource.
    pub(super) fn of_outcome(outcome: ResourceOutcome, what: &str) -> Result<(), Self> {
        Err(match outcome {
            ResourceOutcome::Done => return Ok(()),
            ResourceOutcome::Unknown => Self::not_found(&format!("{what} does not exist")),
            ResourceOutcome::OtherContent => Self::conflict(
                "E_RESOURCE_ALREADY_EXISTS",
                format!("{what} exists with other content"),
            ),
            ResourceOutcome::TooMany if what == UNIT => Self::conflict(
                "E_SCU_LIMIT_REACHED",
                "the till has its signature creation unit; further units are written into its configuration",
            ),
            ResourceOutcome::TooMany => Self::conflict(
                "E_CONFLICT",
                format!(
                    "{what} cannot be created: the till keeps no more of its kind, and those that are out of use count"
                ),
            ),
            ResourceOutcome::Forbidden(state) => Self::conflict(
                "E_INVALID_STATE_TRANSITION",
                format!(
                    "{what} is {}, and this state does not allow the wanted one",
                    state.name()
                ),
            ),
            ResourceOutcome::NoUnit => Self::conflict(
                "E_SCU_NOT_INITIALIZED",
                "no signature creation unit is INITIALIZED; set its state first",
            ),
            ResourceOutcome::UnitFails => Self::busy(
                "no signature creation unit works, and this receipt is not valid without a signature",
            ),
            ResourceOutcome::Failed(why) => Self::conflict("E_CONFLICT", why),
            ResourceOutcome::NotKnown(why) => {
                Self::busy(format!("{why}; send the same request again"))
            }
        })
    }

    /// A register that signs no receipts in its state.
    pub(super) fn of_register_state(state: ResourceState) -> Self {
        let code = match state {
            ResourceState::Decommissioned | ResourceState::Defective => {
                "E_CASH_REGISTER_DEACTIVATED"
            }
            _ => "E_CASH_REGISTER_NOT_INITIALIZED",
        };
        Self::conflict(code, format!("the cash register is {}", state.name()))
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
            (
                None,
                StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS,
            ) => with_retry_after(response),
            _ => response,
        }
    }
}

/// What messages call a signature unit.
pub(super) const UNIT: &str = "the signature creation unit";
/// What messages call a cash register.
pub(super) const REGISTER: &str = "the cash register";

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = Problem::from(error).message;
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "E_INTERNAL", message)
    }
}
