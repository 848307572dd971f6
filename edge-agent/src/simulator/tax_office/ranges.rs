//! The office's reserved fiscal numbers (spec/online-ecr.md, C.5).

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

/// What the office has reserved for whom.
#[derive(Debug)]
pub(super) struct Ranges {
    /// The number that is given out next, to whomever.
    next: u64,
    /// Numbers that a device has and no document has used.
    available: HashMap<String, BTreeSet<u64>>,
    /// What was granted under a key: the same request has the same answer.
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

/// The number of the published example.
const FIRST_NUMBER: u64 = 70_113;
/// Numbers that are asked for at a time at most.
const COUNT_MAX: u64 = 100_000;

/// GET_FISC_RANGES.
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
    /// Reserves numbers: at most so many that twice as many as asked for are available, and so perhaps none.
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
                let count = request.count.min((2 * request.count).saturating_sub(there));
                if count == 0 {
                    return Ok(json!({"status": "success", "fiscalNumbers": []}));
                }
                let granted = (self.next, self.next + count - 1);
                self.next += count;
                available.extend(granted.0..=granted.1);
                self.granted.insert(key.to_owned(), granted);
                granted
            }
        };
        Ok(json!({"status": "success", "fiscalNumbers": [{"first": first, "last": last}]}))
    }

    /// Says whether a document of a device may have a number: one of its own that no document has used, if it has asked for any.
    pub(super) fn admits(&self, device: &str, number: u64) -> bool {
        self.available
            .get(device)
            .is_none_or(|available| available.contains(&number))
    }

    /// A document has used a number.
    pub(super) fn used(&mut self, device: &str, number: u64) {
        if let Some(available) = self.available.get_mut(device) {
            available.remove(&number);
        }
    }
}
