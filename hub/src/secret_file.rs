//! Files with secrets: only their owner may read them.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

/// The longest secret file.
const BYTES_MAX: u64 = 64 * 1024;

/// Reads the first line of a secret, or the whole of a PEM file.
///
/// # Errors
/// If the file cannot be read, is too long, is not UTF-8, or may be read by others.
pub fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut file = fs::File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(io::Error::other(format!(
            "others may read this secret; type: chmod o= {}",
            path.display()
        )));
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file).take(BYTES_MAX).read_to_string(&mut text)?;
    let trimmed = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(trimmed);
    Ok(text)
}

/// Writes a new file that only its owner may read.
///
/// # Errors
/// If there is such a file already, or it cannot be written.
pub fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
