//! Tests of the contacts of buyers beside the journal.

use super::shop::*;
use crate::{BuyerContact, FILE_NAME};

#[test]
fn an_erased_contact_is_not_in_the_file_any_more() {
    let mut shop = Shop::new();
    let seq = shop.sale(1);
    let contact = BuyerContact {
        email: Some("ion.popa@mail.md".to_owned()),
        phone: Some("+373 79 000 001".to_owned()),
        salt: [7; 16],
        ..BuyerContact::default()
    };
    let mut batch = shop.store.batch().unwrap();
    batch.keep_contact(seq, NOON, &contact).unwrap();
    batch.commit().unwrap();
    let kept = |shop: &Shop| {
        let found = shop.reader().find(None, uuid(1)).unwrap().unwrap();
        found.contact
    };
    assert_eq!(kept(&shop), Some(contact.clone()));
    let bytes_have = |shop: &Shop, text: &str| {
        raw(shop.folder.path())
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        let bytes = std::fs::read(shop.folder.path().join(FILE_NAME)).unwrap();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(bytes_have(&shop, "ion.popa"));
    let erase = |shop: &mut Shop, before| {
        let mut batch = shop.store.batch().unwrap();
        let erased = batch.erase_contacts(before).unwrap();
        batch.commit().unwrap();
        erased
    };
    assert!(erase(&mut shop, NOON));
    assert_eq!(kept(&shop), Some(contact));
    assert!(erase(&mut shop, NOON + 1));
    assert_eq!(kept(&shop), None);
    assert!(!bytes_have(&shop, "ion.popa"));
    assert!(!bytes_have(&shop, "79 000 001"));
}
