//! Tests of operator declarations: they are read with their documents, and `verify` compares each with the row that follows.

use std::num::NonZeroU32;

use ferrotill_core::event::{Declared, PaperSays};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Wish};

use super::shop::*;
use super::verified::{codes, verified};
use crate::OperatorDeclaration;

const SEVEN: PaperSays = PaperSays::Registered {
    document: NonZeroU32::new(7),
};
const UNCLEAR: u16 = 77;

fn declaration(document: u128, paper: PaperSays) -> Declared<'static> {
    Declared {
        id: id(document),
        at: moment(0),
        paper,
        by: "Maria",
        fault: UNCLEAR,
        why: "unclear",
    }
}

/// A cash-in, a declaration about it, and the result of the declaration: sealed with this seal, or voided with this fault.
fn declared(shop: &mut Shop, document: u128, paper: PaperSays, result: Result<Seal<'_>, u16>) {
    shop.now += 1_000;
    let (till, now, none) = (&mut shop.till, shop.now, Known::default());
    let mut batch = shop.store.batch().unwrap();
    reserve(&mut batch, till, now, id(document), Wish::Cash(minor(100)));
    let declare = Command::Declare(declaration(document, paper));
    decide(&mut batch, till, now, &declare, &none);
    let command = match result {
        Ok(seal) => Command::Settle(id(document), seal),
        Err(fault) => Command::Void(id(document), fault, "Maria says so"),
    };
    decide(&mut batch, till, now, &command, &none);
    batch.commit().unwrap();
}

#[test]
fn a_declaration_is_read_with_its_own_document_only() {
    let mut shop = Shop::new();
    declared(&mut shop, 1, SEVEN, Ok(printed(7)));
    declared(&mut shop, 2, PaperSays::NotRegistered, Err(UNCLEAR));
    let unnumbered = PaperSays::Registered { document: None };
    declared(&mut shop, 3, unnumbered, Ok(printed(0)));
    shop.cash(4, 100);
    let reader = shop.reader();
    let declaration_of = |document| {
        let found = reader.find(Some(DEVICE), uuid(document)).unwrap().unwrap();
        reader.declaration_of(&found.row).unwrap()
    };
    let first = OperatorDeclaration {
        at_ms: NOON + 1_000,
        paper: SEVEN,
        by: "Maria".to_owned(),
        why: "unclear".to_owned(),
    };
    assert_eq!(declaration_of(1), Some(first));
    assert_eq!(declaration_of(2).unwrap().paper, PaperSays::NotRegistered);
    assert_eq!(declaration_of(3).unwrap().paper, unnumbered);
    assert_eq!(declaration_of(4), None, "its printer proved the outcome");
    let verified = verified(&shop);
    assert_eq!(verified.flaws, []);
    assert_eq!((verified.documents, verified.declared), (3, 3));
}

#[test]
fn a_declaration_with_another_result_is_a_contradiction() {
    for (paper, result) in [
        (SEVEN, Err(UNCLEAR)),
        (SEVEN, Ok(printed(8))),
        (PaperSays::NotRegistered, Ok(printed(7))),
        (PaperSays::NotRegistered, Err(76)),
    ] {
        let mut shop = Shop::new();
        declared(&mut shop, 1, paper, result);
        let verified = verified(&shop);
        assert_eq!(codes(&verified), ["contradiction"], "{paper:?} {result:?}");
        let words = verified.flaws[0].to_string();
        assert!(
            words.contains("an operator has declared the outcome"),
            "{words}"
        );
        assert!(words.contains(&uuid(1).to_string()), "{words}");
    }
}

#[test]
fn a_declaration_without_a_result_is_a_contradiction() {
    let mut shop = Shop::new();
    let mut batch = shop.store.batch().unwrap();
    let (till, now, none) = (&mut shop.till, shop.now, Known::default());
    reserve(&mut batch, till, now, id(1), Wish::Cash(minor(100)));
    let declare = Command::Declare(declaration(1, SEVEN));
    decide(&mut batch, till, now, &declare, &none);
    batch.commit().unwrap();
    assert_eq!(codes(&verified(&shop)), ["contradiction"]);
    // The result of a declaration is too late if another row comes between them.
    let mut batch = shop.store.batch().unwrap();
    let till = &mut shop.till;
    decide(&mut batch, till, now, &Command::DecideCancel(id(1)), &none);
    settle(&mut batch, till, now, id(1), printed(7));
    batch.commit().unwrap();
    assert_eq!(codes(&verified(&shop)), ["contradiction"]);
}

#[test]
fn a_removed_declaration_is_found() {
    let mut shop = Shop::new();
    declared(&mut shop, 1, SEVEN, Ok(printed(7)));
    shop.cash(2, 100);
    let raw = shop.unlocked();
    assert_eq!(raw.execute("DELETE FROM journal WHERE kind = 9", []), Ok(1));
    assert!(codes(&verified(&shop)).contains(&"rows_missing"));
}
