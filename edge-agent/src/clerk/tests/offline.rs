//! The clerk while the office is away: the law's budgets, and books that must not grow with somebody's trouble.

use std::sync::LazyLock;

use ferrotill_core::budget::{AtTheEnd, Budget};
use ferrotill_core::profile::{Facts, MOLDOVA, Profile};
use ferrotill_core::refusal::Refusal;

use super::stage::*;
use crate::clerk::{Answer, AuthorityNews, FiscalState, Message, facts_of};
use crate::order::ReceiptMode;

/// A law that lets two documents wait, and a moment without the office.
#[derive(Debug)]
struct Strict;

static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts {
    offline: Budget {
        stretch_ms: Some(1),
        month_ms: None,
        unsent_ms: None,
        unsent_documents: Some(2),
        at_the_end: AtTheEnd::Stop,
    },
    ..*MOLDOVA.facts()
});

impl Profile for Strict {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }
}

fn sells(stage: &Stage, id: u128) -> Result<(), Refusal> {
    let mode = ReceiptMode::AlternativeOnly;
    match stage.order(sale_as(id, 100, mode, false), PATIENT).answer() {
        Answer::Registered { .. } => Ok(()),
        Answer::Refused { refusal, state, .. } => {
            assert_eq!(state, FiscalState::NotRegistered);
            Err(refusal)
        }
        other => panic!("{other:?}"),
    }
}

fn acknowledged(stage: &Stage, id: u128) -> AuthorityNews {
    let sealed_seqs = vec![stage.find(id).unwrap().row.settled_seq.unwrap()];
    AuthorityNews::Acknowledged { sealed_seqs }
}

fn switched(to: &'static str) -> AuthorityNews {
    AuthorityNews::Switched {
        from: "suspect",
        to,
        reason: "test".to_owned(),
    }
}

#[test]
fn the_laws_budget_stops_sales_until_the_office_has_been_told() {
    let stage = Stage::under(&Strict);
    let refused = Err(Refusal::OfflineBudgetUsedUp);
    assert_eq!(sells(&stage, 1), Ok(()));
    assert_eq!(sells(&stage, 2), Ok(()));
    assert_eq!(
        sells(&stage, 3),
        refused,
        "two may wait, also while the office is there"
    );
    stage.office(acknowledged(&stage, 1));
    assert_eq!(sells(&stage, 3), Ok(()));
    // A repeat is answered, whatever is left.
    assert!(
        stage
            .order(
                sale_as(3, 100, ReceiptMode::AlternativeOnly, false),
                PATIENT
            )
            .replayed()
    );

    stage.office(acknowledged(&stage, 2));
    stage.office(acknowledged(&stage, 3));
    stage.office(switched("offline"));
    // The budget is a millisecond.
    std::thread::sleep(std::time::Duration::from_millis(2));
    assert_eq!(sells(&stage, 4), refused);
    // The office answers: the stretch is over.
    stage.office(switched("online"));
    assert_eq!(sells(&stage, 5), Ok(()));
}

#[test]
fn a_quiet_device_does_not_replay_a_busy_ones_day() {
    let stage = Stage::with(&[true, true]);
    let mut printed = 0;
    while snapshots(&stage) < 2 {
        printed += 1;
        assert!(printed <= 200, "a till that sells nothing is never stored");
        let sold = stage.order(sale(u128::from(printed), 100), PATIENT);
        stage.printer().sells(100, printed);
        assert!(!sold.replayed());
    }
}

fn snapshots(stage: &Stage) -> i64 {
    rusqlite::Connection::open(stage.path().join(ferrotill_store::FILE_NAME))
        .unwrap()
        .query_row("SELECT count(*) FROM snapshot", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn of_what_the_office_said_of_a_document_the_last_word_is_kept() {
    let said = |sealed_seq, words: &str| {
        Message::Authority(AuthorityNews::Refused {
            sealed_seq,
            words: words.to_owned(),
        })
    };
    let messages: Vec<Message> = (0..100)
        .flat_map(|turn| {
            [
                said(1, &format!("one {turn}")),
                said(2, &format!("two {turn}")),
            ]
        })
        .collect();
    let kept: Vec<String> = facts_of(&messages)
        .into_iter()
        .map(|message| match message {
            Message::Authority(AuthorityNews::Refused { words, .. }) => words,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept, ["one 99", "two 99"]);
}
