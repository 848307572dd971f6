//! Passwords: which ones are allowed, and how one is stored (Argon2id).

use std::io;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The fewest characters of a password.
pub const CHARS_MIN: usize = 10;
const CHARS_MAX: usize = 200;
/// The memory of one computation in KiB, and the passes over it: the least that OWASP gives as enough.
const MEMORY_KIB: u32 = 7 * 1_024;
const PASSES: u32 = 5;
const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;
const PREFIX: &str = "$argon2id$v=19$m=7168,t=5,p=1$";

/// Checks whether a password is allowed.
///
/// # Errors
/// What is wrong with it.
pub fn check(password: &str) -> Result<(), String> {
    let chars = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&chars) {
        return Err(format!(
            "a password has {CHARS_MIN} to {CHARS_MAX} characters, and this one has {chars}"
        ));
    }
    let mut sorted: Vec<char> = password.chars().collect();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < 5 {
        return Err("the password has fewer than five different characters".to_owned());
    }
    Ok(())
}

/// The form in which a password is stored.
///
/// # Errors
/// If the system has no random numbers or no memory.
pub fn hashed(password: &str) -> io::Result<String> {
    let mut salt = [0_u8; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    let digest = digest(password, &salt)?;
    Ok(format!(
        "{PREFIX}{}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(*digest)
    ))
}

/// Whether a password is the stored one. It takes the same time where nothing is stored. Its work takes a part of a second: call it on a
/// thread that may wait.
#[must_use]
pub fn fits(password: &str, stored: Option<&str>) -> bool {
    let known = stored.and_then(read);
    let (salt, expected) = known
        .clone()
        .unwrap_or((vec![0; SALT_BYTES], vec![0; DIGEST_BYTES]));
    match digest(password, &salt) {
        Ok(digest) => known.is_some() && bool::from(digest.as_slice().ct_eq(&expected)),
        Err(_) => false,
    }
}

fn read(stored: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, digest) = stored.strip_prefix(PREFIX)?.split_once('$')?;
    let salt = STANDARD_NO_PAD.decode(salt).ok()?;
    let digest = STANDARD_NO_PAD.decode(digest).ok()?;
    (salt.len() == SALT_BYTES && digest.len() == DIGEST_BYTES).then_some((salt, digest))
}

fn digest(password: &str, salt: &[u8]) -> io::Result<Zeroizing<[u8; DIGEST_BYTES]>> {
    let params =
        Params::new(MEMORY_KIB, PASSES, 1, Some(DIGEST_BYTES)).map_err(io::Error::other)?;
    let mut digest = Zeroizing::new([0; DIGEST_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut *digest)
        .map_err(io::Error::other)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_password_fits_itself_alone() {
        let stored = hashed("correct horse").unwrap();
        assert!(fits("correct horse", Some(&stored)));
        assert!(!fits("correct horsf", Some(&stored)));
        assert!(!fits("correct horse", None));
        assert!(!fits(
            "correct horse",
            Some("$argon2id$v=19$m=7168,t=5,p=1$x$y")
        ));
        assert_ne!(hashed("correct horse").unwrap(), stored);
    }

    #[test]
    fn short_and_monotonous_passwords_are_refused() {
        assert!(check("short").is_err());
        assert!(check("aaaaaaaaaaaa").is_err());
        assert!(check("correct horse").is_ok());
    }
}
