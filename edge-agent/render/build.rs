//! Makes constants of the lists in the folders `words` and `labels`.

mod fluent;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use fluent::MODEL;

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=fluent.rs");
    println!("cargo:rerun-if-changed=words");
    println!("cargo:rerun-if-changed=labels");
    let lists = fluent::lists("words")?;
    let mut code = String::from("const WORD_LISTS: &[Words] = &[\n");
    for (language, words) in &lists {
        write_list(&mut code, language, words);
    }
    code.push_str("];\n");
    let place = place_of_model(&lists);
    let _ = writeln!(code, "const ENGLISH: &Words = &WORD_LISTS[{place}];");
    write_file("word_lists.rs", &code)?;
    let lists = fluent::lists("labels")?;
    let mut code = String::from("const LABEL_LISTS: &[Labels] = &[\n");
    for (language, labels) in &lists {
        let _ = write!(code, "Labels {{ language: {language:?}, labels: &[");
        for (id, label) in labels {
            let _ = write!(code, "({:?}, {label:?}), ", id.replace('-', "_"));
        }
        code.push_str("] },\n");
    }
    code.push_str("];\n");
    let place = place_of_model(&lists);
    let _ = writeln!(
        code,
        "const ENGLISH_LABELS: &Labels = &LABEL_LISTS[{place}];"
    );
    write_file("label_lists.rs", &code)
}

fn place_of_model(lists: &BTreeMap<String, BTreeMap<String, String>>) -> usize {
    let place = lists.keys().position(|language| language == MODEL);
    place.unwrap_or_default()
}

fn write_file(name: &str, code: &str) -> Result<(), String> {
    let target = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&target).join(name), code).map_err(|error| format!("{name}: {error}"))
}

/// Writes the constant of a list. The words of reports and the lines for the cashier are structures of their own.
fn write_list(code: &mut String, language: &str, words: &BTreeMap<String, String>) {
    let (mut shared, mut report, mut cashier) = (String::new(), String::new(), String::new());
    for (id, word) in words {
        let (target, id) = match id.split_once('-') {
            Some(("report", id)) => (&mut report, id),
            Some(("cashier", id)) => (&mut cashier, id),
            _ => (&mut shared, id.as_str()),
        };
        let _ = write!(target, "{}: {word:?}, ", id.replace('-', "_"));
    }
    let _ = writeln!(
        code,
        "Words {{ language: {language:?}, {shared}report: ReportWords {{ {report}}}, cashier: CashierWords {{ {cashier}}} }},"
    );
}
