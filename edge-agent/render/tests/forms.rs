//! Each form of each kind of document: it is made, it shows every text of the paper, and it stays within its limits.
//!
//! `FERROTILL_FORMS=folder cargo test -p ferrotill-render --test forms` writes the forms for people to look at.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "shop/papers.rs"]
mod papers;
#[allow(dead_code, reason = "each test uses a part of it")]
mod shop;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::by_code;
use ferrotill_core::receipt::{
    Draft, DraftLine, Line, Modifier, Original, OriginalKind, ReceiptKind,
};
use ferrotill_render::{
    Align, Bitmap, Block, CashView, Emphasis, FormSize, IMAGE_SIZES, NonfiscalView, PDF_SIZES,
    PIXELS_MAX, PaperHeading, PrintedSeller, ReceiptView, ReportNames, ReportView, WantedSize,
    Words, blocks, cash_blocks, html, nonfiscal_blocks, pdf, png, report_blocks, svg,
};
use proptest::prelude::*;

use papers::{figures, heading};
use shop::{Law, line, originals, pay};

/// A document of a certain kind: its name, the language of its words, and its blocks.
struct Sample {
    name: &'static str,
    language: &'static str,
    blocks: Vec<Block>,
}

fn seller() -> PrintedSeller {
    PrintedSeller {
        name: Some("Magazinul „La Ion” SRL".to_owned()),
        number: Some("1003600012345".to_owned()),
        address: Some("mun. Chișinău, str. Columna 170".to_owned()),
        ..PrintedSeller::default()
    }
}

fn titled<'a>(title: &'a str, number: &'a str, seller: &'a PrintedSeller) -> PaperHeading<'a> {
    PaperHeading {
        title,
        number,
        ..heading(seller, "", false)
    }
}

/// A sale of ten lines with the letters of every language.
fn ten_lines() -> Vec<DraftLine<'static>> {
    let names = [
        "Brânză de vaci la kilogram, ambalată în vid, cu mărar și usturoi",
        "Țuică „Zăpadă” 0,5 l — ediție limitată în sticlă înaltă, cu etichetă ștanțată",
        "Хлеб «Бородинский»",
        "Їжа на винос, ґрунтовна",
        "Oʻzbek noni, gʻijduvon palovi",
        "Ўзбек нони, ғижим, ҳалво, қатиқ",
        "Käsespätzle mit Röstzwiebeln, groß",
        "Cafea 3 €",
        "Apă plată",
        "Pâine",
    ];
    let mut lines: Vec<DraftLine<'_>> = names
        .iter()
        .map(|name| line(name, 1_000, 1_250, "A", None))
        .collect();
    lines[0] = DraftLine {
        comment: "fără zahăr",
        ..line(names[0], 345, 12_345, "A", Some(Modifier::Percent(-1_000)))
    };
    lines[2] = line(names[2], 2_000, 850, "B", None);
    lines[8].voided = true;
    lines
}

fn sale(law: &Law, copy: bool, kind: ReceiptKind) -> Vec<Block> {
    let lines = ten_lines();
    let draft = Draft {
        lines: &lines,
        modifiers: &[Modifier::Amount(Amount::from_minor(-100))],
        payments: &[pay(1, 3_000), pay(0, 20_000)],
        header: "Masa 5          Ospătar: Ion",
        footer: "Mulțumim!\nVă mai așteptăm.",
        ..Draft::default()
    };
    let title = match kind {
        ReceiptKind::AlternativeSale => law.facts.alternative_receipt_title,
        _ => "",
    };
    let seller = seller();
    let paper = PaperHeading {
        copy,
        ..titled(title, "ABC00000001", &seller)
    };
    let words = Words::of(law.facts.language);
    let made = law.compute(draft, kind, None, |receipt| {
        blocks(&ReceiptView::of(receipt, paper, law.facts.currency, words))
    });
    let mut blocks = made.unwrap();
    if kind == ReceiptKind::Sale {
        blocks.insert(0, Block::Logo(Arc::new(logo())));
        blocks.push(Block::Qr {
            text: LINK.to_owned(),
            letters: None,
        });
    }
    blocks
}

const LINK: &str = "https://mev.sfs.md/receipt-verifier/J105002238/156.77/46151/2024-11-12";

/// A logo of 200 × 60 dots: a frame and a diagonal.
fn logo() -> Bitmap {
    let mut pixels = vec![255_u8; 200 * 60];
    for (place, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = (place % 200, place / 200);
        let is_edge = !(4..196).contains(&x) || !(4..56).contains(&y);
        if is_edge || (x * 60).abs_diff(y * 200) < 600 {
            *pixel = 0;
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 200, 60);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    Bitmap::of_png(&file).unwrap()
}

fn returned(law: &Law) -> Vec<Block> {
    let lines = [line("Їжа на винос", 3_000, 198, "A", None)];
    let draft = Draft {
        lines: &lines,
        payments: &[pay(0, 1_000)],
        ..Draft::default()
    };
    let made = law.compute(draft, ReceiptKind::Sale, None, |receipt| {
        let lines: Vec<Line<'_>> = receipt.lines.iter().collect();
        let lines = originals(&lines);
        let original = Original {
            kind: OriginalKind::Fiscal,
            number_unknown: false,
            lines: &lines,
        };
        let back = [line("Їжа на винос", 1_000, 198, "A", None)];
        let draft = Draft {
            lines: &back,
            payments: &[pay(1, 198)],
            ..Draft::default()
        };
        let kind = ReceiptKind::Refund {
            original: DocumentId([1; 16]),
        };
        let seller = seller();
        let paper = titled("", "# 4000000123", &seller);
        let words = Words::of(law.facts.language);
        law.compute(draft, kind, Some(&original), |receipt| {
            blocks(&ReceiptView::of(receipt, paper, law.facts.currency, words))
        })
        .unwrap()
    });
    made.unwrap()
}

fn report(law: &Law, kind: ReportKind) -> Vec<Block> {
    let words = Words::of(law.facts.language);
    let seal = format!("{} DT12345678: 32", words.printer);
    let names = ReportNames {
        payment: &|code| (code < 2).then(|| ["Numerar", "Card bancar"][code as usize].to_owned()),
        rounding: None,
        shift_began: "28.11.2026 08:00:00",
    };
    report_blocks(&ReportView::of(
        (kind, &figures(law)),
        heading(&seller(), &seal, false),
        names,
        law.facts.currency,
        words,
    ))
}

fn cash(law: &Law, amount: i64) -> Vec<Block> {
    cash_blocks(&CashView::of(
        Amount::from_minor(amount),
        Some(Amount::from_minor(60_000)),
        heading(&seller(), "", false),
        law.facts.currency,
        Words::of(law.facts.language),
    ))
}

fn nonfiscal(law: &Law) -> Vec<Block> {
    let text = "Parcare: 2 ore\n\nLocul A-17, până la 15:30\nПарковка до 15:30";
    let (words, seller) = (Words::of(law.facts.language), seller());
    let heading = heading(&seller, "", false);
    nonfiscal_blocks(&NonfiscalView::of(text, heading, law.facts.currency, words))
}

fn samples() -> Vec<Sample> {
    let law = |country: &str| Law::new(by_code(country).unwrap().facts(), ["Numerar", "Card"]);
    let (md, ua, at) = (law("MD"), law("UA"), law("AT"));
    let sample = |name, law: &Law, blocks| Sample {
        name,
        language: law.facts.language,
        blocks,
    };
    vec![
        sample("sale", &md, sale(&md, false, ReceiptKind::Sale)),
        sample(
            "alternative",
            &md,
            sale(&md, false, ReceiptKind::AlternativeSale),
        ),
        sample("copy", &md, sale(&md, true, ReceiptKind::AlternativeSale)),
        sample("return", &ua, returned(&ua)),
        sample("cash_in", &ua, cash(&ua, 50_000)),
        sample("cash_out", &at, cash(&at, -1_250)),
        sample("x_report", &at, report(&at, ReportKind::X)),
        sample("z_report", &md, report(&md, ReportKind::Z)),
        sample("nonfiscal", &md, nonfiscal(&md)),
    ]
}

fn keep(name: &str, kind: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("FERROTILL_FORMS") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.{kind}")), bytes).unwrap();
    }
}

/// The shades of a picture, row by row; 0 is black.
fn shades(file: &[u8]) -> (usize, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.color_type, png::ColorType::Grayscale);
    bytes.truncate(info.buffer_size());
    (info.width as usize, bytes)
}

/// The words of all blocks in their order.
fn words_of(blocks: &[Block]) -> Vec<String> {
    let texts = blocks.iter().flat_map(|block| match block {
        Block::Text { text, .. } => vec![text.as_str()],
        Block::Columns { left, right, .. } => vec![left.as_str(), right.as_str()],
        _ => Vec::new(),
    });
    let words = texts.flat_map(str::split_whitespace).map(str::to_owned);
    words.collect()
}

fn pdf_size() -> FormSize {
    PDF_SIZES.size(WantedSize::default()).unwrap()
}

#[test]
fn every_form_of_every_document_is_made() {
    for Sample {
        name,
        language,
        blocks,
    } in samples()
    {
        keep(name, "html", html(&blocks, language).as_bytes());
        let drawing = svg(&blocks, language, FormSize::default());
        keep(name, "svg", drawing.as_bytes());
        assert!(drawing.ends_with("</g>\n</svg>\n"));
        let picture = png(&blocks, FormSize::default()).unwrap();
        keep(name, "png", &picture);
        let (width, shades) = shades(&picture);
        assert_eq!(width, 608);
        for (margin, what) in [(0..16, "left"), (592..608, "right")] {
            let ink = shades.chunks(width).flat_map(|row| &row[margin.clone()]);
            assert!(ink.into_iter().all(|shade| *shade == 255), "{what} {name}");
        }
        assert!(shades.contains(&0), "{name} is black on white");
        let narrow = WantedSize {
            width: Some(384),
            horizontal_margin: Some(8),
            ..WantedSize::default()
        };
        let narrow = IMAGE_SIZES.size(narrow).unwrap();
        keep(name, "58mm.png", &png(&blocks, narrow).unwrap());
        let file = pdf(&blocks, language, pdf_size()).unwrap();
        keep(name, "pdf", &file);
        let text = String::from_utf8_lossy(&file);
        for part in ["%PDF-1.7", "/StructTreeRoot", "/FontFile2", "/MarkInfo"] {
            assert!(text.contains(part), "{part} in the PDF of {name}");
        }
    }
}

/// What a scanner reads of a picture.
fn scanned(picture: &[u8]) -> Vec<String> {
    let (width, shades) = shades(picture);
    let height = shades.len() / width;
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| shades[y * width + x]);
    let grids = picture.detect_grids();
    grids.iter().map(|grid| grid.decode().unwrap().1).collect()
}

#[test]
fn a_scanner_reads_the_code_on_paper_of_58_and_80_mm() {
    // The text of a signed receipt in a country with signatures is about as long as the second one.
    for text in [
        LINK.to_owned(),
        "R1-AT1_".to_owned() + &"abcDEF0123+/".repeat(27),
    ] {
        let blocks = [
            Block::Rule,
            Block::Qr {
                text: text.clone(),
                letters: None,
            },
            Block::Rule,
        ];
        for width in [384, 608] {
            let wanted = WantedSize {
                width: Some(width),
                horizontal_margin: Some(8),
                ..WantedSize::default()
            };
            let size = IMAGE_SIZES.size(wanted).unwrap();
            let picture = png(&blocks, size).unwrap();
            keep(&format!("code_{}_{width}", text.len()), "png", &picture);
            assert_eq!(scanned(&picture), [text.as_str()], "{width}");
        }
    }
}

#[test]
fn a_text_that_no_code_can_hold_is_shown_as_text() {
    let text = "a".repeat(3_000);
    let blocks = [Block::Qr {
        text: text.clone(),
        letters: None,
    }];
    let drawing = svg(&blocks, "ro", FormSize::default());
    assert_eq!(drawing.matches('a').count() / 3_000, 1, "the whole text");
    assert!(pdf(&blocks, "ro", pdf_size()).is_ok());
    assert!(!html(&blocks, "ro").is_empty());
}

#[test]
fn a_pdf_says_what_the_paper_says() {
    if Command::new("pdftotext").arg("-v").output().is_err() {
        eprintln!("SKIPPED: there is no pdftotext here (Debian: poppler-utils)");
        return;
    }
    for Sample {
        name,
        language,
        blocks,
    } in samples()
    {
        let file = tempfile_of(&pdf(&blocks, language, pdf_size()).unwrap());
        let read = Command::new("pdftotext")
            .args(["-layout", "-enc", "UTF-8"])
            .arg(&file)
            .arg("-")
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        std::fs::remove_file(&file).unwrap();
        let text = String::from_utf8(read.stdout).unwrap();
        let found: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(found, words_of(&blocks), "{name}");
    }
}

fn tempfile_of(bytes: &[u8]) -> PathBuf {
    let name = format!("ferrotill-form-{}.pdf", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn no_measures_make_a_picture_of_more_than_16_megapixels() {
    let text = Block::Text {
        text: "Brânză de vaci ".repeat(20),
        align: Align::Left,
        emphasis: Emphasis::Bold,
    };
    let blocks = vec![text; 60];
    let wanted = WantedSize {
        width: Some(2_400),
        font_size: Some(96),
        ..WantedSize::default()
    };
    let size = IMAGE_SIZES.size(wanted).unwrap();
    let (width, shades) = shades(&png(&blocks, size).unwrap());
    let pixels = u32::try_from(shades.len()).unwrap();
    assert!(
        pixels <= PIXELS_MAX && pixels > PIXELS_MAX / 100 * 98,
        "{pixels}"
    );
    assert!(width < 2_400);
    let last = &shades[shades.len() - width * width / 10..];
    assert!(last.contains(&0), "the last row is drawn");
}

#[test]
fn a_long_document_has_several_pages_of_pdf_and_no_text_is_lost() {
    let block = |number: u32| Block::Columns {
        left: format!("Pâine {number}"),
        right: "8.10".to_owned(),
        emphasis: Emphasis::Plain,
    };
    let blocks: Vec<Block> = (0..2_000).map(block).collect();
    let file = pdf(&blocks, "ro", pdf_size()).unwrap();
    let text = String::from_utf8_lossy(&file);
    let count = format!("/Count {}", 2);
    assert!(text.contains(&count), "two pages");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~а-яăâîșț\u{300}-\u{310}\u{200b}-\u{2030}\u{fe00}-\u{ffff}]{0,60}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_a_form(left in any_text(), right in any_text(), bold: bool) {
        let emphasis = if bold { Emphasis::Large } else { Emphasis::Plain };
        let blocks = [
            Block::Text { text: left.clone(), align: Align::Centre, emphasis },
            Block::Columns { left, right, emphasis },
            Block::Rule,
        ];
        prop_assert!(pdf(&blocks, "ro", pdf_size()).is_ok());
        let wanted = WantedSize { content_width: Some(120), font_size: Some(10), ..WantedSize::default() };
        prop_assert!(png(&blocks, IMAGE_SIZES.size(wanted).unwrap()).is_ok());
        let drawing = svg(&blocks, "ro", FormSize::default());
        prop_assert!(!drawing.contains('\0'));
    }

    #[test]
    fn allowed_measures_always_make_a_picture_within_its_limits(
        content in -10..2_100_i32, margin in -10..510_i32, font in 0..100_i32, width in proptest::option::of(0..2_500_i32),
    ) {
        let wanted = WantedSize {
            content_width: Some(content),
            horizontal_margin: Some(margin),
            vertical_margin: Some(margin),
            font_size: Some(font),
            width,
        };
        if let Ok(size) = IMAGE_SIZES.size(wanted) {
            prop_assert!(size.width >= size.content_width + 2 * size.horizontal_margin);
            prop_assert!(size.columns() >= 20 && size.width <= 3_000);
        }
    }
}
