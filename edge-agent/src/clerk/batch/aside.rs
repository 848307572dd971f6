//! Documents that an operator lays aside, because a recipient refuses them for ever (decision 0031), and money of cards that no terminal
//! gives back (decision 0045).

use ferrotill_core::event::{CardLaidAside, LaidAside};
use ferrotill_core::till::Command;
use tokio::sync::oneshot;

use super::super::answer::AsideOutcome;
use super::super::card_order::{CardOrder, CardStep};
use super::{Effect, Tills, document_id};
use crate::order::AsideRequest;
use ferrotill_store::{Batch, StoreError};

/// The largest part of a recipient's refusal that the journal keeps, in bytes.
const REFUSAL_BYTES_MAX: usize = 400;

impl Tills {
    /// Lays a document or the money of a card aside. The caller is answered after the commit, and the worker of the recipient looks at the outbox again.
    pub(super) fn on_lay_aside(
        &mut self,
        batch: &mut Batch<'_>,
        request: &AsideRequest,
        reply: oneshot::Sender<AsideOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let decided = if request.recipient == AsideRequest::BANK_TERMINAL {
            self.lay_card_aside(batch, request)
        } else {
            self.lay_aside(batch, request)
        };
        if matches!(decided, Ok(AsideOutcome::Booked)) {
            effects.push(Effect::WakeSender);
            effects.push(Effect::NoLongerUnsendable(
                request.id,
                request.recipient.clone(),
            ));
        }
        // The caller is answered too if the store cannot be written: `roll_back` replaces the outcome of every caller.
        let (outcome, result) = match decided {
            Ok(outcome) => (outcome, Ok(())),
            Err(error) => (AsideOutcome::Unknown(error.to_string()), Err(error)),
        };
        effects.push(Effect::LaidAside(reply, outcome));
        result
    }

    fn lay_aside(
        &mut self,
        batch: &mut Batch<'_>,
        request: &AsideRequest,
    ) -> Result<AsideOutcome, StoreError> {
        let AsideRequest {
            id,
            recipient,
            reason,
            by,
        } = request;
        let Some(waiting) = batch.waiting_document(recipient, *id)? else {
            return Ok(AsideOutcome::NotWaiting);
        };
        let Some(refusal) = waiting.refusal else {
            return Ok(AsideOutcome::NotRefused);
        };
        let is_its = |known: &super::DeviceState| known.device == waiting.device;
        let Some(index) = self.devices.place_of(is_its) else {
            return Ok(AsideOutcome::NotWaiting);
        };
        let end = refusal.floor_char_boundary(REFUSAL_BYTES_MAX);
        let command = Command::LayAside(LaidAside {
            id: document_id(*id),
            at: self.settings.guard.now(),
            recipient,
            reason,
            by,
            refusal: refusal.get(..end).unwrap_or_default(),
        });
        if let Err(refusal) = self.decide(batch, index, &command)? {
            return Ok(AsideOutcome::Refused(refusal));
        }
        self.settled_left_behind(batch, index)?;
        // The document no longer counts against the limits for the sales of this batch.
        self.count_unsent(batch)?;
        tracing::warn!(event = "laid_aside", %id, recipient, by, "an operator has laid a document aside: {reason}");
        Ok(AsideOutcome::Booked)
    }

    /// Lays the money of a request's cards aside: the till does not ask a terminal to give it back any more. A repetition of the request
    /// that waits for it begins anew.
    fn lay_card_aside(
        &mut self,
        batch: &mut Batch<'_>,
        request: &AsideRequest,
    ) -> Result<AsideOutcome, StoreError> {
        let AsideRequest { id, reason, by, .. } = request;
        let mut cards = self.card_orders.iter();
        let Some(place) = cards.position(|card| card.id == *id) else {
            return Ok(AsideOutcome::NotWaiting);
        };
        let card = self.card_orders.get(place);
        let Some(refusal) = card.and_then(|card| self.money_refused(card)) else {
            return Ok(AsideOutcome::NotRefused);
        };
        let device = card.map(|card| card.device);
        let is_its = |known: &super::DeviceState| Some(known.device) == device;
        let Some(index) = self.devices.place_of(is_its) else {
            return Ok(AsideOutcome::NotWaiting);
        };
        let end = refusal.floor_char_boundary(REFUSAL_BYTES_MAX);
        let command = Command::LayCardAside(CardLaidAside {
            id: document_id(*id),
            at: self.settings.guard.now(),
            reason,
            by,
            refusal: refusal.get(..end).unwrap_or_default(),
        });
        if let Err(refusal) = self.decide(batch, index, &command)? {
            return Ok(AsideOutcome::Refused(refusal));
        }
        if let Some(order) = self.card_orders.remove(place).held {
            self.devices[index].queue.put_back(order);
        }
        tracing::warn!(event = "laid_aside", %id, recipient = AsideRequest::BANK_TERMINAL, by, "an operator has laid the money of a card aside: {reason}");
        Ok(AsideOutcome::Booked)
    }

    /// Why no terminal gives the money of a request back; `None` if one may still do so.
    fn money_refused(&self, card: &CardOrder) -> Option<String> {
        let terminals = &self.settings.terminals;
        let is_gone = |step: &CardStep| terminals.name(step.payment.terminal).is_none();
        if card.steps.iter().any(is_gone) {
            return Some(NO_TERMINAL.to_owned());
        }
        card.void_refusal().map(str::to_owned)
    }
}

const NO_TERMINAL: &str = "the configuration does not have the bank terminal any more";
