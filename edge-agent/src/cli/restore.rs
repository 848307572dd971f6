//! `restore`: makes the data folder again from a backup, and names what the printers and the hub have and the backup has not.

mod hub;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use ferrotill_core::event::LossAccepted;
use ferrotill_core::profile::{Profile, SealPlan};
use ferrotill_core::time::Moment;
use ferrotill_device::Fault;
use ferrotill_device::driver::{self, DriverUri};
use uuid::Uuid;

use super::backup::BackupDescription;
use super::backup::archive::WorkFolder;
use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::agent::{check, lock_folder};
use crate::api::json::JsonValue;
use crate::config::{Config, Device, Overrides};
use crate::object;
use ferrotill_store::{
    COPIED_FILES, DevicePosition, Founding, Reader, Store, StoreError, is_copied, is_in_use,
};
use hub::HubSide;

/// The arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The file of the backup.
    file: PathBuf,
    /// Accepts that the documents which are named are missing: the till sells again, with numbers above theirs.
    #[arg(long)]
    accept_loss: bool,
    /// Accepts it without asking the hub of the configuration: its documents are not compared.
    #[arg(long, requires = "accept_loss")]
    without_hub: bool,
    /// The name of the person who accepts it; it is stored in the journal and never deleted. Without it, the name of the user.
    #[arg(long)]
    by: Option<String>,
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &RestoreArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: None,
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let profile = check(&config)?;
    refuse_by_law(profile)?;
    let now = shop_clock(&config)?.now();
    let by = name_of_person(arguments)?;
    let folder = &config.till.data_dir;
    let _lock = lock_folder(folder)?;
    let founding = Founding::new(profile.facts(), config.till.mode, now);
    if is_in_use(folder) {
        refuse_other_journal(folder, &arguments.file)?;
    } else {
        put_back(folder, &arguments.file, &founding)?;
    }
    let mut store = Store::open(folder, &founding).map_err(CliFailure::failed)?;
    let Some(epoch) = store.unaccepted_restore().map_err(CliFailure::failed)? else {
        let text = anyhow!(
            "{} has the journal of this backup already, because the backup was made of it, or because it was restored and accepted before; nothing is changed. To put the backup back all the same, stop the till and move the folder away first",
            folder.display()
        );
        return Err(CliFailure::new(Exit::Refused, text).named("RestoredBefore"));
    };
    let signs = profile.facts().seal_plan == SealPlan::Signature;
    let mut compared = compare(&store, &config, signs)?;
    let hub = HubSide::ask(&config, profile);
    hub.add_to(&mut compared);
    if arguments.accept_loss {
        if !signs && !arguments.without_hub {
            hub.refuse_if_not_asked()?;
        }
        if signs {
            retire(&mut store, &compared, (&by, now))?;
        }
        accept(&mut store, &compared, (&by, now))?;
    }
    report((&compared, &hub), (epoch, arguments), output);
    Ok(Exit::Done)
}

/// Refuses what the law of the country, or this program, does not allow with a copy.
fn refuse_by_law(profile: &'static dyn Profile) -> Result<(), CliFailure> {
    let why = match profile.facts().seal_plan {
        SealPlan::Printer | SealPlan::Signature => return Ok(()),
        SealPlan::FiscalModule => {
            "this program cannot compare a backup with the counters of a fiscal module yet; begin a new data folder"
        }
        SealPlan::FiscalNumber => {
            "the numbers that the authority has reserved may stand on documents that are not in the backup; begin a new data folder, and ask the authority for new numbers"
        }
    };
    Err(CliFailure::new(Exit::Refused, anyhow!(why)).named("RestoreNotAllowed"))
}

/// The name of the person who accepts a loss.
fn name_of_person(arguments: &RestoreArguments) -> Result<String, CliFailure> {
    let user = || std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    let by = arguments.by.clone().or_else(|| user().ok());
    let by = by
        .unwrap_or_else(|| "operator".to_owned())
        .trim()
        .to_owned();
    if by.is_empty() || by.len() > LossAccepted::BY_BYTES_MAX || by.chars().any(char::is_control) {
        let text = anyhow!(
            "--by is no name on one line of at most {} bytes; give the name of a person",
            LossAccepted::BY_BYTES_MAX
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    Ok(by)
}

/// A folder with a journal is restored only if it was restored from this very backup, and has not sold since.
fn refuse_other_journal(folder: &Path, file: &Path) -> Result<(), CliFailure> {
    let work = WorkFolder::within(&std::env::temp_dir()).map_err(CliFailure::failed)?;
    let (described, _) = BackupDescription::unpack(file, work.path())?;
    let reader = Reader::new(folder);
    if reader.has_row(&described.head).unwrap_or(false) {
        return Ok(());
    }
    let unsent = reader.unsent().map_or_else(
        |_| "its documents could not be counted".to_owned(),
        |unsent| format!("{} of its documents were not sent yet", unsent.documents),
    );
    let text = anyhow!(
        "{} has another journal ({unsent}), and a restore would lose it; move the folder away, and keep it",
        folder.display()
    );
    Err(CliFailure::new(Exit::Refused, text).named("FolderInUse"))
}

/// Unpacks a backup beside the data folder, notes in its journal that it was restored, and moves its files into the data folder, the
/// database last: what a power cut leaves is either no data folder that sells, or a restored one.
fn put_back(folder: &Path, file: &Path, founding: &Founding) -> Result<(), CliFailure> {
    let work = WorkFolder::within_data(folder).map_err(CliFailure::failed)?;
    BackupDescription::unpack(file, work.path())?;
    let mut store = Store::open(work.path(), founding).map_err(|error| match error {
        error @ StoreError::FoundedOtherwise { .. } => CliFailure::new(Exit::Configuration, error),
        error => CliFailure::failed(error),
    })?;
    store
        .note_restored(founding.now)
        .map_err(CliFailure::failed)?;
    drop(store);
    for entry in fs::read_dir(work.path()).map_err(CliFailure::failed)? {
        let entry = entry.map_err(CliFailure::failed)?;
        let name = entry.file_name();
        let is_key = |name: &str| is_copied(name) && !COPIED_FILES.contains(&name);
        if name.to_str().is_some_and(is_key) {
            fs::rename(entry.path(), folder.join(name)).map_err(CliFailure::failed)?;
        }
    }
    for name in COPIED_FILES.iter().rev() {
        fs::rename(work.path().join(name), folder.join(name)).map_err(CliFailure::failed)?;
    }
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(CliFailure::failed)
}

/// A device of the journal, compared with its printer.
struct ComparedDevice {
    device: Uuid,
    name: String,
    position: DevicePosition,
    /// What the printer has; the error says why it could not be compared. `None` for a device without a printer.
    printer: Option<Result<PrinterSide, String>>,
    /// The highest number of the device's documents at the hub; 0 if the hub has none that the backup has not.
    hub_number: u32,
    /// The number of signed receipts that the backup has; `None` if the receipts of the device are not signed.
    signed_receipts: Option<u64>,
}

/// What a printer has, and the backup has of it.
#[derive(Clone, Copy)]
struct PrinterSide {
    known: u32,
    has: u32,
    z_known: u32,
    z_has: u32,
}

impl PrinterSide {
    fn missing(self) -> u32 {
        self.has.saturating_sub(self.known)
    }
}

impl ComparedDevice {
    /// What was found, for a person.
    fn says(&self) -> String {
        let name = &self.name;
        if let Some(receipts) = self.signed_receipts {
            return format!(
                "{name}: the backup has {receipts} signed receipts, and nothing proves that none was signed after them; its register is taken out of use for ever"
            );
        }
        match &self.printer {
            None => format!("{name}: has no printer that could be compared"),
            Some(Err(why)) => format!("{name}: its printer could not be compared: {why}"),
            Some(Ok(side)) if side.missing() == 0 => {
                format!("{name}: its printer has no document after the backup")
            }
            Some(Ok(side)) => format!(
                "{name}: its printer has the documents {} to {}, which the backup has not ({}; slips and cancelled receipts are numbered too)",
                side.known.saturating_add(1),
                side.has,
                side.missing()
            ),
        }
    }

    /// The event by which a person accepts the loss. Each document of the printer may have a number of the till, and each number that
    /// was left for alternative receipts may be on one.
    fn accepted<'b>(&self, by: &'b str, at: Moment) -> LossAccepted<'b> {
        let side = match &self.printer {
            Some(Ok(side)) => Some(*side),
            _ => None,
        };
        let alternative = u32::try_from(self.position.alternative_left).unwrap_or(u32::MAX);
        let z = side.map_or(0, |side| side.z_has.saturating_sub(side.z_known));
        LossAccepted {
            at,
            by,
            number: self
                .position
                .number
                .saturating_add(side.map_or(0, PrinterSide::missing))
                .saturating_add(alternative)
                .max(self.hub_number),
            z_number: self.position.z_number.saturating_add(z),
            printer_known: side.map_or(0, |side| side.known),
            printer_has: side.map_or(0, |side| side.has),
        }
    }

    fn json(&self) -> JsonValue {
        let side = match &self.printer {
            Some(Ok(side)) => Some(*side),
            _ => None,
        };
        let missing = side.filter(|side| side.missing() > 0);
        object! {
            "device_id" => self.device,
            "says" => self.says(),
            "compared" => side.is_some(),
            "printer_documents" => missing.map(|side| object! {
                "first" => side.known.saturating_add(1),
                "last" => side.has,
                "count" => side.missing(),
            }),
            "last_number" => self.position.number,
            "signed_receipts" => self.signed_receipts,
            "out_of_use" => self.signed_receipts.is_some(),
        }
    }
}

/// Compares every device of the configuration with its printer. Where the law has receipts signed, no printer counts them: every device
/// that the journal knows is listed with its signed receipts.
fn compare(store: &Store, config: &Config, signs: bool) -> Result<Vec<ComparedDevice>, CliFailure> {
    if signs {
        return signing_devices(store, config).map_err(CliFailure::failed);
    }
    let compared = config.devices.iter().map(|device| {
        let position = store.position(device.id)?;
        Ok(ComparedDevice {
            device: device.id,
            name: device.name.clone(),
            printer: printer_side(device, &position),
            position,
            hub_number: 0,
            signed_receipts: None,
        })
    });
    compared
        .collect::<Result<_, StoreError>>()
        .map_err(CliFailure::failed)
}

fn signing_devices(store: &Store, config: &Config) -> Result<Vec<ComparedDevice>, StoreError> {
    let known = store.device_identities()?.into_iter();
    let compared = known.map(|(device, identity)| {
        let configured = config.devices.iter().find(|it| it.id == device);
        Ok(ComparedDevice {
            device,
            name: configured.map_or(identity.fiscal_number, |it| it.name.clone()),
            position: store.position(device)?,
            printer: None,
            hub_number: 0,
            signed_receipts: Some(store.load_till(device)?.signed().receipts()),
        })
    });
    compared.collect()
}

/// Takes the registers out of use. It comes before the loss is accepted, so that no start lies between.
fn retire(
    store: &mut Store,
    compared: &[ComparedDevice],
    (by, now): (&str, Moment),
) -> Result<(), CliFailure> {
    let devices: Vec<Uuid> = compared.iter().map(|device| device.device).collect();
    store
        .retire_registers(&devices, (by, Fault::Cancelled.code()), now)
        .map_err(CliFailure::failed)
}

/// Asks a printer for its counters. `None` if the device has no printer.
fn printer_side(device: &Device, position: &DevicePosition) -> Option<Result<PrinterSide, String>> {
    let uri = DriverUri::parse(&device.uri).ok()?;
    let mut printer = driver::open(&uri);
    let baseline = match printer.connect() {
        Ok(connected) => connected.baseline,
        Err(fault) => return Some(Err(fault.to_string())),
    };
    let (known, z_known) = match &position.printer {
        Some(known) if known.serial != baseline.serial => {
            let (now, then) = (&baseline.serial, &known.serial);
            return Some(Err(format!(
                "it has the serial number {now}, and the backup was made with {then}"
            )));
        }
        Some(known) => (known.document, known.z_number),
        None => (0, None),
    };
    let z_has = baseline.z_number.unwrap_or_default();
    Some(Ok(PrinterSide {
        known,
        has: baseline.last_document,
        z_known: z_known.unwrap_or(z_has),
        z_has,
    }))
}

/// Writes that a person has accepted what is missing. Every printer must have been compared, because its counters decide about the
/// next number.
fn accept(
    store: &mut Store,
    compared: &[ComparedDevice],
    (by, now): (&str, Moment),
) -> Result<(), CliFailure> {
    if let Some(device) = compared
        .iter()
        .find(|device| matches!(device.printer, Some(Err(_))))
    {
        let text = anyhow!(
            "{}; connect the printer, because the next number follows from its counters, and repeat the command",
            device.says().replace("; ", ", ")
        );
        return Err(CliFailure::new(Exit::NotPrinted, text).named("PrinterNotCompared"));
    }
    let accepted: Vec<_> = compared
        .iter()
        .map(|device| (device.device, device.accepted(by, now)))
        .collect();
    store.accept_loss(&accepted).map_err(CliFailure::failed)
}

fn report(
    (compared, hub): (&[ComparedDevice], &HubSide),
    (epoch, arguments): (u32, &RestoreArguments),
    output: CliOutput,
) {
    output.json(&object! {
        "restored" => true,
        "epoch" => epoch,
        "accepted" => arguments.accept_loss,
        "devices" => JsonValue::Array(compared.iter().map(ComparedDevice::json).collect()),
        "hub" => hub.json(compared),
        "office" => OFFICE,
    });
    for device in compared {
        output.text(&device.says());
    }
    for line in hub.says(compared) {
        output.text(&line);
    }
    output.text(OFFICE);
    let file = arguments.file.display();
    let signs = compared.iter().any(|it| it.signed_receipts.is_some());
    output.text(&if signs && arguments.accept_loss {
        "the loss is accepted, and the registers are out of use: start the service (systemctl start ferrotill), and sell on a new [[device]] with an id and a registration_number that were never used, and register the new cash box".to_owned()
    } else if arguments.accept_loss {
        "the loss is accepted: start the service (systemctl start ferrotill), and the till sells with higher numbers; give it new ranges for alternative receipts".to_owned()
    } else {
        format!("the till does not sell yet; accept what is missing with `ferrotill restore {file} --accept-loss --by NAME`")
    });
}

/// The authority answers no question about single documents.
const OFFICE: &str =
    "the authority cannot be asked which documents it has: compare them with its own list";
