//! News from the workers of the outbox: acknowledgements, refusals, and whether the authority can be reached.

use ferrotill_core::duty::Recipient;
use ferrotill_core::event::Switched;

use super::super::AuthorityNews;
use super::Tills;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Stores what a recipient has answered, and tells the guarded clock of the authority.
    pub(super) fn on_authority_news(
        &mut self,
        batch: &mut Batch<'_>,
        news: AuthorityNews,
    ) -> Result<(), StoreError> {
        let now = self.settings.guard.now();
        match news {
            AuthorityNews::Acknowledged {
                recipient,
                environment,
                sealed_seqs,
            } => {
                if recipient == Recipient::AUTHORITY {
                    self.settings.guard.authority_answered();
                }
                let left_behind = match recipient {
                    Recipient::AUTHORITY => self.left_behind_by(batch, &sealed_seqs)?,
                    _ => Vec::new(),
                };
                for sealed_seq in sealed_seqs {
                    batch.acknowledge(recipient, sealed_seq, &environment, now.utc_ms)?;
                }
                self.acknowledged_left_behind(left_behind);
                // The acknowledged documents no longer count against the limit for the sales of this batch.
                self.count_unsent(batch)
            }
            AuthorityNews::Gone => {
                self.settings.guard.authority_gone();
                Ok(())
            }
            AuthorityNews::Refused {
                recipient,
                sealed_seq,
                words,
                pause_ms,
            } => {
                let pause_ms = i64::try_from(pause_ms).unwrap_or(i64::MAX);
                let again_at = now.utc_ms.saturating_add(pause_ms);
                batch.note_refusal(recipient, sealed_seq, &words, again_at)
            }
            AuthorityNews::Switched { from, to, reason } => {
                // Only an acknowledged document ends the time without the authority: an authority that refuses everything has
                // taken nothing over.
                if to == "offline" {
                    self.settings.guard.authority_gone();
                }
                batch.append_switch(Switched {
                    at: now,
                    from,
                    to,
                    reason: &reason,
                })
            }
        }
    }
}
