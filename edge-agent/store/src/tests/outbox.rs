//! Tests of the outbox: which documents wait for the authority, in which order, and which are acknowledged.

use std::sync::Arc;

use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{Duty, DutyKind, Recipient};

use super::shop::*;
use crate::{Batch, Freeze, FrozenRequest, OutboxEntry, SealedDocument, UnsentCount};

fn body(entry: &OutboxEntry) -> String {
    let request = entry.request.clone().unwrap();
    String::from_utf8(request.body).unwrap()
}

/// A recipient beside the authority.
const LIBRARY: Recipient = Recipient::new("library");

/// Two recipients, and a form that some documents do not fit.
#[derive(Debug)]
struct TwoRecipients {
    /// The text in front of each body; without it, no document has a form.
    prefix: Option<&'static str>,
}

impl Freeze for TwoRecipients {
    fn duties(&self, _kind: DocumentKind) -> &'static [Duty] {
        const DUTIES: [Duty; 2] = [
            Duty {
                recipient: Recipient::AUTHORITY,
                kind: DutyKind::Deposit,
            },
            Duty {
                recipient: LIBRARY,
                kind: DutyKind::Deposit,
            },
        ];
        &DUTIES
    }

    fn freeze(&self, duty: Duty, document: &SealedDocument<'_>) -> Result<FrozenRequest, String> {
        let prefix = self.prefix.ok_or("there is no form")?;
        Ok(FrozenRequest {
            content_type: "text/plain".to_owned(),
            body: format!("{prefix} {} {}", duty.recipient, document.sealed.number).into_bytes(),
        })
    }
}

fn shop_of(form: TwoRecipients) -> Shop {
    let mut shop = Shop::new();
    shop.store.freeze_with(Arc::new(form));
    shop
}

fn columns(shop: &Shop, what: &str) -> Vec<String> {
    raw(shop.folder.path())
        .prepare(&format!(
            "SELECT concat_ws('|', {what}) FROM outbox ORDER BY sealed_seq, recipient"
        ))
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn hex_digest(body: &str) -> String {
    let digest = crate::frozen::digest_of(body.as_bytes());
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn requests(shop: &Shop) -> i64 {
    raw(shop.folder.path())
        .query_row("SELECT count(*) FROM outbox_request", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_recipient_acknowledges_for_itself_and_its_request_is_cleared() {
    let mut shop = shop_of(TwoRecipients { prefix: Some("as") });
    shop.cash(1, 100);
    let reader = shop.reader();
    let of = |recipient| reader.outbox_entries(recipient, 0, 9).unwrap();
    assert_eq!(body(&of(LIBRARY)[0]), "as library 1");
    assert_eq!(
        reader.unsent().unwrap().documents,
        1,
        "only the authority counts"
    );
    let seq = of(LIBRARY)[0].sealed_seq;
    let digest = hex_digest("as library 1");

    let mut batch = shop.store.batch().unwrap();
    batch.acknowledge(LIBRARY, seq, "TEST", 7).unwrap();
    batch.commit().unwrap();
    assert_eq!(of(LIBRARY), []);
    assert_eq!(body(&of(Recipient::AUTHORITY)[0]), "as authority 1");
    assert_eq!(reader.unsent().unwrap().documents, 1);
    assert_eq!(requests(&shop), 1);
    assert_eq!(
        columns(&shop, "recipient, state, coalesce(environment, '-')"),
        ["authority|waiting|-", "library|acknowledged|TEST"]
    );
    assert_eq!(
        columns(&shop, "recipient, hex(digest)"),
        ["authority|".to_owned(), format!("library|{digest}")],
        "the digest of the acknowledged body stays"
    );
}

#[test]
fn what_was_frozen_is_never_made_again() {
    let mut shop = shop_of(TwoRecipients { prefix: Some("as") });
    shop.cash(1, 100);
    let later = TwoRecipients {
        prefix: Some("otherwise"),
    };
    shop.store.freeze_with(Arc::new(later));
    shop.cash(2, 100);
    let mut batch = shop.store.batch().unwrap();
    assert_eq!(batch.freeze_waiting().unwrap(), 0);
    batch.commit().unwrap();
    let entries = shop.reader().outbox_entries(LIBRARY, 0, 9).unwrap();
    let bodies: Vec<String> = entries.iter().map(body).collect();
    assert_eq!(bodies, ["as library 1", "otherwise library 2"]);
}

#[test]
fn a_document_without_a_form_is_sealed_and_waits_with_the_reason() {
    let mut shop = shop_of(TwoRecipients { prefix: None });
    shop.cash(1, 100);
    let reader = shop.reader();
    let unsent = reader.unsent().unwrap();
    assert_eq!((unsent.documents, unsent.refused), (1, 1));
    check_figures(&mut shop);
    assert_eq!(
        columns(&shop, "refusal, attempts"),
        ["there is no form|0", "there is no form|0"]
    );
    let never_sent = reader.unanswered_entries(LIBRARY, 0, 9).unwrap();
    assert_eq!(never_sent, [], "it cannot be sent");
    assert!(reader.oldest_without_request(LIBRARY).unwrap().is_some());

    let form = TwoRecipients { prefix: Some("as") };
    shop.store.freeze_with(Arc::new(form));
    let mut batch = shop.store.batch().unwrap();
    assert_eq!(batch.freeze_waiting().unwrap(), 2);
    batch.commit().unwrap();
    let entries = reader.unanswered_entries(LIBRARY, 0, 9).unwrap();
    assert_eq!(body(&entries[0]), "as library 1");
    assert_eq!(reader.unsent().unwrap().refused, 0);
    assert_eq!(reader.oldest_without_request(LIBRARY).unwrap(), None);
    check_figures(&mut shop);
}

/// A form whose body is the number of the device; without `has_form`, no document has a form.
#[derive(Debug)]
struct NumberOfDevice {
    has_form: bool,
}

impl Freeze for NumberOfDevice {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        ferrotill_core::duty::to_the_authority(kind)
    }

    fn freeze(&self, _: Duty, document: &SealedDocument<'_>) -> Result<FrozenRequest, String> {
        self.has_form.then_some(()).ok_or("there is no form")?;
        Ok(FrozenRequest {
            content_type: "text/plain".to_owned(),
            body: document.identity.fiscal_number.clone().into_bytes(),
        })
    }
}

/// The recipient would know the document by a number that its device did not have yet.
#[test]
fn a_document_that_is_frozen_late_keeps_the_identity_of_its_seal() {
    let mut shop = Shop::new();
    shop.store
        .freeze_with(Arc::new(NumberOfDevice { has_form: false }));
    // The first document is older than every identity in the journal, as a document of an older program is.
    for (document, number) in [(1, "J1"), (2, "J2"), (3, "J3")] {
        shop.cash(document, 100);
        shop.identify(DEVICE, number);
    }
    shop.store
        .freeze_with(Arc::new(NumberOfDevice { has_form: true }));
    let mut batch = shop.store.batch().unwrap();
    assert_eq!(batch.freeze_waiting().unwrap(), 3);
    batch.commit().unwrap();
    let entries = shop.reader().outbox_entries(Recipient::AUTHORITY, 0, 9);
    let bodies: Vec<String> = entries.unwrap().iter().map(body).collect();
    assert_eq!(bodies, ["J1", "J1", "J2"]);
    assert_eq!(super::verified::verified(&shop).flaws, []);
}

#[test]
fn documents_of_a_program_that_froze_nothing_are_frozen_once() {
    let mut shop = Shop::new();
    shop.store = {
        let folder = shop.folder.path().to_owned();
        drop(shop.store);
        open(&folder).unwrap()
    };
    shop.trading_day();
    let first = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 9)
        .unwrap();
    assert!(first.iter().all(|entry| entry.request.is_none()));
    let refused = first[3].sealed_seq;
    shop.store.freeze_with(Arc::new(PlainForm));
    let mut batch = shop.store.batch().unwrap();
    batch
        .note_refusal(Recipient::AUTHORITY, refused, "closed", NOON + 9)
        .unwrap();
    assert_eq!(batch.freeze_waiting().unwrap(), 5);
    batch.commit().unwrap();
    let entries = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 9)
        .unwrap();
    assert_eq!(body(&entries[3]), "refund 4 original Some(2)");
    assert_eq!(
        columns(&shop, "coalesce(refusal, '-')")[3],
        "closed",
        "the authority's refusal stays"
    );
    let again = shop
        .reader()
        .refused_entries(Recipient::AUTHORITY, 0, 9)
        .unwrap();
    assert_eq!(
        (again.len(), again[0].attempts, again[0].again_at_ms),
        (1, 1, Some(NOON + 9))
    );
    let fresh = shop
        .reader()
        .unanswered_entries(Recipient::AUTHORITY, 0, 9)
        .unwrap();
    assert_eq!(fresh.len(), 4);
}

#[test]
fn the_oldest_waiting_document_follows_the_outbox() {
    let mut shop = Shop::new();
    let kept = |shop: &mut Shop| shop.store.batch().unwrap().unsent().unwrap().oldest_ms;
    let counted = |shop: &Shop| shop.reader().unsent().unwrap().oldest_ms;
    assert_eq!(kept(&mut shop), None);
    for document in 1..4 {
        shop.cash(document, 100);
        assert_eq!(kept(&mut shop), counted(&shop));
    }
    assert_eq!(kept(&mut shop), Some(NOON + 1_000));
    for entry in shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 9)
        .unwrap()
    {
        let mut batch = shop.store.batch().unwrap();
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", 7)
            .unwrap();
        drop(batch);
        assert_eq!(kept(&mut shop), counted(&shop), "the batch was dropped");
        let mut batch = shop.store.batch().unwrap();
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", 7)
            .unwrap();
        batch.commit().unwrap();
        assert_eq!(kept(&mut shop), counted(&shop));
    }
    assert_eq!(kept(&mut shop), None);
}

#[test]
fn outbox_entries_come_in_the_order_of_sealing() {
    let mut shop = Shop::new();
    shop.trading_day();
    let reader = shop.reader();
    let entries = reader.outbox_entries(Recipient::AUTHORITY, 0, 100).unwrap();
    let duties: Vec<(&str, u32)> = entries
        .iter()
        .map(|entry| (entry.kind.name(), entry.message_number))
        .collect();
    // The X-report has number 5, and is not sent to the authority.
    assert_eq!(
        duties,
        [
            ("deposit", 1),
            ("sale", 2),
            ("alternative_receipt", 3),
            ("refund", 4),
            ("z_report", 6)
        ]
    );
    assert!(
        entries
            .windows(2)
            .all(|pair| pair[0].sealed_seq < pair[1].sealed_seq)
    );
    let bodies: Vec<String> = entries.iter().map(body).collect();
    assert_eq!(
        bodies,
        [
            "deposit 1 original None",
            "sale 2 original None",
            "alternative_receipt 3 original None",
            "refund 4 original Some(2)",
            "z_report 6 original None"
        ],
        "a refund names its sale by its number"
    );
    let tail = reader
        .outbox_entries(Recipient::AUTHORITY, entries[1].sealed_seq, 2)
        .unwrap();
    let duties: Vec<&str> = tail.iter().map(|entry| entry.kind.name()).collect();
    assert_eq!(duties, ["alternative_receipt", "refund"]);
}

/// Checks the figures that the writer keeps against the tables.
fn check_figures(shop: &mut Shop) {
    shop.store.batch().unwrap().unsent().unwrap();
    let (kept, reader) = (shop.store.figures(), shop.reader());
    let unsent = reader.unsent().unwrap();
    // The time of the oldest document is asked for with each batch.
    let kept_unsent = UnsentCount {
        oldest_ms: unsent.oldest_ms,
        ..kept.unsent
    };
    assert_eq!(kept_unsent, unsent);
    assert_eq!(kept.z_reports, reader.reconciliation_count().unwrap());
}

#[test]
fn the_writers_figures_follow_the_tables() {
    let mut shop = Shop::new();
    check_figures(&mut shop);
    shop.trading_day();
    check_figures(&mut shop);
    assert_eq!(shop.store.figures().z_reports.unacknowledged, 1);
    let entries = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 100)
        .unwrap();
    for (at, entry) in entries.iter().enumerate() {
        let mut batch = shop.store.batch().unwrap();
        // An entry is refused twice, once or never before it is acknowledged.
        for _ in 0..at % 3 {
            batch
                .note_refusal(Recipient::AUTHORITY, entry.sealed_seq, "closed", NOON)
                .unwrap();
        }
        batch.commit().unwrap();
        check_figures(&mut shop);
        let mut batch = shop.store.batch().unwrap();
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", shop.now)
            .unwrap();
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", shop.now)
            .unwrap();
        batch
            .note_refusal(Recipient::AUTHORITY, entry.sealed_seq, "late", NOON)
            .unwrap();
        batch.commit().unwrap();
        check_figures(&mut shop);
    }
    let last = shop.store.figures();
    assert_eq!((last.unsent.documents, last.unsent.sold), (0, 0));
    shop.store.reload_head().unwrap();
    assert_eq!(shop.store.figures(), last);
}

#[test]
fn a_document_is_acknowledged_once() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    shop.cash(2, 100);
    let reader = shop.reader();
    let first = reader.outbox_entries(Recipient::AUTHORITY, 0, 1).unwrap()[0].sealed_seq;
    let change = |shop: &mut Shop, change: &dyn Fn(&mut Batch<'_>)| {
        let mut batch = shop.store.batch().unwrap();
        change(&mut batch);
        batch.commit().unwrap();
    };
    change(&mut shop, &|batch| {
        batch
            .note_refusal(Recipient::AUTHORITY, first, "closed", NOON)
            .unwrap();
    });
    let unsent = reader.unsent().unwrap();
    assert_eq!(
        (unsent.documents, unsent.refused),
        (2, 1),
        "a refused document stays"
    );
    change(&mut shop, &|batch| {
        batch
            .acknowledge(Recipient::AUTHORITY, first, "TEST", 7)
            .unwrap()
    });
    change(&mut shop, &|batch| {
        batch
            .acknowledge(Recipient::AUTHORITY, first, "TEST", 8)
            .unwrap()
    });
    change(&mut shop, &|batch| {
        batch
            .note_refusal(Recipient::AUTHORITY, first, "late", NOON)
            .unwrap();
    });
    let unsent = reader.unsent().unwrap();
    assert_eq!((unsent.documents, unsent.refused), (1, 0));
    let row: (String, i64, i64, Option<String>) = raw(shop.folder.path())
        .query_row(
            "SELECT state, attempts, acknowledged_at, refusal FROM outbox WHERE sealed_seq = ?1",
            [first],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(row, ("acknowledged".to_owned(), 2, 7, None));
}

/// Lays the document of an entry aside, as the clerk does.
pub(super) fn lay_aside(shop: &mut Shop, document: u128) {
    let aside = ferrotill_core::event::LaidAside {
        id: id(document),
        at: moment(NOON),
        recipient: Recipient::AUTHORITY.name(),
        reason: "the office does not know the goods",
        by: "Maria Popescu",
        refusal: "closed",
    };
    let mut batch = shop.store.batch().unwrap();
    append(&mut batch, &ferrotill_core::event::Event::LaidAside(aside));
    batch.commit().unwrap();
}

#[test]
fn a_document_that_was_laid_aside_is_not_sent_and_is_named() {
    let mut shop = Shop::new();
    shop.trading_day();
    let entries = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 100)
        .unwrap();
    let waiting = shop.reader().waiting(Recipient::AUTHORITY, 100).unwrap();
    assert_eq!(waiting.len(), entries.len());
    let aside = waiting.iter().find(|one| one.duty == "sale").unwrap();
    let document = aside.id.as_u128();
    for (entry, waiting) in entries.iter().zip(&waiting) {
        if waiting.id == aside.id {
            let mut batch = shop.store.batch().unwrap();
            batch
                .note_refusal(Recipient::AUTHORITY, entry.sealed_seq, "closed", NOON)
                .unwrap();
            batch.commit().unwrap();
            lay_aside(&mut shop, document);
        } else {
            let mut batch = shop.store.batch().unwrap();
            batch
                .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", shop.now)
                .unwrap();
            batch.commit().unwrap();
        }
        check_figures(&mut shop);
    }
    assert_eq!(requests(&shop), 1, "the request stays, as evidence");
    let reader = shop.reader();
    let unsent = reader.unsent().unwrap();
    assert_eq!(
        (unsent.documents, unsent.refused, unsent.laid_aside),
        (0, 0, 1)
    );
    let z = reader.reconciliation(DEVICE, 1).unwrap().unwrap();
    assert!(z.agrees() && z.unacknowledged == 0 && z.acknowledged_at.is_some());
    let figure = z
        .figures
        .iter()
        .find(|figure| figure.subject == "sales.amount")
        .unwrap();
    assert_eq!(
        (figure.documents, figure.authority, figure.laid_aside),
        (1_620, Some(0), 1_620)
    );
    let named: Vec<(u32, &str, &str)> = z
        .laid_aside
        .iter()
        .map(|one| (one.number, &*one.note.by, &*one.note.reason))
        .collect();
    assert_eq!(
        named,
        [(
            aside.number,
            "Maria Popescu",
            "the office does not know the goods"
        )]
    );
    let row = reader.find(None, aside.id).unwrap().unwrap().row;
    let delivery = &reader.deliveries(row.reserved_seq).unwrap()[0];
    assert_eq!(
        delivery.laid_aside.as_ref().map(|note| &*note.refusal),
        Some("closed")
    );
    // The answer to an attempt that was under way: the office has the document, and its request is still there.
    let mut batch = shop.store.batch().unwrap();
    batch
        .acknowledge(Recipient::AUTHORITY, aside.sealed_seq, "TEST", shop.now)
        .unwrap();
    batch.commit().unwrap();
    check_figures(&mut shop);
    let delivery = &shop.reader().deliveries(row.reserved_seq).unwrap()[0];
    assert!(delivery.laid_aside.is_some() && delivery.acknowledged_ms == Some(shop.now));
    let verified = super::verified::verified(&shop);
    assert_eq!(verified.flaws, []);
    assert_eq!((verified.unsent, verified.laid_aside.len()), (0, 1));
    // A row that was laid aside without an event is found.
    shop.unlocked()
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON; UPDATE outbox SET state = 'laid_aside', aside_seq = 3 WHERE duty = 'refund'",
        )
        .unwrap();
    assert_ne!(super::verified::verified(&shop).flaws, []);
}

/// Two documents of one shift were laid aside. One is acknowledged afterwards, and the row of the other one is changed in the journal:
/// both stay in every list.
#[test]
fn every_document_that_was_laid_aside_is_named_even_if_its_row_cannot_be_read() {
    let mut shop = Shop::new();
    shop.trading_day();
    let waiting = shop.reader().waiting(Recipient::AUTHORITY, 100).unwrap();
    let of = |duty: &str| waiting.iter().find(|one| one.duty == duty).unwrap();
    let (sale, refund) = (of("sale"), of("refund"));
    lay_aside(&mut shop, sale.id.as_u128());
    lay_aside(&mut shop, refund.id.as_u128());
    let mut batch = shop.store.batch().unwrap();
    batch
        .acknowledge(Recipient::AUTHORITY, sale.sealed_seq, "TEST", shop.now)
        .unwrap();
    batch.commit().unwrap();
    shop.unlocked()
        .execute_batch(
            "UPDATE journal SET payload = x'00' WHERE seq = (SELECT aside_seq FROM outbox WHERE duty = 'refund')",
        )
        .unwrap();
    let reader = shop.reader();
    let z = reader.reconciliation(DEVICE, 1).unwrap().unwrap();
    let verified = super::verified::verified(&shop);
    assert_ne!(verified.flaws, [], "the changed row");
    for listed in [
        reader.laid_aside().unwrap(),
        z.laid_aside,
        verified.laid_aside,
    ] {
        let listed: Vec<_> = listed
            .iter()
            .map(|one| {
                let note = &one.note;
                (
                    one.number,
                    one.acknowledged_ms,
                    note.at_ms.is_some(),
                    &*note.by,
                )
            })
            .collect();
        assert_eq!(
            listed,
            [
                (sale.number, Some(shop.now), true, "Maria Popescu"),
                (
                    refund.number,
                    None,
                    false,
                    "a person whose name cannot be read"
                ),
            ]
        );
    }
    let row = reader.find(None, refund.id).unwrap().unwrap().row;
    let delivery = &reader.deliveries(row.reserved_seq).unwrap()[0];
    assert!(delivery.laid_aside.is_some());
}
