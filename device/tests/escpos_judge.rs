//! The scenes that `hardware-tests/escpos/judge.py` prints on a receipt printer of another project.
//!
//! Without an address in `FERROTILL_ESCPOS` the test prints that it was skipped.
#![expect(
    clippy::print_stdout,
    reason = "the judge reads the outcomes from standard output"
)]

use std::time::{Duration, Instant};

use ferrotill_device::drawer::CashDrawer as _;
use ferrotill_device::driver::escpos::{SlipItem, SlipPrinter as _, code_page_test};
use ferrotill_device::wire::escpos::{Align, QrLevel};
use ferrotill_device::wire::escpos_profile::EscposProfile;
use ferrotill_device::wire::escpos_raster::Raster;
use ferrotill_device::{DriverUri, FiscalPrinter as _, Performed, Watch, driver};

const ADDRESS: &str = "FERROTILL_ESCPOS";
const SCENE: &str = "FERROTILL_ESCPOS_SCENE";

struct Told;

impl Watch for Told {
    fn about_to_cancel(&mut self) -> bool {
        false
    }

    fn trace(&mut self, line: &str) {
        println!("{line}");
    }
}

fn line(text: &str) -> SlipItem {
    SlipItem::Line(text.to_owned())
}

fn styled(text: &str, align: Align, bold: bool, large: bool) -> SlipItem {
    SlipItem::Styled {
        text: text.to_owned(),
        align,
        bold,
        large,
    }
}

/// An image whose rows contain every pair of bytes that looks like a real-time request.
fn picture() -> Raster {
    let mut raster = Raster::new(256, 48).unwrap();
    for y in 0..48 {
        for x in 0..256 {
            if x / 4 < y {
                raster.set(x, y);
            }
        }
    }
    for (y, pair) in [[0x10_u8, 0x04], [0x10, 0x05], [0x10, 0x14]]
        .iter()
        .enumerate()
    {
        for (place, byte) in pair.iter().enumerate() {
            for bit in 0..8 {
                if byte & (0x80 >> bit) != 0 {
                    raster.set(200 + place * 8 + bit, y);
                }
            }
        }
    }
    raster
}

fn slip() -> Vec<SlipItem> {
    vec![
        styled("FERROTILL", Align::Centre, true, true),
        styled("Bon de plată ABC 00000001", Align::Centre, false, false),
        SlipItem::Rule,
        line("Pâine și țuică, înghețată           12.50 A"),
        line("Хлеб «Бородинский», 1 шт             8.00 B"),
        line("Гарячий шоколад і ґанок з Києва      5.25 B"),
        line("Oʻrik, gʻisht, sanʼat                3.00 A"),
        line("Ўрик, қовун, ғишт, ҳолва             3.00 A"),
        styled("TOTAL 31.75 €", Align::Right, true, false),
        SlipItem::Qr {
            data: "https://ereceipt.example.md/r/7f3kq?sum=31.75&t=ă".to_owned(),
            module_dots: 6,
            level: QrLevel::M,
        },
        SlipItem::Image(picture()),
        line("A line that is longer than the paper is wide and is wrapped between two words"),
    ]
}

/// Each scene prints one line `outcome: …`.
#[test]
fn prints_for_the_judge() {
    let Ok(address) = std::env::var(ADDRESS) else {
        println!(
            "skipped: no receipt printer; run hardware-tests/escpos/judge.py, which needs Python 3.13"
        );
        return;
    };
    let uri = DriverUri::parse(&address).unwrap();
    let profile = address
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("profile="))
        .map_or(EscposProfile::USUAL, |name| {
            EscposProfile::parse(name).unwrap()
        });
    let mut printer = driver::open_receipt_printer(&uri).unwrap();
    let watch = &mut Told;
    match std::env::var(SCENE).as_deref() {
        Ok("slip") => tell(&printer.print(&slip(), watch)),
        Ok("long") => {
            let lines: Vec<SlipItem> = (0..300)
                .map(|n| line(&format!("line {n:03} of a long slip")))
                .collect();
            tell(&printer.print(&lines, watch));
        }
        Ok("pages") => tell(&printer.print(&code_page_test(&profile), watch)),
        Ok("drawer") => println!("outcome: {:?}", printer.open(watch)),
        Ok("who") => println!("outcome: {:?}", printer.connect()),
        // The script removes the paper when it reads the first outcome, and loads it again when it reads the next one.
        Ok("waits") => {
            tell(&printer.print(&[line("before the paper ended")], watch));
            let slip = [line("after the paper was loaded")];
            let begun = Instant::now();
            let mut outcome = printer.print(&slip, watch);
            while matches!(outcome, Performed::NotBegun(_) | Performed::Absent(..)) {
                tell(&outcome);
                assert!(begun.elapsed() < Duration::from_secs(30));
                outcome = printer.print(&slip, watch);
            }
            tell(&outcome);
        }
        other => panic!("no scene {other:?}"),
    }
}

fn tell(outcome: &Performed) {
    match outcome {
        Performed::Registered(_) => println!("outcome: printed"),
        Performed::NotBegun(refused) | Performed::Absent(_, refused) => {
            println!("outcome: refused {:?} {}", refused.fault, refused.detail);
        }
        Performed::Unknown(fault) => println!("outcome: unknown {fault:?}"),
    }
}
