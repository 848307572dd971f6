//! Makes constants of the word lists in the folder `words`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use fluent_syntax::parser::parse;

/// The list that says which words there are.
const MODEL: &str = "en";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=words");
    println!("cargo:rerun-if-changed=labels");
    let lists = lists_of("words")?;
    let mut code = String::from("const WORD_LISTS: &[Words] = &[\n");
    for (language, words) in &lists {
        write_list(&mut code, language, words);
    }
    code.push_str("];\n");
    let place = place_of_model(&lists);
    let _ = writeln!(code, "const ENGLISH: &Words = &WORD_LISTS[{place}];");
    write_file("word_lists.rs", &code)?;
    let lists = lists_of("labels")?;
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

/// The lists of a folder by their languages. All have the words of the English one.
fn lists_of(folder: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>, String> {
    let found = std::fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut files: Vec<PathBuf> = found.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut lists = BTreeMap::new();
    for file in files {
        lists.insert(language_of(&file), words_of(&file)?);
    }
    let model: Vec<String> = lists
        .get(MODEL)
        .ok_or(format!("{folder}/en.ftl is missing"))?
        .keys()
        .cloned()
        .collect();
    for (language, words) in &lists {
        let missing: Vec<&String> = model.iter().filter(|id| !words.contains_key(*id)).collect();
        let unknown: Vec<&String> = words.keys().filter(|id| !model.contains(id)).collect();
        if !missing.is_empty() || !unknown.is_empty() {
            return Err(format!(
                "{folder}/{language}.ftl: missing {missing:?}, unknown {unknown:?}; {folder}/{MODEL}.ftl has every word"
            ));
        }
    }
    Ok(lists)
}

fn place_of_model(lists: &BTreeMap<String, BTreeMap<String, String>>) -> usize {
    let place = lists.keys().position(|language| language == MODEL);
    place.unwrap_or_default()
}

fn write_file(name: &str, code: &str) -> Result<(), String> {
    let target = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&target).join(name), code).map_err(|error| format!("{name}: {error}"))
}

fn language_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The words of a file by their names.
fn words_of(file: &Path) -> Result<BTreeMap<String, String>, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let list = parse(text).map_err(|(_, errors)| format!("{name}: {errors:?}"))?;
    let mut words = BTreeMap::new();
    for entry in list.body {
        let Entry::Message(message) = entry else {
            continue;
        };
        let id = message.id.name;
        let pattern = message.value.ok_or(format!("{name}: {id} has no text"))?;
        let mut word = String::new();
        for element in pattern.elements {
            match element {
                PatternElement::TextElement { value } => word.push_str(&value),
                PatternElement::Placeable {
                    expression:
                        Expression::Inline(InlineExpression::VariableReference { id: variable }),
                } => {
                    let _ = write!(word, "{{${}}}", variable.name);
                }
                PatternElement::Placeable { .. } => {
                    return Err(format!("{name}: {id} may contain text and variables only"));
                }
            }
        }
        if words.insert(id.clone(), word).is_some() {
            return Err(format!("{name}: {id} is there twice"));
        }
    }
    Ok(words)
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
