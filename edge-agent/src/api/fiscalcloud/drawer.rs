//! Opens the cash drawer.

use std::sync::Arc;

use axum::response::Response;

use super::problem::{done, unprocessable};
use crate::api::auth::SignatureInfo;
use crate::api::service::Service;
use crate::config::Device;

/// `POST misc/opencashdrawer`.
pub(super) async fn open(
    service: &Arc<Service>,
    device: &Device,
    signature: SignatureInfo,
) -> Response {
    match service.open_drawer(device, signature).await {
        Ok(()) => done(),
        Err(problem) => unprocessable(&problem),
    }
}
