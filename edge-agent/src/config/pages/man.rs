//! The manual page `ferrotill.toml(5)` in plain roff.

use crate::config::key::SectionRow;
use crate::config::schema;

use super::{CHAPTERS, default, environment, header, reload_sentences, values};

/// The text of `packaging/ferrotill.toml.5`.
#[must_use]
pub fn man() -> String {
    let mut text = String::from(HEAD);
    for chapter in CHAPTERS {
        text.push_str(&format!(
            ".SH {}\n",
            escaped(&chapter.heading.to_uppercase())
        ));
        for sentence in chapter.sentences {
            text.push_str(&line(sentence));
        }
    }
    text.push_str(".SH CHANGES\n");
    for sentence in reload_sentences() {
        text.push_str(&line(&sentence));
    }
    for section in schema::SECTIONS {
        text.push_str(&section_text(section));
    }
    text.push_str(FOOT);
    text
}

fn section_text(section: &SectionRow) -> String {
    let mut text = format!(
        ".SH \"{}\"\n{}",
        escaped(&header(section)),
        line(section.says)
    );
    for key in section.keys {
        text.push_str(&format!(
            ".TP\n.B {}\n{}",
            escaped(key.name),
            line(key.says)
        ));
        text.push_str(&format!(".br\nValues: {}", line(&values(key.kind))));
        text.push_str(&format!(".br\nDefault: {}", line(&default(key.preset))));
        if let Some(variable) = environment(section, key) {
            text.push_str(&format!(".br\nEnvironment: {}", line(&variable)));
        }
    }
    text
}

/// One line of text, with the words in backquotes in bold.
fn line(text: &str) -> String {
    let mut line = String::new();
    for (index, part) in text.split('`').enumerate() {
        // Every second part of the text is between two backquotes.
        if index % 2 == 1 {
            line.push_str(&format!("\\fB{}\\fR", escaped(part)));
        } else {
            line.push_str(&escaped(part));
        }
    }
    // Roff would take a line that begins with a point or an apostrophe for a command.
    if line.starts_with(['.', '\'']) {
        line.insert_str(0, "\\&");
    }
    line.push('\n');
    line
}

/// Text as roff prints it literally.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('"', "\\(dq")
}

const HEAD: &str = "\
.\\\" Made from the table of keys: ferrotill config man
.TH FERROTILL.TOML 5 \"\" Ferrotill \"File formats\"
.SH NAME
ferrotill.toml \\- configuration of the fiscal core for tills
.SH SYNOPSIS
.I /etc/ferrotill/ferrotill.toml
";

const FOOT: &str = "\
.SH EXIT STATUS
A program that finds a fault in its configuration ends with the exit code 3, or with 9 if the system denies the user a file and nothing else
is wrong.
";
