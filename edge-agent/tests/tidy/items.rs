//! Rules about items: functions are not too long, and a public type name is defined once in the workspace.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Finding, Lines, Source};
use crate::workspace::Workspace;

/// The largest number of lines of a function, so that it fits on a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that may be longer: file, function, reason.
const LONG_FUNCTIONS_ALLOWED: &[(&str, &str, &str)] = &[];

/// Folders whose types are always written with their module (`framing::Answer`, `rksv::Request`), and the reason.
const WRITTEN_WITH_MODULE: &[(&str, &str)] = &[
    (
        "device/src/wire/",
        "each protocol has its own requests, answers and states",
    ),
    (
        "core/src/profile/at/rksv/",
        "the regulation's own terms, used by this country alone",
    ),
];

/// Public type names that several modules may define, because they are always written with their module: name, reason.
const SHARED_NAMES_ALLOWED: &[(&str, &str)] = &[
    ("Answer", MESSAGE),
    ("Batch", MESSAGE),
    ("Currency", MESSAGE),
    ("Fault", MESSAGE),
    ("HealthProblem", MESSAGE),
    ("Message", MESSAGE),
    ("Severity", MESSAGE),
    ("Unsent", MESSAGE),
    ("ZReport", MESSAGE),
];
const MESSAGE: &str =
    "a message of the hub's protocol, which is imported from `ferrotill_hub_protocol`";

#[test]
fn functions_fit_on_a_screen() {
    let workspace = Workspace::read();
    let mut report = Vec::new();
    let mut used = BTreeSet::new();
    for source in workspace.sources() {
        for (function, finding) in long_functions(source) {
            let allowed = LONG_FUNCTIONS_ALLOWED
                .iter()
                .position(|(path, name, _)| *path == source.path && *name == function);
            match allowed {
                Some(index) => drop(used.insert(index)),
                None => report.push(format!(
                    "{}:{}: {}",
                    finding.path, finding.line, finding.what
                )),
            }
        }
    }
    for (index, (path, function, _)) in LONG_FUNCTIONS_ALLOWED.iter().enumerate() {
        if !used.contains(&index) {
            report.push(format!("{path}: `{function}` needs no exception any more"));
        }
    }
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

#[test]
fn a_public_type_name_stands_once_in_the_workspace() {
    let workspace = Workspace::read();
    // The hub is another program: no source sees its types and those of the till.
    let of_the_hub = |source: &&Source| source.path.starts_with("hub/src/");
    let sources = || workspace.sources().iter();
    let mut report = shared_names(
        sources().filter(|source| !of_the_hub(source)),
        SHARED_NAMES_ALLOWED,
    );
    report.extend(shared_names(
        sources().filter(|source| source.path.starts_with("hub/")),
        &[],
    ));
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

/// Functions of the product that are longer than the limit. Test functions may be longer.
fn long_functions(source: &Source) -> Vec<(String, Finding)> {
    if source.is_test_file() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (start, line) in source.code.iter().enumerate() {
        if source.test_lines[start] {
            continue;
        }
        let Some(name) = function_name(line) else {
            continue;
        };
        let lines = body_lines(&source.code[start..]);
        if lines > FUNCTION_LINES_MAX {
            let what = format!("`{name}` has {lines} lines; {FUNCTION_LINES_MAX} is the limit");
            found.push((name, source.finding(start, &what)));
        }
    }
    found
}

/// The name of the function that begins on this line; `None` if no function begins.
fn function_name(line: &str) -> Option<String> {
    let trimmed = line.trim_start();
    let at = if trimmed.starts_with("fn ") {
        0
    } else {
        trimmed.find(" fn ")? + 1
    };
    let qualifiers = ["pub", "const", "async", "unsafe", "extern"];
    let before = trimmed[..at].split_whitespace();
    let is_item = before.filter(|word| !word.is_empty()).all(|word| {
        qualifiers
            .iter()
            .any(|qualifier| word.starts_with(qualifier))
            || word.ends_with(')')
    });
    let rest = &trimmed[at + 3..];
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_item && end > 0).then(|| rest[..end].to_owned())
}

/// The number of lines from the signature to the closing brace; 0 for a declaration without a body.
fn body_lines(code: &[String]) -> usize {
    let mut depth = 0_i32;
    let mut round = 0_i32;
    for (number, line) in code.iter().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' => round += 1,
                ')' | ']' => round -= 1,
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        return number + 1;
                    }
                }
                ';' if depth == 0 && round == 0 => return 0,
                _ => {}
            }
        }
    }
    0
}

/// Names of `pub` structs, enums, traits and type aliases that are defined in several places.
fn shared_names<'s>(
    sources: impl Iterator<Item = &'s Source>,
    allowed: &[(&str, &str)],
) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let with_module: Vec<&str> = WRITTEN_WITH_MODULE
        .iter()
        .map(|(folder, _)| *folder)
        .collect();
    let sources = sources.filter(|source| !source.is_test_file() && !source.under(&with_module));
    for source in sources {
        for finding in source.find_lines(Lines::Product, public_type) {
            let place = format!("{}:{}", finding.path, finding.line);
            places.entry(finding.what).or_default().push(place);
        }
    }
    let mut report: Vec<String> = places
        .iter()
        .filter(|(name, places)| {
            places.len() > 1 && !allowed.iter().any(|(known, _)| known == name)
        })
        .map(|(name, places)| format!("`{name}` stands in {}", places.join(", ")))
        .collect();
    report.extend(
        allowed
            .iter()
            .filter(|(name, _)| places.get(*name).is_none_or(|places| places.len() < 2))
            .map(|(name, _)| format!("`{name}` needs no exception any more")),
    );
    report
}

fn public_type(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let kinds = ["struct ", "enum ", "trait ", "type "];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

// Tests of the rules themselves.

#[test]
fn a_planted_function_of_ninety_lines_is_found() {
    let long = format!(
        "impl A {{\n    pub fn f(\n        a: u8,\n    ) {{\n{}    }}\n}}\n",
        "        g();\n".repeat(86)
    );
    let source = Source::parse("core/src/a.rs", &long);
    let found = long_functions(&source);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1.line, 2);
    let fits = format!("fn f() {{\n{}}}\n", "g();\n".repeat(68));
    assert!(long_functions(&Source::parse("core/src/a.rs", &fits)).is_empty());
    let trait_only = "pub trait T {\n    fn f(&self, a: [u8; 4]);\n    fn g(&self) {}\n}\n";
    assert!(long_functions(&Source::parse("core/src/a.rs", trait_only)).is_empty());
}

#[test]
fn a_planted_double_of_a_public_type_is_found() {
    let first = Source::parse(
        "core/src/a.rs",
        "pub struct Document;\nstruct Own;\npub(crate) struct Own2;",
    );
    let second = Source::parse(
        "device/src/b.rs",
        "pub enum Document {}\nstruct Own;\npub(crate) struct Own2;",
    );
    let found = shared_names([&first, &second].into_iter(), &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(shared_names([&first, &second].into_iter(), &[("Document", "reason")]).is_empty());
    let stale = shared_names([&first].into_iter(), &[("Document", "reason")]);
    assert_eq!(
        stale.len(),
        1,
        "an exception that is not needed is found too"
    );
}
