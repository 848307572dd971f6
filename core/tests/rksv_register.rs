//! Which receipt may follow which in a register (`docs/countries/at.md`): one line per case, for a fiscal expert to read and extend.
//!
//! A line is a sequence of words: a kind of receipt, with `=` and its cents in the standard bucket, with `!` if the unit does not sign;
//! `@` and the date of the receipts that follow; `?` and the kind that is due then (`-` for none); `#` and the counter then.
//! A receipt that is refused has `~` and the name of the fault.

use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{
    AesKey, BucketSums, CashBox, CashBoxId, ChainValue, Code, CounterField, CounterWidth, Fault,
    Form, Kind, PAYLOAD_BYTES_MAX, ReceiptId, Register, Request, Signature, SignatureUnit,
};
use ferrotill_core::time::{Day, Moment};
use proptest::prelude::*;

/// A register with its protocol.
struct Shop {
    key: AesKey,
    register: Register,
    protocol: Vec<String>,
    day: i64,
}

impl Shop {
    fn new() -> Self {
        Self {
            key: AesKey::new([0x5A; 32]),
            register: Register::default(),
            protocol: Vec::new(),
            day: Day::of_date(2026, 7, 1).since_epoch(),
        }
    }

    fn cash_box(&self) -> CashBox<'_> {
        CashBox {
            id: CashBoxId::new("KASSA-1").unwrap(),
            key: &self.key,
            width: CounterWidth::new(5).unwrap(),
        }
    }

    /// The moment of the next receipt: noon in Vienna, each receipt a second later.
    fn now(&self) -> Moment {
        let second = i64::try_from(self.protocol.len()).unwrap();
        Moment {
            utc_ms: (self.day * 86_400 + 39_600 + second) * 1_000,
            offset_minutes: 60,
        }
    }

    fn make(&mut self, kind: Kind, cents: i64, signs: bool) -> Result<(), Fault> {
        let id = format!("R{}", self.protocol.len() + 1);
        let cash_box = self.cash_box();
        let request = Request {
            kind,
            receipt: ReceiptId::new(&id)?,
            unit: SignatureUnit::new(1, "3bc41de5")?,
            sums: BucketSums {
                normal: Amount::from_minor(cents),
                ..BucketSums::default()
            },
            at: self.now(),
        };
        let payload = self.register.prepare(&cash_box, &request)?;
        let signature = match signs {
            true => Signature::Made([0x11; 64]),
            false => Signature::Failed,
        };
        let code = self.register.seal(kind, &payload, signature)?;
        let compact = code.display(Form::Compact).to_string();
        // The stored compact form of the last receipt is enough to continue the chain.
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let read = Code::parse_compact(&compact, &mut room)?;
        assert_eq!(read, code);
        self.register.take(kind, &read);
        self.protocol.push(compact);
        Ok(())
    }
}

fn kind_of(word: &str) -> Kind {
    match word {
        "sale" => Kind::Standard,
        "storno" => Kind::Storno,
        "training" => Kind::Training,
        "start" => Kind::Start,
        "null" => Kind::Null,
        "monats" => Kind::Monats,
        "jahres" => Kind::Jahres,
        "schluss" => Kind::Schluss,
        "sammel" => Kind::Sammel,
        other => panic!("no kind {other}"),
    }
}

fn step(shop: &mut Shop, word: &str) {
    if let Some(date) = word.strip_prefix('@') {
        let number = |from: usize, to: usize| date[from..to].parse::<u16>().unwrap();
        let (month, day) = (number(5, 7), number(8, 10));
        let (month, day) = (u8::try_from(month).unwrap(), u8::try_from(day).unwrap());
        shop.day = Day::of_date(number(0, 4), month, day).since_epoch();
    } else if let Some(kind) = word.strip_prefix('?') {
        let now = ferrotill_core::profile::at::rksv::Timestamp::of(shop.now()).unwrap();
        let due = (kind != "-").then(|| kind_of(kind));
        assert_eq!(shop.register.due(now), due, "{word}");
    } else if let Some(cents) = word.strip_prefix('#') {
        assert_eq!(shop.register.counter().minor().to_string(), cents);
    } else {
        let (word, fault) = match word.split_once('~') {
            Some((word, fault)) => (word, Some(fault)),
            None => (word, None),
        };
        let signs = !word.ends_with('!');
        let word = word.trim_end_matches('!');
        let (kind, cents) = word.split_once('=').unwrap_or((word, "0"));
        let before = shop.register.clone();
        let made = shop.make(kind_of(kind), cents.parse().unwrap(), signs);
        let named = made.err().map(|fault| {
            let (_, name) = Fault::ALL
                .iter()
                .find(|(number, _)| *number == fault.number())
                .unwrap();
            *name
        });
        assert_eq!(named, fault, "{word}");
        assert!(fault.is_none() || shop.register == before);
    }
}

#[test]
fn each_receipt_may_follow_only_certain_others() {
    const LINES: &[&str] = &[
        // These cases are about the first and the last receipt.
        "sale=100~NotStarted null~NotStarted sammel~NotStarted schluss~NotStarted start",
        "start start~AlreadyStarted sale=100 start~AlreadyStarted",
        "start!~SignatureNeeded start=1~AmountsNotZero start",
        "start sale=100 schluss sale=100~Closed null~Closed schluss~Closed monats~Closed start~AlreadyStarted",
        "start schluss!",
        // The turnover counter counts sales and voids, signed or not, and does not count trainings.
        "start #0 sale=1000 #1000 storno=-400 #600 training=9999 #600 sale=50! #650 storno=-50! #600",
        "start sale=-500 #-500 storno=700 #200",
        "start sale=0 #0 storno=0 #0 training=0 #0 null #0",
        // A turnover counter of five bytes can hold up to 5,497,558,138.87.
        "start sale=549755813887 #549755813887 sale=1~CounterOverflow storno=1~CounterOverflow training=1 sale=-1 #549755813886",
        "start sale=-549755813888 sale=-1~CounterOverflow",
        // These cases are about receipts whose amounts must be zero.
        "start null=1~AmountsNotZero monats=1~AmountsNotZero jahres=1~AmountsNotZero schluss=1~AmountsNotZero",
        // An outage: receipts have no signature, and the first one that is signed again is the Sammelbeleg.
        "start sale=1! sale=2~SammelbelegDue sammel sale=2",
        "start sale=1! sale=2! training=3! storno=-1! sammel sale=3",
        "start sale=1! null~SammelbelegDue null! monats! sammel",
        "start sale=1! sammel!~SignatureNeeded sale=1! sammel",
        "start sale=1! sammel sale=1! sammel",
        "start sammel~SammelbelegNotDue sale=1 sammel~SammelbelegNotDue",
        "start sale=1! jahres!~SammelbelegDue jahres~SammelbelegDue sammel jahres",
        "start jahres!~SignatureNeeded",
        "start sale=1! schluss~SammelbelegDue schluss!",
        "start training=1! sale=1~SammelbelegDue",
        // A month without receipts needs no Monatsbeleg; a month with receipts gets it at its end or right after.
        "@2026-07-01 start @2026-07-31 ?- sale=1 @2026-08-01 ?monats monats ?- sale=1 ?-",
        "@2026-07-31 start monats ?- @2026-08-01 ?-",
        "@2026-07-31 start monats sale=1 @2026-08-01 ?monats",
        "@2026-01-10 start sale=1 @2026-04-01 ?monats monats @2026-05-01 ?- sale=1 @2026-06-01 ?monats",
        // In December the Jahresbeleg takes the place of the Monatsbeleg, also if it is late.
        "@2026-12-01 start @2026-12-31 monats~JahresbelegDue jahres @2027-01-01 ?-",
        "@2026-12-01 start @2027-01-03 ?jahres monats~JahresbelegDue jahres ?- sale=1 ?-",
        "@2026-11-01 start sale=1 @2026-12-01 ?monats monats @2027-02-01 ?jahres jahres ?-",
        "@2026-07-15 start sale=1 @2026-08-15 monats jahres @2027-07-15 ?- sale=1 ?-",
        "@2026-11-30 start @2026-12-01 ?monats monats ?- sale=1 @2026-12-31 jahres",
        "?- start schluss @2027-01-01 ?-",
        // If the clock goes back, the times in the protocol do not.
        "@2026-07-02 start @2026-07-01 sale=1 #1",
        // If several faults apply, the fault with the lower number is reported.
        "start=1!~AmountsNotZero sale=1~NotStarted start sammel=1~SammelbelegNotDue",
    ];
    for line in LINES {
        println!("{line}");
        let mut shop = Shop::new();
        for word in line.split_whitespace() {
            step(&mut shop, word);
        }
        check_protocol(&shop);
    }
}

/// The rules of both checkers (`docs/countries/at.md`), written independently of the register.
fn check_protocol(shop: &Shop) {
    let cash_box = shop.cash_box();
    let mut counter = Amount::ZERO;
    let mut latest = None;
    let mut seen: Vec<(bool, bool)> = Vec::new();
    let mut previous = ChainValue::of(cash_box.id.as_str());
    for (at, compact) in shop.protocol.iter().enumerate() {
        let mut room = [0; PAYLOAD_BYTES_MAX];
        let code = Code::parse_compact(compact, &mut room).unwrap();
        let payload = code.payload;
        assert_eq!(payload.previous, previous, "chain at {at}");
        previous = ChainValue::of(compact);
        assert!(latest <= Some(payload.at), "time at {at}");
        latest = Some(payload.at);
        if payload.counter != CounterField::Training {
            counter = counter.checked_add(payload.sums.total().unwrap()).unwrap();
        }
        if let CounterField::Encrypted(encrypted) = payload.counter {
            let shown = encrypted.decrypt(&shop.key, payload.cash_box, payload.receipt);
            assert_eq!(shown, counter, "counter at {at}");
        }
        let failed = code.signature == Signature::Failed;
        let null = payload.sums.all_zero() && matches!(payload.counter, CounterField::Encrypted(_));
        assert!(
            at > 0 || (null && !failed),
            "the first is a signed receipt of zero"
        );
        if let [.., (true, _), (false, false)] = seen.as_slice() {
            assert!(null && !failed, "the Sammelbeleg is late at {at}");
        }
        seen.push((failed, null));
    }
    assert_eq!(counter, shop.register.counter());
}

#[test]
fn only_the_next_payload_is_sealed() {
    let mut shop = Shop::new();
    shop.make(Kind::Start, 0, true).unwrap();
    let stale = shop.register.clone();
    let key = shop.key.clone();
    let cash_box = CashBox {
        key: &key,
        id: CashBoxId::new("KASSA-1").unwrap(),
        width: CounterWidth::EIGHT,
    };
    let request = Request {
        kind: Kind::Standard,
        receipt: ReceiptId::new("R2").unwrap(),
        unit: SignatureUnit::new(1, "3bc41de5").unwrap(),
        sums: BucketSums::default(),
        at: shop.now(),
    };
    let payload = stale.prepare(&cash_box, &request).unwrap();
    let made = Signature::Made([0; 64]);
    assert_eq!(
        stale.seal(Kind::Storno, &payload, made),
        Err(Fault::KindMismatch)
    );
    shop.make(Kind::Standard, 100, true).unwrap();
    assert_eq!(
        shop.register.seal(Kind::Standard, &payload, made),
        Err(Fault::NotNext)
    );
}

#[test]
fn in_the_hour_repeated_in_autumn_time_does_not_go_back() {
    let shop = Shop::new();
    let cash_box = shop.cash_box();
    let mut register = Register::default();
    let mut texts = Vec::new();
    // The times on 2026-10-25 are 02:55 in summer time, ten minutes later 02:05 in winter time, then 03:05.
    for (kind, utc_ms, offset_minutes) in [
        (Kind::Start, 1_792_889_700_000, 120),
        (Kind::Standard, 1_792_890_300_000, 60),
        (Kind::Standard, 1_792_893_900_000, 60),
    ] {
        let id = format!("R{}", texts.len());
        let request = Request {
            kind,
            receipt: ReceiptId::new(&id).unwrap(),
            unit: SignatureUnit::new(1, "3bc41de5").unwrap(),
            sums: BucketSums::default(),
            at: Moment {
                utc_ms,
                offset_minutes,
            },
        };
        let payload = register.prepare(&cash_box, &request).unwrap();
        texts.push(payload.at.to_string());
        let made = Signature::Made([0; 64]);
        let code = register.seal(kind, &payload, made).unwrap();
        register.take(kind, &code);
    }
    assert_eq!(
        texts,
        [
            "2026-10-25T02:55:00",
            "2026-10-25T02:55:00",
            "2026-10-25T03:05:00"
        ]
    );
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Standard),
        2 => Just(Kind::Storno),
        2 => Just(Kind::Training),
        1 => Just(Kind::Start),
        1 => Just(Kind::Null),
        1 => Just(Kind::Monats),
        1 => Just(Kind::Jahres),
        1 => Just(Kind::Schluss),
        3 => Just(Kind::Sammel),
    ]
}

fn any_cents() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => Just(0),
        4 => -100_000..100_000_i64,
        1 => any::<i64>(),
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
    ]
}

proptest! {
    /// Whatever receipts a till asks for, the checkers accept the protocol.
    #[test]
    fn every_protocol_is_accepted_by_the_checkers(
        wishes in prop::collection::vec((any_kind(), any_cents(), any::<bool>(), -1..40_i64), 0..60),
    ) {
        let mut shop = Shop::new();
        let _ = shop.make(Kind::Start, 0, true);
        for (kind, cents, signs, days) in wishes {
            shop.day += days;
            let before = shop.register.clone();
            let cents = if kind.is_zero() { 0 } else { cents };
            if shop.make(kind, cents, signs).is_err() {
                prop_assert_eq!(&before, &shop.register);
            }
        }
        check_protocol(&shop);
    }

    /// No text makes the parsers panic, and every text that they accept is written again in the same way.
    #[test]
    fn an_accepted_text_is_written_again_in_the_same_way(text in "_R[0-9]-AT[0-9]{1,3}(_[A-Za-z0-9=+/,:T-]{0,24}){11,13}|.{0,80}") {
        if let Ok(code) = Code::parse(&text) {
            prop_assert_eq!(code.display(Form::Qr).to_string(), text.clone());
        }
        let mut room = [0; 64];
        let _ = Code::parse_compact(&text, &mut room);
    }
}
