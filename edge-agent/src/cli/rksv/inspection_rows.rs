//! The protocol of § 131 BAO: every line, change and void of the journal, row by row in the order of the journal.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use ferrotill_core::document::{AmountsReceipt, Body};
use ferrotill_core::event::{Event, Reserved};
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX, Signature};
use ferrotill_core::receipt::Receipt;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, Currency};
use ferrotill_store::Reader;
use uuid::Uuid;

use super::export::CashBoxOfTill;
use super::unopened;
use crate::agent::check;
use crate::cli::export::table::{Cell, Table, TableForm, TableLocale};
use crate::cli::{CliFailure, shop_clock};
use crate::config::Config;
use crate::order::user_of;
use crate::time::clock::{Clock, local};

/// The form of the tables: German spreadsheets read them.
pub(super) const FORM: (TableForm, TableLocale) = (TableForm::Csv, TableLocale::De);

const COLUMNS: &[&str] = &[
    "row",
    "time",
    "device_id",
    "cash_box",
    "event",
    "document",
    "kind",
    "number",
    "receipt",
    "signed",
    "line",
    "name",
    "quantity",
    "price",
    "tax_group",
    "rate",
    "amount",
    "by",
    "text",
];

/// The values of a row that has them. The others are empty.
#[derive(Default)]
struct Values {
    event: &'static str,
    document: Option<Uuid>,
    kind: Option<&'static str>,
    number: Option<u32>,
    receipt: Option<String>,
    signed: Option<bool>,
    line: Option<usize>,
    name: Option<String>,
    quantity: Option<String>,
    price: Option<Amount>,
    tax_group: Option<char>,
    rate: Option<String>,
    amount: Option<Amount>,
    by: Option<String>,
    text: Option<String>,
}

/// Writes the table, and returns the name of its file.
pub(super) fn write_rows(
    work: &Path,
    (config, reader): (&Config, &Reader),
    cash_boxes: &[CashBoxOfTill],
) -> Result<String, CliFailure> {
    let facts = check(config)?.facts();
    let mut rows = Rows {
        table: Table::begin(work, "dep131", FORM, COLUMNS)
            .map_err(|error| unopened(work, error))?,
        clock: shop_clock(config)?,
        currency: facts.currency,
        cash_boxes: cash_boxes
            .iter()
            .map(|cash_box| (cash_box.device, cash_box.id.clone()))
            .collect(),
        place: (0, Uuid::nil(), 0),
    };
    let mut failed = None;
    reader
        .each_row(|place, event| {
            rows.place = place;
            match rows.event(event) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(CliFailure::failed)?;
    let written = match failed {
        Some(error) => Err(error),
        None => rows.table.end(),
    };
    let written = written.map_err(|error| unopened(work, error))?;
    Ok(written.file_name)
}

/// The id of the signed receipt of an event, and what it adds to the turnover counter, in minor units.
pub(super) fn receipt_of(event: &Event<'_>) -> Option<(String, i64)> {
    let (kind, compact) = match event {
        Event::ReceiptSigned(receipt) => (receipt.kind, receipt.compact),
        Event::Sealed(sealed) => match sealed.seal {
            Seal::Signature { kind, compact } => (kind, compact),
            _ => return None,
        },
        _ => return None,
    };
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(compact, &mut room).ok()?;
    let amount = match kind {
        ferrotill_core::profile::signed::Kind::Training => 0,
        _ => code.payload.sums.total().map_or(0, Amount::minor),
    };
    Some((code.payload.receipt.as_str().to_owned(), amount))
}

struct Rows {
    table: Table,
    clock: Clock,
    currency: Currency,
    cash_boxes: BTreeMap<Uuid, String>,
    /// The number, the device and the moment of the row.
    place: (i64, Uuid, i64),
}

impl Rows {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let values = match event {
            Event::Reserved(reserved) => return self.reserved(reserved),
            Event::Sealed(sealed) => Values {
                event: "sealed",
                document: Some(Uuid::from_bytes(sealed.id.0)),
                number: Some(sealed.number),
                ..match sealed.seal {
                    Seal::Signature { kind, compact } => signed(kind.label(), compact),
                    _ => Values::default(),
                }
            },
            Event::Voided(voided) => Values {
                event: "voided",
                document: Some(Uuid::from_bytes(voided.id.0)),
                text: Some(voided.reason.to_owned()),
                ..Values::default()
            },
            Event::ReceiptSigned(receipt) => Values {
                event: "receipt",
                ..signed(receipt.kind.label(), receipt.compact)
            },
            Event::ReceiptNoted(noted) => Values {
                event: "note_changed",
                document: Some(Uuid::from_bytes(noted.id.0)),
                text: Some(noted.note.to_owned()),
                ..Values::default()
            },
            Event::LaidAside(aside) => Values {
                event: "laid_aside",
                document: Some(Uuid::from_bytes(aside.id.0)),
                by: Some(aside.by.to_owned()),
                text: Some(aside.reason.to_owned()),
                ..Values::default()
            },
            Event::ClockSet(set) => Values {
                event: "clock_set",
                by: Some(set.by.to_owned()),
                text: Some(local(set.before).to_string()),
                ..Values::default()
            },
            Event::UnitAdopted(unit) => plain("signature_unit", unit.serial),
            Event::DeviceIdentified(identified) => {
                plain("device_identified", identified.fiscal_number)
            }
            Event::ConfigurationAdopted(_) => plain("configuration_adopted", ""),
            Event::Founded(founded) => plain("folder_founded", founded.country),
            Event::Restored(_) => plain("folder_restored", ""),
            Event::LossAccepted(accepted) => by_person("loss_accepted", accepted.by),
            Event::RegisterRetired(retired) => by_person("register_out_of_use", retired.by),
            Event::ProtocolBackedUp(backup) => {
                plain("protocol_copied", &backup.receipts.to_string())
            }
            Event::ResourceChanged(changed) => Values {
                kind: Some(changed.state.name()),
                ..plain(
                    "resource_changed",
                    &Uuid::from_bytes(changed.id).to_string(),
                )
            },
            // What is prepared is signed or sealed in another row; the others belong to printers, terminals and the authority.
            _ => return Ok(()),
        };
        self.row(&values)
    }

    /// A document as it was ordered: one row for it, and one for each line, amount and payment.
    fn reserved(&mut self, reserved: &Reserved<'_>) -> io::Result<()> {
        let of_document = || Values {
            document: Some(Uuid::from_bytes(reserved.id.0)),
            kind: Some(reserved.body.kind().name()),
            ..Values::default()
        };
        self.row(&Values {
            event: "document",
            amount: total_of(&reserved.body),
            by: user_of(reserved.annex).map(|user| user.to_string()),
            ..of_document()
        })?;
        match &reserved.body {
            Body::Receipt(receipt) => self.receipt(receipt, &of_document),
            Body::Amounts(receipt) => {
                for (name, amount) in amounts_of(receipt) {
                    self.row(&Values {
                        event: "amount",
                        name: Some(name.to_owned()),
                        amount: Some(amount),
                        ..of_document()
                    })?;
                }
                Ok(())
            }
            Body::Cash(_) | Body::Report(_) | Body::Nonfiscal(_) => Ok(()),
        }
    }

    fn receipt(
        &mut self,
        receipt: &Receipt<'_>,
        of_document: &dyn Fn() -> Values,
    ) -> io::Result<()> {
        for (index, line) in receipt.lines.iter().enumerate() {
            self.row(&Values {
                event: "line",
                line: Some(index.saturating_add(1)),
                name: Some(line.name.to_owned()),
                quantity: Some(line.quantity.display().to_string()),
                price: Some(line.price),
                tax_group: Some(char::from(line.group.code.letter())),
                rate: Some(line.group.rate.display().to_string()),
                amount: Some(line.final_amount),
                ..of_document()
            })?;
        }
        for (index, payment) in receipt.payments.iter().enumerate() {
            let kept = payment.amount.checked_sub(payment.change);
            self.row(&Values {
                event: "payment",
                line: Some(index.saturating_add(1)),
                name: Some(payment.name.to_owned()),
                amount: Some(kept.unwrap_or(payment.amount)),
                ..of_document()
            })?;
        }
        Ok(())
    }

    fn row(&mut self, values: &Values) -> io::Result<()> {
        let (seq, device, at_ms) = self.place;
        let at = local(self.clock.moment(at_ms));
        let currency = self.currency;
        let text = |text: &Option<String>| text.as_ref().map_or(Cell::Empty, Cell::text);
        let number = |text: &Option<String>| text.as_ref().map_or(Cell::Empty, Cell::decimal);
        let money = |amount: Option<Amount>| {
            amount.map_or(Cell::Empty, |amount| {
                Cell::decimal(amount.display(currency))
            })
        };
        let of_device = !device.is_nil();
        let line = values.line.and_then(|line| i64::try_from(line).ok());
        self.table.row(&[
            Cell::Whole(seq),
            Cell::text(at.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
            match of_device {
                true => Cell::text(device.to_string()),
                false => Cell::Empty,
            },
            self.cash_boxes.get(&device).map_or(Cell::Empty, Cell::text),
            Cell::text(values.event),
            values
                .document
                .map_or(Cell::Empty, |id| Cell::text(id.to_string())),
            values.kind.map_or(Cell::Empty, Cell::text),
            values.number.map_or(Cell::Empty, Cell::whole),
            text(&values.receipt),
            values.signed.map_or(Cell::Empty, |signed| {
                Cell::text(if signed { "yes" } else { "no" })
            }),
            line.map_or(Cell::Empty, Cell::Whole),
            text(&values.name),
            number(&values.quantity),
            money(values.price),
            values
                .tax_group
                .map_or(Cell::Empty, |letter| Cell::text(letter.to_string())),
            number(&values.rate),
            money(values.amount),
            text(&values.by),
            text(&values.text),
        ])
    }
}

fn by_person(event: &'static str, by: &str) -> Values {
    Values {
        by: Some(by.to_owned()),
        ..plain(event, "")
    }
}

fn plain(event: &'static str, text: &str) -> Values {
    Values {
        event,
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        ..Values::default()
    }
}

fn signed(kind: &'static str, compact: &str) -> Values {
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(compact, &mut room).ok();
    Values {
        kind: Some(kind),
        receipt: code.map(|code| code.payload.receipt.as_str().to_owned()),
        signed: code.map(|code| code.signature != Signature::Failed),
        ..Values::default()
    }
}

fn total_of(body: &Body<'_>) -> Option<Amount> {
    match body {
        Body::Receipt(receipt) => Some(receipt.total),
        Body::Cash(amount) => Some(*amount),
        Body::Amounts(receipt) => receipt.total(),
        Body::Report(_) | Body::Nonfiscal(_) => None,
    }
}

const fn amounts_of(receipt: &AmountsReceipt) -> [(&'static str, Amount); 5] {
    [
        ("Normal", receipt.standard),
        ("Ermaessigt-1", receipt.reduced),
        ("Ermaessigt-2", receipt.second_reduced),
        ("Null", receipt.zero),
        ("Besonders", receipt.special),
    ]
}
