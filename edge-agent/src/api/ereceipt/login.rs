//! `POST /auth`: tokens for key and secret, or for a refresh token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::NAME;
use super::problem::Failure;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::api::token_login::{self, NoTokens};

pub(super) async fn log_in(
    service: &Arc<Service>,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, Failure> {
    let tokens = token_login::log_in(service, NAME, parts, body).await;
    Ok(json_response(StatusCode::OK, &tokens.map_err(failure)?))
}

fn failure(why: NoTokens) -> Failure {
    match why {
        NoTokens::Faults(faults) => Failure::of_faults(&faults),
        NoTokens::Unauthorized(error) => Failure::of_unauthorized(&error),
        NoTokens::Key(error) => {
            let message = NoTokens::of_key(&error);
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "E_INTERNAL", message)
        }
    }
}
