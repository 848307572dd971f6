//! The clerk while the authority cannot be reached: the limits of the law, and stored data that must not grow without limit.

use std::sync::LazyLock;

use ferrotill_core::budget::{AtTheEnd, Budget};
use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{self, Duty, Recipient};
use ferrotill_core::profile::{Facts, MOLDOVA, Profile};
use ferrotill_core::refusal::Refusal;

use super::stage::*;
use crate::clerk::{Answer, AuthorityNews, FiscalState, Message, messages_to_retry};
use crate::order::ReceiptMode;

/// A country whose law allows two unsent documents, and one millisecond without the authority.
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
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        duty::to_the_authority(kind)
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }
}

fn sells(stage: &Stage, id: u128) -> Result<(), Refusal> {
    let mode = ReceiptMode::AlternativeOnly;
    match stage
        .order(sale_as(id, 100, mode, false), LONG_TIMEOUT)
        .answer()
    {
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
    AuthorityNews::Acknowledged {
        recipient: Recipient::AUTHORITY,
        environment: "TEST".to_owned(),
        sealed_seqs,
    }
}

fn switched(to: &'static str) -> AuthorityNews {
    AuthorityNews::Switched {
        from: "suspect",
        to,
        reason: "test".to_owned(),
    }
}

#[test]
fn the_offline_limit_stops_sales_until_the_authority_acknowledges() {
    let stage = Stage::with_profile(&Strict);
    let refused = Err(Refusal::OfflineBudgetUsedUp);
    assert_eq!(sells(&stage, 1), Ok(()));
    assert_eq!(sells(&stage, 2), Ok(()));
    assert_eq!(
        sells(&stage, 3),
        refused,
        "only two documents may be unsent, also while the authority is online"
    );
    stage.authority(acknowledged(&stage, 1));
    assert_eq!(sells(&stage, 3), Ok(()));
    // A repeated request is answered even if the limit is used up.
    assert!(
        stage
            .order(
                sale_as(3, 100, ReceiptMode::AlternativeOnly, false),
                LONG_TIMEOUT
            )
            .replayed()
    );

    stage.authority(acknowledged(&stage, 2));
    stage.authority(acknowledged(&stage, 3));
    stage.authority(switched("offline"));
    // The clerk answers a question only after it has handled the switch; the limit is one millisecond from then on.
    assert!(!stage.waits(4));
    std::thread::sleep(std::time::Duration::from_millis(2));
    assert_eq!(sells(&stage, 4), refused);
    // The authority answers, but refuses everything: it has taken nothing over.
    stage.authority(switched("online"));
    assert_eq!(sells(&stage, 5), refused);
    // The authority acknowledges a document, so that the time without it begins again at zero.
    stage.authority(acknowledged(&stage, 3));
    assert_eq!(sells(&stage, 5), Ok(()));
}

#[test]
fn a_device_without_documents_gets_snapshots_after_the_rows_of_a_busy_one() {
    let stage = Stage::with(&[true, true]);
    let mut printed = 0;
    while snapshots(&stage) < 2 {
        printed += 1;
        assert!(printed <= 200, "the till without sales got no snapshot");
        let sold = stage.order(sale(u128::from(printed), 100), LONG_TIMEOUT);
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
fn only_the_last_refusal_of_a_document_is_kept() {
    let refusal = |sealed_seq, words: &str| {
        Message::Authority(AuthorityNews::Refused {
            recipient: Recipient::AUTHORITY,
            sealed_seq,
            words: words.to_owned(),
            pause_ms: 250,
        })
    };
    let messages: Vec<Message> = (0..100)
        .flat_map(|turn| {
            [
                refusal(1, &format!("one {turn}")),
                refusal(2, &format!("two {turn}")),
            ]
        })
        .collect();
    let kept: Vec<String> = messages_to_retry(&messages)
        .into_iter()
        .map(|message| match message {
            Message::Authority(AuthorityNews::Refused { words, .. }) => words,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept, ["one 99", "two 99"]);
}
