//! The user of the web services: from the configuration, or given by a caller of the API and kept in a file with mode 0600.
//!
//! A user that was refused is remembered with a digest of what was sent, beside the file, so that a restart does not send a wrong PIN again.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::authority::finanz_online::answer::Answered;
use crate::config::{FinanzOnlineConfig, FinanzOnlineUser, Secret};
use crate::locked::Locked;

/// The file of a user that a caller has given: three lines.
const USER_FILE: &str = "finanzonline.user";
/// The file with the digest, the code and the text of a refused user.
const REFUSED_FILE: &str = "finanzonline.refused";

/// The user, and whether it was refused.
#[derive(Debug)]
pub(super) struct KnownUser {
    folder: PathBuf,
    manufacturer_id: String,
    state: Locked<UserState>,
}

#[derive(Debug)]
struct UserState {
    user: Option<FinanzOnlineUser>,
    refused: Option<Refused>,
}

#[derive(Clone, Debug)]
struct Refused {
    digest: String,
    answered: Answered,
}

impl KnownUser {
    /// The user of the configuration, or the one that a caller has given before.
    pub(super) fn new(config: &FinanzOnlineConfig, folder: &Path) -> Self {
        let user = config.user.clone().or_else(|| stored_user(folder));
        Self {
            folder: folder.to_owned(),
            manufacturer_id: config.manufacturer_id.clone(),
            state: Locked::new(UserState {
                user,
                refused: stored_refusal(folder),
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
        let is_refused = state.refused.as_ref().is_some_and(|it| it.digest == digest);
        (!is_refused).then_some(user)
    }

    /// The answer with which the user was refused.
    pub(super) fn refusal(&self) -> Option<Answered> {
        let state = self.state.lock();
        let digest = self.digest(state.user.as_ref()?);
        let refused = state.refused.as_ref().filter(|it| it.digest == digest);
        refused.map(|refused| refused.answered.clone())
    }

    /// The user was refused. It is not used again before something of it changes.
    pub(super) fn refused(&self, user: &FinanzOnlineUser, answered: &Answered) {
        let refused = Refused {
            digest: self.digest(user),
            answered: answered.clone(),
        };
        let message = refused.answered.message.replace(['\n', '\r'], " ");
        let text = format!("{}\n{}\n{message}\n", refused.digest, refused.answered.code);
        if let Err(error) = write_private(&self.folder.join(REFUSED_FILE), text.as_bytes()) {
            tracing::error!("that the user is refused cannot be remembered: {error}");
        }
        self.state.lock().refused = Some(refused);
    }

    /// A caller has given a user whom the authority accepts.
    pub(super) fn accepted(&self, user: FinanzOnlineUser) -> io::Result<()> {
        let text = Zeroizing::new(format!(
            "{}\n{}\n{}\n",
            user.participant_id,
            user.user_id,
            user.pin.as_text()
        ));
        write_private(&self.folder.join(USER_FILE), text.as_bytes())?;
        self.state.lock().user = Some(user);
        Ok(())
    }

    fn digest(&self, user: &FinanzOnlineUser) -> String {
        let mut digest = Sha256::new();
        let texts = [
            user.participant_id.as_str(),
            &user.user_id,
            user.pin.as_text(),
            &self.manufacturer_id,
        ];
        for text in texts {
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let digest: [u8; 32] = digest.finalize().into();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn stored_user(folder: &Path) -> Option<FinanzOnlineUser> {
    let text = Zeroizing::new(fs::read_to_string(folder.join(USER_FILE)).ok()?);
    let mut lines = text.lines();
    let (participant, user, pin) = (lines.next()?, lines.next()?, lines.next()?);
    Some(FinanzOnlineUser {
        participant_id: participant.to_owned(),
        user_id: user.to_owned(),
        pin: Secret::new(pin.to_owned()),
    })
}

fn stored_refusal(folder: &Path) -> Option<Refused> {
    let text = fs::read_to_string(folder.join(REFUSED_FILE)).ok()?;
    let mut lines = text.lines();
    Some(Refused {
        digest: lines.next()?.to_owned(),
        answered: Answered {
            code: lines.next()?.to_owned(),
            message: lines.next().unwrap_or_default().to_owned(),
        },
    })
}

/// Writes a file that only its owner may read, complete or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}
