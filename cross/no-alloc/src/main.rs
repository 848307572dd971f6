//! A program for a microcontroller without an operating system, which sells, seals, closes the day and reads its journal back.
//!
//! The program has no allocator, so it links only if the core needs no allocator.
//! This program is linked and never run: the core's own tests check the computed results.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{Configuration, Event};
use ferrotill_core::id::{DocumentId, Fingerprint, PointOfSaleId, UniqueId};
use ferrotill_core::payment::{PaymentTable, PaymentType};
use ferrotill_core::profile::{ALL, Profile};
use ferrotill_core::receipt::{Draft, DraftLine, DraftPayment, LineTotals, Modifier, Scratch};
use ferrotill_core::refusal::IgnoreFaults;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Order, Till, Wish};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Quantity};

/// The memory that a firmware would keep in statics: the till and the buffers for lines, texts and rows.
struct Room {
    till: Till,
    lines: [LineTotals; 100],
    bytes: [u8; 8192],
    row: [u8; 8192],
}

#[cfg(feature = "control")]
extern crate alloc;

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    let mut room = Room {
        till: Till::default(),
        lines: [LineTotals::default(); 100],
        bytes: [0; 8192],
        row: [0; 8192],
    };
    #[cfg(feature = "control")]
    black_box(alloc::vec![0_u8; 16]);
    for profile in black_box(ALL) {
        black_box(day(&mut room, profile));
    }
    loop {}
}

/// Plays a day with one receipt; `None` if the core refuses something.
#[inline(never)]
fn day(room: &mut Room, profile: &dyn Profile) -> Option<u32> {
    let cash = PaymentType {
        code: 0,
        name: "cash".try_into().ok()?,
        cash: true,
        printer_letter: b'P',
        open_drawer: true,
    };
    let configuration = Configuration {
        taxes: profile.facts().tax_table(),
        payments: PaymentTable::new([cash].into_iter())?,
        ..Configuration::default()
    };
    turn(room, profile, &Command::Adopt(black_box(&configuration)))?;
    let price = profile.facts().currency.read(black_box("8.10")).ok()?;
    let line = DraftLine {
        name: "bread",
        quantity: Quantity::from_thousandths(2_000),
        price,
        modifier: Some(Modifier::Percent(-1_500)),
        tax_group: Some("B"),
        ..DraftLine::default()
    };
    let lines = [line; 100];
    let payments = [DraftPayment {
        code: Some(0),
        amount: Amount::from_minor(200_000),
    }];
    let draft = Draft {
        lines: black_box(&lines),
        payments: &payments,
        modifiers: &[Modifier::Percent(-1_000)],
        ..Draft::default()
    };
    for (id, wish) in [Wish::Sale(draft), Wish::Report(ReportKind::Z)]
        .into_iter()
        .enumerate()
    {
        let id = DocumentId([u8::try_from(id).ok()?; 16]);
        let order = Order {
            id,
            unique: UniqueId(id.0),
            fingerprint: Fingerprint([0; 32]),
            fingerprint_form: 0,
            point_of_sale: PointOfSaleId([0; 16]),
            annex: &[],
            baseline: None,
            wish,
        };
        turn(room, profile, &Command::Reserve(order))?;
        let seal = Seal::Printer {
            document: 1,
            fiscal_receipt: None,
            counters: None,
            printed_at: None,
        };
        turn(room, profile, &Command::Settle(id, seal))?;
    }
    Some(room.till.last_z())
}

/// Decides a command, writes the event as a journal row, reads the row back and applies the event.
#[inline(never)]
fn turn(room: &mut Room, profile: &dyn Profile, command: &Command<'_>) -> Option<()> {
    let row = decide(room, profile, command)?;
    let event = Event::decode(row.0, Event::version_of(row.0), room.row.get(..row.1)?).ok()?;
    room.till.apply(&event);
    Some(())
}

#[inline(never)]
fn decide(room: &mut Room, profile: &dyn Profile, command: &Command<'_>) -> Option<(u16, usize)> {
    let now = Moment {
        utc_ms: black_box(1_795_262_400_000),
        offset_minutes: 120,
    };
    let scratch = Scratch {
        lines: &mut room.lines,
        bytes: &mut room.bytes,
    };
    let known = Known::default();
    let event = room
        .till
        .decide(profile, command, &known, now, scratch, &mut IgnoreFaults)
        .ok()?;
    let length = event.encode(&mut room.row).ok()?.len();
    Some((event.kind(), length))
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
