//! What recipients are told of a document, made once, when the document is sealed.

use std::fmt;
use std::sync::Arc;

use ferrotill_core::Currency;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{Duty, Recipient};
use ferrotill_core::profile::Profile;
use ferrotill_store::{Freeze, FrozenRequest, SealedDocument};
use uuid::Uuid;

use super::{Authority, DeviceForm, EncodeError, by_country, reported_document};
use crate::config::{Config, OnlineEcrConfig};
use crate::status::{LiveStatus, UnsendableDocument};

/// Makes the requests in which recipients are told of a document. The store calls it in the transaction that seals the document.
pub struct DutyForms {
    profile: &'static dyn Profile,
    /// The form of each recipient that this build can tell.
    forms: Vec<(Recipient, Box<dyn Authority>)>,
    currency: Currency,
    /// What the configuration says of each device.
    devices: Vec<(Uuid, DeviceForm)>,
    /// Where documents that cannot be told are noted.
    live_status: Option<Arc<LiveStatus>>,
}

impl DutyForms {
    /// The forms of a till. A till without the section `[upstream]` uses the form's defaults, so that its documents can be sent
    /// once it has an authority.
    #[must_use]
    pub fn of(config: &Config, profile: &'static dyn Profile) -> Self {
        let upstream = config.upstream.as_ref();
        let form = upstream.map(|upstream| upstream.online_ecr.clone());
        let devices = config.devices.iter().map(|device| {
            let form = DeviceForm {
                unit: device.unit.clone(),
                location: device.location.clone(),
            };
            (device.id, form)
        });
        Self {
            devices: devices.collect(),
            ..Self::new(profile, &form.unwrap_or_default())
        }
    }

    /// The forms of a country.
    #[must_use]
    pub fn new(profile: &'static dyn Profile, form: &OnlineEcrConfig) -> Self {
        let authority = by_country(profile.facts().code, form);
        let forms = authority.map(|authority| (Recipient::AUTHORITY, authority));
        Self {
            profile,
            forms: forms.into_iter().collect(),
            currency: profile.facts().currency,
            devices: Vec::new(),
            live_status: None,
        }
    }

    /// Also notes documents that cannot be told as problems of the till.
    #[must_use]
    pub fn noted_in(self, live_status: Arc<LiveStatus>) -> Self {
        Self {
            live_status: Some(live_status),
            ..self
        }
    }

    /// Tells one more recipient in this form. The profile decides which documents the recipient is told of.
    #[must_use]
    pub fn with(mut self, recipient: Recipient, form: Box<dyn Authority>) -> Self {
        self.forms.push((recipient, form));
        self
    }

    fn encode(
        &self,
        form: &dyn Authority,
        document: &SealedDocument<'_>,
    ) -> Result<FrozenRequest, EncodeError> {
        let mut devices = self.devices.iter();
        let device = devices.find(|(device, _)| *device == document.device);
        let unknown = DeviceForm::default();
        let device = device.map_or(&unknown, |(_, form)| form);
        let reported = reported_document(document, self.currency, device);
        let encoded = form.encode(&reported.ok_or(EncodeError::NoFigures)?)?;
        Ok(FrozenRequest {
            content_type: encoded.content_type,
            body: encoded.body,
        })
    }
}

impl Freeze for DutyForms {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        self.profile.duties(kind)
    }

    fn freeze(&self, duty: Duty, document: &SealedDocument<'_>) -> Result<FrozenRequest, String> {
        let form = self
            .forms
            .iter()
            .find(|(recipient, _)| *recipient == duty.recipient);
        let frozen = match form {
            Some((_, form)) => self
                .encode(&**form, document)
                .map_err(|error| error.to_string()),
            None => Err(format!(
                "this build has no form for the recipient {}",
                duty.recipient
            )),
        };
        frozen.inspect_err(|reason| {
            let Some(live_status) = &self.live_status else {
                return;
            };
            live_status.unsendable(UnsendableDocument {
                device: document.device,
                number: document.sealed.number,
                id: Uuid::from_bytes(document.reserved.id.0),
                recipient: duty.recipient.name(),
                reason: reason.clone(),
            });
        })
    }
}

impl fmt::Debug for DutyForms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipients = self.forms.iter().map(|(recipient, _)| recipient.name());
        f.debug_list().entries(recipients).finish()
    }
}
