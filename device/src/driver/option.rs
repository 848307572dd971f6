//! An option of an address that has no such value, and what hides a password.

/// What stands for a password wherever people read.
pub(super) const HIDDEN: &str = "****";

/// An option has no such value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OptionFault {
    /// The option.
    pub(super) option: String,
    /// Its value.
    pub(super) given: String,
    /// The values that it takes.
    pub(super) allowed: String,
}
