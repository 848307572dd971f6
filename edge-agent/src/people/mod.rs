//! The people who may use the dashboard: their names, their rights and their PINs, in one file.
//!
//! The file is TOML, has mode 0600, and is written as a whole. The command `person` and the dashboard change it, and a running agent sees
//! each change at once.

pub mod pin;

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use serde::Deserialize;

use crate::locked::Locked;
use crate::secret_file::{give_to_owner, write_secret};
use pin::{PinFault, check_pin, hashed, is_digest};

/// What a person may do at the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Reads all pages, and prints copies.
    Look,
    /// Gives goods back.
    Refund,
    /// Makes X-reports and Z-reports, which close the day.
    Z,
    /// Declares what became of a document that its printer cannot prove.
    Settle,
    /// Changes people and switches.
    Settings,
}

impl Right {
    /// All rights, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Look,
        Self::Refund,
        Self::Z,
        Self::Settle,
        Self::Settings,
    ];

    /// The name of the right in the file and in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Refund => "refund",
            Self::Z => "z",
            Self::Settle => "settle",
            Self::Settings => "settings",
        }
    }

    /// The right with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name, which the journal keeps with what the person does.
    pub name: String,
    /// What the person may do; sorted.
    pub rights: Vec<Right>,
    /// The digest of the PIN.
    pub pin: String,
    /// True while the PIN is the one that the till has made.
    pub first_pin: bool,
}

impl Person {
    /// Whether the person may do something.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }
}

/// Why people cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The file cannot be read or written.
    #[error(
        "{path} cannot be read or written; check the permissions of the file and of its folder"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The file is not one that the till has written.
    #[error(
        "{path} is damaged: {why}; correct it, or remove it and add the people again with `ferrotill person add`"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The PIN is not allowed.
    #[error("{0}")]
    Pin(PinFault),
    /// The name is empty, too long, or not on one line.
    #[error("the name must have 1 to {NAME_BYTES_MAX} bytes, on one line")]
    Name,
    /// There is such a person.
    #[error(
        "a person with the name {0} exists already; change the PIN with `ferrotill person pin`"
    )]
    Exists(String),
    /// There is no such person.
    #[error("no person has the name {0}; `ferrotill person list` shows the names")]
    Unknown(String),
    /// The file has no room for another person.
    #[error("there are {PEOPLE_MAX} people already; remove one first")]
    TooMany,
    /// No person could change settings any more.
    #[error(
        "{0} is the last person with the right settings; give the right to another person first"
    )]
    LastWithSettings(String),
}

/// The largest length of a name in bytes. The journal keeps names of this length.
pub const NAME_BYTES_MAX: usize = 60;
/// The largest number of people.
pub const PEOPLE_MAX: usize = 50;
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 64 * 1_024;

/// The file with the people.
#[derive(Debug)]
pub struct People {
    path: PathBuf,
    known: Locked<Option<(Stamp, Arc<Vec<Person>>)>>,
    /// True while the PIN that the till has made may have to be changed before a sale.
    may_wait: AtomicBool,
}

/// What tells one state of the file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    bytes: u64,
    inode: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleText {
    #[serde(default)]
    person: Vec<PersonText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonText {
    name: String,
    rights: Vec<String>,
    pin: String,
    #[serde(default)]
    first_pin: bool,
}

impl People {
    /// The people of a file. Nothing is read yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            known: Locked::default(),
            may_wait: AtomicBool::new(false),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All people; none if there is no file. The file is read again only if it has changed.
    ///
    /// # Errors
    ///
    /// [`PeopleError::File`], [`PeopleError::Damaged`].
    pub fn list(&self) -> Result<Arc<Vec<Person>>, PeopleError> {
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(self.failed(error)),
        };
        let stamp = Stamp::of(&found).map_err(|error| self.failed(error))?;
        let mut known = self.known.lock();
        if let Some((of, people)) = known.as_ref()
            && *of == stamp
        {
            return Ok(Arc::clone(people));
        }
        if stamp.bytes > FILE_BYTES_MAX {
            return Err(self.damaged(format!("it has more than {FILE_BYTES_MAX} bytes")));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| self.failed(error))?;
        let people = Arc::new(self.read(&text)?);
        *known = Some((stamp, Arc::clone(&people)));
        Ok(people)
    }

    /// The person with a name. Capital and small letters are the same.
    ///
    /// # Errors
    ///
    /// As [`Self::list`].
    pub fn find(&self, name: &str) -> Result<Option<Person>, PeopleError> {
        let people = self.list()?;
        Ok(people
            .iter()
            .find(|person| is_same(&person.name, name))
            .cloned())
    }

    /// From now on, sales wait while a person has the PIN that the till has made.
    pub fn wait_for_first_pin(&self) {
        self.may_wait.store(true, Ordering::Release);
    }

    /// False if no sale waits for another PIN; otherwise [`Self::waits_for_first_pin`] looks.
    #[must_use]
    pub fn may_wait(&self) -> bool {
        self.may_wait.load(Ordering::Acquire)
    }

    /// Whether sales wait, because a person still has the PIN that the till has made. Once it is changed, no sale waits again.
    #[must_use]
    pub fn waits_for_first_pin(&self) -> bool {
        let has_first = |people: Arc<Vec<Person>>| people.iter().any(|person| person.first_pin);
        let waits = self.may_wait() && self.list().map_or(true, has_first);
        if !waits {
            self.may_wait.store(false, Ordering::Release);
        }
        waits
    }

    /// Adds a person.
    ///
    /// # Errors
    ///
    /// [`PeopleError`]; nothing is changed.
    pub fn add(
        &self,
        name: &str,
        rights: &[Right],
        pin: &str,
        first_pin: bool,
    ) -> Result<(), PeopleError> {
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(PeopleError::Name);
        }
        check_pin(pin).map_err(PeopleError::Pin)?;
        self.change(|people| {
            if people.iter().any(|person| is_same(&person.name, name)) {
                return Err(PeopleError::Exists(name.to_owned()));
            }
            if people.len() >= PEOPLE_MAX {
                return Err(PeopleError::TooMany);
            }
            people.push(Person {
                name: name.to_owned(),
                rights: sorted(rights),
                pin: hashed(pin).map_err(|error| self.failed(error))?,
                first_pin,
            });
            Ok(())
        })
    }

    /// Gives a person another PIN. All sessions of the person end.
    ///
    /// # Errors
    ///
    /// [`PeopleError`]; nothing is changed.
    pub fn set_pin(&self, name: &str, pin: &str) -> Result<(), PeopleError> {
        check_pin(pin).map_err(PeopleError::Pin)?;
        self.change(|people| {
            let person = of(people, name)?;
            person.pin = hashed(pin).map_err(|error| self.failed(error))?;
            person.first_pin = false;
            Ok(())
        })
    }

    /// Gives a person other rights.
    ///
    /// # Errors
    ///
    /// [`PeopleError`]; nothing is changed.
    pub fn set_rights(&self, name: &str, rights: &[Right]) -> Result<(), PeopleError> {
        self.change(|people| {
            of(people, name)?.rights = sorted(rights);
            keeps_settings(people, name)
        })
    }

    /// Removes a person. All sessions of the person end.
    ///
    /// # Errors
    ///
    /// [`PeopleError`]; nothing is changed.
    pub fn remove(&self, name: &str) -> Result<(), PeopleError> {
        self.change(|people| {
            of(people, name)?;
            people.retain(|person| !is_same(&person.name, name));
            keeps_settings(people, name)
        })
    }

    /// Removes a person who is added again at once, so that nobody needs to have the right `settings` meanwhile.
    ///
    /// # Errors
    ///
    /// [`PeopleError`]; nothing is changed.
    pub fn remove_for_new(&self, name: &str) -> Result<(), PeopleError> {
        self.change(|people| {
            people.retain(|person| !is_same(&person.name, name));
            Ok(())
        })
    }

    /// Reads the file, changes the list, and writes the file; another process waits meanwhile.
    fn change(
        &self,
        change: impl FnOnce(&mut Vec<Person>) -> Result<(), PeopleError>,
    ) -> Result<(), PeopleError> {
        let mut lock = self.path.clone().into_os_string();
        lock.push(".lock");
        if let Some(folder) = self.path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|error| self.failed(error))?;
        }
        let lock = fs::File::options()
            .create(true)
            .append(true)
            .open(lock)
            .and_then(|file| {
                give_to_owner(&file, self.path.parent().unwrap_or(Path::new(".")))?;
                file.lock().map(|()| file)
            })
            .map_err(|error| self.failed(error))?;
        let mut people = Vec::clone(&*self.list()?);
        change(&mut people)?;
        write_secret(&self.path, text_of(&people).as_bytes())
            .map_err(|error| self.failed(error))?;
        *self.known.lock() = None;
        drop(lock);
        Ok(())
    }

    fn read(&self, text: &str) -> Result<Vec<Person>, PeopleError> {
        let read: PeopleText =
            toml::from_str(text).map_err(|error| self.damaged(error.message().to_owned()))?;
        if read.person.len() > PEOPLE_MAX {
            return Err(self.damaged(format!("it has more than {PEOPLE_MAX} people")));
        }
        let people = read.person.into_iter().map(|person| {
            let rights: Option<Vec<Right>> = person
                .rights
                .iter()
                .map(|name| Right::named(name))
                .collect();
            let rights = rights.ok_or_else(|| {
                self.damaged(format!("{} has a right that does not exist", person.name))
            })?;
            if !is_digest(&person.pin) {
                return Err(self.damaged(format!("the PIN of {} is no digest", person.name)));
            }
            Ok(Person {
                name: person.name,
                rights: sorted(&rights),
                pin: person.pin,
                first_pin: person.first_pin,
            })
        });
        people.collect()
    }

    fn failed(&self, source: io::Error) -> PeopleError {
        PeopleError::File {
            path: self.path.clone(),
            source,
        }
    }

    fn damaged(&self, why: String) -> PeopleError {
        PeopleError::Damaged {
            path: self.path.clone(),
            why,
        }
    }
}

impl Stamp {
    fn of(found: &fs::Metadata) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(Self {
            modified: found.modified()?,
            bytes: found.len(),
            inode: found.ino(),
        })
    }
}

/// Whether two names are those of one person.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn of<'p>(people: &'p mut [Person], name: &str) -> Result<&'p mut Person, PeopleError> {
    let mut found = people.iter_mut();
    found
        .find(|person| is_same(&person.name, name))
        .ok_or_else(|| PeopleError::Unknown(name.trim().to_owned()))
}

/// Somebody must be able to give rights, as long as there are people.
fn keeps_settings(people: &[Person], name: &str) -> Result<(), PeopleError> {
    if people.is_empty() || people.iter().any(|person| person.may(Right::Settings)) {
        return Ok(());
    }
    Err(PeopleError::LastWithSettings(name.trim().to_owned()))
}

fn sorted(rights: &[Right]) -> Vec<Right> {
    let mut rights = rights.to_vec();
    rights.sort_unstable();
    rights.dedup();
    rights
}

fn text_of(people: &[Person]) -> String {
    let mut text = String::from(
        "# The people who may use the dashboard. Change them with `ferrotill person` or at the dashboard.\n",
    );
    for person in people {
        let rights: Vec<String> = person
            .rights
            .iter()
            .map(|right| format!("\"{}\"", right.name()))
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n[[person]]\nname = {}\nrights = [{}]\npin = \"{}\"",
            quoted(&person.name),
            rights.join(", "),
            person.pin
        );
        if person.first_pin {
            text.push_str("first_pin = true\n");
        }
    }
    text
}

/// A text in TOML. A name has no control characters.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::{People, PeopleError, Right};

    #[test]
    fn people_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::new(folder.path().join("people.toml"));
        assert!(people.list().unwrap().is_empty());
        let name = "Ana \"N\\\" Ș";
        people
            .add(name, &[Right::Z, Right::Look], "482915", true)
            .unwrap();
        people.add("Owner", &Right::ALL, "482915", false).unwrap();
        let other = People::new(people.path().to_owned());
        let found = other.find("ana \"n\\\" ș").unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.first_pin), (name, true));
        assert_eq!(found.rights, [Right::Look, Right::Z]);
        other.set_pin(name, "593026").unwrap();
        assert!(!people.find(name).unwrap().unwrap().first_pin);
        people.remove(name).unwrap();
        assert_eq!(people.list().unwrap().len(), 1);
    }

    #[test]
    fn a_faulty_change_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::new(folder.path().join("people.toml"));
        people.add("Owner", &Right::ALL, "482915", false).unwrap();
        let before = std::fs::read(people.path()).unwrap();
        assert!(matches!(
            people.add("", &[], "482915", false),
            Err(PeopleError::Name)
        ));
        assert!(matches!(
            people.add("a\nb", &[], "482915", false),
            Err(PeopleError::Name)
        ));
        assert!(matches!(
            people.add("A", &[], "111111", false),
            Err(PeopleError::Pin(_))
        ));
        assert!(matches!(
            people.add("OWNER", &[], "482915", false),
            Err(PeopleError::Exists(_))
        ));
        assert!(matches!(
            people.set_rights("Owner", &[Right::Look]),
            Err(PeopleError::LastWithSettings(_))
        ));
        assert!(matches!(
            people.set_pin("X", "482915"),
            Err(PeopleError::Unknown(_))
        ));
        assert_eq!(std::fs::read(people.path()).unwrap(), before);
        std::fs::write(people.path(), "[[person]]\nname = 1\n").unwrap();
        assert!(matches!(people.list(), Err(PeopleError::Damaged { .. })));
    }
}
