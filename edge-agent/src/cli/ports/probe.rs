//! `ports probe`: which printer answers at a port, of which family and at which speed.
//!
//! The ports are asked at the same time. At a port each speed is tried with one short question for all families that have the same
//! frames. Only where something answers the families are told apart, each by its own connection. A question of one family may
//! begin only after the one before has closed the port.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Args;
use ferrotill_device::driver::{self, DriverUri};
use ferrotill_device::family::families_of_model;
use ferrotill_device::{Connected, Fault};

use crate::api::json::JsonValue;
use crate::cli::doctor::{by_id_of, serial_ports, user_of};
use crate::cli::{CliFailure, CliOutput, Exit};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `ports probe`.
#[derive(Debug, Args)]
pub(super) struct ProbeArguments {
    /// A port, such as `/dev/ttyUSB0`; without it, every free port of this machine and of the configuration is tried. May be given
    /// several times.
    #[arg(long, value_name = "PATH")]
    port: Vec<PathBuf>,
    /// A family of printers, such as `datecs`; without it, every family is tried. May be given several times.
    #[arg(long, value_name = "FAMILY")]
    family: Vec<String>,
}

/// The families that are tried. Among families with the same frames those come first whose answers a printer of the others does not
/// give. Receipt printers come last: they print what they do not understand.
const FAMILIES: [&str; 8] = [
    "eltrade",
    "daisy",
    "datecs",
    "datecs-b",
    "datecs-x",
    "datecs-mx",
    "tremol",
    "escpos",
];
/// The speeds that are tried, the usual ones first.
const SPEEDS: [u32; 5] = [115_200, 9_600, 19_200, 38_400, 57_600];
/// How long all tries together last.
const PROBE_TIME: Duration = Duration::from_secs(10);
/// How long the questions at one port last if nothing answers, in milliseconds. The rest of the time is for the printer that answers.
const QUESTIONS_MS: u64 = 8_000;
/// The shortest and the longest time that a printer has for an answer, in milliseconds. The manuals let it take 60 ms to begin.
const SILENCE_MS: (u64, u64) = (250, 1_000);

const LATE: &str = "the ten seconds are over";
const ANSWERED: &str = "a printer has answered at this port";

/// What a port has answered to the questions of a family.
#[derive(Clone, Debug)]
enum Answered {
    Printer(FoundPrinter),
    /// The printer of another family answers in the forms of this family too.
    Alike(String),
    /// A printer answers and cannot be used.
    Unusable(Fault),
    /// Nothing answers; at these speeds nothing was asked.
    Silent {
        untried: Vec<u32>,
    },
    NotTried(String),
    /// The port could not be opened.
    Closed(Fault),
}

/// A printer that has answered at a serial port.
#[derive(Clone, Debug)]
pub(in crate::cli) struct FoundPrinter {
    /// Its address, as `uri` of `[[device]]` has it.
    pub(in crate::cli) uri: String,
    model: String,
    serial: String,
}

#[cfg(test)]
impl FoundPrinter {
    /// A printer with this address.
    pub(in crate::cli) fn example(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            model: "FP-700".to_owned(),
            serial: "DT000001".to_owned(),
        }
    }
}

impl std::fmt::Display for FoundPrinter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.model.as_str(), self.serial.as_str()) {
            ("", "") => f.write_str("a printer without a name"),
            (model, serial) => f.write_str(format!("{model} {serial}").trim()),
        }
    }
}

/// The printers that answer at the free serial ports of this machine. The search stops after ten seconds. A printer is named by the
/// port's name that stays the same, if there is one.
pub(in crate::cli) fn found_printers() -> Result<Vec<FoundPrinter>, CliFailure> {
    let ports: Vec<PathBuf> = serial_ports()
        .into_iter()
        .map(PathBuf::from)
        .map(|port| by_id_of(&port).unwrap_or(port))
        .collect();
    let tries = tries(&ports, &FAMILIES.map(str::to_owned))?.into_iter();
    let printers = tries.filter_map(|tried| match tried.answered {
        Answered::Printer(printer) => Some(printer),
        _ => None,
    });
    Ok(printers.collect())
}

pub(super) fn probe(
    wanted: &ProbeArguments,
    configured: &BTreeSet<PathBuf>,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let ports: Vec<PathBuf> = match wanted.port.as_slice() {
        [] => every_port(configured),
        given => given.to_vec(),
    };
    let families = match wanted.family.as_slice() {
        [] => FAMILIES.map(str::to_owned).to_vec(),
        given => given.to_vec(),
    };
    let tries = tries(&ports, &families)?;
    report(&tries, output);
    let is = |wanted: fn(&Answered) -> bool| tries.iter().any(|tried| wanted(&tried.answered));
    Ok(if is(|it| matches!(it, Answered::Printer(_))) {
        Exit::Done
    } else if !tries.is_empty() && !is(|it| !matches!(it, Answered::Closed(Fault::PortForbidden))) {
        Exit::Permission
    } else {
        Exit::NotPrinted
    })
}

/// The ports of this machine and those of the configuration, each once.
fn every_port(configured: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut ports: Vec<PathBuf> = serial_ports().into_iter().map(PathBuf::from).collect();
    let place = |port: &Path| std::fs::canonicalize(port).ok();
    for port in configured.iter().filter(|port| port.exists()) {
        if ports.iter().all(|known| place(known) != place(port)) {
            ports.push(port.clone());
        }
    }
    ports
}

/// What became of one family at one port.
struct Tried {
    port: String,
    family: String,
    answered: Answered,
}

/// What the thread of a port reports.
enum Progress {
    /// These families were asked at this speed, and nothing has answered.
    Asked(Vec<usize>, u32),
    /// Something answers in the frames of these families.
    Answers(Vec<usize>),
    Ended(usize, Answered),
    /// A printer was found: the families without an end of their own are not tried any more.
    Found,
}

/// What is known of a family at a port.
#[derive(Default)]
struct Known {
    asked: Vec<u32>,
    answers: bool,
    ended: Option<Answered>,
}

impl Known {
    fn answered(self) -> Answered {
        match (self.ended, self.answers) {
            (Some(ended), _) => ended,
            (None, true) => Answered::NotTried(format!(
                "{LATE}; something answers in the frames of this family"
            )),
            (None, false) if self.asked.is_empty() => Answered::NotTried(LATE.to_owned()),
            (None, false) => {
                let mut speeds = SPEEDS.to_vec();
                speeds.retain(|speed| !self.asked.contains(speed));
                Answered::Silent { untried: speeds }
            }
        }
    }
}

/// Asks at each port for each family.
fn tries(ports: &[PathBuf], families: &[String]) -> Result<Vec<Tried>, CliFailure> {
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let end = clock.monotonic().checked_add(PROBE_TIME);
    let end = end.unwrap_or_else(|| clock.monotonic());
    let mut known: Vec<Vec<Known>> = Vec::new();
    let (tell, told) = mpsc::channel();
    for (place, port) in ports.iter().enumerate() {
        let search = PortSearch {
            port: port.clone(),
            families: families.to_vec(),
            groups: groups(port, families)?,
            clock: Arc::clone(&clock),
            end,
        };
        let mut of_port: Vec<Known> = families.iter().map(|_| Known::default()).collect();
        if let Some(user) = user_of(port) {
            let why = format!("the program {user} uses the port");
            for family in &mut of_port {
                family.ended = Some(Answered::NotTried(why.clone()));
            }
        } else {
            let tell = tell.clone();
            std::thread::spawn(move || search.run(place, &tell));
        }
        known.push(of_port);
    }
    drop(tell);
    loop {
        let left = end.saturating_duration_since(clock.monotonic());
        let (place, progress) = match told.recv_timeout(left) {
            Ok(progress) => progress,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        };
        if let Some(of_port) = known.get_mut(place) {
            note(of_port, progress);
        }
    }
    let mut tries = Vec::new();
    for (port, of_port) in ports.iter().zip(known) {
        for (family, known) in families.iter().zip(of_port) {
            tries.push(Tried {
                port: port.display().to_string(),
                family: family.clone(),
                answered: known.answered(),
            });
        }
    }
    Ok(tries)
}

/// Notes what the thread of a port reports.
fn note(of_port: &mut [Known], progress: Progress) {
    match progress {
        Progress::Asked(families, speed) => {
            for family in families {
                if let Some(known) = of_port.get_mut(family) {
                    known.asked.push(speed);
                    known.answers = false;
                }
            }
        }
        Progress::Answers(families) => {
            for family in families {
                if let Some(known) = of_port.get_mut(family) {
                    known.answers = true;
                }
            }
        }
        Progress::Ended(family, answered) => {
            if let Some(known) = of_port.get_mut(family) {
                known.ended = Some(answered);
            }
        }
        Progress::Found => {
            for known in of_port.iter_mut().filter(|known| known.ended.is_none()) {
                known.ended = Some(Answered::NotTried(ANSWERED.to_owned()));
            }
        }
    }
}

fn uri_text(port: &Path, family: &str, speed: u32) -> String {
    format!("{family}+serial://{}?baud={speed}", port.display())
}

fn uri(port: &Path, family: &str, speed: u32) -> Result<DriverUri, CliFailure> {
    let text = uri_text(port, family, speed);
    DriverUri::parse(&text)
        .map_err(|error| CliFailure::new(Exit::Usage, anyhow!("{text}: {error}")))
}

/// The families with the same frames together, by their places.
fn groups(port: &Path, families: &[String]) -> Result<Vec<Vec<usize>>, CliFailure> {
    let mut groups: Vec<(DriverUri, Vec<usize>)> = Vec::new();
    for (place, family) in families.iter().enumerate() {
        let [usual, ..] = SPEEDS;
        let uri = uri(port, family, usual)?;
        match groups
            .iter_mut()
            .find(|(first, _)| first.has_frames_of(&uri))
        {
            Some((_, group)) => group.push(place),
            None => groups.push((uri, vec![place])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// The search at one port, on a thread of its own.
struct PortSearch {
    port: PathBuf,
    families: Vec<String>,
    groups: Vec<Vec<usize>>,
    clock: Arc<Clock>,
    end: Instant,
}

impl PortSearch {
    fn run(&self, place: usize, tell: &Sender<(usize, Progress)>) {
        // If the ten seconds are over, nothing is received any more.
        let say = |progress| drop(tell.send((place, progress)));
        let questions = self.groups.len().saturating_mul(SPEEDS.len());
        let questions = u64::try_from(questions).unwrap_or(u64::MAX);
        let silence = QUESTIONS_MS.checked_div(questions).unwrap_or_default();
        let silence = silence.clamp(SILENCE_MS.0, SILENCE_MS.1);
        // What a receipt printer is asked looks like the beginning of a frame to the others.
        let is_escpos = |group: &&Vec<usize>| {
            let mut places = group.iter();
            places.any(|place| self.families.get(*place).is_some_and(|it| it == "escpos"))
        };
        let (receipts, fiscal): (Vec<_>, Vec<_>) = self.groups.iter().partition(is_escpos);
        for groups in [fiscal, receipts] {
            for speed in SPEEDS {
                for group in &groups {
                    if self.clock.monotonic() >= self.end {
                        return;
                    }
                    match self.answers(group, speed, silence) {
                        Ok(()) => {
                            say(Progress::Answers((*group).clone()));
                            if self.tell_apart(group, speed, &say) {
                                return;
                            }
                        }
                        Err(fault) if is_of_port(fault) => {
                            for family in 0..self.families.len() {
                                say(Progress::Ended(family, Answered::Closed(fault)));
                            }
                            return;
                        }
                        Err(_) => say(Progress::Asked((*group).clone(), speed)),
                    }
                }
            }
        }
    }

    fn uri(&self, family: usize, speed: u32) -> Option<DriverUri> {
        let text = uri_text(&self.port, self.families.get(family)?, speed);
        DriverUri::parse(&text).ok()
    }

    /// Whether anything answers in the frames of these families.
    fn answers(&self, group: &[usize], speed: u32, silence_ms: u64) -> Result<(), Fault> {
        let first = group.first().and_then(|family| self.uri(*family, speed));
        first.map_or(Err(Fault::NoAnswer), |uri| {
            driver::answers(&uri, silence_ms)
        })
    }

    /// Finds the family of the printer that answers. Returns false if nothing answers to the question for its identity: then it was
    /// noise, and the search goes on.
    fn tell_apart(&self, group: &[usize], speed: u32, say: &impl Fn(Progress)) -> bool {
        let mut found: Option<(usize, Connected)> = None;
        let mut faults = Vec::new();
        for family in group {
            let Some(uri) = self.uri(*family, speed) else {
                continue;
            };
            match (driver::open(&uri).connect(), &found) {
                (Ok(connected), None) => {
                    let is_certain = !families_of_model(&connected.model).is_empty();
                    found = Some((*family, connected));
                    if is_certain {
                        break;
                    }
                }
                (Ok(_), Some((first, _))) => {
                    let first = self.families.get(*first).cloned().unwrap_or_default();
                    say(Progress::Ended(*family, Answered::Alike(first)));
                }
                (Err(fault), _) => faults.push((*family, fault)),
            }
        }
        let Some((family, connected)) = found else {
            let is_noise = |(_, fault): &(usize, Fault)| {
                matches!(fault, Fault::NoAnswer | Fault::LineNoise | Fault::PortLost)
            };
            if faults.iter().all(is_noise) {
                say(Progress::Asked(group.to_vec(), speed));
                return false;
            }
            for (family, fault) in faults {
                say(Progress::Ended(family, Answered::Unusable(fault)));
            }
            return true;
        };
        let name = self.families.get(family).map_or("", String::as_str);
        let printer = FoundPrinter {
            uri: uri_text(&self.port, name, speed),
            model: connected.model,
            serial: connected.baseline.serial,
        };
        say(Progress::Ended(family, Answered::Printer(printer)));
        say(Progress::Found);
        true
    }
}

/// Whether the port itself cannot be used, whatever is asked there.
const fn is_of_port(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::PortMissing
            | Fault::PortForbidden
            | Fault::PortTaken
            | Fault::NotAPort
            | Fault::PortUnavailable
            | Fault::PortAmbiguous
    )
}

fn report(tries: &[Tried], output: CliOutput) {
    output.json(&object! { "tries" => JsonValue::Array(tries.iter().map(Tried::json).collect()) });
    if output.json {
        return;
    }
    for tried in tries {
        output.text(&tried.text());
    }
    if tries.is_empty() {
        output.text("no serial port is there; plug the printer in, or give a port with --port");
    }
}

impl Tried {
    fn state(&self) -> &'static str {
        match &self.answered {
            Answered::Printer(_) => "printer",
            Answered::Alike(_) => "alike",
            Answered::Unusable(_) => "unusable",
            Answered::Silent { .. } => "silent",
            Answered::NotTried(_) | Answered::Closed(_) => "not_tried",
        }
    }

    /// What is to be known beside the state.
    fn why(&self) -> Option<String> {
        match &self.answered {
            Answered::Printer(_) => None,
            Answered::Alike(family) => Some(format!(
                "the printer of the family {family} answers in the forms of this family too; docs/PRINTERS.md has the models of each"
            )),
            Answered::Unusable(fault) | Answered::Closed(fault) => Some(fault.to_string()),
            Answered::Silent { untried } if untried.is_empty() => None,
            Answered::Silent { untried } => {
                let speeds: Vec<String> = untried.iter().map(u32::to_string).collect();
                let speeds = speeds.join(", ");
                Some(format!("{LATE}; not tried at these speeds: {speeds}"))
            }
            Answered::NotTried(why) => Some(why.clone()),
        }
    }

    fn json(&self) -> JsonValue {
        let printer = match &self.answered {
            Answered::Printer(printer) => Some(printer),
            _ => None,
        };
        object! {
            "path" => self.port.clone(),
            "family" => self.family.clone(),
            "state" => self.state(),
            "uri" => printer.map(|it| it.uri.clone()),
            "model" => printer.map(|it| it.model.clone()),
            "serial_number" => printer.map(|it| it.serial.clone()),
            "why" => self.why(),
        }
    }

    fn text(&self) -> String {
        let Self { port, family, .. } = self;
        let why = self.why().unwrap_or_default();
        match &self.answered {
            Answered::Printer(printer) => format!(
                "{port}: {printer}; write uri = \"{}\" into [[device]]",
                printer.uri
            ),
            Answered::Alike(_) => format!("{port}: {family}: {why}"),
            Answered::Unusable(_) => {
                format!("{port}: a printer answers as {family} and cannot be used: {why}")
            }
            Answered::Silent { untried } if untried.is_empty() => {
                format!("{port}: no printer of the family {family} answers")
            }
            Answered::Silent { .. } => {
                format!("{port}: no printer of the family {family} answers so far: {why}")
            }
            Answered::NotTried(_) | Answered::Closed(_) => {
                format!("{port}: {family} not tried: {why}")
            }
        }
    }
}
