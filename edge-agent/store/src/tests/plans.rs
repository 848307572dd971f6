//! Tests that no statement of the store reads or sorts a whole table that grows with the documents, but for those with a reason.
//!
//! The statements are read in the source, so that a new one is looked at too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::shop::*;

/// Statements that read or sort a whole table: the file, a part of the statement, and why it may.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("backup.rs", "ORDER BY seq DESC LIMIT 1", "the last row"),
    (
        "backup.rs",
        "FROM document WHERE kind",
        "a copy of the folder reads everything",
    ),
    (
        "backup.rs",
        "FROM journal WHERE device",
        "a copy of the folder reads everything",
    ),
    (
        "card_operation.rs",
        "WHERE is_open = 1",
        "few operations are open",
    ),
    ("clock.rs", "ORDER BY seq DESC LIMIT", "the last rows"),
    ("ereceipt.rs", "FROM receipt_look", "a look has few parts"),
    (
        "ereceipt_rows.rs",
        "EXISTS (SELECT 1 FROM uploaded_receipt)",
        "the first row",
    ),
    (
        "ereceipt_rows.rs",
        "SELECT seq, digest",
        "`verify` reads everything",
    ),
    (
        "folder.rs",
        "EXISTS (SELECT 1 FROM journal)",
        "the first row",
    ),
    (
        "founding.rs",
        "WHERE kind = ?1 ORDER BY seq LIMIT 1",
        "a folder of an older program",
    ),
    (
        "founding.rs",
        "count(*) FROM document",
        "the folder is to become one for something else",
    ),
    (
        "frozen.rs",
        "outbox.state = 'waiting'",
        "the first start after an older program",
    ),
    ("frozen.rs", "UNION ALL", "two rows"),
    ("hub_rows.rs", "kind = 12", "a folder that was restored"),
    ("journal.rs", "ORDER BY seq DESC LIMIT 1", "the last row"),
    (
        "journal/batch.rs",
        "ORDER BY seq DESC LIMIT 1",
        "the last row",
    ),
    (
        "protocol_backup_rows.rs",
        "step = 'cash_box'",
        "one row for each register",
    ),
    (
        "provider_payment_rows.rs",
        "FROM provider_payment",
        "the beginning of the other statements, and pages by time",
    ),
    ("query.rs", "at BETWEEN ?1 AND ?2", "an export of a time"),
    (
        "query.rs",
        "kind IN (4, 15, 17)",
        "an export of all signed receipts",
    ),
    (
        "query.rs",
        "count(outbox.refusal)",
        "backwards to the newest document that was acknowledged",
    ),
    (
        "registration.rs",
        "FROM journal",
        "the first start after an older program",
    ),
    ("registration_rows.rs", "FROM unit_outage", "few outages"),
    (
        "signed.rs",
        "FROM journal ORDER BY seq",
        "an export of the journal",
    ),
    (
        "used_numbers.rs",
        "kind = 'alternative_receipt'",
        "the first start after an older program",
    ),
];

/// Tables of few rows: what the folder is for, the devices, the steps at an authority.
const SMALL_TABLES: [&str; 10] = [
    "configured_device",
    "device_identity",
    "founded",
    "receipt_look",
    "registration",
    "repeated_number",
    "snapshot",
    "sqlite_schema",
    "unit_outage",
    "written_by",
];

/// Indexes of few rows: what is open, what waits, what differs.
const SMALL_INDEXES: [&str; 6] = [
    "card_operation_open",
    "delivery_waiting",
    "journal_person",
    "outbox_without_request",
    "reconciliation_differs",
    "reconciliation_waits",
];

/// A string of the source.
struct Literal {
    file: String,
    /// The source before the string, up to the string before it.
    before: String,
    text: String,
}

/// The strings of a source file, in their order.
fn literals(file: &str, source: &str) -> Vec<Literal> {
    let (mut found, mut before, mut rest) = (Vec::new(), String::new(), source);
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("'\"'") {
            rest = &rest[3..];
        } else if next == '"' {
            let (text, after) = literal(&rest[1..]);
            found.push(Literal {
                file: file.to_owned(),
                before: std::mem::take(&mut before),
                text,
            });
            rest = after;
        } else {
            before.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    found
}

/// The text of a string that begins here, and the source after it.
fn literal(source: &str) -> (String, &str) {
    let (mut text, mut rest) = (String::new(), source);
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match next {
            '"' => break,
            '\\' if rest.starts_with('\n') => rest = rest.trim_start(),
            '\\' => {
                text.push('?');
                rest = &rest[1..];
            }
            next => text.push(next),
        }
    }
    (text, rest)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // `verify` reads everything, which is its purpose.
        if path.is_dir() && !["tests", "verify"].contains(&name.as_str()) {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// The statements of the source, with their files.
fn statements() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    paths.sort();
    let mut all = Vec::new();
    for path in &paths {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let source = std::fs::read_to_string(path).unwrap();
        let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        all.extend(literals(file, source));
    }
    let mut constants: BTreeMap<(String, String), String> = BTreeMap::new();
    for literal in &all {
        if let Some((_, constant)) = literal.before.rsplit_once("const ")
            && let Some((name, rest)) = constant.split_once(": &str =")
            && rest.trim().is_empty()
        {
            let key = (literal.file.clone(), name.to_owned());
            constants.insert(key, literal.text.clone());
        }
    }
    let mut found = Vec::new();
    for literal in &all {
        let text = filled(literal, &constants);
        let begins = |word: &&str| text.starts_with(*word);
        if ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "]
            .iter()
            .any(begins)
        {
            found.push((literal.file.clone(), text));
        }
    }
    found
}

/// A string with the constants of its file, or of `rows.rs`, and something that fits for what is only known later.
fn filled(literal: &Literal, constants: &BTreeMap<(String, String), String>) -> String {
    let mut text = literal.text.clone();
    while let Some((before, (name, after))) = text
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let constant = |file: &str| constants.get(&(file.to_owned(), name.to_owned()));
        let value = match constant(&literal.file).or_else(|| constant("rows.rs")) {
            Some(value) => value.as_str(),
            None if name == "order" => "DESC",
            None if name == "table" => "document",
            None => "1",
        };
        text = format!("{before}{value}{after}");
    }
    text
}

/// What SQLite reads or sorts as a whole to run a statement.
fn wholes(connection: &Connection, statement: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
    // The values do not matter (see `plan_without_values`).
    let steps: Vec<String> = plan
        .raw_query()
        .mapped(|row| row.get(3))
        .collect::<Result<_, _>>()?;
    let is_whole = |step: &String| {
        let scanned = step.strip_prefix("SCAN ").unwrap_or_default();
        let table = scanned.split(' ').next().unwrap_or_default();
        let is_small = SMALL_TABLES.contains(&table)
            || SMALL_INDEXES.iter().any(|index| step.ends_with(index));
        let is_table = !(table.is_empty() || table.starts_with('(') || table == "CONSTANT");
        is_table && !is_small || step.contains("TEMP B-TREE") || step.contains("AUTOMATIC")
    };
    Ok(steps.into_iter().filter(is_whole).collect())
}

#[test]
fn no_statement_reads_or_sorts_a_whole_table_without_a_reason() {
    let shop = Shop::new();
    let statements = statements();
    assert!(statements.len() > 200, "{}", statements.len());
    let mut used = vec![false; ALLOWED.len()];
    let mut wrong = Vec::new();
    let looked = shop.reader().with("plans", |connection| {
        for (file, statement) in &statements {
            let place = ALLOWED
                .iter()
                .position(|(of, part, _)| of == file && statement.contains(part));
            match wholes(connection, statement) {
                Ok(wholes) if wholes.is_empty() => {}
                outcome => match place {
                    Some(place) => used[place] = true,
                    None => wrong.push(format!("{file}: {outcome:?}: {statement}")),
                },
            }
        }
        Ok(())
    });
    looked.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unused = ALLOWED.iter().zip(used).filter(|(_, used)| !used);
    let unused: Vec<_> = unused.map(|(allowed, _)| allowed).collect();
    assert!(unused.is_empty(), "no longer needed: {unused:?}");
}
