//! The few forms of DER (ITU-T X.690) that a certificate of a signature unit needs, written and read.

/// The tags that are used here.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0C;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// The version of a certificate, `[0] EXPLICIT`.
pub(crate) const VERSION: u8 = 0xA0;

/// A value with its tag and length. The contents are the parts, one after another.
pub(crate) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len();
    let digits = length.to_be_bytes();
    let significant: Vec<u8> = digits.into_iter().skip_while(|digit| *digit == 0).collect();
    let mut der = vec![tag];
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        der.push(short);
    } else {
        let count = u8::try_from(significant.len()).unwrap_or(0);
        der.push(0x80 | count);
        der.extend(significant);
    }
    der.extend(contents);
    der
}

/// A number that is not negative, from its bytes, the highest first.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    // A first bit of 1 would mean a negative number.
    let sign: &[u8] = match digits.first() {
        Some(0..0x80) => &[],
        _ => &[0],
    };
    value(INTEGER, &[sign, &digits])
}

/// One value that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DerValue<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    /// Tag, length and contents.
    pub(crate) whole: &'a [u8],
}

/// The values of a text of DER, one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DerReader<'a>(&'a [u8]);

impl<'a> DerReader<'a> {
    pub(crate) const fn new(der: &'a [u8]) -> Self {
        Self(der)
    }

    /// The next value; `None` at the end and for a value that is cut off.
    pub(crate) fn any(&mut self) -> Option<DerValue<'a>> {
        let der = self.0;
        let (tag, rest) = der.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(*first), rest),
            // Four bytes of length are more than any certificate needs; the length without an end is not DER.
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                let length = digits.iter().try_fold(0_usize, |length, digit| {
                    length.checked_mul(256)?.checked_add(usize::from(*digit))
                })?;
                (length, rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        let whole = der.get(..der.len().checked_sub(rest.len())?)?;
        self.0 = rest;
        Some(DerValue {
            tag: *tag,
            contents,
            whole,
        })
    }

    /// The next value, which must have this tag. After another tag the reader still stands before it.
    pub(crate) fn take(&mut self, tag: u8) -> Option<DerValue<'a>> {
        let mut ahead = *self;
        let found = ahead.any().filter(|found| found.tag == tag)?;
        *self = ahead;
        Some(found)
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{DerReader, INTEGER, SEQUENCE, SET, unsigned, value};

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let contents = vec![7; length];
            let der = value(SEQUENCE, &[&contents]);
            let mut reader = DerReader::new(&der);
            let read = reader.take(SEQUENCE).unwrap();
            assert_eq!(read.contents, contents, "{length}");
            assert_eq!(read.whole, der);
            assert!(reader.is_at_end());
            for cut in [1, der.len() / 2, der.len() - 1] {
                assert!(
                    DerReader::new(&der[..cut]).any().is_none(),
                    "{length}: {cut}"
                );
            }
        }
    }

    #[test]
    fn a_number_is_never_negative() {
        for (bytes, der) in [
            (&[0, 0][..], &[INTEGER, 1, 0][..]),
            (&[0, 0x7F], &[INTEGER, 1, 0x7F]),
            (&[0x80], &[INTEGER, 2, 0, 0x80]),
            (&[], &[INTEGER, 1, 0]),
        ] {
            assert_eq!(unsigned(bytes), der);
        }
    }

    #[test]
    fn another_tag_is_not_taken() {
        let der = value(SET, &[]);
        let mut reader = DerReader::new(&der);
        assert!(reader.take(SEQUENCE).is_none());
        assert!(reader.take(SET).is_some());
        // The length without an end, and a length of five bytes.
        assert!(DerReader::new(&[SEQUENCE, 0x80, 0, 0]).any().is_none());
        assert!(
            DerReader::new(&[SEQUENCE, 0x85, 0, 0, 0, 0, 0])
                .any()
                .is_none()
        );
    }
}
