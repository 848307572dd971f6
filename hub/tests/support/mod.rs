//! What the tests of the hub share: a database of their own, hub processes, tills.

#![allow(dead_code, reason = "each test program uses a part")]

pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod process;
pub(crate) mod till;
