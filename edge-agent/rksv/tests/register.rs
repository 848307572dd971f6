//! Random wishes to the register, signed by units that fail: every protocol that results is accepted, and no text makes a reader panic.

mod common;

use common::{checked, flaws};
use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{
    AesKey, BucketSums, CashBox, CashBoxId, CounterWidth, Form, Kind, ReceiptId, Register, Request,
};
use ferrotill_core::time::Moment;
use ferrotill_rksv::{
    DepWriter, KeyMaterial, SigningUnit, SoftwareUnit, SwitchedUnit, UnitCertificate, UnitKey,
    check_dep, seal_with,
};
use proptest::prelude::*;

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Standard),
        2 => Just(Kind::Storno),
        2 => Just(Kind::Training),
        1 => Just(Kind::Null),
        1 => Just(Kind::Monats),
        1 => Just(Kind::Jahres),
        1 => Just(Kind::Schluss),
        3 => Just(Kind::Sammel),
    ]
}

fn any_cents() -> impl Strategy<Value = i64> {
    prop_oneof![
        1 => Just(0),
        4 => -100_000..100_000_i64,
        1 => any::<i64>(),
    ]
}

/// A receipt that is asked for: kind, cents, bytes of the counter, the unit, whether the unit works, and minutes since the last one.
type Wish = (Kind, i64, u8, usize, bool, i64);

fn any_wish() -> impl Strategy<Value = Wish> {
    (
        any_kind(),
        any_cents(),
        5..=8_u8,
        0..2_usize,
        prop::bool::weighted(0.7),
        -60..50_000_i64,
    )
}

fn units(open: bool) -> Vec<SwitchedUnit<SoftwareUnit>> {
    let unit = |number| {
        let pkcs8 = SoftwareUnit::new_key().unwrap();
        let unit = match open {
            true => SoftwareUnit::with_certificate(1, &pkcs8),
            false => SoftwareUnit::with_key(&format!("G:9012345678901-{number}"), &pkcs8),
        };
        SwitchedUnit::new(unit.unwrap())
    };
    (0..2).map(unit).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_protocol_of_the_register_is_accepted(
        open in any::<bool>(),
        wishes in prop::collection::vec(any_wish(), 0..40),
    ) {
        let units = units(open);
        let named = |unit: &SwitchedUnit<SoftwareUnit>| {
            let serial = unit.identity().unwrap().serial().to_owned();
            (serial, unit.unit().key().clone())
        };
        let keys = KeyMaterial {
            aes_key: AesKey::new([3; 32]),
            units: units.iter().map(named).collect(),
        };
        let mut register = Register::default();
        let mut writer = DepWriter::new(Vec::new()).unwrap();
        let start = (Kind::Start, 0, 8, 0, true, 0);
        let mut minute = 29_000_000;
        for (number, wish) in std::iter::once(start).chain(wishes).enumerate() {
            let (kind, cents, bytes, unit, works, minutes) = wish;
            minute += minutes;
            let unit = &units[unit];
            unit.set_down(!works);
            let cash_box = CashBox {
                id: CashBoxId::new("KASSA-1").unwrap(),
                key: &keys.aes_key,
                width: CounterWidth::new(bytes).unwrap(),
            };
            let id = number.to_string();
            let request = Request {
                kind,
                receipt: ReceiptId::new(&id).unwrap(),
                unit: unit.identity().unwrap(),
                sums: BucketSums {
                    besonders: Amount::from_minor(if kind.is_zero() { 0 } else { cents }),
                    ..BucketSums::default()
                },
                at: Moment { utc_ms: minute * 60_000, offset_minutes: 60 },
            };
            let Ok(payload) = register.prepare(&cash_box, &request) else {
                continue;
            };
            if let Ok(code) = seal_with(unit, &register, kind, &payload) {
                writer.receipt(&code.display(Form::Compact).to_string()).unwrap();
                register.take(kind, &code);
            }
        }
        let written = writer.receipts();
        let found = checked(&writer.finish().unwrap(), &keys);
        prop_assert_eq!(flaws(&found), []);
        prop_assert_eq!(found.receipts, written);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let keys = KeyMaterial { aes_key: AesKey::new([3; 32]), units: [].into() };
        let _ = UnitCertificate::read(&bytes);
        let _ = KeyMaterial::read(bytes.as_slice());
        let _ = check_dep(bytes.as_slice(), &keys);
    }

    /// A certificate of which some bytes are changed is read as another one or refused; cut off it is refused.
    #[test]
    fn a_damaged_certificate_makes_no_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<prop::sample::Index>(),
    ) {
        let pkcs8 = SoftwareUnit::new_key().unwrap();
        let unit = SoftwareUnit::with_certificate(1, &pkcs8).unwrap();
        let der = unit.key().certificate().unwrap().to_vec();
        prop_assert!(UnitCertificate::read(&der[..end.index(der.len())]).is_err());
        prop_assert!(UnitCertificate::read(&[&der[..], &[0]].concat()).is_err());
        let mut damaged = der;
        for (at, byte) in changes {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        let _ = UnitKey::of_certificate(damaged);
    }
}
