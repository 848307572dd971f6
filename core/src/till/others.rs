//! Fiscal receipts of the printer that this till has not made.
//!
//! They are found when the agent meets the printer after a start. Another machine may sell with the printer from a copy of this journal;
//! so the till makes reports only, until a person has decided.

use serde::{Deserialize, Serialize};

use super::Till;
use crate::blank::is_blank;
use crate::document::Body;
use crate::event::{Event, LossAccepted, OthersStep, ReceiptsOfOthers};
use crate::refusal::Refusal;
use crate::time::Moment;

/// What the till knows of receipts that it has not made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Others {
    /// They were found, and no person has accepted them.
    found: bool,
    /// The number of the printer's last document that a person has accepted since this till gave the printer a document; 0 if none.
    accepted: u32,
}

impl Others {
    pub(super) fn note(&mut self, noted: &ReceiptsOfOthers<'_>) {
        match noted.step {
            OthersStep::Found { .. } => self.found = true,
            OthersStep::Accepted { .. } => {
                *self = Self {
                    found: false,
                    accepted: noted.now.last_document,
                }
            }
        }
    }

    /// What a restored folder lacks is accepted up to the printer's last document.
    pub(super) fn accept_loss(&mut self, accepted: &LossAccepted<'_>) {
        *self = Self {
            found: false,
            accepted: accepted.printer_has,
        };
    }

    /// The printer gets a document. The counters from before it are in the journal now.
    pub(super) const fn on_printer(&mut self) {
        self.accepted = 0;
    }

    /// While receipts of others are found, the till makes reports only.
    pub(super) fn admit(self, body: &Body<'_>) -> Result<(), Refusal> {
        if self.found && !matches!(body, Body::Report(_)) {
            return Err(Refusal::ReceiptsOfOthers);
        }
        Ok(())
    }
}

impl Till {
    #[inline(never)]
    pub(super) fn note_others<'a>(
        &self,
        noted: &ReceiptsOfOthers<'a>,
        at: Moment,
    ) -> Result<Event<'a>, Refusal> {
        if let OthersStep::Accepted { by } = noted.step {
            let (given, limit) = (by.len(), ReceiptsOfOthers::BY_BYTES_MAX);
            if is_blank(by) {
                return Err(Refusal::DeclarationUnsigned);
            }
            if given > limit {
                return Err(Refusal::TextTooLong { given, limit });
            }
            if !self.others.found {
                return Err(Refusal::NotOutstanding);
            }
        }
        Ok(Event::ReceiptsOfOthers(ReceiptsOfOthers { at, ..*noted }))
    }

    /// Whether the printer has fiscal receipts that this till has not made, and no person has accepted them.
    #[must_use]
    pub const fn has_receipts_of_others(&self) -> bool {
        self.others.found
    }

    /// Whether a person has accepted all documents of the printer up to this one, since this till gave the printer its last document.
    #[must_use]
    pub const fn accepts_others_until(&self, last_document: u32) -> bool {
        self.others.accepted > 0 && last_document <= self.others.accepted
    }
}
