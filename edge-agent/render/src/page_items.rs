//! What stands on the page for buyers: sections and their parts.

use std::sync::Arc;

use crate::bitmap::Bitmap;
use crate::layout::Block;

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageItem {
    /// A block of the paper.
    Block(Block),
    /// A text at the right edge.
    Right(String),
    /// Figures in columns, with their names in the first row.
    Table(Vec<Vec<String>>),
    /// A QR code of the shop's own. Where it holds an address, the address stands below it as a link.
    Code(String),
    /// A code of bars, with the text below it.
    Bars(Arc<Bitmap>, String),
    /// An image.
    Image {
        /// Where a browser gets it.
        source: String,
        /// What it says; empty for decoration.
        says: String,
        /// Where a click on it leads.
        link: Option<String>,
        /// The image for paper; `None` if it cannot be printed.
        paper: Option<Arc<Bitmap>>,
    },
}

/// A section of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSection {
    /// The title; may be empty.
    pub title: String,
    /// The parts from top to bottom.
    pub items: Vec<PageItem>,
}
