//! Tests of the seals: which kind of document each seal makes legal.
#![allow(clippy::unwrap_used)]

mod shop;

use std::collections::BTreeSet;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{DeviceIdentified, Event};
use ferrotill_core::id::DocumentId;
use ferrotill_core::numbers::{Span, Supply};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Wish};

use shop::{NOON, SALE, Shop, moment};

#[test]
fn reserved_fiscal_numbers_are_used_in_order_and_only_for_sealed_documents() {
    let mut shop = Shop::open();
    let none = Known::default();
    let grant = |first, last| [Span { first, last }];
    shop.run(Command::TakeNumbers(&grant(70, 71)), none)
        .unwrap();
    assert_eq!(shop.till.latest(), None, "numbers bind no document");
    assert_eq!(
        shop.run(Command::TakeNumbers(&grant(71, 90)), none),
        Err(Refusal::FiscalNumbersClash)
    );
    let settle = |shop: &mut Shop, id: u8, number, reserved| {
        let seal = Seal::FiscalNumber { number, reserved };
        shop.run(Command::Settle(DocumentId([id; 16]), seal), none)
    };
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    assert_eq!(
        settle(&mut shop, 1, 71, true),
        Err(Refusal::FiscalNumberNotNext { next: 70 })
    );
    shop.run(Command::Void(DocumentId([1; 16]), 1, "no answer"), none)
        .unwrap();
    assert_eq!(
        shop.till.fiscal_numbers().next(),
        Ok(70),
        "a void takes no number"
    );
    shop.reserve(2, Wish::Sale(SALE), none).unwrap();
    settle(&mut shop, 2, 70, true).unwrap();
    assert_eq!(shop.till.fiscal_numbers().supply(1), Supply::SoonUsedUp);
    // A fiscal number that the authority gives online uses none of the reserved numbers.
    shop.reserve(3, Wish::Sale(SALE), none).unwrap();
    settle(&mut shop, 3, 5_000, false).unwrap();
    shop.reserve(4, Wish::Sale(SALE), none).unwrap();
    settle(&mut shop, 4, 71, true).unwrap();
    shop.reserve(5, Wish::Sale(SALE), none).unwrap();
    assert_eq!(
        settle(&mut shop, 5, 72, true),
        Err(Refusal::FiscalNumbersUsedUp)
    );
}

#[test]
fn the_journal_seals_no_document_that_a_printer_could_seal() {
    let mut shop = Shop::open();
    let none = Known::default();
    let settle = |shop: &mut Shop, id: u8| {
        shop.run(Command::Settle(DocumentId([id; 16]), Seal::Journal), none)
            .map(drop)
    };
    let wishes = [
        Wish::Sale(SALE),
        Wish::Cash(Amount::from_minor(1)),
        Wish::Report(ReportKind::Z),
    ];
    shop.reserve(1, Wish::Cash(Amount::from_minor(1)), none)
        .unwrap();
    shop.settle(1).unwrap();
    for (id, wish) in (2..).zip(wishes) {
        shop.reserve(id, wish, none).unwrap();
        assert_eq!(settle(&mut shop, id), Err(Refusal::SealMismatch));
        shop.run(Command::Void(DocumentId([id; 16]), 1, "no"), none)
            .unwrap();
    }
    shop.reserve(9, Wish::Report(ReportKind::X), none).unwrap();
    settle(&mut shop, 9).unwrap();
    // The encoding of the seal `Journal` is frozen like the others: the fourth kind of seal, without fields.
    let mut room = [0; 8];
    assert_eq!(postcard::to_slice(&Seal::Journal, &mut room).unwrap(), [3]);
}

#[test]
fn the_journal_seals_the_z_report_of_a_shift_that_no_printer_has_a_part_in() {
    let none = Known::default();
    let journal = |shop: &mut Shop, id: u8| {
        let settle = Command::Settle(DocumentId([id; 16]), Seal::Journal);
        shop.run(settle, none).map(drop)
    };
    let range = Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    let mut shop = Shop::open();
    shop.reserve(1, Wish::AlternativeSale(SALE, None), none)
        .unwrap();
    shop.run(Command::Settle(DocumentId([1; 16]), range), none)
        .unwrap();
    // A Z-report that was given to a printer may be printed, so that only the printer can seal it.
    shop.reserve(2, Wish::Report(ReportKind::Z), none).unwrap();
    assert_eq!(journal(&mut shop, 2), Err(Refusal::SealMismatch));
    shop.run(Command::Void(DocumentId([2; 16]), 1, "no"), none)
        .unwrap();
    shop.reserve_without_printer(3, Wish::Report(ReportKind::Z), none)
        .unwrap();
    journal(&mut shop, 3).unwrap();
    assert!(shop.till.shift().is_none());
    assert_eq!(shop.till.last_z(), 1);

    // With one document of a printer in the shift, the journal cannot seal the Z-report.
    shop.reserve(4, Wish::Cash(Amount::from_minor(1)), none)
        .unwrap();
    shop.settle(4).unwrap();
    shop.reserve_without_printer(5, Wish::Report(ReportKind::Z), none)
        .unwrap();
    assert_eq!(journal(&mut shop, 5), Err(Refusal::SealMismatch));
}

#[test]
fn an_alternative_receipt_is_not_on_the_fiscal_printer() {
    for (wish, on_printer) in [
        (Wish::Sale(SALE), true),
        (Wish::Cash(Amount::from_minor(1)), true),
        (Wish::AlternativeSale(SALE, None), false),
    ] {
        let mut shop = Shop::open();
        shop.reserve(1, wish, Known::default()).unwrap();
        let outstanding = shop.till.outstanding().unwrap();
        assert_eq!(outstanding.on_printer(), on_printer);
    }
}

/// The till learns the number under which the authority knows the device.
fn identify(shop: &mut Shop, fiscal_number: &str) {
    shop.till.apply(&Event::DeviceIdentified(DeviceIdentified {
        at: moment(NOON),
        fiscal_number,
        owner: "",
        owner_number: "",
        address: "",
    }));
}

fn grant(shop: &mut Shop, first: u64, last: u64) -> Result<(), Refusal> {
    let spans = [Span { first, last }];
    shop.run(Command::TakeNumbers(&spans), Known::default())
        .map(drop)
}

#[test]
fn fiscal_numbers_belong_to_the_number_of_the_device_to_which_they_were_granted() {
    let mut shop = Shop::open();
    // A folder of an older build has numbers before it has an identity.
    grant(&mut shop, 70, 72).unwrap();
    identify(&mut shop, "J105002238");
    assert_eq!(shop.till.fiscal_numbers().left(), 3);
    identify(&mut shop, "J105002238");
    assert_eq!(shop.till.fiscal_numbers().left(), 3, "the address changed");
    let first_pool = shop.till.fiscal_number_pool();

    identify(&mut shop, "J105002239");
    assert_eq!(shop.till.fiscal_numbers().left(), 0);
    assert_eq!(shop.till.fiscal_numbers().highest(), None);
    assert_ne!(shop.till.fiscal_number_pool(), first_pool);
    // An authority may count for each number of a device from the beginning.
    grant(&mut shop, 5, 6).unwrap();
    assert_eq!(shop.till.fiscal_numbers().next(), Ok(5));

    identify(&mut shop, "J105002238");
    assert_eq!(shop.till.fiscal_number_pool(), first_pool);
    assert_eq!(shop.till.fiscal_numbers().next(), Ok(70));
    assert_eq!(grant(&mut shop, 72, 75), Err(Refusal::FiscalNumbersClash));
    grant(&mut shop, 73, 75).unwrap();
    assert_eq!(shop.till.fiscal_numbers().left(), 6);
}

#[test]
fn a_device_with_many_numbers_has_another_pool_each_time_that_it_forgets_one() {
    let mut shop = Shop::open();
    let mut pools = BTreeSet::new();
    for round in 0..3_u64 {
        for number in ["A", "B", "C", "D", "E"] {
            identify(&mut shop, number);
            let pool = shop.till.fiscal_number_pool();
            assert!(pools.insert(pool), "{number}: pool {pool} is used again");
            assert_eq!(shop.till.fiscal_numbers().left(), 0, "{number}");
            grant(&mut shop, 100 * round + 1, 100 * round + 9).unwrap();
        }
    }
}

/// The seal of the next alternative receipt.
fn range(number: u32) -> Seal<'static> {
    Seal::Range {
        series: "ABC",
        number,
        number_length: 8,
    }
}

fn seal_alternative(shop: &mut Shop, id: u8, number: u32) -> Result<(), Refusal> {
    shop.reserve(id, Wish::AlternativeSale(SALE, None), Known::default())?;
    let settle = Command::Settle(DocumentId([id; 16]), range(number));
    shop.run(settle, Known::default())
}

#[test]
fn an_alternative_receipt_is_sealed_beside_a_document_of_the_printer() {
    let none = Known::default();
    // The document of the printer is sealed in the end, or voided; a sale or a Z-report.
    for (wish, sealed) in [
        (Wish::Sale(SALE), true),
        (Wish::Sale(SALE), false),
        (Wish::Report(ReportKind::Z), true),
        (Wish::Report(ReportKind::Z), false),
    ] {
        let mut shop = Shop::open();
        let z_report = matches!(wish, Wish::Report(_));
        let before = u32::from(z_report);
        if z_report {
            shop.reserve(1, Wish::Cash(Amount::from_minor(1)), none)
                .unwrap();
            shop.settle(1).unwrap();
        }
        shop.reserve(2, wish, none).unwrap();
        let z_number = 1;
        for (id, number) in [(3, 1), (4, 2)] {
            seal_alternative(&mut shop, id, number).unwrap();
            assert_eq!(shop.till.last_number(), before + number);
            assert_eq!(shop.till.shift().unwrap().z_number, z_number);
            assert_eq!(shop.till.shift().unwrap().alternative.count, number);
        }
        let refused = shop.reserve(5, Wish::Cash(Amount::from_minor(1)), none);
        assert_eq!(refused, Err(Refusal::DeviceUnsettled));
        assert_eq!(
            shop.till.outstanding().unwrap().id,
            DocumentId([2; 16]),
            "the printer is still asked"
        );
        let overtaken_by = shop.till.latest().unwrap().utc_ms;
        if sealed {
            shop.settle(2).unwrap();
            assert_eq!(shop.till.last_number(), before + 3);
            // Recipients are told that the document was made a millisecond after the receipt before it. Its successor is later still.
            assert!(shop.till.latest().unwrap().utc_ms > overtaken_by);
        } else {
            shop.run(Command::Void(DocumentId([2; 16]), 1, "no"), none)
                .unwrap();
            assert_eq!(shop.till.last_number(), before + 2);
        }
        match shop.till.shift() {
            None => assert!(z_report && sealed),
            Some(shift) => {
                assert_eq!(shift.alternative.count, 2);
                assert_eq!(shift.sales.receipts.count, u32::from(sealed));
                assert_eq!(shift.documents, before + 2 + u32::from(sealed));
            }
        }
    }
}

#[test]
fn an_alternative_receipt_beside_another_document_is_sealed_and_nothing_else() {
    let none = Known::default();
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    shop.reserve(2, Wish::AlternativeSale(SALE, None), none)
        .unwrap();
    let second = shop.reserve(3, Wish::AlternativeSale(SALE, None), none);
    assert_eq!(second, Err(Refusal::DeviceUnsettled));
    let void = Command::Void(DocumentId([2; 16]), 1, "no");
    assert_eq!(shop.run(void, none), Err(Refusal::NotOutstanding));
    let id = DocumentId([2; 16]);
    let printed = Seal::FiscalNumber {
        number: 1,
        reserved: false,
    };
    let wrong = shop.run(Command::Settle(id, printed), none);
    assert_eq!(wrong, Err(Refusal::SealMismatch));
    shop.run(Command::Settle(id, range(1)), none).unwrap();
    // An alternative receipt that is outstanding itself admits no other beside it.
    let mut shop = Shop::open();
    shop.reserve(1, Wish::AlternativeSale(SALE, None), none)
        .unwrap();
    let second = shop.reserve(2, Wish::AlternativeSale(SALE, None), none);
    assert_eq!(second, Err(Refusal::DeviceUnsettled));
}
