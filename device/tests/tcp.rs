//! The same frames over TCP: the emulated printer on a TCP port, as with a network card.
#![cfg(feature = "emulator")]

mod bench;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use bench::*;
use ferrotill_device::emulator::{Cable, Rig, RigOptions};
use ferrotill_device::port::loopback::Peer as _;
use ferrotill_device::{DriverUri, Fault, driver};

/// Serves one connection until the host closes it, or until `frames` writes were received.
fn serve(bench: &Bench, mut line: TcpStream, frames: usize) {
    line.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut buffer = [0; 512];
    for _ in 0..frames {
        let count = line.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            return;
        }
        let answer = bench.line.with(|emulator| {
            emulator.handle_bytes(&buffer[..count], 0);
            let mut bytes = Vec::new();
            while let Some(more) = emulator.poll_transmit(u64::MAX) {
                bytes.extend(more);
            }
            bytes
        });
        line.write_all(&answer).unwrap();
    }
}

#[test]
fn a_printer_behind_tcp_is_lost_and_found_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (done, finished) = mpsc::channel();
    let printer = std::thread::spawn(move || {
        let bench = Bench::new();
        // The first connection ends in the middle of the second sale.
        for frames in [32, usize::MAX] {
            let (line, _) = listener.accept().unwrap();
            serve(&bench, line, frames);
        }
        done.send(bench.fiscal_receipts()).unwrap();
    });
    let uri = DriverUri::parse(&format!("datecs+tcp://{address}")).unwrap();
    let mut driver = driver::open(&uri);
    let baseline = driver.connect().unwrap().baseline;
    let first = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    let second = registered(driver.perform(&sale(), &first.after, &mut Notes::new()));
    assert_eq!(second.document, 2);
    drop(driver);
    printer.join().unwrap();
    assert_eq!(finished.recv().unwrap(), 2);
    let refused = driver::open(&uri).connect();
    assert_eq!(refused, Err(Fault::ConnectionRefused));
}

#[test]
fn an_emulated_printer_on_tcp_sells_before_and_after_its_cable_was_out() {
    let rig = Rig::start(RigOptions {
        tcp: Some("127.0.0.1:0".parse().unwrap()),
        ..RigOptions::new(std::path::PathBuf::new())
    })
    .unwrap();
    let address = rig.address().unwrap();
    let uri = DriverUri::parse(&format!("datecs+tcp://{address}")).unwrap();
    let mut driver = driver::open(&uri);
    let baseline = driver.connect().unwrap().baseline;
    let first = registered(driver.perform(&sale(), &baseline, &mut Notes::new()));
    rig.set_cable(Cable::Out);
    while driver.connect() != Err(Fault::ConnectionRefused) {}
    rig.set_cable(Cable::In);
    while driver.connect().is_err() {}
    let second = registered(driver.perform(&sale(), &first.after, &mut Notes::new()));
    assert_eq!(second.document, 2);
    // Another host after the first one.
    drop(driver);
    let mut next = driver::open(&uri);
    let connected = next.connect().unwrap();
    assert_eq!(connected.baseline.last_document, 2);
}
