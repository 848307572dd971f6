//! The network between the product's sender and the tax authority simulator: it loses, delays, doubles and reorders documents.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ferrotill::authority::failure::{DeliveryFailure, Progress};
use ferrotill::authority::http::Delivery;
use ferrotill::authority::{Authority, EncodedRequest, Verdict};
use ferrotill::outbox::Transport;
use ferrotill::simulator::tax_office::TaxOfficeSimulator;
use ferrotill_disk::SeededRandom;

/// A fault of the network or of the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NetworkFault {
    /// There is no fault.
    None,
    /// No connection can be made.
    Down,
    /// The document arrives, and the answer is lost.
    AnswersLost,
    /// The document arrives later than the sender waits for an answer.
    Late,
    /// The document arrives twice.
    Doubled,
    /// The authority refuses every document.
    Refuses,
    /// The authority answers with HTTP status 500.
    ServerError,
    /// The authority answers with HTTP status 429 and `Retry-After`.
    Busy,
    /// A login page answers with HTTP status 200.
    LoginPage,
    /// The answer is an empty JSON object with HTTP status 200.
    EmptyObject,
    /// The answer is cut short.
    Cut,
    /// Each attempt has another of these faults.
    Mixed,
}

impl NetworkFault {
    /// Every fault of the network and the authority.
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

/// A document that the sender has sent.
#[derive(Debug)]
struct Posted {
    kind: &'static str,
    key: String,
    body: String,
}

/// The network between the sender and the authority. A clone is the same network.
#[derive(Clone, Debug)]
pub(super) struct Network(Arc<Mutex<NetworkState>>);

#[derive(Debug)]
struct NetworkState {
    authority_simulator: TaxOfficeSimulator,
    fault: NetworkFault,
    random: SeededRandom,
    /// Documents that were sent and will arrive later.
    late: Vec<Posted>,
    /// The time in the header `Date` of the authority's answers, in milliseconds of UTC.
    utc_ms: i64,
    /// The message with which the authority has refused a document for its content, which must not happen.
    refused: Option<String>,
    /// True if the authority refuses the next sale that it does not have, for ever.
    refuses_next: bool,
    /// The keys of the documents that the authority refuses for ever.
    refused_for_ever: BTreeSet<String>,
    /// True if the authority has acknowledged a document since [`Network::has_acknowledged`] was last called.
    acknowledged: bool,
    /// True if the last attempt got no answer.
    silent: bool,
}

impl Network {
    pub(super) fn to(authority_simulator: TaxOfficeSimulator, random: SeededRandom) -> Self {
        Self(Arc::new(Mutex::new(NetworkState {
            authority_simulator,
            fault: NetworkFault::None,
            random,
            late: Vec::new(),
            utc_ms: 0,
            refused: None,
            refuses_next: false,
            refused_for_ever: BTreeSet::new(),
            acknowledged: false,
            silent: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, NetworkState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the fault of the network.
    pub(super) fn set(&self, fault: NetworkFault) {
        self.state().fault = fault;
    }

    /// From now on the authority refuses the next sale that it does not have, for ever.
    pub(super) fn refuse_the_next_sale(&self) {
        self.state().refuses_next = true;
    }

    /// The keys of the documents that the authority refuses for ever.
    pub(super) fn refused_for_ever(&self) -> BTreeSet<String> {
        self.state().refused_for_ever.clone()
    }

    /// Sets the time of the authority; a late document may arrive.
    pub(super) fn pass(&self, utc_ms: i64) {
        let mut state = self.state();
        state.utc_ms = utc_ms;
        if !state.late.is_empty() && state.random.below(12) == 0 {
            let place = state.random.below(64) % state.late.len();
            let posted = state.late.swap_remove(place);
            state.arrive(&posted);
        }
    }

    /// The `Date` of an answer to a question for the time, in milliseconds of UTC; none while the authority cannot be reached.
    pub(super) fn date_ms(&self) -> Option<i64> {
        let state = self.state();
        (state.fault != NetworkFault::Down).then_some(state.utc_ms)
    }

    /// Delivers all late documents to the authority.
    pub(super) fn arrive_all(&self) {
        let mut state = self.state();
        for posted in std::mem::take(&mut state.late) {
            state.arrive(&posted);
        }
    }

    /// The document that the authority has refused for its content, with the authority's message.
    pub(super) fn refused(&self) -> Option<String> {
        self.state().refused.clone()
    }

    /// Whether the authority has acknowledged a document since the last call of this function.
    pub(super) fn has_acknowledged(&self) -> bool {
        std::mem::take(&mut self.state().acknowledged)
    }

    /// Whether the last attempt got no answer.
    pub(super) fn is_silent(&self) -> bool {
        self.state().silent
    }
}

/// The message with which the authority refuses a document for ever.
pub(super) const FOR_EVER: &str = "unknown goods";

impl NetworkState {
    /// Delivers a document to the authority and returns the authority's answer.
    fn arrive(&mut self, posted: &Posted) -> (u16, String) {
        if self.is_refused_for_ever(posted) {
            let answer = format!(r#"{{"status":"error","message":"{FOR_EVER}"}}"#);
            return (200, answer);
        }
        match self
            .authority_simulator
            .hear(posted.kind, &posted.key, posted.body.as_bytes())
        {
            Ok(answer) => (200, answer.to_string()),
            Err(message) => {
                let refused = format!(
                    "the authority refuses {} {}: {message}",
                    posted.kind, posted.body
                );
                self.refused.get_or_insert(refused);
                (
                    422,
                    format!(r#"{{"status":"error","message":"{message}"}}"#),
                )
            }
        }
    }

    fn is_refused_for_ever(&mut self, posted: &Posted) -> bool {
        if self.refuses_next && posted.kind == "sale" {
            let received = self.authority_simulator.received();
            if received.iter().all(|document| document.key != posted.key) {
                self.refuses_next = false;
                self.refused_for_ever.insert(posted.key.clone());
            }
        }
        self.refused_for_ever.contains(&posted.key)
    }

    fn deliver(&mut self, posted: Posted) -> Result<(u16, String), DeliveryFailure> {
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
            NetworkFault::Down => Err(DeliveryFailure::Unreachable),
            NetworkFault::AnswersLost => {
                self.arrive(&posted);
                Err(DeliveryFailure::Broken)
            }
            NetworkFault::Late => {
                self.late.push(posted);
                Err(DeliveryFailure::TimedOut)
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

impl Transport for Network {
    fn deliver(&self, authority: &dyn Authority, parcel: &EncodedRequest, _kept: bool) -> Delivery {
        let mut state = self.state();
        let answer = state.deliver(Posted {
            kind: parcel.kind.name(),
            key: parcel.key.to_string(),
            body: String::from_utf8_lossy(&parcel.body).into_owned(),
        });
        let busy = matches!(answer, Ok((429, _)));
        let verdict = match answer {
            Ok((status, body)) => authority.decode(status, body.as_bytes()),
            Err(failure) => Verdict::Failed(failure),
        };
        let answered = !matches!(verdict.progress(), Progress::Failed(_));
        state.acknowledged |= verdict == Verdict::Acknowledged;
        state.silent = !answered;
        Delivery {
            verdict,
            retry_after: busy.then_some(Duration::from_secs(7)),
            date_ms: answered.then_some(state.utc_ms),
        }
    }
}
