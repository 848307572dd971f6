//! Many tills seen from one place.
//!
//! The hub takes the documents of tills into PostgreSQL ([`store`]), shows people who sells and what is wrong ([`people`]), and exports
//! for head office. A hub process keeps nothing: several of them may work beside each other on one database.

pub mod authority;
pub mod cli;
pub mod clock;
pub mod config;
pub mod listener;
pub mod people;
pub mod progress;
pub mod secret_file;
pub mod serve;
pub mod store;
pub mod tills;
