//! The SIGN AT API from outside: login, unit and register from creation to the end, receipts in every form, outages, crashes. The judge
//! of the receipts is the program's own check of the protocol.

mod api;
mod closing;
mod crash;
mod finanz_online;
#[path = "../shop/mod.rs"]
mod shop;
#[cfg(feature = "pkcs11")]
mod token;
mod units;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use api::{
    Api, REGISTER, ROOT, UNIT, UNIT_BODY, auth, credentials, judged, live_till, receipt, refused,
    register, standard, till, unit,
};
use ferrotill::api::json::JsonValue;
use shop::outside::{Process, finished};
use shop::{Client, DEVICE, count, value};

#[test]
fn the_unit_that_a_receipt_names_is_there_before_a_caller_creates_one() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Process::agent(&till(folder.path()));
    let api = Api::log_in(&agent.client);
    let path = format!("/cash-register/{DEVICE}/receipt/3c0b9f0e-4a4e-4a53-9a3b-000000000001");
    let sold = api.put(&path, &standard("NORMAL", "STANDARD", "12.00"));
    let id = sold.at("signature_creation_unit_id");
    let unit = api.get(&format!("/signature-creation-unit/{id}"));
    for (path, expected) in [
        ("_id", id.as_str()),
        ("_type", "SIGNATURE_CREATION_UNIT"),
        ("state", "INITIALIZED"),
        ("legal_entity_id.vat_id", "ATU12345678"),
        ("legal_entity_name", "Gasthaus Muster"),
    ] {
        assert_eq!(unit.at(path), expected, "{}", unit.text);
    }
    assert_eq!(api.get("/signature-creation-unit").at("count"), "0");
    // The caller's own unit takes its place.
    api.put(&self::unit(), UNIT_BODY);
    let gone = api.call("GET", &format!("/signature-creation-unit/{id}"), "");
    assert_eq!(refused(&gone, 404), "E_RESOURCE_NOT_FOUND");
    assert_eq!(api.get(&path).at("signature_creation_unit_id"), UNIT);
}

#[test]
fn from_login_to_the_first_receipt_and_to_the_end_of_the_register() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    assert_eq!(
        refused(&api.call("GET", &unit(), ""), 404),
        "E_RESOURCE_NOT_FOUND"
    );
    assert_eq!(
        refused(&api.call("GET", "/fon/auth", ""), 404),
        "E_RESOURCE_NOT_FOUND"
    );
    let created = api.put(&unit(), UNIT_BODY);
    for (path, expected) in [
        ("_id", UNIT),
        ("_type", "SIGNATURE_CREATION_UNIT"),
        ("_env", "TEST"),
        ("state", "CREATED"),
        ("legal_entity_id.vat_id", "ATU12345678"),
        ("legal_entity_name", "Gasthaus Muster"),
    ] {
        assert_eq!(created.at(path), expected, "{path}");
    }
    assert!(
        created.body.get("time_initialization").is_none(),
        "{}",
        created.text
    );
    // The tax office's user comes first.
    let early = api.call("PATCH", &unit(), r#"{"state":"INITIALIZED"}"#);
    assert_eq!(refused(&early, 409), "E_FON_AUTHENTICATION");
    api.set_up();
    let user = api.get("/fon/auth");
    assert_eq!(user.at("authentication_status"), "AUTHENTICATED");
    assert!(!user.text.contains("geheim12"), "{}", user.text);
    let pin = folder.path().join("books/finanzonline.user");
    assert_eq!(
        fs::metadata(pin).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let second = api.call(
        "PUT",
        "/signature-creation-unit/9a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
        UNIT_BODY,
    );
    assert_eq!(refused(&second, 409), "E_SCU_LIMIT_REACHED");
    let known = api.get(&register());
    let start = known.at("initialization_receipt_id");
    assert_eq!(known.at("turnover_counter"), "0");
    let start = api.get(&format!("{}/receipt/{start}", register()));
    assert_eq!(start.at("receipt_type"), "INITIALIZATION");
    assert_eq!(start.at("receipt_number"), "1");
    assert_eq!(start.at("signed"), "true");

    let body = standard("NORMAL", "STANDARD", "12.00");
    let sold = api.put(&receipt(1), &body);
    assert_eq!(sold.state.as_deref(), Some("registered"));
    assert_eq!(sold.at("schema.raw.gross_amount_standard"), "12.00");
    assert_eq!(sold.at("cash_register_id"), REGISTER);
    assert_eq!(sold.at("signature_creation_unit_id"), UNIT);
    assert_eq!(
        sold.at("cash_register_serial_number"),
        known.at("serial_number")
    );
    assert!(
        sold.at("qr_code_data").starts_with("_R1-AT9_"),
        "{}",
        sold.text
    );
    let again = api.put(&receipt(1), &body.replace("\"12.00\"", "12"));
    assert!(again.replayed);
    assert_eq!(again.at("qr_code_data"), sold.at("qr_code_data"));
    let other = api.call("PUT", &receipt(1), &standard("NORMAL", "STANDARD", "12.01"));
    assert_eq!(refused(&other, 409), "E_RESOURCE_ALREADY_EXISTS");
    assert_eq!(other.state.as_deref(), Some("registered"));
    let by_number = api.get(&format!("{}/receipt/2", register()));
    assert_eq!(by_number.text, api.get(&receipt(1)).text);
    assert_eq!(api.get(&register()).at("turnover_counter"), "1200");

    agent.stop();
    let agent = Process::agent(&file);
    let api = Api {
        client: agent.client.clone(),
        ..api
    };
    // Tokens and registers outlive the process.
    assert_eq!(
        api.get(&receipt(1)).at("qr_code_data"),
        sold.at("qr_code_data")
    );
    api.put(&receipt(2), &standard("CANCELLATION", "STANDARD", "-12.00"));
    let closed = api.become_(&register(), "DECOMMISSIONED");
    let closing = closed.at("decommission_receipt_id");
    let closing = api.get(&format!("{}/receipt/{closing}", register()));
    assert_eq!(closing.at("receipt_type"), "DECOMMISSION");
    let late = api.call("PUT", &receipt(3), &body);
    assert_eq!(refused(&late, 409), "E_CASH_REGISTER_DEACTIVATED");
    assert_eq!(late.state.as_deref(), Some("not_registered"));
    assert!(
        api.put(&receipt(1), &body).replayed,
        "what was signed is answered again"
    );
    let back = api.call("PATCH", &register(), r#"{"state":"INITIALIZED"}"#);
    assert_eq!(refused(&back, 409), "E_INVALID_STATE_TRANSITION");
    api.become_(&unit(), "DECOMMISSIONED");
    let checked = judged(&file, Some(&api));
    assert_eq!(count(&checked, "receipts"), 4);
    assert_eq!(count(&checked, "voids"), 1);
    assert_eq!(count(&checked, "counter_cents"), 0);
}

#[test]
fn a_state_that_is_not_next_is_refused_and_the_own_state_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Process::agent(&till(folder.path()));
    let api = Api::log_in(&agent.client);
    assert_eq!(
        refused(
            &api.call("PATCH", &register(), r#"{"state":"REGISTERED"}"#),
            404
        ),
        "E_RESOURCE_NOT_FOUND"
    );
    api.put(
        "/fon/auth",
        r#"{"fon_participant_id":"1","fon_user_id":"u","fon_user_pin":"p"}"#,
    );
    api.put(&register(), "{}");
    let early = api.call("PATCH", &register(), r#"{"state":"REGISTERED"}"#);
    assert_eq!(refused(&early, 409), "E_SCU_NOT_INITIALIZED");
    api.put(&unit(), UNIT_BODY);
    api.put(&unit(), UNIT_BODY);
    let other = api.call(
        "PUT",
        &unit(),
        r#"{"legal_entity_id":{"gln":"1234567890123"}}"#,
    );
    assert_eq!(refused(&other, 409), "E_RESOURCE_ALREADY_EXISTS");
    for (state, status, code) in [
        ("CREATED", 400, "E_FAILED_SCHEMA_VALIDATION"),
        ("OUTAGE", 400, "E_FAILED_SCHEMA_VALIDATION"),
        ("ON", 400, "E_FAILED_SCHEMA_VALIDATION"),
    ] {
        let reply = api.call("PATCH", &unit(), &format!(r#"{{"state":"{state}"}}"#));
        assert_eq!(refused(&reply, status), code, "{state}");
    }
    api.become_(&unit(), "INITIALIZED");
    api.become_(&unit(), "INITIALIZED");
    let refuse = |state: &str| {
        let reply = api.call("PATCH", &register(), &format!(r#"{{"state":"{state}"}}"#));
        assert_eq!(
            refused(&reply, 409),
            "E_INVALID_STATE_TRANSITION",
            "{state}"
        );
    };
    ["INITIALIZED", "OUTAGE", "DEFECTIVE", "DECOMMISSIONED"]
        .iter()
        .for_each(|state| refuse(state));
    let early = api.call("PUT", &receipt(1), &standard("NORMAL", "ZERO", "0.00"));
    assert_eq!(refused(&early, 409), "E_CASH_REGISTER_NOT_INITIALIZED");
    api.become_(&register(), "REGISTERED");
    api.become_(&register(), "REGISTERED");
    ["OUTAGE", "DECOMMISSIONED"]
        .iter()
        .for_each(|state| refuse(state));
    let first = api.become_(&register(), "INITIALIZED");
    let again = api.become_(&register(), "INITIALIZED");
    assert_eq!(first.text, again.text);
    refuse("REGISTERED");
    let outage = api.become_(&register(), "OUTAGE");
    assert!(outage.body.get("time_outage").is_some());
    let during = api.call("PUT", &receipt(1), &standard("NORMAL", "ZERO", "0.00"));
    assert_eq!(refused(&during, 409), "E_CASH_REGISTER_NOT_INITIALIZED");
    let back = api.become_(&register(), "INITIALIZED");
    assert_eq!(
        back.at("initialization_receipt_id"),
        first.at("initialization_receipt_id")
    );
    api.become_(&register(), "DEFECTIVE");
    ["INITIALIZED", "OUTAGE"]
        .iter()
        .for_each(|state| refuse(state));
}

#[test]
fn receipts_of_every_kind_are_listed_and_the_protocol_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    let raw = r#"{"receipt_type":"NORMAL","receipt_id":"x","cash_register_id":"y","metadata":{"table":"7"},"schema":{"raw":{"gross_amount_standard":"1.00","gross_amount_reduced_1":"2.00","gross_amount_reduced_2":"3.00","gross_amount_special":"4.90","gross_amount_zero":"-5.00"}}}"#;
    let sold = api.put(&receipt(1), raw);
    for (name, amount) in [
        ("standard", "1.00"),
        ("reduced_1", "2.00"),
        ("reduced_2", "3.00"),
        ("special", "4.90"),
        ("zero", "-5.00"),
    ] {
        assert_eq!(sold.at(&format!("schema.raw.gross_amount_{name}")), amount);
    }
    assert_eq!(sold.at("metadata.table"), "7");
    let ekabs = r#"{"receipt_type":"NORMAL","schema":{"ekabs_v0":{"head":{"id":"a","number":1,"date":"2026-11-29T10:00:00Z","seller":{"name":"x","tax_exemption":false},"buyer":{"name":"Frau K","email":"k@example.at"}},"data":{"currency":"EUR","full_amount_incl_vat":"6.00","payment_types":[{"name":"Karte","amount":"6.00"}],"vat_amounts":[{"percentage":"20.00","incl_vat":"6.00","excl_vat":"5.00","vat":"1.00"}],"lines":[{"text":"Kaffee","additional_text":"","vat_amounts":[{"percentage":"20.00","incl_vat":"6.00"}],"item":{"number":1,"quantity":2.000,"price_per_unit":"3.00"}}]}}}}"#;
    let eaten = api.put(&receipt(2), ekabs);
    assert_eq!(eaten.at("schema.raw.gross_amount_standard"), "6.00");
    assert!(
        !eaten.text.contains("k@example.at"),
        "the journal keeps no address"
    );
    assert_eq!(eaten.at("schema.ekabs_v0.head.buyer.name"), "Frau K");
    let training = api.put(&receipt(3), &standard("TRAINING", "REDUCED_1", "99.00"));
    assert_eq!(training.at("receipt_type"), "TRAINING");
    let null = api.put(&receipt(4), &standard("NORMAL", "ZERO", "0.00"));
    assert_eq!(null.at("signed"), "true");
    api.put(&receipt(5), &standard("CANCELLATION", "REDUCED_1", "-2.00"));

    let list = |query: &str| api.get(&format!("{}/receipt{query}", register()));
    let all = list("");
    assert_eq!(all.at("_type"), "RECEIPT_LIST");
    assert_eq!(count(&all.body, "count"), 6);
    assert_eq!(all.list("data"), 6);
    assert_eq!(all.at("data.0.receipt_type"), "INITIALIZATION");
    assert_eq!(value(&all.body, "data.1"), &api.get(&receipt(1)).body);
    let newest = list("?order_by=receipt_number&order=DESC&limit=2&offset=1");
    assert_eq!(count(&newest.body, "count"), 6);
    assert_eq!(newest.list("data"), 2);
    assert_eq!(newest.at("data.0.receipt_number"), "5");
    let some = list("?receipt_types=INITIALIZATION&receipt_types=TRAINING&limit=100");
    assert_eq!(count(&some.body, "count"), 2);
    assert_eq!(some.at("data.1.receipt_type"), "TRAINING");
    for query in [
        "?limit=0",
        "?limit=101",
        "?limit=a",
        "?order=UP",
        "?receipt_types=SALE",
    ] {
        let reply = api.call("GET", &format!("{}/receipt{query}", register()), "");
        assert_eq!(
            refused(&reply, 400),
            "E_FAILED_SCHEMA_VALIDATION",
            "{query}"
        );
    }
    let registers = api.get("/cash-register?limit=1");
    assert_eq!(registers.at("_type"), "CASH_REGISTER_LIST");
    // The device of the configuration is a register too.
    assert_eq!(count(&registers.body, "count"), 2);
    assert_eq!(registers.list("data"), 1);
    let part = api.get(&format!(
        "{}/export?start_receipt_number=3&end_receipt_number=4",
        register()
    ));
    assert_eq!(part.list("Belege-Gruppe.0.Belege-kompakt"), 2);

    let checked = judged(&file, Some(&api));
    assert_eq!(count(&checked, "receipts"), 6);
    assert_eq!(count(&checked, "trainings"), 1);
    assert_eq!(count(&checked, "counter_cents"), 590 + 600 - 200);
}

#[test]
fn faults_of_a_body_are_all_named_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Process::agent(&till(folder.path()));
    let api = Api::log_in(&agent.client);
    api.set_up();
    let bad = r#"{"schema":{"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"NORMAL","amount":"x"}]}}}"#;
    let reply = api.call("PUT", &receipt(1), bad);
    assert_eq!(refused(&reply, 400), "E_FAILED_SCHEMA_VALIDATION");
    assert_eq!(reply.state.as_deref(), Some("not_registered"));
    let message = reply.at("message");
    for path in [
        "body.receipt_type",
        "amounts_per_vat_rate[0].vat_rate",
        "amounts_per_vat_rate[0].amount",
    ] {
        assert!(message.contains(path), "{message}");
    }
    for body in ["[", "7", "{}"] {
        assert_eq!(
            refused(&api.call("PUT", &receipt(1), body), 400),
            "E_FAILED_SCHEMA_VALIDATION",
            "{body}"
        );
    }
    let large = standard("NORMAL", "STANDARD", "1000000000.00");
    assert_eq!(
        refused(&api.call("PUT", &receipt(1), &large), 400),
        "E_FAILED_SCHEMA_VALIDATION"
    );
    for (path, body) in [
        ("/fon/auth", "{}"),
        (
            "/fon/auth",
            r#"{"fon_participant_id":"1","fon_user_id":"u"}"#,
        ),
        (
            "/signature-creation-unit/9a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
            "{}",
        ),
        (
            "/signature-creation-unit/9a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
            r#"{"legal_entity_id":{"vat_id":"12345678"}}"#,
        ),
        (
            "/signature-creation-unit/9a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
            r#"{"legal_entity_id":{"gln":"123"}}"#,
        ),
        (
            "/cash-register/9b0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
            r#"{"description":7}"#,
        ),
    ] {
        assert_eq!(
            refused(&api.call("PUT", path, body), 400),
            "E_FAILED_SCHEMA_VALIDATION",
            "{path} {body}"
        );
    }
    assert_eq!(
        refused(&api.call("GET", "/nothing", ""), 404),
        "E_RESOURCE_NOT_FOUND"
    );
    assert_eq!(
        refused(&api.call("GET", "/cash-register/x", ""), 404),
        "E_RESOURCE_NOT_FOUND"
    );
    assert_eq!(
        refused(
            &api.call("GET", &format!("{}/receipt/77", register()), ""),
            404
        ),
        "E_RESOURCE_NOT_FOUND"
    );
    let list = api.get(&format!("{}/receipt", register()));
    assert_eq!(count(&list.body, "count"), 1, "only the start receipt");
}

#[test]
fn numbers_of_places_and_goods_come_back_and_card_numbers_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Process::agent(&till(folder.path()));
    let api = Api::log_in(&agent.client);
    let (gln, ean, card) = ("9012345678906", "4006381333931", "4111111111111111");
    let body = format!(r#"{{"legal_entity_id":{{"gln":"{gln}"}},"metadata":{{"ean":"{ean}"}}}}"#);
    api.set_up_with(&body);
    for made in [api.put(&unit(), &body), api.get(&unit())] {
        assert_eq!(made.at("legal_entity_id.gln"), gln);
        assert_eq!(made.at("metadata.ean"), ean);
    }
    let text = format!(r#"{{"description":"Kasse {gln} {card} {ean}"}}"#);
    let described = api.call("PATCH", &register(), &text);
    assert_eq!(
        described.at("description"),
        format!("Kasse {gln} 411111******1111 {ean}")
    );
    let sale = r#"{"receipt_type":"NORMAL","schema":{"standard_v1":{"amounts_per_vat_rate":[{"vat_rate":"STANDARD","amount":"1.00"}],"line_items":[{"quantity":"1","text":"EAN"},{"quantity":"1","text":"CARD"}]}}}"#;
    let sale = sale.replace("EAN", ean).replace("CARD", card);
    api.put(&receipt(1), &sale);
    for sold in [api.put(&receipt(1), &sale), api.get(&receipt(1))] {
        let item = |place: u8| sold.at(&format!("schema.standard_v1.line_items.{place}.text"));
        assert_eq!(
            (item(0).as_str(), item(1).as_str()),
            (ean, "411111******1111")
        );
    }
}

#[test]
fn metadata_hold_their_limits_and_are_changed_pair_by_pair() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    api.put(
        &receipt(1),
        &standard("NORMAL", "STANDARD", "1.00").replacen(
            '{',
            r#"{"metadata":{"a":"1","b":"2"},"#,
            1,
        ),
    );
    for path in [unit(), register(), receipt(1)] {
        let path = format!("{path}/metadata");
        let reply = api.call("PATCH", &path, r#"{"b":"3","c":"4"}"#);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let read = api.get(&path);
        assert_eq!(
            (read.at("b"), read.at("c")),
            ("3".to_owned(), "4".to_owned()),
            "{path}"
        );
        assert_eq!(reply.text, read.text);
        let pairs: Vec<String> = (0..21).map(|pair| format!("\"k{pair}\":\"v\"")).collect();
        let long_name = format!("{{\"{}\":\"v\"}}", "n".repeat(41));
        let long_value = format!("{{\"n\":\"{}\"}}", "v".repeat(501));
        for body in [
            format!("{{{}}}", pairs.join(",")),
            long_name,
            long_value,
            r#"{"a":{}}"#.to_owned(),
            r#"{"a":1}"#.to_owned(),
            r#"{"a":true}"#.to_owned(),
            "[]".to_owned(),
        ] {
            assert_eq!(
                refused(&api.call("PATCH", &path, &body), 400),
                "E_FAILED_SCHEMA_VALIDATION",
                "{body}"
            );
        }
        assert_eq!(api.get(&path).text, read.text);
    }
    agent.stop();
    let agent = Process::agent(&file);
    let api = Api {
        client: agent.client.clone(),
        ..api
    };
    let read = api.get(&receipt(1));
    assert_eq!(
        (read.at("metadata.a"), read.at("metadata.b")),
        ("1".to_owned(), "3".to_owned())
    );
    let (code, books) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{books}");
}

#[test]
fn an_outage_is_on_the_receipts_and_its_end_has_a_receipt_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let arguments = [
        "demo",
        "--serve",
        "--country",
        "AT",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
    ];
    let demo = Process::start(&arguments);
    let text_of = |name: &str| match value(&demo.ready, name) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{other}"),
    };
    assert_eq!(
        text_of("apis.sign_at"),
        format!("{}{ROOT}", demo.client.url)
    );
    let said = auth(
        &demo.client,
        &credentials(&text_of("api_key"), &text_of("api_secret")),
    );
    let api = Api {
        token: said.at("access_token"),
        client: demo.client.clone(),
    };
    api.set_up();
    let switch = |state: &str| {
        let path = "/sim/signature_unit";
        let reply = demo.client.unsigned(
            "PUT",
            path,
            &format!(r#"{{"state":"{state}"}}"#),
            &Vec::new(),
        );
        assert_eq!(reply.status, 200, "{}", reply.text);
    };
    switch("down");
    let sold = api.put(&receipt(1), &standard("NORMAL", "STANDARD", "3.00"));
    assert_eq!(sold.at("signed"), "false");
    assert_eq!(sold.at("hints.0"), "Sicherheitseinrichtung ausgefallen");
    assert_eq!(api.get(&unit()).at("state"), "OUTAGE");
    switch("ok");
    let sold = api.put(&receipt(2), &standard("NORMAL", "STANDARD", "3.00"));
    assert_eq!(sold.at("signed"), "true");
    assert_eq!(sold.at("receipt_number"), "4");
    let path = format!(
        "{}/receipt?receipt_types=SIGNATURE_CREATION_UNIT_FAULT_CLEARANCE",
        register()
    );
    let cleared = api.get(&path);
    assert_eq!(count(&cleared.body, "count"), 1);
    assert_eq!(cleared.at("data.0.receipt_number"), "3");
    assert_eq!(api.get(&unit()).at("state"), "INITIALIZED");
    judged(&folder.path().join("ferrotill.toml"), Some(&api));
}

#[test]
fn a_token_is_needed_and_ends_with_its_client() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let client = &agent.client;
    let said = auth(client, &credentials(client.key, client.secret));
    assert_eq!(said.at("access_token_claims.env"), "TEST");
    assert_eq!(said.at("access_token_claims.organization_id").len(), 36);
    assert_eq!(said.at("access_token_expires_in"), "86400");
    let refreshed = auth(
        client,
        &format!(r#"{{"refresh_token":"{}"}}"#, said.at("refresh_token")),
    );
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    assert_eq!(
        refreshed.at("access_token_claims.organization_id"),
        said.at("access_token_claims.organization_id")
    );
    for body in [
        credentials(client.key, "wrong"),
        credentials("nobody", client.secret),
        format!(r#"{{"refresh_token":"{}"}}"#, said.at("access_token")),
    ] {
        assert_eq!(
            refused(&auth(client, &body), 401),
            "E_UNAUTHORIZED",
            "{body}"
        );
    }
    for body in ["", "{}", r#"{"api_key":"a"}"#, "["] {
        assert_eq!(
            refused(&auth(client, body), 400),
            "E_FAILED_SCHEMA_VALIDATION",
            "{body}"
        );
    }
    let path = format!("{ROOT}/cash-register");
    for header in [
        None,
        Some("Bearer x".to_owned()),
        Some(format!("Bearer {}", said.at("refresh_token"))),
    ] {
        let headers = header
            .into_iter()
            .map(|value| ("Authorization", value))
            .collect();
        let reply = client.unsigned("GET", &path, "", &headers);
        assert_eq!(refused(&reply, 401), "E_UNAUTHORIZED");
    }
    let unknown = client.unsigned("PUT", &format!("{ROOT}{}", receipt(1)), "{}", &Vec::new());
    assert_eq!(refused(&unknown, 401), "E_UNAUTHORIZED");
    assert_eq!(unknown.state.as_deref(), Some("unknown"));
    let foreign = vec![("Sec-Fetch-Site", "cross-site".to_owned())];
    let forbidden = client.unsigned("PUT", &format!("{ROOT}{}", receipt(1)), "{}", &foreign);
    assert_eq!(refused(&forbidden, 403), "E_ACCESS_DENIED");
    assert_eq!(forbidden.state.as_deref(), Some("unknown"));
    assert_eq!(forbidden.operation, unknown.operation);
    assert!(unknown.operation.is_some());
    let bad = format!("{ROOT}/cash-register/{REGISTER}/receipt/bad");
    let headers = vec![(
        "Authorization",
        format!("Bearer {}", said.at("access_token")),
    )];
    let unnamed = client.unsigned("PUT", &bad, "{}", &headers);
    assert_eq!(refused(&unnamed, 400), "E_FAILED_SCHEMA_VALIDATION");
    assert_eq!(unnamed.state.as_deref(), Some("unknown"));
    let key = folder.path().join("books/tokens.key");
    assert_eq!(
        fs::metadata(key).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let token = said.at("access_token");
    agent.stop();
    let other = fs::read_to_string(&file)
        .unwrap()
        .replace("\"fiscalcloud\", \"sign_at\"", "\"fiscalcloud\"");
    fs::write(&file, other).unwrap();
    let agent = Process::agent(&file);
    let headers = vec![("Authorization", format!("Bearer {token}"))];
    let reply = agent.client.unsigned("GET", &path, "", &headers);
    assert_eq!(refused(&reply, 403), "E_ACCESS_DENIED");
    let reply = auth(
        &agent.client,
        &credentials(agent.client.key, agent.client.secret),
    );
    assert_eq!(refused(&reply, 403), "E_ACCESS_DENIED");
}

#[test]
fn a_live_till_takes_the_password_alone_and_over_plain_http_from_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let agent = Process::agent(&live_till(folder.path()));
    let port = agent.client.url.rsplit(':').next().unwrap().to_owned();
    let here = Client::new(format!("http://127.0.0.1:{port}"));
    let signing = auth(&here, &credentials("pos", "signing"));
    assert_eq!(refused(&signing, 401), "E_UNAUTHORIZED");
    let said = auth(&here, &credentials("pos", "password"));
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(said.at("access_token_claims.env"), "LIVE");
    let api = Api {
        token: said.at("access_token"),
        client: here,
    };
    assert_eq!(
        api.get(&format!("/cash-register/{DEVICE}")).at("_env"),
        "LIVE"
    );
    // Ten wrong secrets, one of them above.
    for wrong in 0..10 {
        let reply = auth(&api.client, &credentials("pos", &format!("guess {wrong}")));
        assert!([401, 429].contains(&reply.status), "{}", reply.text);
    }
    let late = auth(&api.client, &credentials("pos", "password"));
    assert_eq!(refused(&late, 429), "E_TOO_MANY_REQUESTS");
    // The ten wrong ones count for a minute.
    let wait = late.retry_after.unwrap();
    assert!((2..=60).contains(&wait), "{wait}");

    let Some(address) = address_of_this_machine() else {
        println!("SKIPPED: this machine has no address but loopback");
        return;
    };
    let there = Client::new(format!("http://{address}:{port}"));
    let reply = auth(&there, &credentials("pos", "password"));
    assert_eq!(refused(&reply, 403), "E_ACCESS_DENIED");
    let api = Api {
        client: there,
        ..api
    };
    assert_eq!(
        refused(&api.call("GET", "/cash-register", ""), 403),
        "E_ACCESS_DENIED"
    );
}

/// An address of this machine that is not loopback. Nothing is sent.
fn address_of_this_machine() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
