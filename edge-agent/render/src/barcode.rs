//! Barcodes as rows of bars, in the thirteen encodings of the eReceipt API.

use crate::bitmap::Bitmap;

/// An encoding of a barcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barcode {
    /// Code 128, of ASCII text.
    Code128,
    /// EAN-13, with or without its check digit.
    Ean13,
    /// UPC-A, with or without its check digit.
    Upc,
    /// EAN-8, with or without its check digit.
    Ean8,
    /// The five digits beside an EAN.
    Ean5,
    /// The two digits beside an EAN.
    Ean2,
    /// Code 39.
    Code39,
    /// ITF-14, with or without its check digit.
    Itf14,
    /// MSI, without a check digit of its own.
    Msi,
    /// Pharmacode: a number from 3 to 131070.
    Pharmacode,
    /// Codabar; the vendor's word is CODEBAR.
    Codabar,
    /// Code 93.
    Code93,
    /// Interleaved 2 of 5: an even number of digits.
    Interleaved,
}

/// Why a text cannot be written in an encoding: what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarcodeFault(String);

impl std::fmt::Display for BarcodeFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BarcodeFault {}

/// The most letters of a barcode, so that it fits a phone.
const LETTERS_MAX: usize = 40;
/// The white modules at each side.
const QUIET: u32 = 10;
/// The height of the bars in modules.
const HEIGHT: u32 = 40;

impl Barcode {
    /// All encodings.
    pub const ALL: [Self; 13] = [
        Self::Code128,
        Self::Ean13,
        Self::Upc,
        Self::Ean8,
        Self::Ean5,
        Self::Ean2,
        Self::Code39,
        Self::Itf14,
        Self::Msi,
        Self::Pharmacode,
        Self::Codabar,
        Self::Code93,
        Self::Interleaved,
    ];

    /// The vendor's name of the encoding.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code128 => "CODE128",
            Self::Ean13 => "EAN13",
            Self::Upc => "UPC",
            Self::Ean8 => "EAN8",
            Self::Ean5 => "EAN5",
            Self::Ean2 => "EAN2",
            Self::Code39 => "CODE39",
            Self::Itf14 => "ITF14",
            Self::Msi => "MSI",
            Self::Pharmacode => "PHARMACODE",
            Self::Codabar => "CODEBAR",
            Self::Code93 => "CODE93",
            Self::Interleaved => "INTERLEAVED2OF5",
        }
    }

    /// The encoding with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|barcode| barcode.name() == name)
    }

    /// The modules of a text: `1` is black.
    ///
    /// # Errors
    ///
    /// The text cannot be written in this encoding.
    pub fn bars(self, data: &str) -> Result<String, BarcodeFault> {
        if data.is_empty() || data.chars().count() > LETTERS_MAX {
            return fault(format!("should have 1 to {LETTERS_MAX} letters"));
        }
        match self {
            Self::Code128 => code_128(data),
            Self::Ean13 => Ok(ean_13(&digits(data, 12, true)?)),
            Self::Upc => Ok(ean_13(&format!("0{}", digits(data, 11, true)?))),
            Self::Ean8 => Ok(ean_8(&digits(data, 7, true)?)),
            Self::Ean5 => Ok(ean_5(&digits(data, 5, false)?)),
            Self::Ean2 => Ok(ean_2(&digits(data, 2, false)?)),
            Self::Code39 => code_39(data),
            Self::Itf14 => Ok(interleaved(&digits(data, 13, true)?)),
            Self::Msi => msi(data),
            Self::Pharmacode => pharmacode(data),
            Self::Codabar => codabar(data),
            Self::Code93 => code_93(data),
            Self::Interleaved => {
                let even = data.len().is_multiple_of(2);
                if !even || !all_digits(data) {
                    return fault("should have an even number of digits".to_owned());
                }
                Ok(interleaved(data))
            }
        }
    }

    /// The picture of a text.
    ///
    /// # Errors
    ///
    /// The text cannot be written in this encoding.
    pub fn picture(self, data: &str) -> Result<Bitmap, BarcodeFault> {
        let bars = self.bars(data)?;
        let width = u32::try_from(bars.len()).unwrap_or(u32::MAX);
        let mut bitmap = Bitmap::white(width.saturating_add(2 * QUIET), HEIGHT);
        for (x, _) in (QUIET..).zip(bars.bytes()).filter(|(_, bar)| *bar == b'1') {
            for y in 0..HEIGHT {
                bitmap.set(x, y);
            }
        }
        Ok(bitmap)
    }
}

fn fault<T>(says: String) -> Result<T, BarcodeFault> {
    Err(BarcodeFault(says))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn value(digit: u8) -> usize {
    usize::from(digit.saturating_sub(b'0'))
}

/// The digits of a number with `length` digits; a check digit is added, or checked if it is there.
fn digits(text: &str, length: usize, checked: bool) -> Result<String, BarcodeFault> {
    let full = length + usize::from(checked);
    if !all_digits(text) || (text.len() != length && text.len() != full) {
        let or = if checked {
            format!(", or {full} with the check digit")
        } else {
            String::new()
        };
        return fault(format!("should have {length} digits{or}"));
    }
    if !checked {
        return Ok(text.to_owned());
    }
    let body: String = text.chars().take(length).collect();
    let sum: usize = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| value(digit) * if place % 2 == 0 { 3 } else { 1 })
        .sum();
    let whole = format!("{body}{}", (10 - sum % 10) % 10);
    if text.len() == full && text != whole {
        return fault(format!("has a wrong check digit; {whole} is right"));
    }
    Ok(whole)
}

const EAN_LEFT: [&str; 10] = [
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011",
    "0110111", "0001011",
];
/// Which left digits of an EAN-13 have even parity, by the first digit.
const EAN_PARITY: [&str; 10] = [
    "000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110",
    "011010",
];

fn ean_left(digit: u8) -> &'static str {
    EAN_LEFT.get(value(digit)).copied().unwrap_or_default()
}

fn inverted(pattern: &str) -> String {
    pattern
        .chars()
        .map(|module| if module == '0' { '1' } else { '0' })
        .collect()
}

/// The left digit with even parity: the right digit, mirrored.
fn ean_even(digit: u8) -> String {
    inverted(ean_left(digit)).chars().rev().collect()
}

fn ean_side(digit: u8, even: bool) -> String {
    if even {
        ean_even(digit)
    } else {
        ean_left(digit).to_owned()
    }
}

fn ean_13(digits: &str) -> String {
    let first = digits.bytes().next().unwrap_or(b'0');
    let parity = EAN_PARITY.get(value(first)).copied().unwrap_or_default();
    let mut bars = String::from("101");
    for (digit, even) in digits.bytes().skip(1).zip(parity.bytes()) {
        bars.push_str(&ean_side(digit, even == b'1'));
    }
    bars.push_str("01010");
    for digit in digits.bytes().skip(7) {
        bars.push_str(&inverted(ean_left(digit)));
    }
    bars.push_str("101");
    bars
}

fn ean_8(digits: &str) -> String {
    let mut bars = String::from("101");
    for digit in digits.bytes().take(4) {
        bars.push_str(ean_left(digit));
    }
    bars.push_str("01010");
    for digit in digits.bytes().skip(4) {
        bars.push_str(&inverted(ean_left(digit)));
    }
    bars.push_str("101");
    bars
}

/// Which digits of a supplement have even parity, by the checksum.
const EAN_5_PARITY: [&str; 10] = [
    "11000", "10100", "10010", "10001", "01100", "00110", "00011", "01010", "01001", "00101",
];

fn supplement(digits: &str, parity: &str) -> String {
    let sides: Vec<String> = digits
        .bytes()
        .zip(parity.bytes())
        .map(|(digit, even)| ean_side(digit, even == b'1'))
        .collect();
    format!("1011{}", sides.join("01"))
}

fn ean_5(digits: &str) -> String {
    let sum: usize = digits
        .bytes()
        .enumerate()
        .map(|(place, digit)| value(digit) * if place % 2 == 0 { 3 } else { 9 })
        .sum();
    let parity = EAN_5_PARITY.get(sum % 10).copied().unwrap_or_default();
    supplement(digits, parity)
}

fn ean_2(digits: &str) -> String {
    let parity = ["00", "01", "10", "11"];
    let number: usize = digits.parse().unwrap_or(0);
    supplement(digits, parity.get(number % 4).copied().unwrap_or_default())
}

/// Bars and spaces of widths: the first one is black.
fn of_widths(widths: impl IntoIterator<Item = usize>) -> String {
    let mut bars = String::new();
    for (place, width) in widths.into_iter().enumerate() {
        let module = if place % 2 == 0 { "1" } else { "0" };
        bars.push_str(&module.repeat(width));
    }
    bars
}

const CODE_39_LETTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%*";
/// Nine elements of each letter; 1 is wide.
const CODE_39: [u16; 44] = [
    0o064, 0o441, 0o141, 0o540, 0o061, 0o460, 0o160, 0o045, 0o444, 0o144, 0o411, 0o111, 0o510,
    0o031, 0o430, 0o130, 0o015, 0o414, 0o114, 0o034, 0o403, 0o103, 0o502, 0o023, 0o422, 0o122,
    0o007, 0o406, 0o106, 0o026, 0o601, 0o301, 0o700, 0o221, 0o620, 0o320, 0o205, 0o604, 0o304,
    0o250, 0o242, 0o212, 0o052, 0o224,
];

fn code_39(data: &str) -> Result<String, BarcodeFault> {
    if data.contains('*') || !data.chars().all(|letter| CODE_39_LETTERS.contains(letter)) {
        return fault("should have digits, capital letters and - . $ / + % only".to_owned());
    }
    let letters: Vec<String> = format!("*{data}*")
        .chars()
        .map(|letter| {
            let place = CODE_39_LETTERS.find(letter).unwrap_or_default();
            let pattern = CODE_39.get(place).copied().unwrap_or_default();
            let wide = (0..9).rev().map(|bit| (pattern >> bit) & 1 == 1);
            of_widths(wide.map(|wide| if wide { 3 } else { 1 }))
        })
        .collect();
    Ok(letters.join("0"))
}

/// The wide elements of each digit.
const TWO_OF_FIVE: [&str; 10] = [
    "00110", "10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010",
];

fn interleaved(digits: &str) -> String {
    let mut bars = String::from("1010");
    for pair in digits.as_bytes().chunks_exact(2) {
        let (Some(black), Some(white)) = (pair.first(), pair.get(1)) else {
            continue;
        };
        let wide = |digit: u8| TWO_OF_FIVE.get(value(digit)).copied().unwrap_or_default();
        let widths = wide(*black)
            .bytes()
            .zip(wide(*white).bytes())
            .flat_map(|(black, white)| [black, white]);
        bars.push_str(&of_widths(
            widths.map(|wide| if wide == b'1' { 3 } else { 1 }),
        ));
    }
    bars.push_str("11101");
    bars
}

fn msi(data: &str) -> Result<String, BarcodeFault> {
    if !all_digits(data) {
        return fault("should have digits only".to_owned());
    }
    let mut bars = String::from("110");
    for digit in data.bytes() {
        for bit in (0..4).rev() {
            let one = (value(digit) >> bit) & 1 == 1;
            bars.push_str(if one { "110" } else { "100" });
        }
    }
    bars.push_str("1001");
    Ok(bars)
}

fn pharmacode(data: &str) -> Result<String, BarcodeFault> {
    let number = data.parse::<u32>().ok();
    let Some(mut number) = number.filter(|number| (3..=131_070).contains(number)) else {
        return fault("should be a number from 3 to 131070".to_owned());
    };
    let mut stripes = Vec::new();
    while number > 0 {
        if number % 2 == 0 {
            stripes.push("111");
            number = (number - 2) / 2;
        } else {
            stripes.push("1");
            number = (number - 1) / 2;
        }
    }
    stripes.reverse();
    Ok(stripes.join("00"))
}

const CODABAR_LETTERS: &str = "0123456789-$:/.+ABCD";
const CODABAR: [&str; 20] = [
    "101010011",
    "101011001",
    "101001011",
    "110010101",
    "101101001",
    "110101001",
    "100101011",
    "100101101",
    "100110101",
    "110100101",
    "101001101",
    "101100101",
    "1101011011",
    "1101101011",
    "1101101101",
    "1011011011",
    "1011001001",
    "1001001011",
    "1010010011",
    "1010011001",
];

fn codabar(data: &str) -> Result<String, BarcodeFault> {
    let is_end = |letter: Option<char>| letter.is_some_and(|letter| "ABCD".contains(letter));
    let framed = is_end(data.chars().next()) && is_end(data.chars().last()) && data.len() > 1;
    let whole = if framed {
        data.to_owned()
    } else {
        format!("A{data}A")
    };
    let inner = whole
        .get(1..whole.len().saturating_sub(1))
        .unwrap_or_default();
    let is_inner = |letter: char| CODABAR_LETTERS.contains(letter) && !letter.is_ascii_alphabetic();
    if inner.is_empty() || !inner.chars().all(is_inner) {
        return fault("should have digits and - $ : / . + between two of A, B, C and D".to_owned());
    }
    let letters: Vec<&str> = whole
        .chars()
        .filter_map(|letter| CODABAR.get(CODABAR_LETTERS.find(letter)?).copied())
        .collect();
    Ok(letters.join("0"))
}

const CODE_93_LETTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
const CODE_93: [u16; 43] = [
    0x114, 0x148, 0x144, 0x142, 0x128, 0x124, 0x122, 0x150, 0x112, 0x10A, 0x1A8, 0x1A4, 0x1A2,
    0x194, 0x192, 0x18A, 0x168, 0x164, 0x162, 0x134, 0x11A, 0x158, 0x14C, 0x146, 0x12C, 0x116,
    0x1B4, 0x1B2, 0x1AC, 0x1A6, 0x196, 0x19A, 0x16C, 0x166, 0x136, 0x13A, 0x12E, 0x1D4, 0x1D2,
    0x1CA, 0x16E, 0x176, 0x1AE,
];
const CODE_93_FRAME: u16 = 0x15E;
/// The four letters that shift the next one; they are check letters too.
const CODE_93_SHIFTS: [u16; 4] = [0x126, 0x1DA, 0x1D6, 0x132];

fn code_93(data: &str) -> Result<String, BarcodeFault> {
    let places: Option<Vec<usize>> = data
        .chars()
        .map(|letter| CODE_93_LETTERS.find(letter))
        .collect();
    let Some(mut places) = places else {
        return fault("should have digits, capital letters and - . $ / + % only".to_owned());
    };
    for most in [20, 15] {
        let sum: usize = places
            .iter()
            .rev()
            .enumerate()
            .map(|(place, value)| (place % most + 1) * value)
            .sum();
        places.push(sum % 47);
    }
    let pattern = |place: usize| {
        let shift = || CODE_93_SHIFTS.get(place.saturating_sub(CODE_93.len()));
        CODE_93
            .get(place)
            .or_else(shift)
            .copied()
            .unwrap_or_default()
    };
    let letters = places.into_iter().map(pattern);
    let framed = std::iter::once(CODE_93_FRAME)
        .chain(letters)
        .chain([CODE_93_FRAME]);
    let mut bars: String = framed.map(|letter| format!("{letter:09b}")).collect();
    bars.push('1');
    Ok(bars)
}

/// The widths of bars and spaces of each value of Code 128; the last one is the stop.
const CODE_128: &str = "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214211232";
const CODE_128_STOP: &str = "2331112";
const CODE_128_START_B: usize = 104;
const CODE_128_START_C: usize = 105;

fn code_128(data: &str) -> Result<String, BarcodeFault> {
    if !data.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return fault("should have letters of ASCII only".to_owned());
    }
    let mut values = Vec::new();
    if all_digits(data) && data.len().is_multiple_of(2) {
        values.push(CODE_128_START_C);
        let pairs = data.as_bytes().chunks_exact(2);
        values.extend(pairs.map(|pair| {
            pair.iter()
                .fold(0, |number, digit| number * 10 + value(*digit))
        }));
    } else {
        values.push(CODE_128_START_B);
        values.extend(data.bytes().map(|byte| usize::from(byte - b' ')));
    }
    let start = values.first().copied().unwrap_or_default();
    let weighted = values.iter().enumerate().skip(1);
    let sum: usize = start + weighted.map(|(place, value)| place * value).sum::<usize>();
    values.push(sum % 103);
    let mut bars = String::new();
    for value in values {
        let widths = CODE_128.get(value * 6..value * 6 + 6).unwrap_or_default();
        bars.push_str(&of_widths(widths.bytes().map(self::value)));
    }
    bars.push_str(&of_widths(CODE_128_STOP.bytes().map(self::value)));
    Ok(bars)
}

#[cfg(test)]
mod tests {
    use super::Barcode;

    /// The worked examples of the standards.
    #[test]
    fn the_bars_are_those_of_the_standards() {
        let bars = |barcode: Barcode, data: &str| barcode.bars(data).unwrap();
        let ean_8 = [
            "101", "0110001", "0110001", "0011001", "0010011", "01010", "1000010", "1011100",
            "1001110", "1000100", "101",
        ];
        assert_eq!(bars(Barcode::Ean8, "55123457"), ean_8.concat());
        let upc = [
            "101", "0001101", "0111101", "0101111", "0001101", "0001101", "0001101", "01010",
            "1101100", "1110100", "1100110", "1011100", "1001110", "1101100", "101",
        ];
        assert_eq!(bars(Barcode::Upc, "036000291452"), upc.concat());
        let code_93 = [
            "101011110",
            "110100110",
            "110010010",
            "110101100",
            "110100110",
            "100001010",
            "101000010",
            "101110110",
            "100100010",
            "101011110",
            "1",
        ];
        assert_eq!(bars(Barcode::Code93, "TEST93"), code_93.concat());
        // Each bit is a wide or a narrow bar; the four bits of a digit follow each other.
        let msi = ["110", "100100100110", "100100110100", "1001"];
        assert_eq!(bars(Barcode::Msi, "12"), msi.concat());
        // From the right: 1234 and 616 are even (wide), 307 and 153 odd (narrow), and so on down to 1.
        let (narrow, wide) = ("1", "111");
        let pharmacode = [
            narrow, narrow, wide, wide, narrow, wide, narrow, narrow, wide, wide,
        ];
        assert_eq!(bars(Barcode::Pharmacode, "1234"), pharmacode.join("00"));
        let both = [
            bars(Barcode::Ean13, "871125300120"),
            bars(Barcode::Ean13, "8711253001202"),
        ];
        assert_eq!(both[0], both[1]);
        assert_eq!(both[0].len(), 95);
    }

    #[test]
    fn what_an_encoding_cannot_write_is_refused() {
        for (barcode, data) in [
            (Barcode::Ean13, "8711253001203"),
            (Barcode::Ean8, "123"),
            (Barcode::Code39, "a"),
            (Barcode::Code128, "ä"),
            (Barcode::Pharmacode, "2"),
            (Barcode::Interleaved, "123"),
            (Barcode::Msi, "1A"),
            (Barcode::Codabar, "A"),
            (Barcode::Ean2, ""),
        ] {
            assert!(barcode.bars(data).is_err(), "{barcode:?} {data}");
        }
        for barcode in Barcode::ALL {
            assert_eq!(Barcode::named(barcode.name()), Some(barcode));
            assert!(barcode.bars(&"1".repeat(41)).is_err());
        }
    }
}
