//! What a receipt shows and how it is laid out.
//!
//! ```text
//! Receipt ──view──► ReceiptView ──layout──► blocks ──text──► rows of a paper with a certain number of columns
//! ```
//!
//! - [`view`]: the parts of a receipt in the order of reading, every number as exact text;
//! - [`words`]: the words of each language;
//! - [`layout`]: the parts as blocks, without a width;
//! - [`text`]: blocks as rows of a certain width.
//!
//! There is one layout. Whoever shows a receipt takes its blocks, so that two papers of one receipt have the same figures.
//! The crate has no IO, no clock and no configuration.

pub mod layout;
pub mod text;
pub mod view;
pub mod words;

pub use layout::{Align, Block, Emphasis, blocks};
pub use text::{PaperRow, PaperWidth, rows};
pub use view::{Figure, LineView, PrintedSeller, ReceiptHeading, ReceiptView};
pub use words::Words;
