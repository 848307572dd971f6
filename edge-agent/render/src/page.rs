//! The page on which a buyer reads a receipt: the blocks of the receipt in named sections, with tables, images and links that only a
//! screen has. The PDF and the picture of the same receipt are made of [`paper_blocks`], so that all of them have the same figures.
//!
//! The page has no script and loads nothing but the images of its own receipt. Every text is escaped.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::bitmap::Bitmap;
use crate::html::{escape, write_block};
use crate::layout::{Align, Block, Emphasis};
use crate::page_items::{PageItem, PageSection};
use crate::page_rows::{is_long, letters_of, write_row};

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormField {
    /// The name of the field, as it is sent.
    pub name: &'static str,
    /// The label.
    pub label: String,
    /// What stands in it.
    pub value: String,
    /// Whether it has several lines.
    pub lines: bool,
}

/// The form below a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormPart {
    /// The id and the title.
    pub title: String,
    /// Where the form is sent.
    pub action: String,
    /// What happened to the last one; may be empty.
    pub status: String,
    /// The fields.
    pub fields: Vec<FormField>,
    /// The buttons: value and label. Without one the fields can only be read.
    pub buttons: Vec<(&'static str, String)>,
    /// What stands below the buttons.
    pub hint: String,
}

/// A page.
#[derive(Clone, Debug)]
pub struct PublicPage<'a> {
    /// The language of the texts.
    pub language: &'a str,
    /// The title of the page, in the browser.
    pub title: &'a str,
    /// The title on the page; empty if a block of the sections is one.
    pub heading: &'a str,
    /// The sections.
    pub sections: &'a [PageSection],
    /// Links below the receipt: address, label, and whether it is a file to be saved.
    pub links: &'a [(String, String, bool)],
    /// What stands before an address that a code holds.
    pub check: &'a str,
    /// The form.
    pub form: Option<&'a FormPart>,
    /// What a browser may do on the page, if the page itself says it because no server does.
    pub policy: Option<&'a str>,
}

/// The style of the page. The page names its digest, so that a browser takes no other style.
pub const PAGE_STYLE: &str = ":root{color-scheme:light dark;--p:#fff;--b:#f1f2f4;--t:#16181d;--l:#c9ccd3;--a:#0b57d0}\
@media(prefers-color-scheme:dark){:root{--p:#1e2026;--b:#101116;--t:#eceef2;--l:#4a4e58;--a:#9ec1ff}}\
*{box-sizing:border-box}body{margin:0;background:var(--b);color:var(--t);font:1rem/1.45 system-ui,\"DejaVu Sans\",sans-serif}\
main{max-width:27rem;margin:0 auto;padding:1rem .75rem 2rem}\
.k{background:var(--p);border-radius:.75rem;padding:1.25rem 1rem;font-variant-numeric:tabular-nums}\
h1{font-size:1.35rem;line-height:1.25;margin:0 0 .5rem;text-align:center;overflow-wrap:anywhere}h2{font-size:.95rem;margin:0 0 .25rem}\
p,h1{white-space:pre-wrap}p{margin:0;overflow-wrap:anywhere}section+section{margin-top:.75rem;padding-top:.75rem;border-top:1px dashed var(--l)}\
.c{text-align:center}.e{text-align:right}.b{font-weight:700}.l{font-weight:700;font-size:1.35rem;line-height:1.25}\
.r{display:flex;flex-wrap:wrap;column-gap:1ch;justify-content:space-between;align-items:flex-end}.r span{min-width:0;max-width:100%;overflow-wrap:anywhere}.r span:last-child{white-space:pre-wrap;text-align:right;margin-left:auto}.r .o:last-child{text-align:left;margin-left:0}.f .r{align-items:flex-start}\
.x{display:inline-block;width:1.2rem;font-style:normal;text-align:left}.y{width:2rem}\
hr{border:0;border-top:1px dashed var(--l);margin:.6rem 0}\
svg,img{display:block;margin:.6rem auto;max-width:100%;height:auto}svg{background:#fff;color:#000}.q{width:15rem}.w{height:4rem}\
table{width:100%;border-collapse:collapse;margin:.25rem 0}th,td{padding:.1rem 0 .1rem .5rem;text-align:right;font-weight:400}[scope=col]{font-size:.85rem}th:first-child,td:first-child{text-align:left;padding-left:0}\
a{color:var(--a);overflow-wrap:anywhere}.n{display:flex;flex-wrap:wrap;gap:.75rem;justify-content:center;margin:1rem 0}\
.n a,button{font:inherit;font-weight:600;min-height:2.75rem;padding:.6rem 1rem;border:1px solid var(--a);border-radius:.5rem;background:var(--p);color:var(--a);text-decoration:none;cursor:pointer}\
form,.f{margin-top:1rem}label{display:block;margin:.6rem 0 .15rem}input,textarea{width:100%;font:inherit;padding:.5rem;border:1px solid #7b808b;border-radius:.4rem;background:var(--p);color:var(--t)}\
:focus-visible{outline:3px solid var(--a);outline-offset:2px}.t{text-align:center;font-weight:700;border:2px solid currentColor;border-radius:.4rem;padding:.2rem .5rem;margin:0 0 .75rem}\
@page{margin:10mm}@media print{html{font-size:9.5px;line-height:1.3}body{font-size:1rem;line-height:1.3}body,main,.k{background:#fff;color:#000;padding:0}.n,form,.f{display:none}.q{width:12rem}.w{height:3rem;break-after:avoid}:root{--t:#000;--p:#fff}\
.d{max-width:146mm}.d .k{columns:2;column-gap:10mm}p,svg,img,table,form{break-inside:avoid}h2{break-after:avoid}}";

impl PublicPage<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = String::from("<!DOCTYPE html>\n<html lang=\"");
        escape(&mut page, self.language);
        page.push_str("\"><head><meta charset=\"utf-8\">");
        if let Some(policy) = self.policy {
            page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"");
            escape(&mut page, policy);
            page.push_str("\"><meta name=\"referrer\" content=\"no-referrer\">");
        }
        page.push_str("<title>");
        escape(&mut page, self.title);
        page.push_str("</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n<style>");
        page.push_str(PAGE_STYLE);
        page.push_str("</style></head>\n<body><main");
        if is_long(self.sections) {
            page.push_str(" class=\"d\"");
        }
        page.push_str(">\n<article class=\"k\">\n");
        let letters = letters_of(self.sections);
        let mut heading = self.heading.is_empty();
        if !heading {
            page.push_str("<h1>");
            escape(&mut page, self.heading);
            page.push_str("</h1>\n");
        }
        for section in self
            .sections
            .iter()
            .filter(|section| !section.items.is_empty())
        {
            page.push_str("<section>\n");
            if !section.title.is_empty() {
                page.push_str("<h2>");
                escape(&mut page, &section.title);
                page.push_str("</h2>\n");
            }
            for item in &section.items {
                self.write_item(&mut page, item, &mut heading, letters);
            }
            page.push_str("</section>\n");
        }
        page.push_str("</article>\n");
        if !self.links.is_empty() {
            page.push_str("<div class=\"n\">");
            for (address, label, is_file) in self.links {
                page.push_str("<a href=\"");
                escape(&mut page, address);
                page.push_str(if *is_file {
                    "\" download>"
                } else {
                    "\" rel=\"noopener noreferrer\">"
                });
                escape(&mut page, label);
                page.push_str("</a>");
            }
            page.push_str("</div>\n");
        }
        if let Some(form) = self.form {
            write_form(&mut page, form);
        }
        page.push_str("</main></body></html>\n");
        page
    }

    fn write_item(&self, page: &mut String, item: &PageItem, heading: &mut bool, letters: usize) {
        match item {
            PageItem::Block(Block::Qr { text, .. }) => write_code(page, text, self.check),
            PageItem::Code(text) => write_code(page, text, text),
            PageItem::Block(Block::Logo(logo)) => picture(page, logo, "", "g"),
            PageItem::Block(Block::Columns {
                left,
                right,
                emphasis,
            }) if !*heading || *emphasis == Emphasis::Plain => {
                write_row(page, (left, right), *emphasis, letters);
            }
            PageItem::Block(block) => {
                // The first text that is not plain is the title, if the page has no other one.
                let is_title = *heading
                    && matches!(block, Block::Text { emphasis, .. } if *emphasis != Emphasis::Plain);
                *heading &= !is_title;
                write_block(page, block, if is_title { "h1" } else { "p" });
            }
            PageItem::Right(text) => {
                page.push_str("<p class=\"e\">");
                escape(page, text);
                page.push_str("</p>\n");
            }
            PageItem::Table(rows) => write_table(page, rows),
            PageItem::Bars(bars, text) => {
                write_bars(page, bars, text);
                page.push_str("<p class=\"c\">");
                escape(page, text);
                page.push_str("</p>\n");
            }
            PageItem::Image {
                source, says, link, ..
            } => {
                if let Some(link) = link {
                    page.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
                    escape(page, link);
                    page.push_str("\">");
                }
                page.push_str("<img src=\"");
                escape(page, source);
                page.push_str("\" alt=\"");
                // A link needs a name.
                escape(
                    page,
                    if says.is_empty() {
                        link.as_deref().unwrap_or("")
                    } else {
                        says
                    },
                );
                page.push_str("\">");
                if link.is_some() {
                    page.push_str("</a>");
                }
                page.push('\n');
            }
        }
    }
}

/// A QR code. An address in it is a link with a name too: a phone cannot scan its own screen.
fn write_code(page: &mut String, text: &str, name: &str) {
    match Bitmap::of_qr(text) {
        Some(code) => picture(page, &code, text, "q"),
        None => {
            page.push_str("<p class=\"c\">");
            escape(page, text);
            page.push_str("</p>\n");
        }
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        page.push_str("<p class=\"c\"><a rel=\"noopener noreferrer\" href=\"");
        escape(page, text);
        page.push_str("\">");
        escape(page, name);
        page.push_str("</a></p>\n");
    }
}

fn write_table(page: &mut String, rows: &[Vec<String>]) {
    page.push_str("<table>");
    for (place, row) in rows.iter().enumerate() {
        page.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            let (open, close) = match (place, column) {
                (0, _) => ("<th scope=\"col\">", "</th>"),
                (_, 0) => ("<th scope=\"row\">", "</th>"),
                _ => ("<td>", "</td>"),
            };
            page.push_str(open);
            escape(page, cell);
            page.push_str(close);
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>\n");
}

fn write_form(page: &mut String, form: &FormPart) {
    let is_open = !form.buttons.is_empty();
    page.push_str("<section class=\"k f\" id=\"hospitality\"><h2>");
    escape(page, &form.title);
    page.push_str("</h2>\n");
    if !form.status.is_empty() {
        page.push_str("<p role=\"status\" class=\"b\">");
        escape(page, &form.status);
        page.push_str("</p>\n");
    }
    if is_open {
        page.push_str("<form method=\"post\" autocomplete=\"off\" action=\"");
        escape(page, &form.action);
        page.push_str("\">\n");
    }
    for field in &form.fields {
        if !is_open {
            page.push_str("<p class=\"r\"><span>");
            escape(page, &field.label);
            page.push_str("</span> <span>");
            for (place, line) in field.value.lines().enumerate() {
                if place > 0 {
                    page.push_str("<br>");
                }
                escape(page, line);
            }
            page.push_str("</span></p>\n");
            continue;
        }
        let name = field.name;
        let _ = write!(page, "<label for=\"{name}\">");
        escape(page, &field.label);
        page.push_str("</label>");
        if field.lines {
            let _ = writeln!(
                page,
                "<textarea id=\"{name}\" name=\"{name}\" rows=\"4\" maxlength=\"2000\">"
            );
            for (place, line) in field.value.lines().enumerate() {
                if place > 0 {
                    page.push('\n');
                }
                escape(page, line);
            }
            page.push_str("</textarea>\n");
        } else {
            let _ = write!(
                page,
                "<input id=\"{name}\" name=\"{name}\" maxlength=\"200\" value=\""
            );
            escape(page, &field.value);
            page.push_str("\">\n");
        }
    }
    if is_open {
        page.push_str("<div class=\"n\">");
        for (value, label) in &form.buttons {
            let _ = write!(page, "<button name=\"action\" value=\"{value}\">");
            escape(page, label);
            page.push_str("</button>");
        }
        page.push_str("</div>\n<p>");
        escape(page, &form.hint);
        page.push_str("</p>\n</form>\n");
    }
    page.push_str("</section>\n");
}

/// A code of bars for paper: a bar has up to three dots, so that a reader sees it.
fn printed_bars(bars: &Bitmap) -> Bitmap {
    let times = PRINTED_DOTS
        .checked_div(bars.width())
        .unwrap_or(1)
        .clamp(1, 3);
    let mut printed = Bitmap::white(bars.width() * times, PRINTED_HEIGHT);
    for (left, _, count) in bars.runs().into_iter().filter(|(_, y, _)| *y == 0) {
        for x in left * times..(left + count) * times {
            (0..PRINTED_HEIGHT).for_each(|y| printed.set(x, y));
        }
    }
    printed
}

/// The dots of a row of 72 mm, and the dots that a code of bars is high on paper: 10 mm.
const PRINTED_DOTS: u32 = 576;
const PRINTED_HEIGHT: u32 = 80;

/// A code of bars, which are as high as the picture.
fn write_bars(page: &mut String, bars: &Bitmap, text: &str) {
    let (width, height) = (bars.width(), bars.height());
    // All codes are equally high, and each bar has two pixels where there is room.
    let shown = width * 2;
    let _ = write!(
        page,
        "<svg class=\"w\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{shown}\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\"><title>"
    );
    escape(page, text);
    page.push_str("</title><path d=\"");
    for (x, _, count) in bars.runs().into_iter().filter(|(_, y, _)| *y == 0) {
        let _ = write!(page, "M{x} 0h{count}v{height}h-{count}z");
    }
    page.push_str("\"/></svg>\n");
}

/// A picture of dots, written shorter than the one of a paper. `text` is what it says; without it the picture is decoration.
fn picture(page: &mut String, bitmap: &Bitmap, text: &str, class: &str) {
    let (width, height) = (bitmap.width(), bitmap.height());
    let role = if text.is_empty() {
        "aria-hidden=\"true\""
    } else {
        "role=\"img\""
    };
    let _ = write!(
        page,
        "<svg class=\"{class}\" {role} viewBox=\"0 0 {width} {height}\" width=\"{width}\" shape-rendering=\"crispEdges\">"
    );
    if !text.is_empty() {
        page.push_str("<title>");
        escape(page, text);
        page.push_str("</title>");
    }
    page.push_str("<path stroke=\"#000\" transform=\"translate(0 .5)\" d=\"");
    let mut at: Option<(u32, u32)> = None;
    for (x, y, count) in bitmap.runs() {
        let _ = match at {
            Some((end, row)) if row == y => write!(page, "m{} 0h{count}", x - end),
            _ => write!(page, "M{x} {y}h{count}"),
        };
        at = Some((x + count, y));
    }
    page.push_str("\"/></svg>\n");
}

/// The blocks of a paper with these sections.
#[must_use]
pub fn paper_blocks(heading: &str, sections: &[PageSection]) -> Vec<Block> {
    let text = |text: &str, align, emphasis| Block::Text {
        text: text.to_owned(),
        align,
        emphasis,
    };
    let mut blocks = Vec::new();
    if !heading.is_empty() {
        blocks.push(text(heading, Align::Centre, Emphasis::Large));
    }
    let filled = sections.iter().filter(|section| !section.items.is_empty());
    for (place, section) in filled.enumerate() {
        if place > 0 {
            blocks.push(Block::Rule);
        }
        if !section.title.is_empty() {
            blocks.push(text(&section.title, Align::Left, Emphasis::Bold));
        }
        for item in &section.items {
            match item {
                PageItem::Block(block) => blocks.push(block.clone()),
                PageItem::Code(text) => blocks.push(Block::Qr {
                    text: text.clone(),
                    letters: None,
                }),
                PageItem::Right(right) => blocks.push(Block::Columns {
                    left: String::new(),
                    right: right.clone(),
                    emphasis: Emphasis::Plain,
                }),
                PageItem::Table(rows) => blocks.extend(table_blocks(rows)),
                PageItem::Bars(bars, says) => {
                    blocks.push(Block::Logo(Arc::new(printed_bars(bars))));
                    blocks.push(text(says, Align::Centre, Emphasis::Plain));
                }
                PageItem::Image { says, paper, .. } => match paper {
                    Some(paper) => blocks.push(Block::Logo(Arc::clone(paper))),
                    None if says.is_empty() => {}
                    None => blocks.push(text(says, Align::Centre, Emphasis::Plain)),
                },
            }
        }
    }
    blocks
}

/// A table on paper: a row for each figure, with the first cell of its row in front.
fn table_blocks(rows: &[Vec<String>]) -> Vec<Block> {
    let Some((names, rows)) = rows.split_first() else {
        return Vec::new();
    };
    let mut blocks = Vec::new();
    for row in rows {
        let first = row.first().map_or("", String::as_str);
        for (name, cell) in names.iter().zip(row).skip(1) {
            blocks.push(Block::Columns {
                left: format!("{first} {name}"),
                right: cell.clone(),
                emphasis: Emphasis::Plain,
            });
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let evil = "\"'><script>alert(1)</script>";
        let sections = [PageSection {
            title: evil.to_owned(),
            items: vec![
                PageItem::Right(evil.to_owned()),
                PageItem::Table(vec![vec![evil.to_owned()], vec![evil.to_owned()]]),
                PageItem::Image {
                    source: evil.to_owned(),
                    says: evil.to_owned(),
                    link: Some(evil.to_owned()),
                    paper: None,
                },
                PageItem::Block(Block::Qr {
                    text: format!("https://{evil}"),
                    letters: None,
                }),
            ],
        }];
        let form = FormPart {
            title: evil.to_owned(),
            action: evil.to_owned(),
            status: evil.to_owned(),
            fields: vec![FormField {
                name: "occasion",
                label: evil.to_owned(),
                value: evil.to_owned(),
                lines: true,
            }],
            buttons: vec![("save", evil.to_owned())],
            hint: evil.to_owned(),
        };
        let page = PublicPage {
            language: evil,
            title: evil,
            heading: evil,
            sections: &sections,
            links: &[(evil.to_owned(), evil.to_owned(), true)],
            check: evil,
            form: Some(&form),
            policy: None,
        };
        let html = page.html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1);
    }
}
