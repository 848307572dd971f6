//! The hub of the shop: its two processes, the network to it, and the judge of what it has at the end of a day.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ferrotill::authority::failure::DeliveryFailure;
use ferrotill::outbox::hub::{
    HubFailure, HubPlace, HubSender, HubSenderParts, HubTransport, HubTurn, NewKey,
};
use ferrotill_core::profile::{MOLDOVA, Profile as _};
use ferrotill_disk::SeededRandom;
use ferrotill_hub_protocol::{Answer, Currency, SigningKey, path};
use ferrotill_store::{HubRow, Reader};
use ferrotill_testkit::hub::HubBooks;
use uuid::Uuid;

use super::{Checked, World};
use crate::error_text::with_sources;

/// The till's id at the hub.
const TILL: Uuid = Uuid::from_u128(7);
/// How often the hub is away for a while: once in so many turns.
const AWAY_ONCE_IN: usize = 40;
/// For how many turns it is away then.
const AWAY_TURNS: u32 = 60;

/// The hub, and everything that can go wrong on the way to it. It has a source of chance of its own, so that the rest of a seed's shop is
/// the same with a hub and without one.
pub(super) struct ShopHub {
    books: Arc<Mutex<HubBooks>>,
    random: SeededRandom,
    key: Vec<u8>,
    public_key: Vec<u8>,
    /// For so many turns no message arrives.
    away: u32,
    /// A batch that arrives once more later, behind others.
    late: Option<Vec<u8>>,
    closing: bool,
}

impl ShopHub {
    pub(super) fn new(seed: u64) -> Checked<Self> {
        let key = NewKey::make().map_err(with_sources)?;
        let key = key.pkcs8().to_vec();
        let public_key = ferrotill_hub_protocol::public_key_of_pkcs8(&key).map_err(with_sources)?;
        let mut books = HubBooks::default();
        books.enrol(TILL, &public_key);
        Ok(Self {
            books: Arc::new(Mutex::new(books)),
            random: SeededRandom::new(seed ^ 0x6875_6221),
            key,
            public_key,
            away: 0,
            late: None,
            closing: false,
        })
    }

    /// The sender of an agent that starts.
    pub(super) fn sender(
        &mut self,
        folder: &std::path::Path,
        reader: &Reader,
    ) -> Checked<HubSender> {
        // The file is no part of the journal: after a crash it may be older than the last acknowledgement, or lost.
        match self.random.below(6) {
            0 => {
                // The sender asks the hub.
                let _ = std::fs::remove_file(folder.join(ferrotill_store::HUB_PLACE_FILE));
            }
            1 => HubPlace::start(TILL).write(folder).map_err(with_sources)?,
            _ => {}
        }
        let currency = MOLDOVA.facts().currency.code();
        HubSender::new(HubSenderParts {
            reader: reader.clone(),
            folder: folder.to_owned(),
            till: TILL,
            key: SigningKey::from_pkcs8(&self.key).map_err(with_sources)?,
            currency: Currency::new(currency).ok_or("the currency has no code")?,
            profile: &MOLDOVA,
        })
        .map_err(|failure| failure.to_string())
    }

    fn arrives(&mut self, path: &'static str, body: &[u8]) -> Answer {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.answer(path, Some(&self.public_key), body)
    }
}

impl HubTransport for ShopHub {
    fn post(&mut self, path: &'static str, body: &[u8]) -> Result<Answer, HubFailure> {
        let broken = || HubFailure::Delivery(DeliveryFailure::Broken);
        if self.closing {
            return Ok(self.arrives(path, body));
        }
        if self.away > 0 {
            self.away -= 1;
            return Err(HubFailure::Delivery(DeliveryFailure::Unreachable));
        }
        if self.random.below(AWAY_ONCE_IN) == 0 {
            self.away = AWAY_TURNS;
        }
        if self.random.below(8) == 0
            && let Some(late) = self.late.take()
        {
            self.arrives(path::BATCHES, &late);
        }
        if path == path::BATCHES && self.random.below(8) == 0 {
            self.late = Some(body.to_vec());
        }
        match self.random.below(10) {
            // The database is started again: nothing is stored, or it is not known.
            0 => Err(HubFailure::Busy(Duration::from_secs(1))),
            1 => {
                self.arrives(path, body);
                Err(HubFailure::Busy(Duration::from_secs(1)))
            }
            // The answer is lost.
            2 => {
                self.arrives(path, body);
                Err(broken())
            }
            // The message is lost.
            3 => Err(broken()),
            // Both processes of the hub get it.
            4 => {
                self.arrives(path, body);
                Ok(self.arrives(path, body))
            }
            _ => Ok(self.arrives(path, body)),
        }
    }
}

impl World {
    /// Gives a turn to the sender of the hub.
    pub(super) fn hub_turn(&mut self, closing: bool) -> Checked {
        self.hub.closing = closing;
        let now_ms = self.clock.now().utc_ms;
        let Some(agent) = &mut self.agent else {
            return Ok(());
        };
        if agent.life.is_over() || self.hub.random.below(3) == 0 {
            return Ok(());
        }
        match agent.hub.turn(&mut self.hub, now_ms) {
            HubTurn::Refused(refusal) => Err(format!("the hub refuses: {refusal}")),
            HubTurn::Sent(_) if self.hub.random.coin() => {
                agent.hub.save();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether the hub has as many rows as the journal.
    pub(super) fn hub_has_everything(&self) -> bool {
        let Some(agent) = &self.agent else {
            return false;
        };
        let books = self
            .hub
            .books
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let stored = books.tills.get(&TILL).map_or(0, |till| till.rows.len());
        let sealed = agent.reader.hub_backlog(0, u32::MAX);
        sealed.is_ok_and(|sealed| usize::try_from(sealed) == Ok(stored))
    }

    /// Checks that the hub has every sealed document exactly once and in order, and nothing else.
    pub(super) fn check_hub(&self) -> Checked {
        let Some(agent) = &self.agent else {
            return Ok(());
        };
        let books = self
            .hub
            .books
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(till) = books.tills.get(&TILL) else {
            return Ok(());
        };
        if till.contradictions > 0 {
            return Err("the till has sent other rows under the same sequence".to_owned());
        }
        let rows = agent.reader.hub_rows(0, u32::MAX).map_err(with_sources)?;
        if rows.len() != till.rows.len() {
            return Err(format!(
                "the hub has {} rows, and the journal has {}",
                till.rows.len(),
                rows.len()
            ));
        }
        for ((row, stored), sequence) in rows.iter().zip(&till.rows).zip(1_u64..) {
            let HubRow::Sealed(sealed) = row else {
                continue;
            };
            let is_it = stored.sequence == sequence
                && stored.document == sealed.document.row.unique_id
                && stored.journal_row == sealed.seq.unsigned_abs()
                && stored.number == sealed.document.row.number.map(u64::from);
            if !is_it {
                return Err(format!(
                    "the hub has {stored:?} at sequence {sequence}, and the journal has {:?}",
                    sealed.document.row
                ));
            }
        }
        Ok(())
    }
}
