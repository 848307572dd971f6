//! The jobs that wait for a device: one bounded queue, with turns between the kinds of jobs.
//!
//! A job is taken out of the queue to be begun. A job whose callers have all been answered, or have disconnected, is dropped at that
//! moment: nothing is carried out behind an answer. The slip of a sealed document is the exception, because its document is legal and
//! needs its paper whether somebody waits or not.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::answer::{Answer, Caller, DrawerOutcome};
use crate::order::OrderForm;
use crate::order::fingerprint::RequestFingerprint;
use crate::seal::printer::DocumentSlip;

/// The largest number of orders and drawer requests that wait for one device.
pub(super) const QUEUE_MAX: usize = 256;
/// The largest number of slips that wait for one device.
pub(super) const SLIPS_MAX: usize = 20;
/// How long before its deadline a caller is answered, so that the answer arrives in time.
pub(super) const ANSWER_MARGIN: Duration = Duration::from_millis(100);

/// A job that waits for its device.
#[derive(Debug)]
pub(super) enum Job {
    /// An order, which becomes a document.
    Order(Box<QueuedOrder>),
    /// The slip of a sealed document.
    Slip(Box<Slip>),
    /// Opening the drawer.
    Drawer(DrawerRequest),
}

/// An order in the queue of a device.
#[derive(Debug)]
pub(super) struct QueuedOrder {
    pub(super) form: OrderForm,
    pub(super) fingerprint: RequestFingerprint,
    pub(super) unique: Uuid,
    pub(super) callers: Vec<Caller>,
    /// How often the order was given to the printer.
    pub(super) attempts: u8,
    /// False only in the batch that brings the order, if it is to be begun there: then it is decided as it is begun.
    pub(super) is_decided: bool,
}

/// The slip of a document that is legal without paper: an alternative receipt, or a receipt with a fiscal number.
#[derive(Debug)]
pub(super) struct Slip {
    pub(super) id: Uuid,
    pub(super) paper: DocumentSlip,
    pub(super) callers: Vec<Caller>,
    /// Whether the callers asked for the paper alone, and not for the document.
    pub(super) is_copy: bool,
    /// True if the document has no other paper, so that what its paper lacks is done once this one is printed.
    pub(super) ends_note: bool,
}

impl Slip {
    /// The answer to callers who cannot wait for the paper any longer.
    pub(super) fn late_answer(&self) -> Answer {
        if self.is_copy {
            Answer::Unknown {
                message: "the paper is not printed yet".to_owned(),
            }
        } else {
            Answer::Registered {
                id: self.id,
                replayed: false,
            }
        }
    }
}

/// A caller's request to open the drawer. After a payment the printer opens the drawer by itself.
#[derive(Debug)]
pub(super) struct DrawerRequest {
    pub(super) reply: oneshot::Sender<DrawerOutcome>,
    pub(super) deadline: Instant,
}

/// The kinds of jobs, in the order of their turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobKind {
    Order,
    Slip,
    Drawer,
}

impl JobKind {
    const fn next(self) -> Self {
        match self {
            Self::Order => Self::Slip,
            Self::Slip => Self::Drawer,
            Self::Drawer => Self::Order,
        }
    }
}

impl Job {
    pub(super) const fn kind(&self) -> JobKind {
        match self {
            Self::Order(_) => JobKind::Order,
            Self::Slip(_) => JobKind::Slip,
            Self::Drawer(_) => JobKind::Drawer,
        }
    }

    /// True if the job is still to be carried out.
    fn is_wanted(&self) -> bool {
        match self {
            // Decision 0004: an order that no caller waits for is dropped unsold.
            // Money of a card has moved for a paid order, so it is carried out whoever waits.
            Self::Order(order) => {
                order.form.terminals.is_paid()
                    || order.callers.iter().any(|caller| !caller.reply.is_closed())
            }
            Self::Slip(_) => true,
            Self::Drawer(request) => !request.reply.is_closed(),
        }
    }
}

/// A job, or a part of its callers, whose deadline has come.
#[derive(Debug)]
pub(super) enum Expired {
    /// Callers of an order. The order has left the queue if nobody else waits for it.
    Order {
        callers: Vec<Caller>,
        /// True if other callers still wait for the order.
        still_wanted: bool,
        /// True if the money of a card has moved for the order, which then stays in the queue.
        is_paid: bool,
        /// False if it is not known whether the order repeats a request.
        is_decided: bool,
        /// How many orders were before this one.
        orders_before: usize,
    },
    /// Callers of a slip, which stays in the queue.
    Slip(Answer, Vec<Caller>),
    /// A drawer request, which has left the queue.
    Drawer(DrawerRequest),
}

/// The jobs that wait for one device.
#[derive(Debug, Default)]
pub(super) struct JobQueue {
    jobs: VecDeque<Job>,
    /// The kind of the job that the printer got last.
    last: Option<JobKind>,
}

impl JobQueue {
    /// Adds a job at the end. Returns the job if the queue has no room for it.
    #[must_use = "a job that has no room must be answered"]
    pub(super) fn push(&mut self, job: Job) -> Option<Job> {
        let slip = job.kind() == JobKind::Slip;
        let waiting = self.jobs.iter();
        let waiting = waiting.filter(|waiting| (waiting.kind() == JobKind::Slip) == slip);
        let limit = if slip { SLIPS_MAX } else { QUEUE_MAX };
        if waiting.count() >= limit {
            return Some(job);
        }
        self.jobs.push_back(job);
        None
    }

    /// True if no job waits.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Puts an order that was begun without effect back in front of all others.
    pub(super) fn put_back(&mut self, order: QueuedOrder) {
        self.jobs.push_front(Job::Order(Box::new(order)));
    }

    /// Takes the first order that was not decided, and says where it stood.
    pub(super) fn take_undecided(&mut self) -> Option<(usize, QueuedOrder)> {
        let mut jobs = self.jobs.iter();
        let place = jobs.position(|job| matches!(job, Job::Order(order) if !order.is_decided))?;
        match self.jobs.remove(place)? {
            Job::Order(order) => Some((place, *order)),
            Job::Slip(_) | Job::Drawer(_) => None,
        }
    }

    /// Puts an order that was taken out to be decided back to where it stood.
    pub(super) fn put_decided(&mut self, place: usize, order: QueuedOrder) {
        let order = QueuedOrder {
            is_decided: true,
            ..order
        };
        self.jobs
            .insert(place.min(self.jobs.len()), Job::Order(Box::new(order)));
    }

    /// Takes the first order that `ready` accepts and that is still wanted, whatever turn it is.
    pub(super) fn take_order(
        &mut self,
        mut ready: impl FnMut(&OrderForm) -> bool,
    ) -> Option<QueuedOrder> {
        self.take(|job| matches!(job, Job::Order(order) if ready(&order.form)))
            .and_then(|job| match job {
                Job::Order(order) => Some(*order),
                Job::Slip(_) | Job::Drawer(_) => None,
            })
    }

    /// Takes the next job for the printer: one job of each kind in turn, and of one kind the oldest. Of the orders only those are taken
    /// that `ready` accepts: those whose documents the printer makes, and that wait for nothing else.
    pub(super) fn take_turn(&mut self, mut ready: impl FnMut(&OrderForm) -> bool) -> Option<Job> {
        let mut kind = self.last.unwrap_or(JobKind::Drawer);
        for _ in 0..3 {
            kind = kind.next();
            let chosen = |job: &Job| match job {
                Job::Order(order) => kind == JobKind::Order && ready(&order.form),
                job => job.kind() == kind,
            };
            if let Some(job) = self.take(chosen) {
                self.last = Some(kind);
                return Some(job);
            }
        }
        None
    }

    /// Takes the first job that `chosen` accepts. Drops the accepted jobs before it that are not wanted any more.
    fn take(&mut self, mut chosen: impl FnMut(&Job) -> bool) -> Option<Job> {
        let mut place = 0_usize;
        while place < self.jobs.len() {
            if self.jobs.get(place).is_some_and(&mut chosen) {
                let job = self.jobs.remove(place)?;
                if job.is_wanted() {
                    return Some(job);
                }
            } else {
                place = place.saturating_add(1);
            }
        }
        None
    }

    /// Takes the callers whose deadline has come, and the jobs that nobody waits for afterwards.
    pub(super) fn take_expired(&mut self, now: Instant) -> Vec<Expired> {
        let mut expired = Vec::new();
        let mut orders_before = 0_usize;
        for mut job in std::mem::take(&mut self.jobs) {
            match &mut job {
                Job::Order(order) => {
                    let callers = take_due(&mut order.callers, now);
                    let still_wanted = !order.callers.is_empty();
                    let is_paid = order.form.terminals.is_paid();
                    if !callers.is_empty() {
                        expired.push(Expired::Order {
                            callers,
                            still_wanted,
                            is_paid,
                            is_decided: order.is_decided,
                            orders_before,
                        });
                    }
                    orders_before = orders_before.saturating_add(1);
                    if still_wanted || is_paid {
                        self.jobs.push_back(job);
                    }
                }
                Job::Slip(slip) => {
                    let callers = take_due(&mut slip.callers, now);
                    if !callers.is_empty() {
                        expired.push(Expired::Slip(slip.late_answer(), callers));
                    }
                    self.jobs.push_back(job);
                }
                Job::Drawer(request) if !is_due(request.deadline, now) => self.jobs.push_back(job),
                Job::Drawer(_) => {
                    if let Job::Drawer(request) = job {
                        expired.push(Expired::Drawer(request));
                    }
                }
            }
        }
        expired
    }

    /// Takes all drawer requests.
    pub(super) fn take_drawer_requests(&mut self) -> Vec<DrawerRequest> {
        let mut requests = Vec::new();
        for job in std::mem::take(&mut self.jobs) {
            match job {
                Job::Drawer(request) => requests.push(request),
                job => self.jobs.push_back(job),
            }
        }
        requests
    }

    /// Takes all jobs.
    pub(super) fn take_all(&mut self) -> VecDeque<Job> {
        std::mem::take(&mut self.jobs)
    }

    /// How many jobs of this kind wait.
    pub(super) fn count(&self, kind: JobKind) -> usize {
        self.jobs.iter().filter(|job| job.kind() == kind).count()
    }

    /// The order with this request id.
    pub(super) fn order(&self, id: Uuid) -> Option<&QueuedOrder> {
        self.jobs.iter().find_map(|job| match job {
            Job::Order(order) if order.form.id == id => Some(&**order),
            _ => None,
        })
    }

    /// [`order`](Self::order), to be changed.
    pub(super) fn order_mut(&mut self, id: Uuid) -> Option<&mut QueuedOrder> {
        self.jobs.iter_mut().find_map(|job| match job {
            Job::Order(order) if order.form.id == id => Some(&mut **order),
            _ => None,
        })
    }

    /// The earliest deadline of the callers that wait.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let deadlines = self.jobs.iter().filter_map(|job| match job {
            Job::Order(order) => earliest(&order.callers),
            Job::Slip(slip) => earliest(&slip.callers),
            Job::Drawer(request) => Some(request.deadline),
        });
        deadlines.min()
    }
}

/// The earliest deadline of these callers.
pub(super) fn earliest(callers: &[Caller]) -> Option<Instant> {
    callers.iter().map(|caller| caller.deadline).min()
}

/// Whether a caller with this deadline must be answered now.
pub(super) fn is_due(deadline: Instant, now: Instant) -> bool {
    deadline
        .checked_sub(ANSWER_MARGIN)
        .is_none_or(|end| end <= now)
}

/// Takes the callers that must be answered now.
pub(super) fn take_due(callers: &mut Vec<Caller>, now: Instant) -> Vec<Caller> {
    let (due, waiting) = callers
        .drain(..)
        .partition(|caller| is_due(caller.deadline, now));
    *callers = waiting;
    due
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clerk::answer::{Answer, AnswerReply, DroppedReplies};
    use crate::order::OrderKind;

    type Reply = oneshot::Receiver<Answer>;

    fn order(number: u128, deadline: Instant) -> (Job, Reply) {
        let (reply, answer) = oneshot::channel();
        let form = OrderForm {
            id: Uuid::from_u128(number),
            point_of_sale: Uuid::nil(),
            kind: OrderKind::Report { z: false },
            echo: String::new(),
            found: String::new(),
            on_paper: true,
            terminals: crate::order::TerminalUse::default(),
            said: crate::order::Said::default(),
            contact: None,
        };
        let caller = Caller {
            reply: AnswerReply::new(reply, &DroppedReplies::default()),
            deadline,
            joined: false,
        };
        let order = QueuedOrder {
            fingerprint: form.fingerprint(Uuid::nil()),
            form,
            unique: Uuid::nil(),
            callers: vec![caller],
            attempts: 0,
            is_decided: true,
        };
        (Job::Order(Box::new(order)), answer)
    }

    fn slip(number: u128) -> Job {
        Job::Slip(Box::new(Slip {
            id: Uuid::from_u128(number),
            paper: DocumentSlip::default(),
            callers: Vec::new(),
            is_copy: false,
            ends_note: true,
        }))
    }

    fn drawer(deadline: Instant) -> (Job, oneshot::Receiver<DrawerOutcome>) {
        let (reply, answer) = oneshot::channel();
        (Job::Drawer(DrawerRequest { reply, deadline }), answer)
    }

    fn pushed(queue: &mut JobQueue, job: Job) {
        assert!(queue.push(job).is_none());
    }

    #[test]
    fn each_kind_of_job_has_its_turn() {
        let mut queue = JobQueue::default();
        let now = Instant::now();
        let mut replies = Vec::new();
        for number in 1..=3 {
            pushed(&mut queue, slip(number));
        }
        for number in 1..=2 {
            let (job, reply) = order(number, now);
            replies.push(reply);
            pushed(&mut queue, job);
        }
        let (job, opened) = drawer(now);
        pushed(&mut queue, job);
        let kinds: Vec<JobKind> =
            std::iter::from_fn(|| queue.take_turn(|_| true).map(|job| job.kind())).collect();
        let expected = [
            JobKind::Order,
            JobKind::Slip,
            JobKind::Drawer,
            JobKind::Order,
            JobKind::Slip,
            JobKind::Slip,
        ];
        assert_eq!(kinds, expected);
        drop((replies, opened));
    }

    #[test]
    fn a_job_that_nobody_waits_for_is_not_taken_and_a_slip_is() {
        let mut queue = JobQueue::default();
        let now = Instant::now();
        let (gone, reply) = order(1, now);
        drop(reply);
        pushed(&mut queue, gone);
        let (gone, reply) = drawer(now);
        drop(reply);
        pushed(&mut queue, gone);
        pushed(&mut queue, slip(2));
        assert!(matches!(queue.take_turn(|_| true), Some(Job::Slip(_))));
        assert!(queue.take_turn(|_| true).is_none() && queue.take_all().is_empty());
    }

    #[test]
    fn the_queue_has_room_for_a_known_number_of_jobs() {
        let mut queue = JobQueue::default();
        let now = Instant::now();
        let mut replies = Vec::new();
        for number in 0..QUEUE_MAX {
            let (job, reply) = drawer(now);
            replies.push(reply);
            pushed(&mut queue, job);
            if number < SLIPS_MAX {
                pushed(&mut queue, slip(1));
            }
        }
        assert!(queue.push(slip(1)).is_some());
        assert!(queue.push(drawer(now).0).is_some());
        assert!(queue.push(order(1, now).0).is_some());
        assert_eq!(queue.count(JobKind::Slip), SLIPS_MAX);
        drop(replies);
    }

    #[test]
    fn at_the_deadline_orders_and_drawer_requests_leave_the_queue_and_slips_stay() {
        let mut queue = JobQueue::default();
        let now = Instant::now();
        let later = now + ANSWER_MARGIN * 2;
        let (early, _first) = order(1, now);
        let (late, _second) = order(2, later);
        let (pulse, _third) = drawer(now);
        for job in [early, slip(3), late, pulse] {
            pushed(&mut queue, job);
        }
        let expired = queue.take_expired(now);
        assert!(
            matches!(
                expired.as_slice(),
                [
                    Expired::Order {
                        still_wanted: false,
                        orders_before: 0,
                        ..
                    },
                    Expired::Drawer(_)
                ]
            ),
            "{expired:?}"
        );
        assert_eq!(queue.next_deadline(), Some(later));
        assert_eq!(queue.take_all().len(), 2);
    }
}
