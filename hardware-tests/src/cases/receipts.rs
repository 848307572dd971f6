//! Sales, a refund, and recovery of a sale.

use ferrotill_core::Amount;
use ferrotill_device::printer::TextLine;
use ferrotill_device::{Baseline, Fault, Job, LineJob, ReceiptJob, Recovered, RefundOf};

use super::job::{CASH_OUT_BETWEEN, TAKEN_BACK, groups, line, payment, simple};
use crate::stage::{Played, TestStage, Verdict, because, plus, same};

/// A sale in two tax groups with a discount on each line, texts above, below and between, and payment by card and cash with change.
pub(super) fn sale_of_several_lines(stage: &mut TestStage<'_>) -> Played {
    let (first, second) = groups(stage);
    let job = Job::Receipt(ReceiptJob {
        refund_of: None,
        header: vec!["FERROTILL TEST".to_owned()],
        lines: vec![
            LineJob {
                notes: vec!["-15.00% = -2.43".to_owned()],
                ..line("Paine alba", second, 810, 2_000, -587)
            },
            line(
                "Apa minerala plata cu numele lung de tot",
                first,
                1_200,
                1_000,
                -375,
            ),
        ],
        footer: vec!["Mulțumim".to_owned()],
        total: Amount::from_minor(1_858),
        // The driver sends the cash payment last, whatever its place in this list.
        payments: vec![payment('P', true, 1_000), payment('D', false, 1_500)],
        change: Amount::from_minor(642),
    });
    let before = stage.now.clone();
    let sold = stage.registers(&job)?;
    let after = Baseline {
        last_document: before.last_document + 1,
        next_fiscal_receipt: before.next_fiscal_receipt + 1,
        cash: plus(before.cash, 358),
        ..before.clone()
    };
    same("counters", &stage.now, &after)?;
    same("its document", &sold.document, &stage.now.last_document)?;
    stage.sold = Some((job, before, sold.document));
    Ok(Verdict::Passed)
}

pub(super) fn sale_by_card(stage: &mut TestStage<'_>) -> Played {
    let (first, _) = groups(stage);
    let job = simple(
        line("Cafea", first, 400, 250, 0),
        100,
        payment('D', false, 100),
    );
    let cash = stage.now.cash;
    stage.registers(&job)?;
    same("cash in the drawer", &stage.now.cash, &cash)?;
    Ok(Verdict::Passed)
}

/// As after a crash of the host: the driver asks about a sale that was printed, and nothing is printed again.
pub(super) fn sale_asked_about_again(stage: &mut TestStage<'_>) -> Played {
    let (first, _) = groups(stage);
    let job = simple(
        line("Cafea", first, 400, 250, 0),
        100,
        payment('P', true, 100),
    );
    let back = Job::Cash(Amount::from_minor(-CASH_OUT_BETWEEN));
    let before = stage.now.clone();
    let sold = stage.registers(&job)?;
    let documents = stage.now.last_document;
    match stage.recovers(&job, &before)? {
        Recovered::Registered(again) => same("its document", &again.document, &sold.document)?,
        other => return Err(format!("ended as {other:?}")),
    }
    same("last document", &stage.now.last_document, &documents)?;
    stage.registers(&back)?;
    Ok(Verdict::Passed)
}

pub(super) fn sale_never_begun(stage: &mut TestStage<'_>) -> Played {
    let (first, _) = groups(stage);
    let job = simple(
        line("Ceai", first, 300, 1_000, 0),
        300,
        payment('P', true, 300),
    );
    let before = stage.now.clone();
    match stage.recovers(&job, &before)? {
        Recovered::Absent(_, refused) => because(&refused, Fault::NotExecuted)?,
        other => return Err(format!("ended as {other:?}")),
    }
    same("counters", &stage.now, &before)?;
    Ok(Verdict::Passed)
}

pub(super) fn refund(stage: &mut TestStage<'_>) -> Played {
    let (_, second) = groups(stage);
    let at = stage.clock()?;
    let (_, sale_before, document) = stage.sold.as_ref().ok_or("there is no sale")?;
    let refund_of = RefundOf {
        document: *document,
        at,
        fiscal_memory: sale_before.fiscal_memory.clone(),
        withdraw: true,
        slip: vec![TextLine::from("RETUR"), TextLine::from("Paine alba")],
    };
    let back = line("Paine alba", second, 810, 1_000, TAKEN_BACK - 810);
    let Job::Receipt(receipt) = simple(back, TAKEN_BACK, payment('P', true, TAKEN_BACK)) else {
        return Err("no receipt".to_owned());
    };
    let before = stage.now.clone();
    stage.registers(&Job::Receipt(ReceiptJob {
        refund_of: Some(refund_of),
        ..receipt
    }))?;
    same(
        "last document",
        &stage.now.last_document,
        &(before.last_document + 1),
    )?;
    same(
        "cash in the drawer",
        &stage.now.cash,
        &plus(before.cash, -TAKEN_BACK),
    )?;
    same("cash taken out", &stage.now.cash_out, &before.cash_out)?;
    Ok(Verdict::Passed)
}
