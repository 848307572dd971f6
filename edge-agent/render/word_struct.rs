//! Makes a structure of the words of pages, for the build scripts of the packages that show pages.

use std::env;
use std::fmt::Write as _;
use std::path::Path;

use crate::fluent;

/// Writes `target` into the folder of the build: a structure with a text for each word of the lists in `folder`, and one value of it for
/// each language.
pub(crate) fn write_words(folder: &str, target: &str) -> Result<(), String> {
    let lists = fluent::lists(folder)?;
    let model = lists.get(fluent::MODEL).ok_or("the model is missing")?;
    let field = |id: &str| id.replace('-', "_");
    let mut code = String::from(
        "/// The words of one language.\n#[derive(Debug)]\npub struct Words {\n/// The ISO 639 code of the language, with the ISO 15924 code of its letters if it is written in several.\npub language: &'static str,\n",
    );
    // Writing to a string cannot fail.
    for (id, word) in model {
        let _ = writeln!(code, "#[doc = {word:?}]\npub {}: &'static str,", field(id));
    }
    let _ = writeln!(code, "}}\nstatic WORD_LISTS: [Words; {}] = [", lists.len());
    for (language, words) in &lists {
        let _ = write!(code, "Words {{ language: {language:?}, ");
        for (id, word) in words {
            let _ = write!(code, "{}: {word:?}, ", field(id));
        }
        code.push_str("},\n");
    }
    code.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&out).join(target), code).map_err(|error| format!("{target}: {error}"))
}
