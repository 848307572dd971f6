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
pub(super) enum NetworkFault {
    /// Answers.
    None,
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
    ServerError,
    /// HTTP 429, with the wish to be left alone for a while.
    Busy,
    /// A login page answers, HTTP 200.
    LoginPage,
    /// An object answers that says neither yes nor no, HTTP 200.
    EmptyObject,
    /// The answer is cut short.
    Cut,
    /// Each attempt is one of the others.
    Mixed,
}

impl NetworkFault {
    /// All of them.
    pub(super) const ALL: [Self; 12] = [
        Self::None,
        Self::Down,
        Self::AnswersLost,
        Self::Late,
        Self::Doubled,
        Self::Refuses,
        Self::ServerError,
        Self::Busy,
        Self::LoginPage,
        Self::EmptyObject,
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
pub(super) struct Network(Arc<Mutex<NetworkState>>);

#[derive(Debug)]
struct NetworkState {
    office: StandIn,
    fault: NetworkFault,
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

impl Network {
    pub(super) fn over(office: StandIn, random: SeededRandom) -> Self {
        Self(Arc::new(Mutex::new(NetworkState {
            office,
            fault: NetworkFault::None,
            random,
            late: Vec::new(),
            utc_ms: 0,
            refused: None,
            answered: false,
            silent: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, NetworkState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault changes.
    pub(super) fn set(&self, fault: NetworkFault) {
        self.state().fault = fault;
    }

    /// It is so late now; what is late may arrive.
    pub(super) fn pass(&self, utc_ms: i64) {
        let mut state = self.state();
        state.utc_ms = utc_ms;
        if !state.late.is_empty() && state.random.below(12) == 0 {
            let place = state.random.below(64) % state.late.len();
            let posted = state.late.swap_remove(place);
            state.arrive(&posted);
        }
    }

    /// Everything that is late arrives.
    pub(super) fn arrive_all(&self) {
        let mut state = self.state();
        for posted in std::mem::take(&mut state.late) {
            state.arrive(&posted);
        }
    }

    /// What the office has refused, in its own words.
    pub(super) fn refused(&self) -> Option<String> {
        self.state().refused.clone()
    }

    /// The office has answered since this was last asked.
    pub(super) fn has_answered(&self) -> bool {
        std::mem::take(&mut self.state().answered)
    }

    /// To the last attempt the office has not answered.
    pub(super) fn is_silent(&self) -> bool {
        self.state().silent
    }
}

impl NetworkState {
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
        let mut fault = self.fault;
        while fault == NetworkFault::Mixed {
            let place = self.random.below(NetworkFault::ALL.len());
            fault = NetworkFault::ALL
                .get(place)
                .copied()
                .unwrap_or(NetworkFault::None);
        }
        match fault {
            NetworkFault::None | NetworkFault::Mixed => Ok(self.arrive(&posted)),
            NetworkFault::Doubled => {
                self.arrive(&posted);
                Ok(self.arrive(&posted))
            }
            NetworkFault::Down => Err(Failure::Unreachable),
            NetworkFault::AnswersLost => {
                self.arrive(&posted);
                Err(Failure::Broken)
            }
            NetworkFault::Late => {
                self.late.push(posted);
                Err(Failure::TimedOut)
            }
            NetworkFault::Cut => {
                let (status, mut answer) = self.arrive(&posted);
                answer.truncate(answer.len() / 2);
                Ok((status, answer))
            }
            NetworkFault::Refuses => Ok((
                200,
                r#"{"status":"error","message":"not today"}"#.to_owned(),
            )),
            NetworkFault::ServerError => Ok((500, "internal error".to_owned())),
            NetworkFault::Busy => Ok((429, r#"{"status":"error"}"#.to_owned())),
            NetworkFault::LoginPage => {
                Ok((200, "<!doctype html><title>Welcome</title>".to_owned()))
            }
            NetworkFault::EmptyObject => Ok((200, "{}".to_owned())),
        }
    }
}

impl Post for Network {
    fn deliver(&self, authority: &dyn Authority, parcel: &Parcel, _kept: bool) -> Delivery {
        let mut state = self.state();
        let answer = state.deliver(Posted {
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
        state.answered |= answered;
        state.silent = !answered;
        Delivery {
            verdict,
            retry_after: busy.then_some(Duration::from_secs(7)),
            date_ms: answered.then_some(state.utc_ms),
        }
    }
}
