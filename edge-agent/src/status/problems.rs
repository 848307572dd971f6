//! What is wrong with the till and what to do about it, as `/healthz` lists it.

use uuid::Uuid;

use crate::locked::Locked;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The till sells, and a person should look into it.
    Warning,
    /// The till sells, and what it sells may be lost, wrong or untold until a person has looked into it.
    Degraded,
    /// No sale can be written.
    Failing,
}

impl Severity {
    /// The name of the severity in `/healthz`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// A kind of problem: its name, how bad it is, what is wrong, and what ends it. The only kinds are those of the table below, so that
/// no problem can be noted whose end is not written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// Private, so that only this file makes kinds.
    id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, for the documentation.
    pub wrong: &'static str,
    /// What ends the problem, for the documentation.
    pub ends: &'static str,
}

impl ProblemKind {
    /// The name of the kind, for programs.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.id
    }
}

/// Makes a constant for each kind, and the list of all kinds.
macro_rules! problem_kinds {
    ($($name:ident: $severity:ident $id:literal, $wrong:literal, $ends:literal;)*) => {
        impl ProblemKind {
            $(
                #[doc = $wrong]
                pub const $name: Self = Self {
                    id: $id,
                    severity: Severity::$severity,
                    wrong: $wrong,
                    ends: $ends,
                };
            )*

            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

problem_kinds! {
    JOURNAL_UNWRITABLE: Failing "journal_unwritable",
        "the store cannot be written",
        "the next transaction that is written";
    DISK_FULL: Failing "disk_full",
        "the disk of the data folder is full, so that the store cannot be written",
        "the next transaction that is written: the agent tries one twice a second";
    CHAIN_BROKEN: Failing "chain_broken",
        "a row of the journal does not fit the chain",
        "the next transaction that is written, after a person has put the journal back";
    CLERK_SILENT: Failing "clerk_silent",
        "the part of the agent that writes the journal does not answer",
        "it answers again, or a restart of the agent";
    JOURNAL_CUT: Degraded "journal_cut",
        "the journal does not have the row that an anchor names",
        "a person has removed the anchors that were set aside";
    SNAPSHOT_CHANGED: Degraded "snapshot_changed",
        "another program has changed the stored snapshot of a till",
        "the next start that finds no changed snapshot";
    PRINTER: Degraded "printer",
        "a printer cannot be reached",
        "the printer answers";
    DOCUMENT_WAITS: Degraded "document_waits",
        "a printer cannot prove what became of a document, and a person must declare it",
        "the document is declared, or the printer proves it";
    PRINTER_CONDITION: Degraded "printer_condition",
        "a connected printer cannot print: no paper, an open cover, a fault of its own",
        "the printer can print";
    OBJECTIONS: Degraded "printer_objections",
        "a connected printer gets no receipts or not all, or may print wrong letters or a wrong time",
        "the printer has the configured rates, is the printer of the open shift, its model is known or its profile is configured, and its clock differs from the till's time by ten minutes at most";
    SIGNATURE_UNIT: Degraded "signature_unit",
        "no signature unit works, and receipts have no signature",
        "a unit works, and the collective receipt of the outage is signed";
    OUTAGE_TO_REPORT: Degraded "outage_to_report",
        "a signature unit has failed for 48 hours, and the tax authority has not been told",
        "the authority is told, or the outage has ended for a week";
    REGISTER_OUT_OF_USE: Degraded "register_out_of_use",
        "the register of a device is out of use for ever, so that the device sells nothing",
        "a start without the device";
    UNIT_CERTIFICATE_ENDS: Warning "unit_certificate_ends",
        "the certificate of a signature unit ends within 90 days, or has ended",
        "a start with a unit whose certificate is valid for longer";
    PROTOCOL_NOT_COPIED: Warning "protocol_not_copied",
        "the protocol of signed receipts was not copied to another medium for a quarter",
        "`ferrotill rksv backup`";
    YEARLY_RECEIPT_UNCHECKED: Warning "yearly_receipt_unchecked",
        "the receipt of a year is not checked by the tax authority",
        "the authority has accepted it, or `ferrotill rksv checked`";
    REGISTRATION_REFUSED: Degraded "registration_refused",
        "the tax authority refuses to register a signature unit or a cash box, or does not accept a receipt",
        "the authority accepts it: the till tries again at each start";
    REGISTRATION_USER_REFUSED: Degraded "registration_user_refused",
        "the tax authority refuses the user of the web services with which units and cash boxes are registered",
        "another PIN or user, which the authority accepts";
    REGISTRATION_WAITS: Warning "registration_waits",
        "a signature unit, a cash box or a receipt waits for the tax authority for more than a day, or no user may register it",
        "the authority has answered about it";
    PROVIDER_PAYMENT: Degraded "provider_payment",
        "money at a payment provider has no receipt, or it is not known whether it was paid or given back, and the till has no step left",
        "a receipt names the payment, or a person has said what became of it";
    MODULE_LIMIT: Warning "module_limit",
        "a fiscal module has little room left, or its receipts wait too long to be sent",
        "the receipts are sent, or the module is replaced";
    PRINTER_ANSWER_UNKNOWN: Warning "printer_answer_unknown",
        "a printer has answered in a form that this build does not know",
        "another printer is connected, or a start after which the printer answers in known forms only";
    PRINTER_COUNTERS_BACK: Degraded "printer_counters_back",
        "the counters of a printer went back",
        "the next Z-report of the device, or another printer is taken into use";
    PRINTER_AHEAD: Degraded "printer_ahead",
        "a printer has documents that the journal does not have",
        "the next Z-report of the device, or another printer is taken into use";
    RECEIPTS_OF_OTHERS: Degraded "receipts_of_others",
        "when the till met a printer after a start, the printer had fiscal receipts that the till has not made, and its device makes reports only",
        "a person has decided that the device goes on, with `ferrotill settle DEVICE --go-on` or at the dashboard";
    FIRST_PIN: Degraded "first_pin",
        "the PIN of the first start was not changed, and the LIVE till sells nothing before that",
        "the PIN is changed, or the person is removed";
    CARD_PAYMENT_WAITS: Degraded "card_payment_waits",
        "a card payment is made or may be made, and its document is not registered",
        "the document is registered, the money is given back, or the bank terminal says that none has moved";
    TERMINAL_UNSETTLED: Degraded "bank_terminal_unsettled",
        "a bank terminal was not settled at the last closeday",
        "the next closeday that settles it, or a start";
    DEVICE_LEFT_BEHIND: Degraded "device_left_behind",
        "a device has left the configuration and has something left to do",
        "its shift is closed, its documents are acknowledged and none is unknown, or it is in the configuration again";
    DOCUMENTS_REFUSED: Degraded "documents_refused",
        "the authority refuses documents",
        "the authority acknowledges them";
    DOCUMENT_UNTOLD: Degraded "document_untold",
        "a document is legal, and does not fit the form of the authority",
        "each such document is laid aside, or a start that can make their requests";
    Z_REPORT_DIFFERS: Degraded "z_report_differs",
        "the newest Z-report of a device differs between its four sides",
        "the next Z-report of the device, if it does not differ";
    CLOCK_UNCONFIRMED: Degraded "clock_unconfirmed",
        "no two clocks agree on the time",
        "two clocks agree, or a person sets the time";
    CLOCK_AHEAD: Degraded "clock_ahead",
        "the time of documents is ahead",
        "the clocks have caught up, or a person sets the time";
    OFFICE_OFFLINE: Degraded "office_offline",
        "the authority cannot be reached",
        "the authority answers";
    OFFLINE_LIMIT: Degraded "offline_limit",
        "a limit of selling without the authority is reached",
        "the authority answers and acknowledges the documents, or a new month begins";
    DISK_NEARLY_FULL: Degraded "disk_nearly_full",
        "the disk of the data folder is nearly full",
        "the disk has room again, and a tenth more than the limit";
    CERTIFICATE_UNUSABLE: Degraded "certificate_unusable",
        "the new certificate for callers over TLS, or its key, cannot be used, and callers get the old one",
        "both files are right";
    CERTIFICATE_ENDS: Degraded "certificate_ends",
        "the certificate for callers over TLS ends within 30 days, or has ended",
        "a certificate that is valid for longer";
    SHIFT_TOO_LONG: Degraded "shift_too_long",
        "a shift is open for longer than the law allows, so that its device sells nothing",
        "the Z-report of the device";
    SHIFT_ENDS: Warning "shift_ends",
        "a shift must be closed within two hours",
        "the Z-report of the device, or the end of the time";
    MAIL_AWAY: Warning "mail_away",
        "receipts wait because the mail server cannot be reached, is not trusted, or does not accept the till",
        "the mail server takes or refuses a receipt";
    MAIL_FAILED: Warning "mail_failed",
        "a receipt was not sent to its buyer by mail, and is not tried again",
        "a later receipt is sent by mail, or a restart";
    SMS_AWAY: Warning "sms_away",
        "receipts wait because the gateway for short messages cannot be reached, is not trusted, or does not accept the till",
        "the gateway takes or refuses a receipt";
    SMS_FAILED: Warning "sms_failed",
        "a receipt was not sent to its buyer by short message, and is not tried again",
        "a later receipt is sent by short message, or a restart";
    BUCKET_AWAY: Warning "bucket_away",
        "receipts wait because the server of the bucket cannot be reached, is not trusted, or does not accept the till",
        "the bucket takes a receipt";
    BUCKET_FAILED: Warning "bucket_failed",
        "a receipt was not published in the bucket, and is not tried again",
        "a later receipt is published in the bucket, or a restart";
    ERECEIPT_AWAY: Warning "ereceipt_away",
        "receipts wait because the eReceipt service cannot be reached, is not trusted, or does not accept the till",
        "the service takes or refuses a receipt";
    ERECEIPT_FAILED: Warning "ereceipt_failed",
        "a receipt was not published at the eReceipt service, and is not tried again",
        "a later receipt is published at the service, or a restart";
    TILL_TAKEN_OVER: Degraded "till_taken_over",
        "the folder of the till was restored on another machine, and this machine sells nothing more",
        "a start with the restored folder";
    HUB_REFUSED: Degraded "hub_refused",
        "the hub does not take the till's documents",
        "the hub takes them";
    HUB_AWAY: Warning "hub_away",
        "the hub has not answered for a minute, and documents wait for it",
        "the hub answers";
    HUB_NOT_ENROLLED: Warning "hub_not_enrolled",
        "a hub is configured, and the till is not enrolled there",
        "the enrolment, which the agent notices within ten seconds";
    HUB_CERTIFICATE_ENDS: Warning "hub_certificate_ends",
        "the till's certificate at the hub ends within ten days, or has ended, and the hub has not renewed it",
        "the hub renews it, or the till is enrolled again";
    ALTERNATIVE_NUMBERS: Warning "alternative_numbers",
        "few numbers are left for alternative receipts",
        "a start with a new range";
    NO_RECIPIENT: Warning "no_recipient",
        "no authority is configured",
        "a start with `[upstream]`";
    DEVICE_UNKNOWN: Warning "device_unknown",
        "a device without documents is new, and a device with documents has left the configuration",
        "the first document of the device, or a start with the old id";
    REGISTRATION_NUMBER_UNUSED: Warning "registration_number_unused",
        "no device has the `registration_number` of `[till]`",
        "a start in which a device has the number";
    FOLDER_NOT_PRIVATE: Warning "folder_not_private",
        "other users of the machine may read the data folder",
        "the folder is private again";
    CALLS_NOT_KEPT: Warning "calls_not_kept",
        "the signed calls that have ended cannot be written to their file",
        "the next call that is written to the file";
    AUDIT_FAILED: Degraded "audit_failed",
        "the daily audit has found that the store, the printers' counters or the documents that wait are not in order",
        "the next audit that finds nothing";
}

/// Something that is wrong with the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthProblem {
    /// The kind of the problem.
    pub kind: ProblemKind,
    /// The device that the problem concerns; `None` if it concerns the whole till.
    pub device: Option<Uuid>,
    /// When the problem was noticed, in milliseconds since the epoch.
    pub since_ms: i64,
    /// What is wrong.
    pub says: String,
    /// What a person should do.
    pub fix: String,
}

/// The problems of a till. There is at most one of each kind for each device.
#[derive(Debug, Default)]
pub struct Problems(Locked<Kept>);

#[derive(Debug, Default)]
struct Kept {
    problems: Vec<HealthProblem>,
    /// True if the log says that the list is full.
    full_is_logged: bool,
}

/// The largest number of problems that are kept beside those of the severity `failing`, which are always kept: they concern the whole
/// till, so that there are few.
const PROBLEMS_MAX: usize = 100;

impl Problems {
    /// Notes a problem, and logs it if it is new or says something else. A problem that is noted again keeps its time.
    pub fn raise(&self, problem: HealthProblem) {
        self.keep(problem, |known, now| {
            known.is_none_or(|known| known.says != now.says)
        });
    }

    /// Notes a problem, and logs it if it is new: its text may change with each document. A problem that is noted again keeps its
    /// time.
    pub fn raise_once(&self, problem: HealthProblem) {
        self.keep(problem, |known, _| known.is_none());
    }

    /// Notes a problem whose beginning is logged elsewhere, with the same text. A problem that is noted again keeps its time.
    pub fn note(&self, problem: HealthProblem) {
        self.keep(problem, |_, _| false);
    }

    fn keep(
        &self,
        problem: HealthProblem,
        is_news: impl FnOnce(Option<&HealthProblem>, &HealthProblem) -> bool,
    ) {
        let mut kept = self.0.lock();
        let Kept {
            problems,
            full_is_logged,
        } = &mut *kept;
        let full = problems.len() >= PROBLEMS_MAX;
        let place = problems
            .iter()
            .position(|known| known.kind == problem.kind && known.device == problem.device);
        let known = place.and_then(|place| problems.get_mut(place));
        if known.is_none() && full && problem.kind.severity != Severity::Failing {
            // It would be news each time that it is noted.
            if !std::mem::replace(full_is_logged, true) {
                tracing::error!(
                    "the list of problems is full with {PROBLEMS_MAX}: further ones are neither listed nor logged"
                );
            }
            return;
        }
        if is_news(known.as_deref(), &problem) {
            log(&problem);
        }
        match known {
            Some(known) => {
                *known = HealthProblem {
                    since_ms: known.since_ms,
                    ..problem
                }
            }
            None => problems.push(problem),
        }
    }

    /// Removes a problem that no longer exists, and logs its end.
    pub fn clear(&self, kind: ProblemKind, device: Option<Uuid>) {
        let mut kept = self.0.lock();
        kept.problems.retain(|known| {
            let is_over = known.kind == kind && known.device == device;
            if is_over {
                let device = device.map(tracing::field::display);
                tracing::info!(
                    event = "problem_over",
                    problem = kind.id,
                    device,
                    "the problem is over"
                );
            }
            !is_over
        });
        if kept.problems.len() < PROBLEMS_MAX {
            kept.full_is_logged = false;
        }
    }

    /// True if a problem is noted.
    #[must_use]
    pub fn is_noted(&self, kind: ProblemKind, device: Option<Uuid>) -> bool {
        let kept = self.0.lock();
        kept.problems
            .iter()
            .any(|known| known.kind == kind && known.device == device)
    }

    /// All problems, in the order in which they were noticed.
    #[must_use]
    pub fn list(&self) -> Vec<HealthProblem> {
        self.0.lock().problems.clone()
    }
}

fn log(problem: &HealthProblem) {
    let HealthProblem {
        kind, says, fix, ..
    } = problem;
    let id = kind.id;
    let device = problem.device.map(tracing::field::display);
    match kind.severity {
        Severity::Warning => {
            tracing::warn!(event = "problem", problem = id, device, "{says}; {fix}");
        }
        Severity::Degraded | Severity::Failing => {
            tracing::error!(event = "problem", problem = id, device, "{says}; {fix}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HealthProblem, PROBLEMS_MAX, ProblemKind, Problems};

    const ONE: ProblemKind = ProblemKind::PRINTER;
    const TWO: ProblemKind = ProblemKind::PRINTER_AHEAD;

    fn problem(kind: ProblemKind, since_ms: i64, says: &str) -> HealthProblem {
        HealthProblem {
            kind,
            device: None,
            since_ms,
            says: says.to_owned(),
            fix: "look".to_owned(),
        }
    }

    #[test]
    fn a_problem_is_listed_once_with_its_first_time_until_it_is_cleared() {
        let problems = Problems::default();
        problems.raise(problem(ONE, 1, "a"));
        problems.raise(problem(TWO, 2, "b"));
        problems.raise(problem(ONE, 3, "c"));
        assert_eq!(
            problems.list(),
            [problem(ONE, 1, "c"), problem(TWO, 2, "b")]
        );
        problems.clear(ONE, Some(uuid::Uuid::nil()));
        assert_eq!(problems.list().len(), 2, "the problem of another device");
        problems.clear(ONE, None);
        assert_eq!(problems.list(), [problem(TWO, 2, "b")]);
    }

    /// What `work` writes to the log.
    fn logged(work: impl FnOnce()) -> String {
        #[derive(Clone, Default)]
        struct Written(std::sync::Arc<crate::locked::Locked<Vec<u8>>>);
        impl std::io::Write for Written {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().extend_from_slice(bytes);
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = written.0.lock().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_list_has_a_limit() {
        let problems = Problems::default();
        for device in 0..200 {
            problems.raise(HealthProblem {
                device: Some(uuid::Uuid::from_u128(device)),
                ..problem(ONE, 1, "a")
            });
        }
        assert_eq!(problems.list().len(), PROBLEMS_MAX);
        // What stops all sales is listed even so.
        problems.raise(problem(ProblemKind::DISK_FULL, 2, "full"));
        let listed = problems.list();
        assert_eq!(listed.last().unwrap().kind, ProblemKind::DISK_FULL);
        assert!(listed.iter().any(|known| known.kind == ONE));
    }

    /// A problem that finds no place is not logged again with each look.
    #[test]
    fn a_full_list_is_logged_once() {
        let problems = Problems::default();
        for device in 0..100 {
            problems.note(HealthProblem {
                device: Some(uuid::Uuid::from_u128(device)),
                ..problem(ONE, 1, "a")
            });
        }
        let log = logged(|| {
            for _ in 0..3 {
                problems.raise(problem(TWO, 1, "b"));
            }
        });
        assert_eq!(log.lines().count(), 1, "{log}");
        problems.clear(ONE, Some(uuid::Uuid::nil()));
        problems.raise(problem(TWO, 1, "b"));
        assert!(problems.is_noted(TWO, None));
    }

    /// The table of the documentation is made from the kinds; a kind with another name is another row.
    #[test]
    fn the_documentation_names_every_kind_with_what_ends_it() {
        let page = include_str!("../../../docs/api/own.md");
        let mut rows = String::from(
            "| `id` | Severity | What is wrong | What ends the problem |\n| --- | --- | --- | --- |\n",
        );
        for kind in ProblemKind::ALL {
            let (id, severity) = (kind.id, kind.severity.name());
            let (wrong, ends) = (kind.wrong, kind.ends);
            rows += &format!("| `{id}` | `{severity}` | {wrong} | {ends} |\n");
        }
        assert!(page.contains(&rows), "docs/api/own.md needs:\n{rows}");
        let mut ids: Vec<&str> = ProblemKind::ALL.iter().map(|kind| kind.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ProblemKind::ALL.len(), "each id once");
    }
}
