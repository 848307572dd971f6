//! The table of commands: a request is looked up in its family's rows and executed.

use super::Printer;
use super::refusal::{Refusal, Reply};
use crate::family::{CommandRow, Errors};
use crate::wire::cause::Cause;

impl Printer {
    /// Executes a command.
    pub(in crate::emulator::isl) fn execute(
        &mut self,
        number: u8,
        data: &[u8],
    ) -> Result<Vec<u8>, Refusal> {
        let mut incoming = Incoming {
            known: false,
            reply: None,
            number,
            data,
            printer: self,
        };
        // A command that no source describes is not known, although the table of the family has it.
        if incoming.printer.has_source(number) && !incoming.printer.lacks.contains(&number) {
            incoming.known = true;
            incoming.reply = incoming.printer.answer_to_other_host(number, data);
            incoming.zfp();
            incoming.receipt();
            incoming.paper();
            incoming.questions();
            incoming.others();
        }
        let known = incoming.known;
        incoming.reply.unwrap_or(Err((
            if known {
                Cause::Syntax
            } else {
                Cause::UnknownCommand
            },
            None,
        )))
    }
}

/// A request that is looked up row by row until a row fits.
struct Incoming<'a> {
    number: u8,
    data: &'a [u8],
    /// Whether a row has the number of the request.
    known: bool,
    reply: Option<Result<Vec<u8>, Refusal>>,
    printer: &'a mut Printer,
}

impl Incoming<'_> {
    fn on<Q, A>(&mut self, row: &CommandRow<Q, A>, act: impl FnOnce(&mut Printer, Q) -> Reply<A>) {
        if self.reply.is_some() || row.command != self.number {
            return;
        }
        let firmware = self.printer.firmware;
        if !row.answer.is_known_to(firmware) {
            return;
        }
        self.known = true;
        let Some(ask) = (row.ask.parse)(self.data) else {
            return;
        };
        let reply = act(self.printer, ask);
        self.reply = Some(self.printer.written_by(row, reply));
    }

    fn zfp(&mut self) {
        let Some(asked) = &self.printer.protocol.asked else {
            return;
        };
        self.on(&asked.slip_open, |printer, open| {
            printer.slip_open_by(&open)
        });
        self.on(&asked.cash, |printer, (open, amount)| {
            printer.cash_by(&open, amount)
        });
        self.on(&asked.version, |printer, ()| Ok(printer.version()));
        self.on(&asked.payment_types, |printer, ()| {
            Ok(printer.payment_types())
        });
        self.on(&asked.last, |printer, ()| Ok(printer.last_numbers()));
        self.on(&asked.receipt, |printer, ()| Ok(printer.current_receipt()));
        self.on(&asked.receipt_payments, |printer, ()| {
            Ok(printer.receipt_payments())
        });
        self.on(&asked.receipt_code, |printer, ()| printer.receipt_code());
        self.on(&asked.day, |printer, ()| Ok(printer.day_groups()));
        for (row, option) in asked.registers.iter().zip(['0', '2', '3', '4', '6']) {
            self.on(row, |printer, ()| Ok(printer.register(option)));
        }
    }

    fn receipt(&mut self) {
        let table = self.printer.protocol;
        self.on(&table.open, |printer, open| printer.receipt_open(&open));
        if let Some(row) = &table.refund {
            self.on(row, |printer, refund| printer.refund_open(&refund));
        }
        self.on(&table.sale, |printer, sale| printer.sale(&sale));
        self.on(&table.subtotal, |printer, ask| printer.subtotal(&ask));
        self.on(&table.payment, |printer, payment| printer.payment(&payment));
        self.on(&table.text, |printer, text| printer.receipt_text(&text));
        self.on(&table.close, |printer, ()| printer.receipt_close());
        self.on(&table.cancel, |printer, ()| printer.receipt_cancel());
    }

    fn paper(&mut self) {
        let table = self.printer.protocol;
        self.on(&table.slip_open, |printer, ()| printer.slip_open());
        self.on(&table.slip_text, |printer, text| printer.slip_text(&text));
        self.on(&table.slip_close, |printer, ()| printer.slip_close());
        if let Some(row) = &table.duplicate {
            self.on(row, |printer, ()| printer.duplicate());
        }
        self.on(&table.x_report, |printer, ()| printer.daily_report(false));
        self.on(&table.z_report, |printer, ()| printer.daily_report(true));
        for row in &table.by_number {
            self.on(row, |printer, (first, last)| {
                printer.memory_by_number(first, last)
            });
        }
        for row in &table.by_date {
            self.on(row, |printer, (first, last)| {
                printer.memory_by_date(&first, &last)
            });
        }
        self.on(&table.cash, |printer, amount| printer.cash(amount));
        self.on(&table.drawer, |printer, _| printer.drawer());
    }

    fn questions(&mut self) {
        let table = self.printer.protocol;
        self.on(&table.state, |printer, ()| Ok(printer.status()));
        self.on(&table.transaction, |printer, tender| {
            Ok(printer.transaction(tender))
        });
        self.on(
            &table.receipt_sums,
            |printer, ()| Ok(printer.receipt_sums()),
        );
        self.on(&table.last_document, |printer, ()| {
            Ok(printer.memory.last_document)
        });
        if let Some(row) = &table.next_fiscal {
            self.on(row, |printer, ()| Ok(printer.next_fiscal()));
        }
        if let Some(row) = &table.day_receipts {
            self.on(row, |printer, ()| Ok(printer.memory.day.fiscal_receipts));
        }
        self.on(
            &table.day_payments,
            |printer, ()| Ok(printer.day_payments()),
        );
        let [sales, taxes] = &table.day_sales;
        self.on(sales, |printer, ()| Ok(printer.memory.day.sales));
        self.on(taxes, |printer, ()| {
            Ok(printer.taxes(printer.memory.day.sales))
        });
        if let Some([refunds, taxes]) = &table.day_refunds {
            self.on(refunds, |printer, ()| Ok(printer.memory.day.refunds));
            self.on(taxes, |printer, ()| {
                Ok(printer.taxes(printer.memory.day.refunds))
            });
        }
        if let Some(row) = &table.last_z {
            self.on(row, |printer, ()| Ok(printer.last_z()));
        }
        self.on(&table.device_info, |printer, ()| Ok(printer.device_info()));
        self.on(&table.rates, |printer, ()| Ok(printer.rates()));
        self.on(&table.clock, |printer, ()| Ok(printer.stamp()));
        if let Some(row) = &table.mode {
            self.on(row, |printer, ()| Ok(printer.mode));
        }
        self.on(&table.clock_set, |printer, at| printer.clock_set(&at));
        if let Errors::Asked(row) = &table.errors {
            self.on(row, |printer, clear| Ok(printer.last_error_answer(clear)));
        }
    }

    fn others(&mut self) {
        let others = self.printer.protocol.others;
        for row in others.sales {
            self.on(row, |printer, sale| printer.sale(&sale));
        }
        if let Some(row) = &others.rates_set {
            self.on(row, |printer, rates| printer.rates_set(rates));
        }
        if let Some(row) = &others.rates_read {
            self.on(row, |printer, ()| Ok(printer.rates()));
        }
        if let Some(row) = &others.feed {
            self.on(row, |printer, _| Ok(printer.printing()?));
        }
        for row in others.cut {
            self.on(row, |printer, ()| Ok(printer.printing()?));
        }
        for row in others.ornament {
            self.on(row, |printer, _| printer.ornament());
        }
        if let Some(row) = &others.options {
            self.on(row, |printer, data| printer.options(&data));
        }
        for row in others.daily {
            self.on(row, |printer, closes| printer.daily_report(closes));
        }
        for row in others.services {
            self.on(row, |printer, service| printer.service(service));
        }
    }
}
