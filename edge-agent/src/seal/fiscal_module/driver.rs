//! What the printer's thread asks of a fiscal module, and how it finds out what became of a receipt.
//!
//! A receipt is sent once. After an error or a lost answer the module's counters and its last receipt decide, by the table in
//! [`ferrotill_device::judge`]. Only what the module refuses by a known name before it registers anything is answered with changes of the
//! module's state: an open shift, or a new time.

use std::sync::Arc;
use std::time::Duration;

use ferrotill_core::Amount;
use ferrotill_core::seal::ModuleCounters;
use ferrotill_device::Fault;
use ferrotill_device::judge::{ModuleFinding, ToldReceipt, module_closing, module_receipt};
use ferrotill_device::printer::{
    Baseline, Condition, Connected, FiscalPrinter, Job, JournalEvidence, ModuleAnswer, ModuleJob,
    NoDocument, Performed, Recovered, Registered, TextLine, TextPaper, Watch,
};
use serde_json::{Value, json};

use super::statuses::{ModuleRemedy, ModuleStatus};
use super::{CallFault, FiscalModule, ModuleCall, Operation};
use crate::time::clock::{Clock, local};

/// After this time a module's clock shows a later second.
const NEXT_SECOND: Duration = Duration::from_millis(1_050);

/// Asks a fiscal module on behalf of the printer's thread.
#[derive(Debug)]
pub struct ModuleDriver {
    module: Arc<dyn FiscalModule>,
    clock: Arc<Clock>,
}

/// What a module tells of itself.
struct Reading {
    baseline: Baseline,
    figures: Value,
    open: bool,
    applet: String,
    version: String,
}

impl ModuleDriver {
    /// A driver of a module.
    #[must_use]
    pub fn new(module: Arc<dyn FiscalModule>, clock: Arc<Clock>) -> Self {
        Self { module, clock }
    }

    /// The time of a call, as modules want it.
    fn time(&self) -> String {
        let now = local(self.clock.now());
        now.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn call(&self, call: &ModuleCall) -> Result<Value, CallFault> {
        self.module.call(call)
    }

    /// Reads identity and counters.
    fn read(&self) -> Result<Reading, Fault> {
        let ask = |operation| {
            self.call(&ModuleCall::new(operation))
                .map_err(|fault| fault_of(&fault))
        };
        let info = ask(Operation::Info)?;
        let figures = ask(Operation::ShiftInfo)?;
        let terminal = text(&info, "terminal_id");
        if terminal.is_empty() {
            return Err(Fault::NoSerialNumber);
        }
        let last_document = number(&info, "current_receipt_seq").ok_or(Fault::NoDocumentNumber)?;
        let next_z = number(&figures, "number").ok_or(Fault::AnswerUnreadable)?;
        Ok(Reading {
            open: !text(&figures, "open_time").is_empty()
                && text(&figures, "close_time").is_empty(),
            applet: text(&info, "applet_version"),
            version: text(&info, "version_code"),
            baseline: Baseline {
                family: self.module.family().to_owned(),
                serial: terminal.clone(),
                // A module is its memory.
                fiscal_memory: terminal,
                last_document,
                next_fiscal_receipt: 0,
                z_number: Some(next_z.saturating_sub(1)),
                cash: Amount::ZERO,
                cash_in: Amount::ZERO,
                cash_out: Amount::ZERO,
            },
            figures,
        })
    }

    /// Opens the shift if it is closed. A shift that is open already is no fault.
    fn open(&self, reading: &Reading) -> Result<(), CallFault> {
        if reading.open {
            return Ok(());
        }
        let mut tried = false;
        loop {
            let call = ModuleCall::new(Operation::Open).with("time", self.time());
            let Err(fault) = self.call(&call) else {
                return Ok(());
            };
            match remedy_of(&fault) {
                Some(ModuleRemedy::Nothing) => return Ok(()),
                Some(ModuleRemedy::NewTime) if !tried => {
                    tried = true;
                    self.wait_for_the_next_second();
                }
                _ => return Err(fault),
            }
        }
    }

    /// The module's times have seconds, and each operation needs a later one.
    fn wait_for_the_next_second(&self) {
        self.clock.wait(NEXT_SECOND);
    }

    /// Registers a receipt.
    fn receipt(&self, job: &ModuleJob, reading: Reading) -> Performed {
        let Some(request) = job.request.as_deref().and_then(|text| request(text, job)) else {
            let text = "the order has no request for the fiscal module";
            return not_begun(Fault::JobNotPrintable, text, Some(reading.baseline));
        };
        if let Err(fault) = self.open(&reading) {
            let after = self.read().ok().map(|reading| reading.baseline);
            return not_begun(fault_of(&fault), &detail(&fault), after);
        }
        let operation = if job.refund {
            Operation::Refuse
        } else {
            Operation::Create
        };
        let mut tried = false;
        loop {
            let mut body = request.clone();
            if let Some(members) = body.as_object_mut() {
                members.insert("time".to_owned(), self.time().into());
            }
            let call = ModuleCall::new(operation).body(body);
            let fault = match self.call(&call) {
                Ok(data) => return self.registered(answer_of(&data), &reading.baseline).into(),
                Err(fault) => fault,
            };
            let outcome = self.judged(job, &reading.baseline, &fault);
            if remedy_of(&fault) == Some(ModuleRemedy::Send) {
                // The next receipt finds room if the module can send now. This one is refused all the same.
                drop(self.call(&ModuleCall::new(Operation::SendReceipt)));
            }
            if !is_only_late(&outcome, &fault) || tried {
                return outcome.into();
            }
            tried = true;
            self.wait_for_the_next_second();
        }
    }

    /// What became of a receipt, by the module's counters and its last receipt.
    fn judged(&self, job: &ModuleJob, before: &Baseline, fault: &CallFault) -> Recovered {
        let reading = match self.read() {
            Ok(reading) => reading,
            Err(fault) => return Recovered::Unknown(fault),
        };
        // Without a new receipt the last one is another, whatever it is.
        let asked = (reading.baseline.last_document != before.last_document)
            .then(|| self.call(&ModuleCall::new(Operation::Last)));
        let last = match asked {
            Some(Ok(last)) => last,
            None | Some(Err(CallFault::Refused(_))) => Value::Null,
            Some(Err(fault)) => return Recovered::Unknown(fault_of(&fault)),
        };
        let told = match last.get("order").map(|order| text(order, "uuid")) {
            Some(id) if id == job.id => ToldReceipt::Ours,
            Some(_) => ToldReceipt::Another,
            None => ToldReceipt::NotTold,
        };
        match module_receipt(before, &reading.baseline, told) {
            Err(fault) => Recovered::Unknown(fault),
            Ok(ModuleFinding::Registered) => {
                let result = last.get("result").cloned().unwrap_or_default();
                self.registered(answer_of_last(&result), before)
            }
            Ok(ModuleFinding::Absent(evidence)) => Recovered::Absent(
                evidence,
                NoDocument {
                    fault: fault_of(fault),
                    detail: detail(fault),
                    after: Some(reading.baseline),
                },
            ),
            Ok(ModuleFinding::Unclear) => Recovered::Unknown(Fault::Unclear),
        }
    }

    /// A registered receipt, with the module's counters now.
    fn registered(&self, answer: ModuleAnswer, before: &Baseline) -> Recovered {
        let after = self.read().map_or_else(
            |_| Baseline {
                last_document: answer.receipt,
                ..before.clone()
            },
            |reading| reading.baseline,
        );
        Recovered::Registered(Registered {
            document: answer.receipt,
            fiscal_receipt: Some(answer.receipt),
            after,
            report: None,
            printed_at: None,
            module: Some(Box::new(answer)),
        })
    }

    /// Closes the shift.
    fn close(&self, reading: &Reading) -> Performed {
        let body = json!({ "close_zreport": true, "name": "", "prices": [], "banners": [] });
        let mut tried = false;
        loop {
            let call = ModuleCall::new(Operation::Close)
                .with("time", self.time())
                .body(body.clone());
            let fault = match self.call(&call) {
                Ok(figures) => return self.closed(&figures, &reading.baseline).into(),
                Err(fault) => fault,
            };
            let outcome = self.judged_closing(&reading.baseline, &fault);
            if !is_only_late(&outcome, &fault) || tried {
                return outcome.into();
            }
            tried = true;
            self.wait_for_the_next_second();
        }
    }

    /// What became of a closing, by the number of the last closed shift.
    fn judged_closing(&self, before: &Baseline, fault: &CallFault) -> Recovered {
        let reading = match self.read() {
            Ok(reading) => reading,
            Err(fault) => return Recovered::Unknown(fault),
        };
        match module_closing(before, &reading.baseline) {
            Err(fault) => Recovered::Unknown(fault),
            Ok(ModuleFinding::Registered) => {
                let call = ModuleCall::new(Operation::ShiftInfo).with("number", "1");
                match self.call(&call) {
                    Ok(figures) => self.closed(&figures, before),
                    Err(fault) => Recovered::Unknown(fault_of(&fault)),
                }
            }
            Ok(ModuleFinding::Absent(evidence)) => Recovered::Absent(
                evidence,
                NoDocument {
                    fault: fault_of(fault),
                    detail: detail(fault),
                    after: Some(reading.baseline),
                },
            ),
            Ok(ModuleFinding::Unclear) => Recovered::Unknown(Fault::Unclear),
        }
    }

    fn closed(&self, figures: &Value, before: &Baseline) -> Recovered {
        let mut counters = counters_of(figures);
        let z_number = before.z_number.unwrap_or(0).saturating_add(1);
        counters.z_number = z_number;
        let after = self.read().map_or_else(
            |_| Baseline {
                z_number: Some(z_number),
                ..before.clone()
            },
            |reading| reading.baseline,
        );
        Recovered::Registered(report(figures, counters, after))
    }

    /// Carries out what makes no document.
    fn aside(&self, call: &ModuleCall, reading: Reading) -> Performed {
        match self.call(call) {
            Ok(_) => Performed::Registered(Registered {
                document: reading.baseline.last_document,
                fiscal_receipt: None,
                after: reading.baseline,
                report: None,
                printed_at: None,
                module: None,
            }),
            Err(CallFault::Lost(_)) => Performed::Unknown(Fault::NoAnswer),
            Err(fault) => not_begun(fault_of(&fault), &detail(&fault), Some(reading.baseline)),
        }
    }
}

impl FiscalPrinter for ModuleDriver {
    fn family(&self) -> &'static str {
        self.module.family()
    }

    fn text_paper(&self) -> TextPaper {
        TextPaper {
            columns: 32,
            large: false,
            code_bytes_max: 0,
            picture_dots: 0,
        }
    }

    fn letters(&self, text: &str) -> usize {
        text.chars().count()
    }

    fn address(&self) -> String {
        self.module.address()
    }

    fn connect(&mut self) -> Result<Connected, Fault> {
        let reading = self.read()?;
        Ok(Connected {
            model: format!("fiscal module {}", reading.applet),
            firmware: reading.version,
            address: self.module.address(),
            clock: None,
            condition: Condition {
                fiscalised: true,
                ..Condition::default()
            },
            receipt_open: false,
            groups: [None; 8],
            missing: Vec::new(),
            country: "?",
            training: false,
            baseline: reading.baseline,
        })
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, _watch: &mut dyn Watch) -> Performed {
        let reading = match self.read() {
            Ok(reading) => reading,
            Err(fault) => return not_begun(fault, "", None),
        };
        if reading.baseline != *baseline {
            let text = "another program has used the fiscal module";
            return not_begun(Fault::BaselineDiffers, text, Some(reading.baseline));
        }
        match job {
            Job::Module(receipt) => self.receipt(receipt, reading),
            Job::XReport => {
                let counters = counters_of(&reading.figures);
                Performed::Registered(report(&reading.figures, counters, reading.baseline.clone()))
            }
            Job::ZReport => self.close(&reading),
            Job::Drawer => self.aside(&ModuleCall::new(Operation::Drawer), reading),
            Job::Text(lines) => self.aside(&banner(lines), reading),
            Job::Duplicate => self.aside(&ModuleCall::new(Operation::PrintLast), reading),
            Job::Receipt(_) | Job::Cash(_) | Job::ByNumber { .. } | Job::ByDate { .. } => {
                let text = "a fiscal module has no such document";
                not_begun(Fault::JobNotPrintable, text, Some(reading.baseline))
            }
        }
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        _evidence: &JournalEvidence,
        _watch: &mut dyn Watch,
    ) -> Recovered {
        let lost = CallFault::Lost("the answer of the fiscal module was lost".to_owned());
        match job {
            Job::Module(receipt) => self.judged(receipt, baseline, &lost),
            Job::ZReport => self.judged_closing(baseline, &lost),
            Job::XReport => match self.read() {
                Ok(reading) => match module_closing(baseline, &reading.baseline) {
                    Ok(_) => {
                        let counters = counters_of(&reading.figures);
                        Recovered::Registered(report(&reading.figures, counters, reading.baseline))
                    }
                    Err(fault) => Recovered::Unknown(fault),
                },
                Err(fault) => Recovered::Unknown(fault),
            },
            _ => Recovered::Unknown(Fault::Unclear),
        }
    }

    fn clear_leftover(&mut self, _watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        self.read().map(|reading| reading.baseline)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        self.read().map(|_| Condition {
            fiscalised: true,
            ..Condition::default()
        })
    }

    fn opens_drawer_itself(&self) -> bool {
        false
    }
}

/// True if the module has refused only the time, and its counters prove that it has registered nothing.
fn is_only_late(outcome: &Recovered, fault: &CallFault) -> bool {
    matches!(outcome, Recovered::Absent(..)) && remedy_of(fault) == Some(ModuleRemedy::NewTime)
}

/// The request with the id by which the module knows the receipt.
fn request(text: &str, job: &ModuleJob) -> Option<Value> {
    let mut request: Value = serde_json::from_str(text).ok()?;
    let members = request.as_object_mut()?;
    members.insert("uuid".to_owned(), job.id.clone().into());
    Some(request)
}

/// A text on the device's paper.
fn banner(lines: &[TextLine]) -> ModuleCall {
    let banners: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "type": "text", "data": line.text, "cut": false }))
        .collect();
    ModuleCall::new(Operation::Banner).body(json!({ "banners": banners }))
}

fn report(figures: &Value, counters: ModuleCounters, after: Baseline) -> Registered {
    Registered {
        document: after.last_document,
        fiscal_receipt: None,
        after,
        report: None,
        printed_at: None,
        module: Some(Box::new(ModuleAnswer {
            terminal: text(figures, "terminal_id"),
            applet: text(figures, "applet_version"),
            counters: Some(counters),
            ..ModuleAnswer::default()
        })),
    }
}

fn not_begun(fault: Fault, detail: &str, after: Option<Baseline>) -> Performed {
    Performed::NotBegun(NoDocument {
        fault,
        detail: detail.to_owned(),
        after,
    })
}

/// A text member; empty if there is none. Devices write some texts as numbers.
fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A number member, which some devices write as a text.
fn number(value: &Value, name: &str) -> Option<u32> {
    text(value, name).parse().ok()
}

fn amount(value: &Value, name: &str) -> Amount {
    Amount::from_minor(text(value, name).parse().unwrap_or(0))
}

fn counters_of(figures: &Value) -> ModuleCounters {
    ModuleCounters {
        z_number: number(figures, "number").unwrap_or(0),
        sales: number(figures, "total_sale_count").unwrap_or(0),
        sale_cash: amount(figures, "total_sale_cash"),
        sale_card: amount(figures, "total_sale_card"),
        sale_vat: amount(figures, "total_sale_vat"),
        refunds: number(figures, "total_refund_count").unwrap_or(0),
        refund_cash: amount(figures, "total_refund_cash"),
        refund_card: amount(figures, "total_refund_card"),
        refund_vat: amount(figures, "total_refund_vat"),
    }
}

fn answer_of(data: &Value) -> ModuleAnswer {
    ModuleAnswer {
        terminal: text(data, "terminal_id"),
        receipt: number(data, "receipt_count").unwrap_or(0),
        at: text(data, "date_time"),
        sign: text(data, "fiscal_sign"),
        applet: text(data, "applet_version"),
        link: text(data, "qr_url"),
        counters: None,
    }
}

fn answer_of_last(result: &Value) -> ModuleAnswer {
    ModuleAnswer {
        terminal: text(result, "TerminalID"),
        receipt: number(result, "ReceiptSeq").unwrap_or(0),
        at: text(result, "DateTime"),
        sign: text(result, "FiscalSign"),
        applet: text(result, "AppletVersion"),
        link: text(result, "QRCodeURL"),
        counters: None,
    }
}

fn remedy_of(fault: &CallFault) -> Option<ModuleRemedy> {
    match fault {
        CallFault::Refused(error) => ModuleStatus::of(error).map(ModuleStatus::remedy),
        CallFault::NotSent(_) | CallFault::Lost(_) => None,
    }
}

/// A failed call as a fault of a printer.
fn fault_of(fault: &CallFault) -> Fault {
    let error = match fault {
        CallFault::NotSent(_) => return Fault::PortUnavailable,
        CallFault::Lost(_) => return Fault::NoAnswer,
        CallFault::Refused(error) => error,
    };
    match ModuleStatus::of(error) {
        Some(ModuleStatus::ReceiptsFull | ModuleStatus::ReportsFull) => Fault::FiscalMemoryFull,
        Some(ModuleStatus::StoredTooLong) => Fault::TaxTerminal,
        Some(ModuleStatus::Locked) => Fault::Blocked,
        Some(
            ModuleStatus::NotEnoughCash
            | ModuleStatus::NotEnoughCard
            | ModuleStatus::NotEnoughVat
            | ModuleStatus::TotalZero,
        ) => Fault::Value,
        Some(_) => Fault::NotAllowed,
        None => Fault::NotExecuted,
    }
}

/// The module's own words, with its number first: `36909 ERROR_ZREPORT_IS_NOT_OPEN`.
fn detail(fault: &CallFault) -> String {
    match fault {
        CallFault::NotSent(reason) | CallFault::Lost(reason) => reason.clone(),
        CallFault::Refused(error) => format!("{} {}", error.code, error.message),
    }
}
