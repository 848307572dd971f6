//! The printed paper, as text.

use std::collections::VecDeque;

use crate::wire::fields::decimal;

/// The number of characters of a line of paper.
pub(super) const WIDTH: usize = 42;
/// The number of documents that are kept.
const DOCUMENTS_MAX: usize = 200;

/// The roll of paper, newest documents last.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    documents: VecDeque<String>,
}

impl Tape {
    /// Adds a finished document.
    pub(super) fn push(&mut self, lines: &[String]) {
        if self.documents.len() >= DOCUMENTS_MAX {
            self.documents.pop_front();
        }
        self.documents.push_back(lines.join("\n"));
    }

    /// All documents that are kept, and the lines of the document that is still open.
    pub(super) fn text(&self, open: Option<&[String]>) -> String {
        let mut text = String::new();
        for document in &self.documents {
            text.push_str(document);
            text.push('\n');
            text.push_str(&"-".repeat(WIDTH));
            text.push('\n');
        }
        for line in open.unwrap_or_default() {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// A text at the left edge and one at the right.
pub(super) fn spread(left: &str, right: &str) -> String {
    let taken = left.chars().count().saturating_add(right.chars().count());
    let gap = WIDTH.saturating_sub(taken).max(1);
    format!("{left}{}{right}", " ".repeat(gap))
}

/// A text in the middle.
pub(super) fn centred(text: &str) -> String {
    let gap = WIDTH
        .saturating_sub(text.chars().count())
        .checked_div(2)
        .unwrap_or(0);
    format!("{}{text}", " ".repeat(gap))
}

/// A word at the left edge and an amount at the right.
pub(super) fn sum(word: &str, amount: i64) -> String {
    spread(word, &decimal(amount, 2))
}
