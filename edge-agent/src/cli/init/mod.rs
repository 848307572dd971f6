//! `init`: writes a configuration that works, from flags or from the FiscalCloud that the shop uses today.
//!
//! The file is written only if the configuration has no fault, and never over another file.

mod fiscal_cloud;

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use ferrotill_core::facts::Facts;
use ferrotill_core::profile::{self, Profile, SealPlan};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::person::{FIRST_PERSON, first_person};
use super::words::counted;
use super::{CliFailure, CliOutput, Exit};
use crate::config::Config;
use crate::object;
use crate::people::People;

/// The arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// Asks nothing: everything comes from the flags. Questions are not built yet, so the flag is needed.
    #[arg(long, required = true)]
    no_input: bool,
    /// The ISO 3166 code of the country: MD or UA.
    #[arg(long)]
    country: String,
    /// TEST or LIVE.
    #[arg(long, default_value = "TEST")]
    mode: String,
    /// The address of the printer, such as `datecs+serial:///dev/ttyUSB0?baud=115200`; without it the till has no printer.
    #[arg(long)]
    device: Option<String>,
    /// The address on which the till serves.
    #[arg(long, default_value = "127.0.0.1:50700")]
    listen: String,
    /// The data folder.
    #[arg(long, default_value = "/var/lib/ferrotill")]
    data: PathBuf,
    /// The URL of the authority's server.
    #[arg(long)]
    upstream: Option<String>,
    /// The URL of a running FiscalCloud, whose tables and numbers the till takes over.
    #[arg(long, requires_all = ["key", "secret_file"])]
    from_fiscalcloud: Option<String>,
    /// The API key at FiscalCloud; the till has the same client.
    #[arg(long, requires = "from_fiscalcloud")]
    key: Option<String>,
    /// The file with the secret of this key.
    #[arg(long, requires = "from_fiscalcloud")]
    secret_file: Option<PathBuf>,
    /// The device at FiscalCloud, if there are several.
    #[arg(long, requires = "from_fiscalcloud")]
    fiscalcloud_device: Option<Uuid>,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

/// A client of the till.
struct NewClient {
    key: String,
    secret_file: PathBuf,
    /// The secret, if `init` has made it and must write its file.
    made: Option<String>,
}

/// What the configuration says of the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct NewDevice {
    id: Uuid,
    name: String,
    registration_number: String,
    organization_name: String,
    idnx: String,
    address: String,
    /// Code and rate in percent.
    tax_groups: Vec<(String, String)>,
    payment_types: Vec<NewPayment>,
    /// Id and code.
    points_of_sale: Vec<(Uuid, String)>,
    use_alternative_receipts: bool,
    ranges: Vec<NewRange>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NewPayment {
    code: String,
    name: String,
    cash: bool,
    open_cash_drawer: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NewRange {
    series: String,
    start: u32,
    end: u32,
    number_length: u32,
}

pub(super) fn run(arguments: &InitArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    debug_assert!(arguments.no_input, "clap refuses a call without the flag");
    let country = arguments.country.to_uppercase();
    let profile = profile::by_code(&country).ok_or_else(|| {
        let text = anyhow!("--country {country} is not known; give MD or UA");
        CliFailure::new(Exit::Usage, text)
    })?;
    if arguments.out.exists() {
        let text = anyhow!(
            "{} exists already and is left as it is; give another file with --out",
            arguments.out.display()
        );
        return Err(CliFailure::failed(text));
    }
    let (device, client) = match &arguments.from_fiscalcloud {
        Some(url) => {
            let moved = fiscal_cloud::read(url, arguments, profile)?;
            for note in &moved.notes {
                output.warning(note);
            }
            (moved.device, moved.client)
        }
        None => (new_device(profile.facts()), new_client(&arguments.out)),
    };
    let text = text_of(arguments, profile, &device, &client);
    if let Some(secret) = &client.made {
        write_new(&client.secret_file, secret).map_err(CliFailure::failed)?;
    }
    let checked = Config::parse(&text, &arguments.out.display().to_string());
    let written = checked
        .map_err(CliFailure::from)
        .and_then(|_| write_new(&arguments.out, &text).map_err(CliFailure::failed));
    if let Err(failure) = written {
        if client.made.is_some() {
            // The secret is of no use without its configuration. If it cannot be removed, the next `init` says that it exists.
            let _ = std::fs::remove_file(&client.secret_file);
        }
        return Err(failure);
    }
    let out = arguments.out.display().to_string();
    output.text(&format!(
        "{out} has {}, {}, {} and {}\nNext: ferrotill config check --config {out}",
        counted(
            u64::try_from(device.tax_groups.len()).unwrap_or(0),
            "tax group"
        ),
        counted(
            u64::try_from(device.payment_types.len()).unwrap_or(0),
            "payment type"
        ),
        counted(u64::try_from(device.ranges.len()).unwrap_or(0), "range"),
        counted(
            u64::try_from(device.points_of_sale.len()).unwrap_or(0),
            "workplace"
        ),
    ));
    let first = first_pin(arguments, output);
    output.json(&object! {
        "dashboard" => first.map(|pin| object! { "name" => FIRST_PERSON, "pin" => pin.as_str() }),
        "config" => out,
        "device_id" => device.id,
        "api_key" => client.key,
        "secret_file" => client.secret_file.display().to_string(),
    });
    Ok(Exit::Done)
}

/// Makes the first person who may use the dashboard, and tells the PIN. Without it the till works all the same.
fn first_pin(arguments: &InitArguments, output: CliOutput) -> Option<Zeroizing<String>> {
    let people = People::new(arguments.data.join("people.toml"));
    match first_person(&people) {
        Ok(Some(pin)) => {
            output.text(&format!(
                "The dashboard is at http://{}/. Sign in there as {FIRST_PERSON} with the PIN {}, and change it: a LIVE till sells nothing before that",
                arguments.listen, &*pin
            ));
            Some(pin)
        }
        Ok(None) => None,
        Err(error) => {
            output.warning(&format!("nobody can sign in at the dashboard yet: {error}"));
            None
        }
    }
}

/// A client with a secret of its own, in a file beside the configuration.
fn new_client(out: &Path) -> NewClient {
    NewClient {
        key: Uuid::new_v4().simple().to_string(),
        secret_file: absolute(&out.with_file_name("api.secret")),
        made: Some(format!(
            "{}{}",
            Uuid::new_v4().simple(),
            Uuid::new_v4().simple()
        )),
    }
}

/// A device with the tables of the country's law.
fn new_device(facts: &Facts) -> NewDevice {
    let groups = facts.groups.iter().filter_map(|group| {
        let rate = group.rates.last()?.rate;
        Some((group.code.to_string(), rate.display().to_string()))
    });
    let (cash, card) = match facts.language {
        "ro" => ("Numerar", "Card"),
        "uk" => ("Готівка", "Картка"),
        _ => ("Cash", "Card"),
    };
    let payment = |code: &str, name: &str, cash| NewPayment {
        code: code.to_owned(),
        name: name.to_owned(),
        cash,
        open_cash_drawer: cash,
    };
    NewDevice {
        id: Uuid::new_v4(),
        name: "Till 1".to_owned(),
        tax_groups: groups.collect(),
        payment_types: vec![payment("0", cash, true), payment("1", card, false)],
        points_of_sale: vec![(Uuid::new_v4(), "1".to_owned())],
        ..NewDevice::default()
    }
}

/// The text of the configuration.
fn text_of(
    arguments: &InitArguments,
    profile: &dyn Profile,
    device: &NewDevice,
    client: &NewClient,
) -> String {
    let facts = profile.facts();
    let mut text = String::from(
        "# Written by `ferrotill init`. The reference of all keys is docs/CONFIGURATION.md.\n[till]\n",
    );
    line(&mut text, "country", facts.code);
    line(&mut text, "mode", &arguments.mode.to_uppercase());
    line(&mut text, "data_dir", &arguments.data.display().to_string());
    for (key, value) in [
        ("organization_name", &device.organization_name),
        ("idnx", &device.idnx),
        ("address", &device.address),
    ] {
        some_line(&mut text, key, value);
    }
    text.push_str("\n[api]\n");
    line(&mut text, "listen", &arguments.listen);
    text.push_str("\n[[api.clients]]\n");
    line(&mut text, "key", &client.key);
    line(
        &mut text,
        "secret_file",
        &client.secret_file.display().to_string(),
    );
    device_section(&mut text, arguments, facts, device);
    if let Some(url) = &arguments.upstream {
        text.push_str("\n[upstream]\n");
        line(&mut text, "url", url);
    }
    text
}

/// The section of the device.
fn device_section(text: &mut String, arguments: &InitArguments, facts: &Facts, device: &NewDevice) {
    text.push_str("\n[[device]]\n");
    line(text, "id", &device.id.to_string());
    line(text, "name", &device.name);
    line(text, "uri", arguments.device.as_deref().unwrap_or("none"));
    some_line(text, "registration_number", &device.registration_number);
    list(text, "tax_groups", &device.tax_groups, |(code, rate)| {
        format!("code = {}, rate = {}", quoted(code), quoted(rate))
    });
    list(text, "payment_types", &device.payment_types, |payment| {
        format!(
            "code = {}, name = {}, cash = {}, open_cash_drawer = {}",
            payment.code,
            quoted(&payment.name),
            payment.cash,
            payment.open_cash_drawer
        )
    });
    list(
        text,
        "points_of_sale",
        &device.points_of_sale,
        |(id, code)| format!("id = \"{id}\", code = {}", quoted(code)),
    );
    if facts.seal_plan == SealPlan::Printer {
        let _ = writeln!(
            text,
            "use_alternative_receipts = {}",
            device.use_alternative_receipts
        );
        list(
            text,
            "alternative_receipts_ranges",
            &device.ranges,
            |range| {
                format!(
                    "series = {}, start = {}, end = {}, number_length = {}",
                    quoted(&range.series),
                    range.start,
                    range.end,
                    range.number_length
                )
            },
        );
    }
}

// Writing to a string cannot fail.
fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key} = {}", quoted(value));
}

fn some_line(text: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        line(text, key, value);
    }
}

fn list<T>(text: &mut String, key: &str, items: &[T], item: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "{key} = [");
    for entry in items {
        let _ = writeln!(text, "  {{ {} }},", item(entry));
    }
    text.push_str("]\n");
}

/// A text as TOML has it. Control characters, which no name has, are left out.
fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for letter in value.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Writes a file that only its owner can read, and that does not exist yet.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| {
            format!(
                "{} cannot be written; give a file that does not exist yet, in a folder that you may write to",
                path.display()
            )
        })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn any_text_is_a_toml_text() {
        let said = "a \"b\" \\ țări\n\u{7}";
        let table = format!("name = {}", quoted(said));
        let read = crate::config::Config::parse(&table, "t.toml");
        let faults = read.unwrap_err().to_string();
        // The key is unknown at this place, and the text is no fault.
        assert!(faults.contains("name"), "{faults}");
        assert_eq!(quoted(said), "\"a \\\"b\\\" \\\\ țări\"");
    }
}
