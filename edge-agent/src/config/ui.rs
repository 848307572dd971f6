//! `[ui]`: the dashboard.

use std::path::{Path, PathBuf};

use super::reader::{Reader, Section};

/// `[ui]`: the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiConfig {
    /// The file with the people who may use the dashboard.
    pub people_file: PathBuf,
}

/// Reads the section `[ui]`, which may be left out.
pub(super) fn ui(reader: &mut Reader, root: &Section<'_>, data_dir: &Path) -> UiConfig {
    let section = reader.child(root, "ui");
    let file = reader.path(&section, "people_file");
    UiConfig {
        people_file: file.map_or_else(|| data_dir.join("people.toml"), |file| file.value),
    }
}
