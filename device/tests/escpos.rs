//! ESC/POS: the driver with the emulated receipt printer, on a simulated clock.
#![cfg(feature = "emulator")]

use ferrotill_core::Amount;
use ferrotill_device::drawer::{CashDrawer as _, DrawerState, Kick, Sensor};
use ferrotill_device::driver::escpos::{
    Escpos, Options, Rasteriser, SlipItem, SlipPrinter as _, code_page_test,
};
use ferrotill_device::emulator::{EscposEmulator, FaultKind, FaultOrder};
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::wire::codepage::table::CodePage;
use ferrotill_device::wire::escpos::{Align, QrLevel};
use ferrotill_device::wire::escpos_profile::EscposProfile;
use ferrotill_device::wire::escpos_raster::Raster;
use ferrotill_device::{
    Baseline, DriverUri, Fault, FiscalPrinter as _, Job, JournalEvidence, NoDocument, Paper,
    Performed, Recovered, Watch, driver,
};

struct Quiet;

impl Watch for Quiet {
    fn about_to_cancel(&mut self) -> bool {
        false
    }
}

struct Bench {
    line: Loopback<EscposEmulator>,
    driver: Escpos,
    baseline: Baseline,
}

impl Bench {
    fn new() -> Self {
        Self::with(EscposEmulator::new(None), Options::default())
    }

    fn with(printer: EscposEmulator, options: Options) -> Self {
        let line = Loopback::new(printer);
        let mut driver = Escpos::new(Box::new(line.clone()), options, 7);
        let baseline = driver.connect().unwrap().baseline;
        Self {
            line,
            driver,
            baseline,
        }
    }

    fn print(&mut self, lines: &[&str]) -> Performed {
        self.driver
            .perform(&text(lines), &self.baseline, &mut Quiet)
    }

    fn recover(&mut self, lines: &[&str]) -> Performed {
        self.driver
            .recover(
                &text(lines),
                &self.baseline,
                &JournalEvidence::default(),
                &mut Quiet,
            )
            .into()
    }

    fn paper(&self) -> String {
        self.line.with(|printer| printer.paper_text())
    }

    fn order(&self, kind: FaultKind, command: u8, times: u32) {
        self.order_any(kind, Some(command), times);
    }

    fn order_any(&self, kind: FaultKind, command: Option<u8>, times: u32) {
        self.line.with(|printer| {
            printer.add_fault(FaultOrder {
                kind,
                command,
                times,
                ms: if kind == FaultKind::Bytewise {
                    300
                } else {
                    700
                },
            });
        });
    }

    fn copies(&self, of: &str) -> usize {
        self.paper().matches(of).count()
    }
}

/// The outcome if the printer has no record of the slip and will have none later.
const UNCLEAR: Performed = Performed::Unknown(Fault::Unclear);

fn text(lines: &[&str]) -> Job {
    Job::text(lines.iter().copied())
}

fn refused(outcome: Performed) -> NoDocument {
    match outcome {
        Performed::NotBegun(refused) | Performed::Absent(_, refused) => refused,
        other => panic!("{other:?}"),
    }
}

fn is_printed(outcome: &Performed) -> bool {
    matches!(outcome, Performed::Registered(_))
}

#[test]
fn it_reports_its_identity_and_refuses_fiscal_jobs() {
    let mut bench = Bench::new();
    let connected = bench.driver.connect().unwrap();
    assert_eq!(connected.model, "RP-80 emulated");
    assert_eq!(connected.baseline.serial, "EM00000001");
    assert!(!connected.condition.fiscalised && !connected.receipt_open);
    let before = bench.line.with(|printer| printer.commands());
    for job in [Job::XReport, Job::ZReport, Job::Cash(Amount::from_minor(5))] {
        let outcome = bench.driver.perform(&job, &bench.baseline, &mut Quiet);
        assert_eq!(refused(outcome).fault, Fault::NotFiscalised);
        let outcome = bench.driver.recover(
            &job,
            &bench.baseline,
            &JournalEvidence::default(),
            &mut Quiet,
        );
        assert_eq!(outcome, Recovered::Unknown(Fault::PrinterSwapped));
    }
    assert_eq!(bench.line.with(|printer| printer.commands()), before);
}

#[test]
fn text_of_every_language_is_on_the_paper() {
    let mut bench = Bench::new();
    let outcome = bench.print(&[
        "Bon de plată ABC 00000001",
        "Pâine și țuică    12,50",
        "Хлеб «Ёлка» №5, Київ, ґанок",
        "Oʻzbekcha: oʻrik — 5 €",
    ]);
    assert!(is_printed(&outcome), "{outcome:?}");
    let paper = bench.paper();
    for line in [
        "Bon de plată ABC 00000001",
        "Pâine şi ţuică    12,50",
        "Хлеб «Ёлка» №5, Київ, ґанок",
        "Oʻzbekcha: oʻrik — 5 €".replace('ʻ', "‘").as_str(),
    ] {
        assert!(paper.contains(line), "{line}\n{paper}");
    }
}

#[test]
fn a_slip_with_a_code_and_an_image() {
    let mut bench = Bench::new();
    let mut raster = Raster::new(64, 40).unwrap();
    for y in 0..40 {
        // The slip contains 10 04 10 05 10 14, bytes that must never arrive unchanged.
        for x in [3, 13, 19, 29, 31, 35, 43, 45] {
            raster.set(x, y);
        }
    }
    let slip = [
        SlipItem::Styled {
            text: "ЧЕК".to_owned(),
            align: Align::Centre,
            bold: true,
            large: true,
        },
        SlipItem::Rule,
        SlipItem::Qr {
            data: "https://mev.sfs.md/receipt/1?x=ăî".to_owned(),
            module_dots: 6,
            level: QrLevel::M,
        },
        SlipItem::Image(raster),
        SlipItem::Feed(2),
    ];
    let outcome = bench.driver.print(&slip, &mut Quiet);
    assert!(is_printed(&outcome), "{outcome:?}");
    let paper = bench.paper();
    for line in [
        "                     ЧЕК",
        &"-".repeat(48),
        "[QR M: https://mev.sfs.md/receipt/1?x=ăî]",
        "[image 64 x 40]",
    ] {
        assert!(paper.contains(line), "{line}\n{paper}");
    }
}

#[test]
fn a_long_slip_never_overflows_the_buffer() {
    let lines: Vec<String> = (0..400)
        .map(|n| format!("line {n:03} of a long slip"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut bench = Bench::new();
    assert!(is_printed(&bench.print(&lines)));
    assert_eq!(bench.copies("of a long slip"), 400);
}

#[test]
fn an_interrupted_slip_is_reported_and_cut_off() {
    let lines: Vec<String> = (0..400).map(|n| format!("line {n:03} of a slip")).collect();
    let mut bench = Bench::new();
    let mut watch = PaperEnds {
        line: bench.line.clone(),
        at: "bytes)",
        times: 3,
    };
    let outcome = bench
        .driver
        .perform(&Job::text(lines), &bench.baseline, &mut watch);
    let stopped = refused(outcome);
    assert_eq!(stopped.fault, Fault::PaperOut);
    assert!(stopped.detail.contains("the beginning may be on the paper"));
    // The printer's buffer does not overflow.
    assert_eq!(bench.line.with(|printer| printer.overflowed()), 0);
    bench.line.with(|printer| printer.set_paper(Paper::Ok));
    assert!(is_printed(&bench.print(&["the next slip"])));
    let paper = bench.paper();
    let documents: Vec<&str> = paper.split("-----\n").collect();
    assert!(documents[0].contains("line 000"), "{paper}");
    assert!(!documents[0].contains("the next slip"), "{paper}");
    assert!(!paper.contains("line 399"), "{paper}");
}

#[test]
fn a_fault_before_a_slip_is_reported_and_nothing_is_sent() {
    let mut bench = Bench::new();
    bench.line.with(|printer| printer.set_paper(Paper::Out));
    assert_eq!(refused(bench.print(&["x"])).fault, Fault::PaperOut);
    bench.line.with(|printer| {
        printer.set_paper(Paper::Low);
        printer.set_cover_open(true);
    });
    assert_eq!(refused(bench.print(&["x"])).fault, Fault::CoverOpen);
    bench.line.with(|printer| printer.set_cover_open(false));
    assert_eq!(bench.driver.status().unwrap().paper, Paper::Low);
    assert_eq!(bench.paper(), "");
    assert!(is_printed(&bench.print(&["x"])));

    bench.line.with(|printer| printer.set_power(false));
    assert_eq!(refused(bench.print(&["y"])).fault, Fault::NoAnswer);
    bench.line.with(|printer| printer.set_plugged(false));
    let gone = refused(bench.print(&["y"]));
    assert_eq!((gone.fault, gone.after), (Fault::PortMissing, None));
    bench.line.with(|printer| {
        printer.set_plugged(true);
        printer.set_power(true);
    });
    assert!(is_printed(&bench.print(&["y"])));
    assert_eq!(bench.copies("y"), 1);
}

/// A watch that ends the paper at this occurrence of the text in the transcript.
struct PaperEnds {
    line: Loopback<EscposEmulator>,
    at: &'static str,
    times: u32,
}

impl Watch for PaperEnds {
    fn about_to_cancel(&mut self) -> bool {
        false
    }

    fn trace(&mut self, line: &str) {
        if line.contains(self.at) {
            self.times = self.times.saturating_sub(1);
            if self.times == 0 {
                self.line.with(|printer| printer.set_paper(Paper::Out));
            }
        }
    }
}

#[test]
fn a_slip_that_waits_for_paper_is_settled_after_paper_is_loaded() {
    let mut bench = Bench::new();
    let mut watch = PaperEnds {
        line: bench.line.clone(),
        at: "> 1B 40",
        times: 1,
    };
    let job = text(&["waits for paper"]);
    let outcome = bench.driver.perform(&job, &bench.baseline, &mut watch);
    assert_eq!(outcome, Performed::Unknown(Fault::PaperOut));
    assert_eq!(
        bench.recover(&["waits for paper"]),
        Performed::Unknown(Fault::PaperOut)
    );
    bench.line.with(|printer| printer.set_paper(Paper::Ok));
    assert!(is_printed(&bench.recover(&["waits for paper"])));
    assert_eq!(bench.copies("waits for paper"), 1);
    // If the printer is asked again, or about another slip, the outcome is unclear.
    for lines in [["waits for paper"], ["never printed"]] {
        assert_eq!(bench.recover(&lines), UNCLEAR);
    }
}

#[test]
fn a_slip_lost_with_the_power_is_not_called_printed() {
    for knows_processed in [true, false] {
        let mut printer = EscposEmulator::new(None);
        printer.knows_processed = knows_processed;
        let mut bench = Bench::with(printer, Options::default());
        let mut watch = PaperEnds {
            line: bench.line.clone(),
            at: "> 1B 40",
            times: 1,
        };
        let job = text(&["lost"]);
        let outcome = bench.driver.perform(&job, &bench.baseline, &mut watch);
        assert_eq!(outcome, Performed::Unknown(Fault::PaperOut));
        bench.line.with(|printer| printer.set_power(false));
        assert_eq!(
            bench.recover(&["lost"]),
            Performed::Unknown(Fault::NoAnswer)
        );
        bench.line.with(|printer| {
            printer.set_power(true);
            printer.set_paper(Paper::Ok);
        });
        assert_eq!(bench.recover(&["lost"]), UNCLEAR);
        assert_eq!(bench.copies("lost"), 0);
        assert!(is_printed(&bench.print(&["again"])), "{knows_processed}");
    }
}

#[test]
fn a_printer_without_numbered_answers_is_asked_the_old_way() {
    let mut printer = EscposEmulator::new(None);
    printer.knows_processed = false;
    let mut bench = Bench::with(printer, Options::default());
    let lines = vec!["a line that is counted"; 200];
    assert!(is_printed(&bench.print(&lines)));
    assert_eq!(bench.copies("counted"), 200);
    // A lost answer: the outcome is unknown, and the next slip is not affected.
    bench.order(FaultKind::DropAnswer, b'r', 1);
    assert_eq!(bench.print(&["one"]), Performed::Unknown(Fault::NoAnswer));
    assert_eq!(bench.recover(&["one"]), UNCLEAR);
    assert!(is_printed(&bench.print(&["two"])));
    assert_eq!((bench.copies("one"), bench.copies("two")), (1, 1));
}

#[test]
fn no_fault_prints_a_slip_twice_or_reports_a_lost_one_as_printed() {
    // The faults are tested with numbered answers and with counted ones, at each command of a slip, and at all commands.
    for knows_processed in [true, false] {
        for kind in FaultKind::ALL {
            for (name, code) in [
                ("GS ( H", Some(b'H')),
                ("GS r", Some(b'r')),
                ("DLE EOT", Some(4)),
                ("text", Some(b' ')),
                ("cut", Some(b'V')),
                ("all", None),
            ] {
                for times in [1, 4] {
                    for restart in [false, true] {
                        let case = format!(
                            "{kind:?} at {name}, {times} times, restart {restart}, {knows_processed}"
                        );
                        let mut printer = EscposEmulator::new(None);
                        printer.knows_processed = knows_processed;
                        slip_in_trouble(printer, kind, code, times, restart, &case);
                    }
                }
            }
        }
    }
}

fn slip_in_trouble(
    printer: EscposEmulator,
    kind: FaultKind,
    code: Option<u8>,
    times: u32,
    restart: bool,
    case: &str,
) {
    let repair = |bench: &Bench| {
        bench.line.with(|printer| {
            printer.set_plugged(true);
            if !printer.is_on() {
                printer.set_power(true);
            }
            printer.set_paper(Paper::Ok);
            printer.set_cover_open(false);
        });
    };
    let mut bench = Bench::with(printer, Options::default());
    bench.order_any(kind, code, times);
    let mut outcome = bench.print(&["once"]);
    for attempt in 0..20 {
        if !matches!(outcome, Performed::Unknown(_)) || outcome == UNCLEAR {
            break;
        }
        repair(&bench);
        if restart {
            let opener = Box::new(bench.line.clone());
            bench.driver = Escpos::new(opener, Options::default(), attempt);
        }
        outcome = bench.recover(&["once"]);
    }
    let copies = bench.copies("once");
    assert!(copies <= 1, "{case}: {copies}");
    match &outcome {
        // Bytes that are lost in the middle leave no trace: ESC/POS has no checksum, and a printer does not report
        // that it was switched off and on.
        Performed::Registered(_) => assert!(
            copies == 1
                || matches!(
                    kind,
                    FaultKind::DropRequest | FaultKind::Nak | FaultKind::Blink
                ),
            "{case}"
        ),
        Performed::NotBegun(_) | Performed::Absent(..) | Performed::Unknown(Fault::Unclear) => {}
        Performed::Unknown(_) => panic!("{case}: {outcome:?}"),
    }
    bench.line.with(|printer| printer.clear_faults());
    repair(&bench);
    let after = bench.print(&["after"]);
    assert!(is_printed(&after), "{case}: {after:?}");
    assert_eq!(bench.copies("after"), 1, "{case}");
}

#[test]
fn no_fault_opens_the_drawer_twice_or_reports_a_lost_pulse_as_sent() {
    for kick in [Kick::InTurn, Kick::AtOnce] {
        for kind in FaultKind::ALL {
            for code in [Some(b'p'), Some(0x14), Some(4), Some(b'H'), None] {
                for times in [1, 4] {
                    let case = format!("{kick:?}, {kind:?} at {code:02X?}, {times} times");
                    let options = Options {
                        kick,
                        sensor: Sensor::HighIsOpen,
                        ..Options::default()
                    };
                    let mut bench = Bench::with(EscposEmulator::new(None), options);
                    bench.order_any(kind, code, times);
                    let outcome = bench.driver.open(&mut Quiet);
                    let pulses = bench.line.with(|printer| printer.drawer_pulses());
                    assert!(pulses <= 1, "{case}: {pulses}");
                    if outcome == Ok(DrawerState::Open) {
                        assert_eq!(pulses, 1, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_drawer_opens_and_its_sensor_is_believed() {
    for (high, kick, sensor) in [
        (true, Kick::InTurn, Sensor::HighIsOpen),
        (false, Kick::AtOnce, Sensor::LowIsOpen),
    ] {
        let mut printer = EscposEmulator::new(None);
        printer.open_drawer_is_high = high;
        let options = Options {
            kick,
            sensor,
            ..Options::default()
        };
        let mut bench = Bench::with(printer, options);
        assert_eq!(bench.driver.state(&mut Quiet), Ok(DrawerState::Closed));
        // At first the wire to the lock is broken.
        for command in [b'p', 0x14] {
            bench.order(FaultKind::DropRequest, command, 1);
        }
        let outcome = bench
            .driver
            .perform(&Job::Drawer, &bench.baseline, &mut Quiet);
        assert_eq!(refused(outcome).fault, Fault::NotExecuted);
        assert_eq!(bench.driver.open(&mut Quiet), Ok(DrawerState::Open));
        assert_eq!(bench.driver.state(&mut Quiet), Ok(DrawerState::Open));
        assert_eq!(bench.line.with(|printer| printer.drawer_pulses()), 1);
        assert_eq!(bench.paper(), "");
    }
}

#[test]
fn without_paper_only_the_real_time_pulse_opens_the_drawer() {
    for (kick, opens) in [(Kick::InTurn, false), (Kick::AtOnce, true)] {
        let options = Options {
            kick,
            ..Options::default()
        };
        let mut bench = Bench::with(EscposEmulator::new(None), options);
        bench.line.with(|printer| printer.set_paper(Paper::Out));
        let outcome = bench
            .driver
            .perform(&Job::Drawer, &bench.baseline, &mut Quiet);
        assert_eq!(is_printed(&outcome), opens, "{outcome:?}");
        // The drawer does not open later either, when paper is loaded.
        bench.line.with(|printer| printer.set_paper(Paper::Ok));
        let pulses = bench.line.with(|printer| printer.drawer_pulses());
        assert_eq!(pulses, u32::from(opens));
    }
}

#[test]
fn the_test_slip_shows_whether_the_numbers_are_right() {
    for profile in EscposProfile::ALL {
        let printer = EscposEmulator::new(None).of_profile(*profile);
        let mut bench = Bench::with(printer, Options::of(*profile));
        let outcome = bench.driver.print(&code_page_test(profile), &mut Quiet);
        assert!(is_printed(&outcome), "{}", profile.name);
        let paper = bench.paper();
        if profile.number_of(CodePage::Cp866).is_some() {
            assert!(
                paper.contains("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"),
                "{paper}"
            );
            assert!(paper.contains("Съешь ещё этих булок"), "{paper}");
        } else {
            assert!(
                paper.contains("S'esh'") || paper.contains("Sesh eshchyo"),
                "{paper}"
            );
        }
    }
    // A wrong profile is visible at once on the test slip.
    let printer = EscposEmulator::new(None).of_profile(EscposProfile::parse("rp326").unwrap());
    let mut bench = Bench::with(printer, Options::of(EscposProfile::USUAL));
    assert!(is_printed(&bench.print(&["Хлеб"])));
    assert!(!bench.paper().contains("Хлеб"));
}

#[test]
fn without_a_profile_in_the_address_the_model_that_the_printer_reports_chooses_it() {
    for profile in EscposProfile::ALL {
        let printer = EscposEmulator::new(None).of_profile(*profile);
        let mut bench = Bench::with(printer, Options::default());
        let _ = bench.driver.connect().unwrap();
        if profile.models.is_empty() {
            // The usual profile is used, and the driver says so.
            let [doubt] = bench.driver.doubts().try_into().unwrap();
            assert!(doubt.contains("\"POS-80\" are not known"), "{doubt}");
            assert_eq!(bench.driver.text_paper().columns, 48);
            continue;
        }
        assert_eq!(bench.driver.doubts(), Vec::<String>::new());
        assert_eq!(bench.driver.text_paper().columns, profile.columns);
        assert!(is_printed(&bench.print(&["Хлеб, țuică, 5 €"])));
        let paper = bench.paper();
        assert!(paper.contains("Хлеб, "), "{}: {paper}", profile.name);
        assert!(paper.contains("5 €"), "{}: {paper}", profile.name);
    }
}

#[test]
fn a_profile_in_the_address_leaves_no_doubt() {
    let printer = EscposEmulator::new(None).of_profile(EscposProfile::parse("ascii").unwrap());
    let mut bench = Bench::with(printer, Options::of(EscposProfile::USUAL));
    let _ = bench.driver.connect().unwrap();
    assert_eq!(bench.driver.doubts(), Vec::<String>::new());
}

struct Blocks;

impl Rasteriser for Blocks {
    fn line(&mut self, text: &str, width_dots: usize) -> Option<Raster> {
        Raster::new(width_dots.min(text.chars().count() * 12), 24)
    }
}

#[test]
fn letters_in_no_code_page_are_drawn_with_the_given_font() {
    let line = Loopback::new(EscposEmulator::new(None));
    let mut driver = Escpos::new(Box::new(line.clone()), Options::default(), 1)
        .with_rasteriser(Box::new(Blocks));
    let baseline = driver.connect().unwrap().baseline;
    let outcome = driver.perform(&text(&["ჩაი", "чай"]), &baseline, &mut Quiet);
    assert!(is_printed(&outcome));
    let paper = line.with(|printer| printer.paper_text());
    assert!(paper.starts_with("[image 40 x 24]\nчай\n"), "{paper}");
}

#[test]
fn its_address_opens_it() {
    let uri = DriverUri::parse("escpos+tcp://127.0.0.1:1").unwrap();
    assert_eq!(driver::open(&uri).connect(), Err(Fault::ConnectionRefused));
    assert!(driver::open_receipt_printer(&uri).is_some());
    let fiscal = DriverUri::parse("datecs+tcp://127.0.0.1:1").unwrap();
    assert!(driver::open_receipt_printer(&fiscal).is_none());
}

#[cfg(feature = "serial")]
#[test]
fn the_whole_way_over_a_real_pty() {
    use ferrotill_device::emulator::{Family, Rig, RigOptions};

    let folder = std::env::temp_dir().join(format!("ferrotill-escpos-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let link = folder.join("printer");
    let options = RigOptions {
        family: Family::parse("escpos").unwrap(),
        ..RigOptions::new(link.clone())
    };
    assert!(Family::NAMES.contains(&"escpos"));
    let rig = Rig::start(options).unwrap();
    let uri = format!("escpos+serial://{}?drawer_sensor=high", link.display());
    let mut printer = driver::open(&DriverUri::parse(&uri).unwrap());
    let baseline = printer.connect().unwrap().baseline;
    let outcome = printer.perform(&text(&["Хлеб și țuică"]), &baseline, &mut Quiet);
    assert!(is_printed(&outcome), "{outcome:?}");
    assert!(rig.paper().contains("Хлеб şi ţuică"));
    let outcome = printer.perform(&Job::Drawer, &baseline, &mut Quiet);
    assert!(is_printed(&outcome), "{outcome:?}");
    let snapshot = rig.snapshot(false);
    assert_eq!((snapshot.drawer_pulses, snapshot.last_document), (1, 0));
    rig.set_paper(Paper::Out);
    assert_eq!(printer.status().unwrap().paper, Paper::Out);
    drop(rig);
    let _ = std::fs::remove_dir_all(folder);
}
