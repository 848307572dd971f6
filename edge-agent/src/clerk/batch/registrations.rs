//! The registration of signature units, cash boxes and receipts: the clerk stores what is wanted and what was answered.

use ferrotill_core::event::{
    RegistrationAnswered, RegistrationStep, RegistrationWanted, ResourceKind, ResourceState,
};
use ferrotill_core::profile::signed::{Code, Kind, PAYLOAD_BYTES_MAX};

use super::super::message::RegistrationNews;
use super::{Effect, Tills};
use crate::order::resource::{MONTHLY_SWITCH, has_switch};
use ferrotill_store::{Batch, StoreError, StoredResource};

impl Tills {
    /// Stores that a step is to be taken, or what the authority has answered about it. Who waits for it is woken after the commit.
    pub(super) fn on_registration_news(
        &mut self,
        batch: &mut Batch<'_>,
        news: &RegistrationNews,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let at = self.settings.guard.now();
        effects.push(Effect::RegistrationsChanged);
        match news {
            RegistrationNews::Wanted { step, subject, row } => {
                batch.append_registration_wanted(RegistrationWanted {
                    at,
                    step: *step,
                    subject,
                    row: *row,
                })
            }
            RegistrationNews::AcceptedAgain { step, subject } => {
                batch.append_registration_accepted_again(at, *step, subject)
            }
            RegistrationNews::Answered {
                step,
                subject,
                due_seq,
                done,
                code,
                message,
            } => {
                let end = message.floor_char_boundary(RegistrationAnswered::MESSAGE_BYTES_MAX);
                let answered = RegistrationAnswered {
                    at,
                    step: *step,
                    subject,
                    done: *done,
                    code,
                    message: message.get(..end).unwrap_or_default(),
                };
                batch.append_registration_answered(answered, Some(*due_seq))
            }
        }
    }

    /// A caller has given a resource a state: the authority is told of it. The events are in the batch of the new state, so that a crash
    /// leaves no state without its registration. A step that was refused is wanted again.
    pub(super) fn want_registrations(
        &mut self,
        batch: &mut Batch<'_>,
        before: &StoredResource,
        state: ResourceState,
    ) -> Result<(), StoreError> {
        let Some(signatures) = self.settings.signatures.clone() else {
            return Ok(());
        };
        let at = self.settings.guard.now();
        let mut wanted: Vec<(RegistrationStep, String)> = Vec::new();
        match (before.kind, state) {
            (ResourceKind::SignatureUnit, ResourceState::Initialized) => {
                let serials = signatures.units().serials();
                wanted.extend(serials.map(|serial| (RegistrationStep::Unit, serial)));
            }
            (ResourceKind::SignatureUnit, ResourceState::Decommissioned) => {
                for serial in signatures.units().serials() {
                    if batch.has_registration(RegistrationStep::Unit, &serial)? {
                        wanted.push((RegistrationStep::UnitEnds, serial));
                    }
                }
            }
            (ResourceKind::CashRegister, state) => {
                let Some(cash_box) = signatures.cash_box_of(before.id) else {
                    return Ok(());
                };
                let step = match (before.state, state) {
                    (_, ResourceState::Registered)
                    | (ResourceState::Initialized, ResourceState::Initialized) => {
                        Some((RegistrationStep::CashBox, cash_box))
                    }
                    (ResourceState::Outage, ResourceState::Initialized) => {
                        let subject = self.outage_of(before, &cash_box);
                        Some((RegistrationStep::CashBoxWorks, subject))
                    }
                    (_, ResourceState::Outage) => {
                        let subject = self.outage_of(before, &cash_box);
                        Some((RegistrationStep::CashBoxFails, subject))
                    }
                    // The closing receipt brings about the end of a register that is out of use as planned.
                    (_, ResourceState::Defective) => {
                        Some((RegistrationStep::CashBoxEnds, cash_box))
                    }
                    _ => None,
                };
                wanted.extend(step);
            }
            _ => {}
        }
        for (step, subject) in &wanted {
            batch.append_registration_once(RegistrationWanted {
                at,
                step: *step,
                subject,
                row: 0,
            })?;
        }
        Ok(())
    }

    /// What a report of the newest outage of a register is about.
    fn outage_of(&self, register: &StoredResource, cash_box: &str) -> String {
        let known = self.resources().get(register.kind, register.id);
        let times = &known.unwrap_or(register).times;
        let began_ms = times.get(&ResourceState::Outage).copied();
        format!("{cash_box}_{}", began_ms.unwrap_or_default())
    }

    /// A receipt that ends a month is signed: it is checked, if callers have switched that on.
    pub(super) fn want_monthly_check(
        &mut self,
        batch: &mut Batch<'_>,
        (kind, compact): (Kind, &str),
    ) -> Result<(), StoreError> {
        let mut settings = self.resources().of(ResourceKind::Settings);
        let wanted = settings
            .next()
            .is_some_and(|known| has_switch(&known.details, MONTHLY_SWITCH));
        if kind != Kind::Monats || !wanted {
            return Ok(());
        }
        let mut room = [0; PAYLOAD_BYTES_MAX];
        // The till has read the receipt when it decided.
        let Ok(code) = Code::parse_compact(compact, &mut room) else {
            return Ok(());
        };
        let subject = format!(
            "{}_{}",
            code.payload.cash_box.as_str(),
            code.payload.receipt.as_str()
        );
        let wanted = RegistrationWanted {
            at: self.settings.guard.now(),
            step: RegistrationStep::Receipt,
            subject: &subject,
            row: batch.seq(),
        };
        batch.append_registration_once(wanted).map(drop)
    }
}
