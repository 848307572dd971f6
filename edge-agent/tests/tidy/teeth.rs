//! Checks that every deliberate bug under `hardware-tests/teeth/` can still be applied to the present sources.

use std::process::Command;

use crate::workspace::root;

#[test]
fn every_deliberate_bug_still_applies() {
    let checked = Command::new("hardware-tests/teeth/run")
        .arg("--check")
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
}
