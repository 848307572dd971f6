//! What the routes know of the configuration.

use std::path::PathBuf;
use std::time::Duration;

use super::clients::Clients;
use crate::config::{
    BankTerminal, Config, ConfigDigest, Device, EReceiptConfig, FiscalBoxConfig, GoodsTable, Mode,
    Network, Owner,
};
use crate::locked::Locked;

/// What the routes know of the configuration: the shop and its callers. Everything else of the configuration is the agent's own.
#[derive(Debug)]
pub struct ApiSettings {
    /// The digest of the configuration in force.
    pub digest: Locked<ConfigDigest>,
    /// Whether the documents are legal or made for a test.
    pub mode: Mode,
    /// The owner of the till.
    pub owner: Owner,
    /// The fiscal devices.
    pub devices: Vec<Device>,
    /// The bank terminals.
    pub bank_terminals: Vec<BankTerminal>,
    /// The callers that may use the APIs.
    pub clients: Clients,
    /// How long a caller waits for an answer, if the device has no time of its own.
    pub answer_timeout: Duration,
    /// The networks whose callers may use the FiscalBox API, beside this machine.
    pub fiscalbox_networks: Vec<Network>,
    /// The pages on which buyers read their receipts.
    pub ereceipt: EReceiptConfig,
    /// What is set for fiscal modules.
    pub fiscalbox: FiscalBoxConfig,
    /// What a fiscal module is told of goods.
    pub goods: GoodsTable,
    /// Origins of web pages that may call.
    pub allowed_origins: Vec<String>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// Callers on other machines use TLS.
    pub has_tls: bool,
    /// Names under which callers reach the till over TLS, beside the machine's own.
    pub host_names: Vec<String>,
}

impl ApiSettings {
    /// The settings of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            digest: Locked::new(config.digest),
            mode: config.till.mode,
            owner: config.till.owner.clone(),
            devices: config.devices.clone(),
            bank_terminals: config.bank_terminals.clone(),
            clients: Clients::new(config.api.clients.clone()),
            answer_timeout: config.till.answer_timeout,
            fiscalbox_networks: config.api.fiscalbox_networks.clone(),
            ereceipt: config.ereceipt.clone(),
            fiscalbox: config.fiscalbox.clone(),
            goods: config.goods.clone(),
            allowed_origins: config.api.allowed_origins.clone(),
            data_dir: config.till.data_dir.clone(),
            has_tls: config.api.tls.is_some(),
            host_names: config
                .api
                .tls
                .as_ref()
                .map_or_else(Vec::new, |tls| tls.names.clone()),
        }
    }
}
