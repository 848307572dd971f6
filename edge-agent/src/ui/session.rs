//! Sessions: who has signed in. A session is a cookie that is signed with a key of the data folder, so that it survives a restart.
//!
//! It ends after twelve hours, when the person signs out, and when the person's PIN is changed or the person is removed.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::folder_key::FolderKey;
use crate::hmac::signature_of;
use crate::locked::Locked;
use crate::people::{People, Person};
use crate::secret_file::{give_to_owner, replace_file};

/// The name of the cookie.
pub const COOKIE: &str = "ferrotill_session";
/// How long a session lasts, in seconds.
pub const LIFETIME_S: i64 = 12 * 3_600;
/// So many sessions that were ended by their person are remembered: far more than a shop ends in the time of a session.
const ENDED_MAX: usize = 1_000;
/// The file of the data folder with the sessions that were ended by their person, one in a line.
const ENDED_FILE: &str = "sessions.ended";

/// The sessions of a data folder.
#[derive(Debug)]
pub struct Sessions {
    key: FolderKey,
    /// The sessions that their person has ended; `None` until the file was read.
    ended: Locked<Option<VecDeque<String>>>,
    ended_file: PathBuf,
}

/// A valid session.
#[derive(Clone, Debug)]
pub struct PageSession {
    /// The person as the file has it now.
    pub person: Person,
    /// What each form of the session has.
    pub form_token: String,
    nonce: String,
}

impl Sessions {
    /// The sessions of a data folder. The key is made when the first person signs in.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            key: FolderKey::new(folder, "sessions.key"),
            ended: Locked::default(),
            ended_file: folder.join(ENDED_FILE),
        }
    }

    /// The value of the cookie for a person who has signed in now.
    ///
    /// # Errors
    ///
    /// The key cannot be read or made.
    pub fn begin(&self, person: &Person, now_s: i64) -> io::Result<String> {
        let key = self.key.find_or_make()?;
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = URL_SAFE_NO_PAD.encode(&person.name);
        let nonce = URL_SAFE_NO_PAD.encode(random);
        let begun = format!("{name}.{now_s}.{nonce}");
        let signature = signed(&key, &begun, person);
        Ok(format!("{begun}.{signature}"))
    }

    /// The session of a cookie; `None` if it is not valid any more.
    #[must_use]
    pub fn of_cookie(&self, cookie: &str, people: &People, now_s: i64) -> Option<PageSession> {
        let (begun, signature) = cookie.rsplit_once('.')?;
        let mut parts = begun.split('.');
        let (name, began, nonce) = (parts.next()?, parts.next()?, parts.next()?);
        let began: i64 = began.parse().ok()?;
        let age = now_s.checked_sub(began)?;
        if parts.next().is_some() || !(-CLOCK_BACK_S..LIFETIME_S).contains(&age) {
            return None;
        }
        let name = String::from_utf8(URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
        let key = self.key.find().ok()??;
        let person = people.find(&name).ok()??;
        let expected = signed(&key, begun, &person);
        if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) || self.has_ended(nonce) {
            return None;
        }
        let form_token = signature_of(key.as_bytes(), &[b"form ", begun.as_bytes()]);
        Some(PageSession {
            person,
            form_token,
            nonce: nonce.to_owned(),
        })
    }

    fn has_ended(&self, nonce: &str) -> bool {
        let mut ended = self.ended.lock();
        let ended = ended.get_or_insert_with(|| read_ended(&self.ended_file));
        ended.iter().any(|ended| ended == nonce)
    }

    /// Ends a session, also after a restart.
    pub fn end(&self, session: &PageSession) {
        let mut ended = self.ended.lock();
        let ended = ended.get_or_insert_with(|| read_ended(&self.ended_file));
        ended.push_back(session.nonce.clone());
        let is_long = ended.len() > ENDED_MAX;
        while ended.len() > ENDED_MAX {
            ended.pop_front();
        }
        let written = match is_long {
            true => replace_file(&self.ended_file, lines(ended).as_bytes()),
            false => append(&self.ended_file, &session.nonce),
        };
        if let Err(error) = written {
            tracing::warn!(file = %self.ended_file.display(), %error, "a session that a person has ended would be valid again after a restart");
        }
    }
}

/// The sessions in the file. A file that cannot be read has none: the sessions of the till go on.
fn read_ended(file: &Path) -> VecDeque<String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "the sessions that were ended before the start cannot be read");
            String::new()
        }
    };
    text.lines().map(str::to_owned).collect()
}

fn lines(ended: &VecDeque<String>) -> String {
    ended.iter().map(|nonce| format!("{nonce}\n")).collect()
}

/// Adds a line to a file that only the till may read.
fn append(file: &Path, line: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut file = options.append(true).create(true).mode(0o600).open(file)?;
    give_to_owner(&file, folder)?;
    file.write_all(format!("{line}\n").as_bytes())
}

impl PageSession {
    /// Whether a form has the token of this session.
    #[must_use]
    pub fn has_form(&self, token: &str) -> bool {
        bool::from(self.form_token.as_bytes().ct_eq(token.as_bytes()))
    }
}

/// The signature of a session. The digest of the PIN is a part of it, so that another PIN ends the session.
fn signed(key: &str, begun: &str, person: &Person) -> String {
    signature_of(
        key.as_bytes(),
        &[b"session ", begun.as_bytes(), b" ", person.pin.as_bytes()],
    )
}
/// So many seconds the till's time may go back, by a correction, without ending sessions.
const CLOCK_BACK_S: i64 = 3_600;

#[cfg(test)]
mod tests {
    use super::{LIFETIME_S, Sessions};
    use crate::people::{People, Right};

    #[test]
    fn a_session_survives_a_restart_and_ends_with_time_pin_and_person() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::new(folder.path().join("people.toml"));
        people.add("Ana", &Right::ALL, "482915", false).unwrap();
        people.add("Ion", &Right::ALL, "482915", false).unwrap();
        let person = |name| people.find(name).unwrap().unwrap();
        let sessions = Sessions::new(folder.path());
        assert!(sessions.of_cookie("QW5h.0.AAAA.00", &people, 0).is_none());
        let ana = sessions.begin(&person("Ana"), 1_000).unwrap();
        let ion = sessions.begin(&person("Ion"), 1_000).unwrap();
        let restarted = Sessions::new(folder.path());
        let session = restarted.of_cookie(&ana, &people, 1_001).unwrap();
        assert_eq!(session.person.name, "Ana");
        assert_ne!(
            session.form_token,
            restarted
                .of_cookie(&ion, &people, 1_001)
                .unwrap()
                .form_token
        );
        assert!(
            restarted
                .of_cookie(&ana, &people, 1_000 + LIFETIME_S)
                .is_none()
        );
        assert!(
            restarted
                .of_cookie(&ana.replace("QW5h", "SW9u"), &people, 1_001)
                .is_none()
        );
        people.set_pin("Ana", "593026").unwrap();
        assert!(restarted.of_cookie(&ana, &people, 1_001).is_none());
        people.remove("Ion").unwrap();
        assert!(restarted.of_cookie(&ion, &people, 1_001).is_none());
    }

    #[test]
    fn a_session_that_its_person_has_ended_is_not_valid() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::new(folder.path().join("people.toml"));
        people.add("Ana", &[], "482915", false).unwrap();
        let sessions = Sessions::new(folder.path());
        let person = people.find("Ana").unwrap().unwrap();
        let cookie = sessions.begin(&person, 5).unwrap();
        let session = sessions.of_cookie(&cookie, &people, 5).unwrap();
        let another = sessions.begin(&person, 6).unwrap();
        sessions.end(&session);
        for sessions in [sessions, Sessions::new(folder.path())] {
            assert!(sessions.of_cookie(&cookie, &people, 7).is_none());
            assert!(sessions.of_cookie(&another, &people, 7).is_some());
        }
    }
}
