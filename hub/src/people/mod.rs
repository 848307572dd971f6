//! Pages and JSON for people.

pub mod export;
pub mod password;

use std::sync::Arc;

use axum::Router;

use crate::store::Store;

/// The routes for people.
pub fn router(_store: Arc<Store>, _has_tls: bool) -> Router {
    Router::new()
}
