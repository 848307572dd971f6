//! Tests that `verify` finds every kind of tampering.

use ferrotill_core::document::ReportKind;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::MOLDOVA;
use ferrotill_core::till::Wish;

use super::outbox::lay_aside;
use super::shop::*;
use crate::verify::{Flaw, Verified, VerifyRange, Wanted, verify};
use crate::{StoreError, ZReconciliation};
use uuid::Uuid;

fn verified_in(shop: &Shop, devices: &[Uuid], range: VerifyRange) -> Verified {
    verify(&Wanted {
        folder: shop.folder.path(),
        profile: &MOLDOVA,
        mode: Mode::Test,
        devices,
        range,
    })
    .unwrap()
}

pub(super) fn verified(shop: &Shop) -> Verified {
    verified_in(shop, &[DEVICE], VerifyRange::ALL)
}

pub(super) fn codes(verified: &Verified) -> Vec<&'static str> {
    let mut codes: Vec<&str> = verified.flaws.iter().map(Flaw::code).collect();
    codes.dedup();
    codes
}

/// Removes the triggers, changes the database by hand, and restores the triggers.
fn tamper(shop: &Shop, edit: &str) {
    let raw = shop.unlocked();
    raw.execute_batch(edit)
        .unwrap_or_else(|error| panic!("{edit}: {error}"));
    let schema = include_str!("../../../../migrations/schema.sql");
    for trigger in ["journal_is_never_updated", "journal_is_never_deleted"] {
        let from = schema.find(&format!("CREATE TRIGGER {trigger}")).unwrap();
        let until = from + schema[from..].find("END;").unwrap() + "END;".len();
        raw.execute_batch(&schema[from..until]).unwrap();
    }
}

/// A shop with two days, a voided document, a snapshot, and an anchor at the end.
pub(super) fn two_days() -> Shop {
    let mut shop = Shop::new();
    shop.trading_day();
    shop.void(200);
    shop.cash(201, 5_000);
    shop.sale(202);
    shop.alternative(203);
    shop.identify(DEVICE, "J1");
    let mut batch = shop.store.batch().unwrap();
    batch.snapshot(DEVICE, &shop.till).unwrap();
    batch.commit().unwrap();
    shop.sale(204);
    shop.seal(206, Wish::Report(ReportKind::Z), printed(9));
    shop.store.anchor();
    shop
}

#[test]
fn an_untouched_store_has_no_flaws() {
    let shop = two_days();
    let verified = verified(&shop);
    assert_eq!(verified.flaws, []);
    assert!(!verified.rebuilt, "the digests are enough");
    assert_eq!((verified.rows, verified.head), (shop.rows(), shop.rows()));
    assert_eq!(verified.anchored, Some(shop.rows()));
    assert_eq!(verified.documents, 11);
    assert_eq!(verified.devices, [DEVICE]);
    assert_eq!(verified.unsent, 10, "no X-report is sent to the authority");
    let numbers: Vec<u32> = verified
        .reconciliations
        .iter()
        .map(|z| z.z_number)
        .collect();
    assert_eq!(numbers, [1, 2]);
    assert!(verified.reconciliations.iter().all(ZReconciliation::agrees));
}

/// Reserved, voided and sealed again under one id, laid aside, outstanding: the digests are enough for all of it.
#[test]
fn tables_are_rebuilt_only_if_something_is_wrong() {
    let shop = eventful();
    let before = verified(&shop);
    assert_eq!((before.flaws.as_slice(), before.rebuilt), (&[][..], false));
    for edit in [
        "UPDATE request SET reserved_seq = (SELECT min(reserved_seq) FROM document WHERE id = request.id) WHERE id = (SELECT id FROM document WHERE state = 'voided' AND id IN (SELECT id FROM document WHERE state = 'sealed'))",
        "UPDATE outbox SET state = 'waiting', aside_seq = NULL WHERE state = 'laid_aside'",
        "UPDATE outbox SET aside_seq = aside_seq + 1 WHERE state = 'laid_aside'",
        "UPDATE document SET state = 'voided' WHERE state = 'reserved'",
        "DELETE FROM document WHERE state = 'reserved'",
        "INSERT INTO repeated_number VALUES (3, 'ABC00000001')",
    ] {
        let shop = eventful();
        let changed = raw(shop.folder.path()).execute(edit, []).unwrap();
        assert_eq!(changed, 1, "{edit}");
        let after = verified(&shop);
        assert!(after.rebuilt, "{edit}");
        assert!(codes(&after).contains(&"table_differs"), "{edit}");
    }
}

fn eventful() -> Shop {
    let mut shop = two_days();
    shop.void(300);
    shop.sale(300);
    shop.void(301);
    shop.void(301);
    lay_aside(&mut shop, 202);
    shop.sale(302);
    shop.refund(303, 302, 1_000);
    let mut batch = shop.store.batch().unwrap();
    let wish = Wish::Cash(minor(100));
    reserve(&mut batch, &mut shop.till, shop.now, id(304), wish);
    batch.commit().unwrap();
    shop
}

#[test]
fn a_refused_document_is_named_and_is_no_flaw() {
    let mut shop = two_days();
    let entry = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 2)
        .unwrap()
        .remove(1);
    let mut batch = shop.store.batch().unwrap();
    batch
        .note_refusal(
            Recipient::AUTHORITY,
            entry.sealed_seq,
            "Taxes validation error",
            NOON,
        )
        .unwrap();
    batch.commit().unwrap();
    let verified = verified(&shop);
    assert_eq!(verified.flaws, []);
    let named: Vec<(u32, Uuid, &str)> = verified
        .refused
        .iter()
        .map(|refused| (refused.number, refused.id, refused.words.as_str()))
        .collect();
    assert_eq!(named, [(2, uuid(102), "Taxes validation error")]);
}

#[test]
fn a_new_store_has_no_flaws() {
    let shop = Shop::new();
    assert_eq!(verified(&shop).flaws, []);
}

#[test]
fn every_kind_of_tampering_is_found_with_its_place() {
    // Each row: a description, the change of the database, the code of the first flaw, and what its place or text contains.
    #[rustfmt::skip]
    let cases: &[(&str, &str, &str, &str)] = &[
        ("a time", "UPDATE journal SET at = at + 1 WHERE seq = 4", "row_changed", "journal row 4"),
        ("a payload", "UPDATE journal SET payload = CAST(payload || x'00' AS BLOB) WHERE seq = 4", "row_unreadable", "journal row 4"),
        ("a row removed", "DELETE FROM journal WHERE seq = 4", "rows_missing", "journal row 4"),
        ("rows removed", "DELETE FROM journal WHERE seq BETWEEN 4 AND 7", "rows_missing", "journal rows 4 to 7"),
        ("a row below the first", "UPDATE journal SET seq = -4 WHERE seq = 4", "row_outside", "journal row -4"),
        ("a row with number 0", "UPDATE journal SET seq = 0 WHERE seq = 1", "row_outside", "journal row 0"),
        ("a row added before the first", "INSERT INTO journal SELECT -1, device, at, kind, version, payload, mac FROM journal WHERE seq = 2", "row_outside", "journal row -1"),
        ("the end cut", "DELETE FROM journal WHERE seq > 20", "journal_cut", "journal rows 21 to"),
        ("an amount", "UPDATE document SET amount = amount - 1 WHERE number = 2", "table_differs", "amount is 1619, and the journal says 1620"),
        ("a document removed", "DELETE FROM document WHERE number = 3", "table_differs", "is missing, and the journal has it"),
        ("a document added", "INSERT INTO document SELECT 999, settled_seq, device, id, unique_id, fingerprint, kind, state, point_of_sale, at, z_number, 99, current_number, amount, tax, print_error, fingerprint_form FROM document WHERE number = 2", "table_differs", "does not follow from the journal"),
        ("an id redirected", "UPDATE request SET reserved_seq = 3 WHERE reserved_seq = 5", "table_differs", "table request"),
        ("an id removed", "DELETE FROM request WHERE reserved_seq = 5", "table_differs", "table request"),
        ("an outbox entry removed", "DELETE FROM outbox WHERE message_number = 2", "table_differs", "table outbox"),
        ("a request changed", "UPDATE outbox_request SET body = CAST(body || x'20' AS BLOB) WHERE id = 2", "request_changed", "was changed after the document was sealed"),
        ("two requests swapped", "UPDATE outbox SET request = 5 - request WHERE request IN (2, 3)", "request_changed", "is that of another document"),
        ("a request with its digest", "UPDATE outbox_request SET (body, digest, mac) = (SELECT body, digest, mac FROM outbox_request AS other WHERE other.id = 3) WHERE id = 2", "request_changed", "is that of another document"),
        ("a request removed", "DELETE FROM outbox_request WHERE id = 2", "request_changed", "the request is missing"),
        ("another recipient", "UPDATE outbox SET recipient = 'nobody' WHERE message_number = 2", "table_differs", "table outbox"),
        ("another duty", "UPDATE outbox SET duty = 'refund' WHERE message_number = 2", "table_differs", "duty is refund"),
        ("a used number removed", "DELETE FROM alternative_number WHERE number = 1", "table_differs", "printed ABC00000001"),
        ("a return removed", "UPDATE returned SET quantity = 0", "table_differs", "table returned"),
        ("a figure", "UPDATE reconciliation_figure SET printer = 7 WHERE subject = 'sales.amount'", "table_differs", "printer is 7"),
        ("a difference hidden", "UPDATE reconciliation SET agrees = 0 WHERE z_number = 1", "unreconciled", "Z-report 1"),
        ("an acknowledgement of a day", "UPDATE reconciliation SET unacknowledged = 0, acknowledged_at = 5", "unreconciled", "Z-report 1"),
        ("the till", "UPDATE snapshot SET till = zeroblob(length(till))", "snapshot_differs", "at row"),
        ("a later till", "UPDATE snapshot SET seq = 999", "snapshot_differs", "at row 999"),
        ("a snapshot's MAC", "UPDATE snapshot SET mac = zeroblob(32)", "snapshot_differs", "at row"),
        ("another mode", "UPDATE founded SET mode = 'LIVE'", "table_differs", "mode is LIVE, and the journal says TEST"),
        ("the purpose removed", "DELETE FROM founded", "table_differs", "table founded"),
        ("another identity", "UPDATE device_identity SET fiscal_number = 'J2'", "table_differs", "fiscal_number is J2, and the journal says J1"),
        ("a trigger", "DROP TRIGGER journal_is_never_replaced", "schema_changed", "trigger journal_is_never_replaced"),
        ("an index", "DROP INDEX document_number", "schema_changed", "index document_number"),
        ("a trigger of somebody else", "CREATE TRIGGER quietly AFTER INSERT ON outbox BEGIN DELETE FROM outbox WHERE sealed_seq = NEW.sealed_seq; END", "schema_changed", "trigger quietly"),
    ];
    for (what, edit, code, says) in cases {
        let shop = two_days();
        tamper(&shop, edit);
        let verified = verified(&shop);
        let flaw = verified
            .flaws
            .iter()
            .find(|flaw| flaw.code() == *code)
            .unwrap_or_else(|| panic!("{what}: {:?}", verified.flaws));
        let report = format!("{}: {flaw}", flaw.place());
        assert!(report.contains(says), "{what}: {report}");
        let is_beside_the_tables = [
            "request_changed",
            "schema_changed",
            "unreconciled",
            "journal_cut",
        ];
        assert!(
            verified.rebuilt || is_beside_the_tables.contains(code),
            "{what}"
        );
    }
}

#[test]
fn swapped_rows_are_found() {
    let shop = two_days();
    tamper(
        &shop,
        "UPDATE journal SET seq = 99 WHERE seq = 3; UPDATE journal SET seq = 3 WHERE seq = 5; UPDATE journal SET seq = 5 WHERE seq = 99",
    );
    let verified = verified(&shop);
    for row in [3, 5] {
        assert!(
            verified.flaws.contains(&Flaw::RowChanged { seq: row }),
            "{:?}",
            verified.flaws
        );
    }
}

#[test]
fn a_key_or_a_device_of_another_till_is_reported_as_such() {
    let shop = two_days();
    let (key, own) = (shop.folder.path().join("journal.key"), DEVICE);
    let kept = std::fs::read(&key).unwrap();
    std::fs::write(&key, [7; 32]).unwrap();
    let with_other_key = verified(&shop);
    assert!(
        codes(&with_other_key).contains(&"another_tills_journal"),
        "{:?}",
        with_other_key.flaws
    );
    assert!(
        !codes(&with_other_key).contains(&"row_changed"),
        "one cause is reported once"
    );
    std::fs::write(&key, kept).unwrap();
    assert_eq!(
        codes(&verified_in(&shop, &[OTHER_DEVICE], VerifyRange::ALL)),
        ["another_tills_devices"]
    );
    let both = verified_in(&shop, &[OTHER_DEVICE, own], VerifyRange::ALL);
    assert_eq!(
        codes(&both),
        [""; 0],
        "a device that is new has no rows yet"
    );
}

/// An older copy of the file has a correct chain: only the anchor shows that it is older.
#[test]
fn an_older_copy_is_found_even_after_the_till_has_sold_with_it() {
    let mut shop = Shop::new();
    shop.trading_day();
    shop.store.anchor();
    let older = shop.folder.path().join("older.db");
    raw(shop.folder.path())
        .execute("VACUUM INTO ?1", [older.to_str().unwrap()])
        .unwrap();
    shop.sale(301);
    shop.sale(302);
    shop.store.anchor();
    assert_eq!(verified(&shop).flaws, []);

    let Shop {
        folder, till, now, ..
    } = shop;
    for name in ["ferrotill.db-wal", "ferrotill.db-shm"] {
        std::fs::remove_file(folder.path().join(name)).unwrap_or(());
    }
    std::fs::rename(&older, folder.path().join("ferrotill.db")).unwrap();
    // The start sets the anchor aside, so that it is not overwritten.
    let store = open(folder.path()).unwrap();
    let head = store.load_till(DEVICE).unwrap();
    let mut shop = Shop {
        folder,
        store,
        till: head,
        now,
    };
    assert_ne!(shop.till, till);
    assert_eq!(codes(&verified(&shop)), ["journal_cut"]);
    assert_eq!(shop.store.anchors_set_aside(), 1);
    for id in 400..410 {
        shop.sale(id);
    }
    shop.store.anchor();
    let verified = verified(&shop);
    assert_eq!(codes(&verified), ["another_history"]);
    assert_eq!(verified.anchored, Some(shop.rows()));
}

#[test]
fn a_cut_end_is_found_by_the_anchor_alone() {
    let shop = two_days();
    let last = shop.rows();
    let from = last - 1;
    tamper(
        &shop,
        &format!(
            "DELETE FROM outbox WHERE sealed_seq >= {from}; DELETE FROM request WHERE reserved_seq >= {from}; \
             DELETE FROM document WHERE reserved_seq >= {from}; DELETE FROM reconciliation WHERE z_number = 2; \
             DELETE FROM reconciliation_figure WHERE z_number = 2; DELETE FROM journal WHERE seq >= {from}"
        ),
    );
    assert_eq!(codes(&verified(&shop)), ["journal_cut"]);
    // Without the anchor the journal is a shorter one with a correct chain, and it is too short to need an anchor.
    std::fs::remove_file(shop.folder.path().join("journal.anchor")).unwrap();
    assert_eq!(verified(&shop).flaws, []);
}

#[test]
fn an_edited_anchor_is_reported() {
    let shop = two_days();
    let anchor = shop.folder.path().join("journal.anchor");
    let text = std::fs::read_to_string(&anchor).unwrap();
    let row = format!("row {}", shop.rows());
    assert!(text.contains(&row));
    std::fs::write(&anchor, text.replace(&row, "row 22")).unwrap();
    assert_eq!(codes(&verified(&shop)), ["anchor_foreign"]);
}

/// A row with a correct MAC that no till writes shows a defect of this program, or a person who has the key.
#[test]
fn a_skipped_number_is_found_although_the_chain_fits() {
    // An index already refuses a number that is used twice.
    for wrong in [4_u32, 11] {
        let mut shop = Shop::new();
        shop.cash(1, 100);
        shop.cash(2, 100);
        let (lines, payments) = ([loaf(1_000)], [paid(810)]);
        let mut batch = shop.store.batch().unwrap();
        let wish = Wish::Sale(draft(&lines, &payments));
        reserve(&mut batch, &mut shop.till, shop.now, id(3), wish);
        let sealed = event::Event::Sealed(event::Sealed {
            id: id(3),
            at: moment(shop.now),
            number: wrong,
            current_number: 3,
            seal: printed(3),
            report: None,
        });
        append(&mut batch, &sealed);
        batch.commit().unwrap();
        let verified = verified(&shop);
        assert_eq!(codes(&verified), ["contradiction"]);
        let words = verified.flaws[0].to_string();
        assert!(
            words.contains(&format!("number is {}, and 3 comes next", wrong)),
            "{words}"
        );
    }
}

#[test]
fn a_range_limits_what_is_reported() {
    let shop = two_days();
    tamper(&shop, "UPDATE journal SET at = at + 1 WHERE seq = 4");
    let within = |first, last| codes(&verified_in(&shop, &[], VerifyRange { first, last }));
    assert_eq!(within(1, 3), [""; 0]);
    assert_eq!(within(4, 4), ["row_changed"]);
    assert_eq!(within(5, i64::MAX), [""; 0]);
}

#[test]
fn one_edited_row_among_thousands_is_found() {
    let mut shop = Shop::new();
    let mut batch = shop.store.batch().unwrap();
    let (lines, payments) = ([loaf(2_000)], [paid(1_620)]);
    for document in 1..=4_000 {
        let wish = Wish::Sale(draft(&lines, &payments));
        reserve(&mut batch, &mut shop.till, shop.now, id(document), wish);
        settle(
            &mut batch,
            &mut shop.till,
            shop.now,
            id(document),
            printed(2),
        );
    }
    batch.commit().unwrap();
    shop.seal(9_000, Wish::Report(ReportKind::Z), printed(3));
    shop.store.anchor();
    let untouched = verified(&shop);
    assert_eq!(untouched.flaws, []);
    assert_eq!(untouched.reconciliations[0].figures[0].documents, 0);
    let sold = untouched.reconciliations[0]
        .figures
        .iter()
        .find(|figure| figure.subject == "sales.amount")
        .unwrap();
    assert_eq!(
        (sold.documents, sold.report),
        (4_000 * 1_620, Some(4_000 * 1_620))
    );

    tamper(
        &shop,
        "UPDATE document SET amount = 1 WHERE number = 2345; UPDATE journal SET at = at - 1 WHERE seq = 5000",
    );
    let verified = verified(&shop);
    assert_eq!(codes(&verified), ["row_changed", "table_differs"]);
    assert_eq!(verified.flaws.len(), 2, "{:?}", verified.flaws);
    std::fs::remove_file(shop.folder.path().join("journal.anchor")).unwrap();
    assert!(codes(&super::verified::verified(&shop)).contains(&"anchor_missing"));
}

#[test]
fn a_store_of_another_version_is_not_verified() {
    let shop = two_days();
    raw(shop.folder.path())
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let wanted = Wanted {
        folder: shop.folder.path(),
        profile: &MOLDOVA,
        mode: Mode::Test,
        devices: &[],
        range: VerifyRange::ALL,
    };
    assert!(matches!(
        verify(&wanted),
        Err(StoreError::Newer { found: 99, .. })
    ));
}
