//! What the tests of protocols share: the scenario files, and a replay in memory.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::path::PathBuf;

use ferrotill_rksv::{
    CounterWidth, DepChecked, DepWriter, KeyMaterial, Replayed, Scenario, SystemKind, check_dep,
    replay,
};

/// A scenario file's text.
pub(crate) fn scenario(name: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()
}

/// The names of all scenario files.
pub(crate) fn scenarios() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() > 10, "the scenario files were not found");
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// The protocol of a scenario, as JSON, and what the replay says of it.
pub(crate) fn replayed(text: &str, system: SystemKind, bytes: u8) -> (Vec<u8>, Replayed) {
    let scenario = Scenario::read(text).unwrap();
    let mut writer = DepWriter::new(Vec::new()).unwrap();
    let width = CounterWidth::new(bytes).unwrap();
    let replayed = replay(&scenario, system, width, &mut writer).unwrap();
    assert_eq!(writer.receipts(), replayed.receipts);
    (writer.finish().unwrap(), replayed)
}

/// The flaws of a protocol: the number of the receipt, and the code of the flaw.
pub(crate) fn flaws(checked: &DepChecked) -> Vec<(u64, &'static str)> {
    let flaws = checked.flaws.iter();
    flaws
        .map(|flaw| (flaw.receipt, flaw.fault.code()))
        .collect()
}

/// The result of the check of a protocol that is JSON.
pub(crate) fn checked(dep: &[u8], keys: &KeyMaterial) -> DepChecked {
    check_dep(dep, keys).unwrap()
}
