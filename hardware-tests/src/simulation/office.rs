//! The way to the office: the product's sender posts into this instead of the network, and it loses, delays, doubles and reorders.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrotill::authority::send::Delivery;
use ferrotill::authority::{Authority, Parcel, Verdict};
use ferrotill::standin::StandIn;
use ferrotill::sync::Post;
use ferrotill::sync::reachability::{Failure, Progress};
use ferrotill_disk::SeededRandom;

/// How the network and the office are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Answers.
    Fair,
    /// No connection.
    Down,
    /// The document arrives, the answer does not.
    AnswersLost,
    /// The document arrives later, and nobody waits so long.
    Late,
    /// The document arrives twice.
    Doubled,
    /// Takes nothing, and says so.
    Refuses,
    /// HTTP 500.
    Broken,
    /// HTTP 429, with the wish to be left alone for a while.
    Busy,
    /// A login page answers, HTTP 200.
    Portal,
    /// An object answers that says neither yes nor no, HTTP 200.
    Hollow,
    /// The answer is cut short.
    Cut,
    /// Each attempt is one of the others.
    Mixed,
}

impl Weather {
    /// All of them.
    pub(super) const ALL: [Self; 12] = [
        Self::Fair,
        Self::Down,
        Self::AnswersLost,
        Self::Late,
        Self::Doubled,
        Self::Refuses,
        Self::Broken,
        Self::Busy,
        Self::Portal,
        Self::Hollow,
        Self::Cut,
        Self::Mixed,
    ];
}

/// A document on its way.
#[derive(Debug)]
struct Posted {
    kind: &'static str,
    key: String,
    body: String,
}

/// What is between the sender and the office. A clone is the same.
#[derive(Clone, Debug)]
pub(super) struct Sky(Arc<Mutex<Inside>>);

#[derive(Debug)]
struct Inside {
    office: StandIn,
    weather: Weather,
    random: SeededRandom,
    /// Documents that arrive later.
    late: Vec<Posted>,
    /// What time it is, for the header `Date` of the office's answers.
    utc_ms: i64,
    /// The office has refused what the till told: in this world it has no reason to.
    refused: Option<String>,
    /// It has answered since this was last asked.
    answered: bool,
    /// To the last attempt it has not answered.
    silent: bool,
}

impl Sky {
    pub(super) fn over(office: StandIn, random: SeededRandom) -> Self {
        Self(Arc::new(Mutex::new(Inside {
            office,
            weather: Weather::Fair,
            random,
            late: Vec::new(),
            utc_ms: 0,
            refused: None,
            answered: false,
            silent: false,
        })))
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The weather changes.
    pub(super) fn set(&self, weather: Weather) {
        self.inside().weather = weather;
    }

    /// It is so late now; what is late may arrive.
    pub(super) fn pass(&self, utc_ms: i64) {
        let mut inside = self.inside();
        inside.utc_ms = utc_ms;
        if !inside.late.is_empty() && inside.random.below(12) == 0 {
            let place = inside.random.below(64) % inside.late.len();
            let posted = inside.late.swap_remove(place);
            inside.arrive(&posted);
        }
    }

    /// Everything that is late arrives.
    pub(super) fn arrive_all(&self) {
        let mut inside = self.inside();
        for posted in std::mem::take(&mut inside.late) {
            inside.arrive(&posted);
        }
    }

    /// What the office has refused, in its own words.
    pub(super) fn refused(&self) -> Option<String> {
        self.inside().refused.clone()
    }

    /// The office has answered since this was last asked.
    pub(super) fn has_answered(&self) -> bool {
        std::mem::take(&mut self.inside().answered)
    }

    /// To the last attempt the office has not answered.
    pub(super) fn is_silent(&self) -> bool {
        self.inside().silent
    }
}

impl Inside {
    /// A document is there, and the office says something.
    fn arrive(&mut self, posted: &Posted) -> (u16, String) {
        match self
            .office
            .hear(posted.kind, &posted.key, posted.body.as_bytes())
        {
            Ok(answer) => (200, answer.to_string()),
            Err(words) => {
                let refused = format!(
                    "the office refuses {} {}: {words}",
                    posted.kind, posted.body
                );
                self.refused.get_or_insert(refused);
                (422, format!(r#"{{"status":"error","message":"{words}"}}"#))
            }
        }
    }

    fn deliver(&mut self, posted: Posted) -> Result<(u16, String), Failure> {
        let mut weather = self.weather;
        while weather == Weather::Mixed {
            let place = self.random.below(Weather::ALL.len());
            weather = Weather::ALL.get(place).copied().unwrap_or(Weather::Fair);
        }
        match weather {
            Weather::Fair | Weather::Mixed => Ok(self.arrive(&posted)),
            Weather::Doubled => {
                self.arrive(&posted);
                Ok(self.arrive(&posted))
            }
            Weather::Down => Err(Failure::Unreachable),
            Weather::AnswersLost => {
                self.arrive(&posted);
                Err(Failure::Broken)
            }
            Weather::Late => {
                self.late.push(posted);
                Err(Failure::TimedOut)
            }
            Weather::Cut => {
                let (status, mut answer) = self.arrive(&posted);
                answer.truncate(answer.len() / 2);
                Ok((status, answer))
            }
            Weather::Refuses => Ok((
                200,
                r#"{"status":"error","message":"not today"}"#.to_owned(),
            )),
            Weather::Broken => Ok((500, "internal error".to_owned())),
            Weather::Busy => Ok((429, r#"{"status":"error"}"#.to_owned())),
            Weather::Portal => Ok((200, "<!doctype html><title>Welcome</title>".to_owned())),
            Weather::Hollow => Ok((200, "{}".to_owned())),
        }
    }
}

impl Post for Sky {
    fn deliver(&self, authority: &dyn Authority, parcel: &Parcel, _kept: bool) -> Delivery {
        let mut inside = self.inside();
        let answer = inside.deliver(Posted {
            kind: parcel.kind.name(),
            key: parcel.key.to_string(),
            body: parcel.body.clone(),
        });
        let busy = matches!(answer, Ok((429, _)));
        let verdict = match answer {
            Ok((status, body)) => authority.decode(status, body.as_bytes()),
            Err(failure) => Verdict::Failed(failure),
        };
        let answered = !matches!(verdict.progress(), Progress::Failed(_));
        inside.answered |= answered;
        inside.silent = !answered;
        Delivery {
            verdict,
            retry_after: busy.then_some(Duration::from_secs(7)),
            date_ms: answered.then_some(inside.utc_ms),
        }
    }
}
