//! The one-time code that a person types at a till.
//!
//! A code has 16 groups of 6 characters. A group has 5 symbols and a check symbol, so that a mistake is found in its group. The symbols
//! are digits and capital letters without I, L, O and U (Crockford's base 32); small letters, and the letters I, L and O for the digits
//! that they look like, are read too. Spaces and hyphens between groups are not needed.
//!
//! The 80 symbols are: the version (1), the content (77: 384 bits and a bit of zero), and a check of the whole (2).

use core::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The length of a code's secret.
pub const SECRET_BYTES: usize = 16;

/// The length of the prefix of the authority's fingerprint in a code.
const FINGERPRINT_BYTES: usize = 16;

/// A one-time code: it names the hub by its authority, the till, and has a secret that the hub accepts once.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode {
    authority: [u8; FINGERPRINT_BYTES],
    till: [u8; 16],
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

/// What is wrong with a code that a person has typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// The code has too few or too many characters.
    Length {
        /// How many characters it has, without spaces and hyphens.
        found: usize,
        /// The group that is not complete or the first that is too many, counted from 1.
        group: usize,
    },
    /// A character occurs in no code.
    Symbol {
        /// The group, counted from 1.
        group: usize,
        /// The character.
        symbol: char,
    },
    /// The check symbol of a group does not fit.
    Group {
        /// The group, counted from 1.
        group: usize,
        /// The group as it was typed.
        text: String,
    },
    /// Each group is right, but not all of them together: groups are swapped, or of two codes.
    Whole,
    /// The code is of a newer hub.
    Version,
}

impl OneTimeCode {
    /// A code for a till. `authority_der` is the certificate of the hub's authority; the secret is 16 random bytes.
    #[must_use]
    pub fn new(authority_der: &[u8], till: Uuid, secret: [u8; SECRET_BYTES]) -> Self {
        Self {
            authority: fingerprint(authority_der),
            till: till.into_bytes(),
            secret: Zeroizing::new(secret),
        }
    }

    /// Reads a code as a person has typed it.
    ///
    /// # Errors
    /// If it is no code. The error names the group that is mistyped.
    pub fn parse(typed: &str) -> Result<Self, CodeError> {
        let symbols = symbols_of(typed)?;
        let mut data = Vec::with_capacity(DATA_SYMBOLS);
        for (n, group) in symbols.chunks(GROUP_SYMBOLS).enumerate() {
            let (values, check) = group.split_at_checked(GROUP_DATA).unwrap_or((group, &[]));
            if check != [group_check(values)] {
                let text = group.iter().map(|value| symbol(*value)).collect();
                return Err(CodeError::Group { group: n + 1, text });
            }
            data.extend_from_slice(values);
        }
        let (data, check) = data
            .split_at_checked(DATA_SYMBOLS - 2)
            .ok_or(CodeError::Whole)?;
        if check != whole_check(data) {
            return Err(CodeError::Whole);
        }
        let (version, content) = data.split_first().ok_or(CodeError::Whole)?;
        if *version != CODE_VERSION {
            return Err(CodeError::Version);
        }
        let bytes = bytes_of(content).ok_or(CodeError::Whole)?;
        let (authority, rest) = bytes.split_first_chunk().ok_or(CodeError::Whole)?;
        let (till, secret) = rest.split_first_chunk().ok_or(CodeError::Whole)?;
        Ok(Self {
            authority: *authority,
            till: *till,
            secret: Zeroizing::new(secret.try_into().map_err(|_| CodeError::Whole)?),
        })
    }

    /// The till that the code is for.
    #[must_use]
    pub fn till(&self) -> Uuid {
        Uuid::from_bytes(self.till)
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// Whether this certificate (DER) is that of the hub's authority.
    #[must_use]
    pub fn is_authority(&self, authority_der: &[u8]) -> bool {
        self.authority == fingerprint(authority_der)
    }

    /// The first 128 bits of the SHA-256 of the authority's certificate, in hexadecimal, for messages.
    #[must_use]
    pub fn authority_fingerprint(&self) -> String {
        self.authority
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// The code as a person types it: one line of groups with hyphens between them.
impl fmt::Display for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = [&self.authority[..], &self.till, &self.secret[..]].concat();
        let mut data = vec![CODE_VERSION];
        data.extend(values_of(&content));
        let check = whole_check(&data);
        data.extend(check);
        for (n, group) in data.chunks(GROUP_DATA).enumerate() {
            if n > 0 {
                f.write_str("-")?;
            }
            for value in group.iter().copied().chain([group_check(group)]) {
                write!(f, "{}", symbol(value))?;
            }
        }
        Ok(())
    }
}

/// Without the secret: a log may show it.
impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OneTimeCode for {}", self.till())
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { found, group } => write!(
                f,
                "the code has {found} characters instead of {CODE_SYMBOLS}: look at group {group}; a code has {GROUPS} groups of {GROUP_SYMBOLS}"
            ),
            Self::Symbol { group, symbol } => write!(
                f,
                "group {group} has the character {symbol:?}, which occurs in no code"
            ),
            Self::Group { group, text } => {
                write!(f, "group {group} ({text}) is mistyped")
            }
            Self::Whole => f.write_str(
                "each group of the code is right, but groups are swapped or are of two different codes",
            ),
            Self::Version => {
                f.write_str("the code is of a newer hub than this program knows; update the program")
            }
        }
    }
}

impl core::error::Error for CodeError {}

fn fingerprint(authority_der: &[u8]) -> [u8; FINGERPRINT_BYTES] {
    let digest: [u8; 32] = Sha256::digest(authority_der).into();
    let mut prefix = [0; FINGERPRINT_BYTES];
    prefix
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    prefix
}

/// The symbols of a typed code, as numbers below 32.
fn symbols_of(typed: &str) -> Result<Vec<u8>, CodeError> {
    let mut values = Vec::with_capacity(CODE_SYMBOLS);
    let written = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    for c in written.clone().take(CODE_SYMBOLS + 1) {
        let symbol = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let place = ALPHABET.chars().position(|known| known == symbol);
        match place.and_then(|place| u8::try_from(place).ok()) {
            Some(value) => values.push(value),
            None => {
                return Err(CodeError::Symbol {
                    group: values.len() / GROUP_SYMBOLS + 1,
                    symbol: c,
                });
            }
        }
    }
    if values.len() == CODE_SYMBOLS {
        return Ok(values);
    }
    Err(CodeError::Length {
        found: written.count(),
        group: short_group(typed).unwrap_or(values.len() / GROUP_SYMBOLS + 1),
    })
}

/// The first group between hyphens or spaces that has not six characters.
fn short_group(typed: &str) -> Option<usize> {
    let groups = typed
        .split(|c: char| c.is_whitespace() || c == '-')
        .filter(|group| !group.is_empty());
    let lengths: Vec<usize> = groups.map(|group| group.chars().count()).collect();
    if lengths.len() < 2 {
        return None;
    }
    let place = lengths.iter().position(|length| *length != GROUP_SYMBOLS);
    place.map(|place| place + 1)
}

fn symbol(value: u8) -> char {
    ALPHABET.chars().nth(usize::from(value)).unwrap_or_default()
}

/// The check symbol of a group: its values as a polynomial over the field of 32 elements. It finds each wrong symbol and each swap of
/// two symbols.
fn group_check(values: &[u8]) -> u8 {
    values.iter().fold(0, |sum, value| times_two(sum ^ value))
}

/// Multiplies by the field's generator: shift, and reduce by x⁵ + x² + 1.
const fn times_two(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 0x20 == 0 {
        doubled
    } else {
        (doubled ^ 0x25) & 0x1f
    }
}

/// Ten bits of the digest of all symbols before.
fn whole_check(values: &[u8]) -> [u8; 2] {
    let digest = Sha256::digest(values);
    match digest.as_slice() {
        [first, second, ..] => [first & 0x1f, second & 0x1f],
        _ => [0, 0],
    }
}

/// Bytes as numbers of five bits; the last is filled up with zeros.
fn values_of(bytes: &[u8]) -> Vec<u8> {
    let mut values = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8 | u32::from(*byte)) & 0xffff;
        count += 8;
        while count >= 5 {
            count -= 5;
            values.push(low_five(bits >> count));
        }
    }
    if count > 0 {
        values.push(low_five(bits << (5 - count)));
    }
    values
}

/// The bytes of numbers of five bits; `None` if the bits that fill up the last are not zero.
fn bytes_of(values: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for value in values {
        bits = (bits << 5 | u32::from(*value)) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    let left = bits & ((1 << count) - 1);
    (left == 0).then_some(bytes)
}

fn low_five(bits: u32) -> u8 {
    u8::try_from(bits & 0x1f).unwrap_or_default()
}

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_VERSION: u8 = 1;
const GROUPS: usize = 16;
const GROUP_DATA: usize = 5;
const GROUP_SYMBOLS: usize = 6;
const DATA_SYMBOLS: usize = GROUPS * GROUP_DATA;
const CODE_SYMBOLS: usize = GROUPS * GROUP_SYMBOLS;
