//! The user of the web services: from the configuration, or given by a caller of the API and kept in a file with mode 0600.
//!
//! A user that was refused is remembered with a digest of what was sent, beside the file, so that a restart does not send a wrong PIN again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::authority::finanz_online::answer::Answered;
use crate::config::{FinanzOnlineConfig, FinanzOnlineUser, Secret};
use crate::locked::Locked;
use crate::secret_file::write_secret;

/// The file of a user that a caller has given: its three values, and a digest of the user that the configuration named at that time.
const USER_FILE: &str = "finanzonline.user";
/// The file with the digest, the code and the text of each refused user: three lines for each.
const REFUSED_FILE: &str = "finanzonline.refused";

/// The user, and whether it was refused.
#[derive(Debug)]
pub(super) struct KnownUser {
    folder: PathBuf,
    manufacturer_id: String,
    /// The user of the configuration.
    configured: Option<FinanzOnlineUser>,
    state: Locked<UserState>,
}

#[derive(Debug)]
struct UserState {
    user: Option<FinanzOnlineUser>,
    /// The users that were refused, the newest last.
    refused: Vec<Refused>,
}

/// The newest refused users are remembered: that of the configuration, and those of callers.
const REFUSED_MAX: usize = 20;

#[derive(Clone, Debug)]
struct Refused {
    digest: String,
    answered: Answered,
}

impl KnownUser {
    /// The user that a caller has given, or the one of the configuration. If the configuration names another user than it did when the
    /// caller gave one, its user counts.
    pub(super) fn new(config: &FinanzOnlineConfig, folder: &Path) -> Self {
        let digest = digest_of(config.user.as_ref(), &config.manufacturer_id);
        let given = stored_user(folder).filter(|(_, given_instead_of)| *given_instead_of == digest);
        let user = given.map(|(user, _)| user).or_else(|| config.user.clone());
        Self {
            folder: folder.to_owned(),
            manufacturer_id: config.manufacturer_id.clone(),
            configured: config.user.clone(),
            state: Locked::new(UserState {
                user,
                refused: stored_refusals(folder),
            }),
        }
    }

    /// The user; `None` if there is none yet.
    pub(super) fn known(&self) -> Option<FinanzOnlineUser> {
        self.state.lock().user.clone()
    }

    /// The user, if it was not refused.
    pub(super) fn usable(&self) -> Option<FinanzOnlineUser> {
        let state = self.state.lock();
        let user = state.user.clone()?;
        let digest = self.digest(&user);
        let is_refused = state.refused.iter().any(|it| it.digest == digest);
        (!is_refused).then_some(user)
    }

    /// The answer with which the user was refused.
    pub(super) fn refusal(&self) -> Option<Answered> {
        self.refusal_of(&self.known()?)
    }

    /// The answer with which a user was refused last.
    pub(super) fn refusal_of(&self, user: &FinanzOnlineUser) -> Option<Answered> {
        let digest = self.digest(user);
        let state = self.state.lock();
        let refused = state.refused.iter().find(|it| it.digest == digest);
        refused.map(|refused| refused.answered.clone())
    }

    /// The user was refused. It is not used again before something of it changes.
    pub(super) fn refused(&self, user: &FinanzOnlineUser, answered: &Answered) {
        let refused = Refused {
            digest: self.digest(user),
            answered: answered.clone(),
        };
        let mut state = self.state.lock();
        state.refused.retain(|it| it.digest != refused.digest);
        state.refused.push(refused);
        let too_many = state.refused.len().saturating_sub(REFUSED_MAX);
        state.refused.drain(..too_many);
        let lines = state.refused.iter().map(|refused| {
            let message = refused.answered.message.replace(['\n', '\r'], " ");
            format!("{}\n{}\n{message}\n", refused.digest, refused.answered.code)
        });
        let text: String = lines.collect();
        if let Err(error) = write_secret(&self.folder.join(REFUSED_FILE), text.as_bytes()) {
            tracing::error!("that the user is refused cannot be remembered: {error}");
        }
    }

    /// Another user is used from now on, and until a restart. Returns the user before.
    pub(super) fn replace(&self, user: Option<FinanzOnlineUser>) -> Option<FinanzOnlineUser> {
        std::mem::replace(&mut self.state.lock().user, user)
    }

    /// Keeps a user whom a caller has given beyond a restart.
    pub(super) fn keep(&self, user: &FinanzOnlineUser) -> io::Result<()> {
        let digest = digest_of(self.configured.as_ref(), &self.manufacturer_id);
        write_user(&self.folder, user, &digest)
    }

    fn digest(&self, user: &FinanzOnlineUser) -> String {
        digest_of(Some(user), &self.manufacturer_id)
    }
}

/// Keeps a user that a caller gives while the configuration names no web services: it is used when it names them.
///
/// # Errors
///
/// The file cannot be written.
pub fn keep_user(folder: &Path, user: &FinanzOnlineUser) -> io::Result<()> {
    write_user(folder, user, "")
}

fn write_user(folder: &Path, user: &FinanzOnlineUser, instead_of: &str) -> io::Result<()> {
    let text = Zeroizing::new(format!(
        "{}\n{}\n{}\n{instead_of}\n",
        user.participant_id,
        user.user_id,
        user.pin.as_text()
    ));
    write_secret(&folder.join(USER_FILE), text.as_bytes())
}

/// The digest of a user; empty without a user.
fn digest_of(user: Option<&FinanzOnlineUser>, manufacturer_id: &str) -> String {
    let Some(user) = user else {
        return String::new();
    };
    let mut digest = Sha256::new();
    let texts = [
        user.participant_id.as_str(),
        &user.user_id,
        user.pin.as_text(),
        manufacturer_id,
    ];
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    let digest: [u8; 32] = digest.finalize().into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The user in the file, and the digest of the user that the configuration named when it was written.
fn stored_user(folder: &Path) -> Option<(FinanzOnlineUser, String)> {
    let text = Zeroizing::new(fs::read_to_string(folder.join(USER_FILE)).ok()?);
    let mut lines = text.lines();
    let (participant, user, pin) = (lines.next()?, lines.next()?, lines.next()?);
    let user = FinanzOnlineUser {
        participant_id: participant.to_owned(),
        user_id: user.to_owned(),
        pin: Secret::new(pin.to_owned()),
    };
    Some((user, lines.next().unwrap_or_default().to_owned()))
}

fn stored_refusals(folder: &Path) -> Vec<Refused> {
    let text = fs::read_to_string(folder.join(REFUSED_FILE)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let refused = lines.chunks(3).filter_map(|lines| {
        Some(Refused {
            digest: (*lines.first()?).to_owned(),
            answered: Answered {
                code: (*lines.get(1)?).to_owned(),
                message: lines.get(2).copied().unwrap_or_default().to_owned(),
            },
        })
    });
    refused.collect()
}
