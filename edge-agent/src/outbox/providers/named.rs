//! The payment that an order or a call names by a number of its provider.

use ferrotill_store::{ProviderPayment, ProviderPaymentState, StoreError};
use serde_json::Value;
use uuid::Uuid;

use super::answer::names;
use super::{Providers, text_of};
use crate::seal::fiscal_module::ModuleError;
use crate::seal::fiscal_module::provider::Provider;

impl Providers {
    /// The payment that an order of a device names.
    pub(super) fn payment_of_order(
        &self,
        device: Uuid,
        order: &Value,
    ) -> Result<Option<ProviderPayment>, ModuleError> {
        let info = match order.get("extra_info") {
            Some(Value::Array(items)) => items.first().cloned().unwrap_or_default(),
            Some(info) => info.clone(),
            None => Value::Null,
        };
        let (wallet, scanned) = (
            text_of(&info, "qr_payment_id"),
            text_of(&info, "scan2pay_id"),
        );
        if !wallet.is_empty() {
            let provider = Provider::of_number(&text_of(&info, "qr_payment_provider"));
            if let Some(provider) = provider {
                return self.find(device, provider, &wallet);
            }
            let found = self.find(device, Provider::UzQr, &wallet)?;
            return match found {
                Some(found) => Ok(Some(found)),
                None => self.find(device, Provider::Scan2Pay, &wallet),
            };
        }
        if !scanned.is_empty() {
            return self.find(device, Provider::Scan2Pay, &scanned);
        }
        let pinpad = text_of(order, "ppt_id");
        if pinpad.chars().all(|digit| digit == '0') {
            return Ok(None);
        }
        // Each pinpad has numbers of its own: a payment that may still be used comes first.
        let mut found = Vec::new();
        for provider in [Provider::Xumo, Provider::Uzcard] {
            found.extend(self.find(device, provider, &pinpad)?);
        }
        let is_open = |payment: &ProviderPayment| {
            payment.state == ProviderPaymentState::Paid && !payment.is_taken
        };
        let place = found.iter().position(is_open).unwrap_or(0);
        Ok(found.into_iter().nth(place))
    }

    /// The newest payment of a provider with one of its numbers: that of the device before those of other devices, and never that of a
    /// pinpad at another device.
    pub(super) fn find(
        &self,
        device: Uuid,
        provider: Provider,
        number: &str,
    ) -> Result<Option<ProviderPayment>, ModuleError> {
        if number.is_empty() {
            return Ok(None);
        }
        let unreadable = |error: StoreError| ModuleError::new(303, error.to_string());
        let of_device = |all: Vec<ProviderPayment>| {
            let own = all.iter().position(|payment| payment.device == device);
            let place = own.or_else(|| (!provider.is_pinpad()).then_some(0))?;
            all.into_iter().nth(place)
        };
        let name = provider.name();
        let found = self.reader.provider_payments_of_number(name, number);
        if let Some(found) = of_device(found.map_err(unreadable)?) {
            return Ok(Some(found));
        }
        // Some providers have two numbers; the other one is in the answer.
        let named = self.reader.provider_payments_answered_with(name, number);
        let mut named = named.map_err(unreadable)?;
        named.retain(|payment| names(&payment.answer, number));
        Ok(of_device(named))
    }
}
