//! The file of a backup: a tar archive (POSIX ustar) with `backup.json` first, and then the files of the data folder.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ferrotill_store::give_path_to_owner;
use sha2::{Digest as _, Sha256};

use crate::secret_file::give_to_owner;

/// The name of the member that describes the others.
pub(in crate::cli) const DESCRIPTION: &str = "backup.json";
/// The name of the member with the SHA-256 of the description.
const DIGEST: &str = "backup.sha256";
/// The size of a block of the format.
const BLOCK: usize = 512;
/// The bits of a size that lie within a block.
const BLOCK_MASK: u64 = 511;
/// The largest description in bytes.
const DESCRIPTION_BYTES_MAX: u64 = 1024 * 1024;

/// Writes an archive. The file must not exist; only its owner may read it, because the key of the journal is in it.
pub(super) fn write(
    path: &Path,
    description: &[u8],
    folder: &Path,
    names: &[String],
) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    member(
        &mut file,
        DESCRIPTION,
        description.len() as u64,
        description,
    )?;
    let digest = hex(&Sha256::digest(description));
    member(&mut file, DIGEST, digest.len() as u64, digest.as_bytes())?;
    for name in names {
        let source = File::open(folder.join(name))?;
        let bytes = source.metadata()?.len();
        member(&mut file, name, bytes, source.take(bytes))?;
    }
    file.write_all(&[0; BLOCK * 2])?;
    file.sync_all()
}

fn member(file: &mut File, name: &str, bytes: u64, mut content: impl Read) -> io::Result<()> {
    file.write_all(&header(name, bytes)?)?;
    let copied = io::copy(&mut content, file)?;
    if copied != bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let zeros = [0; BLOCK];
    file.write_all(zeros.get(..padding(bytes)).unwrap_or_default())
}

/// The number of bytes between the end of a member and the next block.
fn padding(bytes: u64) -> usize {
    let over = usize::try_from(bytes & BLOCK_MASK).unwrap_or_default();
    match over {
        0 => 0,
        over => BLOCK.saturating_sub(over),
    }
}

/// The header of a member.
fn header(name: &str, bytes: u64) -> io::Result<[u8; BLOCK]> {
    let octal = format!("{bytes:011o}");
    if octal.len() != 11 || name.len() > 99 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let texts: [(usize, &[u8]); 8] = [
        (0, name.as_bytes()),
        (100, b"0000600\0"),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, octal.as_bytes()),
        (136, b"00000000000\0"),
        (156, b"0"),
        (257, b"ustar\x0000"),
    ];
    let mut header = [0; BLOCK];
    for (at, text) in texts {
        put(&mut header, at, text);
    }
    // The sum is that of a header whose sum is eight spaces.
    put(&mut header, SUM, b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut header, SUM, format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

/// The place of the sum in a header.
const SUM: usize = 148;

fn put(header: &mut [u8; BLOCK], at: usize, text: &[u8]) {
    for (place, byte) in header.iter_mut().skip(at).zip(text) {
        *place = *byte;
    }
}

/// The name and the size in a header; `None` at the end of the archive.
fn read_header(file: &mut impl Read) -> io::Result<Option<(String, u64)>> {
    let mut block = [0; BLOCK];
    file.read_exact(&mut block)?;
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let bad = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no backup of this program",
        )
    };
    let part = |from: usize, to: usize| -> Option<&str> {
        let bytes = block.get(from..to)?;
        let text = bytes.split(|byte| *byte == 0).next()?;
        std::str::from_utf8(text).ok()
    };
    let name = part(0, 100).ok_or_else(bad)?.to_owned();
    let size = part(124, 136).and_then(|text| u64::from_str_radix(text.trim(), 8).ok());
    let size = size.ok_or_else(bad)?;
    if header(&name, size).ok().as_ref() != Some(&block) {
        return Err(bad());
    }
    Ok(Some((name, size)))
}

/// Reads the description of a backup.
pub(super) fn description(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    describe(&mut file)
}

fn describe(file: &mut File) -> io::Result<Vec<u8>> {
    let bad = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no backup of this program",
        )
    };
    match read_header(file)? {
        Some((name, bytes)) if name == DESCRIPTION && bytes <= DESCRIPTION_BYTES_MAX => {
            let text = whole(file, bytes)?;
            match read_header(file)? {
                Some((name, bytes)) if name == DIGEST && bytes == DIGEST_BYTES => {
                    let digest = whole(file, bytes)?;
                    match digest == hex(&Sha256::digest(&text)).as_bytes() {
                        true => Ok(text),
                        false => Err(bad()),
                    }
                }
                _ => Err(bad()),
            }
        }
        _ => Err(bad()),
    }
}

/// The number of hexadecimal digits of a SHA-256.
const DIGEST_BYTES: u64 = 64;

/// The content of a small member.
fn whole(file: &mut File, bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    Read::by_ref(file).take(bytes).read_to_end(&mut content)?;
    skip(file, padding(bytes))?;
    Ok(content)
}

fn skip(file: &mut impl Read, bytes: usize) -> io::Result<()> {
    let mut block = [0; BLOCK];
    match block.get_mut(..bytes) {
        Some(rest) => file.read_exact(rest),
        None => Ok(()),
    }
}

/// A file of a backup that was written into a folder.
pub(super) struct UnpackedFile {
    pub(super) name: String,
    /// The SHA-256 of its content in hexadecimal digits.
    pub(super) sha256: String,
}

/// Writes the members of a backup into a folder, if their names are those of a backup's files, and returns the description, and the SHA-256 of each.
pub(super) fn unpack(
    path: &Path,
    folder: &Path,
    is_known: fn(&str) -> bool,
) -> io::Result<(Vec<u8>, Vec<UnpackedFile>)> {
    let mut file = File::open(path)?;
    let description = describe(&mut file)?;
    let mut unpacked = Vec::new();
    while let Some((name, bytes)) = read_header(&mut file)? {
        if !is_known(&name) {
            let text = format!("it has the member {name:?}, which no backup has");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let mut options = OpenOptions::new();
        let target = folder.join(&name);
        let mut target = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(target)?;
        give_to_owner(&target, folder)?;
        let copied = io::copy(&mut Read::by_ref(&mut file).take(bytes), &mut target)?;
        if copied != bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        target.sync_all()?;
        skip(&mut file, padding(bytes))?;
        let digest = sha256_of(&folder.join(&name))?;
        unpacked.push(UnpackedFile {
            name,
            sha256: digest,
        });
    }
    Ok((description, unpacked))
}

/// The SHA-256 of a file in hexadecimal digits.
pub(in crate::cli) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut room = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut room)?;
        let Some(part) = room.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        digest.update(part);
    }
    Ok(hex(&digest.finalize()))
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A private folder for the work of a command. Dropping this value removes it with everything in it.
pub(in crate::cli) struct WorkFolder(std::path::PathBuf);

impl WorkFolder {
    /// Makes a folder of a name that is not used yet in this folder.
    pub(in crate::cli) fn within(parent: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let path = parent.join(format!(".ferrotill-{}", uuid::Uuid::new_v4()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Makes a folder in a data folder, for files that go from it into the data folder: they belong to the owner of that.
    pub(in crate::cli) fn within_data(data: &Path) -> io::Result<Self> {
        let made = Self::within(data)?;
        give_path_to_owner(made.path())?;
        Ok(made)
    }

    pub(in crate::cli) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What is left is removed by hand.
        let _ = fs::remove_dir_all(&self.0);
    }
}
