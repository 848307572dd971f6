//! The house rules, as tests: each one reads the sources of the workspace and names file and line.
//!
//! A rule looks at code without comments and without the contents of strings, so prose may say what code may not.
//! The last test feeds every rule a line that it must find.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file that fits in a head, with room for one that is being split.
const FILE_LINES_MAX: usize = 700;

/// Files that may use floats, with the reason: rendering only, never money, quantity or a rate.
const FLOATS_ALLOWED: &[(&str, &str)] = &[];

/// Files that may name a country, what they may say, and why.
const COUNTRIES_ALLOWED: &[(&str, &str, &str)] = &[(
    "edge-agent/src/cli/demo.rs",
    "MD",
    "the demo needs a country when none is named; it asks for its law only through the profile",
)];

/// Files whose code may say `expect`, and why.
const EXPECT_ALLOWED: &[(&str, &str)] = &[];

#[test]
fn no_float_in_the_sources() {
    enforce(floats);
}

#[test]
fn countries_are_named_only_in_their_places() {
    enforce(countries);
}

#[test]
fn only_the_store_speaks_sql() {
    enforce(sql);
}

#[test]
fn wire_and_session_know_nothing_of_the_core() {
    enforce(wire_imports);
}

#[test]
fn clocks_are_read_only_in_their_places() {
    enforce(clocks);
}

#[test]
fn no_unwrap_or_expect_outside_tests() {
    enforce(unwraps);
}

#[test]
fn files_fit_in_a_head() {
    enforce(file_length);
}

#[test]
fn nothing_is_left_for_later() {
    enforce(left_for_later);
}

// The rules.

/// No `f32`, no `f64`, no number with a point: amounts, quantities and rates are whole numbers of a fixed unit.
fn floats(source: &Source) -> Vec<Finding> {
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
fn countries(source: &Source) -> Vec<Finding> {
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
fn sql(source: &Source) -> Vec<Finding> {
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
fn wire_imports(source: &Source) -> Vec<Finding> {
    if !source.under(&["device/src/wire/", "device/src/session.rs"]) {
        return Vec::new();
    }
    source.find_words(|word| word == "ferrotill_core")
}

/// Time is an argument everywhere but in the agent's clock and where the device crate waits for a real line.
fn clocks(source: &Source) -> Vec<Finding> {
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
fn unwraps(source: &Source) -> Vec<Finding> {
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

fn file_length(source: &Source) -> Vec<Finding> {
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
fn left_for_later(source: &Source) -> Vec<Finding> {
    source.find_lines(Lines::All, |line| {
        let marks = ["todo!", "unimplemented!", "#[ignore", "dbg!"];
        let mark = marks.into_iter().find(|mark| {
            line.match_indices(mark)
                .any(|(at, _)| !ends_in_word(&line[..at]))
        });
        mark.map(str::to_owned)
    })
}

// A source, read once.

/// One breach of a rule.
#[derive(Debug)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

/// Which lines a rule looks at.
#[derive(Clone, Copy, PartialEq)]
enum Lines {
    All,
    Product,
}

/// A Rust file: its code without comments and string contents, and its strings apart.
struct Source {
    path: String,
    code: Vec<String>,
    strings: Vec<(usize, String)>,
    test_lines: Vec<bool>,
}

impl Source {
    fn parse(path: &str, text: &str) -> Self {
        let (code, strings) = strip(text);
        let mut test_lines = vec![false; code.lines().count().max(1)];
        mark_tests(&code, &mut test_lines);
        Self {
            path: path.to_owned(),
            code: code.lines().map(str::to_owned).collect(),
            strings,
            test_lines,
        }
    }

    fn under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// Integration tests, fuzz targets, benchmarks, the hardware suite, and modules that are compiled for tests only.
    fn is_test_file(&self) -> bool {
        let in_folder = |name: &str| self.path.split('/').any(|part| part == name);
        self.path.starts_with("hardware-tests/")
            || in_folder("tests")
            || in_folder("fuzz")
            || in_folder("benches")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
    }

    fn finding(&self, line: usize, what: &str) -> Finding {
        Finding {
            path: self.path.clone(),
            line: line + 1,
            what: what.to_owned(),
        }
    }

    fn find_lines(&self, which: Lines, find: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
        let lines = self.code.iter().enumerate();
        lines
            .filter(|(number, _)| which == Lines::All || !self.test_lines[*number])
            .filter_map(|(number, line)| Some(self.finding(number, &find(line)?)))
            .collect()
    }

    fn find_words(&self, wanted: impl Fn(&str) -> bool) -> Vec<Finding> {
        self.find_lines(Lines::All, |line| {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.find(|word| wanted(word)).map(str::to_owned)
        })
    }
}

/// Runs a rule over every source of the workspace.
fn enforce(rule: fn(&Source) -> Vec<Finding>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for package in ["core", "device", "edge-agent", "hardware-tests"] {
        rust_files(&root.join(package), &mut files);
    }
    assert!(
        files.len() > 10,
        "the sources were not found under {}",
        root.display()
    );
    let mut report = String::new();
    for file in files {
        let path = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let source = Source::parse(&path, &fs::read_to_string(&file).unwrap());
        let braces = |which: char| {
            source
                .code
                .iter()
                .map(|line| line.matches(which).count())
                .sum::<usize>()
        };
        assert_eq!(braces('{'), braces('}'), "{path}: this test misread it");
        for finding in rule(&source) {
            writeln!(
                report,
                "{}:{}: {}",
                finding.path, finding.line, finding.what
            )
            .unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// A number such as `1.5`, but not `tuple.0.1`, `1..5` or a method of a number.
fn float_literal(line: &str) -> Option<String> {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (1..bytes.len()).find_map(|point| {
        if bytes[point] != b'.' || !digit(point - 1) || !digit(point + 1) {
            return None;
        }
        let number = line[..point].trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let part_of_something = ends_in_word(number) || number.ends_with('.');
        (!part_of_something).then(|| line[number.len()..].chars().take(8).collect())
    })
}

/// Blanks comments and the contents of strings, keeps every line break, and gives the strings with their lines.
fn strip(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let (mut code, mut strings) = (String::new(), Vec::new());
    let (mut index, mut line) = (0, 0);
    while index < chars.len() {
        let end = match (at(index), at(index + 1)) {
            ('/', '/') => skip_while(&chars, index, |c| c != '\n'),
            ('/', '*') => block_comment_end(&chars, index),
            ('"', _) => {
                let end = string_end(&chars, index, &code);
                let content = chars[index + 1..end.saturating_sub(1).max(index + 1)].iter();
                strings.push((line, content.collect()));
                code.push_str("\"\"");
                end
            }
            ('\'', _) => char_end(&chars, index),
            (other, _) => {
                code.push(other);
                line += usize::from(other == '\n');
                index += 1;
                continue;
            }
        };
        for breaks in chars[index..end].iter().filter(|c| **c == '\n') {
            code.push(*breaks);
            line += 1;
        }
        // A lifetime's quote is dropped and its name stays; a comment leaves a gap.
        code.push(' ');
        index = end;
    }
    (code, strings)
}

fn skip_while(chars: &[char], from: usize, matches: impl Fn(char) -> bool) -> usize {
    let rest = chars[from..].iter();
    from + rest.take_while(|c| matches(**c)).count()
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut index) = (0_usize, from);
    while index + 1 < chars.len() {
        match (chars[index], chars[index + 1]) {
            ('/', '*') => (depth, index) = (depth + 1, index + 2),
            ('*', '/') if depth == 1 => return index + 2,
            ('*', '/') => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
    }
    chars.len()
}

/// The index behind a string that starts at `from`; `before` tells whether it is a raw one, and with how many hashes.
fn string_end(chars: &[char], from: usize, before: &str) -> usize {
    let hashes = before.len() - before.trim_end_matches('#').len();
    let prefix = before.trim_end_matches('#');
    let raw = ["r", "br", "cr"].into_iter().any(|mark| {
        prefix
            .strip_suffix(mark)
            .is_some_and(|rest| !ends_in_word(rest))
    });
    let mut index = from + 1;
    while index < chars.len() {
        match chars[index] {
            '\\' if !raw => index += 2,
            '"' if !raw => return index + 1,
            '"' if chars[index + 1..].iter().take_while(|c| **c == '#').count() >= hashes => {
                return index + 1;
            }
            _ => index += 1,
        }
    }
    chars.len()
}

/// The index behind a character literal, or behind the quote of a lifetime.
fn char_end(chars: &[char], from: usize) -> usize {
    match (chars.get(from + 1), chars.get(from + 2)) {
        (Some('\\'), Some(_)) => {
            let end = skip_while(chars, from + 3, |c| c != '\'');
            (end + 1).min(chars.len())
        }
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

/// Marks the lines of every item behind `#[cfg(test)]`.
fn mark_tests(code: &str, test_lines: &mut [bool]) {
    for mark in ["#[cfg(test)]", "#[cfg(all(test"] {
        for (start, _) in code.match_indices(mark) {
            let (mut depth, mut end) = (0_usize, code.len());
            let body = code[start + mark.len()..].char_indices();
            for (offset, c) in body {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 && matches!(c, '}' | ';') {
                    end = start + mark.len() + offset;
                    break;
                }
            }
            let (first, last) = (line_of(code, start), line_of(code, end));
            let lines = last + 1 - first;
            for line in test_lines.iter_mut().skip(first).take(lines) {
                *line = true;
            }
        }
    }
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count()
}

// The control: a rule that cannot fail is no rule.

#[test]
fn every_rule_can_fail() {
    type Rule = fn(&Source) -> Vec<Finding>;
    let long = "\n".repeat(FILE_LINES_MAX + 1);
    // Rule, path, text, the line where it must be found.
    #[rustfmt::skip]
    let bad: &[(&str, Rule, &str, &str, usize)] = &[
        ("float type", floats, "core/src/amount.rs", "fn a(x: f64) {}", 1),
        ("float suffix", floats, "device/src/a.rs", "\nlet x = 1_f32;", 2),
        ("float literal", floats, "edge-agent/src/a.rs", "let x = 2.50;", 1),
        ("JSON float", floats, "edge-agent/src/a.rs", "value.as_f64()", 1),
        ("float in a test", floats, "core/src/a.rs", "#[cfg(test)]\nmod t { const X: f64 = X; }", 2),
        ("country code", countries, "edge-agent/src/a.rs", "if code == \"MD\" {}", 1),
        ("country name", countries, "core/src/till.rs", "\n\nstruct MoldovaRule;", 3),
        ("country in a text", countries, "device/src/a.rs", "\"made for Austria\"", 1),
        ("country module", countries, "edge-agent/src/a.rs", "use profile::md::Md;", 1),
        ("SQL", sql, "edge-agent/src/clerk.rs", "\"SELECT number FROM receipts\"", 1),
        ("SQL over lines", sql, "edge-agent/src/a.rs", "query(\n\"x\n DELETE FROM a\")", 2),
        ("SQL in a raw string", sql, "edge-agent/src/a.rs", "r#\"INSERT \"a\" b\"#", 1),
        ("core in the wire", wire_imports, "device/src/wire/isl.rs", "use ferrotill_core::Amount;", 1),
        ("core in the session", wire_imports, "device/src/session.rs", "ferrotill_core::Amount", 1),
        ("clock", clocks, "device/src/session.rs", "let now = Instant::now();", 1),
        ("wall clock", clocks, "edge-agent/src/clerk.rs", "std::time::SystemTime::now()", 1),
        ("calendar", clocks, "edge-agent/src/clerk.rs", "jiff::Timestamp::now()", 1),
        ("unwrap", unwraps, "edge-agent/src/a.rs", "a.unwrap();", 1),
        ("expect", unwraps, "core/src/a.rs", "a\n    .expect(\"b\")", 2),
        ("unwrap behind tests", unwraps, "core/src/a.rs", "#[cfg(test)]\nmod t { fn a() { '{'; } }\nb.unwrap()", 3),
        ("length", file_length, "core/src/a.rs", &long, FILE_LINES_MAX + 1),
        ("later", left_for_later, "core/src/a.rs", "todo!()", 1),
        ("never", left_for_later, "edge-agent/tests/a.rs", "unimplemented!(\"x\")", 1),
        ("ignored test", left_for_later, "core/tests/a.rs", "#[test]\n#[ignore = \"slow\"]", 2),
    ];
    for (name, rule, path, text, line) in bad {
        let found = rule(&Source::parse(path, text));
        let lines: Vec<usize> = found.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [*line], "{name}: {found:?}");
    }
}

#[test]
fn no_rule_cries_wolf() {
    type Rule = fn(&Source) -> Vec<Finding>;
    #[rustfmt::skip]
    let good: &[(&str, Rule, &str, &str)] = &[
        ("a comment", floats, "core/src/a.rs", "// no f64 here, not even 1.5\n/* f32 /* f64 */ 2.5 */"),
        ("a string", floats, "core/src/a.rs", "\"f64 8.10\"; r\"f32\"; b\"1.5\"; '\\'';"),
        ("tuples and ranges", floats, "core/src/a.rs", "a.0.1; 1..5; 0..=9; x2.3; 1.max(2)"),
        ("a lifetime", floats, "core/src/a.rs", "fn a<'a>(x: &'a str) -> &'a str { x } // f64"),
        ("the profile", countries, "core/src/profile/md.rs", "pub struct Moldova; \"MD\""),
        ("a test", countries, "core/src/till.rs", "#[cfg(test)]\nmod tests { use md::X; \"MD\"; }"),
        ("other words", countries, "core/src/a.rs", "cmd::run(); format::a(); \"MDL\"; \"AT 5\""),
        ("the store", sql, "edge-agent/store/src/journal.rs", "\"SELECT 1\""),
        ("prose", sql, "edge-agent/src/a.rs", "// SELECT something\n\"update the till\""),
        ("the driver", wire_imports, "device/src/driver/datecs.rs", "use ferrotill_core::Amount;"),
        ("the clock", clocks, "edge-agent/src/time/clock.rs", "SystemTime::now()"),
        ("the port", clocks, "device/src/port/serial.rs", "Instant::now()"),
        ("a test's unwrap", unwraps, "core/src/a.rs", "#[cfg(test)]\nmod tests {\n a.unwrap();\n \"}\";\n b.unwrap() }"),
        ("a test file", unwraps, "device/tests/a.rs", "a.unwrap()"),
        ("a test module", unwraps, "edge-agent/src/a_tests.rs", "a.unwrap()"),
        ("unwrap_or", unwraps, "core/src/a.rs", "a.unwrap_or(1); // .unwrap()\n\".unwrap()\""),
        ("a full file", file_length, "core/src/a.rs", "fn a() {}\n"),
        ("words of prose", left_for_later, "core/src/a.rs", "// todo!()\nmy_todo!(); \"unimplemented!\""),
    ];
    for (name, rule, path, text) in good {
        let found = rule(&Source::parse(path, text));
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}
