//! JSON in and out without a float: numbers stay the text that they are.
//!
//! [`JsonValue`] is a JSON value, read or to be written. [`Fields`] reads an object of a request strictly: names match in any case,
//! unknown ones are faults, and every fault has its path.

mod fault;
mod fields;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use fault::{FAULTS_MAX, FaultList, RequestFault};
pub use fields::{Fields, shortened};
pub use value::{JsonValue, LIST_ITEMS_MAX, without_byte_order_mark};
