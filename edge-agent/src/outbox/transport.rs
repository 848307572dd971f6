//! The way to the office, as the sender takes it: the network, unless a simulation stands in its place.

use crate::authority::http::{Delivery, agent, kept_agent, send};
use crate::authority::{Authority, EncodedRequest};
use crate::config::Upstream;

/// Carries parcels to the office and brings back what it said.
pub trait Transport: Send {
    /// One attempt: over the connection that is kept for a backlog, or over one of its own.
    fn deliver(&self, authority: &dyn Authority, parcel: &EncodedRequest, kept: bool) -> Delivery;
}

/// The network.
pub(super) struct Network {
    agent: ureq::Agent,
    /// Keeps its connection while there is a backlog.
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
    fn deliver(&self, authority: &dyn Authority, parcel: &EncodedRequest, kept: bool) -> Delivery {
        let agent = if kept { &self.kept_agent } else { &self.agent };
        send(agent, authority, &self.url, parcel)
    }
}
