//! What a document shows and how it is laid out.
//!
//! ```text
//! Receipt ────────► ReceiptView ─┐
//! cash operation ─► CashView ────┼─layout──► blocks ─┬─text──► rows of a paper with a certain number of columns
//! ReportFigures ──► ReportView ──┘                   ├─html──► one page for a screen
//!                                                    ├─mail──► one page for mail programs, and its pictures
//!                                                    └─sheet─┬─svg────► one picture of SVG
//!                                                            ├─image──► one picture (PNG)
//!                                                            └─pdf────► a tagged PDF
//! ```
//!
//! - [`view`]: the parts of a receipt in the order of reading, every number as exact text;
//! - [`cash`]: the same of a cash operation;
//! - [`report`]: the same of an X-report or a Z-report;
//! - [`period`]: the sums of the Z-reports of a period;
//! - [`nonfiscal`]: the same of a non-fiscal receipt;
//! - [`words`]: the words of each language;
//! - [`layout`]: the parts as blocks, without a width;
//! - [`bitmap`]: the dots of a QR code and of a logo;
//! - [`text`]: blocks as rows of a certain width;
//! - [`html`](mod@html): blocks as a page of HTML;
//! - [`page`]: the page on which a buyer reads a receipt, with blocks in named sections;
//! - [`labels`]: the labels of this page; [`barcode`]: barcodes;
//! - [`mail`]: blocks as a page for mail programs, with its pictures;
//! - [`sheet`]: blocks on a sheet of a certain width, its measures and their limits;
//! - [`svg`](mod@svg), [`image`], [`pdf`](mod@pdf): a sheet as SVG, as a picture and as a PDF, with the letters of the folder `fonts`.
//!
//! There is one layout of each kind of document. Whoever shows a document takes its blocks, so that two papers of one document have the
//! same figures.
//! The crate has no IO, no clock and no configuration.

pub mod barcode;
pub mod bitmap;
pub mod cash;
mod face;
pub mod fault;
pub mod html;
pub mod image;
pub mod labels;
pub mod layout;
pub mod mail;
pub mod nonfiscal;
pub mod page;
mod page_items;
mod page_rows;
pub mod pdf;
pub mod period;
pub mod report;
pub mod sheet;
pub mod svg;
pub mod text;
pub mod view;
pub mod words;

pub use barcode::{Barcode, BarcodeFault};
pub use bitmap::{Bitmap, LOGO_BYTES_MAX, LOGO_HEIGHT_MAX, LOGO_WIDTH_MAX, LogoFault};
pub use cash::CashView;
pub use fault::FormFault;
pub use html::html;
pub use image::{PIXELS_MAX, png};
pub use labels::Labels;
pub use layout::{
    Align, Block, Emphasis, blocks, cash_blocks, nonfiscal_blocks, period_blocks, report_blocks,
};
pub use mail::{MailPage, MailPicture, mail_page};
pub use nonfiscal::NonfiscalView;
pub use page::{FormField, FormPart, PublicPage, paper_blocks};
pub use page_items::{PageItem, PageSection};
pub use pdf::{PAGE_HEIGHT_MAX, pdf};
pub use period::{PeriodSums, PeriodTurnover, PeriodView};
pub use report::{FigureSection, ReportNames, ReportView};
pub use sheet::{COLUMNS_MIN, FormSize, IMAGE_SIZES, PDF_SIZES, SizeFault, SizeRules, WantedSize};
pub use svg::svg;
pub use text::{PaperRow, PaperWidth, rows};
pub use view::{Figure, HeadingView, LineView, PageLink, PaperHeading, PrintedSeller, ReceiptView};
pub use words::{CASHIER_LETTERS_MAX, CashierWords, ReportWords, Words};
