//! A slip as commands: code pages as the text needs them, wrapped lines, and blocks for small buffers.

use super::options::Sheet;
use super::slip::{Rasteriser, SlipItem};
use crate::fault::Fault;
use crate::wire::codepage::run::{Cell, encode_in};
use crate::wire::codepage::table::CodePage;
use crate::wire::escpos::{Align, EscposCommand, QR_BYTES_MAX, qr};

/// The largest number of parts of one slip.
pub(super) const ITEMS_MAX: usize = 2_000;
/// The number of bytes after which the printer is asked whether they are printed. The smallest receive buffers in use have 4 KiB.
pub(super) const BLOCK_BYTES: usize = 1_024;
/// The number of lines that moves the last printed line past the tear bar of a printer without a knife.
const FEED_TO_TEAR: u8 = 4;

/// Turns a slip into commands.
pub(super) struct Layout<'a> {
    sheet: Sheet,
    rasteriser: Option<&'a mut (dyn Rasteriser + 'static)>,
    pages: Vec<CodePage>,
    page: Option<CodePage>,
    commands: Vec<EscposCommand>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(
        sheet: Sheet,
        rasteriser: Option<&'a mut (dyn Rasteriser + 'static)>,
    ) -> Self {
        Self {
            sheet,
            rasteriser,
            pages: sheet.profile.code_pages(),
            page: None,
            commands: Vec::new(),
        }
    }

    /// All commands of a slip, or a fault if the slip cannot be printed.
    pub(super) fn slip(mut self, items: &[SlipItem]) -> Result<Vec<EscposCommand>, Fault> {
        if items.len() > ITEMS_MAX {
            return Err(Fault::JobNotPrintable);
        }
        self.commands
            .extend([EscposCommand::Initialize, EscposCommand::SingleBytes]);
        for item in items {
            self.item(item)?;
        }
        self.commands.push(if self.sheet.profile.knife {
            EscposCommand::Cut {
                full: false,
                feed: 0,
            }
        } else {
            EscposCommand::Feed(FEED_TO_TEAR)
        });
        Ok(self.commands)
    }

    fn item(&mut self, item: &SlipItem) -> Result<(), Fault> {
        match item {
            SlipItem::Line(text) => self.line(text, 1),
            SlipItem::Styled {
                text,
                align,
                bold,
                large,
            } => self.styled(text, *align, *bold, *large),
            SlipItem::Rule => self.line(&"-".repeat(self.sheet.columns), 1),
            SlipItem::Qr {
                data,
                module_dots,
                level,
            } => {
                if data.is_empty() || data.len() > QR_BYTES_MAX || data.contains(char::is_control) {
                    return Err(Fault::JobNotPrintable);
                }
                self.commands.push(EscposCommand::Align(Align::Centre));
                self.commands.extend(qr(data, *module_dots, *level));
                self.commands.push(EscposCommand::Align(Align::Left));
            }
            SlipItem::Image(raster) => self.commands.push(EscposCommand::Image(raster.clone())),
            SlipItem::Picture(picture) => {
                self.commands.push(EscposCommand::Align(Align::Centre));
                let bands = picture.bands(BLOCK_BYTES);
                self.commands
                    .extend(bands.into_iter().map(EscposCommand::Image));
                self.commands.push(EscposCommand::Align(Align::Left));
            }
            SlipItem::Feed(0) => {}
            SlipItem::Feed(lines) => self.commands.push(EscposCommand::Feed(*lines)),
            SlipItem::CodePage(number) => self.sample(*number),
        }
        Ok(())
    }

    fn styled(&mut self, text: &str, align: Align, bold: bool, large: bool) {
        let times = if large { 2 } else { 1 };
        let size = |times| EscposCommand::Size {
            width: times,
            height: times,
        };
        if align != Align::Left {
            self.commands.push(EscposCommand::Align(align));
        }
        if bold {
            self.commands.push(EscposCommand::Bold(true));
        }
        if large {
            self.commands.push(size(times));
        }
        self.line(text, usize::from(times));
        if large {
            self.commands.push(size(1));
        }
        if bold {
            self.commands.push(EscposCommand::Bold(false));
        }
        if align != Align::Left {
            self.commands.push(EscposCommand::Align(Align::Left));
        }
    }

    /// Lays out a line whose letters are `times` as wide.
    fn line(&mut self, text: &str, times: usize) {
        let encoded = encode_in(text, &self.pages);
        if encoded.missing > 0
            && let Some(rasteriser) = &mut self.rasteriser
            && let Some(raster) = rasteriser.line(text, self.sheet.profile.width_dots)
        {
            self.commands.push(EscposCommand::Image(raster));
            return;
        }
        let columns = self.sheet.columns.checked_div(times).unwrap_or(1).max(1);
        for cells in wrapped(&encoded.cells, columns) {
            self.cells(cells);
            self.commands.push(EscposCommand::LineFeed);
        }
    }

    fn cells(&mut self, cells: &[Cell]) {
        let mut text = Vec::new();
        for cell in cells {
            if let Some(page) = cell.page
                && self.page != Some(page)
            {
                self.text(&mut text);
                self.page = Some(page);
                let number = self.sheet.profile.number_of(page);
                self.commands.extend(number.map(EscposCommand::CodePage));
            }
            text.push(cell.byte);
        }
        self.text(&mut text);
    }

    fn text(&mut self, text: &mut Vec<u8>) {
        if !text.is_empty() {
            self.commands
                .push(EscposCommand::Text(std::mem::take(text)));
        }
    }

    /// Prints the bytes from 80h in the code page that has this number on the printer.
    fn sample(&mut self, number: u8) {
        let name = self
            .sheet
            .profile
            .page_of(number)
            .map_or("?", CodePage::name);
        self.line(&format!("{number} {name}"), 1);
        self.commands.push(EscposCommand::CodePage(number));
        // The printer's code page is another one now.
        self.page = None;
        for row in (0x80..=0xFF_u8).collect::<Vec<u8>>().chunks(32) {
            self.commands.push(EscposCommand::Text(row.to_vec()));
            self.commands.push(EscposCommand::LineFeed);
        }
    }
}

/// The parts of a line that fit the paper, broken between words if there are any.
fn wrapped(cells: &[Cell], columns: usize) -> Vec<&[Cell]> {
    let mut lines = Vec::new();
    let mut rest = cells;
    while rest.len() > columns {
        let window = rest.get(..=columns).unwrap_or(rest);
        let space = window
            .iter()
            .rposition(|cell| cell.byte == b' ')
            .filter(|place| *place > 0);
        let (line, after) = match space {
            Some(place) => {
                let (line, after) = rest.split_at(place);
                (line, after.get(1..).unwrap_or_default())
            }
            None => rest.split_at(columns),
        };
        lines.push(line);
        rest = after;
    }
    lines.push(rest);
    lines
}

/// The bytes of commands, in blocks that end between two commands.
pub(super) fn blocks(commands: &[EscposCommand]) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    let mut block: Vec<u8> = Vec::new();
    for command in commands {
        let bytes = command.emit();
        if !block.is_empty() && block.len().saturating_add(bytes.len()) > BLOCK_BYTES {
            blocks.push(std::mem::take(&mut block));
        }
        block.extend(bytes);
    }
    if !block.is_empty() {
        blocks.push(block);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::escpos::options::Options;
    use crate::wire::escpos_profile::EscposProfile;
    use crate::wire::escpos_raster::Raster;

    fn texts(columns: usize, line: &str) -> Vec<String> {
        let sheet = Sheet {
            profile: EscposProfile::parse("ascii").unwrap(),
            columns,
        };
        Layout::new(sheet, None)
            .slip(&[SlipItem::Line(line.to_owned())])
            .unwrap()
            .into_iter()
            .filter_map(|command| match command {
                EscposCommand::Text(bytes) => Some(String::from_utf8(bytes).unwrap()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(
            texts(16, "Chleb bialy, krojony, 500 g"),
            ["Chleb bialy,", "krojony, 500 g"]
        );
        assert_eq!(texts(16, "1234567890123456"), ["1234567890123456"]);
        assert_eq!(
            texts(16, "12345678901234567890"),
            ["1234567890123456", "7890"]
        );
        assert_eq!(texts(16, "1234567890123456 x"), ["1234567890123456", "x"]);
    }

    struct Box8;

    impl Rasteriser for Box8 {
        fn line(&mut self, text: &str, _width_dots: usize) -> Option<Raster> {
            text.starts_with('ჩ').then(|| Raster::new(8, 8)).flatten()
        }
    }

    #[test]
    fn letters_in_no_code_page_are_drawn_or_printed_as_a_question_mark() {
        let sheet = Options::default().sheet("");
        let mut rasteriser = Box8;
        let commands = Layout::new(sheet, Some(&mut rasteriser))
            .slip(&["ჩაი", "茶", "чай"].map(|text| SlipItem::Line(text.to_owned())))
            .unwrap();
        assert!(matches!(commands[2], EscposCommand::Image(_)));
        assert_eq!(commands[3], EscposCommand::Text(b"?".to_vec()));
        assert_eq!(commands[5], EscposCommand::CodePage(46));
    }

    #[test]
    fn what_cannot_be_printed_is_refused() {
        let sheet = Options::default().sheet("");
        let code = |data: &str| SlipItem::Qr {
            data: data.to_owned(),
            module_dots: 6,
            level: crate::wire::escpos::QrLevel::M,
        };
        for items in [
            vec![code("")],
            vec![code("a\nb")],
            vec![code(&"x".repeat(QR_BYTES_MAX + 1))],
            vec![SlipItem::Rule; ITEMS_MAX + 1],
        ] {
            assert_eq!(
                Layout::new(sheet, None).slip(&items),
                Err(Fault::JobNotPrintable)
            );
        }
    }

    #[test]
    fn blocks_end_between_commands() {
        let commands = vec![EscposCommand::Text(vec![b'x'; 300]); 10];
        let sizes: Vec<usize> = blocks(&commands).iter().map(Vec::len).collect();
        assert_eq!(sizes, [900, 900, 900, 300]);
    }
}
