//! The cases, in the order of a short day that ends with a Z-report.

mod job;
mod others;
mod receipts;
mod refusals;
mod reports;

use crate::stage::{Played, TestStage};

type Play = fn(&mut TestStage<'_>) -> Played;

/// Every case with its name.
pub(crate) const ALL: [(&str, Play); 21] = [
    ("questions", others::questions),
    ("x_report_before", reports::x_report_before),
    ("cash_in", others::cash_in),
    ("sale_of_several_lines", receipts::sale_of_several_lines),
    ("sale_by_card", receipts::sale_by_card),
    ("duplicate", others::duplicate),
    ("sale_asked_about_again", receipts::sale_asked_about_again),
    ("sale_never_begun", receipts::sale_never_begun),
    ("refund", receipts::refund),
    ("cash_out", others::cash_out),
    (
        "more_cash_out_than_there_is",
        refusals::more_cash_out_than_there_is,
    ),
    ("wrong_counters", refusals::wrong_counters),
    (
        "total_that_is_not_the_sum",
        refusals::total_that_is_not_the_sum,
    ),
    ("disabled_tax_group", refusals::disabled_tax_group),
    ("out_of_paper", refusals::out_of_paper),
    ("text", others::text),
    ("drawer", others::drawer),
    ("x_report_after", reports::x_report_after),
    ("z_report", reports::z_report),
    ("fiscal_memory_reports", reports::fiscal_memory_reports),
    ("clock_set", others::clock_set),
];
