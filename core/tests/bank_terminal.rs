//! What a bank terminal is asked and answers: its rows in the journal, which change no till.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::event::{
    CardLaidAside, Event, TerminalAnswer, TerminalAnswered, TerminalAsked, TerminalOperation,
};
use ferrotill_core::id::{DocumentId, Fingerprint, OperationReference, TerminalId};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::till::{Command, Known};

use shop::{NOON, Shop, moment};

/// The rows as version 1 writes them, with their kinds. Never edit them; see `golden.rs`.
const ROWS: [(u16, &str); 5] = [
    (
        18,
        "010101010101010101010101010101018098d2dfbf68f001020202020202020202020202020202020303030303030303030303030303030303030303030303030303030303030303010404040404040404040404040404040400b81700",
    ),
    (
        18,
        "010101010101010101010101010101018098d2dfbf68f001020202020202020202020202020202020303030303030303030303030303030303030303030303030303030303030303010404040404040404040404040404040400b8170205050505050505050505050505050505",
    ),
    (
        19,
        "010101010101010101010101010101018098d2dfbf68f001000c3432333430313334353733380135",
    ),
    (
        19,
        "010101010101010101010101010101018098d2dfbf68f00101086e6f206d6f6e6579",
    ),
    (
        19,
        "010101010101010101010101010101018098d2dfbf68f00102036f6666",
    ),
];

fn asked(operation: TerminalOperation) -> TerminalAsked {
    TerminalAsked {
        reference: OperationReference([1; 16]),
        at: moment(0),
        id: DocumentId([2; 16]),
        fingerprint: Fingerprint([3; 32]),
        fingerprint_form: 1,
        terminal: TerminalId([4; 16]),
        position: 0,
        amount: Amount::from_minor(1_500),
        operation,
    }
}

fn answered(answer: TerminalAnswer<'static>) -> TerminalAnswered<'static> {
    TerminalAnswered {
        reference: OperationReference([1; 16]),
        at: moment(0),
        answer,
    }
}

#[test]
fn questions_and_answers_change_no_till_and_are_written_as_in_version_1() {
    let mut shop = Shop::open();
    let before = shop.till.clone();
    let commands = [
        Command::AskTerminal(asked(TerminalOperation::Charge)),
        Command::AskTerminal(asked(TerminalOperation::Void(OperationReference([5; 16])))),
        Command::KeepAnswer(answered(TerminalAnswer::Approved {
            number: "423401345738",
            operation: "5",
        })),
        Command::KeepAnswer(answered(TerminalAnswer::Declined { reason: "no money" })),
        Command::KeepAnswer(answered(TerminalAnswer::NotBegun { reason: "off" })),
    ];
    let mut written = Vec::new();
    for command in commands {
        shop.run(command, Known::default()).unwrap();
        let event = shop.last();
        let at = match &event {
            Event::TerminalAsked(asked) => asked.at,
            Event::TerminalAnswered(answered) => answered.at,
            other => panic!("{other:?}"),
        };
        assert_eq!(at, moment(NOON), "the till gives the time");
        let mut room = [0; 256];
        let bytes = event.encode(&mut room).unwrap();
        assert_eq!(event.version(), 1);
        assert_eq!(Event::decode(event.kind(), 1, bytes), Ok(event.clone()));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        written.push((event.kind(), hex));
    }
    assert_eq!(shop.till, before);
    let expected = ROWS.map(|(kind, hex)| (kind, hex.to_owned()));
    assert_eq!(written, expected);
}

/// The row of an operator's decision as version 1 writes it. Never edit it; see `golden.rs`.
const ASIDE_ROW: &str = "010101010101010101010101010101018098d2dfbf68f0011170616964206261636b20696e20636173680d4d6172696120506f706573637506636c6f736564";

fn aside() -> CardLaidAside<'static> {
    CardLaidAside {
        id: DocumentId([1; 16]),
        at: moment(0),
        reason: "paid back in cash",
        by: "Maria Popescu",
        refusal: "closed",
    }
}

#[test]
fn money_that_is_laid_aside_changes_no_till_and_is_written_as_in_version_1() {
    let mut shop = Shop::open();
    let before = shop.till.clone();
    shop.run(Command::LayCardAside(aside()), Known::default())
        .unwrap();
    assert_eq!(shop.till, before);
    let expected = Event::CardLaidAside(CardLaidAside {
        at: moment(NOON),
        ..aside()
    });
    assert_eq!(shop.last(), expected);
    let mut room = [0; 256];
    let bytes = expected.encode(&mut room).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((expected.kind(), expected.version()), (20, 1));
    assert_eq!(hex, ASIDE_ROW);
    assert_eq!(Event::decode(20, 1, bytes), Ok(expected.clone()));
}

#[test]
fn a_name_and_a_reason_are_needed_to_lay_money_aside() {
    let mut shop = Shop::open();
    for (changed, refusal) in [
        (
            CardLaidAside { by: " ", ..aside() },
            Refusal::DeclarationUnsigned,
        ),
        (
            CardLaidAside {
                reason: "",
                ..aside()
            },
            Refusal::ReasonMissing,
        ),
    ] {
        let refused = shop.run(Command::LayCardAside(changed), Known::default());
        assert_eq!(refused, Err(refusal));
    }
}
