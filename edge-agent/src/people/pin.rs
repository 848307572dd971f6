//! PINs: which ones are allowed, how the till makes one, and how one is stored.
//!
//! A PIN is stored as Argon2id. Its work needs some megabytes and a part of a second, so it is never done on a thread that sells.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The memory of one computation in KiB. OWASP gives 7 MiB with five passes as the least that is enough; a small ARM computer has it
/// to spare.
const MEMORY_KIB: u32 = 7 * 1_024;
/// The number of passes over the memory.
const PASSES: u32 = 5;
const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;
/// The smallest number of digits.
pub const DIGITS_MIN: usize = 6;
/// The largest number of digits.
pub const DIGITS_MAX: usize = 12;

/// Why a PIN is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinFault {
    /// It has something else than digits, or too few or too many of them.
    Form,
    /// It is one digit again and again, or digits in their order.
    TooEasy,
}

impl std::fmt::Display for PinFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form => write!(f, "the PIN must have {DIGITS_MIN} to {DIGITS_MAX} digits"),
            Self::TooEasy => f.write_str(
                "the PIN is too easy to guess; do not repeat one digit or count up or down",
            ),
        }
    }
}

/// Checks whether a PIN is allowed.
///
/// # Errors
///
/// [`PinFault`].
pub fn check_pin(pin: &str) -> Result<(), PinFault> {
    let digits = pin.as_bytes();
    if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit)
    {
        return Err(PinFault::Form);
    }
    let steps = || digits.iter().zip(digits.iter().skip(1));
    let same = |step: u8| {
        steps().all(|(before, after)| {
            let next = before.wrapping_sub(b'0').wrapping_add(step) % 10;
            after.wrapping_sub(b'0') == next
        })
    };
    // Nine steps up are one step down.
    if [0, 1, 9].into_iter().any(same) {
        return Err(PinFault::TooEasy);
    }
    Ok(())
}

/// Makes a PIN of eight random digits.
///
/// # Errors
///
/// The system has no random numbers.
pub fn random_pin() -> std::io::Result<Zeroizing<String>> {
    loop {
        let mut random = Zeroizing::new([0_u8; 64]);
        getrandom::fill(&mut *random).map_err(std::io::Error::other)?;
        // A byte above 249 would make some digits likelier than others.
        let digits = random.iter().filter(|byte| **byte < 250);
        let digits = digits.map(|byte| char::from(b'0'.wrapping_add(byte % 10)));
        let pin: Zeroizing<String> = Zeroizing::new(digits.take(8).collect());
        if pin.len() == 8 && check_pin(&pin).is_ok() {
            return Ok(pin);
        }
    }
}

/// The form in which a PIN is stored: the usual text of an Argon2id digest.
///
/// # Errors
///
/// The system has no random numbers or no memory.
pub fn hashed(pin: &str) -> std::io::Result<String> {
    let mut salt = [0_u8; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(std::io::Error::other)?;
    let digest = digest(pin, &salt, MEMORY_KIB, PASSES)?;
    let salt = STANDARD_NO_PAD.encode(salt);
    let digest = STANDARD_NO_PAD.encode(*digest);
    Ok(format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${digest}"
    ))
}

/// Whether a PIN is the stored one. A text that is no digest of this till fits no PIN, and takes the same time.
#[must_use]
pub fn fits(pin: &str, stored: &str) -> bool {
    let read = read(stored);
    let known = read.is_some();
    let (memory, passes, salt, expected) = read.unwrap_or_else(|| {
        (
            MEMORY_KIB,
            PASSES,
            vec![0; SALT_BYTES],
            vec![0; DIGEST_BYTES],
        )
    });
    match digest(pin, &salt, memory, passes) {
        Ok(digest) => known && bool::from(digest.as_slice().ct_eq(&expected)),
        Err(_) => false,
    }
}

/// Whether a text is a digest that [`fits`] can compare with.
#[must_use]
pub fn is_digest(stored: &str) -> bool {
    read(stored).is_some()
}

/// Memory, passes, salt and digest of a stored PIN. The limits keep a changed file from asking for any amount of memory.
fn read(stored: &str) -> Option<(u32, u32, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix("$argon2id$v=19$")?.split('$');
    let (costs, salt, digest) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = costs.split(',');
    let memory: u32 = costs.next()?.strip_prefix("m=")?.parse().ok()?;
    let passes: u32 = costs.next()?.strip_prefix("t=")?.parse().ok()?;
    let is_ours = costs.eq(["p=1"])
        && parts.next().is_none()
        && (8..=MEMORY_KIB).contains(&memory)
        && (1..=PASSES).contains(&passes);
    let salt = STANDARD_NO_PAD.decode(salt).ok()?;
    let digest = STANDARD_NO_PAD.decode(digest).ok()?;
    (is_ours && salt.len() == SALT_BYTES && digest.len() == DIGEST_BYTES)
        .then_some((memory, passes, salt, digest))
}

fn digest(
    pin: &str,
    salt: &[u8],
    memory: u32,
    passes: u32,
) -> std::io::Result<Zeroizing<[u8; DIGEST_BYTES]>> {
    let failed = |error: argon2::Error| std::io::Error::other(error.to_string());
    let params = Params::new(memory, passes, 1, Some(DIGEST_BYTES)).map_err(failed)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut digest = Zeroizing::new([0; DIGEST_BYTES]);
    argon
        .hash_password_into(pin.as_bytes(), salt, &mut *digest)
        .map_err(failed)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::{PinFault, check_pin, fits, hashed, random_pin};

    #[test]
    fn a_pin_has_enough_digits_and_no_simple_order() {
        for (pin, expected) in [
            ("", Err(PinFault::Form)),
            ("12345", Err(PinFault::Form)),
            ("1234567890123", Err(PinFault::Form)),
            ("12345a", Err(PinFault::Form)),
            ("١٢٣٤٥٦", Err(PinFault::Form)),
            ("000000", Err(PinFault::TooEasy)),
            ("123456", Err(PinFault::TooEasy)),
            ("890123", Err(PinFault::TooEasy)),
            ("654321", Err(PinFault::TooEasy)),
            ("102938", Ok(())),
            ("123455", Ok(())),
        ] {
            assert_eq!(check_pin(pin), expected, "{pin}");
        }
        assert_eq!(check_pin(&random_pin().unwrap()), Ok(()));
    }

    #[test]
    fn only_the_same_pin_fits_its_digest() {
        let stored = hashed("102938").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
        assert!(fits("102938", &stored));
        assert!(!fits("102939", &stored));
        assert_ne!(stored, hashed("102938").unwrap());
        for other in ["", "102938", "$argon2id$v=19$m=4000000,t=5,p=1$AAAA$AAAA"] {
            assert!(!fits("102938", other), "{other}");
        }
    }

    /// The digest was made by the C library of the authors of Argon2.
    #[test]
    fn the_digest_is_that_of_others() {
        let stored = "$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$0FMcf6f50hizfUouJPrOZOke28z2+PFzDmWAYTfe5aU";
        assert!(fits("102938", stored));
        assert!(!fits("102939", stored));
    }
}
