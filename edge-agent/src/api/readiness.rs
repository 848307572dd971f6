//! Whether the till can sell, part by part, and what to do if it cannot: the one source of `status`, `doctor` and the dashboard.
//!
//! The parts are made from what `/healthz` says.

use uuid::Uuid;

use super::json::JsonValue;
use super::words::{counted, waiting};
use crate::config::{Device, NO_PRINTER};
use crate::object;
use crate::status::problems::{ProblemKind, Severity};
use crate::time::clock::Clock;
use ferrotill_store::{Reader, StoreError};

/// One part of the till.
#[derive(Clone, Debug)]
pub struct TillPart {
    /// The part's name.
    pub part: &'static str,
    /// The device that the part belongs to; `None` if it belongs to the whole till.
    pub device: Option<Uuid>,
    /// False if a person has to do something about the part.
    pub ok: bool,
    /// The state of the part.
    pub says: String,
    /// What a person should do.
    pub fix: Option<String>,
    /// Why the till, or a device of it, cannot sell; `None` if this part does not hinder it.
    pub stops: Option<Hindrance>,
}

/// Why a till cannot sell, and what to do.
#[derive(Clone, Debug)]
pub struct Hindrance {
    /// What is wrong.
    pub why: String,
    /// What a person should do.
    pub fix: String,
    /// The kind of the problem; `None` if no problem is listed for it.
    pub kind: Option<ProblemKind>,
}

impl TillPart {
    /// A part that is in order.
    #[must_use]
    pub fn good(part: &'static str, device: Option<Uuid>, says: impl Into<String>) -> Self {
        Self {
            part,
            device,
            ok: true,
            says: says.into(),
            fix: None,
            stops: None,
        }
    }

    /// A part because of which the till sells nothing.
    #[must_use]
    pub fn stopped(part: &'static str, why: impl Into<String>, fix: impl Into<String>) -> Self {
        let (why, fix) = (why.into(), fix.into());
        Self {
            ok: false,
            says: why.clone(),
            fix: Some(fix.clone()),
            stops: Some(Hindrance {
                why,
                fix,
                kind: None,
            }),
            ..Self::good(part, None, "")
        }
    }

    /// The part as JSON.
    #[must_use]
    pub fn json(&self) -> JsonValue {
        object! {
            "part" => self.part,
            "device_id" => self.device,
            "ok" => self.ok,
            "says" => self.says.clone(),
            "fix" => self.fix.clone(),
        }
    }
}

/// The state of a till.
#[derive(Clone, Debug)]
pub struct TillState {
    /// The name of the till's mode, such as `TEST`.
    pub mode: String,
    /// Whether an agent runs.
    pub runs: bool,
    /// The parts of the till.
    pub parts: Vec<TillPart>,
}

impl TillState {
    /// Why the till, or a device of it, cannot sell; `None` if it can.
    #[must_use]
    pub fn hindrance(&self) -> Option<&Hindrance> {
        self.parts.iter().find_map(|part| part.stops.as_ref())
    }

    /// The sentence for a person who wants to sell.
    #[must_use]
    pub fn first_line(&self) -> String {
        match self.hindrance() {
            None => "READY TO SELL".to_owned(),
            Some(Hindrance { why, fix, .. }) => format!("NOT READY: {why}; {fix}"),
        }
    }

    /// The state of a running till that serves `url`. `not_ready` is what `/readyz` says if it does not say that the till is ready, and
    /// `health` what `/healthz` says. Times are shown in the zone of `shop_clock`.
    #[must_use]
    pub fn of_health(
        url: &str,
        not_ready: Option<String>,
        health: &JsonValue,
        devices: &[Device],
        reader: &Reader,
        shop_clock: &Clock,
    ) -> Self {
        let problems = Problems::of(health, devices);
        let mode = text(health, "mode");
        let mut parts = vec![match not_ready {
            None => TillPart::good("agent", None, format!("answers at {url}, mode {mode}")),
            Some(reason) => TillPart::stopped("agent", reason, "read the part store below"),
        }];
        parts.push(problems.part("store", None, || store(health, shop_clock)));
        for device in devices {
            parts.push(printer(device, health, &problems));
            let open = || {
                let shift = shift_in_words(reader, device, shop_clock);
                shift.unwrap_or_else(|_| format!("{}: the data folder cannot be read", device.name))
            };
            parts.push(problems.part("shift", Some(device.id), open));
            let person = printer_of(health, device)
                .is_some_and(|printer| !text(printer, "needs_a_person").is_empty());
            parts.extend(document_at_printer((reader, shop_clock), device, person));
        }
        parts.push(problems.part("office", None, || office(health)));
        parts.push(queue(health, shop_clock));
        parts.push(problems.part("clock", None, || clock(health, shop_clock)));
        parts.extend(problems.others());
        if let Some(first) = parts.first_mut()
            && first.stops.is_some()
            && problems.is_failing()
        {
            // The part of the store says the same, with what to do about it.
            first.stops = None;
        }
        Self {
            mode,
            runs: true,
            parts,
        }
    }
}

/// The shift of a device in words.
///
/// # Errors
///
/// [`StoreError`] if the store cannot be read.
pub fn shift_in_words(
    reader: &Reader,
    device: &Device,
    clock: &Clock,
) -> Result<String, StoreError> {
    let name = &device.name;
    Ok(match reader.open_shift(device.id)? {
        None => format!("{name}: no shift is open"),
        Some(shift) => format!(
            "{name}: open since {} with {}",
            clock.shown(shift.first_ms),
            counted(shift.documents, "document")
        ),
    })
}

/// The document that is at the printer of a device, if its outcome is not known yet and the store can be read. `person` says that the
/// printer cannot prove it, so that a person must declare it.
fn document_at_printer(
    (reader, clock): (&Reader, &Clock),
    device: &Device,
    person: bool,
) -> Option<TillPart> {
    let row = reader.document_at_printer(device.id).ok()??.row;
    let next = match person {
        true => "the printer cannot prove it, and a person must declare it",
        false => "the printer is asked until it proves it",
    };
    let says = format!(
        "{}: the outcome of the document {} ({}) of {} is not known yet; {next}",
        device.name,
        row.id,
        row.kind.name(),
        clock.shown(row.at)
    );
    let part = TillPart::good("document", Some(device.id), says);
    Some(match person {
        false => part,
        true => TillPart {
            ok: false,
            fix: Some(format!(
                "read on the paper whether it was printed, and declare it: ferrotill settle {}",
                row.id
            )),
            ..part
        },
    })
}

/// What `/healthz` says of the printer of a device.
fn printer_of<'h>(health: &'h JsonValue, device: &Device) -> Option<&'h JsonValue> {
    match health.get("printers") {
        Some(JsonValue::Array(printers)) => printers
            .iter()
            .find(|printer| text(printer, "device_id") == device.id.to_string()),
        _ => None,
    }
}

/// The part of a device's printer.
fn printer(device: &Device, health: &JsonValue, problems: &Problems<'_>) -> TillPart {
    let name = &device.name;
    let found = printer_of(health, device);
    let field = |member| {
        found
            .map(|printer| text(printer, member))
            .unwrap_or_default()
    };
    let is = |member| found.and_then(|printer| printer.get(member)) == Some(&JsonValue::Bool(true));
    let connected = is("connected");
    let says = || match (device.uri.as_str(), connected) {
        (NO_PRINTER, _) => format!("{name}: sells without a printer"),
        (_, true) => {
            let serial = match field("serial_number") {
                serial if serial.is_empty() => serial,
                serial => format!(" {serial}"),
            };
            format!("{name}: {}{serial} at {}", field("model"), field("port"))
        }
        (_, false) => format!("{name}: is being connected"),
    };
    let mut part = problems.part("printer", Some(device.id), says);
    if part.stops.is_none() && is("refuses_receipts") {
        part.stops = Some(Hindrance {
            why: part.says.clone(),
            fix: part.fix.clone().unwrap_or_default(),
            kind: Some(ProblemKind::OBJECTIONS),
        });
    }
    if part.ok && !connected && device.uri != NO_PRINTER {
        let why = format!("the printer of {name} has not answered since the start");
        part = TillPart {
            device: Some(device.id),
            ..TillPart::stopped("printer", why, "ask again in some seconds")
        };
    }
    part
}

/// The parts that `/healthz` knows something about, without the agent itself. Times are shown in the zone of `shop_clock`.
#[must_use]
pub fn parts_of_health(
    health: &JsonValue,
    devices: &[Device],
    shop_clock: &Clock,
) -> Vec<TillPart> {
    let problems = Problems::of(health, devices);
    let mut parts = vec![problems.part("store", None, || "the journal is written".to_owned())];
    for device in devices {
        parts.push(printer(device, health, &problems));
        parts.push(problems.part("shift", Some(device.id), || device.name.clone()));
    }
    parts.push(problems.part("office", None, || office(health)));
    parts.push(problems.part("clock", None, || clock(health, shop_clock)));
    parts.extend(problems.others());
    parts
}

/// The part of the store, with the time of the last audit.
fn store(health: &JsonValue, shop_clock: &Clock) -> String {
    let written = "the journal is written";
    match health.path("audit.last").map_or("", JsonValue::scalar) {
        "" => written.to_owned(),
        last => format!(
            "{written}; the last audit, at {}, found nothing",
            shown(last, shop_clock)
        ),
    }
}

fn office(health: &JsonValue) -> String {
    let field = |path| health.path(path).map_or("", JsonValue::scalar);
    match (field("office.state"), field("office.reason")) {
        ("", _) => "no document was sent since the start".to_owned(),
        (state, "") => state.to_owned(),
        (state, reason) => format!("{state}: {reason}"),
    }
}

/// The part of the documents that wait for the authority. That they wait is in order: they are sent as soon as the authority answers.
fn queue(health: &JsonValue, shop_clock: &Clock) -> TillPart {
    let field = |path| health.path(path).map_or("", JsonValue::scalar);
    let documents: u64 = field("unsent.documents").parse().unwrap_or_default();
    let oldest = match field("unsent.oldest") {
        "" => String::new(),
        oldest => format!(", the oldest since {}", shown(oldest, shop_clock)),
    };
    let left = match field("offline.remaining_s") {
        "" => String::new(),
        seconds => {
            let left = time_left(seconds.parse().unwrap_or_default());
            format!("; {left} more are allowed without the authority")
        }
    };
    let left = if documents > 0 { left } else { String::new() };
    let says = format!("{} for the authority{oldest}{left}", waiting(documents));
    TillPart::good("queue", None, says)
}

/// A time in words: in hours from two hours on, else in minutes.
fn time_left(seconds: i64) -> String {
    let (count, unit) = match seconds {
        7_200.. => (seconds.div_euclid(3_600), "hours"),
        _ => (seconds.div_euclid(60), "minutes"),
    };
    format!("{count} {unit}")
}

fn clock(health: &JsonValue, shop_clock: &Clock) -> String {
    let field = |path| health.path(path).map_or("", JsonValue::scalar);
    let machine = field("clock.machine_clock");
    let now = shown(field("clock.now"), shop_clock);
    format!("{now}; the machine's clock is {machine}")
}

/// A time of `/healthz` in the zone of the till. Another text is left as it is.
fn shown(time: &str, shop_clock: &Clock) -> String {
    let at = time.parse::<jiff::Timestamp>();
    at.map_or_else(
        |_| time.to_owned(),
        |at| shop_clock.shown(at.as_millisecond()),
    )
}

/// The problems of the till, as `/healthz` lists them.
struct Problems<'h> {
    list: Vec<Problem<'h>>,
    /// True if a limit is reached after which no fiscal documents are made.
    limit_stops: bool,
}

struct Problem<'h> {
    kind: ProblemKind,
    /// The device of the configuration; `None` if the problem concerns the whole till or a device that left the configuration.
    device: Option<Uuid>,
    /// True if the problem concerns a device that is not in the configuration.
    left: bool,
    says: &'h str,
    fix: &'h str,
}

impl<'h> Problems<'h> {
    fn of(health: &'h JsonValue, devices: &[Device]) -> Self {
        let listed = match health.get("problems") {
            Some(JsonValue::Array(problems)) => problems.as_slice(),
            _ => &[],
        };
        let field = |problem: &'h JsonValue, name| problem.get(name).map_or("", JsonValue::scalar);
        let list = listed.iter().filter_map(|problem| {
            let id = field(problem, "id");
            let kind = ProblemKind::ALL.iter().find(|kind| kind.id() == id)?;
            let device = Uuid::try_parse(field(problem, "device_id")).ok();
            let configured = device.filter(|id| devices.iter().any(|it| it.id == *id));
            Some(Problem {
                kind: *kind,
                device: configured,
                left: device.is_some() && configured.is_none(),
                says: field(problem, "says"),
                fix: field(problem, "fix"),
            })
        });
        let reached = |side: &str| {
            let member = |name| health.path(&format!("offline.{side}.{name}"));
            member("used_up") == Some(&JsonValue::Bool(true))
                && member("at_the_end").map(JsonValue::scalar) == Some("refuse")
        };
        Self {
            list: list.collect(),
            limit_stops: reached("law") || reached("owner"),
        }
    }

    fn is_failing(&self) -> bool {
        let mut kinds = self.list.iter().map(|problem| problem.kind.severity);
        kinds.any(|severity| severity == Severity::Failing)
    }

    /// A part of this name with its problems; without a problem it says what `good` returns.
    fn part(
        &self,
        part: &'static str,
        device: Option<Uuid>,
        good: impl FnOnce() -> String,
    ) -> TillPart {
        let mine: Vec<&Problem<'_>> = self
            .list
            .iter()
            .filter(|it| part_of(it.kind) == part && it.device == device && !it.left)
            .collect();
        self.with(part, device, &mine, good)
    }

    fn with(
        &self,
        part: &'static str,
        device: Option<Uuid>,
        mine: &[&Problem<'_>],
        good: impl FnOnce() -> String,
    ) -> TillPart {
        let Some(worst) = mine.iter().max_by_key(|problem| problem.kind.severity) else {
            return TillPart::good(part, device, good());
        };
        let joined = |text: fn(&Problem<'_>) -> String| {
            let texts: Vec<String> = mine.iter().map(|problem| text(problem)).collect();
            texts.join("; ")
        };
        let stopping = mine.iter().find(|problem| self.stops(problem));
        TillPart {
            part,
            device,
            ok: worst.kind.severity == Severity::Warning,
            says: joined(|problem| problem.says.to_owned()),
            fix: Some(joined(|problem| problem.fix.to_owned())),
            stops: stopping.map(|problem| Hindrance {
                why: problem.says.to_owned(),
                fix: problem.fix.to_owned(),
                kind: Some(problem.kind),
            }),
        }
    }

    /// The problems that belong to none of the parts that are always listed.
    fn others(&self) -> Vec<TillPart> {
        let others = self.list.iter().filter(|it| {
            let part = part_of(it.kind);
            let listed = match part {
                "printer" | "shift" => it.device.is_some(),
                part => matches!(part, "store" | "office" | "clock"),
            };
            !listed || it.left || (it.device.is_some() && !matches!(part, "printer" | "shift"))
        });
        others
            .map(|it| self.with(part_of(it.kind), it.device, &[it], String::new))
            .collect()
    }

    /// Whether a device of the configuration sells nothing because of a problem.
    fn stops(&self, problem: &Problem<'_>) -> bool {
        if problem.left {
            return false;
        }
        match problem.kind {
            kind if kind.severity == Severity::Failing => true,
            ProblemKind::PRINTER
            | ProblemKind::DOCUMENT_WAITS
            | ProblemKind::PRINTER_CONDITION
            | ProblemKind::FIRST_PIN
            | ProblemKind::TILL_TAKEN_OVER
            | ProblemKind::RECEIPTS_OF_OTHERS
            | ProblemKind::SHIFT_TOO_LONG => true,
            ProblemKind::OFFLINE_LIMIT => self.limit_stops,
            _ => false,
        }
    }
}

/// The part that a kind of problem belongs to.
#[must_use]
pub fn part_of(kind: ProblemKind) -> &'static str {
    match kind.id() {
        "journal_unwritable" | "disk_full" | "chain_broken" | "clerk_silent" | "journal_cut"
        | "snapshot_changed" | "disk_nearly_full" | "folder_not_private" | "calls_not_kept"
        | "audit_failed" => "store",
        "office_offline" | "offline_limit" | "documents_refused" | "document_untold"
        | "no_recipient" => "office",
        "shift_too_long" | "shift_ends" | "z_report_differs" => "shift",
        "device_left_behind" | "device_unknown" | "registration_number_unused" => "devices",
        "card_payment_waits" | "bank_terminal_unsettled" | "provider_payment" => "terminal",
        "certificate_unusable" | "certificate_ends" => "callers",
        "alternative_numbers" | "module_limit" => "numbers",
        "signature_unit"
        | "outage_to_report"
        | "register_out_of_use"
        | "unit_certificate_ends"
        | "protocol_not_copied"
        | "yearly_receipt_unchecked" => "signature",
        "registration_refused" | "registration_user_refused" | "registration_waits" => {
            "registration"
        }
        "till_taken_over"
        | "hub_refused"
        | "hub_away"
        | "hub_not_enrolled"
        | "hub_certificate_ends" => "hub",
        "mail_away" | "mail_failed" | "sms_away" | "sms_failed" | "bucket_away"
        | "bucket_failed" | "ereceipt_away" | "ereceipt_failed" => "deliveries",
        "document_waits" | "receipts_of_others" => "printer",
        "first_pin" => "people",
        id if id.starts_with("printer") => "printer",
        id if id.starts_with("clock") => "clock",
        _ => "other",
    }
}

fn text(node: &JsonValue, member: &str) -> String {
    node.get(member).map_or("", JsonValue::scalar).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{ProblemKind, part_of};

    #[test]
    fn every_kind_of_problem_belongs_to_a_part() {
        for kind in ProblemKind::ALL {
            assert_ne!(part_of(*kind), "other", "{}", kind.id());
        }
    }
}
