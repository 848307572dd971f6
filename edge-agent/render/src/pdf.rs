//! Blocks as a tagged PDF (PDF/UA-1) with the letters embedded, so that it looks alike everywhere and can be read aloud.

use std::num::NonZeroU16;

use krilla::SerializeSettings;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::tagging::{Artifact, ArtifactType, ContentTag, Node, SpanTag, Tag, TagGroup, TagTree};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, Document};

use crate::face::{ACCENT_BACK, CELL, Face, OpenFace, is_accent};
use crate::fault::FormFault;
use crate::layout::{Block, title_block, title_of};
use crate::sheet::{BASELINE, Drawn, FormSize, Placed, Sheet, number};

/// The PDF of a document. The measures are points (1/72 inch). `language` is the ISO 639 code of the words. The first text that is not
/// plain is the title.
///
/// The page is as long as the document; beyond [`PAGE_HEIGHT_MAX`] points there is another page.
///
/// # Errors
///
/// The document could not be made.
pub fn pdf(blocks: &[Block], language: &str, size: FormSize) -> Result<Vec<u8>, FormFault> {
    let fault = |text: &str| FormFault(text.to_owned());
    let sheet = Sheet::of(blocks, size);
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|_| fault("the version of PDF does not fit"))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    let title = match title_of(blocks) {
        "" => "Ferrotill",
        title => title,
    };
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .language(language.to_owned())
            .producer("Ferrotill".to_owned()),
    );
    let faces = Faces::open().ok_or_else(|| fault("the letters could not be read"))?;
    let mut groups: Vec<(usize, Vec<Node>)> = Vec::new();
    for (page, height) in pages(&sheet) {
        let settings = PageSettings::from_wh(sheet.width, height)
            .ok_or_else(|| fault("the page has no size"))?;
        let mut sheet_page = document.start_page_with(settings);
        let mut surface = sheet_page.surface();
        let top = page.first().map_or(0.0, |first| first.top - sheet.margin);
        for placed in page {
            if let Some(node) = faces.draw(&mut surface, placed, top) {
                match groups
                    .last_mut()
                    .filter(|(block, _)| *block == placed.block)
                {
                    Some((_, nodes)) => nodes.push(node),
                    None => groups.push((placed.block, vec![node])),
                }
            }
        }
        surface.finish();
        sheet_page.finish();
    }
    // The standard asks for an outline also where the document is short.
    let mut outline = Outline::new();
    let begin = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(title.to_owned(), begin));
    document.set_outline(outline);
    document.set_tag_tree(tree(groups, (title_block(blocks), title), language));
    document
        .finish()
        .map_err(|error| FormFault(format!("{error:?}")))
}

/// The largest height of a page, in points. Some viewers show no page above 14,400.
pub const PAGE_HEIGHT_MAX: u32 = 14_000;

/// What stands on each page, and the height of the page.
fn pages(sheet: &Sheet) -> Vec<(&[Placed], f32)> {
    let most = number(PAGE_HEIGHT_MAX) - 2.0 * sheet.margin;
    let mut pages = Vec::new();
    let mut rest = sheet.placed.as_slice();
    while let Some(first) = rest.first() {
        let fits = |placed: &Placed| placed.top + placed.height - first.top <= most;
        let count = rest.iter().take_while(|placed| fits(placed)).count().max(1);
        let (page, others) = rest.split_at(count.min(rest.len()));
        let bottom = page.last().map_or(first.top, |last| last.top + last.height);
        pages.push((page, bottom - first.top + 2.0 * sheet.margin));
        rest = others;
    }
    if pages.is_empty() {
        pages.push((rest, sheet.height.max(1.0)));
    }
    pages
}

/// The parts of the document in the order of reading.
fn tree(
    groups: Vec<(usize, Vec<Node>)>,
    (place, title): (Option<usize>, &str),
    language: &str,
) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
    for (block, nodes) in groups {
        if Some(block) == place {
            let heading = Tag::Hn(NonZeroU16::MIN, Some(title.to_owned()));
            tree.push(TagGroup::with_children(heading, nodes));
        } else {
            tree.push(TagGroup::with_children(Tag::P, nodes));
        }
    }
    tree
}

/// A face to draw with, and the glyphs of its letters.
struct PdfFace {
    font: Font,
    letters: OpenFace,
}

struct Faces {
    regular: PdfFace,
    bold: PdfFace,
}

impl Faces {
    fn open() -> Option<Self> {
        let open = |face: Face| {
            Some(PdfFace {
                font: Font::new(Data::from(face.file()), 0)?,
                letters: OpenFace::open(face)?,
            })
        };
        Some(Self {
            regular: open(Face::Regular)?,
            bold: open(Face::Bold)?,
        })
    }

    /// Draws on a page that begins at `top` of the sheet. A rule is no part of the text.
    fn draw(&self, surface: &mut Surface<'_>, placed: &Placed, top: f32) -> Option<Node> {
        let (left, top) = (placed.left, placed.top - top);
        match &placed.drawn {
            Drawn::Rule { width, thickness } => {
                let mut path = PathBuilder::new();
                path.push_rect(Rect::from_xywh(left, top, *width, *thickness)?);
                let path = path.finish()?;
                let artifact = Artifact::with_kind(ArtifactType::Other);
                surface.start_tagged(ContentTag::Artifact(artifact));
                surface.draw_path(&path);
                surface.end_tagged();
                None
            }
            Drawn::Dots { bitmap, dot, says } => {
                let mut path = PathBuilder::new();
                for (x, y, count) in bitmap.runs() {
                    // Rows overlap a little, so that no viewer shows a gap between them.
                    let (x, y) = (left + number(x) * dot, top + number(y) * dot);
                    path.push_rect(Rect::from_xywh(x, y, number(count) * dot, dot * 1.02)?);
                }
                let path = path.finish()?;
                if says.is_empty() {
                    let artifact = Artifact::with_kind(ArtifactType::Other);
                    surface.start_tagged(ContentTag::Artifact(artifact));
                    surface.draw_path(&path);
                    surface.end_tagged();
                    return None;
                }
                let node = surface.start_tagged(ContentTag::Other);
                surface.draw_path(&path);
                surface.end_tagged();
                let figure = Tag::Figure(Some(says.clone()));
                Some(TagGroup::with_children(figure, vec![node.into()]).into())
            }
            Drawn::Row { text, size, face } => {
                let face = match face {
                    Face::Regular => &self.regular,
                    Face::Bold => &self.bold,
                };
                // The space separates the last word of a row from the first one of the next.
                let text = format!("{text} ");
                let glyphs = glyphs(&text, &face.letters);
                let start = Point::from_xy(left, top + BASELINE * size);
                let node = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
                surface.draw_glyphs(start, &glyphs, face.font.clone(), &text, *size, false);
                surface.end_tagged();
                Some(node.into())
            }
        }
    }
}

fn glyphs(text: &str, face: &OpenFace) -> Vec<KrillaGlyph> {
    let letters = text.char_indices().map(|(at, letter)| {
        let (advance, back) = if is_accent(letter) {
            (0.0, -ACCENT_BACK)
        } else {
            (CELL, 0.0)
        };
        let glyph = GlyphId::new(face.glyph(letter).to_u32());
        let range = at..at.saturating_add(letter.len_utf8());
        KrillaGlyph::new(glyph, advance, back, 0.0, 0.0, range, None)
    });
    letters.collect()
}
