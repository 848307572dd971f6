//! `init`: writes a configuration that works, from flags, from answers to questions, or from the FiscalCloud that the shop uses today.
//!
//! The file is written only if the configuration has no fault, and never over another file.

mod fiscal_cloud;
pub(super) mod provision;
mod questions;

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

use super::demo::countries;
use super::person::{FIRST_PERSON, first_person};
use super::ports;
use super::words::counted;
use super::{CliFailure, CliOutput, Exit};
use crate::agent::check;
use crate::api::DIALECTS;
use crate::config::{Config, ConfigError, Permission};
use crate::object;
use crate::people::People;
use crate::secret_file::give_to_owner;

/// The arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// Asks nothing: everything comes from the flags. Without it, what the flags do not say is asked.
    #[arg(long, requires_all = ["country", "out"])]
    no_input: bool,
    /// The ISO 3166 code of the country.
    #[arg(long)]
    country: Option<String>,
    /// TEST or LIVE; TEST if it is not given.
    #[arg(long)]
    mode: Option<String>,
    /// The address of the printer, such as `datecs+serial:///dev/ttyUSB0?baud=115200`. Without it, where the law needs a printer, the
    /// one that answers at the serial ports is taken; elsewhere the till has no printer.
    #[arg(long)]
    device: Option<String>,
    /// The address on which the till serves; 127.0.0.1:50700 if it is not given.
    #[arg(long)]
    listen: Option<String>,
    /// The data folder; /var/lib/ferrotill if it is not given.
    #[arg(long)]
    data: Option<PathBuf>,
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
    out: Option<PathBuf>,
}

/// The address on which a till serves if no other one is given.
const LISTEN: &str = "127.0.0.1:50700";
/// The data folder if no other one is given.
const DATA: &str = "/var/lib/ferrotill";

/// What the flags and the answers say of the till.
struct NewTill {
    profile: &'static dyn Profile,
    mode: String,
    /// The address of the printer or of the fiscal module, or `none`.
    device: String,
    listen: String,
    data: PathBuf,
    upstream: Option<String>,
    owner: Owner,
    out: PathBuf,
}

/// Who sells; a text is empty if it is not known.
#[derive(Default)]
struct Owner {
    organization_name: String,
    idnx: String,
    address: String,
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
    if arguments.no_input {
        let till = till_of_flags(arguments, output)?;
        let (device, client) = write(arguments, &till, output)?;
        return Ok(done(&till, &device, &client, output));
    }
    let mut questions = questions::Questions::new(output);
    let mut before = None;
    loop {
        let till = questions.till(arguments, before.as_ref())?;
        if !questions.agrees(&till)? {
            output.text("Nothing is written.");
            return Ok(Exit::Failed);
        }
        match write(arguments, &till, output) {
            Ok((device, client)) => return Ok(done(&till, &device, &client, output)),
            Err(failure)
                if failure.code == Exit::Configuration && arguments.from_fiscalcloud.is_none() =>
            {
                questions.reject(&format!("{:#}", failure.error));
                before = Some(till);
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// The till that the flags describe.
fn till_of_flags(flags: &InitArguments, output: CliOutput) -> Result<NewTill, CliFailure> {
    let profile = profile_of(flags.country.as_deref().unwrap_or(""))?;
    let out = flags.out.clone().unwrap_or_default();
    // The search for a printer takes up to ten seconds.
    refuse_other_file(&out)?;
    let device = match (&flags.device, profile.facts().seal_plan) {
        (Some(device), _) => device.clone(),
        (None, SealPlan::Printer) => only_printer(output)?,
        (None, SealPlan::FiscalModule) => "module:software".to_owned(),
        (None, _) => "none".to_owned(),
    };
    let data = flags.data.as_deref().unwrap_or_else(|| Path::new(DATA));
    Ok(NewTill {
        profile,
        mode: flags.mode.clone().unwrap_or_else(|| "TEST".to_owned()),
        device,
        listen: flags.listen.clone().unwrap_or_else(|| LISTEN.to_owned()),
        data: absolute(data),
        upstream: flags.upstream.clone(),
        owner: Owner::default(),
        out,
    })
}

/// The address of the one printer that answers at the serial ports. Without a printer a till of such a country does not start.
fn only_printer(output: CliOutput) -> Result<String, CliFailure> {
    let found = ports::found_printers()?;
    match found.as_slice() {
        [printer] => {
            output.text(&format!("{printer} is at {}", printer.uri));
            Ok(printer.uri.clone())
        }
        [] => {
            let text = anyhow!(
                "the law of this country needs a fiscal printer, and none answers at the serial ports of this machine; plug it in and switch it on, or give its address with --device, such as datecs+tcp://192.168.1.20:4999"
            );
            Err(CliFailure::new(Exit::NotPrinted, text))
        }
        several => {
            let listed = several.iter().map(|it| format!("{} ({it})", it.uri));
            let text = anyhow!(
                "several printers answer at the serial ports; give one of them with --device: {}",
                listed.collect::<Vec<_>>().join(", ")
            );
            Err(CliFailure::new(Exit::Usage, text))
        }
    }
}

/// Refuses to write over a file.
fn refuse_other_file(out: &Path) -> Result<(), CliFailure> {
    if !out.exists() {
        return Ok(());
    }
    let text = anyhow!(
        "{} exists already and is left as it is; give another file with --out",
        out.display()
    );
    Err(CliFailure::failed(text))
}

fn profile_of(country: &str) -> Result<&'static dyn Profile, CliFailure> {
    profile::by_code(&country.to_uppercase()).ok_or_else(|| {
        let text = anyhow!(
            "--country {country} is not known; give one of {}",
            countries()
        );
        CliFailure::new(Exit::Usage, text)
    })
}

/// Writes the configuration and the secret of its client. If the configuration has a fault, nothing is written.
fn write(
    arguments: &InitArguments,
    till: &NewTill,
    output: CliOutput,
) -> Result<(NewDevice, NewClient), CliFailure> {
    refuse_other_file(&till.out)?;
    let (device, client) = match &arguments.from_fiscalcloud {
        Some(url) => {
            let moved = fiscal_cloud::read(url, arguments, till.profile)?;
            for note in &moved.notes {
                output.warning(note);
            }
            (moved.device, moved.client)
        }
        None => {
            let mut device = new_device(till.profile.facts());
            device
                .organization_name
                .clone_from(&till.owner.organization_name);
            device.idnx.clone_from(&till.owner.idnx);
            device.address.clone_from(&till.owner.address);
            let client = new_client(&till.out, API_SECRET);
            if client.made.is_none() {
                output.warning(&format!(
                    "{} exists already and is used again; programs that sign with it need the new key of the client",
                    client.secret_file.display()
                ));
            }
            (device, client)
        }
    };
    let operator = new_client(&till.out, OPERATOR_SECRET);
    let text = text_of(till, &device, (&client, &operator));
    let secrets = [&client, &operator];
    let made = || {
        let made = secrets
            .iter()
            .filter_map(|it| it.made.as_ref().zip(Some(&it.secret_file)));
        made.map(|(secret, file)| (file, secret))
    };
    let written = made()
        .try_for_each(|(file, secret)| {
            write_new(file, secret, &till.data).map_err(CliFailure::failed)
        })
        .and_then(|()| checked(&text, till, arguments, output))
        .and_then(|()| write_new(&till.out, &text, &till.data).map_err(CliFailure::failed));
    if let Err(failure) = written {
        for (file, _) in made() {
            // The secret is of no use without its configuration. If it cannot be removed, the next `init` says that it exists.
            let _ = std::fs::remove_file(file);
        }
        return Err(failure);
    }
    Ok((device, client))
}

/// Checks the text of a configuration as `run` does. Flags may leave out what is added by hand afterwards, such as the address of a
/// printer: what the law of the country needs beyond the keys themselves is a warning then.
fn checked(
    text: &str,
    till: &NewTill,
    arguments: &InitArguments,
    output: CliOutput,
) -> Result<(), CliFailure> {
    let config = Config::parse(text, &till.out.display().to_string())?;
    let Err(error) = check(&config) else {
        return Ok(());
    };
    if !arguments.no_input {
        return Err(error.into());
    }
    if let (ConfigError::Faulty { faults }, Some(_)) = (&error, &arguments.device) {
        // What was given is not left out: a misspelt address is not written.
        if let Some(fault) = faults.iter().find(|fault| fault.key == "device[0].uri") {
            let text = anyhow!("--device {}; {}", fault.what, fault.remedy);
            return Err(CliFailure::new(Exit::Usage, text));
        }
    }
    output.warning(&error.to_string());
    Ok(())
}

/// Says what was written and what to type next.
fn done(till: &NewTill, device: &NewDevice, client: &NewClient, output: CliOutput) -> Exit {
    let out = till.out.display().to_string();
    output.text(&format!(
        "{out} has {}, {}, {} and {}\nNext: ferrotill config check --config {out}",
        counted(device.tax_groups.len(), "tax group"),
        counted(device.payment_types.len(), "payment type"),
        counted(device.ranges.len(), "range"),
        counted(device.points_of_sale.len(), "workplace"),
    ));
    let first = first_pin(till, output);
    output.json(&object! {
        "dashboard" => first.map(|pin| object! { "name" => FIRST_PERSON, "pin" => pin.as_str() }),
        "config" => out,
        "device_id" => device.id,
        "api_key" => client.key.clone(),
        "secret_file" => client.secret_file.display().to_string(),
    });
    Exit::Done
}

/// Makes the first person who may use the dashboard, and tells the PIN. Without it the till works all the same.
fn first_pin(till: &NewTill, output: CliOutput) -> Option<Zeroizing<String>> {
    let people = People::new(till.data.join("people.toml"));
    match first_person(&people) {
        Ok(Some(pin)) => {
            output.text(&format!(
                "The dashboard is at http://{}/. Sign in there as {FIRST_PERSON} with the PIN {}, and change it: a LIVE till sells nothing before that",
                till.listen, &*pin
            ));
            Some(pin)
        }
        Ok(None) => None,
        Err(error) => {
            output.warning(&format!(
                "no person can sign in at the dashboard yet: {error}"
            ));
            None
        }
    }
}

/// The file with the secret of the program that sells.
const API_SECRET: &str = "api.secret";
/// The file with the secret of the commands of a person at this machine.
const OPERATOR_SECRET: &str = "operator.secret";

/// A client with a secret of its own, in a file beside the configuration. A file that is there already is used again: only the
/// configuration was lost.
fn new_client(out: &Path, secret_file: &str) -> NewClient {
    let secret_file = absolute(&out.with_file_name(secret_file));
    let made = (!secret_file.exists())
        .then(|| format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()));
    NewClient {
        key: Uuid::new_v4().simple().to_string(),
        secret_file,
        made,
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
        "de" => ("Bar", "Karte"),
        "uz-Latn" => ("Naqd pul", "Karta"),
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
    till: &NewTill,
    device: &NewDevice,
    (client, operator): (&NewClient, &NewClient),
) -> String {
    let facts = till.profile.facts();
    let mut text = String::from(
        "# Written by `ferrotill init`. The reference of all keys is docs/CONFIGURATION.md.\n[till]\n",
    );
    line(&mut text, "country", facts.code);
    line(&mut text, "mode", &till.mode.to_uppercase());
    line(&mut text, "data_dir", &till.data.display().to_string());
    for (key, value) in [
        ("organization_name", &device.organization_name),
        ("idnx", &device.idnx),
        ("address", &device.address),
    ] {
        some_line(&mut text, key, value);
    }
    text.push_str("\n[api]\n");
    line(&mut text, "listen", &till.listen);
    text.push_str("\n[[api.clients]]\n");
    line(&mut text, "key", &client.key);
    line(
        &mut text,
        "secret_file",
        &client.secret_file.display().to_string(),
    );
    let apis = DIALECTS.iter().map(|api| api.name);
    let apis: Vec<String> = apis
        .filter(|name| facts.apis.contains(name))
        .map(quoted)
        .collect();
    let _ = writeln!(text, "apis = [{}]", apis.join(", "));
    text.push_str(
        "\n# For the commands of a person at this machine: `ferrotill settle` and `ferrotill clock`. The program that sells needs no such permission.\n[[api.clients]]\n",
    );
    line(&mut text, "key", &operator.key);
    let secret_file = operator.secret_file.display().to_string();
    line(&mut text, "secret_file", &secret_file);
    let permissions = [Permission::Settle, Permission::Settings].map(|it| quoted(it.name()));
    let _ = writeln!(text, "permissions = [{}]", permissions.join(", "));
    device_section(&mut text, till, device);
    if facts.seal_plan == SealPlan::Signature {
        signature_unit_section(&mut text, &till.out);
    }
    if let Some(url) = &till.upstream {
        text.push_str("\n[upstream]\n");
        line(&mut text, "url", url);
    }
    text
}

/// The section of the device.
fn device_section(text: &mut String, till: &NewTill, device: &NewDevice) {
    text.push_str("\n[[device]]\n");
    line(text, "id", &device.id.to_string());
    line(text, "name", &device.name);
    line(text, "uri", &till.device);
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
    if till.profile.facts().seal_plan == SealPlan::Printer {
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

/// The section of a signature unit in software, whose key the till makes at its first start. A LIVE till needs more keys, which the
/// check of the configuration names.
fn signature_unit_section(text: &mut String, out: &Path) {
    let key_file = absolute(&out.with_file_name("signature-unit.key"));
    text.push_str("\n[[signature_unit]]\n");
    line(text, "kind", "software");
    line(text, "id", "unit-1");
    line(text, "suite", "R1-AT9");
    line(text, "key_file", &key_file.display().to_string());
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
///
/// What root writes belongs to the user of the data folder, if that exists: the service of a package has a user of its own, and must
/// read its configuration and its secret.
fn write_new(path: &Path, text: &str, data: &Path) -> anyhow::Result<()> {
    let write = || {
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        if data.exists() {
            give_to_owner(&file, data)?;
        }
        file.write_all(text.as_bytes())
    };
    write().with_context(|| {
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
