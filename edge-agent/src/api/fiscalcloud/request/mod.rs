//! Converts a body to an order and reports all its faults at once.

mod cash;
mod duplicate;
mod echoed;
mod goods;
mod lines;
mod nonfiscal;
mod parsed;
mod payments;
mod period;
mod refund;
mod report;
mod sale;
mod shared;

pub(super) use cash::cash;
pub(super) use duplicate::{DuplicateRequest, duplicate};
pub(super) use goods::{CLASS_CODE_MISSING, complete_goods};
pub(super) use nonfiscal::nonfiscal;
pub(super) use parsed::{BodyHead, GivenId, Parsed};
pub(super) use period::{Period, PeriodRequest, ReportNumber, period};
pub(super) use refund::refund;
pub(super) use report::report;
pub(super) use sale::sale;
pub(super) use shared::id_in;
