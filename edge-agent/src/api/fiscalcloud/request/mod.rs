//! Converts a body to an order and reports all its faults at once.

mod cash;
mod duplicate;
mod echoed;
mod lines;
mod nonfiscal;
mod parsed;
mod payments;
mod refund;
mod report;
mod sale;
mod shared;

pub(super) use cash::cash;
pub(super) use duplicate::{DuplicateRequest, duplicate};
pub(super) use nonfiscal::nonfiscal;
pub(super) use parsed::{BodyHead, GivenId, Parsed};
pub(super) use refund::refund;
pub(super) use report::report;
pub(super) use sale::sale;
pub(super) use shared::id_in;
