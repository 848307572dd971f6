//! Rules of this crate that the compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn the_wire_and_the_session_use_no_money_time_or_io() {
    let mut files = sources("src/wire");
    files.extend(sources("src/family"));
    let session = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/session.rs");
    let text = fs::read_to_string(&session).unwrap();
    files.push((session, text));
    for (path, text) in files {
        for word in [
            "ferrotill_core",
            "std::time",
            "Instant",
            "SystemTime",
            "std::io",
            "std::net",
        ] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn no_float_anywhere() {
    for (path, text) in sources("src") {
        for word in ["f32", "f64"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_emulator_uses_no_driver_and_no_codec_of_its_own() {
    for (path, text) in sources("src/emulator") {
        for word in ["crate::driver", "0x05", "0x04"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn every_family_with_a_file_is_in_the_index() {
    for (path, _) in sources("src/family") {
        let name = path
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .replace('_', "-");
        let parts = [
            "mod",
            "tests",
            "protocol",
            "payments",
            "models",
            "questions",
            "codec",
            "forms",
            "classic-forms",
            "error-codes",
        ];
        if !parts.contains(&name.as_str()) {
            let found = ferrotill_device::family::of_name(&name);
            assert!(found.is_some(), "{name} has no line in FAMILIES");
        }
    }
}

/// All differences between families are in their tables, so that a new family changes only its own file and the index.
#[test]
fn only_a_family_and_the_index_contain_its_name() {
    for (path, text) in sources("src") {
        let place = path.to_string_lossy().replace('\\', "/");
        for family in [
            "datecs_b",
            "datecs_mx",
            "datecs_x",
            "eltrade",
            "daisy",
            "tremol",
        ] {
            let known = place.ends_with(&format!("/family/{family}.rs"))
                || place.ends_with("/family/mod.rs")
                // A Bulgarian MX printer is one of X, so the table is a variant of that of X.
                || (place.ends_with("/family/datecs_mx.rs") && family == "datecs_x")
                // The sources of the forms are listed by family.
                || place.contains("/emulator/isl/sources")
                // The inferences are listed by family.
                || place.ends_with("/certify/table.rs")
                // The forms of Daisy are in files with its name.
                || (family == "daisy"
                    && (place.contains("/wire/") || place.contains("/emulator/isl/hosts")))
                || place.contains("/tests/")
                || place.ends_with("/tests.rs");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let named = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| line.contains(family));
            assert!(known || !named, "{place} names {family}");
        }
    }
}
