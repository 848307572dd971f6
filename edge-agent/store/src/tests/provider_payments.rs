//! Tests of what may happen to a payment of a payment provider.

use ferrotill_core::event::{
    Event, ProviderAnswer, ProviderAnswered, ProviderAsked, ProviderStep, ProviderUsed,
};
use ferrotill_core::id::{Fingerprint, OperationReference, UniqueId};

use super::shop::*;

const PAYMENT: OperationReference = OperationReference([7; 16]);

fn append(shop: &mut Shop, event: &Event<'_>, seen_ms: Option<i64>) -> bool {
    let mut batch = shop.store.batch().unwrap();
    let stored = batch.append_provider(event, shop.now, seen_ms).unwrap();
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

fn used(at: i64) -> Event<'static> {
    Event::ProviderUsed(ProviderUsed {
        reference: PAYMENT,
        at: moment(at),
        document: id(1),
    })
}

/// The till gives back money that no receipt needs, and a caller repeats the order of that receipt at the same time: one of them comes
/// first in the journal, and the other one is refused.
#[test]
fn money_that_an_order_has_named_meanwhile_is_not_given_back() {
    let mut shop = Shop::new();
    let start = shop.now;
    assert!(append(&mut shop, &asked(start, ProviderStep::Pay), None));
    let paid = Event::ProviderAnswered(ProviderAnswered {
        reference: PAYMENT,
        at: moment(start + 1),
        step: ProviderStep::Pay,
        answer: ProviderAnswer::Done {
            number: "17",
            answer: "{}",
        },
    });
    assert!(append(&mut shop, &paid, None));
    let seen_ms = shop.reader().open_provider_payments().unwrap()[0].changed_ms;
    assert_eq!(seen_ms, start + 1);
    assert!(append(&mut shop, &used(start + 2), None));
    let give_back = asked(start + 3, ProviderStep::GiveBack);
    let rows = shop.rows();
    assert!(!append(&mut shop, &give_back, Some(seen_ms)));
    assert_eq!(shop.rows(), rows, "nothing is written");
    assert!(append(&mut shop, &give_back, Some(start + 2)));
    assert!(!append(&mut shop, &used(start + 4), None));
}
