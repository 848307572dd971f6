//! What a start finds missing or unusual although the till can sell: it is logged and listed in `/healthz`.

use std::collections::BTreeSet;

use ferrotill_store::{DeviceIdentity, Store, StoreError, folder_is_private};
use uuid::Uuid;

use crate::config::Config;
use crate::status::JOURNAL_CUT;
use crate::status::problems::{HealthProblem, Problems, Severity};

/// What the data folder knew before the start changed anything in it.
pub(super) struct KnownBefore {
    /// The identities of the devices.
    pub(super) identities: Vec<(Uuid, DeviceIdentity)>,
    /// The devices that have documents.
    pub(super) with_documents: BTreeSet<Uuid>,
}

impl KnownBefore {
    pub(super) fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            identities: store.device_identities()?,
            with_documents: store.devices_with_documents()?.into_iter().collect(),
        })
    }

    /// The devices with documents that the configuration does not have.
    fn departed(&self, config: &Config) -> Vec<Uuid> {
        let is_configured = |id: &Uuid| config.devices.iter().any(|device| device.id == *id);
        let departed = self.with_documents.iter().filter(|id| !is_configured(id));
        departed.copied().collect()
    }

    /// True if the folder has other devices and does not know this one, or if it has no document of this one and has documents of
    /// a device that the configuration does not have.
    fn is_unknown(&self, device: Uuid, config: &Config) -> bool {
        if self.with_documents.contains(&device) {
            return false;
        }
        let is_identified = self.identities.iter().any(|(known, _)| *known == device);
        let has_others = !self.identities.is_empty() || !self.with_documents.is_empty();
        (!is_identified && has_others) || !self.departed(config).is_empty()
    }
}

/// What a start looks at.
pub(super) struct StartCheck<'s> {
    pub(super) config: &'s Config,
    pub(super) known: &'s KnownBefore,
    /// The identities that the devices get.
    pub(super) identities: &'s [DeviceIdentity],
    /// True if the law of the country has documents told to an authority.
    pub(super) has_duties: bool,
    /// How many anchors name a row that the journal does not have.
    pub(super) anchors_set_aside: usize,
}

impl StartCheck<'_> {
    /// Notes what is missing or unusual; `now_ms` is the time of the start, in milliseconds since the epoch.
    pub(super) fn note(&self, problems: &Problems, now_ms: i64) {
        for problem in self.found() {
            problems.raise(HealthProblem {
                since_ms: now_ms,
                ..problem
            });
        }
    }

    fn found(&self) -> Vec<HealthProblem> {
        let whole = [
            self.recipient(),
            self.journal(),
            self.folder(),
            self.registration_number(),
        ];
        let devices = self.config.devices.iter();
        let devices = devices.filter_map(|device| self.device(device.id));
        whole.into_iter().flatten().chain(devices).collect()
    }

    fn recipient(&self) -> Option<HealthProblem> {
        (self.has_duties && self.config.upstream.is_none()).then(|| {
            problem(
                "no_recipient",
                Severity::Warning,
                "no authority is configured, so no document is told to it".to_owned(),
                "add [upstream] with the address of the authority",
            )
        })
    }

    fn journal(&self) -> Option<HealthProblem> {
        (self.anchors_set_aside > 0).then(|| {
            problem(
                JOURNAL_CUT,
                Severity::Degraded,
                "the journal does not have the row that an anchor names: an older copy was put back, or its end was cut".to_owned(),
                "stop selling, run `ferrotill verify`, and compare the last documents with the printer and the authority",
            )
        })
    }

    fn folder(&self) -> Option<HealthProblem> {
        let folder = &self.config.till.data_dir;
        (!folder_is_private(folder)).then(|| {
            problem(
                "folder_not_private",
                Severity::Warning,
                format!(
                    "other users of this machine may read the data folder {}",
                    folder.display()
                ),
                "keep only the till's own files in it, and give it the mode 0700",
            )
        })
    }

    fn registration_number(&self) -> Option<HealthProblem> {
        let number = self.config.till.owner.registration_number.as_ref()?;
        let mut numbers = self
            .identities
            .iter()
            .map(|identity| &identity.fiscal_number);
        (!numbers.any(|used| used == number)).then(|| {
            problem(
                "registration_number_unused",
                Severity::Warning,
                format!("no device has the till.registration_number {number:?}"),
                "write it as registration_number of the [[device]] that it belongs to",
            )
        })
    }

    fn device(&self, device: Uuid) -> Option<HealthProblem> {
        if !self.known.is_unknown(device, self.config) {
            return None;
        }
        let others = of_others(&self.known.departed(self.config));
        Some(HealthProblem {
            device: Some(device),
            ..problem(
                "device_unknown",
                Severity::Warning,
                format!("the data folder has no document of device {device}{others}"),
                "if the id of the device was changed in the configuration, put the old id back: with a new id its numbers begin again from 1; a new device needs nothing",
            )
        })
    }
}

fn problem(id: &'static str, severity: Severity, says: String, fix: &str) -> HealthProblem {
    HealthProblem {
        id,
        device: None,
        severity,
        since_ms: 0,
        says,
        fix: fix.to_owned(),
    }
}

/// The devices that the folder has documents of and the configuration does not have, as the end of a sentence.
fn of_others(departed: &[Uuid]) -> String {
    if departed.is_empty() {
        return String::new();
    }
    let ids: Vec<String> = departed.iter().map(Uuid::to_string).collect();
    format!(
        ", and has documents of {}, which the configuration does not have",
        ids.join(" and ")
    )
}
