//! A command in the form of a family, and why one failed.

use crate::family::CommandRow;
use crate::fault::Fault;

/// A command in the form of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Its number.
    pub(super) number: u8,
    /// Its data.
    pub(super) data: Vec<u8>,
}

impl Command {
    /// The command of a row with these parameters.
    pub(super) fn of<Q, A>(row: &CommandRow<Q, A>, ask: &Q) -> Self {
        Self {
            number: row.command,
            data: (row.ask.emit)(ask),
        }
    }
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandFault {
    /// No answer: it may have been executed.
    Lost(Fault),
    /// The device refused it, perhaps with its own text.
    Refused(Fault, String),
}

impl CommandFault {
    /// The fault alone.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Lost(fault) | Self::Refused(fault, _) => *fault,
        }
    }

    /// The fault and the device's own text.
    pub(super) fn into_parts(self) -> (Fault, String) {
        match self {
            Self::Lost(fault) => (fault, String::new()),
            Self::Refused(fault, words) => (fault, words),
        }
    }
}

impl From<CommandFault> for Fault {
    fn from(failure: CommandFault) -> Self {
        failure.fault()
    }
}
