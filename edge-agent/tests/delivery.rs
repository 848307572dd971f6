//! Receipts that are sent to buyers: kept by a TEST till, sent over SMTP and over a gateway, tried again, given up.

mod shop;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use ferrotill_testkit::config::{ConfigText, KEY, SECRET, text};
use ferrotill_testkit::health_page::check_says;
use shop::Client;
use shop::inside::Shop;
use shop::outside::until;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";

fn sale(id: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}",{more}"items":[{{"name":"Pâine","price":8.10,"quantity":1,"taxGroupCode":"B"}}],"payments":[{{"typeCode":0,"amount":10}}]}}"#
    )
}

const BY_MAIL: &str = r#""sendToEmail":true,"emailAddress":"maria@shop.example","#;
const BY_BOTH: &str = r#""sendToEmail":true,"emailAddress":"maria@shop.example","sendToPhone":true,"phoneNumber":"+37379000001","#;

/// The deliveries to the buyer of a document, each as its recipient and its state.
fn states(client: &Client, id: &str) -> Vec<(String, String)> {
    let shown = client.open(&format!("/operations/{id}"));
    let count = shown.list("deliveries");
    let all = (0..count).map(|at| {
        let at = |member: &str| shown.at(&format!("deliveries.{at}.{member}"));
        (at("recipient"), at("state"))
    });
    all.filter(|(recipient, _)| recipient != "authority")
        .collect()
}

fn state(recipient: &str, state: &str) -> (String, String) {
    (recipient.to_owned(), state.to_owned())
}

fn until_state(client: &Client, id: &str, expected: &[(String, String)]) {
    until(&format!("{expected:?}"), || states(client, id) == expected);
}

/// Waits until health lists a problem, and compares what it says with the page.
fn until_listed(client: &Client, id: &str) {
    let says = || {
        let health = client.open("/healthz");
        (0..health.list("problems"))
            .find(|place| health.at(&format!("problems.{place}.id")) == id)
            .map(|place| health.at(&format!("problems.{place}.says")))
    };
    until(id, || says().is_some());
    check_says(id, &says().unwrap());
}

fn until_over(client: &Client, id: &str) {
    until("the problem is over", || {
        !client.open("/healthz").text.contains(id)
    });
}

#[test]
fn a_test_till_keeps_what_it_would_have_sent() {
    let shop = Shop::open();
    let sold = shop.client.post("operations/sale", &sale(ID, BY_BOTH));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_state(
        &shop.client,
        ID,
        &[state("mail", "sent"), state("sms", "sent")],
    );
    let mails = shop.client.open("/sim/mail");
    assert_eq!(mails.at("0.to"), "maria@shop.example");
    assert!(
        mails.at("0.subject").starts_with("Test SRL: "),
        "{}",
        mails.text
    );
    for (name, words) in [("text", "Pâine"), ("html", "<html lang=\"ro\"")] {
        assert!(
            mails.at(&format!("0.{name}")).contains(words),
            "{}",
            mails.text
        );
    }
    assert!(
        mails.at("0.pdf_bytes").parse::<usize>().unwrap() > 1_000,
        "{}",
        mails.text
    );
    let messages = shop.client.open("/sim/sms");
    assert_eq!(messages.at("0.to"), "+37379000001");
    assert!(
        messages.at("0.text").contains("8.10 MDL"),
        "{}",
        messages.text
    );
    let shown = shop.client.open(&format!("/operations/{ID}"));
    assert!(
        shown.text.contains("m***@shop.example") && shown.text.contains("***01"),
        "{}",
        shown.text
    );
    assert!(!shown.text.contains("maria@"), "{}", shown.text);
    // The same request again sends nothing, and a sale that is not to be sent sends nothing either.
    assert!(
        shop.client
            .post("operations/sale", &sale(ID, BY_BOTH))
            .replayed
    );
    let quiet = r#""sendToEmail":false,"emailAddress":"maria@shop.example","#;
    let other = ID.replace("0001", "0002");
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(&other, quiet))
            .status,
        200
    );
    assert_eq!(states(&shop.client, &other), []);
    // A copy is sent again.
    let id = sold.receipt("id");
    let copy = r#"{"printOnServer":false,"sendToEmail":true,"emailAddress":"ion@shop.example"}"#;
    let copied = shop.client.post(&format!("receipts/{id}/duplicate"), copy);
    assert_eq!(copied.status, 200, "{}", copied.text);
    until("the copy is sent", || {
        shop.client
            .open("/sim/mail")
            .text
            .contains("ion@shop.example")
    });
    let mails = shop.client.open("/sim/mail");
    assert!(mails.at("1.text").contains("COPIE"), "{}", mails.text);
}

#[test]
fn a_sale_that_is_not_registered_sends_nothing() {
    let shop = Shop::open();
    shop.rig.set_paper(ferrotill_device::printer::Paper::Out);
    let fiscal = format!(r#""receiptMode":"FiscalReceiptOnly",{BY_MAIL}"#);
    let refused = shop.client.post("operations/sale", &sale(ID, &fiscal));
    assert_eq!(refused.verdict().1, "not_registered", "{}", refused.text);
    shop.rig.set_paper(ferrotill_device::printer::Paper::Ok);
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(ID, &fiscal))
            .status,
        200
    );
    until_state(&shop.client, ID, &[state("mail", "sent")]);
    let mails = shop.client.open("/sim/mail");
    assert_eq!(mails.text.matches("\"to\"").count(), 1, "{}", mails.text);
}

/// What a mail server that plays a script says after the greeting: for each line of the caller the answer of its command.
struct ScriptedServer {
    port: u16,
    mails: Receiver<String>,
}

impl ScriptedServer {
    /// A server without TLS on this machine; `rcpt` gives the answer to each RCPT in turn.
    fn start(rcpt: &'static [&'static str]) -> Self {
        Self::with_hello("250 mail.example", rcpt)
    }

    /// The same server with another answer to EHLO. Each mail begins with the line `MAIL`.
    fn with_hello(hello: &'static str, rcpt: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, mails) = channel();
        thread::spawn(move || {
            let mut answers = rcpt.iter();
            for stream in listener.incoming() {
                if let Some(mail) = converse(stream.unwrap(), hello, &mut answers) {
                    let _ = taken.send(mail);
                }
            }
        });
        Self { port, mails }
    }

    fn configured(&self, config: ConfigText) -> ConfigText {
        config
            .set("mail", "host", text("127.0.0.1"))
            .set("mail", "port", self.port)
            .set("mail", "from", text("Shop <receipts@shop.example>"))
    }
}

/// One connection: the mail, if one was taken.
fn converse(
    stream: TcpStream,
    hello: &str,
    rcpt: &mut std::slice::Iter<'_, &str>,
) -> Option<String> {
    let mut to = stream.try_clone().unwrap();
    let mut say = |line: &str| to.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    say("220 mail.example");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let (mut taken, mut sender) = (None, String::new());
    while let Some(line) = lines.next() {
        let command = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_uppercase();
        match command.as_str() {
            "EHLO" => say(hello),
            "MAIL" => {
                sender = line;
                say("250 ok");
            }
            "RCPT" => say(rcpt.next().copied().unwrap_or("250 ok")),
            "DATA" => {
                say("354 go on");
                let body: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                taken = Some(format!("{sender}\n{}", body.join("\n")));
                say("250 taken");
            }
            "QUIT" => {
                say("221 bye");
                return taken;
            }
            _ => say("250 ok"),
        }
    }
    taken
}

#[test]
fn a_receipt_is_sent_again_after_a_temporary_refusal() {
    let server = ScriptedServer::start(&["451 try again later", "250 ok"]);
    let shop = Shop::open_with(|config| server.configured(config));
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(ID, BY_MAIL))
            .status,
        200
    );
    let mail = server.mails.recv().unwrap();
    assert!(!mail.contains("<svg"), "mail programs drop SVG: {mail}");
    for words in [
        "To: maria@shop.example",
        "From: Shop <receipts@shop.example>",
        "Subject: ",
        "multipart/related",
        "text/html",
        "application/pdf",
        "Message-ID: <",
    ] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    until_state(&shop.client, ID, &[state("mail", "sent")]);
    let shown = shop.client.open(&format!("/operations/{ID}"));
    assert!(shown.text.contains("\"attempts\":2"), "{}", shown.text);
}

#[test]
fn a_receipt_that_the_server_refuses_for_ever_is_given_up_and_health_says_so() {
    let server = ScriptedServer::start(&["550 <maria@shop.example>: no such mailbox"]);
    let shop = Shop::open_with(|config| server.configured(config));
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(ID, BY_MAIL))
            .status,
        200
    );
    until_state(&shop.client, ID, &[state("mail", "failed")]);
    let shown = shop.client.open(&format!("/operations/{ID}"));
    assert!(shown.text.contains("no such mailbox"), "{}", shown.text);
    assert!(!shown.text.contains("maria"), "{}", shown.text);
    until_listed(&shop.client, "mail_failed");
    // The next one that is sent ends the problem.
    let other = ID.replace("0001", "0002");
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(&other, BY_MAIL))
            .status,
        200
    );
    until_state(&shop.client, &other, &[state("mail", "sent")]);
    until_over(&shop.client, "mail_failed");
}

#[test]
fn a_mail_server_that_is_away_holds_up_no_sale_and_the_receipt_waits_over_a_restart() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = tempfile::tempdir().unwrap();
    let file = outside(folder.path(), port);
    let agent = shop::outside::Process::agent(&file);
    let alternative = format!(r#""receiptMode":"AlternativeReceiptOnly",{BY_MAIL}"#);
    let sold = agent
        .client
        .post("operations/sale", &sale(ID, &alternative));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_listed(&agent.client, "mail_away");
    assert_eq!(states(&agent.client, ID), [state("mail", "waiting")]);
    drop(agent);
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (taken, mails) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            if let Some(mail) = converse(stream.unwrap(), "250 mail.example", &mut [].iter()) {
                let _ = taken.send(mail);
            }
        }
    });
    let agent = shop::outside::Process::agent(&file);
    assert!(mails.recv().unwrap().contains("maria@shop.example"));
    until_state(&agent.client, ID, &[state("mail", "sent")]);
    // What was sent is not sent again by the next start, and its contact is no longer in the files.
    drop(agent);
    let agent = shop::outside::Process::agent(&file);
    assert_eq!(states(&agent.client, ID), [state("mail", "sent")]);
    assert!(mails.try_recv().is_err());
}

#[test]
fn a_message_goes_to_the_gateway_with_its_secret() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let (taken, calls) = channel();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")
                    .map(|text| text.parse().unwrap())
            });
            let mut body = vec![0; length.unwrap_or(0)];
            std::io::Read::read_exact(&mut reader, &mut body).unwrap();
            let status = if number == 0 {
                "429 Too Many Requests"
            } else {
                "202 Accepted"
            };
            stream
                .write_all(
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        .as_bytes(),
                )
                .unwrap();
            taken
                .send((head, String::from_utf8(body).unwrap()))
                .unwrap();
        }
    });
    let shop = Shop::open_with(|config| {
        config
            .set("sms", "url", text(&url))
            .set("sms", "header", text("X-Gateway-Key"))
            .set("sms", "secret", text("gateway-secret"))
    });
    let by_phone = r#""sendToPhone":true,"phoneNumber":"+37379000001","#;
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(ID, by_phone))
            .status,
        200
    );
    for _ in 0..2 {
        let (head, body) = calls.recv().unwrap();
        assert!(
            head.to_lowercase()
                .contains("x-gateway-key: gateway-secret"),
            "{head}"
        );
        assert!(
            body.contains(r#""to":"+37379000001""#) && body.contains("8.10 MDL"),
            "{body}"
        );
    }
    until_state(&shop.client, ID, &[state("sms", "sent")]);
}

/// A gateway that answers each call with the next of these statuses, and then with 200.
fn gateway(statuses: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut statuses = statuses.iter();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let head = head.to_lowercase();
            let length = |line: &str| line.strip_prefix("content-length: ")?.parse().ok();
            let length: usize = head.lines().find_map(length).unwrap_or(0);
            std::io::Read::read_exact(&mut reader, &mut vec![0; length]).unwrap();
            let status = statuses.next().unwrap_or(&"200 OK");
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn a_gateway_that_does_not_accept_the_till_and_one_that_refuses_a_message() {
    let url = gateway(&["401 Unauthorized", "422 Unprocessable"]);
    let shop = Shop::open_with(|config| config.set("sms", "url", text(&url)));
    let by_phone = r#""sendToPhone":true,"phoneNumber":"+37379000001","#;
    let sold = shop.client.post("operations/sale", &sale(ID, by_phone));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_listed(&shop.client, "sms_away");
    until_state(&shop.client, ID, &[state("sms", "failed")]);
    until_listed(&shop.client, "sms_failed");
    until_over(&shop.client, "sms_away");
    let other = ID.replace("0001", "0002");
    let sold = shop.client.post("operations/sale", &sale(&other, by_phone));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_state(&shop.client, &other, &[state("sms", "sent")]);
    until_over(&shop.client, "sms_failed");
}

/// The configuration of an agent without a printer and without an authority, whose mail goes to a port of this machine.
fn outside(folder: &std::path::Path, port: u16) -> std::path::PathBuf {
    let data = folder.join("books");
    let config = shop::config(&data, "datecs+tcp://127.0.0.1:1", "http://127.0.0.1:1")
        .set("mail", "host", text("127.0.0.1"))
        .set("mail", "port", port)
        .set("mail", "from", text("receipts@shop.example"));
    let file = folder.join("ferrotill.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    file
}

#[test]
fn a_power_cut_before_the_answer_of_the_server_sends_one_mail_twice_under_one_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = outside(folder.path(), listener.local_addr().unwrap().port());
    let agent = shop::outside::Process::agent(&file);
    let alternative = format!(r#""receiptMode":"AlternativeReceiptOnly",{BY_MAIL}"#);
    let sold = agent
        .client
        .post("operations/sale", &sale(ID, &alternative));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let (first, silent) = take_mail(listener.accept().unwrap().0);
    drop(agent);
    drop(silent);
    let agent = shop::outside::Process::agent(&file);
    let (second, mut answers) = take_mail(listener.accept().unwrap().0);
    answers.write_all(b"250 taken\r\n").unwrap();
    until_state(&agent.client, ID, &[state("mail", "sent")]);
    let name = |mail: &str| {
        let name = mail.lines().find(|line| line.starts_with("Message-ID: "));
        name.unwrap().to_owned()
    };
    assert_eq!(name(&first), name(&second));
}

/// Takes one mail up to its last byte, and leaves the answer to the test.
fn take_mail(stream: TcpStream) -> (String, TcpStream) {
    let mut to = stream.try_clone().unwrap();
    to.write_all(b"220 mail.example\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    while let Some(line) = lines.next() {
        let is_data = line.eq_ignore_ascii_case("DATA");
        let answer: &[u8] = if is_data {
            b"354 go on\r\n"
        } else {
            b"250 ok\r\n"
        };
        to.write_all(answer).unwrap();
        if is_data {
            let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
            return (mail.join("\n"), to);
        }
    }
    panic!("the till has sent no mail");
}

#[test]
fn a_mail_server_that_stays_silent_holds_up_no_sale_and_not_the_end_of_the_agent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = outside(folder.path(), listener.local_addr().unwrap().port());
    let mut agent = shop::outside::Process::agent(&file);
    let alternative = format!(r#""receiptMode":"AlternativeReceiptOnly",{BY_MAIL}"#);
    let sell = |id: &str| {
        let sold = agent
            .client
            .post("operations/sale", &sale(id, &alternative));
        assert_eq!(sold.status, 200, "{}", sold.text);
        assert_eq!(states(&agent.client, id), [state("mail", "waiting")]);
    };
    sell(ID);
    let silent = listener.accept().unwrap().0;
    sell(&ID.replace("0001", "0002"));
    let health = agent.client.open("/healthz");
    assert_eq!(health.status, 200, "{}", health.text);
    // The till waits for the server, and ends at once all the same.
    agent.stop();
    drop(silent);
    let agent = shop::outside::Process::agent(&file);
    assert_eq!(states(&agent.client, ID), [state("mail", "waiting")]);
}

#[test]
fn a_server_that_closes_with_421_gets_the_mail_later() {
    let server = ScriptedServer::start(&["421 closing for maintenance"]);
    let shop = Shop::open_with(|config| server.configured(config));
    let sold = shop.client.post("operations/sale", &sale(ID, BY_MAIL));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_listed(&shop.client, "mail_away");
    assert!(server.mails.recv().unwrap().contains("maria@shop.example"));
    until_state(&shop.client, ID, &[state("mail", "sent")]);
    until_over(&shop.client, "mail_away");
}

#[test]
fn an_address_beyond_ascii_is_sent_where_the_server_takes_it_and_fails_where_not() {
    let to = r#""sendToEmail":true,"emailAddress":"mария@shop.example","#;
    let plain = ScriptedServer::start(&[]);
    let shop = Shop::open_with(|config| plain.configured(config));
    let sold = shop.client.post("operations/sale", &sale(ID, to));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_state(&shop.client, ID, &[state("mail", "failed")]);
    let shown = shop.client.open(&format!("/operations/{ID}"));
    assert!(
        shown
            .text
            .contains("takes no address with letters beyond ASCII"),
        "{}",
        shown.text
    );
    until_listed(&shop.client, "mail_failed");

    let able = ScriptedServer::with_hello("250-mail.example\r\n250 SMTPUTF8", &[]);
    let shop = Shop::open_with(|config| able.configured(config));
    let sold = shop.client.post("operations/sale", &sale(ID, to));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let mail = able.mails.recv().unwrap();
    assert!(mail.lines().next().unwrap().contains("SMTPUTF8"), "{mail}");
    // RFC 6532: such an address stands in the head as UTF-8, and is not encoded.
    assert!(mail.contains("To: mария@shop.example"), "{mail}");
    until_state(&shop.client, ID, &[state("mail", "sent")]);
}

#[test]
fn a_live_till_without_mail_sells_and_says_that_nothing_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let for_its_owner = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&secret, for_its_owner).unwrap();
    let data = folder.path().join("books");
    let config = shop::config(&data, "datecs+tcp://127.0.0.1:1", "http://127.0.0.1:1")
        .set("till", "mode", text("LIVE"))
        .set("upstream", "environment", text("LIVE"))
        .client_with_file(KEY, &secret);
    let file = folder.path().join("ferrotill.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    let agent = shop::outside::Process::agent(&file);
    let alternative = format!(r#""receiptMode":"AlternativeReceiptOnly",{BY_MAIL}"#);
    let sold = agent
        .client
        .post("operations/sale", &sale(ID, &alternative));
    assert_eq!(sold.status, 200, "{}", sold.text);
    until_state(&agent.client, ID, &[state("mail", "failed")]);
    let shown = agent.client.open(&format!("/operations/{ID}"));
    assert!(shown.text.contains("[mail]"), "{}", shown.text);
    until_listed(&agent.client, "mail_failed");
}
