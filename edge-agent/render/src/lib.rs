//! What a document shows and how it is laid out.
//!
//! ```text
//! Receipt ────────► ReceiptView ─┐
//! cash operation ─► CashView ────┼─layout──► blocks ─┬─text──► rows of a paper with a certain number of columns
//! ReportFigures ──► ReportView ──┘                   └─html──► one page for a screen
//! ```
//!
//! - [`view`]: the parts of a receipt in the order of reading, every number as exact text;
//! - [`cash`]: the same of a cash operation;
//! - [`report`]: the same of an X-report or a Z-report;
//! - [`nonfiscal`]: the same of a non-fiscal receipt;
//! - [`words`]: the words of each language;
//! - [`layout`]: the parts as blocks, without a width;
//! - [`text`]: blocks as rows of a certain width;
//! - [`html`](mod@html): blocks as a page of HTML.
//!
//! There is one layout of each kind of document. Whoever shows a document takes its blocks, so that two papers of one document have the
//! same figures.
//! The crate has no IO, no clock and no configuration.

pub mod cash;
pub mod html;
pub mod layout;
pub mod nonfiscal;
pub mod report;
pub mod text;
pub mod view;
pub mod words;

pub use cash::CashView;
pub use html::html;
pub use layout::{Align, Block, Emphasis, blocks, cash_blocks, nonfiscal_blocks, report_blocks};
pub use nonfiscal::NonfiscalView;
pub use report::{FigureSection, ReportNames, ReportView};
pub use text::{PaperRow, PaperWidth, rows};
pub use view::{Figure, HeadingView, LineView, PaperHeading, PrintedSeller, ReceiptView};
pub use words::{ReportWords, Words};
