//! `backup`: copies the data folder into one file while the till sells, checks such a file, and lists the files of a folder.

pub(super) mod archive;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, Subcommand};
use ferrotill_core::profile::{self, Profile};

use super::data_folder::unreadable;
use super::words::counted;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::config::{Config, Mode, Overrides};
use crate::object;
use crate::time::clock::{iso_utc, system_ms};
use archive::WorkFolder;
use ferrotill_store::verify::{Verified, VerifyRange, Wanted, verify};
use ferrotill_store::{COPIED_FILES, CopiedHead, Reader, copy_folder, is_copied, is_in_use};

/// The arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArguments {
    #[command(subcommand)]
    task: BackupTask,
    /// The configuration file.
    #[arg(long, global = true, default_value_os_t = default_config())]
    config: PathBuf,
    /// The data folder, instead of the configured one.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
}

/// The commands of `backup`.
#[derive(Debug, Subcommand)]
enum BackupTask {
    /// Copies the data folder into a new file, and checks the copy. The file has the key of the journal; keep it as safe as the till.
    Create {
        /// The new file, best on another medium than the till's.
        file: PathBuf,
    },
    /// Checks a backup: its digests, the chain of its journal, and its totals added up again.
    Verify {
        /// The file of the backup.
        file: PathBuf,
    },
    /// Lists the backups in a folder.
    List {
        /// The folder.
        folder: PathBuf,
    },
}

pub(super) fn run(arguments: &BackupArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    match &arguments.task {
        BackupTask::Create { file } => create(arguments, file, output),
        BackupTask::Verify { file } => verify_file(file, output),
        BackupTask::List { folder } => list(folder, output),
    }
}

/// What a backup says of itself.
pub(super) struct BackupDescription {
    pub(super) created_at: String,
    pub(super) profile: &'static dyn Profile,
    pub(super) mode: Mode,
    pub(super) head: CopiedHead,
    files: Vec<(String, String)>,
    pub(super) whole: JsonValue,
}

impl BackupDescription {
    fn read(text: &[u8]) -> Result<Self, String> {
        let whole = JsonValue::parse(text)?;
        let field = |path| whole.path(path).map_or("", JsonValue::scalar);
        if field("format") != FORMAT {
            return Err("it is no backup of this program".to_owned());
        }
        if field("version") != "1" {
            let version = field("version");
            return Err(format!(
                "it has version {version}, and this program reads version 1"
            ));
        }
        let country = field("country");
        let profile = profile::by_code(country)
            .ok_or_else(|| format!("this program has no law of the country {country:?}"))?;
        let mode = match field("mode") {
            "LIVE" => Mode::Live,
            _ => Mode::Test,
        };
        let number = |path| field(path).parse::<i64>().unwrap_or_default();
        let head = CopiedHead {
            row: number("head.row"),
            mac: field("head.mac").to_owned(),
            at_ms: number("head.at_ms"),
        };
        let files = match whole.get("files") {
            Some(JsonValue::Array(files)) => files.as_slice(),
            _ => &[],
        };
        let text = |node: &JsonValue, name| node.get(name).map_or("", JsonValue::scalar).to_owned();
        Ok(Self {
            created_at: field("created_at").to_owned(),
            profile,
            mode,
            head,
            files: files
                .iter()
                .map(|file| (text(file, "name"), text(file, "sha256")))
                .collect(),
            whole: whole.clone(),
        })
    }

    /// Unpacks a backup into a folder and checks everything that it says of itself.
    pub(super) fn unpack(file: &Path, folder: &Path) -> Result<(Self, Verified), CliFailure> {
        let faulty = |why: String| damaged(file, &why);
        let (text, unpacked) =
            archive::unpack(file, folder, is_copied).map_err(|error| faulty(error.to_string()))?;
        let described = Self::read(&text).map_err(faulty)?;
        let needed = COPIED_FILES.iter().map(|name| (*name).to_owned());
        for name in needed.chain(described.files.iter().map(|(name, _)| name.clone())) {
            let said = described.files.iter().find(|(other, _)| *other == name);
            let found = unpacked.iter().find(|file| file.name == name);
            match (said, found) {
                (Some((_, said)), Some(found)) if *said == found.sha256 => {}
                (_, None) => return Err(faulty(format!("it has no {name}"))),
                _ => {
                    return Err(faulty(format!(
                        "its {name} has another SHA-256 than it says"
                    )));
                }
            }
        }
        let verified = checked(folder, described.profile, described.mode)
            .map_err(|error| faulty(format!("{error:#}")))?;
        if let Some(flaw) = verified.flaws.first() {
            return Err(faulty(format!("{}: {flaw}", flaw.place())));
        }
        let reader = Reader::new(folder);
        let same_head = reader
            .has_row(&described.head)
            .map_err(|error| faulty(error.to_string()))?;
        if !same_head || verified.head != described.head.row {
            return Err(faulty(
                "its journal ends with another row than it says".to_owned(),
            ));
        }
        let totals = totals(&reader).map_err(CliFailure::failed)?;
        if described.whole.get("totals").map(ToString::to_string) != Some(totals.to_string()) {
            return Err(faulty(
                "its documents add up to other totals than it says".to_owned(),
            ));
        }
        Ok((described, verified))
    }
}

/// The word by which a backup is recognised.
const FORMAT: &str = "ferrotill backup";

fn damaged(file: &Path, why: &str) -> CliFailure {
    let why = why.replace("; ", ", ");
    let text = anyhow!(
        "the backup {} cannot be used: {why}; take an older one, and make a new one of the running till",
        file.display()
    );
    CliFailure::failed(text).named("BackupDamaged")
}

/// The whole check of a folder.
fn checked(
    folder: &Path,
    profile: &'static dyn Profile,
    mode: Mode,
) -> Result<Verified, anyhow::Error> {
    let range = VerifyRange::ALL;
    let wanted = Wanted {
        folder,
        profile,
        mode,
        devices: &[],
        range,
    };
    Ok(verify(&wanted)?)
}

/// The number and the sum of the documents of each kind.
fn totals(reader: &Reader) -> Result<JsonValue, ferrotill_store::StoreError> {
    let totals = reader.totals_of_kinds()?;
    let totals = totals.into_iter().map(|(kind, count, sum)| {
        object! { "kind" => kind.name(), "documents" => count, "minor_units" => sum }
    });
    Ok(JsonValue::Array(totals.collect()))
}

fn create(arguments: &BackupArguments, file: &Path, output: CliOutput) -> Result<Exit, CliFailure> {
    let overrides = Overrides {
        listen: None,
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let profile = check(&config)?;
    let folder = &config.till.data_dir;
    if !is_in_use(folder) {
        let text = anyhow!(
            "there is no store in {}; check till.data_dir, or start the till once",
            folder.display()
        );
        return Err(CliFailure::failed(text));
    }
    if file.exists() {
        let text = anyhow!("{} exists; give a new name", file.display());
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let unwritable = |error: std::io::Error| {
        let code = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Failed,
        };
        let text = anyhow!(
            "{} cannot be written: {error}; give another place",
            file.display()
        );
        CliFailure::new(code, text)
    };
    let parent = file.parent().filter(|path| !path.as_os_str().is_empty());
    let work = WorkFolder::within(parent.unwrap_or(Path::new("."))).map_err(unwritable)?;
    let head = copy_folder(folder, work.path()).map_err(|error| unreadable(folder, error))?;
    let verified = checked(work.path(), profile, config.till.mode).map_err(CliFailure::failed)?;
    if let Some(flaw) = verified.flaws.first() {
        let text = anyhow!(
            "the copy has a fault: {}: {flaw}; run `ferrotill verify`, which names every fault",
            flaw.place()
        );
        return Err(CliFailure::failed(text));
    }
    let names = names_of(work.path()).map_err(unwritable)?;
    let law = (profile, config.till.mode);
    let description = describe((work.path(), &names), law, &head, &verified)?;
    // The part file is renamed once it is complete, so that no half backup has the name of one.
    let part = work.path().join("backup.part");
    let text = format!("{description}\n");
    archive::write(&part, text.as_bytes(), work.path(), &names).map_err(unwritable)?;
    fs::rename(&part, file).map_err(unwritable)?;
    fs::File::open(parent.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(unwritable)?;
    output.json(&object! { "file" => file.display().to_string(), "backup" => description });
    output.text(&format!(
        "{}: {} up to row {} of the journal, checked",
        file.display(),
        counted(verified.documents, "document"),
        head.row
    ));
    Ok(Exit::Done)
}

/// The files of a copy, in the order of their names.
fn names_of(copy: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(copy)? {
        let name = entry?.file_name();
        names.extend(
            name.to_str()
                .filter(|name| is_copied(name))
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

/// What the backup of a folder says of itself.
fn describe(
    (folder, names): (&Path, &[String]),
    (profile, mode): (&'static dyn Profile, Mode),
    head: &CopiedHead,
    verified: &Verified,
) -> Result<JsonValue, CliFailure> {
    let mut files = Vec::new();
    for name in names {
        let path = folder.join(name);
        let bytes = fs::metadata(&path).map_err(CliFailure::failed)?.len();
        let digest = archive::sha256_of(&path).map_err(CliFailure::failed)?;
        files.push(object! { "name" => name.clone(), "bytes" => bytes, "sha256" => digest });
    }
    let reader = Reader::new(folder);
    let facts = profile.facts();
    Ok(object! {
        "format" => FORMAT,
        "version" => 1,
        "program" => env!("CARGO_PKG_VERSION"),
        "created_at" => iso_utc(system_ms()),
        "country" => facts.code,
        "currency" => facts.currency.code(),
        "mode" => mode.to_string(),
        "head" => object! { "row" => head.row, "mac" => head.mac.clone(), "at_ms" => head.at_ms },
        "documents" => verified.documents,
        "unsent" => verified.unsent,
        "totals" => totals(&reader).map_err(CliFailure::failed)?,
        "files" => JsonValue::Array(files),
    })
}

fn verify_file(file: &Path, output: CliOutput) -> Result<Exit, CliFailure> {
    let work = WorkFolder::within(&std::env::temp_dir()).map_err(CliFailure::failed)?;
    let (described, verified) = BackupDescription::unpack(file, work.path())?;
    output.json(&object! {
        "ok" => true,
        "documents" => verified.documents,
        "rows" => verified.rows,
        "unsent" => verified.unsent,
        "backup" => described.whole,
    });
    output.text(&format!(
        "{} is in order: {} up to row {} of the journal, made {}",
        file.display(),
        counted(verified.documents, "document"),
        described.head.row,
        described.created_at
    ));
    Ok(Exit::Done)
}

fn list(folder: &Path, output: CliOutput) -> Result<Exit, CliFailure> {
    let unreadable = |error: std::io::Error| {
        let text = anyhow!(
            "{} cannot be read: {error}; give a folder",
            folder.display()
        );
        CliFailure::new(Exit::Usage, text)
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let found = paths.into_iter().filter_map(|path| {
        let text = archive::description(&path).ok()?;
        Some((path, BackupDescription::read(&text).ok()?))
    });
    let found: Vec<_> = found.collect();
    let listed = found.iter().map(|(path, described)| {
        object! { "file" => path.display().to_string(), "backup" => described.whole.clone() }
    });
    output.json(&object! { "backups" => JsonValue::Array(listed.collect()) });
    for (path, described) in &found {
        let documents = described.whole.get("documents");
        output.text(&format!(
            "{}: made {}, {} documents, up to row {}",
            path.display(),
            described.created_at,
            documents.map_or("", JsonValue::scalar),
            described.head.row
        ));
    }
    if found.is_empty() {
        output.text("no backup is here");
    }
    Ok(Exit::Done)
}
