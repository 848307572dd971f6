//! Ferrotill's agent: the service that runs on the computer under the counter.
//!
//! ```text
//! api ──order──► clerk ──event──► ferrotill-store    one thread owns the tills and is the only writer of the journal
//!                 │ ▲
//!             job │ │ outcome
//!                 ▼ │
//!                seal::printer                       one thread for each device
//!
//! ferrotill-store ──outbox entry──► outbox ──request──► authority      until the authority has acknowledged it
//! ```
//!
//! # The map
//!
//! Start reading at [`agent`], which puts everything together, then [`clerk`].
//! The table lists the folders in layers from top to bottom; a folder imports only folders of lower layers, and a test checks
//! this
//! (`tests/tidy/imports.rs`, decision 0013).
//!
//! | Floor | Content |
//! | --- | --- |
//! | [`cli`] | the commands of the program, their output and exit codes |
//! | [`agent`] | the composition root: builds, connects and stops all parts |
//! | [`ui`] | the dashboard: pages for people |
//! | [`api`] | JSON of any compatible API to orders, documents to answers |
//! | [`outbox`], [`simulator`]
//! sends documents to the authority; simulates an authority for tests and the demo |
//! | [`clerk`] | the thread that owns the tills; one transaction for each batch of messages |
//! | [`seal`], [`payment`]
//! | makes a reserved document legal, one thread for each fiscal printer; the bank terminals |
//! | [`authority`], [`paper`] | requests for the authority, and the meaning of its answers; the paper of a document |
//! | [`config`] | the table of configuration keys, and the configuration that is read with it |
//! | [`order`], [`status`], [`time`], [`listener`] | what any API asks for; live status; clocks; HTTP connections and their limits |
//! | [`limited_log`], [`log_levels`], [`people`]
//! | log lines that callers without a signature can cause; how much the log says; who may use the dashboard |
//! | [`hmac`], [`locked`], [`error_chain`], [`explanation`], [`receipt_link`]
//! | signatures; a lock that survives a panic; an error with its sources; a message in four parts; the addresses of public receipts |
//!
//! Below all of them are the crates `ferrotill-store` (the only SQL), `ferrotill-render` (the only layout of a document), `ferrotill-rksv`
//! (signed receipts), `ferrotill-device` and `ferrotill-core`.

// A panic ends the process and with it every till. So no arithmetic may overflow, and no index may lie outside.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

pub mod agent;
pub mod api;
pub mod authority;
pub mod clerk;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod error_chain;
pub mod explanation;
pub mod folder_key;
pub mod hmac;
pub mod limited_log;
pub mod listener;
pub mod locked;
pub mod log_levels;
pub mod order;
pub mod outbox;
pub mod paper;
pub mod payment;
pub mod people;
pub mod receipt_link;
pub mod seal;
pub mod secret_file;
pub mod simulator;
pub mod status;
pub mod time;
pub mod ui;
