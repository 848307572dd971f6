//! `person`: the people who may use the dashboard.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::people::pin::random_pin;
use crate::people::{People, PeopleError, Person, Right};

/// The arguments of `person`.
#[derive(Debug, Args)]
pub struct PersonArguments {
    #[command(subcommand)]
    change: Change,
    /// The configuration file.
    #[arg(long, global = true, default_value_os_t = default_config())]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Lists the people and their rights.
    List,
    /// Adds a person, and prints the PIN that the till has made.
    Add {
        /// The person's name.
        name: String,
        /// What the person may do: look, refund, z, settle, settings, with commas between them.
        #[arg(long, value_delimiter = ',', default_value = "look")]
        rights: Vec<String>,
        #[command(flatten)]
        pin: PinArguments,
    },
    /// Gives a person another PIN, which ends the person's sessions, and prints it.
    Pin {
        /// The person's name.
        name: String,
        #[command(flatten)]
        pin: PinArguments,
    },
    /// Gives a person other rights.
    Rights {
        /// The person's name.
        name: String,
        /// What the person may do: look, refund, z, settle, settings, with commas between them.
        #[arg(long, value_delimiter = ',', required = true)]
        rights: Vec<String>,
    },
    /// Removes a person, which ends the person's sessions.
    Remove {
        /// The person's name.
        name: String,
    },
}

#[derive(Debug, Args)]
struct PinArguments {
    /// Reads the PIN from standard input instead of making one.
    #[arg(long)]
    pin_from_stdin: bool,
}

impl PinArguments {
    /// The PIN, and whether the till has made it.
    fn pin(&self) -> anyhow::Result<(Zeroizing<String>, bool)> {
        if !self.pin_from_stdin {
            return Ok((random_pin().context("a PIN cannot be made")?, true));
        }
        let mut text = Zeroizing::new(String::new());
        std::io::stdin()
            .take(100)
            .read_to_string(&mut text)
            .context("the PIN cannot be read from standard input")?;
        Ok((Zeroizing::new(text.trim().to_owned()), false))
    }
}

pub(super) fn run(arguments: &PersonArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let config = Config::load(&arguments.config, &Overrides::default())?;
    let people = People::new(config.ui.people_file);
    match &arguments.change {
        Change::List => {
            let list = people.list().map_err(failure)?;
            output.json(&object! {
                "people" => JsonValue::Array(list.iter().map(json).collect()),
            });
            for person in list.iter() {
                output.text(&format!("{}: {}", person.name, names(&person.rights)));
            }
            if list.is_empty() {
                output.text("no person can sign in at the dashboard; add a person with `ferrotill person add NAME`");
            }
        }
        Change::Add { name, rights, pin } => {
            let rights = rights_of(rights)?;
            let (pin, is_made) = pin.pin().map_err(CliFailure::failed)?;
            people.add(name, &rights, &pin, false).map_err(failure)?;
            told(
                output,
                name,
                is_made.then_some(&*pin),
                &format!("{name} can sign in at the dashboard"),
            );
        }
        Change::Pin { name, pin } => {
            let (pin, is_made) = pin.pin().map_err(CliFailure::failed)?;
            people.set_pin(name, &pin).map_err(failure)?;
            told(
                output,
                name,
                is_made.then_some(&*pin),
                &format!("{name} has another PIN"),
            );
        }
        Change::Rights { name, rights } => {
            people
                .set_rights(name, &rights_of(rights)?)
                .map_err(failure)?;
            told(output, name, None, &format!("{name} has other rights"));
        }
        Change::Remove { name } => {
            people.remove(name).map_err(failure)?;
            told(
                output,
                name,
                None,
                &format!("{name} cannot sign in any more"),
            );
        }
    }
    Ok(Exit::Done)
}

/// Makes the first person of a till that has none, and tells name and PIN.
///
/// # Errors
///
/// [`PeopleError`] if the file cannot be read or written.
pub(super) fn first_person(people: &People) -> Result<Option<Zeroizing<String>>, PeopleError> {
    if !people.list()?.is_empty() {
        return Ok(None);
    }
    let failed = |source| PeopleError::File {
        path: people.path().to_owned(),
        source,
    };
    let pin = random_pin().map_err(failed)?;
    people.add(FIRST_PERSON, &Right::ALL, &pin, true)?;
    Ok(Some(pin))
}

/// The name of the first person.
pub(super) const FIRST_PERSON: &str = "owner";

fn told(output: CliOutput, name: &str, pin: Option<&String>, says: &str) {
    output.json(&object! { "name" => name, "pin" => pin.cloned() });
    output.text(&match pin {
        Some(pin) => format!("{says}; the PIN is {pin}"),
        None => says.to_owned(),
    });
}

fn json(person: &Person) -> JsonValue {
    let rights = person.rights.iter().map(|right| right.name().into());
    object! {
        "name" => person.name.clone(),
        "rights" => JsonValue::Array(rights.collect()),
        "first_pin" => person.first_pin,
    }
}

fn names(rights: &[Right]) -> String {
    let names: Vec<&str> = rights.iter().map(|right| right.name()).collect();
    names.join(", ")
}

fn rights_of(names: &[String]) -> Result<Vec<Right>, CliFailure> {
    let rights = names.iter().map(|name| {
        Right::named(name.trim()).ok_or_else(|| {
            let text =
                anyhow!("--rights: {name} is no right; give look, refund, z, settle or settings");
            CliFailure::new(Exit::Usage, text)
        })
    });
    rights.collect()
}

fn failure(error: PeopleError) -> CliFailure {
    let code = match &error {
        PeopleError::Pin(_) | PeopleError::Name => Exit::Usage,
        PeopleError::Damaged { .. } => Exit::Configuration,
        PeopleError::File { source, .. }
            if source.kind() == std::io::ErrorKind::PermissionDenied =>
        {
            Exit::Permission
        }
        PeopleError::File { .. } => Exit::Failed,
        _ => Exit::Refused,
    };
    CliFailure::new(code, error)
}
