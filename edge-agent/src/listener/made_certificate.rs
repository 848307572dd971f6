//! The certificate that the till makes for itself where the owner has none: its names, its files, and when it is made again.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::certificate::ServerCertificate;
use crate::secret_file::give_to_owner;

/// The files of the certificate that the till makes, in its data folder: the certificate and the key.
#[must_use]
pub fn made_files(folder: &Path) -> (PathBuf, PathBuf) {
    (
        folder.join("callers.certificate.pem"),
        folder.join("callers.key.pem"),
    )
}

/// The host name of this machine and its name in the local network (`NAME.local`); empty if it has no name of its own.
#[must_use]
pub fn machine_names() -> Vec<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim().to_ascii_lowercase();
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    match name.as_str() {
        "" | "localhost" | "(none)" => Vec::new(),
        _ if !is_name => Vec::new(),
        name => {
            let first = name.split('.').next().unwrap_or(name);
            vec![name.to_owned(), format!("{first}.local")]
        }
    }
}

/// Makes the certificate if there is none that can be used, if it ends within a week or does not begin before `now_ms`, or if it does
/// not have one of the names. True if it was made. The key stays the same, so that a caller that knows the key trusts the new
/// certificate too.
///
/// # Errors
///
/// The files cannot be written, or the system has no random numbers.
pub fn make_if_needed(
    folder: &Path,
    listen: SocketAddr,
    more_names: &[String],
    now_ms: i64,
) -> io::Result<bool> {
    let (certificate, key) = made_files(folder);
    let mut names = machine_names();
    names.push("localhost".to_owned());
    names.extend(more_names.iter().cloned());
    if is_good(&certificate, &key, &names, now_ms) {
        return Ok(false);
    }
    let pair = match fs::read_to_string(&key).map(|text| KeyPair::from_pem(&text)) {
        Ok(Ok(pair)) => pair,
        _ => KeyPair::generate().map_err(io::Error::other)?,
    };
    let text = certificate_text(&pair, &names, listen, now_ms).map_err(io::Error::other)?;
    write_private(&key, &pair.serialize_pem())?;
    write_private(&certificate, &format!("{}{text}", names_line(&names)))?;
    Ok(true)
}

fn is_good(certificate: &Path, key: &Path, names: &[String], now_ms: i64) -> bool {
    let has_names =
        fs::read_to_string(certificate).is_ok_and(|text| text.starts_with(&names_line(names)));
    let soon_ms = now_ms.saturating_add(RENEWED_BEFORE_MS);
    has_names
        && ServerCertificate::read(certificate, key)
            .is_ok_and(|found| found.valid_ms.0 <= now_ms && soon_ms < found.valid_ms.1)
}

/// The first line of the file, in front of the certificate itself: with other names the certificate is made again.
fn names_line(names: &[String]) -> String {
    format!("Made by ferrotill for {}\n", names.join(", "))
}

fn certificate_text(
    pair: &KeyPair,
    names: &[String],
    listen: SocketAddr,
    now_ms: i64,
) -> Result<String, rcgen::Error> {
    let mut all = names.to_vec();
    all.extend(addresses(listen).iter().map(IpAddr::to_string));
    all.dedup();
    let mut params = CertificateParams::new(all)?;
    let first = names.first().map_or("localhost", String::as_str);
    params.distinguished_name.push(DnType::CommonName, first);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Ferrotill");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |ms| {
        let day = Timestamp::from_millisecond(ms).unwrap_or_default();
        let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
        let [month, of_month] = [day.month(), day.day()].map(|part| part.unsigned_abs());
        date_time_ymd(i32::from(day.year()), month, of_month)
    };
    params.not_before = day(now_ms.saturating_sub(DAY_MS));
    params.not_after = day(now_ms.saturating_add(VALID_MS));
    Ok(params.self_signed(pair)?.pem())
}

/// The addresses at which callers reach this machine: loopback, the address on which the till listens, or, if it listens on all,
/// those from which the machine reaches others. Nothing is sent to find them.
fn addresses(listen: SocketAddr) -> Vec<IpAddr> {
    let mut found = vec![
        [127, 0, 0, 1].into(),
        IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
    ];
    if !listen.ip().is_unspecified() {
        found.push(listen.ip());
    }
    // Addresses that are reserved for documentation: no machine has them.
    for (from, to) in [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")] {
        let socket = UdpSocket::bind(from);
        let own = socket.and_then(|socket| {
            socket.connect(to)?;
            socket.local_addr()
        });
        found.extend(
            own.ok()
                .map(|own| own.ip())
                .filter(|ip| listen.ip().is_unspecified() && !ip.is_unspecified()),
        );
    }
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// Writes a file that only its owner may read. A crash leaves the old file or the new one.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    give_to_owner(&file, path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

const DAY_MS: i64 = 86_400_000;
/// How long the certificate is valid: 825 days, the most that some systems accept of a certificate that a person has trusted.
const VALID_MS: i64 = 825 * DAY_MS;
/// How long before its end the certificate is made again.
pub const RENEWED_BEFORE_MS: i64 = 7 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_again_a_week_before_its_end_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let listen = "192.168.7.9:50700".parse().unwrap();
        let now_ms = 1_764_322_112_345;
        let make = |names: &[String], now_ms| {
            make_if_needed(folder.path(), listen, names, now_ms).unwrap()
        };
        let (certificate, key) = made_files(folder.path());
        let valid = || {
            ServerCertificate::read(&certificate, &key)
                .unwrap()
                .valid_ms
        };
        assert!(make(&[], now_ms));
        let (from, until) = valid();
        assert!(from <= now_ms && now_ms - from <= 2 * DAY_MS, "{from}");
        assert!(
            (824..=826).contains(&((until - now_ms) / DAY_MS)),
            "{until}"
        );
        let secret = fs::read_to_string(&key).unwrap();
        for (days, made) in [
            (0, false),
            (816, false),
            (819, true),
            (819, false),
            (1_000, false),
            (0, true),
        ] {
            assert_eq!(make(&[], now_ms + days * DAY_MS), made, "{days}");
        }
        assert!(make(&["till.shop.lan".to_owned()], now_ms));
        assert_eq!(fs::read_to_string(&key).unwrap(), secret);
        for file in [&certificate, &key] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        // A key that was spoilt is made again with its certificate.
        fs::write(&key, "nothing").unwrap();
        assert!(make(&["till.shop.lan".to_owned()], now_ms));
        assert!(valid().1 > now_ms);
    }

    #[test]
    fn the_address_of_the_listener_is_in_the_certificate() {
        let found = addresses("192.168.7.9:80".parse().unwrap());
        assert_eq!(
            found,
            ["127.0.0.1", "::1", "192.168.7.9"].map(|ip| ip.parse::<IpAddr>().unwrap())
        );
        let all = addresses("0.0.0.0:80".parse().unwrap());
        assert!(
            all.iter().all(|address| !address.is_unspecified()),
            "{all:?}"
        );
    }
}
