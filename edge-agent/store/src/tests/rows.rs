//! Tests of documents as their table rows contain them.

use ferrotill_core::document::{DocumentKind, ReportKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Wish;

use super::shop::*;
use crate::{RequestState, StoreError};

/// For each kind of document, [`decide`] compares the document that `append` returns with the document that is read.
#[test]
fn every_kind_of_document_is_stored_and_listed_as_its_kind() {
    let mut shop = Shop::new();
    shop.cash(1, 10_000);
    shop.cash(2, -500);
    shop.sale(3);
    shop.alternative(4);
    shop.refund(5, 3, 1_000);
    shop.seal(6, Wish::Report(ReportKind::X), printed(6));
    shop.seal(7, Wish::Report(ReportKind::Z), printed(7));
    shop.seal(8, Wish::Nonfiscal("Bun venit!"), Seal::Journal);
    let reader = shop.reader();
    // Only a law that has receipts signed has receipts without lines, and this shop is under another.
    let kinds = DocumentKind::ALL.into_iter();
    for kind in kinds.filter(|kind| *kind != DocumentKind::AmountsReceipt) {
        let page = reader.page(DEVICE, &[kind], 0, 100).unwrap();
        let kinds: Vec<DocumentKind> = page
            .documents
            .iter()
            .map(|document| document.row.kind)
            .collect();
        assert_eq!((kinds, page.total), (vec![kind], 1));
    }
    let page = reader.page(DEVICE, &DocumentKind::ALL, 0, 100).unwrap();
    assert_eq!(page.total, 8);
}

#[test]
fn an_unknown_kind_of_document_is_an_error() {
    let mut shop = Shop::new();
    shop.sale(1);
    raw(shop.folder.path())
        .execute("UPDATE document SET kind = 'voucher'", [])
        .unwrap();
    let found = shop.reader().find(None, uuid(1));
    assert!(
        matches!(found, Err(StoreError::Database { .. })),
        "{found:?}"
    );
}

#[test]
fn the_id_of_a_voided_document_leads_to_its_newest_document() {
    let mut shop = Shop::new();
    shop.void(1);
    let reader = shop.reader();
    let voided = reader.find(Some(DEVICE), uuid(1)).unwrap().unwrap();
    assert_eq!(voided.row.state, RequestState::Voided);
    assert_eq!(voided.row.number, None, "a voided document has no number");
    assert_eq!(voided.voided().unwrap().reason, "out of paper");
    assert!(voided.sealed().is_none());
    assert_eq!(reader.unsent().unwrap().documents, 0);

    shop.cash(1, 900);
    let again = reader.find(Some(DEVICE), uuid(1)).unwrap().unwrap();
    assert_eq!(again.row.state, RequestState::Sealed);
    assert_eq!(again.row.number, Some(1));
    assert!(again.row.reserved_seq > voided.row.reserved_seq);
    let both: i64 = raw(shop.folder.path())
        .query_row("SELECT count(*) FROM document", [], |row| row.get(0))
        .unwrap();
    assert_eq!(both, 2, "a voided document stays in the table");
    assert!(reader.find(Some(OTHER_DEVICE), uuid(1)).unwrap().is_none());
    assert!(reader.find(None, uuid(1)).unwrap().is_some());
}

#[test]
fn returns_add_up_line_by_line() {
    let mut shop = Shop::new();
    shop.cash(9, 10_000);
    let sale = shop.sale(1);
    shop.refund(2, 1, 1_000);
    shop.refund(3, 1, 500);
    let batch = shop.store.batch().unwrap();
    assert_eq!(batch.returned(sale).unwrap(), [(0, 1_500, 1_215)]);
}
