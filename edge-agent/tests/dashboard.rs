//! The dashboard as a browser meets it: sessions, rights, tokens of forms, locked names, and the policy of its pages.

mod shop;

use std::io::{BufRead as _, BufReader};

use ferrotill::api::json::JsonValue;
use ferrotill::people::{People, Right};
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_testkit::config::text;
use shop::browser::Browser;
use shop::inside::Shop;
use shop::outside::{Process, finished, program, until};
use shop::till::SALE;
use shop::{DEVICE, config, value};

fn demo(data: &str) -> (Process, String) {
    let demo = Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0", "--data", data]);
    let JsonValue::Text(pin) = value(&demo.ready, "dashboard.pin").clone() else {
        panic!("{}", demo.ready);
    };
    (demo, pin)
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[test]
fn everybody_sees_whether_the_till_can_sell_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, _) = demo(folder.path().to_str().unwrap());
    let mut browser = Browser::new(&demo.client.url);
    let mut page = browser.open("/");
    until("the till is ready", || {
        page = browser.open("/");
        page.text.contains("Gata de vânzare")
    });
    assert_eq!((page.status, page.policy.as_str()), (200, POLICY));
    assert!(page.text.len() < 100_000);
    for forbidden in [
        "<script>", "style=", "onclick", "http://", "https://", "//cdn",
    ] {
        assert!(!page.text.contains(forbidden), "{forbidden}: {}", page.text);
    }
    for path in ["/receipts", "/people"] {
        let page = browser.open(path);
        assert_eq!((page.status, page.to.as_str()), (303, "/"), "{path}");
    }
    assert_eq!(browser.open("/ui/events?view=overview").status, 403);
    assert_eq!(browser.open("/ui/style.css").status, 200);
}

#[test]
fn the_language_is_that_of_the_till_or_of_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, _) = demo(folder.path().to_str().unwrap());
    let mut browser = Browser::new(&demo.client.url);
    for (language, word) in [
        ("de", "Anmelden"),
        ("uk", "Увійти"),
        ("uz", "Kirish"),
        ("en", "Sign in"),
        ("ru", "Войти"),
        ("ro", "Intrare"),
    ] {
        let page = browser.open(&format!("/?language={language}"));
        assert!(page.text.contains(word), "{language}: {}", page.text);
        assert!(
            page.text.contains(&format!("<html lang=\"{language}")),
            "{language}"
        );
        // The next page remembers it.
        assert!(browser.open("/").text.contains(word), "{language}");
    }
    let page = Browser::new(&demo.client.url).call(
        "GET",
        "/",
        "",
        &[("Accept-Language", "de-AT,de;q=0.9")],
    );
    assert!(page.text.contains("Anmelden"));
}

#[test]
fn a_session_survives_a_restart_and_ends_with_another_pin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    let text = shop::configuration(
        folder.path().join("books").to_str().unwrap(),
        "datecs+tcp://127.0.0.1:9",
        "http://127.0.0.1:9",
    );
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let (code, added) = finished(&[
        "person",
        "add",
        "Ana",
        "--rights",
        "look,settings",
        "--config",
        file,
    ]);
    assert_eq!(code, Some(0), "{added}");
    let JsonValue::Text(pin) = value(&added, "pin").clone() else {
        panic!("{added}")
    };
    let listening = |agent: &Process| Browser::new(&agent.client.url);
    let mut agent = Process::agent(std::path::Path::new(file));
    let mut browser = listening(&agent);
    let page = browser.sign_in("ana", &pin);
    assert_eq!((page.status, page.to.as_str()), (303, "/"));
    assert!(
        page.cookie.contains("HttpOnly; SameSite=Strict"),
        "{}",
        page.cookie
    );
    agent.kill();
    let agent = Process::agent(std::path::Path::new(file));
    browser.url.clone_from(&agent.client.url);
    assert!(
        browser.open("/").text.contains("Ana"),
        "the session survives"
    );
    let (code, _) = finished(&["person", "pin", "Ana", "--config", file]);
    assert_eq!(code, Some(0));
    assert_eq!(
        browser.open("/receipts").to,
        "/",
        "another PIN ends the session"
    );
}

#[test]
fn a_change_needs_the_token_of_the_session_and_the_right() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, pin) = demo(folder.path().to_str().unwrap());
    let mut owner = Browser::new(&demo.client.url);
    assert_eq!(owner.sign_in("owner", &pin).to, "/pin");
    let add = "do=add&name=Ion&pin=482915&right=look";
    for body in [add.to_owned(), format!("{add}&token=0000")] {
        let page = owner.post("/people", &body);
        assert_eq!(page.status, 403, "{}", page.text);
    }
    let token = owner.token();
    let foreign = owner.call(
        "POST",
        "/people",
        &format!("{add}&token={token}"),
        &[("Sec-Fetch-Site", "cross-site")],
    );
    assert_eq!(foreign.status, 403);
    let evil = owner.call(
        "POST",
        "/people",
        &format!("{add}&token={token}"),
        &[("Origin", "http://evil.example")],
    );
    assert_eq!(evil.status, 403);
    assert!(!owner.open("/people").text.contains("Ion"));
    let page = owner.post("/people", &format!("{add}&token={token}"));
    assert_eq!(page.to, "/people?saved=yes", "{}", page.text);
    let mut ion = Browser::new(&demo.client.url);
    assert_eq!(ion.sign_in("Ion", "482915").to, "/");
    assert_eq!(ion.open("/receipts").status, 200);
    assert_eq!(ion.open("/people").status, 403);
    let of_ion = ion.token();
    assert_ne!(of_ion, token);
    assert_eq!(
        owner.post("/sign-out", &format!("token={of_ion}")).status,
        403
    );
    assert_eq!(
        ion.post("/people", &format!("do=remove&name=owner&token={of_ion}"))
            .status,
        403
    );
    // Removing a person ends the session.
    assert_eq!(
        owner
            .post("/people", &format!("do=remove&name=Ion&token={token}"))
            .status,
        303
    );
    assert_eq!(ion.open("/receipts").to, "/");
    // The last person who may change people stays one.
    let page = owner.post(
        "/people",
        &format!("do=rights&name=owner&right=look&token={token}"),
    );
    assert_eq!(page.status, 422, "{}", page.text);
    assert_eq!(owner.post("/sign-out", &format!("token={token}")).to, "/");
    assert_eq!(owner.open("/receipts").to, "/");
}

#[test]
fn a_session_that_was_signed_out_cannot_be_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, pin) = demo(folder.path().to_str().unwrap());
    let mut owner = Browser::new(&demo.client.url);
    owner.sign_in("owner", &pin);
    let kept = owner.cookies.clone();
    let token = owner.token();
    owner.post("/sign-out", &format!("token={token}"));
    owner.cookies = kept;
    assert_eq!(owner.open("/receipts").to, "/");
}

#[test]
fn five_wrong_pins_lock_a_name_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, pin) = demo(folder.path().to_str().unwrap());
    let mut browser = Browser::new(&demo.client.url);
    for _ in 0..5 {
        let page = browser.sign_in("Owner", "999999");
        assert_eq!(page.status, 403);
        assert!(page.text.contains("role=alert"), "{}", page.text);
    }
    let page = browser.sign_in("owner", &pin);
    assert_eq!(page.status, 429, "{}", page.text);
    assert!(page.text.contains("15"), "{}", page.text);
    assert!(page.cookie.is_empty());
    // A name that does not exist is answered in the same way.
    let other = browser.sign_in("nobody", &pin);
    assert_eq!(other.status, 403);
}

#[test]
fn an_own_pin_is_changed_with_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, pin) = demo(folder.path().to_str().unwrap());
    let mut owner = Browser::new(&demo.client.url);
    owner.sign_in("owner", &pin);
    let token = owner.token();
    let mut change = |old: &str, new: &str, again: &str| {
        owner.post(
            "/pin",
            &format!("token={token}&old={old}&new={new}&again={again}"),
        )
    };
    assert_eq!(change(&pin, "123456", "123456").status, 422);
    assert_eq!(change(&pin, "482915", "482916").status, 422);
    assert_eq!(change("999999", "482915", "482915").status, 403);
    assert_eq!(change(&pin, "482915", "482915").to, "/");
    let mut again = Browser::new(&demo.client.url);
    assert_eq!(again.sign_in("owner", &pin).status, 403);
    assert_eq!(again.sign_in("owner", "482915").to, "/");
}

#[test]
fn a_stream_tells_a_change_and_the_number_of_streams_is_limited() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, _) = demo(folder.path().to_str().unwrap());
    let open = || {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        agent
            .get(format!("{}/ui/events?view=kiosk", demo.client.url))
            .call()
            .unwrap()
    };
    let mut streams: Vec<_> = (0..8).map(|_| open()).collect();
    for stream in &streams {
        assert_eq!(stream.status(), 200);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
    }
    assert_eq!(open().status(), 503);
    let first = streams.pop().unwrap();
    let mut lines = BufReader::new(first.into_body().into_reader()).lines();
    let mut wait_for = |needed: &str| {
        lines
            .find(|line| line.as_ref().unwrap().contains(needed))
            .expect("the stream goes on")
            .unwrap()
    };
    wait_for("answer yes");
    ureq::put(format!("{}/sim/printer", demo.client.url))
        .send(r#"{"cable":"out"}"#)
        .unwrap();
    wait_for("answer no");
    drop(streams);
    until("the places are free again", || open().status() == 200);
}

/// A report is made once, whoever sends its form again, and the journal has who wanted it.
#[test]
fn a_report_is_made_once_and_has_the_name_of_its_person() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, pin) = demo(folder.path().to_str().unwrap());
    let JsonValue::Text(file) = value(&demo.ready, "config").clone() else {
        panic!("{}", demo.ready)
    };
    let done = |arguments: &[&str]| {
        let (code, told) = finished(&[arguments, &["--config", &file]].concat());
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
        told
    };
    done(&["sale", "--item", "Cafea:18.50:1:A"]);
    done(&["person", "add", "Ion", "--rights", "look"]);
    let mut owner = Browser::new(&demo.client.url);
    owner.sign_in("owner", &pin);
    let token = owner.token();
    let page = owner.open("/reports").text;
    let field = |name: &str| {
        let (_, rest) = page.split_once(&format!("name={name} value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (id, device) = (field("id"), field("device"));
    let z = format!("token={token}&id={id}&device={device}&kind=z");
    let refused = owner.post("/reports", &z);
    assert_eq!(
        refused.status, 422,
        "the box was not ticked: {}",
        refused.text
    );
    for _ in 0..2 {
        let made = owner.post("/reports", &format!("{z}&sure=yes"));
        assert_eq!(made.to, format!("/documents/{id}"), "{}", made.text);
    }
    let document = owner.open(&format!("/documents/{id}"));
    assert!(
        document.text.contains("Comandat din panou de owner"),
        "{}",
        document.text
    );
    let paper = owner.open(&format!("/documents/{id}/paper"));
    assert!(paper.text.contains("RAPORT Z"), "{}", paper.text);
    assert!(paper.policy.contains("sandbox"), "{}", paper.policy);
    let printed = demo.client.look("/sim/printer");
    assert_eq!(value(&printed, "z_number").scalar(), "1");
    assert!(
        owner.open("/reports").text.contains("<rect"),
        "the chart has a bar"
    );
    // Without a shift there is nothing to close, and a person without the right closes nothing.
    let again = owner.post(
        "/reports",
        &format!("{z}&sure=yes").replace(&id, "0b4a9f0e-4a4e-4a53-9a3b-0d6f6f1f0009"),
    );
    assert_eq!(again.status, 422, "{}", again.text);
    done(&["verify"]);
}

/// A document that the printer cannot prove is settled at its page by a person with the right, whose name the journal keeps.
#[test]
fn a_document_that_waits_is_settled_at_its_page() {
    const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0046";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.toml");
    let people = People::new(file.clone());
    people
        .add("Ana", &[Right::Look, Right::Settle], "482915", false)
        .unwrap();
    people
        .add("Ion", &[Right::Look, Right::Settings], "482915", false)
        .unwrap();
    let shop =
        Shop::open_with(|config| config.set("ui", "people_file", text(file.display().to_string())));
    let sold = shop.client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let fault = |kind, command, times| FaultOrder {
        kind,
        command,
        times,
        ms: 0,
    };
    shop.rig
        .add_fault(fault(FaultKind::PowerCut, Some(0x46), 1));
    let caller = std::thread::spawn({
        let client = shop.client.clone();
        move || {
            client.post(
                "cashoperations",
                &format!(r#"{{"id":"{ID}","amount":5.00}}"#),
            )
        }
    });
    until("the printer is off", || {
        shop.rig.snapshot(false).power == "off"
    });
    // A person closes the day at the printer's keyboard before the agent can ask the printer.
    shop.rig
        .add_fault(fault(FaultKind::DropRequest, None, u32::MAX));
    shop.rig.set_power(Power::On);
    assert!(shop.rig.keyboard_z());
    shop.rig.clear_faults();
    until("a person is needed", || {
        shop.client
            .open(&format!("/operations/{ID}"))
            .at("needs_a_person")
            == "true"
    });
    let mut ana = Browser::new(&shop.client.url);
    assert_eq!(ana.sign_in("Ana", "482915").to, "/");
    assert!(
        ana.open("/").text.contains(&format!("/documents/{ID}")),
        "the overview leads there"
    );
    let path = format!("/documents/{ID}");
    assert!(ana.open(&path).text.contains("name=paper value=yes"));
    let settlement = format!("{path}/settlement");
    let mut ion = Browser::new(&shop.client.url);
    ion.sign_in("Ion", "482915");
    assert!(!ion.open(&path).text.contains("name=paper"));
    let body = format!("token={}&paper=yes&number=2", ion.token());
    assert_eq!(ion.post(&settlement, &body).status, 403);
    let token = ana.token();
    for wrong in [
        "",
        "&paper=maybe",
        "&paper=no&number=2",
        "&paper=yes&number=0",
    ] {
        let page = ana.post(&settlement, &format!("token={token}{wrong}"));
        assert_eq!(page.status, 422, "{wrong}: {}", page.text);
    }
    let page = ana.post(&settlement, &format!("token={token}&paper=yes&number=2"));
    assert_eq!(page.to, path, "{}", page.text);
    let settled = shop.client.open(&format!("/operations/{ID}"));
    assert_eq!(settled.at("declaration.by"), "Ana", "{}", settled.text);
    assert_eq!(settled.at("fiscal_state"), "registered");
    let other = ana.post(&settlement, &format!("token={token}&paper=no"));
    assert_eq!(other.status, 409, "{}", other.text);
    caller.join().unwrap();
}

/// A printer with receipts of others stops a till, and a person with the right lets it go on at a page that the overview leads to.
#[test]
fn a_person_lets_a_device_go_on_whose_printer_has_receipts_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let people = People::new(path("people.toml"));
    people
        .add("Ana", &[Right::Look, Right::Settle], "482915", false)
        .unwrap();
    people.add("Ion", &[Right::Look], "482915", false).unwrap();
    let link = path("printer");
    let _rig = Rig::start(RigOptions::new(link.clone())).unwrap();
    let printer = format!("datecs+serial://{}?baud=115200", link.display());
    let configured = |name: &str| {
        let file = path(&format!("{name}.toml"));
        let config = config(&path(name), &printer, "http://127.0.0.1:9");
        let config = config
            .set(
                "ui",
                "people_file",
                text(path("people.toml").display().to_string()),
            )
            .set("api", "listen", text("127.0.0.1:0"));
        std::fs::write(&file, config.to_string()).unwrap();
        file
    };
    let files = ["this", "other"].map(configured);
    for file in &files {
        let mut agent = Process::agent(file);
        let sold = agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        agent.stop();
    }
    let agent = Process::agent(&files[0]);
    until("the till meets the printer", || {
        agent
            .client
            .open("/healthz")
            .text
            .contains("receipts_of_others")
    });
    let mut ana = Browser::new(&agent.client.url);
    assert_eq!(ana.sign_in("Ana", "482915").to, "/");
    let page = format!("/printers/{DEVICE}/go-on");
    let overview = ana.open("/").text;
    assert!(overview.contains(&format!("href=\"{page}\"")), "{overview}");
    let shown = ana.open(&page);
    assert_eq!(shown.status, 200, "{}", shown.text);
    assert!(shown.text.contains("name=sure"), "{}", shown.text);
    let mut ion = Browser::new(&agent.client.url);
    ion.sign_in("Ion", "482915");
    assert!(!ion.open(&page).text.contains("name=sure"));
    let body = format!("token={}&sure=yes", ion.token());
    assert_eq!(ion.post(&page, &body).status, 403);
    let token = ana.token();
    let unsure = ana.post(&page, &format!("token={token}"));
    assert_eq!(unsure.status, 422, "{}", unsure.text);
    let refused = agent.client.post("operations/sale", SALE);
    assert_eq!(
        refused.at("errorType"),
        "ReceiptsOfOthers",
        "{}",
        refused.text
    );
    let sure = ana.post(&page, &format!("token={token}&sure=yes"));
    assert_eq!(sure.to, "/", "{}", sure.text);
    assert_eq!(ana.open(&page).status, 404, "nothing waits any more");
    let sold = agent.client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
}

/// Compares what health says with the row of its page.
fn check_says(id: &str, says: &str) {
    let page = include_str!("../../docs/HEALTH.md");
    let mark = format!("| `{id}` |");
    let row = page.lines().find(|line| line.starts_with(&mark)).unwrap();
    assert!(
        row.contains(&format!("| {says} |")),
        "{says} is not in {row}"
    );
}

/// Health, the refusal of a sale, and the end of both.
#[test]
fn a_new_live_till_sells_nothing_before_its_first_pin_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, shop::SECRET).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, private).unwrap();
    let file = folder.path().join("ferrotill.toml");
    let live = config(&books, "datecs+tcp://127.0.0.1:9", "http://127.0.0.1:9")
        .set("till", "mode", text("LIVE"))
        .set("till", "answer_timeout_ms", 1_000)
        .set("upstream", "environment", text("LIVE"))
        .to_string()
        .replace(
            &format!("secret = \"{}\"", shop::SECRET),
            &format!("secret_file = {:?}", secret.display().to_string()),
        );
    std::fs::write(&file, live).unwrap();
    let output = program()
        .args([
            "--json",
            "init",
            "--no-input",
            "--country",
            "MD",
            "--device",
            "datecs+tcp://127.0.0.1:9",
            "--data",
            books.to_str().unwrap(),
            "--out",
        ])
        .arg(folder.path().join("other.toml"))
        .output()
        .unwrap();
    let made = JsonValue::parse(&output.stdout).unwrap();
    let JsonValue::Text(pin) = value(&made, "dashboard.pin").clone() else {
        panic!("{made}")
    };
    let agent = Process::agent(&file);
    let sale = || {
        let body = r#"{"id":"0b4a9f0e-4a4e-4a53-9a3b-0d6f6f1f0001","items":[{"name":"A","quantity":1,"price":1,"taxGroupCode":"A"}],"payments":[{"amount":1}]}"#;
        agent.client.post("operations/sale", body)
    };
    let refused = sale();
    assert_eq!(
        refused.at("errorType"),
        "FirstPinUnchanged",
        "{}",
        refused.text
    );
    assert_eq!(refused.state.as_deref(), Some("not_registered"));
    let problems = || agent.client.look("/healthz").to_string();
    assert!(problems().contains("first_pin"), "{}", problems());
    let health = agent.client.look("/healthz");
    let JsonValue::Array(listed) = value(&health, "problems") else {
        panic!("{health}")
    };
    let first = listed
        .iter()
        .find(|one| one.get("id").map(JsonValue::scalar) == Some("first_pin"));
    check_says(
        "first_pin",
        first
            .and_then(|one| one.get("says"))
            .map_or("", JsonValue::scalar),
    );
    let mut owner = Browser::new(&agent.client.url);
    assert_eq!(owner.sign_in("owner", &pin).to, "/pin");
    assert_eq!(
        owner.open("/receipts").to,
        "/pin",
        "nothing else before the change"
    );
    let token = owner.token();
    let page = owner.post(
        "/pin",
        &format!("token={token}&old={pin}&new=482915&again=482915"),
    );
    assert_eq!(page.to, "/");
    assert!(!problems().contains("first_pin"));
    assert_ne!(sale().at("errorType"), "FirstPinUnchanged");
}
