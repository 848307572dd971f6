//! The checks of the data folder.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use super::{Finding, Repair};
use crate::agent::{StartError, look_at_start};
use crate::cli::shop_clock;
use crate::config::Config;
use crate::error_chain::chain_of;
use crate::people::People;
use crate::time::clock::{Clock, system_ms};
use ferrotill_store::{FolderLook, Reader, StoreError, files_of_others, is_in_use, owner_of};

pub(super) fn checks(config: &Config) -> Vec<Finding> {
    let folder = &config.till.data_dir;
    let mut findings = vec![
        exists(folder),
        private(folder),
        writable(folder),
        of_one_owner(folder),
        room(folder),
        left_behind(folder),
    ];
    let look = look_at_start(config);
    findings.push(anchors(
        folder,
        look.as_ref().ok().and_then(|look| look.lost_row),
    ));
    findings.push(would_start(&look));
    findings.push(people(config));
    let damage = look.ok().and_then(|look| look.damage);
    match damage {
        Some(damage) => findings.push(damaged(folder, &damage)),
        None => findings.extend(store(config)),
    }
    findings
}

/// Whether the service starts with this configuration and this data folder.
fn would_start(look: &Result<FolderLook, StartError>) -> Finding {
    let id = "service_start";
    let error = match look {
        Ok(FolderLook { damage: None, .. }) => {
            return Finding::good(id, "the service can start with this data folder");
        }
        Ok(_) => {
            let says =
                "the service may not start, or end at any sale, because its database is damaged";
            return Finding::bad(id, says, "look at the check of the journal");
        }
        // The check of the configuration has its faults.
        Err(StartError::Config(_)) => {
            let says = "the service does not start, because its configuration has faults";
            return Finding::bad(id, says, "look at the check of the configuration");
        }
        Err(error) => chain_of(error),
    };
    let (says, fix) = error
        .split_once("; ")
        .unwrap_or((&error, "run `ferrotill verify`, which names what is wrong"));
    Finding::bad(id, format!("the service does not start: {says}"), fix)
}

/// A damaged file of people keeps everyone from the dashboard.
fn people(config: &Config) -> Finding {
    let id = "people";
    match People::new(config.ui.people_file.clone()).list() {
        Ok(people) => Finding::good(id, format!("people of the dashboard: {}", people.len())),
        Err(error) => {
            let text = chain_of(&error);
            let (says, fix) = text
                .split_once("; ")
                .unwrap_or((&text, "look at the file and at its permissions"));
            Finding::bad(id, says, fix)
        }
    }
}

fn damaged(folder: &Path, damage: &str) -> Finding {
    Finding::bad(
        "journal",
        format!("the database in {} is damaged: {damage}", folder.display()),
        "stop the till, keep a copy of the folder, and restore the last backup: ferrotill restore FILE; look at the disk, too",
    )
}

fn exists(folder: &Path) -> Finding {
    let id = "data_folder";
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Finding::good(id, folder.display().to_string()),
        Ok(_) => Finding::bad(
            id,
            format!("{} is no folder", folder.display()),
            "set till.data_dir to a folder",
        ),
        Err(_) => Finding::bad(
            id,
            format!("there is no folder {}", folder.display()),
            format!("make it: mkdir -m 0700 -p {}", folder.display()),
        )
        .with_repair(Repair::MakeFolder(folder.to_owned())),
    }
}

fn private(folder: &Path) -> Finding {
    let id = "data_folder_private";
    let mode = fs::metadata(folder).map(|found| found.permissions().mode() & 0o7777);
    match mode {
        Ok(mode) if mode & 0o077 != 0 => Finding::bad(
            id,
            format!(
                "other users may read {} (mode {mode:04o})",
                folder.display()
            ),
            format!("give it the mode 0700: chmod 0700 {}", folder.display()),
        )
        .with_repair(Repair::Mode(folder.to_owned(), 0o700)),
        Ok(_) => Finding::good(id, "only its owner may read it"),
        Err(_) => Finding::good(id, "there is none yet"),
    }
}

fn writable(folder: &Path) -> Finding {
    let id = "data_folder_writable";
    if !folder.is_dir() {
        return Finding::good(id, "there is none yet");
    }
    if access(
        folder,
        AccessFlags::R_OK | AccessFlags::W_OK | AccessFlags::X_OK,
    )
    .is_ok()
    {
        return Finding::good(id, "this user may write to it");
    }
    let owner = fs::metadata(folder).map_or(0, |found| found.uid());
    Finding::bad(
        id,
        format!(
            "this user may not write to {}; its owner is {owner}",
            folder.display()
        ),
        "run the command as the user of the service: sudo -u ferrotill ferrotill doctor",
    )
    .on_permission()
}

/// A file that root has left in the folder keeps the service, which has a user of its own, from starting.
fn of_one_owner(folder: &Path) -> Finding {
    let id = "data_folder_owner";
    let mode = fs::metadata(folder).map_or(0, |found| found.permissions().mode());
    if mode & STICKY != 0 {
        return Finding::good(id, "the folder is for the files of every user");
    }
    let (others, owner) = match (files_of_others(folder), owner_of(folder)) {
        (Ok(others), Ok(owner)) => (others, owner),
        _ => return Finding::good(id, "could not be looked at"),
    };
    if others.is_empty() {
        return Finding::good(id, format!("every file in it belongs to {owner}"));
    }
    let named = |path: &PathBuf| {
        let owner = owner_of(path).unwrap_or_default();
        let name = path.file_name().unwrap_or_default();
        format!("{} ({owner})", name.display())
    };
    let names: Vec<String> = others.iter().take(NAMED_MAX).map(named).collect();
    let more = match others.len().checked_sub(names.len()) {
        None | Some(0) => String::new(),
        Some(more) => format!(", and {more} more"),
    };
    let paths = others.iter().map(|path| path.display().to_string());
    let finding = Finding::bad(
        id,
        format!(
            "{} belongs to {owner}, and these files in it do not: {}{more}",
            folder.display(),
            names.join(", ")
        ),
        format!(
            "give them to it: sudo chown {owner} {}",
            paths.collect::<Vec<_>>().join(" ")
        ),
    );
    let is_denied = others
        .iter()
        .any(|path| access(path, AccessFlags::R_OK | AccessFlags::W_OK).is_err());
    let finding = match nix::unistd::geteuid().is_root() {
        true => finding.with_repair(Repair::Owner(others)),
        false => finding,
    };
    match is_denied {
        true => finding.on_permission(),
        false => finding,
    }
}

/// The bit of a folder such as `/tmp`, in which each user has files of his own.
const STICKY: u32 = 0o1000;
/// How many files with another owner are named.
const NAMED_MAX: usize = 8;

/// The smallest room on the disk that is enough for months of sales, in bytes.
const ROOM_MIN: u128 = 200 * 1024 * 1024;

fn room(folder: &Path) -> Finding {
    let id = "disk_room";
    // A folder that does not exist yet is on the disk of the folder above it.
    let mut places = folder.ancestors();
    let Some(disk) = places.find_map(|place| statvfs(place).ok()) else {
        return Finding::good(id, "could not be asked");
    };
    let block = u128::from(disk.fragment_size());
    let free = u128::from(disk.blocks_available()).saturating_mul(block);
    let mib = free.checked_div(1024 * 1024).unwrap_or_default();
    if free < ROOM_MIN {
        return Finding::bad(
            id,
            format!("the disk of the data folder has {mib} MiB of room left"),
            "remove what is not needed from the disk, or use a larger one",
        );
    }
    Finding::good(id, format!("{mib} MiB are free"))
}

/// Folders that an interrupted backup or restore has left.
fn left_behind(folder: &Path) -> Finding {
    let id = "left_behind";
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut left = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        name.starts_with(".ferrotill-") && entry.path().is_dir()
    });
    match left.next() {
        None => Finding::good(id, "nothing was left by an interrupted command"),
        Some(entry) => Finding::bad(
            id,
            format!("an interrupted command has left {}", entry.path().display()),
            format!("remove it: rm -r {}", entry.path().display()),
        )
        .with_repair(Repair::Remove(entry.path())),
    }
}

fn anchors(folder: &Path, lost_row: Option<i64>) -> Finding {
    let id = "journal_end";
    if let Some(row) = lost_row {
        let says = match row {
            0 => "journal.anchor was not written for this journal: the files of another till were put together".to_owned(),
            row => format!("the journal does not have row {row}, which journal.anchor names: an older copy of the database was put back, or its end was cut"),
        };
        let fix = "do not sell: put the newer database back; if there is none, run `ferrotill verify` and compare the last documents with the printer and the authority";
        return Finding::bad(id, says, fix);
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut aside = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        name.strip_prefix("journal.anchor.")
            .is_some_and(|end| end.bytes().all(|byte| byte.is_ascii_digit()))
    });
    match aside.next() {
        None => Finding::good(id, "no part of the journal is known to be missing"),
        Some(entry) => Finding::bad(
            id,
            "the journal did not have a row that it must have: an older copy was put back, or its end was cut",
            format!(
                "run `ferrotill verify`, find out what was lost, and then remove {}",
                entry.path().display()
            ),
        ),
    }
}

/// The checks of the journal and of the documents in it.
fn store(config: &Config) -> Vec<Finding> {
    let folder = &config.till.data_dir;
    if !is_in_use(folder) {
        return vec![Finding::good("journal", "nothing was sold yet")];
    }
    let reader = Reader::new(folder);
    let read = shop_clock(config)
        .map_err(|failure| failure.error)
        .and_then(|shop_clock| Ok(read(&reader, config, &shop_clock)?));
    match read {
        Ok(findings) => findings,
        Err(error) => {
            let text = error.to_string();
            let (says, fix) = text
                .split_once("; ")
                .unwrap_or((&text, "run `ferrotill verify`, which names what is wrong"));
            vec![Finding::bad("journal", says, fix)]
        }
    }
}

fn read(reader: &Reader, config: &Config, shop_clock: &Clock) -> Result<Vec<Finding>, StoreError> {
    let key = config.till.data_dir.join("journal.key");
    let unsent = reader.unsent()?;
    let mut findings = vec![match key.exists() {
        true => Finding::good("journal", "it can be read, and its key is there"),
        false => Finding::bad(
            "journal",
            format!("{} is missing", key.display()),
            "put it back from a backup: the journal cannot be written without it",
        ),
    }];
    findings.push(match unsent.refused {
        0 => Finding::good("documents_refused", "the authority refuses no document"),
        refused => Finding::bad(
            "documents_refused",
            format!("the authority refuses {refused} documents"),
            "run `ferrotill queue`, which shows why, and correct the cause",
        ),
    });
    let old = unsent
        .oldest_ms
        .filter(|oldest| system_ms().saturating_sub(*oldest) > DAY_MS);
    findings.push(match old {
        None => Finding::good(
            "documents_waiting",
            format!("{} documents wait for the authority", unsent.documents),
        ),
        Some(oldest) => Finding::bad(
            "documents_waiting",
            format!(
                "documents wait for the authority since {}",
                shop_clock.shown(oldest)
            ),
            "look at the checks of the authority, and restore the connection",
        ),
    });
    for device in &config.devices {
        let shift = reader.open_shift(device.id)?;
        let old = shift.filter(|shift| system_ms().saturating_sub(shift.first_ms) > DAY_MS);
        findings.push(match old {
            None => Finding::good(
                "shift",
                format!("{}: no shift is older than a day", device.name),
            ),
            Some(shift) => Finding::bad(
                "shift",
                format!(
                    "{}: its shift is open since {}",
                    device.name,
                    shop_clock.shown(shift.first_ms)
                ),
                "close the day: ferrotill z",
            ),
        });
    }
    Ok(findings)
}

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;
