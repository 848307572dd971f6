//! The device file of a path with a pattern: `/dev/serial/by-id/*FTDI*`.
//!
//! A converter that is plugged in again may get another name. Its link under `/dev/serial/by-id` keeps its name,
//! and a `*` finds the link if its full name is not known. If several files match, none is used.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Several device files match a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    matches: Vec<String>,
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "several device files match, and none is used: {}",
            self.matches.join(", ")
        )
    }
}

impl core::error::Error for Ambiguous {}

/// The device file at a path whose last part may contain `*`, looked up again each time.
///
/// # Errors
///
/// The error means that no file matches, or contains [`Ambiguous`].
pub fn resolve(path: &str) -> io::Result<PathBuf> {
    if !path.contains('*') {
        // A link is followed when the file is opened.
        return Ok(PathBuf::from(path));
    }
    let (folder, pattern) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = Path::new(if folder.is_empty() { "/" } else { folder });
    let mut matches = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if fits(pattern, &name) {
            matches.push(name);
        }
    }
    matches.sort();
    match matches.as_slice() {
        [name] => Ok(folder.join(name)),
        [] => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("nothing matches {path}"),
        )),
        _ => Err(io::Error::other(Ambiguous { matches })),
    }
}

/// Whether a name matches the pattern; each `*` matches any text, also an empty one.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == name;
    };
    name.strip_prefix(head).is_some_and(|rest| {
        let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.into_iter()
            .any(|at| rest.get(at..).is_some_and(|rest| fits(tail, rest)))
    })
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_matches_any_text() {
        for (pattern, name, yes) in [
            ("ttyUSB0", "ttyUSB0", true),
            ("ttyUSB0", "ttyUSB01", false),
            ("*FTDI*", "usb-FTDI_FT232R_A1-if00-port0", true),
            ("*FTDI*", "usb-1a86_USB_Serial-if00-port0", false),
            ("usb-*-if00*", "usb-FTDI_FT232R_A1-if00-port0", true),
            ("usb-*-if01*", "usb-FTDI_FT232R_A1-if00-port0", false),
            ("*", "", true),
            ("a*b*b", "ab", false),
            ("a*b*b", "abxb", true),
            ("*é", "caffè-é", true),
        ] {
            assert_eq!(fits(pattern, name), yes, "{pattern} {name}");
        }
    }
}
