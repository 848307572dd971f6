//! How the sender reaches the authority: over the network, or through a simulated network in tests.

use crate::authority::http::{Delivery, agent, kept_agent, send};
use crate::authority::{Authority, EncodedRequest};
use crate::config::Upstream;

/// Delivers requests to the authority and returns its answers.
pub trait Transport: Send {
    /// One attempt: over the kept connection if `kept`, otherwise over a new connection.
    fn deliver(&self, authority: &dyn Authority, request: &EncodedRequest, kept: bool) -> Delivery;
}

/// Delivers requests over the network.
pub(super) struct Network {
    agent: ureq::Agent,
    /// The agent that keeps its connection from one attempt to the next, for a backlog.
    kept_agent: ureq::Agent,
    url: String,
}

impl Network {
    pub(super) fn to(upstream: &Upstream) -> Self {
        Self {
            agent: agent(upstream.timeout, &upstream.trust),
            kept_agent: kept_agent(upstream.timeout, &upstream.trust),
            url: upstream.url.clone(),
        }
    }
}

impl Transport for Network {
    fn deliver(&self, authority: &dyn Authority, request: &EncodedRequest, kept: bool) -> Delivery {
        let agent = if kept { &self.kept_agent } else { &self.agent };
        send(agent, authority, &self.url, request)
    }
}
