//! What a first user sees: the demo says what to try, its commands work when they are pasted, and calls are signed by `api`.

mod shop;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use ferrotill::api::json::JsonValue;
use shop::outside::{Process, finished, program, until};
use shop::{DEVICE, count, value};

/// Key and secret of the public samples, which the demo uses.
const KEY: &str = "2nWjc9v5Jr5c4XJCqQVosYb67BwxhwnZwSsNuA0LbyPvXYveQFzKAqMGOj8Doyz2";
const SECRET: &str = "w6IcKa2UsJe63gqwTuaidvQOZclmaJvlyXHOwgDplU5K3hZWGCUSmVj1rI5n8xU5";

/// A demo as a person starts it, without `--json`.
struct Demo {
    child: Child,
    /// What it has printed until it serves.
    said: Vec<String>,
}

impl Demo {
    fn serve() -> Self {
        let mut child = program()
            .args(["demo", "--serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut said = Vec::new();
        for line in output.lines().map(Result::unwrap) {
            let last = line.contains(r#"{"state":"up"}"#);
            said.push(line);
            if last {
                break;
            }
        }
        Self { child, said }
    }

    /// The commands to paste.
    fn commands(&self) -> Vec<&str> {
        let said = self.said.iter().map(|line| line.trim());
        said.filter(|line| line.contains("curl -sS")).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Runs a line as a shell does in which it was pasted.
fn pasted(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_commands_of_the_demo_work_when_they_are_pasted() {
    let demo = Demo::serve();
    let said = demo.said.join("\n");
    for needed in [KEY, SECRET, DEVICE, "ferrotill.toml"] {
        assert!(said.contains(needed), "{said}");
    }
    let [sell, paper, down, up] = demo.commands()[..] else {
        panic!("{said}");
    };
    for sale in ["the first", "and another"] {
        let answer = pasted(sell);
        assert!(
            answer.contains("X-Fiscal-State: registered"),
            "{sale}: {answer}"
        );
    }
    assert!(pasted(paper).contains("Cafea"));
    pasted(down);
    until("the receipts become alternative ones", || {
        pasted(sell).contains(r#""receiptType":"AlternativeReceipt""#)
    });
    pasted(up);
}

#[test]
fn the_page_of_the_demo_has_what_the_terminal_has() {
    let demo = Demo::serve();
    let url = demo.said[0]
        .split(' ')
        .nth(2)
        .unwrap()
        .trim_end_matches(';');
    let mut response = ureq::get(format!("{url}/demo")).call().unwrap();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = response.body_mut().read_to_string().unwrap();
    for command in demo.commands() {
        let command = command.replace('&', "&amp;").replace('"', "&quot;");
        assert!(page.contains(&command), "{command} is not in {page}");
    }
    for needed in [KEY, SECRET, DEVICE] {
        assert!(page.contains(needed), "{page}");
    }
    for forbidden in ["<script", "src=", "http-equiv"] {
        assert!(!page.contains(forbidden), "{page}");
    }
}

#[test]
fn an_agent_that_is_no_demo_has_no_such_page() {
    let folder = tempfile::tempdir().unwrap();
    let text = shop::configuration(
        folder.path().join("books").to_str().unwrap(),
        "datecs+tcp://127.0.0.1:9",
        "http://127.0.0.1:9",
    );
    let file = folder.path().join("ferrotill.toml");
    std::fs::write(&file, text).unwrap();
    let agent = Process::agent(&file);
    let page = agent.client.open("/demo");
    assert_eq!(page.status, 404);
    assert!(!page.text.contains(shop::SECRET));
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

#[test]
fn an_interrupted_day_says_so() {
    let mut child = program()
        .args(["--json", "demo", "--once", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.next().unwrap().unwrap();
    let ready = JsonValue::parse(ready.as_bytes()).unwrap();
    let JsonValue::Text(url) = value(&ready, "url") else {
        panic!("{ready}");
    };
    // A process that has answered a request handles the signal already.
    ureq::get(format!("{url}/livez")).call().unwrap();
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    let last = lines.last().unwrap().unwrap();
    let told = JsonValue::parse(last.as_bytes()).unwrap();
    assert_eq!(value(&told, "error.code"), &JsonValue::from("interrupted"));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("interrupted before the end"), "{words}");
}

#[test]
fn a_demo_that_listens_beyond_its_machine_warns() {
    for (listen, warned) in [
        ("0.0.0.0:0", true),
        ("[::]:0", true),
        ("127.0.0.1:0", false),
        ("[::1]:0", false),
    ] {
        let mut child = program()
            .args(["--json", "demo", "--serve", "--listen", listen])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            words.contains("warning: --listen"),
            warned,
            "{listen}: {words}"
        );
        // The address in the ready line is one that a client can use.
        assert!(
            ready.contains("http://127.0.0.1:") || ready.contains("http://[::1]:"),
            "{ready}"
        );
    }
}

#[test]
fn the_day_of_reserved_numbers_reconciles() {
    let output = run(&[
        "--json",
        "demo",
        "--once",
        "--country",
        "UA",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let day = JsonValue::parse(told.lines().last().unwrap().as_bytes()).unwrap();
    assert_eq!(value(&day, "day.reconciled"), &JsonValue::Bool(true));
    assert_eq!(count(&day, "day.unsent"), 0);
    assert_eq!(count(&day, "day.alternative_receipts"), 0);
    assert_eq!(count(&day, "day.offline_receipts"), 5);
    let figure = |name: &str| value(&day, name).to_string();
    assert_eq!(
        (figure("day.levy"), figure("day.cash_rounding")),
        ("12.38".to_owned(), "0.02".to_owned())
    );
    let documents = count(&day, "day.fiscal_receipts")
        + count(&day, "day.returns")
        + count(&day, "day.cash_operations")
        + 1;
    let numbers =
        count(&day, "day.last_fiscal_number") - count(&day, "day.first_fiscal_number") + 1;
    assert_eq!(numbers, documents);
}

#[test]
fn the_proof_has_one_receipt_of_each_sale() {
    for printer in [&[][..], &["--printer-tcp"]] {
        let proof = [
            &["--json", "demo", "--prove", "--listen", "127.0.0.1:0"],
            printer,
        ]
        .concat();
        let output = run(&proof);
        let told = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let line = JsonValue::parse(told.lines().last().unwrap().as_bytes()).unwrap();
        assert_eq!(value(&line, "proved"), &JsonValue::Bool(true), "{told}");
        let JsonValue::Array(cases) = value(&line, "prove") else {
            panic!("{told}");
        };
        let names: Vec<String> = cases
            .iter()
            .map(|case| value(case, "case").to_string())
            .collect();
        assert_eq!(
            names,
            [
                "\"answer_lost\"",
                "\"agent_killed\"",
                "\"power_cut_after\"",
                "\"power_cut_before\""
            ]
        );
        for case in cases {
            let JsonValue::Array(documents) = value(case, "documents") else {
                panic!("{case}");
            };
            assert_eq!(documents.len(), 1, "{case}");
        }
        let words = String::from_utf8(output.stderr).unwrap();
        for needed in [
            "killed with SIGKILL",
            "no power",
            "proved: each sale has one receipt",
        ] {
            assert!(words.contains(needed), "{words}");
        }
        assert_eq!(words.matches("the agent is process").count(), 2, "{words}");
    }
    let abroad = run(&["demo", "--prove", "--country", "UA"]);
    assert_eq!(abroad.status.code(), Some(2));
}

/// A demo, the path of its configuration, and a file with a sale.
fn served() -> (Process, String, String) {
    let demo = Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0"]);
    let text = |name| match value(&demo.ready, name) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{other}"),
    };
    let (file, sale) = (text("config"), format!("{}/sale.json", text("data")));
    (demo, file, sale)
}

const SALE_PATH: &str = "/api/v1/operations/sale";

#[test]
fn a_signed_call_is_accepted() {
    let (demo, file, sale) = served();
    let printed = run(&[
        "api", "curl", "POST", SALE_PATH, "--body", &sale, "--config", &file,
    ]);
    let line = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    let answer = pasted(&line);
    assert!(answer.contains(r#""success":true"#), "{answer}");
    // The same bytes again are the same call.
    assert!(pasted(&line).contains("SignatureReplayed"));

    let (code, told) = finished(&[
        "api", "sign", "post", SALE_PATH, "--body", &sale, "--config", &file,
    ]);
    assert_eq!(code, Some(0), "{told}");
    let JsonValue::Object(headers) = value(&told, "headers") else {
        panic!("{told}");
    };
    let names: Vec<&str> = headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "Api-Key",
            "Api-DeviceId",
            "Api-Timestamp",
            "Api-Signature",
            "Content-Type"
        ]
    );
    assert!(!told.to_string().contains(SECRET));

    let listed = [
        "api",
        "curl",
        "get",
        "/api/v1/receipts/full?count=10",
        "--config",
        &file,
        "--run",
    ];
    let (code, told) = finished(&listed);
    assert_eq!((code, count(&told, "status")), (Some(0), 200), "{told}");
    assert!(told.to_string().contains("Cafea"), "{told}");
    // A body that a shell must quote, and one that is read from standard input.
    let body = r#"{"items":[{"name":"it's $HOME","quantity":1,"price":1.00,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":1}]}"#;
    std::fs::write(format!("{file}.body"), body).unwrap();
    let program = program();
    let program = program.get_program().to_str().unwrap();
    let line =
        format!("{program} api curl POST {SALE_PATH} --body - --config {file} --run < {file}.body");
    assert!(pasted(&line).contains("it's $HOME"));
    drop(demo);
}

#[test]
fn the_exit_code_of_a_call_says_what_became_of_it() {
    let (mut demo, file, sale) = served();
    let empty = format!("{file}.empty");
    std::fs::write(&empty, "{}").unwrap();
    for (arguments, exit, error) in [
        (
            &["POST", SALE_PATH, "--body", &empty, "--run"][..],
            7,
            "NoLines",
        ),
        (&["GET", "/nothing", "--run"], 7, "NotFound"),
        (&["FETCH", SALE_PATH], 2, "usage"),
        (&["GET", "operations"], 2, "usage"),
        (&["GET", SALE_PATH, "--body", &sale], 2, "usage"),
        (&["POST", SALE_PATH, "--body", "/nowhere"], 2, "usage"),
        (&["GET", "/livez", "--key", "other"], 3, "configuration"),
        (
            &[
                "GET",
                "/livez",
                "--device",
                "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
            ],
            3,
            "configuration",
        ),
        (
            &["GET", "/livez", "--listen", "127.0.0.1:9", "--run"],
            8,
            "AgentNotRunning",
        ),
    ] {
        let (code, told) = finished(&[&["api", "curl"], arguments, &["--config", &file]].concat());
        assert_eq!(code, Some(exit), "{arguments:?}: {told}");
        assert_eq!(
            value(&told, "error.code"),
            &JsonValue::from(error),
            "{told}"
        );
    }
    demo.kill();
    let (code, _) = finished(&[
        "api", "curl", "POST", SALE_PATH, "--body", &sale, "--config", "/nowhere",
    ]);
    assert_eq!(code, Some(3));
}

#[test]
fn a_demo_does_not_replace_the_configuration_of_a_till() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    std::fs::write(&file, "[till]\ncountry = \"MD\"\n").unwrap();
    let data = folder.path().to_str().unwrap();
    let (code, told) = finished(&["demo", "--once", "--listen", "127.0.0.1:0", "--data", data]);
    assert_eq!(code, Some(1), "{told}");
    let message = value(&told, "error.message").to_string();
    assert!(message.contains("was not written by a demo"), "{message}");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        "[till]\ncountry = \"MD\"\n"
    );
    assert!(!folder.path().join("sale.json").exists());
}

#[test]
fn a_folder_of_another_countrys_demo_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let played = run(&["demo", "--once", "--listen", "127.0.0.1:0", "--data", data]);
    assert!(played.status.success(), "{played:?}");
    let file = folder.path().join("ferrotill.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let (code, told) = finished(&[
        "demo",
        "--once",
        "--listen",
        "127.0.0.1:0",
        "--country",
        "UA",
        "--data",
        data,
    ]);
    assert_eq!(code, Some(1), "{told}");
    let message = value(&told, "error.message").to_string();
    assert!(message.contains("of another country"), "{message}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn a_day_is_not_played_in_a_shift_that_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut demo = Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0", "--data", data]);
    let file = format!("{data}/ferrotill.toml");
    let sale = format!("{data}/sale.json");
    let (code, told) = finished(&[
        "api", "curl", "POST", SALE_PATH, "--body", &sale, "--run", "--config", &file,
    ]);
    assert_eq!(code, Some(0), "{told}");
    demo.stop();
    let (code, told) = finished(&["demo", "--once", "--listen", "127.0.0.1:0", "--data", data]);
    assert_eq!(code, Some(1), "{told}");
    let message = value(&told, "error.message").to_string();
    assert!(
        message.contains("a shift with receipts is open"),
        "{message}"
    );
}
