//! Blocks as a page of HTML for mail programs.
//!
//! Mail programs drop SVG, scripts and, some of them, everything in the head of a page. So the style stands in each element, a row with
//! two ends is a table, and each picture is a file of its own that the page names by `cid:`.

use crate::bitmap::Bitmap;
use crate::fault::FormFault;
use crate::html::escape;
use crate::layout::{Align, Block, Emphasis, title_block, title_of};

/// The page of a mail and its pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailPage {
    /// The page.
    pub html: String,
    /// The pictures that the page names.
    pub pictures: Vec<MailPicture>,
}

/// A picture of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailPicture {
    /// The name by which the page names the picture, without `cid:`.
    pub content_id: String,
    /// The bytes of a PNG file.
    pub png: Vec<u8>,
}

/// The page of a document for a mail. `language` is the ISO 639 code of its words, and `name` is a part of the names of its pictures
/// that no other mail has, such as `receipt-7@shop.example`.
///
/// # Errors
///
/// A picture could not be packed.
pub fn mail_page(blocks: &[Block], language: &str, name: &str) -> Result<MailPage, FormFault> {
    let title = title_block(blocks);
    let mut page = MailPage {
        html: String::from("<!DOCTYPE html>\n<html lang=\""),
        pictures: Vec::new(),
    };
    escape(&mut page.html, language);
    page.html
        .push_str("\"><head><meta charset=\"utf-8\"><title>");
    escape(&mut page.html, title_of(blocks));
    page.html.push_str("</title></head>\n<body style=\"");
    page.html.push_str(PAPER);
    page.html.push_str("\">\n<div role=\"main\" style=\"");
    page.html.push_str(PAPER);
    page.html.push_str(SHEET);
    page.html.push_str("\">\n");
    for (place, block) in blocks.iter().enumerate() {
        let tag = if Some(place) == title { "h1" } else { "p" };
        page.block(block, tag, name)?;
    }
    page.html.push_str("</div>\n</body></html>\n");
    Ok(page)
}

const PAPER: &str = "margin:0;background:#ffffff;color:#111111;font:16px/1.4 Consolas,'DejaVu Sans Mono',Menlo,monospace;";
const SHEET: &str = "max-width:416px;margin:0 auto;padding:16px 12px;";
const RULE: &str = "<hr style=\"border:0;border-top:1px dashed #111111;height:0;margin:8px 0\">";
/// The width of a QR code, in pixels.
const CODE_WIDTH: u32 = 240;

impl MailPage {
    fn block(&mut self, block: &Block, tag: &str, name: &str) -> Result<(), FormFault> {
        match block {
            Block::Rule => self.html.push_str(RULE),
            Block::Text {
                text,
                align,
                emphasis,
            } => self.text(text, tag, *align, *emphasis),
            Block::Columns {
                left,
                right,
                emphasis,
            } => self.columns(left, right, *emphasis),
            Block::Qr { text, letters } => {
                if let Some(code) = Bitmap::of_qr(text) {
                    let times = (CODE_WIDTH / code.width().max(1)).max(1);
                    self.picture(&code.enlarged(times), text, name)?;
                }
                // Letters of its own has a code that is no address.
                if letters.is_none() {
                    self.link(text);
                }
            }
            Block::Logo(logo) => self.picture(logo, "", name)?,
        }
        self.html.push('\n');
        Ok(())
    }

    fn text(&mut self, text: &str, tag: &str, align: Align, emphasis: Emphasis) {
        let align = match align {
            Align::Left => "",
            Align::Centre => "text-align:center;",
        };
        self.html.push_str(&format!(
            "<{tag} style=\"margin:0;font:inherit;white-space:pre-wrap;{align}{}\">",
            strength(emphasis)
        ));
        escape(&mut self.html, text);
        self.html.push_str(&format!("</{tag}>"));
    }

    fn columns(&mut self, left: &str, right: &str, emphasis: Emphasis) {
        self.html.push_str(&format!(
            "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"font:inherit;{}\"><tr><td style=\"white-space:pre-wrap\">",
            strength(emphasis)
        ));
        escape(&mut self.html, left);
        self.html
            .push_str("</td> <td align=\"right\" valign=\"bottom\" style=\"white-space:pre\">");
        escape(&mut self.html, right);
        self.html.push_str("</td></tr></table>");
    }

    /// A picture in the middle. `text` is what it says; without it the picture is decoration.
    fn picture(&mut self, bitmap: &Bitmap, text: &str, name: &str) -> Result<(), FormFault> {
        let content_id = format!("picture{}.{name}", self.pictures.len());
        self.html.push_str(
            "<p style=\"margin:8px 0;text-align:center\"><img style=\"max-width:100%;height:auto\" src=\"cid:",
        );
        escape(&mut self.html, &content_id);
        self.html.push_str(&format!(
            "\" width=\"{}\" height=\"{}\" alt=\"",
            bitmap.width(),
            bitmap.height()
        ));
        escape(&mut self.html, text);
        self.html.push_str("\"></p>");
        self.pictures.push(MailPicture {
            content_id,
            png: bitmap.png()?,
        });
        Ok(())
    }

    /// What a QR code says, as a link if it is the address of a page: who reads the mail on a telephone cannot scan it.
    fn link(&mut self, text: &str) {
        self.html
            .push_str("<p style=\"margin:0;text-align:center;word-break:break-all\">");
        let is_address = text.starts_with("https://") || text.starts_with("http://");
        if is_address {
            self.html.push_str("<a style=\"color:#0645ad\" href=\"");
            escape(&mut self.html, text);
            self.html.push_str("\">");
        }
        escape(&mut self.html, text);
        if is_address {
            self.html.push_str("</a>");
        }
        self.html.push_str("</p>");
    }
}

const fn strength(emphasis: Emphasis) -> &'static str {
    match emphasis {
        Emphasis::Plain => "",
        Emphasis::Bold => "font-weight:bold;",
        Emphasis::Large => "font-weight:bold;font-size:24px;",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_page_of_a_mail_names_its_pictures_and_shows_the_link_of_a_code() {
        let link = "https://example.org/check?a=1&b=2";
        let blocks = [
            Block::Logo(Arc::new(Bitmap::of_qr("logo").unwrap())),
            Block::Text {
                text: "<b>RETUR</b>".to_owned(),
                align: Align::Centre,
                emphasis: Emphasis::Large,
            },
            Block::Columns {
                left: "1 x 2".to_owned(),
                right: "2.00 \"A\"".to_owned(),
                emphasis: Emphasis::Plain,
            },
            Block::Qr {
                text: link.to_owned(),
                letters: None,
            },
        ];
        let page = mail_page(&blocks, "ro", "7.8@shop.example").unwrap();
        assert_eq!(page.pictures.len(), 2);
        for picture in &page.pictures {
            let named = format!("src=\"cid:{}\"", picture.content_id);
            assert_eq!(page.html.matches(&named).count(), 1, "{}", page.html);
            assert!(Bitmap::of_png(&picture.png).is_ok());
        }
        assert!(
            page.html
                .contains("href=\"https://example.org/check?a=1&amp;b=2\"")
        );
        assert!(page.html.contains("&lt;b&gt;RETUR"), "{}", page.html);
        assert_eq!(page.html.matches("<h1").count(), 1);
        for part in ["<svg", "<style", "<script", "<b>", "display:flex"] {
            assert!(!page.html.contains(part), "{part} in {}", page.html);
        }
    }
}
