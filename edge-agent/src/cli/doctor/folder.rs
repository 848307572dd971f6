//! The checks of the data folder.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use super::{Finding, Repair};
use crate::cli::shop_clock;
use crate::config::Config;
use crate::time::clock::{Clock, system_ms};
use ferrotill_store::{Reader, StoreError, is_in_use};

pub(super) fn checks(config: &Config) -> Vec<Finding> {
    let folder = &config.till.data_dir;
    let mut findings = vec![
        exists(folder),
        private(folder),
        writable(folder),
        room(folder),
        left_behind(folder),
        anchors(folder),
    ];
    findings.extend(store(config));
    findings
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

fn anchors(folder: &Path) -> Finding {
    let id = "journal_end";
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
