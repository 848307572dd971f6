//! A command in the form of a family, and the reasons why a command fails.

use crate::family::CommandRow;
use crate::fault::Fault;

/// A command in the form of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The number of the command.
    pub(super) number: u8,
    /// The data of the command.
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

/// The reason why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandFault {
    /// No answer arrived: the command may have been executed.
    Lost(Fault),
    /// The device refused the command, perhaps with a text of its own.
    Refused(Fault, String),
}

impl CommandFault {
    /// The fault without the device's text.
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
