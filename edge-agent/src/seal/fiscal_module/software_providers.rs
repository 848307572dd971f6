//! The simulated payment providers behind a module in software. They keep what they have done in a file, as real ones do beside the till.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::provider::{Provider, ProviderAction, ProviderCall};
use super::{CallFault, ModuleCall, ModuleError};
use crate::locked::Locked;

/// What a simulated provider does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProviderSwitch {
    /// It carries out everything.
    #[default]
    Up,
    /// It cannot be reached.
    Down,
    /// It declines payments.
    Decline,
    /// Its answers come late.
    Slow,
    /// It carries out everything, and the answer is lost.
    DropAnswer,
    /// It carries out everything, and the answer is an error.
    ErrorAfterCommit,
}

impl ProviderSwitch {
    /// Every switch with its name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("up", Self::Up),
        ("down", Self::Down),
        ("decline", Self::Decline),
        ("slow", Self::Slow),
        ("drop_answer", Self::DropAnswer),
        ("error_after_commit", Self::ErrorAfterCommit),
    ];

    fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        let found = all.find(|(_, switch)| *switch == self);
        found.map_or("up", |(name, _)| name)
    }
}

/// The simulated providers.
#[derive(Debug)]
pub(super) struct SimulatedProviders {
    file: Option<PathBuf>,
    state: Locked<ProvidersState>,
}

#[derive(Debug, Default)]
struct ProvidersState {
    payments: Vec<SimulatedPayment>,
    switches: BTreeMap<Provider, (ProviderSwitch, u64)>,
}

/// A payment at a simulated provider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct SimulatedPayment {
    provider: String,
    number: String,
    transaction: String,
    /// The code of the buyer, the order, or the caller's own number.
    key: String,
    amount: i64,
    paid: bool,
    cancelled: bool,
    refunded: i64,
    /// The link of the receipt.
    confirmed: Option<String>,
    is_settled: bool,
}

/// The largest number of payments that are kept.
const PAYMENTS_MAX: usize = 100_000;
/// How late the answers of a slow provider come, if nothing else is set, in milliseconds.
const SLOW_MS: u64 = 3_000;

type Answered = Result<Value, ModuleError>;

impl SimulatedProviders {
    /// The providers with the payments of a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn open(module_file: Option<&Path>) -> io::Result<Self> {
        let file = module_file.map(|file| file.with_extension("providers.json"));
        let payments = match file.as_ref().map(fs::read) {
            Some(Ok(text)) => serde_json::from_slice(&text).map_err(io::Error::other)?,
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => Vec::new(),
        };
        Ok(Self {
            file,
            state: Locked::new(ProvidersState {
                payments,
                ..ProvidersState::default()
            }),
        })
    }

    /// Changes what a provider does; `ms` is how late its answers come.
    pub(super) fn switch_to(&self, provider: Provider, switch: ProviderSwitch, ms: u64) {
        self.state.lock().switches.insert(provider, (switch, ms));
    }

    /// What the simulator shows of all providers.
    pub(super) fn shown(&self) -> Value {
        let state = self.state.lock();
        let mut shown = serde_json::Map::new();
        for provider in Provider::ALL {
            let of_provider = || {
                let all = state.payments.iter();
                all.filter(move |payment| payment.provider == provider.name())
            };
            let paid: Vec<Value> = of_provider()
                .filter(|payment| payment.paid)
                .map(|payment| {
                    json!({
                        "payment_id": payment.number,
                        "amount": payment.amount,
                        "key": payment.key,
                        "refunded": payment.refunded,
                    })
                })
                .collect();
            let confirmed: Vec<Value> = of_provider()
                .filter_map(|payment| {
                    let link = payment.confirmed.as_ref()?;
                    Some(json!({ "payment_id": payment.number, "qr_code": link }))
                })
                .collect();
            let (switch, _) = state.switch(provider);
            let of_provider =
                json!({ "state": switch.name(), "paid": paid, "confirmed": confirmed });
            shown.insert(provider.name().to_owned(), of_provider);
        }
        Value::Object(shown)
    }

    /// Carries out a call.
    pub(super) fn call(&self, asked: ProviderCall, call: &ModuleCall) -> Result<Value, CallFault> {
        let (switch, ms) = self.state.lock().switch(asked.provider);
        if switch == ProviderSwitch::Slow {
            let ms = if ms == 0 { SLOW_MS } else { ms };
            std::thread::sleep(Duration::from_millis(ms));
        }
        if switch == ProviderSwitch::Down {
            let text = "PAYMENT_ERROR: the provider cannot be reached";
            return Err(CallFault::Refused(ModuleError::new(106, text)));
        }
        let declines = switch == ProviderSwitch::Decline;
        let mut state = self.state.lock();
        let data = state
            .carry_out(asked, call, declines)
            .map_err(CallFault::Refused)?;
        self.store(&state.payments)
            .map_err(|error| CallFault::Refused(ModuleError::new(303, error.to_string())))?;
        match switch {
            ProviderSwitch::DropAnswer => Err(CallFault::Lost(
                "the answer of the provider was lost".to_owned(),
            )),
            ProviderSwitch::ErrorAfterCommit => {
                Err(CallFault::Refused(ModuleError::new(103, "INTERNAL_ERROR")))
            }
            _ => Ok(data),
        }
    }

    fn store(&self, payments: &[SimulatedPayment]) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let new = file.with_extension("new");
        fs::write(
            &new,
            serde_json::to_vec(payments).map_err(io::Error::other)?,
        )?;
        fs::rename(&new, file)
    }
}

fn text_of(node: &Value, name: &str) -> String {
    match node.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn needed(node: &Value, name: &str) -> Result<String, ModuleError> {
    let text = text_of(node, name);
    if text.is_empty() {
        let message = json!({ name: ["This field may not be blank."] });
        return Err(ModuleError::new(7, message.to_string()));
    }
    Ok(text)
}

/// A whole number above zero.
fn amount_of(node: &Value) -> Result<i64, ModuleError> {
    let amount = node.get("amount").and_then(Value::as_i64);
    amount
        .filter(|amount| *amount > 0)
        .ok_or_else(|| ModuleError::new(104, "INVALID_ARGUMENT: amount"))
}

/// An amount in soms as text, such as `100.01`, in tiyin.
fn soms_of(node: &Value) -> Result<i64, ModuleError> {
    let text = node.get("amount").and_then(Value::as_str).unwrap_or("");
    let amount = ferrotill_core::scale::parse(text, 2).ok();
    amount
        .filter(|amount| *amount > 0)
        .ok_or_else(|| ModuleError::new(2002, "INVALID_ARGUMENT: amount"))
}

impl ProvidersState {
    fn switch(&self, provider: Provider) -> (ProviderSwitch, u64) {
        self.switches.get(&provider).copied().unwrap_or_default()
    }

    fn find(
        &mut self,
        provider: Provider,
        is_it: impl Fn(&SimulatedPayment) -> bool,
    ) -> Option<&mut SimulatedPayment> {
        let mut all = self.payments.iter_mut().rev();
        all.find(|payment| payment.provider == provider.name() && is_it(payment))
    }

    fn add(&mut self, payment: SimulatedPayment) -> SimulatedPayment {
        if self.payments.len() >= PAYMENTS_MAX {
            self.payments.remove(0);
        }
        self.payments.push(payment.clone());
        payment
    }

    fn carry_out(&mut self, asked: ProviderCall, call: &ModuleCall, declines: bool) -> Answered {
        let (provider, body) = (asked.provider, &call.body);
        match asked.action {
            ProviderAction::Pay if provider.is_wallet() => self.wallet(provider, body, declines),
            ProviderAction::Pay if provider.is_pinpad() => self.pinpad(provider, body, declines),
            ProviderAction::Pay if provider == Provider::Scan2Pay => self.scan_to_pay(body),
            ProviderAction::Pay => self.invoice(body),
            ProviderAction::Confirm => self.confirm(provider, body),
            ProviderAction::Status if provider == Provider::Scan2Pay => {
                self.scanned(body, declines)
            }
            ProviderAction::Status => self.invoice_status(call, declines),
            ProviderAction::Cancel => self.cancel(body),
            ProviderAction::Refund => self.refund(body),
            ProviderAction::RefundStatus => {
                let id = call.parameter("refund_id").unwrap_or("");
                Ok(json!({ "refund_id": id, "status": 2 }))
            }
            ProviderAction::CloseDay => Ok(self.day(provider, true)),
            ProviderAction::ShortReport => Ok(self.day(provider, false)),
            ProviderAction::PrintLast | ProviderAction::PrintLastReport => {
                Ok(json!({ "message": "NUSXA", "ppt_id": null }))
            }
        }
    }

    fn wallet(&mut self, provider: Provider, body: &Value, declines: bool) -> Answered {
        let (amount, key) = (amount_of(body)?, needed(body, "qr_code")?);
        if declines {
            return Err(ModuleError::new(106, "PAYMENT_ERROR: insufficient funds"));
        }
        // The code of a buyer is used once.
        if self.find(provider, |payment| payment.key == key).is_some() {
            return Err(ModuleError::new(106, "PAYMENT_ERROR: the code was used"));
        }
        let number = self.payments.len().saturating_add(1_000);
        let id = Uuid::new_v4();
        let number = match provider {
            Provider::Payme => id.simple().to_string().chars().take(24).collect(),
            Provider::Uzum => id.to_string(),
            _ => number.to_string(),
        };
        let payment = self.add(SimulatedPayment {
            provider: provider.name().to_owned(),
            number,
            transaction: id.to_string(),
            key,
            amount,
            paid: true,
            ..SimulatedPayment::default()
        });
        Ok(paid_answer(provider, &payment))
    }

    fn pinpad(&mut self, provider: Provider, body: &Value, declines: bool) -> Answered {
        let amount = amount_of(body)?;
        let code = if provider == Provider::Xumo { 108 } else { 109 };
        let is_return = matches!(body.get("is_return"), Some(Value::Bool(true)))
            || text_of(body, "is_return") == "true";
        if is_return {
            let number = needed(body, "request_id")?;
            let found = self.find(provider, |payment| payment.number == number);
            let found = found.ok_or_else(|| ModuleError::new(code, "914 original not found"))?;
            if found.refunded.saturating_add(amount) > found.amount {
                return Err(ModuleError::new(code, "913 duplicate"));
            }
            found.refunded = found.refunded.saturating_add(amount);
            return Ok(slip("QAYTARISH", &number, amount));
        }
        if declines {
            return Err(ModuleError::new(code, "116 insufficient funds"));
        }
        let place = self.payments.len().saturating_add(1);
        let number = format!("{:012}", place.saturating_mul(7_919));
        self.add(SimulatedPayment {
            provider: provider.name().to_owned(),
            number: number.clone(),
            amount,
            paid: true,
            ..SimulatedPayment::default()
        });
        Ok(slip("TO'LOV", &number, amount))
    }

    fn day(&mut self, provider: Provider, closes: bool) -> Value {
        let all = self.payments.iter_mut();
        let mut of_day = all
            .filter(|payment| payment.provider == provider.name() && !payment.is_settled)
            .collect::<Vec<_>>();
        let (mut sum, mut refunds) = (0_i64, 0_i64);
        for payment in &mut of_day {
            sum = sum.saturating_add(payment.amount);
            refunds = refunds.saturating_add(payment.refunded);
            payment.is_settled = closes;
        }
        let message = format!("JAMI {} SUM {sum} QAYTARISH {refunds}", of_day.len());
        json!({ "message": message, "ppt_id": null })
    }

    fn scan_to_pay(&mut self, body: &Value) -> Answered {
        let (amount, key) = (amount_of(body)?, needed(body, "order_id")?);
        let known = self.find(Provider::Scan2Pay, |payment| payment.key == key);
        if known.is_none() {
            self.add(SimulatedPayment {
                provider: Provider::Scan2Pay.name().to_owned(),
                number: key.clone(),
                transaction: Uuid::new_v4().to_string(),
                key: key.clone(),
                amount,
                ..SimulatedPayment::default()
            });
        }
        Ok(json!({ "status": "ok", "message": format!("https://scan2pay.uz/pay/{key}") }))
    }

    fn scanned(&mut self, body: &Value, declines: bool) -> Answered {
        let key = needed(body, "order_id")?;
        let found = self.find(Provider::Scan2Pay, |payment| payment.key == key);
        let found = found
            .filter(|_| !declines)
            .ok_or_else(|| ModuleError::new(105, "Transaction not found for the given order"))?;
        found.paid = true;
        Ok(json!({
            "status": "ok",
            "data": { "uuid": found.transaction, "order_id": key, "device": "kassa", "status": "success" },
            "message": "",
        }))
    }

    fn invoice(&mut self, body: &Value) -> Answered {
        let (amount, key) = (soms_of(body)?, needed(body, "external_id")?);
        if key.chars().count() > 20 {
            return Err(ModuleError::new(2003, "INVALID_ARGUMENT: external_id"));
        }
        if self
            .find(Provider::UzQr, |payment| payment.key == key)
            .is_some()
        {
            return Err(ModuleError::new(2003, "external_id was used"));
        }
        let number = self.payments.len().saturating_add(70_000).to_string();
        let payment = self.add(SimulatedPayment {
            provider: Provider::UzQr.name().to_owned(),
            transaction: format!("9{number}"),
            number,
            key,
            amount,
            ..SimulatedPayment::default()
        });
        let text = format!("https://uzqr.uz/{}", payment.number);
        Ok(json!({ "invoice_id": payment.number, "qr_text": text }))
    }

    fn invoice_status(&mut self, call: &ModuleCall, declines: bool) -> Answered {
        let number = call.parameter("invoice_id").unwrap_or("").to_owned();
        let found = self.find(Provider::UzQr, |payment| payment.number == number);
        let found = found.ok_or_else(|| ModuleError::new(3001, "invoice not found"))?;
        found.paid = found.paid || !(declines || found.cancelled);
        let status = if found.paid { 2 } else { 3 };
        Ok(json!({
            "invoice_id": number,
            "status": status,
            "pay_id": found.paid.then(|| found.transaction.clone()),
            "payer_phone": "+998901112233",
            "card_type": "1",
            "card_no": "860000******0001",
            "fiscal_module": "UZ170703100189",
        }))
    }

    fn confirm(&mut self, provider: Provider, body: &Value) -> Answered {
        let (name, link) = match provider {
            Provider::UzQr => ("pay_id", "fiscal_receipt_url"),
            Provider::Anor => ("transaction_id", "qr_code"),
            _ => ("payment_id", "qr_code"),
        };
        let number = needed(body, name)?;
        let link = if provider == Provider::UzQr && text_of(body, link).is_empty() {
            return Err(ModuleError::new(105, "fiscal_receipt_url is required"));
        } else {
            needed(body, link)?
        };
        let found = self.find(provider, |payment| {
            payment.paid && [&payment.number, &payment.transaction].contains(&&number)
        });
        let found = found.ok_or_else(|| ModuleError::new(4001, "payment not found"))?;
        found.confirmed = Some(link);
        let found = found.clone();
        Ok(confirmed_answer(provider, &found))
    }

    fn cancel(&mut self, body: &Value) -> Answered {
        let number = needed(body, "invoice_id")?;
        let found = self.find(Provider::UzQr, |payment| payment.number == number);
        let found = found.ok_or_else(|| ModuleError::new(3001, "invoice not found"))?;
        if found.cancelled || found.paid {
            return Err(ModuleError::new(3002, "invoice is paid or cancelled"));
        }
        found.cancelled = true;
        Ok(json!({}))
    }

    fn refund(&mut self, body: &Value) -> Answered {
        let (number, amount) = (needed(body, "pay_id")?, soms_of(body)?);
        let found = self.find(Provider::UzQr, |payment| payment.transaction == number);
        let found = found.ok_or_else(|| ModuleError::new(4001, "payment not found"))?;
        let refunded = found.refunded.saturating_add(amount);
        if refunded > found.amount {
            return Err(ModuleError::new(
                2002,
                "the amount is above that of the payment",
            ));
        }
        found.refunded = refunded;
        Ok(json!({ "refund_id": format!("8{number}"), "status": 1 }))
    }
}

fn slip(what: &str, number: &str, amount: i64) -> Value {
    json!({ "message": format!("{what}\nRRN {number}\nSUM {amount}\n000"), "ppt_id": number })
}

fn paid_answer(provider: Provider, payment: &SimulatedPayment) -> Value {
    let SimulatedPayment {
        number,
        transaction,
        key,
        amount,
        ..
    } = payment;
    match provider {
        Provider::Click => json!({
            "status_code": 0, "status": "successfully", "message": "", "amount": amount, "payment_id": number,
            "transaction_id": transaction, "qr_code": key, "client_phone_number": null,
        }),
        Provider::Payme => json!({
            "amount": amount, "transaction_id": transaction, "payment_id": number, "inn": "123456789", "qr_code": key,
            "kkm_id": "UZ170703100189", "device_id": "kassa", "status": "successfully", "message": "",
            "client_phone_number": "998901112233",
        }),
        Provider::Uzum => json!({
            "payment_id": number, "payment_status": "SUCCESS", "error_code": "0", "error_message": "",
            "client_phone_number": "998901112233",
        }),
        _ => json!({
            "transaction_id": transaction, "status": "successfully", "message": "", "error_code": 0,
            "payment_id": number.parse::<i64>().unwrap_or(0), "error_note": "", "payment_status": 2,
            "phone_number": "998901112233", "card_number": "860000******0001",
        }),
    }
}

fn confirmed_answer(provider: Provider, payment: &SimulatedPayment) -> Value {
    let (number, link) = (&payment.number, &payment.confirmed);
    match provider {
        Provider::Click => json!({
            "inn": "123456789", "payment_id": number, "qr_code": link, "status": "successfully", "error": null,
        }),
        Provider::Payme => json!({
            "id": 1, "result": { "receipt": { "_id": number, "create_time": 0, "pay_time": 0 } }, "error": null,
        }),
        Provider::Anor => json!({
            "message": "", "error_code": 0, "payment_id": number.parse::<i64>().unwrap_or(0),
            "transaction_id": payment.transaction,
        }),
        Provider::UzQr => json!({}),
        _ => json!({
            "payment_id": number, "payment_status": "SUCCESS", "error_code": "0", "error_message": "",
            "client_phone_number": null,
        }),
    }
}
