//! Two recipients of the same documents: one that does not answer never holds up the other.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ferrotill_core::budget::Budget;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{Duty, DutyKind, Recipient};
use ferrotill_core::event::Mode;
use ferrotill_core::profile::{Facts, MOLDOVA, Profile};
use ferrotill_core::receipt::CopiedLine;
use ferrotill_core::{Amount, Quantity};
use ferrotill_store::{DeviceIdentity, Founding, OutboxEntry, Reader, Store};
use ferrotill_testkit::config::{ConfigText, Device};
use ferrotill_testkit::health_page::check_says;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::{OutboxParts, OutboxThread, Transport};
use crate::authority::failure::DeliveryFailure;
use crate::authority::http::Delivery;
use crate::authority::online_ecr::OnlineEcr;
use crate::authority::{Authority, DutyForms, EncodedRequest, Verdict};
use crate::clerk::{Answer, Clerk, ClerkHandle, ClerkSettings, DevicePlan, Message};
use crate::config::{Config, adopt};
use crate::order::{OrderDraft, OrderForm, OrderKind, OrderLine, ReceiptMode, Said, TerminalUse};
use crate::seal::printer::PrinterTask;
use crate::status::LiveStatus;
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;

const DEVICE: Uuid = Uuid::from_u128(0xD1);
const LIBRARY: Recipient = Recipient::new("library");
const DOCUMENTS: u32 = 30;
const LONG: Duration = Duration::from_secs(60);

/// A country whose documents are told to two recipients.
#[derive(Debug)]
struct TwoRecipients;

impl Profile for TwoRecipients {
    fn facts(&self) -> &'static Facts {
        MOLDOVA.facts()
    }

    fn duties(&self, _kind: DocumentKind) -> &'static [Duty] {
        const fn told(recipient: Recipient) -> Duty {
            let kind = DutyKind::AlternativeReceipt;
            Duty { recipient, kind }
        }
        const DUTIES: [Duty; 2] = [told(LIBRARY), told(Recipient::AUTHORITY)];
        &DUTIES
    }
}

/// What a recipient does with each request, and the bodies that it has got.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Vec<u8>>>>);

/// A recipient that answers when it is allowed to: at once if there is no channel.
struct Recorded {
    heard: Heard,
    allowed: Option<Receiver<Verdict>>,
}

impl Transport for Recorded {
    fn deliver(&self, _form: &dyn Authority, request: &EncodedRequest, _kept: bool) -> Delivery {
        self.heard.0.lock().unwrap().push(request.body.clone());
        let verdict = match &self.allowed {
            None => Verdict::Acknowledged,
            // The test ends by dropping the other side.
            Some(allowed) => allowed
                .recv()
                .unwrap_or(Verdict::Failed(DeliveryFailure::TimedOut)),
        };
        Delivery {
            verdict,
            retry_after: None,
            date_ms: None,
        }
    }
}

struct Till {
    config: Config,
    reader: Reader,
    clerk_handle: ClerkHandle,
    clerk: Option<JoinHandle<()>>,
    clock: Arc<Clock>,
    guard: Arc<GuardedClock>,
    live_status: Arc<LiveStatus>,
    wakes: Vec<Arc<Notify>>,
}

impl Till {
    fn open(folder: &Path) -> Self {
        Self::open_with(folder, |forms| {
            forms.with(LIBRARY, Box::new(OnlineEcr::default()))
        })
    }

    fn open_with(folder: &Path, forms: impl FnOnce(DutyForms) -> DutyForms) -> Self {
        let device = Device::new(DEVICE, "Till 1", "datecs+tcp://127.0.0.1:9")
            .tax_group("A", "20.00")
            .range("ABC", 1, 500, 8);
        let text = ConfigText::new("MD", folder)
            .device(device)
            .upstream("http://127.0.0.1:9");
        let config = Config::parse(&text.to_string(), "test.toml").unwrap();
        let clock = Arc::new(Clock::new(Some("UTC")).unwrap());
        let founding = Founding::new(MOLDOVA.facts(), Mode::Test, clock.now());
        let store = Store::open(folder, &founding).unwrap();
        let guard = Arc::new(GuardedClock::new(
            Arc::clone(&clock),
            store.stored_clock().unwrap(),
            store.latest_moment().unwrap(),
        ));
        let (clerk_handle, inbox) = ClerkHandle::new();
        let live_status = Arc::new(LiveStatus::default());
        let wakes = vec![Arc::new(Notify::new()), Arc::new(Notify::new())];
        let forms =
            forms(DutyForms::of(&config, &TwoRecipients).noted_in(Arc::clone(&live_status)));
        let settings = ClerkSettings {
            profile: &TwoRecipients,
            clock: Arc::clone(&clock),
            guard: Arc::clone(&guard),
            owner_budget: Budget::UNLIMITED,
            live_status: Arc::clone(&live_status),
            forms: Arc::new(forms),
            wake_senders: wakes.clone(),
            contact_ms: i64::MAX,
            signatures: None,
            seller: ferrotill_render::PrintedSeller::default(),
            terminals: crate::payment::Terminals::default(),
            deliveries: None,
        };
        let plan = DevicePlan {
            device: DEVICE,
            identity: DeviceIdentity::default(),
            configuration: adopt::configuration(&config.devices[0], MOLDOVA.facts()).unwrap(),
            printer: PrinterTask::none(),
            point_of_sale: Uuid::nil(),
            serial: None,
        };
        let clerk = Clerk::open(store, Arc::new(settings), vec![plan], inbox).unwrap();
        Self {
            config,
            reader: Reader::new(folder),
            clerk_handle,
            clerk: Some(std::thread::spawn(move || clerk.run())),
            clock,
            guard,
            live_status,
            wakes,
        }
    }

    fn sells(&self, documents: std::ops::Range<u32>) {
        for document in documents {
            let (reply, answer) = oneshot::channel();
            self.clerk_handle.send(Message::Order {
                device: DEVICE,
                form: Box::new(order(document)),
                deadline: Instant::now() + LONG,
                reply,
            });
            let answer = answer.blocking_recv().unwrap();
            assert!(matches!(answer, Answer::Registered { .. }), "{answer:?}");
        }
    }

    fn tell(&self, place: usize, recipient: Recipient, transport: Recorded) -> OutboxThread {
        let parts = OutboxParts {
            recipient,
            environment: "TEST".to_owned(),
            seed: 1,
            reader: self.reader.clone(),
            clerk_handle: self.clerk_handle.clone(),
            live_status: Arc::clone(&self.live_status),
            wake: Arc::clone(&self.wakes[place]),
            clock: Arc::clone(&self.clock),
            guard: Arc::clone(&self.guard),
        };
        let upstream = self.config.upstream.as_ref().unwrap();
        let form = Box::new(OnlineEcr::default());
        OutboxThread::start_over(parts, upstream, form, Box::new(transport)).unwrap()
    }

    fn waiting(&self, recipient: Recipient) -> Vec<OutboxEntry> {
        self.reader.outbox_entries(recipient, 0, 1_000).unwrap()
    }

    fn until_told(&self, recipient: Recipient) {
        let begun = Instant::now();
        while !self.waiting(recipient).is_empty() {
            assert!(begun.elapsed() < LONG, "{recipient} was not told in time");
            self.clock.skip(100);
            std::thread::yield_now();
        }
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        self.clerk_handle.send(Message::Stop);
        if let Some(clerk) = self.clerk.take() {
            let _ = clerk.join();
        }
    }
}

fn order(document: u32) -> OrderForm {
    let line = OrderLine {
        name: "Piine".into(),
        quantity: Quantity::ONE,
        price: Amount::from_minor(810),
        modifier: None,
        tax_group: Some("A".to_owned()),
        comment: "".into(),
        final_amount: None,
        copied: CopiedLine::NONE,
    };
    OrderForm {
        said: Said::default(),
        id: Uuid::from_u128(u128::from(document) + 1),
        point_of_sale: Uuid::nil(),
        kind: OrderKind::Sale {
            draft: OrderDraft {
                lines: vec![line],
                payments: vec![(Some(0), Amount::from_minor(1_000))],
                ..OrderDraft::default()
            },
            mode: ReceiptMode::AlternativeOnly,
            number: None,
            print: false,
        },
        echo: String::new(),
        found: String::new(),
        on_paper: true,
        terminals: TerminalUse::default(),
        contact: None,
    }
}

fn recorded(allowed: Option<Receiver<Verdict>>) -> (Recorded, Heard) {
    let heard = Heard::default();
    let recorded = Recorded {
        heard: heard.clone(),
        allowed,
    };
    (recorded, heard)
}

/// The library never answers while the authority is told of everything, whichever of them has its worker first. Then it answers
/// with everything that can happen, and in the end it has every document, always with the same bytes.
#[test]
fn a_recipient_that_does_not_answer_holds_up_no_other() {
    for library_first in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let till = Till::open(folder.path());
        till.sells(0..DOCUMENTS / 2);
        let (answers, allowed): (Sender<Verdict>, _) = channel();
        let (library, heard_by_library) = recorded(Some(allowed));
        let (authority, heard_by_authority) = recorded(None);
        let mut library = Some(library);
        let mut threads = Vec::new();
        if library_first {
            threads.push(till.tell(1, LIBRARY, library.take().unwrap()));
        }
        threads.push(till.tell(0, Recipient::AUTHORITY, authority));
        if let Some(library) = library {
            threads.push(till.tell(1, LIBRARY, library));
        }
        till.sells(DOCUMENTS / 2..DOCUMENTS);
        till.until_told(Recipient::AUTHORITY);
        assert_eq!(heard_by_authority.0.lock().unwrap().len(), 30);
        assert_eq!(till.waiting(LIBRARY).len(), 30, "nothing was acknowledged");
        assert!(heard_by_library.0.lock().unwrap().len() <= 1);
        let office = till.live_status.office();
        assert_eq!(
            office.state, "online",
            "only the authority's state is shown"
        );

        let failed = Verdict::Failed(DeliveryFailure::TimedOut);
        let message = "no".to_owned();
        for verdict in [failed.clone(), failed, Verdict::Refused { message }] {
            answers.send(verdict).unwrap();
        }
        for _ in 0..DOCUMENTS {
            answers.send(Verdict::Acknowledged).unwrap();
        }
        till.until_told(LIBRARY);
        let heard = heard_by_library.0.lock().unwrap().clone();
        let bodies: BTreeSet<Vec<u8>> = heard.iter().cloned().collect();
        assert_eq!((heard.len(), bodies.len()), (33, 30));
    }
}

/// A document that cannot be told to one recipient is sold, and told to the other one; health names it, also after a restart.
#[test]
fn a_document_without_a_form_is_sold_and_noted() {
    let folder = tempfile::tempdir().unwrap();
    for documents in [0..1, 1..2] {
        let till = Till::open_with(folder.path(), |forms| forms);
        till.sells(documents);
        let problems = till.live_status.problems().list();
        let noted: Vec<(&str, bool)> = problems
            .iter()
            .map(|problem| {
                (
                    problem.kind.id(),
                    problem.says.contains("no form for the recipient library"),
                )
            })
            .collect();
        assert_eq!(noted, [("document_untold", true)]);
        check_says("document_untold", &problems[0].says);
        let (authority, heard) = recorded(None);
        let thread = till.tell(0, Recipient::AUTHORITY, authority);
        till.until_told(Recipient::AUTHORITY);
        assert_eq!(heard.0.lock().unwrap().len(), 1);
        drop(thread);
    }
    let till = Till::open(folder.path());
    let waiting = till.waiting(LIBRARY);
    assert_eq!(waiting.len(), 2);
    assert!(
        waiting.iter().all(|entry| entry.request.is_some()),
        "frozen at this start"
    );
}
