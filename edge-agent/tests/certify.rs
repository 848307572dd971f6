//! `printer certify` against emulated FiscalBox devices and fiscal printers: all inferences are confirmed, and each one that is turned round is named.

mod shop;

use ferrotill::api::json::JsonValue;
use shop::module_till::scalar;
use shop::outside::{Process, finished};

struct Emulated {
    device: Process,
    folder: tempfile::TempDir,
}

impl Emulated {
    fn start(firmware: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("device.json").display().to_string();
        let device = Process::start(&[
            "emulator",
            "--family",
            "fiscalbox",
            "--firmware",
            firmware,
            "--memory",
            &memory,
            "--listen",
            "127.0.0.1:0",
        ]);
        Self { device, folder }
    }

    fn switch(&self, path: &str, body: &str, posts: bool) {
        let url = format!("{}{path}", self.device.client.url);
        let sent = if posts {
            ureq::post(&url).send(body)
        } else {
            ureq::put(&url).send(body)
        };
        assert_eq!(sent.unwrap().status().as_u16(), 200);
    }

    /// The exit code, and the inferences that were not confirmed with what was seen.
    fn certify(&self) -> (Option<i32>, Vec<(String, String)>) {
        let report = self.folder.path().join("report.json").display().to_string();
        let uri = format!("fiscalbox+{}", self.device.client.url);
        let (code, printed) = finished(&[
            "printer",
            "certify",
            "--uri",
            &uri,
            "--report",
            &report,
            "--test-device",
        ]);
        let Some(JsonValue::Array(tried)) = printed.get("inferences") else {
            panic!("{printed}");
        };
        assert_eq!(tried.len(), 23);
        let text = |node: &JsonValue, name: &str| scalar(node.get(name).unwrap());
        let others = tried.iter().filter(|it| text(it, "finding") != "confirmed");
        let written = std::fs::read_to_string(&report).unwrap();
        // A report is never written over.
        std::fs::remove_file(&report).unwrap();
        assert!(written.contains("GET /info/") && written.contains("terminal_id"));
        let others = others.map(|it| (text(it, "id"), text(it, "seen")));
        (code, others.collect())
    }
}

#[test]
fn every_inference_is_confirmed_by_the_emulated_devices_of_both_generations() {
    for firmware in ["applet-3", "applet-4"] {
        let emulated = Emulated::start(firmware);
        assert_eq!(emulated.certify(), (Some(0), Vec::new()), "{firmware}");
        // The device is used again: the trial leaves its shift closed.
        assert_eq!(emulated.certify().0, Some(0), "{firmware}");
    }
}

#[test]
fn what_a_device_does_otherwise_is_named_with_its_bytes() {
    let emulated = Emulated::start("applet-3");
    emulated.switch("/sim/module", r#"{"wrapping":"documented"}"#, false);
    let forget = r#"{"kind":"forget_last","operation":"create"}"#;
    emulated.switch("/sim/module/faults", forget, true);
    let lost = r#"{"kind":"error","operation":"sendreceipt","code":104,"text":"INVALID_ARGUMENT"}"#;
    emulated.switch("/sim/module/faults", lost, true);
    let (code, others) = emulated.certify();
    assert_eq!(code, Some(1));
    let names: Vec<&str> = others.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        names,
        [
            "last_has_uuid",
            "order_last_plain",
            "send_by_get",
            "close_plain"
        ]
    );
    assert!(others[2].1.contains("INVALID_ARGUMENT"), "{others:?}");
}

#[test]
fn a_device_that_may_be_in_use_is_not_touched() {
    let emulated = Emulated::start("applet-3");
    let uri = format!("fiscalbox+{}", emulated.device.client.url);
    let report = emulated.folder.path().join("r.json").display().to_string();
    let certify = |uri: &str| {
        let (code, _) = finished(&["printer", "certify", "--uri", uri, "--report", &report]);
        code
    };
    assert_eq!(certify(&uri), Some(2));
    assert_eq!(certify("datecs+serial:///dev/ttyUSB0"), Some(2));
    assert!(!std::path::Path::new(&report).exists());
    std::fs::write(&report, "the report of another printer").unwrap();
    let uri = "datecs+tcp://127.0.0.1:9";
    let certify = [
        "printer",
        "certify",
        "--uri",
        uri,
        "--report",
        &report,
        "--test-device",
    ];
    assert_eq!(finished(&certify).0, Some(2));
    let kept = std::fs::read_to_string(&report).unwrap();
    assert_eq!(kept, "the report of another printer");
}

/// An emulated fiscal printer on a TCP port, in a process of its own.
struct EmulatedPrinter {
    device: Process,
    folder: tempfile::TempDir,
}

impl EmulatedPrinter {
    fn start(family: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut arguments = vec![
            "emulator",
            "--family",
            family,
            "--tcp",
            "127.0.0.1:0",
            "--listen",
            "127.0.0.1:0",
        ];
        arguments.extend(options);
        Self {
            device: Process::start(&arguments),
            folder,
        }
    }

    /// The exit code, what was printed, and the report, if one was written.
    fn certify(&self, family: &str) -> (Option<i32>, JsonValue, Option<String>) {
        let report = self.folder.path().join("report.json");
        let uri = format!(
            "{family}+tcp://{}",
            scalar(self.device.ready.get("printer").unwrap())
        );
        let (code, printed) = finished(&[
            "printer",
            "certify",
            "--uri",
            &uri,
            "--report",
            &report.display().to_string(),
            "--test-device",
        ]);
        let written = std::fs::read_to_string(&report).ok();
        // A report is never written over.
        std::fs::remove_file(report).ok();
        (code, printed, written)
    }
}

/// The names of the inferences with a finding.
fn with_finding(printed: &JsonValue, finding: &str) -> Vec<String> {
    let Some(JsonValue::Array(tried)) = printed.get("inferences") else {
        panic!("{printed}");
    };
    let text = |node: &JsonValue, name: &str| scalar(node.get(name).unwrap());
    let found = tried.iter().filter(|it| text(it, "finding") == finding);
    found.map(|it| text(it, "id")).collect()
}

#[test]
fn every_inference_about_a_printer_is_confirmed_by_the_emulated_printer() {
    for family in ["datecs", "datecs-x", "tremol"] {
        let emulated = EmulatedPrinter::start(family, &["--not-fiscalised"]);
        let (code, printed, report) = emulated.certify(family);
        assert_eq!(code, Some(0), "{family}: {printed}");
        assert_eq!(with_finding(&printed, "refuted"), [""; 0], "{family}");
        assert_eq!(with_finding(&printed, "not_tried"), [""; 0], "{family}");
        let least = if family == "tremol" { 18 } else { 20 };
        assert!(
            with_finding(&printed, "confirmed").len() >= least,
            "{family}"
        );
        let report = report.unwrap();
        // The first bytes of a frame of the family.
        let frame = if family == "tremol" { "> 02 " } else { "> 01 " };
        assert!(report.contains(frame), "{family}");
        assert!(report.contains("device/README.md"), "{family}");
    }
}

#[test]
fn ten_inferences_that_a_tremol_printer_turns_round_are_named() {
    let ten = [
        "line_lengths",
        "document_sale",
        "slip_by_operator",
        "cash_by_operator",
        "receipt_code_number",
        "no_receipt_reported",
        "payments_of_receipt",
        "received_with_change",
        "disabled_group",
        "payment_types_reported",
    ];
    let names = ten.join(",");
    let options = ["--not-fiscalised", "--inverted", &names];
    let emulated = EmulatedPrinter::start("tremol", &options);
    let (code, printed, report) = emulated.certify("tremol");
    assert_eq!(code, Some(4), "{printed}");
    assert_eq!(with_finding(&printed, "refuted"), ten, "{printed}");
    assert!(
        report
            .unwrap()
            .contains("device/README.md, inferences of `tremol`")
    );
}

#[test]
fn ten_inferences_that_a_printer_turns_round_are_named() {
    let ten = [
        "refund_number_only",
        "refund_transaction",
        "refunds_not_reported",
        "cash_question_in_receipt",
        "text_before_subtotal",
        "payment_after_paid",
        "refusal_reason",
        "document_slip",
        "fiscal_cancelled",
        "x_report_keeps_day",
    ];
    let names = ten.join(",");
    let options = ["--not-fiscalised", "--inverted", &names];
    let emulated = EmulatedPrinter::start("datecs", &options);
    let (code, printed, report) = emulated.certify("datecs");
    assert_eq!(code, Some(4), "{printed}");
    assert_eq!(with_finding(&printed, "refuted"), ten, "{printed}");
    assert_eq!(with_finding(&printed, "not_tried"), [""; 0]);
    // The bytes of the text that was refused, and the text beside them.
    let report = report.unwrap();
    assert!(report.contains("36 54 45 53 54 05") && report.contains("36 \\\"TEST\\\""));
}

#[test]
fn a_printer_that_is_fiscalised_is_not_touched() {
    let emulated = EmulatedPrinter::start("datecs", &[]);
    let (code, printed, report) = emulated.certify("datecs");
    assert_eq!(code, Some(7), "{printed}");
    assert_eq!(report, None);
    let paper = format!("{}/sim/printer/paper", emulated.device.client.url);
    let paper = ureq::get(&paper).call().unwrap();
    assert_eq!(paper.into_body().read_to_string().unwrap(), "");
    let escpos = [
        "printer",
        "certify",
        "--uri",
        "escpos+tcp://127.0.0.1:9",
        "--report",
        "r",
        "--test-device",
    ];
    assert_eq!(finished(&escpos).0, Some(2));
}
