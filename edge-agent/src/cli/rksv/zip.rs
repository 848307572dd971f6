//! A ZIP file (APPNOTE 6.3) whose members are stored as they are, so that every program on an inspector's computer opens it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// A file without the extension for sizes of 64 bits has room for so many bytes.
const BYTES_MAX: u64 = 0xFFFF_FFFF;
const UTF8_NAMES: u16 = 1 << 11;

struct Member {
    name: String,
    crc: u32,
    bytes: u32,
    offset: u32,
}

/// Writes the files of a folder into a ZIP file, in this order. The file must not exist.
pub(super) fn write(path: &Path, folder: &Path, names: &[String]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    let written = write_members(&mut file, folder, names);
    if written.is_err() {
        // Half a file would look like a whole one.
        let _ = fs::remove_file(path);
    }
    written
}

fn write_members(file: &mut File, folder: &Path, names: &[String]) -> io::Result<()> {
    let mut members = Vec::new();
    let mut offset = 0_u64;
    for name in names {
        let source = folder.join(name);
        let bytes = fs::metadata(&source)?.len();
        let member = Member {
            name: name.clone(),
            crc: crc_of(&source)?,
            bytes: narrow(bytes)?,
            offset: narrow(offset)?,
        };
        let header = local_header(&member);
        file.write_all(&header)?;
        let copied = io::copy(&mut File::open(&source)?.take(bytes), file)?;
        if copied != bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        offset = offset
            .saturating_add(header.len() as u64)
            .saturating_add(bytes);
        members.push(member);
    }
    let mut directory = Vec::new();
    for member in &members {
        directory.extend(directory_entry(member));
    }
    let count = u16::try_from(members.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    file.write_all(&directory)?;
    let end = [
        &b"PK\x05\x06"[..],
        &[0; 4],
        &count.to_le_bytes(),
        &count.to_le_bytes(),
        &narrow(directory.len() as u64)?.to_le_bytes(),
        &narrow(offset)?.to_le_bytes(),
        &[0; 2],
    ]
    .concat();
    file.write_all(&end)?;
    file.sync_all()
}

fn narrow(bytes: u64) -> io::Result<u32> {
    let too_large = || {
        let text = format!(
            "the files have more than {BYTES_MAX} bytes together; write the protocols with `ferrotill rksv export`, by time"
        );
        io::Error::new(io::ErrorKind::FileTooLarge, text)
    };
    u32::try_from(bytes).map_err(|_| too_large())
}

/// What a local header and an entry of the directory have in common, from the version on. The time is that of no member: 1980-01-01.
fn common(member: &Member) -> Vec<u8> {
    let name_bytes = u16::try_from(member.name.len()).unwrap_or_default();
    [
        &20_u16.to_le_bytes()[..],
        &UTF8_NAMES.to_le_bytes(),
        &0_u16.to_le_bytes(),
        &0_u16.to_le_bytes(),
        &0x21_u16.to_le_bytes(),
        &member.crc.to_le_bytes(),
        &member.bytes.to_le_bytes(),
        &member.bytes.to_le_bytes(),
        &name_bytes.to_le_bytes(),
        &0_u16.to_le_bytes(),
    ]
    .concat()
}

fn local_header(member: &Member) -> Vec<u8> {
    [&b"PK\x03\x04"[..], &common(member), member.name.as_bytes()].concat()
}

fn directory_entry(member: &Member) -> Vec<u8> {
    [
        &b"PK\x01\x02"[..],
        &20_u16.to_le_bytes(),
        &common(member),
        &[0; 2],
        &[0; 2],
        &[0; 2],
        &[0; 4],
        &member.offset.to_le_bytes(),
        member.name.as_bytes(),
    ]
    .concat()
}

/// The CRC-32 of a file (ISO 3309).
fn crc_of(path: &Path) -> io::Result<u32> {
    let table = crc_table();
    let mut file = File::open(path)?;
    let mut room = vec![0; 64 * 1024];
    let mut crc = u32::MAX;
    loop {
        let read = file.read(&mut room)?;
        if read == 0 {
            return Ok(!crc);
        }
        for byte in room.iter().take(read) {
            let [low, ..] = crc.to_le_bytes();
            let step = table.get(usize::from(low ^ byte)).copied();
            crc = step.unwrap_or_default() ^ (crc >> 8);
        }
    }
}

fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    for (entry, value) in table.iter_mut().zip(0_u32..) {
        *entry = (0..8).fold(value, |crc, _| match crc & 1 {
            1 => 0xEDB8_8320 ^ (crc >> 1),
            _ => crc >> 1,
        });
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("check");
        fs::write(&file, b"123456789").unwrap();
        assert_eq!(crc_of(&file).unwrap(), 0xCBF4_3926);
    }
}
