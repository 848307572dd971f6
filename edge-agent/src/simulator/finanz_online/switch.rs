//! The body of `PUT /sim/finanzonline`.

use serde_json::Value;

/// The condition of the simulated service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FinanzOnlineCondition {
    /// Answers.
    #[default]
    Up,
    /// Resets every connection.
    Down,
    /// Answers after a delay.
    Slow,
    /// Shows a page about maintenance.
    Html,
    /// Ends all sessions once.
    ExpireSession,
    /// Carries the request out, and resets the connection instead of an answer.
    LoseAnswer,
    /// Carries nothing out, and answers requests about cash registers with a return code.
    Code,
}

const CONDITIONS: [(&str, FinanzOnlineCondition); 7] = [
    ("up", FinanzOnlineCondition::Up),
    ("down", FinanzOnlineCondition::Down),
    ("slow", FinanzOnlineCondition::Slow),
    ("html", FinanzOnlineCondition::Html),
    ("expire_session", FinanzOnlineCondition::ExpireSession),
    ("lose_answer", FinanzOnlineCondition::LoseAnswer),
    ("code", FinanzOnlineCondition::Code),
];

impl FinanzOnlineCondition {
    pub(super) fn name(self) -> &'static str {
        let found = CONDITIONS.iter().find(|(_, condition)| *condition == self);
        found.map_or("up", |(name, _)| name)
    }
}

/// What the body asks for.
#[derive(Debug)]
pub(super) struct FinanzOnlineSetting {
    pub(super) state: FinanzOnlineCondition,
    /// The delay of `slow` in milliseconds.
    pub(super) ms: u64,
    /// How many requests come before the state begins.
    pub(super) after: u32,
    /// For how many requests the state lasts; `None` until the next change.
    pub(super) times: Option<u32>,
    /// The return code of `code`.
    pub(super) code: String,
}

/// The delay of `slow` if none is given, in milliseconds.
const SLOW_MS: u64 = 3_000;
const FIELDS: [&str; 5] = ["state", "ms", "after", "times", "code"];

impl FinanzOnlineSetting {
    /// Reads the body. Every fault is a line with its path and a sentence.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Err("body: is no JSON object; send {\"state\":\"down\"}".to_owned());
        };
        let mut faults: Vec<String> = fields
            .keys()
            .filter(|name| !FIELDS.contains(&name.as_str()))
            .map(|name| {
                format!(
                    "{name}: is no field here; the fields are {}",
                    FIELDS.join(", ")
                )
            })
            .collect();
        let names = CONDITIONS.map(|(name, _)| name).join(", ");
        let given = fields.get("state").and_then(Value::as_str).unwrap_or("");
        let found = CONDITIONS.iter().find(|(name, _)| *name == given);
        if found.is_none() {
            faults.push(format!("state: must be one of {names}"));
        }
        let mut number = |name: &str| {
            let given = fields.get(name).filter(|value| !value.is_null())?;
            let read = given.as_u64();
            if read.is_none() {
                faults.push(format!("{name}: must be a whole number from 0"));
            }
            read
        };
        let (ms, times, after) = (number("ms"), number("times"), number("after"));
        let code = fields.get("code").and_then(Value::as_str).unwrap_or("14");
        match found {
            Some((_, state)) if faults.is_empty() => Ok(Self {
                state: *state,
                ms: ms.unwrap_or(SLOW_MS),
                after: u32::try_from(after.unwrap_or(0)).unwrap_or(u32::MAX),
                times: times.map(|times| u32::try_from(times).unwrap_or(u32::MAX)),
                code: code.to_owned(),
            }),
            _ => Err(faults.join("\n")),
        }
    }
}
