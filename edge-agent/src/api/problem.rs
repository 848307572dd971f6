//! The refusals of the API: the text that an answer contains instead of a document.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::json::{FaultList, RequestFault};
use super::response::json_response;
use crate::object;
use ferrotill_store::{StoreError, StoreTrouble};

/// A problem: an error code for programs, and a sentence for people that begins with the path of the faulty field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The error code, as in `errorType`.
    pub code: Cow<'static, str>,
    /// The message: for each fault one line with the path and the sentence.
    pub message: String,
}

impl Problem {
    /// Makes a problem from its code and its sentence.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// Adds a request id to the message, unless the message names it already: a caller that gave no id can then repeat the request
    /// with the id that the agent gave it.
    #[must_use]
    pub fn naming(mut self, id: Uuid) -> Self {
        let id = id.to_string();
        if !self.message.contains(&id) {
            // No line of its own, because each line of a message is a fault.
            self.message
                .push_str(&format!("; this request has the id {id}"));
        }
        self
    }

    /// The JSON of the problem in the form of our own routes.
    #[must_use]
    pub fn response(&self, status: StatusCode) -> Response {
        json_response(
            status,
            &object! { "error" => &*self.code, "message" => self.message.as_str() },
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let StoreTrouble { why, fix, .. } = error.in_words();
        let text = format!("store: the till cannot read its journal: {why}; {fix}");
        Self::new("BooksUnreadable", text)
    }
}

impl From<&FaultList> for Problem {
    fn from(faults: &FaultList) -> Self {
        Self::new(faults.code(), faults.message())
    }
}

impl From<&RequestFault> for Problem {
    fn from(fault: &RequestFault) -> Self {
        Self::new(fault.code, fault.to_string())
    }
}
