//! Rules that check one file at a time.

use crate::source::{Finding, Lines, Source, ends_in_word, float_literal};

/// The largest number of lines in a file. It leaves some room for a file that is being split.
pub(crate) const FILE_LINES_MAX: usize = 700;

/// Files that may use floating-point numbers, with the reason. Only displayed values may use them, and never money, quantities
/// or rates.
pub(crate) const FLOATS_ALLOWED: &[(&str, &str)] = &[];

/// Files that may name a country: path, the allowed text, and the reason.
pub(crate) const COUNTRIES_ALLOWED: &[(&str, &str, &str)] = &[
    (
        "edge-agent/src/cli/demo.rs",
        "MD",
        "the demo needs a country when none is named; it asks for its law only through the profile",
    ),
    (
        "device/src/family/datecs_mx.rs",
        "MD",
        "the machines of this family have other commands in each country, and none of a country's law",
    ),
    (
        "device/src/family/datecs_mx.rs",
        "moldova",
        "the machines of this family have other commands in each country, and none of a country's law",
    ),
];

/// Files whose code may call `expect`, with the reason.
pub(crate) const EXPECT_ALLOWED: &[(&str, &str)] = &[];

/// Forbids `f32`, `f64` and numbers with a point, because amounts, quantities and rates are whole numbers of a fixed unit.
pub(crate) fn floats(source: &Source) -> Vec<Finding> {
    if !source.under(&[
        "core/src/",
        "device/src/",
        "edge-agent/src/",
        "edge-agent/rksv/src/",
    ]) || FLOATS_ALLOWED.iter().any(|(path, _)| *path == source.path)
    {
        return Vec::new();
    }
    let named = source.find_words(|word| {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        matches!(digits, "f32" | "f64" | "as_f32" | "as_f64")
    });
    let literal = source.find_lines(Lines::All, float_literal);
    named.into_iter().chain(literal).collect()
}

/// Forbids [`SamePrinter`](ferrotill_device::judge::SamePrinter) outside of the drivers, so that evidence of "no document" is made
/// only by those who have read the counters.
pub(crate) fn evidence(source: &Source) -> Vec<Finding> {
    let may_judge = source.under(&[
        "device/src/judge/",
        "device/src/driver/",
        "hardware-tests/kit/src/printer.rs",
    ]);
    if may_judge || source.path.starts_with("edge-agent/tests/tidy/") {
        return Vec::new();
    }
    source.find_words(|word| word == "SamePrinter")
}

/// Forbids names of countries outside `core/src/profile/`, `edge-agent/src/authority/`, `edge-agent/rksv/` and tests.
pub(crate) fn countries(source: &Source) -> Vec<Finding> {
    const CODES: [&str; 4] = ["MD", "AT", "UZ", "UA"];
    const NAMES: [&str; 4] = ["moldova", "austria", "uzbekistan", "ukraine"];
    const MODULES: [&str; 4] = ["md::", "at::", "uz::", "ua::"];
    let places = [
        "core/src/profile/",
        "edge-agent/src/authority/",
        "edge-agent/rksv/src/",
    ];
    if source.is_test_file() || source.under(&places) {
        return Vec::new();
    }
    let named = |text: &str| {
        let lower = text.to_lowercase();
        NAMES.into_iter().find(|name| lower.contains(name))
    };
    let allowed = |finding: &Finding| {
        COUNTRIES_ALLOWED
            .iter()
            .any(|(path, what, _)| *path == source.path && *what == finding.what)
    };
    let in_code = source.find_lines(Lines::Product, |line| {
        let module = MODULES.into_iter().find(|module| {
            line.match_indices(module)
                .any(|(at, _)| !ends_in_word(&line[..at]))
        });
        module.or_else(|| named(line)).map(str::to_owned)
    });
    let in_strings = source.strings.iter().filter_map(|(line, text)| {
        let what = CODES
            .into_iter()
            .find(|code| text == code)
            .or_else(|| named(text))?;
        (!source.test_lines[*line]).then(|| source.finding(*line, what))
    });
    in_code
        .into_iter()
        .chain(in_strings)
        .filter(|finding| !allowed(finding))
        .collect()
}

/// Forbids SQL outside `edge-agent/store/src/` and `hub/src/store/`, except in tests that read a database.
pub(crate) fn sql(source: &Source) -> Vec<Finding> {
    const WORDS: [&str; 6] = [
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE FROM",
        "PRAGMA ",
        "CREATE TABLE",
    ];
    if source.is_test_file() || source.under(&["edge-agent/store/src/", "hub/src/store/"]) {
        return Vec::new();
    }
    let found = source.strings.iter().filter_map(|(line, text)| {
        let word = WORDS.into_iter().find(|word| text.contains(word))?;
        (!source.test_lines[*line]).then(|| source.finding(*line, word))
    });
    found.collect()
}

/// Forbids imports of the core in the wire and session modules of the device crate, which handle only bytes.
pub(crate) fn wire_imports(source: &Source) -> Vec<Finding> {
    if !source.under(&["device/src/wire/", "device/src/session.rs"]) {
        return Vec::new();
    }
    source.find_words(|word| word == "ferrotill_core")
}

/// Forbids reading a clock. Functions get the time as an argument; only the agent's clock, and the device crate where it waits
/// for a line, read a clock.
pub(crate) fn clocks(source: &Source) -> Vec<Finding> {
    const READS: [&str; 4] = [
        "Instant::now",
        "SystemTime::now",
        "Timestamp::now",
        "Zoned::now",
    ];
    if source.is_test_file()
        || source.under(&[
            "edge-agent/src/time/clock.rs",
            "hub/src/clock.rs",
            // These are timers of connections. They use the runtime's clock, which tests can stop.
            "edge-agent/src/listener/connections.rs",
            // The watchdog watches the threads of this process.
            "edge-agent/src/status/at_work.rs",
            "edge-agent/src/agent/service_manager.rs",
            "device/src/port/",
            "device/src/emulator/",
        ])
    {
        return Vec::new();
    }
    source.find_lines(Lines::Product, |line| {
        let read = READS.into_iter().find(|read| line.contains(read));
        read.map(str::to_owned)
    })
}

/// Forbids `unwrap` and `expect` in the product, which returns errors instead; tests may panic.
pub(crate) fn unwraps(source: &Source) -> Vec<Finding> {
    if source.is_test_file() || EXPECT_ALLOWED.iter().any(|(path, _)| *path == source.path) {
        return Vec::new();
    }
    source.find_lines(Lines::Product, |line| {
        let call = [".unwrap()", ".expect("]
            .into_iter()
            .find(|call| line.contains(call));
        call.map(str::to_owned)
    })
}

/// Forbids the routes of health and metrics to read the store or to ask the clerk, because anybody may call them.
pub(crate) fn health_reads(source: &Source) -> Vec<Finding> {
    let files = [
        "edge-agent/src/api/own/health.rs",
        "edge-agent/src/api/own/metrics.rs",
    ];
    if !files.contains(&source.path.as_str()) {
        return Vec::new();
    }
    source.find_words(|word| {
        matches!(
            word,
            "read" | "reader" | "Reader" | "work" | "ask" | "waits" | "clerk_handle" | "fs"
        )
    })
}

/// Forbids methods that panic at an edge of an integer or outside a slice, and that clippy does not see.
pub(crate) fn panicking_methods(source: &Source) -> Vec<Finding> {
    const CALLS: [&str; 10] = [
        ".abs()",
        ".neg()",
        ".pow(",
        ".isqrt(",
        ".ilog2(",
        ".ilog10(",
        ".next_power_of_two(",
        ".split_at(",
        ".split_at_mut(",
        ".copy_from_slice(",
    ];
    let agent = [
        "edge-agent/src/",
        "edge-agent/rksv/src/",
        "edge-agent/store/src/",
    ];
    if source.is_test_file() || !source.under(&agent) {
        return Vec::new();
    }
    source.find_lines(Lines::Product, |line| {
        let call = CALLS.into_iter().find(|call| line.contains(call));
        call.map(str::to_owned)
    })
}

pub(crate) fn file_length(source: &Source) -> Vec<Finding> {
    let lines = source.code.len();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![source.finding(
        lines - 1,
        &format!("{lines} lines; {FILE_LINES_MAX} is the limit"),
    )]
}

/// Forbids placeholders for code that is not written yet, and tests that are never run.
pub(crate) fn left_for_later(source: &Source) -> Vec<Finding> {
    source.find_lines(Lines::All, |line| {
        let marks = ["todo!", "unimplemented!", "#[ignore", "dbg!"];
        let mark = marks.into_iter().find(|mark| {
            line.match_indices(mark)
                .any(|(at, _)| !ends_in_word(&line[..at]))
        });
        mark.map(str::to_owned)
    })
}
