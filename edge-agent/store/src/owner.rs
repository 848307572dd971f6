//! Who owns the files of the data folder: what root makes in it belongs to the owner of the folder, because the service has a user of
//! its own and could not start with files of root.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown, fchown};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

/// True if this program runs as root.
pub(super) fn is_root() -> bool {
    geteuid().is_root()
}

/// Gives a file or a folder that root has opened to the owner of the folder that it is in. What another user has made stays his.
///
/// # Errors
///
/// The operating system's error.
pub fn give_to_owner(file: &File, folder: &Path) -> io::Result<()> {
    if !is_root() {
        return Ok(());
    }
    let (owner, made) = (fs::metadata(folder)?, file.metadata()?);
    if ids(&made) == ids(&owner) {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

/// [`give_to_owner`] of a file or a folder by its path. A link is given, and not what it leads to.
///
/// # Errors
///
/// The operating system's error.
pub fn give_path_to_owner(path: &Path) -> io::Result<()> {
    if !is_root() {
        return Ok(());
    }
    let folder = path.parent().filter(|above| !above.as_os_str().is_empty());
    let owner = fs::metadata(folder.unwrap_or(Path::new(".")))?;
    let found = fs::symlink_metadata(path)?;
    if ids(&found) == ids(&owner) {
        return Ok(());
    }
    match found.is_symlink() {
        true => std::os::unix::fs::lchown(path, Some(owner.uid()), Some(owner.gid())),
        false => chown(path, Some(owner.uid()), Some(owner.gid())),
    }
}

fn ids(found: &fs::Metadata) -> (u32, u32) {
    (found.uid(), found.gid())
}

/// The files and folders of a data folder that do not belong to the owner of the folder, in the order of their names.
///
/// # Errors
///
/// The operating system's error.
pub fn files_of_others(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let owner = fs::metadata(folder)?.uid();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.metadata() {
            Ok(file) if file.uid() != owner => found.push(entry.path()),
            // The file was removed meanwhile, or has the owner of the folder.
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}

/// Owner and group of a file or a folder in the form of `chown`, by their names where the system has names for them.
///
/// # Errors
///
/// The operating system's error.
pub fn owner_of(path: &Path) -> io::Result<String> {
    let found = fs::symlink_metadata(path)?;
    let group = name_of(GROUPS, found.gid());
    Ok(format!("{}:{group}", user_name(found.uid())))
}

/// The name of the user that this program runs as.
#[must_use]
pub fn this_user() -> String {
    user_name(geteuid().as_raw())
}

fn user_name(uid: u32) -> String {
    name_of(USERS, uid)
}

/// The name of a number in a file of users or groups, or the number itself: users of a directory service have no name there. The C
/// library's own look-up is not used, because a program that contains the C library would load parts of another one for it.
fn name_of(file: &str, number: u32) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split(':'));
    let found = lines.find_map(|mut fields| {
        let name = fields.next()?;
        let is_meant = fields.nth(1)?.parse() == Ok(number);
        is_meant.then(|| name.to_owned())
    });
    found.unwrap_or_else(|| number.to_string())
}

/// The users of this machine: name, password, number and more.
const USERS: &str = "/etc/passwd";
/// The groups of this machine: name, password, number and more.
const GROUPS: &str = "/etc/group";

/// What to do about a file of the data folder that this user may not use.
#[must_use]
pub fn remedy(folder: &Path, file: &Path) -> String {
    let of_folder = fs::metadata(folder);
    let of_file = fs::symlink_metadata(file);
    let owner = owner_of(folder).unwrap_or_default();
    match (of_folder, of_file) {
        (Ok(of_folder), Ok(of_file)) if of_folder.uid() != of_file.uid() => format!(
            "give it to the owner of the folder: `sudo chown {owner} {}`, or let `sudo ferrotill doctor --fix` do it for every file",
            file.display()
        ),
        (Ok(of_folder), Ok(_)) if of_folder.uid() != geteuid().as_raw() => {
            let user = user_name(of_folder.uid());
            format!("run the command as the owner of the folder: `sudo -u {user}`")
        }
        _ => format!("give it the mode 0600: `chmod 0600 {}`", file.display()),
    }
}
