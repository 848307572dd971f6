//! The pages that are made from the table of keys: the sample file, the reference page, and the manual page.
//!
//! A test compares the committed pages with what is made here.

mod man;
mod reference;
mod sample;

pub use man::man;
pub use reference::reference;
pub use sample::sample;

use super::key::{KeyRow, Preset, SectionForm, SectionRow, ValueKind, environment_name};
use super::schema;

/// A heading and the sentences below it, for the reference and the manual page.
struct Chapter {
    heading: &'static str,
    sentences: &'static [&'static str],
}

/// The chapters about all keys, which come before the table of each section.
const CHAPTERS: [Chapter; 4] = [
    Chapter {
        heading: "Where values come from",
        sentences: &[
            "The configuration is a file in TOML, by default `/etc/ferrotill/ferrotill.toml`.",
            "A flag of the command line wins over an environment variable.",
            "An environment variable wins over the files in `conf.d`, these win over the file, and the file wins over the default.",
            "The files `conf.d/*.toml` beside the file are read in the order of their names; a later one wins.",
            "In `conf.d`, a `[[device]]` with a known `id` and an `[[api.clients]]` with a known `key` are changed key by key.",
            "One with a new `id` or `key` is added.",
            "Every other list is replaced.",
            "A relative path in a file starts from the folder of that file.",
            "In an environment variable, the items of a list are separated by commas.",
        ],
    },
    Chapter {
        heading: "Faults",
        sentences: &[
            "An unknown key, an unknown environment variable that begins with `FERROTILL_`, a wrong type and a missing value are faults.",
            "The program reports all faults at once, each with file, line, column and one thing to do, and ends with the exit code 3, or with 9 if the system denies the user a file and nothing else is wrong. A file that is not TOML is reported alone, and so are values of a wrong form before rules between values.",
        ],
    },
    Chapter {
        heading: "Secrets",
        sentences: &[
            "A LIVE till takes a secret only from a file that no other user may read (mode 0600).",
            "A TEST till may have it in the configuration, under `secret`.",
        ],
    },
    Chapter {
        heading: "Commands",
        sentences: &[
            "`ferrotill config check --config FILE` checks the configuration and reports every fault.",
            "`ferrotill config set KEY VALUE` writes a key into the file, if the whole result has no faults.",
            "`ferrotill config show --origin --config FILE` prints every key in force and where its value comes from; secrets are masked.",
            "`ferrotill config sample`, `ferrotill config reference` and `ferrotill config man` print the sample file, the reference page and the manual page.",
        ],
    },
];

/// When a change takes effect.
fn reload_sentences() -> Vec<String> {
    let reloadable: Vec<String> = schema::keys()
        .filter(|(_, key)| key.reloadable)
        .map(|(section, key)| format!("`{}.{}`", section.path, key.name))
        .collect();
    if reloadable.is_empty() {
        return vec!["A change takes effect at the next start of the service.".to_owned()];
    }
    vec![
        format!(
            "A running service takes new values of {} when it gets SIGHUP, by `systemctl reload ferrotill`: the whole configuration is checked first, and a faulty one changes nothing.",
            reloadable.join(", ")
        ),
        "A change of any other key takes effect at the next start of the service; after a reload the log, `/healthz` and `ferrotill config check` name such keys.".to_owned(),
    ]
}

/// The header of a section, such as `[till]` or `[[device]]`.
fn header(section: &SectionRow) -> String {
    match section.form {
        SectionForm::Table => format!("[{}]", section.path),
        SectionForm::Tables { .. } => format!("[[{}]]", section.path),
    }
}

/// Which values a key takes, in words.
fn values(kind: ValueKind) -> String {
    match kind {
        ValueKind::Text(hint) | ValueKind::PrinterUri(hint) => format!("text: {hint}"),
        ValueKind::Secret(hint) => format!("secret text: {hint}"),
        ValueKind::Texts(hint) => format!("list of texts: {hint}"),
        ValueKind::Line(_) => format!("text: {}", kind.hint()),
        ValueKind::Path(_)
        | ValueKind::Choice(_)
        | ValueKind::Integer(..)
        | ValueKind::Flag
        | ValueKind::Letter(..) => kind.hint(),
    }
}

/// The value that applies if the key is not written, in words.
fn default(preset: Preset) -> String {
    match preset {
        Preset::Required => "none, the key is needed".to_owned(),
        Preset::Computed(words) => words.to_owned(),
        Preset::Unset(words) => format!("not set: {words}"),
        written => written.toml().unwrap_or_default(),
    }
}

/// The key's environment variable, if it has one.
fn environment(section: &SectionRow, key: &KeyRow) -> Option<String> {
    key.environment
        .then(|| environment_name(section.path, key.name))
}
