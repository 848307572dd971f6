//! What the hub has and a backup has not.

use std::fs;
use std::time::Duration;

use anyhow::anyhow;
use ferrotill_core::profile::Profile;
use ferrotill_hub_protocol::{Currency, Missing, Position};
use ferrotill_store::Reader;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::ComparedDevice;
use crate::api::json::JsonValue;
use crate::cli::{CliFailure, Exit};
use crate::config::{Config, HubConfig};
use crate::object;
use crate::outbox::hub::{
    HubConnection, HubIdentity, HubSender, HubSenderParts, HubTurn, IdentityFault, MissingRange,
};

/// What the hub of the configuration has of the till.
pub(super) enum HubSide {
    /// The configuration has no hub.
    None,
    /// The hub could not be asked, and why.
    NotAsked(String),
    /// What the hub has and the backup has not.
    Compared {
        /// The ranges of documents.
        missing: Vec<Missing>,
        /// The last sequence that the hub has.
        last: u64,
    },
}

impl HubSide {
    /// Asks the hub. A restored till must be enrolled again for that, because its key is in no backup.
    pub(super) fn ask(config: &Config, profile: &'static dyn Profile) -> Self {
        let Some(hub) = &config.hub else {
            return Self::None;
        };
        match position(hub, config, profile) {
            Ok(position) => Self::Compared {
                last: position.expected.saturating_sub(1),
                missing: position.missing,
            },
            Err(why) => Self::NotAsked(why),
        }
    }

    /// Leaves out what the backup has too, and adds the highest number of each device to what was compared.
    pub(super) fn add_to(&self, compared: &mut [ComparedDevice]) {
        for device in compared {
            device.hub_number = self
                .missing(std::slice::from_ref(device))
                .filter_map(|range| u32::try_from(range.last?).ok())
                .max()
                .unwrap_or_default();
        }
    }

    /// The ranges that none of these devices has.
    fn missing<'h>(&'h self, compared: &'h [ComparedDevice]) -> impl Iterator<Item = Missing> + 'h {
        let ranges: &[Missing] = match self {
            Self::Compared { missing, .. } => missing,
            _ => &[],
        };
        ranges.iter().filter_map(|range| {
            let device = compared.iter().find(|it| it.device == range.device)?;
            let (first, last) = (range.first?, range.last?);
            let own = u64::from(device.position.number);
            let first = first.max(own.saturating_add(1));
            let documents = last.checked_sub(first)?.saturating_add(1);
            Some(Missing {
                first: Some(first),
                last: Some(last),
                documents: documents.min(range.documents),
                ..range.clone()
            })
        })
    }

    /// Refuses to accept a loss that the hub was not asked about.
    pub(super) fn refuse_if_not_asked(&self) -> Result<(), CliFailure> {
        let Self::NotAsked(why) = self else {
            return Ok(());
        };
        let text = anyhow!(
            "the hub could not be asked what it has: {}; enrol the till again with `ferrotill hub enrol CODE` and repeat the command, or leave the hub out with --without-hub",
            why.replace("; ", ", ")
        );
        Err(CliFailure::new(Exit::Refused, text).named("HubNotCompared"))
    }

    /// What was found, for a person.
    pub(super) fn says(&self, compared: &[ComparedDevice]) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::NotAsked(why) => vec![format!("the hub could not be asked what it has: {why}")],
            Self::Compared { .. } => {
                let mut lines: Vec<String> = self
                    .missing(compared)
                    .map(|range| {
                        format!(
                            "the hub has documents that the backup has not: {} ({})",
                            MissingRange(&range),
                            range.documents
                        )
                    })
                    .collect();
                if lines.is_empty() {
                    lines.push("the hub has no document after the backup".to_owned());
                }
                lines
            }
        }
    }

    pub(super) fn json(&self, compared: &[ComparedDevice]) -> JsonValue {
        let missing = self.missing(compared).map(|range| {
            object! {
                "device_id" => range.device,
                "first" => range.first,
                "last" => range.last,
                "count" => range.documents,
            }
        });
        match self {
            Self::None => JsonValue::Null,
            Self::NotAsked(why) => object! { "compared" => false, "says" => why.clone() },
            Self::Compared { last, .. } => object! {
                "compared" => true,
                "last_sequence" => *last,
                "missing" => JsonValue::Array(missing.collect()),
            },
        }
    }
}

fn position(
    hub: &HubConfig,
    config: &Config,
    profile: &'static dyn Profile,
) -> Result<Position, String> {
    let folder = &config.till.data_dir;
    let identity = HubIdentity::read(folder).map_err(|error| match error {
        IdentityFault::Missing => {
            "the restored till is not enrolled, because its key is in no backup".to_owned()
        }
        error => error.to_string(),
    })?;
    let text = fs::read(&hub.ca_file)
        .map_err(|error| format!("{} cannot be read: {error}", hub.ca_file.display()))?;
    let authority = CertificateDer::from_pem_slice(&text)
        .map_err(|_| format!("{} holds no certificate", hub.ca_file.display()))?
        .into_owned();
    let currency = Currency::new(profile.facts().currency.code());
    let sender = HubSender::new(HubSenderParts {
        reader: Reader::new(folder),
        folder: folder.clone(),
        till: identity.till,
        key: identity.signing_key().map_err(|error| error.to_string())?,
        currency: currency.ok_or("the currency has no code")?,
        profile,
    })
    .map_err(|failure| failure.to_string())?;
    let mut connection = HubConnection::to(&hub.url, &authority, Some(&identity), TIMEOUT);
    sender.position(&mut connection).map_err(|turn| match turn {
        HubTurn::Failed(failure) => failure.to_string(),
        HubTurn::Refused(refusal) => refusal.to_string(),
        _ => "the hub has given no answer".to_owned(),
    })
}

/// The longest wait for the hub.
const TIMEOUT: Duration = Duration::from_secs(20);
