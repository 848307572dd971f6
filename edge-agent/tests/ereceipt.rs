//! The eReceipt API as an integrator meets it who has only its page: card numbers, names of environments, members and headers of every
//! answer, paths of faults, guesses, and what a lost answer needs.

mod shop;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use ferrotill_testkit::config::ConfigText;
use shop::inside::Shop;
use shop::till::{SALE, Till};
use shop::{Client, Reply};

const ROOT: &str = "/ereceipt/api/v1";
const ID: &str = "1c81cb86-c2e8-4074-afc3-a0601b2bf063";
const UNKNOWN: &str = "1c81cb86-c2e8-4074-afc3-a0601b2bf099";
const CARD: &str = "4111111111111111";
const HIDDEN: &str = "411111******1111";

/// A caller with a token, and the shop that it calls.
struct Caller {
    client: Client,
    token: String,
    _shop: Option<Shop>,
}

impl Caller {
    fn open() -> Self {
        let shop = Shop::open_with(with_api);
        let caller = Self::log_in(&shop.client);
        Self {
            _shop: Some(shop),
            ..caller
        }
    }

    fn log_in(client: &Client) -> Self {
        let Client { key, secret, .. } = client;
        let body = format!(r#"{{"api_key":"{key}","api_secret":"{secret}"}}"#);
        let tokens = client.unsigned("POST", &format!("{ROOT}/auth"), &body, &Vec::new());
        assert_eq!(tokens.status, 200, "{}", tokens.text);
        Self {
            client: client.clone(),
            token: tokens.at("access_token"),
            _shop: None,
        }
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = vec![("Authorization", format!("Bearer {}", self.token))];
        let path = format!("{ROOT}{path}");
        self.client.unsigned(method, &path, body, &headers)
    }

    fn done(&self, method: &str, path: &str, body: &str) -> Reply {
        let reply = self.call(method, path, body);
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
        reply
    }

    /// The message of a refusal.
    fn refused(&self, (status, code): (u16, &str), method: &str, path: &str, body: &str) -> String {
        let reply = self.call(method, path, body);
        let found = (reply.status, reply.at("code"));
        assert_eq!(found, (status, code.to_owned()), "{}", reply.text);
        reply.at("message")
    }

    /// The status line and the headers in small letters, and the body of an answer to a call without a token.
    fn raw(&self, method: &str, path: &str, body: &str) -> (String, String) {
        self.raw_with("", method, path, body)
    }

    /// [`Self::raw`] with more lines in the head.
    fn raw_with(&self, more: &str, method: &str, path: &str, body: &str) -> (String, String) {
        let host = self.client.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }

    /// The path of the page of a receipt.
    fn page(&self, receipt: &Reply) -> String {
        let link = receipt.at("public_link.href");
        let path = link.split_once("/r/").unwrap().1;
        format!("/r/{path}")
    }
}

fn with_api(config: ConfigText) -> ConfigText {
    config.set_client("apis", r#"["ereceipt"]"#)
}

/// A receipt with a payment and with more members of `data` and of `ekabs_v0`.
fn receipt(payment: &str, data: &str, more: &str) -> String {
    format!(
        r#"{{"schema":{{"ekabs_v0":{{"head":{{"number":"1"}},"data":{{"currency":"EUR","full_amount_incl_vat":"11.90",
        "payment_types":[{{"name":"CARD","amount":"11.90"{payment}}}],"vat_amounts":[],"lines":[]{data}}}{more}}}}}}}"#
    )
}

fn path() -> String {
    format!("/receipt/{ID}")
}

fn hospitality() -> String {
    format!("/public/test/receipt/{ID}/hospitality")
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let start = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&start))
}

#[test]
fn no_whole_card_number_is_kept_or_shown() {
    let caller = Caller::open();
    let payment = format!(
        r#","payment_identifier":"{CARD}","masked_card_number":"{HIDDEN}","transaction_details":{{"id":"{CARD}"}}"#
    );
    let more = format!(r#","misc":{{"footer_text":"Karte {CARD}"}},"x":{{"card":{CARD}}}"#);
    let body = receipt(&payment, "", &more);
    let made = caller.done("PUT", &path(), &body);
    for reply in [
        &made,
        &caller.done("PUT", &path(), &body),
        &caller.done("GET", &path(), ""),
        &caller.done("GET", &format!("/public/test/receipt/{ID}"), ""),
    ] {
        assert!(!reply.text.contains(CARD), "{}", reply.text);
        let identifier = "schema.ekabs_v0.data.payment_types.0.payment_identifier";
        assert_eq!(reply.at(identifier), HIDDEN);
        assert_eq!(reply.at("schema.ekabs_v0.x.card"), HIDDEN);
    }
    let (head, page) = caller.raw("GET", &caller.page(&made), "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(!page.contains(CARD) && page.contains(HIDDEN), "{page}");
    let other = body.replace("Karte", "Card");
    let code = (409, "E_RESOURCE_ALREADY_EXISTS");
    caller.refused(code, "PUT", &path(), &other);

    let invalid = (400, "E_REQUEST_INVALID");
    let place = "data.payment_types[0]";
    for (member, at) in [
        (
            format!(r#","masked_card_number":"{CARD}""#),
            "masked_card_number",
        ),
        (
            r#","masked_card_number":"4111111111111*11""#.to_owned(),
            "masked_card_number",
        ),
        (
            format!(r#","transaction_details":{{"masked_card_number":"{CARD}"}}"#),
            "transaction_details.masked_card_number",
        ),
    ] {
        let unknown = format!("/receipt/{UNKNOWN}");
        let message = caller.refused(invalid, "PUT", &unknown, &receipt(&member, "", ""));
        assert!(message.contains(&format!("{place}.{at}")), "{message}");
        let cash = receipt(&member, "", "").replace("\"CARD\"", "\"CASH\"");
        let refused = caller.call("PUT", &unknown, &cash);
        assert_eq!(refused.status, 400, "{}", refused.text);
    }
    let code = format!(
        r#","custom_elements":[{{"content":{{"type":"QR_CODE","data":"{CARD}"}},"orientation":"AFTER","position":"LINES"}}]"#
    );
    let message = caller.refused(
        invalid,
        "PUT",
        &format!("/receipt/{UNKNOWN}"),
        &receipt("", "", &code),
    );
    assert!(
        message.contains("custom_elements[0].content.data"),
        "{message}"
    );

    let meal = format!(r#"{{"schema":{{"occasion":"Karte {CARD}"}}}}"#);
    let written = caller.done("PUT", &hospitality(), &meal);
    assert_eq!(written.at("schema.occasion"), format!("Karte {HIDDEN}"));
}

#[test]
fn a_card_number_that_an_older_program_stored_is_not_shown() {
    let till = Till::open_with(with_api);
    let caller = Caller::log_in(till.client());
    let body = receipt(&format!(r#","payment_identifier":"{CARD}""#), "", "");
    let made = caller.done("PUT", &path(), &body);
    let stored = till.raw().execute(
        "UPDATE uploaded_receipt SET body = replace(body, ?1, ?2), fingerprint = zeroblob(32)",
        [HIDDEN, CARD],
    );
    assert_eq!(stored, Ok(1));
    assert_eq!(caller.done("PUT", &path(), &body).text, made.text);
    let read = caller.done("GET", &path(), "");
    let (_, page) = caller.raw("GET", &caller.page(&made), "");
    for text in [read.text, page] {
        assert!(text.contains(HIDDEN) && !text.contains(CARD), "{text}");
    }
    let other = body.replace("11.90", "12.90");
    caller.refused((409, "E_RESOURCE_ALREADY_EXISTS"), "PUT", &path(), &other);
}

#[test]
fn the_environment_of_a_path_is_written_as_claims_write_it_too() {
    let caller = Caller::open();
    caller.done("PUT", &path(), &receipt("", "", ""));
    for environment in ["test", "TEST", "Test"] {
        let read = caller.done("GET", &format!("/public/{environment}/receipt/{ID}"), "");
        assert_eq!(read.at("_env"), "TEST");
    }
    let missing = (404, "E_RECEIPT_NOT_FOUND");
    caller.refused(missing, "GET", &format!("/public/LIVE/receipt/{ID}"), "");
    let invalid = (400, "E_REQUEST_INVALID");
    caller.refused(invalid, "GET", &format!("/public/prod/receipt/{ID}"), "");
}

#[test]
fn every_answer_has_the_members_of_a_resource_and_both_names_of_the_request() {
    let caller = Caller::open();
    caller.done("PUT", &path(), &receipt("", "", ""));
    caller.done("PUT", &hospitality(), r#"{"schema":{}}"#);
    for (path, kind) in [
        (hospitality(), "HOSPITALITY"),
        ("/configuration/dictionary".to_owned(), "DICTIONARY"),
    ] {
        let read = caller.done("GET", &path, "");
        let found = ["_env", "_type", "_version"].map(|name| read.at(name));
        assert_eq!(found, ["TEST", kind, "1.0.0"], "{path}");
    }
    let large = receipt("", "", &format!(r#","x":"{}""#, "x".repeat(300 * 1024)));
    let wrong_host = format!("{ROOT}/receipt");
    for (method, path, body, status) in [
        ("PUT", format!("{ROOT}/receipt/{ID}"), large.as_str(), "413"),
        ("GET", format!("{ROOT}/receipt"), "", "401"),
        ("GET", format!("{ROOT}/nothing"), "", "404"),
        ("DELETE", wrong_host, "", "405"),
        ("GET", format!("{ROOT}{}", hospitality()), "", "200"),
    ] {
        let (head, body) = caller.raw(method, &path, body);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        let id = header(&head, "x-request-id").unwrap();
        assert_eq!(header(&head, "request-id"), Some(id), "{head}");
        let uploads = (method == "PUT").then_some("unknown");
        assert_eq!(header(&head, "x-fiscal-state"), uploads, "{head}");
        assert_eq!(body.contains("\"status_code\""), status != "200", "{body}");
    }
}

#[test]
fn every_answer_to_an_upload_has_the_state_and_the_id_of_the_receipt() {
    let caller = Caller::open();
    let told = |body: &str, status: u16, state: &str, replayed: bool| {
        let reply = caller.call("PUT", &path(), body);
        let found = (reply.status, reply.state.as_deref(), reply.replayed);
        assert_eq!(found, (status, Some(state), replayed), "{}", reply.text);
        assert_eq!(reply.operation.as_deref(), Some(ID), "{}", reply.text);
    };
    told("{}", 400, "not_registered", false);
    told("{", 400, "not_registered", false);
    let body = receipt("", "", "");
    told(&body, 200, "registered", false);
    told(&body, 200, "registered", true);
    told(&body.replace("11.90", "12.90"), 409, "registered", false);
    told("{}", 400, "registered", false);
    let path = format!("{ROOT}/receipt/{ID}");
    for (more, status) in [("", "401"), ("Sec-Fetch-Site: cross-site\r\n", "403")] {
        let (head, _) = caller.raw_with(more, "PUT", &path, "{}");
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert_eq!(header(&head, "x-fiscal-state"), Some("unknown"), "{head}");
        assert_eq!(header(&head, "x-operation-id"), Some(ID), "{head}");
    }
    let unnamed = caller.call("PUT", "/receipt/1", &body);
    assert_eq!(unnamed.state.as_deref(), Some("unknown"));
    assert_eq!((unnamed.status, unnamed.operation), (400, None));
}

#[test]
fn the_id_of_an_uploaded_receipt_belongs_to_no_sale() {
    let shop =
        Shop::open_with(|config| config.set_client("apis", r#"["fiscalcloud", "ereceipt"]"#));
    let caller = Caller::log_in(&shop.client);
    let sale = |id: &str| {
        let body = SALE.replacen('{', &format!("{{\"id\":\"{id}\","), 1);
        shop.client.post("operations/sale", &body)
    };
    assert_eq!(sale(UNKNOWN).status, 200);
    let uploaded = caller.done("PUT", &path(), &receipt("", "", ""));
    let clash = (422, "registered", "RequestIdClash".to_owned());
    assert_eq!(sale(ID).verdict(), clash);
    assert_eq!(shop.receipts().len(), 1);
    assert_eq!(
        caller.done("GET", &path(), "").at("public_link.href"),
        uploaded.at("public_link.href")
    );
    let taken = caller.call("PUT", &format!("/receipt/{UNKNOWN}"), &receipt("", "", ""));
    let found = (taken.status, taken.state.as_deref());
    assert_eq!(found, (409, Some("registered")), "{}", taken.text);
    assert!(
        taken.at("message").contains("another API"),
        "{}",
        taken.text
    );
}

#[test]
fn a_login_names_all_that_it_lacks() {
    let caller = Caller::open();
    let headers = Vec::new();
    let reply = caller
        .client
        .unsigned("POST", &format!("{ROOT}/auth"), "{}", &headers);
    let message = reply.at("message");
    for name in ["api_key", "api_secret"] {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn what_is_above_a_limit_is_named_with_its_path() {
    let caller = Caller::open();
    let line = r#"{"item":{"quantity":"1.00","price_per_unit":"1.00"}}"#;
    let lines = vec![line; 1_025].join(",");
    let many = receipt("", "", "").replace(r#""lines":[]"#, &format!(r#""lines":[{lines}]"#));
    let invalid = (400, "E_REQUEST_INVALID");
    let message = caller.refused(invalid, "PUT", &path(), &many);
    assert_eq!(
        message,
        "body.schema.ekabs_v0.data.lines: should NOT have more than 1024 items"
    );
    let long = "x".repeat(4_001);
    let message = caller.refused(
        invalid,
        "PUT",
        &path(),
        &receipt("", "", &format!(r#","zz":[{{"y":"{long}"}}]"#)),
    );
    assert_eq!(
        message,
        "body.schema.ekabs_v0.zz[0].y: should NOT be longer than 4000 characters"
    );
    let message = caller.refused(invalid, "PUT", &path(), "{");
    assert!(message.starts_with("body: is not JSON: "), "{message}");
    let placed = r#"[{"orientation":"UNDER","position":"LINES"}]"#;
    let message = caller.refused(invalid, "PUT", "/configuration/custom-section", placed);
    assert!(message.contains("body[0].orientation: "), "{message}");
    caller.refused((404, "E_RECEIPT_NOT_FOUND"), "GET", &path(), "");
}

#[test]
fn guesses_are_refused_and_receipts_that_exist_are_not() {
    let caller = Caller::open();
    let made = caller.done("PUT", &path(), &receipt("", "", ""));
    let guess = |number: u32| {
        let path = format!("{ROOT}/public/test/receipt/1c81cb86-c2e8-4074-afc3-{number:012x}");
        caller.raw("GET", &path, "").0
    };
    for number in 0..60 {
        let head = guess(number);
        assert!(head.starts_with("http/1.1 404"), "{head}");
    }
    let page = format!("/r/{}", "A".repeat(22));
    let image = format!("/r/i/{}", "A".repeat(22));
    for head in [
        guess(61),
        caller.raw("GET", &page, "").0,
        caller.raw("GET", &image, "").0,
    ] {
        assert!(head.starts_with("http/1.1 429"), "{head}");
        let wait: u32 = header(&head, "retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{head}");
    }
    let (head, _) = caller.raw("GET", &caller.page(&made), "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    caller.done("GET", &format!("/public/test/receipt/{ID}"), "");
    caller.done("PUT", &hospitality(), r#"{"schema":{"tip":"1.00"}}"#);
}

#[test]
fn a_lost_answer_about_a_meal_is_given_again() {
    let caller = Caller::open();
    caller.done("PUT", &path(), &receipt("", "", ""));
    let put = |body: &str| caller.call("PUT", &hospitality(), body);
    let of_tip = |cents: u32| format!(r#"{{"schema":{{"tip":"1.{cents:02}"}}}}"#);
    for cents in 0..20 {
        let first = caller.done("PUT", &hospitality(), &of_tip(cents));
        let again = caller.done("PUT", &hospitality(), &of_tip(cents));
        assert_eq!(first.text, again.text);
    }
    let full = put(&of_tip(20));
    assert_eq!(full.status, 409, "{}", full.text);
    assert!(
        full.at("message").contains("changed 20 times"),
        "{}",
        full.text
    );

    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now_s = now_s.as_secs();
    let finalised =
        |time: u64| of_tip(20).replacen('{', &format!(r#"{{"finalized_at":{time},"#), 1);
    let invalid = (400, "E_REQUEST_INVALID");
    let early = finalised(now_s.saturating_add(86_400));
    let message = caller.refused(invalid, "PUT", &hospitality(), &early);
    assert_eq!(message, "body.finalized_at: should NOT be in the future");
    let below = r#"{"schema":{"tip":"-2.00"}}"#;
    let message = caller.refused(invalid, "PUT", &hospitality(), below);
    assert!(message.contains("body.schema.tip"), "{message}");

    let done = caller.done("PUT", &hospitality(), &finalised(now_s));
    assert_eq!(done.at("finalized_at"), now_s.to_string());
    assert_eq!(done.at("schema.tip"), "1.20");
    let again = caller.done("PUT", &hospitality(), &finalised(now_s));
    assert_eq!(again.text, done.text);
    let conflict = (409, "E_CONFLICT");
    for other in [of_tip(20), of_tip(21), finalised(now_s.saturating_sub(1))] {
        caller.refused(conflict, "PUT", &hospitality(), &other);
    }
    assert_eq!(caller.done("GET", &hospitality(), "").text, done.text);
}

#[test]
fn a_custom_section_is_checked_as_a_whole() {
    let caller = Caller::open();
    let path = format!("/custom-section/{ID}");
    let section = |more: &str| {
        format!(r#"{{"custom_type":"TEXT","custom_content":{{"data":"Thank you"}}{more}}}"#)
    };
    let list = vec!["1"; 1_025].join(",");
    let faulty = section(&format!(
        r#","position":"x","orientation":3,"sort_order":"first","valid_from":-1,"valid_until":1.5,"more":[{list}]"#
    ));
    let invalid = (400, "E_REQUEST_INVALID");
    let message = caller.refused(invalid, "PUT", &path, &faulty);
    assert_eq!(message, "body.more: should NOT have more than 1024 items");
    let faulty = faulty.replace(&list, "");
    let message = caller.refused(invalid, "PUT", &path, &faulty);
    for name in [
        "position",
        "orientation",
        "sort_order",
        "valid_from",
        "valid_until",
    ] {
        assert!(message.contains(&format!("body.{name}: ")), "{message}");
    }
    caller.refused((404, "E_RESOURCE_NOT_FOUND"), "GET", &path, "");
    let kept =
        section(r#","position":"HEAD","orientation":"AFTER","sort_order":-1,"valid_from":0"#);
    let made = caller.done("PUT", &path, &kept);
    assert_eq!(made.at("position"), "HEAD");
}

#[test]
fn the_receipt_and_the_placement_of_the_page_are_taken() {
    const PAGE: &str = include_str!("../../docs/api/ereceipt.md");
    let examples: Vec<&str> = PAGE
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let [body, placement] = examples[..] else {
        panic!("{examples:?}")
    };
    let caller = Caller::open();
    let made = caller.done("PUT", &path(), body);
    let (head, page) = caller.raw("GET", &caller.page(&made), "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for shown in [
        "21.02",
        "Mia",
        "411111******1111",
        "Opening hours",
        "Thank you",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let id = placement.split('"').nth(3).unwrap();
    let section = r#"{"custom_type":"TEXT","custom_content":{"data":"Thanks"}}"#;
    caller.done("PUT", &format!("/custom-section/{id}"), section);
    caller.done("PUT", "/configuration/custom-section", placement);
}

#[test]
fn head_is_answered_as_get_without_a_body() {
    let caller = Caller::open();
    let made = caller.done("PUT", &path(), &receipt("", "", ""));
    caller.done("PUT", "/configuration/language", r#"{"language":"de"}"#);
    let page = caller.page(&made);
    let missing = format!("/r/{}", "A".repeat(22));
    let public = format!("{ROOT}/public/test/receipt/{ID}");
    for (path, status) in [
        (page.clone(), "200"),
        (format!("{page}/pdf"), "200"),
        (format!("{page}/png"), "200"),
        (public.clone(), "200"),
        (format!("{public}/hospitality"), "404"),
        (format!("{ROOT}/receipt"), "401"),
        (format!("{ROOT}/auth"), "405"),
        (missing, "404"),
        (format!("{page}/hospitality"), "405"),
        ("/healthz".to_owned(), "200"),
        ("/docs".to_owned(), "200"),
    ] {
        let (got, body) = caller.raw("GET", &path, "");
        let (asked, none) = caller.raw("HEAD", &path, "");
        assert!(
            got.starts_with(&format!("http/1.1 {status}")),
            "{path}: {got}"
        );
        assert!(
            asked.starts_with(&format!("http/1.1 {status}")),
            "{path}: {asked}"
        );
        assert_eq!(none, "", "{path}");
        assert!(!body.is_empty() || status == "405", "{path}");
        for name in ["content-type", "content-security-policy"] {
            assert_eq!(header(&asked, name), header(&got, name), "{path}");
        }
        // The answer names the method, a PDF its time, and the state of the till changes.
        if status != "405" && !path.ends_with("/pdf") && path != "/healthz" {
            let length = header(&asked, "content-length");
            assert_eq!(length, header(&got, "content-length"), "{path}");
        }
    }
    let token = format!("Authorization: Bearer {}\r\n", caller.token);
    for path in [path(), "/configuration".to_owned(), "/receipt".to_owned()] {
        let path = format!("{ROOT}{path}");
        let (asked, none) = caller.raw_with(&token, "HEAD", &path, "");
        assert!(asked.starts_with("http/1.1 200"), "{path}: {asked}");
        assert_eq!(none, "", "{path}");
        let (got, _) = caller.raw_with(&token, "GET", &path, "");
        let length = header(&asked, "content-length");
        assert_eq!(length, header(&got, "content-length"), "{path}");
    }
}
