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
pub mod board;
pub mod clerk;
pub mod cli;
pub mod clock;
pub mod config;
pub mod guard;
pub mod job;
pub mod listener;
pub mod order;
pub mod printer;
pub mod standin;
pub mod store;
pub mod sync;
