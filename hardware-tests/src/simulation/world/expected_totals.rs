//! The totals that each till must have according to the orders, compared with its journal, its printer and the authority.

use std::collections::BTreeMap;

use ferrotill::order::OrderKind;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::{Reserved, Sealed};
use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::shift::Turnover;
use ferrotill_core::totals::GroupTotal;
use ferrotill_device::emulator::journal::{PrintedDocument, PrintedKind};
use ferrotill_device::emulator::memory::FiscalReceipt;
use ferrotill_device::family::{PaymentMeaning, Payments};
use ferrotill_store::StoredDocument;

use super::super::callers::{Order, number_of};
use super::super::goods::{CARD, GROUPS, Goods};
use super::super::printers::{PrinterLine, returns_by_slip};
use super::Checked;
use super::calls::ASTRAY_MS;

/// The totals that the simulation has counted for one till.
#[derive(Debug, Default)]
pub(super) struct ExpectedTotals {
    /// How many documents of the till were checked; this is also the number of the last one.
    pub(super) documents: u32,
    latest_ms: i64,
    /// When the last document that is no alternative receipt was sealed.
    latest_of_printer_ms: i64,
    /// How many fiscal documents the printer's memory must have.
    fiscal: usize,
    /// The numbers of the alternative receipts that were not checked yet: series and number.
    pub(super) numbers: Vec<(String, u32)>,
    /// The printer's own time of each of its sales, `DDMMYYhhmmss`, by the number of the sale's document; `None` for a sale whose time
    /// the printer has not told.
    sale_times: BTreeMap<u32, Option<String>>,
    /// How many cash movements the printer must have.
    cash: usize,
    /// The sums of the cash movements that the printer must have, in minor units: put in, and taken out.
    cash_moved: [i64; 2],
    z_number: u32,
    shift: Shift,
    /// The documents that the authority must have, by their delivery key.
    pub(super) due: BTreeMap<String, Due>,
}

/// A document that the authority must have.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) kind: String,
    /// Texts that the body must contain.
    pub(super) parts: Vec<String>,
}

/// The sums of one shift according to the orders; money is in minor units.
#[derive(Debug, Default)]
struct Shift {
    documents: u32,
    /// How many of the documents are non-fiscal receipts. They may stand before the shift is open.
    nonfiscal: u32,
    sales: Side,
    refunds: Side,
    alternative: (u32, i64),
    cash_in: (u32, i64),
    cash_out: (u32, i64),
}

/// Sums of the sales or of the refunds of a shift; money is in minor units.
#[derive(Debug, Default)]
struct Side {
    count: u32,
    amount: i64,
    tax: i64,
    cash: i64,
    card: i64,
    groups: [i64; GROUPS.len()],
    taxes: [i64; GROUPS.len()],
}

impl Side {
    fn add(&mut self, goods: &Goods) {
        self.count += 1;
        self.amount += goods.total;
        self.tax += goods.tax();
        self.card += goods.card;
        self.cash += goods.total - goods.card;
        for (place, sum) in self.groups.iter_mut().enumerate() {
            *sum += goods.gross(place);
        }
        for (place, sum) in self.taxes.iter_mut().enumerate() {
            *sum += goods.tax_of(place);
        }
    }

    /// Checks that the product reports exactly these sums.
    fn compare(&self, name: &str, turnover: &Turnover) -> Checked {
        let paid = |card: bool| {
            let payments = turnover.payments.entries();
            let payments = payments.filter(|payment| (payment.code == CARD) == card);
            payments.map(|payment| payment.amount.minor()).sum::<i64>()
        };
        let reported = [
            i64::from(turnover.receipts.count),
            turnover.receipts.amount.minor(),
            turnover.tax.minor(),
            paid(false),
            paid(true),
        ];
        let counted = [
            i64::from(self.count),
            self.amount,
            self.tax,
            self.cash,
            self.card,
        ];
        same(
            &format!("{name}: count, sum, tax, cash, card"),
            &reported,
            &counted,
        )?;
        let sum_of = |letter: char, part: fn(&GroupTotal) -> i64| {
            let groups = turnover.groups.entries();
            let groups = groups.filter(|total| char::from(total.group.code.letter()) == letter);
            groups.map(part).sum::<i64>()
        };
        let reported = GROUPS.map(|(letter, _)| sum_of(letter, |total| total.amount.minor()));
        same(&format!("{name} by group"), &reported, &self.groups)?;
        let reported = GROUPS.map(|(letter, _)| sum_of(letter, |total| total.tax.minor()));
        same(&format!("{name}, tax by group"), &reported, &self.taxes)
    }
}

impl ExpectedTotals {
    /// Takes the next document of the journal and compares it with its order and with the receipt in the printer.
    pub(super) fn take(
        &mut self,
        document: &StoredDocument,
        orders: &[Order],
        line: &PrinterLine,
    ) -> Checked {
        let row = &document.row;
        let (Some(reserved), Some(sealed)) = (document.reserved(), document.sealed()) else {
            return Err("a sealed document cannot be read".to_owned());
        };
        self.documents += 1;
        self.shift.documents += 1;
        if row.number != Some(self.documents) || sealed.current_number != self.shift.documents {
            return Err(format!(
                "document {} ({} of its shift) has the numbers {:?} and {}",
                self.documents, self.shift.documents, row.number, sealed.current_number
            ));
        }
        let order = number_of(row.id).and_then(|number| orders.get(number));
        self.check_time(&reserved, sealed.at.utc_ms, order)?;
        let parts = match &reserved.body {
            Body::Receipt(receipt) => {
                let order = order.ok_or("the store has a receipt that no caller ordered")?;
                self.take_receipt(receipt, &sealed, order, line)?
            }
            Body::Cash(amount) => {
                self.cash += 1;
                let [put_in, taken_out] = &mut self.cash_moved;
                let (side, all) = if amount.is_negative() {
                    (&mut self.shift.cash_out, taken_out)
                } else {
                    (&mut self.shift.cash_in, put_in)
                };
                let moved = amount.minor().abs();
                *side = (side.0 + 1, side.1 + moved);
                *all += moved;
                vec![format!("\"totalAmount\":{moved},")]
            }
            Body::Report(_) => self.take_report(&reserved, &sealed)?,
            Body::Amounts(_) => return Err("the store has a receipt without lines".to_owned()),
            Body::Nonfiscal(text) => {
                self.shift.nonfiscal += 1;
                match order.map(|order| &order.form.kind) {
                    Some(OrderKind::Nonfiscal { text: ordered, .. })
                        if ordered.as_str() == *text => {}
                    _ => return Err("the store has a text that no caller ordered".to_owned()),
                }
                Vec::new()
            }
        };
        let is_told = !matches!(
            row.kind,
            DocumentKind::XReport | DocumentKind::NonfiscalReceipt
        );
        if is_told {
            let due = Due {
                kind: match row.kind.name() {
                    "cash_in" => "deposit".to_owned(),
                    "cash_out" => "withdraw".to_owned(),
                    kind => kind.to_owned(),
                },
                parts,
            };
            if self.due.insert(row.unique_id.to_string(), due).is_some() {
                return Err("two documents have the same key".to_owned());
            }
        }
        Ok(())
    }

    /// Checks that a document is older neither than the document before it nor than its order, and that it belongs to the open
    /// shift.
    fn check_time(
        &mut self,
        reserved: &Reserved<'_>,
        sealed_ms: i64,
        order: Option<&Order>,
    ) -> Checked {
        let alternative = matches!(reserved.body.kind(), DocumentKind::AlternativeSale);
        // Alternative receipts may have been sealed while a document of the printer was outstanding.
        let earliest_ms = if alternative {
            self.latest_ms
        } else {
            self.latest_of_printer_ms
        };
        let in_order = earliest_ms <= reserved.at.utc_ms
            && reserved.at.utc_ms <= sealed_ms
            && self.latest_ms <= sealed_ms;
        if !in_order {
            return Err(format!(
                "document {} is older than the one before it",
                self.documents
            ));
        }
        self.latest_ms = sealed_ms;
        if !alternative {
            self.latest_of_printer_ms = sealed_ms;
        }
        if reserved.z_number != self.z_number + 1 {
            return Err(format!(
                "document {} belongs to shift {}, and shift {} is the one that is open",
                self.documents,
                reserved.z_number,
                self.z_number + 1
            ));
        }
        let asked_ms = order.map_or(i64::MIN, |order| order.asked_ms);
        let behind_ms = asked_ms.saturating_sub(reserved.at.utc_ms);
        if behind_ms > ASTRAY_MS {
            return Err(format!(
                "document {} has a time {behind_ms} ms before its order",
                self.documents
            ));
        }
        Ok(())
    }

    /// Checks at the end of a day that no shift is open, and that the printer has as many documents as the store.
    pub(super) fn check_end(&self, line: &PrinterLine) -> Checked {
        if self.shift.documents > self.shift.nonfiscal {
            return Err(format!("shift {} is still open", self.z_number + 1));
        }
        let is_cash = |document: &&PrintedDocument| document.kind == PrintedKind::Cash;
        let (printed, cash, moved) = line.with(|emulator| {
            let printer = emulator.printer();
            let cash = printer.documents_after(0).filter(is_cash).count();
            let closed = printer.memory().closures.iter().map(|closed| &closed.day);
            let days = closed.chain([&printer.memory().day]);
            let moved = days.fold([0, 0], |[put_in, taken_out], day| {
                [put_in + day.cash_in, taken_out + day.cash_out]
            });
            (printer.receipts().len(), cash, moved)
        });
        same("cash put in and taken out", &moved, &self.cash_moved)?;
        if cash != self.cash {
            return Err(format!(
                "the printer has {cash} cash movements, the store {}",
                self.cash
            ));
        }
        if printed != self.fiscal {
            return Err(format!(
                "the printer has {printed} fiscal receipts, the store {}",
                self.fiscal
            ));
        }
        Ok(())
    }

    fn take_receipt(
        &mut self,
        receipt: &Receipt<'_>,
        sealed: &Sealed<'_>,
        order: &Order,
        line: &PrinterLine,
    ) -> Checked<Vec<String>> {
        let goods = order.goods.as_ref().ok_or("the order is for no receipt")?;
        let what = format!("document {}", self.documents);
        same(
            &format!("{what}: sum and tax"),
            &[receipt.total.minor(), receipt.tax.minor()],
            &[goods.total, goods.tax()],
        )?;
        let mut parts = vec![format!("\"totalAmount\":{},", goods.total)];
        match (receipt.kind, &sealed.seal) {
            (ReceiptKind::AlternativeSale, Seal::Range { series, number, .. }) => {
                self.numbers.push(((*series).to_owned(), *number));
                parts.push(format!("\"number\":{number},"));
                let counted = &mut self.shift.alternative;
                *counted = (counted.0 + 1, counted.1 + goods.total);
            }
            (
                ReceiptKind::Sale | ReceiptKind::Refund { .. },
                Seal::Printer {
                    document,
                    printed_at,
                    ..
                },
            ) => {
                let refund = receipt.kind != ReceiptKind::Sale;
                if refund && returns_by_slip(line) {
                    self.take_slip_return(&what, *document, order, line)?;
                } else {
                    let place = self.fiscal;
                    self.fiscal += 1;
                    let printed =
                        line.with(|emulator| emulator.printer().receipts().get(place).cloned());
                    let printed =
                        printed.ok_or(format!("{what} is not in the printer's memory"))?;
                    let letters = line.with(|emulator| emulator.printer().family().payments);
                    compare_printed(&what, &printed, (*document, refund), goods, &letters)?;
                    self.compare_times(&what, &printed, *printed_at)?;
                }
                let side = if refund {
                    &mut self.shift.refunds
                } else {
                    &mut self.shift.sales
                };
                side.add(goods);
            }
            (_, seal) => return Err(format!("{what} has the seal {seal:?}")),
        }
        Ok(parts)
    }

    /// Takes a return on a printer without refund receipts: its document there is the withdrawal of the cash, or else the slip.
    fn take_slip_return(
        &mut self,
        what: &str,
        document: u32,
        order: &Order,
        line: &PrinterLine,
    ) -> Checked {
        let withdrawal = order.withdrawal();
        let wanted = if withdrawal > 0 {
            self.cash += 1;
            let [_, taken_out] = &mut self.cash_moved;
            *taken_out += withdrawal;
            PrintedKind::Cash
        } else {
            PrintedKind::Slip
        };
        let printed = line.with(|emulator| {
            let mut after = emulator
                .printer()
                .documents_after(document.saturating_sub(1));
            after.next().map(|printed| (printed.number, printed.kind))
        });
        // If a report was printed at the keyboard between the last counters and the withdrawal, the totals of the printer prove the
        // withdrawal and not its number, which is then that of the report.
        let is_there = [wanted, PrintedKind::XReport].map(|kind| Some((document, kind)));
        if !is_there.contains(&printed) {
            return Err(format!(
                "{what} is document {document} of the printer, and its paper has {printed:?}"
            ));
        }
        Ok(())
    }

    /// Checks that a seal has the printer's own time, and that a refund names number and time of a sale of this printer.
    fn compare_times(
        &mut self,
        what: &str,
        printed: &FiscalReceipt,
        sealed: Option<PrinterTime>,
    ) -> Checked {
        let stamp = printed.stamp();
        let told = sealed.map(|at| at.to_string().replace(['-', ':', ' '], ""));
        if let Some(told) = told.as_ref().filter(|told| **told != stamp) {
            return Err(format!(
                "{what} was printed at {stamp}, and the store has {told}"
            ));
        }
        let Some(original) = &printed.original else {
            self.sale_times.insert(printed.document, told);
            return Ok(());
        };
        match self.sale_times.get(&original.document) {
            None => Err(format!(
                "{what} gives back document {}, which is no sale of this printer",
                original.document
            )),
            // A refund names no time on a printer that does not report its fiscal memory.
            Some(Some(at)) if *at != original.at && !original.at.is_empty() => Err(format!(
                "{what} names {} as the time of document {}, which was printed at {at}",
                original.at, original.document
            )),
            Some(_) => Ok(()),
        }
    }

    /// Checks that a report has the counted sums; after a Z-report the counts begin again from zero.
    fn take_report(
        &mut self,
        reserved: &Reserved<'_>,
        sealed: &Sealed<'_>,
    ) -> Checked<Vec<String>> {
        let figures = sealed.report.as_ref().ok_or("a report without figures")?;
        let what = format!("report {} of shift {}", self.documents, self.z_number + 1);
        let reported = &figures.shift;
        let counted = &self.shift;
        counted
            .sales
            .compare(&format!("{what}, sales"), &reported.sales)?;
        counted
            .refunds
            .compare(&format!("{what}, refunds"), &reported.refunds)?;
        let tallies = [
            (
                "alternative receipts",
                reported.alternative,
                counted.alternative,
            ),
            ("cash in", reported.cash_in, counted.cash_in),
            ("cash out", reported.cash_out, counted.cash_out),
        ];
        for (name, reported, (count, amount)) in tallies {
            same(
                &format!("{what}, {name}"),
                &[i64::from(reported.count), reported.amount.minor()],
                &[i64::from(count), amount],
            )?;
        }
        let cash =
            counted.sales.cash - counted.refunds.cash + counted.cash_in.1 - counted.cash_out.1;
        same(&format!("{what}, cash"), &[figures.cash.minor()], &[cash])?;
        same(
            &format!("{what}, its own number and its documents"),
            &[i64::from(reported.z_number), i64::from(reported.documents)],
            &[
                i64::from(self.z_number + 1),
                i64::from(counted.documents - counted.nonfiscal),
            ],
        )?;
        if !matches!(
            reserved.body,
            Body::Report(ferrotill_core::document::ReportKind::Z)
        ) {
            return Ok(Vec::new());
        }
        let total = |name: &str, count: u32, amount: i64| {
            format!("\"{name}\":{{\"count\":{count},\"amount\":{amount}}}")
        };
        let totals = [
            total("sale", counted.sales.count, counted.sales.amount),
            total("deposit", counted.cash_in.0, counted.cash_in.1),
            total("refund", counted.refunds.count, counted.refunds.amount),
            total("withdraw", counted.cash_out.0, counted.cash_out.1),
        ];
        let mut parts = vec![format!("\"zNumber\":{},", self.z_number + 1)];
        parts.extend(
            totals
                .into_iter()
                .filter(|part| !part.contains("\"count\":0,")),
        );
        self.z_number += 1;
        self.shift = Shift::default();
        Ok(parts)
    }
}

/// Checks that a receipt in the printer's memory is the one that was ordered.
fn compare_printed(
    what: &str,
    printed: &FiscalReceipt,
    (document, refund): (u32, bool),
    goods: &Goods,
    letters: &Payments,
) -> Checked {
    let paid = |meaning: PaymentMeaning| -> i64 {
        let payments = printed.payments.iter();
        let payments = payments.filter(|(letter, _)| letters.meaning_of(*letter) == Some(meaning));
        payments.map(|(_, amount)| amount).sum()
    };
    let (card, cash) = (paid(PaymentMeaning::Card), paid(PaymentMeaning::Cash));
    let [first, second, third] = GROUPS.map(|(letter, _)| {
        let place = usize::from(u8::try_from(letter).unwrap_or(b'A') - b'A');
        printed.groups.get(place).copied().unwrap_or(0)
    });
    same(
        &format!("{what} on the printer: number, refund, sum, groups, card, cash kept"),
        &[
            i64::from(printed.document),
            i64::from(printed.refund),
            printed.total,
            first,
            second,
            third,
            card,
            cash - printed.change,
        ],
        &[
            i64::from(document),
            i64::from(refund),
            goods.total,
            goods.gross(0),
            goods.gross(1),
            goods.gross(2),
            goods.card,
            goods.total - goods.card,
        ],
    )
}

fn same(what: &str, reported: &[i64], counted: &[i64]) -> Checked {
    if reported == counted {
        Ok(())
    } else {
        Err(format!(
            "{what}: {reported:?}, and according to the orders {counted:?}"
        ))
    }
}
