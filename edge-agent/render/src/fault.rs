//! Why a form could not be made.

/// Why a form could not be made. It is a fault of this program: no text of a document is the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFault(pub(crate) String);

impl std::fmt::Display for FormFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the form could not be made: {}", self.0)
    }
}

impl std::error::Error for FormFault {}
