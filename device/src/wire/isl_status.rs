//! The status bytes of every answer, and the meaning of their bits in each family.
//!
//! Manuals: Datecs group A v1.00BG, group B v2.04BG, X v2.08, "Status bytes". See `docs/protocols/isl.md`.

use core::fmt;

/// The most status bytes that any family has.
pub const STATUS_LEN_MAX: usize = 8;

/// The status bytes of an answer; bit 7 of each is always set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Status {
    bytes: [u8; STATUS_LEN_MAX],
    len: usize,
}

impl Status {
    /// A status with this many bytes, of which only the fixed bits are set.
    #[must_use]
    pub const fn empty(len: usize) -> Self {
        Self {
            bytes: [0x80; STATUS_LEN_MAX],
            len: if len < STATUS_LEN_MAX {
                len
            } else {
                STATUS_LEN_MAX
            },
        }
    }

    /// The status of these bytes; `None` if no family has this number of status bytes.
    #[must_use]
    pub fn from_slice(slice: &[u8]) -> Option<Self> {
        let mut status = Self::empty(slice.len());
        status.bytes.get_mut(..slice.len())?.copy_from_slice(slice);
        Some(status)
    }

    /// The number in the seven lower bits of a status byte; 0 if there is no such byte.
    #[must_use]
    pub fn number_in(&self, byte: usize) -> u8 {
        self.bytes().get(byte).map_or(0, |value| value & 0x7F)
    }

    /// The status with this number in the seven lower bits of a status byte.
    #[must_use]
    pub fn with_number_in(mut self, byte: usize, number: u8) -> Self {
        if byte < self.len
            && let Some(value) = self.bytes.get_mut(byte)
        {
            *value = 0x80 | (number & 0x7F);
        }
        self
    }

    /// The status bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Status(")?;
        for (index, byte) in self.bytes().iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{byte:02X}")?;
        }
        f.write_str(")")
    }
}

/// The place of a flag: its byte, and its bit as a mask.
pub type FlagPlace = (Flag, usize, u8);

/// The meaning of the bits in one family.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The number of status bytes.
    pub len: usize,
    /// Tables of places; the first one with a flag decides, so that a variant contains only the differences.
    pub places: &'static [&'static [FlagPlace]],
    /// Flags that raise [`Flag::GeneralError`].
    pub general: &'static [Flag],
    /// Flags that raise [`Flag::FiscalMemoryError`].
    pub memory: &'static [Flag],
}

impl Layout {
    /// Whether the family has the flag.
    #[must_use]
    pub fn knows(&self, flag: Flag) -> bool {
        self.place(flag).is_some()
    }

    /// Whether the flag is set. In a family without the flag it is never set.
    #[must_use]
    pub fn has(&self, status: Status, flag: Flag) -> bool {
        self.place(flag).is_some_and(|(byte, bit)| {
            status
                .bytes()
                .get(byte)
                .is_some_and(|value| value & bit != 0)
        })
    }

    /// The status with the flag set, and with the general flag that it implies. A flag that the family does not have changes nothing.
    #[must_use]
    pub fn with(&self, status: Status, flag: Flag) -> Status {
        let mut status = status;
        if self.raise(&mut status, flag) {
            if self.general.contains(&flag) {
                self.raise(&mut status, Flag::GeneralError);
            }
            if self.memory.contains(&flag) {
                self.raise(&mut status, Flag::FiscalMemoryError);
            }
        }
        status
    }

    fn raise(&self, status: &mut Status, flag: Flag) -> bool {
        let place = self
            .place(flag)
            .and_then(|(byte, bit)| Some((status.bytes.get_mut(byte)?, bit)));
        match place {
            Some((value, bit)) => {
                *value |= bit;
                true
            }
            None => false,
        }
    }

    fn place(&self, flag: Flag) -> Option<(usize, u8)> {
        self.places
            .iter()
            .flat_map(|table| table.iter())
            .find(|(known, _, _)| *known == flag)
            .map(|(_, byte, bit)| (*byte, *bit))
    }
}

/// The bits of the status that have a meaning for a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// The cover is open.
    CoverOpen,
    /// One of the errors that cause a refusal is set.
    GeneralError,
    /// The printing mechanism failed.
    Mechanism,
    /// The clock must be set.
    ClockNotSet,
    /// The command is not known.
    UnknownCommand,
    /// The data cannot be read.
    Syntax,
    /// The tax terminal does not answer.
    TaxTerminal,
    /// A refund is open.
    RefundOpen,
    /// The working memory was lost.
    MemoryReset,
    /// The command is not allowed now.
    NotAllowed,
    /// A sum is too large.
    Overflow,
    /// The operator's password is wrong.
    WrongPassword,
    /// The device is in the mode in which a host can print.
    PrintingEnabled,
    /// A non-fiscal slip is open.
    SlipOpen,
    /// The electronic journal is near its end.
    JournalLow,
    /// A fiscal receipt is open, a refund included.
    ReceiptOpen,
    /// The electronic journal is at its end.
    JournalFull,
    /// The paper is near its end.
    PaperLow,
    /// There is no paper.
    PaperOut,
    /// The printing head is too hot.
    Overheated,
    /// One of the errors of the fiscal memory.
    FiscalMemoryError,
    /// The fiscal memory is full.
    FiscalMemoryFull,
    /// Few records are left in the fiscal memory.
    FiscalMemoryLow,
    /// Serial number and fiscal memory number are set.
    Numbered,
    /// The tax number is set.
    TaxIdSet,
    /// Writing to the fiscal memory failed.
    FiscalMemoryWrite,
    /// The fiscal memory cannot be read.
    FiscalMemoryRead,
    /// The tax rates are set.
    RatesSet,
    /// The device is fiscalised.
    Fiscalised,
    /// The last write to the fiscal memory failed.
    LastWriteFailed,
    /// The fiscal memory is formatted.
    Formatted,
    /// The fiscal memory is read-only.
    FiscalMemoryReadOnly,
}

/// The errors marked `#` in the manuals.
pub const GENERAL: &[Flag] = &[
    Flag::Mechanism,
    Flag::UnknownCommand,
    Flag::Syntax,
    Flag::MemoryReset,
    Flag::NotAllowed,
    Flag::Overflow,
    Flag::PaperOut,
];

/// The errors marked `*` in the manuals.
pub const MEMORY: &[Flag] = &[
    Flag::FiscalMemoryFull,
    Flag::FiscalMemoryWrite,
    Flag::LastWriteFailed,
    Flag::FiscalMemoryReadOnly,
];
