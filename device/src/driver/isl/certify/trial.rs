//! A connected printer, and what the procedures do with it.

use ferrotill_core::printer_time::PrinterTime;

use super::{NotCertified, TrialFinding};
use crate::driver::isl::command::{Command, CommandFault};
use crate::driver::isl::device::Device;
use crate::driver::isl::options::Options;
use crate::driver::isl::printer::Unwatched;
use crate::driver::isl::state::{Closed, ReceiptTime};
use crate::driver::line::REPORT_LIMIT_MS;
use crate::family::{CommandRow, Protocol};
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::port::tracer::{TracerOpener, Transcript};
use crate::printer::{Condition, Paper};
use crate::wire::isl_counters::DayPayments;
use crate::wire::isl_payment::{Paid, PaidCode, PaymentRequest};
use crate::wire::isl_receipt::{Open, RefundKind, RefundOpen, Sale, Subtotal};
use crate::wire::isl_report::Cash;

/// The price of a trial's sale, in minor units.
pub(super) const PRICE: i64 = 500;
/// The text of a trial's lines.
pub(super) const TEXT: &[u8] = b"TEST";

/// A document that a procedure prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    Sale,
    Refund,
    Cancelled,
    Slip,
    CashIn,
    CashOut,
    XReport,
    ZReport,
    Duplicate,
}

/// What a procedure cannot go on without: the finding that ends it.
pub(super) type Found<T> = Result<T, TrialFinding>;

/// A connected printer.
pub(super) struct Trial {
    device: Device,
    watch: Unwatched,
    /// The tax group of the sales: the first that has a rate.
    group: u8,
    /// The printer's time of the last sale.
    sold_at: Option<PrinterTime>,
}

impl Trial {
    /// Connects a printer that may be tried.
    pub(super) fn connect(
        protocol: &'static Protocol,
        line: Box<dyn PortOpener>,
        options: Options,
        first_seq: u8,
        transcript: Transcript,
    ) -> Result<Self, NotCertified> {
        let traced = TracerOpener::new(line, Some(protocol.framing), transcript);
        let mut device = Device::new(protocol, Box::new(traced), options, first_seq);
        let mut watch = Unwatched;
        let condition = device
            .attach(&mut watch)
            .map_err(NotCertified::NotConnected)?;
        let trains = device
            .is_training(&mut watch)
            .map_err(NotCertified::NotConnected)?;
        if condition.fiscalised && !trains {
            return Err(NotCertified::Fiscalised);
        }
        if let Some(reason) = not_ready(&condition) {
            return Err(NotCertified::NotReady(reason.to_owned()));
        }
        let rates = device.machine_rates(&mut watch).unwrap_or_default();
        let group = rates.iter().position(Option::is_some).unwrap_or(0);
        Ok(Self {
            device,
            watch,
            group: u8::try_from(group).unwrap_or(0),
            sold_at: None,
        })
    }

    /// Model, firmware and serial number.
    pub(super) fn identity(&self) -> (String, String, String) {
        let known = self.device.identity();
        known.map_or_else(Default::default, |known| {
            (
                known.name.clone(),
                known.firmware.clone(),
                known.serial.clone(),
            )
        })
    }

    /// The family, in the form of the machine's country.
    pub(super) fn protocol(&self) -> &'static Protocol {
        self.device.protocol()
    }

    pub(super) const fn country(&self) -> &'static str {
        self.device.country()
    }

    pub(super) const fn group(&self) -> u8 {
        self.group
    }

    /// The number of columns of the family's lines: of a name, and of a text.
    pub(super) fn widths(&self) -> (usize, usize) {
        let widths = self.device.widths();
        (widths.name.sent, widths.receipt.sent)
    }

    /// Sends a command; the result is its answer or its refusal.
    pub(super) fn order<Q, A>(
        &mut self,
        row: &CommandRow<Q, A>,
        ask: &Q,
    ) -> Result<A, CommandFault> {
        let command = Command::of(row, ask);
        let data = self
            .device
            .execute(&command, REPORT_LIMIT_MS, &mut self.watch)?;
        let read = row.answer.read(&data);
        read.ok_or(CommandFault::Lost(Fault::AnswerUnreadable))
    }

    /// Sends a command whose answer is not read: some families only acknowledge it.
    pub(super) fn perform<Q, A>(
        &mut self,
        row: &CommandRow<Q, A>,
        ask: &Q,
    ) -> Result<(), CommandFault> {
        if self.protocol().asked.is_some() {
            return self.send(&Command::of(row, ask));
        }
        self.order(row, ask).map(|_| ())
    }

    /// [`Trial::perform`] of a command that this procedure cannot do without.
    pub(super) fn must_perform<Q, A>(&mut self, row: &CommandRow<Q, A>, ask: &Q) -> Found<()> {
        self.perform(row, ask)
            .map_err(|fault| not_tried(row.command, fault))
    }

    /// [`Trial::perform`] of a command whose refusal refutes the inference.
    pub(super) fn accepted_perform<Q, A>(&mut self, row: &CommandRow<Q, A>, ask: &Q) -> Found<()> {
        self.perform(row, ask)
            .map_err(|fault| refuted_by(row.command, fault))
    }

    /// Sends a command that this procedure cannot do without.
    pub(super) fn must<Q, A>(&mut self, row: &CommandRow<Q, A>, ask: &Q) -> Found<A> {
        self.order(row, ask)
            .map_err(|fault| not_tried(row.command, fault))
    }

    /// Sends a command whose refusal refutes the inference.
    pub(super) fn accepted<Q, A>(&mut self, row: &CommandRow<Q, A>, ask: &Q) -> Found<A> {
        self.order(row, ask)
            .map_err(|fault| refuted_by(row.command, fault))
    }

    /// Asks a question.
    pub(super) fn ask<Q, A>(&mut self, row: &CommandRow<Q, A>, ask: &Q) -> Result<A, Fault> {
        self.device.ask(row, ask, &mut self.watch)
    }

    /// Asks a question that this procedure cannot do without.
    pub(super) fn told<Q, A>(&mut self, row: &CommandRow<Q, A>, ask: &Q) -> Found<A> {
        self.ask(row, ask)
            .map_err(|fault| TrialFinding::NotTried(format!("{:02X}h: {fault}", row.command)))
    }

    pub(super) fn condition(&mut self) -> Found<Condition> {
        self.device
            .status(&mut self.watch)
            .map_err(|fault| TrialFinding::NotTried(fault.to_string()))
    }

    /// The number of the last document.
    pub(super) fn document(&mut self) -> Found<u32> {
        self.told(&self.protocol().last_document, &())
    }

    /// The number of the next fiscal receipt.
    pub(super) fn next_fiscal(&mut self) -> Found<u32> {
        if let Some(row) = &self.protocol().next_fiscal {
            return self.told(row, &());
        }
        let told = self.day_payments()?.next_receipt;
        told.ok_or_else(|| {
            TrialFinding::NotTried("6Eh: no number of the next fiscal receipt".to_owned())
        })
    }

    pub(super) fn day_payments(&mut self) -> Found<DayPayments> {
        self.told(&self.protocol().day_payments, &())
    }

    pub(super) fn cash(&mut self) -> Found<Cash> {
        self.told(&self.protocol().cash, &None)
    }

    /// The number of the last Z-report, as the driver finds it.
    pub(super) fn z_number(&mut self) -> Found<u32> {
        if let Some(asked) = &self.protocol().asked {
            return Ok(self.told(&asked.last, &())?.z_number);
        }
        match &self.protocol().last_z {
            Some(row) => match self.ask(row, &()) {
                Ok(last) => Ok(last.closure),
                Err(Fault::NotAllowed) => Ok(0),
                Err(fault) => Err(TrialFinding::NotTried(format!(
                    "{:02X}h: {fault}",
                    row.command
                ))),
            },
            None => Ok(self.day_payments()?.closure.saturating_sub(1)),
        }
    }

    fn seller(&mut self, refund: bool) -> Found<Open> {
        let counters = self.device.counters(&mut self.watch);
        let counters = counters.map_err(|fault| TrialFinding::NotTried(fault.to_string()))?;
        Ok(self.device.seller(refund, &counters))
    }

    /// The data of an opening of a sale.
    pub(super) fn opening(&mut self) -> Found<Open> {
        self.seller(false)
    }

    /// The data of an opening of a refund of the last sale, with its time or without it.
    pub(super) fn refund_opening(&mut self, with_origin: bool) -> Found<RefundOpen> {
        let open = self.seller(true)?;
        let document = self.document()?;
        let memory = self
            .device
            .identity()
            .map_or_else(String::new, |known| known.fiscal_memory.clone());
        let at = match self.sold_at {
            Some(at) => at,
            None => {
                return Err(TrialFinding::NotTried(
                    "the time of a sale is not known".into(),
                ));
            }
        };
        Ok(RefundOpen {
            open,
            kind: RefundKind::Return,
            document,
            origin: with_origin.then(|| {
                let digits = at
                    .to_string()
                    .chars()
                    .filter(char::is_ascii_digit)
                    .collect();
                (digits, memory)
            }),
        })
    }

    /// Opens a sale.
    pub(super) fn open_sale(&mut self) -> Found<()> {
        let open = self.opening()?;
        self.must_perform(&self.protocol().open, &open)
    }

    /// Opens a refund of a new sale.
    pub(super) fn open_refund(&mut self) -> Found<()> {
        let Some(row) = &self.protocol().refund else {
            return Err(TrialFinding::NotTried("no refund receipts".to_owned()));
        };
        self.make(Made::Sale)?;
        let open = self.refund_opening(true)?;
        self.must_perform(row, &open)
    }

    /// A sale of one piece at this price.
    pub(super) fn sale_of(&self, price: i64, text: &[u8]) -> Sale {
        Sale {
            text: text.to_vec(),
            second: Vec::new(),
            group: self.group,
            price,
            quantity: None,
            modifier: None,
        }
    }

    pub(super) fn sell(&mut self, price: i64) -> Found<()> {
        let sale = self.sale_of(price, TEXT);
        self.must_perform(&self.protocol().sale, &sale)
    }

    /// The total of the open receipt, by a subtotal that is not printed.
    pub(super) fn subtotal(&mut self) -> Found<i64> {
        let ask = Subtotal {
            print: false,
            display: false,
            modifier: None,
        };
        Ok(self.must(&self.protocol().subtotal, &ask)?.total)
    }

    pub(super) fn payment(letter: char, amount: i64) -> PaymentRequest {
        PaymentRequest {
            text: Vec::new(),
            mode: Some(letter),
            amount: Some(amount),
        }
    }

    /// Pays; the amount must be accepted.
    pub(super) fn pay(&mut self, letter: char, amount: i64) -> Found<Paid> {
        let row = &self.protocol().payment;
        let paid = self.must(row, &Self::payment(letter, amount))?;
        match paid.code {
            PaidCode::Rest | PaidCode::Change => Ok(paid),
            code => Err(TrialFinding::NotTried(format!("35h {letter}: {code:?}"))),
        }
    }

    pub(super) fn close_receipt(&mut self) -> Found<()> {
        self.must_perform(&self.protocol().close, &())
    }

    /// Sells one piece on the open receipt, pays it in cash and closes the receipt.
    pub(super) fn finish_open(&mut self) -> Found<()> {
        self.sell(PRICE)?;
        self.subtotal()?;
        self.pay('P', PRICE)?;
        self.close_receipt()
    }

    /// Prints a document.
    pub(super) fn make(&mut self, made: Made) -> Found<()> {
        let table = self.protocol();
        match made {
            Made::Sale => {
                self.open_sale()?;
                self.finish_open()?;
                let number = self.document()?;
                let at = self
                    .device
                    .receipt_time(number, Closed::Now, &mut self.watch);
                self.sold_at = at.map(|at| match at {
                    ReceiptTime::OfDocument(at)
                    | ReceiptTime::LastDocument(at)
                    | ReceiptTime::OfLast(at)
                    | ReceiptTime::OnClock(at) => at,
                });
                Ok(())
            }
            Made::Refund => {
                self.open_refund()?;
                self.finish_open()
            }
            Made::Cancelled => {
                self.open_sale()?;
                self.sell(PRICE)?;
                self.must(&table.cancel, &())
            }
            Made::Slip => {
                let opened = self.open_slip();
                opened.map_err(|fault| not_tried(table.slip_open.command, fault))?;
                self.must(&table.slip_text, &TEXT.to_vec())?;
                self.must_perform(&table.slip_close, &())
            }
            Made::CashIn => self.move_cash(PRICE),
            Made::CashOut => self.move_cash(PRICE.saturating_neg()),
            Made::XReport => self.must_perform(&table.x_report, &()),
            Made::ZReport => self.must_perform(&table.z_report, &()),
            Made::Duplicate => match &table.duplicate {
                Some(row) => self.must(row, &()),
                None => Err(TrialFinding::NotTried(
                    "no command for a duplicate".to_owned(),
                )),
            },
        }
    }

    /// Sends a command whose answer has no figures that are read.
    fn send(&mut self, command: &Command) -> Result<(), CommandFault> {
        let sent = self
            .device
            .execute(command, REPORT_LIMIT_MS, &mut self.watch);
        sent.map(|_| ())
    }

    /// Opens a slip, with the operator if the family wants one.
    pub(super) fn open_slip(&mut self) -> Result<(), CommandFault> {
        let command = self.device.slip_opening();
        self.send(&command)
    }

    /// Puts cash in or takes it out, with the operator if the family wants one.
    pub(super) fn send_cash(&mut self, amount: i64) -> Result<(), CommandFault> {
        let command = self.device.cash_command(amount);
        self.send(&command)
    }

    fn move_cash(&mut self, amount: i64) -> Found<()> {
        if let Some(asked) = &self.protocol().asked {
            let sent = self.send_cash(amount);
            return sent.map_err(|fault| not_tried(asked.cash.command, fault));
        }
        let cash = self.must(&self.protocol().cash, &Some(amount))?;
        if cash.done {
            Ok(())
        } else {
            Err(TrialFinding::NotTried(format!(
                "46h: {amount} minor units are refused"
            )))
        }
    }

    /// Closes what a procedure has left open. What cannot be closed shows in the next finding.
    pub(super) fn close_all(&mut self) {
        let table = self.protocol();
        let Ok(condition) = self.condition() else {
            return;
        };
        if condition.slip_open {
            // A family with one bit for both closes its receipt below.
            let _ = self.order(&table.slip_close, &());
        }
        if condition.fiscal_receipt_open && self.order(&table.cancel, &()).is_err() {
            let _ = self.order(&table.payment, &Self::payment('P', PRICE));
            let _ = self.order(&table.close, &());
        }
    }

    /// Whether the status of the last answer to a question has this number of an error in a byte.
    pub(super) fn status_number(&mut self, byte: usize) -> Found<u8> {
        let row = &self.protocol().state;
        let asked = self.device.ask_with_status(row, &(), &mut self.watch);
        asked
            .map(|(_, status)| status.number_in(byte))
            .map_err(|fault| TrialFinding::NotTried(fault.to_string()))
    }
}

/// Why a printer cannot be tried now.
fn not_ready(condition: &Condition) -> Option<&'static str> {
    [
        (condition.paper == Paper::Out, "it has no paper"),
        (condition.cover_open, "its cover is open"),
        (condition.fiscal_receipt_open, "a receipt is open"),
        (condition.slip_open, "a slip is open"),
        (condition.clock_not_set, "its clock is not set"),
    ]
    .into_iter()
    .find(|(is_so, _)| *is_so)
    .map(|(_, why)| why)
}

/// A fault, and what the printer says of it.
pub(super) fn said(fault: Fault, words: &str) -> String {
    match words {
        "" => fault.to_string(),
        words => format!("{fault} ({words})"),
    }
}

/// The finding of a procedure whose command must be accepted.
fn refuted_by(command: u8, fault: CommandFault) -> TrialFinding {
    match fault {
        CommandFault::Refused(fault, words) => {
            TrialFinding::Refuted(format!("{command:02X}h: {}", said(fault, &words)))
        }
        CommandFault::Lost(Fault::AnswerUnreadable) => {
            TrialFinding::Refuted(format!("{command:02X}h: the answer has another form"))
        }
        lost @ CommandFault::Lost(_) => not_tried(command, lost),
    }
}

/// The finding of a procedure whose command was refused.
pub(super) fn not_tried(command: u8, fault: CommandFault) -> TrialFinding {
    let (fault, words) = fault.into_parts();
    TrialFinding::NotTried(format!("{command:02X}h: {}", said(fault, &words)))
}

/// Confirmed if something is so; otherwise refuted by what was seen.
pub(super) fn confirmed_if(is_so: bool, seen: impl FnOnce() -> String) -> Found<TrialFinding> {
    Ok(if is_so {
        TrialFinding::Confirmed
    } else {
        TrialFinding::Refuted(seen())
    })
}
