//! Reads the bodies of orders and refunds. All faults are found before anything is sent.

mod fields;
mod order;
mod products;

pub(super) use fields::Members;
pub(super) use order::{OriginalLink, ReadContext, ReadOrder, read};
