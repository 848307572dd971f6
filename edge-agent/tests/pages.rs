//! What the pages for users claim and a program can check: their commands and programs are run as they are written.

mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ferrotill::api::json::JsonValue;
use ferrotill_core::refusal::Refusal;
use shop::outside::{Process, program_path, until};
use shop::value;

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The blocks of code of a page in one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let blocks = page.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Runs a program of a page against a server, and returns what it prints.
fn run(interpreter: &[&str], text: &str, url: &str) -> String {
    let text = text.replace("http://127.0.0.1:50700", url);
    let output = Command::new(interpreter[0])
        .args(&interpreter[1..])
        .arg(&text)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}\n{said}\n{errors}");
    said
}

fn demo() -> Process {
    Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0"])
}

#[test]
fn the_first_sale_of_the_readme_is_made_as_it_is_written() {
    let readme = page("README.md");
    let [block] = &blocks(&readme, "bash")[..] else {
        panic!("the README has one program for the shell");
    };
    let demo = demo();
    let said = run(&["bash", "-c"], block, &demo.client.url);
    let count = |text: &str| said.matches(text).count();
    assert_eq!(count("X-Fiscal-State: registered"), 3, "{said}");
    assert_eq!(count("Idempotent-Replayed: true"), 1, "{said}");
    for needed in [r#""state":"registered""#, r#""type":"ZReport""#, "Franzela"] {
        assert!(said.contains(needed), "{needed} is not in {said}");
    }
}

#[test]
fn the_readme_says_what_was_never_tried() {
    for page_name in ["README.md", "docs/INSTALL.md", "CHANGELOG.md"] {
        let page = page(page_name).to_lowercase();
        assert!(
            page.contains("no real printer and no real tax authority"),
            "{page_name}"
        );
    }
}

#[test]
fn the_programs_of_the_quick_start_sell() {
    let quick_start = page("docs/QUICKSTART.md");
    let demo = demo();
    let url = &demo.client.url;
    let [shell] = &blocks(&quick_start, "bash")[..] else {
        panic!("one program for the shell");
    };
    let said = run(&["bash", "-c"], shell, url);
    assert!(said.contains("X-Fiscal-State: registered"), "{said}");
    let [python] = &blocks(&quick_start, "python")[..] else {
        panic!("one program in Python");
    };
    assert_eq!(run(&["python3", "-c"], python, url), "registered 16.2\n");
    let sold = demo.client.look("/sim/printer");
    let JsonValue::Array(receipts) = value(&sold, "fiscal_receipts") else {
        panic!("{sold}");
    };
    assert_eq!(receipts.len(), 2);
}

/// Compiles and runs the program in C# where Mono is installed. Everywhere its headers and the order of the signed parts are compared
/// with those of the other programs.
#[test]
fn the_program_in_c_sharp_signs_what_the_others_sign() {
    let quick_start = page("docs/QUICKSTART.md");
    let [program] = &blocks(&quick_start, "csharp")[..] else {
        panic!("one program in C#");
    };
    for header in ["Api-Key", "Api-DeviceId", "Api-Timestamp", "Api-Signature"] {
        let [shell, python] = ["bash", "python"].map(|language| blocks(&quick_start, language));
        assert!(
            program.contains(&format!("Headers.Add(\"{header}\"")),
            "{header}"
        );
        assert!(
            shell[0].contains(header) && python[0].contains(header),
            "{header}"
        );
    }
    for needed in [
        "var signed = Device + timestamp + method.Method + path + body;",
        "new HMACSHA256(Encoding.ASCII.GetBytes(Secret))",
        "one.ToString(\"x2\")",
        "ToUnixTimeMilliseconds()",
    ] {
        assert!(program.contains(needed), "{needed}");
    }
    if Command::new("mcs").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let demo = demo();
    let text = program.replace("http://127.0.0.1:50700", &demo.client.url);
    std::fs::write(folder.path().join("Program.cs"), text).unwrap();
    for command in [
        &["mcs", "-r:System.Net.Http.dll", "Program.cs"][..],
        &["mono", "Program.exe"],
    ] {
        let output = Command::new(command[0])
            .args(&command[1..])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}{errors}");
        if command[0] == "mono" {
            assert!(said.starts_with("registered {"), "{said}");
        }
    }
}

/// The commands of the page, for a folder instead of the machine: without `sudo`, without other users, and without systemd.
fn in_a_folder(block: &str, folder: &Path, listen: &str) -> String {
    let place = |path: &str| folder.join(path).display().to_string();
    let left_out = ["cargo build", "sudo useradd", "sudo systemctl"];
    let lines = block
        .lines()
        .filter(|line| !left_out.iter().any(|begin| line.starts_with(begin)));
    let text = lines.collect::<Vec<_>>().join("\n");
    let program = program_path().display().to_string();
    [
        ("sudo -u ferrotill ferrotill", program.as_str()),
        ("sudo ", ""),
        ("-o ferrotill -g ferrotill ", ""),
        ("-o root -g ferrotill ", ""),
        ("target/release/ferrotill", &program),
        ("edge-agent/packaging/ferrotill.toml", &place("sample.toml")),
        ("/usr/bin/", &format!("{}/", place("usr/bin"))),
        ("/etc/", &format!("{}/", place("etc"))),
        ("127.0.0.1:50700", listen),
    ]
    .into_iter()
    .fold(text, |text, (from, to)| text.replace(from, to))
}

fn shell(folder: &Path, text: &str) -> String {
    let script = format!("set -eu\ncd '{}'\n{text}", folder.join("work").display());
    // Paths of the repository are written from its folder.
    let script = script.replace(
        " edge-agent/",
        &format!(" {}/edge-agent/", root().display()),
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{script}\n{said}\n{errors}");
    said
}

#[test]
fn a_till_is_installed_and_sells_by_the_commands_of_the_page() {
    let install = page("docs/INSTALL.md");
    let [program, secret, check, service, sell] = &blocks(&install, "sh")[..] else {
        panic!("the page has five steps");
    };
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for made in [
        "work",
        "usr/bin",
        "etc/systemd/system",
        "etc/ferrotill/conf.d",
    ] {
        fs::create_dir_all(root.join(made)).unwrap();
    }
    let sample = page("edge-agent/packaging/ferrotill.toml");
    let etc = root.join("etc/ferrotill").display().to_string();
    fs::write(
        root.join("sample.toml"),
        sample.replace("/etc/ferrotill", &etc),
    )
    .unwrap();
    let listen = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let run = |block: &str| shell(root, &in_a_folder(block, root, &listen));
    run(program);
    assert!(root.join("usr/bin/ferrotill").exists());
    run(secret);

    // The page says that a file in `conf.d` changes single keys.
    let (link, memory) = (root.join("printer"), root.join("memory"));
    let printer = Process::emulator(&link, &memory, "115200");
    let authority = Process::authority();
    let change = format!(
        "[till]\ndata_dir = \"{}\"\n[api]\nlisten = \"{listen}\"\n[[device]]\nid = \"{}\"\nuri = \"datecs+serial://{}?baud=115200\"\n[upstream]\nurl = \"{}\"\n",
        root.join("books").display(),
        shop::DEVICE,
        link.display(),
        authority.client.url
    );
    fs::write(root.join("etc/ferrotill/conf.d/here.toml"), change).unwrap();
    run(check);
    let file = root.join("etc/ferrotill/ferrotill.toml");
    let agent = Process::start(&["run", "--config", file.to_str().unwrap()]);
    let said = run(service);
    assert!(said.starts_with("ready"), "{said}");
    assert!(root.join("etc/systemd/system/ferrotill.service").exists());
    until("the printer is there", || {
        value(&agent.client.open("/healthz").body, "printers.0.connected") == &JsonValue::Bool(true)
    });
    let said = run(sell);
    for needed in [r#""success":true"#, "X-report: 8.10", "Z-report 1: 8.10"] {
        assert!(said.contains(needed), "{needed} is not in {said}");
    }
    let paper = ureq::get(format!("{}/sim/printer/paper", printer.client.url));
    let paper = paper.call().unwrap().body_mut().read_to_string().unwrap();
    assert!(paper.contains("Franzela"), "{paper}");
}

#[test]
fn the_install_page_names_what_the_unit_names() {
    let install = page("docs/INSTALL.md");
    let unit = page("edge-agent/packaging/ferrotill.service");
    let key = |name: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("the unit has no {name}"))
            .to_owned()
    };
    let useradd = install
        .lines()
        .find(|line| line.contains("useradd"))
        .unwrap();
    assert!(
        useradd.ends_with(&format!(" {}", key("User="))),
        "{useradd}"
    );
    assert!(useradd.contains("--user-group") && key("User=") == key("Group="));
    assert!(useradd.contains(&format!("--groups {}", key("SupplementaryGroups="))));
    let state = format!("/var/lib/{}", key("StateDirectory="));
    assert!(install.contains(&state) && install.contains(&key("StateDirectoryMode=")));
    let start = key("ExecStart=");
    let (program, file) = (
        start.split(' ').next().unwrap(),
        start.split(' ').next_back().unwrap(),
    );
    assert!(install.contains(&format!("ferrotill {program}")) && install.contains(file));
}

/// The page of the keys is made from their table, which a unit test compares. These names are those that people look for.
#[test]
fn the_page_of_the_configuration_has_what_people_look_for() {
    let page = page("docs/CONFIGURATION.md");
    for needed in [
        "`time_zone`",
        "`environment`",
        "[[device.points_of_sale]]",
        "`conf.d/*.toml`",
        "`FERROTILL_API_LISTEN`",
        "`rounding_field`",
        "`secret_file`",
    ] {
        assert!(page.contains(needed), "{needed}");
    }
}

/// The pages for people: those at the top of the repository and below `docs`.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("docs")];
    let top = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = top.filter(|path| path.is_file()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    for path in files {
        if path.extension().is_some_and(|extension| extension == "md") {
            found.insert(path.clone(), fs::read_to_string(path).unwrap());
        }
    }
    found
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let mut lost = Vec::new();
    for (path, text) in pages() {
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            if !target.exists() {
                lost.push(format!("{}: {link}", path.display()));
            } else if !anchor.is_empty()
                && target
                    .extension()
                    .is_some_and(|extension| extension == "md")
            {
                let headings = fs::read_to_string(&target).unwrap();
                if !headings
                    .lines()
                    .any(|line| line.starts_with('#') && anchor_of(line) == anchor)
                {
                    lost.push(format!("{}: {link}: no such heading", path.display()));
                }
            }
        }
    }
    assert!(lost.is_empty(), "\n{}", lost.join("\n"));
}

/// The name by which a link names a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Every command that a page shows is a command of the program, with flags that it has.
#[test]
fn every_command_that_a_page_shows_exists() {
    let mut wrong = Vec::new();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in pages() {
        if path.ends_with("CHANGELOG.md")
            || path
                .components()
                .any(|part| part.as_os_str() == "decisions")
        {
            continue;
        }
        for command in commands(&text) {
            let mut words = command.split_whitespace();
            let Some(verb) = words
                .next()
                .filter(|verb| verb.bytes().all(|byte| byte.is_ascii_lowercase()))
            else {
                continue;
            };
            let task = words
                .clone()
                .next()
                .filter(|task| {
                    task.starts_with(|c: char| c.is_ascii_lowercase())
                        && matches!(
                            verb,
                            "config"
                                | "api"
                                | "clock"
                                | "queue"
                                | "rksv"
                                | "fiscalbox"
                                | "printer"
                                | "print"
                                | "backup"
                                | "ports"
                                | "person"
                                | "hub"
                                | "support"
                        )
                })
                .unwrap_or("");
            let help = known
                .entry(format!("{verb} {task}"))
                .or_insert_with(|| help(&[verb, task]));
            for flag in words.filter(|word| word.starts_with("--") && word.len() > 2) {
                let flag = flag.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-');
                if !help.contains(flag) {
                    wrong.push(format!(
                        "{}: ferrotill {command}: no {flag}",
                        path.display()
                    ));
                }
            }
            if help.is_empty() {
                wrong.push(format!(
                    "{}: ferrotill {command}: no such command",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What stands behind `ferrotill ` in the code of a page.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _) in text.match_indices("`ferrotill ") {
        let rest = &text[place + "`ferrotill ".len()..];
        found.push(rest.split('`').next().unwrap().to_owned());
    }
    for line in text.lines() {
        if let Some(command) = line.trim_start().strip_prefix("ferrotill ") {
            found.push(command.split(['|', '#', '<']).next().unwrap().to_owned());
        }
    }
    found
}

fn help(verb: &[&str]) -> String {
    let verb = verb.iter().filter(|word| !word.is_empty());
    let output = shop::outside::program()
        .args(verb)
        .arg("--help")
        .output()
        .unwrap();
    if output.status.success() {
        String::from_utf8(output.stdout).unwrap()
    } else {
        String::new()
    }
}

/// Every refusal that a page names exists.
#[test]
fn every_refusal_that_a_page_numbers_exists() {
    for (path, text) in pages() {
        for rest in text.split("(refusal ").skip(1) {
            let number: u16 = rest
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let known = Refusal::ALL.iter().any(|entry| entry.number == number);
            assert!(known, "{}: refusal {number}", path.display());
        }
    }
}

#[test]
fn the_board_shows_figures_that_the_till_has() {
    let board = page("docs/operations/grafana.json");
    JsonValue::parse(board.as_bytes()).unwrap();
    let source = page("edge-agent/src/api/own/metrics.rs");
    let is_of_a_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let names = board.split("ferrotill_").skip(1).map(|rest| {
        let end = rest.find(|letter| !is_of_a_name(letter));
        format!("ferrotill_{}", &rest[..end.unwrap_or(rest.len())])
    });
    let names: Vec<String> = names.collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}
