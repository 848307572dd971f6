//! How much the log says, for each part of the program, changeable while it runs.

use std::io;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Registry, fmt, reload};

use crate::locked::Locked;

/// A part of the program whose level can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPart {
    /// The name of the part.
    pub name: &'static str,
    /// The modules of the part; a module stands for all modules below it.
    modules: &'static [&'static str],
}

/// Every part.
pub const PARTS: &[LogPart] = &[
    LogPart {
        name: "till",
        modules: &["ferrotill::clerk", "ferrotill::status"],
    },
    LogPart {
        name: "printer",
        modules: &["ferrotill::seal", "ferrotill_device"],
    },
    LogPart {
        name: "office",
        modules: &["ferrotill::outbox", "ferrotill::authority"],
    },
    LogPart {
        name: "callers",
        modules: &["ferrotill::api", "ferrotill::listener"],
    },
    LogPart {
        name: "clock",
        modules: &["ferrotill::time"],
    },
    LogPart {
        name: "store",
        modules: &["ferrotill_store"],
    },
];

/// The levels, from the fewest lines to the most.
pub const LEVELS: &[(&str, LevelFilter)] = &[
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
];

/// The level of each part, in the order of [`PARTS`].
type PartLevels = [LevelFilter; PARTS.len()];

struct RunningLog {
    handle: reload::Handle<Targets, Registry>,
    levels: Locked<PartLevels>,
    /// The level of all that belongs to no part.
    others: LevelFilter,
}

static LOG: OnceLock<RunningLog> = OnceLock::new();

/// Sends the log of this process to standard error, at one level for all parts. A second call in the same process, as in tests,
/// changes nothing.
pub fn start(level: LevelFilter) {
    let levels = [level; PARTS.len()];
    let (filter, handle) = reload::Layer::new(targets(&levels, level));
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let subscriber = Registry::default().with(filter).with(lines);
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        // Only one call gets here, so the log is not set yet.
        let _ = LOG.set(RunningLog {
            handle,
            levels: Locked::new(levels),
            others: level,
        });
    }
}

/// The level of each part; `None` if the log of this process was not started here.
#[must_use]
pub fn levels() -> Option<Vec<(&'static str, &'static str)>> {
    let levels = *LOG.get()?.levels.lock();
    let named = PARTS.iter().zip(levels);
    Some(
        named
            .map(|(part, level)| (part.name, name_of(level)))
            .collect(),
    )
}

/// Sets the level of each part for which `change` returns one, and writes a line for each. Returns false if the log of this process was
/// not started here.
///
/// This module belongs to no part, so that the line of a change is written whatever the levels are.
pub fn set(client: &str, change: impl Fn(&LogPart) -> Option<LevelFilter>) -> bool {
    let Some(log) = LOG.get() else {
        return false;
    };
    let mut levels = log.levels.lock();
    for (part, level) in PARTS.iter().zip(levels.iter_mut()) {
        if let Some(new) = change(part) {
            *level = new;
            tracing::warn!(event = "log_level", client, part = part.name, level = %new, "a client has set how much the log says");
        }
    }
    log.handle.reload(targets(&levels, log.others)).is_ok()
}

fn targets(levels: &PartLevels, others: LevelFilter) -> Targets {
    let of_parts = PARTS.iter().zip(levels);
    of_parts.fold(
        Targets::new().with_default(others),
        |targets, (part, level)| {
            let of_modules = part.modules.iter().map(|module| (*module, *level));
            targets.with_targets(of_modules)
        },
    )
}

fn name_of(level: LevelFilter) -> &'static str {
    let known = LEVELS.iter().find(|(_, known)| *known == level);
    known.map_or("trace", |(name, _)| name)
}
