//! The guarded clock in the clerk's hands: what of it is stored, and when.

use std::sync::LazyLock;

use ferrotill_core::budget::Budget;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{Duty, Recipient};
use ferrotill_core::profile::{Facts, MOLDOVA, Profile};

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

/// A country whose law limits the age of unsent documents.
#[derive(Debug)]
struct AgeLimited;

static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts {
    offline: Budget {
        unsent_ms: Some(3_600_000),
        ..Budget::UNLIMITED
    },
    ..*MOLDOVA.facts()
});

impl Profile for AgeLimited {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        MOLDOVA.duties(kind)
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }
}

#[test]
fn the_clock_is_stored_four_times_an_hour_at_rest_and_each_minute_while_a_limit_runs() {
    for profile in [&MOLDOVA as &'static dyn Profile, &AgeLimited] {
        let stage = Stage::with_profile(profile);
        let mode = ReceiptMode::AlternativeOnly;
        let sold = stage.order(sale_as(1, 100, mode, false), LONG_TIMEOUT);
        assert!(matches!(sold.answer(), Answer::Registered { .. }));
        let is_stored_after = |minutes: u64| {
            let before = stored_clock(&stage);
            stage.clock.skip(minutes * 60_000);
            before != stored_clock(&stage)
        };
        // The age of an unsent document runs, where it has a limit.
        let has_limit = profile.facts().offline.unsent_ms.is_some();
        assert_eq!(is_stored_after(1), has_limit);
        assert_eq!(is_stored_after(1), has_limit);
        let sealed_seqs = vec![stage.find(1).unwrap().row.settled_seq.unwrap()];
        stage.authority(AuthorityNews::Acknowledged {
            recipient: Recipient::AUTHORITY,
            environment: "TEST".to_owned(),
            sealed_seqs,
        });
        is_stored_after(15);
        assert!(!is_stored_after(14), "nothing runs");
        assert!(is_stored_after(1));
        // The hours without the authority run.
        stage.authority(AuthorityNews::Gone);
        stored_clock(&stage);
        assert!(is_stored_after(1));
        assert!(is_stored_after(1));
    }
}
