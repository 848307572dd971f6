//! Reads the tables and the used numbers of a shop's FiscalCloud.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use ferrotill_core::profile::Profile;
use uuid::Uuid;

use super::{InitArguments, NewClient, NewDevice, NewPayment, NewRange, absolute};
use crate::api::json::JsonValue;
use crate::cli::client::Client;
use crate::cli::{CliFailure, Exit};
use crate::config::Secret;
use crate::time::clock::Clock;

/// What was read, and what a person should look at.
pub(super) struct Moved {
    pub(super) device: NewDevice,
    pub(super) client: NewClient,
    pub(super) notes: Vec<String>,
}

/// The number of alternative receipts that one call lists.
const PAGE: usize = 500;
/// The largest number of alternative receipts that are looked through for used numbers.
const RECEIPTS_MAX: usize = 200_000;

/// Reads the device with its tables, and the numbers that its alternative receipts have used.
pub(super) fn read(
    url: &str,
    arguments: &InitArguments,
    profile: &dyn Profile,
) -> Result<Moved, CliFailure> {
    let (key, file) = arguments
        .key
        .as_ref()
        .zip(arguments.secret_file.as_ref())
        .ok_or_else(|| usage("--key and --secret-file are needed with --from-fiscalcloud"))?;
    let secret = secret_of(file)?;
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let base = url.trim_end_matches('/');
    let base = base.strip_suffix("/api/v1").unwrap_or(base);
    let client = Client::new(base.to_owned(), key, secret, None, clock);
    let source = Source { client, url };
    let id = match arguments.fiscalcloud_device {
        Some(id) => id,
        None => source.only_device()?,
    };
    let answer = source.get(&format!("devices/{id}"))?;
    let mut tables = Tables::of(&answer);
    let mut device = tables.device(id);
    if !tables.faults.is_empty() {
        let text = tables.faults.join("\n  ");
        return Err(source.failure(&format!("the device has faults:\n  {text}")));
    }
    let mut notes = Vec::new();
    if profile.facts().seal_plan == ferrotill_core::profile::SealPlan::Printer {
        let source = source.on(id);
        source.skip_used(&mut device, &mut notes)?;
    }
    if device
        .payment_types
        .iter()
        .filter(|payment| payment.cash)
        .count()
        == 1
    {
        let cash = device.payment_types.iter().find(|payment| payment.cash);
        let name = cash.map_or("", |payment| payment.name.as_str());
        notes.push(format!(
            "FiscalCloud does not say which payment types are cash; {name:?} is taken for the only one"
        ));
    }
    Ok(Moved {
        device,
        client: NewClient {
            key: key.clone(),
            secret_file: absolute(file),
            made: None,
        },
        notes,
    })
}

fn usage(text: &str) -> CliFailure {
    CliFailure::new(Exit::Usage, anyhow!("{text}"))
}

fn secret_of(file: &Path) -> Result<Secret, CliFailure> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the secret in {} cannot be read", file.display()))
        .map_err(|error| CliFailure::new(Exit::Configuration, error))?;
    Ok(Secret::new(text.trim().to_owned()))
}

/// The FiscalCloud of the shop.
struct Source<'u> {
    client: Client,
    url: &'u str,
}

impl Source<'_> {
    fn on(self, device: Uuid) -> Self {
        Self {
            client: self.client.on(Some(device)),
            ..self
        }
    }

    fn failure(&self, text: &str) -> CliFailure {
        let url = self.url;
        CliFailure::failed(anyhow!("FiscalCloud at {url}: {text}"))
    }

    /// The `data` of an answer.
    fn get(&self, operation: &str) -> Result<JsonValue, CliFailure> {
        let url = self.url;
        let reply = self.client.get(operation).map_err(|error| {
            let text = format!(
                "no FiscalCloud answers {operation} at {url}; check the address, and that it runs"
            );
            CliFailure::new(Exit::NotRunning, error.context(text))
        })?;
        let said = reply.body.get("message").map_or("", JsonValue::scalar);
        match reply.status {
            401 | 403 => {
                let text = anyhow!(
                    "FiscalCloud at {url} refuses the key or the signature: {said}; check --key and --secret-file, and the time of this machine"
                );
                return Err(CliFailure::new(Exit::Configuration, text));
            }
            200 if reply.body.get("success") == Some(&JsonValue::Bool(true)) => {}
            status => {
                return Err(self.failure(&format!("{operation} is answered with {status}: {said}")));
            }
        }
        let data = reply.body.get("data").cloned();
        data.ok_or_else(|| self.failure(&format!("the answer to {operation} has no data")))
    }

    fn only_device(&self) -> Result<Uuid, CliFailure> {
        let answer = self.get("devices")?;
        let Some(JsonValue::Array(devices)) = answer.get("data") else {
            return Err(self.failure("the list of devices is no page; is this FiscalCloud?"));
        };
        let ids: Vec<&str> = devices
            .iter()
            .filter_map(|device| device.get("id"))
            .map(JsonValue::scalar)
            .collect();
        match ids.as_slice() {
            [only] => Uuid::try_parse(only)
                .map_err(|_| self.failure(&format!("the id {only:?} of the device is no UUID"))),
            [] => Err(self.failure("there is no device")),
            several => Err(usage(&format!(
                "FiscalCloud has several devices; give one of them with --fiscalcloud-device: {}",
                several.join(", ")
            ))),
        }
    }

    /// Lets each range begin at its next free number, and leaves out the ranges that have none. The device tells only the whole range, so
    /// the alternative receipts are looked through.
    fn skip_used(&self, device: &mut NewDevice, notes: &mut Vec<String>) -> Result<(), CliFailure> {
        if device.ranges.is_empty() {
            return Ok(());
        }
        let mut start: usize = 0;
        loop {
            let page = self.get(&format!(
                "alternativereceipts?startIndex={start}&count={PAGE}"
            ))?;
            let total = page.get("totalCount").map_or("", JsonValue::scalar);
            let total: usize = total
                .parse()
                .map_err(|_| self.failure("the list of alternative receipts has no totalCount"))?;
            let Some(JsonValue::Array(receipts)) = page.get("data") else {
                return Err(self.failure("the list of alternative receipts is no page"));
            };
            for receipt in receipts {
                let number = receipt.get("seriesAndNumber").map_or("", JsonValue::scalar);
                for range in &mut device.ranges {
                    range.skip(number);
                }
            }
            start = start.saturating_add(receipts.len());
            if receipts.is_empty() && start < total {
                return Err(
                    self.failure("a page of alternative receipts is empty before the last one")
                );
            }
            if start >= total {
                break;
            }
            if start >= RECEIPTS_MAX {
                return Err(self.failure(&format!(
                    "there are more than {RECEIPTS_MAX} alternative receipts; write the ranges by hand"
                )));
            }
        }
        device.ranges.retain(|range| {
            let left = range.start <= range.end;
            if !left {
                notes.push(format!(
                    "the range {} has no number left and is left out",
                    range.series
                ));
            }
            left
        });
        notes.push(
            "the ranges begin at their next free numbers; make no alternative receipt at FiscalCloud any more"
                .to_owned(),
        );
        Ok(())
    }
}

impl NewRange {
    /// Begins after a used number, if the number is of this range.
    fn skip(&mut self, used: &str) {
        let digits = used.strip_prefix(self.series.as_str());
        let number = digits
            .filter(|digits| u32::try_from(digits.len()) == Ok(self.number_length))
            .and_then(|digits| digits.parse::<u32>().ok());
        if let Some(number) = number
            && (self.start..=self.end).contains(&number)
        {
            self.start = number.saturating_add(1);
        }
    }
}

/// The tables of a device, and what is wrong with them.
struct Tables<'a> {
    answer: &'a JsonValue,
    faults: Vec<String>,
}

impl<'a> Tables<'a> {
    const fn of(answer: &'a JsonValue) -> Self {
        Self {
            answer,
            faults: Vec::new(),
        }
    }

    fn text(&self, name: &str) -> String {
        self.answer
            .get(name)
            .map_or("", JsonValue::scalar)
            .to_owned()
    }

    fn rows(&mut self, name: &str) -> Vec<&'a JsonValue> {
        match self.answer.get(name) {
            Some(JsonValue::Array(rows)) => rows.iter().collect(),
            _ => {
                self.faults.push(format!("{name}: is no list"));
                Vec::new()
            }
        }
    }

    /// A value of a row. A value that is missing or of another type is a fault.
    fn value<T>(
        &mut self,
        row: &JsonValue,
        (list, index, name): (&str, usize, &str),
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = row.get(name).map_or("", JsonValue::scalar);
        let value = read(text);
        if value.is_none() {
            self.faults
                .push(format!("{list}[{index}].{name}: is {text:?}"));
        }
        value
    }

    fn device(&mut self, id: Uuid) -> NewDevice {
        let device = NewDevice {
            id,
            name: self.text("name"),
            registration_number: self.text("registrationNumber"),
            organization_name: self.text("organizationName"),
            idnx: self.text("idnx"),
            address: self.text("address"),
            use_alternative_receipts: self.answer.get("useAlternativeReceipts")
                == Some(&JsonValue::Bool(true)),
            tax_groups: self.tax_groups(),
            payment_types: self.payment_types(),
            points_of_sale: self.points_of_sale(),
            ranges: self.ranges(),
        };
        for (name, is_empty) in [
            ("taxGroups", device.tax_groups.is_empty()),
            ("paymentTypes", device.payment_types.is_empty()),
        ] {
            if is_empty && self.faults.is_empty() {
                self.faults
                    .push(format!("{name}: has no row that is enabled"));
            }
        }
        device
    }

    fn tax_groups(&mut self) -> Vec<(String, String)> {
        let rows = self.rows("taxGroups").into_iter().enumerate();
        let rows = rows.filter(|(_, row)| row.get("enabled") != Some(&JsonValue::Bool(false)));
        rows.filter_map(|(index, row)| {
            let letter = |text: &str| {
                let is_letter = matches!(text.as_bytes(), [b'A'..=b'H']);
                is_letter.then(|| text.to_owned())
            };
            let rate = |text: &str| {
                let is_rate = ferrotill_core::scale::parse(text, 4).is_ok_and(|rate| rate >= 0);
                is_rate.then(|| text.to_owned())
            };
            let code = self.value(row, ("taxGroups", index, "code"), letter);
            code.zip(self.value(row, ("taxGroups", index, "rate"), rate))
        })
        .collect()
    }

    /// FiscalCloud does not say what is cash: it is the types that open the drawer, or else the one with the code 0.
    fn payment_types(&mut self) -> Vec<NewPayment> {
        let rows = self.rows("paymentTypes").into_iter().enumerate();
        let rows = rows.filter(|(_, row)| row.get("enabled") != Some(&JsonValue::Bool(false)));
        let mut types: Vec<NewPayment> = rows
            .filter_map(|(index, row)| {
                let code = self.value(row, ("paymentTypes", index, "code"), |text| {
                    text.parse::<i32>().ok().map(|code| code.to_string())
                });
                let name = self.value(row, ("paymentTypes", index, "name"), |text| {
                    (!text.is_empty()).then(|| text.to_owned())
                });
                let opens = row.get("openCashDrawer") == Some(&JsonValue::Bool(true));
                code.zip(name).map(|(code, name)| NewPayment {
                    code,
                    name,
                    cash: opens,
                    open_cash_drawer: opens,
                })
            })
            .collect();
        if !types.iter().any(|payment| payment.cash)
            && let Some(first) = types.iter_mut().find(|payment| payment.code == "0")
        {
            first.cash = true;
        }
        types
    }

    fn points_of_sale(&mut self) -> Vec<(Uuid, String)> {
        let rows = self.rows("pointsOfSale").into_iter().enumerate();
        rows.filter_map(|(index, row)| {
            let id = self.value(row, ("pointsOfSale", index, "id"), |text| {
                Uuid::try_parse(text).ok()
            });
            let code = row.get("code").map_or("", JsonValue::scalar).to_owned();
            id.map(|id| (id, code))
        })
        .collect()
    }

    fn ranges(&mut self) -> Vec<NewRange> {
        let list = "alternativeReceiptsRanges";
        let rows = self.rows(list).into_iter().enumerate();
        let rows =
            rows.filter(|(_, row)| row.get("expendedCompletely") != Some(&JsonValue::Bool(true)));
        rows.filter_map(|(index, row)| {
            let mut number = |name| self.value(row, (list, index, name), |text| text.parse().ok());
            let (start, end) = (number("startNumber"), number("endNumber"));
            let number_length = number("numberLength");
            let (start, end) = start.zip(end)?;
            Some(NewRange {
                series: row.get("series").map_or("", JsonValue::scalar).to_owned(),
                start,
                end,
                number_length: number_length?,
            })
        })
        .collect()
    }
}
