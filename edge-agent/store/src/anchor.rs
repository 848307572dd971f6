//! The anchor: a row of the journal and its MAC, kept in a small file outside the database.
//!
//! The chain alone cannot show that the end of the journal was cut, or that an older copy of the database was put back:
//! in both cases the journal is shorter and its chain is correct. The anchor names a row that such a journal does not have.
//! The anchor is written after a commit and never before, so that the database always has the anchor's row unless rows were
//! removed.
//! The anchor is not written with every commit, so that no sale waits for it.
//! If rows after the last anchor are removed, only the authority and the printer can show that.
//!
//! An anchor whose row the journal does not have is evidence that rows were removed. The file is renamed, and `verify` reports
//! it until a person has found the cause and deleted the file.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::chain::{ChainKey, Mac};
use super::owner::give_to_owner;

/// The name of the anchor file in the data folder.
pub(super) const FILE_NAME: &str = "journal.anchor";
/// The largest number of rows between two anchors: about a hundred sales.
pub(super) const ROWS_MAX: i64 = 256;

/// The anchor: a journal row and its MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) seq: i64,
    pub(super) mac: Mac,
}

/// The path of an anchor file and its anchor; `None` if this till did not write the file.
pub(super) type Found = (PathBuf, Option<Anchor>);

impl Anchor {
    /// The text of the anchor file: the row, the MAC, and a proof that this till wrote them.
    fn text(&self, key: &ChainKey) -> String {
        let proof = key.proof(self.text_to_prove().as_bytes());
        format!("{}proof {}\n", self.text_to_prove(), hex(&proof))
    }

    fn text_to_prove(&self) -> String {
        format!(
            "ferrotill journal anchor, version 1\nrow {}\nmac {}\n",
            self.seq,
            hex(&self.mac)
        )
    }

    fn read(text: &str, key: &ChainKey) -> Option<Self> {
        let mut lines = text.lines().skip(1);
        let seq = lines.next()?.strip_prefix("row ")?.parse().ok()?;
        let mac = unhex(lines.next()?.strip_prefix("mac ")?)?;
        let anchor = Self { seq, mac };
        (anchor.text(key) == text).then_some(anchor)
    }

    /// Writes the anchor file durably. The file is written under another name and then renamed, so that a power cut leaves the
    /// old anchor or the new one.
    pub(super) fn write(&self, folder: &Path, key: &ChainKey) -> io::Result<()> {
        let path = folder.join(FILE_NAME);
        let new = folder.join("journal.anchor.new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        give_to_owner(&file, folder)?;
        file.write_all(self.text(key).as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        fs::File::open(folder)?.sync_all()
    }
}

/// The current anchor and the anchors that were set aside.
pub(super) fn found(folder: &Path, key: &ChainKey) -> io::Result<Vec<Found>> {
    let mut anchors = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        if is_anchor(name) {
            // The file of an anchor is text. A file that is not text was not written by this program.
            let text = String::from_utf8(fs::read(entry.path())?).unwrap_or_default();
            anchors.push((entry.path(), Anchor::read(&text, key)));
        }
    }
    anchors.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(anchors)
}

/// True if a file in the data folder with this name is the current anchor or one that was set aside.
pub(super) fn is_anchor(name: &str) -> bool {
    name == FILE_NAME || is_aside(name)
}

/// The number of anchors that were set aside; 0 if the folder cannot be read.
pub(super) fn count_aside(folder: &Path) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .filter(|entry| entry.file_name().to_str().is_some_and(is_aside))
        .count()
}

fn is_aside(name: &str) -> bool {
    let number = name
        .strip_prefix(FILE_NAME)
        .and_then(|rest| rest.strip_prefix('.'));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Renames the current anchor to the first free name with a number.
pub(super) fn set_aside(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(FILE_NAME);
    let mut number = 1_u32;
    loop {
        let aside = folder.join(format!("{FILE_NAME}.{number}"));
        if !aside.try_exists()? {
            fs::rename(&path, &aside)?;
            fs::File::open(folder)?.sync_all()?;
            return Ok(aside);
        }
        number = number.saturating_add(1);
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn unhex(text: &str) -> Option<Mac> {
    let mut mac = [0; 32];
    let mut rest = text;
    for byte in &mut mac {
        let (digits, after) = rest.split_at_checked(2)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
        rest = after;
    }
    rest.is_empty().then_some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_anchor_is_not_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let key = ChainKey::create(&folder.path().join("journal.key")).unwrap();
        let anchor = Anchor {
            seq: 300,
            mac: [7; 32],
        };
        anchor.write(folder.path(), &key).unwrap();
        let path = folder.path().join(FILE_NAME);
        assert_eq!(
            found(folder.path(), &key).unwrap(),
            [(path.clone(), Some(anchor))]
        );

        let text = fs::read_to_string(&path).unwrap();
        for forged in [
            text.replace("row 300", "row 299"),
            "".to_owned(),
            text + "x",
        ] {
            fs::write(&path, forged).unwrap();
            assert_eq!(found(folder.path(), &key).unwrap()[0].1, None);
        }
    }

    #[test]
    fn anchors_that_were_set_aside_are_still_found() {
        let folder = tempfile::tempdir().unwrap();
        let key = ChainKey::create(&folder.path().join("journal.key")).unwrap();
        for seq in [3, 4] {
            let mac = [9; 32];
            Anchor { seq, mac }.write(folder.path(), &key).unwrap();
            set_aside(folder.path()).unwrap();
        }
        let seqs: Vec<i64> = found(folder.path(), &key)
            .unwrap()
            .into_iter()
            .filter_map(|(_, anchor)| Some(anchor?.seq))
            .collect();
        assert_eq!(seqs, [3, 4]);
    }
}
