//! The paper of some receipts, row by row, for people to read.
//!
//! The files show what a shop's customers get. After a wanted change, `FERROTILL_WRITE=1 cargo test -p ferrotill-render` writes them
//! anew; read the difference before it is committed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "shop/papers.rs"]
mod papers;
mod shop;

use std::fmt::Write as _;
use std::path::Path;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::by_code;
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    Draft, DraftLine, Line, Modifier, Original, Prices, Receipt, ReceiptKind,
};
use ferrotill_render::{
    CashView, Emphasis, PaperRow, PrintedSeller, ReportNames, ReportView, Words, cash_blocks, html,
    report_blocks,
};

use papers::{figures, heading};
use shop::{Law, line, on_paper, originals, pay};

/// Compares rows with a file. A row that is not plain is marked at its beginning: `*` is bold, `#` is large.
fn assert_paper(name: &str, papers: &[Vec<PaperRow>]) {
    let mut found = String::new();
    for rows in papers {
        for row in rows {
            let mark = match row.emphasis {
                Emphasis::Plain => ' ',
                Emphasis::Bold => '*',
                Emphasis::Large => '#',
            };
            writeln!(found, "{mark}|{}", row.text).unwrap();
        }
        found.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("FERROTILL_WRITE").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted, "{}", path.display());
}

/// A receipt on a wide and on a narrow paper.
fn both(
    law: &Law,
    receipt: &Receipt<'_>,
    title: &str,
    seller: &PrintedSeller,
) -> [Vec<PaperRow>; 2] {
    [42, 24].map(|columns| law.paper(receipt, title, seller, columns))
}

#[test]
fn an_alternative_receipt_with_discounts() {
    let law = Law::new(by_code("MD").unwrap().facts(), ["Numerar", "Card"]);
    let seller = PrintedSeller {
        name: Some("Magazinul „La Ion” SRL".to_owned()),
        number: Some("1003600012345".to_owned()),
        address: Some("mun. Chișinău, str. Columna 170".to_owned()),
        ..PrintedSeller::default()
    };
    let lines = [
        DraftLine {
            comment: "fără zahăr",
            ..line(
                "Brânză de vaci la kilogram",
                345,
                12_345,
                "A",
                Some(Modifier::Percent(-1_000)),
            )
        },
        line("Хлеб «Бородинский»", 2_000, 850, "B", None),
        line(
            "Cafea",
            1_000,
            2_500,
            "A",
            Some(Modifier::Amount(Amount::from_minor(100))),
        ),
        DraftLine {
            voided: true,
            ..line("Apă", 1_000, 900, "A", None)
        },
    ];
    let draft = Draft {
        lines: &lines,
        modifiers: &[Modifier::Amount(Amount::from_minor(-100))],
        payments: &[pay(1, 3_000), pay(0, 10_000)],
        header: "Masa 5          Ospătar: Ion",
        footer: "Mulțumim!\nVă mai așteptăm.",
        ..Draft::default()
    };
    let papers = law.compute(draft, ReceiptKind::AlternativeSale, None, |receipt| {
        both(&law, receipt, law.facts.alternative_receipt_title, &seller)
    });
    assert_paper("alternative_receipt", &papers.unwrap());
}

#[test]
fn a_receipt_with_a_cash_rounding_and_its_return() {
    let law = Law::new(by_code("UA").unwrap().facts(), ["Готівка", "Картка"]);
    let seller = PrintedSeller {
        name: Some("ТОВ «Кав’ярня»".to_owned()),
        ..PrintedSeller::default()
    };
    let lines = [line(
        "Їжа на винос",
        1_000,
        198,
        "A",
        Some(Modifier::Percent(-1_550)),
    )];
    let draft = Draft {
        lines: &lines,
        payments: &[pay(0, 500)],
        ..Draft::default()
    };
    let sold = law.compute(draft, ReceiptKind::Sale, None, |receipt| {
        let lines: Vec<Line<'_>> = receipt.lines.iter().collect();
        let original_lines = originals(&lines);
        let original = Original {
            kind: OriginalKind::Fiscal,
            number_unknown: false,
            lines: &original_lines,
        };
        let back = [line("Їжа на винос", 1_000, 198, "A", None)];
        let draft = Draft {
            lines: &back,
            payments: &[pay(1, receipt.total.minor())],
            ..Draft::default()
        };
        let kind = ReceiptKind::Refund {
            original: DocumentId([1; 16]),
        };
        let returned = law.compute(draft, kind, Some(&original), |receipt| {
            both(&law, receipt, "", &seller)
        });
        [both(&law, receipt, "", &seller), returned.unwrap()].concat()
    });
    assert_paper("cash_rounding_and_return", &sold.unwrap());
}

#[test]
fn a_receipt_whose_prices_exclude_the_tax() {
    let law = Law::new(by_code("AT").unwrap().facts(), ["Bar", "Karte"]);
    let lines = [
        line(
            "Wiener Schnitzel",
            2_000,
            1_500,
            "A",
            Some(Modifier::Percent(-500)),
        ),
        line("Mehl", 1_500, 133, "B", None),
    ];
    let draft = Draft {
        lines: &lines,
        prices: Prices::TaxExcluded,
        modifiers: &[Modifier::Percent(-300)],
        payments: &[pay(0, 5_000)],
        ..Draft::default()
    };
    let papers = law.compute(draft, ReceiptKind::Sale, None, |receipt| {
        both(&law, receipt, "", &PrintedSeller::default())
    });
    assert_paper("tax_excluded", &papers.unwrap());
}

/// The countries whose words differ.
const COUNTRIES: [&str; 3] = ["MD", "UA", "AT"];

#[test]
fn reports_in_each_language() {
    let mut papers = Vec::new();
    for country in COUNTRIES {
        let law = Law::new(by_code(country).unwrap().facts(), ["", ""]);
        let words = Words::of(law.facts.language);
        let seal = format!("{} DT12345678: 32", words.printer);
        let seller = PrintedSeller {
            name: Some("Test".to_owned()),
            ..PrintedSeller::default()
        };
        let names = ReportNames {
            payment: &|code| (code < 2).then(|| format!("Type {code}")),
            rounding: Some("Rounding"),
            shift_began: "28.11.2026 08:00:00",
        };
        for (kind, copy) in [(ReportKind::Z, false), (ReportKind::X, true)] {
            let view = ReportView::of(
                (kind, &figures(&law)),
                heading(&seller, &seal, copy),
                names,
                law.facts.currency,
                words,
            );
            papers.extend([42, 24].map(|columns| on_paper(&report_blocks(&view), columns)));
        }
    }
    assert_paper("reports", &papers);
}

#[test]
fn cash_operations_in_each_language() {
    let mut papers = Vec::new();
    for country in COUNTRIES {
        let facts = by_code(country).unwrap().facts();
        for (amount, before, copy) in [(50_000, Some(1_250), false), (-1_250, None, true)] {
            let view = CashView::of(
                Amount::from_minor(amount),
                before.map(Amount::from_minor),
                heading(&PrintedSeller::default(), "", copy),
                facts.currency,
                Words::of(facts.language),
            );
            papers.extend([42, 24].map(|columns| on_paper(&cash_blocks(&view), columns)));
        }
    }
    assert_paper("cash_operations", &papers);
}

/// The page of HTML has every text of the paper, and each amount in the row of its name.
#[test]
fn a_page_of_html_has_the_texts_of_the_paper() {
    let law = Law::new(by_code("MD").unwrap().facts(), ["", ""]);
    let names = ReportNames {
        payment: &|_| None,
        rounding: None,
        shift_began: "28.11.2026 08:00:00",
    };
    let view = ReportView::of(
        (ReportKind::Z, &figures(&law)),
        heading(&PrintedSeller::default(), "Țară & <Co>", true),
        names,
        law.facts.currency,
        Words::of("ro"),
    );
    let page = html(&report_blocks(&view), "ro");
    for row in [
        "<html lang=\"ro\">",
        "<h1 class=\"c l\">RAPORT Z 17</h1>",
        "<p class=\"c l\">(COPIE)</p>",
        "<p class=\"c\">Țară &amp; &lt;Co&gt;</p>",
        "<p class=\"r b\"><span>VÂNZĂRI (3)</span> <span>154.33</span></p>",
        "<p class=\"r\"><span>TVA A 20% din 100.00</span> <span>16.67</span></p>",
        "<p class=\"r\"><span>Fără TVA</span> <span>133.64</span></p>",
    ] {
        assert!(page.contains(row), "{row}:\n{page}");
    }
    for other in ["<script", "http", "url(", "src="] {
        assert!(!page.contains(other), "{other}:\n{page}");
    }
}
