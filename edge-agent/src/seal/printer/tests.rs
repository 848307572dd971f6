//! An idle printer, without a document.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use ferrotill_core::Amount;
use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, ClosedDay, Condition, Connected, FiscalPrinter, Job, JournalEvidence, Outcome, Watch,
};
use uuid::Uuid;

use super::worker::{PAUSE_MAX, PAUSE_MIN, longer};
use super::{Clock, Duration, Listener, News, PrinterTask, Task};

/// A printer whose counters somebody changes, or that somebody pulls out (none).
struct Idle {
    counters: Arc<Mutex<Option<Baseline>>>,
    read: Option<Baseline>,
}

impl FiscalPrinter for Idle {
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

    fn perform(&mut self, _: &Job, _: &Baseline, _: &mut dyn Watch) -> Outcome {
        Outcome::Unknown(Fault::PortLost)
    }

    fn recover(
        &mut self,
        _: &Job,
        _: &Baseline,
        _: &JournalEvidence,
        _: &mut dyn Watch,
    ) -> Outcome {
        Outcome::Unknown(Fault::PortLost)
    }

    fn clear_leftover(&mut self, _: &mut dyn Watch) -> Result<Baseline, Fault> {
        Err(Fault::Unclear)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        Ok(Condition::default())
    }
}

struct Ear(Sender<News>);

impl Listener for Ear {
    fn send(&self, news: News) {
        // A test that has ended hears nothing.
        let _ = self.0.send(news);
    }

    fn decide_cancel(&self, _: Uuid) -> bool {
        false
    }
}

#[test]
fn what_happens_to_an_idle_printer_is_noticed_without_a_document() {
    let begun = Baseline {
        serial: "SC000001".to_owned(),
        fiscal_memory: "90000001".to_owned(),
        last_document: 7,
        next_fiscal_receipt: 7,
        z_number: Some(0),
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
    };
    let counters = Arc::new(Mutex::new(Some(begun.clone())));
    let printer = Idle {
        counters: Arc::clone(&counters),
        read: None,
    };
    let (ear, news) = channel();
    let clock = Arc::new(Clock::new(None).unwrap());
    let look = Duration::from_millis(5);
    let printer: Box<dyn FiscalPrinter> = Box::new(printer);
    let task = PrinterTask::start_with_idle_check("idle", printer, Box::new(Ear(ear)), clock, look)
        .unwrap();
    task.ask(Task::Begin);
    let next = || news.recv_timeout(Duration::from_secs(20)).expect("news");
    assert!(matches!(next(), News::Ready(_)));
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
    let told = next();
    assert!(
        matches!(&told, News::Counters(told) if **told == closed),
        "{told:?}"
    );
    // Nothing is told twice: the next news is that the cable was pulled, and then that it is back.
    *counters.lock().unwrap() = None;
    let lost = next();
    assert!(matches!(lost, News::Lost(_)), "{lost:?}");
    *counters.lock().unwrap() = Some(closed);
    let back = next();
    assert!(matches!(back, News::Ready(_)), "{back:?}");
}

#[test]
fn a_printer_that_is_away_is_looked_for_for_ever_and_never_in_a_loop() {
    let mut pause = PAUSE_MIN;
    let (mut attempts, mut waited) = (1_u32, Duration::ZERO);
    // An hour on a clock that nobody waits for.
    while waited < Duration::from_secs(3_600) {
        assert!(pause >= PAUSE_MIN && pause <= PAUSE_MAX);
        waited += pause;
        attempts += 1;
        pause = longer(pause);
    }
    assert_eq!(pause, PAUSE_MAX);
    assert!(
        attempts <= 1_810,
        "{attempts}: twice in {PAUSE_MAX:?} is too often"
    );
    // It is found again within seconds, however long it was away.
    assert!(PAUSE_MAX <= Duration::from_secs(2));
}
