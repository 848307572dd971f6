//! A command in the form of a family, and why one failed.

use crate::family::Row;
use crate::fault::Fault;

/// A command in the words of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Its number.
    pub(super) number: u8,
    /// Its data.
    pub(super) data: Vec<u8>,
}

impl Command {
    /// What a row says.
    pub(super) fn of<Q, A>(row: &Row<Q, A>, ask: &Q) -> Self {
        Self {
            number: row.command,
            data: (row.ask.emit)(ask),
        }
    }
}

/// Why a command did not go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandFault {
    /// No answer: it may have been executed.
    Lost(Fault),
    /// Answered with a refusal, and perhaps the device's own words.
    Refused(Fault, String),
}

impl CommandFault {
    /// The fault alone.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Lost(fault) | Self::Refused(fault, _) => *fault,
        }
    }

    /// The fault and the device's own words.
    pub(super) fn told(self) -> (Fault, String) {
        match self {
            Self::Lost(fault) => (fault, String::new()),
            Self::Refused(fault, words) => (fault, words),
        }
    }
}

impl From<CommandFault> for Fault {
    fn from(trouble: CommandFault) -> Self {
        trouble.fault()
    }
}
