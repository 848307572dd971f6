//! JSON without floats: a number is kept as its text.
//!
//! [`JsonValue`] is used for reading and for writing. [`Fields`] reads an object of a request strictly: an unknown member is a fault, and
//! every fault has its path.

mod fault;
mod fields;
mod syntax;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use fault::{FAULTS_MAX, FaultList, RequestFault};
pub use fields::{Fields, shortened};
pub use value::{JsonValue, LIST_ITEMS_MAX, SHORT_BODY_BYTES_MAX, without_byte_order_mark};
