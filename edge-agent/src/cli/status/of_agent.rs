//! The state of a till as its running agent says it.

use uuid::Uuid;

use super::of_folder::shift;
use super::{Hindrance, TillPart, TillState};
use crate::agent::NO_PRINTER;
use crate::api::json::JsonValue;
use crate::cli::client::Client;
use crate::cli::words::waiting;
use crate::config::{Config, Device};
use crate::status::problems::{ProblemKind, Severity};
use ferrotill_store::Reader;

/// The state of the till whose agent answers this client.
pub(super) fn state(client: &Client, config: &Config, url: &str) -> anyhow::Result<TillState> {
    let (ready, reason) = client.line("/readyz")?;
    let health = client.look("/healthz")?.body;
    let problems = Problems::of(&health, config);
    let mode = text(&health, "mode");
    let mut parts = vec![match ready {
        200 => TillPart::good("agent", None, format!("answers at {url}, mode {mode}")),
        _ => TillPart::stopped("agent", reason, "read the part store below"),
    }];
    parts.push(problems.part("store", None, || "the journal is written".to_owned()));
    let reader = Reader::new(&config.till.data_dir);
    for device in &config.devices {
        parts.push(printer(device, &health, &problems));
        let open = || {
            let shift = shift(&reader, device);
            shift.unwrap_or_else(|_| format!("{}: not readable for this user", device.name))
        };
        parts.push(problems.part("shift", Some(device.id), open));
    }
    parts.push(problems.part("office", None, || office(&health)));
    parts.push(queue(&health));
    parts.push(problems.part("clock", None, || clock(&health)));
    parts.extend(problems.others());
    if let Some(first) = parts.first_mut()
        && first.stops.is_some()
        && problems.is_failing()
    {
        // The part of the store says the same, with what to do about it.
        first.stops = None;
    }
    Ok(TillState {
        mode,
        runs: true,
        parts,
    })
}

/// The part of a device's printer.
fn printer(device: &Device, health: &JsonValue, problems: &Problems<'_>) -> TillPart {
    let name = &device.name;
    let found = match health.get("printers") {
        Some(JsonValue::Array(printers)) => printers
            .iter()
            .find(|printer| text(printer, "device_id") == device.id.to_string()),
        _ => None,
    };
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

/// The parts that `/healthz` knows something about, without the agent itself.
pub(in crate::cli) fn parts_of_health(health: &JsonValue, config: &Config) -> Vec<TillPart> {
    let problems = Problems::of(health, config);
    let mut parts = vec![problems.part("store", None, || "the journal is written".to_owned())];
    for device in &config.devices {
        parts.push(printer(device, health, &problems));
        parts.push(problems.part("shift", Some(device.id), || device.name.clone()));
    }
    parts.push(problems.part("office", None, || office(health)));
    parts.push(problems.part("clock", None, || clock(health)));
    parts.extend(problems.others());
    parts
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
fn queue(health: &JsonValue) -> TillPart {
    let field = |path| health.path(path).map_or("", JsonValue::scalar);
    let documents: u64 = field("unsent.documents").parse().unwrap_or_default();
    let oldest = match field("unsent.oldest") {
        "" => String::new(),
        oldest => format!(", the oldest since {oldest}"),
    };
    let left = match field("offline.remaining_s") {
        "" => String::new(),
        seconds => format!("; the law allows {seconds} s more without the authority"),
    };
    let left = if documents > 0 { left } else { String::new() };
    let says = format!("{} for the authority{oldest}{left}", waiting(documents));
    TillPart::good("queue", None, says)
}

fn clock(health: &JsonValue) -> String {
    let field = |path| health.path(path).map_or("", JsonValue::scalar);
    let machine = field("clock.machine_clock");
    format!("{}; the machine's clock is {machine}", field("clock.now"))
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
    fn of(health: &'h JsonValue, config: &Config) -> Self {
        let listed = match health.get("problems") {
            Some(JsonValue::Array(problems)) => problems.as_slice(),
            _ => &[],
        };
        let field = |problem: &'h JsonValue, name| problem.get(name).map_or("", JsonValue::scalar);
        let list = listed.iter().filter_map(|problem| {
            let id = field(problem, "id");
            let kind = ProblemKind::ALL.iter().find(|kind| kind.id() == id)?;
            let device = Uuid::try_parse(field(problem, "device_id")).ok();
            let configured = device.filter(|id| config.devices.iter().any(|it| it.id == *id));
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
            | ProblemKind::SHIFT_TOO_LONG => true,
            ProblemKind::OFFLINE_LIMIT => self.limit_stops,
            _ => false,
        }
    }
}

/// The part that a kind of problem belongs to.
fn part_of(kind: ProblemKind) -> &'static str {
    match kind.id() {
        "journal_unwritable" | "disk_full" | "chain_broken" | "clerk_silent" | "journal_cut"
        | "snapshot_changed" | "disk_nearly_full" | "folder_not_private" | "calls_not_kept" => {
            "store"
        }
        "office_offline" | "offline_limit" | "documents_refused" | "document_untold"
        | "no_recipient" => "office",
        "shift_too_long" | "shift_ends" | "z_report_differs" => "shift",
        "device_left_behind" | "device_unknown" | "registration_number_unused" => "devices",
        "card_payment_waits" | "bank_terminal_unsettled" => "terminal",
        "certificate_unusable" | "certificate_ends" => "callers",
        "alternative_numbers" => "numbers",
        "signature_unit"
        | "outage_to_report"
        | "register_out_of_use"
        | "unit_certificate_ends"
        | "protocol_not_copied"
        | "yearly_receipt_unchecked" => "signature",
        "registration_refused" | "registration_user_refused" | "registration_waits" => {
            "registration"
        }
        "mail_away" | "mail_failed" | "sms_away" | "sms_failed" => "deliveries",
        "document_waits" => "printer",
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
