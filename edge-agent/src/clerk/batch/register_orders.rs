//! What a person orders of a register of signed receipts: a receipt over zero, the closing receipt, a note on a copy or on a check.

use ferrotill_core::event::{
    ProtocolBackedUp, RegistrationAnswered, RegistrationStep, ResourceState,
};
use ferrotill_core::profile::signed::{BucketSums, Kind};
use ferrotill_core::time::Moment;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::super::answer::ResourceOutcome;
use super::super::device_state::RegisterWish;
use super::super::devices::DevicePlace;
use super::super::message::RegisterOrder;
use super::{Effect, Tills};
use crate::seal::signature::{Signatures, SigningJob};
use ferrotill_store::{Batch, StoreError};

/// The largest number of callers that wait for one receipt.
const WISHES_MAX: usize = 16;
/// The code of an answer that a person has given in place of the authority.
const BY_A_PERSON: &str = "person";

impl Tills {
    /// Handles the order of a person.
    pub(super) fn on_register_order(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        order: RegisterOrder,
        reply: oneshot::Sender<ResourceOutcome>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let at = self.settings.guard.now();
        let index = self.index_of(device);
        let signatures = self.settings.signatures.clone();
        let (Some(index), Some(signatures)) = (index, signatures) else {
            effects.push(Effect::ResourceChanged(
                vec![reply],
                ResourceOutcome::Unknown,
            ));
            return Ok(());
        };
        let outcome = match order {
            RegisterOrder::BackedUp { receipts, sha256 } => {
                let backup = ProtocolBackedUp {
                    at,
                    receipts,
                    sha256,
                };
                batch.append_protocol_backup(device, backup)?;
                ResourceOutcome::Done
            }
            RegisterOrder::Checked { subject, by } => {
                let answered = RegistrationAnswered {
                    at,
                    step: RegistrationStep::Receipt,
                    subject: &subject,
                    done: true,
                    code: BY_A_PERSON,
                    message: &by,
                };
                batch.append_registration_answered(answered, None)?;
                effects.push(Effect::RegistrationsChanged);
                ResourceOutcome::Done
            }
            RegisterOrder::NullReceipt | RegisterOrder::Close => {
                match self.receipt_refused(index, &signatures, &order, at) {
                    Some(outcome) => outcome,
                    None => {
                        self.await_ordered_receipt(index, &order, reply);
                        return Ok(());
                    }
                }
            }
        };
        effects.push(Effect::ResourceChanged(vec![reply], outcome));
        Ok(())
    }

    /// Why the register cannot make the ordered receipt at all; `None` if it can, now or after the document that is being signed.
    fn receipt_refused(
        &self,
        index: DevicePlace,
        signatures: &Signatures,
        order: &RegisterOrder,
        at: Moment,
    ) -> Option<ResourceOutcome> {
        let device_state = &self.devices[index];
        let till = device_state.current_till();
        if device_state.null_wishes.len() >= WISHES_MAX {
            let busy = "too many callers wait for a receipt of this register already";
            return Some(ResourceOutcome::NotKnown(busy.to_owned()));
        }
        if till.signed().prepared().is_some() || till.outstanding().is_some() {
            return None;
        }
        let kind = match order {
            RegisterOrder::Close => Kind::Schluss,
            _ => Kind::Null,
        };
        let what = (kind, BucketSums::default());
        let made = signatures.receipt(device_state.device, till, what, at);
        made.err()
            .map(|refusal| ResourceOutcome::Failed(format!("{refusal}; {}", refusal.hint())))
    }

    fn await_ordered_receipt(
        &mut self,
        index: DevicePlace,
        order: &RegisterOrder,
        reply: oneshot::Sender<ResourceOutcome>,
    ) {
        let device_state = &mut self.devices[index];
        match order {
            RegisterOrder::Close => device_state.register_wishes.push(RegisterWish {
                state: ResourceState::Decommissioned,
                reply,
            }),
            _ => device_state.null_wishes.push(reply),
        }
    }

    /// The receipt over zero that a caller waits for; `None` if no caller waits, or if the register does not allow it.
    pub(super) fn null_receipt_wanted(
        &self,
        index: DevicePlace,
        signatures: &Signatures,
        now: Moment,
    ) -> Option<SigningJob> {
        let device_state = &self.devices[index];
        let mut wishes = device_state.null_wishes.iter();
        if !wishes.any(|reply| !reply.is_closed()) {
            return None;
        }
        let what = (Kind::Null, BucketSums::default());
        let till = device_state.current_till();
        signatures
            .receipt(device_state.device, till, what, now)
            .ok()
    }

    /// Answers the callers that waited for a receipt over zero, once it is signed, or once the register is closed.
    pub(super) fn null_receipt_signed(
        &mut self,
        index: DevicePlace,
        kind: Kind,
        effects: &mut Vec<Effect>,
    ) {
        let outcome = match kind {
            Kind::Null => ResourceOutcome::Done,
            Kind::Schluss => {
                ResourceOutcome::Failed("the register was closed meanwhile".to_owned())
            }
            _ => return,
        };
        let replies = std::mem::take(&mut self.devices[index].null_wishes);
        if !replies.is_empty() {
            effects.push(Effect::ResourceChanged(replies, outcome));
        }
    }
}
