//! Reads word lists in the syntax of Fluent, for the build scripts of the packages that have some.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use fluent_syntax::parser::parse;

/// The language whose list says which words there are.
pub(crate) const MODEL: &str = "en";

/// The lists of a folder by their languages. Every list has the words of the model and no other word.
pub(crate) fn lists(folder: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>, String> {
    let found = std::fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    let files = found.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "ftl"))
        .collect();
    files.sort();
    let mut lists = BTreeMap::new();
    for file in files {
        lists.insert(language_of(&file), words_of(&file)?);
    }
    let model: Vec<String> = lists
        .get(MODEL)
        .ok_or(format!("{folder}/{MODEL}.ftl is missing"))?
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
