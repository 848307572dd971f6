//! FinanzOnline: a till sells without it, and everything is registered and checked afterwards, in order and once, whatever answers are lost
//! and whenever the till is killed.

mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ferrotill::authority::finanz_online::session::{login, login_answer};
use ferrotill::authority::finanz_online::{Action, call};
use ferrotill::config::{FinanzOnlineUser, Secret};
use ferrotill::hmac::signature_of;
use ferrotill::simulator::finanz_online::{FinanzOnlineSimulator, SERVICES, router};
use ferrotill::simulator::tax_office::serve_router;
use ferrotill::time::clock::{Clock, system_ms};
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::health_page::check_says;
use shop::agent_thread::{SigningAgent, in_runtime};
use shop::outside::{Process, finished, until};
use shop::stand_in::StandIn;
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, SECRET};
use uuid::Uuid;

const CASH_BOX: &str = "KASSE-1";
const PIN: &str = "geheim12";

/// A till whose FinanzOnline is at this address.
fn till(folder: &Path, services: &str) -> PathBuf {
    let device = Device::new(DEVICE, "Kasse 1", "none")
        .tax_group("A", "20.00")
        .payment_names("Bar", "Karte")
        .set("registration_number", text(CASH_BOX))
        .point_of_sale(POINT_OF_SALE, "1");
    let config = ConfigText::new("AT", folder.join("books"))
        .owner("Gasthaus Muster", "ATU12345678")
        .device(device);
    write_pin(folder, PIN);
    let (key, pin) = (folder.join("unit.key"), folder.join("pin"));
    let (key, pin) = (key.display().to_string(), pin.display().to_string());
    let more = format!(
        "\n[[signature_unit]]\nkind = \"software\"\nid = \"unit-1\"\nsuite = \"R1-AT9\"\nkey_file = {key:?}\n\
         [finanzonline]\nurl = \"{services}{SERVICES}\"\nparticipant_id = \"123456789\"\nuser_id = \"kassews01\"\n\
         pin_file = {pin:?}\nmanufacturer_id = \"ATU12345678\"\n"
    );
    let file = folder.join("ferrotill.toml");
    fs::write(&file, format!("{config}{more}")).unwrap();
    file
}

fn write_pin(folder: &Path, pin: &str) {
    let file = folder.join("pin");
    fs::write(&file, format!("{pin}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
}

fn sell(client: &Client, id: u128) -> Reply {
    sell_at(client, id, system_ms())
}

/// Sells on a till whose clock shows another time.
fn sell_at(client: &Client, id: u128, now_ms: i64) -> Reply {
    let id = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0000_0000_0000 + id);
    let body = format!(
        r#"{{"id":"{id}","items":[{{"name":"Kaffee","quantity":1,"price":3.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":3.00}}]}}"#
    );
    let now = now_ms.to_string();
    let signed = [DEVICE, &now, "POST", "/api/v1/operations/sale", &body].map(str::as_bytes);
    let sold = client.call("POST", "operations/sale", &body, |headers| {
        for (name, value) in headers.iter_mut() {
            match *name {
                "Api-Timestamp" => value.clone_from(&now),
                "Api-Signature" => *value = signature_of(SECRET.as_bytes(), &signed),
                _ => {}
            }
        }
    });
    let sold = sold.unwrap();
    assert_eq!(sold.state.as_deref(), Some("registered"), "{}", sold.text);
    sold
}

/// What a problem says in `/healthz`; `None` if it is not listed.
fn problem(client: &Client, id: &str) -> Option<String> {
    let health = client.open("/healthz");
    let listed = (0..health.list("problems")).map(|place| format!("problems.{place}"));
    let path = listed
        .into_iter()
        .find(|path| health.at(&format!("{path}.id")) == id)?;
    Some(health.at(&format!("{path}.says")))
}

/// Whether the till and its start receipt are registered.
fn is_registered(service: &StandIn) -> bool {
    let shown = service.shown().to_string();
    shown.contains("\"checked\":[\"1\"]")
        && shown.contains("\"id\":\"KASSE-1\",\"state\":\"IN_BETRIEB\"")
}

fn books_are_right(file: &Path) {
    let (code, said) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn everything_is_registered_once_after_a_day_without_finanzonline() {
    // The calls of a day without faults: login, state, unit, state, cash box, state, check. The answer of each of them is lost once.
    for lost in 0..7 {
        let folder = tempfile::tempdir().unwrap();
        let service = StandIn::start();
        service.switch(r#"{"state":"down"}"#);
        let file = till(folder.path(), &service.url());
        let mut agent = Process::agent(&file);
        for id in 0..3 {
            sell(&agent.client, id);
        }
        agent.kill();
        let mut agent = Process::agent(&file);
        sell(&agent.client, 3);
        assert_eq!(service.calls(), [""; 0], "FinanzOnline is down");
        let known = service.calls().len();
        service.switch(&format!(
            r#"{{"state":"lose_answer","after":{lost},"times":1}}"#
        ));
        until("the answer is lost", || {
            service.calls().len() > known + lost
        });
        // The till is killed while it does not know what became of its request.
        agent.kill();
        agent = Process::agent(&file);
        until("everything is registered", || is_registered(&service));
        sell(&agent.client, 4);
        let changes = service.changes();
        let names: Vec<&str> = changes
            .iter()
            .map(|call| call.split(' ').next().unwrap())
            .collect();
        assert_eq!(
            names,
            ["registrierung_se", "registrierung_kasse", "belegpruefung"],
            "lost {lost}: {:?}",
            service.calls()
        );
        assert!(
            changes.iter().all(|call| call.ends_with(" 0")),
            "{changes:?}"
        );
        until("the session is ended", || {
            service.calls().last().is_some_and(|call| call == "logout")
        });
        agent.stop();
        books_are_right(&file);
    }
}

#[test]
fn a_wrong_pin_is_sent_once() {
    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start();
    let user = FinanzOnlineUser {
        participant_id: "123456789".to_owned(),
        user_id: "kassews01".to_owned(),
        pin: Secret::new(PIN.to_owned()),
    };
    let url = format!("{}{SERVICES}", service.url());
    let (body, _) = call(&url, Action::Login, &login(&user, "ATU12345678")).unwrap();
    login_answer(&body).unwrap();
    let file = till(folder.path(), &service.url());
    write_pin(folder.path(), "falsch12");
    for _ in 0..2 {
        let mut agent = Process::agent(&file);
        sell(&agent.client, 1);
        until("the user is refused", || {
            problem(&agent.client, "registration_user_refused").is_some()
        });
        let says = problem(&agent.client, "registration_user_refused").unwrap();
        check_says("registration_user_refused", &says);
        agent.stop();
    }
    assert_eq!(service.calls(), ["login", "login -4"]);
    let refused = fs::read_to_string(folder.path().join("books/finanzonline.refused")).unwrap();
    assert!(!refused.contains("falsch12"), "{refused}");

    write_pin(folder.path(), PIN);
    let agent = Process::agent(&file);
    until("everything is registered", || is_registered(&service));
    until("the problem is over", || {
        problem(&agent.client, "registration_user_refused").is_none()
    });
}

#[test]
fn a_session_that_ends_and_a_page_about_maintenance_are_no_refusals() {
    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start();
    service.switch(r#"{"state":"html","times":2}"#);
    let file = till(folder.path(), &service.url());
    let agent = Process::agent(&file);
    until("everything is registered", || is_registered(&service));
    assert_eq!(service.changes().len(), 3, "{:?}", service.calls());
    service.switch(r#"{"state":"expire_session"}"#);
    sell(&agent.client, 1);
    assert!(problem(&agent.client, "registration_refused").is_none());

    let folder = tempfile::tempdir().unwrap();
    let service = StandIn::start();
    // Each code that says "later", and a session that has ended, before the right answer.
    for code in ["-1", "-2", "14", "B4", "V3"] {
        service.switch(&format!(r#"{{"state":"code","code":"{code}"}}"#));
        let file = till(folder.path(), &service.url());
        let calls = service.calls().len();
        let mut agent = Process::agent(&file);
        until("a login", || service.calls().len() > calls);
        sell(&agent.client, 2);
        assert!(problem(&agent.client, "registration_refused").is_none());
        agent.stop();
    }
    service.switch(r#"{"state":"up"}"#);
    let file = till(folder.path(), &service.url());
    let _agent = Process::agent(&file);
    until("everything is registered", || is_registered(&service));
    assert_eq!(service.changes().len(), 3, "{:?}", service.calls());
}

/// The stand-in in this process. Returns its address.
fn served(simulator: &FinanzOnlineSimulator) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    let routes = router(simulator.clone());
    std::thread::spawn(move || {
        in_runtime(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            serve_router(listener, routes, std::future::pending()).await;
        });
    });
    format!("http://{}", told.recv().unwrap())
}

/// Waits until the stand-in shows a text, while the clock goes on by a minute again and again.
fn until_shown(simulator: &FinanzOnlineSimulator, clock: &Clock, text: &str) {
    let mut looks = 0_u32;
    until(text, || {
        let shown = simulator.shown().to_string();
        looks += 1;
        if looks.is_multiple_of(200) {
            clock.pass(60_000);
        }
        shown.contains(text)
    });
}

#[test]
fn an_outage_of_48_hours_is_reported_and_the_receipt_of_the_year_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let now = "2026-10-10T08:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let clock = Arc::new(Clock::by_hand("Europe/Vienna", now.as_millisecond()).unwrap());
    let simulator = FinanzOnlineSimulator::new(Arc::clone(&clock));
    let file = till(folder.path(), &served(&simulator));
    simulator.switch(r#"{"state":"down"}"#).unwrap();
    let agent = SigningAgent::start(&file, Some(&clock));
    sell_at(&agent.client, 1, clock.now().utc_ms);
    let hour = 3_600_000;
    clock.pass(25 * hour);
    until("it waits for more than a day", || {
        clock.pass(60_000);
        problem(&agent.client, "registration_waits").is_some()
    });
    let says = problem(&agent.client, "registration_waits").unwrap();
    check_says("registration_waits", &says);
    simulator.switch(r#"{"state":"up"}"#).unwrap();
    until_shown(&simulator, &clock, "belegpruefung KASSE-1_1 0");
    until("nothing waits", || {
        clock.pass(60_000);
        problem(&agent.client, "registration_waits").is_none()
    });

    agent.units.set_down(true);
    sell_at(&agent.client, 2, clock.now().utc_ms);
    clock.pass(47 * hour);
    sell_at(&agent.client, 3, clock.now().utc_ms);
    assert!(!simulator.shown().to_string().contains("ausfall_se"));
    clock.pass(2 * hour);
    until_shown(&simulator, &clock, "ausfall_se");
    assert!(simulator.shown().to_string().contains("\"AUSFALL\""));
    agent.units.set_down(false);
    sell_at(&agent.client, 4, clock.now().utc_ms);
    until_shown(&simulator, &clock, "wiederinbetriebnahme_se");
    assert!(!simulator.shown().to_string().contains("\"AUSFALL\""));

    // A shorter outage is not reported.
    agent.units.set_down(true);
    sell_at(&agent.client, 5, clock.now().utc_ms);
    clock.pass(10 * hour);
    agent.units.set_down(false);
    sell_at(&agent.client, 6, clock.now().utc_ms);

    simulator.switch(r#"{"state":"code","code":"43"}"#).unwrap();
    let year = "2027-01-02T08:00:00Z".parse::<jiff::Timestamp>().unwrap();
    let left = year.as_millisecond() - clock.now().utc_ms;
    clock.pass(u64::try_from(left).unwrap());
    sell_at(&agent.client, 7, clock.now().utc_ms);
    until("the receipt of the year is refused", || {
        clock.pass(60_000);
        problem(&agent.client, "registration_refused").is_some()
    });
    let says = problem(&agent.client, "registration_refused").unwrap();
    check_says("registration_refused", &says);
    assert!(says.contains("KASSE-1_"), "{says}");
    drop(agent);
    simulator.switch(r#"{"state":"up"}"#).unwrap();
    let agent = SigningAgent::start(&file, Some(&clock));
    until("the next start tries again", || {
        clock.pass(60_000);
        let shown = simulator.shown();
        shown["registers"][0]["checked"].as_array().unwrap().len() == 2
    });
    until("the problem is over", || {
        clock.pass(60_000);
        problem(&agent.client, "registration_refused").is_none()
    });
    let shown = simulator.shown();
    let calls = shown["calls"].as_array().unwrap();
    let count = |name: &str| {
        let of_name = calls
            .iter()
            .filter(|call| call.as_str().unwrap().starts_with(name));
        of_name.count()
    };
    assert_eq!(count("ausfall_se"), 1, "{calls:?}");
    assert_eq!(count("wiederinbetriebnahme_se"), 1, "{calls:?}");
    drop(agent);
    books_are_right(&file);
}
