//! Orders that name a payment of a payment provider.

use ferrotill_core::Amount;
use ferrotill_core::event::ProviderStep;
use ferrotill_core::refusal::Refusal;
use uuid::Uuid;

use super::stage::*;
use crate::clerk::{Answer, FiscalState, ProviderNews};
use crate::order::OrderForm;
use crate::order::provider::{ProviderNewsOutcome, ProviderWord};

/// The number of the event `Reserved` in the journal.
const RESERVED: u16 = 2;
const PAYMENT: Uuid = Uuid::from_u128(0xAA);

fn asked(step: ProviderStep) -> ProviderNews {
    ProviderNews::Asked {
        reference: PAYMENT,
        device: device(0),
        step,
        provider: "uzcard".to_owned(),
        amount: Amount::from_minor(900),
        fingerprint: [3; 32],
        seen: None,
    }
}

/// A sale that names a payment which its provider has.
fn paid_sale(stage: &Stage, id: u128) -> OrderForm {
    assert!(is_stored(stage, asked(ProviderStep::Pay)));
    assert!(is_stored(
        stage,
        ProviderNews::Answered {
            reference: PAYMENT,
            step: ProviderStep::Pay,
            answer: ProviderWord::Done {
                number: "17".to_owned(),
                answer: "{}".to_owned(),
            },
        }
    ));
    assert!(named_for(stage, id));
    let mut form = sale(id, 900);
    form.said.provider_payment = Some(PAYMENT);
    form
}

fn named_for(stage: &Stage, id: u128) -> bool {
    let document = Uuid::from_u128(id);
    let news = ProviderNews::Used {
        reference: PAYMENT,
        document,
    };
    is_stored(stage, news)
}

fn is_stored(stage: &Stage, news: ProviderNews) -> bool {
    stage.clerk_handle().store_provider_news(news) == ProviderNewsOutcome::Stored
}

fn assert_not_usable(answer: Answer) {
    match answer {
        Answer::Refused { refusal, state, .. } => {
            assert_eq!(refusal, Refusal::PaymentNotUsable);
            assert_eq!(state, FiscalState::NotRegistered);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_whose_money_is_given_back_while_it_waits_is_refused_and_nothing_is_reserved() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    let second = stage.order(paid_sale(&stage, 2), LONG_TIMEOUT);
    assert!(stage.waits(2));
    let give_back = asked(ProviderStep::GiveBack);
    assert!(is_stored(&stage, give_back));
    let reserved = Stage::rows_of(stage.path(), RESERVED);
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    assert_not_usable(second.answer());
    assert_eq!(Stage::rows_of(stage.path(), RESERVED), reserved);
    // The device is free.
    let next = stage.order(sale(3, 700), LONG_TIMEOUT);
    stage.printer().sells(700, 2);
    assert!(!next.replayed());
}

#[test]
fn a_payment_pays_one_of_two_orders_that_name_it() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    let second = stage.order(paid_sale(&stage, 2), LONG_TIMEOUT);
    assert!(stage.waits(2));
    assert!(named_for(&stage, 3));
    let mut form = sale(3, 900);
    form.said.provider_payment = Some(PAYMENT);
    let third = stage.order(form, LONG_TIMEOUT);
    assert!(stage.waits(3));
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    assert_not_usable(second.answer());
    stage.printer().sells(900, 2);
    assert!(!third.replayed());
    assert!(!named_for(&stage, 4), "the payment has its receipt");
}
