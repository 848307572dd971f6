//! The reference page in Markdown: every section with a table of its keys.

use crate::config::key::{SectionRow, SectionSample};
use crate::config::schema;

use super::{CHAPTERS, default, environment, header, reload_sentences, values};

/// The text of `docs/CONFIGURATION.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from(HEAD);
    for chapter in CHAPTERS {
        text.push_str(&format!("\n## {}\n\n", chapter.heading));
        for sentence in chapter.sentences {
            text.push_str(sentence);
            text.push('\n');
        }
    }
    text.push_str("\n## Changes\n\n");
    for sentence in reload_sentences() {
        text.push_str(&sentence);
        text.push('\n');
    }
    for section in schema::SECTIONS {
        text.push_str(&section_text(section));
    }
    text
}

fn section_text(section: &SectionRow) -> String {
    let mut text = format!("\n## `{}`\n\n{}\n", header(section), section.says);
    if let SectionSample::Inline(value) | SectionSample::InlineOff(value) = section.sample {
        text.push_str(&format!(
            "It is usually written in one line:\n\n```toml\n{} = {value}\n```\n",
            section.name()
        ));
    }
    text.push_str("\n| Key | Values | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for key in section.keys {
        let variable = environment(section, key)
            .map(|variable| format!("<br>`{variable}`"))
            .unwrap_or_default();
        text.push_str(&format!(
            "| `{}`{variable} | {} | {} | {} |\n",
            key.name,
            cell(&values(key.kind)),
            cell(&default(key.preset)),
            cell(key.says)
        ));
    }
    text
}

/// Text for one cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const HEAD: &str = "\
# Configuration

This page is made from the table of keys in `edge-agent/src/config/schema/`: change the table, then run `ferrotill config reference > docs/CONFIGURATION.md`.
A sample file is in [`edge-agent/packaging/ferrotill.toml`](../edge-agent/packaging/ferrotill.toml).
If a key has an environment variable, its name is below the key.
";
