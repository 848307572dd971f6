//! The printer's thread while no document is outstanding.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use ferrotill_core::Amount;
use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, ClosedDay, Condition, Connected, FiscalPrinter, Job, JournalEvidence, Performed,
    Recovered, TextPaper, Watch,
};
use uuid::Uuid;

use super::worker::{PAUSE_MAX, PAUSE_MIN, longer_pause};
use super::{Clock, DrawerOutcome, Duration, Listener, News, Permit, PrinterTask, Remark, Task};

/// An idle printer. The test changes its counters, or disconnects it (`None`).
struct IdlePrinter {
    counters: Arc<Mutex<Option<Baseline>>>,
    read: Option<Baseline>,
}

impl FiscalPrinter for IdlePrinter {
    fn family(&self) -> &'static str {
        "idle"
    }

    fn text_paper(&self) -> TextPaper {
        TextPaper {
            columns: 42,
            large: false,
            code_bytes_max: 0,
            picture_dots: 0,
        }
    }

    fn letters(&self, text: &str) -> usize {
        text.len()
    }

    fn connect(&mut self) -> Result<Connected, Fault> {
        self.read.clone_from(&self.counters.lock().unwrap());
        Ok(Connected {
            baseline: self.read.clone().ok_or(Fault::PortUnavailable)?,
            model: String::new(),
            firmware: String::new(),
            address: String::new(),
            clock: None,
            condition: Condition::default(),
            receipt_open: false,
            groups: [None; 8],
            missing: Vec::new(),
            country: "",
            training: false,
        })
    }

    fn last_z(&self) -> Option<ClosedDay> {
        let z_number = self.read.as_ref()?.z_number.filter(|z| *z > 0)?;
        Some(ClosedDay {
            z_number,
            groups: [Amount::ZERO; 8],
            day: String::new(),
        })
    }

    fn perform(&mut self, _: &Job, _: &Baseline, _: &mut dyn Watch) -> Performed {
        Performed::Unknown(Fault::PortLost)
    }

    fn recover(
        &mut self,
        _: &Job,
        _: &Baseline,
        _: &JournalEvidence,
        _: &mut dyn Watch,
    ) -> Recovered {
        Recovered::Unknown(Fault::PortLost)
    }

    fn clear_leftover(&mut self, _: &mut dyn Watch) -> Result<Baseline, Fault> {
        Err(Fault::Unclear)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        Ok(Condition::default())
    }
}

struct NewsSender(Sender<News>);

impl Listener for NewsSender {
    fn send(&self, news: News) {
        // Sending fails if the test has ended already.
        let _ = self.0.send(news);
    }

    fn decide_cancel(&self, _: Uuid) -> bool {
        false
    }
}

fn begun() -> Baseline {
    Baseline {
        family: "idle".to_owned(),
        serial: "SC000001".to_owned(),
        fiscal_memory: "90000001".to_owned(),
        last_document: 7,
        next_fiscal_receipt: 7,
        z_number: Some(0),
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
    }
}

#[test]
fn changes_of_an_idle_printer_are_reported_without_a_document() {
    let begun = begun();
    let counters = Arc::new(Mutex::new(Some(begun.clone())));
    let printer = IdlePrinter {
        counters: Arc::clone(&counters),
        read: None,
    };
    let (sender, news) = channel();
    let clock = Arc::new(Clock::new(None).unwrap());
    let idle_check = Duration::from_millis(5);
    let printer: Box<dyn FiscalPrinter> = Box::new(printer);
    let task = PrinterTask::start_with_idle_check(
        "idle",
        printer,
        Box::new(NewsSender(sender)),
        clock,
        idle_check,
    )
    .unwrap();
    task.ask(Task::Begin);
    let next = || news.recv_timeout(Duration::from_secs(20)).expect("news");
    assert!(matches!(next(), News::Ready(_)));
    // After each connection, also that nothing is wrong.
    let condition = next();
    assert!(
        matches!(condition, News::Remark(Remark::Condition(None))),
        "{condition:?}"
    );
    let closed = Baseline {
        last_document: 8,
        next_fiscal_receipt: 1,
        z_number: Some(1),
        ..begun
    };
    *counters.lock().unwrap() = Some(closed.clone());
    let day = next();
    assert!(
        matches!(&day, News::LastZ(day) if day.z_number == 1),
        "{day:?}"
    );
    let changed = next();
    assert!(
        matches!(&changed, News::Counters(counters) if **counters == closed),
        "{changed:?}"
    );
    // No news is reported twice: the next news is that the printer is lost, and then that it is connected again.
    *counters.lock().unwrap() = None;
    let lost = next();
    assert!(matches!(lost, News::Lost(_)), "{lost:?}");
    *counters.lock().unwrap() = Some(closed);
    let back = next();
    assert!(matches!(back, News::Ready(_)), "{back:?}");
}

#[test]
fn a_drawer_request_that_was_answered_while_the_thread_had_it_is_not_begun() {
    let counters = Arc::new(Mutex::new(Some(begun())));
    let printer = Box::new(IdlePrinter {
        counters,
        read: None,
    });
    let (sender, news) = channel();
    let clock = Arc::new(Clock::new(None).unwrap());
    let now = clock.monotonic();
    let (task, mut worker) = PrinterTask::by_hand(printer, Box::new(NewsSender(sender)), clock);
    let in_time = Permit::until(now + Duration::from_secs(60));
    let answered = in_time.clone();
    assert!(answered.withdraw());
    task.ask(Task::Begin);
    for permit in [answered, Permit::until(now), in_time] {
        task.ask(Task::Drawer(permit));
    }
    task.ask(Task::Drawer(Permit::until(now + Duration::from_secs(60))));
    for _ in 0..5 {
        assert!(worker.turn().is_continue());
    }
    let outcomes: Vec<DrawerOutcome> = news
        .try_iter()
        .filter_map(|news| match news {
            News::DrawerDone(outcome, _) => Some(outcome),
            _ => None,
        })
        .collect();
    let (last, refused) = outcomes.split_last().unwrap();
    assert_eq!(refused.len(), 3);
    for outcome in refused {
        assert!(
            matches!(outcome, DrawerOutcome::NotOpened(reason) if reason.contains("waiting time")),
            "{outcome:?}"
        );
    }
    // This printer answers nothing that it is told to do.
    assert!(matches!(last, DrawerOutcome::Unknown(_)), "{last:?}");
}

#[test]
fn reconnection_is_tried_without_end_and_with_pauses() {
    let mut pause = PAUSE_MIN;
    let (mut attempts, mut waited) = (1_u32, Duration::ZERO);
    // The loop adds up one hour of pauses without waiting.
    while waited < Duration::from_secs(3_600) {
        assert!(pause >= PAUSE_MIN && pause <= PAUSE_MAX);
        waited += pause;
        attempts += 1;
        pause = longer_pause(pause);
    }
    assert_eq!(pause, PAUSE_MAX);
    assert!(
        attempts <= 1_810,
        "{attempts}: twice in {PAUSE_MAX:?} is too often"
    );
    // The printer is found again within two seconds, however long it was unreachable.
    assert!(PAUSE_MAX <= Duration::from_secs(2));
}
