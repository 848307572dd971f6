//! Arguments that no command takes: what is wrong, where, why, and what to do.

use anyhow::anyhow;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, Error};

use super::{Arguments, CliFailure, Exit};
use crate::explanation::Explanation;

/// The error of wrong arguments; the first of `arguments` is the program.
pub(super) fn failure(error: &Error, arguments: &[String]) -> CliFailure {
    CliFailure::new(Exit::Usage, anyhow!("{}", explained(error, arguments)))
}

fn explained(error: &Error, arguments: &[String]) -> Explanation {
    let what = "the arguments are wrong";
    let of = |kind| context(error, kind);
    let argument = of(ContextKind::InvalidArg).unwrap_or_default();
    let value = of(ContextKind::InvalidValue).unwrap_or_default();
    let (place, why) = match error.kind() {
        ErrorKind::InvalidSubcommand => (
            of(ContextKind::InvalidSubcommand).unwrap_or_default(),
            "there is no such command".to_owned(),
        ),
        ErrorKind::UnknownArgument => (argument, "there is no such argument here".to_owned()),
        ErrorKind::MissingRequiredArgument => (argument, "is needed and missing".to_owned()),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            (String::new(), "a command is missing".to_owned())
        }
        ErrorKind::ArgumentConflict => {
            let other = of(ContextKind::PriorArg).unwrap_or_default();
            let why = if other.is_empty() || other == argument {
                "is given twice".to_owned()
            } else {
                format!("cannot be given together with {other}")
            };
            (argument, why)
        }
        _ if value.is_empty() => (argument, "the value is missing".to_owned()),
        _ => (argument, format!("{value:?} is no value that it takes")),
    };
    Explanation::new(what, place, why, fix(error, &command_of(arguments)))
}

/// What the arguments could be instead.
fn fix(error: &Error, command: &Command) -> String {
    let help = match command.get_bin_name() {
        Some(name) => format!("`{name} --help` says more"),
        None => "`ferrotill --help` says more".to_owned(),
    };
    let list = |names: Vec<String>| format!("write one of {}; {help}", names.join(", "));
    match error.kind() {
        ErrorKind::InvalidSubcommand
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let names = command.get_subcommands();
            list(names.map(|command| command.get_name().to_owned()).collect())
        }
        ErrorKind::UnknownArgument => {
            let names = command.get_arguments().filter_map(clap::Arg::get_long);
            list(names.map(|name| format!("--{name}")).collect())
        }
        ErrorKind::ArgumentConflict => format!("leave one of them out; {help}"),
        _ => match (
            context(error, ContextKind::ValidValue),
            std::error::Error::source(error),
        ) {
            (Some(valid), _) => format!("write one of {valid}; {help}"),
            (None, Some(source)) => format!("write {}; {help}", needed(&source.to_string())),
            (None, None) => format!("write it; {help}"),
        },
    }
}

/// What a value must be, by what its type says of it.
fn needed(error: &str) -> String {
    let found = NEEDED
        .iter()
        .find(|(beginning, _)| error.starts_with(beginning));
    found.map_or_else(
        || format!("another value ({error})"),
        |(_, needed)| (*needed).to_owned(),
    )
}

/// The beginnings of the words of Rust's types about a value, and what the value must be.
const NEEDED: [(&str, &str); 7] = [
    ("invalid digit", "a whole number"),
    ("cannot parse integer", "a whole number"),
    ("number too", "a smaller number"),
    (
        "invalid socket address",
        "an address with a port, such as 127.0.0.1:50700",
    ),
    ("invalid character", ID),
    ("invalid length", ID),
    ("invalid group", ID),
];
const ID: &str = "an id such as 497f6eca-6276-4993-bfeb-53cbbbba6f08";

/// The command whose arguments are wrong: the last one that the arguments name.
fn command_of(arguments: &[String]) -> Command {
    let mut command = Arguments::command();
    command.build();
    let words = arguments.iter().filter(|word| !word.starts_with('-'));
    for word in words.skip(1) {
        match command.find_subcommand(word) {
            Some(found) => command = found.clone(),
            None => break,
        }
    }
    command
}

/// A part of the error as one text.
fn context(error: &Error, kind: ContextKind) -> Option<String> {
    let text = match error.get(kind)? {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::explained;
    use crate::cli::Arguments;

    #[test]
    fn wrong_arguments_are_explained_in_four_parts() {
        for (arguments, words) in [
            (
                &["vrify"][..],
                "the arguments are wrong: vrify: there is no such command; write one of init, provision, run, demo,",
            ),
            (
                &["config", "chek"],
                "the arguments are wrong: chek: there is no such command; write one of check, show, set, reference, sample, man",
            ),
            (
                &[],
                "the arguments are wrong: a command is missing; write one of init, provision, run, demo,",
            ),
            (
                &["verify", "--conf", "a"],
                "the arguments are wrong: --conf: there is no such argument here; write one of --config, --data, --from, --to, --json",
            ),
            (
                &["verify", "--from", "x"],
                "the arguments are wrong: --from <FROM>: \"x\" is no value that it takes; write a whole number; `ferrotill verify --help` says more",
            ),
            (
                &["verify", "--from"],
                "the arguments are wrong: --from <FROM>: the value is missing; write it; `ferrotill verify --help` says more",
            ),
            (
                &["settle"],
                "the arguments are wrong: --by <BY>, <--registered|--not-registered|--go-on>, <ID>: is needed and missing; write it; `ferrotill settle --help` says more",
            ),
        ] {
            let all = ["ferrotill"].iter().chain(arguments);
            let all: Vec<String> = all.map(|&argument| argument.to_owned()).collect();
            let error = Arguments::try_parse_from(&all).unwrap_err();
            let said = explained(&error, &all).to_string();
            assert!(said.starts_with(words), "{arguments:?}: {said}");
        }
    }
}
