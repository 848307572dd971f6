//! The control bytes of ESC/POS.

/// Data link escape: real-time requests begin with it.
pub const DLE: u8 = 0x10;
/// Ends DLE EOT.
pub const EOT: u8 = 0x04;
/// Ends DLE ENQ.
pub const ENQ: u8 = 0x05;
/// Ends DLE DC4.
pub const DC4: u8 = 0x14;
/// Ends a line and prints it.
pub const LF: u8 = 0x0A;
/// Begins printer commands.
pub const ESC: u8 = 0x1B;
/// Begins the commands of Asian letters.
pub const FS: u8 = 0x1C;
/// Begins the newer commands.
pub const GS: u8 = 0x1D;
