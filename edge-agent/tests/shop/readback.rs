//! Every print form of a document, read back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill::api::json::JsonValue;
use ferrotill_render::{Align, Block, Emphasis, FormSize, png};
use ferrotill_testkit::paper::{codes_of_page, codes_of_pdf, codes_of_png, pdf_lines};

use super::books::form_lines;
use super::{Reply, value};

/// The lines of a document's paper, with the name of the form from which they were read.
pub type FormLines = (&'static str, Vec<String>);

/// Reads all four forms of a document; `answer` gives the answer with the form of a type, and `member` is the document in it.
///
/// The picture must be the picture of the rows, the PDF must have the words of the rows, and a scanner must read the QR codes of the
/// rows on every form. Where no program reads a PDF, its lines are left out.
///
/// `has_rules` says that the reader needs the lines from edge to edge, which are no text of a PDF.
pub fn read_forms(member: &str, has_rules: bool, answer: impl Fn(&str) -> Reply) -> Vec<FormLines> {
    let document = |media_type: &str| {
        let reply = answer(media_type);
        let shown = reply.at(&format!("{member}.printFormMediaType"));
        assert_eq!(shown, media_type, "{}", reply.text);
        value(&reply.body, member).clone()
    };
    let (rows, page) = (document("Json"), document("Html"));
    let lines = form_lines(&rows);
    let codes = codes_of_rows(&rows);
    assert_eq!(codes_of_page(&content(&page)), codes, "Html: {rows}");

    let picture = STANDARD.decode(content(&document("Image"))).unwrap();
    if !codes.is_empty() {
        assert_eq!(codes_of_png(&picture), codes, "Image: {rows}");
    }
    let of_rows = png(&blocks_of(&rows), FormSize::default()).unwrap();
    assert!(picture == of_rows, "the picture has other rows than {rows}");

    let mut read = vec![("Json", lines), ("Html", form_lines(&page))];
    let file = STANDARD.decode(content(&document("Pdf"))).unwrap();
    if let Some(of_file) = pdf_lines(&file) {
        assert_eq!(words_of(&of_file), words_of(&read[0].1), "Pdf: {rows}");
        if !codes.is_empty() {
            assert_eq!(codes_of_pdf(&file), Some(codes), "Pdf: {rows}");
        }
        if !has_rules {
            read.push(("Pdf", of_file));
        }
    }
    read
}

fn content(document: &JsonValue) -> String {
    match value(document, "printFormContent") {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{other} is no text"),
    }
}

fn words_of(lines: &[String]) -> Vec<&str> {
    let words = lines.iter().flat_map(|line| line.split_whitespace());
    words.filter(|word| !word.starts_with("--------")).collect()
}

fn rows_of(document: &JsonValue) -> &[JsonValue] {
    match value(document, "printFormContent") {
        JsonValue::Array(rows) => rows,
        other => panic!("{other} has no rows"),
    }
}

fn text_of(row: &JsonValue, name: &str) -> String {
    match value(row, name) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{name} is {other}"),
    }
}

fn codes_of_rows(document: &JsonValue) -> Vec<String> {
    let rows = rows_of(document).iter();
    let codes = rows.filter(|row| text_of(row, "type") == "QRCode");
    codes.map(|row| text_of(row, "text")).collect()
}

/// The blocks of which a caller would draw the rows.
fn blocks_of(document: &JsonValue) -> Vec<Block> {
    rows_of(document).iter().filter_map(block_of).collect()
}

fn block_of(row: &JsonValue) -> Option<Block> {
    match text_of(row, "type").as_str() {
        "Separator" => return Some(Block::Rule),
        "QRCode" => {
            let text = text_of(row, "text");
            return Some(Block::Qr {
                text,
                letters: None,
            });
        }
        "OpenCashDrawer" => return None,
        "Text" => {}
        other => panic!("a row of the type {other}"),
    }
    let is = |name: &str| matches!(value(row, name), JsonValue::Bool(true));
    let emphasis = match (is("large"), is("bold")) {
        (true, _) => Emphasis::Large,
        (false, true) => Emphasis::Bold,
        (false, false) => Emphasis::Plain,
    };
    let (left, right) = (text_of(row, "text"), text_of(row, "textRight"));
    Some(if right.is_empty() {
        let align = match text_of(row, "align").as_str() {
            "Center" => Align::Centre,
            _ => Align::Left,
        };
        Block::Text {
            text: left,
            align,
            emphasis,
        }
    } else {
        Block::Columns {
            left,
            right,
            emphasis,
        }
    })
}
