//! The payment of a payment provider that an order names.

use std::sync::Arc;

use ferrotill_core::refusal::Refusal;
use serde_json::Value;
use uuid::Uuid;

use super::lanes::Lane;
use super::outcome::Told;
use super::problem::Problem;
use super::service::Service;
use crate::order::OrderForm;
use crate::outbox::providers::NOT_USABLE;
use crate::seal::fiscal_module::{ModuleError, payment_named_by};

impl Service {
    /// Names the document with this id as the one that is paid with the payment that its order names, and returns the payment. `order` is
    /// in the form of a fiscal module. Returns `None` if the order names no payment of a provider behind a module of the till.
    ///
    /// # Errors
    ///
    /// The payment cannot pay the document, or the journal cannot be written.
    pub async fn name_payment(
        self: &Arc<Self>,
        device: Uuid,
        document: Uuid,
        order: Value,
    ) -> Result<Option<Uuid>, ModuleError> {
        let Some(providers) = self.providers.clone() else {
            return Ok(None);
        };
        let named = self.work(Lane::Sales, move |_, _| {
            providers.use_for(device, &order, document)
        });
        named.await
    }

    /// Names the sale of a form as the document that is paid with a payment of a payment provider, if the caller has given the number of
    /// one. Otherwise the money would be given back, because no receipt needs it.
    ///
    /// # Errors
    ///
    /// What the caller gets: the payment cannot pay the sale, or the journal cannot be written.
    pub async fn name_payment_of(
        self: &Arc<Self>,
        device: Uuid,
        form: &mut OrderForm,
    ) -> Result<(), Told> {
        let Some(order) = payment_named_by(form) else {
            return Ok(());
        };
        let error = match self.name_payment(device, form.id, order).await {
            Ok(payment) => {
                form.said.provider_payment = payment;
                return Ok(());
            }
            Err(error) => error,
        };
        let state = self.state_of(form.id).await;
        Err(match error.code {
            NOT_USABLE => Told::Refused {
                refusal: Refusal::PaymentNotUsable,
                faults: Vec::new(),
                state,
            },
            _ => {
                let message = format!("payments: {}; repeat the request", error.message);
                let problem = Problem::new("BooksUnwritable", message);
                Told::NotAsked { problem, state }
            }
        })
    }
}
