//! The billing of FiscalBox, against a strict stand-in: login, counts, a token in a file with mode 0600, and its renewal.

mod shop;

use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::thread;

use ferrotill_testkit::config::text;
use shop::module_till::{ModuleReply, ModuleSealer, ModuleTill};
use shop::outside::finished;

const USER: &str = "do'kon";
const PASSWORD: &str = "parol-17";
const COUNT: &str = "api/v1/orders/count/?start_date=2026-11-01T00:00:00&end_date=2026-11-30T23:59:59&inn=123456789";

/// A billing that takes only what its documents show.
#[derive(Clone, Default)]
struct Billing {
    /// The number of the valid token; another login gives the next one.
    token: Arc<Mutex<u32>>,
    /// What was asked: method and path.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Billing {
    fn token(&self) -> String {
        format!("{:040x}", *self.token.lock().unwrap())
    }

    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let billing = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (status, body) =
                    billing.answer(&mut BufReader::new(stream.try_clone().unwrap()));
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        url
    }

    fn answer(&self, stream: &mut impl std::io::BufRead) -> (u16, String) {
        let (mut head, mut line) = (Vec::new(), String::new());
        while stream.read_line(&mut line).unwrap() > 2 {
            head.push(line.trim_end().to_owned());
            line.clear();
        }
        let header = |name: &str| {
            let mut headers = head.iter().filter_map(|line| line.split_once(": "));
            let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_owned())
        };
        let length = header("Content-Length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let first = head[0].replace(" HTTP/1.1", "");
        self.asked.lock().unwrap().push(first.clone());
        if first == "POST /api/v1/login/" {
            assert_eq!(header("Content-Type").as_deref(), Some("application/json"));
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            if body != serde_json::json!({ "username": USER, "password": PASSWORD }) {
                let text = r#"{"non_field_errors":["Unable to login with provided credentials."]}"#;
                return (400, text.to_owned());
            }
            *self.token.lock().unwrap() += 1;
            return (200, format!(r#"{{"token":"{}"}}"#, self.token()));
        }
        assert!(first.starts_with("GET /api/v1/orders/count/?"), "{first}");
        let (_, query) = first.split_once('?').unwrap();
        let query = query.replace("%3A", ":");
        assert_eq!(
            query,
            "start_date=2026-11-01T00:00:00&end_date=2026-11-30T23:59:59&inn=123456789"
        );
        if header("Authorization") != Some(format!("Token {}", self.token())) {
            return (401, r#"{"detail":"Invalid token."}"#.to_owned());
        }
        let body = r#"{"status":"successfully","filters":{"inn":"123456789"},"data":{"total_orders":17,"total_amount":1234.5}}"#;
        (200, body.to_owned())
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn till(url: &str, password: &str) -> ModuleTill {
    ModuleTill::sealed_by(ModuleSealer::Software, "applet-4", move |config| {
        config
            .set("fiscalbox.billing", "url", text(url))
            .set("fiscalbox.billing", "user", text(USER))
            .set("fiscalbox.billing", "password", text(password))
    })
}

fn orders(told: &ModuleReply) -> String {
    assert_eq!(told.status, 200, "{}", told.body);
    told.path("data.total_orders")
}

#[test]
fn counts_are_asked_with_a_token_that_is_kept_renewed_and_rotated() {
    let billing = Billing::default();
    let till = till(&billing.start(), PASSWORD);
    assert_eq!(orders(&till.get(COUNT)), "17");
    assert_eq!(billing.asked(), 2, "a login and a count");
    assert_eq!(orders(&till.get(COUNT)), "17");
    assert_eq!(billing.asked(), 3, "the token is kept");
    let file = till.folder.path().join("books").join("billing.token");
    let read = || std::fs::read_to_string(&file).unwrap();
    assert_eq!(read(), billing.token());
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // The billing has taken the token back: it is renewed once, and the caller does not notice.
    *billing.token.lock().unwrap() += 1;
    assert_eq!(orders(&till.get(COUNT)), "17");
    assert_eq!(read(), billing.token());
    // A person has it renewed, and the running till uses the new one.
    let before = read();
    let config = till.config.display().to_string();
    let (code, told) = finished(&["fiscalbox", "billing", "rotate", "--config", &config]);
    assert_eq!(code, Some(0), "{told}");
    assert_ne!(read(), before);
    let asked = billing.asked();
    assert_eq!(orders(&till.get(COUNT)), "17");
    assert_eq!(billing.asked(), asked + 1);
    // A caller's own login is passed on, and the till's token stays.
    let own = format!(r#"{{"username":"{USER}","password":"other"}}"#);
    let refused = till.post("api/v1/login/", &own);
    assert_eq!(refused.status, 400);
    assert!(refused.body.to_string().contains("Unable to login"));
}

#[test]
fn every_fault_of_the_billing_is_named_and_nothing_is_sent_before_there_is_none() {
    let billing = Billing::default();
    let url = billing.start();
    let told = till(&url, "wrong").get(COUNT);
    assert_eq!((told.status, told.code().as_str()), (200, "105"));
    assert!(told.body.to_string().contains("refuses user or password"));
    let till = till(&url, PASSWORD);
    let asked = billing.asked();
    let told = till.get("api/v1/orders/count?start_date=yesterday&inn=");
    assert_eq!(told.code(), "104");
    for name in ["start_date", "end_date", "inn"] {
        assert!(told.body.to_string().contains(name), "{}", told.body);
    }
    assert_eq!(till.post("api/v1/login", "{}").code(), "104");
    assert_eq!(billing.asked(), asked);
    assert_eq!(ModuleTill::open().get(COUNT).code(), "105");
    // Port 9 of this machine has no server.
    let told = self::till("http://127.0.0.1:9", PASSWORD).get(COUNT);
    assert_eq!(told.code(), "105");
    assert!(
        told.body.to_string().contains("cannot be reached"),
        "{}",
        told.body
    );
}
