//! `provision`: takes the file that an installer has put on the boot partition of a new till, once, and erases it.

use std::fs;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::profile;
use ferrotill_store::is_in_use;
use toml_edit::{Document, Item, Value};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    API_SECRET, DATA, InitArguments, NewClient, NewDevice, NewTill, Owner, refuse_other_file,
    till_of_flags, write,
};
use crate::cli::person::FIRST_PERSON;
use crate::cli::{CliFailure, CliOutput, Exit, default_config};
use crate::config::{ConfigError, ConfigFault, SourcePlace};
use crate::explanation::{Explanation, why_of};
use crate::object;
use crate::people::pin::check_pin;
use crate::people::{People, Right};
use crate::secret_file::write_secret;

/// The arguments of `provision`.
#[derive(Debug, Args)]
pub struct ProvisionArguments {
    /// The provisioning file; of several the first one that exists is taken. Where none exists, nothing is done.
    #[arg(long = "from", required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The configuration file to write.
    #[arg(long, default_value_os_t = default_config())]
    out: PathBuf,
}

/// The largest provisioning file, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The keys of the file, and the key of the configuration that each becomes; empty if it becomes none.
const KEYS: [(&str, &str); 14] = [
    ("country", "till.country"),
    ("mode", "till.mode"),
    ("device", "device[0].uri"),
    ("listen", "api.listen"),
    ("data", "till.data_dir"),
    ("upstream", "upstream.url"),
    ("organization_name", "till.organization_name"),
    ("idnx", "till.idnx"),
    ("address", "till.address"),
    ("owner_pin", ""),
    ("from_fiscalcloud", ""),
    ("key", "api.clients[0].key"),
    ("secret", "api.clients[0].secret_file"),
    (FISCALCLOUD_DEVICE, ""),
];

pub(in crate::cli) fn run(
    arguments: &ProvisionArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let Some(file) = arguments.files.iter().find(|file| file.exists()) else {
        output.text("there is no provisioning file, so there is nothing to do");
        output.json(&object! { "taken" => false });
        return Ok(Exit::Done);
    };
    refuse_other_file(&arguments.out).map_err(|_| {
        let text = anyhow!(
            "{} is not taken: the till has the configuration {} already; delete the provisioning file, it may have secrets",
            file.display(),
            arguments.out.display()
        );
        CliFailure::new(Exit::Refused, text)
    })?;
    let read = read(file)?;
    let provisioned = Provisioned::of(&read, file, &arguments.out)?;
    if is_in_use(&provisioned.data) {
        let text = anyhow!(
            "{} is not taken: the data folder {} has the journal of a till; put its configuration back, or move the folder away, and delete the provisioning file",
            file.display(),
            provisioned.data.display()
        );
        return Err(CliFailure::new(Exit::Refused, text));
    }
    let (till, device, client) = provisioned
        .write(output)
        .map_err(|failure| in_terms_of_the_file(failure, &read, file))?;
    erase(file).map_err(|error| {
        let explained = Explanation::new(
            "the till is provisioned, and the file cannot be erased",
            file.display().to_string(),
            why_of(&error),
            "delete it yourself, because it may have secrets",
        );
        CliFailure::failed(anyhow!("{explained}"))
    })?;
    output.text(&format!(
        "{} is written, and {} is erased\nNext: ferrotill status",
        till.out.display(),
        file.display()
    ));
    output.json(&object! {
        "taken" => true,
        "config" => till.out.display().to_string(),
        "device_id" => device.id,
        "api_key" => client.key,
        "secret_file" => client.secret_file.display().to_string(),
        "erased" => file.display().to_string(),
    });
    Ok(Exit::Done)
}

/// The text values of the file, each with its place, and its faults.
#[derive(Default)]
struct ReadFile {
    values: Vec<(String, Zeroizing<String>, SourcePlace)>,
    faults: Vec<ConfigFault>,
}

impl ReadFile {
    fn text(&self, key: &str) -> Option<&str> {
        let found = self.values.iter().find(|(known, _, _)| known == key);
        found.map(|(_, value, _)| value.as_str())
    }

    fn some(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    fn place(&self, key: &str, file: &Path) -> SourcePlace {
        let found = self.values.iter().find(|(known, _, _)| known == key);
        found.map_or_else(|| place(file, "", 0), |(_, _, place)| place.clone())
    }

    fn fault(&mut self, place: SourcePlace, key: &str, what: impl Into<String>, remedy: &str) {
        self.faults.push(ConfigFault {
            place,
            key: key.to_owned(),
            what: what.into(),
            remedy: remedy.to_owned(),
            is_denied: false,
            open_to_others: None,
        });
    }
}

/// Reads the file: texts under known keys.
fn read(file: &Path) -> Result<ReadFile, CliFailure> {
    let unreadable = |source| ConfigError::Unreadable {
        path: file.to_owned(),
        source,
    };
    let length = fs::metadata(file).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        let text = anyhow!(
            "{}: has {length} bytes; {FILE_BYTES_MAX} are allowed",
            file.display()
        );
        return Err(CliFailure::new(Exit::Configuration, text));
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(unreadable)?);
    let mut read = ReadFile::default();
    let document = match Document::parse(text.as_str()) {
        Ok(document) => document,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let what = format!("is not TOML: {}", error.message().replace('\n', ", "));
            read.fault(place(file, &text, at), "", what, "correct this line");
            return Err(ConfigError::Faulty {
                faults: read.faults,
            }
            .into());
        }
    };
    for (key, item) in document.as_table() {
        let key_span = document.as_table().key(key).and_then(toml_edit::Key::span);
        let at = place(file, &text, key_span.map_or(0, |span| span.start));
        if !KEYS.iter().any(|(known, _)| *known == key) {
            let known: Vec<&str> = KEYS.iter().map(|(known, _)| *known).collect();
            let remedy = format!("allowed are {}", known.join(", "));
            read.fault(at, key, "is not a key of a provisioning file", &remedy);
            continue;
        }
        match item {
            Item::Value(Value::String(value)) => {
                let value = Zeroizing::new(value.value().clone());
                read.values.push((key.to_owned(), value, at));
            }
            _ => read.fault(at, key, "is no text", "write a text in quotes"),
        }
    }
    Ok(read)
}

/// The place of a byte of the file.
fn place(file: &Path, text: &str, at: usize) -> SourcePlace {
    let before = text.get(..at).unwrap_or_default();
    let (lines, last) = before
        .rsplit_once('\n')
        .map_or((0, before), |(above, last)| {
            (above.matches('\n').count().saturating_add(1), last)
        });
    SourcePlace::File {
        file: Arc::from(file),
        line: lines.saturating_add(1),
        column: last.chars().count().saturating_add(1),
    }
}

/// A till as the file describes it.
struct Provisioned {
    flags: InitArguments,
    owner: Owner,
    data: PathBuf,
    /// The secret of the client at FiscalCloud.
    secret: Option<Zeroizing<String>>,
    /// The first PIN of the owner at the dashboard.
    pin: Option<Zeroizing<String>>,
}

/// Every fault that the values of the file have.
fn faults_of(read: &ReadFile, file: &Path) -> Vec<ConfigFault> {
    let mut faults = ReadFile {
        faults: read.faults.clone(),
        ..ReadFile::default()
    };
    let at = |key: &str| read.place(key, file);
    match read.text("country") {
        None => faults.fault(
            at(""),
            "country",
            "is missing",
            "write the two letters of the country, such as country = \"MD\"",
        ),
        Some(code) if profile::by_code(&code.to_uppercase()).is_none() => faults.fault(
            at("country"),
            "country",
            format!("is {code:?}, and this program has no such country"),
            &format!("allowed are {}", super::countries()),
        ),
        Some(_) => {}
    }
    for key in ["key", "secret"] {
        match (read.text("from_fiscalcloud"), read.text(key)) {
            (Some(_), None) => faults.fault(
                at("from_fiscalcloud"),
                key,
                "is missing, and from_fiscalcloud needs it",
                "write the key and the secret of the client at FiscalCloud",
            ),
            (None, Some(_)) => faults.fault(
                at(key),
                key,
                "is written without from_fiscalcloud",
                "remove it; the till makes key and secret itself",
            ),
            _ => {}
        }
    }
    if let Some(Err(_)) = read.text(FISCALCLOUD_DEVICE).map(Uuid::try_parse) {
        faults.fault(
            at(FISCALCLOUD_DEVICE),
            FISCALCLOUD_DEVICE,
            "is no id",
            "write an id such as 497f6eca-6276-4993-bfeb-53cbbbba6f08",
        );
    }
    if let Some(Err(why)) = read.text("owner_pin").map(check_pin) {
        let remedy = "write six to twelve digits";
        faults.fault(at("owner_pin"), "owner_pin", why.to_string(), remedy);
    }
    faults.faults
}

/// The key of the device at FiscalCloud.
const FISCALCLOUD_DEVICE: &str = "fiscalcloud_device";

impl Provisioned {
    /// Names every fault that the file has before anything is written.
    fn of(read: &ReadFile, file: &Path, out: &Path) -> Result<Self, CliFailure> {
        let faults = faults_of(read, file);
        if !faults.is_empty() {
            return Err(ConfigError::Faulty { faults }.into());
        }
        let fiscalcloud = read.text("from_fiscalcloud");
        let device = read.text(FISCALCLOUD_DEVICE);
        let device = device.and_then(|id| Uuid::try_parse(id).ok());
        let text = |key: &str| read.some(key).unwrap_or_default();
        let secret = |key: &str| read.some(key).map(Zeroizing::new);
        let data = read.some("data").map(PathBuf::from);
        Ok(Self {
            owner: Owner {
                organization_name: text("organization_name"),
                idnx: text("idnx"),
                address: text("address"),
            },
            data: super::absolute(data.as_deref().unwrap_or_else(|| Path::new(DATA))),
            secret: secret("secret"),
            pin: secret("owner_pin"),
            flags: InitArguments {
                // What the law needs beyond the keys themselves is a fault here: no person adds it by hand.
                no_input: false,
                country: read.some("country"),
                mode: read.some("mode"),
                device: read.some("device"),
                listen: read.some("listen"),
                data,
                upstream: read.some("upstream"),
                from_fiscalcloud: read.some("from_fiscalcloud"),
                key: read.some("key"),
                secret_file: fiscalcloud.map(|_| out.with_file_name(API_SECRET)),
                fiscalcloud_device: device,
                out: Some(out.to_owned()),
            },
        })
    }

    /// Writes secrets, configuration and the first person. If anything fails, nothing of it is left.
    fn write(self, output: CliOutput) -> Result<(NewTill, NewDevice, NewClient), CliFailure> {
        let till = NewTill {
            owner: self.owner,
            ..till_of_flags(&self.flags, output)?
        };
        let kept = self.flags.secret_file.as_ref().zip(self.secret.as_ref());
        if let Some((file, secret)) = kept {
            if file.exists() {
                let text = anyhow!(
                    "{} exists already, and the provisioning file has another secret; move it away",
                    file.display()
                );
                return Err(CliFailure::failed(text));
            }
            write_secret(file, secret.as_bytes()).map_err(CliFailure::failed)?;
        }
        let written = write(&self.flags, &till, output);
        if let (Err(_), Some((file, _))) = (&written, kept) {
            // The secret is of no use without its configuration, and the file that it came from still has it.
            let _ = fs::remove_file(file);
        }
        let (device, client) = written?;
        if let Some(pin) = &self.pin {
            let people = People::new(till.data.join("people.toml"));
            if let Err(error) = people.add(FIRST_PERSON, &Right::ALL, pin, true) {
                output.warning(&format!(
                    "no person can sign in at the dashboard yet: {error}; add one with `ferrotill person add`"
                ));
            }
        }
        Ok((till, device, client))
    }
}

/// The faults of the configuration that would be written, with the keys and places of the provisioning file.
fn in_terms_of_the_file(failure: CliFailure, read: &ReadFile, file: &Path) -> CliFailure {
    let Some(ConfigError::Faulty { faults }) = failure.error.downcast_ref::<ConfigError>() else {
        return failure;
    };
    let faults = faults.iter().map(|fault| {
        let of_file = KEYS.iter().find(|(_, key)| *key == fault.key);
        let key = of_file.map_or(fault.key.as_str(), |(key, _)| key);
        ConfigFault {
            place: read.place(key, file),
            key: key.to_owned(),
            ..fault.clone()
        }
    });
    ConfigError::Faulty {
        faults: faults.collect(),
    }
    .into()
}

/// Writes zeros over a file and removes it, so that its secrets are not read from a card that is put into another machine.
fn erase(file: &Path) -> io::Result<()> {
    let mut opened = fs::OpenOptions::new().write(true).open(file)?;
    let length = opened.metadata()?.len().min(FILE_BYTES_MAX);
    opened.seek(SeekFrom::Start(0))?;
    opened.write_all(&vec![0; usize::try_from(length).unwrap_or_default()])?;
    opened.sync_all()?;
    fs::remove_file(file)?;
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
