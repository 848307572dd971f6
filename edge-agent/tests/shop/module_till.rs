//! A till with a fiscal module, through the FiscalBox API.

use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_store::FILE_NAME;
use ferrotill_testkit::config::{ConfigText, Device};
use uuid::Uuid;

use super::outside::{Process, finished};
use super::{DEVICE, POINT_OF_SALE};

/// A till with the module in software.
pub struct ModuleTill {
    pub process: Process,
    pub config: PathBuf,
    pub agent: ureq::Agent,
    pub folder: tempfile::TempDir,
    /// The emulated device; `None` if the module is in software on the till.
    pub device: Option<Process>,
}

/// What seals the documents of a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleSealer {
    /// The module in software on the till.
    Software,
    /// An emulated device over HTTP.
    Device,
}

/// An answer of the API.
#[derive(Debug)]
pub struct ModuleReply {
    pub status: u16,
    pub state: Option<String>,
    /// The value of the header `X-Operation-Id`.
    pub operation: Option<String>,
    pub replayed: bool,
    pub body: JsonValue,
}

/// The value at a path such as `data.receipts`.
pub fn at<'n>(node: &'n JsonValue, path: &str) -> Option<&'n JsonValue> {
    path.split('.').try_fold(node, |node, name| node.get(name))
}

/// A value as text.
pub fn scalar(node: &JsonValue) -> String {
    match node {
        JsonValue::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

pub fn shown(node: &JsonValue, path: &str) -> String {
    scalar(at(node, path).unwrap())
}

impl ModuleReply {
    pub fn path(&self, path: &str) -> String {
        let value = at(&self.body, path);
        value.map_or_else(|| format!("no {path} in {}", self.body), scalar)
    }

    pub fn code(&self) -> String {
        let wrapped = at(&self.body, "result.error");
        match self.body.get("error").or(wrapped) {
            Some(JsonValue::Null) => "0".to_owned(),
            _ => self.path("error.code"),
        }
    }

    pub fn state(&self) -> &str {
        self.state.as_deref().unwrap_or("")
    }
}

impl ModuleTill {
    pub fn open() -> Self {
        Self::open_with(|config| config)
    }

    pub fn open_with(change: impl Fn(ConfigText) -> ConfigText) -> Self {
        Self::sealed_by(ModuleSealer::Software, "applet-3", change)
    }

    /// A till with a sealer and a generation of the module's program.
    pub fn sealed_by(
        sealer: ModuleSealer,
        firmware: &str,
        change: impl Fn(ConfigText) -> ConfigText,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("ferrotill.toml");
        let device = (sealer == ModuleSealer::Device).then(|| {
            let memory = folder.path().join("device.json").display().to_string();
            Process::start(&[
                "emulator",
                "--family",
                "fiscalbox",
                "--firmware",
                firmware,
                "--memory",
                &memory,
                "--listen",
                "127.0.0.1:0",
            ])
        });
        let uri = device.as_ref().map_or_else(
            || "module:software".to_owned(),
            |device| format!("fiscalbox+{}", device.client.url),
        );
        let written = change(configuration(folder.path(), &uri));
        fs::write(&config, written.to_string()).unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .new_agent();
        let till = Self {
            process: Process::agent(&config),
            config,
            agent,
            folder,
            device,
        };
        if sealer == ModuleSealer::Software {
            till.set_module(&format!(r#"{{"firmware":"{firmware}"}}"#));
        }
        till
    }

    /// The address of a switch of the module.
    pub fn switch(&self, path: &str) -> String {
        let device = self.device.as_ref();
        device.map_or_else(
            || self.url(path),
            |device| format!("{}{path}", device.client.url),
        )
    }

    /// Changes what the module is.
    pub fn set_module(&self, body: &str) {
        let told = self.told(self.agent.put(self.switch("/sim/module")).send(body));
        assert_eq!(told.status, 200, "{:?}", told.body);
    }

    /// Removes all troubles of the module that wait.
    pub fn without_trouble(&self) {
        let told = self.told(self.agent.delete(self.switch("/sim/module/faults")).call());
        assert_eq!(told.status, 200, "{:?}", told.body);
    }

    /// Kills the till, and starts it again.
    pub fn crash(&mut self) {
        self.process.kill();
        self.process = Process::agent(&self.config);
    }

    pub fn told(&self, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> ModuleReply {
        let mut response = sent.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        ModuleReply {
            status: response.status().as_u16(),
            state: header("X-Fiscal-State"),
            operation: header("X-Operation-Id"),
            replayed: header("Idempotent-Replayed").is_some(),
            body: JsonValue::parse(&response.body_mut().read_to_vec().unwrap()).unwrap(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.process.client.url)
    }

    pub fn get(&self, path: &str) -> ModuleReply {
        self.told(
            self.agent
                .get(self.url(&format!("/fiscalbox/{path}")))
                .call(),
        )
    }

    pub fn post(&self, path: &str, body: &str) -> ModuleReply {
        self.post_in("", path, body)
    }

    pub fn post_in(&self, language: &str, path: &str, body: &str) -> ModuleReply {
        let request = self.agent.post(self.url(&format!("/fiscalbox/{path}")));
        self.told(request.header("Accept-Language", language).send(body))
    }

    pub fn trouble(&self, body: &str) {
        let told = self.told(
            self.agent
                .post(self.switch("/sim/module/faults"))
                .send(body),
        );
        assert_eq!(told.status, 200, "{:?}", told.body);
    }

    pub fn module(&self) -> JsonValue {
        self.told(self.agent.get(self.switch("/sim/module")).call())
            .body
    }

    /// How many rows the journal has.
    pub fn rows(&self) -> i64 {
        let database = self.folder.path().join("books").join(FILE_NAME);
        let database = rusqlite::Connection::open(database).unwrap();
        database
            .query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
            .unwrap()
    }

    /// Kills the till as the system does, without a word.
    pub fn kill_now(&self) {
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.process.id()).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL).unwrap();
    }

    /// The receipts in the memory of the module.
    pub fn receipts(&self) -> usize {
        match self.module().get("receipts") {
            Some(JsonValue::Array(receipts)) => receipts.len(),
            other => panic!("{other:?}"),
        }
    }

    pub fn operation(&self, id: &str) -> JsonValue {
        self.process.client.look(&format!("/operations/{id}"))
    }

    /// The books agree with themselves and with the module.
    pub fn verify(&self) -> JsonValue {
        let config = self.config.display().to_string();
        let (code, verified) = finished(&["verify", "--config", &config]);
        assert_eq!(code, Some(0), "{verified}");
        verified
    }
}

pub fn configuration(folder: &Path, uri: &str) -> ConfigText {
    let device = Device::new(DEVICE, "Kassa 1", uri)
        .tax_group("A", "12.00")
        .tax_group("B", "0")
        .tax_group("C", "0")
        .payment_names("Naqd", "Karta")
        .point_of_sale(POINT_OF_SALE, "1");
    ConfigText::new("UZ", folder.join("books"))
        .owner("Do‘kon", "123456789")
        .device(device)
}

/// The time of the shop: Uzbekistan is five hours ahead of UTC and has no summer time.
pub fn now() -> String {
    let now = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(5);
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

pub fn query_time() -> String {
    format!("time={}", now().replace(' ', "%20"))
}

pub const PRODUCT: &str = r#"{"name":"Non","barcode":"4006381333931","amount":1000,"unit_name":"dona","price":500000,"product_price":500000,"vat":53571,"vat_percent":12,"discount":0,"other":0,"labels":[],"class_code":"01905001001000000","package_code":1282556,"owner_type":0,"comission_info":{"inn":"","pinfl":""},"units":1}"#;

/// A sale of one product, with these members more.
pub fn order(kind: &str, (cash, card): (u32, u32), products: &str, more: &str) -> String {
    format!(
        r#"{{"number":1,"receipt_type":"{kind}","products":[{products}],"time":"{}","cashier":"Aziza","received_cash":{cash},"change":0,"received_card":{card},"open_cashbox":true,"banners":[],"prices":[]{more}}}"#,
        now()
    )
}

pub fn sale(more: &str) -> String {
    order("order", (500_000, 0), PRODUCT, more)
}

pub fn with_id(id: Uuid) -> String {
    format!(r#","uuid":"{id}""#)
}

pub fn refund(link: &str, more: &str) -> String {
    let more = format!(r#","qr_code":"{link}"{more}"#);
    order("order", (500_000, 0), PRODUCT, &more)
}

/// Sells, and checks that the receipt is registered.
pub fn sold(till: &ModuleTill, body: &str) -> ModuleReply {
    let told = till.post("order/create/", body);
    assert_eq!(
        (told.status, told.code(), told.state()),
        (200, "0".to_owned(), "registered"),
        "{}",
        told.body
    );
    told
}
