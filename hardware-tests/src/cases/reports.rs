//! Reports, and the sums of the day that they show.

use ferrotill_core::Amount;
use ferrotill_device::{Job, PrinterReport};

use super::job::{
    BY_CARD, CASH_IN, CASH_KEPT, CASH_OUT, CASH_OUT_BETWEEN, FIRST_GROUP, SECOND_GROUP, TAKEN_BACK,
    groups,
};
use crate::stage::{Played, TestStage, Verdict, plus, same};

pub(super) fn x_report_before(stage: &mut TestStage<'_>) -> Played {
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

pub(super) fn x_report_after(stage: &mut TestStage<'_>) -> Played {
    let registered = stage.registers(&Job::XReport)?;
    let report = registered.report.ok_or("an X-report without figures")?;
    day_is_ours(stage, &report)?;
    Ok(Verdict::Passed)
}

pub(super) fn z_report(stage: &mut TestStage<'_>) -> Played {
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

/// Prints the Z-reports of the fiscal memory, selected by number and by date.
pub(super) fn fiscal_memory_reports(stage: &mut TestStage<'_>) -> Played {
    let Some(last) = stage.now.z_number else {
        return Ok(Verdict::Skipped(
            "the printer does not report the number of its last Z-report",
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

/// Checks that the sums of the day are the sums before the suite plus what the suite has added.
fn day_is_ours(stage: &TestStage<'_>, report: &PrinterReport) -> Result<(), String> {
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
