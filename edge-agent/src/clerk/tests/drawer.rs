//! The pulse that belongs to a payment of a fiscal receipt, on a printer that has no option of its own for it.

use std::sync::atomic::Ordering;

use ferrotill_core::Amount;
use ferrotill_device::Fault;
use ferrotill_device::printer::Performed;

use super::stage::*;
use crate::order::{OrderForm, OrderKind};

/// A stage whose printer does not open the drawer by itself.
fn stage() -> Stage {
    let stage = Stage::new();
    stage
        .printer()
        .remember(|memory| memory.drawer_option = false);
    stage
}

fn by_card(id: u128, price: i64) -> OrderForm {
    let mut form = sale(id, price);
    let OrderKind::Sale { draft, .. } = &mut form.kind else {
        panic!("a sale");
    };
    draft.payments = vec![(Some(1), Amount::from_minor(price))];
    form
}

/// The pulses before the next sale: the printer's thread does one job after another.
fn pulses_at_the_next_call(stage: &Stage, id: u128) -> u32 {
    let next = stage.order(by_card(id, 100), LONG_TIMEOUT);
    stage.printer().call();
    let pulses = stage.printer().pulses.load(Ordering::Acquire);
    stage
        .printer()
        .reply(registered(u32::try_from(id).unwrap()));
    assert!(!next.replayed());
    pulses
}

#[test]
fn cash_opens_the_drawer_once_and_a_card_does_not() {
    let stage = stage();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    assert!(stage.order(sale(1, 810), LONG_TIMEOUT).replayed());
    assert_eq!(pulses_at_the_next_call(&stage, 2), 1);
    assert_eq!(pulses_at_the_next_call(&stage, 3), 1, "the card");
}

#[test]
fn a_sale_that_is_found_later_opens_no_drawer() {
    let stage = stage();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
    assert!(stage.printer().call().recover);
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    assert_eq!(pulses_at_the_next_call(&stage, 2), 0);
}

#[test]
fn a_printer_with_an_option_of_its_own_gets_no_pulse() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    assert_eq!(pulses_at_the_next_call(&stage, 2), 0);
}
