//! The cases, in the order of a short day that ends with a Z-report.

use ferrotill_core::{Amount, Quantity};
use ferrotill_device::{
    Baseline, Fault, Job, LineJob, Outcome, Paper, PaymentJob, PrinterReport, ReceiptJob, RefundOf,
};

use crate::suite::{Played, Stage, Verdict, because, plus, same};

type Play = fn(&mut Stage<'_>) -> Played;

/// Every case with its name.
pub(crate) const ALL: [(&str, Play); 21] = [
    ("questions", questions),
    ("x_report_before", x_report_before),
    ("cash_in", cash_in),
    ("sale_of_several_lines", sale_of_several_lines),
    ("sale_by_card", sale_by_card),
    ("duplicate", duplicate),
    ("sale_asked_about_again", sale_asked_about_again),
    ("sale_never_begun", sale_never_begun),
    ("refund", refund),
    ("cash_out", cash_out),
    ("more_cash_out_than_there_is", more_cash_out_than_there_is),
    ("wrong_counters", wrong_counters),
    ("total_that_is_not_the_sum", total_that_is_not_the_sum),
    ("disabled_tax_group", disabled_tax_group),
    ("out_of_paper", out_of_paper),
    ("text", text),
    ("drawer", drawer),
    ("x_report_after", x_report_after),
    ("z_report", z_report),
    ("fiscal_memory_reports", fiscal_memory_reports),
    ("clock_set", clock_set),
];

/// What the suite sells in the first enabled tax group (three sales), and in the second.
const FIRST_GROUP: i64 = 825 + 100 + 100;
const SECOND_GROUP: i64 = 1_033;
/// What it takes back, of the second group.
const TAKEN_BACK: i64 = 517;
/// What is paid by card.
const BY_CARD: i64 = 1_500 + 100;
/// What stays in the drawer of the sales for cash.
const CASH_KEPT: i64 = 358 + 100;
const CASH_IN: i64 = 10_000;
/// What is taken out, in two parts.
const CASH_OUT: i64 = 5_000;
const CASH_OUT_BETWEEN: i64 = 100;

fn x_report_before(stage: &mut Stage<'_>) -> Played {
    let registered = stage.registers(&Job::XReport)?;
    let report = registered.report.ok_or("an X-report without figures")?;
    if let Some(last) = stage.now.z_number {
        same(
            "number of the coming Z-report",
            &report.z_number,
            &Some(last + 1),
        )?;
    }
    stage.begun_with = Some(report);
    Ok(Verdict::Passed)
}

fn cash_in(stage: &mut Stage<'_>) -> Played {
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

/// Two groups, a discount on each line, text above, below and between, card and cash with change.
fn sale_of_several_lines(stage: &mut Stage<'_>) -> Played {
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
        // Cash goes to the printer last, whatever its place here.
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

fn sale_by_card(stage: &mut Stage<'_>) -> Played {
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

/// The host has crashed, say: it asks about a sale that was printed, and nothing is printed again.
fn sale_asked_about_again(stage: &mut Stage<'_>) -> Played {
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
        Outcome::Registered(again) => same("its document", &again.document, &sold.document)?,
        other => return Err(format!("ended as {other:?}")),
    }
    same("last document", &stage.now.last_document, &documents)?;
    stage.registers(&back)?;
    Ok(Verdict::Passed)
}

fn sale_never_begun(stage: &mut Stage<'_>) -> Played {
    let (first, _) = groups(stage);
    let job = simple(
        line("Ceai", first, 300, 1_000, 0),
        300,
        payment('P', true, 300),
    );
    let before = stage.now.clone();
    match stage.recovers(&job, &before)? {
        Outcome::NotRegistered(refused) => because(&refused, Fault::NotExecuted)?,
        other => return Err(format!("ended as {other:?}")),
    }
    same("counters", &stage.now, &before)?;
    Ok(Verdict::Passed)
}

fn refund(stage: &mut Stage<'_>) -> Played {
    let (_, second) = groups(stage);
    let at = stage.clock()?;
    let (_, sale_before, document) = stage.sold.as_ref().ok_or("there is no sale")?;
    let refund_of = RefundOf {
        document: *document,
        at,
        fiscal_memory: sale_before.fiscal_memory.clone(),
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

fn cash_out(stage: &mut Stage<'_>) -> Played {
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

fn more_cash_out_than_there_is(stage: &mut Stage<'_>) -> Played {
    let too_much = plus(stage.now.cash, 1)
        .checked_neg()
        .ok_or("the drawer is too full")?;
    let refused = stage.refuses(&Job::Cash(too_much))?;
    because(&refused, Fault::NotEnoughCash)?;
    Ok(Verdict::Passed)
}

/// Somebody else has used the printer, as far as the host can tell.
fn wrong_counters(stage: &mut Stage<'_>) -> Played {
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
            Outcome::NotRegistered(refused) => because(&refused, fault)?,
            other => return Err(format!("ended as {other:?}")),
        }
        same("last document", &stage.now.last_document, &documents)?;
    }
    Ok(Verdict::Passed)
}

/// The driver refuses what contradicts itself. A printer that adds up in another way cannot be had by asking: see the README.
fn total_that_is_not_the_sum(stage: &mut Stage<'_>) -> Played {
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

/// The receipt is open already when the printer refuses its second line: it is cancelled, after the host has agreed.
fn disabled_tax_group(stage: &mut Stage<'_>) -> Played {
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

fn out_of_paper(stage: &mut Stage<'_>) -> Played {
    if !stage.set_paper(Paper::Out) {
        return Ok(Verdict::Skipped(
            "nobody can take the paper out of this rig",
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
    // Whatever came of it, the paper goes back first.
    stage.set_paper(Paper::Ok);
    because(&refused?, Fault::PaperOut)?;
    same("last document", &stage.now.last_document, &documents)?;
    Ok(Verdict::Passed)
}

fn text(stage: &mut Stage<'_>) -> Played {
    let before = stage.now.clone();
    let lines = ["BON DE PLATA", "ABC00000001", "Чай 3.00", "ăâîșț"];
    stage.registers(&Job::Text(lines.map(str::to_owned).to_vec()))?;
    let after = Baseline {
        last_document: before.last_document + 1,
        ..before
    };
    same("counters", &stage.now, &after)?;
    Ok(Verdict::Passed)
}

/// Nothing tells whether it opened: whoever stands there may look.
fn drawer(stage: &mut Stage<'_>) -> Played {
    let before = stage.now.clone();
    stage.registers(&Job::Drawer)?;
    same("counters", &stage.now, &before)?;
    Ok(Verdict::Passed)
}

fn x_report_after(stage: &mut Stage<'_>) -> Played {
    let registered = stage.registers(&Job::XReport)?;
    let report = registered.report.ok_or("an X-report without figures")?;
    day_is_ours(stage, &report)?;
    Ok(Verdict::Passed)
}

fn z_report(stage: &mut Stage<'_>) -> Played {
    let before = stage.now.clone();
    let registered = stage.registers(&Job::ZReport)?;
    let report = registered.report.ok_or("a Z-report without figures")?;
    if let Some(last) = before.z_number {
        same("its number", &report.z_number, &Some(last + 1))?;
        same("the printer's number", &stage.now.z_number, &Some(last + 1))?;
    }
    day_is_ours(stage, &report)?;
    Ok(Verdict::Passed)
}

/// What can be asked at any time: condition, clock, tax rates.
fn questions(stage: &mut Stage<'_>) -> Played {
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
        "the form of its clock",
        &shape.as_str(),
        &"99-99-99 99:99:99",
    )?;
    Ok(Verdict::Passed)
}

fn duplicate(stage: &mut Stage<'_>) -> Played {
    stage.prints_if_it_can(&Job::Duplicate)
}

/// The Z-reports of the fiscal memory, in every way that they can be asked for.
fn fiscal_memory_reports(stage: &mut Stage<'_>) -> Played {
    let Some(last) = stage.now.z_number else {
        return Ok(Verdict::Skipped(
            "the printer does not tell the number of its last Z-report",
        ));
    };
    let day: String = stage.clock()?.chars().take(6).collect();
    for detailed in [false, true] {
        let by_number = Job::ByNumber {
            first: last,
            last,
            detailed,
        };
        let by_date = Job::ByDate {
            first: day.clone(),
            last: day.clone(),
            detailed,
        };
        for job in [by_number, by_date] {
            let played = stage.prints_if_it_can(&job)?;
            if played != Verdict::Passed {
                return Ok(played);
            }
        }
    }
    Ok(Verdict::Passed)
}

/// The clock is set to what it says: it stays where it is, and shows that it can be set.
fn clock_set(stage: &mut Stage<'_>) -> Played {
    stage.sets_its_clock()
}

/// The day is what it was before, and what the suite has added.
fn day_is_ours(stage: &Stage<'_>, report: &PrinterReport) -> Result<(), String> {
    let before = stage.begun_with.as_ref().ok_or("no report to begin with")?;
    let (first, second) = groups(stage);
    let mut groups = before.groups;
    let mut refunds = before.refunds;
    for (place, sold, taken_back) in [(first, FIRST_GROUP, 0), (second, SECOND_GROUP, TAKEN_BACK)] {
        let place = usize::from(place);
        groups[place] = plus(groups[place], sold);
        if let Some(refunds) = &mut refunds {
            refunds[place] = plus(refunds[place], taken_back);
        }
    }
    same("sales by tax group", &report.groups, &groups)?;
    same("refunds by tax group", &report.refunds, &refunds)?;
    let more = |before: Option<Amount>, more| before.map(|before| plus(before, more));
    same(
        "cash put in",
        &report.cash_in,
        &more(before.cash_in, CASH_IN),
    )?;
    same(
        "cash taken out",
        &report.cash_out,
        &more(before.cash_out, CASH_OUT + CASH_OUT_BETWEEN),
    )?;
    let cash = CASH_IN + CASH_KEPT - TAKEN_BACK - CASH_OUT - CASH_OUT_BETWEEN;
    same("cash in the drawer", &report.cash, &more(before.cash, cash))?;
    let by_card = |report: &PrinterReport| {
        let payments = report.payments.as_ref()?;
        payments
            .iter()
            .find(|total| total.letter == 'D')
            .map(|total| total.amount)
    };
    same(
        "paid by card",
        &by_card(report),
        &more(by_card(before), BY_CARD),
    )
}

/// The first two enabled tax groups; the same one twice where there is only one.
fn groups(stage: &Stage<'_>) -> (u8, u8) {
    let mut enabled = (0_u8..)
        .zip(stage.groups)
        .filter(|(_, rate)| rate.is_some())
        .map(|(group, _)| group);
    let first = enabled.next().unwrap_or(0);
    (first, enabled.next().unwrap_or(first))
}

fn simple(line: LineJob, total: i64, payment: PaymentJob) -> Job {
    Job::Receipt(ReceiptJob {
        refund_of: None,
        header: Vec::new(),
        lines: vec![line],
        footer: Vec::new(),
        total: Amount::from_minor(total),
        payments: vec![payment],
        change: Amount::ZERO,
    })
}

fn line(name: &str, group: u8, price: i64, thousandths: i64, adjustment: i64) -> LineJob {
    LineJob {
        name: name.to_owned(),
        group,
        price: Amount::from_minor(price),
        quantity: Quantity::from_thousandths(thousandths),
        adjustment: Amount::from_minor(adjustment),
        notes: Vec::new(),
    }
}

fn payment(letter: char, cash: bool, amount: i64) -> PaymentJob {
    PaymentJob {
        letter,
        cash,
        amount: Amount::from_minor(amount),
    }
}
