//! Jobs that must be refused, and the counters that must not change then.

use ferrotill_device::{Baseline, Fault, Job, Paper, Performed, ReceiptJob};

use super::job::{groups, line, payment, simple};
use crate::stage::{Played, TestStage, Verdict, because, plus, same};

pub(super) fn more_cash_out_than_there_is(stage: &mut TestStage<'_>) -> Played {
    let too_much = plus(stage.now.cash, 1)
        .checked_neg()
        .ok_or("the drawer is too full")?;
    let refused = stage.refuses(&Job::Cash(too_much))?;
    because(&refused, Fault::NotEnoughCash)?;
    Ok(Verdict::Passed)
}

/// The counters look as if another host had used the printer.
pub(super) fn wrong_counters(stage: &mut TestStage<'_>) -> Played {
    let (first, _) = groups(stage);
    let job = simple(
        line("Ceai", first, 300, 1_000, 0),
        300,
        payment('P', true, 300),
    );
    for (fault, wrong) in [
        (
            Fault::BaselineDiffers,
            Baseline {
                last_document: stage.now.last_document.wrapping_sub(1),
                ..stage.now.clone()
            },
        ),
        (
            Fault::PrinterSwapped,
            Baseline {
                serial: "ANOTHER".to_owned(),
                ..stage.now.clone()
            },
        ),
    ] {
        let documents = stage.now.last_document;
        match stage.performs_from(&job, &wrong)? {
            Performed::NotBegun(refused) => because(&refused, fault)?,
            other => return Err(format!("ended as {other:?}")),
        }
        same("last document", &stage.now.last_document, &documents)?;
    }
    Ok(Verdict::Passed)
}

/// The driver refuses a job that contradicts itself. A printer that computes another total cannot be tested here (see the README).
pub(super) fn total_that_is_not_the_sum(stage: &mut TestStage<'_>) -> Played {
    let (first, _) = groups(stage);
    let job = simple(
        line("Ceai", first, 300, 1_000, 0),
        299,
        payment('P', true, 299),
    );
    let documents = stage.now.last_document;
    let refused = stage.refuses(&job)?;
    because(&refused, Fault::JobNotPrintable)?;
    same("last document", &stage.now.last_document, &documents)?;
    Ok(Verdict::Passed)
}

/// The printer refuses the second line of an open receipt: the receipt is cancelled after the host has agreed.
pub(super) fn disabled_tax_group(stage: &mut TestStage<'_>) -> Played {
    let (first, _) = groups(stage);
    let disabled = (0_u8..).zip(stage.groups).find(|(_, rate)| rate.is_none());
    let Some((disabled, _)) = disabled else {
        return Ok(Verdict::Skipped(
            "every tax group of this printer is enabled",
        ));
    };
    let Job::Receipt(receipt) = simple(
        line("Ceai", first, 300, 1_000, 0),
        500,
        payment('P', true, 500),
    ) else {
        return Err("no receipt".to_owned());
    };
    let mut lines = receipt.lines.clone();
    lines.push(line("Nimic", disabled, 200, 1_000, 0));
    stage.refuses(&Job::Receipt(ReceiptJob { lines, ..receipt }))?;
    same("asked before cancelling", &stage.asked_to_cancel(), &true)?;
    Ok(Verdict::Passed)
}

pub(super) fn out_of_paper(stage: &mut TestStage<'_>) -> Played {
    if !stage.set_paper(Paper::Out) {
        return Ok(Verdict::Skipped(
            "the paper of this rig cannot be taken out",
        ));
    }
    let (first, _) = groups(stage);
    let job = simple(
        line("Ceai", first, 300, 1_000, 0),
        300,
        payment('P', true, 300),
    );
    let documents = stage.now.last_document;
    let refused = stage.refuses(&job);
    // The paper is loaded again first, whatever the outcome was.
    stage.set_paper(Paper::Ok);
    because(&refused?, Fault::PaperOut)?;
    same("last document", &stage.now.last_document, &documents)?;
    Ok(Verdict::Passed)
}
