//! The paper of an emulated receipt printer, as text.

use super::super::tape::Tape;
use crate::wire::codepage::table::CodePage;
use crate::wire::escpos::{Align, EscposCommand, QrLevel};
use crate::wire::escpos_profile::EscposProfile;

/// The print head and the paper under it.
#[derive(Debug)]
pub(super) struct Paper {
    profile: EscposProfile,
    tape: Tape,
    document: Vec<String>,
    line: String,
    page: Option<CodePage>,
    align: Align,
    wide: usize,
    code: Option<String>,
    level: QrLevel,
}

impl Paper {
    pub(super) fn new(profile: EscposProfile) -> Self {
        Self {
            profile,
            tape: Tape::default(),
            document: Vec::new(),
            line: String::new(),
            page: profile.page_of(0),
            align: Align::Left,
            wide: 1,
            code: None,
            level: QrLevel::L,
        }
    }

    /// Sets everything as after switching on; the line that was not printed yet is lost.
    pub(super) fn reset(&mut self) {
        self.line.clear();
        self.page = self.profile.page_of(0);
        self.align = Align::Left;
        self.wide = 1;
        self.code = None;
        self.level = QrLevel::L;
    }

    /// The text of all documents, and of the paper that is not cut off yet.
    pub(super) fn text(&self) -> String {
        self.tape.text(Some(&self.document))
    }

    /// Carries out a command that prints or changes how it is printed.
    pub(super) fn print(&mut self, command: EscposCommand) {
        match command {
            EscposCommand::Text(bytes) => self.letters(&bytes),
            EscposCommand::LineFeed => self.feed(1),
            EscposCommand::Feed(lines) => self.feed(usize::from(lines)),
            EscposCommand::Initialize => self.reset(),
            EscposCommand::CodePage(number) => self.page = self.profile.page_of(number),
            EscposCommand::Align(align) => self.align = align,
            EscposCommand::Size { width, .. } => self.wide = usize::from(width),
            EscposCommand::Cut { .. } => self.cut(),
            EscposCommand::QrLevel(level) => self.level = level,
            EscposCommand::QrData(data) => {
                self.code = Some(String::from_utf8_lossy(&data).into_owned())
            }
            EscposCommand::QrPrint => {
                if let Some(code) = &self.code {
                    let shown = format!("[QR {:?}: {code}]", self.level);
                    self.document.push(shown);
                }
            }
            EscposCommand::Image(raster) => {
                let width = raster.width_bytes().saturating_mul(8);
                let shown = format!("[image {width} x {}]", raster.height());
                self.document.push(shown);
            }
            _ => {}
        }
    }

    fn letters(&mut self, bytes: &[u8]) {
        let columns = self
            .profile
            .columns
            .checked_div(self.wide)
            .unwrap_or(1)
            .max(1);
        for byte in bytes {
            if self.line.chars().count() >= columns {
                // A full line is printed automatically.
                self.feed(1);
            }
            // A number to which no code page belongs prints other letters than intended, as a wrong number does on a real
            // printer.
            let letter = match (self.page, byte) {
                (Some(page), byte) => page.letter_of(*byte),
                (None, b' '..=b'~') => char::from(*byte),
                (None, _) => char::REPLACEMENT_CHARACTER,
            };
            self.line.push(letter);
        }
    }

    fn feed(&mut self, lines: usize) {
        for _ in 0..lines {
            let text = std::mem::take(&mut self.line);
            let free = self
                .profile
                .columns
                .saturating_sub(text.chars().count().saturating_mul(self.wide));
            let indent = match self.align {
                Align::Left => 0,
                Align::Centre => free >> 1,
                Align::Right => free,
            };
            self.document.push(if text.is_empty() {
                text
            } else {
                format!("{}{text}", " ".repeat(indent))
            });
        }
    }

    fn cut(&mut self) {
        if !self.line.is_empty() {
            self.feed(1);
        }
        if !self.document.is_empty() {
            self.tape.push(&std::mem::take(&mut self.document));
        }
    }
}
