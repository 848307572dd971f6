//! Blocks as one page of HTML that needs nothing else: no script, no image, no other file.
//!
//! Every text is escaped. A text that is too long for the page continues in the next row.

use crate::bitmap::Bitmap;
use crate::layout::{Align, Block, Emphasis, title_block, title_of};

/// The page of a document. `language` is the ISO 639 code of its words. The first text that is not plain is the title of the page.
#[must_use]
pub fn html(blocks: &[Block], language: &str) -> String {
    let title = title_block(blocks);
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"");
    escape(&mut page, language);
    page.push_str("\"><head><meta charset=\"utf-8\"><title>");
    escape(&mut page, title_of(blocks));
    page.push_str("</title>\n");
    page.push_str(HEAD);
    for (place, block) in blocks.iter().enumerate() {
        if Some(place) == title {
            write_block(&mut page, block, "h1");
        } else {
            write_block(&mut page, block, "p");
        }
    }
    page.push_str("</main></body></html>\n");
    page
}

const HEAD: &str = "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n\
    body{margin:0;background:#fff;color:#111;font:1rem/1.4 ui-monospace,\"DejaVu Sans Mono\",Consolas,monospace}\n\
    main{max-width:26rem;margin:0 auto;padding:1rem .75rem}\n\
    h1,p{margin:0;font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}\n\
    .c{text-align:center}\n.b{font-weight:bold}\n.l{font-weight:bold;font-size:1.5em}\n\
    .r{display:flex;gap:1ch;justify-content:space-between;align-items:flex-end}\n\
    .r span:last-child{white-space:pre;flex:none;max-width:100%}\n\
    hr{border:0;border-top:1px dashed #111;margin:.5rem 0}\n\
    svg{display:block;margin:.5rem auto;max-width:100%;height:auto}\n.q{width:15rem}\n</style></head>\n<body><main>\n";

pub(crate) fn write_block(page: &mut String, block: &Block, tag: &str) {
    match block {
        Block::Rule => page.push_str("<hr>"),
        Block::Text {
            text,
            align,
            emphasis,
        } => {
            let align = match align {
                Align::Left => "",
                Align::Centre => "c",
            };
            open(page, tag, [align, class_of(*emphasis)]);
            escape(page, text);
            close(page, tag);
        }
        Block::Columns {
            left,
            right,
            emphasis,
        } => {
            open(page, tag, ["r", class_of(*emphasis)]);
            page.push_str("<span>");
            escape(page, left);
            // The space keeps the two apart where the text is copied or read aloud.
            page.push_str("</span> <span>");
            escape(page, right);
            page.push_str("</span>");
            close(page, tag);
        }
        Block::Qr { text, letters } => {
            if let Some(code) = Bitmap::of_qr(text) {
                picture(page, &code, text, "q");
            } else {
                open(page, tag, ["c", ""]);
                escape(page, letters.as_ref().unwrap_or(text));
                close(page, tag);
            }
        }
        Block::Logo(logo) => picture(page, logo, "", "g"),
    }
    page.push('\n');
}

/// A picture of dots. `text` is what it says; without it the picture is decoration.
fn picture(page: &mut String, bitmap: &Bitmap, text: &str, class: &str) {
    let (width, height) = (bitmap.width(), bitmap.height());
    let role = if text.is_empty() {
        "aria-hidden=\"true\""
    } else {
        "role=\"img\""
    };
    page.push_str(&format!(
        "<svg class=\"{class}\" {role} viewBox=\"0 0 {width} {height}\" width=\"{width}\" shape-rendering=\"crispEdges\">"
    ));
    if !text.is_empty() {
        page.push_str("<title>");
        escape(page, text);
        page.push_str("</title>");
    }
    page.push_str("<path d=\"");
    page.push_str(&bitmap.path());
    page.push_str("\"/></svg>");
}

pub(crate) const fn class_of(emphasis: Emphasis) -> &'static str {
    match emphasis {
        Emphasis::Plain => "",
        Emphasis::Bold => "b",
        Emphasis::Large => "l",
    }
}

fn open(page: &mut String, tag: &str, classes: [&str; 2]) {
    page.push('<');
    page.push_str(tag);
    let classes: Vec<&str> = classes
        .into_iter()
        .filter(|class| !class.is_empty())
        .collect();
    if !classes.is_empty() {
        page.push_str(" class=\"");
        page.push_str(&classes.join(" "));
        page.push('"');
    }
    page.push('>');
}

fn close(page: &mut String, tag: &str) {
    page.push_str("</");
    page.push_str(tag);
    page.push('>');
}

/// Adds a text as HTML or SVG. Control characters have no form in HTML; a space stands for each.
pub(crate) fn escape(page: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            control if control.is_control() => page.push(' '),
            other => page.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let text = |text: &str| Block::Text {
            text: text.to_owned(),
            align: Align::Left,
            emphasis: Emphasis::Bold,
        };
        let blocks = [
            text("</title><script>alert(1)</script>"),
            Block::Columns {
                left: "\"a\" & 'b'\u{0}".to_owned(),
                right: "1 < 2".to_owned(),
                emphasis: Emphasis::Plain,
            },
        ];
        let page = html(&blocks, "ro\"><script>");
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{0}'), "{page}");
        let row = "<p class=\"r\"><span>&quot;a&quot; &amp; &#39;b&#39; </span> <span>1 &lt; 2</span></p>";
        assert!(page.contains(row), "{page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
    }
}
