//! What a start finds missing or unusual although the till can sell: it is logged and listed in `/healthz`.

use std::collections::BTreeSet;

use ferrotill_store::{DeviceIdentity, Store, StoreError};
use uuid::Uuid;

use crate::config::Config;
use crate::status::problems::{HealthProblem, ProblemKind, Problems};

/// What the data folder knew before the start changed anything in it.
pub(super) struct KnownBefore {
    /// The identities of the devices.
    pub(super) identities: Vec<(Uuid, DeviceIdentity)>,
    /// The devices that have documents.
    pub(super) with_documents: BTreeSet<Uuid>,
    /// The devices of the last configuration in which no id may have been changed.
    configured: BTreeSet<Uuid>,
}

impl KnownBefore {
    pub(super) fn read(store: &Store) -> Result<Self, StoreError> {
        let identities = store.device_identities()?;
        let with_documents: BTreeSet<Uuid> = store.devices()?.into_iter().collect();
        let mut configured: BTreeSet<Uuid> = store.configured_devices()?.into_iter().collect();
        if configured.is_empty() {
            // An older program has not stored them. Any device that it knew may have been configured.
            configured.extend(identities.iter().map(|(device, _)| *device));
            configured.extend(&with_documents);
        }
        Ok(Self {
            identities,
            with_documents,
            configured,
        })
    }

    /// The devices with documents that the last configuration had and this one does not have.
    fn departed(&self, config: &Config) -> Vec<Uuid> {
        let is_configured = |id: &Uuid| config.devices.iter().any(|device| device.id == *id);
        let departed = self.with_documents.intersection(&self.configured);
        departed.filter(|id| !is_configured(id)).copied().collect()
    }

    /// The devices that may be devices of the last configuration under another id: they are new and have no document, and another
    /// device with documents has left the configuration. A device that is added beside the others is none of them.
    pub(super) fn renamed(&self, config: &Config) -> Vec<Uuid> {
        if self.departed(config).is_empty() {
            return Vec::new();
        }
        let is_new = |id: &Uuid| !self.with_documents.contains(id) && !self.configured.contains(id);
        let devices = config.devices.iter().map(|device| device.id);
        devices.filter(is_new).collect()
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
        let whole = [self.recipient(), self.journal(), self.registration_number()];
        let renamed = self.known.renamed(self.config).into_iter();
        let devices = renamed.map(|device| self.renamed(device));
        whole.into_iter().flatten().chain(devices).collect()
    }

    fn recipient(&self) -> Option<HealthProblem> {
        (self.has_duties && self.config.upstream.is_none()).then(|| {
            problem(
                ProblemKind::NO_RECIPIENT,
                "no authority is configured, so no document is sent to it".to_owned(),
                "add [upstream] with the address of the authority",
            )
        })
    }

    fn journal(&self) -> Option<HealthProblem> {
        (self.anchors_set_aside > 0).then(|| {
            problem(
                ProblemKind::JOURNAL_CUT,
                "the journal does not have the row that an anchor names: an older copy was put back, or its end was cut".to_owned(),
                "stop selling, run `ferrotill verify`, and compare the last documents with the printer and the authority",
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
                ProblemKind::REGISTRATION_NUMBER_UNUSED,
                format!("no device has the till.registration_number {number:?}"),
                "write it as registration_number of the [[device]] that it belongs to",
            )
        })
    }

    fn renamed(&self, device: Uuid) -> HealthProblem {
        let others = of_others(&self.known.departed(self.config));
        HealthProblem {
            device: Some(device),
            ..problem(
                ProblemKind::DEVICE_UNKNOWN,
                format!("the data folder has no document of device {device}{others}"),
                "if the id of the device was changed in the configuration, put the old id back: with a new id its numbers begin again from 1; a new device needs nothing",
            )
        }
    }
}

fn problem(kind: ProblemKind, says: String, fix: &str) -> HealthProblem {
    HealthProblem {
        kind,
        device: None,
        since_ms: 0,
        says,
        fix: fix.to_owned(),
    }
}

/// The devices that the folder has documents of and the configuration does not have, as the end of a sentence.
fn of_others(departed: &[Uuid]) -> String {
    let ids: Vec<String> = departed.iter().map(Uuid::to_string).collect();
    format!(
        ", and has documents of {}, which the configuration does not have any more",
        ids.join(" and ")
    )
}
