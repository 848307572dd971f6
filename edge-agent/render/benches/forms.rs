//! How long each form of a ten-line receipt takes, beside 1,000 SHA-256 of 1 KiB in the same run. The time is that of the processor, so
//! that other work on the machine does not count.
//!
//! `cargo bench -p ferrotill-render --bench forms [-- ROUNDS]`
#![allow(
    clippy::print_stdout,
    reason = "the figures are printed for the person who started the measurement"
)]

#[path = "../tests/shop/mod.rs"]
#[allow(dead_code, reason = "a benchmark uses a part of it")]
mod shop;

use std::hint::black_box;
use std::time::Duration;

use ferrotill_core::profile::by_code;
use ferrotill_core::receipt::{Draft, ReceiptKind};
use ferrotill_render::{
    Block, FormSize, PDF_SIZES, PaperHeading, PrintedSeller, ReceiptView, WantedSize, Words,
    blocks, html, pdf, png, svg,
};
use nix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256};

use shop::{Law, line, on_paper, pay};

const ROUNDS: u32 = 200;

fn main() {
    let rounds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(ROUNDS);
    let blocks = receipt();
    let pdf_size = PDF_SIZES.size(WantedSize::default()).unwrap();
    let size = FormSize::default();
    let kilobyte = [7_u8; 1_024];
    let hashes = || {
        for _ in 0..1_000 {
            black_box(Sha256::digest(black_box(kilobyte)));
        }
    };
    let rows = || {
        black_box(on_paper(black_box(&blocks), 42));
    };
    let page = || {
        black_box(html(black_box(&blocks), "ro"));
    };
    let drawing = || {
        black_box(svg(black_box(&blocks), "ro", size));
    };
    let picture = || {
        black_box(png(black_box(&blocks), size).unwrap());
    };
    let file = || {
        black_box(pdf(black_box(&blocks), "ro", pdf_size).unwrap());
    };
    let forms: [(&str, &dyn Fn()); 6] = [
        ("1,000 SHA-256 of 1 KiB", &hashes),
        ("printer's rows", &rows),
        ("Html", &page),
        ("SVG", &drawing),
        ("Image", &picture),
        ("Pdf", &file),
    ];
    let unit = median(rounds, forms[0].1);
    for (name, make) in forms {
        let time = median(rounds, make);
        let times = time.as_secs_f64() / unit.as_secs_f64();
        println!("{name}: {} µs, {times:.2} × the hashes", time.as_micros());
    }
}

/// The middle of the times of so many rounds.
fn median(rounds: u32, make: &dyn Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds.max(1))
        .map(|_| {
            let begun = processor_time();
            make();
            processor_time() - begun
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// The time that the processor has worked for this thread.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .unwrap()
        .into()
}

/// The paper of a sale of ten lines.
fn receipt() -> Vec<Block> {
    let law = Law::new(by_code("MD").unwrap().facts(), ["Numerar", "Card"]);
    let lines: Vec<_> = (1..=10)
        .map(|number| {
            line(
                "Brânză de vaci la kilogram",
                1_000 + number,
                1_250,
                "A",
                None,
            )
        })
        .collect();
    let draft = Draft {
        lines: &lines,
        payments: &[pay(0, 20_000)],
        footer: "Mulțumim!",
        ..Draft::default()
    };
    let seller = PrintedSeller {
        name: Some("Magazin SRL".to_owned()),
        ..PrintedSeller::default()
    };
    let heading = PaperHeading {
        title: "",
        number: "ABC00000001",
        seal: "",
        copy: false,
        date: "28.11.2026",
        time: "13:52:30",
        seller: &seller,
    };
    let words = Words::of(law.facts.language);
    let made = law.compute(draft, ReceiptKind::Sale, None, |receipt| {
        blocks(&ReceiptView::of(
            receipt,
            heading,
            law.facts.currency,
            words,
        ))
    });
    made.unwrap()
}
