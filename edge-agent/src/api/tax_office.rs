//! What an API asks of the tax office while its caller waits: a login, and the check of a receipt.

use std::sync::Arc;
use std::time::Duration;

use ferrotill_store::{StoreError, StoredAnswer};
use tokio::sync::oneshot;

use super::service::Service;
use crate::authority::finanz_online::answer::Answered;
use crate::config::{FinanzOnlineUser, Mode};
use crate::outbox::registrations::{LoginFault, keep_user};

/// Callers give up after ten seconds.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Why a login brings nothing. Nothing was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TaxOfficeFault {
    /// The tax office has not answered in time.
    NoAnswer,
    /// The tax office refuses the user.
    Refused(Answered),
    /// The configuration of a LIVE till names no tax office.
    NotConfigured,
    /// Another login has not ended, or the system has no thread.
    Busy(String),
    /// The user cannot be stored.
    NotStored(String),
}

impl Service {
    /// How long a caller waits for the tax office.
    fn tax_office_wait(&self) -> Duration {
        self.settings.answer_timeout.min(WAIT_MAX)
    }

    /// Tries a user at the tax office, and uses it from now on.
    pub(super) async fn log_in_at_tax_office(
        &self,
        user: FinanzOnlineUser,
    ) -> Result<(), TaxOfficeFault> {
        let Some(registrations) = &self.registrations else {
            // Without web services in its configuration a TEST till registers nothing and takes every user.
            return match self.settings.mode {
                Mode::Test => keep_user(&self.settings.data_dir, &user)
                    .map_err(|error| TaxOfficeFault::NotStored(error.to_string())),
                Mode::Live => Err(TaxOfficeFault::NotConfigured),
            };
        };
        let (tell, told) = oneshot::channel();
        let registrations = Arc::clone(registrations);
        let work = move || {
            let outcome = registrations.authenticate(user, || !tell.is_closed());
            // A caller that is gone sends the same request again.
            let _ = tell.send(outcome);
        };
        let thread = std::thread::Builder::new().name("finanzonline login".to_owned());
        thread.spawn(work).map_err(|error| {
            TaxOfficeFault::Busy(format!("the system starts no thread: {error}"))
        })?;
        let deadline = self.deadline(self.tax_office_wait());
        match self.within(deadline, told).await {
            Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(LoginFault::Refused(answered)))) => Err(TaxOfficeFault::Refused(answered)),
            Some(Ok(Err(LoginFault::NotStored(why)))) => Err(TaxOfficeFault::NotStored(why)),
            Some(Ok(Err(fault @ LoginFault::Busy))) => Err(TaxOfficeFault::Busy(fault.to_string())),
            Some(Ok(Err(LoginFault::Unreachable(_))) | Err(_)) | None => {
                Err(TaxOfficeFault::NoAnswer)
            }
        }
    }

    /// The answer with which the tax office has refused the user, if it has.
    pub(super) fn tax_office_refusal(&self) -> Option<Answered> {
        self.registrations.as_ref()?.user_refused()
    }

    /// Participant and user that the configuration or an earlier caller has given.
    pub(super) fn tax_office_user(&self) -> Option<(String, String)> {
        self.registrations.as_ref()?.user()
    }

    /// Whether the form of a user's values is checked, because they are sent.
    pub(super) const fn asks_tax_office(&self) -> bool {
        self.registrations.is_some()
    }

    /// Has the tax office check the receipt of a journal row, and waits for its answer. `None` if there is no answer yet.
    pub(super) async fn check_receipt(
        &self,
        about: (&str, i64),
    ) -> Result<Option<StoredAnswer>, StoreError> {
        match &self.registrations {
            Some(registrations) => {
                registrations
                    .check_receipt(about, self.tax_office_wait())
                    .await
            }
            None => Ok(None),
        }
    }
}
