//! What is wrong with a configuration, and where. One reading reports all faults together.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

/// Where a value of the configuration was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourcePlace {
    /// In a file; line and column count from one, the column in characters.
    File {
        /// The file as it was named.
        file: Arc<Path>,
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// In an environment variable.
    Environment(String),
    /// In a flag of the command line.
    Flag(&'static str),
}

impl SourcePlace {
    /// The folder from which relative paths start: that of the file. Paths in flags and in environment variables start from
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

/// One fault: its place, the key, what is wrong, and one thing to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where the value is written, or the table in which it is missing.
    pub place: SourcePlace,
    /// The key path, such as `device[0].tax_groups[1].rate`; empty for a fault of syntax.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// One thing to do about it.
    pub remedy: String,
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

/// Why there is no configuration. The program's exit code for it is 3.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file or folder of the configuration could not be read.
    #[error("configuration {}: cannot be read; check that it exists and that this user may read it", path.display())]
    Unreadable {
        /// The file or folder.
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

impl ConfigError {
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
