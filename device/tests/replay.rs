//! Recorded conversations, played again with the driver: every byte that it sends, and its outcome for every answer.
//!
//! The files are never edited. A recording of a real printer is never replaced either: if it fails, the code must change.
//! A recording of an emulated printer (its first line says so) is deleted and recorded again if the driver is meant to ask
//! something else: `FERROTILL_RECORD=1 cargo test -p ferrotill-device --test replay` writes the missing ones.
#![cfg(feature = "emulator")]

mod bench;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bench::*;
use ferrotill_core::Amount;
use ferrotill_device::driver::escpos::{Escpos, Options};
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::{EscposEmulator, FaultKind};
use ferrotill_device::family::{self, FAMILIES, Protocol};
use ferrotill_device::port::PortOpener;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::replay::Replay;
use ferrotill_device::port::tracer::{TracerOpener, Transcript};
use ferrotill_device::{Baseline, Fault, FiscalPrinter, Job, JournalEvidence, Performed};

const ESCPOS: &str = "escpos";
/// The first line of a recording that this test makes.
const HEAD: &str = "# A conversation with the emulated printer; tests/replay.rs says when it may be recorded again.";

/// The jobs of the conversations, by name. Like the recorded conversations these jobs must not change.
fn job(name: &str) -> Job {
    match name {
        "sale" => sale(),
        "refund" => refund(),
        "cash-in" => cash_in(),
        "cash-out" => Job::Cash(Amount::from_minor(-500)),
        "x" => Job::XReport,
        "z" => Job::ZReport,
        "slip" => Job::text(["Bon de plată", "Хлеб 9,50"]),
        "duplicate" => Job::Duplicate,
        "drawer" => Job::Drawer,
        other => panic!("{other}"),
    }
}

/// A driver of a family on a port, with the baseline that the till keeps and the last outcome.
struct Player {
    family: Option<&'static Protocol>,
    baseline: Option<Baseline>,
    driver: Box<dyn FiscalPrinter>,
    decided: bool,
}

fn driver(
    family: Option<&'static Protocol>,
    opener: Box<dyn PortOpener>,
    seq: u8,
) -> Box<dyn FiscalPrinter> {
    match family {
        Some(family) => Box::new(IslPrinter::new(family, opener, seq)),
        None => Box::new(Escpos::new(opener, Options::default(), seq)),
    }
}

impl Player {
    fn new(name: &str, opener: Box<dyn PortOpener>, seq: u8) -> Self {
        let family = family::of_name(name);
        assert!(family.is_some() || name == ESCPOS, "{name}");
        Self {
            family,
            baseline: None,
            driver: driver(family, opener, seq),
            decided: false,
        }
    }

    /// The job of this name, as a printer of the family can do it.
    fn job(&self, name: &str) -> Job {
        match self.family {
            Some(family) => on(family, job(name)),
            None => job(name),
        }
    }

    /// Carries out one line of a script; returns how it ended.
    fn act(&mut self, line: &str, opener: &dyn Fn() -> Box<dyn PortOpener>) -> String {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut notes = Notes::new();
        let outcome = match verb {
            "connect" => match self.driver.connect() {
                Ok(connected) => {
                    let told = format!("connected {}", connected.model);
                    self.baseline = Some(connected.baseline);
                    return told;
                }
                Err(fault) => return format!("fault {}", number_of(fault)),
            },
            "restart" => {
                self.driver = driver(self.family, opener(), rest.parse().unwrap());
                return "restarted".to_owned();
            }
            "perform" => {
                self.decided = false;
                let baseline = self.baseline.as_ref().unwrap();
                self.driver.perform(&self.job(rest), baseline, &mut notes)
            }
            "recover" => {
                let baseline = self.baseline.as_ref().unwrap();
                self.driver
                    .recover(
                        &self.job(rest),
                        baseline,
                        &JournalEvidence::of_decision(self.decided),
                        &mut notes,
                    )
                    .into()
            }
            other => panic!("{other}"),
        };
        self.decided |= notes.decided;
        match outcome {
            Performed::Registered(registered) => {
                self.baseline = Some(registered.after);
                format!("registered {}", registered.document)
            }
            Performed::NotBegun(refusal) | Performed::Absent(_, refusal) => {
                if let Some(after) = refusal.after {
                    self.baseline = Some(after);
                }
                format!("not registered, fault {}", number_of(refusal.fault))
            }
            Performed::Unknown(fault) => format!("unknown, fault {}", number_of(fault)),
        }
    }
}

/// The number of a fault in the conversations, which were recorded before a missing port had a fault of its own.
fn number_of(fault: Fault) -> u16 {
    match fault {
        Fault::PortMissing => Fault::PortUnavailable.code(),
        other => other.code(),
    }
}

/// Plays a transcript; `Err` is the first difference.
fn play(transcript: &str) -> Result<(), String> {
    let replay = Replay::of(transcript)?;
    let opener = || -> Box<dyn PortOpener> { Box::new(replay.clone()) };
    let mut player = None;
    let mut told = String::new();
    let mut acts = 0;
    for line in transcript
        .lines()
        .filter_map(|line| line.strip_prefix("% "))
    {
        if let Some(head) = line.strip_prefix("family ") {
            let (name, seq) = head.split_once(" seq ").unwrap();
            player = Some(Player::new(name, opener(), seq.parse().unwrap()));
        } else if let Some(expected) = line.strip_prefix("-> ") {
            if told != expected {
                replay.finish()?;
                return Err(format!("{told} instead of {expected}"));
            }
        } else {
            told = player.as_mut().unwrap().act(line, &opener);
            acts += 1;
        }
    }
    assert!(acts > 0, "a conversation says what is done");
    replay.finish()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/conversations")
}

/// Every conversation: a transcript with its jobs.
fn conversations() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.lines().any(|line| line.starts_with("% ")) {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            found.push((name, text));
        }
    }
    found.sort();
    found
}

#[test]
fn every_recorded_conversation_is_repeated_byte_for_byte() {
    let found = conversations();
    for (name, text) in &found {
        play(text).unwrap_or_else(|differs| panic!("{name}: {differs}"));
    }
    // No conversation may be missing.
    let names: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    for family in FAMILIES {
        for scene in SCENES {
            let name = format!("{}-{}", family.name, scene.name);
            assert!(names.contains(name.as_str()), "{name}");
        }
    }
    assert!(names.contains("escpos-slips"));
}

#[test]
fn one_changed_byte_in_a_conversation_is_noticed() {
    for (name, text) in conversations() {
        let lines: Vec<&str> = text.lines().collect();
        let sent: Vec<usize> = (0..lines.len())
            .filter(|place| lines[*place].starts_with('>'))
            .collect();
        // The test changes the first frame that was sent, one in the middle, and the last one.
        for place in [sent[0], sent[sent.len() / 2], sent[sent.len() - 1]] {
            let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let digit = changed[place].pop().unwrap();
            changed[place].push(if digit == '0' { '1' } else { '0' });
            assert!(play(&changed.join("\n")).is_err(), "{name}: line {place}");
        }
        // The test removes an answer, and adds a line that is never played.
        let heard = lines.iter().position(|line| line.starts_with('<')).unwrap();
        let without: Vec<&str> = [&lines[..heard], &lines[heard + 1..]].concat();
        assert!(play(&without.join("\n")).is_err(), "{name}: no answer");
        let more = format!("{text}> 01\n");
        assert!(play(&more).is_err(), "{name}: more than there was");
    }
}

#[test]
fn an_unreadable_transcript_is_refused_with_its_line() {
    assert_eq!(Replay::of("> 01\n? 02").unwrap_err(), "line 2: ? 02");
    assert_eq!(Replay::of("> 0G").unwrap_err(), "line 1: > 0G");
}

/// The scenes that are recorded for each family.
struct Scene {
    name: &'static str,
    /// The jobs of the scene, and between them `trouble KIND COMMAND TIMES` for the emulator, `repair` and `miscount N`.
    acts: &'static [&'static str],
}

const SCENES: &[Scene] = &[
    Scene {
        name: "day",
        acts: &[
            "connect",
            "perform cash-in",
            "perform sale",
            "perform refund",
            "perform duplicate",
            "perform cash-out",
            "perform slip",
            "perform drawer",
            "perform x",
            "perform z",
        ],
    },
    Scene {
        name: "trouble",
        acts: &[
            "connect",
            "trouble nak open 1",
            "trouble garble sale 1",
            "trouble busy payment 3",
            "trouble garbage text 2",
            "trouble late subtotal 1",
            "trouble drop_answer close 5",
            "perform sale",
            "miscount 1",
            "perform sale",
            "miscount 0",
            "trouble unplug_after payment 1",
            "perform sale",
            "recover sale",
            "repair",
            "restart 77",
            "recover sale",
            "trouble power_cut payment 1",
            "perform refund",
            "repair",
            "restart 3",
            "recover refund",
            "perform z",
        ],
    },
    // This scene has frames that never arrive, and a printer that loses its power and has it back before its answer arrives.
    Scene {
        name: "blink",
        acts: &[
            "connect",
            "trouble drop_answer cash 1",
            "perform cash-in",
            "trouble drop_request cash 1",
            "perform cash-in",
            "trouble blink cash 1",
            "perform cash-out",
            "trouble drop_request open 1",
            "trouble blink sale 1",
            "trouble blink payment 1",
            "trouble blink close 1",
            "perform sale",
            "trouble blink z 1",
            "perform z",
        ],
    },
];

/// The number of a command by its name in the table.
fn command(family: &Protocol, name: &str) -> u8 {
    match name {
        "open" => family.open.command,
        "sale" => family.sale.command,
        "text" => family.text.command,
        "subtotal" => family.subtotal.command,
        "payment" => family.payment.command,
        "close" => family.close.command,
        "cash" => family.cash.command,
        "z" => family.z_report.command,
        other => panic!("{other}"),
    }
}

/// Plays a scene with the emulated printer and records it.
fn record(family: &'static Protocol, scene: &Scene) -> String {
    let bench = Bench::of(family);
    let transcript = Transcript::default();
    let opener = || -> Box<dyn PortOpener> {
        let line = bench.line.clone();
        Box::new(TracerOpener::new(
            line,
            Some(family.framing),
            transcript.clone(),
        ))
    };
    transcript.say(HEAD);
    transcript.say(&format!("% family {} seq 9", family.name));
    let mut player = Player::new(family.name, opener(), 9);
    for act in scene.acts {
        let words: Vec<&str> = act.split(' ').collect();
        match words.as_slice() {
            ["trouble", kind, on, times] => {
                transcript.say(&format!("# {act}"));
                let kind = FaultKind::parse(kind).unwrap();
                bench.order(kind, Some(command(family, on)), times.parse().unwrap());
            }
            ["repair"] => bench.repair(),
            ["miscount", by] => bench
                .line
                .with(|emulator| emulator.printer_mut().miscount = by.parse().unwrap()),
            _ => {
                transcript.say(&format!("\n% {act}"));
                let told = player.act(act, &opener);
                transcript.say(&format!("% -> {told}"));
            }
        }
    }
    transcript.text()
}

fn record_escpos() -> String {
    let line = Loopback::new(EscposEmulator::new(None));
    let transcript = Transcript::default();
    let opener = || -> Box<dyn PortOpener> {
        Box::new(TracerOpener::new(line.clone(), None, transcript.clone()))
    };
    transcript.say(HEAD);
    transcript.say("% family escpos seq 9");
    let mut player = Player::new(ESCPOS, opener(), 9);
    for act in ["connect", "perform slip", "perform drawer", "perform sale"] {
        transcript.say(&format!("\n% {act}"));
        let told = player.act(act, &opener);
        transcript.say(&format!("% -> {told}"));
    }
    transcript.text()
}

#[test]
fn what_is_traced_can_be_played_at_once() {
    let mut all = Vec::new();
    for family in FAMILIES {
        for scene in SCENES {
            let name = format!("{}-{}", family.name, scene.name);
            all.push((name, record(family, scene)));
        }
    }
    all.push(("escpos-slips".to_owned(), record_escpos()));
    for (name, text) in all {
        play(&text).unwrap_or_else(|differs| panic!("{name}: {differs}\n{}", numbered(&text)));
        let path = folder().join(format!("{name}.txt"));
        if std::env::var_os("FERROTILL_RECORD").is_some() && !path.exists() {
            std::fs::write(path, text).unwrap();
        }
    }
}

fn numbered(text: &str) -> String {
    let mut all = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let _ = writeln!(all, "{number:4} {line}");
    }
    all
}
