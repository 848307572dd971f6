//! The packages of the workspace, as cargo names them, and their sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::source::Source;

/// One package of the workspace.
pub(crate) struct Package {
    /// The crate's name as other crates import it, such as `ferrotill_core`.
    pub(crate) crate_name: String,
    /// The path of the package's `src` folder from the workspace's root, such as `core/src`.
    pub(crate) src: String,
}

/// All packages and all sources of the workspace.
pub(crate) struct Workspace {
    packages: Vec<Package>,
    sources: Vec<Source>,
}

impl Workspace {
    /// Asks cargo for the packages and reads their files. If a package is inside another package's folder, its files are read
    /// once.
    pub(crate) fn read() -> Self {
        let root = root();
        let output = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--no-deps",
                "--offline",
                "--format-version",
                "1",
            ])
            .current_dir(&root)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut packages = Vec::new();
        let mut files = Vec::new();
        for package in metadata["packages"].as_array().unwrap() {
            let folder = Path::new(package["manifest_path"].as_str().unwrap())
                .parent()
                .unwrap()
                .to_owned();
            let from_root = folder.strip_prefix(&root).unwrap().to_string_lossy();
            packages.push(Package {
                crate_name: package["name"].as_str().unwrap().replace('-', "_"),
                src: format!("{from_root}/src"),
            });
            rust_files(&folder, &mut files);
        }
        files.sort();
        files.dedup();
        assert!(files.len() > 100, "the sources were not found");
        let sources = files.iter().map(|file| parse(&root, file)).collect();
        Self { packages, sources }
    }

    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    pub(crate) fn sources(&self) -> &[Source] {
        &self.sources
    }
}

/// The path of the workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

fn parse(root: &Path, file: &Path) -> Source {
    let path = file.strip_prefix(root).unwrap().to_string_lossy();
    let source = Source::parse(&path, &fs::read_to_string(file).unwrap());
    let count = |which: char| -> usize {
        let lines = source.code.iter();
        lines.map(|line| line.matches(which).count()).sum()
    };
    assert_eq!(count('{'), count('}'), "{path}: this test misread it");
    source
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
