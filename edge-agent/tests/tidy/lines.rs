//! Rules that look at one file.

use crate::source::{Finding, Lines, Source, ends_in_word, float_literal};

/// The longest file that fits in a head, with room for one that is being split.
pub(crate) const FILE_LINES_MAX: usize = 700;

/// Files that may use floats, with the reason: rendering only, never money, quantity or a rate.
pub(crate) const FLOATS_ALLOWED: &[(&str, &str)] = &[];

/// Files that may name a country, what they may say, and why.
pub(crate) const COUNTRIES_ALLOWED: &[(&str, &str, &str)] = &[(
    "edge-agent/src/cli/demo.rs",
    "MD",
    "the demo needs a country when none is named; it asks for its law only through the profile",
)];

/// Files whose code may say `expect`, and why.
pub(crate) const EXPECT_ALLOWED: &[(&str, &str)] = &[];

/// No `f32`, no `f64`, no number with a point: amounts, quantities and rates are whole numbers of a fixed unit.
pub(crate) fn floats(source: &Source) -> Vec<Finding> {
    if !source.under(&["core/src/", "device/src/", "edge-agent/src/"])
        || FLOATS_ALLOWED.iter().any(|(path, _)| *path == source.path)
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

/// Countries live under `core/src/profile/` and `edge-agent/src/authority/`, and in tests.
pub(crate) fn countries(source: &Source) -> Vec<Finding> {
    const CODES: [&str; 4] = ["MD", "AT", "UZ", "UA"];
    const NAMES: [&str; 4] = ["moldova", "austria", "uzbekistan", "ukraine"];
    const MODULES: [&str; 4] = ["md::", "at::", "uz::", "ua::"];
    if source.is_test_file() || source.under(&["core/src/profile/", "edge-agent/src/authority/"]) {
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

/// SQL is spoken under `edge-agent/store/src/`, and by tests that look into a database.
pub(crate) fn sql(source: &Source) -> Vec<Finding> {
    const WORDS: [&str; 6] = [
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE FROM",
        "PRAGMA ",
        "CREATE TABLE",
    ];
    if source.is_test_file() || source.under(&["edge-agent/store/src/"]) {
        return Vec::new();
    }
    let found = source.strings.iter().filter_map(|(line, text)| {
        let word = WORDS.into_iter().find(|word| text.contains(word))?;
        (!source.test_lines[*line]).then(|| source.finding(*line, word))
    });
    found.collect()
}

/// The wire and the session are about bytes: nothing of the core is known there.
pub(crate) fn wire_imports(source: &Source) -> Vec<Finding> {
    if !source.under(&["device/src/wire/", "device/src/session.rs"]) {
        return Vec::new();
    }
    source.find_words(|word| word == "ferrotill_core")
}

/// Time is an argument everywhere but in the agent's clock and where the device crate waits for a real line.
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
            // Timers of connections, on the clock of the runtime, which tests can stop.
            "edge-agent/src/listener/connections.rs",
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

/// The product answers with a result; only tests may stop at a surprise.
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

/// What does not exist yet is not written down as if it did, and a test that does not run is no test.
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
