//! A till with the SIGN AT API, a caller of it, and the judge of its protocol.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::{ConfigText, Device, text};

use super::shop::outside::finished;
use super::shop::{Client, DEVICE, POINT_OF_SALE, Reply, count};

pub(super) const UNIT: &str = "1a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
pub(super) const REGISTER: &str = "2b0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0002";
pub(super) const ROOT: &str = "/sign-at/api/v1";

/// A till without a printer, whose client may use the API.
fn config(folder: &Path) -> ConfigText {
    let device = Device::new(DEVICE, "Kasse 1", "none")
        .tax_group("A", "20.00")
        .payment_names("Bar", "Karte")
        .set("registration_number", text("KASSE-1"))
        .point_of_sale(POINT_OF_SALE, "1");
    ConfigText::new("AT", folder.join("books"))
        .owner("Gasthaus Muster", "ATU12345678")
        .device(device)
}

/// The text of the table of a unit in software.
pub(super) fn unit_table(folder: &Path, id: &str, suite: &str) -> String {
    let key = folder.join("unit.key").display().to_string();
    format!(
        "\n[[signature_unit]]\nkind = \"software\"\nid = {id:?}\nsuite = {suite:?}\nkey_file = {key:?}\n"
    )
}

const APIS: &str = "[\"fiscalcloud\", \"sign_at\"]";

pub(super) fn till(folder: &Path) -> PathBuf {
    let file = folder.join("ferrotill.toml");
    let unit = unit_table(folder, "unit-1", "R1-AT9");
    let config = config(folder).set_client("apis", APIS);
    fs::write(&file, format!("{config}{unit}")).unwrap();
    file
}

/// A till with these tables of signature units.
pub(super) fn till_with_units(folder: &Path, units: &str) -> PathBuf {
    let file = folder.join("ferrotill.toml");
    let config = config(folder).set_client("apis", APIS);
    fs::write(&file, format!("{config}{units}")).unwrap();
    file
}

/// A till whose FinanzOnline is at this address, and whose configuration names no user.
pub(super) fn till_with_finanz_online(folder: &Path, services: &str) -> PathBuf {
    let file = till(folder);
    let text = fs::read_to_string(&file).unwrap();
    let table = format!(
        "[finanzonline]\nurl = \"{services}/fonws/ws\"\nmanufacturer_id = \"ATU12345678\"\n"
    );
    fs::write(&file, format!("{text}{table}")).unwrap();
    file
}

/// A secret in a file of its own.
pub(super) fn secret(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// A LIVE till that listens on all addresses. Its client has the secret `signing` for calls and `password` for tokens.
pub(super) fn live_till(folder: &Path) -> PathBuf {
    let signing = secret(folder, "api.secret", "signing");
    let password = secret(folder, "api.token-secret", "password");
    let pin = secret(folder, "unit.pin", "a-long-pin-of-the-unit");
    let config = config(folder)
        .client_with_file("pos", &signing)
        .set_client("apis", APIS)
        .set_client("token_secret_file", text(password.display().to_string()))
        .set("till", "mode", text("LIVE"))
        .set("api", "listen", text("0.0.0.0:0"));
    let unit = unit_table(folder, "U:ATU12345678-K1", "R1-AT0");
    let file = folder.join("ferrotill.toml");
    let pin = pin.display();
    let text = format!("{config}{unit}pin_file = \"{pin}\"\nclosed_system = \"1234\"\n");
    fs::write(&file, text).unwrap();
    let (code, said) = finished(&["rksv", "key", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    file
}

/// A caller of the API.
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) token: String,
}

impl Api {
    pub(super) fn log_in(client: &Client) -> Self {
        let said = auth(client, &credentials(client.key, client.secret));
        assert_eq!(said.status, 200, "{}", said.text);
        Self {
            token: said.at("access_token"),
            client: client.clone(),
        }
    }

    pub(super) fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = vec![("Authorization", format!("Bearer {}", self.token))];
        let path = format!("{ROOT}{path}");
        self.client.unsigned(method, &path, body, &headers)
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        let reply = self.call("GET", path, "");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply
    }

    pub(super) fn put(&self, path: &str, body: &str) -> Reply {
        let reply = self.call("PUT", path, body);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply
    }

    /// Changes the state of a resource, and compares the answer with it.
    pub(super) fn become_(&self, path: &str, state: &str) -> Reply {
        let reply = self.call("PATCH", path, &format!(r#"{{"state":"{state}"}}"#));
        assert_eq!(reply.status, 200, "{path} {state}: {}", reply.text);
        assert_eq!(reply.at("state"), state);
        reply
    }

    /// Sets up unit and register until the register signs.
    pub(super) fn set_up(&self) {
        self.set_up_with(UNIT_BODY);
    }

    /// Sets up a unit of this body, and the register until it signs.
    pub(super) fn set_up_with(&self, body: &str) {
        self.put("/fon/auth", USER);
        self.put(&unit(), body);
        self.become_(&unit(), "INITIALIZED");
        self.put(&register(), r#"{"description":"Bar"}"#);
        self.become_(&register(), "REGISTERED");
        self.become_(&register(), "INITIALIZED");
    }
}

pub(super) const USER: &str =
    r#"{"fon_participant_id":"123456789","fon_user_id":"kasse1","fon_user_pin":"geheim12"}"#;

pub(super) const UNIT_BODY: &str =
    r#"{"legal_entity_id":{"vat_id":"ATU12345678"},"legal_entity_name":"Gasthaus Muster"}"#;

pub(super) fn unit() -> String {
    format!("/signature-creation-unit/{UNIT}")
}

pub(super) fn register() -> String {
    format!("/cash-register/{REGISTER}")
}

pub(super) fn receipt(number: u32) -> String {
    format!(
        "{}/receipt/3c0b9f0e-4a4e-4a53-9a3b-{number:012x}",
        register()
    )
}

pub(super) fn credentials(key: &str, secret: &str) -> String {
    format!(r#"{{"api_key":"{key}","api_secret":"{secret}"}}"#)
}

pub(super) fn auth(client: &Client, body: &str) -> Reply {
    client.unsigned("POST", &format!("{ROOT}/auth"), body, &Vec::new())
}

/// The code of a refusal with a status, whose members are all there.
pub(super) fn refused(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(count(&reply.body, "status_code"), u64::from(status));
    let reason = ureq::http::StatusCode::from_u16(status).unwrap();
    assert_eq!(reply.at("error"), reason.canonical_reason().unwrap());
    assert!(reply.at("message").len() > 5, "{}", reply.text);
    reply.at("code")
}

/// A receipt with an amount of a rate.
pub(super) fn standard(kind: &str, rate: &str, amount: &str) -> String {
    format!(
        r#"{{"receipt_type":"{kind}","schema":{{"standard_v1":{{"amounts_per_vat_rate":[{{"vat_rate":"{rate}","amount":"{amount}"}}],"amounts_per_payment_type":[{{"payment_type":"CASH","amount":"{amount}","currency_code":"EUR"}}]}}}}}}"#
    )
}

/// Exports the protocol of the register and checks it.
pub(super) fn judged(file: &Path, api: Option<&Api>) -> JsonValue {
    let folder = file.parent().unwrap();
    let (dep, keys) = (folder.join("dep.json"), folder.join("keys.json"));
    let (dep, keys) = (dep.to_str().unwrap(), keys.to_str().unwrap());
    let config = file.to_str().unwrap();
    let export = [
        "rksv",
        "export",
        "--out",
        dep,
        "--crypto",
        keys,
        "--register",
        REGISTER,
        "--config",
        config,
    ];
    let (code, said) = finished(&export);
    assert_eq!(code, Some(0), "{said}");
    if let Some(api) = api {
        let exported = api.get(&format!("{}/export", register())).text;
        assert_eq!(
            exported.trim_end(),
            fs::read_to_string(dep).unwrap().trim_end()
        );
    }
    let (code, checked) = finished(&["rksv", "verify", dep, "--crypto", keys]);
    assert_eq!(code, Some(0), "{checked}");
    let (code, books) = finished(&["verify", "--config", config]);
    assert_eq!(code, Some(0), "{books}");
    checked
}
