//! The limits of each message. A message beyond a limit is refused by the encoder and by the decoder.

/// The most rows of a batch.
pub const BATCH_ROWS_MAX: usize = 500;
/// The longest batch, in bytes. The hub reads no longer body.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// The longest encoded row, in bytes. A batch with one such row fits.
pub const ROW_BYTES_MAX: usize = 512 * 1024;
/// The most recorded events of a row.
pub const RECORDED_MAX: usize = 8;
/// The longest series of a document's number, in bytes.
pub const SERIES_BYTES_MAX: usize = 64;
/// The most sums of a Z-report.
pub const SUMS_MAX: usize = 128;
/// The most differences of a Z-report.
pub const DIFFERENCES_MAX: usize = 128;
/// The longest name of a sum, of a difference's side, of a part or of a problem, in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// The longest text of a problem or of a fault, in bytes.
pub const TEXT_BYTES_MAX: usize = 1_000;
/// The longest text of a program's version, in bytes.
pub const VERSION_BYTES_MAX: usize = 64;
/// The most problems of a health report.
pub const PROBLEMS_MAX: usize = 100;
/// The most currencies of a health report.
pub const UNSENT_MAX: usize = 16;
/// The longest certificate or certificate request, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 8 * 1024;
/// The most ranges of numbers in a position.
pub const MISSING_MAX: usize = 64;
/// The longest message that is no batch, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
