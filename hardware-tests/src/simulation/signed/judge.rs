//! The judge of a shop with signed receipts: the check of the exported protocols, and rules that no protocol shows by itself.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use ferrotill_core::event::{Event, Mode};
use ferrotill_core::profile::AUSTRIA;
use ferrotill_core::profile::signed::{
    Code, CounterField, Kind, PAYLOAD_BYTES_MAX, Payload, Signature,
};
use ferrotill_core::seal::Seal;
use ferrotill_rksv::{DepWriter, KeyMaterial, check_dep};
use ferrotill_store::RequestState;
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use uuid::Uuid;

use super::{Checked, Outcome, SignedWorld, cash_box, counter_key, device};
use crate::error_text::with_sources;

/// What the units were ever asked to sign, whatever became of it: one payload for each receipt of each cash box. A second one would have the
/// key stream of the first one's turnover counter.
#[derive(Debug, Default)]
pub(super) struct AskedPayloads(BTreeMap<(String, String), String>);

impl AskedPayloads {
    pub(super) fn take(&mut self, text: &str) -> Checked {
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

impl SignedWorld {
    /// Judges the store, and the protocol of each register.
    pub(super) fn judge(&mut self) -> Checked {
        let devices: Vec<Uuid> = (0..self.registers).map(device).collect();
        let verified = verify(&Wanted {
            folder: self.folder.path(),
            profile: &AUSTRIA,
            mode: Mode::Test,
            devices: &devices,
            range: VerifyRange::ALL,
        })
        .map_err(with_sources)?;
        if let Some(flaw) = verified.flaws.first() {
            return Err(format!("verify finds {}: {flaw}", flaw.place()));
        }
        for register in 0..self.registers {
            self.judge_protocol(register)
                .map_err(|words| format!("{}: {words}", cash_box(register)))?;
        }
        self.judge_orders()
    }

    /// Every order that was answered as registered has its sealed document.
    fn judge_orders(&self) -> Checked {
        let reader = self.reader();
        for (place, order) in self.orders.iter().enumerate() {
            if order.outcome != Outcome::Registered {
                return Err(format!("order {place} has no answer"));
            }
            let found = reader.find(Some(device(order.register)), order.form.id);
            let found = found.map_err(with_sources)?;
            if found.is_none_or(|document| document.row.state != RequestState::Sealed) {
                return Err(format!("order {place} is registered and has no document"));
            }
        }
        Ok(())
    }

    fn judge_protocol(&self, register: usize) -> Checked {
        let mut writer = DepWriter::new(Vec::new()).map_err(with_sources)?;
        let (mut wrong, mut count, mut documents) = (None, 0_u64, 0_u64);
        let mut outage = false;
        let mut last_signed = true;
        let mut periods = Periods::default();
        let each = self.reader().each_signed(device(register), |_, event| {
            let (kind, compact) = match event {
                Event::ReceiptSigned(receipt) => (receipt.kind, receipt.compact),
                Event::Sealed(sealed) => match sealed.seal {
                    Seal::Signature { kind, compact } => {
                        documents += 1;
                        (kind, compact)
                    }
                    _ => return ControlFlow::Continue(()),
                },
                _ => return ControlFlow::Continue(()),
            };
            count += 1;
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let judged = Code::parse_compact(compact, &mut room)
                .map_err(|fault| fault.to_string())
                .and_then(|code| {
                    last_signed = code.signature != Signature::Failed;
                    judge_code(&code, count, &mut outage)?;
                    periods.take(kind, &code)
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
        if !last_signed {
            return Err("the units work, and the last receipt has no signature".to_owned());
        }
        let now = ferrotill::time::clock::local(self.clock.now()).date();
        periods.judge((
            u16::try_from(now.year()).unwrap_or(0),
            u8::try_from(now.month()).unwrap_or(0),
        ))?;
        let dep = writer.finish().map_err(with_sources)?;
        let keys = KeyMaterial {
            aes_key: counter_key(register),
            units: self.units_by_serial()?,
        };
        let checked = check_dep(dep.as_slice(), &keys).map_err(with_sources)?;
        if let Some(flaw) = checked.flaws.first() {
            return Err(format!(
                "receipt {} ({}): {}",
                flaw.receipt, flaw.id, flaw.fault
            ));
        }
        let (turnover, orders) = self.expected(register);
        if orders != documents {
            return Err(format!(
                "{orders} orders were registered, and {documents} documents have receipts"
            ));
        }
        let counter = checked.counter.map(|counter| counter.minor());
        if counter != Some(turnover) {
            return Err(format!(
                "the turnover counter is {counter:?}, and the orders add up to {turnover}"
            ));
        }
        Ok(())
    }
}

/// Whether a receipt has its number, and whether the first receipt with a signature after an outage is over zero.
fn judge_code(code: &Code<'_>, number: u64, outage: &mut bool) -> Checked {
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
