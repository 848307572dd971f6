//! The state of the till as people read it: "can I sell", the parts, and the problems. It is what `status` says, in the person's language.

use std::fmt::Write as _;

use ferrotill_core::Amount;
use ferrotill_store::{OpenShift, StoreError};

use super::super::words::{Words, filled};
use crate::api::html::escaped;
use crate::api::json::JsonValue;
use crate::api::own::health::health_of;
use crate::api::readiness::{Hindrance, TillState, part_of};
use crate::api::service::Service;
use crate::config::{Device, NO_PRINTER};
use crate::status::objections::{Objection, ObjectionKind};
use crate::status::problems::{HealthProblem, ProblemKind, Severity};
use crate::time::clock::date_and_time;

/// The state of the till, from the same source as `status`. It reads the store.
#[must_use]
pub fn till_state(service: &Service) -> TillState {
    let (_, health) = health_of(service);
    let not_ready = service.live_status.why_not_ready(service.clock.monotonic());
    TillState::of_health(
        "",
        not_ready,
        &health,
        &service.settings.devices,
        &service.reader,
        &service.clock,
    )
}

/// What tells one state from another without reading the store.
#[must_use]
pub fn mark(service: &Service) -> String {
    let (_, mut health) = health_of(service);
    if let JsonValue::Object(members) = &mut health {
        // They change every second.
        members.retain(|(name, _)| !matches!(&**name, "clock" | "offline"));
    }
    let minutes = service.offline_remaining_s().map(|seconds| seconds / 60);
    let ready = service.live_status.why_not_ready(service.clock.monotonic());
    let now_minute = service.guard.now().utc_ms / 60_000;
    let last = service.live_status.store().figures;
    format!("{health}{minutes:?}{ready:?}{now_minute}{last:?}")
}

/// "Can I sell", in big letters.
#[must_use]
pub fn kiosk(service: &Service, words: &Words) -> String {
    let state = till_state(service);
    let Some(hindrance) = state.hindrance() else {
        return format!("<div class=\"answer yes\"><h1>{}</h1></div>\n", words.ready);
    };
    let (why, fix) = in_words(hindrance, service, words);
    format!(
        "<div class=\"answer no\"><h1>{}</h1>\n<p class=why>{why}</p>\n<p class=fix><strong>{}:</strong> {fix}</p></div>\n<details><summary>{}</summary><p lang=en>{}</p><p lang=en>{}</p></details>\n",
        words.not_ready,
        words.what_to_do,
        words.details,
        escaped(&hindrance.why),
        escaped(&hindrance.fix),
    )
}

/// The headline and the parts, for a person who has signed in.
///
/// # Errors
///
/// [`StoreError`] if the store cannot be read.
pub fn overview(service: &Service, words: &Words) -> Result<String, StoreError> {
    let state = till_state(service);
    let mut text = match state.hindrance() {
        None => format!(
            "<div class=\"answer yes small\"><h1>{}</h1></div>\n",
            words.ready
        ),
        Some(hindrance) => {
            let (why, fix) = in_words(hindrance, service, words);
            format!(
                "<div class=\"answer no small\"><h1>{}</h1><p class=why>{why}</p><p class=fix><strong>{}:</strong> {fix}</p></div>\n",
                words.not_ready, words.what_to_do
            )
        }
    };
    text.push_str(&problems(service, words));
    text.push_str("<div class=cards>\n");
    for device in &service.settings.devices {
        text.push_str(&printer(service, device, words));
        let shift = service.reader.open_shift(device.id)?;
        text.push_str(&shift_card(service, (device, shift), words));
        let cash = service.reader.printer_cash(device.id)?;
        text.push_str(&drawer(service, (device, cash), words));
    }
    text.push_str(&office(service, words));
    text.push_str(&queue(service, words));
    text.push_str(&clock(service, words));
    Ok(text + "</div>\n")
}

/// A card: `state` is `good`, `bad` or empty.
fn card(title: &str, state: &str, lines: &[String]) -> String {
    let mut text = format!("<section class=\"card {state}\"><h2>{title}</h2>");
    for (place, line) in lines.iter().enumerate() {
        let class = if place == 0 { " class=main" } else { "" };
        let _ = write!(text, "<p{class}>{line}</p>");
    }
    text + "</section>\n"
}

/// The name of a device, if there are several.
fn with_device(service: &Service, device: &Device, title: &str) -> String {
    if service.settings.devices.len() > 1 {
        format!("{title} · {}", escaped(&device.name))
    } else {
        title.to_owned()
    }
}

fn printer(service: &Service, device: &Device, words: &Words) -> String {
    let title = with_device(service, device, words.part_printer);
    if device.uri == NO_PRINTER {
        return card(&title, "good", &[words.printer_none.to_owned()]);
    }
    let printer = service.live_status.printer(device.id);
    let trouble = printer.trouble.is_some() || printer.condition.is_some();
    let says = match (printer.connected, &printer.condition) {
        (true, None) => words.printer_connected,
        (true, Some(_)) => words.why_condition,
        (false, _) => words.printer_connecting,
    };
    let state = if printer.connected && !trouble && !printer.refuses_receipts {
        "good"
    } else {
        "bad"
    };
    let mut lines = vec![says.to_owned()];
    let model = format!("{} {}", printer.model, printer.serial);
    lines.extend(Some(escaped(model.trim())).filter(|model| !model.is_empty()));
    card(&title, state, &lines)
}

fn shift_card(
    service: &Service,
    (device, shift): (&Device, Option<OpenShift>),
    words: &Words,
) -> String {
    let title = with_device(service, device, words.part_shift);
    let lines = match shift {
        None => vec![words.shift_closed.to_owned()],
        Some(shift) => vec![
            filled(
                words.shift_open,
                &[("time", &local_time(service, shift.first_ms))],
            ),
            filled(
                words.shift_documents,
                &[("count", &shift.documents.to_string())],
            ),
        ],
    };
    card(&title, "good", &lines)
}

fn drawer(service: &Service, (device, cash): (&Device, Option<Amount>), words: &Words) -> String {
    let title = with_device(service, device, words.part_drawer);
    let lines = match cash {
        Some(cash) => vec![money(service, cash), words.drawer_cash.to_owned()],
        None => vec![words.drawer_unknown.to_owned()],
    };
    card(&title, "", &lines)
}

fn office(service: &Service, words: &Words) -> String {
    let authority = service.live_status.office();
    let (says, state) = match authority.state.as_str() {
        "online" => (words.office_online, "good"),
        "suspect" => (words.office_suspect, "bad"),
        "offline" => (words.office_offline, "bad"),
        "recovering" => (words.office_recovering, "good"),
        _ => (words.office_none, ""),
    };
    card(words.part_office, state, &[says.to_owned()])
}

fn queue(service: &Service, words: &Words) -> String {
    let unsent = service.live_status.store().figures.unsent;
    let count = |word, count: u32| filled(word, &[("count", &count.to_string())]);
    let mut lines = Vec::new();
    if unsent.documents == 0 {
        lines.push(words.queue_empty.to_owned());
    } else {
        lines.push(count(words.queue_waiting, unsent.documents));
        let sold = money(service, Amount::from_minor(unsent.sold));
        lines.push(filled(words.queue_money, &[("amount", &sold)]));
        lines.extend(
            unsent
                .oldest_ms
                .map(|oldest| filled(words.queue_since, &[("time", &local_time(service, oldest))])),
        );
        lines.push(match service.offline_remaining_s() {
            None => words.queue_unlimited.to_owned(),
            Some(seconds) => {
                let minutes = seconds.max(0) / 60;
                let values = [
                    ("hours", &*(minutes / 60).to_string()),
                    ("minutes", &*(minutes % 60).to_string()),
                ];
                let left = filled(words.hours_minutes, &values);
                filled(words.queue_left, &[("left", &left)])
            }
        });
    }
    if unsent.refused > 0 {
        lines.push(count(words.queue_refused, unsent.refused));
    }
    let state = if unsent.refused > 0 { "bad" } else { "good" };
    card(words.part_queue, state, &lines)
}

fn clock(service: &Service, words: &Words) -> String {
    let (date, time) = date_and_time(service.guard.now());
    let time = time.get(..5).unwrap_or(&time);
    let state = if service.guard.problem().is_some() {
        "bad"
    } else {
        "good"
    };
    card(words.part_clock, state, &[format!("{date} {time}")])
}

/// The problems that `/healthz` lists, the worst first, with one thing to do for each.
fn problems(service: &Service, words: &Words) -> String {
    let mut list = service.live_status.problems().list();
    list.sort_by_key(|problem| std::cmp::Reverse(problem.kind.severity));
    if list.is_empty() {
        return String::new();
    }
    let mut text = format!("<section><h2>{}</h2><ul class=problems>\n", words.problems);
    for problem in &list {
        let printer = problem
            .device
            .filter(|_| problem.kind == ProblemKind::OBJECTIONS)
            .map(|device| service.live_status.printer(device));
        match printer {
            Some(printer) if !printer.objections.is_empty() => {
                text.push_str(&objection_items(&printer.objections, words));
            }
            _ => text.push_str(&problem_item(problem, service, words)),
        }
    }
    text + "</ul></section>\n"
}

/// What speaks against a printer: one item for each kind, because each asks a person for something else.
fn objection_items(objections: &[Objection], words: &Words) -> String {
    let mut text = String::new();
    let mut done = Vec::new();
    for Objection { kind, .. } in objections {
        if done.contains(kind) {
            continue;
        }
        done.push(*kind);
        let of_kind = || objections.iter().filter(|it| it.kind == *kind);
        let (title, fix) = words_of_objection(*kind, words);
        let _ = write!(text, "<li class=bad><h3>{title}</h3><p>{fix}</p>");
        let says: Vec<&str> = of_kind().map(Objection::says).collect();
        let fixes: Vec<&str> = of_kind().filter_map(Objection::fix).collect();
        text.push_str(&details(title, &says.join("; "), &fixes.join("; "), words));
    }
    text
}

/// The end of an item: what the English text of `/healthz` says.
fn details(title: &str, says: &str, fix: &str, words: &Words) -> String {
    let fix = match fix {
        "" => String::new(),
        fix => format!("<p lang=en>{}</p>", escaped(fix)),
    };
    format!(
        "<details><summary>{} <span class=hidden>: {title}</span></summary><p lang=en>{}</p>{fix}</details></li>\n",
        words.details,
        escaped(says),
    )
}

/// The words of a kind of objection: what is wrong, and what to do.
fn words_of_objection(kind: ObjectionKind, words: &Words) -> (&'static str, &'static str) {
    match kind {
        ObjectionKind::OtherPrinter => (words.why_other_printer, words.fix_other_printer),
        ObjectionKind::TaxRate => (words.why_printer_rate, words.fix_printer_rate),
        ObjectionKind::Assumed => (words.why_printer_unsure, words.fix_printer_unsure),
        ObjectionKind::Clock => (words.why_printer_clock, words.fix_printer_clock),
    }
}

fn problem_item(problem: &HealthProblem, service: &Service, words: &Words) -> String {
    let class = match problem.kind.severity {
        Severity::Warning => "warning",
        Severity::Degraded | Severity::Failing => "bad",
    };
    let known = words_of(problem.kind, words);
    let (title, fix) =
        known.unwrap_or_else(|| (part_name(part_of(problem.kind), words), words.fix_other));
    let mut text = format!("<li class={class}><h3>{title}</h3><p>{fix}</p>");
    let link = match problem.kind {
        ProblemKind::DOCUMENT_WAITS => {
            let printer = problem
                .device
                .map(|device| service.live_status.printer(device));
            let waits = printer.and_then(|printer| printer.waits);
            waits.map(|id| (format!("/documents/{id}"), words.settle_link))
        }
        ProblemKind::RECEIPTS_OF_OTHERS => problem
            .device
            .map(|device| (format!("/printers/{device}/go-on"), words.others_link)),
        ProblemKind::SHIFT_TOO_LONG => Some(("/reports".to_owned(), words.close_day_link)),
        ProblemKind::FIRST_PIN => Some(("/pin".to_owned(), words.change_pin_link)),
        _ => None,
    };
    if let Some((path, name)) = link {
        let _ = write!(text, "<p><a class=button href=\"{path}\">{name}</a></p>");
    }
    text.push_str(&details(title, &problem.says, &problem.fix, words));
    text
}

/// Why the till does not sell, and what to do, in the person's language.
fn in_words(
    hindrance: &Hindrance,
    service: &Service,
    words: &Words,
) -> (&'static str, &'static str) {
    match hindrance.kind {
        Some(ProblemKind::OBJECTIONS) => {
            let devices = service.settings.devices.iter();
            let printers = devices.map(|device| service.live_status.printer(device.id));
            let refusing = printers
                .flat_map(|printer| printer.objections)
                .find(|it| it.kind.refuses_receipts());
            let kind = refusing.map_or(ObjectionKind::OtherPrinter, |it| it.kind);
            words_of_objection(kind, words)
        }
        None if hindrance.why.contains("since the start") => {
            (words.why_starting, words.fix_starting)
        }
        None => (words.why_store, words.fix_store),
        Some(kind) => words_of(kind, words).unwrap_or((words.why_other, words.fix_other)),
    }
}

/// The words of a kind of problem: what is wrong, and what to do. `None` if only its English text says it.
fn words_of(kind: ProblemKind, words: &Words) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        ProblemKind::PRINTER => (words.why_printer, words.fix_printer),
        ProblemKind::PRINTER_CONDITION => (words.why_condition, words.fix_condition),
        ProblemKind::DOCUMENT_WAITS => (words.why_waits, words.fix_waits),
        ProblemKind::RECEIPTS_OF_OTHERS => (words.why_others, words.fix_others),
        ProblemKind::CLOCK_UNCONFIRMED | ProblemKind::CLOCK_AHEAD => {
            (words.why_clock, words.fix_clock)
        }
        ProblemKind::Z_REPORT_DIFFERS => (words.why_z_differs, words.fix_z_differs),
        ProblemKind::SHIFT_TOO_LONG => (words.why_shift, words.fix_shift),
        ProblemKind::OFFLINE_LIMIT => (words.why_offline, words.fix_offline),
        ProblemKind::OBJECTIONS => (words.why_other_printer, words.fix_other_printer),
        ProblemKind::FIRST_PIN => (words.why_first_pin, words.fix_first_pin),
        ProblemKind::OFFICE_OFFLINE => (words.why_office, words.fix_office),
        ProblemKind::DOCUMENTS_REFUSED | ProblemKind::DOCUMENT_UNTOLD => {
            (words.why_refused, words.fix_refused)
        }
        ProblemKind::DISK_NEARLY_FULL => (words.why_disk, words.fix_disk),
        ProblemKind::ALTERNATIVE_NUMBERS => (words.why_numbers, words.fix_numbers),
        ProblemKind::SHIFT_ENDS => (words.why_shift_ends, words.fix_shift_ends),
        ProblemKind::CARD_PAYMENT_WAITS | ProblemKind::PROVIDER_PAYMENT => {
            (words.why_card, words.fix_card)
        }
        ProblemKind::TERMINAL_UNSETTLED => (words.why_settlement, words.fix_settlement),
        ProblemKind::CERTIFICATE_UNUSABLE
        | ProblemKind::CERTIFICATE_ENDS
        | ProblemKind::UNIT_CERTIFICATE_ENDS
        | ProblemKind::HUB_CERTIFICATE_ENDS => (words.why_certificate, words.fix_certificate),
        ProblemKind::MAIL_AWAY
        | ProblemKind::MAIL_FAILED
        | ProblemKind::SMS_AWAY
        | ProblemKind::SMS_FAILED
        | ProblemKind::BUCKET_AWAY
        | ProblemKind::BUCKET_FAILED
        | ProblemKind::ERECEIPT_AWAY
        | ProblemKind::ERECEIPT_FAILED => (words.why_delivery, words.fix_delivery),
        ProblemKind::TILL_TAKEN_OVER => (words.why_taken_over, words.fix_taken_over),
        ProblemKind::PRINTER_COUNTERS_BACK | ProblemKind::PRINTER_AHEAD => {
            (words.why_counters, words.fix_counters)
        }
        ProblemKind::SIGNATURE_UNIT => (words.why_signature, words.fix_signature),
        ProblemKind::OUTAGE_TO_REPORT
        | ProblemKind::YEARLY_RECEIPT_UNCHECKED
        | ProblemKind::REGISTRATION_REFUSED
        | ProblemKind::REGISTRATION_USER_REFUSED
        | ProblemKind::REGISTRATION_WAITS => (words.why_registration, words.fix_registration),
        ProblemKind::MODULE_LIMIT => (words.why_module, words.fix_module),
        ProblemKind::HUB_REFUSED | ProblemKind::HUB_AWAY => (words.why_hub, words.fix_hub),
        kind if kind.severity == Severity::Failing => (words.why_store, words.fix_store),
        _ => return None,
    })
}

/// The name of a part of the till.
fn part_name(part: &str, words: &Words) -> &'static str {
    match part {
        "agent" => words.part_agent,
        "store" => words.part_store,
        "printer" => words.part_printer,
        "shift" => words.part_shift,
        "office" => words.part_office,
        "queue" => words.part_queue,
        "clock" => words.part_clock,
        "devices" => words.part_devices,
        "terminal" => words.part_terminal,
        "callers" => words.part_callers,
        "numbers" => words.part_numbers,
        "signature" => words.part_signature,
        "registration" => words.part_registration,
        "deliveries" => words.part_deliveries,
        "people" => words.part_people,
        _ => words.part_other,
    }
}

/// An amount with its currency.
#[must_use]
pub fn money(service: &Service, amount: Amount) -> String {
    let currency = service.profile.facts().currency;
    format!("{} {}", amount.display(currency), currency.code())
}

/// An amount without its currency, for a table whose head names the currency.
#[must_use]
pub fn figure(service: &Service, amount: Amount) -> String {
    amount.display(service.profile.facts().currency).to_string()
}

/// The head of a column of amounts.
#[must_use]
pub fn amount_head(service: &Service, name: &str) -> String {
    format!("{name}, {}", service.profile.facts().currency.code())
}

/// A time in the till's zone, to the minute.
#[must_use]
pub fn local_time(service: &Service, utc_ms: i64) -> String {
    let (date, time) = date_and_time(service.clock.moment(utc_ms));
    format!("{date} {}", time.get(..5).unwrap_or(&time))
}

#[cfg(test)]
mod tests {
    use super::{Words, objection_items};
    use crate::status::objections::ObjectionKind;

    /// The titles of the items, in the order of the page.
    fn titles(page: &str) -> Vec<&str> {
        let items = page.split("<h3>").skip(1);
        items
            .map(|item| item.split("</h3>").next().unwrap())
            .collect()
    }

    #[test]
    fn each_kind_of_objection_has_its_own_title_in_every_language() {
        let objections = [
            ObjectionKind::TaxRate.because("A differs; set A <here>"),
            ObjectionKind::TaxRate.because("B differs; set B"),
            ObjectionKind::Clock.because("the clock is wrong; set the clock"),
            ObjectionKind::Assumed.because("letters may be wrong"),
            ObjectionKind::OtherPrinter.because("another printer"),
        ];
        for code in ["ro", "ru", "uk", "uz-Latn", "de", "en"] {
            let words = Words::known(code).unwrap();
            let page = objection_items(&objections, words);
            let mut titles = titles(&page);
            assert_eq!(titles.len(), 4, "{code}: {page}");
            titles.sort_unstable();
            titles.dedup();
            assert_eq!(titles.len(), 4, "{code}: {page}");
        }
        let page = objection_items(&objections, Words::known("en").unwrap());
        for needed in [
            "<h3>The printer's clock is wrong.</h3><p>Set the printer's clock.</p>",
            "<p lang=en>the clock is wrong</p><p lang=en>set the clock</p>",
            "<p lang=en>A differs; B differs</p><p lang=en>set A &lt;here&gt;; set B</p>",
            "<p lang=en>letters may be wrong</p></details>",
        ] {
            assert!(page.contains(needed), "{needed} is not in {page}");
        }
    }
}
