//! Tests of what may happen to a payment of a payment provider.

use ferrotill_core::event::{
    Event, ProviderAnswer, ProviderAnswered, ProviderAsked, ProviderStep, ProviderUsed,
};
use ferrotill_core::id::{Fingerprint, OperationReference, UniqueId};

use uuid::Uuid;

use super::shop::*;
use crate::{ProviderPayment, ProviderPaymentState, ProviderSource};

const PAYMENT: OperationReference = OperationReference([7; 16]);

fn append(shop: &mut Shop, event: &Event<'_>, source: ProviderSource) -> bool {
    let mut batch = shop.store.batch().unwrap();
    let stored = batch.append_provider(event, shop.now, source).unwrap();
    batch.commit().unwrap();
    stored
}

fn asked(at: i64, step: ProviderStep) -> Event<'static> {
    Event::ProviderAsked(ProviderAsked {
        reference: PAYMENT,
        device: UniqueId([1; 16]),
        at: moment(at),
        step,
        provider: "click",
        amount: minor(100),
        fingerprint: Fingerprint([2; 32]),
    })
}

fn used(at: i64, document: u128) -> Event<'static> {
    Event::ProviderUsed(ProviderUsed {
        reference: PAYMENT,
        at: moment(at),
        document: id(document),
    })
}

/// A payment of which the provider says that it has the money. It is asked for at the shop's time.
fn pay(shop: &mut Shop) {
    let start = shop.now;
    assert!(append(
        shop,
        &asked(start, ProviderStep::Pay),
        ProviderSource::Till
    ));
    let paid = Event::ProviderAnswered(ProviderAnswered {
        reference: PAYMENT,
        at: moment(start + 1),
        step: ProviderStep::Pay,
        answer: ProviderAnswer::Done {
            number: "17",
            answer: "{}",
        },
    });
    assert!(append(shop, &paid, ProviderSource::Till));
}

fn payment(shop: &Shop) -> ProviderPayment {
    shop.reader().open_provider_payments().unwrap()[0].clone()
}

fn can_pay(shop: &mut Shop, document: u128) -> bool {
    let batch = shop.store.batch().unwrap();
    let reference = Uuid::from_bytes(PAYMENT.0);
    batch.can_pay(reference, id(document)).unwrap()
}

/// The till gives back money that no receipt needs, and a caller repeats the order of that receipt at the same time: one of them comes
/// first in the journal, and the other one is refused.
#[test]
fn money_that_an_order_has_named_meanwhile_is_not_given_back() {
    let mut shop = Shop::new();
    pay(&mut shop);
    let start = shop.now;
    assert!(!can_pay(&mut shop, 1), "no order has named it");
    let seen = payment(&shop).seen();
    shop.now = start + 2;
    assert!(append(&mut shop, &used(start + 2, 1), ProviderSource::Till));
    let give_back = asked(start + 3, ProviderStep::GiveBack);
    let rows = shop.rows();
    assert!(!append(&mut shop, &give_back, ProviderSource::Seen(seen)));
    assert_eq!(shop.rows(), rows, "nothing is written");
    assert!(can_pay(&mut shop, 1) && !can_pay(&mut shop, 2));
    let seen = payment(&shop).seen();
    assert!(append(&mut shop, &give_back, ProviderSource::Seen(seen)));
    assert!(!append(
        &mut shop,
        &used(start + 4, 1),
        ProviderSource::Till
    ));
    assert!(!can_pay(&mut shop, 1), "the money may have been given back");
}

/// A reservation changes no payment, and makes its money needed all the same.
#[test]
fn money_of_a_document_that_was_reserved_meanwhile_is_not_given_back_and_pays_no_other_document() {
    let mut shop = Shop::new();
    pay(&mut shop);
    let start = shop.now;
    assert!(append(&mut shop, &used(start, 1), ProviderSource::Till));
    let seen = payment(&shop).seen();
    shop.sale(1);
    assert_eq!(payment(&shop).changed_ms, seen.changed_ms);
    let give_back = asked(start + 3, ProviderStep::GiveBack);
    let rows = shop.rows();
    assert!(!append(&mut shop, &give_back, ProviderSource::Seen(seen)));
    assert!(!append(
        &mut shop,
        &used(start + 4, 2),
        ProviderSource::Till
    ));
    assert_eq!(shop.rows(), rows, "nothing is written");
    assert!(can_pay(&mut shop, 1) && !can_pay(&mut shop, 2));
    // The order of the sealed receipt is repeated.
    assert!(append(&mut shop, &used(start + 5, 1), ProviderSource::Till));
}

/// Two orders name one payment before either of them has a document: the newest one has it.
#[test]
fn a_payment_pays_the_document_that_was_named_last() {
    let mut shop = Shop::new();
    pay(&mut shop);
    let start = shop.now;
    shop.void(1);
    assert!(append(&mut shop, &used(start, 1), ProviderSource::Till));
    assert!(can_pay(&mut shop, 1));
    assert!(append(&mut shop, &used(start, 2), ProviderSource::Till));
    assert!(!can_pay(&mut shop, 1) && can_pay(&mut shop, 2));
}

fn answered(at: i64, answer: ProviderAnswer<'static>) -> Event<'static> {
    Event::ProviderAnswered(ProviderAnswered {
        reference: PAYMENT,
        at: moment(at),
        step: ProviderStep::Pay,
        answer,
    })
}

#[test]
fn money_that_moves_after_a_refusal_is_paid_and_a_late_refusal_undoes_no_payment() {
    let mut shop = Shop::new();
    let start = shop.now;
    let declined = ProviderAnswer::NotDone { reason: "declined" };
    let done = ProviderAnswer::Done {
        number: "17",
        answer: "{}",
    };
    assert!(append(
        &mut shop,
        &asked(start, ProviderStep::Pay),
        ProviderSource::Till
    ));
    assert!(append(
        &mut shop,
        &answered(start + 1, declined),
        ProviderSource::Till
    ));
    assert_eq!(shop.reader().open_provider_payments().unwrap(), []);
    assert!(append(
        &mut shop,
        &answered(start + 2, done),
        ProviderSource::Till
    ));
    assert_eq!(payment(&shop).state, ProviderPaymentState::Paid);
    assert_eq!(payment(&shop).reason, "");
    let rows = shop.rows();
    assert!(!append(
        &mut shop,
        &answered(start + 3, declined),
        ProviderSource::Till
    ));
    assert_eq!(shop.rows(), rows, "nothing is written");
    assert_eq!(payment(&shop).state, ProviderPaymentState::Paid);
}

/// The caller asks twice what became of a payment, the till gives the money back meanwhile, and the second answer comes late.
#[test]
fn a_late_answer_ends_no_question_about_money_that_goes_back() {
    let mut shop = Shop::new();
    pay(&mut shop);
    let start = shop.now;
    let done = ProviderAnswer::Done {
        number: "17",
        answer: "{}",
    };
    let confirmed = |at, step| {
        Event::ProviderAnswered(ProviderAnswered {
            reference: PAYMENT,
            at: moment(at),
            step,
            answer: ProviderAnswer::Done {
                number: "",
                answer: "",
            },
        })
    };
    let confirm = asked(start + 2, ProviderStep::Confirm);
    assert!(append(&mut shop, &confirm, ProviderSource::Till));
    let give_back = asked(start + 3, ProviderStep::GiveBack);
    assert!(append(&mut shop, &give_back, ProviderSource::Till));
    let rows = shop.rows();
    for late in [
        answered(start + 4, done),
        confirmed(start + 4, ProviderStep::Confirm),
    ] {
        assert!(!append(&mut shop, &late, ProviderSource::Till));
    }
    assert_eq!(shop.rows(), rows, "nothing is written");
    assert_eq!(payment(&shop).step, ProviderStep::GiveBack.name());
    // A person who sees that the provider still has the money says so, and the till may ask again.
    let still_there = answered(start + 4, done);
    assert!(append(&mut shop, &still_there, ProviderSource::Person));
    assert_eq!(payment(&shop).step, "");
    assert!(append(&mut shop, &give_back, ProviderSource::Till));
    let given_back = confirmed(start + 5, ProviderStep::GiveBack);
    assert!(append(&mut shop, &given_back, ProviderSource::Till));
    assert_eq!(shop.reader().open_provider_payments().unwrap(), []);
}

#[test]
fn a_person_says_that_no_money_has_moved_for_a_payment_without_a_receipt() {
    let mut shop = Shop::new();
    pay(&mut shop);
    let start = shop.now;
    let not_paid = answered(start + 2, ProviderAnswer::NotDone { reason: "Maria" });
    assert!(!append(&mut shop, &not_paid, ProviderSource::Till));
    assert!(append(&mut shop, &used(start + 2, 1), ProviderSource::Till));
    shop.sale(1);
    assert!(!append(&mut shop, &not_paid, ProviderSource::Person));
    assert!(payment(&shop).is_sealed);

    let mut shop = Shop::new();
    pay(&mut shop);
    assert!(append(&mut shop, &not_paid, ProviderSource::Person));
    assert_eq!(shop.reader().open_provider_payments().unwrap(), []);
}
