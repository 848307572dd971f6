//! Reads the bodies of periodic reports.

use jiff::civil::{Date, DateTime};

use super::shared::paper_wish;
use crate::api::fiscalcloud::print_form::PaperWish;
use crate::api::json::{FaultList, Fields, JsonValue, shortened};
use crate::time::clock::Clock;

/// The Z-reports that a periodic report is about. Both ends are included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalcloud) enum Period {
    /// From one number to another.
    Numbers(ReportNumber, ReportNumber),
    /// From one local day to another.
    Days(Date, Date),
}

/// How a caller names a Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::fiscalcloud) enum ReportNumber {
    /// By the number of the Z-report, as its paper shows it.
    OnPaper(u32),
    /// By the number of the document, with its eight digits.
    OfDocument(u32),
}

/// The result of reading the body of a periodic report.
#[derive(Debug, Default)]
pub(in crate::api::fiscalcloud) struct PeriodRequest {
    /// `None` if the body does not say which; then there is a fault.
    pub(in crate::api::fiscalcloud) period: Option<Period>,
    /// True if each Z-report is wanted, and not only the sums.
    pub(in crate::api::fiscalcloud) detailed: bool,
    /// Where the report is wanted.
    pub(in crate::api::fiscalcloud) paper: PaperWish,
    pub(in crate::api::fiscalcloud) faults: FaultList,
}

/// Reads the body of a periodic report. The settings of the period stand in `reportSettings`; a body of `periodicreports/print`
/// (`flat`) may have them without it, as the vendor's document says, and has no other fields.
pub(in crate::api::fiscalcloud) fn period(
    body: &JsonValue,
    flat: bool,
    clock: &Clock,
) -> PeriodRequest {
    let mut request = PeriodRequest::default();
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    if !flat {
        request.paper = paper_wish(&mut fields);
    }
    match fields.member("reportSettings") {
        Some(node) => {
            let mut settings = Fields::of(node, "reportSettings", fields.faults());
            (request.period, request.detailed) = settings_of(&mut settings, clock);
            settings.finish();
        }
        None if flat => (request.period, request.detailed) = settings_of(&mut fields, clock),
        None => fields.fault(
            "reportSettings",
            "Missing",
            "is needed; give filterType, and the two numbers or the two dates",
        ),
    }
    fields.finish();
    request.faults = faults;
    request
}

fn settings_of(fields: &mut Fields<'_, '_>, clock: &Clock) -> (Option<Period>, bool) {
    let detailed = fields.boolean("detailed").unwrap_or(false);
    let by_date = fields.choice(
        "filterType",
        &[("ByDate", true), ("ByZReportNumber", false)],
    );
    let given = fields.member("filterType");
    if is_empty(given) {
        fields.fault(
            "filterType",
            "Missing",
            "is needed; give ByDate or ByZReportNumber",
        );
    }
    let period = match by_date {
        // Generated clients send zeros for the pair that is not meant.
        Some(true) => {
            fields.known(&["firstZReportNumber", "lastZReportNumber"]);
            days(fields, clock)
        }
        Some(false) => {
            fields.known(&["startDate", "endDate"]);
            numbers(fields)
        }
        None => {
            fields.known(&[
                "firstZReportNumber",
                "lastZReportNumber",
                "startDate",
                "endDate",
            ]);
            None
        }
    };
    (period, detailed)
}

fn numbers(fields: &mut Fields<'_, '_>) -> Option<Period> {
    let first = number(fields, "firstZReportNumber");
    let last = number(fields, "lastZReportNumber");
    let (first, last) = first.zip(last)?;
    if let (ReportNumber::OnPaper(one), ReportNumber::OnPaper(other))
    | (ReportNumber::OfDocument(one), ReportNumber::OfDocument(other)) = (first, last)
        && one > other
    {
        fields.fault(
            "lastZReportNumber",
            REVERSED,
            "is before firstZReportNumber; exchange the two",
        );
        return None;
    }
    Some(Period::Numbers(first, last))
}

fn number(fields: &mut Fields<'_, '_>, name: &str) -> Option<ReportNumber> {
    let text = match fields.member(name) {
        Some(JsonValue::Text(text) | JsonValue::Number(text)) if !text.trim().is_empty() => {
            text.trim()
        }
        Some(JsonValue::Text(_)) | None => {
            fields.fault(name, "Missing", "is needed with ByZReportNumber");
            return None;
        }
        Some(_) => {
            fields.text(name);
            return None;
        }
    };
    let number = text.parse().ok().filter(|_| text.len() <= DOCUMENT_DIGITS);
    let number = number.map(|number| match text.len() {
        DOCUMENT_DIGITS => ReportNumber::OfDocument(number),
        _ => ReportNumber::OnPaper(number),
    });
    if number.is_none() {
        let sentence = format!(
            "is {:?}; write the number of the Z-report, or the eight digits of its numberPresentation",
            shortened(text)
        );
        fields.fault(name, "NotANumber", sentence);
    }
    number
}

fn days(fields: &mut Fields<'_, '_>, clock: &Clock) -> Option<Period> {
    let first = day(fields, "startDate", clock);
    let last = day(fields, "endDate", clock);
    let (first, last) = first.zip(last)?;
    if first > last {
        fields.fault("endDate", REVERSED, "is before startDate; exchange the two");
        return None;
    }
    Some(Period::Days(first, last))
}

/// The local day of a date or a time. Without an offset it is a local one.
fn day(fields: &mut Fields<'_, '_>, name: &str, clock: &Clock) -> Option<Date> {
    let Some(text) = fields.text(name).filter(|text| !text.is_empty()) else {
        let is_text = matches!(fields.member(name), Some(JsonValue::Text(_)) | None);
        if is_text {
            fields.fault(name, "Missing", "is needed with ByDate");
        }
        return None;
    };
    let with_offset = text.parse::<jiff::Timestamp>().ok();
    let day = match with_offset {
        Some(at) => Some(crate::time::clock::local(clock.moment(at.as_millisecond())).date()),
        None => {
            let time = text.parse::<DateTime>().map(DateTime::date);
            time.or_else(|_| text.parse::<Date>()).ok()
        }
    };
    if day.is_none() {
        let sentence = format!(
            "is {:?}; write a date such as 2026-11-28, or a time such as 2026-11-28T00:00:00",
            shortened(&text)
        );
        fields.fault(name, "NotADate", sentence);
    }
    day
}

/// Whether a value is absent or the empty text.
fn is_empty(value: Option<&JsonValue>) -> bool {
    value.is_none_or(|value| *value == JsonValue::Text(String::new()))
}

/// The code of a period whose end is before its beginning.
const REVERSED: &str = "PeriodReversed";
/// The number of digits of a document's `numberPresentation`.
const DOCUMENT_DIGITS: usize = 8;
