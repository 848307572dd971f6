//! Ferrotill's agent: the service on the box under the counter.
//!
//! ```text
//! api ──order──► clerk ──event──► store        one task owns the tills and writes the books
//!                  │ ▲
//!             task │ │ news
//!                  ▼ │
//!               printer (a thread each)        sync ──► authority      the outbox, until acknowledged
//! ```
//!
//! Start reading at [`agent`].

pub mod agent;
pub mod api;
pub mod authority;
pub mod clerk;
pub mod cli;
pub mod config;
pub mod error_chain;
pub mod hmac;
pub mod listener;
pub mod locked;
pub mod order;
pub mod outbox;
pub mod seal;
pub mod simulator;
pub mod status;
pub mod time;
