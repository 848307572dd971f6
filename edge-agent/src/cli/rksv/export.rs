//! `rksv export` and `rksv key`: the protocol of signed receipts (DEP) out of the journal, receipt by receipt.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::event::{Event, ResourceKind};
use ferrotill_core::profile::SealPlan;
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX};
use ferrotill_core::seal::Seal;
use ferrotill_rksv::{DepWriter, KeyMaterial, UnitKey};
use ferrotill_store::{Reader, is_in_use};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{part, unopened};
use crate::agent::check;
use crate::api::json::JsonValue;
use crate::cli::{CliFailure, CliOutput, Exit, default_config};
use crate::config::{Config, Overrides, SignatureUnitKind};
use crate::object;
use crate::seal::signature::folder::{counter_key, new_key};

/// The arguments of `rksv export`.
#[derive(Debug, Args)]
pub(super) struct RksvExportArguments {
    /// The file of the protocol.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The file for the keys that a checker needs. It contains the AES key, which is a secret of the cash box.
    #[arg(long, value_name = "FILE")]
    crypto: Option<PathBuf>,
    /// The id of the cash box or of its device; needed if the till has several.
    #[arg(long, value_name = "ID")]
    register: Option<String>,
    /// Only receipts from this local time on, such as `2026-01-01` or `2026-01-01T08:00:00`.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only receipts up to this local time, included: `2026-03-31` is the whole day.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only receipts from this number on.
    #[arg(long, value_name = "N")]
    from_number: Option<u64>,
    /// Only receipts up to this number, included.
    #[arg(long, value_name = "N")]
    to_number: Option<u64>,
    #[command(flatten)]
    folder: FolderArguments,
}

/// The arguments of `rksv key`.
#[derive(Debug, Args)]
pub(super) struct RksvKeyArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct FolderArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    pub(super) config: PathBuf,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    pub(super) data: Option<PathBuf>,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    pub(super) listen: Option<String>,
}

/// A cash box of the till.
pub(super) struct CashBoxOfTill {
    pub(super) device: Uuid,
    pub(super) id: String,
}

/// The receipts that are exported.
#[derive(Default)]
pub(super) struct Wanted {
    from: Option<String>,
    to: Option<String>,
    from_number: Option<u64>,
    to_number: Option<u64>,
}

impl Wanted {
    /// Whether every receipt is wanted, so that none has to be read.
    fn is_everything(&self) -> bool {
        matches!(
            self,
            Self {
                from: None,
                to: None,
                from_number: None,
                to_number: None,
            }
        )
    }

    /// The local time of a receipt has a fixed width, so that its text is compared; a shorter text stands for all times that begin with it.
    fn has(&self, code: &Code<'_>) -> bool {
        let at = code.payload.at.to_string();
        let number = code.payload.receipt.as_str().parse::<u64>().ok();
        let begun = self
            .from
            .as_ref()
            .is_none_or(|from| at.as_str() >= from.as_str());
        let ended = self
            .to
            .as_ref()
            .is_some_and(|to| at.as_str() > to.as_str() && !at.starts_with(to.as_str()));
        let low = self.from_number.is_some_and(|from| number < Some(from));
        let high = self.to_number.is_some_and(|to| number > Some(to));
        begun && !ended && !low && !high
    }
}

/// What was exported.
pub(super) struct Exported {
    pub(super) receipts: u64,
    pub(super) units: BTreeMap<String, UnitKey>,
}

pub(super) fn run(arguments: &RksvExportArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let (config, reader) = open(&arguments.folder)?;
    let cash_box = chosen(&config, &reader, arguments.register.as_deref())?;
    let wanted = Wanted {
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        from_number: arguments.from_number,
        to_number: arguments.to_number,
    };
    let out = &arguments.out;
    let exported = write_protocol(&reader, cash_box.device, &wanted, out)?;
    if let Some(crypto) = &arguments.crypto {
        write_keys(&config, &cash_box, exported.units, crypto)?;
    }
    output.json(&object! {
        "cash_box" => cash_box.id.clone(),
        "receipts" => exported.receipts,
        "dep" => out.display().to_string(),
        "crypto" => arguments.crypto.as_ref().map(|path| path.display().to_string()),
    });
    output.text(&format!(
        "{} receipts of cash box {}: {}",
        exported.receipts,
        cash_box.id,
        out.display()
    ));
    Ok(Exit::Done)
}

pub(super) fn new_keys(
    arguments: &RksvKeyArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let config = Config::load(&arguments.config, &Overrides::default())?;
    let mut made = Vec::new();
    for unit in &config.signature_units {
        if unit.kind == SignatureUnitKind::Software && !unit.key_file.exists() {
            new_key(unit).map_err(|explained| CliFailure::failed(anyhow!("{explained}")))?;
            let path = unit.key_file.display().to_string();
            output.text(&format!(
                "the key of the signature unit {}: {path}",
                unit.id
            ));
            made.push(object! { "id" => unit.id.clone(), "key_file" => path });
        }
    }
    output.json(&object! { "made" => JsonValue::Array(made) });
    Ok(Exit::Done)
}

/// The configuration, and a reader of its data folder.
pub(super) fn open(arguments: &FolderArguments) -> Result<(Config, Reader), CliFailure> {
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    if check(&config)?.facts().seal_plan != SealPlan::Signature {
        let text =
            anyhow!("the law of the till's country has no receipts signed; check till.country");
        return Err(CliFailure::new(Exit::Configuration, text));
    }
    let folder = &config.till.data_dir;
    if !is_in_use(folder) {
        let text = anyhow!(
            "there is no store in {}; check till.data_dir, or start the till once",
            folder.display()
        );
        return Err(CliFailure::failed(text));
    }
    let reader = Reader::new(folder);
    Ok((config, reader))
}

pub(super) fn cash_boxes(
    config: &Config,
    reader: &Reader,
) -> Result<Vec<CashBoxOfTill>, CliFailure> {
    let of_device = |device: Uuid| {
        let id = reader.identity(device)?.fiscal_number;
        Ok(CashBoxOfTill { device, id })
    };
    let registers = reader.resources().map_err(CliFailure::failed)?;
    let registers = registers.of(ResourceKind::CashRegister);
    let configured = config.devices.iter().map(|device| device.id);
    // Callers of an API create registers without a line of configuration.
    let mut devices: Vec<Uuid> = configured.collect();
    for register in registers.filter(|register| !register.is_configured()) {
        let started = reader.signed_receipt(register.id, 1);
        let started = started.map_err(CliFailure::failed)?.is_some();
        if started && !devices.contains(&register.id) {
            devices.push(register.id);
        }
    }
    devices
        .into_iter()
        .map(of_device)
        .collect::<Result<_, ferrotill_store::StoreError>>()
        .map_err(CliFailure::failed)
}

/// The cash box with an id, or the only one.
pub(super) fn chosen(
    config: &Config,
    reader: &Reader,
    register: Option<&str>,
) -> Result<CashBoxOfTill, CliFailure> {
    let mut all = cash_boxes(config, reader)?;
    let names: Vec<String> = all.iter().map(|cash_box| cash_box.id.clone()).collect();
    let found = match register {
        Some(wanted) => all.into_iter().find(|cash_box| {
            cash_box.id == wanted || Uuid::try_parse(wanted) == Ok(cash_box.device)
        }),
        None if all.len() == 1 => all.pop(),
        None => None,
    };
    found.ok_or_else(|| {
        let what = match register {
            Some(register) => format!("--register {register}: the till has no such cash box"),
            None => "the till has several cash boxes".to_owned(),
        };
        let text = anyhow!("{what}; write --register with one of {}", names.join(", "));
        CliFailure::new(Exit::Usage, text)
    })
}

/// Writes the protocol of a cash box. One receipt is in memory at a time, and a protocol that fails leaves no file.
pub(super) fn write_protocol(
    reader: &Reader,
    device: Uuid,
    wanted: &Wanted,
    out: &Path,
) -> Result<Exported, CliFailure> {
    let out_part = part(out);
    let written = written(reader, device, wanted, &out_part);
    if written.is_err() {
        // What is left of it has a name that says that it is incomplete.
        let _ = fs::remove_file(&out_part);
    }
    let exported = written?;
    if exported.receipts == 0 {
        let _ = fs::remove_file(&out_part);
        return Err(CliFailure::failed(anyhow!(
            "the cash box has no receipts to export, and a protocol without receipts cannot be checked; make the till start once"
        )));
    }
    fs::rename(&out_part, out).map_err(|error| unopened(out, error))?;
    Ok(exported)
}

fn written(
    reader: &Reader,
    device: Uuid,
    wanted: &Wanted,
    out: &Path,
) -> Result<Exported, CliFailure> {
    let unwritten = |error| unopened(out, error);
    let file = File::create(out).map_err(unwritten)?;
    let mut writer = DepWriter::new(BufWriter::new(file)).map_err(unwritten)?;
    let mut units = BTreeMap::new();
    let mut failed = None;
    reader
        .each_signed(device, |_, event| {
            match enter(&mut writer, &mut units, wanted, event) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(CliFailure::failed)?;
    if let Some(error) = failed {
        return Err(unwritten(error));
    }
    let receipts = writer.receipts();
    let file = writer.finish().map_err(unwritten)?;
    let file = file
        .into_inner()
        .map_err(|error| unwritten(error.into_error()))?;
    file.sync_all().map_err(unwritten)?;
    Ok(Exported { receipts, units })
}

/// Takes one event into the protocol: the key of a unit, or a receipt.
fn enter(
    writer: &mut DepWriter<BufWriter<File>>,
    units: &mut BTreeMap<String, UnitKey>,
    wanted: &Wanted,
    event: &Event<'_>,
) -> io::Result<()> {
    let compact = match event {
        Event::UnitAdopted(unit) => {
            let key = match unit.certificate {
                true => UnitKey::of_certificate(unit.public.to_vec()),
                false => UnitKey::of_spki(unit.public),
            };
            units.insert(unit.serial.to_owned(), key.map_err(io::Error::other)?);
            return Ok(());
        }
        Event::ReceiptSigned(receipt) => receipt.compact,
        Event::Sealed(sealed) => match sealed.seal {
            Seal::Signature { compact, .. } => compact,
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    if !wanted.is_everything() {
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let code = Code::parse_compact(compact, &mut room).map_err(io::Error::other)?;
        if !wanted.has(&code) {
            return Ok(());
        }
    }
    writer.receipt(compact)
}

/// Writes the keys that a checker needs. Only the owner of the file may read it.
fn write_keys(
    config: &Config,
    cash_box: &CashBoxOfTill,
    units: BTreeMap<String, UnitKey>,
    path: &Path,
) -> Result<(), CliFailure> {
    let aes_key = counter_key(&config.till.data_dir, cash_box.device, true)
        .map_err(|explained| CliFailure::failed(anyhow!("{explained}")))?;
    let mut container = Vec::new();
    KeyMaterial { aes_key, units }
        .write(&mut container)
        .and_then(|()| write_file(path, &container, 0o600))
        .map_err(|error| unopened(path, error))
}

/// Writes a file completely or not at all.
pub(super) fn write_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let path_part = part(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&path_part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&path_part, path)
}

/// The SHA-256 of a file, in lower-case hexadecimal.
pub(super) fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut room = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut room)?;
        match room.get(..read) {
            Some(bytes) if !bytes.is_empty() => digest.update(bytes),
            _ => break,
        }
    }
    let mut text = String::new();
    for byte in digest.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
