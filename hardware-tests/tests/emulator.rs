//! Tests of the suite: over a real pty on the emulated printer, on a printer that reports wrong facts, and with printers that must
//! be refused.

use std::path::PathBuf;
use std::process::{Command, Output};

use ferrotill_core::Amount;
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_device::{
    Baseline, Condition, Connected, DriverUri, Fault, Job, JournalEvidence, Paper, Performed,
    Recovered, Watch, driver, printer::TextPaper,
};
use ferrotill_hardware_tests::{
    FiscalPrinter, NoSwitches, Report, RigFile, Switches, Verdict, admit, run,
};

/// The emulated printer's serial number; it is fiscalised.
const SERIAL: &str = "DT700001";

#[test]
fn the_emulated_printer_passes_every_case() {
    let bench = Bench::new("all");
    let report = bench.play(&mut Paperman(&bench.rig));
    assert!(report.passed(), "\n{report}");
    for case in &report.cases {
        assert_eq!(case.verdict, Verdict::Passed, "{}", case.name);
    }
    let snapshot = bench.rig.snapshot(true);
    let receipts: Vec<(&str, u32, &str)> = snapshot
        .fiscal_receipts
        .iter()
        .map(|receipt| (receipt.total.as_str(), receipt.items, receipt.kind))
        .collect();
    assert_eq!(
        receipts,
        [
            ("18.58", 2, "sale"),
            ("1.00", 1, "sale"),
            ("1.00", 1, "sale"),
            ("5.17", 1, "refund")
        ],
        "what was refused, cancelled or asked about again is not among them"
    );
    assert_eq!((snapshot.z_number, snapshot.drawer_pulses), (1, 1));
    // The suite passes again on the next day, from the state in which the first run left the printer.
    let report = bench.play(&mut Paperman(&bench.rig));
    assert!(report.passed(), "\n{report}");
    assert_eq!(bench.rig.snapshot(true).z_number, 2);
}

#[test]
fn a_case_that_cannot_be_played_is_said_to_be_skipped() {
    let bench = Bench::new("skip");
    let report = bench.play(&mut NoSwitches);
    assert!(report.passed(), "\n{report}");
    let skipped: Vec<&str> = report
        .cases
        .iter()
        .filter(|case| matches!(case.verdict, Verdict::Skipped(_)))
        .map(|case| case.name)
        .collect();
    assert_eq!(skipped, ["out_of_paper"]);
}

/// A suite that passes even on a printer that reports wrong facts would prove nothing.
#[test]
fn a_printer_that_lies_is_found_out() {
    let lies: [(&str, Lie); 5] = [
        ("x_report_after", Lie::Report),
        ("sale_of_several_lines", Lie::Counters),
        ("sale_never_begun", Lie::Recovery),
        ("more_cash_out_than_there_is", Lie::Reason),
        ("cash_in", Lie::Unknown),
    ];
    for (case, lie) in lies {
        let bench = Bench::new(&format!("lie-{case}"));
        let mut printer = Liar {
            printer: bench.driver(),
            lie,
            reports: 0,
        };
        let connected = printer.connect().unwrap();
        let report = run(&mut printer, &connected, &mut Paperman(&bench.rig));
        let last = report.cases.last().unwrap();
        assert_eq!(last.name, case, "\n{report}");
        assert!(matches!(last.verdict, Verdict::Failed(_)), "\n{report}");
        assert!(!report.passed());
    }
}

#[test]
fn a_fiscalised_printer_is_turned_away_unless_it_is_listed() {
    let bench = Bench::new("admit");
    let mut connected = bench.driver().connect().unwrap();
    assert!(connected.condition.fiscalised);
    let other = RigFile::parse("serial = DT700002").unwrap();
    let refusal = admit(&connected, &other).unwrap_err().to_string();
    assert!(refusal.contains(SERIAL), "{refusal}");
    assert!(admit(&connected, &RigFile::default()).is_err());
    let listed = RigFile::parse(&format!("serial = {SERIAL}")).unwrap();
    assert!(admit(&connected, &listed).is_ok());
    connected.condition.fiscalised = false;
    assert!(
        admit(&connected, &RigFile::default()).is_ok(),
        "what it prints does not count"
    );
}

#[test]
fn the_program_prints_nothing_on_a_printer_that_is_not_listed() {
    let bench = Bench::new("program");
    let words = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();

    let refused = bench.program("serial = DT700002\n");
    assert_eq!(refused.status.code(), Some(7), "{}", words(&refused));
    assert!(words(&refused).contains(SERIAL), "{}", words(&refused));
    let snapshot = bench.rig.snapshot(true);
    assert_eq!(snapshot.last_document, 0, "nothing was printed");
    assert_eq!(bench.rig.paper(), "");

    let garbled = bench.program("DT700001\n");
    assert_eq!(garbled.status.code(), Some(2), "{}", words(&garbled));

    let played = bench.program(&format!("serial = {SERIAL}\n"));
    assert_eq!(played.status.code(), Some(0), "{}", words(&played));
    assert!(
        words(&played).contains("passed   z_report"),
        "{}",
        words(&played)
    );
    assert!(words(&played).contains("skipped  out_of_paper"));
    assert_eq!(bench.rig.snapshot(true).z_number, 1);

    let nobody = Command::new(PROGRAM).env_remove("FERROTILL_PORT").output();
    assert_eq!(nobody.unwrap().status.code(), Some(2));
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_ferrotill-hardware-tests");

/// An emulated printer on a pty, with a temporary folder for its files.
struct Bench {
    rig: Rig,
    folder: PathBuf,
}

impl Bench {
    fn new(name: &str) -> Self {
        let name = format!("ferrotill-hardware-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let rig = Rig::start(RigOptions::new(folder.join("printer"))).unwrap();
        Self { rig, folder }
    }

    fn uri(&self) -> String {
        format!("datecs+serial://{}", self.folder.join("printer").display())
    }

    fn driver(&self) -> Box<dyn FiscalPrinter> {
        driver::open(&DriverUri::parse(&self.uri()).unwrap())
    }

    fn play(&self, switches: &mut dyn Switches) -> Report {
        let mut printer = self.driver();
        let connected = printer.connect().unwrap();
        run(&mut *printer, &connected, switches)
    }

    fn program(&self, rig: &str) -> Output {
        let file = self.folder.join("rig");
        std::fs::write(&file, rig).unwrap();
        Command::new(PROGRAM)
            .env("FERROTILL_PORT", self.uri())
            .env("FERROTILL_RIG", file)
            .output()
            .unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A switch that takes the paper out of the emulated printer and loads it again.
struct Paperman<'r>(&'r Rig);

impl Switches for Paperman<'_> {
    fn set_paper(&mut self, paper: Paper) -> bool {
        self.0.set_paper(paper);
        true
    }
}

/// The wrong fact that a printer reports.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    /// The printer's report has one minor unit too much.
    Report,
    /// The printer's counters do not change with a receipt.
    Counters,
    /// The printer reports everything that it is asked about as printed.
    Recovery,
    /// The printer reports missing paper when cash is missing.
    Reason,
    /// The printer never knows the outcome.
    Unknown,
}

struct Liar {
    printer: Box<dyn FiscalPrinter>,
    lie: Lie,
    reports: u32,
}

impl FiscalPrinter for Liar {
    fn family(&self) -> &'static str {
        self.printer.family()
    }

    fn text_paper(&self) -> TextPaper {
        self.printer.text_paper()
    }

    fn letters(&self, text: &str) -> usize {
        self.printer.letters(text)
    }

    fn clock(&mut self) -> Result<String, Fault> {
        self.printer.clock()
    }

    fn set_clock(&mut self, at: &str) -> Result<(), Fault> {
        self.printer.set_clock(at)
    }

    fn tax_groups(&mut self) -> Result<[Option<u32>; 8], Fault> {
        self.printer.tax_groups()
    }

    fn connect(&mut self) -> Result<Connected, Fault> {
        self.printer.connect()
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        let mut outcome = self.printer.perform(job, baseline, watch);
        self.reports += u32::from(*job == Job::XReport);
        match (&mut outcome, self.lie) {
            (Performed::Registered(registered), Lie::Report) if self.reports == 2 => {
                if let Some(report) = &mut registered.report {
                    report.groups[0] = report.groups[0].checked_add(Amount::from_minor(1)).unwrap();
                }
            }
            (Performed::Registered(registered), Lie::Counters)
                if matches!(job, Job::Receipt(_)) =>
            {
                registered.after = baseline.clone();
            }
            (Performed::NotBegun(refused) | Performed::Absent(_, refused), Lie::Reason)
                if matches!(job, Job::Cash(_)) =>
            {
                refused.fault = Fault::PaperOut;
            }
            (_, Lie::Unknown) if matches!(job, Job::Cash(_)) => {
                outcome = Performed::Unknown(Fault::NoAnswer);
            }
            _ => {}
        }
        outcome
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        books: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let outcome = self.printer.recover(job, baseline, books, watch);
        match (outcome, self.lie) {
            (Recovered::Absent(..), Lie::Recovery) => {
                Recovered::Registered(ferrotill_device::Registered {
                    document: baseline.last_document,
                    fiscal_receipt: None,
                    after: baseline.clone(),
                    report: None,
                    printed_at: None,
                    module: None,
                })
            }
            (outcome, _) => outcome,
        }
    }

    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        self.printer.clear_leftover(watch)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        self.printer.status()
    }
}
