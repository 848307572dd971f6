//! A till whose law has receipts signed, on a simulated disk: for the simulation of such a shop, and for its power cuts.

pub(crate) mod goods;
pub(crate) mod protocol;
pub(crate) mod till;

/// The outcome of a check, with the words of a violation.
pub(crate) type Checked<T = ()> = Result<T, String>;
