//! The guarded clock in the clerk's hands: what of it is stored, and when.

use ferrotill_core::duty::Recipient;

use super::stage::*;
use crate::clerk::{Answer, AuthorityNews};
use crate::order::ReceiptMode;

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

#[test]
fn the_clock_is_stored_four_times_an_hour_at_rest_and_each_minute_while_a_limit_runs() {
    let stage = Stage::new();
    let mode = ReceiptMode::AlternativeOnly;
    let sold = stage.order(sale_as(1, 100, mode, false), LONG_TIMEOUT);
    assert!(matches!(sold.answer(), Answer::Registered { .. }));
    let is_stored_after = |minutes: u64| {
        let before = stored_clock(&stage);
        stage.clock.skip(minutes * 60_000);
        before != stored_clock(&stage)
    };
    // The age of an unsent document runs.
    assert!(is_stored_after(1));
    assert!(is_stored_after(1));
    let sealed_seqs = vec![stage.find(1).unwrap().row.settled_seq.unwrap()];
    stage.authority(AuthorityNews::Acknowledged {
        recipient: Recipient::AUTHORITY,
        environment: "TEST".to_owned(),
        sealed_seqs,
    });
    stored_clock(&stage);
    assert!(!is_stored_after(14), "everything is sent, and nothing runs");
    assert!(is_stored_after(1));
    assert!(!is_stored_after(14));
    // The hours without the authority run.
    stage.authority(AuthorityNews::Gone);
    stored_clock(&stage);
    assert!(is_stored_after(1));
    assert!(is_stored_after(1));
}
