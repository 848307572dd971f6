//! Starts that must be refused: the configuration is for another country or another mode than the data folder, or a file of the
//! folder is missing.

use std::fs;

use ferrotill_core::event::Mode;
use ferrotill_core::profile::{MOLDOVA, Profile, UKRAINE};
use ferrotill_store::{Founding, Store, StoreError};

use super::{Checked, World};
use crate::error_text::with_sources;

impl World {
    /// Before some starts, a person starts the agent wrongly. The start must be refused.
    pub(super) fn start_wrongly(&mut self) -> Checked {
        if self.random.below(4) != 0 {
            return Ok(());
        }
        let now = self.clock.now();
        let (what, founding, is_missing) = match self.random.below(3) {
            0 => (
                "in LIVE mode",
                Founding::new(MOLDOVA.facts(), Mode::Live, now),
                false,
            ),
            1 => (
                "in another country",
                Founding::new(UKRAINE.facts(), Mode::Test, now),
                false,
            ),
            _ => (
                "without its key",
                Founding::new(MOLDOVA.facts(), Mode::Test, now),
                true,
            ),
        };
        self.note(format!("a start {what}"));
        let confirmed = Founding {
            confirmed: true,
            ..founding
        };
        let key = self.folder.path().join("journal.key");
        let kept = is_missing.then(|| fs::read(&key)).transpose();
        let kept = kept.map_err(with_sources)?;
        if is_missing {
            fs::remove_file(&key).map_err(with_sources)?;
        }
        let outcome = Store::open(self.folder.path(), &confirmed).map(drop);
        let is_refused = match (&outcome, is_missing) {
            (Err(StoreError::FileMissing { .. }), true) => !key.exists(),
            (Err(StoreError::FoundedOtherwise { .. }), false) => true,
            _ => false,
        };
        if let Some(kept) = kept {
            fs::write(&key, kept).map_err(with_sources)?;
        }
        if is_refused {
            Ok(())
        } else {
            Err(format!("a start {what} was not refused: {outcome:?}"))
        }
    }
}
