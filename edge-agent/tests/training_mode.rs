//! A printer in its service or training mode, in which nothing that it prints is fiscal: a till in test mode uses it and objects, and a
//! till in live mode does not.

mod shop;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ferrotill_device::emulator::Rig;
use ferrotill_device::family::datecs_mx;
use ferrotill_device::wire::framing::{Request, TERMINATOR};
use ferrotill_testkit::config::{ConfigText, text};
use shop::forms::{FormShop, FormTill};
use shop::till::SALE;
use shop::{KEY, SECRET};

/// The modes of an MX printer beside the usual one: service and training.
const MODES: [u32; 2] = [2, 3];
/// The command that sets the mode.
const MODE: u8 = 0x95;

/// Another host sets the mode.
fn set_mode(rig: &Rig, mode: u32) {
    let request = Request {
        seq: 0x20,
        command: MODE,
        data: format!("{mode}\t").into_bytes(),
    };
    let mut line = TcpStream::connect(rig.address().unwrap()).unwrap();
    let frame = request.emit(&datecs_mx::PROTOCOL.framing).unwrap();
    line.write_all(&frame).unwrap();
    let mut end = [0];
    while end != [TERMINATOR] {
        line.read_exact(&mut end).unwrap();
    }
}

fn tills(folder: &Path) -> Vec<FormTill> {
    let tills = MODES.map(|mode| {
        let till = FormTill::new(&datecs_mx::PROTOCOL, folder, |rig| rig, None);
        set_mode(&till.rig, mode);
        till
    });
    tills.into()
}

#[test]
fn a_till_in_test_mode_sells_and_objects() {
    let folder = tempfile::tempdir().unwrap();
    let shop = FormShop::open(folder.path(), tills(folder.path()), |_, till| {
        till.section()
    });
    shop.at_every_till(|_, _, client| {
        let sold = client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
    });
    let health = shop.agent.client.open("/healthz").text;
    let objections = health.matches("service or training mode").count();
    assert!(objections >= MODES.len(), "{health}");
}

#[test]
fn a_till_in_live_mode_prints_nothing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let live = |config: ConfigText| {
        config
            .client_with_file(KEY, &secret)
            .set("till", "mode", text("LIVE"))
            .set("upstream", "environment", text("LIVE"))
    };
    let mut shop = FormShop::open_with(
        folder.path(),
        tills(folder.path()),
        |_, till| till.section().set("answer_timeout_ms", 3_000),
        live,
    );
    shop.at_every_till(|_, till, client| {
        let sold = client.post("operations/sale", SALE);
        assert_ne!(sold.status, 200, "{}", sold.text);
        let printed = till.rig.snapshot(true);
        assert_eq!(
            (printed.last_document, printed.fiscal_receipts.len()),
            (0, 0)
        );
    });
    let health = shop.agent.client.open("/healthz").text;
    let reasons = health.matches("service or training mode").count();
    assert!(reasons >= MODES.len(), "{health}");
    // Back in the usual mode it sells. A printer has one line, so that the other host needs it without the agent.
    shop.agent.kill();
    for till in &shop.tills {
        set_mode(&till.rig, 0);
    }
    shop.restart();
    shop.at_every_till(|_, till, client| {
        let sold = client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        assert_eq!(till.rig.snapshot(true).fiscal_receipts.len(), 1);
    });
}
