//! What the API creates is registered at FinanzOnline: in order, once, also after a day without it and whenever the till is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::api::{
    Api, UNIT_BODY, USER, judged, receipt, refused, register, standard, till_with_finanz_online,
    unit,
};
use super::shop::count;
use super::shop::outside::{Process, until};
use super::shop::stand_in::StandIn;

const WRONG_USER: &str =
    r#"{"fon_participant_id":"123456789","fon_user_id":"kasse1","fon_user_pin":"falsch12"}"#;
const DOWN: &str = r#"{"state":"down"}"#;
const UP: &str = r#"{"state":"up"}"#;

/// The calls about a cash box or about units that have changed something, without the cash box.
fn changes_of(stand_in: &StandIn, cash_box: &str) -> Vec<String> {
    let calls = stand_in.changes().into_iter();
    let of_this = calls.filter(|call| call.contains(cash_box) || call.contains("_se "));
    let named = of_this.map(|call| {
        let name = call.split(' ').next().unwrap_or_default();
        let number = call
            .split(' ')
            .nth(1)
            .and_then(|about| about.split_once('_'));
        let number = number.map_or(String::new(), |(_, number)| format!(" {number}"));
        format!(
            "{name}{number} {}",
            call.rsplit(' ').next().unwrap_or_default()
        )
    });
    named.collect()
}

/// The results of all checks of the start receipt.
fn validations(api: &Api) -> Vec<String> {
    let shown = api.get(&format!("{}/receipt/1", register()));
    let all = 0..shown.list("fon_validations");
    all.map(|place| shown.at(&format!("fon_validations.{place}.validation_result")))
        .collect()
}

#[test]
fn a_day_without_finanzonline_ends_with_everything_registered_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    stand_in.switch(DOWN);
    let file = till_with_finanz_online(folder.path(), &stand_in.url());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);

    // Before the first login nothing is created.
    for condition in [DOWN, r#"{"state":"html"}"#] {
        stand_in.switch(condition);
        let reply = api.call("PUT", "/fon/auth", USER);
        assert_eq!(refused(&reply, 504), "E_FON_REQUEST_TIMEOUT", "{condition}");
        assert!(reply.retry_after.is_some());
    }
    assert_eq!(
        refused(&api.call("GET", "/fon/auth", ""), 404),
        "E_RESOURCE_NOT_FOUND"
    );
    let user_file = folder.path().join("books/finanzonline.user");
    assert!(!user_file.exists());
    api.put(&unit(), UNIT_BODY);
    let early = api.call("PATCH", &unit(), r#"{"state":"INITIALIZED"}"#);
    assert_eq!(refused(&early, 409), "E_FON_AUTHENTICATION");
    for body in [
        r#"{"fon_participant_id":"1","fon_user_id":"kasse1","fon_user_pin":"geheim12"}"#,
        r#"{"fon_participant_id":"123456789","fon_user_id":"kasse 1","fon_user_pin":"geheim12"}"#,
        r#"{"fon_participant_id":"123456789","fon_user_id":"kasse1","fon_user_pin":"1"}"#,
    ] {
        let reply = api.call("PUT", "/fon/auth", body);
        assert_eq!(refused(&reply, 400), "E_FAILED_SCHEMA_VALIDATION", "{body}");
    }
    stand_in.switch(UP);
    assert_eq!(stand_in.changes(), [""; 0]);

    let accepted = api.put("/fon/auth", USER);
    assert_eq!(accepted.at("authentication_status"), "AUTHENTICATED");
    assert_eq!(accepted.at("fon_participant_id"), "123456789");
    assert!(!accepted.text.contains("geheim12"));
    assert_eq!(
        fs::metadata(&user_file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // A wrong PIN is sent once, and the right one stays in use.
    for _ in 0..2 {
        let reply = api.call("PUT", "/fon/auth", WRONG_USER);
        assert_eq!(refused(&reply, 409), "E_FON_AUTHENTICATION");
        assert!(reply.at("message").contains("-4"), "{}", reply.text);
    }
    // Another wrong PIN does not make the till forget the first one.
    let other = WRONG_USER.replace("falsch12", "falsch13");
    for user in [&other, WRONG_USER] {
        let reply = api.call("PUT", "/fon/auth", user);
        assert_eq!(refused(&reply, 409), "E_FON_AUTHENTICATION");
    }
    let wrong = stand_in.calls();
    assert_eq!(wrong.iter().filter(|call| *call == "login -4").count(), 2);
    assert_eq!(
        api.get("/fon/auth").at("authentication_status"),
        "AUTHENTICATED"
    );
    until("the device of the configuration is registered", || {
        changes_of(&stand_in, "KASSE-1").len() == 3
    });

    // The states go on while FinanzOnline is down.
    stand_in.switch(DOWN);
    api.become_(&unit(), "INITIALIZED");
    api.put(&register(), "{}");
    api.become_(&register(), "REGISTERED");
    let known = api.become_(&register(), "INITIALIZED");
    let cash_box = known.at("serial_number");
    api.put(&receipt(1), &standard("NORMAL", "STANDARD", "5.00"));
    agent.kill();
    let mut agent = Process::agent(&file);
    let api = Api {
        client: agent.client.clone(),
        token: api.token,
    };
    let sold = api.put(&receipt(2), &standard("NORMAL", "STANDARD", "6.00"));
    assert_eq!(sold.at("signed"), "true");
    let start = format!("{}/receipt/1", register());
    let check = |of: &str| api.call("POST", &format!("{of}/validation"), "");
    assert_eq!(refused(&check(&start), 504), "E_FON_REQUEST_TIMEOUT");
    assert_eq!(validations(&api), [""; 0]);
    api.become_(&register(), "OUTAGE");
    api.become_(&register(), "INITIALIZED");

    // The evening: a session that ends on the way changes nothing.
    stand_in.switch(r#"{"state":"expire_session"}"#);
    let expected = [
        "registrierung_se 0",
        "registrierung_kasse 0",
        "belegpruefung 1 0",
        "ausfall_kasse 0",
        "wiederinbetriebnahme_kasse 0",
    ];
    until("everything is registered", || {
        changes_of(&stand_in, &cash_box).len() >= expected.len()
    });
    assert_eq!(changes_of(&stand_in, &cash_box), expected);
    until("the check is shown", || validations(&api).len() == 1);
    let again = check(&start);
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.at("validation_result"), "SUCCESS");
    assert!(count(&again.body, "time_validation") > 1_700_000_000);
    assert_eq!(validations(&api), ["SUCCESS", "SUCCESS"]);
    let sale = check(&receipt(1));
    assert_eq!(sale.at("validation_result"), "SUCCESS", "{}", sale.text);
    stand_in.switch(r#"{"state":"code","code":"43"}"#);
    let bad = check(&receipt(2));
    assert_eq!(
        bad.at("validation_result"),
        "ERROR_UNSPECIFIED",
        "{}",
        bad.text
    );
    stand_in.switch(UP);
    assert_eq!(check(&receipt(2)).at("validation_result"), "SUCCESS");
    let shown = api.get(&receipt(2));
    assert_eq!(shown.list("fon_validations"), 2);
    assert_eq!(shown.at("fon_validations.1.validation_result"), "SUCCESS");
    let missing = check(&format!("{}/receipt/77", register()));
    assert_eq!(refused(&missing, 404), "E_RESOURCE_NOT_FOUND");

    api.become_(&register(), "DECOMMISSIONED");
    api.become_(&unit(), "DECOMMISSIONED");
    until("the end is registered", || {
        changes_of(&stand_in, "_se ")
            .last()
            .is_some_and(|last| last == "ausfall_se 0")
    });
    let ends = changes_of(&stand_in, &cash_box);
    let end = ends.get(ends.len() - 3..).unwrap();
    assert!(end[0].starts_with("belegpruefung 4 "), "{ends:?}");
    assert_eq!(end[1..], ["ausfall_kasse 0", "ausfall_se 0"], "{ends:?}");
    agent.stop();
    judged(&file, None);
}

#[test]
fn a_till_that_is_killed_after_a_change_of_state_registers_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    let file = till_with_finanz_online(folder.path(), &stand_in.url());
    let mut agent = Process::agent(&file);
    let token = {
        let api = Api::log_in(&agent.client);
        api.put("/fon/auth", USER);
        api.put(&unit(), UNIT_BODY);
        api.put(&register(), "{}");
        api.token
    };
    let steps = [
        (unit(), "INITIALIZED", "registrierung_se 0"),
        (register(), "REGISTERED", "registrierung_kasse 0"),
        (register(), "INITIALIZED", "belegpruefung 1 0"),
        (register(), "OUTAGE", "ausfall_kasse 0"),
        (register(), "INITIALIZED", "wiederinbetriebnahme_kasse 0"),
        (register(), "DEFECTIVE", "ausfall_kasse 0"),
        (unit(), "DECOMMISSIONED", "ausfall_se 0"),
    ];
    let mut expected = Vec::new();
    for (path, state, call) in steps {
        let api = Api {
            client: agent.client.clone(),
            token: token.clone(),
        };
        // The answer of the service is lost, too.
        stand_in.switch(r#"{"state":"lose_answer","after":1,"times":1}"#);
        api.become_(&path, state);
        agent.kill();
        agent = Process::agent(&file);
        let api = Api {
            client: agent.client.clone(),
            token: token.clone(),
        };
        let cash_box = api.get(&register()).at("serial_number");
        expected.push(call.to_owned());
        until(call, || {
            changes_of(&stand_in, &cash_box).len() >= expected.len()
        });
        assert_eq!(changes_of(&stand_in, &cash_box), expected, "{path} {state}");
    }
    agent.stop();
    judged(&file, None);
}

#[test]
fn another_taxpayer_has_everything_registered_again() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    let file = till_with_finanz_online(folder.path(), &stand_in.url());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.put("/fon/auth", USER);
    let is_in_use = |times: usize| {
        let shown = stand_in.shown().to_string();
        shown
            .matches("\"id\":\"KASSE-1\",\"state\":\"IN_BETRIEB\"")
            .count()
            == times
    };
    until("the till is registered", || is_in_use(1));
    api.put("/fon/auth", &USER.replace("123456789", "987654321"));
    until("the till is registered again", || is_in_use(2));
    let token = api.token;
    // The user of the caller outlives the process.
    agent.stop();
    let agent = Process::agent(&file);
    let api = Api {
        client: agent.client.clone(),
        token,
    };
    assert_eq!(api.get("/fon/auth").at("fon_participant_id"), "987654321");
    api.put(&unit(), UNIT_BODY);
    api.become_(&unit(), "INITIALIZED");
    api.put(&register(), "{}");
    api.become_(&register(), "REGISTERED");
    let known = api.become_(&register(), "INITIALIZED");
    let check = api.call("POST", &format!("{}/receipt/1/validation", register()), "");
    assert_eq!(check.at("validation_result"), "SUCCESS", "{}", check.text);
    let cash_box = known.at("serial_number");
    let of_box = stand_in.changes();
    let of_box = of_box.iter().filter(|call| call.contains(&cash_box));
    assert!(of_box.count() >= 2);
}
