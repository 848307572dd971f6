//! TLS to callers: one port for TLS and for HTTP of this machine, certificates that are replaced while the till runs, and wrong ones.

mod shop;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ferrotill_testkit::config::{ConfigText, text};
use ferrotill_testkit::health_page::check_says;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use shop::Client;
use shop::outside::{Process, program, until};
use tempfile::TempDir;

/// A certificate for 127.0.0.1 that is valid until this year, and its key, in the files `till.certificate.pem` and `till.key.pem`.
fn write_pair(folder: &Path, until: i32) -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let certificate = params.self_signed(&key).unwrap().pem();
    write_secret(&folder.join("till.key.pem"), &key.serialize_pem());
    fs::write(folder.join("till.certificate.pem"), &certificate).unwrap();
    certificate
}

fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The text of the configuration of a till with an address where no printer is: alternative receipts need none.
fn config(folder: &Path) -> ConfigText {
    shop::config(
        &folder.join("books"),
        "datecs+tcp://127.0.0.1:1",
        "http://127.0.0.1:1",
    )
}

fn with_files(folder: &Path) -> ConfigText {
    let path = |name| text(folder.join(name).display().to_string());
    config(folder)
        .set("api", "tls_certificate", path("till.certificate.pem"))
        .set("api", "tls_key", path("till.key.pem"))
}

fn start(folder: &TempDir, config: &ConfigText) -> Process {
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, config.to_string()).unwrap();
    Process::agent(&file)
}

/// A client over TLS that trusts only this certificate.
fn over_tls(process: &Process, certificate: &str) -> Client {
    Client::trusting(
        process.client.url.replacen("http:", "https:", 1),
        certificate,
    )
}

fn address_of(process: &Process) -> SocketAddr {
    process
        .client
        .url
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap()
}

/// Waits until health lists a problem, compares what it says with the page, and returns it.
fn until_listed(client: &Client, id: &str) -> String {
    until(id, || problems(client).contains(id));
    let health = client.open("/healthz");
    let says = (0..health.list("problems"))
        .find(|place| health.at(&format!("problems.{place}.id")) == id)
        .map(|place| health.at(&format!("problems.{place}.says")));
    let says = says.unwrap();
    check_says(id, &says);
    says
}

fn problems(client: &Client) -> String {
    let health = client.open("/healthz");
    shop::value(&health.body, "problems").to_string()
}

const ALTERNATIVE: &str = r#"{"receiptMode":"AlternativeReceiptOnly","items":[{"name":"Bread","price":8.10,"quantity":1,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":8.10}]}"#;

#[test]
fn a_caller_sells_over_tls_and_this_machine_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_pair(folder.path(), 2100);
    let process = start(&folder, &with_files(folder.path()));
    assert!(process.ready.get("tls_url").is_some());
    let secure = over_tls(&process, &certificate);
    for client in [&secure, &process.client] {
        let sold = client.post("operations/sale", ALTERNATIVE);
        assert_eq!(
            (sold.status, sold.state.as_deref()),
            (200, Some("registered")),
            "{}",
            sold.text
        );
    }
    assert_eq!(secure.get("alternativereceipts").at("data.totalCount"), "2");
    assert!(
        !problems(&secure).contains("certificate"),
        "{}",
        problems(&secure)
    );
    // A caller that knows another certificate sends nothing.
    let other = tempfile::tempdir().unwrap();
    let stranger = over_tls(&process, &write_pair(other.path(), 2100));
    assert!(stranger.try_open("/healthz").is_err());
}

#[test]
fn the_certificate_is_replaced_while_the_till_runs_and_a_wrong_one_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_pair(folder.path(), 2100);
    let process = start(&folder, &with_files(folder.path()));
    assert_eq!(over_tls(&process, &first).open("/healthz").status, 200);
    // The key of another certificate: the first pair stays in use.
    let key = fs::read_to_string(folder.path().join("till.key.pem")).unwrap();
    write_secret(
        &folder.path().join("till.key.pem"),
        &KeyPair::generate().unwrap().serialize_pem(),
    );
    let says = until_listed(&process.client, "certificate_unusable");
    assert!(says.contains("is not the key of the certificate"), "{says}");
    assert_eq!(over_tls(&process, &first).open("/healthz").status, 200);
    write_secret(&folder.path().join("till.key.pem"), &key);
    until("the pair is right again", || {
        !problems(&process.client).contains("certificate_unusable")
    });
    let second = write_pair(folder.path(), 2100);
    until("callers get the second certificate", || {
        over_tls(&process, &second).try_open("/healthz").is_ok()
    });
    assert!(over_tls(&process, &first).try_open("/healthz").is_err());
}

#[test]
fn a_certificate_that_has_ended_is_told_and_the_till_sells() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), 2001);
    let process = start(&folder, &with_files(folder.path()));
    let says = until_listed(&process.client, "certificate_ends");
    assert!(says.contains("has ended at 2001-01-01T00:00:00"), "{says}");
    let sold = process.client.post("operations/sale", ALTERNATIVE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    write_pair(folder.path(), 2100);
    until("the certificate is valid", || {
        !problems(&process.client).contains("certificate_ends")
    });
}

#[test]
fn the_till_makes_a_certificate_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path()).set("api", "tls_make_certificate", true);
    let process = start(&folder, &config);
    let file = folder.path().join("books/callers.certificate.pem");
    let made = fs::read_to_string(&file).unwrap();
    let secure = over_tls(&process, &made);
    let sold = secure.post("operations/sale", ALTERNATIVE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    drop(process);
    let process = start(&folder, &config);
    assert_eq!(over_tls(&process, &made).open("/healthz").status, 200);
    assert_eq!(fs::read_to_string(&file).unwrap(), made);
    let mode = fs::metadata(folder.path().join("books/callers.key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!problems(&process.client).contains("folder_not_private"));
}

/// Connections that do not end their handshake, or send something else, hold up nobody.
#[test]
fn unfinished_handshakes_hold_up_no_caller() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_pair(folder.path(), 2100);
    let process = start(&folder, &with_files(folder.path()));
    let address = address_of(&process);
    let mut open: Vec<TcpStream> = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(address).unwrap();
        match number % 3 {
            0 => {}
            1 => stream.write_all(&[22, 3, 1, 1, 0, 1]).unwrap(),
            _ => stream
                .write_all(&[22, 3, 3, 255, 255, 9, 9, 9, 9, 9, 9])
                .unwrap(),
        }
        open.push(stream);
    }
    let sold = over_tls(&process, &certificate).post("operations/sale", ALTERNATIVE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    // The till ends each of them by itself.
    for mut stream in open {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let waits = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!waits, "a connection is still open");
    }
}

/// Old versions of the protocol are not spoken, and the new ones are.
#[test]
fn tls_1_2_and_1_3_are_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_pair(folder.path(), 2100);
    let process = start(&folder, &with_files(folder.path()));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap())
            .unwrap();
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(
            connection,
            TcpStream::connect(address_of(&process)).unwrap(),
        );
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        // The till says that it closes, so the answer is known to be complete.
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.ends_with("ok\n"), "{answer}");
    }
}

#[test]
fn a_wrong_pair_is_refused_with_its_place_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    let check = |config: ConfigText| {
        fs::write(&file, config.to_string()).unwrap();
        let output = program()
            .args(["run", "--config"])
            .arg(&file)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, says) = check(with_files(folder.path()));
    assert_eq!(code, Some(3), "{says}");
    assert!(says.contains("api.tls_certificate: "), "{says}");
    assert!(says.contains("cannot be read"), "{says}");

    write_pair(folder.path(), 2100);
    write_secret(
        &folder.path().join("till.key.pem"),
        &KeyPair::generate().unwrap().serialize_pem(),
    );
    let (code, says) = check(with_files(folder.path()));
    assert_eq!(code, Some(3), "{says}");
    assert!(says.contains("api.tls_key: "), "{says}");
    assert!(
        says.contains("is not the key of the certificate in"),
        "{says}"
    );
    assert!(
        says.contains("name the certificate and the key that were made together"),
        "{says}"
    );

    fs::write(folder.path().join("till.certificate.pem"), "nothing").unwrap();
    let (code, says) = check(with_files(folder.path()));
    assert_eq!(code, Some(3), "{says}");
    assert!(says.contains("holds no certificate"), "{says}");

    let (code, says) = check(config(folder.path()).set("api", "tls_names", r#"["till.example"]"#));
    assert_eq!(code, Some(3), "{says}");
    assert!(
        says.contains("api.tls_names: is written, and no certificate is"),
        "{says}"
    );
    let both = with_files(folder.path()).set("api", "tls_make_certificate", true);
    assert!(
        check(both)
            .1
            .contains("is written beside tls_make_certificate")
    );
}
