//! The registration of signature units, cash boxes and receipts: the clerk stores what is wanted and what was answered.

use ferrotill_core::event::{RegistrationAnswered, RegistrationWanted};

use super::super::message::RegistrationNews;
use super::{Effect, Tills};
use ferrotill_store::{Batch, StoreError};

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
            RegistrationNews::Answered {
                step,
                subject,
                done,
                code,
                message,
            } => {
                let end = message.floor_char_boundary(RegistrationAnswered::MESSAGE_BYTES_MAX);
                batch.append_registration_answered(RegistrationAnswered {
                    at,
                    step: *step,
                    subject,
                    done: *done,
                    code,
                    message: message.get(..end).unwrap_or_default(),
                })
            }
        }
    }
}
