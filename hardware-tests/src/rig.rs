//! The rig file, which lists the printers of a test rig that may be printed on.

use core::fmt;

use ferrotill_device::Connected;

/// The serial numbers of the fiscalised printers that may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RigFile {
    serials: Vec<String>,
}

impl RigFile {
    /// Reads a rig file with lines `serial = NUMBER`; `#` begins a comment, and the number may be in quotes.
    ///
    /// # Errors
    ///
    /// [`RigFileError`] with the first line that has another form.
    pub fn parse(text: &str) -> Result<Self, RigFileError> {
        let mut rig = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let serial = match line.split_once('=') {
                Some((key, value)) if key.trim() == "serial" => value.trim().trim_matches('"'),
                _ => return Err(RigFileError { line: number }),
            };
            if serial.is_empty() {
                return Err(RigFileError { line: number });
            }
            rig.serials.push(serial.to_owned());
        }
        Ok(rig)
    }

    fn lists(&self, serial: &str) -> bool {
        self.serials.iter().any(|listed| listed == serial)
    }
}

/// A line of the rig file that has not the form `serial = NUMBER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RigFileError {
    /// The number of the wrong line, counted from 1.
    pub line: usize,
}

impl fmt::Display for RigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {} of the rig file is not `serial = NUMBER`; write one such line for each printer of the rig",
            self.line
        )
    }
}

impl std::error::Error for RigFileError {}

/// The fault that a printer is fiscalised and not listed, so that it must not be printed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterNotListed {
    serial: String,
}

impl fmt::Display for PrinterNotListed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the printer {} is fiscalised and not listed in the rig file: its receipts would count for the tax authority; list its serial number only if it belongs to a test rig",
            self.serial
        )
    }
}

impl std::error::Error for PrinterNotListed {}

/// Checks whether this printer may be printed on.
///
/// # Errors
///
/// [`PrinterNotListed`] for a fiscalised printer that the rig file does not list. Nothing was printed before this check.
pub fn admit(printer: &Connected, rig: &RigFile) -> Result<(), PrinterNotListed> {
    let serial = &printer.baseline.serial;
    if printer.condition.fiscalised && !rig.lists(serial) {
        return Err(PrinterNotListed {
            serial: serial.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{RigFile, RigFileError};

    #[test]
    fn serial_numbers_are_read_and_anything_else_is_refused() {
        let text = "# two printers\nserial = \"DT700001\"\n\n serial=DT700002 # the new one\n";
        let rig = RigFile::parse(text).unwrap();
        assert!(rig.lists("DT700001") && rig.lists("DT700002"));
        assert!(!rig.lists("DT70000") && !rig.lists("") && !rig.lists("*"));
        for (text, line) in [
            ("serial", 1),
            ("serial =", 1),
            ("\nserial = \"\"", 2),
            ("serials = A", 1),
            ("serial = A\nDT700001", 2),
        ] {
            assert_eq!(RigFile::parse(text), Err(RigFileError { line }), "{text}");
        }
    }
}
