//! Commands of other drivers besides receipts and reports: identity, settings, the electronic journal.

use super::calendar::{Moment, parse_stamp};
use super::journal::{PrintedKind, Read};
use super::printer::{Printer, Reply, in_answer};
use super::report_commands::text_of;
use crate::emulator::tape::{centred, spread};
use crate::wire::cause::Cause;
use crate::wire::fields::decimal;
use crate::wire::isl_service::{Service, ServiceAnswer, Variable};

/// The date of rates that were never changed: the day of fiscalisation.
pub(super) const RATES_SINCE: &str = "010126";
/// Variables of X that can be set; the other known ones can only be read.
const SETTINGS: [&str; 6] = [
    "Header",
    "Footer",
    "OperName",
    "PayName",
    "DeptName",
    "EcrSafeOpening",
];

impl Printer {
    /// Executes any of these services.
    pub(super) fn service(&mut self, service: Service) -> Reply<ServiceAnswer> {
        match service {
            Service::MemoryLeft => {
                let left = self.memory.closures_left().to_string();
                Ok(ServiceAnswer::Fields(vec![left.clone(), left]))
            }
            Service::LastRecord => {
                let at = self.memory.closures.last().map_or(0, |last| last.at);
                Ok(ServiceAnswer::Fields(vec![Moment::of(at).long_stamp()]))
            }
            Service::TaxId => Ok(ServiceAnswer::Fields(vec![
                self.memory.tax_id.clone(),
                "IDNO".to_owned(),
            ])),
            Service::Identity => Ok(self.identity()),
            Service::LastReceipt => Ok(self.last_fiscal_receipt()),
            Service::ErrorWords(code) => match self.protocol.cause_of(code) {
                Some(cause) => Ok(ServiceAnswer::Fields(vec![
                    code.to_string(),
                    text_of(cause).to_owned(),
                ])),
                None => Err(Cause::Syntax.into()),
            },
            Service::Read(variable) => self.variable(&variable),
            Service::Write(variable, value) => self.variable_set(variable, value),
            Service::RefundPayments => Ok(ServiceAnswer::Fields(
                self.memory
                    .day
                    .refund_payments
                    .iter()
                    .take(self.protocol.payments.day.len())
                    .map(|sum| decimal(*sum, 2))
                    .collect(),
            )),
            Service::RatesReport => Ok(self.rates_report()),
            Service::Report(title) => self.report(title),
            Service::Buyer(lines) => self.buyer(&lines),
            // Fiscalisation is done once, before a device is sold.
            Service::Fiscalising => Err(Cause::NotPermitted.into()),
            journal => self.journal_service(journal),
        }
    }

    fn identity(&self) -> ServiceAnswer {
        let header = |line: u32| {
            let variable = Variable {
                name: "Header".to_owned(),
                index: line,
            };
            self.setting(&variable)
        };
        let memory = &self.memory;
        ServiceAnswer::Fields(vec![
            memory.serial.clone(),
            memory.fiscal_memory.clone(),
            header(0),
            header(1),
            memory.tax_id.clone(),
            header(2),
            header(3),
        ])
    }

    /// The last fiscal receipt: its number within its day, its time, the number of the Z-report of its day, and the last
    /// Z-report's date.
    fn last_fiscal_receipt(&self) -> ServiceAnswer {
        let today = self.memory.day.fiscal_receipts;
        let last_z = self.memory.closures.last();
        let number = if today > 0 {
            today
        } else {
            last_z.map_or(0, |closure| closure.day.fiscal_receipts)
        };
        let z_number = self.memory.z_number().saturating_add(u32::from(today > 0));
        let stamp = |at: Option<i64>| at.map_or_else(String::new, |at| Moment::of(at).stamp());
        ServiceAnswer::Fields(vec![
            number.to_string(),
            stamp(self.receipts.last().map(|receipt| receipt.at)),
            z_number.to_string(),
            stamp(last_z.map(|closure| closure.at)),
        ])
    }

    /// Executes FFh: reads counters and variables, and sets variables.
    fn variable(&self, variable: &Variable) -> Reply<ServiceAnswer> {
        let receipts = u32::try_from(self.receipts.len()).unwrap_or(u32::MAX);
        let last_receipt = self.receipts.last().map_or(0, |receipt| receipt.document);
        let value = match variable.name.as_str() {
            "nBon" => self.memory.last_document.to_string(),
            "nFBon" => receipts.to_string(),
            "nFBonDailyCount" => self.memory.day.fiscal_receipts.to_string(),
            "nLastFiscalDoc" => last_receipt.to_string(),
            "nZreport" => self.memory.z_number().saturating_add(1).to_string(),
            "Fiscalized" => "1".to_owned(),
            "DFR_needed" => u32::from(self.memory.day.opened_at.is_some()).to_string(),
            "UNP" => String::new(),
            "FMnumber" => self.memory.fiscal_memory.clone(),
            "IDnumber" => self.memory.serial.clone(),
            "EcrSafeOpening" => match self.setting(variable) {
                unset if unset.is_empty() => "0".to_owned(),
                set => set,
            },
            name if SETTINGS.contains(&name) => self.setting(variable),
            _ => return Err(Cause::Syntax.into()),
        };
        Ok(ServiceAnswer::Fields(vec![value]))
    }

    fn setting(&self, variable: &Variable) -> String {
        self.memory
            .settings
            .get(&key(variable))
            .cloned()
            .unwrap_or_default()
    }

    fn variable_set(&mut self, variable: Variable, value: String) -> Reply<ServiceAnswer> {
        if !SETTINGS.contains(&variable.name.as_str()) {
            // Counters cannot be set.
            return Err(match self.variable(&variable) {
                Ok(_) => Cause::NotPermitted.into(),
                Err(unknown) => unknown,
            });
        }
        self.closed()?;
        self.memory.settings.insert(key(&variable), value);
        Ok(ServiceAnswer::Done)
    }

    /// Answers 32h of groups A and B: `PAA,…,HH,DDMMYY`, where `DT` is a disabled group.
    fn rates_report(&self) -> ServiceAnswer {
        let mut fields: Vec<String> = self
            .memory
            .rates
            .iter()
            .map(|rate| rate.map_or_else(|| "DT".to_owned(), |rate| decimal(rate, 2)))
            .collect();
        if let Some(first) = fields.first_mut() {
            first.insert(0, 'P');
        }
        fields.push(RATES_SINCE.to_owned());
        ServiceAnswer::Fields(fields)
    }

    fn report(&mut self, title: &str) -> Reply<ServiceAnswer> {
        self.closed()?;
        self.printing()?;
        let number = self.memory.next_document();
        let lines = [
            centred(title),
            spread(&format!("{number:07}"), &self.stamp()),
        ];
        self.issue(number, PrintedKind::Other, &lines);
        Ok(ServiceAnswer::Done)
    }

    /// Executes 39h: prints the buyer on an invoice, after it is paid.
    fn buyer(&mut self, lines: &[String]) -> Reply<ServiceAnswer> {
        self.printing()?;
        match &mut self.memory.open {
            Some(open)
                if open.invoice && open.payment_started && open.tendered() >= open.total() =>
            {
                open.tape.extend(lines.iter().cloned());
                Ok(ServiceAnswer::Done)
            }
            Some(_) => Err(Cause::NotPermitted.into()),
            None => Err(Cause::NoReceiptOpen.into()),
        }
    }

    fn journal_service(&mut self, service: Service) -> Reply<ServiceAnswer> {
        match service {
            Service::Search { from, to, kind } => {
                let moment = |text: &str, empty: i64| match text {
                    "" => Some(empty),
                    text => parse_stamp(text.trim_end_matches(" DST")),
                };
                let now = self.now();
                let (Some(first), Some(last)) = (moment(&from, 0), moment(&to, now)) else {
                    return Err(Cause::Syntax.into());
                };
                match self.journal.span(first, last, kind) {
                    Some((first, last)) => Ok(ServiceAnswer::Fields(vec![
                        from,
                        to,
                        first.to_string(),
                        last.to_string(),
                    ])),
                    None => Err(Cause::NotPermitted.into()),
                }
            }
            Service::JournalDocument(number) => match self.journal.choose(number) {
                Some(document) => Ok(ServiceAnswer::Fields(vec![
                    document.number.to_string(),
                    document.lines.len().to_string(),
                    Moment::of(document.at).stamp(),
                    document.kind.number().to_string(),
                    document.z_number.to_string(),
                ])),
                None => Err(Cause::NotPermitted.into()),
            },
            Service::JournalOf(number) => {
                let _ = self.journal.choose(number);
                self.journal_line()
            }
            Service::JournalFrom { from, to } => {
                let (Some(from), Some(to)) = (parse_digits(&from), parse_digits(&to)) else {
                    return Err(Cause::Syntax.into());
                };
                self.journal.choose_time(from, to);
                self.journal_line()
            }
            Service::JournalPrint => {
                self.closed()?;
                self.printing()?;
                let chosen = self.journal.chosen().ok_or(Cause::NotPermitted)?;
                // A copy of the journal is not a document of its own.
                let lines = chosen.lines.clone();
                self.tape.push(&lines);
                Ok(ServiceAnswer::Done)
            }
            _ => self.journal_line(),
        }
    }

    fn journal_line(&mut self) -> Reply<ServiceAnswer> {
        match self.journal.read() {
            Read::Line(text) => Ok(ServiceAnswer::Line(text)),
            Read::DocumentEnd => Err(in_answer(Cause::NotPermitted, ServiceAnswer::DocumentEnd)),
            Read::End => Err(in_answer(Cause::NotPermitted, ServiceAnswer::JournalEnd)),
        }
    }
}

fn key(variable: &Variable) -> String {
    format!("{} {}", variable.name, variable.index)
}

/// Reads `DDMMYYhhmmss`.
pub(super) fn parse_digits(text: &str) -> Option<i64> {
    let pair = |from: usize| text.get(from..from.saturating_add(2));
    parse_stamp(&format!(
        "{}-{}-{} {}:{}:{}",
        pair(0)?,
        pair(2)?,
        pair(4)?,
        pair(6)?,
        pair(8)?,
        pair(10)?
    ))
}
