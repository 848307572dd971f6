//! The payment of a payment provider that an order names.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::lanes::Lane;
use super::service::Service;
use crate::seal::fiscal_module::ModuleError;

/// Names the document with this id as the one that is paid with the payment that its order names, and returns the payment. `order` is in
/// the form of a fiscal module. Returns `None` if the order names no payment of a provider behind a module of the till.
///
/// # Errors
///
/// The payment cannot pay the document, or the journal cannot be written.
pub(super) async fn name_payment(
    service: &Arc<Service>,
    device: Uuid,
    document: Uuid,
    order: Value,
) -> Result<Option<Uuid>, ModuleError> {
    let Some(providers) = service.providers.clone() else {
        return Ok(None);
    };
    let named = service.work(Lane::Sales, move |_, _| {
        providers.use_for(device, &order, document)
    });
    named.await
}
