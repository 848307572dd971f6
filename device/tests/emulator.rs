//! The emulated printer compared with its maker's manual: raw commands without our driver.
#![cfg(feature = "emulator")]

mod bench;

use std::path::PathBuf;
use std::sync::Arc;

use bench::*;
use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::emulator::{FaultKind, IslEmulator, Printer, Snapshot};
use ferrotill_device::family::datecs;
use ferrotill_device::port::loopback::Peer as _;
use ferrotill_device::wire::isl::{Answer, FRAMING, Flag, NAK, Request, SYN, Status};
use ferrotill_device::{FiscalPrinter as _, Paper};

/// A host that sends raw commands, each with a new number.
struct Host<'a> {
    printer: &'a mut Printer,
    seq: u8,
}

impl Host<'_> {
    fn send(&mut self, command: u8, data: &str) -> Answer {
        self.seq = if self.seq >= 0x7F { 0x20 } else { self.seq + 1 };
        self.repeat(command, data)
    }

    fn repeat(&mut self, command: u8, data: &str) -> Answer {
        let frame = self.printer.answer(&Request {
            seq: self.seq,
            command,
            data: data.as_bytes().to_vec(),
        });
        Answer::parse(&self.printer.family().framing, &frame).unwrap()
    }

    fn text(&mut self, command: u8, data: &str) -> String {
        String::from_utf8(self.send(command, data).data).unwrap()
    }

    /// Sends a command that must be accepted, without an error bit.
    fn ok(&mut self, command: u8, data: &str) -> Answer {
        let answer = self.send(command, data);
        assert!(
            !has(answer.status, Flag::GeneralError),
            "{command:02X} {data}: {answer:?}"
        );
        answer
    }

    /// Sends a command that must be refused with this status bit and this code of 20h.
    fn no(&mut self, command: u8, data: &str, flag: Flag, code: &str) {
        let answer = self.send(command, data);
        assert!(
            has(answer.status, flag) && has(answer.status, Flag::GeneralError),
            "{command:02X} {data}: {answer:?}"
        );
        let told = self.text(0x20, "");
        assert!(told.contains(code), "{command:02X} {data}: {told}");
    }
}

fn has(status: Status, flag: Flag) -> bool {
    datecs::PROTOCOL.status.has(status, flag)
}

fn rates() -> [Option<i64>; 8] {
    let mut rates = [None; 8];
    rates[0] = Some(2_000);
    rates[1] = Some(800);
    rates
}

fn printer() -> Printer {
    Printer::new(Memory::new(rates()), Arc::new(|| 1_795_221_330))
}

fn with_host(test: impl FnOnce(&mut Host<'_>)) {
    let mut printer = printer();
    test(&mut Host {
        printer: &mut printer,
        seq: 0x20,
    });
}

#[test]
fn the_idle_status_is_that_of_a_healthy_fiscalised_device() {
    with_host(|host| {
        let answer = host.ok(0x4A, "");
        assert_eq!(answer.data, [0x80, 0x80, 0x80, 0x80, 0x86, 0x9A]);
        assert_eq!(answer.status.bytes(), [0x80, 0x80, 0x80, 0x80, 0x86, 0x9A]);
        host.ok(0x30, "1,0000,1");
        let open = host.ok(0x4A, "").status;
        assert_eq!(open.bytes(), [0x80, 0x80, 0x88, 0x80, 0x86, 0x9A]);
    });
}

#[test]
fn a_receipt_after_the_manual() {
    with_host(|host| {
        assert_eq!(host.text(0x30, "1,0000,1"), "0001,0001");
        host.ok(0x31, "Paine\tA9.50*2");
        host.ok(0x31, "Lapte\tB10.80");
        assert_eq!(host.text(0x33, "11"), "2980,1900,1080,0,0,0,0,0,0");
        assert_eq!(host.text(0x35, "\tP50.00"), "R000002020");
        assert_eq!(host.text(0x4C, "T"), "1,0002,+00002980,+00005000");
        assert_eq!(host.text(0x38, ""), "0001,0001");
        assert_eq!(host.text(0x4C, "T"), "0,0002,+00002980,+00005000");
        assert_eq!(host.text(0x71, ""), "0000001");
    });
}

#[test]
fn modifiers_round_half_away_from_zero() {
    with_host(|host| {
        host.ok(0x30, "1,0000,1");
        // The sums are 0.05 × 50 % = 0.025 and 10.05 × 0.5 = 5.025.
        host.ok(0x31, "\tA0.05,-50.00");
        host.ok(0x31, "\tA10.05*0.5");
        host.ok(0x31, "\tB8.10*2.000;-5.87");
        assert_eq!(host.text(0x33, "00"), "1538,505,1033,0,0,0,0,0,0");
        assert_eq!(
            host.text(0x33, "00,-10.00"),
            "1384,454,930,0,0,0,0,0,0",
            "a subtotal discount is spread over the groups"
        );
    });
}

#[test]
fn a_sale_is_voided_only_if_there_was_one() {
    with_host(|host| {
        host.ok(0x30, "1,0000,1");
        host.ok(0x31, "\tA5.00*2");
        host.no(0x31, "\tA-4.00", Flag::NotAllowed, "-150408");
        host.ok(0x31, "\tA-5.00*2");
        host.no(0x31, "\tA-5.00*2", Flag::NotAllowed, "-150408");
        assert_eq!(host.text(0x33, "00"), "0,0,0,0,0,0,0,0,0");
    });
}

#[test]
fn the_wrong_command_in_the_wrong_state_is_refused() {
    let not_allowed = Flag::NotAllowed;
    with_host(|host| {
        for command in [0x31, 0x33, 0x35, 0x36, 0x38, 0x3C, 0x2A, 0x27] {
            let data = match command {
                0x31 => "\tA1.00",
                0x33 => "00",
                0x35 => "\t",
                _ => "",
            };
            host.no(command, data, not_allowed, "-150201");
        }
        host.no(0x31, "no tab", Flag::Syntax, "-150001");
        host.no(0x99, "", Flag::UnknownCommand, "-150002");
        host.ok(0x30, "1,0000,1");
        for (command, data) in [
            (0x30, "1,0000,1"),
            (0x26, ""),
            (0x45, "0"),
            (0x2E, "1,0000,1,R1"),
        ] {
            host.no(command, data, not_allowed, "-150200");
        }
        host.no(0x31, "\tC1.00", not_allowed, "-150403");
        host.no(0x31, "\tA0.00", not_allowed, "-150431");
        host.no(0x31, "\tA999999999.00", Flag::Overflow, "-150103");
        host.no(0x38, "", not_allowed, "-150412");
        host.ok(0x31, "\tA10.00");
        host.ok(0x35, "\tP4.00");
        host.no(0x3C, "", not_allowed, "-150409");
        host.no(0x31, "\tA1.00", not_allowed, "-150409");
        host.no(0x38, "", not_allowed, "-150412");
        assert_eq!(host.text(0x35, "\tD6.01"), "F");
        assert_eq!(host.text(0x35, "\tx1.00"), "F");
        assert_eq!(host.text(0x35, "\tD6.00"), "R000000000");
        host.no(0x35, "\tP1.00", not_allowed, "-150411");
        host.ok(0x38, "");
    });
}

#[test]
fn the_same_number_is_answered_and_not_executed() {
    with_host(|host| {
        assert_eq!(host.text(0x46, "100.00"), "P,10000,10000,0");
        for command in [0x46, 0x4A] {
            let again = host.repeat(command, "100.00");
            assert_eq!(again.command, 0x46);
            assert_eq!(again.data, b"P,10000,10000,0");
        }
        assert_eq!(host.text(0x46, ""), "P,10000,10000,0");
        // Without power the sequence number is lost, and the same frame is executed again.
        assert_eq!(host.text(0x46, "1.00"), "P,10100,10100,0");
        host.printer.set_power(false);
        host.printer.set_power(true);
        assert_eq!(host.repeat(0x46, "1.00").data, b"P,10200,10200,0");
    });
}

#[test]
fn documents_of_all_kinds_use_a_number() {
    with_host(|host| {
        for (commands, number) in [
            (&[(0x26, ""), (0x2A, "text"), (0x27, "")][..], "0000001"),
            (&[(0x46, "5.00")], "0000002"),
            (&[(0x30, "1,0000,1"), (0x31, "\tA1"), (0x3C, "")], "0000003"),
            (&[(0x45, "2")], "0000004"),
            (
                &[(0x30, "1,0000,1"), (0x31, "\tA1"), (0x35, "\t"), (0x38, "")],
                "0000005",
            ),
            (&[(0x6D, "1")], "0000006"),
            (&[(0x45, "0")], "0000007"),
        ] {
            for (command, data) in commands {
                host.ok(*command, data);
            }
            assert_eq!(host.text(0x71, ""), number);
        }
        assert!(host.printer.paper_text().contains("=CANCELLED="));
        assert!(host.text(0x40, "").starts_with("P,0001,"));
    });
}

#[test]
fn three_wrong_passwords_lock_until_the_power_goes() {
    with_host(|host| {
        for _ in 0..3 {
            host.no(0x30, "1,1111,1", Flag::NotAllowed, "-150104");
        }
        host.no(0x30, "1,0000,1", Flag::NotAllowed, "-150010");
        host.printer.set_power(false);
        host.printer.set_power(true);
        host.ok(0x30, "1,0000,1");
    });
}

#[test]
fn without_paper_nothing_is_printed_and_questions_are_answered() {
    with_host(|host| {
        host.ok(0x30, "1,0000,1");
        host.printer.set_paper(Paper::Out);
        let refused = host.send(0x31, "\tA1.00");
        assert_eq!(refused.status.bytes(), [0xA0, 0x80, 0x89, 0x80, 0x86, 0x9A]);
        for command in [0x36, 0x3C] {
            assert!(has(host.send(command, "").status, Flag::PaperOut));
        }
        assert_eq!(host.text(0x4C, "T"), "1,0000,+00000000,+00000000");
        host.printer.set_paper(Paper::Low);
        assert!(has(host.ok(0x31, "\tA1.00").status, Flag::PaperLow));
        host.printer.set_paper(Paper::Ok);
        host.printer.set_cover_open(true);
        let refused = host.send(0x31, "\tA1.00");
        assert!(has(refused.status, Flag::CoverOpen) && has(refused.status, Flag::NotAllowed));
    });
}

#[test]
fn the_clock_and_the_rates_cannot_be_set_at_any_time() {
    with_host(|host| {
        assert_eq!(host.text(0x3E, ""), "21-11-26 00:35:30");
        host.ok(0x3D, "22-11-26 10:00");
        assert_eq!(host.text(0x3E, ""), "22-11-26 10:00:00");
        assert_eq!(
            host.text(0x53, "0,2,MDL,11100000,20.00,8.00,12.00"),
            "0,2,MDL,11100000,20.00,8.00,12.00,0.00,0.00,0.00,0.00,0.00"
        );
        for (command, data) in [(0x30, "1,0000,1"), (0x31, "\tC1"), (0x35, "\t"), (0x38, "")] {
            host.ok(command, data);
        }
        host.no(0x3D, "21-11-26 10:00", Flag::NotAllowed, "-150205");
        host.no(0x53, "0,2,MDL,10000000,20.00", Flag::NotAllowed, "-150202");
    });
}

/// A folder that is removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ferrotill-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn memory_survives_a_restart_and_an_open_receipt_does_too() {
    let folder = Folder::new("memory");
    let file = folder.0.join("memory");
    let open =
        || Printer::with_file(&file, Memory::new(rates()), Arc::new(|| 1_795_221_330)).unwrap();
    let mut printer = open();
    let mut host = Host {
        printer: &mut printer,
        seq: 0x20,
    };
    for (command, data) in [
        (0x46, "100.00"),
        (0x30, "1,0000,1"),
        (0x31, "\tA9.00"),
        (0x35, "\tP10.00"),
        (0x38, ""),
        (0x30, "1,0000,1"),
        (0x31, "\tB5.00"),
    ] {
        host.ok(command, data);
    }
    let before = Snapshot::of(&printer, true);
    drop(printer);
    let mut printer = open();
    let after = Snapshot::of(&printer, true);
    assert_eq!(after.fiscal_receipts, before.fiscal_receipts);
    assert_eq!((after.last_document, after.cash.as_str()), (2, "109.00"));
    assert!(after.receipt_open);
    let mut host = Host {
        printer: &mut printer,
        seq: 0x20,
    };
    assert_eq!(host.text(0x33, "00"), "500,0,500,0,0,0,0,0,0");
    drop(printer);
    // A receipt that was written and never counted is dropped; a missing receipt is an error and does not lead to a new printer.
    let receipts = folder.0.join("memory.receipts");
    let written = std::fs::read_to_string(&receipts).unwrap();
    std::fs::write(&receipts, format!("{written}{{\"torn")).unwrap();
    assert_eq!(open().receipts().len(), 1);
    std::fs::write(&receipts, "").unwrap();
    assert!(Printer::with_file(&file, Memory::new(rates()), Arc::new(|| 0)).is_err());
}

#[test]
fn the_snapshot_has_the_documented_form() {
    let bench = Bench::new();
    let mut driver = bench.driver(1);
    let baseline = driver.connect().unwrap().baseline;
    let baseline = registered(driver.perform(&sale(), &baseline, &mut Notes::new())).after;
    let _ = registered(driver.perform(&refund(), &baseline, &mut Notes::new()));
    let text = bench
        .line
        .with(|emulator| serde_json::to_value(Snapshot::of(emulator.printer(), false)))
        .unwrap();
    assert!(text["commands"].is_u64());
    let mut text = text;
    text["commands"] = 0.into();
    assert_eq!(
        text,
        serde_json::json!({
            "power": "on", "paper": "ok", "cover": "closed", "receipt_open": false,
            "last_document": 2, "z_number": 0, "cash": "0.00", "drawer_pulses": 0, "commands": 0,
            "fiscal_receipts": [
                {"document": 1, "total": "18.58", "items": 2, "kind": "sale"},
                {"document": 2, "total": "18.58", "items": 2, "kind": "refund"},
            ]
        })
    );
}

#[test]
fn faults_act_before_or_after_execution() {
    use FaultKind::*;
    // Each kind of fault, and whether it leaves 100.00 put in.
    for (kind, executed) in [
        (DropRequest, false),
        (DropAnswer, true),
        (Nak, false),
        (Busy, true),
        (Garble, true),
        (Delay, true),
        (PowerCut, true),
        (Unplug, false),
        (BadChecksum, true),
        (Garbage, true),
        (Late, true),
        (PowerCutBefore, false),
        (UnplugAfter, true),
        (Blink, true),
        (PaperOut, false),
        (PaperEnd, true),
        (CoverOpen, false),
        (CoverOpenAfter, true),
    ] {
        let bench = Bench::new();
        bench.order(kind, Some(0x46), 1);
        let frame = Request {
            seq: 0x30,
            command: 0x46,
            data: b"100.00".to_vec(),
        }
        .emit(&FRAMING)
        .unwrap();
        let answer = bench.line.with(|emulator: &mut IslEmulator| {
            emulator.handle_bytes(&frame, 1_000);
            let mut bytes = Vec::new();
            while let Some(more) = emulator.poll_transmit(1_500) {
                bytes.extend(more);
            }
            let late = emulator.poll_transmit(2_000).unwrap_or_default();
            assert_eq!(!late.is_empty(), kind == Delay, "{}", kind.name());
            let cash = emulator.printer().memory().day.cash;
            assert_eq!(cash == 10_000, executed, "{}", kind.name());
            let cut = matches!(kind, PowerCut | PowerCutBefore);
            assert_eq!(emulator.printer().is_on(), !cut);
            let pulled = matches!(kind, Unplug | UnplugAfter);
            assert_eq!(emulator.is_plugged(), !pulled);
            assert!(emulator.faults().is_empty());
            bytes
        });
        check_answer(kind, executed, &answer);
    }
}

/// Checks the bytes that came back at once.
fn check_answer(kind: FaultKind, executed: bool, answer: &[u8]) {
    use FaultKind::*;
    match kind {
        Nak => assert_eq!(answer, [NAK]),
        Busy => {
            assert_eq!(answer[0], SYN);
            assert!(Answer::parse(&FRAMING, &answer[1..]).is_ok());
        }
        Garble | BadChecksum => {
            assert!(answer.len() > 20);
            assert!(Answer::parse(&FRAMING, answer).is_err());
        }
        // The answer shows what has happened.
        PaperOut | PaperEnd | CoverOpen | CoverOpenAfter => {
            let told = Answer::parse(&FRAMING, answer).unwrap();
            let paper = matches!(kind, PaperOut | PaperEnd);
            assert_eq!(has(told.status, Flag::PaperOut), paper, "{}", kind.name());
            assert_eq!(has(told.status, Flag::CoverOpen), !paper);
            assert_eq!(told.data.is_empty(), !executed);
        }
        Garbage => {
            let place = answer.iter().rposition(|byte| *byte == 0x01).unwrap();
            assert!(place > 0 && answer[..place].contains(&0x01));
            assert!(Answer::parse(&FRAMING, &answer[place..]).is_ok());
        }
        _ => assert!(answer.is_empty(), "{}", kind.name()),
    }
}

/// The bytes that come back by `now` after a frame was sent.
fn heard(emulator: &mut IslEmulator, frame: &[u8], now: u64) -> Vec<u8> {
    emulator.handle_bytes(frame, now);
    let mut bytes = Vec::new();
    while let Some(more) = emulator.poll_transmit(now) {
        bytes.extend(more);
    }
    bytes
}

fn status_frame(seq: u8) -> Vec<u8> {
    let request = Request {
        seq,
        command: 0x4A,
        data: vec![],
    };
    request.emit(&FRAMING).unwrap()
}

#[test]
fn a_fault_of_the_mechanics_during_a_repeat_does_not_affect_the_next_command() {
    // A repeated request executes nothing; after the cover is closed and paper is loaded, the printer is ready.
    for kind in [FaultKind::CoverOpenAfter, FaultKind::PaperEnd] {
        let bench = Bench::new();
        bench
            .line
            .with(|emulator| heard(emulator, &status_frame(0x30), 0));
        bench.order(kind, None, 1);
        bench.line.with(|emulator| {
            heard(emulator, &status_frame(0x30), 1);
            assert!(emulator.faults().is_empty());
            let idle = Answer::parse(&FRAMING, &heard(emulator, &status_frame(0x31), 2)).unwrap();
            assert!(!has(idle.status, Flag::CoverOpen) && !has(idle.status, Flag::PaperOut));
        });
    }
}

#[test]
fn a_late_answer_comes_before_the_next_one() {
    let bench = Bench::new();
    bench.order(FaultKind::Late, None, 2);
    bench.line.with(|emulator| {
        let (first, next) = (status_frame(0x30), status_frame(0x31));
        // Two answers are held back; the second repeat is answered at once.
        assert!(heard(emulator, &first, 0).is_empty());
        assert!(heard(emulator, &first, 500).is_empty());
        let answer = heard(emulator, &first, 1_000);
        assert_eq!(Answer::parse(&FRAMING, &answer).unwrap().seq, 0x30);
        let behind = heard(emulator, &next, 1_100);
        let seqs: Vec<u8> = behind
            .split_inclusive(|byte| *byte == 0x03)
            .map(|frame| Answer::parse(&FRAMING, frame).unwrap().seq)
            .collect();
        assert_eq!(seqs, [0x30, 0x30, 0x31]);
    });
}

#[test]
fn an_answer_byte_by_byte_has_pauses_between_the_bytes() {
    let bench = Bench::new();
    bench.order(FaultKind::Bytewise, None, 1);
    bench.line.with(|emulator| {
        emulator.handle_bytes(&status_frame(0x30), 0);
        let mut answer = Vec::new();
        while let Some(due) = emulator.poll_timeout() {
            answer.extend(emulator.poll_transmit(due).unwrap());
            assert_eq!(due, 100 * u64::try_from(answer.len()).unwrap());
        }
        assert!(Answer::parse(&FRAMING, &answer).is_ok());
    });
}

#[test]
fn a_sequence_number_is_lost_in_a_power_cut_unless_the_printer_keeps_it() {
    for keeps in [false, true] {
        let mut printer = printer();
        printer.keeps_last_answer = keeps;
        let mut host = Host {
            printer: &mut printer,
            seq: 0x20,
        };
        host.ok(0x46, "100.00");
        host.printer.set_power(false);
        host.printer.set_power(true);
        let _ = host.repeat(0x46, "100.00");
        let cash = host.printer.memory().day.cash;
        assert_eq!(cash, if keeps { 10_000 } else { 20_000 });
    }
}

#[test]
fn a_paced_line_is_as_slow_as_a_real_one() {
    let printer = printer();
    let mut emulator = IslEmulator::new(printer, Some(9_600));
    let frame = Request {
        seq: 0x30,
        command: 0x4A,
        data: vec![],
    }
    .emit(&FRAMING)
    .unwrap();
    emulator.handle_bytes(&frame, 0);
    let mut last = 0;
    let mut count = 0;
    while let Some(due) = emulator.poll_timeout() {
        last = due;
        count += emulator.poll_transmit(due).unwrap().len();
    }
    // The line carries 10 bytes in and 23 bytes out, ten bits each, at 9600 bits per second.
    assert_eq!(count, 23);
    assert!((32..=36).contains(&last), "{last}");
}
