//! The fiscal numbers that the simulator reserves for devices (GET_FISC_RANGES in `docs/protocols/online-ecr.md`).

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

/// The numbers that are reserved for each device.
#[derive(Debug)]
pub(super) struct Ranges {
    /// The next fiscal number that will be reserved. All devices share this counter.
    next: u64,
    /// Numbers that are reserved for a device and that no document has used.
    available: HashMap<String, BTreeSet<u64>>,
    /// The first and last number granted under each key. A repeated request gets the same answer.
    granted: HashMap<String, (u64, u64)>,
}

impl Default for Ranges {
    fn default() -> Self {
        Self {
            next: FIRST_NUMBER,
            available: HashMap::new(),
            granted: HashMap::new(),
        }
    }
}

/// The first fiscal number that is reserved, as in the published example.
const FIRST_NUMBER: u64 = 70_113;
/// The largest number of fiscal numbers in one request.
const COUNT_MAX: u64 = 100_000;

/// The body of GET_FISC_RANGES.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "msgID", alias = "msgId")]
    _message_number: u64,
    #[serde(rename = "fiscalNumbersCnt")]
    count: u64,
    identity: Identity,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "fn")]
    device_token: String,
    #[serde(rename = "tin")]
    _tin: String,
    #[serde(rename = "shopName")]
    _shop_name: String,
    #[serde(rename = "shopAddress")]
    _shop_address: String,
}

impl Ranges {
    /// Reserves numbers for a device. Afterwards at most twice the requested count is available, so the answer may contain no numbers.
    pub(super) fn grant(&mut self, key: &str, text: &[u8]) -> Result<Value, String> {
        let request: Request =
            serde_json::from_slice(text).map_err(|error| format!("validation error: {error}"))?;
        if request.count == 0 || request.count > COUNT_MAX {
            return Err("validation error: fiscalNumbersCnt".to_owned());
        }
        let device = request.identity.device_token;
        if device.is_empty() {
            return Err("device with the given token not found".to_owned());
        }
        let available = self.available.entry(device).or_default();
        let (first, last) = match self.granted.get(key) {
            Some(granted) => *granted,
            None => {
                let there = u64::try_from(available.len()).unwrap_or(u64::MAX);
                let wanted = request.count.saturating_mul(2).saturating_sub(there);
                let count = request.count.min(wanted);
                if count == 0 {
                    return Ok(json!({"status": "success", "fiscalNumbers": []}));
                }
                let next = self.next.saturating_add(count);
                let granted = (self.next, next.saturating_sub(1));
                self.next = next;
                available.extend(granted.0..=granted.1);
                self.granted.insert(key.to_owned(), granted);
                granted
            }
        };
        Ok(json!({"status": "success", "fiscalNumbers": [{"first": first, "last": last}]}))
    }

    /// True if a document of a device may have this fiscal number: the number must be reserved for the device and unused. A
    /// device that has never requested numbers may use any number that was never reserved.
    pub(super) fn admits(&self, device: &str, number: u64) -> bool {
        match self.available.get(device) {
            Some(available) => available.contains(&number),
            None => !(FIRST_NUMBER..self.next).contains(&number),
        }
    }

    /// Notes that a document has used this fiscal number.
    pub(super) fn used(&mut self, device: &str, number: u64) {
        if let Some(available) = self.available.get_mut(device) {
            available.remove(&number);
        }
    }
}
