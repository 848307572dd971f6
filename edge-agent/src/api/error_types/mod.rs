//! The error types: every code that a caller can get, with what is wrong and what to do. `ferrotill explain` and `/docs/errors/{code}`
//! show the same text.
//!
//! Codes come from these places: the rules of the till ([`Refusal`]), the printers ([`Fault`]), the problems of `/healthz`
//! ([`ProblemKind`]), the requests themselves (`of_requests`), the commands of the program (`of_commands`), and the numbers of the FiscalBox API and of fiscal modules
//! (`of_modules`). A code may come from two of them.

mod of_commands;
mod of_modules;
mod of_requests;

use std::fmt;

use ferrotill_core::refusal::Refusal;
use ferrotill_device::fault::Fault;

use crate::status::problems::ProblemKind;
use of_commands::OF_COMMANDS;
use of_requests::OF_REQUESTS;

/// One error type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorType {
    /// The code.
    pub code: String,
    /// Where it comes from.
    pub source: ErrorSource,
    /// What is wrong.
    pub says: String,
    /// What to do.
    pub fix: String,
}

/// Where an error type comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorSource {
    /// The request itself, or the call.
    Request,
    /// A command of the command line.
    Command,
    /// A rule of the till; the number of the refusal.
    Rule(u16),
    /// A printer; the number of the fault.
    Printer(u16),
    /// A problem of `/healthz`; the name of its severity.
    Health(&'static str),
    /// A number of the FiscalBox API, as `error.code` has it.
    FiscalBox,
    /// A status of a fiscal module, as `error.code` has it or its message begins with it.
    Module,
}

impl fmt::Display for ErrorSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => write!(f, "error of a request"),
            Self::Command => write!(f, "code of a command"),
            Self::Rule(number) => write!(f, "refusal {number}: a rule of the till"),
            Self::Printer(number) => write!(f, "fault {number} of a printer"),
            Self::Health(severity) => write!(f, "problem in /healthz, severity {severity}"),
            Self::FiscalBox => write!(f, "number of an error of the FiscalBox API"),
            Self::Module => write!(f, "status of a fiscal module"),
        }
    }
}

/// The page of an error type has a line of each part.
impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            source,
            says,
            fix,
        } = self;
        write!(f, "{code} ({source})\n  {says}\n  What to do: {fix}")
    }
}

/// Every error type: those of requests first, then those of commands, rules, printers and health, and the numbers of FiscalBox and its modules.
#[must_use]
pub fn all() -> Vec<ErrorType> {
    let requests = OF_REQUESTS.iter().map(|(code, says, fix)| ErrorType {
        code: (*code).to_owned(),
        source: ErrorSource::Request,
        says: sentence(says),
        fix: sentence(fix),
    });
    let commands = OF_COMMANDS.iter().map(|(code, says, fix)| ErrorType {
        code: (*code).to_owned(),
        source: ErrorSource::Command,
        says: sentence(says),
        fix: sentence(fix),
    });
    let rules = Refusal::ALL.iter().map(|entry| ErrorType {
        code: entry.name.to_owned(),
        source: ErrorSource::Rule(entry.number),
        says: format!(
            "{} The message: \"{}\".",
            sentence(entry.when),
            entry.message
        ),
        fix: sentence(entry.hint),
    });
    let faults = Fault::ALL.iter().map(|fault| {
        let (says, fix) = fault.words();
        ErrorType {
            code: name_of(*fault),
            source: ErrorSource::Printer(fault.code()),
            says: sentence(says),
            fix: sentence(fix),
        }
    });
    let problems = ProblemKind::ALL.iter().map(|kind| ErrorType {
        code: kind.id().to_owned(),
        source: ErrorSource::Health(kind.severity.name()),
        says: sentence(kind.wrong),
        fix: format!(
            "Do what `fix` in /healthz says. What ends it: {}.",
            kind.ends
        ),
    });
    requests
        .chain(commands)
        .chain(rules)
        .chain(faults)
        .chain(problems)
        .chain(of_modules::numbers())
        .collect()
}

/// The error types with a code, in any case of its letters.
#[must_use]
pub fn find(code: &str) -> Vec<ErrorType> {
    let types = all().into_iter();
    types
        .filter(|known| known.code.eq_ignore_ascii_case(code))
        .collect()
}

/// The codes that resemble a text that is no code.
#[must_use]
pub fn similar(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let mut codes: Vec<String> = all().into_iter().map(|known| known.code).collect();
    codes.retain(|code| {
        let code = code.to_ascii_lowercase();
        text.len() > 2 && (code.contains(&text) || text.contains(&code))
    });
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The code of a fault, as `errorType` has it.
#[must_use]
pub fn name_of(fault: Fault) -> String {
    format!("{fault:?}")
}

/// A text as a sentence: with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let mut sentence: String = first.chain(letters).collect();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{all, find, similar};

    #[test]
    fn a_code_is_explained_once_for_each_of_its_sources() {
        let mut seen = BTreeSet::new();
        for known in all() {
            let source = known.source.to_string();
            let kind = source.split(' ').next().unwrap().to_owned();
            assert!(seen.insert((known.code.clone(), kind)), "{known}");
            for part in [&known.says, &known.fix] {
                assert!(part.len() > 5 && !part.contains("..\""), "{known}");
            }
        }
    }

    #[test]
    fn a_code_is_found_in_any_case_and_with_all_its_sources() {
        let both = find("notenoughcash");
        assert_eq!(both.len(), 2, "{both:?}");
        assert!(find("printer_condition")[0].fix.contains("/healthz"));
        // The numbers of FiscalBox; 9030 is one number for three statuses.
        assert!(find("36907")[0].says.contains("no receipts"));
        assert!(find("9021")[0].fix.contains("zreport/open"));
        assert!(find("90f0")[0].fix.contains("service"));
        let [past] = &find("9030")[..] else {
            panic!("{:?}", find("9030"));
        };
        assert_eq!(past.says.matches("DATETIME_IS_IN_THE_PAST").count(), 3);
        for number in ["401", "444"] {
            assert_eq!(find(number).len(), 1, "{number}");
        }
        assert_eq!(find("Nonsense"), []);
        assert!(similar("signature").contains(&"SignatureMismatch".to_owned()));
    }
}
