//! Periodic reports: the Z-reports of a period, on the printer or in the answer.
//!
//! In an answer they come from the journal. A fiscal printer prints them from its fiscal memory, if all of them are in the memory of the
//! connected printer; otherwise the report of the journal is printed as a slip. Nothing is stored.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;
use bytes::Bytes;
use ferrotill_core::Amount;
use ferrotill_core::event::{Reserved, Sealed};
use ferrotill_core::seal::Seal;
use ferrotill_device::printer::Job;
use ferrotill_render::{FigureSection, PeriodSums, PeriodView};

use super::create::overloaded;
use super::print_form::{PaperWish, PrintForm};
use super::problem::{done, faulty, success, unprocessable, unreadable};
use super::request::{self, Period, PeriodRequest, ReportNumber};
use crate::api::auth::SignatureInfo;
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::service::{Printout, Service};
use crate::config::Device;
use crate::object;
use crate::paper::{DocumentPaper, printed_seller};
use crate::time::clock::date_and_time;
use ferrotill_store::{StoreError, StoredDocument};

/// The largest number of Z-reports in a detailed report: those of more than a year. Sums have no limit.
const DETAILED_MAX: usize = 400;

/// `POST periodicreports`; with `print_only`, `POST periodicreports/print`.
pub(super) async fn make(
    service: &Arc<Service>,
    (device, signature): (&Device, SignatureInfo),
    print_only: bool,
    body: &Bytes,
) -> Response {
    let deadline = service.deadline(device.answer_timeout);
    let body = body.clone();
    let reading = service.work(
        Lane::Lists,
        move |service, thread| match JsonValue::of_body(&body, thread) {
            Ok(body) => request::period(&body, print_only, &service.clock),
            Err(fault) => PeriodRequest {
                faults: fault.into(),
                ..PeriodRequest::default()
            },
        },
    );
    let request = match service.within(deadline, reading).await {
        Some(request) => request,
        None => return overloaded(),
    };
    let PeriodRequest {
        period: Some(period),
        detailed,
        paper,
        faults,
    } = request
    else {
        return faulty(&request.faults);
    };
    if !faults.is_empty() {
        return faulty(&faults);
    }
    let made = match collect(service, device, (period, detailed, paper), deadline).await {
        Ok(made) => made,
        Err(response) => return response,
    };
    if paper == PaperWish::OnPrinter
        && let Err(problem) = service.print_paper(device, made.printout, signature).await
    {
        return unprocessable(&problem);
    }
    if print_only {
        return done();
    }
    let [media_type, content] = PrintForm::members(made.form.as_ref());
    success(object! {
        "printFormMediaType" => media_type,
        "printFormContent" => content,
    })
}

/// A periodic report, for the printer and for the answer.
struct MadeReport {
    printout: Printout,
    form: Option<PrintForm>,
}

/// Reads the Z-reports of the period and makes the report.
async fn collect(
    service: &Arc<Service>,
    device: &Device,
    (period, detailed, paper): (Period, bool, PaperWish),
    deadline: Instant,
) -> Result<MadeReport, Response> {
    let device = device.clone();
    let collecting = service.work(Lane::Lists, move |service, _| {
        let found = FoundReports::read(service, &device, &period, detailed)?;
        Ok::<_, StoreError>(
            found.map(|found| found.make(service, &device, &period, (detailed, paper))),
        )
    });
    match service.within(deadline, collecting).await {
        Some(Ok(Some(made))) => Ok(made),
        Some(Ok(None)) => Err(unprocessable(&Problem::new(
            "PeriodTooLong",
            format!(
                "detailed: the period has more than {DETAILED_MAX} Z-reports; ask for a shorter period, or for the sums only"
            ),
        ))),
        Some(Err(error)) => Err(unreadable(error)),
        None => Err(overloaded()),
    }
}

/// The Z-reports of a period.
#[derive(Default)]
struct FoundReports {
    sums: PeriodSums,
    sections: Vec<FigureSection>,
    /// The numbers of the first and the last one on their papers.
    numbers: Option<(u32, u32)>,
    /// The serial number of the printer in whose fiscal memory all of them are.
    in_memory_of: Option<String>,
}

impl FoundReports {
    /// Reads them in the order of their numbers; only one is in memory at a time. `None` if a detailed report has too many.
    fn read(
        service: &Service,
        device: &Device,
        period: &Period,
        detailed: bool,
    ) -> Result<Option<Self>, StoreError> {
        let mut found = Self::default();
        let facts = service.profile.facts();
        let words = printed_seller(&service.settings.owner).words(facts.language);
        let mut too_many = false;
        service.reader.each_z_report(device.id, |stored| {
            let Some((reserved, sealed)) = stored.reserved().zip(stored.sealed()) else {
                return ControlFlow::Continue(());
            };
            let number = number_on_paper(&reserved, &sealed);
            if !is_in(period, &stored, number, &sealed) {
                return ControlFlow::Continue(());
            }
            found.take(&reserved, &sealed, number);
            if let (true, Some(figures)) = (detailed, &sealed.report) {
                let (day, _) = date_and_time(reserved.at);
                let section = PeriodView::report(figures, (number, &day), facts.currency, words);
                found.sections.push(section);
            }
            too_many = found.sections.len() > DETAILED_MAX;
            if too_many {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok((!too_many).then_some(found))
    }

    fn take(&mut self, reserved: &Reserved<'_>, sealed: &Sealed<'_>, number: u32) {
        let is_first = self.numbers.is_none();
        let first = self.numbers.map_or(number, |(first, _)| first);
        self.numbers = Some((first, number));
        let (serial, printer_sales) = match (&sealed.seal, &reserved.baseline) {
            (Seal::Printer { counters, .. }, Some(baseline)) => (
                Some(baseline.serial).filter(|_| counters.is_some()),
                counters.and_then(|counters| sum_of(&counters.sales)),
            ),
            _ => (None, None),
        };
        if let Some(figures) = &sealed.report {
            self.sums.add(figures, printer_sales);
        }
        let same =
            serial.filter(|serial| is_first || self.in_memory_of.as_deref() == Some(*serial));
        self.in_memory_of = same.map(str::to_owned);
    }

    fn make(
        self,
        service: &Service,
        device: &Device,
        period: &Period,
        (detailed, wish): (bool, PaperWish),
    ) -> MadeReport {
        let from_memory = self.memory_job(service, device, period, detailed);
        let title = title_of(period, self.numbers);
        let now = service.guard.now();
        let paper = PrintForm::shop(service, device, |shop| {
            DocumentPaper::of_period(&self.sums, self.sections, &title, now, shop)
        });
        let form = PrintForm::of_paper(&paper, wish);
        let printout = match from_memory {
            Some(job) => Printout::OwnReport(job),
            None => Printout::Paper(paper),
        };
        MadeReport { printout, form }
    }

    /// The printer's own report, if its fiscal memory has all of these Z-reports.
    fn memory_job(
        &self,
        service: &Service,
        device: &Device,
        period: &Period,
        detailed: bool,
    ) -> Option<Job> {
        let (first, last) = self.numbers?;
        let serial = self.in_memory_of.as_ref()?;
        if service.live_status.printer(device.id).serial != *serial {
            return None;
        }
        Some(match period {
            Period::Numbers(..) => Job::ByNumber {
                first,
                last,
                detailed,
            },
            Period::Days(first, last) => Job::ByDate {
                first: first.strftime("%d%m%y").to_string(),
                last: last.strftime("%d%m%y").to_string(),
                detailed,
            },
        })
    }
}

/// The number of a Z-report as its paper shows it: the printer's, or the till's if no printer has made it.
fn number_on_paper(reserved: &Reserved<'_>, sealed: &Sealed<'_>) -> u32 {
    match &sealed.seal {
        Seal::Printer {
            counters: Some(counters),
            ..
        } => counters.z_number,
        _ => reserved.z_number,
    }
}

fn sum_of(amounts: &[Amount; 8]) -> Option<Amount> {
    amounts
        .iter()
        .try_fold(Amount::ZERO, |sum, amount| sum.checked_add(*amount))
}

fn is_in(period: &Period, stored: &StoredDocument, number: u32, sealed: &Sealed<'_>) -> bool {
    match period {
        Period::Days(first, last) => {
            let day = crate::time::clock::local(sealed.at).date();
            (*first..=*last).contains(&day)
        }
        Period::Numbers(first, last) => {
            let of_document = stored.row.number.unwrap_or(0);
            let of = |named: ReportNumber| match named {
                ReportNumber::OnPaper(wanted) => (number, wanted),
                ReportNumber::OfDocument(wanted) => (of_document, wanted),
            };
            let ((lower, from), (upper, until)) = (of(*first), of(*last));
            lower >= from && upper <= until
        }
    }
}

/// The period as it is shown: the numbers that were found, or the days that were asked for.
fn title_of(period: &Period, numbers: Option<(u32, u32)>) -> String {
    match (period, numbers) {
        (Period::Days(first, last), _) => format!(
            "{} - {}",
            first.strftime("%d.%m.%Y"),
            last.strftime("%d.%m.%Y")
        ),
        (Period::Numbers(..), Some((first, last))) => format!("Z {first} - {last}"),
        (Period::Numbers(first, last), None) => {
            let [first, last] = [first, last].map(|named| match named {
                ReportNumber::OnPaper(number) => number.to_string(),
                ReportNumber::OfDocument(number) => format!("{number:08}"),
            });
            format!("Z {first} - {last}")
        }
    }
}
