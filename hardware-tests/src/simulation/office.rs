//! The office's side: the outbox is worked with the real reader, the real form and the real judgement of progress.
//!
//! The sender's own thread is not stepped yet: its loop (pauses of refused letters, reading ahead, kept connections) is written anew
//! here, and everything that it decides with is the product's.

use std::collections::BTreeMap;
use std::sync::Arc;

use ferrotill::authority::online_ecr::OnlineEcr;
use ferrotill::authority::{Authority as _, Verdict};
use ferrotill::board::Board;
use ferrotill::clerk::{ClerkDoor, Message, OfficeNews};
use ferrotill::config::Config;
use ferrotill::standin::StandIn;
use ferrotill::store::Reader;
use ferrotill::sync::letter_document;
use ferrotill::sync::reachability::{Failure, Reachability, State, Switch, Thresholds};
use ferrotill_core::Currency;
use ferrotill_disk::Dice;

use super::Bug;

/// How the network and the office are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Answers.
    Fair,
    /// No connection.
    Down,
    /// The document arrives, the answer does not.
    AnswersLost,
    /// Takes nothing, and says so.
    Refuses,
    /// HTTP 500.
    Broken,
    /// Each attempt is one of the others.
    Mixed,
}

/// What works the outbox.
pub(super) struct Outbox {
    pub(super) authority: OnlineEcr,
    pub(super) reader: Reader,
    pub(super) config: Arc<Config>,
    pub(super) currency: Currency,
    pub(super) door: ClerkDoor,
    pub(super) board: Arc<Board>,
    reach: Reachability,
    told_up_to: i64,
    /// Refused letters, and when each is sent again.
    refused: BTreeMap<i64, u64>,
    newest: i64,
    /// A refused letter holds up all that come after it (`[upstream] strict_order`).
    strict_order: bool,
    bug: Option<Bug>,
}

/// A refused letter is sent again after so long.
const REFUSED_PAUSE_MS: u64 = 10_000;

impl Outbox {
    pub(super) fn new(
        (reader, config, currency): (Reader, Arc<Config>, Currency),
        door: ClerkDoor,
        board: Arc<Board>,
        (strict_order, bug): (bool, Option<Bug>),
    ) -> Self {
        let thresholds = Thresholds {
            failures: 3,
            failing_ms: 15_000,
            dwell_ms: 60_000,
        };
        Self {
            authority: OnlineEcr::default(),
            reader,
            config,
            currency,
            door,
            board,
            reach: Reachability::new(thresholds, 1),
            told_up_to: 0,
            refused: BTreeMap::new(),
            newest: 0,
            strict_order,
            bug,
        }
    }

    /// One attempt, if one is due.
    pub(super) fn turn(
        &mut self,
        now: u64,
        office: &StandIn,
        weather: Weather,
        dice: &mut Dice,
    ) -> Result<(), String> {
        if let Some(switch) = self.reach.tick(now) {
            self.switched(switch);
        }
        let text = |error: ferrotill::store::StoreError| error.to_string();
        let newest = self.reader.newest_letter().map_err(text)?.unwrap_or(0);
        if newest > self.newest {
            self.newest = newest;
            self.reach.document_added(now);
        }
        if self.reach.attempt_at(now) > now {
            return Ok(());
        }
        let again = self.refused.iter().find(|(_, again)| **again <= now);
        let again = again.map(|(seq, _)| *seq);
        let mut letters = if self.strict_order && !self.refused.is_empty() {
            Vec::new()
        } else {
            self.reader.letters(self.told_up_to, 1).map_err(text)?
        };
        if letters.is_empty()
            && let Some(seq) = again
        {
            letters = self.reader.letters(seq - 1, 1).map_err(text)?;
            letters.retain(|letter| letter.sealed_seq == seq);
            if letters.is_empty() {
                self.refused.remove(&seq);
            }
        }
        let Some(letter) = letters.into_iter().next() else {
            return Ok(());
        };
        let document = letter_document(&letter, &self.config, self.currency)
            .ok_or("a letter cannot be read")?;
        let parcel = self.authority.encode(&document);
        let parcel = parcel.map_err(|error| error.to_string())?;
        let key = match self.bug {
            Some(Bug::NewKeyEachTime) => format!("{}-{now}", parcel.key),
            _ => parcel.key.to_string(),
        };
        let weather = match (weather, dice.below(6)) {
            (Weather::Mixed, 0) => Weather::Down,
            (Weather::Mixed, 1) => Weather::AnswersLost,
            (Weather::Mixed, 2) => Weather::Refuses,
            (Weather::Mixed, 3) => Weather::Broken,
            (Weather::Mixed, _) => Weather::Fair,
            (weather, _) => weather,
        };
        self.reach.started(now);
        let mut verdict = match weather {
            Weather::Down => Verdict::Failed(Failure::Unreachable),
            Weather::Broken => self.authority.decode(500, b"internal error"),
            Weather::Refuses => self
                .authority
                .decode(200, br#"{"status":"error","message":"not today"}"#),
            Weather::Fair | Weather::AnswersLost | Weather::Mixed => {
                let heard = office.hear(parcel.kind.name(), &key, parcel.body.as_bytes());
                let answer = match heard {
                    Ok(answer) => answer.to_string(),
                    // In this world the office has no reason of its own to refuse what the till sold.
                    Err(words) => {
                        return Err(format!(
                            "the office refuses {} {}: {words}",
                            parcel.kind.name(),
                            parcel.body
                        ));
                    }
                };
                match weather {
                    Weather::AnswersLost => Verdict::Failed(Failure::Broken),
                    _ => self.authority.decode(200, answer.as_bytes()),
                }
            }
        };
        if self.bug == Some(Bug::AcknowledgeOnSend) {
            verdict = Verdict::Acknowledged;
        }
        let progress = verdict.progress();
        match &verdict {
            Verdict::Acknowledged => {
                self.refused.remove(&letter.sealed_seq);
                self.told_up_to = self.told_up_to.max(letter.sealed_seq);
                self.door.tell(Message::Office(OfficeNews::Acknowledged {
                    sealed_seqs: vec![letter.sealed_seq],
                }));
            }
            Verdict::Refused { message } => {
                self.told_up_to = self.told_up_to.max(letter.sealed_seq);
                if self.bug != Some(Bug::RefusedIsForgotten) {
                    self.refused
                        .insert(letter.sealed_seq, now + REFUSED_PAUSE_MS);
                }
                self.door.tell(Message::Office(OfficeNews::Refused {
                    sealed_seq: letter.sealed_seq,
                    words: message.clone(),
                }));
            }
            Verdict::Failed(_) => {}
        }
        if let Some(switch) = self.reach.observe(now, progress, true) {
            self.switched(switch);
        }
        Ok(())
    }

    fn switched(&self, switch: Switch) {
        let Switch { from, to, reason } = switch;
        let reason = reason.to_string();
        self.board
            .office_switched(&to.to_string(), &reason, self.reach.sells_alternative());
        self.door.tell(Message::Office(OfficeNews::Switched {
            from: name(from),
            to: name(to),
            reason,
        }));
    }
}

const fn name(state: State) -> &'static str {
    match state {
        State::Online => "online",
        State::Suspect => "suspect",
        State::Offline => "offline",
        State::Recovering => "recovering",
    }
}
