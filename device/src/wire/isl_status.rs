//! The six status bytes that every answer of a Datecs classic printer carries.
//!
//! Manual: Datecs group A, v1.00BG, "Status bytes"; spec 1.1.

use core::fmt;

/// Status bytes of an answer.
pub const STATUS_LEN: usize = 6;

/// The six status bytes (spec 1.1; bit 7 of each is always set).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Status([u8; STATUS_LEN]);

impl Status {
    /// Nothing set but the fixed bits.
    pub const EMPTY: Self = Self([0x80; STATUS_LEN]);

    /// The status of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; STATUS_LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; STATUS_LEN] {
        self.0
    }

    /// The flag is set.
    #[must_use]
    pub fn has(self, flag: Flag) -> bool {
        let (byte, bit) = flag.place();
        self.0.get(byte).is_some_and(|value| value & bit != 0)
    }

    /// With the flag set, and the general flag that it implies.
    #[must_use]
    pub fn with(mut self, flag: Flag) -> Self {
        self.raise(flag);
        if flag.is_general_error() {
            self.raise(Flag::GeneralError);
        }
        if flag.is_memory_error() {
            self.raise(Flag::FiscalMemoryError);
        }
        self
    }

    fn raise(&mut self, flag: Flag) {
        let (byte, bit) = flag.place();
        if let Some(value) = self.0.get_mut(byte) {
            *value |= bit;
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Status(")?;
        for (index, byte) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{byte:02X}")?;
        }
        f.write_str(")")
    }
}

/// The bits of the status that have a meaning for a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// S0.6 (group A).
    CoverOpen,
    /// S0.5: one of the errors marked `#`.
    GeneralError,
    /// S0.4 `#`.
    Mechanism,
    /// S0.2.
    ClockNotSet,
    /// S0.1 `#`.
    UnknownCommand,
    /// S0.0 `#`.
    Syntax,
    /// S1.6.
    TaxTerminal,
    /// S1.4 (group A): a refund is open.
    RefundOpen,
    /// S1.2 `#`.
    MemoryReset,
    /// S1.1 `#`.
    NotAllowed,
    /// S1.0, with S1.1.
    Overflow,
    /// S2.5.
    SlipOpen,
    /// S2.4.
    JournalLow,
    /// S2.3.
    ReceiptOpen,
    /// S2.2.
    JournalFull,
    /// S2.1.
    PaperLow,
    /// S2.0 `#`.
    PaperOut,
    /// S4.6.
    Overheated,
    /// S4.5: one of the errors marked `*`.
    FiscalMemoryError,
    /// S4.4 `*`.
    FiscalMemoryFull,
    /// S4.3.
    FiscalMemoryLow,
    /// S4.2.
    Numbered,
    /// S4.1.
    TaxIdSet,
    /// S4.0 `*`.
    FiscalMemoryWrite,
    /// S5.6.
    FiscalMemoryRead,
    /// S5.4.
    RatesSet,
    /// S5.3.
    Fiscalised,
    /// S5.2 `*`.
    LastWriteFailed,
    /// S5.1.
    Formatted,
    /// S5.0 `*`.
    FiscalMemoryReadOnly,
}

impl Flag {
    const fn place(self) -> (usize, u8) {
        match self {
            Self::CoverOpen => (0, 0x40),
            Self::GeneralError => (0, 0x20),
            Self::Mechanism => (0, 0x10),
            Self::ClockNotSet => (0, 0x04),
            Self::UnknownCommand => (0, 0x02),
            Self::Syntax => (0, 0x01),
            Self::TaxTerminal => (1, 0x40),
            Self::RefundOpen => (1, 0x10),
            Self::MemoryReset => (1, 0x04),
            Self::NotAllowed => (1, 0x02),
            Self::Overflow => (1, 0x01),
            Self::SlipOpen => (2, 0x20),
            Self::JournalLow => (2, 0x10),
            Self::ReceiptOpen => (2, 0x08),
            Self::JournalFull => (2, 0x04),
            Self::PaperLow => (2, 0x02),
            Self::PaperOut => (2, 0x01),
            Self::Overheated => (4, 0x40),
            Self::FiscalMemoryError => (4, 0x20),
            Self::FiscalMemoryFull => (4, 0x10),
            Self::FiscalMemoryLow => (4, 0x08),
            Self::Numbered => (4, 0x04),
            Self::TaxIdSet => (4, 0x02),
            Self::FiscalMemoryWrite => (4, 0x01),
            Self::FiscalMemoryRead => (5, 0x40),
            Self::RatesSet => (5, 0x10),
            Self::Fiscalised => (5, 0x08),
            Self::LastWriteFailed => (5, 0x04),
            Self::Formatted => (5, 0x02),
            Self::FiscalMemoryReadOnly => (5, 0x01),
        }
    }

    const fn is_general_error(self) -> bool {
        matches!(
            self,
            Self::Mechanism
                | Self::UnknownCommand
                | Self::Syntax
                | Self::MemoryReset
                | Self::NotAllowed
                | Self::Overflow
                | Self::PaperOut
        )
    }

    const fn is_memory_error(self) -> bool {
        matches!(
            self,
            Self::FiscalMemoryFull
                | Self::FiscalMemoryWrite
                | Self::LastWriteFailed
                | Self::FiscalMemoryReadOnly
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Flag, Status};

    #[test]
    fn an_error_flag_raises_its_general_flag() {
        assert_eq!(
            Status::EMPTY.with(Flag::PaperOut).bytes(),
            [0xA0, 0x80, 0x81, 0x80, 0x80, 0x80]
        );
        assert_eq!(
            Status::EMPTY.with(Flag::FiscalMemoryFull).bytes(),
            [0x80, 0x80, 0x80, 0x80, 0xB0, 0x80]
        );
        assert_eq!(Status::EMPTY.with(Flag::PaperLow).bytes()[0], 0x80);
    }
}
