//! What callers of the API may ask of the registrations: a login with a user of their own, a step, and how far a step is.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ferrotill_core::event::RegistrationStep;
use ferrotill_store::{Reader, Registration, RegistrationState, StoreError, StoredAnswer};

use super::asked_checks::AskedChecks;
use super::user::KnownUser;
use super::words;
use crate::authority::finanz_online::answer::Answered;
use crate::authority::finanz_online::session::{LoginAnswer, login, login_answer, logout};
use crate::authority::finanz_online::{Action, call};
use crate::clerk::{ClerkHandle, Message, RegistrationNews};
use crate::config::{FinanzOnlineConfig, FinanzOnlineUser};
use crate::seal::signature::Signatures;

/// Why a login brought no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginFault {
    /// The authority does not answer, or cannot say it now. Nothing was stored.
    #[error("the tax authority does not answer: {0}")]
    Unreachable(String),
    /// The authority refuses the user. Nothing was stored but a digest, so that the same user is not sent again.
    #[error("the tax authority refuses the user: code {}, {}", .0.code, .0.message)]
    Refused(Answered),
    /// The user is accepted, and cannot be stored.
    #[error("the user cannot be stored: {0}")]
    NotStored(String),
    /// Another caller's login has not ended.
    #[error("another login has not ended yet")]
    Busy,
}

/// How often a login looks whether what is registered again is in the journal, and how long it waits between two looks.
const STORED_LOOKS: (u32, Duration) = (1_000, Duration::from_millis(10));

/// What callers may ask for. Every function that talks to the authority blocks its thread.
#[derive(Debug)]
pub struct Registrations {
    config: FinanzOnlineConfig,
    reader: Reader,
    clerk_handle: ClerkHandle,
    signatures: Arc<Signatures>,
    user: Arc<KnownUser>,
    asked_checks: Arc<AskedChecks>,
    is_logging_in: AtomicBool,
}

impl Registrations {
    /// The registrations of a data folder.
    #[must_use]
    pub fn new(
        config: &FinanzOnlineConfig,
        folder: &Path,
        reader: Reader,
        clerk_handle: ClerkHandle,
        signatures: Arc<Signatures>,
    ) -> Self {
        Self {
            user: Arc::new(KnownUser::new(config, folder)),
            config: config.clone(),
            reader,
            clerk_handle,
            signatures,
            asked_checks: Arc::default(),
            is_logging_in: AtomicBool::new(false),
        }
    }

    pub(super) const fn known_user(&self) -> &Arc<KnownUser> {
        &self.user
    }

    pub(super) const fn asked_checks(&self) -> &Arc<AskedChecks> {
        &self.asked_checks
    }

    /// Participant and user that are used; `None` if there is no user yet.
    #[must_use]
    pub fn user(&self) -> Option<(String, String)> {
        let user = self.user.known()?;
        Some((user.participant_id, user.user_id))
    }

    /// The answer with which the authority has refused the user, if it has.
    #[must_use]
    pub fn user_refused(&self) -> Option<Answered> {
        self.user.refusal()
    }

    /// Tries a user, and uses it from now on if the authority accepts it while the caller still waits. A user that was refused is not sent
    /// a second time. Blocks for two calls at most.
    ///
    /// # Errors
    ///
    /// [`LoginFault`].
    pub fn authenticate(
        &self,
        user: FinanzOnlineUser,
        is_waited_for: impl Fn() -> bool,
    ) -> Result<(), LoginFault> {
        if let Some(answered) = self.user.refusal_of(&user) {
            return Err(LoginFault::Refused(answered));
        }
        if self.is_logging_in.swap(true, Ordering::AcqRel) {
            return Err(LoginFault::Busy);
        }
        let accepted = self.log_in(user, is_waited_for);
        self.is_logging_in.store(false, Ordering::Release);
        accepted
    }

    fn log_in(
        &self,
        user: FinanzOnlineUser,
        is_waited_for: impl Fn() -> bool,
    ) -> Result<(), LoginFault> {
        let url = &self.config.url;
        let request = login(&user, &self.config.manufacturer_id);
        let (body, _) = call(url, Action::Login, &request)
            .map_err(|failure| LoginFault::Unreachable(failure.to_string()))?;
        match login_answer(&body).map_err(LoginFault::Unreachable)? {
            LoginAnswer::Session(session) => {
                // A session that is not ended ends by itself.
                let _ = call(url, Action::Logout, &logout(&user, &session));
                if !is_waited_for() {
                    return Err(LoginFault::Unreachable(
                        "its answer came too late".to_owned(),
                    ));
                }
                let before = self.user.replace(Some(user.clone()));
                let is_other = before
                    .as_ref()
                    .is_some_and(|before| before.participant_id != user.participant_id);
                let stored = self.stored(&user, is_other);
                if stored.is_err() {
                    self.user.replace(before);
                }
                self.signatures.registrations_changed();
                stored.map_err(LoginFault::NotStored)
            }
            LoginAnswer::Later(answered) => Err(LoginFault::Unreachable(words(&answered))),
            LoginAnswer::Refused(answered) => {
                self.user.refused(&user, &answered);
                Err(LoginFault::Refused(answered))
            }
        }
    }

    /// Stores the user who is used now. The registrations that another participant needs are in the journal before the user is in the
    /// file: a crash between them leaves the participant who has all of them.
    fn stored(&self, user: &FinanzOnlineUser, is_other: bool) -> Result<(), String> {
        if is_other {
            self.register_again()?;
        }
        self.user.keep(user).map_err(|error| error.to_string())
    }

    /// Another participant knows nothing of what is registered: units, cash boxes and receipts are registered again, in their order. A step
    /// that still waits may have been answered for the participant before, so it becomes due again too. Waits until all is stored.
    fn register_again(&self) -> Result<(), String> {
        let again = self.wanted_again().map_err(|error| error.to_string())?;
        for step in &again {
            self.want(step.step, &step.subject, 0);
        }
        let (looks, pause) = STORED_LOOKS;
        for _ in 0..looks {
            let stored = self
                .reader
                .registrations()
                .map_err(|error| error.to_string())?;
            let is_due_again = |step: &Registration| {
                stored.iter().any(|it| {
                    (it.step, &it.subject) == (step.step, &step.subject)
                        && it.due_seq > step.due_seq
                })
            };
            if again.iter().all(is_due_again) {
                return Ok(());
            }
            std::thread::sleep(pause);
        }
        Err("what is registered again was not written to the journal in time".to_owned())
    }

    /// What another participant needs, in its order.
    fn wanted_again(&self) -> Result<Vec<Registration>, StoreError> {
        let all = self.reader.registrations()?;
        let ended: BTreeSet<&str> = all
            .iter()
            .filter(|step| {
                matches!(
                    step.step,
                    RegistrationStep::CashBoxEnds | RegistrationStep::UnitEnds
                )
            })
            .map(|step| step.subject.as_str())
            .collect();
        let is_needed = |step: &Registration| {
            let of = match step.step {
                RegistrationStep::Unit | RegistrationStep::CashBox => step.subject.as_str(),
                RegistrationStep::Receipt => step
                    .subject
                    .rsplit_once('_')
                    .map_or(step.subject.as_str(), |(of, _)| of),
                _ => return false,
            };
            !ended.contains(of)
        };
        Ok(all.iter().filter(|step| is_needed(step)).cloned().collect())
    }

    /// Has a receipt checked, if it does not wait for its check already, and waits for the answer until the time is over. `None` if there is
    /// no answer yet. The authority is not asked about a receipt again that it has accepted: when its register is out of use, the authority
    /// does not know the register any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub async fn check_receipt(
        &self,
        (subject, row): (&str, i64),
        wait: Duration,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        let step = RegistrationStep::Receipt;
        let _asked = self.asked_checks.ask(subject, &self.signatures);
        let answers = self.reader.registration_answers(step, subject)?.len();
        let known = self.reader.registration(step, subject)?;
        match known.map(|known| known.state) {
            None | Some(RegistrationState::Refused) => self.want(step, subject, row),
            Some(RegistrationState::Waiting) => {}
            Some(RegistrationState::Done) => {
                self.clerk_handle
                    .send(Message::Registration(RegistrationNews::AcceptedAgain {
                        step,
                        subject: subject.to_owned(),
                    }));
            }
        }
        let found = self.answered((step, subject), (answers, wait)).await?;
        let has_news = self.reader.registration_answers(step, subject)?.len() > answers;
        Ok(found.and_then(|found| found.answer).filter(|_| has_news))
    }

    /// Has a step taken, perhaps again. `row` is the journal row with the receipt that is to be checked; 0 for another step, or if the
    /// store knows the row. The step waits in the journal until the authority answers.
    pub fn want(&self, step: RegistrationStep, subject: &str, row: i64) {
        self.clerk_handle
            .send(Message::Registration(RegistrationNews::Wanted {
                step,
                subject: subject.to_owned(),
                row,
            }));
    }

    /// Waits until a step has an answer that is newer than a journal row, or until the time is over. Returns the step as it is then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub async fn answered(
        &self,
        (step, subject): (RegistrationStep, &str),
        (answers_before, wait): (usize, Duration),
    ) -> Result<Option<Registration>, StoreError> {
        let mut news = self.signatures.registrations();
        let mut over = std::pin::pin!(tokio::time::sleep(wait));
        loop {
            news.mark_unchanged();
            let answers = self.reader.registration_answers(step, subject)?.len();
            let found = self.reader.registration(step, subject)?;
            let is_answered = found
                .as_ref()
                .is_some_and(|it| it.state != RegistrationState::Waiting);
            if is_answered && answers > answers_before {
                return Ok(found);
            }
            tokio::select! {
                changed = news.changed() => {
                    if changed.is_err() {
                        return Ok(found);
                    }
                }
                () = &mut over => return Ok(found),
            }
        }
    }
}
