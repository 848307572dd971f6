//! Helpers that tests of several crates share. No release build contains them.
//!
//! | Module | Holds |
//! | --- | --- |
//! | [`config`] | the text of a configuration file, section by section |
//! | [`printer`] | a scripted printer, which does what the test says or registers everything at once |
//! | [`answers`] | every form of an answer that the tables of the families have |
//! | [`relay`] | a relay on the line of an emulated printer, which rewrites the answers to one command |
//! | [`network`] | the connection to the tax authority, with everything that can go wrong with it |
//! | [`clock`] | a clock that a test moves |
//! | [`hub`] | a strict hub without a database and without a network |
//! | [`health_page`] | the table of `docs/HEALTH.md`, which tests compare with what they see |
//! | [`paper`] | reads every kind of paper back, and compares it with the books |
//! | [`program`] | which program the black-box tests start |
//!
//! Tests that need a tax authority use the simulator of `ferrotill authority`.

pub mod answers;
pub mod clock;
pub mod config;
pub mod health_page;
pub mod hub;
pub mod network;
pub mod paper;
pub mod printer;
pub mod program;
pub mod relay;
