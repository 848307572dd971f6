//! Tests of what the authority answers about registrations.

use ferrotill_core::event::{RegistrationAnswered, RegistrationStep, RegistrationWanted};

use super::shop::*;
use crate::RegistrationState;

const STEP: RegistrationStep = RegistrationStep::CashBox;
const SUBJECT: &str = "KASSE-1";

fn want(shop: &mut Shop) -> i64 {
    let mut batch = shop.store.batch().unwrap();
    let wanted = RegistrationWanted {
        at: moment(shop.now),
        step: STEP,
        subject: SUBJECT,
        row: 0,
    };
    batch.append_registration_wanted(wanted).unwrap();
    batch.commit().unwrap();
    registration(shop).0
}

fn answer(shop: &mut Shop, due_seq: Option<i64>) {
    let mut batch = shop.store.batch().unwrap();
    let answered = RegistrationAnswered {
        at: moment(shop.now),
        step: STEP,
        subject: SUBJECT,
        done: true,
        code: "0",
        message: "",
    };
    batch
        .append_registration_answered(answered, due_seq)
        .unwrap();
    batch.commit().unwrap();
}

/// The journal row that has made the step due, and its state.
fn registration(shop: &Shop) -> (i64, RegistrationState) {
    let found = shop.reader().registration(STEP, SUBJECT).unwrap().unwrap();
    (found.due_seq, found.state)
}

#[test]
fn an_answer_does_not_count_for_a_step_that_has_become_due_again() {
    let mut shop = Shop::new();
    let first = want(&mut shop);
    // The taxpayer changes while the answer for the first one is on its way.
    let second = want(&mut shop);
    assert!(second > first);
    let rows = shop.rows();
    answer(&mut shop, Some(first));
    assert_eq!(registration(&shop), (second, RegistrationState::Waiting));
    assert_eq!(shop.rows(), rows, "nothing is written");
    answer(&mut shop, Some(second));
    assert_eq!(registration(&shop), (second, RegistrationState::Done));
}

#[test]
fn a_persons_answer_counts_whenever_the_step_has_become_due() {
    let mut shop = Shop::new();
    let due = want(&mut shop);
    answer(&mut shop, None);
    assert_eq!(registration(&shop), (due, RegistrationState::Done));
}
