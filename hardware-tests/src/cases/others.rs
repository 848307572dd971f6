//! Questions, the clock, the cash drawer, and paper that registers nothing.

use ferrotill_core::Amount;
use ferrotill_device::{Baseline, Job};

use super::job::{CASH_IN, CASH_OUT};
use crate::stage::{Played, TestStage, Verdict, plus, same};

/// The questions that are allowed at any time: condition, clock, tax rates.
pub(super) fn questions(stage: &mut TestStage<'_>) -> Played {
    let told = stage.questions()?;
    same("tax groups, asked again", &told.groups, &stage.groups)?;
    if told.condition.fault().is_some() || told.condition.slip_open {
        return Err(format!(
            "the printer is not fit to print: {:?}",
            told.condition
        ));
    }
    let shape: String = told
        .clock
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '9' } else { letter })
        .collect();
    same(
        "the form of the printer's clock",
        &shape.as_str(),
        &"99-99-99 99:99:99",
    )?;
    Ok(Verdict::Passed)
}

/// Sets the clock to the time that it shows: this proves that the clock can be set, and changes nothing.
pub(super) fn clock_set(stage: &mut TestStage<'_>) -> Played {
    stage.sets_its_clock()
}

pub(super) fn cash_in(stage: &mut TestStage<'_>) -> Played {
    let before = stage.now.clone();
    stage.registers(&Job::Cash(Amount::from_minor(CASH_IN)))?;
    let after = Baseline {
        last_document: before.last_document + 1,
        cash: plus(before.cash, CASH_IN),
        cash_in: plus(before.cash_in, CASH_IN),
        ..before
    };
    same("counters", &stage.now, &after)?;
    Ok(Verdict::Passed)
}

pub(super) fn cash_out(stage: &mut TestStage<'_>) -> Played {
    let before = stage.now.clone();
    stage.registers(&Job::Cash(Amount::from_minor(-CASH_OUT)))?;
    same(
        "cash in the drawer",
        &stage.now.cash,
        &plus(before.cash, -CASH_OUT),
    )?;
    same(
        "cash taken out",
        &stage.now.cash_out,
        &plus(before.cash_out, CASH_OUT),
    )?;
    Ok(Verdict::Passed)
}

pub(super) fn duplicate(stage: &mut TestStage<'_>) -> Played {
    stage.prints_if_it_can(&Job::Duplicate)
}

pub(super) fn text(stage: &mut TestStage<'_>) -> Played {
    let before = stage.now.clone();
    let lines = ["BON DE PLATA", "ABC00000001", "Чай 3.00", "ăâîșț"];
    stage.registers(&Job::text(lines))?;
    let after = Baseline {
        last_document: before.last_document + 1,
        ..before
    };
    same("counters", &stage.now, &after)?;
    Ok(Verdict::Passed)
}

/// Whether the drawer opened cannot be checked by a program.
pub(super) fn drawer(stage: &mut TestStage<'_>) -> Played {
    let before = stage.now.clone();
    stage.registers(&Job::Drawer)?;
    same("counters", &stage.now, &before)?;
    Ok(Verdict::Passed)
}
