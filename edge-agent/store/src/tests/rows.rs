//! Documents as their rows have them.

use ferrotill_core::document::{DocumentKind, ReportKind};
use ferrotill_core::till::Wish;

use super::shop::*;
use crate::StoreError;

/// [`decide`] compares what `append` returns with what is read, for each of them.
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
    let reader = shop.reader();
    for kind in DocumentKind::ALL {
        let page = reader.page(DEVICE, &[kind], 0, 100).unwrap();
        let kinds: Vec<DocumentKind> = page
            .documents
            .iter()
            .map(|document| document.row.kind)
            .collect();
        assert_eq!((kinds, page.total), (vec![kind], 1));
    }
    let page = reader.page(DEVICE, &DocumentKind::ALL, 0, 100).unwrap();
    assert_eq!(page.total, 7);
}

#[test]
fn a_kind_that_this_program_does_not_know_is_an_error_and_no_other_kind() {
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
