//! The check of a register's exported protocol, and rules that no protocol shows by itself.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ferrotill::time::clock::Clock;
use ferrotill_core::event::Event;
use ferrotill_core::profile::signed::{
    Code, CounterField, Kind, PAYLOAD_BYTES_MAX, Payload, Signature,
};
use ferrotill_core::seal::Seal;
use ferrotill_rksv::{DepWriter, KeyMaterial, check_dep};
use ferrotill_store::Reader;

use super::Checked;
use super::till::{UnitKeys, counter_key, device};
use crate::error_text::with_sources;

/// What the units were ever asked to sign, whatever became of it: one payload for each receipt of each cash box. A second one would have the
/// key stream of the first one's turnover counter.
#[derive(Debug, Default)]
pub(crate) struct AskedPayloads(BTreeMap<(String, String), String>);

impl AskedPayloads {
    pub(crate) fn take(&mut self, text: &str) -> Checked {
        let payload = Payload::parse(text).map_err(|fault| format!("{text}: {fault}"))?;
        let key = (
            payload.cash_box.as_str().to_owned(),
            payload.receipt.as_str().to_owned(),
        );
        match self.0.get(&key) {
            Some(before) if before != text => Err(format!(
                "the receipt {} of {} has two payloads: {before} and {text}",
                key.1, key.0
            )),
            Some(_) => Ok(()),
            None => {
                self.0.insert(key, text.to_owned());
                Ok(())
            }
        }
    }
}

/// The months and years that wait for their receipts.
#[derive(Default)]
struct Periods {
    month: Option<(u16, u8)>,
    year: Option<u16>,
}

/// What the protocol of a register says, if nothing is wrong with it.
pub(crate) struct Protocol {
    /// How many documents of the till have receipts.
    pub(crate) documents: u64,
    /// The turnover counter, in cents.
    pub(crate) counter: Option<i64>,
    /// Whether the last receipt has a signature.
    pub(crate) last_signed: bool,
    /// The compact form of each receipt, in their order.
    pub(crate) compacts: Vec<String>,
    periods: Periods,
}

impl Protocol {
    /// Reads the protocol of a register out of the journal, and has it checked.
    pub(crate) fn read(reader: &Reader, register: usize, keys: &UnitKeys) -> Checked<Self> {
        let mut writer = DepWriter::new(Vec::new()).map_err(with_sources)?;
        let mut wrong = None;
        let mut outage = false;
        let mut protocol = Self {
            documents: 0,
            counter: None,
            last_signed: true,
            compacts: Vec::new(),
            periods: Periods::default(),
        };
        let each = reader.each_signed(device(register), |_, event| {
            let (kind, compact) = match event {
                Event::ReceiptSigned(receipt) => (receipt.kind, receipt.compact),
                Event::Sealed(sealed) => match sealed.seal {
                    Seal::Signature { kind, compact } => {
                        protocol.documents += 1;
                        (kind, compact)
                    }
                    _ => return ControlFlow::Continue(()),
                },
                _ => return ControlFlow::Continue(()),
            };
            protocol.compacts.push(compact.to_owned());
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let judged = Code::parse_compact(compact, &mut room)
                .map_err(|fault| fault.to_string())
                .and_then(|code| {
                    protocol.last_signed = code.signature != Signature::Failed;
                    judge_code(&code, protocol.compacts.len(), &mut outage)?;
                    protocol.periods.take(kind, &code)
                });
            match judged.and_then(|()| writer.receipt(compact).map_err(with_sources)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(words) => {
                    wrong = Some(words);
                    ControlFlow::Break(())
                }
            }
        });
        each.map_err(with_sources)?;
        if let Some(words) = wrong {
            return Err(words);
        }
        let dep = writer.finish().map_err(with_sources)?;
        let keys = KeyMaterial {
            aes_key: counter_key(register),
            units: keys.by_serial()?,
        };
        let checked = check_dep(dep.as_slice(), &keys).map_err(with_sources)?;
        if let Some(flaw) = checked.flaws.first() {
            return Err(format!(
                "receipt {} ({}): {}",
                flaw.receipt, flaw.id, flaw.fault
            ));
        }
        protocol.counter = checked.counter.map(|counter| counter.minor());
        Ok(protocol)
    }

    /// Whether no month and no year that is over waits for its receipt.
    pub(crate) fn judge_periods(&self, clock: &Clock) -> Checked {
        let now = ferrotill::time::clock::local(clock.now()).date();
        self.periods.judge((
            u16::try_from(now.year()).unwrap_or(0),
            u8::try_from(now.month()).unwrap_or(0),
        ))
    }

    /// Whether the protocol has the documents of these orders, and nothing else.
    pub(crate) fn judge_orders(&self, (turnover, orders): (i64, u64)) -> Checked {
        if orders != self.documents {
            return Err(format!(
                "{orders} orders were registered, and {} documents have receipts",
                self.documents
            ));
        }
        if self.counter != Some(turnover) {
            return Err(format!(
                "the turnover counter is {:?}, and the orders add up to {turnover}",
                self.counter
            ));
        }
        Ok(())
    }
}

/// Whether a receipt has its number, and whether the first receipt with a signature after an outage is over zero.
fn judge_code(code: &Code<'_>, number: usize, outage: &mut bool) -> Checked {
    let id = code.payload.receipt.as_str();
    if id != number.to_string() {
        return Err(format!(
            "the receipt {number} of the protocol has the id {id}"
        ));
    }
    if code.signature == Signature::Failed {
        *outage = true;
        return Ok(());
    }
    let is_collective =
        code.payload.sums.all_zero() && matches!(code.payload.counter, CounterField::Encrypted(_));
    if std::mem::take(outage) && !is_collective {
        return Err(format!(
            "the receipt {id} is the first one with a signature after an outage, and is no collective receipt"
        ));
    }
    Ok(())
}

impl Periods {
    fn take(&mut self, kind: Kind, code: &Code<'_>) -> Checked {
        let at = code.payload.at;
        let month = (at.year(), at.month());
        match kind {
            Kind::Monats => self.month = None,
            Kind::Jahres => (self.month, self.year) = (None, None),
            _ => {
                self.month.get_or_insert(month);
                self.year.get_or_insert(month.0);
            }
        }
        Ok(())
    }

    /// At the end of a day on which the units work, no earlier month and no earlier year waits for its receipt.
    fn judge(&self, now: (u16, u8)) -> Checked {
        match (self.month, self.year) {
            (Some(month), _) if month < now => Err(format!(
                "the month {}-{:02} has no receipt that ends it",
                month.0, month.1
            )),
            (_, Some(year)) if year < now.0 => {
                Err(format!("the year {year} has no receipt that ends it"))
            }
            _ => Ok(()),
        }
    }
}
