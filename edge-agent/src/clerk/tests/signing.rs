//! Signed receipts: a till that is stopped between any two steps has the same bytes signed again, and each receipt id once.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use ferrotill_core::budget::Budget;
use ferrotill_core::event::{Event, Mode};
use ferrotill_core::profile::signed::{AesKey, Code, PAYLOAD_BYTES_MAX, Payload, Signature};
use ferrotill_core::profile::{AUSTRIA, Profile as _};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_rksv::SoftwareUnit;
use ferrotill_store::{DeviceIdentity, Founding, Reader, Store};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::stage::{Stage, WriteFailure, configuration, device, sale};
use crate::authority::DutyForms;
use crate::clerk::{Answer, Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use crate::config::OnlineEcrConfig;
use crate::order::OrderForm;
use crate::seal::printer::PrinterTask;
use crate::seal::signature::units::Units;
use crate::seal::signature::{CashBoxSecret, Signatures, Signed};
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;

/// The numbers of the events in the journal.
const SEALED: u16 = 4;
const RECEIPT_PREPARED: u16 = 16;
const RECEIPT_SIGNED: u16 = 17;

/// A till without threads of its own but that of the units. The test hands their outcomes to the clerk, or loses them.
struct Till {
    clerk: Clerk,
    clerk_handle: ClerkHandle,
    outcomes: Receiver<Signed>,
    units: Arc<Units>,
}

/// The folder and the unit, which remain when the till is stopped.
struct Shop {
    folder: tempfile::TempDir,
    key: Vec<u8>,
}

impl Shop {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            key: SoftwareUnit::new_key().unwrap().to_vec(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self) -> Till {
        let clock = Arc::new(Clock::new(Some("Europe/Vienna")).unwrap());
        let (clerk_handle, inbox) = ClerkHandle::new();
        let founding = Founding::new(AUSTRIA.facts(), Mode::Test, clock.now());
        let store = Store::open(self.path(), &founding).unwrap();
        let guard = GuardedClock::new(
            Arc::clone(&clock),
            store.stored_clock().unwrap(),
            store.latest_moment().unwrap(),
        );
        let unit = SoftwareUnit::with_key("U:ATU12345678-K1", &self.key).unwrap();
        let cash_box = CashBoxSecret {
            id: "KASSE-1".to_owned(),
            key: AesKey::new([1; 32]),
        };
        let (told, outcomes) = channel();
        let report = Box::new(move |_, signed| drop(told.send(signed)));
        let cash_boxes = [(device(0), cash_box)].into();
        let signatures = Signatures::start(
            Units::new(vec![unit], Arc::clone(&clock)),
            cash_boxes,
            report,
        )
        .unwrap();
        let units = Arc::clone(signatures.units());
        let settings = Arc::new(ClerkSettings {
            profile: &AUSTRIA,
            clock,
            guard: Arc::new(guard),
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::new(LiveStatus::default()),
            forms: Arc::new(DutyForms::new(&AUSTRIA, &OnlineEcrConfig::default())),
            wake_senders: Vec::new(),
            contact_ms: i64::MAX,
            seller: ferrotill_render::PrintedSeller::default(),
            signatures: Some(Arc::new(signatures)),
            terminals: crate::payment::Terminals::default(),
            deliveries: None,
        });
        let plan = DevicePlan {
            device: device(0),
            configuration: configuration(),
            identity: DeviceIdentity::default(),
            printer: PrinterTask::none(),
            point_of_sale: Uuid::from_u128(1),
            serial: None,
        };
        let mut clerk = Clerk::open(store, settings, vec![plan], inbox).unwrap();
        let _ = clerk.turn(None);
        Till {
            clerk,
            clerk_handle,
            outcomes,
            units,
        }
    }

    /// A till whose start receipt is made.
    fn started(&self) -> Till {
        let mut till = self.start();
        till.sign();
        till
    }

    fn rows(&self, kind: u16) -> i64 {
        Stage::rows_of(self.path(), kind)
    }

    /// Checks that no receipt id was prepared twice, that each prepared receipt is sealed once, and that the chain is whole.
    fn check(&self) {
        let mut ids = BTreeSet::new();
        for row in Stage::payloads_of(self.path(), RECEIPT_PREPARED) {
            let Ok(Event::ReceiptPrepared(receipt)) = Event::decode(RECEIPT_PREPARED, 1, &row)
            else {
                panic!("a prepared receipt");
            };
            let payload = Payload::parse(receipt.payload).unwrap();
            assert!(ids.insert(payload.receipt.as_str().to_owned()));
        }
        let mut chain = None;
        let mut sealed = BTreeSet::new();
        let reader = Reader::new(self.path());
        let each = reader.each_signed(device(0), |_, event| {
            let compact = match event {
                Event::ReceiptSigned(receipt) => receipt.compact,
                Event::Sealed(sealed) => match sealed.seal {
                    Seal::Signature { compact, .. } => compact,
                    _ => return std::ops::ControlFlow::Continue(()),
                },
                _ => return std::ops::ControlFlow::Continue(()),
            };
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let code = Code::parse_compact(compact, &mut room).unwrap();
            assert!(chain.is_none_or(|chain| chain == code.payload.previous));
            chain = Some(code.chain_value());
            assert!(sealed.insert(code.payload.receipt.as_str().to_owned()));
            std::ops::ControlFlow::Continue(())
        });
        each.unwrap();
        assert_eq!(ids, sealed);
    }
}

impl Till {
    /// What a unit has made of the prepared receipt.
    fn outcome(&self) -> Signed {
        self.outcomes.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    fn deliver(&mut self, signed: Signed) {
        self.clerk_handle.send(Message::Signed(device(0), signed));
        let _ = self.clerk.turn(None);
    }

    fn sign(&mut self) {
        let signed = self.outcome();
        self.deliver(signed);
    }

    fn order(&mut self, form: OrderForm) -> oneshot::Receiver<Answer> {
        let (reply, answer) = oneshot::channel();
        self.clerk_handle.send(Message::Order {
            device: device(0),
            form: Box::new(form),
            deadline: Instant::now() + Duration::from_secs(60),
            reply,
        });
        let _ = self.clerk.turn(None);
        answer
    }

    fn is_idle(&self) -> bool {
        self.outcomes.try_recv().is_err()
    }
}

fn is_registered(mut answer: oneshot::Receiver<Answer>) -> bool {
    matches!(answer.try_recv(), Ok(Answer::Registered { .. }))
}

#[test]
fn a_till_that_is_stopped_after_a_receipt_is_prepared_has_the_same_bytes_signed_again() {
    let shop = Shop::new();
    let till = shop.start();
    let start = till.outcome();
    drop(till);
    let mut till = shop.start();
    let again = till.outcome();
    assert_eq!(again.payload, start.payload);
    // The two signatures differ, and any of them is good for the receipt. The other one is not needed.
    assert_ne!(again.signature, start.signature);
    till.deliver(start);
    till.deliver(again);
    assert_eq!(
        (shop.rows(RECEIPT_PREPARED), shop.rows(RECEIPT_SIGNED)),
        (1, 1)
    );

    let answer = till.order(sale(1, 810));
    let first = till.outcome();
    drop(till);
    assert!(!is_registered(answer));
    let till = shop.start();
    assert_eq!(till.outcome().payload, first.payload);
    drop(till);
    let mut till = shop.start();
    let third = till.outcome();
    assert_eq!(third.payload, first.payload);
    till.deliver(third);
    assert_eq!((shop.rows(RECEIPT_PREPARED), shop.rows(SEALED)), (2, 1));
    // The caller repeats its request, and nothing is signed a second time.
    assert!(is_registered(till.order(sale(1, 810))));
    assert!(till.is_idle());
    let answer = till.order(sale(2, 900));
    till.sign();
    assert!(is_registered(answer));
    shop.check();
}

#[test]
fn a_repeated_order_waits_for_its_receipt_that_was_prepared_before_a_crash() {
    let shop = Shop::new();
    let mut till = shop.started();
    drop(till.order(sale(1, 810)));
    let first = till.outcome();
    drop(till);

    let mut till = shop.start();
    let mut repeated = till.order(sale(1, 810));
    assert!(matches!(
        repeated.try_recv(),
        Err(oneshot::error::TryRecvError::Empty)
    ));
    let other = till.order(sale(1, 900)).try_recv();
    assert!(
        matches!(
            other,
            Ok(Answer::Refused {
                refusal: Refusal::RequestIdClash,
                ..
            })
        ),
        "{other:?}"
    );
    till.sign();
    let answer = repeated.try_recv();
    assert!(
        matches!(answer, Ok(Answer::Registered { replayed: true, .. })),
        "{answer:?}"
    );

    // The same after an error of the store, which makes the till forget its callers.
    drop(till.order(sale(2, 900)));
    let second = till.outcome();
    Stage::break_disk_of(shop.path(), WriteFailure::Commit);
    till.deliver(second);
    Stage::repair_disk_of(shop.path());
    let mut repeated = till.order(sale(2, 900));
    assert!(matches!(
        repeated.try_recv(),
        Err(oneshot::error::TryRecvError::Empty)
    ));
    till.sign();
    assert!(is_registered(repeated));
    assert_eq!(first.payload.split('_').nth(3), Some("2"));
    assert_eq!((shop.rows(RECEIPT_PREPARED), shop.rows(SEALED)), (3, 2));
    shop.check();
}

#[test]
fn an_outcome_of_another_receipt_is_not_taken() {
    let shop = Shop::new();
    let mut till = shop.start();
    let start = till.outcome();
    till.deliver(start.clone());
    let answer = till.order(sale(1, 810));
    till.deliver(start);
    till.deliver(Signed {
        payload: "_nothing".to_owned(),
        signature: Some([1; 64]),
    });
    assert_eq!(shop.rows(SEALED), 0);
    till.sign();
    assert!(is_registered(answer));
    shop.check();
}

#[test]
fn a_receipt_whose_seal_cannot_be_written_is_signed_again() {
    let shop = Shop::new();
    let mut till = shop.started();
    let answer = till.order(sale(1, 810));
    let first = till.outcome();
    Stage::break_disk_of(shop.path(), WriteFailure::Commit);
    till.deliver(first.clone());
    assert!(!is_registered(answer));
    Stage::repair_disk_of(shop.path());
    let _ = till.clerk.turn(None);
    let again = till.outcome();
    assert_eq!(again.payload, first.payload);
    till.deliver(again);
    assert!(is_registered(till.order(sale(1, 810))));
    assert_eq!((shop.rows(RECEIPT_PREPARED), shop.rows(SEALED)), (2, 1));
    shop.check();
}

#[test]
fn nothing_is_sold_before_a_unit_has_signed_the_start_receipt() {
    let shop = Shop::new();
    let till = shop.start();
    till.units.set_down(true);
    // The unit had signed before it was switched off; the outcome is lost.
    let _ = till.outcome();
    drop(till);
    let mut till = shop.start();
    till.units.set_down(true);
    till.deliver(Signed {
        payload: till.outcome().payload,
        signature: None,
    });
    let mut answer = till.order(sale(1, 810));
    assert!(answer.try_recv().is_err());
    assert_eq!(shop.rows(SEALED), 0);
    till.units.set_down(false);
    let _ = till.clerk.turn(None);
    till.sign();
    till.sign();
    assert!(is_registered(answer));
    assert_eq!(shop.rows(SEALED), 1);
    shop.check();
}

#[test]
fn after_an_outage_the_collective_receipt_is_the_first_one() {
    let shop = Shop::new();
    let mut till = shop.started();
    till.units.set_down(true);
    for id in 1..4 {
        let answer = till.order(sale(id, 810));
        let unsigned = till.outcome();
        assert_eq!(unsigned.signature, None);
        till.deliver(unsigned);
        assert!(is_registered(answer));
    }
    till.units.set_down(false);
    let answer = till.order(sale(4, 810));
    let collective = till.outcome();
    let amounts = Payload::parse(&collective.payload).unwrap().sums;
    assert!(amounts.all_zero());
    till.deliver(collective);
    till.sign();
    assert!(is_registered(answer));
    shop.check();
    let signatures = Stage::payloads_of(shop.path(), RECEIPT_SIGNED);
    let Ok(Event::ReceiptSigned(last)) = Event::decode(RECEIPT_SIGNED, 1, &signatures[1]) else {
        panic!("a signed receipt");
    };
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(last.compact, &mut room).unwrap();
    assert_ne!(code.signature, Signature::Failed);
    assert_eq!(code.payload.receipt.as_str(), "5");
}
