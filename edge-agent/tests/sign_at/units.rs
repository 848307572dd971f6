//! Signature units that fail: a signature service over HTTP, a unit in software behind it, and configurations that are refused.

use std::fs;
use std::path::Path;

use super::api::{
    Api, judged, receipt, register, secret, standard, till_with_units, unit, unit_table,
};
use super::shop::outside::{Process, program, until};
use super::shop::stand_in::StandIn;
use super::shop::{Reply, count};

const OUTAGE: &str = "Sicherheitseinrichtung ausgefallen";
const SECRET: &str = "secret-of-the-service";

/// The text of the table of the simulated service.
fn service_table(folder: &Path, stand_in: &StandIn) -> String {
    let certificate = folder.join("service.der");
    fs::write(&certificate, stand_in.certificate()).unwrap();
    let token = secret(folder, "service.token", SECRET);
    format!(
        "\n[[signature_unit]]\nkind = \"http\"\nid = \"kasse-1\"\nsuite = \"R1-AT100\"\nurl = \"{}/signature-service\"\n\
         certificate_file = {certificate:?}\ntoken_file = {token:?}\ntimeout_ms = 1000\n",
        stand_in.url()
    )
}

fn switch(stand_in: &StandIn, state: &str) {
    stand_in.switch_signatures(&format!("{{{state},\"token\":\"{SECRET}\"}}"));
}

/// Signs the next receipt.
struct Seller<'a> {
    api: &'a Api,
    sold: u32,
}

impl Seller<'_> {
    fn sell(&mut self) -> Reply {
        self.sold += 1;
        self.api
            .put(&receipt(self.sold), &standard("NORMAL", "STANDARD", "1.00"))
    }

    /// The suite of the next receipt, which must be signed.
    fn suite(&mut self) -> String {
        let sold = self.sell();
        assert_eq!(sold.at("signed"), "true", "{}", sold.text);
        sold.at("qr_code_data")
            .split('_')
            .nth(1)
            .unwrap()
            .to_owned()
    }
}

#[test]
fn the_next_unit_signs_while_a_service_fails_and_the_service_signs_again() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    switch(&stand_in, "\"state\":\"up\"");
    let units = format!(
        "{}{}",
        service_table(folder.path(), &stand_in),
        unit_table(folder.path(), "unit-2", "R1-AT9")
    );
    let file = till_with_units(folder.path(), &units);
    let agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    let mut seller = Seller { api: &api, sold: 0 };
    assert_eq!(seller.suite(), "R1-AT100");
    let failures = [
        "\"state\":\"down\"",
        "\"state\":\"wrong_signature\"",
        "\"state\":\"status\",\"code\":500",
    ];
    for failure in failures {
        switch(&stand_in, failure);
        let failed = seller.sell();
        assert_eq!(failed.at("signed"), "false", "{failure}: {}", failed.text);
        assert_eq!(failed.at("hints.0"), OUTAGE);
        // The receipt after the outage is the next unit's first one.
        assert_eq!(seller.suite(), "R1-AT9", "{failure}");
        assert_eq!(api.get(&unit()).at("state"), "INITIALIZED");
        switch(&stand_in, "\"state\":\"up\"");
        until("the service signs again", || seller.suite() == "R1-AT100");
    }
    let cleared = format!(
        "{}/receipt?receipt_types=SIGNATURE_CREATION_UNIT_FAULT_CLEARANCE",
        register()
    );
    let cleared = api.get(&cleared);
    // A receipt that a service with wrong signatures was given after a check that it has passed is one more outage.
    let outages = count(&cleared.body, "count");
    assert!(outages >= 3, "{}", cleared.text);
    for place in 0..cleared.list("data") {
        assert_eq!(cleared.at(&format!("data.{place}.signed")), "true");
    }
    let checked = judged(&file, Some(&api));
    assert!(count(&checked, "unsigned") >= 3);
}

#[test]
fn without_any_unit_receipts_say_so_and_the_first_signature_clears_the_outage() {
    let folder = tempfile::tempdir().unwrap();
    let stand_in = StandIn::start();
    switch(&stand_in, "\"state\":\"up\"");
    let file = till_with_units(folder.path(), &service_table(folder.path(), &stand_in));
    let mut agent = Process::agent(&file);
    let api = Api::log_in(&agent.client);
    api.set_up();
    let mut seller = Seller { api: &api, sold: 0 };
    seller.suite();
    // Slower than the longest wait of the till.
    switch(&stand_in, "\"state\":\"slow\",\"ms\":2500");
    for _ in 0..3 {
        let sold = seller.sell();
        assert_eq!(sold.at("signed"), "false", "{}", sold.text);
        assert_eq!(sold.at("hints.0"), OUTAGE);
    }
    assert_eq!(api.get(&unit()).at("state"), "OUTAGE");
    assert!(api.get(&unit()).body.get("time_outage").is_some());
    // A till whose service does not answer starts, and sells.
    switch(&stand_in, "\"state\":\"down\"");
    agent.stop();
    let agent = Process::agent(&file);
    let api = Api {
        client: agent.client.clone(),
        token: api.token.clone(),
    };
    let mut seller = Seller {
        api: &api,
        sold: seller.sold,
    };
    let during = seller.sell();
    assert_eq!(during.at("signed"), "false");
    let before: u64 = during.at("receipt_number").parse().unwrap();
    switch(&stand_in, "\"state\":\"up\"");
    until("the service signs again", || {
        seller.sell().at("signed") == "true"
    });
    // The first signature is that of the fault clearance.
    let cleared = format!(
        "{}/receipt?receipt_types=SIGNATURE_CREATION_UNIT_FAULT_CLEARANCE",
        register()
    );
    let cleared = api.get(&cleared);
    assert_eq!(count(&cleared.body, "count"), 1);
    let number: u64 = cleared.at("data.0.receipt_number").parse().unwrap();
    assert!(number > before);
    let signed = |number| {
        api.get(&format!("{}/receipt/{number}", register()))
            .at("signed")
    };
    assert_eq!(
        [signed(number - 1), signed(number), signed(number + 1)],
        ["false", "true", "true"]
    );
    // The start receipt, those of the caller and the fault clearance: no receipt over zero was made in vain.
    let all = api.get(&format!("{}/receipt?limit=1", register()));
    assert_eq!(count(&all.body, "count"), u64::from(seller.sold) + 2);
    assert_eq!(api.get(&unit()).at("state"), "INITIALIZED");
    judged(&file, Some(&api));
}

#[test]
fn a_unit_that_does_not_fit_its_configuration_stops_the_start_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let (stand_in, other) = (StandIn::start(), StandIn::start());
    switch(&stand_in, "\"state\":\"up\"");
    let right = service_table(folder.path(), &stand_in);
    let without = |key: &str| {
        let lines = right.lines().filter(|line| !line.starts_with(key));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let files = folder.path();
    fs::write(files.join("other.der"), other.certificate()).unwrap();
    fs::write(files.join("no.der"), "no certificate").unwrap();
    secret(files, "other.token", "another-secret");
    let url = format!("{}/signature-service", stand_in.url());
    for (units, words) in [
        (without("url"), "signature_unit[0].url: is missing"),
        (
            without("certificate_file"),
            "signature_unit[0].certificate_file: is missing",
        ),
        (
            right.replace(&url, "http://sign.example"),
            "signature_unit[0].url: is \"http://sign.example\"",
        ),
        (
            right.replace(&url, "sign"),
            "signature_unit[0].url: is \"sign\"",
        ),
        (
            right.replace("service.der", "no.der"),
            "the bytes are no X.509 certificate",
        ),
        (
            right.replace("service.der", "missing.der"),
            "missing.der cannot be read",
        ),
        (
            right.replace("R1-AT100", "R1-AT101"),
            "cannot have on a TEST till",
        ),
        (
            right.replace("service.token", "other.token"),
            "it refuses the secret of the till",
        ),
        (
            right.replace("service.der", "other.der"),
            "its certificate of the key \"kasse-1\" is another one",
        ),
        (
            right.replace("\"kasse-1\"", "\"kasse-2\""),
            "it has no key \"kasse-2\"",
        ),
        #[cfg(not(feature = "pkcs11"))]
        (
            "\n[[signature_unit]]\nkind = \"pkcs11\"\nid = \"a\"\nsuite = \"R1-AT1\"\n".to_owned(),
            "was built without it",
        ),
    ] {
        let file = till_with_units(files, &units);
        let output = program()
            .args(["run", "--config", file.to_str().unwrap()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}
