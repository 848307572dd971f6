//! Documents without a job or without a printer: they are refused before they are reserved, and an outstanding one needs a person at once.

use ferrotill_core::Amount;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{self, Duty};
use ferrotill_core::event::{Event, Mode, PaperSays};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::numbers::Span;
use ferrotill_core::profile::{Facts, MOLDOVA, Profile, SealPlan};
use ferrotill_core::receipt::Scratch;
use ferrotill_core::refusal::{IgnoreFaults, Refusal};
use ferrotill_core::till::{Command, Known, Order, Wish};
use ferrotill_device::Fault;
use ferrotill_store::{Founding, Reader, RequestState, Store};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::stage::*;
use crate::clerk::{Answer, DeclarationOutcome, FiscalState, Message};
use crate::order::{Declaration, OrderDraft, OrderForm, OrderKind};

/// The number of the event `Reserved` in the journal.
const RESERVED: u16 = 2;

fn refund(id: u128, original: &OrderForm) -> OrderForm {
    let OrderKind::Sale { draft, .. } = &original.kind else {
        panic!("a sale is returned");
    };
    let draft: OrderDraft = draft.clone();
    OrderForm {
        id: Uuid::from_u128(id),
        kind: OrderKind::Refund {
            original: original.id,
            draft,
        },
        ..original.clone()
    }
}

/// A law that asks for fiscal numbers and not for a printer.
#[derive(Debug)]
struct WithoutPrinter;

static WITHOUT_PRINTER: std::sync::LazyLock<Facts> = std::sync::LazyLock::new(|| Facts {
    seal_plan: SealPlan::FiscalNumber,
    ..*MOLDOVA.facts()
});

impl Profile for WithoutPrinter {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        duty::to_the_authority(kind)
    }

    fn facts(&self) -> &'static Facts {
        &WITHOUT_PRINTER
    }
}

#[test]
fn a_return_that_no_printer_can_print_is_refused_and_nothing_is_reserved() {
    // The sale was sealed with a fiscal number, when the law asked for no printer.
    let stage = Stage::with_profile(&WithoutPrinter);
    let spans = vec![Span { first: 7, last: 9 }];
    stage
        .clerk_handle()
        .send(Message::Numbers(device(0), spans));
    let sold = sale(1, 810);
    let first = stage.order(sold.clone(), LONG_TIMEOUT);
    // The slip of the receipt.
    stage.printer().call();
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    let stage = stage.restart_as(&MOLDOVA);
    stage.wait_until_ready(0);
    let reserved = Stage::rows_of(stage.path(), RESERVED);
    match stage.order(refund(2, &sold), LONG_TIMEOUT).answer() {
        Answer::Refused { refusal, state, .. } => {
            assert_eq!(refusal, Refusal::OriginalNotPrinted);
            assert_eq!(state, FiscalState::NotRegistered);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(Stage::rows_of(stage.path(), RESERVED), reserved);
    // The device is not blocked.
    let next = stage.order(sale(3, 900), LONG_TIMEOUT);
    stage.printer().sells(900, 2);
    assert!(!next.replayed());
}

/// Reserves a cash movement for which no job can be made, as an earlier build did after the books had changed their country.
fn reserve_without_a_job(path: &std::path::Path, id: u128) {
    let now = Reader::new(path)
        .find(Some(device(0)), Uuid::from_u128(1))
        .unwrap()
        .unwrap()
        .sealed()
        .unwrap()
        .at;
    let founding = Founding::new(MOLDOVA.facts(), Mode::Test, now);
    let mut store = Store::open(path, &founding).unwrap();
    let mut till = store.load_till(device(0)).unwrap();
    let command = Command::Reserve(Order {
        id: DocumentId(*Uuid::from_u128(id).as_bytes()),
        unique: UniqueId(*Uuid::from_u128(id).as_bytes()),
        fingerprint: Fingerprint([9; 32]),
        fingerprint_form: 0,
        point_of_sale: PointOfSaleId([1; 16]),
        annex: b"[null,null]",
        baseline: None,
        wish: Wish::Cash(Amount::from_minor(500)),
    });
    let scratch = Scratch {
        lines: &mut [],
        bytes: &mut [],
    };
    let known = Known::default();
    let mut faults = IgnoreFaults;
    let event = till
        .decide(&MOLDOVA, &command, &known, now, scratch, &mut faults)
        .unwrap();
    let mut room = vec![0; 4_096];
    let (kind, version) = (event.kind(), event.version());
    let payload = event.encode(&mut room).unwrap().to_vec();
    let event = Event::decode(kind, version, &payload).unwrap();
    let mut batch = store.batch().unwrap();
    batch
        .append((device(0), &mut till), now.utc_ms, &event, &payload)
        .unwrap();
    batch.commit().unwrap();
}

#[test]
fn an_outstanding_document_without_a_job_needs_a_person_at_once() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());
    let stage = stage.restart_after(|path| reserve_without_a_job(path, 2));
    let id = Uuid::from_u128(2);
    stage.wait_until(|| stage.live_status.needs_a_person(id).is_some());
    let waiting = stage.order(sale(3, 900), LONG_TIMEOUT);
    assert!(stage.waits(3), "the device is blocked until it is settled");

    let (reply, answer) = oneshot::channel();
    stage.clerk_handle().send(Message::Declare {
        declaration: Box::new(Declaration {
            id,
            paper: PaperSays::NotRegistered,
            by: "Maria".to_owned(),
        }),
        reply,
    });
    assert_eq!(wait(answer), DeclarationOutcome::Booked);
    let settled = stage.find(2).unwrap();
    assert_eq!(settled.row.state, RequestState::Voided);
    assert_eq!(settled.voided().unwrap().fault, Fault::NobodyToAsk.code());
    assert_eq!(stage.live_status.needs_a_person(id), None);
    stage.printer().sells(900, 2);
    assert!(!waiting.replayed());
}
