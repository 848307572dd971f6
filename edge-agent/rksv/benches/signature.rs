//! What a signed receipt costs beside a bare signature of the same library.
//!
//! `cargo bench -p ferrotill-rksv --bench signature`
//!
//! A receipt is the whole work of the register: the encrypted counter, the chain, the text, its signature, and the compact form.
//! The bare signature is of a text of the same length. Both are made in turns, and medians are printed.
#![allow(
    clippy::print_stdout,
    reason = "the figures are printed for the person who started the measurement"
)]

use std::error::Error;
use std::time::{Duration, Instant};

use ferrotill_core::profile::at::rksv::{
    CashBox, CashBoxId, CounterWidth, Form, Kind, ReceiptId, Register, Request,
};
use ferrotill_core::time::Moment;
use ferrotill_rksv::{Scenario, SigningUnit as _, SoftwareUnit, seal_with};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

const RECEIPTS: i64 = 20_000;
const START_MS: i64 = 1_760_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    // The amounts of the first receipt with turnover of a scenario.
    let scenario = Scenario::read(include_str!("../tests/scenarios/kinds.json"))?;
    let sums = scenario
        .receipts
        .iter()
        .map(|receipt| receipt.sums)
        .find(|sums| !sums.all_zero());
    let sums = sums.ok_or("the scenario has no turnover")?;
    let key = SoftwareUnit::new_key()?;
    let unit = SoftwareUnit::with_certificate(1, &key)?;
    let random = SystemRandom::new();
    let bare = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &random)
        .map_err(|_| "the key cannot be read")?;
    let cash_box = CashBox {
        id: CashBoxId::new("BOX-1")?,
        key: &scenario.aes_key,
        width: CounterWidth::new(8)?,
    };
    let mut register = Register::default();
    let (mut receipts, mut signatures, mut compact) = (Vec::new(), Vec::new(), String::new());
    for number in 0..RECEIPTS {
        let kind = if number == 0 {
            Kind::Start
        } else {
            Kind::Standard
        };
        let id = format!("R{number}");
        let began = Instant::now();
        let request = Request {
            kind,
            receipt: ReceiptId::new(&id)?,
            unit: unit.identity()?,
            sums: if number == 0 {
                Default::default()
            } else {
                sums
            },
            at: Moment {
                utc_ms: START_MS + number * 1_000,
                offset_minutes: 60,
            },
        };
        let payload = register.prepare(&cash_box, &request)?;
        let code = seal_with(&unit, &register, kind, &payload)?;
        compact = code.display(Form::Compact).to_string();
        register.take(kind, &code);
        receipts.push(began.elapsed());

        let text = compact.as_bytes();
        let began = Instant::now();
        let signature = bare.sign(&random, text).map_err(|_| "no signature")?;
        signatures.push(began.elapsed());
        assert_eq!(signature.as_ref().len(), 64);
    }
    let (receipt, signature) = (median(&mut receipts), median(&mut signatures));
    println!(
        "{RECEIPTS} receipts of {} bytes: a receipt {:.1} µs, a bare signature {:.1} µs, {:.3}×",
        compact.len(),
        receipt.as_secs_f64() * 1e6,
        signature.as_secs_f64() * 1e6,
        receipt.as_secs_f64() / signature.as_secs_f64(),
    );
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
