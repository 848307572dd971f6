//! The configuration. It is read once and strictly, and the rest of the program need not check its values again.
//!
//! If a value is written in several places, the first of these counts:
//! a flag, a `FERROTILL_*` environment variable, the last file of `conf.d/*.toml` that has the value, the configuration file,
//! the default.
//! Relative paths in a file start from the folder of that file.
//!
//! [`schema`] is the one table of keys. [`Config`] has one struct for each part of the program; a part gets its own struct.
//!
//! **A TEST till cannot reach a LIVE authority.** `[upstream] environment` says which mode the authority's server is meant for.
//! If the key is not written, it has the till's own mode; a TEST till must write it for an address beyond this machine. A
//! configuration in which both modes differ is refused.

use std::ffi::OsString;
use std::path::Path;

use ferrotill_core::budget::Budget;

pub mod adopt;
mod api;
mod audit;
mod bank_terminal;
mod caller_tls;
mod device;
mod digest;
mod edit;
mod edit_key;
mod ereceipt;
mod fault;
mod finanz_online;
mod fiscalbox;
mod goods;
mod hub;
mod key;
mod layers;
mod mail;
mod masked;
mod network;
mod offline;
mod online_ecr;
mod payment_letter;

pub mod pages;
mod paper_look;
mod publishing;
mod reader;
pub mod register;
pub mod schema;
mod signature;
mod taxes;
#[cfg(test)]
mod tests;
mod till;
mod tree;
mod ui;
mod upstream;
mod values;
mod written;

pub use api::{Api, Client, Permission};
pub use audit::AuditConfig;
pub use bank_terminal::BankTerminal;
pub use caller_tls::{CallerCertificate, CallerTlsConfig};
pub use device::{Device, Location, NO_PRINTER, PaymentTypeConfig, PointOfSale, RangeConfig};
pub use digest::ConfigDigest;
pub use edit::with_text_at;
pub use edit_key::{KeyPath, NotSet, WrongPosition, toml_value, with_key};
pub use ereceipt::EReceiptConfig;
pub use fault::{ConfigError, ConfigFault, SourcePlace};
pub use finanz_online::{FinanzOnlineConfig, FinanzOnlineUser};
pub use fiscalbox::{BillingConfig, FiscalBoxConfig};
pub use goods::GoodsTable;
pub use hub::{HubConfig, default_ca_file};
pub use key::{
    KeyRow, Preset, SampleLine, SectionForm, SectionRow, SectionSample, ShownValue, ValueKind,
    environment_name, without_password,
};
pub use layers::{ChangedFile, Overrides};
pub use mail::{MailConfig, SmsConfig};
pub use masked::without_secrets;
pub use network::Network;
pub use online_ecr::{OnlineEcrConfig, SignatureConfig};
pub use paper_look::{DATE_MARK, NUMBER_MARK, PaperLook, REGISTRATION_MARK, TOTAL_MARK};
pub use publishing::{BucketConfig, ReceiptServiceConfig};
pub use reader::KeyInForce;
pub use signature::{HttpUnitConfig, Pkcs11UnitConfig, SignatureUnitConfig, SignatureUnitKind};
pub use taxes::TaxGroupConfig;
pub use till::{Owner, TillConfig};
pub use ui::UiConfig;
pub use upstream::{Trust, Upstream};
pub use values::{Mode, Secret};
pub use written::{ChangedKey, WrittenKeys};

use reader::{Reader, sorted};
use tree::TomlNode;
use values::MODES;

/// The whole configuration in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The section `[till]`: the till as a whole.
    pub till: TillConfig,
    /// The section `[api]`: the HTTP API.
    pub api: Api,
    /// The fiscal devices, at least one.
    pub devices: Vec<Device>,
    /// The signature units, in the order of their use.
    pub signature_units: Vec<SignatureUnitConfig>,
    /// The web services with which units and cash boxes are registered.
    pub finanz_online: Option<FinanzOnlineConfig>,
    /// What is set for fiscal modules.
    pub fiscalbox: FiscalBoxConfig,
    /// What a fiscal module receives about goods.
    pub goods: GoodsTable,
    /// The bank terminals.
    pub bank_terminals: Vec<BankTerminal>,
    /// The authority. If there is none, documents wait in the till.
    pub upstream: Option<Upstream>,
    /// The owner's own limits for selling while the authority is offline.
    pub offline: Option<Budget>,
    /// The mail server for receipts.
    pub mail: Option<MailConfig>,
    /// The gateway for receipts to telephones.
    pub sms: Option<SmsConfig>,
    /// The section `[ereceipt]`: the pages on which buyers read their receipts.
    pub ereceipt: EReceiptConfig,
    /// The hub of a head office.
    pub hub: Option<HubConfig>,
    /// The dashboard.
    pub ui: UiConfig,
    /// The digest of every key with its value, without secrets.
    pub digest: ConfigDigest,
    /// The daily audit.
    pub audit: AuditConfig,
    /// Warnings: what a person should correct although the program can run with it.
    pub warnings: Vec<ConfigFault>,
    places: Places,
}

/// The places of the values that only other parts of the program can check.
#[derive(Clone, Debug)]
struct Places {
    country: SourcePlace,
    mode: SourcePlace,
    device_uris: Vec<SourcePlace>,
    goods: SourcePlace,
    apis: Vec<api::WrittenApi>,
}

/// A configuration, and the list of all keys with their values.
#[derive(Debug)]
pub struct ExplainedConfig {
    /// The configuration.
    pub config: Config,
    /// Every key that was read. The keys of each table have the order of the table of keys.
    pub keys: Vec<KeyInForce>,
}

impl Config {
    /// Reads the file, `conf.d` beside it, and the environment of this process.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        Self::load_with(path, overrides, std::env::vars_os())
    }

    /// [`Config::load`] with an environment that the caller gives instead of this process's own.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn load_with(
        path: &Path,
        overrides: &Overrides,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        Ok(Self::explain(path, overrides, environment)?.config)
    }

    /// [`Config::load_with`], with the value and the origin of every key in force.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn explain(
        path: &Path,
        overrides: &Overrides,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<ExplainedConfig, ConfigError> {
        Self::explain_changed(path, None, overrides, environment)
    }

    /// [`Config::explain`], as it would be with another text in one of the files.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn explain_changed(
        path: &Path,
        changed: Option<ChangedFile<'_>>,
        overrides: &Overrides,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<ExplainedConfig, ConfigError> {
        let mut reader = Reader::default();
        let mut tree = layers::files(path, changed, &mut reader)?;
        layers::environment(&mut tree, environment, &mut reader);
        layers::flags(&mut tree, overrides);
        read(&tree, reader)
    }

    /// Reads one text alone, without `conf.d`, environment and flags. The demo and tests use this function.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place in `file_name`.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, ConfigError> {
        let tree =
            tree::read_file(text, Path::new(file_name)).map_err(|fault| ConfigError::Faulty {
                faults: vec![*fault],
            })?;
        Ok(read(&tree, Reader::default())?.config)
    }

    /// Lets the caller check every device's uri, which only the device crate can read.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of each uri that was refused and the reason.
    pub fn check_device_uris(
        &self,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        let places = self.places.device_uris.iter();
        for (index, (device, place)) in self.devices.iter().zip(places).enumerate() {
            if let Err(reason) = check(&device.uri) {
                reader.fault(
                    place,
                    format!("device[{index}].uri"),
                    format!("is {:?}: {reason}", key::without_password(&device.uri)),
                    "write family+transport, such as datecs+serial:///dev/ttyUSB0?baud=115200",
                );
            }
        }
        reader.finish()
    }

    /// Compares the names of compatible APIs with those that exist, which only the APIs themselves know.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of each name of an API that this build does not have.
    pub fn check_apis(&self, known: &[&str]) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        for api in &self.places.apis {
            if !known.contains(&api.name.as_str()) {
                reader.fault(
                    &api.place,
                    api.path.clone(),
                    format!("is {:?}, an API that this build does not have", api.name),
                    format!("this build has {}", key::quoted(known, "and")),
                );
            }
        }
        reader.finish()
    }

    /// Refuses a LIVE till that has documents to tell and no authority to tell them to. `has_duties` says whether the law of the
    /// country has documents told to an authority.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of the mode.
    pub fn check_recipient(&self, has_duties: bool) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        if has_duties && self.till.mode == Mode::Live && self.upstream.is_none() {
            reader.fault(
                &self.places.mode,
                "upstream".to_owned(),
                "is missing, and the till is LIVE: the law has its documents told to the authority",
                "add [upstream] with the address of the authority",
            );
        }
        reader.finish()
    }

    /// Compares the signature units with what the law of the country asks for. `needed` says whether it has receipts signed.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of the country.
    pub fn check_signature_units(&self, needed: bool) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        let place = &self.places.country;
        let path = "signature_unit".to_owned();
        match (needed, self.signature_units.is_empty()) {
            (true, true) => reader.fault(
                place,
                path,
                "is missing, and the law of the country has receipts signed",
                "add [[signature_unit]] with kind = \"software\", id, suite and key_file",
            ),
            (false, _) if self.finanz_online.is_some() => reader.fault(
                place,
                "finanzonline".to_owned(),
                "is written, and the law of the country has no receipts signed",
                "remove it, or correct till.country",
            ),
            (false, false) => reader.fault(
                place,
                path,
                "is written, and the law of the country has no receipts signed",
                "remove it, or correct till.country",
            ),
            _ => {}
        }
        reader.finish()
    }

    /// Refuses goods where no fiscal module receives them. `needed` says whether the law of the country asks for a fiscal module.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of the goods.
    pub fn check_goods(&self, needed: bool) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        if !needed && !self.goods.is_empty() {
            reader.fault(
                &self.places.goods,
                goods::SECTION.to_owned(),
                "is written, and the law of the country asks for no fiscal module",
                "remove it, or correct till.country",
            );
        }
        reader.finish()
    }

    /// Lets the caller check the country, which only the profiles of the core know.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of the country and the reason.
    pub fn check_country(
        &self,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        if let Err(reason) = check(&self.till.country) {
            reader.fault(
                &self.places.country,
                "till.country".to_owned(),
                format!("is {:?}", self.till.country),
                reason,
            );
        }
        reader.finish()
    }
}

fn read(tree: &TomlNode, mut reader: Reader) -> Result<ExplainedConfig, ConfigError> {
    let earlier = reader.faults.len();
    let config = root(&mut reader, tree, Mode::Live);
    if reader.faults.iter().any(|fault| fault.key == "till.mode") {
        // The mode is not known: a rule that only a LIVE till has may not be broken.
        let mut of_test = Reader::default();
        root(&mut of_test, tree, Mode::Test);
        let of_live = reader.faults.split_off(earlier);
        let certain = of_live.into_iter();
        let certain = certain.filter(|fault| of_test.faults.contains(fault));
        reader.faults.extend(certain);
    }
    let warnings = std::mem::take(&mut reader.warnings);
    let keys = sorted(std::mem::take(&mut reader.in_force));
    reader.finish()?;
    match config {
        Some(config) => Ok(ExplainedConfig {
            config: Config {
                warnings,
                digest: ConfigDigest::of(&keys),
                ..config
            },
            keys,
        }),
        // A reading without faults has read every section, so this case would be a mistake in the program.
        None => Err(ConfigError::Faulty { faults: Vec::new() }),
    }
}

/// Reads the whole tree. The result is `None` only if a fault was reported. While the mode is not known, the rules of `supposed` apply.
fn root(reader: &mut Reader, tree: &TomlNode, supposed: Mode) -> Option<Config> {
    let root = reader.root(tree)?;
    let till_section = reader.child(&root, "till");
    let mode = reader
        .choice(&till_section, "mode", MODES)
        .unwrap_or(supposed);
    let till = till::till(reader, &till_section, mode);
    let api_section = reader.child(&root, "api");
    let mut apis = Vec::new();
    let api = api::api(reader, &api_section, mode, &mut apis);
    let (devices, device_uris) = device::devices(reader, &root, mode, till.answer_timeout);
    let signature_units = signature::signature_units(reader, &root, mode);
    let finanz_online = finanz_online::finanz_online(reader, &root, mode);
    let fiscalbox = fiscalbox::fiscalbox(reader, &root, mode);
    let goods = goods::goods(reader, &root, api.serve.as_deref());
    let bank_terminals = bank_terminal::bank_terminals(reader, &root, mode);
    let upstream = upstream::upstream(reader, &root, mode);
    let offline = offline::budget(reader, &root);
    let mail = mail::mail(reader, &root, mode);
    let sms = mail::sms(reader, &root, mode);
    let ereceipt = ereceipt::ereceipt(reader, &root, mode);
    let hub = hub::hub(reader, &root, &till.data_dir);
    let ui = ui::ui(reader, &root, &till.data_dir);
    let audit = audit::audit(reader, &root);
    Some(Config {
        places: Places {
            country: till_section.place_of("country"),
            mode: till_section.place_of("mode"),
            device_uris,
            goods: root.place_of(goods::SECTION),
            apis,
        },
        till,
        api,
        devices,
        signature_units,
        finanz_online,
        fiscalbox,
        goods,
        bank_terminals,
        upstream,
        offline,
        mail,
        sms,
        ereceipt,
        hub,
        ui,
        digest: ConfigDigest::default(),
        audit,
        warnings: Vec::new(),
    })
}
