//! The sample file: every section and nearly every key, with one line of explanation each.

use crate::config::key::{KeyRow, SampleLine, SectionForm, SectionRow, SectionSample};
use crate::config::schema;

use super::header;

/// The text of `packaging/ferrotill.toml`.
#[must_use]
pub fn sample() -> String {
    let mut text = String::from(HEAD);
    for section in schema::SECTIONS {
        let off = match section.sample {
            SectionSample::Header => "",
            SectionSample::HeaderOff => "#",
            SectionSample::Inline(_) | SectionSample::InlineOff(_) => continue,
        };
        text.push_str(&format!("\n# {}\n{off}{}\n", section.says, header(section)));
        for key in section.keys {
            text.push_str(&key_lines(key, off));
        }
        for inner in schema::below(section) {
            text.push_str(&inline_lines(inner, off));
        }
    }
    text
}

/// The explanation and the line of a key; an empty text for a key that the sample does not show.
fn key_lines(key: &KeyRow, section_off: &str) -> String {
    let (off, value) = match key.sample {
        SampleLine::Hidden => return String::new(),
        SampleLine::Set(value) => (section_off, value.to_owned()),
        SampleLine::Off(value) => ("#", value.to_owned()),
        SampleLine::Preset => match key.preset.toml() {
            Some(value) => ("#", value),
            None => return String::new(),
        },
    };
    format!("# {}\n{off}{} = {value}\n", key.says, key.name)
}

/// The explanation, the keys and the line of a section that is written in one line; an empty text for a section with a header.
fn inline_lines(section: &'static SectionRow, section_off: &str) -> String {
    let (off, value) = match section.sample {
        SectionSample::Header | SectionSample::HeaderOff => return String::new(),
        SectionSample::Inline(value) => (section_off, value),
        SectionSample::InlineOff(value) => ("#", value),
    };
    let names = section.keys.iter().map(|key| key.name);
    let names: Vec<&str> = names
        .chain(schema::below(section).map(SectionRow::name))
        .collect();
    let form = match section.form {
        SectionForm::Table => "Keys".to_owned(),
        SectionForm::Tables { most, .. } => format!("At most {most}. Keys of each"),
    };
    format!(
        "# {}\n# {form}: {}.\n{off}{} = {value}\n",
        section.says,
        names.join(", "),
        section.name()
    )
}

const HEAD: &str = "\
# The configuration of Ferrotill. `ferrotill config sample` prints this file.
# A line such as `#key = value` shows a default or an example: remove the # to use it.
# docs/CONFIGURATION.md and the manual page ferrotill.toml(5) describe every key.
# `ferrotill config check --config FILE` checks a configuration.
";
