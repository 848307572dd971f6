//! The file of counts: what was counted when a change of the counts was last accepted. Tests compare today's counts with it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Measured;
use super::figures::{Hundredths, Row};

/// By how many hundredths of the kept count today's count may differ.
pub const TOLERANCE: u64 = 5;

const HEAD: &str = "\
# What things cost, counted: SQL statements, syncs, bytes, printer commands, and instructions and wake-ups of the release program.
# Tests fail where a count of today is more than 5 % above or below its line.
# `just counts` counts again and writes this file; a change of it belongs to the commit that causes it.
";

/// A figure of the file of counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The name of the figure, as the file has it.
    pub name: &'static str,
    /// The figure in hundredths.
    pub hundredths: u64,
    /// What the figure consists of, for a person who looks for the cause of a change; it may be empty.
    pub parts: String,
}

/// The kept counts in hundredths, by name, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptCounts(Vec<(String, u64)>);

impl KeptCounts {
    /// The place of the file in the tree.
    #[must_use]
    pub fn path() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.txt")
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// The text says what is wrong with the file.
    pub fn read() -> Measured<Self> {
        let path = Self::path();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|fault| format!("{}: {fault}", path.display()))
    }

    fn parse(text: &str) -> Measured<Self> {
        let lines = text.lines().zip(1..);
        let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        let counts = lines.map(|(line, number)| {
            let parsed = line.split_once(" = ").and_then(|(name, value)| {
                let (whole, part) = value.split_once('.')?;
                let part = (part.len() == 2).then(|| part.parse::<u64>().ok())??;
                let whole = whole.parse::<u64>().ok()?;
                Some((name.to_owned(), whole.checked_mul(100)?.checked_add(part)?))
            });
            parsed.ok_or_else(|| {
                format!("line {number}: is no name with a number of two decimals: {line}")
            })
        });
        counts.collect::<Measured<_>>().map(Self)
    }

    /// The kept count of this name, in hundredths.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<u64> {
        let found = self.0.iter().find(|(kept, _)| kept == name);
        found.map(|(_, hundredths)| *hundredths)
    }

    /// What is wrong with a count of today: it is too high, too low, or not kept.
    #[must_use]
    pub fn complaint(&self, count: &Count) -> Option<String> {
        let Count {
            name,
            hundredths,
            parts,
        } = count;
        let Some(kept) = self.of(name) else {
            return Some(format!("{name}: {} is not kept", Hundredths(*hundredths)));
        };
        let limit = kept + kept * TOLERANCE / 100;
        // A saving that is not kept would hide the next increase.
        let is_wrong = *hundredths > limit || self.is_saved(count);
        is_wrong.then(|| {
            format!(
                "{name}: {} instead of {}\n{parts}",
                Hundredths(*hundredths),
                Hundredths(kept)
            )
        })
    }

    /// Whether a count of today is so much lower than the kept one that the file is to be written again.
    #[must_use]
    pub fn is_saved(&self, count: &Count) -> bool {
        let kept = self.of(count.name).unwrap_or(0);
        count.hundredths < kept - kept * TOLERANCE / 100
    }

    /// The names of the kept counts of a group that were not counted.
    #[must_use]
    pub fn missing(&self, counted: &[Count], belongs: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.0.iter().map(|(name, _)| name);
        names
            .filter(|name| belongs(name) && counted.iter().all(|count| count.name != **name))
            .cloned()
            .collect()
    }

    /// Replaces counts, and writes the file.
    ///
    /// # Errors
    ///
    /// The file could not be written.
    pub fn write(&mut self, counts: &[Count]) -> Measured {
        for count in counts {
            match self.0.iter_mut().find(|(name, _)| name == count.name) {
                Some((_, kept)) => *kept = count.hundredths,
                None => self.0.push((count.name.to_owned(), count.hundredths)),
            }
        }
        let path = Self::path();
        std::fs::write(&path, self.text()).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn text(&self) -> String {
        self.0
            .iter()
            .fold(HEAD.to_owned(), |mut text, (name, hundredths)| {
                // Writing into a text cannot fail.
                let _ = writeln!(text, "{name} = {}", Hundredths(*hundredths));
                text
            })
    }
}

/// The row that compares a count with the kept one.
pub(super) fn compared(what: &str, kept: &KeptCounts, count: &Count) -> Row {
    let complaint = kept.complaint(count);
    let baseline = kept.of(count.name).map_or("not kept".to_owned(), |kept| {
        format!("`counts.txt`: {}", Hundredths(kept))
    });
    let mut measured = Hundredths(count.hundredths).to_string();
    // A list of statements has a line for each and no room in a row.
    if !count.parts.is_empty() && !count.parts.contains('\n') {
        let _ = write!(measured, ": {}", count.parts);
    }
    if let Some(kept) = kept.of(count.name)
        && complaint.is_some()
    {
        measured += match count.hundredths > kept {
            true => "; if the increase is wanted, run `just counts`",
            false => "; it is less, so run `just counts`",
        };
    }
    Row::at_most(
        format!("{what} (`{}`)", count.name),
        "within 5 %",
        (u64::from(complaint.is_some()), 0),
        baseline,
        measured,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(hundredths: u64) -> Count {
        Count {
            name: "sale.syncs",
            hundredths,
            parts: String::new(),
        }
    }

    #[test]
    fn a_count_may_differ_by_five_percent() {
        let kept = KeptCounts::parse("# words\n\nsale.syncs = 2.00\n").unwrap();
        for (hundredths, is_good, is_saved) in [
            (189, false, true),
            (190, true, false),
            (210, true, false),
            (211, false, false),
        ] {
            let complaint = kept.complaint(&count(hundredths));
            assert_eq!(complaint.is_none(), is_good, "{complaint:?}");
            assert_eq!(kept.is_saved(&count(hundredths)), is_saved, "{hundredths}");
        }
        assert!(
            KeptCounts::default().complaint(&count(200)).is_some(),
            "a count that is not kept"
        );
        let of_sales = |name: &str| name.starts_with("sale.");
        assert_eq!(kept.missing(&[], of_sales), ["sale.syncs"]);
        assert!(kept.missing(&[count(1)], of_sales).is_empty());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let kept = KeptCounts(vec![("a".to_owned(), 1_205), ("b".to_owned(), 7)]);
        assert_eq!(KeptCounts::parse(&kept.text()), Ok(kept));
        for wrong in ["a = 1", "a 1.00", "a = 1.5", "a = x.00"] {
            let fault = KeptCounts::parse(wrong).unwrap_err();
            assert!(fault.starts_with("line 1: "), "{fault}");
        }
    }
}
