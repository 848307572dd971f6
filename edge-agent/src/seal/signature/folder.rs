//! The secrets of signed receipts: the key of each turnover counter in the data folder, and the files of units in software.
//!
//! Each file has mode 0600, is written beside its name first, and is durable before it has its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ferrotill_core::profile::signed::AesKey;
use ferrotill_rksv::{SoftwareUnit, UnitKeyFile, new_counter_key};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::config::{Mode, SignatureUnitConfig};
use crate::explanation::{Explanation, why_of};
use crate::secret_file::write_secret;

/// The key of the turnover counter of a device. It is made if the device has no receipt yet.
///
/// # Errors
///
/// The file cannot be read or made; or it is missing, and the device has receipts whose counters were encrypted with it.
pub fn counter_key(
    folder: &Path,
    device: Uuid,
    has_receipts: bool,
) -> Result<AesKey, Box<Explanation>> {
    let path = counter_key_path(folder, device);
    let unusable = |why: String, fix: &str| {
        Box::new(Explanation::new(
            "the key of the turnover counter cannot be used",
            path.display().to_string(),
            why,
            fix,
        ))
    };
    match fs::read_to_string(&path).map(Zeroizing::new) {
        Ok(text) => AesKey::from_base64(text.trim_end())
            .map_err(|fault| unusable(fault.to_string(), PUT_BACK)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !has_receipts => {
            let key =
                new_counter_key().map_err(|fault| unusable(fault.to_string(), "start again"))?;
            let text = Zeroizing::new(format!("{}\n", key.to_base64()));
            write_secret(&path, text.as_bytes())
                .map_err(|error| unusable(why_of(&error), "make the data folder writable"))?;
            Ok(key)
        }
        Err(error) => Err(unusable(why_of(&error), PUT_BACK)),
    }
}

const PUT_BACK: &str = "put the file back from the backup: receipts were made with this key, and no other key continues them";

/// The file with the key of the turnover counter of a device.
#[must_use]
pub fn counter_key_path(folder: &Path, device: Uuid) -> PathBuf {
    folder.join(format!("turnover-{device}.key"))
}

/// Opens a unit in software. A TEST till makes the key of its unit at the first start.
///
/// # Errors
///
/// The file cannot be read, made or decrypted.
pub fn open_unit(unit: &SignatureUnitConfig, mode: Mode) -> Result<SoftwareUnit, Box<Explanation>> {
    if mode == Mode::Test && !unit.key_file.exists() {
        new_key(unit)?;
    }
    let text = fs::read_to_string(&unit.key_file)
        .map_err(|error| unusable(unit, why_of(&error), MAKE_IT))?;
    let secret = secret_of(unit)
        .map_err(|error| unusable(unit, why_of(&error), "make the secret readable"))?;
    let opened = UnitKeyFile::read(&text, &unit.id, &secret)
        .and_then(|file| Ok(file.unit(unit.provider, &unit.id)?));
    opened.map_err(|fault| {
        unusable(
            unit,
            fault.to_string(),
            "correct id, suite, key_file and pin_file of the [[signature_unit]]",
        )
    })
}

const MAKE_IT: &str =
    "put the file back from its backup, or make a new key with `ferrotill rksv key`";

/// Makes the key of a unit in software.
///
/// # Errors
///
/// The file exists or cannot be written, or the unit cannot have its id.
pub fn new_key(unit: &SignatureUnitConfig) -> Result<SoftwareUnit, Box<Explanation>> {
    let failed = |error: io::Error| unusable(unit, why_of(&error), "make its folder writable");
    if unit.key_file.exists() {
        let why = "it exists already".to_owned();
        return Err(unusable(unit, why, "name another file in key_file"));
    }
    if unit.pin.is_none() && !pin_path(unit).exists() {
        let text = new_counter_key()
            .map_err(|fault| failed(io::Error::other(fault)))?
            .to_base64();
        write_secret(&pin_path(unit), text.as_bytes()).map_err(failed)?;
    }
    let secret = secret_of(unit).map_err(failed)?;
    let fix = "correct id and suite of the [[signature_unit]]";
    let made = UnitKeyFile::new(unit.provider).and_then(|file| {
        let opened = file.unit(unit.provider, &unit.id)?;
        Ok((opened, file.to_text(&unit.id, &secret)?))
    });
    let (opened, text) = made.map_err(|fault| unusable(unit, fault.to_string(), fix))?;
    write_secret(&unit.key_file, text.as_bytes()).map_err(failed)?;
    Ok(opened)
}

fn unusable(unit: &SignatureUnitConfig, why: String, fix: &str) -> Box<Explanation> {
    Box::new(Explanation::new(
        "the key of a signature unit cannot be used",
        unit.key_file.display().to_string(),
        why,
        fix,
    ))
}

/// The secret under which the private key is encrypted.
fn secret_of(unit: &SignatureUnitConfig) -> io::Result<Zeroizing<Vec<u8>>> {
    match &unit.pin {
        Some(pin) => Ok(Zeroizing::new(pin.as_bytes().to_vec())),
        None => fs::read(pin_path(unit)).map(Zeroizing::new),
    }
}

/// The file of the secret of a TEST till whose configuration names none.
fn pin_path(unit: &SignatureUnitConfig) -> PathBuf {
    let mut path = unit.key_file.clone().into_os_string();
    path.push(".pin");
    path.into()
}
