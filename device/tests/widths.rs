//! No printer cuts a text: the driver breaks what is longer than a line of the command that prints it.
#![cfg(feature = "emulator")]

mod bench;

use bench::*;
use ferrotill_core::{Amount, Quantity};
use ferrotill_device::family::{FAMILIES, LineWidth, Protocol, datecs_x};
use ferrotill_device::printer::TextLine;
use ferrotill_device::{FiscalPrinter as _, Job, LineJob, PaymentJob, ReceiptJob};

/// Words that occur once each, so that a missing letter shows.
fn long_text(mark: &str) -> String {
    let words: Vec<String> = (10..40).map(|number| format!("{mark}{number}")).collect();
    words.join(" ")
}

/// A word that cannot be broken at a space.
fn one_word(letter: char) -> String {
    letter.to_string().repeat(150)
}

fn sale_of(name: String, text: String) -> Job {
    Job::Receipt(ReceiptJob {
        refund_of: None,
        header: vec![text.clone()],
        lines: vec![LineJob {
            name,
            group: 0,
            price: Amount::from_minor(100),
            quantity: Quantity::ONE,
            adjustment: Amount::ZERO,
            notes: vec![text.clone()],
        }],
        footer: vec![text],
        total: Amount::from_minor(100),
        payments: vec![PaymentJob {
            letter: 'P',
            cash: true,
            amount: Amount::from_minor(100),
        }],
        change: Amount::ZERO,
    })
}

/// The paper after a sale, or after a slip.
fn paper(family: &'static Protocol, firmware: &str, job: &Job) -> String {
    let bench = Bench::of_firmware(family, firmware);
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let _ = registered(driver.perform(job, &baseline, &mut Notes::new()));
    bench.line.with(|emulator| emulator.printer().paper_text())
}

/// The lengths of the runs of a letter on the paper.
fn runs(paper: &str, letter: char) -> Vec<usize> {
    let lines = paper.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && line.chars().all(|c| c == letter));
    lines.map(|line| line.chars().count()).collect()
}

fn each_firmware() -> impl Iterator<Item = (&'static Protocol, &'static str)> {
    FAMILIES.iter().flat_map(|family| {
        let names = family.firmware.iter().map(|firmware| firmware.name);
        names.map(move |name| (*family, name))
    })
}

#[test]
fn every_word_of_a_long_text_is_on_the_paper() {
    for (family, firmware) in each_firmware() {
        let sold = paper(family, firmware, &sale_of(long_text("N"), long_text("T")));
        let slip = Job::Text(vec![TextLine::from(long_text("S"))]);
        let slip = paper(family, firmware, &slip);
        let all = |paper: &str, mark: &str, times: usize| {
            // A row may end within a word.
            let printed = paper.replace('\n', "");
            for word in long_text(mark).split(' ') {
                let found = printed.matches(word).count();
                assert_eq!(found, times, "{firmware}: {word}\n{paper}");
            }
        };
        all(&sold, "N", 1);
        all(&sold, "T", 3);
        all(&slip, "S", 1);
    }
}

#[test]
fn the_longest_lines_have_the_width_of_their_command() {
    for (family, firmware) in each_firmware() {
        let form = match firmware {
            // The Bulgarian form of MX prints as X does.
            "mx-bg" => &datecs_x::PROTOCOL,
            _ => family,
        };
        let widths = form.limits.widths;
        // A model that reports the lengths of its lines gets lines as long as it prints them.
        let sent = |width: LineWidth| match form.line_lengths {
            Some(_) => width.printed,
            None => width.sent,
        };
        let sold = paper(family, firmware, &sale_of(one_word('N'), one_word('T')));
        let sum = |runs: &[usize]| runs.iter().sum::<usize>();
        let text = runs(&sold, 'T');
        assert_eq!(sum(&text), 3 * 150, "{firmware}\n{sold}");
        assert_eq!(text.iter().max(), Some(&sent(widths.receipt)), "{firmware}");
        let name = runs(&sold, 'N');
        assert_eq!(sum(&name), 150, "{firmware}\n{sold}");
        let job = Job::Text(vec![TextLine::from(one_word('S'))]);
        let slip = runs(&paper(family, firmware, &job), 'S');
        assert_eq!(sum(&slip), 150, "{firmware}");
        assert_eq!(slip.iter().max(), Some(&sent(widths.slip)), "{firmware}");
    }
}

/// The widths of the makers' manuals and of drivers that are used in shops; the smaller one where they differ.
#[test]
fn the_widths_are_those_of_the_sources() {
    let sent: Vec<_> = FAMILIES
        .iter()
        .map(|family| {
            let widths = family.limits.widths;
            let name = (widths.name.sent, widths.name_lines);
            (family.name, name, widths.receipt.sent, widths.slip.sent)
        })
        .collect();
    for (family, name, receipt, slip) in [
        ("datecs", (34, 2), 36, 36),
        ("datecs-b", (22, 2), 36, 36),
        ("datecs-x", (72, 1), 30, 30),
        ("datecs-mx", (72, 1), 40, 40),
        ("eltrade", (30, 2), 46, 46),
        ("daisy", (20, 1), 20, 20),
    ] {
        assert!(
            sent.contains(&(family, name, receipt, slip)),
            "{family}: {sent:?}"
        );
    }
}
