//! The guarded clock in the clerk's hands: what of it is stored, and when.

use super::stage::*;

/// The clock as the last commit stored it.
fn stored_clock(stage: &Stage) -> Option<Vec<u8>> {
    // The first question may be handled while a transaction is open; with the answer to the second it is committed.
    assert!(!stage.waits(1));
    assert!(!stage.waits(1));
    raw(stage.path())
        .query_row("SELECT remembered FROM clock", [], |row| row.get(0))
        .ok()
}

#[test]
fn the_first_time_on_which_two_clocks_agree_is_stored_without_a_document() {
    let stage = Stage::new();
    let before = stored_clock(&stage);
    assert_eq!(before, stored_clock(&stage), "nothing has changed");
    let now_ms = stage.guard.now().utc_ms;
    stage.guard.caller_says("POS", now_ms);
    assert!(stage.guard.is_established());
    assert_ne!(
        before,
        stored_clock(&stage),
        "a power cut would make the till forget that two clocks agreed"
    );
}
