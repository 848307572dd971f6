//! The faults of a configuration with their places. Reading a configuration reports all its faults together.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// Where a value of the configuration was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourcePlace {
    /// The value is written in a file. Line and column are counted from one, the column in characters.
    File {
        /// The file's path as it was given to the program.
        file: Arc<Path>,
        /// The line number in the file.
        line: usize,
        /// The column in the line, in characters.
        column: usize,
    },
    /// The value is in the environment variable with this name.
    Environment(String),
    /// The value is in this flag of the command line.
    Flag(&'static str),
}

impl SourcePlace {
    /// The folder from which relative paths start: for a value in a file, the folder of that file. Paths in flags and in
    /// environment variables start from
    /// the working directory, as in any other program.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Self::File { file, .. } => file.parent(),
            Self::Environment(_) | Self::Flag(_) => None,
        }
    }
}

impl fmt::Display for SourcePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{}:{line}:{column}", file.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One fault: its place, the key, what is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where the value is written, or the table in which it is missing.
    pub place: SourcePlace,
    /// The key path, such as `device[0].tax_groups[1].rate`; empty for a fault of syntax.
    pub key: String,
    /// What is wrong with the value.
    pub what: String,
    /// What to do about the fault.
    pub remedy: String,
    /// True if the system denies this user the file that the value names. Another user may have no such fault.
    pub is_denied: bool,
    /// The file with a secret that other users may read, if that is the fault: the mode 0600 repairs it.
    pub open_to_others: Option<PathBuf>,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

/// Why there is no configuration. The program then ends with the exit code 3, or 9 if this user may not read a file.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file or folder of the configuration could not be read.
    #[error("configuration {}: {}", path.display(), unreadable(source))]
    Unreadable {
        /// The path of the file or folder.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        source: std::io::Error,
    },
    /// The configuration was read and has faults; the text has one line per fault, in the order of reading.
    #[error("{}", Lines(faults))]
    Faulty {
        /// All faults that were found.
        faults: Vec<ConfigFault>,
    },
}

/// Why a configuration cannot be read, and what to do.
fn unreadable(source: &std::io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::NotFound => {
            "does not exist; make it with `ferrotill init`, or name another file with --config"
        }
        ErrorKind::PermissionDenied => {
            "this user may not read it; run the command with sudo, or as the user of the till's service"
        }
        _ => "cannot be read; look at the file and at the disk",
    }
}

impl ConfigError {
    /// Whether the system denies this user a file, and nothing else is wrong.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        match self {
            Self::Unreadable { source, .. } => source.kind() == ErrorKind::PermissionDenied,
            Self::Faulty { faults } => {
                !faults.is_empty() && faults.iter().all(|fault| fault.is_denied)
            }
        }
    }

    /// All faults of several checks as one error.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the faults of all checks, or the first error of another kind.
    pub fn together(checks: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let mut all = Vec::new();
        for check in checks {
            match check {
                Ok(()) => {}
                Err(Self::Faulty { faults }) => all.extend(faults),
                Err(unreadable) => return Err(unreadable),
            }
        }
        if all.is_empty() {
            Ok(())
        } else {
            Err(Self::Faulty { faults: all })
        }
    }
}

/// Prints one fault per line.
struct Lines<'a>(&'a [ConfigFault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}
