//! Receipts for buyers: what is ordered with a document or as a copy, and what became of it.

use ferrotill_store::{Batch, BuyerContact, DeliveryChannel, StoreError};

use super::super::message::Message;
use super::{Effect, Tills};

/// What sends receipts to buyers.
pub trait BuyerDeliveries: std::fmt::Debug + Send + Sync {
    /// A receipt was ordered over a channel, and is in the store.
    fn wake(&self, channel: DeliveryChannel);
}

/// Wakes the channels over which a contact wants its receipt.
pub(super) fn wake(contact: &BuyerContact) -> impl Iterator<Item = Effect> {
    DeliveryChannel::wanted(contact).map(Effect::Deliver)
}

impl Tills {
    /// Has a channel look for receipts that wait.
    pub(super) fn wake_channel(&self, channel: DeliveryChannel) {
        if let Some(deliveries) = &self.settings.deliveries {
            deliveries.wake(channel);
        }
    }

    pub(super) fn on_delivery(
        &self,
        batch: &mut Batch<'_>,
        message: Message,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let at_ms = self.settings.guard.now().utc_ms;
        match message {
            Message::DeliveryEnded {
                channel,
                id,
                end,
                reply,
            } => {
                batch.end_delivery((channel, id), &end, at_ms)?;
                effects.push(Effect::Decided(reply, true));
            }
            Message::OrderCopy {
                document,
                contact,
                reply,
            } => {
                let is_ordered = batch.order_copy(document, at_ms, &contact)?;
                effects.push(Effect::Decided(reply, is_ordered));
                if is_ordered {
                    effects.extend(wake(&contact));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
